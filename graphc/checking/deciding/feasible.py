"""Can these strict inequalities hold together? Fourier-Motzkin over the rationals, monomials as variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

MAX_ROWS = 200
Row = dict[tuple[int, ...], Fraction]


def feasible(constraints: Sequence[tuple[Mapping[tuple[int, ...], Any], int]]) -> bool:
    """False only where `sign · polynomial > 0` for all constraints is impossible.

    Each monomial is taken as a variable of its own, so False is a proof and True is not.

    >>> x, one = (1,), (0,)
    >>> feasible([({x: 1}, 1), ({x: 1, one: 1}, -1)])    # x > 0 and x + 1 < 0
    False
    """
    rows = [{m: Fraction(int(c)) if isinstance(c, int) else Fraction(int(c.p), int(c.q)) * 1 for m, c in p.items()}
            for p, _ in constraints]
    rows = [{m: c * s for m, c in row.items()} for row, (_, s) in zip(rows, constraints)]
    while True:
        if any(_impossible(row) for row in rows):
            return False
        variable = next((m for row in rows for m in sorted(row) if any(m)), None)
        if variable is None or len(rows) > MAX_ROWS:
            return True
        rows = _eliminate(rows, variable)


def _impossible(row: Row) -> bool:
    return all(not any(m) for m in row) and sum(row.values(), Fraction(0)) <= 0


def _eliminate(rows: list[Row], variable: tuple[int, ...]) -> list[Row]:
    up = [r for r in rows if r.get(variable, 0) > 0]
    down = [r for r in rows if r.get(variable, 0) < 0]
    rest = [r for r in rows if not r.get(variable, 0)]
    return rest + [_combine(a, b, variable) for a in up for b in down]


def _combine(a: Row, b: Row, variable: tuple[int, ...]) -> Row:
    p, q = -b[variable], a[variable]
    total = {m: p * a.get(m, Fraction(0)) + q * b.get(m, Fraction(0)) for m in {**a, **b}}
    return {m: c for m, c in total.items() if c and m != variable}
