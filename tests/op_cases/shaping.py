"""Cases of the shaping rows."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphc as G

from .case import SIZES, Case


def swapped(axes: Any, *shapes: Any) -> Case:
    return Case(lambda x: G.transpose(x, axes), lambda x: np.transpose(x, axes), [(s,) for s in shapes])


def to_shape(op: str, shape: tuple[Any, ...], *shapes: Any) -> Case:
    sizes = tuple(SIZES.get(s, s) for s in shape)
    return Case(lambda x: getattr(G, op)(x, shape), lambda x: getattr(np, op)(x, sizes), [(s,) for s in shapes])


def joined(axis: int, *shapes: Any) -> Case:
    return Case(lambda *xs: G.concatenate(xs, axis=axis), lambda *xs: np.concatenate(xs, axis=axis), [*shapes])


CASES: dict[str, list[Case]] = {
    "transpose": [
        swapped(None, (), (3,), (2, 3), (2, 3, 4), (2, 0, 3, 1), ("N", 3)),
        swapped((0, 2, 1), (2, 3, 4), ("N", "M", 2)),
        swapped((1, -1, 0), (2, 3, 4)), swapped((2, 0, 3, 1), (2, 3, 4, 5)),
    ],
    "reshape": [
        to_shape("reshape", (6,), (2, 3), (6,), (3, 1, 2)), to_shape("reshape", (), (1,), ()),
        to_shape("reshape", (0, 2), (0,)),
        to_shape("reshape", (-1, 3), ("N", 3), (2, 3), (2, 2, 3)), to_shape("reshape", (1, "N"), ("N",), ("N", 1)),
    ],
    "broadcast_to": [
        to_shape("broadcast_to", (2, 3), (), (3,), (2, 1), (1, 3), (2, 3)),
        to_shape("broadcast_to", (4, "N", 3), (3,), ("N", 1)),
        to_shape("broadcast_to", (0, 3), (3,), (0, 1)),
    ],
    "concatenate": [
        joined(0, ((2,), (3,)), ((2, 3), (1, 3), (0, 3)), (("N", 2), (3, 2))), joined(1, ((2, 3), (2, 1))),
        joined(-1, ((2, 1, 3), (2, 1, 2)), ((3,), (1,))), joined(0, ((2, 2),)),
    ],
}  # fmt: skip
