"""Repeated blocks in plates, closed scopes, and how much of a large graph is shown."""

import random

import pytest

import graphc as G
from graphc.drawing import draw
from graphc.drawing.repeats import chains
from graphc.view import teaching_view


def mlp(layers, scopes=False):
    h, y = G.input("x", "N", 8), G.input("y", "N", 8)
    for i in range(1, layers + 1):
        W, b = G.param(f"W{i}", 8, 8), G.param(f"b{i}", 8)
        if scopes:
            with G.scope(f"Layer {i}"):
                h = G.relu(h @ W + b)
        else:
            h = G.relu(h @ W + b)
    return G.mean((h - y) ** 2)


def tanh_net(layers=50):
    h = G.input("x", "N", 8)
    for i in range(layers):
        h = G.tanh(h @ G.param(f"W{i}", 8, 8))
    return G.sum(h)


def resnet(blocks=8):
    h = G.input("x", "N", 8)
    for i in range(1, blocks + 1):
        with G.scope(f"Block {i}"):
            h = h + G.relu(h @ G.param(f"W{i}", 8, 8)) @ G.param(f"V{i}", 8, 8)
    return G.mean(h)


def rnn(steps):
    W, U, h = G.param("W", 4, 8), G.param("U", 8, 8), G.param("h0", 8)
    for t in range(1, steps + 1):
        h = G.tanh(G.input(f"x{t}", 4) @ W + h @ U)
    return G.sum(h)


def rnn_over_rows(steps=20):
    xs, W, U, h = G.input("x", steps, 4), G.param("W", 4, 8), G.param("U", 8, 8), G.param("h0", 8)
    for t in range(steps):
        h = G.tanh(xs[t] @ W + h @ U)
    return G.sum(h)


def lstm(steps=20):
    h, c = G.param("h0", 8), G.param("c0", 8)
    P = {g: (G.param("W" + g, 4, 8), G.param("U" + g, 8, 8), G.param("b" + g, 8)) for g in "ifgo"}
    for t in range(1, steps + 1):
        x = G.input(f"x{t}", 4)
        a = {g: x @ W + h @ U + b for g, (W, U, b) in P.items()}
        c = (G.sigmoid(a["f"]) * c + G.sigmoid(a["i"]) * G.tanh(a["g"])).named(f"c{t}")
        h = (G.sigmoid(a["o"]) * G.tanh(c)).named(f"h{t}")
    return G.sum(h)


def transformer(blocks=6, D=8):
    h = G.input("x", "T", D)
    for i in range(1, blocks + 1):
        with G.scope(f"Block {i}"):
            z = G.layer_norm(h, D, G.param(f"g{i}", D), G.param(f"c{i}", D))
            a = G.multi_head_attention(*(z @ G.param(f"{k}{i}", D, D) for k in "QKV"), 2)
            h = h + a @ G.param(f"O{i}", D, D)
            h = h + G.gelu(h @ G.param(f"W{i}", D, D)) @ G.param(f"U{i}", D, D)
    return G.sum(h)


COUNTS = [(mlp(12), 12, 3), (tanh_net(), 50, 2), (resnet(), 8, 4), (rnn(3), 3, 4), (rnn(30), 30, 4),
          (rnn_over_rows(), 20, 5), (lstm(), 20, 21), (transformer(), 6, 31)]


@pytest.mark.parametrize(("f", "copies", "operations"), COUNTS)
def test_repeated_blocks_are_found_by_structure(f, copies, operations):
    (chain,) = chains(teaching_view(f), 3)
    assert len(chain.blocks) == copies
    assert {len(block) for block in chain.blocks} == {operations}


@pytest.mark.parametrize(("f", "copies", "operations"), COUNTS)
def test_one_copy_is_drawn(f, copies, operations):
    d = draw(f, fold=True, engine="own")
    (fold,) = d.folded
    assert (fold.kind, fold.count, fold.operations) == ("repeat", copies, operations)
    shown = sum(b.kind in ("operation", "function") for b in d.figure.boxes)
    whole = sum(not n.is_leaf for n in teaching_view(f).nodes)
    assert shown == whole - (copies - 1) * operations
    (plate,) = [c for top in d.figure.clusters for c in top.walk() if c.plate]
    assert rf"(\times {copies})" in plate.tex
    assert str(copies) in d.figure.remarks[0] and d.figure.remarks[0] in d.svg
    assert d.svg == draw(f, fold=True, engine="own").svg


