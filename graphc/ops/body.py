"""The body of a scan: one step as a closed graph over bound leaves, and how such graphs are opened and closed.

While a step is traced, placeholders stand for what the loop hands to it. Whatever does not depend on them is computed
outside, once, and handed in as well: `close` replaces each maximal part of that kind by a leaf of its own. Numbers
and sizes stay inside. Bodies are interned, so two equal steps are one body.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from ..dims import Dim
from ..ir import BOUND, TUPLE, Expr, building, postorder
from ..spelling import size_names_of
from ..types import TensorType

# Kinds of bound leaves: "carry" and "x" change from step to step, "free" does not; "seed" is a cotangent.
_TOKENS = count(1)


class Body:
    """What one step computes, over bound leaves: the final carries, then what is stacked. Compared by identity."""

    __slots__ = ("_order", "_sizes", "root", "texts")

    def __init__(self, root: Expr) -> None:
        self.root = root
        self.texts: dict[Any, tuple[str, tuple[str, ...], tuple[str, ...]]] = {}  # what has been emitted for it
        self._order: list[Expr] | None = None
        self._sizes: tuple[Dim, ...] | None = None

    @property
    def outputs(self) -> tuple[Expr, ...]:
        return self.root.args

    @property
    def order(self) -> list[Expr]:
        """The nodes, operands first."""
        if self._order is None:
            self._order = postorder(self.root.args)
        return self._order

    @property
    def sizes(self) -> tuple[Dim, ...]:
        """The named sizes that the step mentions."""
        if self._sizes is None:
            names = {name for node in self.order for name in size_names_of(node)}
            self._sizes = tuple(Dim.named(name) for name in sorted(names))
        return self._sizes

    def leaves(self) -> dict[tuple[str, int], Expr]:
        """The bound leaves by kind and index."""
        return {node.attrs[2:4]: node for node in self.order if node.op is BOUND}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Body) and self.root is other.root

    def __hash__(self) -> int:
        return hash(self.root)

    def __reduce__(self) -> tuple[type, tuple[Expr]]:
        return Body, (self.root,)

    def __repr__(self) -> str:
        return f"<body of {len(self.order)} nodes>"


def body_of(outputs: Iterable[Expr]) -> Body:
    return Body(TUPLE.make(tuple(outputs)))


def bound(type_: TensorType, kind: str, index: int, label: str | None = None, token: int = 0) -> Expr:
    """The leaf that stands for a value of this type inside a body; while tracing, a placeholder with a token."""
    return BOUND.make((), (type_.dtype, type_.shape, kind, index, token, type_.weak), label)


def element(type_: TensorType) -> TensorType:
    """The type of one element of a sequence: without its leading axis."""
    return TensorType(type_.shape[1:], type_.dtype)


class Trace:
    """Placeholders of one trace, and the graph that is built on them."""

    def __init__(self) -> None:
        self.token = next(_TOKENS)
        self._first: int | None = None
        self._labels: dict[tuple[str, int], str | None] = {}

    def leaf(self, type_: TensorType, kind: str, index: int, label: str | None = None) -> Expr:
        """A placeholder. It is new, so no node made before it depends on it: `close` never looks at those."""
        node = bound(type_, kind, index, label, self.token)
        self._labels[kind, index] = label
        if self._first is None:
            self._first = node.serial
        return node

    def close(self, outputs: Sequence[Expr]) -> tuple[list[Expr], list[Expr]]:
        """The outputs over bound leaves, and the values from outside that the "free" leaves stand for, in order.

        A placeholder that the step has named anew is one leaf, under its new name.
        """
        order = self._reached(outputs)
        depends: set[Expr] = set()
        labels = dict(self._labels)
        for node in order:
            if node.op is BOUND and node.attrs[4] == self.token and node.label is not None:
                key = node.attrs[2:4]
                labels[key] = node.label if node.label != self._labels[key] else labels[key]
            if (node.op is BOUND and node.attrs[4] == self.token) or any(a in depends for a in node.args):
                depends.add(node)
        new: dict[Expr, Expr] = {}
        free: list[Expr] = []

        def inside(node: Expr) -> Expr:
            if node not in depends and node not in new:
                if _stays(node):
                    new[node] = node
                else:  # which may itself be a leaf of the body that this trace stands in
                    new[node] = bound(node.type, "free", len(free), _name(node))
                    free.append(node)
            return new[node]

        with building() as at:
            for node in order:
                if node in depends:
                    at(node)
                    if node.op is BOUND:
                        kind, index = node.attrs[2:4]
                        new[node] = bound(node.type, kind, index, labels[kind, index])
                    else:
                        new[node] = node.op.make(tuple([inside(a) for a in node.args]), node.attrs, node.label)
            closed = [inside(top) for top in outputs]
        return closed, free

    def _reached(self, outputs: Sequence[Expr]) -> list[Expr]:
        """The nodes under the outputs that may depend on the placeholders, operands first."""
        first = self._first
        if first is None:
            return []
        seen: set[Expr] = set()
        order: list[Expr] = []
        stack = [(top, False) for top in reversed(outputs)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen and node.serial >= first:
                seen.add(node)
                stack.append((node, True))
                stack.extend([(a, False) for a in reversed(node.args)])
        return order


def _name(node: Expr) -> str | None:
    """The name of a value from outside: a matrix Uᵀ is U_T."""
    if node.op.name == "transpose" and node.label is None and node.args[0].label is not None:
        return f"{node.args[0].label}_T"
    return node.label


def _stays(node: Expr) -> bool:
    """Numbers, sizes and what is made of them alone are written into the body."""
    while node.label is None and node.op.name in ("broadcast_to", "astype"):
        node = node.args[0]
    return node.type.weak or (node.op.name == "const" and not node.type.shape and node.label is None)


def substitute(outputs: Sequence[Expr], table: Mapping[Expr, Expr]) -> list[Expr]:
    """The outputs with each node of the table replaced; what is under a replaced node is not looked at."""
    new: dict[Expr, Expr] = dict(table)
    with building() as at:
        for top in outputs:
            stack = [top]
            while stack:
                node = stack[-1]
                waiting = [a for a in node.args if a not in new] if node not in new else []
                if waiting:
                    stack.extend(reversed(waiting))
                    continue
                stack.pop()
                if node not in new:
                    at(node)
                    args = tuple([new[a] for a in node.args])
                    same = all(a is b for a, b in zip(args, node.args))
                    new[node] = node if same else node.op.make(args, node.attrs, node.label)
    return [new[top] for top in outputs]


def is_zero(node: Expr) -> bool:
    """Whether the value is 0 by construction: nothing flows through it."""
    while node.op.name in ("broadcast_to", "reshape", "astype"):
        node = node.args[0]
    return node.op.name == "const" and not node.attrs[0].value.any()
