"""Blocks as lumps of known height, and lumps on pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..drawing.pdf import draw_shapes
from .blocks import Block, Boxes, Display, Heading, NewPage, Paper, Para, Picture, Rules, Table, Title, Together
from .fonts import width_of, write_invisibly
from .typeset import BODY, LEADING, SMALL, Box, Cluster, Formula, Line, Word, broken, clusters, formula

RULE_GAP = 22.0  # between lines to write on
BOX_HEIGHT, BOX_WIDTH = 24.0, 92.0
CELL, CELL_PAD, ROW_PAD = 9.5, 5.0, 4.5
BLANK_ROW = 17.0  # a row to fill in is at least so high
GREY = 0.45
COLUMNS = 3  # of short equations
EMPTY = 0.8  # of a page in use: up to here what follows a figure is worth drawing forward


@dataclass(frozen=True)
class Lump:
    """A piece that is never cut: its height, and how to draw it with its top at y (upwards)."""

    height: float
    draw: Callable[[Any, float, float], None]
    keep: bool = False  # the next lump goes on the same page
    space: float = 0.0  # before it, except at the top of a page
    barrier: bool = False  # figures from before it do not come after it
    floats: bool = False  # where it does not fit, what follows fills the page first


BREAK = Lump(0.0, lambda *_: None, space=-1.0)


def lumps(block: Block, paper: Paper) -> list[Lump]:
    """The block in lumps."""
    wide = paper.text_width
    if isinstance(block, Together):
        inner = [lump for b in block.blocks for lump in lumps(b, paper)]
        return [replace(lump, keep=True) for lump in inner[:-1]] + inner[-1:]
    if isinstance(block, NewPage):
        return [BREAK]
    if isinstance(block, Title):
        return _title(block, wide)
    if isinstance(block, Heading):
        found = _paragraph(clusters(block.text, 12.5, True, wide), wide, 12.5, space=16.0, keep=True)
        return [replace(lump, barrier=block.barrier) for lump in found]
    if isinstance(block, Para):
        return _para(block, wide)
    if isinstance(block, Display):
        return _display(block, wide)
    if isinstance(block, Picture):
        return [_picture(block, wide)]
    if isinstance(block, Table):
        return _table(block, wide)
    if isinstance(block, Rules):
        return [Lump(RULE_GAP, lambda c, x, y: _rule(c, x, y - RULE_GAP + 4.0, wide, 0.4, True), keep=True)
                for _ in range(block.count)]
    return _boxes(block, wide)


def pages(blocks: Sequence[Block], paper: Paper) -> list[list[tuple[float, Lump]]]:
    """Every page's lumps with the distance of each from the top of the text."""
    flow = _Flow(paper.text_height)
    run: list[Lump] = []
    for lump in (lump for b in blocks for lump in lumps(b, paper)):
        run.append(lump)
        if not lump.keep:
            flow.add(run)
            run = []
    flow.add(run)
    flow.turn()
    flow.turn()
    return [page for page in flow.pages if page]


class _Flow:
    """Pages being filled with runs of lumps that stay together."""

    def __init__(self, room: float) -> None:
        self.room, self.used = room, 0.0
        self.pages: list[list[tuple[float, Lump]]] = [[]]
        self.waiting: list[Lump] = []  # a figure for the top of the next page

    def add(self, run: Sequence[Lump]) -> None:
        if run and run[0] is BREAK:
            self.turn()
            if self.pages[-1]:
                self.turn()
            return
        if self.waiting and run and run[0].barrier:
            self.turn()
        height = sum(lump.height + lump.space for lump in run)
        if self.pages[-1] and self.used + height > self.room:
            if any(lump.floats for lump in run) and not self.waiting and self.used < EMPTY * self.room:
                self.waiting = list(run)
                return
            self.turn()
            if self.pages[-1] and self.used + height > self.room:  # after the figure that waited
                self.turn()
        self.put(run)

    def put(self, run: Sequence[Lump]) -> None:
        for lump in run:
            if self.pages[-1] and self.used + lump.space + lump.height > self.room:  # longer than a page
                self.pages.append([])
                self.used = 0.0
            self.used += lump.space if self.pages[-1] else 0.0
            self.pages[-1].append((self.used, lump))
            self.used += lump.height

    def turn(self) -> None:
        """A new page, which begins with the figure that waits for one."""
        if self.pages[-1]:
            self.pages.append([])
            self.used = 0.0
        run, self.waiting = self.waiting, []
        self.put(run)


