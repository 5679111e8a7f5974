"""Scopes as frames: what stands in them, and geometry that holds for each figure that has some."""

import io
import pickle
import threading

import pytest

import graphc as G
from graphc.drawing import draw, place
from graphc.drawing.grouping import _convex


def two_layers():
    x, y = G.input("x", "N", 4), G.input("y", "N", 1)
    W1, b1, W2, b2 = G.param("W1", 4, 8), G.param("b1", 8), G.param("W2", 8, 1), G.param("b2", 1)
    with G.scope("Layer 1"):
        h = G.relu(x @ W1 + b1).named("h")
    with G.scope("Layer 2"):
        p = G.sigmoid(h @ W2 + b2).named("p")
    with G.scope("Squared loss"):
        return G.mean((p - y) ** 2).named("L"), ["W1", "b1", "W2", "b2"]


def residual(blocks=2):
    h = G.input("x", "N", 16)
    for i in range(1, blocks + 1):
        with G.scope(f"Block {i}"):
            h = h + G.relu(h @ G.param(f"W{i}", 16, 16) + G.param(f"b{i}", 16)) @ G.param(f"V{i}", 16, 16)
    return G.mean(h), ["W1", "V2"]


def encoder():
    q = G.input("q", "T", 8)
    with G.scope("Encoder"):
        z = G.layer_norm(q, 8, G.param("g", 8), G.param("b", 8))
        a = G.scaled_dot_product_attention(*(z @ G.param(f"W{k}", 8, 8) for k in "QKV"))
        out = z + a
    return G.sum(out), ["g", "WQ"]


def scalar_net():
    x, w, v = G.input("x"), G.param("w"), G.param("v")
    with G.scope("one"):
        h = G.tanh(w * x) + x
    with G.scope("two"):
        f = v * h * G.exp(h)
    return f, ["w", "v"]


MODELS = {"layers": two_layers, "residual": residual, "encoder": encoder, "scalar": scalar_net}


def figures():
    for name, model in MODELS.items():
        f, wrt = model()
        yield name, lambda f=f, **o: draw(f, **o)
        yield f"{name} wrt", lambda f=f, wrt=wrt, **o: draw(f, wrt=wrt, **o)
        yield f"{name} backward", lambda f=f, wrt=wrt, **o: draw(G.backward(f, wrt), **o)


FIGURES = dict(figures())


def around(s):
    """Left, top, right, bottom of a shape."""
    if hasattr(s, "outline"):
        return s.x, s.y - s.outline.height, s.x + s.outline.width, s.y + s.outline.depth
    if hasattr(s, "commands"):
        xs, ys = ([v for _, vs in s.commands for v in vs[i::2]] for i in (0, 1))
        return min(xs), min(ys), max(xs), max(ys)
    if hasattr(s, "width"):
        return s.x, s.y, s.x + s.width, s.y + s.height
    return s.x - s.radius, s.y - s.radius, s.x + s.radius, s.y + s.radius


def meet(a, b, apart=0.0):
    return a[0] < b[2] + apart and b[0] < a[2] + apart and a[1] < b[3] + apart and b[1] < a[3] + apart


def within(a, b):
    return a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3]


def points_of(path):
    """Points on a wire, closely spaced."""
    at = path.commands[0][1]
    for name, v in path.commands[1:]:
        for t in (i / 20 for i in range(21)):
            k = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            if name == "C":
                yield tuple(k[0] * at[i] + k[1] * v[i] + k[2] * v[2 + i] + k[3] * v[4 + i] for i in (0, 1))
            else:
                yield tuple(at[i] + (v[i] - at[i]) * t for i in (0, 1))
        at = v[-2:]


