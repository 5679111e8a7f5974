"""Graphs whose gradients run in loops over blocks: against plain NumPy, mpmath and the readable style."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from graph_checks import verify
from random_graphs import NAMES, Seeded, grow

import codegen.blocks
import graphc as G

LARGE = 3 * (1 << 16) + 4321  # neither one block nor several whole ones


@pytest.fixture
def small(monkeypatch):
    """Blocks of five elements, and loops of any length."""
    monkeypatch.setattr(codegen.blocks, "BLOCK", 5)
    monkeypatch.setattr(codegen.blocks, "FEW", 1)
    monkeypatch.setattr(codegen.blocks, "MANY", 1)


def chain(dtype="float64"):
    x = G.param("x", "N", dtype=dtype)
    a, b, c, d = G.params("a b c d", dtype=dtype)
    return G.mean(G.tanh(a * x + b) * G.sigmoid(c * x + d) + G.log1p(G.exp(x))), [x, a, b, c, d]


def by_hand(x, a, b, c, d):
    t, s = np.tanh(a * x + b), 1 / (1 + np.exp(-(c * x + d)))
    du, dv = s * (1 - t * t), t * s * (1 - s)
    e = np.exp(-np.abs(x))
    slope = np.where(x > 0, 1, e) / (1 + e)
    n = x.size
    return (np.mean(t * s + np.maximum(x, 0) + np.log1p(e)), (a * du + c * dv + slope) / n, (du * x).sum() / n,
            du.sum() / n, (dv * x).sum() / n, dv.sum() / n)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 2e-6)])
@pytest.mark.parametrize("n", [1, 1000, LARGE])
def test_forward_and_backward_are_one_loop(dtype, tolerance, n):
    loss, wrt = chain(dtype)
    fn = G.compile([loss, *G.gradients(loss, wrt)])
    assert fn.source.count(" in blocks:") == 1 and "blocks0" not in fn.source
    assert fn.source.count(" = exp(") == 2  # softplus and its slope share one
    assert fn.source.count("np.empty((block,)") <= 6
    values = [np.random.default_rng(n).normal(size=2 * n)[::2], 0.7, 0.1, -0.9, 0.2]
    given = [np.asarray(v, dtype)[()] for v in values]
    before = given[0].copy()
    for _ in range(2):
        for got, want in zip(fn(*given), by_hand(*(np.asarray(v, float) for v in given))):
            assert got.dtype == dtype
            np.testing.assert_allclose(got, want, rtol=20 * tolerance, atol=tolerance * np.max(np.abs(want)))
    np.testing.assert_array_equal(given[0], before)


def test_results_are_fresh():
    loss, wrt = chain()
    fn = G.compile(G.gradients(loss, wrt[:1]))
    x = np.linspace(-3, 3, LARGE)
    first = fn(x, 0.7, 0.1, -0.9, 0.2)
    kept = first[0].copy()
    assert not np.shares_memory(first[0], fn(-x, 0.7, 0.1, -0.9, 0.2)[0])
    np.testing.assert_array_equal(first[0], kept)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.usefixtures("small")
def test_softplus_and_its_slope_from_one_exponential(dtype):
    """Within 4 ulp of mpmath, from where the exponential is 0 to where it would be infinite, and at its clamp."""
    x = G.input("x", "N", dtype=dtype)
    fn = G.compile([G.softplus(x), G.sigmoid(x), G.gradients(G.sum(G.softplus(x)), x)])
    assert fn.source.count(" = exp(") == 1 and "contextvars" not in fn.source  # and nothing overflows
    limits = np.finfo(dtype)
    ends = [-745.0, -100.0, 100.0, 709.5, 800.0, 1e30] if dtype == "float64" else [-87.0, 60.0, 89.0, 1e30]
    points = np.array([*ends, *np.linspace(-50, 50, 401), 40.0, np.nextafter(40, 41), 1e-9, -1e-9, 0.0], dtype)
    with mpmath.workdps(60):
        for v, soft, *slopes in zip(points, *fn(points)):
            exact = mpmath.mpf(float(v))
            wants = [mpmath.log1p(mpmath.exp(exact)) if v < 1e4 else exact, *[1 / (1 + mpmath.exp(-exact))] * 2]
            for got, want in zip([soft, *slopes], wants):
                assert abs(mpmath.mpf(float(got)) - want) <= 4 * abs(want) * float(limits.eps) + float(limits.tiny), v
    special = np.array([np.inf, -np.inf, np.nan], dtype)
    soft, sigmoid, _ = fn(special)
    np.testing.assert_array_equal(soft, [np.inf, 0, np.nan])
    np.testing.assert_array_equal(sigmoid, [1, 0, np.nan])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_scaled_gradients_are_as_accurate_as_plain_ones(dtype):
    """1/N multiplied in once and last, where all terms are positive: within 8 ulp of higher precision."""
    loss, wrt = chain(dtype)
    fn = G.compile([G.gradients(loss, wrt[0])])
    loop = fn.source.split(" in blocks:")[1]
    assert "np.array(share" in fn.source and loop.count("k0") == 1 and " / N" not in loop
    x = np.random.default_rng(0).uniform(0.5, 1, size=LARGE).astype(dtype)
    numbers = [np.asarray(v, dtype)[()] for v in (0.7, 0.1, 0.9, 0.2)]
    want = by_hand(x.astype(np.longdouble), *(np.longdouble(v) for v in numbers))[1]
    np.testing.assert_allclose(fn(x, *numbers)[0], want.astype(float), rtol=8 * float(np.finfo(dtype).eps))


def test_gelu_and_its_slope_are_made_together():
    x, W, V = G.param("x", "N", 5), G.param("W", 5, 8), G.param("V", 8, 3)
    b = G.param("b", 8)
    loss = G.mean((G.gelu(x @ W + b, approximate="tanh") @ V) ** 2)
    outputs = [loss, *G.gradients(loss, [x, W, V, b])]
    fn = G.compile(outputs)
    assert fn.source.count(" = exp(") == 1 and fn.source.count(" in blocks:") == 1
    assert fn.source.count("_array = u") == 2  # the activation and its slope alone are kept
    rng = np.random.default_rng(2)
    for n in (1, 7, 20_000):
        given = [rng.normal(size=s) for s in ((n, 5), (5, 8), (8, 3), (8,))]
        for got, want in zip(fn(*given), G.compile(outputs, style="readable")(*given)):
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("part", range(4))
@pytest.mark.usefixtures("small")
def test_random_graphs_in_tiny_blocks(part):
    for i in range(part, len(NAMES), 12):
        verify(grow(Seeded(7_000 + i), NAMES[i], most=6), sympy=False)


def test_a_negation_goes_into_the_numbers_of_what_an_exponential_reads():
    x, c, d = G.input("x", "N"), G.param("c"), G.param("d")
    z = c * x + d
    values = np.linspace(-800, 800, 101), 1.5, -0.25
    alone, again = G.compile(G.sigmoid(z)), G.compile([G.sigmoid(z), z])
    assert "negative(" not in alone.source and "subtract(minus_d" in alone.source
    assert "negative(" in again.source and "minus_d" not in again.source  # z is needed as it is
    with np.errstate(over="ignore"):
        want = 1 / (1 + np.exp(-(values[1] * values[0] + values[2])))
    for got in (alone(*values), again(*values)[0]):
        np.testing.assert_array_equal(got, want)
