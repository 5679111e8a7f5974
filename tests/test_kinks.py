"""One convention at kinks, and finite values and gradients far out, against exact arithmetic."""

import mpmath
import numpy as np
import pytest

import graphc as G
from graphc.ir import postorder
from graphc.rewrite import rewrite

INF, NAN = np.inf, np.nan


def slope(function, at, run, dtype="float64"):
    """The gradient of the sum of a function at an array; the rewritten graph must agree with the plain one."""
    x = G.input("x", len(at), dtype=dtype)
    g = G.gradients(G.sum(function(x)), x)
    values = np.asarray(at, dtype)
    with np.errstate(all="ignore"):
        plain = run(g, x=values)
        np.testing.assert_array_equal(run(rewrite(g), x=values), plain)
    return plain


# -- kinks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "at", "expected"),
    [
        (G.relu, [-1.0, 0.0, -0.0, 1.0], [0, 0, 0, 1]),
        (G.absolute, [-2.0, 0.0, -0.0, 3.0], [-1, 0, 0, 1]),
        (G.sign, [-2.0, 0.0, 3.0], [0, 0, 0]),
        (lambda x: G.maximum(x, 0), [-1.0, 0.0, 1.0], [0, 0.5, 1]),
        (lambda x: G.maximum(0, x), [-1.0, 0.0, 1.0], [0, 0.5, 1]),
        (lambda x: G.minimum(x, 1.0), [0.0, 1.0, 2.0], [1, 0.5, 0]),
        (lambda x: G.maximum(x, x), [-1.0, 0.0], [1, 1]),
        (G.max, [3.0, 1.0, 3.0, 3.0], [1 / 3, 0, 1 / 3, 1 / 3]),
        (G.min, [3.0, 1.0, 1.0], [0, 0.5, 0.5]),
        (lambda x: G.square(G.sqrt(x)), [0.0, 4.0], [0, 1]),
        (lambda x: 0.0 * G.sqrt(x), [0.0, 1.0], [0, 0]),
        (G.sqrt, [0.0, 4.0], [INF, 0.25]),
        (lambda x: x**0, [0.0, -2.0, 3.0], [0, 0, 0]),
        (lambda x: x**1, [0.0, -2.0], [1, 1]),
        (lambda x: x**2, [0.0, -2.0], [0, -4]),
        (lambda x: x**3, [0.0, -2.0], [0, 12]),
        (lambda x: x**np.array([0.0, 1.0, 2.0]), [0.0, 0.0, 0.0], [0, 1, 0]),
        (lambda x: x**-1.0, [2.0], [-0.25]),
    ],
)  # fmt: skip
def test_kinks(function, at, expected, run):
    np.testing.assert_array_equal(slope(function, at, run), expected)


