"""The values that a figure shows, and how they are written in TeX."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from ..errors import InputError, ShapeError
from ..formula import number_text
from ..ir import Expr, postorder, variables
from ..values import Value, by_name, evaluate, scalar_at


class Point:
    """Values of inputs, and of every node that depends on them, computed when asked for.

    Raises InputError for a missing or unknown name, ShapeError for an array of the wrong shape.
    """

    def __init__(self, outputs: Iterable[Expr], at: Mapping[Any, Any]) -> None:
        known = variables(postorder(outputs))
        given = by_name(at, known)
        self.sizes: dict[str, int] = {}
        self.found: dict[Expr, Value] = {}
        for leaf in known:
            self.found[leaf] = self._leaf(leaf, given[str(leaf.label)])

    def _leaf(self, leaf: Expr, value: Any) -> Value:
        if not leaf.ndim:
            return scalar_at(leaf, value)
        try:
            array = np.array(value, dtype=leaf.type.dtype)
        except (TypeError, ValueError) as error:
            raise InputError(f"at: {leaf.label} needs an array of {leaf.type}: {error}") from None
        bad = array.ndim != leaf.ndim
        for want, got in zip(leaf.shape, array.shape):
            name = getattr(want, "name", None)
            size = self.sizes.setdefault(name, got) if name else want
            bad = bad or (isinstance(size, int) and size != got)
        if bad:
            raise ShapeError(f"at: {leaf.label} is {leaf.type}, got an array of shape {array.shape}")
        return array

    def __getitem__(self, expr: Expr) -> Value:
        """The value of a node of this graph, or of any other node over the same inputs."""
        return evaluate(expr, self.found, self.sizes)


def value_tex(value: Value, lang: str) -> str:
    """A value as short TeX: decimals that end, short fractions, else four significant digits.

    >>> value_tex(Fraction(1, 2), "fr"), value_tex(Fraction(-1, 3), "en"), value_tex(Fraction(22, 7000), "en")
    ('0{,}5', '{-}\\\\frac{1}{3}', '0.003143')
    """
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, Fraction):
        return _fraction_tex(value, lang)
    if isinstance(value, tuple):  # of an operation with several results: their shapes
        return r",\; ".join(r" \times ".join(map(str, np.shape(v))) or "1" for v in value)
    array = np.asarray(value)
    if not array.ndim:
        return number_text(array.item(), "latex", lang, digits=4)
    return _array_tex(array, lang)


def _fraction_tex(value: Fraction, lang: str) -> str:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest == 1 and len(str(abs(value.numerator))) <= 12:
        decimal = float(value)
        if len(repr(abs(decimal)).replace(".", "").strip("0")) <= 6:
            return number_text(decimal, "latex", lang)
    if abs(value.numerator) < 100 and value.denominator < 100:
        sign = "{-}" if value < 0 else ""
        return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
    return number_text(float(value), "latex", lang, digits=4)


MOST_ROWS, MOST_COLUMNS, MOST_ENTRIES = 4, 6, 12  # of an array that is written out


def whole(value: Value) -> bool:
    """Whether `value_tex` writes the value in full, not by its shape."""
    if isinstance(value, tuple):
        return False
    shape = np.shape(value)
    rows, columns = ((1, 1, *shape)[-2:]) if len(shape) <= 2 else (MOST_ROWS + 1, 0)
    return rows <= MOST_ROWS and columns <= MOST_COLUMNS and 0 < rows * columns <= MOST_ENTRIES


def _array_tex(array: np.ndarray[Any, Any], lang: str) -> str:
    if not whole(array):
        return r" \times ".join(map(str, array.shape))
    lines = [[_entry(v.item(), lang) for v in row] for row in np.atleast_2d(array)]
    if array.ndim == 1:
        mark = ";" if lang == "fr" else ","
        return "[" + rf"{mark}\, ".join(lines[0]) + "]"
    return r"\begin{bmatrix}" + r"\\".join(" & ".join(line) for line in lines) + r"\end{bmatrix}"


def _entry(value: Any, lang: str) -> str:
    """A number of an array, with three digits."""
    return number_text(int(value) if isinstance(value, bool) else value, "latex", lang, digits=3)


def in_product(tex: str) -> str:
    """A number as a factor or as a later term: a negative one in brackets."""
    return f"({tex})" if tex.startswith(("{-}", "-")) else tex
