"""An LSTM over fifty steps: a loop that carries its state, with small products in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import graphc as G

Array = np.ndarray[Any, Any]
TITLE = "LSTM, 50 steps, 32 inputs, hidden 64, batch 32, mean of squares of the last state"
WRT = ("Wx", "Wh", "b")


def data(dtype: str, small: bool = False) -> dict[str, Array]:
    rng = np.random.default_rng(7)
    steps, n, d, m = (4, 2, 3, 4) if small else (50, 32, 32, 64)
    arrays = {"x": rng.normal(size=(steps, n, d)), "Wx": rng.normal(size=(d, 4 * m)) / np.sqrt(d),
              "Wh": rng.normal(size=(m, 4 * m)) / np.sqrt(m), "b": 0.1 * rng.normal(size=4 * m)}
    return {name: a.astype(dtype) for name, a in arrays.items()}


def _cell(xp: Any, sigmoid: Callable[[Any], Any], z: Any, c: Any, m: int) -> tuple[Any, Any]:
    """Output, input and forget gates and the candidate, side by side in z: the next state and cell."""
    o, i, f, g = sigmoid(z[:, :m]), sigmoid(z[:, m : 2 * m]), sigmoid(z[:, 2 * m : 3 * m]), xp.tanh(z[:, 3 * m :])
    c = f * c + i * g
    return o * xp.tanh(c), c


def declare(arrays: Mapping[str, Array]) -> G.Expr:
    dtype, (_, _, d), m = arrays["x"].dtype.name, arrays["x"].shape, len(arrays["Wh"])
    x = G.input("x", "T", "N", d, dtype=dtype)
    Wx, Wh, b = (G.param(name, *arrays[name].shape, dtype=dtype) for name in WRT)

    def step(state: tuple[G.Expr, G.Expr], x: G.Expr) -> tuple[tuple[G.Expr, G.Expr], None]:
        h, c = state
        return _cell(G, G.sigmoid, x @ Wx + h @ Wh + b, c, m), None

    start = G.zeros((x.shape[1], m), dtype=dtype)
    (h, _), _ = G.scan(step, (start, start), x)
    return G.mean(h * h)


def plain(x: Array, Wx: Array, Wh: Array, b: Array) -> Callable[[], Any]:
    (_, n, _), m = x.shape, len(Wh)

    def sigmoid(z: Array) -> Array:
        return 1 / (1 + np.exp(-z))

    def call() -> Any:
        h, c = np.zeros((n, m), x.dtype), np.zeros((n, m), x.dtype)
        tape = []
        for xt in x:
            z = xt @ Wx + h @ Wh + b
            gates = sigmoid(z[:, :m]), sigmoid(z[:, m : 2 * m]), sigmoid(z[:, 2 * m : 3 * m]), np.tanh(z[:, 3 * m :])
            before = h, c
            o, i, f, g = gates
            c = f * c + i * g
            th = np.tanh(c)
            h = o * th
            tape.append((xt, *before, *gates, th))
        loss = np.mean(h * h)
        dh, dc = (2 / h.size) * h, np.zeros_like(c)
        dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
        for xt, h, c, o, i, f, g, th in reversed(tape):
            dc = dc + dh * o * (1 - th * th)
            dz = np.concatenate([dh * th * o * (1 - o), dc * g * i * (1 - i), dc * c * f * (1 - f),
                                 dc * i * (1 - g * g)], axis=1)
            dWx += xt.T @ dz
            dWh += h.T @ dz
            db += dz.sum(axis=0)
            dh, dc = dz @ Wh.T, dc * f
        return loss, (dWx, dWh, db)

    return call


def optimised(x: Array, Wx: Array, Wh: Array, b: Array) -> Callable[[], Any]:
    """Features by batch, so that each gate is one block of memory; one exp for the three gates that are sigmoids.

    The products with x, and those that give the weight gradients, are made for all steps at once, the bias as one more
    row of Wx; so is what a step back multiplies dh and dc by. The signs of what the sigmoids see are turned in the
    weights, so that exp takes -z (exact). Left out: tanh by exp, which loses accuracy.
    """
    (steps, n, d), m, dtype = x.shape, len(Wh), x.dtype
    xs, all_dz, all_h = (np.empty((k, steps, n), dtype) for k in (d + 1, 4 * m, m))
    sign = np.repeat(np.array([-1, 1], dtype), [3 * m, m])
    (W, dW), (V, dWh) = ([np.empty((k, 4 * m), dtype) for _ in range(2)] for k in (d + 1, m))
    z, slopes, dz = (np.empty((steps, 4, m, n), dtype) for _ in range(3))
    hs, cs = (np.zeros((steps + 1, m, n), dtype) for _ in range(2))
    th, through = (np.empty((steps, m, n), dtype) for _ in range(2))
    recurrent, work, dh, dc = np.empty((4 * m, n), dtype), *(np.empty((m, n), dtype) for _ in range(3))
    xs[d] = 1
    rows, dz_rows = (a.reshape(steps, 4 * m, n) for a in (z, dz))
    forward = [(hs[k], rows[k], rows[k, : 3 * m], *z[k], cs[k], cs[k + 1], th[k], hs[k + 1]) for k in range(steps)]
    backward = [(through[k], slopes[k, 0], slopes[k, 1:], dz[k, 0], dz[k, 1:], dz_rows[k], z[k, 2])
                for k in range(steps - 1, -1, -1)]
    # copies between steps first and features first, and the operands of the products over all steps
    x_in, x_steps = (xs[:d], x.transpose(2, 0, 1)), xs.transpose(1, 0, 2)
    h_in, dz_in = (all_h, hs[:-1].transpose(1, 0, 2)), (all_dz, dz_rows.transpose(1, 0, 2))
    x2, h2, dz2T = xs.reshape(d + 1, -1), all_h.reshape(m, -1), all_dz.reshape(4 * m, -1).T
    WT, VT, last, gradients = W.T, V.T, hs[-1].ravel(), (dW[:d], dWh, dW[d])
    o, i, _, g = (z[:, j] for j in range(4))
    by_o, by_i, by_f, by_g = (slopes[:, j] for j in range(4))
    gates, by_gates = z[:, :3], slopes[:, :3]
    one, step, share = np.array(1, dtype), np.array(2 / (n * m), dtype), 1 / (n * m)
    dot, exp, tanh, add, subtract, copyto = np.dot, np.exp, np.tanh, np.add, np.subtract, np.copyto
    multiply, divide = np.multiply, np.divide

    def call() -> Any:
        multiply(Wx, sign, W[:d])
        multiply(b, sign, W[d])
        multiply(Wh, sign, V)
        copyto(*x_in)
        np.matmul(WT, x_steps, out=rows)
        for h, zt, three, o_, i_, f_, g_, c, c_next, th_, h_next in forward:
            dot(VT, h, recurrent)
            add(zt, recurrent, zt)
            exp(three, three)
            add(three, one, three)
            divide(one, three, three)
            tanh(g_, g_)
            multiply(f_, c, c_next)
            multiply(i_, g_, work)
            add(c_next, work, c_next)
            tanh(c_next, th_)
            multiply(o_, th_, h_next)
        loss = dot(last, last) * share
        multiply(hs[-1], step, dh)
        dc.fill(0)
        multiply(th, th, through)
        subtract(one, through, through)
        multiply(through, o, through)  # by dh, into dc
        subtract(one, gates, by_gates)
        multiply(by_gates, gates, by_gates)
        multiply(by_o, th, by_o)
        multiply(by_i, g, by_i)
        multiply(by_f, cs[:-1], by_f)
        multiply(g, g, by_g)
        subtract(one, by_g, by_g)
        multiply(by_g, i, by_g)
        for through_, by_dh, by_dc, do, rest, dzt, f_ in backward:
            multiply(dh, by_dh, do)
            multiply(dh, through_, work)
            add(dc, work, dc)
            multiply(by_dc, dc, rest)
            dot(Wh, dzt, dh)
            multiply(dc, f_, dc)
        copyto(*h_in)
        copyto(*dz_in)
        dot(x2, dz2T, dW)
        dot(h2, dz2T, dWh)
        return loss, gradients

    return call


def model(xp: Any, x: Any, Wx: Any, Wh: Any, b: Any) -> Any:
    m = Wh.shape[0]
    h = c = xp.zeros((x.shape[1], m), x.dtype)
    for k in range(x.shape[0]):
        h, c = _cell(xp, lambda z: 1 / (1 + xp.exp(-z)), xp.dot(x[k], Wx) + xp.dot(h, Wh) + b, c, m)
    return xp.mean(h * h)


def jax_model(xp: Any, x: Any, Wx: Any, Wh: Any, b: Any) -> Any:
    import jax

    m = Wh.shape[0]

    def step(state: Any, x: Any) -> Any:
        return _cell(xp, jax.nn.sigmoid, xp.dot(x, Wx) + xp.dot(state[0], Wh) + b, state[1], m), None

    start = xp.zeros((x.shape[1], m), x.dtype)
    (h, _), _ = jax.lax.scan(step, (start, start), x)
    return xp.mean(h * h)


def pytensor_model(xp: Any, x: Any, Wx: Any, Wh: Any, b: Any) -> Any:
    import pytensor

    (_, n, _), (m, _) = x.type.shape, Wh.type.shape

    def step(x: Any, h: Any, c: Any, Wx: Any, Wh: Any, b: Any) -> Any:
        return _cell(xp, xp.sigmoid, xp.dot(x, Wx) + xp.dot(h, Wh) + b, c, m)

    start = xp.zeros((n, m), dtype=x.dtype)
    hs, _ = pytensor.scan(step, sequences=[x], outputs_info=[start, start], non_sequences=[Wx, Wh, b],
                          return_updates=False)
    return xp.mean(hs[-1] * hs[-1])


def torch_model(torch: Any, x: Any, Wx: Any, Wh: Any, b: Any) -> Any:
    m = Wh.shape[0]
    h = c = torch.zeros(x.shape[1], m, dtype=x.dtype)
    for xt in x:
        h, c = _cell(torch, torch.sigmoid, torch.addmm(b, xt, Wx) + h @ Wh, c, m)
    return (h * h).mean()
