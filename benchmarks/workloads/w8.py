"""A LeNet: two convolutions with ReLU and max-pooling, and a softmax over ten classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import graphc as G

Array = np.ndarray[Any, Any]
TITLE = "LeNet: conv 5x5 (6), max-pool, conv 5x5 (16), max-pool, 10 classes; batch 32 of 28 x 28, softmax cross-entropy"
WRT = ("K1", "b1", "K2", "b2", "W", "b")


def data(dtype: str, small: bool = False) -> dict[str, Array]:
    rng = np.random.default_rng(8)
    n = 2 if small else 32
    arrays = {"x": rng.random((n, 1, 28, 28)), "t": np.eye(10)[rng.integers(0, 10, n)],
              "K1": rng.normal(size=(6, 1, 5, 5)) / 5, "b1": 0.1 * rng.normal(size=6),
              "K2": rng.normal(size=(16, 6, 5, 5)) / np.sqrt(150), "b2": 0.1 * rng.normal(size=16),
              "W": rng.normal(size=(256, 10)) / 16, "b": 0.1 * rng.normal(size=10)}
    return {name: a.astype(dtype) for name, a in arrays.items()}


def declare(arrays: Mapping[str, Array]) -> G.Expr:
    dtype = arrays["x"].dtype.name
    x, t = G.input("x", "N", 1, 28, 28, dtype=dtype), G.input("t", "N", 10, dtype=dtype)
    K1, b1, K2, b2, W, b = (G.param(name, *arrays[name].shape, dtype=dtype) for name in WRT)
    h = G.max_pool2d(G.relu(G.conv2d(x, K1, b1)), 2)
    h = G.max_pool2d(G.relu(G.conv2d(h, K2, b2)), 2)
    z = G.reshape(h, (-1, 256)) @ W + b
    return -G.mean(G.sum(t * G.log_softmax(z, axis=-1), axis=-1))


def _windows(a: Array) -> Array:
    """The 5 x 5 windows of the last two axes, as two more axes."""
    return np.lib.stride_tricks.sliding_window_view(a, (5, 5), axis=(-2, -1))


def plain(x: Array, t: Array, K1: Array, b1: Array, K2: Array, b2: Array, W: Array, b: Array) -> Callable[[], Any]:
    def convolved(a: Array, K: Array) -> Array:
        return np.tensordot(_windows(a), K, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2)

    def blocks(a: Array) -> Array:
        n, c, h, w = a.shape
        return a.reshape(n, c, h // 2, 2, w // 2, 2)

    def unpooled(a: Array, pooled: Array, g: Array) -> Array:
        return ((blocks(a) == pooled[:, :, :, None, :, None]) * g[:, :, :, None, :, None]).reshape(a.shape)

    def call() -> Any:
        h1 = np.maximum(convolved(x, K1) + b1[:, None, None], 0)
        p1 = blocks(h1).max(axis=(3, 5))
        h2 = np.maximum(convolved(p1, K2) + b2[:, None, None], 0)
        p2 = blocks(h2).max(axis=(3, 5))
        h = p2.reshape(len(x), -1)
        z = h @ W + b
        s = z - z.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        dz = (np.exp(log_p) - t) / len(x)
        d2 = unpooled(h2, p2, (dz @ W.T).reshape(p2.shape)) * (h2 > 0)
        padded = np.pad(d2, ((0, 0), (0, 0), (4, 4), (4, 4)))
        dp1 = np.tensordot(_windows(padded), K2[:, :, ::-1, ::-1], axes=([1, 4, 5], [0, 2, 3])).transpose(0, 3, 1, 2)
        d1 = unpooled(h1, p1, dp1) * (h1 > 0)
        dK1 = np.tensordot(d1, _windows(x), axes=([0, 2, 3], [0, 2, 3]))
        dK2 = np.tensordot(d2, _windows(p1), axes=([0, 2, 3], [0, 2, 3]))
        return -np.mean((log_p * t).sum(axis=1)), (
            dK1, d1.sum(axis=(0, 2, 3)), dK2, d2.sum(axis=(0, 2, 3)), h.T @ dz, dz.sum(axis=0))

    return call


def optimised(x: Array, t: Array, K1: Array, b1: Array, K2: Array, b2: Array, W: Array, b: Array) -> Callable[[], Any]:
    """Channels first, so that a convolution is one copy of its windows and one product, without transposes.

    Pooling by `maximum` of the four corners; bias and ReLU after it, on a quarter of the elements (the greatest stays
    the greatest); the gradient of a bias as the sum of that of the pooled values, each of which goes to one corner.
    """
    n, dtype = len(x), x.dtype

    def empty(*shape: int) -> Array:
        return np.empty(shape, dtype)

    images = x.transpose(1, 0, 2, 3)
    cols1, cols2, dcols = empty(1, 5, 5, n, 24, 24), empty(6, 5, 5, n, 8, 8), empty(6, 5, 5, n, 8, 8)
    z1, z2 = empty(6, n, 24, 24), empty(16, n, 8, 8)
    first, second = _Pool(z1, b1), _Pool(z2, b2)
    windows1, windows2 = (_windows(a).transpose(0, 4, 5, 1, 2, 3) for a in (images, first.out))
    dp1 = empty(6, n, 12, 12)
    corners = [(dp1[:, :, i : i + 8, j : j + 8], dcols[:, i, j]) for i in range(5) for j in range(5)]
    h, dh, p, row, dp2 = empty(n, 256), empty(n, 256), empty(n, 10), empty(n, 1), empty(16, n, 4, 4)
    h_by_channel, dh_by_channel = (a.reshape(n, 16, 4, 4).transpose(1, 0, 2, 3) for a in (h, dh))
    gradients = dK1, db1, dK2, db2, dW, db = tuple(np.empty_like(a) for a in (K1, b1, K2, b2, W, b))
    C1, C2, dC2, Z1, Z2 = (a.reshape(rows, -1) for a, rows in
                           ((cols1, 25), (cols2, 150), (dcols, 150), (z1, 6), (z2, 16)))
    F1, F2, dF1, dF2 = (a.reshape(rows, -1) for a, rows in ((K1, 6), (K2, 16), (dK1, 6), (dK2, 16)))
    C1T, C2T, F2T, hT, WT = C1.T, C2.T, F2.T, h.T, W.T
    p_flat, t_flat, sums = p.ravel(), t.ravel(), row.ravel()
    ones, share = np.ones(n, dtype), np.array(1 / n, dtype)
    dot, exp, log, add, subtract, multiply = np.dot, np.exp, np.log, np.add, np.subtract, np.multiply
    maximum, divide, copyto = np.maximum, np.divide, np.copyto

    def call() -> Any:
        copyto(cols1, windows1)
        dot(F1, C1, Z1)
        first.forward()
        copyto(cols2, windows2)
        dot(F2, C2, Z2)
        second.forward()
        copyto(h_by_channel, second.out)
        dot(h, W, p)
        add(p, b, p)
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
        dot(hT, p, dW)
        dot(ones, p, db)
        dot(p, WT, dh)
        copyto(dp2, dh_by_channel)
        second.backward(dp2, db2)  # z2 is its own gradient from here
        dot(Z2, C2T, dF2)
        dot(F2T, Z2, dC2)
        dp1.fill(0)
        for target, part in corners:
            add(target, part, target)
        first.backward(dp1, db1)
        dot(Z1, C1T, dF1)
        return loss, gradients

    return call


class _Pool:
    """relu(maxpool(z) + bias) of 2 x 2 blocks, channels first; `backward` turns z into its gradient."""

    def __init__(self, z: Array, bias: Array) -> None:
        c, n, h, w = z.shape
        self.corners = [z[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]
        self.greatest, self.work, self.out = (np.empty((c, n, h // 2, w // 2), z.dtype) for _ in range(3))
        self.mask, self.bias = np.empty(self.out.shape, bool), bias[:, None, None, None]
        self.zero, self.ones = np.array(0, z.dtype), np.ones(self.out[0].size, z.dtype)

    def forward(self) -> None:
        a, b, c, d = self.corners
        np.maximum(a, b, out=self.greatest)
        np.maximum(c, d, out=self.work)
        np.maximum(self.greatest, self.work, out=self.greatest)
        np.add(self.greatest, self.bias, self.out)
        np.maximum(self.out, self.zero, out=self.out)

    def backward(self, g: Array, dbias: Array) -> None:
        np.greater(self.out, self.zero, self.mask)
        np.multiply(g, self.mask, g)
        np.dot(g.reshape(len(g), -1), self.ones, dbias)
        for corner in self.corners:
            np.equal(corner, self.greatest, self.mask)
            np.multiply(g, self.mask, corner)


def _head(xp: Any, h: Any, t: Any, W: Any, b: Any) -> Any:
    z = xp.dot(h, W) + b
    s = z - xp.max(z, axis=1, keepdims=True)
    return -xp.mean(xp.sum((s - xp.log(xp.sum(xp.exp(s), axis=1, keepdims=True))) * t, axis=1))


def model(xp: Any, x: Any, t: Any, K1: Any, b1: Any, K2: Any, b2: Any, W: Any, b: Any) -> Any:
    from autograd.scipy.signal import convolve

    def layer(a: Any, K: Any, bias: Any) -> Any:
        z = convolve(a, K[:, :, ::-1, ::-1], axes=([2, 3], [2, 3]), dot_axes=([1], [1]), mode="valid")
        r = xp.maximum(z + bias[:, None, None], 0)
        n, c, h, w = r.shape
        return xp.max(xp.max(xp.reshape(r, (n, c, h // 2, 2, w // 2, 2)), axis=5), axis=3)

    return _head(xp, xp.reshape(layer(layer(x, K1, b1), K2, b2), (len(x), 256)), t, W, b)


def jax_model(xp: Any, x: Any, t: Any, K1: Any, b1: Any, K2: Any, b2: Any, W: Any, b: Any) -> Any:
    from jax import lax

    def layer(a: Any, K: Any, bias: Any) -> Any:
        r = xp.maximum(lax.conv_general_dilated(a, K, (1, 1), "VALID") + bias[:, None, None], 0)
        return lax.reduce_window(r, -xp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    return _head(xp, xp.reshape(layer(layer(x, K1, b1), K2, b2), (len(x), 256)), t, W, b)


pytensor_model = None


def torch_model(torch: Any, x: Any, t: Any, K1: Any, b1: Any, K2: Any, b2: Any, W: Any, b: Any) -> Any:
    F = torch.nn.functional
    h = F.max_pool2d(torch.relu(F.conv2d(x, K1, b1)), 2)
    h = F.max_pool2d(torch.relu(F.conv2d(h, K2, b2)), 2)
    return F.cross_entropy(torch.addmm(b, h.reshape(len(x), 256), W), t)
