"""Patterns for the rewrite rules, written as the algebra they state: `x * 1`, `-(-x)`, `relu(relu(x))`.

A pattern is a variable (matches any node, the same node wherever it stands again), a number
(matches a constant whose every element is that number), or an op over patterns. Ops that commute
are matched in both orders.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .ir import OPS, Expr, lift

Match = dict[str, Expr]


@dataclass(frozen=True, eq=False)
class Pattern:
    """A node of a pattern: exactly one of `name` (a variable), `number` and `op` is set."""

    name: str = ""
    number: float | None = None
    op: str = ""
    args: tuple[Pattern, ...] = ()

    def __add__(self, other: Any) -> Pattern:
        return call("add", self, other)

    def __radd__(self, other: Any) -> Pattern:
        return call("add", other, self)

    def __sub__(self, other: Any) -> Pattern:
        return call("subtract", self, other)

    def __rsub__(self, other: Any) -> Pattern:
        return call("subtract", other, self)

    def __mul__(self, other: Any) -> Pattern:
        return call("multiply", self, other)

    def __rmul__(self, other: Any) -> Pattern:
        return call("multiply", other, self)

    def __truediv__(self, other: Any) -> Pattern:
        return call("divide", self, other)

    def __rtruediv__(self, other: Any) -> Pattern:
        return call("divide", other, self)

    def __pow__(self, other: Any) -> Pattern:
        return call("power", self, other)

    def __neg__(self) -> Pattern:
        return call("negative", self)


def call(op: str, *args: Any) -> Pattern:
    """The pattern of `op` over patterns and numbers."""
    assert op in OPS, op
    return Pattern(op=op, args=tuple(a if isinstance(a, Pattern) else Pattern(number=float(a)) for a in args))


def variables(names: str) -> tuple[Pattern, ...]:
    """Pattern variables, from names parted by spaces."""
    return tuple(Pattern(name=n) for n in names.split())


def is_number(node: Expr, number: float) -> bool:
    """Whether `node` is a constant whose every element is `number`, broadcast or cast perhaps."""
    while node.op.name in ("broadcast_to", "reshape", "astype") and node.type.dtype != "bool":
        node = node.args[0]
    if node.op.name != "const" or node.type.dtype == "bool":
        return False
    value = node.attrs[0].value
    return bool(value.size and value.flat[0] == number and (value.size == 1 or np.all(value == number)))


def match(pattern: Pattern, node: Expr) -> Match | None:
    """What each variable stands for when `node` fits the pattern, else None."""
    todo, found = [(pattern, node)], {}
    alternatives: list[tuple[list[tuple[Pattern, Expr]], Match]] = []
    while True:
        ok = True
        while todo:
            p, n = todo.pop()
            if p.name:
                ok = found.setdefault(p.name, n) is n
            elif p.number is not None:
                ok = is_number(n, p.number)
            elif p.op != n.op.name or len(p.args) != len(n.args):
                ok = False
            else:
                if n.op.commutative:
                    alternatives.append(([*todo, *zip(p.args, reversed(n.args))], dict(found)))
                todo.extend(reversed(list(zip(p.args, n.args))))
            if not ok:
                break
        if ok:
            return found
        if not alternatives:
            return None
        todo, found = alternatives.pop()


def build(pattern: Pattern, found: Match) -> Expr:
    """The node that the pattern describes."""
    if pattern.name:
        return found[pattern.name]
    if pattern.number is not None:
        whole = int(pattern.number)
        return lift(whole if whole == pattern.number else pattern.number)
    return OPS[pattern.op](*[build(a, found) for a in pattern.args])


Condition = Callable[..., bool]
