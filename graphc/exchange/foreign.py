"""Quizzes that graphc did not write: derivatives of STACK questions, numbers, and what is not taken, with why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..checking import parse_graph
from ..checking.deciding.decide import decide
from ..checking.deciding.from_graph import NoScalarForm, trees
from ..checking.reading.tree import Tree, show, symbols
from ..errors import GraphcError, InputError
from ..exercise import Exercise
from .edits import number_of, plain_number
from .foreign_numbers import numerical_exercise
from .maxima_in import NotRead, Syntax, statements
from .maxima_values import SAME, Session, derivative
from .phrases import said
from .toml_text import toml_text
from .xml_text import Node

MOST_QUESTIONS = 500
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}")


@dataclass
class Foreign:
    """An exercise file made of one question of another quiz, and what was not taken of it."""

    text: str
    exercise: Exercise
    notes: list[str] = field(default_factory=list)


def foreign_quiz(root: Node, lang: str) -> tuple[list[Foreign], list[str]]:
    """Each question that could be taken, and notes on the others."""
    found: list[Foreign] = []
    notes: list[str] = []
    for question in list(root.all("question"))[:MOST_QUESTIONS]:
        kind = question.attributes.get("type", "")
        if kind in ("category", "description"):
            continue
        name = " ".join(question.said("name", "text").split())[:100] or kind
        try:
            found.append(taken(question, kind, name, lang))
        except (GraphcError, NoScalarForm) as error:
            notes.append(said("foreign not taken", lang, name=name, why=str(error).splitlines()[0][:200]))
    return found, notes


def taken(question: Node, kind: str, name: str, lang: str) -> Foreign:
    if kind == "numerical":
        return Foreign(*numerical_exercise(question, name, lang))
    if kind != "stack":
        raise NotRead(said("foreign cloze" if kind == "cloze" else "foreign kind", lang, kind=kind[:30]))
    return stack_exercise(question, name, lang)


# -- STACK ------------------------------------------------------------------------------------------------------


def stack_exercise(question: Node, name: str, lang: str) -> Foreign:
    """Raises NotRead for a question that does not ask for a derivative, or in words that are not read here."""
    session = Session(name)
    session.run(question.said("questionvariables", "text"))
    asked = [a for a in (asked_by(session, i, question) for i in question.all("input")) if a is not None]
    if not asked:
        raise NotRead(said("foreign no derivative", lang))
    if len({show(f) for f, _, _ in asked}) > 1:
        raise NotRead(said("foreign several", lang))
    written = written_exercise(question, name, lang, asked[0][0], {by: answer for _, by, answer in asked})
    found = Foreign(written, Exercise.loads(written, name=name))
    if session.draws:
        found.notes.append(said("foreign drawn", lang, name=name))
    slips = sum(max(0, len(list(tree.all("node"))) - 1) for tree in question.all("prt"))
    if slips:
        found.notes.append(said("foreign slips", lang, name=name, count=slips))
    return found


def asked_by(session: Session, field_: Node, question: Node) -> tuple[Tree, str, Tree] | None:
    """(function, variable, derivative) where the teacher's answer of an input is a derivative."""
    try:
        [syntax] = statements(field_.said("tans")) or [("text", "")]
        value = session.value(syntax)
        direct = literal(session, syntax)
    except (GraphcError, ValueError, ZeroDivisionError):
        return None
    if direct is not None:
        return (*direct, derivative(*direct))
    return searched(session, value, question) if isinstance(value, Tree) else None


def literal(session: Session, syntax: Syntax, depth: int = 0) -> tuple[Tree, str] | None:
    """The operands of diff, through names of question variables and functions that only rearrange."""
    if depth > 20:
        return None
    if syntax[0] == "name" and syntax[1] in session.said:
        return literal(session, session.said[syntax[1]], depth + 1)
    if syntax[0] == "call" and syntax[1] in (*SAME, "ev") and syntax[2]:
        return literal(session, syntax[2][0], depth + 1)
    if syntax[0] == "call" and syntax[1] == "diff" and len(syntax[2]) == 2:
        f, by = (session.value(a) for a in syntax[2])
        if isinstance(f, Tree) and isinstance(by, Tree) and by.head == "sym":
            return f, str(by.value)
    return None


_ASKS = re.compile(r"differentiat|derivative|dériv|\\frac\{d|\\frac\{\\partial|\\partial|diff\(", re.IGNORECASE)


def searched(session: Session, value: Tree, question: Node) -> tuple[Tree, str, Tree] | None:
    """A question variable whose derivative the answer is, where the question speaks of derivatives at all."""
    if not _ASKS.search(question.said("questiontext", "text")[:20_000]):
        return None
    for f in [v for v in session.values.values() if isinstance(v, Tree) and v.head != "sym"][:20]:
        for by in symbols(f)[:4]:
            try:
                if f is not value and decide(value, derivative(f, by), [f]).status == "correct":
                    return f, by, value
            except (GraphcError, NoScalarForm):
                continue
    return None


def written_exercise(question: Node, name: str, lang: str, f: Tree, answers: Mapping[str, Tree]) -> str:
    """The exercise file. Its function is read once more, and must still be the same."""
    names = symbols(f)
    if not set(answers) <= set(names) or f.head == "sym" or not all(NAME.fullmatch(n) for n in names):
        raise NotRead(said("foreign no derivative", lang))
    text = show(f, "en", 4000)
    again = parse_graph(text, params=list(answers))
    if decide(trees([again])[again], f).status != "correct":
        raise InputError(said("foreign changed", lang))
    output = next(n for n in ("f", "g", "y", "F0") if n not in names)
    points = number_of(question.said("defaultgrade"))
    asked: dict[str, Any] = {"ask": "formula", "wrt": list(answers) if len(answers) > 1 else next(iter(answers))}
    if points is not None and 0 <= points <= 1000:
        asked["points"] = plain_number(points.limit_denominator(1000))
    if len(answers) == 1:
        asked["answer"] = show(next(iter(answers.values())), "en", 4000)
    values = {"title": safe_title(name), "language": lang, "function": text, "output": output, "question": [asked]}
    return toml_text(values)


def safe_title(name: str) -> str:
    """A name as a title: plain words, whatever is in it."""
    return "".join(c if c.isprintable() else " " for c in name).replace("$", r"\$")
