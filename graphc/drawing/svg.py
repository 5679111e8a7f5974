"""SVG text of a scene: outlines inline, one title and description, ids of its own in any page.

Everything written is drawn as outlines, so that it looks the same without any font, and laid over with the same
words as invisible text: they can be found and copied, as in the PDF. A screen reader has the title, the
description and the TeX of each formula (`aria-label`); the invisible words are hidden from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from html import escape

from .mathtext import Command, shifted
from .plain import unicode_text
from .shapes import Circle, Glyphs, Group, Path, Rect, Scene, Shape


def svg_text(scene: Scene, words: bool = True) -> str:
    """The figure as one `<svg>` element, which scales down to the width of its page and is never clipped.

    Without `words` there is no layer of text.
    """
    body = "\n".join(_group(g, words) for g in scene.groups)
    w, h = number(scene.width), number(scene.height)
    # Ids are made from the content: figures in one page differ, and the same figure gives the same bytes.
    content = "\n".join((scene.title, scene.desc, scene.lang, scene.background, w, h, body))
    ident = "g" + hashlib.sha256(content.encode()).hexdigest()[:12]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}pt" height="{h}pt" '
        f'style="max-width:100%;height:auto" role="img" lang="{escape(scene.lang)}" '
        f'aria-labelledby="{ident}-title {ident}-desc">\n'
        f'<title id="{ident}-title">{escape(scene.title)}</title>\n'
        f'<desc id="{ident}-desc">{escape(scene.desc)}</desc>\n'
        f'<rect class="page" width="{w}" height="{h}" fill="{scene.background}"/>\n'
        f"{body}\n</svg>\n"
    )


def number(value: float) -> str:
    """Two decimals, no trailing zeros, no negative zero: the same text on every machine.

    >>> number(2.0), number(-0.001), number(3.14159)
    ('2', '0', '3.14')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _group(group: Group, words: bool) -> str:
    attributes = f' class="{escape(group.cls)}"'
    if group.key:
        attributes += f' data-key="{escape(group.key)}"'
    if group.label:
        attributes += f' role="img" aria-label="{escape(group.label)}"'
    return f"<g{attributes}>" + "".join(_shape(s, words) for s in group.shapes) + "</g>"


def _shape(s: Shape, words: bool) -> str:
    if isinstance(s, Glyphs):
        d = path_data(shifted(s.outline.commands, s.x, s.y))
        cls = f' class="{escape(s.cls)}"' if s.cls else ""
        if s.outline.words:
            return f'<path{cls} d="{d}" fill="{s.fill}"/>' + _invisible(s, s.outline.tex, words)
        name = escape(s.outline.tex)
        hint = unicode_text(s.outline.tex)
        return (f'<g{cls} role="img" aria-label="{name}"><title>{escape(hint)}</title>'
                f'<path d="{d}" fill="{s.fill}"/>{_invisible(s, hint, words)}</g>')
    if isinstance(s, Path):
        return f'<path class="{s.cls}" d="{path_data(s.commands)}"{_paint(s)} stroke-linecap="round"/>'
    if isinstance(s, Circle):
        return (f'<circle class="{s.cls}" cx="{number(s.x)}" cy="{number(s.y)}" r="{number(s.radius)}"{_paint(s)}/>')
    dash = ' stroke-dasharray="3 2"' if s.dashed else ""
    return (f'<rect class="{s.cls}" x="{number(s.x)}" y="{number(s.y)}" width="{number(s.width)}" '
            f'height="{number(s.height)}" rx="{number(s.radius)}"{_paint(s)}{dash}/>')


def _invisible(s: Glyphs, words: str, wanted: bool) -> str:
    """What the outline says, as text of its width that is never painted."""
    if not wanted or not words or not s.outline.width:
        return ""
    return (f'<text x="{number(s.x)}" y="{number(s.y)}" textLength="{number(s.outline.width)}" '
            f'lengthAdjust="spacingAndGlyphs" font-size="{number(s.outline.size)}" fill="none" '
            f'pointer-events="all" aria-hidden="true">{escape(words)}</text>')


def _paint(s: Rect | Circle | Path) -> str:
    width = "" if s.stroke == "none" else f' stroke-width="{number(s.stroke_width)}"'
    return f' fill="{s.fill}" stroke="{s.stroke}"{width}'


def path_data(commands: Iterable[Command]) -> str:
    """The `d` of a path."""
    return "".join(name + " ".join(map(number, values)) for name, values in commands)
