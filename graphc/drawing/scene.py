"""A figure with coordinates: shapes and glyphs in page points, y downwards, grouped by what they stand for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import atan2, cos, radians, sin
from typing import Literal

from . import style
from .figure import Box, Figure, Label
from .frames import frame_groups
from .layout import Chart, chart, place_cross, place_main, settle
from .legend import legend_rows, remark_rows
from .mathtext import Outline, outline
from .measure import (
    Size,
    box_extent,
    box_size,
    is_circle,
    label_extent,
    label_size,
    note_corner,
    note_size,
    side_label_extent,
    trail,
)
from .nested import Frame, Measures, place_clusters
from .order import order_by
from .route import Point, Route, Shape, arrow_head, path_to_page, route_all, to_page
from .shapes import Circle, Glyphs, Group, Path, Rect, Scene, bounds, moved
from .style import Theme

MARK_INSET = 4.4  # from the edge of a box to the number of an operand
MARKS_APART = radians(54)


@dataclass
class Placed:
    """Where the boxes stand on the page (their centres) and how the wires run."""

    engine: str
    centres: dict[str, Point] = field(default_factory=dict)
    routes: dict[int, Route] = field(default_factory=dict)
    chart: Chart = field(default_factory=Chart)
    frames: dict[str, Frame] = field(default_factory=dict)  # of clusters


def place(figure: Figure, engine: str | None = None) -> Placed:
    """Run the layout. Raises InputError for an unknown engine, or one that cannot run here."""
    boxes = {b.key: b for b in figure.boxes}
    ends = _ends(figure)
    extents = {k: box_extent(figure, b, ends[k]) for k, b in boxes.items()}
    if figure.clusters:
        sizes = Measures(extents.__getitem__, lambda i: label_extent(figure, i), lambda i: side_label_extent(figure, i),
                         lambda k: trail(figure, boxes[k], ends[k]), lambda k: _shape(boxes[k], figure))
        nested = place_clusters(figure, sizes, engine)
        return Placed(nested.engine, nested.centres, nested.routes, nested.chart, nested.frames)
    c = chart(figure, extents.__getitem__, lambda i: label_extent(figure, i), lambda i: side_label_extent(figure, i),
              lambda k: trail(figure, boxes[k], ends[k]))
    placed = Placed(order_by(c, engine), chart=c)
    place_cross(c)
    bands = place_main(c)
    shapes = {k: _shape(b, figure) for k, b in boxes.items()}
    placed.routes = route_all(c, shapes, bands)
    for item in c.items.values():
        if item.is_box:
            placed.centres[item.key] = to_page((item.main, item.cross), figure.direction)
            for side in c.sides.get(item.key, ()):
                spot = (item.main, item.cross + side.leaf_offset)
                placed.centres[side.leaf] = to_page(spot, figure.direction)
    return placed


def _ends(figure: Figure) -> dict[str, str]:
    tails, heads = {w.tail for w in figure.wires}, {w.head for w in figure.wires}
    return {b.key: "source" if b.key not in heads else "sink" if b.key not in tails else "inner"
            for b in figure.boxes}


def _shape(box: Box, figure: Figure) -> Shape:
    size = box_size(box)
    w, h = size.width / 2, size.height / 2
    return Shape(w, h, is_circle(box)) if figure.direction in ("LR", "RL") else Shape(h, w, is_circle(box))


def build(figure: Figure, theme: Theme, placed: Placed) -> Scene:
    """The scene: wires below boxes, then heading and legend, everything moved into a page with a margin."""
    ends = _ends(figure)
    groups = frame_groups(figure, placed.frames, theme)
    groups += [_wire(figure, i, placed.routes[i], theme) for i in range(len(figure.wires))]
    groups += [_box(b, placed, figure, theme, ends[b.key]) for b in figure.boxes]
    groups += _marks(figure, placed, theme)
    rooms = _rooms(figure, placed, theme, ends)  # a blank sheet and its solution have one page
    left, top, right, bottom = bounds([*groups, *rooms])
    width = right - left
    if figure.heading:
        ink = outline(figure.heading, style.HEADING_SIZE, True)
        spot = ((left + right - ink.width) / 2, top - 20.0)
        groups.append(Group("heading", "", figure.heading, [Glyphs(ink, *spot, theme.tones["ink"])]))
    rows = legend_rows(figure.legend, theme, max(width, 380.0))
    rows += remark_rows(figure.remarks, theme, bounds(rows)[3] + 14.0 if rows else 0.0)
    groups += [moved(g, (left + right) / 2, bottom + 26.0) for g in rows]
    left, top, right, bottom = bounds([*groups, *rooms])
    margin = style.MARGIN
    placed_groups = [moved(g, margin - left, margin - top) for g in groups]
    return Scene(right - left + 2 * margin, bottom - top + 2 * margin, theme.background, placed_groups,
                 figure.title, figure.desc, figure.lang)


def _rooms(figure: Figure, placed: Placed, theme: Theme, ends: dict[str, str]) -> list[Group]:
    """Everything that can be left blank, left blank: the room it takes on the page."""
    wires = [replace(w, first=_as_blank(w.first), second=_as_blank(w.second)) for w in figure.wires]
    boxes = [replace(b, note=b.note and replace(b.note, blank=True)) for b in figure.boxes if figure.note_width]
    blank = replace(figure, wires=wires)
    groups = [_wire(blank, i, placed.routes[i], theme) for i in range(len(wires))]
    return groups + [_box(b, placed, figure, theme, ends[b.key]) for b in boxes if b.note]


def _as_blank(label: Label | None) -> Label | None:
    return replace(label, blank=True) if label is not None and label.room[0] else label


def _marks(figure: Figure, placed: Placed, theme: Theme) -> list[Group]:
    """Numbers for the operands of an ordered operation whose wires do not arrive in the order of reading."""
    groups = []
    for box in figure.boxes:
        wires = [i for i, w in enumerate(figure.wires) if w.head == box.key] if box.ordered else []
        routes = [placed.routes[i] for i in wires]
        if [r.level for r in routes] != sorted(r.level for r in routes):
            spots = _mark_spots(routes, is_circle(box))
            shapes = [_mark(str(n), to_page(spot, figure.direction), theme) for n, spot in enumerate(spots, 1)]
            groups.append(Group("marks", box.key, "", shapes))
    return groups


def _mark_spots(routes: list[Route], circle: bool) -> list[Point]:
    """Just inside the box, where each wire comes in; in a circle so far apart that the numbers stand clear."""
    spots = [(r.tip[0] + MARK_INSET * r.toward[0], r.tip[1] + MARK_INSET * r.toward[1]) for r in routes]
    if not circle:
        return spots
    order = sorted(range(len(routes)), key=lambda i: routes[i].level)
    angles = [atan2(-routes[i].toward[1], routes[i].toward[0]) for i in order]  # 0 along the wires, - before
    spread = settle(angles, [1.0] * len(angles), [MARKS_APART] * (len(angles) - 1))
    for i, angle in zip(order, spread):
        (x, y), (dx, dy), inner = routes[i].tip, routes[i].toward, style.RADIUS - MARK_INSET
        centre = x + style.RADIUS * dx, y + style.RADIUS * dy
        spots[i] = centre[0] - inner * cos(angle), centre[1] + inner * sin(angle)
    return spots


def _mark(number: str, at: Point, theme: Theme) -> Glyphs:
    ink = outline(number, style.MARK_SIZE)
    return Glyphs(ink, at[0] - ink.width / 2, at[1] + ink.height / 2, theme.tones["ink"], cls="mark")


def _wire(figure: Figure, i: int, route: Route, theme: Theme) -> Group:
    wire = figure.wires[i]
    colour = theme.tones[wire.tone]
    tip, toward = to_page(route.tip, figure.direction), to_page(route.toward, figure.direction)
    shapes: list[Path | Rect | Circle | Glyphs] = [
        Path(path_to_page(route.path, figure.direction), "none", colour, style.WIRE_WIDTH, cls="wire"),
        Path(arrow_head(tip, toward), colour, "none", 0.0, cls="head"),
    ]
    upright = route.upright == (figure.direction in ("LR", "RL"))
    at = to_page(route.label, figure.direction)
    for label, sign in ((wire.first, -1), (wire.second, 1)):
        if label is not None:
            shapes.append(_beside(label, at, sign, upright, theme))
    return Group("edge", f"{wire.tail} {wire.head}", "", shapes)


def _beside(label: Label, at: Point, sign: int, upright: bool, theme: Theme) -> Glyphs | Rect:
    """A label next to its wire: left and right of a vertical one, above and below a horizontal one."""
    size = label_size(label)
    gap = style.LABEL_GAP
    if upright:
        left = at[0] + (gap + 1.0 if sign > 0 else -gap - 1.0 - size.width)
        top = at[1] - size.height / 2
    else:
        left = at[0] - size.width / 2
        top = at[1] + (gap if sign > 0 else -gap - size.height)
    return _text(label, left, top, size, theme, "middle" if not upright else "start" if sign > 0 else "end")


def _text(label: Label, left: float, top: float, size: Size, theme: Theme,
          anchor: Literal["start", "middle", "end"] = "middle") -> Glyphs | Rect:
    colour = theme.tones[label.tone]
    if label.blank:
        return Rect(left, top, size.width, size.height, 2.5, theme.background, colour, 0.8, dashed=True, cls="blank")
    ink = outline(label.tex, style.LABEL_SIZE)
    return Glyphs(ink, left, top + size.height - ink.depth, colour, cls=label.tone, anchor=anchor)


def _box(box: Box, placed: Placed, figure: Figure, theme: Theme, place: str) -> Group:
    size = box_size(box)
    x, y = placed.centres[box.key]
    fill, border = theme.fill[box.kind], theme.border[box.kind]
    w, h = size.width, size.height
    shapes: list[Path | Rect | Circle | Glyphs]
    if is_circle(box):
        shapes = [Circle(x, y, style.RADIUS, fill, border, style.BORDER_WIDTH)]
    else:
        radius = {"data": 2.5, "constant": 2.5, "parameter": h / 2, "output": 4.0, "adjoint": 7.0}.get(box.kind, 9.0)
        dashed = box.kind == "constant"
        shapes = [Rect(x - w / 2, y - h / 2, w, h, radius, fill, border, style.BORDER_WIDTH, dashed)]
        if box.kind == "output":
            shapes.append(Rect(x - w / 2 + 2.6, y - h / 2 + 2.6, w - 5.2, h - 5.2, 2.2, "none", border, 0.8))
    ink = outline(box.tex, style.OPERATOR_SIZE if is_circle(box) else style.NODE_SIZE)
    shapes.append(Glyphs(ink, x - ink.width / 2, y + _baseline(box, ink), theme.tones["ink"]))
    if box.note is not None:
        corner = note_corner(figure, box, place, x, y, placed.chart.trails.get(box.key, 0.0))
        shapes.append(_text(box.note, *corner, note_size(box, figure), theme))
    return Group(f"node {box.kind}", box.key, "", shapes)


def _baseline(box: Box, ink: Outline) -> float:
    """Signs and tall formulas are centred by their ink; names stay near one common baseline."""
    centred = (ink.height - ink.depth) / 2
    if is_circle(box) and ink.commands:  # a minus has nothing between it and the baseline
        heights = [y for _, values in ink.commands for y in values[1::2]]
        return -(min(heights) + max(heights)) / 2
    if ink.height + ink.depth > 20.0 or box.kind == "constant":
        return centred
    if box.kind == "adjoint":
        return 0.29 * style.NODE_SIZE
    return min(max(centred, 0.17 * style.NODE_SIZE), 0.32 * style.NODE_SIZE)
