"""`G.check`: a hand derivation against the graph, with what a student is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from numbers import Integral, Real
from typing import Any

from ..errors import InputError, LimitExceeded, NoDerivative, ParseError
from ..ir import Expr, postorder, variables
from ..reverse import declared_gradients
from .decide import Decision, Witness, decide
from .diagnose import Finding, diagnose
from .evaluate import show_value
from .from_graph import NoScalarForm, exact, substitute, trees
from .parse import LeftSide, Reading, parse
from .phrases import LANGUAGES, safe, say
from .sympy_in import from_sympy, is_sympy
from .tokens import key
from .tree import TooLarge, Tree, number_like, show, show_number, symbols

SYNTAXES = ("auto", "text", "latex")
# Letters that a question's function goes by; on a left side any of them fits an unnamed output.
FUNCTION_LETTERS = frozenset([*"fghyLJECFl", "loss", "cost", "out"])


@dataclass(frozen=True)
class Counterexample:
    """An exact rational point, and both values there as text ("undefined" where there is none)."""

    point: Mapping[str, Fraction]
    answer: str
    derivative: str

    def __str__(self) -> str:
        return f"{self.shown()}: {self.answer} ≠ {self.derivative}"

    def shown(self, lang: str = "en") -> str:
        separator = "; " if lang == "fr" else ", "
        return separator.join(f"{name} = {show_number(value, lang)}" for name, value in self.point.items())


@dataclass
class Verdict:
    """What was found out about an answer; `print(v)` is what a student reads."""

    status: str
    certainty: str
    read_as: str = ""
    counterexample: Counterexample | None = None
    diagnosis: list[Finding] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    lang: str = "en"
    told: str = ""  # the certainty in the student's language
    failing: str = ""  # of a chain a = b = c, the link that fails

    def __str__(self) -> str:
        lines = [say(self.lang, self.status)]
        if self.status == "invalid":
            return "\n".join([*lines, self.told])
        if self.read_as:
            lines.append(say(self.lang, "i_read", text=self.read_as))
        if self.failing:
            lines.append(say(self.lang, "link", text=self.failing))
        if self.counterexample:
            c = self.counterexample
            lines.append(say(self.lang, "at_point", point=c.shown(self.lang), got=c.answer, need=c.derivative))
        else:
            lines.append(say(self.lang, "why" if self.status == "undecided" else "how", text=self.told))
        lines += [f.message for f in self.diagnosis]
        lines += [say(self.lang, flag) for flag in sorted(self.flags) if flag in NOTES]
        return "\n".join(lines)


NOTES = frozenset({"differs_only_at_kink", "domain_narrower", "ambiguous_division"})


def check(answer: Any, *, of: Expr, wrt: Expr | str, syntax: str = "auto", lang: str = "en",
          shapes: Mapping[str, Any] | None = None, defines: Mapping[str, Expr] | None = None) -> Verdict:
    """Is `answer` the derivative of the scalar `of` by `wrt`?

    `answer` is text (untrusted: read by a grammar, never evaluated), an Expr, or a SymPy expression. Named
    nodes of the graph and `defines` may be used in it. The answer's text being unreadable gives the
    status "invalid", a limit reached "undecided"; neither raises. `shapes` is kept for answers in matrices.
    Raises InputError for a wrong option or `wrt`, and as `gradients` does.

    >>> import graphc as G
    >>> w, x = G.param("w"), G.input("x")
    >>> print(check("x", of=G.relu(w*x), wrt=w))
    Not correct.
    I read: x
    At w = 1, x = -9: your answer gives -9, the derivative is 0.
    You forgot the derivative of ReLU at relu(w·x): it is 1 where its input is positive and 0 elsewhere.
    """
    _check_options(of, wrt, syntax, lang)
    target = _target(of, wrt)
    named = _named(of, defines or {})
    try:
        reading = _read(answer, of, target, named, syntax, lang)
    except ParseError as error:
        return Verdict("invalid", error.reason, lang=lang, told=str(error))
    except (LimitExceeded, NoScalarForm) as error:
        return _undecided(error, "", frozenset(), lang)
    return _judge(reading, of, target, named, lang)


def _check_options(of: Any, wrt: Any, syntax: str, lang: str) -> None:
    for what, got, known in (("lang", lang, LANGUAGES), ("syntax", syntax, SYNTAXES)):
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


def _named(of: Expr, defines: Mapping[str, Expr]) -> dict[str, Expr]:
    """Names that an answer may use: inputs, parameters, named nodes, and `defines`, which come last and win."""
    order = postorder([of])
    found = {str(v.label): v for v in variables(order)}
    found.update({n.label: n for n in order if n.label is not None and n.label not in found})
    for name, node in defines.items():
        if not isinstance(node, Expr):
            raise InputError(f"check: defines[{name!r}] must be an Expr, got {type(node).__name__}")
        found[name] = node
        for v in variables(postorder([node])):
            found.setdefault(str(v.label), v)
    return found


# -- reading ------------------------------------------------------------------------------------------------


def _read(answer: Any, of: Expr, wrt: Expr, named: Mapping[str, Expr], syntax: str, lang: str) -> Reading:
    if isinstance(answer, str):
        reading = parse(answer, named, lang=lang, syntax=syntax)
        if reading.left:
            _check_left(reading, reading.left, of, wrt, named, lang)
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


def _check_left(reading: Reading, left: LeftSide, of: Expr, wrt: Expr, named: Mapping[str, Expr], lang: str) -> None:
    """`df/dw1 = ...` must be the derivative that was asked for."""
    need = str(wrt.label)
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


def _undecided(error: Exception, read_as: str, flags: frozenset[str], lang: str) -> Verdict:
    """A limit reached, or something outside what can be decided: said, never held against the answer."""
    known = isinstance(error, (TooLarge, NoScalarForm))
    told = say(lang, error.phrase, **error.parts) if known else str(error)  # type: ignore[attr-defined]
    return Verdict("undecided", str(error), read_as, lang=lang, told=told, flags=set(flags))


# -- judging ------------------------------------------------------------------------------------------------


def _judge(reading: Reading, of: Expr, wrt: Expr, named: Mapping[str, Expr], lang: str) -> Verdict:
    read_as = " = ".join(show(link, lang) for link in reading.links)
    try:
        links, truth, domain = _trees(reading.links, of, wrt, named)
    except (LimitExceeded, NoScalarForm) as error:
        return _undecided(error, read_as, reading.flags, lang)
    decisions: list[Decision] = []
    for link, shown in zip(links, reading.links):
        decision = decide(link, truth, domain)
        decisions.append(decision)
        if decision.status == "wrong":
            return _wrong(decision, link, shown, reading, read_as, of, wrt, lang)
    weakest = min(decisions, key=lambda d: (d.status == "correct", d.certainty == "proved"))
    flags = set(reading.flags).union(*(d.flags for d in decisions))
    counts = {"points": weakest.points, "cells": weakest.cells, **weakest.parts}
    certainty, told = say("en", weakest.certainty, **counts), say(lang, weakest.certainty, **counts)
    return Verdict(weakest.status, certainty, read_as, flags=flags, lang=lang, told=told)


def _trees(links: Sequence[Tree], of: Expr, wrt: Expr,
           named: Mapping[str, Expr]) -> tuple[list[Tree], Tree, list[Tree]]:
    """The links with names written out, the derivative, and f, outside whose domain nothing is asked."""
    if of.ndim or wrt.ndim:
        other = of if of.ndim else wrt
        raise NoScalarForm("not_scalar", name=other.label or other.op.name, type=other.type)
    try:
        gradient = declared_gradients(of, [wrt])[0]
    except NoDerivative as error:
        raise NoScalarForm("no_derivative", text=str(error)) from None
    used = {s for link in links for s in symbols(link)}
    inner = {name: node for name, node in named.items() if name in used}
    found = trees([gradient, of, *inner.values()])
    values = {name: number_like(found[node]) for name, node in inner.items()}
    return [substitute(link, values) for link in links], number_like(found[gradient]), [number_like(found[of])]


def _wrong(decision: Decision, link: Tree, shown: Tree, reading: Reading, read_as: str, of: Expr, wrt: Expr,
           lang: str) -> Verdict:
    witness = decision.witness
    findings = diagnose(link, of, wrt, witness, lang)
    certainty, told = say("en", "counterexample"), say(lang, "counterexample")
    failing = show(shown, lang) if len(reading.links) > 1 else ""
    return Verdict("wrong", certainty, read_as, _counterexample(witness, lang), findings,
                   set(reading.flags) | decision.flags, lang, told, failing)


def _counterexample(witness: Witness | None, lang: str) -> Counterexample | None:
    if witness is None:
        return None
    values = [say(lang, "undefined") if v is None else show_value(v, lang) for v in (witness.got, witness.need)]
    return Counterexample(witness.point, *values)



