"""A figure as Graphviz text that draws well by itself: names in Unicode, colours, shapes, labels on edges."""

from __future__ import annotations

from .figure import Box, Figure, Label, Wire
from .layout import side_leaves
from .measure import is_circle
from .plain import html_text
from .style import Theme

_ROUND = 'shape=box, style="filled,rounded"'
_SHAPES = {
    "data": "shape=box, style=filled",
    "parameter": _ROUND,
    "constant": 'shape=box, style="filled,dashed"',
    "operation": "shape=circle, style=filled, fixedsize=true, width=0.45",
    "function": _ROUND,
    "output": "shape=box, style=filled, peripheries=2",
    "adjoint": _ROUND,
}


def dot_text(figure: Figure, theme: Theme) -> str:
    """The DOT language text. Every name and label is quoted or escaped."""
    lines = [
        "digraph {",
        f"  graph [rankdir={figure.direction}, nodesep=0.4, ranksep=0.55, bgcolor={_quoted(theme.background)}, "
        f'fontname="Times-Roman", fontsize=14, fontcolor={_quoted(theme.tones["ink"])}, '
        f"label={_quoted(figure.heading)}, labelloc=t, tooltip={_quoted(figure.title)}];",
        f'  node [fontname="Times-Roman", fontsize=15, fontcolor={_quoted(theme.tones["ink"])}, penwidth=1.3, '
        "margin=\"0.13,0.06\", height=0.39, width=0.45];",
        f'  edge [fontname="Times-Roman", fontsize=12, color={_quoted(theme.tones["wire"])}, penwidth=1.25, '
        "arrowsize=0.7];",
    ]
    lines += [f"  {_quoted(b.key)} [{_box(b, theme)}];" for b in figure.boxes]
    for host, leaves in side_leaves(figure).items():
        level = " ".join(f"{_quoted(k)};" for k in (*(leaf for leaf, _ in leaves), host))
        lines.append(f"  {{ rank=same; {level} }}")
    lines += [f"  {_quoted(w.tail)} -> {_quoted(w.head)} [{_wire(w, theme)}];" for w in figure.wires]
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    """A DOT string. A backslash would start an escape sequence, so it is doubled.

    >>> print(_quoted('a"b'))
    "a\\"b"
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _box(box: Box, theme: Theme) -> str:
    label = html_text(box.tex) or " "
    if box.note is not None and box.note.blank:
        label = _table([label, _blank(box.note, theme, 90)], 1)
    elif box.note is not None:
        label += f'<BR/><FONT POINT-SIZE="11" COLOR="{theme.tones[box.note.tone]}">{html_text(box.note.tex)}</FONT>'
    fits = box.note is None and is_circle(box)
    shape = _ROUND if box.kind == "operation" and not fits else _SHAPES[box.kind]
    colours = f"fillcolor={_quoted(theme.fill[box.kind])}, color={_quoted(theme.border[box.kind])}"
    return f"{shape}, {colours}, label=<{label}>"


def _label(label: Label, theme: Theme) -> str:
    if label.blank:
        return _blank(label, theme, 30)
    return f'<FONT COLOR="{theme.tones[label.tone]}">{html_text(label.tex) or " "}</FONT>'


def _blank(label: Label, theme: Theme, width: int) -> str:
    """A box to fill in, the same whatever its answer."""
    wide = max(width, round(label.room[0]))
    return (f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" STYLE="dashed" COLOR="{theme.tones[label.tone]}" '
            f'BGCOLOR="{theme.background}"><TR><TD FIXEDSIZE="TRUE" WIDTH="{wide}" HEIGHT="13"></TD></TR></TABLE>')


def _table(cells: list[str], padding: int) -> str:
    """Cells under each other."""
    rows = "".join(f"<TR><TD>{cell}</TD></TR>" for cell in cells)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}">{rows}</TABLE>'


def _wire(wire: Wire, theme: Theme) -> str:
    parts = [_label(x, theme) for x in (wire.first, wire.second) if x]
    label = f", label=<{_table(parts, 2)}>" if parts else ""
    return f"color={_quoted(theme.tones[wire.tone])}{label}"
