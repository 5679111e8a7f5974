"""Are two graphs of arrays the same function? Shapes first, then entry by entry at sizes that all differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from ..dims import Size
from ..errors import DTypeError, GraphcError, NoDerivative
from ..ir import OPS, Expr
from ..orders import jacobian
from ..reverse import declared_gradients
from ..types import shape_text
from .assume import Assumptions
from .core import Core, postorder
from .decide import NOTHING, PRECISIONS, Comparison, Decision, Search, Witness, _verdict, as_fmpq
from .entries import Entries, named_sizes
from .entry_tools import array_of
from .evaluate import Evaluator, Undefined, Unsure
from .from_graph import NoScalarForm
from .normal import prove_equal

LAYOUTS = ("any", "fixed")
SIZES = ((2, 3, 4, 5, 7, 6, 8, 9), (3, 2, 5, 4, 6, 7, 9, 8), (4, 6, 8, 5, 7, 9, 10, 11), (8, 9, 10, 11, 12, 13, 14, 15))
NICE, GENERAL, FEW = 3, 10, 4
MAX_PROOF_NODES, MAX_PROOF_ENTRIES, MAX_DOMAIN_NODES = 600, 24, 150


def truth_of(of: Expr, wrt: Expr) -> Expr:
    """The derivative: of a scalar, of the shape of `wrt`; of an array the Jacobian, of shape of.shape + wrt.shape.

    Raises NoScalarForm where an op has no derivative.

    >>> import graphc as G
    >>> x, W = G.input("x", 3), G.param("W", 2, 3)
    >>> truth_of(W @ x, x).shape, truth_of(G.sum(W @ x), W).shape
    ((2, 3), (2, 3))
    """
    try:
        return jacobian(of, wrt) if of.ndim else declared_gradients(of, [wrt])[0]
    except (NoDerivative, DTypeError) as error:
        raise NoScalarForm("no_derivative", text=str(error)) from None


def decide_arrays(answer: Expr, truth: Expr, domain: Sequence[Expr] = (), *, layout: str = "any",
                  assume: Assumptions = NOTHING, of_ndim: int | None = None) -> Decision:
    """Compare two graphs entry by entry, where the truth and the graphs of `domain` are defined.

    With `layout` "any", the derivative with its axes exchanged counts as correct and has the flag
    `transposed_layout`; with "fixed" it is wrong, with that flag. `of_ndim` is how many of the truth's axes are those
    of the output, in a Jacobian. Never raises for what cannot be decided: that is "undecided", with the reason.

    >>> import graphc as G
    >>> x, W = G.input("x", "d"), G.param("W", "h", "d")
    >>> found = decide_arrays(W.T @ W @ x * 2, truth_of(G.sum((W @ x)**2), x))
    >>> found.status, found.certainty, found.sizes[0]
    ('correct', 'proved', {'h': 2, 'd': 3})
    """
    forms = list(_forms(answer, truth, of_ndim))
    if not forms:
        parts = {"got": _shape_words(answer), "need": _shape_words(truth)}
        return Decision("wrong", "shapes", parts=parts, flags={"shape"})
    first: Decision | None = None
    for form, turned in forms:
        found = _at_sizes(form, truth, tuple(domain), assume)
        if found.status == "correct" and turned:
            found.flags.add("transposed_layout")
            return found if layout == "any" else replace(found, status="wrong", certainty="layout")
        if found.status == "correct" or first is None:
            first = found
        if found.status != "wrong":
            break
    assert first is not None
    return first


def _forms(answer: Expr, truth: Expr, of_ndim: int | None) -> Iterator[tuple[Expr, bool]]:
    """The answer in the shape of the truth: as it is, then with its axes exchanged, or as a row or column."""
    if answer.shape == truth.shape:
        yield answer, False
    for axes in _exchanges(truth.ndim, of_ndim):
        if tuple(answer.shape[i] for i in axes) == truth.shape if answer.ndim == truth.ndim else False:
            yield OPS["transpose"](answer, axes=axes), True
    if answer.ndim != truth.ndim and _squeezed(answer.shape) == _squeezed(truth.shape):
        yield OPS["reshape"](answer, shape=truth.shape), True
    if not answer.ndim and truth.ndim and answer.op.name == "const" and not answer.attrs[0].value:
        yield OPS["broadcast_to"](answer, shape=truth.shape), False


def _exchanges(ndim: int, of_ndim: int | None) -> list[tuple[int, ...]]:
    """Orders of the axes that are another layout: all reversed, or those of the output last."""
    found = [tuple(range(ndim))[::-1]]
    if of_ndim:
        found.append((*range(ndim - of_ndim, ndim), *range(ndim - of_ndim)))
    return [axes for axes in dict.fromkeys(found) if axes != tuple(range(ndim))]


def _squeezed(shape: Sequence[Size]) -> tuple[Size, ...]:
    return tuple(s for s in shape if s != 1)


def _shape_words(node: Expr) -> str:
    """3×4, or () for a number."""
    return "×".join(str(s) for s in node.shape) if node.ndim != 1 else shape_text(node.shape)


# -- at concrete sizes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """Both graphs entry by entry at one choice of sizes."""

    entries: Entries
    shape: tuple[int, ...]
    answers: list[Core]
    truths: list[Core]
    domain: tuple[Core, ...]


def _at_sizes(answer: Expr, truth: Expr, domain: tuple[Expr, ...], assume: Assumptions) -> Decision:
    roots = [answer, truth, *domain]
    names = named_sizes(roots)
    decisions: list[Decision] = []
    tried: list[dict[str, int]] = []
    for seed, sizes in enumerate(_choices(names)):
        try:
            setting = _setting(answer, truth, domain, sizes, seed)
        except NoScalarForm as error:
            if decisions:
                break
            return Decision("undecided", error.phrase, parts=error.parts)
        except (GraphcError, ValueError, IndexError):  # a size such as (N - 3)//2 that is not positive here
            continue
        found = _compare(setting, assume, bool(decisions))
        tried.append(sizes)
        found.sizes = (sizes,) if names else ()
        found.drawn = tuple(setting.entries.drawn)
        if found.status != "correct":
            return found if found.status == "wrong" or not decisions else _joined(decisions)
        decisions.append(found)
        if len(decisions) == 2 or not (names or found.drawn):
            break
    return _joined(decisions) if decisions else Decision("undecided", "no_sizes")


def _choices(names: Sequence[str]) -> Iterator[dict[str, int]]:
    """Sizes for the names, all different; two choices, and larger ones where a small one does not fit."""
    for row in SIZES:
        extra = range(max(row) + 1, max(row) + 1 + len(names))
        yield dict(zip(names, (*row, *extra)))


def _setting(answer: Expr, truth: Expr, domain: tuple[Expr, ...], sizes: Mapping[str, int], seed: int) -> Setting:
    at = Entries(sizes, seed=seed)
    at.prepare([answer, truth, *domain])
    need = at.of(truth)
    inside = [e for d in domain for e in at.of(d).ravel()]
    got = at.of(answer)
    return Setting(at, need.shape, list(got.ravel()), list(need.ravel()), tuple(inside))


def _joined(decisions: Sequence[Decision]) -> Decision:
    """What several choices of sizes established together: as much as the weakest of them."""
    weakest = min(decisions, key=lambda d: (d.certainty == "proved", d.certainty == "chance"))
    return replace(weakest, points=sum(d.points for d in decisions), cells=sum(d.cells for d in decisions),
                   flags=set().union(*(d.flags for d in decisions)), sizes=tuple(s for d in decisions for s in d.sizes))


def _compare(setting: Setting, assume: Assumptions, again: bool) -> Decision:
    at = setting.entries
    different = [(a, t) for a, t in zip(setting.answers, setting.truths) if a is not t]
    if not different:
        return Decision("correct", "proved")
    names = _needed(at, different, setting.domain)
    assumed = assume.conditions(at.pool, names) if assume else []
    return ArraySearch(setting, different, (*setting.domain, *assumed), names, assume, again).run()


def _needed(at: Entries, pairs: Sequence[tuple[Core, Core]], domain: tuple[Core, ...]) -> list[str]:
    used = {str(n.value) for n in postorder(*(c for pair in pairs for c in pair), *domain) if n.head == "sym"}
    return [name for name in at.symbols if name in used]


class ArraySearch(Search):
    """The comparison of several pairs of entries at the same points."""

    def __init__(self, setting: Setting, pairs: Sequence[tuple[Core, Core]], domain: tuple[Core, ...],
                 names: list[str], assume: Assumptions, again: bool) -> None:
        self.setting, self.again = setting, again
        unique = {(a.serial, t.serial): (a, t) for a, t in pairs}
        self.pairs = list(unique.values())
        self._begin([a for a, _ in self.pairs], [t for _, t in self.pairs], domain, names, assume)

    def run(self) -> Decision:
        if found := self.look(self.nice_points(NICE)):
            return found
        proved = self.prove()
        general = FEW if proved or self.again else GENERAL
        if found := self.look(self.general_points(max(2, general // self.scale))):
            return found
        if not proved and (found := self.look_along_lines(1)):
            return found
        if not self.agreed and self.names and (found := self.look(self.general_points(60 // self.scale))):
            return found
        return self.conclude(proved)

    def prove(self) -> int:
        """The cells over which each pair was proved equal; 0 without a proof of each."""
        roots = [c for pair in self.pairs for c in pair]
        if len(self.pairs) > MAX_PROOF_ENTRIES or len(postorder(*roots)) > MAX_PROOF_NODES:
            return 0
        domain = self.domain if len(postorder(*self.domain)) <= MAX_DOMAIN_NODES else ()
        cells = 0
        for a, t in self.pairs:
            proved = prove_equal(a, t, domain)
            if not proved:
                return 0
            cells = max(cells, proved)
        return cells

    def compare(self, point: dict[str, Fraction],
                precisions: tuple[int, ...] = PRECISIONS) -> tuple[Comparison, Witness | None]:
        """All pairs at one exact point: they agree, or the first proven difference."""
        exact = as_fmpq(point)
        for precision in precisions:
            evaluator = Evaluator(exact, precision)
            outcome, balls = self._compare_at(evaluator)
            if outcome == "agree" and balls and precision == PRECISIONS[0]:
                continue
            if outcome in ("differ", "narrower"):
                return outcome, self.witness(point, evaluator)
            if outcome != "unsure":
                return outcome, None
        return "unsure", None

    def _compare_at(self, evaluator: Evaluator) -> tuple[Comparison, bool]:
        try:
            for node in self.domain:
                evaluator.value(node)
            needs = [evaluator.value(t) for _, t in self.pairs]
        except Undefined:
            return "outside", False
        except Unsure:
            return "unsure", False
        unsure, balls = False, False
        for (a, _), need in zip(self.pairs, needs):
            try:
                got = evaluator.value(a)
            except Undefined:
                return "narrower", False
            except Unsure:
                unsure = True
                continue
            with evaluator.flint.ctx.workprec(evaluator.precision):
                outcome = _verdict(evaluator, got, need)
            if outcome == "differ":
                return "differ", False
            unsure = unsure or outcome == "unsure"
            balls = balls or hasattr(got, "rad") or hasattr(need, "rad")
        return ("unsure", False) if unsure else ("agree", balls)

    # -- what is shown ----------------------------------------------------------------------------------------------

    def witness(self, point: dict[str, Fraction], evaluator: Evaluator) -> Witness:
        """The point and both values as nested lists, and the first entry that differs."""
        got = [self._value(evaluator, c) for c in self.setting.answers]
        need = [self._value(evaluator, c) for c in self.setting.truths]
        shape = self.setting.shape
        differs = [i for i, (a, t) in enumerate(zip(got, need)) if self._differ(evaluator, a, t)]
        entry = tuple(int(k) for k in np.unravel_index(differs[0], shape)) if shape and differs else ()
        return Witness(self._arrays(point), _nested(got, shape), _nested(need, shape), entry,
                       dict(self.setting.entries.sizes))

    @staticmethod
    def _value(evaluator: Evaluator, node: Core) -> Any:
        try:
            return evaluator.value(node)
        except (Undefined, Unsure):
            return None

    @staticmethod
    def _differ(evaluator: Evaluator, a: Any, t: Any) -> bool:
        if a is None or t is None:
            return (a is None) != (t is None)
        with evaluator.flint.ctx.workprec(evaluator.precision):
            return _verdict(evaluator, a, t) == "differ"

    def _arrays(self, point: dict[str, Fraction]) -> dict[str, Any]:
        """The values by variable: arrays as nested lists, what does not matter as 1."""
        at = self.setting.entries
        found: dict[str, Any] = {}
        for name, (node, index) in at.symbols.items():
            value = point.get(name, Fraction(1))
            if not index:
                found[name] = value
                continue
            label = str(node.label)
            if label not in found:
                found[label] = np.empty(at.shape(node.shape), dtype=object)
            found[label][index] = value
        drawn = {name: _fractions(v) for name, v in at.drawn.items()}
        return {name: v.tolist() if isinstance(v, np.ndarray) else v for name, v in found.items()} | drawn


def _fractions(values: np.ndarray[Any, Any]) -> Any:
    return array_of(values.shape, [Fraction(int(v)) for v in values.ravel()]).tolist()


def _nested(values: Sequence[Any], shape: tuple[int, ...]) -> Any:
    return array_of(shape, values).tolist()
