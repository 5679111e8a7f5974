"""Runs of elementwise steps -> regions: which steps share one loop, and an order in which all can run.

Two steps may share a loop when they work over the same shape and no path from one to the other leaves the
loop on the way. Steps are taken as late as their readers allow: `1 - y*y` goes to the gradient that it is
for, and is never stored beside y. All passes are linear in the number of steps and edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .program import Step


def regions(steps: Sequence[Step], keys: Sequence[str], tails: Sequence[bool], limit: int) -> list[list[int]]:
    """The steps as groups in an order that can run; each group is one step, or several that share a loop.

    `keys[i]` is the shape that step i can loop over, or "" when it stands alone. A tail is a reduction:
    it may end the loop of its only operand, whose key it has. A group
    has at most `limit` steps besides its tails.

    >>> steps = [Step("a", "-{0}", ("x",), "float64[N]"), Step("b", "np.sort({0})", ("a",), "float64[N]"),
    ...          Step("c", "{0} + {1}", ("a", "x"), "float64[N]"), Step("d", "{0} * {1}", ("b", "c"), "float64[N]")]
    >>> regions(steps, ["N", "", "N", "N"], [False] * 4, 8)
    [[0], [1], [2, 3]]
    """
    made = {s.target: i for i, s in enumerate(steps)}
    reads = [[made[a] for a in dict.fromkeys(s.args) if a in made] for s in steps]
    # A tail runs as early as its operand; a second operand might come too late for that.
    joins = [bool(tail and len(r) == 1 and keys[r[0]] == key and key and not tails[r[0]])
             for tail, key, r in zip(tails, keys, reads)]
    loops = [bool(key) and not tail for key, tail in zip(keys, tails)]
    depths = _depths(keys, loops, joins, reads)
    group = _components(steps, keys, loops, joins, reads, depths)
    return _ordered(_cut(group, loops, joins, reads, limit), reads)


def _depths(keys: Sequence[str], loops: Sequence[bool], joins: Sequence[bool],
            reads: Sequence[Sequence[int]]) -> list[int]:
    """For each step, how many loops begin after it on the way to the end: as few as can be."""
    depths = [0] * len(reads)
    for i in range(len(reads) - 1, -1, -1):
        inside = loops[i] or joins[i]
        for j in reads[i]:
            # A value that is read within its own loop costs nothing; to enter a loop costs one.
            same = loops[j] and inside and keys[i] == keys[j]
            depths[j] = max(depths[j], depths[i] + int(inside and not same))
    for i, r in enumerate(reads):
        if joins[i]:
            depths[i] = depths[r[0]]
    return depths


def _components(steps: Sequence[Step], keys: Sequence[str], loops: Sequence[bool], joins: Sequence[bool],
                reads: Sequence[Sequence[int]], depths: Sequence[int]) -> list[int]:
    """For each step the first of its group: steps of one loop that read each other, or the same values."""
    parent = list(range(len(steps)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    reader: dict[tuple[str, str, int], int] = {}
    for i, step in enumerate(steps):
        if not (loops[i] or joins[i]):
            continue
        wanted = []
        for j in reads[i][:1] if joins[i] else reads[i]:
            if loops[j] and keys[j] == keys[i] and depths[j] == depths[i]:
                wanted.append(j)
        if loops[i]:
            for name in (step.target, *step.args):
                wanted.append(reader.setdefault((name, keys[i], depths[i]), i))
        for j in wanted:
            a, b = find(i), find(j)
            parent[max(a, b)] = min(a, b)
    return [find(i) for i in range(len(steps))]


def _cut(group: Sequence[int], loops: Sequence[bool], joins: Sequence[bool], reads: Sequence[Sequence[int]],
         limit: int) -> list[list[int]]:
    """The groups, those of more than `limit` steps cut in program order; a tail stays with its operand."""
    parts: list[list[int]] = []
    part_of: dict[int, int] = {}
    filling: dict[int, tuple[int, int]] = {}  # group: its open part, and the steps in that
    for i, first in enumerate(group):
        if joins[i]:
            part_of[i] = part_of[reads[i][0]]
            parts[part_of[i]].append(i)
            continue
        part, count = filling.get(first, (-1, limit))
        if not loops[i] or count >= limit:
            part, count = len(parts), 0
            parts.append([])
        filling[first] = part, count + 1
        part_of[i] = part
        parts[part].append(i)
    return parts


def _ordered(parts: list[list[int]], reads: Sequence[Sequence[int]]) -> list[list[int]]:
    """The parts in an order in which each comes after what it reads; steps that stand alone keep theirs."""
    part_of = {i: p for p, part in enumerate(parts) for i in part}
    done = [False] * len(parts)
    result: list[list[int]] = []
    alone = [p for p, part in enumerate(parts) if len(part) == 1]
    for start in (*alone, *range(len(parts))):
        stack = [] if done[start] else [(start, iter(_sources(parts[start], reads, part_of)))]
        while stack:
            p, rest = stack[-1]
            before = next((q for q in rest if not done[q]), None)
            if before is not None:
                stack.append((before, iter(_sources(parts[before], reads, part_of))))
                continue
            stack.pop()
            if not done[p]:
                done[p] = True
                result.append(parts[p])
    return result


def _sources(part: Iterable[int], reads: Sequence[Sequence[int]], part_of: dict[int, int]) -> list[int]:
    here = part_of[next(iter(part))]
    return [q for q in dict.fromkeys(part_of[j] for i in part for j in reads[i]) if q != here]
