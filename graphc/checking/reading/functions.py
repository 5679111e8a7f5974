"""The functions an answer may use: spellings, arities, and what each means in terms of simpler ones.

A definition here is the mathematics of the function on the real line; at a kink it follows the one
convention of graphc (relu'(0) = 0, sign(0) = 0, a tie of max shared by halves).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from .tree import Tree, add, call, const, div, indicator, mul, neg, num, power, rel, where

# Functions that evaluation and proof know by themselves.
BASIC = ("exp", "log", "sqrt", "abs", "sign", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
         "asinh", "acosh", "atanh", "erf", "gamma", "lgamma", "digamma", "max", "min", "atan2", "cbrt", "floor",
         "polygamma")

Build = Callable[..., Tree]
ONE, TWO, HALF = num(1), num(2), num(Fraction(1, 2))


def positive(z: Tree) -> Tree:
    return rel(">", z, num(0))


def sigmoid(z: Tree) -> Tree:
    """1/(1 + e^-z)."""
    return div(ONE, add(ONE, call("exp", neg(z))))


def square(z: Tree) -> Tree:
    return power(z, 2)


def one_minus_square(z: Tree) -> Tree:
    return add(ONE, neg(square(z)))


def normal_cdf(z: Tree) -> Tree:
    """Φ(z) = (1 + erf(z/√2))/2."""
    return mul(HALF, add(ONE, call("erf", div(z, call("sqrt", TWO)))))


def step(z: Tree, middle: Tree = HALF) -> Tree:
    """Heaviside's step, one half at 0 unless told."""
    return where(positive(z), ONE, where(rel("<", z, num(0)), num(0), middle))


def clip(z: Tree, low: Tree, high: Tree) -> Tree:
    """z between two bounds, constant from the edges on; `high` where the bounds cross."""
    inner = where(rel("<=", z, low), low, z)
    if low.number is None or high.number is None or low.number > high.number:
        inner = where(rel("<", low, high), inner, high)
    return where(rel(">=", z, high), high, inner)


def vanishing(x: Tree, value: Tree) -> Tree:
    """The value, and 0 where x is 0: 0·log 0 = 0."""
    return where(rel("==", x, num(0)), num(0), value)


def shrunk(z: Tree, edge: Tree = HALF) -> Tree:
    """z moved towards 0 by the edge, 0 within it."""
    inner = where(rel("<", z, neg(edge)), add(z, edge), num(0))
    return where(rel(">", z, edge), add(z, neg(edge)), inner)


def truncated(z: Tree) -> Tree:
    return where(positive(z), call("floor", z), neg(call("floor", neg(z))))


def minus_multiple(a: Tree, b: Tree, quotient: Tree) -> Tree:
    return add(a, neg(mul(b, quotient)))


def cardinal_sine(z: Tree) -> Tree:
    angle = mul(const("pi"), z)
    return where(rel("==", z, num(0)), ONE, div(call("sin", angle), angle))


def scaled_erfc(z: Tree) -> Tree:
    return mul(call("exp", square(z)), add(ONE, neg(call("erf", z))))


def normal_density(z: Tree) -> Tree:
    """φ(z) = e^(-z²/2)/√(2π)."""
    return div(call("exp", neg(mul(HALF, square(z)))), call("sqrt", mul(TWO, const("pi"))))


def bent(z: Tree) -> Tree:
    """2√(2/π)(z + 0.044715z³), the argument of σ in the approximation of gelu."""
    return mul(TWO, call("sqrt", div(TWO, const("pi"))), add(z, mul(num(Fraction(44715, 10**6)), power(z, 3))))


def bent_slope(z: Tree) -> Tree:
    """The derivative of z·σ(bent(z))."""
    s = sigmoid(bent(z))
    inner = mul(TWO, call("sqrt", div(TWO, const("pi"))), add(ONE, mul(num(Fraction(134145, 10**6)), square(z))))
    return add(s, mul(z, s, add(ONE, neg(s)), inner))


def relative_entropy(a: Tree, b: Tree) -> Tree:
    return vanishing(a, mul(a, call("log", div(a, b))))


