"""Values by cases: `x if z > 0 else 0`, `x si z > 0, 0 sinon`, Piecewise((x, z > 0), (0, True)), cases of LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

from .stream import IF_WORDS, OTHERWISE, Stream
from .tree import Tree, div, num, number_like, show, where

Pair = tuple[Tree, Tree | None]
# The signs of a - b that a comparison of a and b admits.
_ADMITS = {"<": {-1}, "<=": {-1, 0}, ">": {1}, ">=": {0, 1}, "==": {0}, "!=": {-1, 1}}


def chosen(pairs: Sequence[Pair]) -> Tree:
    """Nested `where`; 0/0, which is undefined, where no condition holds. Of z > 0 and z ≤ 0 one always does."""
    *before, (value, condition) = pairs
    conditions = [c for _, c in pairs if c is not None]
    if condition is not None and not (len(conditions) == len(pairs) and exhaustive(conditions)):
        value = where(condition, value, div(num(0), num(0)))
    for branch, condition in reversed(before):
        value = branch if condition is None else where(condition, branch, value)
    return value


def exhaustive(conditions: Sequence[Tree]) -> bool:
    """Whether comparisons of the same two sides leave nothing out: z > 0, z = 0, 0 > z.

    >>> from .parse import parse
    >>> exhaustive([parse(text, "z").links[0].args[0] for text in ("z > 0", "0 >= z")])
    True
    """
    sides: tuple[str, str] | None = None
    admitted: set[int] = set()
    for condition in conditions:
        if condition.head != "rel":
            return False
        left, right = (show(side, limit=10**6) for side in condition.args)
        sides = sides or (left, right)
        signs = _ADMITS[str(condition.value)]
        if (left, right) != sides and (right, left) != sides:
            return False
        admitted |= signs if (left, right) == sides else {-sign for sign in signs}
    return admitted == {-1, 0, 1}


# -- in words -----------------------------------------------------------------------------------------------


def by_cases(p: Stream, first: Tree) -> Tree:
    """The value that begins with `first`, where a word such as `if` follows it."""
    pairs: list[Pair] = [(number_like(first), _condition(p))]
    while pairs[-1][1] is not None and (pair := _next(p)):
        pairs.append(pair)
    return chosen(pairs)


def _condition(p: Stream) -> Tree | None:
    """The condition after `if`; None after `otherwise`."""
    word = p.here.text.lower()
    if word in OTHERWISE:
        p.at += 1
        return None
    p.at += 1
    with p.inside():  # where = compares
        return p.condition(p.expression(0))


def _next(p: Stream) -> Pair | None:
    """`else b`, or after a comma `b otherwise`, `b if d`."""
    if p.ends_here() and p.here.text.lower() in OTHERWISE:
        p.at += 1
        p.take(",")
        return number_like(p.expression(0)), None
    if p.listing or not (p.take(",") or p.take(";")):
        return None
    if p.ends_here() and p.here.text.lower() in OTHERWISE:
        return _next(p)
    value = number_like(p.expression(0))
    if not p.ends_here():
        p.unexpected("case_word")
    return value, _condition(p)


def starts_condition(p: Stream) -> bool:
    return p.ends_here() and p.here.text.lower() in IF_WORDS


# -- as pairs -----------------------------------------------------------------------------------------------


def piecewise(p: Stream) -> Tree:
    """Piecewise((a, x > 0), (b, True)): the first pair whose condition holds."""
    opening = p.here
    p.expect("(")
    semicolons = any(p.tokens[place].text == ";" for place in p.separators(p.at + 1))
    with p.inside(decimal=p.lang == "fr" and semicolons, listing=True):
        pairs = [_pair(p)]
        while p.take(",") or p.take(";"):
            pairs.append(_pair(p))
    p.close(opening, ")")
    return chosen(pairs)


def _pair(p: Stream) -> Pair:
    opening = p.here
    p.expect("(")
    branch = number_like(p.expression(0))
    if not p.take(";"):
        p.expect(",")
    always = p.here.kind == "name" and p.here.text == "True"
    p.at += always
    condition = None if always else p.condition(p.expression(0))
    p.close(opening, ")")
    return branch, condition
