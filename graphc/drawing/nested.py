"""Where things go in a figure with clusters: each cluster is laid out by itself and is then one item outside.

So no foreign box and no foreign wire can come into a frame. A wire that crosses a frame does so at a port of its
own, which the inner layout has on its first or last rank and the outer one as an offset from the cluster's anchor;
its pieces are joined in the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from . import style
from .figure import Box, Cluster, Figure, Wire
from .layout import Chart, Extent, chart, place_cross, place_main
from .mathtext import Command, Outline, outline
from .order import order_by
from .route import Point, Route, Shape, route_all, to_page

PADDING = 11.0  # inside a frame
TITLE_SIZE = 11.5
TITLE_ROW = 19.0
BETWEEN = 16.0  # a title and its formula in one row
AROUND = 4.0  # outside a frame
PORT_ROOM = 22.0  # between a frame and its boxes, where a wire comes in
_BARE = Extent(0.0, 0.0, 2.0, 2.0)
_BEND = Extent(0.0, 0.0, 3.0, 3.0)


@dataclass(frozen=True)
class Frame:
    """A cluster on the page, with its texts: outlines and the left end of their baselines."""

    left: float
    top: float
    right: float
    bottom: float
    texts: tuple[tuple[Outline, float, float], ...] = ()


@dataclass
class _Level:
    """One cluster, or the outermost figure, in coordinates (main, cross) of its own, the anchor at (0, 0)."""

    key: str
    chart: Chart
    routes: dict[int, Route] = field(default_factory=dict)  # by wires of the whole figure
    extent: Extent = _BARE  # of the frame
    centres: dict[str, Point] = field(default_factory=dict)
    rows: list[list[Outline]] = field(default_factory=list)  # of text at the top of the frame
    corner: list[Outline] = field(default_factory=list)  # and in the lower left corner
    ports: dict[int, float] = field(default_factory=dict)  # across, of wires that cross the frame


@dataclass(frozen=True)
class Measures:
    """How large the boxes and labels of a figure are; as `layout.chart` asks for them."""

    box: Callable[[str], Extent]
    label: Callable[[int], Extent]
    side_label: Callable[[int], Extent]
    trail: Callable[[str], tuple[float, float]]
    shape: Callable[[str], Shape]


@dataclass
class Nested:
    """A finished layout: chart of the outermost level (with all trails), centres, routes, frames by cluster."""

    engine: str
    chart: Chart
    centres: dict[str, Point]
    routes: dict[int, Route]
    frames: dict[str, Frame]


def place_clusters(figure: Figure, sizes: Measures, engine: str | None) -> Nested:
    """Lay out a figure with clusters, innermost first."""
    return _Nest(figure, sizes, engine).placed()


class _Nest:
    def __init__(self, figure: Figure, sizes: Measures, engine: str | None) -> None:
        self.figure, self.sizes, self.engine = figure, sizes, engine
        self.clusters: dict[str, Cluster] = {}
        self.lines: dict[str, tuple[str, ...]] = {"": ("",)}  # cluster -> from the outermost level to it
        for top in figure.clusters:
            self._enter(top)
        owner = {key: c.key for c in self.clusters.values() for key in c.boxes}
        self.owner = {b.key: owner.get(b.key, "") for b in figure.boxes}
        self.held: dict[str, list[Box]] = defaultdict(list)
        for box in figure.boxes:
            self.held[self.owner[box.key]].append(box)
        # Of each level, the wires that it draws a piece of: (wire, tail there or None, head there or None).
        self.pieces: dict[str, list[tuple[int, str | None, str | None]]] = defaultdict(list)
        for i, wire in enumerate(figure.wires):
            self._cut(i, wire)
        # Wires of one value leave a frame as one, at one port: wire -> the one that is laid out, by level.
        self.same: dict[str, dict[int, int]] = {}
        for key, pieces in self.pieces.items():
            first: dict[str, int] = {}
            self.same[key] = {i: first.setdefault(figure.wires[i].tail, i) for i, _, head in pieces if head is None}
            self.pieces[key] = [p for p in pieces if self.same[key].get(p[0], p[0]) == p[0]]
        self.levels: dict[str, _Level] = {}
        self.engines: set[str] = set()

    def _enter(self, top: Cluster) -> None:
        stack: list[tuple[Cluster, str]] = [(top, "")]
        while stack:
            cluster, outer = stack.pop()
            self.clusters[cluster.key] = cluster
            self.lines[cluster.key] = (*self.lines[outer], cluster.key)
            stack.extend((c, cluster.key) for c in reversed(cluster.clusters))

    def _cut(self, i: int, wire: Wire) -> None:
        tails, heads = self.lines[self.owner[wire.tail]], self.lines[self.owner[wire.head]]
        common = 0
        while common < min(len(tails), len(heads)) and tails[common] == heads[common]:
            common += 1
        for n in range(common - 1, len(tails)):
            ahead = n == common - 1
            head = (heads[n + 1] if n + 1 < len(heads) else wire.head) if ahead else None
            self.pieces[tails[n]].append((i, tails[n + 1] if n + 1 < len(tails) else wire.tail, head))
        for n in range(common, len(heads)):
            self.pieces[heads[n]].append((i, None, heads[n + 1] if n + 1 < len(heads) else wire.head))

    def placed(self) -> Nested:
        for key in sorted(self.clusters, key=lambda k: -len(self.lines[k])):
            self.levels[key] = self._level(key)
        outer = self.levels[""] = self._level("")
        centres: dict[str, Point] = {}
        frames: dict[str, Frame] = {}
        origins: dict[str, Point] = {"": (0.0, 0.0)}
        direction = self.figure.direction
        for key in ["", *sorted(self.clusters, key=lambda k: len(self.lines[k]))]:
            level, (x, y) = self.levels[key], origins[key]
            for inner, (u, v) in level.centres.items():
                (origins if inner in self.clusters else centres)[inner] = (x + u, y + v)
            outer.chart.trails |= level.chart.trails
            if key:
                frames[key] = self._frame(level, (x, y))
        routes = {i: self._joined(i, origins) for i in range(len(self.figure.wires))}
        engine = "own" if self.engines == {"own"} else min(self.engines - {"own"})
        return Nested(engine, outer.chart, {k: to_page(p, direction) for k, p in centres.items()}, routes, frames)

    # -- one level -----------------------------------------------------------------------------------------

    def _level(self, key: str) -> _Level:
        figure, sizes = self.figure, self.sizes
        inner = [k for k in self.clusters if self.lines[k][:-1] == self.lines[key]]
        boxes = [*self.held[key], *(Box(k, "function", "") for k in inner)]
        pieces, wires, ends = self.pieces[key], [], {}
        for i, tail, head in pieces:
            if tail is None:
                boxes.append(Box(tail := f"in {i}", "function", ""))
                ends[tail] = -1
            if head is None:
                boxes.append(Box(head := f"out {i}", "function", ""))
                ends[head] = 1
            wires.append(replace(figure.wires[i], tail=tail, head=head))
        part = Figure(boxes, wires, direction=figure.direction)
        ports = {(end, n): self.levels[end].ports[i] for n, (i, tail, head) in enumerate(pieces)
                 for end in (tail, head) if end is not None and end in self.levels}

        def box(k: str) -> Extent:
            return _BARE if k in ends else self.levels[k].extent if k in self.levels else sizes.box(k)

        def label(n: int) -> Extent:
            i, tail, head = pieces[n]
            return sizes.label(i) if tail is not None and head is not None else _BEND

        def trail(k: str) -> tuple[float, float]:
            return (0.0, 0.0) if k in ends or k in self.levels else sizes.trail(k)

        c = chart(part, box, label, lambda n: sizes.side_label(pieces[n][0]), trail, ends, ports)
        self.engines.add(order_by(c, self.engine))
        place_cross(c)
        bands = place_main(c)
        shapes = {b.key: self._shape(b.key, ends) for b in boxes}
        level = _Level(key, c)
        level.routes = {pieces[n][0]: route for n, route in route_all(c, shapes, bands).items()}
        self._gather(level, bands)
        for i, shown in self.same.get(key, {}).items():
            level.routes[i], level.ports[i] = level.routes[shown], level.ports[shown]
        return level

    def _shape(self, key: str, ends: dict[str, int]) -> Shape:
        if key in ends:
            return Shape(0.0, 0.0, False, exact=True)
        if key in self.levels:
            extent = self.levels[key].extent
            return Shape(extent.front - AROUND, extent.high - AROUND, False, exact=True)
        return self.sizes.shape(key)

    def _gather(self, level: _Level, bands: Sequence[tuple[float, float]]) -> None:
        """Positions of a level around its anchor, the room of its frame, and where wires cross that."""
        c = level.chart
        for item in c.items.values():
            if item.is_box:
                level.centres[item.key] = (item.main, item.cross)
                for side in c.sides.get(item.key, ()):
                    level.centres[side.leaf] = (item.main, item.cross + side.leaf_offset)
        if not level.key:
            return
        ins = {i: level.routes[i].path[0][1][1] for i, tail, _ in self.pieces[level.key] if tail is None}
        outs = {i: level.routes[i].tip[1] for i, _, head in self.pieces[level.key] if head is None}
        rooms = [(i.cross - i.extent.low, i.cross + i.extent.high) for i in c.items.values()]
        low, high = min(r[0] for r in rooms) - PADDING, max(r[1] for r in rooms) + PADDING
        start, end = self._clip(level, list(ins), list(outs))
        start, end, low = self._with_title(level, start, end, low, high, list(ins.values()), list(outs.values()))
        for i in ins:
            route = level.routes[i]
            route.path = [("M", (start, route.path[0][1][1])), *route.path[1:]]
        for i in outs:
            route = level.routes[i]
            route.tip, route.path = (end, route.tip[1]), _cut_after(route.path, end)
        crossing = [*ins.values(), *outs.values()]
        on_spine = any(k in c.spine for k in c.items if k.startswith(("in ", "out "))) or not crossing
        anchor = 0.0 if on_spine else sum(crossing) / len(crossing)
        middle, half = (start + end) / 2, (end - start) / 2 + AROUND
        level.extent = Extent(half, half, anchor - low + AROUND, high - anchor + AROUND)
        level.ports = {i: y - anchor for i, y in (ins | outs).items()}
        level.centres = {k: (x - middle, y - anchor) for k, (x, y) in level.centres.items()}
        level.routes = {i: _moved(r, -middle, -anchor) for i, r in level.routes.items()}

    def _clip(self, level: _Level, ins: list[int], outs: list[int]) -> tuple[float, float]:
        """Where a frame begins and ends along the wires: near its boxes, if the wires that cross it run straight
        so far."""
        solid = [i for i in level.chart.items.values() if not i.key.startswith(("in ", "out ", "bend ")) and
                 (i.extent is not _BEND)]
        start = min(i.main - i.extent.back for i in solid) - (PORT_ROOM if ins else PADDING)
        end = max(i.main + i.extent.front for i in solid) + (PORT_ROOM if outs else PADDING)
        for i in ins:
            path = level.routes[i].path
            start = min(start, _straight_until(path))
        for i in outs:
            end = max(end, _straight_until(level.routes[i].path[::-1]))
        return start, end

    def _with_title(self, level: _Level, start: float, end: float, low: float, high: float, ins: list[float],
                    outs: list[float]) -> tuple[float, float, float]:
        """Room for the texts: a row over wires that run across the page; corners beside those that run down it."""
        level.rows, level.corner = rows, corner = self._texts(level.key, end - start)
        if self.figure.direction in ("LR", "RL"):
            wide = max((_row_width(row) for row in rows), default=0.0) + 2 * PADDING
            more = max(0.0, wide - (end - start)) / 2
            return start - more, end + more, low - TITLE_ROW * len(rows)
        tops, bottoms = (ins, outs) if self.figure.direction == "TB" else (outs, ins)
        for inks, ports in (([ink for row in rows for ink in row], tops), (corner, bottoms)):
            for ink in inks:
                right = min(ports, default=high + 6.0) - 8.0
                low = min(low, right - ink.width - PADDING)
        above, below = TITLE_ROW * len(rows), TITLE_ROW * len(corner)
        return (start - above, end + below, low) if self.figure.direction == "TB" else (start - below, end + above, low)

    def _texts(self, key: str, length: float) -> tuple[list[list[Outline]], list[Outline]]:
        """Rows of title and formula at the top of a frame, and what stands in its lower left corner where wires run
        down the page. A long formula is left out."""
        cluster = self.clusters[key]
        title = outline(cluster.title, TITLE_SIZE, True) if cluster.title else None
        formula = outline(cluster.tex, style.LABEL_SIZE) if cluster.tex else None
        if self.figure.direction in ("TB", "BT"):
            if formula is None or formula.width > 190.0 or cluster.plate or title is None:
                return [[ink] for ink in (title, formula) if ink is not None and ink.width <= 190.0], []
            return [[title]], [formula]
        room = max(length - 2 * PADDING, 120.0)
        texts = [ink for ink in (title, formula) if ink is not None]
        if _row_width(texts) <= room:
            return [texts] if texts else [], []
        return [[ink] for ink in texts if ink is title or ink.width <= 1.3 * room], []

    def _frame(self, level: _Level, at: Point) -> Frame:
        e, direction = level.extent, self.figure.direction
        corners = [to_page((at[0] + x, at[1] + y), direction)
                   for x, y in ((AROUND - e.back, AROUND - e.low), (e.front - AROUND, e.high - AROUND))]
        (left, right), (top, bottom) = (sorted(p[n] for p in corners) for n in (0, 1))
        texts: list[tuple[Outline, float, float]] = []
        x = left + PADDING
        for n, row in enumerate(level.rows):
            along = x
            for ink in row:
                texts.append((ink, along, top + 16.0 + n * TITLE_ROW))
                along += ink.width + BETWEEN
        texts += [(ink, x, bottom - 8.5) for ink in level.corner]
        return Frame(left, top, right, bottom, tuple(texts))

    # -- wires of several pieces ---------------------------------------------------------------------------

    def _joined(self, i: int, origins: dict[str, Point]) -> Route:
        wire = self.figure.wires[i]
        tails, heads = self.lines[self.owner[wire.tail]], self.lines[self.owner[wire.head]]
        common = 0
        while common < min(len(tails), len(heads)) and tails[common] == heads[common]:
            common += 1
        keys = [*reversed(tails[common - 1 :]), *heads[common:]]
        routes = [_moved(self.levels[k].routes[i], *origins[k]) for k in keys]
        middle = routes[len(tails) - common]
        path: list[Command] = []
        for n, route in enumerate(routes):
            path += route.path if not n else [("L", route.path[0][1]), *route.path[1:]]
            if n < len(routes) - 1:
                path.append(("L", route.tip))
        return replace(routes[-1], path=_merged(path), label=middle.label, upright=middle.upright)


def _straight_until(path: Sequence[Command]) -> float:
    """How far a path runs level from its first point, which is that of "M", or seen from its other end."""
    points = [v[-2:] for _, v in path]
    last = points[0]
    for (name, _), point, nearer in zip(path[1:], points[1:], path):
        curved = name == "C" if path[0][0] == "M" else nearer[0] == "C"
        if curved or abs(point[1] - points[0][1]) > 0.005:
            break
        last = point
    return last[0]


def _cut_after(path: list[Command], end: float) -> list[Command]:
    """A path whose last piece runs level, ending at `end`."""
    while len(path) > 1 and path[-1][0] == "L" and path[-1][1][0] > end:
        path = path[:-1]
    return [*path, ("L", (end, path[-1][1][-1]))]


def _row_width(row: Sequence[Outline]) -> float:
    return sum(ink.width for ink in row) + BETWEEN * (len(row) - 1)


def _merged(path: Sequence[Command]) -> list[Command]:
    """Without lines of no length, and straight lines that continue each other as one."""
    result: list[Command] = []
    for name, v in path:
        if name == "L" and result:
            at = result[-1][1][-2:]
            if abs(at[0] - v[0]) < 0.005 and abs(at[1] - v[1]) < 0.005:
                continue
            if result[-1][0] == "L" and abs(at[1] - v[1]) < 0.005:
                before = result[-2][1][-2:]
                if abs(before[1] - v[1]) < 0.005:
                    result[-1] = (name, v)
                    continue
        result.append((name, v))
    return result


def _moved(route: Route, dx: float, dy: float) -> Route:
    path = [(name, tuple(x + (dy if n % 2 else dx) for n, x in enumerate(v))) for name, v in route.path]
    return replace(route, path=path, tip=(route.tip[0] + dx, route.tip[1] + dy),
                   label=(route.label[0] + dx, route.label[1] + dy), level=route.level + dy)
