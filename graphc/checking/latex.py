r"""LaTeX to the tokens that calculator text gives: `\frac{a}{b}` becomes `((a)/(b))` and so on.

Only the token layer differs; the grammar, the limits and the errors are those of `parse`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NoReturn

from ..errors import LimitExceeded, ParseError
from .phrases import safe, say
from .tokens import GREEK, Token, tokenize
from .tree import MAX_DEPTH

SKIP = frozenset({"left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr", "bigg", "Bigg", "displaystyle",
                  "textstyle", "limits", "quad", "qquad"})
OPERATORS = {
    "cdot": "*", "times": "*", "ast": "*", "odot": "*", "circ": "*", "div": "/", "le": "<=", "leq": "<=",
    "leqslant": "<=", "ge": ">=", "geq": ">=", "geqslant": ">=", "lt": "<", "gt": ">", "ne": "!=", "neq": "!=",
    "land": "&", "wedge": "&", "lor": "or", "vee": "or", "lnot": "not", "neg": "not", "partial": "∂", "nabla": "∇",
    "prime": "'", "mid": "|", "vert": "|", "lvert": "|", "rvert": "|", "lbrace": "{", "rbrace": "}",
}
NAMES = {**{name: name for name in GREEK.values()}, **{name: name for name in (
    "sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "ln", "log",
    "exp", "max", "min")}, "varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi"}
FONTS = frozenset({"mathrm", "operatorname", "text", "mathit", "mathsf", "mathbf", "mathbb", "mathds", "mathbbm",
                   "textrm", "boldsymbol", "bm"})
MARKS = {"hat": "_hat", "widehat": "_hat", "bar": "_bar", "overline": "_bar", "tilde": "_tilde"}
FRACTIONS = frozenset({"frac", "dfrac", "tfrac"})
CONDITION_WORDS = frozenset({"if", "si", "when", "quand", "for", "pour"})
OTHERWISE = frozenset({"otherwise", "sinon", "else", "autrement"})

_SPECIAL = re.compile(r"[\\&]|\{,\}")
_COMMAND = re.compile(r"\\(?:([A-Za-z]+)\*?|(.))", re.DOTALL)
_ENVIRONMENT = re.compile(r"\\(begin|end)\{([a-z]{1,12})\}")
_WORD = re.compile(r"\\(?:text|mathrm|operatorname|textrm)\s*\{\s*([A-Za-z_ ]{0,24}?)\s*\}")


def is_latex(text: str) -> bool:
    """Whether a text is LaTeX by the look of it: a backslash, dollars, or the decimal comma {,}."""
    return "\\" in text or "{,}" in text or text.strip().startswith("$")


def tokenize_latex(text: str, lang: str = "en") -> list[Token]:
    r"""Tokens of LaTeX source (already `normal`), the last of kind "end".

    >>> " ".join(t.text for t in tokenize_latex(r"\frac{1}{2}\sigma'(w_{1}x)"))
    "( ( 1 ) / ( 2 ) ) sigma ' ( w_1 x ) "
    """
    reader = Reader(text, lex(text, lang), lang)
    return [*reader.all(), Token("end", "", len(text), end=len(text))]


def lex(text: str, lang: str) -> list[Token]:
    """Flat tokens; a command is of kind "cmd", `&` and a double backslash of kind "cell"."""
    found: list[Token] = []
    place = 0
    while place < len(text):
        if text[place] == "\\":
            token = _command(text, place)
        elif text.startswith("{,}", place):
            token = Token("op", ",", place, end=place + 3)
        elif text[place] == "&":
            token = Token("cell", "&", place, end=place + 1)
        else:
            special = _SPECIAL.search(text, place)
            stop = special.start() if special else len(text)
            found += [replace(t, start=t.start + place, end=t.end + place) for t in _plain(text, place, stop, lang)]
            place = stop
            continue
        found.append(token)
        place = token.end
    return found


def _plain(text: str, start: int, stop: int, lang: str) -> list[Token]:
    try:
        return tokenize(text[start:stop], lang)[:-1]
    except ParseError as error:
        raise ParseError(error.reason, text, start + (error.position or 0)) from None


def _command(text: str, place: int) -> Token:
    if environment := _ENVIRONMENT.match(text, place):
        return Token("cmd", f"{environment[1]} {environment[2]}", place, end=environment.end())
    if word := _WORD.match(text, place):
        return Token("word", word[1], place, end=word.end())
    command = _COMMAND.match(text, place)
    if command is None:
        return Token("cmd", "", place, end=place + 1)
    if command[2] == "\\":
        return Token("cell", "\\\\", place, end=command.end())
    if command[2] is not None and command[2] in "{}|":
        return Token("op", command[2], place, end=command.end())
    if command[2] is not None and command[2] in ",;:! ()[]":
        return Token("skip", command[2], place, end=command.end())
    return Token("cmd", command[1] or command[2], place, end=command.end())


class Reader:
    """Rewrites the flat tokens, commands with arguments first."""

    def __init__(self, text: str, tokens: list[Token], lang: str) -> None:
        self.text, self.tokens, self.lang, self.at = text, tokens, lang, 0

    def fail(self, token: Token | None, phrase: str, **parts: object) -> NoReturn:
        raise ParseError(say(self.lang, phrase, **parts), self.text, len(self.text) if token is None else token.start)

    def all(self) -> list[Token]:
        out: list[Token] = []
        while self.at < len(self.tokens):
            out += self.one(0)
        return out

    def one(self, depth: int) -> list[Token]:
        """The tokens that stand for what begins here."""
        if depth > MAX_DEPTH:
            raise LimitExceeded(say(self.lang, "too_deep", limit=MAX_DEPTH))
        token = self.tokens[self.at]
        self.at += 1
        if token.kind == "skip":
            return []
        if token.kind == "word":
            return [self.subscript(replace(token, kind="name"))]
        if token.kind == "cell":
            self.fail(token, "expected_operator", got=repr(token.text))
        if token.kind == "cmd":
            return self.command(token, depth)
        if token.kind == "op" and token.text == "^" and self.peek("cmd", "prime"):
            self.at += 1
            return [replace(token, text="'")]
        return [self.subscript(token) if token.kind == "name" else token]

    def peek(self, kind: str, text: str) -> bool:
        return self.at < len(self.tokens) and (self.tokens[self.at].kind, self.tokens[self.at].text) == (kind, text)

    def command(self, token: Token, depth: int) -> list[Token]:
        name = token.text
        if name in SKIP:
            if self.at < len(self.tokens) and self.tokens[self.at].text == ".":
                self.at += 1
            return []
        if name in OPERATORS:
            return [replace(token, kind="op", text=OPERATORS[name])]
        if name in NAMES:
            return [self.subscript(replace(token, kind="name", text=NAMES[name]))]
        if name in FRACTIONS:
            above, below = self.argument(token, depth), self.argument(token, depth)
            return self.bracketed(token, [*self.bracketed(token, above), self.op(token, "/"),
                                          *self.bracketed(token, below)])
        if name == "sqrt":
            return self.root(token, depth)
        if name in FONTS:
            return [self.subscript(t) for t in self.argument(token, depth)]
        if name in MARKS:
            (inner,) = self.argument(token, depth)[:1] or [token]
            return [self.subscript(Token("name", inner.text + MARKS[name], token.start, end=token.end))]
        if name == "begin cases":
            return self.cases(token, depth)
        return self.fail(token, "command", name=safe("\\" + name))

    @staticmethod
    def op(token: Token, text: str) -> Token:
        return Token("op", text, token.start, end=token.end)

    def bracketed(self, token: Token, inner: list[Token]) -> list[Token]:
        return [self.op(token, "("), *inner, self.op(token, ")")]

    def argument(self, token: Token, depth: int) -> list[Token]:
        """What a command applies to: a group in braces, or one token; of a number, one digit."""
        if self.at >= len(self.tokens):
            self.fail(None, "expected_value", got=say(self.lang, "end"))
        first = self.tokens[self.at]
        if first.kind == "op" and first.text == "{":
            return self.group("{", "}", depth)
        if first.kind == "num" and len(first.text) > 1 and first.text.isdigit():
            self.tokens[self.at : self.at + 1] = [_digit(first, 0, 1), _digit(first, 1, len(first.text))]
        return self.one(depth + 1)

    def group(self, opening: str, closing: str, depth: int) -> list[Token]:
        start = self.tokens[self.at]
        self.at += 1
        inner: list[Token] = []
        level = 1
        while self.at < len(self.tokens):
            here = self.tokens[self.at]
            level += (here.kind == "op" and here.text == opening) - (here.kind == "op" and here.text == closing)
            if level == 0:
                self.at += 1
                return inner
            inner += self.one(depth + 1)
        return self.fail(start, "unclosed", open=repr(opening), close=repr(closing), got=say(self.lang, "end"))

    def root(self, token: Token, depth: int) -> list[Token]:
        degree = self.group("[", "]", depth) if self.peek("op", "[") else []
        inner = self.argument(token, depth)
        if not degree:
            return [Token("name", "sqrt", token.start, end=token.end), *self.bracketed(token, inner)]
        if [t.text for t in degree] == ["3"]:
            return [Token("name", "cbrt", token.start, end=token.end), *self.bracketed(token, inner)]
        one = Token("num", "1", token.start, tokenize("1")[0].value, token.end)
        power = self.bracketed(token, [one, self.op(token, "/"), *self.bracketed(token, degree)])
        return self.bracketed(token, [*self.bracketed(token, inner), self.op(token, "^"), *power])

    def subscript(self, token: Token) -> Token:
        """w_1, w_{12}: the index is part of the name. Calculator text has taken plain ones already."""
        if token.kind != "name" or not (self.peek("op", "_") and self.at + 1 < len(self.tokens)):
            return token
        index = self.tokens[self.at + 1]
        if index.kind in ("num", "name") and index.text.isalnum():
            self.at += 2
            return replace(token, text=f"{token.text}_{index.text}", end=index.end)
        closing = self.at + 3
        if index.text == "{" and closing < len(self.tokens) and self.tokens[closing].text == "}":
            inner = self.tokens[self.at + 2].text
            if inner.isalnum():
                self.at += 4
                return replace(token, text=f"{token.text}_{inner}", end=self.tokens[closing].end)
        return token

    # -- cases ------------------------------------------------------------------------------------------------

    def cases(self, token: Token, depth: int) -> list[Token]:
        r"""`\begin{cases} a & c \\ b & \text{otherwise} \end{cases}` is where(c; a; b)."""
        rows: list[list[list[Token]]] = [[[]]]
        while True:
            if self.at >= len(self.tokens):
                self.fail(token, "unclosed", open=r"'\begin{cases}'", close=r"'\end{cases}'", got=say(self.lang, "end"))
            if self.peek("cmd", "end cases"):
                self.at += 1
                break
            here = self.tokens[self.at]
            if here.kind == "cell":
                self.at += 1
                if here.text == "&":
                    rows[-1].append([])
                else:
                    rows.append([[]])
            else:
                rows[-1][-1] += self.one(depth + 1)
        return self.nested(token, [row for row in rows if any(row)])

    def nested(self, token: Token, rows: list[list[list[Token]]]) -> list[Token]:
        zero = Token("num", "0", token.start, tokenize("0")[0].value, token.end)
        value = self.bracketed(token, [zero, self.op(token, "/"), zero])  # no row applies: undefined
        for row in reversed(rows):
            if len(row) != 2:
                self.fail(token, "condition")
            branch, condition = row
            words = {t.text.lower() for t in condition if t.kind == "name"}
            condition = [t for t in condition if t.text.lower() not in CONDITION_WORDS and t.text != ","]
            if words & OTHERWISE:
                value = self.bracketed(token, branch)
                continue
            separator = self.op(token, ";")
            name = Token("name", "where", token.start, end=token.end)
            value = [name, *self.bracketed(token, [*condition, separator, *branch, separator, *value])]
        return value


def _digit(token: Token, start: int, stop: int) -> Token:
    text = token.text[start:stop]
    return Token("num", text, token.start + start, tokenize(text)[0].value, token.start + stop)
