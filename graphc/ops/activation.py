"""Elementwise rows: the activations of neural networks whose value or derivative is best taken whole.

Kinks: at 0 leaky_relu and elu have the derivative of their left branch.
"""

from __future__ import annotations

import math

from ..formula import ATOM, RELATION, Form, call
from ..ir import Expr, Op
from ..types import broadcast_float, broadcast_strong_number
from . import special_sources as source
from .elementwise import EXP, SIGMOID, SOFTPLUS, SQUARE, TANH, WHERE, plus, times
from .rounding import CLIP
from .special import NDTR, NORM_PDF
from .transcendental import EXPM1, factor

LEAKY_RELU = Op(
    "leaky_relu",
    type_of=broadcast_strong_number,
    pullback=lambda g, y, x, a: (WHERE(x > 0, g, a * g), g * WHERE(x > 0, 0.0, x)),
    pushforward=lambda t, y, x, a: plus(None if t[0] is None else WHERE(x > 0, t[0], a * t[0]),
                                        times(t[1], WHERE(x > 0, 0.0, x))),
    numpy="leaky_relu({0}, {1})",
    helper='''\
def leaky_relu(x, slope):
    """x where it is positive, else slope * x."""
    return np.where(np.greater(x, 0), x, slope * x)
''',
    sympy=lambda sp, x, a: sp.leaky_relu(x, a),
    form=Form("leaky_relu({0}, {1})", "leaky_relu({0}, {1})", r"\operatorname{{LeakyReLU}}_{{{1}}}\left({0}\right)",
              ATOM, (RELATION, RELATION)),
    elementwise=True,
    cost=3,
)


def _left(x: Expr) -> Expr:
    """min(x, 0), whose derivative at 0 is that from the left, 1."""
    return WHERE(x > 0, 0.0, x)


ELU = Op(
    # For x <= 0 the derivative is α e^x; y + α would lose the digits of a small e^x.
    "elu",
    type_of=broadcast_float,
    pullback=lambda g, y, x, a: (g * WHERE(x > 0, 1.0, a * EXP(_left(x))), g * EXPM1(_left(x))),
    pushforward=lambda t, y, x, a: plus(times(t[0], WHERE(x > 0, 1.0, a * EXP(_left(x)))),
                                        times(t[1], EXPM1(_left(x)))),
    numpy="elu({0}, {1})",
    helper='''\
def elu(x, alpha):
    """x where it is positive, else alpha * (exp(x) - 1)."""
    return np.where(np.greater(x, 0), x, alpha * np.expm1(np.minimum(x, 0)))
''',
    sympy=lambda sp, x, a: sp.elu(x, a),
    form=Form("elu({0}, {1})", "elu({0}, {1})", r"\operatorname{{ELU}}_{{{1}}}\left({0}\right)", ATOM,
              (RELATION, RELATION)),
    elementwise=True,
    cost=25,
)


def _silu_slope(y: Expr, x: Expr) -> Expr:
    """σ + y(1 - σ), for y = xσ."""
    s = SIGMOID(x)
    return s + y * (1 - s)


SILU = factor(
    "silu",
    _silu_slope,
    numpy="silu({0})",
    helper='''\
def silu(x):
    """x / (1 + exp(-x)), with no overflow: exp is only taken of what is not positive."""
    e = np.exp(-np.abs(x))
    return x * (np.where(np.greater_equal(x, 0), e.dtype.type(1), e) / (1 + e))
''',
    sympy=lambda sp, x: sp.silu(x),
    form=call("silu", r"\operatorname{SiLU}"),
    cost=30,
)

GELU = factor(
    "gelu",
    lambda y, x: NDTR(x) + x * NORM_PDF(x),
    numpy="gelu({0})",
    helper=(source.POLYNOMIAL, source.GAUSSIAN, source.ERFCX_POSITIVE, source.ERF_NEAR, source.NDTR, '''\
def gelu(x):
    """x times the normal distribution function at x."""
    return x * ndtr(x)
'''),
    sympy=lambda sp, x: sp.gelu(x),
    form=call("gelu", r"\operatorname{GELU}"),
    cost=90,
)

_C = 2 * math.sqrt(2 / math.pi)


