"""Figures of graphs: the forward graph and circuit, and the backward graph of adjoints."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir import Expr
from ..scopes import Instance
from ..view import ViewNode
from .facts import Edge, Facts, barred, is_number
from .figure import Box, Cluster, Direction, Entry, Figure, Kind, Label, Wire
from .grouping import Words, clusters_of
from .loop_plates import Loops, opened
from .mathtext import outline
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
    for dots in (r"\left(\cdot\right)", r"\left(\cdot, \cdot\right)"):
        if tex.endswith(dots) and tex != dots:
            return tex.removesuffix(dots)
    return tex


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
        self.loops = Loops([], [])

    def figure(self, direction: Direction) -> Figure:
        facts = self.facts
        for node in facts.view.nodes:
            if facts.shown(node.expr) and (not (node.is_leaf and is_number(node.expr)) or node.expr is facts.top):
                self.boxes.append(self.box(node))
        for edge in facts.edges:
            if facts.shown(edge.user.expr) and not (edge.position == 1 and folds_exponent(edge.user)):
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
            return Label(f"{bar} = {facts.sum_tex(expr, values=False)}", "gradient")
        total = facts.adjoint_value(expr)
        if expr.ndim:
            return Label(f"{bar} = {total}", "gradient", self.hides_gradients)
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
        return Label(facts.name(expr), "value")

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
        return Label(facts.bar(edge.operand) if alone else facts.product(edge), "gradient")

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

    def finished(self, direction: Direction) -> Figure:
        facts, words = self.facts, phrases(self.facts.lang)
        width, height, note = uniform(self.wires, self.boxes) if facts.point is not None else (0.0, 0.0, 0.0)
        kind = "forward" if facts.backward is None and facts.point is None else (
            "values" if facts.backward is None else "circuit")
        heading = words["blank"].format(what=words[f"blank {self.blank}"]) if self.blank else ""
        return Figure(self.boxes, self.wires, self.legend(), words[f"{kind} title"].format(f=title_name(facts)),
                      describe(facts), heading, direction, facts.lang, width, height, note,
                      frames_of(facts, self.boxes, self.wires, loops=self.loops))

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


def uniform(wires: list[Wire], boxes: list[Box]) -> tuple[float, float, float]:
    """One width and height for every label, and one width for every note.

    A sheet with blanks then has the layout of its solution, and no box betrays its answer.
    """
    inks = [outline(label.tex, LABEL_SIZE) for w in wires for label in (w.first, w.second) if label]
    notes = [outline(b.note.tex, LABEL_SIZE).width for b in boxes if b.note]
    width = max((ink.width for ink in inks), default=0.0)
    height = max((ink.height + ink.depth for ink in inks), default=0.0)
    return max(26.0, width + 4.0), max(13.0, height), max(notes, default=0.0)


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


def describe(facts: Facts) -> str:
    """The figure in words: each value with its formula (and number), then each gradient."""
    words = phrases(facts.lang)
    lines = []
    inner = [n for n in facts.view.nodes if not n.is_leaf]
    for node in inner[:40]:
        parts = {"name": node.name, "formula": facts.one_step(node)}
        if facts.point is not None:
            parts["value"] = unicode_text(facts.value(node.expr))
        lines.append(words["value is" if facts.point is not None else "name is"].format(**parts))
    if facts.backward is not None and facts.point is not None:
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
    first = "local" if facts.scalar else "shape"
    legend = [Entry("first", words[first], "ink", r"\partial" if facts.scalar else "N"),
              Entry("second", words["handed"], "gradient", r"\bar{x}" if facts.point is None else "3"),
              Entry("adjoint", words["adjoint"])]
    title = words["backward title"].format(f=title_name(facts))
    return Figure(boxes, wires, legend if wires else legend[2:], title, describe(facts), "", direction, facts.lang,
                  clusters=frames_of(facts, boxes, wires, formulas=False))


def _adjoint_box(facts: Facts, node: ViewNode) -> Box:
    expr = node.expr
    tex = facts.bar(expr)
    if facts.point is not None and expr not in facts.plates.inside:
        tex += f" = {facts.adjoint_value(expr)}"
    elif expr is facts.top:
        tex += " = 1"
    note = None
    if expr not in facts.plates.inside and len(facts.active_edges(expr)) > 1 and (facts.scalar or facts.point is None):
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
        first = Label(facts.shape(edge.operand), "muted") if edge.operand.ndim else None
        below = facts.product(edge) if facts.point is None else facts.handed_value(edge)
        return Wire(tail, head, first, Label(below, "gradient"), "gradient")
    local = facts.local(edge)
    above = f"{facts.partial(edge)} = {facts.local_tex(edge)}"
    if facts.point is None:
        return Wire(tail, head, Label(above), Label(facts.product(edge), "gradient"), "gradient")
    if local is not None and local.op.name != "const":
        above += f" = {facts.value(local)}"
    return Wire(tail, head, Label(above), Label(facts.product_value(edge), "gradient"), "gradient")
