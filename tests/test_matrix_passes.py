"""Scales, row sums and memory order around products of matrices: where each pass applies, where not, the numbers."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as G

TOLERANCE = {"float64": 1e-12, "float32": 2e-4}


def attention(dtype: str, scale=lambda s: s / 3.0, width: int = 2):
    """Two heads over "N" examples of length 8, and its arguments."""
    x = G.param("x", "N", 8, 2 * width, dtype=dtype)
    Ws = G.params("Wq Wk Wv Wo", 2 * width, 2 * width, dtype=dtype)

    def heads(a):
        return G.transpose(G.reshape(a, (-1, 8, 2, width)), (0, 2, 1, 3))

    q, k, v = (heads(x @ W) for W in Ws[:3])
    p = G.softmax(scale(q @ G.matrix_transpose(k)), axis=-1)
    y = G.reshape(G.transpose(p @ v, (0, 2, 1, 3)), (-1, 8, 2 * width)) @ Ws[3]
    return G.sum(y * y), [x, *Ws], (q, k, p)


def by_hand(x, Wq, Wk, Wv, Wo, c=1 / 3.0):
    """Value and gradients in NumPy, step by step."""
    n, length, d = x.shape

    def heads(a):
        return a.reshape(n, length, 2, d // 2).transpose(0, 2, 1, 3)

    def joined(a):
        return a.transpose(0, 2, 1, 3).reshape(n, length, d)

    q, k, v = heads(x @ Wq), heads(x @ Wk), heads(x @ Wv)
    s = c * (q @ k.mT)
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    o = joined(p @ v)
    y = o @ Wo
    dy = 2 * y
    do = heads(dy @ Wo.T)
    dp = do @ v.mT
    ds = c * p * (dp - (dp * p).sum(axis=-1, keepdims=True))
    dq, dk, dv = joined(ds @ k), joined(ds.mT @ q), joined(p.mT @ do)
    products = [np.einsum("nli,nlj->ij", a, b) for a, b in ((x, dq), (x, dk), (x, dv), (o, dy))]
    return (y * y).sum(), [dq @ Wq.T + dk @ Wk.T + dv @ Wv.T, *products]


def values(dtype: str, n: int, width: int = 2):
    rng = np.random.default_rng(n)
    return [a.astype(dtype) for a in (rng.normal(size=(n, 8, 2 * width)), *rng.normal(size=(4, 2 * width, 2 * width)))]


def body(source: str) -> str:
    """The lines of the function itself, without its docstring and the workspace."""
    return source[source.rindex("def f("):].rpartition('"""')[2]


@pytest.mark.parametrize("n", [0, 1, 3, 40])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_attention_scales_its_queries_and_copies_nothing(dtype, n):
    loss, wrt, _ = attention(dtype)
    f = G.value_and_grad(loss, wrt)
    text = body(f.source)
    assert text.count("divide(") == 3  # queries, their gradient, the softmax
    assert "_scaled = divide(" in text
    # All that is reshaped at a call is the argument.
    assert [line.split("(")[1].split(",")[0] for line in text.splitlines() if " reshape(" in line] == ["x"]
    given = values(dtype, n)
    value, gradients = f(*given)
    expected, wanted = by_hand(*(a.astype("float64") for a in given))
    np.testing.assert_allclose(value, expected, rtol=TOLERANCE[dtype])
    for got, want in zip(gradients, wanted):
        assert got.dtype == dtype and got.flags.c_contiguous
        np.testing.assert_allclose(got, want, rtol=TOLERANCE[dtype],
                                   atol=TOLERANCE[dtype] * np.max(np.abs(want), initial=1e-300))
    again = f(*given)[1]
    assert not any(np.shares_memory(a, b) for a, b in zip(gradients, again) if a.size)


def test_arguments_that_lie_otherwise_give_the_same():
    loss, wrt, _ = attention("float64")
    f = G.value_and_grad(loss, wrt)
    given = values("float64", 3)
    turned = [np.asfortranarray(a) for a in given]
    spread = [np.repeat(a, 2, axis=-1)[..., ::2] for a in given]
    for other in (turned, spread):
        for a, b in zip(f(*given)[1], f(*other)[1]):
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13 * np.abs(a).max())


@pytest.mark.parametrize(("scale", "c"), [(lambda s: s * 0.25, 0.25), (lambda s: -2.0 * s, -2.0)])
def test_a_factor_moves_as_a_divisor_does(scale, c):
    loss, wrt, _ = attention("float64", scale)
    f = G.value_and_grad(loss, wrt)
    assert "_scaled" in body(f.source)
    given = values("float64", 2)
    expected, wanted = by_hand(*given, c=c)
    value, gradients = f(*given)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    for got, want in zip(gradients, wanted):
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12 * np.abs(want).max())


