"""Rows of integer-array indexing, and their adjoints, which add up at repeated places.

The index of `gather` is as in `indexing`, with `("at", k)` where index array k stands; a place that
several elements were taken from receives the sum of their cotangents, as `np.add.at` adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dims import Size, as_size
from ..errors import DTypeError, ShapeError
from ..formula import ATOM, RELATION, Form
from ..ir import Expr, Op
from ..types import TensorType, as_axis, as_dtype, broadcast_shapes, shape_text
from .indexing import (
    Entry,
    index_form,
    index_helpers,
    index_text,
    indexed,
    is_slice,
    join_places,
    length_of,
    prepare_index,
)
from .shaping import CONCATENATE, RESHAPE


def _is_array(entry: Entry) -> bool:
    """Whether NumPy takes an entry for an index array, which a number is in the company of one."""
    return isinstance(entry, int) or (isinstance(entry, tuple) and len(entry) == 2)


def _gather_type(x: TensorType, *arrays: TensorType, index: tuple[Entry, ...]) -> TensorType:
    """NumPy's rule: the axes of the index arrays replace those indexed where these stand together, else they lead."""
    picked = broadcast_shapes(tuple([a.shape for a in arrays]))
    at = [i for i, e in enumerate(index) if _is_array(e)]
    first = at[0] if at[-1] - at[0] == len(at) - 1 else 0
    before, after = index[:first], index[first:]
    return TensorType((*_basic_shape(before), *picked, *_basic_shape(after)), x.dtype)


def _basic_shape(index: tuple[Entry, ...]) -> tuple[Size, ...]:
    return tuple([1 if e == "new" else length_of(*e) for e in index if e == "new" or is_slice(e)])


def _gather_numpy(node: Expr) -> str:
    """`np.take` where one array indexes one axis, which is several times faster than brackets."""
    (index,), shape = node.attrs, node.args[0].shape
    axes = [i for i, e in enumerate(index) if not (is_slice(e) and e == (0, shape[min(i, len(shape) - 1)], 1))]
    if len(index) == len(shape) and len(axes) == 1:
        return f"np.take({{0}}, {{1}}{f', axis={axes[0]}' if node.args[0].ndim > 1 else ''})"
    scalar = all(a.ndim == 0 for a in node.args[1:])
    return indexed(index, shape) + (".copy()" if scalar else "")  # NumPy gives a view for numbers


GATHER: Op = Op(
    "gather",
    type_of=_gather_type,
    pullback=lambda g, y, x, *arrays, index: (
        SCATTER_ADD.make((g, *arrays), (index, x.shape)), *[None] * len(arrays)),
    pushforward=lambda t, y, x, *arrays, index: GATHER.make((t[0], *arrays), (index,)),
    numpy=_gather_numpy,
    helper=index_helpers,
    form=Form("{0}[{1}]", "{0}[{1}]", "{0}[{1}]", ATOM, (ATOM, RELATION)),
    form_attrs=index_form,
    attrs=("index",),
    prepare=prepare_index,
)


def _placing(name: str) -> Any:
    """The spelling of a helper that takes values, an index and a shape."""
    def spelling(node: Expr) -> str:
        index, shape = node.attrs
        return f"{name}({{0}}, np.s_[{index_text(index, shape)},], {shape_text(shape)})"

    return spelling


def _placing_form(name: str) -> Any:
    def filled(node: Expr) -> dict[str, str]:
        text = f"{name}({{0}}, [{index_text(node.attrs[0], node.attrs[1])}])"
        latex = rf"\operatorname{{{{scatter}}}}\left({{0}}, [{index_text(node.attrs[0], node.attrs[1])}]\right)"
        return {"text": text, "unicode": text, "latex": latex}

    return filled


