"""Forward mode: tangents against known derivatives, and its errors."""

import numpy as np
import pytest

import graphc as G
from graphc.ir import OPS, Op
from graphc.types import TensorType


def test_a_derivative(run):
    x = G.input("x")
    assert run(G.jvp(G.exp(x) * x, x, 1.0), x=2.0) == pytest.approx(3 * np.exp(2.0), rel=1e-15)


def test_by_name():
    x = G.input("x")
    assert G.jvp(G.exp(x), "x", 1.0) is G.jvp(G.exp(x), x, 1.0)


def test_tangents_add_over_the_inputs(run):
    x, y = G.input("x", 2), G.input("y", 2)
    found = G.jvp([x * y, x.sum()], [x, y], [np.array([1.0, 0.0]), np.array([0.0, 2.0])])
    values = run(found, x=np.array([3.0, 5.0]), y=np.array([7.0, 11.0]))
    np.testing.assert_array_equal(values[0], [7.0, 10.0])
    assert values[1] == 1.0


@pytest.mark.parametrize("function", [
    lambda s, v: G.sum(s + v), lambda s, v: G.max(s * v), lambda s, v: G.sum(G.where(v > 0, s, v)),
    lambda s, v: G.concatenate([s + v, v]).mean(), lambda s, v: G.logsumexp((v / s)[None], axis=(0, 1)),
    lambda s, v: (s - v) @ v,
])  # fmt: skip
def test_a_broadcast_operand_alone(function, run):
    s, v = G.input("s"), G.input("v", 3)
    f, given = function(s, v), {"s": 1.5, "v": np.array([1.0, 2.0, -3.0])}
    assert run(G.jvp(f, s, 1.0), **given) == pytest.approx(float(run(G.gradients(f, s), **given)), rel=1e-14)


def test_along_an_inner_value(run):
    x = G.input("x")
    h = G.exp(x)
    assert run(G.jvp(h * h, h, 1.0), x=1.0) == 2 * np.e


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_does_not_depend_has_zero_tangent(dtype, run):
    x, y = G.input("x", 2, dtype=dtype), G.input("y", 2, dtype=dtype)
    t = G.jvp(y * 2, x, np.ones(2, dtype))
    assert t.type is (y * 2).type
    np.testing.assert_array_equal(run(t), np.zeros(2, dtype))


def test_a_hessian_vector_product_is_forward_over_reverse(run):
    v = G.input("v", 3)
    g = G.gradients(G.logsumexp(v), v)
    at, t = np.array([0.1, 0.2, -0.3]), np.array([1.0, -1.0, 2.0])
    p = np.exp(at) / np.exp(at).sum()
    np.testing.assert_allclose(run(G.jvp(g, v, t), v=at), p * t - p * (p @ t), rtol=1e-14)


@pytest.mark.parametrize(
    ("ask", "error", "text"),
    [
        (lambda x, n: G.jvp(x, x, np.ones(3)), G.ShapeError,
        r"the tangent float64\[3\] of <input x: float64\[2\]> must have its shape"),
        (lambda x, n: G.jvp(x, n, 1), G.DTypeError,
        r"<input n: int64\[\]> is not floating, so it has no tangent \(declared at test_forward"),
        (lambda x, n: G.jvp(x, [x], []), G.InputError, "1 inputs need as many tangents, got 0"),
        (lambda x, n: G.jvp(x, "q", np.ones(2)), G.InputError, "no value named 'q' in this graph; it has x"),
        (lambda x, n: G.jvp(x > 0, x, np.ones(2)), G.DTypeError, "jvp: the output .* is not floating"),
        (lambda x, n: G.jvp([x, 2.0], x, np.ones(2)), G.InputError, "jvp: the output must be an Expr, got float"),
    ],
)  # fmt: skip
def test_bad_requests(ask, error, text):
    with pytest.raises(error, match=text):
        ask(G.input("x", 2), G.input("n", dtype="int64"))


def test_an_op_without_a_pushforward_is_named():
    row = Op("floor_for_jvp_test", lambda x: TensorType(x.shape, x.dtype))
    try:
        x = G.input("x")
        with pytest.raises(G.NoDerivative, match="floor_for_jvp_test has no pushforward; add one to its row"):
            G.jvp(row(x), x, 1.0)
    finally:
        del OPS["floor_for_jvp_test"]
