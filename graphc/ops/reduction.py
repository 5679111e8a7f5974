"""Reductions: sum, mean, max, min over axes. The attributes are `axis` (sorted, from 0) and `keepdims`."""

from __future__ import annotations

from typing import Any

from ..dims import product
from ..errors import ShapeError
from ..formula import ATOM, RELATION, Form
from ..ir import Expr, Op, size_node
from ..types import TensorType, as_axes, reduced
from .elementwise import EQUAL
from .shaping import BROADCAST_TO, RESHAPE


def prepare_axes(args: tuple[Expr, ...], axis: Any = None, keepdims: bool = False) -> tuple[Any, ...]:
    return as_axes(axis, args[0].ndim), bool(keepdims)


def restore(r: Expr, x: Expr, axis: tuple[int, ...], keepdims: bool) -> Expr:
    """A reduced value with its axes back as size 1, so that it broadcasts against `x`."""
    return r if keepdims or r.ndim == x.ndim else RESHAPE(r, shape=reduced(x.shape, axis, True))


def _spread(g: Expr, x: Expr, axis: tuple[int, ...], keepdims: bool) -> Expr:
    return BROADCAST_TO(restore(g, x, axis, keepdims), shape=x.shape)


def _count(x: Expr, axis: tuple[int, ...]) -> Expr:
    return size_node(product(x.shape[i] for i in axis))


def axis_text(axis: tuple[int, ...], ndim: int) -> str:
    """Reduction axes as NumPy source: None for all, one number for one, a tuple otherwise."""
    return "None" if len(axis) == ndim else str(axis[0]) if len(axis) == 1 else str(axis)


def _numpy(name: str) -> Any:
    def spelling(node: Expr) -> str:
        axis, keepdims = node.attrs
        over = axis_text(axis, node.args[0].ndim)
        return f"np.{name}({{0}}{'' if over == 'None' else f', axis={over}'}{', keepdims=True' if keepdims else ''})"

    return spelling


def form_axes(name: str, latex: str) -> Any:
    """The forms of a reduction; `@` in the LaTeX is where the axes go when they are not all."""

    def filled(node: Expr) -> dict[str, str]:
        over = axis_text(node.attrs[0], node.args[0].ndim)
        tail = "" if over == "None" else f", axis={over}"
        low = "" if over == "None" else rf"_{{{{\text{{{{axis }}}} {over}}}}}"
        return {"text": f"{name}({{0}}{tail})", "unicode": f"{name}({{0}}{tail})", "latex": latex.replace("@", low)}

    return filled


def _sum_type(x: TensorType, axis: tuple[int, ...], keepdims: bool) -> TensorType:
    dtype = "int64" if x.dtype in ("bool", "int32") else x.dtype  # as NumPy accumulates
    return TensorType(reduced(x.shape, axis, keepdims), dtype)


SUM: Op = Op(
    "sum",
    type_of=_sum_type,
    pullback=lambda g, y, x, axis, keepdims: (_spread(g, x, axis, keepdims),),
    pushforward=lambda t, y, x, axis, keepdims: SUM(t[0], axis=axis, keepdims=keepdims),
    numpy=_numpy("sum"),
    form=Form("sum({0})", "sum({0})", r"\sum {0}", ATOM, (RELATION,)),
    form_attrs=form_axes("sum", r"\sum@\left({0}\right)"),
    attrs=("axis", "keepdims"),
    prepare=prepare_axes,
)

MEAN: Op = Op(
    "mean",
    type_of=lambda x, axis, keepdims: TensorType(
        reduced(x.shape, axis, keepdims), x.dtype if x.is_float else "float64"
    ),
    pullback=lambda g, y, x, axis, keepdims: (_spread(g / _count(x, axis), x, axis, keepdims),),
    pushforward=lambda t, y, x, axis, keepdims: MEAN(t[0], axis=axis, keepdims=keepdims),
    numpy=_numpy("mean"),
    form=Form("mean({0})", "mean({0})", r"\operatorname{{mean}}\left({0}\right)", ATOM, (RELATION,)),
    form_attrs=form_axes("mean", r"\operatorname{{mean}}@\left({0}\right)"),
    attrs=("axis", "keepdims"),
    prepare=prepare_axes,
)


def _extremum_type(x: TensorType, axis: tuple[int, ...], keepdims: bool) -> TensorType:
    for i in axis:
        if x.shape[i] == 0:
            raise ShapeError(f"{x} has no element along axis {i}, so no extremum")
    return TensorType(reduced(x.shape, axis, keepdims), x.dtype)


def _winners(y: Expr, x: Expr, axis: tuple[int, ...], keepdims: bool) -> Expr:
    """1/k at each of the k positions that attain the extremum, 0 elsewhere: ties share equally."""
    hit = EQUAL(x, restore(y, x, axis, keepdims))
    return hit / SUM(hit, axis=axis, keepdims=True).astype(x.type.dtype)


def _extremum(name: str, latex: str) -> Op:
    return Op(
        name,
        type_of=_extremum_type,
        pullback=lambda g, y, x, axis, keepdims: (restore(g, x, axis, keepdims) * _winners(y, x, axis, keepdims),),
        pushforward=lambda t, y, x, axis, keepdims: SUM(
            t[0] * _winners(y, x, axis, keepdims), axis=axis, keepdims=keepdims
        ),
        numpy=_numpy(name),
        form=Form(f"{name}({{0}})", f"{name}({{0}})", latex, ATOM, (RELATION,)),
        form_attrs=form_axes(name, rf"{latex}@\left({{0}}\right)"),
        attrs=("axis", "keepdims"),
        prepare=prepare_axes,
    )


MAX = _extremum("max", r"\max")
MIN = _extremum("min", r"\min")

