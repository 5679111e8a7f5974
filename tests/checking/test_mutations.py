"""The list of single mistakes in a derivative: each differs from the truth and from the others, and is recognised."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphc as G
from graphc.checking.deciding.decide import decide
from graphc.checking.deciding.from_graph import exact, trees
from graphc.checking.diagnosing.diagnose import diagnose, mutations
from graphc.checking.diagnosing.diagnosis_phrases import DIAGNOSIS
from graphc.checking.diagnosing.ties import KINDS, SAYS_MORE
from graphc.checking.phrases import PHRASES
from graphc.checking.reading.parse import parse
from graphc.checking.reading.tree import Tree, show
from graphc.checking.shapes.elaborate import build
from graphc.ir import Expr

w, w1, w2, w3, b = G.params("w w1 w2 w3 b")
x, x1, x2, y = G.inputs("x x1 x2 y")
EXAM = w3 * G.relu(w1 * x1 + w1 * x2 + b)
NEURON = (G.sigmoid(w * x + b) - y) ** 2 / 2
GRAPHS = [(EXAM, w1), (EXAM, b), (NEURON, w), (NEURON, b), (x**2 * G.sin(3 * x), x), (G.log(x) / x**2, x),
          (G.tanh(w1 * G.tanh(w * x)) + w**2, w), (G.exp(-(x**2) / 2), x), (2**x + G.cos(x) * 5, x)]
IDS = [f"{f} by {v.label}" for f, v in GRAPHS]
POINT = {"w": 0.7, "w1": 1.3, "w2": -0.4, "w3": 2.1, "b": 0.2, "x": 0.9, "x1": 1.7, "x2": -0.6, "y": 0.35}


def slope(f: Expr, name: str, at: dict[str, float]) -> float:
    """The derivative by central differences."""
    step = 1e-5
    up, down = ({**at, name: at[name] + s} for s in (step, -step))
    return (value_of(f, up) - value_of(f, down)) / (2 * step)


def value_of(f: Expr, at: dict[str, float]) -> float:
    return value_of_tree(trees([f])[f], at)


def value_of_tree(tree: Tree, at: dict[str, float]) -> float:
    leaves = {name: G.input(name) for name in at}
    node = build(tree, leaves.__getitem__).expr
    used = {k: v for k, v in at.items() if re.search(rf"\b{k}\b", show(tree))}
    return float(G.evaluate(node, used))


@pytest.mark.parametrize(("f", "wrt"), GRAPHS, ids=IDS)
def test_each_differs_from_central_differences_where_the_truth_does_not(f: Expr, wrt: Expr) -> None:
    # The ReLU is on at the first and off at the others, whatever the sign of b.
    points = (POINT, {**POINT, "b": -9.0, "x": 1.1}, {**POINT, "x1": -3.0, "w": 0.4})
    needs = [slope(f, str(wrt.label), at) for at in points]
    assert [value_of(G.gradients(f, wrt), at) for at in points] == pytest.approx(needs, abs=1e-6)
    for m in mutations(f, wrt):
        got = [value_of_tree(m.tree, at) for at in points]
        assert any(abs(g - need) > 1e-6 for g, need in zip(got, needs)), m.message


@pytest.mark.parametrize(("f", "wrt"), GRAPHS, ids=IDS)
def test_no_two_are_the_same_function(f: Expr, wrt: Expr) -> None:
    found = mutations(f, wrt)
    assert len(found) >= 8
    for i, one in enumerate(found[:12]):
        for two in found[:i]:
            assert decide(one.tree, two.tree).status == "wrong", (show(one.tree), show(two.tree))


@pytest.mark.parametrize(("f", "wrt"), GRAPHS, ids=IDS)
def test_each_is_recognised(f: Expr, wrt: Expr) -> None:
    for m in mutations(f, wrt)[:14]:
        found = diagnose(m.tree, f, wrt, None)
        kinds = {d.kind for d in found}
        assert m.kind in kinds or any(m.kind in SAYS_MORE.get(k, ()) for k in kinds), (m, kinds)


@pytest.mark.parametrize(("f", "wrt"), GRAPHS, ids=IDS)
def test_kinds_are_the_stable_codes_and_sentences_differ(f: Expr, wrt: Expr) -> None:
    english, french = mutations(f, wrt), mutations(f, wrt, lang="fr")
    assert {re.sub(r"\(.*\)", "", m.kind) for m in english} <= set(KINDS)
    assert [(m.kind, m.where, show(m.tree)) for m in english] == [(m.kind, m.where, show(m.tree)) for m in french]
    assert all(e.message != f.message for e, f in zip(english, french))


def test_the_likeliest_come_first() -> None:
    assert [m.kind for m in mutations(EXAM, w1)[:4]] == [
        "sign_global", "one_path_of_fanout", "one_path_of_fanout", "missing_upstream_factor"]


def test_a_graph_of_arrays_has_none_here() -> None:
    assert mutations(G.sum(G.input("v", 3)), G.input("v", 3)) == []


# -- the phrases ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", DIAGNOSIS)
def test_both_languages_fill_the_same_holes(key: str) -> None:
    english, french = (set(re.findall(r"\{(\w+)\}", text)) for text in DIAGNOSIS[key])
    assert english == french


@pytest.mark.parametrize("key", PHRASES)
def test_french_has_no_break_spaces_before_its_colons(key: str) -> None:
    assert not re.search(r" [:;?!»]|« ", PHRASES[key][1])


# -- what is not said ---------------------------------------------------------------------------------------


@given(st.sampled_from(["x1*x2*w3", "b^2", "e^(w1)", "w1*w3+17", "x1^3-x2", "1/(1+b^2)", "sin(w1*x1)", "x2*7*b"]),
       st.integers(2, 9))
def test_answers_of_no_known_mistake_are_not_named(text: str, k: int) -> None:
    answer = parse(f"({text})*{k} + x1^{k}", ["w1", "w3", "b", "x1", "x2"]).links[0]
    assert diagnose(answer, EXAM, w1, None) == []


def test_the_kink_alone() -> None:
    answer = parse("w3*(x1+x2)*1[w1*x1+w1*x2+b>=0]", ["w1", "w3", "b", "x1", "x2"]).links[0]
    (finding,) = diagnose(answer, EXAM, w1, None)
    assert (finding.kind, finding.where) == ("kink_only", "relu(w1·x1 + w1·x2 + b)")


def test_a_right_answer() -> None:
    answer = parse("w3*(x1+x2)*1[w1*x1+w1*x2+b>0]", ["w1", "w3", "b", "x1", "x2"]).links[0]
    assert diagnose(answer, EXAM, w1, None) == []


def test_two_slips_are_said_as_two() -> None:
    answer = parse("exp(x) + 4exp(-4x)", ["x"]).links[0]
    one, two = diagnose(answer, 5 * G.exp(x) + G.exp(-4 * x), x, None)
    assert (one.kind, two.kind) == ("missing_upstream_factor", "wrong_derivative")
    assert one.message == ("Two slips together give this answer. The first: The factor 5 is missing, "
                           "the derivative of 5·exp(x) by exp(x).")
    assert two.message == ("The second: The derivative of exp at exp(−4·x) was taken as -exp(u), u being its "
                           "argument; it is another.")


@pytest.mark.parametrize("text", ["0", "1", "17"])
def test_a_number_alone_is_not_explained_by_two_slips(text: str) -> None:
    answer = parse(text, ["x"]).links[0]
    assert diagnose(answer, x**3 * G.sin(5 * x) + G.exp(2 * x), x, None) == []


def test_the_guard_of_a_division_is_not_shown() -> None:
    found = [m.message for m in mutations(G.arctanh(1 / x), x)]
    assert not [m for m in found if "where" in m]
    assert any("1/((1 - 1/x)·(1 + 1/x))" in m for m in found)


def test_a_rule_and_a_slip_besides() -> None:
    answer = parse("cos(x)*cos(5x)", ["x"]).links[0]
    one, two = diagnose(answer, G.sin(x) * G.sin(5 * x), x, None)
    assert (one.kind, two.kind, two.where) == ("product_rule", "missing_inner_factor", "5·x")


def test_a_constant_that_python_folded_is_still_known() -> None:
    answer = parse("2*pi^2*exp(2*pi^2*x)", ["x"]).links[0]
    f = G.parse("exp(-2*pi^2*x)")
    assert decide(parse("-2*pi^2*exp(-2*pi^2*x)", ["x"]).links[0], trees([G.gradients(f, "x")]).popitem()[1]
                  ).status == "correct"
    assert diagnose(answer, f, G.input("x"), None) == []


def test_a_deep_graph_keeps_to_its_budget() -> None:
    node = x
    for i in range(25):
        node = G.tanh(G.param(f"v{i}") * node)
    found = diagnose(trees([node])[node], node, x, None)
    assert [d.kind for d in found] == ["not_differentiated"]


@pytest.mark.parametrize(("value", "text"), [
    (-2 * 3.141592653589793**2, "-2·π^2"), (2 / 3.141592653589793**0.5, "2·π^(-0.5)"), (6 ** (1 / 3), "6^(1/3)"),
    (-(2**0.5), "-√(2)"), (0.6931471805599453, "ln(2)"), (1.1, "1.1"), (0.123456789012, "0.123456789012"),
    (3.1416, "3.1416"), (1.4142, "1.4142")])
def test_what_floats_stand_for(value: float, text: str) -> None:
    """To their last bits; a rounded number is itself."""
    assert show(exact(value)).replace("-1·", "-") == text
