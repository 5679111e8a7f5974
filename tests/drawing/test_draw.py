"""What `draw` puts on a figure, and what it refuses."""

from fractions import Fraction

import numpy as np
import pytest

import graphc as G
from graphc.drawing import Drawing, draw


def wires(drawing):
    return {(w.tail, w.head): w for w in drawing.figure.wires}


def labels(drawing, tail, head):
    wire = wires(drawing)[tail, head]
    return wire.first.tex if wire.first else None, wire.second.tex if wire.second else None


def box(drawing, key):
    return next(b for b in drawing.figure.boxes if b.key == key)


# Worked by hand: m1 = 6, m2 = -2, s = r = 3, f = 12, and back from f̄ = 1.
@pytest.mark.parametrize(("tail", "head", "expected"), [
    ("w1", "m1", ("2", "12")), ("w1", "m2", ("2", "{-}4")), ("x1", "m1", ("3", "8")), ("x2", "m2", ("{-}1", "8")),
    ("m1", "s", ("6", "4")), ("m2", "s", ("{-}2", "4")), ("b", "s", ("{-}1", "4")), ("s", "r", ("3", "4")),
    ("r", "f", ("3", "4")), ("w3", "f", ("4", "3")), ("f", "output", ("12", "1")),
])  # fmt: skip
def test_circuit_by_hand(exam, tail, head, expected):
    assert labels(draw(exam.f, wrt=exam.all, at=exam.at), tail, head) == expected


def test_fan_out_is_a_sum(exam):
    d = draw(exam.f, wrt=exam.wrt, at=exam.at)
    assert box(d, "w1").note.tex == r"\bar{w}_{1} = 12 + ({-}4) = 8"
    assert [b.key for b in d.figure.boxes if b.note] == ["w1"]


def test_no_gradient_where_none_was_asked(exam):
    d = draw(exam.f, wrt=["w3"], at=exam.at)
    assert labels(d, "w3", "f") == ("4", "3")
    assert labels(d, "w1", "m1") == ("2", None)


@pytest.mark.parametrize(("tail", "head", "expected"), [
    ("m1", "w1", (r"\frac{\partial m_{1}}{\partial w_{1}} = x_{1} = 3", r"4 \cdot 3 = 12")),
    ("m2", "w1", (r"\frac{\partial m_{2}}{\partial w_{1}} = x_{2} = {-}1", r"4 \cdot ({-}1) = {-}4")),
    ("r", "s", (r"\frac{\partial r}{\partial s} = \mathbf{1}_{s > 0} = 1", r"4 \cdot 1 = 4")),
    ("f", "r", (r"\frac{\partial f}{\partial r} = w_{3} = 4", r"1 \cdot 4 = 4")),
    ("s", "b", (r"\frac{\partial s}{\partial b} = 1", r"4 \cdot 1 = 4")),
])  # fmt: skip
def test_backward_graph_by_hand(exam, tail, head, expected):
    assert labels(draw(G.backward(exam.f, exam.wrt), at=exam.at), tail, head) == expected


def test_backward_graph_holds_what_was_asked(exam):
    d = draw(G.backward(exam.f, exam.wrt), at=exam.at)
    assert {b.key for b in d.figure.boxes} == {"f", "r", "s", "m1", "m2", "w1", "w3", "b"}
    assert box(d, "w1").tex == r"\bar{w}_{1} = 8"
    assert box(d, "w1").note.tex == "12 + ({-}4)"


def test_symbols_without_values(exam):
    d = draw(exam.f, wrt=exam.wrt)
    assert labels(d, "m1", "s") == ("m_{1}", r"\bar{m}_{1}")
    assert box(d, "w1").note.tex == r"\bar{w}_{1} = \bar{m}_{1} \cdot x_{1} + \bar{m}_{2} \cdot x_{2}"


def test_square_keeps_both_wires():
    x = G.input("x")
    d = draw(x * x, wrt=[x], at={x: 3})
    assert [(w.tail, w.first.tex, w.second.tex) for w in d.figure.wires[:2]] == [("x", "3", "3")] * 2
    assert box(d, "x").note.tex == r"\bar{x} = 3 + 3 = 6"


def test_constants_are_drawn_where_they_are_used():
    x = G.input("x")
    d = draw((x + 2) * (x - 2))
    assert [b.tex for b in d.figure.boxes if b.kind == "constant"] == ["2", "2"]


def test_exact_numbers_and_languages():
    a, x = G.param("a"), G.input("x")
    f = a / x
    english = draw(f, wrt=[a, x], at={a: 1, x: 3})
    assert labels(english, "x", "f") == ("3", r"{-}\frac{1}{9}")
    assert labels(draw(f, wrt=[a], at={a: 1, x: 2}, lang="fr"), "a", "f") == ("1", "0{,}5")


def test_a_decimal_means_what_it_says():
    x, y = G.inputs("x y")
    assert labels(draw(x + y, at={x: 0.1, y: 0.2}), "f", "output") == ("0.3", None)
    assert labels(draw(x + y, at={x: Fraction(1, 3), y: 1}), "f", "output")[0] == r"\frac{4}{3}"


def test_transcendental_values_have_four_digits():
    x = G.input("x")
    assert labels(draw(G.exp(x), wrt=[x], at={x: 1}), "x", "f") == ("1", "2.718")


def test_a_number_in_a_local_derivative_is_a_number():
    x = G.input("x")
    d = draw(G.backward(x**0.5, [x]))
    assert labels(d, "f", "x")[0] == r"\frac{\partial f}{\partial x} = 0.5 \cdot x^{{-}0.5}"


