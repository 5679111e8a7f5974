"""Jacobians, Hessians and Hessian-vector products: against finite differences, closed forms and PyTorch's figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as G
from graphc.ir import postorder

SIZES = {"N": 9, "M": 10}


def value(shape: Any, seed: int = 0) -> Any:
    size = tuple(SIZES.get(s, s) for s in shape)
    return np.asarray(0.5 * np.random.default_rng(seed).normal(size=size))


def jacobian_by_differences(of: Any, at: Any, step: float = 1e-6) -> Any:
    columns = []
    for i in np.ndindex(at.shape):
        ahead, behind = at.copy(), at.copy()
        ahead[i] += step
        behind[i] -= step
        columns.append((np.asarray(of(ahead)) - of(behind)) / (2 * step))
    whole = np.array(columns).reshape((*at.shape, *columns[0].shape))
    return np.moveaxis(whole, range(at.ndim), range(-at.ndim, 0))


W = value((4, 3), 5)
JACOBIANS = [
    pytest.param(lambda x: x * x, (), id="scalar by scalar"),
    pytest.param(lambda x: G.sum(x * x), (3,), id="scalar by vector"),
    pytest.param(lambda x: G.tanh(x) * W, (), id="matrix by scalar"),
    pytest.param(lambda x: G.tanh(W @ x), (3,), id="few rows"),
    pytest.param(lambda x: G.exp(x) / (1 + x * x), (2, 3), id="elementwise"),
    pytest.param(lambda x: G.exp(x) * 2, ("N",), id="elementwise of a named size"),
    pytest.param(lambda x: x[0] * x[1:] + G.max(x), (6,), id="indices"),
    pytest.param(G.softmax, (12,), id="a loop over rows"),
    pytest.param(G.softmax, ("N",), id="a loop over named rows"),
    pytest.param(lambda x: G.tanh(x @ W.T) @ W, (5, 3), id="a loop over 15"),
    pytest.param(lambda x: G.tanh(x)[:, None] * np.arange(3.0), ("N",), id="columns are fewer, both many"),
    pytest.param(lambda x: G.sum(x, axis=0) ** 2, ("N", 3), id="few rows of a named size"),
    pytest.param(lambda x: G.tanh(x * G.const(np.ones(20))), (2, 1), id="few columns"),
    pytest.param(lambda x: G.tanh(G.sum(x) * G.const(np.ones((3, 20)))), (9,), id="a loop over columns"),
    pytest.param(lambda x: G.scan(lambda h, v: (G.tanh(h + v), h), 0.0, x)[1], ("N",), id="of a loop"),
    pytest.param(lambda x: x * 0.0 + G.sum(x), (0,), id="empty"),
]


@pytest.mark.parametrize(("function", "shape"), JACOBIANS)
def test_jacobians_against_differences(function, shape, run):
    x = G.input("x", *shape)
    y = function(x)
    J, at = G.jacobian(y, x), value(shape)
    assert J.shape == (*y.shape, *x.shape)
    found = run(J, x=at)
    expected = jacobian_by_differences(lambda a: run(y, x=a), at) if at.size else np.zeros(found.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(G.compile(J, [x])({"x": at}), found, rtol=1e-12, atol=1e-15)


def test_lists_give_lists(run):
    a, b = G.input("a", 2), G.input("b", 3)
    y, z = a[0] * G.exp(b), G.sum(b)
    ((ya, yb), (za, zb)) = G.jacobian([y, z], [a, "b"])
    assert [j.shape for j in (ya, yb, za, zb)] == [(3, 2), (3, 3), (2,), (3,)]
    at = {"a": np.array([2.0, 1.0]), "b": np.array([0.1, 0.2, 0.3])}
    np.testing.assert_allclose(run(ya, **at), np.stack([np.exp(at["b"]), np.zeros(3)], axis=1), rtol=1e-15)
    np.testing.assert_allclose(run(yb, **at), 2 * np.diag(np.exp(at["b"])), rtol=1e-15)
    np.testing.assert_array_equal(run(za, **at), np.zeros(2))
    np.testing.assert_array_equal(run(zb, **at), np.ones(3))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_dtypes_are_kept(dtype, run):
    for shape in ((), (3,), (20,), ("N",)):
        x = G.input("x", *shape, dtype=dtype)
        f = G.sum(G.logsumexp(x[None] if not shape else x) * x)
        for result in (G.jacobian(f * x, x), G.hessian(f, x), G.hvp(f, x, x)):
            assert result.type.dtype == dtype
            run(result, x=value(shape).astype(dtype))


def test_the_graph_does_not_grow_with_the_size():
    def nodes(n: int) -> int:
        x = G.input("x", n)
        return len(postorder([G.jacobian(G.softmax(x), x), G.hessian(G.logsumexp(x), x)]))

    assert nodes(10) == nodes(10_000)


def test_an_elementwise_jacobian_has_no_loop():
    x = G.input("x", "N")
    assert not any(n.op.name == "scan" for n in postorder([G.jacobian(G.tanh(x) * x, x)]))


def test_the_branch_not_taken_is_exactly_zero(run):
    x = G.input("x", 12)
    J = G.jacobian(G.where(x > 0, G.log(x), 0.0) + 0 * G.sum(x), x)
    at = np.where(np.arange(12) % 2, 2.0, 0.0)
    np.testing.assert_array_equal(G.evaluate(J, {x: at}), np.diag(np.where(at > 0, 0.5, 0.0)))


# -- Hessians ------------------------------------------------------------------------------------------------------


def test_textbook_forms():
    a, b = G.inputs("a b")
    f = a * a * b + G.exp(b)
    assert [[str(G.simplify(h)) for h in row] for row in G.hessian(f, [a, b])] == [["2*b", "2*a"], ["2*a", "exp(b)"]]


HESSIANS = [
    pytest.param(lambda x: G.sum(x * x * x), (), id="scalar"),
    pytest.param(G.logsumexp, (4,), id="small"),
    pytest.param(G.logsumexp, (11,), id="a loop"),
    pytest.param(lambda x: G.logsumexp(x) ** 2, ("N",), id="a named size"),
    pytest.param(lambda x: G.sum(G.tanh(x @ W.T) ** 2), (2, 3), id="a matrix"),
    pytest.param(lambda x: G.sum(G.tanh(x @ W.T) ** 2), ("N", 3), id="a named matrix"),
    pytest.param(lambda x: G.scan(lambda h, v: (G.tanh(h * v + 1), h), 0.5, x)[0], ("N",), id="of a loop"),
]


@pytest.mark.parametrize(("function", "shape"), HESSIANS)
def test_hessians_against_differences(function, shape, run):
    x = G.input("x", *shape)
    f = function(x)
    H, g, at = G.hessian(f, x), G.gradients(f, x), value(shape)
    found = run(H, x=at)
    np.testing.assert_allclose(found, jacobian_by_differences(lambda a: run(g, x=a), at), rtol=1e-6, atol=1e-8)
    size = at.size
    square = found.reshape(size, size)
    np.testing.assert_allclose(square, square.T, rtol=1e-13, atol=1e-15)
    v = value(shape, 3)
    np.testing.assert_allclose(run(G.hvp(f, x, v if shape and all(isinstance(s, int) for s in shape) else x), x=at),
                               np.tensordot(found, v if shape and all(isinstance(s, int) for s in shape) else at,
                                            axes=at.ndim), rtol=1e-12, atol=1e-14)


def test_blocks_below_the_diagonal_are_those_above(run):
    a, b, c = G.input("a", 2, 3), G.input("b", "N"), G.input("c", 4)
    f = G.sum(a) * G.sum(b * b) + G.sum(G.exp(c)) + G.sum(a[0, 0] * c)
    H = G.hessian(f, [a, b, c])
    at = {"a": value((2, 3)), "b": value(("N",)), "c": value((4,))}
    found = [[run(h, N=9, **at) for h in row] for row in H]
    shapes = [(2, 3), (9,), (4,)]
    for i, p in enumerate(shapes):
        for j, q in enumerate(shapes):
            assert found[i][j].shape == p + q
            axes = (*range(len(q), len(q) + len(p)), *range(len(q)))
            np.testing.assert_array_equal(found[i][j], np.transpose(found[j][i], axes))
    np.testing.assert_allclose(found[0][1], np.broadcast_to(2 * at["b"], (2, 3, 9)))
    assert not found[1][2].any()
    assert all(n.op.name != "scan" for n in postorder([H[1][2]]))  # zero by construction


def wave(*shape: int, k: float) -> Any:
    return np.sin(k * (1.0 + np.arange(np.prod(shape)).reshape(shape)))


# PyTorch 2.13.0, torch.func.hessian in float64: block, sum of its entries, sum of their squares, its second entry.
FIGURES = {
    (0, 0): (-5.329064936849678, 5.950242157386609, 0.163365161591305),
    (0, 1): (-0.6453163863898883, 1.729304833243606, -0.05063527043582229),
    (0, 2): (1.2990096728164326, 2.801475852570036, 0.307986955946881),
    (1, 0): (-0.6453163863898885, 1.729304833243607, -0.050635270435822326),
    (1, 1): (-2.545437880975659, 3.7384592046652974, 0.316625032946723),
    (1, 2): (7.704493202493472, 9.872690274801627, 1.045524205605808),
    (2, 0): (1.2990096728164326, 2.801475852570036, 0.006466782411931384),
    (2, 1): (7.704493202493472, 9.872690274801625, 0.33850775958242657),
    (2, 2): (1.4708163303965072, 4.460806306149857, 0.0),
}


@pytest.mark.parametrize("named", [False, True])
def test_the_hessian_of_a_network_is_pytorchs(named):
    n = "N" if named else 5
    x, y = G.input("x", n, 3), G.input("y", n, 2)
    w1, b1, w2 = G.param("w1", 3, 4), G.param("b1", 4), G.param("w2", 4, 2)
    loss = G.mean((G.tanh(x @ w1 + b1) @ w2 - y) ** 2)
    H = G.hessian(loss, [w1, b1, w2])
    given = {"x": wave(5, 3, k=0.7), "y": wave(5, 2, k=1.3), "w1": wave(3, 4, k=0.9), "b1": wave(4, k=1.1),
             "w2": wave(4, 2, k=0.5)}
    found = G.compile([h for row in H for h in row])(given)
    for (block, figures), h in zip(FIGURES.items(), found):
        got = h.sum(), (h * h).sum(), h.ravel()[1]
        np.testing.assert_allclose(got, figures, rtol=1e-11, err_msg=str(block))


# -- products ------------------------------------------------------------------------------------------------------


def test_products_with_a_list(run):
    a, b = G.input("a", 2), G.input("b", 3)
    f = G.sum(a) ** 2 * G.sum(b * b)
    at = {"a": np.array([1.0, 2.0]), "b": np.array([1.0, 0.0, 2.0])}
    u, v = np.array([1.0, -2.0]), np.array([0.5, 1.0, 1.0])
    found = run(G.hvp(f, [a, b], [u, v]), **at)
    H = [[run(h, **at) for h in row] for row in G.hessian(f, [a, b])]
    np.testing.assert_allclose(found[0], H[0][0] @ u + H[0][1] @ v, rtol=1e-14)
    np.testing.assert_allclose(found[1], H[1][0] @ u + H[1][1] @ v, rtol=1e-14)


@pytest.mark.parametrize(
    ("ask", "error", "text"),
    [
        (lambda x, n: G.hessian(x, x), G.ShapeError,
         r"hessian: <input x: float64\[2\]> is not a scalar \(declared at test_orders\.py:\d+\); reduce it"),
        (lambda x, n: G.hvp(x * x, x, x), G.ShapeError, r"hvp: <multiply\(x, x\): float64\[2\]> is not a scalar"),
        (lambda x, n: G.hvp(G.sum(x), x, np.ones(3)), G.ShapeError,
         r"hvp: the vector float64\[3\] for <input x: float64\[2\]> must have its shape"),
        (lambda x, n: G.hvp(G.sum(x), [x], []), G.InputError, "hvp: 1 inputs need as many vectors, got 0"),
        (lambda x, n: G.jacobian(x * n, n), G.DTypeError, r"jacobian: <input n: int64\[\]> is not floating"),
        (lambda x, n: G.jacobian(n, x), G.DTypeError, "jacobian: the output .* is not floating"),
        (lambda x, n: G.jacobian(x, "q"), G.InputError, "no value named 'q' in this graph; it has x"),
        (lambda x, n: G.jacobian(2.0, x), G.InputError, "jacobian: the output must be an Expr or a list of them"),
    ],
)  # fmt: skip
def test_bad_requests(ask, error, text):
    with pytest.raises(error, match=text):
        ask(G.input("x", 2), G.input("n", dtype="int64"))
