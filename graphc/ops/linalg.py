"""Matrix rows: product, inverse, determinant, solution of linear systems, norm of vectors; batched over leading axes.

Derivatives: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", 2008.
"""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, ShapeError
from ..formula import ATOM, PRODUCT, RELATION, Form, call
from ..ir import TUPLE, Expr, Op, item
from ..types import TensorType, TupleType, as_axes, broadcast_shapes, promote, reduced
from .elementwise import ABSOLUTE, SAFE_DIVIDE, SIGN, plus
from .reduction import SUM, axis_text, restore
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


# -- square matrices --------------------------------------------------------------------------------------------------


def matrix_type(x: TensorType) -> TensorType:
    """The type itself, when it holds real matrices. Raises ShapeError or DTypeError."""
    if not x.is_float:
        raise DTypeError(f"needs float64 or float32, got {x.dtype}; use astype")
    if x.ndim < 2:
        raise ShapeError(f"needs matrices, with two dimensions or more, got {x.ndim}")
    return x


def square_type(x: TensorType) -> TensorType:
    if matrix_type(x).shape[-2] != x.shape[-1]:
        raise ShapeError(f"needs square matrices, got {x.shape[-2]} rows and {x.shape[-1]} columns")
    return x


def each(g: Expr) -> Expr:
    """One number a matrix, with two axes of size 1 to multiply matrices by."""
    return RESHAPE(g, shape=(*g.shape, 1, 1))


def matrix_sum(x: Expr) -> Expr:
    return SUM(x, axis=(x.ndim - 2, x.ndim - 1))


def known_zero(x: Expr) -> bool:
    """Whether a cotangent is the zeros of a result that is not used."""
    while x.op.name in ("broadcast_to", "reshape", "transpose", "negative"):
        x = x.args[0]
    return x.op.name == "const" and not x.attrs[0].value.any()


def _inverse_pullback(g: Expr, y: Expr, x: Expr) -> tuple[Expr]:
    """From d(X⁻¹) = -X⁻¹ dX X⁻¹ (Giles 2.2.3)."""
    return (-(y.mT @ g @ y.mT),)


INV: Op = Op(
    "inv",
    type_of=square_type,
    pullback=_inverse_pullback,
    pushforward=lambda t, y, x: -(y @ t[0] @ y),
    numpy="np.linalg.inv({0})",
    form=Form("inv({0})", "inv({0})", r"\left({0}\right)^{{-1}}", ATOM, (RELATION,)),
    cost=40,
)

DET: Op = Op(
    # By its matrix of cofactors, the derivative is finite and exact where x is singular as well.
    "det",
    type_of=lambda x: TensorType(square_type(x).shape[:-2], x.dtype),
    pullback=lambda g, y, x: (each(g) * COFACTOR(x),),
    pushforward=lambda t, y, x: matrix_sum(t[0] * COFACTOR(x)),
    numpy="np.linalg.det({0})",
    form=call("det", r"\det"),
    cost=20,
)

COFACTOR: Op = Op(
    # det and inv come of one LU decomposition: with the exact factors of x + E, their product is the cofactors
    # of x + E, so it is as accurate near a singular x as by singular values, and several times faster.
    "cofactor",
    type_of=square_type,
    pullback=lambda g, y, x: (COFACTOR_SLOPE(x, g),),  # the Hessian of det, which is symmetric
    pushforward=lambda t, y, x: COFACTOR_SLOPE(x, t[0]),
    numpy="cofactor({0})",
    helper='''\
def cofactor(x):
    """The matrix of cofactors: det(x) inv(x).T, and by singular values for a singular x."""
    with np.errstate(over="ignore", under="ignore"):
        d = np.linalg.det(x)
        limits = np.finfo(x.dtype)
        if not np.any((np.abs(d) < limits.tiny / limits.eps) | np.isinf(d)):
            return d[..., None, None] * np.linalg.inv(x).mT
        u, s, vh = np.linalg.svd(x)
        others = np.prod(np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]), axis=-1)
        sign = np.linalg.det(u) * np.linalg.det(vh)
        return (u * (sign[..., None] * others)[..., None, :]) @ vh
''',
    form=Form("cofactor({0})", "cofactor({0})", r"\operatorname{{cof}}\left({0}\right)", ATOM, (RELATION,)),
    cost=200,
)


