"""Cases of the contraction rows."""

from __future__ import annotations

import numpy as np

import graphc as G

from .case import Case

MATRICES = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((4, 2, 3), (3, 2)), ((2, 3), (4, 3, 2)),
    ((4, 2, 3), (3,)), ((3,), (4, 3, 2)), ((2, 1, 2, 3), (4, 3, 2)), ((2, 4, 2, 3), (2, 1, 3, 2)), (("N", 3), (3, 2)),
    ((3, "N"), ("N",)), (("N",), ("N",)), (("M", "N", 3), (3, 2)), ((0, 3), (3, 2)), ((2, 0), (0, 3)),
]  # fmt: skip

CASES: dict[str, list[Case]] = {
    "matmul": [Case(G.matmul, np.matmul, MATRICES, refuses=frozenset({"bool"}))],
}  # fmt: skip
