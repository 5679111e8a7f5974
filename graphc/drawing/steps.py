"""A graph as a walk: forward one value a step, then backward one operation a step, with the sum at a fan-out.

`walk` says in which step each value, contribution and adjoint appears, and what is said there, in TeX and words.
Nothing here knows a page.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Literal

from ..formula import format_node
from ..ir import Expr
from ..rewrite import rewrite
from ..view import ViewNode
from .facts import TOO_LONG, Edge, Facts, is_number
from .plain import unicode_text
from .step_phrases import hint, said
from .values import in_product

Phase = Literal["given", "ahead", "behind", "adding", "done"]
Line = tuple[str, ...]  # one formula, in pieces between which it may break

MOST_LINES = 12  # formulas in one step
_LONG = 160  # characters of TeX in one formula


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its heading, what it says, its formulas, and the boxes it is about."""

    phase: Phase
    heading: str
    text: str
    lines: tuple[Line, ...]
    hint: str = ""
    focus: tuple[str, ...] = ()


@dataclass
class Walk:
    """The steps, and by name of a value the step in which it is computed, hands its gradient on, has its adjoint."""

    steps: list[Step] = field(default_factory=list)
    ahead: dict[str, int] = field(default_factory=dict)
    behind: dict[str, int] = field(default_factory=dict)
    whole: dict[str, int] = field(default_factory=dict)
    seed: int = 0


def walk(facts: Facts, forward: bool = True) -> Walk:
    """The walk through a graph; without `forward` its values are known and it begins at the output's adjoint.

    >>> import graphc as G
    >>> x, w = G.input("x"), G.param("w")
    >>> found = walk(Facts(G.relu(w * x), G.backward(G.relu(w * x), [w]), {x: 3, w: 2}, "en"))
    >>> [(s.phase, s.focus) for s in found.steps]
    [('given', ()), ('ahead', ('m',)), ('ahead', ('f',)), ('behind', ('output',)), ('behind', ('f',)),
     ('behind', ('m',)), ('done', ('w',))]
    """
    return _Walker(facts, forward).run()


