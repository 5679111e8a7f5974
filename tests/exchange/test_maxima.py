"""Formulas in Maxima, read by another reader: SymPy's numbers for the text against graphc's for the graph."""

from __future__ import annotations

import re

import pytest
import sympy as sp

import graphc as G
from graphc.checking.deciding.from_graph import trees
from graphc.checking.reading.tree import symbols
from graphc.errors import InputError
from graphc.exchange.maxima import maxima, maxima_names, reserved

FORMULAS = [
    "w3*relu(w1*x + b)", "w - (x - (b - 2))", "-w^2 - (-x)^3", "(-w)^2/(x/b)", "w/x/b", "w^(x^2)", "2^-x", "-(-x)",
    "0.5*x - 1/3", "(w^2)^3 - w^(-2)", "x - w*b*(x - 2)/3 - (-2)*x",
    "sigmoid(x)*tanh(w)", "softplus(x) - log(1 + b^2)", "abs(x)*sign(w)", "max(x, w, 3) - min(b, x)",
    "1[x > 0]*w - 1[x <= w]", "where(x > w, x^2, w)", "exp(-x^2/2)*pi", "sqrt(w^2 + x^2)*e^x", "leaky_relu(x)",
    "gelu(x)", "clip(x, -1, 1)", "atan2(w, x)", "cbrt(x)", "log10(3 + x^2)", "silu(w*x)", "elu(x)", "x*-w",
    "where(x > 0 and w > 0, 1, 2)", "1[not (x > w)]",
]
POINTS = [{"w": 1.25, "x": -0.75, "b": 2.0, "w1": 0.5, "w3": -3.0},
          {"w": 0.3, "x": 2.5, "b": -1.5, "w1": -2.0, "w3": 1.0}, {"w": 2.0, "x": 0.4, "b": 0.7, "w1": 1.0, "w3": 4.0}]
WORDS = {"log": sp.log, "signum": sp.sign, "max": sp.Max, "min": sp.Min, "abs": sp.Abs, "equal": sp.Eq, "erf": sp.erf,
         "notequal": sp.Ne, "charfun": lambda c: sp.Piecewise((1, c), (0, True)), "exp": sp.exp, "sqrt": sp.sqrt,
         "atan2": sp.atan2, "tanh": sp.tanh, "floor": sp.floor}
BINARY = {"or": (1, sp.Or), "and": (2, sp.And), ">": (4, sp.Gt), "<": (4, sp.Lt), ">=": (4, sp.Ge), "<=": (4, sp.Le),
          "+": (5, lambda a, b: a + b), "-": (5, lambda a, b: a - b), "*": (6, lambda a, b: a * b),
          "/": (6, lambda a, b: a / b)}


class Reader:
    """Maxima's grammar, as far as its manual's table of operators says and no further."""

    def __init__(self, text):
        self.words = re.findall(r"%?[A-Za-z]\w*|\d+|>=|<=|\S", text)[::-1]

    def read(self):
        found = self.expression(0)
        assert not self.words
        return found

    def next(self, *wanted):
        word = self.words.pop()
        assert not wanted or word in wanted, word
        return word

    def expression(self, level):
        left = self.prefix()
        while self.words and self.words[-1] in BINARY and BINARY[self.words[-1]][0] > level:
            power, rule = BINARY[self.next()]
            left = rule(left, self.expression(power))
        return left

    def prefix(self):
        word = self.words[-1]
        if word == "not":
            self.next()
            return sp.Not(self.expression(3))
        if word == "-":
            self.next()
            return -self.expression(5)
        if word == "if":
            return self.choice()
        base = self.atom()
        if self.words and self.words[-1] == "^":
            self.next()
            return base ** self.prefix()
        return base

    def choice(self):
        parts = []
        for word in ("if", "then", "else"):
            self.next(word)
            parts.append(self.expression(0))
        return sp.Piecewise((parts[1], parts[0]), (parts[2], True))

    def atom(self):
        word = self.next()
        if word == "(":
            inside = self.expression(0)
            self.next(")")
            return inside
        if self.words and self.words[-1] == "(":
            return self.call(word)
        return {"%pi": sp.pi, "%e": sp.E}.get(word) or (sp.Integer(word) if word.isdigit() else sp.Symbol(word))

    def call(self, word):
        args = []
        while self.next("(", ",", ")") != ")":
            args.append(self.expression(0))
            if self.words[-1] == ")":
                self.next()
                break
        return WORDS[word](*args)


def read(text):
    return Reader(text).read()


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_text_has_the_numbers_of_the_graph(formula):
    f = G.parse(formula)
    tree = trees([f])[f]
    text = maxima(tree, {n: n for n in symbols(tree)})
    found = read(text)
    for point in POINTS:
        here = {n: point[n] for n in symbols(tree)}
        want = float(G.evaluate(f, here))
        got = complex(found.subs(here).evalf())
        assert got == pytest.approx(want, rel=1e-9, abs=1e-12), (text, point)


def test_the_reader_of_this_test_can_fail():
    assert float(read("w-x-b").subs(POINTS[0])) != float(read("w-(x-b)").subs(POINTS[0]))


def test_a_gradient_with_a_shared_weight():
    w1, w3, b, x1, x2 = G.params("w1 w3 b")[:3] + G.inputs("x1 x2")
    gradient = G.simplify(G.gradients(w3 * G.relu(w1 * x1 + w1 * x2 + b), [w1])[0])
    tree = trees([gradient])[gradient]
    text = maxima(tree, {n: n for n in symbols(tree)})
    assert "charfun(" in text and "if" not in text


def test_names_are_safe_and_different():
    names = ["w", "λ", "e", "e0", "β", "ŷ", "y", "日", "ans1", "if", "pos", "wéé", "_x"]
    given = maxima_names(names)
    assert len(set(given.values())) == len(names)
    assert all(re.fullmatch("[A-Za-z][A-Za-z0-9_]*", n) and not reserved(n) for n in given.values())
    assert given["w"] == "w" and given["e0"] == "e0" and given["λ"] == "lambda0"


def test_a_formula_that_would_fill_a_page_is_refused():
    f = G.input("x")
    for _ in range(14):
        f = f * (f + 1)
    with pytest.raises(InputError, match="longer than 20,000 characters in Maxima"):
        maxima(trees([f])[f], {"x": "x"})
