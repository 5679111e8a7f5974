"""Equality at a random point of a large field: what it finds is true, and its chance is stated."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_trees import TREES

from graphc.checking.deciding.core import Core, Pool
from graphc.checking.deciding.decide import compare
from graphc.checking.deciding.modular import FIELD_BITS, identity
from graphc.checking.reading.parse import parse
from graphc.checking.reading.tree import Tree, add, mul, neg, num, power

NAMES = ["x", "y", "z", "a"]


def pair(answer: str, truth: str) -> tuple[Core, Core]:
    pool = Pool()
    return pool.lower(parse(answer, NAMES).links[0]), pool.lower(parse(truth, NAMES).links[0])


@pytest.mark.parametrize(("answer", "truth", "degree"), [
    ("(x+y)^2", "x^2 + 2x y + y^2", 2), ("(x+y)^40", "(x+y)^39*x + y*(x+y)^39", 40), ("x/(x y)", "1/y", 2),
    ("e^(x+y)", "e^x e^y", None), ("e^(-x) e^(2x)", "e^x", None), ("1 - tanh(x)^2", "1/cosh(x)^2", None),
    ("sqrt(x)*sqrt(x)", "x", None), ("x/sqrt(x)", "sqrt(x)", None), ("relu(x) - relu(-x)", "x", 1),
    ("|x y|*|x y|", "x^2 y^2", None), ("e^(2 ln x)", "x^2", None), ("σ(x)(1-σ(x))", "e^-x/(1+e^-x)^2", None),
    ("1[2x > 0]", "1[x > 0]", None), ("1[-3x > 0]", "1[x < 0]", None), ("sin(x+y) + x - x", "sin(y+x)", None),
])
def test_equal(answer: str, truth: str, degree: int | None) -> None:
    found = identity([pair(answer, truth)])
    assert found is not None and 40 <= found.bits < FIELD_BITS
    assert degree is None or found.degree == degree


@pytest.mark.parametrize(("answer", "truth"), [
    ("x + 1e-300", "x"), ("(x+y)^40", "(x+y)^40 + 1"), ("sqrt(x^2)", "x"), ("sqrt(x)", "-sqrt(x)"), ("|x|", "x"),
    ("1[x > 0]", "1[x < 0]"), ("e^x", "e^y"), ("sin(x)", "x"), ("x^(1/3)", "x^(2/3)"), ("1[floor(x) = 0]", "0"),
    ("sqrt(x)*sqrt(y)", "-sqrt(x y)"), ("1/(x - x)", "1"),
])
def test_not_found_equal(answer: str, truth: str) -> None:
    assert identity([pair(answer, truth)]) is None


def test_one_pair_that_differs_is_enough() -> None:
    assert identity([pair("2x", "x + x"), pair("2x", "x")]) is None


def test_the_same_question_gives_the_same_chance() -> None:
    assert identity([pair("(x+y)^3", "(x+y)^2*(y+x)")]) == identity([pair("(x+y)^3", "(x+y)^2*(y+x)")])


@settings(max_examples=80)
@given(TREES, TREES, st.integers(0, 3), st.lists(st.fractions(-9, 9, max_denominator=20), min_size=2, max_size=2))
def test_what_is_found_equal_is_equal_at_points(a: Tree, b: Tree, how: int, at: list[Fraction]) -> None:
    """The oracle is ball arithmetic at an exact point."""
    other = (mul(b, a), add(a, b, neg(b)), add(power(a, 2), mul(num(-1), a, a), a), b)[how]
    one = (mul(a, b), a, a, a)[how]
    pool = Pool()
    left, right = pool.lower(one), pool.lower(other)
    if identity([(left, right)]) is not None and 0 not in at:
        outcome, _ = compare(left, right, (), dict(zip("xy", at)))
        assert outcome in ("agree", "outside", "unsure", "narrower")
