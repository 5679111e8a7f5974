"""Products that sum over axes: matmul, einsum and their kin."""

from __future__ import annotations

from string import ascii_letters
from typing import Any

from ..errors import InputError, ShapeError
from ..ir import Expr, lift
from ..ops import contraction, linalg
from ..ops.shaping import BROADCAST_TO, CONCATENATE, RESHAPE, TRANSPOSE
from ..types import as_axis
from .value import Value

__all__ = [
    "cross", "dot", "einsum", "inner", "kron", "matmul", "matvec", "outer", "tensordot", "vdot", "vecdot", "vecmat",
]  # fmt: skip


def matmul(x1: Value, x2: Value) -> Expr:
    """Matrix product of vectors, matrices or batches of matrices, as `@`; dtypes promote.

    Raises ShapeError when the inner sizes differ or an operand is a scalar, DTypeError for two bools.

    >>> import graphc as G
    >>> G.matmul(G.input("x", "N", 3), G.param("W", 3, 2)).type.shape
    (N, 2)
    """
    return linalg.MATMUL(x1, x2)


def einsum(subscripts: str, *operands: Value) -> Expr:
    """Einstein sum: the product of the operands, summed over every index that the result does not have.

    The subscripts are NumPy's: `"ij,jk->ik"`, without `->` for the indices that are there once in alphabetical order,
    `...` for the axes that are not named, an index twice in one operand for its diagonal. An axis of size 1 broadcasts.
    Several operands are multiplied two by two, in the order of least work (a named size counts as 100); a pair that
    is a product or a matrix product becomes one. Dtypes promote, and sums keep them, as in NumPy.
    The derivative by an operand is the Einstein sum of the cotangent and the other operands.
    Raises InputError for subscripts that cannot be read, ShapeError for sizes or numbers of axes that do not
    agree, DTypeError for bools alone.

    >>> import graphc as G
    >>> A, B = G.input("A", "N", 3), G.input("B", 4, 3)
    >>> print(G.einsum("ij,kj->ik", A, B), G.einsum("ij,kj->ik", A, B).type)
    A @ B.T float64[N,4]
    >>> G.einsum("...ii->...", G.input("C", "N", 3, 3)).type
    float64[N]
    """
    if not operands:
        raise InputError("einsum: needs subscripts such as 'ij,jk->ik' and at least one operand")
    return contraction.einsum(subscripts, tuple([lift(x, "einsum") for x in operands]))


def tensordot(a: Value, b: Value, axes: Any = 2) -> Expr:
    """Sum of products over the last `axes` axes of `a` and the first of `b`, or over a pair of lists of axes.

    Raises ShapeError when the sizes of axes that are summed over differ, or an axis is not there.

    >>> import graphc as G
    >>> G.tensordot(G.input("a", "N", 3, 4), G.input("b", 4, 3, 2), axes=([1, 2], [1, 0])).type
    float64[N,2]
    """
    x, y = lift(a, "tensordot"), lift(b, "tensordot")
    if isinstance(axes, (tuple, list)):
        over_a, over_b = (list(o) if isinstance(o, (tuple, list)) else [o] for o in axes)
    else:
        over_a, over_b = list(range(-axes, 0)), list(range(axes))
    if len(over_a) != len(over_b):
        raise ShapeError(f"tensordot: {len(over_a)} axes of the first operand meet {len(over_b)} of the second")
    letters = iter(ascii_letters)
    s = [next(letters) for _ in x.shape]
    t = [next(letters) for _ in y.shape]
    for i, j in zip(over_a, over_b):
        t[as_axis(j, y.ndim)] = s[as_axis(i, x.ndim)]
        _agree("tensordot", x, y, i, j)
    out = [c for c in s if c not in t] + [c for c in t if c not in s]
    return einsum(f"{''.join(s)},{''.join(t)}->{''.join(out)}", x, y)


def _agree(who: str, x: Expr, y: Expr, i: int, j: int) -> None:
    """Axis i of x and axis j of y have one size: here, 1 does not broadcast. Raises ShapeError."""
    if x.shape[as_axis(i, x.ndim)] != y.shape[as_axis(j, y.ndim)]:
        raise ShapeError(f"{who}: {x.type} and {y.type}: sizes {x.shape[i]} and {y.shape[j]} to sum over differ")


def dot(a: Value, b: Value) -> Expr:
    """NumPy's dot: the matrix product for vectors and matrices, a product for a scalar.

    For more axes, the sum over the last axis of `a` and the last but one of `b`: the other axes of `a`, then those
    of `b`, where `matmul` would broadcast them. Raises ShapeError when the sizes differ.
    """
    x, y = lift(a, "dot"), lift(b, "dot")
    if x.ndim == 0 or y.ndim == 0:
        return x * y
    return linalg.MATMUL(x, y) if y.ndim <= 2 else tensordot(x, y, axes=(-1, -2))


