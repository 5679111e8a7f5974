"""Whether a mistaken derivative of arrays is the student's answer: in floats at random points, then decided."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ..dims import value_of
from ..errors import GraphcError
from ..interpret import numpy_function
from ..ir import Expr, postorder, variables
from ..types import TensorType
from .assume import Assumptions
from .core import Core
from .decide import NOTHING, Witness, as_fmpq
from .entries import Entries, named_sizes
from .evaluate import Evaluator, Undefined, Unsure
from .from_graph import NoScalarForm
from .judge import PRECISION, apart
from .sizes import Smaller

Array = np.ndarray[Any, Any]

SIZES = ((3, 4, 5, 2, 6, 7, 8, 9), (4, 3, 2, 5, 7, 6, 9, 8))
CLOSE, MAX_POINTS, MAX_ATTEMPTS, MAX_DECIDED, MAX_ORDER, SEED = 1e-7, 2, 12, 4, 100, 20_260_102


class Numbers:
    """Values of nodes in floats at one point, each node once: mistaken derivatives share most of theirs."""

    def __init__(self, values: Mapping[Expr, Array], sizes: Mapping[str, int]) -> None:
        self.known: dict[Expr, Array] = dict(values)
        self.sizes = dict(sizes)

    def of(self, root: Expr) -> Array | None:
        """The value, or None where it has none: a shape that does not come out at these sizes, a nan."""
        try:
            with np.errstate(all="ignore"):
                for node in self._missing(root):
                    self.known[node] = self._computed(node)
        except (ArithmeticError, ValueError, IndexError, TypeError, np.linalg.LinAlgError, GraphcError):
            return None
        value = self.known[root]
        return value if np.all(np.isfinite(value)) else None

    def _computed(self, node: Expr) -> Array:
        if node.op.name == "const":
            return np.asarray(node.attrs[0].value)
        if node.op.name == "size":
            return np.asarray(float(value_of(node.attrs[0], self.sizes)))
        if node.op.name == "polygamma" and np.any(self.known[node.args[0]] > MAX_ORDER):
            raise ValueError("in floats, the work of polygamma grows as the square of its order")
        return np.asarray(numpy_function(node, self.sizes)(*(self.known[a] for a in node.args)))

    def _missing(self, root: Expr) -> Iterator[Expr]:
        stack = [root]
        while stack:
            node = stack[-1]
            missing = [a for a in node.args if a not in self.known]
            if node in self.known:
                stack.pop()
            elif missing:
                stack.extend(missing)
            else:
                yield node
                stack.pop()


class ArrayJudge:
    """One answer against many graphs. `truth` and `f` say where the comparison makes sense."""

    def __init__(self, answer: Expr, truth: Expr, f: Expr, witness: Witness | None = None,
                 assume: Assumptions = NOTHING) -> None:
        self.answer, self.truth, self.f, self.assume = answer, truth, f, assume
        self.roots = (answer, truth, f)
        self.names = named_sizes(self.roots)
        self.variables = variables(postorder(self.roots))
        self.points: list[tuple[Numbers, Array, Array]] = []
        for numbers in self._settings(witness):
            found = [numbers.of(root) for root in self.roots]
            if found[0] is not None and found[1] is not None and found[2] is not None:
                self.points.append((numbers, found[0], found[1]))
            if len(self.points) == MAX_POINTS:
                break
        self.decided = 0

    def _settings(self, witness: Witness | None) -> Iterator[Numbers]:
        """Points: the counterexample, then random ones of both signs, at last positive ones, where logs are."""
        if witness is not None:
            found = self._from_witness(witness)
            if found is not None:
                yield found
        generator = np.random.default_rng(SEED)
        for attempt in range(MAX_ATTEMPTS):
            row = SIZES[attempt % 2]
            sizes = dict(zip(self.names, (*row, *range(10, 10 + len(self.names)))))
            yield Numbers({v: self._drawn(generator, v, sizes, attempt) for v in self.variables}, sizes)

    def _drawn(self, generator: np.random.Generator, v: Expr, sizes: Mapping[str, int], attempt: int) -> Array:
        value = _draw(generator, v, sizes, attempt)
        if not self.assume or not v.type.is_float:
            return value
        name = str(v.label)
        kept = [float(self.assume.adjust(name, Fraction(float(u)).limit_denominator(1000))) for u in value.ravel()]
        value, form = np.array(kept).reshape(value.shape), self.assume.forms.get(name)
        if form == "distribution" and value.ndim:
            value[..., -1] = 1 - value[..., :-1].sum(axis=-1)
        return (value + value.T) / 2 if form == "symmetric" and value.ndim == 2 else value

    def _from_witness(self, witness: Witness) -> Numbers | None:
        values: dict[Expr, Array] = {}
        for v in self.variables:
            try:
                shape = _shape(v, witness.sizes)
                array = np.array(witness.point[str(v.label)], dtype=object)
                values[v] = array.astype(v.type.dtype).reshape(shape)
            except (KeyError, ValueError, TypeError, GraphcError):
                return None
        return Numbers(values, witness.sizes)

    def agrees(self, tree: Expr) -> bool:
        """Whether the values are those of the answer at every point, and those of the truth not at all of them."""
        apart = False
        for numbers, need, truth in self.points:
            got = numbers.of(tree)
            if got is None or got.shape != need.shape or not close(got, need):
                return False
            apart = apart or got.shape != truth.shape or not close(got, truth)
        return apart

    def same(self, tree: Expr) -> bool:
        """Whether the graph is the answer: at these points, and as far as can be decided."""
        if not self.agrees(tree):
            return False
        if tree is self.answer:
            return True
        if self.decided == MAX_DECIDED:
            return False
        self.decided += 1
        small = self._small(tree)
        return any(equal_by_entries(*graphs, self.names, self.assume) for graphs in small)

    def _small(self, tree: Expr) -> Iterator[tuple[Expr, Expr, Expr]]:
        """Both graphs and f, at small sizes where large ones are declared; a number is a size, or itself."""
        smaller = Smaller([self.answer, self.f])
        if not smaller:
            yield self.answer, tree, self.f
        for numbers in (False, True) if smaller else ():
            try:
                answer, other, f = smaller.rebuild([self.answer, tree, self.f], numbers)
            except (GraphcError, ValueError, IndexError):
                continue
            yield answer, other, f

    def ratio(self, tree: Expr) -> list[tuple[float, Mapping[str, int]]]:
        """answer / tree at each point, where that is one number, and the sizes there; else nothing."""
        found: list[tuple[float, Mapping[str, int]]] = []
        for numbers, got, _ in self.points:
            need = numbers.of(tree)
            if need is None or got.shape != need.shape or not np.any(need):
                return []
            k = float(np.vdot(got, need) / np.vdot(need, need))
            if not k or not close(got, k * need):
                return []
            found.append((k, numbers.sizes))
        return found


def equal_by_entries(answer: Expr, tree: Expr, f: Expr, names: Sequence[str],
                     assume: Assumptions = NOTHING) -> bool:
    """Whether no entry of the two is proven to differ at exact points where f is defined, and some could have been.

    Each entry is a sample of its own, so two points say much; lines along the switches, which a verdict needs, are not
    walked here: a mistake that differs from the answer has been told apart in floats already. Graphs of more
    entries than are ever decided, and ops without entries, rest on the floats alone.
    """
    at = Entries(dict(zip(names, (*SIZES[0], *range(10, 10 + len(names))))))
    try:
        at.prepare([answer, tree, f])
        pairs = [(a, b) for a, b in zip(at.of(answer).ravel(), at.of(tree).ravel()) if a is not b]
        domain = list(at.of(f).ravel())
    except NoScalarForm:
        return True
    except (GraphcError, ValueError, IndexError):
        return False
    if not pairs:
        return True
    source = random.Random(SEED)
    seen = 0
    for i in range(MAX_ATTEMPTS):
        point = {name: assume.adjust(name, _coordinate(source, positive=i % 3 == 2)) for name in at.symbols}
        found = _compared(pairs, domain, point)
        if found is False:
            return False
        seen += found is True
        if seen == MAX_POINTS:
            return True
    return seen > 0


def _coordinate(source: random.Random, positive: bool) -> Fraction:
    value = Fraction(source.randint(1, 63), 64)
    return value if positive or source.random() < 0.5 else -value


def _compared(pairs: Sequence[tuple[Core, Core]], domain: Sequence[Core], point: dict[str, Fraction]) -> bool | None:
    """False: proven to differ. True: every pair agrees. None: this point says nothing."""
    evaluator = Evaluator(as_fmpq(point), PRECISION)
    try:
        for node in domain:
            evaluator.value(node)
        return not any(apart(evaluator, evaluator.value(a), evaluator.value(b)) for a, b in pairs)
    except (Undefined, Unsure):
        return None


def close(got: Array, need: Array) -> bool:
    scale = float(np.max(np.abs(need), initial=0.0)) + 1e-30
    return bool(np.max(np.abs(got - need), initial=0.0) <= CLOSE * scale)


def _shape(node: Expr, sizes: Mapping[str, int]) -> tuple[int, ...]:
    assert isinstance(node.type, TensorType)
    return tuple(value_of(s, sizes) for s in node.shape)


def _draw(generator: np.random.Generator, v: Expr, sizes: Mapping[str, int], attempt: int) -> Array:
    shape = _shape(v, sizes)
    if v.type.dtype == "bool":
        return generator.integers(0, 2, shape).astype(bool)
    if not v.type.is_float:
        return generator.integers(0, 2, shape).astype(v.type.dtype)
    value = generator.normal(size=shape) if attempt % 3 < 2 else generator.uniform(0.1, 0.9, shape)
    return np.asarray(value, dtype="float64")
