"""Answers by question and part, from the ways in which they are keyed; a stray key costs a note alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ir import Expr
from .numeric import split
from .parts import Question
from .phrases import listed, quoted, say

if TYPE_CHECKING:
    from .model import Exercise

MOST_NOTES, MOST_ITEMS, LONGEST = 20, 400, 4096


class Submission:
    """Reads one mapping of answers; `texts` by question and part, `notes` on what was not used."""

    def __init__(self, exercise: Exercise, lang: str) -> None:
        self.lang = lang
        self.questions = {q.name: q for q in exercise.questions}
        self.texts: dict[tuple[int, str], Any] = {}
        self.notes: list[str] = []

    def read(self, answers: Mapping[str, Any]) -> tuple[dict[tuple[int, str], Any], list[str]]:
        for key, value in answers.items():
            question, _, part = str(key).strip().partition(".")
            found = self.questions.get(question.lower()) or self.questions.get(f"q{question}")
            if found is None:
                self._note("stray_question", key=quoted(str(key), self.lang), known=", ".join(self.questions))
            elif part:
                self._part(found, part, value)
            else:
                self._question(found, value)
        return self.texts, self.notes

    def _question(self, question: Question, value: Any) -> None:
        if isinstance(value, Mapping):
            for name, text in value.items():
                self._part(question, str(name), text)
        elif len(question.parts) == 1:
            self._keep(question, question.parts[0], value)
        elif isinstance(value, str) and (named := self._by_name(question, value)):
            for name, text in named:
                self._keep(question, name, text)
        elif value is not None and value != "":
            known = listed(question.parts, self.lang)
            self._note("many_parts", question=question.number, count=len(question.parts), known=known)

    def _by_name(self, question: Question, text: str) -> list[tuple[str, str]]:
        """The parts in one text, each with its name: z = 3; f = 8. None unless all of it is such."""
        pieces = [p for p in re.split(r"[;\n]+", text[:LONGEST]) if p.strip()]
        if len(pieces) == 1 and text.count("=") > 1:
            pieces = split(text[:LONGEST], ",")
        cut = [piece.partition("=") for piece in pieces]
        found = [(question.part(left), right) for left, _, right in cut]
        return [(name, right) for name, right in found if name] if all(name for name, _ in found) else []

    def _part(self, question: Question, name: str, value: Any) -> None:
        found = question.part(name)
        if found is None:
            known = listed(question.parts, self.lang)
            self._note("stray_part", question=question.number, key=quoted(name, self.lang), known=known)
        else:
            self._keep(question, found, value)

    def _keep(self, question: Question, part: str, value: Any) -> None:
        text, key = text_of(value), f"{question.name}.{part}"
        if text is None:
            self._note("not_text", key=key, kind=type(value).__name__)
        elif (question.number, part) in self.texts:
            self._note("twice", key=key)
        else:
            self.texts[question.number, part] = text

    def _note(self, phrase: str, **parts: Any) -> None:
        if len(self.notes) < MOST_NOTES:
            self.notes.append(say(self.lang, phrase, **parts))


def text_of(value: Any) -> Any:
    """Text as it is, a number or nested lists of numbers as text; an Expr stays. None for anything else.

    >>> text_of([[1, 2.5], [3, 4]]), text_of(None), text_of({})
    ('[[1, 2.5], [3, 4]]', '', None)
    """
    if value is None:
        return ""
    if isinstance(value, (str, Expr)):
        return value
    if isinstance(value, (Real, Fraction)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)) and len(value) <= MOST_ITEMS:
        items = [text_of(v) for v in value]
        return f"[{', '.join(items)}]" if all(isinstance(i, str) for i in items) else None
    return None
