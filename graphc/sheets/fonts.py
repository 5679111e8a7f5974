"""The font of a sheet's words: STIX Two Math, which comes with ziamath and sets the mathematics, too."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from ..drawing.plain import unicode_text
from ..drawing.shapes import Glyphs
from ..errors import GraphcError

FONT = "STIX Two Math"


@cache
def font() -> Any:
    """Registers the font with reportlab, once, and gives its face. It is embedded, subset, in every sheet."""
    from importlib.util import find_spec

    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    spec = find_spec("ziamath")
    folder = os.path.dirname(spec.origin) if spec and spec.origin else ""
    path = os.path.join(folder, "fonts", "STIXTwoMath-Regular.ttf")
    if not os.path.exists(path):
        raise GraphcError(f"this ziamath has no font where sheets look for it, at {path}")
    found = TTFont(FONT, path)
    pdfmetrics.registerFont(found)
    return found


def write_invisibly(canvas: Any, glyphs: Glyphs) -> None:
    """What an outline says, for search and copy, in a coordinate system whose y goes downwards."""
    ink = glyphs.outline
    text = canvas.beginText()
    text.setTextRenderMode(3)
    text.setFont(FONT, ink.size)
    text.setTextTransform(1, 0, 0, -1, glyphs.x, glyphs.y)
    text.textOut(ink.tex if ink.words else unicode_text(ink.tex))
    text.setTextRenderMode(0)
    canvas.drawText(text)


def width_of(text: str, size: float) -> float:
    """The width in points of a text on one line."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    font()
    return float(stringWidth(text, FONT, size))
