"""Left sides: ∂L/∂W_{ij} =, ∇_W L =, f'(x) =, w̄ =, δ^{[2]} =, dw1 =."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .names import Names, cut
from .stream import CLOSERS, OPENERS
from .tokens import Token, key
from .totals import WORDS

MAX_LEFT = 60
_NAME = re.compile(r"[^\W\d]")
_TOTALS = {(word,) for word in WORDS}  # sum_i = 1^N begins a sum
_LETTERS = frozenset("ijklmnpqrs")  # that a name which nobody declared has below it as indices
_BARS = ("_bar", "\u0304")


@dataclass(frozen=True)
class LeftSide:
    """`df/dw1` on the left of an equals sign: function and variable as typed, where they are given.

    `indices` are the free indices in order, of the function before those of the variable:
    ("i", "j") of ∂p_i/∂z_j. `adjoint` says that it is written as an adjoint: w̄, δ^{[2]}.
    """

    function: str | None
    variable: str | None
    start: int = 0
    indices: tuple[str, ...] = ()
    adjoint: bool = False


def left_side(tokens: list[Token], names: Names, adjoints: Mapping[str, str],
              segmented: Callable[[str], bool]) -> tuple[LeftSide, int] | None:
    """The left side that the tokens begin with, and how many tokens it takes with its equals sign."""
    stop = _equals(tokens)
    if stop is None:
        return None
    side = Side(tokens[:stop], names, adjoints, segmented).read()
    return (side, stop + 1) if side else None


def looks_like_one(tokens: list[Token]) -> bool:
    """Whether a derivative stands before an equals sign, in a form that is not read."""
    stop = _equals(tokens)
    return stop is not None and any(t.kind == "op" and t.text in ("∂", "∇") for t in tokens[:stop])


def _equals(tokens: list[Token]) -> int | None:
    """The place of the first equals sign outside brackets."""
    level = 0
    for place, token in enumerate(tokens[:MAX_LEFT]):
        if token.kind != "op":
            continue
        level += (token.text in OPENERS) - (token.text in CLOSERS)
        if token.text == "=" and level == 0:
            return place
    return None


class Side:
    """The tokens of a left side without brackets, and what they may name."""

    def __init__(self, tokens: list[Token], names: Names, adjoints: Mapping[str, str],
                 segmented: Callable[[str], bool]) -> None:
        self.names, self.segmented = names, segmented
        self.adjoints = {key(name): of for name, of in adjoints.items()}
        self.start = tokens[0].start if tokens else 0
        self.below = len(tokens) > 1 and tokens[1].text == "_"  # ∇_x, not ∇f
        brackets = ("(", ")", "{", "}", "_")
        self.tokens = [t for t in _without_arguments(tokens) if t.kind == "sup" or t.text not in brackets]

    def read(self) -> LeftSide | None:
        texts = [t.text for t in self.tokens]
        if (operator := self.operator(texts)) is not None:
            return operator
        if not texts or any(t.kind not in ("name", "op") for t in self.tokens):
            return None
        if "/" in texts:
            return self.quotient(texts)
        if texts[0] in ("∇", "grad") or (texts[0] == "∂" and self.below):
            return self.gradient(texts[1:])
        if (parts := cut(texts[0])) and parts[0] == "grad":
            self.below = True
            return self.gradient([parts[1], *texts[1:]])
        if texts[0] == "d" and len(texts) == 2 and self.names.find(self.parted(texts[1])[0] or ""):
            return self.side(None, texts[1])
        if "'" in texts:
            return self.primed(texts)
        return self.alone(texts[0]) if len(texts) == 1 else None

    def side(self, function: str | None, variable: str | None, adjoint: bool = False) -> LeftSide:
        above, first = self.parted(function)
        below, second = self.parted(variable)
        return LeftSide(above, below, self.start, (*first, *second), adjoint)

    def parted(self, text: str | None) -> tuple[str | None, tuple[str, ...]]:
        """A name and the indices below it, where they are no part of a declared name."""
        parts = cut(text) if text else None
        if text is None or parts is None or self.names.find(text):
            return text, ()
        array = self.names.array(parts[0])
        letters = "," in parts[1] or (len(parts[1]) <= 3 and set(parts[1]) <= _LETTERS)
        if array is None and not letters:
            return text, ()
        indices = parts[1].split(",") if "," in parts[1] else [parts[1]]
        axes = self.names.arrays.get(array) if array else None
        if not self.names.find(parts[1]) and "," not in parts[1] and (not parts[1].isdigit() or axes == len(parts[1])):
            indices = list(parts[1])
        return parts[0], tuple(indices)

    # -- the forms ------------------------------------------------------------------------------------------

    def quotient(self, texts: list[str]) -> LeftSide | None:
        """∂f/∂x, dL/dw, d/dw f."""
        place = texts.index("/")
        above, below = self.differential(texts[:place]), self.differential(texts[place + 1 :])
        if above is None or below is None or not below or len(above) > 1 or len(below) + len(above) > 2:
            return None
        function = (above + below[1:])[:1]
        if not all(_NAME.match(t) for t in (*function, below[0])):
            return None
        return self.side(function[0] if function else None, below[0])

    def operator(self, texts: list[str]) -> LeftSide | None:
        """∂/∂A of a formula written out, which is not looked at: what follows it is the answer."""
        if len(texts) < 5 or texts[0] not in ("d", "∂") or texts[1] != "/":
            return None
        below = self.differential(texts[2:])
        return self.side(None, below[0]) if below and len(below) > 2 and _NAME.match(below[0]) else None

    def differential(self, texts: list[str]) -> list[str] | None:
        """What stands after ∂ or d."""
        if not texts:
            return None
        if texts[0] in ("∂", "d"):
            return texts[1:]
        if len(texts[0]) > 1 and texts[0][0] == "d":
            return [texts[0][1:], *texts[1:]]
        return None

    def gradient(self, texts: list[str]) -> LeftSide | None:
        """∇_x f, ∇f, ∇_x."""
        if len(texts) > 2 or not all(_NAME.match(t) for t in texts):
            return None
        if len(texts) == 2:
            return self.side(texts[1], texts[0])
        if not texts:
            return LeftSide(None, None, self.start)
        return self.side(None, texts[0]) if self.below else self.side(texts[0], None)

    def primed(self, texts: list[str]) -> LeftSide | None:
        """f'(x), f'."""
        if len(texts) not in (2, 3) or texts[1] != "'" or not _NAME.match(texts[0]):
            return None
        variable = texts[2] if len(texts) == 3 else None
        if len(texts) == 2 and self.names.array(texts[0]):
            return None  # a transpose
        return self.side(texts[0], variable) if variable is None or _NAME.match(variable) else None

    def alone(self, text: str) -> LeftSide | None:
        """w̄, δ^{[2]}, dw1, or a name that nobody declared."""
        if not _NAME.match(text) or self.names.find(text) or self.segmented(text) or (cut(text) or "")[:1] in _TOTALS:
            return None
        if key(text) in self.adjoints:
            return self.side(None, self.adjoints[key(text)], True)
        if (barred := self.barred(text)) is not None:
            return self.side(None, barred, True)
        base = self.parted(text[1:])[0] or ""
        if text[0] == "d" and len(text) > 1 and self.names.find(base):
            return self.side(None, text[1:])
        name, indices = self.parted(text)
        if name is not None and self.names.array(name):
            return None  # x_i = ... is a link
        adjoint = self.adjoints.get(key(name or ""))
        return LeftSide(None, adjoint, self.start, indices, adjoint is not None)

    def barred(self, text: str) -> str | None:
        """w of w̄, where w is declared."""
        for bar in _BARS:
            head, found, rest = unicodedata.normalize("NFD", text).partition(bar)
            if found and self.names.find(self.parted(head + rest)[0] or ""):
                return head + rest
        return None


def _without_arguments(tokens: list[Token]) -> list[Token]:
    """f(w, x) as f: a list of names in brackets right behind a name, but not behind a prime."""
    found: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        end = _arguments_end(tokens, place) if token.text == "(" and found and _takes_arguments(found[-1]) else None
        if found and found[-1].text == ")" and end != len(tokens):
            end = None  # (∂f)/(∂x)(x, y), and nothing behind it
        place = end if end is not None else place + 1
        if end is None:
            found.append(token)
    return found


def _takes_arguments(token: Token) -> bool:
    return token.text == ")" or (token.kind == "name" and token.text not in ("d", "grad"))


def _arguments_end(tokens: list[Token], place: int) -> int | None:
    end = place + 1
    while end < len(tokens) and (tokens[end].kind == "name" or tokens[end].text in (",", ";")):
        end += 1
    return end + 1 if end < len(tokens) and tokens[end].text == ")" else None
