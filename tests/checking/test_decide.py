"""Deciding equality: trap pairs, proofs, exact counterexamples, domains and kinks."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from graphc.checking.deciding.assume import Assumptions
from graphc.checking.deciding.core import Pool
from graphc.checking.deciding.decide import Decision, compare, decide
from graphc.checking.deciding.feasible import feasible
from graphc.checking.reading.parse import parse
from graphc.checking.reading.tree import Tree

NAMES = ["x", "y", "z", "w1", "w3", "x1", "x2", "b", "a"]
Z = "w1*x1 + w1*x2 + b"
EXAM = f"where({Z} > 0, w3*(x1 + x2), 0)"


def tree(text: str) -> Tree:
    return parse(text, NAMES).links[0]


def verdict(answer: str, truth: str, *domain: str) -> Decision:
    return decide(tree(answer), tree(truth), [tree(d) for d in domain])


PROVED = [
    (f"w3*(x1+x2)*1[{Z} > 0]", EXAM),
    (f"w3*x1*relu'({Z}) + x2*w3*relu'({Z})", EXAM),
    ("w3*(x1+x2)*H(2w1*x1 + 2w1*x2 + 2b)", EXAM),
    ("σ(z)(1-σ(z))", "e^-z/(1+e^-z)^2"),
    ("1 - tanh(z)^2", "4e^(2z)/(e^(2z)+1)^2"),
    ("1/cosh(z)^2", "tanh'(z)"),
    ("σ(x) - 1/2", "tanh(x/2)/2"),
    ("softplus(x)", "ln(1+e^-x) + x"),
    ("sqrt(x^2)", "|x|"),
    ("x*sign(x)", "|x|"),
    ("max(x,y)", "(x+y+|x-y|)/2"),
    ("relu(x) - relu(-x)", "x"),
    ("ln(x y)", "ln(x) + ln(y)"),
    ("ln(x^2)", "2ln|x|"),
    ("x^a*a/x", "a*x^(a-1)"),
    ("2^x ln 2", "ln(2) e^(x ln 2)"),
    ("sin(2x)", "2 sin(x) cos(x)"),
    ("sin(3x)", "3sin(x) - 4sin(x)^3"),
    ("1 + tan(x)^2", "1/cos(x)^2"),
    ("sin(x + pi/2)", "cos(x)"),
    ("cos(pi/12)", "(sqrt(6) + sqrt(2))/4"),
    ("sin(pi/3) cos(5pi/6) tan(-pi/4)", "3/4"),
    ("cos(7pi/12)", "(sqrt(2) - sqrt(6))/4"),
    ("sin(asin(x))", "x + 0*asin(x)"),
    ("cos(asin(-x))", "sqrt(1 - x^2)"),
    ("sin(atan(-x))", "-x/sqrt(1 + x^2)"),
    ("tan(atan(x))", "x"),
    ("atanh(x)", "ln((1+x)/(1-x))/2"),
    ("asin(x) + acos(x)", "pi/2 + 0*asin(x)"),
    ("sqrt(8)", "2sqrt(2)"),
    ("e^(x/2) e^(x/3)", "e^(5x/6)"),
    ("1[x y > 0]", "1[x>0]1[y>0] + 1[x<0]1[y<0]"),
    ("(x+1)^20", "(x+1)^19*(x+1)"),
    ("1/sqrt(x)", "sqrt(x)/x"),
    ("1[x>0]1[x+1>0]", "1[x>0]"),
    ("0", "x - x"),
]


@pytest.mark.parametrize(("answer", "truth"), PROVED)
def test_proved(answer: str, truth: str) -> None:
    found = verdict(answer, truth)
    assert (found.status, found.certainty) == ("correct", "proved")


# One mistake each, of the kind that sampling floats or comparing strings lets through.
WRONG = [
    (f"w3*x1*1[{Z} > 0]", EXAM),
    ("w3*(x1+x2)", EXAM),
    (f"w3*(x1+x2)*1[{Z} < 0]", EXAM),
    ("0.333x", "x/3"),
    ("x + 1e-300*sin(x)", "x"),
    ("1[0 < x < 0.001]", "0"),
    ("relu(x - 1000)", "0"),
    ("x*1[x > -100000]", "x"),
    ("x^2*1[x>0]", "x^2"),
    ("x", "|x|"),
    ("atan(x) + atan(1/x)", "pi/2"),
    ("e^x*1[x<700] + 1e300*1[x>=700]", "e^x"),
    ("2ln(x)", "ln(x^2)"),
    ("e^(e^(e^x)) + 1", "e^(e^(e^x))"),
    ("tanh(50x)", "sign(x)"),
    ("3.14159265358979323846", "pi"),
    ("1[relu(x) >= 0]", "1[x > 0]"),
    ("where(relu(x) = 0, 5, 1)", "1"),
    ("1[floor(x) = 0]", "0"),
]


@pytest.mark.parametrize(("answer", "truth"), WRONG)
def test_wrong_comes_with_a_true_counterexample(answer: str, truth: str) -> None:
    found = verdict(answer, truth)
    assert found.status == "wrong" and found.witness is not None
    pool = Pool()
    outcome, _ = compare(pool.lower(tree(answer)), pool.lower(tree(truth)), (), found.witness.point, (8192,))
    assert outcome in ("differ", "narrower")
    assert all(isinstance(v, Fraction) for v in found.witness.point.values())


def test_counterexample_values_by_hand() -> None:
    found = verdict("x^2 + 1", "x^2 + x")
    assert found.witness is not None
    x = found.witness.point["x"]
    assert Fraction(str(found.witness.got)) == x * x + 1
    assert Fraction(str(found.witness.need)) == x * x + x


def test_an_independent_float_agrees_with_the_witness() -> None:
    found = verdict("exp(x)*sin(x)", "exp(x)*cos(x)")
    assert found.witness is not None
    x = float(found.witness.point["x"])
    assert float(found.witness.got.mid()) == pytest.approx(math.exp(x) * math.sin(x), rel=1e-9)


@pytest.mark.parametrize(("answer", "truth"), [
    ("1[x >= 0]", "1[x > 0]"),
    ("H(x)", "1[x > 0]"),
    ("x/|x|", "sign(x)"),
    (f"w3*(x1+x2)*1[{Z} >= 0]", EXAM),
    ("where(x = 0, 7, |x|)", "x*sign(x)"),
])
def test_a_difference_on_a_kink_alone_is_correct_and_flagged(answer: str, truth: str) -> None:
    found = verdict(answer, truth)
    assert found.status == "correct" and found.flags == {"differs_only_at_kink"}


@pytest.mark.parametrize(("answer", "truth"), [("where(x = 0, 7, x)", "x"), ("2x + 1[x = 3]", "2x")])
def test_a_difference_at_a_point_where_the_derivative_is_smooth_is_wrong(answer: str, truth: str) -> None:
    found = verdict(answer, truth)
    assert found.status == "wrong" and found.witness is not None
    assert found.witness.got != found.witness.need


def test_holes_past_the_twelfth_switch_are_holes() -> None:
    holes = "*".join(f"(x+{i})/(x+{i + 30})" for i in range(-29, 31))
    assert verdict(f"2x + 0*({holes})", "2x").status == "correct"


def test_no_kink_is_flagged_where_there_is_none() -> None:
    assert verdict(f"w3*(x1+x2)*1[{Z} > 0]", EXAM).flags == set()


def test_an_answer_may_be_defined_where_the_truth_is_not() -> None:
    assert verdict("x", "e^(ln x)").certainty == "proved"


def test_an_answer_undefined_where_the_truth_is_defined_is_wrong() -> None:
    found = verdict("e^(ln x)", "x")
    assert (found.status, found.flags) == ("wrong", {"domain_narrower"})
    assert found.witness is not None and found.witness.got is None and found.witness.point["x"] < 0


def test_nothing_is_asked_outside_the_domain_of_f() -> None:
    assert verdict("e^(-ln x)", "1/x", "ln x").certainty == "proved"


def test_a_hole_in_the_answer_is_correct_and_flagged() -> None:
    found = verdict("(x^2-1)/(x-1)", "x + 1")
    assert (found.status, found.certainty, found.flags) == ("correct", "proved", {"domain_narrower"})


def test_a_truth_defined_nowhere_is_undecided() -> None:
    found = verdict("x", "ln(-1 - x^2)")
    assert (found.status, found.certainty) == ("undecided", "nowhere")


def test_what_cannot_be_proved_says_how_far_it_looked() -> None:
    found = verdict("gamma(x+1)", "x*gamma(x)")
    assert (found.status, found.certainty) == ("correct", "sampled") and found.points > 20


def test_deterministic() -> None:
    first, second = (verdict("x*sin(y)", "y*sin(x)") for _ in range(2))
    assert first.witness is not None and second.witness is not None
    assert first.witness.point == second.witness.point


def test_feasibility_by_hand() -> None:
    x, y, one = (1, 0), (0, 1), (0, 0)
    assert feasible([({x: 1, y: 1}, 1), ({x: 1, y: -1}, -1)])
    assert not feasible([({x: 1, y: 1}, 1), ({x: 1}, -1), ({y: 1}, -1)])  # x + y > 0, x < 0, y < 0
    assert not feasible([({x: 1, one: -1}, 1), ({x: 2, one: -1}, -1)])  # x > 1 and x < 1/2


def test_a_shared_tree_costs_its_nodes_not_its_paths() -> None:
    from graphc.checking.reading.tree import add, nodes, sym

    node = sym("x")
    for _ in range(12):
        node = add(node, node)
    assert len(nodes(node)) == 13
    assert decide(node, tree("4096x")).certainty == "proved"


def test_a_form_that_is_too_large_has_its_chance_stated() -> None:
    found = verdict("(x+y+z+a+b)^13*(x-y)", "(x+y+z+a+b)^12*(x*x+x*z+x*a+x*b-y*y-y*z-y*a-y*b)")
    assert (found.status, found.certainty) == ("correct", "chance")
    assert found.parts["degree"] == 14 and found.parts["bits"] > 100


def test_floor_at_a_switch_is_never_proved() -> None:
    assert verdict("x*1[floor(x/10^9) = 0]", "0").status != "correct"
    assert verdict("1[floor(x) >= 0]", "1[x >= 0]").certainty != "proved"


@pytest.mark.parametrize(("words", "answer", "truth", "status"), [
    (("positive",), "1", "x/|x|", "correct"), (("negative",), "1", "x/|x|", "wrong"), ((), "1", "x/|x|", "wrong"),
    (("> 1",), "sqrt(x-1)*sqrt(x+1)", "sqrt(x^2-1)", "correct"), (("< -1",), "sqrt(x-1)*sqrt(x+1)", "sqrt(x^2-1)",
     "wrong"), (("integer",), "cos(2pi x)", "1", "correct"), (("nonzero",), "x/x", "1", "correct"),
])
def test_assumptions(words: tuple[str, ...], answer: str, truth: str, status: str) -> None:
    assert decide(tree(answer), tree(truth), assume=Assumptions({"x": words})).status == status
