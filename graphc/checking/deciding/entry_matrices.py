"""Rows of square matrices entry by entry: determinants and inverses by minors, Cholesky row by row."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ir import OPS, Expr
from .core import Core
from .entry_tools import Array, array_of, dot, mapped, matrix_product
from .from_graph import NoScalarForm

if TYPE_CHECKING:
    from .entries import Entries

MAX_DETERMINANT = 5  # by minors: 5! products


def _minor(at: Entries, m: Array, rows: tuple[int, ...], columns: tuple[int, ...]) -> Core:
    """The determinant of some rows and columns, by its first row (Laplace), each smaller one worked out once."""
    known: dict[tuple[int, ...], Core] = {(): at.algebra.one}
    for size in range(1, len(rows) + 1):
        row = rows[len(rows) - size]
        for chosen in itertools.combinations(columns, size):
            terms = []
            for k, c in enumerate(chosen):
                sign = at.algebra.num(-1 if k % 2 else 1)
                terms.append(at.algebra.product((sign, m[row, c], known[(*chosen[:k], *chosen[k + 1:])])))
            known[chosen] = at.algebra.sum(terms)
    return known[columns]


def _without(n: int, *left_out: int) -> tuple[int, ...]:
    return tuple(i for i in range(n) if i not in left_out)


def _det_of(at: Entries, m: Array) -> Core:
    every = tuple(range(len(m)))
    return _minor(at, m, every, every)


def _cofactors_of(at: Entries, m: Array) -> Array:
    n = len(m)
    return array_of((n, n), [
        at.algebra.product((at.algebra.num(-1 if (i + j) % 2 else 1), _minor(at, m, _without(n, i), _without(n, j))))
        for i in range(n) for j in range(n)])


def _inverse_of(at: Entries, m: Array) -> Array:
    det = _det_of(at, m)
    return mapped(lambda c: at.algebra.quotient(c, det), _cofactors_of(at, m).T)


def _slope_of(at: Entries, m: Array, h: Array) -> Array:
    """The derivative of the cofactors of m along h, by minors of two rows and two columns less."""
    n = len(m)
    entries = []
    for i, j in np.ndindex(n, n):
        terms = []
        for k, r in itertools.product(_without(n, i), _without(n, j)):
            sign = (-1) ** (i + j + _without(n, i).index(k) + _without(n, j).index(r))
            terms.append(at.algebra.product((at.algebra.num(sign), h[k, r],
                                             _minor(at, m, _without(n, i, k), _without(n, j, r)))))
        entries.append(at.algebra.sum(terms))
    return array_of((n, n), entries)


def _matrices(f: Callable[..., Any], matrix: bool = True) -> Any:
    """A row of one or more stacks of square matrices; what `f` gives of each is stacked again."""
    def row(at: Entries, node: Expr, *args: Array) -> Array:
        if max(args[0].shape[-2:]) > MAX_DETERMINANT:
            raise NoScalarForm("matrix_too_large", name=node.label or node.op.name, limit=MAX_DETERMINANT)
        batch = np.broadcast_shapes(*(a.shape[:-2] for a in args))
        wide = [np.broadcast_to(a, (*batch, *a.shape[-2:])) for a in args]
        found = [f(at, *(a[index] for a in wide)) for index in np.ndindex(*batch)]
        return array_of(at.shape(node.shape), [e for m in found for e in (m.ravel() if matrix else (m,))])

    return row


def _slogdet(at: Entries, node: Expr, a: Array) -> tuple[Array, Array]:
    det = MATRIX_ROWS["det"](at, OPS["det"](node.args[0]), a)
    one, zero = at.algebra.one, at.algebra.zero
    sign = mapped(lambda d: at.algebra.case(d, at.algebra.num(-1), zero, one), det)
    return sign, mapped(lambda d: at.algebra.fn("log", at.algebra.absolute(d)), det)


def _solve(at: Entries, node: Expr, a: Array, b: Array) -> Array:
    inverse = MATRIX_ROWS["inv"](at, node.args[0], a)
    return matrix_product(at, inverse, b) if b.ndim > 1 else matrix_product(at, inverse, b[:, None])[..., 0]


def _cholesky_of(at: Entries, m: Array) -> Array:
    """L with L Lᵀ = m, row by row."""
    n = len(m)
    lower = np.full((n, n), at.algebra.zero, dtype=object)
    for i, j in zip(*np.tril_indices(n)):
        rest = at.algebra.minus(m[i, j], dot(at, lower[i, :j], lower[j, :j]))
        lower[i, j] = at.algebra.root(rest, Fraction(1, 2)) if i == j else at.algebra.quotient(rest, lower[j, j])
    return lower


def _lower_half_of(at: Entries, m: Array) -> Array:
    half = at.algebra.num(Fraction(1, 2))

    def entry(i: int, j: int) -> Core:
        return at.algebra.product((half, m[i, j])) if i == j else m[i, j] if j < i else at.algebra.zero

    return array_of(m.shape, [entry(i, j) for i, j in np.ndindex(*m.shape)])


MATRIX_ROWS: dict[str, Any] = {
    "det": _matrices(_det_of, matrix=False), "inv": _matrices(_inverse_of), "cofactor": _matrices(_cofactors_of),
    "cofactor_slope": _matrices(_slope_of), "slogdet": _slogdet, "solve": _solve,
    "cholesky": _matrices(_cholesky_of), "lower_half": _matrices(_lower_half_of),
}
