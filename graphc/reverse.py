"""Reverse mode as dynamic programming over the DAG: one adjoint a node, every edge once.

For a scalar f, the adjoint of a node v is v̄ = ∂f/∂v. With the adjoints of all users of v known,

    v̄ = Σ over edges v → u of  (∂u/∂v)ᵀ ū,

so walking the graph from f to the leaves computes every adjoint with one visit to each edge, where a
sum over paths from v to f would walk one term for each path (Linnainmaa 1970; Griewank and
Walther, Evaluating Derivatives, 2008, ch. 3). Only nodes that lie between `wrt` and f take part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from .dims import Size
from .errors import DTypeError, InputError, NoDerivative, ShapeError
from .formula import format_node
from .ir import TUPLE, Expr, building, lift, postorder, same_variable, variables
from .ops.elementwise import EQUAL, WHERE
from .ops.gather import join_terms
from .ops.loop_rules import PASSES
from .ops.reduction import SUM
from .ops.shaping import BROADCAST_TO, RESHAPE
from .stable import images, reusing
from .types import TensorType, TupleType


class Contribution(NamedTuple):
    """One edge of the table: operand `operand` of `consumer` hands `value` to the adjoint of the row's node."""

    consumer: Expr
    operand: int
    value: Expr | None  # None: the edge carries an exact zero


class Row(NamedTuple):
    """One node of the dynamic program: what its consumers hand it, and its adjoint, their sum."""

    node: Expr
    contributions: tuple[Contribution, ...]
    adjoint: Expr | None  # None: exactly zero
    paths: int = 0  # paths from the node to the output, which a naive sum would walk: counted for the table alone

    @property
    def consumers(self) -> tuple[Expr, ...]:
        return tuple(c.consumer for c in self.contributions)


def gradients(f: Expr, wrt: Any) -> Any:
    """∂f/∂w for each w of `wrt` (Exprs or names), as Exprs of the shapes of the w.

    `f` is a scalar; a w that f does not depend on gets zeros. One Expr or name in gives one Expr out, a
    list gives a list. The results are nodes, so they can be differentiated again. A formula that overflows or cancels
    as it is spelled, such as log(1 + exp(x)), is differentiated as the same function that does not (`stabilise`).
    Raises ShapeError when f is not a scalar, DTypeError for an integer f or w, InputError for an unknown
    name, NoDerivative where an op has no pullback.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> print(G.simplify(G.gradients(x * x * x, x)))
    3*x**2
    """
    single = isinstance(wrt, (Expr, str))
    order, targets = _scalar_targets(f, [wrt] if single else wrt)
    slopes = _slopes([f], [lift(f.dtype.type(1))], targets, order)
    return slopes[0] if single else slopes


def backward(f: Expr, wrt: Any = None) -> Backward:
    """The dynamic program that computes ∂f/∂w for each w of `wrt`, with its table and all adjoints.

    `wrt` is a list of Exprs or names; by default every parameter of f, or every floating input when
    it has none. The table is that of the graph as it is declared; `gradients`, and `adjoint` of each w, are those
    that `G.gradients` gives. Raises as `gradients` does.

    >>> import graphc as G
    >>> h = x = G.input("x")
    >>> for _ in range(40):
    ...     h = h + h
    >>> B = G.backward(h, wrt=[x])
    >>> B.edge_visits, B.path_count == 2**40
    (80, True)
    """
    order, targets = _scalar_targets(f, wrt)
    seeds = [lift(f.dtype.type(1))]
    rows = _counted(_propagate([f], seeds, targets, order), f)
    return Backward(f, tuple(targets), tuple(rows), _stable_slopes([f], seeds, targets, order))


def declared_gradients(f: Expr, wrt: Any) -> list[Expr]:
    """∂f/∂w for each w of `wrt`, of the graph as it is declared, whatever overflows there."""
    order, targets = _scalar_targets(f, wrt)
    return _plain_slopes([f], [lift(f.dtype.type(1))], targets, order)


def _scalar_targets(f: Expr, wrt: Any) -> tuple[list[Expr], list[Expr]]:
    """The postorder of a scalar f, and the nodes of `wrt`."""
    check_output(f, "gradients")
    if f.ndim:
        raise ShapeError(
            f"gradients: the output {f!r} is not a scalar (declared at {f.place}); reduce it, as in G.sum(f), "
            "or give cotangents of its shape to G.vjp"
        )
    order = postorder([f])
    return order, _targets(wrt, order)


