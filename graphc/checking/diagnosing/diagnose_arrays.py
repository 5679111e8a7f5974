"""Naming a mistake in a derivative of arrays: the adjoint recurrence with exactly one mistake at one place.

Each row of `MISTAKES` changes what one edge hands down, or the adjoint of one node. The graph that equals
the student's answer, entry by entry at exact points of two choices of sizes, names the mistake and the node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

from ...dims import Dim
from ...errors import DTypeError, GraphcError, InputError, NoDerivative, ShapeError
from ...ir import INPUT, OPS, Expr, postorder, size_node, variable, variables
from ..deciding.assume import Assumptions
from ..deciding.decide import NOTHING, Witness
from ..deciding.from_graph import NoScalarForm
from ..reading.tree import show_number
from . import array_mistakes as rows
from .array_chain import ArrayChain, ArraySlip
from .array_judge import ArrayJudge
from .ties import findings, told, two_findings
from .words import Finding, Words, name_of, words

MAX_MUTANTS, MAX_WORK = 500, 12_000
COTANGENT = "any_cotangent"

Row = Callable[[ArrayChain, str], Iterator[ArraySlip]]

# A kind of mistake to recognise is a row here; on ties the earlier row speaks first.
MISTAKES: tuple[Row, ...] = (
    rows.layout, rows.sign_global, rows.batch_sums, rows.scales, rows.regularisation, rows.one_path, rows.activations,
    rows.softmaxes, rows.centred, rows.matrix_products, rows.elementwise_products, rows.quotients,
    rows.not_differentiated, rows.wrong_variable, rows.signs, rows.statistics,
)
# Vaguer words, for what none of the above explains.
VAGUE: tuple[Row, ...] = (rows.adjoint_of_another, rows.stopped_early)


def diagnose_arrays(answer: Expr, of: Expr, wrt: Expr, witness: Witness | None, lang: str = "en",
                    assume: Assumptions = NOTHING, shown: Mapping[int, int] | None = None) -> list[Finding]:
    """The mistakes that give exactly this answer, likeliest first; empty where none does.

    `answer` has the shape of `wrt`, or of a Jacobian, of.shape + wrt.shape; another shape is looked for among the
    mistakes that give it. `shown` has the sizes to name for those that stand in for them.
    Never raises for what it cannot do: that is an empty list.

    >>> import graphc as G
    >>> x, W = G.input("x", "d"), G.param("W", "d", "d")
    >>> print(*diagnose_arrays(W @ (2*(W @ x)), G.sum((W @ x)**2), x, None))
    The transpose or the order is wrong at W @ x, where the derivative passes to x: of Y = AB, Ā = Ȳ·Bᵀ and B̄ = Aᵀ·Ȳ.
    """
    output = of
    try:
        if of.ndim:
            answer, of = _contracted(answer, of, wrt)
        chain = ArrayChain(of, wrt, shown)
        truth = chain.truth()
        answers = list(_forms(answer, truth))
    except (NoScalarForm, NoDerivative, ShapeError, DTypeError, InputError):
        return []
    for form, turned in answers:
        judge = ArrayJudge(form, truth, of, None if turned else witness, assume)
        if judge.points:
            said, pair = _found(judge, chain, lang)
            if of is not output:
                said = _without_cotangent(said, of, output)
            if said:
                return two_findings(said, lang) if pair else findings(said, lang)
    return []


def _found(judge: ArrayJudge, chain: ArrayChain, lang: str) -> tuple[list[Words], bool]:
    """What explains the answer; second, whether it takes two mistakes together."""
    built = list(_built(MISTAKES, chain, lang))
    one = told(slip.words for slip, value in built if judge.same(value))
    if one:
        return one, False
    vague = told(slip.words for slip, value in _built(VAGUE, chain, lang) if judge.same(value))[:1]
    factor = None if vague else constant_factor(judge, judge.truth)
    if vague or factor is not None:
        return vague or [_scaled(str(factor), chain, "wrong_scale", lang)], False
    return _and_a_factor(built, judge, chain, lang), True


def _and_a_factor(built: list[tuple[ArraySlip, Expr]], judge: ArrayJudge, chain: ArrayChain, lang: str) -> list[Words]:
    """One mistake, and all of it times a constant."""
    for slip, value in built:
        if slip.words.kind not in WHOLE and not slip.words.kind.startswith("wrong_scale"):
            factor = constant_factor(judge, value)
            if factor == "-1":
                return [slip.words, words("sign_global", chain.f, "sign_besides")]
            if factor is not None:
                return [slip.words, _scaled(factor, chain, "scale_besides", lang)]
    return []


def _scaled(factor: str, chain: ArrayChain, phrase: str, lang: str) -> Words:
    shown = factor.replace(".", ",") if lang == "fr" else factor
    return words(f"wrong_scale({factor})", chain.f, phrase, factor=shown)


def _without_cotangent(found: list[Words], contracted: Expr, output: Expr) -> list[Words]:
    """The words with the output itself in place of what it was contracted to; none about the contraction."""
    whole, name = name_of(contracted), name_of(output)
    renamed = [replace(w, where=name if w.where == whole else w.where,
                       parts={k: name if v == whole else v for k, v in w.parts.items()}) for w in found]
    return [w for w in renamed if not any(COTANGENT in v for v in (w.where, *w.parts.values()))]


def _contracted(answer: Expr, of: Expr, wrt: Expr) -> tuple[Expr, Expr]:
    """A Jacobian and its output, both contracted with any cotangent of the output: what is wrong with one is so
    with the other."""
    if answer.shape != of.shape + wrt.shape:
        raise ShapeError("the answer has not the shape of a Jacobian")
    taken = {v.label for v in variables(postorder([answer, of]))}
    name = next(n for n in (f"{COTANGENT}{i}" for i in range(len(taken) + 1)) if n not in taken)
    c = variable(INPUT, name, of.shape, "float64", declare=False)
    spread = OPS["reshape"](c, shape=(*of.shape, *(1 for _ in wrt.shape)))
    return OPS["sum"](spread * answer, axis=tuple(range(of.ndim))), OPS["sum"](c * of)


def _forms(answer: Expr, truth: Expr) -> Iterator[tuple[Expr, bool]]:
    """The answer as it is; in the shape of the truth, where that is another layout of the same entries."""
    yield answer, False
    if answer.shape != truth.shape:
        if answer.ndim == truth.ndim == 2 and answer.shape[::-1] == truth.shape:
            yield answer.T, True
        elif [s for s in answer.shape if s != 1] == [s for s in truth.shape if s != 1]:
            yield OPS["reshape"](answer, shape=truth.shape), True


def _built(table: tuple[Row, ...], chain: ArrayChain, lang: str) -> Iterator[tuple[ArraySlip, Expr]]:
    """The derivatives with one mistake, as many as the budget of work allows: a count, so the same everywhere."""
    budget = max(1, min(MAX_MUTANTS, MAX_WORK // max(1, len(chain.active))))
    for row in table:
        slips = row(chain, lang)
        while budget:
            budget -= 1
            try:
                slip = next(slips, None)
                value = None if slip is None else chain.value(slip)
            except GraphcError:  # shapes that do not fit here: no student got this
                continue
            if slip is None:
                break
            if value is not None:
                yield slip, value


def constant_factor(judge: ArrayJudge, tree: Expr) -> str | None:
    """k where the answer is k times the tree: a simple number, or one made of a named size."""
    found = judge.ratio(tree)
    if not found:
        return None
    simple = Fraction(found[0][0]).limit_denominator(200)
    if all(abs(float(simple) - k) < 1e-6 * abs(k) for k, _ in found):
        return show_number(simple) if judge.same(tree * float(simple)) else None
    for name, (text, factor_of) in product(judge.names, SIZE_FACTORS.items()):
        if all(abs(float(factor_of(Fraction(sizes[name]))) - k) < 1e-6 * abs(k) for k, sizes in found):
            return text.format(name) if judge.same(tree * factor_of(size_node(Dim.named(name)))) else None
    return None


# Mistakes of the whole, which one more factor turns into others.
WHOLE = frozenset({"sign_global", "layout_only", "not_differentiated", "wrong_variable"})
# Factors made of a named size, as they are written.
SIZE_FACTORS: dict[str, Callable[[Any], Any]] = {
    "{}": lambda n: n, "1/{}": lambda n: 1 / n, "2/{}": lambda n: 2 / n, "{}/2": lambda n: n / 2,
    "1/(2{})": lambda n: 1 / (2 * n), "2{}": lambda n: 2 * n, "1/{}^2": lambda n: 1 / (n * n),
    "-{}": lambda n: -n, "-1/{}": lambda n: -1 / n,
}
