"""Equality up to a chance that can be stated: both sides at a random point of a large prime field.

A rational function that is not zero vanishes at a random point with a chance of at most its degree over the size of
the field (J. Schwartz, "Fast probabilistic algorithms for verification of polynomial identities", 1980; R. Zippel,
1979). exp, log, roots and the like are variables of their own, one for each argument, with exp of a sum a product
and the square of a root its radicand; both signs of a root are tried, and both signs of every switch. So "equal" says:
equal wherever both exist, off the kinks; "not equal" says nothing, as there may be relations that are not known here.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .core import Core, flat_switch, postorder, valued
from .evaluate import flint

MAX_TERMS = 200  # of an exponent
FIELD_BITS, MAX_CELLS, MAX_POINTS, MAX_DEGREE_BITS = 160, 64, 24, 64
MIN_BITS = 40  # a weaker statement is not made
MAX_POWER = 100_000
EXPONENTIAL = ("exp", "sinh", "cosh", "tanh")


class Unlucky(Exception):
    """A division by zero, or no root: another point may do."""


class GiveUp(Exception):
    """Outside what can be expressed."""


class Open(Exception):
    """A sign decides; ask for both."""

    def __init__(self, key: tuple[str, int]) -> None:
        self.key = key


@dataclass(frozen=True)
class Identity:
    """All pairs are equal on `cells` cells, up to a chance below 2^-bits."""

    cells: int
    degree: int
    bits: int


def identity(pairs: Sequence[tuple[Core, Core]]) -> Identity | None:
    """Whether each pair is one function, formally; None where that is not found.

    >>> from .core import Pool
    >>> p = Pool()
    >>> x, y = p.node("sym", value="x"), p.node("sym", value="y")
    >>> square = p.root(p.add(x, y), Fraction(2))
    >>> found = identity([(square, p.add(p.root(x, Fraction(2)), p.root(y, Fraction(2)), p.mul(p.num(2), x, y)))])
    >>> found.degree, found.bits > 100
    (2, True)
    """
    order = postorder(*(c for pair in pairs for c in pair))
    try:
        degree = _degree(pairs, order)
    except GiveUp:
        return None
    if degree is None or flat_switch(order):
        return None
    # Points and prime follow from the question, so that nobody can write an answer for one prime.
    chance = random.Random(_fingerprint(order))
    field = Field(_prime(chance), chance)
    for _ in range(MAX_POINTS):
        try:
            cells = field.cells(pairs)
        except Unlucky:
            continue
        except GiveUp:
            return None
        bits = FIELD_BITS - 1 - (degree * (1 + len(field.variables)) ** 2 * len(pairs) * MAX_CELLS).bit_length()
        return Identity(cells, degree, bits) if cells and bits >= MIN_BITS else None
    return None


def _fingerprint(order: Sequence[Core]) -> int:
    text = "\n".join(f"{n.head} {n.value} {[a.serial for a in n.args]}" for n in order)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def _prime(chance: random.Random) -> int:
    """A random prime that is 3 modulo 4, so that the root of a square u is u^((p+1)/4)."""
    fmpz = flint().fmpz
    while True:
        p = chance.getrandbits(FIELD_BITS) | (1 << (FIELD_BITS - 1)) | 3
        if fmpz(p).is_probable_prime():
            return p


class Field:
    """The values of core nodes at one random point, cell by cell."""

    def __init__(self, p: int, chance: random.Random) -> None:
        self.p, self.random = p, chance
        self.point: dict[str, int] = {}
        self.variables: dict[tuple[str, ...], int] = {}
        self.signs: dict[tuple[str, int], int] = {}
        self.memo: dict[int, int] = {}

    def cells(self, pairs: Sequence[tuple[Core, Core]]) -> int:
        """The number of cells, on all of which the pairs agree at a new point; 0 where they do not."""
        self.point, self.variables = {}, {}
        done, waiting = 0, [dict[tuple[str, int], int]()]
        while waiting:
            if done + len(waiting) > MAX_CELLS:
                raise GiveUp
            self.signs, self.memo = waiting.pop(), {}
            try:
                if any(self.value(a) != self.value(t) for a, t in pairs):
                    return 0
            except Open as asked:
                waiting += [{**self.signs, asked.key: s} for s in (-1, 1)]
                continue
            done += 1
        return done

    def value(self, root: Core) -> int:
        return valued(root, self.memo, self._needs, lambda node, args: self._compute(node, args) % self.p)

    def _needs(self, node: Core) -> Sequence[Core]:
        if node.head == "fn" and node.value in EXPONENTIAL:
            return [part for _, rest in exponents(node.args[0]) for part in rest]
        if node.head != "case":
            return node.args
        if node.args[0].serial not in self.memo:
            return node.args[:1]
        return node.args[0], node.args[2 + self._sign(node.args[0])]

    def _compute(self, node: Core, args: list[int]) -> int:
        head = node.head
        if head == "add":
            return sum(args)
        if head == "mul":
            product = 1
            for a in args:
                product = product * a % self.p
            return product
        if head == "num":
            assert isinstance(node.value, Fraction)
            return self.fraction(node.value)
        if head == "sym":
            return self.point.setdefault(str(node.value), self.random.randrange(1, self.p))
        if head == "case":
            return args[1]
        if head == "powi":
            assert isinstance(node.value, int)
            return self.power(args[0], node.value)
        if head == "powr":
            assert isinstance(node.value, Fraction)
            return self.root(args[0], node.value)
        return self._function(node, args)

    def _function(self, node: Core, args: list[int]) -> int:
        name = str(node.value)
        if name == "exp":
            return self.exp(node.args[0])
        if name in EXPONENTIAL:
            up = self.exp(node.args[0])
            down = self.inverse(up)
            if name == "tanh":
                return (up - down) * self.inverse(up + down)
            return (up - down if name == "sinh" else up + down) * self.inverse(2)
        return self.variable(node.head, name, *args)

    # -- pieces ----------------------------------------------------------------------------------------------------

    def fraction(self, value: Fraction) -> int:
        return value.numerator * self.inverse(value.denominator)

    def inverse(self, a: int) -> int:
        if a % self.p == 0:
            raise Unlucky
        return pow(a, -1, self.p)

    def power(self, base: int, n: int) -> int:
        if abs(n) > MAX_POWER:
            raise GiveUp
        return pow(base, n, self.p) if n >= 0 else self.inverse(pow(base, -n, self.p))

    def variable(self, *key: Any) -> int:
        """The random value that stands for a function at this argument."""
        return self.variables.setdefault(key, self.random.randrange(1, self.p))

    def root(self, base: int, exponent: Fraction) -> int:
        """base^(a/b): a square root is one of the two, any other root a variable."""
        whole, rest = divmod(exponent.numerator, exponent.denominator)
        if base == 0:
            raise Unlucky
        if exponent.denominator != 2:
            r = self.variable("root", exponent.denominator, base)
            return self.power(base, whole) * self.power(r, rest)
        r = pow(base, (self.p + 1) // 4, self.p)
        if r * r % self.p != base:
            raise Unlucky
        return self.power(base, whole) * r * self._signed("root", base)

    def _signed(self, kind: str, value: int) -> int:
        if (kind, value) not in self.signs:
            raise Open((kind, value))
        return self.signs[kind, value]

    def _sign(self, switch: Core) -> int:
        """The sign of a switch on this cell: the same for positive multiples, the opposite for negative ones."""
        value, side = self.memo[switch.serial], 1
        if value == 0:
            return 0
        if switch.head == "num":
            return 1 if isinstance(switch.value, Fraction) and switch.value > 0 else -1
        if switch.head == "mul":
            numbers = [a for a in switch.args if a.head == "num"]
            for a in numbers:
                side *= 1 if isinstance(a.value, Fraction) and a.value > 0 else -1
                value = value * self.inverse(self.memo[a.serial]) % self.p
        low = min(value, self.p - value)
        return side * (1 if low == value else -1) * self._signed("switch", low)

    def exp(self, argument: Core) -> int:
        """The product over the terms c·t of exp(t)^c; of c·ln u it is u^c."""
        result = 1
        for c, rest in exponents(argument):
            if len(rest) == 1 and rest[0].head == "fn" and rest[0].value == "log":
                u = self.value(rest[0].args[0])
                result = result * (self.power(u, int(c)) if c.denominator == 1 else self.root(u, c)) % self.p
                continue
            value = self.fraction(Fraction(1, c.denominator))
            for part in rest:
                value = value * self.memo[part.serial] % self.p
            low = min(value, self.p - value)
            count = c.numerator if low == value else -c.numerator
            result = result * self.power(self.variable("exp", low), count) % self.p
        return result


def exponents(argument: Core) -> list[tuple[Fraction, list[Core]]]:
    """The terms of a sum, sums within it written out, each as a number times the other factors."""
    found: list[tuple[Fraction, list[Core]]] = []
    stack = [(Fraction(1), argument)]
    while stack:
        c, term = stack.pop()
        if term.head == "add":
            stack += [(c, a) for a in term.args]
        else:
            k, rest = _split(term)
            if len(rest) == 1 and rest[0].head == "add":
                stack.append((c * k, rest[0]))
            else:
                found.append((c * k, rest))
        if len(found) + len(stack) > MAX_TERMS:
            raise GiveUp
    return found


def _split(term: Core) -> tuple[Fraction, list[Core]]:
    """A product as its number and its other factors."""
    c, rest = Fraction(1), []
    for factor in term.args if term.head == "mul" else (term,):
        if factor.head == "num":
            assert isinstance(factor.value, Fraction)
            c *= factor.value
        else:
            rest.append(factor)
    return c, rest


# -- degrees -----------------------------------------------------------------------------------------------------------


def _degree(pairs: Sequence[tuple[Core, Core]], order: Sequence[Core]) -> int | None:
    """The largest degree of answer - truth over one denominator; None where it has no useful bound."""
    degrees: dict[int, tuple[int, int]] = {}
    roots = 0
    for node in order:
        n, d = _fraction_degrees(node, [degrees[a.serial] for a in node.args])
        if max(n, d).bit_length() > MAX_DEGREE_BITS:
            return None
        roots += node.head == "powr"
        degrees[node.serial] = n, d
    found = 1
    for a, t in pairs:
        (n, d), (m, e) = degrees[a.serial], degrees[t.serial]
        found = max(found, n + e, m + d)
    # Each square root doubles the degree of the norm, by which a value with roots is zero or not.
    return found << roots if found.bit_length() + roots <= MAX_DEGREE_BITS else None


def _fraction_degrees(node: Core, args: list[tuple[int, int]]) -> tuple[int, int]:
    """Bounds on the degrees of numerator and denominator."""
    head = node.head
    if head == "num":
        return 0, 0
    if head == "add":
        d = sum(e for _, e in args)
        return max(n + d - e for n, e in args), d
    if head == "mul":
        return sum(n for n, _ in args), sum(d for _, d in args)
    if head in ("powi", "powr"):
        assert isinstance(node.value, (int, Fraction))
        n, d = args[0]
        k = abs(node.value.numerator)
        spare = int(head == "powr")
        return (k * n + spare, k * d + spare) if node.value >= 0 else (k * d + spare, k * n + spare)
    if head == "case":
        return max(n for n, _ in args[1:]), max(d for _, d in args[1:])
    if head == "fn" and node.value in EXPONENTIAL:
        k = 2 * sum(abs(c.numerator) + 1 for c, _ in exponents(node.args[0])) + args[0][0] + args[0][1]
        return k, k
    return (2, 2) if head == "fn" else (1, 0)
