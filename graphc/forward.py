"""Forward mode: tangents carried along with the values, one pushforward a node."""

from __future__ import annotations

from typing import Any

from .errors import DTypeError, InputError, NoDerivative, ShapeError
from .ir import Expr, lift, postorder
from .ops.shaping import BROADCAST_TO


def jvp(ys: Any, xs: Any, tangents: Any) -> Any:
    """Jacobian-vector product: the derivative of each y along `tangents`, which have the xs' shapes.

    One Expr for `ys` gives one Expr. Raises ShapeError when a tangent does not have its x's shape,
    DTypeError for an integer x, NoDerivative where an op has no pushforward.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> print(G.simplify(G.jvp(G.exp(x), x, 1.0)))
    exp(x)
    """
    outputs = [ys] if isinstance(ys, Expr) else list(ys)
    sources = [xs] if isinstance(xs, Expr) else list(xs)
    seeds = [lift(t, "jvp") for t in ([tangents] if isinstance(xs, Expr) else tangents)]
    if len(seeds) != len(sources):
        raise InputError(f"jvp: {len(sources)} inputs need as many tangents, got {len(seeds)}")
    tangent: dict[Expr, Expr | None] = {}
    for x, t in zip(sources, seeds):
        tangent[x] = _seed(x, t)
    for node in postorder(outputs):
        if node not in tangent:
            tangent[node] = _push(node, [tangent[a] for a in node.args])
    results = [_result(tangent[y], y) for y in outputs]
    return results[0] if isinstance(ys, Expr) else results


def _seed(x: Expr, t: Expr) -> Expr:
    if not x.type.is_float:
        raise DTypeError(f"jvp: {x!r} is not floating, so it has no tangent (declared at {x.place})")
    if t.shape != x.shape:
        raise ShapeError(f"jvp: the tangent {t.type} of {x!r} must have its shape")
    return t if t.type == x.type else t.astype(x.type.dtype)


def _push(node: Expr, tangents: list[Expr | None]) -> Expr | None:
    if not node.type.is_float or all(t is None for t in tangents):
        return None
    op = node.op
    if op.pushforward is None:
        raise NoDerivative(f"{op.name} has no pushforward; add one to its row (node declared at {node.place})")
    return op.pushforward(tangents, node, *node.args, **op.named_attrs(node))


def _result(t: Expr | None, y: Expr) -> Expr:
    if t is None:
        t = lift(y.dtype.type(0))
    return t if t.shape == y.shape else BROADCAST_TO(t, shape=y.shape)
