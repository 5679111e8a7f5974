"""The picture of a compiled function: its statements down the page, and beside them the memory that each value lies in.

A lane is one buffer of the workspace, or one array or number of a call; a bar in it is a value, from the statement that
makes it to the last one that reads it. At the right stands what is in use at each statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..costing import number_text
from ..dims import Size
from ..errors import LimitExceeded
from ..formula import tex_name
from ..lower import Moment, Timeline, arrays
from ..reporting import bytes_of_text, nominal
from .figure import Box, Figure, Wire
from .mathtext import Outline, outline
from .phrases import phrases
from .shapes import Glyphs, Group, Path, Rect, Scene, Shape, bounds, moved
from .style import MARGIN, Theme

MOST_STATEMENTS = 200
ROW, SECTION = 19.0, 24.0  # heights
CODE, SMALL = 10.5, 9.0  # sizes of text
LONGEST = 44  # characters of a statement
LANE_GAP, GROUP_GAP, INSET = 5.0, 16.0, 5.0
GAUGE = 90.0  # width of what is in use


@dataclass(frozen=True)
class Memory:
    """What the report of a function says of its memory: bytes that it keeps, and most that there is at once."""

    kept: Size
    peak: Size


@dataclass
class _Chart:
    t: Timeline
    theme: Theme
    words: Mapping[str, str]
    groups: list[Group]
    tops: list[float]  # of each statement, and of the last line
    lefts: list[float]  # of each lane
    widths: list[float]


def program_scene(t: Timeline, memory: Memory, theme: Theme, lang: str) -> Scene:
    """The picture. Raises LimitExceeded above 200 statements."""
    if len(t.moments) > MOST_STATEMENTS:
        raise LimitExceeded(f"a figure of a program holds up to {MOST_STATEMENTS} statements, {t.name} has "
                            f"{len(t.moments):,}; print(fn.source) shows them")
    c = _Chart(t, theme, phrases(lang), [], [], [], [])
    left = _statements(c)
    right = _lanes(c, left + GROUP_GAP)
    _bars(c)
    right = _gauge(c, right + GROUP_GAP)
    c.groups[:0] = _stripes(c, right)
    _foot(c, memory)
    x0, y0, x1, y1 = bounds(c.groups)
    placed = [moved(g, MARGIN - x0, MARGIN - y0) for g in c.groups]
    return Scene(x1 - x0 + 2 * MARGIN, y1 - y0 + 2 * MARGIN, theme.background, placed,
                 c.words["program title"].format(f=t.name), _described(t, lang), lang)


def data_flow(t: Timeline, lang: str) -> Figure:
    """The same program as boxes and wires, which is what the formats that lay out for themselves are given."""
    outputs = set(t.outputs)
    made = {m.target for m in t.moments} | {name for name, _ in t.inputs}
    boxes = [Box(name, "data", tex_name(name, _ndim(type_))) for name, type_ in t.inputs]
    boxes += [Box(m.target, "output" if m.target in outputs else "function", tex_name(m.target, _ndim(m.type)))
              for m in t.moments]
    wires = [Wire(name, m.target) for m, names in zip(t.moments, t.operands) for name in names if name in made]
    title = phrases(lang)["program title"].format(f=t.name)
    return Figure(boxes, wires, title=title, desc=_described(t, lang), lang=lang)


def _described(t: Timeline, lang: str) -> str:
    words = phrases(lang)
    return "; ".join(_said(m, words) for m in t.moments[:40]) + (" …" if len(t.moments) > 40 else ".")


def _ndim(type_: str) -> int:
    found = arrays(type_)
    return len(found[0][1]) if len(found) == 1 else 0


def _sizes(type_: str) -> str:
    found = arrays(type_)
    return "" if len(found) != 1 else "×".join(str(s).replace("*", "·") for s in found[0][1])


def _said(m: Moment, words: Mapping[str, str]) -> str:
    return f"{m.target} = {_cut(m.text.replace('np.', ''))}" if m.text else words["loop"]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _words(c: _Chart, text: str, x: float, y: float, size: float = SMALL, tone: str = "muted",
           anchor: float = 0.0) -> tuple[Glyphs, Outline]:
    """Words with their baseline at y; `anchor` 0 has x at their left, 0.5 in their middle, 1 at their right."""
    ink = outline(text, size, True)
    return Glyphs(ink, x - anchor * ink.width, y, c.theme.tones[tone], cls="words"), ink  # type: ignore[index]


def _statements(c: _Chart) -> float:
    """The column of statements with shapes; where it ends."""
    t, y, section = c.t, 0.0, ""
    head = ", ".join(f"{name}: {_sizes(type_)}" if _sizes(type_) else name for name, type_ in t.inputs)
    c.groups.append(Group("signature", t.name, "", [_words(c, f"{t.name}({head})", 0.0, -40.0, CODE, "ink")[0]]))
    end, rows = 0.0, []
    for m in t.moments:
        if m.section != section:
            section = m.section
            if section:
                title = c.words.get(section, section)
                c.groups.append(Group("section", section, "", [_words(c, title, 0.0, y + SECTION - 8.0)[0]]))
                y += SECTION
        c.tops.append(y)
        glyphs, ink = _words(c, _said(m, c.words), 8.0, y + ROW * 0.68, CODE, "ink")
        rows.append((m.target, glyphs, "  ".join(filter(None, (_sizes(m.type), m.note))), y))
        end = max(end, 8.0 + ink.width)
        y += ROW
    c.tops.append(y)
    right = end
    for target, glyphs, note, top in rows:
        beside, ink = _words(c, note, end + 10.0, top + ROW * 0.68)
        right = max(right, end + 10.0 + ink.width)
        c.groups.append(Group("statement", target, "", [glyphs, beside] if note else [glyphs]))
    back = _words(c, "return " + _cut(", ".join(t.outputs)), 8.0, y + ROW * 0.68, CODE, "ink")[0]
    c.groups.append(Group("statement", "return", "", [back]))
    return right


def _label(name: str, type_: str) -> Outline:
    return outline(tex_name(name, _ndim(type_)), CODE)


def _lanes(c: _Chart, x: float) -> float:
    """Where the lanes stand, with the heads of each and of their groups; where they end."""
    order = {"buffer": "workspace", "array": "arrays", "number": "numbers"}
    widths = [22.0] * len(c.t.lanes)
    for m in c.t.moments:
        if m.lane >= 0:
            widths[m.lane] = max(widths[m.lane], _label(m.target, m.type).width + 2 * INSET)
    for i, lane in enumerate(c.t.lanes):
        if lane.name:
            widths[i] = max(widths[i], outline(lane.name, SMALL, True).width + 4.0)
    c.widths, c.lefts = widths, [0.0] * len(widths)
    for kind, title in order.items():
        members = [i for i, lane in enumerate(c.t.lanes) if lane.kind == kind]
        if not members:
            continue
        begin = x
        for i in members:
            c.lefts[i] = x
            if c.t.lanes[i].name:
                head = _words(c, c.t.lanes[i].name, x + widths[i] / 2, -5.0, SMALL, "ink", 0.5)[0]
                c.groups.append(Group("lane", c.t.lanes[i].name, "", [head]))
            x += widths[i] + LANE_GAP
        head, ink = _words(c, c.words[title], begin, -18.0)
        c.groups.append(Group("lanes", kind, "", [head]))
        x = max(x, begin + ink.width) + GROUP_GAP - LANE_GAP
    return x - GROUP_GAP


def _stripes(c: _Chart, right: float) -> list[Group]:
    """A pale stripe behind every other statement, and a line below each lane's life."""
    pale = c.theme.fill["operation"]
    stripes: list[Shape] = [Rect(0.0, top, right, ROW, 0.0, pale, "none", 0.0) for top in c.tops[::2]]
    line = c.theme.tones["wire"]
    floor, roof = c.tops[-1], c.tops[0]
    for x, width in zip(c.lefts, c.widths):
        middle = x + width / 2
        stripes.append(Path([("M", (middle, roof)), ("L", (middle, floor))], "none", line, 0.35))
    return [Group("stripes", "", "", stripes)]


