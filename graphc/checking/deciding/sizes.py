"""Graphs with large declared sizes as the same graphs with small ones, all different: 784 inputs become 5.

What holds for all sizes is decided at small ones. A graph that mentions places in the middle of a large axis, or has
a large array of different numbers, keeps its sizes. `numbers` says whether a constant that equals a replaced size
stands for it (the 784 of a mean) or for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...dims import divides, product
from ...errors import GraphcError
from ...ir import OPS, VARIABLES, Expr, Op, building, const, number, postorder, variable
from ...types import TupleType

MAX_SIDE = 6  # an array declared with axes up to this length is decided as it is
CHOICES = ((4, 5, 3, 7, 6, 8, 9, 11, 10, 13, 12, 14, 15, 16), (5, 3, 4, 6, 7, 9, 8, 10, 11, 12, 13, 15, 14, 17))
NEAR = 2  # places so near the ends of an axis are there at small sizes, too
# Attributes that hold shapes or sizes, by op, and those that hold places along axes. The rest hold neither.
SHAPED: dict[str, tuple[str, ...]] = {
    "reshape": ("shape",), "broadcast_to": ("shape",), "place": ("shape",), "places": ("shape",),
    "scatter_add": ("shape",), "put_diagonal": ("shape",), "place_diagonal": ("shape",), "one_hot": ("size",),
    "add_along_axis": ("size",), "tile": ("reps",), "repeat": ("repeats",), "last_written": ("shape",),
}
PLACED = {"getitem": "index", "gather": "index", "place": "index", "scatter_add": "index", "places": "indices",
          "last_written": "index"}
OFFSETS = {"tril": "k", "triu": "k", "diagonal": "offset", "diag": "offset", "place_diagonal": "offset",
           "roll": "shift"}


class Smaller:
    """The replacement of sizes for some graphs; empty where nothing is large. `turn` 1 takes other small sizes than 0:
    a number such as the 1/2 in u/2 can be right by chance at one of them.

    >>> import graphc as G
    >>> x, W = G.input("x", "N", 784), G.param("W", 784, 10)
    >>> smaller = Smaller([x, W])
    >>> smaller.table, smaller.rebuild([x @ W])[0].type
    ({784: 4, 10: 5}, float64[N,5])
    """

    def __init__(self, roots: Sequence[Expr], turn: int = 0) -> None:
        order = postorder(roots)
        sizes = [s for n in order if n.op.name in VARIABLES for s in n.shape if isinstance(s, int)]
        replaced = list(dict.fromkeys(s for s in sizes if s > MAX_SIDE))
        taken = {s for s in sizes if s not in replaced}
        free = [s for s in CHOICES[turn] if s not in taken]
        self.table: dict[int, int] = dict(zip(replaced, [*free, *range(17, 17 + len(replaced))]))

    def __bool__(self) -> bool:
        return bool(self.table)

    def rebuild(self, roots: Sequence[Expr], numbers: bool = True) -> list[Expr]:
        """The graphs at the small sizes. Raises a GraphcError where a graph does not fit them."""
        new: dict[Expr, Expr] = {}
        with building() as at:
            for node in postorder(roots):
                at(node)
                new[node] = self._node(node, tuple(new[a] for a in node.args), numbers)
        return [new[r] for r in roots]

    def _node(self, node: Expr, args: tuple[Expr, ...], numbers: bool) -> Expr:
        op = node.op
        if op.name in VARIABLES:
            shape = tuple(self._size(s) for s in node.shape)
            return node if shape == node.shape else _declared(op, node, shape)
        if op.name == "const":
            return self._constant(node, numbers)
        if op.name in ("scan", "arange") or isinstance(node.type, TupleType):
            raise GraphcError(f"{op.name} keeps its sizes")
        attrs = tuple(self._attribute(name, value, node) for name, value in zip(op.attrs, node.attrs))
        if op.name == "reshape":
            attrs = (self._fitted(args[0], attrs[0]),)
        same = attrs == node.attrs and all(a is b for a, b in zip(args, node.args))
        return node if same else op.make(args, attrs, node.label)

    def _attribute(self, name: str, value: Any, node: Expr) -> Any:
        op = node.op.name
        if name in SHAPED.get(op, ()):
            return tuple(map(self._size, value)) if isinstance(value, tuple) else self._size(value)
        if PLACED.get(op) == name:
            whole = dict(zip(node.op.attrs, node.attrs))
            shape = whole.get("shape") or node.args[0].shape
            return tuple(self._index(i, shape) for i in value) if name == "indices" else self._index(value, shape)
        if OFFSETS.get(op) == name and any(abs(k) > NEAR for k in (value if isinstance(value, tuple) else (value,))):
            raise GraphcError(f"{op} by {value} keeps its sizes")
        return value

    def _index(self, index: tuple[Any, ...], shape: Sequence[Any]) -> tuple[Any, ...]:
        """An index with its places moved to the small axes."""
        axes = iter(shape)
        return tuple(e if isinstance(e, str) else self._entry(e, next(axes)) for e in index)

    def _entry(self, entry: Any, size: Any) -> Any:
        if self._size(size) == size or (isinstance(entry, tuple) and len(entry) == 2):
            return entry
        if isinstance(entry, tuple):
            start, stop, step = entry
            if abs(step) != 1:
                raise GraphcError("a step along an axis keeps its size")
            return self._place(start, size), self._place(stop, size), step
        return self._place(entry, size)

    def _place(self, place: Any, size: int) -> Any:
        """A place counted from the end that it is near. Raises GraphcError for one in the middle."""
        if isinstance(place, int) and place <= NEAR:
            return place
        if isinstance(place, int) and place >= size - NEAR:
            return self.table[size] - (size - place)
        raise GraphcError(f"place {place} of {size} keeps its size")

    def _size(self, size: Any) -> Any:
        return self.table.get(size, size) if isinstance(size, int) and not isinstance(size, bool) else size

    def _fitted(self, x: Expr, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """A new shape of as many elements: a size that was a product, as 784 of 28 by 28, becomes that product."""
        if product(shape) == x.type.size:
            return shape
        for i in reversed(range(len(shape))):
            size = divides(x.type.size, product(s for j, s in enumerate(shape) if j != i))
            if size is not None:
                return (*shape[:i], size, *shape[i + 1:])
        return shape

    def _constant(self, node: Expr, numbers: bool) -> Expr:
        value, weak = node.attrs[0].value, node.attrs[1]
        if not value.ndim:
            size = self.table.get(int(value)) if numbers and float(value) in self.table else None
            if size is None:
                return node
            return number(float(size) if value.dtype.kind == "f" else size) if weak else const(value.dtype.type(size))
        if all(s == self._size(s) for s in value.shape):
            return node
        if not (value == value.flat[0]).all() and not _is_identity(value):
            raise GraphcError("a constant array keeps its size")  # the numbers that are left out could be others
        block = tuple(slice(0, self._size(s)) for s in value.shape)
        return const(value[block], node.label)


def _is_identity(value: Any) -> bool:
    """Of an identity a corner is one, and no place on its diagonal is another's."""
    return value.ndim == 2 and bool((value == np.eye(*value.shape)).all())


def small(of: Expr, named: Mapping[str, Expr]) -> tuple[Expr, dict[str, Expr]]:
    """`of` and the named nodes at small sizes; as they are where nothing is large, or where no small size fits."""
    smaller = Smaller([of, *named.values()])
    if not smaller:
        return of, dict(named)
    try:
        found = smaller.rebuild([of, *named.values()])
    except (GraphcError, ValueError, IndexError):
        return of, dict(named)
    return found[0], dict(zip(named, found[1:]))


def literals(roots: Iterable[Expr]) -> list[float]:
    """The numbers other than 0, 1, 2, 1/2 and their opposites that stand in graphs."""
    found = [float(n.attrs[0].value) for n in postorder(list(roots)) if n.op.name == "const" and not n.ndim]
    return [v for v in found if abs(v) not in (0.0, 0.5, 1.0, 2.0)]


def _declared(op: Op, node: Expr, shape: tuple[Any, ...]) -> Expr:
    """A variable of the same name in another shape."""
    return variable(OPS[op.name], node.label, shape, node.type.dtype, declare=False)
