"""`G.check`: a hand derivation against the graph, with what a student is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from numbers import Integral, Real
from typing import Any

import numpy as np

from ..errors import InputError, LimitExceeded, NoDerivative, ParseError
from ..ir import INPUT, Expr, postorder, variable, variables
from ..reverse import declared_gradients
from .array_verdict import (
    Question,
    has_arrays,
    has_constants,
    has_floats,
    judge_expr,
    judge_reading,
    rounded,
    undecided,
)
from .deciding.arrays import LAYOUTS
from .deciding.assume import Assumptions
from .deciding.decide import Decision, decide
from .deciding.entries import named_sizes
from .deciding.from_graph import NoScalarForm, exact, substitute, trees
from .diagnosing.diagnose import diagnose
from .phrases import LANGUAGES, safe, say
from .reading.parse import LeftSide, Reading, parse
from .reading.sympy_in import from_sympy, is_sympy
from .reading.tokens import key
from .reading.tree import Tree, nodes, number_like, show, symbols
from .report import Counterexample, Verdict, certainty_of, counterexample_of
from .shapes.elaborate import axes_of
from .targets import targets

__all__ = ["Counterexample", "Verdict", "check"]

SYNTAXES = ("auto", "text", "latex")
LONG = 10**15  # digits without their point: a number of 16 or 17 is copied from a program
# Letters that a question's function goes by; on a left side any of them fits an unnamed output.
FUNCTION_LETTERS = frozenset([*"fghyLJECFl", "loss", "cost", "out"])


def check(answer: Any, *, of: Expr, wrt: Expr | str, syntax: str = "auto", lang: str = "en",
          shapes: Mapping[str, Any] | None = None, defines: Mapping[str, Expr] | None = None,
          layout: str = "any", assume: Mapping[str, Sequence[str]] | None = None) -> Verdict:
    """Is `answer` the derivative of `of` by `wrt`? Of an array `of`, it is the Jacobian.

    `answer` is text (untrusted: read by a grammar, never evaluated), an Expr, a SymPy expression, a number or a
    NumPy array. Named nodes of the graph and `defines` may be used in it, and symbols of the `shapes` given. The
    answer's text being unreadable gives the status "invalid", a limit reached "undecided"; neither raises.
    `layout` says whether a transposed gradient counts: "any" takes both, with the flag `transposed_layout`;
    "denominator" wants the shape of the parameter, "numerator" its transpose. `assume` restricts the points that
    count: {"x": ("positive",)}, with the words positive, nonnegative, negative, nonpositive, nonzero, integer, of
    arrays symmetric and distribution (adds up to 1), real for nothing, and bounds such as "> 1". Where nothing is said
    of y in -Σ y·log p, an answer that is right if y adds up to 1 is right, with the flag `targets_sum_to_one`.
    Raises InputError for a wrong option or `wrt`, and as `gradients` does.

    >>> import graphc as G
    >>> w, x = G.param("w"), G.input("x")
    >>> print(check("x", of=G.relu(w*x), wrt=w))
    Not correct.
    I read: x
    At w = 1, x = -9: your answer gives -9, the derivative is 0.
    You forgot the derivative of ReLU at relu(w·x): it is 1 where its input is positive and 0 elsewhere.
    >>> W, x = G.param("W", "h", "d"), G.input("x", "d")
    >>> check(W.T @ W @ x * 2, of=G.sum((W @ x)**2), wrt=x).certainty
    'proved entry by entry for h = 2, d = 3 and h = 3, d = 2'
    """
    _check_options(of, wrt, syntax, lang, layout)
    assumed = Assumptions(assume)
    target = _target(of, wrt)
    named = _named(of, defines or {}, shapes or {})
    question = Question(of, target, named, layout, assumed, lang)
    verdict = _verdict(answer, question, syntax)
    sums = {name: ("distribution",) for name in targets(of) if name not in (assume or {})}
    if verdict.status != "wrong" or not sums:
        return verdict
    return _of_targets(answer, question, syntax, verdict, {**(assume or {}), **sums})


def _of_targets(answer: Any, question: Question, syntax: str, verdict: Verdict,
                assume: Mapping[str, Sequence[str]]) -> Verdict:
    """Once more, for targets whose entries add up to 1: p - y is the textbook's gradient of -Σ y·log p."""
    again = _verdict(answer, replace(question, assume=Assumptions(assume)), syntax)
    if again.status == "correct":
        again.flags.add("targets_sum_to_one")
        return again
    return again if again.status == "wrong" and again.diagnosis else verdict


