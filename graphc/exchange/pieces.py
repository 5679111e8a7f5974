"""The pieces of an exercise that exported questions are made of, in one language: the words are those of the sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ..dims import Dim
from ..drawing import Drawing, draw
from ..errors import LimitExceeded, NoDerivative, ShapeError
from ..exercise import Answer, Exercise, Question
from ..sheets.blocks import PAPERS, Display, Para
from ..sheets.content import Writer
from ..sheets.phrases import listed
from ..sheets.phrases import said as sheet_said


@dataclass(frozen=True, eq=False)
class Part:
    """One answer of a question: its name as in a submission, its label in TeX, and what is right."""

    question: Question
    name: str
    label: str
    answer: Answer
    points: Fraction

    @property
    def entries(self) -> list[tuple[tuple[int, ...], Fraction]]:
        """The right numbers with their places, one at the place () for a scalar; empty where there is no number."""
        value = self.answer.value
        if isinstance(value, tuple):  # a shape: its sizes, where all are numbers
            return [((i,), Fraction(s)) for i, s in enumerate(value)] if all(isinstance(s, int) for s in value) else []
        if value is None or isinstance(value, Dim):  # a count in named sizes
            return []
        if not getattr(value, "ndim", 0):
            return [((), exact(value))]
        return [(place, exact(value[place])) for place in np.ndindex(value.shape)]


def exact(value: Any) -> Fraction:
    """A number as the fraction that it is, or that its shortest decimal is."""
    if isinstance(value, Fraction):
        return value
    number = getattr(value, "item", lambda: value)()
    return Fraction(number) if isinstance(number, int) else Fraction(repr(float(number)))


def points_of(question: Question) -> Fraction:
    return exact(question.points)


class Pieces(Writer):
    """One student's exercise, or that without numbers, piece by piece."""

    def __init__(self, exercise: Exercise, lang: str, student: str = "", *, numbers: bool = True) -> None:
        self.with_numbers = numbers
        super().__init__(exercise, lang, student, PAPERS["a4"])
        if not numbers:
            self.point = None

    def _rankdir(self) -> str:
        return "LR"  # a page on a screen scrolls; nothing is drawn to find out

    @property
    def title(self) -> str:
        return self._title()

    @property
    def course(self) -> str:
        return self._text(self.e.course.in_(self.lang))

    def statement(self) -> list[Para | Display]:
        """What is computed: the author's words, or the formula."""
        blocks = [Para(p) for p in self._paragraphs(self.e.statement.in_(self.lang))] or self._formula()
        return [b for b in blocks if isinstance(b, (Para, Display))]

    def numbers(self) -> list[str]:
        return [] if self.point is None else self._numbers()

    def taken(self) -> str:
        """The sentence that gives the numbers."""
        return self.take(listed(self.numbers(), self.lang))

    def take(self, point: str) -> str:
        return sheet_said("numbers", self.lang, point=point)

    def sentence(self, question: Question) -> str:
        return self._ask(question).text

    def marks(self, question: Question) -> str:
        """How many points, in brackets; "" for none."""
        return self._ask(question).note

    def parts(self, question: Question, point: Mapping[str, Any] | None = None) -> list[Part]:
        answers = self.e.answers(question, point if point is not None else self.point)
        return [Part(question, a.wrt or a.of, self._label(question, a.of, a.wrt), a, question.worth(a.wrt or a.of))
                for a in answers]

    def solved(self, part: Part) -> str:
        """The formula of a right answer, in TeX."""
        return self._solved(part.answer)

    def solution_lines(self, question: Question) -> list[str]:
        """Right answers as lines that align at &."""
        return self._answers(question)

    def derivation(self) -> list[Para | Display]:
        """The derivation, step by step; empty for a graph that has none on paper."""
        try:
            return [b for b in self._derivation() if isinstance(b, (Para, Display))]
        except (ShapeError, LimitExceeded, NoDerivative):
            return []

    def figure(self) -> Drawing:
        """The graph, without numbers."""
        return draw(self.e.f, lang=self.lang, theme="print")
