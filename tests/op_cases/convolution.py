"""Cases of the convolution, pooling and loss rows. Convolutions are checked against a walk over output positions."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import graphc as G
from graphc.ops import convolution as rows
from graphc.ops.softmax import SOFTMAX_CROSS_ENTROPY

from .case import SIZES, Case


def geometry(n: int, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> dict[str, Any]:
    def each(value: Any) -> tuple[Any, ...]:
        return value if isinstance(value, tuple) else (value,) * n

    pairs = tuple(p if isinstance(p, tuple) else (p, p) for p in each(padding))
    return {"stride": each(stride), "padding": pairs, "dilation": each(dilation)}


def size(s: Any) -> Any:
    return SIZES.get(s, s)


def walk(shape: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    """(position, element indices of its window as an open mesh) over the padded axes."""
    out = [(n + a + b - d * (k - 1) - 1) // s + 1
           for n, k, s, (a, b), d in zip(shape, kernel, stride, padding, dilation)]
    for at in itertools.product(*map(range, out)):
        axes = [[i * s + j * d for j in range(k)] for i, k, s, d in zip(at, kernel, stride, dilation)]
        yield at, (..., *np.ix_(*axes))


def wide(x: Any, padding: Any, value: Any = 0) -> Any:
    return np.pad(x, [(0, 0)] * (x.ndim - len(padding)) + list(padding), constant_values=value)


def own_conv(x: Any, w: Any, groups: int, **how: Any) -> Any:
    n = len(how["stride"])
    places = list(walk(x.shape[2:], w.shape[2:], **how))
    y = np.zeros((len(x), len(w), *[i + 1 for i in places[-1][0]]), np.result_type(x, w))
    for group in range(groups):
        ins = slice(group * w.shape[1], (group + 1) * w.shape[1])
        outs = slice(group * len(w) // groups, (group + 1) * len(w) // groups)
        for at, cells in places:
            window = wide(x[:, ins], how["padding"])[cells]
            y[(slice(None), outs, *at)] = np.tensordot(window, w[outs], ([*range(1, n + 2)], [*range(1, n + 2)]))
    return y


def adjoint(forward: Any, shape: Any, g: Any, dtype: Any) -> Any:
    """The adjoint of a linear function of an array of this shape: one basis vector after another."""
    found = np.zeros(shape, dtype)
    for i in np.ndindex(*shape):
        unit = np.zeros(shape, dtype)
        unit[i] = 1
        found[i] = np.sum(forward(unit) * g)
    return found


def conv_case(how: dict[str, Any], groups: int, *shapes: Any) -> Case:
    return Case(lambda x, w: rows.CONV(x, w, groups=groups, **how), lambda x, w: own_conv(x, w, groups, **how),
                [*shapes], refuses=frozenset({"bool"}))


def transpose_case(how: dict[str, Any], groups: int, shape: Any, *shapes: Any) -> Case:
    def reference(g: Any, w: Any) -> Any:
        full = (len(g), w.shape[1] * groups, *map(size, shape))
        return adjoint(lambda x: own_conv(x, w, groups, **how), full, g, np.result_type(g, w))

    sizes = G.input("s", *shape).shape
    return Case(lambda g, w: rows.CONV_TRANSPOSE(g, w, shape=sizes, groups=groups, **how), reference, [*shapes],
                refuses=frozenset({"bool"}))


def weight_case(how: dict[str, Any], groups: int, kernel: Any, *shapes: Any) -> Case:
    def reference(x: Any, g: Any) -> Any:
        full = (g.shape[1], x.shape[1] // groups, *kernel)
        return adjoint(lambda w: own_conv(x, w, groups, **how), full, g, np.result_type(x, g))

    return Case(lambda x, g: rows.CONV_WEIGHT(x, g, kernel=kernel, groups=groups, **how), reference, [*shapes],
                refuses=frozenset({"bool"}))


def own_pool(x: Any, kernel: Any, reduce: Any, value: Any, **how: Any) -> Any:
    n = len(kernel)
    places = list(walk(x.shape[-n:], kernel, **how))
    y = np.zeros((*x.shape[:-n], *[i + 1 for i in places[-1][0]]), x.dtype)
    for at, cells in places:
        y[(..., *at)] = reduce(wide(x, how["padding"], value)[cells], axis=tuple(range(-n, 0)))
    return y


def lowest(x: Any) -> Any:
    return -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min


POOLS = [
    ((2,), geometry(1, 2), [((4,),), ((2, 5),), ((2, 1, 4),), (("N", 4),)]),
    ((2, 3), geometry(2, 1, (1, 1)), [((3, 3),), ((1, 2, 2, 3),), (("N", 2, 3),), ((0, 2, 3),)]),
    ((3, 2), geometry(2, (2, 1), (1, 0), (1, 2)), [((2, 5, 4),), ((1, 1, 4, 3),)]),
    ((2,), geometry(1), [(("M",),), (("N", "M"),)]),
]


def pools(build: Any, numpy: Any, **options: Any) -> list[Case]:
    return [Case(lambda *xs, k=k, how=how: build(*xs, kernel=k, **how),
                 lambda *xs, k=k, how=how: numpy(*xs, kernel=k, **how), shapes, refuses=frozenset({"bool"}), **options)
            for k, how, shapes in POOLS]


def own_max(x: Any, kernel: Any, **how: Any) -> Any:
    if x.dtype == bool:
        raise TypeError("no arithmetic on bool")
    return own_pool(x, kernel, np.max, lowest(x), **how)


def own_sum(x: Any, kernel: Any, **how: Any) -> Any:
    if x.dtype == bool:
        raise TypeError("no arithmetic on bool")
    return own_pool(x, kernel, lambda a, axis: np.sum(a, axis=axis, dtype=a.dtype), 0, **how)


def spread_case(kernel: Any, how: Any, shape: Any, *shapes: Any) -> Case:
    sizes = G.input("s", *shape).shape

    def reference(g: Any) -> Any:
        full = (*g.shape[: g.ndim - len(kernel)], *map(size, shape))
        return adjoint(lambda x: own_sum(x, kernel, **how), full, g, g.dtype)

    return Case(lambda g: rows.SPREAD_POOL(g, shape=sizes, kernel=kernel, **how), reference, [*shapes],
                refuses=frozenset({"bool"}))


def of_max(row: Any, numpy: Any, first: Any) -> list[Case]:
    """A row of (t, x, y) where y is the max-pool of x; `first` gives the shape of t from those of x and y."""
    cases = []
    for kernel, how, shapes in POOLS[:-1]:
        def build(t: Any, x: Any, kernel: Any = kernel, how: Any = how) -> Any:
            return row(t, x, rows.MAX_POOL(x, kernel=kernel, **how), kernel=kernel, **how)

        def reference(t: Any, x: Any, kernel: Any = kernel, how: Any = how) -> Any:
            return numpy(t, x, kernel, **how)

        pairs = [(first(x, kernel, how), x) for (x,) in shapes]
        cases.append(Case(build, reference, pairs, refuses=frozenset({"bool"})))
    return cases


def own_mean(t: Any, x: Any, kernel: Any, **how: Any) -> Any:
    if t.dtype.kind != "f" or x.dtype.kind != "f":
        raise TypeError("only reals have tangents")
    y, n = own_max(x, kernel, **how), len(kernel)
    found = np.zeros(y.shape, t.dtype)
    for at, cells in walk(x.shape[-n:], kernel, **how):
        hit = wide(x, how["padding"], np.nan)[cells] == y[(..., *at, *[None] * n)]
        axes = tuple(range(-n, 0))
        found[(..., *at)] = np.sum(wide(t, how["padding"])[cells] * hit, axis=axes) / np.sum(hit, axis=axes)
    return found


def own_share(g: Any, x: Any, kernel: Any, **how: Any) -> Any:
    if g.dtype.kind != "f" or x.dtype.kind != "f":
        raise TypeError("only reals have cotangents")
    return adjoint(lambda t: own_mean(t, x, kernel, **how), x.shape, g, g.dtype)


def pooled(x: Any, kernel: Any, how: Any) -> Any:
    return rows.MAX_POOL(G.input("p", *x), kernel=kernel, **how).shape


def own_cross_entropy(z: Any, y: Any, axis: int) -> Any:
    if z.dtype.kind != "f" or y.dtype.kind != "f":
        raise TypeError("logits are reals")
    return np.log(np.sum(np.exp(z), axis=axis)) - np.sum(y * z, axis=axis)


def cross_entropy_case(axis: int, *shapes: Any) -> Case:
    return Case(lambda z, y: SOFTMAX_CROSS_ENTROPY(z, y, axis=axis), lambda z, y: own_cross_entropy(z, y, axis),
                [(s, s) for s in shapes], refuses=frozenset({"bool"}))


CASES: dict[str, list[Case]] = {
    "conv": [
        conv_case(geometry(1), 1, ((2, 1, 4), (2, 1, 3)), (("N", 2, 3), (1, 2, 2)), ((0, 1, 3), (1, 1, 2))),
        conv_case(geometry(1, 2, ((2, 1),), 2), 2, ((2, 4, 5), (2, 2, 2)), ((1, 2, 3), (4, 1, 3))),
        conv_case(geometry(1), 1, ((1, 1, "M"), (1, 1, 2)), (("N", 2, "M"), (2, 2, 1))),
        conv_case(geometry(2), 1, ((1, 2, 3, 4), (2, 2, 2, 3)), (("N", 1, 3, 3), (2, 1, 3, 3))),
        conv_case(geometry(2, (2, 1), ((1, 0), 1), (1, 2)), 1, ((2, 1, 4, 3), (2, 1, 2, 2))),
        conv_case(geometry(2, 1, 1), 3, ((1, 3, 2, 3), (3, 1, 3, 3)), ((1, 3, 2, 2), (6, 1, 2, 2))),
    ],
    "conv_transpose": [
        transpose_case(geometry(1), 1, (4,), ((2, 2, 2), (2, 1, 3))),
        transpose_case(geometry(1, 2, ((2, 1),), 2), 2, (5,), ((2, 2, 3), (2, 2, 2))),
        transpose_case(geometry(2, 2, 1), 1, (4, 3), (("N", 2, 2, 2), (2, 1, 3, 3))),
        transpose_case(geometry(2), 2, (3, "M"), ((1, 2, 2, "M"), (2, 1, 2, 1))),
    ],
    "conv_weight": [
        weight_case(geometry(1), 1, (3,), ((2, 1, 4), (2, 2, 2))),
        weight_case(geometry(1, 2, ((2, 1),), 2), 2, (2,), ((2, 4, 5), (2, 2, 3))),
        weight_case(geometry(2, 2, 1), 1, (3, 2), (("N", 1, 4, 3), ("N", 2, 2, 2))),
        weight_case(geometry(2), 2, (2, 1), ((1, 2, 3, "M"), (1, 2, 2, "M"))),
    ],
    "softmax_cross_entropy": [
        cross_entropy_case(-1, (3,), (2, 3), (2, 1, 3), (2, 2, 1, 3), ("N", 3), (0, 3)),
        cross_entropy_case(1, (2, 3), ("N", 3, 2), (2, "M")),
    ],
    "max_pool": pools(rows.MAX_POOL, own_max),
    "max_pool_mean": of_max(rows.MAX_POOL_MEAN, own_mean, lambda x, kernel, how: x),
    "max_pool_share": of_max(rows.MAX_POOL_SHARE, own_share, pooled),
    "sum_pool": pools(rows.SUM_POOL, own_sum),
    "spread_pool": [
        spread_case((2,), geometry(1, 2), (5,), ((2,),), ((2, 1, 2),), (("N", 2),)),
        spread_case((2, 3), geometry(2, 1, (1, 1)), (2, 3), ((3, 3),), (("N", 3, 3),), ((0, 2, 3, 3),)),
        spread_case((3, 2), geometry(2, (2, 1), (1, 0), (1, 2)), (4, "M"), ((1, 2, 2, 1),)),
    ],
}  # fmt: skip
