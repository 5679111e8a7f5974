"""Plots of histories and functions: what they say, their formats, their languages; two runs give the same bytes."""

import builtins
import json
import re
import xml.etree.ElementTree as ET
from functools import partial
from html import unescape

import matplotlib
import numpy as np
import pytest

import graphc as G
from graphc.drawing import draw
from graphc.drawing.style import THEMES


@pytest.fixture
def one():
    w = G.param("w")
    return G.descend(((w - 3) ** 2 / 2).named("L"), at={w: -1}, rate=0.5, steps=4)


@pytest.fixture
def two():
    w1, w2 = G.params("w1 w2")
    f = (w1**2 / 20 + w2**2).named("L")
    return [G.descend(f, at={w1: -7, w2: 2}, optimiser=o, rate=r, steps=12)
            for o, r in [("sgd", 0.9), ("momentum", 0.1), ("adam", 0.4)]]


def only(plot):
    (panel,) = plot.chart.panels
    return panel


def words(svg):
    """Matplotlib writes each text as a comment beside its outlines."""
    return [unescape(text) for text in re.findall(r"<!-- (.*?) -->", svg)]


# -- what they say -------------------------------------------------------------------------------------------------


def test_loss_against_step(one):
    plot = draw(one)
    panel = only(plot)
    assert panel.curves[0].x.tolist() == [0, 1, 2, 3, 4]
    assert panel.curves[0].y.tolist() == [8, 2, 0.5, 0.125, 0.03125]
    assert (panel.x_label, panel.y_label) == ("step", "loss $L$")
    assert plot.chart.desc == "SGD, η = 0.5: L goes from 8 to 0.03125 in 4 steps."
    assert repr(plot) == "<Plot 'Loss L against the step': 1 curve>"


def test_loss_in_french(one):
    plot = draw(one, lang="fr")
    assert plot.chart.desc == "SGD, η = 0,5\u00a0: L passe de 8 à 0,03125 en 4 itérations."
    assert only(plot).curves[0].label == r"SGD, $\eta = 0{,}5$"


def test_ticks_have_the_decimal_mark_of_the_language():
    w = G.param("w")
    history = G.descend((w * w).named("L"), at={w: 0.8}, rate=0.1, steps=3)
    assert {"0.2", "0.4", "0.6"} <= set(words(draw(history).svg))
    french = words(draw(history, lang="fr").svg)
    assert {"0,2", "0,4", "0,6"} <= set(french)
    assert not [word for word in french if re.search(r"\d\.\d", word)]


def test_histories_side_by_side_have_styles_of_their_own(two):
    curves = only(draw(two, log=True)).curves
    assert [c.style for c in curves] == [0, 1, 2]
    assert [c.label for c in curves] == [r"SGD, $\eta = 0.9$", r"momentum, $\eta = 0.1$", r"Adam, $\eta = 0.4$"]


def test_loss_over_a_weight_with_tangents(one):
    panel = only(draw(one, kind="weight"))
    curve, steps = panel.curves
    assert curve.y == pytest.approx((curve.x - 3) ** 2 / 2)
    assert steps.x.tolist() == [-1, 1, 2, 2.5, 2.75]
    assert [(t.x, t.y, t.slope) for t in panel.tangents[:2]] == [(-1, 8, -4), (1, 2, -2)]
    assert curve.x[0] < -1 < 2.75 < curve.x[-1]
    assert only(draw(one, kind="weight", span=(0, 6))).curves[0].x[[0, -1]].tolist() == [0, 6]


def test_level_lines_and_paths(two):
    panel = only(draw(two, kind="contour"))
    levels = panel.levels
    assert levels.z == pytest.approx(levels.x[None, :] ** 2 / 20 + levels.y[:, None] ** 2)
    for history, path in zip(two, panel.curves):
        assert path.x.tolist() == history.values["w1"].tolist()
        assert path.y.tolist() == history.values["w2"].tolist()
        assert levels.x[0] < path.x.min() < path.x.max() < levels.x[-1]
    assert (np.diff(levels.at) > 0).all()
    spans = only(draw(two, kind="contour", span=((-8, 8), (-3, 3)))).levels
    assert (spans.x[0], spans.x[-1], spans.y[0], spans.y[-1]) == (-8, 8, -3, 3)


