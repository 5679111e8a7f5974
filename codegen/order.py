"""The order of steps that needs the least memory: what frees an array early, what makes one late.

Any order in which a value is made before it is read gives the very same numbers. A few orders are tried, each
near linear in the number of steps, and the first that is clearly better than the program's own is taken.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from heapq import heapify, heappop, heappush
from math import prod
from typing import Any

from .program import CONTRACTIONS, Program, Step, is_scalar, words
from .schedule import buffers

NOMINAL = 64, 1000  # what every named size is taken for, one after the other
CLEARLY = 0.02  # of the peak: less is not worth a text in another order
_ARRAY = re.compile(r"(bool|[a-z]+\d+)\[([^\]]*)\]")
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow, ast.Mod: operator.mod,
}  # fmt: skip


def ordered(program: Program, steps: Sequence[Step]) -> list[Step]:
    """The steps in the order of the program, or in one that needs clearly less memory; always the same one.

    >>> from .program import Input
    >>> x = Input("x", "float64[N,9]", ("N", 9))
    >>> steps = [Step("a", "np.exp({0})", ("x",), "float64[N,9]", ufunc="np.exp"),
    ...          Step("b", "np.sin({0})", ("x",), "float64[N,9]", ufunc="np.sin"),
    ...          Step("s", "np.sum({0}, axis=0)", ("a",), "float64[9]"),
    ...          Step("t", "np.sum({0}, axis=0)", ("b",), "float64[9]")]
    >>> f = Program("f", (x,), tuple(steps), ("s", "t"), dims=(("N", "x.shape[0]"),))
    >>> [s.target for s in ordered(f, steps)]
    ['a', 's', 'b', 't']
    """
    large = _graph(program, steps, NOMINAL[1])
    chosen = large.units
    peak = large.peak(chosen)
    if not peak:
        return list(steps)
    small = replace(large, made=_made(steps, large.made, NOMINAL[0]))
    limit = small.peak(chosen)
    for order in (large.eager(-1), large.eager(0), large.greedy()):
        found = large.peak(order)
        if found < (1 - CLEARLY) * peak and small.peak(order) <= limit:
            chosen, peak = order, found
    return large.steps_of(chosen) if chosen is not large.units else list(steps)


@lru_cache(maxsize=4096)
def nominal_bytes(type_: str, size: int) -> int:
    """The bytes of a value, or of all values of a tuple, where every named size is `size`.

    >>> nominal_bytes("float64[N,2*T + 1]", 10), nominal_bytes("tuple[bool[N]; float32[3]]", 10)
    (1680, 22)
    """
    return sum(itemsize(dtype) * prod(max(0, evaluated(s, dict.fromkeys(words(s), size))) for s in sizes)
               for dtype, sizes in arrays(type_))


def arrays(type_: str) -> list[tuple[str, list[str]]]:
    """The dtype and the sizes of each array of a type, which may be a tuple.

    >>> arrays("tuple[float64[N,3]; bool[]]")
    [('float64', ['N', '3']), ('bool', [])]
    """
    return [(dtype, sizes.split(",") if sizes else []) for dtype, sizes in _ARRAY.findall(type_)]


def itemsize(dtype: str) -> int:
    """The bytes of an element.

    >>> itemsize("float32"), itemsize("bool")
    (4, 1)
    """
    return 1 if dtype == "bool" else int(dtype.lstrip("abcdefghijklmnopqrstuvwxyz")) // 8


def evaluated(size: str, sizes: Mapping[str, Any]) -> Any:
    """A size as written, of what its names stand for: numbers, or anything that adds and multiplies.

    >>> evaluated("2*N + 1", {"N": 4})
    9
    """
    return int(size) if size.isdigit() else _value(_parsed(size), sizes)


@lru_cache(maxsize=4096)
def _parsed(size: str) -> ast.expr:
    return ast.parse(size, mode="eval").body


def _value(tree: ast.expr, sizes: Mapping[str, Any]) -> Any:
    match tree:
        case ast.Constant(value=int(number)):
            return number
        case ast.Name(id=name):
            return sizes[name]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -1 * _value(inner, sizes)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left, sizes), _value(right, sizes))
    raise ValueError(f"{ast.unparse(tree)} is no size")


@dataclass
class _Graph:
    """Units are the steps that compute; views, and what depends on sizes alone, come when they are first read."""

    steps: Sequence[Step]
    units: list[int]  # positions of the steps that are units
    index: dict[str, int]  # name -> position of the step that makes it
    needs: dict[int, list[int]]  # unit -> units that make what it reads
    users: dict[int, list[int]]
    reads: dict[int, list[int]]  # unit -> what it reads that may be freed
    readers: dict[int, list[int]]
    made: dict[int, int]  # unit -> bytes that it makes; results, which are there at the end, count as none

    def eager(self, limit: int) -> list[int]:
        """The order of the program, but a step that makes at most `limit` bytes more than it frees goes first."""
        return self._scheduled(limit)

    def greedy(self) -> list[int]:
        """Always the step that makes the fewest bytes more than it frees."""
        return self._scheduled(None)

    def _scheduled(self, limit: int | None) -> list[int]:
        waits = {u: len(self.needs[u]) for u in self.units}
        left = {u: len(readers) for u, readers in self.readers.items()}
        total = {u: sum(readers) for u, readers in self.readers.items()}  # of the readers that are left
        done: set[int] = set()
        order: list[int] = []
        change = {u: self.made[u] - sum(self.made[r] for r in self.reads[u] if left[r] == 1) for u in self.units}
        heap = [(change[u], u) for u in self.units if not waits[u] and _early(change[u], self.made[u], limit)]
        heapify(heap)
        later = iter(self.units)
        while len(order) < len(self.units):
            unit = -1
            while heap and unit < 0:
                bytes_, candidate = heappop(heap)
                if candidate not in done and change[candidate] == bytes_:
                    unit = candidate
            if unit < 0:
                unit = next(u for u in later if u not in done)
            done.add(unit)
            order.append(unit)
            fresh = []
            for user in self.users[unit]:
                waits[user] -= 1
                if not waits[user]:
                    fresh.append(user)
            for r in self.reads[unit]:
                left[r] -= 1
                total[r] -= unit
                if left[r] == 1:  # its last reader frees it
                    last = total[r]
                    change[last] -= self.made[r]
                    fresh.append(last)
            for u in fresh:
                if not waits[u] and u not in done and _early(change[u], self.made[u], limit):
                    heappush(heap, (change[u], u))
        return order

    def peak(self, order: Sequence[int]) -> int:
        """The bytes that are alive at once, at most; an elementwise step writes over an operand that it frees."""
        left = {u: len(readers) for u, readers in self.readers.items()}
        alive = peak = 0
        for u in order:
            freed = 0
            over = 0
            for r in self.reads[u]:
                left[r] -= 1
                if not left[r]:
                    freed += self.made[r]
                    if self._elementwise(u) and self.steps[r].type == self.steps[u].type:
                        over = self.made[r]
            peak = max(peak, alive + max(self.made[u] - over, 0))
            alive += self.made[u] - freed
            if not self.readers[u] and self.made[u]:
                alive -= self.made[u]
        return peak

    def _elementwise(self, unit: int) -> bool:
        return bool(self.steps[unit].ufunc) and self.steps[unit].ufunc not in CONTRACTIONS

    def steps_of(self, order: Sequence[int]) -> list[Step]:
        """All steps: what is no unit stands before its first reader, and at the end where nothing reads it."""
        result: list[Step] = []
        there: set[int] = set()

        def put(position: int) -> None:
            stack = [position]
            while stack:
                i = stack[-1]
                missing = [j for a in self.steps[i].args if (j := self.index.get(a, i)) != i and j not in there]
                if missing:
                    stack += missing[::-1]
                    continue
                stack.pop()
                if i not in there:
                    there.add(i)
                    result.append(self.steps[i])

        for position in (*order, *range(len(self.steps))):
            if position not in there:
                put(position)
        return result


def _early(change: int, made: int, limit: int | None) -> bool:
    """Whether a step may go before its turn. One that makes nothing and frees nothing has no reason to."""
    return limit is None or (change <= limit and (change < 0 or made > 0))


def _graph(program: Program, steps: Sequence[Step], size: int) -> _Graph:
    root = buffers(program, steps)
    index = {s.target: i for i, s in enumerate(steps)}
    units: list[int] = []
    before: dict[str, tuple[int, ...]] = {}  # name -> units that it needs: of a view, those of all its operands
    positions: set[int] = set()
    for i, s in enumerate(steps):
        computes = any(before.get(a) or root.get(a, "") not in index for a in s.args if a in root)
        if not s.alias and (computes or (s.ufunc and not s.args)):
            units.append(i)
            positions.add(i)
            before[s.target] = (i,)
        else:
            before[s.target] = tuple(dict.fromkeys(u for a in s.args for u in before.get(a, ())))
    results = {root[name] for name in program.outputs if name in root}
    needs: dict[int, list[int]] = {}
    reads: dict[int, list[int]] = {}
    users: dict[int, list[int]] = {u: [] for u in units}
    readers: dict[int, list[int]] = {u: [] for u in units}
    made = _made(steps, {u: steps[u].target not in results and not is_scalar(steps[u].type) for u in units}, size)
    for u in units:
        args = steps[u].args
        needs[u] = list(dict.fromkeys(v for a in args for v in before.get(a, ())))
        found = dict.fromkeys(index[r] for a in args if (r := root.get(a, "")) in index)
        reads[u] = [j for j in found if j in positions]
        for j in needs[u]:
            users[j].append(u)
        for j in reads[u]:
            readers[j].append(u)
    return _Graph(steps, units, index, needs, users, reads, readers, made)


def _made(steps: Sequence[Step], counts: Mapping[int, int], size: int) -> dict[int, int]:
    """The bytes that each unit makes, 0 where that does not count."""
    return {u: nominal_bytes(steps[u].type, size) if count else 0 for u, count in counts.items()}
