"""Naming a mistake: differentiate the graph again with exactly one mistake at one place.

The tangent recurrence  ẏ = Σ ∂y/∂xᵢ · ẋᵢ  gives ∂f/∂w in one pass from w to f; each row of `MISTAKES`
changes one edge or one node of it. The mutant that equals the student's answer names the mistake
and the node. Nothing here is a list of known wrong answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ...errors import NoDerivative
from ...ir import Expr
from ..deciding.assume import Assumptions
from ..deciding.core import Core
from ..deciding.decide import NOTHING, Witness
from ..deciding.from_graph import NoScalarForm
from ..reading.tree import TooLarge, Tree
from . import calculus, mistakes
from .chain import Chain, EdgeEdit, Slip, plain
from .judge import Judge
from .pairs import matching_pair
from .slopes import Slopes
from .ties import findings, told, two_findings
from .vaguer import on_a_kink, related
from .words import Finding, Words

__all__ = ["Finding", "Mutation", "diagnose", "mutations"]

MAX_MUTANTS, MAX_WORK = 600, 20_000

Row = Callable[[Chain, str], Iterator[Slip]]

# A kind of mistake to recognise is a row here; on ties the earlier row speaks first.
MISTAKES: tuple[Row, ...] = (
    mistakes.sign_global, mistakes.product_one_term, mistakes.regularisation, mistakes.one_path,
    mistakes.missing_factor, mistakes.wrong_variable, mistakes.wrong_mask, calculus.products, calculus.quotients,
    calculus.powers, calculus.exponentials, mistakes.constant_kept, mistakes.not_differentiated,
    mistakes.coefficients, mistakes.outer_only, calculus.mixed_up, mistakes.leftover, mistakes.input_for_output,
    mistakes.wrong_point, mistakes.at_inner_slope, mistakes.extra_derivative, mistakes.sign_term,
    calculus.integrated, calculus.degrees, mistakes.miscopied,
)
# Vaguer words, for what none of the above explains.
VAGUE: tuple[Row, ...] = (mistakes.stopped_early,)


@dataclass(frozen=True)
class Mutation:
    """A derivative with one mistake: its kind, the node, the sentence and the formula."""

    kind: str
    where: str
    message: str
    tree: Tree


def diagnose(answer: Tree, f: Expr, wrt: Expr, witness: Witness | None, lang: str = "en",
             assume: Assumptions = NOTHING) -> list[Finding]:
    """The mistakes that give exactly this answer, likeliest first; empty where none does.

    With more than one, each message says "compatible with"; where only two mistakes together give it, both are said.
    """
    try:
        chain = Chain(f, wrt)
        judge = Judge(answer, chain.truth, chain.trees[f], witness, assume)
    except (NoScalarForm, NoDerivative, TooLarge):
        return []
    if not judge.tells_apart:
        kink = on_a_kink(chain, judge)
        return [] if kink is None else [kink.finding(lang)]
    slips = _slips(chain, lang, MISTAKES)
    singles = told(_matching(slips, judge, chain)) or _vague(chain, judge, lang)
    singles = singles or related(answer, chain, judge, lang)
    if singles:
        return findings(singles, lang)
    # A number alone is given by too many pairs for one of them to be the reason.
    pair = None if judge.answer.head == "num" else matching_pair(slips, chain, judge)
    return [] if pair is None else two_findings([s.words for s in pair], lang)


def mutations(of: Expr, wrt: Expr, lang: str = "en") -> list[Mutation]:
    """The derivatives of `of` by `wrt` with one mistake, each proven to differ from the true one and the others.

    Likeliest first; empty where the graph has no scalar form or is too large. The formulas are trees:
    `tree.show` writes them as text, `elaborate.build` makes Exprs of them.

    >>> import graphc as G
    >>> from ..reading.tree import show
    >>> w, x = G.param("w"), G.input("x")
    >>> for m in mutations(G.relu(w*x), w)[:3]:
    ...     print(m.kind, "|", show(m.tree))
    sign_global | -1[w·x > 0]·x
    missing_relu_mask | x
    missing_inner_factor | 1[w·x > 0]
    """
    try:
        chain = Chain(of, wrt)
        judge = Judge(chain.truth, chain.truth, chain.trees[of], wanted=8)
    except (NoScalarForm, NoDerivative, TooLarge):
        return []
    found: list[Mutation] = []
    written: dict[int, tuple[Tree, Tree]] = {}
    values = [judge.values(judge.truth)]
    for slip, tree, core in _built([*_slips(chain, lang, MISTAKES), *_slips(chain, lang, VAGUE)], judge, chain):
        here = judge.values(core)
        if all(judge.distinct(here, other) for other in values):
            values.append(here)
            found.append(Mutation(slip.words.kind, slip.words.where, slip.words.said(lang), plain(tree, written)))
    return found


def _slips(chain: Chain, lang: str, rows: tuple[Row, ...]) -> list[Slip]:
    """The mistakes of these rows, as many as the budget of work allows: a count, so the same everywhere."""
    budget = max(1, min(MAX_MUTANTS, MAX_WORK // max(1, len(chain.active))))
    found: list[Slip] = []
    for row in rows:
        for slip in row(chain, lang):
            if len(found) == budget:
                return found
            found.append(slip)
    return found


def _built(slips: list[Slip], judge: Judge, chain: Chain) -> Iterator[tuple[Slip, Tree, Core]]:
    for slip in slips:
        try:
            tree = chain.value(slip)
            yield slip, tree, judge.lowered(tree)
        except (NoScalarForm, NoDerivative, TooLarge):
            continue


def _matching(slips: list[Slip], judge: Judge, chain: Chain) -> Iterator[Words]:
    for slip, _, core in _built(_close(slips, judge, chain), judge, chain):
        if judge.is_answer(core) and judge.differs_from_truth(core):
            yield slip.words


def _close(slips: list[Slip], judge: Judge, chain: Chain) -> list[Slip]:
    """Those that may give the answer: what only edits edges is tried in floats first."""
    if not chain.edges:
        return slips
    slopes = Slopes(chain, judge, *judge.points[0])
    edits = [[e for e in s.edits if isinstance(e, EdgeEdit)] for s in slips]
    return [s for s, own in zip(slips, edits) if not own or len(own) < len(s.edits) or slopes.fits(own)]


def _vague(chain: Chain, judge: Judge, lang: str) -> list[Words]:
    return list(_matching(_slips(chain, lang, VAGUE), judge, chain))[:1]
