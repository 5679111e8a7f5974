"""How a node without axes is written in plain Python: the table of `target="scalar"`.

A spelling is a template over operands of one kind: floats, whole numbers or truth values; `lower` converts those of
another. Where plain Python would raise (1.0 / 0.0, math.exp(1e3)) `codegen` knows what to write instead, so a helper
either never raises or calls the `ieee_` functions. Each helper computes as the NumPy source of its row does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import lru_cache

from .errors import DTypeError, GraphcError, InputError, ShapeError
from .ir import LEAVES, Expr
from .ops import special_sources as source
from .ops.stable import X_OVER_EXPM1


def _numbers(text: str, name: str) -> str:
    """The lines of a NumPy source that name these coefficients: both spellings have the same."""
    found = re.search(rf"    {name} = \(.*?\n    \)\n", text, re.DOTALL)
    assert found, name
    return found[0]


_ROUND = "{0} - {0} == 0.0 else {0}"  # what is no finite number stays as it is

FLOATS = {
    "add": "{0} + {1}", "subtract": "{0} - {1}", "multiply": "{0} * {1}", "divide": "{0} / {1}", "negative": "-{0}",
    "power": "math.pow({0}, {1})", "square": "{0} * {0}", "reciprocal": "1.0 / {0}", "absolute": "math.fabs({0})",
    "safe_divide": "{0} / {1} if {0} else {0}", "gap": "{0} - {1} if {0} != {1} else 0.0",
    "sqrt": "math.sqrt({0})", "cbrt": "math.cbrt({0})", "hypot": "math.hypot({0}, {1})",
    "exp": "math.exp({0})", "exp2": "math.exp2({0})", "expm1": "math.expm1({0})", "log": "math.log({0})",
    "log2": "math.log2({0})", "log10": "math.log10({0})", "log1p": "math.log1p({0})",
    "logaddexp": "logaddexp({0}, {1})", "logaddexp2": "logaddexp2({0}, {1})",
    "sin": "math.sin({0})", "cos": "math.cos({0})", "tan": "math.tan({0})", "arcsin": "math.asin({0})",
    "arccos": "math.acos({0})", "arctan": "math.atan({0})", "arctan2": "math.atan2({0}, {1})",
    "sinh": "math.sinh({0})", "cosh": "math.cosh({0})", "tanh": "math.tanh({0})", "arcsinh": "math.asinh({0})",
    "arccosh": "math.acosh({0})", "arctanh": "math.atanh({0})", "sinc": "sinc({0})",
    "deg2rad": f"{{0}} * {math.pi / 180!r}", "rad2deg": f"{{0}} * {180 / math.pi!r}",
    "sign": "1.0 if {0} > 0.0 else -1.0 if {0} < 0.0 else 0.0 if {0} == 0.0 else {0}",
    "floor": f"{{0}} // 1.0 if {_ROUND}", "ceil": f"-(-{{0}} // 1.0) if {_ROUND}",
    "trunc": f"math.copysign(math.fabs({{0}}) // 1.0, {{0}}) if {_ROUND}",
    "rint": f"math.copysign(round({{0}}), {{0}}) if {_ROUND}",
    "floor_divide": "floor_divide({0}, {1})", "remainder": "remainder({0}, {1})", "fmod": "math.fmod({0}, {1})",
    "maximum": "{0} if {0} >= {1} or {0} != {0} else {1}", "minimum": "{0} if {0} <= {1} or {0} != {0} else {1}",
    "fmax": "{0} if {0} >= {1} or {1} != {1} else {1}", "fmin": "{0} if {0} <= {1} or {1} != {1} else {1}",
    "clip": "clip({0}, {1}, {2})", "where": "{1} if {0} else {2}",
    "heaviside": "0.0 if {0} < 0.0 else 1.0 if {0} > 0.0 else {1} if {0} == 0.0 else {0}",
    "relu": "{0} if {0} > 0.0 else 0.0 if {0} == {0} else {0}", "leaky_relu": "{0} if {0} > 0.0 else {1} * {0}",
    "elu": "{0} if {0} > 0.0 else {1} * math.expm1({0})", "sigmoid": "sigmoid({0})", "silu": "{0} * sigmoid({0})",
    "softplus": "logaddexp({0}, 0.0)", "log_sigmoid": "-logaddexp(-{0}, 0.0)", "gelu_tanh": "gelu_tanh({0})",
    "gelu_tanh_slope": "gelu_tanh_slope({0})", "mish": "mish({0})", "softsign": "{0} / (1.0 + math.fabs({0}))",
    "erf": "math.erf({0})", "erfc": "math.erfc({0})", "xlogy": "xlogy({0}, {1})", "xlog1py": "xlog1py({0}, {1})",
    "entr": "entr({0})", "rel_entr": "rel_entr({0}, {1})", "logit": "logit({0})", "log_cosh": "log_cosh({0})",
    "reciprocal_expm1": "reciprocal_expm1({0})", "log1mexp": "log1mexp({0})",
    "sigmoid_cross_entropy": "sigmoid_cross_entropy({0}, {1})", "gelu": "{0} * ndtr({0})", "ndtr": "ndtr({0})",
    "norm_pdf": "norm_pdf({0})", "log_ndtr": "log_ndtr({0})", "erfcx": "erfcx({0})", "erfcx_slope": "erfcx_slope({0})",
    "tanhshrink": "tanhshrink({0})", "sinc_slope": "sinc_slope({0})", "gammaln": "gammaln({0})",
    "digamma": "digamma({0})", "polygamma": "polygamma({0}, {1})", "x_over_expm1": "x_over_expm1({0}, {order})",
    "expm1_over_x": "expm1_over_x({0}, {order})",
}  # fmt: skip
WHOLE = {  # `wrap` becomes wrap64 or wrap32: NumPy's whole numbers go round
    "add": "wrap({0} + {1})", "subtract": "wrap({0} - {1})", "multiply": "wrap({0} * {1})", "negative": "wrap(-{0})",
    "power": "wrap(whole_power({0}, {1}))", "square": "wrap({0} * {0})", "absolute": "wrap(-{0} if {0} < 0 else {0})",
    "sign": "1 if {0} > 0 else -1 if {0} else 0", "floor": "{0}", "ceil": "{0}", "trunc": "{0}",
    "floor_divide": "wrap({0} // {1} if {1} else 0)", "remainder": "{0} % {1} if {1} else 0",
    "fmod": "whole_fmod({0}, {1})", "maximum": "{0} if {0} >= {1} else {1}", "minimum": "{0} if {0} <= {1} else {1}",
    "fmax": "{0} if {0} >= {1} else {1}", "fmin": "{0} if {0} <= {1} else {1}",
    "clip": "min(max({0}, {1}), {2})", "where": "{1} if {0} else {2}", "relu": "{0} if {0} > 0 else 0",
    "leaky_relu": "{0} if {0} > 0 else wrap({1} * {0})",
}  # fmt: skip
TRUTH = {
    "add": "{0} or {1}", "multiply": "{0} and {1}", "maximum": "{0} or {1}", "minimum": "{0} and {1}",
    "fmax": "{0} or {1}", "fmin": "{0} and {1}", "absolute": "{0}", "clip": "({0} or {1}) and {2}",
    "where": "{1} if {0} else {2}", "logical_and": "{0} and {1}", "logical_or": "{0} or {1}",
    "logical_not": "not {0}", "logical_xor": "{0} is not {1}",
}  # fmt: skip
# Of any numbers, a truth value.
TESTS = {
    "greater": "{0} > {1}", "greater_equal": "{0} >= {1}", "less": "{0} < {1}", "less_equal": "{0} <= {1}",
    "equal": "{0} == {1}", "not_equal": "{0} != {1}", "isfinite": "math.isfinite({0})", "isinf": "math.isinf({0})",
    "isnan": "math.isnan({0})", "signbit": "math.copysign(1.0, {0}) < 0.0", "any": "{0} != 0", "all": "{0} != 0",
}  # fmt: skip
# Of what has no axes, its value as it stands.
IDENTITIES = frozenset({"stop_gradient", "sum", "mean", "prod", "max", "min", "reshape", "broadcast_to", "transpose"})
_CASTS = {
    ("float64", "int64"): "whole64({0})", ("float64", "int32"): "whole32({0})", ("int64", "int32"): "wrap32({0})",
}  # fmt: skip

HELPERS = {
    "wrap64": '''\
def wrap64(n):
    """A whole number modulo 2**64, as int64 has it."""
    return (n + 0x8000000000000000) % 0x10000000000000000 - 0x8000000000000000
''',
    "wrap32": '''\
def wrap32(n):
    """A whole number modulo 2**32, as int32 has it."""
    return (n + 0x80000000) % 0x100000000 - 0x80000000
''',
    "whole64": '''\
def whole64(x):
    """A float without its fraction, as int64; the least of them where it does not fit."""
    return int(x) if -0x8000000000000000 <= x < 0x8000000000000000 else -0x8000000000000000
''',
    "whole32": '''\
def whole32(x):
    """A float without its fraction, as int32; the least of them where it does not fit."""
    return int(x) if -0x80000001 < x < 0x80000000 else -0x80000000
''',
    "whole_power": '''\
def whole_power(a, b):
    """a ** b modulo 2**64, of whole numbers."""
    if b < 0:
        raise ValueError("Integers to negative integer powers are not allowed.")
    return pow(a, b, 0x10000000000000000)
''',
    "whole_fmod": '''\
def whole_fmod(a, b):
    """The remainder of whole numbers that has the sign of a, 0 for b = 0."""
    r = abs(a) % abs(b) if b else 0
    return -r if a < 0 else r
''',
    "floor_divide": '''\
def floor_divide(a, b):
    """The floor of a / b, infinite or nan where b is 0."""
    return a // b if b else ieee_divide(a, b)
''',
    "remainder": '''\
def remainder(a, b):
    """a - b*floor(a/b), which has the sign of b; nan where b is 0."""
    return a % b if b else math.nan
''',
    "clip": '''\
def clip(x, low, high):
    """min(max(x, low), high); nan where one of them is."""
    x = x if x >= low or x != x else low
    return x if x <= high or x != x else high
''',
    "sigmoid": '''\
def sigmoid(x):
    """1 / (1 + exp(-x)), with no overflow: exp is only taken of what is not positive."""
    e = math.exp(-math.fabs(x))
    return (1.0 if x >= 0.0 else e) / (1.0 + e)
''',
    "logaddexp": '''\
def logaddexp(a, b):
    """log(exp(a) + exp(b)), with no overflow: exp is only taken of what is not positive."""
    if a == b:
        return a + 0.6931471805599453
    return (a if a > b or a != a else b) + math.log1p(math.exp(-math.fabs(a - b)))
''',
    "logaddexp2": '''\
def logaddexp2(a, b):
    """log2(2**a + 2**b), with no overflow: powers are only taken of what is not positive."""
    if a == b:
        return a + 1.0
    return (a if a > b or a != a else b) + 1.4426950408889634 * math.log1p(math.exp2(-math.fabs(a - b)))
''',
    "sinc": '''\
def sinc(x):
    """sin(pi*x) / (pi*x), 1 at 0; pi multiplies only what x exceeds a whole number by, so the zeros are exact."""
    if x == 0.0 or x - x != 0.0:
        return 1.0 if x == 0.0 else math.nan
    n = round(x)
    y = math.sin(math.pi * (x - n)) / (math.pi * x)
    return -y if n % 2 else y
''',
    "gelu_tanh": '''\
def gelu_tanh(x):
    """x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))/2, as x times a logistic function; beyond 40 that is 0 or 1."""
    near = clip(x, -40.0, 40.0)
    return x * sigmoid(1.5957691216057308 * (near + 0.044715 * near * near * near))
''',
    "gelu_tanh_slope": '''\
def gelu_tanh_slope(x):
    """The derivative of gelu_tanh: s + x*s*(1 - s)*du for the logistic s at u, whose derivative is du."""
    x = clip(x, -40.0, 40.0)
    u = 1.5957691216057308 * (x + 0.044715 * x * x * x)
    du = 1.5957691216057308 * (1.0 + 0.134145 * x * x)
    e = math.exp(-math.fabs(u))
    return ((1.0 if u >= 0.0 else e) + x * du * (e / (1.0 + e))) / (1.0 + e)
''',
    "mish": '''\
def mish(x):
    """x * tanh(log(1 + exp(x))), the tanh as a ratio of sums of exponentials that do not overflow."""
    e = math.exp(-math.fabs(x))
    top = 1.0 + 2.0 * e if x >= 0.0 else e * (2.0 + e)
    return x * (top / (top + (2.0 * e * e if x >= 0.0 else 2.0)))
''',
    "xlogy": '''\
def xlogy(x, y):
    """x * log(y), and 0 where x is 0, whatever number y is."""
    return 0.0 if x == 0.0 and y == y else x * ieee_log(y)
''',
    "xlog1py": '''\
def xlog1py(x, y):
    """x * log(1 + y), and 0 where x is 0, whatever number y is."""
    return 0.0 if x == 0.0 and y == y else x * ieee_log1p(y)
''',
    "entr": '''\
def entr(x):
    """-x * log(x), 0 at 0 and -inf below."""
    return -x * math.log(x) if x > 0.0 else -math.inf if x < 0.0 else -x
''',
    "rel_entr": '''\
def rel_entr(p, q):
    """p * log(p/q), 0 where p is 0 and q >= 0, inf outside of p, q >= 0; by log1p where p is near q."""
    if not (p > 0.0 and q > 0.0):
        return 0.0 if p == 0.0 and q >= 0.0 else math.nan if p != p or q != q else math.inf
    d, ratio = (p - q) / q, p / q
    if math.fabs(d) < 0.5:
        return p * math.log1p(d)
    return p * (math.log(ratio) if 1e-30 < ratio < math.inf else math.log(p) - math.log(q))
''',
    "logit": '''\
def logit(p):
    """log(p / (1 - p)): by log1p about 1/2, where it vanishes."""
    if math.fabs(p - 0.5) < 0.25:
        return math.log1p((2.0 * p - 1.0) / (1.0 - p))
    return ieee_log(ieee_divide(p, 1.0 - p))
''',
    "log_cosh": '''\
def log_cosh(x):
    """log(cosh(x)): by sinh near 0, where it is about x*x/2, and by exp beyond, where cosh would overflow."""
    a = math.fabs(x)
    if a < 1.0:
        s = math.sinh(a / 2.0)
        return math.log1p(2.0 * (s * s))
    return a + math.log1p(math.exp(-2.0 * a)) - 0.6931471805599453
''',
    "reciprocal_expm1": '''\
def reciprocal_expm1(x):
    """1 / (exp(x) - 1), without cancellation near 0; 0 where exp(x) overflows."""
    return ieee_divide(1.0, ieee_expm1(x))
''',
    "log1mexp": '''\
def log1mexp(x):
    """log(1 - exp(-x)): by expm1 up to log(2), by log1p beyond (Maechler 2012); nan for x < 0, as the log is."""
    if x < 0.6931471805599453:
        return ieee_log(-ieee_expm1(-x))
    return math.log1p(-math.exp(-x))
''',
    "sigmoid_cross_entropy": '''\
def sigmoid_cross_entropy(z, y):
    """-(y*log(p) + (1 - y)*log(1 - p)) for p = 1/(1 + exp(-z)), of terms that cannot cancel for y from 0 to 1."""
    return math.log1p(math.exp(-math.fabs(z))) + ((1.0 - y) * z if z > 0.0 else -(y * z))
''',
}  # fmt: skip
HELPERS |= {
    "polynomial": '''\
def polynomial(x, coefficients):
    """Horner's rule, the highest power first."""
    y = coefficients[0]
    for c in coefficients[1:]:
        y = y * x + c
    return y
