"""Convolution and pooling rows, over one spatial axis or several: (N, C, *spatial) with (O, C/groups, *kernel).

Convolution, as networks mean it, is a cross-correlation:

    y[n, o, i] = Σ over c, k of w[o, c, k]·x[n, c, i·stride + k·dilation].

It is linear in the input and in the weights, so with the cotangent it makes one trilinear form

    <g, conv(x, w)> = <conv_transpose(g, w), x> = <conv_weight(x, g), w>,

and the derivatives of each of the three rows are the other two: derivatives of any order are these three rows.
A max-pool shares the gradient of a window equally among the elements that attain its maximum.
"""

from __future__ import annotations

from typing import Any

from ..dims import Size, product
from ..errors import DTypeError, ShapeError
from ..formula import call
from ..ir import Expr, Op
from ..types import TensorType, promote, shape_text
from .elementwise import plus
from .shaping import floor_by

Pairs = tuple[tuple[int, int], ...]  # elements added before and after each spatial axis


def reach(kernel: Size, dilation: int) -> Size:
    """The elements from the first to the last that a dilated kernel meets."""
    return (kernel - 1) * dilation + 1


def windows_of(size: Size, kernel: Size, stride: int, padding: tuple[int, int], dilation: int) -> Size:
    """How many windows fit on an axis. Raises ShapeError when none does."""
    whole, span = size + padding[0] + padding[1], reach(kernel, dilation)
    room = whole - span
    if isinstance(room, int) and room < 0:
        raise ShapeError(f"a window of {span} does not fit an axis of {whole}{' with its padding' * (whole != size)}")
    return floor_by(room, stride) + 1


def _spatial(shape: tuple[Size, ...], kernel: tuple[Size, ...], stride: tuple[int, ...], padding: Pairs,
             dilation: tuple[int, ...]) -> tuple[Size, ...]:
    sizes = shape[len(shape) - len(kernel) :]
    return tuple(windows_of(*axis) for axis in zip(sizes, kernel, stride, padding, dilation))


def _dtype(*types: TensorType) -> str:
    dtype, _ = promote(types)
    if dtype == "bool":
        raise DTypeError("needs numbers, got bool; use astype")
    return dtype


def _same(what: str, found: Size, needed: Size) -> None:
    if found != needed:
        raise ShapeError(f"{what} {found}, where {needed} {'is' if needed == 1 else 'are'} needed")


# -- convolution ------------------------------------------------------------------------------------------

# In memory the batch comes last, (C, *spatial, N), seen as (N, C, *spatial): neighbours in a window are then whole rows
# apart, so that every copy, sum and maximum over windows runs along contiguous memory, and a convolution is one product
# of two matrices whose results need no transposing. Elementwise operations keep the layout of what they are given.