def faults(drawing):
    """Foreign boxes in a frame or on its line, members out of it, wires of others through it, titles struck out."""
    figure, groups = drawing.figure, drawing.scene.groups
    boxes = {g.key: around(g.shapes[0]) for g in groups if g.cls.startswith("node")}
    frames = {g.key: g for g in groups if g.cls == "cluster"}
    wires = [(w, g.shapes[0]) for w, g in zip(figure.wires, [g for g in groups if g.cls == "edge"])]
    words = [around(s) for g in groups if g.cls not in ("cluster", "legend") for s in g.shapes if hasattr(s, "outline")]
    assert len(frames) == sum(1 for top in figure.clusters for _ in top.walk())
    for top in figure.clusters:
        for cluster in top.walk():
            room, *titles = map(around, frames[cluster.key].shapes)
            members = {key for inner in cluster.walk() for key in inner.boxes}
            for key, box in boxes.items():
                if within(box, room) != (key in members) or (key not in members and meet(box, room)):
                    yield "box", cluster.title, key
            for inner in cluster.clusters:
                if not within(around(frames[inner.key].shapes[0]), room):
                    yield "frame", cluster.title, inner.title
            for wire, path in wires:
                spots = [(x, y, x, y) for x, y in points_of(path)]
                if not {wire.tail, wire.head} & members and any(meet(p, room) for p in spots):
                    yield "wire", cluster.title, wire.tail, wire.head
                if any(meet(p, title, 1.0) for p in spots for title in titles):
                    yield "title", cluster.title, wire.tail, wire.head
            if any(meet(title, other) for title in titles for other in [*boxes.values(), *words]):
                yield "title on text", cluster.title
            if not all(within(title, room) for title in titles):
                yield "title out", cluster.title
    yield from (("page", key) for key, box in boxes.items() if min(box) < 0 or box[2] > drawing.scene.width)


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
@pytest.mark.parametrize("name", FIGURES)
def test_frames_hold_their_own_and_nothing_else(name, rankdir):
    d = FIGURES[name](rankdir=rankdir, engine="own")
    assert d.figure.clusters
    assert list(faults(d)) == []


def test_the_check_sees_faults():
    """The test itself can fail: a frame that is too small, and one that is too large."""
    d = FIGURES["layers"](engine="own")
    frame = next(g for g in d.scene.groups if g.cls == "cluster")
    rect = frame.shapes[0]
    object.__setattr__(rect, "width", rect.width * 4)
    assert {fault[0] for fault in faults(d)} >= {"box", "wire"}
    object.__setattr__(rect, "width", 10.0)
    assert {fault[0] for fault in faults(d)} >= {"box", "title out"}


def titles(d):
    return [(c.title, c.tex, sorted(c.boxes)) for top in d.figure.clusters for c in top.walk()]


def gated():
    """A loop with two carries and stacked results."""
    xs, W, U = G.input("xs", "T", 4), G.param("W", 4, 8), G.param("U", 8, 8)
    h0, c0 = G.param("h0", 8), G.param("c0", 8)

    def step(state, x):
        h, c = state
        i = G.sigmoid(x @ W + h @ U)
        c = (i * c + (1 - i) * G.tanh(x @ W)).named("c")
        return ((i * G.tanh(c)).named("h"), c), i

    (h, _), gates = G.scan(step, (h0, c0), xs)
    return G.sum(h) + G.sum(gates)


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_a_scan_is_a_plate_around_its_step(rankdir):
    d = draw(gated(), rankdir=rankdir, engine="own")
    assert list(faults(d)) == []
    (plate,) = d.figure.clusters
    assert plate.plate and plate.tex == r"t = 1, \ldots, T \quad (\times T)"
    boxes = {b.key: b.tex for b in d.figure.boxes}
    assert not any("scan" in tex for tex in boxes.values())
    assert {"W", "U"} <= set(plate.boxes) and not {"h0", "c0", "xs"} & set(plate.boxes)
    labels = {w.tail: w.first.tex for w in d.figure.wires if w.first}
    assert labels["h0"] == r"\mathbf{h}^{(t-1)}" and labels["xs"] == r"\mathbf{xs}^{(t)}"
    assert r"\mathbf{h}^{(T)}" in [w.first.tex for w in d.figure.wires if w.first]


def test_a_loop_backwards_and_one_that_hands_on_what_came():
    xs = G.input("x", 5, 3)
    last, _ = G.scan(lambda h, x: (G.tanh(h + x).named("h"), None), G.param("h0", 3), xs, reverse=True)
    d = draw(G.sum(last))
    assert d.figure.clusters[0].tex.startswith(r"t = 5, \ldots, 1 ")
    assert r"\mathbf{h}^{(t+1)}" in [w.first.tex for w in d.figure.wires if w.first]
    same, ys = G.scan(lambda h, x: (h, h * x), G.param("h0", 3), xs)
    assert not draw(G.sum(same) + G.sum(ys)).figure.clusters


def test_members_and_formulas():
    """Parameters stand with the layer that they serve; data only where they come in from the side."""
    f, wrt = two_layers()
    first, second, loss = titles(draw(f, wrt=wrt))
    formula = r"\mathbf{h} = \operatorname{ReLU}\left(\mathbf{x} \, \mathbf{W}_{1} + \mathbf{b}_{1}\right)"
    assert first == ("Layer 1", formula, ["W1", "b1", "h", "s1", "u1"])
    assert second[2] == ["W2", "b2", "p", "s2", "u2"]
    assert "y" in loss[2] and "x" not in first[2]


