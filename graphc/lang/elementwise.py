"""Elementwise arithmetic, powers, exponentials, comparisons, logic and selection, with NumPy's names."""

from __future__ import annotations

from ..ir import Expr
from ..ops import elementwise
from .value import Value

__all__ = [
    "abs", "absolute", "add", "divide", "equal", "exp", "greater", "greater_equal", "less", "less_equal", "log",
    "logical_and", "logical_not", "logical_or", "maximum", "minimum", "multiply", "negative", "not_equal", "power",
    "sign", "sqrt", "square", "stop_gradient", "subtract", "tanh", "where",
]  # fmt: skip


def add(x1: Value, x2: Value) -> Expr:
    """x1 + x2, elementwise.

    Shapes broadcast as NumPy's, a named size against itself or 1; dtypes promote as NumPy's, Python numbers being
    weak. Raises ShapeError when the shapes do not broadcast, naming both operands.

    >>> import graphc as G
    >>> G.add(G.input("x", "N", 3), 1.0).type
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
    >>> x = G.input("x")
    >>> print(G.simplify(G.gradients(G.power(x, 3), x)))
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


def maximum(x1: Value, x2: Value) -> Expr:
    """The larger of two values, elementwise; shapes and dtypes as `add`. nan passes through.

    At a tie the gradient is shared, half to each.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> print(G.evaluate(G.gradients(G.maximum(x, 0), x), {x: 0.0}))
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
    >>> x = G.input("x")
    >>> print(G.simplify(G.gradients(G.where(x > 0, G.log(x), 0.0), x)))
    where(x > 0, 1/x, 0)
    """
    return elementwise.WHERE(condition, x, y)


def stop_gradient(x: Value) -> Expr:
    """x itself, of its shape and dtype, a constant to every derivative.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> print(G.simplify(G.gradients(x * G.stop_gradient(x), x)))
    stop_gradient(x)
    """
    return elementwise.STOP_GRADIENT(x)


abs = absolute
