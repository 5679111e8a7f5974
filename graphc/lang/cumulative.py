"""Running sums and products, differences, slopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ShapeError
from ..ir import Expr, lift
from ..ops import cumulative
from ..ops.elementwise import NOT_EQUAL
from ..ops.shaping import BROADCAST_TO, CONCATENATE, RESHAPE
from ..types import as_axis
from .reduction import sum as sum_over
from .value import Value, real

__all__ = ["cumprod", "cumsum", "diff", "gradient", "trapezoid"]


def cumsum(a: Value, axis: int | None = None) -> Expr:
    """Running sum along an axis, or of all elements in order; bool and int32 give int64, as in NumPy.

    The adjoint is the running sum from the end. Raises ShapeError for an axis that is not there.

    >>> import graphc as G
    >>> v = G.input("v", 3)
    >>> G.evaluate(G.vjp(G.cumsum(v), v, G.const([1.0, 10.0, 100.0])), {v: [0.0, 0.0, 0.0]})
    array([111., 110., 100.])
    """
    x = lift(a, "cumsum")
    return cumulative.CUMSUM(RESHAPE(x, shape=(-1,)), axis=0) if axis is None else cumulative.CUMSUM(x, axis=axis)


def cumprod(a: Value, axis: int | None = None) -> Expr:
    """Running product along an axis, or of all elements in order; dtypes as `cumsum`.

    Derivatives of every order are exact where elements are 0: they are linear recurrences, and nothing is divided.
    """
    x = lift(a, "cumprod")
    return cumulative.CUMPROD(RESHAPE(x, shape=(-1,)), axis=0) if axis is None else cumulative.CUMPROD(x, axis=axis)


def diff(a: Value, n: int = 1, axis: int = -1, prepend: Value | None = None, append: Value | None = None) -> Expr:
    """Differences of neighbours along an axis, n times: a[1:] - a[:-1]; of bools, whether they differ.

    `prepend` and `append` are joined to `a` first, a number standing for a slice of its size 1.
    Raises ShapeError for a scalar, for a negative n, and for an axis that is not there.

    >>> import graphc as G
    >>> print(G.diff(G.input("x", 5)))
    x[1:] - x[:4]
    """
    x = lift(a, "diff")
    if x.ndim == 0:
        raise ShapeError(f"diff: {x!r} is a scalar and has no neighbours")
    if n < 0:
        raise ShapeError(f"diff: n is 0 or more, got {n}")
    along = as_axis(axis, x.ndim)
    ends = [None if end is None else _end(end, x, along) for end in (prepend, append)]
    pieces = [piece for piece in (ends[0], x, ends[1]) if piece is not None]
    x = CONCATENATE(*pieces, axis=along) if len(pieces) > 1 else x
    for _ in range(n):
        ahead, behind = _cut(x, along, 1, None), _cut(x, along, None, -1)
        x = NOT_EQUAL(ahead, behind) if x.type.dtype == "bool" else ahead - behind
    return x


def _cut(x: Expr, axis: int, start: int | None, stop: int | None, step: int | None = None) -> Expr:
    return x[(slice(None),) * axis + (slice(start, stop, step),)]


def _end(value: Value, x: Expr, axis: int) -> Expr:
    node = lift(value, "diff")
    return node if node.ndim else BROADCAST_TO(node, shape=(*x.shape[:axis], 1, *x.shape[axis + 1 :]))


def gradient(f: Value, *varargs: Value, axis: int | Sequence[int] | None = None) -> Any:
    """Slopes of samples along axes, as `numpy.gradient`: central differences, one-sided at both ends.

    `varargs` is the distance of neighbours: 1 by default, one number for all axes, or one for each. One axis gives
    an Expr, several a list. Not the derivative of an Expr, which is `G.gradients`.
    Raises ShapeError for fewer than 2 samples along an axis, and for a spacing that is no scalar.

    >>> import graphc as G
    >>> f = G.input("f", 5)
    >>> G.evaluate(G.gradient(f, 0.5), {f: [0.0, 1.0, 4.0, 9.0, 16.0]})
    array([ 2.,  4.,  8., 12., 14.])
    """
    x = real(f)
    axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    steps = [lift(h, "gradient") for h in (varargs or (1.0,))]
    steps = steps * len(axes) if len(steps) == 1 else steps
    if len(steps) != len(axes):
        raise ShapeError(f"gradient: {len(varargs)} spacings for {len(axes)} axes; give one, or one for each")
    for h in steps:
        if h.ndim:
            raise ShapeError(f"gradient: a spacing is one number, got {h.type}")
    slopes = [_slope(x, as_axis(a, x.ndim), h) for a, h in zip(axes, steps)]
    return slopes[0] if len(slopes) == 1 else slopes


def _slope(x: Expr, axis: int, h: Expr) -> Expr:
    size = x.shape[axis]
    if isinstance(size, int) and size < 2:
        raise ShapeError(f"gradient: {x.type} needs two samples or more along axis {axis}")
    step = _cut(x, axis, 1, None) - _cut(x, axis, None, -1)
    middle = (_cut(x, axis, 2, None) - _cut(x, axis, None, -2)) / (2 * h)
    return CONCATENATE(_cut(step, axis, None, 1) / h, middle, _cut(step, axis, -1, None) / h, axis=axis)


def trapezoid(y: Value, x: Value | None = None, dx: Value = 1.0, axis: int = -1) -> Expr:
    """Integral of samples along an axis by the trapezoidal rule; neighbours are `dx` apart, or at the points `x`.

    `x` has y's shape, or one axis of that length. Raises ShapeError otherwise, and for a scalar.
    """
    values = real(y)
    if values.ndim == 0:
        raise ShapeError(f"trapezoid: {values!r} is a scalar and has no axis")
    along = as_axis(axis, values.ndim)
    means = (_cut(values, along, 1, None) + _cut(values, along, None, -1)) / 2
    if x is None:
        return sum_over(means, along) * dx
    points = real(x)
    if points.shape != values.shape and points.shape != (values.shape[along],):
        raise ShapeError(f"trapezoid: points {points.type} for values {values.type}: they need its shape, or its axis")
    if points.ndim < values.ndim:
        points = RESHAPE(points, shape=tuple(s if i == along else 1 for i, s in enumerate(values.shape)))
    return sum_over(means * diff(points, axis=along), along)
