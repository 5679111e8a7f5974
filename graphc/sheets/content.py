"""From an exercise to the blocks of its sheet and of its solution."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..derivation import derive
from ..dims import Dim
from ..drawing import Drawing, draw
from ..drawing.facts import Facts
from ..drawing.style import LABEL_SIZE
from ..drawing.values import value_tex
from ..errors import LimitExceeded, NoDerivative, ShapeError
from ..exercise import Answer, Exercise, Question
from ..formula import format_node, number_text, tex_name
from ..ir import Expr
from ..reverse import backward
from .blocks import Block, Boxes, Display, Heading, NewPage, Paper, Para, Picture, Rules, Table, Title, Together
from .phrases import listed, marks, said, typographic

READABLE = 8.0  # points: labels of a printed figure are not smaller
# Lines to write on, where the author says nothing.
LINES = {"value": 1, "gradient": 3, "adjoint": 2, "local": 1, "formula": 3, "jacobian": 3, "shape": 1, "cost": 2}
DASH = ("–",)


class Writer:
    """One sheet in one language, for one student's numbers."""

    def __init__(self, exercise: Exercise, lang: str, student: str, paper: Paper) -> None:
        self.e, self.lang, self.paper = exercise, lang, paper
        self.student = student
        self.point: dict[str, Any] | None = exercise.numbers(student)
        self.facts = self._facts()
        self.drawn: dict[tuple[bool, str], Drawing] = {}
        self.rankdir = self._rankdir()
        self.pictures = 0

    def _facts(self) -> Facts:
        f = self.e.f
        adjoints = None if f.ndim else backward(f, list(self.e.wrt))
        return Facts(f, adjoints, self.point, self.lang)

    # -- the sheet ------------------------------------------------------------------------------------------

    def problem(self) -> list[Block]:
        e, lang = self.e, self.lang
        names = [said("name", lang), said("date", lang)]
        if self.student:
            names[0] += f": {self.student}" if lang == "en" else f"\u00a0: {self.student}"
        points = e.points  # as a decimal where that is short
        total = number_text(points if 10**6 % points.denominator else float(points), "unicode", lang)
        score = f"{said('points', lang)}{self._colon()}{' ' * 14}/\u2009{total}"
        blocks: list[Block] = [Title(self._text(e.course.in_(lang)), self._title(), tuple(names), score)]
        blocks += [Para(p) for p in self._paragraphs(e.statement.in_(lang))] or self._formula()
        if self.point is not None:
            blocks.append(Para(said("numbers", lang, point=listed(self._numbers(), lang))))
        picture = self._picture(blank=True)
        caption = "diagram plain" if self.point is None else "diagram" if self.rankdir == "LR" else "diagram TB"
        blocks.append(Together((Para(said(caption, lang)), picture)))
        if self.point is not None and self.facts.backward is not None:
            blocks.append(Together((Para(said("table", lang)), self._table(blank=True))))
        return blocks + [self._question(q) for q in e.questions]

    def solution(self) -> list[Block]:
        e, lang = self.e, self.lang
        title = f"{self._title()} – {said('solution', lang)}"
        blocks: list[Block] = [Title(self._text(e.course.in_(lang)), title, (), self.student)]
        if self.point is not None:
            blocks.append(Para(said("numbers", lang, point=listed(self._numbers(), lang))))
        blocks.append(Heading(said("answers", lang)))
        for q in e.questions:
            blocks.append(Together((self._ask(q), Display(tuple(self._answers(q))))))
        blocks.append(Together((Heading(said("graph", lang)), self._picture(blank=False))))
        if self.facts.backward is not None:
            blocks.append(Together((Heading(said("backward", lang)), self._table(blank=False))))
        return blocks + self._derivation()

    def both(self) -> list[Block]:
        return [*self.problem(), NewPage(), *self.solution()]

    # -- texts ------------------------------------------------------------------------------------------------

    def _text(self, text: str) -> str:
        return typographic(text.strip(), self.lang)

    def _title(self) -> str:
        return self._text(self.e.title.in_(self.lang))

    def _colon(self) -> str:
        return "\u00a0: " if self.lang == "fr" else ": "

    def _paragraphs(self, text: str) -> list[str]:
        return [" ".join(self._text(p).split("\n")) for p in re.split(r"\n\s*\n", text) if p.strip()]

    def _formula(self) -> list[Block]:
        """The function, and the author's names inside it."""
        tex = {name: format_node(e, "latex", limit=400, lang=self.lang)
               for name, e in ({self.e.output: self.e.f} | dict(self.e.defined)).items()}
        told = said("statement", self.lang, f=f"${self._name(self.e.output)} = {tex.pop(self.e.output)}$")
        if not tex:
            return [Para(told)]
        lines = tuple(f"{self._name(name)} &= {formula}" for name, formula in tex.items())
        return [Para(f"{told[:-1]} {said('where', self.lang)}", keep=True), Display(lines)]

    def _name(self, name: str) -> str:
        return tex_name(name, self.e.nodes[name].ndim if name in self.e.nodes else 0)

    def _numbers(self) -> list[str]:
        assert self.point is not None
        return [f"${self._name(n)} = {_value(v, self.lang)}$" for n, v in self.point.items()]

    # -- questions --------------------------------------------------------------------------------------------

    def _ask(self, q: Question) -> Para:
        text = self._text(q.text.in_(self.lang)) or self._default(q)
        return Para(" ".join(text.split("\n")), f"{q.number}.", f"({marks(q.points, self.lang)})" if q.points else "")

    def _default(self, q: Question) -> str:
        if q.ask == "adjoint":
            what = [said("adjoint", self.lang, bar=f"${self._bar(v)}$", partial=f"${self._partial(v, inline=True)}$")
                    for v in q.of]
        elif q.ask == "cost":
            what = [said(f"count {count}", self.lang) for count in q.of]
        else:
            what = [f"${self._goal(of, w, inline=True)}$" for of in q.of for w in q.wrt or ("",)]
        return said(f"ask {q.ask}", self.lang, what=listed(what, self.lang))

    def _question(self, q: Question) -> Together:
        mark = ":" if q.ask == "shape" else "="
        labels = [f"{self._label(q, of, w)} {mark}" for of in q.of for w in q.wrt or ("",)]
        blocks: list[Block] = [self._ask(q), Rules(q.lines or LINES[q.ask])]
        return Together((*blocks, Boxes(tuple(labels), q.ask == "formula", self._size(q))))

    def _size(self, q: Question) -> tuple[int, int]:
        """Of the largest array that answers the question, written as a matrix."""
        if q.ask in ("shape", "cost"):
            return 1, 1
        shapes = [self.e.nodes[n].shape for n in q.wrt or q.of]
        rows = [s[0] for s in shapes if s and isinstance(s[0], int) and q.ask != "formula"]
        columns = [s[1] for s in shapes if len(s) == 2 and isinstance(s[1], int)]
        return min(max([1, *rows]), 8), min(max([1, *columns]), 8)

    def _label(self, q: Question, of: str, wrt: str) -> str:
        if q.ask == "cost":
            return rf"\text{{{said(f'label {of}', self.lang)}}}"
        return self._bar(of) if q.ask == "adjoint" else self._goal(of, wrt)

    def _goal(self, of: str, wrt: str, inline: bool = False) -> str:
        if not wrt:
            return self._name(of)
        top, by = self._name(of), self._name(wrt)
        return rf"\partial {top} / \partial {by}" if inline else rf"\frac{{\partial {top}}}{{\partial {by}}}"

    def _partial(self, v: str, inline: bool) -> str:
        return self._goal(self.e.output, v, inline)

    def _bar(self, v: str) -> str:
        return tex_name(f"{v}_bar", self.e.nodes[v].ndim)

    def _answers(self, q: Question) -> list[str]:
        lines = []
        for a in self.e.answers(q, self.point):
            line = f"{self._label(q, a.of, a.wrt)} &"
            solved = self._solved(a) if a.formula is not None and q.ask not in ("adjoint", "jacobian") else ""
            line += f"= {solved} " if solved else ""
            value = "" if a.value is None else _value(a.value, self.lang)
            if q.ask == "shape":
                line += r"\colon "
            line += f"{'' if q.ask == 'shape' else _sign(a.value)} {value}" if value and value != solved else ""
            lines.append(line)
        return lines

    def _solved(self, a: Answer) -> str:
        written = a.written(self.lang, {expr: name for name, expr in self.e.nodes.items() if expr is not a.formula})
        assert written is not None
        return written.tex

    # -- the figure -------------------------------------------------------------------------------------------

    def _draw(self, blank: bool, rankdir: str) -> Drawing:
        if (blank, rankdir) not in self.drawn:
            self.drawn[blank, rankdir] = self._drawing(blank, rankdir)
        return self.drawn[blank, rankdir]

    def _drawing(self, blank: bool, rankdir: str) -> Drawing:
        wrt = None if self.facts.backward is None else list(self.e.wrt)
        if self.point is None:
            return draw(self.e.f, wrt=None if blank else wrt, lang=self.lang, theme="print", rankdir=rankdir)
        return draw(self.e.f, wrt=wrt, at=self.point, blank="all" if blank and wrt else False, lang=self.lang,
                    theme="print", rankdir=rankdir)

    def _rankdir(self) -> str:
        """From left to right where the labels then print at a size that can be read, else from top to bottom."""
        sizes = {r: LABEL_SIZE * self._scale(self._draw(False, r)) for r in ("LR", "TB")}
        return "LR" if sizes["LR"] >= min(READABLE, sizes["TB"]) else "TB"

    def _scale(self, drawing: Drawing) -> float:
        """A figure takes two thirds of the page, more only where its labels would be too small."""
        room = self.paper.text_height - 40.0
        wide = self.paper.text_width / drawing.scene.width
        easy, most = 0.62 * room / drawing.scene.height, room / drawing.scene.height
        return min(1.0, wide, max(easy, min(most, (READABLE + 0.2) / LABEL_SIZE)))

    def _picture(self, blank: bool) -> Picture:
        drawing = self._draw(blank, self.rankdir)
        self.pictures += 1
        scale = self._scale(drawing)
        # What is only read may be smaller than what is written on.
        return Picture(drawing, scale if blank else min(scale, (READABLE + 0.3) / LABEL_SIZE), self.pictures)

    # -- the table of the dynamic program ----------------------------------------------------------------------

    def _table(self, blank: bool) -> Table:
        facts, lang = self.facts, self.lang
        keys = ("value", "formula", "number" if self.point is not None else "shape", "users", "handed", "adjoint")
        named = [n for n in facts.view.nodes if n.expr in facts.names]
        order = [s.name for s in self.e.symbols]
        leaves = sorted((n for n in named if n.is_leaf), key=lambda n: order.index(n.name) if n.name in order else -1)
        shown = leaves + [n for n in named if not n.is_leaf]
        rows = []
        for node in shown:
            name, formula = (f"${facts.name(node.expr)}$",), self._step(node)
            filled = (self._number(node.expr), self._users(node.expr), self._handed(node.expr),
                      self._adjoint(node.expr))
            cells = tuple(c if c == DASH or not blank else () for c in filled)
            number = filled[0] if node.is_leaf else cells[0]
            rows.append((name, formula, number, *cells[1:]))
        return Table(tuple(said(f"column {k}", lang) for k in keys), tuple(rows))

    def _step(self, node: Any) -> tuple[str, ...]:
        if node.is_leaf:
            return DASH
        names = {e: n for e, n in self.facts.names.items() if e is not node.expr}
        tex = format_node(node.expr, "latex", names=names, limit=200, lang=self.lang)
        return (f"${tex}$",)

    def _number(self, expr: Expr) -> tuple[str, ...]:
        if self.point is not None:
            return (f"${self._shown(expr)}$",)
        return (f"${self.facts.shape(expr)}$",) if expr.ndim else DASH

    def _users(self, expr: Expr) -> tuple[str, ...]:
        users = dict.fromkeys(e.user.expr for e in self.facts.leaving[expr])
        return (", ".join(f"${self.facts.name(u)}$" for u in users),) if users else DASH

    def _handed(self, expr: Expr) -> tuple[str, ...]:
        edges = self.facts.active_edges(expr)
        if not edges:
            return DASH
        facts = self.facts
        if self.point is None:
            return tuple(f"${facts.product(e)}$" for e in edges)
        return tuple(f"${facts.product(e)} {self._near(e.contribution)} {self._shown(e.contribution)}$" for e in edges)

    def _shown(self, expr: Expr | None) -> str:
        """The number, or the numbers of a matrix: there is more room here than on a wire."""
        assert self.facts.point is not None
        value = 0 if expr is None else self.facts.point[expr]
        return _array(value, self.lang) if getattr(value, "ndim", 0) == 2 else value_tex(value, self.lang)

    def _near(self, expr: Expr | None) -> str:
        """The sign between a formula and its number."""
        assert self.facts.point is not None
        return "=" if expr is None else _sign(self.facts.point[expr])

    def _adjoint(self, expr: Expr) -> tuple[str, ...]:
        facts = self.facts
        if expr is facts.top:
            return (f"${facts.bar(expr)} = 1$",)
        if not facts.active_edges(expr):
            return DASH
        if self.point is None:
            return (f"${facts.bar(expr)}$",)
        adjoint = facts.rows[expr].adjoint
        return (f"${facts.bar(expr)} {self._near(adjoint)} {self._shown(adjoint)}$",)

    # -- the derivation ---------------------------------------------------------------------------------------

    def _derivation(self) -> list[Block]:
        try:
            found = derive(self.e.f, list(self.e.wrt), at=self.point, lang=self.lang)
        except (ShapeError, LimitExceeded, NoDerivative):  # written for scalar graphs of the length of a page
            return []
        blocks: list[Block] = [Heading(said("derivation", self.lang), barrier=True)]
        for step in found.steps:
            text = " ".join(p.markdown() for p in step.sentences)
            blocks.append(Para(text, f"{step.number}.", lead=f"{step.heading.markdown()}.", keep=bool(step.equations)))
            if step.equations:
                blocks.append(Display(tuple(line for e in step.equations for line in e.tex.split(" \\\\\n"))))
            blocks += [Para(p.markdown()) for p in step.remarks]
        return blocks


def _sign(value: Any) -> str:
    """Between a formula and its number, which may be rounded."""
    return r"\approx" if isinstance(value, float) and value != round(value, 3) else "="


def _value(value: Any, lang: str) -> str:
    if isinstance(value, tuple):  # a shape
        return r" \times ".join(map(str, value)) or r"()"
    if isinstance(value, (int, Dim)):  # a count, in named sizes if need be
        return str(value).replace("**", "^").replace("*", r" \cdot ")
    return _array(value, lang) if getattr(value, "ndim", 0) else value_tex(value, lang)


def _array(value: Any, lang: str) -> str:
    """Numbers in square brackets, up to what fits a line; else the shape."""
    if not value.ndim:
        return value_tex(value, lang)
    if value.ndim > 2 or value.shape[-1] > 8 or value.size > 40:
        return rf"\text{{[{' × '.join(map(str, value.shape))}]}}"
    rows: Sequence[Any] = value if value.ndim == 2 else [[v] for v in value]
    lines = [" & ".join(number_text(float(v), "latex", lang, digits=3) for v in row) for row in rows]
    return r"\begin{bmatrix}" + r" \\ ".join(lines) + r"\end{bmatrix}"
