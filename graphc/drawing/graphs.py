"""Figures of graphs: the forward graph and circuit, and the backward graph of adjoints."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace

from ..dims import Size
from ..ir import Expr
from ..scopes import Instance
from ..view import ViewNode
from .facts import Edge, Facts, barred, is_number
from .figure import Box, Cluster, Direction, Entry, Figure, Kind, Label, Wire
from .grouping import Words, clusters_of
from .loop_plates import Loops, opened
from .mathtext import Outline, outline
from .phrases import phrases
from .plain import unicode_text
from .style import LABEL_SIZE

_SIGNS = {
    "add": "+", "subtract": "-", "multiply": r"\times", "divide": r"\div", "safe_divide": r"\div",
    "matmul": r"\times", "exp": r"\exp", "negative": "-", "power": r"(\cdot)^{(\cdot)}", "square": r"(\cdot)^{2}",
    "where": r"\operatorname{where}", "stop_gradient": r"\operatorname{stop}",
    "logical_and": r"\wedge", "logical_or": r"\vee", "logical_not": r"\neg",
    "equal": "=", "not_equal": r"\neq", "greater": ">", "less": "<", "greater_equal": r"\geq", "less_equal": r"\leq",
}  # fmt: skip
# Operations whose operands cannot change places: their wires keep the order, or are numbered.
_ORDERED = {"subtract", "divide", "safe_divide", "matmul", "power", "where", "concatenate",
            "greater", "less", "greater_equal", "less_equal"}  # fmt: skip

_DOTS = re.compile(r"\\left\(\\cdot(?:, \\cdot)*\\right\)$")
BLANKS = ("values", "gradients", "all")


def operation_tex(node: ViewNode) -> str:
    """What stands in an operation's circle or box: a sign, or the function without its operand."""
    expr = node.expr
    if expr.op.name == "multiply" and expr.ndim:
        return r"\odot"
    if expr.op.name == "power" and folds_exponent(node):
        return rf"(\cdot)^{{{_exponent(node)}}}"
    if expr.op.name in _SIGNS:
        return _SIGNS[expr.op.name]
    return _applied(expr.op.form_of(expr)[2].format(*[r"\cdot"] * max(2, len(expr.args))))


def _applied(tex: str) -> str:
    r"""`\sigma\left(\cdot\right)` as `\sigma`: brackets around nothing but dots go."""
    bare = _DOTS.sub("", tex)
    return bare or tex


def folds_exponent(node: ViewNode) -> bool:
    """A constant exponent is part of the function, not an operand with a wire of its own."""
    return node.expr.op.name == "power" and node.operands[1].op.name == "const" and not node.operands[1].ndim


def _exponent(node: ViewNode) -> str:
    value = node.operands[1].attrs[0].value.item()
    return f"{value:g}"


def forward_figure(facts: Facts, blank: str, direction: Direction) -> Figure:
    """The forward graph: bare, with values, with gradients, or with blanks to fill in."""
    return _Builder(facts, blank).figure(direction)


