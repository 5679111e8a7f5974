"""Where a graph stops being finite: the value, the reason, the operands there and the line that declares it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from random_graphs import NAMES, Seeded, grow

import graphc as G

HERE = "test_explain.py"


def line_of(expr):
    return expr.where[1]


def test_a_logarithm_of_a_negative_number_is_found_behind_what_passes_it_on():
    x = G.input("x", 4)
    z = (x - 2).named("z")
    logs = G.log(z)
    f = (G.sum(logs) * 3).named("f")
    found = G.explain(f, {x: [3.0, 4.0, 1.0, 5.0]})
    first = found.first
    assert first.node is logs
    assert (first.kind, first.index, first.why) == ("born", (2,), "the logarithm of a negative number")
    assert np.isnan(first.value)
    assert first.operands == (("z = x − 2", "-1 at [2]; float64[4], from -1 to 3"),)
    assert [r.kind for r in found.rows] == ["born", "passed on", "passed on"]
    text = str(found)
    assert text.startswith("f = sum(log(z))·3 is not finite: nan\nfirst: log(z) is nan at [2]: the logarithm of a neg")
    assert f"(declared at {HERE}:{line_of(logs)})" in text
    assert "    f = sum(log(z))·3 is nan: passed on from an operand" in text


@pytest.mark.parametrize(("build", "value", "kind", "why"), [
    (lambda x: 1 / x, 0.0, "overflow", "division by zero"),
    (lambda x: x / x, 0.0, "born", "0/0 is no number"),
    (G.log, 0.0, "overflow", "the logarithm of 0"),
    (G.log, -1.0, "born", "the logarithm of a negative number"),
    (G.exp, 1000.0, "overflow", "exp overflows"),
    (G.sqrt, -1.0, "born", "the square root of a negative number"),
    (lambda x: x**0.5, -1.0, "born", "a fractional power of a negative number"),
    (lambda x: x**-1.0, 0.0, "overflow", "0 to a negative power"),
    (lambda x: x * 1e300 * x, 1e10, "overflow", "multiply overflows"),
])
def test_reasons(build, value, kind, why):
    x = G.input("x")
    first = G.explain(build(x), {"x": value}).first
    assert (first.kind, first.why) == (kind, why)


def test_a_difference_of_infinities_is_blamed_on_the_first_overflow():
    x = G.input("x", 2)
    e = G.exp(x)
    found = G.explain(e - G.exp(x + 1), {x: [0.0, 1000.0]})
    assert found.first.node is e
    assert [(r.kind, r.why) for r in found.rows] == [
        ("overflow", "exp overflows"), ("overflow", "exp overflows"), ("born", "inf - inf is no number")
    ]
    assert np.isnan(found.rows[-1].value)


def test_an_input_that_was_not_finite_is_told_from_what_is_born():
    x, y = G.input("x", 3), G.input("y", 3)
    found = G.explain(x * y, {x: [1.0, 2.0, 3.0], y: [0.0, np.nan, 1.0]})
    assert found.first.node is y
    assert (found.first.kind, found.first.index) == ("given", (1,))
    assert found.first.why == "the input was not finite when it was given"
    assert found.first.summary == "float64[3], 1 nan, the others from 0 to 1"


def test_a_branch_that_is_not_taken_is_not_blamed():
    x = G.input("x", 3)
    safe = G.where(x > 0, G.log(x), 0.0)
    found = G.explain(safe, {x: [1.0, 0.0, -1.0]})
    assert found.finite
    assert not found
    assert str(found) == "every result is finite"


def test_of_a_where_only_the_branch_taken_is_blamed():
    x = G.input("x", 3)
    logs, roots = G.log(x), G.sqrt(x)
    found = G.explain(G.where(x > -2, logs, roots), {x: [1.0, -1.0, -3.0]})
    by_node = {r.node: r.index for r in found.rows}
    assert by_node[logs] == (1,)
    assert by_node[roots] == (2,)
    found = G.explain(G.where(x > -5, logs, roots), {x: [1.0, -1.0, -3.0]})
    assert roots not in {r.node for r in found.rows}


def test_elements_are_followed_through_what_moves_them():
    x = G.input("x", 2, 3)
    bad = G.log(x)
    used = bad.T[0]  # the first column of x alone
    value = {x: [[1.0, -1.0, -1.0], [2.0, -1.0, -1.0]]}
    assert G.explain(used, value).finite
    value[x][1][0] = -1.0
    assert G.explain(used, value).first.index == (1, 0)


def test_a_constant_mask_is_not_the_first_to_blame():
    s = G.input("s", 3)
    p = G.softmax(G.where(s > 0, s, -np.inf))
    assert G.explain(p, {s: [1.0, -1.0, 2.0]}).finite
    found = G.explain(p, {s: [-1.0, -1.0, -2.0]})
    assert found.first.node is p
    assert found.first.kind == "born"
    assert {r.kind for r in found.rows} == {"constant", "passed on", "born"}
    assert G.explain(G.const(np.inf) * s[0], {s: [1.0, 1.0, 1.0]}).first.kind == "constant"


def test_a_nan_is_followed_and_not_the_infinities_beside_it():
    s, t = G.input("s", 3), G.input("t", 3)
    p = G.softmax(G.where(s > 0, s / t, -np.inf))
    found = G.explain(p, {s: [1.0, -1.0, 2.0], t: [1.0, 1.0, np.nan]})
    assert found.first.node is t
    assert "constant" not in {r.kind for r in found.rows}


def test_adjoints_are_looked_at_when_the_values_are_finite():
    x = G.input("x", 3)
    f = G.sum(G.sqrt(x))
    found = G.explain(f, {x: [1.0, 0.0, 4.0]})
    first = found.first
    assert first.adjoint_of is x
    assert (first.kind, first.index, first.why) == ("overflow", (1,), "division by zero")
    assert first.name.startswith("the adjoint of x, ")
    assert "the adjoint of x" in str(found).splitlines()[0]
    assert G.explain(f, {x: [1.0, 2.0, 4.0]}).finite
    y = G.input("y")
    assert G.explain(f * y, {x: [1.0, 0.0, 4.0], y: 1.0}, wrt=[y]).finite


def test_a_formula_that_is_computed_in_a_stabler_form_is_looked_at_in_that_form():
    x = G.input("x")
    f = G.log(1 + G.exp(x))
    assert np.isfinite(G.evaluate(f, {x: 1000.0}))
    assert G.explain(f, {x: 1000.0}).finite
    plain = G.compile(f, simplify=False, debug=True)
    with pytest.raises(G.GraphcError, match=r"first: exp\(x\) is inf: exp overflows"):
        plain(1000.0)
    assert G.explain(plain, {x: 1000.0}).first.why == "exp overflows"
    assert G.compile(f, debug=True)(1000.0) == 1000.0


def test_a_list_a_function_and_named_sizes():
    x = G.input("x", "N", 2)
    f = G.log(G.sum(x, axis=1)).named("f")
    values = {x: [[1.0, 2.0], [1.0, -1.0]]}
    found = G.explain([G.mean(x), f], values)
    assert found.first.node is f
    assert found.first.index == (1,)
    assert [name for name, _ in found.outputs] == ["f = log(sum(x, axis=1))"]
    assert str(G.explain(G.compile(f), values)) == str(G.explain(f, values))
    assert repr(found) == "<Explanation: f = log(sum(x, axis=1)), overflow>"


@pytest.mark.parametrize("part", range(4))
def test_whatever_the_graph_what_is_not_finite_has_a_cause_and_what_is_finite_has_none(part):
    for seed in range(part, 120, 4):
        graph = grow(Seeded(seed), NAMES[3 * seed % len(NAMES)], most=5)
        rng = np.random.default_rng(seed)
        for value in graph.values.values():
            if value.dtype.kind == "f" and value.size and rng.random() < 0.6:
                value.flat[0] = rng.choice([np.nan, np.inf, -np.inf, 1e200, -1e200, 0.0])
        try:
            results = G.evaluate(graph.outputs, graph.values)
            found = G.explain(graph.outputs, graph.values)
        except (np.linalg.LinAlgError, IndexError):  # a singular matrix, an index made of nan
            continue
        if all(np.isfinite(r).all() for r in results):
            assert found.first is None or "adjoint" in str(found), graph.source
        else:
            assert found.first is not None, graph.source
            assert not np.isfinite(found.first.value)
            assert str(found)


def test_errors_name_explain():
    x = G.input("x")
    with pytest.raises(G.InputError, match=r"explain: missing input x float64\[\]"):
        G.explain(x * 2)
    with pytest.raises(G.InputError, match=r"an output must be an Expr or a list of them, got dict"):
        G.explain({})


# -- debug -------------------------------------------------------------------------------------------------------------


def test_debug_raises_with_the_report():
    x = G.input("x", 2)
    z = (x * 2).named("z")
    fn = G.compile([G.sum(z), G.log(z)], name="loss", debug=True)
    total, logs = fn([1.0, 2.0])
    assert total == 6.0
    assert logs.shape == (2,)
    text = (r"(?s)^loss: log\(z\) is not finite: .*first: log\(z\) is -inf at \[1\]: the logarithm of 0 "
            r"\(declared at test_explain\.py:\d+\).*z = x·2: 0 at \[1\]")
    with pytest.raises(G.GraphcError, match=text):
        fn(x=[1.0, 0.0])
    assert np.isinf(G.compile([G.sum(z), G.log(z)])([1.0, 0.0])[1][1])  # without it inf is a result like others


def test_debug_of_gradients_and_after_pickling():
    x = G.input("x", 2)
    fn = G.value_and_grad(G.sum(G.sqrt(x)), [x], debug=True)
    again = pickle.loads(pickle.dumps(fn))
    for f in (fn, again):
        assert f([1.0, 4.0])[0] == 3.0
        with pytest.raises(G.GraphcError, match=r"the adjoint of x.*is inf at \[1\]: division by zero"):
            f([1.0, 0.0])


def test_debug_takes_branches_integers_and_outputs_in_place():
    x = G.input("x", 2)
    fn = G.compile([G.where(x > 0, G.log(x), 0.0), x > 0, G.input("k", dtype="int64")], debug=True)
    assert fn([1.0, -1.0], 3)[0].tolist() == [0.0, 0.0]
    with pytest.raises(G.GraphcError, match=r"x is inf at \[0\]: the input was not finite"):
        fn([np.inf, -1.0], 3)
