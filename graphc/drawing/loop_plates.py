"""A scan drawn as a plate around its step, in place of one box: what comes in, what it computes, what goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ..formula import tex_name
from ..ir import BOUND, LEAVES, Expr
from ..scopes import Instance
from ..view import View, ViewNode, teaching_view
from .figure import Box, Label, Wire
from .folding import TIME


@dataclass
class Loops:
    """The scans of a figure that are drawn open: boxes and wires with their steps, and what frames need to know.

    `lines` has the scopes around each box of a step, `titles` what stands on the plates, `apart` the boxes that only
    begin a loop and stand outside.
    """

    boxes: list[Box]
    wires: list[Wire]
    lines: dict[str, tuple[Instance, ...]] = field(default_factory=dict)
    titles: dict[Instance, str] = field(default_factory=dict)
    apart: set[str] = field(default_factory=set)


def opened(view: View, boxes: Sequence[Box], wires: Sequence[Wire], box: Callable[[ViewNode, str], Box],
           constant: Callable[[Expr], str], folded: Callable[[ViewNode], bool]) -> Loops:
    """The figure with each scan opened whose results are all computed in its step.

    `box` draws an operation under a key, `constant` writes a number, `folded` says that the second operand is
    part of the function.
    """
    loops = Loops(list(boxes), list(wires))
    shown = {b.key for b in boxes}
    for node in view.nodes:
        if node.expr.op.name == "scan" and node.name in shown:
            step = node.expr.attrs[0]
            if all(out.op.name not in LEAVES for out in step.outputs):
                _Loop(loops, view, node, box, constant, folded).open()
    return loops


class _Loop:
    def __init__(self, loops: Loops, view: View, node: ViewNode, box: Callable[[ViewNode, str], Box],
                 constant: Callable[[Expr], str], folded: Callable[[ViewNode], bool]) -> None:
        self.loops, self.node, self.box, self.constant, self.folded = loops, node, box, constant, folded
        body, self.carries, self.sequences, self.length, self.reverse = node.expr.attrs
        self.outputs: tuple[Expr, ...] = body.outputs
        self.step = teaching_view(self.outputs, output_name="h")
        self.items = {n.name: n.expr.attrs[0] for n in view.nodes
                      if n.expr.op.name == "item" and n.operands[0] is node.expr}
        self.entering = [w for w in loops.wires if w.head == node.name]
        self.outer = {n.expr: n for n in view.nodes}

    def open(self) -> None:
        loops, key = self.loops, self.node.name
        line = self.node.expr.within.line if self.node.expr.within else ()
        plate = Instance("", line[-1] if line else None, False)
        numbers = (self.length, 1) if self.reverse else (1, self.length)
        loops.titles[plate] = rf"{TIME} = {numbers[0]}, \ldots, {numbers[1]} \quad (\times {self.length})"
        inner: list[Box] = []
        wires: list[Wire] = []
        for n in self.step.nodes:
            if n.is_leaf:
                continue
            inner.append(self.box(n, self._key(n.expr)))
            loops.lines[inner[-1].key] = (*line, plate)
            for i, a in enumerate(n.operands):
                if i == 1 and self.folded(n):
                    continue
                if a.op.name in LEAVES and a.op is not BOUND:
                    inner.append(Box(f"{self._key(n.expr)} operand {i}", "constant", self.constant(a)))
                    wires.append(Wire(inner[-1].key, self._key(n.expr)))
                else:
                    wires.append(self._wire(a, self._key(n.expr)))
        place = next(i for i, b in enumerate(loops.boxes) if b.key == key)
        kept = [b for b in loops.boxes if b.key != key and b.key not in self.items]
        loops.boxes[:] = [*kept[:place], *inner, *kept[place:]]
        gone = {key, *self.items}
        leaving = [self._leaving(w) for w in loops.wires if w.tail in self.items]
        loops.wires[:] = [*(w for w in loops.wires if not {w.tail, w.head} & gone), *wires, *leaving]
        loops.apart |= {w.tail for w in self.entering[: self.carries]}

    def _key(self, expr: Expr) -> str:
        return f"{self.node.name} {self.step.names[expr]}"

    def _wire(self, a: Expr, head: str) -> Wire:
        second = Label(r" \times ".join(map(str, a.shape)), "muted") if a.ndim else None
        if a.op is not BOUND:
            return Wire(self._key(a), head, Label(self._name(a, f"({TIME})"), "value"), second)
        kind, index = a.attrs[2:4]
        place = index + {"carry": 0, "x": self.carries}.get(kind, self.carries + self.sequences)
        comes = self.entering[place]
        if kind == "carry":
            return Wire(comes.tail, head, Label(self._name(self.outputs[index], self._before()), "value"), second)
        if kind == "x":
            given = self.outer[self.node.operands[place]]
            name = f"{tex_name(given.name if given.expr.op.name != 'const' else 'x', a.ndim)}^{{({TIME})}}"
            return Wire(comes.tail, head, Label(name, "value"), second)
        return replace(comes, head=head)

    def _before(self) -> str:
        return f"({TIME}+1)" if self.reverse else f"({TIME}-1)"

    def _name(self, expr: Expr, index: str) -> str:
        return f"{tex_name(self.step.names[expr], expr.ndim)}^{{{index}}}"

    def _leaving(self, wire: Wire) -> Wire:
        index = self.items[wire.tail]
        out = self.outputs[index]
        if index >= self.carries:
            return replace(wire, tail=self._key(out))
        last = 1 if self.reverse else self.length
        return replace(wire, tail=self._key(out), first=Label(self._name(out, f"({last})"), "value"))
