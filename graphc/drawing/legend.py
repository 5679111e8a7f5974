"""The legend: small samples with words, in centred rows that wrap."""

from __future__ import annotations

from collections.abc import Sequence

from . import style
from .figure import Entry
from .mathtext import outline
from .shapes import Circle, Glyphs, Group, Path, Rect, Shape
from .style import Theme

ROW_HEIGHT = 20.0
_SAMPLE, _GAP, _BETWEEN = 19.0, 6.0, 20.0


def legend_rows(entries: Sequence[Entry], theme: Theme, width: float) -> list[Group]:
    """Groups around x = 0 from y = 0 down."""
    rows: list[list[tuple[Entry, float]]] = [[]]
    used = 0.0
    for entry in entries:
        wide = _SAMPLE + _GAP + outline(entry.text, style.LEGEND_SIZE, True).width
        if rows[-1] and used + _BETWEEN + wide > width:
            rows.append([])
            used = 0.0
        used += wide + (_BETWEEN if rows[-1] else 0.0)
        rows[-1].append((entry, wide))
    return [g for i, row in enumerate(rows) if row for g in _row(row, i * ROW_HEIGHT, theme)]


def remark_rows(remarks: Sequence[str], theme: Theme, y: float) -> list[Group]:
    """Lines of words around x = 0, from y down."""
    groups = []
    for i, words in enumerate(remarks):
        ink = outline(words, style.LEGEND_SIZE, True)
        shape = Glyphs(ink, -ink.width / 2, y + i * ROW_HEIGHT + 3.4, theme.tones["muted"])
        groups.append(Group("remark", "", words, [shape]))
    return groups


def _row(row: list[tuple[Entry, float]], y: float, theme: Theme) -> list[Group]:
    x = -(sum(w for _, w in row) + _BETWEEN * (len(row) - 1)) / 2
    groups = []
    for entry, wide in row:
        ink = outline(entry.text, style.LEGEND_SIZE, True)
        words = Glyphs(ink, x + _SAMPLE + _GAP, y + 3.4, theme.tones["ink"], anchor="start")
        groups.append(Group("legend", entry.sample, entry.text, [*_sample(entry, x, y, theme), words]))
        x += wide + _BETWEEN
    return groups


def _sample(entry: Entry, x: float, y: float, theme: Theme) -> list[Shape]:
    if entry.sample == "first" or entry.sample == "second":
        ink = outline(entry.tex, 8.0)
        level = y - 3.2 if entry.sample == "first" else y + 3.2 + ink.height
        line = Path([("M", (x, y)), ("L", (x + _SAMPLE, y))], "none", theme.tones["wire"], 1.2)
        return [line, Glyphs(ink, x + (_SAMPLE - ink.width) / 2, level, theme.tones[entry.tone])]
    kind = entry.sample
    fill, border = theme.fill[kind], theme.border[kind]
    if kind == "operation":
        return [Circle(x + _SAMPLE - 6.5, y, 6.0, fill, border, 1.1)]
    radius = {"parameter": 6.0, "function": 4.0, "adjoint": 3.5}.get(kind, 1.5)
    box = Rect(x, y - 6.0, _SAMPLE, 12.0, radius, fill, border, 1.1, dashed=kind == "constant")
    inner = Rect(x + 1.9, y - 4.1, _SAMPLE - 3.8, 8.2, 1.0, "none", border, 0.7)
    return [box, inner] if kind == "output" else [box]
