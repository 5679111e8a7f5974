"""Tensor graphs: what is done to the adjoint on each edge, how arrays are written, several results of an operation."""

import numpy as np
import pytest

import graphc as G
from graphc.drawing import draw


def network():
    x, y = G.input("x", "N", 3), G.input("y", "N", 1)
    W1, b1, W2, b2 = G.param("W1", 3, 4), G.param("b1", 4), G.param("W2", 4, 1), G.param("b2", 1)
    h = G.relu((x @ W1 + b1).named("z")).named("h")
    return G.mean(G.square((h @ W2 + b2).named("y_hat") - y)).named("L"), [W1, b1, W2, b2]


def edges(drawing):
    return {(w.tail, w.head): (w.first and w.first.tex, w.second and w.second.tex) for w in drawing.figure.wires}


def box(drawing, key):
    return next(b for b in drawing.figure.boxes if b.key == key)


@pytest.mark.parametrize(("tail", "head", "done", "shape"), [
    ("u1", "W1", r"\mathbf{x}^{\top}\, \cdot", r"3 \times 4"),
    ("u2", "h", r"\cdot\, \mathbf{W}_{2}^{\top}", r"N \times 4"),
    ("h", "z", r"\odot\, \mathbf{1}_{\mathbf{z} > 0}", r"N \times 4"),
    ("z", "b1", r"\sum_{n=1}^{N}", "4"),
    ("z", "u1", r"\mathrm{id}", r"N \times 4"),
    ("h1", "d", r"\odot\, 2\,\mathbf{d}", r"N \times 1"),
    ("L", "h1", r"\cdot\, \frac{1}{N}\,\mathbf{1}_{N \times 1}", r"N \times 1"),
])  # fmt: skip
def test_an_edge_says_what_is_done_to_the_adjoint(tail, head, done, shape):
    f, wrt = network()
    assert edges(draw(G.backward(f, wrt)))[tail, head] == (done, shape)


@pytest.mark.parametrize(("key", "formula"), [
    ("W1", r"\mathbf{x}^{\top}\, \bar{\mathbf{u}}_{1}"), ("h", r"\bar{\mathbf{u}}_{2}\, \mathbf{W}_{2}^{\top}"),
    ("z", r"\bar{\mathbf{h}} \odot \mathbf{1}_{\mathbf{z} > 0}"), ("b1", r"\sum_{n=1}^{N} \bar{\mathbf{z}}"),
])  # fmt: skip
def test_the_formula_of_an_adjoint_stands_beside_it(key, formula):
    f, wrt = network()
    assert box(draw(G.backward(f, wrt)), key).note.tex == formula


def test_a_fan_out_is_a_sum():
    x, W = G.input("x", "N", 4), G.param("W", 4, 4)
    h = (x + (x @ W).named("u")).named("h")
    note = box(draw(G.backward(G.sum(h), [x, W])), "x").note.tex
    assert note == r"\bar{\mathbf{u}}\, \mathbf{W}^{\top} + \bar{\mathbf{h}}"


def test_softmax_and_its_jacobian():
    x = G.input("x", "N", 4)
    p = G.softmax(x, axis=-1).named("p")
    done, _ = edges(draw(G.backward(G.sum(p * p), [x])))["p", "x"]
    assert done.endswith(r"\odot \mathbf{p}")
    assert "softmax" not in done


def test_what_is_too_long_is_the_transpose_of_a_jacobian():
    A = G.input("A", 3, 2)
    u, s, v = G.linalg.svd(A, full_matrices=False)
    found = edges(draw(G.backward(G.sum((u * s) @ v), [A])))
    assert found["h1", "A"][0] == r"\left(\frac{\partial h_{1}}{\partial \mathbf{A}}\right)^{\top}\, \cdot"
    assert found["h2", "h1"] == (r"\mathrm{id}", r"3 \times 2")


def test_several_results_with_numbers():
    A = G.input("A", 3, 2)
    f = G.sum(G.linalg.svd(A, full_matrices=False)[1])
    at = {A: [[3, 0], [0, 2], [0, 0]]}
    assert edges(draw(f, wrt=[A], at=at))["h1", "h2"][0] == r"h_{1} : 3 \times 2,\; 2,\; 2 \times 2"
    backward = draw(G.backward(f, [A]), at=at)
    assert edges(backward)["h2", "h1"] == (r"\mathrm{id}", None), "what alone is handed on stands in the box"
    assert box(backward, "h2").tex == r"\bar{\mathbf{h}}_{2} = [1,\, 1]"


