"""Exercises whose function is a formula of vectors and matrices."""

from __future__ import annotations

import pytest

import graphc as G
from graphc.errors import InputError

FILE = """title = "Least squares"
function = "{function}"
[symbols]
W = {{kind = "parameter", shape = [2, 3]}}
x = {{shape = [3]}}
y = {{shape = [2]}}
[[question]]
ask = "formula"
of = "f"
wrt = "W"
"""


def load(tmp_path, function: str) -> G.Exercise:
    path = tmp_path / "exam.toml"
    path.write_text(FILE.format(function=function), encoding="utf-8")
    return G.Exercise.load(path)


@pytest.mark.parametrize("function", [
    "sum((W x - y)^2)", "sum((W@x - y)**2)", "Σ_i (Σ_j W_{ij} x_j - y_i)^2", r"\\sum_{i=1}^{2} ((Wx)_i - y_i)^2",
])
def test_a_formula_of_matrices_is_the_graph_by_hand(tmp_path, function):
    f = load(tmp_path, function).f
    leaves = {v.label: v for v in G.ir.variables(G.ir.postorder([f]))}
    assert {n: v.shape for n, v in leaves.items()} == {"W": (2, 3), "x": (3,), "y": (2,)}
    assert f.args[0] is (((leaves["W"] @ leaves["x"] - leaves["y"]) ** 2).sum()).args[0]


@pytest.mark.parametrize(("function", "reason"), [
    ("sum((W y)^2)", r"exam\.toml:2: W is 2×3 and y is a vector of 2: W y needs 3 entries; Wᵀ y would fit"),
    ("sum(W*x)", r"exam\.toml:2: \* between a matrix and a vector can be the matrix product or entry by entry"),
    ("sum(Wx)", r"exam\.toml:2: Wx is no declared name; write the product with a blank or a sign \(W x\)"),
    ("sum(W x)/N + y_1", r"exam\.toml:2: no symbol 'N'; known are W, x, y"),
    ("sum(W x)*y_3", r"exam\.toml:2: y has 2 entries there, counted from 1: 3 is none of them"),
    ("sum(W x) + y_i", r"exam\.toml:2: i is an index that no Σ runs over"),
])
def test_a_mistake_has_its_line(tmp_path, function, reason):
    with pytest.raises(InputError, match=reason):
        load(tmp_path, function)
