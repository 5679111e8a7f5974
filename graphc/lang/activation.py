"""Activations, and the softmax family.

Those that are no row of their own are written with rows that are, so their formulas and derivatives read as such.
"""

from __future__ import annotations

from typing import Literal

from ..errors import InputError, ShapeError
from ..ir import Expr, lift
from ..ops import activation as rows
from ..ops import elementwise, rounding
from ..ops import softmax as softmax_rows
from ..types import as_axis
from .value import Value, real

__all__ = [
    "celu", "elu", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "log_sigmoid",
    "log_softmax", "mish", "prelu", "rbf", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softmin", "softplus",
    "softshrink", "softsign", "swish", "tanhshrink", "threshold",
]  # fmt: skip


def sigmoid(x: Value) -> Expr:
    """σ(x) = 1/(1 + e^-x), elementwise, without overflow; derivative σ(1 - σ).

    float32 stays float32, integers give float64; a bool is a DTypeError, here and in the functions below.

    >>> import graphc as G
    >>> print(G.evaluate(G.sigmoid(G.input("x", 3)), {"x": [-1000.0, 0.0, 1000.0]}))
    [0.  0.5 1. ]
    """
    return elementwise.SIGMOID(x)


def log_sigmoid(x: Value) -> Expr:
    """log σ(x), elementwise, finite for any finite x; derivative σ(-x). Dtypes as `sigmoid`.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> print(G.evaluate(G.log_sigmoid(x), {x: -1000.0}), G.evaluate(G.gradients(G.log_sigmoid(x), x), {x: -1000.0}))
    -1000.0 1.0
    """
    return rows.LOG_SIGMOID(x)


# -- relu and its kin ----------------------------------------------------------------------------------------


def relu(x: Value) -> Expr:
    """max(x, 0), elementwise, of x's dtype; derivative 1[x > 0], which is 0 at x = 0."""
    return elementwise.RELU(x)


def relu6(x: Value) -> Expr:
    """min(max(x, 0), 6), elementwise, of x's dtype; derivative 1[0 < x < 6], 0 at both edges."""
    return rounding.CLIP(x, 0, 6)


def leaky_relu(x: Value, negative_slope: Value = 0.01) -> Expr:
    """x where it is positive, else negative_slope·x, elementwise; derivative 1 or the slope, the slope at x = 0.

    >>> import graphc as G
    >>> x = G.input("x", 3)
    >>> print(G.evaluate(G.gradients(G.sum(G.leaky_relu(x, 0.1)), x), {x: [-1.0, 0.0, 1.0]}))
    [0.1 0.1 1. ]
    """
    return rows.LEAKY_RELU(x, negative_slope)


def prelu(x: Value, a: Value) -> Expr:
    """`leaky_relu` whose slope is learned: by a the derivative is min(x, 0), summed where a was broadcast.

    A slope for each channel has its axis where x has the channels. Raises ShapeError when the shapes do not broadcast.
    """
    return rows.LEAKY_RELU(x, a)


def elu(x: Value, alpha: Value = 1.0) -> Expr:
    """x where it is positive, else alpha·(e^x - 1), elementwise; derivative 1 or alpha·e^x, alpha at x = 0.

    Dtypes as `sigmoid`. Clevert, Unterthiner and Hochreiter, 2016.
    """
    return rows.ELU(x, alpha)


def selu(x: Value) -> Expr:
    """1.0507·elu(x, 1.6733), elementwise, which keeps mean 0 and variance 1; at x = 0 the derivative is 1.7581.

    Dtypes as `sigmoid`. The two constants solve the fixed point of Klambauer et al., 2017, section 2.
    """
    return 1.0507009873554805 * rows.ELU(x, 1.6732632423543772)


def celu(x: Value, alpha: Value = 1.0) -> Expr:
    """x where it is positive, else alpha·(e^(x/alpha) - 1), elementwise; derivative 1 or e^(x/alpha), 1 at x = 0.

    Dtypes as `sigmoid`. Barron, 2017.
    """
    if isinstance(alpha, (int, float)) and alpha == 1:
        return rows.ELU(x, 1.0)
    return alpha * rows.ELU(real(x) / alpha, 1.0)


# -- smooth gates --------------------------------------------------------------------------------------------


def silu(x: Value) -> Expr:
    """x·σ(x), elementwise, for y it; derivative σ + y(1 - σ). Dtypes as `sigmoid`."""
    return rows.SILU(x)


def gelu(x: Value, approximate: Literal["none", "tanh"] = "none") -> Expr:
    """x·Φ(x), elementwise, Φ the normal distribution function; derivative Φ(x) + x·φ(x). Dtypes as `sigmoid`.

    `approximate="tanh"` is ½x(1 + tanh(√(2/π)(x + 0.044715x³))). Raises InputError for another one.
    Hendrycks and Gimpel, 2016.
    """
    if approximate not in ("none", "tanh"):
        raise InputError(f"gelu: no approximation {str(approximate)[:60]!r}; choose from none, tanh")
    return rows.GELU_TANH(x) if approximate == "tanh" else rows.GELU(x)