# -- words ----------------------------------------------------------------------------------------------------


def _lines(lines: Sequence[Line], size: float, indent: float, space: float, keep: bool) -> list[Lump]:
    """Lines of text, no line alone at the foot or the head of a page."""
    found = []
    for i, line in enumerate(lines):
        above = max(line.height, 0.72 * size) + 0.36 * size
        below = max(line.depth, 0.22 * size) + 0.12 * size
        extra = max(0.0, LEADING * size - above - below)
        lump = Lump(above + below + extra, _drawn(line, indent, above), space=space if i == 0 else 0.0,
                    keep=i == 0 or i == len(lines) - 2)
        found.append(lump)
    found[-1:] = [replace(found[-1], keep=keep)] if found else []
    return found


def _drawn(line: Line, indent: float, above: float) -> Callable[[Any, float, float], None]:
    return lambda canvas, x, y: line.draw(canvas, x + indent, y - above)


def _paragraph(pieces: list[Cluster], wide: float, size: float, indent: float = 0.0, space: float = 5.0,
               keep: bool = False) -> list[Lump]:
    return _lines(broken(pieces, wide - indent, size), size, indent, space, keep)


def _para(block: Para, wide: float) -> list[Lump]:
    size = SMALL if block.small else BODY
    indent = width_of("0. ", size) + 6.0 if block.label else 0.0
    pieces = [*clusters(block.lead, size, True, wide - indent), *clusters(block.text, size, False, wide - indent)]
    if block.note:  # the points of a question stay together
        pieces += [tuple(Word(w, size) for w in [block.note])]
    found = _paragraph(pieces, wide, size, indent, space=11.0 if block.label else 5.0)
    if block.label and found:
        label, first = Word(block.label, size, True), found[0]
        line = broken(pieces, wide - indent, size)[0]
        above = max(line.height, 0.72 * size) + 0.36 * size

        def draw(canvas: Any, x: float, y: float) -> None:
            label.draw(canvas, x, y - above)
            first.draw(canvas, x, y)

        found[0] = replace(first, draw=draw)
    return [replace(lump, keep=True) for lump in found] if block.keep else found


def _title(block: Title, wide: float) -> list[Lump]:
    found = []
    if block.course:
        found += _paragraph(clusters(block.course, SMALL, False, wide), wide, SMALL, space=0.0, keep=True)
    found += _paragraph(clusters(block.title, 17.0, True, wide), wide, 17.0, space=0.0, keep=True)
    if block.fields or block.score:
        found.append(_fields(block, wide))
    found.append(Lump(6.0, lambda c, x, y: _rule(c, x, y - 3.0, wide, 0.8, False)))
    return found


def _fields(block: Title, wide: float) -> Lump:
    """Name, date and score on one line, each with a rule to write on."""
    score = Word(block.score, BODY)
    room = wide - score.width - (14.0 if block.score else 0.0)
    shares = [0.64, 0.36] if len(block.fields) == 2 else [1.0 / max(1, len(block.fields))] * len(block.fields)

    def draw(canvas: Any, x: float, y: float) -> None:
        at, base = x, y - 17.0
        for name, share in zip(block.fields, shares):
            word = Word(_fitted(name, room * share - 40.0), BODY)
            word.draw(canvas, at, base)
            _rule(canvas, at + word.width + 5.0, base - 2.0, room * share - word.width - 17.0, 0.5, False)
            at += room * share
        score.draw(canvas, x + wide - score.width, base)

    return Lump(26.0, draw, keep=True)


