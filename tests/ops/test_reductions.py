"""Reductions, scans and order: kinks, extremes, other orders of derivatives, PyTorch's figures, errors."""

import mpmath
import numpy as np
import pytest

import graphc as G
from graphc.ops.cumulative import LINEAR_RECURRENCE
from graphc.ops.reduction import NORM2

M = np.array([[1.0, 0, 3, -2], [0, 0, 5, 2], [2, 2, -1, 4]])


def value_and_slope(build, at, cotangent=None, dtype="float64"):
    x = G.input("x", *np.shape(at), dtype=dtype)
    y = build(x)
    c = np.arange(1.0, 1 + np.prod(y.shape, dtype=int)).reshape(y.shape) if cotangent is None else cotangent
    return G.compile([y, G.vjp(y, x, G.const(np.asarray(c, dtype)))])(np.asarray(at, dtype))


# -- PyTorch 2.13.0, float64, cotangents 1, 2, 3, ... ---------------------------------------------------------------

PYTORCH = {
    "prod": (lambda x: G.prod(x, axis=1), [0, 0, -16], [0, -6, 0, 0, 0, 0, 0, 0, -24, -24, 48, -12]),
    "cumprod": (lambda x: G.cumprod(x, axis=1), [1, 0, 0, 0, 0, 0, 0, 0, 2, 4, -4, -16],
                [1, -13, 0, 0, 5, 0, 0, 0, -89, -98, 236, -48]),
    "cumsum": (lambda x: G.cumsum(x, axis=0), [1, 0, 3, -2, 1, 0, 8, 0, 3, 2, 7, 4],
               [15, 18, 21, 24, 14, 16, 18, 20, 9, 10, 11, 12]),
    "var": (lambda x: G.var(x, axis=1, ddof=1), [4.333333333333333, 5.583333333333332, 4.25],
            [0.3333333333333333, -0.3333333333333333, 1.6666666666666665, -1.6666666666666665, -2.333333333333333,
             -2.333333333333333, 4.333333333333333, 0.3333333333333333, 0.5, 0.5, -5.5, 4.5]),
    "std": (lambda x: G.std(x, axis=0), [0.816496580927726, 0.9428090415820634, 2.494438257849294, 2.494438257849294],
            [0.0, -0.4714045207910316, 0.2672612419124243, -1.7817416127494958, -0.40824829046386296,
             -0.4714045207910316, 1.0690449676496974, 0.35634832254989923, 0.40824829046386296, 0.9428090415820634,
             -1.3363062095621219, 1.425393290199597]),
    "quantile": (lambda x: G.quantile(x[:1], 0.3, axis=1), [-0.2], [0, 0.9, 0, 0.1, *[0] * 8]),  # no ties there
    "max": (lambda x: G.max(x, axis=1), [3, 5, 4], [0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 3]),
    "sort": (lambda x: G.sort(x, axis=1), [-2, 0, 1, 3, 0, 0, 2, 5, -1, 2, 2, 4],
             [3, 2, 4, 1, 5, 6, 8, 7, 10, 11, 9, 12]),
}


@pytest.mark.parametrize("name", PYTORCH)
def test_values_and_gradients_are_pytorchs(name):
    build, value, slope = PYTORCH[name]
    y, found = value_and_slope(build, M)
    np.testing.assert_allclose(y.ravel(), value, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(found.ravel(), slope, rtol=1e-14, atol=1e-14)


# -- products with zeros --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "slope"), [
    ([0, 2, 3], [6, 0, 0]), ([0, 0, 3], [0, 0, 0]), ([2, 3, 4], [12, 8, 6]), ([0], [1]), ([], []),
])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_gradient_of_a_product_is_exact_at_zeros(at, slope, dtype):
    found = value_and_slope(G.prod, at, 1.0, dtype)[1]
    np.testing.assert_array_equal(found, slope)
    assert found.dtype == dtype


