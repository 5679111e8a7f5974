"""Cases of the contraction rows."""

from __future__ import annotations

import numpy as np

import graphc as G

from .case import Case
from .einsum import NO_BOOLS, sums

MATRICES = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((4, 2, 3), (3, 2)), ((2, 3), (4, 3, 2)),
    ((4, 2, 3), (3,)), ((3,), (4, 3, 2)), ((2, 1, 2, 3), (4, 3, 2)), ((2, 4, 2, 3), (2, 1, 3, 2)), (("N", 3), (3, 2)),
    ((3, "N"), ("N",)), (("N",), ("N",)), (("M", "N", 3), (3, 2)), ((0, 3), (3, 2)), ((2, 0), (0, 3)),
]  # fmt: skip

CASES: dict[str, list[Case]] = {
    "matmul": [
        Case(G.matmul, np.matmul, MATRICES, refuses=NO_BOOLS),
        sums("i,i->", ((3,), (3,)), (("N",), ("N",))),
        sums("ij,kj->ik", ((2, 3), (4, 3)), (("N", 3), ("M", 3)), inside=True),
        sums("ij,jk->ki", ((2, 3), (3, 4)), (("N", 3), (3, "M")), inside=True),
        sums("ji,j", ((3, 2), (3,)), (("N", 2), ("N",)), inside=True),
        sums("...ij,...kj", ((2, 3, 4), (2, 5, 4)), ((4, 2, 3, 4), (2, 5, 4)), ((2, 3, 1), (5, 4)), inside=True),
        sums("...ij,...kj->i...k", ((3, 4), (5, 4)), ((2, 3, 4), (5, 4)), ((2, 3, 4), (1, 5, 4)), inside=True),
        Case(G.vdot, np.vdot, [((3,), (3,)), ((2, 3), (3, 2)), ((2, "N"), ("N", 2))], inside=True, refuses=NO_BOOLS),
        Case(G.dot, np.dot, [((3,), (3,)), ((2, 3), (3, 4)), ((4, 2, 3), (3, 2)), (("N", 3), (3,))], refuses=NO_BOOLS),
    ],
}  # fmt: skip
