"""Rows that order values: sort, argsort, argmax, argmin, searchsorted, quantiles."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, ShapeError
from ..formula import call
from ..ir import Expr, Op
from ..types import TensorType, as_axis, reduced
from .gather import ADD_ALONG_AXIS, TAKE_ALONG_AXIS
from .reduction import SUM, axis_text, form_axes, prepare_axes, restore


def _prepare_axis(args: tuple[Expr, ...], axis: Any = -1) -> tuple[Any, ...]:
    if args[0].ndim == 0:
        raise ShapeError("a scalar has no axis to sort along")
    return (as_axis(axis, args[0].ndim),)


def _axis_form(name: str) -> Any:
    def filled(node: Expr) -> dict[str, str]:
        tail = "" if node.attrs[0] == node.ndim - 1 else f", axis={node.attrs[0]}"
        return {"text": f"{name}({{0}}{tail})", "unicode": f"{name}({{0}}{tail})"}

    return filled


ARGSORT = Op(
    "argsort",
    type_of=lambda x, axis: TensorType(x.shape, "int64"),
    pullback=lambda g, y, x, **_: (None,),
    pushforward=lambda t, y, x, **_: None,
    numpy=lambda node: f"stable_order({{0}}, {node.attrs[0]})" if node.args[0].type.is_float else (
        f'np.argsort({{0}}, axis={node.attrs[0]}, kind="stable")'),
    helper='''\
def stable_order(x, axis):
    """The stable order of x along `axis`, by the quicker sort, which is as good where no two elements are equal."""
    order = np.argsort(x, axis=axis)
    ranked = np.moveaxis(np.take_along_axis(x, order, axis), axis, -1)
    if np.all(ranked[..., 1:] > ranked[..., :-1]):
        return order
    return np.argsort(x, axis=axis, kind="stable")
''',
    form=call("argsort"),
    form_attrs=_axis_form("argsort"),
    attrs=("axis",),
    prepare=_prepare_axis,
    cost=10,
)


def _sort_pullback(g: Expr, y: Expr, x: Expr, axis: int) -> tuple[Expr]:
    return (ADD_ALONG_AXIS.make((g, ARGSORT(x, axis=axis)), (axis, x.shape[axis])),)


SORT = Op(
    "sort",
    type_of=lambda x, axis: TensorType(x.shape, x.dtype),
    pullback=_sort_pullback,
    pushforward=lambda t, y, x, axis: TAKE_ALONG_AXIS(t[0], ARGSORT(x, axis=axis), axis=axis),
    numpy="np.sort({0}, axis={axis})",
    form=call("sort"),
    form_attrs=_axis_form("sort"),
    attrs=("axis",),
    prepare=_prepare_axis,
    cost=10,
)


# -- positions ------------------------------------------------------------------------------------------------------


def _prepare_arg(args: tuple[Expr, ...], axis: Any = None, keepdims: bool = False) -> tuple[Any, ...]:
    axes = tuple(range(args[0].ndim)) if axis is None else (as_axis(axis, args[0].ndim),)
    return axes, bool(keepdims)


def _arg_type(x: TensorType, axis: tuple[int, ...], keepdims: bool) -> TensorType:
    for i in axis:
        if x.shape[i] == 0:
            raise ShapeError(f"{x} has no element along axis {i}, so no extremum")
    return TensorType(reduced(x.shape, axis, keepdims), "int64")


def _arg_extremum(name: str) -> Op:
    def spelling(node: Expr) -> str:
        axis, keepdims = node.attrs
        over = axis_text(axis, node.args[0].ndim)
        return f"np.{name}({{0}}{'' if over == 'None' else f', axis={over}'}{', keepdims=True' if keepdims else ''})"

    return Op(
        name,
        type_of=_arg_type,
        pullback=lambda g, y, x, **_: (None,),
        pushforward=lambda t, y, x, **_: None,
        numpy=spelling,
        form=call(name),
        form_attrs=form_axes(name, rf"\operatorname{{{{{name}}}}}@\left({{0}}\right)"),
        attrs=("axis", "keepdims"),
        prepare=_prepare_arg,
    )


ARGMAX = _arg_extremum("argmax")
ARGMIN = _arg_extremum("argmin")


def _searchsorted_type(a: TensorType, v: TensorType, side: str) -> TensorType:
    if a.ndim != 1:
        raise ShapeError(f"the sorted values have one axis, got {a}")
    return TensorType(v.shape, "int64")


def _prepare_side(args: tuple[Expr, ...], side: str = "left") -> tuple[Any, ...]:
    if side not in ("left", "right"):
        raise ShapeError(f"no side {side!r}; choose from left, right")
    return (side,)


SEARCHSORTED = Op(
    "searchsorted",
    type_of=_searchsorted_type,
    pullback=lambda g, y, a, v, **_: (None, None),
    pushforward=lambda t, y, a, v, **_: None,
    numpy='np.searchsorted({0}, {1}, side="{side}")',
    form=call("searchsorted", arity=2),
    attrs=("side",),
    prepare=_prepare_side,
    cost=10,
)


# -- quantiles ------------------------------------------------------------------------------------------------------


def _prepare_quantile(args: tuple[Expr, ...], q: float, axis: Any = None, keepdims: bool = False) -> tuple[Any, ...]:
    return float(q), *prepare_axes(args, axis, keepdims)


def _quantile_type(x: TensorType, q: float, axis: tuple[int, ...], keepdims: bool) -> TensorType:
    if not 0 <= q <= 1:
        raise ShapeError(f"a quantile lies between 0 and 1, got {q}")
    if x.dtype == "bool":
        raise DTypeError(f"needs numbers, got {x}; use astype")
    for i in axis:
        if x.shape[i] == 0:
            raise ShapeError(f"{x} has no element along axis {i}, so no quantile")
    return TensorType(reduced(x.shape, axis, keepdims), x.dtype if x.is_float else "float64")


def _quantile_numpy(node: Expr) -> str:
    q, axis, keepdims = node.attrs
    over = axis_text(axis, node.args[0].ndim)
    tail = ("" if over == "None" else f", axis={over}") + (", keepdims=True" if keepdims else "")
    return f"np.median({{0}}{tail})" if q == 0.5 else f"np.quantile({{0}}, {q!r}{tail})"


def _quantile_form(node: Expr) -> dict[str, str]:
    q = node.attrs[0]
    name = "median" if q == 0.5 else "quantile"
    over = axis_text(node.attrs[1], node.args[0].ndim)
    tail = ("" if q == 0.5 else f", {q!r}") + ("" if over == "None" else f", axis={over}")
    return {"text": f"{name}({{0}}{tail})", "unicode": f"{name}({{0}}{tail})",
            "latex": rf"\operatorname{{{{{name}}}}}\left({{0}}{tail.replace('axis=', 'axis ')}\right)"}


QUANTILE_WEIGHTS: Op = Op(
    # The local derivative of a quantile: what each element counts, constant until two of them change places.
    "quantile_weights",
    type_of=lambda x, q, axis: TensorType(x.shape, x.dtype if x.is_float else "float64"),
    pullback=lambda g, y, x, **_: (None,),
    pushforward=lambda t, y, x, **_: None,
    numpy=lambda node: f"quantile_weights({{0}}, {node.attrs[0]!r}, {node.attrs[1]})",
    helper='''\
def quantile_weights(x, q, axis):
    """What each element of x counts in its linear quantile over `axis`: one or two neighbours do, equal ones share."""
    rest = tuple(i for i in range(x.ndim) if i not in axis)
    rows = np.transpose(x, rest + axis).reshape([x.shape[i] for i in rest] + [-1])
    at = q * (rows.shape[-1] - 1)
    low = int(at)
    high = min(low + 1, rows.shape[-1] - 1)
    ranked = np.partition(rows, (low, high), axis=-1)
    weights = 0.0
    for place, share in ((low, 1 - (at - low)), (high, at - low)):
        if share:
            hit = x == np.expand_dims(ranked[..., place], axis)
            weights = weights + hit * (share / np.maximum(np.sum(hit, axis=axis, keepdims=True), 1))
    return weights.astype(x.dtype if x.dtype.kind == "f" else "float64")
''',
    form=call("quantile_weights"),
    attrs=("q", "axis"),
    cost=10,
)


def _weights(x: Expr, q: float, axis: tuple[int, ...]) -> Expr:
    return QUANTILE_WEIGHTS.make((x,), (q, axis))


QUANTILE: Op = Op(
    "quantile",
    type_of=_quantile_type,
    pullback=lambda g, y, x, q, axis, keepdims: (restore(g, x, axis, keepdims) * _weights(x, q, axis),),
    pushforward=lambda t, y, x, q, axis, keepdims: SUM(t[0] * _weights(x, q, axis), axis=axis, keepdims=keepdims),
    numpy=_quantile_numpy,
    form=call("quantile"),
    form_attrs=_quantile_form,
    attrs=("q", "axis", "keepdims"),
    prepare=_prepare_quantile,
    cost=10,
)
