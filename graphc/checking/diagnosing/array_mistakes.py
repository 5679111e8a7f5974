"""Mistakes at the edges and nodes of a graph of arrays. Each row makes its slips anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, product

from ...dims import product as size_product
from ...ir import OPS, Expr, size_node, variables
from ...types import TensorType
from ..phrases import count
from .array_chain import ArrayChain, ArraySlip, Link, LinkEdit, Rule, Seed, ones_like, pullback
from .words import FUNCTIONS, function_name, name_of, path_names, penalties, words

Slips = Iterator[ArraySlip]

STATISTICS = frozenset({"mean", "var", "std", "sum", "max", "min", "norm", "logsumexp"})
PASSING = frozenset({"reshape", "transpose", "broadcast_to", "astype", "getitem", "concatenate", "stack"})


def sign_global(chain: ArrayChain, lang: str) -> Slips:
    yield ArraySlip(words("sign_global", chain.f), whole=lambda: -chain.truth())


def layout(chain: ArrayChain, lang: str) -> Slips:
    if chain.wrt.ndim == 2:
        yield ArraySlip(words("layout_only", chain.wrt), whole=lambda: chain.truth().T)


# -- sums that broadcasting asks for -------------------------------------------------------------------------


def batch_sums(chain: ArrayChain, lang: str) -> Slips:
    """Where an operand was broadcast, its adjoint is summed over the new axes: not at all, or divided by their size."""
    for link in chain.all_links():
        if not link.user.op.elementwise or link.source.shape == link.user.shape or not link.source.ndim:
            continue
        said = words("missing_batch_sum", link.source, by=name_of(link.user))
        yield ArraySlip(said, (LinkEdit(link, _raw(link), whole=True),))
        extra = link.user.shape[: link.user.ndim - link.source.ndim]
        text = chain.size_text(extra)
        if extra:
            said = words(f"wrong_scale(1/{text})", link.source, "mean_for_sum", by=name_of(link.user), size=text)
            yield ArraySlip(said, (LinkEdit(link, _scaled(link, 1 / size_node(size_product(extra)))),))


def _raw(link: Link) -> Rule:
    return lambda g: pullback(link.user, g)[link.operand]


def _scaled(link: Link, factor: Expr | float) -> Rule:
    def rule(g: Expr) -> Expr | None:
        value = pullback(link.user, g)[link.operand]
        return None if value is None else value * factor

    return rule


# -- scales ---------------------------------------------------------------------------------------------------


def scales(chain: ArrayChain, lang: str) -> Slips:
    """1/N of a mean forgotten or doubled, the 2 of a square, a constant in front."""
    for link in chain.all_links():
        node = link.user
        if node.op.name == "mean":
            axes = node.attrs[0]
            sizes = tuple(link.source.shape[i] for i in axes)
            n, text = size_node(size_product(sizes)), chain.size_text(sizes)
            shown = f"({text})" if "·" in text or " " in text else text
            said = words(f"wrong_scale({text})", node, "mean_not_divided", size=shown)
            yield ArraySlip(said, (LinkEdit(link, _scaled(link, n)),))
            said = words(f"wrong_scale(1/{text})", node, "mean_divided_twice", size=shown)
            yield ArraySlip(said, (LinkEdit(link, _scaled(link, 1 / n)),))
        elif node.op.name == "square" or (node.op.name == "power" and _constant(node.args[1]) == 2):
            said = words("wrong_scale(1/2)", node, "factor_two_missing")
            yield ArraySlip(said, (LinkEdit(link, _scaled(link, 0.5)),))
            yield ArraySlip(words("wrong_scale(2)", node, "factor_two_twice"), (LinkEdit(link, _scaled(link, 2.0)),))
        elif node.op.name in ("multiply", "divide") and _factor(node, link.operand) is not None:
            other = node.args[1 - link.operand]
            factor = name_of(other) if node.op.name == "multiply" else f"1/{name_of(other)}"
            parts = {"by": name_of(link.source), "factor": factor}
            said = words("missing_upstream_factor", node, "missing_local_factor", **parts)
            yield ArraySlip(said, (LinkEdit(link, lambda g: g),))


def _factor(node: Expr, operand: int) -> Expr | None:
    """The other operand, where it is one number that divides or multiplies all."""
    other = node.args[1 - operand]
    return other if not other.ndim and (node.op.name == "multiply" or not operand) else None


def _constant(node: Expr) -> object:
    return node.attrs[0].value.item() if node.op.name == "const" and not node.ndim else None


# -- paths --------------------------------------------------------------------------------------------------


def regularisation(chain: ArrayChain, lang: str) -> Slips:
    """A term of the loss that no input reaches: its derivative lost."""
    free = penalties(chain.order)
    for node in chain.inner():
        links = chain.links[node]
        if node.op.name in ("add", "subtract") and len(links) == 2:
            penalty = [link for link in links if link.source in free]
            if len(penalty) == 1:
                said = words("missing_regularisation_term", penalty[0].source)
                yield ArraySlip(said, (_lost(penalty[0]),))


def one_path(chain: ArrayChain, lang: str) -> Slips:
    """At a node used k times, all but one of its uses lost; or just one of them."""
    for node in chain.active:
        mine = [link for u, i in chain.uses.get(node, ()) for link in chain.links.get(u, ()) if link.operand == i]
        if len(mine) < 2:
            continue
        path = path_names(mine, lang)
        for kept in mine[:12]:
            missed = [link for link in mine if link is not kept]
            names = ", ".join(dict.fromkeys(path[link] for link in missed))
            parts = {"count": count(lang, len(mine)), "kept": path[kept]}
            said = words("one_path_of_fanout", node, missed=names, **parts)
            yield ArraySlip(said, tuple(_lost(link) for link in missed))
            if len(mine) > 2:
                said = words("one_path_of_fanout", node, "some_paths_of_fanout", missed=path[kept], **parts)
                yield ArraySlip(said, (_lost(kept),))


def statistics(chain: ArrayChain, lang: str) -> Slips:
    """Means, variances, norms treated as constants though they depend on the variable: several at once."""
    found = [link for link in chain.all_links() if link.user.op.name in STATISTICS and link.user is not chain.f]
    for size in (2, 3):
        for some in combinations(found[:6], size):
            names = ", ".join(name_of(link.user) for link in reversed(some))
            said = words("one_path_of_fanout", chain.wrt, "statistics_constant", nodes=names)
            yield ArraySlip(said, tuple(_lost(link) for link in some))


def _lost(link: Link) -> LinkEdit:
    return LinkEdit(link, lambda g: None)


# -- elementwise functions ------------------------------------------------------------------------------------


def activations(chain: ArrayChain, lang: str) -> Slips:
    """σ' forgotten, doubled, taken at the output; the mask of ReLU forgotten or reversed."""
    for link in chain.all_links():
        node = link.user
        if len(node.args) != 1 or not node.op.elementwise or node.op.name not in FUNCTIONS:
            continue
        parts = {"function": function_name(node), "got": name_of(node), "need": name_of(link.source)}
        if node.op.name == "relu":
            yield ArraySlip(words("missing_relu_mask", node), (LinkEdit(link, lambda g: g),))
            yield ArraySlip(words("wrong_relu_mask", node), (LinkEdit(link, _off_mask(link)),))
            continue
        yield ArraySlip(words("missing_activation_derivative", node, **parts), (LinkEdit(link, lambda g: g),))
        yield ArraySlip(words("derivative_at_wrong_point", node, **parts), (LinkEdit(link, _at_output(link)),))
        yield ArraySlip(words("extra_activation_derivative", node, **parts), (LinkEdit(link, _twice(link)),))
        yield ArraySlip(words("not_differentiated", node), (LinkEdit(link, _times(node)),))
        if node.op.name in ("sigmoid", "tanh"):
            yield ArraySlip(words("wrong_derivative", node, function=parts["function"], got="1 - " + parts["function"]),
                            (LinkEdit(link, _times(1.0 - node)),))
            swapped = {**parts, "got": parts["need"], "need": parts["got"]}
            yield ArraySlip(words("input_instead_of_output", node, **swapped), (LinkEdit(link, _with_input(link)),))


