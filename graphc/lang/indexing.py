"""Taking, writing at an index, sorting, searching."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dims import Size
from ..errors import ShapeError
from ..ir import Expr, lift, size_node
from ..ops import gather, sorting
from ..ops.elementwise import EQUAL, LESS, MAXIMUM, MINIMUM, WHERE
from ..ops.indexing import GETITEM, PLACE
from ..ops.shaping import BROADCAST_TO, RESHAPE
from ..types import as_axis, broadcast_shapes, promote
from .value import Value, real

__all__ = [
    "argsort", "choose", "embedding", "interp", "one_hot", "scatter", "scatter_add", "searchsorted",
    "select", "sort", "take", "take_along_axis",
]  # fmt: skip


# -- taking ---------------------------------------------------------------------------------------------------------


def take(a: Value, indices: Value, axis: int | None = None) -> Expr:
    """The elements at integer `indices` along an axis, or of all elements in order: a[..., indices, ...].

    The axis is replaced by those of the indices; negative ones count from the end. The adjoint adds up where an
    index repeats. Raises ShapeError for a constant index out of range (NumPy's IndexError when it is an input),
    DTypeError for indices that are no integers.

    >>> import graphc as G
    >>> G.take(G.input("x", "N", 3), G.input("i", 4, 5, dtype="int64"), axis=0).type
    float64[4,5,3]
    """
    x = lift(a, "take")
    if axis is None:
        x, axis = RESHAPE(x, shape=(-1,)), 0
    return x[(slice(None),) * as_axis(axis, x.ndim) + (indices,)]


def take_along_axis(arr: Value, indices: Value, axis: int | None = -1) -> Expr:
    """The elements at `indices` along an axis, each row with its own; other axes broadcast against each other.

    With axis None, of all elements in order. The adjoint adds up where an index repeats. Raises ShapeError unless
    the indices have as many axes as `arr`, DTypeError unless they are integers.

    >>> import graphc as G
    >>> logp, y = G.input("logp", "N", 10), G.input("y", "N", dtype="int64")
    >>> G.take_along_axis(logp, y[:, None], axis=1).type
    float64[N,1]
    """
    x, i = lift(arr, "take_along_axis"), lift(indices, "take_along_axis")
    if axis is None:
        x, axis = RESHAPE(x, shape=(-1,)), 0
    if x.ndim == i.ndim and x.ndim:
        along = as_axis(axis, x.ndim)
        x, i = _broadcast_but(x, i, along), _broadcast_but(i, x, along)
    return gather.TAKE_ALONG_AXIS(x, i, axis=axis)


def _broadcast_but(a: Expr, b: Expr, axis: int) -> Expr:
    """`a` broadcast against `b` on every axis but one."""
    one = broadcast_shapes(tuple([(*s[:axis], 1, *s[axis + 1 :]) for s in (a.shape, b.shape)]))
    shape = (*one[:axis], a.shape[axis], *one[axis + 1 :])
    return a if shape == a.shape else BROADCAST_TO(a, shape=shape)


def embedding(weight: Value, indices: Value) -> Expr:
    """Rows of `weight` [V, D] at integer indices of any shape: shape indices.shape + [D].

    The gradient of a row is the sum over the places where it was taken. Raises as `take`.
    """
    return take(weight, indices, axis=0)


def one_hot(labels: Value, num_classes: int | str | Size, dtype: Any = "float64") -> Expr:
    """1 at each label and 0 elsewhere, along a new last axis of `num_classes`.

    A label below 0 counts from the end. Raises DTypeError for labels that are no integers, ShapeError for a
    constant label that is no class (NumPy's IndexError when it is an input).

    >>> import graphc as G
    >>> print(G.evaluate(G.one_hot([0, 2], 3), {}))
    [[1. 0. 0.]
     [0. 0. 1.]]
    """
    return gather.ONE_HOT(labels, size=num_classes, dtype=dtype)


# -- writing at an index ----------------------------------------------------------------------------------------------


def scatter_add(a: Value, index: Any, values: Value) -> Expr:
    """`a` with `values` added at a[index], where repeated places add up, as `numpy.add.at`; `a` stays as it is.

    `index` is anything that a[index] takes; the values broadcast to its shape, dtypes promote. The gradient of `a`
    is the cotangent, that of the values the cotangent at the index. Raises ShapeError when they do not broadcast.

    >>> import graphc as G
    >>> print(G.evaluate(G.scatter_add([10.0, 20.0], [0, 0, 1], [1.0, 2.0, 3.0]), {}))
    [13. 23.]
    """
    x = lift(a, "scatter_add")
    picked = x[index]
    return x + _placed(_fitted(lift(values, "scatter_add"), picked, "scatter_add"), picked, x)


def scatter(a: Value, index: Any, values: Value) -> Expr:
    """`a` with a[index] = values; `a` itself stays as it is. Of values written to one place, the last one stays.
    Shapes and dtypes as `scatter_add`.

    The gradient of `a` is the cotangent, 0 where it is overwritten; that of a value is the cotangent at its place,
    0 where a later one overwrites it. Raises ShapeError when the values do not broadcast to a[index].

    >>> import graphc as G
    >>> x = G.input("x", 3)
    >>> print(G.evaluate(G.scatter(x, 1, 7.0), {x: [1.0, 2.0, 3.0]}))
    [1. 7. 3.]
    """
    x = lift(a, "scatter")
    picked = x[index]
    v = _fitted(lift(values, "scatter"), picked, "scatter")
    written = _placed(BROADCAST_TO(1.0, shape=picked.shape), picked, x) > 0
    if picked.op is gather.GATHER:
        kept = gather.LAST_WRITTEN.make((v, *picked.args[1:]), (picked.attrs[0], x.shape))
        v = WHERE(kept, v, 0)
    return WHERE(written, _placed(v, picked, x), x)


def _fitted(values: Expr, picked: Expr, who: str) -> Expr:
    """The values in the shape of what they go to, and in the dtype of both together."""
    dtype, _ = promote((picked.type, values.type))
    values = values if values.type.dtype == dtype and not values.type.weak else values.astype(dtype)
    try:
        return values if values.shape == picked.shape else BROADCAST_TO(values, shape=picked.shape)
    except ShapeError:
        raise ShapeError(f"{who}: values {values.type} do not broadcast to the {picked.type} at the index") from None


def _placed(values: Expr, picked: Expr, x: Expr) -> Expr:
    """Zeros of x's shape with the values at the index by which `picked` was taken from x."""
    if picked.op is GETITEM:
        return PLACE.make((values,), (picked.attrs[0], x.shape))
    return gather.SCATTER_ADD.make((values, *picked.args[1:]), (picked.attrs[0], x.shape))


# -- order ----------------------------------------------------------------------------------------------------------


def sort(a: Value, axis: int | None = -1) -> Expr:
    """Values in ascending order along an axis, or all in one axis for None; nan comes last.

    Each cotangent goes back to where its element came from; of equal elements the order is kept.
    Raises ShapeError for a scalar with an axis.
    """
    x = lift(a, "sort")
    return sorting.SORT(RESHAPE(x, shape=(-1,)), axis=0) if axis is None else sorting.SORT(x, axis=axis)


def argsort(a: Value, axis: int | None = -1) -> Expr:
    """The positions, as int64, that put values in ascending order; equal ones keep theirs. No derivative. As `sort`."""
    x = lift(a, "argsort")
    return sorting.ARGSORT(RESHAPE(x, shape=(-1,)), axis=0) if axis is None else sorting.ARGSORT(x, axis=axis)


def searchsorted(a: Value, v: Value, side: str = "left") -> Expr:
    """Where each of `v` belongs in the sorted one-axis `a`, as int64, before ("left") or after its equals.

    No derivative. Raises ShapeError unless `a` has one axis and `side` is one of the two.
    """
    return sorting.SEARCHSORTED(a, v, side=side)


def interp(x: Value, xp: Value, fp: Value) -> Expr:
    """Linear interpolation at x of points (xp, fp), xp increasing; the end values hold beyond both ends.

    `xp` and `fp` have one axis of the same length, 2 or more. By x the derivative is the slope of the piece, at a
    point that of the piece to its right, and 0 beyond the ends; those by xp and fp are there too.
    Raises ShapeError for points of another shape.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> y = G.interp(x, [0.0, 1.0, 3.0], [0.0, 10.0, 20.0])
    >>> print(G.evaluate([y, G.gradients(y, x)], {x: 2.0}))
    (np.float64(15.0), np.float64(5.0))
    """
    at, knots, heights = real(x), real(xp), real(fp)
    if knots.ndim != 1 or knots.shape != heights.shape or knots.shape[0] in (0, 1):
        raise ShapeError(f"interp: xp {knots.type} and fp {heights.type} need one axis of the same length, 2 or more")
    last = size_node(knots.shape[0] - 2)
    i = MINIMUM(MAXIMUM(sorting.SEARCHSORTED(knots, at, side="right") - 1, 0), last)
    left, low = knots[i], heights[i]
    slope = (heights[i + 1] - low) / (knots[i + 1] - left)
    inside = low + slope * (at - left)
    return WHERE(LESS(at, knots[0]), heights[0], WHERE(at >= knots[-1], heights[-1], inside))


# -- selection --------------------------------------------------------------------------------------------------------


def select(condlist: Sequence[Value], choicelist: Sequence[Value], default: Value = 0) -> Expr:
    """The choice of the first condition that holds, elementwise, or the default: nested `where`.

    Raises ShapeError unless there are as many choices as conditions.
    """
    if len(condlist) != len(choicelist):
        raise ShapeError(f"select: {len(condlist)} conditions and {len(choicelist)} choices; give one choice for each")
    chosen = lift(default, "select")
    for condition, choice in zip(reversed(condlist), reversed(choicelist)):
        chosen = WHERE(condition, choice, chosen)
    return chosen


def choose(a: Value, choices: Sequence[Value]) -> Expr:
    """Elementwise the choice that the integers of `a` number, from 0: nested `where`. Shapes broadcast.

    Any other number takes the last choice. Raises ShapeError for no choice.
    """
    if not choices:
        raise ShapeError("choose: needs one choice or more")
    i, chosen = lift(a, "choose"), lift(choices[-1], "choose")
    for k in range(len(choices) - 2, -1, -1):
        chosen = WHERE(EQUAL(i, k), choices[k], chosen)
    return chosen