def _cofactor_slope_by_matrix(x: Expr, g: Expr, h: Expr) -> Expr:
    """The third derivative of det along g and h, where x is regular, with B = X⁻¹:

    det · (tr(BG) tr(BH) B - tr(BGBH) B - tr(BG) BHB - tr(BH) BGB + BGBHB + BHBGB)ᵀ.
    """
    inverse = INV(x)
    bg, bh = inverse @ g, inverse @ h
    tr_g, tr_h, tr_gh = each(matrix_sum(g * inverse.mT)), each(matrix_sum(h * inverse.mT)), each(matrix_sum(bg * bh.mT))
    inner = bg @ bh + bh @ bg - tr_g * bh - tr_h * bg
    return each(DET(x)) * ((tr_g * tr_h - tr_gh) * inverse + inner @ inverse).mT


COFACTOR_SLOPE: Op = Op(
    # The derivative of the cofactors of x along h; with S = diag(s) the entries of that of S are
    # Σk p(i,k) h(k,k) on the diagonal and -p(i,j) h(j,i) beside it, p(i,j) the product of all s but two.
    "cofactor_slope",
    type_of=lambda x, h: TensorType(square_type(x).shape, promote((x, h))[0]),
    pullback=lambda g, y, x, h: (_cofactor_slope_by_matrix(x, g, h), COFACTOR_SLOPE(x, g)),
    pushforward=lambda t, y, x, h: plus(None if t[0] is None else _cofactor_slope_by_matrix(x, t[0], h),
                                        None if t[1] is None else COFACTOR_SLOPE(x, t[1])),
    numpy="cofactor_slope({0}, {1})",
    helper='''\
def cofactor_slope(x, h):
    """The derivative of the matrix of cofactors of x along h, by singular values."""
    with np.errstate(over="ignore", under="ignore"):
        u, s, vh = np.linalg.svd(x)
        same = np.eye(s.shape[-1], dtype=bool)
        rest = np.where(same, 1, s[..., None, :])  # row i: all singular values but the i-th
        one = np.ones_like(rest[..., :1])
        before = np.cumprod(np.concatenate([one, rest[..., :-1]], axis=-1), axis=-1)
        after = np.cumprod(np.concatenate([one, rest[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
        sign = np.linalg.det(u) * np.linalg.det(vh)
        but_two = np.where(same, 0, before * after) * sign[..., None, None]
        turned = u.mT @ h @ vh.mT
        diagonal = but_two @ np.einsum("...ii->...i", turned)[..., None]
        return u @ (np.where(same, diagonal, 0) - but_two * turned.mT) @ vh
''',
    form=Form("cofactor_slope({0}, {1})", "cofactor_slope({0}, {1})",
              r"\operatorname{{cof}}^{{\prime}}\left({0}\right)\left[{1}\right]", ATOM, (RELATION, RELATION)),
    cost=300,
)


def _slogdet_type(x: TensorType) -> TensorType:
    one = TensorType(square_type(x).shape[:-2], x.dtype)
    return TupleType((one, one))


def _slogdet_tangent(t: Any, y: Expr, x: Expr) -> Expr:
    """d log|det X| = tr(X⁻¹ dX); the sign is constant."""
    return TUPLE(0 * item(y, 0), matrix_sum(t[0] * INV(x).mT))


SLOGDET: Op = Op(
    # Results: the sign of the determinant, and log of its absolute value.
    "slogdet",
    type_of=_slogdet_type,
    pullback=lambda g, y, x: (None if known_zero(g[1]) else each(g[1]) * INV(x).mT,),
    pushforward=_slogdet_tangent,
    numpy="np.linalg.slogdet({0})",
    form=call("slogdet"),
    cost=20,
)


# -- linear systems ---------------------------------------------------------------------------------------------------


def _solve_type(a: TensorType, b: TensorType) -> TensorType:
    square_type(a)
    if not b.is_float or b.ndim == 0:
        matrix_type(b)
    rows = b.shape[-1 if b.ndim == 1 else -2]
    if rows != a.shape[-1]:
        raise ShapeError(f"{a.shape[-1]} unknowns but {rows} rows on the right")
    dtype, _ = promote((a, b))
    if b.ndim == 1:
        return TensorType(a.shape[:-1], dtype)
    return TensorType((*broadcast_shapes((a.shape[:-2], b.shape[:-2])), *b.shape[-2:]), dtype)


def column(v: Expr) -> Expr:
    return RESHAPE(v, shape=(*v.shape, 1))


