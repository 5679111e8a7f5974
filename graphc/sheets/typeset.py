"""Lines of words and mathematics: measured, broken at spaces, ready to be drawn. Ragged right, no hyphenation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..drawing.mathtext import Outline, outline
from ..drawing.pdf import draw_shapes
from ..drawing.shapes import Glyphs
from ..exercise.texts import parts
from .fonts import FONT, font, width_of, write_invisibly

INK = "#000000"
BODY, SMALL, LEADING = 10.5, 9.0, 1.42
EMBOLDEN = 0.034  # of the size: the stroke that makes a word bold, the font having one weight
BEARING = 0.07  # of the size: room on both sides of a formula, whose box is that of its ink


@dataclass(frozen=True, slots=True)
class Word:
    """Text in one size and weight."""

    text: str
    size: float
    bold: bool = False

    @property
    def width(self) -> float:
        return width_of(self.text, self.size)

    @property
    def height(self) -> float:
        return 0.72 * self.size

    @property
    def depth(self) -> float:
        return 0.22 * self.size

    def draw(self, canvas: Any, x: float, y: float) -> None:
        """On the baseline at (x, y), y upwards."""
        font()
        text = canvas.beginText(x, y)
        text.setFont(FONT, self.size)
        if self.bold:
            canvas.setStrokeGray(0.0)
            canvas.setLineWidth(EMBOLDEN * self.size)
            text.setTextRenderMode(2)
        text.textOut(self.text)
        text.setTextRenderMode(0)
        canvas.drawText(text)


@dataclass(frozen=True, slots=True)
class Formula:
    """Mathematics as outlines, `scale` times its natural size."""

    ink: Outline
    scale: float = 1.0
    bearing: float = 0.0

    @property
    def width(self) -> float:
        return self.ink.width * self.scale + 2 * self.bearing

    @property
    def height(self) -> float:
        return self.ink.height * self.scale

    @property
    def depth(self) -> float:
        return self.ink.depth * self.scale

    def draw(self, canvas: Any, x: float, y: float) -> None:
        font()
        canvas.saveState()
        canvas.translate(x + self.bearing, y)
        canvas.scale(self.scale, -self.scale)
        draw_shapes(canvas, [Glyphs(self.ink, 0.0, 0.0, INK)], write_invisibly)
        canvas.restoreState()


Box = Word | Formula
Cluster = tuple[Box, ...]  # boxes with no place to break between them


@dataclass(frozen=True, slots=True)
class Line:
    """Boxes at their distances from the left edge."""

    boxes: tuple[tuple[float, Box], ...]
    width: float
    height: float
    depth: float

    def draw(self, canvas: Any, x: float, y: float) -> None:
        for at, box in self.boxes:
            box.draw(canvas, x + at, y)


def formula(tex: str, size: float, room: float = float("inf"), display: bool = False) -> Formula:
    """Mathematics, made smaller where it would be wider than `room`."""
    ink = outline(rf"\displaystyle {tex}" if display else tex, size)
    return Formula(ink, min(1.0, room / ink.width) if ink.width else 1.0)


def clusters(text: str, size: float, bold: bool = False, room: float = float("inf")) -> list[Cluster]:
    """The text cut at its ordinary spaces; no-break spaces do not cut."""
    found: list[list[Box]] = []
    joined = False  # whether the next box sticks to the last one
    for piece, is_tex in parts(text):
        if is_tex:
            ink = formula(piece.strip(), size, room)
            _add(found, Formula(ink.ink, ink.scale, BEARING * size), joined)
            joined = True
            continue
        for i, word in enumerate(re.split(r"[ \t\n]+", piece)):
            if i:
                joined = False
            for part in _cut(word, size, room):
                _add(found, Word(part, size, bold), joined)
                joined = part is not word if len(word) != len(part) else True
    return [tuple(c) for c in found]


def _add(found: list[list[Box]], box: Box, joined: bool) -> None:
    if joined and found:
        found[-1].append(box)
    else:
        found.append([box])


def _cut(word: str, size: float, room: float) -> list[str]:
    """A word wider than the line in pieces that are not."""
    if not word or width_of(word, size) <= room:
        return [word] if word else []
    most = max(1, int(len(word) * room / width_of(word, size)) - 1)
    return [word[i : i + most] for i in range(0, len(word), most)]


def broken(pieces: Sequence[Cluster], room: float, size: float, first: float = 0.0) -> list[Line]:
    """Lines of at most `room`; the first one begins at `first`. A blank text gives no line."""
    space = width_of(" ", size)
    rows: list[list[Cluster]] = []
    used = 0.0
    for cluster in pieces:
        wide = sum(b.width for b in cluster)
        if not rows or used + space + wide > room:
            rows.append([cluster])
            used = wide + (first if len(rows) == 1 else 0.0)
        else:
            rows[-1].append(cluster)
            used += space + wide
    return [_line(row, space, size, first if i == 0 else 0.0) for i, row in enumerate(rows)]


def _line(row: Iterable[Cluster], space: float, size: float, at: float) -> Line:
    placed: list[tuple[float, Box]] = []
    for n, cluster in enumerate(row):
        for i, box in enumerate(cluster):
            last = placed[-1][1] if placed else None
            gap = space if n and not i else 0.0
            if isinstance(box, Word) and isinstance(last, Word) and last.bold == box.bold:
                # One run of text: its spaces are then characters that can be searched for.
                merged = Word(last.text + (" " if gap else "") + box.text, box.size, box.bold)
                placed[-1] = (placed[-1][0], merged)
                at = placed[-1][0] + merged.width
            else:
                placed.append((at + gap, box))
                at += gap + box.width
    boxes = [b for _, b in placed]
    return Line(tuple(placed), at, max((b.height for b in boxes), default=0.72 * size),
                max((b.depth for b in boxes), default=0.22 * size))
