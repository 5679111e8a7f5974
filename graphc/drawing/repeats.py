"""Blocks that come again and again in a chain, found by their structure in time linear in the graph.

Operations are taken in an order in which a chain of equal blocks is a periodic sequence: each is a word of its
row, its type and how far back its operands stand. Periods are read off between equal words; a run of words that
equal those one period before is a chain. Scopes and names are not needed, but decide where a block begins.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..ir import Expr
from ..view import View, ViewNode

PERIODS = 40  # candidates that are tried
LONGEST_BLOCK = 400  # operations, of which every beginning is tried


@dataclass(frozen=True, eq=False)
class Chain:
    """`blocks[k][j]` is operation j of copy k. `carried` has, of operand i of operation j, the place in the block
    whose value the copy before hands on; `leaves` those leaves that are each copy's own, in order of the copies."""

    blocks: tuple[tuple[ViewNode, ...], ...]
    carried: Mapping[tuple[int, int], int]
    leaves: tuple[tuple[Expr, ...], ...]
    shared: bool  # some parameter is the same in all copies
    varied: frozenset[int]  # places whose operations differ by their attributes, such as an index


def chains(view: View, least: int, hidden: int = 1) -> list[Chain]:
    """The chains of `least` or more equal blocks, none overlapping: those that hide most are found first, and those
    that hide less than `hidden` operations are left."""
    order = _deep_first(view)
    seq = _Sequence(order, view)
    free = [(0, len(order))]
    found: list[tuple[int, Chain]] = []
    while free:
        start, end = free.pop()
        best = seq.best(start, end, least)
        if best is not None and best[1] * (best[2] - 1) >= hidden:
            at, period, count, chain = best
            found.append((at, chain))
            free += [(start, at), (at + period * count, end)]
    return [chain for _, chain in sorted(found, key=lambda pair: pair[0])]


def _deep_first(view: View) -> list[ViewNode]:
    """Operations after their operands, of which the one at the end of the longest chain is taken first."""
    nodes = {n.expr: n for n in view.nodes}
    depth: dict[Expr, int] = {}
    for n in view.nodes:
        depth[n.expr] = 1 + max((depth[a] for a in n.operands), default=-1)
    seen: set[Expr] = set()
    order: list[ViewNode] = []
    for top in view.outputs:
        stack: list[tuple[Expr, bool]] = [(top, False)]
        while stack:
            expr, done = stack.pop()
            node = nodes[expr]
            if done:
                order.append(node)
            elif expr not in seen:
                seen.add(expr)
                if not node.is_leaf:
                    stack.append((expr, True))
                    stack.extend((a, False) for a in sorted(node.operands, key=lambda a: depth[a]))
    return order


