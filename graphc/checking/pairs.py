"""Two independent slips at once, looked for where no single one explains an answer.

The recurrence is linear in each local derivative, so a pair is tried in plain floats first: a few
additions and products, no trees. What fits there is built and compared like any other mistake.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from typing import Any

from .chain import Chain, Edge, EdgeEdit, Slip
from .core import Core
from .evaluate import Evaluator
from .judge import Judge, lowerable
from .tree import Tree

MAX_SLIPS, MAX_PAIR_WORK, MAX_TRIED = 90, 40_000, 6
CLOSE = 1e-9


def matching_pair(slips: Sequence[Slip], chain: Chain, judge: Judge) -> tuple[Slip, Slip] | None:
    """The first two slips on different edges that together give the answer."""
    for pair in islice(_close(slips, chain, judge), MAX_TRIED):
        core = lowerable(judge, chain.edited((*pair[0].edits, *pair[1].edits)))
        if core is not None and judge.is_answer(core) and judge.differs_from_truth(core):
            return pair
    return None


def _close(slips: Sequence[Slip], chain: Chain, judge: Judge) -> Iterator[tuple[Slip, Slip]]:
    if not chain.edges:
        return
    usable = [s for s in slips if s.edits and all(isinstance(e, EdgeEdit) for e in s.edits)][:MAX_SLIPS]
    points = [Slopes(chain, judge, evaluator, need) for evaluator, need in judge.points[:2]]
    budget = MAX_PAIR_WORK // max(1, len(chain.active))
    for one, two in combinations(usable, 2):
        budget -= 1
        if budget < 0 or not points:
            return
        edits = [e for s in (one, two) for e in s.edits if isinstance(e, EdgeEdit)]
        if len({id(e.edge) for e in edits}) == len(edits) and all(p.fits(edits) for p in points):
            yield one, two


class Slopes:
    """The recurrence in floats at one point."""

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
            core: Core | None = lowerable(self.judge, tree)
            self.known[id(tree)] = math.nan if core is None else as_float(self.judge.at(self.evaluator, core))
        return self.known[id(tree)]

    def fits(self, edits: Sequence[EdgeEdit]) -> bool:
        """Whether the recurrence with these edits comes close to the answer here."""
        changed = {id(e.edge): e for e in edits}
        slope = [0.0] * self.size
        slope[self.start] = 1.0
        for target, terms in self.rows:
            total = 0.0
            for key, source, local in terms:
                total += self._edited(changed[key], slope[source]) if key in changed else local * slope[source]
            slope[target] = total
        return abs(slope[self.end] - self.need) <= CLOSE * (abs(self.need) + 1e-30)

    def _edited(self, edit: EdgeEdit, slope: float) -> float:
        if edit.lost:
            return 0.0
        edge: Edge = edit.edge
        return self.of(edit.local or edge.local) * (slope if edit.tangent is None else self.of(edit.tangent))


def as_float(value: Any) -> float:
    """An exact rational or the middle of a ball; nan for an undefined value."""
    if value is None:
        return math.nan
    if hasattr(value, "rad"):
        return float(value.mid())
    return float(value.p) / float(value.q) if value.height_bits() < 1000 else math.nan
