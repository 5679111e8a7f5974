"""Elementwise rows: arithmetic, powers, exponentials, activations, comparisons, selection.

Kinks: relu'(0) = 0, |x|'(0) = 0, a tie of maximum or minimum shares the gradient equally.
Rules never restore broadcast shapes: `backward` sums over the broadcast axes, once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError
from ..formula import ATOM, POWER, PREFIX, PRODUCT, RELATION, SUM, Form, call, infix
from ..ir import Expr, Op
from ..types import (
    TensorType,
    as_dtype,
    broadcast,
    broadcast_bool,
    broadcast_float,
    broadcast_number,
    broadcast_quotient,
    broadcast_strong,
    broadcast_strong_number,
    promote,
)


def plus(*terms: Expr | None) -> Expr | None:
    """The sum of the terms that are there: tangents that are zero come as None."""
    present = [t for t in terms if t is not None]
    total = present[0] if present else None
    for term in present[1:]:
        total = total + term
    return total


def times(a: Expr | None, b: Any) -> Expr | None:
    return None if a is None else a * b


ADD = Op(
    "add",
    type_of=broadcast,
    pullback=lambda g, y, a, b: (g, g),
    pushforward=lambda t, y, a, b: plus(*t),
    numpy="{0} + {1}",
    sympy=lambda sp, a, b: a + b,
    form=infix(" + ", SUM),
    elementwise=True,
    commutative=True,
)

SUBTRACT = Op(
    "subtract",
    type_of=broadcast_number,
    pullback=lambda g, y, a, b: (g, -g),
    pushforward=lambda t, y, a, b: plus(t[0], None if t[1] is None else -t[1]),
    numpy="{0} - {1}",
    sympy=lambda sp, a, b: a - b,
    form=infix(" - ", SUM, unicode=" − ", strict=True),
    elementwise=True,
)

MULTIPLY = Op(
    "multiply",
    type_of=broadcast,
    pullback=lambda g, y, a, b: (g * b, g * a),
    pushforward=lambda t, y, a, b: plus(times(t[0], b), times(t[1], a)),
    numpy="{0} * {1}",
    sympy=lambda sp, a, b: a * b,
    form=infix("*", PRODUCT, unicode="·", latex=r" \cdot "),
    elementwise=True,
    commutative=True,
)

DIVIDE = Op(
    "divide",
    type_of=broadcast_quotient,
    pullback=lambda g, y, a, b: (g / b, -(g * y / b)),
    pushforward=lambda t, y, a, b: plus(None if t[0] is None else t[0] / b, None if t[1] is None else -(t[1] * y / b)),
    numpy="{0} / {1}",
    sympy=lambda sp, a, b: a / b,
    form=Form("{0}/{1}", "{0}/{1}", r"\frac{{{0}}}{{{1}}}", PRODUCT, (PRODUCT, PREFIX)),
    elementwise=True,
    singular=True,
    cost=4,
)

NEGATIVE = Op(
    "negative",
    type_of=broadcast_number,
    pullback=lambda g, y, x: (-g,),
    pushforward=lambda t, y, x: -t[0],
    numpy="-{0}",
    sympy=lambda sp, x: -x,
    form=Form("-{0}", "−{0}", "-{0}", PREFIX, (PRODUCT,)),
    elementwise=True,
)

SAFE_DIVIDE: Op = Op(
    # g / d for a cotangent g: where g is exactly zero so is the result, even over d = 0.
    "safe_divide",
    type_of=broadcast_float,
    pullback=lambda g, y, a, b: (SAFE_DIVIDE(g, b), -SAFE_DIVIDE(g * y, b)),
    pushforward=lambda t, y, a, b: plus(None if t[0] is None else SAFE_DIVIDE(t[0], b),
                                        None if t[1] is None else -SAFE_DIVIDE(t[1] * y, b)),
    numpy="safe_divide({0}, {1})",
    helper='''\
def safe_divide(g, d):
    """g / d, and exactly 0 where g is 0."""
    return np.divide(g, np.where(np.equal(g, 0), np.ones_like(g), d))
''',
    sympy=lambda sp, a, b: a / b,
    form=Form("{0}/{1}", "{0}/{1}", r"\frac{{{0}}}{{{1}}}", PRODUCT, (PRODUCT, PREFIX)),
    elementwise=True,
    cost=8,
)


def _exponent(p: Expr) -> float | None:
    """The exponent as a number, when it is a constant that is one number."""
    return p.attrs[0].value.item() if p.op.name == "const" and p.type.size == 1 else None


def _power_slope(x: Expr, p: Expr) -> Any:
    """The derivative of x**p by x; a constant exponent gives the textbook form, without x**-1 at p = 0."""
    number = _exponent(p)
    if number is None:
        return WHERE(EQUAL(p, 0), 0.0, p * x ** WHERE(EQUAL(p, 0), 1.0, p - 1))
    if number == 0:
        return None
    if number == 1:
        return 1.0
    return number * (x if number == 2 else x ** (number - 1))


def _power_pullback(g: Expr, y: Expr, x: Expr, p: Expr) -> tuple[Expr | None, Expr | None]:
    slope = _power_slope(x, p) if x.type.is_float else None
    by_base = None if slope is None else g * slope
    return by_base, g * _power_log(y, x) if _exponent(p) is None else None


def _power_log(y: Expr, x: Expr) -> Expr:
    """The derivative of x**p by p, x**p·log x, with its limit 0 at x = 0."""
    return y * LOG(WHERE(EQUAL(x, 0), 1.0, x))


def _power_pushforward(t: Any, y: Expr, x: Expr, p: Expr) -> Expr | None:
    slope = _power_slope(x, p) if t[0] is not None else None
    return plus(None if slope is None else t[0] * slope, None if t[1] is None else t[1] * _power_log(y, x))


def _whole_powers(args: tuple[Expr, ...]) -> tuple[Any, ...]:
    """Refuses an integer to a negative integer power, as NumPy does: the result is not an integer."""
    x, p = args
    if not x.type.is_float and not p.type.is_float and p.op.name == "const" and np.any(p.attrs[0].value < 0):
        raise DTypeError("an integer to a negative integer power is not an integer; write the exponent as a float")
    return ()


POWER_ROW = Op(
    "power",
    type_of=broadcast_number,
    pullback=_power_pullback,
    pushforward=_power_pushforward,
    prepare=_whole_powers,
    numpy="{0} ** {1}",
    sympy=lambda sp, x, p: x**p,
    form=Form("{0}**{1}", "{0}^{1}", "{0}^{{{1}}}", POWER, (ATOM, PREFIX)),
    elementwise=True,
    singular=True,
    cost=40,
)

EXP = Op(
    "exp",
    type_of=broadcast_float,
    pullback=lambda g, y, x: (g * y,),
    pushforward=lambda t, y, x: t[0] * y,
    numpy="np.exp({0})",
    sympy=lambda sp, x: sp.exp(x),
    form=Form("exp({0})", "exp({0})", "e^{{{0}}}", ATOM, (RELATION,)),
    elementwise=True,
    singular=True,
    cost=20,
)

LOG = Op(
    "log",
    type_of=broadcast_float,
    pullback=lambda g, y, x: (g / x,),
    pushforward=lambda t, y, x: t[0] / x,
    numpy="np.log({0})",
    sympy=lambda sp, x: sp.log(x),
    form=call("log", r"\log"),
    elementwise=True,
    singular=True,
    cost=20,
)

SQRT = Op(
    "sqrt",
    type_of=broadcast_float,
    pullback=lambda g, y, x: (SAFE_DIVIDE(g, 2 * y),),
    pushforward=lambda t, y, x: SAFE_DIVIDE(t[0], 2 * y),
    numpy="np.sqrt({0})",
    sympy=lambda sp, x: sp.sqrt(x),
    form=Form("sqrt({0})", "√({0})", r"\sqrt{{{0}}}", ATOM, (RELATION,)),
    elementwise=True,
    cost=6,
)

SQUARE = Op(
    "square",
    type_of=broadcast_strong_number,
    pullback=lambda g, y, x: (g * (2 * x),),
    pushforward=lambda t, y, x: t[0] * (2 * x),
    numpy="np.square({0})",
    sympy=lambda sp, x: x**2,
    form=Form("{0}**2", "{0}²", "{0}^2", POWER, (ATOM,)),
    elementwise=True,
)

ABSOLUTE = Op(
    "absolute",
    type_of=broadcast_strong,
    pullback=lambda g, y, x: (g * SIGN(x),),
    pushforward=lambda t, y, x: t[0] * SIGN(x),
    numpy="np.absolute({0})",
    sympy=lambda sp, x: sp.Abs(x),
    form=Form("abs({0})", "|{0}|", r"\left|{0}\right|", ATOM, (RELATION,)),
    elementwise=True,
)

SIGN: Op = Op(
    # Its derivative is zero wherever it has one.
    "sign",
    type_of=broadcast_strong_number,
    pullback=lambda g, y, x: (None,),
    pushforward=lambda t, y, x: None,
    numpy="np.sign({0})",
    sympy=lambda sp, x: sp.sign(x),
    form=call("sign", r"\operatorname{sign}"),
    elementwise=True,
)

TANH = Op(
    "tanh",
    type_of=broadcast_float,
    pullback=lambda g, y, x: (g * (1.0 - y * y),),
    pushforward=lambda t, y, x: t[0] * (1.0 - y * y),
    numpy="np.tanh({0})",
    sympy=lambda sp, x: sp.tanh(x),
    form=call("tanh", r"\tanh"),
    elementwise=True,
    cost=30,
)

SIGMOID = Op(
    "sigmoid",
    type_of=broadcast_float,
    pullback=lambda g, y, x: (g * (y * (1.0 - y)),),
    pushforward=lambda t, y, x: t[0] * (y * (1.0 - y)),
    numpy="sigmoid({0})",
    helper='''\
def sigmoid(x):
    """1 / (1 + exp(-x)), with no overflow: exp is only taken of what is not positive."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, e.dtype.type(1), e) / (1 + e)