def _solve_pullback(g: Expr, y: Expr, a: Expr, b: Expr) -> tuple[Expr, Expr]:
    """b̄ = A⁻ᵀ ȳ and Ā = -b̄ yᵀ (Giles 2.3.1)."""
    vector = b.ndim == 1
    by_b = SOLVE(a.mT, column(g) if vector else g)
    by_a = -(by_b @ (column(y) if vector else y).mT)
    return by_a, RESHAPE(by_b, shape=y.shape) if vector else by_b


def _solve_pushforward(t: Any, y: Expr, a: Expr, b: Expr) -> Expr:
    """A dy = db - dA y."""
    by_a = None if t[0] is None else -(t[0] @ (column(y) if b.ndim == 1 else y))
    if b.ndim > 1:
        change = plus(by_a, t[1])
        assert change is not None
        return SOLVE(a, change)
    change = plus(by_a, None if t[1] is None else column(t[1]))
    return RESHAPE(SOLVE(a, change), shape=y.shape)


SOLVE: Op = Op(
    # A right-hand side of one axis is a vector, of more axes a stack of matrices, as in NumPy 2.
    "solve",
    type_of=_solve_type,
    pullback=_solve_pullback,
    pushforward=_solve_pushforward,
    numpy="np.linalg.solve({0}, {1})",
    form=Form("solve({0}, {1})", "solve({0}, {1})", r"\left({0}\right)^{{-1}} {1}", PRODUCT, (RELATION, PRODUCT + 1)),
    cost=30,
)


# -- norm of vectors --------------------------------------------------------------------------------------------------


def _prepare_norm(args: tuple[Expr, ...], order: float, axis: Any = None,
                  keepdims: bool = False) -> tuple[Any, ...]:
    return float(order), as_axes(axis, args[0].ndim), bool(keepdims)


def _norm_type(x: TensorType, order: float, axis: tuple[int, ...], keepdims: bool) -> TensorType:
    if not x.is_float:
        raise DTypeError(f"needs float64 or float32, got {x.dtype}; use astype")
    return TensorType(reduced(x.shape, axis, keepdims), x.dtype)


def _norm_slope(y: Expr, x: Expr, order: float, axis: tuple[int, ...], keepdims: bool) -> Expr:
    """sign(x) (|x|/y)^(p-1), which is 0 where the norm is 0, the least subgradient."""
    return SIGN(x) * SAFE_DIVIDE(ABSOLUTE(x), restore(y, x, axis, keepdims)) ** (order - 1.0)


def _norm_numpy(node: Expr) -> str:
    order, axis, keepdims = node.attrs
    return f"vector_norm({{0}}, {order!r}, {axis_text(axis, node.args[0].ndim)}, {keepdims})"


def _norm_form(node: Expr) -> dict[str, str]:
    order, axis, _ = node.attrs
    over = axis_text(axis, node.args[0].ndim)
    text = f"norm({{0}}, {order:g}" + f", axis={over}" * (over != "None") + ")"
    return {"text": text, "unicode": text, "latex": rf"\left\|{{0}}\right\|_{{{{{order:g}}}}}"}


VECTOR_NORM: Op = Op(
    # (Σ |x|^p)^(1/p), p > 0, scaled by the largest |x|, so that no power overflows or vanishes; norm2 is that of p = 2.
    "vector_norm",
    type_of=_norm_type,
    pullback=lambda g, y, x, **at: (restore(g, x, at["axis"], at["keepdims"]) * _norm_slope(y, x, **at),),
    pushforward=lambda t, y, x, **at: SUM(t[0] * _norm_slope(y, x, **at), axis=at["axis"], keepdims=at["keepdims"]),
    numpy=_norm_numpy,
    helper='''\
def vector_norm(x, order, axis, keepdims):
    """sum(|x|**order) ** (1/order) along axes, scaled by a power of two near the largest |x|."""
    size = np.abs(x)
    scale = np.max(size, axis=axis, keepdims=True, initial=0)
    scale = np.ldexp(np.ones_like(scale), np.frexp(np.where(np.isfinite(scale), scale, 1))[1] - 1)
    size = size / scale
    y = scale * np.sum(size**order, axis=axis, keepdims=True) ** (1 / order)
    return y if keepdims else np.squeeze(y, axis=axis)
''',
    form=call("norm"),
    form_attrs=_norm_form,
    attrs=("order", "axis", "keepdims"),
    prepare=_prepare_norm,
    cost=4,
)
