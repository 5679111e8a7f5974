"""Decompositions: Cholesky, QR, symmetric eigenvalues, singular values; pseudo-inverse and least squares.

Derivatives: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", 2008; J. Townsend, "Differentiating the singular value decomposition", 2016; M. Seeger and others,
"Auto-differentiating linear algebra", 2017; G. Golub and V. Pereyra, "The differentiation of pseudo-inverses and
nonlinear least squares problems whose variables separate", 1973.

Where two eigenvalues or singular values are equal to rounding, their vectors are any of a plane, and the part of a
derivative that would turn them within it is taken as 0. That is exact for symmetric functions of the values and
for projectors onto the plane. It is not for f(A) = V f(w) Vᵀ of such a matrix, where it lacks the term f'(w) between
equal values, which no rule that sees V and its cotangent alone can know; it stays finite.
"""

from __future__ import annotations

from typing import Any

from ..dims import Size
from ..errors import DTypeError, ShapeError
from ..formula import ATOM, RELATION, Form, call
from ..ir import TUPLE, Expr, Op, item
from ..types import TensorType, TupleType, promote
from .contraction import PUT_DIAGONAL, TAKE_DIAGONAL
from .elementwise import SAFE_DIVIDE, plus
from .linalg import INV, SOLVE, column, known_zero, matrix_type, square_type
from .reduction import SUM
from .shaping import CONCATENATE, RESHAPE

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


# -- matrices and their parts -----------------------------------------------------------------------------------------


def diagonals(x: Expr) -> Expr:
    """The diagonals of square matrices, as vectors."""
    batch = _LETTERS[: x.ndim - 2]
    return TAKE_DIAGONAL.make((x,), (f"{batch}zz->{batch}z",))


def diagonal_matrices(v: Expr) -> Expr:
    batch = _LETTERS[: v.ndim - 1]
    return PUT_DIAGONAL.make((v,), (f"{batch}zz->{batch}z", (*v.shape, v.shape[-1])))


def row(v: Expr) -> Expr:
    return RESHAPE(v, shape=(*v.shape[:-1], 1, v.shape[-1]))


def symmetric(x: Expr) -> Expr:
    return 0.5 * (x + x.mT)


def smaller(x: TensorType) -> Size:
    """The number of singular values. Raises ShapeError where named sizes leave it open."""
    m, n = x.shape[-2:]
    if m == n:
        return m
    if not isinstance(m, int) or not isinstance(n, int):
        raise ShapeError(f"which of the sizes {m} and {n} is smaller is not known; give both as numbers")
    return min(m, n)


LOWER_HALF: Op = Op(
    # The lower triangle with the diagonal halved: a symmetric matrix is the sum of this and its transpose.
    "lower_half",
    type_of=square_type,
    pullback=lambda g, y, x: (LOWER_HALF(g),),
    pushforward=lambda t, y, x: LOWER_HALF(t[0]),
    numpy="lower_half({0})",
    helper='''\
def lower_half(x):
    """The lower triangle of square matrices with the diagonal halved."""
    return np.tril(x) - x * x.dtype.type(0.5) * np.eye(x.shape[-1], dtype=x.dtype)
''',
    form=call("lower_half", r"\Phi"),
    cost=2,
)

def _values_type(w: TensorType) -> TensorType:
    """Of eigenvalues and singular values, which are never integers."""
    if not w.is_float:
        raise DTypeError(f"needs float64 or float32, got {w.dtype}; use astype")
    return w


INVERSE_GAPS: Op = Op(
    "inverse_gaps",
    type_of=lambda w: TensorType((*_values_type(w).shape, w.shape[-1]), w.dtype),
    pullback=lambda g, y, w: (_gap_pullback(g * y * y),),
    pushforward=lambda t, y, w: (column(t[0]) - row(t[0])) * y * y,
    numpy="inverse_gaps({0})",
    helper='''\
def inverse_gaps(w):
    """1 / (w[j] - w[i]) at row i, column j, and 0 where the two are equal to rounding."""
    gap = w[..., None, :] - w[..., :, None]
    largest = np.max(np.abs(w), axis=-1, initial=0)[..., None, None]
    equal = np.abs(gap) <= w.shape[-1] * np.finfo(w.dtype).eps * largest
    return np.where(equal, 0, 1 / np.where(equal, 1, gap))
''',
    form=call("inverse_gaps"),
    cost=6,
)


