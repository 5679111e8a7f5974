"""SVG text of a scene: outlines inline, one title and description, ids of its own in any page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from html import escape

from .mathtext import Command, shifted
from .plain import unicode_text
from .shapes import Circle, Glyphs, Group, Path, Rect, Scene, Shape


def svg_text(scene: Scene) -> str:
    """The figure as one `<svg>` element, which scales down to the width of its page and is never clipped."""
    body = "\n".join(_group(g) for g in scene.groups)
    # Ids are made from the content: figures in one page differ, and the same figure gives the same bytes.
    ident = "g" + hashlib.sha256((scene.title + scene.background + body).encode()).hexdigest()[:10]
    w, h = number(scene.width), number(scene.height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}pt" height="{h}pt" '
        f'style="max-width:100%;height:auto" role="img" lang="{escape(scene.lang)}" '
        f'aria-labelledby="{ident}-title {ident}-desc">\n'
        f'<title id="{ident}-title">{escape(scene.title)}</title>\n'
        f'<desc id="{ident}-desc">{escape(scene.desc)}</desc>\n'
        f'<rect class="page" width="{w}" height="{h}" fill="{scene.background}"/>\n'
        + body.replace("@ID@", ident) + "\n</svg>\n"
    )


def number(value: float) -> str:
    """Two decimals, no trailing zeros, no negative zero: the same text on every machine.

    >>> number(2.0), number(-0.001), number(3.14159)
    ('2', '0', '3.14')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _group(group: Group) -> str:
    attributes = f' class="{escape(group.cls)}"'
    if group.key:
        attributes += f' data-key="{escape(group.key)}"'
    if group.label:
        attributes += f' role="img" aria-label="{escape(group.label)}"'
    return f"<g{attributes}>" + "".join(_shape(s) for s in group.shapes) + "</g>"


def _shape(s: Shape) -> str:
    if isinstance(s, Glyphs):
        d = path_data(shifted(s.outline.commands, s.x, s.y))
        cls = f' class="{escape(s.cls)}"' if s.cls else ""
        if s.outline.words:
            return f'<path{cls} d="{d}" fill="{s.fill}"/>'
        name = escape(s.outline.tex)
        hint = escape(unicode_text(s.outline.tex))
        return f'<g{cls} role="img" aria-label="{name}"><title>{hint}</title><path d="{d}" fill="{s.fill}"/></g>'
    if isinstance(s, Path):
        return f'<path class="{s.cls}" d="{path_data(s.commands)}"{_paint(s)} stroke-linecap="round"/>'
    if isinstance(s, Circle):
        return (f'<circle class="{s.cls}" cx="{number(s.x)}" cy="{number(s.y)}" r="{number(s.radius)}"{_paint(s)}/>')
    dash = ' stroke-dasharray="3 2"' if s.dashed else ""
    return (f'<rect class="{s.cls}" x="{number(s.x)}" y="{number(s.y)}" width="{number(s.width)}" '
            f'height="{number(s.height)}" rx="{number(s.radius)}"{_paint(s)}{dash}/>')


def _paint(s: Rect | Circle | Path) -> str:
    width = "" if s.stroke == "none" else f' stroke-width="{number(s.stroke_width)}"'
    return f' fill="{s.fill}" stroke="{s.stroke}"{width}'


def path_data(commands: Iterable[Command]) -> str:
    """The `d` of a path."""
    return "".join(name + " ".join(map(number, values)) for name, values in commands)
