"""How large boxes, labels and notes are, in the terms of the layout (along and across the wires)."""

from __future__ import annotations

from dataclasses import dataclass

from . import style
from .figure import Box, Figure, Label
from .layout import Extent
from .mathtext import outline

LABEL_PAD = 5.0  # before and after a label, along its wire
NOTE_GAP = 5.0
BLANK_NOTE = 15.0  # height of a note to fill in
_DIGIT = 7.7  # height of a digit at LABEL_SIZE: labels without ascenders sit on the same line as digits


@dataclass(frozen=True)
class Size:
    width: float
    height: float


def is_circle(box: Box) -> bool:
    """An operation whose sign fits stays a circle; a wider one gets the rounded box of a function."""
    return box.kind == "operation" and outline(box.tex, style.OPERATOR_SIZE).width <= 17.0


def box_size(box: Box) -> Size:
    """Width and height of the drawn shape in points."""
    if is_circle(box):
        return Size(2 * style.RADIUS, 2 * style.RADIUS)
    ink = outline(box.tex, style.NODE_SIZE)
    tall = ink.height + ink.depth + 12.0
    wide = ink.width + 2 * style.BOX_PADDING
    if box.kind == "constant":
        return Size(max(24.0, ink.width + 12.0), max(22.0, tall - 4.0))
    least = 2 * style.RADIUS if box.kind in ("operation", "function") else style.BOX_HEIGHT
    return Size(max(style.BOX_MIN_WIDTH, wide), max(least, tall))


def label_size(label: Label | None) -> Size:
    """Room for one label; a blank one has the same size whatever its answer."""
    if label is None:
        return Size(0.0, 0.0)
    if label.blank:
        return Size(*label.room)
    ink = outline(label.tex, style.LABEL_SIZE)
    return Size(ink.width, max(ink.height, _DIGIT) + ink.depth)


def label_room(label: Label | None) -> Size:
    """The room that a label takes in the layout: where there may be blanks, the same for all of its sort."""
    size = label_size(label)
    if label is None:
        return size
    return Size(max(size.width, label.room[0]), max(size.height, label.room[1]))


def label_extent(figure: Figure, i: int) -> Extent:
    """The room of wire i's labels, the wire running through the anchor."""
    first, second = (label_room(x) for x in (figure.wires[i].first, figure.wires[i].second))
    if figure.direction in ("LR", "RL"):
        half = max(first.width, second.width) / 2 + LABEL_PAD
        return Extent(half, half, _beside(first.height), _beside(second.height))
    half = max(first.height, second.height) / 2 + LABEL_PAD
    return Extent(half, half, _beside(first.width), _beside(second.width))


def side_label_extent(figure: Figure, i: int) -> Extent:
    """The same for a wire that is perpendicular to the others."""
    first, second = (label_room(x) for x in (figure.wires[i].first, figure.wires[i].second))
    if figure.direction in ("LR", "RL"):
        half = max(first.height, second.height) / 2
        return Extent(_beside(first.width), _beside(second.width), half, half)
    half = max(first.width, second.width) / 2
    return Extent(_beside(first.height), _beside(second.height), half, half)


def _beside(size: float) -> float:
    return style.LABEL_GAP + size if size else 2.0


def note_size(box: Box, figure: Figure) -> Size:
    """Room for a note; a blank one is as wide as the widest, so that its width gives no hint."""
    if box.note is None:
        return Size(0.0, 0.0)
    return Size(figure.note_width, BLANK_NOTE) if box.note.blank else label_size(box.note)


def note_room(box: Box, figure: Figure) -> Size:
    """The room that a note takes in the layout, the same whether it is blank or not."""
    size = note_size(box, figure)
    if box.note is None or not figure.note_width:
        return size
    return Size(max(size.width, figure.note_width), max(size.height, BLANK_NOTE))


def note_follows(box: Box, place: str) -> bool:
    """The note of an operation stands after it, beside the wires it sends out, before they part.

    Wires enter an operation from all sides, so nowhere around the circle itself is sure to be free.
    """
    return box.note is not None and place == "inner" and box.kind != "adjoint"


def trail(figure: Figure, box: Box, place: str) -> tuple[float, float]:
    """Room for a note that follows its box: along the wires, and across to the right or below."""
    if not note_follows(box, place):
        return 0.0, 0.0
    note = note_room(box, figure)
    along, across = (note.width, note.height) if figure.direction in ("LR", "RL") else (note.height, note.width)
    return along + 2 * NOTE_GAP, style.LABEL_GAP + across + 1.0


def box_extent(figure: Figure, box: Box, place: str) -> Extent:
    """A box with its note. `place` is "source", "sink" or "inner", by the wires that the box lacks.

    Under the box when wires run across the page; when they run down, over a box that begins or ends them
    and beside an inner one. A note that follows its box has its room from `trail`.
    """
    size, note = box_size(box), note_room(box, figure)
    across = figure.direction in ("LR", "RL")
    main, cross = (size.width / 2, size.height / 2) if across else (size.height / 2, size.width / 2)
    if box.note is None or note_follows(box, place):
        return Extent(main, main, cross, cross)
    if not across:
        if place == "inner":
            return Extent(main, main, cross, cross + NOTE_GAP + note.width + 4.0)
        wide, more = max(cross, note.width / 2), NOTE_GAP + note.height
        return Extent(main + more * (place == "source"), main + more * (place == "sink"), wide, wide)
    below = cross + NOTE_GAP + note.height
    if place == "source":
        return Extent(max(main, note.width - main), main, cross, below)
    return Extent(max(main, note.width / 2), max(main, note.width / 2), cross, below)


def note_corner(figure: Figure, box: Box, place: str, x: float, y: float, after: float) -> tuple[float, float]:
    """The left top corner of the note of a box centred on (x, y); one that follows it begins at `after`."""
    size, note = box_size(box), note_size(box, figure)
    w, h = size.width / 2, size.height / 2
    if note_follows(box, place):
        begin, beside = after + NOTE_GAP, style.LABEL_GAP
        return (x + begin, y + beside) if figure.direction == "LR" else (x + beside + 1.0, y + begin)
    if figure.direction in ("TB", "BT"):
        if place == "inner":
            return x + w + NOTE_GAP, y - note.height / 2
        above = (place == "source") == (figure.direction == "TB")
        return x - note.width / 2, y - h - NOTE_GAP - note.height if above else y + h + NOTE_GAP
    right = min(x + w, x + max(size.width, note.width) / 2) if place == "source" else x + note.width / 2
    return right - note.width, y + h + NOTE_GAP
