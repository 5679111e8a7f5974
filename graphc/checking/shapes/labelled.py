"""Values on the way from a formula to a graph: arrays whose leading axes may carry the name of an index.

x_i is x with its axis called i; W_{ij} x_j is a product over the axes {i, j}; Σ_j sums the axis j away. What is
left are the value's own axes, and a vector may lie as a row, which its array does not know.
Sizes that only the surroundings settle (I in I + A, 1 in 1ᵀx) are unknowns: `Unknowns` unifies them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from string import ascii_letters
from typing import Any

from ...dims import Dim, Size, size_names
from ...errors import LimitExceeded, ParseError, ShapeError
from ...ir import OPS, Expr, lift, postorder
from ...lang import einsum
from ..phrases import safe, say
from ..reading.tree import Tree, show

MAX_ENTRIES = 20_000  # of a value, declared sizes past SMALL counting as SMALL
SMALL = 6
MAX_LITERAL = 100  # of a size typed as a number
MAX_AGAIN = 100


class ShapeFault(ShapeError):
    """Shapes that do not fit, said to a student: `phrase` and `parts` (in the language of `lang`) make the text."""

    def __init__(self, phrase: str, lang: str = "en", **parts: object) -> None:
        self.phrase, self.parts, self.lang = phrase, parts, lang
        super().__init__(say(lang, phrase, **parts))


class Again(Exception):
    """A size that was unknown has just been settled: the formula is gone through once more with it."""


class Unknowns:
    """Sizes to be found, by the place that asks for them. A size is settled once, for good."""

    def __init__(self) -> None:
        self.names: dict[object, str] = {}
        self.wanted: dict[str, str] = {}  # by name, those that some value has been built with: what they stand for
        self.found: dict[str, Size] = {}

    def size(self, place: object, what: str) -> Size:
        """The size that belongs to a place in the formula; `what` is how the formula calls it (I, 1, i)."""
        name = self.names.setdefault(place, f"?{len(self.names)}")
        if name not in self.found:
            self.wanted[name] = what
        return self.found.get(name, Dim.named(name))

    def settle(self, size: Size, other: Size) -> bool:
        """Whether `size` is an unknown that can be `other`; then it is. Raises Again if a value was built without."""
        name = size.name if isinstance(size, Dim) else None
        if name not in self.names.values() or name is None or name in size_names(other):
            return False
        self.found[name] = other
        for known, value in self.found.items():
            if isinstance(value, Dim) and value.name == name:
                self.found[known] = other
        if self.wanted.pop(name, None) is not None:
            raise Again
        return True

    def known(self, place: object) -> Size | None:
        return self.found.get(self.names.get(place, ""))

    def set(self, place: object, what: str, size: Size) -> None:
        """The size of a place, known now."""
        name = self.names.setdefault(place, f"?{len(self.names)}")
        self.settle(Dim.named(name), size)

    def fits(self, a: Size, b: Size) -> bool:
        """Whether the two sizes are one, an unknown becoming the other."""
        return a == b or self.settle(a, b) or self.settle(b, a)


@dataclass(frozen=True, eq=False, slots=True)
class Value:
    """`data` with one axis for each of `names`, in their order, and then its own; a Python number has none.

    `row` says that a vector lies as a row. `factors` are those of a product of numbers with index names,
    from which Σ makes a contraction. `tree` is what was read, for the words of an error.
    """

    data: Any
    tree: Tree
    names: tuple[str, ...] = ()
    row: bool = False
    factors: tuple[Value, ...] = ()

    @property
    def shape(self) -> tuple[Size, ...]:
        """Sizes of its own axes."""
        return self.data.shape[len(self.names) :] if isinstance(self.data, Expr) else ()

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def expr(self) -> Expr:
        return lift(self.data, "parse")


@dataclass
class Building:
    """What goes with one elaboration: the names, the unknown sizes, what to warn about."""

    leaf: Callable[[str], Expr]
    lang: str = "en"
    star: str = "elementwise"
    unknowns: Unknowns = field(default_factory=Unknowns)
    flags: set[str] = field(default_factory=set)
    entries: int = MAX_ENTRIES
    declared: frozenset[Size] = frozenset()  # sizes that symbols have, which may be typed as numbers however large

    def fits(self, a: Size, b: Size) -> bool:
        return self.unknowns.fits(a, b)

    def show(self, tree: Tree) -> str:
        return safe(show(tree, self.lang), 80)

    def fault(self, phrase: str, **parts: object) -> ShapeFault:
        """A ShapeFault in the language of the reader; trees and values among the parts are written out."""
        return ShapeFault(phrase, self.lang, **{k: self._said(v) for k, v in parts.items()})

    def unread(self, phrase: str, **parts: object) -> ParseError:
        """What cannot be read so at all, whatever the shapes."""
        return ParseError(say(self.lang, phrase, **{k: self._said(v) for k, v in parts.items()}))

    def _said(self, part: object) -> object:
        if isinstance(part, Value):
            return self.show(part.tree)
        return self.show(part) if isinstance(part, Tree) else part

    def shape_words(self, value: Value) -> str:
        """a number, a vector of 3, a row of 3, 3×4."""
        sizes = [self.size_words(s) for s in value.shape]
        if len(sizes) < 2:
            kind = "number" if not sizes else "row" if value.row else "vector"
            return say(self.lang, f"shape_{kind}", size=sizes[0] if sizes else "")
        return "×".join(sizes)

    def size_words(self, size: Size) -> str:
        return "n" if isinstance(size, Dim) and str(size).startswith("?") else str(size)

    def made(self, data: Any, tree: Tree, names: Sequence[str] = (), row: bool = False) -> Value:
        """A value; a row is one only where it has one axis of its own."""
        row = row and isinstance(data, Expr) and data.ndim == len(names) + 1
        return Value(data, tree, tuple(names), row)

    def bounded(self, expr: Expr) -> Expr:
        """The graph, refused where a value of it has more entries than an answer may ask for.

        Declared sizes cost no more than a few entries each: they can be made small, those that are typed cannot.
        """
        for node in postorder([expr]):
            count = prod(self._weight(s) for s in node.shape if isinstance(s, int))
            if node.args and count > self.entries:
                raise LimitExceeded(say(self.lang, "too_many_entries", got=count, limit=self.entries))
        return expr

    def _weight(self, size: int) -> int:
        if size <= SMALL:
            return size
        if size in self.declared:
            return SMALL
        pairs = any(isinstance(d, int) and d and size % d == 0 and size // d in self.declared for d in self.declared)
        return min(size, SMALL**2) if pairs else size


# -- axes ------------------------------------------------------------------------------------------------------


def union(values: Sequence[Value]) -> tuple[str, ...]:
    """The index names of several values, in order of appearance."""
    return tuple(dict.fromkeys(n for v in values for n in v.names))


def spread(value: Value, names: Sequence[str], rank: int) -> Any:
    """The data laid out to broadcast over axes of these names and `rank` own axes."""
    if not isinstance(value.data, Expr) or not (names and value.data.ndim):
        return value.data
    x = reordered(value, [n for n in names if n in value.names])
    own = value.shape
    sizes = dict(zip(value.names, value.data.shape))
    if not value.names:
        return x
    named = [sizes.get(n, 1) for n in names[list(names).index(next(n for n in names if n in value.names)) :]]
    wide = (*named, *[1] * (rank - len(own)), *own)
    return x if wide == x.shape else OPS["reshape"](x, shape=wide)


def reordered(value: Value, names: Sequence[str]) -> Expr:
    """The data with its named axes in this order."""
    order = [value.names.index(n) for n in names]
    if order == sorted(order):
        return value.expr
    axes = (*order, *range(len(names), value.data.ndim))
    return OPS["transpose"](value.expr, axes=axes)


def aligned(values: Sequence[Value]) -> tuple[tuple[str, ...], list[Any]]:
    """Their common index names, and the data of each so that they broadcast as NumPy's arrays do."""
    names = union(values)
    rank = max(v.rank for v in values)
    return names, [spread(v, names, rank) for v in values]


