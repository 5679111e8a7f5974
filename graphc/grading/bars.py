"""Two small charts as SVG: how a part came out, and how points are spread over a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from .phrases import say
from .statistics import STATUSES

WIDTH, HEIGHT = 220, 14
BIN, TALL = 34, 90


def counted(counts: Mapping[str, int], lang: str) -> str:
    """
    >>> counted({"wrong": 3, "correct": 4}, "fr")
    'juste 4, faux 3'
    """
    return ", ".join(f"{say(lang, s)} {counts[s]}" for s in STATUSES if counts.get(s))


def outcome_bar(counts: Mapping[str, int], lang: str) -> str:
    """One bar, its lengths the shares of each status; their colours come from the style sheet of the page."""
    total = sum(counts.get(s, 0) for s in STATUSES) or 1
    told = counted(counts, lang)
    pieces, x = [], 0.0
    for status in STATUSES:
        width = WIDTH * counts.get(status, 0) / total
        if width:
            title = escape(counted({status: counts[status]}, lang))
            pieces.append(f'<rect class="{status}" x="{x:.2f}" y="0" width="{width:.2f}" height="{HEIGHT}">'
                          f"<title>{title}</title></rect>")
        x += width
    return (f'<svg class="bar" role="img" aria-label="{escape(told)}" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'preserveAspectRatio="none">{"".join(pieces)}</svg>')


def spread_chart(counts: Sequence[int], edges: Sequence[str], label: str) -> str:
    """Columns over equal steps of the points, their counts above and their edges below."""
    most, width = max([1, *counts]), BIN * len(counts) + 20
    pieces = []
    for i, count in enumerate(counts):
        height = TALL * count / most
        x, top = 10 + BIN * i, TALL + 18 - height
        if count:
            pieces.append(f'<rect x="{x + 2}" y="{top:.2f}" width="{BIN - 4}" height="{height:.2f}" rx="2"/>'
                          f'<text x="{x + BIN / 2:g}" y="{top - 4:.2f}">{count}</text>')
    for i, edge in enumerate(edges):
        pieces.append(f'<text class="edge" x="{10 + BIN * i}" y="{TALL + 34}">{escape(edge)}</text>')
    axis = f'<path d="M8 {TALL + 18.5}H{width - 8}"/>'
    return (f'<svg class="spread" role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {TALL + 40}" '
            f'width="{width}">{axis}{"".join(pieces)}</svg>')
