"""Patterns for the rewrite rules, written as the algebra they state: `x * 1`, `-(-x)`, `relu(relu(x))`.

A pattern is a variable (matches any node, the same node wherever it stands again), a number
(matches a constant whose every element is that number), or an op over patterns. Ops that commute
are matched in both orders.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from .ir import OPS, Expr, lift

Match = dict[str, Expr]


@dataclass(frozen=True)
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
    assert op in OPS.complete(), op
    return Pattern(op=op, args=tuple(a if isinstance(a, Pattern) else Pattern(number=float(a)) for a in args))


def variables(names: str) -> tuple[Pattern, ...]:
    """Pattern variables, from names parted by spaces."""
    return tuple(Pattern(name=n) for n in names.split())


# What a constant may be wrapped in and still be the same number everywhere.
_CONSTANTS = ("const", "broadcast_to", "reshape", "astype")


def is_number(node: Expr, number: float) -> bool:
    """Whether `node` is a constant whose every element is `number`, broadcast or cast perhaps."""
    name = node.op.name
    if name not in _CONSTANTS:
        return False
    while name != "const" and name in _CONSTANTS and node.type.dtype != "bool":
        node = node.args[0]
        name = node.op.name
    if name != "const" or node.type.dtype == "bool":
        return False
    value = node.attrs[0].value
    return bool(value.size and value.flat[0] == number and (value.size == 1 or np.all(value == number)))


def matcher(pattern: Pattern) -> Callable[[Expr], Match | None]:
    """A function that says what each variable stands for when a node fits the pattern, else None.

    The orders of the operands that commute are written out beforehand, so that matching is a
    straight run of checks: ops first, numbers next, variables last. The node's own op is taken to be the pattern's.
    """
    plans = [_plan(order) for order in _orders(pattern)]

    def find(node: Expr) -> Match | None:
        for plan in plans:
            found = _follow(plan, node)
            if found is not None:
                return found
        return None

    return find


def match(pattern: Pattern, node: Expr) -> Match | None:
    """What each variable stands for when `node` fits the pattern, else None.

    >>> from graphc import exp, input
    >>> x, y = input("x"), variables("y")[0]
    >>> match(y * 2, 2 * exp(x))
    {'y': <exp(x): float64[]>}
    """
    return matcher(pattern)(node) if pattern.op == node.op.name else None


def operand_ops(pattern: Pattern) -> frozenset[str]:
    """Ops of which one stands among the operands of every node that fits; empty when any operand may do."""
    needed: set[str] = set()
    for p in pattern.args:
        needed |= {p.op} if p.op else set(_CONSTANTS) if p.number is not None else set()
    return frozenset(needed)


# One check: (what to check, which of the nodes met so far, what it must be).
_Check = tuple[str, int, Any]


def _orders(pattern: Pattern) -> list[Pattern]:
    """The pattern with its operands in every order that their ops allow, each once."""
    if not pattern.op:
        return [pattern]
    operands = [list(found) for found in product(*[_orders(a) for a in pattern.args])]
    if OPS[pattern.op].commutative:
        operands += [found[::-1] for found in operands]
    return list(dict.fromkeys(Pattern(op=pattern.op, args=tuple(found)) for found in operands))


def _plan(pattern: Pattern) -> tuple[_Check, ...]:
    """The checks of one order. Nodes are numbered as they are met: the root 0, then operands of each op."""
    ops: list[_Check] = []
    rest: list[_Check] = []
    waiting = deque([(0, pattern)])
    met = 1
    while waiting:
        at, p = waiting.popleft()
        if p.op:
            ops.append(("op", at, p.op))
            waiting.extend(zip(range(met, met + len(p.args)), p.args))
            met += len(p.args)
        else:
            rest.append(("name", at, p.name) if p.name else ("number", at, p.number))
    return (*ops, *sorted(rest, key=lambda check: check[0], reverse=True))


def _follow(plan: tuple[_Check, ...], node: Expr) -> Match | None:
    met = [node]
    found: Match = {}
    for kind, at, wanted in plan:
        here = met[at]
        if kind == "op":
            if here.op.name != wanted:
                return None
            met.extend(here.args)
        elif kind == "number":
            if not is_number(here, wanted):
                return None
        elif found.setdefault(wanted, here) is not here:
            return None
    return found


def build(pattern: Pattern, found: Match) -> Expr:
    """The node that the pattern describes."""
    if pattern.name:
        return found[pattern.name]
    if pattern.number is not None:
        whole = int(pattern.number)
        return lift(whole if whole == pattern.number else pattern.number)
    return OPS[pattern.op](*[build(a, found) for a in pattern.args])