def contracted(values: Sequence[Value], own: Sequence[str], out: str, tree: Tree, building: Building) -> Value:
    """The Einstein sum of values over their own axes, `own` naming these by upper-case letters; index names stay."""
    names = union(values)
    letter = dict(zip(names, ascii_letters[:26]))
    terms = ["".join(letter[n] for n in v.names) + o for v, o in zip(values, own)]
    text = f"{','.join(terms)}->{''.join(letter.values())}{out}"
    return building.made(einsum(text, *(v.expr for v in values)), tree, names)


def multiplied(building: Building, values: Sequence[Value], tree: Tree) -> Value:
    """The product of numbers, with index names or without, left to right."""
    names, data = aligned(values)
    result = data[0]
    for d in data[1:]:
        result = result * d
    if not names:
        return Value(result, tree)
    made = building.made(result, tree, names)
    factors = tuple(f for v in values for f in (v.factors or (v,)))
    return Value(made.data, tree, names, factors=factors)


def summed(building: Building, value: Value, name: str, tree: Tree) -> Value:
    """Σ over an index that the value has: of a product, the contraction of those factors that have it."""
    factors = value.factors or (value,)
    inside = [f for f in factors if name in f.names]
    if len(factors) == 1 or value.rank:
        return Value(_sum_axis(value, name), tree, _without(value.names, name), value.row)
    first = factors.index(inside[0])
    product = _contract(building, inside, name, tree)
    rest = [f for f in factors if name not in f.names]
    before = sum(1 for f in factors[:first] if name not in f.names)
    kept = [*rest[:before], product, *rest[before:]]
    return multiplied(building, kept, tree) if rest else product


def _contract(building: Building, inside: Sequence[Value], name: str, tree: Tree) -> Value:
    if len(inside) == 1:
        return Value(_sum_axis(inside[0], name), tree, _without(inside[0].names, name))
    names = union(inside)
    letter = dict(zip(names, ascii_letters))
    out = _without(names, name)
    terms = ["".join(letter[n] for n in f.names) for f in inside]
    text = f"{','.join(terms)}->{''.join(letter[n] for n in out)}"
    return Value(building.made(einsum(text, *(f.expr for f in inside)), tree, out).data, tree, out)


def _sum_axis(value: Value, name: str) -> Expr:
    axis = value.names.index(name)
    return OPS["sum"](value.expr, axis=None if value.data.ndim == 1 else axis, keepdims=False)


def _without(names: Sequence[str], name: str) -> tuple[str, ...]:
    return tuple(n for n in names if n != name)