def test_at_a_kink_the_convention_is_drawn():
    x = G.param("x")
    assert labels(draw(G.relu(x), wrt=[x], at={x: 0}), "x", "f") == ("0", "0")
    assert labels(draw(G.maximum(x, 0), wrt=[x], at={x: 0}), "x", "f") == ("0", "0.5")


def test_shapes_stand_on_the_wires_of_tensors():
    x, w = G.input("x", "N", 3), G.param("W", 3, 2)
    d = draw(G.sum(G.tanh(x @ w)))
    assert labels(d, "W", "u") == (None, r"3 \times 2")
    assert box(d, "W").tex == r"\mathbf{W}"


def test_small_arrays_are_shown():
    x = G.input("x", 2)
    d = draw(G.sum(x * x), wrt=[x], at={x: np.array([1.0, 2.0])})
    assert labels(d, "m", "f") == (r"[1,\, 4]", r"[1,\, 1]")


def test_blanks_hide_what_is_computed_alone(exam):
    d = draw(exam.f, wrt=exam.wrt, at=exam.at, blank="values")
    found = wires(d)
    assert found["s", "r"].first.blank and not found["s", "r"].second.blank
    assert not found["x1", "m1"].first.blank, "the data are given"
    assert "fill in the values" in d.figure.heading


def test_a_blank_sheet_lies_over_its_solution(exam):
    solution = draw(exam.f, wrt=exam.wrt, at=exam.at)
    sheet = draw(exam.f, wrt=exam.wrt, at=exam.at, blank="all")
    extents = [{k: i.extent for k, i in place_of(d).items.items()} for d in (solution, sheet)]
    assert extents[0] == extents[1]


def place_of(drawing):
    from graphc.drawing.scene import place

    return place(drawing.figure, "own").chart


def test_blank_boxes_are_all_as_wide(exam):
    d = draw(exam.f, wrt=exam.wrt, at=exam.at, blank="all")
    widths = {s.width for g in d.scene.groups if g.cls == "edge" for s in g.shapes if getattr(s, "cls", "") == "blank"}
    assert len(widths) == 1


@pytest.mark.parametrize(("option", "text"), [
    ({"lang": "de"}, "no language 'de'; choose from en, fr"),
    ({"theme": "neon"}, "no theme 'neon'; choose from light, dark, print"),
    ({"rankdir": "RL"}, "no rankdir 'RL'; choose from LR, TB"),
    ({"blank": "some"}, "no blank 'some'; choose from values, gradients, all"),
    ({"engine": "neato"}, "no layout engine 'neato'; choose from pygraphviz, dot, own"),
    ({"blank": "all"}, "needs at="),
    ({"at": {"x1": 1}}, "no value for w1, w3, b, x2|no value for x2, w1, w3, b"),
    ({"at": {"nobody": 1}}, "no input named 'nobody'; this graph has"),
    ({"at": 3}, "at maps inputs to values"),
])  # fmt: skip
def test_refusals(exam, option, text):
    with pytest.raises(G.InputError, match=text):
        draw(exam.f, **option)


def test_a_value_that_is_no_number(exam):
    with pytest.raises(G.InputError, match="at: b needs one number, got 'soon'"):
        draw(exam.f, at={**exam.at, list(exam.at)[-1]: "soon"})


def test_an_array_of_the_wrong_shape():
    x = G.input("x", 3)
    with pytest.raises(G.ShapeError, match=r"at: x is float64\[3\], got an array of shape \(2,\)"):
        draw(G.sum(x), at={x: [1.0, 2.0]})


def test_only_graphs_are_drawn():
    needs = r"draw takes an Expr, G.backward\(...\), a compiled function, a history or a function, got int"
    with pytest.raises(G.InputError, match=needs):
        draw(3)


def test_a_leaf_alone():
    assert [b.kind for b in draw(G.input("x")).figure.boxes] == ["data"]


def test_large_graphs_are_refused_not_awaited():
    y = G.input("y")
    for _ in range(100_000):
        y = G.tanh(y)
    with pytest.raises(G.LimitExceeded, match="up to 1,000 operations, this graph has 100,000"):
        draw(y, fold=False)


def test_tangled_graphs_are_refused():
    x, y = G.inputs("x y")
    for _ in range(400):
        y = G.tanh(y) * x
    with pytest.raises(G.LimitExceeded, match="used too far from where they are made"):
        draw(y, fold=False)


def test_a_long_chain_is_drawn():
    y = G.input("y")
    for _ in range(300):
        y = G.tanh(y)
    assert len(draw(y, engine="own", fold=False).figure.boxes) == 302


def test_font_size_on_paper(exam):
    d = draw(exam.f)
    assert d.font_size(d.scene.width) == d.font_size(10_000) == 11.8
    assert d.font_size(d.scene.width / 2) == pytest.approx(5.9)


def test_notebooks_get_svg(exam):
    d = draw(exam.f)
    assert isinstance(d, Drawing)
    assert d._repr_mimebundle_()["image/svg+xml"] == d._repr_svg_() == d.svg


def test_long_contributions_to_one_adjoint_are_told_apart():
    b, y = G.param("b"), G.input("y")
    drawn = draw(G.backward(b ** (b / y), [b, y]))  # two terms too long for their wires: b̄ = b̄⁽¹⁾ + b̄⁽²⁾
    assert drawn.svg.count("<svg") == 1
