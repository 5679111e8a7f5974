"""Cases of the special rows; the references are mpmath's, element by element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

import graphc as G
from graphc.ops.special import ERFCX_SLOPE, POLYGAMMA

from .case import Case, elementwise

NO_BOOL = frozenset({"bool"})
INEXACT = 1e-15  # a few units of rounding; tests/ops/test_elementwise.py measures them


def by_mpmath(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function on arrays, each element from 30 digits; nan at a pole."""
    def at(*point: Any) -> float:
        try:
            return float(mpmath.re(function(*point)))
        except (ValueError, ZeroDivisionError):
            return math.nan

    def on_arrays(*operands: Any) -> Any:
        dtype = np.result_type(*map(np.asarray, operands), np.float32)
        with mpmath.workdps(30):
            parts = [[mpmath.mpf(v.item()) for v in part.ravel()] for part in np.broadcast_arrays(*operands)]
            values = [at(*point) for point in zip(*parts)]
        return np.reshape(values, np.broadcast_shapes(*map(np.shape, operands))).astype(dtype)

    return on_arrays


def special(name: str, function: Any, **options: Any) -> list[Case]:
    return elementwise(getattr(G.special, name), by_mpmath(function), exact=function, close=INEXACT,
                       refuses=NO_BOOL, **options)


def xlogy(x: Any, y: Any) -> Any:
    return x * mpmath.log(y) if x else mpmath.mpf(0)


def entropy(p: Any, q: Any) -> Any:
    return p * mpmath.log(p / q) if p else mpmath.mpf(0)


def erfcx_slope(x: Any) -> Any:
    return 2 * x * mpmath.exp(x * x) * mpmath.erfc(x) - 2 / mpmath.sqrt(mpmath.pi)


def normal(x: Any) -> Any:
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


CASES: dict[str, list[Case]] = {
    "erf": special("erf", mpmath.erf),
    "erfc": special("erfc", mpmath.erfc),
    "erfcx": special("erfcx", lambda x: mpmath.exp(x * x) * mpmath.erfc(x)),
    "erfcx_slope": elementwise(ERFCX_SLOPE, by_mpmath(erfcx_slope), exact=erfcx_slope, close=INEXACT, refuses=NO_BOOL),
    "norm_pdf": special("norm_pdf", mpmath.npdf),
    "ndtr": special("ndtr", normal),
    "log_ndtr": special("log_ndtr", lambda x: mpmath.log(normal(x))),
    "gammaln": special("gammaln", mpmath.loggamma, low=0.2, high=6.0),
    "digamma": special("digamma", mpmath.digamma, low=0.2, high=6.0),
    "polygamma": [case for n in (1, 2) for case in elementwise(
        lambda x, n=n: POLYGAMMA(n, x), by_mpmath(lambda x, n=n: mpmath.polygamma(n, x)),
        exact=lambda x, n=n: mpmath.polygamma(n, x), close=INEXACT, low=0.5, high=6.0, refuses=NO_BOOL)],
    "xlogy": special("xlogy", xlogy, arity=2, low=0.2),
    "xlog1py": special("xlog1py", lambda x, y: x * mpmath.log1p(y) if x else mpmath.mpf(0), arity=2, low=-0.8),
    "entr": special("entr", lambda x: -xlogy(x, x), low=0.2),
    "rel_entr": special("rel_entr", entropy, arity=2, low=0.2),
    "logit": elementwise(G.special.logit, lambda p: np.log(p / (1 - p)), low=0.1, high=0.9, close=INEXACT,
                         exact=lambda p: mpmath.log(p / (1 - p)), refuses=NO_BOOL),
}