''',
    "gaussian": '''\
def gaussian(x, h):
    """exp(-h*x*x) for |x| <= 40: the square of x to 16 binary places is exact, and the rest is small."""
    near = round(65536.0 * x) / 65536.0
    return ieee_exp(-h * near * near) * ieee_exp(-h * (x - near) * (x + near))
''',
    "erfcx_positive": f'''\
def erfcx_positive(x):
    """exp(x*x) * erfc(x) for x >= 0: (1 + 2x) times it is a smooth function of t = (x - 4)/(x + 4)."""
{_numbers(source.ERFCX_POSITIVE, "smooth")}\
    return 0.5 * polynomial(1.0 - 8.0 / (x + 4.0), smooth) / (0.5 + x)
''',
    "erf_near": f'''\
def erf_near(x):
    """erf(x) for |x| <= 1: x times a polynomial in x*x."""
{_numbers(source.ERF_NEAR, "over_x")}\
    return x * polynomial(x * x, over_x)
''',
    "ndtr": '''\
def ndtr(x):
    """The normal distribution function, with all its digits in the left tail."""
    a = min(math.fabs(x), 40.0)
    if not a > 1.0:
        return 0.5 + 0.5 * erf_near(x * 0.7071067811865476)
    tail = 0.5 * gaussian(a, 0.5) * erfcx_positive(a * 0.7071067811865476)
    return tail if x < 0.0 else 1.0 - tail
