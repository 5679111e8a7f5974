"""Elementwise operations of values: NumPy's broadcasting, and a vector as the column that it is on paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...dims import Size
from ...ir import OPS
from ..reading.tree import Tree, make
from .labelled import Building, Value, aligned

Apply = Callable[[Sequence[Any]], Any]


def elementwise(building: Building, tree: Tree, values: Sequence[Value], apply: Apply) -> Value:
    """`apply` of the data of all values, broadcast against each other. Raises ShapeFault where they do not fit."""
    if all(not v.rank for v in values):
        names, data = aligned(values)
        return building.made(apply(data), tree, names)
    ready = fitted(building, tree, values)
    names, data = aligned(ready)
    rows = {v.row for v in ready if v.rank == 1}
    if len(rows) > 1:
        building.flags.add("mixed_orientation")
    return building.made(apply(data), tree, names, row=any(v.row for v in values))


def fitted(building: Building, tree: Tree, values: Sequence[Value]) -> list[Value]:
    """The values so that NumPy broadcasts them: a vector beside a matrix that it fits only as a column becomes one."""
    matrix = max(values, key=lambda v: v.rank)
    ready = [matrix if v is matrix else _beside(building, tree, v, matrix) for v in values]
    shape: tuple[Size, ...] = ()
    for v, original in zip(ready, values):
        found = broadcast(building, shape, v.shape)
        if found is None:
            other = next((o for o in values if broadcast(building, o.shape, v.shape) is None), matrix)
            raise unequal(building, tree, other, original)
        shape = found
    return ready


def _beside(building: Building, tree: Tree, v: Value, matrix: Value) -> Value:
    """A column beside a matrix: as NumPy has it where that fits, else as a column."""
    if v.rank != 1 or matrix.rank != 2 or v.row:
        return v
    rows, columns = matrix.shape
    tall = columns == 1 and rows != 1
    as_row = not tall and broadcast(building, v.shape, matrix.shape[1:]) is not None
    if as_row:
        if rows == columns and rows != 1:
            building.flags |= {"ambiguous_broadcast", "ambiguous_product"}
        return v
    if not building.fits(v.shape[0], rows):
        return v
    if not tall:
        building.flags.add("broadcast_as_column")
    return column(v)


def column(v: Value) -> Value:
    """A vector as a matrix of one column."""
    return Value(OPS["reshape"](v.expr, shape=(*v.data.shape, 1)), v.tree, v.names)


def broadcast(building: Building, s: Sequence[Size], t: Sequence[Size]) -> tuple[Size, ...] | None:
    """The shape that two shapes broadcast to, or None."""
    found: list[Size] = []
    for k in range(1, max(len(s), len(t)) + 1):
        a, b = (s[-k] if k <= len(s) else 1), (t[-k] if k <= len(t) else 1)
        if a != 1 and b != 1 and not building.fits(a, b):
            return None
        found.append(b if a == 1 else a)
    return tuple(reversed(found))


def unequal(building: Building, tree: Tree, a: Value, b: Value) -> Exception:
    """The fault of two shapes that an elementwise operation cannot join; a transpose that would fit is named."""
    shapes = {"left": a, "right": b, "left_shape": building.shape_words(a), "right_shape": building.shape_words(b)}
    flips = b.rank == 2 and broadcast(building, a.shape, b.shape[::-1]) is not None
    phrase = {"add": "no_sum", "neg": "no_sum", "rel": "no_comparison"}.get(tree.head, "no_elementwise")
    if flips:
        return building.fault(f"{phrase}_fix", **shapes, fix=turned(b.tree))
    return building.fault(phrase, **shapes)


def turned(tree: Tree) -> Tree:
    """The transpose as one would write it."""
    return tree.args[0] if tree.head == "T" else make("T", tree)
