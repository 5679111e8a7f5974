"""Core nodes made with small simplifications: numbers are folded, sums and products stand in one order.

Entries of matrices have many zeros and ones. Folded at once they cost nothing later, and two entries that are
the same up to the order of their terms are one node. A product with the number 0 is 0, as in the product of matrices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from .core import Core, Pool, postorder
from .evaluate import EXACT_AT

MAX_FOLDED_BITS = 4096


class Algebra:
    """The operations on the core nodes of one pool."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.zero, self.one = pool.num(0), pool.num(1)

    def num(self, value: int | Fraction) -> Core:
        return self.pool.num(value)

    def sum(self, terms: Iterable[Core]) -> Core:
        """The sum, its numbers added up and equal terms taken together."""
        total = Fraction(0)
        counts: dict[tuple[int, ...], tuple[Fraction, Core]] = {}
        together = False
        for t in terms:
            if t.head == "num":
                total += number(t)
                continue
            scaled = t.head == "mul" and t.args[0].head == "num"
            c = number(t.args[0]) if scaled else Fraction(1)
            key = tuple([a.serial for a in t.args[1:]]) if scaled else (t.serial,)
            if key in counts:
                together, c = True, c + counts[key][0]
            counts[key] = c, t
        kept = [t for _, t in counts.values()]
        if together:
            kept = [self._times(c, t) for c, t in counts.values() if c]
        kept.sort(key=_serial)
        if total or not kept:
            kept.append(self.num(total))
        return self.pool.add(*kept)

    def _times(self, c: Fraction, term: Core) -> Core:
        """A term with this number in front of it, in place of its own."""
        rest = term.args[1:] if term.head == "mul" and term.args[0].head == "num" else (term,)
        return self.product((self.num(c), *rest))

    def product(self, factors: Iterable[Core]) -> Core:
        """The product; the factors of a factor that is itself a product are taken one by one."""
        total, kept = Fraction(1), list[Core]()
        for f in factors:
            for part in f.args if f.head == "mul" else (f,):
                if part.head == "num":
                    total *= number(part)
                else:
                    kept.append(part)
        if not total:
            return self.zero
        kept.sort(key=_serial)
        if total != 1 or not kept:
            kept.insert(0, self.num(total))
        return self.pool.mul(*kept)

    def minus(self, a: Core, b: Core) -> Core:
        return self.zero if a is b else self.sum((a, self.neg(b)))

    def neg(self, a: Core) -> Core:
        return self.product((self.num(-1), a))

    def quotient(self, a: Core, b: Core) -> Core:
        return self.product((a, self.root(b, Fraction(-1))))

    def root(self, base: Core, exponent: Fraction) -> Core:
        """base^exponent for a number as the exponent."""
        whole = exponent.denominator == 1
        if exponent == 0:
            return self.one
        if base.head == "num" and whole and (number(base) or exponent > 0):
            bits = number(base).numerator.bit_length() + number(base).denominator.bit_length()
            if bits * abs(exponent) <= MAX_FOLDED_BITS:
                return self.num(number(base) ** int(exponent))
        if base.head == "powi" and whole and isinstance(base.value, int):
            return self.root(base.args[0], exponent * base.value) if base.value * exponent > 0 or base.value > 0 else \
                self.pool.root(base, exponent)
        if base is self.one:
            return self.one
        return self.pool.root(base, exponent)

    def power(self, base: Core, exponent: Core) -> Core:
        if exponent.head == "num":
            return self.root(base, number(exponent))
        if base.head == "fn" and base.value == "exp" and base.args[0] is self.one:
            return self.fn("exp", exponent)
        return self.fn("exp", self.product((exponent, self.fn("log", base))))

    def fn(self, name: str, *args: Core) -> Core:
        at = EXACT_AT.get(name)
        if at is not None and args[0].head == "num" and args[0].value == at[0]:
            return self.num(at[1])
        return self.pool.fn(name, *args)

    def case(self, switch: Core, below: Core, at: Core, above: Core) -> Core:
        return self.pool.case(switch, below, at, above)

    def choose(self, condition: Core, a: Core, b: Core) -> Core:
        return self.pool.choose(condition, a, b)

    def nonzero(self, a: Core) -> Core:
        """1 where a is not 0; what is 0 or 1 already stays as it is."""
        if a.head == "case" and all(c is self.zero or c is self.one for c in a.args[1:]):
            return a
        return self.case(a, self.one, self.zero, self.one)

    def absolute(self, a: Core) -> Core:
        return self.case(a, self.neg(a), self.zero, a)

    def larger(self, a: Core, b: Core) -> Core:
        return self.case(self.minus(b, a), a, a, b)

    def smaller(self, a: Core, b: Core) -> Core:
        return self.case(self.minus(b, a), b, a, a)

    def instantiate(self, template: Core, order: Sequence[Core], args: Sequence[Core]) -> Core:
        """A template with its placeholders, the symbols "0", "1", …, replaced; `order` is its postorder."""
        done: dict[int, Core] = {}
        for node in order:
            done[node.serial] = self._rebuilt(node, [done[a.serial] for a in node.args], args)
        return done[template.serial]

    def _rebuilt(self, node: Core, parts: list[Core], args: Sequence[Core]) -> Core:
        head = node.head
        if head == "sym":
            return args[int(str(node.value))]
        if head == "add":
            return self.sum(parts)
        if head == "mul":
            return self.product(parts)
        if head in ("powi", "powr"):
            assert isinstance(node.value, (int, Fraction))
            return self.root(parts[0], Fraction(node.value))
        if head == "fn":
            return self.fn(str(node.value), *parts)
        if head == "case":
            return self._chosen(*parts)
        return self.pool.node(head, value=node.value)

    def _chosen(self, switch: Core, below: Core, at: Core, above: Core) -> Core:
        """A case; one whose switch is itself a choice between numbers becomes that choice."""
        if switch.head == "case" and all(c.head == "num" for c in switch.args[1:]):
            picked = [above if number(c) > 0 else below if number(c) < 0 else at for c in switch.args[1:]]
            return self.case(switch.args[0], *picked)
        return self.case(switch, below, at, above)


def number(node: Core) -> Fraction:
    """The value of a `num`."""
    assert isinstance(node.value, Fraction)
    return node.value


def template_order(template: Core) -> list[Core]:
    return postorder(template)


def _serial(node: Core) -> int:
    return node.serial
