"""Elementwise rows: rounding, remainders, clipping, predicates, and maxima that pass over nan.

Rounding and predicates are constant between their jumps: every derivative is zero.
"""

from __future__ import annotations

from ..formula import ATOM, RELATION, Form, call
from ..ir import Expr, Op
from ..types import TensorType, broadcast_bool, broadcast_float, broadcast_strong, broadcast_strong_number
from .elementwise import EQUAL, LOGICAL_AND, LOGICAL_OR, MAXIMUM, MINIMUM, plus, times

# -- rounding ----------------------------------------------------------------------


def _rounding(name: str, unicode: str, latex: str) -> Op:
    """Rounding to whole numbers of the operand's own dtype: integers stay as they are."""
    return Op(
        name,
        type_of=broadcast_strong_number,
        pullback=lambda g, y, x: (None,),
        pushforward=lambda t, y, x: None,
        numpy=lambda node: f"np.{name}({{0}})" if node.type.is_float else "np.positive({0})",
        sympy=lambda sp, x: getattr(sp, name)(x),
        form=Form(f"{name}({{0}})", unicode, latex, ATOM, (RELATION,)),
        elementwise=True,
    )


FLOOR = _rounding("floor", "⌊{0}⌋", r"\left\lfloor {0} \right\rfloor")
CEIL = _rounding("ceil", "⌈{0}⌉", r"\left\lceil {0} \right\rceil")
TRUNC = _rounding("trunc", "trunc({0})", r"\operatorname{{trunc}}\left({0}\right)")

RINT = Op(
    "rint",
    type_of=broadcast_float,
    pullback=lambda g, y, x: (None,),
    pushforward=lambda t, y, x: None,
    numpy="np.rint({0})",
    sympy=lambda sp, x: sp.rint(x),
    form=call("rint", r"\operatorname{round}"),
    elementwise=True,
)

# -- division with a whole quotient ----------------------------------------------------------------------

FLOOR_DIVIDE = Op(
    "floor_divide",
    type_of=broadcast_strong_number,
    pullback=lambda g, y, a, b: (None, None),
    pushforward=lambda t, y, a, b: None,
    numpy="np.floor_divide({0}, {1})",
    sympy=lambda sp, a, b: sp.floor_divide(a, b),
    form=Form("floor_divide({0}, {1})", "⌊{0} / ({1})⌋", r"\left\lfloor \frac{{{0}}}{{{1}}} \right\rfloor", ATOM,
              (RELATION, RELATION)),
    elementwise=True,
    cost=8,
)

REMAINDER = Op(
    # a - b*floor(a/b), the sign of b; between the jumps its derivatives are 1 and -floor(a/b).
    "remainder",
    type_of=broadcast_strong_number,
    pullback=lambda g, y, a, b: (g, -(g * FLOOR_DIVIDE(a, b))),
    pushforward=lambda t, y, a, b: plus(t[0], None if t[1] is None else -(t[1] * FLOOR_DIVIDE(a, b))),
    numpy="np.remainder({0}, {1})",
    sympy=lambda sp, a, b: sp.remainder(a, b),
    form=Form("remainder({0}, {1})", "({0}) mod ({1})", r"\left({0}\right) \bmod \left({1}\right)", ATOM,
              (RELATION, RELATION)),
    elementwise=True,
    cost=8,
)

FMOD = Op(
    # a - b*trunc(a/b), the sign of a.
    "fmod",
    type_of=broadcast_strong_number,
    pullback=lambda g, y, a, b: (g, -(g * TRUNC(a / b))),
    pushforward=lambda t, y, a, b: plus(t[0], None if t[1] is None else -(t[1] * TRUNC(a / b))),
    numpy="np.fmod({0}, {1})",
    sympy=lambda sp, a, b: sp.fmod(a, b),
    form=call("fmod", arity=2),
    elementwise=True,
    cost=8,
)

# -- clipping, and maxima that pass over nan ----------------------------------------------------------------------


def _clip_shares(y: Expr, x: Expr, low: Expr, high: Expr) -> tuple[Expr, Expr, Expr]:
    """Which operand the value is: at an edge it is the bound, and `high` where the bounds cross."""
    top = y >= high
    return LOGICAL_AND(x > low, x < high), LOGICAL_AND(x <= low, low < high), top


