"""Cases of the reduction rows."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphc as G

from .case import Case, reduction


def own_logsumexp(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def own_softmax(x: Any, axis: int) -> Any:
    return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


def softmax_cases(build: Any, numpy: Any) -> list[Case]:
    shapes = [((3,),), ((2, 3),), ((2, 3, 2),), ((2, 1, 3, 2),), (("N", 3),)]
    return [Case(lambda x, a=a: build(x, axis=a), lambda x, a=a: numpy(x, axis=a), shapes, refuses=frozenset({"bool"}))
            for a in (-1, 0)]


CASES: dict[str, list[Case]] = {
    "sum": reduction(G.sum, np.sum, more=[Case(G.sum, np.sum, [((0,),), ((2, 0),)])]),
    "mean": reduction(G.mean, np.mean),
    "max": reduction(G.max, np.max),
    "min": reduction(G.min, np.min),
    "softmax": softmax_cases(G.softmax, own_softmax),
    "log_softmax": softmax_cases(G.log_softmax, lambda x, axis: np.log(own_softmax(x, axis))),
    "logsumexp": reduction(G.logsumexp, own_logsumexp, refuses=frozenset({"bool"})),
}  # fmt: skip
