"""Mistakes at the edges and nodes of a graph: paths, factors, masks, signs, points. A row makes its slips anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations

from ...ir import INPUT, Expr, consumers, postorder, variable, variables
from ...reverse import declared_gradients
from ..deciding.from_graph import substitute, trees
from ..phrases import count
from ..reading.tree import Tree, add, mul, neg, num, number_like, show
from .chain import Chain, Edge, EdgeEdit, NodeEdit, Rule, Slip, Terms, chained, local_derivatives, plain, total
from .words import FUNCTIONS, Words, function_name, name_of, path_names, penalties, words

Slips = Iterator[Slip]


def sign_global(chain: Chain, lang: str) -> Slips:
    yield Slip(words("sign_global", chain.f), whole=lambda: neg(chain.truth))


def product_one_term(chain: Chain, lang: str) -> Slips:
    """(ab)' taken as a'b alone, or ab' alone."""
    for node in chain.inner():
        edges = chain.edges[node]
        if node.op.name == "multiply" and len(edges) == 2:
            for lost in edges:
                kept = edges[1 - lost.operand]
                said = words("product_rule", node, "product_one_term", kept=name_of(kept.source),
                             lost=name_of(lost.source))
                yield Slip(said, (EdgeEdit(lost, lost=True),))


def regularisation(chain: Chain, lang: str) -> Slips:
    """A term of the loss that no input reaches, only what is learned: its derivative lost."""
    free = penalties(chain.order)
    for node in chain.inner():
        edges = chain.edges[node]
        if node.op.name in ("add", "subtract") and len(edges) == 2:
            penalty = [e for e in edges if e.source in free]
            if len(penalty) == 1:
                said = words("missing_regularisation_term", penalty[0].source)
                yield Slip(said, (EdgeEdit(penalty[0], lost=True),))


def one_path(chain: Chain, lang: str) -> Slips:
    """At a node used k times, all but one of its uses lost; or just one of them."""
    uses = consumers(chain.order)
    for node in chain.active:
        mine = [e for u, i in uses.get(node, ()) for e in chain.edges.get(u, ()) if e.operand == i]
        if len(mine) < 2:
            continue
        path = path_names(mine, lang)
        for kept in mine:
            missed = [e for e in mine if e is not kept]
            names = ", ".join(dict.fromkeys(path[e] for e in missed))
            parts = {"count": count(lang, len(mine)), "kept": path[kept]}
            said = words("one_path_of_fanout", node, missed=names, **parts)
            yield Slip(said, tuple(EdgeEdit(e, lost=True) for e in missed))
            if len(mine) > 2:
                said = words("one_path_of_fanout", node, "some_paths_of_fanout", missed=path[kept], **parts)
                yield Slip(said, (EdgeEdit(kept, lost=True),))


def missing_factor(chain: Chain, lang: str) -> Slips:
    """The local derivative of one edge forgotten, or what stands inside it."""
    for edge in chain.all_edges():
        if edge.local.number not in (1, -1):
            yield missing_local(edge, lang)
        if edge.source is not chain.wrt and edge.user.op.name not in ("add", "subtract", "negative"):
            yield Slip(_inner(chain, edge.source, lang), (EdgeEdit(edge, tangent=num(1)),))


def _inner(chain: Chain, source: Expr, lang: str) -> Words:
    factor = show(plain(chain.tangent.get(source) or num(0)), lang, 60)
    phrase = "missing_inner_value" if len(factor) <= 40 else "missing_inner_factor"
    return words("missing_inner_factor", source, phrase, factor=factor)


def missing_local(edge: Edge, lang: str) -> Slip:
    node, edits = edge.user, (EdgeEdit(edge, local=num(1)),)
    if node.op.name == "relu":
        return Slip(words("missing_relu_mask", node), edits)
    if node.op.name in FUNCTIONS and len(node.args) == 1:
        return Slip(words("missing_activation_derivative", node, function=function_name(node)), edits)
    factor = show(plain(edge.local), lang, 80)
    return Slip(words("missing_upstream_factor", node, "missing_local_factor", by=name_of(edge.source), factor=factor),
                edits)


def coefficients(chain: Chain, lang: str) -> Slips:
    """The constant factors in front forgotten, all of them: one habit, several places."""
    found = [e for e in chain.all_edges() if e.user.op.name in ("multiply", "divide")
             and chain.is_constant(e.local) and e.local.number != 1]
    outer = [e for e in found if not chain.is_constant(chain.tangent.get(e.source) or num(1))]
    minus = [e for e in chain.all_edges() if e.user.op.name == "subtract" and e.operand]
    for edges in (found, outer, outer + minus):
        if len(edges) > 1:
            factors = ", ".join(dict.fromkeys(show(plain(e.local), lang, 30) for e in edges[:6]))
            said = words("missing_upstream_factor", chain.f, "missing_coefficients", factors=factors)
            yield Slip(said, tuple(EdgeEdit(e, local=num(1)) for e in edges))


