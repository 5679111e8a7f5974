"""What a plot says, before anything is drawn: panels of curves, points, tangents and level lines, as plain data."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, Any]
Role = Literal["line", "steps", "path"]


@dataclass(frozen=True)
class Curve:
    """A curve, cut where y is nan. `style` is its row in the theme: a colour, dashes and a mark.

    A "line" has no marks; of "steps" each point has one, and so has a "path", which also shows start and end.
    """

    label: str  # words, with mathematics between dollars
    x: Array
    y: Array
    style: int = 0
    role: Role = "line"


@dataclass(frozen=True)
class Point:
    """A point on a kink or a jump: filled where the value is, open where it is only approached."""

    x: float
    y: float
    filled: bool
    style: int = 0


@dataclass(frozen=True)
class Tangent:
    """A tangent at (x, y), drawn some way to both sides."""

    x: float
    y: float
    slope: float


@dataclass(frozen=True)
class Levels:
    """z over the grid of x and y, with the values whose level lines are drawn."""

    x: Array
    y: Array
    z: Array
    at: Array


@dataclass(frozen=True)
class Panel:
    """One pair of axes."""

    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    points: tuple[Point, ...] = ()
    tangents: tuple[Tangent, ...] = ()
    numbered: Curve | None = None  # its points carry their number
    levels: Levels | None = None
    log: bool = False
    whole: bool = False  # x counts steps
    heading: str = ""


@dataclass(frozen=True)
class Chart:
    """A plot: its panels side by side, its title and description for those who do not see it."""

    kind: str
    title: str
    desc: str
    lang: str
    panels: tuple[Panel, ...]
    extra: dict[str, Any] = field(default_factory=dict)


def json_text(chart: Chart) -> str:
    """The data of a plot. What is cut in a curve is null."""
    return json.dumps(_plain(asdict(chart)), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
