"""The dynamic program as a figure: a row a value, from the output back, and what a naive sum would have cost.

The cells are TeX like the labels of every figure, so the table comes out the same in each format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..derivation.arrays import ArrayWriter
from ..derivation.notation import Notation
from ..errors import InputError
from ..formula import format_node
from ..ir import Expr
from ..rewrite import rewrite
from ..types import TupleType
from . import style
from .facts import _LONGEST, Edge, Facts, is_number
from .figure import Figure, Label
from .mathtext import outline
from .phrases import phrases
from .plain import unicode_text
from .shapes import Glyphs, Group, Path, Rect, Scene, Shape
from .style import Theme

TEXT_SIZE = 10.5
PAD_X, PAD_Y = 9.0, 6.0
LEADING = 7.0  # between two lines of a cell
LEAST = 9.0  # height above a baseline: rows of short names are not lower than others
BLANK_WIDTH = 46.0
MOST_WRITTEN = 300  # values of a graph whose rules are written as in a derivation

Cell = Sequence[Label]  # a line each


@dataclass(frozen=True)
class Table:
    """The words and formulas of the table, before it has coordinates."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str
    title: str
    lang: str

    def plain(self) -> str:
        """The table as text, a line a row, for a screen reader."""
        lines = [" | ".join(self.head)]
        for row in self.rows:
            lines.append(" | ".join("; ".join("…" if c.blank else unicode_text(c.tex) for c in cell) for cell in row))
        return "\n".join([*lines, self.caption])


def table_of(facts: Facts, blank: str) -> Table:
    """The table of a backward pass; `blank` leaves out "values", "gradients" or "all"."""
    assert facts.backward is not None
    words = phrases(facts.lang)
    at = facts.point is not None
    if blank == "values" and not at:
        raise InputError('draw: a table has values to leave out with at= alone; use blank="gradients"')
    shown = [n.expr for n in facts.view.nodes if n.expr in facts.rows]
    arrays = _array_writer(facts)
    rows = [_row(facts, v, at, blank, arrays) for v in reversed(shown)]
    head = [words["table node"], *([words["table value"]] if at else []), words["table users"], words["table handed"],
            words["table adjoint"]]
    edges = sum(len(facts.active_edges(v)) for v in shown)
    caption = words["table caption"].format(edges=edges, paths=_count(facts.backward.path_count, facts.lang))
    title = words["table title"].format(f=unicode_text(facts.name(facts.top)))
    return Table(head, rows, caption, title, facts.lang)


def _bold_one(tex: str) -> str:
    """The bold digit is a character of its own for the typesetter of figures."""
    return tex.replace(r"\mathbf{1}", "𝟏")


def _count(n: int, lang: str) -> str:
    """A whole number; a large one with its thousands apart."""
    text = f"{n:,}" if n < 10**15 else f"{n:.2e}".replace("e+", "·10^")
    return text.replace(",", "\u202f") if lang == "fr" else text


def _array_writer(facts: Facts) -> ArrayWriter | None:
    """Writes the rules of a graph with arrays as its derivation does; None for scalars, and where that has no words."""
    if facts.scalar or facts.backward is None or len(facts.view.nodes) > MOST_WRITTEN:
        return None
    if any(isinstance(n.expr.type, TupleType) for n in facts.view.nodes):
        return None
    return ArrayWriter(facts.backward, None, Notation(facts.lang))


def _row(facts: Facts, v: Expr, at: bool, blank: str, arrays: ArrayWriter | None) -> list[Cell]:
    no_values, no_gradients = blank in ("values", "all"), blank in ("gradients", "all")
    edges = facts.active_edges(v)
    name = facts.name(v)
    formula = "" if facts.nodes[v].is_leaf else " = " + _definition(facts, v)
    if arrays is not None and formula:
        formula = " = " + arrays.defined(v).tex
    cells: list[Cell] = [[Label(name + formula)]]
    if at:
        cells.append([Label(facts.value(v), "value", no_values)])
    if arrays is not None:
        shares = arrays.shares(v)
        explicit = None if at else arrays.explicit(v)
        total = f"{facts.bar(v)} = {facts.adjoint_value(v)}" if at else facts.bar(v) if explicit is None else (
            f"{facts.bar(v)} = {explicit.tex}")
        return [*cells, [Label(facts.name(user)) for user, _ in shares],
                [Label(_bold_one(share.tex), "gradient", no_gradients) for _, share in shares],
                [Label(_bold_one(total), "gradient", no_gradients)]]
    cells.append([Label(facts.name(e.user.expr)) for e in edges])
    cells.append([Label(_handed(facts, e, at), "gradient", no_gradients) for e in edges])
    cells.append([Label(_adjoint(facts, v, edges, at), "gradient", no_gradients)])
    return cells


def _definition(facts: Facts, v: Expr) -> str:
    names = {n: name for n, name in facts.names.items() if n is not v}
    tex = format_node(v, "latex", names=names, limit=400, lang=facts.lang)
    return tex if len(tex) <= _LONGEST else r"\ldots"


def _handed(facts: Facts, edge: Edge, at: bool) -> str:
    product = facts.product(edge)
    return f"{product} = {facts.handed_value(edge)}" if at else product


