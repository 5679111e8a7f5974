"""The language: inputs, parameters, constants, and functions with NumPy's names and signatures.

Each function is one typed line over its row in `ops`. Python and NumPy numbers and arrays are
accepted wherever an Expr is.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, TypeAlias

from . import ops
from .errors import InputError
from .ir import INPUT, PARAM, Expr, const, lift, variable
from .ops import elementwise, linalg, reduction, shaping
from .ops import softmax as softmax_rows
from .types import as_axis

Value: TypeAlias = "Expr | float | Any"
Axis: TypeAlias = "int | tuple[int, ...] | None"

__all__ = [
    "Expr", "abs", "absolute", "add", "broadcast_to", "concatenate", "const", "divide", "equal", "exp",
    "expand_dims", "greater", "greater_equal", "input", "inputs", "less", "less_equal", "log",
    "log_softmax", "logical_and", "logical_not", "logical_or", "logsumexp", "matmul", "max", "maximum",
    "mean", "min", "minimum", "multiply", "negative", "not_equal", "ones", "param", "params", "power", "ravel",
    "relu", "reshape", "sigmoid", "sign", "softmax", "softplus", "sqrt", "square", "stop_gradient", "subtract", "sum",
    "tanh", "transpose", "where", "zeros",
]  # fmt: skip

assert ops


def input(name: str, *shape: Any, dtype: Any = "float64") -> Expr:
    """Data that is given at each call.

    `shape` is a list of sizes: integers, or names such as "N" that any call may fill (the same
    name means the same size everywhere). `dtype` is one of float64, float32, int64, int32, bool.
    Each call declares a new input: one name for two of them in a graph is an error when the graph is used.
    Raises InputError for a bad name, ShapeError for a bad size, DTypeError for an unknown dtype.

    >>> x = input("x", "N", 784)
    >>> x
    <input x: float64[N,784]>
    """
    return variable(INPUT, name, shape, dtype)


def param(name: str, *shape: Any, dtype: Any = "float64", init: Any = None) -> Expr:
    """A parameter: as `input`, but it is learned. `init` is its initial value, or a function that gives one.

    Raises as `input`.

    >>> param("W", 784, 10)
    <param W: float64[784,10]>
    """
    return variable(PARAM, name, shape, dtype, init)


def inputs(names: str | Sequence[str], *shape: Any, dtype: Any = "float64") -> tuple[Expr, ...]:
    """Several inputs of one type, from names parted by spaces or commas.

    Raises InputError when a name stands twice.

    >>> x1, x2 = inputs("x1 x2")
    """
    return tuple(input(name, *shape, dtype=dtype) for name in _names(names))


def params(names: str | Sequence[str], *shape: Any, dtype: Any = "float64") -> tuple[Expr, ...]:
    """Several parameters of one type, from names parted by spaces or commas.

    Raises InputError when a name stands twice.

    >>> w1, w3, b = params("w1 w3 b")
    """
    return tuple(param(name, *shape, dtype=dtype) for name in _names(names))


def _names(names: str | Sequence[str]) -> list[str]:
    listed = names.replace(",", " ").split() if isinstance(names, str) else list(names)
    for name in listed:
        if listed.count(name) > 1:
            raise InputError(f"the name {name!r} stands twice in {' '.join(map(str, listed))!r}; one name is one value")
    return listed


def zeros(shape: Any, dtype: Any = "float64") -> Expr:
    """Zeros of a shape, which may have named sizes; `dtype` is one of the five.

    >>> zeros(("N", 3), dtype="float32").type
    float32[N,3]
    """
    return shaping.BROADCAST_TO(lift(0.0).astype(dtype), shape=shape)


def ones(shape: Any, dtype: Any = "float64") -> Expr:
    """Ones of a shape, which may have named sizes; `dtype` is one of the five.

    >>> ones(("N", 3)).type
    float64[N,3]
    """
    return shaping.BROADCAST_TO(lift(1.0).astype(dtype), shape=shape)


# -- elementwise ----------------------------------------------------------------------------------------


def add(x1: Value, x2: Value) -> Expr:
    """x1 + x2, elementwise.

    Shapes broadcast as NumPy's, a named size against itself or 1; dtypes promote as NumPy's, Python numbers being
    weak. Raises ShapeError when the shapes do not broadcast, naming both operands.

    >>> add(input("x", "N", 3), 1.0).type
    float64[N,3]
    """
    return elementwise.ADD(x1, x2)


def subtract(x1: Value, x2: Value) -> Expr:
    """x1 - x2, elementwise; shapes and dtypes as `add`. Raises ShapeError, and DTypeError for two bools."""
    return elementwise.SUBTRACT(x1, x2)


def multiply(x1: Value, x2: Value) -> Expr:
    """x1 * x2, elementwise; shapes and dtypes as `add`. Raises ShapeError."""
    return elementwise.MULTIPLY(x1, x2)


def divide(x1: Value, x2: Value) -> Expr:
    """x1 / x2, elementwise; shapes as `add`, and two integers give float64. Raises ShapeError."""
    return elementwise.DIVIDE(x1, x2)


def power(x1: Value, x2: Value) -> Expr:
    """x1 ** x2, elementwise; shapes and dtypes as `add`.

    By x the derivative is p·x**(p-1), 0 for p = 0; by p it is x**p·log x, 0 at x = 0.
    Raises DTypeError for an integer to a constant negative integer power, and for bools.

    >>> import graphc as G
    >>> x = input("x")
    >>> print(G.simplify(G.gradients(power(x, 3), x)))
    3*x**2
    """
    return elementwise.POWER_ROW(x1, x2)


def negative(x: Value) -> Expr:
    """-x, elementwise, of x's shape and dtype. Raises DTypeError for a bool."""
    return elementwise.NEGATIVE(x)


