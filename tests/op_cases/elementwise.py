"""Cases of the elementwise rows."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

import graphc as G
from graphc.ops.elementwise import SAFE_DIVIDE, STOP_GRADIENT

from .case import Case, elementwise


def sigma(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def compare(name: str, numpy: Any) -> list[Case]:
    return elementwise(getattr(G, name), numpy, arity=2)


CASES: dict[str, list[Case]] = {
    "add": elementwise(G.add, lambda a, b: a + b, arity=2, exact=lambda a, b: a + b),
    "subtract": elementwise(G.subtract, lambda a, b: a - b, arity=2, exact=lambda a, b: a - b),
    "multiply": elementwise(G.multiply, lambda a, b: a * b, arity=2, exact=lambda a, b: a * b),
    "divide": elementwise(G.divide, lambda a, b: a / b, arity=2, low=0.5, exact=lambda a, b: a / b),
    "safe_divide": elementwise(SAFE_DIVIDE, lambda a, b: a / b, arity=2, low=0.5, exact=lambda a, b: a / b,
                               refuses=frozenset({"bool"})),
    "power": elementwise(G.power, lambda a, b: a**b, arity=2, low=0.5, exact=lambda a, b: a**b)
    + elementwise(lambda x: x**3, lambda x: x**3, exact=lambda x: x**3)
    + elementwise(lambda x: x**-0.5, lambda x: x**-0.5, low=0.5, exact=lambda x: x ** mpmath.mpf(-0.5)),
    "negative": elementwise(G.negative, lambda x: -x, exact=lambda x: -x),
    "exp": elementwise(G.exp, np.exp, exact=mpmath.exp),
    "log": elementwise(G.log, np.log, low=0.1, exact=mpmath.log),
    "sqrt": elementwise(G.sqrt, np.sqrt, low=0.1, exact=mpmath.sqrt),
    "square": elementwise(G.square, np.square, exact=lambda x: x * x),
    "absolute": elementwise(G.absolute, np.absolute, exact=abs),
    "sign": elementwise(G.sign, np.sign, exact=mpmath.sign),
    "tanh": elementwise(G.tanh, np.tanh, exact=mpmath.tanh),
    "sigmoid": elementwise(G.sigmoid, lambda x: 1 / (1 + np.exp(-x)), exact=sigma, refuses=frozenset({"bool"})),
    "softplus": elementwise(G.softplus, lambda x: np.log(1 + np.exp(x)), exact=lambda x: mpmath.log(1 + mpmath.exp(x)),
                            refuses=frozenset({"bool"})),
    "relu": elementwise(G.relu, lambda x: np.maximum(x, 0 * x), exact=lambda x: max(x, 0), refuses=frozenset({"bool"})),
    "maximum": elementwise(G.maximum, np.maximum, arity=2, exact=max),
    "minimum": elementwise(G.minimum, np.minimum, arity=2, exact=min),
    "greater": compare("greater", lambda a, b: a > b),
    "greater_equal": compare("greater_equal", lambda a, b: a >= b),
    "less": compare("less", lambda a, b: a < b),
    "less_equal": compare("less_equal", lambda a, b: a <= b),
    "equal": compare("equal", lambda a, b: a == b),
    "not_equal": compare("not_equal", lambda a, b: a != b),
    "logical_and": elementwise(G.logical_and, np.logical_and, arity=2, kinds=("bool", "bool")),
    "logical_or": elementwise(G.logical_or, np.logical_or, arity=2, kinds=("bool", "bool")),
    "logical_not": elementwise(G.logical_not, np.logical_not, kinds=("bool",)),
    "where": elementwise(G.where, np.where, arity=3, kinds=("bool", "number", "number"),
                         exact=lambda c, a, b: a if c else b),
    "astype": elementwise(lambda x: x.astype("float64"), lambda x: x.astype("float64"), exact=lambda x: x)
    + elementwise(lambda x: x.astype("float32"), lambda x: x.astype("float32")),
    "stop_gradient": elementwise(STOP_GRADIENT, lambda x: x, exact=lambda x: x),
}  # fmt: skip
