"""Clusters as shapes: a pale frame with a thin line, a title and a formula."""

from __future__ import annotations

from collections.abc import Mapping

from .figure import Figure
from .nested import Frame
from .shapes import Glyphs, Group, Rect, Shape
from .style import Theme

CORNER = 9.0


def frame_groups(figure: Figure, frames: Mapping[str, Frame], theme: Theme) -> list[Group]:
    """A group for each cluster, outer ones first, to be drawn below everything else."""
    groups = []
    stack = [(c, 1) for c in reversed(figure.clusters)]
    while stack:
        cluster, depth = stack.pop()
        frame = frames[cluster.key]
        fill, border = frame_colours(theme, depth)
        width, height = frame.right - frame.left, frame.bottom - frame.top
        shapes: list[Shape] = [Rect(frame.left, frame.top, width, height, CORNER, fill, border, 0.9, cls="frame")]
        shapes += [Glyphs(ink, x, y, theme.tones["muted"], cls="title") for ink, x, y in frame.texts]
        groups.append(Group("cluster", cluster.key, cluster.title, shapes))
        stack.extend((inner, depth + 1) for inner in reversed(cluster.clusters))
    return groups


def frame_colours(theme: Theme, depth: int) -> tuple[str, str]:
    """Fill and line of a frame at this depth of nesting: the wires' colour in the page's, a little and more."""
    page, ink = theme.background, theme.tones["wire"]
    return _mixed(page, ink, min(0.03 * depth, 0.12)), _mixed(page, ink, 0.45)


def _mixed(page: str, ink: str, share: float) -> str:
    """#RRGGBB between two others.

    >>> _mixed("#FFFFFF", "#000000", 0.5)
    '#808080'
    """
    if not page.startswith("#"):  # a colour that a style sheet gives
        return f"color-mix(in srgb, {page}, {ink} {share:.0%})"
    pairs = [(int(page[i : i + 2], 16), int(ink[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)
