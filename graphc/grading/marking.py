"""The work of a process that grades: an exercise is loaded once; then files are read, and submissions graded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from ..errors import GraphcError
from ..exercise import Exercise
from ..exercise.numeric import show_numbers
from .folders import read_item
from .server import Begin, Work

MOST_NUMBERS = 16  # of an array that a page shows
MOST_SHOWN = 2000  # characters of an answer, a reading or a message that a report keeps


def part_keys(exercise: Exercise) -> list[str]:
    """The parts of an exercise, in order.

    >>> part_keys(Exercise.loads(Exercise.template()))
    ['q1.z', 'q1.f', 'q2.r', 'q3.w1', 'q3.w3', 'q3.b', 'q4.w1']
    """
    return [f"{q.name}.{name}" for q in exercise.questions for name in q.parts]


def load(settings: Mapping[str, Any]) -> Exercise:
    """The exercise that the settings hold as text, in their language."""
    exercise = Exercise.loads(settings["text"], name=settings["name"], folder=settings["folder"],
                              trusted=settings["trusted"])
    return replace(exercise, language=settings["lang"])


def prepare(settings: Mapping[str, Any]) -> Work:
    """`work(job, begin)`, warm: what is imported and computed late is so once, before any child is forked."""
    exercise = load(settings)
    exercise.prepare()
    _warm(exercise)

    def work(job: Mapping[str, Any], begin: Begin) -> Iterator[tuple[str, Any]]:
        if job["job"] == "read":
            return read(job, exercise.language, part_keys(exercise), begin)
        return mark(exercise, job, begin)

    return work


def _warm(exercise: Exercise) -> None:
    """Mark a wrong formula and the right ones, which brings in all that marking needs."""
    keys = part_keys(exercise)
    for answers in (dict.fromkeys(keys, f"1 + {exercise.symbols[0].name}"), _model_answers(exercise)):
        job = {"student": "", "answers": answers, "items": keys, "skip": []}
        with contextlib.suppress(Exception):  # what fails here fails again on an answer, which then tells why
            for _ in mark(exercise, job, lambda _: None):
                pass


def _model_answers(exercise: Exercise) -> dict[str, str]:
    with contextlib.suppress(GraphcError):
        return {f"{q.name}.{part}": str(answer.formula) for q in exercise.questions
                for part, answer in zip(q.parts, exercise.answers(q, exercise.numbers("")))}
    return {}


def read(job: Mapping[str, Any], lang: str, parts: Sequence[str], begin: Begin) -> Iterator[tuple[str, Any]]:
    """For each file, or folder of a student, what it holds."""
    for name in job["items"]:
        begin(name)
        yield name, [record.to_json() for record in read_item(job, name, lang, parts)]


def mark(exercise: Exercise, job: Mapping[str, Any], begin: Begin) -> Iterator[tuple[str, Any]]:
    """For each part, its mark as what JSON can hold; last, "notes"."""
    left_out = {key for skipped in job["skip"] for key in (skipped, skipped.split(".")[0])}
    answers = {key: text for key, text in job["answers"].items() if key not in left_out}
    grade = exercise.grade(answers, job["student"], begin=begin)
    for part in grade.parts:
        yield f"q{part.question}.{part.part}", facts(part)
    yield "numbers", drawn(exercise, job["student"])
    yield "notes", [str(note)[:MOST_SHOWN] for note in grade.notes]


def drawn(exercise: Exercise, student: str) -> list[list[str]]:
    """Names and numbers drawn for a student, large arrays left out; none where all students have the same."""
    numbers = exercise.numbers(student) if exercise.random else None
    return [[name, show_numbers(value, exercise.language)] for name, value in (numbers or {}).items()
            if np.size(value) <= MOST_NUMBERS]


def facts(part: Any) -> dict[str, Any]:
    """A part's mark; points are exact, as text."""
    return {
        "status": part.status, "given": part.given[:MOST_SHOWN],
        "points": exact(part.points), "max_points": exact(part.max_points),
        "message": part.message[:MOST_SHOWN], "read_as": part.read_as[:MOST_SHOWN], "certainty": part.certainty,
        "findings": [[f.kind, str(f.where)[:MOST_SHOWN], f.message[:MOST_SHOWN]] for f in part.findings],
        "flags": sorted(part.flags), "follows_from": list(part.follows_from),
    }  # fmt: skip


def exact(points: Fraction | float) -> str:
    """
    >>> exact(0.5), exact(Fraction(4, 3))
    ('1/2', '4/3')
    """
    return str(Fraction(str(points)))
