"""Shaping rows: values are moved, never changed. Their derivatives move the cotangent back."""

from __future__ import annotations

from typing import Any

from ..dims import Dim, Size, as_size, divides, floor_divide, product
from ..errors import ShapeError
from ..formula import ATOM, RELATION, Form, call
from ..ir import Expr, Op
from ..types import TensorType, as_axis, as_shape, broadcast_shapes, promote, shape_text


def floor_by(a: Size, d: int) -> Size:
    """`a // d`, known where all terms but the constant are multiples of d: (2*N + 1)//2 is N."""
    if isinstance(a, int):
        return a // d
    even: Size = 0
    for monomial, c in a.terms:
        if monomial and c % d == 0:
            even = even + Dim(((monomial, c // d),))
    rest = a - even * d
    return even + rest // d if isinstance(rest, int) else floor_divide(a, d)


def _prepare_shape(args: tuple[Expr, ...], shape: Any) -> tuple[Any, ...]:
    """The new shape with its one -1 worked out. Raises ShapeError when the sizes cannot match."""
    x, sizes = args[0], list(shape) if isinstance(shape, (tuple, list)) else [shape]
    free = [i for i, s in enumerate(sizes) if not isinstance(s, (Dim, str)) and s == -1]
    if len(free) > 1:
        raise ShapeError(f"to {_wanted(sizes)}: only one size may be -1")
    known = [as_size(s) for i, s in enumerate(sizes) if i not in free]
    if free:
        missing = divides(x.type.size, product(known))
        if missing is None:
            raise ShapeError(f"to {_wanted(sizes)}: {x.type.size} elements do not divide by {product(known)}")
        known.insert(free[0], missing)
    return (tuple(known),)


def _wanted(sizes: list[Any]) -> str:
    return f"({', '.join(str(s)[:40] for s in sizes)})"


def _reshape_type(x: TensorType, shape: tuple[Size, ...]) -> TensorType:
    if product(shape) != x.size:
        raise ShapeError(f"{x.size} elements do not fill shape {shape_text(shape)}, which has {product(shape)}")
    return TensorType(shape, x.dtype)


RESHAPE: Op = Op(
    "reshape",
    type_of=_reshape_type,
    pullback=lambda g, y, x, shape: (RESHAPE(g, shape=x.shape),),
    pushforward=lambda t, y, x, shape: RESHAPE(t[0], shape=shape),
    numpy=lambda node: f"np.reshape({{0}}, {shape_text(node.attrs[0])})",
    form=Form("reshape({0})", "reshape({0})", r"\operatorname{{reshape}}\left({0}\right)", ATOM, (RELATION,)),
    form_attrs=lambda node: {
        "text": f"reshape({{0}}, {shape_text(node.attrs[0])})",
        "unicode": f"reshape({{0}}, {shape_text(node.attrs[0])})",
    },
    attrs=("shape",),
    prepare=_prepare_shape,
    view=True,
    cost=0,
)


def _broadcast_to_type(x: TensorType, shape: tuple[Size, ...]) -> TensorType:
    try:
        fits = len(shape) >= x.ndim and broadcast_shapes((x.shape, shape)) == shape
    except ShapeError:
        fits = False
    if not fits:
        raise ShapeError(f"cannot be broadcast to shape {shape_text(shape)}")
    return TensorType(shape, x.dtype)


BROADCAST_TO: Op = Op(
    # backward sums the cotangent over the broadcast axes, as for every op.
    "broadcast_to",
    type_of=_broadcast_to_type,
    pullback=lambda g, y, x, shape: (g,),
    pushforward=lambda t, y, x, shape: BROADCAST_TO(t[0], shape=shape),
    numpy=lambda node: f"np.broadcast_to({{0}}, {shape_text(node.attrs[0])})",
    form=Form("broadcast_to({0})", "broadcast_to({0})", "{0}", ATOM, (RELATION,)),
    form_attrs=lambda node: {
        "text": f"broadcast_to({{0}}, {shape_text(node.attrs[0])})",
        "unicode": f"broadcast_to({{0}}, {shape_text(node.attrs[0])})",
        "latex": r"\operatorname{{broadcast}}\left({0}\right)",
    },
    attrs=("shape",),
    prepare=lambda args, shape: (as_shape(shape if isinstance(shape, (tuple, list)) else (shape,)),),
    view=True,
    cost=0,
)


def _prepare_transpose(args: tuple[Expr, ...], axes: Any = None) -> tuple[Any, ...]:
    ndim = args[0].ndim
    order = tuple(range(ndim))[::-1] if axes is None else tuple(as_axis(a, ndim) for a in axes)
    if sorted(order) != list(range(ndim)):
        raise ShapeError(f"needs each of its {ndim} axes once, got {_wanted(list(axes))}")
    return (order,)


def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(order.index(i) for i in range(len(order)))


def _is_matrix_transpose(node: Expr) -> bool:
    return node.attrs[0] == (*range(node.ndim - 2), node.ndim - 1, node.ndim - 2)


def _transpose_numpy(node: Expr) -> str:
    if node.attrs[0] == tuple(range(node.ndim))[::-1]:
        return "{0}.T"
    return "{0}.mT" if _is_matrix_transpose(node) else f"np.transpose({{0}}, {node.attrs[0]})"


TRANSPOSE: Op = Op(
    "transpose",
    type_of=lambda x, axes: TensorType(tuple(x.shape[i] for i in axes), x.dtype),
    pullback=lambda g, y, x, axes: (TRANSPOSE(g, axes=_inverse(axes)),),
    pushforward=lambda t, y, x, axes: TRANSPOSE(t[0], axes=axes),
    numpy=_transpose_numpy,
    form=Form("{0}.T", "{0}ᵀ", r"{0}^{{\top}}", ATOM, (ATOM,)),
    form_attrs=lambda node: {} if node.ndim <= 2 else {"text": f"transpose({{0}}, {node.attrs[0]})"},
    attrs=("axes",),
    prepare=_prepare_transpose,
    view=True,
    cost=0,
)


def _concatenate_type(*types: TensorType, axis: int) -> TensorType:
    first = types[0]
    for t in types[1:]:
        if t.ndim != first.ndim or any(a != b for i, (a, b) in enumerate(zip(t.shape, first.shape)) if i != axis):
            raise ShapeError(f"{first} and {t} differ on an axis other than {axis}")
    total: Size = 0
    for t in types:
        total = total + t.shape[axis]
    dtype, _ = promote(types)
    return TensorType((*first.shape[:axis], total, *first.shape[axis + 1 :]), dtype)


def _prepare_concatenate(args: tuple[Expr, ...], axis: Any = 0) -> tuple[Any, ...]:
    if not args:
        raise ShapeError("needs at least one value")
    if args[0].ndim == 0:
        raise ShapeError("scalars have no axis to join along; stack them")
    return (as_axis(axis, args[0].ndim),)


def _pieces(g: Expr, xs: tuple[Expr, ...], axis: int) -> tuple[Expr, ...]:
    """`g` cut along `axis` at the lengths of `xs`."""
    cuts: list[Expr] = []
    start: Size = 0
    for x in xs:
        stop = start + x.shape[axis]
        cuts.append(g[(*[slice(None)] * axis, slice(start, stop))])
        start = stop
    return tuple(cuts)


def _concatenate_tangent(t: Any, xs: tuple[Expr, ...], axis: int) -> Expr:
    return CONCATENATE(*[BROADCAST_TO(0.0, shape=x.shape).astype(x.type.dtype) if d is None else d
                         for d, x in zip(t, xs)], axis=axis)


def _slots(node: Expr) -> str:
    """A place for each operand: `{0}, {1}`."""
    return ", ".join(f"{{{i}}}" for i in range(len(node.args)))


CONCATENATE = Op(
    "concatenate",
    type_of=_concatenate_type,
    pullback=lambda g, y, *xs, axis: _pieces(g, xs, axis),
    pushforward=lambda t, y, *xs, axis: _concatenate_tangent(t, xs, axis),
    numpy=lambda node: f"np.concatenate(({_slots(node)},), axis={node.attrs[0]})",
    form=call("concatenate", arity=1),
    form_attrs=lambda node: dict.fromkeys(
        ("text", "unicode"),
        f"concatenate(({_slots(node)}), axis={node.attrs[0]})",
    ) | {"latex": rf"\left[{_slots(node)}\right]"},
    attrs=("axis",),
    prepare=_prepare_concatenate,
    cost=0,
)
