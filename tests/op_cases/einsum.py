"""Cases of the einsum rows. Each subscript string stands for one way in which a sum is worked out."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphc as G
from graphc.ir import Expr
from graphc.ops.contraction import PUT_DIAGONAL

from .case import Case

NO_BOOLS = frozenset({"bool"})


def sums(subscripts: str, *shapes: Any, inside: bool = False) -> Case:
    return Case(lambda *xs: G.einsum(subscripts, *xs), lambda *xs: np.einsum(subscripts, *xs), list(shapes),
                inside=inside, refuses=NO_BOOLS)


def placed(x: Expr, subscripts: str, shape: Any) -> Expr:
    return PUT_DIAGONAL(x, subscripts=subscripts, shape=shape)


CASES: dict[str, list[Case]] = {
    "einsum": [
        sums("ij,ij->", ((2, 3), (2, 3)), ((0, 3), (0, 3)), (("N", 3), ("N", 3))),
        sums("ij,ji", ((2, 3), (3, 2)), (("N", 3), (3, "N"))),
        sums("ij,ij->i", ((2, 3), (2, 3)), ((2, 0), (2, 0)), (("N", "M"), ("N", "M"))),
        sums("bij,ijb->b", ((2, 3, 4), (3, 4, 2)), (("N", 3, 4), (3, 4, "N"))),
        sums("ijk,jkl->il", ((2, 3, 4), (3, 4, 2)), (("N", 3, 4), (3, 4, "M")), ((2, 0, 4), (0, 4, 2))),
        sums("ijk,kjl->li", ((2, 3, 4), (4, 3, 2))),
        sums("ijk,lk->jil", ((2, 3, 4), (5, 4)), (("N", 3, 4), (5, 4))),
        sums("jki,jkl->il", ((3, 4, 2), (3, 4, 5))),
        sums("kli,jkl->ij", ((3, 4, 2), (5, 3, 4))),
        sums("bihd,bjhd->bhij", ((2, 3, 2, 4), (2, 5, 2, 4)), (("N", 3, 2, 4), ("N", "M", 2, 4))),
        sums("bhij,bjhd->bihd", ((2, 2, 3, 4), (2, 4, 2, 3))),
        sums("bij,bjkl->bkli", ((2, 3, 4), (2, 4, 2, 3))),
        sums("bi,bij->jb", ((2, 3), (2, 3, 4))),
        sums("ij,ijk->k", ((2, 3), (2, 3, 4)), (("N", 3), ("N", 3, 4))),
        sums("aibj,acjd->bdic", ((2, 3, 2, 4), (2, 3, 4, 5))),
        # broadcast axes, sums of one operand, diagonals, several operands
        sums("ijk, kj -> i", ((2, 3, 4), (4, 3)), ((2, 1, 4), (4, 3)), ((2, 3, 1), (4, 3)), ((2, 3, 4), (4, 1)),
             inside=True),
        sums("iij,ijl->jl", ((3, 3, 2), (3, 2, 4)), inside=True),
        sums("ij,jkl,lm,mk->i", ((2, 3), (3, 4, 2), (2, 5), (5, 4)), inside=True),
    ],
    "take_diagonal": [
        sums("ii->i", ((3, 3),), ((0, 0),), (("N", "N"),)),
        sums("iij->ij", ((3, 3, 2),), (("N", "N", 2),)),
        sums("ijij->ij", ((2, 3, 2, 3),)),
        sums("iii->i", ((3, 3, 3),)),
        sums("iji->ji", ((3, 2, 3),), inside=True),
        sums("ii", ((3, 3),), inside=True),
        sums("...ii", ((4, 3, 3),), ((3, 3),), (("N", 3, 3),), inside=True),
        sums("ii,i,ij->j", ((3, 3), (3,), (3, 2)), inside=True),
    ],
    "put_diagonal": [
        Case(lambda x: placed(x, "ii->i", (*x.shape, *x.shape)), np.diag, [((3,),), (("N",),)]),
        Case(lambda x: placed(x, "bii->bi", (*x.shape, x.shape[1])),
             lambda x: x[..., None] * np.eye(x.shape[1], dtype=x.dtype),
             [((2, 3),), (("N", 3),), ((0, 2),), ((2, 0),)]),
    ],
    "cross": [
        Case(G.cross, np.cross, [((3,), (3,)), ((2, 3), (3,)), ((2, 1, 3), (4, 3)), ((0, 3), (3,)), (("N", 3), (3,))],
             refuses=NO_BOOLS),
        Case(lambda a, b: G.cross(a, b, axis=0), lambda a, b: np.cross(a, b, axis=0),
             [((3, 2), (3, 2)), ((3, "N"), (3, 1))], inside=True, refuses=NO_BOOLS),
    ],
}  # fmt: skip
