"""Numbers as students write them: 3, −1/2, 0,333, 1.2e-3, 2·3 + 1, √2, e^{-2}; vectors and matrices of such.

The parser of answers reads each number, with no symbols, so that nothing is ever evaluated as Python. A value is an
exact rational, or the middle of a ball (128 bits) far smaller than any tolerance.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ..checking.deciding.core import Pool
from ..checking.deciding.evaluate import Evaluator, Undefined, Unsure
from ..checking.reading.parse import parse
from ..checking.reading.tokens import MAX_BYTES
from ..checking.reading.tree import Tree, show
from ..errors import LimitExceeded, ParseError
from ..formula import number_text
from .phrases import say

PRECISIONS = (128, 1024)
MOST_ENTRIES = 400
NOISE = Fraction(1, 10**12)  # relative: what a truth in floats may be off by

_DECIMAL = re.compile(r"[+-]?(\d*)(?:[.,](\d*))?")
_MATRIX = re.compile(r"\\begin\{([pbBv]?matrix|array)\}(?:\{[lcr|]*\})?(.*)\\end\{\1\}", re.DOTALL)
_TURNED = re.compile(r"(?:\^\{?(?:T|\\top|\\intercal|⊤)\}?|\.T|⊤|')$")
_SPACED_SIGN = re.compile(r"\s[-+*/^]\s")


class NoValue(Exception):
    """The text is read, and has no value: 1/0, ln(−1)."""


@dataclass(frozen=True)
class Numbers:
    """What was read: `entries` in rows, of `shape`; `decimals` after the point where all are plain decimals."""

    entries: tuple[Fraction, ...]
    shape: tuple[int, ...]
    shown: str
    decimals: int | None = None

    @property
    def value(self) -> Any:
        """A Fraction, or an array of float64."""
        if not self.shape:
            return self.entries[0]
        return np.array([float(e) for e in self.entries]).reshape(self.shape)


def read_numbers(text: str, lang: str = "en", shape: tuple[int, ...] = ()) -> list[Numbers]:
    """The numbers of an answer: the links of `2·4 = 8`, one by one. `shape` is that of the right answer.

    Raises ParseError or LimitExceeded for what cannot be read, NoValue for what has no value.

    >>> [n.value for n in read_numbers("2·3 + 1/2")], [n.value for n in read_numbers("-0,25", "fr")]
    ([Fraction(13, 2)], [Fraction(-1, 4)])
    >>> read_numbers("[1, 2; 3, 1/2]", shape=(2, 2))[0].value.tolist()
    [[1.0, 2.0], [3.0, 0.5]]
    """
    if len(text) > MAX_BYTES:
        raise LimitExceeded(say(lang, "too_long", limit=MAX_BYTES))
    if not shape and not _looks_like_rows(text):
        links = parse(text, (), lang=lang).links
        return [_number(link, piece, lang) for link, piece in zip(links, text.split("=")[-len(links):])]
    return [_array(link.strip(), lang, shape) for link in text.split("=")]


def _number(link: Tree, text: str, lang: str) -> Numbers:
    return Numbers((_value(link),), (), show(link, lang, 60), _decimals(text))


def _value(tree: Tree) -> Fraction:
    """The exact value of a tree without symbols, or the middle of a tight ball. Raises NoValue."""
    if tree.number is not None:
        return tree.number
    core = Pool().lower(tree)
    for precision in PRECISIONS:
        try:
            value = Evaluator({}, precision).value(core)
        except Undefined:
            raise NoValue from None
        except Unsure:
            continue
        return fraction_of(value)
    raise NoValue


def fraction_of(value: Any) -> Fraction:
    """The exact rational of the evaluator, or the middle of its ball."""
    if not hasattr(value, "rad"):
        return Fraction(int(value.p), int(value.q))
    mantissa, exponent = value.mid().man_exp()
    return int(mantissa) * Fraction(2) ** int(exponent)


def _decimals(text: str) -> int | None:
    """Digits after the point of a plain decimal with a point, or with two digits at least."""
    found = _DECIMAL.fullmatch(text.strip().replace("−", "-"))
    if not found:
        return None
    after = found[2] or ""
    return len(after) if len((found[1] + after).lstrip("0")) > 1 or after else None


# -- arrays -----------------------------------------------------------------------------------------------------


def _looks_like_rows(text: str) -> bool:
    return "matrix}" in text or text.lstrip().startswith("[[")


def _array(text: str, lang: str, shape: tuple[int, ...]) -> Numbers:
    """The reading that has as many entries as the right answer; the first one where none has."""
    turned = bool(_TURNED.search(text))
    body = _TURNED.sub("", text).strip()
    found = list(_readings(body, lang))
    rows = next((r for r in found if _size(r) == math.prod(shape) and _shape(r) is not None), found[0])
    array = _numbers(rows, lang, text)
    entries, size, decimals = array
    if turned and len(size) == 2:
        grid = np.arange(len(entries)).reshape(size).T
        entries, size = tuple(entries[i] for i in grid.ravel()), (size[1], size[0])
    return Numbers(entries, size, _shown(entries, size, lang), decimals)


def _readings(body: str, lang: str, depth: int = 3) -> Iterator[Any]:
    """Ways to take a text apart into nested lists of the texts of its entries, at most `depth` deep."""
    body = re.sub(r"\\left|\\right|\\,|\\!|\$", "", body).strip()
    if matrix := _MATRIX.fullmatch(body):
        rows = [r for r in re.split(r"\\\\", matrix[2]) if r.strip()]
        yield [[entry.strip() for entry in row.split("&")] for row in rows]
        return
    if len(body) < 2 or body[0] + body[-1] not in ("[]", "()") or not _encloses(body) or not depth:
        yield body
        return
    yield from _rows(body[1:-1].strip(), lang, depth - 1)


def _rows(inner: str, lang: str, depth: int) -> Iterator[Any]:
    pieces = split(inner, ",;")
    if all(p[:1] in ("[", "(") and p[-1:] in ("]", ")") and _encloses(p) for p in pieces):
        ways = [list(_readings(p, lang, depth)) for p in pieces]
        for i in range(max(map(len, ways))):
            yield [way[min(i, len(way) - 1)] for way in ways]
        return
    rows = split(inner, ";")
    # In French a comma between digits is decimal; one with a blank after it parts two entries.
    for commas in ((r",\s+", ",") if lang == "fr" else (",",)):
        listed = [_entries(row, commas) for row in rows]
        if max(map(len, listed)) > 1:
            yield listed if len(rows) > 1 else listed[0]
    yield [row.strip() for row in rows]


def _entries(row: str, comma: str) -> list[str]:
    pieces = [p.strip() for p in re.split(comma, row)] if comma != "," else split(row, ",")
    if len(pieces) == 1 and not _SPACED_SIGN.search(pieces[0]) and "(" not in row:
        pieces = row.split()
    return pieces or [""]


def split(text: str, marks: str) -> list[str]:
    """Cut at the marks that stand in no bracket."""
    pieces, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if c in marks and depth == 0:
            pieces.append(text[start:i].strip())
            start = i + 1
    return [*pieces, text[start:].strip()]


def _encloses(text: str) -> bool:
    """Whether the first bracket closes at the very end."""
    depth = 0
    for i, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if depth == 0:
            return i == len(text) - 1
    return False


def _size(rows: Any) -> int:
    return sum(map(_size, rows)) if isinstance(rows, list) else 1


def _numbers(rows: Any, lang: str, text: str) -> tuple[tuple[Fraction, ...], tuple[int, ...], int | None]:
    if _size(rows) > MOST_ENTRIES:
        raise LimitExceeded(say(lang, "many_entries", limit=MOST_ENTRIES))
    shape = _shape(rows)
    if shape is None:
        raise ParseError(say(lang, "ragged"))
    leaves = _leaves(rows)
    entries = []
    for i, leaf in enumerate(leaves):
        try:
            entries.append(_value(parse(leaf, (), lang=lang).links[-1]))
        except ParseError as error:
            if not shape:
                raise
            raise ParseError(say(lang, "entry", place=i + 1, why=error.reason), leaf, error.position) from None
    digits = [_decimals(leaf) for leaf in leaves]
    known = [d for d in digits if d is not None]
    return tuple(entries), shape, min(known) if known else None


def _shape(rows: Any) -> tuple[int, ...] | None:
    """The shape of nested lists, None where they are uneven."""
    if not isinstance(rows, list):
        return ()
    inner = {_shape(r) for r in rows}
    only = inner.pop() if len(inner) == 1 else None
    return None if only is None else (len(rows), *only)


def _leaves(rows: Any) -> list[str]:
    return [leaf for r in rows for leaf in _leaves(r)] if isinstance(rows, list) else [rows]


def show_numbers(value: Any, lang: str = "en") -> str:
    """A Fraction, float or array as a student would write it.

    >>> show_numbers(Fraction(-1, 3)), show_numbers(0.5, "fr"), show_numbers(np.array([[1.0, 2.5], [0.0, 3.0]]))
    ('-1/3', '0,5', '[1, 2.5; 0, 3]')
    """
    if isinstance(value, np.ndarray) and value.ndim:
        entries = tuple(Fraction(float(v)) if math.isfinite(v) else Fraction(0) for v in value.ravel())
        return _shown(entries, value.shape, lang)
    return _one(value, lang)


def _one(value: Any, lang: str) -> str:
    if isinstance(value, Fraction) and value.denominator != 1 and max(abs(value.numerator), value.denominator) < 1000 \
            and 1000 % value.denominator:
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, Fraction) and abs(value) > 10**300:
        return "10^300" if lang else ""
    return number_text(float(value), "unicode", lang, digits=6).replace("−", "-").replace("\u2009", "")


def _shown(entries: Sequence[Fraction], shape: tuple[int, ...], lang: str) -> str:
    comma = "; " if lang == "fr" else ", "
    texts = [_one(e, lang) for e in entries]
    if not shape:
        return texts[0]
    if len(shape) == 1:
        return f"[{comma.join(texts)}]"
    if len(shape) > 2 or len(texts) > 60:
        return " × ".join(map(str, shape))
    rows = [texts[i : i + shape[1]] for i in range(0, len(texts), shape[1])]
    if lang == "fr":
        return "[" + "; ".join(f"[{comma.join(row)}]" for row in rows) + "]"
    return "[" + "; ".join(comma.join(row) for row in rows) + "]"


# -- comparing --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tolerance:
    """Relative to the right number. Where that is 0 there is nothing to be relative to, and an answer may be off by
    the tolerance times `scale`: the largest right number of its question, at most 1."""

    relative: Fraction
    scale: Fraction = Fraction(1)

    @staticmethod
    def of(relative: float | Fraction, values: Sequence[Any] = ()) -> Tolerance:
        """The tolerance of a question whose right numbers are `values`."""
        sizes = [abs(e) for v in values for e in entries_of(v) if e is not None]
        largest = max(sizes, default=Fraction(0)) or Fraction(1)
        return Tolerance(Fraction(repr(relative) if isinstance(relative, float) else relative), min(largest,
                                                                                                Fraction(1)))

    def allows(self, got: Fraction, need: Fraction, exact: bool) -> bool:
        """Whether `got` is near enough to `need`, which is exact or a float's.

        >>> Tolerance(Fraction(1, 1000)).allows(Fraction("0.333"), Fraction(1, 3), True)
        True
        """
        noise = 0 if exact else NOISE * max(abs(need), self.scale)
        if abs(need) <= noise:
            return abs(got) <= self.relative * self.scale + noise
        allowed = self.relative * (abs(need) if need else self.scale)
        return abs(got - need) <= allowed + noise

    @property
    def digits(self) -> int | None:
        """Significant digits to which a rounded answer is always near enough; None where none is.

        >>> Tolerance(Fraction(1, 1000)).digits, Tolerance(Fraction(5, 100)).digits
        (4, 2)
        """
        if not self.relative:
            return None
        return next(k for k in range(1, 400) if Fraction(1, 2) * Fraction(10) ** (1 - k) <= self.relative)


def entries_of(value: Any) -> list[Fraction | None]:
    """The entries of a number or array as exact fractions; None for one that is not finite."""
    if isinstance(value, Fraction):
        return [value]
    flat = np.asarray(value, dtype="float64").ravel()
    return [Fraction(float(v)) if math.isfinite(v) else None for v in flat]


@dataclass(frozen=True)
class Comparison:
    """`outcome` is same, differ, shape or rounded; `flags` such as transposed_layout; `place` of the first entry
    that differs, from 0."""

    outcome: str
    flags: tuple[str, ...] = ()
    place: tuple[int, ...] = ()


def compare(got: Numbers, need: Any, tolerance: Tolerance, layout: str = "any") -> Comparison:
    """Entry by entry; in the layout that is asked: "denominator" as the parameter, "numerator" its transpose.

    >>> compare(read_numbers("[1, 3]", shape=(2,))[0], np.array([1.0, 2.0]), Tolerance(Fraction(0))).place
    (1,)
    """
    exact, shape = isinstance(need, Fraction), tuple(np.shape(need))
    right = entries_of(need)
    direct = _compared(got, right, shape, tolerance, exact)
    if len(shape) < 2 or 1 in shape:
        return direct
    turned = _compared(got, entries_of(np.asarray(need).T), shape[::-1], tolerance, exact)
    if layout == "denominator":
        return Comparison("layout", ("transposed_layout",)) if _only(turned, direct) else direct
    if layout == "numerator":
        return Comparison("layout", ("transposed_layout",)) if _only(direct, turned) else turned
    if _only(turned, direct):
        return Comparison("same", ("transposed_layout",))
    return turned if direct.outcome == "shape" else direct


def _only(one: Comparison, other: Comparison) -> bool:
    return one.outcome == "same" and other.outcome != "same"


def _compared(got: Numbers, need: list[Fraction | None], shape: tuple[int, ...], tolerance: Tolerance,
              exact: bool) -> Comparison:
    if _squeezed(got.shape) != _squeezed(shape):
        return Comparison("shape")
    bad = [i for i, (a, t) in enumerate(zip(got.entries, need))
           if t is None or not tolerance.allows(a, t, exact)]
    if not bad:
        return Comparison("same")
    place = tuple(int(i) for i in np.unravel_index(bad[0], shape)) if shape else ()
    unit = None if got.decimals is None else Fraction(10) ** -got.decimals
    near = unit is not None and all(t is not None and a and abs(a - t) < unit
                                    for a, t in ((got.entries[i], need[i]) for i in bad))
    return Comparison("rounded" if near else "differ", (), place)


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A column, a row and a plain vector are the same numbers."""
    return tuple(s for s in shape if s != 1)