def test_relu_and_its_derivative_with_the_convention_at_the_kink():
    value, slope = draw(G.relu).chart.panels
    assert value.points == ()
    assert [(p.x, p.y, p.filled) for p in slope.points] == [(0, 1, False), (0, 0, True)]
    found = slope.curves[0]
    assert set(found.y[found.x < 0]) == {0}
    assert set(found.y[found.x > 0]) == {1}
    assert np.isnan(found.y).sum() == 1  # the curve is cut at the jump


def test_abs_has_an_open_point_to_each_side():
    _, slope = draw(G.abs).chart.panels
    assert [(p.x, p.y, p.filled) for p in slope.points] == [(0, -1, False), (0, 1, False), (0, 0, True)]


def test_a_jump_between_two_samples_is_found():
    plot = draw(lambda x: G.where(x > 1 / 3, x, -x), derivative=False, span=(-1, 1))
    (filled,) = [p for p in only(plot).points if p.filled]
    assert filled.x == pytest.approx(1 / 3, abs=1e-9)
    assert sorted(p.y for p in only(plot).points) == pytest.approx([-1 / 3, 1 / 3], abs=1e-6)


def test_smooth_and_steep_functions_do_not_jump():
    for panel in draw([G.sigmoid, G.tanh, G.gelu, lambda x: G.tanh(200 * x)]).chart.panels:
        assert panel.points == ()
        assert not np.isnan([c.y for c in panel.curves]).any()


def test_derivatives_are_those_of_the_functions():
    _, slope = draw([G.sigmoid, G.mish]).chart.panels
    x, h = G.input("x", "n"), 1e-5
    for curve, function in zip(slope.curves, (G.sigmoid, G.mish)):
        ahead, behind = (G.evaluate(function(x), {x: curve.x + d}) for d in (h, -h))
        assert curve.y == pytest.approx((ahead - behind) / (2 * h), abs=1e-8)


def test_names_of_functions():
    both = draw([G.relu, lambda x: G.leaky_relu(x, 0.1), partial(G.elu, alpha=0.5)], lang="fr").chart
    labels = [c.label for c in both.panels[0].curves]
    assert labels[0] == "ReLU"
    assert "0{,}1" in labels[1]
    assert "0{,}5" in labels[2]
    assert "relu′ a un saut en 0\u00a0: 0 à gauche, 0 en ce point, 1 à droite" in both.desc


# -- formats -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
def test_the_same_bytes_twice(one, two, theme, tmp_path):
    for name, what, options in [("a", one, {"kind": "weight"}), ("b", two, {"kind": "contour"}),
                                ("c", [G.relu, G.tanh], {"lang": "fr"}), ("d", two, {"log": True})]:
        plots = [draw(what, theme=theme, **options) for _ in range(2)]
        for ending in ("svg", "pdf", "png", "json"):
            paths = [tmp_path / f"{name}{i}.{ending}" for i in range(2)]
            for plot, path in zip(plots, paths):
                plot.save(path)
            assert paths[0].read_bytes() == paths[1].read_bytes()


def test_the_user_s_settings_of_matplotlib_neither_matter_nor_change(one):
    plain = draw(one).svg
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True, "svg.fonttype": "none"}):
        assert draw(one).svg == plain
        assert matplotlib.rcParams["font.size"] == 30


def test_svg_is_whole_accessible_and_has_ids_of_its_own(one, two):
    first, second = draw(one).svg, draw(two, kind="contour").svg
    ids = []
    for svg in (first, second):
        root = ET.fromstring(svg)
        assert root.get("role") == "img"
        assert root.get("lang") == "en"
        assert [child.tag.split("}")[1] for child in root][:2] == ["title", "desc"]
        assert "<text" not in svg
        assert "matplotlib.org" not in svg
        found = {e.get("id") for e in root.iter() if e.get("id")}
        used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg))
        assert {a or b for a, b in used} <= found
        ids.append(found)
    assert not ids[0] & ids[1]


def test_a_label_is_words_not_mathematics_nor_markup():
    w = G.param("w")
    history = G.descend(w * w, at={w: 1}, steps=2, label=r"<b>$5 & \alpha$</b>")
    svg = draw(history).svg
    ET.fromstring(svg)
    assert "<b>" not in svg
    assert "<b>$5" in draw(history).chart.desc


def test_json_is_the_data(one, tmp_path):
    draw(one).save(tmp_path / "loss.json")
    data = json.loads((tmp_path / "loss.json").read_text(encoding="utf-8"))
    assert data["panels"][0]["curves"][0]["y"] == [8, 2, 0.5, 0.125, 0.03125]
    cut = json.loads(draw(G.relu).json)["panels"][1]["curves"][0]["y"]
    assert cut.count(None) == 1


