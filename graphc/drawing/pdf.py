"""PDF bytes of a scene: vector outlines, with the words in an invisible layer for search and copy.

The page is tagged as one figure whose alternative text is the title and the description, for a screen reader.
"""

from __future__ import annotations

import io
import unicodedata
from typing import Any

from .mathtext import Command, shifted
from .plain import unicode_text
from .shapes import Circle, Glyphs, Path, Rect, Scene, Shape


def pdf_bytes(scene: Scene) -> bytes:
    """One page of the size of the figure. The same scene gives the same bytes (no date, no random id)."""
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(scene.width, scene.height), invariant=1, pageCompression=1, lang=scene.lang)
    canvas.setTitle(scene.title)
    canvas.setSubject(scene.desc)
    canvas.setAuthor("")
    canvas.setCreator("graphc")
    alternative = f"{scene.title}. {scene.desc}".strip()
    canvas._code.append("/Figure <</MCID 0>> BDC")
    canvas.translate(0, scene.height)
    canvas.scale(1, -1)  # y downwards, as in the scene
    if scene.background.upper() != "#FFFFFF":
        _draw(canvas, Rect(0, 0, scene.width, scene.height, 0, scene.background, "none", 0))
    for group in scene.groups:
        for shape in group.shapes:
            _draw(canvas, shape)
    canvas._code.append("EMC")
    canvas.showPage()
    _tag(canvas._doc, alternative, scene.lang)
    canvas.save()
    return buffer.getvalue()


def _tag(document: Any, alternative: str, lang: str) -> None:
    """The structure of a document that is one figure (ISO 32000-1, 14.7 and 14.9.3)."""
    from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFString

    page = document.Pages.pages[-1]
    page.__NoDefault__ = [*page.__NoDefault__, "StructParents"]
    page.StructParents = 0
    root, whole, figure = PDFDictionary(), PDFDictionary(), PDFDictionary()
    at_root, at_whole, at_figure = (document.Reference(x) for x in (root, whole, figure))
    parents = PDFDictionary({"Nums": PDFArray([0, PDFArray([at_figure])])})
    root.dict.update(Type=PDFName("StructTreeRoot"), K=PDFArray([at_whole]), ParentTree=document.Reference(parents),
                     ParentTreeNextKey=1)
    whole.dict.update(Type=PDFName("StructElem"), S=PDFName("Document"), P=at_root, K=PDFArray([at_figure]))
    figure.dict.update(Type=PDFName("StructElem"), S=PDFName("Figure"), P=at_whole, Pg=document.Reference(page), K=0,
                       Alt=PDFString(alternative), Lang=PDFString(lang))
    document._catalog.StructTreeRoot = at_root
    document._catalog.MarkInfo = PDFDictionary({"Marked": "true"})


def _draw(canvas: Any, s: Shape) -> None:
    if isinstance(s, Glyphs):
        _fill_path(canvas, shifted(s.outline.commands, s.x, s.y), s.fill)
        _invisible(canvas, s)
    elif isinstance(s, Path):
        _paint(canvas, s.fill, s.stroke, s.stroke_width)
        canvas.setLineCap(1)
        canvas.drawPath(_path(canvas, s.commands), stroke=s.stroke != "none", fill=s.fill != "none", fillMode=1)
    elif isinstance(s, Circle):
        _paint(canvas, s.fill, s.stroke, s.stroke_width)
        canvas.circle(s.x, s.y, s.radius, stroke=s.stroke != "none", fill=s.fill != "none")
    else:
        _paint(canvas, s.fill, s.stroke, s.stroke_width)
        canvas.setDash(3, 2) if s.dashed else canvas.setDash()
        radius = min(s.radius, s.width / 2, s.height / 2)
        canvas.roundRect(s.x, s.y, s.width, s.height, radius, stroke=s.stroke != "none", fill=s.fill != "none")
        canvas.setDash()


def _paint(canvas: Any, fill: str, stroke: str, width: float) -> None:
    from reportlab.lib.colors import HexColor

    if fill != "none":
        canvas.setFillColor(HexColor(fill))
    if stroke != "none":
        canvas.setStrokeColor(HexColor(stroke))
        canvas.setLineWidth(width)


def draw_shapes(canvas: Any, shapes: Any, write: Any) -> None:
    """Shapes into a page that is being written, y downwards; `write` puts down the invisible words of each outline."""
    for s in shapes:
        if isinstance(s, Glyphs):
            _fill_path(canvas, shifted(s.outline.commands, s.x, s.y), s.fill)
            write(canvas, s)
        else:
            _draw(canvas, s)


def _fill_path(canvas: Any, commands: list[Command], fill: str) -> None:
    if commands:
        _paint(canvas, fill, "none", 0.0)
        canvas.drawPath(_path(canvas, commands), stroke=0, fill=1, fillMode=1)


def _path(canvas: Any, commands: Any) -> Any:
    path = canvas.beginPath()
    at = (0.0, 0.0)
    for name, v in commands:
        if name == "M":
            path.moveTo(*v)
        elif name == "L":
            path.lineTo(*v)
        elif name == "C":
            path.curveTo(*v)
        elif name == "Q":  # a quadratic is the cubic whose controls lie two thirds of the way to its own
            path.curveTo(at[0] + (v[0] - at[0]) * 2 / 3, at[1] + (v[1] - at[1]) * 2 / 3,
                         v[2] + (v[0] - v[2]) * 2 / 3, v[3] + (v[1] - v[3]) * 2 / 3, v[2], v[3])
        else:
            path.close()
        at = (v[-2], v[-1]) if v else at
    return path


def _spelled(tex: str, words: bool) -> str:
    """The words in letters that every PDF font has: w1 for its Unicode, and TeX for what has no such spelling."""
    text = tex if words else unicode_text(tex)
    for spelling in (text, unicodedata.normalize("NFKC", text).replace("−", "-"), tex.replace("{-}", "-")):
        try:
            spelling.encode("cp1252")
        except UnicodeEncodeError:
            continue
        return spelling
    return tex


def _invisible(canvas: Any, s: Glyphs) -> None:
    words = _spelled(s.outline.tex, s.outline.words)
    text = canvas.beginText()
    text.setTextRenderMode(3)
    text.setFont("Helvetica", s.outline.size)
    text.setTextTransform(1, 0, 0, -1, s.x, s.y)
    text.textOut(words.encode("cp1252", "replace").decode("cp1252"))
    text.setTextRenderMode(0)
    canvas.drawText(text)
