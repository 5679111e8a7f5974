"""Rules of sums: what does not vary leaves the sum, and terms that add up to exactly zero go.

A sum over axes is read as a linear form. Every term of its operand is a rational multiple of *factors*, which do not
vary along the axes, times a *core*, which does; a core whose sum is known (a softmax: 1) or that was summed before
(x - mean(x): 0) has that sum as a factor in its place. So Σ (x - mean(x))·c = 0 and Σ γ·g·x̂ = γ·Σ g·x̂ are found by
the same arithmetic that a reader does, exactly, in fractions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from .dims import Size, product
from .ir import Expr, lift, size_node
from .ops.elementwise import MULTIPLY
from .ops.reduction import SUM
from .ops.shaping import BROADCAST_TO, RESHAPE
from .types import reduced

MAX_TERMS = 12  # of the linear form of one sum
# Ops whose sum along the axis of their attribute is 1.
NORMALISED = frozenset({"softmax", "one_hot"})

# What the axes of a value are in the operand of the sum, counted from its last axis: -1, -2, ...
Places = tuple[int, ...]
# A factor: a node, or (with axes in the first field) the sum of a node over these; and where its axes lie.
Factor = tuple[str, Expr, Places]
Powers = tuple[tuple[Factor, int], ...]


class Term(NamedTuple):
    """number · Π factor**power, its core's sum being among the factors."""

    number: Fraction
    powers: dict[Factor, int]


class _TooLong(Exception):
    """The linear form has more terms than are worth the look."""


# -- what does not vary -----------------------------------------------------------------------------------------


def varies(node: Expr, ndim: int, axes: Sequence[int]) -> bool:
    """Whether a part of an operand of `ndim` axes changes along any of `axes`."""
    shift = ndim - node.ndim
    return any(a >= shift and node.shape[a - shift] != 1 for a in axes)


def _whole(node: Expr, operand: Expr, axes: Sequence[int]) -> bool:
    """Whether a part has the operand's own size along every one of `axes`."""
    shift = operand.ndim - node.ndim
    return all(a >= shift and node.shape[a - shift] == operand.shape[a] for a in axes)


# -- the linear form -----------------------------------------------------------------------------------------------


def linear_form(operand: Expr, axes: Sequence[int]) -> dict[Powers, Fraction]:
    """The sum of `operand` over `axes`: monomial of factors -> its rational coefficient, zeros left out.

    A value whose sum is a factor somewhere stays whole: where mean(h) is met, h is not taken apart.
    """
    whole: frozenset[Expr] = frozenset()
    while True:
        split: set[Expr] = set()
        terms = list(_terms(operand, axes, whole, split))
        summed = frozenset(node for term in terms for kind, node, _ in term.powers if kind and node in split)
        if not summed:
            return _collected(terms)
        whole |= summed


def _collected(terms: Sequence[Term]) -> dict[Powers, Fraction]:
    total: dict[Powers, Fraction] = {}
    for term in terms:
        key = tuple(sorted(term.powers.items(), key=lambda item: (item[0][1].serial, item[0][0], item[0][2])))
        total[key] = total.get(key, Fraction(0)) + term.number
    return {key: number for key, number in total.items() if number}


def _terms(operand: Expr, axes: Sequence[int], whole: frozenset[Expr], split: set[Expr]) -> Iterator[Term]:
    """The terms of the sum; `whole` are not to be taken apart, `split` gathers what was."""
    found = 0
    stack: list[tuple[Expr, Term]] = [(operand, Term(Fraction(1), {}))]
    while stack:
        here, so_far = stack.pop()
        parts = _split(here, operand.ndim, axes) if here not in whole else None
        if parts is not None:
            split.add(here)
            stack.extend([(part, _times(so_far, number, factors)) for part, number, factors in parts])
            continue
        found += 1
        if found > MAX_TERMS:
            raise _TooLong
        if varies(here, operand.ndim, axes):
            yield _with_sum_of(here, operand, axes, so_far)
        else:
            count = size_node(product(operand.shape[a] for a in axes))
            yield _times(so_far, Fraction(1), [(here, 1), (count, 1)])


# (part, number that it is multiplied by, factors that it is multiplied by, with their powers)
_Part = tuple[Expr, Fraction, list[tuple[Expr, int]]]


