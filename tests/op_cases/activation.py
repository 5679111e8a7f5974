"""Cases of the activation rows."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

import graphc as G
from graphc.ops.activation import GELU_TANH_SLOPE

from .case import Case, elementwise
from .elementwise import sigma
from .special import INEXACT, by_mpmath

NO_BOOL = frozenset({"bool"})


def activation(build: Any, function: Any, **options: Any) -> list[Case]:
    return elementwise(build, by_mpmath(function), exact=function, close=INEXACT, refuses=NO_BOOL, **options)


def elu(x: Any, a: Any) -> Any:
    return x if x > 0 else a * mpmath.expm1(x)


def gelu_tanh(x: Any) -> Any:
    return x * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3))) / 2


def gelu_tanh_slope(x: Any) -> Any:
    with mpmath.extradps(30):
        return mpmath.diff(gelu_tanh, x)


CASES: dict[str, list[Case]] = {
    "leaky_relu": elementwise(G.leaky_relu, lambda x, a: np.where(x > 0, x, a * x), arity=2, refuses=NO_BOOL,
                              exact=lambda x, a: x if x > 0 else a * x)
    + elementwise(G.leaky_relu, lambda x: np.maximum(x, 0.01 * x)),
    "elu": activation(G.elu, elu, arity=2)
    + elementwise(lambda x: G.elu(x, 0.5), lambda x: np.where(x > 0, x, 0.5 * np.expm1(1.0 * x)),
                  exact=lambda x: elu(x, 0.5), close=INEXACT),
    "silu": activation(G.silu, lambda x: x * sigma(x)),
    "gelu": activation(G.gelu, lambda x: x * mpmath.ncdf(x)),
    "gelu_tanh": activation(lambda x: G.gelu(x, approximate="tanh"), gelu_tanh),
    "gelu_tanh_slope": activation(GELU_TANH_SLOPE, gelu_tanh_slope, low=-0.5),
    "mish": activation(G.mish, lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x)))),
    "softsign": activation(G.softsign, lambda x: x / (1 + abs(x))),
    "log_sigmoid": activation(G.log_sigmoid, lambda x: -mpmath.log1p(mpmath.exp(-x))),
    "tanhshrink": activation(G.tanhshrink, lambda x: x - mpmath.tanh(x)),
}
