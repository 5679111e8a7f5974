"""What is said of an answer: the verdict, its counterexample, and both as text, HTML and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from html import escape
from typing import Any

from .deciding.decide import Decision, Witness
from .deciding.evaluate import flint, show_value
from .diagnosing.words import Finding
from .phrases import say
from .reading.tree import show_number
from .shapes.elaborate import NOTED

MAX_SHOWN = 16  # entries of an array in a counterexample
NOTES = frozenset({"differs_only_at_kink", "domain_narrower", "ambiguous_division", "transposed_layout",
                   "matrix_product", "entrywise", "indices_in_order", "targets_sum_to_one"}) | NOTED


@dataclass(frozen=True)
class Counterexample:
    """An exact rational point, and both values there as text ("undefined" where there is none).

    Arrays are nested lists in the point and rows between brackets in the text; `entry` is the place, counted from
    0, at which the two differ, and `sizes` are those of the named dimensions.
    """

    point: Mapping[str, Any]
    answer: str
    derivative: str
    entry: tuple[int, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    at_entry: tuple[str, str] = ("", "")  # both values there
    close: bool = False  # the values agree to nine digits

    def __str__(self) -> str:
        return f"{self.shown()}: {self.answer} ≠ {self.derivative}"

    def shown(self, lang: str = "en") -> str:
        separator = "; " if lang == "fr" else ", "
        values = [f"{name} = {_shown(value, lang)}" for name, value in self.point.items()]
        return separator.join([*(f"{name} = {size}" for name, size in self.sizes.items()), *values])

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold: exact numbers as text."""
        facts: dict[str, Any] = {"point": {k: _exact(v) for k, v in self.point.items()}, "answer": self.answer,
                                 "derivative": self.derivative}
        return facts | ({"entry": list(self.entry)} if self.entry else {}) | (
            {"sizes": dict(self.sizes)} if self.sizes else {})


