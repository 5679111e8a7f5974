"""What is known of a value's sign from the way it is made: enough to drop a guard against a division by 0."""

from __future__ import annotations

from typing import Literal

import numpy as np

from .ir import Expr

Sign = Literal["positive", "nonnegative"]

DEEPEST = 8
# Ops whose value is never negative, whatever the operand; exp and its kin may round to 0.
_NEVER_NEGATIVE = frozenset({"absolute", "exp", "exp2", "norm2", "relu", "sigmoid", "softmax", "softplus", "square",
                             "std", "var"})  # fmt: skip
# Ops whose value has the sign of every element of the operand.
_KEEPS = frozenset({"astype", "broadcast_to", "getitem", "max", "mean", "min", "reshape", "sqrt", "transpose"})


def sign_of(node: Expr, depth: int = DEEPEST) -> Sign | None:
    """Whether every element is above 0, or at least not below it, in floating point too; None when not known.

    >>> import graphc as G
    >>> x = G.input("x", 3)
    >>> sign_of(G.sqrt(G.mean(x * x) + 1e-5)), sign_of(G.square(x)), sign_of(x)
    ('positive', 'nonnegative', None)
    """
    name = node.op.name
    if name == "const":
        value = node.attrs[0].value
        return "positive" if value.size and np.all(value > 0) else "nonnegative" if np.all(value >= 0) else None
    if name in _NEVER_NEGATIVE or name == "size":
        return "nonnegative"
    if not depth:
        return None
    if name in _KEEPS:
        return sign_of(node.args[0], depth - 1)
    if name in ("sum", "add"):
        found = [sign_of(a, depth - 1) for a in node.args]
        if None in found:
            return None
        return "positive" if name == "add" and "positive" in found else "nonnegative"
    if name == "multiply":
        return _of_product(node.args[0], node.args[1], depth - 1)
    return None


def _of_product(a: Expr, b: Expr, depth: int) -> Sign | None:
    """A square is not negative; a number of at least 1 keeps the sign. Other products may round to 0."""
    if a is b:
        return "nonnegative"
    found = sign_of(a, depth), sign_of(b, depth)
    if None in found:
        return None
    scale = any(c.op.name == "const" and np.all(c.attrs[0].value >= 1) for c in (a, b))
    return "positive" if scale and found == ("positive", "positive") else "nonnegative"
