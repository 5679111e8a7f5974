"""Rigorous values of core nodes at exact rational points: exact rationals where possible, balls else.

Ball arithmetic (Arb, through python-flint) keeps a proven error bound, so "these two differ" is a
theorem wherever two balls are disjoint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from .core import Core, valued

MAX_EXACT_BITS = 4096


class Undefined(Exception):
    """The value does not exist at this point: log of a negative, division by zero."""


class Unsure(Exception):
    """This precision cannot tell: a ball straddles zero at a switch, or has no finite bound."""


def flint() -> Any:
    """python-flint, imported when it is first needed."""
    import flint as module

    return module


class Evaluator:
    """Values at one point and one precision, each node once."""

    def __init__(self, point: Mapping[str, Any], precision: int) -> None:
        self.flint = flint()
        self.point, self.precision = point, precision
        self.memo: dict[int, Any] = {}

    def value(self, root: Core) -> Any:
        """An `fmpq` or an `arb`. Raises Undefined or Unsure. Branches not taken are not evaluated."""
        with self.flint.ctx.workprec(self.precision):
            return valued(root, self.memo, self._needs, self._compute)

    def _needs(self, node: Core) -> tuple[Core, ...]:
        if node.head != "case":
            return node.args
        switch = node.args[0]
        if switch.serial not in self.memo:
            return (switch,)
        return (switch, node.args[2 + self.sign(self.memo[switch.serial])])

    def _compute(self, node: Core, args: list[Any]) -> Any:
        head = node.head
        if head == "add":
            total = args[0]
            for a in args[1:]:
                total = total + a
            return self.bounded(total)
        if head == "mul":
            product = args[0]
            for a in args[1:]:
                product = product * a
            return self.bounded(product)
        if head == "case":
            return args[1]
        if head in ("num", "sym", "const"):
            return self._leaf(node)
        if head == "powi":
            assert isinstance(node.value, int)
            return self.integer_power(args[0], node.value)
        if head == "powr":
            assert isinstance(node.value, Fraction)
            return self.rational_power(args[0], node.value)
        return self.function(str(node.value), args)

    def _leaf(self, node: Core) -> Any:
        if node.head == "num":
            assert isinstance(node.value, Fraction)
            return self.flint.fmpq(node.value.numerator, node.value.denominator)
        if node.head == "const":
            return self.flint.arb.pi()
        return self.point[str(node.value)]

    # -- pieces -----------------------------------------------------------------------------------------

    def sign(self, value: Any) -> int:
        """-1, 0 or 1, proven. Raises Unsure for a ball around zero."""
        if isinstance(value, self.flint.fmpq):
            return int(value > 0) - int(value < 0)
        if value > 0:
            return 1
        if value < 0:
            return -1
        if value.is_zero():
            return 0
        raise Unsure

    def bounded(self, value: Any) -> Any:
        if isinstance(value, self.flint.fmpq):
            return value if value.height_bits() <= MAX_EXACT_BITS else self.flint.arb(value)
        return self.finite(value)

    @staticmethod
    def finite(value: Any) -> Any:
        if not value.is_finite():
            raise Unsure
        return value

    def ball(self, value: Any) -> Any:
        return self.flint.arb(value) if isinstance(value, self.flint.fmpq) else value

    def integer_power(self, base: Any, n: int) -> Any:
        if n < 0 and self.sign(base) == 0:
            raise Undefined
        if isinstance(base, self.flint.fmpq) and base.height_bits() * abs(n) <= MAX_EXACT_BITS:
            return base**n
        return self.finite(self.ball(base) ** n)

    def rational_power(self, base: Any, exponent: Fraction) -> Any:
        sign = self.sign(base)
        if sign < 0 or (sign == 0 and exponent < 0):
            raise Undefined
        if sign == 0:
            return self.flint.fmpq(0)
        root = self.ball(base).root(exponent.denominator)
        return self.finite(root**exponent.numerator)

    def function(self, name: str, args: list[Any]) -> Any:
        if name in DOMAIN and not DOMAIN[name](self, *args):
            raise Undefined
        exact = self._exact(name, args)
        if exact is not None:
            return exact
        balls = [self.ball(a) for a in args]
        return self.finite(FUNCTIONS[name](*balls))

    def _exact(self, name: str, args: list[Any]) -> Any:
        """The rational values at 0 and 1, so that switches on them are sharp."""
        if name in EXACT_AT and self.flint.fmpq(EXACT_AT[name][0]) == args[0]:
            return self.flint.fmpq(EXACT_AT[name][1])
        return None


EXACT_AT: dict[str, tuple[int, int]] = {
    "exp": (0, 1), "log": (1, 0), "sin": (0, 0), "cos": (0, 1), "tan": (0, 0), "tanh": (0, 0), "sinh": (0, 0),
    "cosh": (0, 1), "asin": (0, 0), "atan": (0, 0), "asinh": (0, 0), "atanh": (0, 0), "erf": (0, 0), "acosh": (1, 0),
    "acos": (1, 0),
}

def _polygamma(order: Any, x: Any) -> Any:
    """ψ_m(x) = (-1)^(m+1) m! ζ(m+1, x), m >= 1. DLMF 25.11.12."""
    m = order.unique_fmpz()
    if m is None or m < 0:
        raise Undefined
    if m == 0:
        return x.digamma()
    sign = 1 if int(m) % 2 else -1
    return sign * (order + 1).gamma() * (order + 1).zeta(x)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: (lambda x, name=name: getattr(x, name)()) for name in (
        "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
        "erf", "gamma", "lgamma", "digamma", "floor")},
    "atan2": lambda y, x: type(y).atan2(y, x),
    "polygamma": _polygamma,
}


def _between(e: Evaluator, x: Any, open_ends: bool) -> bool:
    low, high = e.sign(x + 1), e.sign(1 - x)
    return low > 0 and high > 0 if open_ends else low >= 0 and high >= 0


DOMAIN: dict[str, Callable[..., bool]] = {
    "log": lambda e, x: e.sign(x) > 0,
    "asin": lambda e, x: _between(e, x, open_ends=False),
    "acos": lambda e, x: _between(e, x, open_ends=False),
    "atanh": lambda e, x: _between(e, x, open_ends=True),
    "acosh": lambda e, x: e.sign(x - 1) >= 0,
    "lgamma": lambda e, x: e.sign(x) > 0,
}


def show_value(value: Any, lang: str = "en") -> str:
    """An exact rational as itself while short, anything else to eight digits."""
    if not hasattr(value, "rad"):
        exact = Fraction(int(value.p), int(value.q))
        if len(str(exact)) <= 12:
            return str(exact)
        value = flint().arb(value)
    text = str(value.str(8, radius=False))
    return text.replace(".", ",") if lang == "fr" else text
