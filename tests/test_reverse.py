"""Reverse mode: the dynamic program, its table, and gradients against independent derivatives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphc as G
from graphc.ir import OPS, Op, lift, postorder
from graphc.reverse import Contribution
from graphc.types import TensorType


@pytest.fixture
def exam():
    x1, x2 = G.inputs("x1 x2")
    w1, w3, b = G.params("w1 w3 b")
    return w3 * G.relu(w1 * x1 + w1 * x2 + b), (w1, w3, b)


AT = {"x1": 3.0, "x2": 4.0, "w1": 0.5, "w3": -2.0, "b": 0.25}


def ladder(rungs):
    h = x = G.input("x")
    for _ in range(rungs):
        h = h + h
    return h, x


# -- the exercise ---------------------------------------------------------------------------------------------------


def test_exam_gradients_by_hand(exam, run):
    f, wrt = exam
    z = AT["w1"] * AT["x1"] + AT["w1"] * AT["x2"] + AT["b"]
    by_hand = [AT["w3"] * (AT["x1"] + AT["x2"]), z, AT["w3"]]
    assert run(G.gradients(f, wrt), **AT) == by_hand


def test_a_shared_parameter_sums_over_its_two_paths(exam):
    f, (w1, *_) = exam
    row = next(r for r in G.backward(f, [w1]).table() if r.node is w1)
    assert [str(c.consumer) for c in row.contributions] == ["w1*x1", "w1*x2"]
    assert row.paths == 2
    assert row.adjoint is row.contributions[0].value + row.contributions[1].value


def test_the_table_as_text(exam):
    text = str(G.backward(exam[0]))
    assert text.splitlines()[0].split() == ["node", "consumers", "adjoint", "sum", "of", "contributions"]
    assert text.splitlines()[-1] == "9 edge visits; a sum over paths would walk 4 paths"
    assert "w1" in text
    assert "w̄1" in text


def test_the_table_as_html_escapes(exam):
    x = G.input("x", 3)
    page = G.backward(G.sum(x * G.where(x > 0, x, 0.0)), [x])._repr_html_()
    assert page.count("<tr>") == len(G.backward(G.sum(x * G.where(x > 0, x, 0.0)), [x]).table()) + 1
    assert "x &gt; 0" in page
    assert "x > 0" not in page


def test_repr_is_one_line(exam):
    assert "\n" not in repr(G.backward(exam[0]))
    assert repr(G.backward(exam[0], ["w1"])).endswith("7 edge visits; a sum over paths would walk 2 paths>")


# -- dynamic programming ---------------------------------------------------------------------------------------------


def test_each_edge_is_visited_once():
    h, x = ladder(40)
    found = G.backward(h, [x])
    assert found.edge_visits == 80
    assert found.path_count == 2**40
    assert len(found.table()) == 41


def test_the_ladder_has_the_right_slope(run):
    h, x = ladder(40)
    assert run(G.gradients(h, x), x=1.0) == 2.0**40


def test_rows_run_from_the_output_to_the_leaves(exam):
    f, wrt = exam
    rows = G.backward(f, wrt).table()
    assert rows[0].node is f
    position = {r.node: i for i, r in enumerate(rows)}
    for row in rows:
        assert all(position[user] < position[row.node] for user in row.consumers)


def test_a_contribution_says_which_operand():
    x = G.input("x")
    row = G.backward(x * x, [x]).table()[-1]
    assert [(c.consumer, c.operand) for c in row.contributions] == [(x * x, 0), (x * x, 1)]
    assert isinstance(row.contributions[0], Contribution)


def test_adjoints_of_inner_values(exam, run):
    f, _ = exam
    found = G.backward(f)
    relu = next(r.node for r in found.table() if r.node.op.name == "relu")
    assert run(found.adjoint[relu], **AT) == AT["w3"]
    assert run(found.adjoint[relu.args[0]], **AT) == AT["w3"]
    assert next(iter(found.adjoint)) is f


def test_only_what_lies_between_is_differentiated(exam):
    f, (_, w3, _) = exam
    assert [r.node for r in G.backward(f, [w3]).table()] == [f, w3]


def test_names_of_the_table_do_not_clash():
    x = G.input("v0")
    names = G.backward(G.exp(G.tanh(x)), [x]).names()
    assert list(names.values()) == ["v0", "v1", "v2"]


# -- what is differentiated by what ----------------------------------------------------------------------------------


def test_the_default_is_the_parameters_else_the_inputs(exam):
    f, wrt = exam
    assert G.backward(f).wrt == wrt
    x, n = G.input("x"), G.input("n", dtype="int64")
    assert G.backward(x * n).wrt == (x,)


def test_one_in_one_out_a_list_gives_a_list(exam):
    f, (w1, *_) = exam
    assert G.gradients(f, w1) is G.gradients(f, "w1") is G.gradients(f, [w1])[0]
    assert isinstance(G.gradients(f, (w1,)), list)


def test_wrt_an_inner_value():
    x = G.input("x")
    h = (x * x).named("h")
    assert str(G.gradients(G.exp(h) * h, h)) == "1*h*exp(h) + 1*exp(h)"
    assert G.gradients(G.exp(h), "h") is G.gradients(G.exp(h), h)


def test_wrt_the_output_itself():
    x = G.input("x", dtype="float32")
    g = G.gradients(x, x)
    assert (str(g), g.type.dtype) == ("1", "float32")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_independence_gives_zeros_of_the_shape(dtype, run):
    x, w = G.input("x"), G.param("w", "N", 3, dtype=dtype)
    g = G.gradients(x * x, w)
    assert g.type is w.type
    assert not run(g, N=2).any()
    assert run(G.gradients(x * x, G.input("y", dtype=dtype))) == 0.0


def test_no_gradient_passes_a_comparison_or_a_stop(run):
    x = G.input("x")
    assert run(G.gradients(x * (x > 0) + G.stop_gradient(x) * x, x), x=2.0) == 1.0 + 2.0
    assert run(G.gradients(x.astype("int64").astype("float64") * x, x), x=2.5) == 2.0


@pytest.mark.parametrize(
    ("ask", "error", "text"),
    [
        (lambda x, v, n: G.gradients(v, v), G.ShapeError,
        r"v: float64\[3\]> is not a scalar \(declared at test_reverse.py:\d+\); reduce it, .* G\.vjp"),
        (lambda x, v, n: G.gradients(n, x), G.DTypeError, r"the output <input n: int64\[\]> is not floating"),
        (lambda x, v, n: G.gradients(x * n, n), G.DTypeError,
        r"wrt n int64\[\] is not floating: it has no gradient \(declared at test_reverse"),
        (lambda x, v, n: G.gradients(x * n, "q"), G.InputError, "wrt: no value named 'q' in this graph; it has x, n"),
        (lambda x, v, n: G.gradients(x, [3]), G.InputError, "wrt takes Exprs and names, got int"),
        (lambda x, v, n: G.gradients(3.0, x), G.InputError, "the output must be an Expr, got float"),
        (lambda x, v, n: G.vjp(v, v, np.ones(2)), G.ShapeError,
        r"the cotangent float64\[2\] of the output float64\[3\] must have its shape"),
        (lambda x, v, n: G.vjp([v, x], v, [np.ones(3)]), G.InputError, "2 outputs need as many cotangents, got 1"),
    ],
)  # fmt: skip
def test_bad_requests(ask, error, text):
    with pytest.raises(error, match=text):
        ask(G.input("x"), G.input("v", 3), G.input("n", dtype="int64"))


@pytest.fixture
def floor():
    row = Op("floor_for_test", lambda x: TensorType(x.shape, x.dtype), numpy="np.floor({0})")
    yield row
    del OPS["floor_for_test"]


def test_an_op_without_a_pullback_off_the_path_does_no_harm(floor, run):
    x, y = G.inputs("x y")
    assert run(G.gradients(x * floor(y), x), y=2.5, x=1.0) == 2.0


def test_an_op_without_a_pullback_on_the_path_is_named(floor):
    x = G.input("x")
    with pytest.raises(G.NoDerivative,
    match=r"floor_for_test has no pullback; add one to its row \(node declared at test_reverse.py:\d+\)"):
        G.gradients(x * floor(x), x)


# -- shapes, dtypes, higher orders -----------------------------------------------------------------------------------


def layer(x, w, b):
    return G.softplus(x @ w + b).sum()


def test_a_layer_against_central_differences(run, differences):
    x, w, b = G.input("x", "N", 3), G.param("w", 3, 2), G.param("b", 2)
    rng = np.random.default_rng(0)
    values = {"x": rng.normal(size=(4, 3)), "w": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
    grads = run(G.gradients(layer(x, w, b), [x, w, b]), **values)
    for name, found in zip(values, grads):
        expected = differences(lambda a, name=name: run(layer(x, w, b), **{**values, name: a}), values[name])
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("build", [
    lambda x, s: (x * s).sum(), lambda x, s: G.maximum(x, s).sum(), lambda x, s: G.where(x > 0, s, x * 2).sum(),
    lambda x, s: (x / s).mean(), lambda x, s: G.concatenate([x, x * s]).max(), lambda x, s: (s - x).sum() ** 2,
])  # fmt: skip
def test_float32_stays_float32_throughout(build, run):
    x, s = G.input("x", 3, dtype="float32"), G.param("s", dtype="float32")
    f = build(x, s)
    grads = G.gradients(f, [x, s])
    assert [g.type for g in grads] == [x.type, s.type]
    wide = [n for n in postorder(grads) if n.type.dtype == "float64" and not n.type.weak]
    assert not wide, wide


def test_mixed_precision_gives_each_its_own_dtype():
    x, w = G.input("x", 2, 3, dtype="float32"), G.param("w", 3)
    f = (x @ w).sum()
    assert f.type.dtype == "float64"
    assert [g.type.dtype for g in G.gradients(f, [x, w])] == ["float32", "float64"]


def test_hessian_of_a_quadratic(run):
    a = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.0, -1.0, 4.0]])
    x = G.input("x", 3)
    g = G.gradients(0.5 * (x @ (a @ x)), x)
    hessian = [run(G.gradients(g[i], x), x=np.array([1.0, -2.0, 0.5])) for i in range(3)]
    np.testing.assert_allclose(hessian, a, rtol=1e-15)


@pytest.mark.parametrize("function", [
    G.logsumexp, lambda v: (G.softmax(v) * np.arange(3.0)).sum(), lambda v: G.log_softmax(v)[0],
    lambda v: G.tanh(v).sum() * G.sigmoid(v).max(), lambda v: (v**3 / G.sqrt(G.square(v) + 1)).mean(),
    lambda v: G.softplus(v[::-1] * v).sum(), lambda v: G.exp(-G.absolute(v)).sum() ** 2,
])  # fmt: skip
def test_hessians_against_differences_of_gradients(function, run, differences):
    v, at = G.input("v", 3), np.array([0.3, -1.2, 2.0])
    g = G.gradients(function(v), v)
    for i in range(3):
        expected = differences(lambda a, i=i: float(run(g, v=a)[i]), at)
        np.testing.assert_allclose(run(G.gradients(g[i], v), v=at), expected, rtol=1e-6, atol=1e-8)


def test_fourth_derivative(run):
    d = x = G.input("x")
    d = G.tanh(x)
    for _ in range(4):
        d = G.gradients(d, x)
    t = np.tanh(0.7)
    exact = (1 - t * t) * (16 * t - 24 * t**3)
    assert run(d, x=0.7) == pytest.approx(exact, rel=1e-13)


def test_vjp_sums_over_the_outputs(run):
    x = G.input("x", 2)
    c = np.array([1.0, -1.0])
    found = G.vjp([x * x, x.sum(), x * x], x, [c, 3.0, c])
    np.testing.assert_array_equal(run(found, x=np.array([5.0, 7.0])), [23.0, -25.0])


def test_gradients_are_the_same_nodes_every_time(exam):
    f, wrt = exam
    assert all(a is b for a, b in zip(G.gradients(f, wrt), G.gradients(f, wrt)))


# -- random graphs ------------------------------------------------------------------------------------------------

UNARY = [G.exp, G.tanh, G.sigmoid, G.softplus, G.relu, G.square, lambda a: a.sum() * a, G.softmax,
lambda a: -a]
BINARY = [G.add, G.subtract, G.multiply, G.maximum, lambda a, b: a / (2.0 + G.square(b)),
lambda a, b: G.where(a > b, a, b * b)]


@st.composite
def programs(draw):
    """A straight-line program over vectors: which function on which earlier values."""
    steps = []
    for n in range(2, draw(st.integers(3, 9))):
        earlier = st.integers(0, n - 1)
        step = st.one_of(st.tuples(st.sampled_from(UNARY), earlier),
        st.tuples(st.sampled_from(BINARY), earlier, earlier))
        steps.append(draw(step))
    return steps


def build(steps, x, y):
    values = [x, y]
    for function, *args in steps:
        values.append(function(*[G.tanh(values[i]) for i in args]))
    return (values[-1] * np.array([0.5, -1.0, 2.0])).sum()


@given(programs())
def test_random_programs_against_central_differences(run, differences, steps):
    x, y = G.input("x", 3), G.input("y", 3)
    f = build(steps, x, y)
    values = {"x": np.array([0.31, -0.47, 0.93]), "y": np.array([-0.62, 0.15, 0.77])}
    for name, g in zip("xy", G.gradients(f, [x, y])):
        expected = differences(lambda a, name=name: float(run(f, **{**values, name: a})), values[name])
        np.testing.assert_allclose(run(g, **values), expected, rtol=2e-5, atol=2e-8)


@given(programs())
def test_random_programs_forward_agrees_with_reverse(run, steps):
    x, y = G.input("x", 3), G.input("y", 3)
    f = build(steps, x, y)
    t = np.array([1.0, -2.0, 0.5])
    values = {"x": np.array([0.31, -0.47, 0.93]), "y": np.array([-0.62, 0.15, 0.77])}
    forward, reverse = G.jvp(f, [x, y], [t, 2 * t]), G.gradients(f, [x, y])
    gx, gy = run(reverse, **values)
    assert run(forward, **values) == pytest.approx(gx @ t + gy @ (2 * t), rel=1e-11, abs=1e-12)


def test_a_number_that_is_no_node_cannot_be_differentiated():
    with pytest.raises(G.DTypeError, match="is not floating"):
        G.gradients(lift(3), [])