# The policy, line by line: function, where, its value there, its derivative there.
POLICY = {
    "relu": (G.relu, [-1.0, 0.0, -0.0, 1.0], [0, 0, 0, 1], [0, 0, 0, 1]),
    "leaky_relu": (lambda x: G.leaky_relu(x, 0.125), [-1.0, 0.0, 1.0], [-0.125, 0, 1], [0.125, 0.125, 1]),
    "hardtanh": (G.hardtanh, [-2.0, -1.0, 0.5, 1.0, 3.0], [-1, -1, 0.5, 1, 1], [0, 0, 1, 0, 0]),
    "clip": (lambda x: G.clip(x, 0.0, 2.0), [-1.0, 0.0, 1.0, 2.0, 3.0], [0, 0, 1, 2, 2], [0, 0, 1, 0, 0]),
    "clip below": (lambda x: G.clip(x, 0.0, None), [-1.0, 0.0, 1.0], [0, 0, 1], [0, 0, 1]),
    "abs": (abs, [-2.0, 0.0, -0.0, 3.0], [2, 0, 0, 3], [-1, 0, 0, 1]),
    "sign": (G.sign, [-2.0, 0.0, 3.0], [-1, 0, 1], [0, 0, 0]),
    "maximum": (lambda x: G.maximum(x, 0.0), [-1.0, 0.0, 1.0], [0, 0, 1], [0, 0.5, 1]),
    "maximum, other way round": (lambda x: G.maximum(0.0, x), [-1.0, 0.0, 1.0], [0, 0, 1], [0, 0.5, 1]),
    "minimum": (lambda x: G.minimum(x, 1.0), [0.0, 1.0, 2.0], [0, 1, 1], [1, 0.5, 0]),
    "max": (lambda x: G.max(x, keepdims=True), [3.0, 1.0, 3.0], [3], [0.5, 0, 0.5]),
    "min": (lambda x: G.min(x, keepdims=True), [1.0, 1.0, 1.0, 1.0], [1], [0.25, 0.25, 0.25, 0.25]),
    "sqrt": (G.sqrt, [0.0, 0.25], [0, 0.5], [INF, 1]),
    "sqrt under a factor 0": (lambda x: 0.0 * G.sqrt(x), [0.0, 0.25], [0, 0], [0, 0]),
    "sqrt of a square": (lambda x: G.sqrt(x * x), [-2.0, 0.0, 3.0], [2, 0, 3], [-1, 0, 1]),
    "square of a sqrt": (lambda x: G.square(G.sqrt(x)), [0.0, 4.0], [0, 4], [0, 1]),
    "norm": (lambda x: G.linalg.norm(x, keepdims=True), [0.0, 0.0, 0.0], [0], [0, 0, 0]),
    "norm spelled out": (lambda x: G.sqrt(G.sum(x * x, keepdims=True)), [0.0, 0.0, 0.0], [0], [0, 0, 0]),
    "norm elsewhere": (lambda x: G.linalg.norm(x, keepdims=True), [3.0, 0.0, -4.0], [5], [0.6, 0, -0.8]),
    "norm of one row of two": (lambda x: G.linalg.norm(x.reshape(2, 2), axis=1), [0.0, 0.0, 3.0, 4.0],
                               [0, 5], [0, 0, 0.6, 0.8]),
    "hypot": (lambda x: G.hypot(x, 0.0 * x), [-2.0, 0.0, 1.0], [2, 0, 1], [-1, 0, 1]),
    "where": (lambda x: G.where(x > 0, G.log(x), 0.0), [-1.0, 0.0, 1.0], [0, 0, 0], [0, 0, 1]),
    "where with an exp that overflows": (lambda x: G.where(x < 80, G.exp(x), 1.0), [0.0, 1e4], [1, 1], [1, 0]),
    "where with a quotient of exps": (lambda x: G.where(x < 80, G.exp(x) / (1 + G.exp(x)), 1.0), [0.0, 1e4],
                                      [0.5, 1], [0.25, 0]),
    "std of a constant": (lambda x: G.std(x, keepdims=True), [2.0, 2.0, 2.0, 2.0], [0], [0, 0, 0, 0]),
    "var of a constant": (lambda x: G.var(x, keepdims=True), [2.0, 2.0, 2.0, 2.0], [0], [0, 0, 0, 0]),
    "std spelled out": (lambda x: G.sqrt(G.mean(G.square(x - G.mean(x)), keepdims=True)), [2.0] * 4, [0], [0, 0, 0, 0]),
    "prod with a zero": (lambda x: G.prod(x, keepdims=True), [0.0, 2.0, 3.0], [0], [6, 0, 0]),
    "prod with two zeros": (lambda x: G.prod(x, keepdims=True), [0.0, 2.0, 0.0], [0], [0, 0, 0]),
    "x**0": (lambda x: x**0, [-2.0, 0.0, 3.0], [1, 1, 1], [0, 0, 0]),
    "x**1": (lambda x: x**1, [-2.0, 0.0], [-2, 0], [1, 1]),
    "x**2": (lambda x: x**2, [-2.0, 0.0], [4, 0], [-4, 0]),
    "x**3": (lambda x: x**3, [-2.0, 0.0], [-8, 0], [12, 0]),
    "x**1.5": (lambda x: x**1.5, [0.0, 4.0], [0, 8], [0, 3]),
    "x**-1": (lambda x: x**-1.0, [0.5, -2.0], [2, -0.5], [-4, -0.25]),
}  # fmt: skip


