"""Sizes of axes: integers, named sizes such as N, and polynomials of them.

A `Dim` is a polynomial with integer coefficients over atoms; an atom is a name or a floor
division that did not come out even. Equality is equality of polynomials, so `(N + 1)*2` and
`2*N + 2` are one size. Whatever turns out constant is a plain `int` again.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from math import prod
from typing import Any, TypeAlias

from .errors import GraphcError, ShapeError


class Floor:
    """The atom `numerator // denominator`, where the division is not known to be even."""

    __slots__ = ("denominator", "numerator", "text")

    def __init__(self, numerator: Size, denominator: Size) -> None:
        self.numerator, self.denominator = numerator, denominator
        self.text = f"{_braced(numerator)}//{_braced(denominator)}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Floor) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        return self.text


Atom: TypeAlias = "str | Floor"
Monomial: TypeAlias = "tuple[tuple[Atom, int], ...]"
Term: TypeAlias = "tuple[Monomial, int]"


class Dim:
    """A size that is not known until the inputs come: `N`, `2*N + 1`, `N*T`, `(N - 3)//2 + 1`.

    >>> N = Dim.named("N")
    >>> str((N + 1) * 2 - 2), (N * 784) // 784 == N, N - N
    ('2*N', True, 0)
    """

    __slots__ = ("_hash", "terms")

    def __init__(self, terms: tuple[Term, ...]) -> None:
        self.terms = terms
        self._hash = hash(terms)

    @staticmethod
    def named(name: str) -> Dim:
        """The size called `name`."""
        return Dim(((((name, 1),), 1),))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dim) and self._hash == other._hash and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    # Anything but a size is left to the other operand: `shape[0] * expr` is a node.

    def __add__(self, other: object) -> Any:
        terms = _terms(other)
        return NotImplemented if terms is None else _collect([*self.terms, *terms])

    def __mul__(self, other: object) -> Any:
        terms = _terms(other)
        if terms is None:
            return NotImplemented
        return _collect([(_times(m, n), c * d) for m, c in self.terms for n, d in terms])

    def __neg__(self) -> Size:
        return _collect([(m, -c) for m, c in self.terms])

    def __sub__(self, other: object) -> Any:
        terms = _terms(other)
        return NotImplemented if terms is None else _collect([*self.terms, *[(m, -c) for m, c in terms]])

    def __rsub__(self, other: object) -> Any:
        return (-1 * self).__add__(other)

    __radd__, __rmul__ = __add__, __mul__

    def __floordiv__(self, other: object) -> Any:
        return NotImplemented if _terms(other) is None else floor_divide(self, other)  # type: ignore[arg-type]

    def __rfloordiv__(self, other: object) -> Any:
        return NotImplemented if _terms(other) is None else floor_divide(other, self)  # type: ignore[arg-type]

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        parts = [_term_text(m, c) for m, c in self.terms]
        return " + ".join(parts).replace("+ -", "- ")

    __repr__ = __str__

    @property
    def name(self) -> str | None:
        """The name when this is one bare name, else None."""
        if len(self.terms) == 1 and self.terms[0][1] == 1 and len(self.terms[0][0]) == 1:
            atom, power = self.terms[0][0][0]
            return atom if power == 1 and isinstance(atom, str) else None
        return None


Size: TypeAlias = "int | Dim"


def _terms(size: object) -> tuple[Term, ...] | None:
    """The terms of a Dim or an integer; None for anything else."""
    if isinstance(size, Dim):
        return size.terms
    try:
        return (((), operator.index(size)),)  # type: ignore[arg-type]
    except (TypeError, GraphcError):
        return None


def _times(m: Monomial, n: Monomial) -> Monomial:
    powers = dict(m)
    for atom, p in n:
        powers[atom] = powers.get(atom, 0) + p
    return tuple(sorted(powers.items(), key=lambda item: str(item[0])))


def _collect(terms: Iterable[Term]) -> Size:
    """The sum of the terms, highest degree first, then by name: one spelling for one polynomial."""
    total: dict[Monomial, int] = {}
    for m, c in terms:
        total[m] = total.get(m, 0) + c
    kept = [(m, c) for m, c in total.items() if c]
    if not kept or (len(kept) == 1 and not kept[0][0]):
        return kept[0][1] if kept else 0
    kept.sort(key=lambda term: (-sum(p for _, p in term[0]), [(str(a), -p) for a, p in term[0]]))
    return Dim(tuple(kept))


def _term_text(monomial: Monomial, c: int) -> str:
    factors = [f"({a})" if isinstance(a, Floor) and (p > 1 or len(monomial) > 1 or c != 1) else str(a)
               for a, p in monomial for _ in range(p)]
    if not factors:
        return str(c)
    return "*".join(factors) if c == 1 else "-" + "*".join(factors) if c == -1 else "*".join([str(c), *factors])


def _braced(size: Size) -> str:
    text = str(size)
    return text if text.isidentifier() or text.isdigit() else f"({text})"


def floor_divide(a: Size, b: Size) -> Size:
    """`a // b`, even where every term of `a` is divisible by the one term of `b`."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if b == 1:
        return a
    quotient = _even(a, b)
    return quotient if quotient is not None else Dim(((((Floor(a, b), 1),), 1),))


