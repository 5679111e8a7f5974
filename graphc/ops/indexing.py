"""Indexing rows: slices and integers, and their adjoint, which places a block into zeros.

A prepared index is a tuple with one entry for each axis of the operand, integers and
`(start, stop, step)` triples, and "new" where a new axis goes; named sizes may appear in the triples. An axis
that is indexed by an array has `("at", k)`: operand k, as the index arrays are operands. Such an index makes
the node a `gather`, whose row is in its own file.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dims import Dim, Size, floor_divide
from ..errors import DTypeError, GraphcError, ShapeError
from ..formula import ATOM, RELATION, Form
from ..ir import OPS, Expr, Op, const, lift
from ..types import TensorType, promote, shape_text

Entry = Any  # int | tuple[Size, Size, int] | ("at", int) | "new" | "gap", a ... that stands for no axis


# -- reading an index ---------------------------------------------------------------------------------------------


def prepare_index(args: tuple[Expr, ...], index: Any) -> tuple[Any, ...]:
    """The attribute `index` from what a user wrote, the arrays in it taken out by `split_arrays`."""
    x = args[0]
    entries = list(index) if isinstance(index, tuple) else [index]
    given = sum(1 for e in entries if e is not None and e is not Ellipsis)
    if given > x.ndim:
        raise ShapeError(f"{given} indices for {x.ndim} axes")
    if sum(1 for e in entries if e is Ellipsis) > 1:
        raise ShapeError("only one ... may stand in an index")
    where = next((i for i, e in enumerate(entries) if e is Ellipsis), len(entries))
    # To NumPy, a ... between two arrays separates them even where it stands for no axis.
    gap = [_GAP] if where < len(entries) and given == x.ndim and len(args) > 1 else []
    entries[where : where + 1] = [slice(None)] * (x.ndim - given) + gap
    prepared: list[Entry] = []
    axis = 0
    for entry in entries:
        if entry is None or entry is _GAP:
            prepared.append("new" if entry is None else "gap")
            continue
        prepared.append(_at(entry, args, axis) if isinstance(entry, At) else _entry(entry, x, axis))
        axis += 1
    return (tuple(prepared),)


_GAP = object()


class At:
    """The place of an index array: operand `operand`; `length` is the axis that a mask was written for."""

    def __init__(self, operand: int, length: int | None = None) -> None:
        self.operand, self.length = operand, length


def split_arrays(index: Any) -> tuple[tuple[Any, ...], list[Expr]]:
    """An index with an `At` in place of each array, and the arrays; a constant mask becomes the places it keeps."""
    entries: list[Any] = []
    arrays: list[Expr] = []
    for entry in index if isinstance(index, tuple) else (index,):
        if not (isinstance(entry, (Expr, list, tuple)) or (isinstance(entry, np.ndarray) and entry.ndim)):
            entries.append(entry)
            continue
        node = lift(entry, "getitem")
        if node.op.name == "const" and node.type.dtype == "bool" and node.ndim:
            for length, kept in zip(node.shape, np.nonzero(node.attrs[0].value)):
                arrays.append(const(kept))
                entries.append(At(len(arrays), int(str(length))))
            continue
        empty = node.op.name == "const" and node.type.size == 0 and not isinstance(entry, (Expr, np.ndarray))
        arrays.append(node.astype("int64") if empty else node)
        entries.append(At(len(arrays)))
    return tuple(entries), arrays


def _at(entry: At, args: tuple[Expr, ...], axis: int) -> Entry:
    size, array = args[0].shape[axis], args[entry.operand]
    if array.type.dtype == "bool":
        raise DTypeError(f"how many elements the mask {array.type} picks is not known while the graph is declared; "
                         "use G.where(mask, x, other), or a constant mask")
    if array.type.is_float:
        raise DTypeError(f"an index array holds integers, got {array.type}; use astype")
    if entry.length is not None and entry.length != size:
        raise ShapeError(f"a mask of {entry.length} elements for axis {axis} of size {size}")
    if array.op.name == "const" and isinstance(size, int):
        for i in array.attrs[0].value.ravel():
            if not -size <= i < size:
                raise ShapeError(f"index {i} is out of range for axis {axis} of size {size}")
    return "at", entry.operand


def _entry(entry: Any, x: Expr, axis: int) -> Entry:
    size = x.shape[axis]
    if isinstance(entry, slice):
        return _slice(entry, size)
    i = _integer(entry, "an index")
    if isinstance(size, int):
        if not -size <= i < size:
            raise ShapeError(f"index {i} is out of range for axis {axis} of size {size}")
        return i % size
    return i


def _integer(value: Any, what: str) -> int:
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        return operator.index(value)
    except (TypeError, GraphcError):
        raise ShapeError(f"{what} is an integer, a slice, None, ... or an array of integers, "
                         f"got {str(value)[:60]!r}") from None


def _slice(s: slice, size: Size) -> tuple[Any, Any, int]:
    """(start, stop, step) from 0; with a step below 0, stop may be -1 (None in source): before the first."""
    step = 1 if s.step is None else _integer(s.step, "a step")
    if step == 0:
        raise ShapeError("a slice cannot have step 0")
    begin, end = (b if b is None or isinstance(b, Dim) else _integer(b, "a bound") for b in (s.start, s.stop))
    if isinstance(size, int) and not isinstance(begin, Dim) and not isinstance(end, Dim):
        return (*slice(begin, end, step).indices(size)[:2], step)
    first, last = (0, size) if step > 0 else (size - 1, -1)
    start = first if begin is None else _from_front(begin, size)
    stop = last if end is None else _from_front(end, size)
    return start, stop, step


def _from_front(i: Size, size: Size) -> Size:
    # With a named size, a bound is taken as given: `within` sees to it that the axis is long enough when it runs.
    return i if isinstance(i, Dim) or i >= 0 else size + i


# -- its shape and its source -------------------------------------------------------------------------------------


def length_of(start: Size, stop: Size, step: int) -> Size:
    span = stop - start if step > 0 else start - stop
    length = floor_divide(span + (abs(step) - 1), abs(step))
    return max(0, length) if isinstance(length, int) else length


def is_slice(entry: Entry) -> bool:
    return isinstance(entry, tuple) and len(entry) == 3


def _getitem_type(x: TensorType, index: tuple[Entry, ...]) -> TensorType:
    shape = [1 if e == "new" else length_of(*e) for e in index if e == "new" or is_slice(e)]
    return TensorType(tuple(shape), x.dtype)


def index_text(index: tuple[Entry, ...], shape: tuple[Size, ...]) -> str:
    """The index as source, as short as a person would write it: `0, :, ::2`; an index array is its operand, `{1}`."""
    texts, axis = [], 0
    for entry in index:
        fixed = {"new": "None", "gap": "..."}.get(entry) if isinstance(entry, str) else None
        texts.append(fixed or _entry_text(entry, shape[axis]))
        axis += fixed is None
    while len(texts) > 1 and texts[-1] == ":" and "gap" not in index:
        texts.pop()
    return ", ".join(texts) or "()"


def _entry_text(entry: Entry, size: Size) -> str:
    if not is_slice(entry):
        return f"{{{entry[1]}}}" if isinstance(entry, tuple) else str(entry)
    start, stop, step = entry
    first, last = (0, size) if step > 0 else (size - 1, -1)
    head = "" if start == first else str(start)
    tail = "" if stop == last else str(stop)
    return f"{head}:{tail}" + ("" if step == 1 else f":{step}")


WITHIN = '''\
def within(x, axis, start, stop):
    """x itself, refused where `start` to `stop` does not lie within its axis: a slice would be cut short silently."""
    if not 0 <= start <= stop <= x.shape[axis]:
        raise IndexError(f"{start}:{stop} does not lie within axis {axis}, which has {x.shape[axis]} elements")
    return x
'''


def unsure_slices(index: tuple[Entry, ...], shape: tuple[Size, ...]) -> list[tuple[int, Size, Size]]:
    """(axis, first, end) of each slice of named sizes that is not known to lie within its axis."""
    found, axis = [], 0
    for entry in index:
        if is_slice(entry):
            start, stop, step = entry
            first, end = (start, stop) if step > 0 else (stop + 1, start + 1)
            span = end - first
            empty = isinstance(span, int) and span <= 0  # wherever it lies
            if not empty and not all(map(_not_negative, (first, span, shape[axis] - end))):
                found.append((axis, first, end))
        axis += entry not in ("new", "gap")
    return found


def _not_negative(size: Size) -> bool:
    """Whether a size is known to be 0 or more: its names are."""
    if isinstance(size, int):
        return size >= 0
    return all(c >= 0 and all(isinstance(atom, str) for atom, _ in m) for m, c in size.terms)


def indexed(index: tuple[Entry, ...], shape: tuple[Size, ...]) -> str:
    """The source of operand 0 at the index, its slices checked where their sizes have names."""
    whole = "{0}"
    for axis, first, end in unsure_slices(index, shape):
        whole = f"within({whole}, {axis}, {first}, {end})"
    return f"{whole}[{index_text(index, shape)}]"


def index_helpers(node: Expr) -> tuple[str, ...]:
    return (WITHIN,) if unsure_slices(node.attrs[0], node.args[0].shape) else ()


def index_form(node: Expr) -> dict[str, str]:
    return dict.fromkeys(("text", "unicode", "latex"), f"{{0}}[{index_text(node.attrs[0], node.args[0].shape)}]")


# -- the rows -----------------------------------------------------------------------------------------------------


class _Getitem(Op):
    """x[index]: a node of this row, or of `gather` where the index has arrays."""

    def __call__(self, *operands: Any, **given: Any) -> Expr:
        index, arrays = split_arrays(given["index"])
        if arrays:
            return OPS["gather"](*operands, *arrays, index=index)
        return super().__call__(*operands, index=index)


GETITEM: Op = _Getitem(
    "getitem",
    type_of=_getitem_type,
    pullback=lambda g, y, x, index: (PLACE(g, index=index, shape=x.shape),),
    pushforward=lambda t, y, x, index: GETITEM.make((t[0],), (index,)),
    numpy=lambda node: indexed(node.attrs[0], node.args[0].shape),
    helper=index_helpers,
    form=Form("{0}[]", "{0}[]", "{0}", ATOM, (ATOM,)),
    form_attrs=index_form,
    attrs=("index",),
    prepare=prepare_index,
    view=True,
    cost=0,
)

PLACE: Op = Op(
    # The adjoint of a slice: zeros of `shape` with the operand at `index`.
    "place",
    type_of=lambda g, index, shape: TensorType(shape, g.dtype),
    pullback=lambda g, y, x, index, shape: (GETITEM.make((g,), (index,)),),
    pushforward=lambda t, y, x, index, shape: PLACE(t[0], index=index, shape=shape),
    numpy=lambda node: f"place({{0}}, np.s_[{index_text(node.attrs[0], node.attrs[1])}], {shape_text(node.attrs[1])})",
    helper='''\
def place(block, index, shape):
    """Zeros of `shape` with `block` at `index`."""
    whole = np.zeros(shape, block.dtype)
    whole[index] = block
    return whole
''',
    form=Form("place({0})", "place({0})", r"\operatorname{{place}}\left({0}\right)", ATOM, (RELATION,)),
    form_attrs=lambda node: {"text": f"place({{0}}, [{index_text(node.attrs[0], node.attrs[1])}])"},
    attrs=("index", "shape"),
    cost=0,
)


def _only_axis(indices: Sequence[tuple[Entry, ...]], shape: tuple[Size, ...]) -> int | None:
    """The one axis that all of the indices cut, every other axis being whole."""
    whole = [(0, size, 1) for size in shape]
    if any(len(index) != len(shape) for index in indices):
        return None
    cut = {axis for index in indices for axis, (entry, all_) in enumerate(zip(index, whole)) if entry != all_}
    return cut.pop() if len(cut) == 1 else None


def _assembled(node: Expr) -> str | None:
    """`np.stack` or `np.concatenate` of the blocks where these are all of one axis, each place once."""
    indices, shape = node.attrs
    axis = _only_axis(indices, shape)
    if axis is None:
        return None
    entries, size = [index[axis] for index in indices], shape[axis]
    starts = {e if isinstance(e, int) else e[0]: i for i, e in enumerate(entries)}
    if all(isinstance(e, int) for e in entries):
        order = [starts[i] for i in sorted(starts)]
        return _joined_source("stack", order, axis) if sorted(starts) == list(range(len(entries))) == (
            list(range(size)) if isinstance(size, int) else None) else None
    if not all(is_slice(e) and e[2] == 1 for e in entries):
        return None
    order, at = [], 0
    while at in starts and len(order) < len(entries):
        order.append(starts[at])
        at = entries[starts[at]][1]
    return _joined_source("concatenate", order, axis) if at == size and len(order) == len(entries) else None


def _joined_source(function: str, order: Sequence[int], axis: int) -> str:
    blocks = ", ".join(f"{{{i}}}" for i in order) + "," * (len(order) == 1)
    return f"np.{function}(({blocks}){f', axis={axis}' if axis else ''})"


def _places_numpy(node: Expr) -> str:
    indices, shape = node.attrs
    blocks = ", ".join(f"{{{i}}}" for i in range(len(indices)))
    listed = ", ".join(f"np.s_[{index_text(index, shape)}]" for index in indices)
    return _assembled(node) or f"place_all(({blocks},), ({listed},), {shape_text(shape)})"


def _places_tangent(t: Sequence[Expr | None], indices: tuple[Any, ...], shape: tuple[Size, ...]) -> Expr:
    there = [(d, index) for d, index in zip(t, indices) if d is not None]
    return PLACES.make(tuple([d for d, _ in there]), (tuple([index for _, index in there]), shape))


PLACES: Op = Op(
    # A sum of places, with one array for all: the adjoint of a value that is read piece by piece.
    "places",
    type_of=lambda *blocks, indices, shape: TensorType(shape, promote(blocks)[0]),
    pullback=lambda g, y, *xs, indices, shape: tuple([GETITEM.make((g,), (index,)) for index in indices]),
    pushforward=lambda t, y, *xs, indices, shape: _places_tangent(t, indices, shape),
    numpy=_places_numpy,
    helper='''\
def place_all(blocks, indices, shape):
    """Zeros of `shape` with each block added at its index."""
    whole = np.zeros(shape, blocks[0].dtype)
    for block, index in zip(blocks, indices):
        whole[index] += block
    return whole
''',
    form=Form("places({0})", "places({0})", "{0}"),
    form_attrs=lambda node: {
        "text": f"places({', '.join(f'{{{i}}}' for i in range(len(node.args)))})",
        "unicode": f"places({', '.join(f'{{{i}}}' for i in range(len(node.args)))})",
        "latex": rf"\operatorname{{{{place}}}}\left({', '.join(f'{{{i}}}' for i in range(len(node.args)))}\right)",
    },
    attrs=("indices", "shape"),
    cost=0,
)


def join_places(values: Sequence[Expr | None]) -> list[Expr | None]:
    """The terms of an adjoint with those that are blocks placed into zeros as one term.

    T reads x[0], ..., x[T-1] of one value hand it T places of its full size, whose sum would cost T².
    """
    places = [v for v in values if v is not None and v.op is PLACE]
    if len(places) < 2 or len({(v.type, v.attrs[1]) for v in places}) > 1:
        return list(values)
    whole = PLACES.make(tuple([v.args[0] for v in places]), (tuple([v.attrs[0] for v in places]), places[0].attrs[1]))
    return [whole, *[v for v in values if v is not None and v.op is not PLACE]]
