"""Reductions: sums, products, moments, norms, extrema. The attributes are `axis` (sorted, from 0) and `keepdims`."""

from __future__ import annotations

from typing import Any

from ..dims import product
from ..errors import DTypeError, ShapeError
from ..formula import ATOM, PREFIX, PRODUCT, RELATION, Form, call
from ..ir import Expr, Op, size_node
from ..types import TensorType, as_axes, broadcast_float, reduced
from .cumulative import PRODUCT_OF_OTHERS
from .elementwise import EQUAL, plus
from .shaping import BROADCAST_TO, RESHAPE, TRANSPOSE


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


# -- products -------------------------------------------------------------------------------------------------------


def _product_of_others(x: Expr, axis: tuple[int, ...]) -> Expr:
    """At each element, the product of the others over `axis`, which are brought into one."""
    if not axis:
        return BROADCAST_TO(x.dtype.type(1), shape=x.shape)
    if len(axis) == 1:
        return PRODUCT_OF_OTHERS(x, axis=axis[0])
    order = (*[i for i in range(x.ndim) if i not in axis], *axis)
    moved = TRANSPOSE(x, axes=order)
    flat = RESHAPE(moved, shape=(*reduced(x.shape, axis, False), product(x.shape[i] for i in axis)))
    others = RESHAPE(_product_of_others(flat, (flat.ndim - 1,)), shape=moved.shape)
    return TRANSPOSE(others, axes=tuple(order.index(i) for i in range(x.ndim)))


PROD: Op = Op(
    "prod",
    type_of=_sum_type,
    pullback=lambda g, y, x, axis, keepdims: (restore(g, x, axis, keepdims) * _product_of_others(x, axis),),
    pushforward=lambda t, y, x, axis, keepdims: SUM(t[0] * _product_of_others(x, axis), axis=axis, keepdims=keepdims),
    numpy=_numpy("prod"),
    form=Form("prod({0})", "prod({0})", r"\prod {0}", ATOM, (RELATION,)),
    form_attrs=form_axes("prod", r"\prod@\left({0}\right)"),
    attrs=("axis", "keepdims"),
    prepare=prepare_axes,
)


# -- moments --------------------------------------------------------------------------------------------------------


CENTRE_SOURCE = '''\
def centre(x, axis):
    """x less its mean over `axis`; the mean of what is left goes as well, so that equal values give exact zeros."""
    d = x - np.mean(x, axis=axis, keepdims=True)
    d -= np.mean(d, axis=axis, keepdims=True)
    return d
'''

CENTRE: Op = Op(
    # x - mean(x). It is linear, and its own adjoint.
    "centre",
    type_of=lambda x, axis: TensorType(x.shape, x.dtype if x.is_float else "float64"),
    pullback=lambda g, y, x, axis: (CENTRE.make((g,), (axis,)),),
    pushforward=lambda t, y, x, axis: CENTRE.make((t[0],), (axis,)),
    numpy=lambda node: f"centre({{0}}, {axis_text(node.attrs[0], node.args[0].ndim)})",
    helper=CENTRE_SOURCE,
    form=call("centre"),
    form_attrs=form_axes("centre", r"\operatorname{{centre}}@\left({0}\right)"),
    attrs=("axis",),
    prepare=lambda args, axis=None: (as_axes(axis, args[0].ndim),),
    cost=3,
)


def _prepare_moment(args: tuple[Expr, ...], axis: Any = None, ddof: float = 0,
                    keepdims: bool = False) -> tuple[Any, ...]:
    return as_axes(axis, args[0].ndim), ddof, bool(keepdims)


def _moment_type(x: TensorType, axis: tuple[int, ...], ddof: float, keepdims: bool) -> TensorType:
    count = product(x.shape[i] for i in axis)
    if isinstance(count, int) and count <= ddof:
        raise ShapeError(f"{count} elements leave nothing to divide by with ddof={ddof}")
    return TensorType(reduced(x.shape, axis, keepdims), x.dtype if x.is_float else "float64")


