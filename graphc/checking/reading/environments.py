r"""Environments of LaTeX that have rows: cases, matrices, and steps one below the other."""

from __future__ import annotations

from typing import NoReturn, Protocol

from ..phrases import safe, say
from .stream import CASE_WORDS, OTHERWISE
from .tokens import Token

CASES = frozenset({"cases", "dcases", "rcases", "arraycases"})
MATRICES = frozenset({"matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "smallmatrix", "array"})
STEPS = frozenset({"aligned", "align", "split", "gathered", "gather", "equation", "eqnarray", "alignat", "alignedat",
                   "multline", "displaymath", "math"})
# What may begin a line that goes on, or end the line before it.
_GOES_ON = frozenset({"=", "+", "-", "*", "·", "⊙", "@", "/", "<", ">", "<=", ">=", ")", "]", "}"})

Rows = list[list[list[Token]]]


class Reader(Protocol):
    """What is needed of the reader of LaTeX."""

    tokens: list[Token]
    at: int
    lang: str

    def fail(self, token: Token | None, phrase: str, **parts: object) -> NoReturn: ...
    def one(self, depth: int) -> list[Token]: ...
    def peek(self, kind: str, text: str, ahead: int = 0) -> bool: ...
    def group(self, opening: str, closing: str, depth: int) -> list[Token]: ...
    def op(self, token: Token, text: str) -> Token: ...
    def bracketed(self, token: Token, inner: list[Token]) -> list[Token]: ...


def environment(reader: Reader, token: Token, depth: int) -> list[Token]:
    r"""The tokens for \begin{...} up to its \end."""
    name = token.text.removeprefix("begin ")
    if name in ("array", "arraycases", "alignat", "alignedat") and reader.peek("op", "{"):
        reader.group("{", "}", depth)  # {ll}: how the columns stand
    if name in CASES:
        return by_cases(reader, token, rows_of(reader, token, name, depth))
    if name in MATRICES:
        cells = matrix(reader, token, rows_of(reader, token, name, depth))
        return [Token("name", "det", token.start, end=token.end), *cells] if name == "vmatrix" else cells
    if name in STEPS:
        return steps(reader, token, rows_of(reader, token, name, depth))
    return reader.fail(token, "command", name=safe(f"\\begin{{{name}}}"))


def rows_of(reader: Reader, token: Token, name: str, depth: int) -> Rows:
    """The cells of each row; empty rows are dropped."""
    rows: Rows = [[[]]]
    end = "end " + ("array" if name == "arraycases" else name)
    while not reader.peek("cmd", end):
        if reader.at >= len(reader.tokens) or reader.tokens[reader.at].text.startswith("end "):
            close = repr(f"\\end{{{name}}}")
            reader.fail(token, "unclosed", open=repr(f"\\begin{{{name}}}"), close=close, got=say(reader.lang, "end"))
        here = reader.tokens[reader.at]
        if here.kind == "cmd" and here.text in ("quad", "qquad") and name in CASES:
            reader.at += 1
            rows[-1][-1].append(Token("skip", "quad", here.start, end=here.end))
            continue
        if here.kind != "cell":
            rows[-1][-1] += reader.one(depth + 1)
            continue
        reader.at += 1
        if here.text == "&":
            rows[-1].append([])
        else:
            rows.append([[]])
    reader.at += 1
    return [row for row in rows if any(row)]


def steps(reader: Reader, token: Token, rows: Rows) -> list[Token]:
    """a &= b \\\\ &= c as the chain a = b = c."""
    found: list[Token] = []
    for row in rows:
        line = [t for cell in row for t in cell]
        if found and line and line[0].text not in _GOES_ON and found[-1].text not in _GOES_ON - {")", "]", "}"}:
            reader.fail(line[0], "rows_apart")
        found += line
    return found


def matrix(reader: Reader, token: Token, rows: Rows) -> list[Token]:
    """⟦ a ⟦, b ⟦; c ⟦, d ⟧."""
    if not rows:
        reader.fail(token, "expected_value", got=say(reader.lang, "end"))
    found = [reader.op(token, "⟦")]
    for place, row in enumerate(rows):
        if place:
            found.append(reader.op(token, "⟦;"))
        for column, cell in enumerate(row):
            found += [*([reader.op(token, "⟦,")] if column else []), *cell]
    return [*found, reader.op(token, "⟧")]


# -- cases ------------------------------------------------------------------------------------------------------


def by_cases(reader: Reader, token: Token, rows: Rows) -> list[Token]:
    r"""`\begin{cases} a & c \\ b & \text{otherwise} \end{cases}` is Piecewise((a; c); (b; True))."""
    separator = reader.op(token, ";")
    found: list[Token] = []
    for row in rows:
        branch, condition = parted(reader, token, row)
        otherwise = any(t.kind == "name" and t.text.lower() in OTHERWISE for t in condition)
        condition = _without_commas([t for t in condition if t.text.lower() not in CASE_WORDS])
        if otherwise:
            condition = [Token("name", "True", token.start, end=token.end)]
        elif not condition:
            reader.fail(row[0][0] if row[0] else token, "condition")
        found += [*([separator] if found else []), *reader.bracketed(token, [*branch, separator, *condition])]
    if not found:
        reader.fail(token, "condition")
    return [Token("name", "Piecewise", token.start, end=token.end), *reader.bracketed(token, found)]


def parted(reader: Reader, token: Token, row: list[list[Token]]) -> tuple[list[Token], list[Token]]:
    """The branch and the condition of a row, with or without the & between them."""
    if len(row) == 1:
        line = row[0]
        words = [i for i, t in enumerate(line) if t.kind == "name" and t.text.lower() in CASE_WORDS]
        commas = [i for i, t in enumerate(line) if t.kind == "op" and t.text == "," and t.end - t.start == 1]
        blanks = [i for i, t in enumerate(line) if t.kind == "skip"]
        place = (words[:1] or commas[-1:] or blanks[:1] or [len(line)])[0]
        row = [line[:place], line[place:]]
    if len(row) != 2 or not row[0] or not row[1]:
        reader.fail(row[0][0] if row and row[0] else token, "condition")
    return _without_commas(row[0]), _without_commas(row[1])


def _without_commas(tokens: list[Token]) -> list[Token]:
    """The tokens without blanks, and without commas around them."""
    tokens = [t for t in tokens if t.kind != "skip"]
    low, high = 0, len(tokens)
    while low < high and tokens[low].text == ",":
        low += 1
    while low < high and tokens[high - 1].text == ",":
        high -= 1
    return tokens[low:high]
