"""The tangent recurrence in floats at one point: a mistake at its edges costs some products and sums, no trees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..deciding.evaluate import Evaluator
from ..reading.tree import Tree
from .chain import Chain, EdgeEdit
from .judge import Judge, lowerable

CLOSE = 1e-7


class Slopes:
    """The recurrence at one point of a judge. What does not come close there is not the answer; what does may be."""

    def __init__(self, chain: Chain, judge: Judge, evaluator: Evaluator, need: Any) -> None:
        self.judge, self.evaluator = judge, evaluator
        self.need = as_float(need)
        self.known: dict[int, float] = {}
        self.keep: list[Tree] = []  # the ids in `known` stay theirs
        place = {node: i for i, node in enumerate(chain.active)}
        self.rows = [(place[n], [(id(e), place[e.source], self.of(e.local)) for e in edges])
                     for n, edges in chain.edges.items()]
        self.size, self.start, self.end = len(place), place[chain.wrt], place[chain.f]

    def of(self, tree: Tree) -> float:
        if id(tree) not in self.known:
            self.keep.append(tree)
            core = lowerable(self.judge, tree)
            self.known[id(tree)] = math.nan if core is None else as_float(self.judge.at(self.evaluator, core))
        return self.known[id(tree)]

    def fits(self, edits: Sequence[EdgeEdit]) -> bool:
        """Whether the recurrence with these edits comes close to the answer here, or has no value to say so."""
        changed = {id(e.edge): e for e in edits}
        slope = [0.0] * self.size
        slope[self.start] = 1.0
        largest = abs(self.need)
        for target, terms in self.rows:
            total = 0.0
            for key, source, local in terms:
                term = self._edited(changed[key], slope[source]) if key in changed else local * slope[source]
                total += term
                largest = max(largest, abs(term))
            slope[target] = total
        apart = abs(slope[self.end] - self.need)
        return not apart > CLOSE * largest  # nan says nothing

    def _edited(self, edit: EdgeEdit, slope: float) -> float:
        if edit.lost:
            return 0.0
        local = self.of(edit.local or edit.edge.local)
        return local * (slope if edit.tangent is None else self.of(edit.tangent))


def as_float(value: Any) -> float:
    """An exact rational or the middle of a ball; nan for an undefined value."""
    if value is None:
        return math.nan
    if hasattr(value, "rad"):
        return float(value.mid())
    return float(value.p) / float(value.q) if value.height_bits() < 1000 else math.nan
