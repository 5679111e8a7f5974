"""Cases of the transcendental rows."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

import graphc as G
from graphc.ops.transcendental import GAP, SINC_SLOPE

from .case import Case, elementwise

NO_BOOL = frozenset({"bool"})


def unary(name: str, exact: Any, **options: Any) -> list[Case]:
    return elementwise(getattr(G, name), getattr(np, name), exact=exact, **options)


def binary(name: str, exact: Any, **options: Any) -> list[Case]:
    return unary(name, exact, arity=2, **options)


def sinc_slope(x: Any) -> Any:
    """By mpmath, at each element."""
    def at(v: Any) -> Any:
        return (mpmath.cospi(v) - mpmath.sincpi(v)) / v if v else mpmath.mpf(0)

    with mpmath.workdps(40):
        values = [float(at(mpmath.mpf(float(v)))) for v in np.ravel(x)]
    return np.reshape(values, np.shape(x)).astype(np.result_type(x, np.float32))


CASES: dict[str, list[Case]] = {
    "reciprocal": elementwise(G.reciprocal, lambda x: 1 / x, low=0.5, exact=lambda x: 1 / x,
                              refuses=frozenset({"bool", "int64", "int32"})),
    "cbrt": unary("cbrt", mpmath.cbrt, low=0.1),
    "exp2": unary("exp2", lambda x: mpmath.mpf(2) ** x),
    "expm1": unary("expm1", mpmath.expm1),
    "log2": unary("log2", lambda x: mpmath.log(x, 2), low=0.1),
    "log10": unary("log10", mpmath.log10, low=0.1),
    "log1p": unary("log1p", mpmath.log1p, low=-0.9),
    "logaddexp": binary("logaddexp", lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b)), low=0.0),
    "logaddexp2": binary("logaddexp2", lambda a, b: mpmath.log(mpmath.mpf(2) ** a + mpmath.mpf(2) ** b, 2), low=0.0),
    "gap": elementwise(GAP, lambda a, b: np.asarray(a - b, np.result_type(a, b, np.float32)), arity=2,
                       exact=lambda a, b: a - b, refuses=NO_BOOL),
    "sin": unary("sin", mpmath.sin),
    "cos": unary("cos", mpmath.cos),
    "tan": unary("tan", mpmath.tan, low=-1.2, high=1.2),
    "arcsin": unary("arcsin", mpmath.asin, low=-0.9, high=0.9),
    "arccos": unary("arccos", mpmath.acos, low=-0.9, high=0.9),
    "arctan": unary("arctan", mpmath.atan),
    "hypot": binary("hypot", lambda a, b: mpmath.sqrt(a * a + b * b)),
    "arctan2": binary("arctan2", mpmath.atan2, low=0.3),
    "sinh": unary("sinh", mpmath.sinh),
    "cosh": unary("cosh", mpmath.cosh),
    "arcsinh": unary("arcsinh", mpmath.asinh),
    "arccosh": unary("arccosh", mpmath.acosh, low=1.1, high=4.0),
    "arctanh": unary("arctanh", mpmath.atanh, low=-0.9, high=0.9),
    "deg2rad": unary("deg2rad", mpmath.radians),
    "rad2deg": unary("rad2deg", mpmath.degrees),
    "sinc": elementwise(G.sinc, np.sinc, exact=mpmath.sincpi, refuses=NO_BOOL),
    "sinc_slope": elementwise(SINC_SLOPE, sinc_slope, refuses=NO_BOOL),
}