def test_numbers_stand_on_the_edges_of_a_fan_out():
    x = G.input("x", 2)
    d = draw(G.backward(G.sum(x * x), [x]), at={x: [1, 3]})
    assert [w.second.tex for w in d.figure.wires if w.head == "x"] == [r"[1,\, 3]"] * 2
    assert box(d, "x").tex == r"\bar{\mathbf{x}} = [2,\, 6]"


def test_an_array_of_one_number_is_drawn_as_a_constant():
    x = G.input("x", "N", 8)
    d = draw(G.maximum(x, G.zeros(8)))
    assert [(b.kind, b.tex) for b in d.figure.boxes if b.key not in ("output", "f")] == [
        ("data", r"\mathbf{x}"), ("constant", r"\mathbf{0}_{8}")]


def test_cases_in_french():
    x, m = G.input("x", 3), G.input("m", 3, dtype="bool")
    backward = G.backward(G.sum(G.where(m, x, 0.0)), [x])
    assert edges(draw(backward, lang="fr"))["h", "x"][0].endswith(r"0 & \text{sinon}\end{cases}")
    assert r"\text{if }" in edges(draw(backward))["h", "x"][0]


@pytest.mark.parametrize(("value", "shown"), [
    ([[1, 2], [3, 4]], r"\begin{bmatrix}1 & 2\\3 & 4\end{bmatrix}"), ([[1.5]], r"\begin{bmatrix}1.5\end{bmatrix}"),
    (np.zeros((3, 4)), None), (np.zeros((5, 2)), r"\mathbf{x} : 5 \times 2"),
    (np.zeros((0, 2)), r"\mathbf{x} : 0 \times 2"),
    ([[np.nan, np.inf]], r"\begin{bmatrix}\mathrm{nan} & \infty\end{bmatrix}"),
    ([[1e-12, -2e30]], r"\begin{bmatrix}10^{-12} & {-}2 \cdot 10^{30}\end{bmatrix}"),
])  # fmt: skip
def test_small_arrays_are_written_out_and_large_ones_named(value, shown):
    x = G.input("x", "N", "M")
    first, _ = edges(draw(G.exp(x), at={x: value}))["x", "f"]
    assert first == shown if shown else first.count("&") == 9


def test_bools_and_integers_are_numbers():
    m, i = G.input("m", 3, dtype="bool"), G.input("i", 3, dtype="int64")
    found = edges(draw(G.sum(G.where(m, i, 0)), at={m: [True, False, True], i: [1, 2, 3]}))
    assert found["m", "h"][0] == r"[1,\, 0,\, 1]"
    assert found["i", "h"][0] == r"[1,\, 2,\, 3]"


def test_a_sheet_of_a_tensor_graph_lies_like_its_solution():
    f, wrt = network()
    at = {"x": [[1, 2, -1], [0, 1, 1]], "W1": np.ones((3, 4)), "b1": [0, .5, -.5, 1], "W2": np.ones((4, 1)),
          "b2": [0.25], "y": [[1], [0]]}
    solution, sheet = draw(f, wrt=wrt, at=at), draw(f, wrt=wrt, at=at, blank="all")
    place = [{g.key: g.shapes[0] for g in d.scene.groups if g.cls.startswith("node")} for d in (solution, sheet)]
    across = [{key: shape.x for key, shape in found.items()} for found in place]
    assert across[0] == across[1]
    rooms = {w.first.room for w in solution.figure.wires if w.first}
    assert len(rooms) > 3, "one room for all shapes would make the figure far too wide"


def test_a_factor_after_a_sum_is_outside_it():
    x, c = G.input("x", "N", 4), G.param("c", 4)
    q = (x / c).named("q")
    found = draw(G.backward(G.sum(q), [c]))
    done = r"\left(\sum_{n=1}^{N} (\cdot \odot\, \mathbf{q})\right) \odot ({-}\frac{1}{\mathbf{c}})"
    assert edges(found)["q", "c"][0] == done
    assert box(found, "c").note.tex.startswith(r"\left(\sum")