PADDED = '''\
def padded(x, padding, value=0):
    """x with `value` before and after its trailing axes, in the same layout."""
    if not any(map(any, padding)):
        return x
    lead, sizes = x.shape[:-len(padding)], x.shape[-len(padding):]
    wide = np.full_like(x, value, shape=(*lead, *[a + s + b for (a, b), s in zip(padding, sizes)]))
    wide[(..., *[slice(a, a + s) for (a, _), s in zip(padding, sizes)])] = x
    return wide
'''
BATCH_LAST = '''\
def batch_last(x, padding):
    """x (N, C, ...) as a contiguous (C, ..., N), with zeros before and after its spatial axes."""
    x = np.moveaxis(x, 0, -1)
    if not any(map(any, padding)):
        return np.ascontiguousarray(x)
    sizes = x.shape[1:-1]
    wide = np.zeros((len(x), *[a + s + b for (a, b), s in zip(padding, sizes)], x.shape[-1]), x.dtype)
    wide[(slice(None), *[slice(a, a + s) for (a, _), s in zip(padding, sizes)])] = x
    return wide
'''
WINDOWS = '''\
def windows(x, kernel, stride, padding, dilation):
    """Every window of x (N, C, ...), as a view of a copy with the batch last: (C, *kernel, *positions, N)."""
    x = batch_last(x, padding)
    out = [(m - d * (k - 1) - 1) // s + 1 for m, k, s, d in zip(x.shape[1:], kernel, stride, dilation)]
    first, *steps, last = x.strides
    strides = (first, *[d * b for d, b in zip(dilation, steps)], *[s * b for s, b in zip(stride, steps)], last)
    return np.lib.stride_tricks.as_strided(x, (len(x), *kernel, *out, x.shape[-1]), strides, writeable=False)
'''
BLOCKS = '''\
def blocks(view, axes, groups):
    """Windows as matrices whose columns are the windows, some rows of positions at a time: each stays in the cache."""
    rows = view.shape[axes + 1]
    column, row = int(np.prod(view.shape[: axes + 1])), int(np.prod(view.shape[axes + 2:]))
    some = rows if view.flags.c_contiguous else max(1, 32768 // max(1, column * row))
    for start in range(0, rows, some):
        part = view[(*[slice(None)] * (axes + 1), slice(start, start + some))]
        count = part.shape[axes + 1] * row
        matrix = np.ascontiguousarray(part).reshape(groups, column // groups, count)
        yield slice(start * row, start * row + count), matrix
'''
PLACES = '''\
def places(kernel, stride, dilation, out):
    """For each place in a kernel, the elements of the trailing axes that it meets in its `out` positions."""
    return [(..., *[slice(k * d, k * d + s * (o - 1) + 1, s) for k, s, d, o in zip(at, stride, dilation, out)])
            for at in np.ndindex(*kernel)]
'''
CONV_HELPER = '''\
def conv(x, w, stride, padding, dilation, groups):
    """Cross-correlation of x (N, C, ...) with the kernels w (O, C/groups, ...), as matrix products over windows."""
    view = windows(x, w.shape[2:], stride, padding, dilation)
    out = view.shape[1 + len(stride):]  # the positions and N
    y = np.empty((groups, len(w) // groups, int(np.prod(out))), np.result_type(x, w))
    w = w.reshape(*y.shape[:2], w.size // len(w))
    for at, block in blocks(view, len(stride), groups):
        np.matmul(w, block, out=y[..., at])
    return np.moveaxis(y.reshape(y.shape[0] * y.shape[1], *out), -1, 0)
'''
CONV_TRANSPOSE_HELPER = '''\
def conv_transpose(g, w, shape, stride, padding, dilation, groups):
    """The adjoint of conv by its input of spatial `shape`: every element of g adds a kernel around its place."""
    kernel, out = w.shape[2:], (*g.shape[2:], len(g))
    rows = np.moveaxis(g, 0, -1).reshape(groups, len(w) // groups, int(np.prod(out)))
    taps = w.reshape(groups, len(w) // groups, w.shape[1], int(np.prod(kernel)))
    taps = np.ascontiguousarray(np.moveaxis(taps, -1, 0).mT)  # (place, group, C/groups, O/groups)
    sizes = [a + s + b for (a, b), s in zip(padding, shape)]
    whole = np.zeros((w.shape[1] * groups, *sizes, len(g)), np.result_type(g, w))
    for tap, at in zip(taps, places(kernel, stride, dilation, out)):
        # A channel of its own for each group is multiplied by a number: a product of matrices takes twice the time.
        spread = tap * rows if rows.shape[1] == 1 else tap @ rows
        whole[(*at, slice(None))] += spread.reshape(len(whole), *out)
    inside = whole[(slice(None), *[slice(a, a + s) for (a, _), s in zip(padding, shape)])]
    return np.moveaxis(inside, -1, 0)
'''
CONV_WEIGHT_HELPER = '''\
def conv_weight(x, g, kernel, stride, padding, dilation, groups):
    """The adjoint of conv by its weights of spatial shape `kernel`: products of all windows and all cotangents."""
    rows = np.moveaxis(g, 0, -1).reshape(groups, g.shape[1] // groups, g.size // g.shape[1])
    inner = x.shape[1] // groups * int(np.prod(kernel))
    weights = np.zeros((groups, g.shape[1] // groups, inner), np.result_type(x, g))
    for at, block in blocks(windows(x, kernel, stride, padding, dilation), len(kernel), groups):
        weights += rows[..., at] @ block.mT
    return weights.reshape(g.shape[1], x.shape[1] // groups, *kernel)
'''


def _conv_type(x: TensorType, w: TensorType, stride: tuple[int, ...], padding: Pairs, dilation: tuple[int, ...],
               groups: int) -> TensorType:
    n = len(stride)
    for what, t in (("the input", x), ("the weights", w)):
        if t.ndim != n + 2:
            raise ShapeError(f"{what} must have {n + 2} axes, two and {n} spatial, got {t}")
    _same("the input has channels", x.shape[1], w.shape[1] * groups)
    if isinstance(w.shape[0], int) and w.shape[0] % groups:
        raise ShapeError(f"{w.shape[0]} output channels do not divide into {groups} groups")
    out = _spatial(x.shape, w.shape[2:], stride, padding, dilation)
    return TensorType((x.shape[0], w.shape[0], *out), _dtype(x, w))


