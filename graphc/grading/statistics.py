"""Counts over a class: how each part came out, which slips are common, what a person looks at first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ..exercise import rounded

STATUSES = ("correct", "follows", "wrong", "undecided", "invalid", "missing")
MOST_SLIPS = 20


@dataclass
class PartTally:
    """One part over all students. Sums are exact, so no order of adding changes them."""

    key: str
    counts: Counter[str] = field(default_factory=Counter)
    points: Fraction = Fraction(0)
    most: Fraction = Fraction(0)
    squares: Fraction = Fraction(0)
    rest: Fraction = Fraction(0)
    rest_squares: Fraction = Fraction(0)
    products: Fraction = Fraction(0)

    @property
    def students(self) -> int:
        return sum(self.counts.values())

    def add(self, part: Mapping[str, Any], total: Fraction) -> None:
        points = Fraction(part["points"])
        rest = total - points
        self.counts[part["status"]] += 1
        self.most = max(self.most, Fraction(part["max_points"]))
        self.points += points
        self.squares += points * points
        self.rest += rest
        self.rest_squares += rest * rest
        self.products += points * rest

    def share(self, status: str) -> float:
        return self.counts[status] / self.students if self.students else 0.0

    @property
    def mean(self) -> Fraction:
        return self.points / self.students if self.students else Fraction(0)

    @property
    def discrimination(self) -> float | None:
        """Correlation with the points of the other parts; None where either is the same for everybody."""
        n = self.students
        own = n * self.squares - self.points**2
        others = n * self.rest_squares - self.rest**2
        if n < 3 or not own or not others:
            return None
        return float(n * self.products - self.points * self.rest) / math.sqrt(own * others)


@dataclass
class Slip:
    """A mistake that was named: how often in one part, and the first example by student."""

    part: str
    kind: str
    message: str
    given: str
    count: int = 0


@dataclass(frozen=True)
class Look:
    """An undecided answer."""

    number: int  # of the student's page
    student: str
    part: str
    given: str
    why: str


def reason_of(message: str) -> str:
    """What stands below the first line, which tells the verdict alone, where there is more.

    >>> reason_of("Undecided.\\nWhy: too long.")
    'Why: too long.'
    """
    first, _, rest = message.partition("\n")
    return rest or first


class Tally:
    """Everything that is counted, student by student with `add`."""

    def __init__(self, keys: Sequence[str], rounding: Fraction = Fraction(0)) -> None:
        self.rounding = rounding
        self.parts = {key: PartTally(key) for key in keys}
        self.totals: list[Fraction] = []
        self.most = Fraction(0)
        self.found: dict[tuple[str, str], Slip] = {}
        self.looks: list[Look] = []

    def add(self, number: int, student: str, parts: Mapping[str, Mapping[str, Any]]) -> Fraction:
        """Count one student's marks; the total, rounded as the exercise says."""
        exact = sum((Fraction(p["points"]) for p in parts.values()), Fraction(0))
        total = rounded(exact, self.rounding)
        self.totals.append(total)
        self.most = max(self.most, sum((Fraction(p["max_points"]) for p in parts.values()), Fraction(0)))
        for key, part in parts.items():
            self.parts[key].add(part, exact)
            self._slips(key, part)
            if part["status"] == "undecided":
                self.looks.append(Look(number, student, key, part["given"], reason_of(part["message"])))
        return total

    def _slips(self, key: str, part: Mapping[str, Any]) -> None:
        for kind in dict.fromkeys(kind for kind, _, _ in part["findings"]):
            message = next(m for k, _, m in part["findings"] if k == kind)
            slip = self.found.setdefault((key, kind), Slip(key, kind, message, part["given"]))
            slip.count += 1

    @property
    def slips(self) -> list[Slip]:
        """The most common first; in the order of the parts where equally common."""
        order = list(self.parts)
        return sorted(self.found.values(), key=lambda s: (-s.count, order.index(s.part), s.kind))[:MOST_SLIPS]

    @property
    def undecided(self) -> int:
        return len(self.looks)

    @property
    def mean(self) -> Fraction:
        return sum(self.totals, Fraction(0)) / len(self.totals) if self.totals else Fraction(0)

    @property
    def median(self) -> Fraction:
        ordered, n = sorted(self.totals), len(self.totals)
        return (ordered[(n - 1) // 2] + ordered[n // 2]) / 2 if n else Fraction(0)

    def spread(self, bins: int = 10) -> list[int]:
        """How many totals lie in each of equal steps of the points; full marks belong to the last.

        >>> tally = Tally([])
        >>> tally.most, tally.totals = Fraction(4), [Fraction(0), Fraction(2), Fraction(4)]
        >>> tally.spread(4)
        [1, 0, 1, 1]
        """
        counts = [0] * bins
        for total in self.totals:
            step = int(bins * total / self.most) if self.most else 0
            counts[min(step, bins - 1)] += 1
        return counts
