"""The rules of single steps, against the values and gradients of whole graphs."""

from __future__ import annotations

import numpy as np
import pytest
from random_graphs import NAMES, Seeded, grow

import graphc as G
from graphc.drawing.values import Point
from graphc.exercise.following import follows
from graphc.exercise.rules import InFormulas, InNames, InNumbers, Quantity, Rules
from graphc.ir import postorder, variables
from graphc.reverse import declared_gradients
from graphc.types import TupleType


def drawn(seed):
    """A scalar over every node of a random graph, and a point; None where a size has no input to give it."""
    g = grow(Seeded(seed), NAMES[seed % len(NAMES)])
    tops = [G.sum(o) for o in g.outputs if o.type.is_float and o.args]
    if not tops:
        return None
    f = sum(tops[1:], tops[0]).named("f_of_all")
    names = {v.label for v in variables(postorder([f]))}
    return None if any(k.startswith("anchor") and k not in names for k in g.values) else (
        f, Point([f], {k: v for k, v in g.values.items() if k in names}))


def close(a, b):
    return np.allclose(np.asarray(a, float), np.asarray(b, float), rtol=1e-6, atol=1e-9, equal_nan=True)


def test_with_nothing_given_the_rules_give_the_values_and_the_gradients():
    found = [pair for seed in range(0, 240, 3) if (pair := drawn(seed))]
    assert len(found) > 50
    assert sum(agree(f, point) for f, point in found) > 40


def agree(f, point):
    """Holds the values and gradients of the rules against those of the graph; whether there were gradients."""
    rules = Rules(f, {})
    numbers = InNumbers({v: point[v] for v in variables(postorder([f]))}, point.sizes)
    assert close(rules.quantity(Quantity("value", "f_of_all"), numbers, {}), point[f])
    leaves = [v for v in variables(postorder([f])) if v.type.is_float]
    try:
        gradients = declared_gradients(f, leaves)
    except G.NoDerivative:
        return False
    tuples = any(isinstance(n.type, TupleType) for n in postorder([f]))
    for leaf, gradient in zip(leaves, gradients):
        got = rules.quantity(Quantity("total", "f_of_all", str(leaf.label)), numbers, {})
        assert close(got, point[gradient]) if got is not None else tuples or not np.any(point[gradient]), f"{leaf!r}"
    return bool(leaves)


@pytest.fixture
def shared():
    """f = w3·ReLU(z) + z², z = w1·x1 + w1·x2 + b."""
    x1, x2 = G.inputs("x1 x2")
    w1, w3, b = G.params("w1 w3 b")
    z = (w1 * x1 + w1 * x2 + b).named("z")
    return (w3 * G.relu(z) + z * z).named("f"), z, w1


def test_formulas_of_the_rules_are_the_gradients(shared):
    f, _, w1 = shared
    formula = Rules(f, {}).quantity(Quantity("total", "f", "w1"), InFormulas(), {})
    at = {"x1": 2.0, "x2": -0.5, "w1": 1.5, "w3": -2.0, "b": 0.25}
    assert G.evaluate(formula, at) == pytest.approx(G.evaluate(G.gradients(f, w1), at))


def test_what_a_quantity_depends_on_nearest_last(shared):
    f = shared[0]
    given = dict.fromkeys((Quantity("value", "f"), Quantity("value", "z"), Quantity("total", "f", "z"),
                           Quantity("total", "f", "b")), ())
    rules = Rules(f, {})
    assert set(rules.quantity(Quantity("total", "f", "w1"), InNames(), given)) == {
        Quantity("value", "z"), Quantity("total", "f", "z")}
    assert rules.quantity(Quantity("value", "z"), InNames(), given) == (Quantity("value", "z"),)


def test_an_answer_never_follows_from_itself_or_from_what_comes_after_it(shared):
    f = shared[0]
    rules = Rules(f, {})
    numbers = InNumbers(dict.fromkeys(variables(postorder([f])), 1.0), {})
    later = {Quantity("value", "z"): 7.0, Quantity("value", "f"): 9.0, Quantity("total", "f", "z"): 2.0}
    assert follows(rules, Quantity("value", "z"), later, numbers, lambda v: v == 7.0) == ()
    assert follows(rules, Quantity("value", "z"), later, numbers, lambda v: True) == ()


def test_no_derivative_is_made_up_where_a_path_is_not_known():
    x = G.input("x", 3, 3)
    Q, R = G.linalg.qr(x)
    f = (G.sum(Q * R) + G.sum(x)).named("f")
    found = Rules(f, {}).quantity(Quantity("total", "f", "x"), InNumbers({x: np.eye(3)}, {}), {})
    assert found is None