def _bars(c: _Chart) -> None:
    n, outputs = len(c.t.moments), set(c.t.outputs)
    births = {(m.lane, i) for i, m in enumerate(c.t.moments)}
    for i, m in enumerate(c.t.moments):
        if m.lane < 0:
            continue
        last = max(m.last, i)
        # A value that is written over by the statement that reads it last ends where that begins.
        ends = c.tops[last] if last > i and last < n and (m.lane, last) in births else c.tops[last] + ROW
        x, top, width = c.lefts[m.lane], c.tops[i] + 1.2, c.widths[m.lane]
        result = m.last >= n
        kind = "output" if result else "data" if c.t.lanes[m.lane].kind == "number" else "parameter"
        fill, border = c.theme.fill[kind], c.theme.border[kind]  # type: ignore[index]
        height = ends - top - 1.2
        shapes: list[Shape] = [Rect(x, top, width, height, 3.0, fill, border, 1.0)]
        if result and m.target in outputs:
            shapes.append(Rect(x + 2.0, top + 2.0, width - 4.0, height - 4.0, 2.0, "none", border, 0.6))
        ink = _label(m.target, m.type)
        shapes.append(Glyphs(ink, x + (width - ink.width) / 2, c.tops[i] + ROW * 0.66, c.theme.tones["ink"]))
        c.groups.append(Group("bar result" if result else "bar", m.target, "", shapes))


