"""A finished plot: of a training history, or of functions and their derivatives."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from os import PathLike
from typing import Any

from ..errors import choose
from ..files import write_whole
from .chart import Chart, json_text
from .matplot import pdf_of, png_of, svg_of
from .style import Theme


class Plot:
    """What `G.draw` makes of histories and functions, as `Drawing` is of graphs.

    `chart` is what it says, as data; `svg` and `json` are its texts. `save` writes it by the ending of the path;
    notebooks show it by itself. It is drawn by matplotlib (`pip install 'graphc[plot]'`), `json` excepted; without it
    a GraphcError says so.

    >>> import graphc as G
    >>> plot = G.draw(G.relu)
    >>> plot
    <Plot 'relu, with derivatives': 2 curves>
    >>> [(p.x, p.y, p.filled) for p in plot.chart.panels[1].points]
    [(0.0, 1.0, False), (0.0, 0.0, True)]
    """

    def __init__(self, chart: Chart, theme: Theme) -> None:
        self.chart, self.theme = chart, theme

    @cached_property
    def svg(self) -> str:
        """The plot as SVG text, letters as outlines."""
        return svg_of(self.chart, self.theme)

    @property
    def json(self) -> str:
        """The data of the plot."""
        return json_text(self.chart)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the plot as the ending of `path` says: .svg, .png, .pdf, or .json for its data. Whole or not at all.

        Raises InputError for another ending, or a path that cannot be written; GraphcError without matplotlib.
        """
        ending = os.path.splitext(os.fspath(path))[1].lower()
        if ending not in PLOT_WRITERS:
            raise choose("plot format", ending or os.fspath(path), PLOT_WRITERS)
        write_whole(path, PLOT_WRITERS[ending](self))

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        curves = sum(len(p.curves) for p in self.chart.panels)
        return f"<Plot {self.chart.title!r}: {curves} curve{'s' * (curves > 1)}>"


PLOT_WRITERS: dict[str, Callable[[Plot], bytes]] = {
    ".svg": lambda p: p.svg.encode(),
    ".png": lambda p: png_of(p.chart, p.theme),
    ".pdf": lambda p: pdf_of(p.chart, p.theme),
    ".json": lambda p: p.json.encode(),
}