def _adjoint(facts: Facts, v: Expr, edges: Sequence[Edge], at: bool) -> str:
    bar = facts.bar(v)
    if at:
        total = f" = {facts.sum_tex(v, True)}" if len(edges) > 1 else ""
        return f"{bar}{total} = {facts.adjoint_value(v)}"
    adjoint = facts.rows[v].adjoint
    if adjoint is None:
        return f"{bar} = 0"
    tex = facts.formula(rewrite(adjoint)) if not is_number(adjoint) else facts.constant(adjoint)
    return bar if tex == r"\ldots" else f"{bar} = {tex}"


# -- coordinates --------------------------------------------------------------------------------------------------


def table_scene(table: Table, theme: Theme) -> Scene:
    """The table as shapes. A blank cell is as large as its answer's column, whatever the answer."""
    columns = range(len(table.head))
    widths = [max(outline(table.head[c], TEXT_SIZE, True).width, BLANK_WIDTH,
                  *(_width(line) for row in table.rows for line in row[c])) + 2 * PAD_X for c in columns]
    caption = outline(table.caption, TEXT_SIZE, True)
    slack = max(0.0, caption.width - sum(widths))
    widths[-1] += slack
    lefts = [style.MARGIN + sum(widths[:c]) for c in columns]
    right = style.MARGIN + sum(widths)
    y = style.MARGIN
    groups = [_head(table, theme, lefts, right, y)]
    y += HEAD
    for i, row in enumerate(table.rows):
        height = _height(row)
        groups.append(_drawn(row, i, theme, lefts, widths, y, height))
        y += height
        rule = Path([("M", (style.MARGIN, y)), ("L", (right, y))], "none", theme.tones["muted"], 0.5)
        groups.append(Group("rule", str(i), "", [rule]))
    baseline = y + 10.0 + caption.height
    groups.append(Group("caption", "", table.caption,
                        [Glyphs(caption, style.MARGIN, baseline, theme.tones["ink"])]))
    bottom = baseline + caption.depth + style.MARGIN
    return Scene(right + style.MARGIN, bottom, theme.background, groups, table.title, table.plain(), table.lang)


HEAD = 24.0


def _head(table: Table, theme: Theme, lefts: Sequence[float], right: float, y: float) -> Group:
    shapes: list[Shape] = [Rect(style.MARGIN, y, right - style.MARGIN, HEAD, 0.0, theme.fill["operation"], "none", 0.0)]
    for text, left in zip(table.head, lefts):
        shapes.append(Glyphs(outline(text, TEXT_SIZE, True), left + PAD_X, y + 15.8, theme.tones["ink"]))
    for level in (y, y + HEAD):
        shapes.append(Path([("M", (style.MARGIN, level)), ("L", (right, level))], "none", theme.tones["ink"], 1.0))
    return Group("head", "", " | ".join(table.head), shapes)


def _width(line: Label) -> float:
    return outline(line.tex, style.LABEL_SIZE).width


def _line_height(lines: Sequence[Label]) -> tuple[float, float]:
    """Room above and below the baseline that all of them share."""
    inks = [outline(line.tex, style.LABEL_SIZE) for line in lines]
    return max([LEAST, *(ink.height for ink in inks)]), max([2.0, *(ink.depth for ink in inks)])


def _sides(row: Sequence[Cell]) -> list[tuple[float, float]]:
    """Of each line of the row: users and contributions stand side by side."""
    most = max(len(cell) for cell in row)
    return [_line_height([cell[k] for cell in row if len(cell) > k and (len(cell) > 1 or k == 0)]) for k in range(most)]


def _lines(row: Sequence[Cell]) -> list[float]:
    return [above + below for above, below in _sides(row)]


def _height(row: Sequence[Cell]) -> float:
    lines = _lines(row)
    return sum(lines) + LEADING * (len(lines) - 1) + 2 * PAD_Y


def _drawn(row: Sequence[Cell], i: int, theme: Theme, lefts: Sequence[float], widths: Sequence[float], top: float,
           height: float) -> Group:
    shapes: list[Shape] = []
    lines, sides = _lines(row), _sides(row)
    for cell, left, width in zip(row, lefts, widths):
        single = len(cell) == 1 and len(lines) > 1
        y = top + (height - lines[0]) / 2 if single else top + PAD_Y
        for k, line in enumerate(cell):
            shapes.append(_text(line, left + PAD_X, y, lines[k], width - 2 * PAD_X, theme, sides[k][1]))
            y += lines[k] + LEADING
    words = "; ".join(unicode_text(line.tex) for cell in row for line in cell if not line.blank)
    return Group("row", str(i), words, shapes)


def _text(line: Label, left: float, top: float, height: float, width: float, theme: Theme, below: float) -> Shape:
    colour = theme.tones[line.tone]
    if line.blank:
        return Rect(left, top - 1.0, width, height + 2.0, 2.5, theme.background, colour, 0.8, dashed=True, cls="blank")
    ink = outline(line.tex, style.LABEL_SIZE)
    return Glyphs(ink, left, top + height - below, colour, cls=line.tone)


def table_figure(table: Table) -> Figure:
    """What the table says, without boxes: its title and its rows as words."""
    return Figure([], [], title=table.title, desc=table.plain(), lang=table.lang)
