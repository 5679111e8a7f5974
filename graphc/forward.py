"""Forward mode: tangents carried along with the values, one pushforward a node."""

from __future__ import annotations

from typing import Any

from .errors import DTypeError, InputError, NoDerivative, ShapeError
from .ir import Expr, building, lift, postorder, variables
from .ops.loop_rules import PASSES
from .ops.shaping import BROADCAST_TO
from .reverse import check_output, find
from .stable import images, reusing
from .types import TupleType


def jvp(ys: Any, xs: Any, tangents: Any) -> Any:
    """Jacobian-vector product: the derivative of each y along `tangents`, which have the xs' shapes.

    The results have the shapes and dtypes of the ys; one Expr for `ys` gives one Expr. The xs are Exprs or names.
    Raises ShapeError when a tangent does not have its x's shape, DTypeError for an integer x or y,
    InputError for an unknown name, NoDerivative where an op has no pushforward.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> print(G.simplify(G.jvp(G.exp(x), x, 1.0)))
    exp(x)
    """
    single = isinstance(xs, (Expr, str))
    outputs = [ys] if isinstance(ys, Expr) else list(ys)
    for y in outputs:
        check_output(y, "jvp")
    order = postorder(outputs)
    known = variables(order)
    sources = find([xs] if single else xs, known, order)
    seeds = [lift(t, "jvp") for t in ([tangents] if single else tangents)]
    if len(seeds) != len(sources):
        raise InputError(f"jvp: {len(sources)} inputs need as many tangents, got {len(seeds)}")
    found = images(outputs, order, sources) or {}
    tangent: dict[Expr, Expr | None] = {}
    for x, t in zip(sources, seeds):
        tangent[found.get(x, x)] = _seed(x, t)
    tops = [found.get(y, y) for y in outputs]
    order = postorder(tops) if found else order
    with building() as at:
        for node in order:
            if node not in tangent:
                at(node)
                tangent[node] = _push(node, [tangent[a] for a in node.args])
    results = reusing([_or_zeros(tangent[y], y) for y in tops], found, sources)
    return results[0] if isinstance(ys, Expr) else results


PASSES["jvp"] = jvp  # for the bodies of scans


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
    return _fit(op.pushforward(tangents, node, *node.args, **op.named_attrs(node)), node)


def _fit(t: Expr | None, node: Expr) -> Expr | None:
    """`t` in the type of the node: a tangent of one operand only may lack the axes that the others bring."""
    if t is None or t.type is node.type or isinstance(node.type, TupleType):
        return t
    t = t if t.type.dtype == node.type.dtype else t.astype(node.type.dtype)
    return t if t.shape == node.shape else BROADCAST_TO(t, shape=node.shape)


def _or_zeros(t: Expr | None, y: Expr) -> Expr:
    return t if t is not None else BROADCAST_TO(lift(y.dtype.type(0)), shape=y.shape)
