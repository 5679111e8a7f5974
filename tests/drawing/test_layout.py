"""Geometry that holds on any figure: nothing overlaps, the spine is straight, engines agree on what is drawn."""

import builtins
import operator
import random
import sys
from itertools import pairwise

import pytest

import graphc as G
from graphc.drawing import draw, order, place
from graphc.drawing.layout import box_ranks, crossings, settle, spine_of
from graphc.drawing.shapes import Circle, Glyphs, Rect


def around(s):
    """The rectangle around text, a circle, a box or an arrow's head: left, top, right, bottom."""
    if isinstance(s, Glyphs):
        return s.x, s.y - s.outline.height, s.x + s.outline.width, s.y + s.outline.depth
    if isinstance(s, Circle):
        return s.x - s.radius, s.y - s.radius, s.x + s.radius, s.y + s.radius
    if isinstance(s, Rect):
        return s.x, s.y, s.x + s.width, s.y + s.height
    xs, ys = ([v for _, vs in s.commands for v in vs[i::2]] for i in (0, 1))
    return min(xs), min(ys), max(xs), max(ys)


def solid(group):
    """The rectangles around all that a group draws, wires apart."""
    for s in group.shapes:
        if s.cls not in ("wire", "head") and not (isinstance(s, Glyphs) and not s.outline.commands):
            yield around(s)


def meet(a, b, apart=-0.5):
    return a[0] < b[2] + apart and b[0] < a[2] + apart and a[1] < b[3] + apart and b[1] < a[3] + apart


def overlaps(scene):
    groups = [(g, list(solid(g))) for g in scene.groups if g.cls != "marks"]  # those stand in their box
    for i, (g, ours) in enumerate(groups):
        for h, theirs in groups[i + 1 :]:
            if any(meet(a, b) for a in ours for b in theirs):
                yield g.key, h.key


def line(path):
    """Points on a wire, closely spaced."""
    points = []
    for name, v in path.commands:
        here = points[-1] if points else v
        for t in (i / 40 for i in range(1, 41) if v):  # "Z" has no coordinates
            if name == "C":
                k = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
                points.append(tuple(k[0] * here[i] + k[1] * v[i] + k[2] * v[2 + i] + k[3] * v[4 + i] for i in (0, 1)))
            else:
                points.append(tuple(here[i] + (v[i] - here[i]) * t for i in (0, 1)))
    return points


def struck(drawing):
    """Wires that run over a text, a note or a box that is not at their end."""
    groups = [g for g in drawing.scene.groups if g.cls != "marks"]
    for wire, own in zip(drawing.figure.wires, groups):
        assert own.cls == "edge"
        points = [(x, y, x, y) for s in own.shapes if s.cls in ("wire", "head") for x, y in line(s)]
        for g in groups:
            shapes = [s for s in g.shapes if s.cls not in ("wire", "head")]
            if g.key in (wire.tail, wire.head) and g.cls.startswith("node"):
                shapes = shapes[len(shapes) - 1 :] if note_of(drawing, g.key) else []
            if any(meet(around(s), p, 1.0) for s in shapes for p in points):
                yield f"{wire.tail} -> {wire.head}", g.key


def note_of(drawing, key):
    return next(b.note for b in drawing.figure.boxes if b.key == key)


def outside(scene):
    rooms = [(g.key, around(s)) for g in scene.groups for s in g.shapes]
    return [key for key, r in rooms if min(r[0], r[1], scene.width - r[2], scene.height - r[3]) < 4.0]


def faults(drawing):
    return [*overlaps(drawing.scene), *struck(drawing), *outside(drawing.scene)]


STEPS = (operator.mul, operator.add, operator.sub, lambda u, _: G.tanh(u), lambda u, _: u * 2)


def random_scalar_graph(seed):
    rng = random.Random(seed)
    values = [*G.inputs("x y"), *G.params("a b c")]
    for _ in range(rng.randint(3, 14)):
        values.append(rng.choice(STEPS)(rng.choice(values), rng.choice(values)))
    f = values[-1]
    at = {name: rng.choice([-1, 0.5, 2, 3]) for name in "xyabc"}
    used = {node.label for _, node in G.to_networkx(f).nodes(data="expr")}
    return f, {k: v for k, v in at.items() if k in used}


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_nothing_overlaps(seed, rankdir):
    """Labels, notes, boxes, legend: none on another, no wire over any, none over the figure's edge."""
    f, at = random_scalar_graph(seed)
    backward, form = G.backward(f, list(at)), {"rankdir": rankdir, "engine": "own"}
    for d in (draw(f, wrt=list(at), at=at, **form), draw(f, wrt=list(at), **form),
              draw(backward, at=at, **form), draw(backward, **form)):
        assert faults(d) == []


def noted():
    """An inner value with three consumers, whose own operands come in from both sides."""
    x = G.input("x")
    y = x * x
    return G.exp(y) * y + x / (1 + y), [x], {x: 2}


@pytest.mark.parametrize("option", [{}, {"blank": True}, {"lang": "fr"}])
@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_no_wire_runs_over_the_sum_of_an_inner_value(rankdir, option):
    f, wrt, at = noted()
    assert faults(draw(f, wrt=wrt, at=at, rankdir=rankdir, **option)) == []
    assert faults(draw(f, wrt=wrt, rankdir=rankdir)) == []


