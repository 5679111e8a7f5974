"""Figures of graphs: forward, circuit with values and gradients, backward; SVG, PNG, PDF and DOT.

    graph -> facts (TeX) -> Figure -> layout -> Scene -> one file a format
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from os import PathLike
from typing import Any

from ..errors import InputError, choose
from ..files import write_whole
from ..ir import Expr
from ..reverse import Backward, backward
from .dot_text import dot_text
from .facts import Facts
from .figure import Direction, Figure
from .graphs import BLANKS, backward_figure, forward_figure
from .pdf import pdf_bytes
from .phrases import phrases
from .png import png_bytes
from .scene import build, place
from .shapes import Scene
from .style import LABEL_SIZE, Theme, theme_named
from .svg import svg_text
from .table import table_figure, table_of, table_scene

__all__ = ["Drawing", "draw"]

_RANKDIRS: dict[str, tuple[Direction, Direction]] = {"LR": ("LR", "RL"), "TB": ("TB", "BT")}  # forward, backward


KINDS = ("graph", "table")


class Drawing:
    """A finished figure.

    `figure` is what it says (boxes, wires, labels in TeX), `svg` and `dot` are its texts, `engine` names
    the layout engine that drew it. `save` writes it by the ending of the path; notebooks show it by itself.
    """

    def __init__(self, figure: Figure, theme: Theme, engine: str | None = None) -> None:
        self.figure, self.theme = figure, theme
        placed = place(figure, engine)
        self.engine: str = placed.engine
        self.scene: Scene = build(figure, theme, placed)

    @cached_property
    def svg(self) -> str:
        """The figure as SVG text."""
        return svg_text(self.scene)

    @cached_property
    def dot(self) -> str:
        """The figure in Graphviz's language, to be laid out by Graphviz."""
        return dot_text(self.figure, self.theme)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the figure as the ending of `path` says: .svg, .png, .pdf or .dot. Whole or not at all.

        Raises InputError for another ending, or a path that cannot be written.
        """
        ending = os.path.splitext(os.fspath(path))[1].lower()
        if ending not in WRITERS:
            raise choose("figure format", ending or os.fspath(path), WRITERS)
        write_whole(path, WRITERS[ending](self))

    def font_size(self, text_width: float) -> float:
        """The size in points at which the labels print, the figure being fitted to `text_width` points.

        Below 8 the figure is too wide for the page: draw it with rankdir="TB", or a part of it.
        """
        return LABEL_SIZE * min(1.0, text_width / self.scene.width)

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<Drawing {self.figure.title!r}: {len(self.figure.boxes)} boxes, {len(self.figure.wires)} wires>"


class TableDrawing(Drawing):
    """The table of a backward pass as a figure. It has no boxes and wires, and so no DOT."""

    def __init__(self, facts: Facts, theme: Theme, blank: str) -> None:
        table = table_of(facts, blank)
        self.figure, self.theme, self.engine = table_figure(table), theme, "own"
        self.scene = table_scene(table, theme)

    @cached_property
    def dot(self) -> str:
        """Raises InputError: a table is no graph."""
        raise InputError("a table has no DOT, which is a language for graphs; save it as .svg, .png or .pdf")

    def __repr__(self) -> str:
        return f"<Drawing {self.figure.title!r}>"


# A new format is one module and one line here.
WRITERS: dict[str, Callable[[Drawing], bytes]] = {
    ".svg": lambda d: d.svg.encode(),
    ".png": lambda d: png_bytes(d.scene),
    ".pdf": lambda d: pdf_bytes(d.scene),
    ".dot": lambda d: d.dot.encode(),
}


def draw(what: Expr | Backward, *, wrt: Iterable[Any] | Expr | str | None = None, at: Mapping[Any, Any] | None = None,
         blank: bool | str = False, lang: str = "en", theme: str = "light", rankdir: str = "LR",
         engine: str | None = None, kind: str = "graph") -> Drawing:
    """The figure of a graph.

    `what` is an Expr, whose forward graph is drawn, or a `Backward`, whose graph of adjoints is drawn.
    `wrt` (Exprs or names) adds the gradients: with `at` as numbers below each wire, and the sum at every
    fan-out; without it as adjoints, in symbols. `at` maps every input and parameter (Exprs or names) to
    its value. `blank` ("values", "gradients" or "all") leaves boxes to fill in, laid out as the solution.
    `lang` is "en" or "fr", `theme` "light", "dark" or "print", `rankdir` "LR" or "TB". `engine` forces a
    layout engine: "pygraphviz", "dot" or "own". `kind="table"` draws a `Backward` as the table of its dynamic
    program: each value, who uses it, what each user hands back, the sum; `at` and `blank` as above.

    Raises InputError for an unknown option or a missing value, ShapeError for an array of the wrong
    shape or gradients of a non-scalar, LimitExceeded above 1,000 operations.

    >>> import graphc as G
    >>> x1, x2 = G.inputs("x1 x2"); w1, w3, b = G.params("w1 w3 b")
    >>> f = w3 * G.relu(w1*x1 + w1*x2 + b)
    >>> d = draw(f, wrt=[w1, w3, b], at={x1: 3, x2: -1, w1: 2, w3: 4, b: -1})
    >>> [box.note.tex for box in d.figure.boxes if box.note]
    ['\\\\bar{w}_{1} = 12 + ({-}4) = 8']
    """
    phrases(lang)
    colours = theme_named(theme)
    if rankdir not in _RANKDIRS:
        raise choose("rankdir", rankdir, _RANKDIRS)
    hidden = _blank(blank)
    if kind not in KINDS:
        raise choose("kind of figure", kind, KINDS)
    if kind == "table":
        if not isinstance(what, Backward) or wrt is not None:
            raise InputError("draw: a table is that of G.backward(...), which has its own wrt")
        return TableDrawing(Facts(what.output, what, at, lang), colours, hidden)
    ahead, back = _RANKDIRS[rankdir]
    if isinstance(what, Backward):
        if wrt is not None or hidden:
            raise InputError("draw: a backward graph has its own wrt and no blanks; draw the output with wrt= instead")
        figure = backward_figure(Facts(what.output, what, at, lang), back)
    elif isinstance(what, Expr):
        if hidden and at is None:
            raise InputError("draw: blank leaves out values, so it needs at=, the values of the inputs")
        adjoints = None if wrt is None else backward(what, _listed(wrt))
        figure = forward_figure(Facts(what, adjoints, at, lang), hidden, ahead)
    else:
        raise InputError(f"draw takes an Expr or G.backward(...), got {type(what).__name__}")
    return Drawing(figure, colours, engine)


def _listed(wrt: Any) -> Any:
    return [wrt] if isinstance(wrt, (Expr, str)) else wrt


def _blank(blank: bool | str) -> str:
    if blank is False or blank is None:
        return ""
    if blank is True:
        return "all"
    if blank not in BLANKS:
        raise choose("blank", blank, BLANKS)
    return blank
