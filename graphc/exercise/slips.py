"""Single slips of a derivative as numbers at a point: what an answer in numbers may come from, and whether the numbers
of an exercise tell right from wrong at all."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from ..checking.deciding.core import Core, Pool
from ..checking.deciding.decide import as_fmpq
from ..checking.deciding.evaluate import Evaluator, Undefined, Unsure
from ..checking.diagnosing.diagnose import Mutation, mutations
from ..errors import GraphcError
from ..ir import Expr
from .numeric import fraction_of
from .rules import Quantity

PRECISION = 128


class Slips:
    """The derivatives with one mistake, by quantity and language; each is looked for once."""

    def __init__(self, nodes: Mapping[str, Expr]) -> None:
        self.nodes = nodes
        self.found: dict[tuple[str, str, str], list[Mutation]] = {}
        self.lowered: dict[tuple[str, str, str], list[tuple[Mutation, Core]]] = {}

    def of(self, quantity: Quantity, lang: str) -> list[Mutation]:
        """The mutations of a total derivative, likeliest first; none of an array."""
        key = (quantity.of, quantity.wrt, lang)
        if quantity.kind != "total":
            return []
        if key not in self.found:
            top, by = self.nodes[quantity.of], self.nodes[quantity.wrt]
            try:
                self.found[key] = [] if top.ndim or by.ndim else mutations(top, by, lang)
            except GraphcError:
                self.found[key] = []
        return self.found[key]

    def at(self, quantity: Quantity, numbers: Mapping[str, Any], lang: str) -> list[tuple[Mutation, Fraction]]:
        """Each mutation that has a value at these numbers, with it."""
        cores = self.cores(quantity, lang)
        if not cores or any(np.ndim(v) for v in numbers.values()):
            return []
        evaluator = Evaluator(as_fmpq({name: exact(v) for name, v in numbers.items()}), PRECISION)
        found = []
        for slip, core in cores:
            try:
                found.append((slip, fraction_of(evaluator.value(core))))
            except (Undefined, Unsure, GraphcError, KeyError):
                continue
        return found

    def cores(self, quantity: Quantity, lang: str) -> list[tuple[Mutation, Core]]:
        """The mutations, each ready to be evaluated."""
        key = (quantity.of, quantity.wrt, lang)
        if key not in self.lowered:
            pool = Pool()
            self.lowered[key] = [(slip, pool.lower(slip.tree)) for slip in self.of(quantity, lang)]
        return self.lowered[key]


def exact(value: Any) -> Fraction:
    """A number of an exercise as the one that its author wrote: 0.1 is 1/10."""
    return value if isinstance(value, Fraction) else Fraction(repr(float(value)))
