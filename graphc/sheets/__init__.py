"""Sheets: an exercise on paper, and its solution.

    Exercise -> content (blocks) -> flow (pages) -> PDF;  blocks -> LaTeX;  blocks -> HTML
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from os import PathLike

from ..drawing import Drawing
from ..errors import InputError, choose
from ..exercise import Exercise
from ..exercise.texts import LANGUAGES, parts
from ..files import write_whole
from .blocks import PAPERS, Block, Picture, Together
from .content import Writer
from .html_sheet import sheet_html
from .pdf_sheet import sheet_pdf
from .tex_sheet import sheet_tex

__all__ = ["Sheet", "sheet"]

SOLUTIONS = ("after", "none", "only")
ENDINGS = (".pdf", ".tex", ".html")


class Sheet:
    """A sheet ready to be printed: `blocks` in one language, with one student's numbers. `save` writes it."""

    def __init__(self, exercise: Exercise, lang: str, student: str, paper: str, solution: str) -> None:
        self.exercise, self.lang = exercise, lang
        self.paper = PAPERS[paper]
        writer = Writer(exercise, lang, student, self.paper)
        write = {"after": writer.both, "none": writer.problem, "only": writer.solution}[solution]
        self.blocks: Sequence[Block] = write()
        self.rankdir = writer.rankdir
        self.title = "".join(text for text, _ in parts(exercise.title.in_(lang)))

    @property
    def pdf(self) -> bytes:
        """The sheet as PDF: the same bytes on every run."""
        return sheet_pdf(self.blocks, self.paper, self.title, self.lang)

    @property
    def html(self) -> str:
        """The sheet as one HTML page."""
        return sheet_html(self.blocks, self.paper, self.title, self.lang)

    def tex(self, stem: str = "figure") -> str:
        """The sheet as a LaTeX document whose figures are TikZ, or the files `stem`-1.pdf, `stem`-2.pdf."""

        def figure(drawing: Drawing, number: int) -> str:
            return str(getattr(drawing, "tikz", "")) or rf"\includegraphics{{{stem}-{number}.pdf}}"

        return sheet_tex(self.blocks, self.paper, self.title, figure)

    @property
    def pictures(self) -> list[Picture]:
        """Its figures, in order."""
        flat = [b for block in self.blocks for b in (block.blocks if isinstance(block, Together) else (block,))]
        return [b for b in flat if isinstance(b, Picture)]

    def save(self, path: str | PathLike[str]) -> list[str]:
        """Write the sheet as the ending of `path` says, .pdf, .tex or .html, each file whole or not at all.

        Where figures are not TikZ, they go beside a .tex as PDF. Gives the paths written, the sheet first.
        Raises InputError for another ending, or a path that cannot be written.
        """
        target = os.fspath(path)
        stem, ending = os.path.splitext(target)
        if ending.lower() not in ENDINGS:
            raise choose("sheet format", ending or target, ENDINGS)
        written = [target]
        if ending.lower() == ".pdf":
            write_whole(target, self.pdf)
        elif ending.lower() == ".html":
            write_whole(target, self.html.encode())
        else:
            name = re.sub(r"[^A-Za-z0-9-]", "-", os.path.basename(stem)) + "-figure"  # TeX reads few letters in names
            for picture in (p for p in self.pictures if not getattr(p.drawing, "tikz", "")):
                written.append(os.path.join(os.path.dirname(target), f"{name}-{picture.number}.pdf"))
                picture.drawing.save(written[-1])
            write_whole(target, self.tex(name).encode())
        return written


def sheet(exercise: Exercise, *, lang: str | None = None, student: str = "", paper: str = "a4",
          solution: str = "after") -> Sheet:
    """The sheet of an exercise: statement, blank diagram, table and questions; then its solution on pages of its own.

    `lang` is "en" or "fr", by default the exercise's. `student` is who it is for, whose numbers are drawn by that name
    where the exercise draws any. `paper` is "a4" or "letter", `solution` "after", "none" or "only".

    Raises InputError for an unknown option, or where no pleasant numbers can be drawn.

    >>> s = sheet(Exercise.loads(Exercise.template("en")), student="Ada")
    >>> s.pdf[:5], s.rankdir in ("LR", "TB")
    (b'%PDF-', True)
    """
    if not isinstance(exercise, Exercise):
        raise InputError(f"sheet takes an Exercise, as G.Exercise.load gives it; got {type(exercise).__name__}")
    lang = exercise.language if lang is None else lang
    options = (("language", lang, LANGUAGES), ("paper", paper, PAPERS), ("solution", solution, SOLUTIONS))
    for what, got, known in options:
        if got not in known:
            raise choose(what, got, known)
    return Sheet(exercise, lang, student, paper, solution)