def _slopes(ys: Sequence[Expr], seeds: Sequence[Expr], xs: Sequence[Expr], order: Sequence[Expr]) -> list[Expr]:
    """Σ over y of (∂y/∂x)ᵀ seed for each x."""
    stable = _stable_slopes(ys, seeds, xs, order)
    return _plain_slopes(ys, seeds, xs, order) if stable is None else stable


def _plain_slopes(ys: Sequence[Expr], seeds: Sequence[Expr], xs: Sequence[Expr], order: Sequence[Expr]) -> list[Expr]:
    adjoints = {row.node: row.adjoint for row in _propagate(ys, seeds, xs, order)}
    return [_or_zeros(adjoints.get(x), x) for x in xs]


def _stable_slopes(ys: Sequence[Expr], seeds: Sequence[Expr], xs: Sequence[Expr],
                   order: Sequence[Expr]) -> list[Expr] | None:
    """The same of the graph that is stable whatever the spelling; None when that is the graph itself."""
    found = images(ys, order, xs)
    if found is None:
        return None
    tops = [found[y] for y in ys]
    slopes = _plain_slopes(tops, seeds, [found.get(x, x) for x in xs], postorder(tops))
    return reusing(slopes, found, xs)


def vjp(ys: Any, xs: Any, cotangents: Any) -> Any:
    """Vector-Jacobian product: Σ over y of (∂y/∂x)ᵀ ȳ for each x, shapes as the xs.

    `cotangents` has one value, of the y's shape, for each y. One Expr for `xs` gives one Expr.
    Raises ShapeError when a cotangent does not have its y's shape, otherwise as `gradients`.

    >>> import graphc as G, numpy as np
    >>> x = G.input("x", 3)
    >>> print(G.simplify(G.vjp(x * x, x, np.array([1.0, 0.0, 0.0]))))
    [2.0, 0.0, 0.0]*x
    """
    outputs = [ys] if isinstance(ys, Expr) else list(ys)
    seeds = [lift(c, "vjp") for c in ([cotangents] if isinstance(ys, Expr) else cotangents)]
    if len(seeds) != len(outputs):
        raise InputError(f"vjp: {len(outputs)} outputs need as many cotangents, got {len(seeds)}")
    for y, c in zip(outputs, seeds):
        check_output(y, "vjp")
        if c.shape != y.shape:
            raise ShapeError(f"vjp: the cotangent {c.type} of the output {y.type} must have its shape")
    order = postorder(outputs)
    single = isinstance(xs, (Expr, str))
    targets = _targets([xs] if single else xs, order)
    seeds = [_fit(c, y) for c, y in zip(seeds, outputs)]
    results = _slopes(outputs, seeds, targets, order)
    return results[0] if single else results


PASSES["vjp"] = vjp  # for the bodies of scans


def check_output(y: Expr, who: str) -> None:
    """Raises InputError when `y` is not a node, DTypeError when it is not floating."""
    if not isinstance(y, Expr):
        raise InputError(f"{who}: the output must be an Expr, got {type(y).__name__}")
    if not y.type.is_float:
        raise DTypeError(f"{who}: the output {y!r} is not floating: it has no derivative (declared at {y.place})")


def _targets(wrt: Any, order: Sequence[Expr]) -> list[Expr]:
    known = variables(order)
    if wrt is None:
        floats = [v for v in known if v.type.is_float]
        return [v for v in floats if v.op.name == "param"] or floats
    targets = find([wrt] if isinstance(wrt, (Expr, str)) else wrt, known, order)
    for w in targets:
        if not w.type.is_float:
            who = f"{w.label or repr(w)} {w.type}"
            raise DTypeError(f"wrt {who} is not floating: it has no gradient (declared at {w.place})")
    return targets


def find(wanted: Iterable[Any], known: Sequence[Expr], order: Sequence[Expr]) -> list[Expr]:
    """The nodes that are wanted or named: the variables `known` first. Raises InputError."""
    names: dict[str, Expr] = {}
    for node in (*known, *order):
        if node.label is not None:
            names.setdefault(node.label, node)
    return [_find(w, names, known) for w in wanted]


def _find(w: Any, names: Mapping[str, Expr], known: Sequence[Expr]) -> Expr:
    if isinstance(w, Expr):
        return same_variable(w, names)
    if not isinstance(w, str):
        raise InputError(f"wrt takes Exprs and names, got {type(w).__name__}")
    if w not in names:
        listed = ", ".join(str(v.label) for v in known) or "none"
        raise InputError(f"wrt: no value named {w[:60]!r} in this graph; it has {listed}")
    return names[w]