_MINUS_ONE, _A = num(-1), num(Fraction(1, 100))
_SELU_SCALE = num(Fraction("1.0507009873554804934193349852946"))
_SELU_ALPHA = num(Fraction("1.6732632423543772848170429916717"))


def elu(z: Tree, a: Tree = ONE) -> Tree:
    return where(positive(z), z, mul(a, add(call("exp", z), neg(ONE))))


DEFINED: dict[str, Build] = {
    "relu": lambda z: where(positive(z), z, num(0)),
    "leaky_relu": lambda z, a=_A: where(positive(z), z, mul(a, z)),
    "elu": elu,
    "selu": lambda z: mul(_SELU_SCALE, elu(z, _SELU_ALPHA)),
    "sigmoid": sigmoid,
    "log_sigmoid": lambda z: neg(call("log", add(ONE, call("exp", neg(z))))),
    "softplus": lambda z: call("log", add(ONE, call("exp", z))),
    "softsign": lambda z: div(z, add(ONE, call("abs", z))),
    "silu": lambda z: mul(z, sigmoid(z)),
    "gelu": lambda z: mul(z, normal_cdf(z)),
    "celu": lambda z, a=ONE: where(positive(z), z, mul(a, add(call("exp", div(z, a)), neg(ONE)))),
    "mish": lambda z: mul(z, call("tanh", call("log", add(ONE, call("exp", z))))),
    "gelu_tanh": lambda z: mul(z, sigmoid(bent(z))),
    "gelu_tanh_slope": bent_slope,
    "hardtanh": lambda z, low=_MINUS_ONE, high=ONE: clip(z, low, high),
    "relu6": lambda z: clip(z, num(0), num(6)),
    "hardsigmoid": lambda z: div(clip(add(z, num(3)), num(0), num(6)), num(6)),
    "hardswish": lambda z: mul(z, div(clip(add(z, num(3)), num(0), num(6)), num(6))),
    "tanhshrink": lambda z: add(z, neg(call("tanh", z))),
    "softshrink": shrunk,
    "hardshrink": lambda z, edge=HALF: where(rel(">", call("abs", z), edge), z, num(0)),
    "rbf": lambda z, c=ONE: call("exp", neg(mul(c, square(z)))),
    "clip": clip,
    "step": step,
    "ceil": lambda z: neg(call("floor", neg(z))),
    "trunc": truncated,
    "floor_divide": lambda a, b: call("floor", div(a, b)),
    "remainder": lambda a, b: minus_multiple(a, b, call("floor", div(a, b))),
    "fmod": lambda a, b: minus_multiple(a, b, truncated(div(a, b))),
    "square": square,
    "hypot": lambda a, b: call("sqrt", add(square(a), square(b))),
    "reciprocal": lambda z: div(ONE, z),
    "log2": lambda z: div(call("log", z), call("log", TWO)),
    "log10": lambda z: div(call("log", z), call("log", num(10))),
    "log1p": lambda z: call("log", add(ONE, z)),
    "exp2": lambda z: call("exp", mul(z, call("log", TWO))),
    "expm1": lambda z: add(call("exp", z), neg(ONE)),
    "logit": lambda z: call("log", div(z, add(ONE, neg(z)))),
    "logaddexp": lambda a, b: call("log", add(call("exp", a), call("exp", b))),
    "sec": lambda z: div(ONE, call("cos", z)),
    "csc": lambda z: div(ONE, call("sin", z)),
    "cot": lambda z: div(call("cos", z), call("sin", z)),
    "sech": lambda z: div(ONE, call("cosh", z)),
    "csch": lambda z: div(ONE, call("sinh", z)),
    "coth": lambda z: div(call("cosh", z), call("sinh", z)),
    "asec": lambda z: call("acos", div(ONE, z)),
    "acsc": lambda z: call("asin", div(ONE, z)),
    "acot": lambda z: call("atan", div(ONE, z)),
    "asech": lambda z: call("acosh", div(ONE, z)),
    "acsch": lambda z: call("asinh", div(ONE, z)),
    "acoth": lambda z: call("atanh", div(ONE, z)),
    "logaddexp2": lambda a, b: div(call("log", add(power(TWO, a), power(TWO, b))), call("log", TWO)),
    "sinc": cardinal_sine,
    "sinc_slope": lambda z: vanishing(z, div(add(call("cos", mul(const("pi"), z)), neg(cardinal_sine(z))), z)),
    "deg2rad": lambda z: div(mul(z, const("pi")), num(180)),
    "rad2deg": lambda z: div(mul(z, num(180)), const("pi")),
    "erfc": lambda z: add(ONE, neg(call("erf", z))),
    "erfcx": scaled_erfc,
    "erfcx_slope": lambda z: add(mul(TWO, z, scaled_erfc(z)), neg(div(TWO, call("sqrt", const("pi"))))),
    "ndtr": normal_cdf,
    "log_ndtr": lambda z: call("log", normal_cdf(z)),
    "norm_pdf": normal_density,
    "xlogy": lambda a, b: vanishing(a, mul(a, call("log", b))),
    "xlog1py": lambda a, b: vanishing(a, mul(a, call("log", add(ONE, b)))),
    "entr": lambda z: vanishing(z, neg(mul(z, call("log", z)))),
    "rel_entr": relative_entropy,
    "kl_div": lambda a, b: add(relative_entropy(a, b), neg(a), b),
    "factorial": lambda z: call("gamma", add(z, ONE)),
    "beta": lambda a, b: div(mul(call("gamma", a), call("gamma", b)), call("gamma", add(a, b))),
}