@dataclass
class Verdict:
    """What was found out about an answer; `print(v)` is what a student reads."""

    status: str
    certainty: str
    read_as: str = ""
    counterexample: Counterexample | None = None
    diagnosis: list[Finding] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    lang: str = "en"
    told: str = ""  # the certainty in the student's language
    failing: str = ""  # of a chain a = b = c, the link that fails

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """What a student reads, line by line."""
        lines = [say(self.lang, self.status)]
        if self.status == "invalid":
            return [*lines, self.told]
        if self.read_as:
            lines.append(say(self.lang, "i_read", text=self.read_as))
        if self.failing:
            lines.append(say(self.lang, "link", text=self.failing))
        if self.counterexample:
            lines += self._difference(self.counterexample)
        else:
            lines.append(self._reason())
        lines += [f.message for f in self.diagnosis]
        misplaced = {"transposed_layout"} if self.status == "wrong" else set()  # which is the reason, then
        return lines + [say(self.lang, flag) for flag in sorted(self.flags - misplaced) if flag in NOTES]

    def _reason(self) -> str:
        if self.status == "wrong":
            return f"{self.told}."
        return say(self.lang, "why" if self.status == "undecided" else "how", text=self.told)

    def _difference(self, c: Counterexample) -> list[str]:
        lines = [say(self.lang, "at_point", point=c.shown(self.lang), got=c.answer, need=c.derivative)]
        if c.entry:
            place = ", ".join(str(i + 1) for i in c.entry)
            lines.append(say(self.lang, "at_entry", place=place, got=c.at_entry[0], need=c.at_entry[1]))
        return lines

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold; the numbers of a counterexample are exact, as text.

        >>> Verdict("correct", "proved", "2·x", told="proved").to_json()["message"]
        'Correct.\\nI read: 2·x\\nHow sure: proved.'
        """
        return {
            "status": self.status, "certainty": self.certainty, "read_as": self.read_as,
            "counterexample": self.counterexample and self.counterexample.to_json(),
            "diagnosis": [{"kind": d.kind, "where": str(d.where), "message": d.message} for d in self.diagnosis],
            "flags": sorted(self.flags), "message": str(self),
        }  # fmt: skip

    def _repr_html_(self) -> str:
        """The lines of `print(v)`, escaped: an answer is untrusted text."""
        first, *rest = (escape(line).replace("\n", "<br>") for line in self.lines())
        body = "".join(f"<p>{line}</p>" for line in rest)
        return f'<div class="graphc-verdict" data-status="{escape(self.status)}"><p><b>{first}</b></p>{body}</div>'


# -- from a decision ---------------------------------------------------------------------------------------------------


def certainty_of(decision: Decision, lang: str) -> str:
    """Exactly what was established, sizes included."""
    counts: dict[str, Any] = {"points": decision.points, "cells": decision.cells, **decision.parts}
    if decision.certainty == "shapes":
        return say(lang, "shapes", **{k: _shape_words(v, lang) for k, v in decision.parts.items()})
    text = say(lang, decision.certainty, **counts)
    if not decision.sizes or decision.certainty == "layout":
        return text
    sizes = _sizes_words(decision, lang)
    if decision.status == "correct":
        text = say(lang, "proved_entries" if decision.certainty == "proved" else "entries", text=text)
    elif decision.certainty != "counterexample":
        return text
    text += say(lang, "for_sizes", sizes=sizes) if sizes else ""
    names = f" {say(lang, 'and')} ".join(decision.drawn)
    return text + (say(lang, "drawn", names=names) if names and decision.status == "correct" else "")


def _sizes_words(decision: Decision, lang: str) -> str:
    """N = 2, d = 3 and N = 3, d = 2, with 784 as 4."""
    joint = f" {say(lang, 'and')} "
    choices = dict.fromkeys(", ".join(f"{n} = {v}" for n, v in s.items()) for s in decision.sizes)
    stood_in = [say(lang, "stood_in", size=a, small=joint.join(map(str, b))) for a, b in decision.replaced.items()]
    return ", ".join([joint.join(c for c in choices if c), *stood_in] if any(choices) else stood_in)


def _shape_words(shape: Sequence[object], lang: str) -> str:
    """A number, a vector of 3, 3×4."""
    if not shape:
        return say(lang, "a_number")
    return say(lang, "a_vector", size=shape[0]) if len(shape) == 1 else "×".join(map(str, shape))


def counterexample_of(witness: Witness | None, lang: str, used: Sequence[str] | None = None) -> Counterexample | None:
    """The witness as text; of arrays, the point keeps what both sides `used`."""
    if witness is None:
        return None
    point = {n: v for n, v in witness.point.items() if used is None or n in used}
    both = (witness.got, witness.need)
    got, need = (_value(v, lang) for v in both)
    at_entry = [_value(_element(v, witness.entry), lang) for v in both]
    return Counterexample(point, got, need, witness.entry, witness.sizes, (at_entry[0], at_entry[1]), _close(*both))


def _close(a: Any, b: Any) -> bool:
    if isinstance(a, list):
        return all(_close(x, y) for x, y in zip(a, b))
    if a is None or b is None:
        return a is b
    x, y = flint().arb(a), flint().arb(b)
    return bool(abs(x - y) <= abs(y) * flint().arb(10) ** -9)


def _element(value: Any, entry: Sequence[int]) -> Any:
    for i in entry:
        value = value[i]
    return value


def _value(value: Any, lang: str) -> str:
    if isinstance(value, list):
        return _rows(value, lang, _value)
    return say(lang, "undefined") if value is None else show_value(value, lang)


def _shown(value: Any, lang: str) -> str:
    return _rows(value, lang, _shown) if isinstance(value, list) else show_number(value, lang)


def _rows(value: list[Any], lang: str, entry: Any) -> str:
    """[1, 2, 3], [1, 2; 3, 4]; in French [1 ; 2 ; 3] and [1 2 ; 3 4], as the comma is decimal."""
    if _size(value) > MAX_SHOWN:
        return "[…]"
    between = {"en": ", ", "fr": " ; "}[lang]
    if not value or any(not isinstance(row, list) or any(isinstance(e, list) for e in row) for row in value):
        return f"[{between.join(entry(e, lang) for e in value)}]"
    within, below = {"en": (", ", "; "), "fr": (" ", " ; ")}[lang]
    return f"[{below.join(within.join(entry(e, lang) for e in row) for row in value)}]"


def _size(value: Any) -> int:
    return sum(map(_size, value)) if isinstance(value, list) else 1


def _exact(value: Any) -> Any:
    return [_exact(v) for v in value] if isinstance(value, list) else str(Fraction(value))