def _transpose_type(g: TensorType, w: TensorType, shape: tuple[Size, ...], stride: tuple[int, ...], padding: Pairs,
                    dilation: tuple[int, ...], groups: int) -> TensorType:
    _same("the value has channels", g.shape[1], w.shape[0])
    return TensorType((g.shape[0], w.shape[1] * groups, *shape), _dtype(g, w))


def _weight_type(x: TensorType, g: TensorType, kernel: tuple[Size, ...], stride: tuple[int, ...], padding: Pairs,
                 dilation: tuple[int, ...], groups: int) -> TensorType:
    channels = floor_by(x.shape[1], groups)
    return TensorType((g.shape[1], channels, *kernel), _dtype(x, g))


def _attrs_text(node: Expr) -> str:
    """The attributes as keywords; shapes may have named sizes."""
    parts = []
    for name, value in node.op.named_attrs(node).items():
        pairs = name == "padding"
        text = str(value) if pairs or not isinstance(value, tuple) else shape_text(value)
        parts.append(f"{name}={text}")
    return ", ".join(parts)


def _call(name: str, arity: int) -> Any:
    slots = ", ".join(f"{{{i}}}" for i in range(arity))
    return lambda node: f"{name}({slots}, {_attrs_text(node)})"


def _brief(value: Any) -> str:
    """One number for equal ones: 2 for (2, 2), 1 for ((1, 1), (1, 1))."""
    while isinstance(value, tuple) and value and all(v == value[0] for v in value):
        value = value[0]
    return str(value)


_USUAL = {"stride": "1", "padding": "0", "dilation": "1", "groups": "1"}


def _form(name: str, arity: int) -> dict[str, Any]:
    """A call, with the attributes that are not the usual ones as a reader would write them."""
    slots = ", ".join(f"{{{i}}}" for i in range(arity))

    def filled(node: Expr) -> dict[str, str]:
        given = {k: _brief(v) for k, v in node.op.named_attrs(node).items() if k != "shape"}
        tail = "".join(f", {k}={v}" for k, v in given.items() if _USUAL.get(k) != v)
        return dict.fromkeys(("text", "unicode"), f"{name}({slots}{tail})")

    return {"form": call(name, arity=arity), "form_attrs": filled}


_GEOMETRY = ("stride", "padding", "dilation", "groups")

CONV: Op = Op(
    "conv",
    type_of=_conv_type,
    pullback=lambda g, y, x, w, **how: (CONV_TRANSPOSE(g, w, shape=x.shape[2:], **how),
                                        CONV_WEIGHT(x, g, kernel=w.shape[2:], **how)),
    pushforward=lambda t, y, x, w, **how: plus(None if t[0] is None else CONV(t[0], w, **how),
                                               None if t[1] is None else CONV(x, t[1], **how)),
    numpy=_call("conv", 2),
    helper=(BATCH_LAST, WINDOWS, BLOCKS, CONV_HELPER),
    **_form("conv", 2),
    attrs=_GEOMETRY,
    cost=20,
)

CONV_TRANSPOSE: Op = Op(
    "conv_transpose",
    type_of=_transpose_type,
    pullback=lambda g, y, x, w, shape, **how: (CONV(g, w, **how), CONV_WEIGHT(g, x, kernel=w.shape[2:], **how)),
    pushforward=lambda t, y, x, w, **how: plus(None if t[0] is None else CONV_TRANSPOSE(t[0], w, **how),
                                               None if t[1] is None else CONV_TRANSPOSE(x, t[1], **how)),
    numpy=_call("conv_transpose", 2),
    helper=(PLACES, CONV_TRANSPOSE_HELPER),
    **_form("conv_transpose", 2),
    attrs=("shape", *_GEOMETRY),
    cost=20,
)

CONV_WEIGHT: Op = Op(
    "conv_weight",
    type_of=_weight_type,
    pullback=lambda g, y, x, c, kernel, **how: (CONV_TRANSPOSE(c, g, shape=x.shape[2:], **how), CONV(x, g, **how)),
    pushforward=lambda t, y, x, c, **how: plus(None if t[0] is None else CONV_WEIGHT(t[0], c, **how),
                                               None if t[1] is None else CONV_WEIGHT(x, t[1], **how)),
    numpy=_call("conv_weight", 2),
    helper=(BATCH_LAST, WINDOWS, BLOCKS, CONV_WEIGHT_HELPER),
    **_form("conv_weight", 2),
    attrs=("kernel", *_GEOMETRY),
    cost=20,
)