def test_a_product_over_several_axes_is_exact_at_zeros():
    at = np.arange(12.0).reshape(2, 3, 2)
    found = value_and_slope(lambda x: G.prod(x, axis=(0, 2), keepdims=True), at, np.ones((1, 3, 1)))[1]
    expected = np.zeros((2, 3, 2))
    for i in np.ndindex(2, 3, 2):
        expected[i] = np.prod([at[j, i[1], k] for j in range(2) for k in range(2) if (j, k) != (i[0], i[2])])
    np.testing.assert_array_equal(found, expected)


# torch.autograd.functional.hessian of prod(v), and of sum(cumprod(v) * [1, 2, 3, 4]), PyTorch 2.13.0
@pytest.mark.parametrize(("build", "expected"), [
    (G.prod, [[0, 0, 6, 0], [0, 0, 0, 0], [6, 0, 0, 0], [0, 0, 0, 0]]),
    (lambda v: G.sum(G.cumprod(v) * np.array([1.0, 2, 3, 4])),
     [[0, 2, 30, 0], [2, 0, 0, 0], [30, 0, 0, 0], [0, 0, 0, 0]]),
])
def test_second_derivatives_of_products_are_exact_at_zeros(build, expected):
    v = G.input("v", 4)
    slope = G.gradients(build(v), v)
    found = G.compile([G.gradients(slope[i], v) for i in range(4)])([0.0, 2.0, 0.0, 3.0])
    np.testing.assert_array_equal(found, expected)


def test_the_third_derivative_of_a_product_at_zeros_is_one():
    v = G.input("v", 3)
    f = G.prod(v)
    for i in range(3):
        f = G.gradients(f, v)[i]
    assert G.evaluate(f, {v: [0.0, 0.0, 0.0]}) == 1.0


@pytest.mark.parametrize("shape", [(5000,), (1, 5000), (5000, 2), (0,), (1,)])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_recurrence_is_that_of_a_loop(shape, reverse):
    rng = np.random.default_rng(0)
    a, b = rng.uniform(-1, 1, shape), rng.normal(size=shape)
    x, y = G.input("x", *shape), G.input("y", *shape)
    axis = int(np.argmax(shape))
    found = np.moveaxis(G.compile(LINEAR_RECURRENCE(x, y, axis=axis, reverse=reverse))(a, b), axis, 0)
    factors, run = np.moveaxis(a, axis, 0), np.moveaxis(b.copy(), axis, 0)
    order = range(shape[axis] - 2, -1, -1) if reverse else range(1, shape[axis])
    for i in order:
        run[i] += factors[i] * run[i + 1 if reverse else i - 1]
    np.testing.assert_allclose(found, run, rtol=1e-13, atol=1e-15)


# -- moments and norms ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("function", [G.var, G.std])
@pytest.mark.parametrize("number", [0.0, 0.1, -1e30, 1 / 3])
def test_moments_of_equal_values_and_their_gradients_are_zero(function, ddof, number, dtype):
    for count in (2, 10, 1000):
        for result in value_and_slope(lambda x: function(x, ddof=ddof), np.full(count, number), 1.0, dtype):
            np.testing.assert_array_equal(result, 0.0)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-5, 1.0, 1e160, 1e300])