def _moment_numpy(name: str) -> Any:
    def spelling(node: Expr) -> str:
        axis, ddof, keepdims = node.attrs
        x = node.args[0]
        return f"{name}({{0}}, {axis_text(axis, x.ndim)}, {_divisor(x, axis, ddof)}, {keepdims})"

    return spelling


def _divisor(x: Expr, axis: tuple[int, ...], ddof: float) -> Any:
    """The number of elements less `ddof`: a size, or source where ddof is not whole."""
    count = product(x.shape[i] for i in axis)
    return count - ddof if isinstance(ddof, int) or isinstance(count, int) else f"{count} - {ddof}"


def _freedom(x: Expr, axis: tuple[int, ...], ddof: float) -> Any:
    count = product(x.shape[i] for i in axis)
    return size_node(count - ddof) if isinstance(ddof, int) else size_node(count) - ddof


VARIANCE_SOURCE = '''\
def variance(x, axis, divisor, keepdims):
    """The sum of squares of x about its mean over `divisor`: two passes, so that nothing cancels."""
    d = centre(x, axis)
    d *= d
    return np.sum(d, axis=axis, keepdims=keepdims) / divisor
'''

VAR: Op = Op(
    "var",
    type_of=_moment_type,
    pullback=lambda g, y, x, axis, ddof, keepdims: (
        restore(g, x, axis, keepdims) * (2 / _freedom(x, axis, ddof)) * CENTRE(x, axis=axis),),
    pushforward=lambda t, y, x, axis, ddof, keepdims: SUM(
        CENTRE(x, axis=axis) * t[0], axis=axis, keepdims=keepdims) * (2 / _freedom(x, axis, ddof)),
    numpy=_moment_numpy("variance"),
    helper=(CENTRE_SOURCE, VARIANCE_SOURCE),
    form=call("var"),
    form_attrs=form_axes("var", r"\operatorname{{Var}}@\left({0}\right)"),
    attrs=("axis", "ddof", "keepdims"),
    prepare=_prepare_moment,
    cost=4,
)


# -- norms ----------------------------------------------------------------------------------------------------------

NORM2_SOURCE = '''\
def norm2(x, axis, keepdims):
    """sqrt(sum(x * x)) over `axis`, scaled by a power of two where a square leaves the range of floats."""
    with np.errstate(over="ignore", under="ignore"):
        squares = np.sum(x * x, axis=axis, keepdims=True)
    limits = np.finfo(squares.dtype)
    if np.any((squares < limits.tiny / limits.eps) | (squares > limits.max)):
        largest = np.max(np.abs(x), axis=axis, keepdims=True, initial=0)
        scale = np.ldexp(limits.dtype.type(1), np.frexp(largest)[1] - 1)
        with np.errstate(under="ignore"):
            y = scale * np.sqrt(np.sum(np.square(x / scale), axis=axis, keepdims=True))
    else:
        y = np.sqrt(squares)
    return y if keepdims else np.squeeze(y, axis=axis)
'''


def _norm_numpy(node: Expr) -> str:
    axis, keepdims = node.attrs
    return f"norm2({{0}}, {axis_text(axis, node.args[0].ndim)}, {keepdims})"


def _norm_type(x: TensorType, axis: tuple[int, ...], keepdims: bool) -> TensorType:
    if not x.is_float:
        raise DTypeError(f"needs float64 or float32, got {x.dtype}; use astype")
    return TensorType(reduced(x.shape, axis, keepdims), x.dtype)