def outer_only(chain: Chain, lang: str) -> Slips:
    """The chain rule forgotten everywhere: each function differentiated as though its inside were the variable."""
    places = [e for e in chain.all_edges() if e.source is not chain.wrt and not chain.is_constant(e.local)
              and len(chain.edges[e.user]) == 1]
    if len(places) > 1:
        for some in dict.fromkeys((tuple(places), *combinations(places, 2))):
            inner = ", ".join(dict.fromkeys(name_of(e.source) for e in some))
            yield Slip(words("missing_inner_factor", chain.f, "missing_inner_factors", nodes=inner),
                       tuple(EdgeEdit(e, tangent=num(1)) for e in some))


def stopped_early(chain: Chain, lang: str) -> Slips:
    """The derivative of an inner node given for that of f."""
    for node in reversed(chain.active[1:-1]):
        yield Slip(words("missing_upstream_factor", node), whole=partial(_tangent, chain, node))


def _tangent(chain: Chain, node: Expr) -> Tree:
    return chain.tangent.get(node) or num(0)


def _same(tree: Tree) -> Tree:
    return tree


def _gradient(f: Expr, wrt: Expr) -> Tree:
    found = declared_gradients(f, [wrt])[0]
    return number_like(trees([found])[found])


def sign_term(chain: Chain, lang: str) -> Slips:
    for edge in chain.all_edges():
        kind = "quotient_rule" if edge.user.op.name == "divide" and edge.operand == 1 else "sign_term"
        phrase = "quotient_sign" if kind == "quotient_rule" else kind
        yield Slip(words(kind, edge.user, phrase), (EdgeEdit(edge, local=neg(edge.local)),))


def wrong_mask(chain: Chain, lang: str) -> Slips:
    for edge in chain.all_edges():
        if edge.user.op.name == "relu":
            reversed_ = add(num(1), neg(edge.local))
            yield Slip(words("wrong_relu_mask", edge.user), (EdgeEdit(edge, local=reversed_),))


def extra_derivative(chain: Chain, lang: str) -> Slips:
    """The local derivative of a function multiplied in twice."""
    for edge in chain.all_edges():
        if edge.user.op.name in FUNCTIONS and len(edge.user.args) == 1 and edge.local.number is None:
            said = words("extra_activation_derivative", edge.user, function=function_name(edge.user))
            yield Slip(said, (EdgeEdit(edge, local=mul(edge.local, edge.local)),))


def wrong_point(chain: Chain, lang: str) -> Slips:
    """σ'(x) for σ'(w·x + b), or σ'(σ(z)) for σ'(z); with the inside then forgotten or not."""
    for edge in chain.all_edges():
        node = edge.user
        if len(chain.edges[node]) > 1 or chain.is_constant(edge.local):
            continue
        inner = edge.source
        points = dict.fromkeys([chain.wrt, *inner.args, node, *variables(chain.order)])
        for point in [p for p in points if p is not inner and not p.ndim and p.type.is_float][:6]:
            moved = _at(edge, point)
            if moved is None:
                continue
            parts = {"function": function_name(node), "got": name_of(point), "need": name_of(inner)}
            yield Slip(words("derivative_at_wrong_point", node, **parts), (EdgeEdit(edge, local=moved),))
            if point is chain.wrt:
                said = words("missing_inner_factor", node, "outer_at_variable", **parts)
                yield Slip(said, (EdgeEdit(edge, local=moved, tangent=num(1)),))


def at_inner_slope(chain: Chain, lang: str) -> Slips:
    """f'(g'(x)) for f'(g(x)): the outer derivative at the derivative of the inside."""
    for edge in chain.all_edges():
        slope = chain.tangent.get(edge.source)
        if len(edge.user.args) != 1 or edge.source is chain.wrt or slope is None or chain.is_constant(edge.local):
            continue
        hole = variable(INPUT, "inner", (), "float64", declare=False)
        local = _at(edge, hole)
        if local is not None:
            moved = substitute(local, {"inner": slope})
            said = words("derivative_at_wrong_point", edge.user, "outer_at_inner_slope",
                         function=function_name(edge.user), need=name_of(edge.source))
            yield Slip(said, (EdgeEdit(edge, local=moved),))
            yield Slip(said, (EdgeEdit(edge, local=moved, tangent=num(1)),))


def _at(edge: Edge, point: Expr) -> Tree | None:
    """The local derivative of an edge with another operand."""
    node = edge.user
    args = tuple(point if i == edge.operand else a for i, a in enumerate(node.args))
    local = local_derivatives(node.op.make(args, node.attrs))[edge.operand]
    return None if local is None else trees([local])[local]


