"""Index notation: x_i, W_{i,j+1}, δ_{ij}, Σ_{i=1}^{N}, Π. An index is the name of an axis until Σ sums it away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import lang
from ..dims import Dim, Size, size_names
from ..errors import GraphcError, LimitExceeded
from ..ir import OPS, Expr, const, size_node
from . import rows
from .elementwise import elementwise
from .labelled import Building, Value, aligned, reordered, summed
from .phrases import say
from .tree import Tree, nodes

MAX_TERMS = 10**4  # values of an index that are written out
MAX_OPEN = 12  # indices at one place
FULL = slice(None)


@dataclass(frozen=True, eq=False)
class Range:
    """What an index runs over: from `low` to `high`, or over the whole of the axes it is used on."""

    name: str
    place: object
    low: Size | None = None
    high: Size | None = None

    def length(self, building: Building) -> Size:
        """How many values it takes."""
        if self.low is not None and self.high is not None:
            return self.high - self.low + 1
        return building.unknowns.size(self.place, self.name)


Scope = Mapping[str, Range]


@dataclass(frozen=True)
class Affine:
    """A position: a whole number times each index, and a constant."""

    terms: tuple[tuple[str, int], ...]
    constant: Size


# -- reading positions ---------------------------------------------------------------------------------------


def position(building: Building, tree: Tree, scope: Scope) -> Affine | Expr | None:
    """Where an index points: an Affine, an integer of the graph, or None for a full slice. Raises ParseError."""
    if tree.head == "sym" and tree.value == ":":
        return None
    done: dict[int, Affine | Expr | None] = {}
    for node in nodes(tree):
        done[id(node)] = _position(building, node, [done[id(a)] for a in node.args], scope)
    found = done[id(tree)]
    if found is None:
        raise building.unread("index_form", text=tree)
    return found


def _position(building: Building, node: Tree, args: Sequence[Any], scope: Scope) -> Affine | Expr | None:
    if node.number is not None:
        return Affine((), int(node.number)) if node.number.denominator == 1 and abs(node.number) < 2**31 else None
    if node.head == "sym":
        name = str(node.value)
        return Affine(((name, 1),), 0) if name in scope else _declared(building, name)
    if not args or not all(isinstance(a, Affine) for a in args):
        return None
    if node.head == "add":
        return _affine([(a, 1) for a in args])
    if node.head == "neg":
        return _affine([(args[0], -1)])
    whole = [a.constant for a in args if not a.terms and isinstance(a.constant, int)]
    if node.head == "mul" and len(args) == 2 and whole:
        other = args[1] if not args[0].terms and isinstance(args[0].constant, int) else args[0]
        return _affine([(other, whole[0])])
    return None


def _affine(parts: Sequence[tuple[Affine, int]]) -> Affine:
    terms: dict[str, int] = {}
    constant: Size = 0
    for part, factor in parts:
        constant = constant + part.constant * factor
        for name, c in part.terms:
            terms[name] = terms.get(name, 0) + c * factor
    return Affine(tuple((n, c) for n, c in terms.items() if c), constant)


def _declared(building: Building, name: str) -> Affine | Expr:
    """A name among the positions that no Σ binds: a size, or an integer of the graph."""
    try:
        node = building.leaf(name)
    except (KeyError, GraphcError):
        raise building.unread("unbound_index", name=name) from None
    if node.op.name == "size":
        return Affine((), node.attrs[0])
    if node.op.name == "const" and node.ndim == 0 and not node.type.is_float:
        return Affine((), int(node.attrs[0].value))
    if node.ndim == 0 and not node.type.is_float:
        return node
    raise building.unread("unbound_index", name=name)


def bounds(building: Building, tree: Tree, scope: Scope) -> Range:
    """The range of a Σ or a Π. Raises ParseError for bounds that are no sizes, LimitExceeded for too many terms."""
    name = str(tree.value)
    if len(scope) >= MAX_OPEN:
        raise LimitExceeded(say(building.lang, "too_many_open", limit=MAX_OPEN))
    if len(tree.args) < 3:
        return Range(name, (id(tree), name))
    low, high = (position(building, a, scope) for a in tree.args[1:3])
    for found in (low, high):
        if not isinstance(found, Affine) or found.terms:
            raise building.unread("range_form", name=name)
    assert isinstance(low, Affine) and isinstance(high, Affine)
    count = high.constant - low.constant + 1
    if isinstance(count, int) and count < 0:
        raise building.unread("range_empty", name=name, low=str(low.constant), high=str(high.constant))
    return Range(name, (id(tree), name), low.constant, high.constant)


# -- entries -----------------------------------------------------------------------------------------------


def index(building: Building, tree: Tree, base: Value, scope: Scope) -> Value:
    """The entries that subscripts name. Raises ShapeFault for those that the value does not have, ParseError."""
    places = [position(building, t, scope) for t in tree.args[1:]]
    if len(places) > base.rank:
        raise building.fault("too_many_indices", name=base, shape=building.shape_words(base), got=len(places))
    first = len(base.names)
    labels: list[tuple[str, ...] | None] = [*((n,) for n in base.names), *[()] * base.rank]
    entries: list[Any] = [FULL] * len(labels)
    gathered: list[tuple[int, Affine]] = []
    for axis, place in enumerate(places, first):
        _place(building, tree, base, scope, axis, place, entries, labels, gathered)
    x = base.expr if all(e is FULL for e in entries) else base.expr[tuple(entries)]
    for axis, place in reversed(gathered):
        x, labels = _taken(building, tree, x, axis, place, scope, labels)
    names = [n for group in labels if group is not None for n in (group or ("",))]
    return _leading(building, tree, x, names)


def _place(building: Building, tree: Tree, base: Value, scope: Scope, axis: int, place: Affine | Expr | None,
           entries: list[Any], labels: list[tuple[str, ...] | None], gathered: list[tuple[int, Affine]]) -> None:
    """One subscript: what it takes from its axis, and what the axis is called then."""
    if place is None:
        return
    size, text = base.data.shape[axis], tree.args[1 + axis - len(base.names)]
    if isinstance(place, Expr):
        entries[axis], labels[axis] = place, None
    elif not place.terms:
        entries[axis], labels[axis] = _at(building, tree, base, place.constant, size, text), None
    elif place.terms == ((place.terms[0][0], 1),):
        name = place.terms[0][0]
        entries[axis], labels[axis] = _along(building, tree, base, scope[name], place.constant, size), (name,)
    else:
        gathered.append((axis - sum(1 for e in labels[:axis] if e is None), place))


def _at(building: Building, tree: Tree, base: Value, constant: Size, size: Size, text: Tree) -> int:
    """A position that is no index name, counted from 0."""
    here = constant - _first(tree)
    if isinstance(here, int) and here < 0 and not _first(tree):
        here = here + size  # x[-1], the last
    behind = here - size
    if isinstance(here, int) and (here < 0 or (isinstance(behind, int) and behind >= 0)):
        raise building.fault("out_of_range", name=base, size=building.size_words(size), index=text,
                             first=_first(tree))
    if isinstance(here, int):
        return here
    if isinstance(behind, int) and behind < 0:
        return behind
    raise building.unread("index_form", text=text)


def _first(tree: Tree) -> int:
    """What the first entry is called: 1 in x_1, 0 in x[0]."""
    return 1 if tree.value == "1" else 0


def _along(building: Building, tree: Tree, base: Value, run: Range, shift: Size, size: Size) -> slice:
    """The part of an axis that an index runs along."""
    if run.low is None or run.high is None:
        if shift != 0:
            raise building.unread("no_range", name=run.name)
        if not building.fits(_settled(building, run, size), size):
            raise building.fault("index_lengths", index=run.name, name=base, size=building.size_words(size),
                                 other=building.size_words(run.length(building)))
        return FULL
    start, stop = run.low + shift - _first(tree), run.high + shift - _first(tree) + 1
    rest = size - stop
    if any(isinstance(s, int) and s < 0 for s in (start, rest)) or not isinstance(rest, int):
        raise building.fault("range_beyond", index=run.name, name=base, size=building.size_words(size),
                             low=building.size_words(start + _first(tree)),
                             high=building.size_words(stop + _first(tree) - 1))
    return FULL if start == 0 and rest == 0 else slice(start, stop)


def _settled(building: Building, run: Range, size: Size) -> Size:
    """The length of a range that its first use settles."""
    if building.unknowns.known(run.place) is None and not _open(building, size):
        building.unknowns.set(run.place, run.name, size)
    return run.length(building)


def _open(building: Building, size: Size) -> bool:
    return any(n.startswith("?") for n in size_names(size))


def _taken(building: Building, tree: Tree, x: Expr, axis: int, place: Affine, scope: Scope,
           labels: list[tuple[str, ...] | None]) -> tuple[Expr, list[tuple[str, ...] | None]]:
    """Entries at positions that several indices make, as in x_{i+j-1}: all of them are known numbers."""
    names = tuple(n for n, _ in place.terms)
    at: Any = place.constant if isinstance(place.constant, int) else None
    for k, (name, c) in enumerate(place.terms):
        run = scope[name]
        length = run.length(building)
        low = run.low if run.low is not None else _first(tree)
        if at is None or not isinstance(length, int) or not isinstance(low, int):
            raise building.unread("no_range", name=name)
        _few(building, at.size * length if isinstance(at, np.ndarray) else length)
        values = low + np.arange(length)
        at = at + c * values.reshape(-1, *[1] * (len(names) - k - 1))
    at = at - _first(tree)
    size = x.shape[axis]
    if at.size and (at.min() < 0 or (isinstance(size, int) and at.max() >= size)):
        raise building.fault("range_beyond", index=", ".join(names), name=tree.args[0], size=building.size_words(size),
                             low=str(at.min() + _first(tree)), high=str(at.max() + _first(tree)))
    kept = [g for g in labels if g is not None]
    kept[axis : axis + 1] = [(n,) for n in names]
    return lang.take(x, const(at), axis=axis), list(kept)


def _leading(building: Building, tree: Tree, x: Expr, names: Sequence[str]) -> Value:
    """The value with its named axes first; an index that stands twice runs along the diagonal."""
    ahead = tuple(dict.fromkeys(n for n in names if n))
    if len([n for n in names if n]) == len(ahead) and names == [*ahead, *[""] * (len(names) - len(ahead))]:
        return _entries(x, tree, ahead)
    letters: dict[str, str] = {n: chr(ord("a") + k) for k, n in enumerate(ahead)}
    term = [letters[n] if n else chr(ord("A") + k) for k, n in enumerate(names)]
    out = [*letters.values(), *(c for c, n in zip(term, names) if not n)]
    for k, n in enumerate(names):
        first = names.index(n)
        if n and first < k and not building.fits(x.shape[first], x.shape[k]):
            raise building.fault("index_lengths", index=n, name=tree.args[0], size=building.size_words(x.shape[k]),
                                 other=building.size_words(x.shape[first]))
    return _entries(lang.einsum(f"{''.join(term)}->{''.join(out)}", x), tree, ahead)


def _entries(x: Expr, tree: Tree, names: tuple[str, ...]) -> Value:
    return Value(x, tree, names)


# -- the values of an index, δ ---------------------------------------------------------------------------------


def counted(building: Building, tree: Tree, run: Range) -> Value:
    """The index itself as a number: i in Σ i²."""
    low = 1 if run.low is None else run.low
    length = run.length(building)
    _few(building, length)
    return Value(lang.arange(low, low + length, dtype="float64"), tree, (run.name,))


def _few(building: Building, count: Size) -> None:
    if isinstance(count, int) and count > MAX_TERMS:
        raise LimitExceeded(say(building.lang, "too_many_terms", got=count, limit=MAX_TERMS))


def delta(building: Building, tree: Tree, scope: Scope) -> Value:
    """δ_{ij}: 1 where the two positions are equal, else 0."""
    places = [position(building, a, scope) for a in tree.args]
    runs = [_whole(scope, p) for p in places]
    if all(runs) and runs[0] is not runs[1]:
        i, j = (r for r in runs if r is not None)
        return building.made(identity(i.length(building), j.length(building)), tree, (i.name, j.name))
    found = [_number(building, a, p, scope) for a, p in zip(tree.args, places)]
    return elementwise(building, tree, found, lambda d: OPS["equal"](d[0], d[1]).astype("float64"))


def _whole(scope: Scope, place: Affine | Expr | None) -> Range | None:
    """The range that a position runs over from its first value, itself unchanged."""
    if not isinstance(place, Affine) or len(place.terms) != 1 or place.terms[0][1] != 1 or place.constant != 0:
        return None
    run = scope[place.terms[0][0]]
    return run if run.low in (None, 1) else None


def _number(building: Building, tree: Tree, place: Affine | Expr | None, scope: Scope) -> Value:
    """A position as a value."""
    if place is None:
        raise building.unread("index_form", text=tree)
    if isinstance(place, Expr):
        return Value(place + 1, tree)  # labels of the graph count from 0, subscripts from 1
    constant = place.constant
    parts = [Value(size_node(constant), tree)] if constant != 0 or not place.terms else []
    for name, c in place.terms:
        value = counted(building, tree, scope[name])
        parts.append(value if c == 1 else Value(value.data * c, tree, value.names))
    names, data = aligned(parts)
    total = data[0]
    for d in data[1:]:
        total = total + d
    return Value(total, tree, names)


def identity(n: Size, m: Size) -> Expr:
    """Ones on the diagonal of an n × m matrix; as a comparison where it is too large to write out."""
    if isinstance(n, int) and isinstance(m, int) and n * m > 10**4:
        rows = OPS["reshape"](lang.arange(n), shape=(n, 1))
        return OPS["equal"](rows, lang.arange(m)).astype("float64")
    return lang.eye(n, m)


# -- Σ and Π -------------------------------------------------------------------------------------------------


def total(building: Building, tree: Tree, body: Value, run: Range) -> Value:
    """Σ over a range; a body without the index is added as often as the index has values."""
    if run.name in body.names:
        return summed(building, body, run.name, tree)
    count = _count(building, run)
    return Value(elementwise(building, tree, [Value(count, tree), body], lambda d: d[0] * d[1]).data, tree,
                 body.names, body.row)


def _count(building: Building, run: Range) -> Any:
    if run.low is None and building.unknowns.known(run.place) is None:
        raise building.unread("index_absent", name=run.name)
    length = run.length(building)
    return length if isinstance(length, int) else size_node(length)


def product_over(building: Building, tree: Tree, body: Value, run: Range) -> Value:
    """Π over a range."""
    if run.name not in body.names:
        count = _count(building, run)
        return elementwise(building, tree, [body], lambda d: rows.power(tree, d[0], count))
    axis = body.names.index(run.name)
    found = lang.prod(body.expr, axis=None if body.expr.ndim == 1 else axis)
    return Value(found, tree, tuple(n for n in body.names if n != run.name), body.row)


# -- the result ------------------------------------------------------------------------------------------------


def ordered(building: Building, value: Value, free: Sequence[str], scope: Scope) -> Expr:
    """The data with one axis for each free index, in their order, and its own axes after them."""
    if not free:
        return value.expr
    x = reordered(value, [n for n in free if n in value.names])
    missing = [n for n in free if n not in value.names]
    if not missing:
        return x
    sizes = dict(zip([n for n in free if n in value.names], x.shape))
    for name in missing:
        sizes[name] = _missing(building, scope[name])
    own = value.shape
    wide = tuple(1 if n in missing else sizes[n] for n in free)
    if x.ndim and wide[: len(missing)] != (1,) * len(missing):
        x = OPS["reshape"](x, shape=(*wide, *own))
    return OPS["broadcast_to"](x, shape=(*(sizes[n] for n in free), *own))


def _missing(building: Building, run: Range) -> Size:
    size = building.unknowns.known(run.place)
    if size is None or (isinstance(size, Dim) and _open(building, size)):
        raise building.unread("index_absent", name=run.name)
    return size

