"""A 784-256-128-10 ReLU network with softmax cross-entropy: most of the time goes into matrix products."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import graphc as G

Array = np.ndarray[Any, Any]
TITLE = "ReLU network 784-256-128-10, softmax cross-entropy"
WRT = ("W1", "b1", "W2", "b2", "W3", "b3")


def data(dtype: str, small: bool = False, batch: int = 128) -> dict[str, Array]:
    rng = np.random.default_rng(3)
    sizes, n = ((7, 6, 5, 4), 3) if small else ((784, 256, 128, 10), batch)
    arrays = {"x": rng.random((n, sizes[0])), "t": np.eye(sizes[3])[rng.integers(0, sizes[3], n)]}
    for i in (1, 2, 3):
        arrays[f"W{i}"] = rng.normal(size=(sizes[i - 1], sizes[i])) * np.sqrt(2 / sizes[i - 1])
        arrays[f"b{i}"] = 0.01 * rng.normal(size=sizes[i])
    return {name: a.astype(dtype) for name, a in arrays.items()}


def declare(arrays: Mapping[str, Array]) -> G.Expr:
    dtype = arrays["x"].dtype.name
    x, t = (G.input(name, "N", arrays[name].shape[1], dtype=dtype) for name in ("x", "t"))
    W1, b1, W2, b2, W3, b3 = (G.param(name, *arrays[name].shape, dtype=dtype) for name in WRT)
    h1 = G.relu(x @ W1 + b1)
    h2 = G.relu(h1 @ W2 + b2)
    return -G.mean(G.sum(t * G.log_softmax(h2 @ W3 + b3, axis=-1), axis=-1))


def plain(x: Array, t: Array, W1: Array, b1: Array, W2: Array, b2: Array, W3: Array, b3: Array) -> Callable[[], Any]:
    def call() -> Any:
        z1 = x @ W1 + b1
        h1 = np.maximum(z1, 0)
        z2 = h1 @ W2 + b2
        h2 = np.maximum(z2, 0)
        z3 = h2 @ W3 + b3
        s = z3 - z3.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        d3 = (np.exp(log_p) - t) / len(x)
        d2 = (d3 @ W3.T) * (z2 > 0)
        d1 = (d2 @ W2.T) * (z1 > 0)
        return -np.mean((log_p * t).sum(axis=1)), (
            x.T @ d1, d1.sum(axis=0), h1.T @ d2, d2.sum(axis=0), h2.T @ d3, d3.sum(axis=0))

    return call


def optimised(x: Array, t: Array, W1: Array, b1: Array, W2: Array, b2: Array, W3: Array,
              b3: Array) -> Callable[[], Any]:
    """One exp for the loss and its gradient in one buffer, activations as their own masks, column sums by `dot`."""
    n, dtype = len(x), x.dtype
    h1, d1, h2, d2 = (np.empty((n, k), dtype) for k in (W1.shape[1],) * 2 + (W2.shape[1],) * 2)
    on1, on2 = np.empty(h1.shape, bool), np.empty(h2.shape, bool)
    p, row = np.empty((n, W3.shape[1]), dtype), np.empty((n, 1), dtype)
    gradients = dW1, db1, dW2, db2, dW3, db3 = tuple(np.empty_like(a) for a in (W1, b1, W2, b2, W3, b3))
    p_flat, t_flat, sums = p.ravel(), t.ravel(), row.ravel()
    xT, h1T, h2T, W2T, W3T = x.T, h1.T, h2.T, W2.T, W3.T
    zero, share, ones = np.array(0, dtype), np.array(1 / n, dtype), np.ones(n, dtype)
    dot, exp, log, add, subtract, multiply = np.dot, np.exp, np.log, np.add, np.subtract, np.multiply
    maximum, divide, greater = np.maximum, np.divide, np.greater

    def call() -> Any:
        dot(x, W1, h1)
        add(h1, b1, h1)
        maximum(h1, zero, out=h1)
        dot(h1, W2, h2)
        add(h2, b2, h2)
        maximum(h2, zero, out=h2)
        dot(h2, W3, p)
        add(p, b3, p)
        maximum.reduce(p, axis=1, keepdims=True, out=row)
        subtract(p, row, p)
        likely = dot(p_flat, t_flat)
        exp(p, p)
        add.reduce(p, axis=1, keepdims=True, out=row)
        divide(p, row, p)
        log(sums, sums)
        loss = (add.reduce(sums) - likely) * share
        subtract(p, t, p)
        multiply(p, share, p)
        dot(h2T, p, dW3)
        dot(ones, p, db3)
        dot(p, W3T, d2)
        greater(h2, zero, on2)
        multiply(d2, on2, d2)
        dot(h1T, d2, dW2)
        dot(ones, d2, db2)
        dot(d2, W2T, d1)
        greater(h1, zero, on1)
        multiply(d1, on1, d1)
        dot(xT, d1, dW1)
        dot(ones, d1, db1)
        return loss, gradients

    return call


def model(xp: Any, x: Any, t: Any, W1: Any, b1: Any, W2: Any, b2: Any, W3: Any, b3: Any) -> Any:
    h = xp.maximum(xp.dot(x, W1) + b1, 0)
    h = xp.maximum(xp.dot(h, W2) + b2, 0)
    z = xp.dot(h, W3) + b3
    s = z - xp.max(z, axis=1, keepdims=True)
    log_p = s - xp.log(xp.sum(xp.exp(s), axis=1, keepdims=True))
    return -xp.mean(xp.sum(log_p * t, axis=1))


def torch_model(torch: Any, x: Any, t: Any, W1: Any, b1: Any, W2: Any, b2: Any, W3: Any, b3: Any) -> Any:
    h = torch.relu(torch.addmm(b1, x, W1))
    h = torch.relu(torch.addmm(b2, h, W2))
    return torch.nn.functional.cross_entropy(torch.addmm(b3, h, W3), t)
