"""The value of every node at a point: exact rationals while the graph allows it, NumPy beyond.

A reader is shown 1/3 as a fraction and 0.1 + 0.2 as 0.3, so scalars are computed as fractions, and a number
written 0.1 is read as one tenth. Where an op has no exact form at its operands, its row's NumPy spelling
gives the number in float64. A value that is not a real number (log of -1, 1/0) is nan or inf.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from numbers import Rational
from typing import Any, NamedTuple

import numpy as np

from .errors import GraphcError, InputError
from .interpret import numpy_function
from .ir import VARIABLES, Expr, postorder

Number = Fraction | float | bool
Value = Any  # a Number, or an array

BITS = 900  # a fraction longer than this goes on as a float, which it still fits


# -- numbers -------------------------------------------------------------------------------------------------


def exact(value: object) -> Fraction | None:
    """A number as the rational that its shortest decimal writes: 0.1 is 1/10. None for inf and nan."""
    return Fraction(str(value)) if math.isfinite(float(str(value))) else None


def as_number(value: Any) -> Number | None:
    """One number given by a user, as it is written; bools, NaN and infinities stay. None for anything else.

    >>> as_number(0.1), as_number(3), as_number(True), as_number("3")
    (Fraction(1, 10), Fraction(3, 1), True, None)
    """
    if isinstance(value, np.ndarray) and not value.ndim:
        value = value[()]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (str, bytes, np.ndarray, Expr)):
        return None
    try:
        return _read(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _read(value: Any) -> Number:
    """Raises OverflowError for a number beyond the range of floats, which could not be shown."""
    if isinstance(value, Rational):  # NumPy's integers are, and would wrap around inside a Fraction
        value = Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, (Fraction, Decimal)):
        number = float(value)
        return Fraction(value) if math.isfinite(number) else number
    written = exact(value if isinstance(value, np.floating) else float(value))
    return float(value) if written is None else written


def bounded(value: Number) -> Number:
    """The value, a fraction that has grown long going on as a float."""
    if isinstance(value, Fraction) and max(value.numerator.bit_length(), value.denominator.bit_length()) > BITS:
        return _float(value)
    return value


def _float(value: Number) -> float:
    if not isinstance(value, Fraction):
        return float(value)
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return -math.inf if value < 0 else math.inf


# -- a point, as a user gives it -------------------------------------------------------------------------------


class Wording(NamedTuple):
    """What is said of a bad point: templates over `got`, `known`, `names` and `name`."""

    unknown: str = "at: no input named {got!r}; this graph has {known}"
    missing: str = "at: no value for {names}; every input and parameter of the graph needs one"
    number: str = "at: {name} needs one number, got {got!r}"


WORDING = Wording()


def by_name(at: Mapping[Any, Any], known: Sequence[Expr], wording: Wording = WORDING) -> dict[str, Any]:
    """The values given for the inputs `known`, under their names; the keys of `at` are Exprs or names.

    Raises InputError for a missing or an unknown name, or when `at` is no mapping.
    """
    if not isinstance(at, Mapping):
        raise InputError(f"at maps inputs to values, as in at={{x: 3}}, got {type(at).__name__}")
    names = [str(v.label) for v in known]
    given: dict[str, Any] = {}
    for key, value in at.items():
        name = key.label or str(key) if isinstance(key, Expr) else key
        if name not in names:
            raise InputError(wording.unknown.format(got=str(name)[:60], known=", ".join(names) or "none"))
        given[str(name)] = value
    missing = [n for n in names if n not in given]
    if missing:
        raise InputError(wording.missing.format(names=", ".join(missing)))
    return given


def scalar_at(leaf: Expr, value: Any, wording: Wording = WORDING, finite: bool = False) -> Number:
    """The number given for a scalar input. Raises InputError for anything else."""
    number = as_number(value)
    if number is None or (finite and not math.isfinite(number)):
        raise InputError(wording.number.format(name=leaf.label, got=str(value)[:60]))
    return _typed(number, leaf)


# -- exact forms -----------------------------------------------------------------------------------------------


def _power(x: Fraction, p: Fraction) -> Fraction | None:
    if p.denominator != 1 or abs(p) > BITS or (not x and p < 0):
        return None
    return x ** int(p)


def _sqrt(x: Fraction) -> Fraction | None:
    if x < 0:
        return None
    root = Fraction(math.isqrt(x.numerator), math.isqrt(x.denominator))
    return root if root * root == x else None


def _safe_divide(a: Number, b: Number) -> Number | None:
    if not a:
        return Fraction(0)
    return Fraction(a) / Fraction(b) if b and _is_exact(a) and _is_exact(b) else None


def _identity(x: Number) -> Number:
    return x


# Of rational operands. None means: not here, go on in floating point.
EXACT: Mapping[str, Callable[..., Number | None]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "gap": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: Fraction(a) / Fraction(b) if b else None,
    "negative": lambda x: -x,
    "power": lambda x, p: _power(Fraction(x), Fraction(p)),
    "sqrt": lambda x: _sqrt(Fraction(x)),
    "square": lambda x: x * x,
    "absolute": abs,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
    "logical_and": lambda a, b: bool(a and b),
    "logical_or": lambda a, b: bool(a or b),
    "logical_not": lambda a: not a,
    "logical_xor": lambda a, b: a != b,
    "reciprocal": lambda x: 1 / Fraction(x) if x else None,
    "floor": math.floor,
    "ceil": math.ceil,
    "trunc": math.trunc,
    "rint": round,
    "floor_divide": lambda a, b: a // b if b else None,
    "remainder": lambda a, b: a % b if b else None,
    "fmod": lambda a, b: a - b * math.trunc(a / b) if b else None,
    "softsign": lambda x: Fraction(x) / (1 + abs(x)),
    "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
    "signbit": lambda x: None if not x else x < 0,  # a zero has no sign here
}

# Of any numbers: one operand as it stands, or a value that is rational whatever the operand.
CHOICE: Mapping[str, Callable[..., Number | None]] = {
    "where": lambda c, a, b: a if c else b,
    "maximum": lambda a, b: max(a, b) if a == a and b == b else None,
    "minimum": lambda a, b: min(a, b) if a == a and b == b else None,
    "relu": lambda x: max(x, Fraction(0)) if x == x else None,
    "clip": lambda x, low, high: min(max(x, low), high) if x == x and low == low and high == high else None,
    "fmax": lambda a, b: (max(a, b) if a == a else b) if b == b else a,
    "fmin": lambda a, b: (min(a, b) if a == a else b) if b == b else a,
    "heaviside": lambda x, middle: (middle if not x else Fraction(int(x > 0))) if x == x else None,
    "elu": lambda x, alpha: x if x >= 0 else None,
    "isfinite": math.isfinite,
    "isinf": math.isinf,
    "isnan": lambda x: x != x,
    "sign": lambda x: Fraction((x > 0) - (x < 0)) if x == x else None,
    "safe_divide": _safe_divide,
    "exp": lambda x: None if x else Fraction(1),
    "log": lambda x: Fraction(0) if x == 1 else None,
    "tanh": lambda x: None if x else Fraction(0),
    "sigmoid": lambda x: None if x else Fraction(1, 2),
    **dict.fromkeys(("cos", "cosh", "exp2", "sinc"), lambda x: None if x else Fraction(1)),
    **dict.fromkeys(("sin", "tan", "arcsin", "arctan", "sinh", "arcsinh", "arctanh", "expm1", "log1p", "cbrt", "erf",
                     "silu", "gelu", "gelu_tanh", "mish", "tanhshrink", "deg2rad", "rad2deg"),
                    lambda x: None if x else Fraction(0)),
    "astype": _identity,
    **dict.fromkeys(("sum", "mean", "max", "min", "logsumexp", "reshape", "broadcast_to", "transpose", "stop_gradient"),
                    _identity),
}


def _is_exact(value: Value) -> bool:
    return isinstance(value, (Fraction, bool))


# -- evaluation ------------------------------------------------------------------------------------------------


def evaluate(expr: Expr, values: dict[Expr, Value], sizes: Mapping[str, int] | None = None) -> Value:
    """The value of `expr`, all new values being added to `values`, which has those of the inputs.

    A scalar is a Fraction or a bool where that is exact, else a float; any other value is an array.
    `sizes` are the named sizes. Raises InputError for an input without a value, GraphcError for an
    operation that NumPy refuses.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> evaluate(x / 3, {x: Fraction(1, 2)}), evaluate(G.exp(x), {x: Fraction(1, 2)})
    (Fraction(1, 6), 1.6487212707001282)
    """
    for node in postorder([expr]):
        if node not in values:
            values[node] = _value(node, [values[a] for a in node.args], sizes or {})
    return values[expr]


def _value(node: Expr, operands: Sequence[Value], sizes: Mapping[str, int]) -> Value:
    if node.op.name == "const":
        value = node.attrs[0].value
        return value if value.ndim else as_number(value)
    if node.op.name in VARIABLES:
        raise InputError(f"no value for {node.op.name} {node.label} {node.type} (declared at {node.place})")
    scalar = not node.ndim and all(isinstance(a, (Fraction, float, bool)) for a in operands)
    found = _exactly(node, operands) if scalar else None
    if found is not None:
        return found
    result = _numerically(node, operands, sizes)
    return Fraction(int(result)) if scalar and isinstance(result, np.integer) else result


def _exactly(node: Expr, operands: Sequence[Number]) -> Number | None:
    """The value of a scalar by the exact form of its op, where that has one here."""
    rule = CHOICE.get(node.op.name) or (EXACT.get(node.op.name) if all(map(_is_exact, operands)) else None)
    found = rule(*operands) if rule else None
    return None if found is None else bounded(_typed(found, node))


def _typed(value: Number, node: Expr) -> Number:
    """A bool for a condition; a whole number for an integer, as a cast leaves it; else a fraction or a float."""
    if node.type.dtype == "bool":
        return bool(value)
    if node.op.name == "astype" and node.type.dtype.startswith("int") and math.isfinite(value):
        return Fraction(int(value))
    return value if isinstance(value, float) else Fraction(value)


def _numerically(node: Expr, operands: Iterable[Value], sizes: Mapping[str, int]) -> Value:
    """By the NumPy spelling in the op's row, numbers as float64."""
    try:
        with np.errstate(all="ignore"):
            result = numpy_function(node, sizes)(*map(_operand, operands))
    except (ArithmeticError, LookupError, TypeError, ValueError, NameError, SyntaxError) as error:
        raise GraphcError(f"{node.op.name} has no value here: {error} (declared at {node.place})") from None
    if isinstance(result, np.ndarray):
        return _plain(result[()]) if not result.ndim else result
    return _plain(result)


def _operand(value: Value) -> Value:
    return np.float64(_float(value)) if isinstance(value, (Fraction, float)) else value


def _plain(value: Value) -> Value:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    return float(value) if isinstance(value, (float, np.floating)) else value
