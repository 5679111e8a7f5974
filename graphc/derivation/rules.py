"""What each operation hands back to its operands, as a teacher states it: one row an op.

The pullback of an op's row is the truth. A rule here is another spelling of it, without the guards and
reshapings that a machine needs; every op without a rule is written by its pullback. The words are the
phrases "rule <name>"; a test holds each rule against the gradients in numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import NoDerivative
from ..ir import Expr, lift
from ..ops.elementwise import EQUAL, MULTIPLY, WHERE
from ..ops.linalg import MATMUL
from ..ops.reduction import SUM, restore
from ..ops.shaping import BROADCAST_TO, RESHAPE
from ..ops.softmax import SOFTMAX
from ..reverse import fitted
from ..rewrite import rewrite
from .local import TEXTBOOK, local_derivatives

Handed = Sequence["Expr | float | None"]


def handed(node: Expr, g: Expr, y: Expr, operands: Sequence[Expr]) -> list[Expr | None]:
    """What `node` hands to each operand for the adjoint `g`, over symbols for its value and operands.

    Raises NoDerivative when the row has no pullback.
    """
    op = node.op
    rule = RULES.get(op.name)
    raw: Handed | None = rule(g, y, *operands, **op.named_attrs(node)) if rule else None
    if raw is None and op.name == "add":
        raw = [g] * len(operands)
    if raw is None and op.elementwise:
        raw = [None if d is None else _times(g, d) for d in local_derivatives(node, y, operands)]
    if raw is None:
        if op.pullback is None:
            raise NoDerivative(f"{op.name} has no pullback; add one to its row (node declared at {node.place})")
        raw = [None if c is None else rewrite(lift(c)) for c in op.pullback(g, y, *operands, **op.named_attrs(node))]
    return [None if c is None else fitted(lift(c), a) for c, a in zip(raw, operands)]


def _times(g: Expr, d: Expr) -> Expr:
    """g·d, as short as it is said: −g for d = −1, a quotient for d = 1/b."""
    d = rewrite(d)
    if d.op.name == "const" and not d.ndim:
        value = d.attrs[0].value.item()
        if value in (1, -1):
            return g if value == 1 else -g
        return MULTIPLY(d, g)
    if d.op.name == "negative":
        return -_times(g, d.args[0])
    if d.op.name == "divide" and d.args[0].op.name == "const" and d.args[0].attrs[0].value.item() == 1:
        return g / d.args[1]
    return MULTIPLY(d, g) if not d.ndim and g.ndim else MULTIPLY(g, d)


def _outer(a: Expr, b: Expr) -> Expr:
    """a[i]·b[j], as a column times a row."""
    return MULTIPLY(RESHAPE(a, shape=(a.shape[0], 1)), RESHAPE(b, shape=(1, b.shape[0])))


def _matmul(g: Expr, y: Expr, a: Expr, b: Expr) -> Handed | None:
    ranks = a.ndim, b.ndim
    if ranks == (1, 1):
        return g * b, g * a
    if ranks == (2, 1):
        return _outer(g, b), MATMUL(a.T, g)
    if ranks == (1, 2):
        return MATMUL(b, g), _outer(a, g)
    if min(ranks) > 1:
        return MATMUL(g, b.mT), MATMUL(a.mT, g)
    return None


def _spread(g: Expr, x: Expr, axis: Any, keepdims: bool) -> Expr:
    if not x.ndim:
        return g
    wide = g if keepdims or not g.ndim else restore(g, x, axis, keepdims)
    return BROADCAST_TO(wide, shape=x.shape)


def _mean(g: Expr, y: Expr, x: Expr, axis: Any, keepdims: bool) -> Handed:
    count = x.type.size if len(axis) == x.ndim else _product([x.shape[i] for i in axis])
    return (_spread(g / lift(count), x, axis, keepdims),)


def _product(sizes: Sequence[Any]) -> Any:
    total: Any = 1
    for s in sizes:
        total = total * s
    return total


def _wide(g: Expr, x: Expr, axis: Any, keepdims: bool) -> Expr:
    """The adjoint of a reduction as a factor of an array of x's shape."""
    return g if not g.ndim else restore(g, x, axis, keepdims)


def _winners(g: Expr, y: Expr, x: Expr, axis: Any, keepdims: bool) -> Handed:
    return (MULTIPLY(_wide(g, x, axis, keepdims), EQUAL(x, _wide(y, x, axis, keepdims))),)


def _logsumexp(g: Expr, y: Expr, x: Expr, axis: Any, keepdims: bool) -> Handed | None:
    if len(axis) != 1:
        return None
    return (MULTIPLY(_wide(g, x, axis, keepdims), SOFTMAX(x, axis=axis[0])),)


def _norm2(g: Expr, y: Expr, x: Expr, axis: Any, keepdims: bool) -> Handed:
    return (MULTIPLY(_wide(g, x, axis, keepdims), x / _wide(y, x, axis, keepdims)),)


def _softmax(g: Expr, y: Expr, x: Expr, axis: int) -> Handed:
    if x.ndim == 1:
        return (MULTIPLY(y, g - MATMUL(y, g)),)
    return (MULTIPLY(y, g - SUM(MULTIPLY(y, g), axis=axis, keepdims=True)),)


def _cross_entropy(g: Expr, f: Expr, z: Expr, y: Expr, axis: int) -> Handed:
    wide = _wide(g, z, (axis,), False)
    return MULTIPLY(wide, SOFTMAX(z, axis=axis) - y), -MULTIPLY(wide, z)


RULES: Mapping[str, Callable[..., Handed | None]] = {
    "matmul": _matmul,
    "sum": lambda g, y, x, axis, keepdims: (_spread(g, x, axis, keepdims),),
    "mean": _mean,
    "max": _winners,
    "min": _winners,
    "logsumexp": _logsumexp,
    "norm2": _norm2,
    "softmax": _softmax,
    "softmax_cross_entropy": _cross_entropy,
    "where": lambda g, y, c, a, b: (None, WHERE(c, g, 0.0), WHERE(c, 0.0, g)),
    "exp": lambda g, y, x: (MULTIPLY(g, y),),
}

# Ops that share the words of another, by name.
WORDS: Mapping[str, str] = {
    "min": "max", "minimum": "maximum", "fmax": "maximum", "fmin": "maximum", "stack": "concatenate",
    "leaky_relu": "relu", "elu": "relu", "take_along_axis": "gather", "broadcast_to": "spread",
    "subtract": "add", "negative": "add", "vector_norm": "norm2", "centre": "centre",
}  # fmt: skip

__all__ = ["RULES", "TEXTBOOK", "WORDS", "handed"]