def _even(a: Size, b: Size) -> Size | None:
    if a == b:
        return 1
    over, under = _terms(a), _terms(b)
    if over is None or under is None or len(under) != 1:
        return None
    divisor, d = under[0]
    quotient: list[Term] = []
    for m, c in over:
        powers = dict(m)
        for atom, p in divisor:
            powers[atom] = powers.get(atom, 0) - p
        if c % d or any(p < 0 for p in powers.values()):
            return None
        quotient.append((tuple((atom, p) for atom, p in powers.items() if p), c // d))
    return _collect(quotient)


def divides(a: Size, b: Size) -> Size | None:
    """`a / b` when it is known to be even, else None."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b if b and a % b == 0 else None
    return _even(a, b)


def product(sizes: Iterable[Size]) -> Size:
    """The number of elements of a shape."""
    return prod(sizes)


def size_names(size: Size) -> list[str]:
    """The names a size depends on, in order of appearance."""
    names: dict[str, None] = {}
    for monomial, _ in size.terms if isinstance(size, Dim) else ():
        for atom, _ in monomial:
            if isinstance(atom, Floor):
                names.update(dict.fromkeys(size_names(atom.numerator) + size_names(atom.denominator)))
            else:
                names[atom] = None
    return list(names)


def value_of(size: Size, values: Mapping[str, int]) -> int:
    """The size as an integer, given its names.

    >>> value_of(Dim.named("N") * 2 + 1, {"N": 4})
    9
    """
    if isinstance(size, int):
        return size
    return sum(c * prod(_atom_value(a, values) ** p for a, p in m) for m, c in size.terms)


def _atom_value(atom: Atom, values: Mapping[str, int]) -> int:
    if isinstance(atom, Floor):
        return value_of(atom.numerator, values) // value_of(atom.denominator, values)
    if atom not in values:
        raise ShapeError(f"size {atom} is not known: no input has an axis of just {atom}")
    return values[atom]


def as_size(value: object, who: str = "shape") -> Size:
    """An axis size from what a user wrote: a non-negative int, a name, or a Dim.

    Raises ShapeError for anything else, names that are not identifiers included.
    """
    if isinstance(value, Dim):
        return value
    if isinstance(value, str):
        if not value.isidentifier():
            raise ShapeError(f"{who}: a named size must be an identifier such as 'N', got {value!r}")
        return Dim.named(value)
    try:
        size = operator.index(value)  # type: ignore[arg-type]
    except (TypeError, GraphcError):
        raise ShapeError(f"{who}: a size is an integer or a name such as 'N', got {str(value)[:60]!r}") from None
    if size < 0:
        raise ShapeError(f"{who}: a size cannot be negative, got {size}")
    return size