def multiply_adds(node: Expr) -> Size:
    """Products that a convolution, or an adjoint of one, sums: N · Π out · O · Π kernel · C/groups, as courses count.

    Raises TypeError for a node of another row.
    """
    if node.op not in (CONV, CONV_TRANSPOSE, CONV_WEIGHT):
        raise TypeError(f"{node.op.name} is no convolution")
    a, b = (arg.shape for arg in node.args)
    if node.op is CONV:
        return product((*node.shape, *b[1:]))
    return product((*a, *b[1:])) if node.op is CONV_TRANSPOSE else product((*b, *node.shape[1:]))


# -- pooling ----------------------------------------------------------------------------------------------

SLICES = '''\
def slices(x, kernel, stride, dilation):
    """For each place in a kernel, a view of the elements of x that it meets, window by window."""
    out = [(m - d * (k - 1) - 1) // s + 1
           for m, k, s, d in zip(x.shape[-len(kernel):], kernel, stride, dilation)]
    return [x[at] for at in places(kernel, stride, dilation, out)]
'''
CHOSEN = '''\
def chosen(hit, t):
    """t where `hit`, and 0 elsewhere: a product, unless t holds an inf or nan, which times 0 is nan."""
    return hit * t if np.isfinite(t).all() else np.where(hit, t, t.dtype.type(0))
'''
MAX_POOL_HELPER = '''\
def max_pool(x, kernel, stride, padding, dilation):
    """The largest element of every window of the trailing axes of x; what is padded never counts."""
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    first, *others = slices(padded(x, padding, lowest), kernel, stride, dilation)
    y = np.maximum(first, others.pop() if others else first)
    for part in others:
        np.maximum(y, part, out=y)
    return y
'''
MAX_POOL_MEAN_HELPER = '''\
def max_pool_mean(t, x, y, kernel, stride, padding, dilation):
    """The mean of t over the elements of each window of x that attain its maximum y."""
    x, t = padded(x, padding, np.nan), padded(t, padding)
    total, ties = np.zeros_like(y, t.dtype), np.zeros_like(y, t.dtype)
    for part, slope in zip(slices(x, kernel, stride, dilation), slices(t, kernel, stride, dilation)):
        hit = part == y
        total += chosen(hit, slope)
        ties += hit
    return total / np.maximum(ties, 1)
'''
MAX_POOL_SHARE_HELPER = '''\
def max_pool_share(g, x, y, kernel, stride, padding, dilation):
    """Each g shared equally among the elements of its window of x that attain the maximum y."""
    wide = padded(x, padding, np.nan)
    hits = [part == y for part in slices(wide, kernel, stride, dilation)]
    ties = np.zeros_like(y, np.int8 if len(hits) < 128 else np.intp)
    for hit in hits:
        ties += hit.view(np.int8)
    share = np.empty_like(y, g.dtype)  # in the layout of the windows
    share[...] = g / np.maximum(ties, 1, dtype=g.dtype) if ties.size and ties.max() > 1 else g
    finite = np.isfinite(share).all()  # 0 times inf would be nan
    apart = all(s > (k - 1) * d for k, s, d in zip(kernel, stride, dilation))
    whole = np.zeros_like(wide, g.dtype)
    for hit, part in zip(hits, slices(whole, kernel, stride, dilation)):
        if apart and finite:
            np.multiply(hit, share, out=part)
        else:
            part += np.multiply(hit, share) if finite else np.where(hit, share, g.dtype.type(0))
    return whole[(..., *[slice(a, m - b) for (a, b), m in zip(padding, whole.shape[-len(kernel):])])]
'''
SUM_POOL_HELPER = '''\
def sum_pool(x, kernel, stride, padding, dilation):
    """The sum of every window of the trailing axes of x."""
    first, *others = slices(padded(x, padding), kernel, stride, dilation)
    y = first + others.pop(0) if others else +first
    for part in others:
        y += part
    return y
'''
SPREAD_POOL_HELPER = '''\
def spread_pool(g, shape, kernel, stride, padding, dilation):
    """The adjoint of sum_pool: every g added to all elements of its window, of trailing axes of `shape`."""
    whole = np.zeros_like(g, shape=(*g.shape[:-len(kernel)], *[a + s + b for (a, b), s in zip(padding, shape)]))
    for at in places(kernel, stride, dilation, g.shape[-len(kernel):]):
        whole[at] += g
    return whole[(..., *[slice(a, a + s) for (a, _), s in zip(padding, shape)])]
'''