''',
    "norm_pdf": '''\
def norm_pdf(x):
    """exp(-x*x/2) / sqrt(2*pi), the normal density."""
    return x if x != x else 0.3989422804014327 * gaussian(min(math.fabs(x), 40.0), 0.5)
''',
    "log_ndtr": '''\
def log_ndtr(x):
    """log(ndtr(x)), finite far to the left, where it is near -x*x/2."""
    if x < -1.0:
        return ieee_log(0.5 * erfcx_positive(-x * 0.7071067811865476)) - 0.5 * x * x
    return math.log(ndtr(x)) if x < 0.0 else math.log1p(-ndtr(-x))
''',
    "erfcx": '''\
def erfcx(x):
    """exp(x*x) * erfc(x), which falls like 1/(x*sqrt(pi)); inf where exp(x*x) overflows, below -26.6."""
    y = erfcx_positive(math.fabs(x))
    return 2.0 * gaussian(min(-x, 30.0), -1.0) - y if x < 0.0 else y
''',
    "erfcx_slope": f'''\
def erfcx_slope(x):
    """2*x*erfcx(x) - 2/sqrt(pi), the derivative of erfcx: for x >= 0, where that cancels, by (1 + 2x)**2 times it."""
{_numbers(source.ERFCX_SLOPE, "smooth")}\
    if x < 0.0:
        return 2.0 * x * erfcx(x) - 1.1283791670955126
    return -0.25 * polynomial(1.0 - 8.0 / (x + 4.0), smooth) / (0.5 + x) / (0.5 + x)
