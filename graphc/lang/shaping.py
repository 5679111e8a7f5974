"""Values moved and joined, never changed; constants of a shape. NumPy's names and signatures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..dims import Dim, Size, as_size
from ..errors import InputError, ShapeError
from ..ir import Expr, lift, size_node
from ..ops import joining, shaping
from ..ops.elementwise import EQUAL, GREATER_EQUAL
from ..types import as_axes, as_axis, broadcast_shapes
from .value import Axis, Value

__all__ = [
    "arange", "astype", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "broadcast_to", "concatenate",
    "expand_dims", "eye", "full", "full_like", "identity", "linspace", "matrix_transpose", "meshgrid", "moveaxis",
    "ones_like", "permute_dims", "ravel", "reshape", "squeeze", "swapaxes", "transpose", "tri", "zeros_like",
]  # fmt: skip


# -- axes in another order --------------------------------------------------------------------------------


def transpose(a: Value, axes: Sequence[int] | None = None) -> Expr:
    """Axes in another order; reversed by default. Raises ShapeError unless each axis is named once.

    >>> import graphc as G
    >>> G.transpose(G.input("x", "N", 2, 3), (0, 2, 1)).type
    float64[N,3,2]
    """
    return shaping.TRANSPOSE(a, axes=axes)


permute_dims = transpose


def matrix_transpose(x: Value, /) -> Expr:
    """The last two axes exchanged, as `x.mT`. Raises ShapeError with fewer than two."""
    return lift(x, "matrix_transpose").mT


def swapaxes(a: Value, axis1: int, axis2: int) -> Expr:
    """Two axes exchanged. Raises ShapeError for one that is not there."""
    x = lift(a, "swapaxes")
    order = list(range(x.ndim))
    i, j = as_axis(axis1, x.ndim), as_axis(axis2, x.ndim)
    order[i], order[j] = j, i
    return shaping.TRANSPOSE(x, axes=order)


def moveaxis(a: Value, source: int | Sequence[int], destination: int | Sequence[int]) -> Expr:
    """Axes moved to other places, the rest keeping their order. Raises ShapeError unless the two lists agree.

    >>> import graphc as G
    >>> G.moveaxis(G.input("x", "N", 2, 3), 0, -1).type
    float64[2,3,N]
    """
    x = lift(a, "moveaxis")
    sources, places = _axis_list(source, x.ndim), _axis_list(destination, x.ndim)
    if len(sources) != len(places) or len(set(sources)) < len(sources) or len(set(places)) < len(places):
        raise ShapeError(f"moveaxis: {source} and {destination} must name as many axes, each once")
    order = [i for i in range(x.ndim) if i not in sources]
    for place, axis in sorted(zip(places, sources)):
        order.insert(place, axis)
    return shaping.TRANSPOSE(x, axes=order)


def _axis_list(axis: Any, ndim: int) -> list[int]:
    return [as_axis(i, ndim) for i in (axis if isinstance(axis, (tuple, list)) else (axis,))]


# -- the same elements in another shape -------------------------------------------------------------------


def reshape(a: Value, shape: Any) -> Expr:
    """The same elements in another shape, one size of which may be -1.

    Raises ShapeError unless the number of elements is known to be the same.

    >>> import graphc as G
    >>> G.reshape(G.input("x", "N", 28, 28), (-1, 784)).type
    float64[N,784]
    """
    return shaping.RESHAPE(a, shape=shape)


def ravel(a: Value) -> Expr:
    """All elements in one axis.

    >>> import graphc as G
    >>> G.ravel(G.input("x", "N", 3)).type
    float64[3*N]
    """
    return shaping.RESHAPE(a, shape=(-1,))


def expand_dims(a: Value, axis: int | Sequence[int]) -> Expr:
    """New axes of size 1 at one place or several of the result. Raises ShapeError when one is out of range.

    >>> import graphc as G
    >>> G.expand_dims(G.input("x", "N"), (0, 2)).type
    float64[1,N,1]
    """
    x = lift(a, "expand_dims")
    places = axis if isinstance(axis, (tuple, list)) else (axis,)
    new = as_axes(tuple(places), x.ndim + len(places))
    old = iter(x.shape)
    return shaping.RESHAPE(x, shape=tuple(1 if i in new else next(old) for i in range(x.ndim + len(new))))


def squeeze(a: Value, axis: Axis = None) -> Expr:
    """Without its axes of size 1: one, several, or all of them. A named size is never taken for 1.

    Raises ShapeError for an axis of another size.
    """
    x = lift(a, "squeeze")
    axes = as_axes(axis, x.ndim) if axis is not None else tuple(i for i, s in enumerate(x.shape) if s == 1)
    for i in axes:
        if x.shape[i] != 1:
            raise ShapeError(f"squeeze: axis {i} of {x.type} has size {x.shape[i]}, not 1")
    return shaping.RESHAPE(x, shape=tuple(s for i, s in enumerate(x.shape) if i not in axes)) if axes else x


def atleast_1d(*arys: Value) -> Any:
    """A scalar as a vector of one; anything else as it is. Of several values, a tuple of them."""
    return _each(lambda x: x if x.ndim else shaping.RESHAPE(x, shape=(1,)), arys)


def atleast_2d(*arys: Value) -> Any:
    """A scalar or a vector as a matrix of one row; anything else as it is. Of several values, a tuple of them."""
    return _each(lambda x: x if x.ndim > 1 else shaping.RESHAPE(x, shape=(1, x.size)), arys)


def atleast_3d(*arys: Value) -> Any:
    """With axes of size 1 until there are three: a vector becomes (1, N, 1), a matrix (N, M, 1). As `atleast_1d`."""
    def deep(x: Expr) -> Expr:
        return x if x.ndim > 2 else shaping.RESHAPE(x, shape=(*x.shape, 1) if x.ndim == 2 else (1, x.size, 1))

    return _each(deep, arys)


def _each(function: Callable[[Expr], Expr], arys: Sequence[Value]) -> Any:
    found = tuple(function(lift(a)) for a in arys)
    return found[0] if len(found) == 1 else found


# -- broadcasting -----------------------------------------------------------------------------------------


def broadcast_to(array: Value, shape: Any) -> Expr:
    """The value repeated to fill a shape, as broadcasting does. Raises ShapeError when it cannot."""
    return shaping.BROADCAST_TO(array, shape=shape)


def broadcast_arrays(*args: Value) -> list[Expr]:
    """The values in the one shape that they broadcast to. Raises ShapeError when they do not.

    >>> import graphc as G
    >>> [x.type for x in G.broadcast_arrays(G.input("x", "N", 1), G.input("y", 3))]
    [float64[N,3], float64[N,3]]
    """
    nodes = [lift(a, "broadcast_arrays") for a in args]
    try:
        shape = broadcast_shapes(tuple(a.shape for a in nodes)) if nodes else ()
    except ShapeError as error:
        listed = ", ".join(str(a.type) for a in nodes)
        raise ShapeError(f"broadcast_arrays: {listed} do not broadcast: {error}") from None
    return [a if a.shape == shape else broadcast_to(a, shape) for a in nodes]


def meshgrid(*xi: Value, sparse: bool = False, indexing: str = "xy") -> list[Expr]:
    """The coordinates of a grid from the vectors along its axes, one value each.

    With `indexing="xy"` the first vector runs along axis 1 and the second along axis 0, with "ij" each along its own;
    with `sparse` the other axes have size 1. Raises InputError for another indexing, ShapeError for a matrix.
    """
    if indexing not in ("xy", "ij"):
        raise InputError(f"meshgrid: no indexing {indexing!r}; choose from xy, ij")
    nodes = [lift(x, "meshgrid") for x in xi]
    for x in nodes:
        if x.ndim > 1:
            raise ShapeError(f"meshgrid: needs vectors, got {x.type}")
    count = len(nodes)
    places = list(range(count))
    if indexing == "xy" and count > 1:
        places[:2] = [1, 0]
    grids = [reshape(x, tuple(x.size if i == p else 1 for i in range(count))) for x, p in zip(nodes, places)]
    return grids if sparse else broadcast_arrays(*grids)


def concatenate(arrays: Sequence[Value], axis: int = 0) -> Expr:
    """Values joined along an axis they have; dtypes promote. Raises ShapeError when the other axes differ.

    >>> import graphc as G
    >>> G.concatenate([G.input("x", "N", 3), G.input("y", 2, 3)]).type
    float64[N + 2,3]
    """
    return shaping.CONCATENATE(*arrays, axis=axis)


# -- dtypes and constants ---------------------------------------------------------------------------------


def astype(x: Value, dtype: Any, /) -> Expr:
    """The value in another of the five dtypes; a float cast to a float keeps its derivative. Raises DTypeError.

    >>> import graphc as G
    >>> G.astype(G.input("n", 3, dtype="int64"), "float32").type
    float32[3]
    """
    return lift(x, "astype").astype(dtype)


def full(shape: Any, fill_value: Value, dtype: Any = None) -> Expr:
    """`fill_value` in every place of a shape, which may have named sizes; of its own dtype by default.

    >>> import graphc as G
    >>> G.full(("N", 2), 0.5).type
    float64[N,2]
    """
    value = lift(fill_value, "full")
    return shaping.BROADCAST_TO(value if dtype is None else value.astype(dtype), shape=shape)


def full_like(a: Value, fill_value: Value, dtype: Any = None, shape: Any = None) -> Expr:
    """`full` of a's shape and dtype, unless others are given."""
    x = lift(a, "full_like")
    return full(x.shape if shape is None else shape, fill_value, x.type.dtype if dtype is None else dtype)


