"""Source of the elementary functions that numba kernels call: calls of libm would keep a loop from being vectorised.

They are straight lines of arithmetic, comparisons and integer operations on the bits of a float, which LLVM turns
into vector instructions. Each is written once and printed for float64 and float32; its error against the exact
value is at most 2 ulp, and infinities, nan, signed zeros and subnormals come out as NumPy's do. The activations at the
end are the formulas of their helpers for NumPy, in these functions, and as accurate as those.

Coefficients of `exp` and `log` are Chebyshev fits made with 60 digits; those of `tanh` are the whole numbers of its
continued fraction x/(1 + x²/(3 + x²/(5 + ...))), cut off after 15 (float64) or 9 (float32).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

# A product may be fused with the sum that follows: that is one rounding less, and no line relies on the second.
DECORATOR = '@njit(error_model="numpy", fastmath={"contract"}, forceinline=True)'

_DOUBLE = {
    "float": "float64", "int": "int64", "w": "64", "BITS": "52", "BIAS": "1023",
    "ONE": "0x3FF0000000000000", "ROOT": "0x3FE6A09E667F3BCD",  # of 1 and sqrt(1/2)
    "EXPONENT": "0x7FF0000000000000", "FRACTION": "0x000FFFFFFFFFFFFF", "SIGN": "-0x8000000000000000",
    "INF": "np.inf", "NAN": "np.nan",
    "LARGE": "0x4330000000000000", "OFFSET": "4503599627371519.0",  # 2**52, and 2**52 + 1023
    "MAGIC": "6755399441055744.0",  # 1.5 * 2**52
    "LN2_HI": "0.6931471805598903", "LN2_LO": "5.497923018708371e-14",  # 42 bits, and the rest
    "TOP": "710.0", "BOTTOM": "-746.0", "FLAT": "20.0",
    "TINY": "2.2250738585072014e-308", "LIFT": "18014398509481984.0", "LIFTED": "54.0",
}  # fmt: skip
_SINGLE = {
    "float": "float32", "int": "int32", "w": "32", "BITS": "23", "BIAS": "127",
    "ONE": "0x3F800000", "ROOT": "0x3F3504F3",
    "EXPONENT": "0x7F800000", "FRACTION": "0x007FFFFF", "SIGN": "-0x80000000",
    "INF": "np.inf", "NAN": "np.nan",
    "LARGE": "0x4B000000", "OFFSET": "8388735.0", "MAGIC": "12582912.0",
    "LN2_HI": "0.693145751953125", "LN2_LO": "1.4286068203094173e-06",
    "TOP": "89.0", "BOTTOM": "-104.0", "FLAT": "10.0",
    "TINY": "1.1754943508222875e-38", "LIFT": "33554432.0", "LIFTED": "25.0",
}  # fmt: skip

# The lowest coefficient first: of (exp(r) - 1 - r)/r**2, of (log((1 + s)/(1 - s)) - 2*s)/s**3 in z = s*s.
_SERIES = {
    "64": {
        "EXP": ("0.5", "0.1666666666666667", "0.04166666666666667", "0.008333333333326025", "0.001388888888888367",
                "0.00019841269875205077", "2.4801587325822283e-05", "2.75572549134867e-06", "2.7557273295539724e-07",
                "2.5105419192016337e-08", "2.091483135138041e-09"),
        "LOG": ("0.666666666666667", "0.3999999999989322", "0.28571428628810996", "0.22222210674238516",
                "0.18182922513515942", "0.15330617306743305", "0.1463003136412286"),
        "TOP_TANH": ("675675.0", "45045.0", "594.0", "1.0"),
        "LOW_TANH": ("2027025.0", "945945.0", "51975.0", "630.0", "1.0"),
    },
    "32": {
        "EXP": ("0.5000000013620138", "0.16666666681794626", "0.041666463386339524", "0.008333310754576892",
                "0.001393382048977602", "0.00019891180158282143"),
        "LOG": ("0.6666666654988318", "0.40000125594554364", "0.28550396959618013", "0.23341943388714562"),
        "TOP_TANH": ("315.0", "14.0"),
        "LOW_TANH": ("945.0", "420.0", "15.0"),
    },
}  # fmt: skip
_SOURCES = {
    "exp": '''
def exp$w(x):
    """exp(x) = 2**k * exp(r) for x = k*log(2) + r; the power in two factors, for the ends of the range."""
    x = $TOP if x > $TOP else x
    x = $BOTTOM if x < $BOTTOM else x
    k = (x * 1.4426950408889634 + $MAGIC) - $MAGIC  # the nearest whole number
    r = (x - k * $LN2_HI) - k * $LN2_LO
    q = $poly(r, EXP)
    h = 0.5 * k + $MAGIC  # its low bits are half of k
    rest = (k - (h - $MAGIC)) + $MAGIC
    one = np.$int((np.$float(h).view(np.$int) + $BIAS) << $BITS).view(np.$float)
    two = np.$int((np.$float(rest).view(np.$int) + $BIAS) << $BITS).view(np.$float)
    return (1.0 + (r + r * r * q)) * one * two
''',
    "log": '''
def log$w(x):
    """log(x) = k*log(2) + log(1 + f) for x = 2**k * (1 + f) with 1 + f from sqrt(1/2) to sqrt(2)."""
    small = x < $TINY
    y = x * $LIFT if small else x  # a subnormal is made normal
    bits = np.$int(np.$float(y).view(np.$int) + ($ONE - $ROOT))
    k = np.$int((np.$int(bits & $EXPONENT) >> $BITS) | $LARGE).view(np.$float) - $OFFSET
    k = k - $LIFTED if small else k
    f = np.$int((bits & $FRACTION) + $ROOT).view(np.$float) - 1.0
    s = f / (2.0 + f)
    z = s * s
    half = 0.5 * f * f
    y = k * $LN2_HI - ((half - (s * (half + z * $poly(z, LOG)) + k * $LN2_LO)) - f)
    y = y if x < $INF else x  # inf and nan
    y = y if x != 0.0 else -$INF
    return $NAN if x < 0.0 else y
''',
    "log1p": '''
def log1p$w(x):
    """log(1 + x), by log(1 + f) with f = x near 0, and else by log(u) + c/u for 1 + x = u + c."""
    near = (x > -0.29) & (x < 0.41)
    u = 1.0 + x
    c = 1.0 - (u - x) if x > 1.0 else x - (u - 1.0)
    bits = np.$int(np.$float(u).view(np.$int) + ($ONE - $ROOT))
    k = np.$int((np.$int(bits & $EXPONENT) >> $BITS) | $LARGE).view(np.$float) - $OFFSET
    f = np.$int((bits & $FRACTION) + $ROOT).view(np.$float) - 1.0
    f = x if near else f
    k = 0.0 if near else k
    c = 0.0 if near else c / u
    s = f / (2.0 + f)
    z = s * s
    half = 0.5 * f * f
    y = k * $LN2_HI - ((half - (s * (half + z * $poly(z, LOG)) + (k * $LN2_LO + c))) - f)
    y = y if x != 0.0 else x
    y = y if x < $INF else x
    y = y if x != -1.0 else -$INF
    return $NAN if x < -1.0 else y
''',
    "expm1": '''
def expm1$w(x):
    """exp(x) - 1 = 2**k * (exp(r) - 1) + (2**k - 1), which loses nothing near 0."""
    t = x if x > -2.0 * $FLAT else (-2.0 * $FLAT if x == x else x)
    t = $TOP if t > $TOP else t
    k = (t * 1.4426950408889634 + $MAGIC) - $MAGIC
    hi = t - k * $LN2_HI
    r = hi - k * $LN2_LO
    w = ((hi - r) - k * $LN2_LO) + r * r * $poly(r, EXP)  # exp(r) - 1 - r, and what r is rounded by
    h = 0.5 * k + $MAGIC
    rest = (k - (h - $MAGIC)) + $MAGIC
    one = np.$int((np.$float(h).view(np.$int) + $BIAS) << $BITS).view(np.$float)
    two = np.$int((np.$float(rest).view(np.$int) + $BIAS) << $BITS).view(np.$float)
    p = one * two
    far = (1.0 + (r + w)) * one * two
    y = ((p - 1.0) + p * r) + p * w
    y = far if t > 2.0 * $FLAT else y
    return y if x != 0.0 else x
''',
    "tanh": '''
def tanh$w(x):
    """tanh(x): |x| less |x| times a quotient of polynomials in x*x near 0, 1 - 2/(exp(2|x|) + 1) beyond."""
    a = abs(x)
    b = a if a < $FLAT else ($FLAT if a == a else a)
    b = b + b
    k = (b * 1.4426950408889634 + $MAGIC) - $MAGIC
    r = (b - k * $LN2_HI) - k * $LN2_LO
    q = $poly(r, EXP)
    power = np.$int((np.$float(k + $MAGIC).view(np.$int) + $BIAS) << $BITS).view(np.$float)
    e = (1.0 + (r + r * r * q)) * power
    z = b * b * 0.25
    near = a < 0.625
    top = z * $poly(z, TOP_TANH) if near else 2.0
    low = $poly(z, LOW_TANH) if near else e + 1.0
    q = top / low
    y = a - a * q if near else 1.0 - q
    return np.$int(np.$float(y).view(np.$int) | (np.$float(x).view(np.$int) & $SIGN)).view(np.$float)
''',
    "sigmoid": '''
def sigmoid$w(x):
    """1/(1 + exp(-x)), with no overflow: exp is only taken of what is not positive."""
    e = exp$w(-abs(x))
    return (1.0 if x >= 0.0 else e) / (1.0 + e)
''',
    "softplus": '''
def softplus$w(x):
    """log(1 + exp(x)), with no overflow."""
    return (0.0 if x < 0.0 else x) + log1p$w(exp$w(-abs(x)))
''',
    "gelu_tanh": '''
def gelu_tanh$w(x):
    """x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))/2, as x times a logistic function; beyond 40 that is 0 or 1."""
    near = 40.0 if x > 40.0 else (-40.0 if x < -40.0 else x)
    return x * sigmoid$w(1.5957691216057308 * (near + 0.044715 * near * near * near))
''',
    "gelu_tanh_slope": '''
def gelu_tanh_slope$w(x):
    """The derivative of gelu_tanh: s + x*s*(1 - s)*du for the logistic s at u, whose derivative is du."""
    x = 40.0 if x > 40.0 else (-40.0 if x < -40.0 else x)
    u = 1.5957691216057308 * (x + 0.044715 * x * x * x)
    du = 1.5957691216057308 * (1.0 + 0.134145 * x * x)
    e = exp$w(-abs(u))
    return ((1.0 if u >= 0.0 else e) + x * du * (e / (1.0 + e))) / (1.0 + e)
''',
    "mish": '''
def mish$w(x):
    """x * tanh(log(1 + exp(x))), the tanh as a ratio of sums of exponentials that do not overflow."""
    e = exp$w(-abs(x))
    top = 1.0 + 2.0 * e if x >= 0.0 else e * (2.0 + e)
    return x * (top / (top + (2.0 * e * e if x >= 0.0 else 2.0)))
''',
}
_NEEDS = {"sigmoid": ("exp",), "softplus": ("exp", "log1p"), "gelu_tanh": ("exp", "sigmoid"),
          "gelu_tanh_slope": ("exp",), "mish": ("exp",)}
FUNCTIONS = tuple(_SOURCES)
ACTIVATIONS = ("gelu_tanh", "gelu_tanh_slope", "mish")  # those whose error grows with that of their inner argument
_BREAK = "\n        "

PAIR_SUM = '''\
@njit(error_model="numpy", nogil=True)
def pair_sum(lanes, sums, place):
    """Puts the sum of each row of lanes, taken pairwise, at `place` in the rows of sums, and makes the lanes zero."""
    for k in range(lanes.shape[0]):
        width = lanes.shape[1] // 2
        while width:
            for i in range(width):
                lanes[k, i] += lanes[k, i + width]
            width //= 2
        sums[k, place] = lanes[k, 0]
    lanes[:] = 0.0
'''


def every() -> list[str]:
    """The names of all functions, which a program that calls them must leave free."""
    return [f"{name}{width}" for name in FUNCTIONS for width in ("64", "32")]


def needed(names: Iterable[str]) -> list[str]:
    """These functions and those that they call, each once, callees first.

    >>> needed(["softplus64", "exp32"])
    ['exp64', 'log1p64', 'softplus64', 'exp32']
    """
    found: dict[str, None] = {}
    for name in names:
        found.update(dict.fromkeys(f"{callee}{name[-2:]}" for callee in _NEEDS.get(name[:-2], ())))
        found[name] = None
    return list(found)


@lru_cache(maxsize=64)
def source(name: str) -> str:
    """The source of `exp64`, `exp32`, ...: a function of a float that numba compiles.

    >>> print(source("sigmoid32"))
    @njit(error_model="numpy", fastmath={"contract"}, forceinline=True)
    def sigmoid32(x):
        \"\"\"1/(1 + exp(-x)), with no overflow: exp is only taken of what is not positive.\"\"\"
        e = exp32(-abs(x))
        return (np.float32(1.0) if x >= np.float32(0.0) else e) / (np.float32(1.0) + e)
    """
    table = _SINGLE if name.endswith("32") else _DOUBLE
    series = _SERIES[table["w"]]
    head, doc, body = _SOURCES[name[:-2]].strip("\n").replace("$w", table["w"]).split('"""')
    body = re.sub(r"\$poly\((\w), (\w+)\)", lambda m: _horner(m[1], series[m[2]]), body)
    body = re.sub(r"\$(\w+)", lambda m: table[m[1]], body)
    if table["w"] == "32":
        # A bare 0.5 is a float64, and would make the sum one.
        body = re.sub(r"(?<![\w.])\d+\.\d+(?:e[-+]\d+)?|\bnp\.(?:inf|nan)\b", r"np.float32(\g<0>)", body)
    return f'{DECORATOR}\n{head}"""{doc}"""{body}\n'


def _horner(x: str, coefficients: tuple[str, ...]) -> str:
    """A polynomial by Horner's rule, the lowest coefficient first; a long one goes over several lines.

    >>> _horner("r", ("0.5", "0.1", "2.0"))
    '(0.5 + r * (0.1 + r * 2.0))'
    """
    text = coefficients[-1]
    for i, c in reversed(list(enumerate(coefficients[:-1]))):
        text = f"({c} + {x} *{_BREAK if i % 3 == 2 else ' '}{text})"
    return text
