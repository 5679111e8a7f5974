"""The tangent recurrence  ẏ = Σ ∂y/∂xᵢ · ẋᵢ  from one variable to f, as trees, with places to make mistakes at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

from ...errors import NoDerivative
from ...ir import Expr, lift, postorder, variables
from ...reverse import declared_gradients
from ..deciding.from_graph import NoScalarForm, trees
from ..reading.tree import Tree, add, make, mul, neg, num, number_like, symbols
from .words import Words

MAX_ACTIVE = 60


@dataclass(frozen=True, eq=False)  # a comparison of nodes would build a node
class Edge:
    """Operand `operand` of `user`, with the local derivative ∂user/∂operand."""

    user: Expr
    operand: int
    local: Tree

    @property
    def source(self) -> Expr:
        return self.user.args[self.operand]


@dataclass(frozen=True, eq=False)
class EdgeEdit:
    """One term of one sum changed: another local derivative, another tangent, or the term lost."""

    edge: Edge
    local: Tree | None = None
    tangent: Tree | None = None
    lost: bool = False


Terms: TypeAlias = "list[tuple[Edge, Tree | None]]"
Rule: TypeAlias = Callable[[Terms], "Tree | None"]


@dataclass(frozen=True, eq=False)
class NodeEdit:
    """The whole sum of a node made by another rule."""

    node: Expr
    rule: Rule


@dataclass(frozen=True, eq=False)
class Slip:
    """A mistake: its words, and what it does. Either edits of the recurrence, or a value of its own."""

    words: Words
    edits: tuple[EdgeEdit | NodeEdit, ...] = ()
    whole: Callable[[], Tree] | None = None


class Chain:
    """The part of the graph between `wrt` and `f`: its edges and local derivatives as trees.

    Raises NoScalarForm for arrays, ops without a scalar form and too many nodes; NoDerivative.
    """

    def __init__(self, f: Expr, wrt: Expr) -> None:
        self.f, self.wrt = f, wrt
        self.order = postorder([f])
        active = {wrt}
        for node in self.order:
            if node.type.is_float and any(a in active for a in node.args):
                active.add(node)
        self.active = [n for n in self.order if n in active]
        if len(self.active) > MAX_ACTIVE:
            raise NoScalarForm("too_many_nodes", limit=MAX_ACTIVE, name=wrt.label)
        self.trees = trees([f, wrt])
        self.edges = {n: self._edges(n, active) for n in self.active if n is not wrt}
        self.tangent: dict[Expr, Tree | None] = {wrt: num(1)}
        for node in self.edges:
            self.tangent[node] = total(chained(e, self.tangent.get(e.source)) for e in self.edges[node])

    def _edges(self, user: Expr, active: set[Expr]) -> list[Edge]:
        found = []
        for i, (operand, local) in enumerate(zip(user.args, local_derivatives(user))):
            if operand in active and local is not None:
                found.append(Edge(user, i, trees([local])[local]))
        return found

    @cached_property
    def truth(self) -> Tree:
        return self.tangent.get(self.f) or num(0)

    @cached_property
    def gradients(self) -> dict[Expr, Tree]:
        """∂f/∂v for every other scalar variable v."""
        others = [v for v in variables(self.order) if v is not self.wrt and v.type.is_float and not v.ndim]
        try:
            found = declared_gradients(self.f, others) if self.f.type.is_float else []
            written = trees(found)
        except (NoDerivative, NoScalarForm):  # of a variable that was not asked for
            return {}
        return {v: number_like(written[g]) for v, g in zip(others, found)}

    def all_edges(self) -> Iterator[Edge]:
        """Every edge, those nearest to f first."""
        for node in reversed(self.active):
            yield from self.edges.get(node, ())

    def inner(self) -> list[Expr]:
        """The nodes computed from the variable, nearest to f first."""
        return [n for n in reversed(self.active) if n is not self.wrt]

    def is_constant(self, tree: Tree) -> bool:
        """Whether nothing that varies with the variable can stand in this tree: no symbol at all, or not its own."""
        return str(self.wrt.label) not in symbols(tree)

    def value(self, slip: Slip) -> Tree:
        """The derivative with this mistake."""
        return slip.whole() if slip.whole is not None else self.edited(slip.edits)

    def edited(self, edits: Iterable[EdgeEdit | NodeEdit]) -> Tree:
        """∂f/∂wrt by the recurrence with these edits. Only what depends on an edit is computed again."""
        on_edge: dict[tuple[int, int], EdgeEdit] = {}
        rules: dict[int, Rule] = {}
        for edit in edits:
            if isinstance(edit, NodeEdit):
                rules[id(edit.node)] = edit.rule
            else:
                on_edge[id(edit.edge.user), edit.edge.operand] = edit
        touched = {*rules, *(user for user, _ in on_edge)}
        changed: dict[Expr, Tree | None] = {}
        for node, edges in self.edges.items():
            if id(node) not in touched and not any(e.source in changed for e in edges):
                continue
            terms = [(e, changed[e.source] if e.source in changed else self.tangent[e.source]) for e in edges]
            if id(node) in rules:
                changed[node] = rules[id(node)](terms)
            else:
                changed[node] = total(_term(e, t, on_edge.get((id(node), e.operand))) for e, t in terms)
        return (changed[self.f] if self.f in changed else self.tangent.get(self.f)) or num(0)


def _term(edge: Edge, tangent: Tree | None, edit: EdgeEdit | None) -> Tree | None:
    if edit is None:
        return chained(edge, tangent)
    if edit.lost or tangent is None:
        return None
    return mul(edit.local or edge.local, edit.tangent or tangent)


def local_derivatives(user: Expr) -> list[Expr | None]:
    """∂user/∂operand for each operand: the pullback of 1."""
    if user.op.pullback is None:
        return [None] * len(user.args)
    found = user.op.pullback(lift(1.0), user, *user.args, **user.op.named_attrs(user))
    return [None if d is None else lift(d) for d in found]


def chained(edge: Edge, tangent: Tree | None) -> Tree | None:
    return None if tangent is None else mul(edge.local, tangent)


def total(terms: Iterable[Tree | None]) -> Tree | None:
    present = [t for t in terms if t is not None]
    return add(*present) if present else None


def plain(tree: Tree, done: dict[int, tuple[Tree, Tree]] | None = None) -> Tree:
    """The tree without factors 1, terms 0 and doubled signs, products within products opened up: for people.

    `done` keeps what is known of trees that share parts: each with its plain form.

    >>> from ..reading.tree import show, sym
    >>> show(plain(mul(num(1), mul(num(2), sym("x"), num(1)))))
    '2·x'
    """
    known = {} if done is None else done
    stack = [tree]
    while stack:
        node = stack[-1]
        missing = [] if id(node) in known else [a for a in node.args if id(a) not in known]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        if id(node) not in known:
            known[id(node)] = node, _plain(node, [known[id(a)][1] for a in node.args]) if node.args else node
    return known[id(tree)][1]


def _plain(node: Tree, args: list[Tree]) -> Tree:
    if node.head == "mul":
        return _plain_product(args)
    if node.head == "add":
        kept = [a for a in args if a.number != 0]
        return add(*(b for a in kept for b in (a.args if a.head == "add" else (a,))))
    if node.head == "neg":
        return args[0].args[0] if args[0].head == "neg" else neg(args[0])
    if node.head == "div" and (args[1].number == 1 or args[0].number == 0):
        return args[0]
    if node.head == "pow" and args[1].number == 1:
        return args[0]
    if node.head == "where" and args[0].head == "rel" and args[0].value == "==":
        one, other = (a.number for a in args[0].args)
        if one is not None and other is not None:  # what keeps 0·∞ out of a backward pass
            return args[1] if one == other else args[2]
    return node if all(a is b for a, b in zip(args, node.args)) else make(node.head, *args, value=node.value)


def _plain_product(args: list[Tree]) -> Tree:
    """Signs in front, then the number, then the rest."""
    factors = [b for a in args for b in (a.args if a.head == "mul" else (a,))]
    sign = 1
    for i, f in enumerate(factors):
        if f.head == "neg":
            sign, factors[i] = -sign, f.args[0]
    factors = [b for a in factors for b in (a.args if a.head == "mul" else (a,))]
    constant = Fraction(sign)
    for f in factors:
        constant *= 1 if f.number is None else f.number
    rest = [f for f in factors if f.number is None]
    if not constant or not rest:
        return num(constant)
    body = mul(*rest) if abs(constant) == 1 else mul(num(abs(constant)), *rest)
    return neg(body) if constant < 0 else body