def test_a_notebook_shows_it(one):
    plot = draw(one)
    assert plot._repr_mimebundle_()["image/svg+xml"] == plot._repr_svg_() == plot.svg


def test_without_matplotlib_one_error_says_what_to_install(one, monkeypatch, tmp_path):
    real = builtins.__import__

    def absent(name, *args, **given):
        if name.split(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *args, **given)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(G.GraphcError, match=r"pip install 'graphc\[plot\]'"):
        draw(one).save(tmp_path / "loss.svg")
    assert json.loads(draw(one).json)["kind"] == "loss"


# -- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "options"), [
    ("no kind 'losss'; choose from loss, weight, contour", {"kind": "losss"}),
    (r"shows a descent that moves two numbers, as wrt=\[w1, w2\], does; this one moves 1: w", {"kind": "contour"}),
    (r"span is \(from, to\), two numbers in order, got \(2, 1\)", {"kind": "weight", "span": (2, 1)}),
    ("a loss against its steps has no span=", {"span": (0, 1)}),
    ("log= is for kind='loss', not 'weight'", {"kind": "weight", "log": True}),
    ("derivative= is for functions", {"derivative": True}),
    ("wrt, at, blank and engine are for graphs", {"at": {"w": 1}}),
    ("no language 'de'; choose from en, fr", {"lang": "de"}),
    ("no theme 'neon'; choose from light, dark, print", {"theme": "neon"}),
])  # fmt: skip
def test_what_is_refused(one, text, options):
    with pytest.raises(G.InputError, match=text):
        draw(one, **options)


def test_what_is_refused_of_others(one, two, tmp_path):
    w = G.param("w")
    with pytest.raises(G.InputError, match=r"kind, derivative, span and log are for histories .* not for Expr"):
        draw(w * w, kind="loss")
    with pytest.raises(G.InputError, match="a list has histories alone, or functions alone"):
        draw([one, G.relu])
    with pytest.raises(G.InputError, match="kind='weight' shows one history, got 3"):
        draw(two, kind="weight")
    u, v = G.params("u v")
    other = G.descend(u * u + v * v, at={u: 1, v: 1}, steps=1)
    with pytest.raises(G.InputError, match="one history moves w1 and w2, another u and v"):
        draw([two[0], other], kind="contour")
    with pytest.raises(G.InputError, match="sum is not elementwise"):
        draw(G.sum)
    with pytest.raises(G.InputError, match="oops is no function of one Expr: TypeError"):
        draw(oops)
    with pytest.raises(G.InputError, match=r"no plot format '.gif'; choose from .svg, .png, .pdf, .json"):
        draw(one).save(tmp_path / "x.gif")
    negative = G.descend(w + 0, at={w: 1}, rate=1, steps=2)
    with pytest.raises(G.InputError, match="log=True needs losses that are positive everywhere"):
        draw(negative, log=True)


def oops(a, b):
    raise AssertionError("it is never called with two")


def test_a_pole_is_cut_and_does_not_flatten_the_rest():
    value, slope = draw(lambda x: 1 / x).chart.panels
    assert value.points == slope.points == ()
    for panel in (value, slope):
        (curve,) = panel.curves
        assert np.nanmax(np.abs(curve.y)) < 20
        assert np.isnan(curve.y[np.abs(curve.x) < 1e-3]).all()


def test_a_formula_that_matplotlib_cannot_set_is_in_words():
    plot = draw([G.relu, lambda x: G.where(x > 0, x, G.exp(x) - 1)])
    label = plot.chart.panels[0].curves[1].label
    assert "begin" not in label
    assert "x > 0" in label
    assert label in words(plot.svg)


def test_large_ticks_are_powers_in_the_language():
    w = G.param("w")
    ticks = words(draw(G.descend(w * w * 1e9, at={w: 1.2}, rate=1e-10, steps=4), lang="fr").svg)
    assert any(r"{,}" in tick and r"\cdot 10^{9}" in tick for tick in ticks)


def test_a_loss_called_loss_is_not_named_twice():
    w = G.param("w")
    assert only(draw(G.descend((w * w).named("loss"), at={w: 1}, steps=1))).y_label == "loss"


def test_a_descent_of_no_steps_is_a_point():
    w = G.param("w")
    assert words(draw(G.descend(w * w, at={w: 1}, steps=0)).svg)[:2] == ["0", "step"]
