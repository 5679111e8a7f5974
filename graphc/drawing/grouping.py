"""Which boxes stand in which frame: from the scopes that their nodes were made in.

A frame is drawn around boxes that no path leaves and enters again, since the layout treats it as one item;
a scope that was left and continued later is drawn as several frames of its title.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..scopes import Instance
from .figure import LEAF_KINDS, Box, Cluster, Figure, Wire
from .layout import side_leaves

Line = tuple[Instance, ...]
DEEPEST = 12  # frames in each other


@dataclass(frozen=True)
class Words:
    """What is written on a frame: its title, and a formula in TeX ("" for none) by the boxes inside."""

    title: Callable[[Instance], str]
    formula: Callable[[Instance, Sequence[str]], str]
    outside: Callable[[str], bool | None]  # of the key of a leaf: True never in a frame, False always, None by its use
    plates: Mapping[Instance, str]  # instances that stand for several copies, with what their frame says of these


def clusters_of(boxes: Sequence[Box], wires: Sequence[Wire], lines: Mapping[str, Line], words: Words,
                ) -> tuple[Cluster, ...]:
    """The frames of a figure. `lines` has, for boxes that are operations, the scopes around them, outermost first.

    Parameters and constants that serve one frame alone stand in it, and so do data that come in from the side.
    """
    lines = _worth_a_frame(lines)
    if not any(lines.values()):
        return ()
    groups = _Groups(words)
    inner = [(w.tail, w.head) for w in wires if w.tail in lines and w.head in lines]
    tree = groups.at(list(lines), inner, lines, 0)
    owner = {key: part for part in groups.parts for key in part.own}
    for box, part in _leaves(boxes, wires, owner, words):
        part.own.append(box)
    return tuple(part.cluster(words) for part in tree)


def _worth_a_frame(lines: Mapping[str, Line]) -> dict[str, Line]:
    """Without the library's own scopes around less than two operations, and no deeper than can be read."""
    count: dict[Instance, int] = defaultdict(int)
    for line in lines.values():
        for run in line:
            count[run] += 1
    return {k: tuple(r for r in line if not r.library or count[r] > 1)[:DEEPEST] for k, line in lines.items()}


class _Part:
    """A frame as it is gathered."""

    def __init__(self, key: str, run: Instance, members: list[str], above: _Part | None) -> None:
        self.key, self.run, self.members, self.above = key, run, members, above
        self.own: list[str] = []
        self.inner: list[_Part] = []

    @property
    def depth(self) -> int:
        return 0 if self.above is None else self.above.depth + 1

    def cluster(self, words: Words) -> Cluster:
        plate = words.plates.get(self.run)
        tex = words.formula(self.run, self.members) if plate is None else plate
        return Cluster(self.key, words.title(self.run), tuple(self.own), tuple(p.cluster(words) for p in self.inner),
                       tex, plate is not None)


class _Groups:
    def __init__(self, words: Words) -> None:
        self.words = words
        self.parts: list[_Part] = []

    def at(self, keys: list[str], arcs: list[tuple[str, str]], lines: Mapping[str, Line], depth: int,
           above: _Part | None = None) -> list[_Part]:
        """The frames directly inside `above`, whose boxes are `keys`; what stands in none of them is its own."""
        runs: dict[Instance, list[str]] = {}
        for key in keys:
            if len(lines[key]) > depth:
                runs.setdefault(lines[key][depth], []).append(key)
            elif above is not None:
                above.own.append(key)
        found = []
        for run, members in _convex(keys, arcs, list(runs.items())):
            part = _Part(f"frame{len(self.parts) + 1}", run, members, above)
            self.parts.append(part)
            found.append(part)
        home = {key: part for part in found for key in part.members}
        within: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for a, b in arcs:
            if a in home and home.get(b) is home[a]:
                within[home[a].key].append((a, b))
        for part in found:
            part.inner = self.at(part.members, within[part.key], lines, depth + 1, part)
        return found


def _convex(keys: Iterable[str], arcs: list[tuple[str, str]], groups: list[tuple[Instance, list[str]]],
            ) -> list[tuple[Instance, list[str]]]:
    """The groups, split where contracting them all would make a cycle."""
    home = {key: key for key in keys}
    whole = dict(home)
    for n, (_, members) in enumerate(groups):
        whole.update(dict.fromkeys(members, f"group {n}"))
    if _order(whole, arcs) is not None:
        return groups
    parts = []
    for n, (run, members) in enumerate(groups):
        for again, some in sorted(_visits(home, arcs, set(members)).items()):
            parts.append((run, some))
            home.update(dict.fromkeys(some, f"group {n} {again}"))
    return parts


def _order(home: Mapping[str, str], arcs: Iterable[tuple[str, str]]) -> list[str] | None:
    """The contracted nodes with operands first, or None where there is a cycle."""
    into: dict[str, int] = dict.fromkeys(home.values(), 0)
    out: dict[str, list[str]] = defaultdict(list)
    for a, b in arcs:
        if home[a] != home[b]:
            out[home[a]].append(home[b])
            into[home[b]] += 1
    ready = deque(k for k, n in into.items() if not n)
    order = []
    while ready:
        order.append(ready.popleft())
        for k in out[order[-1]]:
            into[k] -= 1
            if not into[k]:
                ready.append(k)
    return order if len(order) == len(into) else None


def _visits(home: Mapping[str, str], arcs: list[tuple[str, str]], group: set[str]) -> dict[int, list[str]]:
    """The members by how often a path to them left the group and came back: each of these sets is convex."""
    before: dict[str, set[str]] = defaultdict(set)
    for a, b in arcs:
        if home[a] != home[b]:
            before[home[b]].add(home[a])
    order = _order(home, arcs)
    assert order is not None
    visits: dict[str, int] = {}
    parts: dict[int, list[str]] = defaultdict(list)
    for k in order:
        inside = k in group
        comes = [visits[u] + (inside and u not in group and visits[u] >= 0) for u in before[k]]
        visits[k] = max([0 if inside else -1, *comes])
        if inside:
            parts[visits[k]].append(k)
    return parts


def _leaves(boxes: Sequence[Box], wires: Sequence[Wire], owner: Mapping[str, _Part], words: Words,
            ) -> list[tuple[str, _Part]]:
    """The leaves that stand in a frame: the innermost one around all that they serve."""
    leaves = {b.key: b.kind for b in boxes if b.kind in LEAF_KINDS or (b.kind == "adjoint" and b.key not in owner)}
    serves: dict[str, list[_Part | None]] = defaultdict(list)
    for w in wires:
        for leaf, user in ((w.tail, w.head), (w.head, w.tail)):  # of adjoints, the leaf is the head
            if leaf in leaves:
                serves[leaf].append(owner.get(user))
    sides = {leaf for group in side_leaves(Figure(boxes, wires)).values() for leaf, _ in group}
    found = []
    for leaf, parts in serves.items():
        part = _common(parts)
        out = words.outside(leaf)
        if part is not None and not out and (out is False or leaves[leaf] != "data" or leaf in sides):
            found.append((leaf, part))
    return found


def _common(parts: Sequence[_Part | None]) -> _Part | None:
    common = parts[0]
    for part in parts[1:]:
        while common is not part and common is not None and part is not None:
            if common.depth >= part.depth:
                common = common.above
            else:
                part = part.above
        common = common if common is part else None
    return common
