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


def solid(group):
    """The boxes around a group's text and shape, wires apart."""
    for s in group.shapes:
        if isinstance(s, Glyphs) and s.outline.commands:
            yield s.x, s.y - s.outline.height, s.x + s.outline.width, s.y + s.outline.depth
        elif isinstance(s, Circle):
            yield s.x - s.radius, s.y - s.radius, s.x + s.radius, s.y + s.radius
        elif isinstance(s, Rect):
            yield s.x, s.y, s.x + s.width, s.y + s.height


def overlaps(scene):
    groups = [(g, list(solid(g))) for g in scene.groups if g.cls != "marks"]  # those stand in their box
    for i, (g, ours) in enumerate(groups):
        for h, theirs in groups[i + 1 :]:
            for a in ours:
                for b in theirs:
                    if a[0] < b[2] - 0.5 and b[0] < a[2] - 0.5 and a[1] < b[3] - 0.5 and b[1] < a[3] - 0.5:
                        yield g.key, h.key


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
    f, at = random_scalar_graph(seed)
    for d in (draw(f, wrt=list(at), at=at, rankdir=rankdir, engine="own"),
              draw(G.backward(f, list(at)), at=at, rankdir=rankdir, engine="own")):
        assert list(overlaps(d.scene)) == []


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
    turned = (y + x) * (x - y)  # x and y stand in one order, and the difference wants the other
    assert marks(draw(turned, engine="own")) == [["1", "2"]]


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
