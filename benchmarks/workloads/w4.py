"""A deep narrow network, fifty tanh layers of 64: small products and many elementwise calls between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import graphc as G

Array = np.ndarray[Any, Any]
LAYERS = 50
TITLE = "50 tanh layers of 64, batch 64, mean of squares"
WRT = tuple(f"W{i}" for i in range(LAYERS)) + tuple(f"b{i}" for i in range(LAYERS))


def data(dtype: str, small: bool = False) -> dict[str, Array]:
    rng = np.random.default_rng(4)
    n, width = (3, 4) if small else (64, 64)
    arrays = {"x": rng.normal(size=(n, width))}
    arrays |= {f"W{i}": 1.2 * rng.normal(size=(width, width)) / np.sqrt(width) for i in range(LAYERS)}
    arrays |= {f"b{i}": 0.1 * rng.normal(size=width) for i in range(LAYERS)}
    return {name: a.astype(dtype) for name, a in arrays.items()}


def declare(arrays: Mapping[str, Array]) -> G.Expr:
    dtype, width = arrays["x"].dtype.name, arrays["x"].shape[1]
    h = G.input("x", "N", width, dtype=dtype)
    for i in range(LAYERS):
        W, b = G.param(f"W{i}", width, width, dtype=dtype), G.param(f"b{i}", width, dtype=dtype)
        h = G.tanh(h @ W + b)
    return G.mean(h * h)


def plain(x: Array, **parameters: Array) -> Callable[[], Any]:
    Ws, bs = [parameters[f"W{i}"] for i in range(LAYERS)], [parameters[f"b{i}"] for i in range(LAYERS)]

    def call() -> Any:
        hs = [x]
        for W, b in zip(Ws, bs):
            hs.append(np.tanh(hs[-1] @ W + b))
        dh = (2 / hs[-1].size) * hs[-1]
        dWs, dbs = [], []
        for W, h, below in zip(Ws[::-1], hs[:0:-1], hs[-2::-1]):
            dz = dh * (1 - h**2)
            dWs.append(below.T @ dz)
            dbs.append(dz.sum(axis=0))
            dh = dz @ W.T
        return np.mean(hs[-1] * hs[-1]), (*dWs[::-1], *dbs[::-1])

    return call


def optimised(x: Array, **parameters: Array) -> Callable[[], Any]:
    """Operands and views of every layer listed once; the gradients of all layers in one batched product each.

    Left out: tanh(z) as 1 - 2/(exp(2z) + 1), which has no correct digit left near 0.
    """
    Ws, bs = [parameters[f"W{i}"] for i in range(LAYERS)], [parameters[f"b{i}"] for i in range(LAYERS)]
    (n, width), dtype = x.shape, x.dtype
    hs, dzs = np.empty((LAYERS + 1, n, width), dtype), np.empty((LAYERS, n, width), dtype)
    dW, db, slope = np.empty((LAYERS, width, width), dtype), np.empty((LAYERS, width), dtype), np.empty_like(x)
    forward = list(zip([x, *hs[1:]], hs[1:], Ws, bs))
    backward = [(hs[i + 1], dzs[i], Ws[i].T, dzs[i - 1]) for i in range(LAYERS - 1, 0, -1)]
    hT, last, ones = hs[:LAYERS].transpose(0, 2, 1), hs[LAYERS].ravel(), np.ones((LAYERS, 1, n), dtype)
    one, step, share = np.array(1, dtype), np.array(2 / x.size, dtype), 1 / x.size
    gradients = (*dW, *db)
    dot, tanh, add, subtract, multiply = np.dot, np.tanh, np.add, np.subtract, np.multiply

    def call() -> Any:
        hs[0] = x
        for below, h, W, b in forward:
            dot(below, W, h)
            add(h, b, h)
            tanh(h, h)
        loss = dot(last, last) * share
        multiply(hs[LAYERS], step, dzs[LAYERS - 1])
        for h, dz, WT, dh in backward:
            multiply(h, h, slope)
            subtract(one, slope, slope)
            multiply(dz, slope, dz)
            dot(dz, WT, dh)
        multiply(hs[1], hs[1], slope)
        subtract(one, slope, slope)
        multiply(dzs[0], slope, dzs[0])
        np.matmul(hT, dzs, out=dW)
        np.matmul(ones, dzs, out=db[:, None])
        return loss, gradients

    return call


def by_layer(x: Array, **parameters: Array) -> Callable[[], Any]:
    """As `optimised`, with the gradients of each layer as soon as they can be had: half the memory."""
    Ws, bs = [parameters[f"W{i}"] for i in range(LAYERS)], [parameters[f"b{i}"] for i in range(LAYERS)]
    n, dtype = len(x), x.dtype
    hs = [x, *(np.empty_like(x) for _ in range(LAYERS))]
    dh, dz, ones = np.empty_like(x), np.empty_like(x), np.ones(n, dtype)
    dWs, dbs = [np.empty_like(W) for W in Ws], [np.empty_like(b) for b in bs]
    forward = list(zip(hs, hs[1:], Ws, bs))
    backward = [(hs[i + 1], hs[i].T, Ws[i].T, dWs[i], dbs[i]) for i in range(LAYERS - 1, -1, -1)]
    last, one, step, share = hs[-1].ravel(), np.array(1, dtype), np.array(2 / x.size, dtype), 1 / x.size
    gradients = (*dWs, *dbs)
    dot, tanh, add, subtract, multiply = np.dot, np.tanh, np.add, np.subtract, np.multiply

    def call() -> Any:
        for below, h, W, b in forward:
            dot(below, W, h)
            add(h, b, h)
            tanh(h, h)
        loss = dot(last, last) * share
        multiply(hs[-1], step, dh)
        for h, belowT, WT, dW, db in backward:
            multiply(h, h, dz)
            subtract(one, dz, dz)
            multiply(dz, dh, dz)
            dot(belowT, dz, dW)
            dot(ones, dz, db)
            dot(dz, WT, dh)
        return loss, gradients

    return call


VARIANTS = {"hand by layer": by_layer}


def model(xp: Any, x: Any, **parameters: Any) -> Any:
    for i in range(LAYERS):
        x = xp.tanh(xp.dot(x, parameters[f"W{i}"]) + parameters[f"b{i}"])
    return xp.mean(x * x)


def torch_model(torch: Any, x: Any, **parameters: Any) -> Any:
    for i in range(LAYERS):
        x = torch.tanh(torch.addmm(parameters[f"b{i}"], x, parameters[f"W{i}"]))
    return (x * x).mean()
