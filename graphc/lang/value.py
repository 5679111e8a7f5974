"""What the functions of the language take: nodes, numbers, arrays; axes."""

from __future__ import annotations

from typing import Any, TypeAlias

from ..ir import Expr, lift

Value: TypeAlias = "Expr | float | Any"
Axis: TypeAlias = "int | tuple[int, ...] | None"


def real(x: Value) -> Expr:
    """`x` with its integers as float64; bools are left for the row to refuse."""
    node = lift(x)
    return node.astype("float64") if node.type.dtype.startswith("int") else node