class _Builder:
    """Boxes and wires of a forward graph as they are gathered."""

    def __init__(self, facts: Facts, blank: str) -> None:
        self.facts, self.blank = facts, blank
        self.boxes: list[Box] = []
        self.wires: list[Wire] = []
        self.shapes: list[tuple[Size, ...]] = []  # of the value on each wire
        self.loops = Loops([], [])

    def figure(self, direction: Direction) -> Figure:
        facts = self.facts
        # What an array of one number is made of, and nothing else is.
        inside = {n.expr for n in facts.view.nodes if facts.leaving[n.expr] and n.expr is not facts.top
                  and all(is_number(e.user.expr) for e in facts.leaving[n.expr])}
        for node in facts.view.nodes:
            if facts.shown(node.expr) and node.expr not in inside and (
                    not is_number(node.expr) or node.expr is facts.top):
                self.boxes.append(self.box(node))
        for edge in facts.edges:
            user = edge.user.expr
            drawn = facts.shown(user) and user not in inside and not is_number(user)
            if drawn and not (edge.position == 1 and folds_exponent(edge.user)):
                self.wire(edge)
        self.output()
        if facts.backward is None and facts.point is None:
            self.loops = opened(facts.view, self.boxes, self.wires, self.plain, facts.constant, folds_exponent)
            self.boxes, self.wires = self.loops.boxes, self.loops.wires
        return self.finished(direction)

    def plain(self, node: ViewNode, key: str) -> Box:
        """The box of an operation without values, which stands in the step of a loop."""
        tex = operation_tex(node)
        kind: Kind = "function" if outline(tex, LABEL_SIZE).width > 16.0 else "operation"
        return Box(key, kind, tex, None, node.expr.op.name in _ORDERED and not folds_exponent(node))

    def box(self, node: ViewNode) -> Box:
        kind: Kind = {"input": "data", "param": "parameter", "const": "constant", "size": "constant"}.get(
            node.expr.op.name, "operation")  # type: ignore[assignment]
        plates = self.facts.plates
        tex = self.facts.name(node.expr) if node.is_leaf else plates.marks.get(node.expr) or operation_tex(node)
        if node.expr in plates.firsts:
            tex = f"{plates.firsts[node.expr]} = {tex}"
        if kind == "operation" and outline(tex, LABEL_SIZE).width > 16.0:
            kind = "function"
        ordered = node.expr.op.name in _ORDERED and not folds_exponent(node)
        return Box(node.name, kind, tex, self.note(node.expr), ordered)

    def note(self, expr: Expr) -> Label | None:
        """The sum at a fan-out, which is where a gradient is an addition."""
        facts = self.facts
        if expr in facts.plates.inside:
            return None
        if facts.backward is None or len(facts.active_edges(expr)) < 2:
            return None
        bar = facts.bar(expr)
        if facts.point is None:
            return Label(f"{bar} = {facts.sum_tex(expr, values=False)}", "gradient", self.hides_gradients)
        if expr.ndim:
            return Label(facts.adjoint_equation(expr), "gradient", self.hides_gradients)
        total = facts.adjoint_value(expr)
        return Label(f"{bar} = {facts.sum_tex(expr, values=True)} = {total}", "gradient", self.hides_gradients)

    @property
    def hides_gradients(self) -> bool:
        return self.blank in ("gradients", "all")

    def wire(self, edge: Edge) -> None:
        tail = self.facts.nodes[self.facts.drawn_as(edge.operand)].name
        if is_number(edge.operand):
            # A constant is drawn where it is used: one box a use, and no wires across the figure.
            tail = f"{edge.user.name} operand {edge.position}"
            self.boxes.append(Box(tail, "constant", self.facts.name(edge.operand)))
        self.wires.append(Wire(tail, edge.user.name, *(self.indexed(edge) or (
            self.first(edge.operand), self.second(edge)))))
        self.shapes.append(edge.operand.shape)

    def indexed(self, edge: Edge) -> tuple[Label | None, Label | None] | None:
        """The labels of a wire in a plate, which stand for those of all copies; None for other wires."""
        facts, user = self.facts, edge.user.expr
        carried = facts.plates.carried.get((user, edge.position))
        if (carried is None and edge.operand not in facts.plates.inside) or is_number(edge.operand):
            return None
        name = carried or facts.name(edge.operand)
        named = carried or facts.nodes[edge.operand].operands or facts.backward is not None
        first = Label(name, "value") if named else None
        if facts.backward is None:
            return first, Label(facts.shape(edge.operand), "muted") if edge.operand.ndim else None
        return first, Label(barred(name), "gradient") if edge.active else None

    def first(self, expr: Expr) -> Label | None:
        facts = self.facts
        if is_number(expr):
            return None
        if facts.point is not None:
            given = not facts.nodes[expr].operands
            return Label(facts.value(expr), "value", self.blank in ("values", "all") and not given)
        if facts.backward is None and not facts.nodes[expr].operands:
            return None
        hidden = self.blank in ("values", "all") and bool(facts.nodes[expr].operands)
        return Label(facts.name(expr), "value", hidden)

    def second(self, edge: Edge) -> Label | None:
        facts = self.facts
        if facts.backward is None:
            return Label(facts.shape(edge.operand), "muted") if edge.operand.ndim and facts.point is None else None
        if not edge.active:
            return None
        if facts.point is None and edge.operand in facts.plates.stands_for:
            return Label(facts.bar(edge.operand), "gradient")
        if facts.point is not None:
            return Label(facts.handed_value(edge), "gradient", self.hides_gradients)
        alone = len(facts.active_edges(edge.operand)) == 1
        return Label(facts.bar(edge.operand) if alone else facts.product(edge), "gradient", self.hides_gradients)

    def output(self) -> None:
        facts = self.facts
        node = facts.nodes[facts.top]
        if node.is_leaf:
            return
        second = None
        if facts.backward is not None:
            seed = facts.adjoint_value(facts.top) if facts.point is not None else f"{facts.bar(facts.top)} = 1"
            second = Label(seed, "gradient")
        elif facts.top.ndim and facts.point is None:
            second = Label(facts.shape(facts.top), "muted")
        first = self.first(facts.top) if facts.point is not None or facts.backward is not None else None
        tex = facts.name(facts.top)
        if facts.top in facts.plates.ends:
            tex += f" = {facts.plates.ends[facts.top]}"
        self.boxes.append(Box("output", "output", tex))
        self.wires.append(Wire(facts.nodes[facts.drawn_as(facts.top)].name, "output", first, second))
        self.shapes.append(facts.top.shape)

    def finished(self, direction: Direction) -> Figure:
        facts, words = self.facts, phrases(self.facts.lang)
        wires, note = self.wires, 0.0
        if facts.point is not None:
            wires = roomy(wires, [(shape, shape) for shape in self.shapes], 26.0)
        elif facts.backward is not None:  # names are of one sort, and contributions to a sum are of one
            uses = Counter(w.tail for w in wires)
            wires = roomy(wires, [("name", "share" if uses[w.tail] > 1 else "adjoint") for w in wires], 22.0)
        if facts.point is not None or facts.backward is not None:
            note = max((outline(b.note.tex, LABEL_SIZE).width for b in self.boxes if b.note), default=0.0)
        kind = "forward" if facts.backward is None and facts.point is None else (
            "values" if facts.backward is None else "circuit")
        heading = words["blank"].format(what=words[f"blank {self.blank}"]) if self.blank else ""
        return Figure(self.boxes, wires, self.legend(), words[f"{kind} title"].format(f=title_name(facts)),
                      describe(facts, self.blank), heading, direction, facts.lang, note_width=note,
                      clusters=frames_of(facts, self.boxes, wires, loops=self.loops))

    def legend(self) -> list[Entry]:
        words = phrases(self.facts.lang)
        entries = []
        bare = self.facts.point is None  # names stand on the wires, not numbers
        tones = {w.first.tone for w in self.wires if w.first} | {w.second.tone for w in self.wires if w.second}
        if "value" in tones:
            entries.append(Entry("first", words["name" if bare else "value"], "value", "x" if bare else "3"))
        if "gradient" in tones:
            entries.append(Entry("second", words["gradient"], "gradient", r"\bar{x}" if bare else "3"))
        if "muted" in tones:
            entries.append(Entry("second", words["shape"], "muted", "N"))
        return entries + kinds_used(self.boxes, words)


