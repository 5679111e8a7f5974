"""What can be said of an answer that no mistake at one place explains: how it relates to the derivative as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from ..deciding.from_graph import NoScalarForm
from ..reading.tree import TooLarge, Tree, add, make, neg, nodes, num, show, show_number
from .chain import Chain, plain
from .judge import Judge
from .words import Words, name_of, words

EXCHANGED = (("sin", "cos"), ("sinh", "cosh"), ("asin", "acos"))
KINKED = frozenset({"relu", "absolute", "maximum", "minimum", "leaky_relu", "clip", "where", "sign"})


def related(answer: Tree, chain: Chain, judge: Judge, lang: str) -> list[Words]:
    """The first relation that holds: a constant times, a constant more, a factor lost or too many, sin for cos."""
    for relation in (_scale, _shift, _factor):
        found = relation(chain, judge, lang)
        if found is not None:
            return [found]
    swapped = _exchange(answer, chain, judge)
    return [] if swapped is None else [swapped]


def _scale(chain: Chain, judge: Judge, lang: str) -> Words | None:
    k = judge.scale()
    if k is None:
        return None
    return words(f"wrong_scale({show_number(k)})", chain.f, "wrong_scale", factor=show_number(k, lang))


def _shift(chain: Chain, judge: Judge, lang: str) -> Words | None:
    nought = judge.answer.head == "num" and judge.answer.value == 0
    c = None if nought else judge.shift()
    return None if c is None else words("constant_kept", chain.f, "constant_added", number=show_number(c, lang))


def _factor(chain: Chain, judge: Judge, lang: str) -> Words | None:
    for tree, said in _candidates(chain, lang):
        try:
            factor = judge.lowered(tree)
        except TooLarge:
            continue
        if judge.is_answer(judge.pool.mul(judge.truth, judge.pool.node("powi", factor, value=-1))):
            return words("missing_upstream_factor", chain.f, "factor_missing", factor=said)
        if judge.is_answer(judge.pool.mul(judge.truth, factor)):
            return words("extra_factor", chain.f, factor=said)
    return None


def _candidates(chain: Chain, lang: str) -> Iterator[tuple[Tree, str]]:
    """What a factor of the derivative can be: local derivatives, values of nodes y, and 1 - y."""
    for edge in chain.all_edges():
        if edge.local.number is None:
            yield edge.local, show(plain(edge.local), lang, 60)
    for node in chain.order[::-1]:
        tree = chain.trees[node]
        if tree.number is None and node.type.is_float:
            yield tree, name_of(node)
            if node.args:
                yield add(num(1), neg(tree)), f"1 - {name_of(node)}" if node.label else f"1 - ({name_of(node)})"


def _exchange(answer: Tree, chain: Chain, judge: Judge) -> Words | None:
    """With two functions exchanged in it, is the answer right?"""
    for one, two in EXCHANGED:
        other = _renamed(answer, {one: two, two: one})
        if other is answer:
            continue
        try:
            swapped = Judge(other, chain.truth, chain.trees[chain.f], assume=judge.assume)
        except (TooLarge, NoScalarForm):
            continue
        if swapped.points and swapped.is_answer(swapped.truth):
            return words("wrong_derivative", chain.f, "functions_exchanged", one=one, two=two)
    return None


def _renamed(tree: Tree, names: dict[str, str]) -> Tree:
    done: dict[int, Tree] = {}
    for node in nodes(tree):
        args = tuple(done[id(a)] for a in node.args)
        renamed = node.head == "call" and node.value in names
        if renamed or any(a is not b for a, b in zip(args, node.args)):
            done[id(node)] = make(node.head, *args, value=names[str(node.value)] if renamed else node.value)
        else:
            done[id(node)] = node
    return done[id(tree)]


def on_a_kink(chain: Chain, judge: Judge) -> Words | None:
    """An answer that is the derivative but for the kinks of f, where that is a convention."""
    kinks = [n for n in chain.inner() if n.op.name in KINKED]
    if kinks and judge.is_answer(judge.truth) and "differs_only_at_kink" in judge.against_truth().flags:
        return words("kink_only", kinks[-1])
    return None