def _gap_pullback(h: Expr) -> Expr:
    """y = 1/(w_j - w_i) has the derivative -y² by w_j and y² by w_i."""
    return SUM(h, axis=h.ndim - 1) - SUM(h, axis=h.ndim - 2)


CUT_RECIPROCAL: Op = Op(
    "cut_reciprocal",
    type_of=_values_type,
    pullback=lambda g, y, s: (-(g * y * y),),
    pushforward=lambda t, y, s: -(t[0] * y * y),
    numpy="cut_reciprocal({0})",
    helper='''\
def cut_reciprocal(s):
    """1 / s, and 0 for a singular value that is 0 to rounding."""
    zero = s <= s.shape[-1] * np.finfo(s.dtype).eps * np.max(s, axis=-1, keepdims=True, initial=0)
    return np.where(zero, 0, 1 / np.where(zero, 1, s))
''',
    form=call("cut_reciprocal"),
    cost=6,
)


# -- Cholesky ---------------------------------------------------------------------------------------------------------


def _cholesky_pullback(g: Expr, y: Expr, x: Expr) -> tuple[Expr]:
    """X̄ = sym(L⁻ᵀ Φ(Lᵀ L̄) L⁻¹)."""
    inverse = INV(y)
    return (symmetric(inverse.mT @ LOWER_HALF(y.mT @ g) @ inverse),)


def _cholesky_pushforward(t: Any, y: Expr, x: Expr) -> Expr:
    """dL = L Φ(L⁻¹ sym(dX) L⁻ᵀ)."""
    inverse = INV(y)
    return y @ LOWER_HALF(inverse @ symmetric(t[0]) @ inverse.mT)


CHOLESKY: Op = Op(
    # Reads the lower triangle; its derivative is that of the Cholesky factor of (x + xᵀ)/2.
    "cholesky",
    type_of=square_type,
    pullback=_cholesky_pullback,
    pushforward=_cholesky_pushforward,
    numpy="np.linalg.cholesky({0})",
    form=call("cholesky", r"\operatorname{chol}"),
    cost=10,
)


# -- QR ---------------------------------------------------------------------------------------------------------------


def _qr_type(x: TensorType) -> TensorType:
    k = smaller(matrix_type(x))
    batch, (m, n) = x.shape[:-2], x.shape[-2:]
    return TupleType((TensorType((*batch, m, k), x.dtype), TensorType((*batch, k, n), x.dtype)))


def _qr_pullback(g: tuple[Expr, Expr], y: Expr, x: Expr) -> tuple[Expr]:
    """Of A = [X Y] with as many columns in X as rows in R = [U V]: V = QᵀY hands V̄ to Q and Y."""
    q, r = item(y, 0), item(y, 1)
    by_q, by_r = (None if known_zero(c) else c for c in g)
    k = q.shape[-1]
    if x.shape[-1] == k:
        return (_tall_qr_pullback(by_q, by_r, q, r),)
    if by_r is None:
        by_rest = 0 * x[..., k:]
    else:
        by_q, by_rest = plus(by_q, x[..., k:] @ by_r[..., k:].mT), q @ by_r[..., k:]
    first = _tall_qr_pullback(by_q, None if by_r is None else by_r[..., :k], q, r[..., :k])
    return (CONCATENATE(first, by_rest, axis=-1),)


def _tall_qr_pullback(by_q: Expr | None, by_r: Expr | None, q: Expr, r: Expr) -> Expr:
    """Ā = (Q̄ + Q sym_from_lower(R R̄ᵀ - Q̄ᵀ Q)) R⁻ᵀ (Seeger 2017, LQ transposed)."""
    inner = plus(None if by_r is None else r @ by_r.mT, None if by_q is None else -(by_q.mT @ q))
    assert inner is not None
    half = LOWER_HALF(inner)
    total = plus(by_q, q @ (half + half.mT))
    assert total is not None
    return SOLVE(r, total.mT).mT


