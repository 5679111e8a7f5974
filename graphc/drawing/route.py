"""Wires as curves, from a chart that has positions. Coordinates stay (main, cross) until `to_page`.

A wire leaves its box level, runs straight through its label and through every rank it passes, and bends
only in the gaps between ranks. It enters a circle aimed at the centre and a box level.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import hypot, radians, tan

from . import style
from .figure import Direction
from .layout import Chart, Item
from .mathtext import Command

Point = tuple[float, float]
STEEPEST = (radians(62), radians(42), radians(22))  # tried in turn, by which is free
OFF_CENTRE = 5.0  # how far from its middle a wire may leave or enter a box
BESIDE_A_SIDE_LEAF = radians(40)


@dataclass(frozen=True, slots=True)
class Shape:
    """Half sizes of a box along and across the wires; `circle` says that wires aim at its centre."""

    main: float
    cross: float
    circle: bool
    exact: bool = False  # a frame or its port: wires meet it where they are told to


@dataclass
class Route:
    """A drawn wire: its path, the arrow's tip and direction, and where its label stands."""

    path: list[Command] = field(default_factory=list)
    tip: Point = (0.0, 0.0)
    toward: Point = (1.0, 0.0)
    label: Point = (0.0, 0.0)
    level: float = 0.0  # across the wires, just before the head
    upright: bool = False  # perpendicular to the other wires


def route_all(c: Chart, shapes: dict[str, Shape], bands: Sequence[tuple[float, float]]) -> dict[int, Route]:
    """A route for every wire of the chart, side wires included."""
    entering: dict[str, list[int]] = defaultdict(list)
    for i, path in c.paths.items():
        entering[path[-1]].append(i)
    ports: dict[int, float] = {}
    for head, wires in entering.items():
        wires.sort(key=lambda i: (c.items[c.paths[i][-2]].cross, i))
        exact = {i: c.attach.get((head, c.paths[i][-2]), 0.0) for i in wires}
        ports.update(exact if shapes[head].exact else _ports(wires, shapes[head]))
    routes = {i: _route(c, i, shapes, bands, ports[i]) for i in c.paths}
    for host, sides in c.sides.items():
        for side in sides:
            routes[side.wire] = _side_route(c.items[host], side.sign, side.leaf_offset, side.label_offset,
                                            shapes[host], shapes[side.leaf])
    return routes


def _ports(wires: list[int], shape: Shape) -> dict[int, float]:
    """Where wires enter the flat side of a box: spread evenly, in the order in which they come."""
    if shape.circle or len(wires) == 1:
        return dict.fromkeys(wires, 0.0)
    step = min(11.0, (2 * shape.cross - 9.0) / (len(wires) - 1))
    return {i: (j - (len(wires) - 1) / 2) * step for j, i in enumerate(wires)}


def _route(c: Chart, i: int, shapes: dict[str, Shape], bands: Sequence[tuple[float, float]],
           port: float) -> Route:
    path = c.paths[i]
    tail, head = c.items[path[0]], c.items[path[-1]]
    # A wire whose label is a little off its box's middle leaves there, level, instead of bending by a hair.
    exact = shapes[tail.key].exact
    off = c.items[path[1]].cross - tail.cross if tail.key not in c.trails and not exact else 0.0
    at: Point = (tail.main + shapes[tail.key].main, tail.cross + (off if abs(off) <= OFF_CENTRE else 0.0))
    if exact:
        at = (at[0], tail.cross + c.attach.get((path[0], path[1]), 0.0))
    if off:  # the outline is rounder there: begin a little inside, under the box
        at = (at[0] - 1.5, at[1])
    commands: list[Command] = [("M", at)]
    at = _straight(commands, at, max(at[0], bands[tail.rank][1]))
    for key in path[1:-1]:
        item = c.items[key]
        start, end = bands[item.rank]
        if item.key == c.labels[i]:  # straight through the label alone, so that narrow labels do not stretch
            start, end = max(start, item.main - item.extent.back), min(end, item.main + item.extent.front)
            start, end = bands[item.rank] if _crowded(c, item) else (start, end)
        at = _bend(commands, at, (start, item.cross))
        at = _straight(commands, at, end)
    route = Route(label=(c.items[c.labels[i]].main, c.items[c.labels[i]].cross), level=at[1])
    _arrive(c, commands, at, head, shapes[head.key], bands[head.rank][0], port, route)
    route.path = commands
    return route


def _crowded(c: Chart, item: Item) -> bool:
    return len(c.ranks[item.rank]) > 1


def _straight(commands: list[Command], at: Point, main: float) -> Point:
    if main > at[0] + 0.01:
        commands.append(("L", (main, at[1])))
        return main, at[1]
    return at


def _bend(commands: list[Command], at: Point, to: Point) -> Point:
    if abs(at[1] - to[1]) < 0.5:
        return _straight(commands, at, to[0])
    half = (to[0] - at[0]) / 2
    commands.append(("C", (at[0] + half, at[1], to[0] - half, to[1], *to)))
    return to