@pytest.mark.parametrize("scale", [
    lambda s: s / 1e-5,  # what is finite might overflow before the product
    lambda s: s / 1e5,
    lambda s: s / (1.0 + G.sum(s)),  # no number
    lambda s: s + 0.5,
])
def test_other_scales_stay_where_they_are(scale):
    loss, wrt, _ = attention("float64", scale)
    assert "_scaled" not in body(G.value_and_grad(loss, wrt).source)


def test_a_scale_stays_where_the_operand_is_needed_as_it_is():
    loss, wrt, (q, _, _) = attention("float64")
    f = G.compile([loss, G.sum(G.exp(q))], inputs=wrt, name="f")
    assert "_scaled" not in body(f.source)
    x, Wq = values("float64", 2)[:2]
    np.testing.assert_allclose(f(*values("float64", 2))[1], np.exp(x @ Wq).sum(), rtol=1e-13)


def test_a_scale_stays_where_the_operand_is_no_smaller():
    _, wrt, (_, _, p) = attention("float64", width=8)  # queries of 8 x 8 a head, as the scores
    assert "_scaled" not in body(G.compile(-p, inputs=wrt[:3], name="f").source)
    _, wrt, (_, _, p) = attention("float64", width=4)
    assert "_scaled" in body(G.compile(-p, inputs=wrt[:3], name="f").source)


def test_a_product_that_is_read_unscaled_as_well_is_scaled_afterwards():
    _, wrt, (q, k, p) = attention("float64")
    f = G.compile([-p, G.exp(q @ G.matrix_transpose(k))], inputs=wrt[:3], name="f")
    assert "_scaled" not in body(f.source)
    x, Wq, Wk = values("float64", 2)[:3]
    Q, K = ((x @ W).reshape(2, 8, 2, 2).transpose(0, 2, 1, 3) for W in (Wq, Wk))
    np.testing.assert_allclose(f(x, Wq, Wk)[1], np.exp(Q @ K.mT), rtol=1e-12)


