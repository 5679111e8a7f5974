"""`Exercise`: a function, its numbers, and questions about it, from one file for sheets and for grading."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from os import PathLike
from typing import Any, NamedTuple

from .. import costing
from ..derivation import Math, answer_math, derive
from ..drawing.values import Point
from ..errors import GraphcError, InputError, LimitExceeded, NoDerivative, ShapeError
from ..ir import INPUT, Expr, lift, postorder, variable, variables
from ..orders import jacobian
from ..reverse import declared_gradients
from ..simplifier import simplify
from ..view import teaching_view
from .grading import Grade, grade, quantity_of
from .numbers import drawn
from .parts import Draw, Question, Symbol
from .read import names_of, read
from .rules import Rules
from .slips import Slips
from .source import Source
from .template import template
from .texts import Words

COUNTED = frozenset({"shape", "cost"})  # what is asked without numbers


class Answer(NamedTuple):
    """The right answer to one part of a question. `value` is None where a formula alone is asked; a tuple of sizes
    for a shape."""

    of: str
    wrt: str  # "" for a value
    formula: Expr | None
    value: Any

    def written(self, lang: str = "en", names: Mapping[Expr, str] | None = None) -> Math | None:
        """The formula as a course writes it, as text and as TeX; None where numbers or sizes alone are asked.

        It stands for the answer of a student who is right: a derivative by a matrix is written with transposes,
        ⊙ and Σ, and `G.check` reads it back. `names` gives the nodes names besides those that they have.

        >>> e = Exercise.loads('''title = "t"
        ... function = "sum((W x - y)^2)/2"
        ... symbols = { W = { kind = "parameter", shape = [3, 2] }, x = { shape = [2] }, y = { shape = [3] } }
        ... question = [{ ask = "formula", wrt = "W" }]''')
        >>> print(e.answers(e.questions[0], None)[0].written().text)
        (W x − y) xᵀ
        """
        if self.formula is None:
            return None
        return answer_math(self.formula, lang, names, expand=not self.wrt)


@dataclass(frozen=True, eq=False)  # a comparison of graphs would build a graph
class Exercise:
    """An exercise, immutable. `f` is the graph, `questions` what is asked, `point` and `random` its numbers.

    Load one with `Exercise.load("exam.toml")`; `numbers(student)` gives each student numbers of their own where the
    file has a [random] table; `answers(question, numbers)` are the right answers.
    """

    title: Words
    language: str
    course: Words
    statement: Words
    f: Expr
    output: str
    defined: Mapping[str, Expr]
    symbols: tuple[Symbol, ...]
    point: Mapping[str, Any]
    random: Mapping[str, Draw]
    seed: int
    tolerance: float
    layout: str
    questions: tuple[Question, ...]
    name: str = ""
    source: str = field(default="", repr=False)  # the text of the file, for what carries the exercise elsewhere
    carried: Fraction = Fraction(1)
    rounding: Fraction = Fraction(0)

    @classmethod
    def load(cls, path: str | PathLike[str], *, trusted: bool = False) -> Exercise:
        """The exercise of a TOML file. A model in a Python file is run only when `trusted`.

        Raises InputError for a file that cannot be read, or naming the line of the first mistake.
        """
        return cls(**read(Source.open(path), os.path.dirname(os.path.abspath(os.fspath(path))), trusted))

    @classmethod
    def loads(cls, text: str, *, name: str = "exercise", folder: str = ".", trusted: bool = False) -> Exercise:
        """The exercise of a TOML text; `name` stands for the file in messages.

        >>> e = Exercise.loads('''
        ... title = "One product"
        ... function = "w*x"
        ... point = { w = 2, x = 3 }
        ... [[question]]
        ... ask = "gradient"''')
        >>> [(a.wrt, str(a.formula), str(a.value)) for a in e.answers(e.questions[0], e.numbers())]
        [('w', 'x', '3')]
        """
        return cls(**read(Source(text, name), folder, trusted))

    @staticmethod
    def template(lang: str = "en") -> str:
        """The text of an exercise file to begin with, a comment on every key. Raises InputError for another language.

        >>> Exercise.loads(Exercise.template("fr")).title.in_("fr")
        'Rétropropagation à la main'
        """
        return template(lang)

    @cached_property
    def nodes(self) -> dict[str, Expr]:
        """Every value that a question may name."""
        return names_of(self.f, self.defined)

    @property
    def points(self) -> Fraction:
        """The points of the whole exercise, exactly."""
        return sum((question.exact_points for question in self.questions), Fraction(0))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The symbols that are learned, in order; every symbol when none is."""
        return tuple(s.name for s in self.symbols if s.kind == "parameter") or tuple(s.name for s in self.symbols)

    @property
    def wrt(self) -> tuple[str, ...]:
        """The symbols by which a question differentiates the output; the parameters when none does."""
        asked = {w for q in self.questions if q.ask in ("gradient", "formula") for w in q.wrt}
        asked |= {v for q in self.questions if q.ask == "adjoint" for v in q.of}
        leaves = [str(v.label) for v in variables(postorder([self.f]))]
        return tuple(n for n in (s.name for s in self.symbols) if n in asked and n in leaves) or self.parameters

    def numbers(self, student: str = "") -> dict[str, Any] | None:
        """A number (an array for a tensor) for every symbol, those of [random] drawn for `student`.

        The same student has the same numbers on every machine. None where the file has no numbers.
        Raises InputError where no draw is pleasant: on a kink, too large, long fractions, or no gradient at all.

        >>> e = Exercise.loads('''title = "t"
        ... function = "relu(w*x)"
        ... random = { w = [-2, 2], x = [1, 3] }
        ... question = [{ ask = "value" }]''')
        >>> e.numbers("ada") == e.numbers("ada"), e.numbers("ada")["w"] != 0
        (True, True)
        """
        if not self.point and not self.random:
            return None
        if not self.random:
            return {s.name: self.point[s.name] for s in self.symbols}
        symbols = {s.name: s for s in self.symbols}
        targets = [self.nodes[n] for n in self.wrt if n in self.nodes]
        try:
            return drawn(self.f, targets, symbols, self.point, self.random, self.seed, student)
        except InputError as error:
            raise InputError(f"{self.name}: {error}") from None

    @cached_property
    def rules(self) -> Rules:
        """The steps from each quantity to the next, for errors carried forward."""
        return Rules(self.f, self.nodes)

    @cached_property
    def slips(self) -> Slips:
        """The derivatives with one mistake."""
        return Slips(self.nodes)

    def prepare(self, lang: str = "") -> None:
        """Does what the grading of every submission needs, ahead: for a process that forks one for each."""
        with suppress(GraphcError):  # what fails here fails again on an answer, and is told then
            for question in self.questions:
                for part in question.parts:
                    self.slips.cores(quantity_of(self, question, part), lang or self.language)
            _ = self.rules, self._formulas

    @cached_property
    def _formulas(self) -> dict[tuple[int, str, str], Expr]:
        asked = [q for q in self.questions if q.ask not in ("local", *COUNTED)]
        return {(q.number, of, wrt): self._formula(q, of, wrt) for q in asked for of, wrt in q.pairs}

    def right(self, question: Question, point: Point) -> list[Any]:
        """The right numbers of a question, one for each of its parts."""
        if question.ask in COUNTED:
            return self.counted(question)
        if question.ask == "local":
            return [point[self._slope(question, point)]]
        return [point[self._formulas[question.number, of, wrt]] for of, wrt in question.pairs]

    def counted(self, question: Question) -> list[Any]:
        """What needs no numbers: shapes as tuples of sizes; counts, which may hold named sizes."""
        if question.ask == "cost":
            cost = costing.cost(self.f)
            return [getattr(cost, count) for count in question.of]
        return [tuple(self.nodes[wrt or of].shape) for of, wrt in question.pairs]

    def answers(self, question: Question, numbers: Mapping[str, Any] | None) -> list[Answer]:
        """The right answers to a question, one for each value it asks for."""
        if question.ask in COUNTED:
            return [Answer(of, wrt, None, v) for (of, wrt), v in zip(question.pairs, self.counted(question))]
        point = None if numbers is None else Point([self.f], numbers)
        if question.ask == "local":
            return [self._local(question, point)]
        found = []
        for of, wrt in question.pairs:
            formula = self._formulas[question.number, of, wrt]
            value = None if point is None else point[formula]
            shown = self._shown(of, wrt, formula) if question.ask in ("formula", "gradient") else formula
            shown = simplify(formula) if question.ask == "adjoint" and formula.ndim else shown
            found.append(Answer(of, wrt, shown, value))
        return found

    def grade(self, answers: Mapping[str, Any], student: str = "", *, lang: str = "",
              begin: Callable[[str], None] = lambda key: None) -> Grade:
        """The grade of one submission, with the numbers of `student`.

        `answers` maps "q1" to a text, or to a mapping from its parts to texts; flat keys "q1.z" work too. A part is
        named by what is asked: a value's name, or the one of `wrt`. A part without an answer is "missing", a key that
        the exercise does not know becomes one of the grade's `notes`; an answer that is right given an earlier wrong
        one "follows", and has the share `carried` of its points. Raises InputError where the exercise has no numbers
        for this student, or `answers` is no mapping. `begin` is told the key of a part, "q1.z", each time that
        work on it begins: so a caller who keeps the time knows what takes so long.

        >>> e = Exercise.loads('''title = "t"
        ... function = "w*z"
        ... [define]
        ... z = "w*x + 1"
        ... [point]
        ... w = 2
        ... x = 3
        ... [[question]]
        ... ask = "value"
        ... of = ["z", "f"]
        ... points = 3''')
        >>> print(e.grade({"q1.z": "6", "q1": {"f": "12"}}))
        1.5/3
        q1.z (0/1.5): Not correct: you gave 6; the value of z is 7.
        q1.f (1.5/1.5): Right, given your answer for the value of z: the mistake is there, not here.
        """
        return grade(self, answers, student, lang=lang, begin=begin)

    def _formula(self, question: Question, of: str, wrt: str) -> Expr:
        if question.ask == "value":
            return self.nodes[of]
        top, by = (self.f, of) if question.ask == "adjoint" else (self.nodes[of], wrt)
        if top.ndim:
            return jacobian(top, self.nodes[by])
        found: Expr = declared_gradients(top, [self.nodes[by]])[0]
        return found

    def _shown(self, of: str, wrt: str, formula: Expr) -> Expr:
        """A derivative as it is written on paper: as the derivation ends, where the graph is scalar throughout."""
        try:
            return derive(self.nodes[of], self.nodes[wrt], lang=self.language).results[self.nodes[wrt]]
        except (InputError, LimitExceeded, NoDerivative, ShapeError):
            return simplify(formula)

    def _slope(self, question: Question, point: Point | None) -> Expr:
        """∂of/∂wrt across one edge, everything else held: the operand is replaced by a variable of its own."""
        user, operand = self.nodes[question.of[0]], self.nodes[question.wrt[0]]
        row = next(n for n in teaching_view(self.f, output_name=self.output).nodes if n.expr is user)
        if user.op.name == "add":
            return lift(float(sum(o is operand for o in row.operands)))
        twin = variable(INPUT, question.wrt[0], operand.shape, operand.type.dtype, declare=False)
        moved = user.op.make(tuple(twin if a is operand else a for a in user.args), user.attrs)
        slope: Expr = declared_gradients(moved, [twin])[0]
        if point is not None:
            point.found[twin] = point[operand]
        return slope

    def _local(self, question: Question, point: Point | None) -> Answer:
        slope = self._slope(question, point)
        formula = None if self.nodes[question.of[0]].op.name == "add" else simplify(slope)
        return Answer(question.of[0], question.wrt[0], formula, None if point is None else point[slope])
