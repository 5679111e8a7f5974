"""Exercises for the tests of the exchange with other systems: fixed ones, and a strategy of many."""

from __future__ import annotations

from hypothesis import strategies as st

from graphc.exchange.toml_text import toml_text

NEURON = '''
title = { en = "A neuron", fr = "Un neurone" }
statement = """A neuron computes $f = w_3 \\\\operatorname{ReLU}(z)$."""
function = "w3*relu(z)"
output = "f"
seed = 4

[define]
z = "w1*x1 + w1*x2 + b"

[point]                       # the same for all
b = -1

[random]
x1 = [1, 4]
x2 = { from = -3, to = 3, except = [0] }
w1 = { choose = [2, 3] }
w3 = [2, 5]

[[question]]
ask = "value"
of = ["z", "f"]
points = 2

[[question]]
ask = "gradient"              # by hand
wrt = ["w1", "w3", "b"]
points = 3                    # one each
text = "Compute the gradient. Why is the one by $w_1$ a sum?"

[[question]]
ask = "formula"
wrt = ["w1", "w3"]
points = 4
'''

WORDS = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="$\\"), min_size=1,
                max_size=30)
TEXTS = st.one_of(WORDS, st.fixed_dictionaries({"en": WORDS, "fr": WORDS}))
FORMULAS = ("w*x + b", "w*relu(x - b)", "sigmoid(w*x) + b", "(w*x - b)^2", "w*exp(-x)/(1 + b^2)", "max(w*x, b)",
            "abs(w - x)*b", "tanh(w*x + b)", "log(1 + x^2)*w + b")
NUMBERS = st.one_of(st.integers(-9, 9), st.sampled_from([0.5, -0.25, "1/3", "-7/2"]))


@st.composite
def exercise_texts(draw) -> str:
    """The text of an exercise: titles with any signs, points of all kinds, every kind of question."""
    names = ("w", "x", "b")
    values = {"title": draw(TEXTS), "language": draw(st.sampled_from(["en", "fr"])),
              "statement": draw(TEXTS), "function": draw(st.sampled_from(FORMULAS)),
              "tolerance": draw(st.sampled_from([0.001, 0.01, 1e-6])), "seed": draw(st.integers(0, 2**40)),
              "point": {n: draw(NUMBERS) for n in names}, "question": []}
    for _ in range(draw(st.integers(1, 4))):
        question = {"ask": draw(st.sampled_from(["value", "gradient", "adjoint", "formula"])),
                    "points": draw(st.sampled_from([0, 1, 2, 0.5, 1.25, "1/3"]))}
        if question["ask"] in ("gradient", "formula"):
            question["wrt"] = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        if question["ask"] == "adjoint":
            question["of"] = [draw(st.sampled_from(names))]
        if draw(st.booleans()):
            question["text"] = draw(TEXTS)
        values["question"].append(question)
    return toml_text(values)
