"""Scans along one axis: running sums and products, and the first-order linear recurrence that their derivatives need.

No derivative divides by what may be 0, so zeros are exact at every order.
"""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, ShapeError
from ..formula import ATOM, RELATION, Form
from ..ir import Expr, Op
from ..types import TensorType, as_axis
from .elementwise import plus, times
from .indexing import GETITEM, PLACE


def _prepare(args: tuple[Expr, ...], axis: Any = -1, **flags: bool) -> tuple[Any, ...]:
    if args[0].ndim == 0:
        raise ShapeError("a scalar has no axis to run along")
    return (as_axis(axis, args[0].ndim), *map(bool, flags.values()))


def _running_type(x: TensorType, axis: int, **_: Any) -> TensorType:
    return TensorType(x.shape, "int64" if x.dtype in ("bool", "int32") else x.dtype)  # as NumPy accumulates


def _form(name: str, latex: str) -> Any:
    def filled(node: Expr) -> dict[str, str]:
        axis, *flags = node.attrs
        words = [word for word, on in zip(("reverse", "exclusive"), flags) if on]
        tail = "".join(f", {word}" for word in (*([] if node.ndim == 1 else [f"axis={axis}"]), *words))
        return {"text": f"{name}({{0}}{tail})", "unicode": f"{name}({{0}}{tail})",
                "latex": rf"\operatorname{{{{{latex}}}}}\left({{0}}{tail.replace('axis=', 'axis ')}\right)"}

    return filled


def _cumsum_numpy(node: Expr) -> str:
    axis, reverse = node.attrs
    if reverse:
        return f"np.flip(np.cumsum(np.flip({{0}}, {axis}), {axis}), {axis})"
    return f"np.cumsum({{0}}, axis={axis})"


CUMSUM: Op = Op(
    "cumsum",
    type_of=_running_type,
    pullback=lambda g, y, x, axis, reverse: (CUMSUM.make((g,), (axis, not reverse)),),
    pushforward=lambda t, y, x, axis, reverse: CUMSUM.make((t[0],), (axis, reverse)),
    numpy=_cumsum_numpy,
    form=Form("cumsum({0})", "cumsum({0})", r"\operatorname{{cumsum}}\left({0}\right)", ATOM, (RELATION,)),
    form_attrs=_form("cumsum", "cumsum"),
    attrs=("axis", "reverse"),
    prepare=lambda args, axis=-1, reverse=False: _prepare(args, axis, reverse=reverse),
)


def _shift(x: Expr, axis: int, by: int) -> Expr:
    """`x` moved by one place along `axis`, with 0 where nothing comes from."""
    size = x.shape[axis]
    kept, target = (slice(None, -1), slice(1, None)) if by > 0 else (slice(1, None), slice(None, -1))
    if isinstance(size, int) and size < 2:
        kept = target = slice(0, 0)
    before = (slice(None),) * axis
    moved = GETITEM(x, index=(*before, kept))
    return PLACE.make((moved,), (GETITEM(x, index=(*before, target)).attrs[0], x.shape))


def _recurrence_type(a: TensorType, b: TensorType, axis: int, reverse: bool) -> TensorType:
    if a.shape != b.shape or a.dtype != b.dtype or not a.is_float:
        raise DTypeError(f"needs two floating values of one type, got {a} and {b}")
    return TensorType(a.shape, a.dtype)


def _recurrence_pullback(g: Expr, y: Expr, a: Expr, b: Expr, axis: int, reverse: bool) -> tuple[Expr, Expr]:
    """With h_i = a_i h_{i-1} + b_i, the adjoint of b is λ_i = g_i + a_{i+1} λ_{i+1}, that of a is λ_i h_{i-1}."""
    ahead, back = (1, -1) if reverse else (-1, 1)
    by_b = LINEAR_RECURRENCE.make((_shift(a, axis, ahead), g), (axis, not reverse))
    return by_b * _shift(y, axis, back), by_b


def _recurrence_pushforward(t: Any, y: Expr, a: Expr, b: Expr, axis: int, reverse: bool) -> Expr:
    source = plus(times(t[0], _shift(y, axis, -1 if reverse else 1)), t[1])
    assert source is not None
    return LINEAR_RECURRENCE.make((a, source), (axis, reverse))


LINEAR_RECURRENCE: Op = Op(
    # h_i = a_i h_{i-1} + b_i from h = 0, or h_i = a_i h_{i+1} + b_i in reverse.
    "linear_recurrence",
    type_of=_recurrence_type,
    pullback=_recurrence_pullback,
    pushforward=_recurrence_pushforward,
    numpy="linear_recurrence({0}, {1}, {axis}, {reverse})",
    helper='''\
def linear_recurrence(a, b, axis, reverse):
    """h[i] = a[i] * h[i - 1] + b[i] along `axis`, from 0; from the end with h[i + 1] when `reverse`."""
    factors, h = (np.array(np.moveaxis(v, axis, 0), order="C") for v in (a, b))
    factors, run = (factors[::-1], h[::-1]) if reverse else (factors, h)
    if run.size == len(run):  # numbers run faster one by one than arrays of one
        last, found = 0.0, []
        for factor, start in zip(factors.ravel().tolist(), run.ravel().tolist()):
            last = factor * last + start
            found.append(last)
        with np.errstate(over="ignore"):
            run[...] = np.reshape(found, run.shape)
    else:
        for i in range(1, len(run)):
            run[i] += factors[i] * run[i - 1]
    return np.moveaxis(h, 0, axis)
''',
    form=Form("linear_recurrence({0}, {1})", "linear_recurrence({0}, {1})",
              r"\operatorname{{recurrence}}\left({0}, {1}\right)", ATOM, (RELATION, RELATION)),
    attrs=("axis", "reverse"),
    prepare=lambda args, axis=-1, reverse=False: _prepare(args, axis, reverse=reverse),
    cost=2,
)


