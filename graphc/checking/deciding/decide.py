"""Are two trees the same function? Exact sampling by cells for "no", algebra for "yes".

"Wrong" is only said where proven balls are disjoint at an exact rational point; "proved" only where
the normal forms agree on every cell. Everything in between says how far it looked.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

from ..reading.tree import Tree, symbols
from .assume import Assumptions
from .core import Core, Pool, postorder, switches
from .evaluate import Evaluator, Undefined, Unsure, flint
from .modular import Identity, identity
from .normal import Failed, prove_equal
from .remainder import climbs

PRECISIONS = (64, 320, 1280)
FINE = (8192,)  # two looks at this precision catch a difference of 1e-2000
AGREE_BITS = 100  # a difference enclosed this tightly around zero counts as none
GENERAL, LINES, MAX_SWITCHES, ENOUGH = 28, 3, 12, 6
LINE_WORK, LINE_LOOKS = 150_000, 40  # nodes evaluated along lines in all; points at which one switch is looked at
SEED = 20_260_101
NOTHING = Assumptions()

Comparison = Literal["agree", "differ", "narrower", "outside", "unsure"]


@dataclass(frozen=True)
class Witness:
    """An exact rational point and both values there; None stands for "undefined".

    Of arrays, the point and both values hold nested lists, `entry` is where the two differ, and `sizes` are
    those of the named dimensions.
    """

    point: dict[str, Any]
    got: Any
    need: Any
    entry: tuple[int, ...] = ()
    sizes: dict[str, int] = field(default_factory=dict)


@dataclass
class Decision:
    """`status` correct, wrong or undecided; `certainty` a phrase key with its numbers."""

    status: str
    certainty: str
    witness: Witness | None = None
    points: int = 0
    cells: int = 0
    flags: set[str] = field(default_factory=set)
    parts: dict[str, Any] = field(default_factory=dict)  # what else the phrase has to say
    sizes: tuple[dict[str, int], ...] = ()  # of arrays: the sizes at which this was established, {} without names
    replaced: dict[int, tuple[int, ...]] = field(default_factory=dict)  # large sizes: the small ones that stood in
    drawn: tuple[str, ...] = ()  # names of the integers that were drawn


def decide(answer: Tree, truth: Tree, domain: Sequence[Tree] = (), *, assume: Assumptions = NOTHING) -> Decision:
    """Compare two trees as real functions, where the truth and the trees of `domain` are defined.

    Only points that keep what is assumed of the symbols count.

    >>> from ..reading.parse import parse
    >>> x = lambda text: parse(text, ["x"]).links[0]
    >>> decide(x("(x+1)^2"), x("x^2 + 2x + 1")).certainty
    'proved'
    >>> decide(x("2x"), x("x^2")).status
    'wrong'
    """
    pool = Pool()
    cores = [pool.lower(t) for t in (answer, truth, *domain)]
    names = symbols(truth, answer, *domain)
    assumed = assume.conditions(pool, names) if assume else []
    return Search(cores[0], cores[1], (*cores[2:], *assumed), names, assume).run()


class Search:
    """One comparison under way."""

    def __init__(self, answer: Core, truth: Core, domain: tuple[Core, ...], names: list[str],
                 assume: Assumptions = NOTHING) -> None:
        self.answer, self.truth = answer, truth
        self._begin([answer], [truth], domain, names, assume)

    def _begin(self, answers: Sequence[Core], truths: Sequence[Core], domain: tuple[Core, ...], names: list[str],
               assume: Assumptions) -> None:
        self.domain, self.names, self.assume = domain, names, assume
        self.edges = switches(*answers, *truths, *domain)
        self.switches = self.edges[:MAX_SWITCHES]
        self.kinks = [n.args[0] for n in postorder(*truths, *domain) if n.head == "case"]
        self.random = random.Random(SEED)
        self.agreed = self.tried = self.unsure = 0
        self.spare = LINE_WORK
        self.cells: set[tuple[int, ...]] = set()
        self.flags: set[str] = set()
        # A large graph gets fewer looks: each costs its size.
        self.scale = max(1, len(postorder(*answers, *truths, *domain)) // 400)

    def run(self) -> Decision:
        if self.answer is self.truth:
            return Decision("correct", "proved")
        if found := self.look(self.nice_points(8)):
            return found
        failed: Failed = []
        proved, chance = prove_equal(self.answer, self.truth, self.domain, failed=failed), None
        if not proved and not failed:
            chance = identity([(self.answer, self.truth)])
        general = GENERAL // (2 if proved else 1) // self.scale
        if found := self.look(self.general_points(max(4, general))):
            return found
        if not proved and (found := self.look(self.general_points(2), FINE)):
            return found
        if found := self.look_along_lines(1 if proved or self.scale > 4 else LINES):
            return found
        few = self.agreed < ENOUGH and self.names
        if few and (found := self.look(self.general_points(100 // self.scale))):
            return found
        if failed and (found := self.look_uphill(failed)):
            return found
        return self.conclude(proved, chance)

    def look_uphill(self, failed: Failed) -> Decision | None:
        """Points to which the remainders of the proof lead: bumps and windows that no sample meets."""
        for climb in climbs(failed, Pool()):
            starts = [*self.general_points(3), *self.nice_points(2)]
            tops = [top for start in starts if (top := climb.best(start))]
            if found := self.look(iter(tops)):
                return found
        return None

    def conclude(self, proved: int, chance: Identity | None = None) -> Decision:
        cells = len(self.cells)
        if proved and self.agreed:
            return Decision("correct", "proved", None, self.agreed, proved, self.flags)
        if chance and self.agreed:
            parts = {"degree": chance.degree, "bits": chance.bits}
            return Decision("correct", "chance", None, self.agreed, chance.cells, self.flags, parts)
        if self.agreed:
            return Decision("correct", "sampled", None, self.agreed, cells, self.flags)
        reason = "unsettled" if self.unsure else "nowhere"
        return Decision("undecided", reason, None, self.tried, cells, self.flags)

    # -- one point ----------------------------------------------------------------------------------------

    def look(self, points: Iterator[dict[str, Fraction]], precisions: tuple[int, ...] = PRECISIONS) -> Decision | None:
        """Compare at each point; the first real difference ends it."""
        for point in points:
            self.tried += 1
            if self.assume:
                point = {n: self.assume.adjust(n, v) for n, v in point.items()}
            outcome, witness = self.compare(point, precisions)
            if outcome == "agree":
                self.agreed += 1
                self.cells.add(self.pattern(point))
            elif outcome == "unsure":
                self.unsure += 1
            elif outcome in ("differ", "narrower"):
                if self.on_an_edge(point, self.edges):
                    found = self.look_beside(point)
                    if found is None and (flag := self.note(outcome, point)):
                        self.flags.add(flag)
                        continue
                    outcome, witness = found or (outcome, witness)
                flags = {"domain_narrower"} if outcome == "narrower" else set()
                return Decision("wrong", "counterexample", witness, self.tried, len(self.cells), flags)
        return None

    def compare(self, point: dict[str, Fraction],
                precisions: tuple[int, ...] = PRECISIONS) -> tuple[Comparison, Witness | None]:
        return compare(self.answer, self.truth, self.domain, point, precisions)

    def note(self, outcome: Comparison, point: dict[str, Fraction]) -> str | None:
        """What to say of a difference at isolated points: a kink's convention, or a hole in the answer.

        None where the derivative is as smooth there as anywhere: then the answer is wrong at that point.
        """
        if self.on_an_edge(point, self.kinks):
            return "differs_only_at_kink"
        return "domain_narrower" if outcome == "narrower" else None

    @staticmethod
    def on_an_edge(point: dict[str, Fraction], edges: Sequence[Core]) -> bool:
        evaluator = Evaluator(as_fmpq(point), PRECISIONS[0])
        return any(_sign(evaluator, s) == 0 for s in edges)

    def look_beside(self, point: dict[str, Fraction]) -> tuple[Comparison, Witness | None] | None:
        """A difference beside a point where a switch is exactly zero: then it is not the kink alone."""
        for reach in (Fraction(1, 8), Fraction(1, 1024), Fraction(1, 10**9)):
            for _ in range(3):
                beside = {n: self.assume.adjust(n, v + reach * self.coordinate()) for n, v in point.items()}
                outcome, witness = self.compare(beside)
                if outcome in ("differ", "narrower"):
                    return outcome, witness
        return None

    def pattern(self, point: dict[str, Fraction]) -> tuple[int, ...]:
        evaluator = Evaluator(as_fmpq(point), PRECISIONS[0])
        return tuple(_sign(evaluator, s) for s in self.switches)

    # -- points -------------------------------------------------------------------------------------------

    def nice_points(self, count: int) -> Iterator[dict[str, Fraction]]:
        """Small whole numbers first: a counterexample that a student can check by hand."""
        for i in range(count):
            low = 1 if i % 2 == 0 else -9
            values = self.random.sample([v for v in range(low, 10) if v], min(len(self.names), 9 if low > 0 else 18))
            while len(values) < len(self.names):
                values.append(self.random.randint(1, 60))
            yield {n: Fraction(v) for n, v in zip(self.names, values)}

    def general_points(self, count: int) -> Iterator[dict[str, Fraction]]:
        """Both signs and many magnitudes, from 1/1000 to 1000, in turn."""
        for i in range(count):
            reach = (1, Fraction(1, 4), 3, 10, Fraction(1, 30), 100, 1000, Fraction(1, 1000))[i % 8]
            positive = i % 3 == 0
            yield {n: self.coordinate(positive) * reach for n in self.names}

    def coordinate(self, positive: bool = False) -> Fraction:
        value = Fraction(self.random.randint(1, 97), self.random.choice((8, 25, 32, 49, 50, 64)))
        return value if positive or self.random.random() < 0.5 else -value

    # -- lines: the cells that general points miss ------------------------------------------------------------

    def look_along_lines(self, count: int) -> Decision | None:
        if not self.switches or not self.names:
            return None
        for i in range(count):
            base = {n: self.coordinate(positive=i % 2 == 1) for n in self.names}
            along = {n: self.coordinate() for n in self.names}
            roots, exact = self.crossings(base, along)
            if found := self.look(_on(base, along, _between(roots))):
                return found
            if found := self.look(_on(base, along, exact)):
                return found
        return self.look(self.kink_points())

    def kink_points(self) -> Iterator[dict[str, Fraction]]:
        """Points exactly on a switch: most switches are linear in one of their symbols."""
        for switch in self.switches:
            base = {n: self.coordinate() for n in self.names}
            for name in self.names:
                if not self.afford(switch, 3):
                    break
                along = {n: Fraction(n == name) for n in self.names}
                root = Line(switch, base, along).linear_root()
                if root is not None:
                    yield {**base, name: base[name] + root}
                    break

    def afford(self, switch: Core, looks: int) -> bool:
        """Whether so many looks at this switch are within the work that is left for lines."""
        cost = looks * len(postorder(switch))
        if cost > self.spare:
            return False
        self.spare -= cost
        return True

    def crossings(self, base: dict[str, Fraction], along: dict[str, Fraction]) -> tuple[list[Fraction], list[Fraction]]:
        """Where the switches change sign along a line; second, those found exactly."""
        roots: set[Fraction] = set()
        exact: set[Fraction] = set()
        for switch in self.switches:
            if not self.afford(switch, LINE_LOOKS):
                continue
            for root, on_it in Line(switch, base, along).roots():
                roots.add(root)
                if on_it:
                    exact.add(root)
        return sorted(roots)[:24], sorted(exact)[:8]


@dataclass
class Line:
    """One switch along one line, t from -64 to 64."""

    switch: Core
    base: dict[str, Fraction]
    along: dict[str, Fraction]

    def at(self, t: Fraction) -> Any:
        point = {n: self.base[n] + t * self.along[n] for n in self.base}
        try:
            return Evaluator(as_fmpq(point), PRECISIONS[0]).value(self.switch)
        except (Undefined, Unsure):
            return None

    def roots(self) -> Iterator[tuple[Fraction, bool]]:
        if (root := self.linear_root()) is not None:
            yield root, True
            if self.is_straight(root):
                return
        grid = [Fraction(s * m, 4) for s, m in _GRID]
        values = [self.at(t) for t in grid]
        for (a, u), (b, v) in pairwise(zip(grid, values)):
            if u is None or v is None or not _opposite(u, v):
                continue
            guess = self._secant(a, u, b, v)
            if guess is not None:
                yield guess, True
            else:
                yield self._bisect(a, u, b), False

    def linear_root(self) -> Fraction | None:
        """The root, where the chord between t = 0 and t = 1 meets zero exactly at one."""
        u, v = self.at(Fraction(0)), self.at(Fraction(1))
        return None if u is None or v is None or u == v else self._secant(Fraction(0), u, Fraction(1), v)

    def is_straight(self, root: Fraction) -> bool:
        """Whether the switch looks linear: as far below zero before the root as above it after."""
        u, v = self.at(root - 5), self.at(root + 5)
        return u is not None and v is not None and not hasattr(u, "rad") and not hasattr(v, "rad") and u == -v

    def _secant(self, a: Fraction, u: Any, b: Fraction, v: Any) -> Fraction | None:
        """The root of the chord, where it is exactly a root: always so for a linear switch."""
        if hasattr(u, "rad") or hasattr(v, "rad"):
            return None
        slope = v - u
        t = a - Fraction(int(u.p), int(u.q)) * (b - a) / Fraction(int(slope.p), int(slope.q))
        value = self.at(t)
        return t if value is not None and not hasattr(value, "rad") and value == 0 else None

    def _bisect(self, a: Fraction, u: Any, b: Fraction) -> Fraction:
        for _ in range(16):
            middle = (a + b) / 2
            value = self.at(middle)
            if value is None:
                break
            if _opposite(u, value):
                b = middle
            else:
                a, u = middle, value
        return (a + b) / 2


_GRID = [(s, m) for s, ms in ((-1, (256, 64, 24, 12, 6, 3, 1)), (1, (1, 3, 6, 12, 24, 64, 256))) for m in ms]


def _opposite(u: Any, v: Any) -> bool:
    return bool((u > 0 and v < 0) or (u < 0 and v > 0))


def _between(roots: list[Fraction]) -> list[Fraction]:
    """Far and near on both sides of every root, never past the next one."""
    if not roots:
        return []
    edges = [roots[0] - 3, *roots, roots[-1] + 3]
    points: dict[Fraction, None] = {}
    for a, b in pairwise(edges):
        for share in (Fraction(1, 2), Fraction(1, 4096), Fraction(4095, 4096)):
            points[a + (b - a) * share] = None
    return list(points)


def _on(base: dict[str, Fraction], along: dict[str, Fraction], ts: list[Fraction]) -> Iterator[dict[str, Fraction]]:
    return ({n: base[n] + t * along[n] for n in base} for t in ts)


def as_fmpq(point: dict[str, Fraction]) -> dict[str, Any]:
    """The point in python-flint's rationals."""
    fmpq = flint().fmpq
    return {n: fmpq(v.numerator, v.denominator) for n, v in point.items()}