class _Walker:
    def __init__(self, facts: Facts, forward: bool) -> None:
        self.facts, self.forward, self.lang = facts, forward, facts.lang
        self.found = Walk()
        self.entering: dict[Expr, list[Edge]] = defaultdict(list)
        for edge in facts.edges:
            if edge.active:
                self.entering[edge.user.expr].append(edge)

    def run(self) -> Walk:
        facts = self.facts
        self.found.steps.append(self.given())
        inner = [n for n in facts.view.nodes if not n.is_leaf]
        self.found.ahead.update((n.name, 0) for n in facts.view.nodes)
        for i, node in enumerate(inner if self.forward else (), 1):
            self.found.ahead[node.name] = len(self.found.steps)
            self.found.steps.append(self.compute(node, self.count(i, len(inner))))
        if facts.backward is not None:
            self.back()
        return self.found

    def back(self) -> None:
        facts, found = self.facts, self.found
        if facts.top in facts.rows:
            found.seed = found.whole[facts.nodes[facts.top].name] = len(found.steps)
            found.steps.append(self.seeded())
        busy = self.order()
        waiting = {e: len(facts.active_edges(e)) for e in facts.nodes}
        for i, node in enumerate(busy, 1):
            found.behind[node.name] = len(found.steps)
            found.steps.append(self.hand_on(node, self.count(i, len(busy)), waiting))
            for operand in dict.fromkeys(e.operand for e in self.entering[node.expr]):
                waiting[operand] -= sum(e.operand is operand for e in self.entering[node.expr])
                if not waiting[operand]:
                    if len(facts.active_edges(operand)) > 1:
                        found.steps.append(self.add_up(operand))
                    found.whole[facts.nodes[operand].name] = len(found.steps) - 1
        found.steps.append(self.end())
        for expr in facts.rows:  # what no step of the view hands a gradient to
            if expr in facts.nodes:
                found.whole.setdefault(facts.nodes[expr].name, len(found.steps) - 1)

    def order(self) -> list[ViewNode]:
        """Operations from the output back, each after all its users; of those that may come next, the first made.

        The terms of a sum at a fan-out then mostly arrive in the order in which they are written.
        """
        facts = self.facts
        place = {n.name: i for i, n in enumerate(facts.view.nodes)}
        waiting = {e: len(facts.active_edges(e)) for e in facts.nodes}
        # The output first, then values that no user hands anything to: indices, whose adjoint is zero.
        roots = [facts.nodes[facts.top], *(n for n in facts.view.nodes if not waiting[n.expr])]
        ready: list[int] = []
        found: dict[str, ViewNode] = {}
        for root in roots:
            heappush(ready, place[root.name])
            while ready:
                node = facts.view.nodes[heappop(ready)]
                if node.name in found or not self.entering[node.expr]:
                    continue
                found[node.name] = node
                for edge in self.entering[node.expr]:
                    waiting[edge.operand] -= 1
                    if not waiting[edge.operand]:
                        heappush(ready, place[facts.nodes[edge.operand].name])
        return list(found.values())

    # -- words -----------------------------------------------------------------------------------------

    def say(self, key: str, **slots: object) -> str:
        return said(key, self.lang, **slots)

    def count(self, n: int, of: int) -> str:
        return self.say("of", n=n, all=of)

    def plain(self, expr: Expr) -> str:
        return unicode_text(self.facts.name(expr))

    def listed(self, exprs: list[Expr]) -> str:
        names = list(dict.fromkeys(self.plain(e) for e in exprs))
        if len(names) > MOST_LINES:
            names = [*names[:MOST_LINES - 1], "…"]
        if len(names) < 2:
            return "".join(names)
        return ", ".join(names[:-1]) + f" {self.say('and')} {names[-1]}"

    def often(self, n: int) -> str:
        return self.say("twice") if n == 2 else self.say("times", n=n)

    # -- formulas --------------------------------------------------------------------------------------

    def equals(self, tex: str, expr: Expr) -> str:
        """A written value after an equals sign; of an array that is not written out, its shape."""
        written = not expr.ndim or tex.startswith(("[", r"\begin", r"\left"))
        return f"= {tex}" if written else rf"\in \mathbb{{R}}^{{{tex}}}"

    def shape(self, expr: Expr) -> Line:
        return (rf"\in \mathbb{{R}}^{{{self.facts.shape(expr)}}}",) if expr.ndim else ()

    def worth(self, expr: Expr) -> Line:
        """The value of a node where there are numbers, else the shape of an array."""
        return self.shape(expr) if self.facts.point is None else (self.equals(self.facts.value(expr), expr),)

    def given(self) -> Step:
        facts = self.facts
        leaves = [n.expr for n in facts.view.nodes if n.is_leaf and not is_number(n.expr)]
        lines = [(facts.name(e), *self.worth(e)) for e in leaves[:2 * MOST_LINES]]
        numbers = "numbers" if facts.point is not None else "symbols"
        if len(leaves) > 2 * MOST_LINES:
            lines.append((TOO_LONG,))
        return Step("given", self.say("given"), self.say(f"start {numbers}"), tuple(lines))

    def compute(self, node: ViewNode, count: str) -> Step:
        facts = self.facts
        pieces = [facts.name(node.expr)]
        names = {n: name for n, name in facts.names.items() if n is not node.expr}
        formula = format_node(node.expr, "latex", names=names, limit=400, lang=self.lang)
        if len(formula) <= _LONG:
            pieces.append(f"= {formula}")
        numbers = self.numbers(node) if facts.point is not None else None
        if numbers and numbers != formula:
            pieces.append(f"= {numbers}")
        worth = self.worth(node.expr)
        text = self.say("forward {v}", v=self.plain(node.expr), operands=self.listed(list(node.operands)))
        return Step("ahead", f"{self.say('ahead')}, {count}", text, ((*pieces, *worth),), "", (node.name,))

    def numbers(self, node: ViewNode) -> str | None:
        """The formula of a scalar with numbers in the places of its operands."""
        facts = self.facts
        values = {a: facts.value(a) for a in node.operands if not a.ndim}
        if node.expr.ndim or len(values) < len(set(node.operands)):
            return None
        if node.expr.op.name == "add":
            terms = [values[a] for a in node.operands]
            tex = terms[0] + "".join(f" + {in_product(t)}" for t in terms[1:])
        else:
            form = node.expr.op.form_of(node.expr)[2]
            tex = form.format(*[_operand(form, i, values[a]) for i, a in enumerate(node.operands)])
        return tex if len(tex) <= _LONG else None

    def seeded(self) -> Step:
        facts, top = self.facts, self.facts.top
        name = facts.name(top)
        line = facts.bar(top), rf"= \dfrac{{\partial {name}}}{{\partial {name}}}", "= 1"
        text = self.say("seed", v=self.plain(top))
        node = facts.nodes[top]
        return Step("behind", self.say("behind"), text, (line,), "", (node.name if node.is_leaf else "output",))

    def hand_on(self, node: ViewNode, count: str, waiting: dict[Expr, int]) -> Step:
        facts = self.facts
        edges = self.entering[node.expr]
        lines = tuple(line for e in edges[:MOST_LINES] for line in self.contribution(e))
        words = [self.say("backward {v}", v=self.plain(node.expr), operands=self.listed([e.operand for e in edges]))]
        for operand in dict.fromkeys(e.operand for e in edges):
            uses, here = len(facts.active_edges(operand)), [e for e in edges if e.operand is operand]
            first = uses - waiting[operand] + 1
            if uses > 1 and len(here) == 1:
                words.append(self.say("waiting", v=self.plain(operand), times=self.often(uses), k=first, n=uses))
        rule = hint(node.expr.op.name, self.lang, self.plain(node.expr), bool(node.expr.ndim))
        if node.expr.op.elementwise and any(e.operand.shape != node.expr.shape for e in edges):
            rule += " " + hint("broadcast", self.lang, "")
        if len(edges) > MOST_LINES:
            lines = (*lines, (TOO_LONG,))
        return Step("behind", f"{self.say('behind')}, {count}", " ".join(words), lines, rule, (node.name,))

    def contribution(self, edge: Edge) -> list[Line]:
        """The local derivative of one edge, and what the edge hands back."""
        facts, lines = self.facts, []
        product = facts.product(edge)
        left = facts.share(edge)
        pieces = [left] if product == left else [left, f"= {product}"]
        if facts.scalar:
            local = facts.local(edge)
            line = [facts.partial(edge).replace(r"\frac", r"\dfrac", 1), f"= {facts.local_tex(edge)}"]
            if facts.point is not None and local is not None and local.op.name != "const":
                line.append(f"= {facts.value(local)}")
            lines.append(tuple(line))
            if facts.point is not None:
                # 4 · 1 = 4 in two pieces: the line may break before each sign of equality.
                pieces += [f"= {part}" for part in facts.product_value(edge).split(" = ")]
        elif facts.point is not None:
            pieces.append(self.equals(facts.handed_value(edge), edge.operand))
        else:
            pieces += self.shape(edge.operand)
        return [*lines, tuple(pieces)]

    def add_up(self, expr: Expr) -> Step:
        facts = self.facts
        edges = facts.active_edges(expr)
        shares = [facts.share(e) for e in edges]
        if len(shares) > MOST_LINES:
            shares = [shares[0], r"\cdots", shares[-1]]
        pieces = [facts.bar(expr), "= " + " + ".join(shares)]
        if facts.point is None:
            pieces.append(f"= {facts.sum_tex(expr, values=False)}")
            pieces += self.shape(expr)
        else:
            if not expr.ndim:
                pieces.append(f"= {facts.sum_tex(expr, values=True)}")
            pieces.append(self.equals(facts.adjoint_value(expr), expr))
        text = self.say("sum", v=self.plain(expr), times=self.often(len(edges)))
        return Step("adding", self.say("adding"), text, (tuple(pieces),), "", (facts.nodes[expr].name,))

    def end(self) -> Step:
        facts, backward = self.facts, self.facts.backward
        assert backward is not None
        lines = [self.gradient(w) for w in backward.wrt[:2 * MOST_LINES]]
        if len(backward.wrt) > 2 * MOST_LINES:
            lines.append((TOO_LONG,))
        paths = backward.path_count
        key = "end one" if paths == 1 else "end"
        text = self.say(key, edges=backward.edge_visits, paths=f"{paths:,}".replace(",", "\u202f"))
        focus = tuple(facts.nodes[w].name for w in backward.wrt if w in facts.nodes)
        return Step("done", self.say("done"), text, tuple(lines), "", focus)

    def gradient(self, w: Expr) -> Line:
        facts = self.facts
        name = facts.name(w) if w in facts.nodes else unicode_text(str(w.label))
        left = rf"\dfrac{{\partial {facts.name(facts.top)}}}{{\partial {name}}}"
        if facts.point is not None:
            return left, self.equals(facts.adjoint_value(w), w)
        adjoint = facts.rows[w].adjoint if w in facts.rows else None
        if adjoint is None:
            return left, "= 0"
        tex = format_node(rewrite(adjoint), "latex", names=facts.names, limit=400, lang=self.lang, expand_root=False)
        long = len(tex) > _LONG or TOO_LONG in tex
        return (left, f"= {facts.bar(w) if long else tex}", *self.shape(w))


def _operand(form: str, i: int, tex: str) -> str:
    """A number in the place of an operand: in brackets where a sign or a fraction would be misread."""
    alone = f"{{{i}}}" == form or rf"\left({{{i}}}" in form or f"{{{{{{{i}}}}}}}" in form
    opens = form.startswith(f"{{{i}}}") and "^" not in form
    if alone or opens:
        return tex
    fraction = tex.startswith(r"\frac") and f"{{{i}}}^" in form
    return rf"\left({tex}\right)" if fraction or tex.startswith(("{-}", "-")) else tex
