"""Values moved and joined, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ir import Expr, lift
from ..ops import shaping
from ..types import as_axis
from .value import Value

__all__ = [
    "broadcast_to", "concatenate", "expand_dims", "ravel", "reshape", "transpose",
]  # fmt: skip


def transpose(a: Value, axes: Sequence[int] | None = None) -> Expr:
    """Axes in another order; reversed by default. Raises ShapeError unless each axis is named once.

    >>> import graphc as G
    >>> G.transpose(G.input("x", "N", 2, 3), (0, 2, 1)).type
    float64[N,3,2]
    """
    return shaping.TRANSPOSE(a, axes=axes)


def reshape(a: Value, shape: Any) -> Expr:
    """The same elements in another shape, one size of which may be -1.

    Raises ShapeError unless the number of elements is known to be the same.

    >>> import graphc as G
    >>> G.reshape(G.input("x", "N", 28, 28), (-1, 784)).type
    float64[N,784]
    """
    return shaping.RESHAPE(a, shape=shape)


def ravel(a: Value) -> Expr:
    """All elements in one axis.

    >>> import graphc as G
    >>> G.ravel(G.input("x", "N", 3)).type
    float64[3*N]
    """
    return shaping.RESHAPE(a, shape=(-1,))


def expand_dims(a: Value, axis: int) -> Expr:
    """A new axis of size 1 at position `axis`. Raises ShapeError when it is out of range."""
    x = lift(a, "expand_dims")
    where_ = as_axis(axis, x.ndim + 1)
    return shaping.RESHAPE(x, shape=(*x.shape[:where_], 1, *x.shape[where_:]))


def broadcast_to(array: Value, shape: Any) -> Expr:
    """The value repeated to fill a shape, as broadcasting does. Raises ShapeError when it cannot."""
    return shaping.BROADCAST_TO(array, shape=shape)


def concatenate(arrays: Sequence[Value], axis: int = 0) -> Expr:
    """Values joined along an axis they have; dtypes promote. Raises ShapeError when the other axes differ.

    >>> import graphc as G
    >>> G.concatenate([G.input("x", "N", 3), G.input("y", 2, 3)]).type
    float64[N + 2,3]
    """
    return shaping.CONCATENATE(*arrays, axis=axis)
