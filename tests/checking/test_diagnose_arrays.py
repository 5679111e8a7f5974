"""Mistakes in derivatives of arrays: what a student would write, worked out by hand, named with its node."""

from __future__ import annotations

import pytest

import graphc as G
from graphc.checking.diagnose_arrays import diagnose_arrays
from graphc.ir import Expr, size_node

# -- a network of two layers with cross-entropy, examples in rows ------------------------------------------------
X, Y = G.input("X", "N", "d"), G.input("Y", "N", "k")
W1, b1, W2, b2 = G.param("W1", "d", "h"), G.param("b1", "h"), G.param("W2", "h", "k"), G.param("b2", "k")
Z1 = (X @ W1 + b1).named("Z1")
H = G.relu(Z1).named("H")
Z2 = (H @ W2 + b2).named("Z2")
P = G.softmax(Z2)
LOSS = G.cross_entropy(Z2, Y).named("L")
D2 = (P - Y) / size_node(X.shape[0])
MASK = G.where(Z1 > 0, 1.0, 0.0)
D1 = (D2 @ W2.T) * MASK

NETWORK = [
    (H.T @ (P - Y), W2, "wrong_scale(N)", "mean"),
    (X.T @ (D2 @ W2.T), W1, "missing_relu_mask", "H"),
    (X.T @ ((D2 @ W2.T) * (1 - MASK)), W1, "wrong_relu_mask", "H"),
    (-(H.T @ D2), W2, "sign_global", "L"),
    (Z1.T @ D2, W2, "input_instead_of_output", "H"),
    (X.T @ D2, W2, "", ""),
    (D2.T @ H, W2, "layout_only", "W2"),
    (D2, b2, "missing_batch_sum", "b2"),
    (G.mean(D2, axis=0), b2, "wrong_scale(1/N)", "b2"),
    (D1, b1, "missing_batch_sum", "b1"),
    (H.T @ (P / size_node(X.shape[0])), W2, "constant_kept", "softmax_cross_entropy"),
    (H.T @ (D2 * P * (1 - P)), W2, "extra_activation_derivative", "softmax_cross_entropy"),
    (H.T @ ((Z2 - Y) / size_node(X.shape[0])), W2, "input_instead_of_output", "softmax_cross_entropy"),
    (X.T @ D1 / size_node(X.shape[0]), W1, "wrong_scale(1/N)", "mean"),
]


@pytest.mark.parametrize(("answer", "wrt", "kind", "where"), NETWORK)
def test_two_layers(answer: Expr, wrt: Expr, kind: str, where: str) -> None:
    for f in diagnose_arrays(answer, LOSS, wrt, None): print(f.kind, f.where, f.message)
    print("want", kind, where)
