"""Maxima's language as question authors use it: assignments, formulas, lists, diff, rand. Read by hand, never run.

Text -> tokens -> syntax (nested tuples) -> values: trees of the checker, or lists of them.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from ..checking.reading.tree import const, sym
from ..errors import InputError

LONGEST, MOST_TOKENS, DEEPEST = 60_000, 8_000, 60

# ("num", Fraction) ("name", str) ("text", str) ("call", name, args) ("list", items) (operator, a, b)
Syntax = tuple[Any, ...]

_TOKEN = re.compile(r"""\s+ | /\*(?:[^*]|\*(?!/)){0,20000}\*/ | (?P<text>"(?:[^"\\]|\\.){0,4000}")
    | (?P<number>\d{1,40}(?:\.\d{0,40})?(?:[eEbB][+-]?\d{1,3})?|\.\d{1,40}) | (?P<name>%?[A-Za-z_][A-Za-z0-9_%]{0,60})
    | (?P<op>:=|::|\*\*|<=|>=|[-+*/^()\[\]{},;$=:#<>!'.@])""", re.VERBOSE)
_LEVELS = {"or": 1, "and": 2, "=": 4, "#": 4, "<": 4, ">": 4, "<=": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, ".": 6}


class NotRead(InputError):
    """Maxima text past what is read here; the message says what and where."""


def statements(text: str) -> list[Syntax]:
    """The statements of a text, parted by ; or $.

    >>> statements("n:2+rand(3); p:x^n")[1]
    (':', ('name', 'p'), ('^', ('name', 'x'), ('name', 'n')))
    """
    reader = _Reader(_tokens(text))
    found = []
    while reader.words:
        if reader.words[-1][1] in (";", "$"):
            reader.words.pop()
            continue
        found.append(reader.statement())
        if reader.words and reader.words[-1][1] not in (";", "$"):
            raise NotRead(f"{reader.words[-1][1]!r} is not read here")
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    if len(text) > LONGEST:
        raise NotRead(f"{len(text):,} characters of Maxima; the limit is {LONGEST:,}")
    found, at = [], 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or token.end() == at:
            raise NotRead(f"{text[at : at + 10]!r} is not read here")
        if token.lastgroup:
            found.append((token.lastgroup, token[0]))
        at = token.end()
    if len(found) > MOST_TOKENS:
        raise NotRead(f"{len(found):,} words of Maxima; the limit is {MOST_TOKENS:,}")
    return found


class _Reader:
    """Operator precedence; the depth is bounded before Python's own could be."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.words, self.depth = tokens[::-1], 0

    def next(self, wanted: str | None = None) -> tuple[str, str]:
        if not self.words:
            raise NotRead(f"the text ends where {wanted or 'a value'} would fit")
        kind, word = self.words.pop()
        if wanted is not None and word != wanted:
            raise NotRead(f"{wanted!r} would fit here, not {word[:40]!r}")
        return kind, word

    def at(self, *words: str) -> bool:
        return bool(self.words) and self.words[-1][0] != "text" and self.words[-1][1] in words

    def statement(self) -> Syntax:
        left = self.expression(0)
        if self.at(":", ":="):
            op = self.next()[1]
            return (op, left, self.statement())
        return left

    def expression(self, level: int) -> Syntax:
        self.depth += 1
        if self.depth > DEEPEST:
            raise NotRead(f"nested more than {DEEPEST} deep")
        left = self.prefix()
        while self.words and self.words[-1][0] != "text" and _LEVELS.get(self.words[-1][1], 0) > level:
            op = self.next()[1]
            left = (op, left, self.expression(_LEVELS[op]))
        self.depth -= 1
        return left

    def prefix(self) -> Syntax:
        if self.at("-", "+"):
            op = self.next()[1]
            inner = self.expression(5)
            return ("neg", inner) if op == "-" else inner
        if self.at("not"):
            self.next()
            return ("not", self.expression(3))
        if self.at("'"):
            self.next()
        if self.at("if"):
            return self.choice()
        base = self.postfix()
        if self.at("^", "**"):
            self.next()
            self.depth += 1
            if self.depth > DEEPEST:
                raise NotRead(f"nested more than {DEEPEST} deep")
            base = ("^", base, self.prefix())
            self.depth -= 1
        return base

    def choice(self) -> Syntax:
        parts = []
        for word in ("if", "then", "else"):
            self.next(word)
            parts.append(self.expression(0))
        return ("if", *parts)

    def postfix(self) -> Syntax:
        found = self.atom()
        while self.at("["):
            self.next()
            found = ("index", found, self.expression(0))
            self.next("]")
        return found

    def atom(self) -> Syntax:
        kind, word = self.next()
        if kind == "number":
            return ("num", _number(word))
        if kind == "text":
            return ("text", word[1:-1])
        if kind == "name":
            return ("call", word, self.listed("(", ")")) if self.at("(") else ("name", word)
        if word == "(":
            inside = self.statement()
            self.next(")")
            return inside
        if word in ("[", "{"):
            self.words.append((kind, word))
            return ("list", self.listed(word, "]" if word == "[" else "}"))
        raise NotRead(f"{word!r} is not read here")

    def listed(self, opening: str, closing: str) -> tuple[Syntax, ...]:
        self.next(opening)
        items: list[Syntax] = []
        while not self.at(closing):
            items.append(self.statement())
            if not self.at(closing):
                self.next(",")
        self.next(closing)
        return tuple(items)


def _number(word: str) -> Fraction:
    exponent = re.search(r"[eb]([+-]?\d+)$", word.lower())
    if exponent and abs(int(exponent[1])) > 60:
        raise NotRead(f"the number {word} is past e60")
    return Fraction(word.lower().replace("b", "e"))


CONSTANTS = {"%pi": const("pi"), "pi": const("pi"), "%e": const("e"), "e": const("e")}


def leaf(name: str) -> Any:
    """A name on its own: a constant or a symbol."""
    if name in ("%i", "inf", "minf", "infinity", "und"):
        raise NotRead(f"{name} is no real number")
    return CONSTANTS.get(name) or sym(name.lstrip("%"))

