"""Naming a mistake: differentiate the graph again with exactly one mistake at one place.

The tangent recurrence  ẏ = Σ ∂y/∂xᵢ · ẋᵢ  gives ∂f/∂w in one pass from w to f; each row of `MISTAKES`
changes one edge or one node of it. The mutant that equals the student's answer names the mistake
and the node. Nothing here is a list of known wrong answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..errors import NoDerivative
from ..formula import format_node
from ..ir import Expr, consumers, lift, postorder, variables
from .core import Pool
from .decide import Search, Witness, as_fmpq, compare
from .evaluate import Evaluator, Undefined, Unsure, flint
from .from_graph import NoScalarForm, trees
from .phrases import count, say
from .tree import Tree, add, call, div, mul, neg, num, show, show_number, symbols

MAX_ACTIVE, MAX_MUTANTS, MAX_WORK = 60, 400, 20_000
ACTIVATIONS = {"sigmoid": "σ", "tanh": "tanh", "softplus": "softplus", "silu": "SiLU", "gelu": "GELU", "elu": "ELU",
               "leaky_relu": "leaky ReLU", "exp": "exp", "log": "ln", "sin": "sin", "cos": "cos", "sqrt": "√",
               "square": "(·)²", "power": "(·)^p", "tan": "tan", "absolute": "|·|"}


@dataclass(frozen=True)
class Finding:
    """A recognised mistake: a stable code, the node where it happened, and the sentence for the student."""

    kind: str
    where: str
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, eq=False)  # a comparison of nodes would build a node
class Edge:
    """Operand `operand` of `user`, with the local derivative ∂user/∂operand."""

    user: Expr
    operand: int
    local: Tree

    @property
    def source(self) -> Expr:
        return self.user.args[self.operand]


Rule = Callable[[list[tuple[Edge, "Tree | None"]]], "Tree | None"]


@dataclass(frozen=True)
class Mutant:
    """A derivative with one mistake, and the words for it."""

    kind: str
    where: str
    phrase: str
    parts: Mapping[str, str]
    value: Tree


class Chain:
    """The part of the graph between `wrt` and `f`: its edges and local derivatives as trees."""

    def __init__(self, f: Expr, wrt: Expr) -> None:
        self.f, self.wrt = f, wrt
        self.order = postorder([f])
        active = {wrt}
        for node in self.order:
            if node.type.is_float and any(a in active for a in node.args):
                active.add(node)
        self.active = [n for n in self.order if n in active]
        if len(self.active) > MAX_ACTIVE:
            raise NoScalarForm("too_many_nodes", limit=MAX_ACTIVE, name=wrt.label)
        self.trees = trees([f])
        self.edges = {n: self._edges(n, active) for n in self.active if n is not wrt}
        self.tangent: dict[Expr, Tree | None] = self.forward({})

    def _edges(self, user: Expr, active: set[Expr]) -> list[Edge]:
        locals_ = local_derivatives(user)
        found = []
        for i, (operand, local) in enumerate(zip(user.args, locals_)):
            if operand in active and local is not None:
                found.append(Edge(user, i, trees([local])[local]))
        return found

    def forward(self, change: Mapping[Expr, Rule]) -> dict[Expr, Tree | None]:
        """Tangents by the recurrence; `change` replaces the sum at one node. None is an exact zero."""
        tangent: dict[Expr, Tree | None] = {self.wrt: num(1)}
        for node in self.active:
            if node is self.wrt:
                continue
            terms = [(e, tangent.get(e.source)) for e in self.edges[node]]
            tangent[node] = change[node](terms) if node in change else total([chained(e, t) for e, t in terms])
        return tangent

    def result(self, node: Expr, rule: Rule) -> Tree:
        return self.forward({node: rule}).get(self.f) or num(0)


def local_derivatives(user: Expr) -> list[Expr | None]:
    """∂user/∂operand for each operand: the pullback of 1."""
    if user.op.pullback is None:
        return [None] * len(user.args)
    one = lift(1.0)
    found = user.op.pullback(one, user, *user.args, **user.op.named_attrs(user))
    return [None if d is None else lift(d) for d in found]


def chained(edge: Edge, tangent: Tree | None) -> Tree | None:
    return None if tangent is None else mul(edge.local, tangent)


def plain(tree: Tree) -> Tree:
    """A product without its factors 1, for showing."""
    if tree.head != "mul":
        return tree
    return mul(*(plain(a) for a in tree.args if a.number != 1))


def total(terms: list[Tree | None]) -> Tree | None:
    present = [t for t in terms if t is not None]
    return add(*present) if present else None


def name_of(node: Expr) -> str:
    """How a student would call a node: its name, or its formula while that is short."""
    return node.label if node.label is not None else format_node(node, "unicode", limit=60, expand_root=True)


# -- one mistake at one place -----------------------------------------------------------------------------

Rows = Iterator[Mutant]


def sign_global(chain: Chain, lang: str) -> Rows:
    yield Mutant("sign_global", name_of(chain.f), "sign_global", {}, neg(chain.tangent.get(chain.f) or num(0)))


def one_path(chain: Chain, lang: str) -> Rows:
    """At a node used k times, all but one of its uses lost; or just one of them."""
    uses = consumers(chain.order)
    for node in chain.active:
        mine = [(u, i) for u, i in uses[node] if any(e.operand == i for e in chain.edges.get(u, []))]
        if len(mine) < 2:
            continue
        names = {u: name_of(u) for u, _ in mine}
        for kept in mine:
            missed = [m for m in mine if m is not kept]
            parts = {"count": count(lang, len(mine)), "node": name_of(node), "kept": names[kept[0]],
                     "missed": ", ".join(dict.fromkeys(names[u] for u, _ in missed))}
            yield Mutant("one_path_of_fanout", name_of(node), "one_path_of_fanout", parts, _without(chain, missed))
            if len(mine) > 2:
                yield Mutant("one_path_of_fanout", name_of(node), "some_paths_of_fanout",
                             {**parts, "missed": names[kept[0]]}, _without(chain, [kept]))


def _without(chain: Chain, lost: list[tuple[Expr, int]]) -> Tree:
    gone = {(id(user), operand) for user, operand in lost}

    def rule(terms: list[tuple[Edge, Tree | None]]) -> Tree | None:
        return total([chained(e, t) for e, t in terms if (id(e.user), e.operand) not in gone])

    return chain.forward({user: rule for user, _ in lost}).get(chain.f) or num(0)


def missing_factor(chain: Chain, lang: str) -> Rows:
    """The local derivative of one edge forgotten, or what stands inside it."""
    for node, edge in _edges(chain):
        yield _missing_local(chain, node, edge, lang)
        if edge.source is not chain.wrt:
            source = name_of(edge.source)
            inner = chain.result(node, _with(edge, tangent=num(1)))
            yield Mutant("missing_inner_factor", source, "missing_inner_factor", {"node": source}, inner)


def _missing_local(chain: Chain, node: Expr, edge: Edge, lang: str) -> Mutant:
    op, where = node.op.name, name_of(node)
    value = chain.result(node, _with(edge, local=num(1)))
    if op == "relu":
        return Mutant("missing_relu_mask", where, "missing_relu_mask", {"node": where}, value)
    if op in ACTIVATIONS:
        kind = "missing_activation_derivative"
        return Mutant(kind, where, kind, {"node": where, "function": ACTIVATIONS[op]}, value)
    parts = {"node": where, "by": name_of(edge.source), "factor": show(plain(edge.local), lang, 80)}
    return Mutant("missing_upstream_factor", where, "missing_local_factor", parts, value)


def stopped_early(chain: Chain, lang: str) -> Rows:
    """The derivative of an inner node given for that of f."""
    for node in reversed(chain.active[1:-1]):
        where = name_of(node)
        yield Mutant("missing_upstream_factor", where, "missing_upstream_factor", {"node": where},
                     chain.tangent.get(node) or num(0))


def sign_term(chain: Chain, lang: str) -> Rows:
    for node, edge in _edges(chain):
        changed = chain.result(node, _with(edge, local=neg(edge.local)))
        kind = "quotient_rule" if node.op.name == "divide" and edge.operand == 1 else "sign_term"
        yield Mutant(kind, name_of(node), kind, {"node": name_of(node)}, changed)


def wrong_mask(chain: Chain, lang: str) -> Rows:
    for node, edge in _edges(chain):
        if node.op.name == "relu":
            value = chain.result(node, _with(edge, local=add(num(1), neg(edge.local))))
            yield Mutant("wrong_relu_mask", name_of(node), "wrong_relu_mask", {"node": name_of(node)}, value)


def not_differentiated(chain: Chain, lang: str) -> Rows:
    """f itself, or one function kept where its derivative belongs: ln z for 1/z."""
    where = name_of(chain.f)
    yield Mutant("not_differentiated", where, "not_differentiated", {"node": where}, chain.trees[chain.f])
    for node, edge in _edges(chain):
        if len(node.args) == 1 or node.op.name == "power":
            where = name_of(node)
            for rule in (_with(edge, local=chain.trees[node]), _always(chain.trees[node])):
                value = chain.result(node, rule)
                yield Mutant("not_differentiated", where, "not_differentiated", {"node": where}, value)


def constant_kept(chain: Chain, lang: str) -> Rows:
    """A term that does not depend on the variable, added to the derivative all the same."""
    active = set(chain.active)
    for node in chain.active:
        if node.op.name not in ("add", "subtract") or node is chain.wrt:
            continue
        for i, other in enumerate(node.args):
            if other not in active:
                extra = neg(chain.trees[other]) if node.op.name == "subtract" and i else chain.trees[other]
                kept = chain.result(node, _always(total([chain.tangent.get(node), extra])))
                yield Mutant("constant_kept", name_of(node), "constant_kept", {"node": name_of(other)}, kept)


def product_and_quotient(chain: Chain, lang: str) -> Rows:
    """(ab)' taken as a'b', (a/b)' as a'/b'."""
    for node in chain.active:
        if node.op.name not in ("multiply", "divide") or len(chain.edges.get(node, [])) != 2:
            continue
        a, b = (chain.tangent.get(x) or num(0) for x in node.args)
        kind = "product_rule" if node.op.name == "multiply" else "quotient_rule"
        value = mul(a, b) if kind == "product_rule" else div(a, b)
        yield Mutant(kind, name_of(node), kind, {"node": name_of(node)}, chain.result(node, _always(value)))


def power_rules(chain: Chain, lang: str) -> Rows:
    """x^p differentiated as p^x would be, x^p·ln x; and the other way round."""
    for node, edge in _edges(chain):
        if node.op.name == "power":
            base, exponent, y = (chain.trees[n] for n in (*node.args, node))
            other = div(mul(exponent, y), base) if edge.operand else mul(y, call("log", base))
            value = chain.result(node, _with(edge, local=other))
            yield Mutant("exponential_power", name_of(node), "exponential_power", {"node": name_of(node)}, value)


def wrong_point(chain: Chain, lang: str) -> Rows:
    """σ'(x) for σ'(w·x + b), or σ'(σ(z)) for σ'(z)."""
    for node, edge in _edges(chain):
        if len(node.args) != 1 or node.op.name in ("negative", "astype"):
            continue
        inner = node.args[0]
        points = dict.fromkeys([chain.wrt, *inner.args, node, *variables(postorder([inner]))])
        for point in [p for p in points if p is not inner and not p.ndim and p.type.is_float][:6]:
            local = local_derivatives(node.op.make((point,), node.attrs))[0]
            if local is not None:
                parts = {"node": name_of(node), "function": ACTIVATIONS.get(node.op.name, node.op.name),
                         "got": name_of(point), "need": name_of(inner)}
                value = chain.result(node, _with(edge, local=trees([local])[local]))
                yield Mutant("derivative_at_wrong_point", name_of(node), "derivative_at_wrong_point", parts, value)


def wrong_variable(chain: Chain, lang: str) -> Rows:
    for other in variables(chain.order):
        if other is not chain.wrt and other.type.is_float and not other.ndim:
            value = Chain(chain.f, other).tangent.get(chain.f) or num(0)
            parts = {"got": name_of(other), "need": name_of(chain.wrt)}
            yield Mutant("wrong_variable", name_of(other), "wrong_variable", parts, value)


def _edges(chain: Chain) -> list[tuple[Expr, Edge]]:
    return [(node, edge) for node in reversed(chain.active) for edge in chain.edges.get(node, [])]


def _with(edge: Edge, *, local: Tree | None = None, tangent: Tree | None = None) -> Rule:
    """The sum at a node, with one factor of one term replaced."""

    def rule(terms: list[tuple[Edge, Tree | None]]) -> Tree | None:
        changed = [(mul(local or e.local, tangent or t) if t is not None else None) if e is edge else chained(e, t)
                   for e, t in terms]
        return total(changed)

    return rule


def _always(value: Tree | None) -> Rule:
    """The tangent of a node set to `value`, whatever its terms are."""
    return lambda terms: value


# A kind of mistake to recognise is a row here; on ties the earlier row speaks first.
MISTAKES: tuple[Callable[[Chain, str], Rows], ...] = (
    sign_global, one_path, missing_factor, wrong_variable, wrong_mask, product_and_quotient, power_rules,
    constant_kept, not_differentiated, wrong_point, sign_term,
)
# Vaguer words, for what none of the above explains.
VAGUE: tuple[Callable[[Chain, str], Rows], ...] = (stopped_early,)


# -- finding the one that fits ------------------------------------------------------------------------------


def diagnose(answer: Tree, f: Expr, wrt: Expr, witness: Witness | None, lang: str = "en") -> list[Finding]:
    """The mistakes that give exactly this answer, likeliest first; empty where none does.

    With more than one, each message says "compatible with".
    """
    try:
        chain = Chain(f, wrt)
        found = list(_matching(answer, chain, witness, lang))
    except (NoScalarForm, NoDerivative):
        return []
    unique = list({m.kind: m for m in reversed(found)}.values())[::-1]
    if unique and unique[0].kind == "sign_global":  # the other readings of it say no more
        unique = unique[:1]
    unique = unique[:3]
    messages = [say(lang, m.phrase, **m.parts) for m in unique]
    if len(messages) > 1:
        messages = [say(lang, "compatible", text=text) for text in messages]
    return [Finding(m.kind, m.where, text) for m, text in zip(unique, messages)]


def _matching(answer: Tree, chain: Chain, witness: Witness | None, lang: str) -> Iterator[Mutant]:
    judge = Judge(answer, chain, witness)
    budget, matched = max(1, min(MAX_MUTANTS, MAX_WORK // max(1, len(chain.active)))), 0
    for mistake in (*MISTAKES, *VAGUE):
        if matched and mistake in VAGUE:
            return
        for mutant in mistake(chain, lang):
            budget -= 1
            if budget < 0:
                return
            if judge.same(mutant.value):
                matched += 1
                yield mutant
    factor = judge.scale() if not matched else None
    if factor is not None:
        shown = show_number(factor, lang)
        yield Mutant(f"wrong_scale({show_number(factor)})", name_of(chain.f), "wrong_scale", {"factor": shown}, num(0))


class Judge:
    """Whether a mutant is the student's answer: at the counterexample first, then everywhere."""

    def __init__(self, answer: Tree, chain: Chain, witness: Witness | None) -> None:
        self.pool = Pool()
        self.answer = self.pool.lower(answer)
        self.truth = self.pool.lower(chain.tangent.get(chain.f) or num(0))
        self.names = symbols(answer, chain.trees[chain.f])
        self.domain = (self.pool.lower(chain.trees[chain.f]),)
        search = Search(self.answer, self.truth, self.domain, self.names)
        points = [witness.point] if witness else []
        self.points = [*points, *search.nice_points(3), *search.general_points(2)]

    def same(self, mutant: Tree) -> bool:
        core = self.pool.lower(mutant)
        seen = 0
        for point in self.points:
            outcome, _ = compare(self.answer, core, self.domain, {n: point.get(n, Fraction(1)) for n in self.names})
            if outcome in ("differ", "narrower"):
                return False
            seen += outcome == "agree"
        if not seen:
            return False
        return Search(self.answer, core, self.domain, self.names).run().status == "correct"

    def scale(self) -> Fraction | None:
        """k where the answer is k times the truth, a constant rational k, everywhere tried."""
        ratio: Fraction | None = None
        for point in self.points:
            values = self._both(point)
            if values is None:
                continue
            got, need = values
            if need == 0 or got == 0:
                if need == got == 0:
                    continue
                return None
            here = _near(got / need)
            if here is None or (ratio is not None and ratio != here):
                return None
            ratio = here
        if ratio is None or ratio == 0:
            return None
        scaled = self.pool.mul(self.pool.num(ratio), self.truth)
        decided = Search(self.answer, scaled, self.domain, self.names).run()
        return ratio if decided.status == "correct" else None

    def _both(self, point: Mapping[str, Fraction]) -> tuple[Any, Any] | None:
        evaluator = Evaluator(as_fmpq({n: point.get(n, Fraction(1)) for n in self.names}), 128)
        try:
            return evaluator.value(self.answer), evaluator.value(self.truth)
        except (Undefined, Unsure):
            return None


def _near(value: Any) -> Fraction | None:
    """The simple rational in an exact value or a ball, if there is one."""
    if hasattr(value, "rad"):
        if not 1e-6 < abs(value) < 1e6:
            return None
        guess = Fraction(float(value.mid())).limit_denominator(1000)
        return guess if value.contains(flint().fmpq(guess.numerator, guess.denominator)) else None
    return Fraction(int(value.p), int(value.q)) if value.height_bits() < 40 else None
