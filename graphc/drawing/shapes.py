"""The primitives of a scene, frozen: what every format must be able to write, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .mathtext import Command, Outline, shifted


@dataclass(frozen=True, slots=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    radius: float
    fill: str
    stroke: str
    stroke_width: float
    dashed: bool = False
    cls: str = "shape"


@dataclass(frozen=True, slots=True)
class Circle:
    x: float
    y: float
    radius: float
    fill: str
    stroke: str
    stroke_width: float
    cls: str = "shape"


@dataclass(frozen=True, slots=True)
class Path:
    commands: Sequence[Command]
    fill: str
    stroke: str
    stroke_width: float
    cls: str = ""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """An outline whose baseline starts at (x, y).

    Where a format sets the words in a font of its own, `anchor` is the point that stays: start, middle or end.
    """

    outline: Outline
    x: float
    y: float
    fill: str
    cls: str = ""
    anchor: Literal["start", "middle", "end"] = "middle"


Shape = Rect | Circle | Path | Glyphs


@dataclass(frozen=True)
class Group:
    """Shapes that stand for one thing: a box, a wire with its labels, a line of the legend."""

    cls: str
    key: str
    label: str
    shapes: Sequence[Shape]


@dataclass(frozen=True)
class Scene:
    """A page: its size in points, and its groups in drawing order."""

    width: float
    height: float
    background: str
    groups: Sequence[Group]
    title: str = ""
    desc: str = ""
    lang: str = "en"


def moved(group: Group, dx: float, dy: float) -> Group:
    """The group shifted by (dx, dy)."""
    return replace(group, shapes=[_moved(s, dx, dy) for s in group.shapes])


def _moved(shape: Shape, dx: float, dy: float) -> Shape:
    if isinstance(shape, Path):
        return replace(shape, commands=shifted(tuple(shape.commands), dx, dy))
    return replace(shape, x=shape.x + dx, y=shape.y + dy)


def bounds(groups: Iterable[Group]) -> tuple[float, float, float, float]:
    """left, top, right, bottom of everything drawn; (0, 0, 0, 0) when nothing is."""
    boxes = [_bounds(s) for g in groups for s in g.shapes]
    if not boxes:
        return 0.0, 0.0, 0.0, 0.0
    return (min(b[0] for b in boxes), min(b[1] for b in boxes),
            max(b[2] for b in boxes), max(b[3] for b in boxes))


def _bounds(s: Shape) -> tuple[float, float, float, float]:
    if isinstance(s, Rect):
        return s.x, s.y, s.x + s.width, s.y + s.height
    if isinstance(s, Circle):
        return s.x - s.radius, s.y - s.radius, s.x + s.radius, s.y + s.radius
    if isinstance(s, Glyphs):
        return s.x, s.y - s.outline.height, s.x + s.outline.width, s.y + s.outline.depth
    xs = [v for _, vs in s.commands for v in vs[0::2]]
    ys = [v for _, vs in s.commands for v in vs[1::2]]
    return min(xs), min(ys), max(xs), max(ys)
