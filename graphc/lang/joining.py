"""Padding, repeating, rolling, splitting, stacking, diagonals and triangles, with NumPy's names and signatures."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ..dims import Dim, Size, divides
from ..errors import InputError, ShapeError
from ..ir import Expr, lift
from ..ops import joining
from ..types import as_axes, as_axis, promote
from .shaping import atleast_1d, atleast_2d, broadcast_to, concatenate, reshape, swapaxes
from .value import Axis, Value

__all__ = [
    "array_split", "column_stack", "diag", "diagflat", "diagonal", "dsplit", "dstack", "flip", "fliplr", "flipud",
    "hsplit", "hstack", "pad", "repeat", "roll", "rot90", "split", "stack", "tile", "tril", "triu", "vsplit", "vstack",
]  # fmt: skip


# -- joining ----------------------------------------------------------------------------------------------


def stack(arrays: Sequence[Value], axis: int = 0) -> Expr:
    """Values of one shape joined along a new axis; dtypes promote, Python numbers being weak.

    The gradient of each is its slice of the cotangent. Raises ShapeError when the shapes differ.

    >>> import graphc as G
    >>> x, y = G.inputs("x y", "N")
    >>> G.stack([x, y], axis=1).type
    float64[N,2]
    """
    nodes = _listed("stack", arrays)
    if not nodes:
        raise ShapeError("stack: needs at least one value")
    dtype, _ = promote(tuple(a.type for a in nodes))
    return joining.STACK(*[a.astype(dtype) if a.type.weak else a for a in nodes], axis=axis)


def _listed(who: str, arrays: Any) -> list[Expr]:
    if not isinstance(arrays, (list, tuple)):
        raise InputError(f"{who} takes a list of values, got {type(arrays).__name__}")
    return [lift(a, who) for a in arrays]


def hstack(tup: Sequence[Value]) -> Expr:
    """Values joined along axis 1; vectors and scalars along axis 0. Raises ShapeError as `concatenate`."""
    nodes = [atleast_1d(a) for a in _listed("hstack", tup)]
    return concatenate(nodes, axis=1 if nodes and nodes[0].ndim > 1 else 0)


def vstack(tup: Sequence[Value]) -> Expr:
    """Values joined along axis 0, vectors as rows. Raises ShapeError as `concatenate`.

    >>> import graphc as G
    >>> G.vstack([G.input("x", 3), G.input("A", "N", 3)]).type
    float64[N + 1,3]
    """
    return concatenate([atleast_2d(a) for a in _listed("vstack", tup)])


def column_stack(tup: Sequence[Value]) -> Expr:
    """Values joined along axis 1, vectors as columns. Raises ShapeError as `concatenate`."""
    nodes = _listed("column_stack", tup)
    return concatenate([a if a.ndim > 1 else reshape(a, (a.size, 1)) for a in nodes], axis=1)


def dstack(tup: Sequence[Value]) -> Expr:
    """Values joined along axis 2, matrices and vectors getting one. Raises ShapeError as `concatenate`."""
    nodes = [atleast_2d(a) for a in _listed("dstack", tup)]
    return concatenate([a if a.ndim > 2 else reshape(a, (*a.shape, 1)) for a in nodes], axis=2)


# -- splitting --------------------------------------------------------------------------------------------


def split(ary: Value, indices_or_sections: Any, axis: int = 0) -> list[Expr]:
    """Slices along an axis: a number of equal ones, or those between the given positions.

    Raises ShapeError when the axis does not divide evenly.

    >>> import graphc as G
    >>> [part.type for part in G.split(G.input("x", 6, "N"), 3)]
    [float64[2,N], float64[2,N], float64[2,N]]
    """
    x, where_ = _axis_of("split", ary, axis)
    if isinstance(indices_or_sections, (list, tuple)):
        return _cut_at(x, list(indices_or_sections), where_)
    count = _sections("split", indices_or_sections)
    step = divides(x.shape[where_], count)
    if step is None:
        raise ShapeError(f"split: axis {where_} of {x.type} does not divide into {count} equal parts; see array_split")
    return _cut_at(x, [step * i for i in range(1, count)], where_)


def array_split(ary: Value, indices_or_sections: Any, axis: int = 0) -> list[Expr]:
    """As `split`, where parts may differ by one: the first ones are longer. The axis must have a known size."""
    x, where_ = _axis_of("array_split", ary, axis)
    if isinstance(indices_or_sections, (list, tuple)):
        return _cut_at(x, list(indices_or_sections), where_)
    count, size = _sections("array_split", indices_or_sections), x.shape[where_]
    if isinstance(size, Dim):
        if divides(size, count) is None:
            raise ShapeError(f"array_split: axis {where_} of {x.type} may not divide into {count} parts; its size "
                             "must be known")
        return split(x, count, where_)
    return _cut_at(x, [i * (size // count) + min(i, size % count) for i in range(1, count)], where_)


def _axis_of(who: str, ary: Value, axis: Any) -> tuple[Expr, int]:
    x = lift(ary, who)
    return x, as_axis(axis, x.ndim)


def _sections(who: str, count: Any) -> int:
    found = joining.whole(count, f"{who}: a number of parts")
    if found < 1:
        raise ShapeError(f"{who}: a number of parts is 1 or more, got {found}")
    return found


def _cut_at(x: Expr, positions: list[Any], axis: int) -> list[Expr]:
    bounds = [None, *positions, None]
    return [x[(*[slice(None)] * axis, slice(a, b))] for a, b in itertools.pairwise(bounds)]


def hsplit(ary: Value, indices_or_sections: Any) -> list[Expr]:
    """`split` along axis 1, of a vector along axis 0. Raises ShapeError for a scalar."""
    x = lift(ary, "hsplit")
    return split(x, indices_or_sections, axis=1 if x.ndim > 1 else 0)


def vsplit(ary: Value, indices_or_sections: Any) -> list[Expr]:
    """`split` of a matrix along axis 0. Raises ShapeError for a vector."""
    return split(_at_least("vsplit", ary, 2), indices_or_sections, axis=0)


def dsplit(ary: Value, indices_or_sections: Any) -> list[Expr]:
    """`split` along axis 2. Raises ShapeError with fewer axes."""
    return split(_at_least("dsplit", ary, 3), indices_or_sections, axis=2)


def _at_least(who: str, a: Value, ndim: int) -> Expr:
    x = lift(a, who)
    if x.ndim < ndim:
        raise ShapeError(f"{who}: needs {ndim} axes or more, got {x.type}")
    return x


# -- copies -----------------------------------------------------------------------------------------------


def tile(A: Value, reps: Any) -> Expr:
    """The whole value repeated along its axes, as often as `reps` says for each; sizes and counts may be named.

    The gradient is the sum over the copies. Raises ShapeError for a count that is no size.

    >>> import graphc as G
    >>> G.tile(G.input("x", 3), ("N", 2)).type
    float64[N,6]
    """
    x = lift(A, "tile")
    counts = tuple(reps) if isinstance(reps, (list, tuple)) else (reps,)
    counts = (1,) * (x.ndim - len(counts)) + counts
    if len(counts) > x.ndim:
        x = reshape(x, (1,) * (len(counts) - x.ndim) + x.shape)
    return joining.TILE(x, reps=counts) if counts else x


def repeat(a: Value, repeats: Size | str, axis: int | None = None) -> Expr:
    """Each element repeated `repeats` times (one size for all) along an axis, or of the ravelled value.

    The gradient is the sum over the copies. Raises ShapeError for a count that is no size, as a list of counts is.

    >>> import graphc as G
    >>> print(G.evaluate(G.repeat(G.input("x", 2), 3), {"x": [1.0, 2.0]}))
    [1. 1. 1. 2. 2. 2.]
    """
    x = lift(a, "repeat")
    if axis is None:
        return joining.REPEAT(reshape(x, (-1,)) if x.ndim != 1 else x, repeats=repeats, axis=0)
    return joining.REPEAT(x, repeats=repeats, axis=axis)


# -- turning ----------------------------------------------------------------------------------------------


def flip(m: Value, axis: Axis = None) -> Expr:
    """The elements in reverse order along one axis, several, or all: x[::-1]. Raises ShapeError for an axis not there.

    >>> import graphc as G
    >>> print(G.flip(G.input("x", "N")))
    x[::-1]
    """
    x = lift(m, "flip")
    axes = as_axes(axis, x.ndim)
    return x[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(x.ndim))]


def fliplr(m: Value) -> Expr:
    """`flip` along axis 1. Raises ShapeError for a vector."""
    return flip(_at_least("fliplr", m, 2), 1)


def flipud(m: Value) -> Expr:
    """`flip` along axis 0. Raises ShapeError for a scalar."""
    return flip(_at_least("flipud", m, 1), 0)


def roll(a: Value, shift: Any, axis: Axis = None) -> Expr:
    """The elements moved by `shift` along an axis, or several by one each; those at the end come in at the front.

    Without an axis, of the ravelled value, in its shape. The gradient is rolled back.
    Raises ShapeError for an axis that is not there, or a shift that is no integer.
    """
    x = lift(a, "roll")
    if axis is None:
        if x.ndim == 1:
            return joining.ROLL(x, shift=shift, axis=0)
        return reshape(joining.ROLL(reshape(x, (-1,)), shift=shift, axis=0), x.shape)
    return joining.ROLL(x, shift=shift, axis=axis)


def rot90(m: Value, k: int = 1, axes: Sequence[int] = (0, 1)) -> Expr:
    """The value turned by k quarters in the plane of two axes, from the first towards the second.

    Raises ShapeError unless the two axes are there and differ.
    """
    x = _at_least("rot90", m, 2)
    plane = [as_axis(a, x.ndim) for a in axes]
    if len(plane) != 2 or plane[0] == plane[1]:
        raise ShapeError(f"rot90: needs two different axes, got {tuple(axes)}")
    first, second = plane
    turns = joining.whole(k, "rot90: k") % 4
    if turns == 1:
        return swapaxes(flip(x, second), first, second)
    if turns == 3:
        return flip(swapaxes(x, first, second), second)
    return flip(x, (first, second)) if turns else x


# -- padding ----------------------------------------------------------------------------------------------


def pad(array: Value, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Expr:
    """The value with `pad_width` elements added before and after each axis.

    `pad_width` is one number for all, one pair for all, or a pair for each axis; sizes may be named. `mode` is
    "constant" (with one number), "edge", "reflect" (mirrored without the edge), "symmetric" (with it) or "wrap".
    The gradient of a constant padding is a slice; of the others, what was copied is added up.
    Raises ShapeError for widths that do not fit, InputError for an unknown mode, DTypeError for a constant that
    the dtype does not hold.

    >>> import graphc as G
    >>> G.pad(G.input("x", "N", 3), ((1, 1), (0, 2))).type
    float64[N + 2,5]
    """
    x = lift(array, "pad")
    widths = _widths(pad_width, x)
    if mode == "constant":
        if not isinstance(constant_values, (bool, int, float)):
            raise InputError(f"pad: constant_values is one number, got {str(constant_values)[:60]!r}")
        return joining.PAD(x, widths=widths, value=constant_values)
    if mode not in _BORDERS:
        raise InputError(f"pad: no mode {mode!r}; choose from constant, {', '.join(_BORDERS)}")
    for axis, (before, after) in enumerate(widths):
        x = _bordered(x, axis, _count(before, mode, x, axis), _count(after, mode, x, axis), mode)
    return x


def _widths(pad_width: Any, x: Expr) -> list[tuple[Any, Any]]:
    if not isinstance(pad_width, (list, tuple)):
        return [(pad_width, pad_width)] * x.ndim
    given = list(pad_width)
    if not any(isinstance(w, (list, tuple)) for w in given):
        if len(given) not in (1, 2):
            raise ShapeError(f"pad: pad_width is a number, a pair, or a pair for each axis, got {tuple(given)}")
        return [(given[0], given[-1])] * x.ndim
    pairs = [tuple(w) if isinstance(w, (list, tuple)) else (w,) for w in given]
    if any(len(p) not in (1, 2) for p in pairs) or len(pairs) not in (1, x.ndim):
        raise ShapeError(f"pad: pad_width {str(pad_width)[:60]} needs one pair for each axis of {x.type}")
    return [(p[0], p[-1]) for p in (pairs * x.ndim if len(pairs) == 1 else pairs)]


def _count(width: Any, mode: str, x: Expr, axis: int) -> int:
    count, size = joining.whole(width, "pad: a width"), x.shape[axis]
    most = {"edge": None, "reflect": -1}.get(mode, 0)
    if count < 0:
        raise ShapeError(f"pad: a width is 0 or more, got {count}")
    if isinstance(size, int) and ((most is not None and count > size + most) or (count and not size)):
        raise ShapeError(f"pad: {mode} padding of {count} is longer than axis {axis} of {x.type} can give")
    return count


def _bordered(x: Expr, axis: int, before: int, after: int, mode: str) -> Expr:
    """`x` between what its own values give before and after it; sizes from the end are counted from 0."""
    def cut(start: Any, stop: Any, step: int = 1) -> Expr:
        return x[(*[slice(None)] * axis, slice(start, stop, step))]

    front, back = _BORDERS[mode](cut, x.shape[axis], before, after)
    shape = list(x.shape)
    parts = [x]
    if before:
        shape[axis] = before
        parts.insert(0, broadcast_to(front, tuple(shape)) if mode == "edge" else front)
    if after:
        shape[axis] = after
        parts.append(broadcast_to(back, tuple(shape)) if mode == "edge" else back)
    return concatenate(parts, axis=axis) if len(parts) > 1 else x


# What stands before and after an axis of `n` elements that is padded by `a` and `b`.
_BORDERS: dict[str, Any] = {
    "edge": lambda cut, n, a, b: (cut(0, 1), cut(n - 1, n)),
    "reflect": lambda cut, n, a, b: (a and cut(a, 0, -1), b and cut(n - 2, n - 2 - b if n != b + 1 else None, -1)),
    "symmetric": lambda cut, n, a, b: (a and cut(a - 1, None, -1), b and cut(n - 1, n - 1 - b if n != b else None, -1)),
    "wrap": lambda cut, n, a, b: (a and cut(n - a, n), b and cut(0, b)),
}


# -- diagonals and triangles ------------------------------------------------------------------------------


def diag(v: Value, k: int = 0) -> Expr:
    """Of a vector, the square matrix with it on diagonal k; of a matrix, its diagonal k, as a view.

    Raises ShapeError for other ranks, or where named sizes leave the length of the diagonal unknown.

    >>> import graphc as G
    >>> G.diag(G.input("v", "N"), 1).type, G.diag(G.input("A", 3, 3)).type
    (float64[N + 1,N + 1], float64[3])
    """
    x = lift(v, "diag")
    if x.ndim not in (1, 2):
        raise ShapeError(f"diag: needs a vector or a matrix, got {x.type}; see diagonal")
    return joining.DIAG(x, offset=k) if x.ndim == 1 else joining.DIAGONAL(x, offset=k)


def diagflat(v: Value, k: int = 0) -> Expr:
    """The square matrix with the ravelled value on diagonal k."""
    x = lift(v, "diagflat")
    return joining.DIAG(x if x.ndim == 1 else reshape(x, (-1,)), offset=k)


def diagonal(a: Value, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Expr:
    """The diagonals of the planes of two axes, as a last axis. The gradient is placed back on them, zero elsewhere.

    Raises ShapeError for axes that are not there, or where named sizes leave the length unknown.
    """
    return joining.DIAGONAL(a, offset=offset, axis1=axis1, axis2=axis2)


def tril(m: Value, k: int = 0) -> Expr:
    """The lower triangles of the last two axes, zero above diagonal k, as is the gradient.

    Raises ShapeError for a vector.
    """
    return joining.TRIL(m, k=k)


def triu(m: Value, k: int = 0) -> Expr:
    """The upper triangles of the last two axes, zero below diagonal k, as is the gradient.

    Raises ShapeError for a vector.
    """
    return joining.TRIU(m, k=k)