def _split(node: Expr, ndim: int, axes: Sequence[int]) -> list[_Part] | None:
    """The parts of a linear node that varies; None for a core or a factor."""
    name = node.op.name
    one = Fraction(1)
    if not node.type.is_float or not varies(node, ndim, axes):
        return None
    if name in ("add", "subtract"):
        return [(node.args[0], one, []), (node.args[1], one if name == "add" else -one, [])]
    if name == "negative":
        return [(node.args[0], -one, [])]
    if name == "broadcast_to" and _varies_alike(node.args[0], node, ndim, axes):
        return [(node.args[0], one, [])]
    if name in ("multiply", "divide", "safe_divide"):
        a, b = node.args
        if not varies(b, ndim, axes):
            return [(a, one, [(b, 1 if name == "multiply" else -1)])]
        if name == "multiply" and not varies(a, ndim, axes):
            return [(b, one, [(a, 1)])]
    return None


def _varies_alike(inner: Expr, outer: Expr, ndim: int, axes: Sequence[int]) -> bool:
    return all(varies(inner, ndim, [a]) == varies(outer, ndim, [a]) for a in axes)


def _with_sum_of(core: Expr, operand: Expr, axes: Sequence[int], so_far: Term) -> Term:
    """The term whose core is `core`: its sum is a factor, or 1 where it is known to be."""
    if not _whole(core, operand, axes):
        raise _TooLong  # it varies along some of the axes only
    axis = tuple(a - (operand.ndim - core.ndim) for a in axes)
    if core.op.name in NORMALISED and axis == (core.op.named_attrs(core).get("axis", core.ndim - 1),):
        return so_far
    places = tuple(i - core.ndim for i, s in enumerate(core.shape) if i not in axis and s != 1)
    powers = dict(so_far.powers)
    _raise(powers, (str(axis), core, places), 1)
    return Term(so_far.number, powers)


def _times(term: Term, number: Fraction, factors: Sequence[tuple[Expr, int]]) -> Term:
    """The term times number·Π factor**power, every factor taken apart as far as its products go."""
    powers = dict(term.powers)
    total = term.number * number
    stack = [(node, power, tuple(range(-node.ndim, 0))) for node, power in factors]
    while stack:
        node, power, places = stack.pop()
        value = _rational(node)
        if value is not None and (value or power > 0):
            total *= value**power
            continue
        if node.op.name == "mean":
            counted = product(node.args[0].shape[a] for a in node.attrs[0])
            stack.append((size_node(counted), -power, ()))
        if node.op.name in ("sum", "mean"):
            _raise(powers, (str(node.attrs[0]), node.args[0], _nontrivial(node, places)), power)
        elif node.op.name in _PRODUCTS:
            total *= (-1) ** power if node.op.name == "negative" else 1
            for arg, sign in zip(node.args, _PRODUCTS[node.op.name]):
                stack.append((arg, sign * power, places[len(places) - arg.ndim :]))
        elif node.op.name == "broadcast_to" or _adds_ones(node):
            stack.append((node.args[0], power, _below(node, places)))
        else:
            _raise(powers, ("", node, _nontrivial(node, places)), power)
    return Term(total, {f: p for f, p in powers.items() if p})


_PRODUCTS = {"multiply": (1, 1), "divide": (1, -1), "negative": (1,), "square": (2,)}


def _raise(powers: dict[Factor, int], factor: Factor, power: int) -> None:
    powers[factor] = powers.get(factor, 0) + power


def _nontrivial(node: Expr, places: Places) -> Places:
    return tuple(p for p, s in zip(places, node.shape) if s != 1)


def _adds_ones(node: Expr) -> bool:
    """Whether a reshape only adds or drops axes of size 1."""
    return node.op.name == "reshape" and _long(node.args[0]) == _long(node)


def _long(node: Expr) -> list[Size]:
    return [s for s in node.shape if s != 1]


def _below(node: Expr, places: Places) -> Places:
    """Where the axes of the operand of a broadcast or of an `_adds_ones` lie."""
    inner = node.args[0]
    if node.op.name == "broadcast_to":
        return places[len(places) - inner.ndim :]
    long = iter(_nontrivial(node, places))
    return tuple(0 if s == 1 else next(long) for s in inner.shape)


def _rational(node: Expr) -> Fraction | None:
    if node.op.name != "const" or node.type.size != 1 or node.type.dtype == "bool":
        return None
    value = node.attrs[0].value.item()
    return Fraction(value) if value == value and abs(value) != float("inf") else None


# -- the rule ------------------------------------------------------------------------------------------------------


