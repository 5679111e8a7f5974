"""Cases of the joining rows: stacks, copies, rolls, paddings, diagonals, triangles."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphc as G
from graphc.ops.joining import PLACE_DIAGONAL

from .case import SIZES, Case


def alone(build: Any, numpy: Any, *shapes: Any, **options: Any) -> Case:
    return Case(build, numpy, [(s,) for s in shapes], **options)


def size(s: Any) -> Any:
    return SIZES.get(s, s)


def stacked(axis: int, *shapes: Any) -> Case:
    def reference(*xs: Any) -> Any:
        return np.concatenate([np.expand_dims(x, axis) for x in xs], axis=axis)

    return Case(lambda *xs: G.stack(xs, axis=axis), reference, [*shapes])


def tiled(reps: Any, *shapes: Any) -> Case:
    def reference(x: Any) -> Any:
        for axis, r in enumerate(reps):
            x = np.take(x, np.array([*range(x.shape[axis])] * size(r), int), axis=axis)
        return x

    return alone(lambda x: G.tile(x, reps), reference, *shapes)


def repeated(n: Any, axis: int, *shapes: Any) -> Case:
    def reference(x: Any) -> Any:
        return np.take(x, [i for i in range(x.shape[axis]) for _ in range(size(n))], axis=axis)

    return alone(lambda x: G.repeat(x, n, axis), reference, *shapes)


def rolled(shift: Any, axis: Any, *shapes: Any) -> Case:
    shifts, axes = (shift, axis) if isinstance(axis, tuple) else ((shift,), (axis,))

    def reference(x: Any) -> Any:
        for s, a in zip(shifts, axes):
            n = x.shape[a]
            x = np.take(x, [(i - s) % n for i in range(n)], axis=a)
        return x

    return alone(lambda x: G.roll(x, shift, axis), reference, *shapes)


def padded(widths: Any, value: float, *shapes: Any) -> Case:
    def reference(x: Any) -> Any:
        pairs = [(size(a), size(b)) for a, b in widths]
        whole = np.full([a + s + b for (a, b), s in zip(pairs, x.shape)], value, x.dtype)
        whole[tuple(slice(a, a + s) for (a, _), s in zip(pairs, x.shape))] = x
        return whole

    return alone(lambda x: G.pad(x, widths, constant_values=value), reference, *shapes)


def own_diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    planes = np.moveaxis(x, (axis1, axis2), (0, 1))
    n, m = planes.shape[:2]
    cells = [planes[i, i + offset] for i in range(n) if 0 <= i + offset < m]
    return np.stack(cells, axis=-1) if cells else np.zeros((*planes.shape[2:], 0), x.dtype)


def diagonal_case(offset: int, axes: tuple[int, int], *shapes: Any) -> Case:
    return alone(lambda x: G.diagonal(x, offset, *axes), lambda x: own_diagonal(x, offset, *axes), *shapes)


def own_diag(v: Any, k: int) -> Any:
    whole = np.zeros((len(v) + abs(k),) * 2, v.dtype)
    for i, a in enumerate(v):
        whole[i + max(-k, 0), i + max(k, 0)] = a
    return whole


def placed_case(offset: int, axes: tuple[int, int], whole: tuple[Any, ...], *shapes: Any) -> Case:
    def reference(v: Any) -> Any:
        zeros = np.zeros(tuple(size(s) for s in whole), v.dtype)
        planes = np.moveaxis(zeros, axes, (-2, -1))
        for i in range(v.shape[-1]):
            planes[..., i + max(-offset, 0), i + max(offset, 0)] = v[..., i]
        return zeros

    shape = G.input("whole", *whole).shape
    return alone(lambda v: PLACE_DIAGONAL(v, offset=offset, axis1=axes[0], axis2=axes[1], shape=shape), reference,
                 *shapes)


def triangle(build: Any, keep: Any) -> list[Case]:
    def case(k: int) -> Case:
        def reference(x: Any) -> Any:
            rows, columns = np.indices(x.shape[-2:])
            return np.where(keep(columns - rows, k), x, x.dtype.type(0))

        shapes = [(3, 3), (2, 3), (3, 2), (2, 3, 2), (2, 1, 3, 2), ("N", 3), (0, 2)]
        return alone(lambda x: build(x, k), reference, *shapes)

    return [case(0), case(1), case(-1)]


CASES: dict[str, list[Case]] = {
    "stack": [
        stacked(0, ((), ()), ((3,), (3,)), ((2, 3), (2, 3)), (("N", 3), ("N", 3)), ((2, 0), (2, 0))),
        stacked(-1, ((2,), (2,), (2,)), ((2, 1, 3), (2, 1, 3))), stacked(1, ((2, 3),), (("N", "M"), ("N", "M"))),
    ],
    "tile": [
        tiled((2,), (3,), (0,), ("N",)), tiled((2, 1), (2, 3), ("N", 3)), tiled((2, 3), (2, 2), ("N", 1)),
        tiled(("M", 2), (1, 2), ("N", 2)), tiled((1, 2, 1, 2), (2, 1, 3, 1)), tiled((0, 2), (2, 2)),
    ],
    "repeat": [
        repeated(2, 0, (3,), (2, 3), ("N",), ("N", 3), (0, 2)), repeated(3, -1, (2,), (2, 1, 2), ("N", 2)),
        repeated("M", 1, (2, 2), ("N", 2)), repeated(1, 0, (2, 1, 3, 1)),
    ],
    "roll": [
        rolled(1, 0, (3,), (2, 3), ("N", 3), (0, 2)), rolled(-2, -1, (5,), (2, 3), (2, 1, 3, 4), ("N", 3)),
        rolled((1, 5), (0, 1), (2, 3), ("N", 3)), rolled((1, 1), (0, 0), (3, 2)),
    ],
    "pad": [
        padded([(1, 2)], 0, (3,), (0,), ("N",)), padded([(0, 1), (2, 0)], 1, (2, 3), ("N", 3)),
        padded([(0, 0), (1, 1), (0, 2), (0, 0)], 0, (2, 1, 3, 2)), padded([("N", 1), (0, "M")], 0, (2, 2), ("N", 1)),
    ],
    "diagonal": [
        diagonal_case(0, (0, 1), (3, 3), (2, 3), (3, 2), ("N", "N"), (2, 3, 2), (0, 2)),
        diagonal_case(1, (0, 1), (3, 3), (2, 3), (1, 1)), diagonal_case(-1, (1, 0), (3, 3), (3, 2), ("N", "N")),
        diagonal_case(0, (1, 3), (2, 3, 1, 2)), diagonal_case(-2, (-1, 0), (2, 2, 3)),
    ],
    "diag": [alone(lambda v, k=k: G.diag(v, k), lambda v, k=k: own_diag(v, k), (3,), (1,), ("N",), (0,))
             for k in (0, 2, -1)],
    "place_diagonal": [
        placed_case(0, (0, 1), (2, 3), (2,)), placed_case(1, (0, 1), (3, 3), (2,)),
        placed_case(-1, (2, 0), (2, 4, 3), (4, 2)), placed_case(0, (1, 2), ("N", 2, 2), ("N", 2)),
    ],
    "tril": triangle(G.tril, lambda d, k: d <= k),
    "triu": triangle(G.triu, lambda d, k: d >= k),
    "arange": [
        alone(lambda x: x + G.arange("N"), lambda x: x + np.array(range(len(x)), int), ("N",), inside=True),
        alone(lambda x: x[1:] * G.arange(1, "N", dtype="float64"),
              lambda x: x[1:] * np.array(range(1, len(x)), float), ("N",), inside=True),
        alone(lambda x: x * G.arange(1, x.shape[0] * 2 + 1, 2),
              lambda x: x * np.array(range(1, 2 * len(x) + 1, 2), int), ("N",), inside=True),
    ],
}  # fmt: skip
