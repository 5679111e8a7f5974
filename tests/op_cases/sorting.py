"""Cases of the rows that order values."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphc as G
from graphc.ops.sorting import QUANTILE_WEIGHTS

from .case import Case

SHAPES = [((4,),), ((2, 3),), ((3, 1, 2),), ((2, 1, 3, 2),), (("N", 3),)]
SOME = SHAPES[1:]


def along(build: Any, numpy: Any) -> list[Case]:
    return [Case(lambda x, a=a: build(x, axis=a), lambda x, a=a: numpy(x, axis=a), SHAPES) for a in (0, -1)]


def positions(build: Any, numpy: Any) -> list[Case]:
    return [
        Case(build, numpy, [((),), ((4,),), *SOME]),
        *[Case(lambda x, a=a, k=k: build(x, axis=a, keepdims=k), lambda x, a=a, k=k: numpy(x, axis=a, keepdims=k),
               SHAPES) for a, k in ((0, False), (-1, True))],
    ]  # fmt: skip


def no_bools(numpy: Any) -> Any:
    def checked(x: Any, *args: Any, **options: Any) -> Any:
        if x.dtype == bool:
            raise TypeError
        return numpy(x, *args, **options)

    return checked


def quantile_cases(q: float) -> list[Case]:
    return [Case(lambda x, a=a, k=k: G.quantile(x, q, axis=a, keepdims=k),
                 lambda x, a=a, k=k: no_bools(np.quantile)(x, q, axis=a, keepdims=k), [((4,),), *SOME])
            for a, k in ((None, False), (0, True), ((-1,), False))]


def weights(x: Any, q: float) -> Any:
    """By hand, of one axis: the sorted positions around q(n - 1)."""
    w, at = np.zeros(x.shape, x.dtype if x.dtype.kind == "f" else float), q * (len(x) - 1)
    for k, i in enumerate(np.argsort(x, kind="stable")):
        w[i] = max(0, 1 - abs(at - k))
    return w


CASES: dict[str, list[Case]] = {
    "sort": [*along(G.sort, np.sort),
             Case(lambda x: G.sort(x, axis=None), lambda x: np.sort(x, axis=None), SHAPES[1:4])],
    "argsort": along(G.argsort, lambda x, axis: np.argsort(x, axis=axis, kind="stable")),
    "argmax": positions(G.argmax, np.argmax),
    "argmin": positions(G.argmin, np.argmin),
    "searchsorted": [
        Case(lambda a, v, side=side: G.searchsorted(G.sort(a), v, side=side),
             lambda a, v, side=side: np.searchsorted(np.sort(a), v, side=side),
             [((4,), ()), ((4,), (4,)), ((3,), (2, 3)), ((0,), (3,)), ((3,), (0,)), (("N",), ("M", 3))])
        for side in ("left", "right")
    ],
    "quantile": [
        *quantile_cases(0.5), *quantile_cases(0.3), *quantile_cases(0.0), *quantile_cases(1.0),
        Case(lambda x: G.median(x, axis=(0, 2)), lambda x: no_bools(np.median)(x, axis=(0, 2)),
             [((3, 1, 2),), ((2, 3, 2),)]),
    ],
    "quantile_weights": [
        Case(lambda x, q=q: QUANTILE_WEIGHTS.make((x,), (q, (0,))), lambda x, q=q: weights(x, q),
             [((4,),), ((5,),), (("N",),)])
        for q in (0.5, 0.3, 0.0, 1.0)
    ],
}  # fmt: skip
