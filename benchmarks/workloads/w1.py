"""Scalars: f = w3·relu(w1·x1 + w1·x2 + b) and its gradients, where a call is all overhead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import graphc as G

TITLE = "w3·relu(w1·x1 + w1·x2 + b), scalars"
WRT = ("w1", "w3", "b")


def data(dtype: str, small: bool = False) -> dict[str, Any]:
    values = {"x1": 1.25, "x2": -0.5, "w1": 2.0, "w3": -1.5, "b": 0.75}
    # Python floats are what an exercise or an inner loop has at hand; float32 has no such scalar.
    return values if dtype == "float64" else {name: np.float32(v) for name, v in values.items()}


def declare(arrays: Mapping[str, Any]) -> G.Expr:
    dtype = np.asarray(arrays["b"]).dtype.name
    x1, x2 = (G.input(name, dtype=dtype) for name in ("x1", "x2"))
    w1, w3, b = (G.param(name, dtype=dtype) for name in WRT)
    return w3 * G.relu(w1 * x1 + w1 * x2 + b)


def plain(x1: Any, x2: Any, w1: Any, w3: Any, b: Any) -> Callable[[], Any]:
    x1, x2, w1, w3, b = (np.asarray(v)[()] for v in (x1, x2, w1, w3, b))

    def call() -> Any:
        z = w1 * x1 + w1 * x2 + b
        r = np.maximum(z, 0)
        dz = w3 * (z > 0)
        return w3 * r, (dz * x1 + dz * x2, r, dz)

    return call


def optimised(x1: Any, x2: Any, w1: Any, w3: Any, b: Any) -> Callable[[], Any]:
    """Common factor taken out, and one branch for the value and all gradients (NaN is not passed on)."""

    def f(x1: float, x2: float, w1: float, w3: float, b: float) -> Any:
        s = x1 + x2
        z = w1 * s + b
        if z > 0.0:
            return w3 * z, (w3 * s, z, w3)
        return 0.0, (0.0, 0.0, 0.0)

    return lambda: f(x1, x2, w1, w3, b)


def straight(x1: Any, x2: Any, w1: Any, w3: Any, b: Any) -> Callable[[], Any]:
    """Line by line without algebra, as the graph stands."""

    def f(x1: float, x2: float, w1: float, w3: float, b: float) -> Any:
        z = w1 * x1 + w1 * x2 + b
        r = z if z > 0.0 else 0.0
        dz = w3 if z > 0.0 else 0.0
        return w3 * r, (dz * x1 + dz * x2, r, dz)

    return lambda: f(x1, x2, w1, w3, b)


VARIANTS = {"straight line": straight}


def model(xp: Any, x1: Any, x2: Any, w1: Any, w3: Any, b: Any) -> Any:
    return w3 * xp.maximum(w1 * x1 + w1 * x2 + b, 0)


def torch_model(torch: Any, x1: Any, x2: Any, w1: Any, w3: Any, b: Any) -> Any:
    return w3 * torch.relu(w1 * x1 + w1 * x2 + b)
