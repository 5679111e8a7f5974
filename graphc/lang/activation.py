"""Activations, and the softmax family."""

from __future__ import annotations

from ..ir import Expr
from ..ops import elementwise
from ..ops import softmax as softmax_rows
from .value import Value, real

__all__ = [
    "log_softmax", "relu", "sigmoid", "softmax", "softplus",
]  # fmt: skip


def sigmoid(x: Value) -> Expr:
    """σ(x) = 1/(1 + e^-x), elementwise, without overflow; derivative σ(1 - σ).

    float32 stays float32, integers give float64.

    >>> import graphc as G
    >>> print(G.evaluate(G.sigmoid(G.input("x", 3)), {"x": [-1000.0, 0.0, 1000.0]}))
    [0.  0.5 1. ]
    """
    return elementwise.SIGMOID(x)


def relu(x: Value) -> Expr:
    """max(x, 0), elementwise, of x's dtype; derivative 1[x > 0], which is 0 at x = 0."""
    return elementwise.RELU(x)


def softplus(x: Value) -> Expr:
    """log(1 + e^x), elementwise, without overflow; derivative σ(x). float32 stays float32, integers give float64."""
    return elementwise.SOFTPLUS(x)


def softmax(x: Value, axis: int = -1) -> Expr:
    """exp(x) over its sum along an axis, of x's shape; finite for any finite x.

    float32 stays float32, integers give float64. Raises ShapeError for a scalar, DTypeError for a bool.

    >>> import graphc as G
    >>> print(G.evaluate(G.softmax(G.input("x", 2)), {"x": [1000.0, 1000.0]}))
    [0.5 0.5]
    """
    return softmax_rows.SOFTMAX(real(x), axis=axis)


def log_softmax(x: Value, axis: int = -1) -> Expr:
    """log(softmax(x)) along an axis, of x's shape; finite for any finite x. Dtypes and errors as `softmax`."""
    return softmax_rows.LOG_SOFTMAX(real(x), axis=axis)
