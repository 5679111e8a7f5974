"""Quizzes of others: derivatives of STACK questions are taken, everything else is told with its reason."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from contextlib import suppress

import pytest
import sympy as sp
from exchange_exercises import NEURON
from hypothesis import given
from hypothesis import strategies as st

import graphc as G
from graphc.checking.reading.tree import show
from graphc.errors import GraphcError, InputError
from graphc.exchange import foreign
from graphc.exchange.maxima_in import NotRead, statements
from graphc.exchange.maxima_values import Session
from graphc.exchange.xml_text import element, plain


def question(variables, answer, name="One", text="Differentiate {@p@}.", grade="2.0000000", kind="stack", nodes=3):
    return element(
        "question", element("name", element("text", plain(name))),
        element("questiontext", element("text", plain(text)), format="html"), element("defaultgrade", grade),
        element("questionvariables", element("text", plain(variables))),
        element("input", element("name", "ans1"), element("type", "algebraic"), element("tans", plain(answer))),
        element("prt", *(element("node", element("name", str(i))) for i in range(nodes))), type=kind)


def imported(tmp_path, *questions, lang="en"):
    path = tmp_path / "quiz.xml"
    path.write_text(element("quiz", *questions), encoding="utf-8")
    return G.import_exercises(path, lang=lang)


X, T, A = sp.symbols("x t a")
TAKEN = [
    ("p:x^3*sin(2*x);", "diff(p,x)", X**3 * sp.sin(2 * X), X),
    ("v:x; pp1:v; pp2:4-v^2; p:pp1/pp2;", "factor(diff(p,v))", X / (4 - X**2), X),
    ("p:%e^(-t)*log(1+t^2); ta:diff(p,t);", "ta", sp.exp(-T) * sp.log(1 + T**2), T),
    ("/* a comment; */ p:sqrt(a*x)$ ta:ev(ratsimp(diff(p,x)),simp)$", "ta", sp.sqrt(A * X), X),
    ("f(u):=u^2+1; p:f(3*x); v:x;", "diff(p,v)", 9 * X**2 + 1, X),
    ("L:[x^2,x^3]; p:L[2]; q:second(L);", "diff(p,x)", X**3, X),
    ("p:subst(x=2*t,x^2+x); ", "diff(p,t)", 4 * T**2 + 2 * T, T),
    ("p:x^5; ta:5*x^4;", "ta", X**5, X),
    ("p:abs(x)+max(x,1);", "diff(p,x)", sp.Abs(X) + sp.Max(X, 1), X),
    ("p:2*x^(1/2)-x^-1;", "diff(p,x)", 2 * sp.sqrt(X) - 1 / X, X),
]


@pytest.mark.parametrize("variables, answer, function, by", TAKEN)
def test_a_derivative_is_taken(tmp_path, variables, answer, function, by):
    [found] = imported(tmp_path, question(variables, answer))
    e = found.exercise
    [q] = e.questions
    assert (q.ask, q.wrt, q.points, e.title.in_("en")) == ("formula", (str(by),), 2, "One")
    for value in (0.6, 1.7):
        here = {str(s): value + 0.3 * i for i, s in enumerate(sorted(function.free_symbols, key=str))}
        want = float(function.subs(here))
        assert float(G.evaluate(e.f, here)) == pytest.approx(want, rel=1e-12)
        step = 1e-5
        ahead, behind = (float(function.subs({**here, str(by): here[str(by)] + d})) for d in (step, -step))
        slope = (ahead - behind) / (2 * step)
        assert float(G.evaluate(e.answers(q, None)[0].formula, here)) == pytest.approx(slope, rel=1e-7, abs=1e-8)
    assert G.check(q.answer, of=e.f, wrt=str(by)).status == "correct"
    assert found.notes == ("'One': 2 feedback nodes were left behind; graphc names slips by itself",)


def test_random_numbers_are_drawn_once_and_the_same_every_time(tmp_path):
    text = "n:2+rand(8); m:rand([3,5,7]); k:rand_with_prohib(-3,3,[0]); s:rand_with_step(1,9,2); p:m*x^n+k*x+s;"
    [found], [again] = (imported(tmp_path, question(text, "diff(p,x)", nodes=0)) for _ in range(2))
    assert found.text == again.text
    assert found.notes == ("'One': its random numbers were drawn once; the exercise has these for all",)
    session = Session("any")
    session.run(text)
    values = {k: session.values[k].number for k in "nmks"}
    assert 2 <= values["n"] < 10 and values["m"] in (3, 5, 7) and values["s"] in (1, 3, 5, 7, 9)
    assert values["k"] in (-3, -2, -1, 1, 2, 3)


def test_a_barred_number_is_never_drawn():
    for seed in map(str, range(40)):
        session = Session(seed)
        session.run("k:rand_with_prohib(-2,2,[0,1]); s:rand_with_step(2,8,3);")
        assert session.values["k"].number in (-2, -1, 2) and session.values["s"].number in (2, 5, 8)


def test_a_function_that_would_be_read_otherwise_is_not_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(foreign, "show", lambda tree, *_: show(tree).replace("3", "4"))
    with pytest.raises(InputError, match="'One' was not taken: its function would not be the same"):
        imported(tmp_path, question("p:x^3;", "diff(p,x)"))


def test_several_questions_are_several_exercises(tmp_path):
    other = element("question", element("name", element("text", "Count")), type="numerical")
    essay = element("question", element("name", element("text", "Say")), type="essay")
    found = imported(tmp_path, question("p:x^2;", "diff(p,x)", "A", nodes=0), other,
                     question("p:x^3;", "diff(p,x)", "B", nodes=0), essay)
    assert [f.exercise.title.in_("en") for f in found] == ["A", "B"]
    assert [f.notes for f in found[:-1]] == [()]
    assert found[-1].notes == (
        "'Count' was not taken: a numerical question has a number but no function to ask about",
        "'Say' was not taken: a question of type essay; STACK and numerical questions are taken")


def test_our_own_formula_is_taken_where_the_source_was_deleted(tmp_path):
    path = tmp_path / "quiz.xml"
    e = G.Exercise.loads(NEURON)
    G.export_exercise(e, path, variants=1, figure=False)
    tree = ET.parse(path)
    root = tree.getroot()
    root.remove(next(q for q in root if q.get("type") == "description"))
    tree.write(path, encoding="utf-8")
    [found] = G.import_exercises(path)
    assert G.check("w3*(x1 + x2)*1[w1*x1 + w1*x2 + b > 0]", of=found.exercise.f, wrt="w1").status == "correct"
    assert "a Cloze question has answers but no function" in found.notes[-1]


@pytest.mark.parametrize("variables, answer, why", [
    ("p:x^2;", "integrate(p,x)", "no answer of it is the derivative of a function that it gives"),
    ("p:x^2;", "x^2+1", "no answer of it is the derivative"), ("p:x^2; block([a],", "diff(p,x)", "the text ends where"),
    ("p:%i*x;", "diff(p,x)", "no answer"), ("p:" + "(" * 200, "1", "nested more than 60 deep"),
    ("p:x" + "+x" * 5000, "diff(p,x)", "words of Maxima; the limit is 8,000"),
    ("p:x^(10^9);", "diff(p,x)", "no answer"), ("p:((9^9)^9999)^9999*x;", "diff(p,x)", "no answer"),
    ("f(x):=f(x+1); p:f(x);", "diff(p,x)", "no answer"), ("p:x; p:" + "p*" * 400 + "p;", "diff(p,x)", "no answer")])
def test_what_is_not_taken_is_told_with_its_reason(tmp_path, variables, answer, why):
    with pytest.raises(InputError, match=r"no question of quiz\.xml could be taken:\n'One' was not taken: .*") as told:
        imported(tmp_path, question(variables, answer))
    assert why in str(told.value)


def test_french_notes(tmp_path):
    with pytest.raises(InputError, match="'One' n’a pas été repris\u00a0: aucune de ses réponses n’est la dérivée"):
        imported(tmp_path, question("p:x;", "x^7"), lang="fr")


def test_a_hostile_name_is_a_title(tmp_path):
    [found] = imported(tmp_path, question("p:x^2;", "diff(p,x)", "$\\input{x}$ <script> \" ''' \\(\\frac{1}{2}\\)"))
    assert found.exercise.title.in_("en").startswith("\\$\\input{x}\\$ <script> \"")


@given(st.text(st.sampled_from(list("px12+-*/^()[]:;,.$'\"=<> rand diff if then else\n%i")), max_size=60))
def test_no_text_breaks_the_reader(text):
    with suppress(GraphcError):
        Session("s").run(text)


@given(st.recursive(st.sampled_from(["x", "y", "2", "1/3", "%pi"]), lambda inner: st.one_of(
    st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
    inner.map(lambda a: f"sin({a})"), inner.map(lambda a: f"-{a}"), inner.map(lambda a: f"({a})^2")), max_leaves=8))
def test_formulas_have_the_value_that_sympy_finds(text):
    session = Session("s")
    session.run(f"p:{text}")
    f = G.parse(show(session.values["p"]))
    here = {"x": 0.7, "y": -1.3}
    names = {n: here[n] for n in here if n in text}
    want = float(sp.sympify(text.replace("^", "**").replace("%pi", "pi")).subs(here))
    assert float(G.evaluate(f, names)) == pytest.approx(want, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("text, told", [("a b", "'b' is not read here"), ("p:1e999", "past e60"),
                                        ("[1,2", "the text ends where , would fit"), ("x ! y", "'!' is not read here"),
                                        ("p:\x00", "is not read here")])
def test_what_is_not_maxima_is_told(text, told):
    with pytest.raises(NotRead, match=told):
        statements(text)


def numerical(text, value, tolerance="0.01", name="N"):
    return element(
        "question", element("name", element("text", name)),
        element("questiontext", element("text", plain(text)), format="html"), element("defaultgrade", "2"),
        element("answer", element("text", "0"), element("tolerance", "0"), fraction="0"),
        element("answer", element("text", value), element("tolerance", tolerance), fraction="100"), type="numerical")


NUMBERS = [
    (r"<p>Let \(f = w x^2\) at \(w = 3\), \(x = -2\). What is \(\frac{\partial f}{\partial x}\)?</p>",
     "-12", "gradient"),
    (r"\(f(x) = x^3 - x\). Find $$f'(x)$$ for \(x = 2\).", "11", "gradient"),
    (r"Take \(x_1 = 2,\; w_{1} = 1.5\), $z = w_1 x_1 + 1$, $f = z^2$. Compute $f$.", "16", "value"),
    (r"With \(z = w_1 \cdot x\) and \(L = \operatorname{ReLU}(z)\), \(w_1 = 2\), \(x = 3\): "
     r"\(\partial L / \partial w_{1} = ?\)", "3", "gradient")]


@pytest.mark.parametrize("text, value, ask", NUMBERS)
def test_a_numerical_question_is_taken_where_its_own_answer_agrees(tmp_path, text, value, ask):
    [found] = imported(tmp_path, numerical(text, value))
    e = found.exercise
    [q] = e.questions
    assert (q.ask, q.points) == (ask, 2)
    assert float(e.answers(q, e.numbers())[0].value) == float(value)
    assert e.tolerance == pytest.approx(0.01 / abs(float(value)))


@pytest.mark.parametrize("text, value, why", [
    (NUMBERS[0][0], "-11", "nothing that its text seems to ask has the value that it takes for right"),
    (r"\(f = g + 1\), \(g = f + 1\), \(x = 2\): \(f\)?", "1", "nothing that its text seems to ask"),
    ("How many?", "4", "a numerical question has a number but no function to ask about"),
    (r"\(f = " + "(" * 200 + r"x\)", "4", "nothing that its text"), (r"\(" * 5000, "4", "no function to ask")])
def test_a_numerical_question_that_says_otherwise_is_not_taken(tmp_path, text, value, why):
    with pytest.raises(InputError, match="'N' was not taken: ") as told:
        imported(tmp_path, numerical(text, value))
    assert why in str(told.value)


def test_our_own_numerical_questions_are_taken_where_the_source_was_deleted(tmp_path):
    path = tmp_path / "quiz.xml"
    text = NEURON.replace("$f = w_3 \\\\operatorname{ReLU}(z)$",
                          "$f = w_3 \\\\operatorname{ReLU}(w_1 x_1 + w_1 x_2 + b)$")
    e = G.Exercise.loads(text)
    G.export_exercise(e, path, student="ada", numbers="numerical", figure=False)
    tree = ET.parse(path)
    root = tree.getroot()
    for question in [q for q in root if q.get("type") != "numerical"]:
        root.remove(question)
    tree.write(path, encoding="utf-8")
    found = G.import_exercises(path)
    want = [a.value for q in e.questions[1:2] for a in e.answers(q, e.numbers("ada"))]
    got = [x.answers(x.questions[0], x.numbers())[0].value for x in (f.exercise for f in found[-3:])]
    assert got == want
