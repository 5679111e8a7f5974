"""Gradients come out as the textbook writes them, and are what they claim to be."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as G
from graphc.ir import postorder, variables

N = 3


def batch_norm(x, gamma, beta, axis=0, eps=1e-5):
    mu = G.mean(x, axis=axis, keepdims=True).named("mu")
    var = G.mean(G.square(x - mu), axis=axis, keepdims=True).named("var")
    return gamma * ((x - mu) / G.sqrt(var + eps)).named("xhat") + beta


def softmax_cross_entropy():
    z, y = G.input("z", "N", 4), G.input("y", "N", 4)
    return G.mean(-G.sum(y * G.log_softmax(z), axis=-1)), z, "(sum(y, axis=1)*softmax(z) - y)/N"


def sigmoid_cross_entropy():
    z, y = G.input("z", "N"), G.input("y", "N")
    p = G.sigmoid(z).named("p")
    return G.mean(-(y * G.log(p) + (1 - y) * G.log(1 - p))), z, "(p - y)/N"


def sigmoid_cross_entropy_of_logits():
    z, y = G.input("z", "N"), G.input("y", "N")
    return G.mean(G.softplus(z) - y * z), z, "(sigmoid(z) - y)/N"


def squared_error_of_a_sigmoid():
    z, y = G.input("z", "N"), G.input("y", "N")
    p = G.sigmoid(z).named("p")
    return 0.5 * G.sum(G.square(p - y)), z, "p*(1 - p)*(p - y)"


def normalised(wrt, axis):
    x, g = G.input("x", "N", 4), G.input("g", "N", 4)
    gamma, beta = G.param("gamma", 4), G.param("beta", 4)
    return G.sum(g * batch_norm(x, gamma, beta, axis)), {"x": x, "gamma": gamma, "beta": beta}[wrt]


def batch_norm_by_its_input():
    return *normalised("x", 0), "gamma/(N*sqrt(var + 1e-05))*(N*g - sum(g*xhat, axis=0)*xhat - sum(g, axis=0))"


def batch_norm_by_gamma():
    return *normalised("gamma", 0), "sum(g*xhat, axis=0)"


def batch_norm_by_beta():
    return *normalised("beta", 0), "sum(g, axis=0)"


def softmax_of_scores():
    s, g = G.input("s", "N", 4), G.input("g", "N", 4)
    p = G.softmax(s).named("p")
    return G.sum(g * p), s, "p*(g - sum(g*p, axis=1))"


CASES = [softmax_cross_entropy, sigmoid_cross_entropy, sigmoid_cross_entropy_of_logits, squared_error_of_a_sigmoid,
         batch_norm_by_its_input, batch_norm_by_gamma, batch_norm_by_beta, softmax_of_scores]  # fmt: skip


def values_of(f):
    """Numbers for the inputs: targets between 0 and 1, the rest normal."""
    rng = np.random.default_rng(5)
    shapes = {v.label: tuple(s if isinstance(s, int) else N for s in v.shape) for v in variables(postorder([f]))}
    return {n: rng.uniform(size=s) if n == "y" else rng.normal(size=s) for n, s in shapes.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_gradient_reads_as_in_the_textbook(case, differences):
    f, w, expected = case()
    g = G.gradients(f, w)
    simple = G.simplify(g)
    assert str(simple) == expected
    given = values_of(f)
    slope = differences(lambda a: float(G.evaluate(f, {**given, w.name: a})), given[w.name])
    for form in (g, simple):
        np.testing.assert_allclose(G.evaluate(form, given), slope, rtol=1e-6, atol=1e-8)


def test_layer_norm_by_its_input():
    f, x = normalised("x", -1)
    simple = G.simplify(G.gradients(f, x))
    assert str(simple) == ("(g*gamma - 0.25*sum(g*gamma*xhat, axis=1)*xhat "
                           "- 0.25*sum(g*gamma, axis=1))/sqrt(var + 1e-05)")


def test_a_bias_before_batch_norm_has_a_gradient_of_exactly_zero():
    X, W, b = G.input("X", "N", 3), G.param("W", 3, 4), G.param("b", 4)
    gamma, beta = G.param("gamma", 4), G.param("beta", 4)
    f = G.sum(G.tanh(batch_norm(X @ W + b, gamma, beta)))
    zero = G.simplify(G.gradients(f, b))
    np.testing.assert_array_equal(G.compile(zero, inputs=[X])(np.ones((2, 3))), np.zeros(4))


def test_attention_backward_is_compact():
    q, k, v, g = (G.input(n, 5, 4) for n in "qkvg")
    p = G.softmax(q @ k.T * 0.5).named("p")
    dq, dk, dv = G.simplify(G.gradients(G.sum(g * (p @ v)), [q, k, v]))
    assert str(dq) == "0.5*p*(g @ v.T - sum(g @ v.T*p, axis=1)) @ k"
    assert str(dk) == "(0.5*p*(g @ v.T - sum(g @ v.T*p, axis=1))).T @ q"
    assert str(dv) == "p.T @ g"
