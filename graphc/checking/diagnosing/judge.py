"""Whether a mistaken derivative is the student's answer: at a few points first, then everywhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..deciding.assume import Assumptions
from ..deciding.core import Core, Pool
from ..deciding.decide import NOTHING, Decision, Search, Witness, as_fmpq
from ..deciding.evaluate import Evaluator, Undefined, Unsure, flint
from ..reading.tree import TooLarge, Tree, symbols

PRECISION = 96
MAX_POINTS = 3
CLEARLY = 1e-6  # relative, of values known to 1e-12


@dataclass(frozen=True)
class Values:
    """Values at each point, and as floats where their balls are small enough for a difference to show there."""

    exact: list[Any]
    floats: list[float]


class Judge:
    """One answer against many trees. Values at each point are kept, so a tree costs what is new in it.

    Two values are told apart by disjoint balls, never by rounding; "the same" is the full comparison of `decide`.
    """

    def __init__(self, answer: Tree, truth: Tree, domain: Tree, witness: Witness | None = None,
                 assume: Assumptions = NOTHING, wanted: int = MAX_POINTS) -> None:
        self.pool = Pool()
        self.answer, self.truth = self.pool.lower(answer), self.pool.lower(truth)
        self.names = symbols(answer, truth, domain)
        assumed = assume.conditions(self.pool, self.names) if assume else []
        self.domain, self.assume = (self.pool.lower(domain), *assumed), assume
        self.points = self._points([witness.point] if witness else [], wanted)
        self.settled: dict[int, bool] = {}

    def _points(self, first: Sequence[dict[str, Fraction]], wanted: int) -> list[tuple[Evaluator, Any]]:
        """Points where f, its derivative and the answer are defined, with the answer's value.

        Those that tell the answer from the derivative lead: there a mistake shows.
        """
        search = Search(self.answer, self.truth, self.domain, self.names, self.assume)
        telling: list[tuple[Evaluator, Any]] = []
        others: list[tuple[Evaluator, Any]] = []
        for point in (*first, *search.nice_points(wanted + 1), *search.general_points(12)):
            evaluator = Evaluator(as_fmpq({n: point.get(n, Fraction(1)) for n in self.names}), PRECISION)
            need, value = self._defined(evaluator)
            if need is not None and value is not None:
                (telling if apart(evaluator, value, need) else others).append((evaluator, value))
            if len(telling) + len(others) >= wanted and (telling or self.answer is self.truth):
                break
        return [*telling, *others][:wanted]

    def _defined(self, evaluator: Evaluator) -> tuple[Any, Any]:
        """The values of the derivative and of the answer; None where they, or f, have none."""
        if any(self.at(evaluator, core) is None for core in self.domain):
            return None, None
        return self.at(evaluator, self.truth), self.at(evaluator, self.answer)

    @property
    def tells_apart(self) -> bool:
        """Whether some point proves that the answer is not the derivative."""
        return self.differs_from_truth(self.answer)

    @staticmethod
    def at(evaluator: Evaluator, core: Core) -> Any:
        try:
            return evaluator.value(core)
        except (Undefined, Unsure):
            return None

    def lowered(self, tree: Tree) -> Core:
        return self.pool.lower(tree)

    def agrees(self, core: Core) -> bool:
        """Whether no point tells the two apart, and one at least could have."""
        seen = False
        for evaluator, need in self.points:
            got = self.at(evaluator, core)
            if got is not None:
                if apart(evaluator, got, need):
                    return False
                seen = True
        return seen

    def is_answer(self, core: Core) -> bool:
        """Whether a value equals the answer everywhere, as far as can be decided."""
        if core is self.answer:
            return True
        if not self.agrees(core):
            return False
        if core.serial not in self.settled:
            self.settled[core.serial] = self._decided(core)
        return self.settled[core.serial]

    def _decided(self, core: Core) -> bool:
        return Search(self.answer, core, self.domain, self.names, self.assume).run().status == "correct"

    def against_truth(self) -> Decision:
        return Search(self.answer, self.truth, self.domain, self.names, self.assume).run()

    def differs_from_truth(self, core: Core) -> bool:
        """Whether the answer it equals has been proven not to be the derivative at one of the points."""
        return core is not self.truth and any(
            self._apart_from_truth(evaluator, value) for evaluator, value in self.points)

    def _apart_from_truth(self, evaluator: Evaluator, value: Any) -> bool:
        need = self.at(evaluator, self.truth)
        return need is not None and apart(evaluator, value, need)

    # -- many values against each other -----------------------------------------------------------------------

    def values(self, core: Core) -> Values:
        """Its value at each point; None where it has none."""
        found = [self.at(evaluator, core) for evaluator, _ in self.points]
        return Values(found, [_sharp(v) for v in found])

    def distinct(self, one: Values, two: Values) -> bool:
        """Whether two lists of values are proven to differ at a point."""
        if any(abs(a - b) > CLEARLY * (abs(a) + abs(b)) for a, b in zip(one.floats, two.floats)):  # nan says nothing
            return True
        return any(a is not None and b is not None and apart(e, a, b)
                   for (e, _), a, b in zip(self.points, one.exact, two.exact))

    # -- a constant more, a constant times ------------------------------------------------------------------

    def scale(self) -> Fraction | None:
        """k where the answer is k times the truth, a constant rational k, everywhere."""
        ratios = [self._ratio(e, got) for e, got in self.points]
        known = [r for r in ratios if r is not None]
        if not known or any(r != known[0] for r in known) or known[0] in (0, 1):
            return None
        scaled = self.pool.mul(self.pool.num(known[0]), self.truth)
        return known[0] if self._decided(scaled) else None

    def _ratio(self, evaluator: Evaluator, got: Any) -> Fraction | None:
        """The ratio at a point; 0 where there is none, None where both are 0."""
        need = self.at(evaluator, self.truth)
        if got == 0 and need == 0:
            return None
        with flint().ctx.workprec(PRECISION):
            return Fraction(0) if got == 0 or need == 0 else near(got / need) or Fraction(0)

    def shift(self) -> Fraction | None:
        """c where the answer is the truth plus a constant rational c, everywhere."""
        with flint().ctx.workprec(PRECISION):
            found = [near(got - self.at(e, self.truth)) for e, got in self.points]
        if not found or found[0] is None or not found[0] or any(c != found[0] for c in found):
            return None
        moved = self.pool.add(self.truth, self.pool.num(found[0]))
        return found[0] if self._decided(moved) else None


def _sharp(value: Any) -> float:
    """The float of a value known to a relative 2^-40; nan for others."""
    if value is None:
        return math.nan
    if not hasattr(value, "rad"):
        return float(value.p) / float(value.q) if value.height_bits() < 1000 else math.nan
    return float(value.mid()) if value.rel_accuracy_bits() > 40 else math.nan


def apart(evaluator: Evaluator, got: Any, need: Any) -> bool:
    """Whether two values are proven to differ."""
    if not hasattr(got, "rad") and not hasattr(need, "rad"):
        return bool(got != need)
    with evaluator.flint.ctx.workprec(PRECISION):
        return not evaluator.ball(got).overlaps(evaluator.ball(need))


def near(value: Any) -> Fraction | None:
    """The simple rational in an exact value or a ball, if there is one."""
    if hasattr(value, "rad"):
        if not 1e-6 < abs(value) < 1e6:
            return None
        guess = Fraction(float(value.mid())).limit_denominator(1000)
        return guess if value.contains(flint().fmpq(guess.numerator, guess.denominator)) else None
    return Fraction(int(value.p), int(value.q)) if value.height_bits() < 40 else None


def lowerable(judge: Judge, tree: Tree) -> Core | None:
    """The core of a mistaken derivative; None where its exact values would be past the limits."""
    try:
        return judge.lowered(tree)
    except TooLarge:
        return None