def input_for_output(chain: Chain, lang: str) -> Slips:
    """z where a = σ(z) belongs: in the local derivative of another node, or in σ' written in terms of the output."""
    outputs = [n for n in chain.order if len(n.args) == 1 and n.op.name in FUNCTIONS and n.args[0].args]
    for edge in chain.all_edges():
        node = edge.user
        said = words("input_instead_of_output", node, got=name_of(edge.source), need=name_of(node))
        if node.op.name in ("sigmoid", "tanh"):
            yield Slip(said, (EdgeEdit(edge, local=_in_terms_of_input(chain, edge)),))
        local = local_derivatives(node)[edge.operand]
        used = set() if local is None else set(postorder([local]))
        for output in outputs[:8]:
            if local is not None and output in used and output is not node:
                exchanged = replaced(local, output, output.args[0])
                said = words("input_instead_of_output", output, got=name_of(output.args[0]), need=name_of(output))
                yield Slip(said, (EdgeEdit(edge, local=trees([exchanged])[exchanged]),))


def _in_terms_of_input(chain: Chain, edge: Edge) -> Tree:
    """σ' = σ(1 - σ) and tanh' = 1 - tanh² with z for the output."""
    z = chain.trees[edge.source]
    return mul(z, add(num(1), neg(z))) if edge.user.op.name == "sigmoid" else add(num(1), neg(mul(z, z)))


def replaced(root: Expr, old: Expr, new: Expr) -> Expr:
    """The graph with one node put for another."""
    made: dict[Expr, Expr] = {old: new}
    for node in postorder([root]):
        args = tuple(made.get(a, a) for a in node.args)
        if node not in made and any(a is not b for a, b in zip(args, node.args)):
            made[node] = node.op.make(args, node.attrs, node.label)
    return made.get(root, root)


def leftover(chain: Chain, lang: str) -> Slips:
    """(w·x)' by w given as w·x: the variable left in a product that it should have gone from."""
    for edge in chain.all_edges():
        factor = edge.user.op.name == "multiply" or (edge.user.op.name == "divide" and not edge.operand)
        if factor and edge.source is chain.wrt:
            said = words("leftover_variable", edge.user, variable=name_of(chain.wrt))
            yield Slip(said, (EdgeEdit(edge, local=chain.trees[edge.user]),))


def not_differentiated(chain: Chain, lang: str) -> Slips:
    """f itself, or one function kept where its derivative belongs: ln z for 1/z."""
    yield Slip(words("not_differentiated", chain.f), whole=lambda: chain.trees[chain.f])
    for edge in chain.all_edges():
        if len(edge.user.args) == 1 or edge.user.op.name == "power":
            kept = chain.trees[edge.user]
            yield Slip(words("not_differentiated", edge.user), (EdgeEdit(edge, local=kept),))
            yield Slip(words("not_differentiated", edge.user), (NodeEdit(edge.user, _always(kept)),))


def _always(value: Tree) -> Rule:
    return lambda terms: value


def constant_kept(chain: Chain, lang: str) -> Slips:
    """A term that does not depend on the variable, added to the derivative all the same."""
    active = set(chain.active)
    for node in chain.inner():
        if node.op.name not in ("add", "subtract"):
            continue
        for i, other in enumerate(node.args):
            if other not in active:
                extra = neg(chain.trees[other]) if node.op.name == "subtract" and i else chain.trees[other]
                yield Slip(words("constant_kept", node, node=name_of(other)), (NodeEdit(node, _plus(extra)),))


def _plus(extra: Tree) -> Rule:
    def rule(terms: Terms) -> Tree | None:
        return total([*(chained(e, t) for e, t in terms), extra])

    return rule


def wrong_variable(chain: Chain, lang: str) -> Slips:
    for other, gradient in chain.gradients.items():
        said = words("wrong_variable", other, got=name_of(other), need=name_of(chain.wrt))
        yield Slip(said, whole=partial(_same, gradient))


def miscopied(chain: Chain, lang: str) -> Slips:
    """The right derivative of another function: one sign of f read wrongly."""
    for node in chain.inner():
        if node.op.name in ("add", "subtract", "negative"):
            other = _rebuilt(chain, node)
            if other is not None:
                said = words("sign_term", node, "miscopied_sign", other=name_of(other))
                yield Slip(said, whole=partial(_gradient, other, chain.wrt))


def _rebuilt(chain: Chain, node: Expr) -> Expr | None:
    """f with the sign of the last operand of `node` changed."""
    made: dict[Expr, Expr] = {}
    for old in chain.active:
        args = tuple(made.get(a, a) for a in old.args)
        if old is node:
            a = args[-1]
            made[old] = a if len(args) == 1 else args[0] - a if old.op.name == "add" else args[0] + a
        elif any(a is not b for a, b in zip(args, old.args)):
            made[old] = old.op.make(args, old.attrs, old.label)
    return made.get(chain.f)
