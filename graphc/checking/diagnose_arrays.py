"""Naming a mistake in a derivative of arrays: the adjoint recurrence with exactly one mistake at one place.

Each row of `MISTAKES` changes what one edge hands down, or the adjoint of one node. The graph that equals
the student's answer, in floats first and then decided entry by entry, names the mistake and the node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

from ..dims import Dim
from ..errors import DTypeError, GraphcError, InputError, NoDerivative, ShapeError
from ..ir import INPUT, OPS, Expr, lift, postorder, size_node, variable, variables
from . import array_mistakes as rows
from .array_chain import ArrayChain, ArraySlip
from .array_judge import ArrayJudge
from .assume import Assumptions
from .decide import NOTHING, Witness
from .from_graph import NoScalarForm
from .ties import findings, told
from .tree import show_number
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
                    assume: Assumptions = NOTHING) -> list[Finding]:
    """The mistakes that give exactly this answer, likeliest first; empty where none does.

    `answer` has the shape of `wrt`, or of a Jacobian, of.shape + wrt.shape; another shape is looked for among the
    mistakes that give it. Never raises for what it cannot do: that is an empty list.

    >>> import graphc as G
    >>> x, W = G.input("x", "d"), G.param("W", "d", "d")
    >>> print(*diagnose_arrays(W @ (2*(W @ x)), G.sum((W @ x)**2), x, None))
    The transpose or the order is wrong at W @ x, where the derivative passes to x: of Y = AB, Ā = Ȳ·Bᵀ and B̄ = Aᵀ·Ȳ.
    """
    output = of
    try:
        if of.ndim:
            answer, of = _contracted(answer, of, wrt)
        chain = ArrayChain(of, wrt)
        truth = chain.truth()
        answers = list(_forms(answer, truth))
    except (NoScalarForm, NoDerivative, ShapeError, DTypeError, InputError):
        return []
    for form, turned in answers:
        judge = ArrayJudge(form, truth, of, None if turned else witness, assume)
        if judge.points:
            said = told(_matching(MISTAKES, judge, chain, lang)) or _vague(judge, chain, lang) or _scale(judge, lang)
            if said:
                return findings(said if of is output else _without_cotangent(said, of, output), lang)
    return []


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


def _matching(table: tuple[Row, ...], judge: ArrayJudge, chain: ArrayChain, lang: str) -> Iterator[Words]:
    budget = max(1, min(MAX_MUTANTS, MAX_WORK // max(1, len(chain.active))))
    for row in table:
        slips = row(chain, lang)
        while budget:
            budget -= 1
            try:
                slip = next(slips, None)
                if slip is None:
                    break
                value = chain.value(slip)
            except GraphcError:  # shapes that do not fit here: no student got this
                continue
            if value is not None and judge.same(value):
                yield slip.words


def _vague(judge: ArrayJudge, chain: ArrayChain, lang: str) -> list[Words]:
    return told(_matching(VAGUE, judge, chain, lang))[:1]


def _scale(judge: ArrayJudge, lang: str) -> list[Words]:
    """The answer a constant times the derivative: a number, or one made of a named size."""
    found = judge.ratio()
    if not found:
        return []
    simple = [Fraction(k).limit_denominator(200) for k, _ in found]
    if all(s == simple[0] and abs(float(s) - k) < 1e-6 * abs(k) for s, (k, _) in zip(simple, found)):
        text, factor = show_number(simple[0], lang), lift(float(simple[0]))
        return _scaled(judge, show_number(simple[0]), text, factor)
    for name, (text, factor_of) in product(judge.names, SIZE_FACTORS.items()):
        if all(abs(float(factor_of(Fraction(sizes[name]))) - k) < 1e-6 * abs(k) for k, sizes in found):
            shown = text.format(name)
            return _scaled(judge, shown, shown, factor_of(size_node(Dim.named(name))))
    return []


# Factors made of a named size, as they are written.
SIZE_FACTORS: dict[str, Callable[[Any], Any]] = {
    "{}": lambda n: n, "1/{}": lambda n: 1 / n, "2/{}": lambda n: 2 / n, "{}/2": lambda n: n / 2,
    "1/(2{})": lambda n: 1 / (2 * n), "2{}": lambda n: 2 * n, "1/{}^2": lambda n: 1 / (n * n),
    "-{}": lambda n: -n, "-1/{}": lambda n: -1 / n,
}


def _scaled(judge: ArrayJudge, code: str, text: str, factor: Expr) -> list[Words]:
    if judge.same(judge.truth * factor):
        return [words(f"wrong_scale({code})", judge.f, "wrong_scale", factor=text)]
    return []
