"""The JSON of a figure keeps its schema, and is enough to draw it again."""

import json

import pytest

import graphc as G
from graphc.drawing import draw

NUMBER, TEXT, YES = (int, float), str, bool
PLACE = {"x": NUMBER, "y": NUMBER, "width": NUMBER, "height": NUMBER}
LABEL = {"tex": TEXT, "text": TEXT, "tone": TEXT, "blank": YES, **PLACE}
BOX = {"key": TEXT, "kind": TEXT, "tex": TEXT, "text": TEXT, **PLACE, "note": (LABEL, None)}
WIRE = {"tail": TEXT, "head": TEXT, "tone": TEXT, "path": [list], "tip": [NUMBER], "first": (LABEL, None),
        "second": (LABEL, None)}
CLUSTER = {"key": TEXT, "title": TEXT, "tex": TEXT, "text": TEXT, "plate": YES, "boxes": [TEXT], "clusters": list,
           **PLACE}
FIGURE = {
    "schema": TEXT, "version": int, "title": TEXT, "desc": TEXT, "heading": TEXT, "lang": TEXT, "direction": TEXT,
    "engine": TEXT, "theme": {"name": TEXT, "background": TEXT, "tones": dict, "fill": dict, "border": dict},
    "page": {"width": NUMBER, "height": NUMBER}, "boxes": [BOX], "wires": [WIRE],
    "clusters": [CLUSTER], "remarks": [TEXT],
    "legend": [{"sample": TEXT, "text": TEXT, "tone": TEXT, "tex": TEXT}],
}  # fmt: skip


def fits(value, schema):
    """Does a value have this form? A tuple of forms is any one of them."""
    if isinstance(schema, dict):
        return isinstance(value, dict) and value.keys() == schema.keys() and all(
            fits(value[k], s) for k, s in schema.items())
    if isinstance(schema, list):
        return isinstance(value, list) and all(fits(v, schema[0]) for v in value)
    if isinstance(schema, tuple):
        return any(fits(value, s) for s in schema)
    return value is None if schema is None else isinstance(value, schema)


@pytest.fixture
def figures(exam):
    return [draw(exam.f), draw(exam.f, wrt=exam.all, at=exam.at, lang="fr", theme="dark"),
            draw(exam.f, wrt=exam.wrt, rankdir="TB", blank="all"), draw(G.backward(exam.f, exam.wrt), at=exam.at)]


def test_the_schema(figures):
    for d in figures:
        facts = json.loads(d.json)
        assert facts["schema"] == "graphc.figure" and facts["version"] == 1
        assert fits(facts, FIGURE), facts
        assert len(facts["boxes"]) == len(d.figure.boxes) and len(facts["wires"]) == len(d.figure.wires)


def test_the_schema_check_can_fail(exam):
    facts = json.loads(draw(exam.f).json)
    facts["boxes"][0]["x"] = "3"
    assert not fits(facts, FIGURE)


def test_everything_is_on_the_page_and_wires_join_their_boxes(figures):
    for d in figures:
        facts = json.loads(d.json)
        boxes = {b["key"]: b for b in facts["boxes"]}
        for b in boxes.values():
            assert b["width"] / 2 <= b["x"] <= facts["page"]["width"] - b["width"] / 2
            assert b["height"] / 2 <= b["y"] <= facts["page"]["height"] - b["height"] / 2
        for w in facts["wires"]:
            assert on_edge(w["path"][0][1:], boxes[w["tail"]], 2.0)
            assert on_edge(w["tip"], boxes[w["head"]], 2.0)


def on_edge(point, box, within):
    x, y = abs(point[0] - box["x"]) - box["width"] / 2, abs(point[1] - box["y"]) - box["height"] / 2
    if box["kind"] == "operation":
        return abs(((point[0] - box["x"]) ** 2 + (point[1] - box["y"]) ** 2) ** 0.5 - box["width"] / 2) <= within
    return x <= within and y <= within and max(x, y) >= -within


def test_labels_by_hand(exam):
    facts = json.loads(draw(exam.f, wrt=exam.all, at=exam.at).json)
    (wire,) = [w for w in facts["wires"] if (w["tail"], w["head"]) == ("w1", "m2")]
    assert [(wire[k]["tex"], wire[k]["text"], wire[k]["tone"]) for k in ("first", "second")] == [
        ("2", "2", "value"), ("{-}4", "−4", "gradient")]
    assert wire["first"]["y"] < wire["path"][-1][2] < wire["second"]["y"], "value above the wire, gradient below"
    assert [b["note"]["text"] for b in facts["boxes"] if b["note"]] == ["w̄₁ = 12 + (−4) = 8"]


def test_frames_and_what_is_folded():
    h = G.input("x", "N", 4)
    for i in range(1, 5):
        with G.scope(f"Layer {i}"):
            h = G.relu(h @ G.param(f"W{i}", 4, 4))
    found = json.loads(draw(h, fold=True).json)
    (frame,) = found["clusters"]
    assert fits(found, FIGURE)
    assert (frame["title"], frame["plate"], frame["boxes"]) == ("Layer", True, ["u1", "r1", "W1"])
    assert found["remarks"] == ["Drawn once for Layer ℓ = 1, …, 4: 4 times 2 operations"]
    places = {b["key"]: b for b in found["boxes"]}
    for key in frame["boxes"]:
        assert abs(places[key]["x"] - frame["x"] - frame["width"] / 2) < frame["width"] / 2
        assert abs(places[key]["y"] - frame["y"] - frame["height"] / 2) < frame["height"] / 2
    assert [c["title"] for c in json.loads(draw(h, fold=False).json)["clusters"]] == [f"Layer {i}" for i in range(1, 5)]
