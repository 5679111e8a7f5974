"""A graph of numbers as one of arrays: each node that is computed element by element, over one more axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .dims import Dim
from .errors import InputError, ShapeError
from .ir import INPUT, LEAVES, OPS, Expr, postorder, variable
from .signature import Slot

AXIS = "N"  # the name of the axis of all points


# Of a number, the number.
_IDENTITIES = frozenset({"sum", "mean", "prod", "max", "min", "reshape", "broadcast_to", "transpose"})


def spread(tops: Sequence[Expr], inputs: Sequence[Expr], chosen: Iterable[Expr], who: str) -> tuple[list[Expr],
                                                                                                     list[Expr]]:
    """The outputs and inputs where each of the `chosen` inputs has one axis, the same for all.

    Raises InputError for an operation that is not elementwise, so that the points would not stay apart.

    >>> import graphc as G
    >>> x, w = G.input("x"), G.param("w")
    >>> spread([w * G.tanh(x)], [x, w], [x], "f")
    ([<multiply(w, tanh(…)): float64[N]>], [<input x: float64[N]>, <param w: float64[]>])
    """
    wide: dict[Expr, Expr] = {}
    for v in chosen:
        wide[v] = variable(INPUT, v.label, (Dim.named(AXIS),), v.type.dtype, declare=False)
    for node in postorder([*tops, *inputs]):
        if node in wide or node.op.name in LEAVES:
            wide.setdefault(node, node)
            continue
        args = tuple([wide[a] for a in node.args])
        if all(a is b for a, b in zip(args, node.args)):
            wide[node] = node
        elif node.op.elementwise:
            wide[node] = node.op.make(args, node.attrs, node.label)
        elif not node.shape and not any(a.shape for a in node.args) and node.op.name in _IDENTITIES:
            same = args[0] if args[0].type.dtype == node.type.dtype else OPS["astype"](args[0], dtype=node.type.dtype)
            wide[node] = same
        else:
            raise InputError(f"{who}: over takes what is computed element by element, and {node.op.name} is not "
                             f"(declared at {node.place}); give the inputs an axis where they are declared")
    return [wide[top] for top in tops], [wide[v] for v in inputs]


def points(values: Sequence[Any], slots: Sequence[Slot], who: str) -> tuple[tuple[int, ...], tuple[bool, ...],
                                                                          list[Any]]:
    """The shape that the values broadcast to, which of them are arrays, and those in one axis of all points.

    Raises ShapeError for inputs that have axes of their own, or arrays that do not broadcast.
    """
    for slot in slots:
        if slot.type.shape:
            raise ShapeError(f"{who}: over takes inputs that are declared without axes, not {slot}")
    shapes = [np.shape(value) for value in values]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        found = ", ".join(f"{slot.name} {shape}" for slot, shape in zip(slots, shapes) if shape)
        raise ShapeError(f"{who}: arrays that broadcast together are needed, got {found}") from None
    many = tuple(len(s) > 0 for s in shapes)
    flat = [np.broadcast_to(np.asarray(v), shape).reshape(-1) if wide else v for v, wide in zip(values, many)]
    return shape, many, flat
