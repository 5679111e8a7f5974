"""A blank sheet lies over its solution, its boxes give no hint, and no file of it holds an answer."""

import pytest

import graphc as G
from graphc.drawing import draw


def cases(exam):
    x, W, b = G.input("x", 3), G.param("W", 2, 3), G.param("b", 2)
    loss = G.sum(G.tanh(W @ x + b) ** 2) / 2
    at = {x: [1, 2, -1], W: [[0.5, -1, 0], [1, 0, 2]], b: [0, 1]}
    w, x2, c, d = G.params("w x2 c d")
    t = w * x2
    notes = t * c + t * d + w  # the wide note is inside the figure, and the narrow one at its edge
    far = {w: 1, x2: 0, c: 123456, d: 432109}
    return {"notes": (notes, [w], far), "numbers": (exam.f, exam.wrt, exam.at), "symbols": (exam.f, exam.wrt, None),
            "tensors": (loss, [W, b], at), "symbols of tensors": (loss, [W, b], None)}


def geometry(d):
    """Boxes, wires and legend, from the bottom of the page upwards: a sheet has a heading above them."""
    h = d.scene.height
    for group in d.scene.groups:
        if group.cls.startswith(("node", "edge", "legend")):
            for s in group.shapes:
                cls = getattr(s, "cls", "")
                if cls in ("wire", "head"):
                    yield group.key, [(n, [round(v - h if i % 2 else v, 6) for i, v in enumerate(vs)])
                                      for n, vs in s.commands]
                elif cls == "shape":
                    yield group.key, round(s.x, 6), round(s.y - h, 6)


@pytest.mark.parametrize("blank", ["values", "gradients", "all"])
@pytest.mark.parametrize("rankdir", ["LR", "TB"])
@pytest.mark.parametrize("which", ["numbers", "symbols", "tensors", "symbols of tensors", "notes"])
def test_a_sheet_lies_over_its_solution(exam, which, rankdir, blank):
    f, wrt, at = cases(exam)[which]
    solution = draw(f, wrt=wrt, at=at, rankdir=rankdir, lang="fr", theme="print")
    sheet = draw(f, wrt=wrt, at=at, rankdir=rankdir, lang="fr", theme="print", blank=blank)
    assert sheet.scene.width == pytest.approx(solution.scene.width, abs=1e-6)
    assert list(geometry(sheet)) == list(geometry(solution))


def blanks(d):
    return [(g.key, s) for g in d.scene.groups for s in g.shapes if getattr(s, "cls", "") == "blank"]


def test_boxes_of_one_shape_have_one_size(exam):
    f, wrt, at = cases(exam)["tensors"]
    d = draw(f, wrt=wrt, at=at, blank="all")
    shapes = {"W": (2, 3), "b": (2,), "u": (2,)}
    sizes = {}
    for key, s in blanks(d):
        tail = key.split()[0]
        sizes.setdefault(shapes.get(tail), set()).add((round(s.width, 6), round(s.height, 6)))
    assert len(sizes[(2,)]) == 1 and len(sizes[(2, 3)]) == 1 and sizes[(2,)] != sizes[(2, 3)]


def test_the_size_of_a_box_does_not_tell_the_answer(exam):
    other = {**exam.at, exam.x1: 1}  # w1_bar = 4·1 + 4·(−1) = 0, not 8
    for rankdir in ("LR", "TB"):
        sizes = [{(round(s.width, 6), round(s.height, 6)) for key, s in blanks(draw(
            exam.f, wrt=exam.wrt, at=at, blank="all", rankdir=rankdir)) if " " in key} for at in (exam.at, other)]
        assert sizes[0] == sizes[1] and len(sizes[0]) == 1


def test_symbols_are_left_blank_without_numbers(exam):
    d = draw(exam.f, wrt=exam.wrt, blank="gradients")
    labels = {(w.tail, w.head): w for w in d.figure.wires}
    assert labels["w1", "m1"].second.blank and not labels["w1", "m1"].first.blank
    assert labels["f", "output"].second.tex == r"\bar{f} = 1" and not labels["f", "output"].second.blank
    assert all(b.note.blank for b in d.figure.boxes if b.note)
    names = draw(exam.f, wrt=exam.wrt, blank="values")
    assert {w.tail for w in names.figure.wires if w.first.blank} == {"m1", "m2", "s", "r", "f"}


@pytest.mark.parametrize("ending", ["svg", "dot", "json", "tikz"])
def test_no_text_of_a_sheet_holds_an_answer(exam, ending):
    at = {**exam.at, exam.w1: 1, exam.x1: 493829}  # f = 4·493827
    solution, sheet = (getattr(draw(exam.f, wrt=exam.wrt, at=at, blank=b), ending) for b in (False, "all"))
    assert "1975308" in solution and "1975308" not in sheet
    assert "493827" in solution and "493827" not in sheet
    assert "gradient of w1" not in sheet


def test_the_description_tells_what_is_not_asked(exam):
    desc = {b: draw(exam.f, wrt=exam.wrt, at=exam.at, blank=b).scene.desc for b in ("values", "gradients", "all")}
    assert "f = w3·r = 12" in desc["gradients"] and "gradient of" not in desc["gradients"]
    assert "f = w3·r;" in desc["values"] and "gradient of w1: 8" in desc["values"]
    assert desc["all"].endswith("f = w3·r.")
