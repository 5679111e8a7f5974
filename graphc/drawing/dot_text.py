"""A figure as Graphviz text that draws well by itself: names in Unicode, colours, shapes, labels on wires.

The labels of a wire are a node that the wire runs through, so that Graphviz keeps room for them: what is written
first stands above a horizontal wire and left of a vertical one, as in the other formats.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from html import escape

from .figure import Box, Cluster, Figure, Label, Wire
from .frames import frame_colours
from .layout import side_leaves
from .measure import is_circle, label_size
from .plain import html_text
from .style import Theme

_ROUND = 'shape=box, style="filled,rounded"'
_RULE = "<HR/>"
_PORTS = {"LR": (":w", ":e"), "RL": (":e", ":w"), "TB": (":n", ":s"), "BT": (":s", ":n")}
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
    names = _label_names(figure)
    home = {key: c.key for top in figure.clusters for c in top.walk() for key in c.boxes}
    level: dict[str, list[str]] = defaultdict(list)  # a cluster keeps only what is put level inside it
    for name, wire in zip(names, figure.wires):
        if name and wire.tail in home and home[wire.tail] == home.get(wire.head):
            level[home[wire.tail]].append(f"{_quoted(name)};")
    upright = set()  # wires across the others
    for host, leaves in side_leaves(figure).items():
        inside = [(leaf, i) for leaf, i in leaves if home.get(leaf) == home.get(host)]
        keys = [names[i] for _, i in inside] + [leaf for leaf, _ in inside] + [host]
        upright |= {i for _, i in inside}
        if inside:
            level[home.get(host, "")].append(f"{{ rank=same; {' '.join(f'{_quoted(k)};' for k in keys if k)} }}")
    for cluster in figure.clusters:
        lines += _cluster(cluster, theme, 1, level)
    lines += [f"  {line}" for line in level[""]]
    across = figure.direction in ("LR", "RL")
    for i, wire in enumerate(figure.wires):
        ports = _PORTS[figure.direction] if i not in upright else ("", "")
        lines += _wire(wire, names[i], across == (i not in upright), ports, theme)
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
        label = _table([f"<TD>{label}</TD>", f"<TD>{_blank(box.note, theme, 90)}</TD>"], 1)
    elif box.note is not None:
        label += f'<BR/><FONT POINT-SIZE="11" COLOR="{theme.tones[box.note.tone]}">{html_text(box.note.tex)}</FONT>'
    fits = box.note is None and is_circle(box)
    shape = _ROUND if box.kind == "operation" and not fits else _SHAPES[box.kind]
    colours = f"fillcolor={_quoted(theme.fill[box.kind])}, color={_quoted(theme.border[box.kind])}"
    return f"{shape}, {colours}, label=<{label}>"


def _cluster(cluster: Cluster, theme: Theme, depth: int, level: Mapping[str, list[str]]) -> list[str]:
    """A subgraph whose name begins with `cluster`, which dot frames. Clusters are nested no deeper than scopes."""
    fill, border = frame_colours(theme, depth)
    texts = [escape(cluster.title), html_text(cluster.tex)]
    label = " &nbsp; ".join(t for t in texts if t) or " "
    pad = "  " * depth
    lines = [f"{pad}subgraph {_quoted('cluster_' + cluster.key)} {{",
             f"{pad}  graph [label=<{label}>, labelloc=t, labeljust=l, fontsize=12, style=\"filled,rounded\", "
             f"fillcolor={_quoted(fill)}, color={_quoted(border)}, fontcolor={_quoted(theme.tones['muted'])}];"]
    lines += [f"{pad}  {_quoted(key)};" for key in cluster.boxes]
    for inner in cluster.clusters:
        lines += _cluster(inner, theme, depth + 1, level)
    lines += [f"{pad}  {line}" for line in level.get(cluster.key, ())]
    return [*lines, f"{pad}}}"]


def _label(label: Label, theme: Theme) -> str:
    if label.blank:
        return _blank(label, theme, 30)
    return f'<FONT COLOR="{theme.tones[label.tone]}">{html_text(label.tex) or " "}</FONT>'


def _blank(label: Label, theme: Theme, width: int) -> str:
    """A box to fill in, the same whatever its answer."""
    wide = max(width, round(label.room[0]))
    return (f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" STYLE="dashed" COLOR="{theme.tones[label.tone]}" '
            f'BGCOLOR="{theme.background}"><TR><TD FIXEDSIZE="TRUE" WIDTH="{wide}" HEIGHT="13"></TD></TR></TABLE>')


def _table(rows: list[str], padding: int) -> str:
    """Rows of cells under each other."""
    body = "".join(f"<TR>{row}</TR>" if row != _RULE else row for row in rows)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}">{body}</TABLE>'


def _label_names(figure: Figure) -> list[str]:
    """A name for the node that each wire's labels are, "" where it has none."""
    names = []
    for i, wire in enumerate(figure.wires):
        name = f"label {i}"
        while name in figure.kinds:
            name += "'"
        names.append(name if wire.first or wire.second else "")
    return names


def _wire(wire: Wire, name: str, level: bool, ports: tuple[str, str], theme: Theme) -> list[str]:
    """An arrow; one with labels runs through a node of them, as a rule between the first and the second.

    `ports` are the sides where it enters and leaves that node.
    """
    colour = theme.tones[wire.tone]
    if not name:
        return [f"  {_quoted(wire.tail)} -> {_quoted(wire.head)} [color={_quoted(colour)}];"]
    # Halves of one width keep the rule where the wire comes in.
    half = 14 if level else max(14, *(round(label_size(x).width) + 8 for x in (wire.first, wire.second)))
    sides = ("CENTER", "CENTER") if level else ("RIGHT", "LEFT")
    first, second = (f'<TD WIDTH="{half}" HEIGHT="18" ALIGN="{side}">{_label(x, theme) if x else ""}</TD>'
                     for x, side in zip((wire.first, wire.second), sides))
    table = _table([first, _RULE, second], 2) if level else _table([f"{first}<VR/>{second}"], 4)
    table = table.replace("<TABLE ", f'<TABLE COLOR="{colour}" ', 1)
    return [f"  {_quoted(name)} [shape=plain, fontsize=12, label=<{table}>];",
            f"  {_quoted(wire.tail)} -> {_quoted(name)}{ports[0]} [color={_quoted(colour)}, arrowhead=none];",
            f"  {_quoted(name)}{ports[1]} -> {_quoted(wire.head)} [color={_quoted(colour)}];"]