@pytest.mark.parametrize("build", [G.std, NORM2], ids=["std", "norm2"])
def test_norms_neither_overflow_nor_underflow(build, scale):
    at = np.array([3.0, -4.0, 12.0, 1.0])
    y, slope = value_and_slope(build, scale * at, 1.0)
    one, same = value_and_slope(build, at, 1.0)
    np.testing.assert_allclose(y, scale * one, rtol=4e-16 * 4)
    np.testing.assert_allclose(slope, same, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_norm_is_a_few_ulp_from_exact(dtype):
    rng = np.random.default_rng(0)
    eps, limits = np.finfo(dtype).eps, np.finfo(dtype)
    for exponent in np.linspace(np.log10(limits.tiny) - 3, np.log10(limits.max) - 2, 40):
        at = (rng.uniform(-1, 1, 50) * 10.0**exponent).astype(dtype)
        x = G.input("x", 50, dtype=dtype)
        with mpmath.workdps(40):
            exact = float(mpmath.sqrt(sum(mpmath.mpf(float(v)) ** 2 for v in at)))
        assert abs(float(G.evaluate(NORM2(x), {x: at})) - exact) <= 6 * eps * exact + float(limits.smallest_subnormal)


def test_the_norm_at_zero_at_infinity_and_at_nan():
    y, slope = value_and_slope(lambda x: NORM2(x, axis=1), [[0.0, 0], [3, 4]], [1.0, 1.0])
    np.testing.assert_array_equal([y, *slope], [[0, 5], [0, 0], [0.6, 0.8]])
    x = G.input("x", 2)
    assert G.evaluate(NORM2(x), {x: [np.inf, 1.0]}) == np.inf
    assert np.isnan(G.evaluate(NORM2(x), {x: [np.nan, 1.0]}))


@pytest.mark.parametrize(("dtype", "mean", "close"), [("float64", 1e8, 1e-13), ("float32", 1e3, 2e-6)])
def test_a_large_mean_costs_the_variance_no_digits(dtype, mean, close):
    at = (mean + np.random.default_rng(0).normal(size=1000)).astype(dtype)
    with mpmath.workdps(40):
        values = [mpmath.mpf(float(v)) for v in at]
        centre = sum(values) / 1000
        exact = float(sum((v - centre) ** 2 for v in values) / 1000)
        slopes = np.array([float(2 * (v - centre) / 1000) for v in values])
    y, slope = value_and_slope(G.var, at, 1.0, dtype)
    np.testing.assert_allclose(y, exact, rtol=close)
    np.testing.assert_allclose(slope, slopes, rtol=0, atol=close * np.abs(slopes).max())


def test_named_sizes_compile_in_every_style_and_save(tmp_path):
    x = G.input("x", "N", 3)
    functions = [G.prod, G.var, G.std, NORM2, G.median, G.cumsum, G.cumprod]
    outputs = [f(x, axis=0) for f in functions]
    slopes = [G.gradients(G.sum(y), x) for y in outputs]
    at = np.random.default_rng(0).normal(size=(5, 3))
    expected = [np.prod(at, 0), np.var(at, 0), np.std(at, 0), np.sqrt(np.sum(at * at, 0)), np.median(at, 0),
                np.cumsum(at, 0), np.cumprod(at, 0)]
    fast = G.compile([*outputs, *slopes])
    fast.save(tmp_path / "saved.py")
    space = {"__name__": "saved"}
    exec((tmp_path / "saved.py").read_text(), space)
    plain = G.compile([*outputs, *slopes], style="readable", simplify=False)(at)
    for results in (fast(at), plain, space["f"](at)):
        for found, wanted in zip(results, expected):
            np.testing.assert_allclose(found, wanted, rtol=1e-14)
        for found, other in zip(results, plain):
            np.testing.assert_allclose(found, other, rtol=1e-12, atol=1e-14)


# -- medians, extrema, missing values -------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "slope"), [
    ([3.0, 1.0, 2.0], [0, 0, 1]), ([4.0, 1.0, 3.0, 2.0], [0, 0, 0.5, 0.5]), ([1.0, 1.0, 4.0, 0.0], [0.5, 0.5, 0, 0]),
    ([5.0], [1]),
])
def test_the_gradient_of_a_median_goes_to_the_middle(at, slope):
    np.testing.assert_array_equal(value_and_slope(G.median, at, 1.0)[1], slope)


def test_several_quantiles_and_percentiles():
    x = G.input("x", 3, 4)
    q = [0.25, 0.5, 1.0]
    np.testing.assert_allclose(G.evaluate(G.quantile(x, q, axis=1), {x: M}), np.quantile(M, q, axis=1), rtol=1e-15)
    np.testing.assert_allclose(G.evaluate(G.percentile(x, [10, 90]), {x: M}), np.percentile(M, [10, 90]), rtol=1e-15)
    one = G.evaluate(G.percentile(x, 10, axis=0), {x: M})
    np.testing.assert_allclose(one, np.percentile(M, 10, axis=0), rtol=1e-15)


def test_peak_to_peak_shares_at_ties():
    y, slope = value_and_slope(G.ptp, [1.0, 3.0, 3.0, 1.0], 1.0)
    assert y == 2.0
    np.testing.assert_array_equal(slope, [-0.5, 0.5, 0.5, -0.5])


