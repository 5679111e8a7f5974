"""The workspace of a fast function: nothing of one call is seen by another, and its passes keep the values."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from codegen import Input, Program, Step, load, numpy_source

X = Input("x", "float64[N,3]", ("N", 3))
DIMS = (("N", "x.shape[0]"),)


def program(steps, outputs, *inputs):
    return Program("f", (X, *inputs), tuple(steps), outputs, len(outputs) == 1, DIMS)


def test_a_reshape_that_copies_is_made_anew_at_each_call():
    steps = [
        Step("a", "{0} + {1}", ("x", "x"), "float64[N,3]", ufunc="np.add"),
        Step("t", "{0}.T", ("a",), "float64[3,N]", alias=True),
        Step("flat", "np.reshape({0}, (3*N,))", ("t",), "float64[3*N]", alias=True),
        Step("y", "{0} * {1}", ("flat", "flat"), "float64[3*N]", ufunc="np.multiply"),
    ]
    f = load(numpy_source(program(steps, ("y",)), "fast"), "f")
    for x in (np.ones((2, 3)), np.arange(6.0).reshape(2, 3)):
        assert f(x).tolist() == ((2 * x).T.ravel() ** 2).tolist()


def test_sizes_and_threads_have_memory_of_their_own():
    steps = [
        Step("a", "np.exp({0})", ("x",), "float64[N,3]", ufunc="np.exp"),
        Step("s", "np.sum({0}, axis=0)", ("a",), "float64[3]"),
        Step("y", "{0} / {1}", ("a", "s"), "float64[N,3]", ufunc="np.divide"),
    ]
    f = load(numpy_source(program(steps, ("y",)), "fast"), "f")
    rng = np.random.default_rng(0)
    given = [rng.normal(size=(n, 3)) for n in (1, 2, 3, 40, 5, 6, 0, 700) * 25]
    with ThreadPoolExecutor(4) as pool:
        for x, y in zip(given, pool.map(f, given)):
            np.testing.assert_allclose(y, np.exp(x) / np.exp(x).sum(axis=0), rtol=1e-13)
    assert len(f.__globals__["f_memory"].__dict__.get("spaces", {})) <= 4


def test_sums_products_and_powers_keep_their_values():
    steps = [
        Step("c", "{0} ** {1}", ("x", "3"), "float64[N,3]"),
        Step("q", "np.square({0})", ("c",), "float64[N,3]", ufunc="np.square"),
        Step("all", "np.mean({0})", ("q",), "float64[]"),
        Step("rows", "np.sum({0}, axis=1, keepdims=True)", ("c",), "float64[N,1]"),
        Step("means", "np.mean({0}, axis=0)", ("c",), "float64[3]"),
        Step("top", "np.max({0}, axis=1)", ("c",), "float64[N]"),
        Step("p", "{0} @ {1}", ("c", "W"), "float64[N,2]", ufunc="np.matmul"),
    ]
    matrix = Input("W", "float64[3,2]", (3, 2))
    source = numpy_source(program(steps, ("all", "rows", "means", "top", "p"), matrix), "fast")
    assert "**" not in source and "np.mean" not in source and " @ " not in source
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(50, 3)), rng.normal(size=(3, 2))
    c = x * x * x
    expected = (np.mean(c * c), c.sum(axis=1, keepdims=True), c.mean(axis=0), c.max(axis=1), c @ w)
    for got, want in zip(load(source, "f")(x, w), expected):
        assert np.shape(got) == np.shape(want)
        np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-14)


def test_a_scaled_sum_reads_the_scaled_array_that_is_there():
    steps = [
        Step("v", "{0} * {1}", ("x", "x"), "float64[N,3]", ufunc="np.multiply"),
        Step("k", "np.float64(1.0) / {N}", (), "float64[]"),
        Step("s", "np.sum({0}, axis=0)", ("v",), "float64[3]"),
        Step("cx", "{0} * {1}", ("k", "x"), "float64[N,3]", ufunc="np.multiply"),
        Step("cv", "{0} * {1}", ("cx", "x"), "float64[N,3]", ufunc="np.multiply"),
        Step("y", "{0} * {1}", ("k", "s"), "float64[3]", ufunc="np.multiply"),
    ]
    source = numpy_source(program(steps, ("cv", "y")), "fast")
    x = np.random.default_rng(2).normal(size=(9, 3))
    cv, y = load(source, "f")(x)
    np.testing.assert_allclose(cv, x * x / 9, rtol=1e-14)
    np.testing.assert_allclose(y, (x * x).sum(axis=0) / 9, rtol=1e-14)
    assert "    v = " not in source  # x*x is not needed any more


def test_a_single_element_is_read_anew_at_each_call():
    steps = [
        Step("m", "np.tanh({0})", ("b",), "float64[1]", ufunc="np.tanh"),
        Step("y", "{0} + {1}", ("x", "m"), "float64[N,3]", ufunc="np.add"),
        Step("z", "{0} * {1}", ("y", "m"), "float64[N,3]", ufunc="np.multiply"),
    ]
    f = load(numpy_source(program(steps, ("z",), Input("b", "float64[1]", (1,))), "fast"), "f")
    for b in (0.5, -2.0):
        m = np.tanh(b)
        np.testing.assert_allclose(f(np.ones((2, 3)), np.array([b])), np.full((2, 3), (1 + m) * m), rtol=1e-14)
