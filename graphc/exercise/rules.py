"""The quantities of a graph and the rule that gives each from those just before it.

    value v = op(values of the operands)          adjoint v̄ = Σ over the users u of v of (∂u/∂v)ᵀ ū

Any quantity may be given instead of computed, as a student's own number or formula; what comes after it is then what
the right rules make of it. The same sweep computes numbers, formulas, and what depends on what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from ..errors import GraphcError
from ..ir import INPUT, Expr, lift, postorder, variable, variables
from ..ops.body import substitute
from ..reverse import vjp
from ..types import TupleType
from ..values import evaluate
from ..view import ViewNode, teaching_view
from .phrases import say

Kind = Literal["value", "total", "local", "shape", "cost"]


class Quantity(NamedTuple):
    """The value of `of`, its derivative by `wrt` ("total"), or that across the one edge from `wrt` ("local"); the shape
    of one of these, or a count of operations. As a formula where `formula` says so, which comes before the number."""

    kind: Kind
    of: str
    wrt: str = ""
    formula: bool = False

    def shown(self, lang: str = "en") -> str:
        """Its name in a sentence.

        >>> Quantity("total", "f", "w1").shown(), Quantity("value", "z").shown("fr")
        ('∂f/∂w1', 'la valeur de z')
        """
        kind = f"cost {self.of}" if self.kind == "cost" else self.kind
        kind += " total" if self.kind == "shape" and self.wrt else ""
        name = say(lang, kind, of=self.of, wrt=self.wrt)
        return say(lang, "formula", what=name) if self.formula else name


class Algebra(Protocol):
    """What a sweep computes with."""

    def leaf(self, node: Expr) -> Any: ...
    def one(self) -> Any: ...
    def apply(self, rule: Expr, at: Mapping[Expr, Any]) -> Any: ...
    def add(self, a: Any, b: Any) -> Any: ...
    def mul(self, a: Any, b: Any) -> Any: ...
    def given(self, key: Quantity, own: Any, student: Any) -> Any: ...


@dataclass(frozen=True, eq=False)  # a comparison of graphs would build a graph
class Step:
    """One node alone: `moved` is it over stand-ins for its operands, `handed` what it hands each of them."""

    node: ViewNode
    twins: Mapping[Expr, Expr]  # operand -> stand-in
    moved: Expr
    cotangent: Expr | None  # None where no derivative passes that is known here
    handed: Mapping[Expr, Expr]


class Rules:
    """The steps of one graph. `names` has the name of every value, of which each is some node's."""

    def __init__(self, f: Expr, names: Mapping[str, Expr]) -> None:
        self.view = teaching_view(f, output_name=str(f.label or "f"))
        known = {expr: name for name, expr in reversed(list(names.items()))}
        self.names = {n.expr: known.get(n.expr, n.name) for n in self.view.nodes}
        self.order = [n for n in self.view.nodes if n.expr.op.name != "const"]
        self.steps = {n.expr: self._step(n) for n in self.order if not n.is_leaf}
        self.node = {self.names[n.expr]: n.expr for n in self.order}
        self.canonical = {name: self.names[e] for name, e in names.items() if e in self.names}

    def _step(self, node: ViewNode) -> Step:
        floats = [o for o in dict.fromkeys(node.operands) if o.op.name != "const" and _floating(o)]
        twins = {o: variable(INPUT, f"operand{i}", o.shape, o.type.dtype) for i, o in enumerate(floats)}
        moved = substitute([node.expr], twins)[0]
        if not _floating(node.expr) or any(isinstance(o.type, TupleType) for o in node.operands):
            return Step(node, twins, moved, None, {})
        try:
            cotangent = variable(INPUT, "cotangent", moved.shape, moved.type.dtype)
            handed = dict(zip(floats, vjp(moved, list(twins.values()), cotangent)))
        except GraphcError:  # no derivative, or a node of several results
            return Step(node, twins, moved, None, {})
        return Step(node, twins, moved, cotangent, handed)

    def operands(self, name: str) -> list[str]:
        """The names of what a value is computed from, by which it has a local derivative."""
        step = self.steps.get(self.node[name])
        return [self.names[o] for o in step.handed] if step else []

    # -- sweeps ---------------------------------------------------------------------------------------------

    def quantity(self, wanted: Quantity, algebra: Algebra, given: Mapping[Quantity, Any]) -> Any:
        """What the rules make of a quantity, the others given; None where it has no value."""
        values = self._values(algebra, given)
        if wanted.kind == "value":
            return values.get(self.node[wanted.of])
        if wanted.kind == "local":
            step = self.steps[self.node[wanted.of]]
            return self._handed(step, self.node[wanted.wrt], algebra.one(), algebra, values)
        return self._total(wanted, algebra, given, values)

    def _values(self, algebra: Algebra, given: Mapping[Quantity, Any]) -> dict[Expr, Any]:
        values: dict[Expr, Any] = {v: algebra.leaf(v) for v in variables(postorder(self.view.outputs))}
        for node in self.order:
            if node.is_leaf:
                continue
            step = self.steps[node.expr]
            own = algebra.apply(step.moved, self._binding(step, values))
            values[node.expr] = _given(Quantity("value", self.names[node.expr]), own, algebra, given)
        return values

    def _binding(self, step: Step, values: Mapping[Expr, Any]) -> dict[Expr, Any]:
        return {**values, **{twin: values[o] for o, twin in step.twins.items()}}

    def _handed(self, step: Step, operand: Expr, cotangent: Any, algebra: Algebra, values: Mapping[Expr, Any]) -> Any:
        if step.cotangent is None or operand not in step.handed:
            return None
        binding = {**self._binding(step, values), step.moved: values[step.node.expr], step.cotangent: cotangent}
        return algebra.apply(step.handed[operand], binding)

    def _total(self, wanted: Quantity, algebra: Algebra, given: Mapping[Quantity, Any],
               values: Mapping[Expr, Any]) -> Any:
        top, goal = self.node[wanted.of], self.node[wanted.wrt]
        adjoints: dict[Expr, Any] = {top: algebra.one()}
        for node in reversed(self.order):
            u = node.expr
            if u in adjoints and u is not top:
                adjoints[u] = self._adjoint(u, wanted, adjoints, algebra, given)
            if u is goal:
                return adjoints.get(u)
            if node.is_leaf or u not in adjoints:
                continue
            if self.steps[u].cotangent is None:
                return None  # a path that is not known here: the sum would lack it
            for operand in self.steps[u].twins:
                key = Quantity("local", self.names[u], self.names[operand])
                part = self._handed(self.steps[u], operand, adjoints[u], algebra, values)
                if key in given:
                    part = algebra.given(key, part, algebra.mul(adjoints[u], given[key]))
                if part is not None:
                    adjoints[operand] = part if operand not in adjoints else algebra.add(adjoints[operand], part)
        return None

    def _adjoint(self, u: Expr, wanted: Quantity, adjoints: Mapping[Expr, Any], algebra: Algebra,
                 given: Mapping[Quantity, Any]) -> Any:
        """The sum over its users; or what a student gave; or z̄ · ∂z/∂u where every path goes through z."""
        name, own = self.names[u], adjoints[u]
        for key in given:
            if key.kind == "total" and key.wrt == name and key.of != wanted.of and key.of in self.node:
                z = self.node[key.of]
                if z in adjoints and z is not u and not z.ndim and self._separates(z, u, self.node[wanted.of]):
                    own = algebra.given(key, own, algebra.mul(adjoints[z], given[key]))
        return _given(Quantity("total", wanted.of, name), own, algebra, given, but=wanted)

    def _separates(self, z: Expr, u: Expr, top: Expr) -> bool:
        """Whether every path from u to the top goes through z."""
        reached = {top}
        for node in reversed(self.order):
            if node.expr in reached and node.expr is not z:
                reached.update(node.operands)
        return u not in reached


