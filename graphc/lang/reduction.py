"""Reductions over axes, with NumPy's names and signatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dims import product
from ..errors import ShapeError
from ..ir import Expr, lift, size_node
from ..ops import reduction, sorting
from ..ops import softmax as softmax_rows
from ..ops.elementwise import EQUAL, NOT_EQUAL, WHERE
from ..ops.rounding import ISNAN
from ..ops.shaping import BROADCAST_TO, RESHAPE
from ..types import as_axes
from .joining import diagonal, stack
from .value import Axis, Value, real

__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "average", "count_nonzero", "logsumexp", "max", "mean", "median",
    "min", "nanmax", "nanmean", "nanmin", "nansum", "percentile", "prod", "ptp", "quantile", "std", "sum", "trace",
    "var",
]  # fmt: skip


def sum(a: Value, axis: Axis = None, keepdims: bool = False) -> Expr:
    """Sum over axes: all by default, one or a tuple; with `keepdims` they stay as size 1.

    Floats keep their dtype; bool and int32 give int64, as in NumPy. Raises ShapeError for an axis that is not there.

    >>> import graphc as G
    >>> G.sum(G.input("x", "N", 3), axis=0).type
    float64[3]
    """
    return reduction.SUM(a, axis=axis, keepdims=keepdims)


def prod(a: Value, axis: Axis = None, *, keepdims: bool = False) -> Expr:
    """Product over axes, as `sum`.

    The gradient at an element is the product of the others, exact where elements are 0, at every order.

    >>> import graphc as G
    >>> v = G.input("v", 3)
    >>> G.evaluate(G.gradients(G.prod(v), v), {v: [0.0, 2.0, 3.0]})
    array([6., 0., 0.])
    """
    return reduction.PROD(a, axis=axis, keepdims=keepdims)


def mean(a: Value, axis: Axis = None, keepdims: bool = False) -> Expr:
    """Mean over axes, as `sum`; integers and bools give float64. The mean of nothing is nan, as in NumPy."""
    return reduction.MEAN(a, axis=axis, keepdims=keepdims)


def var(a: Value, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Expr:
    """Variance over axes: the mean square about the mean, the count less `ddof`. Shapes and dtypes as `mean`.

    Derivative 2·(a - mean)/(count - ddof). Computed in two passes, so that a large mean costs no digits; of equal
    values it and its gradient are exactly 0. Raises ShapeError where count - ddof is known not to be positive.
    """
    return reduction.VAR(a, axis=axis, ddof=ddof, keepdims=keepdims)


def std(a: Value, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Expr:
    """Standard deviation over axes: the root of `var`, without its overflow.

    Derivative (a - mean)/(std·(count - ddof)); of equal values it is 0.

    >>> import graphc as G
    >>> v = G.input("v", 3)
    >>> G.evaluate(G.gradients(G.std(v), v), {v: [0.1, 0.1, 0.1]})
    array([0., 0., 0.])
    """
    return reduction.STD(a, axis=axis, ddof=ddof, keepdims=keepdims)


def average(a: Value, axis: Axis = None, weights: Value | None = None, *, keepdims: bool = False) -> Expr:
    """Mean over axes, or sum(weights·a)/sum(weights).

    The weights have a's shape or, with one axis given, that axis's length; their gradient is there as well.
    Raises ShapeError for weights of any other shape.
    """
    x = lift(a, "average")
    if weights is None:
        return mean(x, axis, keepdims)
    w = lift(weights, "average")
    axes = as_axes(axis, x.ndim)
    if w.shape != x.shape:
        if len(axes) != 1 or w.shape != (x.shape[axes[0]],):
            raise ShapeError(f"average: weights {w.type} for a {x.type}: they need its shape, or one axis and its size")
        w = RESHAPE(w, shape=tuple(s if i in axes else 1 for i, s in enumerate(x.shape)))
    total = BROADCAST_TO(w, shape=x.shape) if w.shape != x.shape else w
    return sum(x * w, axis, keepdims) / sum(total, axis, keepdims)


def max(a: Value, axis: Axis = None, keepdims: bool = False) -> Expr:
    """Largest value over axes, as `sum`, of the same dtype; where k values tie, each gets 1/k of the gradient.

    Raises ShapeError over an axis of size 0.
    """
    return reduction.MAX(a, axis=axis, keepdims=keepdims)


def min(a: Value, axis: Axis = None, keepdims: bool = False) -> Expr:
    """Smallest value over axes, as `sum`, of the same dtype; where k values tie, each gets 1/k of the gradient.

    Raises ShapeError over an axis of size 0.
    """
    return reduction.MIN(a, axis=axis, keepdims=keepdims)


amax, amin = max, min


def ptp(a: Value, axis: Axis = None, *, keepdims: bool = False) -> Expr:
    """Peak to peak: max - min over axes. Ties share, as in both. Raises DTypeError for bools, ShapeError as `max`."""
    return max(a, axis, keepdims) - min(a, axis, keepdims)


def logsumexp(a: Value, axis: Axis = None, keepdims: bool = False) -> Expr:
    """log(sum(exp(a))) over axes, as `sum`; finite for any finite a. Dtypes as `softmax`.

    Its gradient is softmax(a).
    """
    return softmax_rows.LOGSUMEXP(real(a), axis=axis, keepdims=keepdims)


def trace(a: Value, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Expr:
    """Sum along a diagonal of two axes, which go; the other axes stay. Dtypes as `sum`.

    Raises ShapeError below two axes.

    >>> import graphc as G
    >>> G.trace(G.input("A", 2, 3, 3), axis1=1, axis2=2).type
    float64[2]
    """
    return sum(diagonal(a, offset=offset, axis1=axis1, axis2=axis2), axis=-1)


# -- quantiles ------------------------------------------------------------------------------------------------------


def median(a: Value, axis: Axis = None, *, keepdims: bool = False) -> Expr:
    """Middle value over axes, or the mean of the two middle ones; integers give float64.

    The gradient goes to the middle element, or half to each of the two; equal elements share it. Raises ShapeError
    over an axis of size 0, DTypeError for bools.

    >>> import graphc as G
    >>> v = G.input("v", 4)
    >>> G.evaluate(G.gradients(G.median(v), v), {v: [4.0, 1.0, 3.0, 2.0]})
    array([0. , 0. , 0.5, 0.5])
    """
    return sorting.QUANTILE(a, q=0.5, axis=axis, keepdims=keepdims)


def quantile(a: Value, q: float | Sequence[float], axis: Axis = None, *, keepdims: bool = False) -> Expr:
    """The value below which a part q of the elements lies, between two elements in proportion (NumPy's "linear").

    `q` is a number from 0 to 1, or several, which give a leading axis. The gradient goes to the one or two
    elements, in proportion. Raises ShapeError for a q out of range, otherwise as `median`.
    """
    if isinstance(q, (int, float, np.number)):
        return sorting.QUANTILE(a, q=q, axis=axis, keepdims=keepdims)
    return stack([sorting.QUANTILE(a, q=each, axis=axis, keepdims=keepdims) for each in q])


def percentile(a: Value, q: float | Sequence[float], axis: Axis = None, *, keepdims: bool = False) -> Expr:
    """As `quantile`, with q from 0 to 100."""
    if isinstance(q, (int, float, np.number)):
        return quantile(a, q / 100, axis, keepdims=keepdims)
    return quantile(a, [each / 100 for each in q], axis, keepdims=keepdims)


# -- positions and truths -------------------------------------------------------------------------------------------


def argmax(a: Value, axis: int | None = None, *, keepdims: bool = False) -> Expr:
    """Position of the largest value along an axis, or among all elements in order, as int64: the first of equal ones.

    It has no derivative. Raises ShapeError over an axis of size 0.
    """
    return sorting.ARGMAX(a, axis=axis, keepdims=keepdims)


def argmin(a: Value, axis: int | None = None, *, keepdims: bool = False) -> Expr:
    """Position of the smallest value, as `argmax`."""
    return sorting.ARGMIN(a, axis=axis, keepdims=keepdims)


def any(a: Value, axis: Axis = None, *, keepdims: bool = False) -> Expr:
    """Whether an element is true (is not 0) over axes, as bool. False of nothing."""
    return reduction.ANY(a, axis=axis, keepdims=keepdims)


def all(a: Value, axis: Axis = None, *, keepdims: bool = False) -> Expr:
    """Whether every element is true (is not 0) over axes, as bool. True of nothing."""
    return reduction.ALL(a, axis=axis, keepdims=keepdims)


def count_nonzero(a: Value, axis: Axis = None, *, keepdims: bool = False) -> Expr:
    """The number of elements that are not 0 (that are true) over axes, as int64."""
    x = lift(a, "count_nonzero")
    return sum(x if x.type.dtype == "bool" else NOT_EQUAL(x, 0), axis, keepdims)


# -- with missing values --------------------------------------------------------------------------------------------


def _without(x: Expr, other: Any) -> Expr:
    """`x` with `other` where it is nan; integers have none."""
    return WHERE(ISNAN(x), other, x) if x.type.is_float else x


def nansum(a: Value, axis: Axis = None, *, keepdims: bool = False) -> Expr:
    """As `sum`, nan counting as 0. The gradient at a nan is exactly 0."""
    return sum(_without(lift(a, "nansum"), 0.0), axis, keepdims)


def nanmean(a: Value, axis: Axis = None, *, keepdims: bool = False) -> Expr:
    """As `mean`, of the elements that are not nan; nan where there is none. The gradient at a nan is exactly 0."""
    x = lift(a, "nanmean")
    if not x.type.is_float:
        return mean(x, axis, keepdims)
    missing = sum(ISNAN(x), axis, keepdims)
    count = size_node(product(x.shape[i] for i in as_axes(axis, x.ndim))) - missing
    some = WHERE(EQUAL(count, 0), 1, count).astype(x.dtype)
    return WHERE(EQUAL(count, 0), np.nan, nansum(x, axis, keepdims=keepdims) / some)


def nanmax(a: Value, axis: Axis = None, *, keepdims: bool = False) -> Expr:
    """As `max`, of the elements that are not nan; nan where there is none."""
    return _nan_extremum(max, -np.inf, a, axis, keepdims)


def nanmin(a: Value, axis: Axis = None, *, keepdims: bool = False) -> Expr:
    """As `min`, of the elements that are not nan; nan where there is none."""
    return _nan_extremum(min, np.inf, a, axis, keepdims)


def _nan_extremum(extremum: Any, last: float, a: Value, axis: Axis, keepdims: bool) -> Expr:
    x = lift(a, "nanmax")
    if not x.type.is_float:
        return extremum(x, axis, keepdims)
    return WHERE(all(ISNAN(x), axis, keepdims=keepdims), np.nan, extremum(_without(x, last), axis, keepdims))
