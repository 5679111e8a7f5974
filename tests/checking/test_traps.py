"""Our own traps for graders, each through `G.check`: what is right is never wrong, what is wrong never correct."""

from __future__ import annotations

import pytest
from traps import ARRAYS, SCALARS, Trap

import graphc as G

TABLE = {trap.name: trap for trap in [*SCALARS, *ARRAYS]}


def verdict(trap: Trap) -> G.Verdict:
    of = G.parse(trap.question, shapes=dict(trap.shapes))
    return G.check(trap.answer, of=of, wrt=trap.wrt)


def test_the_table_is_large_and_has_both_kinds() -> None:
    assert len(TABLE) == len(SCALARS) + len(ARRAYS) >= 260
    assert sum(trap.right for trap in SCALARS) > 90 and sum(not trap.right for trap in SCALARS) > 60


@pytest.mark.parametrize("name", TABLE)
def test_trap(name: str) -> None:
    trap = TABLE[name]
    found = verdict(trap)
    assert found.status == ("correct" if trap.right else "wrong"), str(found)
