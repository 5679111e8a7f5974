r"""Numerical questions of others: taken where the text states a function, numbers and what is asked, and they agree.

The mathematics of the text is read piece by piece: \(f = w x^2\), \(w = 3\), \(\frac{\partial f}{\partial w}\). The
exercise is taken only if graphc's own value is the right answer of the question.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ..checking import parse_graph
from ..checking.deciding.from_graph import substitute, trees
from ..checking.reading.tokens import key
from ..checking.reading.tree import show, sym, symbols
from ..errors import GraphcError, InputError
from ..exercise import Exercise
from .edits import number_of, plain_number
from .maxima_in import NotRead
from .phrases import said
from .pieces import exact
from .toml_text import toml_text
from .xml_text import Node

LONGEST_TEXT, MOST_PIECES, LONGEST_PIECE = 30_000, 80, 500
_MATH = re.compile(r"\\\(([^$]{1,500}?)\\\)|\\\[([^$]{1,500}?)\\\]|\$\$([^$]{1,500})\$\$|\$([^$]{1,500})\$")
_NAME = r"[A-Za-z](?:_(?:[A-Za-z0-9]|\{[A-Za-z0-9]{1,12}\})|[0-9]{1,6})?"
_LEFT = re.compile(rf"\s*({_NAME})(?:\([^()]{{0,60}}\))?\s*")
_D = r"(?:\\partial|\\mathrm\{d\}|d)\s*"
_SLOPES = [re.compile(rf"\\[dt]?frac\s*\{{{_D}({_NAME})\}}\s*\{{{_D}({_NAME})\}}"),
           re.compile(rf"\\partial\s*({_NAME})\s*/\s*\\partial\s*({_NAME})"), re.compile(rf"({_NAME})'\(({_NAME})\)")]


@dataclass
class Stated:
    """What a text states: formulas and numbers by name, and what it may ask for, the last first."""

    formulas: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, Fraction] = field(default_factory=dict)
    goals: list[tuple[str, str]] = field(default_factory=list)  # (of, wrt), wrt "" for a value


def numerical_exercise(question: Node, name: str, lang: str) -> tuple[str, Exercise]:
    """The exercise file and the exercise. Raises NotRead where the text does not say enough, or says otherwise."""
    right = next((a for a in question.all("answer") if a.attributes.get("fraction", "100") == "100"), None)
    value = number_of(right.said("text")) if right else None
    stated = stated_in(question.said("questiontext", "text")[:LONGEST_TEXT])
    if value is None or not stated.formulas:
        raise NotRead(said("foreign numerical", lang))
    reach = number_of(right.said("tolerance")) if right else None
    for of, wrt in stated.goals:
        try:
            text, exercise = tried(stated, of, wrt, value, reach or Fraction(0), question, name, lang)
        except (GraphcError, StopIteration):
            continue
        found = exercise.answers(exercise.questions[0], exercise.numbers())[0].value
        if abs(exact(found) - value) <= max(reach or Fraction(0), (abs(value) + 1) / 10**6):
            return text, exercise
    raise NotRead(said("foreign otherwise", lang))


def stated_in(text: str) -> Stated:
    r"""What the mathematics in a text states.

    >>> s = stated_in(r"Let \(f = w_1 x^2\), \(w_1 = 3\), $$x = -2$$. What is \(\frac{\partial f}{\partial w_1}\)?")
    >>> s.formulas, {k: str(v) for k, v in s.numbers.items()}, s.goals
    ({'f': ' w_1 x^2'}, {'w1': '3', 'x': '-2'}, [('f', 'w1'), ('f', '')])
    """
    stated = Stated()
    for piece in pieces_of(text):
        slope = next((found for p in _SLOPES if (found := p.search(piece))), None)
        if slope:
            stated.goals.insert(0, (key(slope[1]), key(slope[2])))
            continue
        for equation in re.split(r",(?![0-9])|\\quad|\\;|\\\\", piece):
            left, equals, rest = equation.partition("=")
            named = _LEFT.fullmatch(left)
            if not named or not equals:
                continue
            number = number_of(rest.replace("{-}", "-").replace("{,}", ".").replace("\u2212", "-").replace(" ", ""))
            if number is not None:
                stated.numbers[key(named[1])] = number
            elif rest.strip(" ?{}"):
                stated.formulas[key(named[1])] = rest
    stated.goals += [(name, "") for name in reversed(stated.formulas)]
    return stated


def pieces_of(text: str) -> Iterator[str]:
    bare = html.unescape(re.sub(r"<[^<>]{0,2000}>", " ", text))
    for i, found in enumerate(_MATH.finditer(bare)):
        if i == MOST_PIECES:
            return
        yield next(g for g in found.groups() if g is not None)[:LONGEST_PIECE]


def tried(stated: Stated, of: str, wrt: str, value: Fraction, reach: Fraction, question: Node, name: str,
          lang: str) -> tuple[str, Exercise]:
    """The exercise that asks for one goal: the function it names, and the other formulas as names inside it."""
    formulas = {n: plain_formula(f) for n, f in stated.formulas.items()}
    needed = inside(formulas, of)
    used = {s for n in (of, *needed) for s in formula_names(formulas[n])} - set(formulas)
    asked: dict[str, Any] = {"ask": "gradient", "of": of, "wrt": wrt} if wrt else {"ask": "value", "of": of}
    points = number_of(question.said("defaultgrade"))
    if points is not None and 0 <= points <= 1000:
        asked["points"] = plain_number(points.limit_denominator(1000))
    values: dict[str, Any] = {"title": name.replace("$", r"\$"), "language": lang, "function": formulas[of],
                              "output": of}
    share = reach / abs(value) if value else reach
    if 0 < share < 1:
        values["tolerance"] = float(share.limit_denominator(10**6))
    if needed:
        values["define"] = {n: formulas[n] for n in needed}
    values["point"] = {n: plain_number(stated.numbers[n]) for n in sorted(used)}
    text = toml_text({**values, "question": [asked]})
    return text, Exercise.loads(text, name=name)


def plain_formula(tex: str) -> str:
    """A formula as an exercise file has it, each name spelled in one way."""
    f = parse_graph(tex.strip().rstrip(".;"))
    tree = trees([f])[f]
    return show(substitute(tree, {n: sym(key(n)) for n in symbols(tree)}), "en", 4000)


def formula_names(formula: str) -> list[str]:
    f = parse_graph(formula)
    return symbols(trees([f])[f])


def inside(formulas: dict[str, str], of: str) -> list[str]:
    """The formulas that one needs, operands before users. Raises InputError for names that need each other."""
    if of not in formulas:
        raise InputError(f"no formula of {of}")
    order: list[str] = []
    waiting = [(of, iter(formula_names(formulas[of])))]
    while waiting:
        name, names = waiting[-1]
        below = next((n for n in names if n in formulas and n not in order), None)
        if below is None:
            order.append(name)
            waiting.pop()
        elif any(below == n for n, _ in waiting):
            raise InputError(f"{below} needs itself")
        else:
            waiting.append((below, iter(formula_names(formulas[below]))))
    return order[:-1]
