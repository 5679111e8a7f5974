"""The adjoint recurrence  x̄ = Σ (∂y/∂x)ᵀ ȳ  from f to one variable, as graphs, with places to make mistakes at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ...dims import Size
from ...errors import NoDerivative
from ...ir import OPS, Expr, consumers, lift, postorder
from ...reverse import fitted
from ...types import TensorType
from ..deciding.from_graph import NoScalarForm
from .words import Words

MAX_ACTIVE = 120

Rule: TypeAlias = Callable[[Expr], "Expr | None"]  # the adjoint of the user -> what the operand is handed


@dataclass(frozen=True, eq=False)
class Link:
    """Operand `operand` of `user`: an edge of the graph, by which an adjoint is handed down."""

    user: Expr
    operand: int

    @property
    def source(self) -> Expr:
        return self.user.args[self.operand]


@dataclass(frozen=True, eq=False)
class LinkEdit:
    """What one edge hands down made by another rule. `whole`: without the sum over the axes it was broadcast along."""

    link: Link
    rule: Rule
    whole: bool = False


@dataclass(frozen=True, eq=False)
class Seed:
    """The adjoint of a node put to a value, whatever its users hand it."""

    node: Expr
    value: Expr


@dataclass(frozen=True, eq=False)
class ArraySlip:
    """A mistake: its words, and edits of the recurrence or a value of its own."""

    words: Words
    edits: tuple[LinkEdit | Seed, ...] = ()
    whole: Callable[[], Expr] | None = None


class ArrayChain:
    """The part of the graph between f, a scalar, and `wrt`: its edges and adjoints.

    Raises NoScalarForm for ops with several results and too many nodes, NoDerivative.
    """

    def __init__(self, f: Expr, wrt: Expr, shown: Mapping[int, int] | None = None) -> None:
        self.f, self.wrt = f, wrt
        self.shown = dict(shown or {})  # sizes that stand in for larger ones, which the sentences name
        self.order = postorder([f])
        self.active = _between(self.order, wrt)
        if len(self.active) > MAX_ACTIVE:
            raise NoScalarForm("too_many_nodes", limit=MAX_ACTIVE, name=wrt.label)
        if any(not isinstance(n.type, TensorType) for n in self.active):
            raise NoScalarForm("no_scalar_op", name="scan", place=f.place)
        inside = set(self.active)
        self.links = {n: [Link(n, i) for i, a in enumerate(n.args) if a in inside and n is not wrt]
                      for n in self.active}
        self.uses = consumers(self.order)
        self.handed: dict[tuple[Expr, int], Expr | None] = {}
        self.adjoint: dict[Expr, Expr | None] = {f: lift(1.0)}
        for node in reversed(self.active):
            if node is not f:
                self.adjoint[node] = _total(self.handed.get((u, i)) for u, i in self.uses[node])
            for link, value in self.pulled(node, self.adjoint[node]):
                self.handed[node, link.operand] = value

    def pulled(self, node: Expr, g: Expr | None) -> Iterator[tuple[Link, Expr | None]]:
        """What a node with adjoint g hands to each operand."""
        links = self.links[node]
        if not links:
            return
        found = [None] * len(node.args) if g is None else pullback(node, g)
        for link in links:
            value = found[link.operand]
            yield link, None if value is None else fitted(value, link.source)

    def size_text(self, sizes: Iterable[Size]) -> str:
        """A product of sizes as it is written."""
        return "·".join(str(self.shown.get(s, s) if isinstance(s, int) else s) for s in sizes) or "1"

    def all_links(self) -> Iterator[Link]:
        """Every edge, those nearest to f first."""
        for node in reversed(self.active):
            yield from self.links[node]

    def inner(self) -> list[Expr]:
        """The nodes computed from the variable, nearest to f first."""
        return [n for n in reversed(self.active) if n is not self.wrt]

    def truth(self) -> Expr:
        return self.zeros(self.adjoint.get(self.wrt))

    def zeros(self, value: Expr | None) -> Expr:
        """An adjoint of the variable; an exact zero in its shape."""
        return OPS["broadcast_to"](lift(0.0), shape=self.wrt.shape) if value is None else value

    def value(self, slip: ArraySlip) -> Expr | None:
        """The derivative with this mistake; None where its shapes do not fit."""
        return slip.whole() if slip.whole is not None else self.edited(slip.edits)

    def edited(self, edits: Sequence[LinkEdit | Seed]) -> Expr | None:
        """∂f/∂wrt by the recurrence with these edits. Only what depends on an edit is computed again."""
        on_link = {(e.link.user, e.link.operand): e for e in edits if isinstance(e, LinkEdit)}
        changed: dict[Expr, Expr | None] = {e.node: e.value for e in edits if isinstance(e, Seed)}
        handed = dict(self.handed)
        touched = {user for user, _ in on_link}
        for node in reversed(self.active):
            mine = self.uses.get(node, ())
            if node not in changed and any(handed.get((u, i)) is not self.handed.get((u, i)) for u, i in mine):
                changed[node] = _total(handed.get((u, i)) for u, i in mine)
                value = changed[node]
                if node is not self.wrt and value is not None and value.shape != node.shape:
                    return None
            if node in changed or node in touched:
                g = changed[node] if node in changed else self.adjoint[node]
                for link, value in self.pulled(node, g):
                    edit = on_link.get((node, link.operand))
                    handed[node, link.operand] = value if edit is None else _ruled(edit, g)
        return self.zeros(changed[self.wrt] if self.wrt in changed else self.adjoint.get(self.wrt))


def _ruled(edit: LinkEdit, g: Expr | None) -> Expr | None:
    value = None if g is None else edit.rule(g)
    if value is None or edit.whole or value.shape == edit.link.source.shape:
        return value
    return fitted(value, edit.link.source) if value.ndim >= edit.link.source.ndim else value


def _between(order: Sequence[Expr], wrt: Expr) -> list[Expr]:
    active = {wrt}
    for node in order:
        if any(a in active for a in node.args) and getattr(node.type, "is_float", True):
            active.add(node)
    return [n for n in order if n in active]


def pullback(node: Expr, g: Expr) -> list[Expr | None]:
    """What the operands of a node are handed, before the sums over broadcast axes."""
    if node.op.pullback is None:
        raise NoDerivative(f"{node.op.name} has no pullback (node declared at {node.place})")
    return [None if d is None else lift(d) for d in node.op.pullback(g, node, *node.args, **node.op.named_attrs(node))]


def _total(values: Iterable[Expr | None]) -> Expr | None:
    total: Expr | None = None
    for value in values:
        if value is not None:
            total = value if total is None else total + value
    return total


def ones_like(node: Expr) -> Expr:
    return lift(1.0) if not node.ndim else OPS["broadcast_to"](lift(1.0), shape=node.shape)
