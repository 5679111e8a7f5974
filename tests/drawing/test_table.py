"""The dynamic program as a figure: its rows, its numbers, its blanks, in both languages."""

from __future__ import annotations

import pytest
from lecture_graphs import GRAPHS

import graphc as G
from graphc.drawing.facts import Facts
from graphc.drawing.shapes import Rect
from graphc.drawing.table import _count, table_of

POINT = {"x1": 3, "x2": -1, "w1": 2, "w3": 4, "b": -1}


def exam():
    x1, x2 = G.inputs("x1 x2")
    w1, w3, b = G.params("w1 w3 b")
    f = w3 * G.relu(w1 * x1 + w1 * x2 + b)
    return G.backward(f, [w1, w3, b])


def table(B, at=None, lang="en", blank=""):
    return table_of(Facts(B.output, B, at, lang), blank)


def test_a_row_a_value_from_the_output_back():
    t = table(exam(), POINT)
    assert t.plain().splitlines() == [
        "value | forward | used by | contribution of each | adjoint: their sum",
        "f = w₃ · r | 12 |  |  | f̄ = 1",
        "r = ReLU(s) | 3 | f | f̄ · w₃ = 4 | r̄ = 4",
        "s = m₁ + m₂ + b | 3 | r | r̄ · 1[s > 0] = 4 | s̄ = 4",
        "b | −1 | s | s̄ = 4 | b̄ = 4",
        "m₂ = w₁ · x₂ | −2 | s | s̄ = 4 | m̄₂ = 4",
        "m₁ = w₁ · x₁ | 6 | s | s̄ = 4 | m̄₁ = 4",
        "w₁ | 2 | m₁; m₂ | m̄₁ · x₁ = 12; m̄₂ · x₂ = −4 | w̄₁ = 12 + (−4) = 8",
        "w₃ | 4 | f | f̄ · r = 3 | w̄₃ = 3",
        "Edges visited, once each: 8. Paths that a naive sum would walk: 4.",
    ]


def test_without_a_point_the_adjoint_is_a_formula():
    rows = table(exam()).rows
    assert [cell[0].tex for cell in (rows[2][-1], rows[-1][-1])] == [
        r"\bar{s} = w_{3} \cdot \mathbf{1}_{s > 0}", r"\bar{w}_{3} = r"]


def test_arrays_are_written_by_their_rules():
    t = table(G.backward(GRAPHS["network"]()))
    assert t.rows[-1][2][0].tex == r"\mathbf{x}^{\top} \, \bar{\mathbf{u}}_{1}"
    assert t.rows[1][-1][0].tex == r"\bar{\mathbf{h}}_{1} = \frac{1}{N} \cdot 𝟏_{N \times 1}"


def test_the_words_are_french():
    t = table(exam(), lang="fr")
    assert t.head == ["valeur", "utilisée par", "contribution de chacune", "adjoint\u00a0: leur somme"]
    assert t.caption.startswith("Arêtes visitées, une fois chacune\u00a0: 8.")
    assert _count(4096, "fr") == "4\u202f096"
    assert _count(2**70, "en") == "1.18·10^21"


def test_blanks_keep_the_size_and_hide_the_answers():
    B = exam()
    whole = G.draw(B, kind="table", at=POINT).scene
    for blank, boxes in (("values", 8), ("gradients", 16), ("all", 24)):
        empty = G.draw(B, kind="table", at=POINT, blank=blank).scene
        assert (empty.width, empty.height) == (whole.width, whole.height)
        found = [s for g in empty.groups for s in g.shapes if isinstance(s, Rect) and s.cls == "blank"]
        assert len(found) == boxes
        assert len({(s.x, s.width) for s in found}) == {"values": 1, "gradients": 2, "all": 3}[blank]
    assert "12 + (−4)" in whole.desc
    assert "12 + (−4)" not in G.draw(B, kind="table", at=POINT, blank="all").scene.desc


def test_every_format_takes_it(tmp_path):
    d = G.draw(exam(), kind="table", at=POINT, lang="fr")
    for ending, begins in (("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF")):
        d.save(tmp_path / f"t.{ending}")
        assert begins in (tmp_path / f"t.{ending}").read_bytes()[:300]
    assert d.svg == G.draw(exam(), kind="table", at=POINT, lang="fr").svg
    assert 'lang="fr"' in d.svg and "<title" in d.svg
    with pytest.raises(G.InputError, match="a table has no DOT"):
        d.save(tmp_path / "t.dot")


def test_what_has_no_table_says_so():
    B = exam()
    with pytest.raises(G.InputError, match=r"no kind of figure 'tabel'; choose from graph, table"):
        G.draw(B, kind="tabel")
    with pytest.raises(G.InputError, match=r"a table is that of G\.backward"):
        G.draw(B.output, kind="table")
    with pytest.raises(G.InputError, match=r'values to leave out with at= alone'):
        G.draw(B, kind="table", blank="values")