SCATTER_ADD: Op = Op(
    # The adjoint of gather: zeros of `shape` to which the values are added at `index`.
    "scatter_add",
    type_of=lambda g, *arrays, index, shape: TensorType(shape, g.dtype),
    pullback=lambda g, y, values, *arrays, index, shape: (
        GATHER.make((g, *arrays), (index,)), *[None] * len(arrays)),
    pushforward=lambda t, y, values, *arrays, index, shape: SCATTER_ADD.make((t[0], *arrays), (index, shape)),
    numpy=_placing("scatter_add"),
    # Additions at flat places are five times faster than np.add.at on rows, in parts that stay in the cache four times
    # more; only the axes that are indexed are numbered.
    helper='''\
def scatter_add(values, index, shape):
    """Zeros of `shape` with `values` added at `index`, where repeated places add up."""
    known = sum(i is not None and i is not Ellipsis for i in index)
    lead, width = shape[:known], int(np.prod(shape[known:]))
    places = np.arange(int(np.prod(lead))).reshape(lead)[index]
    starts, blocks = places.reshape(-1, 1) * width, values.reshape(places.size, width)
    whole, some = np.zeros(int(np.prod(shape)), values.dtype), 1 + 16384 // (1 + width)
    for i in range(0, len(starts), some):
        flat = starts[i : i + some] + np.arange(width)
        np.add.at(whole, flat.ravel(), blocks[i : i + some].ravel())
    return whole.reshape(shape)
''',
    form=Form("scatter_add({0})", "scatter_add({0})", r"\operatorname{{scatter}}\left({0}\right)", ATOM, (RELATION,)),
    form_attrs=_placing_form("scatter_add"),
    attrs=("index", "shape"),
)


def join_terms(values: Sequence[Expr | None]) -> list[Expr | None]:
    """The terms of an adjoint with those that move blocks into zeros as one: places, and rows that were gathered.

    T reads of one value, as in an unrolled loop, hand it T terms of its full size, whose sum would cost T².
    """
    terms = join_places(values)
    rows = [v for v in terms if v is not None and v.op is SCATTER_ADD and takes_rows(v)]
    if len(rows) < 2 or len({(v.type, v.attrs) for v in rows}) > 1:
        return terms
    width = rows[0].shape[1:]
    blocks = [RESHAPE(v.args[0], shape=(v.args[1].type.size, *width)) for v in rows]
    places = [RESHAPE(v.args[1], shape=(-1,)) for v in rows]
    whole = SCATTER_ADD.make((CONCATENATE(*blocks, axis=0), CONCATENATE(*places, axis=0)), rows[0].attrs)
    return [whole, *[v for v in terms if v is not None and not (v.op is SCATTER_ADD and takes_rows(v))]]


def takes_rows(node: Expr) -> bool:
    """Whether a gather or its adjoint has one array of places, of whole rows."""
    index, shape = node.attrs[0], node.attrs[1] if node.op is SCATTER_ADD else node.args[0].shape
    return index == (("at", 1), *[(0, size, 1) for size in shape[1:]])


# -- along one axis -----------------------------------------------------------------------------------------------


def _prepare_along(args: tuple[Expr, ...], axis: Any = -1) -> tuple[Any, ...]:
    if args[0].ndim == 0:
        raise ShapeError("a scalar has no axis to take along")
    return (as_axis(axis, args[0].ndim),)


def _along_type(x: TensorType, indices: TensorType, axis: int) -> TensorType:
    if indices.dtype not in ("int64", "int32"):
        raise DTypeError(f"the indices are integers, got {indices}; use astype")
    if indices.ndim != x.ndim:
        raise ShapeError(f"the indices {indices} need as many axes as {x}")
    for i, (a, b) in enumerate(zip(x.shape, indices.shape)):
        if i != axis and a != b:
            raise ShapeError(f"the indices {indices} and {x} differ on axis {i}, which is not axis {axis}")
    return TensorType(indices.shape, x.dtype)


TAKE_ALONG_AXIS: Op = Op(
    "take_along_axis",
    type_of=_along_type,
    pullback=lambda g, y, x, indices, axis: (ADD_ALONG_AXIS.make((g, indices), (axis, x.shape[axis])), None),
    pushforward=lambda t, y, x, indices, axis: TAKE_ALONG_AXIS.make((t[0], indices), (axis,)),
    numpy="np.take_along_axis({0}, {1}, axis={axis})",
    form=Form("take_along_axis({0}, {1})", "take_along_axis({0}, {1})",
              r"\operatorname{{take}}\left({0}, {1}\right)", ATOM, (RELATION, RELATION)),
    attrs=("axis",),
    prepare=_prepare_along,
)

