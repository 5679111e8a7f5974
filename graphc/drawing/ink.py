"""Formulas in a page of HTML: every glyph and every formula stands in it once, and is used by its number."""

from __future__ import annotations

from html import escape

from .mathtext import Command, outline
from .plain import unicode_text

_SIZE, _UNITS = 12.0, 20.0  # of an outline in points, and units a point in the page


class Ink:
    """The formulas of one page.

    >>> ink = Ink()
    >>> ink.draw("w_{1} < 2").startswith('<svg class="m" role="img" aria-label="w₁ &lt; 2" viewBox="0 ')
    True
    >>> len(ink.formulas), len(ink.glyphs)
    (1, 4)
    """

    def __init__(self) -> None:
        self.formulas: dict[str, tuple[int, list[tuple[int, int, int]]]] = {}
        self.glyphs: dict[str, int] = {}

    def draw(self, tex: str) -> str:
        """An inline picture of the formula, its baseline on that of the text; it says what it shows."""
        ink = outline(tex, _SIZE)
        if not ink.commands:
            return ""
        if tex not in self.formulas:
            parts = [(self.glyphs.setdefault(d, len(self.glyphs)), x, y) for d, x, y in _glyphs(ink.commands)]
            self.formulas[tex] = len(self.formulas), parts
        n = self.formulas[tex][0]
        w, h, d = ink.width, ink.height, ink.depth
        box = " ".join(str(round(v * _UNITS)) for v in (0.0, -h, w, h + d))
        style = f"width:{w / _SIZE:.3f}em;height:{(h + d) / _SIZE:.3f}em;vertical-align:{-d / _SIZE:.3f}em"
        return (f'<svg class="m" role="img" aria-label="{escape(read_aloud(tex))}" viewBox="{box}" '
                f'style="{style}"><use href="#m{n}"/></svg>')

    def text(self) -> str:
        """The definitions that the pictures use."""
        lines = [f'<path id="c{n}" d="{d}"/>' for d, n in self.glyphs.items()]
        for n, parts in self.formulas.values():
            uses = (f'<use href="#c{i}" x="{x}" y="{y}"/>' for i, x, y in parts)
            lines.append(f'<g id="m{n}">{"".join(uses)}</g>')
        body = "\n".join(lines)
        return f'<svg class="off" aria-hidden="true" width="0" height="0"><defs>\n{body}\n</defs></svg>'


def read_aloud(tex: str) -> str:
    r"""The formula in words for those who cannot see it, a matrix row by row.

    >>> read_aloud(r"A = \begin{bmatrix}1 & 2\\3 & 4\end{bmatrix} \in \mathbb{R}^{2 \times 2}")
    'A = [1, 2; 3, 4] ∈ ℝ^(2 × 2)'
    """
    for name, mark in ((r"\begin{bmatrix}", "["), (r"\end{bmatrix}", "]"), (" & ", ", "), (r"\mathbb{R}", "ℝ")):
        tex = tex.replace(name, mark)
    return unicode_text(tex)


def _glyphs(commands: tuple[Command, ...]) -> list[tuple[str, int, int]]:
    """Path data around the origin, and where they stand: contours that overlap, as those of an o, stay together."""
    contours: list[list[Command]] = []
    for command in commands:
        if command[0] == "M" or not contours:
            contours.append([])
        contours[-1].append(command)
    found: list[tuple[list[Command], tuple[float, float, float, float]]] = []
    for contour in contours:
        box = _box(contour)
        if found and _meet(found[-1][1], box):
            found[-1] = ([*found[-1][0], *contour], _box([*found[-1][0], *contour]))
        else:
            found.append((contour, box))
    return [(_data(part, box[0], box[1]), round(box[0] * _UNITS), round(box[1] * _UNITS)) for part, box in found]


def _box(commands: list[Command]) -> tuple[float, float, float, float]:
    xs = [v for _, vs in commands for v in vs[0::2]]
    ys = [v for _, vs in commands for v in vs[1::2]]
    return min(xs), min(ys), max(xs), max(ys)


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _data(commands: list[Command], left: float, top: float) -> str:
    return "".join(name + " ".join(str(round((v - (top if i % 2 else left)) * _UNITS)) for i, v in enumerate(values))
                   for name, values in commands)
