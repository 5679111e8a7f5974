"""Jacobians, Hessians and Hessian-vector products.

A Jacobian has a row for each element of y, which reverse mode computes, and a column for each element of x, which
forward mode computes: the smaller side is walked. Up to `SMALL` rows or columns stand one by one, so that formulas
are those of a textbook; beyond, and for named sizes, one loop walks the rows of an identity, and the graph has the
same size for every shape. Where each element of y depends on its own element of x alone, no loop is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .dims import Size
from .errors import DTypeError, InputError, ShapeError
from .forward import jvp
from .ir import Expr, lift, postorder, variables
from .lang.control import scan
from .lang.shaping import arange
from .ops.elementwise import EQUAL
from .ops.joining import DIAG, STACK
from .ops.shaping import BROADCAST_TO, RESHAPE, TRANSPOSE
from .reverse import check_output, find, gradients, vjp

SMALL = 8


def jacobian(y: Any, x: Any) -> Any:
    """∂y/∂x of shape y.shape + x.shape, as an Expr, which can be differentiated again.

    A list for `x` (Exprs or names) gives a list, and a list for `y` a list of such. What does not depend is zeros.
    Raises DTypeError for an integer y or x, InputError for an unknown name, NoDerivative where an op has none.

    >>> import graphc as G
    >>> x, W = G.input("x", 3), G.input("W", 2, 3)
    >>> G.jacobian(W @ x, x).type, G.jacobian(W @ x, W).type
    (float64[2,3], float64[2,2,3])
    >>> G.evaluate(G.jacobian(x * x, x), {x: [1.0, 2.0, 3.0]})
    array([[2., 0., 0.],
           [0., 4., 0.],
           [0., 0., 6.]])
    """
    tops = [y] if isinstance(y, Expr) else _listed(y, "jacobian")
    for top in tops:
        check_output(top, "jacobian")
    found = [_blocks([top], _sources(tops, x, "jacobian"))[0] for top in tops]
    rows = [row[0] if isinstance(x, (Expr, str)) else row for row in found]
    return rows[0] if isinstance(y, Expr) else rows


def hessian(f: Expr, x: Any) -> Any:
    """∂²f/∂x² of a scalar f, of shape x.shape + x.shape.

    A list for `x` gives a list of lists: block [i][j] is ∂²f/∂xᵢ∂xⱼ, of shape xᵢ.shape + xⱼ.shape; those below the
    diagonal are those above it, transposed. Raises ShapeError when f is not a scalar, otherwise as `jacobian`.

    >>> import graphc as G
    >>> a, b = G.inputs("a b")
    >>> [[print(G.simplify(h)) for h in row] for row in G.hessian(a * a * b, [a, b])] and None
    2*b
    2*a
    2*a
    0
    """
    _check_scalar(f, "hessian")
    sources = _sources([f], x, "hessian")
    slopes = gradients(f, sources)
    blocks: list[list[Any]] = [[None] * len(sources) for _ in sources]
    for j, source in enumerate(sources):
        column = _blocks(slopes[: j + 1], [source], forward=True)
        for i in range(j + 1):
            blocks[i][j] = column[i][0]
            if i < j:
                n = sources[i].ndim
                axes = (*range(n, n + source.ndim), *range(n))
                blocks[j][i] = TRANSPOSE(blocks[i][j], axes=axes) if axes else blocks[i][j]
    return blocks[0][0] if isinstance(x, (Expr, str)) else blocks


def hvp(f: Expr, x: Any, v: Any) -> Any:
    """The product of the Hessian of a scalar f and v, of the shape of x: forward mode over reverse mode.

    It costs a small multiple of f, whatever the size of x. `v` has the shape of `x`, or a value for each x of a list;
    the results are a list then. Raises ShapeError when f is not a scalar or v has another shape than x, otherwise as
    `gradients`.

    >>> import graphc as G
    >>> x = G.input("x", "N")
    >>> G.evaluate(G.hvp(G.sum(x * x * x), x, x), {x: [1.0, 2.0]})
    array([ 6., 24.])
    """
    _check_scalar(f, "hvp")
    single = isinstance(x, (Expr, str))
    sources = _sources([f], x, "hvp")
    along = [lift(a, "hvp") for a in ([v] if single else v)]
    if len(along) != len(sources):
        raise InputError(f"hvp: {len(sources)} inputs need as many vectors, got {len(along)}")
    for source, a in zip(sources, along):
        if a.shape != source.shape:
            raise ShapeError(f"hvp: the vector {a.type} for {source!r} must have its shape")
    found = jvp(gradients(f, sources), sources, along)
    return found[0] if single else found


# -- requests --------------------------------------------------------------------------------------------------------


def _listed(y: Any, who: str) -> list[Expr]:
    if isinstance(y, (list, tuple)):
        return list(y)
    raise InputError(f"{who}: the output must be an Expr or a list of them, got {type(y).__name__}")


def _check_scalar(f: Expr, who: str) -> None:
    check_output(f, who)
    if f.ndim:
        raise ShapeError(f"{who}: {f!r} is not a scalar (declared at {f.place}); reduce it, as in G.sum(f)")


def _sources(tops: Sequence[Expr], x: Any, who: str) -> list[Expr]:
    order = postorder(tops)
    sources = find([x] if isinstance(x, (Expr, str)) else x, variables(order), order)
    for source in sources:
        if not source.type.is_float:
            raise DTypeError(f"{who}: {source!r} is not floating: it has no derivative (declared at {source.place})")
    return sources


# -- blocks ----------------------------------------------------------------------------------------------------------


def _blocks(ys: Sequence[Expr], xs: Sequence[Expr], forward: bool = False) -> list[list[Expr]]:
    """∂y/∂x for each y and each x. `forward` decides where both sides are equal."""
    blocks: list[list[Any]] = [[None] * len(xs) for _ in ys]
    for i, y in enumerate(ys):
        for j, x in enumerate(xs):
            blocks[i][j] = _diagonal(y, x)
    for i, y in enumerate(ys):
        rows = [j for j, x in enumerate(xs) if blocks[i][j] is None and not _by_columns(y, x, forward)]
        for j, block in zip(rows, _by_rows(y, [xs[j] for j in rows]) if rows else ()):
            blocks[i][j] = block
    for j, x in enumerate(xs):
        columns = [i for i in range(len(ys)) if blocks[i][j] is None]
        for i, block in zip(columns, _in_columns([ys[i] for i in columns], x) if columns else ()):
            blocks[i][j] = block
    return blocks


def _by_columns(y: Expr, x: Expr, forward: bool) -> bool:
    """Whether forward mode has less to walk: a scalar is always walked from y's side, as in a textbook."""
    rows, columns = y.type.size, x.type.size
    if isinstance(rows, int) and isinstance(columns, int):
        return columns < rows or (forward and columns == rows > 1)
    return isinstance(columns, int) or (forward and not isinstance(rows, int))