def zeros_like(a: Value, dtype: Any = None, shape: Any = None) -> Expr:
    """Zeros of a's shape and dtype, unless others are given; they carry no gradient to it.

    >>> import graphc as G
    >>> G.zeros_like(G.input("x", "N", 3, dtype="float32")).type
    float32[N,3]
    """
    return full_like(a, 0, dtype, shape)


def ones_like(a: Value, dtype: Any = None, shape: Any = None) -> Expr:
    """Ones of a's shape and dtype, unless others are given; they carry no gradient to it."""
    return full_like(a, 1, dtype, shape)


def arange(start_or_stop: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None) -> Expr:
    """start, start + step, ... before stop; with one number or name, from 0 up to it.

    Of numbers alone it is a constant, with NumPy's values and dtype. The start and the stop may be named sizes, the
    step being then an integer from 1 on, and the result int64 unless a dtype is given.

    >>> import graphc as G
    >>> G.arange("N").type, G.arange(1, 7, 2).type
    (int64[N], int64[3])
    """
    if isinstance(step, (int, float)) and step == 0:
        raise ShapeError("arange: the step cannot be 0")
    first, last = (0, start_or_stop) if stop is None else (start_or_stop, stop)
    bounds: list[Any] = [as_size(b, "arange") if isinstance(b, (str, Dim)) else b for b in (first, last)]
    if not any(isinstance(b, Dim) for b in bounds):
        return _constant("arange", np.arange(bounds[0], bounds[1], step), dtype)
    begin, end = (as_size(b, "arange") for b in bounds)
    stride = joining.whole(step, "arange: a step between named sizes")
    if stride < 1:
        raise ShapeError(f"arange: a step between named sizes is 1 or more, got {stride}")
    length = shaping.floor_by(end - begin + (stride - 1), stride)
    found = joining.ARANGE(size_node(length), size=length)
    found = found if stride == 1 else found * stride
    found = found if begin == 0 else found + size_node(begin)
    return found if dtype is None else found.astype(dtype)