def _given(key: Quantity, own: Any, algebra: Algebra, given: Mapping[Quantity, Any],
           but: Quantity | None = None) -> Any:
    """A quantity as a student gave it: as a number, or by a formula, which comes before the number."""
    for candidate in (key._replace(formula=True), key):
        if candidate in given and candidate != but:
            own = algebra.given(candidate, own, given[candidate])
    return own


def _floating(node: Expr) -> bool:
    return not isinstance(node.type, TupleType) and node.type.is_float


# -- what a sweep computes with ---------------------------------------------------------------------------------


class InNumbers:
    """Numbers at a point: exact fractions where they are, else floats and arrays."""

    def __init__(self, leaves: Mapping[Expr, Any], sizes: Mapping[str, int]) -> None:
        self.leaves, self.sizes = leaves, sizes

    def leaf(self, node: Expr) -> Any:
        return self.leaves[node]

    def one(self) -> Any:
        return Fraction(1)

    def apply(self, rule: Expr, at: Mapping[Expr, Any]) -> Any:
        known = {node: value for node, value in at.items() if value is not None}
        return evaluate(rule, known, self.sizes)

    def add(self, a: Any, b: Any) -> Any:
        return a + b if isinstance(a, Fraction) and isinstance(b, Fraction) else _plain(_float(a) + _float(b))

    def mul(self, a: Any, b: Any) -> Any:
        return a * b if isinstance(a, Fraction) and isinstance(b, Fraction) else _plain(_float(a) * _float(b))

    def given(self, key: Quantity, own: Any, student: Any) -> Any:
        return student


def _float(value: Any) -> Any:
    return float(value) if isinstance(value, Fraction) else value


def _plain(value: Any) -> Any:
    return float(value) if not np.ndim(value) else value


class InFormulas:
    """Nodes of the graph and of what students wrote."""

    def leaf(self, node: Expr) -> Expr:
        return node

    def one(self) -> Expr:
        return lift(1.0)

    def apply(self, rule: Expr, at: Mapping[Expr, Any]) -> Expr:
        held = {node: at[node] for node in postorder([rule]) if node in at}
        return substitute([rule], held)[0]

    def add(self, a: Expr, b: Expr) -> Expr:
        return a + b

    def mul(self, a: Expr, b: Expr) -> Expr:
        return a * b

    def given(self, key: Quantity, own: Expr, student: Expr) -> Expr:
        return student


class InNames:
    """The given quantities that a quantity depends on, in the order in which they come up."""

    def leaf(self, node: Expr) -> tuple[Quantity, ...]:
        return ()

    def one(self) -> tuple[Quantity, ...]:
        return ()

    def apply(self, rule: Expr, at: Mapping[Expr, Any]) -> tuple[Quantity, ...]:
        return _union(at[node] for node in postorder([rule]) if node in at)

    def add(self, a: tuple[Quantity, ...], b: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
        return _union((a, b))

    mul = add

    def given(self, key: Quantity, own: tuple[Quantity, ...], student: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
        return _union((own or (), student or (), (key,)))


def _union(parts: Iterable[tuple[Quantity, ...] | None]) -> tuple[Quantity, ...]:
    return tuple(dict.fromkeys(q for part in parts for q in part or ()))