def exp(x: Value) -> Expr:
    """e to the power x, elementwise; its derivative is itself.

    float32 stays float32, integers give float64. Raises DTypeError for a bool, as do the functions below.
    """
    return elementwise.EXP(x)


def log(x: Value) -> Expr:
    """Natural logarithm, elementwise; derivative 1/x. float32 stays float32, integers give float64."""
    return elementwise.LOG(x)


def sqrt(x: Value) -> Expr:
    """Square root, elementwise; float32 stays float32, integers give float64.

    The derivative 1/(2·sqrt(x)) is inf at 0, where a cotangent of exactly 0 still gives 0.
    """
    return elementwise.SQRT(x)


def square(x: Value) -> Expr:
    """x*x, elementwise, of x's dtype; derivative 2x."""
    return elementwise.SQUARE(x)


def absolute(x: Value) -> Expr:
    """|x|, elementwise, of x's dtype; derivative sign(x), 0 at x = 0."""
    return elementwise.ABSOLUTE(x)


def sign(x: Value) -> Expr:
    """-1, 0 or 1, elementwise, of x's dtype; derivative 0."""
    return elementwise.SIGN(x)


def tanh(x: Value) -> Expr:
    """Hyperbolic tangent, elementwise; derivative 1 - tanh(x)². float32 stays float32, integers give float64."""
    return elementwise.TANH(x)


def sigmoid(x: Value) -> Expr:
    """σ(x) = 1/(1 + e^-x), elementwise, without overflow; derivative σ(1 - σ).

    float32 stays float32, integers give float64.

    >>> import graphc as G
    >>> print(G.evaluate(sigmoid(input("x", 3)), {"x": [-1000.0, 0.0, 1000.0]}))
    [0.  0.5 1. ]
    """
    return elementwise.SIGMOID(x)


def relu(x: Value) -> Expr:
    """max(x, 0), elementwise, of x's dtype; derivative 1[x > 0], which is 0 at x = 0."""
    return elementwise.RELU(x)


def softplus(x: Value) -> Expr:
    """log(1 + e^x), elementwise, without overflow; derivative σ(x). float32 stays float32, integers give float64."""
    return elementwise.SOFTPLUS(x)


def maximum(x1: Value, x2: Value) -> Expr:
    """The larger of two values, elementwise; shapes and dtypes as `add`. nan passes through.

    At a tie the gradient is shared, half to each.

    >>> import graphc as G
    >>> x = input("x")
    >>> print(G.evaluate(G.gradients(maximum(x, 0), x), {x: 0.0}))
    0.5
    """
    return elementwise.MAXIMUM(x1, x2)


def minimum(x1: Value, x2: Value) -> Expr:
    """The smaller of two values, elementwise; shapes and dtypes as `add`. At a tie the gradient is shared."""
    return elementwise.MINIMUM(x1, x2)


def greater(x1: Value, x2: Value) -> Expr:
    """x1 > x2, elementwise, as bool; shapes as `add`. In arithmetic it is 1 or 0; its derivative is 0."""
    return elementwise.GREATER(x1, x2)


def greater_equal(x1: Value, x2: Value) -> Expr:
    """x1 >= x2, elementwise, as bool; shapes as `add`."""
    return elementwise.GREATER_EQUAL(x1, x2)


def less(x1: Value, x2: Value) -> Expr:
    """x1 < x2, elementwise, as bool; shapes as `add`."""
    return elementwise.LESS(x1, x2)


def less_equal(x1: Value, x2: Value) -> Expr:
    """x1 <= x2, elementwise, as bool; shapes as `add`."""
    return elementwise.LESS_EQUAL(x1, x2)


def equal(x1: Value, x2: Value) -> Expr:
    """x1 == x2, elementwise, as bool; shapes as `add`. To ask whether two nodes are the same, use `is`."""
    return elementwise.EQUAL(x1, x2)


