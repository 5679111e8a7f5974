"""Cases of the scan rows: the references are Python loops over NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphc as G

from .case import Case


def _together(*values: Any) -> list[Any]:
    """The values in the dtype of their sum: a carry keeps the dtype it starts with."""
    total = values[0].sum() + 0.0
    for value in values[1:]:
        total = total + value.sum()
    return [value.astype(total.dtype) for value in values]


def _running(x: Any) -> Any:
    return G.scan(lambda s, v: (s + v, s + v), G.zeros(x.shape[1:]) if x.ndim > 1 else 0.0, x)[1]


def _running_numpy(x: Any) -> Any:
    return np.cumsum(x, axis=0, dtype=np.result_type(x.dtype, 0.0) if x.ndim == 1 else "float64")


def _layer(h: Any, x: Any, w: Any) -> Any:
    h, x, w = _together(h, x, w)

    def step(h: Any, x: Any) -> Any:
        h = G.tanh(x @ w + h)
        return h, h * x[0]

    last, ys = G.scan(step, h, x)
    return ys * 2 + last


def _layer_numpy(h: Any, x: Any, w: Any) -> Any:
    h, x, w = _together(h, x, w)
    ys = np.empty((len(x), *h.shape), h.dtype)
    for t in range(len(x)):
        h = np.tanh(x[t] @ w + h)
        ys[t] = h * x[t, 0]
    return ys * 2 + h


def _horner(c: Any, x: Any) -> Any:
    """A polynomial by Horner's rule from the last coefficient, and the number of steps left."""
    c, x = _together(c, x)
    start = {"value": G.zeros((), dtype=x.dtype) * x, "left": 5}
    end, ys = G.scan(lambda carry, a: ({"value": carry["value"] * x + a, "left": carry["left"] - 1}, carry["left"]),
                     start, c, reverse=True)
    return end["value"] + end["left"] * G.sum(ys)


def _horner_numpy(c: Any, x: Any) -> Any:
    c, x = _together(c, x)
    value, left = np.zeros(x.shape, x.dtype) * x, 5
    total = 0
    for a in c[::-1]:
        value, left, total = value * x + a, left - 1, total + left
    return value + np.int64(left) * np.int64(total)


def _powers(x: Any) -> Any:
    """x, x², ... by a loop within a loop: the inner one multiplies 1 by x as often as the outer one says."""
    (x,) = _together(x)

    def outer(carry: Any, _: Any) -> Any:
        inner, products = G.scan(lambda p, _: (p * x, p), carry, None, length=2)
        return inner, G.sum(products, axis=0)

    return G.scan(outer, x, None, length=3)[1]


def _powers_numpy(x: Any) -> Any:
    (x,) = _together(x)
    return np.stack([x ** (2 * i + 1) + x ** (2 * i + 2) for i in range(3)])


CASES: dict[str, list[Case]] = {
    "scan": [
        Case(_running, _running_numpy, [((3,),), ((2, 3),), ((2, 1, 3, 2),), ((0,),), ((0, 2),), (("N",),),
                                        (("N", 3),)], inside=True),
        Case(_layer, _layer_numpy, [((4,), (3, 2), (2, 4)), ((), (2, 3), (3,)), ((2, 4), ("M", 2), (2, 4)),
                                    (("N",), ("M", 1), (1, 1)), ((4,), (0, 2), (2, 4))], inside=True),
        Case(_horner, _horner_numpy, [((3,), ()), ((4,), (2,)), (("N",), (2, 3)), ((0,), ())], inside=True),
        Case(_powers, _powers_numpy, [((),), ((2,),), (("N", 2),)], low=-1.0, high=1.0, inside=True),
    ],
}