''',
    "tanhshrink": f'''\
def tanhshrink(x):
    """x - tanh(x), without cancellation: for |x| < 1 it is x**3 times a polynomial in x*x."""
{_numbers(source.TANHSHRINK, "over_cube")}\
    square = x * x
    return x * (square * polynomial(square, over_cube)) if math.fabs(x) < 1.0 else x - math.tanh(x)
''',
    "sinc_slope": '''\
def sinc_slope(x):
    """The derivative of sinc, (cos(pi*x) - sinc(x)) / x; near 0, where that cancels, its power series in x."""
    if x - x != 0.0:
        return math.nan
    if math.fabs(x) < 0.5:
        z = math.pi * x
        series = term = -math.pi * z / 3.0
        for k in range(2, 14):
            term = -term * z * z * k / ((k - 1) * (2 * k) * (2 * k + 1))
            series = series + term
        return series
    n = round(x)
    c = math.cos(math.pi * (x - n))
    return ((-c if n % 2 else c) - sinc(x)) / x
''',
    "gammaln": f'''\
def gammaln(x):
    """log|gamma(x)|: by steps to [1.25, 2.5] below 8, by Stirling's series beyond, by reflection for x <= 0.

    About 2 it is w times a polynomial in w = x - 2; about 1 the step is log(x), x as it is: both zeros are exact.
    """
{_numbers(source.GAMMALN, "over_w")}\
{_numbers(source.GAMMALN, "stirling")}\
    if x - x != 0.0:
        return math.fabs(x)
    z = 1.0 - x if x <= 0.0 else x
    if z < 8.0:
        steps = z * (z + 1.0) if z < 0.5 else z if z < 1.25 else 1.0
        w = z if z < 0.5 else z - 1.0 if z < 1.25 else z - 2.0
        while w > 0.5:
            steps, w = steps * (w + 1.0), w - 1.0
        y = w * polynomial(w, over_w) + (-math.log(steps) if z < 1.25 else math.log(steps))
    else:
        y = (z - 0.5) * (math.log(z) - 1.0) + (0.4189385332046727 + polynomial(1.0 / (z * z), stirling) / z)
    if x > 0.0:
        return y
    return math.log(ieee_divide(math.pi, math.fabs(math.sin(math.pi * (x - round(x)))))) - y
