r"""TikZ text of a scene: a `tikzpicture` that takes the fonts of its document and needs nothing but TikZ.

The words and formulas stay text, set by LaTeX in the commands of its kernel; boxes are named nodes, colours and
styles are defined once at the top, so that the figure can be edited by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from . import style
from .kernel_tex import kernel_tex, words_tex
from .mathtext import Command
from .shapes import Circle, Glyphs, Group, Path, Rect, Scene, Shape
from .style import Theme
from .svg import number

_SIZES = (5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 10.95, 12.0, 14.4, 17.28, 20.74)  # in which every LaTeX font exists
_ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def tikz_text(scene: Scene, theme: Theme) -> str:
    """The figure as one `tikzpicture` environment, after a comment that says what its preamble needs."""
    colours = _Colours(theme)
    nodes = [g for g in scene.groups if _kind(g)]
    body = [_frame(scene, colours), *(line for g in scene.groups for line in _group(g, colours))]
    styles = [*_styles(nodes, colours), *_common(colours)]
    head = [
        f"% {_comment(scene.title)}",
        *([f"% {_comment(scene.desc)}"] if scene.desc else []),
        r"% In the preamble: \usepackage{tikz} \usetikzlibrary{arrows.meta}",
        r"% To fit the width of the text: \resizebox{\linewidth}{!}{\input{...}}",
        r"\begin{tikzpicture}[",
        *[f"  {s}," for s in styles],
        "  x=1bp, y=-1bp, line cap=round]",
        *colours.definitions(),
    ]
    return "\n".join([*head, *body, r"\end{tikzpicture}"]) + "\n"


def _comment(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class _Colours:
    """Names for the colours that the picture uses: those of the theme, and any other by number."""

    def __init__(self, theme: Theme) -> None:
        self.used: dict[str, str] = {}
        self.ink = theme.tones["ink"]
        self.known: dict[str, str] = {theme.background.upper(): "page"}
        for part, by_name in (("", theme.tones), (" line", theme.border), (" fill", theme.fill)):
            for name, colour in by_name.items():
                self.known.setdefault(colour.upper(), name + part)

    def __call__(self, colour: str) -> str:
        code = colour.upper()
        name = "graphc " + self.known.setdefault(code, f"colour {len(self.known)}")
        self.used[code] = name
        return name

    def definitions(self) -> list[str]:
        return [rf"  \definecolor{{{name}}}{{HTML}}{{{code[1:]}}}" for code, name in self.used.items()]


def _kind(group: Group) -> str:
    """The kind of box that a group draws, if it does."""
    word, _, kind = group.cls.partition(" ")
    return kind if word == "node" and kind and isinstance(group.shapes[0], (Rect, Circle)) else ""


def _styles(nodes: Iterable[Group], colours: _Colours) -> list[str]:
    first: dict[str, Rect | Circle] = {}
    for g in nodes:
        assert isinstance(g.shapes[0], (Rect, Circle))
        first.setdefault(_style_name(g), g.shapes[0])
    lines = []
    for name, s in first.items():
        outline = "circle" if isinstance(s, Circle) else f"rounded corners={number(_radius(s))}bp"
        dash = ", dash pattern=on 3bp off 2bp" if isinstance(s, Rect) and s.dashed else ""
        lines.append(f"{name}/.style={{{outline}, draw={colours(s.stroke)}, fill={colours(s.fill)}, "
                     f"line width={number(s.stroke_width)}bp{dash}, inner sep=0pt, outer sep=0pt, "
                     f"text={colours(colours.ink)}, graphc size={_size(style.NODE_SIZE)}}}")
    return lines


def _common(colours: _Colours) -> list[str]:
    width, half = number(style.HEAD_LENGTH), number(2 * style.HEAD_HALF_WIDTH)
    return [
        r"graphc size/.style={font=\fontsize{#1}{#1}\selectfont}",
        "graphc text/.style={graphc size=#1, inner sep=0pt, outer sep=0pt}",
        f"graphc wire/.style={{draw=#1, line width={number(style.WIRE_WIDTH)}bp, "
        f"-{{Triangle[length={width}bp, width={half}bp]}}}}",
    ]


def _style_name(group: Group) -> str:
    first = group.shapes[0]
    round_ = isinstance(first, Circle) and _kind(group) != "operation"
    return f"graphc {_kind(group)}" + (" circle" if round_ else "")


def _radius(s: Rect) -> float:
    return min(s.radius, s.width / 2, s.height / 2)


def _size(size: float) -> str:
    return number(min(_SIZES, key=lambda s: abs(s - size)))


def _frame(scene: Scene, colours: _Colours) -> str:
    """The bounding box: without the margin where the page is white, which the document has itself."""
    if scene.background.upper() != "#FFFFFF":
        return (rf"  \path[use as bounding box, fill={colours(scene.background)}] (0,0) rectangle "
                f"({number(scene.width)},{number(scene.height)});")
    m = style.MARGIN - 2.0
    return (rf"  \path[use as bounding box] ({number(m)},{number(m)}) rectangle "
            f"({number(scene.width - m)},{number(scene.height - m)});")


def _group(group: Group, colours: _Colours) -> list[str]:
    shapes = list(group.shapes)
    if _kind(group):
        written = _inside(group)
        return [_node(group, colours), *(_shape(s, colours) for s in shapes[1:] if s is not written)]
    if len(shapes) > 1 and [getattr(s, "cls", "") for s in shapes[:2]] == ["wire", "head"]:
        return [_wire(shapes[0], shapes[1], colours), *(_shape(s, colours) for s in shapes[2:])]
    return [_shape(s, colours) for s in shapes]


def _inside(group: Group) -> Glyphs | None:
    """What is written in a box; a note beside it has the class of its colour."""
    return next((s for s in group.shapes if isinstance(s, Glyphs) and not s.cls), None)


def _node(group: Group, colours: _Colours) -> str:
    s, ink = group.shapes[0], _inside(group)
    assert isinstance(s, (Rect, Circle))
    if isinstance(s, Circle):
        x, y = s.x, s.y
        options = [_style_name(group), f"minimum size={number(2 * s.radius)}bp"]
    else:
        x, y = s.x + s.width / 2, s.y + s.height / 2
        options = [_style_name(group), f"minimum width={number(s.width)}bp", f"minimum height={number(s.height)}bp"]
    text = ""
    if ink is not None and ink.outline.tex.strip():
        # The line of writing stands where the other formats have it, whatever the font.
        drop = 2 * (ink.y - y)
        options.append(f"text height={number(max(0.0, drop))}bp, text depth={number(max(0.0, -drop))}bp")
        if _size(ink.outline.size) != _size(style.NODE_SIZE):
            options.append(f"graphc size={_size(ink.outline.size)}")
        text = f"${kernel_tex(ink.outline.tex)}$"
    name = f" ({group.key})" if _NAME.fullmatch(group.key) else ""
    return rf"  \node[{', '.join(options)}]{name} at {_at(x, y)} {{{text}}};"


def _at(x: float, y: float) -> str:
    return f"({number(x)},{number(y)})"


def _wire(wire: Shape, head: Shape, colours: _Colours) -> str:
    assert isinstance(wire, Path) and isinstance(head, Path)
    tip = head.commands[0][1]
    return rf"  \draw[graphc wire={colours(wire.stroke)}] {_path([*wire.commands, ('L', tip)])};"


def _merged(commands: Iterable[Command]) -> list[Command]:
    """Lines that go on in one direction as one line."""
    result: list[Command] = []
    for command in commands:
        if command[0] == "L" and len(result) > 1 and result[-1][0] == "L":
            (ax, ay), (bx, by), (cx, cy) = result[-2][1][-2:], result[-1][1], command[1]
            span = abs(cx - ax) + abs(cy - ay)
            if abs((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) < 0.05 * span:
                result.pop()
        result.append(command)
    return result


def _path(commands: Iterable[Command]) -> str:
    parts: list[str] = []
    at = (0.0, 0.0)
    for name, v in _merged(commands):
        if name == "M":
            parts.append(_at(*v))
        elif name == "L":
            parts.append(f"-- {_at(*v)}")
        elif name == "C":
            parts.append(f".. controls {_at(*v[:2])} and {_at(*v[2:4])} .. {_at(*v[4:])}")
        elif name == "Q":
            first = at[0] + (v[0] - at[0]) * 2 / 3, at[1] + (v[1] - at[1]) * 2 / 3
            second = v[2] + (v[0] - v[2]) * 2 / 3, v[3] + (v[1] - v[3]) * 2 / 3
            parts.append(f".. controls {_at(*first)} and {_at(*second)} .. {_at(*v[2:])}")
        else:
            parts.append("-- cycle")
        at = (v[-2], v[-1]) if v else at
    return " ".join(parts)


def _paint(s: Rect | Circle | Path, colours: _Colours) -> str:
    options = []
    if s.stroke != "none":
        options.append(f"draw={colours(s.stroke)}, line width={number(s.stroke_width)}bp")
    if s.fill != "none":
        options.append(f"fill={colours(s.fill)}")
    return ", ".join(options)


def _shape(s: Shape, colours: _Colours) -> str:
    if isinstance(s, Glyphs):
        ink = s.outline
        x = s.x + {"start": 0.0, "middle": ink.width / 2, "end": ink.width}[s.anchor]
        text = words_tex(ink.tex) if ink.words else f"${kernel_tex(ink.tex)}$"
        return (rf"  \node[graphc text={_size(ink.size)}, anchor={_ANCHORS[s.anchor]}, text={colours(s.fill)}] "
                rf"at {_at(x, s.y)} {{{text}}};")
    if isinstance(s, Path):
        return rf"  \path[{_paint(s, colours)}] {_path(s.commands)};"
    if isinstance(s, Circle):
        return rf"  \path[{_paint(s, colours)}] {_at(s.x, s.y)} circle[radius={number(s.radius)}bp];"
    dash = ", dash pattern=on 3bp off 2bp" if s.dashed else ""
    corners = f", rounded corners={number(_radius(s))}bp" if _radius(s) > 0 else ""
    return (rf"  \path[{_paint(s, colours)}{dash}{corners}] {_at(s.x, s.y)} rectangle "
            rf"{_at(s.x + s.width, s.y + s.height)};")