@pytest.mark.parametrize("name", ["nansum", "nanmean", "nanmax", "nanmin"])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_missing_values_are_left_out(name, axis, differences):
    at = np.where(M == 0, np.nan, M)
    at[:, 2] = [np.nan, 1.0, 4.0]
    x = G.input("x", 3, 4)
    y = getattr(G, name)(x, axis=axis)
    np.testing.assert_allclose(G.evaluate(y, {x: at}), getattr(np, name)(at, axis=axis), rtol=1e-15)
    assert not np.any(np.isnan(G.evaluate(G.gradients(G.sum(y), x), {x: at})))
    np.testing.assert_array_equal(G.evaluate(G.gradients(G.sum(y), x), {x: at})[np.isnan(at)], 0.0)


@pytest.mark.parametrize("name", ["nanmean", "nanmax", "nanmin"])
def test_of_missing_values_alone_nothing_is_known(name):
    x = G.input("x", 2, 2)
    found = G.evaluate(getattr(G, name)(x, axis=1), {x: [[np.nan, np.nan], [1.0, np.nan]]})
    np.testing.assert_array_equal(found, [np.nan, 1.0])


def test_counts_truths_positions_and_averages():
    x, k = G.input("x", 3, 4), G.input("k", 3, 4, dtype="int64")
    point = {x: M, k: M.astype(int)}
    for of, at in ((x, M), (k, M.astype(int))):
        for axis in (None, 0, -1):
            assert np.array_equal(G.evaluate(G.count_nonzero(of, axis=axis), point), np.count_nonzero(at, axis=axis))
            assert np.array_equal(G.evaluate(G.any(of > 3, axis=axis), point), np.any(at > 3, axis=axis))
            assert np.array_equal(G.evaluate(G.all(of > -3, axis=axis), point), np.all(at > -3, axis=axis))
            assert np.array_equal(G.evaluate(G.argmin(of, axis=axis), point), np.argmin(at, axis=axis))
    w = np.arange(1.0, 5)
    assert np.allclose(G.evaluate(G.average(x, 1, w), point), np.average(M, 1, w))
    assert np.allclose(G.evaluate(G.average(x, 1, w, keepdims=True), point), np.average(M, 1, w, keepdims=True))
    assert np.allclose(G.evaluate(G.average(x, weights=M + 3), point), np.average(M, weights=M + 3))
    assert G.evaluate(G.average(x), point) == np.average(M)
    assert G.evaluate(G.trace(x, offset=1), point) == np.trace(M, offset=1)
    assert (G.amax, G.amin) == (G.max, G.min)


def test_the_gradient_of_an_average_by_its_weights(differences):
    x, w = G.input("x", 2, 3), G.input("w", 3)
    f = G.sum(G.average(x, axis=1, weights=w) ** 2)
    point = {"x": M[:2, :3], "w": np.array([1.0, 2.0, 3.0])}
    run = G.compile(f, inputs=[x, w])
    for v, slope in zip((x, w), G.evaluate(G.gradients(f, [x, w]), point)):
        expected = differences(lambda a, v=v: run(**(point | {v.name: a})), point[v.name])
        np.testing.assert_allclose(slope, expected, rtol=1e-7, atol=1e-8)


# -- differences and slopes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [
    {}, {"n": 2}, {"n": 0}, {"axis": 0}, {"prepend": 1.0}, {"append": M},
    {"prepend": 0.0, "append": 2.0, "axis": 0, "n": 2},
])
def test_differences_are_numpys(options):
    x = G.input("x", 3, 4)
    np.testing.assert_array_equal(G.evaluate(G.diff(x, **options), {x: M}), np.diff(M, **options))
    flag = G.input("b", 3, 4, dtype="bool")
    np.testing.assert_array_equal(G.evaluate(G.diff(flag), {flag: M > 1}), np.diff(M > 1))