def not_equal(x1: Value, x2: Value) -> Expr:
    """x1 != x2, elementwise, as bool; shapes as `add`."""
    return elementwise.NOT_EQUAL(x1, x2)


def logical_and(x1: Value, x2: Value) -> Expr:
    """Both, of two bools, elementwise; `a & b`. Raises DTypeError for numbers."""
    return elementwise.LOGICAL_AND(x1, x2)


def logical_or(x1: Value, x2: Value) -> Expr:
    """Either, of two bools, elementwise; `a | b`. Raises DTypeError for numbers."""
    return elementwise.LOGICAL_OR(x1, x2)


def logical_not(x: Value) -> Expr:
    """Not, of a bool, elementwise; `~a`. Raises DTypeError for numbers."""
    return elementwise.LOGICAL_NOT(x)


def where(condition: Value, x: Value, y: Value) -> Expr:
    """x where the condition holds, else y, elementwise; the three shapes broadcast, dtypes as `add`.

    The branch not taken gets a gradient of exactly 0, even where its value or its derivative is inf or nan.
    Raises DTypeError when the condition is not bool, ShapeError when the shapes do not broadcast.

    >>> import graphc as G
    >>> x = input("x")
    >>> print(G.simplify(G.gradients(where(x > 0, log(x), 0.0), x)))
    where(x > 0, 1/x, 0)
    """
    return elementwise.WHERE(condition, x, y)


def stop_gradient(x: Value) -> Expr:
    """x itself, of its shape and dtype, a constant to every derivative.

    >>> import graphc as G
    >>> x = input("x")
    >>> print(G.simplify(G.gradients(x * stop_gradient(x), x)))
    stop_gradient(x)
    """
    return elementwise.STOP_GRADIENT(x)


# -- reductions -------------------------------------------------------------------------------------------


def sum(a: Value, axis: Axis = None, keepdims: bool = False) -> Expr:
    """Sum over axes: all by default, one or a tuple; with `keepdims` they stay as size 1.

    Floats keep their dtype; bool and int32 give int64, as in NumPy. Raises ShapeError for an axis that is not there.

    >>> sum(input("x", "N", 3), axis=0).type
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


def _real(x: Value) -> Expr:
    """`x` with its integers as float64; bools are left for the row to refuse."""
    node = lift(x)
    return node.astype("float64") if node.type.dtype.startswith("int") else node


def softmax(x: Value, axis: int = -1) -> Expr:
    """exp(x) over its sum along an axis, of x's shape; finite for any finite x.

    float32 stays float32, integers give float64. Raises ShapeError for a scalar, DTypeError for a bool.

    >>> import graphc as G
    >>> print(G.evaluate(softmax(input("x", 2)), {"x": [1000.0, 1000.0]}))
    [0.5 0.5]
    """
    return softmax_rows.SOFTMAX(_real(x), axis=axis)


def log_softmax(x: Value, axis: int = -1) -> Expr:
    """log(softmax(x)) along an axis, of x's shape; finite for any finite x. Dtypes and errors as `softmax`."""
    return softmax_rows.LOG_SOFTMAX(_real(x), axis=axis)


def logsumexp(a: Value, axis: Axis = None, keepdims: bool = False) -> Expr:
    """log(sum(exp(a))) over axes, as `sum`; finite for any finite a. Dtypes as `softmax`.

    Its gradient is softmax(a).
    """
    return softmax_rows.LOGSUMEXP(_real(a), axis=axis, keepdims=keepdims)


# -- linear algebra and shaping ---------------------------------------------------------------------------


def matmul(x1: Value, x2: Value) -> Expr:
    """Matrix product of vectors, matrices or batches of matrices, as `@`; dtypes promote.

    Raises ShapeError when the inner sizes differ or an operand is a scalar, DTypeError for two bools.

    >>> matmul(input("x", "N", 3), param("W", 3, 2)).type.shape
    (N, 2)
    """
    return linalg.MATMUL(x1, x2)


def transpose(a: Value, axes: Sequence[int] | None = None) -> Expr:
    """Axes in another order; reversed by default. Raises ShapeError unless each axis is named once.

    >>> transpose(input("x", "N", 2, 3), (0, 2, 1)).type
    float64[N,3,2]
    """
    return shaping.TRANSPOSE(a, axes=axes)


def reshape(a: Value, shape: Any) -> Expr:
    """The same elements in another shape, one size of which may be -1.

    Raises ShapeError unless the number of elements is known to be the same.

    >>> reshape(input("x", "N", 28, 28), (-1, 784)).type
    float64[N,784]
    """
    return shaping.RESHAPE(a, shape=shape)


def ravel(a: Value) -> Expr:
    """All elements in one axis.

    >>> ravel(input("x", "N", 3)).type
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

    >>> concatenate([input("x", "N", 3), input("y", 2, 3)]).type
    float64[N + 2,3]
    """
    return shaping.CONCATENATE(*builtins.list(arrays), axis=axis)


abs = absolute