def mish(x: Value) -> Expr:
    """x·tanh(softplus(x)), elementwise; derivative t + x(1 - t²)σ(x), t being that tanh. Dtypes as `sigmoid`.

    Misra, 2019.
    """
    return rows.MISH(x)


def glu(x: Value, axis: int = -1) -> Expr:
    """a·σ(b) for the two halves a and b of x along an axis. Dauphin et al., 2017.

    Raises ShapeError when the length of the axis is not an even number.

    >>> import graphc as G
    >>> G.glu(G.input("x", "N", 6)).type
    float64[N,3]
    """
    node = real(x)
    i = as_axis(axis, node.ndim)
    length = node.shape[i]
    if not isinstance(length, int) or length % 2:
        raise ShapeError(f"glu: axis {axis} of {node.type} has length {length}; it needs an even number")
    before = (slice(None),) * i
    a, b = node[(*before, slice(0, length // 2))], node[(*before, slice(length // 2, length))]
    return a * elementwise.SIGMOID(b)


def softplus(x: Value, beta: Value = 1.0) -> Expr:
    """log(1 + e^(beta·x))/beta, elementwise, without overflow; derivative σ(beta·x). Dtypes as `sigmoid`."""
    if isinstance(beta, (int, float)) and beta == 1:
        return elementwise.SOFTPLUS(x)
    return elementwise.SOFTPLUS(real(x) * beta) / beta


def softsign(x: Value) -> Expr:
    """x/(1 + |x|), elementwise; derivative 1/(1 + |x|)². Dtypes as `sigmoid`."""
    return rows.SOFTSIGN(x)


def rbf(x: Value, gamma: Value = 1.0) -> Expr:
    """e^(-gamma·x²), the Gaussian bump, elementwise; derivative -2·gamma·x times it."""
    node = real(x)
    square = elementwise.SQUARE(node)
    plain = isinstance(gamma, (int, float)) and gamma == 1
    return elementwise.EXP(-(square if plain else gamma * square))


# -- clipped lines -------------------------------------------------------------------------------------------


def hardtanh(x: Value, min_val: Value = -1.0, max_val: Value = 1.0) -> Expr:
    """x kept within [min_val, max_val], elementwise; derivative 1 inside, 0 at both edges and beyond."""
    return rounding.CLIP(x, min_val, max_val)


def hardsigmoid(x: Value) -> Expr:
    """min(max(x + 3, 0), 6)/6, elementwise; derivative 1/6 for |x| < 3, 0 at both edges and beyond."""
    return rounding.CLIP(real(x) + 3.0, 0.0, 6.0) / 6.0


def hardswish(x: Value) -> Expr:
    """x·hardsigmoid(x), elementwise; derivative (2x + 3)/6 for |x| < 3, 0 for x <= -3, 1 for x >= 3."""
    node = real(x)
    return node * hardsigmoid(node)


def threshold(x: Value, threshold: Value, value: Value) -> Expr:
    """x where it is above the threshold, else the value, elementwise; derivative 1 or 0, 0 at the threshold."""
    node = lift(x, "threshold")
    return elementwise.WHERE(node > threshold, node, value)


def tanhshrink(x: Value) -> Expr:
    """x - tanh(x), elementwise, with all its digits near 0; derivative tanh(x)². Dtypes as `sigmoid`."""
    return rows.TANHSHRINK(x)


def softshrink(x: Value, lambd: Value = 0.5) -> Expr:
    """sign(x)·relu(|x| - lambd), elementwise; derivative 1[|x| > lambd]. The proximal map of lambd·|x|."""
    node = real(x)
    return elementwise.SIGN(node) * elementwise.RELU(elementwise.ABSOLUTE(node) - lambd)


def hardshrink(x: Value, lambd: Value = 0.5) -> Expr:
    """x where |x| > lambd, else 0, elementwise; derivative 1[|x| > lambd]."""
    node = real(x)
    return elementwise.WHERE(elementwise.ABSOLUTE(node) > lambd, node, 0.0)


# -- the softmax family --------------------------------------------------------------------------------------


def softmax(x: Value, axis: int = -1) -> Expr:
    """exp(x) over its sum along an axis, of x's shape; finite for any finite x.

    float32 stays float32, integers give float64. Raises ShapeError for a scalar, DTypeError for a bool.

    >>> import graphc as G
    >>> print(G.evaluate(G.softmax(G.input("x", 2)), {"x": [1000.0, 1000.0]}))
    [0.5 0.5]
    """
    return softmax_rows.SOFTMAX(real(x), axis=axis)


def softmin(x: Value, axis: int = -1) -> Expr:
    """softmax(-x) along an axis. Dtypes and errors as `softmax`."""
    return softmax_rows.SOFTMAX(-real(x), axis=axis)


def log_softmax(x: Value, axis: int = -1) -> Expr:
    """log(softmax(x)) along an axis, of x's shape; finite for any finite x. Dtypes and errors as `softmax`."""
    return softmax_rows.LOG_SOFTMAX(real(x), axis=axis)


swish = silu