def _cumprod_pullback(g: Expr, y: Expr, x: Expr, axis: int, reverse: bool, exclusive: bool) -> tuple[Expr]:
    """x̄_k = Π_{j<k} x_j · Σ_{i≥k} g_i Π_{k<j≤i} x_j, and the sum is a recurrence that runs back."""
    back, before = -1 if not reverse else 1, y
    if exclusive:
        after = _shift(LINEAR_RECURRENCE.make((x, g), (axis, not reverse)), axis, back)
    else:
        before = CUMPROD.make((x,), (axis, reverse, True))
        after = LINEAR_RECURRENCE.make((_shift(x, axis, back), g), (axis, not reverse))
    return (before * after,)


def _cumprod_pushforward(t: Any, y: Expr, x: Expr, axis: int, reverse: bool, exclusive: bool) -> Expr:
    """ẏ_i = x_i ẏ_{i-1} + ẋ_i Π_{j<i} x_j; exclusive, it is the one before."""
    before = y if exclusive else CUMPROD.make((x,), (axis, reverse, True))
    run = LINEAR_RECURRENCE.make((x, t[0] * before), (axis, reverse))
    return _shift(run, axis, -1 if reverse else 1) if exclusive else run


def _cumprod_numpy(node: Expr) -> str:
    axis, reverse, exclusive = node.attrs
    plain = not reverse and not exclusive
    return f"np.cumprod({{0}}, axis={axis})" if plain else f"running_product({{0}}, {axis}, {reverse}, {exclusive})"


RUNNING_PRODUCT = '''\
def running_product(x, axis, reverse, exclusive):
    """The product of all elements up to each along `axis`; from the end if `reverse`, without itself if `exclusive`."""
    y = np.ones(x.shape, np.prod(x[:0]).dtype)
    factors, products = np.moveaxis(x, axis, 0), np.moveaxis(y, axis, 0)
    if reverse:
        factors, products = factors[::-1], products[::-1]
    if exclusive:
        factors, products = factors[:-1], products[1:]
    np.cumprod(factors, axis=0, out=products)
    return y
'''

CUMPROD: Op = Op(
    "cumprod",
    type_of=_running_type,
    pullback=_cumprod_pullback,
    pushforward=_cumprod_pushforward,
    numpy=_cumprod_numpy,
    helper=RUNNING_PRODUCT,
    form=Form("cumprod({0})", "cumprod({0})", r"\operatorname{{cumprod}}\left({0}\right)", ATOM, (RELATION,)),
    form_attrs=_form("cumprod", "cumprod"),
    attrs=("axis", "reverse", "exclusive"),
    prepare=lambda args, axis=-1, reverse=False, exclusive=False: _prepare(
        args, axis, reverse=reverse, exclusive=exclusive),
)


def _pairs_left_out(g: Expr, x: Expr, axis: int) -> Expr:
    """Σ_{i≠k} g_i Π_{j≠i,k} x_j at each k, from sums that run forwards and back. As a matrix it is symmetric."""
    before, after = (CUMPROD.make((x,), (axis, reverse, True)) for reverse in (False, True))
    earlier = _shift(LINEAR_RECURRENCE.make((x, g * before), (axis, False)), axis, 1)
    later = _shift(LINEAR_RECURRENCE.make((x, g * after), (axis, True)), axis, -1)
    return earlier * after + before * later


def _float_type(x: TensorType, axis: int) -> TensorType:
    if not x.is_float:
        raise DTypeError(f"needs float64 or float32, got {x.dtype}; use astype")
    return TensorType(x.shape, x.dtype)


PRODUCT_OF_OTHERS: Op = Op(
    # The local derivative of a product. Where the product is an ordinary number, it is that over the element.
    "product_of_others",
    type_of=_float_type,
    pullback=lambda g, y, x, axis: (_pairs_left_out(g, x, axis),),
    pushforward=lambda t, y, x, axis: _pairs_left_out(t[0], x, axis),
    numpy="product_of_others({0}, {axis})",
    helper=(RUNNING_PRODUCT, '''\
def product_of_others(x, axis):
    """At each element of x, the product of the others along `axis`: y / x unless y is 0, inf or rounded on the way."""
    with np.errstate(over="ignore", under="ignore"):
        y = np.prod(x, axis=axis, keepdims=True)
        if np.all((np.abs(y) >= np.finfo(x.dtype).tiny) & (np.abs(y) < np.inf)):
            return y / x
        return running_product(x, axis, False, True) * running_product(x, axis, True, True)
'''),
    form=Form("product_of_others({0})", "product_of_others({0})", r"\prod_{{\text{{others}}}} {0}", ATOM, (ATOM,)),
    attrs=("axis",),
    prepare=_prepare,
    cost=6,
)
