"""The verdict on an answer where arrays are in play: elaborated, brought to small sizes, decided entry by entry."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..dims import Dim, Size, value_of
from ..errors import GraphcError, ParseError
from ..ir import Expr, lift, postorder, size_node, variables
from ..values import evaluate
from .deciding.arrays import decide_arrays, joined, shape_decision, truth_of
from .deciding.assume import Assumptions
from .deciding.decide import Decision
from .deciding.entries import named_sizes
from .deciding.from_graph import NoScalarForm, exact
from .deciding.sizes import Smaller, literals
from .diagnosing.diagnose_arrays import diagnose_arrays
from .diagnosing.words import Finding
from .phrases import say
from .reading.parse import Reading
from .reading.tree import TooLarge, Tree, show
from .repairs import transposed_once
from .report import Verdict, certainty_of, counterexample_of
from .shapes.elaborate import NOTED, Built, ShapeFault, build, loose_indices

FLOAT_SIZES = (3, 4, 2, 5, 6, 7, 8, 9)  # of named dimensions, where declared sizes are looked at in floats
FREE = ("i", "j", "k", "l")  # the axes of the derivative, where entries are given without a left side
OTHERS = frozenset({"matrix_product", "entrywise", "indices_in_order"})
LOOSE = frozenset({"ambiguous_product", "vector_as_row", "ambiguous_broadcast", "broadcast_as_column",
                   "mixed_orientation"})  # of a reading that may not be what was meant
MANY = 15  # digits, which nobody types
MAX_ELEMENTS = 20_000  # of a variable, in the search for a mistake
CLEARLY = 1e-3  # relative; float64 rounds twelve digits further down


@dataclass(frozen=True)
class Question:
    """What is asked, and how answers to it are taken."""

    of: Expr
    wrt: Expr
    named: Mapping[str, Expr]
    layout: str
    assume: Assumptions
    lang: str

    @property
    def shape(self) -> tuple[Size, ...]:
        return (*self.of.shape, *self.wrt.shape)

    def leaf(self, name: str) -> Expr:
        """The node of a name, or the number of a named size. Raises KeyError for any other letter."""
        if name not in self.named and name not in named_sizes(list(self.named.values())):
            raise KeyError(name)
        return self.named[name] if name in self.named else size_node(Dim.named(name))


@dataclass(frozen=True)
class Link:
    """One member of a chain a = b: the readings of it as graphs, the likeliest first, and as it is written."""

    readings: tuple[Built, ...]
    shown: str


def has_arrays(*roots: Expr) -> bool:
    """Whether arrays are in play in these graphs."""
    return any(node.ndim for node in postorder(roots))


def judge_expr(answer: Any, question: Question) -> Verdict:
    """The verdict on a graph, a number or a NumPy array."""
    node = lift(answer, "check")
    verdict = _judge([Link((Built(node),), str(node))], frozenset(), question)
    return rounded(verdict, question.lang) if has_floats(node) else verdict


def has_floats(node: Expr) -> bool:
    """Whether a graph has floating-point numbers of so many digits that Python must have rounded them."""
    values = [v for n in postorder([node]) if n.op.name == "const" for v in n.attrs[0].value.ravel().tolist()]
    return any(_is_rounded(v) for v in dict.fromkeys(values) if isinstance(v, float) and np.isfinite(v))


def _is_rounded(value: float) -> bool:
    """A float that is written with many digits and stands for no simple number."""
    digits = repr(value).partition("e")[0].replace(".", "").lstrip("-0")
    simple = exact(value).number
    return len(digits) >= MANY and simple is not None and simple.denominator > 1000


def rounded(verdict: Verdict, lang: str) -> Verdict:
    """A graph with rounded numbers that agrees to nine digits is not wrong for its rounding."""
    c = verdict.counterexample
    if verdict.status != "wrong" or c is None or not c.close:
        return verdict
    certainty, told = say("en", "rounded_numbers"), say(lang, "rounded_numbers")
    return Verdict("undecided", certainty, verdict.read_as, lang=lang, told=told, flags=verdict.flags)


def judge_reading(reading: Reading, question: Question) -> Verdict:
    """The verdict on what was read from text or from a SymPy expression."""
    read_as = " = ".join(show(link, question.lang) for link in reading.links)
    indices = reading.left.indices if reading.left else ()
    try:
        links = [Link(tuple(_readings(tree, indices, question)), show(tree, question.lang)) for tree in reading.links]
    except ShapeFault as fault:
        findings = next((f for tree in reading.links if (f := _repaired(tree, indices, question))), [])
        return Verdict("wrong", str(fault), read_as, None, findings, set(reading.flags) | {"shape"}, question.lang,
                       str(fault))
    except ParseError as error:
        return Verdict("invalid", error.reason, lang=question.lang, told=str(error))
    except (GraphcError, NoScalarForm) as error:
        return undecided(error, read_as, reading.flags, question.lang)
    return _judge(links, reading.flags, question)


def _readings(tree: Tree, indices: Sequence[str], question: Question) -> Iterator[Built]:
    """The tree as a graph, and the other graphs that someone who wrote it may have meant.

    Each of the others counts only where it is right; the first is what is told of otherwise.
    """
    try:
        first = _built(tree, indices, question)
    except (ShapeFault, ParseError) as error:
        others = list(_others(tree, indices, question))
        if not any(_is_right(other, question) for other in others):
            raise error
        yield from others
        return
    yield first
    if first.flags & LOOSE:
        yield from _others(tree, indices, question)


def _repaired(tree: Tree, indices: Sequence[str], question: Question) -> list[Finding]:
    """The one transpose that makes the derivative of an answer whose shapes do not fit."""
    for whole, factor, fixed in transposed_once(tree):
        try:
            if _is_right(_built(whole, indices, question), question):
                got, fix = show(factor, question.lang), show(fixed, question.lang)
                return [Finding("transpose_or_order", got, say(question.lang, "transpose_fits", got=got, fix=fix))]
        except (ParseError, GraphcError, NoScalarForm):
            continue
    return []


def _built(tree: Tree, indices: Sequence[str], question: Question, star: str = "elementwise") -> Built:
    sizes = dict(zip(indices, question.shape)) if len(indices) == len(question.shape) else {}
    return build(tree, question.leaf, free=indices, lang=question.lang, sizes=sizes, shape=question.shape, star=star)


def _others(tree: Tree, indices: Sequence[str], question: Question) -> Iterator[Built]:
    """`*` as the product of matrices; a product of two columns entry by entry; entries named without a left side."""
    tries = [(indices, "matrix", "matrix_product"), (indices, "entrywise", "entrywise"),
             (indices, "rows", "rows_of_matrix")]
    names = [n for n in loose_indices(tree) if n not in question.named]
    if len(names) != len(question.shape):
        names = [n for n in FREE if n not in question.named][: len(question.shape)]
    if names and not indices:
        tries.append((names, "elementwise", "indices_in_order"))
    for free, star, flag in tries:
        try:
            yield replace(_built(tree, free, question, star), flags=frozenset({flag}))
        except (ParseError, GraphcError):
            continue


def _is_right(built: Built, question: Question) -> bool:
    try:
        return decide_answer(built.expr, question).decision.status == "correct"
    except (GraphcError, NoScalarForm):
        return False


def undecided(error: Exception, read_as: str, flags: frozenset[str], lang: str) -> Verdict:
    """A limit reached, or something outside what can be decided: said, never held against the answer."""
    known = isinstance(error, (TooLarge, NoScalarForm))
    told = say(lang, error.phrase, **error.parts) if known else str(error)  # type: ignore[attr-defined]
    return Verdict("undecided", str(error), read_as, lang=lang, told=told, flags=set(flags))


# -- judging ------------------------------------------------------------------------------------------------------


def _judge(links: Sequence[Link], flags: frozenset[str], question: Question) -> Verdict:
    read_as, lang = " = ".join(link.shown for link in links), question.lang
    found: list[Judged] = []
    for link in links:
        try:
            judged = _best(link, question)
        except (NoScalarForm, GraphcError) as error:
            return undecided(error, read_as, flags, lang)
        if judged.decision.status == "wrong":
            failing = link.shown if len(links) > 1 else ""
            return replace(_wrong(judged, lang), read_as=read_as, failing=failing,
                           diagnosis=_findings(judged, question), flags=set(flags) | judged.decision.flags)
        found.append(judged)
    order = {"proved": 2, "chance": 1}
    weakest = min((j.decision for j in found), key=lambda d: (d.status == "correct", order.get(d.certainty, 0)))
    return Verdict(weakest.status, certainty_of(weakest, "en"), read_as, lang=lang, told=certainty_of(weakest, lang),
                   flags=set(flags).union(*(j.decision.flags for j in found)))


def _findings(judged: Judged, question: Question) -> list[Finding]:
    """The mistake, looked for at the sizes at which the answer was decided, told with those that were declared."""
    answer, of, wrt = judged.answer, judged.of, judged.wrt
    table = {large: small[0] for large, small in judged.decision.replaced.items()}
    smaller = Smaller([answer, of, wrt])
    if smaller and not table:  # of another shape: not brought to small sizes yet
        try:
            answer, of, wrt = smaller.rebuild([answer, of, wrt], numbers=False)
            table = smaller.table
        except (GraphcError, ValueError, IndexError):
            return []
    shown = {small: large for large, small in table.items()}
    return diagnose_arrays(answer, of, wrt, judged.decision.witness, question.lang, question.assume, shown)


@dataclass(frozen=True)
class Judged:
    """A decision, and the graphs at the sizes at which it was made."""

    decision: Decision
    answer: Expr
    of: Expr
    wrt: Expr


def _best(link: Link, question: Question) -> Judged:
    """The first reading of a link that is right; else its first."""
    judged: list[Judged] = []
    for reading in link.readings:
        found = decide_answer(reading.expr, question)
        if found.decision.status == "correct":
            found.decision.flags.update(reading.flags & (OTHERS | NOTED))
            return found
        judged.append(found)
    judged[0].decision.flags.update(link.readings[0].flags & NOTED)
    return judged[0]


def decide_answer(answer: Expr, question: Question) -> Judged:
    """The answer against the derivative, at small sizes where large ones are declared."""
    of, wrt = question.of, question.wrt
    fault = shape_decision(answer, question.shape, question.of.ndim)
    if fault is not None:
        return Judged(fault, answer, of, wrt)
    turns = [Smaller([of, wrt, answer], turn) for turn in (0, 1)]
    if not turns[0]:
        return _decided(answer, of, wrt, question)
    first: Judged | None = None
    for in_answer, in_graph in itertools.product((True, False), (False, True)):
        found = _at_both(turns, (in_answer, in_graph), answer, question)
        if found is not None and found.decision.status == "correct":
            return found
        first = first or found
    if first is None:
        return _decided(answer, of, wrt, question)
    if first.decision.status == "wrong" and not _surely_wrong(answer, question):
        return _as_declared(answer, turns[0], question)
    return first


def _at_both(turns: Sequence[Smaller], numbers: tuple[bool, bool], answer: Expr, question: Question) -> Judged | None:
    """Decided at two choices of small sizes: both have to be right. None where the graphs do not fit small sizes.

    `numbers` says whether a number that equals a replaced size is that size, in the answer and in the graph.
    """
    found: list[Judged] = []
    for smaller in turns:
        try:
            of, wrt = smaller.rebuild([question.of, question.wrt], numbers[1])
            small = smaller.rebuild([answer], numbers[0])[0]
        except (GraphcError, ValueError, IndexError):
            return None
        judged = _decided(small, of, wrt, question, looks=1 if found else 2)
        judged.decision.replaced = {a: (b,) for a, b in smaller.table.items()}
        if judged.decision.status != "correct":
            return judged
        found.append(judged)
    both = joined([j.decision for j in found])
    both.replaced = {a: tuple(s.table[a] for s in turns) for a in turns[0].table}
    return replace(found[0], decision=both)


def _as_declared(answer: Expr, smaller: Smaller, question: Question) -> Judged:
    """Wrong at small sizes and yet right, in floats, at the declared ones: decided there, where these allow it."""
    found = _decided(answer, question.of, question.wrt, question)
    if found.decision.status == "correct":
        return found
    parts = {"sizes": ", ".join(f"{a} → {b}" for a, b in smaller.table.items())}
    return replace(found, decision=Decision("undecided", "literal_sizes", parts=parts))


def _decided(answer: Expr, of: Expr, wrt: Expr, question: Question, looks: int = 2) -> Judged:
    decision = decide_arrays(answer, truth_of(of, wrt), [of], layout=question.layout, assume=question.assume,
                             of_ndim=of.ndim, looks=looks)
    return Judged(decision, answer, of, wrt)


def _surely_wrong(answer: Expr, question: Question) -> bool:
    """Whether wrong at small sizes is wrong at the declared ones: no number could be a size, or floats differ there."""
    if not literals([answer, question.of]):
        return True
    truth = truth_of(question.of, question.wrt)
    names = named_sizes([answer, truth])
    sizes = dict(zip(names, FLOAT_SIZES))
    rng = np.random.default_rng(7)
    values: dict[Expr, Any] = {}
    for v in variables(postorder([answer, truth])):
        shape = tuple(value_of(s, sizes) for s in v.shape)
        values[v] = rng.uniform(0.3, 1.0, shape) if v.type.is_float else np.zeros(shape, v.type.dtype)
    try:
        with np.errstate(all="ignore"):
            got, need = (np.asarray(evaluate(e, dict(values), sizes), dtype=float) for e in (answer, truth))
    except (GraphcError, MemoryError):
        return False
    forms = [got, got.T] if got.shape == need.shape else [got.T]
    return all(f.shape != need.shape or _apart(f, need) for f in forms)


def _apart(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    scale = np.max(np.abs(a), initial=0) + np.max(np.abs(b), initial=0)
    return bool(np.isfinite(scale)) and bool(np.max(np.abs(a - b), initial=0) > CLEARLY * scale)


def _wrong(judged: Judged, lang: str) -> Verdict:
    decision = judged.decision
    used: list[str] = []
    if decision.witness:
        used = [str(v.label) for v in variables(postorder([judged.answer, truth_of(judged.of, judged.wrt)]))]
    told = certainty_of(decision, lang)
    return Verdict("wrong", certainty_of(decision, "en"), "", counterexample_of(decision.witness, lang, used),
                   [], set(), lang, told[:1].upper() + told[1:])
