"""Where two functions differ that sampling found equal: the remainder of a proof that failed, followed uphill.

A proof that fails on a cell leaves answer - truth = r there, in the normal form: nothing cancels in it, so that it is
seen however small it is. From a few starts, a search by coordinates
first enters the cell (the signs that it asks for), then climbs |r|, to a point where the two differ plainly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .core import Core, Pool
from .evaluate import Evaluator, Undefined, Unsure, flint
from .normal import Ring

MAX_TERMS, BITS, FIRST_STEP, STEPS, MAX_LOOKS = 60, 192, 4, 26, 400
Point = dict[str, Fraction]
Score = tuple[int, float]


class Untranslated(Exception):
    """A polynomial with more terms than it pays to look at."""


@dataclass
class Translation:
    """Polynomials of a ring as core nodes."""

    ring: Ring
    pool: Pool

    def polynomial(self, p: Any) -> Core:
        terms = p.to_dict()
        if len(terms) > MAX_TERMS:
            raise Untranslated
        return self.pool.add(*(self._term(m, Fraction(int(c.p), int(c.q))) for m, c in sorted(terms.items())))

    def _term(self, exponents: tuple[int, ...], c: Fraction) -> Core:
        powers = [self.pool.root(self.generator(i), Fraction(int(e))) for i, e in enumerate(exponents) if e]
        return self.pool.mul(self.pool.num(c), *powers)

    def generator(self, i: int) -> Core:
        """What a generator stands for; its operands are polynomials in earlier ones."""
        kind, payload, pool = self.ring.kind[i], self.ring.payload[i], self.pool
        if kind == "sym":
            return pool.node("sym", value=self.name(i))
        if kind == "pi":
            return pool.node("const", value="pi")
        if kind in ("log", "root"):
            return self._of_size(kind, payload)
        if kind in ("cos", "sin"):
            payload = payload if kind == "cos" else self.ring.payload[payload]
        if kind in ("exp", "cos", "sin"):
            m, d, q = payload
            return pool.fn(kind, pool.mul(pool.num(Fraction(1, q)), self.ratio(m, d)))
        return pool.fn(kind, *(self.ratio(a.n, a.d) for a in payload))

    def name(self, i: int) -> str:
        return next(key[1] for key, place in self.ring.index.items() if place == i)

    def ratio(self, n: Any, d: Any) -> Core:
        return self.pool.mul(self.polynomial(n), self.pool.root(self.polynomial(d), Fraction(-1)))

    def _of_size(self, kind: str, payload: Any) -> Core:
        """ln|f|, and the b-th root of |f|: by f², which has no sign."""
        base, b = payload if kind == "root" else (payload, 1)
        f = self.pool.num(base) if isinstance(base, Fraction) else self.polynomial(base)
        square = self.pool.root(f, Fraction(2))
        if kind == "root":
            return self.pool.root(square, Fraction(1, 2 * b))
        return self.pool.mul(self.pool.num(Fraction(1, 2)), self.pool.fn("log", square))


class Climb:
    """The search on one cell on which the proof failed."""

    def __init__(self, ring: Ring, signs: Mapping[str, int], pool: Pool) -> None:
        translate = Translation(ring, pool)
        assert ring.rest is not None
        self.rest = translate.ratio(ring.rest.n, ring.rest.d)
        self.asked = [(translate.polynomial(ring.factor_of[k]), s) for k, s in sorted(signs.items())]
        self.looks = 0

    def score(self, point: Point) -> Score:
        """(1, ln|r|) on the cell; (0, less the further) off it; (-1, 0) where something is undefined."""
        self.looks += 1
        evaluator = Evaluator({n: flint().fmpq(v.numerator, v.denominator) for n, v in point.items()}, BITS)
        try:
            with flint().ctx.workprec(BITS):
                return self._score(evaluator)
        except (Undefined, Unsure, OverflowError):
            return -1, 0.0

    def _score(self, evaluator: Evaluator) -> Score:
        values = [s * evaluator.ball(evaluator.value(f)) for f, s in self.asked]
        off = [v for v in values if not v > 0]
        if off:
            return 0, -sum(float((1 + abs(v)).log().mid()) for v in off)
        rest = evaluator.ball(evaluator.value(self.rest))
        return (-1, 0.0) if rest.contains(0) else (1, float(abs(rest).log().mid()))

    def best(self, start: Point) -> Point | None:
        """A point of the cell at which r is not zero and large, near this start; None where none is found."""
        self.looks = 0
        here, score = dict(start), self.score(start)
        step = Fraction(FIRST_STEP)
        for _ in range(STEPS):
            moved = True
            while moved and self.looks < MAX_LOOKS:
                moved = False
                for beside in _beside(here, step):
                    if (there := self.score(beside)) > score:
                        here, score, moved = beside, there, True
            step /= 2
        return self.plain(here, score) if score[0] == 1 else None

    def plain(self, point: Point, score: Score) -> Point:
        """The point with as few decimals as leave the difference about as large: one that a student can check."""
        for digits in range(6):
            rounded = {n: round(v, digits) for n, v in point.items()}
            if self.score(rounded) > (1, score[1] - 3):
                return rounded
        return point


def _beside(point: Point, step: Fraction) -> Iterator[Point]:
    for name in point:
        for way in (step, -step):
            yield {**point, name: point[name] + way}


def climbs(failed: Sequence[tuple[Ring, Mapping[str, int]]], pool: Pool) -> Iterator[Climb]:
    """A search for each cell on which a proof failed, with a remainder short enough."""
    for ring, signs in failed:
        try:
            yield Climb(ring, signs, pool)
        except Untranslated:
            continue