def _off_mask(link: Link) -> Rule:
    return lambda g: g - _given(pullback(link.user, g)[0])


def _at_output(link: Link) -> Rule:
    return lambda g: pullback(link.user.op.make((link.user,), link.user.attrs), g)[0]


def _twice(link: Link) -> Rule:
    return lambda g: pullback(link.user, _given(pullback(link.user, g)[0]))[0]


def _with_input(link: Link) -> Rule:
    z = link.source
    return lambda g: g * (z * (1.0 - z) if link.user.op.name == "sigmoid" else 1.0 - z * z)


def _given(value: Expr | None) -> Expr:
    assert value is not None
    return value


def softmaxes(chain: ArrayChain, lang: str) -> Slips:
    """The Jacobian of softmax taken as its diagonal p(1 - p); of the cross-entropy, p - y and what is made of it."""
    for link in chain.all_links():
        node, name = link.user, link.user.op.name
        if name == "softmax":
            diagonal = node * (1.0 - node)
            yield ArraySlip(words("softmax_diagonal_only", node), (LinkEdit(link, _times(diagonal)),))
            yield ArraySlip(words("missing_activation_derivative", node, function="softmax"),
                            (LinkEdit(link, lambda g: g),))
            yield ArraySlip(words("softmax_diagonal_only", node, "softmax_one_term"), (LinkEdit(link, _times(node)),))
            yield ArraySlip(words("sign_term", node, "softmax_plus"), (LinkEdit(link, _softmax_plus(link)),))
        elif name == "log_softmax":
            yield ArraySlip(words("missing_activation_derivative", node, function="log softmax"),
                            (LinkEdit(link, lambda g: g),))
        elif name == "softmax_cross_entropy" and not link.operand:
            yield from _cross_entropies(link)


