"""Values by cases in words: `x if z > 0 else 0`, `x si z > 0, 0 sinon`."""

from __future__ import annotations

from .calls import chosen
from .stream import IF_WORDS, OTHERWISE, Stream
from .tree import Tree, number_like

Pair = tuple[Tree, Tree | None]


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
