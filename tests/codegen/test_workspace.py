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


def test_a_result_is_written_over_the_array_it_began_as():
    steps = [
        Step("a", "{0} * {1}", ("x", "x"), "float64[N,3]", ufunc="np.multiply"),
        Step("b", "np.exp({0})", ("x",), "float64[N,3]", ufunc="np.exp"),
        Step("c", "{0} + {1}", ("a", "b"), "float64[N,3]", ufunc="np.add"),
        Step("d", "np.sqrt({0})", ("c",), "float64[N,3]", ufunc="np.sqrt"),
        Step("e", "{0} - {1}", ("x", "d"), "float64[N,3]", ufunc="np.subtract"),
    ]
    source = numpy_source(program(steps, ("d", "e")), "fast")
    assert "    a = x * x " in source and "c = add(a, b, a)" in source and "d = sqrt(c, c)" in source
    assert source.count("np.empty(") == 1  # b alone
    f = load(source, "f")
    for x in (np.arange(6.0).reshape(2, 3), np.zeros((0, 3)), np.asfortranarray(np.arange(9.0).reshape(3, 3))):
        d, e = f(x)
        np.testing.assert_allclose(d, np.sqrt(x * x + np.exp(x)), rtol=1e-15)
        np.testing.assert_allclose(e, x - d, rtol=1e-15)
        kept = d.copy()
        again = f(x + 1.0)
        assert np.array_equal(d, kept)
        assert not any(np.shares_memory(r, s) for r in (d, e) for s in (*again, x)) and not np.shares_memory(d, e)


def test_no_result_is_written_over_what_something_else_shows():
    steps = [
        Step("a", "{0} * {1}", ("x", "x"), "float64[N,3]", ufunc="np.multiply"),
        Step("t", "{0}.T", ("a",), "float64[3,N]", alias=True),
        Step("p", "{0} @ {1}", ("x", "t"), "float64[N,N]", ufunc="np.matmul"),
        Step("b", "{0} + {1}", ("a", "x"), "float64[N,3]", ufunc="np.add"),
        Step("c", "np.exp({0})", ("b",), "float64[N,3]", ufunc="np.exp"),
        Step("d", "{0} + {1}", ("c", "b"), "float64[N,3]", ufunc="np.add"),
        Step("e", "{0} @ {1}", ("d", "W"), "float64[N,3]", ufunc="np.matmul"),
    ]
    source = numpy_source(program(steps, ("p", "b", "e"), Input("W", "float64[3,3]", (3, 3))), "fast")
    assert "    t = u0.T\n" in source  # a view of a buffer is made once, with the workspace
    assert "    b = a + x " in source and "c = exp(b, u0)" in source  # b is a result itself
    x, w = np.random.default_rng(3).normal(size=(2, 4, 3))
    p, b, e = load(source, "f")(x, w[:3])
    np.testing.assert_allclose(p, x @ (x * x).T, rtol=1e-13)
    np.testing.assert_allclose(b, x * x + x, rtol=1e-13)
    np.testing.assert_allclose(e, (np.exp(b) + b) @ w[:3], rtol=1e-13)


def test_what_is_read_again_lies_in_a_buffer():
    square = Input("x", "float64[9,9]", (9, 9))
    steps = [
        Step("g", "np.exp({0})", ("x",), "float64[9,9]", ufunc="np.exp"),
        Step("r", "{0} + {1}", ("g", "x"), "float64[9,9]", ufunc="np.add"),
        Step("h", "{0} * {1}", ("g", "x"), "float64[9,9]", ufunc="np.multiply"),
        Step("t", "{0}.T", ("h",), "float64[9,9]", alias=True),
        Step("s", "{0} - {1}", ("h", "t"), "float64[9,9]", ufunc="np.subtract"),
        Step("q", "{0} @ {1}", ("s", "x"), "float64[9,9]", ufunc="np.matmul"),
    ]
    source = numpy_source(Program("f", (square,), tuple(steps), ("r", "q")), "fast")
    assert "g = exp(x, u0)" in source and "    r = g + x" in source and "h = multiply(g, x, u0)" in source
    assert "s = subtract(h, t, u1)" in source  # h is read in two orders while s is written
    x = np.random.default_rng(4).normal(size=(9, 9))
    r, q = load(source, "f")(x)
    np.testing.assert_allclose(r, np.exp(x) + x, rtol=1e-14)
    h = np.exp(x) * x
    np.testing.assert_allclose(q, (h - h.T) @ x, rtol=1e-12)
