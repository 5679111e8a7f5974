"""Index notation: i as a number, δ_{ij}, Σ_{i=1}^{N}, Π; an index names an axis until Σ sums it away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import lang
from ...dims import Size
from ...ir import OPS, Expr, size_node
from ..reading.tree import Tree
from . import rows
from .elementwise import elementwise
from .labelled import Building, Value, aligned, reordered, summed
from .positions import Affine, Range, Scope, position
from .subscripts import few, is_open

# -- the values of an index, δ ---------------------------------------------------------------------------------


def counted(building: Building, tree: Tree, run: Range) -> Value:
    """The index itself as a number: i in Σ i²."""
    low = 1 if run.low is None else run.low
    length = run.length(building)
    few(building, length)
    return Value(lang.arange(low, low + length, dtype="float64"), tree, (run.name,))


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
    if isinstance(n, int) and isinstance(m, int) and n * m > 10**6:
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
    if size is None or is_open(size):
        raise building.unread("index_absent", name=run.name)
    return size

