r"""LaTeX to the tokens that calculator text gives: `\frac{a}{b}` becomes `((a)/(b))` and so on.

Only the token layer differs; the grammar, the limits and the errors are those of `parse`. What has rows
(cases, matrices, aligned steps) is read in `environments`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NoReturn

from ...errors import LimitExceeded, ParseError
from ..phrases import safe, say
from .environments import environment
from .functions import SHORT, array_function_named, function_named
from .names import cut
from .tokens import GREEK, Token, tokenize
from .tree import MAX_DEPTH

SKIP = frozenset({"left", "right", "middle", "big", "Big", "bigl", "bigr", "Bigl", "Bigr", "bigg", "Bigg", "biggl",
                  "biggr", "Biggl", "Biggr", "bigm", "displaystyle", "textstyle", "scriptstyle", "limits", "nolimits",
                  "quad", "qquad", "nonumber", "notag", "hfill", "thinspace", "enspace", "strut", "mathstrut"})
OPERATORS = {
    "cdot": "·", "bullet": "·", "times": "*", "ast": "*", "star": "*", "odot": "⊙", "circ": "⊙", "div": "/",
    "le": "<=", "leq": "<=", "leqslant": "<=", "ge": ">=", "geq": ">=", "geqslant": ">=", "lt": "<", "gt": ">",
    "ne": "!=", "neq": "!=", "land": "&", "wedge": "&", "lor": "or", "vee": "or", "lnot": "not", "neg": "not",
    "partial": "∂", "nabla": "∇", "prime": "'", "mid": "|", "vert": "|", "lvert": "|", "rvert": "|", "lbrace": "{",
    "rbrace": "}", "lbrack": "[", "rbrack": "]", "Vert": "‖", "lVert": "‖", "rVert": "‖", "langle": "⟨",
    "rangle": "⟩", "sum": "∑", "prod": "∏", "infty": "∞", "top": "ᵀ", "intercal": "ᵀ", "colon": ":",
}
ARROWS = frozenset({
    "Rightarrow", "Leftrightarrow", "implies", "iff", "to", "rightarrow", "Longrightarrow", "Longleftrightarrow",
    "longrightarrow", "leftrightarrow", "approx", "equiv", "propto", "sim", "simeq", "leadsto", "mapsto",
})
DOTS = frozenset({"dots", "ldots", "cdots", "dotsc", "dotsb", "vdots", "ddots"})
NAMES = {**{name: name for name in GREEK.values()}, "varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi",
         "varsigma": "sigma", "varrho": "rho"}
FONTS = frozenset({"mathrm", "operatorname", "text", "mathit", "mathsf", "mathbf", "mathbb", "mathds", "mathbbm",
                   "textrm", "textbf", "textit", "boldsymbol", "bm", "mathcal", "vec", "pmb", "symbf", "mbox",
                   "textnormal", "boxed"})
HEAVY = frozenset({"mathbf", "mathbb", "mathds", "mathbbm", "boldsymbol", "bm", "pmb", "symbf"})  # of 1: ones
MARKS = {"hat": "_hat", "widehat": "_hat", "bar": "_bar", "overline": "_bar", "tilde": "_tilde",
         "widetilde": "_tilde", "dot": "_dot"}
FRACTIONS = frozenset({"frac", "dfrac", "tfrac", "cfrac"})

_SPECIAL = re.compile(r"[\\&$~]|\{,\}|[.,](?=\s*(?:\\\\|\\end|[}&]))")
_COMMAND = re.compile(r"\\(?:([A-Za-z]+)\*?|(.))", re.DOTALL)
_DELIMITER = re.compile(r"\\(left|right|middle) ?\.")  # the one that is not printed
_NEW_ROW = re.compile(r"\\\\(?:\[ ?-?[0-9.]{1,6} ?[a-z]{2} ?\])?")
_ENVIRONMENT = re.compile(r"\\(begin|end) ?\{([A-Za-z]{1,12})\*?\}")
_WORD = re.compile(r"\\(?:text|mathrm|operatorname|textrm|mbox|mathsf|textnormal|textsf)\*? ?"
                   r"\{ *([A-Za-z_ ]{0,24}?) *\}")


def is_latex(text: str) -> bool:
    """Whether a text is LaTeX by the look of it: a backslash, dollars, or the decimal comma {,}."""
    return "\\" in text or "{,}" in text or "$" in text


def unwrapped(text: str, latex: bool) -> str:
    r"""A formula without the point or comma of the sentence around it, in LaTeX without $ and \[ either.

    >>> unwrapped(r"$$ x^2. $$", True), unwrapped("2x + 1.", False)
    ('x^2', '2x + 1')
    """
    low, high, points = 0, len(text), 0
    while low < high:
        pair = text[max(low, high - 2) : high]
        if text[low].isspace() or (latex and text[low] == "$"):
            low += 1
        elif text[high - 1].isspace() or (latex and text[high - 1] == "$"):
            high -= 1
        elif latex and text[low : low + 2] in (r"\(", r"\["):
            low += 2
        elif latex and pair in (r"\)", r"\]"):
            high -= 2
        elif pair[-1] in ".," and pair[0] != "\\" and not points:
            high, points = high - 1, 1
        else:
            break
    return text[low:high]


def tokenize_latex(text: str, lang: str = "en") -> list[Token]:
    r"""Tokens of LaTeX source (already `normal`), the last of kind "end".

    >>> " ".join(t.text for t in tokenize_latex(r"\frac{1}{2}\sigma'(w_{1}x)"))
    "( ( 1 ) / ( 2 ) ) sigma ' ( w_{1} x ) "
    """
    reader = Reader(text, lex(text, lang), lang)
    return [*reader.all(), Token("end", "", len(text), end=len(text))]


def lex(text: str, lang: str) -> list[Token]:
    """Flat tokens; a command is of kind "cmd", `&` and a double backslash of kind "cell"."""
    found: list[Token] = []
    place = 0
    while place < len(text):
        special = _SPECIAL.match(text, place)
        if special is None:
            following = _SPECIAL.search(text, place)
            stop = following.start() if following else len(text)
            found += [replace(t, start=t.start + place, end=t.end + place) for t in _plain(text, place, stop, lang)]
            place = stop
            continue
        token = _command(text, place, found) if text[place] == "\\" else _sign(special[0], place)
        found.append(token)
        place = token.end
    return found


def _sign(text: str, place: int) -> Token:
    if text == "&":
        return Token("cell", "&", place, end=place + 1)
    if text == "{,}":
        return Token("op", ",", place, end=place + 3)
    return Token("skip", text, place, end=place + 1)


def _plain(text: str, start: int, stop: int, lang: str) -> list[Token]:
    try:
        return tokenize(text[start:stop], lang)[:-1]
    except ParseError as error:
        raise ParseError(error.reason, text, start + (error.position or 0)) from None


def _command(text: str, place: int, before: list[Token]) -> Token:
    if environment := _ENVIRONMENT.match(text, place):
        return Token("cmd", f"{environment[1]} {environment[2]}", place, end=environment.end())
    if word := _WORD.match(text, place):
        raised = [t.text for t in before[-2:]]
        turn = word[1] in ("T", "t") and (raised[-1:] == ["^"] or raised == ["^", "{"])
        return Token("op", "ᵀ", place, end=word.end()) if turn else Token("word", word[1], place, end=word.end())
    if nothing := _DELIMITER.match(text, place):
        return Token("skip", nothing[1], place, end=nothing.end())
    if row := _NEW_ROW.match(text, place):
        return Token("cell", "\\\\", place, end=row.end())
    command = _COMMAND.match(text, place)
    if command is None:
        return Token("cmd", "", place, end=place + 1)
    if command[2] is not None and command[2] in "{}|":
        return Token("op", "‖" if command[2] == "|" else command[2], place, end=command.end())
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
        if token.kind == "op" and token.text == "{":
            inner = self.group("{", "}", depth)
            if not inner and self.peek("op", "^"):  # {}^tA
                return [token, replace(token, text="}")]
            return [token, *inner, replace(token, text="}", start=self.tokens[self.at - 1].start,
                                           end=self.tokens[self.at - 1].end)] if inner else []
        self.at += 1
        if token.kind == "skip":
            return []
        if token.kind == "word":
            return [replace(token, kind="name")] if token.text else []
        if token.kind == "cell":
            self.fail(token, "expected_operator", got=repr(token.text))
        if token.kind == "cmd":
            return self.command(token, depth)
        if token.kind == "op" and token.text == "^" and (primes := self.primes()):
            return [replace(token, text="'")] * primes
        return [token]

    def peek(self, kind: str, text: str, ahead: int = 0) -> bool:
        place = self.at + ahead
        return place < len(self.tokens) and (self.tokens[place].kind, self.tokens[place].text) == (kind, text)

    def primes(self) -> int:
        r"""^\prime and ^{\prime\prime}: how many primes stand here, taken."""
        braces = int(self.peek("op", "{"))
        count = 0
        while self.peek("cmd", "prime", braces + count):
            count += 1
        if not count or (braces and not self.peek("op", "}", braces + count)):
            return 0
        self.at += count + 2 * braces
        return count

    def command(self, token: Token, depth: int) -> list[Token]:
        name = token.text
        if name in SKIP:
            return self.sized(token, depth)
        if name in OPERATORS:
            return [replace(token, kind="op", text=OPERATORS[name])]
        if name in NAMES:
            return [replace(token, kind="name", text=NAMES[name])]
        if name in FRACTIONS:
            above, below = self.argument(token, depth), self.argument(token, depth)
            return self.fraction(token, above, below)
        if name == "sqrt":
            return self.root(token, depth)
        if name in FONTS:
            return self.font(token, depth)
        if name in MARKS:
            return self.marked(token, depth)
        if name.startswith("begin "):
            return environment(self, token, depth)
        for words, phrase in ((ARROWS, "arrow"), (DOTS, "ellipsis")):
            if name in words:
                self.fail(token, phrase)
        known = name.lower() not in SHORT and (function_named(name) or array_function_named(name))
        if not known and name not in ("tr", "det", "sh", "ch", "th"):
            self.fail(token, "command", name=safe("\\" + name))
        return [replace(token, kind="name", text=name)]

    def sized(self, token: Token, depth: int) -> list[Token]:
        r"""\left( is a bracket; \left\{ before an array begins cases."""
        if token.text == "left" and self.peek("op", "{") and self.peek("cmd", "begin array", 1):
            self.at += 2
            return environment(self, replace(token, kind="cmd", text="begin arraycases"), depth)
        return []

    @staticmethod
    def op(token: Token, text: str) -> Token:
        return Token("op", text, token.start, end=token.end)

    def bracketed(self, token: Token, inner: list[Token]) -> list[Token]:
        return [self.op(token, "("), *inner, self.op(token, ")")]

    def fraction(self, token: Token, above: list[Token], below: list[Token]) -> list[Token]:
        return self.bracketed(token, [*self.bracketed(token, above), self.op(token, "/"),
                                      *self.bracketed(token, below)])

    def argument(self, token: Token, depth: int) -> list[Token]:
        """What a command applies to: a group in braces, or one token; of a number one digit, of a name one letter."""
        while self.at < len(self.tokens) and self.tokens[self.at].kind == "skip":
            self.at += 1
        if self.at >= len(self.tokens):
            self.fail(None, "expected_value", got=say(self.lang, "end"))
        first = self.tokens[self.at]
        if first.kind == "op" and first.text == "{":
            return self.group("{", "}", depth)
        if (first.kind == "num" and len(first.text) > 1 and first.text.isdigit()) or (
                first.kind == "name" and len(first.text) > 1):
            self.tokens[self.at : self.at + 1] = _pieces(first, self.lang)
        return self.one(depth + 1)

    def group(self, opening: str, closing: str, depth: int) -> list[Token]:
        r"""The tokens between two brackets; of {a \over b} the fraction."""
        if depth > MAX_DEPTH:
            raise LimitExceeded(say(self.lang, "too_deep", limit=MAX_DEPTH))
        start = self.tokens[self.at]
        self.at += 1
        inner: list[Token] = []
        above: list[Token] | None = None
        while self.at < len(self.tokens):
            here = self.tokens[self.at]
            if here.kind == "op" and here.text == closing:
                self.at += 1
                return inner if above is None else self.fraction(start, above, inner)
            if here.kind == "cmd" and here.text == "over" and above is None:
                self.at += 1
                above, inner = inner, []
                continue
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

    def font(self, token: Token, depth: int) -> list[Token]:
        inner = self.argument(token, depth)
        if token.text in HEAVY and [t.text for t in inner] == ["1"]:
            return [replace(inner[0], kind="op", text="𝟏")]
        return inner

    def marked(self, token: Token, depth: int) -> list[Token]:
        r"""\hat{y}, \hat y_i, \hat{y_i}: the mark belongs to the letter, before its index."""
        inner = self.argument(token, depth)
        if len(inner) == 3 and inner[1].text == "_":
            inner = [replace(inner[0], text=f"{inner[0].text}_{inner[2].text}")]
        if len(inner) != 1 or inner[0].kind != "name":
            self.fail(token, "unknown_name", name=safe("\\" + token.text), known="—")
        base, subscript = cut(inner[0].text) or (inner[0].text, "")
        text = base + MARKS[token.text] + (f"_{{{subscript}}}" if subscript else "")
        return [Token("name", text, token.start, end=self.tokens[self.at - 1].end)]


def _pieces(token: Token, lang: str) -> list[Token]:
    """12 as 1 and 2, y_i as y and _i: what one unbraced argument takes, and the rest."""
    rest = tokenize(token.text[1:], lang)[:-1]
    first = tokenize(token.text[0], lang)[0]
    return [replace(t, start=t.start + token.start + shift, end=t.end + token.start + shift)
            for shift, tokens in ((0, [first]), (1, rest)) for t in tokens]
