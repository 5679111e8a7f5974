"""The functions written out for the fast style, against those that the readable style calls, and mpmath."""

import mpmath
import numpy as np
import pytest

import graphc as G

POINTS = np.array([-800.0, -745.5, -709.5, -100.0, -39.0, -7.3, -1.0, -1e-9, 0.0, 1e-300, 0.3, 2.0, 9.9, 10.1, 36.0,
                   41.0, 709.9, 1e300, np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["sigmoid", "softplus"])
def test_elementwise_functions_agree_with_mpmath(name, dtype):
    exact = {"sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
             "softplus": lambda x: mpmath.log(1 + mpmath.exp(x))}[name]
    with np.errstate(over="ignore"):
        x = np.tile(POINTS.astype(dtype), 10)
    fn = G.compile(getattr(G, name)(G.input("x", "N", dtype=dtype)) * 1.0)
    limits = np.finfo(dtype)
    with mpmath.workdps(60):
        for a, y in zip(x[: len(POINTS)], fn.raw(x)):  # raw: nothing warns either
            if np.isfinite(a):
                want = exact(mpmath.mpf(float(a)))
                if abs(want) < float(limits.max):
                    assert abs(mpmath.mpf(float(y)) - want) <= 4 * abs(want) * float(limits.eps) + float(limits.tiny), a
            else:
                assert np.isnan(y) == np.isnan(a)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_normalised_functions_agree_with_the_readable_style(name):
    z = G.input("z", "N", 5)
    f = getattr(G, name)(z, axis=-1)
    x = np.random.default_rng(0).normal(size=(40, 5)) * 30
    outputs = [f * 2.0, G.gradients(G.sum(f * f), z)]
    for fast, plain in zip(G.compile(outputs)(x), G.compile(outputs, style="readable")(x)):
        np.testing.assert_allclose(fast, plain, rtol=1e-12, atol=1e-13)
