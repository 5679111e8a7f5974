"""Numbers for the lines of a derivation: the point at which it is read, and how a value is written there."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from ..formula import Surface, number_text
from ..ir import Expr, variables
from ..values import Number, Wording, bounded, by_name, evaluate, exact, scalar_at

__all__ = ["Number", "evaluate", "is_decimal", "times", "values_at", "written"]

DIGITS = 5
WORDING = Wording(
    unknown="no input {got!r}; choose from {known}",
    missing="derive: at= needs a value for {names}",
    number="derive: at= {name} must be a finite number, got {got!r}",
)


def times(cotangent: Number, local: Number) -> Number:
    """One contribution. A cotangent of exactly zero gives zero, even through an infinite derivative."""
    return Fraction(0) if not cotangent else bounded(cotangent * local)


def values_at(at: Mapping[Any, Any], order: Iterable[Expr]) -> dict[Expr, Number]:
    """The point: a number for each input and parameter, keys Exprs or names.

    Raises InputError for a missing or unknown name, or a value that is not a finite number.
    """
    known = variables(order)
    given = by_name(at, known, WORDING)
    return {v: scalar_at(v, given[str(v.label)], WORDING, finite=True) for v in known}


def is_decimal(value: Any) -> bool:
    """Whether a reader who gave this value wants decimals back: 0.5 does, 1/2 and 3 do not."""
    return not isinstance(value, (int, Fraction)) and float(value) != int(value)


def written(value: Number, surface: Surface, lang: str, decimals: bool) -> tuple[str, bool]:
    """A value as text, and whether the text is exact."""
    if isinstance(value, bool):
        value = Fraction(value)
    if isinstance(value, float):
        shown = not math.isfinite(value) or value == int(value) or float(f"{value:.{DIGITS}g}") == value
        return number_text(value, surface, lang, DIGITS), shown
    if value.denominator == 1 or (not decimals and value.denominator < 10_000):
        return _fraction(value, surface, lang), True
    digits = DIGITS + 1 if exact(f"{float(value):.{DIGITS + 1}g}") == value else DIGITS
    return number_text(float(value), surface, lang, digits), digits > DIGITS


def _fraction(value: Fraction, surface: Surface, lang: str) -> str:
    if value.denominator == 1 and abs(value.numerator) < 10**12:
        return number_text(value, surface, lang)
    if value.denominator == 1:
        return number_text(float(value), surface, lang, DIGITS + 1)
    if surface != "latex":
        return number_text(value, surface, lang)
    return rf"{'-' if value < 0 else ''}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