def _active(order: Sequence[Expr], wrt: Iterable[Expr]) -> set[Expr]:
    """Floating nodes that depend on `wrt`: with the ancestors of the output, exactly those between."""
    active = set(wrt)
    apart = active.isdisjoint
    for node in order:
        if not apart(node.args) and node.type.is_float:
            active.add(node)
    return active


def _propagate(outputs: Sequence[Expr], seeds: Sequence[Expr], wrt: Sequence[Expr], order: Sequence[Expr]) -> list[Row]:
    """One row for each node between `wrt` and the outputs, outputs first; each node's terms wait with it until its
    turn comes."""
    active = _active(order, wrt)
    waiting: dict[Expr, list[Contribution]] = {}  # the last user's first, the last operand's first
    under: dict[Expr, Masked] = {}  # nodes that stand under a selection only
    selects = any(node.op is WHERE for node in order)
    rows: list[Row] = []
    seeded: dict[Expr, list[Expr]] = {}
    for y, seed in zip(outputs, seeds):
        seeded.setdefault(y, []).append(seed)
    with building() as at:
        for node in reversed(order):
            if node not in active:
                continue
            at(node)
            row = _row(node, waiting.pop(node, ()), seeded.get(node, ()))
            rows.append(row)
            args = node.args
            if active.isdisjoint(args):
                continue
            handed: Sequence[Expr | None] = [None] * len(args)
            if row.adjoint is not None:
                masked = _masked(row.contributions, under) if selects and node not in seeded else None
                if masked is None and node.op is not WHERE:
                    handed = _pull(node, row.adjoint, active)
                else:
                    handed = _pull_masked(node, row.adjoint, active, masked, under)
            for i in range(len(args) - 1, -1, -1):
                if args[i] in active:
                    waiting.setdefault(args[i], []).append(Contribution(node, i, handed[i]))
    return rows


def _row(node: Expr, waiting: Sequence[Contribution], seeds: Sequence[Expr]) -> Row:
    contributions = tuple(waiting[::-1])
    if isinstance(node.type, TupleType):
        return Row(node, contributions, _gathered(node.type, contributions))
    return Row(node, contributions, _total([*seeds, *[c.value for c in contributions]]))


def _counted(rows: Iterable[Row], output: Expr) -> list[Row]:
    """The rows with their paths: of a node, those of all its users, and the output's own."""
    paths: dict[Expr, int] = {}
    result = []
    for row in rows:
        paths[row.node] = int(row.node is output) + sum([paths[c.consumer] for c in row.contributions])
        result.append(row._replace(paths=paths[row.node]))
    return result


def _gathered(type_: TupleType, contributions: Iterable[Contribution]) -> Expr | None:
    """The adjoint of a node with several results: that of each, from the one node that takes it out."""
    found = {c.consumer.attrs[0]: c.value for c in contributions if c.value is not None}
    if not found:
        return None
    return TUPLE(*[found[i] if i in found else zeros_of(t) for i, t in enumerate(type_.items)])


def zeros_of(type_: TensorType) -> Expr:
    """The zero cotangent of a value of this type: of float64 where the value is not floating."""
    zero = lift(np.dtype(type_.dtype if type_.is_float else "float64").type(0))
    return zero if not type_.shape else BROADCAST_TO(zero, shape=type_.shape)


def _total(values: Iterable[Expr | None]) -> Expr | None:
    terms = list(values)
    if len(terms) == 1:
        return terms[0]
    total = None
    for value in join_terms(terms):
        if value is not None:
            total = value if total is None else total + value
    return total


def _pull(node: Expr, g: Expr, active: set[Expr]) -> tuple[Expr | None, ...]:
    """What `node`, with adjoint `g`, hands to each operand, in that operand's shape and dtype."""
    return tuple([None if c is None or a not in active else _fit(c, a) for c, a in zip(_raw(node, g), node.args)])


def _raw(node: Expr, g: Expr) -> Sequence[Expr | None]:
    op = node.op
    if op.pullback is None:
        raise NoDerivative(f"{op.name} has no pullback; add one to its row (node declared at {node.place})")
    if g.op is TUPLE:
        return op.pullback(g.args, node, *node.args, **op.named_attrs(node))
    return op.pullback(g, node, *node.args, **op.named_attrs(node)) if node.attrs else op.pullback(g, node, *node.args)


