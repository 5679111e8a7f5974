"""How the steps of a loop lie in memory: gates one behind the other, computed together, and sums taken before the loop.

A cell computes its gates as columns of one matrix, z = xW + hU + b, and takes them apart: z[:, :H], z[:, H:2*H], ...
Each of those is made of short rows with gaps between them. Here the columns of W, U and b are put in blocks once,
before the loop, so that a product by all blocks gives all gates, each in one piece: z[0], z[1], ... Every number is
the same dot product as before. What is then done to several neighbouring blocks alike is done to all of them at once,
in the loop and in the one that goes back.

These passes come last: they change how results are laid out on the way, and nothing that they are made of. Only
`_fixed_terms` adds in another order, (x + b) + h for (x + h) + b: the bound of the error is the same for both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from .dims import Size
from .ir import BOUND, ITEM, LEAVES, Expr, Op, building, item, postorder
from .loops import map_bodies, pruned
from .ops.body import bound, element, substitute
from .ops.elementwise import ADD
from .ops.indexing import GETITEM, is_slice
from .ops.linalg import MATMUL
from .ops.loop_rules import Loop, scan_of
from .ops.scan import SCAN
from .ops.shaping import RESHAPE, TRANSPOSE

LEVELS = 24  # of calls one on another, up to which neighbours are put together: each takes a walk through the step

Single = Callable[[Expr], bool]  # whether a value outside the loop has one use alone
Change = Callable[[Loop, Single], "tuple[Expr, Callable[[int], Expr]] | None"]


def arranged(outputs: Sequence[Expr]) -> list[Expr]:
    """The outputs with every loop laid out for speed, inner ones first."""
    tops = list(outputs)
    if not any(node.op is SCAN for node in postorder(tops)):
        return tops
    tops = map_bodies(tops, arranged)
    for change in PASSES:
        tops = pruned(_each_loop(tops, change))
    return tops


def _each_loop(tops: Sequence[Expr], change: Change) -> list[Expr]:
    """The outputs after `change(loop, single)` of each loop, operands first, so that a loop sees what was made of those
    that it reads: None, or the new scan and what stands for each result of the old one."""
    order = postorder(tops)
    times = Counter(a for n in order for a in n.args)
    times.update(tops)
    new: dict[Expr, Expr] = {}
    uses: Counter[Expr] = Counter()  # of what the nodes have become
    results: dict[Expr, Callable[[int], Expr]] = {}
    with building() as at:
        for node in order:
            at(node)
            if node.op is ITEM and node.args[0] in results:
                value = results[node.args[0]](node.attrs[0])
                made = value if node.label is None else value.named(node.label)
            else:
                args = tuple([new[a] for a in node.args])
                same = all(a is b for a, b in zip(args, node.args))
                made = node if same else node.op.make(args, node.attrs, node.label)
            found = change(Loop(made), lambda n: uses[n] == 1) if node.op is SCAN else None
            if found is not None:
                made, results[node] = found
            new[node] = made
            uses[made] += times[node]
    return [new[top] for top in tops]


def _whole(shape: Sequence[Size]) -> tuple[tuple[Size, Size, int], ...]:
    return tuple([(0, size, 1) for size in shape])


def _part(node: Expr, axis: int, place: int, label: str | None = None) -> Expr:
    """node[:, ..., place], `place` on that axis."""
    index = (*_whole(node.shape[:axis]), place, *_whole(node.shape[axis + 1 :]))
    return GETITEM.make((node,), (index,), label)


def _place(node: Expr, axis: int) -> int | None:
    """Which element of that axis a value is, of all of what it is a part of."""
    if node.op is not GETITEM:
        return None
    index, shape = node.attrs[0], node.args[0].shape
    if len(index) != len(shape) or len(index) <= axis or type(index[axis]) is not int or index[axis] < 0:
        return None
    others = all(entry == (0, size, 1) for i, (entry, size) in enumerate(zip(index, shape)) if i != axis)
    return index[axis] if others else None


# -- terms that no step changes -----------------------------------------------------------------------------------


def _fixed_terms(loop: Loop, single: Single) -> tuple[Expr, Callable[[int], Expr]] | None:
    """x + h + b, where x is of a sequence and b from outside, as (x + b) + h with all x + b before the loop."""
    users = _users(loop)
    outputs = set(loop.body.outputs)
    inner = {n for n in loop.body.order if n.op is ADD and n.label is None and len(users[n]) == 1 and n not in outputs
             and users[n][0].op is ADD and users[n][0].type is n.type}
    xs = list(loop.xs)
    table: dict[Expr, Expr] = {}
    for node in loop.body.order:
        if node.op is not ADD or node in inner or not node.type.is_float:
            continue
        terms = _terms(node, inner)
        x = next((t for t in terms if _kind(t) == "x" and t.shape == node.shape and len(users[t]) == 1
                  and t not in outputs and _computed(loop.xs[t.attrs[3]]) and single(loop.xs[t.attrs[3]])), None)
        free = [t for t in terms if _kind(t) == "free" and t.type.dtype == node.type.dtype]
        if x is None or not free or any(t.type.weak for t in terms):
            continue
        stack = loop.xs[x.attrs[3]]
        for term in free:
            stack = stack + loop.frees[term.attrs[3]]
        leaf = bound(x.type, "x", len(xs), x.label if len(free) + 1 < len(terms) else node.label or x.label)
        xs.append(stack)
        left = [leaf if t is x else t for t in terms if not any(t is f for f in free)]
        total = left[0]
        for term in left[1:-1]:
            total = total + term
        table[node] = ADD.make((total, left[-1]), (), node.label) if len(left) > 1 else leaf
    return _with(loop, xs, loop.frees, table)


def _terms(node: Expr, inner: set[Expr]) -> list[Expr]:
    """The terms of a sum from left to right."""
    terms, stack = [], [*reversed(node.args)]
    while stack:
        term = stack.pop()
        if term in inner:
            stack.extend(reversed(term.args))
        else:
            terms.append(term)
    return terms


def _computed(node: Expr) -> bool:
    """Whether a value is the result of arithmetic, and so may be added to in place."""
    while node.op is RESHAPE:
        node = node.args[0]
    return node.op.elementwise or node.op is MATMUL


def _users(loop: Loop) -> dict[Expr, list[Expr]]:
    users: dict[Expr, list[Expr]] = {n: [] for n in loop.body.order}
    for node in loop.body.order:
        for a in node.args:
            users[a].append(node)
    return users


def _kind(node: Expr) -> str:
    return node.attrs[2] if node.op is BOUND else ""


def _with(loop: Loop, xs: Sequence[Expr], frees: Sequence[Expr],
          table: Mapping[Expr, Expr]) -> tuple[Expr, Callable[[int], Expr]] | None:
    """The loop over these operands, its step with the nodes of the table replaced."""
    if not table:
        return None
    node = scan_of(loop.inits, xs, frees, substitute(loop.body.outputs, table), loop.length, loop.reverse)
    return node, lambda i: item(node, i)


# -- gates --------------------------------------------------------------------------------------------------------


def _gates_apart(loop: Loop, single: Single) -> tuple[Expr, Callable[[int], Expr]] | None:
    """The loop with each matrix that is only taken apart, into columns of one width, computed in blocks."""
    cells = _Blocks(loop, single)
    table: dict[Expr, Expr] = {}
    for node in loop.body.order:
        width = cells.width(node)
        if width is None:
            continue
        blocks = cells.blocks(node, node.shape[-1] // width)
        if blocks is not None:
            table |= {part: _part(blocks, 0, part.attrs[0][-1][0] // width, part.label) for part in cells.users[node]}
    return _with(loop, cells.xs, cells.frees, table)


class _Blocks:
    """Values of N rows and k*H columns in another order: k blocks of N rows and H columns."""

    def __init__(self, loop: Loop, single: Single) -> None:
        self.loop, self.single = loop, single
        self.xs, self.frees = list(loop.xs), list(loop.frees)
        self.users = _users(loop)
        self.outputs = set(loop.body.outputs)

    def width(self, node: Expr) -> int | None:
        """The width of the columns that a matrix is taken apart into, when it has no other use."""
        parts = self.users[node]
        if node.ndim != 2 or len(parts) < 2 or node in self.outputs or not node.type.is_float or node.shape[0] == 1:
            return None
        spans = [_columns(part) for part in parts]
        first, total = spans[0], node.shape[-1]
        if first is None or not isinstance(total, int):
            return None
        width = first[1] - first[0]
        if width < 1 or total % width or any(s is None or s[1] - s[0] != width or s[0] % width for s in spans):
            return None
        return width

    def blocks(self, node: Expr, k: int) -> Expr | None:
        """The blocks of a value of the step; None where they cannot be computed as such."""
        kept = len(self.xs), len(self.frees)
        found = self._inside(node, k, top=True)
        if found is None:  # nothing of it is used
            del self.xs[kept[0] :], self.frees[kept[1] :]
        return found

    def _inside(self, node: Expr, k: int, top: bool = False) -> Expr | None:
        kind = _kind(node)
        if kind == "x" and node.ndim == 2:
            self.xs.append(self._sequence(self.loop.xs[node.attrs[3]], k))
            return bound(element(self.xs[-1].type), "x", len(self.xs) - 1, node.label)
        if kind == "free":
            return self._free(node, k)
        if kind or node.op.name in LEAVES or not (top or (len(self.users[node]) == 1 and node not in self.outputs)):
            return None
        if node.op is MATMUL:
            a, b = node.args
            free = self._free(b, k) if _kind(b) == "free" and a.ndim == b.ndim == 2 else None
            return None if free is None else MATMUL.make((a, free), (), node.label)
        if not node.op.elementwise or node.ndim != 2:
            return None
        args = [a if not a.ndim else self._inside(a, k) if a.shape[-1] == node.shape[-1] else None for a in node.args]
        known = [a for a in args if a is not None]
        return node.op.make(tuple(known), node.attrs, node.label) if len(known) == len(args) else None

    def _free(self, leaf: Expr, k: int) -> Expr:
        self.frees.append(_cut(self.loop.frees[leaf.attrs[3]], k))
        return bound(self.frees[-1].type, "free", len(self.frees) - 1, leaf.label)

    def _sequence(self, stack: Expr, k: int) -> Expr:
        """The blocks of every element of a sequence: computed so, where it has no other use, or else a view."""
        rows = stack.args[0] if stack.op is RESHAPE and stack.ndim == 3 else stack
        if rows.op is MATMUL and self.single(rows) and self.single(stack) and rows.args[1].ndim == 2:
            a, w = rows.args
            return MATMUL(RESHAPE(a, shape=(stack.shape[0], 1, stack.shape[1], a.shape[-1])), _cut(w, k))
        if stack.op is ADD and self.single(stack):
            parts = [a if not a.ndim else _cut(a, k) if a.ndim == 1 and a.shape == stack.shape[-1:]
                     else self._sequence(a, k) if a.shape == stack.shape else None for a in stack.args]
            if all(p is not None for p in parts):
                return ADD.make(tuple(p for p in parts if p is not None), (), stack.label)
        return _cut(stack, k)


def _columns(node: Expr) -> tuple[int, int] | None:
    """The columns that a value is, of whole rows of a matrix."""
    if node.op is not GETITEM or len(node.attrs[0]) != node.args[0].ndim:
        return None
    index, shape = node.attrs[0], node.args[0].shape
    if index[:-1] != _whole(shape[:-1]) or not is_slice(index[-1]):
        return None
    start, stop, step = index[-1]
    return (start, stop) if step == 1 and isinstance(start, int) and isinstance(stop, int) else None


def _cut(node: Expr, k: int) -> Expr:
    """A view of the last axis of k*H elements as k blocks, before the axis of rows: of a vector, of one row each."""
    size = node.shape[-1] // k
    if node.ndim == 1:
        return RESHAPE(node, shape=(k, 1, size))
    apart = RESHAPE(node, shape=(*node.shape[:-1], k, size))
    lead = range(node.ndim - 2)
    return TRANSPOSE(apart, axes=(*lead, node.ndim - 1, node.ndim - 2, node.ndim))


# -- neighbouring parts together ----------------------------------------------------------------------------------


def _alike_together(loop: Loop, _: Single) -> tuple[Expr, Callable[[int], Expr]] | None:
    """The loop with f(s[0]), f(s[1]), ... as f(s)[0], f(s)[1], ...: one call for each run of neighbours.

    Any elementwise f will do, of several operands as well, where each is such a part or the same for all. None of the
    f(s[i]) depends on another: whatever s and the common operands depend on, all of them do. The next values of the
    carries are left, for each has memory of its own.
    """
    tops = list(loop.body.outputs)
    for _level in range(LEVELS):
        table = _joined_once(tops, set(tops[: loop.carries]))
        if not table:
            break
        tops = substitute(tops, table)
    if all(a is b for a, b in zip(tops, loop.body.outputs)):
        return None
    node = scan_of(loop.inits, loop.xs, loop.frees, tops, loop.length, loop.reverse)
    return node, lambda i: item(node, i)


class _Call(NamedTuple):
    """What neighbours have in common: the function, and for each operand what it is, or is a part of."""

    op: Op
    attrs: tuple[object, ...]
    operands: tuple[tuple[bool, Expr], ...]


def _joined_once(tops: Sequence[Expr], ends: set[Expr]) -> dict[Expr, Expr]:
    alike: dict[_Call, dict[int, Expr]] = {}
    for node in postorder(tops):
        if not node.op.elementwise or node.type.weak or not node.ndim or node in ends:
            continue
        places = [(_place(a, 0) if a.shape == node.shape else None) for a in node.args]
        for place in dict.fromkeys(p for p in places if p is not None):
            operands = [(p == place, a.args[0] if p == place else a) for p, a in zip(places, node.args)]
            alike.setdefault(_Call(node.op, node.attrs, tuple(operands)), {}).setdefault(place, node)
    table: dict[Expr, Expr] = {}
    for call, members in alike.items():
        for run in _runs(sorted(members)):
            if len(run) < 2 or any(members[i] in table for i in run):
                continue
            args = [_span(a, run[0], run[-1] + 1) if part else a for part, a in call.operands]
            whole = call.op.make(tuple(args), call.attrs)
            table |= {members[i]: _part(whole, 0, i - run[0], members[i].label) for i in run}
    return table


def _runs(numbers: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for i in numbers:
        if runs and runs[-1][-1] == i - 1:
            runs[-1].append(i)
        else:
            runs.append([i])
    return runs


def _span(node: Expr, start: int, stop: int) -> Expr:
    if (start, stop) == (0, node.shape[0]):
        return node
    return GETITEM.make((node,), (((start, stop, 1), *_whole(node.shape[1:])),))


def _stacks_together(loop: Loop, _: Single) -> tuple[Expr, Callable[[int], Expr]] | None:
    """The loop with one stack where it has stacks of all parts of a value."""
    parts: dict[Expr, dict[int, Expr]] = {}
    for y in loop.ys:
        place = _place(y, 0)
        if place is not None and y.args[0].op is not BOUND:
            parts.setdefault(y.args[0], {})[place] = y
    wholes = [whole for whole, found in parts.items() if len(found) == whole.shape[0] and len(found) > 1]
    if not wholes:
        return None
    ys = list(dict.fromkeys([*wholes, *[y for y in loop.ys if not (y.op is GETITEM and y.args[0] in set(wholes))]]))
    number = {y: loop.carries + i for i, y in enumerate(ys)}
    node = scan_of(loop.inits, loop.xs, loop.frees, [*loop.ends, *ys], loop.length, loop.reverse)

    def result(index: int) -> Expr:
        if index < loop.carries:
            return item(node, index)
        y = loop.ys[index - loop.carries]
        if y in number:
            return item(node, number[y])
        place = _place(y, 0)
        assert place is not None
        return _part(item(node, number[y.args[0]]), 1, place)

    return node, result


def _sequences_together(loop: Loop, _: Single) -> tuple[Expr, Callable[[int], Expr]] | None:
    """The loop over one sequence where it has several that are parts of its elements."""
    parts: dict[Expr, list[int]] = {}
    for i, stack in enumerate(loop.xs):
        if _place(stack, 1) is not None:
            parts.setdefault(stack.args[0], []).append(i)
    xs = list(loop.xs)
    table: dict[Expr, Expr] = {}
    for whole, numbers in parts.items():
        if len(numbers) > 1:
            leaf = bound(element(whole.type), "x", len(xs))
            xs.append(whole)
            for i in numbers:
                place, old = _place(loop.xs[i], 1), loop.leaves.get(("x", i))
                if old is not None and place is not None:
                    table[old] = _part(leaf, 0, place)
    return _with(loop, xs, loop.frees, table)


# What is alike is looked for twice: a loop back reads as one sequence what the loop forwards has put together.
PASSES: tuple[Change, ...] = (_fixed_terms, _gates_apart, _alike_together, _stacks_together, _sequences_together,
                              _alike_together)
