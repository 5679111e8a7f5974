"""Products that sum over axes: matmul and its kin."""

from __future__ import annotations

from ..ir import Expr
from ..ops import linalg
from .value import Value

__all__ = [
    "matmul",
]  # fmt: skip


def matmul(x1: Value, x2: Value) -> Expr:
    """Matrix product of vectors, matrices or batches of matrices, as `@`; dtypes promote.

    Raises ShapeError when the inner sizes differ or an operand is a scalar, DTypeError for two bools.

    >>> import graphc as G
    >>> G.matmul(G.input("x", "N", 3), G.param("W", 3, 2)).type.shape
    (N, 2)
    """
    return linalg.MATMUL(x1, x2)
