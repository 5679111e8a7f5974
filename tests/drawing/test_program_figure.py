"""The figure of a compiled function: statements, lanes of memory, bars for values, and what is in use."""

from itertools import pairwise

import pytest

import graphc as G
from graphc.drawing import draw
from graphc.drawing.program_figure import in_use


def network():
    x, y = G.input("x", "N", 3), G.input("y", "N", 1)
    W1, b1, W2, b2 = G.param("W1", 3, 4), G.param("b1", 4), G.param("W2", 4, 1), G.param("b2", 1)
    h = G.sigmoid(x @ W1 + b1).named("h")
    return G.value_and_grad(G.mean(G.square(h @ W2 + b2 - y)).named("L"), [W1, b1, W2, b2])


@pytest.fixture
def scalars(exam):
    return G.value_and_grad(exam.f, exam.wrt, target="scalar")


def groups(drawing, cls):
    return {g.key: g for g in drawing.scene.groups if g.cls == cls or (cls == "bar" and g.cls == "bar result")}


def test_every_statement_and_every_value_stands_in_the_figure(scalars):
    d = draw(scalars)
    assert [m.target for m in scalars.timeline.moments] + ["return"] == list(groups(d, "statement"))
    assert set(groups(d, "bar")) == {m.target for m in scalars.timeline.moments}
    assert set(groups(d, "bar result")) == set(scalars.outputs)


def test_a_workspace_has_a_lane_for_each_buffer():
    fn = network()
    lanes = {lane.name for lane in fn.timeline.lanes if lane.kind == "buffer"}
    assert lanes <= {b.name for b in fn.report.buffers}
    assert len(lanes) == 3
    assert set(groups(draw(fn), "lane")) == lanes


def attention():
    x, W = G.input("x", "N", 4), G.param("W", 4, 4)
    return G.value_and_grad(G.sum(G.square(G.softmax(x @ W @ x.T) @ x)), [W])


@pytest.mark.parametrize("make", [network, attention])
@pytest.mark.parametrize("style", ["fast", "readable"])
def test_values_in_one_lane_never_overlap(make, style):
    graph = make()._graph()
    t = G.compile(list(graph[0]), style=style).timeline
    for lane in range(len(t.lanes)):
        lives = [(i, max(m.last, i)) for i, m in enumerate(t.moments) if m.lane == lane]
        assert all(death <= birth for (_, death), (birth, _) in pairwise(lives)), t.lanes[lane]


def test_bars_in_a_figure_never_overlap():
    spans = sorted((g.shapes[0].x, g.shapes[0].y, g.shapes[0].height) for g in groups(draw(network()), "bar").values())
    for (x1, y1, h1), (x2, y2, _) in pairwise(spans):
        assert x1 != x2 or y1 + h1 < y2


def test_results_reach_the_last_line():
    d = draw(network())
    last = groups(d, "statement")["return"].shapes[0].y
    ends = {k: g.shapes[0].y + g.shapes[0].height for k, g in groups(d, "bar").items()}
    assert {k for k, end in ends.items() if end > last} == {"L", "dW1", "db1", "dW2", "db2"}


def test_what_is_in_use(scalars):
    counts = [n for n, _ in in_use(scalars.timeline)]
    assert counts[0] == 1
    assert max(counts) == len(scalars.outputs)
    assert counts[-1] == len(scalars.outputs)


def test_a_value_that_is_written_over_does_not_count():
    x = G.input("x", "N")
    t = G.compile(G.exp(G.tanh(G.sin(x))) * 2 + 1, style="fast").timeline
    assert {n for n, _ in in_use(t)} == {1}


def test_a_loop_over_blocks_is_one_statement():
    x, h = G.input("x", "N", 64), G.input("h", "N", 64)
    f = G.sum(G.tanh(G.sigmoid(x) * G.tanh(h) + G.sigmoid(h) * G.tanh(x)))
    fn = G.value_and_grad(f, [x, h])
    assert "" in {m.text for m in fn.timeline.moments}
    texts = [g.shapes[0].outline.tex for g in groups(draw(fn), "statement").values()]
    assert "(a loop over blocks of arrays)" in texts


@pytest.mark.parametrize(("ending", "start"), [
    ("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("dot", b"digraph"),
])
def test_formats(tmp_path, scalars, ending, start):
    path = tmp_path / f"program.{ending}"
    draw(scalars, lang="fr", theme="print").save(path)
    assert path.read_bytes().lstrip().startswith(start) or start in path.read_bytes()[:200]


def test_same_bytes_on_every_run():
    assert draw(network()).svg == draw(network()).svg


def test_data_flow_goes_through_what_is_done_once():
    wires = {(w.tail, w.head) for w in draw(network()).figure.wires}
    assert ("h", "dW2") in wires  # by h.T, which the workspace holds


def test_refusals(exam, scalars):
    with pytest.raises(G.GraphcError, match=r"compiled function takes no wrt, at or blank"):
        draw(scalars, wrt=["w1"])
    with pytest.raises(G.GraphcError, match=r"got int"):
        draw(3)
    v = exam.x1
    for _ in range(250):
        v = G.sin(v) * exam.w1
    with pytest.raises(G.GraphcError, match=r"up to 200 statements, f has 500"):
        draw(G.compile(v))
