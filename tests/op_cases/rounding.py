"""Cases of the rounding rows. Points are drawn away from the jumps, where differences say nothing."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

import graphc as G

from .case import Case, elementwise

NO_BOOL = frozenset({"bool"})


def whole(name: str, exact: Any) -> list[Case]:
    return elementwise(getattr(G, name), getattr(np, name), exact=exact, refuses=NO_BOOL)


def binary(name: str, exact: Any = None, **options: Any) -> list[Case]:
    return elementwise(getattr(G, name), getattr(np, name), arity=2, exact=exact, **options)


def predicate(name: str) -> list[Case]:
    return elementwise(getattr(G, name), getattr(np, name))


CASES: dict[str, list[Case]] = {
    "floor": whole("floor", mpmath.floor),
    "ceil": whole("ceil", mpmath.ceil),
    "trunc": whole("trunc", lambda x: mpmath.sign(x) * mpmath.floor(abs(x))),
    "rint": whole("rint", mpmath.nint),
    "floor_divide": binary("floor_divide", lambda a, b: mpmath.floor(a / b)),
    "remainder": binary("remainder", lambda a, b: a - b * mpmath.floor(a / b)),
    "fmod": binary("fmod", lambda a, b: a - b * mpmath.sign(a / b) * mpmath.floor(abs(a / b))),
    "clip": elementwise(G.clip, np.clip, arity=3, exact=lambda x, low, high: min(max(x, low), high)),
    "fmax": binary("fmax", max),
    "fmin": binary("fmin", min),
    "isfinite": predicate("isfinite"),
    "isinf": predicate("isinf"),
    "isnan": predicate("isnan"),
    "signbit": elementwise(G.signbit, np.signbit, refuses=NO_BOOL),
    "logical_xor": binary("logical_xor", kinds=("bool", "bool")),
    "heaviside": binary("heaviside", lambda x, middle: middle if x == 0 else mpmath.mpf(int(x > 0)), refuses=NO_BOOL),
}
