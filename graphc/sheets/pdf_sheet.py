"""A sheet as PDF bytes: pages of A4 or letter with real text, the font embedded, the same bytes on every run."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from .blocks import Block, Paper
from .flow import pages
from .fonts import FONT, font, width_of
from .phrases import said
from .typeset import SMALL, Word


def sheet_pdf(blocks: Sequence[Block], paper: Paper, title: str, lang: str) -> bytes:
    """The pages of the blocks."""
    from reportlab.pdfgen.canvas import Canvas

    font()
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(paper.width, paper.height), invariant=1, pageCompression=1, lang=lang,
                    initialFontName=FONT)
    canvas.setTitle(title)
    canvas.setAuthor("")
    canvas.setCreator("graphc")
    done = pages(blocks, paper)
    for number, page in enumerate(done, 1):
        top = paper.height - paper.margin
        for down, lump in page:
            lump.draw(canvas, paper.margin, top - down)
        _foot(canvas, paper, title, said("page", lang, page=str(number), pages=str(len(done))))
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _foot(canvas: Any, paper: Paper, title: str, place: str) -> None:
    size, y = SMALL - 0.5, paper.margin - 12.0
    canvas.setFillGray(0.0)
    right = Word(place, size)
    right.draw(canvas, paper.width - paper.margin - right.width, y)
    room = paper.text_width - right.width - 20.0
    text = title
    while len(text) > 1 and width_of(text, size) > room:
        text = text[:-2] + "…"
    Word(text, size).draw(canvas, paper.margin, y)
