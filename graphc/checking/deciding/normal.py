"""Proof that two core nodes are equal, cell by cell, in a rational normal form.

exp, log, roots, sines and the like become generators of a polynomial ring over the rationals, with the
relations that hold between them (C² + S² = 1, R² = z). Zero in the ring is zero on the cell: a proof.
A cell is a choice of sign for each irreducible factor that a switch depends on; a sign is only asked
for when a value depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from math import comb, lcm
from typing import Any

from .core import Core, flat_switch, postorder, valued
from .evaluate import flint
from .feasible import feasible

GENERATORS, MAX_CELLS, MAX_TERMS, MAX_WORK, MAX_ANGLE = 28, 48, 4000, 60_000, 12
MAX_FACTOR_DEGREE, MAX_GCD_DEGREE, MAX_EXPONENTIAL = 40, 400, 10**8


class GiveUp(Exception):
    """Past the budget, or outside what the ring can express."""


class Vanishes(Exception):
    """A value that does not exist anywhere on this cell."""


class NeedSign(Exception):
    """The sign of this irreducible factor decides; ask for both."""

    def __init__(self, factor: Any) -> None:
        self.factor = factor


class Restart(Exception):
    """A finer generator is needed (exp(x/6) where exp(x/2) was); begin again with it."""


@dataclass
class Ratio:
    """A fraction of polynomials."""

    n: Any
    d: Any


@dataclass
class Ring:
    """The generators, what each stands for, and the relations among them."""

    ctx: Any
    flint: Any
    gens: tuple[Any, ...]
    index: dict[tuple[str, ...], int] = field(default_factory=dict)
    kind: list[str] = field(default_factory=list)
    payload: list[Any] = field(default_factory=list)
    fineness: dict[tuple[str, str], int] = field(default_factory=dict)
    signs: dict[str, int] = field(default_factory=dict)
    factor_of: dict[str, Any] = field(default_factory=dict)
    work: int = 0
    rest: Ratio | None = None  # of the last comparison: answer - truth

    @staticmethod
    def fresh(fineness: dict[tuple[str, str], int]) -> Ring:
        module = flint()
        ctx = module.fmpq_mpoly_ctx.get([f"g{i}" for i in range(GENERATORS)], "degrevlex")
        return Ring(ctx, module, ctx.gens(), fineness=fineness)

    # -- generators ---------------------------------------------------------------------------------------

    def generator(self, kind: str, *key: str, payload: Any = None) -> Any:
        """The generator for this key, made on first use."""
        full = (kind, *key)
        if full not in self.index:
            if len(self.index) == GENERATORS:
                raise GiveUp
            self.index[full] = len(self.index)
            self.kind.append(kind)
            self.payload.append(payload)
        return self.gens[self.index[full]]

    def finest(self, family: str, key: str, needed: int) -> int:
        """The denominator all of this family agree on; Restart when a finer one comes up."""
        have = self.fineness.get((family, key), 1)
        if have % needed:
            if lcm(have, needed) > 60:
                raise GiveUp
            self.fineness[family, key] = lcm(have, needed)
            raise Restart
        return have

    # -- arithmetic ---------------------------------------------------------------------------------------

    def constant(self, value: Fraction | int) -> Any:
        exact = Fraction(value)
        return self.ctx.constant(self.flint.fmpq(exact.numerator, exact.denominator))

    def ratio(self, value: Fraction | int) -> Ratio:
        return Ratio(self.constant(value), self.constant(1))

    def spend(self, a: Any, b: Any) -> None:
        cost = len(a) * len(b)
        self.work += cost
        if cost > MAX_TERMS or self.work > MAX_WORK:
            raise GiveUp

    def times(self, a: Any, b: Any) -> Any:
        self.spend(a, b)
        return a * b

    def cancel(self, a: Ratio) -> Ratio:
        if a.d.is_constant():
            return a
        self.spend(a.n, a.d)
        if min(len(a.n), len(a.d)) > 1 and max(a.n.total_degree(), a.d.total_degree()) > MAX_GCD_DEGREE:
            return a
        g = a.n.gcd(a.d)
        return a if g.is_constant() else Ratio(a.n // g, a.d // g)

    def add(self, a: Ratio, b: Ratio) -> Ratio:
        if a.d == b.d:
            return self.cancel(Ratio(a.n + b.n, a.d))
        return self.cancel(Ratio(self.times(a.n, b.d) + self.times(b.n, a.d), self.times(a.d, b.d)))

    def mul(self, a: Ratio, b: Ratio) -> Ratio:
        return self.cancel(Ratio(self.times(a.n, b.n), self.times(a.d, b.d)))

    def inverse(self, a: Ratio) -> Ratio:
        reduced = self.reduce(a.n)
        if not reduced:
            raise Vanishes
        return Ratio(a.d, reduced)

    def integer_power(self, a: Ratio, n: int) -> Ratio:
        if n < 0:
            a, n = self.inverse(a), -n
        for p in (a.n, a.d):
            if len(p) > 1 and comb(n + len(p) - 1, len(p) - 1) > MAX_TERMS:
                raise GiveUp
        self.work += n
        return Ratio(a.n**n, a.d**n)

    # -- relations ----------------------------------------------------------------------------------------

    def reduce(self, p: Any) -> Any:
        """`p` modulo the relations: S² = 1 - C², R^b = |f|. Later generators first."""
        degrees = p.degrees()
        for i in reversed(range(len(self.kind))):
            if self.kind[i] == "sin" and degrees[i] >= 2:
                cosine = self.gens[self.payload[i]]
                p = self._substitute(p, i, 2, 1 - cosine * cosine)
            elif self.kind[i] == "root" and degrees[i] >= self.payload[i][1]:
                factor, b = self.payload[i]
                p = self._substitute(p, i, b, factor if isinstance(factor, Fraction) else self.size_of(factor))
            else:
                continue
            degrees = p.degrees()
        return p

    def _substitute(self, p: Any, i: int, b: int, value: Any) -> Any:
        """g_i^b replaced by `value` wherever it divides a term."""
        by_quotient: dict[int, dict[tuple[int, ...], Any]] = {}
        for exponents, c in p.to_dict().items():
            q, r = divmod(exponents[i], b)
            by_quotient.setdefault(q, {})[(*exponents[:i], r, *exponents[i + 1 :])] = c
        total, power, last = self.constant(0), self.constant(1), 0
        for q in sorted(by_quotient):
            for _ in range(q - last):
                power = power * value if not hasattr(power, "to_dict") else self._times_value(power, value)
            last = q
            total = total + self.times(self.ctx.from_dict(by_quotient[q]), power)
        return total

    def _times_value(self, power: Any, value: Any) -> Any:
        return self.times(power, self.constant(value) if isinstance(value, Fraction) else value)

    # -- signs --------------------------------------------------------------------------------------------

    def factors(self, p: Any) -> tuple[Fraction, list[tuple[Any, int]]]:
        """p = c · Π f^e with irreducible f."""
        if len(p) > 200:
            raise GiveUp
        self.work += 4 * len(p)
        if len(p) > 1 and p.total_degree() > MAX_FACTOR_DEGREE:
            lead = p.leading_coefficient()
            return Fraction(int(lead.p), int(lead.q)), [(p / lead, 1)]  # whole: factoring could take minutes
        c, parts = p.factor()
        return Fraction(int(c.p), int(c.q)), sorted(parts, key=lambda part: str(part[0]))

    def known_sign(self, f: Any) -> int | None:
        """The sign of an irreducible factor where it is the same everywhere, or fixed on this cell."""
        terms = f.to_dict()
        signs = {1 if c > 0 else -1 for c in terms.values()}
        if len(signs) == 1 and all(self._positive_monomial(m) for m in terms) and self._never_zero(terms):
            return signs.pop()
        return self.signs.get(str(f))

    def _positive_monomial(self, exponents: tuple[int, ...]) -> bool:
        return all(e % 2 == 0 or self.kind[i] in ("exp", "root", "pi") or self._positive_log(i)
                   for i, e in enumerate(exponents) if e)

    def _positive_log(self, i: int) -> bool:
        return self.kind[i] == "log" and isinstance(self.payload[i], Fraction) and self.payload[i] > 1

    def _never_zero(self, terms: dict[tuple[int, ...], Any]) -> bool:
        return any(all(not e or self.kind[i] in ("exp", "root", "pi") for i, e in enumerate(m)) for m in terms)

    def sign_of_factor(self, f: Any) -> int:
        known = self.known_sign(f)
        if known is None:
            self.factor_of[str(f)] = f
            raise NeedSign(f)
        return known

    def size_of(self, f: Any) -> Any:
        """|f| as a polynomial on this cell."""
        return f if self.sign_of_factor(f) > 0 else -f

    def sign(self, a: Ratio) -> int:
        """The sign of a fraction on this cell, off the points where it is zero unless it is zero."""
        n = self.reduce(a.n)
        if not n:
            return 0
        result = 1
        for p in (n, a.d):
            c, parts = self.factors(p)
            result *= 1 if c > 0 else -1
            for f, e in parts:
                result *= self.sign_of_factor(f) if e % 2 else 1
        return result

    # -- functions ----------------------------------------------------------------------------------------

    def monomials(self, a: Ratio) -> list[tuple[Fraction, Any, Any]]:
        """a = Σ c·m/d with coprime m, d, both monic: the canonical terms of an exponent or an angle."""
        found = []
        for exponents, c in sorted(self.reduce(a.n).to_dict().items()):
            m = self.ctx.from_dict({exponents: 1})
            g = m.gcd(a.d)
            d = a.d // g if not g.is_constant() else a.d
            m = m // g if not g.is_constant() else m
            monic = d.leading_coefficient()
            scale = c / monic
            found.append((Fraction(int(scale.p), int(scale.q)), m, d / monic))
        return found

    def exp(self, a: Ratio) -> Ratio:
        """exp of a sum is a product over its terms; exp(c·ln f) is |f|^c."""
        result = self.ratio(1)
        for c, m, d in self.monomials(a):
            result = self.mul(result, self._exp_term(c, m, d))
        return result

    def _exp_term(self, c: Fraction, m: Any, d: Any) -> Ratio:
        i = self._only_generator(m) if d.is_constant() else None
        if i is not None and self.kind[i] == "log":
            base = self.payload[i]
            if isinstance(base, Fraction):
                return self.number_root(base, c)
            return self._factor_power(base, c)
        key = f"{m}/{d}"
        q = self.finest("exp", key, c.denominator)
        e = self.generator("exp", key, payload=(m, d, q))
        k = int(c * q)
        if abs(k) > MAX_EXPONENTIAL:
            raise GiveUp
        return Ratio(e**k, self.constant(1)) if k >= 0 else Ratio(self.constant(1), e**-k)  # one term, at any power

    @staticmethod
    def _small(k: Fraction) -> int:
        if abs(k) > 2000:
            raise GiveUp
        return int(k)

    def _only_generator(self, m: Any) -> int | None:
        (exponents,) = m.monoms()
        used = [i for i, e in enumerate(exponents) if e]
        return used[0] if len(used) == 1 and exponents[used[0]] == 1 else None

    def log(self, a: Ratio) -> Ratio:
        """ln of a positive value: the sum of ln|f| over its factors."""
        n = self.reduce(a.n)
        if not n:
            raise Vanishes
        total = self.ratio(0)
        sides = [(self.factors(p), side) for p, side in ((n, 1), (a.d, -1))]
        self._note_positive(sides, ask=False)
        for (c, parts), side in sides:
            for prime, e in (*_primes(abs(c).numerator), *((q, -k) for q, k in _primes(abs(c).denominator))):
                total = self.add(total, self._scaled(self._log_number(prime), side * e))
            for f, e in parts:
                total = self.add(total, self._scaled(self._log_factor(f), side * e))
        return total

    def _scaled(self, a: Ratio, k: Fraction | int) -> Ratio:
        return Ratio(self.times(self.constant(k), a.n), a.d)

    def _log_number(self, value: int) -> Ratio:
        return Ratio(self.generator("log", f"#{value}", payload=Fraction(value)), self.constant(1))

    def _log_factor(self, f: Any) -> Ratio:
        i = self._only_generator(f) if len(f) == 1 else None
        if i is not None and self.kind[i] == "exp":
            m, d, q = self.payload[i]
            return Ratio(m * self.constant(Fraction(1, q)), d)
        if i is not None and self.kind[i] == "root":
            base, b = self.payload[i]
            inner = self._log_number(int(base)) if isinstance(base, Fraction) else self._log_factor(base)
            return self._scaled(inner, Fraction(1, b))
        return Ratio(self.generator("log", str(f), payload=f), self.constant(1))

    def root(self, a: Ratio, exponent: Fraction) -> Ratio:
        """a^(p/q) for a >= 0, by factors: |f|^k with roots as generators."""
        n = self.reduce(a.n)
        if not n:
            raise Vanishes
        sides = [(self.factors(p), side) for p, side in ((n, 1), (a.d, -1))]
        self._note_positive(sides, ask=True)
        result = self.ratio(1)
        for (c, parts), side in sides:
            result = self.mul(result, self.number_root(abs(c), side * exponent))
            for f, e in parts:
                result = self.mul(result, self._factor_power(f, side * e * exponent))
        return result

    def _note_positive(self, sides: list[tuple[tuple[Fraction, list[tuple[Any, int]]], int]], ask: bool) -> None:
        """A root or a logarithm exists only where its operand is positive; a lone odd factor then has its sign."""
        sign, open_factors = 1, []
        for (c, parts), _ in sides:
            sign *= 1 if c > 0 else -1
            for f, e in parts:
                known = self.known_sign(f) if e % 2 else 1
                if known is None:
                    open_factors.append(f)
                else:
                    sign *= known
        if not open_factors and sign < 0:
            raise Vanishes
        if len(open_factors) == 1:
            self.signs[str(open_factors[0])] = sign
        elif open_factors and ask:
            self.factor_of[str(open_factors[0])] = open_factors[0]
            raise NeedSign(open_factors[0])

    def number_root(self, c: Fraction, exponent: Fraction) -> Ratio:
        result = self.ratio(1)
        for prime, e in (*_primes(c.numerator), *((q, -k) for q, k in _primes(c.denominator))):
            result = self.mul(result, self._root_power(Fraction(prime), f"#{prime}", e * exponent))
        return result

    def _factor_power(self, f: Any, k: Fraction) -> Ratio:
        if k.denominator == 1:
            base = self.size_of(f) if k % 2 else f
            return self.integer_power(Ratio(base, self.constant(1)), self._small(k))
        i = self._only_generator(f) if len(f) == 1 else None
        if i is not None and self.kind[i] == "exp":
            m, d, q = self.payload[i]
            return self._exp_term(k / q, m, d)
        self.sign_of_factor(f)  # the relation R^b = |f| needs it
        return self._root_power(f, str(f), k)

    def _root_power(self, f: Any, key: str, k: Fraction) -> Ratio:
        b = self.finest("root", key, k.denominator)
        if b == 1:
            return self.integer_power(Ratio(self._poly(f), self.constant(1)), self._small(k))
        whole, rest = divmod(k * b, b)
        r = self.generator("root", key, payload=(f, b))
        size = self.constant(f) if isinstance(f, Fraction) else self.size_of(f)
        outside = self.integer_power(Ratio(size, self.constant(1)), self._small(Fraction(whole)))
        return self.mul(outside, self.integer_power(Ratio(r, self.constant(1)), int(rest)))

    def _poly(self, f: Any) -> Any:
        return self.constant(f) if isinstance(f, Fraction) else f

    def cos_sin(self, a: Ratio) -> tuple[Ratio, Ratio]:
        """cos and sin of a sum, by the addition formulas over its terms."""
        terms = self.monomials(a)
        if len(terms) > 3:
            raise GiveUp
        c, s = self.ratio(1), self.ratio(0)
        for k, m, d in terms:
            cm, sm = self._multiple_angle(k, m, d)
            c, s = (self.add(self.mul(c, cm), self._scaled(self.mul(s, sm), -1)),
                    self.add(self.mul(s, cm), self.mul(c, sm)))
        return c, s

    def _multiple_angle(self, k: Fraction, m: Any, d: Any) -> tuple[Ratio, Ratio]:
        i = self._only_generator(m) if d.is_constant() else None
        if i is not None and self.kind[i] == "pi" and 12 % k.denominator == 0:
            return self._part_of_pi(int(12 * k) % 24), self._part_of_pi(int(12 * k - 6) % 24)
        if i is not None and self.kind[i] in ("asin", "atan") and abs(k) == 1:
            c, s = self._inverse_angle(self.kind[i], self.payload[i][0])
            return c, self._scaled(s, k)
        key = f"{m}/{d}"
        q = self.finest("angle", key, k.denominator)
        count = int(k * q)
        if abs(count) > MAX_ANGLE:
            raise GiveUp
        c1 = Ratio(self.generator("cos", key, payload=(m, d, q)), self.constant(1))
        s1 = Ratio(self.generator("sin", key, payload=self.index["cos", key]), self.constant(1))
        c, s = self.ratio(1), self.ratio(0)
        for _ in range(abs(count)):
            c, s = (self.add(self.mul(c, c1), self._scaled(self.mul(s, s1), -1)),
                    self.add(self.mul(s, c1), self.mul(c, s1)))
            c, s = Ratio(self.reduce(c.n), c.d), Ratio(self.reduce(s.n), s.d)
        return c, self._scaled(s, 1 if count >= 0 else -1)

    def _part_of_pi(self, twelfths: int) -> Ratio:
        """cos(n·π/12): of 0, π/12, π/6, π/4, π/3, 5π/12, π/2 it is 1, (√6 + √2)/4, √3/2, √2/2, 1/2, (√6 - √2)/4, 0."""
        n = min(twelfths, 24 - twelfths)
        sign, n = (1, n) if n <= 6 else (-1, 12 - n)
        if n in (0, 4, 6):
            return self.ratio(Fraction(sign * {0: 2, 4: 1, 6: 0}[n], 2))
        if n in (2, 3):
            return self._scaled(self.number_root(Fraction(5 - n), Fraction(1, 2)), Fraction(sign, 2))
        six, two = (self.number_root(Fraction(c), Fraction(1, 2)) for c in (6, 2))
        return self._scaled(self.add(six, two if n == 1 else self._scaled(two, -1)), Fraction(sign, 4))

    def _inverse_angle(self, kind: str, z: Ratio) -> tuple[Ratio, Ratio]:
        """cos and sin of asin z are √(1 - z²) and z, of atan z 1/√(1 + z²) and z/√(1 + z²)."""
        square, half = self.mul(z, z), Fraction(1, 2)
        if kind == "asin":
            return self.root(self.add(self.ratio(1), self._scaled(square, -1)), half), z
        c = self.inverse(self.root(self.add(self.ratio(1), square), half))
        return c, self.mul(z, c)

    def opaque(self, name: str, args: list[Ratio]) -> Ratio:
        """A function known by its argument alone; odd ones in one sign."""
        sign = 1
        if name in ("asin", "atan", "asinh", "atanh", "erf") and len(args) == 1:
            n = self.reduce(args[0].n)
            if not n:
                return self.ratio(0)
            if (n.leading_coefficient() > 0) != (args[0].d.leading_coefficient() > 0):
                sign, args = -1, [Ratio(-n, args[0].d)]
        keys = [" + ".join(f"{c}*{m}/{d}" for c, m, d in self.monomials(a)) for a in args]
        return Ratio(sign * self.generator(name, *keys, payload=args), self.constant(1))

    def function(self, name: str, args: list[Ratio]) -> Ratio:
        a = args[0]
        if name == "exp":
            return self.exp(a)
        if name == "log":
            return self.log(a)
        if name in ("sin", "cos", "tan"):
            c, s = self.cos_sin(a)
            return s if name == "sin" else c if name == "cos" else self.mul(s, self.inverse(c))
        if name in ("sinh", "cosh", "tanh"):
            return self._hyperbolic(name, a)
        if name == "acos":
            half_pi = self._scaled(Ratio(self.generator("pi"), self.constant(1)), Fraction(1, 2))
            return self.add(half_pi, self._scaled(self.opaque("asin", args), -1))
        if name == "asinh":  # ln(z + √(z² + 1))
            root = self.root(self.add(self.mul(a, a), self.ratio(1)), Fraction(1, 2))
            return self.log(self.add(a, root))
        if name == "atanh":  # ln((1 + z)/(1 - z))/2
            sides = self.add(self.ratio(1), a), self.add(self.ratio(1), self._scaled(a, -1))
            return self._scaled(self.log(self.mul(sides[0], self.inverse(sides[1]))), Fraction(1, 2))
        return self.opaque(name, args)

    def _hyperbolic(self, name: str, a: Ratio) -> Ratio:
        up = self.exp(a)
        down = self.inverse(up)
        sinh = self._scaled(self.add(up, self._scaled(down, -1)), Fraction(1, 2))
        cosh = self._scaled(self.add(up, down), Fraction(1, 2))
        return sinh if name == "sinh" else cosh if name == "cosh" else self.mul(sinh, self.inverse(cosh))


def _primes(n: int) -> list[tuple[int, int]]:
    """Prime powers of n, small primes only; what is left counts as one."""
    found = []
    for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47):
        e = 0
        while n % p == 0:
            n, e = n // p, e + 1
        if e:
            found.append((p, e))
    return [*found, (n, 1)] if n > 1 else found


# -- cells ----------------------------------------------------------------------------------------------------


def value(ring: Ring, root: Core, memo: dict[int, Ratio]) -> Ratio:
    """The normal form of a core node on the ring's cell. Only the branch taken is looked at."""

    def needs(node: Core) -> Sequence[Core]:
        if node.head != "case":
            return node.args
        if node.args[0].serial not in memo:
            return node.args[:1]
        return node.args[0], node.args[2 + ring.sign(memo[node.args[0].serial])]

    return valued(root, memo, needs, partial(_compute, ring))