def _arrive(c: Chart, commands: list[Command], at: Point, head: Item, shape: Shape, band: float,
            port: float, route: Route) -> None:
    """The last piece of a wire: onto a circle at an angle if nothing is in the way, else level."""
    if not shape.circle and not shape.exact and not port and abs(at[1] - head.cross) <= OFF_CENTRE:
        port = at[1] - head.cross
    if shape.circle and abs(head.cross - at[1]) > 0.5:
        for steepest in STEEPEST:
            trial: list[Command] = []
            _enter_circle(c, trial, at, head, shape, route, steepest)
            if not _hits(c, trial, at, head):
                commands.extend(trial)
                return
    route.tip, route.toward = (head.main - shape.main, head.cross + port), (1.0, 0.0)
    stop = (route.tip[0] - style.HEAD_LENGTH + 0.8, route.tip[1])
    turn = max(at[0] + 2.0, min(stop[0], max(band, at[0] + 14.0)))
    at = _bend(commands, at, (min(turn, stop[0]), stop[1]))
    _straight(commands, at, stop[0])


def _enter_circle(c: Chart, commands: list[Command], at: Point, head: Item, shape: Shape, route: Route,
                  steepest: float) -> None:
    reach = 24.0 + 0.25 * abs(head.cross - at[1])
    at = _straight(commands, at, head.main - shape.main - reach)
    run, rise = head.main - at[0], head.cross - at[1]
    if any(s.sign * rise < 0 for s in c.sides.get(head.key, ())):
        steepest = min(steepest, BESIDE_A_SIDE_LEAF)
    slope = max(-tan(steepest), min(tan(steepest), rise / run))
    length = hypot(1.0, slope)
    d = (1.0 / length, slope / length)
    tip = (head.main - d[0] * shape.main, head.cross - d[1] * shape.main)
    stop = (tip[0] - d[0] * (style.HEAD_LENGTH - 0.8), tip[1] - d[1] * (style.HEAD_LENGTH - 0.8))
    span = hypot(stop[0] - at[0], stop[1] - at[1])
    # Neither control point may pass the other end, or a steep curve would swing back.
    first, last = min(0.5 * span, stop[0] - at[0]), min(0.42 * span, 0.8 * (stop[0] - at[0]) / d[0])
    commands.append(("C", (at[0] + first, at[1], stop[0] - last * d[0], stop[1] - last * d[1], *stop)))
    route.tip, route.toward = tip, d


def _hits(c: Chart, commands: list[Command], at: Point, head: Item) -> bool:
    """Does the path come within 3 points of another item of the head's rank, or of a leaf at its side?"""
    points = _sampled(commands, at)
    for key in c.ranks[head.rank]:
        item = c.items[key]
        if item is not head and any(_inside(p, item) for p in points):
            return True
    return False


def _inside(point: Point, item: Item) -> bool:
    x, y, e = point[0] - item.main, point[1] - item.cross, item.extent
    if not item.is_box:  # a wire that passes, straight, through the whole rank
        return -e.low - 3 < y < e.high + 3
    return -e.back - 3 < x < e.front + 3 and -e.low - 3 < y < e.high + 3


def _sampled(commands: list[Command], at: Point) -> list[Point]:
    points: list[Point] = []
    for name, v in commands:
        if name == "C":
            points += [_bezier(at, v, t / 12) for t in range(1, 13)]
        else:
            points += [(at[0] + (v[0] - at[0]) * t / 8, at[1] + (v[1] - at[1]) * t / 8) for t in range(1, 9)]
        at = (v[-2], v[-1])
    return points


def _bezier(p: Point, v: tuple[float, ...], t: float) -> Point:
    a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    return a * p[0] + b * v[0] + c * v[2] + d * v[4], a * p[1] + b * v[1] + c * v[3] + d * v[5]


def _side_route(host: Item, sign: int, leaf: float, label: float, to: Shape, own: Shape) -> Route:
    start = (host.main, host.cross + leaf - sign * own.cross)
    tip = (host.main, host.cross + sign * to.cross)
    stop = (host.main, tip[1] + sign * (style.HEAD_LENGTH - 0.8))
    spot, far = (host.main, host.cross + label), sign * 1e6
    return Route([("M", start), ("L", stop)], tip, (0.0, -float(sign)), spot, far, True)


def arrow_head(tip: Point, toward: Point) -> list[Command]:
    """A filled triangle."""
    dx, dy = toward
    back = (tip[0] - dx * style.HEAD_LENGTH, tip[1] - dy * style.HEAD_LENGTH)
    w = style.HEAD_HALF_WIDTH
    return [("M", tip), ("L", (back[0] - dy * w, back[1] + dx * w)),
            ("L", (back[0] + dy * w, back[1] - dx * w)), ("Z", ())]


def to_page(point: Point, direction: Direction) -> Point:
    """(main, cross) as (x, y), y downwards.

    >>> to_page((3.0, 1.0), "RL"), to_page((3.0, 1.0), "TB")
    ((-3.0, 1.0), (1.0, 3.0))
    """
    main, cross = point
    return {"LR": (main, cross), "RL": (-main, cross), "TB": (cross, main), "BT": (cross, -main)}[direction]


def path_to_page(path: Sequence[Command], direction: Direction) -> list[Command]:
    result: list[Command] = []
    for name, v in path:
        pairs = [to_page((v[j], v[j + 1]), direction) for j in range(0, len(v), 2)]
        result.append((name, tuple(x for pair in pairs for x in pair)))
    return result