''',
    sympy=lambda sp, x: sp.sigmoid(x),
    form=call("sigmoid", r"\sigma"),
    elementwise=True,
    cost=30,
)

SOFTPLUS = Op(
    "softplus",
    type_of=broadcast_float,
    pullback=lambda g, y, x: (g * SIGMOID(x),),
    pushforward=lambda t, y, x: t[0] * SIGMOID(x),
    numpy="np.logaddexp({0}, 0.0)",
    sympy=lambda sp, x: sp.softplus(x),
    form=call("softplus", r"\operatorname{softplus}"),
    elementwise=True,
    cost=40,
)

RELU = Op(
    "relu",
    type_of=broadcast_strong_number,
    pullback=lambda g, y, x: (g * (x > 0),),
    pushforward=lambda t, y, x: t[0] * (x > 0),
    numpy="np.maximum({0}, 0)",
    sympy=lambda sp, x: sp.relu(x),
    form=call("relu", r"\operatorname{ReLU}"),
    elementwise=True,
)


def _shared(g: Expr | None, chosen: Expr, a: Expr, b: Expr) -> Expr | None:
    """`g` where the operand is chosen, half of it at a tie."""
    return None if g is None else g * chosen + 0.5 * g * EQUAL(a, b)


MAXIMUM = Op(
    "maximum",
    type_of=broadcast_strong,
    pullback=lambda g, y, a, b: (_shared(g, a > b, a, b), _shared(g, b > a, a, b)),
    pushforward=lambda t, y, a, b: plus(_shared(t[0], a > b, a, b), _shared(t[1], b > a, a, b)),
    numpy="np.maximum({0}, {1})",
    sympy=lambda sp, a, b: sp.maximum(a, b),
    form=Form("maximum({0}, {1})", "max({0}, {1})", r"\max\left({0}, {1}\right)", ATOM, (RELATION, RELATION)),
    elementwise=True,
    commutative=True,
)

MINIMUM = Op(
    "minimum",
    type_of=broadcast_strong,
    pullback=lambda g, y, a, b: (_shared(g, a < b, a, b), _shared(g, b < a, a, b)),
    pushforward=lambda t, y, a, b: plus(_shared(t[0], a < b, a, b), _shared(t[1], b < a, a, b)),
    numpy="np.minimum({0}, {1})",
    sympy=lambda sp, a, b: sp.minimum(a, b),
    form=Form("minimum({0}, {1})", "min({0}, {1})", r"\min\left({0}, {1}\right)", ATOM, (RELATION, RELATION)),
    elementwise=True,
    commutative=True,
)


def _comparison(name: str, sign: str, sympy_name: str, unicode: str = "", latex: str = "",
                commutative: bool = False) -> Op:
    """A comparison: bool, constant between its kinks, so every derivative is zero."""
    return Op(
        name,
        type_of=broadcast_bool,
        pullback=lambda g, y, a, b: (None, None),
        pushforward=lambda t, y, a, b: None,
        numpy=f"{{0}} {sign} {{1}}",
        sympy=lambda sp, a, b: getattr(sp, sympy_name)(a, b),
        form=infix(f" {sign} ", RELATION, unicode=f" {unicode or sign} ", latex=f" {latex or sign} ", strict=True),
        elementwise=True,
        commutative=commutative,
    )


GREATER = _comparison("greater", ">", "StrictGreaterThan")
GREATER_EQUAL = _comparison("greater_equal", ">=", "GreaterThan", "≥", r"\ge")
LESS = _comparison("less", "<", "StrictLessThan")
LESS_EQUAL = _comparison("less_equal", "<=", "LessThan", "≤", r"\le")
EQUAL = _comparison("equal", "==", "Equality", "=", "=", commutative=True)
NOT_EQUAL = _comparison("not_equal", "!=", "Unequality", "≠", r"\ne", commutative=True)


def _logical_type(*types: TensorType) -> TensorType:
    for t in types:
        if t.dtype != "bool":
            raise DTypeError(f"& | ~ take bool, got {t}; compare first, as in (x > 0) & (x < 1)")
    return broadcast_bool(*types)


LOGICAL_AND = Op(
    "logical_and",
    type_of=_logical_type,
    pullback=lambda g, y, a, b: (None, None),
    pushforward=lambda t, y, a, b: None,
    numpy="np.logical_and({0}, {1})",
    sympy=lambda sp, a, b: sp.And(a, b),
    form=Form("({0}) & ({1})", "({0}) ∧ ({1})", r"({0}) \wedge ({1})", RELATION, (RELATION, RELATION), logical=True),
    elementwise=True,
    commutative=True,
)

LOGICAL_OR = Op(
    "logical_or",
    type_of=_logical_type,
    pullback=lambda g, y, a, b: (None, None),
    pushforward=lambda t, y, a, b: None,
    numpy="np.logical_or({0}, {1})",
    sympy=lambda sp, a, b: sp.Or(a, b),
    form=Form("({0}) | ({1})", "({0}) ∨ ({1})", r"({0}) \vee ({1})", RELATION, (RELATION, RELATION), logical=True),
    elementwise=True,
    commutative=True,
)

LOGICAL_NOT = Op(
    "logical_not",
    type_of=_logical_type,
    pullback=lambda g, y, x: (None,),
    pushforward=lambda t, y, x: None,
    numpy="np.logical_not({0})",
    sympy=lambda sp, x: sp.Not(x),
    form=Form("~({0})", "¬({0})", r"\neg ({0})", RELATION, (RELATION,), logical=True),
    elementwise=True,
)


def _where_type(c: TensorType, a: TensorType, b: TensorType) -> TensorType:
    if c.dtype != "bool":
        raise DTypeError(f"the condition must be bool, got {c}; compare first, as in x > 0")
    dtype, _ = promote((a, b))
    shape = broadcast(c, a, b).shape
    return TensorType(shape, dtype)


WHERE: Op = Op(
    # The branch that is not taken gets an exact 0, even where it is inf or nan.
    "where",
    type_of=_where_type,
    pullback=lambda g, y, c, a, b: (None, WHERE(c, g, 0.0), WHERE(c, 0.0, g)),
    pushforward=lambda t, y, c, a, b: WHERE(c, 0.0 if t[1] is None else t[1], 0.0 if t[2] is None else t[2]),
    numpy="np.where({0}, {1}, {2})",
    sympy=lambda sp, c, a, b: sp.Piecewise((a, c), (b, True)),
    form=Form("where({0}, {1}, {2})", "where({0}, {1}, {2})",
              r"\begin{{cases}}{1} & \text{{if }} {0}\\{2} & \text{{otherwise}}\end{{cases}}",
              ATOM, (RELATION,) * 3, logical=True),
    elementwise=True,
)


def _astype_latex(node: Expr) -> dict[str, str]:
    # A change of precision is silent in a formula, and a bool as a number is the indicator.
    return {} if node.type.is_float else {"latex": rf"\mathrm{{{{{node.type.dtype}}}}}({{0}})"}


ASTYPE = Op(
    "astype",
    type_of=lambda x, dtype: TensorType(x.shape, dtype),
    pullback=lambda g, y, x, dtype: (g if y.type.is_float else None,),
    pushforward=lambda t, y, x, dtype: t[0].astype(dtype) if y.type.is_float else None,
    numpy=lambda node: f"np.asarray({{0}}).astype(np.{node.type.dtype if node.type.dtype != 'bool' else 'bool_'})",
    sympy=lambda sp, x, dtype: x,
    form=Form("{0}", "{0}", "{0}", ATOM, (ATOM,)),
    attrs=("dtype",),
    prepare=lambda args, dtype: (as_dtype(dtype),),
    form_attrs=_astype_latex,
    elementwise=True,
)


STOP_GRADIENT = Op(
    # The value as it is, a constant to every derivative.
    "stop_gradient",
    type_of=lambda x: x,
    pullback=lambda g, y, x: (None,),
    pushforward=lambda t, y, x: None,
    numpy="{0}",
    sympy=lambda sp, x: x,
    form=call("stop_gradient"),
    elementwise=True,
    view=True,
    cost=0,
)
