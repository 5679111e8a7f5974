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


ACTIVATIONS = {
    "silu": (lambda x: x / (1 + mpmath.exp(-x)), G.silu, "silu("),
    "mish": (lambda x: x * mpmath.tanh(mpmath.log(1 + mpmath.exp(x))), G.mish, "mish("),
    "elu": (lambda x: x if x > 0 else mpmath.expm1(x), G.elu, "elu("),
    "elu 1.5": (lambda x: x if x > 0 else mpmath.mpf(1.5) * mpmath.expm1(x), lambda x: G.elu(x, 1.5), "elu("),
    "leaky_relu": (lambda x: x if x > 0 else x / 8, lambda x: G.leaky_relu(x, 0.125), "leaky_relu("),
    "gelu": (lambda x: x * mpmath.ncdf(x), G.gelu, "gelu("),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_written_out_with_all_digits(name, dtype):
    exact, function, called = ACTIVATIONS[name]
    with np.errstate(over="ignore"):
        x = np.tile(np.concatenate([POINTS, np.linspace(-30, 12, 43)]).astype(dtype), 3)
    x = x[np.isfinite(x)]
    fn = G.compile(function(G.input("x", "N", dtype=dtype)) * 1.0)
    if name != "gelu":  # whose one call of a long function is left, and needs no workspace alone
        assert f" {called}" not in fn.source.rpartition('"""')[2]
    got = fn.raw(x)
    limits = np.finfo(dtype)
    assert got.dtype == dtype
    with mpmath.workdps(60):
        for a, y in zip(x, got):
            want = exact(mpmath.mpf(float(a)))
            # The exponential itself is subnormal where the value times |x| is no larger than tiny.
            slack = max(1.0, abs(float(a))) * float(limits.tiny)
            assert abs(mpmath.mpf(float(y)) - want) <= 8 * abs(want) * float(limits.eps) + slack, a


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_agree_with_the_readable_style(name):
    function = ACTIVATIONS[name][1]
    x = G.param("x", "N", 3)
    outputs = [function(x) * 1.0, G.gradients(G.sum(function(x) * x), x)]
    fast, readable = G.compile(outputs), G.compile(outputs, style="readable")
    for points in (POINTS, np.zeros(0), np.linspace(-9, 9, 31)):
        given = np.repeat(points[:, None], 6, axis=1)[:, ::2]
        for a, b in zip(fast(given), readable(given)):
            np.testing.assert_allclose(a, b, rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize(("function", "called"), [
    (lambda x: G.leaky_relu(x, 1.5), "leaky_relu("),  # max(x, 1.5x) is 1.5x on the right
    (lambda x: G.leaky_relu(x, -0.5), "leaky_relu("),
    (lambda x: G.leaky_relu(x, 0.0), "leaky_relu("),  # 0·inf
    (lambda x: G.elu(x, G.sum(x)), "elu("),
])
def test_what_is_not_the_same_is_not_written_out(function, called):
    fn = G.compile(function(G.input("x", "N")) * 1.0)
    assert f" = {called}x" in fn.source
    assert fn([np.inf, 2.0, -3.0])[0] == np.inf


def test_the_normal_distribution_function_is_computed_once_for_gelu_and_its_slope():
    x = G.param("x", "N", 3)
    assert G.value_and_grad(G.sum(G.gelu(x)), [x]).source.count(" = ndtr(") == 1


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_normalised_functions_agree_with_the_readable_style(name):
    z = G.input("z", "N", 5)
    f = getattr(G, name)(z, axis=-1)
    x = np.random.default_rng(0).normal(size=(40, 5)) * 30
    outputs = [f * 2.0, G.gradients(G.sum(f * f), z)]
    for fast, plain in zip(G.compile(outputs)(x), G.compile(outputs, style="readable")(x)):
        np.testing.assert_allclose(fast, plain, rtol=1e-12, atol=1e-13)