ADD_ALONG_AXIS: Op = Op(
    # The adjoint of take_along_axis: zeros with `size` places along `axis`, to which the values are added.
    "add_along_axis",
    type_of=lambda g, indices, axis, size: TensorType((*g.shape[:axis], size, *g.shape[axis + 1 :]), g.dtype),
    pullback=lambda g, y, values, indices, axis, size: (TAKE_ALONG_AXIS.make((g, indices), (axis,)), None),
    pushforward=lambda t, y, values, indices, axis, size: ADD_ALONG_AXIS.make((t[0], indices), (axis, size)),
    numpy=lambda node: f"add_along_axis({{0}}, {{1}}, {node.attrs[0]}, {node.attrs[1]})",
    helper='''\
def add_along_axis(values, indices, axis, size):
    """Zeros of `size` along `axis` with `values` added at `indices`, where repeated places add up."""
    v, i = np.moveaxis(values, axis, -1), np.moveaxis(indices, axis, -1)
    rows = int(np.prod(v.shape[:-1]))
    blocks, places = v.reshape(rows, v.shape[-1]), i.reshape(rows, v.shape[-1])
    whole, some = np.zeros((rows, size), values.dtype), 1 + 16384 // (1 + size)
    for r in range(0, rows, some):
        part = whole[r : r + some]
        flat = places[r : r + some] % size + size * np.arange(len(part))[:, None]
        np.add.at(part.reshape(-1), flat.ravel(), blocks[r : r + some].ravel())
    return np.moveaxis(whole.reshape(*v.shape[:-1], size), -1, axis)
''',
    form=Form("add_along_axis({0}, {1})", "add_along_axis({0}, {1})",
              r"\operatorname{{scatter}}\left({0}, {1}\right)", ATOM, (RELATION, RELATION)),
    attrs=("axis", "size"),
)


# -- assignment ---------------------------------------------------------------------------------------------------

LAST_WRITTEN: Op = Op(
    # Of values written at `index`, whether each is still there at the end: where places repeat, the last one is.
    "last_written",
    type_of=lambda values, *arrays, index, shape: TensorType(values.shape, "bool"),
    pullback=lambda g, y, values, *arrays, **_: (None,) * (1 + len(arrays)),
    pushforward=lambda t, y, values, *arrays, **_: None,
    numpy=_placing("last_written"),
    helper='''\
def last_written(values, index, shape):
    """Whether each of the values written at `index`, one after the other, is still there at the end."""
    order = np.arange(np.size(values)).reshape(np.shape(values))
    owner = np.zeros(shape, order.dtype)
    owner[index] = order
    return owner[index] == order
''',
    form=Form("last_written({0})", "last_written({0})", r"\operatorname{{last}}\left({0}\right)", ATOM, (RELATION,)),
    form_attrs=_placing_form("last_written"),
    attrs=("index", "shape"),
)


def _one_hot_type(labels: TensorType, size: Size, dtype: str) -> TensorType:
    if labels.dtype not in ("int64", "int32"):
        raise DTypeError(f"labels are integers, got {labels}; use astype")
    return TensorType((*labels.shape, size), dtype)


def _prepare_one_hot(args: tuple[Expr, ...], size: Any, dtype: Any = "float64") -> tuple[Any, ...]:
    labels, classes = args[0], as_size(size, "num_classes")
    if labels.op.name == "const" and isinstance(classes, int) and not labels.type.is_float:
        for i in labels.attrs[0].value.ravel():
            if not -classes <= i < classes:
                raise ShapeError(f"label {i} is out of range for {classes} classes")
    return classes, as_dtype(dtype)


ONE_HOT = Op(
    # Its elements along the last axis add up to 1: a label that is no class is an error.
    "one_hot",
    type_of=_one_hot_type,
    pullback=lambda g, y, labels, **_: (None,),
    pushforward=lambda t, y, labels, **_: None,
    numpy=lambda node: f"one_hot({{0}}, {node.attrs[0]}, np.{node.type.dtype.replace('bool', 'bool_')})",
    helper='''\
def one_hot(labels, size, dtype):
    """1 at each label along a new last axis of `size`, 0 elsewhere."""
    whole = np.zeros((*np.shape(labels), size), dtype)
    np.put_along_axis(whole, np.asarray(labels)[..., None], 1, axis=-1)
    return whole
''',
    form=Form("one_hot({0})", "one_hot({0})", r"\mathbf{{1}}_{{{0}}}", ATOM, (RELATION,)),
    form_attrs=lambda node: dict.fromkeys(("text", "unicode"), f"one_hot({{0}}, {node.attrs[0]})"),
    attrs=("size", "dtype"),
    prepare=_prepare_one_hot,
)
