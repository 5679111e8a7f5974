"""Indexing rows: basic slices, and their adjoint, which places a block into zeros.

A prepared index is a tuple with one entry for each axis of the operand, integers and
`(start, stop, step)` triples, and "new" where a new axis goes; named sizes may appear in the triples.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..dims import Dim, Size, floor_divide
from ..errors import GraphcError, ShapeError
from ..formula import ATOM, RELATION, Form
from ..ir import Expr, Op
from ..types import TensorType, shape_text

Entry = Any  # int | tuple[Size, Size, int] | "new"


def _prepare_index(args: tuple[Expr, ...], index: Any) -> tuple[Any, ...]:
    x = args[0]
    entries = list(index) if isinstance(index, tuple) else [index]
    given = sum(1 for e in entries if e is not None and e is not Ellipsis)
    if given > x.ndim:
        raise ShapeError(f"{given} indices for {x.ndim} axes")
    if sum(1 for e in entries if e is Ellipsis) > 1:
        raise ShapeError("only one ... may stand in an index")
    where = next((i for i, e in enumerate(entries) if e is Ellipsis), len(entries))
    entries[where : where + 1] = [slice(None)] * (x.ndim - given)
    prepared: list[Entry] = []
    axis = 0
    for entry in entries:
        prepared.append("new" if entry is None else _entry(entry, x, axis))
        axis += entry is not None
    return (tuple(prepared),)


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
        raise ShapeError(f"{what} is an integer, a slice, None or ..., got {str(value)[:60]!r}") from None


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
    # With a named size, a bound is taken as given: the axis must be long enough when it runs.
    return i if isinstance(i, Dim) or i >= 0 else size + i


def _length(start: Size, stop: Size, step: int) -> Size:
    span = stop - start if step > 0 else start - stop
    length = floor_divide(span + (abs(step) - 1), abs(step))
    return max(0, length) if isinstance(length, int) else length


def _getitem_type(x: TensorType, index: tuple[Entry, ...]) -> TensorType:
    shape = [1 if e == "new" else _length(*e) for e in index if e == "new" or isinstance(e, tuple)]
    return TensorType(tuple(shape), x.dtype)


def index_text(index: tuple[Entry, ...], shape: tuple[Size, ...]) -> str:
    """The index as source, as short as a person would write it: `0, :, ::2`."""
    texts, axis = [], 0
    for entry in index:
        texts.append("None" if entry == "new" else _entry_text(entry, shape[axis]))
        axis += entry != "new"
    while len(texts) > 1 and texts[-1] == ":":
        texts.pop()
    return ", ".join(texts) or "()"


def _entry_text(entry: Entry, size: Size) -> str:
    if not isinstance(entry, tuple):
        return str(entry)
    start, stop, step = entry
    first, last = (0, size) if step > 0 else (size - 1, -1)
    head = "" if start == first else str(start)
    tail = "" if stop == last else str(stop)
    return f"{head}:{tail}" + ("" if step == 1 else f":{step}")


def _index_form(node: Expr) -> dict[str, str]:
    text = index_text(node.attrs[0], node.args[0].shape)
    return {"text": f"{{0}}[{text}]", "unicode": f"{{0}}[{text}]", "latex": f"{{0}}[{text}]"}


GETITEM: Op = Op(
    "getitem",
    type_of=_getitem_type,
    pullback=lambda g, y, x, index: (PLACE(g, index=index, shape=x.shape),),
    pushforward=lambda t, y, x, index: GETITEM.make((t[0],), (index,)),
    numpy=lambda node: f"{{0}}[{index_text(node.attrs[0], node.args[0].shape)}]",
    form=Form("{0}[]", "{0}[]", "{0}", ATOM, (ATOM,)),
    form_attrs=_index_form,
    attrs=("index",),
    prepare=_prepare_index,
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
