"""Local derivatives of scalar ops, as a teacher states them.

The pullback of an op's row is the truth; where it is spelled for the machine (a guard against 0/0, a
tie shared in halves), the textbook form stands here, and the convention at the kink is said in words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import NoDerivative
from ..ir import Expr, Op, lift
from ..ops.elementwise import (
    EQUAL,
    GREATER,
    GREATER_EQUAL,
    LESS,
    LESS_EQUAL,
    LOG,
    LOGICAL_NOT,
    NOT_EQUAL,
    SQUARE,
)

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


# On a scalar a reduction or a reshaping hands its operand on.
TEXTBOOK: Mapping[str, Textbook] = {
    "tanh": lambda y, x: (1 - SQUARE(y),),
    "divide": lambda y, a, b: (1 / b, -(a / SQUARE(b))),
    "maximum": lambda y, a, b: (1, 0) if a is b else (GREATER(a, b), GREATER(b, a)),
    "minimum": lambda y, a, b: (1, 0) if a is b else (LESS(a, b), LESS(b, a)),
    "where": lambda y, c, a, b: (None, c, _opposite(c)),
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
