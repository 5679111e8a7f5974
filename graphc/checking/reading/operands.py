"""Operands that are no names: numbers and indicators, brackets, bars, and arrays written out."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from ...errors import LimitExceeded
from ..phrases import say
from .stream import CLOSING, Stream
from .tokens import MAX_DIGITS, Token
from .tree import Tree, array, call, norm, num, number_like, ones

NORM_NAMES = {"1": "1", "2": "2", "∞": "inf", "inf": "inf", "oo": "inf", "F": "F", "Fro": "F", "fro": "F"}


# -- numbers ------------------------------------------------------------------------------------------------


def number(p: Stream) -> Tree:
    token = p.here
    p.at += 1
    if p.is_op(",") and _decimals_follow(p):
        fraction = p.tokens[p.at + 1]
        p.at += 2
        text = f"{token.text}.{fraction.text}"
        if len(text) > MAX_DIGITS + 1:
            raise LimitExceeded(say(p.lang, "digits", got=len(text) - 1, limit=MAX_DIGITS))
        return num(Fraction(text))
    if token.text == "1" and (found := _after_one(p)) is not None:
        return found
    return num(token.value if token.value is not None else 0)


def _decimals_follow(p: Stream) -> bool:
    comma = p.tokens[p.at]
    meant = p.decimal_comma or comma.end - comma.start == 3  # {,} in LaTeX is always a decimal comma
    return meant and p.is_decimal_comma(p.at)


def _after_one(p: Stream) -> Tree | None:
    """1[z > 0] and 1_{z > 0} are one operand: a/1[z > 0] divides by it. 1_n is a vector of ones."""
    below = p.is_op("_")
    p.at += below
    if p.opens() and p.condition_follows():
        return number_like(p.operand())  # the brackets alone
    p.at -= below
    return _sized_ones(p) if below and p.names.arrays else None


def one(p: Stream) -> Tree:
    """A one in bold or blackboard type: an indicator, a vector of ones, or among scalars the number."""
    p.at += 1
    if (found := _after_one(p)) is not None:
        return found
    return ones() if p.names.arrays else num(1)


def _sized_ones(p: Stream) -> Tree:
    return ones(*subscript_of(p))


def subscript_of(p: Stream) -> list[Tree]:
    """What stands below a sign, as one expression."""
    p.expect("_")
    if p.here.kind == "num":  # plain: 1_1_1 is no vector of as many ones as a vector of ones
        p.at += 1
        return [num(p.tokens[p.at - 1].value or 0)]
    with p.inside(decimal=False, letters=True):
        return [p.operand()]


# -- brackets -----------------------------------------------------------------------------------------------


def group(p: Stream) -> Tree:
    """(a), [a], {a}, |a|; with commas in it a vector, with semicolons rows too."""
    opening = p.here
    if opening.text == "|":
        return _absolute(p, opening)
    condition = opening.text == "[" and p.condition_follows()
    p.at += 1
    listed = p.names.arrays and opening.text in "([" and not condition
    commas = p.separators() if listed else []
    if commas and opening.text == "[":
        return _rows(p, opening, _decimal_in_rows(p, opening, commas))
    bracketed = p.is_op("[")
    if commas and p.lang != "fr" and any(p.is_decimal_comma(place) for place in commas):
        p.fail("comma", place=p.tokens[commas[0]].start)  # (0,5) is no pair
    with p.inside():
        inner = p.value()
        elements = [inner]
        while commas and opening.text == "(" and (p.take(",") or p.take(";")):
            elements.append(p.value())
    p.close(opening, CLOSING[opening.text])
    if len(elements) > 1:
        return array(*(number_like(e) for e in elements))
    if opening.text == "[" and inner.head == "array" and bracketed:
        return array(inner)  # [[1, 2]]
    # [z > 0] and {z > 0} are indicators; (z > 0) may still be part of a larger condition.
    return number_like(inner) if opening.text in "[{" else inner


def _absolute(p: Stream, opening: Token) -> Tree:
    if p.names.arrays and p.double_bar() and _bars_of_norm(p):
        return norm_of(p)
    p.at += 1
    matrix_inside = p.is_op("⟦")
    with p.inside(bars=True):
        inner = p.value()
    p.close(opening, "|")
    if matrix_inside and inner.head == "array":
        return call("det", inner)
    return call("abs", number_like(inner))


def _decimal_in_rows(p: Stream, opening: Token, separators: list[int]) -> bool:
    """Whether a tight comma in [1,2; 3,4] is a decimal one; in French, where it may be either, it is refused."""
    if p.lang != "fr":
        return False
    rows, tight = [0], 0
    for place in separators:
        if p.tokens[place].text == ";":
            rows.append(0)
            continue
        rows[-1] += 1
        tight += p.is_decimal_comma(place)
    if tight and tight == sum(rows) and len(set(rows)) == 1:
        p.fail("comma_in_array", place=opening.start)
    return bool(tight)


def _rows(p: Stream, opening: Token, decimal: bool) -> Tree:
    """[1, 2; 3, 4], [a; b], [a, b], [a,]."""
    rows: list[list[Tree]] = [[]]
    with p.inside(decimal=decimal, listing=True):
        while True:
            rows[-1].append(number_like(p.value()))
            if p.take(";"):
                rows.append([])
            elif not p.take(",") or p.is_op("]"):
                break
    p.close(opening, "]")
    return of_rows(p, opening, rows)


def of_rows(p: Stream, opening: Token, rows: list[list[Tree]]) -> Tree:
    """A vector where there is one row or one column, else a matrix."""
    if len({len(row) for row in rows}) > 1:
        p.fail("ragged", place=opening.start)
    if len(rows) == 1:
        return array(*rows[0])
    return array(*(row[0] if len(row) == 1 else array(*row) for row in rows))


def matrix(p: Stream) -> Tree:
    """A matrix of LaTeX: its cells stand between ⟦ and ⟧. One row of several cells stays a row."""
    opening = p.here
    p.at += 1
    rows: list[list[Tree]] = [[]]
    with p.inside():
        while True:
            rows[-1].append(number_like(p.value()))
            if p.take("⟦;"):
                rows.append([])
            elif not p.take("⟦,"):
                break
    p.close(opening, "⟧")
    if len(rows) == 1 and len(rows[0]) > 1:
        return array(array(*rows[0]))
    return of_rows(p, opening, rows)


def angle(p: Stream) -> Tree:
    """⟨x, y⟩, the inner product."""
    opening = p.here
    p.at += 1
    with p.inside(decimal=False, listing=True):
        left = p.value()
        if not (p.take(",") or p.take(";")):
            p.expect(",")
        right = p.value()
    p.close(opening, "⟩")
    return call("dot", number_like(left), number_like(right))


# -- norms --------------------------------------------------------------------------------------------------


def norm_of(p: Stream) -> Tree:
    """‖x‖, ||x||, with the kind below."""
    opening = p.here
    closing = "‖" if opening.text == "‖" else "||"
    p.at += 1 if closing == "‖" else 2
    with p.inside(norm=closing):
        inner = number_like(p.value())
    if closing == "||" and p.double_bar():
        p.at += 2
    else:
        p.close(replace(opening, text=closing), closing)
    return norm_kind(p, inner)


def norm_kind(p: Stream, inner: Tree) -> Tree:
    """The kind that stands below the bars, Euclidean where none does."""
    if not p.take("_"):
        return norm(inner)
    braces = p.take("{")
    kind = NORM_NAMES.get(p.here.text)
    if kind is None:
        p.fail("norm_kind", got=p.here.text[:20])
    p.at += 1
    if braces:
        p.expect("}")
    return norm(inner, kind)


def _bars_of_norm(p: Stream) -> bool:
    """Whether || opens a norm, as in ||x - |y|||; in ||x| + |y|| it opens two absolute values."""
    level = 0
    place = p.at + 2
    while place < len(p.tokens):
        token, before = p.tokens[place], p.tokens[place - 1]
        if token.kind == "op":
            level += (token.text in "([{") - (token.text in ")]}")
            if level < 0:
                return False
            if level == 0 and token.text == "|":
                following = p.tokens[place + 1]
                if following.text == "|" and following.start == token.end:
                    return True
                # the first single bar: it closes after an operand, else it opens
                return not (before.kind in ("num", "name", "sup") or before.text in ")]}'ᵀ")
        place += 1
    return False