def kinds_used(boxes: list[Box], words: dict[str, str]) -> list[Entry]:
    """A line for each kind of box in the figure; a function is an operation, the output is plain."""
    kinds = {"operation" if b.kind == "function" else b.kind for b in boxes}
    order: tuple[Kind, ...] = ("data", "parameter", "constant", "operation", "adjoint")
    return [Entry(kind, words[kind]) for kind in order if kind in kinds]


def roomy(wires: Sequence[Wire], sorts: Sequence[tuple[Hashable, Hashable]], least: float) -> list[Wire]:
    """The wires, with one room for all labels of one sort: a blank sheet then has the layout of its solution.

    `sorts` has that of the first and the second label of each wire. It may only tell what the figure shows
    anyhow, such as the shape of a value, so that no box betrays its answer.
    """
    inks: dict[Hashable, list[Outline]] = defaultdict(list)
    for w, kinds in zip(wires, sorts):
        for label, kind in zip((w.first, w.second), kinds):
            if label is not None:
                inks[kind].append(outline(label.tex, LABEL_SIZE))
    rooms = {kind: (max(least, max(k.width for k in group) + 4.0), max(13.0, *(k.height + k.depth for k in group)))
             for kind, group in inks.items()}
    return [replace(w, first=w.first and replace(w.first, room=rooms[kinds[0]]),
                    second=w.second and replace(w.second, room=rooms[kinds[1]])) for w, kinds in zip(wires, sorts)]


def frames_of(facts: Facts, boxes: Sequence[Box], wires: Sequence[Wire], formulas: bool = True,
              loops: Loops | None = None) -> tuple[Cluster, ...]:
    """The frames of the scopes that the operations were made in, each with the formula of what it gives."""
    drawn = {b.key for b in boxes}
    nodes = {n.name: n for n in facts.view.nodes if not n.is_leaf and n.name in drawn}
    lines = {k: () if n.expr.within is None else n.expr.within.line for k, n in nodes.items()}
    lines |= {k: facts.plates.lines[n.expr] for k, n in nodes.items() if n.expr in facts.plates.lines}
    loops = loops or Loops([], [])
    lines |= loops.lines
    words = phrases(facts.lang)

    def title(run: Instance) -> str:
        return words.get(f"scope {run.title}", run.title) if run.library else run.title

    def formula(run: Instance, members: Sequence[str]) -> str:
        known = formulas and all(k in nodes for k in members)
        return facts.module_formula([nodes[k] for k in members]) if known else ""

    leaves = {n.name: n.expr for n in facts.view.nodes if n.is_leaf and n.name in drawn}

    def outside(key: str) -> bool | None:
        leaf = leaves.get(key)
        if key in loops.apart or leaf in facts.plates.firsts:
            return True
        return False if leaf in facts.plates.inside else None

    return clusters_of(boxes, wires, lines, Words(title, formula, outside, facts.plates.titles | loops.titles))