@pytest.mark.parametrize("line", POLICY)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_policy_at_kinks(line, dtype):
    """The same convention in reverse and in forward mode, in the interpreter, compiled, and after SymPy."""
    function, at, value, slope = POLICY[line]
    x = G.input("x", len(at), dtype=dtype)
    f = function(x)
    c = G.input("c", *f.shape, dtype=dtype)
    outputs = [f, G.vjp(f, x, c)]
    given = {"x": np.array(at, dtype), "c": np.ones(f.shape, dtype)}
    close = {"rtol": 1e-15 if dtype == "float64" else 1e-6, "atol": 0}
    ways = [G.evaluate(outputs, given), *[G.compile(outputs, [x, c], simplify=s)(given) for s in (True, False)],
            G.compile(outputs, [x, c], style="readable")(given)]
    ways.append(G.evaluate(G.simplify(outputs), given))
    for found, g in ways:
        np.testing.assert_allclose(found, value, **close)
        np.testing.assert_allclose(g, slope, **close)
        assert g.dtype == dtype
    if line not in ("sqrt", "sqrt under a factor 0", "square of a sqrt"):  # their tangent is inf before it meets a 0
        columns = [G.evaluate(G.sum(G.jvp(f, x, np.eye(len(at), dtype=dtype)[i])), given) for i in range(len(at))]
        np.testing.assert_allclose(columns, slope, **close)


@pytest.mark.parametrize(("base", "exponent", "by_base", "by_exponent"), [
    (0.0, 1.0, 1.0, 0.0), (0.0, 2.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0), (-2.0, 0.0, 0.0, NAN), (2.0, 0.0, 0.0, np.log(2)),
    (2.0, 3.0, 12.0, 8 * np.log(2)),
])  # fmt: skip
def test_powers_with_a_computed_exponent(base, exponent, by_base, by_exponent, run):
    x, p = G.inputs("x p")
    with np.errstate(all="ignore"):
        found = run(G.gradients(x**p, [x, p]), x=base, p=exponent)
    np.testing.assert_allclose(found, [by_base, by_exponent], rtol=1e-15)


def test_ties_of_two_values_share_half_each(run):
    a, b = G.input("a", 2), G.input("b", 2)
    for function in (G.maximum, G.minimum):
        grads = run(G.gradients(function(a, b).sum(), [a, b]), a=np.ones(2), b=np.array([1.0, 1.0]))
        np.testing.assert_array_equal(grads, 0.5 * np.ones((2, 2)))


def test_ties_along_an_axis(run):
    x = G.input("x", 2, 3)
    g = run(G.gradients(G.max(x, axis=1).sum(), x), x=np.array([[1.0, 1.0, 0.0], [2.0, 2.0, 2.0]]))
    np.testing.assert_array_equal(g, [[0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]])


def test_forward_mode_has_the_same_kinks(run):
    x = G.input("x", 4)
    at = np.array([-1.0, 0.0, 0.0, 1.0])
    for function in (G.relu, G.absolute, lambda v: G.maximum(v, 0), G.max, G.min,
    lambda v: G.where(v > 0, G.log(v), v)):
        with np.errstate(all="ignore"):
            forward = [run(G.jvp(G.sum(function(x)), x, np.eye(4)[i]), x=at) for i in range(4)]
            np.testing.assert_array_equal(forward, run(G.gradients(G.sum(function(x)), x), x=at))


