"""Products and sums as a teacher writes them: common factors in front, like terms together, 1[...] last.

An adjoint is a sum over paths of products of local derivatives. Kept as one monomial

    c · Π base^k        c an exact rational, bases nodes of the graph, k integers,

it stays factored: where paths meet, what all of them share comes out of the bracket, and the rest
becomes one base of its own. Nothing is ever multiplied out, so the work stays linear in the graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from math import gcd

from ..errors import LimitExceeded
from ..ir import Expr, lift, postorder
from ..ops.elementwise import ADD, DIVIDE, MULTIPLY, NEGATIVE, POWER_ROW, SQUARE, SUBTRACT
from ..values import exact

DEGREE = 2**53  # of one factor
BITS = 1_000  # of a coefficient
TERMS = 12  # in a bracket that is opened to join like terms


@dataclass(frozen=True)
class Monomial:
    """`coefficient` times the product of `factors[base]` powers, bases in the order they are written."""

    coefficient: Fraction = Fraction(1)
    factors: Mapping[Expr, int] = field(default_factory=dict)

    def __mul__(self, other: Monomial) -> Monomial:
        factors = dict(self.factors)
        for base, k in other.factors.items():
            factors[base] = factors.get(base, 0) + k
        return Monomial(_bounded(self.coefficient * other.coefficient), _tidy(factors))


ZERO = Monomial(Fraction(0))
ONE = Monomial()


def _bits(c: Fraction) -> int:
    return max(c.numerator.bit_length(), c.denominator.bit_length())


def _bounded(c: Fraction) -> Fraction:
    if _bits(c) > BITS:
        raise LimitExceeded(f"derive: a coefficient has more than {BITS} binary digits")
    return c


def _tidy(factors: Mapping[Expr, int]) -> dict[Expr, int]:
    """No zero powers; a condition is 0 or 1, so any positive power of it is itself."""
    if any(abs(k) > DEGREE for k in factors.values()):
        raise LimitExceeded(f"derive: a power is above {DEGREE}")
    return {base: 1 if k > 0 and base.type.dtype == "bool" else k for base, k in factors.items() if k}


def monomial(expr: Expr) -> Monomial:
    """`expr` as a monomial: products, quotients, signs and whole powers are opened, the rest are bases.

    >>> import graphc as G
    >>> x, y = G.inputs("x y")
    >>> print(build(monomial(-(x * x) * 3 / (2 * y) * x)))
    -3*x**3/(2*y)
    """
    order = postorder([expr])
    power = dict.fromkeys(order, 0)
    power[expr] = 1
    c, factors = Fraction(1), {}
    for node in reversed(order):
        k = power[node]
        if not k:
            continue
        number = _number(node)
        opened = _opened(node)
        if number is not None and (number or k > 0) and abs(k) * _bits(number) <= BITS:
            c = _bounded(c * number**k)
        elif opened is None:
            factors[node] = k
        else:
            sign, parts = opened
            c *= sign ** (k % 2)
            for part, times in parts:
                power[part] += k * times
    place = {node: i for i, node in enumerate(order)}
    return Monomial(c, _tidy(dict(sorted(factors.items(), key=lambda item: place[item[0]]))) if c else {})


def _number(node: Expr) -> Fraction | None:
    if node.op.name != "const" or node.label is not None or node.ndim or node.type.dtype == "bool":
        return None
    return exact(node.attrs[0].value[()])


def _opened(node: Expr) -> tuple[int, list[tuple[Expr, int]]] | None:
    """Sign and (operand, power) of a product-like node; None for a base. A name is kept as a base."""
    if node.label is not None:
        return None
    name, args = node.op.name, node.args
    if name == "multiply":
        return 1, [(a, 1) for a in args]
    if name in ("divide", "safe_divide"):
        return 1, [(args[0], 1), (args[1], -1)]
    if name == "astype" and node.type.is_float and (args[0].type.is_float or args[0].type.dtype == "bool"):
        return 1, [(args[0], 1)]
    if name == "negative":
        return -1, [(args[0], 1)]
    if name == "square":
        return 1, [(args[0], 2)]
    if name == "power" and (n := _number(args[1])) is not None and n.denominator == 1 and abs(n) <= DEGREE:
        return 1, [(args[0], int(n))]
    return None


def total(monomials: Iterable[Monomial]) -> Monomial:
    """The sum as one monomial: like terms joined, what all terms share in front of the bracket.

    >>> import graphc as G
    >>> w, x1, x2 = G.inputs("w x1 x2")
    >>> print(build(total([monomial(w * x1), monomial(w * x2)])))
    w*(x1 + x2)
    >>> print(build(total([monomial(w * w), monomial(2 * w * w)])))
    3*w**2
    """
    terms = _joined(_opened_brackets(list(monomials)))
    if len(terms) < 2:
        return terms[0] if terms else ZERO
    c, shared = _common(terms)
    rest = [_without(term, c, shared) for term in terms]
    return Monomial(c, _tidy(dict(shared) | {add(rest): 1}))


def _opened_brackets(monomials: list[Monomial]) -> list[Monomial]:
    """(x + 2) + (x + 1): terms that are one bracket are opened, so that like terms can meet."""
    if len(monomials) < 2:
        return monomials
    opened = [term for m in monomials for term in _bracket(m)]
    return opened if len(opened) <= TERMS else monomials


def _bracket(m: Monomial) -> list[Monomial]:
    if len(m.factors) != 1:
        return [m]
    base, k = next(iter(m.factors.items()))
    if k != 1 or base.op.name not in ("add", "subtract") or base.label is not None:
        return [m]
    return [Monomial(sign * m.coefficient) * monomial(term) for sign, term in summands(base)]


def summands(expr: Expr) -> list[tuple[int, Expr]]:
    """The signed terms of nested unnamed additions and subtractions, in the order they are written."""
    found: list[tuple[int, Expr]] = []
    stack = [(1, expr)]
    while stack:
        sign, node = stack.pop()
        if len(found) + len(stack) > 2 * TERMS or node.label is not None or node.op.name not in ("add", "subtract"):
            found.append((sign, node))
        else:
            left, right = node.args
            stack += [(-sign if node.op.name == "subtract" else sign, right), (sign, left)]
    return found


def _joined(terms: Sequence[Monomial]) -> list[Monomial]:
    sums: dict[frozenset[tuple[Expr, int]], Fraction] = {}
    first: dict[frozenset[tuple[Expr, int]], Monomial] = {}
    for term in terms:
        key = frozenset(term.factors.items())
        first.setdefault(key, term)
        sums[key] = sums.get(key, Fraction(0)) + term.coefficient
    return [Monomial(c, first[key].factors) for key, c in sums.items() if c]


def _common(terms: Sequence[Monomial]) -> tuple[Fraction, dict[Expr, int]]:
    shared: dict[Expr, int] = {}
    for base in terms[0].factors:
        powers = [t.factors.get(base, 0) for t in terms]
        if min(powers) > 0 or max(powers) < 0:
            shared[base] = min(powers) if min(powers) > 0 else max(powers)
    numerator = reduce(gcd, (t.coefficient.numerator for t in terms))
    denominators = {t.coefficient.denominator for t in terms}
    c = Fraction(numerator, denominators.pop()) if len(denominators) == 1 else Fraction(1)
    return (-c if all(t.coefficient < 0 for t in terms) else c), shared


def _without(term: Monomial, c: Fraction, shared: Mapping[Expr, int]) -> Monomial:
    return Monomial(term.coefficient / c, term.factors) * Monomial(factors={base: -k for base, k in shared.items()})


def add(terms: Sequence[Monomial]) -> Expr:
    """The terms joined by + and −, a positive one first."""
    ordered = sorted(terms, key=lambda t: t.coefficient < 0) if terms[0].coefficient < 0 else terms
    sum_ = build(ordered[0])
    if sum_.type.dtype == "bool":  # as a number: the sum of two bools would be their disjunction
        sum_ = MULTIPLY(1, sum_)
    for term in ordered[1:]:
        minus = term.coefficient < 0
        sum_ = (SUBTRACT if minus else ADD)(sum_, build(Monomial(abs(term.coefficient), term.factors)))
    return sum_


def build(m: Monomial) -> Expr:
    """The monomial as a graph: number, factors in order, conditions last, over a common denominator."""
    if not m.coefficient:
        return lift(0)
    conditions = [b for b in m.factors if b.type.dtype == "bool"]
    plain = [b for b in m.factors if b.type.dtype != "bool"]
    above, below = _coefficient(abs(m.coefficient))
    numerator = [*above, *(_power(b, m.factors[b]) for b in plain if m.factors[b] > 0)]
    denominator = [*below, *(_power(b, -m.factors[b]) for b in plain if m.factors[b] < 0)]
    if not numerator:
        numerator, conditions = conditions, []
    value = _product(numerator) if numerator else lift(1)
    if denominator:
        value = DIVIDE(value, _product(denominator))
    value = _product([value, *conditions])
    return value if m.coefficient > 0 else NEGATIVE(value) if value.type.dtype != "bool" else MULTIPLY(-1, value)


def _coefficient(c: Fraction) -> tuple[list[Expr], list[Expr]]:
    """Above and below the line: 3/2 as 3 over 2, 1/10 as 0.1."""
    decimal = 10**6 % c.denominator == 0 and c.denominator not in (1, 2, 4, 8)
    if decimal or max(c.numerator, c.denominator) > 2**53:
        return [lift(_as_float(c))], []
    return ([lift(c.numerator)] if c.numerator != 1 else []), ([lift(c.denominator)] if c.denominator != 1 else [])


def _as_float(c: Fraction) -> float:
    try:
        return float(c)
    except OverflowError:
        raise LimitExceeded("derive: a coefficient is too large to be written") from None


def _power(base: Expr, k: int) -> Expr:
    return base if k == 1 else SQUARE(base) if k == 2 else POWER_ROW(base, k)


def _product(factors: Sequence[Expr]) -> Expr:
    return reduce(MULTIPLY, factors)