def _verdict(answer: Any, question: Question, syntax: str) -> Verdict:
    lang = question.lang
    shaped = has_arrays(question.of, question.wrt, *question.named.values())
    if isinstance(answer, np.ndarray) or (isinstance(answer, Expr) and (shaped or answer.ndim)):
        return judge_expr(answer, question)
    try:
        reading = _read(answer, question, syntax)
    except ParseError as error:
        return Verdict("invalid", error.reason, lang=lang, told=str(error))
    except (LimitExceeded, NoScalarForm) as error:
        return undecided(error, "", frozenset(), lang)
    if shaped or any(link.shaped for link in reading.links):
        return judge_reading(reading, question)
    verdict = _judge(reading, question)
    copied = _long_numbers(reading) and has_constants(question.of)
    return rounded(verdict, lang) if copied or (isinstance(answer, Expr) and has_floats(answer)) else verdict


def _long_numbers(reading: Reading) -> bool:
    """Whether someone typed, or copied, all the digits of a float: 1.1283791670955126 for 2/√π."""
    return any(isinstance(n.value, Fraction) and LONG <= n.value.numerator < 100 * LONG for n in nodes(*reading.links))


def _check_options(of: Any, wrt: Any, syntax: str, lang: str, layout: str) -> None:
    for what, got, known in (("lang", lang, LANGUAGES), ("syntax", syntax, SYNTAXES), ("layout", layout, LAYOUTS)):
        if got not in known:
            raise InputError(say("en", "unknown_option", what=what, got=str(got)[:40], known=", ".join(known)))
    if not isinstance(of, Expr):
        raise InputError(f"check: `of` must be an Expr, got {type(of).__name__}")
    if not isinstance(wrt, (Expr, str)):
        raise InputError(f"check: `wrt` must be an Expr or a name, got {type(wrt).__name__}")


def _target(of: Expr, wrt: Expr | str) -> Expr:
    if not isinstance(wrt, str):
        return wrt
    order = postorder([of])
    found = [node for node in (*variables(order), *order) if node.label == wrt]
    if found:
        return found[0]
    known = ", ".join(str(v.label) for v in variables(order))
    raise InputError(f"check: no value named {safe(str(wrt))!r} in this graph; it has {known or 'none'}")


def _named(of: Expr, defines: Mapping[str, Expr], shapes: Mapping[str, Any]) -> dict[str, Expr]:
    """Names that an answer may use: inputs, parameters, named nodes, symbols of the shapes given, and `defines`,
    which come last and win."""
    order = postorder([of])
    found = {str(v.label): v for v in variables(order)}
    found.update({n.label: n for n in order if n.label is not None and n.label not in found})
    for name, shape in shapes.items():
        if name not in found:
            sizes = shape if isinstance(shape, (tuple, list)) else (shape,)
            found[name] = variable(INPUT, name, sizes, "float64", declare=False)
    for name, node in defines.items():
        if not isinstance(node, Expr):
            raise InputError(f"check: defines[{name!r}] must be an Expr, got {type(node).__name__}")
        found[name] = node
        for v in variables(postorder([node])):
            found.setdefault(str(v.label), v)
    return found


# -- reading ------------------------------------------------------------------------------------------------


