"""`exercise.grade(answers, student)`: marks and points for one submission."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..checking import Finding
from ..checking.phrases import safe
from ..drawing.values import Point
from ..errors import InputError
from .marking import Mark, Marker, Part
from .numeric import Tolerance
from .parts import Question
from .phrases import say
from .rules import Quantity
from .submission import Submission

if TYPE_CHECKING:
    from .model import Exercise

STATUSES = ("correct", "follows", "wrong", "undecided", "invalid", "missing")


@dataclass(frozen=True)
class PartGrade:
    """One answer: its mark and its points. `points` are exact; an undecided answer has none yet."""

    question: int
    part: str
    given: str
    status: str
    points: Fraction
    max_points: Fraction
    message: str
    read_as: str = ""
    certainty: str = ""
    findings: tuple[Finding, ...] = ()
    flags: tuple[str, ...] = ()
    follows_from: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """As in "q1.z"."""
        return f"q{self.question}.{self.part}"

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold; points as a decimal of four places and exactly, as text."""
        return {
            "question": self.question, "part": self.part, "key": self.key, "given": self.given, "status": self.status,
            "points": decimal(self.points), "points_exact": str(self.points), "max_points": decimal(self.max_points),
            "message": self.message, "read_as": self.read_as, "certainty": self.certainty,
            "findings": [{"kind": f.kind, "where": f.where, "message": f.message} for f in self.findings],
            "flags": list(self.flags), "follows_from": list(self.follows_from),
        }  # fmt: skip


@dataclass(frozen=True)
class Grade:
    """What one submission is worth. `notes` say what of it was not used, and why; `rounding` is the author's step."""

    student: str
    parts: tuple[PartGrade, ...]
    notes: tuple[str, ...] = ()
    lang: str = "en"
    rounding: Fraction = Fraction(0)

    @property
    def points(self) -> Fraction:
        """The sum of the points: exact, or rounded to the nearest step, a half upwards."""
        return rounded(sum((p.points for p in self.parts), Fraction(0)), self.rounding)

    @property
    def max_points(self) -> Fraction:
        return sum((p.max_points for p in self.parts), Fraction(0))

    @property
    def undecided(self) -> tuple[PartGrade, ...]:
        """Answers for a person to look at."""
        return tuple(p for p in self.parts if p.status == "undecided")

    def __getitem__(self, key: str) -> PartGrade:
        """The part of a key such as "q1.z". Raises KeyError."""
        return next((p for p in self.parts if p.key == key), None) or _absent(key, self.parts)

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {"student": self.student, "points": decimal(self.points), "points_exact": str(self.points),
                "max_points": decimal(self.max_points), "parts": [p.to_json() for p in self.parts],
                "notes": list(self.notes)}

    def __str__(self) -> str:
        total = f"{shown(self.points, self.lang)}/{shown(self.max_points, self.lang)}"
        head = f"{safe(self.student)}: {total}" if self.student else total
        lines = [f"{p.key} ({shown(p.points, self.lang)}/{shown(p.max_points, self.lang)}): {p.message}"
                 for p in self.parts]
        return "\n".join([head, *lines, *self.notes])


def _absent(key: str, parts: tuple[PartGrade, ...]) -> PartGrade:
    raise KeyError(f"no part {key!r}; there are {', '.join(p.key for p in parts)}")


def decimal(points: Fraction) -> float | int:
    """Points rounded to four places, halves to even: the same on every machine."""
    rounded = round(points, 4)
    return int(rounded) if rounded.denominator == 1 else float(rounded)


def rounded(points: Fraction, step: Fraction) -> Fraction:
    """Points to the nearest step, a half upwards; a step of 0 leaves them.

    >>> rounded(Fraction(4, 3), Fraction(1, 2)), rounded(Fraction(5, 4), Fraction(1, 2))
    (Fraction(3, 2), Fraction(3, 2))
    """
    return (points / step + Fraction(1, 2)) // 1 * step if step else points


def shown(points: Fraction, lang: str) -> str:
    """Points for a reader, to two places.

    >>> shown(Fraction(4, 3), "fr"), shown(Fraction(2), "en")
    ('1,33', '2')
    """
    text = f"{float(round(points, 2)):.2f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if lang == "fr" else text


# -- grading ----------------------------------------------------------------------------------------------------


def grade(exercise: Exercise, answers: Mapping[str, Any], student: str = "", *, lang: str = "",
          begin: Callable[[str], None] = lambda key: None) -> Grade:
    """The grade of `answers` to the exercise with the numbers of `student`; see `Exercise.grade`."""
    if not isinstance(answers, Mapping):
        raise InputError(f"answers are a mapping from \"q1\" and so on to texts, got {type(answers).__name__}")
    lang = lang or exercise.language
    numbers = exercise.numbers(student)
    point = None if numbers is None else Point([exercise.f], numbers)
    texts, notes = Submission(exercise, lang).read(answers)
    marker = marker_of(exercise, point, lang)
    asked = [(q, part) for q in exercise.questions for part in parts_of(exercise, q, point)]
    marks = marker.marks([(part, texts.get((q.number, part.key), "")) for q, part in asked],
                         lambda i: begin(f"{asked[i][0].name}.{asked[i][1].key}"))
    graded = [_graded(exercise, q, mark, lang) for (q, _), mark in zip(asked, marks)]
    return Grade(student, tuple(graded), tuple(notes), lang, exercise.rounding)


def marker_of(exercise: Exercise, point: Point | None, lang: str) -> Marker:
    """What marks answers to this exercise at a point."""
    assume = {s.name: s.assume for s in exercise.symbols if s.assume}
    return Marker(exercise.f, exercise.nodes, point, lang, exercise.rules, exercise.slips, assume)


def parts_of(exercise: Exercise, question: Question, point: Point | None) -> list[Part]:
    """What a question asks, with the right numbers."""
    formula = question.ask == "formula"
    if question.ask in ("shape", "cost"):
        return [Part(name, quantity_of(exercise, question, name), value, layout=exercise.layout)
                for name, value in zip(question.parts, exercise.counted(question))]
    right = [None] * len(question.parts) if formula or point is None else exercise.right(question, point)
    tolerance = Tolerance.of(exercise.tolerance, [v for v in right if v is not None])
    return [Part(name, quantity_of(exercise, question, name), value, tolerance, exercise.layout)
            for name, value in zip(question.parts, right)]


def quantity_of(exercise: Exercise, question: Question, part: str) -> Quantity:
    """What a part of a question asks for."""
    if question.ask == "cost":
        return Quantity("cost", part)
    known = exercise.rules.canonical
    part = known.get(part, part)
    of = known.get(question.of[0], question.of[0])
    if question.ask == "value" or (question.ask == "shape" and not question.wrt):
        return Quantity("value" if question.ask == "value" else "shape", part)
    if question.ask == "shape":
        return Quantity("shape", of, part)
    if question.ask == "local":
        return Quantity("local", of, part)
    return Quantity("total", exercise.output if question.ask == "adjoint" else of, part, question.ask == "formula")


def _graded(exercise: Exercise, question: Question, mark: Mark, lang: str) -> PartGrade:
    worth = question.worth(mark.key)
    share = {"correct": Fraction(1), "follows": exercise.carried}.get(mark.status, Fraction(0))
    share = Fraction(1) if "rounded" in mark.flags else share
    message = mark.message
    if mark.status == "follows" and share != 1:
        message += " " + say(lang, "follows_share", share=shown(share, lang))
    return PartGrade(question.number, mark.key, mark.given, mark.status, worth * share, worth, message, mark.read_as,
                     mark.certainty, mark.findings, mark.flags, mark.follows_from)
