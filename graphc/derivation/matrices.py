"""Arrays at a point: the values that are given, and how a small array is written out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from ..errors import InputError, ShapeError
from ..formula import number_text
from ..ir import Expr, variables
from ..values import Value, by_name, scalar_at
from .notation import Math
from .values import WORDING, is_decimal, written

LARGEST = 36  # elements of an array that is written out
COLUMNS = 8
DIGITS = 4


def array_values_at(at: Mapping[Any, Any], order: Iterable[Expr], sizes: dict[str, int]) -> dict[Expr, Value]:
    """A value for each input and parameter, keys Exprs or names; named sizes are put into `sizes`.

    Raises InputError for a missing or unknown name or a value that is not finite, ShapeError for an array that does
    not fit.
    """
    known = variables(order)
    given = by_name(at, known, WORDING)
    return {v: _value_of(v, given[str(v.label)], sizes) for v in known}


def _value_of(leaf: Expr, value: Any, sizes: dict[str, int]) -> Value:
    if not leaf.ndim:
        return scalar_at(leaf, value, WORDING, finite=True)
    try:
        array = np.array(value, dtype=leaf.type.dtype)
    except (TypeError, ValueError) as error:
        raise InputError(f"derive: at= {leaf.label} must be an array of numbers: {error}") from None
    fits = array.ndim == leaf.ndim and all(
        sizes.setdefault(name, got) == got if (name := getattr(want, "name", None)) else not isinstance(want, int)
        or want == got for want, got in zip(leaf.shape, array.shape))
    if not fits:
        raise ShapeError(f"derive: at= {leaf.label} has shape {array.shape}, it needs {leaf.type} "
                         f"(declared at {leaf.place})")
    if not np.isfinite(array).all():
        raise InputError(f"derive: at= {leaf.label} must hold finite numbers alone")
    return array


def is_decimal_point(values: Iterable[Any]) -> bool:
    """Whether some number of the point is written with decimals."""
    flat = [v for value in values for v in (np.asarray(value, dtype=object).ravel() if np.ndim(value) else [value])]
    return any(is_decimal(v) for v in flat)


def written_value(value: Value, lang: str, decimals: bool) -> tuple[Math, bool] | None:
    """A number or a small array as mathematics, and whether it is exact; None for a large array."""
    if isinstance(value, (bool, Fraction, float, int)):
        text, exact = written(value, "unicode", lang, decimals)
        return Math(text, written(value, "latex", lang, decimals)[0]), exact
    array = np.asarray(value)
    if not array.ndim:
        return written_value(array.item(), lang, decimals)
    if array.ndim > 2 or not 0 < array.size <= LARGEST or array.shape[-1] > COLUMNS:
        return None
    texts = [[number_text(v.item(), "unicode", lang, DIGITS) for v in row] for row in np.atleast_2d(array)]
    tex = [[number_text(v.item(), "latex", lang, DIGITS) for v in row] for row in np.atleast_2d(array)]
    mark = " ; " if lang == "fr" else ", "
    rows = [f"[{mark.join(row)}]" for row in texts]
    body = r" \\ ".join(" & ".join(row) for row in tex)
    all_exact = all(map(_is_exact, array.ravel()))
    if array.ndim == 1:
        return Math(rows[0], rf"\left({(mark.strip() + ' ').join(tex[0])}\right)"), all_exact
    return Math(f"[{mark.join(rows)}]", rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"), all_exact


def _is_exact(value: Any) -> bool:
    number = float(value)
    return number == int(number) or float(f"{number:.{DIGITS}g}") == number