class _Sequence:
    def __init__(self, order: list[ViewNode], view: View) -> None:
        self.order = order
        self.place = {n.expr: i for i, n in enumerate(order)}
        self.users: dict[Expr, list[int]] = defaultdict(list)
        for i, n in enumerate(order):
            for a in n.operands:
                self.users[a].append(i)
        self.tops = set(view.outputs)
        numbers: dict[Hashable, int] = {}
        self.rows = [numbers.setdefault(self._row(n), len(numbers)) for n in order]
        self.words = [numbers.setdefault((row, *self._reach(i)), len(numbers)) for i, row in enumerate(self.rows)]

    def _row(self, node: ViewNode) -> Hashable:
        expr = node.expr
        attrs = () if _picks(node) else expr.attrs
        return expr.op.name, expr.type, attrs, len(node.operands)

    def _reach(self, i: int) -> Iterator[Hashable]:
        for a in self.order[i].operands:
            yield i - self.place[a] if a in self.place else self._leaf(a)

    @staticmethod
    def _leaf(a: Expr) -> Hashable:
        return (a.op.name, a.type) if a.op.name in ("input", "param") else (a.op.name, a.type, a.attrs)

    def best(self, start: int, end: int, least: int) -> tuple[int, int, int, Chain] | None:
        """The chain in order[start:end] that hides most: where it begins, its period, its copies."""
        options: list[tuple[int, int, int, int, int]] = []
        for p in self._periods(start, end):
            i = start + p
            while i < end:
                if self.words[i] != self.words[i - p]:
                    i += 1
                    continue
                a = i
                while i < end and self.words[i] == self.words[i - p]:
                    i += 1
                count = (i - a + p) // p
                if count + 1 >= least:
                    options.append((-(count - 1) * p, p, a - p, i, count))
        for _, p, a, b, _ in sorted(options)[:PERIODS]:
            chosen = self._aligned(start, end, p, a, b, least)
            if chosen is not None:
                return chosen
        return None

    def _periods(self, start: int, end: int) -> list[int]:
        last: dict[int, tuple[int, int]] = {}
        count: Counter[int] = Counter()
        for i in range(start, end):
            one, two = last.get(self.words[i], (-1, -1))
            count.update(i - j for j in (one, two) if j >= 0)
            last[self.words[i]] = i, one
        ranked = sorted(count.items(), key=lambda pair: (-pair[1], pair[0]))
        return sorted(p for p, _ in ranked[:PERIODS])

    def _aligned(self, start: int, end: int, p: int, a: int, b: int, least: int,
                 ) -> tuple[int, int, int, Chain] | None:
        """The beginning of a block that gives most copies, then fewest values handed on, then whole scopes."""
        options = []
        for begin in range(a, min(a + min(p, LONGEST_BLOCK), b)):
            at, stop = begin, begin + (b - begin) // p * p
            if at == stop:
                continue
            if at - p >= start and (self._alike(at - p, at, p) or (stop > at + p and self._rearranged(at - p, at, p))):
                at -= p
            if stop + p <= end and self._alike(stop, stop - p, p):
                stop += p
            count = (stop - at) // p
            if count >= least:
                options.append((-count, self._handed(at, p), self._torn(at, p), begin, at))
        for minus, _, _, _, at in sorted(options)[:8]:
            for first, count in self._valid(at, p, -minus, least):
                chain = self._chain(first, p, count)
                if chain is not None:
                    return first, p, count, chain
                for drop in (1, 0):  # the first or the last copy may be another than it looked
                    shorter = self._chain(first + drop * p, p, count - 1) if count > least else None
                    if shorter is not None:
                        return first + drop * p, p, count - 1, shorter
        return None

    def _alike(self, i: int, j: int, p: int) -> bool:
        """Is the block at i that at j, but for what comes from before and who uses it?"""
        for k in range(p):
            if self.rows[i + k] != self.rows[j + k]:
                return False
            for a, b in zip(self.order[i + k].operands, self.order[j + k].operands):
                near = b in self.place and self.place[b] >= j
                if near != (a in self.place and self.place[a] >= i) or a.type is not b.type:
                    return False
                if near and i - self.place[a] != j - self.place[b]:
                    return False
                if b not in self.place and self._leaf(a) != self._leaf(b):
                    return False
        return True

    def _rearranged(self, i: int, j: int, p: int) -> bool:
        """Put the block at i in the order of the block at j, if it is alike in another order: in the first copy
        what comes in is a leaf, so another operand may be the deepest. Pairs are followed from the values handed on."""
        order, place = self.order, self.place
        pair: dict[int, Expr] = {}
        stack: list[tuple[Expr, int]] = []
        for k in range(p):
            for a, b in zip(order[j + k].operands, order[j + p + k].operands):
                if b in place and j <= place[b] < j + p:
                    stack.append((a, place[b]))
        while stack:
            a, at = stack.pop()
            if a not in place or not i <= place[a] < j or self.rows[place[a]] != self.rows[at]:
                return False
            if at not in pair:
                pair[at] = a
                node = order[place[a]]
                stack.extend((x, place[y]) for x, y in zip(node.operands, order[at].operands)
                             if y in place and place[y] >= j)
            elif pair[at] is not a:
                return False
        if len({id(a) for a in pair.values()}) != p or len(pair) != p:
            return False
        places = [place[pair[j + k]] for k in range(p)]
        self._permute(i, places)
        if self._alike(i, j, p):
            return True
        self._permute(i, [i + places.index(i + k) for k in range(p)])
        return False

    def _permute(self, i: int, places: Sequence[int]) -> None:
        """Take the operations of a block, which begins at i, in another order."""
        moved = {old: i + k for k, old in enumerate(places)}
        nodes, end = [self.order[old] for old in places], i + len(places)
        for row in (self.rows, self.words):
            row[i:end] = [row[old] for old in places]
        self.order[i:end] = nodes
        for operand in {a for n in nodes for a in n.operands}:
            self.users[operand] = [moved.get(u, u) for u in self.users[operand]]
        self.place.update((n.expr, i + k) for k, n in enumerate(nodes))

    def _handed(self, at: int, p: int) -> int:
        """How many values the block at `at` hands to the next."""
        return sum(any(u >= at + p for u in self.users[self.order[i].expr]) for i in range(at, at + p))

    def _torn(self, at: int, p: int) -> int:
        """How many scopes a block would cut through: those of its operations with others outside the block."""
        runs = [self.order[i].expr.within for i in range(at, min(at + p, len(self.order)))]
        before = self.order[at - 1].expr.within if at else None
        return sum(r is not None and r is before for r in runs[:1]) + len({id(r) for r in runs if r is not None})

    def _valid(self, at: int, p: int, count: int, least: int) -> Iterator[tuple[int, int]]:
        """Runs of copies whose values are used in them and the next alone, but for the last of a run."""
        first = 0
        for k in range(count):
            closes = k == count - 1
            if not closes:
                begin = at + k * p
                for i in range(begin, begin + p):
                    expr = self.order[i].expr
                    if expr in self.tops or any(u >= begin + 2 * p for u in self.users[expr]):
                        closes = True
            if closes:
                if k + 1 - first >= least:
                    yield at + first * p, k + 1 - first
                first = k + 1

    def _chain(self, at: int, p: int, count: int) -> Chain | None:
        blocks = tuple(tuple(self.order[at + k * p : at + (k + 1) * p]) for k in range(count))
        carried: dict[tuple[int, int], int] = {}
        leaves: dict[tuple[Expr, ...], None] = {}
        shared = False
        for j in range(p):
            for n in range(len(blocks[0][j].operands)):
                comes = [block[j].operands[n] for block in blocks]
                later = comes[1:]
                if later[0] in self.place:
                    back = at + p + j - self.place[later[0]]
                    if back > j + p:
                        return None  # from two copies before, or further
                    if back > j:
                        carried[j, n] = j - back + p
                elif all(c is comes[0] for c in comes):
                    shared = shared or comes[0].op.name == "param"
                elif len(set(comes)) == count and self._own(comes, at, p):
                    leaves[tuple(comes)] = None
                else:
                    return None
        varied = frozenset(j for j in range(p) if len({block[j].expr.attrs for block in blocks}) > 1)
        return Chain(blocks, carried, tuple(leaves), shared, varied)

    def _own(self, leaves: Sequence[Expr], at: int, p: int) -> bool:
        """Does each serve its own copy alone?"""
        return all(at + k * p <= u < at + (k + 1) * p for k, leaf in enumerate(leaves) for u in self.users[leaf])


def _picks(node: ViewNode) -> bool:
    """An element of a sequence that is given, such as x[t]: in each copy another."""
    return node.expr.op.name == "getitem" and not node.operands[0].args
