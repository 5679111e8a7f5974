"""A step-through page: the figure, each step's formulas and the table of the dynamic program in one HTML file.

The page needs no network and no library. Its security policy allows the one script in it, by its hash, and
nothing else. Both languages are inside; a formula is drawn once, wherever it stands.
"""

from __future__ import annotations

import base64
import hashlib
from copy import copy
from dataclasses import replace
from html import escape

from ..errors import InputError
from ..formula import format_node
from ..ir import Expr
from ..view import ViewNode
from .facts import TOO_LONG, Facts, is_number
from .figure import Figure
from .graphs import backward_figure, forward_figure
from .ink import Ink, read_aloud
from .scene import Placed, build, place
from .shapes import Glyphs, Group, Scene, Shape
from .step_phrases import LANGUAGES, said
from .stepper_script import SCRIPT, style_text
from .steps import Line, Step, Walk, walk
from .style import StyledTheme, Theme
from .svg import svg_text
from .values import in_product

_LONG_TITLE = 220  # characters of TeX
BOTH_LANGUAGES = 150  # boxes: a larger figure is in the page once, in its own language
_ICONS = {
    "first": "M3 2.5h2v11H3zM13 2.5v11L6 8z", "back": "M10 2l2 2-4.2 4L12 12l-2 2-6-6z",
    "next": "M6 2L4 4l4.2 4L4 12l2 2 6-6z",
    "last": "M3 2.5L10 8l-7 5.5zM11 2.5h2v11h-2z", "play": "M4 2.5l9 5.5-9 5.5z",
}


def page_text(figure: Figure, facts: Facts, theme: Theme, placed: Placed) -> str:
    """The page of a figure that has been placed.

    Raises InputError for a sheet with blanks, whose answers it would show.
    """
    if any(label.blank for w in figure.wires for label in (w.first, w.second) if label) or figure.heading:
        raise InputError("a step-through page shows every value and gradient; "
                         "save a figure with blanks as .pdf or .svg")
    tales = [(figure, facts, placed)]
    if len(figure.boxes) <= BOTH_LANGUAGES and _figure(facts, figure) == figure:
        for lang in LANGUAGES:
            if lang != facts.lang:
                told = copy(facts)
                told.lang = lang
                other = _figure(told, figure)
                tales.append((other, told, place(other, placed.engine)))
    ink = Ink()
    langs = [f.lang for _, f, _ in tales]
    mains = [_Main(fig, told, theme, spots, ink).text(langs) for fig, told, spots in tales]
    return _document(said("title", facts.lang, f=figure.title), facts.lang, style_text(theme), ink, mains)


def _figure(facts: Facts, like: Figure) -> Figure:
    """The same figure made anew, in the language of `facts`."""
    if _is_backward(like):
        return backward_figure(facts, like.direction)
    return forward_figure(facts, "", like.direction)


def _is_backward(figure: Figure) -> bool:
    return any(box.kind == "adjoint" for box in figure.boxes)


def _document(title: str, lang: str, style: str, ink: Ink, mains: list[str]) -> str:
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = (f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
              "base-uri 'none'; form-action 'none'")
    return "\n".join([
        "<!DOCTYPE html>", f'<html lang="{lang}">', "<head>", '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>", f"<style>\n{style}</style>", "</head>", "<body>",
        ink.text(), *mains, f"<script>{SCRIPT}</script>", "</body>", "</html>", "",
    ])


