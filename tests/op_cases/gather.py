"""Cases of integer-array indexing. The index operand comes as a number and is cast, so that every dtype is tried."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphc as G
from graphc.ops.gather import ADD_ALONG_AXIS, LAST_WRITTEN, SCATTER_ADD

from .case import SIZES, Case


def whole(i: Any) -> Any:
    return np.asarray(i).astype("int64")


def gather_case(index: Any, *shapes: Any) -> Case:
    """`index(i)` is what stands in the brackets, of the cast index or indices."""
    return Case(lambda x, *i: x[index(*[each.astype("int64") for each in i])],
                lambda x, *i: x[index(*map(whole, i))], [s if isinstance(s[0], tuple) else (s, (3,)) for s in shapes])


def scatter_case(index: Any, shape: tuple[Any, ...], many: tuple[Any, ...] = (3,)) -> Case:
    picked = G.input("whole", *shape)[index(G.input("i", *many, dtype="int64"))]

    def build(g: Any, i: Any) -> Any:
        return SCATTER_ADD.make((g, i.astype("int64")), (picked.attrs[0], picked.args[0].shape))

    def numpy(g: Any, i: Any) -> Any:
        found = np.zeros(tuple(SIZES.get(s, s) for s in shape), g.dtype)
        np.add.at(found, index(whole(i)), g)
        return found

    return Case(build, numpy, [(picked.shape, many)])


def along_case(axis: int, *shapes: Any) -> Case:
    return Case(lambda x, i: G.take_along_axis(x, i.astype("int64"), axis=axis),
                lambda x, i: np.take_along_axis(x, whole(i), axis=axis), list(shapes))


def add_along(g: Any, i: Any, axis: int, size: int) -> Any:
    moved, index = np.moveaxis(g, axis, -1), np.moveaxis(whole(i), axis, -1)
    found = np.zeros((*moved.shape[:-1], size), g.dtype)
    for at in np.ndindex(moved.shape):
        found[(*at[:-1], index[at])] += moved[at]
    return np.moveaxis(found, -1, axis)


def add_along_case(axis: int, size: int, shape: Any) -> Case:
    return Case(lambda g, i: ADD_ALONG_AXIS.make((g, i.astype("int64")), (axis, size)),
                lambda g, i: add_along(g, i, axis, size), [(shape, shape)])


def written(v: Any, i: Any) -> Any:
    """By hand: whether no later value goes to the same one of 4 places."""
    return np.array([all(j % 4 != k % 4 for j in whole(i)[n + 1 :]) for n, k in enumerate(whole(i))], bool)


FOUR = G.input("four", 4)[G.input("i", 3, dtype="int64")]

CASES: dict[str, list[Case]] = {
    "gather": [
        gather_case(lambda i: i, (4,), (4, 3), (4, 2, 2), ((4, 3), ()), ((4,), (2, 3)), ((4, 2), (0,)),
                    ((4, 3), ("N",))),
        gather_case(lambda i: (slice(None), i), (2, 4), (2, 4, 3), ("N", 4), ((2, 4), ()), ((2, 4), (2, 1))),
        gather_case(lambda i: (i, 1), (4, 2), (4, 2, 3)), gather_case(lambda i: (0, i), (2, 4), (2, 4, 3)),
        gather_case(lambda i: (i, slice(None), 0), (4, 2, 3)), gather_case(lambda i: (0, slice(None), i), (2, 3, 4)),
        gather_case(lambda i: (..., i), (4,), (2, 4), (2, 1, 4)), gather_case(lambda i: (None, i), (4,), (4, 2)),
        gather_case(lambda i: (i, None, slice(0, 1)), (4, 2)),
        gather_case(lambda i: (slice(None, None, -1), i), (3, 4)),
        gather_case(lambda i: (i, ..., 0), (4, 3), (4, 2, 3)), gather_case(lambda i: (slice(1, None), i), ("N", 4)),
        gather_case(lambda i, j: (i, j), ((4, 5), (3,), (3,)), ((4, 5), (2, 1), (3,)), ((4, 5, 2), (3,), ())),
        gather_case(lambda i, j: (slice(None), i, j), ((2, 4, 5), (3,), (3,)), ((2, 4, 5), (2, 1), (3,))),
        gather_case(lambda i, j: (i, slice(None), j), ((4, 2, 5), (3,), (3,)), ((4, 2, 5), (2, 1), (3,))),
        gather_case(lambda i, j: (slice(None), i, ..., j), ((2, 4, 5), (3,), (3,)), ((2, 4, 3, 5), (3,), (3,))),
        Case(lambda x: x[[0, 2, 0]], lambda x: x[[0, 2, 0]], [((3,),), ((3, 2),)]),
        Case(lambda x: x[np.array([[0, -1], [1, 1]])], lambda x: x[np.array([[0, -1], [1, 1]])], [((3,),), ((3, 2),)]),
        Case(lambda x: x[[True, False, True]], lambda x: x[[True, False, True]], [((3,),), ((3, 2),)]),
        Case(lambda x: x[:, np.eye(2, 3, dtype=bool)], lambda x: x[:, np.eye(2, 3, dtype=bool)], [((2, 2, 3),)]),
        Case(lambda x: x[[]], lambda x: x[[]], [((3,),), ((3, 2),)]),
        Case(lambda x: G.take(x, [3, 0, 3]), lambda x: np.take(x, [3, 0, 3]), [((2, 3),), ((4,),)]),
    ],
    "scatter_add": [
        scatter_case(lambda i: i, (4,)), scatter_case(lambda i: i, (4, 3)), scatter_case(lambda i: i, (4, 2), (2, 3)),
        scatter_case(lambda i: i, (4, "N")), scatter_case(lambda i: (slice(None), i), ("N", 4)),
        scatter_case(lambda i: (0, slice(None), i), (2, 3, 4)), scatter_case(lambda i: (i, None, slice(0, 1)), (4, 2)),
        scatter_case(lambda i: (i, ..., 0), (4, 3)), scatter_case(lambda i: i, (4, 2), (0,)),
        scatter_case(lambda i: i, (4,), ()),
    ],
    "take_along_axis": [
        along_case(0, ((4,), (3,)), ((4, 2), (3, 2)), ((4, 2), (3, 1)), ((4, 1, 2), (1, 3, 2))),
        along_case(-1, ((2, 4), (2, 1)), (("N", 4), ("N", 1)), ((1, 4), (3, 2)), ((2, 4), (2, 0))),
    ],
    "add_along_axis": [add_along_case(0, 4, (3,)), add_along_case(0, 4, (3, 2)), add_along_case(1, 4, (2, 3, 2)),
                       add_along_case(1, 4, ("N", 3))],
    "last_written": [Case(lambda v, i: LAST_WRITTEN.make((v, i.astype("int64")), (FOUR.attrs[0], (4,))), written,
                          [((3,), (3,))])],
    "one_hot": [
        Case(lambda y, d=d: G.one_hot(y.astype("int64"), 4, dtype=d), lambda y, d=d: np.eye(4, dtype=d)[whole(y)],
             [((),), ((3,),), ((2, 3),), (("N",),), ((0,),)]) for d in ("float64", "float32", "int64", "bool")
    ],
}  # fmt: skip
