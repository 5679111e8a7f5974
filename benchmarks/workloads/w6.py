"""The feed-forward block of a transformer: layer norm, 256-1024-256 with GELU in its tanh form, residual."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import pi, sqrt
from typing import Any

import numpy as np

import graphc as G

Array = np.ndarray[Any, Any]
TITLE = "layer norm, GELU feed-forward 256-1024-256, residual, 512 tokens, squared error"
WRT = ("x", "gamma", "beta", "W1", "b1", "W2", "b2")
EPS, K, CUBIC = 1e-5, sqrt(2 / pi), 0.044715
ROWS = 64  # of a block of the GELU


def data(dtype: str, small: bool = False) -> dict[str, Array]:
    rng = np.random.default_rng(6)
    n, d, m = (5, 4, 6) if small else (512, 256, 1024)
    arrays = {"x": rng.normal(size=(n, d)), "t": rng.normal(size=(n, d)), "gamma": 1 + 0.1 * rng.normal(size=d),
              "beta": 0.1 * rng.normal(size=d), "W1": rng.normal(size=(d, m)) / sqrt(d), "b1": 0.1 * rng.normal(size=m),
              "W2": rng.normal(size=(m, d)) / sqrt(m), "b2": 0.1 * rng.normal(size=d)}
    return {name: a.astype(dtype) for name, a in arrays.items()}


def declare(arrays: Mapping[str, Array]) -> G.Expr:
    dtype, (d, m) = arrays["x"].dtype.name, arrays["W1"].shape
    x, t = G.param("x", "N", d, dtype=dtype), G.input("t", "N", d, dtype=dtype)
    gamma, beta = G.params("gamma beta", d, dtype=dtype)
    W1, b1 = G.param("W1", d, m, dtype=dtype), G.param("b1", m, dtype=dtype)
    W2, b2 = G.param("W2", m, d, dtype=dtype), G.param("b2", d, dtype=dtype)
    h = G.gelu(G.layer_norm(x, d, gamma, beta) @ W1 + b1, approximate="tanh")
    return G.mean((h @ W2 + b2 + x - t) ** 2)


def plain(x: Array, t: Array, gamma: Array, beta: Array, W1: Array, b1: Array, W2: Array,
          b2: Array) -> Callable[[], Any]:
    def call() -> Any:
        centred = x - x.mean(axis=1, keepdims=True)
        scale = 1 / np.sqrt((centred * centred).mean(axis=1, keepdims=True) + EPS)
        normal = centred * scale
        a = normal * gamma + beta
        z = a @ W1 + b1
        th = np.tanh(K * (z + CUBIC * z * z * z))
        h = 0.5 * z * (1 + th)
        e = h @ W2 + b2 + x - t
        dy = (2 / e.size) * e
        dz = (dy @ W2.T) * (0.5 * (1 + th) + 0.5 * z * (1 - th * th) * K * (1 + 3 * CUBIC * z * z))
        da = dz @ W1.T
        dn = da * gamma
        dx = dy + scale * (dn - dn.mean(axis=1, keepdims=True) - normal * (dn * normal).mean(axis=1, keepdims=True))
        return np.mean(e * e), (dx, (da * normal).sum(axis=0), da.sum(axis=0), a.T @ dz, dz.sum(axis=0), h.T @ dy,
                                dy.sum(axis=0))

    return call


def optimised(x: Array, t: Array, gamma: Array, beta: Array, W1: Array, b1: Array, W2: Array,
              b2: Array) -> Callable[[], Any]:
    """GELU as z·σ(2K(z + 0.044715·z³)), which is the same number, and its slope, block by block in one pass.

    Row sums are products with a vector, rows of squares `vecdot`, column sums products with ones.
    """
    (n, d), m, dtype = x.shape, len(b1), x.dtype
    normal, a, y, da, work, dx = (np.empty((n, d), dtype) for _ in range(6))
    z, h, slope = (np.empty((n, m), dtype) for _ in range(3))
    center, scale, along = (np.empty((n, 1), dtype) for _ in range(3))
    center1, scale1, along1 = (v.ravel() for v in (center, scale, along))
    dgamma, dbeta, dW1, db1, dW2, db2 = (np.empty_like(p) for p in (gamma, beta, W1, b1, W2, b2))
    gradients = (dx, dgamma, dbeta, dW1, db1, dW2, db2)
    mean, ones = np.full(d, 1 / d, dtype), np.ones(n, dtype)
    u, v, s = (np.empty((min(ROWS, n), m), dtype) for _ in range(3))
    blocks = [(z[i : i + ROWS], h[i : i + ROWS], slope[i : i + ROWS], *(w[: n - i] for w in (u, v, s)))
              for i in range(0, n, ROWS)]
    eps, one, share, step = (np.array(c, dtype) for c in (EPS, 1, 1 / d, 2 / x.size))
    linear, cubic, cubic3 = (np.array(c, dtype) for c in (-2 * K, -2 * K * CUBIC, -6 * K * CUBIC))
    errors, aT, hT, W1T, W2T = work.ravel(), a.T, h.T, W1.T, W2.T
    dot, vecdot, exp, root, divide = np.dot, np.vecdot, np.exp, np.sqrt, np.divide
    add, subtract, multiply = np.add, np.subtract, np.multiply

    def call() -> Any:
        dot(x, mean, center1)
        subtract(x, center, normal)
        vecdot(normal, normal, out=scale1)
        multiply(scale1, share, scale1)
        add(scale1, eps, scale1)
        root(scale1, scale1)
        divide(one, scale1, scale1)
        multiply(normal, scale, normal)
        multiply(normal, gamma, a)
        add(a, beta, a)
        dot(a, W1, z)
        for z_, h_, slope_, u, v, s in blocks:
            add(z_, b1, z_)
            multiply(z_, z_, u)
            multiply(u, cubic, v)
            add(v, linear, v)
            multiply(v, z_, v)
            exp(v, v)
            add(v, one, v)
            divide(one, v, s)
            multiply(z_, s, h_)
            multiply(u, cubic3, u)
            add(u, linear, u)
            multiply(u, h_, u)
            subtract(s, one, v)
            multiply(u, v, u)
            add(u, s, slope_)  # s + h·(1 - s)·2K(1 + 3·0.044715·z²)
        dot(h, W2, y)
        add(y, b2, y)
        add(y, x, y)
        subtract(y, t, work)
        loss = dot(errors, errors) / x.size
        multiply(work, step, y)
        dot(hT, y, dW2)
        dot(ones, y, db2)
        dot(y, W2T, z)
        multiply(z, slope, z)
        dot(aT, z, dW1)
        dot(ones, z, db1)
        dot(z, W1T, da)
        dot(ones, da, dbeta)
        multiply(da, normal, work)
        dot(ones, work, dgamma)
        multiply(da, gamma, da)
        dot(da, mean, center1)
        vecdot(da, normal, out=along1)
        multiply(along1, share, along1)
        multiply(normal, along, work)
        subtract(da, center, da)
        subtract(da, work, da)
        multiply(da, scale, da)
        add(da, y, dx)
        return loss, gradients

    return call


def model(xp: Any, x: Any, t: Any, gamma: Any, beta: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    centred = x - xp.mean(x, axis=1, keepdims=True)
    normal = centred / xp.sqrt(xp.mean(centred * centred, axis=1, keepdims=True) + EPS)
    z = xp.dot(normal * gamma + beta, W1) + b1
    h = 0.5 * z * (1 + xp.tanh(K * (z + CUBIC * z * z * z)))
    return xp.mean((xp.dot(h, W2) + b2 + x - t) ** 2)


def torch_model(torch: Any, x: Any, t: Any, gamma: Any, beta: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    F = torch.nn.functional
    a = F.layer_norm(x, x.shape[1:], gamma, beta, EPS)
    h = F.gelu(torch.addmm(b1, a, W1), approximate="tanh")
    return F.mse_loss(torch.addmm(b2, h, W2) + x, t)
