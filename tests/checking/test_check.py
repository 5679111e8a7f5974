"""`check`: verdicts on the home exercise and others, in both languages, and what a student reads."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import graphc as G
from graphc.checking import Verdict, check
from graphc.errors import InputError

x1, x2 = G.inputs("x1 x2")
w1, w3, b = G.params("w1 w3 b")
PRE = w1 * x1 + w1 * x2 + b
EXAM = w3 * G.relu(PRE)
Z = "(w1*x1 + w1*x2 + b)"


def exam(answer: object, wrt: object = w1, **options: object) -> Verdict:
    return check(answer, of=EXAM, wrt=wrt, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [
    f"w3*(x1+x2)*1[{Z} > 0]",
    f"∂f/∂w1 = w3(x1+x2)relu'{Z}",
    f"w3 x1 1{{{Z}>0}} + w3 x2 H{Z}",
    f"where({Z} > 0; w3*(x1+x2); 0)",
    r"\begin{cases} w_3(x_1+x_2) & w_1 x_1 + w_1 x_2 + b > 0 \\ 0 & \text{otherwise}\end{cases}",
    f"w3(x1+x2)({Z} + |{Z}|)/(2{Z})",
])
def test_the_exam_answer_is_proved(answer: str) -> None:
    verdict = exam(answer)
    assert (verdict.status, verdict.certainty, verdict.diagnosis) == ("correct", "proved", [])


@pytest.mark.parametrize(("answer", "wrt"), [(f"relu{Z}", w3), (f"max(0, {Z})", "w3"), (f"w3*1[{Z}>0]", b),
                                             (f"w3*w1*1[{Z}>0]", "x1")])
def test_every_variable(answer: str, wrt: object) -> None:
    assert exam(answer, wrt).certainty == "proved"


def test_dividing_by_the_indicator_is_not_multiplying_by_it() -> None:
    verdict = exam(f"w3*(x1+x2)/1[{Z} > 0]")
    assert verdict.status == "wrong" and verdict.counterexample is not None
    assert verdict.counterexample.answer == "undefined"


@pytest.mark.parametrize(("f", "wrt", "answer"), [
    (lambda x, y: G.sigmoid(x) - G.sqrt(y) * x, "x", "sigmoid(x) - sigmoid(x)**2 - sqrt(y)"),
    (lambda x, y: G.sqrt(y) / x, "x", "-sqrt(y)/x^2"),
    (lambda x, y: -x * y**0.25, "x", "-y^(1/4)"),
    (lambda x, y: x * G.exp(y) - x * G.sqrt(x), "x", "e^y - 3/2 sqrt(x)"),
])
def test_a_root_taken_away(f: object, wrt: str, answer: str) -> None:
    x, y = G.inputs("x y")
    verdict = check(answer, of=f(x, y), wrt=wrt)  # type: ignore[operator]
    assert verdict.status == "correct", verdict


def test_the_kink_is_a_note_not_a_mistake() -> None:
    verdict = exam(f"w3*(x1+x2)*1[{Z} >= 0]")
    assert (verdict.status, verdict.flags) == ("correct", {"differs_only_at_kink"})
    assert "matter of convention" in str(verdict)


def test_a_wrong_answer_shows_an_exact_point() -> None:
    verdict = exam(f"w3*x1*1[{Z} > 0]")
    c = verdict.counterexample
    assert verdict.status == "wrong" and verdict.certainty == "counterexample" and c is not None
    p = c.point
    assert p["w1"] * p["x1"] + p["w1"] * p["x2"] + p["b"] > 0
    assert Fraction(c.answer) == p["w3"] * p["x1"]
    assert Fraction(c.derivative) == p["w3"] * (p["x1"] + p["x2"])


def test_what_a_student_reads() -> None:
    assert str(exam(f"df/dw1 = w3*x1*1[{Z} > 0]")) == (
        "Not correct.\n"
        "I read: w3·x1·1[w1·x1 + w1·x2 + b > 0]\n"
        "At w3 = 1, w1 = 9, x1 = 3, x2 = 8, b = 6: your answer gives 3, the derivative is 11.\n"
        "You kept one of the two paths from w1: through w1·x1, not w1·x2. Gradients add at a fan-out."
    )


def test_what_a_student_reads_in_french() -> None:
    verdict = exam(f"0,5*w3*x1*1[{Z} > 0]", lang="fr")
    assert str(verdict).startswith("Incorrect.\nJ'ai lu\u00a0: 0,5·w3·x1·1[w1·x1 + w1·x2 + b > 0]\nEn w3 = 1; w1 = 9;")
    assert "votre réponse donne 1,5" in str(verdict) or "votre réponse donne 3/2" in str(verdict)
    proved = exam(f"w3*(x1+x2)*1[{Z} > 0]", lang="fr")
    assert str(proved).endswith("Certitude\u00a0: prouvé.") and proved.certainty == "proved"


def test_an_unreadable_answer_is_invalid_with_a_caret() -> None:
    verdict = exam("w3*(x1 + * x2)")
    assert verdict.status == "invalid" and verdict.counterexample is None
    assert str(verdict).splitlines()[-2:] == ["  w3*(x1 + * x2)", "           ^"]


def test_a_limit_is_undecided_never_wrong() -> None:
    verdict = exam("9^9^9^9")
    assert (verdict.status, verdict.certainty) == ("undecided", "an exponent of 387420489 is past the limit of 9999")
    assert "Pourquoi\u00a0: un exposant de 387420489 dépasse" in str(exam("9^9^9^9", lang="fr"))


@pytest.mark.parametrize("answer", ["df/dw3 = x1", "dw3 = x1", "∂f/∂b = x1", "∂z/∂w1 = x1"])
def test_the_left_side_must_be_the_question(answer: str) -> None:
    f = w3 * G.relu(PRE.named("z"))
    verdict = check(answer, of=f, wrt=w1)
    assert verdict.status == "invalid" and "the question asks for the one" in str(verdict)


def test_named_nodes_and_defines_may_be_used() -> None:
    named = w3 * G.relu(PRE.named("z"))
    assert check("w3*(x1+x2)*1[z>0]", of=named, wrt=w1).certainty == "proved"
    assert exam("w3*(x1+x2)*relu'(q)", defines={"q": PRE}).certainty == "proved"
    assert "no name z" in str(exam("w3*(x1+x2)*1[z>0]"))


def test_every_link_of_a_chain_is_checked() -> None:
    good = exam(f"w3(x1+x2)relu'{Z} = (w3 x1 + w3 x2) relu'{Z}")
    assert good.certainty == "proved" and " = " in good.read_as
    bad = exam(f"w3(x1+x2)relu'{Z} = w3 x1 relu'{Z} = w3(x1+x2)relu'{Z}")
    assert bad.status == "wrong" and bad.failing == "w3·x1·ReLU'(w1·x1 + w1·x2 + b)"


def test_an_expr_as_answer() -> None:
    assert exam(G.gradients(EXAM, w1)).certainty == "proved"
    assert exam(w3 * (x1 + x2)).status == "wrong"
    assert exam(0).status == exam(np.float64(0.5)).status == exam(np.int64(2)).status == "wrong"
    assert check(np.float64(0.1), of=x1 / 10, wrt=x1).certainty == "proved"
    assert exam(float("nan")).status == "undecided"


def test_a_sympy_expression_as_answer() -> None:
    import sympy as sp

    s = {name: sp.Symbol(name) for name in ("w1", "w3", "b", "x1", "x2")}
    pre = s["w1"] * s["x1"] + s["w1"] * s["x2"] + s["b"]
    slope = s["w3"] * (s["x1"] + s["x2"])
    assert exam(slope * sp.Heaviside(pre)).certainty == "proved"
    assert exam(sp.Piecewise((slope, pre > 0), (0, True))).certainty == "proved"
    assert exam(slope).status == "wrong"
    assert exam(sp.Symbol("q")).status == "invalid"
    with pytest.raises(InputError, match="SymPy's zeta has no counterpart here"):
        exam(sp.zeta(s["x1"]))


def test_a_hostile_sympy_symbol_stays_a_name() -> None:
    import sympy as sp

    verdict = exam(sp.Symbol("x\u202e\x00"))
    assert verdict.status == "invalid" and "\u202e" not in str(verdict) and "\x00" not in str(verdict)


def test_the_logistic_loss_as_in_the_textbook() -> None:
    x, y, w = G.input("x"), G.input("y"), G.param("w")
    p = G.sigmoid(w * x + b).named("p")
    loss = -(y * G.log(p) + (1 - y) * G.log(1 - p))
    assert check("(p - y) x", of=loss, wrt=w).certainty == "proved"
    assert check("(σ(wx+b) - y)*x", of=loss, wrt=w).certainty == "proved"
    assert check("(y - p) x", of=loss, wrt=w).diagnosis[0].kind == "sign_global"


@pytest.mark.parametrize(("f", "answer"), [
    (lambda x: x ** (1 / 3), "1/3 x^(-2/3)"),
    (lambda x: 0.1 * x * x, "x/5"),
    (lambda x: G.sqrt(x * x + 1), "x/sqrt(1+x^2)"),
    (lambda x: abs(x) * x, "2|x|"),
    (lambda x: G.maximum(x, 0) ** 2, "2max(0,x)"),
    (lambda x: x**x, "x^x(1 + ln x)"),
    (lambda x: G.where(x > 1, G.log(x), 0), "1[x>1]/x"),
    (G.softplus, "σ(x)"),
    (lambda x: G.tanh(x) / x, "(1-tanh(x)^2)/x - tanh(x)/x^2"),
])
def test_scalar_functions(f: object, answer: str) -> None:
    x = G.input("x")
    assert check(answer, of=f(x), wrt=x).status == "correct"  # type: ignore[operator]


def test_the_derivative_by_an_intermediate_value() -> None:
    x, y, w = G.input("x"), G.input("y"), G.param("w")
    p = G.sigmoid(w * x).named("p")
    loss = -(y * G.log(p) + (1 - y) * G.log(1 - p))
    assert check("∂L/∂p = (p - y)/(p(1-p))", of=loss, wrt=p).certainty == "proved"
    assert check("(p - y)/p", of=loss, wrt="p").status == "wrong"


def test_second_derivatives_are_derivatives_too() -> None:
    x = G.input("x")
    first = G.gradients(G.sigmoid(x), x)
    assert check("σ(x)(1-σ(x))(1-2σ(x))", of=first, wrt=x).certainty == "proved"


def test_an_op_without_entries_is_undecided_with_the_reason() -> None:
    A = G.input("A", 3, 3)
    f = G.sum(G.linalg.eigvalsh(A) ** 2)
    assert check("2A", of=f, wrt=A).status == "undecided"
    assert "n'a pas de forme exacte coefficient par coefficient" in str(check("2A", of=f, wrt=A, lang="fr"))


def test_a_variable_that_f_does_not_depend_on() -> None:
    x, other = G.inputs("x other")
    assert check("0", of=x * x, wrt=other).certainty == "proved"
    assert check("x", of=x * x, wrt=other).status == "wrong"


@pytest.mark.parametrize(("options", "reason"), [
    ({"lang": "de"}, "no lang 'de'; choose from en, fr"),
    ({"syntax": "tex"}, "no syntax 'tex'; choose from auto, text, latex"),
    ({"wrt": "q"}, "no value named 'q' in this graph; it has x1, x2, w1"),
    ({"wrt": 3}, "`wrt` must be an Expr or a name, got int"),
    ({"answer": [1]}, "an answer is text, an Expr or a SymPy expression, got list"),
    ({"defines": {"z": 3}}, r"defines\['z'\] must be an Expr, got int"),
])
def test_wrong_options(options: dict[str, object], reason: str) -> None:
    given = {"answer": "x1", **options}
    with pytest.raises(InputError, match=reason):
        exam(given.pop("answer"), **{"wrt": w1, **given})


def test_a_long_chain_does_not_recurse() -> None:
    x = G.input("x")
    node = x
    for _ in range(3000):
        node = node + 1
    assert check("1", of=node, wrt=x).status == "correct"


def test_numbers_that_python_rounded_are_not_held_against_a_graph() -> None:
    x = G.input("x")
    rounded = float(np.exp(0.3)) * x
    assert check(rounded, of=G.exp(0.3) * x * x / 2, wrt=x).status == "undecided"
    assert check(rounded * 1.0001, of=G.exp(0.3) * x * x / 2, wrt=x).status == "wrong"
    assert check("1.3498588075760032x", of=G.exp(0.3) * x * x / 2, wrt=x).status == "wrong"  # typed so, it is meant so
