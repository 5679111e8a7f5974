"""Marks of answers to quantities of one graph: right, right given an earlier mistake, wrong, undecided, unreadable."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from ..checking import Finding, Verdict, check
from ..checking.deciding.arrays import decide_arrays
from ..checking.deciding.decide import decide
from ..checking.deciding.from_graph import NoScalarForm, trees
from ..checking.phrases import safe
from ..checking.reading.parse import Reading, parse
from ..checking.reading.tokens import key
from ..checking.reading.tree import number_like, symbols
from ..checking.shapes.elaborate import axes_of, build
from ..drawing.values import Point
from ..errors import GraphcError, LimitExceeded, ParseError
from ..ir import PARAM, Expr, postorder, variable, variables
from ..reverse import declared_gradients
from .counts import read_shape, same_count, same_shape, shape_text
from .following import follows
from .keys import Keys
from .numeric import NoValue, Numbers, Tolerance, compare, read_numbers, show_numbers
from .phrases import listed, reason, say
from .rules import InFormulas, InNumbers, Quantity, Rules
from .slips import Slips, exact

SEED = "seed_of_the_value"  # a name that no student is told
_UNSEEDED = re.compile(rf"[,;] {SEED}(?: = [^,;: ]+)?|{SEED} = [^,;: ]+[,;] ")
MOST_ADJOINTS = 40  # inner values of a graph whose adjoints have names in answers
MOST_FORMULAS = 24  # subsets of earlier formulas: each costs a decision


@dataclass(frozen=True)
class Part:
    """One thing asked: a quantity, and the right number or the node of the right formula."""

    key: str
    quantity: Quantity
    need: Any  # the right number or array; None where a formula is asked
    tolerance: Tolerance = field(default_factory=lambda: Tolerance.of(0.001))
    layout: str = "any"


@dataclass(frozen=True)
class Mark:
    """What was found out about one answer. `status` is correct, follows, wrong, undecided, invalid or missing.

    `follows_from` names the earlier answers that it is right given; `flags` has "rounded" where those were right and
    only rounded.
    """

    key: str
    given: str
    status: str
    message: str
    read_as: str = ""
    certainty: str = ""
    findings: tuple[Finding, ...] = ()
    flags: tuple[str, ...] = ()
    follows_from: tuple[str, ...] = ()
    value: Any = field(default=None, repr=False, compare=False)  # for what follows from it: a number or a node

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold."""
        findings = [{"kind": f.kind, "where": str(f.where), "message": f.message} for f in self.findings]
        return {"key": self.key, "given": self.given, "status": self.status, "message": self.message,
                "read_as": self.read_as, "certainty": self.certainty, "findings": findings, "flags": list(self.flags),
                "follows_from": list(self.follows_from)}


class LeftSideFault(ParseError):
    """A left side that names another quantity than the one asked for."""