def _pool_type(x: TensorType, kernel: tuple[int, ...], stride: tuple[int, ...], padding: Pairs,
               dilation: tuple[int, ...]) -> TensorType:
    n = len(kernel)
    if x.ndim < n:
        raise ShapeError(f"needs {n} axes or more, got {x}")
    return TensorType((*x.shape[: x.ndim - n], *_spatial(x.shape, kernel, stride, padding, dilation)), _dtype(x))


def _tied_type(shape_of: int) -> Any:
    """The dtype of a tangent or a cotangent, and the shape of the operand `shape_of`."""
    def type_of(*types: TensorType, **_: Any) -> TensorType:
        for t in types:
            if not t.is_float:
                raise DTypeError(f"integers and bools carry no derivative, got {t}")
        return TensorType(types[shape_of].shape, types[0].dtype)

    return type_of


def _spread_type(g: TensorType, shape: tuple[Size, ...], **_: Any) -> TensorType:
    return TensorType((*g.shape[: g.ndim - len(shape)], *shape), _dtype(g))


_WINDOW = ("kernel", "stride", "padding", "dilation")

MAX_POOL: Op = Op(
    "max_pool",
    type_of=_pool_type,
    pullback=lambda g, y, x, **how: (MAX_POOL_SHARE(g, x, y, **how),),
    pushforward=lambda t, y, x, **how: MAX_POOL_MEAN(t[0], x, y, **how),
    numpy=_call("max_pool", 1),
    helper=(PADDED, PLACES, SLICES, MAX_POOL_HELPER),
    **_form("max_pool", 1),
    attrs=_WINDOW,
    cost=8,
)

MAX_POOL_MEAN: Op = Op(
    # The tangent of a max-pool: x and its maxima y only say which elements take part.
    "max_pool_mean",
    type_of=_tied_type(2),
    pullback=lambda g, m, t, x, y, **how: (MAX_POOL_SHARE(g, x, y, **how), None, None),
    pushforward=lambda t, m, _, x, y, **how: None if t[0] is None else MAX_POOL_MEAN(t[0], x, y, **how),
    numpy=_call("max_pool_mean", 3),
    helper=(PADDED, PLACES, SLICES, CHOSEN, MAX_POOL_MEAN_HELPER),
    **_form("max_pool_mean", 3),
    attrs=_WINDOW,
    cost=20,
)

MAX_POOL_SHARE: Op = Op(
    # The cotangent of a max-pool, the adjoint of max_pool_mean.
    "max_pool_share",
    type_of=_tied_type(1),
    pullback=lambda h, s, g, x, y, **how: (MAX_POOL_MEAN(h, x, y, **how), None, None),
    pushforward=lambda t, s, g, x, y, **how: None if t[0] is None else MAX_POOL_SHARE(t[0], x, y, **how),
    numpy=_call("max_pool_share", 3),
    helper=(PADDED, PLACES, SLICES, MAX_POOL_SHARE_HELPER),
    **_form("max_pool_share", 3),
    attrs=_WINDOW,
    cost=20,
)

SUM_POOL: Op = Op(
    "sum_pool",
    type_of=_pool_type,
    pullback=lambda g, y, x, kernel, **how: (
        SPREAD_POOL(g, shape=x.shape[x.ndim - len(kernel) :], kernel=kernel, **how),
    ),
    pushforward=lambda t, y, x, **how: SUM_POOL(t[0], **how),
    numpy=_call("sum_pool", 1),
    helper=(PADDED, PLACES, SLICES, SUM_POOL_HELPER),
    **_form("sum_pool", 1),
    attrs=_WINDOW,
    cost=8,
)

SPREAD_POOL: Op = Op(
    "spread_pool",
    type_of=_spread_type,
    pullback=lambda h, y, g, shape, **how: (SUM_POOL(h, **how),),
    pushforward=lambda t, y, g, **how: SPREAD_POOL(t[0], **how),
    numpy=_call("spread_pool", 1),
    helper=(PLACES, SPREAD_POOL_HELPER),
    **_form("spread_pool", 1),
    attrs=("shape", *_WINDOW),
    cost=8,
)