def test_slopes_are_numpys():
    at = np.random.default_rng(0).normal(size=(5, 4))
    x, h = G.input("x", 5, 4), G.input("h")
    for spacing in ((), (0.5,), (0.5, 2.0)):
        for found, expected in zip(G.evaluate(G.gradient(x, *spacing), {x: at}), np.gradient(at, *spacing)):
            np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)
    found = G.evaluate(G.gradient(x, h, axis=0), {x: at, h: 0.25})
    np.testing.assert_allclose(found, np.gradient(at, 0.25, axis=0), rtol=1e-13)
    np.testing.assert_array_equal(G.evaluate(G.gradient(G.input("k", 2, dtype="int64")), {"k": [1, 4]}), [3.0, 3.0])


def test_integrals_are_numpys():
    x = G.input("x", 3, 4)
    points = np.array([0.0, 1.0, 1.5, 4.0])
    assert np.allclose(G.evaluate(G.trapezoid(x), {x: M}), np.trapezoid(M))
    assert np.allclose(G.evaluate(G.trapezoid(x, dx=0.5, axis=0), {x: M}), np.trapezoid(M, dx=0.5, axis=0))
    assert np.allclose(G.evaluate(G.trapezoid(x, points), {x: M}), np.trapezoid(M, points))
    assert np.allclose(G.evaluate(G.trapezoid(x, M.cumsum(1), axis=1), {x: M}), np.trapezoid(M, M.cumsum(1)))


# -- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("build", "error", "text"), [
    (lambda x: G.prod(x, axis=2), G.ShapeError, r"prod: x float64\[3,4\]: axis 2 is out of range for 2 dimensions"),
    (lambda x: G.var(x, axis=0, ddof=3), G.ShapeError, r"var: x float64\[3,4\]: 3 elements leave nothing .* ddof=3"),
    (lambda x: NORM2(x > 0), G.DTypeError, r"norm2: x > 0 bool\[3,4\]: needs float64 or float32, got bool"),
    (lambda x: G.median(x > 0), G.DTypeError, r"quantile: x > 0 bool\[3,4\]: needs numbers, got bool"),
    (lambda x: G.quantile(x, 1.5), G.ShapeError, r"quantile: .* a quantile lies between 0 and 1, got 1.5"),
    (lambda x: G.argmax(G.input("e", 0)), G.ShapeError, r"argmax: e float64\[0\]: .* no element along axis 0"),
    (lambda x: G.median(G.input("e", 0)), G.ShapeError, r"quantile: e float64\[0\]: .* no element along axis 0"),
    (lambda x: G.cumsum(x[0, 0], axis=0), G.ShapeError, r"cumsum: .* a scalar has no axis to run along"),
    (lambda x: G.sort(x[0, 0]), G.ShapeError, r"sort: .* a scalar has no axis to sort along"),
    (lambda x: G.average(x, weights=[1.0, 2.0]), G.ShapeError, r"average: weights float64\[2\] for a float64\[3,4\]"),
    (lambda x: G.diff(x[0, 0]), G.ShapeError, r"diff: .* is a scalar and has no neighbours"),
    (lambda x: G.diff(x, n=-1), G.ShapeError, r"diff: n is 0 or more, got -1"),
    (lambda x: G.gradient(x, 1.0, 2.0, 3.0), G.ShapeError, r"gradient: 3 spacings for 2 axes"),
    (lambda x: G.gradient(x, [1.0, 2.0]), G.ShapeError, r"gradient: a spacing is one number, got float64\[2\]"),
    (lambda x: G.gradient(x[:1], axis=0), G.ShapeError, r"gradient: float64\[1,4\] needs two samples or more along"),
    (lambda x: G.trapezoid(x, [1.0]), G.ShapeError, r"trapezoid: points float64\[1\] for values float64\[3,4\]"),
    (lambda x: G.trapezoid(x[0, 0]), G.ShapeError, r"trapezoid: .* is a scalar and has no axis"),
    (lambda x: G.searchsorted(x, 1.0), G.ShapeError, r"searchsorted: .* the sorted values have one axis"),
    (lambda x: G.searchsorted(x[0], 1.0, side="up"), G.ShapeError, r"no side 'up'; choose from left, right"),
])
def test_errors_say_what_came_and_what_is_needed(build, error, text):
    with pytest.raises(error, match=text):
        build(G.input("x", 3, 4))
