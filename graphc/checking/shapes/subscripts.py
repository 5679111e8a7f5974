"""Entries at subscripts: x_i is x with its axis called i, W_{i,j+1} a part of W, x_3 a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import lang
from ...dims import Dim, Size, size_names
from ...errors import LimitExceeded
from ...ir import Expr, const
from ..phrases import say
from ..reading.tree import Tree
from .labelled import Building, ShapeFault, Value
from .positions import Affine, Range, Scope, position

MAX_TERMS = 10**4  # values of an index that are written out
FULL = slice(None)


def index(building: Building, tree: Tree, base: Value, scope: Scope) -> Value:
    """The entries that subscripts name. Raises ShapeFault for those that the value does not have, ParseError."""
    places = [position(building, t, scope) for t in tree.args[1:]]
    if len(places) > base.rank:
        raise building.fault("too_many_indices", name=base, shape=building.shape_words(base), got=len(places))
    return Subscripts(building, tree, base, scope).taken(places)


def few(building: Building, count: Size) -> None:
    """Raises LimitExceeded for more values of an index than are written out."""
    if isinstance(count, int) and count > MAX_TERMS:
        raise LimitExceeded(say(building.lang, "too_many_terms", got=count, limit=MAX_TERMS))


class Subscripts:
    """The entries of one value at one list of subscripts.

    `first` is what the first entry is called: 1 in x_1, 0 in x[0]. `labels` are the names of each axis: none for
    an axis of the value's own, several where positions are made of several indices, None for an axis that is gone.
    """

    def __init__(self, building: Building, tree: Tree, base: Value, scope: Scope) -> None:
        self.building, self.tree, self.base, self.scope = building, tree, base, scope
        self.first = 1 if tree.value == "1" else 0
        self.labels: list[tuple[str, ...] | None] = [*((n,) for n in base.names), *[()] * base.rank]
        self.entries: list[Any] = [FULL] * len(self.labels)
        self.gathered: list[tuple[int, Affine]] = []

    def taken(self, places: Sequence[Affine | Expr | None]) -> Value:
        for axis, place in enumerate(places, len(self.base.names)):
            if place is not None:
                self.place(axis, place)
        plain = all(e is FULL for e in self.entries)
        x = self.base.expr if plain else self.base.expr[tuple(self.entries)]
        for axis, made in reversed(self.gathered):
            x = self.gather(x, axis - sum(1 for g in self.labels[:axis] if g is None), made)
        return self.leading(x, [n for g in self.labels if g is not None for n in (g or ("",))])

    def place(self, axis: int, place: Affine | Expr) -> None:
        """What one subscript takes from its axis, and what the axis is called then."""
        if isinstance(place, Expr):
            self.entries[axis], self.labels[axis] = place, None
        elif not place.terms:
            self.entries[axis], self.labels[axis] = self.at(axis, place.constant), None
        elif len(place.terms) == 1 and place.terms[0][1] == 1:
            name = place.terms[0][0]
            self.entries[axis], self.labels[axis] = self.along(axis, self.scope[name], place.constant), (name,)
        else:
            self.gathered.append((axis, place))
            self.labels[axis] = tuple(n for n, _ in place.terms)

    def at(self, axis: int, constant: Size) -> int:
        """A position that is no index name, counted from 0, or from the end where that is known."""
        size, text = self.base.data.shape[axis], self.tree.args[1 + axis - len(self.base.names)]
        here = constant - self.first
        if isinstance(here, int) and here < 0 and not self.first:
            here = here + size  # x[-1], the last
        behind = here - size
        if isinstance(here, int) and (here < 0 or (isinstance(behind, int) and behind >= 0)):
            raise self.fault("out_of_range", size, index=text, first=self.first)
        if isinstance(here, int):
            return here
        if isinstance(behind, int) and behind < 0:
            return behind
        if isinstance(constant, Dim) and constant.name:  # a letter that is the size of nothing here
            raise self.building.unread("unbound_index", name=constant.name)
        raise self.building.unread("index_form", text=text)

    def along(self, axis: int, run: Range, shift: Size) -> slice:
        """The part of an axis that an index runs along."""
        size, words = self.base.data.shape[axis], self.building.size_words
        if run.low is None or run.high is None:
            if shift != 0:
                raise self.building.unread("no_range", name=run.name)
            if not self.building.fits(self.settled(run, size), size):
                raise self.fault("index_lengths", size, index=run.name, other=words(run.length(self.building)))
            return FULL
        start, stop = run.low + shift - self.first, run.high + shift - self.first + 1
        rest = size - stop
        if any(isinstance(s, int) and s < 0 for s in (start, rest)) or not isinstance(rest, int):
            raise self.fault("range_beyond", size, index=run.name, low=words(run.low + shift),
                             high=words(run.high + shift))
        return FULL if start == 0 and rest == 0 else slice(start, stop)

    def settled(self, run: Range, size: Size) -> Size:
        """The length of a range, which its first use settles."""
        unknowns = self.building.unknowns
        if unknowns.known(run.place) is None and not is_open(size):
            unknowns.set(run.place, run.name, size)
        return run.length(self.building)

    def gather(self, x: Expr, axis: int, place: Affine) -> Expr:
        """Entries at positions that several indices make, as in x_{i+j-1}: all of them are known numbers."""
        at: Any = place.constant
        for k, (name, c) in enumerate(place.terms):
            run = self.scope[name]
            length, low = run.length(self.building), self.first if run.low is None else run.low
            if not (isinstance(place.constant, int) and isinstance(length, int) and isinstance(low, int)):
                raise self.building.unread("no_range", name=name)
            few(self.building, np.size(at) * length)
            at = at + c * (low + np.arange(length)).reshape(-1, *[1] * (len(place.terms) - k - 1))
        size = x.shape[axis]
        if at.size and (at.min() < self.first or (isinstance(size, int) and at.max() >= size + self.first)):
            raise self.fault("range_beyond", size, index=", ".join(n for n, _ in place.terms), low=str(at.min()),
                             high=str(at.max()))
        return lang.take(x, const(at - self.first), axis=axis)

    def leading(self, x: Expr, names: Sequence[str]) -> Value:
        """The value with its named axes first; an index that stands twice runs along the diagonal."""
        ahead = tuple(dict.fromkeys(n for n in names if n))
        if list(names) == [*ahead, *[""] * (len(names) - len(ahead))]:
            return self.vector(x, ahead)
        for k, n in enumerate(names):
            first = names.index(n)
            if n and not self.building.fits(x.shape[first], x.shape[k]):
                raise self.fault("index_lengths", x.shape[k], index=n,
                                 other=self.building.size_words(x.shape[first]))
        letters = {n: chr(ord("a") + k) for k, n in enumerate(ahead)}
        term = [letters[n] if n else chr(ord("A") + k) for k, n in enumerate(names)]
        out = [*letters.values(), *(c for c, n in zip(term, names) if not n)]
        return self.vector(lang.einsum(f"{''.join(term)}->{''.join(out)}", x), ahead)

    def vector(self, x: Expr, names: tuple[str, ...]) -> Value:
        """The entries; what is left of a matrix is a column as any vector, or in the reading "rows" a row of it."""
        left = self.base.rank >= 2 and x.ndim == len(names) + 1
        if left:
            self.building.flags.add("ambiguous_product")
        return Value(x, self.tree, names, row=left and self.building.star == "rows")

    def fault(self, phrase: str, size: Size, **parts: object) -> ShapeFault:
        return self.building.fault(phrase, name=self.base, size=self.building.size_words(size), **parts)


def is_open(size: Size) -> bool:
    """Whether a size still hangs on an unknown."""
    return any(n.startswith("?") for n in size_names(size))