def _fitted(text: str, room: float) -> str:
    """The text, shortened by an ellipsis where it is wider than the room."""
    while len(text) > 1 and width_of(text, BODY) > room:
        text = text[:-2] + "…"
    return text


# -- mathematics ------------------------------------------------------------------------------------------------


def _display(block: Display, wide: float) -> list[Lump]:
    rows = [_sides(line) for line in block.lines]
    if len(rows) >= COLUMNS and all(a for a, _ in rows):
        short = [[formula(side, BODY, display=True) for side in row] for row in rows]
        column = (wide - 22.0) / COLUMNS
        if max(a.width for a, _ in short) + max(b.width for _, b in short) + 5.0 + 12.0 < column:
            return _columns(short, column)
    left = max((formula(a, BODY, display=True).width for a, _ in rows), default=0.0)
    left = min(left, 0.4 * wide)
    indent = 22.0
    found = []
    for i, (a, b) in enumerate(rows):
        deeper = 16.0 if b.startswith(r"\quad") else 0.0
        lhs = formula(a, BODY, left, display=True) if a else None
        rhs = formula(b, BODY, wide - indent - left - 6.0 - deeper, display=True)
        boxes: list[tuple[float, Box]] = [(left - lhs.width, lhs)] if lhs else []
        line = Line((*boxes, (left + (5.0 if a or b.startswith("=") else 0.0) + deeper, rhs)), 0.0,
                    max(rhs.height, lhs.height if lhs else 0.0, 0.7 * BODY),
                    max(rhs.depth, lhs.depth if lhs else 0.0, 0.22 * BODY))
        found.append(Lump(line.height + line.depth + 5.5, _drawn(line, indent, line.height + 2.75),
                          keep=i == 0 or i == len(rows) - 2 or (i + 1 < len(rows) and not rows[i + 1][0]),
                          space=4.0 if i == 0 else 0.0))
    found[-1:] = [replace(found[-1], keep=False)] if found else []
    return found


