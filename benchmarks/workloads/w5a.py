"""An elementwise chain of additions and products alone, over a million elements: bound by memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

import graphc as G

from .w5 import BLOCK, data

Array = np.ndarray[Any, Any]
TITLE = "mean of the square of a polynomial in x, a million elements"
WRT = ("x", "a", "b", "c", "d")

__all__ = ["TITLE", "VARIANTS", "WRT", "data", "declare", "model", "optimised", "plain", "torch_model"]


def declare(arrays: Mapping[str, Any]) -> G.Expr:
    dtype = arrays["x"].dtype.name
    x = G.param("x", "N", dtype=dtype)
    return model(G, x, *G.params("a b c d", dtype=dtype))


def plain(x: Array, a: Any, b: Any, c: Any, d: Any) -> Callable[[], Any]:
    def call() -> Any:
        u = a * x + b
        v = c * x + d
        q = u * v + x * x
        s = q * v - u
        ds = x.dtype.type(2 / x.size) * s
        dq = ds * v
        dv = ds * q + dq * u
        du = dq * v - ds
        return np.mean(s * s), (2 * x * dq + a * du + c * dv, (du * x).sum(), du.sum(), (dv * x).sum(), dv.sum())

    return call


def optimised(x: Array, a: Any, b: Any, c: Any, d: Any, fresh: bool = False) -> Callable[[], Any]:
    """Block by block in a few buffers that stay in the cache."""
    n, dtype = x.size, x.dtype
    size = min(n, BLOCK[dtype.name])
    buffers = [np.empty(size, dtype) for _ in range(5)]
    own = np.empty_like(x)
    a, b, c, d, share = (np.array(v, dtype) for v in (a, b, c, d, 2 / n))
    blocks = [(i, x[i : i + size], *(v[: n - i] for v in buffers)) for i in range(0, n, size)]
    sums = np.empty((5, len(blocks)), dtype)
    add, subtract, multiply, dot, total = np.add, np.subtract, np.multiply, np.dot, np.add.reduce

    def call() -> Any:
        gradient = np.empty_like(own) if fresh else own
        for i, (start, x, u, v, q, s, w) in enumerate(blocks):
            multiply(x, a, u)
            add(u, b, u)
            multiply(x, c, v)
            add(v, d, v)
            multiply(u, v, q)
            multiply(x, x, w)
            add(q, w, q)
            multiply(q, v, s)
            subtract(s, u, s)
            sums[0, i] = dot(s, s)
            multiply(s, share, s)
            multiply(s, v, w)  # dq
            multiply(q, s, q)
            multiply(u, w, u)
            add(u, q, u)  # dv
            multiply(v, w, v)
            subtract(v, s, v)  # du
            sums[1, i], sums[2, i], sums[3, i], sums[4, i] = dot(v, x), total(v), dot(u, x), total(u)
            multiply(w, x, w)
            add(w, w, w)
            multiply(v, a, v)
            add(w, v, w)
            multiply(u, c, u)
            add(w, u, gradient[start : start + size])
        loss, da, db, dc, dd = total(sums, axis=1)
        return loss / n, (gradient, da, db, dc, dd)

    return call


VARIANTS = {"hand, fresh results": partial(optimised, fresh=True)}


def model(xp: Any, x: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    u = a * x + b
    v = c * x + d
    s = (u * v + x * x) * v - u
    return xp.mean(s * s)


def torch_model(torch: Any, x: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    return model(torch, x, a, b, c, d)