''',
    "digamma": f'''\
def digamma(x):
    """gamma'(x) / gamma(x): by steps to [1, 2] below 8, by its asymptotic series beyond, by reflection for x <= 0.

    On [1, 2] it is x minus its zero, held in two parts, times a polynomial in x - 1.5.
    """
{_numbers(source.DIGAMMA, "over_root")}\
{_numbers(source.DIGAMMA, "asymptotic")}\
    if x != x or x == -math.inf:
        return math.nan
    z = 1.0 - x if x <= 0.0 else x
    if z < 8.0:
        steps = 0.0
        if z < 1.0:
            steps, z = -1.0 / z, z + 1.0
        while z > 2.0:
            z = z - 1.0
            steps = steps + 1.0 / z
        y = steps + ((z - 1.4616321449683622) - 9.549995429965697e-17) * polynomial(z - 1.5, over_root)
    else:
        y = math.log(z) - (0.5 - polynomial(1.0 / (z * z), asymptotic) / z) / z
    if x > 0.0:
        return y
    r = x - round(x)
    return math.nan if r == 0.0 and x < 0.0 else y - ieee_divide(math.pi, math.tan(math.pi * r + 0.0))
''',
    "polygamma": f'''\
def polygamma(n, x):
    """Derivative n >= 1 of digamma, (-1)**(n+1) * n! * sum over k of 1/(x + k)**(n + 1).

    The first terms as they are, the rest by Euler and Maclaurin; x <= 0 by the derivatives of the cotangent.
    """
{_numbers(source.POLYGAMMA, "bernoulli")}\
    if x != x or x == -math.inf:
        return math.nan
    a = 1.0 - x if x <= 0.0 else x
    count = math.ceil(n + 10 - a) if a < n + 10 else 0
    b = a + count
    rising, total = n + 1.0, 1.0 / n + 0.5 / b
    for j, number in enumerate(bernoulli, start=1):
        total = total + number * rising / ieee_pow(b, 2 * j)
        rising = rising * (n + 2 * j) * (n + 2 * j + 1)
    total = total / ieee_pow(b, n)
    for k in reversed(range(count)):
        total = total + ieee_pow(a + k, -(n + 1.0))
    y = (-1) ** (n + 1) * math.prod(range(1, n + 1), start=1.0) * total
    if x > 0.0:
        return y
    c = ieee_divide(1.0, math.tan(math.pi * (x - round(x)) + 0.0))
    powers = [0.0, 1.0]  # of c, in the polynomial that is derivative number 0
    for _ in range(n):
        slope = [k * p for k, p in enumerate(powers)][1:] + [0.0, 0.0]
        powers = [-p - (slope[k - 2] if k > 1 else 0.0) for k, p in enumerate(slope)]
    return (-1) ** n * y - ieee_pow(math.pi, n + 1) * polynomial(c, powers[::-1])