def _read(answer: Any, question: Question, syntax: str) -> Reading:
    named, lang = question.named, question.lang
    if isinstance(answer, str):
        sizes = [n for n in named_sizes(list(named.values())) if n not in named]
        reading = parse(answer, [*named, *sizes], arrays=axes_of(named), lang=lang, syntax=syntax)
        if reading.left:
            _check_left(reading, reading.left, question)
        return reading
    if isinstance(answer, Expr):
        return Reading((number_like(trees([answer])[answer]),))
    if is_sympy(answer):
        tree = number_like(from_sympy(answer))
        unknown = [s for s in symbols(tree) if s not in named]
        if unknown:
            phrase = say(lang, "unknown_name", name=safe(unknown[0]), known=", ".join(named))
            raise ParseError(phrase)
        return Reading((tree,))
    if isinstance(answer, Real) and not isinstance(answer, bool):
        return Reading((exact(int(answer) if isinstance(answer, Integral) else float(answer)),))
    raise InputError(f"check: an answer is text, an Expr or a SymPy expression, got {type(answer).__name__}")


def _check_left(reading: Reading, left: LeftSide, question: Question) -> None:
    """`df/dw1 = ...` must be the derivative that was asked for."""
    of, named, lang = question.of, question.named, question.lang
    need = str(question.wrt.label)
    if left.variable is not None and key(left.variable) != key(need):
        raise ParseError(say(lang, "left_variable", got=safe(left.variable), need=need), reading.text, left.start)
    if left.function is None:
        return
    got = key(left.function)
    if of.label is not None and key(of.label) == got:
        return
    asked = named.get(left.function)
    if (asked is not None and asked is not of) or (of.label is not None and left.function not in FUNCTION_LETTERS):
        phrase = say(lang, "left_function", got=safe(left.function), need=of.label or "f")
        raise ParseError(phrase, reading.text, left.start)


# -- judging scalars ------------------------------------------------------------------------------------------


def _judge(reading: Reading, question: Question) -> Verdict:
    lang = question.lang
    read_as = " = ".join(show(link, lang) for link in reading.links)
    try:
        links, truth, domain = _trees(reading.links, question)
    except (LimitExceeded, NoScalarForm) as error:
        return undecided(error, read_as, reading.flags, lang)
    decisions: list[Decision] = []
    for link, shown in zip(links, reading.links):
        decision = decide(link, truth, domain, assume=question.assume)
        decisions.append(decision)
        if decision.status == "wrong":
            return _wrong(decision, link, shown, reading, read_as, question)
    strength = {"proved": 2, "chance": 1}
    weakest = min(decisions, key=lambda d: (d.status == "correct", strength.get(d.certainty, 0)))
    flags = set(reading.flags).union(*(d.flags for d in decisions))
    return Verdict(weakest.status, certainty_of(weakest, "en"), read_as, flags=flags, lang=lang,
                   told=certainty_of(weakest, lang))


def _trees(links: Sequence[Tree], question: Question) -> tuple[list[Tree], Tree, list[Tree]]:
    """The links with names written out, the derivative, and f, outside whose domain nothing is asked."""
    of, wrt, named = question.of, question.wrt, question.named
    try:
        gradient = declared_gradients(of, [wrt])[0]
    except NoDerivative as error:
        raise NoScalarForm("no_derivative", text=str(error)) from None
    used = {s for link in links for s in symbols(link)}
    inner = {name: node for name, node in named.items() if name in used}
    found = trees([gradient, of, *inner.values()])
    values = {name: number_like(found[node]) for name, node in inner.items()}
    return [substitute(link, values) for link in links], number_like(found[gradient]), [number_like(found[of])]


def _wrong(decision: Decision, link: Tree, shown: Tree, reading: Reading, read_as: str, question: Question) -> Verdict:
    lang, witness = question.lang, decision.witness
    findings = diagnose(link, question.of, question.wrt, witness, lang, question.assume)
    failing = show(shown, lang) if len(reading.links) > 1 else ""
    return Verdict("wrong", say("en", "counterexample"), read_as, counterexample_of(witness, lang), findings,
                   set(reading.flags) | decision.flags, lang, say(lang, "counterexample"), failing)