def _qr_pushforward(t: Any, y: Expr, x: Expr) -> Expr:
    """dQ = QΩ + (I - QQᵀ) dX U⁻¹ and dU = (QᵀdX U⁻¹ - Ω) U, Ω antisymmetric; dV = d(QᵀY)."""
    q, r = item(y, 0), item(y, 1)
    k = q.shape[-1]
    first, change = r[..., :k], t[0][..., :k]
    along = SOLVE(first.mT, change.mT).mT
    inside = q.mT @ along
    half = LOWER_HALF(inside)
    turn = half - half.mT
    dq = q @ (turn - inside) + along
    dr = (inside - turn) @ first
    if x.shape[-1] != k:
        dr = CONCATENATE(dr, dq.mT @ x[..., k:] + q.mT @ t[0][..., k:], axis=-1)
    return TUPLE(dq, dr)


QR: Op = Op(
    # Results: Q of min(m, n) orthonormal columns, R upper triangular.
    "qr",
    type_of=_qr_type,
    pullback=_qr_pullback,
    pushforward=_qr_pushforward,
    numpy="np.linalg.qr({0})",
    form=call("qr"),
    cost=60,
)


# -- eigenvalues of symmetric matrices --------------------------------------------------------------------------------


def _eigh_type(x: TensorType) -> TensorType:
    return TupleType((TensorType(square_type(x).shape[:-1], x.dtype), x))


def _eigh_pullback(g: tuple[Expr, Expr], y: Expr, x: Expr) -> tuple[Expr | None]:
    """X̄ = sym(V (diag(w̄) + F ∘ VᵀV̄) Vᵀ) with F_ij = 1/(w_j - w_i) (Giles 3.1)."""
    w, v = item(y, 0), item(y, 1)
    inner = plus(None if known_zero(g[0]) else diagonal_matrices(g[0]),
                 None if known_zero(g[1]) else INVERSE_GAPS(w) * (v.mT @ g[1]))
    return (None if inner is None else v @ symmetric(inner) @ v.mT,)


def _eigh_pushforward(t: Any, y: Expr, x: Expr) -> Expr:
    """dw = diag(Vᵀ dX V) and dV = V (F ∘ VᵀdX V)."""
    w, v = item(y, 0), item(y, 1)
    inner = v.mT @ symmetric(t[0]) @ v
    return TUPLE(diagonals(inner), v @ (INVERSE_GAPS(w) * inner))


EIGH: Op = Op(
    # Results: eigenvalues in ascending order, eigenvectors as columns.
    # Reads the lower triangle; the derivative is that of (x + xᵀ)/2.
    "eigh",
    type_of=_eigh_type,
    pullback=_eigh_pullback,
    pushforward=_eigh_pushforward,
    numpy="np.linalg.eigh({0})",
    form=call("eigh"),
    cost=200,
)


def _eigvalsh_pullback(g: Expr, y: Expr, x: Expr) -> tuple[Expr]:
    v = item(EIGH(x), 1)
    return ((v * row(g)) @ v.mT,)


def _eigvalsh_pushforward(t: Any, y: Expr, x: Expr) -> Expr:
    v = item(EIGH(x), 1)
    return SUM(v * (symmetric(t[0]) @ v), axis=x.ndim - 2)


EIGVALSH: Op = Op(
    "eigvalsh",
    type_of=lambda x: TensorType(square_type(x).shape[:-1], x.dtype),
    pullback=_eigvalsh_pullback,
    pushforward=_eigvalsh_pushforward,
    numpy="np.linalg.eigvalsh({0})",
    form=call("eigvalsh", r"\lambda"),
    cost=60,
)


# -- singular values --------------------------------------------------------------------------------------------------


def _svd_type(x: TensorType, full: bool) -> TensorType:
    k = smaller(matrix_type(x))
    batch, (m, n) = x.shape[:-2], x.shape[-2:]
    shapes = (m, m if full else k), (k,), (n if full else k, n)
    return TupleType(tuple(TensorType((*batch, *s), x.dtype) for s in shapes))


def _svd_factors(s: Expr) -> Expr:
    """1/(s_j² - s_i²) = 1/((s_j - s_i) (s_j + s_i))."""
    return SAFE_DIVIDE(INVERSE_GAPS(s), column(s) + row(s))