def title_name(facts: Facts) -> str:
    """f = its formula while that is short, else its name."""
    top = facts.nodes[facts.top]
    formula = facts.written_out(top)
    return f"{top.name} = {formula}" if len(formula) <= 70 else top.name


def describe(facts: Facts, blank: str = "") -> str:
    """The figure in words: each value with its formula (and number), then each gradient. Not what is left blank."""
    words = phrases(facts.lang)
    lines = []
    values = facts.point is not None and blank not in ("values", "all")
    inner = [n for n in facts.view.nodes if not n.is_leaf and not is_number(n.expr)]
    for node in inner[:40]:
        parts = {"name": node.name, "formula": facts.one_step(node)}
        if values:
            parts["value"] = unicode_text(facts.value(node.expr))
        lines.append(words["value is" if values else "name is"].format(**parts))
    if facts.backward is not None and facts.point is not None and blank not in ("gradients", "all"):
        for w in facts.backward.wrt:
            if w in facts.nodes:
                lines.append(words["adjoint is"].format(
                    name=facts.nodes[w].name, value=unicode_text(facts.adjoint_value(w))))
    more = " …" if len(inner) > 40 else ""
    return "; ".join(lines) + more + ("." if lines else "")


def backward_figure(facts: Facts, direction: Direction) -> Figure:
    """Adjoint boxes from the output back to the leaves, one wire for each edge of the dynamic program."""
    assert facts.backward is not None
    shown = [n for n in facts.view.nodes if n.expr in facts.rows and facts.shown(n.expr)]
    leaves = [n for n in shown if n.is_leaf]
    later = [n for n in reversed(shown) if not n.is_leaf]
    boxes = [_adjoint_box(facts, n) for n in [*later, *leaves]]
    wires = [_adjoint_wire(facts, e) for e in facts.edges if e.active and facts.shown(e.user.expr)]
    words = phrases(facts.lang)
    first = Entry("first", words["local"], "ink", r"\partial")
    second = Entry("second", words["handed"], "gradient", r"\bar{x}" if facts.point is None else "3")
    if not facts.scalar:
        first = Entry("first", words["done"], "ink", r"\cdot\, W^{\top}")
        second = second if facts.point is not None else Entry("second", words["shape"], "muted", "N")
    legend = [first, *([second] if any(w.second for w in wires) else []), Entry("adjoint", words["adjoint"])]
    title = words["backward title"].format(f=title_name(facts))
    return Figure(boxes, wires, legend if wires else legend[-1:], title, describe(facts), "", direction, facts.lang,
                  clusters=frames_of(facts, boxes, wires, formulas=False))


def _adjoint_box(facts: Facts, node: ViewNode) -> Box:
    expr = node.expr
    tex = facts.bar(expr)
    inside = expr in facts.plates.inside
    if facts.point is not None and not inside:
        tex = facts.adjoint_equation(expr)
    elif expr is facts.top:
        tex += " = 1"
    note = None
    edges = [] if inside else facts.active_edges(expr)
    # In a tensor graph without numbers the formula of an adjoint stands beside it, and the shape on the edge.
    if (facts.scalar and len(edges) > 1) or (not facts.scalar and edges and facts.point is None):
        note = Label(facts.sum_tex(expr, values=facts.point is not None), "gradient")
    return Box(node.name, "adjoint", tex, note)


def _adjoint_wire(facts: Facts, edge: Edge) -> Wire:
    tail, head = edge.user.name, facts.nodes[facts.drawn_as(edge.operand)].name
    carried = facts.plates.carried.get((edge.user.expr, edge.position))
    plates = facts.plates
    if carried or edge.user.expr in plates.inside or edge.operand in plates.inside | plates.stands_for.keys():
        shape = Label(facts.shape(edge.operand), "muted") if edge.operand.ndim else None
        return Wire(tail, head, shape, Label(barred(carried or facts.name(edge.operand)), "gradient"), "gradient")
    if not facts.scalar:
        if facts.point is not None:  # what alone is handed to a value is its adjoint, which the box says
            alone = len(facts.active_edges(edge.operand)) == 1 and edge.operand is not facts.top
            below: Label | None = None if alone else Label(facts.handed_value(edge), "gradient")
        else:
            size = facts.shape(edge.user.expr if edge.user.expr.op.name == "item" else edge.operand)
            below = Label(size, "muted") if size else None
        return Wire(tail, head, Label(facts.operator(edge)), below, "gradient")
    local = facts.local(edge)
    above = f"{facts.partial(edge)} = {facts.local_tex(edge)}"
    if facts.point is None:
        return Wire(tail, head, Label(above), Label(facts.product(edge), "gradient"), "gradient")
    if local is not None and local.op.name != "const":
        above += f" = {facts.value(local)}"
    return Wire(tail, head, Label(above), Label(facts.product_value(edge), "gradient"), "gradient")