def _softmax_plus(link: Link) -> Rule:
    p, axis = link.user, link.user.attrs[0]
    return lambda g: p * (g + OPS["sum"](g * p, axis=(axis,), keepdims=True))


def _times(factor: Expr) -> Rule:
    return lambda g: g * factor


def _cross_entropies(link: Link) -> Slips:
    z, y = link.user.args
    axis = link.user.attrs[0]
    p = OPS["softmax"](z, axis=axis)

    def along(value: Expr) -> Rule:
        def rule(g: Expr) -> Expr:
            shape = tuple(1 if i == axis else s for i, s in enumerate(z.shape))
            return OPS["reshape"](g, shape=shape) * value

        return rule

    parts = {"labels": name_of(y), "logits": name_of(z)}
    yield ArraySlip(words("extra_activation_derivative", link.user, "cross_entropy_extra", **parts),
                    (LinkEdit(link, along((p - y) * p * (1.0 - p))),))
    yield ArraySlip(words("constant_kept", link.user, "cross_entropy_no_labels", **parts), (LinkEdit(link, along(p)),))
    yield ArraySlip(words("input_instead_of_output", link.user, "cross_entropy_logits", **parts),
                    (LinkEdit(link, along(z - y)),))
    yield ArraySlip(words("softmax_diagonal_only", link.user, "cross_entropy_diagonal", **parts),
                    (LinkEdit(link, along(-y * (1.0 - p))),))


# -- products -------------------------------------------------------------------------------------------------


def matrix_products(chain: ArrayChain, lang: str) -> Slips:
    """Of Y = AB, Ā = ȲBᵀ and B̄ = AᵀȲ: transposed, in the other order, elementwise, without one factor."""
    for link in chain.all_links():
        if link.user.op.name != "matmul" or link.user.ndim > 2:
            continue
        other = link.user.args[1 - link.operand]
        parts = {"by": name_of(link.source), "other": name_of(other)}
        yield ArraySlip(words("missing_outer_product", link.user, **parts), (LinkEdit(link, lambda g: g, whole=True),))
        yield ArraySlip(words("missing_upstream_factor", link.user, "adjoint_missing", **parts),
                        (LinkEdit(link, _without_adjoint(link)),))
        if other.ndim == 2 and other.shape[0] == other.shape[1]:
            for inverse in (OPS["inv"](other), OPS["inv"](other).T):
                yield ArraySlip(words("inverse_for_transpose", link.user, **parts),
                                (LinkEdit(link, _product_with(link, inverse)),))
        for build in ORDERS:
            yield ArraySlip(words("transpose_or_order", link.user, **parts), (LinkEdit(link, _ordered(build, other)),))
        yield ArraySlip(words("elementwise_or_matrix", link.user, "elementwise_for_matrix", **parts),
                        (LinkEdit(link, _times(other)),))
        yield from _exchanged(link, other)


def _without_adjoint(link: Link) -> Rule:
    return lambda g: pullback(link.user, ones_like(link.user))[link.operand]


def _product_with(link: Link, other: Expr) -> Rule:
    return lambda g: g @ other if not link.operand else other @ g


def _column(x: Expr) -> Expr:
    return OPS["reshape"](x, shape=(*x.shape, 1)) if x.ndim == 1 else x


Order = Callable[[Expr, Expr], Expr]


def _orders() -> list[Order]:
    """g and the other operand, each as it is or transposed, in both orders; vectors as columns."""
    found: list[Order] = []
    for turn_g, turn_b, g_first in product((False, True), repeat=3):

        def build(g: Expr, b: Expr, turn_g: bool = turn_g, turn_b: bool = turn_b, g_first: bool = g_first) -> Expr:
            left = _column(g).mT if turn_g else _column(g)
            right = _column(b).mT if turn_b else _column(b)
            return left @ right if g_first else right @ left

        found.append(build)
    return found


ORDERS = _orders()


