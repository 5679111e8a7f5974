"""The cases by which `test_op_table` proves each row: one file a family, merged here.

The reference of a case is plain NumPy or mpmath, never the row's own spelling.
"""

from . import (
    activation,
    contraction,
    convolution,
    cumulative,
    decomposition,
    einsum,
    elementwise,
    gather,
    indexing,
    joining,
    reduction,
    rounding,
    scan,
    shaping,
    sorting,
    special,
    stable,
    transcendental,
)
from .case import SIZES, Case

FAMILIES = (
    elementwise, reduction, contraction, shaping, indexing, transcendental, activation, special,
    rounding, cumulative, gather, sorting, einsum, decomposition, joining, convolution, scan, stable,
)  # fmt: skip
CASES: dict[str, list[Case]] = {}
for family in FAMILIES:
    assert CASES.keys().isdisjoint(family.CASES), CASES.keys() & family.CASES.keys()
    CASES |= family.CASES

__all__ = ["CASES", "SIZES", "Case"]
