"""Rows that stand for formulas whose usual spelling overflows or cancels: `stable` puts them there.

Each is finite, with its derivatives, wherever its mathematics is.
"""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, NoDerivative
from ..formula import ATOM, RELATION, Form, call
from ..ir import Expr, Op
from ..types import TensorType, broadcast_float
from .elementwise import SIGMOID, TANH, plus, times

LOG_COSH = Op(
    "log_cosh",
    type_of=broadcast_float,
    pullback=lambda g, y, x: (g * TANH(x),),
    pushforward=lambda t, y, x: t[0] * TANH(x),
    numpy="log_cosh({0})",
    helper='''\
def log_cosh(x):
    """log(cosh(x)): by sinh near 0, where it is about x*x/2, and by exp beyond, where cosh would overflow."""
    a = np.abs(x)
    near = np.log1p(2 * np.square(np.sinh(np.minimum(a, 1) / 2)))
    return np.where(a < 1, near, a + np.log1p(np.exp(-2 * a)) - 0.6931471805599453)
''',
    sympy=lambda sp, x: sp.log(sp.cosh(x)),
    form=call("log_cosh", r"\log\cosh"),
    elementwise=True,
    cost=60,
)

RECIPROCAL_EXPM1: Op = Op(
    # n = 1/(e^x - 1) has n' = -n(1 + n), and 1 + n(x) = -n(-x).
    "reciprocal_expm1",
    type_of=broadcast_float,
    pullback=lambda g, y, x: (g * (y * RECIPROCAL_EXPM1(-x)),),
    pushforward=lambda t, y, x: t[0] * (y * RECIPROCAL_EXPM1(-x)),
    numpy="reciprocal_expm1({0})",
    helper='''\
def reciprocal_expm1(x):
    """1 / (exp(x) - 1), without cancellation near 0; 0 where exp(x) overflows."""
    with np.errstate(divide="ignore", over="ignore"):
        return 1 / np.expm1(x)
''',
    sympy=lambda sp, x: 1 / (sp.exp(x) - 1),
    form=Form("1/expm1({0})", "1/expm1({0})", r"\frac{{1}}{{e^{{{0}}} - 1}}", ATOM, (RELATION,)),
    elementwise=True,
    singular=True,
    cost=25,
)

LOG1MEXP = Op(
    "log1mexp",
    type_of=broadcast_float,
    pullback=lambda g, y, x: (g * RECIPROCAL_EXPM1(x),),
    pushforward=lambda t, y, x: t[0] * RECIPROCAL_EXPM1(x),
    numpy="log1mexp({0})",
    helper='''\
def log1mexp(x):
    """log(1 - exp(-x)): by expm1 up to log(2), by log1p beyond (Maechler 2012); nan for x < 0, as the log is."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(x < 0.6931471805599453, np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))
''',
    sympy=lambda sp, x: sp.log(1 - sp.exp(-x)),
    form=Form("log1mexp({0})", "log1mexp({0})", r"\log\left(1 - e^{{-\left({0}\right)}}\right)", ATOM, (RELATION,)),
    elementwise=True,
    singular=True,
    cost=80,
)

ORDERS = 3  # derivatives of the two functions below that have a spelling of their own


def _next(op: Op, x: Expr, order: int) -> Expr:
    if order == ORDERS:
        raise NoDerivative(f"{op.name} has derivatives up to order {ORDERS} (declared at {x.place})")
    return op(x, order=order + 1)


def _order(args: tuple[Expr, ...], order: int = 0) -> tuple[Any, ...]:
    return (order,)


def _primed(name: str, latex: str) -> Any:
    """The forms with as many primes as the order."""

    def filled(node: Expr) -> dict[str, str]:
        order = node.attrs[0]
        tail = f", order={order}" if order else ""
        primes = f"^{{{{({order})}}}}" if order else ""
        return {"text": f"{name}({{0}}{tail})", "unicode": f"{name}({{0}}{tail})",
                "latex": rf"{latex}{primes}\left({{0}}\right)"}

    return filled


def _derivative(sp: Any, form: Any, x: Any, order: int) -> Any:
    return sp.diff(form, x, order) if order else form


