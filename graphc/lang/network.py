"""Layers of networks as functions: convolutions, pooling, normalisation, attention.

Images are (N, C, H, W) and kernels (O, C/groups, kh, kw), as in PyTorch; sizes may be named.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dims import Dim, Size, as_size, divides
from ..errors import DTypeError, InputError, ShapeError
from ..ir import Expr, lift, size_node
from ..ops import convolution as rows
from ..ops import shaping
from ..ops.elementwise import LOGICAL_AND, SQRT, SQUARE, WHERE
from ..ops.joining import whole
from ..ops.reduction import MAX, MEAN
from ..ops.softmax import SOFTMAX
from ..scopes import module
from ..types import as_axes, as_axis
from .shaping import reshape, tri
from .value import Axis, Value, real

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d", "avg_pool1d",
    "avg_pool2d", "batch_norm", "conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d", "dropout", "flatten",
    "global_avg_pool2d", "global_max_pool2d", "group_norm", "instance_norm", "layer_norm", "linear", "max_pool1d",
    "max_pool2d", "multi_head_attention", "rms_norm", "scaled_dot_product_attention",
]  # fmt: skip


def linear(x: Value, weight: Value, bias: Value | None = None) -> Expr:
    """x @ weight + bias, for x (..., in), weight (in, out) and bias (out,). Raises ShapeError where sizes differ.

    >>> import graphc as G
    >>> G.linear(G.input("x", "N", 3), G.param("W", 3, 4), G.param("b", 4)).type
    float64[N,4]
    """
    y = lift(x, "linear") @ lift(weight, "linear")
    return y if bias is None else y + bias


def flatten(a: Value, start_dim: int = 0, end_dim: int = -1) -> Expr:
    """The axes from `start_dim` to `end_dim` as one; all of them by default. Raises ShapeError for axes not there.

    >>> import graphc as G
    >>> G.flatten(G.input("x", "N", 3, 4, 4), 1).type
    float64[N,48]
    """
    x = lift(a, "flatten")
    if not x.ndim:
        return reshape(x, (1,))
    first, last = as_axis(start_dim, x.ndim), as_axis(end_dim, x.ndim)
    if first > last:
        raise ShapeError(f"flatten: start_dim {first} comes after end_dim {last}")
    size: Size = 1
    for s in x.shape[first : last + 1]:
        size = size * s
    return reshape(x, (*x.shape[:first], size, *x.shape[last + 1 :]))


def dropout(x: Value, mask: Value, p: float = 0.5) -> Expr:
    """x/(1 - p) where the mask holds, 0 elsewhere: inverted dropout, whose mean over masks of rate 1 - p is x.

    The mask is data, drawn by the caller: bool, or numbers 0 and 1 of a shape that broadcasts to x's. Its gradient
    passes where the mask holds. Raises InputError unless 0 <= p < 1.

    >>> import graphc as G
    >>> print(G.evaluate(G.dropout([1.0, 2.0], G.input("keep", 2, dtype="bool"), 0.5), {"keep": [True, False]}))
    [2. 0.]
    """
    if not isinstance(p, (int, float)) or not 0 <= p < 1:
        raise InputError(f"dropout: p is a rate from 0 to 1 (excluded), got {str(p)[:60]!r}")
    value, kept = real(x), lift(mask, "dropout")
    scaled = value * (1 / (1 - p))
    return WHERE(kept, scaled, 0.0) if kept.type.dtype == "bool" else scaled * kept


# -- convolution ------------------------------------------------------------------------------------------


def conv1d(x: Value, weight: Value, bias: Value | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
           groups: int = 1) -> Expr:
    """Cross-correlation of x (N, C, L) with kernels (O, C/groups, k), plus bias (O,); as `conv2d`."""
    return _conv("conv1d", 1, x, weight, bias, stride, padding, dilation, groups)


def conv2d(x: Value, weight: Value, bias: Value | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
           groups: int = 1) -> Expr:
    """Cross-correlation of x (N, C, H, W) with kernels (O, C/groups, kh, kw), plus bias (O,).

    `stride` and `dilation` are one number or a pair. `padding` is "valid", "same" (an output for each stride), a
    number, a pair, or a pair of pairs (before, after). With `groups`, channels are convolved group by group; as many
    groups as channels is a depthwise convolution. x may lack its N. An axis of size H gives
    (H + padding - dilation·(kh - 1) - 1)//stride + 1 outputs.
    Raises ShapeError where channels, groups or sizes do not fit, InputError for an unknown padding.

    The derivatives are a transposed convolution and a product of windows and cotangents (Dumoulin and Visin, A guide to
    convolution arithmetic for deep learning, 2016).

    >>> import graphc as G
    >>> x, w = G.input("x", "N", 3, 32, 32), G.param("w", 8, 3, 3, 3)
    >>> G.conv2d(x, w, stride=2, padding=1).type
    float64[N,8,16,16]
    """
    return _conv("conv2d", 2, x, weight, bias, stride, padding, dilation, groups)


def _conv(who: str, n: int, x: Value, weight: Value, bias: Value | None, stride: Any, padding: Any, dilation: Any,
          groups: Any) -> Expr:
    value, w = _batched(who, x, n), lift(weight, who)
    strides, dilations = _each(who, "stride", stride, n), _each(who, "dilation", dilation, n)
    kernel = w.shape[2:]
    if len(kernel) != n:
        raise ShapeError(f"{who}: the weights need {n + 2} axes, got {w.type}")
    sides = _same_padding(who, value.shape[2:], kernel, strides, dilations) if padding == "same" else (
        _sides(who, padding, n))
    count = _positive(who, "groups", groups)
    y = rows.CONV(value, w, stride=strides, padding=sides, dilation=dilations, groups=count)
    return _unbatched(_with_bias(y, bias, who), x, n)


def conv_transpose1d(x: Value, weight: Value, bias: Value | None = None, stride: Any = 1, padding: Any = 0,
                     output_padding: Any = 0, groups: int = 1, dilation: Any = 1) -> Expr:
    """The transposed convolution of x (N, C, L), kernels (C, O/groups, k) and bias (O,); as `conv_transpose2d`."""
    return _conv_transpose("conv_transpose1d", 1, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(x: Value, weight: Value, bias: Value | None = None, stride: Any = 1, padding: Any = 0,
                     output_padding: Any = 0, groups: int = 1, dilation: Any = 1) -> Expr:
    """The adjoint of `conv2d` by its input, as an operation: x (N, C, H, W), weight (C, O/groups, kh, kw), bias (O,).

    Each element of x adds its multiple of a kernel to the output, `stride` apart, and `padding` is cut off. An axis of
    size H gives (H - 1)·stride - 2·padding + dilation·(kh - 1) + output_padding + 1 outputs; of the sizes that a
    convolution takes to H, `output_padding`, less than the stride, chooses one.
    Raises ShapeError where channels, groups or sizes do not fit.

    >>> import graphc as G
    >>> x, w = G.input("x", "N", 8, 16, 16), G.param("w", 8, 3, 3, 3)
    >>> G.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1).type
    float64[N,3,32,32]
    """
    return _conv_transpose("conv_transpose2d", 2, x, weight, bias, stride, padding, output_padding, groups, dilation)


def _conv_transpose(who: str, n: int, x: Value, weight: Value, bias: Value | None, stride: Any, padding: Any,
                    output_padding: Any, groups: Any, dilation: Any) -> Expr:
    value, w = _batched(who, x, n), lift(weight, who)
    strides, dilations = _each(who, "stride", stride, n), _each(who, "dilation", dilation, n)
    sides, extra = _sides(who, padding, n), _each(who, "output_padding", output_padding, n, least=0)
    if w.ndim != n + 2:
        raise ShapeError(f"{who}: the weights need {n + 2} axes, got {w.type}")
    count = _positive(who, "groups", groups)
    if isinstance(w.shape[0], int) and w.shape[0] % count:
        raise ShapeError(f"{who}: {w.shape[0]} input channels do not divide into {count} groups")
    shape: list[Size] = []
    for size, k, s, (before, after), d, more in zip(value.shape[2:], w.shape[2:], strides, sides, dilations, extra):
        if more >= s:
            raise ShapeError(f"{who}: output_padding {more} must be less than the stride {s}")
        length = (size - 1) * s - before - after + rows.reach(k, d) + more
        if isinstance(length, int) and length < 1:
            raise ShapeError(f"{who}: an axis of {size} would have {length} outputs; less padding is needed")
        shape.append(length)
    y = rows.CONV_TRANSPOSE(value, w, shape=tuple(shape), stride=strides, padding=sides, dilation=dilations,
                            groups=count)
    return _unbatched(_with_bias(y, bias, who), x, n)


def _with_bias(y: Expr, bias: Value | None, who: str) -> Expr:
    """A number for each channel, added."""
    if bias is None:
        return y
    b = lift(bias, who)
    if b.shape != (y.shape[1],):
        raise ShapeError(f"{who}: the bias must have shape ({y.shape[1]},), got {b.type}")
    return y + reshape(b, (y.shape[1], *[1] * (y.ndim - 2)))


def _batched(who: str, x: Value, n: int) -> Expr:
    """x with its batch axis: one of size 1 where it has none."""
    value = lift(x, who)
    if value.ndim not in (n + 1, n + 2):
        raise ShapeError(f"{who}: needs {n + 2} axes (or {n + 1}, without a batch), got {value.type}")
    return value if value.ndim == n + 2 else reshape(value, (1, *value.shape))


def _unbatched(y: Expr, x: Value, n: int) -> Expr:
    return reshape(y, y.shape[1:]) if lift(x).ndim == n + 1 else y


def _positive(who: str, what: str, value: Any, least: int = 1) -> int:
    found = whole(value, f"{who}: {what}")
    if found < least:
        raise ShapeError(f"{who}: {what} is {least} or more, got {found}")
    return found


def _each(who: str, what: str, value: Any, n: int, least: int = 1) -> tuple[int, ...]:
    """One number for each spatial axis, from one for all or a tuple."""
    listed = tuple(value) if isinstance(value, (tuple, list)) else (value,) * n
    if len(listed) != n:
        raise ShapeError(f"{who}: {what} is a number or {n} of them, got {value}")
    return tuple(_positive(who, what, v, least) for v in listed)


def _sides(who: str, padding: Any, n: int) -> rows.Pairs:
    """The elements added before and after each spatial axis."""
    if isinstance(padding, str):
        if padding != "valid":
            raise InputError(f"{who}: no padding {padding[:60]!r}; choose from valid, same, numbers and pairs")
        padding = 0
    listed = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * n
    if len(listed) != n:
        raise ShapeError(f"{who}: padding is a number, or one or a pair for each of {n} axes, got {padding}")
    pairs = [_each(who, "padding", p, 2, least=0) for p in listed]
    return tuple((before, after) for before, after in pairs)


def _same_padding(who: str, sizes: tuple[Size, ...], kernel: tuple[Size, ...], stride: tuple[int, ...],
                  dilation: tuple[int, ...]) -> rows.Pairs:
    """The padding for ceil(size/stride) outputs, the odd element of it after."""
    pairs = []
    for size, k, s, d in zip(sizes, kernel, stride, dilation):
        span = rows.reach(k, d)
        short = span - 1 if s == 1 else (shaping.floor_by(size + (s - 1), s) - 1) * s + span - size
        if isinstance(short, Dim):
            raise ShapeError(f'{who}: padding "same" with stride {s} needs known sizes, got an axis of {size}; '
                             "give numbers")
        pairs.append((max(short, 0) // 2, max(short, 0) - max(short, 0) // 2))
    return tuple(pairs)


# -- pooling ----------------------------------------------------------------------------------------------


def max_pool1d(x: Value, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Expr:
    """The largest element of each window of the last axis; as `max_pool2d`."""
    return _max_pool("max_pool1d", 1, x, kernel_size, stride, padding, dilation)


def max_pool2d(x: Value, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Expr:
    """The largest element of each window of the last two axes, of x's dtype; the stride is `kernel_size` by default.

    Padding never counts. Where k elements of a window tie, each gets 1/k of its gradient.
    Raises ShapeError where no window fits, or a padding is more than half of the window.

    >>> import graphc as G
    >>> G.max_pool2d(G.input("x", "N", 3, 32, 32), 2).type
    float64[N,3,16,16]
    """
    return _max_pool("max_pool2d", 2, x, kernel_size, stride, padding, dilation)


def _max_pool(who: str, n: int, x: Value, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> Expr:
    value = lift(x, who)
    return rows.MAX_POOL(value, **_window(who, n, value, kernel_size, stride, padding, dilation))


def avg_pool1d(x: Value, kernel_size: Any, stride: Any = None, padding: Any = 0, *,
               count_include_pad: bool = True) -> Expr:
    """The mean of each window of the last axis; as `avg_pool2d`."""
    return _avg_pool("avg_pool1d", 1, x, kernel_size, stride, padding, count_include_pad)


def avg_pool2d(x: Value, kernel_size: Any, stride: Any = None, padding: Any = 0, *,
               count_include_pad: bool = True) -> Expr:
    """The mean of each window of the last two axes; the stride is the kernel's size by default. Integers give float64.

    What is padded counts as zeros, or with `count_include_pad=False` not at all.
    Raises ShapeError where no window fits, or a padding is more than half of the window.

    >>> import graphc as G
    >>> G.avg_pool2d(G.input("x", "N", 3, 33, 33), 2).type
    float64[N,3,16,16]
    """
    return _avg_pool("avg_pool2d", 2, x, kernel_size, stride, padding, count_include_pad)


def _avg_pool(who: str, n: int, x: Value, kernel_size: Any, stride: Any, padding: Any, include: bool) -> Expr:
    value = real(x)
    how = _window(who, n, value, kernel_size, stride, padding, 1)
    total = rows.SUM_POOL(value, **how)
    if include or not any(a or b for a, b in how["padding"]):
        return total / math.prod(how["kernel"])
    one = lift(1.0).astype(value.type.dtype)
    return total / rows.SUM_POOL(shaping.BROADCAST_TO(one, shape=value.shape[value.ndim - n :]), **how)


def _window(who: str, n: int, x: Expr, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> dict[str, Any]:
    if x.ndim < n:
        raise ShapeError(f"{who}: needs {n} axes or more, got {x.type}")
    kernel = _each(who, "kernel_size", kernel_size, n)
    sides = _sides(who, padding, n)
    for k, pair in zip(kernel, sides):
        if max(pair) > k // 2:
            raise ShapeError(f"{who}: padding {max(pair)} is more than half of a window of {k}")
    strides = kernel if stride is None else _each(who, "stride", stride, n)
    return {"kernel": kernel, "stride": strides, "padding": sides, "dilation": _each(who, "dilation", dilation, n)}


def global_avg_pool2d(x: Value, keepdims: bool = False) -> Expr:
    """The mean over the last two axes: (N, C, H, W) gives (N, C). Raises ShapeError with fewer than two."""
    return MEAN(real(x), axis=(-2, -1), keepdims=keepdims)


def global_max_pool2d(x: Value, keepdims: bool = False) -> Expr:
    """The maximum over the last two axes: (N, C, H, W) gives (N, C). Ties share the gradient equally."""
    return MAX(x, axis=(-2, -1), keepdims=keepdims)


def adaptive_avg_pool1d(x: Value, output_size: Any) -> Expr:
    """`avg_pool1d` with the window that gives `output_size` outputs; as `adaptive_avg_pool2d`."""
    return _adaptive("adaptive_avg_pool1d", 1, x, output_size, MEAN)


def adaptive_avg_pool2d(x: Value, output_size: Any) -> Expr:
    """`avg_pool2d` with the window that gives `output_size` outputs (a number or a pair) along each axis.

    Raises ShapeError unless each axis is a known multiple of its outputs; of 1 it always is, named sizes included.
    """
    return _adaptive("adaptive_avg_pool2d", 2, x, output_size, MEAN)


def adaptive_max_pool1d(x: Value, output_size: Any) -> Expr:
    """`max_pool1d` with the window that gives `output_size` outputs; as `adaptive_avg_pool2d`."""
    return _adaptive("adaptive_max_pool1d", 1, x, output_size, MAX)


def adaptive_max_pool2d(x: Value, output_size: Any) -> Expr:
    """`max_pool2d` with the window that gives `output_size` outputs; as `adaptive_avg_pool2d`."""
    return _adaptive("adaptive_max_pool2d", 2, x, output_size, MAX)


def _adaptive(who: str, n: int, x: Value, output_size: Any, reduce: Any) -> Expr:
    """Each axis of m·k elements read as m windows of k, over which is reduced."""
    value = real(x) if reduce is MEAN else lift(x, who)
    if value.ndim < n:
        raise ShapeError(f"{who}: needs {n} axes or more, got {value.type}")
    counts = _each(who, "output_size", output_size, n)
    lead = value.ndim - n
    shape = list(value.shape[:lead])
    for m, size in zip(counts, value.shape[lead:]):
        k = divides(size, m)
        if k is None:
            raise ShapeError(f"{who}: an axis of {size} is not known to divide into {m} windows")
        shape += [m, k]
    return reduce(reshape(value, tuple(shape)), axis=tuple(range(lead + 1, len(shape), 2)))


# -- normalisation ----------------------------------------------------------------------------------------


def _normalised(x: Expr, axis: tuple[int, ...], eps: float) -> Expr:
    """x with mean 0 and variance 1 over `axis`: the variance of the whole population, `eps` added to it."""
    centred = x - MEAN(x, axis=axis, keepdims=True)
    return centred / SQRT(MEAN(SQUARE(centred), axis=axis, keepdims=True) + eps)


def _scaled(y: Expr, weight: Value | None, bias: Value | None) -> Expr:
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _floating(who: str, x: Value) -> Expr:
    value = lift(x, who)
    if not value.type.is_float:
        raise DTypeError(f"{who}: needs float64 or float32, got {value.type}; use astype")
    return value


def _trailing(who: str, x: Expr, normalized_shape: Any, axis: Axis) -> tuple[int, ...]:
    """The axes to normalise over: those given, those of the trailing shape, or the last."""
    if normalized_shape is None:
        return as_axes(-1 if axis is None else axis, x.ndim)
    if axis is not None:
        raise InputError(f"{who}: give normalized_shape or axis, not both")
    given = normalized_shape if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
    sizes = tuple(as_size(s, who) for s in given)
    if not sizes or x.shape[x.ndim - len(sizes) :] != sizes:
        raise ShapeError(f"{who}: {x.type} does not end in the shape ({', '.join(map(str, sizes))})")
    return tuple(range(x.ndim - len(sizes), x.ndim))


@module("layer norm")
def layer_norm(x: Value, normalized_shape: Any = None, weight: Value | None = None, bias: Value | None = None,
               eps: float = 1e-5, *, axis: Axis = None) -> Expr:
    """weight·(x - μ)/sqrt(σ² + eps) + bias, with the mean μ and the variance σ² over the trailing axes of each example.

    The axes are given by their sizes, as in PyTorch, or by `axis`; the last one by default. weight and bias broadcast.
    A constant example gives 0, and its gradient is finite. (Ba, Kiros and Hinton, Layer normalization, 2016.)
    Raises ShapeError when x does not end in `normalized_shape`, DTypeError for integers.

    >>> import graphc as G
    >>> G.layer_norm(G.input("x", "N", 8), 8, G.param("gamma", 8), G.param("beta", 8)).type
    float64[N,8]
    """
    value = _floating("layer_norm", x)
    return _scaled(_normalised(value, _trailing("layer_norm", value, normalized_shape, axis), eps), weight, bias)


@module("RMS norm")
def rms_norm(x: Value, normalized_shape: Any = None, weight: Value | None = None, eps: float | None = None, *,
             axis: Axis = None) -> Expr:
    """weight·x/sqrt(mean(x²) + eps) over the trailing axes of each example, given as for `layer_norm`.

    By default eps is the spacing of floats at 1. (Zhang and Sennrich, Root mean square layer normalization, 2019.)
    """
    value = _floating("rms_norm", x)
    over = _trailing("rms_norm", value, normalized_shape, axis)
    small = float(np.finfo(value.dtype).eps) if eps is None else eps
    return _scaled(value / SQRT(MEAN(SQUARE(value), axis=over, keepdims=True) + small), weight, None)


def _channels(who: str, x: Expr) -> int:
    """The axis of channels: 1, and the last one of a matrix, which is the same."""
    if x.ndim < 2:
        raise ShapeError(f"{who}: needs a batch of examples, got {x.type}")
    return 1


def _per_channel(who: str, value: Value | None, x: Expr) -> Expr | None:
    """A vector over channels so that it broadcasts against x."""
    if value is None:
        return None
    node = lift(value, who)
    if node.shape != (x.shape[1],):
        raise ShapeError(f"{who}: one number for each channel is needed, shape ({x.shape[1]},), got {node.type}")
    return reshape(node, (x.shape[1], *[1] * (x.ndim - 2))) if x.ndim > 2 else node


@module("batch norm")
def batch_norm(x: Value, gamma: Value | None = None, beta: Value | None = None, running_mean: Value | None = None,
               running_var: Value | None = None, training: bool = True, eps: float = 1e-5) -> Expr:
    """gamma·(x - μ)/sqrt(σ² + eps) + beta for each channel, axis 1 of x (N, C, ...); gamma and beta are (C,).

    In training, μ and σ² are those of the batch (the variance without Bessel's correction), and the gradient goes
    through them; otherwise they are `running_mean` and `running_var`, which the caller keeps up to date.
    (Ioffe and Szegedy, Batch normalization, 2015.)
    Raises ShapeError for a vector or a parameter of another shape, InputError when running statistics are missing.

    >>> import graphc as G
    >>> G.batch_norm(G.input("x", "N", 3, 8, 8), G.param("gamma", 3), G.param("beta", 3)).type
    float64[N,3,8,8]
    """
    who, value = "batch_norm", _floating("batch_norm", x)
    channel = _channels(who, value)
    scale, shift = _per_channel(who, gamma, value), _per_channel(who, beta, value)
    if training:
        axes = tuple(i for i in range(value.ndim) if i != channel)
        return _scaled(_normalised(value, axes, eps), scale, shift)
    mean, variance = _per_channel(who, running_mean, value), _per_channel(who, running_var, value)
    if mean is None or variance is None:
        raise InputError("batch_norm: without training, running_mean and running_var are needed")
    return _scaled((value - mean) / SQRT(variance + eps), scale, shift)


@module("instance norm")
def instance_norm(x: Value, weight: Value | None = None, bias: Value | None = None, eps: float = 1e-5) -> Expr:
    """As `batch_norm`, with the mean and the variance of each channel of each example, over the axes from 2 on."""
    who, value = "instance_norm", _floating("instance_norm", x)
    if value.ndim < 3:
        raise ShapeError(f"{who}: needs spatial axes after the channels, got {value.type}")
    y = _normalised(value, tuple(range(2, value.ndim)), eps)
    return _scaled(y, _per_channel(who, weight, value), _per_channel(who, bias, value))


@module("group norm")
def group_norm(x: Value, num_groups: int, weight: Value | None = None, bias: Value | None = None,
               eps: float = 1e-5) -> Expr:
    """As `batch_norm`, with the mean and the variance of each of `num_groups` groups of channels of each example.

    (Wu and He, Group normalization, 2018.) Raises ShapeError unless the channels divide into the groups.
    """
    who, value = "group_norm", _floating("group_norm", x)
    channel, count = _channels(who, value), _positive(who, "num_groups", num_groups)
    each = divides(value.shape[channel], count)
    if each is None:
        raise ShapeError(f"{who}: {value.shape[channel]} channels do not divide into {count} groups")
    grouped = reshape(value, (value.shape[0], count, each, *value.shape[2:]))
    y = reshape(_normalised(grouped, tuple(range(2, grouped.ndim)), eps), value.shape)
    return _scaled(y, _per_channel(who, weight, value), _per_channel(who, bias, value))


# -- attention --------------------------------------------------------------------------------------------


@module("attention")
def scaled_dot_product_attention(query: Value, key: Value, value: Value, mask: Value | None = None,
                                 scale: float | None = None, is_causal: bool = False) -> Expr:
    """softmax(scale·Q Kᵀ) V for Q (..., L, E), K (..., S, E) and V (..., S, D): shape (..., L, D).

    The scale is 1/sqrt(E) by default. A bool mask that broadcasts to (..., L, S) says which keys each query sees; one
    of numbers is added to the scores. With `is_causal`, query i sees keys 0 to i. A query that sees no key gives 0.
    (Vaswani and others, Attention is all you need, 2017.) Raises ShapeError where sizes differ.

    >>> import graphc as G
    >>> q, k, v = G.inputs("q k v", "N", 4, "T", 8)
    >>> G.scaled_dot_product_attention(q, k, v, is_causal=True).type
    float64[N,4,T,8]
    """
    who = "scaled_dot_product_attention"
    q, k, v = (_floating(who, x) for x in (query, key, value))
    if min(q.ndim, k.ndim, v.ndim) < 2:
        raise ShapeError(f"{who}: needs matrices or stacks of them, got {q.type}, {k.type}, {v.type}")
    width = q.shape[-1]
    factor = scale if scale is not None else 1 / math.sqrt(width) if isinstance(width, int) and width else (
        1 / SQRT(size_node(width)).astype(q.type.dtype))
    scores = (q * factor) @ k.mT
    seen = lift(mask, who) if mask is not None else None
    if seen is not None and seen.type.dtype != "bool":
        scores, seen = scores + seen, None
    if is_causal:
        past = tri(scores.shape[-2], scores.shape[-1], dtype="bool")
        if seen is None:
            scores = WHERE(past, scores, -math.inf)
        else:
            seen = LOGICAL_AND(seen, past)
    if seen is None:
        return SOFTMAX(scores, axis=-1) @ v
    lowest = float(np.finfo(scores.dtype).min) / 2  # finite: a query that sees nothing must not meet inf - inf
    weights = SOFTMAX(WHERE(seen, scores, lowest), axis=-1)
    return WHERE(seen, weights, 0.0) @ v


@module("multi-head attention")
def multi_head_attention(query: Value, key: Value, value: Value, num_heads: int, mask: Value | None = None,
                         is_causal: bool = False) -> Expr:
    """`scaled_dot_product_attention` in `num_heads` heads: Q (..., L, E), K and V (..., S, E) are cut along E.

    The heads come back side by side: (..., L, E). Projections are the caller's matrix products. The mask broadcasts to
    (..., heads, L, S). Raises ShapeError unless E divides into the heads.
    """
    who = "multi_head_attention"
    count = _positive(who, "num_heads", num_heads)
    q, k, v = (_heads(who, _floating(who, x), count) for x in (query, key, value))
    y = scaled_dot_product_attention(q, k, v, mask, is_causal=is_causal)
    merged = _swapped(y)
    return reshape(merged, (*merged.shape[:-2], merged.shape[-2] * merged.shape[-1]))


def _heads(who: str, x: Expr, count: int) -> Expr:
    """(..., L, E) as (..., heads, L, E/heads)."""
    each = divides(x.shape[-1], count) if x.ndim > 1 else None
    if each is None:
        raise ShapeError(f"{who}: the last axis of {x.type} does not divide into {count} heads")
    return _swapped(reshape(x, (*x.shape[:-1], count, each)))


def _swapped(x: Expr) -> Expr:
    """Axes -3 and -2 exchanged."""
    order = [*range(x.ndim - 3), x.ndim - 2, x.ndim - 3, x.ndim - 1]
    return shaping.TRANSPOSE(x, axes=order)