def in_use(t: Timeline) -> list[tuple[int, Size]]:
    """For each statement, how many values it or a later one needs, its own included, and their bytes.

    A value that it writes over does not count.
    """
    births = {(m.lane, i) for i, m in enumerate(t.moments)}
    ends = [max(i, m.last - ((m.lane, m.last) in births)) for i, m in enumerate(t.moments)]
    alive = [[m for j, m in enumerate(t.moments) if m.lane >= 0 and j <= i <= ends[j]] for i in range(len(t.moments))]
    return [(len(ms), sum((bytes_of_text(m.type) for m in ms), start=0)) for ms in alive]


def _gauge(c: _Chart, x: float) -> float:
    """A bar at each statement for what is in use, and a dashed line where that is greatest; where the column ends."""
    used = in_use(c.t)
    if not used:
        return x
    numbers = all(lane.kind == "number" for lane in c.t.lanes)
    weights = [n if numbers else nominal(size) for n, size in used]
    most = max(weights) or 1
    at = weights.index(most) if most in weights else 0
    tones = c.theme.tones
    head = _words(c, c.words["live numbers" if numbers else "live"], x, -18.0)[0]
    shapes: list[Shape] = [head]
    for i, weight in enumerate(weights):
        fill = tones["gradient"] if weight == most else tones["wire"]
        shapes.append(Rect(x, c.tops[i] + 6.0, max(0.6, GAUGE * weight / most), ROW - 12.0, 1.0, fill, "none", 0.0))
    line = x + GAUGE
    dashes = [(c.tops[0] + d, min(c.tops[0] + d + 3.0, c.tops[-1])) for d in _steps(c.tops[-1] - c.tops[0], 6.0)]
    for a, b in dashes:
        shapes.append(Path([("M", (line, a)), ("L", (line, b))], "none", tones["gradient"], 0.8))
    n, size = used[at]
    text = (c.words["peak numbers"].format(n=n) if numbers
            else c.words["peak"].format(bytes=_count(size)))
    said, ink = _words(c, text, line + 6.0, c.tops[at] + ROW * 0.68, SMALL, "gradient")
    c.groups.append(Group("gauge", "", "", [*shapes, said]))
    return line + 6.0 + ink.width


def _count(size: Size) -> str:
    return number_text(size).replace("*", "·")


def _steps(length: float, step: float) -> list[float]:
    return [i * step for i in range(int(length / step) + 1)]


def _foot(c: _Chart, memory: Memory) -> None:
    """What the function keeps and what a call needs, in words, and the samples of the legend."""
    y = c.tops[-1] + ROW + 20.0
    x = 0.0
    for kind, word in (("parameter", "in memory"), ("output", "result")):
        if kind == "parameter" and all(lane.kind == "number" for lane in c.t.lanes):
            kind = "data"
        box = Rect(x, y - 9.0, 18.0, 11.0, 2.5, c.theme.fill[kind], c.theme.border[kind], 1.0)  # type: ignore[index]
        shapes: list[Shape] = [box]
        if kind == "output":
            shapes.append(Rect(x + 1.8, y - 7.2, 14.4, 7.4, 1.5, "none", c.theme.border["output"], 0.6))
        said, ink = _words(c, c.words[word], x + 24.0, y, SMALL, "ink")
        c.groups.append(Group("legend", word, c.words[word], [*shapes, said]))
        x += 24.0 + ink.width + 18.0
    if nominal(memory.peak) or nominal(memory.kept):
        key = "kept" if nominal(memory.kept) else "peak of a call"
        text = c.words[key].format(kept=_count(memory.kept), peak=_count(memory.peak))
        c.groups.append(Group("memory", "", text, [_words(c, text, x, y, SMALL, "ink")[0]]))
