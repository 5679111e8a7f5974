"""Diagnosis: one mistake at one place, named with its node; the mistaken derivatives are worked out by hand."""

from __future__ import annotations

import pytest

import graphc as G
from graphc.checking import check
from graphc.ir import Expr

w, w1, w2, w3, b, c = G.params("w w1 w2 w3 b c")
x, x1, x2, y, lam = G.inputs("x x1 x2 y lam")
EXAM = w3 * G.relu(w1 * x1 + w1 * x2 + b)
SQUARE = (G.sigmoid(w * x + b) - y) ** 2 / 2
z = (w * x + b).named("z")
a = G.sigmoid(z).named("a")
LOSS = (a - y) ** 2
THREE = w * x1 + w * x2 + w * y
Z = "(w1*x1 + w1*x2 + b)"
P = "σ(wx+b)"

CASES: list[tuple[str, Expr, Expr, str, str]] = [
    (f"w3*x1*1[{Z}>0]", EXAM, w1, "one_path_of_fanout", "w1"),
    (f"w3*x2*1[{Z}>0]", EXAM, w1, "one_path_of_fanout", "w1"),
    ("w3*(x1+x2)", EXAM, w1, "missing_relu_mask", "relu(w1·x1 + w1·x2 + b)"),
    (f"w3*(x1+x2)*1[{Z}<0]", EXAM, w1, "wrong_relu_mask", "relu(w1·x1 + w1·x2 + b)"),
    (f"(x1+x2)*1[{Z}>0]", EXAM, w1, "missing_upstream_factor", "w3·relu(w1·x1 + w1·x2 + b)"),
    (f"-w3*(x1+x2)*1[{Z}>0]", EXAM, w1, "sign_global", "w3·relu(w1·x1 + w1·x2 + b)"),
    (f"relu{Z}", EXAM, w1, "wrong_variable", "w3"),
    (f"w3*relu{Z}", EXAM, w1, "not_differentiated", "w3·relu(w1·x1 + w1·x2 + b)"),
    (f"3w3*(x1+x2)*1[{Z}>0]", EXAM, w1, "wrong_scale(3)", "w3·relu(w1·x1 + w1·x2 + b)"),
    ("w3*(x1+x2)*1[x1>0]", EXAM, w1, "derivative_at_wrong_point", "relu(w1·x1 + w1·x2 + b)"),
    (f"({P}-y)*x", SQUARE, w, "missing_activation_derivative", "sigmoid(w·x + b)"),
    (f"({P}-y)*σ'(x)*x", SQUARE, w, "derivative_at_wrong_point", "sigmoid(w·x + b)"),
    (f"({P}-y)*σ'({P})*x", SQUARE, w, "derivative_at_wrong_point", "sigmoid(w·x + b)"),
    (f"2({P}-y)*σ'(wx+b)*x", SQUARE, w, "missing_upstream_factor", "(sigmoid(w·x + b) − y)^2/2"),
    ("x1", THREE, w, "one_path_of_fanout", "w"),
    ("x1 + y", THREE, w, "one_path_of_fanout", "w"),
    ("2x*e^x", x * x * G.exp(x), x, "product_rule", "x·x·exp(x)"),
    ("1/x/(2x)", G.log(x) / (x * x), x, "quotient_rule", "log(x)/(x·x)"),
    ("x^5 ln x", x**5, x, "exponential_power", "x^5"),
    ("2x + c", x * x + c, x, "constant_kept", "x·x + c"),
    # paths and terms
    ("2(a-y)*a(1-a)*x", LOSS + lam * w**2, w, "missing_regularisation_term", "lam·w^2"),
    ("x^x*ln(x)", x**x, x, "one_path_of_fanout", "x"),
    # factors of the chain rule
    ("2(a-y)*x", LOSS, w, "missing_activation_derivative", "a"),
    ("2(a-y)*a(1-a)*a(1-a)*x", LOSS, w, "extra_activation_derivative", "a"),
    ("2(a-y)*z(1-z)*x", LOSS, w, "input_instead_of_output", "a"),
    ("2(z-y)*a(1-a)*x", LOSS, w, "input_instead_of_output", "a"),
    ("2(a-y)*a(1-a)*w*x", LOSS, w, "leftover_variable", "w·x"),
    ("2(a-y)*(1-a)*x", LOSS, w, "wrong_derivative", "a"),
    ("2(a-y)*a*x", LOSS, w, "not_differentiated", "a"),
    ("2(a-y)", LOSS, w, "missing_inner_factor", "a − y"),
    ("2(a+y)*a(1-a)*x", LOSS, w, "sign_term", "a − y"),
    ("z", w3 * G.relu(z), w3, "input_instead_of_output", "relu(z)"),
    ("cos(x^3)", G.sin(x**3), x, "missing_inner_factor", "x^3"),
    ("4/sqrt(1-x^2)", 4 * G.arcsin(7 * x**2), x, "missing_inner_factor", "arcsin(7·x^2)"),
    ("e^(2x)", G.exp(x**2), x, "derivative_at_wrong_point", "exp(x^2)"),
    ("8x^7 + 1/(4x^(3/4))", 4 * x**0.25 + x**8 / 8, x, "missing_upstream_factor", "4·x^0.25 + x^8/8"),
    ("cos(3x) + 3(x^2+1)^2", G.sin(3 * x) + (x**2 + 1) ** 3, x, "missing_inner_factor", "sin(3·x) + (x^2 + 1)^3"),
    ("2x", 2 * G.log(x**2 + 1), x, "missing_upstream_factor", "x^2 + 1"),
    ("3w^2 - x1*(1-tanh(w*x1)^2)", G.tanh(w * x1) + w**3, w, "sign_term", "tanh(w·x1) + w^3"),
    # functions and powers
    ("-2cos(2x) + 3e^(3x)", G.sin(2 * x) + G.exp(3 * x), x, "wrong_derivative", "sin(2·x)"),
    ("cos(2x)*pi/90", G.sin(2 * x), x, "wrong_scale(π/180)", "sin(2·x)"),
    ("x^6", x**7, x, "power_rule", "x^7"),
    ("7x^7", x**7, x, "power_rule", "x^7"),
    ("7x^8", x**7, x, "power_rule", "x^7"),
    ("6x^6", x**7, x, "power_rule", "x^7"),
    ("1/sqrt(x)", G.sqrt(x), x, "power_rule", "√(x)"),
    ("2^x", 2**x, x, "exponential_power", "2^x"),
    ("x*e^(x-1)", G.exp(x), x, "exponential_power", "exp(x)"),
    ("x^3/3 + x^2/2", x**2 + x, x, "integrated", "x^2 + x"),
    ("-cos(5x)/5", G.sin(5 * x), x, "integrated", "sin(5·x)"),
    ("2x + 3", x**2, x, "constant_kept", "x^2"),
    # products and quotients
    ("2x*sin(x)", x**2 * G.sin(x), x, "product_rule", "x^2·sin(x)"),
    ("2x + cos(x)", x**2 * G.sin(x), x, "product_rule", "x^2·sin(x)"),
    ("2x^3 + sin(x)*cos(x)", x**2 * G.sin(x), x, "product_rule", "x^2·sin(x)"),
    ("2x*sin(x) - x^2*cos(x)", x**2 * G.sin(x), x, "product_rule", "x^2·sin(x)"),
    ("(x*cos(x)+sin(x))/x^2", G.sin(x) / x, x, "quotient_rule", "sin(x)/x"),
    ("(x*cos(x)-sin(x))/x", G.sin(x) / x, x, "quotient_rule", "sin(x)/x"),
    ("x*cos(x)-sin(x)", G.sin(x) / x, x, "quotient_rule", "sin(x)/x"),
    ("cos(x)/x", G.sin(x) / x, x, "quotient_rule", "sin(x)/x"),
    ("2x + (sin(x)-x*cos(x))/x^2", x**2 + G.sin(x) / x, x, "quotient_rule", "sin(x)/x"),
    ("(sin(x)-x*cos(x))/sin(x)^2", G.sin(x) / x, x, "quotient_rule", "sin(x)/x"),
    # of the whole answer
    ("x1*x2", w * x1 + x2, w, "extra_factor", "w·x1 + x2"),
]