def test_the_scores_themselves_are_still_scaled():
    _, wrt, (q, k, p) = attention("float64")
    s = (q @ G.matrix_transpose(k) / 3.0).named("s")
    f = G.compile([s, p, q @ G.matrix_transpose(k)], inputs=wrt[:3], name="f")
    x, Wq, Wk = values("float64", 2)[:3]
    Q, K = ((x @ W).reshape(2, 8, 2, 2).transpose(0, 2, 1, 3) for W in (Wq, Wk))
    got, _, bare = f(x, Wq, Wk)
    np.testing.assert_allclose(bare, Q @ K.mT, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(got, Q @ K.mT / 3, rtol=1e-13, atol=1e-14)


def test_scaling_first_is_as_accurate():
    """Against the same product in more digits: the errors of both spellings stay under the bound of one product."""
    rng = np.random.default_rng(5)
    x = G.param("x", "N", 200, 2, dtype="float32")
    W = G.param("W", 2, 2, dtype="float32")
    scores = (x @ W) @ G.matrix_transpose(x) / 1.7
    f = G.compile(G.exp(scores), inputs=[x, W], name="f")
    assert "_scaled" in body(f.source)
    a, w = rng.normal(size=(3, 200, 2)).astype("float32"), rng.normal(size=(2, 2)).astype("float32")
    b = (a @ w).astype("float64")
    exact = b @ a.astype("float64").mT / 1.7
    bound = (2 + 2 + 2) * np.finfo("float32").eps * (np.abs(b) @ np.abs(a.astype("float64")).mT) / 1.7
    got = f(a, w).astype("float64")
    assert np.all(np.abs(got - np.exp(exact)) <= np.exp(exact) * (bound + 4 * np.finfo("float32").eps) * 1.01)


# -- order in memory -------------------------------------------------------------------------------------


def test_a_product_that_is_an_output_too_lies_in_the_order_of_its_axes():
    p, v = G.input("p", "N", 2, 8, 8), G.input("v", "N", 2, 8, 3)
    o = p @ v
    joined = G.reshape(G.transpose(o, (0, 2, 1, 3)), (-1, 8, 6))
    rng = np.random.default_rng(1)
    P, V = rng.normal(size=(4, 2, 8, 8)), rng.normal(size=(4, 2, 8, 3))
    want = (P @ V).transpose(0, 2, 1, 3).reshape(4, 8, 6)
    both = G.compile([o, G.tanh(joined)], inputs=[p, v], name="f")
    alone = G.compile(G.tanh(joined), inputs=[p, v], name="f")
    read = G.compile([G.tanh(joined), G.exp(o)], inputs=[p, v], name="f")
    assert ".transpose(0, 2, 1, 3)" in alone.source and " reshape(" not in body(alone.source)
    assert "reshape(n1, (N, 8, 6))" in body(both.source) and "reshape(n1, (N, 8, 6))" in body(read.source)
    np.testing.assert_allclose(alone(P, V), np.tanh(want), rtol=1e-13)
    np.testing.assert_allclose(both(P, V)[1], np.tanh(want), rtol=1e-13)
    np.testing.assert_allclose(both(P, V)[0], P @ V, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(read(P, V)[1], np.exp(P @ V), rtol=1e-13)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_columns_may_lie_innermost(n):
    """The transposition of each matrix as well: BLAS writes columns."""
    p, v = G.input("p", "N", 2, 8, 8), G.input("v", "N", 2, 8, 3)
    joined = G.reshape(G.transpose(p @ v, (0, 3, 1, 2)), (-1, 48))
    f = G.compile(joined * 2.0, inputs=[p, v], name="f")
    assert " reshape(" not in body(f.source)
    rng = np.random.default_rng(2)
    P, V = rng.normal(size=(n, 2, 8, 8)), rng.normal(size=(n, 2, 8, 3))
    np.testing.assert_allclose(f(P, V), 2 * (P @ V).transpose(0, 3, 1, 2).reshape(n, 48), rtol=1e-13, atol=1e-14)


def test_an_order_that_tears_the_matrices_apart_is_left_to_a_copy():
    p, v = G.input("p", "N", 2, 8, 8), G.input("v", "N", 2, 8, 3)
    f = G.compile(G.reshape(G.transpose(p @ v, (2, 3, 1, 0)), (48, -1)) * 2.0, inputs=[p, v], name="f")
    assert " reshape(" in body(f.source)
    rng = np.random.default_rng(3)
    P, V = rng.normal(size=(5, 2, 8, 8)), rng.normal(size=(5, 2, 8, 3))
    np.testing.assert_allclose(f(P, V), 2 * (P @ V).transpose(2, 3, 1, 0).reshape(48, -1), rtol=1e-13, atol=1e-14)


# -- sums of rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("reduced", "plain"), [
    (lambda a, b: G.sum(a * b, axis=1), lambda a, b: (a * b).sum(axis=1)),
    (lambda a, b: G.mean(a * b, axis=1), lambda a, b: (a * b).mean(axis=1)),
    (lambda a, b: G.sum(a * b, axis=1, keepdims=True), lambda a, b: (a * b).sum(axis=1, keepdims=True)),
    (lambda a, b: G.mean(G.square(a), axis=1, keepdims=True), lambda a, b: (a * a).mean(axis=1, keepdims=True)),
])
@pytest.mark.parametrize("width", [32, 33, 4096])
def test_rows_are_summed_by_scalar_products(width, reduced, plain, dtype):
    a, b = G.input("a", "N", width, dtype=dtype), G.input("b", "N", width, dtype=dtype)
    f = G.compile(-reduced(a, b), inputs=[a, b], name="f")
    assert "vecdot(" in f.source and "multiply(" not in f.source and "square(" not in f.source
    rng = np.random.default_rng(width)
    for n in (0, 1, 70):
        A, B = rng.normal(size=(n, width)).astype(dtype), rng.normal(size=(n, 2 * width)).astype(dtype)[:, ::2]
        got, want = -f(A, B), plain(A.astype("float64"), B.astype("float64"))
        assert got.dtype == dtype and got.shape == want.shape
        size = plain(np.abs(A.astype("float64")), np.abs(B.astype("float64")))
        # One rounding for each product, and a sum of at most width/8 + 8 terms.
        assert np.all(np.abs(got - want) <= (width / 8 + 10) * np.finfo(dtype).eps * size)
    A = np.ones((3, width), dtype)
    A[0, 5], A[1, 6] = np.inf, np.nan
    assert np.array_equal(np.isfinite(f(A, A)).ravel(), [False, False, True])


@pytest.mark.parametrize("reduced", [
    lambda a, b: [G.sum(a * b, axis=1), G.exp(a * b)],  # the product is needed as well
    lambda a, b: [G.sum(a * b[0], axis=1)],  # one is spread over the other
    lambda a, b: [G.sum(a * b, axis=0)],  # columns
    lambda a, b: [G.sum((a * b)[:, :31], axis=1)],
])
def test_other_sums_are_no_scalar_products_of_rows(reduced):
    a, b = G.input("a", "N", 40), G.input("b", "N", 40)
    f = G.compile([-r for r in reduced(a, b)], inputs=[a, b], name="f")
    assert "vecdot" not in f.source


@pytest.mark.parametrize("width", [4, 31, 4097])
def test_short_and_very_long_rows_are_added_as_before(width):
    a, b = G.input("a", "N", width), G.input("b", "N", width)
    f = G.compile(-G.sum(a * b, axis=1), inputs=[a, b], name="f")
    assert "vecdot" not in f.source
