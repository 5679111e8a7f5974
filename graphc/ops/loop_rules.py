"""The derivative rules of a scan: reverse mode is a scan from the last step to the first, forward mode one beside it.

With cₜ₊₁, yₜ = step(cₜ, xₜ, w), the cotangents run backwards:

    c̄ₜ, x̄ₜ, w̄ₜ = the pullback of the step at (cₜ, xₜ, w) of (c̄ₜ₊₁, ȳₜ),        w̄ = Σ w̄ₜ.

What the pullback reads of the forward pass is stacked by the forward scan, unless it is cheap to compute again: the
scan with those further results has the first scan as its beginning, and `loops.merge_scans` lets it take its place.
A sum over the steps of products aₜᵀ bₜ is one product of the stacked a and b, after the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..dims import Size, product
from ..ir import BOUND, ITEM, LEAVES, OPS, TUPLE, Expr, item, lift, postorder
from ..types import TensorType
from .body import Body, Trace, body_of, bound, element, is_zero, substitute
from .gather import SCATTER_ADD, takes_rows
from .indexing import GETITEM
from .linalg import MATMUL
from .reduction import SUM
from .shaping import BROADCAST_TO, RESHAPE, TRANSPOSE

# "vjp" and "jvp", entered by `backward` and `forward`, which stand above: a body is differentiated as any graph.
PASSES: dict[str, Callable[..., Any]] = {}
CHEAP = 2  # additions: what an operation may cost to be computed again rather than kept


class Loop:
    """A scan node with its parts by name."""

    def __init__(self, node: Expr) -> None:
        self.node = node
        self.body: Body = node.attrs[0]
        self.carries: int = node.attrs[1]
        self.sequences: int = node.attrs[2]
        self.length: Size = node.attrs[3]
        self.reverse: bool = node.attrs[4]
        start, stop = self.carries, self.carries + self.sequences
        self.inits, self.xs, self.frees = node.args[:start], node.args[start:stop], node.args[stop:]
        self.ends, self.ys = self.body.outputs[:start], self.body.outputs[start:]
        self.ys_set = frozenset(self.ys)
        self.leaves = self.body.leaves()

    def places(self) -> list[tuple[str, int]]:
        """Kind and index of the leaf for each operand."""
        counts = {"carry": self.carries, "x": self.sequences, "free": len(self.frees)}
        return [(kind, i) for kind, count in counts.items() for i in range(count)]

    def position(self, kind: str, index: int) -> int:
        """Which operand a leaf of the body stands for."""
        return index + {"carry": 0, "x": self.carries, "free": self.carries + self.sequences}[kind]


def scan_of(inits: Sequence[Expr], xs: Sequence[Expr], frees: Sequence[Expr], outputs: Sequence[Expr], length: Size,
            reverse: bool) -> Expr:
    """The scan node over a closed step."""
    return OPS["scan"].make((*inits, *xs, *frees), (body_of(outputs), len(inits), len(xs), length, reverse))


# -- reverse mode -------------------------------------------------------------------------------------------------


def pullback(g: Sequence[Expr], y: Expr, *args: Expr, **_: Any) -> tuple[Expr | None, ...]:
    loop = Loop(y)
    seeds, slopes = _slopes(loop, g)
    if not slopes and all(i >= loop.carries for i in seeds):
        return (None,) * len(args)
    return _Reverse(loop, g, seeds, slopes).cotangents()


def _slopes(loop: Loop, g: Sequence[Expr]) -> tuple[dict[int, Expr], dict[tuple[str, int], Expr]]:
    """The pullback of one step: a seed for each result that has a cotangent, by place, and the cotangent of each leaf.

    A carry has a cotangent when its final value has one, or when a later step hands it one.
    """
    outputs = loop.body.outputs
    leaves = {key: leaf for key, leaf in loop.leaves.items() if leaf.type.is_float}
    live = {i for i, out in enumerate(outputs) if out.type.is_float and not is_zero(g[i])}
    while True:
        seeds = {i: bound(outputs[i].type, "seed", i) for i in sorted(live)}
        if not seeds or not leaves:
            return seeds, {}
        found = PASSES["vjp"]([outputs[i] for i in seeds], list(leaves.values()), list(seeds.values()))
        slopes = {key: slope for key, slope in zip(leaves, found) if not is_zero(slope)}
        reached = {index for kind, index in slopes if kind == "carry"}
        if reached <= live:
            return seeds, slopes
        live |= reached


class _Reverse:
    """The reverse scan of one loop, built on placeholders and closed."""

    def __init__(self, loop: Loop, g: Sequence[Expr], seeds: Mapping[int, Expr],
                 slopes: Mapping[tuple[str, int], Expr]) -> None:
        self.loop, self.g, self.seeds, self.slopes = loop, g, seeds, slopes
        self.order = postorder(slopes.values())
        self.backward = _depending(self.order, lambda n: n.op is BOUND and n.attrs[2] == "seed")
        self.varying = _depending(self.order, lambda n: n.op is BOUND and n.attrs[2] in ("carry", "x"))
        self.trace = Trace()
        self.sequences: list[Expr] = []
        self.table: dict[Expr, Expr] = {}  # of the pullback's graph: what it becomes in the reverse step
        self.stack_of: dict[Expr, Expr] = {}  # values that there is a stack of

    def cotangents(self) -> tuple[Expr | None, ...]:
        self._bind()
        live = [i for i in self.seeds if i < self.loop.carries]
        sums = self._sums()
        ends = substitute([self._slope("carry", i) for i in live], self.table)
        totals = substitute([total for _, total in sums.added.values()], self.table)
        ends += [acc + total for (acc, _), total in zip(sums.added.values(), totals)]
        inits = [self.g[i] for i in live] + [_zeros(acc.type) for acc, _ in sums.added.values()]
        rows = {key: slope for key, slope in self.slopes.items() if key[0] == "x"}
        stacked = [n for n in dict.fromkeys([*rows.values(), *sums.stacked]) if n not in self.stack_of]
        outputs, frees = self.trace.close([*ends, *substitute(stacked, self.table)])
        outputs, used = _used_sequences(outputs, self.sequences)
        node = scan_of(inits, used, frees, outputs, self.loop.length, not self.loop.reverse)
        self.stack_of |= {value: item(node, len(ends) + i) for i, value in enumerate(stacked)}
        found: dict[tuple[str, int], Expr] = {("carry", i): item(node, k) for k, i in enumerate(live)}
        found |= {key: self.stack_of[slope] for key, slope in rows.items()}
        for k, key in enumerate(sums.added):
            found[key] = item(node, len(live) + k)
        for key, terms in sums.outside.items():
            for term in terms:
                total = self._contracted(term)
                found[key] = found[key] + total if key in found else total
        return self._by_operand(found)

    def _by_operand(self, found: Mapping[tuple[str, int], Expr]) -> tuple[Expr | None, ...]:
        result: list[Expr | None] = [None] * len(self.loop.node.args)
        for (kind, index), value in found.items():
            result[self.loop.position(kind, index)] = value
        return tuple(result)

    def _slope(self, kind: str, index: int) -> Expr:
        """The cotangent that a step hands to a leaf: zero when the step does not use it."""
        found = self.slopes.get((kind, index))
        return found if found is not None else _zeros(self.loop.ends[index].type)

    # -- what the reverse step reads ------------------------------------------------------------------

    def _bind(self) -> None:
        """Placeholders for the cotangents, and for what is read of the forward pass."""
        loop = self.loop
        for place, (i, seed) in enumerate(self.seeds.items()):
            label = _adjoint_name(loop.body.outputs[i], loop.leaves.get(("carry", i)))
            if i < loop.carries:
                self.table[seed] = self.trace.leaf(seed.type, "carry", place, label)
            else:
                self.table[seed], self.stack_of[seed] = self._element(self.g[i], label), self.g[i]
        for node in self.order:
            if node.op is BOUND and node.attrs[2] == "free":
                self.table[node] = loop.frees[node.attrs[3]]
        needed = self._needed()
        kept = [n for n in needed if n.op is not BOUND]
        forward = self._extended(kept, needed)
        for node in needed:
            stack = forward[node]
            self.stack_of[node] = stack
            self.table[node] = self._element(stack, node.label or ("y" if node in loop.ys_set else "v"))

    def _element(self, stack: Expr, label: str | None) -> Expr:
        self.sequences.append(stack)
        return self.trace.leaf(element(stack.type), "x", len(self.sequences) - 1, label)

    def _needed(self) -> list[Expr]:
        """The values of the forward step that are handed to the reverse step; the others it computes again."""
        wanted: set[Expr] = set()
        for node in self.order:
            if node in self.backward:
                wanted.update(a for a in node.args if a in self.varying and a not in self.backward)
        kept: list[Expr] = []
        outputs = set(self.loop.ys)  # of which there is a stack already, or will be
        # The stack of a carry before each step holds what it is after it as well.
        read = {_base(n) for n in wanted}
        outputs.update(end for i, end in enumerate(self.loop.ends) if self.loop.leaves.get(("carry", i)) in read
                       and end.op.name not in LEAVES)
        for node in reversed(self.order):
            if node not in wanted or node in self.backward:
                continue
            missing = [a for a in node.args if a in self.varying and a not in wanted and a not in outputs
                       and not _is_x(a)]
            if node.op is BOUND or node in outputs or not _worth_repeating(node, missing):
                kept.append(node)
            else:
                wanted.update(a for a in node.args if a in self.varying)
        kept.reverse()
        return kept

    def _extended(self, kept: Sequence[Expr], needed: Sequence[Expr]) -> dict[Expr, Expr]:
        """A stack of each needed value: of a forward scan that stacks more, if any is not stacked already."""
        loop = self.loop
        stacks: dict[Expr, int] = {}
        for i, y in enumerate(loop.ys):
            stacks.setdefault(y, loop.carries + i)
        old = [n for n in needed if n.op is BOUND and n.attrs[2] == "carry"]  # `loop_text` stacks these without a copy
        new = [n for n in kept if n.op.name not in LEAVES]
        extra = [n for n in dict.fromkeys([*new, *old]) if n not in stacks]
        node = loop.node
        if extra:
            node = scan_of(loop.inits, loop.xs, loop.frees, (*loop.body.outputs, *extra), loop.length, loop.reverse)
            stacks |= {n: len(loop.body.outputs) + i for i, n in enumerate(extra)}
        found = {n: item(node, stacks[n]) for n in needed if n in stacks}
        found |= {n: loop.xs[n.attrs[3]] for n in needed if n.op is BOUND and n.attrs[2] == "x"}
        return found

    # -- sums over the steps ----------------------------------------------------------------------------

    def _sums(self) -> _Sums:
        """How the cotangents of what comes from outside are summed up: after the loop, or in it."""
        sums = _Sums()
        split = {key: _terms(slope) for key, slope in self.slopes.items() if key[0] == "free"}
        for terms in split.values():
            for term in terms:
                sums.stacked.update(dict.fromkeys(self._factors(term)))
        ready = sums.stacked.keys() | {slope for key, slope in self.slopes.items() if key[0] == "x"}
        places = len([i for i in self.seeds if i < self.loop.carries])
        for key, terms in split.items():
            outside = [t for t in terms if self._is_product(t) or self._is_scatter(t) or _summand(t)[0] in ready]
            inside = [t for t in terms if t not in set(outside)]
            if outside:
                sums.outside[key] = outside
                plain = [t for t in outside if not self._is_product(t) and not self._is_scatter(t)]
                sums.stacked.update(dict.fromkeys(_summand(t)[0] for t in plain))
            if inside:
                total = inside[0]
                for term in inside[1:]:
                    total = total + term
                leaf = self.loop.leaves[key]
                label = _adjoint_name(leaf, None)
                sums.added[key] = self.trace.leaf(leaf.type, "carry", places + len(sums.added), label), total
        return sums

    def _is_product(self, term: Expr) -> bool:
        """aᵀ b of two matrices that change from step to step."""
        return term.op is MATMUL and all(a.ndim == 2 and (a in self.varying or a in self.backward) for a in term.args)

    def _is_scatter(self, term: Expr) -> bool:
        """Rows added at the places that a sequence tells: those of all steps are added at once."""
        return term.op is SCATTER_ADD and takes_rows(term) and _is_x(term.args[1]) and term.args[0] in self.backward

    def _factors(self, term: Expr) -> list[Expr]:
        """What must be stacked so that this product is summed after the loop."""
        if self._is_scatter(term):
            return [term.args[0]] if term.args[0] not in self.stack_of else []
        if not self._is_product(term):
            return []
        return [f for f in (_transposed(term.args[0]), term.args[1]) if f not in self.stack_of]

    def _contracted(self, term: Expr) -> Expr:
        """Σₜ of one term: Σₜ aₜᵀ bₜ is AᵀB with all rows of all steps one above the other."""
        if self._is_product(term):
            a, b = (_rows(self.stack_of[f]) for f in (_transposed(term.args[0]), term.args[1]))
            return TRANSPOSE(a, axes=(1, 0)) @ b
        if self._is_scatter(term):
            return SCATTER_ADD.make((self.stack_of[term.args[0]], self.stack_of[term.args[1]]), term.attrs)
        value, axes = _summand(term)
        if value.ndim > 1 and axes == tuple(range(value.ndim - 1)):  # of a bias: one sum of all rows
            total = SUM(_rows(self.stack_of[value]), axis=(0,))
            return total if total.shape == term.shape else RESHAPE(total, shape=term.shape)
        total = SUM(self.stack_of[value], axis=(0, *[a + 1 for a in axes]))
        return total if total.shape == term.shape else RESHAPE(total, shape=term.shape)


class _Sums:
    def __init__(self) -> None:
        self.outside: dict[tuple[str, int], list[Expr]] = {}  # terms that are contracted after the loop
        self.added: dict[tuple[str, int], tuple[Expr, Expr]] = {}  # a carry, and what each step adds to it
        self.stacked: dict[Expr, None] = {}  # what the loop must stack for the former


def _used_sequences(outputs: Sequence[Expr], sequences: Sequence[Expr]) -> tuple[list[Expr], list[Expr]]:
    """The step and its sequences without those that it does not read: products of them are taken after the loop."""
    leaves = sorted((n for n in postorder(outputs) if _is_x(n)), key=lambda n: n.attrs[3])
    table = {leaf: bound(leaf.type, "x", i, leaf.label) for i, leaf in enumerate(leaves)}
    return substitute(outputs, table), [sequences[leaf.attrs[3]] for leaf in leaves]


def _depending(order: Sequence[Expr], start: Callable[[Expr], bool]) -> set[Expr]:
    found: set[Expr] = set()
    for node in order:
        if start(node) or any(a in found for a in node.args):
            found.add(node)
    return found


def _base(node: Expr) -> Expr:
    """What a value is a view of."""
    while node.op.view and node.op is not ITEM:
        node = node.args[0]
    return node


def _is_x(node: Expr) -> bool:
    return node.op is BOUND and node.attrs[2] == "x"


def _worth_repeating(node: Expr, missing: Sequence[Expr]) -> bool:
    """Whether to compute a value again in the reverse step: cheap, and of operands that are at hand or no larger."""
    if node.op.view:  # but a part of what nothing else needs is smaller than that
        return node.op is not ITEM and not (node.op is GETITEM and missing and node.type.size != missing[0].type.size)
    if not node.op.elementwise or node.op.cost > CHEAP:
        return False
    return not missing or (len(missing) == 1 and missing[0].type.size == node.type.size
                           and missing[0].type.dtype == node.type.dtype)


def _terms(slope: Expr) -> list[Expr]:
    """The terms of a sum of values of one type."""
    terms: list[Expr] = []
    stack = [slope]
    while stack:
        node = stack.pop()
        if node.op.name == "add" and all(a.type is node.type for a in node.args):
            stack.extend(reversed(node.args))
        else:
            terms.append(node)
    return terms


def _summand(term: Expr) -> tuple[Expr, tuple[int, ...]]:
    """The value and the axes that a term sums over: of a bias, the whole cotangent."""
    inner = term.args[0] if term.op.name == "reshape" else term
    return (inner.args[0], inner.attrs[0]) if inner.op is SUM else (term, ())


def _transposed(node: Expr) -> Expr:
    return node.args[0] if node.op is TRANSPOSE else TRANSPOSE(node, axes=(1, 0))


def _rows(stack: Expr) -> Expr:
    return RESHAPE(stack, shape=(product(stack.shape[:-1]), stack.shape[-1]))


def _zeros(type_: TensorType) -> Expr:
    zero = lift(np.dtype(type_.dtype).type(0))
    return zero if not type_.shape else BROADCAST_TO(zero, shape=type_.shape)


def _adjoint_name(node: Expr, leaf: Expr | None) -> str | None:
    name = node.label or (leaf.label if leaf is not None else None)
    return f"d{name}" if name else "dy" if node.op is not BOUND and leaf is None else None


# -- forward mode --------------------------------------------------------------------------------------------------


def pushforward(t: Sequence[Expr | None], y: Expr, *args: Expr, **_: Any) -> Expr:
    """The scan of step and tangent together: it has the first scan as its beginning."""
    loop = Loop(y)
    leaves = loop.leaves
    floats = [i for i, out in enumerate(loop.body.outputs) if out.type.is_float]
    live = {key for key in loop.places() if t[loop.position(*key)] is not None}
    while True:
        keys = sorted(live, key=lambda key: loop.position(*key))
        tangents = _tangent_leaves(loop, keys, leaves)
        read = [key for key in keys if key in leaves]
        found = PASSES["jvp"]([loop.body.outputs[i] for i in floats], [leaves[key] for key in read],
                              [tangents[key] for key in read])
        slopes = {i: slope for i, slope in zip(floats, found) if not is_zero(slope)}
        reached = {("carry", i) for i in slopes if i < loop.carries}
        if reached <= live:
            return _doubled(loop, t, keys, slopes)
        live |= reached


def _tangent_leaves(loop: Loop, keys: Sequence[tuple[str, int]],
                    leaves: Mapping[tuple[str, int], Expr]) -> dict[tuple[str, int], Expr]:
    """A leaf for each tangent, after those of its kind that the loop has."""
    counts = {"carry": loop.carries, "x": loop.sequences, "free": len(loop.frees)}
    found: dict[tuple[str, int], Expr] = {}
    for kind, i in keys:
        operand = loop.node.args[loop.position(kind, i)].type
        label = leaves[kind, i].label if (kind, i) in leaves else None
        type_ = element(operand) if kind == "x" else operand
        found[kind, i] = bound(type_, kind, counts[kind], f"{label}_dot" if label else None)
        counts[kind] += 1
    return found


def _doubled(loop: Loop, t: Sequence[Expr | None], keys: Sequence[tuple[str, int]],
             slopes: Mapping[int, Expr]) -> Expr:
    given: dict[str, list[Expr]] = {"carry": [], "x": [], "free": []}
    for kind, i in keys:
        place = loop.position(kind, i)
        found = t[place]
        given[kind].append(_zeros(loop.node.args[place].type) if found is None else found)
    carried = [i for kind, i in keys if kind == "carry"]
    stacked = [i for i in slopes if i >= loop.carries]
    ends = [slopes[i] if i in slopes else _zeros(loop.ends[i].type) for i in carried]
    node = scan_of([*loop.inits, *given["carry"]], [*loop.xs, *given["x"]], [*loop.frees, *given["free"]],
                   [*loop.ends, *ends, *[slopes[i] for i in stacked]], loop.length, loop.reverse)
    place_of = {i: loop.carries + k for k, i in enumerate([*carried, *stacked])}
    types = loop.node.type.items  # type: ignore[attr-defined]
    return TUPLE(*[item(node, place_of[i]) if i in place_of else _zeros(t if t.is_float else TensorType(t.shape))
                   for i, t in enumerate(types)])