# The derivative of a named function, for σ'(z), relu'(z), …
PRIMES: dict[str, Build] = {
    "relu": lambda z: indicator(positive(z)),
    "leaky_relu": lambda z: where(positive(z), ONE, _A),
    "sigmoid": lambda z: mul(sigmoid(z), add(ONE, neg(sigmoid(z)))),
    "tanh": lambda z: one_minus_square(call("tanh", z)),
    "softplus": sigmoid,
    "log_sigmoid": lambda z: sigmoid(neg(z)),
    "silu": lambda z: add(sigmoid(z), mul(z, sigmoid(z), add(ONE, neg(sigmoid(z))))),
    "gelu": lambda z: add(normal_cdf(z), mul(z, call("exp", neg(mul(HALF, square(z)))),
                                             power(mul(TWO, const("pi")), Fraction(-1, 2)))),
    "elu": lambda z: where(positive(z), ONE, call("exp", z)),
    "abs": lambda z: call("sign", z),
    "step": lambda z: num(0),
    "sign": lambda z: num(0),
    "exp": lambda z: call("exp", z),
    "log": lambda z: div(ONE, z),
    "sqrt": lambda z: div(ONE, mul(TWO, call("sqrt", z))),
    "sin": lambda z: call("cos", z),
    "cos": lambda z: neg(call("sin", z)),
    "tan": lambda z: add(ONE, square(call("tan", z))),
    "sinh": lambda z: call("cosh", z),
    "cosh": lambda z: call("sinh", z),
    "atan": lambda z: div(ONE, add(ONE, square(z))),
    "asin": lambda z: div(ONE, call("sqrt", one_minus_square(z))),
    "acos": lambda z: neg(div(ONE, call("sqrt", one_minus_square(z)))),
    "square": lambda z: mul(TWO, z),
}

# How many arguments: one unless listed. (fewest, most); None is no bound.
ARITY: dict[str, tuple[int, int | None]] = {
    "max": (2, None), "min": (2, None), "where": (3, 3), "clip": (3, 3), "hypot": (2, 2), "atan2": (2, 2),
    "logaddexp": (2, 2), "log": (1, 2), "leaky_relu": (1, 2), "elu": (1, 2), "beta": (2, 2), "step": (1, 2),
    "polygamma": (2, 2), "celu": (1, 2), "hardtanh": (1, 3), "softshrink": (1, 2), "hardshrink": (1, 2), "rbf": (1, 2),
    **dict.fromkeys(("floor_divide", "remainder", "fmod", "logaddexp2", "xlogy", "xlog1py", "rel_entr", "kl_div"),
                    (2, 2)),
}