def inner(a: Value, b: Value) -> Expr:
    """The sum of products over the last axis of both, a product for a scalar. Raises ShapeError when the sizes differ.

    >>> import graphc as G
    >>> G.inner(G.input("a", 2, 3), G.input("b", 4, 3)).type
    float64[2,4]
    """
    x, y = lift(a, "inner"), lift(b, "inner")
    return x * y if x.ndim == 0 or y.ndim == 0 else tensordot(x, y, axes=(-1, -1))


def outer(a: Value, b: Value) -> Expr:
    """Every element of `a` (flattened) times every element of `b`: a matrix.

    >>> import graphc as G
    >>> G.outer(G.input("u", "N"), G.input("v", 3)).type
    float64[N,3]
    """
    x, y = lift(a, "outer"), lift(b, "outer")
    return RESHAPE(x, shape=(x.size, 1)) * _flat(y)


def _flat(x: Expr) -> Expr:
    return x if x.ndim == 1 else x.ravel()


def vdot(a: Value, b: Value) -> Expr:
    """The sum of products of all elements, both flattened: a scalar. Raises ShapeError when the numbers differ."""
    return linalg.MATMUL(_flat(lift(a, "vdot")), _flat(lift(b, "vdot")))


def vecdot(x1: Value, x2: Value, axis: int = -1) -> Expr:
    """Dot products of the vectors that lie along `axis`; the other axes broadcast.

    Raises ShapeError when the lengths differ or an operand is a scalar.
    """
    x, y = _with_last(lift(x1, "vecdot"), axis), _with_last(lift(x2, "vecdot"), axis)
    _agree("vecdot", x, y, -1, -1)
    return einsum("...i,...i->...", x, y)


def matvec(x1: Value, x2: Value) -> Expr:
    """Matrices `(..., m, n)` times vectors `(..., n)`; the leading axes broadcast. Raises ShapeError, as `matmul`."""
    x, y = lift(x1, "matvec"), lift(x2, "matvec")
    if y.ndim <= 1:
        return linalg.MATMUL(x, y)
    _agree("matvec", x, y, -1, -1)
    return einsum("...ij,...j->...i", x, y)


def vecmat(x1: Value, x2: Value) -> Expr:
    """Vectors `(..., m)` times matrices `(..., m, n)`; the leading axes broadcast. Raises ShapeError, as `matmul`."""
    x, y = lift(x1, "vecmat"), lift(x2, "vecmat")
    if x.ndim <= 1:
        return linalg.MATMUL(x, y)
    _agree("vecmat", x, y, -1, -2)
    return einsum("...i,...ij->...j", x, y)


def kron(a: Value, b: Value) -> Expr:
    """Kronecker product: blocks of `b`, one for each element of `a`, axis by axis.

    >>> import graphc as G
    >>> G.kron(G.input("a", 2, "N"), G.input("b", 3, 4)).type
    float64[6,4*N]
    """
    x, y = lift(a, "kron"), lift(b, "kron")
    rank = max(x.ndim, y.ndim)
    m, n = (1,) * (rank - x.ndim) + x.shape, (1,) * (rank - y.ndim) + y.shape
    coarse = RESHAPE(x, shape=tuple(s for size in m for s in (size, 1)))
    fine = RESHAPE(y, shape=tuple(s for size in n for s in (1, size)))
    return RESHAPE(coarse * fine, shape=tuple(p * q for p, q in zip(m, n)))


def cross(a: Value, b: Value, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Expr:
    """Vector product of vectors of two or three components; the other axes broadcast.

    A vector of two has the third component 0; of two such vectors the result is the third component alone.
    Raises ShapeError for other lengths.

    >>> import graphc as G
    >>> G.cross(G.input("u", "N", 3), G.input("v", 3)).type
    float64[N,3]
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = _with_last(lift(a, "cross"), axisa), _with_last(lift(b, "cross"), axisb)
    for v in (x, y):
        if v.ndim == 0 or v.shape[-1] not in (2, 3):
            raise ShapeError(f"cross: vectors have 2 or 3 components, got {x.type} and {y.type}")
    if x.shape[-1] == y.shape[-1] == 2:
        return x[..., 0] * y[..., 1] - x[..., 1] * y[..., 0]
    return _last_to(contraction.CROSS(_in_space(x), _in_space(y)), axisc)


def _in_space(v: Expr) -> Expr:
    """A vector of two with a third component, 0."""
    zero = BROADCAST_TO(lift(v.dtype.type(0)), shape=(*v.shape[:-1], 1))
    return v if v.shape[-1] == 3 else CONCATENATE(v, zero, axis=-1)


def _with_last(x: Expr, axis: int) -> Expr:
    """`x` with its axis `axis` last."""
    if x.ndim == 0:
        return x
    i = as_axis(axis, x.ndim)
    return x if i == x.ndim - 1 else TRANSPOSE(x, axes=(*(k for k in range(x.ndim) if k != i), i))


def _last_to(x: Expr, axis: int) -> Expr:
    i = as_axis(axis, x.ndim)
    order = list(range(x.ndim - 1))
    order.insert(i, x.ndim - 1)
    return x if i == x.ndim - 1 else TRANSPOSE(x, axes=tuple(order))
