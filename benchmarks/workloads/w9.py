"""Self-attention with four heads: batched products and a softmax over 128 x 128 panels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any

import numpy as np

import graphc as G

Array = np.ndarray[Any, Any]
TITLE = "self-attention, 4 heads, sequence 128, width 128, batch 8, squared error"
WRT = ("x", "Wq", "Wk", "Wv", "Wo")
HEADS = 4


def data(dtype: str, small: bool = False) -> dict[str, Array]:
    rng = np.random.default_rng(9)
    n, length, d = (2, 3, 8) if small else (8, 128, 128)
    arrays = {"x": rng.normal(size=(n, length, d)), "t": rng.normal(size=(n, length, d))}
    arrays |= {name: rng.normal(size=(d, d)) / sqrt(d) for name in WRT[1:]}
    return {name: a.astype(dtype) for name, a in arrays.items()}


def declare(arrays: Mapping[str, Array]) -> G.Expr:
    dtype, (_, length, d) = arrays["x"].dtype.name, arrays["x"].shape
    x, t = G.param("x", "N", length, d, dtype=dtype), G.input("t", "N", length, d, dtype=dtype)
    Wq, Wk, Wv, Wo = G.params("Wq Wk Wv Wo", d, d, dtype=dtype)

    def heads(a: G.Expr) -> G.Expr:
        return G.transpose(G.reshape(a, (-1, length, HEADS, d // HEADS)), (0, 2, 1, 3))

    q, k, v = heads(x @ Wq), heads(x @ Wk), heads(x @ Wv)
    p = G.softmax(q @ G.matrix_transpose(k) / sqrt(d // HEADS), axis=-1)
    y = G.reshape(G.transpose(p @ v, (0, 2, 1, 3)), (-1, length, d)) @ Wo
    return G.mean((y - t) ** 2)


def plain(x: Array, t: Array, Wq: Array, Wk: Array, Wv: Array, Wo: Array) -> Callable[[], Any]:
    n, length, d = x.shape
    scale = x.dtype.type(1 / sqrt(d // HEADS))

    def heads(a: Array) -> Array:
        return a.reshape(n, length, HEADS, d // HEADS).transpose(0, 2, 1, 3)

    def joined(a: Array) -> Array:
        return a.transpose(0, 2, 1, 3).reshape(n, length, d)

    def flat(a: Array) -> Array:
        return a.reshape(-1, d)

    def call() -> Any:
        q, k, v = heads(x @ Wq), heads(x @ Wk), heads(x @ Wv)
        s = q @ k.swapaxes(-1, -2) * scale
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        p = e / e.sum(axis=-1, keepdims=True)
        c = joined(p @ v)
        r = c @ Wo - t
        dy = (2 / r.size) * r
        dc = heads(dy @ Wo.T)
        dp = dc @ v.swapaxes(-1, -2)
        ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True)) * scale
        dq, dk, dv = joined(ds @ k), joined(ds.swapaxes(-1, -2) @ q), joined(p.swapaxes(-1, -2) @ dc)
        return np.mean(r * r), (dq @ Wq.T + dk @ Wk.T + dv @ Wv.T, *(flat(x).T @ flat(g) for g in (dq, dk, dv)),
                                flat(c).T @ flat(dy))

    return call


def optimised(x: Array, t: Array, Wq: Array, Wk: Array, Wv: Array, Wo: Array,
              together: int = 2) -> Callable[[], Any]:
    """One product for q, k and v with the scale in it; exponentials divided by their sum after the product with v;
    the row sums of p·dp as those of c·dc; `together` examples at a time, so that their panels stay in the cache."""
    (n, length, d), dtype = x.shape, x.dtype
    W, dW = np.empty((d, 3 * d), dtype), np.empty((d, 3 * d), dtype)
    qkv, dqkv = np.empty((n * length, 3 * d), dtype), np.empty((n * length, 3 * d), dtype)
    c, y, dc = (np.empty((n * length, d), dtype) for _ in range(3))
    p, dp = np.empty((n, HEADS, length, length), dtype), np.empty((together, HEADS, length, length), dtype)
    sums, along = np.empty((n, HEADS, length, 1), dtype), np.empty((n, HEADS, length, 1), dtype)
    gradients = dx, dWq, dWk, dWv, dWo = tuple(np.empty_like(a) for a in (x, Wq, Wk, Wv, Wo))

    def heads(a: Array, i: int) -> Array:
        return a[:, i * d : (i + 1) * d].reshape(n, length, HEADS, d // HEADS).transpose(0, 2, 1, 3)

    def T(a: Array) -> Array:
        return a.swapaxes(-1, -2)

    (q, k, v), (dq, dk, dv) = ([heads(a, i) for i in range(3)] for a in (qkv, dqkv))
    ch, dch = heads(c, 0), heads(dc, 0)
    parts = [slice(i, i + together) for i in range(0, n, together)]
    forward = [(q[i], T(k[i]), v[i], p[i], sums[i], ch[i]) for i in parts]
    backward = [(q[i], k[i], T(v[i]), p[i], T(p[i]), sums[i], along[i], along[i][..., 0], ch[i], dch[i], dq[i], dk[i],
                 dv[i], dp[: len(p[i])], T(dp[: len(p[i])])) for i in parts]
    x2, t2, dx2, errors = x.reshape(-1, d), t.reshape(-1, d), dx.reshape(-1, d), y.ravel()
    x2T, cT, WT, WoT = x2.T, c.T, W.T, Wo.T
    Wqs, Wks, Wvs = (W[:, i * d : (i + 1) * d] for i in range(3))
    dWqs, dWks, dWvs = (dW[:, i * d : (i + 1) * d] for i in range(3))
    scale, step, ones = np.array(1 / sqrt(d // HEADS), dtype), np.array(2 / x.size, dtype), np.ones((length, 1), dtype)
    dot, matmul, vecdot, copyto = np.dot, np.matmul, np.vecdot, np.copyto
    exp, subtract, multiply, divide, greatest = np.exp, np.subtract, np.multiply, np.divide, np.maximum.reduce

    def call() -> Any:
        multiply(Wq, scale, Wqs)
        copyto(Wks, Wk)
        copyto(Wvs, Wv)
        dot(x2, W, qkv)
        for q, kT, v, p, sums, c_ in forward:
            matmul(q, kT, out=p)
            greatest(p, axis=-1, keepdims=True, out=sums)
            subtract(p, sums, p)
            exp(p, p)
            matmul(p, ones, out=sums)
            matmul(p, v, out=c_)
            divide(c_, sums, c_)
        dot(c, Wo, y)
        subtract(y, t2, y)
        loss = dot(errors, errors) / x.size
        multiply(y, step, y)
        dot(cT, y, dWo)
        dot(y, WoT, dc)
        for q, k, vT, p, pT, sums, along, along1, c_, dc_, dq, dk, dv, dp, dpT in backward:
            divide(dc_, sums, dc_)
            matmul(pT, dc_, out=dv)
            vecdot(dc_, c_, out=along1)
            matmul(dc_, vT, out=dp)
            subtract(dp, along, dp)
            multiply(dp, p, dp)
            matmul(dp, k, out=dq)
            matmul(dpT, q, out=dk)
        dot(dqkv, WT, dx2)
        dot(x2T, dqkv, dW)
        multiply(dWqs, scale, dWq)
        copyto(dWk, dWks)
        copyto(dWv, dWvs)
        return loss, gradients

    return call


def model(xp: Any, x: Any, t: Any, Wq: Any, Wk: Any, Wv: Any, Wo: Any) -> Any:
    n, length, d = t.shape if isinstance(t.shape, tuple) else t.type.shape

    def heads(a: Any) -> Any:
        return xp.transpose(xp.reshape(a, (n, length, HEADS, d // HEADS)), (0, 2, 1, 3))

    q, k, v = heads(xp.matmul(x, Wq)), heads(xp.matmul(x, Wk)), heads(xp.matmul(x, Wv))
    s = xp.matmul(q, xp.transpose(k, (0, 1, 3, 2))) / sqrt(d // HEADS)
    e = xp.exp(s - xp.max(s, axis=-1, keepdims=True))
    p = e / xp.sum(e, axis=-1, keepdims=True)
    c = xp.reshape(xp.transpose(xp.matmul(p, v), (0, 2, 1, 3)), (n, length, d))
    return xp.mean((xp.matmul(c, Wo) - t) ** 2)


def torch_model(torch: Any, x: Any, t: Any, Wq: Any, Wk: Any, Wv: Any, Wo: Any) -> Any:
    n, length, d = x.shape

    def heads(a: Any) -> Any:
        return a.view(n, length, HEADS, d // HEADS).transpose(1, 2)

    F = torch.nn.functional
    c = F.scaled_dot_product_attention(heads(x @ Wq), heads(x @ Wk), heads(x @ Wv))
    return F.mse_loss(c.transpose(1, 2).reshape(n, length, d) @ Wo, t)