def sum_of_terms(node: Expr) -> Expr | None:
    """A sum without its terms that add up to exactly zero, and without the factors that do not vary."""
    operand, (axis, keepdims) = node.args[0], node.attrs
    if not node.type.is_float or not axis:
        return None
    if any(operand.shape[a] == 0 for a in axis):
        return BROADCAST_TO(lift(node.dtype.type(0)), shape=node.shape)
    try:
        whole = linear_form(operand, axis)
        if not whole:
            return BROADCAST_TO(lift(node.dtype.type(0)), shape=node.shape)
        if whole == {(): Fraction(1)}:
            return BROADCAST_TO(lift(node.dtype.type(1)), shape=node.shape)
        terms = _signed_terms(operand)
        kept = [(sign, t) for sign, t in terms if len(terms) == 1 or not _vanishes(t, operand, axis)]
    except _TooLong:
        return None
    if len(kept) > 1:
        return None if len(kept) == len(terms) else SUM(_added(kept, operand), axis=axis, keepdims=keepdims)
    return _factored(*kept[0], node)


def mean_of_terms(node: Expr) -> Expr | None:
    """As `sum_of_terms`: a mean is a sum over a count."""
    operand, (axis, keepdims) = node.args[0], node.attrs
    total = SUM(operand, axis=axis, keepdims=keepdims)
    found = sum_of_terms(total) if operand.type.is_float and total.type is node.type else None
    if found is None:
        return None
    return found / size_node(product(operand.shape[a] for a in axis))


def _vanishes(term: Expr, operand: Expr, axes: Sequence[int]) -> bool:
    if term.shape != operand.shape:
        return False
    return varies(term, operand.ndim, axes) and not linear_form(term, axes)


def _signed_terms(operand: Expr) -> list[tuple[int, Expr]]:
    """The terms of a sum of nodes, in order."""
    found: list[tuple[int, Expr]] = []
    stack = [(1, operand)]
    while stack:
        sign, node = stack.pop()
        if node.op.name in ("add", "subtract") and node.type.is_float:
            stack += [(sign if node.op.name == "add" else -sign, node.args[1]), (sign, node.args[0])]
        elif node.op.name == "negative":
            stack.append((-sign, node.args[0]))
        else:
            found.append((sign, node))
        if len(found) > MAX_TERMS:
            raise _TooLong
    return found


def _added(terms: Sequence[tuple[int, Expr]], operand: Expr) -> Expr:
    ordered = sorted(terms, key=lambda term: -term[0])  # those that are added first
    total = ordered[0][1] if ordered[0][0] > 0 else -ordered[0][1]
    for sign, term in ordered[1:]:
        total = total + term if sign > 0 else total - term
    return total if total.shape == operand.shape else BROADCAST_TO(total, shape=operand.shape)


def _factored(sign: int, term: Expr, node: Expr) -> Expr | None:
    """sign·Σ term with the factors that do not vary in front of the sum; None when there are none."""
    operand, (axis, keepdims) = node.args[0], node.attrs
    above: list[Expr] = []
    below: list[Expr] = []
    core: list[tuple[int, Expr]] = []
    stack = [(1, term)]
    while stack:
        power, part = stack.pop()
        if part is not term and not varies(part, operand.ndim, axis):
            (above if power > 0 else below).append(part)
        elif part.label is not None:
            core.append((power, part))
        elif part.op.name == "multiply" or (part.op.name == "divide" and power > 0):
            stack += [(power if part.op.name == "multiply" else -power, part.args[1]), (power, part.args[0])]
        elif part.op.name == "negative":
            sign = -sign
            stack.append((power, part.args[0]))
        else:
            core.append((power, part))
    if not (above or below or term is not operand) or not any(power > 0 for power, _ in core):
        return None
    inner = _product([p for power, p in core if power > 0], [p for power, p in core if power < 0])
    inner = inner if inner.shape == operand.shape else BROADCAST_TO(inner, shape=operand.shape)
    if inner.type is not operand.type:
        return None
    total = SUM(inner, axis=axis, keepdims=keepdims)
    outer = [_dropped(f, node) for f in above], [_dropped(f, node) for f in below]
    result = _product([*outer[0], total], outer[1])
    return -result if sign < 0 else result


def _product(above: Sequence[Expr], below: Sequence[Expr]) -> Expr:
    total = above[0]
    for part in above[1:]:
        total = MULTIPLY(total, part)
    if below:
        divisor = below[0]
        for part in below[1:]:
            divisor = MULTIPLY(divisor, part)
        total = total / divisor
    return total


def _dropped(factor: Expr, node: Expr) -> Expr:
    """A factor of the operand as a factor of the sum: the axes that are summed over are gone."""
    operand, (axis, keepdims) = node.args[0], node.attrs
    if keepdims:
        return factor
    shape = (1,) * (operand.ndim - factor.ndim) + factor.shape
    kept = reduced(shape, axis, False)
    while kept and kept[0] == 1 and len(kept) > 0:
        kept = kept[1:]
    return factor if kept == factor.shape else RESHAPE(factor, shape=kept)