def _compute(ring: Ring, node: Core, args: list[Ratio]) -> Ratio:
    if node.head == "num":
        assert isinstance(node.value, Fraction)
        return ring.ratio(node.value)
    if node.head == "sym":
        return Ratio(ring.generator("sym", str(node.value)), ring.constant(1))
    if node.head == "const":
        return Ratio(ring.generator("pi"), ring.constant(1))
    if node.head in ("add", "mul"):
        combine = ring.add if node.head == "add" else ring.mul
        result = args[0]
        for a in args[1:]:
            result = combine(result, a)
        return result
    if node.head == "case":
        return args[1]
    if node.head == "powi":
        assert isinstance(node.value, int)
        return ring.integer_power(args[0], node.value)
    if node.head == "powr":
        assert isinstance(node.value, Fraction)
        return ring.root(args[0], node.value)
    return ring.function(str(node.value), args)


def equal_on_cell(ring: Ring, answer: Core, truth: Core, domain: tuple[Core, ...]) -> bool:
    """Whether the two are one value on this cell; where truth does not exist there is nothing to show."""
    memo: dict[int, Ratio] = {}
    ring.rest = None
    try:
        for node in domain:
            value(ring, node, memo)
        need = value(ring, truth, memo)
    except Vanishes:
        return True
    try:
        got = value(ring, answer, memo)
    except Vanishes:
        return False
    difference = ring.times(got.n, need.d) - ring.times(need.n, got.d)
    ring.rest = Ratio(ring.reduce(difference), got.d * need.d)
    return not ring.rest.n