def _fit(g: Expr, to: Expr) -> Expr:
    """`g` summed over the axes along which `to` was broadcast, in its dtype."""
    if g.type is to.type or isinstance(to.type, TupleType):
        return g
    shape = to.shape
    extra = g.ndim - len(shape)
    if g.shape != shape:
        axes = (*range(extra), *(i + extra for i, s in enumerate(shape) if s == 1 and g.shape[i + extra] != 1))
        if extra >= 0 and axes:
            g = SUM(g, axis=axes, keepdims=extra == 0)
        if g.shape != shape:
            fits_by_size = g.ndim != len(shape) and _same_size(g.shape, shape)
            g = RESHAPE(g, shape=shape) if fits_by_size else BROADCAST_TO(g, shape=shape)
    return g if g.type.dtype == to.type.dtype else g.astype(to.type.dtype)


def fitted(g: Expr, to: Expr) -> Expr:
    """A contribution `g` in the shape and dtype of the value `to`: summed where that was broadcast."""
    return _fit(g, to)


def _same_size(a: tuple[Size, ...], b: tuple[Size, ...]) -> bool:
    return [s for s in a if s != 1] == [s for s in b if s != 1]


# -- where: the branch that is not taken contributes exactly 0 ------------------------------------------------------

# The selections that a value stands under, outermost first: (condition, whether it holds there).
Mask: TypeAlias = "tuple[tuple[Expr, bool], ...]"


class Masked(NamedTuple):
    """A node, or an edge to it, that is used under selections only.

    Where the mask fails the value may be inf or nan, and 0·inf would be nan. So inside a branch the
    cotangent is carried without its zeros, as `free`, and each contribution is cut to the mask by a `where` of its own.
    With an empty mask the cotangent is 0 at places that no condition describes any more, and there is no `free`.
    """

    mask: Mask
    free: Expr | None
    edges: tuple[Masked | None, ...] = ()


_LOST = Masked((), None)
_DEEPEST = 4  # selections within selections


def _masked(contributions: Iterable[Contribution], under: Mapping[Expr, Masked]) -> Masked | None:
    """What the selections above a node have in common; None when some use of it is under none."""
    found = [under[u].edges[i] if u in under else None for u, i, value in contributions if value is not None]
    edges = [edge for edge in found if edge is not None]
    if len(edges) < len(found):
        return None
    common = edges[0].mask
    for edge in edges:
        common = _prefix(common, edge.mask)
    if not common:
        return _LOST
    free = _total([None if e.free is None else _cut(e.free, e.mask[len(common) :]) for e in edges])
    return Masked(common, free)


def _prefix(a: Mask, b: Mask) -> Mask:
    same = 0
    while same < min(len(a), len(b)) and a[same][0] is b[same][0] and a[same][1] == b[same][1]:
        same += 1
    return a[:same]


def _pull_masked(node: Expr, g: Expr, active: set[Expr], masked: Masked | None,
                 under: dict[Expr, Masked]) -> tuple[Expr | None, ...]:
    """As `_pull`, for a `where` or a node under one; `under` learns what is handed on."""
    mask, free, _ = masked or Masked((), g)
    if node.op is WHERE and free is None:
        mask, free = (), g
    elif not node.op.elementwise:  # a condition says nothing of the places of a matrix product's operands
        mask, free = (), None
    raw = (None, free, free) if node.op is WHERE else _raw(node, g if free is None else free)
    handed: list[Expr | None] = []
    edges: list[Masked | None] = []
    for i, (c, a) in enumerate(zip(raw, node.args)):
        inner = (*mask, (node.args[0], i == 1)) if node.op is WHERE else mask
        if c is None or a not in active:
            handed.append(None)
            edges.append(_LOST)
            continue
        handed.append(_fit(_cut(c, inner) if inner else _zero_kept(c, g, node), a))
        kept = inner and node.op.elementwise and a.shape == node.shape and len(inner) <= _DEEPEST
        edges.append(Masked(inner, _fit(c, a)) if kept else _LOST)
    under[node] = Masked(mask, free, tuple(edges))
    return tuple(handed)


def _cut(c: Expr, mask: Mask) -> Expr:
    """`c` where the mask holds, exactly 0 where it fails."""
    for condition, holds in reversed(mask):
        c = WHERE(condition, c, 0.0) if holds else WHERE(condition, 0.0, c)
    return c


