"""Elementwise rows: roots, exponentials, logarithms, trigonometric and hyperbolic functions.

A derivative is stated once, as a factor or as a divisor, and both rules of a row follow from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..errors import DTypeError
from ..formula import ATOM, RELATION, SUM, Form, call, infix
from ..ir import Expr, Op
from ..types import TensorType, broadcast_float
from .elementwise import EQUAL, EXP, SAFE_DIVIDE, SIGMOID, SQRT, SQUARE, WHERE, plus, times

Slope = Callable[[Expr, Expr], Any]


def factor(name: str, slope: Slope, **row: Any) -> Op:
    """A row of one operand whose derivative is the factor `slope(y, x)`."""
    return Op(name, **_shared(row), pullback=lambda g, y, x: (g * slope(y, x),),
              pushforward=lambda t, y, x: t[0] * slope(y, x))


def divisor(name: str, inverse: Slope, **row: Any) -> Op:
    """A row of one operand whose derivative is 1 over `inverse(y, x)`."""
    return Op(name, **_shared(row), pullback=lambda g, y, x: (g / inverse(y, x),),
              pushforward=lambda t, y, x: t[0] / inverse(y, x))


def guarded_divisor(name: str, inverse: Slope, **row: Any) -> Op:
    """As `divisor`, of an inverse that is 0 at the edge of the domain: there a cotangent of 0 gives 0."""
    return Op(name, **_shared(row), pullback=lambda g, y, x: (SAFE_DIVIDE(g, inverse(y, x)),),
              pushforward=lambda t, y, x: SAFE_DIVIDE(t[0], inverse(y, x)))


def _shared(row: dict[str, Any]) -> dict[str, Any]:
    return {"type_of": broadcast_float, "elementwise": True, "cost": 20} | row


# -- roots and quotients ----------------------------------------------------------------------


def _float_only(x: TensorType) -> TensorType:
    if not x.is_float:
        raise DTypeError(f"needs float64 or float32, got {x.dtype}, whose reciprocal is no integer; "
                         "write 1 / x, or astype for a bool")
    return TensorType(x.shape, x.dtype)


RECIPROCAL = Op(
    "reciprocal",
    type_of=_float_only,
    pullback=lambda g, y, x: (-(g * (y * y)),),
    pushforward=lambda t, y, x: -(t[0] * (y * y)),
    numpy="np.reciprocal({0})",
    sympy=lambda sp, x: 1 / x,
    form=Form("reciprocal({0})", "1/({0})", r"\frac{{1}}{{{0}}}", ATOM, (RELATION,)),
    elementwise=True,
    singular=True,
    cost=4,
)

CBRT = guarded_divisor(
    # (x^(1/3))' = 1/(3 x^(2/3)), infinite at 0.
    "cbrt",
    lambda y, x: 3 * SQUARE(y),
    numpy="np.cbrt({0})",
    sympy=lambda sp, x: sp.cbrt_(x),
    form=Form("cbrt({0})", "∛({0})", r"\sqrt[3]{{{0}}}", ATOM, (RELATION,)),
)

# -- exponentials and logarithms ----------------------------------------------------------------------

EXP2 = factor(
    "exp2",
    lambda y, x: y * math.log(2),
    numpy="np.exp2({0})",
    sympy=lambda sp, x: sp.exp2(x),
    form=Form("exp2({0})", "exp2({0})", "2^{{{0}}}", ATOM, (RELATION,)),
    singular=True,
)

EXPM1 = factor(
    # y + 1 would lose the digits of a small exp(x).
    "expm1",
    lambda y, x: EXP(x),
    numpy="np.expm1({0})",
    sympy=lambda sp, x: sp.expm1(x),
    form=Form("expm1({0})", "expm1({0})", r"\left(e^{{{0}}} - 1\right)", ATOM, (RELATION,)),
    singular=True,
)

LOG2 = divisor(
    "log2",
    lambda y, x: x * math.log(2),
    numpy="np.log2({0})",
    sympy=lambda sp, x: sp.log2(x),
    form=call("log2", r"\log_{2}"),
    singular=True,
)

LOG10 = divisor(
    "log10",
    lambda y, x: x * math.log(10),
    numpy="np.log10({0})",
    sympy=lambda sp, x: sp.log10(x),
    form=call("log10", r"\log_{10}"),
    singular=True,
)

LOG1P = divisor(
    "log1p",
    lambda y, x: 1 + x,
    numpy="np.log1p({0})",
    sympy=lambda sp, x: sp.log1p(x),
    form=Form("log1p({0})", "log1p({0})", r"\log\left(1 + {0}\right)", ATOM, (RELATION,)),
    singular=True,
)


GAP = Op(
    "gap",
    type_of=broadcast_float,
    pullback=lambda g, y, a, b: (g, -g),
    pushforward=lambda t, y, a, b: plus(t[0], None if t[1] is None else -t[1]),
    numpy="gap({0}, {1})",
    helper='''\
def gap(a, b):
    """a - b, and 0 where both are the same infinity."""
    with np.errstate(invalid="ignore"):
        d = np.asarray(np.subtract(a, b))
        d = d if d.dtype.kind == "f" else d.astype(float)
        return np.where(np.equal(a, b), np.zeros_like(d), d)
''',
    sympy=lambda sp, a, b: sp.gap(a, b),
    form=infix(" - ", SUM, unicode=" − ", strict=True),
    elementwise=True,
    cost=4,
)


def _log_weight(a: Expr, b: Expr, unit: float) -> Expr:
    """σ((a - b)·unit), the share of a in log(e^a + e^b); one half where both are the same infinity."""
    return SIGMOID(GAP(a, b) if unit == 1 else GAP(a, b) * unit)


def _logaddexp(name: str, unit: float, latex: str) -> Op:
    return Op(
        name,
        type_of=broadcast_float,
        pullback=lambda g, y, a, b: (g * _log_weight(a, b, unit), g * _log_weight(b, a, unit)),
        pushforward=lambda t, y, a, b: plus(
            None if t[0] is None else t[0] * _log_weight(a, b, unit),
            None if t[1] is None else t[1] * _log_weight(b, a, unit),
        ),
        numpy=f"np.{name}({{0}}, {{1}})",
        sympy=lambda sp, a, b: getattr(sp, name)(a, b),
        form=Form(f"{name}({{0}}, {{1}})", f"{name}({{0}}, {{1}})", latex, ATOM, (RELATION, RELATION)),
        elementwise=True,
        commutative=True,
        cost=40,
    )


LOGADDEXP = _logaddexp("logaddexp", 1.0, r"\log\left(e^{{{0}}} + e^{{{1}}}\right)")
LOGADDEXP2 = _logaddexp("logaddexp2", math.log(2), r"\log_{{2}}\left(2^{{{0}}} + 2^{{{1}}}\right)")

# -- trigonometric functions ----------------------------------------------------------------------

SIN: Op = factor("sin", lambda y, x: COS(x), numpy="np.sin({0})", sympy=lambda sp, x: sp.sin(x),
                 form=call("sin", r"\sin"))
COS: Op = Op(
    "cos",
    type_of=broadcast_float,
    pullback=lambda g, y, x: (-(g * SIN(x)),),
    pushforward=lambda t, y, x: -(t[0] * SIN(x)),
    numpy="np.cos({0})",
    sympy=lambda sp, x: sp.cos(x),
    form=call("cos", r"\cos"),
    elementwise=True,
    cost=20,
)
TAN = factor("tan", lambda y, x: 1 + SQUARE(y), numpy="np.tan({0})", sympy=lambda sp, x: sp.tan(x),
             form=call("tan", r"\tan"), cost=30)


def _sine_of_arccosine(x: Expr) -> Expr:
    """sqrt(1 - x²), factored so that no digit is lost near 1."""
    return SQRT((1 - x) * (1 + x))


ARCSIN = guarded_divisor("arcsin", lambda y, x: _sine_of_arccosine(x), numpy="np.arcsin({0})",
                         sympy=lambda sp, x: sp.asin(x), form=call("arcsin", r"\arcsin"))
ARCCOS = guarded_divisor("arccos", lambda y, x: -_sine_of_arccosine(x), numpy="np.arccos({0})",
                         sympy=lambda sp, x: sp.acos(x), form=call("arccos", r"\arccos"))
ARCTAN = divisor("arctan", lambda y, x: 1 + SQUARE(x), numpy="np.arctan({0})", sympy=lambda sp, x: sp.atan(x),
                 form=call("arctan", r"\arctan"))

HYPOT = Op(
    # At the origin every slope of length up to 1 supports the cone; the rule takes the least, 0.
    "hypot",
    type_of=broadcast_float,
    pullback=lambda g, y, a, b: (g * SAFE_DIVIDE(a, y), g * SAFE_DIVIDE(b, y)),
    pushforward=lambda t, y, a, b: plus(*[times(s, SAFE_DIVIDE(v, y)) if s is not None else None
                                          for s, v in zip(t, (a, b))]),
    numpy="np.hypot({0}, {1})",
    sympy=lambda sp, a, b: sp.hypot(a, b),
    form=Form("hypot({0}, {1})", "hypot({0}, {1})", r"\sqrt{{\left({0}\right)^2 + \left({1}\right)^2}}", ATOM,
              (RELATION, RELATION)),
    elementwise=True,
    commutative=True,
    cost=10,
)


def _turn(of: Expr, a: Expr, b: Expr) -> Expr:
    """of/(a² + b²), never squaring, and 0 at the origin."""
    r = HYPOT(a, b)
    return SAFE_DIVIDE(SAFE_DIVIDE(of, r), r)


ARCTAN2 = Op(
    "arctan2",
    type_of=broadcast_float,
    pullback=lambda g, y, a, b: (g * _turn(b, a, b), -(g * _turn(a, a, b))),
    pushforward=lambda t, y, a, b: plus(None if t[0] is None else t[0] * _turn(b, a, b),
                                        None if t[1] is None else -(t[1] * _turn(a, a, b))),
    numpy="np.arctan2({0}, {1})",
    sympy=lambda sp, a, b: sp.atan2(a, b),
    form=call("arctan2", r"\operatorname{arctan2}", arity=2),
    elementwise=True,
    cost=30,
)

# -- hyperbolic functions ----------------------------------------------------------------------

SINH: Op = factor("sinh", lambda y, x: COSH(x), numpy="np.sinh({0})", sympy=lambda sp, x: sp.sinh(x),
              form=call("sinh", r"\sinh"), singular=True)
COSH: Op = factor("cosh", lambda y, x: SINH(x), numpy="np.cosh({0})", sympy=lambda sp, x: sp.cosh(x),
              form=call("cosh", r"\cosh"), singular=True)
ARCSINH = divisor("arcsinh", lambda y, x: HYPOT(1.0, x), numpy="np.arcsinh({0})", sympy=lambda sp, x: sp.asinh(x),
                  form=call("arcsinh", r"\operatorname{arcsinh}"))
ARCCOSH = guarded_divisor("arccosh", lambda y, x: SQRT(x - 1) * SQRT(x + 1), numpy="np.arccosh({0})",
                          sympy=lambda sp, x: sp.acosh(x), form=call("arccosh", r"\operatorname{arccosh}"))
ARCTANH = guarded_divisor("arctanh", lambda y, x: (1 - x) * (1 + x), numpy="np.arctanh({0})",
                          sympy=lambda sp, x: sp.atanh(x), form=call("arctanh", r"\operatorname{arctanh}"))

# -- angles, and the cardinal sine ----------------------------------------------------------------------

DEG2RAD = factor("deg2rad", lambda y, x: math.pi / 180, numpy="np.deg2rad({0})", sympy=lambda sp, x: sp.deg2rad(x),
                 form=call("deg2rad", r"\operatorname{rad}"), cost=1)
RAD2DEG = factor("rad2deg", lambda y, x: 180 / math.pi, numpy="np.rad2deg({0})", sympy=lambda sp, x: sp.rad2deg(x),
                 form=call("rad2deg", r"\operatorname{deg}"), cost=1)

SINC_HELPER = '''\
def sinc(x):
    """sin(pi*x) / (pi*x), 1 at 0; pi multiplies only what x exceeds a whole number by, so the zeros are exact."""
    x = np.asarray(x, np.result_type(x, np.float32))
    n = np.rint(x)
    y = np.sin(np.pi * (x - n)) / (np.pi * np.where(x == 0, x.dtype.type(1), x))
    return np.where(x == 0, x.dtype.type(1), np.where(np.remainder(n, 2) == 0, y, -y))
'''

SINC_SLOPE_HELPER = '''\
def sinc_slope(x):
    """The derivative of sinc, (cos(pi*x) - sinc(x)) / x; near 0, where that cancels, its power series in x."""
    x = np.asarray(x, np.result_type(x, np.float32))
    n = np.rint(x)
    near = np.abs(x) < 0.5
    z = np.where(near, np.pi * x, x.dtype.type(0))
    term = -np.pi * z / 3
    series = term
    for k in range(2, 14):
        term = -term * z * z * k / ((k - 1) * (2 * k) * (2 * k + 1))
        series = series + term
    c = np.cos(np.pi * (x - n))
    far = (np.where(np.remainder(n, 2) == 0, c, -c) - sinc(x)) / np.where(near, x.dtype.type(1), x)
    return np.where(near, series, far)
'''

SINC = factor(
    "sinc",
    lambda y, x: SINC_SLOPE(x),
    numpy="sinc({0})",
    helper=SINC_HELPER,
    sympy=lambda sp, x: sp.sinc_(x),
    form=call("sinc", r"\operatorname{sinc}"),
    cost=40,
)


def _sinc_curvature(s: Expr, x: Expr) -> Expr:
    """sinc'' = -π² sinc - 2 s/x for s = sinc', where s/x is -π²/3 at 0."""
    zero = EQUAL(x, 0)
    return -(math.pi**2) * SINC(x) - 2 * WHERE(zero, -(math.pi**2) / 3, s / WHERE(zero, 1.0, x))


SINC_SLOPE: Op = factor(
    "sinc_slope",
    _sinc_curvature,
    numpy="sinc_slope({0})",
    helper=(SINC_HELPER, SINC_SLOPE_HELPER),
    sympy=lambda sp, x: sp.sinc_slope(x),
    form=call("sinc_slope", r"\operatorname{sinc}'"),
    cost=80,
)

