"""Is a wrong answer right, given earlier answers of the same student? The error is then carried forward.

An answer follows from a set of others where it is what the right rules make of them, all else being right. It never
follows from itself, nor from what does not come before it: a given quantity changes only what is computed from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any

from ..errors import GraphcError
from .rules import Algebra, InNames, Quantity, Rules

MOST_SUBSETS = 200


def follows(rules: Rules, wanted: Quantity, given: Mapping[Quantity, Any], algebra: Algebra,
            equals: Callable[[Any], bool], most: int = MOST_SUBSETS) -> tuple[Quantity, ...]:
    """The given quantities from which `wanted` follows, nearest first, none of which can be left out; () for none.

    `equals` says whether a value of the rules is the student's answer.

    >>> import graphc as G
    >>> from fractions import Fraction
    >>> from graphc.exercise.rules import InNumbers
    >>> x, w = G.input("x"), G.param("w")
    >>> z = (w*x).named("z"); f = (z*z).named("f")
    >>> rules = Rules(f, {"z": z, "f": f})
    >>> numbers = InNumbers({x: Fraction(2), w: Fraction(3)}, {})
    >>> follows(rules, Quantity("value", "f"), {Quantity("value", "z"): Fraction(5)}, numbers, lambda v: v == 25)
    (Quantity(kind='value', of='z', wrt='', formula=False),)
    """
    others = {q: value for q, value in given.items() if q != wanted}
    for chosen in _subsets(_before(rules, wanted, others), most):
        if _gives(rules, wanted, {q: others[q] for q in chosen}, algebra, equals):
            return _needed(rules, wanted, chosen, others, algebra, equals)
    return ()


def _before(rules: Rules, wanted: Quantity, given: Mapping[Quantity, Any]) -> list[Quantity]:
    """Those that `wanted` is computed from, nearest first; its own formula is the nearest."""
    own = wanted._replace(formula=True)
    found = rules.quantity(wanted, InNames(), dict.fromkeys(given, ()))
    before = list(reversed(found or ()))
    return [*([own] if own in given and own != wanted else []), *(q for q in before if q not in (own, wanted))]


def _subsets(before: list[Quantity], most: int) -> Iterator[tuple[Quantity, ...]]:
    """All of them, then single ones and growing sets, nearest first."""
    if not before:
        return
    yield tuple(before)
    count = 1
    for size in range(1, len(before)):
        for chosen in combinations(before, size):
            count += 1
            if count > most:
                return
            yield chosen


def _gives(rules: Rules, wanted: Quantity, given: Mapping[Quantity, Any], algebra: Algebra,
           equals: Callable[[Any], bool]) -> bool:
    own = given.get(wanted._replace(formula=True))
    try:
        value = own if own is not None and not wanted.formula else rules.quantity(wanted, algebra, given)
        return value is not None and equals(value)
    except (GraphcError, ArithmeticError):
        return False


def _needed(rules: Rules, wanted: Quantity, chosen: tuple[Quantity, ...], given: Mapping[Quantity, Any],
            algebra: Algebra, equals: Callable[[Any], bool]) -> tuple[Quantity, ...]:
    """Without those that change nothing, the farthest left out first."""
    kept = list(chosen)
    for q in reversed(chosen):
        fewer = [k for k in kept if k != q]
        if fewer and _gives(rules, wanted, {k: given[k] for k in fewer}, algebra, equals):
            kept = fewer
    return tuple(kept)
