"""The writer of a graph with arrays: shapes, the rule of each operation, adjoints as arrays, the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..dims import Size
from ..ir import INPUT, Expr, lift, postorder, variable
from ..ops.elementwise import ADD
from ..ops.shaping import BROADCAST_TO
from ..reverse import Backward, gradients
from ..rewrite import rewrite
from ..simplifier import simplify
from ..values import Value, evaluate
from ..view import ViewNode, teaching_view
from .array_phrases import ARRAY_PHRASES
from .indexed import Indexed, broadcast_by_indices, product_by_indices, reduction_by_indices
from .matrices import array_values_at, is_decimal_point, written_value
from .notation import Math, Notation, Prose, Several, joined
from .paper import Writer
from .rules import WORDS, handed
from .steps import WIDTH, Equation, pieces
from .written import ArrayWriting, shape_math

SIMPLIFIED = 400  # nodes of an adjoint that is also written in the values of the forward pass
KNOWN = frozenset(ARRAY_PHRASES)
EXPLICIT = 60  # characters of such a form beside the rule
RESULT = 160  # characters of a result that is worth writing out
LAWS: Mapping[str, Math] = {
    "sigmoid": Math("σ′ = σ(1 − σ)", r"\sigma' = \sigma (1 - \sigma)"),
    "tanh": Math("tanh′ = 1 − tanh²", r"\tanh' = 1 - \tanh^2"),
    "outer": Math("(a ⊗ b)[i,j] = a[i]·b[j]", r"(\mathbf{a} \otimes \mathbf{b})_{ij} = a_i \, b_j"),
    "softmax": Math("diag(p) − p pᵀ", r"\operatorname{diag}(\mathbf{p}) - \mathbf{p} \, \mathbf{p}^{\top}"),
}


@dataclass(frozen=True, slots=True, eq=False)  # a comparison of nodes would build a node
class _Handed:
    """What `user` hands to one operand (once, even where that enters twice), over the symbols."""

    user: ViewNode
    operand: Expr
    value: Expr | None


class ArrayWriter(Writer):
    """One derivation being written, of a graph in which some values are arrays."""

    edges: dict[Expr, list[_Handed]]  # type: ignore[assignment]

    def __init__(self, found: Backward, at: Mapping[Any, Any] | None, notation: Notation,
                 detail: str = "long") -> None:
        self.found, self.n, self.long = found, notation, detail == "long"
        self.f, self.wrt = found.output, found.wrt
        order = postorder([self.f])
        self.view = teaching_view(self.f)
        self.names = dict(self.view.names)
        self.shown = {node.expr: node for node in self.view.nodes}
        self.sizes: dict[str, int] = {}
        self.values = None if at is None else array_values_at(at, order, self.sizes)
        self.decimals = at is not None and is_decimal_point(at.values())
        self.symbol = self._symbols()
        self.active = {row.node for row in found.rows} & self.shown.keys()
        if self.f not in self.active:  # nothing that can be differentiated leads to f
            self.active = set()
        self._check_wrt(order)
        self.edges = {v: [] for v in self.active}
        self.bars = {}
        for i, v in enumerate(self.active_order()):
            self.bars[v] = bar = self._stand_in(f"adjoint_{i}", v)
            self.n.names[bar] = self.n.bar(self.names[v]).text
            self.n.tex_names[bar] = f"{self.names[v]}_bar"
        for node in self.view.nodes:
            if node.expr in self.active and not node.is_leaf:
                self._hand(node)
        self.bars = {v: self.bars[v] for v in self.active_order()}
        self.writing = ArrayWriting(self.n, self.n.names, self.n.tex_names)
        inner = {n.expr: n.name for n in self.view.nodes if not n.is_leaf and self.symbol[n.expr] in self.n.names}
        self.by_name = ArrayWriting(self.n, inner, inner)
        self.simple = self._simplified()
        self.forms: set[str] = set()

    def _stand_in(self, label: str, node: Expr) -> Expr:
        return variable(INPUT, label, node.shape, node.type.dtype, declare=False)

    def _hand(self, node: ViewNode) -> None:
        g, y = self.bars[node.expr], self.symbol[node.expr]
        parts: dict[Expr, Expr | None] = {}
        for operand, value in zip(node.operands, handed(node.expr, g, y, [self.symbol[a] for a in node.operands])):
            if operand in self.active:
                parts[operand] = _total(parts.get(operand), value)
        for operand, total in parts.items():
            self.edges[operand].append(_Handed(node, operand, total))

    def _simplified(self) -> dict[Expr, Expr]:
        """The adjoints in the values of the forward pass, where they are small enough to simplify."""
        rows = {row.node: row.adjoint for row in self.found.rows}
        known = {v: a for v in self.bars if (a := rows.get(v)) is not None}
        logits = [n.operands[0] for n in self.view.nodes
                  if "softmax" in n.expr.op.name and n.operands[0] in self.active]
        stable = dict(zip(logits, gradients(self.f, logits))) | dict(zip(self.wrt, self.found.gradients))
        return _simple({v: a for v, a in known.items() if v not in stable}) | _simple(stable)

    # -- names, shapes, numbers -------------------------------------------------------------------------------

    def _of(self, v: Expr) -> Math:
        """The name of a value, its TeX bold for an array."""
        found = self.by_name.formula(v) if v.label is None else self.writing.formula(v)
        return found or self.n.name(self._name(v))

    def _bar_of(self, v: Expr) -> Math:
        found = self.writing.formula(self.bars[v])
        assert found is not None
        return found

    def _partial_of(self, w: Expr) -> Math:
        f, v = self._of(self.f), self._of(w)
        return Math(f"∂{f.text}/∂{v.text}", rf"\frac{{\partial {f.tex}}}{{\partial {v.tex}}}")

    def _space(self, shape: Sequence[Size]) -> Math:
        size = shape_math(shape)
        power = size.text if len(shape) == 1 and size.text.isalnum() else f"({size.text})"
        return Math(" ∈ ℝ" if not shape else f" ∈ ℝ^{power}",
                    r" \in \mathbb{R}" if not shape else rf" \in \mathbb{{R}}^{{{size.tex}}}")

    def _line(self, sides: Iterable[Math | None], value: Value | None = None, **rest: Any) -> Equation:
        """The sides that say something new, then the value."""
        line = replace(self._equation(sides), **rest)
        for side in line.sides:
            self.forms |= {mark for mark in ("𝟏", "⊙", "⊗") if mark in side.text}
        if value is None:
            return line
        number = written_value(value, self.n.lang, self.decimals)
        if number is None or number[0].text == line.sides[-1].text:
            return line
        kept = line.sides[:-1] if line.sides[-1].text == "…" else line.sides
        return replace(line, sides=(*kept, number[0]), approximate=not number[1], note=None)

    def _preface(self) -> tuple[Prose, ...]:
        given: Mapping[Expr, Value] = self.values or {}
        leaves = sorted((n.expr for n in self.view.nodes if n.is_leaf and n.expr.label is not None),
                        key=lambda v: v.serial)
        shapes = [self._of(v) + self._space(v.shape) for v in leaves]
        said = [self.n.say("shapes", shapes=Several(tuple(shapes), ", "))] if shapes else []
        pairs = [self._of(v) + Math(" = ", " = ") + number[0] for v in leaves
                 if v in given and (number := written_value(given[v], self.n.lang, self.decimals)) is not None]
        mark = " ; " if self.n.lang == "fr" else ", "
        if pairs:
            said.append(self.n.say("at", point=Several(tuple(pairs), mark)))
        return tuple(said)

    def _conventions_of_signs(self) -> list[Prose]:
        said = []
        if "⊙" in self.forms:
            said.append(self.n.say("termwise", sign=Math("⊙", r"\odot")))
        if "⊗" in self.forms:
            said.append(self.n.say("outer", sign=Math("⊗", r"\otimes"), law=LAWS["outer"]))
        if "𝟏" in self.forms:
            said.append(self.n.say("ones", one=Math("𝟏", r"\mathbf{1}")))
        return said

    # -- for tables -------------------------------------------------------------------------------------------

    def defined(self, v: Expr) -> Math:
        """The operation that makes `v`, over the names of its operands."""
        return self.writing.formula(self._over(self.shown[v], self.symbol), tidy=False) or Math("…", r"\ldots")

    def shares(self, v: Expr) -> list[tuple[Expr, Math]]:
        """Each user of `v`, with what it hands back."""
        zero, long = Math("0", "0"), Math("…", r"\ldots")
        return [(e.user.expr, zero if e.value is None else self.writing.formula(e.value) or long)
                for e in self.edges.get(v, ())]

    def explicit(self, v: Expr) -> Math | None:
        """The adjoint of `v` in the values of the forward pass, where that is short."""
        return self.by_name.formula(self.simple[v], EXPLICIT) if v in self.simple else None

    def _claimed(self) -> Mapping[Expr, Expr]:
        found = {s: v for v, s in self.symbol.items() if s is not v and s in self.n.names}
        return found | {bar: self.found.adjoint[v] for v, bar in self.bars.items()}

    def derivation(self) -> Any:
        whole = super().derivation()
        return replace(whole, preface=(*whole.preface, *self._conventions_of_signs()), symbols=self._claimed())

    # -- the steps --------------------------------------------------------------------------------------------

    def _forward(self) -> tuple[Any, ...]:
        rows = [n for n in self.view.nodes if not n.is_leaf and self.symbol[n.expr] in self.n.names]
        lines = [self._line([self._of(n.expr), self.writing.formula(self._over(n, self.symbol), tidy=False)],
                            self._value(n.expr), note=self._space(n.expr.shape) if n.expr.type.is_float else None)
                 for n in rows]
        return "forward", self.n.say("forward"), (self.n.say("forward_prose"),), tuple(lines)

    def _value(self, node: Expr) -> Any:
        return None if self.values is None else evaluate(node, self.values, self.sizes)

    def _adjoint_number(self, node: Expr) -> Any:
        return None if self.values is None else evaluate(self.found.adjoint[node], self.values, self.sizes)

    def _local(self) -> tuple[Any, ...]:
        """The rule of each kind of operation, at its first place."""
        said: set[str] = set()
        lines: list[Equation] = []
        for node in self.view.nodes:
            if node.is_leaf or node.expr not in self.active:
                continue
            key = self._key(node)
            edges = [e for v in dict.fromkeys(node.operands) if v in self.active
                     for e in self.edges[v] if e.user is node]
            narrow = [e for e in edges if self._repeated(node, e.operand)] if node.expr.op.elementwise else []
            if key not in said and edges:
                said.add(key)
                lines += self._rule(node, key, [e for e in edges if key != "add" or not any(e is x for x in narrow)])
            if narrow and "broadcast" not in said:
                said.add("broadcast")
                lines += self._broadcast(node, narrow[0])
        f = self.n.name("v")
        prose = self.n.say("rules_prose", vbar=self.n.bar("v"), v=f, f=self._of(self.f))
        shares = (self.n.say("share"),) if any("^(" in e.sides[0].text for e in lines if e.sides) else ()
        return "local", self.n.say("rules"), (prose,), tuple(lines), (*shares, *self._conventions_at(said))

    def _conventions_at(self, said: set[str]) -> tuple[Prose, ...]:
        edges = [e for v in self.bars for e in self.edges[v] if self._key(e.user) in said]
        return self._conventions(edges)  # type: ignore[arg-type]

    def _repeated(self, node: ViewNode, operand: Expr) -> bool:
        return operand.shape != node.expr.shape

    def _key(self, node: ViewNode) -> str:
        op = node.expr.op
        name = WORDS.get(op.name, op.name)
        if name == "matmul":
            ranks = [a.ndim for a in node.operands]
            if min(ranks) == 1:
                return "matvec"
            sizes = {*node.operands[0].shape[-2:], *node.operands[1].shape[-2:]}
            return "matmul only" if len(sizes) == 3 and max(ranks) == 2 else "matmul"
        if name == "multiply" and any(a.op.name in ("const", "size") for a in node.operands):
            return "scale"
        if f"rule {name}" in KNOWN:
            return name
        return "elementwise" if op.elementwise else f"general {op.name}"

    def _rule(self, node: ViewNode, key: str, edges: Sequence[_Handed]) -> list[Equation]:
        rhs = self.writing.formula(self._over(node, self.symbol), tidy=False) or Math("…", r"\ldots")
        law = LAWS.get(key, LAWS["outer"])
        lead = self.n.say("rule " + key.partition(" ")[0] if key.startswith("general") else "rule " + key,
                          y=self._of(node.expr), rhs=rhs, law=law, ybar=self._bar_of(node.expr),
                          sign=Math("⊗", r"\otimes"))
        by_indices = {i.target: i for i in self._by_indices(node, edges)}
        lines = []
        for e in edges:
            bar = self.bars[e.operand]
            index = by_indices.get(bar)
            if index is not None:
                lines.append(self._line(index.sides(self.n), claims=(index,)))
            rule = None if e.value is None else self.writing.formula(e.value)
            if rule is None and e.value is not None:
                continue
            if len(self.edges[e.operand]) == 1:
                lines.append(self._line([self._bar_of(e.operand), rule or Math("0", "0")], claims=(bar, e.value)))
            else:
                lines.append(self._line([self._share(e), rule or Math("0", "0")]))
        if not lines:
            return [Equation((), lead=lead)]
        return [replace(lines[0], lead=lead), *lines[1:]]

    def _share(self, e: _Handed) -> Math:
        """One share of an adjoint to which several users contribute: v̄⁽¹⁾."""
        number = 1 + [x.user for x in self.edges[e.operand]].index(e.user)
        bar = self._bar_of(e.operand)
        return Math(f"{bar.text}^({number})", rf"{{{bar.tex}}}^{{({number})}}")

    def _by_indices(self, node: ViewNode, edges: Sequence[_Handed]) -> list[Indexed]:
        """The rule by indices, of operands that have this one user and enter once."""
        once = {e.operand for e in edges if len(self.edges[e.operand]) == 1 and _enters_once(node, e.operand)}
        bar, op = self.bars[node.expr], node.expr.op
        if op.name == "matmul":
            a, b = node.operands
            return product_by_indices(bar, self.symbol[a], self.symbol[b], *(self.bars[v] if v in once else None
                                                                             for v in (a, b)))
        if op.name in ("sum", "mean") and node.operands[0] in once:
            x, (axes, keepdims) = node.operands[0], node.expr.attrs
            count: Size = 1
            for i in axes if op.name == "mean" else ():
                count = count * x.shape[i]
            found = reduction_by_indices(bar, self.bars[x], axes, keepdims, count)
            return [found] if found else []
        return []

    def _broadcast(self, node: ViewNode, e: _Handed) -> list[Equation]:
        rhs = self.writing.formula(self._over(node, self.symbol), tidy=False) or Math("…", r"\ldots")
        lead = self.n.say("rule broadcast", y=self._of(node.expr), rhs=rhs, x=self._of(e.operand))
        alone = node.expr.op is ADD and len(self.edges[e.operand]) == 1 and _enters_once(node, e.operand)
        index = broadcast_by_indices(self.bars[node.expr], self.bars[e.operand]) if alone and e.operand.ndim else None
        if index is None:
            rule = self.writing.formula(e.value) if e.value is not None else None
            if rule is None or len(self.edges[e.operand]) > 1:
                return [Equation((), lead=lead)]
            return [self._line([self._bar_of(e.operand), rule], lead=lead, claims=(self.bars[e.operand], e.value))]
        return [self._line(index.sides(self.n), lead=lead, claims=(index,))]

    def _chain(self) -> list[tuple[Any, ...]]:
        blocks: list[tuple[Any, ...]] = []
        run: list[Equation] = []
        for v in self.bars:
            edges = self.edges[v]
            line = self._adjoint_line(v)
            if len(edges) < 2 or not self.long:
                run.append(line)
                continue
            blocks += self._flush(run, not blocks)
            run = []
            blocks.append(("paths", self.n.say("paths"), (self._paths_sentence(v, edges),), (line,)))
        return blocks + self._flush(run, not blocks)

    def _flush(self, run: Sequence[Equation], first: bool) -> list[tuple[Any, ...]]:
        if not run:
            return []
        fbar = self._bar_of(self.f) + Math(" = 1", " = 1")
        say = self.n.say("chain_arrays", fbar=fbar) if first else self.n.say("chain_more")
        return [("chain", self.n.say("chain"), (say,), tuple(run))]

    def _adjoint_line(self, v: Expr) -> Equation:
        edges, bar = self.edges[v], self.bars[v]
        if v is self.f:
            return self._line([self._bar_of(v), Math("1", "1")])
        values = [e.value for e in edges if e.value is not None]
        parts = [self.writing.formula(value) for value in values]
        sides: list[Math | None] = [self._bar_of(v)]
        claims: list[Any] = [bar]
        if values and all(parts):
            terms = [p for p in parts if p is not None]
            sides.append(joined([terms[0], *(_later(t) for t in terms[1:])], " + ", " + "))
            total = values[0]
            for value in values[1:]:
                total = total + value
            claims.append(total)
        elif not values:
            sides.append(Math("0", "0"))
        explicit = self.simple.get(v)
        if explicit is not None and v not in set(self.wrt):
            side = self.by_name.formula(explicit, EXPLICIT)
            if side is not None and (len(sides) < 2 or side.text != sides[1].text):  # type: ignore[union-attr]
                sides.append(side)
                claims.append(explicit)
        return self._line(sides, self._adjoint_number(v), claims=tuple(claims))

    def _paths_sentence(self, v: Expr, edges: Sequence[Any]) -> Prose:
        paths = next(row.paths for row in self.found.rows if row.node is v)
        users = self.n.listed([self._of(e.user.expr) for e in edges])
        slots = {"v": self._of(v), "f": self._of(self.f), "users": users,
                 "paths": Math(str(paths), str(paths)), "edges": Math(str(len(edges)), str(len(edges)))}
        return self.n.say("paths" + ("_prose" if paths <= len(edges) else "_shared"), **slots)

    def _logits(self) -> list[Prose]:
        """Of softmax followed by −Σ y log p, written apart: what is left where the labels sum to one."""
        said = []
        for node in self.view.nodes:
            top = self.simple.get(node.operands[0]) if node.expr.op.name == "softmax" else None
            if top is None:
                continue
            for total in postorder([top]):
                y = total.args[0] if total.op.name == "sum" else None
                if y is None or y.label is None or y.shape != node.expr.shape:
                    continue
                whole = rewrite(substituted(top, total))
                side = self.by_name.formula(whole, EXPLICIT)
                if side is not None:
                    bar = self._bar_of(node.operands[0]) + Math(" = ", " = ")
                    said.append(self.n.say("sums_to_one", y=self._of(y), p=bar + side))
        return said[:1]

    def _results(self) -> tuple[dict[Expr, Expr], tuple[Any, ...]]:
        results: dict[Expr, Expr] = {}
        lines: list[Equation] = []
        remarks: list[Prose] = []
        for w, gradient in zip(self.wrt, self.found.gradients):
            results[w] = self.simple.get(w, gradient)
            if w not in self.active:
                zero = Math("0", r"0" if not w.ndim else r"\mathbf{0}")
                remarks.append(self.n.say("independent", f=self._of(self.f), w=self._of(w)))
                lines.append(self._line([self._partial_of(w), zero]))
                continue
            rule = self._adjoint_line(w).sides[1] if w is not self.f else None
            full = self.by_name.formula(results[w], RESULT)
            if full is not None and max(map(len, pieces(full.text, WIDTH))) > WIDTH:
                full = None  # no line of a page holds it
            claims = (self.bars[w], results[w]) if full is not None else ()
            lines.append(self._line([self._partial_of(w), self._bar_of(w), rule if full is None else full],
                                    self._adjoint_number(w), claims=claims,
                                    note=self._space(w.shape) if w.ndim else None))
        remarks += self._logits()
        say = (self.n.say("result_prose"),) if any(w in self.active for w in self.wrt) else ()
        title = "results" if len(self.wrt) > 1 else "result"
        return results, ("result", self.n.say(title), say, tuple(lines), tuple(remarks))


def substituted(root: Expr, one: Expr) -> Expr:
    """`root` with the node `one` replaced by ones."""
    ones = lift(one.dtype.type(1))
    new: dict[Expr, Expr] = {one: BROADCAST_TO(ones, shape=one.shape) if one.ndim else ones}
    for node in postorder([root]):
        if node not in new:
            same = all(new[a] is a for a in node.args)
            new[node] = node if same else node.op.make(tuple(new[a] for a in node.args), node.attrs)
    return new[root]


def _enters_once(node: ViewNode, operand: Expr) -> bool:
    return sum(a is operand for a in node.operands) == 1


def _total(a: Expr | None, b: Expr | None) -> Expr | None:
    if a is None or b is None:
        return b if a is None else a
    return 2 * a if a is b else a + b


def _simple(adjoints: Mapping[Expr, Expr]) -> dict[Expr, Expr]:
    small = [v for v, a in adjoints.items() if len(postorder([a])) <= SIMPLIFIED]
    return dict(zip(small, simplify([adjoints[v] for v in small]))) if small else {}


def _later(m: Math) -> Math:
    """A term that follows a plus: a negative one stands in brackets."""
    return Math(f"({m.text})", rf"\left({m.tex}\right)") if m.text.startswith("−") else m
