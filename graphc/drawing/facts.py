"""What a figure says of a graph, in TeX: names, values, adjoints, local derivatives, contributions.

Names are those of the teaching view, so that figures and derivations speak of the same m1, s and r.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..formula import format_node, tex_name
from ..ir import INPUT, LEAVES, Expr, lift, variable
from ..reverse import Backward
from ..rewrite import rewrite
from ..types import TupleType
from ..view import View, ViewNode, teaching_view
from .folding import Plates
from .handed import handed_form, in_words, sizes, written
from .values import Point, in_product, value_tex, whole

TOO_LONG = r"\ldots"
_WORD = re.compile(r"\\math(?:rm|bf)\{[^{}]{2,}\}|\\mathrm\{d\}.*")
_LONGEST = 90  # characters of TeX in one label


@dataclass(frozen=True, eq=False)  # a comparison of nodes would build a node
class Edge:
    """One wire: operand `position` of `user`. `contribution` is what it hands back, None when inactive."""

    user: ViewNode
    position: int
    operand: Expr
    active: bool
    contribution: Expr | None


class Facts:
    """The view of a graph with everything that is written on it.

    `plates` are the repeated blocks that are drawn once; none until `fold`. Raises as `Point` does for `at`.
    """

    def __init__(self, top: Expr, backward: Backward | None, at: Mapping[Any, Any] | None, lang: str) -> None:
        self.top, self.backward, self.lang = top, backward, lang
        self.view: View = teaching_view(top)
        self.operations = sum(not n.is_leaf for n in self.view.nodes)
        self.plates = Plates()
        self.nodes: dict[Expr, ViewNode] = {n.expr: n for n in self.view.nodes}
        # Constants are written as numbers, not as names.
        self.names = {n.expr: n.name for n in self.view.nodes if not is_number(n.expr)}
        self.scalar = all(not n.expr.ndim for n in self.view.nodes)
        self.point = Point([top], at) if at is not None else None
        self.rows = {row.node: row for row in backward.rows} if backward else {}
        self._locals: dict[tuple[Expr, int], Expr | None] = {}
        self._forms: dict[tuple[Expr, int], tuple[Expr, Expr] | None] = {}
        self.edges = self._edges()
        self.leaving: dict[Expr, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            self.leaving[edge.operand].append(edge)

    def fold(self, least: int, hidden: int) -> None:
        """Draw blocks that come `least` times in a row or more once, where that hides so many operations."""
        self.plates = Plates(self.view, least, hidden)

    def shown(self, expr: Expr) -> bool:
        return expr not in self.plates.hidden

    def drawn_as(self, expr: Expr) -> Expr:
        """The value that is drawn: for that of the last copy of a block, the one that stands for all."""
        return self.plates.stands_for.get(expr, expr)

    def _edges(self) -> list[Edge]:
        edges = []
        for node in self.view.nodes:
            owners = self._owners(node)
            taken: dict[Expr, int] = defaultdict(int)
            for i, operand in enumerate(node.operands):
                row = self.rows.get(operand)
                handed = [c for c in row.contributions if c.consumer in owners] if row else []
                k = taken[operand]
                taken[operand] += 1
                active = k < len(handed)
                edges.append(Edge(node, i, operand, active, handed[k].value if active else None))
        return edges

    def _owners(self, node: ViewNode) -> set[Expr]:
        """The graph's nodes that the view draws as this one: for a long sum, all its additions."""
        owners, stack = {node.expr}, [node.expr]
        while stack and node.expr.op.name == "add":
            for arg in stack.pop().args:
                if arg not in self.nodes and arg not in owners:
                    owners.add(arg)
                    stack.append(arg)
        return owners

    # -- TeX -------------------------------------------------------------------------------------------

    def name(self, expr: Expr) -> str:
        """The name of a value; of a constant, its number."""
        if is_number(expr):
            return self.constant(expr)
        if expr in self.plates.names:
            return self.plates.names[expr]
        return tex_name(self.nodes[expr].name, expr.ndim)

    def constant(self, expr: Expr) -> str:
        inner = filled_with(expr)
        if inner is not None:
            number = value_tex(inner.attrs[0].value.reshape(()), self.lang)
            below = f"_{{{sizes(expr.shape)}}}"
            bold = rf"\mathbf{{{number}}}{below}" if number in ("0", "1") else rf"{number}\,\mathbf{{1}}{below}"
            return bold if expr.ndim else number
        if expr.op.name == "const":
            value = expr.attrs[0].value
            return value_tex(value if value.ndim else Point([], {})[expr], self.lang)
        return format_node(expr, "latex")

    def bar(self, expr: Expr) -> str:
        return barred(self.name(expr))

    def value(self, expr: Expr) -> str:
        """The number or the small array; of a large one its name and shape."""
        assert self.point is not None
        return self._shown(self.point[expr], self.name(expr) if expr in self.nodes else "")

    def shape(self, expr: Expr) -> str:
        if isinstance(expr.type, TupleType):
            return r",\; ".join(sizes(t.shape) or "1" for t in expr.type.items)
        return sizes(expr.shape)

    def adjoint_value(self, expr: Expr, named: bool = True) -> str:
        return self._adjoint_shown(expr, self.bar(expr) if named else "")

    def adjoint_equation(self, expr: Expr) -> str:
        """The adjoint's name with its value, or with its shape where the value is too large to be written."""
        assert self.point is not None
        adjoint = self.rows[expr].adjoint if expr in self.rows else None
        if adjoint is not None and not whole(self.point[adjoint]):
            return self._adjoint_shown(expr, self.bar(expr))
        return f"{self.bar(expr)} = {self._adjoint_shown(expr, '')}"

    def _adjoint_shown(self, expr: Expr, name: str) -> str:
        assert self.point is not None
        adjoint = self.rows[expr].adjoint if expr in self.rows else None
        return "0" if adjoint is None else self._shown(self.point[adjoint], name)

    def _shown(self, value: Any, name: str) -> str:
        tex = value_tex(value, self.lang)
        return tex if whole(value) or not name else f"{name} : {tex}"

    def active_edges(self, expr: Expr) -> list[Edge]:
        return [e for e in self.leaving[expr] if e.active]

    def local(self, edge: Edge) -> Expr | None:
        """∂user/∂operand as a node over the names of the view; None where it is exactly zero.

        Every inner value stands as a variable of its own, so that simplifying cannot look inside it.
        """
        key = (edge.user.expr, edge.position)
        if key not in self._locals:
            if edge.user.expr.op.name == "add":
                self._locals[key] = lift(edge.user.expr.dtype.type(1))
            else:
                node = edge.user.expr
                twin = node.op.make(tuple(self._stand_in(a) for a in node.args), node.attrs)
                assert node.op.pullback is not None
                one = lift(node.dtype.type(1))
                handed = node.op.pullback(one, self._stand_in(node), *twin.args, **node.op.named_attrs(node))
                raw = handed[edge.position]
                self._locals[key] = None if raw is None else rewrite(raw)
        return self._locals[key]

    def _stand_in(self, expr: Expr) -> Expr:
        if is_leaf(expr) or expr not in self.nodes or isinstance(expr.type, TupleType):
            return expr
        twin = variable(INPUT, self.nodes[expr].name, expr.shape, expr.type.dtype, declare=False)
        if self.point is not None:
            self.point.found[twin] = self.point[expr]
        return twin

    def local_tex(self, edge: Edge) -> str:
        local = self.local(edge)
        return "0" if local is None else self.formula(local)

    def formula(self, expr: Expr) -> str:
        if expr.op.name == "const" or filled_with(expr) is not None:
            return self.constant(expr)
        tex = in_words(format_node(expr, "latex", names=self.names, limit=400, lang=self.lang, expand_root=False),
                       self.lang)
        return tex if len(tex) <= _LONGEST else TOO_LONG

    def one_step(self, node: ViewNode) -> str:
        """The formula of a value in the values it is made of, as plain text."""
        return self._plain(node, {n: name for n, name in self.names.items() if n is not node.expr})

    def written_out(self, node: ViewNode) -> str:
        """The formula down to the inputs, as plain text."""
        return self._plain(node, {})

    def module_formula(self, members: Sequence[ViewNode]) -> str:
        """h = ReLU(W x + b): what several values together give, in those that come in; "" when they give several."""
        inside = {n.expr for n in members}
        gives = [n for n in members if n.expr is self.top or
                 any(e.user.expr not in inside for e in self.leaving[n.expr])]
        if len(gives) != 1 or any(a in self.plates.names for n in members for a in n.operands):
            return ""
        outside = {n: name for n, name in self.names.items() if n not in inside}
        tex = format_node(gives[0].expr, "latex", names=outside, limit=400, lang=self.lang)
        return f"{self.name(gives[0].expr)} = {tex}" if len(tex) <= _LONGEST and TOO_LONG not in tex else ""

    def _plain(self, node: ViewNode, names: Mapping[Expr, str]) -> str:
        return format_node(node.expr, "unicode", names=names, limit=400, lang=self.lang)

    def partial(self, edge: Edge) -> str:
        return rf"\frac{{\partial {self.name(edge.user.expr)}}}{{\partial {self.name(edge.operand)}}}"

    def product(self, edge: Edge) -> str:
        r"""A contribution in symbols: \bar{m}_1 x_1, a factor 1 left out, a seed 1 as well."""
        if not self.scalar:
            return self._acting(edge, self.bar(edge.user.expr))
        local = self.local_tex(edge)
        bar = self.bar(edge.user.expr)
        if local == TOO_LONG:
            return self.share(edge)
        if local == "1":
            return bar
        if local == "0":
            return "0"
        if local == "{-}1":
            return "{-}" + bar
        return rf"{bar} \cdot {local if _is_factor(local) else f'({local})'}"

    def share(self, edge: Edge) -> str:
        """A contribution by number, where its formula is too long for a label."""
        edges = self.active_edges(edge.operand)
        number = "" if len(edges) == 1 else f"^{{({edges.index(edge) + 1})}}"
        return self.bar(edge.operand) + number

    def operator(self, edge: Edge) -> str:
        r"""What is done to the adjoint on its way along an edge of a tensor graph: \cdot W^\top, \odot 1[z > 0]."""
        return self._acting(edge, "")

    def _acting(self, edge: Edge, bar: str) -> str:
        """A contribution from `bar`, or what is done to a dot; by the Jacobian's name where that is too long."""
        if edge.contribution is None:
            return "0" if bar else r"\cdot\, 0"
        node, key = edge.user.expr, (edge.user.expr, edge.position)
        if node.op.name == "item":
            return bar or r"\mathrm{id}"
        if key not in self._forms:
            stand_ins = tuple(self._stand_in(a) for a in node.args)
            self._forms[key] = None if isinstance(node.type, TupleType) else handed_form(
                node, stand_ins, self._stand_in(node), edge.position, edge.operand)
        found = self._forms[key]
        tex = written(*found, bar, self.names, self.lang) if found else None
        if tex is not None:
            return tex
        jacobian = rf"\left({self.partial(edge)}\right)^{{\top}}"
        return rf"{jacobian}\, {bar or chr(92) + 'cdot'}"

    def product_value(self, edge: Edge) -> str:
        """A contribution in numbers: 4 · 3 = 12."""
        assert self.point is not None
        local = self.local(edge)
        factor = "0" if local is None else value_tex(self.point[local], self.lang)
        return rf"{self.adjoint_value(edge.user.expr)} \cdot {in_product(factor)} = {self.handed_value(edge)}"

    def handed_value(self, edge: Edge) -> str:
        assert self.point is not None
        if edge.contribution is None:
            return "0"
        return self._shown(self.point[edge.contribution], self.bar(edge.operand) if edge.operand in self.nodes else "")

    def sum_tex(self, expr: Expr, values: bool) -> str:
        """The sum over a fan-out, without its result: 12 + (−4), or in symbols."""
        edges = self.active_edges(expr)
        terms = [self.handed_value(e) if values else self.product(e) for e in edges]
        tex = terms[0] + "".join(f" + {in_product(t)}" for t in terms[1:])
        return tex if len(tex) <= 2 * _LONGEST else terms[0] + r" + \cdots + " + in_product(terms[-1])


