"""How many operations are differentiated, here and by the peers that are installed.

    python benchmarks/op_counts.py

Counted here: rows of the op table with a pullback and a pushforward, and the functions of the language composed of
them. Of HIPS autograd: primitives with a reverse rule, and with both rules. Of PyTensor: classes of tensor and of
scalar operations that define their own reverse rule (`grad`, `L_op` or `pullback`), and those with a forward rule
as well. A peer that is not installed is left out.
"""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from collections.abc import Iterator
from typing import Any


def ours() -> str:
    import graphc as G
    from graphc import lang
    from graphc.ir import LEAVES, OPS

    rows = [op for op in OPS.complete().values() if op.name not in LEAVES]
    both = [op for op in rows if op.pullback and op.pushforward]
    names = {*lang.__all__, *(f"special.{n}" for n in G.special.__all__), *(f"linalg.{n}" for n in G.linalg.__all__)}
    return f"graphc: {len(rows)} rows, {len(both)} with both derivatives; {len(names)} functions of the language"


def autograds() -> str:
    for name in ("numpy", "scipy.special", "scipy.stats", "scipy.linalg", "scipy.signal", "scipy.integrate"):
        importlib.import_module(f"autograd.{name}")
    core = importlib.import_module("autograd.core")
    import numpy as np

    reverse = list(core.primitive_vjps)
    both = [p for p in reverse if p in core.primitive_jvps]
    numpys = [p for p in reverse if hasattr(np, getattr(p, "__name__", ""))]
    return (f"autograd: {len(reverse)} primitives with a reverse rule, {len(numpys)} of them NumPy's at the top level; "
            f"{len(both)} with both derivatives")


def pytensors() -> str:
    Op = importlib.import_module("pytensor.graph.op").Op
    for package in ("pytensor.tensor", "pytensor.scalar"):
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            try:
                importlib.import_module(found.name)
            except ImportError:
                continue
    classes = [c for c in set(below(Op)) if c.__module__.startswith(("pytensor.tensor", "pytensor.scalar"))]
    reverse = [c for c in classes if defines(c, Op, "grad", "L_op", "pullback")]
    both = [c for c in reverse if defines(c, Op, "R_op", "pushforward")]
    tensor = sum(c.__module__.startswith("pytensor.tensor") for c in reverse)
    return (f"PyTensor: {tensor} tensor and {len(reverse) - tensor} scalar operations with a reverse rule; "
            f"{len(both)} with both derivatives")


def below(cls: type) -> Iterator[type]:
    for child in cls.__subclasses__():
        yield child
        yield from below(child)


def defines(cls: type, base: type, *names: str) -> bool:
    """Whether the class, or one between it and the base, has a method of one of the names."""
    own = cls.__mro__[: cls.__mro__.index(base)]
    return any(name in vars(c) for c in own for name in names)


def main() -> None:
    warnings.simplefilter("ignore")
    counts: list[Any] = [ours, autograds, pytensors]
    for count in counts:
        try:
            print(count())
        except ImportError as error:
            print(f"{count.__name__}: not installed ({error.name})")


if __name__ == "__main__":
    main()
