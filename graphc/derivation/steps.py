"""The steps of a derivation, and the documents written from them: plain text, Markdown, LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .notation import MACRON, Math, Prose

Kind = Literal["forward", "local", "chain", "paths", "result"]

WIDTH = 84  # characters of a line of text
TEX_WIDTH = 62  # characters, as text, of a typeset line


@dataclass(frozen=True, slots=True)
class Equation:
    """`sides[0] = sides[1] = ...`; the last side may be a value that is only near.

    `lead` is a paragraph that stands before the line, `note` mathematics that follows it, such as its shape.
    `claims` are the sides as nodes over the `symbols` of the derivation, where a side is one: all have one value.
    """

    sides: tuple[Math, ...]
    approximate: bool = False
    lead: Prose | None = None
    note: Math | None = None
    claims: tuple[Any, ...] = ()

    def _signs(self) -> list[str]:
        signs = ["="] * (len(self.sides) - 1)
        return [*signs[:-1], "≈"] if self.approximate and signs else signs

    @property
    def text(self) -> str:
        """The equation as Unicode text, on one line."""
        parts = [self.sides[0].text]
        for sign, side in zip(self._signs(), self.sides[1:]):
            parts += [sign, side.text]
        return " ".join(parts) + (self.note.text if self.note else "")

    @property
    def tex(self) -> str:
        """The equation as one or more lines of an `aligned` environment."""
        lines = [self.sides[0].tex]
        start = room = TEX_WIDTH - min(_width(self.sides[0].text), TEX_WIDTH // 4)
        for i, (sign, side) in enumerate(zip(self._signs(), self.sides[1:])):
            relation = "=" if sign == "=" else r"\approx"
            for j, piece in enumerate(pieces(side.tex, start)):
                need = tex_width(piece) + 3
                if (i or j) and (j or need > room):
                    lines.append("")
                    room = start
                align = "&" if not i or not lines[-1] else ""
                lines[-1] += rf" {align}\quad {piece}" if j else f" {align}{relation} {piece}"
                room -= need
        if self.note:
            lines[-1] += f" {self.note.tex}"
        return " \\\\\n".join(line.strip() for line in lines)

    def wrapped(self, indent: str) -> list[str]:
        """Lines of text no wider than the page where a sign allows it, continued under the first one."""
        lines, hang = [indent + self.sides[0].text], " " * _width(self.sides[0].text)
        for sign, side in zip(self._signs(), self.sides[1:]):
            for j, part in enumerate(pieces(side.text, WIDTH - len(indent + hang))):
                piece = f"   {part}" if j else f" {sign} {part}"
                if j or (_width(lines[-1] + piece) > WIDTH and lines[-1].strip() != self.sides[0].text):
                    lines.append(indent + hang)
                lines[-1] += piece
        if self.note:
            lines[-1] += self.note.text
        return lines


TERM = re.compile(r"[-+−] ")
INVISIBLE = re.compile(r"\\(frac|partial|left|right|mathrm|operatorname|bar|hat|mathbf)\b|\\(?=[a-z]{4})|[{}_^]")
MATRIX = re.compile(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}")
OPENS, CLOSES = "([{", ")]}"


def pieces(formula: str, width: int) -> list[str]:
    """A formula cut before outer + and − signs, so that each piece fits the width where it can.

    >>> pieces("a·(b + c) + d", 6)
    ['a·(b + c)', '+ d']
    """
    cuts, depth = [0], 0
    for i, c in enumerate(formula):
        depth += (c in OPENS) - (c in CLOSES)
        if depth == 0 and i and formula[i - 1] == " " and TERM.match(formula, i):
            cuts.append(i)
    found: list[str] = []
    for term in (formula[a:b].strip() for a, b in zip(cuts, [*cuts[1:], len(formula)])):
        if found and tex_width(found[-1]) + tex_width(term) + 1 <= width:
            found[-1] += f" {term}"
        else:
            found.append(term)
    return found


def tex_width(tex: str) -> int:
    """Roughly how many characters wide a formula is set; right for plain text."""
    return _width(re.sub(INVISIBLE, "", re.sub(MATRIX, _widest_row, tex)))


def _widest_row(matrix: re.Match[str]) -> str:
    return max(matrix[1].split(r"\\"), key=len) + "  "


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step: its kind, a title, sentences, equations, and remarks that follow them."""

    kind: Kind
    number: int
    heading: Prose
    sentences: tuple[Prose, ...]
    equations: tuple[Equation, ...]
    remarks: tuple[Prose, ...] = ()

    @property
    def title(self) -> str:
        return self.heading.text()

    @property
    def prose(self) -> str:
        """The sentences and remarks, as text."""
        return " ".join(p.text() for p in (*self.sentences, *self.remarks))

    @property
    def tex(self) -> str:
        """The equations as the body of an `aligned` environment."""
        return _aligned(self.equations)

    def blocks(self) -> list[tuple[Prose | None, list[Equation]]]:
        """The equations in runs, each with the paragraph that leads it."""
        runs: list[tuple[Prose | None, list[Equation]]] = []
        for e in self.equations:
            if e.lead is not None or not runs:
                runs.append((e.lead, []))
            runs[-1][1].append(e)
        return runs


