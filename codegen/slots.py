"""The memory behind the buffers of a workspace: who needs how much from when to when, and where it lies.

A *slot* is memory of one dtype, as long as the longest array that is ever put there, given out as the steps come.
Where that leaves holes, the arrays whose sizes have the same named factors share one *arena* instead, each in a place
that is free for as long as it lives: a large array that is dead makes room for several small ones.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .program import dtype_of, sizes_of

ARRANGED = 1000  # demands, up to which places are looked for: that takes time with their square, at worst
LINE = 8  # elements: places begin at a multiple, 64 bytes of float64

Key = tuple[str, tuple[str, ...]]  # dtype, named factors of the number of elements


@dataclass
class Slot:
    """Memory of `coefficient` times the factors elements; `place` is where it begins in its arena, -1 without one."""

    dtype: str
    factors: tuple[str, ...]
    coefficient: int
    place: int = -1


class Demand(NamedTuple):
    """An array of the workspace: what it needs, the step that makes it, and the last one that reads it."""

    key: Key
    coefficient: int
    birth: int
    death: int


def extent(type_: str) -> tuple[tuple[str, ...], int]:
    """The number of elements of a type, as named factors and a coefficient.

    >>> extent("float64[N,3*T,4]"), extent("bool[N + 1,2]")
    ((('N', 'T'), 12), (('(N + 1)',), 2))
    """
    factors, coefficient = [], 1
    for size in sizes_of(type_):
        parts = [f"({size})"] if " " in size or "/" in size else size.split("*")
        for part in parts:
            if part.isdigit():
                coefficient *= int(part)
            else:
                factors.append(part)
    return tuple(sorted(f for f in factors if f)), coefficient


def arranged(demands: Sequence[Demand]) -> tuple[list[int], int]:
    """Where each array begins in an arena that all share, and the length of that; the largest are placed first.

    Greedy by size, each at the lowest place that is free for the whole of its life: Pisarchyk and Lee, "Efficient
    memory management for deep neural net inference" (2020), section 5.

    >>> arranged([Demand(("float64", ()), n, *life) for n, *life in ((32, 0, 1), (16, 2, 4), (16, 3, 5), (8, 1, 2))])
    ([0, 0, 16, 32], 40)
    """
    places = [0] * len(demands)
    length = 0
    done: list[tuple[int, int, int, int]] = []  # place, end, birth, death
    for i in sorted(range(len(demands)), key=lambda i: (-demands[i].coefficient, demands[i].birth, i)):
        demand, place = demands[i], 0
        for start, end, birth, death in done:
            if birth > demand.death or death < demand.birth:
                continue
            if start - place >= demand.coefficient:
                break
            place = max(place, -(-end // LINE) * LINE)
        places[i] = place
        insort(done, (place, place + demand.coefficient, demand.birth, demand.death))
        length = max(length, place + demand.coefficient)
    return places, length


@dataclass
class Pool:
    """Gives memory to the arrays of a workspace, one after the other. `now` is the step.

    `places` lists where each array that is to come begins in its arena, None for one that shares no arena.
    """

    places: Sequence[int | None] = ()
    slots: list[Slot] = field(default_factory=list)
    now: int = 0
    taken: list[tuple[Key, int, int]] = field(default_factory=list)  # key, coefficient, birth
    death: dict[int, int] = field(default_factory=dict)  # array -> last step
    array_in: dict[int, int] = field(default_factory=dict)  # slot -> the array that lies there
    free: dict[Key, dict[int, list[int]]] = field(default_factory=dict)  # by their length
    at: dict[tuple[Key, int], int] = field(default_factory=dict)  # place in an arena -> slot

    def take(self, type_: str) -> int:
        """A free slot for an array of this type: the shortest that is long enough, else the longest made longer."""
        factors, coefficient = extent(type_)
        key = dtype_of(type_), factors
        place = self.places[len(self.taken)] if self.places else None
        self.taken.append((key, coefficient, self.now))
        slot = self._next(key, coefficient) if place is None else self._at(key, coefficient, place)
        self.array_in[slot] = len(self.taken) - 1
        return slot

    def _next(self, key: Key, coefficient: int) -> int:
        pool = self.free.setdefault(key, {})
        if not pool:
            self.slots.append(Slot(*key, coefficient))
            return len(self.slots) - 1
        enough = [c for c in pool if c >= coefficient]
        length = min(enough) if enough else max(pool)
        chosen = pool[length].pop()
        if not pool[length]:
            del pool[length]
        self.slots[chosen].coefficient = max(length, coefficient)
        return chosen

    def _at(self, key: Key, coefficient: int, place: int) -> int:
        slot = self.at.get((key, place))
        if slot is None:
            self.slots.append(Slot(*key, coefficient, place))
            slot = self.at[key, place] = len(self.slots) - 1
        self.slots[slot].coefficient = max(self.slots[slot].coefficient, coefficient)
        return slot

    def release(self, slot: int) -> None:
        """The array in this slot has been read for the last time, by the step that is `now`."""
        self.death[self.array_in[slot]] = self.now
        memory = self.slots[slot]
        if memory.place < 0:
            pool = self.free.setdefault((memory.dtype, memory.factors), {})
            pool.setdefault(memory.coefficient, []).append(slot)

    def better(self) -> list[int | None]:
        """Places in arenas for all arrays that were taken, where these are shorter than the slots; [] where none is."""
        if len(self.taken) > ARRANGED:
            return []
        found: list[int | None] = [None] * len(self.taken)
        groups: dict[Key, list[int]] = {}
        for i, (key, _, _) in enumerate(self.taken):
            groups.setdefault(key, []).append(i)
        gain = False
        for key, arrays in groups.items():
            slots = sum(s.coefficient for s in self.slots if (s.dtype, s.factors) == key)
            places, length = arranged([Demand(key, *self.taken[i][1:], self.death.get(i, self.now)) for i in arrays])
            if length < slots:
                gain = True
                for i, place in zip(arrays, places):
                    found[i] = place
        return found if gain else []

    def arenas(self) -> dict[Key, int]:
        """The length of each arena."""
        lengths: dict[Key, int] = {}
        for s in self.slots:
            if s.place >= 0:
                lengths[s.dtype, s.factors] = max(lengths.get((s.dtype, s.factors), 0), s.place + s.coefficient)
        return lengths
