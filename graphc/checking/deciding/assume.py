"""What is assumed of symbols: which points count, and what a proof may use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from ...errors import InputError
from .core import Core, Pool

WORDS = ("positive", "nonnegative", "negative", "nonpositive", "nonzero", "integer", "symmetric",
         "distribution", "real")
FORMS = ("symmetric", "distribution")  # equal to its transpose; adds up to 1 along the last axis
_BOUND = re.compile(r"(>|<|>=|<=)\s*(-?\d{1,12}(?:\.\d{1,12})?)")
_AS_BOUND = {"positive": (">", Fraction(0)), "nonnegative": (">", Fraction(0)), "negative": ("<", Fraction(0)),
             "nonpositive": ("<", Fraction(0))}


class Assumptions:
    """By name: words such as "positive" and "integer", or bounds such as "> 1".

    An assumption on an array holds for each entry. Raises InputError for an unknown one.

    >>> a = Assumptions({"x": ("positive",), "n": ("integer", "> 1")})
    >>> a.adjust("x[0,1]", Fraction(-1, 2)), a.adjust("n", Fraction(2, 3))
    (Fraction(1, 2), Fraction(2, 1))
    """

    def __init__(self, given: Mapping[str, Sequence[str]] | None = None) -> None:
        self.bounds: dict[str, list[tuple[str, Fraction]]] = {}
        self.whole: set[str] = set()
        self.nonzero: set[str] = set()
        self.forms: dict[str, str] = {}  # arrays whose entries depend on each other
        for name, words in (given or {}).items():
            for word in (words,) if isinstance(words, str) else words:
                self._take(name, word)

    def _take(self, name: str, word: str) -> None:
        found = _BOUND.fullmatch(str(word).strip())
        if word in _AS_BOUND or found:
            bound = (found[1][0], Fraction(found[2])) if found else _AS_BOUND[word]
            self.bounds.setdefault(name, []).append(bound)
        elif word == "integer":
            self.whole.add(name)
        elif word == "nonzero":
            self.nonzero.add(name)
        elif word in FORMS:
            self.forms[name] = word
        elif word != "real":
            raise InputError(f"check: no assumption {str(word)[:40]!r} for {name}; choose from {', '.join(WORDS)}, "
                             "or a bound such as '> 1'")

    def __bool__(self) -> bool:
        return bool(self.bounds or self.whole or self.nonzero or self.forms)

    def adjust(self, symbol: str, value: Fraction) -> Fraction:
        """A value near this one, or its mirror image, that keeps what is assumed of the symbol."""
        name = symbol.partition("[")[0]
        step = Fraction(1) if name in self.whole else Fraction(1, 8)
        if name in self.whole:
            value = Fraction(round(value))
        if self.forms.get(name) == "distribution":  # four such entries leave something positive to the last one
            value = (abs(value) + step) / (4 * (1 + abs(value)) + 1)
        for way, bound in self.bounds.get(name, ()):
            side = 1 if way == ">" else -1
            if (value - bound) * side <= 0:
                value = bound + side * max(abs(value - bound), step)
            if name in self.whole:
                value = Fraction(round(value)) if (round(value) - bound) * side > 0 else Fraction(int(bound) + side)
        return step if value == 0 and name in self.nonzero else value

    def conditions(self, pool: Pool, symbols: Sequence[str]) -> list[Core]:
        """Nodes that have a value only where the bounds hold: the logarithm of the distance to each."""
        found = []
        for symbol in symbols:
            for way, bound in self.bounds.get(symbol.partition("[")[0], ()):
                x = pool.node("sym", value=symbol)
                distance = pool.sub(x, pool.num(bound)) if way == ">" else pool.sub(pool.num(bound), x)
                found.append(pool.fn("log", distance))
        return found