class Marker:
    """Marks answers about the graph `f`, whose values `nodes` names; `point` has the numbers, if there are any."""

    def __init__(self, f: Expr, nodes: Mapping[str, Expr], point: Point | None, lang: str,
                 rules: Rules | None = None, slips: Slips | None = None,
                 assume: Mapping[str, Sequence[str]] | None = None) -> None:
        self.f, self.nodes, self.point, self.lang = f, nodes, point, lang
        self.rules, self.slips = rules or Rules(f, nodes), slips or Slips(nodes)
        self.assume = assume
        self.output = str(f.label or "f")
        self.keys = Keys(nodes, self.output)

    def marks(self, asked: Sequence[tuple[Part, Any]], begin: Callable[[int], None] = lambda i: None) -> list[Mark]:
        """A mark for each answer, an empty one being missing; what follows from another is looked for at the end.

        `begin` is told the place of an answer each time that work on it begins.
        """
        first = []
        for i, (part, text) in enumerate(asked):
            begin(i)
            first.append(self._alone(part, text))
        given, found = self._given(asked, first), list(first)
        for i, (part, _) in enumerate(asked):
            if first[i].status == "wrong":
                begin(i)
                chosen = self._chosen(part, first[i], given)
                found[i] = self._carried(first[i], chosen, given) if chosen else self._diagnosed(part, first[i])
        return self._told(asked, found)

    def _told(self, asked: Sequence[tuple[Part, Any]], marks: list[Mark]) -> list[Mark]:
        """What follows from answers that follow themselves is told so: the mistake is farther back."""
        passing = {part.quantity.shown(self.lang) for (part, _), mark in zip(asked, marks) if mark.status == "follows"}
        for i, mark in enumerate(marks):
            if mark.status == "follows" and "rounded" not in mark.flags and passing & set(mark.follows_from):
                message = say(self.lang, "follows_on", parts=listed(mark.follows_from, self.lang))
                marks[i] = replace(mark, message=message)
        return marks

    # -- one answer by itself ----------------------------------------------------------------------------------

    def _alone(self, part: Part, text: Any) -> Mark:
        if isinstance(text, Expr):
            return self._formula(part, text)
        if not text.strip():
            return Mark(part.key, text, "missing", say(self.lang, "missing"))
        if part.quantity.kind in ("shape", "cost"):
            return self._counted(part, text)
        if part.quantity.formula:
            return self._formula(part, text)
        try:
            links = self._links(part, text)
        except NoValue:
            return Mark(part.key, text, "wrong", say(self.lang, "no_value"), safe(text))
        except LimitExceeded as error:
            return Mark(part.key, text, "undecided", say(self.lang, "undecided_number", why=reason(error, self.lang)))
        except ParseError as error:
            asked = not isinstance(error, LeftSideFault) and self._is_formula(text)
            why = "formula_for_number" if asked else "unreadable"
            return Mark(part.key, text, "invalid", say(self.lang, why, why=str(error)))
        return self._number(part, text, links)

    def _counted(self, part: Part, text: str) -> Mark:
        """A shape, or a count of operations: exact, with no tolerance."""
        lang, what = self.lang, part.quantity.shown(self.lang)
        flags: tuple[str, ...] = ()
        try:
            if part.quantity.kind == "shape":
                shape = read_shape(text.rpartition("=")[2], lang)
                good, turned = same_shape(shape, part.need, part.layout)
                flags, read_as = (("transposed_layout",) if turned else ()), shape_text(shape)
                need = shape_text(part.need[::-1] if part.layout == "numerator" else part.need)
            else:
                good, read_as = same_count(text.rpartition("=")[2], part.need, lang)
                need = str(part.need)
        except LimitExceeded as error:
            return Mark(part.key, text, "undecided", say(lang, "undecided_number", why=reason(error, lang)))
        except ParseError as error:
            return Mark(part.key, text, "invalid", say(lang, "unreadable", why=str(error)))
        if good:
            return Mark(part.key, text, "correct", say(lang, "correct"), read_as, "exact", flags=flags)
        return Mark(part.key, text, "wrong", say(lang, "number_wrong", got=read_as, what=what, need=need), read_as,
                    flags=flags)

    def _links(self, part: Part, text: str) -> list[Numbers]:
        right = self.without_left(part.quantity, text.replace("\\approx", "=").replace("≈", "="))
        return read_numbers(right.strip().lstrip("=").strip(), self.lang, tuple(np.shape(part.need)))

    def without_left(self, need: Quantity, text: str) -> str:
        """The answer without a left side. Raises LeftSideFault for that of another quantity."""
        left, equals, right = text.partition("=")
        asked = self.keys.quantity(left) if equals else None
        if asked is None:
            return text
        known = self.rules.canonical
        if (known.get(asked.of, asked.of), known.get(asked.wrt, asked.wrt)) != (need.of, need.wrt):
            shown = asked.shown(self.lang), need.shown(self.lang)
            raise LeftSideFault(say(self.lang, "left", got=shown[0], need=shown[1]))
        return right

    def leaves(self) -> dict[Expr, Any]:
        """The numbers of the inputs."""
        assert self.point is not None
        return {v: self.point[v] for v in variables(postorder([self.f]))}

    def _is_formula(self, text: str) -> bool:
        try:
            self.reading(text)
        except GraphcError:
            return False
        return True

    def in_symbols(self, text: str) -> bool:
        """Whether an answer speaks of values of the graph, and is not a number."""
        try:
            return bool(symbols(*self.reading(text).links))
        except GraphcError:
            return False

    def reading(self, text: str) -> Reading:
        """An answer in the names of the graph. Raises ParseError or LimitExceeded."""
        return parse(text, self.nodes, arrays=axes_of(self.nodes), lang=self.lang)

    def _number(self, part: Part, text: str, links: Sequence[Numbers]) -> Mark:
        read_as = " = ".join(n.shown for n in links)
        for i, numbers in enumerate(links):
            found = compare(numbers, part.need, part.tolerance, part.layout)
            if found.outcome != "same" and not (i and found.outcome == "rounded"):  # 8/3 = 2.67 is no mistake
                message = self._why(part, numbers, found.outcome, found.place)
                flags = (*found.flags, *(("too_few_digits",) if found.outcome == "rounded" else ()))
                return Mark(part.key, text, "wrong", message, read_as, flags=flags, value=self._kept(part, numbers))
        message = say(self.lang, "correct")
        if found.flags:
            message += f" {say(self.lang, 'transposed_layout')}"
        certainty = "exact" if not part.tolerance.relative else "within the tolerance"
        return Mark(part.key, text, "correct", message, read_as, certainty, (), found.flags,
                    value=self._kept(part, links[-1]))

    def _why(self, part: Part, got: Numbers, outcome: str, place: tuple[int, ...]) -> str:
        lang, what = self.lang, part.quantity.shown(self.lang)
        need = show_numbers(part.need, lang)
        if outcome == "rounded":
            digits = part.tolerance.digits
            return say(lang, "too_few_digits", digits=digits) if digits else say(lang, "exact_needed")
        if outcome == "shape":
            sizes = [" × ".join(map(str, s)) or say(lang, "a_number") for s in (got.shape, np.shape(part.need))]
            return say(lang, "shape_wrong", what=what, got=sizes[0], need=sizes[1])
        if outcome == "layout":
            right = np.asarray(part.need) if part.layout == "denominator" else np.asarray(part.need).T
            return say(lang, "layout_wrong", layout=say(lang, f"layout {part.layout}"), need=show_numbers(right, lang))
        shown = show_numbers(got.value, lang)
        if place:
            at = ", ".join(str(i + 1) for i in place)
            return say(lang, "place_wrong", place=at, got=shown, what=what, need=need)
        return say(lang, "number_wrong", got=shown, what=what, need=need)

    def _kept(self, part: Part, got: Numbers) -> Any:
        """The student's number in the shape of the right one, None where it has another."""
        shape = tuple(np.shape(part.need))
        if not shape:
            return got.entries[0] if not got.shape else None
        array = np.asarray(got.value)
        if array.size != np.size(part.need):
            return None
        turned = array.ndim == 2 and array.shape == shape[::-1] != shape
        return array.T if turned else array.reshape(shape)

    def _diagnosed(self, part: Part, mark: Mark) -> Mark:
        """A wrong number, and the likeliest slip that gives it here; the number alone proves none."""
        got = mark.value
        if part.quantity.formula or not isinstance(got, Fraction) or not isinstance(part.need, (Fraction, float)):
            return mark
        numbers = {str(v.label): value for v, value in self.leaves().items()}
        fits = [slip for slip, value in self.slips.at(part.quantity, numbers, self.lang)
                if part.tolerance.allows(got, value, False)
                and not part.tolerance.allows(value, exact(part.need), True)]
        if not fits or "too_few_digits" in mark.flags:
            return mark
        message = say(self.lang, "compatible", text=fits[0].message)
        finding = Finding(fits[0].kind, fits[0].where, message)
        return replace(mark, message=f"{mark.message}\n{message}", findings=(finding,))

    # -- formulas ----------------------------------------------------------------------------------------------

    def _formula(self, part: Part, text: Any) -> Mark:
        verdict = self._verdict(part, text)
        status = verdict.status
        findings = tuple(verdict.diagnosis) if part.quantity.kind == "total" else ()
        value = self._node(text) if status in ("correct", "wrong") else None
        message = _UNSEEDED.sub("", str(replace(verdict, diagnosis=list(findings))))
        return Mark(part.key, str(text), status, message, verdict.read_as, verdict.certainty, findings,
                    tuple(sorted(verdict.flags)), value=value)

    def _verdict(self, part: Part, text: Any) -> Verdict:
        q = part.quantity
        if q.kind == "total":
            return check(text, of=self.nodes[q.of], wrt=self.nodes[q.wrt], lang=self.lang, defines=self._names(q),
                         layout=part.layout, assume=self.assume)
        t = variable(PARAM, SEED, (), "float64")  # the value v is the derivative of v·t by t
        value = self.rules.quantity(q._replace(formula=False), InFormulas(), {})
        nameless = value.op.make(value.args, value.attrs) if value.args else value  # z = z is no answer
        names = {name: node for name, node in self.nodes.items() if node is not value or not value.args}
        return check(text, of=nameless * t, wrt=t, lang=self.lang, defines=names, assume=self.assume)

    def _names(self, q: Quantity) -> dict[str, Expr]:
        """Inner values that an answer may use; and the adjoints z̄ of those that lie between, of a small graph."""
        inner = {name: node for name, node in self.nodes.items() if node.args}
        top, by = self.nodes[q.of], self.nodes[q.wrt]
        between = {name: node for name, node in inner.items() if node is not by and by in set(postorder([node]))}
        known = {key(name) for name in self.nodes}
        if top.ndim or len(inner) > MOST_ADJOINTS:
            return inner
        after = set(postorder([top]))
        free = [n for n, node in between.items()
                if node in after and node.type.is_float and key(f"{n}_bar") not in known]
        adjoints = declared_gradients(top, [inner[n] for n in free]) if free else []
        return inner | {f"{name}_bar": adjoint for name, adjoint in zip(free, adjoints)}

    def _node(self, text: Any) -> Expr | None:
        """The graph of what a student wrote, over the nodes of ours; None where there is none."""
        if isinstance(text, Expr):
            return text
        try:
            reading = self.reading(text)
            free = reading.left.indices if reading.left else ()
            return build(number_like(reading.links[-1]), self.nodes.__getitem__, free=free, lang=self.lang).expr
        except (GraphcError, NoScalarForm, KeyError):
            return None

    def _same(self, a: Expr, b: Expr, layout: str) -> bool:
        """Whether two formulas are the same function, with proof or without a counterexample."""
        try:
            found = trees([a, b, self.f])
            got, need, domain = (number_like(found[node]) for node in (a, b, self.f))
            return decide(got, need, [domain]).status == "correct"
        except NoScalarForm:
            wanted, fixed = (b.T if layout == "numerator" and b.ndim == 2 else b), layout != "any"
            return decide_arrays(a, wanted, [self.f], layout="fixed" if fixed else "any").status == "correct"
        except LimitExceeded:
            return False

    # -- errors carried forward --------------------------------------------------------------------------------

    def _given(self, asked: Sequence[tuple[Part, Any]], marks: Sequence[Mark]) -> dict[Quantity, Mark]:
        """Readable answers that are not exactly right, by their quantity; of several, the first."""
        found: dict[Quantity, Mark] = {}
        for (part, _), mark in zip(asked, marks):
            rounded = mark.status == "correct" and not part.quantity.formula and not _equal(mark.value, part.need)
            if mark.value is not None and (mark.status == "wrong" or rounded):
                found.setdefault(part.quantity, mark)
        return found

    def _chosen(self, part: Part, mark: Mark, given: Mapping[Quantity, Mark]) -> tuple[Quantity, ...]:
        """The answers from which this one follows; () for none."""
        of_array = part.quantity.kind == "total" and self.nodes[part.quantity.of].ndim
        if mark.value is None or of_array or not any(q != part.quantity for q in given):
            return ()
        try:
            return self._search(part, mark, given)
        except (GraphcError, NoScalarForm):
            return ()

    def _carried(self, mark: Mark, chosen: tuple[Quantity, ...], given: Mapping[Quantity, Mark]) -> Mark:
        names = tuple(q.shown(self.lang) for q in chosen)
        rounded = all(given[q].status == "correct" for q in chosen)
        phrase = "follows_rounded" if rounded else "follows" if len(names) == 1 else "follows_many"
        message = say(self.lang, phrase, parts=listed(names, self.lang))
        flags = tuple(f for f in mark.flags if f != "too_few_digits") + (("rounded",) if rounded else ())
        return replace(mark, status="follows", message=message, findings=(), flags=flags, follows_from=names)

    def _search(self, part: Part, mark: Mark, given: Mapping[Quantity, Mark]) -> tuple[Quantity, ...]:
        if part.quantity.formula:
            nodes = {q: m.value for q, m in given.items() if q.formula}
            return follows(self.rules, part.quantity, nodes, InFormulas(),
                           lambda v: self._same(mark.value, v, part.layout), MOST_FORMULAS)
        assert self.point is not None
        numbers = {q: self.point[m.value] if q.formula else m.value for q, m in given.items()}
        return follows(self.rules, part.quantity, numbers, InNumbers(self.leaves(), self.point.sizes),
                       lambda v: self._agrees(part, mark, v))

    def _agrees(self, part: Part, mark: Mark, value: Any) -> bool:
        """The student's number against what follows, with the tolerance of the question."""
        if np.shape(value) != np.shape(mark.value):
            return False
        found = read_like(mark)
        return compare(found, value, Tolerance.of(part.tolerance.relative, [value]), "any").outcome == "same"


def read_like(mark: Mark) -> Numbers:
    """The numbers of a mark, for a comparison with other numbers than the right ones."""
    value = mark.value
    if not np.ndim(value):
        return Numbers((value,), (), mark.read_as)
    return Numbers(tuple(Fraction(float(v)) for v in value.ravel()), value.shape, mark.read_as)


def _equal(a: Any, b: Any) -> bool:
    return bool(np.all(np.asarray(a == b)))