def test_names_are_indexed():
    d = draw(mlp(12), wrt=["W1", "W12"], fold=True)
    tex = {b.key: b.tex for b in d.figure.boxes}
    assert tex["x"] == r"\mathbf{r}^{(0)} = \mathbf{x}" and tex["W1"] == r"\mathbf{W}^{(\ell)}"
    labels = [(w.tail, w.first.tex) for w in d.figure.wires if w.first]
    assert ("x", r"\mathbf{r}^{(\ell-1)}") in labels and ("r1", r"\mathbf{r}^{(12)}") in labels
    assert ("u1", r"\mathbf{u}^{(\ell)}") in labels
    below = [w.second.tex for w in d.figure.wires if w.tail == "W1"]
    assert below == [r"\bar{\mathbf{W}}^{(\ell)}"]
    (plate,) = d.figure.clusters
    assert plate.tex == r"\ell = 1, \ldots, 12 \quad (\times 12)"
    assert sorted(plate.boxes) == ["W1", "b1", "r1", "s1", "u1"]


def test_steps_in_time_and_numbers_from_zero():
    d = draw(rnn(30), fold=True)
    assert d.folded[0].tex == r"t = 1, \ldots, 30"
    assert {b.key: b.tex for b in d.figure.boxes}["x1"] == r"\mathbf{x}^{(t)}"
    assert "x1" in d.figure.clusters[0].boxes and "h0" not in d.figure.clusters[0].boxes
    assert draw(tanh_net(), fold=True).folded[0].tex == r"\ell = 0, \ldots, 49"
    assert "[t]" in [b.tex for b in draw(rnn_over_rows(), fold=True).figure.boxes]


def test_scopes_give_a_plate_its_title():
    (plate,) = draw(mlp(4, scopes=True), fold=True).figure.clusters
    assert plate.title == "Layer" and plate.plate
    d = draw(transformer(), lang="fr", fold=True)
    assert d.figure.clusters[0].title == "Block"
    assert "Normalisation par couche" in [c.title for c in d.figure.clusters[0].walk()]


def test_what_differs_is_not_folded():
    x = G.input("x", "N", 8)
    h = G.tanh(x @ G.param("A", 8, 16))
    assert draw(G.sum(G.tanh(h @ G.param("B", 16, 32))), fold=True).folded == ()
    values = [x]
    for i in range(4):
        values.append(G.tanh(values[-1] @ G.param(f"W{i}", 8, 8)))
    assert draw(G.sum(sum(values[1:], start=values[0])), fold=True).folded == (), "inner values are used outside"


def test_the_output_keeps_its_name():
    v, ws = G.input("x"), [f"w{i}" for i in range(1, 5)]
    for w in ws:
        v = G.tanh(G.param(w) * v)
    d = draw(v, wrt=ws, at={"x": 1, **dict.fromkeys(ws, 0.5)}, fold=True)
    assert d.figure.boxes[-1].tex == "f = a^{(4)}"
    assert [w.second.tex for w in d.figure.wires if w.head == "output"] == ["1"]


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_backward_figures_fold_too(rankdir):
    B = G.backward(mlp(12), ["W1", "b3"])
    d = draw(B, fold=True, rankdir=rankdir)
    assert d.folded[0].count == 12
    tex = {b.key: b.tex for b in d.figure.boxes}
    assert tex["u1"] == r"\bar{\mathbf{u}}^{(\ell)}"


def test_auto_folds_large_graphs_alone():
    assert draw(mlp(12)).folded == ()
    d = draw(mlp(60))
    assert d.folded[0].count == 60 and "180" not in d.figure.remarks[0]
    assert list(d.figure.remarks) == ["Drawn once for ℓ = 1, …, 60: 60 times 3 operations"]
    assert list(draw(mlp(60), lang="fr").figure.remarks) == [
        "Dessiné une fois pour ℓ = 1, …, 60\u00a0: 60 fois 3 opérations"]


