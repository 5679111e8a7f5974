"""Roots, exponentials, logarithms, trigonometric and hyperbolic functions, with NumPy's names.

Shapes broadcast as NumPy's; float32 stays float32 and integers give float64. Every function raises DTypeError
for bools, and those of two operands raise ShapeError when the shapes do not broadcast.
"""

from __future__ import annotations

from ..ir import Expr, lift
from ..ops import elementwise
from ..ops import transcendental as rows
from .value import Value

__all__ = [
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt", "cos", "cosh", "deg2rad",
    "degrees", "exp2", "expm1", "float_power", "hypot", "log1p", "log2", "log10", "logaddexp", "logaddexp2",
    "positive", "rad2deg", "radians", "reciprocal", "sin", "sinc", "sinh", "tan",
]  # fmt: skip


def positive(x: Value) -> Expr:
    """+x: x itself. Raises DTypeError for a bool, as NumPy does."""
    node = lift(x)
    return node if node.type.dtype != "bool" else elementwise.NEGATIVE(node)  # whose row says what it needs


def reciprocal(x: Value) -> Expr:
    """1/x, elementwise, of x's shape and dtype; derivative -1/x².

    Raises DTypeError for integers, whose reciprocals NumPy cuts to 0: write 1 / x.
    """
    return rows.RECIPROCAL(x)


def cbrt(x: Value) -> Expr:
    """Cube root, of negative numbers too; derivative 1/(3·cbrt(x)²), inf at 0, where a cotangent of 0 gives 0.

    >>> import graphc as G
    >>> print(G.evaluate(G.cbrt(G.input("x")), {"x": -8.0}))
    -2.0
    """
    return rows.CBRT(x)


def float_power(x1: Value, x2: Value) -> Expr:
    """x1 ** x2 in float64, whatever the dtypes; derivatives as `power`."""
    return elementwise.POWER_ROW(_double(x1), _double(x2))


def _double(x: Value) -> Expr:
    """`x` as float64; a Python number stays weak, and the bools are left for the row to refuse."""
    node = lift(x)
    weak_float = node.type.weak and node.type.is_float
    return node if weak_float or node.type.dtype in ("float64", "bool") else node.astype("float64")


def exp2(x: Value) -> Expr:
    """2 to the power x; derivative 2^x·log 2."""
    return rows.EXP2(x)


def expm1(x: Value) -> Expr:
    """e^x - 1, with all its digits near x = 0; derivative e^x."""
    return rows.EXPM1(x)


def log2(x: Value) -> Expr:
    """Logarithm to base 2; derivative 1/(x·log 2)."""
    return rows.LOG2(x)


def log10(x: Value) -> Expr:
    """Logarithm to base 10; derivative 1/(x·log 10)."""
    return rows.LOG10(x)


def log1p(x: Value) -> Expr:
    """log(1 + x), with all its digits near x = 0; derivative 1/(1 + x)."""
    return rows.LOG1P(x)


def logaddexp(x1: Value, x2: Value) -> Expr:
    """log(e^x1 + e^x2), without overflow; the derivatives are σ(x1 - x2) and σ(x2 - x1).

    Where both operands are the same infinity, each gets one half of the gradient.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> f = G.logaddexp(x, x)
    >>> print(f"{G.evaluate(f, {x: -1000.0}):.9f}", G.evaluate(G.gradients(f, x), {x: -float("inf")}))
    -999.306852819 1.0
    """
    return rows.LOGADDEXP(x1, x2)


def logaddexp2(x1: Value, x2: Value) -> Expr:
    """log2(2^x1 + 2^x2), without overflow; derivatives as `logaddexp`, in base 2."""
    return rows.LOGADDEXP2(x1, x2)


def sin(x: Value) -> Expr:
    """Sine of an angle in radians; derivative cos(x)."""
    return rows.SIN(x)


def cos(x: Value) -> Expr:
    """Cosine of an angle in radians; derivative -sin(x)."""
    return rows.COS(x)


def tan(x: Value) -> Expr:
    """Tangent of an angle in radians; derivative 1 + tan(x)²."""
    return rows.TAN(x)


def arcsin(x: Value) -> Expr:
    """Inverse sine, in [-π/2, π/2]; derivative 1/sqrt(1 - x²), inf at ±1, where a cotangent of 0 gives 0."""
    return rows.ARCSIN(x)


def arccos(x: Value) -> Expr:
    """Inverse cosine, in [0, π]; derivative -1/sqrt(1 - x²), -inf at ±1, where a cotangent of 0 gives 0."""
    return rows.ARCCOS(x)


def arctan(x: Value) -> Expr:
    """Inverse tangent, in [-π/2, π/2]; derivative 1/(1 + x²)."""
    return rows.ARCTAN(x)


def arctan2(x1: Value, x2: Value) -> Expr:
    """The angle of the point (x2, x1), in [-π, π].

    The derivatives are x2/(x1² + x2²) and -x1/(x1² + x2²); at the origin, where there is none, 0.
    """
    return rows.ARCTAN2(x1, x2)


def hypot(x1: Value, x2: Value) -> Expr:
    """sqrt(x1² + x2²), never squaring what overflows; derivatives x1/y and x2/y, 0 at the origin.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> print(f"{G.evaluate(G.hypot(x, 4e200), {x: 3e200}):.10g}")
    5e+200
    >>> print(G.evaluate(G.gradients(G.hypot(x, 0.0), x), {x: 0.0}))
    0.0
    """
    return rows.HYPOT(x1, x2)


def sinh(x: Value) -> Expr:
    """Hyperbolic sine; derivative cosh(x)."""
    return rows.SINH(x)


def cosh(x: Value) -> Expr:
    """Hyperbolic cosine; derivative sinh(x)."""
    return rows.COSH(x)


def arcsinh(x: Value) -> Expr:
    """Inverse hyperbolic sine; derivative 1/sqrt(1 + x²)."""
    return rows.ARCSINH(x)


def arccosh(x: Value) -> Expr:
    """Inverse hyperbolic cosine, of x >= 1; derivative 1/sqrt(x² - 1), inf at 1, where a cotangent of 0 gives 0."""
    return rows.ARCCOSH(x)


def arctanh(x: Value) -> Expr:
    """Inverse hyperbolic tangent, of -1 < x < 1; derivative 1/(1 - x²)."""
    return rows.ARCTANH(x)


def deg2rad(x: Value) -> Expr:
    """Degrees in radians: x·π/180, which is its derivative too."""
    return rows.DEG2RAD(x)


def rad2deg(x: Value) -> Expr:
    """Radians in degrees: x·180/π, which is its derivative too."""
    return rows.RAD2DEG(x)


def sinc(x: Value) -> Expr:
    """sin(πx)/(πx), 1 at x = 0 and exactly 0 at the other whole numbers; derivative (cos(πx) - sinc(x))/x, 0 at 0.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> print(f"{G.evaluate(G.sinc(x), {x: 0.5}):.14f}", G.evaluate(G.gradients(G.sinc(x), x), {x: 0.0}))
    0.63661977236758 0.0
    """
    return rows.SINC(x)


radians = deg2rad
degrees = rad2deg
