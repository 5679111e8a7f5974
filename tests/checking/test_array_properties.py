"""Random graphs of every row: their own gradient, rewritten, is never wrong; with one factor changed, never correct."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from graph_checks import Graph
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import NAMES, Seeded, grow
from random_trees import TREES

import graphc as G
from graphc.checking.deciding.arrays import decide_arrays, truth_of
from graphc.checking.deciding.decide import decide
from graphc.checking.reading.tree import Tree, add, call, div, mul, neg, num, power, sym
from graphc.errors import ShapeError
from graphc.ir import VARIABLES, Expr, postorder


def scalar_of(graph: Graph) -> tuple[Expr, Expr] | None:
    """A number made of the outputs, and an input to differentiate by; None without one, or with empty arrays."""
    tops = [y for y in graph.outputs if y.type.is_float]
    f = sum((G.sum(y * (1 + i / 2)) for i, y in enumerate(tops)), G.const(0.0))
    xs = [v for v in postorder([f]) if v.op.name in VARIABLES and v.type.is_float]
    if not xs or any(0 in node.shape for node in postorder([f])):
        return None
    return f, xs[len(xs) // 2]


def rewritten(truth: Expr, f: Expr, x: Expr, how: int) -> Expr:
    # Not by G.simplify: it works out products of numbers in floats, which are then other numbers.
    ways: list[Any] = [lambda: G.gradients(f, x), lambda: truth / 3 + 2 * truth / 3, lambda: 2 * truth - truth,
                       lambda: (truth + x) - x, lambda: truth.T.T, lambda: G.exp(x) * truth * G.exp(-x)]
    result: Expr = ways[how % len(ways)]()
    return result


def drawn(seed: int, first: str) -> tuple[Graph, Expr, Expr, Expr] | None:
    graph = grow(Seeded(seed), first, most=5)
    found = scalar_of(graph)
    return None if found is None else (graph, *found, truth_of(*found))


def is_something(truth: Expr, values: dict[str, Any]) -> bool:
    """Whether a value is finite and not all zeros, where its sizes are told by the inputs."""
    try:
        value = np.asarray(G.evaluate(truth, values))
    except ShapeError:
        return False
    return bool(np.isfinite(value).all() and np.abs(value).max() > 1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(NAMES), st.integers(0, 5))
def test_a_right_gradient_is_never_wrong(seed: int, first: str, how: int) -> None:
    case = drawn(seed, first)
    if case is not None:
        _, f, x, truth = case
        assert decide_arrays(rewritten(truth, f, x, how), truth, [f]).status != "wrong"


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(NAMES), st.sampled_from([-1, 2, 1 + 1e-7]))
def test_a_changed_gradient_is_never_correct(seed: int, first: str, factor: float) -> None:
    case = drawn(seed, first)
    if case is None:
        return
    graph, f, _, truth = case
    if is_something(truth, graph.values):
        assert decide_arrays(truth * factor, truth, [f]).status != "correct"


@pytest.mark.parametrize("first", ["softmax", "matmul", "norm2", "einsum", "logsumexp", "prod", "where", "max"])
def test_most_graphs_are_decided(first: str) -> None:
    cases = [case for seed in range(6) if (case := drawn(seed, first)) is not None]
    decisions = [decide_arrays(rewritten(truth, f, x, 3), truth, [f]).status for _, f, x, truth in cases]
    assert len(decisions) >= 3 and decisions.count("correct") >= len(decisions) - 1, decisions


# -- scalars --------------------------------------------------------------------------------------------------------

@settings(max_examples=40)
@given(TREES, TREES)
def test_algebra_is_never_wrong(a: Tree, b: Tree) -> None:
    for one, other in ((mul(a, b), mul(b, a)), (add(a, b, neg(a)), b), (power(add(a, b), 2), add(
            power(a, 2), mul(num(2), a, b), power(b, 2))), (call("exp", add(a, neg(a))), num(1))):
        assert decide(one, other).status != "wrong"


@settings(max_examples=40)
@given(TREES, st.sampled_from([div(num(1), num(10**30)), num(1), sym("x")]))
def test_something_added_is_never_correct(a: Tree, more: Tree) -> None:
    assert decide(add(a, more), a).status != "correct"
