"""Sums and products over an index: ∑_{i=1}^{N} x_i y_i and how far their bodies go."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..phrases import safe
from .names import cut
from .stream import PRODUCT, SIGN, SUM, Stream
from .tokens import Token
from .tree import Tree, indicator, make, number_like, product, symbols, total

SIGNS = {"∑": "sum", "∏": "prod"}
MAX_INDICES = 6
WORDS = {"Σ": "sum", "Sigma": "sum", "sum": "sum", "somme": "sum", "Π": "prod", "Pi": "prod", "prod": "prod",
         "produit": "prod"}


@dataclass
class Range:
    """Indices in order, the lower end they share, and a condition such as j ≠ i."""

    indices: list[str] = field(default_factory=list)
    low: Tree | None = None
    high: Tree | None = None
    conditions: list[Tree] = field(default_factory=list)


def named_total(p: Stream) -> str | None:
    """The kind of total that a word here stands for: Σ_i, sum_{i=1}^N, where no such name is declared."""
    parts = cut(p.here.text)
    word = parts[0] if parts else p.here.text
    if word not in WORDS or p.names.find(word) or not (parts or p.is_op("_", 1)):
        return None
    return WORDS[word]


def sum_over(p: Stream, head: str) -> Tree:
    """A total from its sign on."""
    sign = p.here
    p.at += 1
    span = Range()
    parts = cut(sign.text) if sign.kind == "name" else None
    if parts:
        span.indices = _letters(p, sign, parts[1])
        if p.is_op("="):  # sum_i=1^N
            p.at += 1
            span.low = _single(p)
    _limits(p, span)
    if not span.indices:
        p.fail("total_index", name=safe(sign.text), place=sign.start)
    shaped = any(end is not None and end.shaped for end in (span.low, span.high))
    if (span.low is None) != (span.high is None) or shaped:
        p.fail("total_range", name=span.indices[0], place=sign.start)
    with p.binding(span.indices):
        return _over(p, head, span, _body(p, head, span.indices))


def _over(p: Stream, head: str, span: Range, body: Tree) -> Tree:
    if span.conditions:
        if head == "prod":
            p.fail("total_condition")
        body = product([indicator(_all(span.conditions)), body], "*")
    for name in reversed(span.indices):
        body = total(name, body, span.low, span.high, head)
    return body


def _all(conditions: list[Tree]) -> Tree:
    return conditions[0] if len(conditions) == 1 else make("and", *conditions)


# -- what stands below and above ----------------------------------------------------------------------------


def _limits(p: Stream, span: Range) -> None:
    """_{i=1} and ^{N}, in either order."""
    while True:
        if p.is_op("_") and not span.indices:
            p.at += 1
            _below(p, span)
        elif p.is_op("^") and span.high is None:
            p.at += 1
            span.high = _single(p)
        elif p.here.kind == "sup" and span.high is None:
            span.high = _single(p)
        else:
            return


def _single(p: Stream) -> Tree:
    """One operand: N, {N-1}, 3."""
    with p.inside(decimal=False):
        return number_like(p.operand())


def _letters(p: Stream, token: Token, text: str) -> list[str]:
    """The indices ij or i,j."""
    found = text.split(",") if "," in text else [text] if p.names.find(text) else list(text)
    letters = all(i.isalpha() and (len(i) == 1 or p.names.find(i)) for i in found)
    if not letters or len(found) > MAX_INDICES or len(set(found)) < len(found):
        p.fail("total_index", name=safe(token.text), place=token.start)
    return found


def _below(p: Stream, span: Range) -> None:
    token = p.here
    if token.kind == "name" and not p.is_op("{"):
        p.at += 1
        span.indices = _letters(p, token, token.text)
        return
    opening = p.here
    p.expect("{")
    with p.inside(decimal=False, letters=True, listing=True):
        _item(p, span)
        while p.take(","):
            _item(p, span)
    p.close(opening, "}")


def _item(p: Stream, span: Range) -> None:
    """i, ij, i = 1, j ≠ i, 1 ≤ i ≤ N."""
    token = p.here
    if token.kind == "name" and p.ahead(1).kind == "op" and p.ahead(1).text in ("=", ",", "}"):
        p.at += 1
        span.indices += _letters(p, token, token.text)
        if p.take("="):
            span.low = number_like(p.expression(SUM))
        return
    condition = p.expression(0)
    name = next((str(t.value) for t in _sides(condition) if t.head == "sym" and not p.names.find(str(t.value))
                 and t.value not in p.bound), None)
    if condition.head == "and" and name and _two_sided(condition, name, span):
        span.indices.append(name)
        return
    if condition.head != "rel" or name is None:
        p.fail("total_index", name=safe(token.text), place=token.start)
    if name not in span.indices:
        span.indices.append(name)
    span.conditions.append(condition)


def _sides(condition: Tree) -> list[Tree]:
    parts = (condition,) if condition.head == "rel" else condition.args
    return [side for part in parts if part.head == "rel" for side in part.args]


def _two_sided(condition: Tree, name: str, span: Range) -> bool:
    """1 ≤ i ≤ N as a range."""
    if len(condition.args) != 2 or any(part.head != "rel" or part.value != "<=" for part in condition.args):
        return False
    first, second = condition.args
    if first.args[1].value != name or second.args[0].value != name:
        return False
    span.low, span.high = first.args[0], second.args[1]
    return True


# -- the body -----------------------------------------------------------------------------------------------


def _body(p: Stream, head: str, indices: list[str]) -> Tree:
    """Everything up to the next + or -. Where more may follow that does not belong to it (a product over an
    index, a sum under a fraction bar), a last factor without the index is refused: it could be either's."""
    start, saved = p.here, p.tight
    p.tight = strict = saved or head == "prod"
    body = number_like(p.expression(SIGN))
    one = p.at
    body = number_like(p.climb(body, PRODUCT))
    p.tight = saved
    several = p.at > one and body.head in ("mul", "div", "matmul")
    if strict and several and not set(indices) & set(symbols(body.args[-1])):
        p.fail("total_end", place=start.start)
    return body
