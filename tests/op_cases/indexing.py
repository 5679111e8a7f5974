"""Cases of the indexing rows."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphc as G
from graphc.ops.indexing import PLACE, PLACES

from .case import SIZES, Case


def placed(block: Any, index: Any, shape: Any) -> Any:
    whole = np.zeros(tuple(SIZES.get(s, s) for s in shape), block.dtype)
    whole[index] = block
    return whole


def place_case(index: Any, shape: tuple[Any, ...]) -> Case:
    prepared = G.input("whole", *shape)[index]
    attrs, block = prepared.attrs[0], prepared.shape
    return Case(lambda g: PLACE(g, index=attrs, shape=prepared.args[0].shape), lambda g: placed(g, index, shape),
    [(block,)])


def getitem_case(index: Any, *shapes: Any) -> Case:
    return Case(lambda x: x[index], lambda x: x[index], [(s,) for s in shapes])


def places_case(indices: Any, shape: tuple[Any, ...]) -> Case:
    whole = G.input("whole", *shape)
    parts = [whole[index] for index in indices]
    attrs = tuple(part.attrs[0] for part in parts)
    return Case(lambda *blocks: PLACES.make(blocks, (attrs, whole.shape)),
                lambda *blocks: sum((placed(b, index, shape) for b, index in zip(blocks[1:], indices[1:])),
                                    start=placed(blocks[0], indices[0], shape)), [tuple(part.shape for part in parts)])


CASES: dict[str, list[Case]] = {
    "getitem": [
        getitem_case(0, (3,), (2, 3), ("N", 3)), getitem_case(-1, (3,), ("N", 3)),
        getitem_case(slice(1, None), (3,), ("N", 2)),
        getitem_case((slice(None), 1), (2, 3), ("N", 3)), getitem_case((slice(None), slice(None, None, -1)), (2, 3)),
        getitem_case(slice(None, None, -1), (3,), ("N",)), getitem_case(slice(-1, 0, -2), (5,), (4, 2)),
        getitem_case((..., None, slice(0, 2)), (3,), (2, 3), ("N", 3)), getitem_case((None, 0, ...), (2, 3), (1,)),
        getitem_case(slice(5, 9), (3,), (4, 2)), getitem_case((0, 1, 0, -1), (2, 3, 1, 2)), getitem_case((), (), (3,)),
        getitem_case(slice(-2, None), (3,), ("N",)), getitem_case((slice(None, None, 2), slice(2, 0, -1)), (5, 3)),
    ],
    "place": [
        place_case(slice(1, 3), (4,)), place_case((slice(None), 0), (2, 3)),
        place_case((0, slice(None, None, -2)), (2, 5)),
        place_case((slice(None), slice(1, 2)), ("N", 3)), place_case((None, 0), (3,)),
    ],
    "places": [
        places_case([0, 2, 1], (3,)), places_case([1, 0], (2, 3)),
        places_case([(slice(None), 1), (slice(None), 0)], (3, 2)),
        places_case([slice(2, 4), slice(0, 2)], (4, 2)), places_case([slice(0, 2), slice(1, 4)], (4,)),
        places_case([0, 1], (3, 2)), places_case([0, slice(1, 3)], (3, 2)),
        places_case([(slice(None), 0), (1, slice(None))], (2, 3)),
        places_case([(..., slice(None, 1)), (..., slice(1, None))], ("N", 3)),
    ],
}  # fmt: skip