X_OVER_EXPM1: Op = Op(
    # B(x) = x/(e^x - 1) generates the Bernoulli numbers: B(x) = Σ b_k x^k / k!, for |x| < 2π.
    # With n = 1/(e^x - 1) and m = 1 + n: n' = m' = -nm, so every derivative is a polynomial in x, n and m.
    "x_over_expm1",
    type_of=lambda x, order: broadcast_float(x),
    pullback=lambda g, y, x, order: (g * _next(X_OVER_EXPM1, x, order),),
    pushforward=lambda t, y, x, order: t[0] * _next(X_OVER_EXPM1, x, order),
    numpy="x_over_expm1({0}, {order})",
    helper='''\
def x_over_expm1(x, order):
    """x / (exp(x) - 1), 1 at x = 0, or its derivative of order 1, 2 or 3: by the Taylor series for |x| < 1."""
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        e = np.expm1(x)
        if order == 0:
            return np.where(np.equal(x, 0), e.dtype.type(1), x / e)
        n, m = 1 / e, -1 / np.expm1(-x)
        far = (n * (1 - x * m), n * m * (x * (n + m) - 2), n * m * (3 * (n + m) - x * ((n + m) ** 2 + 2 * n * m)))
    taylor = (  # Bernoulli numbers over factorials: b_2k / (2k)!, from k = 1
        0.08333333333333333, -0.001388888888888889, 3.306878306878307e-05, -8.267195767195768e-07,
        2.08767569878681e-08, -5.284190138687493e-10, 1.3382536530684679e-11, -3.3896802963225827e-13,
        8.586062056277845e-15, -2.174868698558062e-16, 5.5090028283602295e-18, -1.3954464685812522e-19,
        3.534707039629467e-21, -8.953517427037546e-23,
    )
    near = np.zeros_like(e)
    for k in range(len(taylor), order // 3, -1):
        falling = (2 * k, 2 * k * (2 * k - 1), 4 * k * (2 * k - 1) * (k - 1))[order - 1]
        near = near * np.square(x) + falling * taylor[k - 1]
    near = (near * x - 0.5, near, near * x)[order - 1]
    return np.where(np.abs(x) < 1, near, far[order - 1])
''',
    sympy=lambda sp, x, order: _derivative(sp, x / (sp.exp(x) - 1), x, order),
    form=call("x_over_expm1"),
    form_attrs=_primed("x_over_expm1", "B"),
    attrs=("order",),
    prepare=_order,
    elementwise=True,
    cost=60,
)

EXPM1_OVER_X: Op = Op(
    # (e^x - 1)/x is the integral of e^(tx) over t from 0 to 1, so its derivative of order k is E_k, that of t^k e^(tx):
    # E_k = Σ x^j / (j! (j + k + 1)), and by parts E_k = (e^x - k E_{k-1})/x.
    "expm1_over_x",
    type_of=lambda x, order: broadcast_float(x),
    pullback=lambda g, y, x, order: (g * _next(EXPM1_OVER_X, x, order),),
    pushforward=lambda t, y, x, order: t[0] * _next(EXPM1_OVER_X, x, order),
    numpy="expm1_over_x({0}, {order})",
    helper='''\
def expm1_over_x(x, order):
    """(exp(x) - 1) / x, 1 at x = 0, or its derivative of order 1, 2 or 3: by the Taylor series for |x| < 1."""
    with np.errstate(over="ignore"):
        scale = np.exp(np.maximum(x, 0))  # taken out of the recursion, where it might overflow
    top = np.exp(np.minimum(x, 0))
    apart = np.where(np.equal(x, 0), scale.dtype.type(1), x)
    far = np.where(x > 0, -np.expm1(-np.abs(x)), np.expm1(-np.abs(x))) / apart
    near = np.zeros_like(far)
    for k in range(1, order + 1):
        far = (top - k * far) / apart
    for j in range(18, -1, -1):
        near = near * x / (j + 1) + 1 / (j + order + 1)
    if order == 0:
        near = np.where(np.equal(x, 0), scale.dtype.type(1), np.expm1(np.minimum(x, 1)) / apart)
    return np.where(np.abs(x) < 1, near, scale * far)
''',
    sympy=lambda sp, x, order: _derivative(sp, (sp.exp(x) - 1) / x, x, order),
    form=call("expm1_over_x"),
    form_attrs=_primed("expm1_over_x", r"\phi_{{1}}"),
    attrs=("order",),
    prepare=_order,
    elementwise=True,
    cost=60,
)


def _label_type(z: TensorType, y: TensorType) -> TensorType:
    if "bool" in (z.dtype, y.dtype):
        raise DTypeError("needs numbers, got bool; use astype")
    return broadcast_float(z, y)


SIGMOID_CROSS_ENTROPY = Op(
    # Where p = σ(z), log p = z - softplus(z) and log(1 - p) = -softplus(z): the loss of a Bernoulli label y, whose
    # derivative by z is p - y.
    "sigmoid_cross_entropy",
    type_of=_label_type,
    pullback=lambda g, f, z, y: (g * (SIGMOID(z) - y), -(g * z)),
    pushforward=lambda t, f, z, y: plus(times(t[0], SIGMOID(z) - y), None if t[1] is None else -(t[1] * z)),
    numpy="sigmoid_cross_entropy({0}, {1})",
    helper='''\
def sigmoid_cross_entropy(z, y):
    """-(y*log(p) + (1 - y)*log(1 - p)) for p = 1/(1 + exp(-z)), of terms that cannot cancel for y from 0 to 1."""
    return np.log1p(np.exp(-np.abs(z))) + np.where(z > 0, (1 - y) * z, -(y * z))
''',
    sympy=lambda sp, z, y: sp.log(1 + sp.exp(z)) - y * z,
    form=Form("sigmoid_cross_entropy({0}, {1})", "sigmoid_cross_entropy({0}, {1})",
              r"\operatorname{{CE}}\left(\sigma({0}), {1}\right)", ATOM, (RELATION, RELATION)),
    elementwise=True,
    cost=60,
)
