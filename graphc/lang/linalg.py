"""Linear algebra under NumPy's names: `G.linalg`. All but `lstsq` take stacks of matrices over leading axes.

Integers and bools become float64, as in NumPy. Derivatives are those of M. Giles, "Collected matrix derivative results
for forward and reverse mode algorithmic differentiation", 2008, and the papers named in `graphc.ops.decomposition`.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import GraphcError, InputError, ShapeError
from ..ir import Expr, item, lift
from ..ops import decomposition, linalg
from ..ops.contraction import estimate
from ..ops.elementwise import ABSOLUTE, MAXIMUM, NOT_EQUAL, POWER_ROW
from ..ops.reduction import MAX, MIN, NORM2, SUM
from ..ops.shaping import BROADCAST_TO, TRANSPOSE
from ..types import as_axes, as_axis
from .contraction import cross, einsum, matmul, outer, tensordot, vecdot
from .value import Axis, Value

__all__ = [
    "cholesky", "cond", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "lstsq", "matmul", "matrix_norm",
    "matrix_power", "matrix_transpose", "multi_dot", "norm", "outer", "pinv", "qr", "slogdet", "solve", "svd",
    "svdvals", "tensordot", "trace", "vecdot", "vector_norm",
]  # fmt: skip


def real(x: Value) -> Expr:
    """`x` in float64, unless it is floating already."""
    node = lift(x, "linalg")
    return node if node.type.is_float else node.astype("float64")


# -- inverses, determinants, systems ----------------------------------------------------------------------------------


def inv(a: Value) -> Expr:
    """The inverse of square matrices `(..., n, n)`; of a singular one, NumPy raises LinAlgError when it runs.

    From Y = X⁻¹: X̄ = -Yᵀ Ȳ Yᵀ. Raises ShapeError unless the matrices are square.

    >>> import graphc as G
    >>> X = G.input("X", 3, 3)
    >>> print(G.simplify(G.vjp(G.linalg.inv(X), X, G.input("C", 3, 3))))
    -inv(X).T @ C @ inv(X).T
    """
    return linalg.INV(real(a))


def det(a: Value) -> Expr:
    """The determinant of square matrices `(..., n, n)`.

    Its gradient is the matrix of cofactors, which is finite and exact for singular matrices too: it is zero
    where the rank is below n - 1. Raises ShapeError unless the matrices are square.

    >>> import graphc as G, numpy as np
    >>> X = G.input("X", 2, 2)
    >>> G.evaluate(G.gradients(G.linalg.det(X), X), {X: np.array([[1.0, 0.0], [0.0, 0.0]])}).round(12) + 0.0
    array([[0., 0.],
           [0., 1.]])
    """
    return linalg.DET(real(a))


def slogdet(a: Value) -> tuple[Expr, Expr]:
    """The sign of the determinant and log of its absolute value, which neither overflows nor underflows.

    The gradient of the second is X⁻ᵀ, whatever the sign; the sign is constant. Raises ShapeError unless the
    matrices are square.
    """
    both = linalg.SLOGDET(real(a))
    return item(both, 0), item(both, 1)


def solve(a: Value, b: Value) -> Expr:
    """x with a @ x = b, for square matrices `(..., n, n)`; `b` of one axis is a vector, of more a stack of matrices.

    b̄ = A⁻ᵀ x̄ and Ā = -b̄ xᵀ. Raises ShapeError when the sizes do not agree.

    >>> import graphc as G
    >>> G.linalg.solve(G.input("A", "N", 3, 3), G.input("b", 3)).type
    float64[N,3]
    """
    return linalg.SOLVE(real(a), real(b))


def matrix_power(a: Value, n: int) -> Expr:
    """A square matrix multiplied by itself, n times; the identity for n = 0, of the inverse for n below 0.

    Integers stay integers for n from 0 up. Raises ShapeError unless the matrices are square, InputError unless n is
    an integer.

    >>> import graphc as G
    >>> print(G.linalg.matrix_power(G.input("A", 3, 3), 3))
    A @ A @ A
    """
    try:
        count = operator.index(n)
    except (TypeError, GraphcError):
        raise InputError(f"matrix_power: the exponent is an integer, got {str(n)[:60]!r}") from None
    x = lift(a, "matrix_power") if count >= 0 else inv(a)
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"matrix_power: needs square matrices, got {x.type}")
    if count == 0:
        return _identity(x)
    result, power, left = None, x, abs(count)
    while left:  # squares of squares, as few products as the bits of n
        if left & 1:
            result = power if result is None else power @ result
        left >>= 1
        power = power @ power if left else power
    assert result is not None
    return result


def _identity(x: Expr) -> Expr:
    ones = BROADCAST_TO(lift(x.dtype.type(1)), shape=x.shape[-1:])
    return BROADCAST_TO(decomposition.diagonal_matrices(ones), shape=x.shape)


def multi_dot(arrays: Sequence[Value]) -> Expr:
    """The matrix product of two or more arrays in the order of least work; the first and the last may be vectors.

    A named size counts as 100. Raises ShapeError for other numbers of axes and for sizes that do not agree.

    >>> import graphc as G
    >>> A, B, C = G.input("A", 10, 100), G.input("B", 100, 5), G.input("C", 5, 50)
    >>> print(G.linalg.multi_dot([A, B, C]))
    A @ B @ C
    >>> print(G.linalg.multi_dot([C.T, B.T, A.T]))
    C.T @ (B.T @ A.T)
    """
    xs = [lift(x, "multi_dot") for x in arrays]
    if len(xs) < 2:
        raise ShapeError(f"multi_dot: needs two arrays or more, got {len(xs)}")
    for i, x in enumerate(xs):
        if x.ndim != 2 and not (x.ndim == 1 and i in (0, len(xs) - 1)):
            raise ShapeError(f"multi_dot: needs matrices, and vectors at the ends only, got {x.type} at {i}")
    rows = [1 if x.ndim == 1 and i == 0 else estimate(x.shape[0]) for i, x in enumerate(xs)]
    return _product(xs, _cheapest([*rows, 1 if xs[-1].ndim == 1 else estimate(xs[-1].shape[1])]))


def _cheapest(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """Where to cut the chain from i up to j: least(i, j) = min over k of least(i, k) + least(k, j) + p_i p_k p_j."""
    count = len(sizes) - 1
    least = {(i, i + 1): 0 for i in range(count)}
    cut = {}
    for span in range(2, count + 1):
        for i in range(count - span + 1):
            j = i + span
            least[i, j], k = min((least[i, k] + least[k, j] + sizes[i] * sizes[k] * sizes[j], -k)
                                 for k in range(i + 1, j))
            cut[i, j] = -k
    return cut


def _product(xs: Sequence[Expr], cut: dict[tuple[int, int], int]) -> Expr:
    done = {(i, i + 1): x for i, x in enumerate(xs)}
    stack = [(0, len(xs))]
    while stack:
        i, j = stack[-1]
        if (i, j) in done:
            stack.pop()
            continue
        halves = (i, cut[i, j]), (cut[i, j], j)
        missing = [h for h in halves if h not in done]
        if missing:
            stack += missing
        else:
            done[i, j] = done[halves[0]] @ done[halves[1]]
    return done[0, len(xs)]


# -- decompositions ---------------------------------------------------------------------------------------------------


def cholesky(a: Value) -> Expr:
    """The lower triangular L with L Lᵀ = a, for symmetric positive definite matrices `(..., n, n)`.

    As NumPy, reads the lower triangle alone; the derivative is that for the symmetric matrix (a + aᵀ)/2, so that the
    gradient is symmetric. Raises ShapeError unless the matrices are square; NumPy raises LinAlgError when it runs
    unless they are positive definite.
    """
    return decomposition.CHOLESKY(real(a))


def qr(a: Value, mode: str = "reduced") -> Any:
    """Q `(..., m, k)` with orthonormal columns and R `(..., k, n)`, upper triangular; k = min(m, n). Mode "r": R alone.

    The derivative needs the first k columns to be independent. Raises ShapeError where named sizes leave it open
    which of m and n is smaller, InputError for another mode.
    """
    if mode not in ("reduced", "r"):
        raise InputError(f"qr: no mode {mode!r} here; choose from reduced, r")
    both = decomposition.QR(real(a))
    return item(both, 1) if mode == "r" else (item(both, 0), item(both, 1))


def eigh(a: Value, UPLO: str = "L") -> tuple[Expr, Expr]:
    """Eigenvalues in ascending order `(..., n)` and eigenvectors as columns `(..., n, n)` of symmetric matrices.

    As NumPy, reads one triangle alone; the derivative is that for the symmetric matrix (a + aᵀ)/2. Eigenvectors are
    chosen up to a sign, and up to a rotation where eigenvalues are equal. There the turn of their vectors among
    each other counts as 0: gradients stay finite, and are exact for symmetric functions of the eigenvalues and for
    projectors onto the whole eigenspace. Raises ShapeError unless the matrices are square, InputError for another UPLO.

    >>> import graphc as G
    >>> w, v = G.linalg.eigh(G.input("A", "N", 3, 3))
    >>> w.type, v.type
    (float64[N,3], float64[N,3,3])
    """
    both = decomposition.EIGH(_triangle(a, UPLO, "eigh"))
    return item(both, 0), item(both, 1)


def eigvalsh(a: Value, UPLO: str = "L") -> Expr:
    """The eigenvalues of `eigh` alone; their gradients are v vᵀ, one eigenvector v each."""
    return decomposition.EIGVALSH(_triangle(a, UPLO, "eigvalsh"))


def _triangle(a: Value, which: str, who: str) -> Expr:
    """`a` with the triangle that is meant below the diagonal."""
    if str(which).upper() not in ("L", "U"):
        raise InputError(f"{who}: UPLO is 'L' or 'U', got {str(which)[:20]!r}")
    return real(a) if str(which).upper() == "L" else real(a).mT


def svd(a: Value, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """U, singular values in descending order, Vᵀ: of `(..., m, n)`, with k = min(m, n).

    As in NumPy, U is `(..., m, m)` and Vᵀ `(..., n, n)`, or `(..., m, k)` and `(..., k, n)` when not `full_matrices`;
    without `compute_uv`, the singular values `(..., k)` alone. Vectors are chosen up to signs, and up to
    rotations where singular values are equal, with the same convention as `eigh`. Raises ShapeError where
    named sizes leave it open which of m and n is smaller.
    """
    if not compute_uv:
        return svdvals(a)
    x = real(a)
    square = x.ndim >= 2 and x.shape[-1] == x.shape[-2]
    whole = decomposition.SVD(x, full=bool(full_matrices) and not square)
    return item(whole, 0), item(whole, 1), item(whole, 2)


def svdvals(x: Value) -> Expr:
    """The singular values of `svd` alone; their gradients are u vᵀ, and 0 where the singular value is 0."""
    return decomposition.SVDVALS(real(x))


def pinv(a: Value, rcond: float | None = None) -> Expr:
    """The Moore-Penrose inverse `(..., n, m)` of matrices `(..., m, n)`.

    Singular values below `rcond` times the largest count as 0. The derivative is that at constant rank
    (Golub and Pereyra 1973).
    """
    return decomposition.PINV(real(a), rcond=None if rcond is None else float(rcond))


def lstsq(a: Value, b: Value, rcond: float | None = None) -> tuple[Expr, Expr, Expr, Expr]:
    """Least squares: x of least norm that minimises |a x - b|², the sums of squared residuals, the rank of a, and
    its singular values; `a` is `(m, n)`, `b` `(m,)` or `(m, k)`.

    As in NumPy, the residuals are an array of size 0 where m ≤ n; NumPy gives none either where the rank is
    below n, which is not known before it runs, and they are here. The derivative is that at constant rank.
    Raises ShapeError for other shapes.
    """
    x, y = real(a), real(b)
    best = decomposition.LSTSQ(x, y, rcond=None if rcond is None else float(rcond))
    m, n = x.shape
    off = y - x @ best
    left: Any = SUM(off * off, axis=0)
    if isinstance(m, int) and isinstance(n, int) and m <= n:
        left = lift(np.zeros(0, best.dtype))
    elif y.ndim == 1:
        left = left.reshape(1)
    s = svdvals(x)
    eps = float(np.finfo(x.dtype).eps)
    small = MAXIMUM(lift(m), lift(n)) * eps if rcond is None else float(rcond)
    return best, left, SUM(s > small * s[:1], axis=0), s


# -- norms and parts --------------------------------------------------------------------------------------------------


def norm(x: Value, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Expr:
    """The norm of vectors along one axis, of matrices along two, or of everything: Euclidean by default.

    For vectors `ord` is any number, inf and -inf included, 0 the count of those not 0; for matrices None or "fro",
    "nuc", 1, -1, 2, -2, inf, -inf. Scaled, so that squares neither overflow nor vanish. The gradient is x/|x| for
    the Euclidean norm; where a norm is 0, it is 0, the subgradient of least norm; extrema that tie share equally.
    Raises ShapeError for other axes, InputError for another `ord`.

    >>> import graphc as G
    >>> G.linalg.norm(G.input("x", "N", 3), axis=1).type
    float64[N]
    """
    v = real(x)
    axes = as_axes(axis, v.ndim)
    if ord is None:
        return NORM2(v, axis=axes, keepdims=keepdims)
    if len(axes) == 1:
        return _vector_norm(v, ord, axes[0], keepdims)
    if len(axes) == 2:
        rows, columns = axes if axis is None else [as_axis(i, v.ndim) for i in axis]  # type: ignore[union-attr]
        return _matrix_norm(v, ord, rows, columns, keepdims)
    raise ShapeError(f"norm: ord={ord!r} needs one axis or two, got {len(axes)} of {v.type}")


def vector_norm(x: Value, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> Expr:
    """The norm of the elements along axes, all by default, as one vector; `ord` as for `norm` of vectors."""
    v = real(x)
    axes = as_axes(axis, v.ndim)
    if ord == 2 or len(axes) == 1:
        return norm(v, None if ord == 2 else ord, axes, keepdims)
    others = [i for i in range(v.ndim) if i not in axes]
    flat = TRANSPOSE(v, axes=(*others, *axes)).reshape(*[v.shape[i] for i in others], -1)
    y = _vector_norm(flat, ord, flat.ndim - 1, False)
    return y if not keepdims else y.reshape(*[1 if i in axes else s for i, s in enumerate(v.shape)])


def matrix_norm(x: Value, keepdims: bool = False, ord: Any = "fro") -> Expr:
    """The norm of matrices along the last two axes; `ord` as for `norm` of matrices."""
    v = real(x)
    if v.ndim < 2:
        raise ShapeError(f"matrix_norm: needs two dimensions or more, got {v.type}")
    return norm(v, ord, (v.ndim - 2, v.ndim - 1), keepdims)


def _vector_norm(x: Expr, ord: Any, axis: int, keepdims: bool) -> Expr:
    if isinstance(ord, str) or ord is None:
        raise InputError(f"norm: no norm {ord!r} of vectors; choose a number, inf or -inf")
    size = ABSOLUTE(x)
    at = {"axis": axis, "keepdims": keepdims}
    if ord in (np.inf, -np.inf):
        return (MAX if ord > 0 else MIN)(size, **at)
    if ord == 0:
        return SUM(NOT_EQUAL(x, 0).astype(x.type.dtype), **at)
    if ord == 1:
        return SUM(size, **at)
    if ord < 0:
        return POWER_ROW(SUM(POWER_ROW(size, float(ord)), **at), 1 / float(ord))
    return NORM2(x, **at) if ord == 2 else linalg.VECTOR_NORM(x, order=float(ord), **at)


def _matrix_norm(x: Expr, ord: Any, rows: int, columns: int, keepdims: bool) -> Expr:
    both = (rows, columns)
    if ord == "fro":
        return NORM2(x, axis=both, keepdims=keepdims)
    if ord in (1, -1, np.inf, -np.inf):
        along, across = both if abs(ord) == 1 else (columns, rows)
        sums = SUM(ABSOLUTE(x), axis=along, keepdims=True)
        y = (MAX if ord > 0 else MIN)(sums, axis=across, keepdims=True)
    elif ord in (2, -2, "nuc"):
        others = [i for i in range(x.ndim) if i not in both]
        s = svdvals(TRANSPOSE(x, axes=(*others, rows, columns)))
        y = (SUM if ord == "nuc" else MAX if ord == 2 else MIN)(s, axis=-1)
    else:
        raise InputError(f"norm: no norm {ord!r} of matrices; choose from None, 'fro', 'nuc', 1, -1, 2, -2, inf, -inf")
    shape = [1 if i in both else s for i, s in enumerate(x.shape)]
    return y.reshape(shape) if keepdims else y.reshape([s for i, s in enumerate(x.shape) if i not in both])


def cond(x: Value, p: Any = None) -> Expr:
    """The condition number: the ratio of the largest singular value to the smallest, or norm(x) norm(inv(x)) by `p`."""
    v = real(x)
    if p is None or p in (2, -2):
        s = svdvals(v)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return matrix_norm(v, ord=p) * matrix_norm(inv(v), ord=p)


def trace(x: Value, offset: int = 0) -> Expr:
    """The sum of the diagonal of matrices `(..., m, n)`, or of one above it (below it, for a negative offset)."""
    return SUM(diagonal(x, offset), axis=-1)


def diagonal(x: Value, offset: int = 0) -> Expr:
    """The diagonal of matrices `(..., m, n)`, or one above it; sizes are numbers, unless it is that of a square."""
    v = lift(x, "diagonal")
    if v.ndim < 2:
        raise ShapeError(f"diagonal: needs matrices, with two dimensions or more, got {v.type}")
    m, n = v.shape[-2:]
    if offset or m != n:
        if not isinstance(m, int) or not isinstance(n, int):
            raise ShapeError(f"diagonal: needs sizes that are numbers, got {v.type}")
        low, right = max(-offset, 0), max(offset, 0)
        length = max(min(m - low, n - right), 0)
        v = v[..., min(low, m) : low + length, min(right, n) : right + length]
    return einsum("...ii->...i", v)


def matrix_transpose(x: Value) -> Expr:
    """The last two axes exchanged, as `.mT`."""
    return lift(x, "matrix_transpose").mT