# -- where: the branch that is not taken ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "at", "expected"),
    [
        (lambda x: G.where(x > 0, G.log(x), 0.0), [-1.0, 0.0, 2.0], [0, 0, 0.5]),
        (lambda x: G.where(x > 0, x * G.log(x), 0.0), [-1.0, 0.0, 1.0], [0, 0, 1]),
        (lambda x: G.where(x > 0, G.sqrt(x), 0.0), [-1.0, 0.0, 4.0], [0, 0, 0.25]),
        (lambda x: G.where(x > 0, G.sigmoid(G.log(x)), -x), [-2.0, 1.0], [-1, 0.25]),
        (lambda x: G.where(x > 0, 1 / x, x), [0.0, 2.0], [1, -0.25]),
        (lambda x: G.where(x < 700, G.exp(x), 1.0), [0.0, 1000.0], [1, 0]),
        (lambda x: G.where(x < 700, x * G.exp(x) * G.exp(x), 1.0), [0.0, 1000.0], [1, 0]),
        (lambda x: G.where(x > 0, x**0.5, 1.0), [0.0, -1.0, 4.0], [0, 0, 0.25]),
        (lambda x: G.where(x == 0, 1.0, G.tanh(x) / x), [0.0], [0]),
        (lambda x: G.where(x > 0, G.where(x > 1, G.log(x - 1), 0.0), x), [-1.0, 0.5, 3.0], [1, 0, 0.5]),
        (lambda x: G.where(x > 0, G.log(x), 0.0) + G.where(x > 1, G.log(x) * x, 0.0), [-1.0, 0.5], [0, 2]),
        (lambda x: G.where(x > 0, G.sum(G.log(x)), 0.0 * x), [0.0, -2.0], [0, 0]),
        (lambda x: G.where(G.max(x) > 5, G.exp(G.exp(x)), x), [4.0, -1.0], [1, 1]),
        (lambda x: G.where(x > 0, G.stop_gradient(x) * G.log(x), 0.0), [-1.0, 3.0], [0, 1]),
    ],
)  # fmt: skip
def test_a_branch_not_taken_contributes_exactly_zero(function, at, expected, run):
    np.testing.assert_allclose(slope(function, at, run), expected, rtol=1e-15, atol=0)


def test_a_branch_not_taken_in_second_derivatives(run):
    x = G.input("x")
    second = G.gradients(G.gradients(G.where(x > 0, x * G.log(x), x**3), x), x)
    with np.errstate(all="ignore"):
        assert [run(second, x=v) for v in (0.0, -1.0, 2.0)] == [0.0, -6.0, 0.5]


def test_every_adjoint_inside_a_branch_is_exact(run):
    x = G.input("x")
    found = G.backward(G.where(x > 0, G.sigmoid(G.log(x)), 1.0), [x])
    with np.errstate(all="ignore"):
        assert [run(a, x=-1.0) for a in found.adjoint.values()][1:] == [0.0, 0.0, 0.0]


def test_a_selected_gradient_reads_as_in_a_textbook():
    x = G.input("x")
    assert str(rewrite(G.gradients(G.where(x > 0, G.log(x), 0.0), x))) == "where(x > 0, 1/x, 0)"


def test_many_selections_stay_linear():
    h = x = G.input("x")
    for i in range(300):
        h = G.where(x > i, h * x, h)
    found = G.backward(h, [x])
    assert len(str(found.edge_visits)) <= 4
    assert len(postorder(found.gradients)) < 300 * 12


# -- far out -----------------------------------------------------------------------------------------------------------

FAR = [-1000.0, -745.0, -100.0, -1e-8, -1e-300, 0.0, 1e-300, 1e-8, 100.0, 745.0, 1000.0]
FAR32 = [-1000.0, -100.0, -88.0, -1e-8, -1e-38, 0.0, 1e-38, 1e-8, 88.0, 100.0, 1000.0]


def softplus_exact(x):
    return mpmath.log1p(mpmath.exp(x))


def sigma(x):
    return 1 / (1 + mpmath.exp(-x))


STABLE = {
    "sigmoid": (G.sigmoid, sigma, lambda x: sigma(x) * sigma(-x)),
    "softplus": (G.softplus, softplus_exact, sigma),
    "tanh": (G.tanh, mpmath.tanh, lambda x: mpmath.sech(x) ** 2),
    "logsumexp with 0": (lambda x: G.logsumexp(G.concatenate([x, [0.0]])), softplus_exact, sigma),
    "softmax with 0": (lambda x: G.softmax(G.concatenate([x, [0.0]]))[0], sigma, lambda x: sigma(x) * sigma(-x)),
    "log_softmax with 0": (lambda x: G.log_softmax(G.concatenate([x, [0.0]]))[0], lambda x: -softplus_exact(-x),
                           lambda x: sigma(-x)),
}  # fmt: skip


