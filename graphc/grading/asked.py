"""What a question asks and what its parts are, as HTML: once for all students."""

from __future__ import annotations

import re

from ..exercise import Exercise, Question
from ..formula import tex_name
from ..sheets.html_sheet import math, mixed
from ..sheets.phrases import listed, said, typographic

# A full stop stays with its formula.
_FORMULA_AND_SIGN = re.compile(r'(<svg class="math"(?:(?!</svg>).)*</svg>[.,;:?!])', re.DOTALL)


def question_html(exercise: Exercise, question: Question) -> str:
    """The author's words, or the sentence of the sheet."""
    lang = exercise.language
    text = typographic(question.text.in_(lang).strip(), lang) or _sentence(exercise, question)
    return _FORMULA_AND_SIGN.sub(r'<span class="kept">\1</span>', mixed(" ".join(text.split("\n"))))


def _sentence(exercise: Exercise, question: Question) -> str:
    lang = exercise.language
    goals = [f"${goal}$" for goal in goals_of(exercise, question)]
    if question.ask == "adjoint":
        bars = [f"${tex_name(f'{v}_bar', exercise.nodes[v].ndim)}$" for v in question.of]
        goals = [said("adjoint", lang, bar=bar, partial=goal) for bar, goal in zip(bars, goals)]
    if question.ask == "cost":
        goals = [said(f"count {count}", lang) for count in question.of]
    return said(f"ask {question.ask}", lang, what=listed(goals, lang))


def goals_of(exercise: Exercise, question: Question) -> list[str]:
    """TeX of what each part asks: a value, a derivative, or the name of a count."""
    if question.ask == "cost":
        return [rf"\text{{{said(f'label {count}', exercise.language)}}}" for count in question.of]
    if question.ask == "value" or (question.ask == "shape" and not question.wrt):
        return [_name(exercise, v) for v in question.of]
    pairs = [(exercise.output, v) for v in question.of] if question.ask == "adjoint" else [
        (of, wrt) for of in question.of for wrt in question.wrt]
    return [rf"\partial {_name(exercise, of)} / \partial {_name(exercise, wrt)}" for of, wrt in pairs]


def part_html(exercise: Exercise, question: Question, key: str) -> str:
    """The part as mathematics."""
    return math(goals_of(exercise, question)[question.parts.index(key.partition(".")[2])])


def _name(exercise: Exercise, name: str) -> str:
    return str(tex_name(name, exercise.nodes[name].ndim if name in exercise.nodes else 0))
