"""The passes that are written for speed do what their plain definitions say, and look at each edge a few times only."""

from __future__ import annotations

import linecache
import random
import traceback
from math import fsum

import numpy as np
import pytest

import graphc as G
from graphc import ir, rewrite
from graphc.rules import RULES
from graphc.traversal import postorder


class Counted:
    """A node that counts how often it is looked up."""

    looks = 0

    def __init__(self, *args: Counted) -> None:
        self.args = args

    def __hash__(self) -> int:
        Counted.looks += 1
        return id(self)


def by_recursion(outputs):
    """The definition: operands, left to right, then the node."""
    order = []

    def visit(node):
        for arg in node.args:
            if not any(arg is known for known in order):
                visit(arg)
        if not any(node is known for known in order):
            order.append(node)

    for output in outputs:
        visit(output)
    return order


def random_nodes(seed: int, count: int = 30) -> list[Counted]:
    draw = random.Random(seed)
    nodes = [Counted() for _ in range(3)]
    for _ in range(count):
        nodes.append(Counted(*draw.choices(nodes, k=draw.choice((0, 1, 2, 2, 3, 7)))))
    return nodes


@pytest.mark.parametrize("seed", range(40))
def test_postorder_is_that_of_the_definition(seed):
    nodes = random_nodes(seed)
    tops = random.Random(seed).sample(nodes, 4)
    found, wanted = postorder(tops), by_recursion(tops)
    assert [id(n) for n in found] == [id(n) for n in wanted]


@pytest.mark.parametrize("shape", ["chain", "wide", "ladder"])
def test_a_walk_looks_at_each_edge_a_few_times(shape):
    if shape == "chain":
        top = Counted()
        for _ in range(5_000):
            top = Counted(top, top)
    elif shape == "wide":
        top = Counted(*[Counted(Counted()) for _ in range(5_000)])
    else:
        leaves = [Counted() for _ in range(70)]
        top = Counted(*[Counted(*leaves) for _ in range(70)])
    Counted.looks = 0
    order = postorder([top])
    edges = sum(len(n.args) for n in order)
    assert Counted.looks <= 3 * (edges + len(order))


STEPS = (
    lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b, lambda a, b: a * a, lambda a, b: G.tanh(a),
    lambda a, b: G.relu(a), lambda a, b: -a, lambda a, b: G.sin(b) * 0.5,
)  # fmt: skip


def model(seed: int) -> tuple[G.Expr, list[G.Expr]]:
    """A random graph in which values are used several times, and one operand twice by one user."""
    draw = random.Random(seed)
    x, w, m = G.input("x"), G.param("w"), G.param("m", 3)
    nodes = [x, w, m, x * w, m * x]
    for _ in range(25):
        a, b = draw.choice(nodes), draw.choice(nodes)
        nodes.append(draw.choice(STEPS)(a, b))
    return G.sum(nodes[-1]) + G.sum(nodes[-2] * nodes[-3]), [x, w, m]


@pytest.mark.parametrize("seed", range(30))
def test_every_edge_brings_one_contribution_and_every_path_is_counted(seed):
    f, wrt = model(seed)
    rows = G.backward(f, wrt).table()
    nodes = [row.node for row in rows]
    edges = {node: [(u, i) for u in reversed(nodes) for i, a in enumerate(u.args) if a is node] for node in nodes}
    paths = {f: 1}
    for node in nodes[1:]:
        paths[node] = sum(paths[u] for u, _ in edges[node])
    for row in rows:
        assert [id(c.consumer) for c in row.contributions] == [id(u) for u, _ in edges[row.node]]
        assert [c.operand for c in row.contributions] == [i for _, i in edges[row.node]]
        assert row.paths == paths[row.node]


@pytest.mark.parametrize("seed", range(30))
def test_no_rule_that_applies_is_passed_over(seed):
    f, wrt = model(seed)
    table = rewrite._table(RULES)
    every = [(rule, rewrite._action(rule)) for rule in RULES]
    for node in postorder([f, *G.gradients(f, wrt)]):
        tried = {id(rule) for rule, _ in table[(node.op.name, *[a.op.name for a in node.args])]}
        for rule, action in every:
            if rule.op == node.op.name and id(rule) not in tried:
                assert action(node) is None, (rule, node)


def test_nodes_are_immutable_and_declared_where_the_user_stands():
    x = G.input("x")
    first, second = x + 1.0, x + 2.0
    here = traceback.extract_stack()[-1].lineno - 1
    assert first.where == second.where == (__file__, here) and first.where is second.where
    for field in ("op", "args", "attrs", "label", "type", "where", "serial", "new"):
        with pytest.raises(AttributeError, match="an Expr is immutable"):
            setattr(first, field, None)
        with pytest.raises(AttributeError, match="an Expr is immutable"):
            delattr(first, field)
    assert type(first) is ir.Expr and not hasattr(first, "__dict__")


def test_a_freed_node_is_made_anew():
    x = G.input("x")
    serial = (x * 7.0).serial
    again = x * 7.0
    assert again.serial > serial and x * 7.0 is again


def test_a_long_function_passes_values_in_runs_of_neighbours():
    v, a = G.param("v"), G.param("a")
    f = v
    for _ in range(700):
        f = G.tanh(f) * a
    fn = G.compile([f, *G.gradients(f, [v, a])], simplify=False)
    crossing = [line for line in fn.source.splitlines() if line.startswith("    v_[") or " = v_[" in line]
    assert max(line.count(",") for line in crossing) == 7
    assert sum("]" in line for line in crossing) < 700
    x = s = 0.8
    slope = 1.0
    for _ in range(700):  # by hand
        s = np.tanh(x)
        slope, x = slope * (1 - s * s) * 1.01, s * 1.01
    value, dv, _ = fn(0.8, 1.01)
    assert value == x and np.isclose(dv, slope, rtol=1e-12)


def test_lines_of_a_traceback_are_those_of_the_text():
    fn = G.compile([G.input("x") * 2.0])
    file = fn.raw.__code__.co_filename
    lines = fn.source.splitlines(True)
    assert linecache.getline(file, 2) == lines[1]
    assert list(linecache.getlines(file)) == lines


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_long_sum_of_products_is_added_in_pairs(dtype):
    """As accurate as NumPy's own sum: BLAS alone is off by hundreds of units in the last place in float32."""
    x, w = G.input("x", "N", 3, dtype=dtype), G.input("w", "N", 3, dtype=dtype)
    fn = G.compile([G.mean((x - w) ** 2), G.sum(G.exp(x) * w)])
    assert fn.source.count("= dot_of(") == 2 and "np.dot if N*3 <= 4096 else pairwise_dot" in fn.source
    for n in (0, 1, 5, 1365, 1366, 333_333):
        a, b = np.random.default_rng(n).random(size=(2, n, 3)).astype(dtype)
        mean, total = fn(a, b)
        assert mean.dtype == total.dtype == dtype
        squares = np.square(a - b).astype("float64").ravel()
        products = (np.exp(a).astype("float64") * b).ravel()
        if n:
            assert abs(float(mean) * 3 * n - fsum(squares)) <= 8 * np.finfo(dtype).eps * fsum(squares)
        assert abs(float(total) - fsum(products)) <= 8 * np.finfo(dtype).eps * fsum(products)
