"""Reductions over axes, with NumPy's names and signatures."""

from __future__ import annotations

from ..ir import Expr
from ..ops import reduction
from ..ops import softmax as softmax_rows
from .value import Axis, Value, real

__all__ = [
    "logsumexp", "max", "mean", "min", "sum",
]  # fmt: skip


def sum(a: Value, axis: Axis = None, keepdims: bool = False) -> Expr:
    """Sum over axes: all by default, one or a tuple; with `keepdims` they stay as size 1.

    Floats keep their dtype; bool and int32 give int64, as in NumPy. Raises ShapeError for an axis that is not there.

    >>> import graphc as G
    >>> G.sum(G.input("x", "N", 3), axis=0).type
    float64[3]
    """
    return reduction.SUM(a, axis=axis, keepdims=keepdims)


def mean(a: Value, axis: Axis = None, keepdims: bool = False) -> Expr:
    """Mean over axes, as `sum`; integers and bools give float64. The mean of nothing is nan, as in NumPy."""
    return reduction.MEAN(a, axis=axis, keepdims=keepdims)


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


def logsumexp(a: Value, axis: Axis = None, keepdims: bool = False) -> Expr:
    """log(sum(exp(a))) over axes, as `sum`; finite for any finite a. Dtypes as `softmax`.

    Its gradient is softmax(a).
    """
    return softmax_rows.LOGSUMEXP(real(a), axis=axis, keepdims=keepdims)
