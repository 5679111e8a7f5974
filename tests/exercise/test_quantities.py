"""`G.check_all`, against values by hand, by finite differences, and by graphs in which a value is an input instead."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphc as G
from graphc.exercise.keys import Keys


def statuses(marks):
    return {m.key: m.status for m in marks if m.status != "correct"}


# -- logistic regression: L = -y·ln a - (1 - y)·ln(1 - a), a = σ(z), z = w1·x1 + w2·x2 + b -----------------------


@pytest.fixture
def logistic():
    x1, x2, y = G.inputs("x1 x2 y")
    w1, w2, b = G.params("w1 w2 b")
    z = (w1 * x1 + w2 * x2 + b).named("z")
    a = G.sigmoid(z).named("a")
    return (-y * G.log(a) - (1 - y) * G.log(1 - a)).named("L")


AT = {"x1": 2, "x2": -1, "y": 1, "w1": 0.5, "w2": 1, "b": 1}  # z = 1 - 1 + 1 = 1
A = 1 / (1 + math.exp(-1))  # 0.731059


def test_logistic_regression_in_numbers(logistic):
    # ∂L/∂z = a - y = -0.268941; ∂L/∂a = -1/a = -1.367879.
    marks = G.check_all({"z": "1", "a": "0.7311", "L": "0.3133", "∂L/∂z": "-0.2689", "dL/da": "-1.368",
                         "dw1": "-0.5379", "∂L/∂w_2": "0.2689",
                         "db": "-0.26894", "da/dz": "0.1966", "local ∂a/∂z": "a = 0.1966"},
                        of=logistic, at=AT)
    assert statuses(marks) == {"local ∂a/∂z": "invalid"} and marks.status == "invalid"
    assert marks["a"].certainty == "within the tolerance"


def test_logistic_regression_in_formulas(logistic):
    marks = G.check_all({"dz": "a - y", "dw1": "(a - y)*x1", "a": "1/(1 + e^{-z})", "local da/dz": "a(1 - a)",
                         "dL/da": "-y/a + (1-y)/(1-a)", "z": "w1*x1 + w2*x2"}, of=logistic)
    assert statuses(marks) == {"z": "wrong"}


def test_a_wrong_formula_carried_forward(logistic):
    # y - a for a - y: its use in w1 and b is right, its square is not.
    marks = G.check_all({"dz": "y - a", "dw1": "(y - a)*x1", "dw2": "(y-a)^2*x2", "db": "y - a"}, of=logistic)
    assert statuses(marks) == {"dz": "wrong", "dw1": "follows", "dw2": "wrong", "db": "follows"}
    assert marks["dw1"].follows_from == ("the formula of ∂L/∂z",)


def test_a_wrong_sigmoid_carried_through_the_loss(logistic):
    # With a = 0.5: L = ln 2, ∂L/∂a = -2, and ∂L/∂z = -2·a(1 - a) = -2·0.25.
    answers = {"a": "0.5", "L": "0.6931", "dL/da": "-2", "dL/dz": "-0.5", "dw1": "-1"}
    marks = G.check_all(answers, of=logistic, at=AT)
    assert statuses(marks) == {"a": "wrong", "L": "follows", "dL/da": "follows", "dL/dz": "follows", "dw1": "follows"}
    assert marks["dL/dz"].follows_from == ("the value of a",)


# -- a network of arrays ---------------------------------------------------------------------------------------------


@pytest.fixture
def network():
    x, y = G.input("x", 2), G.input("y", 2)
    W1, b1, W2 = G.param("W1", 3, 2), G.param("b1", 3), G.param("W2", 2, 3)
    h = G.relu((W1 @ x + b1).named("z")).named("h")
    return G.sum(((W2 @ h).named("p") - y) ** 2).named("L")


# z = W1 x + b1 = (1+2, 0-2, 2+1)ᵀ + (0, 1, -1)ᵀ = (3, -1, 2); h = (3, 0, 2); p = (3 + 2, -3 + 4) = (5, 1); r = p - y
# = (2, -1); L = 5; ∂L/∂p = (4, -2); ∂L/∂W2 = (4, -2)ᵀ(3, 0, 2); ∂L/∂h = W2ᵀ(4, -2) = (6, -2, 0); ∂L/∂z = (6, 0, 0).
NUMBERS = {"x": [1, 2], "y": [3, 2], "b1": [0, 1, -1],
           "W1": [[1, 1], [0, -1], [2, 0.5]], "W2": [[1, 0, 1], [-1, 1, 2]]}
RIGHT = {"z": "(3, -1, 2)", "h": "(3, 0, 2)", "p": "[5, 1]", "L": "5", "dL/dp": "[4, -2]",
         "dL/dW2": "[12,0,8; -6,0,-4]", "dL/dh": "[6, -2, 0]", "dL/dz": "[6, 0, 0]",
         "dL/dW1": "[6, 12; 0, 0; 0, 0]", "dL/db1": "[6, 0, 0]"}


def test_a_network_in_numbers(network):
    assert statuses(G.check_all(RIGHT, of=network, at=NUMBERS)) == {}


def test_arrays_and_lists_are_answers_too(network):
    answers = {"dL/dW2": np.array([[12, 0, 8], [-6, 0, -4]]), "z": [3, -1, 2], "L": 5}
    assert statuses(G.check_all(answers, of=network, at=NUMBERS)) == {}


def test_without_the_mask_the_rest_follows(network):
    # ∂L/∂z taken as ∂L/∂h = (6, -2, 0): then ∂L/∂W1 = (6, -2, 0)ᵀ(1, 2), ∂L/∂b1 = (6, -2, 0).
    changed = {**RIGHT, "dL/dz": "[6, -2, 0]", "dL/dW1": "[6, 12; -2, -4; 0, 0]", "dL/db1": "[6, -2, 0]"}
    marks = G.check_all(changed, of=network, at=NUMBERS)
    assert statuses(marks) == {"dL/dz": "wrong", "dL/dW1": "follows", "dL/db1": "follows"}
    assert marks["dL/dW1"].follows_from == ("∂L/∂z",)


def test_a_wrong_hidden_value_is_carried_to_the_gradient_of_the_next_layer(network):
    # h = (3, -1, 2) without ReLU: p = (5, 0), r = (2, -2), ∂L/∂p = (4, -4), ∂L/∂W2 = (4, -4)ᵀ(3, -1, 2).
    changed = {**RIGHT, "h": "(3, -1, 2)", "p": "(5, 0)", "L": "8", "dL/dp": "(4, -4)",
               "dL/dW2": "[12,-4,8; -12,4,-8]"}
    marks = G.check_all(changed, of=network, at=NUMBERS)
    expected = dict.fromkeys(["p", "L", "dL/dp", "dL/dW2"], "follows")
    assert statuses(marks) == {"h": "wrong", **expected}
    assert marks["dL/dW2"].follows_from == ("the value of h",)


# -- soundness: what follows is what a graph with that value as an input gives ----------------------------------------

small = st.integers(-6, 6)


@given(small, small, small, small, small, small)
def test_what_follows_is_what_the_rest_of_the_graph_gives(w, x, b, z, offset, v):
    w_, x_, b_, v_ = G.params("w x b v")
    z_ = (w_ * x_ + b_).named("z")
    f = (v_ * G.relu(z_) + z_ * z_).named("f")
    hidden = G.input("z")
    rest = v_ * G.relu(hidden) + hidden * hidden
    got = G.evaluate(rest, {"z": z, "v": v}) + offset
    marks = G.check_all({"z": str(z), "f": str(int(got))}, of=f, at={"w": w, "x": x, "b": b, "v": v}, tolerance=0)
    truth = G.evaluate(f, {"w": w, "x": x, "b": b, "v": v})
    right = got == truth
    assert marks["f"].status == ("correct" if right else "follows" if offset == 0 else "wrong")
    assert (marks["z"].status == "correct") == (z == w * x + b)


@settings(max_examples=20)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(-4, 4), st.integers(-3, 3))
def test_adjoints_carried_forward_against_the_chain_rule_by_hand(x, w, bar, offset):
    x_, w_ = G.input("x"), G.param("w")
    z = (w_ * x_).named("z")
    f = (z * z + 3 * z).named("f")  # ∂f/∂z = 2z + 3, ∂f/∂w = ∂f/∂z·x
    marks = G.check_all({"dz": str(bar), "dw": str(bar * x + offset)}, of=f, at={"x": x, "w": w}, tolerance=0)
    true = 2 * w * x + 3
    expected = "correct" if bar * x + offset == true * x else "follows" if offset == 0 else "wrong"
    assert marks["dw"].status == expected


def test_rounded_numbers_carried_on_are_no_mistake():
    x = G.input("x")
    z = (x / 3).named("z")
    f = (300 * (z - 0.33)).named("f")  # 300·(1/3 - 0.33) = 1; with z = 0.3333: 0.99
    marks = G.check_all({"z": "0.3333", "f": "0.99"}, of=f, at={"x": 1})
    assert marks["f"].status == "follows" and marks["f"].flags == ("rounded",)
    assert marks["f"].message == "Correct, given your rounded answer for the value of z."


def test_the_chain_by_way_of_one_value():
    x, w = G.input("x"), G.param("w")
    z = (w * w * x).named("z")
    f = (z * z).named("f")  # at x = 1, w = 2: z = 4, ∂f/∂z = 8, ∂z/∂w = 4, ∂f/∂w = 32
    marks = G.check_all({"dz/dw": "2", "df/dw": "16"}, of=f, at={"x": 1, "w": 2})
    assert statuses(marks) == {"dz/dw": "wrong", "df/dw": "follows"}


# -- names ---------------------------------------------------------------------------------------------------------

KEYS = Keys(["w1", "z", "W2", "y_hat", "f", "alpha"], "f")


@pytest.mark.parametrize("text, shown", [
    ("z", "the value of z"), ("w_1", "the value of w1"), ("ŷ", "the value of y_hat"), ("W^{[2]}", "the value of W2"),
    ("α", "the value of alpha"), ("df/dw1", "∂f/∂w1"), ("∂f / ∂w_1", "∂f/∂w1"), ("dw1", "∂f/∂w1"), ("d/dz f", "∂f/∂z"),
    (r"\frac{\partial z}{\partial w_1}", "∂z/∂w1"), (r"\dfrac{\partial f}{\partial W^{[2]}}", "∂f/∂W2"),
    (r"\nabla_{W_2} f", "∂f/∂W2"), ("∇_z", "∂f/∂z"), ("z̄", "∂f/∂z"), (r"\bar{z}", "∂f/∂z"), ("z_bar", "∂f/∂z"),
    ("local dz/dw1", "the local derivative ∂z/∂w1"), ("$dz/dw1$", "∂z/∂w1"), ("f(z, w1)", "the value of f"),
    (r"\mathbf{W}_2", "the value of W2"), (r"\frac{\partial f}{\partial \mathbf{W}_2}", "∂f/∂W2"),
])  # fmt: skip
def test_keys(text, shown):
    assert KEYS.quantity(text).shown() == shown


@pytest.mark.parametrize("text", ["q", "df/dq", "", "∂", "d/d", "__class__", "x" * 500, "df/dw1/dz"])
def test_what_names_nothing(text):
    assert KEYS.quantity(text) is None


def test_an_unknown_key_names_the_known_ones():
    x, w = G.input("x"), G.param("w")
    with pytest.raises(G.InputError, match=r"'q' names nothing here; the values are w, x, m, f, and a derivative is"):
        G.check_all({"q": "1"}, of=w * x + 1, at={"x": 1, "w": 2})
    with pytest.raises(G.InputError, match=r"a local derivative of f is by one of its own operands: m"):
        G.check_all({"local df/dw": "1"}, of=w * x + 1, at={"x": 1, "w": 2})


def test_defined_names():
    x, w, b = G.input("x"), G.param("w"), G.param("b")
    marks = G.check_all({"z": "7", "dz": "14", "dw": "2 z x"}, of=(w * x + b) ** 2, at={"x": 3, "w": 2, "b": 1},
                        defines={"z": w * x + b})
    assert statuses(marks) == {}


def test_a_value_is_not_its_own_formula():
    x, w = G.input("x"), G.param("w")
    f = ((w * x).named("z") ** 2).named("f")
    marks = G.check_all({"z": "z", "f": "z^2"}, of=f)
    assert statuses(marks) == {"z": "invalid"} and "seed" not in marks["z"].message
    wrong = G.check_all({"f": "z^3"}, of=f)["f"]
    assert wrong.status == "wrong" and "seed" not in wrong.message and " = x" not in wrong.message
    assert wrong.message.count(" = ") == 2  # w and x at the counterexample, and no more


def test_options():
    x, w = G.input("x"), G.param("w")
    for options, match in (({"lang": "de"}, "no lang 'de'"), ({"layout": "x"}, "no layout 'x'"),
                           ({"tolerance": 2}, "tolerance is relative"), ({"at": {"x": 1}}, "w")):
        with pytest.raises(G.InputError, match=match):
            G.check_all({"f": "1"}, of=w * x, **options)
    with pytest.raises(G.InputError, match="a single input"):
        G.check_all({"x": "1"}, of=x)


def test_marks_as_json_and_by_key():
    x, w = G.input("x"), G.param("w")
    marks = G.check_all({"df/dw": "4"}, of=(w * x).named("f"), at={"x": 3, "w": Fraction(1, 2)})
    assert marks.to_json()["marks"][0]["status"] == "wrong" and len(marks) == 1
    with pytest.raises(KeyError, match="no answer 'dw'"):
        marks["dw"]