def barred(name: str) -> str:
    r"""The adjoint's name: the bar over the letter or the word, not over its subscript or prime.

    >>> barred("w_{1}"), barred(r"\mathbf{W}_{hh}"), barred("12"), barred(r"\mathrm{loss}_{1}")
    ('\\bar{w}_{1}', '\\bar{\\mathbf{W}}_{hh}', '\\bar{12}', '\\overline{\\mathrm{loss}}_{1}')
    """
    if "^{(" in name:  # indexed by layer or time
        core, _, index = name.partition("^{(")
        return f"{barred(core)}^{{({index}"
    marks = [i for i in (name.find("_{"), name.find("^{")) if i > 0]
    end = min(marks, default=len(name))
    core = name[:end]
    wide = _WORD.fullmatch(core) is not None
    return rf"\{'overline' if wide else 'bar'}{{{core}}}{name[end:]}"


def _is_factor(tex: str) -> bool:
    """One factor that needs no brackets in a product."""
    depth = 0
    for i, c in enumerate(tex):
        depth += (c in "{(") - (c in "})")
        if depth == 0 and i and c in "+-<>=":
            return False
    return not tex.startswith(("-", "{-}"))


def is_number(expr: Expr) -> bool:
    """A constant or a size that the user has not named, or an array that is filled with one number."""
    return (expr.op.name in ("const", "size") and expr.label is None) or filled_with(expr) is not None


def filled_with(expr: Expr) -> Expr | None:
    """The number that an array such as G.zeros(8) is filled with; None for what is no such array."""
    inner = expr
    while inner.op.name in ("broadcast_to", "reshape", "astype") and inner.label is None:
        inner = inner.args[0]
    if inner is expr or inner.op.name != "const" or inner.label is not None or inner.attrs[0].value.size != 1:
        return None
    return inner


def is_leaf(expr: Expr) -> bool:
    return expr.op.name in LEAVES