def _svd_pullback(g: tuple[Expr, Expr, Expr], y: Expr, x: Expr, full: bool) -> tuple[Expr | None]:
    """P̄ = F∘(UᵀŪ - ŪᵀU) S + S F∘(VᵀV̄ - V̄ᵀV) + diag(s̄);
    X̄ = U P̄ Vᵀ + (I - UUᵀ) Ū S⁻¹Vᵀ + U S⁻¹ V̄ᵀ(I - VVᵀ) (Townsend 2016)."""
    s = item(y, 1)
    k = s.shape[-1]
    u, by_u = _economical(item(y, 0), None if known_zero(g[0]) else g[0], k)
    v, by_v = _economical(item(y, 2).mT, None if known_zero(g[2]) else g[2].mT, k)
    inner = None if known_zero(g[1]) else diagonal_matrices(g[1])
    if by_u is not None:
        turned = _svd_factors(s) * (u.mT @ by_u)
        inner = plus(inner, (turned + turned.mT) * row(s))
    if by_v is not None:
        turned = _svd_factors(s) * (v.mT @ by_v)
        inner = plus(inner, column(s) * (turned + turned.mT))
    total = None if inner is None else u @ inner @ v.mT
    if by_u is not None and x.shape[-2] != k:
        total = plus(total, (_outside(by_u, u) * row(CUT_RECIPROCAL(s))) @ v.mT)
    if by_v is not None and x.shape[-1] != k:
        total = plus(total, (u * row(CUT_RECIPROCAL(s))) @ _outside(by_v, v).mT)
    return (total,)


def _outside(b: Expr, u: Expr) -> Expr:
    """(I - UUᵀ) B."""
    return b - u @ (u.mT @ b)


def _economical(u: Expr, g: Expr | None, k: Size) -> tuple[Expr, Expr | None]:
    """The first k columns of a full U = [U₁ U₂], and the cotangent of U as one of U₁: dU₂ = -U₁ dU₁ᵀ U₂."""
    if u.shape[-1] == k:
        return u, g
    first, rest = u[..., :k], u[..., k:]
    return first, None if g is None else g[..., :k] - rest @ (g[..., k:].mT @ first)


def _svd_pushforward(t: Any, y: Expr, x: Expr, full: bool) -> Expr:
    """dP = UᵀdX V; ds = diag(dP); dU = U F∘(dP S + S dPᵀ) + (I - UUᵀ) dX V S⁻¹, and V likewise by dXᵀ."""
    u, s, v = item(y, 0), item(y, 1), item(y, 2).mT
    k = s.shape[-1]
    u1, v1 = u[..., :k], v[..., :k]
    inner = u1.mT @ t[0] @ v1
    right, left, factors = inner * row(s), column(s) * inner, _svd_factors(s)
    du, dv = u1 @ (factors * (right + right.mT)), v1 @ (factors * (left + left.mT))
    if x.shape[-2] != k:
        du = du + _outside(t[0] @ (v1 * row(CUT_RECIPROCAL(s))), u1)
    if x.shape[-1] != k:
        dv = dv + _outside(t[0].mT @ (u1 * row(CUT_RECIPROCAL(s))), v1)
    return TUPLE(_completed(du, u, k), diagonals(inner), _completed(dv, v, k).mT)


def _completed(du: Expr, u: Expr, k: Size) -> Expr:
    """The tangent of [U₁ U₂] from that of U₁."""
    if u.shape[-1] == k:
        return du
    return CONCATENATE(du, -(u[..., :k] @ (du.mT @ u[..., k:])), axis=-1)


SVD: Op = Op(
    # Results: U, singular values in descending order, Vᵀ; with `full`, U and Vᵀ are square.
    "svd",
    type_of=_svd_type,
    pullback=_svd_pullback,
    pushforward=_svd_pushforward,
    numpy=lambda node: f"np.linalg.svd({{0}}{'' if node.attrs[0] else ', full_matrices=False'})",
    form=call("svd"),
    attrs=("full",),
    cost=300,
)


def _svdvals_vectors(x: Expr, s: Expr) -> tuple[Expr, Expr]:
    """U and Vᵀ, those of singular values 0 times 0: as |x|, the norm of x has there the least subgradient."""
    whole = SVD.make((x,), (False,))
    return item(whole, 0) * row(s * CUT_RECIPROCAL(s)), item(whole, 2)


def _svdvals_pullback(g: Expr, y: Expr, x: Expr) -> tuple[Expr]:
    u, vh = _svdvals_vectors(x, y)
    return ((u * row(g)) @ vh,)


def _svdvals_pushforward(t: Any, y: Expr, x: Expr) -> Expr:
    u, vh = _svdvals_vectors(x, y)
    return SUM(u * (t[0] @ vh.mT), axis=x.ndim - 2)