# Functions of arrays, with what they take. Those of one array and an axis may be given the axis.
ARRAY_ARITY: dict[str, tuple[int, int | None]] = {
    "tr": (1, 1), "det": (1, 1), "inv": (1, 1), "diag": (1, 1), "outer": (2, 2), "dot": (2, 2), "sum": (1, 2),
    "mean": (1, 2), "prod": (1, 2), "norm": (1, 2), "softmax": (1, 2), "log_softmax": (1, 2), "logsumexp": (1, 2),
    "transpose": (1, 1), "vec": (1, 1), "kron": (2, 2), "solve": (2, 2), "eye": (1, 2), "ones": (1, 2),
    "zeros": (1, 2), "one_hot": (2, 2), "cumsum": (1, 2), "adj": (1, 1), "amax": (1, 2), "amin": (1, 2),
}
ARRAY_ALIASES: dict[str, str] = {
    **{name: name for name in ARRAY_ARITY}, "trace": "tr", "Tr": "tr", "Det": "det", "inverse": "inv", "somme": "sum",
    "moyenne": "mean", "produit": "prod", "norme": "norm", "logsoftmax": "log_softmax", "lse": "logsumexp",
    "LSE": "logsumexp", "identity": "eye", "onehot": "one_hot", "adjugate": "adj", "Diag": "diag", "Softmax": "softmax",
    "LogSoftmax": "log_softmax", "SoftMax": "softmax", "transposee": "transpose",
}
# Of these a hand leaves out the brackets: det A.
BARE_ARRAY = frozenset({"tr", "det", "diag", "vec", "adj"})

NAMES = (*BASIC, *DEFINED, "where")

ALIASES: dict[str, str] = {
    **{name: name for name in NAMES},
    "ln": "log", "logn": "log", "lg": "log10", "heaviside": "step", "h": "step", "u": "step", "unitstep": "step",
    "sgn": "sign", "signe": "sign", "signum": "sign", "abs": "abs", "absolute": "abs", "fabs": "abs", "racine": "sqrt",
    "expit": "sigmoid", "logistic": "sigmoid", "sigma": "sigmoid", "sigmoide": "sigmoid", "sig": "sigmoid",
    "leakyrelu": "leaky_relu", "swish": "silu", "logsigmoid": "log_sigmoid", "maximum": "max", "minimum": "min",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    "argsh": "asinh", "argch": "acosh", "argth": "atanh", "sh": "sinh", "ch": "cosh", "th": "tanh", "tg": "tan",
    "arcsec": "asec", "arccsc": "acsc", "arccot": "acot", "cosec": "csc", "cotan": "cot", "arctan2": "atan2",
    "arctg": "atan", "cotg": "cot", "cth": "coth", "argcoth": "acoth", "arcsh": "asinh", "arcch": "acosh",
    "arcth": "atanh",
    "if": "where", "si": "where", "loggamma": "lgamma", "gammaln": "lgamma", "psi": "digamma", "phi": "ndtr",
    "Phi": "ndtr", "piecewise": "piecewise", "fmax": "max", "fmin": "min", "ceiling": "ceil", "mod": "remainder",
    "radians": "deg2rad", "degrees": "rad2deg", "logexpit": "log_sigmoid",
    "indicator": "indicator", "ind": "indicator", "indicatrice": "indicator", "i": "indicator",
}

# Aliases short enough to be someone's variable: functions only right before a bracket.
SHORT = frozenset({"h", "u", "i", "sig", "sigma", "psi", "phi", "Phi", "ind", "si", "if", "beta", "gamma", "th", "ch",
                   "sh"})
# Of these French hands leave out the brackets: sh x.
FRENCH_BARE = frozenset({"sh", "ch", "th"})


def array_function_named(name: str) -> str | None:
    """The function of arrays that a spelling names, or None.

    >>> array_function_named("trace"), array_function_named("logsoftmax"), array_function_named("sin")
    ('tr', 'log_softmax', None)
    """
    return ARRAY_ALIASES.get(name)


def function_named(name: str) -> str | None:
    """The function that a spelling names, or None. ReLU, relu and RELU are one function.

    >>> function_named("ReLU"), function_named("Ln"), function_named("foo")
    ('relu', 'log', None)
    """
    for spelling in (name, name.replace("_", ""), name.lower(), name.lower().replace("_", "")):
        if spelling in ALIASES:
            return ALIASES[spelling]
    return None


def log_base(z: Tree, base: Tree) -> Tree:
    return div(call("log", z), call("log", base))