def _zero_kept(c: Expr, g: Expr, node: Expr) -> Expr:
    """0·inf is 0 here: a cotangent of exactly 0 is the only sign left of a branch not taken."""
    return WHERE(EQUAL(g, 0), 0.0, c) if node.op.singular else c


def _or_zeros(adjoint: Expr | None, x: Expr) -> Expr:
    if adjoint is not None:
        return adjoint
    if isinstance(x.type, TupleType):
        return TUPLE(*[zeros_of(t) for t in x.type.items])
    return zeros_of(x.type)


class Backward:
    """The dynamic program of a scalar output: rows, adjoints, and what a sum over paths would cost.

    `rows` runs from the output to the leaves; `adjoint[v]` is ∂f/∂v for every node v between
    `wrt` and the output; `gradients` are those of `wrt`, in order: of the stable graph where that differs
    from the declared one, whose table this is.
    """

    def __init__(self, output: Expr, wrt: tuple[Expr, ...], rows: tuple[Row, ...],
                 gradients: Sequence[Expr] | None = None) -> None:
        self.output, self.wrt, self.rows = output, wrt, rows
        found = {row.node: row.adjoint for row in rows}
        adjoints = {node: _or_zeros(adjoint, node) for node, adjoint in found.items()}
        adjoints.update({w: _or_zeros(None, w) for w in wrt if w not in adjoints})
        adjoints.update(zip(wrt, gradients or ()))
        self.adjoint: Mapping[Expr, Expr] = adjoints
        self.gradients = tuple(adjoints[w] for w in wrt)

    def table(self) -> list[Row]:
        """One row a node, in the order of computation: its consumers, what each hands it, their sum."""
        return list(self.rows)

    @property
    def edge_visits(self) -> int:
        """Edges of the graph between `wrt` and the output: each is visited once."""
        return sum(len(row.contributions) for row in self.rows)

    @property
    def path_count(self) -> int:
        """Paths from `wrt` to the output, one term each in a naive sum over paths."""
        return sum(row.paths for row in self.rows if row.node in set(self.wrt))

    def names(self) -> dict[Expr, str]:
        """A name for each node of the table: its own, else v0, v1, ... in the order of the forward pass."""
        taken = {row.node.label for row in self.rows}
        fresh = (f"v{i}" for i in range(len(self.rows) + len(taken)))
        return {row.node: row.node.label or next(n for n in fresh if n not in taken) for row in reversed(self.rows)}

    def _cells(self) -> list[tuple[str, str, str, str]]:
        names = self.names()
        bars = {r.adjoint: _bar(names[r.node]) for r in reversed(self.rows) if r.adjoint is not None and r.adjoint.args}
        lines = []
        for row in self.rows:
            formula = format_node(row.node, "unicode", names=names, limit=60) if row.node.args else ""
            parts = [format_node(c.value, "unicode", names=bars | names, limit=60) if c.value is not None else "0"
                     for c in row.contributions]
            users = ", ".join(dict.fromkeys(names[c.consumer] for c in row.contributions))
            lines.append((f"{names[row.node]}" + (f" = {formula}" if formula else ""), users or "output",
                          _bar(names[row.node]), " + ".join(parts) or "1"))
        return lines

    def __str__(self) -> str:
        head = ("node", "consumers", "adjoint", "sum of contributions")
        rows = [head, *self._cells()]
        widths = [max(_width(r[i]) for r in rows) for i in range(3)]
        padded = [[r[i] + " " * (widths[i] - _width(r[i])) for i in range(3)] + [r[3]] for r in rows]
        body = "\n".join("  ".join(r) for r in padded)
        return f"{body}\n{self._summary()}"

    def _summary(self) -> str:
        return f"{self.edge_visits} edge visits; a sum over paths would walk {self.path_count} paths"

    def _repr_html_(self) -> str:
        from html import escape  # not needed by those who never look at a table

        head = "".join(f"<th>{h}</th>" for h in ("node", "consumers", "adjoint", "sum of contributions"))
        body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in self._cells())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{self._summary()}</p>"

    def __repr__(self) -> str:
        wrt = ", ".join(w.label or w.op.name for w in self.wrt)
        return f"<Backward of {self.output!r} by {wrt}: {self._summary()}>"


def _bar(name: str) -> str:
    """The name of an adjoint: w̄1 for w1."""
    return f"{name[0]}̄{name[1:]}"


def _width(text: str) -> int:
    return sum(1 for c in text if c != "̄")