SVDVALS: Op = Op(
    "svdvals",
    type_of=lambda x: TensorType((*x.shape[:-2], smaller(matrix_type(x))), x.dtype),
    pullback=_svdvals_pullback,
    pushforward=_svdvals_pushforward,
    numpy="np.linalg.svd({0}, compute_uv=False)",
    form=call("svdvals", r"\sigma"),
    cost=100,
)


# -- pseudo-inverse and least squares ---------------------------------------------------------------------------------


def _pinv_pullback(g: Expr, y: Expr, x: Expr, rcond: float | None) -> tuple[Expr]:
    """From dY = -Y dX Y + Y Yᵀ dXᵀ (I - XY) + (I - YX) dXᵀ YᵀY (Golub and Pereyra 1973)."""
    turned = g.mT
    return (-(y.mT @ g @ y.mT) + (turned - x @ (y @ turned)) @ y @ y.mT + y.mT @ y @ (turned - (turned @ y) @ x),)


def _pinv_pushforward(t: Any, y: Expr, x: Expr, rcond: float | None) -> Expr:
    d = t[0].mT
    return -(y @ t[0] @ y) + y @ y.mT @ (d - (d @ x) @ y) + (d - y @ (x @ d)) @ y.mT @ y


PINV: Op = Op(
    "pinv",
    type_of=lambda x, rcond: TensorType((*matrix_type(x).shape[:-2], x.shape[-1], x.shape[-2]), x.dtype),
    pullback=_pinv_pullback,
    pushforward=_pinv_pushforward,
    numpy=lambda node: f"np.linalg.pinv({{0}}{'' if node.attrs[0] is None else f', rcond={node.attrs[0]!r}'})",
    form=Form("pinv({0})", "pinv({0})", r"\left({0}\right)^{{+}}", ATOM, (RELATION,)),
    attrs=("rcond",),
    cost=400,
)


def _lstsq_type(a: TensorType, b: TensorType, rcond: float | None) -> TensorType:
    if matrix_type(a).ndim != 2 or b.ndim not in (1, 2):
        raise ShapeError("needs a matrix and one right-hand side or a matrix of them")
    if a.shape[0] != b.shape[0]:
        raise ShapeError(f"{a.shape[0]} equations but {b.shape[0]} rows on the right")
    return TensorType((a.shape[1], *b.shape[1:]), promote((a, b))[0])


def _lstsq_pullback(g: Expr, y: Expr, a: Expr, b: Expr, rcond: float | None) -> tuple[Expr, Expr]:
    """x = A⁺b: b̄ = A⁺ᵀx̄ and Ā = -b̄ xᵀ + (b - Ax) (A⁺b̄)ᵀ + (A⁺ᵀx) (x̄ - A⁺A x̄)ᵀ."""
    inverse = PINV.make((a,), (rcond,))
    bs, xs, gs = (column(v) if b.ndim == 1 else v for v in (b, y, g))
    by_b = inverse.mT @ gs
    by_a = (-(by_b @ xs.mT) + (bs - a @ xs) @ (inverse @ by_b).mT
            + (inverse.mT @ xs) @ (gs - inverse @ (a @ gs)).mT)
    return by_a, RESHAPE(by_b, shape=b.shape) if b.ndim == 1 else by_b


def _lstsq_pushforward(t: Any, y: Expr, a: Expr, b: Expr, rcond: float | None) -> Expr:
    inverse = PINV.make((a,), (rcond,))
    total = None if t[1] is None else inverse @ t[1]
    if t[0] is not None:
        d = t[0].mT
        back, residual = inverse.mT @ y, b - a @ y
        total = plus(total, -(inverse @ (t[0] @ y)), inverse @ (inverse.mT @ (d @ residual)),
                     d @ back - inverse @ (a @ (d @ back)))
    assert total is not None
    return total


LSTSQ: Op = Op(
    # The solution of least squares, and of least norm where there are several.
    "lstsq",
    type_of=_lstsq_type,
    pullback=_lstsq_pullback,
    pushforward=_lstsq_pushforward,
    numpy=lambda node: f"np.linalg.lstsq({{0}}, {{1}}, rcond={node.attrs[0]!r})[0]",
    form=Form("lstsq({0}, {1})", "lstsq({0}, {1})", r"\left({0}\right)^{{+}} {1}", ATOM, (RELATION, ATOM)),
    attrs=("rcond",),
    cost=400,
)