def _aligned(equations: Sequence[Equation]) -> str:
    return " \\\\\n".join(e.tex for e in equations if e.sides)


def as_text(title: Prose, preface: Sequence[Prose], steps: Sequence[Step]) -> str:
    """The derivation as plain text with Unicode mathematics."""
    head = [line.strip() for p in preface for line in _filled(p.text().replace(" ;", "\u00a0;"))]
    blocks = ["\n".join([title.text(), *head])]
    for step in steps:
        lines = [f"{step.number}. {step.title}"]
        lines += _filled(" ".join(p.text() for p in step.sentences))
        for lead, equations in step.blocks():
            lines += _filled(lead.text()) if lead else []
            lines += [line for e in equations if e.sides for line in e.wrapped("       ")]
        lines += _filled(" ".join(p.text() for p in step.remarks))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _filled(text: str) -> list[str]:
    """Text broken at ordinary spaces, indented under the step's number; no-break spaces do not break."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and _width(lines[-1]) + 1 + _width(word) <= WIDTH:
            lines[-1] += f" {word}"
        elif word:
            lines.append(f"   {word}")
    return lines


def as_markdown(title: Prose, preface: Sequence[Prose], steps: Sequence[Step]) -> str:
    """The derivation as Markdown with TeX mathematics between dollar signs."""
    blocks = [f"## {title.markdown()}", *(p.markdown() for p in preface)]
    for step in steps:
        blocks.append(f"**{step.number}. {step.heading.markdown()}.** {' '.join(p.markdown() for p in step.sentences)}")
        for lead, equations in step.blocks():
            blocks += [lead.markdown()] if lead else []
            tex = _aligned(equations)
            blocks += ["$$\n\\begin{aligned}\n" + tex + "\n\\end{aligned}\n$$"] if tex else []
        if step.remarks:
            blocks.append(" ".join(p.markdown() for p in step.remarks))
    return "\n\n".join(blocks) + "\n"


GUILLEMETS = (
    r"\providecommand{\og}{\raisebox{.25ex}{$\scriptscriptstyle\ll$}~}",
    r"\providecommand{\fg}{~\raisebox{.25ex}{$\scriptscriptstyle\gg$}}",
)


BLACKBOARD = r"\providecommand{\mathbb}[1]{\mathbf{#1}}"  # without amsfonts a bold R


def as_latex(title: Prose, preface: Sequence[Prose], steps: Sequence[Step], lang: str | None = None) -> str:
    """The derivation as a LaTeX fragment, with `lang` as a whole document; it needs `amsmath` and nothing else."""
    body = [_paragraph(title, preface)]
    body += [r"\begingroup\allowdisplaybreaks", r"\begin{enumerate}", *(_item(step) for step in steps),
             r"\end{enumerate}", r"\endgroup"]
    lines = [r"% needs \usepackage{amsmath}"] if lang is None else list(PREAMBLE)
    if lang == "fr":
        lines.append(r"\frenchspacing")
    if any(r"\mathbb" in part for part in body):
        lines.append(BLACKBOARD)
    if any(r"\og{}" in part for part in body):
        lines += GUILLEMETS
    lines += [r"\begin{document}", *body, r"\end{document}"] if lang is not None else body
    return "\n".join(lines) + "\n"


PREAMBLE = (
    r"\documentclass[11pt,a4paper]{article}",
    r"\usepackage[utf8]{inputenc}",
    r"\usepackage[T1]{fontenc}",
    r"\usepackage{amsmath}",
    r"\IfFileExists{amsfonts.sty}{\usepackage{amsfonts}}{}",
    r"\setlength{\textwidth}{16cm}\setlength{\oddsidemargin}{0cm}",
    r"\setlength{\textheight}{23.5cm}\setlength{\topmargin}{-1cm}",
)


def _paragraph(title: Prose, preface: Sequence[Prose]) -> str:
    return "\n\n".join([rf"\noindent\textbf{{{title.latex()}}}", *(rf"\noindent {p.latex()}" for p in preface)]) + "\n"


def _item(step: Step) -> str:
    lines = [rf"\item \textbf{{{step.heading.latex()}.}} {' '.join(p.latex() for p in step.sentences)}"]
    for lead, equations in step.blocks():
        lines += ["", lead.latex()] if lead else []
        tex = _aligned(equations)
        lines += [r"\begin{align*}", tex, r"\end{align*}"] if tex else []
    if step.remarks:
        lines.append(" ".join(p.latex() for p in step.remarks))
    return "\n".join(lines)


def _width(text: str) -> int:
    return sum(1 for c in text if c != MACRON)
