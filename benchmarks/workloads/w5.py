"""A long elementwise chain over a million elements: bound by memory and by exp, log and tanh."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

import graphc as G

Array = np.ndarray[Any, Any]
TITLE = "mean(tanh(a·x + b)·σ(c·x + d) + log1p(exp(x))), a million elements"
WRT = ("x", "a", "b", "c", "d")
# Elements of a block: six buffers of that many stay in the caches (measured; 1.06 times slower at a quarter of it).
BLOCK = {"float64": 1 << 16, "float32": 1 << 17}


def data(dtype: str, small: bool = False) -> dict[str, Any]:
    x = np.random.default_rng(5).normal(size=7 if small else 1_000_000).astype(dtype)
    return {"x": x, **{k: x.dtype.type(v) for k, v in {"a": 0.7, "b": 0.1, "c": -0.9, "d": 0.2}.items()}}


def declare(arrays: Mapping[str, Any]) -> G.Expr:
    dtype = arrays["x"].dtype.name
    x = G.param("x", "N", dtype=dtype)
    a, b, c, d = G.params("a b c d", dtype=dtype)
    return G.mean(G.tanh(a * x + b) * G.sigmoid(c * x + d) + G.log1p(G.exp(x)))


def plain(x: Array, a: Any, b: Any, c: Any, d: Any) -> Callable[[], Any]:
    def call() -> Any:
        t = np.tanh(a * x + b)
        s = 1 / (1 + np.exp(-(c * x + d)))
        e = np.exp(x)
        loss = np.mean(t * s + np.log1p(e))
        g = x.dtype.type(1 / x.size)
        du = g * s * (1 - t**2)
        dv = g * t * s * (1 - s)
        return loss, (a * du + c * dv + g * e / (1 + e), (du * x).sum(), du.sum(), (dv * x).sum(), dv.sum())

    return call


def optimised(x: Array, a: Any, b: Any, c: Any, d: Any, fresh: bool = False) -> Callable[[], Any]:
    """Block by block in a few buffers; log1p(e) as log(u) + (e - (u - 1))/u, u = 1 + e, as accurate for finite e.

    Left out: tanh(z) as 1 - 2/(exp(2z) + 1), twice as fast, which has no correct digit left near 0.
    """
    n, dtype = x.size, x.dtype
    size = min(n, BLOCK[dtype.name])
    buffers = [np.empty(size, dtype) for _ in range(6)]
    own = np.empty_like(x)
    a, b, c, minus_c, minus_d, one, share = (np.array(v, dtype) for v in (a, b, c, -c, -d, 1, 1 / n))
    blocks = [(i, x[i : i + size], *(v[: n - i] for v in buffers)) for i in range(0, n, size)]
    sums, totals = np.empty((5, len(blocks)), dtype), np.empty(5, dtype)
    add, subtract, multiply, divide, dot = np.add, np.subtract, np.multiply, np.divide, np.dot
    exp, log, tanh, total = np.exp, np.log, np.tanh, np.add.reduce

    def call() -> Any:
        gradient = np.empty_like(own) if fresh else own
        for i, (start, x, t, s, e, u, v, w) in enumerate(blocks):
            multiply(x, a, t)
            add(t, b, t)
            tanh(t, t)
            multiply(x, minus_c, s)
            add(s, minus_d, s)
            exp(s, s)
            add(s, one, s)
            divide(one, s, s)
            exp(x, e)
            add(e, one, u)
            log(u, v)
            subtract(u, one, w)
            subtract(e, w, w)
            divide(w, u, w)
            add(v, w, v)
            sums[0, i] = dot(t, s) + total(v)
            divide(e, u, e)  # σ(x), the derivative of log1p(exp(x))
            multiply(t, t, u)
            subtract(one, u, u)
            multiply(u, s, u)
            subtract(one, s, v)
            multiply(v, s, v)
            multiply(v, t, v)
            sums[1, i], sums[2, i], sums[3, i], sums[4, i] = dot(u, x), total(u), dot(v, x), total(v)
            multiply(u, a, u)
            multiply(v, c, v)
            add(u, v, u)
            add(u, e, u)
            multiply(u, share, gradient[start : start + size])
        total(sums, axis=1, out=totals)
        multiply(totals, share, totals)
        return totals[0], (gradient, *totals[1:])

    return call


VARIANTS = {"hand, fresh results": partial(optimised, fresh=True)}


def model(xp: Any, x: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    s = 1 / (1 + xp.exp(-(c * x + d)))
    return xp.mean(xp.tanh(a * x + b) * s + xp.log1p(xp.exp(x)))


def torch_model(torch: Any, x: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    return (torch.tanh(a * x + b) * torch.sigmoid(c * x + d) + torch.log1p(torch.exp(x))).mean()
