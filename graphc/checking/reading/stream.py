"""The state of one reading: the tokens, the place, and what is open around it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from ...errors import LimitExceeded, ParseError
from ..phrases import safe, say
from .names import Names, cut
from .tokens import Token
from .tree import MAX_DEPTH, Tree

# Binding strengths, weakest first.
OR, AND, NOT, RELATION, SUM, PRODUCT, SIGN, BARE, POWER = 10, 20, 25, 30, 40, 50, 55, 60, 70
STRENGTH = {"or": OR, "&": AND, "<": RELATION, "<=": RELATION, ">": RELATION, ">=": RELATION, "!=": RELATION,
            "=": RELATION, "+": SUM, "-": SUM, "*": PRODUCT, "·": PRODUCT, "⊙": PRODUCT, "@": PRODUCT, "/": PRODUCT,
            "j": PRODUCT, "^": POWER, "**": POWER, ".^": POWER, "ᵀ": POWER, ".T": POWER}
CLOSING = {"(": ")", "[": "]", "{": "}", "|": "|", "‖": "‖", "⟨": "⟩", "⟦": "⟧"}
CLOSERS = frozenset(")]}⟩⟧")
OPENERS = frozenset("([{⟨⟦")
IF_WORDS = frozenset({"if", "si", "when", "quand", "for", "pour", "lorsque"})
OTHERWISE = frozenset({"otherwise", "sinon", "else", "autrement", "ailleurs", "elsewhere"})
CASE_WORDS = IF_WORDS | OTHERWISE


class Stream:
    """Tokens with a place; `expression` and `value` are the parser's."""

    def __init__(self, text: str, tokens: list[Token], names: Names, lang: str, declare: bool) -> None:
        self.text, self.tokens, self.names, self.lang, self.declare = text, tokens, names, lang, declare
        self.at = self.depth = self.brackets = 0
        self.bars = False  # an absolute value is open
        self.norm = ""  # the sign that closes the norm that is open
        self.tight = False  # under a fraction bar or a bare function: where a sum ends matters
        self.letters = False  # among indices, where a letter that nobody declared is an index
        self.listing = False  # among arguments, which commas separate
        self.decimal_comma = lang == "fr"
        self.bound: dict[str, int] = {}  # indices of the sums around
        self._letters: frozenset[str] | None = None
        self.ready: dict[int, Tree] = {}
        self.flags: set[str] = set()

    def expression(self, strength: int) -> Tree:
        """Everything from here that binds at least as strongly as `strength`."""
        raise NotImplementedError

    def climb(self, left: Tree, strength: int) -> Tree:
        """What has been read, with all that follows and binds at least as strongly."""
        raise NotImplementedError

    def operand(self) -> Tree:
        """One operand, without the operators that follow it."""
        raise NotImplementedError

    def operator(self) -> str | None:
        """The operator that stands here, "j" for an unwritten product."""
        raise NotImplementedError

    def value(self) -> Tree:
        """A whole expression, `a if c else b` included."""
        raise NotImplementedError

    def condition(self, a: Tree) -> Tree:
        """What was read, as a condition."""
        raise NotImplementedError

    # -- tokens ---------------------------------------------------------------------------------------------

    @property
    def here(self) -> Token:
        return self.tokens[self.at]

    def ahead(self, steps: int) -> Token:
        return self.tokens[min(self.at + steps, len(self.tokens) - 1)]

    def take(self, text: str) -> bool:
        if self.here.kind == "op" and self.here.text == text:
            self.at += 1
            return True
        return False

    def is_op(self, text: str, ahead: int = 0) -> bool:
        token = self.ahead(ahead)
        return token.kind == "op" and token.text == text

    def opens(self, ahead: int = 0) -> bool:
        token = self.ahead(ahead)
        return token.kind == "op" and token.text in OPENERS

    def adjacent(self) -> bool:
        """Whether no blank stands before this token."""
        return self.at > 0 and self.tokens[self.at - 1].end == self.here.start

    def ends_here(self) -> bool:
        """Whether a word such as `if` or `otherwise` stands here."""
        token = self.here
        if token.kind != "name" or token.text.lower() not in CASE_WORDS or self.names.find(token.text):
            return False
        return not (self.is_op("(", 1) and self.separators(self.at + 2))  # if(z > 0; x; 0) is a function

    def double_bar(self) -> bool:
        """Whether || begins here."""
        return self.is_op("|") and self.is_op("|", 1) and self.here.end == self.ahead(1).start

    def expect(self, text: str) -> None:
        if not self.take(text):
            self.unexpected("expected_value")

    # -- refusing -------------------------------------------------------------------------------------------

    def fail(self, phrase: str, *, place: int | None = None, **parts: object) -> NoReturn:
        start = self.here.start if place is None else place
        raise ParseError(say(self.lang, phrase, **parts), self.text, start)

    def unexpected(self, phrase: str) -> NoReturn:
        token = self.here
        reasons = {",": "comma", ";": "semicolon", ":": "colon", "'": "prime", "∂": "partial", "∇": "partial"}
        got = say(self.lang, "end") if token.kind == "end" else repr(safe(token.text))
        self.fail(reasons.get(token.text, phrase) if token.kind == "op" else phrase, got=got)

    def index_letters(self) -> frozenset[str]:
        """Letters that stand below a declared array somewhere in the text: i of x_i, free or not."""
        if self._letters is None:
            parts = [cut(t.text) for t in self.tokens if t.kind == "name" and self.names.arrays]
            self._letters = frozenset(c for p in parts if p and self.names.array(p[0]) for c in p[1] if c.isalpha())
        return self._letters

    def close(self, opening: Token, close: str) -> None:
        """Take the closing bracket, or say what stands there instead."""
        if self.take(close):
            return
        if self.here.kind == "op" and self.here.text in ",;:":
            self.unexpected("comma")
        at_end = self.here.kind == "end"
        got = say(self.lang, "end") if at_end else repr(safe(self.here.text))
        self.fail("unclosed", open=repr(opening.text), close=repr(close), got=got,
                  place=opening.start if at_end else None)

    # -- what is open ---------------------------------------------------------------------------------------

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise LimitExceeded(say(self.lang, "too_deep", limit=MAX_DEPTH))

    @contextmanager
    def inside(self, *, decimal: bool | None = None, bars: bool = False, norm: str = "", letters: bool | None = None,
               listing: bool = False) -> Iterator[None]:
        """Within brackets, where bars, norms, sums and commas begin anew."""
        saved = self.bars, self.norm, self.tight, self.letters, self.listing, self.decimal_comma
        self.bars, self.norm, self.tight, self.letters, self.listing = (
            bars, norm, False, self.letters if letters is None else letters, listing)
        self.decimal_comma = self.lang == "fr" if decimal is None else decimal
        self.brackets += 1
        yield
        self.brackets -= 1
        self.bars, self.norm, self.tight, self.letters, self.listing, self.decimal_comma = saved

    @contextmanager
    def binding(self, indices: list[str]) -> Iterator[None]:
        """Where these names are indices of a sum, whatever else they name outside it."""
        for name in indices:
            self.bound[name] = self.bound.get(name, 0) + 1
        yield
        for name in indices:
            self.bound[name] -= 1
            if not self.bound[name]:
                del self.bound[name]

    def tightly(self, strength: int) -> Tree:
        """An operand after which more may follow that does not belong to it."""
        saved, self.tight = self.tight, True
        found = self.expression(strength)
        self.tight = saved
        return found

    def read_already(self, start: int, tree: Tree) -> None:
        """What stands from `start` to here has been read: it becomes one token, that nothing be read twice."""
        first, last = self.tokens[start], self.tokens[self.at - 1]
        self.tokens[start : self.at] = [Token("tree", "(…)", first.start, end=last.end)]
        self.ready[first.start] = tree
        self.at = start

    # -- looking ahead --------------------------------------------------------------------------------------

    def condition_follows(self) -> bool:
        """Whether the brackets that open here hold a comparison of their own, as in [z > 0] or {[z > 0]}."""
        level, wanted = 0, 0
        for place in range(self.at, len(self.tokens)):
            token = self.tokens[place]
            if token.kind != "op" or token.text == "|":
                if level == 0:
                    return False
                continue
            if token.text in OPENERS:
                level += 1
                wanted += place == self.at + wanted
            elif token.text in CLOSERS:
                level -= 1
                wanted = min(wanted, level)
            elif 0 < level <= wanted and (token.text == "not" or STRENGTH.get(token.text) in (OR, AND, RELATION)):
                return True
            if level == 0:
                return False
        return False

    def separators(self, start: int | None = None) -> list[int]:
        """The places of the commas and semicolons of the brackets that were opened just before."""
        found: list[int] = []
        level = 0
        for place in range(self.at if start is None else start, len(self.tokens)):
            token = self.tokens[place]
            if token.kind != "op":
                continue
            level += (token.text in OPENERS) - (token.text in CLOSERS)
            if level < 0:
                break
            if level == 0 and token.text in (",", ";"):
                found.append(place)
        return found

    def is_decimal_comma(self, place: int) -> bool:
        """Whether digits stand right before and behind the comma at this place."""
        before, comma, after = self.tokens[place - 1 : place + 2]
        digits = before.text.isdigit() and before.kind == "num" and after.kind == "num" and after.text.isdigit()
        return digits and comma.start == before.end and after.start == comma.end
