"""A figure as JSON: what it says and where it stands, enough to draw it again elsewhere.

The schema is `graphc.figure`, version 1. Keys may be added within a version; what is there keeps its meaning.

    schema, version           "graphc.figure", 1
    title, desc, heading      words for a reader and a screen reader
    lang, direction           "en" or "fr"; "LR", "RL", "TB" or "BT"
    engine                    the layout engine that ordered it
    theme                     name, background, tones, fill, border: colours as "#RRGGBB"
    page                      width, height in points; every place is from its top left corner, y downwards
    boxes                     key, kind, tex, text, x, y (centre), width, height, note (a label or null)
    wires                     tail, head (keys of boxes), tone, path, tip, first, second (labels or null)
    clusters                  key, title, tex, text, plate (whether it stands for several copies), boxes (keys of its
                              own), clusters (inside it), x, y (left top corner), width, height
    remarks                   lines under the legend: what is folded
    legend                    sample, text, tone, tex

A label is tex, text (the same in Unicode), tone, blank, x, y, width, height: the left top corner of its ink; a
blank one is a box to fill in, and holds no answer. A path is a list of steps ["M", x, y], ["L", x, y] and
["C", x1, y1, x2, y2, x, y]; `tip` is where its arrow points.
"""

from __future__ import annotations

import json
from typing import Any

from .figure import Cluster, Figure, Label
from .plain import unicode_text
from .shapes import Circle, Glyphs, Group, Path, Rect, Scene, Shape
from .style import Theme

SCHEMA, VERSION = "graphc.figure", 1


def json_text(figure: Figure, scene: Scene, theme: Theme, engine: str) -> str:
    """The figure as JSON text, the same on every run."""
    return json.dumps(figure_facts(figure, scene, theme, engine), ensure_ascii=False, indent=1) + "\n"


def figure_facts(figure: Figure, scene: Scene, theme: Theme, engine: str) -> dict[str, Any]:
    """The same as a dictionary."""
    boxes = {g.key: g for g in scene.groups if g.cls.startswith("node ")}
    wires = [g for g in scene.groups if g.cls == "edge"]
    facts: dict[str, Any] = {
        "schema": SCHEMA,
        "version": VERSION,
        "title": figure.title,
        "desc": figure.desc,
        "heading": figure.heading,
        "lang": figure.lang,
        "direction": figure.direction,
        "engine": engine,
        "theme": {"name": theme.name, "background": theme.background, "tones": dict(theme.tones),
                  "fill": dict(theme.fill), "border": dict(theme.border)},
        "page": {"width": _round(scene.width), "height": _round(scene.height)},
        "boxes": [{"key": b.key, "kind": b.kind, **_math(b.tex), **_place(boxes[b.key].shapes[0], centre=True),
                   "note": _label(b.note, boxes[b.key])} for b in figure.boxes],
        "wires": [{"tail": w.tail, "head": w.head, "tone": w.tone, **_route(g),
                   "first": _label(w.first, g, 0), "second": _label(w.second, g, 1 if w.first else 0)}
                  for w, g in zip(figure.wires, wires)],
        "clusters": [_cluster(c, {g.key: g for g in scene.groups if g.cls == "cluster"}) for c in figure.clusters],
        "remarks": list(figure.remarks),
        "legend": [{"sample": e.sample, "text": e.text, "tone": e.tone, "tex": e.tex} for e in figure.legend],
    }
    return facts


def _round(value: float) -> float:
    return round(value, 2) + 0.0  # no negative zero


def _cluster(cluster: Cluster, groups: dict[str, Group]) -> dict[str, Any]:
    return {"key": cluster.key, "title": cluster.title, **_math(cluster.tex), "plate": cluster.plate,
            "boxes": list(cluster.boxes), "clusters": [_cluster(c, groups) for c in cluster.clusters],
            **_place(groups[cluster.key].shapes[0], centre=False)}


def _math(tex: str) -> dict[str, str]:
    return {"tex": tex, "text": unicode_text(tex)}


def _place(s: Shape, centre: bool) -> dict[str, float]:
    if isinstance(s, Glyphs):
        x, y, w, h = s.x, s.y - s.outline.height, s.outline.width, s.outline.height + s.outline.depth
    elif isinstance(s, Circle):
        x, y, w, h = s.x - s.radius, s.y - s.radius, 2 * s.radius, 2 * s.radius
    else:
        assert isinstance(s, Rect)
        x, y, w, h = s.x, s.y, s.width, s.height
    if centre:
        x, y = x + w / 2, y + h / 2
    return {"x": _round(x), "y": _round(y), "width": _round(w), "height": _round(h)}


def _label(label: Label | None, group: Group, which: int = 0) -> dict[str, Any] | None:
    """A label with its place: the labels of a group are what has the class of its tone, or is blank, in order."""
    if label is None:
        return None
    drawn = [s for s in group.shapes if isinstance(s, (Glyphs, Rect)) and s.cls not in ("", "shape")]
    words = {"tex": "", "text": ""} if label.blank else _math(label.tex)
    return {**words, "tone": label.tone, "blank": label.blank, **_place(drawn[which], centre=False)}


def _route(group: Group) -> dict[str, Any]:
    paths = [s for s in group.shapes if isinstance(s, Path)]
    wire, head = (next(p for p in paths if p.cls == cls) for cls in ("wire", "head"))
    return {"path": [[name, *map(_round, values)] for name, values in wire.commands],
            "tip": [_round(v) for v in head.commands[0][1]]}
