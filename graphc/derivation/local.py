"""Local derivatives of scalar ops, as a teacher states them.

The pullback of an op's row is the truth; where it is spelled for the machine (a guard against 0/0, a
tie shared in halves), the textbook form stands here, and the convention at the kink is said in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import NoDerivative
from ..ir import Expr, Op, lift
from ..ops.elementwise import (
    EQUAL,
    EXP,
    GREATER,
    GREATER_EQUAL,
    LESS,
    LESS_EQUAL,
    LOG,
    LOGICAL_AND,
    LOGICAL_NOT,
    NOT_EQUAL,
    SIGMOID,
    SQRT,
    SQUARE,
    WHERE,
)
from ..ops.special import NDTR, NORM_PDF
from ..ops.transcendental import COS, EXP2

Textbook = Callable[..., "tuple[Expr | float | None, ...]"]

OPPOSITE: Mapping[Op, Op] = {
    GREATER: LESS_EQUAL, LESS_EQUAL: GREATER, LESS: GREATER_EQUAL, GREATER_EQUAL: LESS,
    EQUAL: NOT_EQUAL, NOT_EQUAL: EQUAL,
}  # fmt: skip


def _opposite(condition: Expr) -> Expr:
    other = OPPOSITE.get(condition.op) if condition.label is None else None
    return LOGICAL_NOT(condition) if other is None else other(*condition.args)


def _same(y: Expr, *operands: Expr) -> tuple[float, ...]:
    return (1,) * len(operands)


def _gelu_tanh(x: Expr) -> Expr:
    """σ(u) + xσ(u)(1 - σ(u))u' with u = 2√(2/π)(x + 0.044715x³)."""
    c = 2 * math.sqrt(2 / math.pi)
    s = SIGMOID(c * (x + 0.044715 * x**3))
    return s + x * (s * (1 - s)) * (c * (1 + 0.134145 * SQUARE(x)))


# On a scalar a reduction or a reshaping hands its operand on.
TEXTBOOK: Mapping[str, Textbook] = {
    "tanh": lambda y, x: (1 - SQUARE(y),),
    "divide": lambda y, a, b: (1 / b, -(a / SQUARE(b))),
    "maximum": lambda y, a, b: (1, 0) if a is b else (GREATER(a, b), GREATER(b, a)),
    "minimum": lambda y, a, b: (1, 0) if a is b else (LESS(a, b), LESS(b, a)),
    "where": lambda y, c, a, b: (None, c, _opposite(c)),
    "fmax": lambda y, a, b: (1, 0) if a is b else (GREATER(a, b), GREATER(b, a)),
    "fmin": lambda y, a, b: (1, 0) if a is b else (LESS(a, b), LESS(b, a)),
    "clip": lambda y, x, low, high: (LOGICAL_AND(GREATER(x, low), LESS(x, high)), LESS_EQUAL(x, low),
                                     GREATER_EQUAL(x, high)),
    "reciprocal": lambda y, x: (-(1 / SQUARE(x)),),
    "cbrt": lambda y, x: (1 / (3 * SQUARE(y)),),
    "arcsin": lambda y, x: (1 / SQRT(1 - SQUARE(x)),),
    "arccos": lambda y, x: (-(1 / SQRT(1 - SQUARE(x))),),
    "arcsinh": lambda y, x: (1 / SQRT(SQUARE(x) + 1),),
    "arccosh": lambda y, x: (1 / SQRT(SQUARE(x) - 1),),
    "arctanh": lambda y, x: (1 / (1 - SQUARE(x)),),
    "arctan2": lambda y, a, b: (b / (SQUARE(a) + SQUARE(b)), -(a / (SQUARE(a) + SQUARE(b)))),
    "hypot": lambda y, a, b: (a / y, b / y),
    "logaddexp": lambda y, a, b: (SIGMOID(a - b), SIGMOID(b - a)),
    "logaddexp2": lambda y, a, b: (EXP2(a - y), EXP2(b - y)),
    "sinc": lambda y, x: ((COS(math.pi * x) - y) / x,),
    "leaky_relu": lambda y, x, a: (WHERE(GREATER(x, 0), 1, a), WHERE(GREATER(x, 0), 0, x)),
    "elu": lambda y, x, a: (WHERE(GREATER(x, 0), 1, a * EXP(x)), WHERE(GREATER(x, 0), 0, EXP(x) - 1)),
    "exp2": lambda y, x: (y * LOG(2),),
    "log2": lambda y, x: (1 / (x * LOG(2)),),
    "log10": lambda y, x: (1 / (x * LOG(10)),),
    "gelu_tanh": lambda y, x: (_gelu_tanh(x),),
    "logit": lambda y, x: (1 / (x * (1 - x)),),
    "log_ndtr": lambda y, x: (NORM_PDF(x) / NDTR(x),),
    "xlogy": lambda z, x, y: (LOG(y), x / y),
    "xlog1py": lambda z, x, y: (LOG(1 + y), x / (1 + y)),
    "rel_entr": lambda y, p, q: (LOG(p / q) + 1, -(p / q)),
    **dict.fromkeys(("add", "sum", "mean", "max", "min", "logsumexp", "reshape", "broadcast_to", "transpose"), _same),
}


def _power(y: Expr, x: Expr, p: Expr) -> tuple[Expr, Expr]:
    return p * x ** (p - 1), y * LOG(x)


def local_derivatives(node: Expr, y: Expr, operands: Sequence[Expr]) -> list[Expr | None]:
    """∂y/∂operand for each operand; None where it is exactly zero.

    `y` and `operands` stand for the node's value and operands: symbols, or the nodes themselves.
    Raises NoDerivative when the row has no pullback.
    """
    op = node.op
    textbook = TEXTBOOK.get(op.name) or (_power if op.name == "power" and operands[1].op.name != "const" else None)
    raw = textbook(y, *operands) if textbook else pulled(node, y, operands)
    return [None if d is None else lift(d) for d in raw]


def pulled(node: Expr, y: Expr, operands: Sequence[Expr]) -> tuple[Any, ...]:
    """What the row's pullback hands on for a cotangent of 1: the derivative with the convention at kinks."""
    if node.op.pullback is None:
        raise NoDerivative(f"{node.op.name} has no pullback; add one to its row (node declared at {node.place})")
    if node.op.name == "add":
        return (1,) * len(operands)
    return node.op.pullback(lift(1.0), y, *operands, **node.op.named_attrs(node))
