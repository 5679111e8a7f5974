"""Joining rows: stacking, repeating, rolling, padding, diagonals, triangles. Values are moved or copied, never changed.

Each derivative is the same movement back: what was copied several times is summed, what was left out gets zeros.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from ..dims import Dim, Size, as_size
from ..errors import DTypeError, GraphcError, ShapeError
from ..formula import ATOM, RELATION, Form, call
from ..ir import Expr, Op
from ..types import TensorType, as_axis, promote, shape_text
from .reduction import SUM
from .shaping import BROADCAST_TO, RESHAPE


def whole(value: Any, what: str) -> int:
    """An integer. Raises ShapeError for anything else, bools included."""
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)
    except (TypeError, GraphcError):
        raise ShapeError(f"{what} is an integer, got {str(value)[:60]!r}") from None


def _alike(text: Callable[[Expr], str]) -> Callable[[Expr], dict[str, str]]:
    """One text for the calculator and the Unicode form."""
    return lambda node: dict.fromkeys(("text", "unicode"), text(node))


def _slots(node: Expr) -> str:
    """A place for each operand: `{0}, {1}`."""
    return ", ".join(f"{{{i}}}" for i in range(len(node.args)))


# -- stacking ---------------------------------------------------------------------------------------------


def _stack_type(*types: TensorType, axis: int) -> TensorType:
    shape = types[0].shape
    for t in types[1:]:
        if t.shape != shape:
            raise ShapeError(f"{types[0]} and {t} differ in shape")
    return TensorType((*shape[:axis], len(types), *shape[axis:]), promote(types)[0])


def _prepare_stack(args: tuple[Expr, ...], axis: Any = 0) -> tuple[Any, ...]:
    if not args:
        raise ShapeError("needs at least one value")
    return (as_axis(axis, args[0].ndim + 1),)


def _stack_numpy(node: Expr) -> str:
    tail = f", axis={node.attrs[0]}" if node.attrs[0] else ""
    if node.ndim == 1 and node.type.dtype != "float64":  # a scalar constant is written as a Python number
        tail += f', dtype="{node.type.dtype}"'
    return f"np.stack(({_slots(node)}{',' * (len(node.args) == 1)}){tail})"


def _stack_tangent(t: Any, y: Expr, xs: tuple[Expr, ...], axis: int) -> Expr:
    zero = BROADCAST_TO(0.0, shape=xs[0].shape).astype(y.type.dtype)
    return STACK(*[zero if d is None else d for d in t], axis=axis)


STACK: Op = Op(
    "stack",
    type_of=_stack_type,
    pullback=lambda g, y, *xs, axis: tuple(g[(*[slice(None)] * axis, i)] for i in range(len(xs))),
    pushforward=lambda t, y, *xs, axis: _stack_tangent(t, y, xs, axis),
    numpy=_stack_numpy,
    form=call("stack", arity=1),
    form_attrs=lambda node: dict.fromkeys(
        ("text", "unicode"), f"stack(({_slots(node)}){f', axis={node.attrs[0]}' if node.attrs[0] else ''})"
    ) | {"latex": rf"\left[{_slots(node)}\right]"},
    attrs=("axis",),
    prepare=_prepare_stack,
    cost=0,
)


# -- copies -----------------------------------------------------------------------------------------------


def _tile_pullback(g: Expr, x: Expr, reps: tuple[Size, ...]) -> Expr:
    """Each tiled axis of r·s elements is r rows of s, over which the cotangent is summed."""
    shape: list[Size] = []
    copies: list[int] = []
    for r, s in zip(reps, x.shape):
        if r != 1:
            copies.append(len(shape))
            shape.append(r)
        shape.append(s)
    return SUM(RESHAPE(g, shape=tuple(shape)), axis=tuple(copies))


TILE: Op = Op(
    "tile",
    type_of=lambda x, reps: TensorType(tuple(r * s for r, s in zip(reps, x.shape)), x.dtype),
    pullback=lambda g, y, x, reps: (_tile_pullback(g, x, reps),),
    pushforward=lambda t, y, x, reps: TILE(t[0], reps=reps),
    numpy=lambda node: f"np.tile({{0}}, {shape_text(node.attrs[0])})",
    form=call("tile"),
    form_attrs=_alike(lambda node: f"tile({{0}}, {shape_text(node.attrs[0])})"),
    attrs=("reps",),
    prepare=lambda args, reps: (tuple(as_size(r, "a repetition") for r in reps),),
)


def _repeat_type(x: TensorType, repeats: Size, axis: int) -> TensorType:
    return TensorType((*x.shape[:axis], x.shape[axis] * repeats, *x.shape[axis + 1 :]), x.dtype)


def _repeat_pullback(g: Expr, x: Expr, repeats: Size, axis: int) -> Expr:
    shape = (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :])
    return SUM(RESHAPE(g, shape=shape), axis=axis + 1)


REPEAT: Op = Op(
    "repeat",
    type_of=_repeat_type,
    pullback=lambda g, y, x, repeats, axis: (_repeat_pullback(g, x, repeats, axis),),
    pushforward=lambda t, y, x, repeats, axis: REPEAT(t[0], repeats=repeats, axis=axis),
    numpy="np.repeat({0}, {repeats}, axis={axis})",
    form=call("repeat"),
    form_attrs=_alike(lambda node: f"repeat({{0}}, {node.attrs[0]}, axis={node.attrs[1]})"),
    attrs=("repeats", "axis"),
    prepare=lambda args, repeats, axis: (as_size(repeats, "a repetition"), as_axis(axis, args[0].ndim)),
)


# -- rolling ----------------------------------------------------------------------------------------------


def _prepare_roll(args: tuple[Expr, ...], shift: Any, axis: Any) -> tuple[Any, ...]:
    shifts = shift if isinstance(shift, (tuple, list)) else (shift,)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    count = max(len(shifts), len(axes))
    if len(shifts) not in (1, count) or len(axes) not in (1, count):
        raise ShapeError(f"{len(shifts)} shifts for {len(axes)} axes")
    total: dict[int, int] = {}
    for a, s in zip(tuple(axes) * (count // len(axes)), tuple(shifts) * (count // len(shifts))):
        where = as_axis(a, args[0].ndim)
        total[where] = total.get(where, 0) + whole(s, "a shift")
    order = sorted(total)
    return tuple(total[a] for a in order), tuple(order)


def _roll_text(node: Expr) -> str:
    shift, axis = node.attrs
    return f"{shift[0]}, axis={axis[0]}" if len(axis) == 1 else f"{shift}, axis={axis}"


ROLL: Op = Op(
    "roll",
    type_of=lambda x, shift, axis: TensorType(x.shape, x.dtype),
    pullback=lambda g, y, x, shift, axis: (ROLL(g, shift=tuple(-s for s in shift), axis=axis),),
    pushforward=lambda t, y, x, shift, axis: ROLL(t[0], shift=shift, axis=axis),
    numpy=lambda node: f"np.roll({{0}}, {_roll_text(node)})",
    form=call("roll"),
    form_attrs=_alike(lambda node: f"roll({{0}}, {_roll_text(node)})"),
    attrs=("shift", "axis"),
    prepare=_prepare_roll,
)


# -- padding with a constant ------------------------------------------------------------------------------


def _prepare_pad(args: tuple[Expr, ...], widths: Any, value: Any = 0) -> tuple[Any, ...]:
    dtype = args[0].type.dtype
    kind: Callable[[Any], Any] = float if args[0].type.is_float else bool if dtype == "bool" else int
    if value != kind(value) and not (kind is float and math.isnan(value)):
        raise DTypeError(f"cannot pad {dtype} with {value}")
    return tuple((as_size(a, "a width"), as_size(b, "a width")) for a, b in widths), kind(value)


def number_text(value: float) -> str:
    """A number as NumPy source."""
    return repr(value) if math.isfinite(value) else "np.nan" if math.isnan(value) else f"{'-' * (value < 0)}np.inf"


def _pad_text(node: Expr) -> str:
    widths, value = node.attrs
    pairs = ", ".join(f"({a}, {b})" for a, b in widths)
    tail = "" if value == 0 else f", constant_values={number_text(value)}"
    return f"({pairs}{',' * (len(widths) == 1)}){tail}"


def inner(widths: tuple[tuple[Size, Size], ...], shape: tuple[Size, ...]) -> tuple[slice, ...]:
    """Where a value of this shape lies within its padding."""
    return tuple(slice(before, before + s) for (before, _), s in zip(widths, shape))


PAD: Op = Op(
    "pad",
    type_of=lambda x, widths, value: TensorType(tuple(a + s + b for (a, b), s in zip(widths, x.shape)), x.dtype),
    pullback=lambda g, y, x, widths, value: (g[inner(widths, x.shape)],),
    pushforward=lambda t, y, x, widths, value: PAD(t[0], widths=widths),
    numpy=lambda node: f"np.pad({{0}}, {_pad_text(node)})",
    form=call("pad"),
    form_attrs=_alike(lambda node: f"pad({{0}}, {_pad_text(node).replace('np.', '')})"),
    attrs=("widths", "value"),
    prepare=_prepare_pad,
)


# -- diagonals and triangles ------------------------------------------------------------------------------


def _diagonal_length(n: Size, m: Size, offset: int) -> Size:
    rows, columns = n + min(offset, 0), m - max(offset, 0)
    excess = rows - columns
    if isinstance(excess, Dim):
        raise ShapeError(f"which of the sizes {n} and {m} ends the diagonal is not known")
    length = rows if excess <= 0 else columns
    return max(0, length) if isinstance(length, int) else length


def _diagonal_type(x: TensorType, offset: int, axis1: int, axis2: int) -> TensorType:
    rest = tuple(s for i, s in enumerate(x.shape) if i not in (axis1, axis2))
    return TensorType((*rest, _diagonal_length(x.shape[axis1], x.shape[axis2], offset)), x.dtype)


def _prepare_diagonal(args: tuple[Expr, ...], offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> tuple[Any, ...]:
    ndim = args[0].ndim
    if ndim < 2:
        raise ShapeError("a diagonal needs two axes")
    first, second = as_axis(axis1, ndim), as_axis(axis2, ndim)
    if first == second:
        raise ShapeError(f"axis1 and axis2 are both axis {first}")
    return whole(offset, "an offset"), first, second


def _diagonal_pullback(g: Expr, x: Expr, offset: int, axis1: int, axis2: int) -> Expr:
    side = g.shape[-1] + abs(offset)
    if x.shape == (side, side) and axis1 == 0:
        return DIAG(g, offset=offset)
    return PLACE_DIAGONAL(g, offset=offset, axis1=axis1, axis2=axis2, shape=x.shape)


def _diagonal_text(node: Expr) -> str:
    offset, axis1, axis2 = node.attrs[:3]
    axes = "" if (axis1, axis2) == (0, 1) else f", axis1={axis1}, axis2={axis2}"
    return (f", offset={offset}" if offset else "") + axes


DIAGONAL: Op = Op(
    "diagonal",
    type_of=_diagonal_type,
    pullback=lambda g, y, x, offset, axis1, axis2: (_diagonal_pullback(g, x, offset, axis1, axis2),),
    pushforward=lambda t, y, x, offset, axis1, axis2: DIAGONAL(t[0], offset=offset, axis1=axis1, axis2=axis2),
    numpy=lambda node: f"np.diagonal({{0}}{_diagonal_text(node)})",
    form=Form("diagonal({0})", "diagonal({0})", r"\operatorname{{diag}}\left({0}\right)", ATOM, (RELATION,)),
    form_attrs=_alike(lambda node: f"diagonal({{0}}{_diagonal_text(node)})"),
    attrs=("offset", "axis1", "axis2"),
    prepare=_prepare_diagonal,
    view=True,
    cost=0,
)

DIAG: Op = Op(
    # The square matrix that has a vector on one diagonal.
    "diag",
    type_of=lambda x, offset: TensorType((x.shape[0] + abs(offset),) * 2, x.dtype),
    pullback=lambda g, y, x, offset: (DIAGONAL(g, offset=offset),),
    pushforward=lambda t, y, x, offset: DIAG(t[0], offset=offset),
    numpy=lambda node: f"np.diag({{0}}{f', {node.attrs[0]}' if node.attrs[0] else ''})",
    form=Form("diag({0})", "diag({0})", r"\operatorname{{diag}}\left({0}\right)", ATOM, (RELATION,)),
    form_attrs=_alike(lambda node: f"diag({{0}}{f', {node.attrs[0]}' if node.attrs[0] else ''})"),
    attrs=("offset",),
    prepare=lambda args, offset=0: (whole(offset, "an offset"),),
)

PLACE_DIAGONAL: Op = Op(
    # The adjoint of a diagonal: zeros of `shape` with the operand there.
    "place_diagonal",
    type_of=lambda g, offset, axis1, axis2, shape: TensorType(shape, g.dtype),
    pullback=lambda g, y, x, offset, axis1, axis2, shape: (DIAGONAL(g, offset=offset, axis1=axis1, axis2=axis2),),
    pushforward=lambda t, y, x, **at: PLACE_DIAGONAL(t[0], **at),
    numpy=lambda node: f"place_diagonal({{0}}, {shape_text(node.attrs[3])}{_diagonal_text(node)})",
    helper='''\
def place_diagonal(values, shape, offset=0, axis1=0, axis2=1):
    """Zeros of `shape` with `values` on a diagonal of two axes."""
    whole = np.zeros(shape, values.dtype)
    rows = np.moveaxis(whole, (axis1, axis2), (-2, -1))[..., max(-offset, 0):, max(offset, 0):]
    length = values.shape[-1]
    np.einsum("...ii->...i", rows[..., :length, :length])[...] = values
    return whole
''',
    form=call("place_diagonal"),
    form_attrs=_alike(lambda node: f"place_diagonal({{0}}, {shape_text(node.attrs[3])}{_diagonal_text(node)})"),
    attrs=("offset", "axis1", "axis2", "shape"),
)


def _prepare_triangle(args: tuple[Expr, ...], k: Any = 0) -> tuple[Any, ...]:
    if args[0].ndim < 2:
        raise ShapeError("a triangle needs two axes")
    return (whole(k, "a diagonal k"),)


def _triangle(name: str) -> Op:
    def text(node: Expr) -> str:
        return f"{name}({{0}}{f', {node.attrs[0]}' if node.attrs[0] else ''})"

    row: Op = Op(
        name,
        type_of=lambda x, k: TensorType(x.shape, x.dtype),
        pullback=lambda g, y, x, k: (row(g, k=k),),
        pushforward=lambda t, y, x, k: row(t[0], k=k),
        numpy=lambda node: f"np.{text(node)}",
        form=call(name),
        form_attrs=_alike(text),
        attrs=("k",),
        prepare=_prepare_triangle,
    )
    return row


TRIL = _triangle("tril")
TRIU = _triangle("triu")

ARANGE = Op(
    # 0, 1, ..., size - 1; its operand is the size as a node, which makes a named one known where it runs.
    "arange",
    type_of=lambda n, size: TensorType((size,), "int64"),
    pullback=lambda g, y, n, size: (None,),
    pushforward=lambda t, y, n, size: None,
    numpy="np.arange({0})",
    form=call("arange"),
    attrs=("size",),
)
