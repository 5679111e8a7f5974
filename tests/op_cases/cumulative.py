"""Cases of the scans along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphc as G
from graphc.lang.value import real
from graphc.ops.cumulative import CUMPROD, CUMSUM, LINEAR_RECURRENCE, PRODUCT_OF_OTHERS

from .case import Case

SHAPES = [((4,),), ((2, 3),), ((3, 1, 2),), ((2, 1, 3, 2),), (("N", 3),), ((1,),), ((2, 0),)]


def along(row: Any, numpy: Any, **flags: bool) -> list[Case]:
    return [Case(lambda x, a=a: row(x, axis=a, **flags), lambda x, a=a: numpy(x, a), SHAPES) for a in (0, -1)]


def backwards(numpy: Any) -> Any:
    return lambda x, axis: np.flip(numpy(np.flip(x, axis), axis), axis)


def product_before(x: Any, axis: int) -> Any:
    """The product of what comes before each element, one by one."""
    x = np.moveaxis(x, axis, 0)
    y = np.ones(x.shape, np.cumprod(x[:0]).dtype)
    for i in range(len(x)):
        for j in range(i):
            y[i] *= x[j]
    return np.moveaxis(y, 0, axis)


def others(x: Any, axis: int) -> Any:
    if x.dtype == bool:
        raise TypeError
    moved = np.moveaxis(x, axis, 0)
    y = np.ones(moved.shape, x.dtype if x.dtype.kind == "f" else float)
    for i in range(len(moved)):
        y[i] = np.prod(np.delete(moved, i, axis=0), axis=0)
    return np.moveaxis(y, 0, axis)


def recurrence(a: Any, b: Any, axis: int, reverse: bool) -> Any:
    """Σ_{k≤i} b_k Π_{k<j≤i} a_j, written out."""
    if reverse:
        return np.flip(recurrence(np.flip(a, axis), np.flip(b, axis), axis, False), axis)
    a, b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    y = np.zeros_like(b)
    for i in range(len(b)):
        for k in range(i + 1):
            y[i] += b[k] * np.prod(a[k + 1 : i + 1], axis=0)
    return np.moveaxis(y, 0, axis)


def of_one_dtype(a: Any, b: Any) -> Any:
    dtype = (a * 1.0 + b * 1.0).dtype
    return a.astype(dtype), b.astype(dtype)


def recurrence_case(axis: int, reverse: bool) -> Case:
    return Case(lambda a, b: LINEAR_RECURRENCE(*of_one_dtype(a, b), axis=axis, reverse=reverse),
                lambda a, b: recurrence(*of_one_dtype(a, b), axis, reverse),
                [(s, s) for s in ((4,), (2, 3), (3, 1, 2), ("N", 3), (1,), (0,))])


CASES: dict[str, list[Case]] = {
    "cumsum": [
        *along(CUMSUM, np.cumsum), *along(CUMSUM, backwards(np.cumsum), reverse=True),
        Case(G.cumsum, np.cumsum, [((2, 3),), ((3,),), (("N",),)]),
    ],
    "cumprod": [
        *along(CUMPROD, np.cumprod), *along(CUMPROD, backwards(np.cumprod), reverse=True),
        *along(CUMPROD, product_before, exclusive=True),
        *along(CUMPROD, backwards(product_before), reverse=True, exclusive=True),
        Case(G.cumprod, np.cumprod, [((2, 3),), ((3,),)]),
    ],
    "product_of_others": [
        Case(lambda x, a=a: PRODUCT_OF_OTHERS(real(x), axis=a), lambda x, a=a: others(x, a), SHAPES, low=low,
             refuses=frozenset({"bool"})) for a in (0, -1) for low in (-2.0, 0.5)
    ],
    "linear_recurrence": [recurrence_case(0, False), recurrence_case(-1, True)],
}  # fmt: skip
