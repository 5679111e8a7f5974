"""Positions in index notation: what i + 1, N and 3 point to, and what an index runs over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...dims import Size
from ...errors import GraphcError, LimitExceeded
from ...ir import Expr
from ..phrases import say
from ..reading.tree import Tree, nodes
from .labelled import Building

MAX_OPEN = 12  # indices at one place


@dataclass(frozen=True, eq=False)
class Range:
    """What an index runs over: from `low` to `high`, or over the whole of the axes it is used on."""

    name: str
    place: object
    low: Size | None = None
    high: Size | None = None

    def length(self, building: Building) -> Size:
        """How many values it takes."""
        if self.low is not None and self.high is not None:
            return self.high - self.low + 1
        return building.unknowns.size(self.place, self.name)


Scope = Mapping[str, Range]


@dataclass(frozen=True)
class Affine:
    """A position: a whole number times each index, and a constant."""

    terms: tuple[tuple[str, int], ...]
    constant: Size


# -- reading positions ---------------------------------------------------------------------------------------


def position(building: Building, tree: Tree, scope: Scope) -> Affine | Expr | None:
    """Where an index points: an Affine, an integer of the graph, or None for a full slice. Raises ParseError."""
    if tree.head == "sym" and tree.value == ":":
        return None
    done: dict[int, Affine | Expr | None] = {}
    for node in nodes(tree):
        done[id(node)] = _position(building, node, [done[id(a)] for a in node.args], scope)
    found = done[id(tree)]
    if found is None:
        raise building.unread("index_form", text=tree)
    return found


def _position(building: Building, node: Tree, args: Sequence[Any], scope: Scope) -> Affine | Expr | None:
    if node.number is not None:
        return Affine((), int(node.number)) if node.number.denominator == 1 and abs(node.number) < 2**31 else None
    if node.head == "sym":
        name = str(node.value)
        return Affine(((name, 1),), 0) if name in scope else _declared(building, name)
    if not args or not all(isinstance(a, Affine) for a in args):
        return None
    if node.head == "add":
        return _affine([(a, 1) for a in args])
    if node.head == "neg":
        return _affine([(args[0], -1)])
    whole = [a.constant for a in args if not a.terms and isinstance(a.constant, int)]
    if node.head == "mul" and len(args) == 2 and whole:
        other = args[1] if not args[0].terms and isinstance(args[0].constant, int) else args[0]
        return _affine([(other, whole[0])])
    return None


def _affine(parts: Sequence[tuple[Affine, int]]) -> Affine:
    terms: dict[str, int] = {}
    constant: Size = 0
    for part, factor in parts:
        constant = constant + part.constant * factor
        for name, c in part.terms:
            terms[name] = terms.get(name, 0) + c * factor
    return Affine(tuple((n, c) for n, c in terms.items() if c), constant)


def _declared(building: Building, name: str) -> Affine | Expr:
    """A name among the positions that no Σ binds: a size, or an integer of the graph."""
    try:
        node = building.leaf(name)
    except (KeyError, GraphcError):
        raise building.unread("unbound_index", name=name) from None
    if node.op.name == "size":
        return Affine((), node.attrs[0])
    if node.op.name == "const" and node.ndim == 0 and not node.type.is_float:
        return Affine((), int(node.attrs[0].value))
    if node.ndim == 0 and not node.type.is_float:
        return node
    raise building.unread("unbound_index", name=name)


def bounds(building: Building, tree: Tree, scope: Scope) -> Range:
    """The range of a Σ or a Π. Raises ParseError for bounds that are no sizes, LimitExceeded for too many terms."""
    name = str(tree.value)
    if len(scope) >= MAX_OPEN:
        raise LimitExceeded(say(building.lang, "too_many_open", limit=MAX_OPEN))
    if len(tree.args) < 3:
        return Range(name, (id(tree), name))
    low, high = (position(building, a, scope) for a in tree.args[1:3])
    for found in (low, high):
        if not isinstance(found, Affine) or found.terms:
            raise building.unread("range_form", name=name)
    assert isinstance(low, Affine) and isinstance(high, Affine)
    count = high.constant - low.constant + 1
    if isinstance(count, int) and count < 0:
        raise building.unread("range_empty", name=name, low=str(low.constant), high=str(high.constant))
    return Range(name, (id(tree), name), low.constant, high.constant)


def loose_indices(tree: Tree) -> tuple[str, ...]:
    """The letters of subscripts that no Σ binds, in the order of the alphabet: i and j of p_i(δ_{ij} - p_j).

    >>> from ..reading.tree import make, sym
    >>> entry = make("index", sym("W"), sym("i"), sym("j"), value="1")
    >>> loose_indices(entry), loose_indices(make("sum", entry, value="i"))
    (('i', 'j'), ('j',))
    """
    found: set[str] = set()
    seen: set[tuple[int, frozenset[str]]] = set()
    stack: list[tuple[Tree, frozenset[str]]] = [(tree, frozenset())]
    while stack:
        node, bound = stack.pop()
        if (id(node), bound) in seen:
            continue
        seen.add((id(node), bound))
        places = node.args if node.head == "delta" else node.args[1:] if node.head == "index" else ()
        letters = {str(s.value) for s in nodes(*places) if s.head == "sym" and s.value != ":"} if places else set()
        found |= letters - bound
        inner = bound | {str(node.value)} if node.head in ("sum", "prod") else bound
        stack.extend((a, inner if k == 0 else bound) for k, a in enumerate(node.args))
    return tuple(sorted(found))