def _sign(evaluator: Evaluator, switch: Core) -> int:
    try:
        return evaluator.sign(evaluator.value(switch))
    except (Undefined, Unsure):
        return 2


def compare(answer: Core, truth: Core, domain: tuple[Core, ...],
            point: dict[str, Fraction], precisions: tuple[int, ...] = PRECISIONS,
            ) -> tuple[Comparison, Witness | None]:
    """Both values at one exact point, at rising precision until they agree or are proven to differ."""
    exact = as_fmpq(point)
    for precision in precisions:
        evaluator = Evaluator(exact, precision)
        try:
            outcome, got, need = _compare_at(evaluator, answer, truth, domain)
        except Unsure:
            continue
        if outcome == "agree" and precision == PRECISIONS[0] and hasattr(got, "rad"):
            continue
        if outcome != "unsure":
            return outcome, Witness(point, got, need) if outcome in ("differ", "narrower") else None
    return "unsure", None


def _compare_at(evaluator: Evaluator, answer: Core, truth: Core,
                domain: tuple[Core, ...]) -> tuple[Comparison, Any, Any]:
    try:
        for node in domain:
            evaluator.value(node)
        need = evaluator.value(truth)
    except Undefined:
        return "outside", None, None
    try:
        got = evaluator.value(answer)
    except Undefined:
        return "narrower", None, need
    with evaluator.flint.ctx.workprec(evaluator.precision):
        return _verdict(evaluator, got, need), evaluator.ball(got) if hasattr(need, "rad") else got, need


def _verdict(evaluator: Evaluator, got: Any, need: Any) -> Comparison:
    if not hasattr(got, "rad") and not hasattr(need, "rad"):
        return "agree" if got == need else "differ"
    a, b = evaluator.ball(got), evaluator.ball(need)
    if not a.overlaps(b):
        return "differ"
    difference = abs(a - b).upper()
    tight = difference < (1 + abs(b).upper()) * evaluator.flint.arb(2) ** -AGREE_BITS
    return "agree" if tight or evaluator.precision == PRECISIONS[0] else "unsure"


