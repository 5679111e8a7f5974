"""`graphc exercise check`: is the author's answer accepted, and are the questions well-posed at the drawn numbers?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ..drawing.values import Point
from ..errors import InputError
from ..ir import Expr, postorder
from ..reverse import declared_gradients
from .counts import shape_text
from .grading import grade, marker_of, parts_of, quantity_of
from .kinks import kink_of
from .locate import Path, line_of, lines_of_keys
from .marking import Marker, Part
from .model import Exercise
from .numbers import pleasant
from .numeric import Tolerance, entries_of, show_numbers
from .parts import NUMERIC, Question
from .phrases import say
from .slips import exact

LEVELS = ("fault", "advice")


@dataclass(frozen=True)
class Remark:
    """Something to mend ("fault") or to think about ("advice"), with the line of the file that it is about.

    `code` is stable; `students` says for how many of those tried it holds.
    """

    level: str
    code: str
    line: int
    message: str
    question: int = 0  # 0: of the whole exercise
    students: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"level": self.level, "code": self.code, "line": self.line, "question": self.question or None,
                "students": self.students, "message": self.message}


@dataclass(frozen=True)
class Report:
    """What `posed` found. `ok` is whether nothing has to be mended."""

    name: str
    students: int
    remarks: tuple[Remark, ...]
    lang: str = "en"

    @property
    def ok(self) -> bool:
        return not any(r.level == "fault" for r in self.remarks)

    def __str__(self) -> str:
        lines = [f"{self.name}:{r.line}: {say(self.lang, r.level)}{r.message}" for r in self.remarks]
        return "\n".join([*lines, say(self.lang, "all_well" if self.ok else "not_well", count=self.students)])

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {"status": "correct" if self.ok else "wrong", "file": self.name, "students": self.students,
                "remarks": [r.to_json() for r in self.remarks]}


def posed(exercise: Exercise, students: int = 20, lang: str = "") -> Report:
    """Whether an exercise is well-posed: for its own numbers, or for those of this many students.

    Faults: an answer of the author that is not accepted; graphc's own answers not accepted by the grader; numbers that
    cannot be drawn; a kink or a tie; a value that is not finite; only zeros; numbers at which a likely slip gives the
    right number for every student. Advice: that for some; a 0 or 1 that hides a factor; long numbers.

    >>> e = Exercise.loads('''title = "t"
    ... function = "w*x"
    ... point = { w = 2, x = 3 }
    ... [[question]]
    ... ask = "gradient"
    ... answer = "x + 1"''', name="exam.toml")
    >>> print(posed(e))  # doctest: +ELLIPSIS
    exam.toml:6: your answer x + 1 is not accepted. Not correct. I read: x + 1 At x = 1, w = 9: your answer gives 2, ...
    To be mended; students tried: 1.
    """
    return Report(exercise.name, *Examiner(exercise, students, lang or exercise.language).run())


class Examiner:
    """One exercise under examination."""

    def __init__(self, exercise: Exercise, students: int, lang: str) -> None:
        self.e, self.lang = exercise, lang
        drawn = students if exercise.random else 1
        self.names = [f"student-{i + 1:02d}" for i in range(drawn)] if exercise.random else [""]
        self.lines = lines_of_keys(exercise.source) if exercise.source else {}
        self.seen: dict[tuple[str, ...], list[Any]] = {}  # a remark's key -> its level, path, question, parts, count
        self.hidden: dict[tuple[int, str, str], dict[tuple[str, str], set[int]]] = {}
        self.gradients: dict[tuple[Expr, Expr], Expr] = {}
        self.tried = 0

    def run(self) -> tuple[int, tuple[Remark, ...], str]:
        self._authors_answers()
        if self.e.point or self.e.random:
            for i, name in enumerate(self.names):
                if not self._student(name, first=i == 0):
                    break
        else:
            self._own_answers("", None, first=True)
        self._hidden()
        remarks = sorted(self._remarks(), key=lambda r: (LEVELS.index(r.level), r.line, r.question, r.code))
        return self.tried, tuple(remarks), self.lang

    # -- remarks --------------------------------------------------------------------------------------------

    def _note(self, level: str, code: str, path: Path, question: int = 0, about: str = "", /, **parts: Any) -> None:
        """Counted once a student: the words of the first one stay."""
        key = (level, code, str(path), about, str(parts.get("slip", "")))
        entry = self.seen.setdefault(key, [level, code, path, question, parts, 0])
        entry[-1] += 1

    def _remarks(self) -> Iterator[Remark]:
        for level, code, path, question, parts, count in self.seen.values():
            message = say(self.lang, code, **parts)
            if self.e.random and code not in ("answer", "no_numbers"):
                message += " " + say(self.lang, "of_students", count=count, all=self.tried)
            yield Remark(level, code, line_of(path, self.lines), message, question, count)

    # -- answers that must be accepted --------------------------------------------------------------------------

    def _authors_answers(self) -> None:
        """As formulas; numbers, where no numbers are drawn, as numbers."""
        point = Point([self.e.f], self.e.point) if self.e.point and not self.e.random else None
        # An answer is read in the language of the file, and remarks are in that of the report.
        marker, teller = (marker_of(self.e, point, lang) for lang in (self.e.language, self.lang))
        for i, q in enumerate(self.e.questions):
            for name, answer in q.models.items():
                part = self._asked(q, name, answer, marker, point)
                if marker.marks([(part, answer)])[0].status != "correct":
                    why = " ".join(teller.marks([(part, answer)])[0].message.split("\n"))
                    self._note("fault", "answer", ("question", i, "answer"), q.number, name, answer=answer, why=why)

    def _asked(self, q: Question, name: str, answer: str, marker: Marker, point: Point | None) -> Part:
        if q.ask in ("shape", "cost") or (point is not None and q.ask in NUMERIC and not marker.in_symbols(answer)):
            return next(p for p in parts_of(self.e, q, point) if p.key == name)
        quantity = quantity_of(self.e, q, name)._replace(formula=True)
        return Part(name, quantity, None, layout=self.e.layout)

    def _own_answers(self, student: str, point: Point | None, first: bool) -> None:
        """What graphc itself would answer, graded; a formula is the same for all students."""
        given: dict[str, Any] = {}
        for q in self.e.questions:
            if q.ask in NUMERIC and point is not None:
                given |= {f"{q.name}.{p}": _text(v) for p, v in zip(q.parts, self.e.right(q, point))}
            elif q.ask in ("shape", "cost"):
                given |= {f"{q.name}.{p}": _counted(v) for p, v in zip(q.parts, self.e.counted(q))}
            elif first:
                given |= {f"{q.name}.{p}": a.formula for p, a in zip(q.parts, self.e.answers(q, None))}
        for part in grade(self.e, given, student, lang=self.lang).parts:
            if part.key in given and part.status != "correct":
                path: Path = ("question", part.question - 1)
                why = " ".join(part.message.split("\n"))
                self._note("fault", "own_answer", path, part.question, part.part, part=part.key, why=why)

    # -- one student's numbers ----------------------------------------------------------------------------------

    def _student(self, name: str, first: bool) -> bool:
        try:
            numbers = self.e.numbers(name)
        except InputError as error:
            self._note("fault", "no_numbers", ("random",), why=str(error))
            return False
        assert numbers is not None
        self.tried += 1
        point = Point([self.e.f], numbers)
        self._kinks(point)
        self._own_answers(name, point, first)
        self._plain(numbers)
        for i, q in enumerate(self.e.questions):
            if q.ask in NUMERIC:
                self._question(i, q, point, numbers)
        return True

    def _kinks(self, point: Point) -> None:
        _ = point[self.e.f]
        kink = kink_of(postorder([self.e.f]), point.found)
        if kink is not None:
            where = "random" if self.e.random else "point"
            self._note("fault", "kink", (where,), part=str(kink)[:60], value=str(kink)[:60])

    def _question(self, i: int, q: Question, point: Point, numbers: Mapping[str, Any]) -> None:
        path: Path = ("question", i)
        parts = parts_of(self.e, q, point)
        entries = {p.key: entries_of(p.need) for p in parts}
        for part in parts:
            values = entries[part.key]
            if None in values:
                self._note("fault", "not_finite", path, q.number, part.key, part=f"{q.name}.{part.key}")
            elif not isinstance(part.need, Fraction) and not self.e.tolerance:
                self._note("fault", "never_exact", path, q.number, part.key, part=f"{q.name}.{part.key}")
            elif not pleasant(part.need):
                self._note("advice", "long_number", path, q.number, part.key, part=f"{q.name}.{part.key}",
                           value=show_numbers(part.need, self.lang))
            self._slips(path, q, part, numbers)
        if q.ask in ("gradient", "adjoint") and not any(any(v or v is None for v in e) for e in entries.values()):
            self._note("fault", "all_zero", path, q.number, question=q.number)

    def _slips(self, path: Path, q: Question, part: Part, numbers: Mapping[str, Any]) -> None:
        """Slips that give the right number at these numbers. Where they do so all around, too, as the mask of an
        active ReLU does, no other numbers nearby would tell them apart."""
        if np.ndim(part.need) or not any(entries_of(part.need)):
            return
        same = self._same(part, numbers, part.tolerance)
        around = self._same(part, beside(numbers), Tolerance(Fraction(0))) if same else {}
        for message, kind in same.items():
            hidden = "mask" if message in around else "slip"
            self.hidden.setdefault((q.number, part.key, hidden), {}).setdefault((message, kind), set()).add(self.tried)

    def _same(self, part: Part, numbers: Mapping[str, Any], tolerance: Tolerance) -> dict[str, str]:
        """The slips that give the right number, with their kinds."""
        top, by = (self.e.nodes[n] for n in (part.quantity.of, part.quantity.wrt or part.quantity.of))
        if part.quantity.kind != "total":
            return {}
        point = Point([self.e.f], numbers)
        need = point[self._gradient(top, by)]
        return {slip.message: slip.kind for slip, value in self.e.slips.at(part.quantity, numbers, self.lang)
                if tolerance.allows(value, exact(need), isinstance(need, Fraction))}

    def _gradient(self, top: Expr, by: Expr) -> Expr:
        if (top, by) not in self.gradients:
            self.gradients[top, by] = declared_gradients(top, [by])[0]
        return self.gradients[top, by]

    def _hidden(self) -> None:
        """One remark for each part: the slip that is hidden most often, the likeliest first; of those that no numbers
        nearby show, one for each question."""
        told: set[int] = set()
        for (number, key, code), slips in self.hidden.items():
            path: Path = ("question", number - 1)
            (message, _), students = max(slips.items(), key=lambda item: len(item[1]))
            several = set().union(*slips.values())
            always = len(students) == self.tried
            if code == "mask" and (not always or number in told):
                continue  # seen by those whose unit is not active
            told |= {number} if code == "mask" else set()
            level = "fault" if code == "slip" and always else "advice"
            for _ in students if always else several:
                self._note(level, code, path, number, key, part=f"q{number}.{key}", slip=message)

    def _plain(self, numbers: Mapping[str, Any]) -> None:
        """A 0 or a 1 that hides a factor or a term."""
        for symbol in self.e.symbols:
            value = numbers[symbol.name]
            if np.ndim(value):
                continue
            hides = value == 0 or (value == 1 and self._is_factor(symbol.name))
            if hides:
                where = "random" if symbol.name in self.e.random else "point"
                self._note("advice", "hides", (where, symbol.name), 0, symbol.name, name=symbol.name,
                           value=show_numbers(exact(value), self.lang))

    def _is_factor(self, name: str) -> bool:
        users = [n for n in postorder([self.e.f]) if any(a.label == name for a in n.args)]
        return any(n.op.name in ("multiply", "divide", "matmul", "power") for n in users)


def beside(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers near these, all moved by different small amounts."""
    return {name: exact(v) + Fraction(2 * i + 3, 10_007) for i, (name, v) in enumerate(numbers.items())}


def _counted(value: Any) -> str:
    return shape_text(value) if isinstance(value, tuple) else str(value)


def _text(value: Any) -> str:
    """A right number as an answer, in full."""
    if isinstance(value, np.ndarray):
        return str([_text(v) for v in value.tolist()]).replace("'", "") if value.ndim else repr(value.item())
    if isinstance(value, list):
        return str([_text(v) for v in value]).replace("'", "")
    return str(value) if isinstance(value, Fraction) else repr(float(value))

