"""Matrix product: 1-D, 2-D and batched, as NumPy's `@`."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, ShapeError
from ..formula import PRODUCT, Form
from ..ir import Expr, Op
from ..types import TensorType, broadcast_shapes, promote
from .elementwise import plus
from .shaping import RESHAPE


def _matmul_type(a: TensorType, b: TensorType) -> TensorType:
    if a.ndim == 0 or b.ndim == 0:
        raise ShapeError("a scalar has no inner size; use * for a product with a scalar")
    inner_a, inner_b = a.shape[-1], b.shape[-1 if b.ndim == 1 else -2]
    if inner_a != inner_b:
        raise ShapeError(f"inner sizes {inner_a} and {inner_b} differ")
    dtype, _ = promote((a, b))
    if dtype == "bool":
        raise DTypeError("needs numbers, got bool")
    batch = broadcast_shapes((a.shape[:-2], b.shape[:-2]))
    return TensorType(batch + a.shape[-2:-1] + (b.shape[-1:] if b.ndim > 1 else ()), dtype)


def _matmul_pullback(g: Expr, y: Expr, a: Expr, b: Expr) -> tuple[Expr, Expr]:
    """dA = G Bᵀ and dB = Aᵀ G, a vector being a row on the left and a column on the right."""
    if a.ndim == 1 and b.ndim == 1:
        return g * b, g * a
    rows = RESHAPE(a, shape=(1, *a.shape)) if a.ndim == 1 else a
    columns = RESHAPE(b, shape=(*b.shape, 1)) if b.ndim == 1 else b
    shape = list(y.shape)
    if a.ndim == 1:
        shape.insert(len(shape) - (b.ndim > 1), 1)
    if b.ndim == 1:
        shape.append(1)
    full = g if len(shape) == g.ndim else RESHAPE(g, shape=tuple(shape))
    da, db = full @ columns.mT, rows.mT @ full
    if a.ndim == 1:
        da = RESHAPE(da, shape=(*da.shape[:-2], da.shape[-1]))
    if b.ndim == 1:
        db = RESHAPE(db, shape=db.shape[:-1])
    return da, db


def _matmul_pushforward(t: Any, y: Expr, a: Expr, b: Expr) -> Expr | None:
    return plus(None if t[0] is None else t[0] @ b, None if t[1] is None else a @ t[1])


MATMUL = Op(
    "matmul",
    type_of=_matmul_type,
    pullback=_matmul_pullback,
    pushforward=_matmul_pushforward,
    numpy="{0} @ {1}",
    form=Form("{0} @ {1}", "{0} @ {1}", r"{0} \, {1}", PRODUCT, (PRODUCT, PRODUCT + 1)),
    cost=2,
)