def test_scopes_can_be_closed():
    f = mlp(3, scopes=True)
    d = draw(f, fold=["Layer 2"])
    assert [(x.kind, x.title, x.operations) for x in d.folded] == [("scope", "Layer 2", 3)]
    assert [c.title for c in d.figure.clusters] == ["Layer 1", "Layer 3"]
    closed = [b for b in d.figure.boxes if "Layer 2" in b.tex]
    assert len(closed) == 1 and r"\mathbf{W}_{2}" in closed[0].tex
    assert "W2" not in {b.key for b in d.figure.boxes}
    assert {w.tail for w in d.figure.wires if w.head == closed[0].key} == {"r1"}
    everything = draw(f, fold=0)
    assert not everything.figure.clusters and len(everything.folded) == 3
    assert not {"parameter", "constant"} & {e.sample for e in everything.figure.legend}


def test_depth():
    f = transformer(2)
    inner = draw(f, fold=1)
    assert {c.title for top in inner.figure.clusters for c in top.walk()} == {"Block 1", "Block 2"}
    assert {x.title for x in inner.folded} == {"Layer norm", "Multi-head attention"}


def test_wires_of_a_closed_scope():
    x = G.input("x")
    with G.scope("s"):
        f = x * x
    d = draw(f + x, fold=["s"])
    assert [(w.tail, w.head) for w in d.figure.wires].count(("x", d.figure.boxes[1].key)) == 1
    assert len(draw(f, fold=False).figure.wires) == 3, "elsewhere both are drawn"


def scoped_dag(parts, each, seed=0):
    rng, v = random.Random(seed), G.input("x")
    steps = (lambda a, b: a * b, lambda a, b: a + b, lambda a, b: G.tanh(a) - b)
    for j in range(parts):
        with G.scope(f"Part {j + 1}"):
            values = [v, v * 2]
            for _ in range(each):
                values.append(rng.choice(steps)(rng.choice(values[-6:]), values[-1]))
            v = values[-1]
    return v


def test_thousands_of_operations():
    d = draw(scoped_dag(20, 250))
    assert next(b.tex for b in d.figure.boxes if b.kind == "function") == r"\text{Part 1}"
    assert sum(x.kind == "scope" for x in d.folded) == 20 and len(d.figure.boxes) < 30
    assert "20 boxes stand for" in d.figure.remarks[-1]


def tangle(count):
    """Operations in which nothing repeats, and no scope."""
    values, rng = [*G.inputs("a b c")], random.Random(1)
    for i in range(count):
        values.append(rng.choice((G.tanh, G.exp, G.sin, G.cos))(values[-1]) * rng.choice(values[-9:]) + i)
    return values[-1]


def test_what_nothing_else_folds_is_drawn_in_stretches():
    f = tangle(1500)
    d = draw(f)
    boxes = [b for b in d.figure.boxes if b.kind == "function"]
    assert len(boxes) == 12 and boxes[0].tex == r"\text{operations 1 to 375}"
    assert list(d.figure.remarks) == ["12 boxes stand for 4500 operations"]
    place = {b.key: i for i, b in enumerate(boxes)}
    assert all(place[w.tail] < place[w.head] for w in d.figure.wires if w.tail in place and w.head in place)
    assert {b.key for b in d.figure.boxes} >= {w.tail for w in d.figure.wires}
    back = draw(G.backward(f, ["a"]), lang="fr")
    assert sum(b.kind == "function" for b in back.figure.boxes) == 12
    assert any("opérations 1 à" in b.tex for b in back.figure.boxes)


def test_what_cannot_be_folded_is_refused_with_advice():
    with pytest.raises(G.LimitExceeded, match=r"up to 1,000 operations, .*G\.scope"):
        draw(tangle(1500), fold=False)
    with pytest.raises(G.LimitExceeded, match=r"up to 1,000 operations, .*G\.scope"):
        draw(tangle(7000))


@pytest.mark.parametrize("fold", ["yes", -1, 2.5, [3], None])
def test_bad_fold(fold):
    with pytest.raises(G.InputError, match='fold must be True, False, "auto", a depth from 0'):
        draw(mlp(2), fold=fold)


def test_unknown_titles():
    with pytest.raises(G.InputError, match="no scope is called 'Layer 9'; this graph has 'Layer 1', 'Layer 2'"):
        draw(mlp(2, scopes=True), fold=["Layer 9"])
