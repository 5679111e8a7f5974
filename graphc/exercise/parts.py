"""The parts of an exercise, immutable: symbols, how their numbers are drawn, questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from .keys import Keys
from .texts import Words

Kind = Literal["input", "parameter"]
Ask = Literal["value", "gradient", "adjoint", "local", "formula", "jacobian", "shape", "cost"]

KINDS = ("input", "parameter")
ASKS = ("value", "gradient", "adjoint", "local", "formula", "jacobian", "shape", "cost")
COUNTS = ("multiply_adds", "flops", "parameters")  # what "cost" counts
NUMERIC = frozenset({"value", "gradient", "adjoint", "local", "jacobian"})  # those that ask for numbers
FORMS = ("symmetric", "distribution")  # of a whole array: equal to its transpose; adds up to 1 along the last axis
ASSUMPTIONS = ("positive", "nonnegative", "negative", "nonzero", "integer", "real", *FORMS)
LAYOUTS = ("any", "denominator", "numerator")


@dataclass(frozen=True)
class Symbol:
    """An input or a parameter. `shape` holds whole numbers and named sizes; () is a scalar."""

    name: str
    kind: Kind
    shape: tuple[int | str, ...] = ()
    assume: tuple[str, ...] = ()

    def allows(self, value: Fraction | float) -> bool:
        """Whether a number keeps the assumptions.

        >>> Symbol("x", "input", assume=("positive",)).allows(Fraction(-1))
        False
        """
        rules = {"positive": value > 0, "nonnegative": value >= 0, "negative": value < 0, "nonzero": value != 0,
                 "integer": value == int(value)}
        return all(rules.get(a, True) for a in self.assume)

    @property
    def forms(self) -> tuple[str, ...]:
        """What is assumed of the array as a whole."""
        return tuple(a for a in self.assume if a in FORMS)

    def fits(self, array: np.ndarray[Any, Any]) -> bool:
        """Whether an array keeps the assumptions, in each entry and as a whole.

        >>> Symbol("A", "input", (2, 2), ("symmetric",)).fits(np.array([[1.0, 2.0], [3.0, 4.0]]))
        False
        """
        whole = {"symmetric": array.ndim == 2 and array.shape[0] == array.shape[1] and (array == array.T).all(),
                 "distribution": array.ndim > 0 and np.allclose(array.sum(axis=-1), 1)}
        return all(self.allows(float(v)) for v in array.flat) and all(whole[f] for f in self.forms)


@dataclass(frozen=True)
class Draw:
    """What a number is drawn from: a short list, all of its values equally likely."""

    values: tuple[Fraction | float, ...]


@dataclass(frozen=True)
class Question:
    """One question. `of` and `wrt` are names of values of the graph; `wrt` may be empty for "value" and "adjoint".

    `ask` is "value" (the number of each of `of`), "adjoint" (∂output/∂v as a number, for each v of `of`), "local"
    (∂of/∂wrt across one edge), "gradient" (∂of/∂wrt as numbers), "formula" (∂of/∂wrt as formulas), "jacobian" (∂of/∂wrt
    of a vector, as numbers), "shape" (of each of `of`, or of the gradient by each of `wrt`) or "cost" (each count of
    `of`: multiply_adds, flops, parameters).
    """

    number: int
    ask: Ask
    of: tuple[str, ...]
    wrt: tuple[str, ...] = ()
    points: Fraction | float = Fraction(1)
    text: Words = field(default_factory=lambda: Words({}))
    lines: int = 0  # ruled lines for the work; 0 takes what the kind of question usually needs
    answer: str = ""  # the author's own, to be held against the graph by `graphc exercise check`
    shares: tuple[Fraction, ...] = ()  # of the points, one for each part; equal where there are none
    answers: Mapping[str, str] = field(default_factory=dict)  # the author's own where they are given part by part

    @property
    def models(self) -> dict[str, str]:
        """The author's own answers, by part."""
        return {self.parts[0]: self.answer} if self.answer else dict(self.answers)

    @property
    def exact_points(self) -> Fraction:
        """The points as they were typed: 0.1 is a tenth."""
        return Fraction(repr(self.points) if isinstance(self.points, float) else self.points)

    def worth(self, part: str) -> Fraction:
        """The points of a part, exactly.

        >>> Question(1, "value", ("z", "f"), points=Fraction(3), shares=(Fraction(1), Fraction(2))).worth("f")
        Fraction(2, 1)
        """
        shares = self.shares or (Fraction(1),) * len(self.parts)
        return self.exact_points * shares[self.parts.index(part)] / sum(shares)

    @property
    def name(self) -> str:
        return f"q{self.number}"

    @property
    def parts(self) -> tuple[str, ...]:
        """What is asked, by name: the values of `of`, or those of `wrt`.

        >>> Question(1, "gradient", ("f",), ("w1", "b")).parts
        ('w1', 'b')
        """
        of_alone = self.ask in ("value", "adjoint", "cost") or (self.ask == "shape" and not self.wrt)
        return self.of if of_alone else self.wrt

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """(of, wrt) of each part; wrt is "" where there is none."""
        return tuple((of, wrt) for of in self.of for wrt in self.wrt or ("",))

    def part(self, name: str) -> str | None:
        """The part that a student's key names: z, or ∂f/∂z for the adjoint of z."""
        found = Keys(dict.fromkeys([*self.parts, *self.of]), self.of[0]).quantity(name)
        named = "" if found is None else found.of if found.kind == "value" or self.ask == "value" else found.wrt
        return named if named in self.parts else None