GELU_TANH: Op = factor(
    # ½x(1 + tanh(u/2)) = xσ(u), which does not cancel to the left.
    "gelu_tanh",
    lambda y, x: GELU_TANH_SLOPE(x),
    numpy="gelu_tanh({0})",
    helper='''\
def gelu_tanh(x):
    """x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))/2, as x times a logistic function; beyond 40 that is 0 or 1."""
    near = np.clip(x, -40, 40)
    u = 1.5957691216057308 * (near + 0.044715 * near * near * near)
    e = np.exp(-np.abs(u))
    return x * (np.where(u >= 0, e.dtype.type(1), e) / (1 + e))
''',
    sympy=lambda sp, x: sp.gelu_tanh(x),
    form=call("gelu_tanh", r"\operatorname{GELU}_{\tanh}"),
    cost=40,
)


def _gelu_tanh_curvature(y: Expr, x: Expr) -> Expr:
    """σ(u)σ(-u)(2u' + xu'' + x(σ(-u) - σ(u))u'²), which is 0 in float64 from ±40 on."""
    near = CLIP(x, -40.0, 40.0)
    square = SQUARE(near)
    u, slope = _C * near * (1 + 0.044715 * square), _C * (1 + 0.134145 * square)
    left, right = SIGMOID(u), SIGMOID(-u)
    return left * right * (2 * slope + (2 * 0.134145 * _C) * square + near * (right - left) * SQUARE(slope))


GELU_TANH_SLOPE: Op = factor(
    # σ(u) + xσ(u)σ(-u)u', for u = c(x + 0.044715x³).
    "gelu_tanh_slope",
    _gelu_tanh_curvature,
    numpy="gelu_tanh_slope({0})",
    helper='''\
def gelu_tanh_slope(x):
    """The derivative of gelu_tanh: s + x*s*(1 - s)*du for the logistic s at u, whose derivative is du."""
    x = np.clip(x, -40, 40)
    u = 1.5957691216057308 * (x + 0.044715 * x * x * x)
    du = 1.5957691216057308 * (1 + 0.134145 * x * x)
    e = np.exp(-np.abs(u))
    return (np.where(u >= 0, e.dtype.type(1), e) + x * du * (e / (1 + e))) / (1 + e)
''',
    sympy=lambda sp, x: sp.gelu_tanh_slope(x),
    form=call("gelu_tanh_slope", r"\operatorname{GELU}_{\tanh}'"),
    cost=45,
)


def _mish_slope(y: Expr, x: Expr) -> Expr:
    """t + x(1 - t²)σ, for t = tanh(softplus(x)), since softplus' = σ."""
    t = TANH(SOFTPLUS(x))
    return t + x * ((1 - SQUARE(t)) * SIGMOID(x))


MISH = factor(
    "mish",
    _mish_slope,
    numpy="mish({0})",
    helper='''\
def mish(x):
    """x * tanh(log(1 + exp(x))), the tanh as a ratio of sums of exponentials that do not overflow."""
    e = np.exp(-np.abs(x))
    right = np.greater_equal(x, 0)
    top = np.where(right, 1 + 2 * e, e * (2 + e))
    return x * (top / (top + np.where(right, 2 * e * e, e.dtype.type(2))))
''',
    sympy=lambda sp, x: sp.mish(x),
    form=call("mish", r"\operatorname{Mish}"),
    cost=40,
)

SOFTSIGN = Op(
    "softsign",
    type_of=broadcast_float,
    pullback=lambda g, y, x: (g / SQUARE(1 + abs(x)),),
    pushforward=lambda t, y, x: t[0] / SQUARE(1 + abs(x)),
    numpy="{0} / (1 + np.absolute({0}))",
    sympy=lambda sp, x: sp.softsign(x),
    form=call("softsign", r"\operatorname{softsign}"),
    elementwise=True,
    cost=6,
)

LOG_SIGMOID = factor(
    "log_sigmoid",
    lambda y, x: SIGMOID(-x),
    numpy="-np.logaddexp(-{0}, 0.0)",
    sympy=lambda sp, x: sp.log_sigmoid(x),
    form=call("log_sigmoid", r"\log\sigma"),
    cost=40,
)

TANHSHRINK = factor(
    # The derivative of x - tanh(x) is tanh(x)².
    "tanhshrink",
    lambda y, x: SQUARE(TANH(x)),
    numpy="tanhshrink({0})",
    helper=(source.POLYNOMIAL, source.TANHSHRINK),
    sympy=lambda sp, x: sp.tanhshrink(x),
    form=Form("tanhshrink({0})", "tanhshrink({0})", r"\operatorname{{tanhshrink}}\left({0}\right)", ATOM, (RELATION,)),
    cost=60,
)
