"""Numbers for the lines of a derivation: exact rationals while the graph allows it, floats after.

Arithmetic on fractions stays exact; the first exp, log or square root gives a float. A value that is
not a real number (log of -1, 1/0) is nan or inf, and shown so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ..errors import InputError, choose
from ..formula import Surface, number_text
from ..ir import Expr, postorder, variables
from .monomials import exact

Number = Fraction | float | bool

BITS = 900  # a fraction longer than this goes on as a float, which it still fits
DIGITS = 5


def _float(function: Callable[..., float]) -> Callable[..., float]:
    def applied(*xs: Number) -> float:
        return function(*map(float, xs))

    return applied


def _divide(a: Number, b: Number) -> Number:
    if b:
        return Fraction(a) / Fraction(b) if not isinstance(a, float) and not isinstance(b, float) else a / b
    return math.nan if not a or a != a else math.copysign(math.inf, a)


def _power(x: Number, p: Number) -> Number:
    if not x and float(p) < 0:
        return math.inf
    if not isinstance(p, float) and Fraction(p).denominator == 1 and -BITS <= p <= BITS:
        return (x if isinstance(x, float) else Fraction(x)) ** int(p)
    return math.pow(float(x), float(p))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _sqrt(x: Number) -> Number:
    f = Fraction(-1) if isinstance(x, float) else Fraction(x)
    if f >= 0:
        root = Fraction(math.isqrt(f.numerator), math.isqrt(f.denominator))
        if root * root == f:
            return root
    return math.sqrt(x)


def _identity(x: Number) -> Number:
    return x


SCALAR: Mapping[str, Callable[..., Number]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": _divide,
    "safe_divide": lambda a, b: _divide(a, b) if a else Fraction(0),
    "negative": lambda x: -x,
    "power": _power,
    "exp": lambda x: math.exp(x) if x else Fraction(1),
    "log": lambda x: (-math.inf if not x else math.log(x)) if x != 1 else Fraction(0),
    "sqrt": _sqrt,
    "square": lambda x: x * x,
    "absolute": abs,
    "sign": lambda x: Fraction((x > 0) - (x < 0)),
    "tanh": lambda x: math.tanh(x) if x else Fraction(0),
    "sigmoid": lambda x: _sigmoid(float(x)) if x else Fraction(1, 2),
    "softplus": _float(lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x)))),
    "relu": lambda x: max(x, Fraction(0)),
    "maximum": max,
    "minimum": min,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
    "logical_and": lambda a, b: bool(a and b),
    "logical_or": lambda a, b: bool(a or b),
    "logical_not": lambda a: not a,
    "where": lambda c, a, b: a if c else b,
    **dict.fromkeys(("sum", "mean", "max", "min", "logsumexp", "reshape", "broadcast_to", "transpose", "stop_gradient"),
                    _identity),
}


def evaluate(expr: Expr, values: dict[Expr, Number]) -> Number:
    """The value of a scalar graph, all new values being added to `values`."""
    for node in postorder([expr]):
        if node not in values:
            values[node] = _apply(node, [values[a] for a in node.args])
    return values[expr]


def _apply(node: Expr, operands: Sequence[Number]) -> Number:
    if node.op.name == "const":
        value = node.attrs[0].value[()]
        return bool(value) if node.type.dtype == "bool" else _or_float(exact(value), value)
    if node.op.name == "astype":
        return _cast(operands[0], node.type.dtype)
    if node.op.name not in SCALAR:
        raise choose("scalar rule for the op", node.op.name, sorted(SCALAR))
    try:
        value = SCALAR[node.op.name](*operands)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan
    return _short(value)


def _or_float(fraction: Fraction | None, value: Any) -> Number:
    return float(value) if fraction is None else fraction


def _cast(x: Number, dtype: str) -> Number:
    if dtype == "bool":
        return bool(x)
    return Fraction(int(x)) if dtype.startswith("int") and math.isfinite(x) else x


def _short(value: Number) -> Number:
    if isinstance(value, Fraction) and max(value.numerator.bit_length(), value.denominator.bit_length()) > BITS:
        try:
            return value.numerator / value.denominator
        except OverflowError:
            return -math.inf if value < 0 else math.inf
    return value


def times(cotangent: Number, local: Number) -> Number:
    """One contribution. A cotangent of exactly zero gives zero, even through an infinite derivative."""
    return Fraction(0) if not cotangent else _short(cotangent * local)


def values_at(at: Mapping[Any, Any], order: Iterable[Expr]) -> dict[Expr, Number]:
    """The point: a number for each input and parameter, keys Exprs or names.

    Raises InputError for a missing or unknown name, or a value that is not a finite number.
    """
    known = variables(order)
    by_name = {v.label: v for v in known}
    point: dict[Expr, Number] = {}
    for key, value in at.items():
        node = by_name.get(key.label if isinstance(key, Expr) else key)
        if node is None:
            raise choose("input", key.label or str(key) if isinstance(key, Expr) else key, by_name)
        point[node] = as_number(value, str(node.label))
    missing = [str(v.label) for v in known if v not in point]
    if missing:
        raise InputError(f"derive: at= needs a value for {', '.join(missing)}")
    return point


def as_number(value: Any, name: str) -> Number:
    """An exact number from an int, a float (as it is written), a Fraction, a Decimal or a NumPy number."""
    bad = InputError(f"derive: at= {name} must be a finite number, got {str(value)[:60]!r}")
    if isinstance(value, (Fraction, int)):
        return Fraction(value)
    if isinstance(value, (str, bytes)):
        raise bad
    try:
        fraction = Fraction(value) if isinstance(value, Decimal) else exact(value)
    except (TypeError, ValueError, OverflowError):
        raise bad from None
    if fraction is None:
        raise bad
    return fraction


def is_decimal(value: Any) -> bool:
    """Whether a reader who gave this value wants decimals back: 0.5 does, 1/2 and 3 do not."""
    return not isinstance(value, (int, Fraction)) and float(value) != int(value)


def written(value: Number, surface: Surface, lang: str, decimals: bool) -> tuple[str, bool]:
    """A value as text, and whether the text is exact."""
    if isinstance(value, bool):
        value = Fraction(value)
    if isinstance(value, float):
        return number_text(value, surface, lang, DIGITS), not math.isfinite(value) or value == int(value)
    if value.denominator == 1 or (not decimals and value.denominator < 10_000):
        return _fraction(value, surface, lang), True
    digits = DIGITS + 1 if exact(f"{float(value):.{DIGITS + 1}g}") == value else DIGITS
    return number_text(float(value), surface, lang, digits), digits > DIGITS


def _fraction(value: Fraction, surface: Surface, lang: str) -> str:
    if value.denominator == 1 and abs(value.numerator) < 10**12:
        return number_text(value, surface, lang)
    if value.denominator == 1:
        return number_text(float(value), surface, lang, DIGITS + 1)
    if surface != "latex":
        return number_text(value, surface, lang)
    return rf"{'-' if value < 0 else ''}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