@pytest.mark.parametrize("name", STABLE)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_values_and_gradients_far_out(name, dtype, run):
    function, exact, exact_slope = STABLE[name]
    x = G.input("x", 1, dtype=dtype)
    f = G.sum(function(x)).astype(dtype)
    # With a second term of 1 in the sum, what is below one unit of 1 is rounded away.
    tiny = (3e-16 if dtype == "float64" else 2e-7) if "with 0" in name else 1e-300 if dtype == "float64" else 1e-37
    for at in FAR if dtype == "float64" else FAR32:
        value, grad = run([f, G.gradients(f, x)], x=np.array([at], dtype))
        with mpmath.workdps(1000):
            rounded = mpmath.mpf(float(np.dtype(dtype).type(at)))
            truth, truth_slope = float(exact(rounded)), float(exact_slope(rounded))
        close = {"rtol": 1e-14 if dtype == "float64" else 2e-6, "atol": tiny}
        np.testing.assert_allclose(value, truth, **close)
        # 1 - y² and y(1 - y) lose what y has rounded away, never more than one unit of y = 1.
        np.testing.assert_allclose(grad[0], truth_slope, rtol=close["rtol"], atol=3e-16 if dtype == "float64" else 2e-7)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("function", [G.softmax, G.log_softmax, G.logsumexp])
def test_softmax_family_with_infinite_logits(function, dtype, run):
    x = G.input("x", 3, dtype=dtype)
    f = function(x)
    values = run(f, x=np.array([-INF, 0.0, 0.0]))
    expected = {G.softmax: [0, 0.5, 0.5], G.log_softmax: [-INF, -np.log(2), -np.log(2)], G.logsumexp: np.log(2)}
    np.testing.assert_allclose(values, expected[function], rtol=1e-6)
    g = run(G.gradients(f if f.ndim == 0 else f[1], x), x=np.array([-INF, 0.0, 0.0]))
    assert np.isfinite(g).all()
    assert g[0] == 0.0


def test_logsumexp_of_nothing_is_minus_infinity(run):
    x = G.input("x", 2)
    assert run(G.logsumexp(x), x=np.array([-INF, -INF])) == -INF
    assert run(G.logsumexp(x), x=np.array([INF, 0.0])) == INF


def test_nan_passes_through_as_in_numpy(run):
    x = G.input("x", 2)
    at = np.array([NAN, 1.0])
    for function in (G.relu, G.absolute, G.square, lambda v: G.maximum(v, 0.0), lambda v: G.minimum(0.0, v), G.max,
    G.min):
        assert np.isnan(np.atleast_1d(run(function(x), x=at))[0])
    assert run(G.where(x > 0, x, 0.0), x=at).tolist() == [0.0, 1.0]


def test_reductions_of_nothing(run):
    x = G.input("x", 0, 3)
    assert run(G.sum(x), x=np.ones((0, 3))) == 0.0
    np.testing.assert_array_equal(run(G.sum(x, axis=0), x=np.ones((0, 3))), np.zeros(3))
    assert run(G.gradients(G.sum(x), x), x=np.ones((0, 3))).shape == (0, 3)
    with pytest.warns(RuntimeWarning, match="Mean of empty slice|invalid value"):
        assert np.isnan(run(G.mean(x), x=np.ones((0, 3))))


def test_cond_selects_and_the_other_branch_is_silent():
    x = G.input("x")
    f = G.cond(x > 0, lambda v: {"a": G.log(v), "b": v}, lambda v: {"a": v * v, "b": 0.0}, x)
    for at, value, slope in ((-3.0, 9.0, -6.0), (2.0, np.log(2), 0.5)):
        assert G.evaluate([f["a"], G.gradients(f["a"], x)], {x: at}) == (value, slope)
    with pytest.raises(G.InputError, match=r"cond: the two branches must give the same structure, got \(a v"):
        G.cond(x > 0, lambda v: (v, v), lambda v: v, x)
    with pytest.raises(G.ShapeError, match=r"cond: one condition is needed, got <greater.*bool\[2\]>; G.where"):
        G.cond(G.input("m", 2) > 0, lambda: x, lambda: x)
