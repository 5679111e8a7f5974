"""A 3-4-1 sigmoid network with a squared error: arrays so small that the calls cost more than the arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import graphc as G

Array = np.ndarray[Any, Any]
TITLE = "3-4-1 sigmoid network, batch 32, squared error"
WRT = ("W1", "b1", "W2", "b2")


def data(dtype: str, small: bool = False) -> dict[str, Array]:
    rng = np.random.default_rng(2)
    n = 5 if small else 32
    arrays = {"x": rng.normal(size=(n, 3)), "t": rng.random((n, 1)), "W1": rng.normal(size=(3, 4)),
              "b1": rng.normal(size=4), "W2": rng.normal(size=(4, 1)), "b2": rng.normal(size=1)}
    return {name: a.astype(dtype) for name, a in arrays.items()}


def declare(arrays: Mapping[str, Array]) -> G.Expr:
    dtype = arrays["x"].dtype.name
    x, t = G.input("x", "N", 3, dtype=dtype), G.input("t", "N", 1, dtype=dtype)
    W1, b1 = G.param("W1", 3, 4, dtype=dtype), G.param("b1", 4, dtype=dtype)
    W2, b2 = G.param("W2", 4, 1, dtype=dtype), G.param("b2", 1, dtype=dtype)
    h = G.sigmoid(x @ W1 + b1)
    y = G.sigmoid(h @ W2 + b2)
    return G.mean((y - t) ** 2)


def plain(x: Array, t: Array, W1: Array, b1: Array, W2: Array, b2: Array) -> Callable[[], Any]:
    def call() -> Any:
        h = 1 / (1 + np.exp(-(x @ W1 + b1)))
        y = 1 / (1 + np.exp(-(h @ W2 + b2)))
        e = y - t
        dz2 = (2 / e.size) * e * y * (1 - y)
        dz1 = (dz2 @ W2.T) * h * (1 - h)
        return np.mean(e * e), (x.T @ dz1, dz1.sum(axis=0), h.T @ dz2, dz2.sum(axis=0))

    return call


def optimised(x: Array, t: Array, W1: Array, b1: Array, W2: Array, b2: Array) -> Callable[[], Any]:
    """Buffers and views made once, bound ufuncs, `dot` for products, column sums and the squared error.

    Left out: parameters packed with their biases (a quarter faster), for which the caller must hand them over packed.
    """
    n, dtype = len(x), x.dtype
    h, dh, s = (np.empty((n, 4), dtype) for _ in range(3))
    y, e, dz = (np.empty((n, 1), dtype) for _ in range(3))
    gradients = dW1, db1, dW2, db2 = tuple(np.empty_like(p) for p in (W1, b1, W2, b2))
    flat, hT, xT, W2T, bias2 = e.ravel(), h.T, x.T, W2.T, b2.reshape(())
    one, step, ones, share = np.array(1, dtype), np.array(2 / n, dtype), np.ones(n, dtype), 1 / n
    dot, exp, add, subtract, multiply = np.dot, np.exp, np.add, np.subtract, np.multiply
    negative, divide = np.negative, np.divide

    def call() -> Any:
        dot(x, W1, h)
        add(h, b1, h)
        negative(h, h)
        exp(h, h)
        add(h, one, h)
        divide(one, h, h)
        dot(h, W2, y)
        add(y, bias2, y)
        negative(y, y)
        exp(y, y)
        add(y, one, y)
        divide(one, y, y)
        subtract(y, t, e)
        loss = dot(flat, flat) * share
        subtract(one, y, dz)
        multiply(dz, y, dz)
        multiply(dz, e, dz)
        multiply(dz, step, dz)
        dot(hT, dz, dW2)
        dot(ones, dz, db2)
        dot(dz, W2T, dh)
        subtract(one, h, s)
        multiply(s, h, s)
        multiply(dh, s, dh)
        dot(xT, dh, dW1)
        dot(ones, dh, db1)
        return loss, gradients

    return call


def model(xp: Any, x: Any, t: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    h = 1 / (1 + xp.exp(-(xp.dot(x, W1) + b1)))
    y = 1 / (1 + xp.exp(-(xp.dot(h, W2) + b2)))
    return xp.mean((y - t) ** 2)


def torch_model(torch: Any, x: Any, t: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    h = torch.sigmoid(torch.addmm(b1, x, W1))
    return torch.nn.functional.mse_loss(torch.sigmoid(torch.addmm(b2, h, W2)), t)