def _diagonal(y: Expr, x: Expr) -> Expr | None:
    """The Jacobian of an elementwise y, zeros for one that does not depend on x; None for any other."""
    depends = {x}
    elementwise = True
    for node in postorder([y]):
        if node is not x and node.type.is_float and any(a in depends for a in node.args):
            depends.add(node)
            whole = all(a.shape == x.shape for a in node.args if a in depends)
            elementwise = elementwise and node.op.elementwise and node.shape == x.shape and whole
    if y not in depends:
        return _zeros(y, x)
    if not elementwise or not x.ndim:
        return None
    slope = jvp(y, x, _ones(x))
    return RESHAPE(DIAG(RESHAPE(slope, shape=(x.type.size,))), shape=(*y.shape, *x.shape))


def _by_rows(y: Expr, xs: Sequence[Expr]) -> list[Expr]:
    """A row for each element of y, by reverse mode."""
    if not y.ndim:
        return list(vjp(y, xs, _ones(y)))
    found = _walked(y, lambda unit: vjp(y, xs, unit))
    return [RESHAPE(block, shape=(*y.shape, *x.shape)) for block, x in zip(found, xs)]


def _in_columns(ys: Sequence[Expr], x: Expr) -> list[Expr]:
    """A column for each element of x, by forward mode."""
    if not x.ndim:
        return list(jvp(ys, x, _ones(x)))
    found = _walked(x, lambda unit: jvp(ys, x, unit))
    return [RESHAPE(_last(block), shape=(*y.shape, *x.shape)) for block, y in zip(found, ys)]


def _last(block: Expr) -> Expr:
    """The first axis moved to the end."""
    return TRANSPOSE(block, axes=(*range(1, block.ndim), 0)) if block.ndim > 1 else block


def _walked(side: Expr, along: Callable[[Expr], Sequence[Expr]]) -> list[Expr]:
    """What `along` gives for each unit vector of this side, stacked along a new first axis."""
    size = side.type.size
    if isinstance(size, int) and size <= SMALL:
        if not size:
            return [BROADCAST_TO(lift(r.dtype.type(0)), shape=(0, *r.shape)) for r in along(_ones(side))]
        units = np.eye(size, dtype=side.dtype).reshape(size, *side.shape)
        rows = [along(lift(unit)) for unit in units]
        return [STACK(*each, axis=0) for each in zip(*rows)]
    places = arange(size)

    def step(_: None, i: Expr) -> tuple[None, list[Expr]]:
        unit = EQUAL(places, i).astype(side.type.dtype)
        return None, list(along(RESHAPE(unit, shape=side.shape)))

    return list(scan(step, None, places)[1])


def _ones(like: Expr) -> Expr:
    one = lift(like.dtype.type(1))
    return one if not like.ndim else BROADCAST_TO(one, shape=like.shape)


def _zeros(y: Expr, x: Expr) -> Expr:
    shape: tuple[Size, ...] = (*y.shape, *x.shape)
    zero = lift(y.dtype.type(0))
    return zero if not shape else BROADCAST_TO(zero, shape=shape)