def _constant(who: str, values: Any, dtype: Any) -> Expr:
    node = lift(values, who)
    return node if dtype is None else lift(values.astype(np.dtype(dtype)), who)


def linspace(start: Value, stop: Value, num: int = 50, endpoint: bool = True, dtype: Any = None) -> Expr:
    """`num` values evenly from start to stop, as a new first axis; without endpoint, by steps of (stop - start)/num.

    Of numbers it is a constant. Exprs broadcast, and start and stop come out exactly.
    Raises ShapeError when `num` is no whole number from 0 on.

    >>> import graphc as G
    >>> print(G.evaluate(G.linspace(0, G.input("b"), 3), {"b": 1.0}))
    [0.  0.5 1. ]
    """
    count = joining.whole(num, "linspace: num")
    if count < 0:
        raise ShapeError(f"linspace: num is 0 or more, got {count}")
    a, b = lift(start, "linspace"), lift(stop, "linspace")
    if a.op.name == b.op.name == "const":
        return _constant("linspace", np.linspace(a.attrs[0].value, b.attrs[0].value, count, endpoint), dtype)
    ndim = max(a.ndim, b.ndim)
    share = np.linspace(0.0, 1.0, count, endpoint).reshape(count, *[1] * ndim)
    floats = [x.type.dtype for x in (a, b) if not x.type.weak]
    t = lift(share.astype("float32" if set(floats) == {"float32"} else "float64"))
    found = a * (1.0 - t) + b * t
    return found if dtype is None else found.astype(dtype)


def eye(N: Size | str, M: Size | str | None = None, k: int = 0, dtype: Any = "float64") -> Expr:
    """Ones on diagonal k of an (N, M) matrix of zeros; square by default. Sizes may be named.

    >>> import graphc as G
    >>> G.eye("N").type
    float64[N,N]
    """
    n, m = as_size(N, "eye"), as_size(N if M is None else M, "eye")
    if isinstance(n, int) and isinstance(m, int):
        return lift(np.eye(n, m, k, dtype=np.dtype(dtype)), "eye")
    return EQUAL(_rows(n, k), arange(m)).astype(dtype)


def identity(n: Size | str, dtype: Any = "float64") -> Expr:
    """The unit matrix of a size, which may be named."""
    return eye(n, dtype=dtype)


def tri(N: Size | str, M: Size | str | None = None, k: int = 0, dtype: Any = "float64") -> Expr:
    """Ones at and below diagonal k of an (N, M) matrix of zeros; square by default. Sizes may be named."""
    n, m = as_size(N, "tri"), as_size(N if M is None else M, "tri")
    if isinstance(n, int) and isinstance(m, int):
        return lift(np.tri(n, m, k, dtype=np.dtype(dtype)), "tri")
    return GREATER_EQUAL(_rows(n, k), arange(m)).astype(dtype)


def _rows(n: Size, k: int) -> Expr:
    """k, k + 1, ... down a column: the column in which each row meets diagonal k."""
    offset = joining.whole(k, "a diagonal k")
    column = arange(n)
    return expand_dims(column + offset if offset else column, 1)