def test_a_shared_parameter_stands_outside():
    x, w = G.input("x"), G.param("w")
    with G.scope("a"):
        u = G.tanh(w * x)
    with G.scope("b"):
        f = G.exp(w * u)
    assert [boxes for _, _, boxes in titles(draw(f))] == [["a", "m1"], ["f", "m2"]]


def test_scopes_nest_and_decorate():
    @G.scope("dense")
    def dense(x, w):
        return G.tanh(w * x)

    x, w, v = G.input("x"), G.param("w"), G.param("v")
    with G.scope("net"):
        h = dense(dense(x, w), v)
    assert h.scope == ("net", "dense") and x.scope == ()
    (net,) = draw(h * 2).figure.clusters
    assert net.title == "net" and [c.title for c in net.clusters] == ["dense", "dense"]


def test_a_scope_is_no_part_of_a_node():
    x = G.input("x")
    u = G.tanh(x)
    with G.scope("late"):
        assert G.tanh(x) is u and u.scope == ()
        v = G.exp(x)
    assert G.exp(x) is v and pickle.loads(pickle.dumps(v)) is v
    assert str(v) == "exp(x)"


def test_scopes_of_threads_are_apart():
    x, seen = G.input("x"), []
    with G.scope("main"):
        worker = threading.Thread(target=lambda: seen.append(G.cosh(x).scope))
        worker.start()
        worker.join()
        assert seen == [()] and G.sinh(x).scope == ("main",)


def test_one_scope_serves_many_threads_and_nests_deep():
    part, x, seen = G.scope("part"), G.input("x"), []
    inside, leave = threading.Barrier(2, timeout=30), threading.Barrier(2, timeout=30)

    def work(k):
        with part:
            inside.wait()
            seen.append((x * k).scope)
            leave.wait()
        seen.append((x - k).scope)

    workers = [threading.Thread(target=work, args=(k,)) for k in (2, 3)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    assert sorted(seen) == [(), (), ("part",), ("part",)]

    @G.scope("deeper")
    def deep(v, n):
        return deep(G.tanh(v), n - 1) if n else v

    assert max(len(list(top.walk())) for top in draw(deep(x, 60)).figure.clusters) == 12


def test_simplified_graphs_keep_their_scopes():
    x = G.input("x")
    with G.scope("part"):
        f = G.tanh(x * 1 + 0) * G.exp(x)
    assert G.simplify(f).scope == ("part",)


@pytest.mark.parametrize("title", ["", "  ", "a\nb", "x" * 81, 3])
def test_bad_titles(title):
    with pytest.raises(G.InputError, match="the title must be a line of 1 to 80 printable characters"):
        G.scope(title)


def test_a_scope_that_is_left_and_continued_becomes_two_frames():
    one, two = object(), object()
    groups = [(one, ["u", "w"]), (two, ["p", "q"])]
    arcs = [("u", "v"), ("v", "w"), ("p", "w"), ("u", "q")]
    parts = _convex(["u", "v", "w", "p", "q"], arcs, groups)
    assert [members for run, members in parts if run is one] == [["u"], ["w"]]
    assert sorted(k for run, members in parts if run is two for k in members) == ["p", "q"]


def test_french_titles_of_the_library():
    assert [t for t, _, _ in titles(draw(encoder()[0], lang="fr"))] == [
        "Encoder", "Normalisation par couche", "Attention"]


def test_formats_draw_frames():
    f, _ = two_layers()
    d = draw(f)
    assert d.svg.count('class="cluster"') == 3 and 'aria-label="Squared loss"' in d.svg
    assert d.dot.count("subgraph \"cluster_") == 3 and "Squared loss" in d.dot
    assert d.svg == draw(f).svg
    from graphc.drawing.pdf import pdf_bytes

    assert io.BytesIO(pdf_bytes(d.scene)).read(4) == b"%PDF"


def test_titles_are_escaped():
    x = G.input("x")
    with G.scope('<b>"&\\{x}'):
        f = G.tanh(x) * x
    d = draw(f)
    assert "<b>" not in d.svg and "<b>" not in d.dot
    assert draw(f, fold=0).figure.boxes


def test_without_scopes_nothing_changes(exam):
    d = draw(exam.f)
    assert not d.figure.clusters and not place(d.figure).frames and d.folded == ()