def _ordered(build: Order, other: Expr) -> Rule:
    def rule(g: Expr) -> Expr:
        value = build(g, other)
        sizes = tuple(s for s in value.shape if s != 1)
        return OPS["reshape"](value, shape=sizes) if value.ndim == 2 and 1 in value.shape else value

    return rule


def elementwise_products(chain: ArrayChain, lang: str) -> Slips:
    """Of y = a ⊙ b: a matrix product for the elementwise one, one factor without the other."""
    for link in chain.all_links():
        node = link.user
        if node.op.name != "multiply" or _factor(node, link.operand) is not None:
            continue
        other = node.args[1 - link.operand]
        parts = {"by": name_of(link.source), "other": name_of(other), "factor": name_of(other)}
        yield ArraySlip(words("missing_upstream_factor", node, "missing_local_factor", **parts),
                        (LinkEdit(link, lambda g: g),))
        if node.ndim and other.ndim:
            for build in ORDERS:
                yield ArraySlip(words("elementwise_or_matrix", node, "matrix_for_elementwise", **parts),
                                (LinkEdit(link, _ordered(build, other)),))
        yield from _exchanged(link, other)


def _exchanged(link: Link, other: Expr) -> Slips:
    """z where σ(z) belongs in a product."""
    if len(other.args) == 1 and other.op.name in (*FUNCTIONS, "softmax"):
        inner = other.args[0]
        args = tuple(inner if i == 1 - link.operand else a for i, a in enumerate(link.user.args))
        said = words("input_instead_of_output", other, got=name_of(inner), need=name_of(other))
        user = link.user.op.make(args, link.user.attrs)
        yield ArraySlip(said, (LinkEdit(link, lambda g: pullback(user, g)[link.operand]),))


def centred(chain: ArrayChain, lang: str) -> Slips:
    """x - mean(x): the path through the mean forgotten."""
    for link in chain.all_links():
        if link.user.op.name == "centre":
            yield ArraySlip(words("one_path_of_fanout", link.user, "mean_path_missing", by=name_of(link.source)),
                            (LinkEdit(link, lambda g: g),))


# -- signs, and the rest -----------------------------------------------------------------------------------


def signs(chain: ArrayChain, lang: str) -> Slips:
    for link in chain.all_links():
        yield ArraySlip(words("sign_term", link.user), (LinkEdit(link, _scaled(link, -1.0)),))


def quotients(chain: ArrayChain, lang: str) -> Slips:
    """-ab'/b² with the square forgotten; the denominator forgotten."""
    for link in chain.all_links():
        node = link.user
        if node.op.name != "divide" or (not node.args[1].ndim and not link.operand):
            continue
        a, b = node.args
        if link.operand:
            yield ArraySlip(words("quotient_rule", node, "quotient_no_square"), (LinkEdit(link, _times(-a / b)),))
        else:
            parts = {"by": name_of(link.source), "factor": f"1/{name_of(b)}"}
            yield ArraySlip(words("missing_upstream_factor", node, "missing_local_factor", **parts),
                            (LinkEdit(link, lambda g: g),))


def wrong_variable(chain: ArrayChain, lang: str) -> Slips:
    for other in variables(chain.order):
        fits = isinstance(other.type, TensorType) and other.type.is_float and other.ndim == chain.wrt.ndim
        if other is not chain.wrt and fits:
            said = words("wrong_variable", other, got=name_of(other), need=name_of(chain.wrt))
            yield ArraySlip(said, whole=lambda other=other: ArrayChain(chain.f, other).truth())  # type: ignore[misc]


def not_differentiated(chain: ArrayChain, lang: str) -> Slips:
    """A value given for its derivative: f itself, or an inner node of the shape of the variable."""
    for node in chain.inner()[:24]:
        if node.shape == chain.wrt.shape:
            yield ArraySlip(words("not_differentiated", node), whole=lambda node=node: node)  # type: ignore[misc]


def stopped_early(chain: ArrayChain, lang: str) -> Slips:
    """The derivative of an inner node given for that of f: the adjoint of the node taken as 1."""
    for node in chain.inner()[1:][::-1]:
        if node.op.name not in PASSING:
            yield ArraySlip(words("missing_upstream_factor", node), (Seed(node, ones_like(node)),))


def adjoint_of_another(chain: ArrayChain, lang: str) -> Slips:
    """The adjoint of an inner node given for that of the variable."""
    for node in chain.inner()[1:]:
        value = chain.adjoint.get(node)
        if value is not None and node.op.name not in PASSING:
            said = words("missing_inner_factor", node, "adjoint_of_node")
            yield ArraySlip(said, whole=lambda value=value: value)  # type: ignore[misc]


