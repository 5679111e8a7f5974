"""Is a point on a kink, where the derivative is a matter of convention?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..ir import Expr

NEAR = 1e-9  # relative: floats that differ by less are taken as equal


def _zero(x: Any, *_: Any) -> bool:
    return bool(np.any(np.abs(_numbers(x)) <= NEAR))


def _tie(a: Any, b: Any, *_: Any) -> bool:
    a, b = _numbers(a), _numbers(b)
    return bool(np.any(np.abs(a - b) <= NEAR * np.maximum(1.0, np.maximum(np.abs(a), np.abs(b)))))


def _tied_extreme(x: Any, *_: Any) -> bool:
    """Two equal elements, wherever the axes lie: more is refused than need be, never less."""
    flat = np.sort(np.abs(_numbers(x)).ravel() * 0 + _numbers(x).ravel())
    return bool(flat.size > 1 and np.any(np.diff(flat) <= NEAR * np.maximum(1.0, np.abs(flat[1:]))))


def _jump(x: Any, *_: Any) -> bool:
    """On a multiple of one half, which holds the jumps of floor, ceil, trunc and rint."""
    twice = 2 * _numbers(x)
    return bool(np.any(np.abs(twice - np.rint(twice)) <= NEAR))


# What each op's kinks are, in the values of its operands.
KINKS: Mapping[str, Callable[..., bool]] = {
    **dict.fromkeys(("relu", "absolute", "sign", "leaky_relu", "elu", "heaviside", "sqrt", "cbrt", "norm2",
                     "vector_norm", "signbit"), _zero),
    **dict.fromkeys(("maximum", "minimum", "fmax", "fmin", "less", "less_equal", "greater", "greater_equal", "equal",
                     "not_equal"), _tie),
    **dict.fromkeys(("max", "min", "max_pool", "sort", "argmax", "argmin", "argsort"), _tied_extreme),
    **dict.fromkeys(("floor", "ceil", "trunc", "rint"), _jump),
    "clip": lambda x, low, high, *_: _tie(x, low) or _tie(x, high),
    **dict.fromkeys(("remainder", "fmod", "floor_divide"),
                    lambda a, b, *_: bool(np.any(b == 0)) or _jump(_numbers(a) / _numbers(b) / 2)),
}


def kink_of(order: Iterable[Expr], values: Mapping[Expr, Any]) -> Expr | None:
    """The first node of the graph whose operands are on one of its kinks, or None.

    >>> import graphc as G
    >>> x = G.input("x"); f = G.relu(x - 1)
    >>> from graphc.ir import postorder
    >>> from graphc.drawing.values import Point
    >>> def kink(at):
    ...     values = Point([f], {x: at}); values[f]
    ...     return kink_of(postorder([f]), values.found)
    >>> kink(1) is f, kink(2)
    (True, None)
    """
    for node in order:
        rule = KINKS.get(node.op.name)
        if rule and rule(*(values[a] for a in node.args)):
            return node
    return None


def _numbers(value: Any) -> Any:
    return np.asarray(value, dtype="float64")
