"""Graphs of the lecture, small enough for paper: what derivations are read on."""

from __future__ import annotations

import graphc as G


def network():
    x, y = G.input("x", "N", 3), G.input("y", "N", 1)
    W1, b1, W2, b2 = G.param("W1", 3, 4), G.param("b1", 4), G.param("W2", 4, 1), G.param("b2", 1)
    h = G.sigmoid(x @ W1 + b1).named("h")
    o = (h @ W2 + b2).named("o")
    return G.mean((o - y) ** 2)


def classifier():
    x, y, W, b = G.input("x", "N", 4), G.input("y", "N", 3), G.param("W", 4, 3), G.param("b", 3)
    z = (x @ W + b).named("z")
    p = G.softmax(z, axis=-1).named("p")
    return -G.mean(G.sum(y * G.log(p), axis=1))


def cross_entropy():
    x, y, W, b = G.input("x", "N", 4), G.input("y", "N", 3), G.param("W", 4, 3), G.param("b", 3)
    return G.mean(G.cross_entropy((x @ W + b).named("z"), y))


def residual():
    x, t, W1, W2 = G.input("x", "N", 4), G.input("t", "N", 4), G.param("W1", 4, 4), G.param("W2", 4, 4)
    h = (x + G.relu(x @ W1)).named("h")
    return G.sum((h + G.relu(h @ W2)).named("k") * t)


def batch_norm():
    x, gamma, beta, t = G.param("x", "N", 4), G.param("gamma", 4), G.param("beta", 4), G.input("t", "N", 4)
    mu = G.mean(x, axis=0).named("mu")
    v = G.mean((x - mu) ** 2, axis=0).named("v")
    return G.sum(t * (gamma * ((x - mu) / G.sqrt(v + 1e-5)).named("x_hat") + beta))


def layer_norm():
    x, t = G.param("x", "N", 4), G.input("t", "N", 4)
    return G.sum(t * G.layer_norm(x, 4, G.param("gamma", 4), G.param("beta", 4)))


def recurrent():
    W, U, b, h = G.param("W", 2, 3), G.param("U", 3, 3), G.param("b", 3), G.input("h0", "N", 3)
    for i in range(1, 4):
        h = G.tanh(G.input(f"x{i}", "N", 2) @ W + h @ U + b).named(f"h{i}")
    return G.sum(h * h)


def lstm():
    x, h, c = G.input("x", "N", 2), G.input("h", "N", 3), G.input("c", "N", 3)
    gates = {}
    for g in "fiog":
        s = x @ G.param(f"W_{g}", 2, 3) + h @ G.param(f"U_{g}", 3, 3) + G.param(f"b_{g}", 3)
        gates[g] = (G.tanh if g == "g" else G.sigmoid)(s).named(f"a_{g}")
    cell = (gates["f"] * c + gates["i"] * gates["g"]).named("c1")
    return G.sum((gates["o"] * G.tanh(cell)).named("h1") ** 2)


def attention():
    X, Wq, Wk, Wv = G.input("X", "T", 4), G.param("W_q", 4, 3), G.param("W_k", 4, 3), G.param("W_v", 4, 3)
    Q, K, V = (X @ Wq).named("Q"), (X @ Wk).named("K"), (X @ Wv).named("V")
    A = G.softmax(Q @ K.T / 3**0.5, axis=-1).named("A")
    return G.sum(G.square(A @ V))


def convolution():
    x, w = G.input("x", "N", 1, 8, 8), G.param("w", 2, 1, 3, 3)
    return G.sum(G.square(G.relu(G.conv2d(x, w))))


def least_squares():
    A, x, c = G.param("A", 3, 2), G.param("x", 2), G.input("c", 3)
    r = (A @ x - c).named("r")
    return 0.5 * (r @ r)


def many_operations():
    x, u, E, k = G.param("x", "N", 4), G.param("u", "N", 2), G.param("E", 5, 4), G.input("k", "N", dtype="int64")
    h = G.concatenate([x + E[k], u], axis=1)
    return (G.sum(G.logsumexp(h, axis=1)) + G.sum(G.max(x, axis=1)) + G.sum(G.where(x > 0, x, 0.1 * x)[1:3])
            + G.sum(G.einsum("ij,kj->ik", x, E)) + G.linalg.norm(u) + G.sum(G.var(x, axis=0)) + G.sum(G.std(u)))


GRAPHS = {f.__name__: f for f in (
    network, classifier, cross_entropy, residual, batch_norm, layer_norm, recurrent, lstm, attention, convolution,
    least_squares, many_operations)}
