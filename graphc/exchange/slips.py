"""What a formula is held against elsewhere: points on every side of its switches, and answers with one slip."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice

from ..checking.deciding.core import Core, Pool
from ..checking.deciding.decide import PRECISIONS, Search, as_fmpq
from ..checking.deciding.evaluate import Evaluator, Undefined, Unsure
from ..checking.diagnosing.diagnose import Mutation
from ..checking.reading.tree import Tree, symbols

MOST_POINTS, LEAST_POINTS, LOOKS = 12, 6, 160
MOST_SLIPS = 12
APART = 1e-6  # relative: what floats elsewhere surely tell apart; they take 1e-9 for equal
SEED = 20_261_121
Place = dict[str, Fraction]


class Ground:
    """One right answer as a function: its names, and exact points where it and the exercise's function are defined."""

    def __init__(self, truth: Tree, domain: Tree) -> None:
        self.pool = Pool()
        self.truth, self.domain = self.pool.lower(truth), self.pool.lower(domain)
        self.names = symbols(domain, truth)
        self.points = self._points()

    def _points(self) -> list[Place]:
        """Small numbers, at least LEAST_POINTS of them, and one point in every cell that was met."""
        search = Search(self.truth, self.domain, (), self.names)
        found: list[Place] = []
        cells: set[tuple[int, ...]] = set()
        for point in islice(self._tried(search), LOOKS):
            cell = search.pattern(point)
            usual = not any(s in (0, 2) for s in cell)
            if usual and (len(found) < LEAST_POINTS or cell not in cells) and self.value(self.truth, point) is not None:
                cells.add(cell)
                found.append(point)
            if len(found) == MOST_POINTS:
                break
        return found

    def _tried(self, search: Search) -> Iterator[Place]:
        """Whole numbers, and small fractions where exponentials are not yet flat, in turn."""
        stream = random.Random(SEED)
        for point in search.nice_points(LOOKS // 2):
            yield point
            positive = stream.random() < 0.4
            yield {n: Fraction(stream.randint(1, 7), 4) * (1 if positive or stream.random() < 0.5 else -1)
                   for n in self.names}

    def value(self, core: Core, point: Mapping[str, Fraction]) -> float | None:
        """The value where it and the exercise's function are defined and of ordinary size."""
        evaluator = Evaluator(as_fmpq(dict(point)), PRECISIONS[0])
        try:
            values = [float(evaluator.ball(evaluator.value(c)).mid()) for c in (self.domain, core)]
        except (Undefined, Unsure):
            return None
        return values[1] if all(abs(v) < 1e9 for v in values) else None

    def usable(self, slips: Sequence[Mutation]) -> list[Mutation]:
        """Those defined at every point, told apart there from the truth and from each other, in order."""
        kept: list[Mutation] = []
        seen = [[self.value(self.truth, p) for p in self.points]]
        for slip in slips:
            if set(symbols(slip.tree)) - set(self.names):
                continue
            core = self.pool.lower(slip.tree)
            values = [self.value(core, p) for p in self.points]
            if None not in values and all(_apart(values, other) for other in seen):
                seen.append(values)
                kept.append(slip)
            if len(kept) == MOST_SLIPS:
                break
        return kept


def _apart(a: Sequence[float | None], b: Sequence[float | None]) -> bool:
    return any(x is not None and y is not None and abs(x - y) > APART * (1 + abs(y)) for x, y in zip(a, b))
