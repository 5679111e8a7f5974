"""softmax, log_softmax, logsumexp, cross-entropy: whole rows, because a shift by the maximum keeps them finite."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, ShapeError
from ..formula import ATOM, RELATION, Form
from ..ir import Expr, Op
from ..types import TensorType, as_axes, as_axis, promote, reduced
from .elementwise import EXP, plus
from .reduction import SUM, axis_text, form_axes, restore


def _float_type(x: TensorType, axis: Any = None) -> TensorType:
    return TensorType(x.shape, _float_dtype(x))


def _float_dtype(x: TensorType) -> str:
    if not x.is_float:
        raise DTypeError(f"needs float64 or float32, got {x.dtype}; use astype")
    return x.dtype


def _prepare_axis(args: tuple[Expr, ...], axis: Any = -1) -> tuple[Any, ...]:
    if args[0].ndim == 0:
        raise ShapeError("a scalar has no axis to normalise over")
    return (as_axis(axis, args[0].ndim),)


def _axis_form(name: str, latex: str) -> Any:
    def filled(node: Expr) -> dict[str, str]:
        last = node.attrs[0] == node.args[0].ndim - 1
        tail = "" if last else f", axis={node.attrs[0]}"
        return {"text": f"{name}({{0}}{tail})", "unicode": f"{name}({{0}}{tail})"}

    return filled


def _form(name: str, latex: str) -> Form:
    return Form(f"{name}({{0}})", f"{name}({{0}})", rf"{latex}\left({{0}}\right)", ATOM, (RELATION,))


def _sum_along(x: Expr, axis: int) -> Expr:
    return SUM(x, axis=axis, keepdims=True)


SOFTMAX = Op(
    "softmax",
    type_of=_float_type,
    pullback=lambda g, y, x, axis: (y * (g - _sum_along(g * y, axis)),),
    pushforward=lambda t, y, x, axis: y * (t[0] - _sum_along(t[0] * y, axis)),
    numpy="softmax({0}, {axis})",
    helper='''\
def softmax(x, axis):
    """exp(x) over its sum along `axis`, shifted by the maximum so that nothing overflows."""
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    return e / np.sum(e, axis=axis, keepdims=True)
''',
    form=_form("softmax", r"\operatorname{{softmax}}"),
    form_attrs=_axis_form("softmax", ""),
    attrs=("axis",),
    prepare=_prepare_axis,
    cost=30,
)

LOG_SOFTMAX = Op(
    "log_softmax",
    type_of=_float_type,
    pullback=lambda g, y, x, axis: (g - EXP(y) * _sum_along(g, axis),),
    pushforward=lambda t, y, x, axis: t[0] - _sum_along(t[0] * EXP(y), axis),
    numpy="log_softmax({0}, {axis})",
    helper='''\
def log_softmax(x, axis):
    """log of softmax along `axis`, never through a softmax that is rounded to 0."""
    shifted = x - np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))
''',
    form=_form("log_softmax", r"\log\operatorname{{softmax}}"),
    form_attrs=_axis_form("log_softmax", ""),
    attrs=("axis",),
    prepare=_prepare_axis,
    cost=35,
)


def _weights(x: Expr, y: Expr, axis: tuple[int, ...], keepdims: bool) -> Expr:
    """exp(x - logsumexp(x)), the gradient of logsumexp: softmax over one axis or several."""
    return SOFTMAX(x, axis=axis[0]) if len(axis) == 1 else EXP(x - restore(y, x, axis, keepdims))


def _prepare_axes(args: tuple[Expr, ...], axis: Any = None, keepdims: bool = False) -> tuple[Any, ...]:
    return as_axes(axis, args[0].ndim), bool(keepdims)


def _logsumexp_numpy(node: Expr) -> str:
    return f"logsumexp({{0}}, {axis_text(node.attrs[0], node.args[0].ndim)}, {node.attrs[1]})"


LOGSUMEXP = Op(
    "logsumexp",
    type_of=lambda x, axis, keepdims: TensorType(reduced(x.shape, axis, keepdims), _float_dtype(x)),
    pullback=lambda g, y, x, axis, keepdims: (restore(g, x, axis, keepdims) * _weights(x, y, axis, keepdims),),
    pushforward=lambda t, y, x, axis, keepdims: SUM(
        t[0] * _weights(x, y, axis, keepdims), axis=axis, keepdims=keepdims
    ),
    numpy=_logsumexp_numpy,
    helper='''\
def logsumexp(x, axis, keepdims):
    """log(sum(exp(x))) along `axis`, shifted by the maximum (by 0 where that is infinite)."""
    m = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    m = np.where(np.isfinite(m), m, m.dtype.type(0))
    with np.errstate(divide="ignore"):
        y = np.log(np.sum(np.exp(x - m), axis=axis, keepdims=True)) + m
    return y if keepdims else np.squeeze(y, axis=axis)
''',
    form=_form("logsumexp", r"\operatorname{{logsumexp}}"),
    form_attrs=form_axes("logsumexp", r"\operatorname{{logsumexp}}@\left({0}\right)"),
    attrs=("axis", "keepdims"),
    prepare=_prepare_axes,
    cost=35,
)


def _cross_entropy_type(z: TensorType, y: TensorType, axis: int) -> TensorType:
    if z.shape != y.shape:
        raise ShapeError(f"logits {z} and labels {y} differ in shape")
    if not (z.is_float and y.is_float):
        raise DTypeError(f"integers and bools are no logits or distributions, got {z} and {y}; use astype")
    return TensorType(reduced(z.shape, (axis,), False), promote((z, y))[0])


def _residual(z: Expr, y: Expr, axis: int) -> Expr:
    return SOFTMAX(z, axis=axis) - y


SOFTMAX_CROSS_ENTROPY = Op(
    # logsumexp(z) - Σ y·z, which is -Σ y·log softmax(z) where Σ y = 1. By z it is softmax(z) - y, for any y.
    "softmax_cross_entropy",
    type_of=_cross_entropy_type,
    pullback=lambda g, f, z, y, axis: (restore(g, z, (axis,), False) * _residual(z, y, axis),
                                       -(restore(g, z, (axis,), False) * z)),
    pushforward=lambda t, f, z, y, axis: plus(
        None if t[0] is None else SUM(t[0] * _residual(z, y, axis), axis=axis),
        None if t[1] is None else -SUM(t[1] * z, axis=axis),
    ),
    numpy="softmax_cross_entropy({0}, {1}, {axis})",
    helper='''\
def softmax_cross_entropy(z, y, axis):
    """logsumexp(z) - sum(y*z) along `axis`, of logits shifted by their maximum; where y is 0, z may be -inf."""
    m = np.max(z, axis=axis, keepdims=True, initial=-np.inf)
    shifted = z - m
    chosen = np.sum(y * np.where(np.equal(y, 0), 0, shifted), axis=axis)
    rest = (1 - np.sum(y, axis=axis)) * np.squeeze(m, axis=axis)
    return np.log(np.sum(np.exp(shifted), axis=axis)) - chosen + rest
''',
    form=Form("softmax_cross_entropy({0}, {1})", "softmax_cross_entropy({0}, {1})",
              r"\operatorname{{CE}}\left(\operatorname{{softmax}}\left({0}\right), {1}\right)", ATOM,
              (RELATION, RELATION)),
    attrs=("axis",),
    prepare=_prepare_axis,
    cost=40,
)