CLIP = Op(
    "clip",
    type_of=broadcast_strong,
    pullback=lambda g, y, x, low, high: tuple([g * s for s in _clip_shares(y, x, low, high)]),
    pushforward=lambda t, y, x, low, high: plus(*[times(s, w) for s, w in zip(t, _clip_shares(y, x, low, high))]),
    numpy="np.clip({0}, {1}, {2})",
    sympy=lambda sp, x, low, high: sp.clip(x, low, high),
    form=call("clip", arity=3),
    elementwise=True,
    cost=2,
)


def _present(g: Expr | None, better: Expr, a: Expr, b: Expr) -> Expr | None:
    """`g` where a is better than b or b is nan, half of it at a tie."""
    return None if g is None else g * LOGICAL_OR(better, ISNAN(b)) + 0.5 * g * EQUAL(a, b)


def _over_nan(name: str, plain: Op, larger: bool) -> Op:
    """maximum or minimum of what is a number."""

    def better(a: Expr, b: Expr) -> Expr:
        return a > b if larger else a < b

    return Op(
        name,
        type_of=broadcast_strong,
        pullback=lambda g, y, a, b: (_present(g, better(a, b), a, b), _present(g, better(b, a), b, a)),
        pushforward=lambda t, y, a, b: plus(_present(t[0], better(a, b), a, b), _present(t[1], better(b, a), b, a)),
        numpy=f"np.{name}({{0}}, {{1}})",
        sympy=lambda sp, a, b: getattr(sp, name)(a, b),
        form=Form(f"{name}({{0}}, {{1}})", f"{name}({{0}}, {{1}})", plain.form.latex, ATOM, (RELATION, RELATION)),
        elementwise=True,
        commutative=True,
    )


FMAX = _over_nan("fmax", MAXIMUM, larger=True)
FMIN = _over_nan("fmin", MINIMUM, larger=False)

# -- predicates and steps ----------------------------------------------------------------------


def _predicate(name: str, sympy_name: str) -> Op:
    return Op(
        name,
        type_of=broadcast_bool,
        pullback=lambda g, y, x: (None,),
        pushforward=lambda t, y, x: None,
        numpy=f"np.{name}({{0}})",
        sympy=lambda sp, x: getattr(sp, sympy_name),  # of a real number
        form=call(name),
        elementwise=True,
    )


ISFINITE = _predicate("isfinite", "true")
ISINF = _predicate("isinf", "false")
ISNAN = _predicate("isnan", "false")


def _sign_bit_type(x: TensorType) -> TensorType:
    return broadcast_bool(broadcast_strong_number(x))


SIGNBIT = Op(
    # True of -0.0 as well, which no formula over the reals can say.
    "signbit",
    type_of=_sign_bit_type,
    pullback=lambda g, y, x: (None,),
    pushforward=lambda t, y, x: None,
    numpy="np.signbit({0})",
    sympy=lambda sp, x: sp.StrictLessThan(x, 0),
    form=call("signbit"),
    elementwise=True,
)

LOGICAL_XOR = Op(
    "logical_xor",
    type_of=LOGICAL_AND.type_of,
    pullback=lambda g, y, a, b: (None, None),
    pushforward=lambda t, y, a, b: None,
    numpy="np.logical_xor({0}, {1})",
    sympy=lambda sp, a, b: sp.Xor(a, b),
    form=Form("({0}) ^ ({1})", "({0}) ⊻ ({1})", r"({0}) \veebar ({1})", RELATION, (RELATION, RELATION), logical=True),
    elementwise=True,
    commutative=True,
)

HEAVISIDE = Op(
    # 0, the second operand at 0, 1: constant in x between its jumps, and the identity in the value at 0.
    "heaviside",
    type_of=broadcast_float,
    pullback=lambda g, y, x, middle: (None, g * EQUAL(x, 0)),
    pushforward=lambda t, y, x, middle: times(t[1], EQUAL(x, 0)),
    numpy="np.heaviside({0}, {1})",
    sympy=lambda sp, x, middle: sp.heaviside(x, middle),
    form=Form("heaviside({0}, {1})", "H({0}; {1})", r"H_{{{1}}}\left({0}\right)", ATOM, (RELATION, RELATION)),
    elementwise=True,
)
