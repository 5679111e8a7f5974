"""A figure as Graphviz text that draws well by itself: names in Unicode, colours, shapes, labels on edges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from html import escape

from .figure import Box, Cluster, Figure, Label, Wire
from .frames import frame_colours
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
        f'fontname="Times-Roman", label={_quoted(figure.heading)}, labelloc=t, tooltip={_quoted(figure.title)}];',
        f'  node [fontname="Times-Roman", fontsize=15, fontcolor={_quoted(theme.tones["ink"])}, penwidth=1.3, '
        "margin=\"0.13,0.06\", height=0.39, width=0.45];",
        f'  edge [fontname="Times-Roman", fontsize=12, color={_quoted(theme.tones["wire"])}, penwidth=1.25, '
        "arrowsize=0.7];",
    ]
    lines += [f"  {_quoted(b.key)} [{_box(b, theme)}];" for b in figure.boxes]
    home = {key: c.key for top in figure.clusters for c in top.walk() for key in c.boxes}
    level: dict[str, list[str]] = defaultdict(list)  # a cluster keeps only what is put level inside it
    for host, leaves in side_leaves(figure).items():
        inside = [leaf for leaf, _ in leaves if home.get(leaf) == home.get(host)]
        keys = " ".join(f"{_quoted(k)};" for k in (*inside, host))
        level[home.get(host, "")] += [f"{{ rank=same; {keys} }}"] if inside else []
    for cluster in figure.clusters:
        lines += _cluster(cluster, theme, 1, level)
    lines += [f"  {line}" for line in level[""]]
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
    if box.note is not None:
        label += f'<BR/><FONT POINT-SIZE="11" COLOR="{theme.tones[box.note.tone]}">{_label(box.note)}</FONT>'
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


def _label(label: Label) -> str:
    return "       " if label.blank else html_text(label.tex)


def _wire(wire: Wire, theme: Theme) -> str:
    parts = [f'<FONT COLOR="{theme.tones[x.tone]}">{_label(x) or " "}</FONT>' for x in (wire.first, wire.second) if x]
    label = f", label=<{'<BR/>'.join(parts)}>" if parts else ""
    return f"color={_quoted(theme.tones[wire.tone])}{label}"