''',
    "x_over_expm1": f'''\
def x_over_expm1(x, order):
    """x / (exp(x) - 1), 1 at x = 0, or its derivative of order 1, 2 or 3: by the Taylor series for |x| < 1."""
    e = ieee_expm1(x)
    if order == 0:
        return x / e if x else 1.0
{_numbers(str(X_OVER_EXPM1.helper), "taylor")}\
    if math.fabs(x) < 1.0:
        near = 0.0
        for k in range(len(taylor), order // 3, -1):
            falling = (2 * k, 2 * k * (2 * k - 1), 4 * k * (2 * k - 1) * (k - 1))[order - 1]
            near = near * (x * x) + falling * taylor[k - 1]
        return (near * x - 0.5, near, near * x)[order - 1]
    n, m = 1.0 / e, -1.0 / ieee_expm1(-x)
    if order == 1:
        return n * (1.0 - x * m)
    both = n + m
    return n * m * (x * both - 2.0) if order == 2 else n * m * (3.0 * both - x * (both * both + 2.0 * n * m))
''',
    "expm1_over_x": '''\
def expm1_over_x(x, order):
    """(exp(x) - 1) / x, 1 at x = 0, or its derivative of order 1, 2 or 3: by the Taylor series for |x| < 1."""
    if math.fabs(x) < 1.0:
        if order == 0:
            return math.expm1(x) / x if x else 1.0
        near = 0.0
        for j in range(18, -1, -1):
            near = near * x / (j + 1) + 1.0 / (j + order + 1)
        return near
    scale = ieee_exp(max(x, 0.0))  # taken out of the recursion, where it might overflow
    top = math.exp(min(x, 0.0))
    far = (-math.expm1(-x) if x > 0.0 else math.expm1(x)) / x
    for k in range(1, order + 1):
        far = (top - k * far) / x
    return scale * far
''',
}  # fmt: skip
RESERVED = frozenset({*HELPERS, "math", "random", "type", "abs", "min", "max", "pow", "round", "range", "enumerate",
                      "reversed", "ArithmeticError", "OverflowError", "ValueError"})
_WORD = re.compile(r"(?<![\w.])[^\W\d]\w*")


# -- a node ---------------------------------------------------------------------------------------------------


def scalar_spelling(node: Expr) -> tuple[str, tuple[str, ...]]:
    """How a node is written, and the dtype that it takes each of its operands in.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> scalar_spelling(x * (x > 0))
    ('{0} if {1} else {0} * 0.0', ('float64', 'bool'))
    """
    name, dtype, given = node.op.name, node.type.dtype, tuple(a.type.dtype for a in node.args)
    if name in IDENTITIES:
        return "{0}", (dtype,)
    if name == "astype":
        return _CASTS.get((given[0], dtype), "{0}"), (given[0] if (given[0], dtype) in _CASTS else dtype,)
    if name in TESTS:
        return TESTS[name], (_common(given),) * len(given)
    if name == "where":
        return FLOATS[name], ("bool", dtype, dtype)
    if name == "polygamma":
        return FLOATS[name], ("int64", "float64")
    if dtype == "float64":
        return _of_floats(node, name, given)
    table = TRUTH if dtype == "bool" else WHOLE
    return table[name].replace("wrap(", f"wrap{dtype.removeprefix('int')}("), (dtype,) * len(given)


def _of_floats(node: Expr, name: str, given: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    wanted = ("float64",) * len(given)
    # A number times a truth value: 0.0 keeps what inf * 0.0 is, and Python is slow to multiply floats by others.
    if name == "multiply" and given[1] == "bool" and given[0] != "bool":
        return "{0} if {1} else {0} * 0.0", ("float64", "bool")
    if name == "multiply" and given[0] == "bool" and given[1] != "bool":
        return "{1} if {0} else {1} * 0.0", ("bool", "float64")
    if name == "power" and node.args[1].op.name == "const":
        power = node.args[1].attrs[0].value.item()
        # Products of a few factors are exact to an ulp, and a quarter of the time.
        short = {-1: "1.0 / {0}", 1: "{0}", 2: "{0} * {0}", 3: "{0} * {0} * {0}"}.get(power)
        if short:
            return short, wanted[:1]
    return FLOATS[name].replace("{order}", str(node.attrs[0] if node.attrs else "")), wanted


def _common(dtypes: Iterable[str]) -> str:
    """The dtype that numbers are compared in."""
    found = set(dtypes)
    return next(d for d in ("float64", "int64", "int32", "bool") if d in found)


_INTO = {"float64": "float({0})", "int64": "int({0})", "int32": "int({0})", "bool": "{0} != 0"}


def conversion(given: str, wanted: str) -> str:
    """How a value of one dtype becomes one of another; "" where Python has one type for both."""
    return "" if given == wanted or {given, wanted} == {"int64", "int32"} else _INTO[wanted]


def scalar_helpers(order: Iterable[Expr]) -> tuple[tuple[str, str], ...]:
    """The small functions that the spellings call, each once, before what calls it."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for node in order:
        if node.op.name in LEAVES:
            continue
        template = scalar_spelling(node)[0]
        if template in seen:
            continue
        seen.add(template)
        for name in _WORD.findall(template):
            found.update(_with_callees(name))
    return tuple(found.items())


@lru_cache(maxsize=256)
def _with_callees(name: str) -> tuple[tuple[str, str], ...]:
    """A helper after those that it calls, and those that they call."""
    found: dict[str, str] = {}
    stack = [name] if name in HELPERS else []
    while stack:
        name = stack.pop()
        found.pop(name, None)
        found[name] = HELPERS[name]
        stack += [n for n in dict.fromkeys(_WORD.findall(HELPERS[name])) if n in HELPERS and n != name]
    return tuple(reversed(found.items()))


# -- what has no plain-Python form ----------------------------------------------------------------------------------


def refusal(order: Iterable[Expr], who: str) -> GraphcError | None:
    """Why these nodes cannot be computed with Python's own numbers, or None: the first that cannot, and where it was
    declared."""
    for node in order:
        place = f"(declared at {node.place})"
        if node.type.dtype == "float32":
            return DTypeError(f'{who}: target="scalar" computes with Python floats, which are float64; '
                              f'{_what(node)} {node.type} {place} needs target="numpy"')
        if not supported(node) or node.type.dtype == "tuple":
            return InputError(f'{who}: target="scalar" has no {node.op.name} '
                              f'{place}; use target="numpy", which has every operation')
        if node.shape:
            return ShapeError(f'{who}: target="scalar" takes numbers without axes, got {_what(node)} {node.type} '
                              f'{place}; use target="numpy"')
    return None


def _what(node: Expr) -> str:
    return node.label or node.op.name


def supported(node: Expr) -> bool:
    """Whether a node, or one of its op, has a spelling; `TRUTH` and `WHOLE` lack what has no sense for them."""
    name, dtype = node.op.name, node.type.dtype
    if name in LEAVES:
        return name != "size" and name != "bound"
    if name in IDENTITIES or name in TESTS or name in ("astype", "where"):
        return True
    return name in (FLOATS if dtype.startswith("float") else TRUTH if dtype == "bool" else WHOLE)
