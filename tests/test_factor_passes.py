"""Numbers that an array is multiplied by one after the other are joined: one pass over the array, no digit less."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import graphc as G

CASES = {  # what is declared; the product as a fraction; how it is written
    "c(dx)": (lambda x: 0.1 * (0.3 * x), Fraction(3, 100), " * "),
    "(x/c)d": (lambda x: 0.7 * (x / 0.3), Fraction(7, 3), " * "),
    "(x/c)2": (lambda x: 2.0 * (x / 0.3), Fraction(20, 3), " / "),
    "x/c/d": (lambda x: x / 3.0 / 7.0, Fraction(1, 21), " / "),
    "(cx)/d": (lambda x: (x * 0.3) / 7.0, Fraction(3, 70), " * "),
    "-(cx)": (lambda x: -(0.3 * x), Fraction(-3, 10), " * "),
    "-(x/c)": (lambda x: -(x / 0.3), Fraction(-10, 3), " / "),
    "c(d(ex))": (lambda x: 0.1 * (0.3 * (-0.7 * x)), Fraction(-21, 1000), " * "),
}


def compiled(function, dtype="float64", *more):
    """Compiled with an exponential between, so that there is a workspace."""
    x = G.input("x", "N", 3, dtype=dtype)
    outputs = [f(G.exp(x)) for f in (function, *more)]
    return G.compile(outputs if more else outputs[0], simplify=False, name="f")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_one_pass_and_no_digit_less(name, dtype):
    function, factor, written = CASES[name]
    f = compiled(function, dtype)
    lines = [line for line in f.source.rpartition('"""')[2].splitlines() if "[N,3]" in line]
    assert len(lines) == 2  # the exponential, and one product
    assert any(word in lines[1] for word in (written, {" * ": "multiply(", " / ": "divide("}[written]))
    eps = np.finfo(dtype).eps
    halves = {"c(d(ex))": 6, "-(cx)": 2, "-(x/c)": 2}.get(name, 4)  # a rounding for each number and each product
    for n in (0, 1, 70):
        x = np.random.default_rng(n).normal(size=(n, 6)).astype(dtype)[:, ::2] * 9
        got = f(x)
        assert got.dtype == dtype and got.shape == (n, 3)
        e = np.exp(np.ascontiguousarray(x))
        for g, v in zip(got.ravel(), e.ravel()):
            want = factor * Fraction(float(v))
            assert abs(Fraction(float(g)) - want) <= halves * Fraction(float(eps)) / 2 * abs(want)
    np.testing.assert_array_equal(f(np.array([[np.inf, np.nan, -np.inf]], dtype))[0, 1:], [np.nan, 0.0])


def test_minus_x_minus_x():
    f = compiled(lambda e: -e - e)
    assert f.source.count("negative") == f.source.count("subtract") == 0
    x = np.array([[0.5, -1.0, 700.0]])
    assert np.array_equal(f(x), -2 * np.exp(x))
    assert "subtract" in compiled(lambda e: -e - G.sqrt(e)).source


@pytest.mark.parametrize(("function", "more"), [
    (lambda x: 0.1 * (0.3 * x), [lambda x: G.sin(0.3 * x)]),  # the first product is needed as well
    (lambda x: 1e-40 * (1e40 * x), []),  # a number that float32 has not
    (lambda x: 1e40 * (1e-40 * x), []),
    (lambda x: 0.0 * (0.3 * x), []),
    (lambda x: 0.1 * (x + 0.3), []),
    (lambda x: 0.1 / (0.3 * x), []),
])
def test_other_products_stay(function, more):
    f, plain = compiled(function, "float64", *more), G.input("x", "N", 3)
    outputs = [g(G.exp(plain)) for g in (function, *more)]
    readable = G.compile(outputs if more else outputs[0], simplify=False, name="f", style="readable")
    text = f.source.rpartition('"""')[2]
    assert text.count("[N,3]") == readable.source.rpartition('"""')[2].count("[N,3]")
    x = np.random.default_rng(7).normal(size=(5, 3))
    np.testing.assert_array_equal(f(x), readable(x))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_division_by_sizes_writes_into_a_buffer_and_rounds_as_before(dtype):
    x = G.input("x", "N", 3, dtype=dtype)
    outputs = [G.gradients(G.mean(G.sin(x) * x), x)]
    fast = G.compile(outputs, inputs=[x], name="f")
    readable = G.compile(outputs, inputs=[x], name="f", style="readable")
    assert "/ (3*N)" in readable.source
    assert "np." + dtype + "(3*N)" in fast.source and "/ (3*N)" not in fast.source.rpartition("return f_space")[2]
    for n in (0, 1, 7, 1000):
        given = np.random.default_rng(n).normal(size=(n, 3)).astype(dtype)
        for a, b in zip(fast(given), readable(given)):
            assert a.dtype == dtype
            np.testing.assert_array_equal(a, b)
