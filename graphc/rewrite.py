"""The engine that applies the rules: each node once, operands first, with a log.

Every node is brought to a form to which no rule applies, and what a rule makes is brought there too.
What a rule makes, operands included, has one rewrite less to spend than the node it came from, `FUEL` at first:
rules that would never end are stopped, and the whole pass is linear in the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import DTypeError
from .ir import LEAVES, Expr, building, lift
from .ops.elementwise import ASTYPE
from .ops.shaping import BROADCAST_TO
from .patterns import Pattern, build, matcher
from .rules import RULES, Rule

FUEL = 40


@dataclass(frozen=True, slots=True, eq=False)  # a comparison of nodes would build a node
class Rewrite:
    """One line of the log: `before` became `after` by `rule`, valid because of `why`, if `assumes`."""

    rule: str
    before: Expr
    after: Expr
    why: str
    assumes: str = ""

    def __str__(self) -> str:
        given = f" (if {self.assumes})" if self.assumes else ""
        return f"{self.rule}: {_short(self.before)}  →  {_short(self.after)}   because {self.why}{given}"


def _short(node: Expr) -> str:
    text = str(node)
    return text if len(text) <= 80 else repr(node)


Log = Callable[[Rewrite], None]
_Tried = tuple[Rule, Callable[[Expr], "Expr | None"]]  # a rule, and what to try


class _Rules(dict[tuple[str, ...], tuple[_Tried, ...]]):
    """The rules that may apply to a node, by its op and those of its operands: most nodes have none.

    A rule may say which ops one of the operands must have.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.by_op: dict[str, list[tuple[frozenset[str], _Tried]]] = {}
        for rule in rules:
            self.by_op.setdefault(rule.op, []).append((rule.operand_ops, (rule, _action(rule))))

    def __missing__(self, ops: tuple[str, ...]) -> tuple[_Tried, ...]:
        operands = ops[1:]
        found = tuple([tried for needed, tried in self.by_op.get(ops[0], ())
                       if not needed or not needed.isdisjoint(operands)])
        if len(operands) <= 3:  # beyond, there are too many of them to keep
            self[ops] = found
        return found


def rewrite(outputs: Any, rules: Sequence[Rule] = RULES, log: Log | None = None) -> Any:
    """The outputs (one Expr, or a list together) with the rules applied until none applies.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> print(rewrite(-(-x) * 1 + 0))
    x
    """
    table = _table(rules)
    results: dict[Expr, Expr] = {}
    with building() as at:
        tops = [outputs] if isinstance(outputs, Expr) else list(outputs)
        for top in tops:
            _reduce(top, table, results, log, at)
    found = [results[top] for top in tops]
    return found[0] if isinstance(outputs, Expr) else found


_TABLES: dict[int, tuple[Sequence[Rule], _Rules]] = {}


def _table(rules: Sequence[Rule]) -> _Rules:
    known = _TABLES.get(id(rules))
    if known is not None and known[0] is rules:
        return known[1]
    table = _Rules(rules)
    if rules is RULES:
        _TABLES[id(rules)] = (rules, table)
    return table


def _action(rule: Rule) -> Callable[[Expr], Expr | None]:
    left, right = rule.left, rule.right
    if isinstance(left, str):
        assert not isinstance(right, Pattern)
        return right
    find = matcher(left)

    def act(node: Expr) -> Expr | None:
        found = find(node)
        if found is None:
            return None
        try:
            return build(right, found) if isinstance(right, Pattern) else right(node)
        except DTypeError:  # x is a condition: 1[a > b]·(-1) is a number, -(a > b) is nothing
            return None

    return act


def _reduce(top: Expr, table: _Rules, results: dict[Expr, Expr], log: Log | None, at: Callable[[Expr], None]) -> None:
    stack: list[tuple[Expr, int, Expr | None]] = [(top, 0, None)]  # node, rewrites so far, what it became
    while stack:
        node, spent, became = stack.pop()
        if became is not None:
            results[node] = _relabelled(results[became], node)
            continue
        if node in results:
            continue
        args = new = node.args
        for a in args:
            if results.get(a) is not a:
                waiting = [(a, spent, None) for a in reversed(args) if a not in results]
                if waiting:
                    stack.append((node, spent, None))
                    stack += waiting
                else:
                    new = tuple([results[a] for a in args])
                break
        else:
            waiting = []
        if waiting:
            continue
        rebuilt = node
        if new is not args:
            at(node)
            rebuilt = node.op.make(new, node.attrs, node.label)
        name = rebuilt.op.name
        if len(new) == 2:
            tried = table[name, rebuilt.args[0].op.name, rebuilt.args[1].op.name]
        else:
            tried = table[(name, *[a.op.name for a in rebuilt.args])]
        if not tried or spent >= FUEL:
            results[node] = results[rebuilt] = rebuilt
            continue
        at(node)
        after = _step(rebuilt, tried, log)
        if after is None:
            results[node] = results[rebuilt] = rebuilt
        elif after in results:
            results[node] = _relabelled(results[after], node)
        else:
            stack.append((node, spent, after))
            stack.append((after, spent + 1, None))


def _step(node: Expr, tried: Iterable[_Tried], log: Log | None) -> Expr | None:
    """`node` after the first rule that applies, in the type it had; None when none does."""
    for rule, action in tried:
        after = action(node)
        if after is not None and after is not node:
            after = as_type(after, node)
            if after is node:
                continue
            if log is not None:
                log(Rewrite(rule.name, node, after, rule.why, rule.assumes))
            return after
    return None


def as_type(new: Expr, old: Expr) -> Expr:
    """`new` in the shape and dtype of the `old` that it replaces."""
    if new.type is old.type:
        return new
    if new.op.name == "const" and new.label is None and new.ndim == 0 and new.type.dtype != "bool":
        value = new.attrs[0].value
        new = lift(value.item() if old.type.weak else old.dtype.type(value.item()))
    elif new.type.dtype != old.type.dtype:
        new = ASTYPE(new, dtype=old.type.dtype)
    return new if new.shape == old.shape else BROADCAST_TO(new, shape=old.shape)


def _relabelled(new: Expr, old: Expr) -> Expr:
    """`new` under the name that `old` had, unless it has a name of its own."""
    if old.label is None or new.label is not None or new.op.name in LEAVES:
        return new
    return new.named(old.label)