@pytest.mark.parametrize(("answer", "f", "wrt", "kind", "where"), CASES)
def test_the_mistake_is_named(answer: str, f: Expr, wrt: Expr, kind: str, where: str) -> None:
    verdict = check(answer, of=f, wrt=wrt)
    assert verdict.status == "wrong"
    assert (kind, where) in [(d.kind, d.where) for d in verdict.diagnosis]


@pytest.mark.parametrize(("answer", "f", "wrt", "kind", "where"), CASES)
def test_every_finding_has_a_sentence_in_both_languages(answer: str, f: Expr, wrt: Expr, kind: str, where: str) -> None:
    english, french = (check(answer.replace(",", ";"), of=f, wrt=wrt, lang=lang).diagnosis for lang in ("en", "fr"))
    assert [d.kind for d in english] == [d.kind for d in french]
    assert all(e.message != f.message and "{" not in e.message + f.message for e, f in zip(english, french))


def test_three_paths_two_missed() -> None:
    (finding,) = check("x1", of=THREE, wrt=w).diagnosis
    assert finding.message == ("You kept one of the three paths from w: through w·x1, not w·x2, w·y. "
                               "Gradients add at a fan-out.")
    (finding,) = check("x1 + y", of=THREE, wrt=w).diagnosis
    assert "You missed one of the three paths from w: the one through w·x2" in finding.message


def test_ties_say_compatible_with() -> None:
    findings = check(f"({P}-y)*σ'(wx+b)", of=SQUARE, wrt=w).diagnosis
    assert {"missing_inner_factor", "wrong_variable"} <= {d.kind for d in findings}
    assert all(d.message.startswith("This is compatible with: ") for d in findings)


def test_a_mistake_that_does_no_harm_is_not_named() -> None:
    assert check("x + 17*x1", of=x * x, wrt=x).diagnosis == []


def test_right_answers_have_no_diagnosis() -> None:
    assert check(f"w3*(x1+x2)*1[{Z}>0]", of=EXAM, wrt=w1).diagnosis == []


def test_a_fan_out_inside_the_graph() -> None:
    h = G.tanh(x * w).named("h")
    f = h * x1 + h * h
    assert check("x1*(1-h^2)*x", of=f, wrt=w).diagnosis[0].kind == "one_path_of_fanout"
    assert check("x1*(1-h^2)*x", of=f, wrt=w).diagnosis[0].where == "h"


def test_a_large_graph_is_judged_without_a_diagnosis() -> None:
    node = x
    for _ in range(80):
        node = node * 1.5 + 1
    verdict = check("x", of=node, wrt=x)
    assert (verdict.status, verdict.diagnosis) == ("wrong", [])


def test_a_mask_that_is_missing_is_all_that_is_said() -> None:
    x, w3, w1, b = (G.input(n) for n in ("x", "w3", "w1", "b"))
    verdict = check("w3", of=w3 * G.relu(w1 * x + b), wrt=b)
    assert [f.kind for f in verdict.diagnosis] == ["missing_relu_mask"]
    assert verdict.diagnosis[0].message.startswith("You forgot the derivative of ReLU at relu(w1·x + b)")
