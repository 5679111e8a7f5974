"""Cases of the rows that stand for formulas whose usual spelling overflows or cancels."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from graphc.ops.stable import (
    EXPM1_OVER_X,
    LOG1MEXP,
    LOG_COSH,
    RECIPROCAL_EXPM1,
    SIGMOID_CROSS_ENTROPY,
    X_OVER_EXPM1,
)

from .case import UNARY, Case, elementwise

NO_BOOL = {"refuses": frozenset({"bool"})}


def integral(x: Any, order: int) -> Any:
    """The derivative of (e^x - 1)/x: the integral of t^order e^(tx) over t from 0 to 1, by Gauss and Legendre."""
    t, weights = np.polynomial.legendre.leggauss(40)
    t = (t + 1) / 2
    x = np.asarray(x) if np.asarray(x).dtype == np.float32 else np.asarray(x, "float64")
    return np.sum(weights / 2 * t**order * np.exp(t * x[..., None]), axis=-1).astype(x.dtype)


def langevin(x: Any) -> Any:
    """The derivative of x/(e^x - 1), away from 0: 1/(e^x - 1) - x e^x/(e^x - 1)²."""
    n = 1 / np.expm1(x)
    return n - x * n * (1 + n)


def bernoulli(x: Any) -> Any:
    return x / mpmath.expm1(x)


def cross_entropy(z: Any, y: Any) -> Any:
    p = 1 / (1 + mpmath.exp(-z))
    return -(y * mpmath.log(p) + (1 - y) * mpmath.log(1 - p))


def own_cross_entropy(z: Any, y: Any) -> Any:
    return np.log(1 + np.exp(-z)) + (1 + -y) * z


def of_order(op: Any, order: int, numpy: Any, **options: Any) -> list[Case]:
    return elementwise(lambda x: op(x, order=order), numpy, UNARY if order == 0 else UNARY[:4], **NO_BOOL, **options)


CASES: dict[str, list[Case]] = {
    "log_cosh": elementwise(LOG_COSH, lambda x: np.log(np.cosh(x)), exact=lambda x: mpmath.log(mpmath.cosh(x)),
                            **NO_BOOL),
    "reciprocal_expm1": elementwise(RECIPROCAL_EXPM1, lambda x: 1 / (np.exp(x) - 1), low=0.5,
                                    exact=lambda x: 1 / mpmath.expm1(x), **NO_BOOL),
    "log1mexp": elementwise(LOG1MEXP, lambda x: np.log(1 - np.exp(-x)), low=0.25,
                            exact=lambda x: mpmath.log(1 - mpmath.exp(-x)), **NO_BOOL),
    "x_over_expm1": of_order(X_OVER_EXPM1, 0, lambda x: x / (np.exp(x) - 1), low=0.5, exact=bernoulli)
    + of_order(X_OVER_EXPM1, 1, langevin, low=0.5, high=3.0),
    "expm1_over_x": of_order(EXPM1_OVER_X, 0, lambda x: integral(x, 0), exact=lambda x: mpmath.expm1(x) / x)
    + of_order(EXPM1_OVER_X, 1, lambda x: integral(x, 1)),
    "sigmoid_cross_entropy": elementwise(SIGMOID_CROSS_ENTROPY, own_cross_entropy, arity=2)
    + elementwise(SIGMOID_CROSS_ENTROPY, own_cross_entropy, arity=2, low=0.0, high=1.0, exact=cross_entropy),
}  # fmt: skip
