"""Are two graphs of arrays the same function? Shapes first, then entry by entry at sizes that all differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from ...dims import Size
from ...errors import DTypeError, GraphcError, NoDerivative
from ...ir import OPS, Expr
from ...orders import jacobian
from ...reverse import declared_gradients
from .assume import Assumptions
from .core import Core, postorder
from .decide import NOTHING, PRECISIONS, Comparison, Decision, Search, Witness, _verdict, as_fmpq
from .entries import Entries, named_sizes
from .entry_tools import array_of
from .evaluate import Evaluator, Undefined, Unsure
from .from_graph import NoScalarForm
from .modular import Identity, identity
from .normal import prove_equal

LAYOUTS = ("any", "fixed", "denominator", "numerator")
SIZES = ((2, 3, 4, 5, 7, 6, 8, 9), (3, 2, 5, 4, 6, 7, 9, 8), (4, 6, 8, 5, 7, 9, 10, 11), (8, 9, 10, 11, 12, 13, 14, 15))
NICE, GENERAL, FEW = 2, 10, 2
ARRAY_PRECISIONS = PRECISIONS[1:]  # each entry is a sample of its own: one look at each is enough
SMALL_VALUES = [Fraction(v) for v in (1, 2, -1, 3, -2, 4, -3)]
SHORT_PROOF = 300  # nodes times entries
MAX_PROOF_CELLS = 12
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
                  assume: Assumptions = NOTHING, of_ndim: int = 0, looks: int = 2) -> Decision:
    """Compare two graphs entry by entry, where the truth and the graphs of `domain` are defined.

    With `layout` "any", the derivative with its axes exchanged counts as correct and has the flag
    `transposed_layout`. With "fixed" it is wrong, with that flag. "denominator" asks for the shape of the
    parameter first and "numerator" for that of the output; `of_ndim` is how many of the truth's axes are those of the
    output, which stand first in it. `looks` is at how many choices of sizes. What cannot be decided is "undecided",
    with the reason; nothing is raised.

    >>> import graphc as G
    >>> x, W = G.input("x", "d"), G.param("W", "h", "d")
    >>> found = decide_arrays(W.T @ W @ x * 2, truth_of(G.sum((W @ x)**2), x))
    >>> found.status, found.certainty, found.sizes[0]
    ('correct', 'proved', {'h': 2, 'd': 3})
    """
    fault = shape_decision(answer, truth.shape, of_ndim)
    if fault is not None:
        return fault
    other = (layout == "numerator" and not of_ndim) or (layout == "denominator" and bool(of_ndim))
    first: Decision | None = None
    for form, turned in _forms(answer, truth.shape, of_ndim):
        found = _at_sizes(form, truth, tuple(domain), assume, looks)
        if found.status == "correct":
            misplaced = layout != "any" and turned != other and answer.ndim > 1
            if misplaced or (layout == "any" and turned):
                found.flags.add("transposed_layout")
            return replace(found, status="wrong", certainty="layout") if misplaced else found
        first = first or found
        if found.status != "wrong":
            break
    assert first is not None
    return first


def shape_decision(answer: Expr, shape: tuple[Size, ...], of_ndim: int = 0) -> Decision | None:
    """"Wrong", with both shapes, where the answer cannot be the derivative in any layout; else None."""
    if next(_forms(answer, shape, of_ndim), None) is not None:
        return None
    return Decision("wrong", "shapes", parts={"got": answer.shape, "need": shape}, flags={"shape"})


def _forms(answer: Expr, shape: tuple[Size, ...], of_ndim: int) -> Iterator[tuple[Expr, bool]]:
    """The answer in the shape of the truth: as it is, then with its axes exchanged, or as a row or column."""
    if answer.shape == shape:
        yield answer, False
    if answer.ndim == len(shape):
        for axes in _exchanges(len(shape), of_ndim):
            if tuple(answer.shape[i] for i in axes) == shape:
                yield OPS["transpose"](answer, axes=axes), True
    elif _squeezed(answer.shape) == _squeezed(shape):
        yield OPS["reshape"](answer, shape=shape), answer.ndim > 1 and answer.shape[0] == 1
    if not answer.ndim and shape and answer.op.name == "const" and not answer.attrs[0].value:
        yield OPS["broadcast_to"](answer, shape=shape), False


def _exchanges(ndim: int, of_ndim: int) -> list[tuple[int, ...]]:
    """Orders of the axes that are another layout: all reversed, or those of the output last."""
    found = [tuple(range(ndim))[::-1]]
    if of_ndim:
        found.append((*range(ndim - of_ndim, ndim), *range(ndim - of_ndim)))
    return [axes for axes in dict.fromkeys(found) if axes != tuple(range(ndim))]


def _squeezed(shape: Sequence[Size]) -> tuple[Size, ...]:
    return tuple(s for s in shape if s != 1)


# -- at concrete sizes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """Both graphs entry by entry at one choice of sizes."""

    entries: Entries
    shape: tuple[int, ...]
    answers: list[Core]
    truths: list[Core]
    domain: tuple[Core, ...]


def _at_sizes(answer: Expr, truth: Expr, domain: tuple[Expr, ...], assume: Assumptions, looks: int) -> Decision:
    roots = [answer, truth, *domain]
    names = named_sizes(roots)
    decisions: list[Decision] = []
    tried: list[dict[str, int]] = []
    for seed, sizes in enumerate(_choices(names)):
        try:
            setting = _setting(answer, truth, domain, Entries(sizes, seed=seed, forms=assume.forms))
        except NoScalarForm as error:
            if decisions:
                break
            return Decision("undecided", error.phrase, parts=error.parts)
        except (GraphcError, ValueError, IndexError):  # a size such as (N - 3)//2 that is not positive here
            continue
        found = _compare(setting, assume, looks == 1 or bool(decisions))
        tried.append(sizes)
        found.sizes = (sizes,)
        found.drawn = tuple(setting.entries.drawn)
        if found.status != "correct":
            return found if found.status == "wrong" or not decisions else joined(decisions)
        decisions.append(found)
        if len(decisions) == looks or not (names or found.drawn):
            break
    return joined(decisions) if decisions else Decision("undecided", "no_sizes")


def _choices(names: Sequence[str]) -> Iterator[dict[str, int]]:
    """Sizes for the names, all different; two choices, and larger ones where a small one does not fit."""
    for row in SIZES:
        extra = range(max(row) + 1, max(row) + 1 + len(names))
        yield dict(zip(names, (*row, *extra)))


def _setting(answer: Expr, truth: Expr, domain: tuple[Expr, ...], at: Entries) -> Setting:
    at.prepare([answer, truth, *domain])
    need = at.of(truth)
    inside = [e for d in domain for e in at.of(d).ravel()]
    got = at.of(answer)
    return Setting(at, need.shape, list(got.ravel()), list(need.ravel()), tuple(inside))


def joined(decisions: Sequence[Decision]) -> Decision:
    """What several choices of sizes established together: as much as the weakest of them."""
    weakest = min(decisions, key=lambda d: (d.certainty == "proved", d.certainty == "chance"))
    return replace(weakest, points=sum(d.points for d in decisions), cells=sum(d.cells for d in decisions),
                   flags=set().union(*(d.flags for d in decisions)),
                   sizes=tuple(s for d in decisions for s in d.sizes))


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
        if found := self.look(self.nice_points(1 if self.again else NICE), ARRAY_PRECISIONS):
            return found
        chance = identity(self.pairs)
        proved = self.prove(chance)
        general = FEW if proved or chance or self.again else GENERAL
        if found := self.look(self.general_points(max(1, general // self.scale)), ARRAY_PRECISIONS):
            return found
        if not proved and not chance and (found := self.look_along_lines(1)):
            return found
        if not self.agreed and self.names and (found := self.look(self.general_points(60 // self.scale))):
            return found
        return self.conclude(proved, chance)

    def prove(self, chance: Identity | None) -> int:
        """The cells over which each pair was proved equal; 0 without a proof of each.

        Equality up to a chance costs a hundredth of a proof, so where it holds only short proofs are looked for.
        """
        count = len(postorder(*(c for pair in self.pairs for c in pair)))
        if len(self.pairs) > MAX_PROOF_ENTRIES or count > MAX_PROOF_NODES:
            return 0
        if chance and (chance.cells > 2 or count * len(self.pairs) > SHORT_PROOF):
            return 0
        domain = self.domain if len(postorder(*self.domain)) <= MAX_DOMAIN_NODES else ()
        cells = 0
        for a, t in self.pairs:
            proved = prove_equal(a, t, domain, most=MAX_PROOF_CELLS)
            if not proved:
                return 0
            cells = max(cells, proved)
        return cells

    def compare(self, point: dict[str, Fraction],
                precisions: tuple[int, ...] = ARRAY_PRECISIONS) -> tuple[Comparison, Witness | None]:
        """All pairs at one exact point: they agree, or the first proven difference."""
        exact = as_fmpq(point)
        for precision in precisions:
            evaluator = Evaluator(exact, precision)
            outcome = self._compare_at(evaluator)
            if outcome in ("differ", "narrower"):
                return outcome, self.witness(point, precision)
            if outcome != "unsure":
                return outcome, None
        return "unsure", None

    def _compare_at(self, evaluator: Evaluator) -> Comparison:
        try:
            for node in self.domain:
                evaluator.value(node)
            needs = [evaluator.value(t) for _, t in self.pairs]
        except Undefined:
            return "outside"
        except Unsure:
            return "unsure"
        unsure = False
        for (a, _), need in zip(self.pairs, needs):
            try:
                got = evaluator.value(a)
            except Undefined:
                return "narrower"
            except Unsure:
                unsure = True
                continue
            with evaluator.flint.ctx.workprec(evaluator.precision):
                outcome = _verdict(evaluator, got, need)
            if outcome == "differ":
                return outcome
            unsure = unsure or outcome == "unsure"
        return "unsure" if unsure else "agree"

    def nice_points(self, count: int) -> Iterator[dict[str, Fraction]]:
        """Whole numbers near 0, so that exponentials stay of a size; the first point is positive."""
        for i in range(count):
            values = [v for v in SMALL_VALUES if i or v > 0]
            yield {n: self.random.choice(values) for n in self.names}

    # -- what is shown ----------------------------------------------------------------------------------------------

    def witness(self, point: dict[str, Fraction], precision: int) -> Witness:
        """The point and both values as nested lists, and the first entry that differs; what plays no part is 1."""
        point = dict.fromkeys(self.setting.entries.symbols, Fraction(1)) | point
        evaluator = Evaluator(as_fmpq(point), precision)
        got = [self._value(evaluator, c) for c in self.setting.answers]
        need = [self._value(evaluator, c) for c in self.setting.truths]
        shape = self.setting.shape
        differs = [i for i, (a, t) in enumerate(zip(got, need)) if self._differ(evaluator, a, t)]
        entry = tuple(int(k) for k in np.unravel_index(differs[0], shape)) if shape and differs else ()
        return Witness(self._arrays(evaluator), _nested(got, shape), _nested(need, shape), entry,
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

    def _arrays(self, evaluator: Evaluator) -> dict[str, Any]:
        """The values by variable, arrays as nested lists."""
        at = self.setting.entries
        found = {name: array_of(a.shape, [_fraction(evaluator.value(e)) for e in a.ravel()]).tolist()
                 for name, a in at.leaves.items()}
        return found | {name: _fractions(v) for name, v in at.drawn.items()}


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _fractions(values: np.ndarray[Any, Any]) -> Any:
    return array_of(values.shape, [Fraction(int(v)) for v in values.ravel()]).tolist()


def _nested(values: Sequence[Any], shape: tuple[int, ...]) -> Any:
    return array_of(shape, values).tolist()
