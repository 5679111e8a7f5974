"""Where the results of one step of a loop are written: into the stacks themselves, or into memory made before the loop.

A *root* is a value that has memory of its own; a view shares the memory of its roots, and so may anything that is no
plain ufunc. Memory is used again once nothing that shares it is read any more; what the next step reads, a carry, is
never written over before its last use. Two arrangements save passes over memory besides: the logistic functions of
neighbouring columns of one matrix (the gates of a cell) are computed together, and operands of a concatenation are
computed in their places in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from ..ir import BOUND, LEAVES, Expr
from ..spelling import spelling
from ..types import TensorType

SMALL = 64  # elements: below it `a * b` is as quick as `np.multiply(a, b, out=u)`, and reads better
LARGE = {"float64": "700.0", "float32": "80.0"}  # whose exp is finite, while its logistic function is 1
_MANY = 8  # roots of one value: beyond, their memory is not used again
_JOINED = re.compile(r"np\.concatenate\(\(((?:\{\d+\}(?:, )?)+),?\), axis=(\d+)\)")


@dataclass
class Group:
    """Logistic functions of neighbouring columns `start:stop` of `source`: one computation, and views of it."""

    source: Expr
    start: int
    stop: int
    members: list[tuple[Expr, int, int]]
    stacked: bool

    @property
    def type(self) -> TensorType:
        return TensorType((*self.source.shape[:-1], self.stop - self.start), self.source.type.dtype)


@dataclass
class Memory:
    """`place[node]` is the buffer (a number), the stack, or the part of a concatenation that a value is written to."""

    buffers: list[TensorType] = field(default_factory=list)
    place: dict[Expr, int] = field(default_factory=dict)
    scratch: dict[Expr, int] = field(default_factory=dict)  # a second buffer, for the exponential
    stacked: set[Expr] = field(default_factory=set)
    parts: dict[Expr, tuple[Expr, tuple[str, ...]]] = field(default_factory=dict)  # operand -> concatenation, index
    joined: dict[Expr, list[tuple[Expr, tuple[str, ...]]]] = field(default_factory=dict)
    group: dict[Expr, Group] = field(default_factory=dict)  # a member -> its group
    skipped: set[Expr] = field(default_factory=set)  # views that nobody needs


class Planner:
    """Memory for the step `order`, whose results are the carries `ends` (of `leaves`) and `stacks`.

    `overwrites` are the ends that take the name of their carry; `left_out` those that are no values of their own.
    """

    def __init__(self, order: Sequence[Expr], ends: Sequence[Expr], stacks: Sequence[Expr],
                 overwrites: Mapping[Expr, Expr | None], left_out: set[Expr]) -> None:
        self.order = [n for n in order if n.op.name not in LEAVES]
        self.index = {n: i for i, n in enumerate(self.order)}
        self.uses = Counter(a for n in self.order for a in n.args)
        self.stacks, self.overwrites, self.left_out = set(stacks), overwrites, left_out
        self.outputs = {*ends, *stacks}
        self.memory = Memory()
        self.free: dict[TensorType, list[int]] = {}
        self._groups(set(ends))
        self._joins(set(ends))
        self.lost: set[Expr] = set()  # roots shared by too many to follow
        self.roots = self._shared()
        self.kept: set[Expr] = set()
        for end in ends:
            self.kept.update(self.roots.get(end, (end,)))
        self.last = self._last_uses()

    # -- what can be written where ---------------------------------------------------------------------

    def writable(self, node: Expr) -> bool:
        """Whether a ufunc, or the logistic function, computes the value into given memory."""
        if not _large(node) or node in self.left_out:
            return False
        if any(a.op.name == "size" or (a.type.dtype != node.type.dtype and not a.type.weak) for a in node.args):
            return False
        return node.op.name == "sigmoid" or bool(spelling(node).ufunc)

    def _groups(self, ends: set[Expr]) -> None:
        columns: dict[Expr, list[tuple[int, int, Expr]]] = {}
        for node in self.order:
            if node.op.name == "sigmoid" and self.writable(node) and node not in ends:
                found = _columns(node.args[0])
                if found is not None:
                    columns.setdefault(node.args[0].args[0], []).append((*found, node))
        for source, members in columns.items():
            members.sort(key=lambda m: m[:2])
            run: list[tuple[int, int, Expr]] = []
            for member in [*members, (-1, -1, source)]:
                if run and member[0] != run[-1][1]:
                    self._group(source, run)
                    run = []
                run.append(member)

    def _group(self, source: Expr, run: Sequence[tuple[int, int, Expr]]) -> None:
        if len(run) < 2:
            return
        stacked = any(node in self.stacks for _, _, node in run)
        group = Group(source, run[0][0], run[-1][1], [(n, a, b) for a, b, n in run], stacked)
        for _, _, node in run:
            self.memory.group[node] = group
            view = node.args[0]
            if view.label is None and self.uses[view] == 1 and view not in self.outputs:
                self.memory.skipped.add(view)

    def _joins(self, ends: set[Expr]) -> None:
        for node in self.order:
            found = _JOINED.fullmatch(spelling(node).template)
            if found is None or not _large(node) or node in ends:
                continue
            axis, order = int(found[2]), [int(i) for i in re.findall(r"\d+", found[1])]
            operands = [node.args[i] for i in order]
            sizes = [a.shape[axis] for a in operands]
            known = [s for s in sizes if isinstance(s, int)]
            if len(known) < len(sizes) or any(a.type.dtype != node.type.dtype for a in operands):
                continue
            start = 0
            parts = []
            for operand, size in zip(operands, known):
                index = (*[":"] * axis, f"{start or ''}:{start + size}")
                start += size
                parts.append((operand, index))
            self.memory.joined[node] = parts
        times = Counter(operand for parts in self.memory.joined.values() for operand, _ in parts)
        for node, parts in self.memory.joined.items():
            for operand, index in parts:  # of several concatenations, it is computed in its place in the first
                if (self.uses[operand] == times[operand] and operand not in self.memory.parts
                        and operand not in self.outputs and self.writable(operand)
                        and operand not in self.memory.group and operand not in self.memory.joined):
                    self.memory.parts[operand] = node, index

    # -- lifetimes -----------------------------------------------------------------------------------------

    def _shared(self) -> dict[Expr, tuple[Expr, ...]]:
        """The roots of each value."""
        roots: dict[Expr, tuple[Expr, ...]] = {}
        for node in self.order:
            group = self.memory.group.get(node)
            if group is not None:
                roots[node] = (self.first(group),)
            elif node in self.memory.parts:
                roots[node] = (self.memory.parts[node][0],)
            elif node in self.memory.joined or node in self.left_out or self.writable(node):
                roots[node] = (node,)
            else:
                found = dict.fromkeys(r for a in node.args for r in (roots.get(a) or (a,)))
                if len(found) > _MANY:
                    self.lost.update(found)
                    found = {}
                roots[node] = (*found, node)
        return roots

    def first(self, group: Group) -> Expr:
        return min((n for n, _, _ in group.members), key=self.index.__getitem__)

    def _last_uses(self) -> dict[Expr, int]:
        last: dict[Expr, int] = {}
        for i, node in enumerate(self.order):
            for value in (node, *node.args):
                for root in self.roots.get(value, (value,)):
                    last[root] = i
        for value in self.outputs:
            for root in self.roots.get(value, (value,)):
                last[root] = len(self.order)
        last |= dict.fromkeys(self.lost, len(self.order))
        return last

    # -- the plan ------------------------------------------------------------------------------------------

    def plan(self) -> Memory:
        for node in self.memory.joined:
            if node in self.stacks:
                self.memory.stacked.add(node)
            else:
                self.memory.place[node] = self._new(node.type)
        fixed = set(self.memory.joined)
        dying: dict[int, list[Expr]] = {}
        for root, i in self.last.items():
            dying.setdefault(i, []).append(root)
        for i, node in enumerate(self.order):
            over = self._assign(i, node) if node not in fixed else None
            if node in self.memory.scratch:
                number = self.memory.scratch[node]
                self.free.setdefault(self.memory.buffers[number], []).append(number)
            for root in dying.get(i, ()):
                number = self.memory.place.get(root, -1)
                if number >= 0 and number != over and root not in self.kept and root not in fixed and root is not node:
                    self.free.setdefault(self.memory.buffers[number], []).append(number)
        return self.memory

    def _assign(self, i: int, node: Expr) -> int | None:
        """Choose where a value is written. The buffer of an operand that it is written over, if it is."""
        memory = self.memory
        group = memory.group.get(node)
        if group is not None:
            if self.first(group) is node:
                memory.scratch[node] = self._take(group.type)
                if not group.stacked:
                    memory.place[node] = self._take(group.type)
            return None
        if not self.writable(node):
            return None
        if node.op.name == "sigmoid":
            memory.scratch[node] = self._take(node.type)
        if node in self.stacks:
            memory.stacked.add(node)
        elif node in memory.parts:
            pass
        elif node in self.kept:
            if node in self.overwrites and self._dead(i, node, self.overwrites[node]):
                memory.place[node] = self._new(node.type)
        else:
            over = self._in_place(i, node)
            memory.place[node] = self._take(node.type) if over is None else over
            return over
        return None

    def _dead(self, i: int, node: Expr, leaf: Expr | None) -> bool:
        """Whether the carry `leaf` is read no more once `node`, its next value, is written over it."""
        if leaf is None or leaf not in self.last:
            return True
        if leaf in self.kept or self.last[leaf] > i:
            return False
        return self.last[leaf] < i or (_pointwise(node) and leaf.type is node.type and all(
            a is leaf or not _has(self.roots.get(a, (a,)), leaf) for a in node.args))

    def _in_place(self, i: int, node: Expr) -> int | None:
        if not _pointwise(node):
            return None
        for a in node.args:
            if (a in self.memory.place and len(self.roots[a]) == 1 and self.last[a] == i and a.type is node.type
                    and a not in self.kept and a not in self.memory.joined and a not in self.memory.group
                    and all(b is a or not _has(self.roots.get(b, ()), a) for b in node.args)):
                return self.memory.place[a]
        return None

    def _take(self, type_: TensorType) -> int:
        pool = self.free.get(type_)
        return pool.pop() if pool else self._new(type_)

    def _new(self, type_: TensorType) -> int:
        self.memory.buffers.append(type_)
        return len(self.memory.buffers) - 1


def _large(node: Expr) -> bool:
    """Whether a value is a floating array whose memory is worth using again."""
    if not node.type.shape or node.type.weak or not node.type.is_float:
        return False
    known = [s for s in node.type.shape if isinstance(s, int)]
    return len(known) < node.ndim or prod(known) >= SMALL


def _has(nodes: Sequence[Expr], node: Expr) -> bool:
    return any(n is node for n in nodes)


def _pointwise(node: Expr) -> bool:
    return node.op.elementwise and node.op.name != "sigmoid"


def _columns(node: Expr) -> tuple[int, int] | None:
    """The columns of a slice that takes whole rows."""
    if node.op.name != "getitem" or (node.args[0].op is BOUND and node.args[0].attrs[2] != "x"):
        return None  # the name of a carry may mean its next value by then
    index, shape = node.attrs[0], node.args[0].shape
    if len(index) != len(shape) or not all(isinstance(k, tuple) and len(k) == 3 for k in index):
        return None
    whole = all((a, step) == (0, 1) and b == size for (a, b, step), size in zip(index[:-1], shape))
    start, stop, step = index[-1]
    return (start, stop) if whole and step == 1 and isinstance(start, int) and isinstance(stop, int) else None
