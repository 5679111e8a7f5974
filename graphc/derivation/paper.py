"""The writer of a scalar graph: from the graph to the steps of its derivation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

from ..errors import InputError
from ..formula import format_node
from ..ir import INPUT, Expr, postorder, variable
from ..ops.elementwise import ADD
from ..reverse import Backward
from ..simplifier import simplify
from ..view import View, ViewNode, teaching_view
from .document import Derivation
from .local import local_derivatives, pulled
from .monomials import ONE, ZERO, Monomial, build, monomial, total
from .notation import Math, Notation, Prose, Several, joined
from .steps import Equation, Step
from .values import Number, evaluate, is_decimal, times, values_at, written

LONG = 90  # characters, past which an adjoint is carried on by its name
SIMPLIFIED = 150  # nodes of a gradient that is also put through `simplify`
RESULT = 160  # characters of a result that is worth writing out in the inputs


@dataclass(frozen=True, slots=True)
class _Edge:
    """An operand (once, even where it enters twice) of an active node, and the derivative by it."""

    user: ViewNode
    operand: Expr
    local: Monomial  # in the symbols of the view
    exact: Monomial  # in the nodes themselves


class Writer:
    """One derivation being written: the view, its symbols, the edges that matter, the adjoints."""

    def __init__(self, found: Backward, at: Mapping[Any, Any] | None, notation: Notation,
                 detail: str = "long") -> None:
        self.found, self.n, self.long = found, notation, detail == "long"
        self.f, self.wrt = found.output, found.wrt
        order = postorder([self.f])
        self.view: View = teaching_view(self.f)
        self.names = dict(self.view.names)
        self.shown = {node.expr: node for node in self.view.nodes}
        self.values: dict[Expr, Number] | None = None if at is None else values_at(at, order)
        self.point = dict(at or {})
        self.decimals = any(is_decimal(v) for v in self.point.values())
        self.symbol = self._symbols()
        self.active = {row.node for row in found.rows} & self.shown.keys()
        self._check_wrt(order)
        self.edges = self._edges()
        self.bars = {v: self._stand_in(f"adjoint_{i}", v) for i, v in enumerate(self.active_order())}
        for v, bar in self.bars.items():
            self.n.names[bar] = self.n.bar(self.names[v]).text
            self.n.tex_names[bar] = f"{self.names[v]}_bar"
        self.adjoint_value = self._adjoint_values()

    def _check_wrt(self, order: Sequence[Expr]) -> None:
        inside = set(order)
        for w in self.wrt:
            if w in inside and w not in self.shown:
                raise InputError(f"derive: wrt {w!r} is part of a longer sum; give it a name of its own with "
                                 f".named(...) (declared at {w.place})")

    # -- symbols: every value of the view under its name ------------------------------------------------------

    def _symbols(self) -> dict[Expr, Expr]:
        symbols: dict[Expr, Expr] = {}
        for i, node in enumerate(self.view.nodes):
            e = node.expr
            inline = node.is_leaf or (e.type.dtype == "bool" and e.label is None)
            symbols[e] = self._over(node, symbols) if inline else self._stand_in(f"value_{i}", e)
            if not inline:
                self.n.names[symbols[e]] = self.n.tex_names[symbols[e]] = self.names[e]
        return symbols

    def _stand_in(self, label: str, node: Expr) -> Expr:
        return variable(INPUT, label, (), node.type.dtype, declare=False)

    def _over(self, node: ViewNode, symbols: Mapping[Expr, Expr]) -> Expr:
        """The node's own operation over the symbols of its operands."""
        if node.is_leaf:
            return node.expr
        operands = [symbols[a] for a in node.operands]
        return reduce(ADD, operands) if node.expr.op is ADD else node.expr.op.make(tuple(operands), node.expr.attrs)

    # -- edges and adjoints -----------------------------------------------------------------------------------

    def _edges(self) -> dict[Expr, list[_Edge]]:
        """For each active value, the edges to its users, in the order of computation."""
        edges: dict[Expr, list[_Edge]] = {v: [] for v in self.active}
        for node in self.view.nodes:
            if node.expr in self.active:
                symbols = self._locals(node, self.symbol[node.expr], [self.symbol[a] for a in node.operands])
                exact = self._locals(node, node.expr, node.operands)
                for operand in dict.fromkeys(node.operands):
                    if operand in self.active:
                        edges[operand].append(_Edge(node, operand, symbols[operand], exact[operand]))
        return edges

    def _locals(self, node: ViewNode, y: Expr, operands: Sequence[Expr]) -> dict[Expr, Monomial]:
        terms: dict[Expr, list[Monomial]] = {}
        if not node.is_leaf:
            for operand, d in zip(node.operands, local_derivatives(node.expr, y, operands)):
                terms.setdefault(operand, []).append(ZERO if d is None else monomial(d))
        return {operand: total(parts) for operand, parts in terms.items()}

    def active_order(self) -> list[Expr]:
        """Values from f back, users first; of two equally far from f the one computed first; leaves last,
        those where paths meet after the others."""
        depth: dict[Expr, int] = {self.f: 0}
        for node in reversed(self.view.nodes):
            for operand in node.operands:
                depth[operand] = max(depth.get(operand, 0), depth[node.expr] + 1)
        place = {node.expr: i for i, node in enumerate(self.view.nodes)}
        asked = {w: i for i, w in enumerate(self.wrt)}
        leaves = [v for v in self.active if not self.shown[v].operands]
        inner = [v for v in self.active if self.shown[v].operands]
        return sorted(inner, key=lambda v: (depth[v], place[v])) + sorted(
            leaves, key=lambda v: (len(self.edges[v]) > 1, asked[v]))

    def _adjoint_values(self) -> dict[Expr, Number] | None:
        """Numbers for the adjoints, by the rows' own pullbacks, so that a kink has its convention."""
        if self.values is None:
            return None
        evaluate(self.f, self.values)
        found: dict[Expr, Number] = {}
        for v in self.bars:
            parts = [times(found[e.user.expr], self.local_value(e)) for e in self.edges[v]]
            found[v] = sum(parts[1:], parts[0]) if parts else 1
        return found

    def local_value(self, edge: _Edge) -> Number:
        """The derivative along an edge as a number, from the pullback of the row."""
        assert self.values is not None
        node = edge.user
        slope: Number = Fraction(0)
        for operand, d in zip(node.operands, pulled(node.expr, node.expr, node.operands)):
            if operand is edge.operand and d is not None:
                slope += evaluate(d, self.values) if isinstance(d, Expr) else d
        return slope

    # -- writing ----------------------------------------------------------------------------------------------

    def derivation(self) -> Derivation:
        blocks = [self._forward()]
        if any(w in self.active for w in self.wrt):
            blocks += [self._local()] * self.long + self._chain()
        results, last = self._results()
        blocks.append(last)
        steps = tuple(Step(kind, i, *rest) for i, (kind, *rest) in enumerate(blocks, 1))
        goals = [self.n.inline_partial(self.names[self.f], self._name(w)) for w in self.wrt]
        return Derivation(self.f, self.wrt, self.n.lang, steps, results,
                          self.n.say("heading", goal=Several(tuple(goals), ", ")), self._preface())

    def _preface(self) -> tuple[Prose, ...]:
        if self.values is None:
            return ()
        order = [v for v in self.view.nodes if v.is_leaf and v.expr.label is not None and v.expr in self.values]
        order.sort(key=lambda v: v.expr.serial)
        pairs = [self.n.name(v.name) + Math(" = ", " = ") + self._number(self.values[v.expr])[0] for v in order]
        separator = " ; " if self.n.lang == "fr" else ", "
        return (self.n.say("at", point=joined(pairs, separator, rf"{separator.strip()}\ ")),) if pairs else ()

    def _name(self, w: Expr) -> str:
        return self.names.get(w) or w.label or format_node(w, "unicode", limit=40)

    def _number(self, value: Number) -> tuple[Math, bool]:
        text, exact = written(value, "unicode", self.n.lang, self.decimals)
        tex, _ = written(value, "latex", self.n.lang, self.decimals)
        return Math(text, tex), exact

    def _equation(self, sides: Iterable[Math | None], value: Number | None = None) -> Equation:
        """The sides that say something new, then the value."""
        kept: list[Math] = []
        for side in sides:
            if side is not None and (len(kept) < 2 or side.text != kept[-1].text):
                kept.append(side)
        if len(kept) == 1:
            kept.append(Math("…", r"\ldots"))
        if value is None:
            return Equation(tuple(kept))
        number, exact = self._number(value)
        if PLAIN_NUMBER.fullmatch(kept[-1].text):
            return Equation(tuple(kept))
        return Equation((*kept, number), not exact)

    def _value(self, node: Expr) -> Number | None:
        return None if self.values is None else self.values[node]

    def _adjoint_number(self, node: Expr) -> Number | None:
        return None if self.adjoint_value is None else self.adjoint_value[node]

    def _forward(self) -> tuple[Any, ...]:
        rows = [n for n in self.view.nodes if not n.is_leaf and self.symbol[n.expr] in self.n.names]
        lines = [self._equation([self.n.name(n.name), self.n.formula(self._over(n, self.symbol), 10 * LONG)],
                                self._value(n.expr)) for n in rows]
        say = "forward_prose" if rows else "forward_leaf"
        return "forward", self.n.say("forward"), (self.n.say(say, f=self.n.name(self.names[self.f])),), tuple(lines)

    def _local(self) -> tuple[Any, ...]:
        edges = [e for node in self.view.nodes for v in dict.fromkeys(node.operands) if v in self.active
                 for e in self.edges[v] if e.user is node]
        lines = [self._equation([self.n.partial(e.user.name, self.names[e.operand]),
                                 self.n.formula(build(e.local), 10 * LONG)],
                                None if self.values is None else self.local_value(e)) for e in edges]
        wrt = self.n.listed([self.n.name(self.names[w]) for w in self.wrt if w in self.active])
        prose = self.n.say("local_prose", wrt=wrt, f=self.n.name(self.names[self.f]))
        return "local", self.n.say("local"), (prose,) if lines else (), tuple(lines), self._conventions(edges)

    def _conventions(self, edges: Sequence[_Edge]) -> tuple[Prose, ...]:
        said: dict[str, Prose] = {}
        for name in (e.user.expr.op.name for e in edges):
            if name in KINKS:
                said[name] = self.n.say("relu", kink=KINKS[name])
            elif name in TIES:
                said[name] = self.n.say("tie", f=TIES[name])
            elif name == "sign":
                said[name] = self.n.say("constant", f=Math("sign", r"\operatorname{sign}"))
        return tuple(said.values())

    def _chain(self) -> list[tuple[Any, ...]]:
        """One block for each run of values with one user, and one for each value where paths meet."""
        blocks: list[tuple[Any, ...]] = []
        adjoint: dict[Expr, Monomial] = {}
        run: list[Equation] = []
        for v in self.bars:
            edges = self.edges[v]
            if len(edges) < 2:
                run.append(self._single(v, edges, adjoint))
                continue
            if not self.long:
                run += self._meeting(v, edges, adjoint)[-1]
                continue
            blocks += self._flush(run, not blocks)
            run = []
            blocks.append(self._meeting(v, edges, adjoint))
        return blocks + self._flush(run, not blocks)

    def _flush(self, run: Sequence[Equation], first: bool) -> list[tuple[Any, ...]]:
        if not run:
            return []
        f, v = self.names[self.f], "v"
        say = self.n.say("chain_prose", vbar=self.n.bar(v), partial=self.n.inline_partial(f, v),
                         fbar=self.n.bar(f) + Math(" = 1", " = 1")) if first else self.n.say("chain_more")
        return [("chain", self.n.say("chain"), (say,), tuple(run))]

    def _single(self, v: Expr, edges: Sequence[_Edge], adjoint: dict[Expr, Monomial]) -> Equation:
        name = self.n.bar(self.names[v])
        if not edges:
            adjoint[v] = ONE
            return self._equation([name, self.n.formula(build(ONE))])
        edge = edges[0]
        symbolic = self._product(edge) if self.long else self._term(edge) or self._product(edge)
        written_ = self._carry(v, edges, adjoint)
        near = self._term(edge) if len(symbolic.text) + len(written_.text if written_ else "") > LONG else None
        return self._equation([name, symbolic, written_ or near or self._term(edge)], self._adjoint_number(v))

    def _meeting(self, v: Expr, edges: Sequence[_Edge], adjoint: dict[Expr, Monomial]) -> tuple[Any, ...]:
        plus = Math(" + ", " + ")
        symbolic = joined([self._product(e) for e in edges], plus.text, plus.tex)
        terms = self.n.formula(reduce(ADD, [build(self._bar(e) * e.local) for e in edges]))
        numbers = self._contribution_numbers(edges)
        written_ = self._carry(v, edges, adjoint)
        sides = [self.n.bar(self.names[v]), symbolic if self.long else None, terms, written_, numbers]
        line = self._equation(sides, self._adjoint_number(v))
        return "paths", self.n.say("paths"), (self._paths_sentence(v, edges),), (line,)

    def _paths_sentence(self, v: Expr, edges: Sequence[_Edge]) -> Prose:
        paths = next(row.paths for row in self.found.rows if row.node is v)
        users = self.n.listed([self.n.name(e.user.name) for e in edges])
        slots = {"v": self.n.name(self.names[v]), "f": self.n.name(self.names[self.f]), "users": users,
                 "paths": Math(str(paths), str(paths)), "edges": Math(str(len(edges)), str(len(edges)))}
        return self.n.say("paths" + ("_prose" if paths <= len(edges) else "_shared"), **slots)

    def _contribution_numbers(self, edges: Sequence[_Edge]) -> Math | None:
        """12 + (−4): what each path brings, when all of it can be written exactly."""
        if self.adjoint_value is None:
            return None
        parts = [self._number(times(self.adjoint_value[e.user.expr], self.local_value(e))) for e in edges]
        if not all(exact for _, exact in parts):
            return None
        return joined([parts[0][0], *(_bracketed(m) for m, _ in parts[1:])], " + ", " + ")

    def _product(self, edge: _Edge) -> Math:
        """ū·∂u/∂v, the chain rule in symbols."""
        return (self.n.bar(edge.user.name) + Math("·", r" \cdot ")
                + self.n.partial(edge.user.name, self.names[edge.operand]))

    def _bar(self, edge: _Edge) -> Monomial:
        return Monomial(factors={self.bars[edge.user.expr]: 1})

    def _term(self, edge: _Edge) -> Math | None:
        return self.n.formula(build(self._bar(edge) * edge.local))

    def _carry(self, v: Expr, edges: Sequence[_Edge], adjoint: dict[Expr, Monomial]) -> Math | None:
        """The adjoint of `v` in the names of the view; past a length it goes on as the symbol v̄."""
        adjoint[v] = total(adjoint[e.user.expr] * e.local for e in edges)
        formula = self.n.formula(build(adjoint[v]), LONG)
        if formula is None:
            short = total(self._bar(e) * e.local for e in edges)
            formula = self.n.formula(build(short), 2 * LONG)
            adjoint[v] = Monomial(factors={self.bars[v]: 1})
        return formula

    # -- the result -------------------------------------------------------------------------------------------

    def _results(self) -> tuple[dict[Expr, Expr], tuple[Any, ...]]:
        names, nodes = self._monomials(exact=False), self._monomials(exact=True)
        results: dict[Expr, Expr] = {}
        lines: list[Equation] = []
        remarks: list[Prose] = []
        f = self.names[self.f]
        for w, gradient in zip(self.wrt, self.found.gradients):
            if w not in self.active:
                remarks.append(self.n.say("independent", f=self.n.name(f), w=self.n.name(self._name(w))))
            results[w] = _shorter(build(nodes.get(w, ZERO)), gradient)
            partial = self.n.partial(f, self._name(w))
            short = self.n.formula(build(names[w]), RESULT) if w in self.active else None
            full = self.n.formula(results[w], RESULT)
            bar = self.n.bar(self.names[w]) if w in self.active else None
            value = self._adjoint_number(w) if w in self.active else None
            lines.append(self._equation([partial, bar, short, full], value))
        say = (self.n.say("result_prose"),) if any(w in self.active for w in self.wrt) else ()
        title = "results" if len(self.wrt) > 1 else "result"
        return results, ("result", self.n.say(title), say, tuple(lines), tuple(remarks))

    def _monomials(self, exact: bool) -> dict[Expr, Monomial]:
        """Every adjoint as a product: in the nodes themselves (`exact`), or in the names of the view."""
        adjoint: dict[Expr, Monomial] = {}
        for v in self.bars:
            parts = [adjoint[e.user.expr] * (e.exact if exact else e.local) for e in self.edges[v]]
            adjoint[v] = total(parts) if parts else ONE
        return adjoint


PLAIN_NUMBER = re.compile(r"−?[\d.,]+(/\d+)?")

KINKS: Mapping[str, Math] = {
    "relu": Math("ReLU′(0) = 0", r"\operatorname{ReLU}'(0) = 0"),
    "absolute": Math("|·|′(0) = 0", r"|\cdot|'(0) = 0"),
}
TIES: Mapping[str, Math] = {"maximum": Math("max", r"\max"), "minimum": Math("min", r"\min")}


def _bracketed(m: Math) -> Math:
    return Math(f"({m.text})", rf"\left({m.tex}\right)") if m.text.startswith("−") else m


def _shorter(ours: Expr, gradient: Expr) -> Expr:
    """Two forms of one derivative: the other only when it is much shorter, since ours keeps the chain's order."""
    if len(postorder([gradient])) > SIMPLIFIED:
        return ours
    other = simplify(gradient)
    if any(n.op.name == "astype" for n in postorder([other])):  # spelled for the machine
        return ours
    lengths = [len(format_node(e, "unicode", limit=2000)) for e in (ours, other)]
    return other if lengths[1] < 0.8 * lengths[0] else ours