def _columns(rows: Sequence[Sequence[Formula]], column: float) -> list[Lump]:
    """Short equations side by side, read down each column."""
    high = -(-len(rows) // COLUMNS)
    left = max(a.width for a, _ in rows)
    found = []
    for i in range(high):
        boxes: list[tuple[float, Box]] = []
        for j, (a, b) in enumerate(rows[i::high]):
            boxes += [(j * column + left - a.width, a), (j * column + left + 5.0, b)]
        height, depth = max(b.height for _, b in boxes), max(b.depth for _, b in boxes)
        found.append(Lump(height + depth + 5.5, _drawn(Line(tuple(boxes), 0.0, height, depth), 22.0, height + 2.75),
                          keep=i < min(high, 8) - 1, space=4.0 if i == 0 else 0.0))
    return found


def _sides(line: str) -> tuple[str, str]:
    left, mark, right = line.partition("&")
    return (left.strip(), right.strip()) if mark else ("", line.strip())


# -- figures, tables, boxes -----------------------------------------------------------------------------------------


def _picture(block: Picture, wide: float) -> Lump:
    scene, scale = block.drawing.scene, block.scale
    height = scene.height * scale

    def draw(canvas: Any, x: float, y: float) -> None:
        canvas.saveState()
        canvas.translate(x + (wide - scene.width * scale) / 2, y)
        canvas.scale(scale, -scale)
        draw_shapes(canvas, (s for group in scene.groups for s in group.shapes), write_invisibly)
        canvas.restoreState()

    return Lump(height, draw, space=6.0, floats=True)


def _table(block: Table, wide: float) -> list[Lump]:
    cells = [[[_cell(text) for text in cell] for cell in row] for row in block.rows]
    heads = [_cell(text) for text in block.head]
    columns = list(range(len(block.head)))
    natural = [max([heads[j].width] + [line.width for row in cells for line in row[j]]) + 2 * CELL_PAD for j in columns]
    blank = [any(not row[j] for row in block.rows) for j in columns]
    widths = _widths(natural, blank, wide)
    total = sum(widths)
    left = (wide - total) / 2
    found = [_row([[h] for h in heads], widths, left, 0.0, head=True)]
    for row in cells:
        found.append(_row(row, widths, left, BLANK_ROW if any(blank) else 0.0))
    found[-1:] = [replace(found[-1], keep=False)]
    found[0] = replace(found[0], space=6.0, keep=True)
    return found


def _widths(natural: Sequence[float], blank: Sequence[bool], wide: float) -> list[float]:
    """Columns to fill in share what the others leave; columns too wide for the page are made smaller in proportion."""
    spare = wide - sum(natural)
    if spare < 0:
        return [w * wide / sum(natural) for w in natural]
    empty = sum(w for w, b in zip(natural, blank) if b)
    return [w + (spare * w / empty if b else 0.0) for w, b in zip(natural, blank)]


def _cell(text: str) -> Line:
    lines = broken(clusters(text, CELL), float("inf"), CELL)
    return lines[0] if lines else Line((), 0.0, 0.72 * CELL, 0.22 * CELL)


def _row(cells: Sequence[Sequence[Line]], widths: Sequence[float], left: float, least: float,
         head: bool = False) -> Lump:
    def high(lines: Sequence[Line]) -> float:
        return sum(max(n.height, 0.72 * CELL) + max(n.depth, 0.22 * CELL) + 3.0 for n in lines) - 3.0

    inner = max([high(lines) for lines in cells if lines] or [0.0])
    height = max(inner + 2 * ROW_PAD, least)

    def draw(canvas: Any, x: float, y: float) -> None:
        canvas.setStrokeGray(GREY)
        at = x + left
        for lines, width in zip(cells, widths):
            base = y - (height - high(lines)) / 2 if lines else y
            for line in lines:
                base -= max(line.height, 0.72 * CELL)
                room = width - 2 * CELL_PAD + 0.5
                scale = min(1.0, room / line.width) if line.width else 1.0
                canvas.saveState()
                canvas.translate(at + CELL_PAD, base)
                canvas.scale(scale, scale)
                line.draw(canvas, 0.0, 0.0)
                canvas.restoreState()
                base -= max(line.depth, 0.22 * CELL) + 3.0
            canvas.setLineWidth(0.4)
            canvas.rect(at, y - height, width, height, stroke=1, fill=0)
            at += width
        if head:
            _rule(canvas, x + left, y - height, sum(widths), 1.0, False)

    return Lump(height, draw)


def _boxes(block: Boxes, wide: float) -> list[Lump]:
    """Boxes side by side, as many as a line holds."""
    labels = [formula(tex, BODY, 0.5 * wide, display=True) for tex in block.labels]
    label = max(x.width for x in labels) + 6.0
    high = max(BOX_HEIGHT, 14.0 * block.size[0] + 10.0)
    box = wide - label if block.wide else min(max(BOX_WIDTH, 36.0 * block.size[1] + 20.0), wide - label)
    step = label + box
    each = max(1, int((wide + 18.5) // (step + 18.0)))
    rows = [labels[i : i + each] for i in range(0, len(labels), each)]
    return [Lump(high + 6.0, _box_row(row, step + 18.0, box, high), keep=i < len(rows) - 1, space=7.0)
            for i, row in enumerate(rows)]


def _box_row(row: Sequence[Formula], step: float, wide: float,
             high: float) -> Callable[[Any, float, float], None]:
    def draw(canvas: Any, x: float, y: float) -> None:
        middle = y - high / 2
        canvas.setStrokeGray(0.2)
        for i, label in enumerate(row):
            box = x + i * step + step - 18.0 - wide
            label.draw(canvas, box - 6.0 - label.width, middle - 0.25 * BODY)
            canvas.setLineWidth(0.6)
            canvas.roundRect(box, middle - high / 2, wide, high, 3.0, stroke=1, fill=0)

    return draw


def _rule(canvas: Any, x: float, y: float, width: float, weight: float, faint: bool) -> None:
    canvas.setStrokeGray(0.62 if faint else 0.0)
    canvas.setLineWidth(weight)
    canvas.setLineCap(0)
    canvas.line(x, y, x + max(0.0, width), y)
