"""Cases of the reduction rows."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphc as G
from graphc.lang.value import real
from graphc.ops.reduction import CENTRE, NORM2, UNIT

from .case import Case, elementwise, reduction


def own_logsumexp(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def own_softmax(x: Any, axis: int) -> Any:
    return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


def softmax_cases(build: Any, numpy: Any) -> list[Case]:
    shapes = [((3,),), ((2, 3),), ((2, 3, 2),), ((2, 1, 3, 2),), (("N", 3),)]
    return [Case(lambda x, a=a: build(x, axis=a), lambda x, a=a: numpy(x, axis=a), shapes, refuses=frozenset({"bool"}))
            for a in (-1, 0)]


MOMENTS = [((3,),), ((2, 3),), ((3, 4, 2),), ((2, 3, 3, 2),), (("N", 3),)]


def moments(build: Any, numpy: Any) -> list[Case]:
    """No axis is left with one element: there the deviation has its kink."""
    ways: Any = [(None, 0, False), (0, 0, True), (-1, 1, False), ((0, -1), 1, True), (None, 0.5, False)]
    return [Case(lambda x, a=a, d=d, k=k: build(x, axis=a, ddof=d, keepdims=k),
                 lambda x, a=a, d=d, k=k: numpy(x, axis=a, ddof=d, keepdims=k), MOMENTS[a == (0, -1) :])
            for a, d, k in ways]


def own_norm(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.sqrt(np.sum(np.square(1.0 * x if x.dtype.kind == "i" else x), axis=axis, keepdims=keepdims))


def own_centre(x: Any, axis: Any) -> Any:
    return x - np.mean(x, axis=axis, keepdims=True)


CASES: dict[str, list[Case]] = {
    "sum": reduction(G.sum, np.sum, more=[Case(G.sum, np.sum, [((0,),), ((2, 0),)])]),
    "mean": reduction(G.mean, np.mean),
    "max": reduction(G.max, np.max),
    "min": reduction(G.min, np.min),
    "prod": reduction(G.prod, np.prod, more=[
        Case(G.prod, np.prod, [((0,),), ((2, 0),)]),
        Case(lambda x: G.prod(x, axis=(0, 2)), lambda x: np.prod(x, axis=(0, 2)), [((2, 3, 2),), ((2, 3, 1, 2),)]),
    ]),
    "var": moments(G.var, np.var),
    "std": moments(G.std, np.std),
    "centre": [Case(lambda x, a=a: CENTRE(x, axis=a), lambda x, a=a: own_centre(x, a),
                    [((4,),), ((2, 3),), ((3, 1, 2),), ((2, 1, 3, 2),), (("N", 3),)]) for a in (None, 0, (-1,))],
    "norm2": reduction(lambda x, axis, keepdims: NORM2(real(x), axis=axis, keepdims=keepdims), own_norm,
                       refuses=frozenset({"bool"}), low=0.2),
    "unit": elementwise(UNIT, lambda x, norm: x / norm, arity=2, low=0.3, refuses=frozenset({"bool"})),
    "any": reduction(G.any, np.any),
    "all": reduction(G.all, np.all),
    "softmax": softmax_cases(G.softmax, own_softmax),
    "log_softmax": softmax_cases(G.log_softmax, lambda x, axis: np.log(own_softmax(x, axis))),
    "logsumexp": reduction(G.logsumexp, own_logsumexp, refuses=frozenset({"bool"})),
}  # fmt: skip