UNIT: Op = Op(
    # x / |x|, the gradient of the norm; 0 at 0, the subgradient of least norm. One small `where`, not one of x's size.
    "unit",
    type_of=broadcast_float,
    pullback=lambda g, y, x, norm: (UNIT(g, norm), -UNIT(g * y, norm)),
    pushforward=lambda t, y, x, norm: plus(
        None if t[0] is None else UNIT(t[0], norm), None if t[1] is None else -UNIT(t[1] * y, norm)),
    numpy="unit({0}, {1})",
    helper='''\
def unit(x, norm):
    """x over its norm; x itself, which is 0 there, where the norm is 0."""
    return x / np.where(np.equal(norm, 0), np.ones_like(norm), norm)
''',
    form=Form("{0}/{1}", "{0}/{1}", r"\frac{{{0}}}{{{1}}}", PRODUCT, (PRODUCT, PREFIX)),
    cost=4,
)


def _direction(x: Expr, y: Expr, axis: tuple[int, ...], keepdims: bool) -> Expr:
    return UNIT(x, restore(y, x, axis, keepdims))


NORM2: Op = Op(
    "norm2",
    type_of=_norm_type,
    pullback=lambda g, y, x, axis, keepdims: (restore(g, x, axis, keepdims) * _direction(x, y, axis, keepdims),),
    pushforward=lambda t, y, x, axis, keepdims: SUM(
        t[0] * _direction(x, y, axis, keepdims), axis=axis, keepdims=keepdims),
    numpy=_norm_numpy,
    helper=NORM2_SOURCE,
    form=Form("norm({0})", "‖{0}‖", r"\left\|{0}\right\|", ATOM, (RELATION,)),
    form_attrs=form_axes("norm", r"\left\|{0}\right\|@"),
    attrs=("axis", "keepdims"),
    prepare=prepare_axes,
    cost=3,
)

STD: Op = Op(
    # Through the norm, so that no square overflows; of equal values it is exactly 0, and so is its gradient.
    "std",
    type_of=_moment_type,
    pullback=lambda g, y, x, axis, ddof, keepdims: (
        restore(g / _freedom(x, axis, ddof), x, axis, keepdims) * _direction(CENTRE(x, axis=axis), y, axis, keepdims),),
    pushforward=lambda t, y, x, axis, ddof, keepdims: SUM(
        t[0] * _direction(CENTRE(x, axis=axis), y, axis, keepdims), axis=axis, keepdims=keepdims
    ) / _freedom(x, axis, ddof),
    numpy=_moment_numpy("deviation"),
    helper=(CENTRE_SOURCE, VARIANCE_SOURCE, NORM2_SOURCE, '''\
def deviation(x, axis, divisor, keepdims):
    """The root of the variance, by the norm where a square leaves the range of floats."""
    with np.errstate(over="ignore"):
        v = variance(x, axis, divisor, keepdims)
    limits = np.finfo(v.dtype)
    if np.all((v > limits.tiny / limits.eps) & (v <= limits.max)):
        return np.sqrt(v)
    return norm2(centre(x, axis), axis, keepdims) / divisor**0.5
'''),
    form=call("std"),
    form_attrs=form_axes("std", r"\operatorname{{std}}@\left({0}\right)"),
    attrs=("axis", "ddof", "keepdims"),
    prepare=_prepare_moment,
    cost=4,
)


# -- logic ----------------------------------------------------------------------------------------------------------


def _quantifier(name: str, latex: str) -> Op:
    """Whether one element, or every one, is true (is not 0)."""
    return Op(
        name,
        type_of=lambda x, axis, keepdims: TensorType(reduced(x.shape, axis, keepdims), "bool"),
        pullback=lambda g, y, x, **_: (None,),
        pushforward=lambda t, y, x, **_: None,
        numpy=_numpy(name),
        form=Form(f"{name}({{0}})", f"{name}({{0}})", "{0}", ATOM, (RELATION,), logical=True),
        form_attrs=form_axes(name, rf"{latex}@\left({{0}}\right)"),
        attrs=("axis", "keepdims"),
        prepare=prepare_axes,
    )


ANY = _quantifier("any", r"\exists")
ALL = _quantifier("all", r"\forall")