class _Main:
    """The page in one language."""

    def __init__(self, figure: Figure, facts: Facts, theme: Theme, placed: Placed, ink: Ink) -> None:
        self.figure, self.facts, self.theme, self.placed, self.ink = figure, facts, theme, placed, ink
        self.lang = facts.lang
        self.walk: Walk = walk(facts, not _is_backward(figure))
        self.about: dict[str, list[int]] = {}
        for k, step in enumerate(self.walk.steps):
            for key in step.focus:
                self.about.setdefault(key, []).append(k)

    def say(self, key: str, **slots: object) -> str:
        return escape(said(key, self.lang, **slots))

    def text(self, langs: list[str]) -> str:
        scene = self.scene()
        drawn = svg_text(scene).replace(' xmlns="http://www.w3.org/2000/svg"', "")
        shape = "tall" if scene.height > 1.1 * scene.width else "wide"
        title = said("title", self.lang, f=self.figure.title)
        hidden = "" if self.lang == langs[0] else " hidden"
        heading = "dynamic" if self.facts.backward is not None else "table"
        n = f"-{self.lang}"
        return "\n".join([
            f'<main lang="{self.lang}" data-title="{escape(title)}"{hidden}>',
            f"<h1>{self.title()}</h1>", f'<div class="{shape}">',
            f'<div class="pane" style="--wide:{scene.width:.0f};--high:{scene.height:.0f}" role="group" '
            f'aria-label="{self.say("figure")}" tabindex="0">\n{drawn}</div>', "<div>",
            self.bar([x for x in langs if x != self.lang]), '<p class="off" aria-live="polite"></p>',
            '<div class="talk">', f'<section aria-labelledby="steps{n}">',
            f'<h2 id="steps{n}">{self.say("steps")}</h2>', '<ol class="walk">',
            *(self.step(s) for s in self.walk.steps), "</ol>", f'<p class="keys">{self.say("keys")}</p>', "</section>",
            f'<section aria-labelledby="table{n}">', f'<h2 id="table{n}">{self.say(heading)}</h2>', self.table(),
            "</section>", "</div>", "</div>", "</div>", "</main>",
        ])

    def title(self) -> str:
        """The formula where it is short, else the words of the figure."""
        facts, top = self.facts, self.facts.nodes[self.facts.top]
        tex = format_node(top.expr, "latex", limit=_LONG_TITLE, lang=self.lang)
        if top.is_leaf or len(tex) > _LONG_TITLE or TOO_LONG in tex:
            return escape(self.figure.title)
        return self.say("title", f="").rstrip() + " " + self.ink.draw(f"{facts.name(top.expr)} = {tex}")

    def bar(self, others: list[str]) -> str:
        words = {name: self.say(name) for name in _ICONS}
        buttons = {name: f'<button type="button" data-go="{name}" aria-label="{word}" title="{word}"'
                         f"{self.words(name)}>{_icon(name)}</button>" for name, word in words.items()}
        last = len(self.walk.steps) - 1
        return "\n".join([
            f'<div class="bar" role="group" aria-label="{self.say("controls")}">',
            buttons["first"], buttons["back"], buttons["play"], buttons["next"], buttons["last"],
            f'<input type="range" min="0" max="{last}" value="0" step="1" aria-label="{self.say("slider")}">',
            f'<output aria-hidden="true">0 / {last}</output>',
            *(f'<button type="button" data-lang="{x}" lang="{x}" aria-label="{said("name", x)}" '
              f'title="{said("name", x)}">{x.upper()}</button>' for x in others), "</div>",
        ])

    def words(self, name: str) -> str:
        if name != "play":
            return ""
        return f' data-play="{self.say("play")}" data-pause="{self.say("pause")}"'

    # -- the figure ------------------------------------------------------------------------------------

    def scene(self) -> Scene:
        """The figure in colours that the style sheet gives, with the step of each label as a class."""
        tones = {tone: f"var(--{tone})" for tone in self.theme.tones}
        fill = {kind: f"var(--fill-{kind})" for kind in self.theme.fill}
        line = {kind: f"var(--line-{kind})" for kind in self.theme.border}
        theme = StyledTheme(self.theme.name, "var(--page)", tones, fill, line)
        scene = build(self.figure, theme, self.placed)
        wires = iter(range(len(self.figure.wires)))
        notes = {b.key for b in self.figure.boxes if b.note is not None}
        groups = [self.wire(g, next(wires)) if g.cls == "edge" else
                  self.box(g, g.key in notes) if g.cls.startswith("node") else g for g in scene.groups]
        return replace(scene, groups=groups)

    def wire(self, group: Group, i: int) -> Group:
        """A wire is in use while its head is computed, and while its head hands the gradient back."""
        wire = self.figure.wires[i]
        tail, head = (wire.head, wire.tail) if _is_backward(self.figure) else (wire.tail, wire.head)
        found, backward = self.walk, _is_backward(self.figure)
        known, back = found.ahead.get(tail, 0), found.seed if head == "output" else found.behind.get(head, 0)
        steps = [0 if backward or label.tone == "muted" else known if label is wire.first else back
                 for label in (wire.first, wire.second) if label]
        if backward and wire.second is not None:
            steps[-1] = back
        handed = wire.second is not None and wire.second.tone == "gradient"
        used = {found.ahead.get(head, 0), back if handed else 0} - {0}
        shapes = list(group.shapes)
        for j, k in enumerate(steps, len(shapes) - len(steps)):
            shapes[j] = _from(shapes[j], k)
        return replace(group, cls=" ".join([group.cls, *(f"at-{k}" for k in sorted(used))]), shapes=shapes)

    def box(self, group: Group, note: bool) -> Group:
        shapes = list(group.shapes)
        whole = self.walk.whole.get(group.key, 0)
        if note:
            shapes[-1] = _from(shapes[-1], whole)
        if _is_backward(self.figure):
            shapes = [_from(s, whole) if isinstance(s, Glyphs) else s for s in shapes]
        cls = [group.cls, *(f"at-{k}" for k in self.about.get(group.key, ()))]
        return replace(group, cls=" ".join(cls), shapes=shapes)

    # -- the steps -------------------------------------------------------------------------------------

    def step(self, step: Step) -> str:
        formulas = [f"{read_aloud(' '.join(line))}." for line in step.lines]
        spoken = " ".join([f"{step.heading}.", step.text, *formulas, step.hint]).strip()
        equations = "".join(f'<p class="eq">{self.equation(line)}</p>' for line in step.lines)
        pairs = " pairs" if step.phase == "behind" and self.facts.scalar else ""  # local derivative | contribution
        tip = f'<p class="tip">{escape(step.hint)}</p>' if step.hint else ""
        return (f'<li class="step is-{step.phase}" data-say="{escape(spoken)}">'
                f'<p><b>{escape(step.heading)}</b> — {escape(step.text)}</p>'
                f'<div class="eqs{pairs}">{equations}</div>{tip}</li>')

    def equation(self, line: Line) -> str:
        return " ".join(self.ink.draw(piece) for piece in line)

    # -- the table -------------------------------------------------------------------------------------

    def table(self) -> str:
        facts = self.facts
        nodes = [n for n in facts.view.nodes if not is_number(n.expr)]
        if facts.backward is not None:
            order = {key: i for i, key in enumerate(self.walk.whole)}  # in which the adjoints are whole
            nodes = sorted((n for n in nodes if n.expr in facts.rows), key=lambda n: order[n.name])
            columns = ["node", *(["number"] if facts.point is not None else []), "contributions", "adjoint"]
        else:
            columns = ["node", "number" if facts.point is not None else "formula"]
        head = "".join(f'<th scope="col">{self.say(c)}</th>' for c in columns)
        body = "\n".join(self.row(n, columns) for n in nodes)
        return (f'<div class="scroll" tabindex="0" role="group" aria-label="{self.say("table")}"><table>\n'
                f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>")

    def row(self, node: ViewNode, columns: list[str]) -> str:
        facts, found, expr = self.facts, self.walk, node.expr
        key = node.name
        about = sorted({*self.about.get(key, ()), found.ahead.get(key, 0), found.whole.get(key, 0)} - {0})
        cls = f' class="{" ".join(f"at-{k}" for k in about)}"' if about else ""
        cells = []
        for column in columns[1:]:
            if column == "number":
                cells.append(_since(found.ahead.get(key, 0), self.ink.draw(facts.value(expr)), "v"))
            elif column == "formula":
                cells.append(_since(found.ahead.get(key, 0), self.formula(node), "v"))
            elif column == "contributions":
                cells.append(self.contributions(expr))
            else:
                cells.append(self.adjoint(expr))
        data = "".join(f"<td>{c}</td>" for c in cells)
        return f'<tr{cls}><th scope="row">{self.ink.draw(facts.name(expr))}</th>{data}</tr>'

    def formula(self, node: ViewNode) -> str:
        expr = node.expr
        tex = rf"\in \mathbb{{R}}^{{{self.facts.shape(expr)}}}" if expr.ndim else ""
        if not node.is_leaf:
            pieces = self.walk.steps[self.walk.ahead[node.name]].lines[0][1:]  # none where the formula is too long
            tex = pieces[0] if pieces else ""
        return self.ink.draw(tex) if tex else ""

    def contributions(self, expr: Expr) -> str:
        facts, found = self.facts, self.walk
        edges = facts.active_edges(expr)
        if not edges:
            return _since(found.seed, self.ink.draw("1"), "g") if expr is facts.top else ""
        terms = []
        for i, edge in enumerate(edges):
            tex = facts.product(edge) if facts.point is None else facts.handed_value(edge)
            drawn = f"{self.ink.draw('+')} {self.ink.draw(in_product(tex))}" if i else self.ink.draw(tex)
            terms.append(_since(found.behind[edge.user.name], drawn, "g"))
        return " ".join(terms)

    def adjoint(self, expr: Expr) -> str:
        facts, k = self.facts, self.walk.whole.get(self.facts.nodes[expr].name, 0)
        tex = facts.bar(expr)
        if facts.point is not None:
            tex += f" = {facts.adjoint_value(expr)}"
        return _since(k, self.ink.draw(tex), "g")


def _icon(name: str) -> str:
    return (f'<svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"><path class="go" d="{_ICONS[name]}"/>'
            "</svg>")


def _from(shape: Shape, k: int) -> Shape:
    """A label that appears in step k; what is there from the beginning stays as it is."""
    return replace(shape, cls=f"{shape.cls} from-{k}".strip()) if k else shape


def _since(k: int, inner: str, cls: str) -> str:
    return f'<span class="{cls}{f" from-{k}" if k else ""}">{inner}</span>' if inner else ""


assert "</" not in SCRIPT  # a script that closes its own element would end there
