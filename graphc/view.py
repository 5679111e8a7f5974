"""The graph as a teacher draws it: sums with several terms, a name for every value.

Figures and derivations share this view, so that they speak of the same m1, s and r.
A sum a + b + c is one node with three operands, where the graph has two binary additions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count

from .ir import LEAVES, Expr, consumers, postorder, variables

# The letter that a value is given by the operation that makes it.
LETTERS: Mapping[str, str] = {
    "add": "s", "subtract": "d", "multiply": "m", "divide": "q", "matmul": "u", "negative": "n", "power": "h",
    "square": "h", "relu": "r", "sigmoid": "a", "tanh": "a", "softplus": "a", "softmax": "p", "exp": "h", "log": "l",
    "sqrt": "h", "maximum": "r", "minimum": "r", "sum": "s", "mean": "s",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)  # a comparison of nodes would build a node
class ViewNode:
    """One node of the view: `expr` is its value, `operands` the values it is made of, in order."""

    expr: Expr
    operands: tuple[Expr, ...]
    name: str

    @property
    def is_leaf(self) -> bool:
        return not self.operands


@dataclass(frozen=True, slots=True, eq=False)  # a comparison of nodes would build a node
class View:
    """`nodes` in the order of computation, leaves included; `names` has the name of every node's value."""

    nodes: tuple[ViewNode, ...]
    outputs: tuple[Expr, ...]
    names: Mapping[Expr, str]

    def node(self, expr: Expr) -> ViewNode:
        return next(n for n in self.nodes if n.expr is expr)

    def users(self, expr: Expr) -> list[tuple[ViewNode, int]]:
        """The wires that leave `expr`: (user, operand position). x*x is two wires."""
        return [(n, i) for n in self.nodes for i, a in enumerate(n.operands) if a is expr]


def teaching_view(outputs: Expr | Iterable[Expr], *, output_name: str = "f") -> View:
    """The view of a graph. Raises InputError when one name stands for two inputs.

    >>> import graphc as G
    >>> x1, x2 = G.inputs("x1 x2"); w1, w3, b = G.params("w1 w3 b")
    >>> view = teaching_view(w3 * G.relu(w1*x1 + w1*x2 + b))
    >>> [n.name for n in view.nodes if not n.is_leaf]
    ['m1', 'm2', 's', 'r', 'f']
    >>> len(view.nodes[-3].operands)
    3
    """
    tops: tuple[Expr, ...] = (outputs,) if isinstance(outputs, Expr) else tuple(outputs)
    order = postorder(tops)
    variables(order)
    inner = _inner_sums(order, set(tops))
    operands = {node: _operands(node, inner) for node in order if node not in inner}
    kept = _reachable(tops, operands)
    shown = [n for n in order if n in kept]
    names = _names(shown, tops, output_name)
    return View(tuple(ViewNode(n, operands[n], names[n]) for n in shown), tops, names)


def _inner_sums(order: list[Expr], tops: set[Expr]) -> set[Expr]:
    """Additions that are drawn as part of a longer sum: unnamed, used once, by an addition of their type."""
    edges = consumers(order)
    return {
        n for n in order
        if n.op.name == "add" and n.label is None and n not in tops and len(edges[n]) == 1
        and edges[n][0][0].op.name == "add" and edges[n][0][0].type is n.type
    }  # fmt: skip


def _operands(node: Expr, inner: set[Expr]) -> tuple[Expr, ...]:
    flat: list[Expr] = []
    stack = list(reversed(node.args))
    while stack:
        arg = stack.pop()
        if arg in inner and node.op.name == "add":
            stack.extend(reversed(arg.args))
        else:
            flat.append(arg)
    return tuple(flat)


def _reachable(tops: tuple[Expr, ...], operands: Mapping[Expr, tuple[Expr, ...]]) -> set[Expr]:
    kept: set[Expr] = set()
    stack = list(tops)
    while stack:
        node = stack.pop()
        if node not in kept:
            kept.add(node)
            stack.extend(operands[node])
    return kept


def _names(shown: list[Expr], tops: tuple[Expr, ...], output_name: str) -> dict[Expr, str]:
    """The user's names first; the output is f; the rest by letter, numbered where a letter comes twice."""
    names = {n: n.label for n in shown if n.label is not None}
    taken = set(names.values())
    for i, top in enumerate(tops):
        if top not in names and top.op.name not in LEAVES:
            names[top] = _fresh(output_name if len(tops) == 1 else f"{output_name}{i + 1}", taken)
    wanted: dict[str, list[Expr]] = {}
    for node in shown:
        if node not in names and node.op.name not in LEAVES:
            wanted.setdefault(LETTERS.get(node.op.name, "h"), []).append(node)
    for letter, nodes in wanted.items():
        for i, node in enumerate(nodes, 1):
            names[node] = _fresh(letter if len(nodes) == 1 else f"{letter}{i}", taken)
    for node in shown:
        if node not in names:  # constants and sizes are written as they are
            names[node] = str(node)
    return names


def _fresh(name: str, taken: set[str]) -> str:
    """`name`, or the first of name1, name2, ... when it is taken."""
    free = name if name not in taken else next(n for n in (f"{name}{i}" for i in count(1)) if n not in taken)
    taken.add(free)
    return free
