"""Whether a mistaken derivative of arrays is the student's answer: entry by entry at exact points."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from ...errors import GraphcError
from ...ir import Expr, postorder, variables
from ..deciding.assume import Assumptions
from ..deciding.decide import NOTHING, Witness, as_fmpq
from ..deciding.entries import Entries, named_sizes
from ..deciding.evaluate import Evaluator, Undefined, Unsure
from ..deciding.from_graph import NoScalarForm
from .judge import PRECISION
from .slopes import as_float

Array = np.ndarray[Any, Any]

SIZES = ((2, 3, 4, 5, 6, 7, 8, 9), (3, 2, 5, 4, 7, 6, 9, 8))
CLOSE, MAX_POINTS, MAX_ATTEMPTS, MAX_NODES, MAX_SPENT, MAX_LOOKED, SEED = (
    1e-12, 2, 12, 20_000, 40_000, 15_000, 20_260_102)


class Numbers:
    """Values of graphs at one exact point, entry by entry: what mistaken derivatives share is computed once.

    The entries are exact rationals and balls; their floats are what is compared. `value` gives a symbol its value.
    """

    def __init__(self, sizes: Mapping[str, int], value: Callable[[str], Fraction], integers: Mapping[str, Any],
                 forms: Mapping[str, str]) -> None:
        self.sizes, self.value = dict(sizes), value
        self.values: dict[str, Any] = {}
        self.spent = 0
        self.fresh = partial(Entries, sizes, integers, SEED, forms)
        self._begin()

    def _begin(self) -> None:
        self.entries = self.fresh()
        self.evaluator = Evaluator(self.values, PRECISION)

    def of(self, root: Expr) -> Array | None:
        """The value, or None where it has none: a shape that does not come out at these sizes, a log of 0."""
        if len(self.entries.pool.table) > MAX_NODES:  # what mistakes left behind; the point stays
            self.spent += len(self.entries.pool.table)
            self._begin()
        if self.spent > MAX_SPENT:
            return None
        try:
            cores = self.entries.of(root)
            self._fill()
            found = [as_float(self.evaluator.value(c)) for c in cores.ravel()]
        except (NoScalarForm, Undefined, Unsure, GraphcError, ArithmeticError, LookupError, TypeError, ValueError):
            return None
        values = np.array(found, dtype=float).reshape(cores.shape)
        return values if np.all(np.isfinite(values)) else None

    def _fill(self) -> None:
        """Values for the symbols that are new; a symbol keeps its value."""
        self.values.update(as_fmpq({n: self.value(n) for n in self.entries.symbols if n not in self.values}))


class ArrayJudge:
    """One answer against many graphs. `truth` and `f` say where the comparison makes sense."""

    def __init__(self, answer: Expr, truth: Expr, f: Expr, witness: Witness | None = None,
                 assume: Assumptions = NOTHING) -> None:
        self.answer, self.truth, self.f, self.assume = answer, truth, f, assume
        self.roots = (answer, truth, f)
        self.names = named_sizes(self.roots)
        self.points: list[tuple[Numbers, Array, Array]] = []
        spent = 0
        for numbers in self._settings(witness):
            if self.names and any(numbers.sizes == at.sizes for at, _, _ in self.points):
                continue  # at K = 2 a factor K is a factor 2
            found = [numbers.of(root) for root in self.roots]
            if found[0] is not None and found[1] is not None and found[2] is not None:
                self.points.append((numbers, found[0], found[1]))
            spent += len(numbers.entries.pool.table)
            if len(self.points) == MAX_POINTS or spent > MAX_LOOKED:
                break

    def _settings(self, witness: Witness | None) -> Iterator[Numbers]:
        """Points: the counterexample, then random ones of both signs, at last positive ones, where logs are."""
        forms = self.assume.forms
        if witness is not None:
            leaves, other = dict(_leaves(witness.point)), partial(self._draw, random.Random(SEED), False)
            names = [str(v.label) for v in variables(postorder(self.roots)) if not v.type.is_float]
            integers = {name: witness.point[name] for name in names if name in witness.point}
            yield Numbers(witness.sizes, lambda name: leaves[name] if name in leaves else other(name), integers,
                          forms)
        for attempt in range(MAX_ATTEMPTS):
            sizes = dict(zip(self.names, (*SIZES[attempt % 2], *range(10, 10 + len(self.names)))))
            source = random.Random(SEED + attempt)
            yield Numbers(sizes, partial(self._draw, source, attempt % 3 == 2), {}, forms)

    def _draw(self, source: random.Random, positive: bool, name: str) -> Fraction:
        return self.assume.adjust(name, _coordinate(source, positive))

    def agrees(self, tree: Expr) -> bool:
        """Whether the values are those of the answer at every point, and those of the truth not at all of them."""
        apart = False
        for numbers, need, truth in self.points:
            got = numbers.of(tree)
            if got is None or got.shape != need.shape or not close(got, need):
                return False
            apart = apart or got.shape != truth.shape or not close(got, truth)
        return apart

    def same(self, tree: Expr) -> bool:
        """Whether the graph is the answer: at these points, and as far as can be decided."""
        if not self.agrees(tree):
            return False
        if tree is self.answer:
            return True
        return True

    def ratio(self, tree: Expr) -> list[tuple[float, Mapping[str, int]]]:
        """answer / tree at each point, where that is one number, and the sizes there; else nothing."""
        found: list[tuple[float, Mapping[str, int]]] = []
        for numbers, got, _ in self.points:
            need = numbers.of(tree)
            if need is None or got.shape != need.shape or not np.any(need):
                return []
            k = float(np.vdot(got, need) / np.vdot(need, need))
            if not k or not close(got, k * need):
                return []
            found.append((k, numbers.sizes))
        return found


def _coordinate(source: random.Random, positive: bool) -> Fraction:
    value = Fraction(source.randint(1, 63), 64)
    return value if positive or source.random() < 0.5 else -value


def _leaves(point: Mapping[str, Any]) -> Iterator[tuple[str, Fraction]]:
    """The symbols of the entries of a counterexample: x[0,1] for x with its nested lists."""
    for name, value in point.items():
        array = np.array(value, dtype=object)
        for place in np.ndindex(*array.shape):
            entry: Any = array[place]
            yield f"{name}[{','.join(map(str, place))}]" if place else name, entry


def close(got: Array, need: Array) -> bool:
    scale = float(np.max(np.abs(need), initial=0.0)) + 1e-30
    return bool(np.max(np.abs(got - need), initial=0.0) <= CLOSE * scale)