def test_the_spine_of_the_exam_is_straight(exam):
    placed = place(draw(exam.f, wrt=exam.all, at=exam.at).figure, "own")
    assert len({round(placed.centres[k][1], 3) for k in ("s", "r", "f", "output")}) == 1
    assert placed.centres["b"][0] == placed.centres["s"][0], "a parameter comes in from the side"


def test_top_to_bottom_turns_the_figure(exam):
    placed = place(draw(exam.f, rankdir="TB").figure, "own")
    assert len({round(placed.centres[k][0], 3) for k in ("s", "r", "f", "output")}) == 1
    assert placed.centres["b"][1] == placed.centres["s"][1]


def test_the_exam_has_no_crossing(exam):
    assert crossings(place(draw(exam.f).figure, "own").chart) == 0


def test_operands_of_a_difference_stand_in_order():
    x, y = G.inputs("x y")
    placed = place(draw(G.tanh(x) - G.tanh(y)).figure, "own")
    assert placed.centres["a1"][1] < placed.centres["a2"][1]


def marks(drawing):
    return [[s.outline.tex for s in g.shapes] for g in drawing.scene.groups if g.cls == "marks"]


def test_operands_are_numbered_when_they_cannot_come_in_order():
    x, y = G.inputs("x y")
    assert marks(draw(x - y, engine="own")) == []
    turned = (x - y) * G.tanh(y - x)  # x and y stand in one order, and one of the differences wants the other
    d = draw(turned, engine="own")
    assert marks(d) == [["1", "2"]]
    first, second = (around(s) for g in d.scene.groups if g.cls == "marks" for s in g.shapes)
    assert not meet(first, second, 1.0)


def test_a_sign_stands_in_the_middle_of_its_circle():
    x, y = G.inputs("x y")
    for f in (x - y, x + y, x / y):
        shapes = next(g.shapes for g in draw(f).scene.groups if g.key == "f")
        heights = [v for _, vs in shapes[1].outline.commands for v in vs[1::2]]
        assert shapes[1].y + (min(heights) + max(heights)) / 2 == pytest.approx(shapes[0].y)


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_the_figure_is_turned_over_rather_than_numbered(rankdir):
    f, _, _ = noted()  # the numerator x comes in over the denominator
    x, y = G.inputs("x y")
    assert marks(draw(f, rankdir=rankdir)) == marks(draw((y + x) / x)) == []


def test_what_is_used_late_stands_late():
    arcs = [("x", "u"), ("u", "v"), ("v", "p"), ("y", "p"), ("y", "d"), ("d", "q"), ("p", "q")]
    rank = box_ranks(["x", "y", "u", "v", "d", "p", "q"], arcs)
    assert rank == {"x": 0, "u": 2, "v": 4, "y": 4, "p": 6, "d": 6, "q": 8}


def test_engines_draw_the_same_exam(exam):
    own = draw(exam.f, wrt=exam.all, at=exam.at, engine="own")
    assert own.engine == "own"
    assert own.svg == draw(exam.f, wrt=exam.all, at=exam.at).svg


def without(monkeypatch, module):
    real = builtins.__import__

    def refuse(name, *rest):
        if name == module:
            raise ImportError("libXrender.so.1: cannot open shared object file")
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)


def test_without_graphviz_our_own_layout_draws(exam, monkeypatch):
    without(monkeypatch, "pygraphviz")
    monkeypatch.setattr(order, "_run", lambda *_: (_ for _ in ()).throw(order.Unavailable("no dot")))
    assert draw(exam.f).engine == "own"


def test_a_forced_engine_that_cannot_run_says_why(exam, monkeypatch):
    without(monkeypatch, "pygraphviz")
    with pytest.raises(G.InputError, match="layout engine 'pygraphviz' cannot run here: libXrender"):
        draw(exam.f, engine="pygraphviz")


def test_graphviz_is_stopped_by_the_clock(monkeypatch):
    monkeypatch.setattr(order, "CLOCK", 0.0)
    monkeypatch.setattr(order, "IN_PROCESS", 0)
    with pytest.raises(G.InputError, match="no layout within 0 s"):
        draw(G.input("x") + G.input("y"), engine="pygraphviz")


def test_settle_keeps_gaps_and_moves_little():
    rng = random.Random(5)
    wanted = [rng.uniform(-50, 50) for _ in range(30)]
    gaps = [rng.uniform(1, 9) for _ in range(29)]
    found = settle(wanted, [1.0] * 30, gaps)
    assert all(b - a >= g - 1e-9 for a, b, g in zip(found, found[1:], gaps))
    # At the optimum the residuals of each block of touching items sum to zero.
    starts = [0, *(i + 1 for i, g in enumerate(gaps) if found[i + 1] - found[i] > g + 1e-9), 30]
    for a, b in pairwise(starts):
        assert abs(sum(f - w for f, w in zip(found[a:b], wanted[a:b]))) < 1e-6


def test_ranks_follow_the_wires():
    arcs = [("x", "m"), ("w", "m"), ("m", "s"), ("b", "s"), ("x", "s")]
    rank = box_ranks(["x", "w", "b", "m", "s"], arcs)
    assert rank == {"x": 0, "w": 0, "m": 2, "b": 2, "s": 4}


def test_the_spine_stops_where_longest_chains_part():
    arcs = [("x", "p"), ("x", "q"), ("p", "s"), ("q", "s"), ("s", "f")]
    assert spine_of(["x", "p", "q", "s", "f"], arcs) == ["x", "s", "f"]
