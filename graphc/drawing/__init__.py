"""Figures of graphs: forward, circuit with values and gradients, backward; SVG, PNG, PDF, DOT, JSON, TikZ, HTML.

    graph -> facts (TeX) -> Figure -> layout -> Scene -> one file a format
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from os import PathLike
from typing import Any, Protocol, overload

from ..errors import InputError, choose
from ..files import write_whole
from ..formula import number_text
from ..history import History
from ..ir import Expr
from ..lower import Timeline
from ..reverse import Backward, backward
from .amount import Fold, figure_of
from .curves import KINDS as PLOTS
from .curves import chart_of, is_plotted
from .dot_text import dot_text
from .facts import Facts
from .figure import Direction, Figure
from .folding import Folded
from .graphs import BLANKS, backward_figure, forward_figure
from .json_text import json_text
from .pdf import pdf_bytes
from .phrases import phrases
from .plot import Plot
from .png import png_bytes
from .program_figure import Memory, data_flow, program_scene
from .scene import build, place
from .shapes import Scene
from .stepper import page_text
from .style import LABEL_SIZE, Theme, theme_named
from .svg import svg_text
from .table import table_figure, table_of, table_scene
from .tikz import tikz_text

__all__ = ["Drawing", "Plot", "Theme", "draw"]

KINDS = ("graph", "table")
PAGE = 455.0, 700.0  # the text of an A4 page, in points
LEAST_PRINT = 8  # points

_RANKDIRS: dict[str, tuple[Direction, Direction]] = {"LR": ("LR", "RL"), "TB": ("TB", "BT")}  # forward, backward


class Drawing:
    """A finished figure.

    `figure` is what it says (boxes, wires, labels in TeX), `svg`, `dot`, `tikz` and `json` are its texts, `engine`
    names the layout engine that drew it, `warnings` says what will not read well, `folded` what it draws once for
    many or closed. `save` writes it by the ending of the path; notebooks show it by itself.
    """

    facts: Facts | None = None  # of the graph that it shows
    folded: tuple[Folded, ...] = ()

    def __init__(self, figure: Figure, theme: Theme, engine: str | None = None, folded: tuple[Folded, ...] = (),
                 facts: Facts | None = None) -> None:
        self.figure, self.theme, self.folded, self.facts = figure, theme, folded, facts
        self._placed = placed = place(figure, engine)
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

    @cached_property
    def tikz(self) -> str:
        r"""The figure as a `tikzpicture`, for a document that has \usepackage{tikz} and its library arrows.meta."""
        return tikz_text(self.scene, self.theme)

    @cached_property
    def json(self) -> str:
        """The figure as JSON, boxes and wires with what they say and where they stand; see `json_text` for its keys."""
        return json_text(self.figure, self.scene, self.theme, self.engine)

    @cached_property
    def html(self) -> str:
        """The step-through page: one HTML file, which needs no network.

        Raises InputError for a figure with blanks, whose answers it would show, one that is folded, or not of a graph.
        """
        if self.facts is None:
            raise InputError("this figure is not that of a graph, so it has no steps; save it as .svg, .pdf or .png")
        if self.folded:
            raise InputError("this figure is folded, so it has no box for every step; "
                             "draw it with fold=False, or draw a part")
        return page_text(self.figure, self.facts, self.theme, self._placed)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the figure as the ending of `path` says: .svg, .png, .pdf, .dot, .json, .tex (TikZ) or .html, a page
        that goes through the graph step by step. Whole or not at all.

        Raises InputError for another ending, a path that cannot be written, or a page that cannot be made.
        """
        ending = os.path.splitext(os.fspath(path))[1].lower()
        if ending not in WRITERS:
            raise choose("figure format", ending or os.fspath(path), WRITERS)
        write_whole(path, WRITERS[ending](self))

    def font_size(self, text_width: float, text_height: float | None = None) -> float:
        """The size in points at which the labels print, the figure being fitted to `text_width` points.

        It is fitted to `text_height` too if that is given. Below 8 the figure is too large for the page: draw it
        with rankdir="TB", or a part of it. The default page of LaTeX's A4 articles is 455 points wide, 700 high.
        """
        fit = text_width / self.scene.width
        if text_height is not None:
            fit = min(fit, text_height / self.scene.height)
        return LABEL_SIZE * min(1.0, fit)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What will not read well: labels that print under 8 points on a page, colours too near to each other."""
        words = phrases(self.figure.lang)
        found = []
        size = self.font_size(*PAGE)
        if size < LEAST_PRINT:
            way = "small turned" if self.figure.direction in ("TB", "BT") else "small"
            found.append(words[way].format(size=number_text(size, lang=self.figure.lang, digits=2), least=LEAST_PRINT))
        for name, colour, ground, ratio in self.theme.faint():
            found.append(words["faint"].format(theme=self.theme.name, name=name, colour=colour, ground=ground,
                                               ratio=number_text(ratio, lang=self.figure.lang, digits=2)))
        return tuple(found)

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str | bytes]:
        """SVG and a line of text; of what is asked for in `include`, PNG, PDF and TikZ as well.

        There is no HTML: a notebook that is not trusted would take it, strip the figure from it, and show nothing.
        """
        made: dict[str, Callable[[], str | bytes]] = {
            "image/svg+xml": lambda: self.svg, "text/plain": lambda: repr(self),
            "image/png": lambda: png_bytes(self.scene), "application/pdf": lambda: pdf_bytes(self.scene),
            "text/latex": lambda: self.tikz,
        }
        wanted = set(include) if include else {"image/svg+xml", "text/plain"}
        return {kind: make() for kind, make in made.items() if kind in wanted - set(exclude or ())}

    def __repr__(self) -> str:
        return f"<Drawing {self.figure.title!r}: {len(self.figure.boxes)} boxes, {len(self.figure.wires)} wires>"


class ProgramDrawing(Drawing):
    """The figure of a compiled function: statements and memory. `figure` is its data flow, `dot` written from it."""

    def __init__(self, timeline: Timeline, memory: Memory, theme: Theme, lang: str) -> None:
        self.figure, self.theme, self.engine = data_flow(timeline, lang), theme, "own"
        self.scene = program_scene(timeline, memory, theme, lang)


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
    ".html": lambda d: d.html.encode(),
    ".json": lambda d: d.json.encode(),
    ".tex": lambda d: d.tikz.encode(),
}


Plotted = History | Callable[..., Any]


class Compiled(Protocol):
    """What a compiled function tells of itself."""

    @property
    def timeline(self) -> Timeline: ...


@overload
def draw(what: Expr | Backward | Compiled, *, wrt: Iterable[Any] | Expr | str | None = None,
         at: Mapping[Any, Any] | None = None, blank: bool | str = False, lang: str = "en",
         theme: str | Theme = "light", rankdir: str = "LR", engine: str | None = None,
         fold: Fold = "auto", kind: str | None = None) -> Drawing: ...


@overload
def draw(what: Plotted | Sequence[Plotted], *, lang: str = "en", theme: str | Theme = "light", kind: str | None = None,
         derivative: bool | None = None, span: Any = None, log: bool | None = None) -> Plot: ...


def draw(what: Any, *, wrt: Iterable[Any] | Expr | str | None = None, at: Mapping[Any, Any] | None = None,
         blank: bool | str = False, lang: str = "en", theme: str | Theme = "light", rankdir: str = "LR",
         engine: str | None = None, fold: Fold = "auto", kind: str | None = None, derivative: bool | None = None,
         span: Any = None, log: bool | None = None) -> Drawing | Plot:
    """The figure of a graph, or a plot of training histories or of functions.

    `what` is an Expr, whose forward graph is drawn, or a `Backward`, whose graph of adjoints is drawn, or a compiled
    function, whose statements are drawn with the memory that each value lies in (only `lang` and `theme` apply).
    `wrt` (Exprs or names) adds the gradients: with `at` as numbers below each wire, and the sum at every
    fan-out; without it as adjoints, in symbols. `at` maps every input and parameter (Exprs or names) to
    its value. `blank` ("values", "gradients" or "all") leaves boxes to fill in, laid out as the solution.
    `lang` is "en" or "fr", `theme` "light", "dark", "print" or a `Theme`, `rankdir` "LR" or "TB". `engine` forces a
    layout engine: "pygraphviz", "dot" or "own". Scopes (`G.scope`) are framed. `fold` says how much is shown:
    True draws a repeated block once, in a plate; a list closes the scopes of these titles, a number those nested
    deeper than it; False shows everything; "auto" folds above 150 operations, and draws what nothing else folds in
    stretches of the computation (`Drawing.folded` tells what).

    `kind="table"` draws a `Backward` as the table of its dynamic program: each value, who uses it, what each user hands
    back, the sum; `at` and `blank` as above.

    A `History` (see `descend`), or a list of them, is plotted by `kind`: "loss" against the step (`log=True` for a
    logarithmic scale), "weight" (the loss over the one number that moves, with steps and tangents), or "contour" (level
    lines over the two numbers that move, with the paths); `span` is (from, to) of the weight, or a pair of such.
    A function such as `G.relu`, or a list of them, is plotted with its derivative (unless `derivative=False`) over
    `span`; at a kink the filled point is the convention, open ones the limits. Plots need matplotlib: graphc[plot].

    Raises InputError for an unknown option or a missing value, ShapeError for an array of the wrong
    shape or gradients of a non-scalar, LimitExceeded when more than 1,000 operations are left to show.

    >>> import graphc as G
    >>> x1, x2 = G.inputs("x1 x2"); w1, w3, b = G.params("w1 w3 b")
    >>> f = w3 * G.relu(w1*x1 + w1*x2 + b)
    >>> d = draw(f, wrt=[w1, w3, b], at={x1: 3, x2: -1, w1: 2, w3: 4, b: -1})
    >>> [box.note.tex for box in d.figure.boxes if box.note]
    ['\\\\bar{w}_{1} = 12 + ({-}4) = 8']
    """
    phrases(lang)
    colours = theme_named(theme)
    timeline = getattr(what, "timeline", None)
    if timeline is None and is_plotted(what):
        if wrt is not None or at is not None or blank or engine is not None:
            raise InputError("draw: wrt, at, blank and engine are for graphs; a plot takes kind, derivative, span, log")
        return Plot(chart_of(what, kind, derivative, span, log, lang), colours)
    if kind in PLOTS or (derivative, span, log) != (None, None, None):
        raise InputError("draw: kind, derivative, span and log are for histories and functions, "
                         f"not for {type(what).__name__}")
    if kind not in (None, *KINDS):
        raise choose("kind of figure", kind, KINDS)
    if kind == "table":
        if not isinstance(what, Backward) or wrt is not None:
            raise InputError("draw: a table is that of G.backward(...), which has its own wrt")
        return TableDrawing(Facts(what.output, what, at, lang), colours, _blank(blank))
    if rankdir not in _RANKDIRS:
        raise choose("rankdir", rankdir, _RANKDIRS)
    hidden = _blank(blank)
    ahead, back = _RANKDIRS[rankdir]
    if timeline is not None:
        return _of_program(what, timeline, wrt is not None or at is not None or bool(hidden), colours, lang)
    if isinstance(what, Backward):
        if wrt is not None or hidden:
            raise InputError("draw: a backward graph has its own wrt and no blanks; draw the output with wrt= instead")
        facts = Facts(what.output, what, at, lang)
        figure, folded = figure_of(facts, lambda: backward_figure(facts, back), fold)
    elif isinstance(what, Expr):
        if hidden and at is None and wrt is None:
            raise InputError("draw: blank leaves out values, so it needs at=, the values of the inputs; or wrt= alone, "
                             "for boxes that take symbols")
        adjoints = None if wrt is None else backward(what, _listed(wrt))
        facts = Facts(what, adjoints, at, lang)
        figure, folded = figure_of(facts, lambda: forward_figure(facts, hidden, ahead), fold)
    else:
        raise InputError("draw takes an Expr, G.backward(...), a compiled function, a history or a function, "
                         f"got {type(what).__name__}")
    return Drawing(figure, colours, engine, folded, facts)


def _of_program(fn: Any, timeline: Timeline, more: bool, theme: Theme, lang: str) -> Drawing:
    if more:
        raise InputError("draw: the figure of a compiled function takes no wrt, at or blank; these are for its graph")
    report = fn.report
    return ProgramDrawing(timeline, Memory(sum((b.bytes for b in report.buffers), start=0), report.peak_bytes), theme,
                          lang)


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
