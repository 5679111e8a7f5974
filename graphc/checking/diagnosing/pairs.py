"""Two independent slips at once, looked for where no single one explains an answer.

The recurrence is linear in each local derivative, so a pair is tried in plain floats first: a few
additions and products, no trees. What fits there is built and compared like any other mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, islice, product

from .chain import Chain, EdgeEdit, NodeEdit, Slip
from .judge import Judge, lowerable
from .slopes import Slopes

MAX_SLIPS, MAX_PAIR_WORK, MAX_TRIED = 90, 25_000, 6
MAX_BUILT = 80
RULES = frozenset({"product_rule", "quotient_rule"})


def matching_pair(slips: Sequence[Slip], chain: Chain, judge: Judge) -> tuple[Slip, Slip] | None:
    """The first two slips on different edges that together give the answer."""
    for pair in islice(_close(slips, chain, judge), MAX_TRIED):
        core = lowerable(judge, chain.edited((*pair[0].edits, *pair[1].edits)))
        if core is not None and judge.is_answer(core) and judge.differs_from_truth(core):
            return pair
    return next(_with_rules(slips, chain, judge), None)


def _with_rules(slips: Sequence[Slip], chain: Chain, judge: Judge) -> Iterator[tuple[Slip, Slip]]:
    """A product or quotient rule gone wrong and one edge besides: these are built, so only a few are tried."""
    rules = [s for s in slips if s.words.kind in RULES and any(isinstance(e, NodeEdit) for e in s.edits)]
    others = [s for s in slips if s.words.kind not in RULES and len(s.edits) == 1 and isinstance(s.edits[0], EdgeEdit)]
    for rule, other in islice(product(rules, others), MAX_BUILT):
        core = lowerable(judge, chain.edited((*rule.edits, *other.edits)))
        if core is not None and judge.is_answer(core) and judge.differs_from_truth(core):
            yield rule, other


def _close(slips: Sequence[Slip], chain: Chain, judge: Judge) -> Iterator[tuple[Slip, Slip]]:
    if not chain.edges:
        return
    usable = [s for s in slips if s.edits and all(isinstance(e, EdgeEdit) for e in s.edits)][:MAX_SLIPS]
    points = [Slopes(chain, judge, evaluator, need) for evaluator, need in judge.points[:2]]
    budget = MAX_PAIR_WORK // max(1, len(chain.active))
    for one, two in combinations(usable, 2):
        budget -= 1
        if budget < 0 or not points:
            return
        edits = [e for s in (one, two) for e in s.edits if isinstance(e, EdgeEdit)]
        if len({id(e.edge) for e in edits}) == len(edits) and all(p.fits(edits) for p in points):
            yield one, two
