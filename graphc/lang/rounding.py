"""Rounding, remainders, clipping, predicates, with NumPy's names.

Shapes broadcast and dtypes promote as NumPy's. Rounding and predicates are constant between their jumps:
their derivative is 0.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..ir import Expr, lift
from ..ops import elementwise
from ..ops import rounding as rows
from .value import Value, real

__all__ = [
    "ceil", "clip", "divmod", "fix", "floor", "floor_divide", "fmax", "fmin", "fmod", "heaviside", "isfinite", "isinf",
    "isnan", "logical_xor", "mod", "nan_to_num", "remainder", "rint", "round", "signbit", "step", "trunc",
]  # fmt: skip


def floor(x: Value) -> Expr:
    """The largest whole number <= x, of x's dtype; derivative 0. Raises DTypeError for a bool, as those below do."""
    return rows.FLOOR(x)


def ceil(x: Value) -> Expr:
    """The smallest whole number >= x, of x's dtype; derivative 0."""
    return rows.CEIL(x)


def trunc(x: Value) -> Expr:
    """x without its decimals, of x's dtype; derivative 0."""
    return rows.TRUNC(x)


def rint(x: Value) -> Expr:
    """The whole number nearest to x, halves going to the even one; derivative 0. Integers give float64."""
    return rows.RINT(x)


def round(a: Value, decimals: int = 0) -> Expr:
    """`a` to a number of decimals, halves going to the even digit; derivative 0. Integers stay as they are.

    Raises InputError for decimals that are no integer, or negative ones of integers.

    >>> import graphc as G
    >>> print(G.evaluate(G.round(G.input("x", 3), 1), {"x": [0.25, 2.06, -1.11]}))
    [ 0.2  2.1 -1.1]
    """
    if not isinstance(decimals, (int, np.integer)):
        raise InputError(f"round: decimals is an integer, got {str(decimals)[:60]!r}")
    node = lift(a)
    if not node.type.is_float:
        if decimals < 0:
            raise InputError(f"round: {decimals} decimals of {node.type} needs a float; use astype")
        return rows.TRUNC(node)
    if decimals == 0:
        return rows.RINT(node)
    scale = 10.0 ** int(np.abs(decimals))
    return rows.RINT(node * scale) / scale if decimals > 0 else rows.RINT(node / scale) * scale


def floor_divide(x1: Value, x2: Value) -> Expr:
    """floor(x1 / x2), of the promoted dtype; derivative 0. Raises ShapeError, and DTypeError for two bools."""
    return rows.FLOOR_DIVIDE(x1, x2)


def remainder(x1: Value, x2: Value) -> Expr:
    """x1 - x2·floor(x1/x2), which has the sign of x2; derivatives 1 and -floor(x1/x2).

    Raises ShapeError when the shapes do not broadcast, DTypeError for two bools.

    >>> import graphc as G
    >>> a, b = G.inputs("a b")
    >>> print([float(v) for v in G.compile(G.gradients(G.remainder(a, b), [a, b]))(a=-7.0, b=3.0)])
    [1.0, 3.0]
    """
    return rows.REMAINDER(x1, x2)


def fmod(x1: Value, x2: Value) -> Expr:
    """x1 - x2·trunc(x1/x2), which has the sign of x1; derivatives 1 and -trunc(x1/x2). Errors as `remainder`."""
    return rows.FMOD(x1, x2)


def divmod(x1: Value, x2: Value) -> tuple[Expr, Expr]:
    """`(floor_divide(x1, x2), remainder(x1, x2))`."""
    return rows.FLOOR_DIVIDE(x1, x2), rows.REMAINDER(x1, x2)


def fmax(x1: Value, x2: Value) -> Expr:
    """The larger of two values, or the one that is no nan; a tie shares the gradient, half to each."""
    return rows.FMAX(x1, x2)


def fmin(x1: Value, x2: Value) -> Expr:
    """The smaller of two values, or the one that is no nan; a tie shares the gradient, half to each."""
    return rows.FMIN(x1, x2)


def clip(a: Value, a_min: Value | None = None, a_max: Value | None = None, *,
         min: Value | None = None, max: Value | None = None) -> Expr:
    """`a` kept within [a_min, a_max], elementwise; None is no bound. nan passes through.

    Derivative 1 strictly between the bounds and 0 from each edge outwards, where the bound has it instead.
    `min` and `max` are other names of the bounds. Raises InputError without any bound, or when one is given twice.

    >>> import graphc as G
    >>> x = G.input("x", 3)
    >>> print(G.evaluate(G.gradients(G.sum(G.clip(x, 0, 1)), x), {x: [0.0, 0.5, 2.0]}))
    [0. 1. 0.]
    """
    low, high = _bound("min", a_min, min), _bound("max", a_max, max)
    if low is None and high is None:
        raise InputError("clip: needs a bound, a_min or a_max")
    if low is not None and high is not None:
        return rows.CLIP(a, low, high)
    node = lift(a)
    if low is not None:
        return elementwise.WHERE(node <= low, low, node)
    return elementwise.WHERE(node >= high, high, node)


def _bound(name: str, place: Value | None, keyword: Value | None) -> Value | None:
    if place is not None and keyword is not None:
        raise InputError(f"clip: the bound was given twice, as a_{name} and as {name}")
    return keyword if place is None else place


def nan_to_num(x: Value, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Expr:
    """x with nan and the infinities replaced, by 0 and the largest finite numbers unless given; integers stay.

    Derivative 1 where x is finite, exactly 0 elsewhere.
    """
    node = lift(x)
    if not node.type.is_float:
        return node
    largest = float(np.finfo(node.type.dtype).max)
    high = largest if posinf is None else posinf
    low = -largest if neginf is None else neginf
    finite = elementwise.WHERE(node <= -np.inf, low, elementwise.WHERE(node >= np.inf, high, node))
    return elementwise.WHERE(rows.ISNAN(node), nan, finite)


def isfinite(x: Value) -> Expr:
    """Whether x is neither inf nor nan, as bool; derivative 0."""
    return rows.ISFINITE(x)


def isinf(x: Value) -> Expr:
    """Whether x is inf or -inf, as bool; derivative 0."""
    return rows.ISINF(x)


def isnan(x: Value) -> Expr:
    """Whether x is nan, as bool; derivative 0."""
    return rows.ISNAN(x)


def signbit(x: Value) -> Expr:
    """Whether x is negative, -0.0 being so, as bool; derivative 0. Raises DTypeError for a bool."""
    return rows.SIGNBIT(x)


def logical_xor(x1: Value, x2: Value) -> Expr:
    """One or the other but not both, of two bools, elementwise. Raises DTypeError for numbers."""
    return rows.LOGICAL_XOR(x1, x2)


def heaviside(x1: Value, x2: Value) -> Expr:
    """0 where x1 < 0, x2 where x1 = 0, 1 where x1 > 0, elementwise; float32 stays, integers give float64.

    The derivative by x1 is 0; by x2 it is 1 where x1 = 0, else 0. Raises ShapeError, and DTypeError for two bools.
    """
    return rows.HEAVISIDE(x1, x2)


def step(x: Value, at_zero: Value = 0.5) -> Expr:
    """Heaviside's step, 0 before 0 and 1 after it; one half at 0 unless told. Derivative 0, at 0 too.

    Write (x > 0) for the indicator that is 0 there.
    """
    return rows.HEAVISIDE(real(x), at_zero)


mod = remainder
fix = trunc