Failed = list[tuple[Ring, dict[str, int]]]


def prove_equal(answer: Core, truth: Core, domain: tuple[Core, ...] = (), failed: Failed | None = None,
                most: int = MAX_CELLS) -> int:
    """The number of cells on which equality was proved, all of them, `most` at the most; 0 where there is no proof.

    The proof says: wherever both exist, off the kinks, they are equal. A cell on which they are not is
    added to `failed`: its ring, with the remainder, and the signs that make the cell.
    """
    order = postorder(answer, truth, *domain)
    if len(order) > 2000 or flat_switch(order):
        return 0
    fineness: dict[tuple[str, str], int] = {}
    for _ in range(6):
        try:
            return _prove(Ring.fresh(fineness), answer, truth, domain, [] if failed is None else failed, most)
        except Restart:
            continue
        except (GiveUp, OverflowError, ArithmeticError):
            return 0
    return 0


def _prove(ring: Ring, answer: Core, truth: Core, domain: tuple[Core, ...], failed: Failed, most: int) -> int:
    cells, open_cells = 0, [dict[str, int]()]
    while open_cells:
        given = open_cells.pop()
        ring.signs = dict(given)
        if len(open_cells) + cells > most:
            raise GiveUp
        try:
            equal = equal_on_cell(ring, answer, truth, domain)
        except NeedSign as need:
            # Signs that a root implied hold only where that root exists: they are not carried over.
            open_cells += [{**given, str(need.factor): s} for s in (-1, 1)]
            continue
        if not equal and feasible([(ring.factor_of[k].to_dict(), s) for k, s in given.items()]):
            if ring.rest is not None:
                failed.append((ring, given))
            return 0
        cells += 1
    return cells
