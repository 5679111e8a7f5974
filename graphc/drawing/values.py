"""The value of every node at a point: exact rationals while the operations allow it, NumPy beyond.

A figure shows 1/3 as a fraction and 0.1 + 0.2 as 0.3, so scalars are computed as fractions and a number
written 0.1 is read as one tenth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from ..errors import GraphcError, InputError, ShapeError
from ..formula import number_text
from ..ir import Expr, postorder, variables

Value = Any  # Fraction, bool, NumPy scalar or array

_LARGEST = 10**30  # numerators and denominators past this go on in floating point


def _power(a: Fraction, n: Fraction) -> Fraction | None:
    if n.denominator != 1 or abs(n) > 64 or (a == 0 and n < 0):
        return None
    return Fraction(a) ** int(n)


# Operations that stay in the rationals. None means: not here, go on in floating point.
_EXACT: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b if b else None,
    "safe_divide": lambda a, b: a / b if b else None,
    "negative": lambda a: -a,
    "power": _power,
    "square": lambda a: a * a,
    "absolute": abs,
    "sign": lambda a: Fraction((a > 0) - (a < 0)),
    "relu": lambda a: max(a, Fraction(0)),
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
    "stop_gradient": lambda a: a,
}


class Point:
    """Values of inputs, and of every node that depends on them, computed when asked for.

    Raises InputError for a missing or unknown name, ShapeError for an array of the wrong shape.
    """

    def __init__(self, outputs: Iterable[Expr], at: Mapping[Any, Any]) -> None:
        known = variables(postorder(outputs))
        given = _by_name(at, known)
        self.sizes: dict[str, int] = {}
        self.found: dict[Expr, Value] = {}
        for leaf in known:
            self.found[leaf] = self._leaf(leaf, given[str(leaf.label)])

    def _leaf(self, leaf: Expr, value: Any) -> Value:
        if not leaf.ndim:
            return as_exact(value, f"at: {leaf.label}")
        try:
            array = np.array(value, dtype=leaf.type.dtype)
        except (TypeError, ValueError) as error:
            raise InputError(f"at: {leaf.label} needs an array of {leaf.type}: {error}") from None
        bad = array.ndim != leaf.ndim
        for want, got in zip(leaf.shape, array.shape):
            name = getattr(want, "name", None)
            size = self.sizes.setdefault(name, got) if name else want
            bad = bad or (isinstance(size, int) and size != got)
        if bad:
            raise ShapeError(f"at: {leaf.label} is {leaf.type}, got an array of shape {array.shape}")
        return array

    def __getitem__(self, expr: Expr) -> Value:
        """The value of a node of this graph, or of any other node over the same inputs."""
        if expr not in self.found:
            for node in postorder([expr]):
                if node not in self.found:
                    self.found[node] = self._compute(node)
        return self.found[expr]

    def _compute(self, node: Expr) -> Value:
        if node.op.name == "const":
            value = node.attrs[0].value
            return as_exact(value.item(), "constant") if not value.ndim else value
        args = [self.found[a] for a in node.args]
        exact = _exact(node, args)
        return exact if exact is not None else _numeric(node, args, self.sizes)


def _exact(node: Expr, args: list[Value]) -> Value | None:
    if node.ndim or not all(isinstance(a, (Fraction, bool)) for a in args):
        return None
    if node.op.name == "astype":
        return bool(args[0]) if node.type.dtype == "bool" else Fraction(args[0]) if node.type.is_float else None
    rule = _EXACT.get(node.op.name)
    value = rule(*args) if rule else None
    if isinstance(value, Fraction) and max(abs(value.numerator), value.denominator) > _LARGEST:
        return None
    return value


def _numeric(node: Expr, args: list[Value], sizes: Mapping[str, int]) -> Value:
    """By the NumPy spelling in the op's row; what a row says is ours, and nobody else's text gets here."""
    template = node.op.numpy if isinstance(node.op.numpy, str) else node.op.numpy(node)
    names = [f"_operand{i}_" for i in range(len(args))]
    spelling = template.format(*names, **node.op.named_attrs(node))
    scope: dict[str, Any] = {**sizes, "np": np, "__builtins__": {}}
    if node.op.helper:
        helpers: dict[str, Any] = {"np": np}
        exec(node.op.helper, helpers)
        scope |= {k: v for k, v in helpers.items() if k != "__builtins__"}
    scope |= dict(zip(names, map(_as_float, args)))
    try:
        with np.errstate(all="ignore"):
            return eval(spelling, scope)
    except (ArithmeticError, TypeError, ValueError, NameError, SyntaxError) as error:
        raise GraphcError(f"{node.op.name} has no value here: {error} (declared at {node.place})") from None


def _as_float(value: Value) -> Value:
    return np.float64(value.numerator / value.denominator) if isinstance(value, Fraction) else value


def as_exact(value: Any, who: str) -> Value:
    """A number as a Fraction: 0.1 is one tenth, as it is written. NaN and infinities stay floats.

    >>> as_exact(0.1, "x"), as_exact(True, "x")
    (Fraction(1, 10), True)
    """
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    try:
        if isinstance(value, (int, Fraction, np.integer)):
            return Fraction(int(value)) if not isinstance(value, Fraction) else value
        number = float(value)
        return Fraction(repr(number)) if np.isfinite(number) else np.float64(number)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{who} needs one number, got {str(value)[:60]!r}") from None


def _by_name(at: Mapping[Any, Any], known: list[Expr]) -> dict[str, Any]:
    if not isinstance(at, Mapping):
        raise InputError(f"at maps inputs to values, as in at={{x: 3}}, got {type(at).__name__}")
    names = [str(v.label) for v in known]
    given: dict[str, Any] = {}
    for key, value in at.items():
        name = key.label if isinstance(key, Expr) else key
        if name not in names:
            raise InputError(f"at: no input named {str(name)[:60]!r}; this graph has {', '.join(names) or 'none'}")
        given[str(name)] = value
    missing = [n for n in names if n not in given]
    if missing:
        raise InputError(f"at: no value for {', '.join(missing)}; every input and parameter of the graph needs one")
    return given


def value_tex(value: Value, lang: str) -> str:
    """A value as short TeX: decimals that end, short fractions, else four significant digits.

    >>> value_tex(Fraction(1, 2), "fr"), value_tex(Fraction(-1, 3), "en"), value_tex(Fraction(22, 7000), "en")
    ('0{,}5', '{-}\\\\frac{1}{3}', '0.003143')
    """
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, Fraction):
        return _fraction_tex(value, lang)
    array = np.asarray(value)
    if not array.ndim:
        return number_text(array.item(), "latex", lang, digits=4)
    return _array_tex(array, lang)


def _fraction_tex(value: Fraction, lang: str) -> str:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest == 1 and len(str(abs(value.numerator))) <= 12:
        decimal = float(value)
        if len(repr(abs(decimal)).replace(".", "").strip("0")) <= 6:
            return number_text(decimal, "latex", lang)
    if abs(value.numerator) < 100 and value.denominator < 100:
        sign = "{-}" if value < 0 else ""
        return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
    return number_text(float(value), "latex", lang, digits=4)


def _array_tex(array: np.ndarray[Any, Any], lang: str) -> str:
    rows = array.shape[0] if array.ndim == 2 else 1
    if array.ndim > 2 or array.size > 6 or rows > 3 or not array.size:
        return r" \times ".join(map(str, array.shape))
    lines = [[number_text(v.item(), "latex", lang, digits=3) for v in row] for row in np.atleast_2d(array)]
    if array.ndim == 1:
        mark = ";" if lang == "fr" else ","
        return "[" + rf"{mark}\, ".join(lines[0]) + "]"
    return r"\begin{bmatrix}" + r"\\".join(" & ".join(line) for line in lines) + r"\end{bmatrix}"


def in_product(tex: str) -> str:
    """A number as a factor or as a later term: a negative one in brackets."""
    return f"({tex})" if tex.startswith(("{-}", "-")) else tex
