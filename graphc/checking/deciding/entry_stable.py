"""Rows that are other functions in a spelling that does not overflow, as the functions they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ...ir import Expr
from .algebra import Algebra
from .core import Core
from .entry_tools import Array, mapped
from .from_graph import NoScalarForm

if TYPE_CHECKING:
    from .entries import Entries


def _of_scalars(f: Callable[..., Core]) -> Any:
    return lambda at, node, *args: mapped(lambda *xs: f(at.algebra, *xs), *args)


def _log_one_plus_exp(k: Algebra, z: Core) -> Core:
    return k.fn("log", k.sum((k.one, k.fn("exp", z))))


def _expm1(k: Algebra, x: Core) -> Core:
    return k.minus(k.fn("exp", x), k.one)


def _log_cosh(k: Algebra, x: Core) -> Core:
    return k.fn("log", k.fn("cosh", x))


def _series(whole: Callable[[Algebra, Core], Core], slope: Callable[[Algebra, Core], Core], at_zero: Sequence[Fraction],
            ) -> Any:
    """A function with a gap at 0 that is filled in, and its first derivative."""
    def row(at: Entries, node: Expr, a: Array) -> Array:
        order = node.attrs[0]
        if order > 1:
            raise NoScalarForm("no_entries_op", name=node.label or node.op.name, op=node.op.name, place=node.place)
        k = at.algebra

        def one(x: Core) -> Core:
            value = (whole, slope)[order](k, x)
            return k.case(x, value, k.num(at_zero[order]), value)

        return mapped(one, a)

    return row


def _x_over_expm1_slope(k: Algebra, x: Core) -> Core:
    """1/(e^x - 1) - x e^x/(e^x - 1)²."""
    e, d = k.fn("exp", x), _expm1(k, x)
    return k.minus(k.quotient(k.one, d), k.product((x, e, k.root(d, Fraction(-2)))))


def _expm1_over_x_slope(k: Algebra, x: Core) -> Core:
    """(x e^x - e^x + 1)/x²."""
    e = k.fn("exp", x)
    return k.product((k.sum((k.product((x, e)), k.neg(e), k.one)), k.root(x, Fraction(-2))))


STABLE_ROWS: dict[str, Any] = {
    "log_cosh": _of_scalars(_log_cosh),
    "reciprocal_expm1": _of_scalars(lambda k, x: k.root(_expm1(k, x), Fraction(-1))),
    "log1mexp": _of_scalars(lambda k, x: k.fn("log", k.minus(k.one, k.fn("exp", k.neg(x))))),
    "sigmoid_cross_entropy": _of_scalars(lambda k, z, y: k.minus(_log_one_plus_exp(k, z), k.product((y, z)))),
    "x_over_expm1": _series(lambda k, x: k.quotient(x, _expm1(k, x)), _x_over_expm1_slope,
                            (Fraction(1), Fraction(-1, 2))),
    "expm1_over_x": _series(lambda k, x: k.quotient(_expm1(k, x), x), _expm1_over_x_slope,
                            (Fraction(1), Fraction(1, 2))),
}
