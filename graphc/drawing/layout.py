"""Where things go, in pure Python: ranks, order within a rank, positions.

A figure is laid out along its wires (`main`, from inputs to outputs) and across them (`cross`). The wires'
labels are items of the layout themselves, each in a rank of its own between two ranks of boxes, and a wire
that spans several ranks passes through a bend in each: so every piece of wire joins neighbouring ranks, and
nothing can overlap. Parameters that enter an operation from the side travel with it as one item.

The order within a rank is the barycentre heuristic of Sugiyama, Tagawa and Toda (1981); positions are least
squares under separation constraints, one rank at a time, by pooling adjacent violators (Ayer et al. 1955).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ..errors import LimitExceeded
from .figure import LEAF_KINDS, Figure

CROSS_GAP = 15.0  # between boxes of one rank
LABEL_CROSS_GAP = 9.0  # between labels of one rank
ACROSS_GAP = 14.0  # between labels that stand side by side
MAIN_GAP = 13.0  # between neighbouring ranks, before room for curves
ARROW_ROOM = 8.0
SIDE_WIRE = 14.0  # of bare wire on each side of a label, for a parameter that enters from the side
SNAP = 7.0  # points
LONGEST = 20_000  # total length of the wires, in ranks
ALONE = 8.0  # weight of a piece of wire at the end of a box where it is the only one
_FIXED = 1e7  # weight of an item that stays where it is


@dataclass(frozen=True, slots=True)
class Extent:
    """How far an item reaches from its anchor: along the wires (backward, forward) and across (low, high)."""

    back: float
    front: float
    low: float
    high: float


@dataclass
class Item:
    """A box with its side leaves, a label or a bend."""

    key: str
    rank: int
    extent: Extent
    is_box: bool
    cross: float = 0.0
    main: float = 0.0


@dataclass
class Side:
    """A leaf on a wire perpendicular to the others: `sign` is -1 before (above, left) and +1 after."""

    leaf: str
    wire: int
    sign: int
    leaf_offset: float = 0.0
    label_offset: float = 0.0


@dataclass
class Chart:
    """The layered problem: items, links between neighbouring ranks, and the path of each wire through them."""

    items: dict[str, Item] = field(default_factory=dict)
    links: list[tuple[str, str, float]] = field(default_factory=list)
    paths: dict[int, list[str]] = field(default_factory=dict)  # wire -> keys from tail to head
    labels: dict[int, str] = field(default_factory=dict)  # wire -> key of its label
    ranks: list[list[str]] = field(default_factory=list)
    sides: dict[str, list[Side]] = field(default_factory=dict)
    spine: list[str] = field(default_factory=list)
    ordered: dict[str, list[int]] = field(default_factory=dict)  # box -> its wires, where their order matters
    trails: dict[str, float] = field(default_factory=dict)  # box -> from its centre to the note that follows it
    label_gap: float = LABEL_CROSS_GAP
    attach: dict[tuple[str, str], float] = field(default_factory=dict)  # (cluster, next on the wire) -> across, of it

    def lift(self, a: str, b: str) -> float:
        """How much higher than its anchor a piece of wire ends at `a`, less the same at `b`: clusters have ports."""
        return self.attach.get((a, b), 0.0) - self.attach.get((b, a), 0.0) if self.attach else 0.0


def side_leaves(figure: Figure) -> dict[str, list[tuple[str, int]]]:
    """For each operation, the (leaf, wire) that enter from the side: at most two, the last operands first.

    A leaf qualifies when it has this one consumer, and when something else keeps the straight way in.
    """
    uses: dict[str, int] = defaultdict(int)
    entering: dict[str, list[int]] = defaultdict(list)
    for i, wire in enumerate(figure.wires):
        uses[wire.tail] += 1
        entering[wire.head].append(i)
    result: dict[str, list[tuple[str, int]]] = {}
    for head, wires in entering.items():
        if len(wires) < 2:
            continue
        inner = [i for i in wires if figure.kinds[figure.wires[i].tail] not in LEAF_KINDS]
        single = [i for i in wires if i not in inner and uses[figure.wires[i].tail] == 1]
        if not inner:  # all leaves: data go straight in, one parameter or constant may come from the side
            straight = [i for i in wires if figure.kinds[figure.wires[i].tail] == "data"]
            single = [i for i in single if i not in straight] if straight else []
        chosen = single[-2:]
        if chosen:
            result[head] = [(figure.wires[i].tail, i) for i in chosen]
    return result


def box_ranks(keys: Sequence[str], arcs: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Even ranks: a box just after its latest operand, and then later if that makes wires shorter.

    Boxes that hang on one source alone move with it, until one of them stands just before its consumer.
    """
    into: dict[str, list[str]] = {k: [] for k in keys}
    out: dict[str, list[str]] = {k: [] for k in keys}
    for tail, head in arcs:
        into[head].append(tail)
        out[tail].append(head)
    waiting = {k: len(into[k]) for k in keys}
    ready = deque(k for k in keys if not waiting[k])
    rank = dict.fromkeys(keys, 0)
    source = {k: k for k in keys if not into[k]}  # of the boxes that hang on one alone
    while ready:
        k = ready.popleft()
        above = {source.get(tail, "") for tail in into[k]}
        if len(above) == 1:
            source[k] = above.pop()
        for head in out[k]:
            rank[head] = max(rank[head], rank[k] + 2)
            waiting[head] -= 1
            if not waiting[head]:
                ready.append(head)
    slack: dict[str, int] = {}
    for tail, head in arcs:
        own = source.get(tail, "")
        if own and source.get(head) != own:
            slack[own] = min(slack.get(own, LONGEST), rank[head] - rank[tail] - 2)
    later = {k: r + slack.get(source.get(k, ""), 0) for k, r in rank.items()}
    lowest = min(later.values(), default=0)
    return {k: r - lowest for k, r in later.items()}


def spine_of(keys: Sequence[str], arcs: Sequence[tuple[str, str]]) -> list[str]:
    """The boxes that every longest chain runs through, in order.

    Where the longest chains part, both branches are drawn in the same way and neither is the spine.
    """
    into: dict[str, list[str]] = defaultdict(list)
    out: dict[str, list[str]] = defaultdict(list)
    for tail, head in arcs:
        into[head].append(tail)
        out[tail].append(head)
    depth, height = chain_depth(keys, into), chain_depth(keys, out)
    longest = max(depth.values(), default=0) + 1
    level: dict[int, list[str]] = defaultdict(list)
    for k in keys:
        if depth[k] + height[k] == longest:
            level[depth[k]].append(k)
    return [level[d][0] for d in range(1, longest) if len(level[d]) == 1]


def chain_depth(keys: Iterable[str], into: dict[str, list[str]]) -> dict[str, int]:
    """Boxes on the longest chain that ends at each key."""
    depth: dict[str, int] = {}
    for root in keys:
        stack = [root]
        while stack:
            k = stack[-1]
            todo = [t for t in into[k] if t not in depth] if k not in depth else []
            if todo:
                stack.extend(todo)
            else:
                depth[stack.pop()] = 1 + max((depth[t] for t in into[k]), default=0)
    return depth


def chart(figure: Figure, box: Callable[[str], Extent], label: Callable[[int], Extent],
          side_label: Callable[[int], Extent], trail: Callable[[str], tuple[float, float]],
          ends: Mapping[str, int] | None = None, ports: Mapping[tuple[str, int], float] | None = None) -> Chart:
    """The layered problem of a figure, given how large its boxes and labels are.

    `trail` is the room of a note that follows its box: along the wires, and across to the high side.
    `ends` has boxes for the first rank (-1) and the last (+1); `ports` where, from its anchor, a wire meets a cluster.
    """
    c = Chart(label_gap=LABEL_CROSS_GAP if figure.direction in ("LR", "RL") else ACROSS_GAP)
    ordered = {b.key for b in figure.boxes if b.ordered}
    first = {w.head: i for i, w in reversed(list(enumerate(figure.wires)))}
    framed = {key for key, _ in ports or ()}
    for host, leaves in side_leaves(figure).items():
        if host in framed:
            continue
        signs = (-1, 1) if len(leaves) > 1 else (1,) if host in ordered and leaves[0][1] > first[host] else (-1,)
        c.sides[host] = [Side(leaf, wire, s) for (leaf, wire), s in zip(leaves, signs)]
    hidden = {s.leaf for group in c.sides.values() for s in group}
    keys = [b.key for b in figure.boxes if b.key not in hidden]
    wires = [(i, w) for i, w in enumerate(figure.wires) if w.tail not in hidden]
    arcs = [(w.tail, w.head) for _, w in wires]
    c.ordered = {k: [i for i, w in wires if w.head == k] for k in keys if k in ordered}
    rank = box_ranks(keys, arcs)
    first_rank, last_rank = min(rank.values(), default=0), max(rank.values(), default=0)
    rank.update((k, first_rank if end < 0 else last_rank) for k, end in (ends or {}).items())
    length = sum(rank[head] - rank[tail] for tail, head in arcs)
    if length > LONGEST:
        raise LimitExceeded(
            f"the wires of this figure would pass {length:,} places, and {LONGEST:,} is the most that can be laid out: "
            "values are used too far from where they are made; draw a part of the graph"
        )
    for k in keys:
        whole = _with_sides(box(k), c.sides.get(k, []), box, side_label)
        c.items[k] = Item(k, rank[k], _with_trail(c, k, whole, *trail(k)), True)
    out: dict[str, int] = defaultdict(int)
    into: dict[str, int] = defaultdict(int)
    for tail, head in arcs:
        out[tail] += 1
        into[head] += 1
    for i, w in wires:
        _route_items(c, i, w.tail, w.head, label(i))
        apart = ports or {}
        level = apart.get((w.tail, i))
        single = level is not None and sum(v == level for (k, _), v in apart.items() if k == w.tail) == 1
        _link(c, i, out[w.tail] == 1 or single, into[w.head] == 1 or (w.head, i) in apart)
        path = c.paths[i]
        c.attach |= {(path[0], path[1]): apart[w.tail, i]} if (w.tail, i) in apart else {}
        c.attach |= {(path[-1], path[-2]): apart[w.head, i]} if (w.head, i) in apart else {}
    c.spine = _spine_items(c, spine_of(keys, arcs))
    _first_order(c, keys)
    return c


def _with_sides(own: Extent, sides: list[Side], box: Callable[[str], Extent],
                side_label: Callable[[int], Extent]) -> Extent:
    back, front, low, high = own.back, own.front, own.low, own.high
    for s in sides:
        leaf, text = box(s.leaf), side_label(s.wire)
        reach = own.low if s.sign < 0 else own.high
        s.label_offset = s.sign * (reach + ARROW_ROOM + SIDE_WIRE / 2 + (text.low + text.high) / 2)
        near = leaf.high if s.sign < 0 else leaf.low
        s.leaf_offset = s.sign * (abs(s.label_offset) + (text.low + text.high) / 2 + SIDE_WIRE + near)
        far = abs(s.leaf_offset) + (leaf.low if s.sign < 0 else leaf.high)
        low, high = (max(low, far), high) if s.sign < 0 else (low, max(high, far))
        back, front = max(back, leaf.back, text.back), max(front, leaf.front, text.front)
    return Extent(back, front, low, high)


def _with_trail(c: Chart, key: str, extent: Extent, length: float, reach: float) -> Extent:
    """The wires that leave a box stay together, straight, past the note that follows it."""
    if not length:
        return extent
    c.trails[key] = extent.front
    return replace(extent, front=extent.front + length, high=max(extent.high, reach))


def _route_items(c: Chart, i: int, tail: str, head: str, size: Extent) -> None:
    """A label halfway along the wire and a bend in every other rank between its ends."""
    a, b = c.items[tail].rank, c.items[head].rank
    middle = a + 1 + 2 * ((b - a - 1) // 4)
    path = [tail]
    for r in range(a + 1, b):
        key = f"label {i}" if r == middle else f"bend {i} {r}"
        c.items[key] = Item(key, r, size if r == middle else Extent(0, 0, 3.0, 3.0), False)
        path.append(key)
    c.labels[i] = f"label {i}"
    c.paths[i] = [*path, head]


def _link(c: Chart, i: int, only_out: bool, only_in: bool) -> None:
    """Weights say which end a piece of wire keeps level with: the end where it is alone."""
    path = c.paths[i]
    last = len(path) - 2
    for j, (a, b) in enumerate(pairwise(path)):
        if j == 0:
            weight = ALONE if only_out else 0.08
        elif j == last:
            weight = ALONE if only_in else 0.4 if only_out else 2.0
        else:
            weight = ALONE + 2.0
        c.links.append((a, b, weight))


def _spine_items(c: Chart, boxes: list[str]) -> list[str]:
    """The spine with the labels and bends of its wires; of two wires between the same boxes neither is straight."""
    wanted = set(pairwise(boxes))  # the spine may have breaks, where longest chains part and meet
    wires: dict[tuple[str, str], list[list[str]]] = defaultdict(list)
    for path in c.paths.values():
        wires[path[0], path[-1]].append(path)
    single = [paths[0][1:-1] for ends, paths in wires.items() if ends in wanted and len(paths) == 1]
    return [*boxes, *(k for inner in single for k in inner)]


def _first_order(c: Chart, keys: Sequence[str]) -> None:
    """Depth first from the ends, operands in their order: a tree comes out without crossings."""
    into: dict[str, list[str]] = defaultdict(list)
    for path in c.paths.values():
        for a, b in pairwise(path):
            into[b].append(a)
    tails = {path[0] for path in c.paths.values()}
    seen: set[str] = set()
    c.ranks = [[] for _ in range(1 + max((item.rank for item in c.items.values()), default=-1))]
    for root in [k for k in keys if k not in tails] + list(keys):
        stack = [root]
        while stack:
            k = stack.pop()
            if k in seen:
                continue
            seen.add(k)
            c.ranks[c.items[k].rank].append(k)
            stack.extend(reversed(into[k]))


def order(c: Chart, sweeps: int = 24) -> None:
    """Barycentre sweeps; the order with the fewest crossings is kept, then the most operands in order.

    The mirror image has as many crossings: it is drawn where more operands come in order.
    """
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for a, b, _ in c.links:
        after[a].append(b)
        before[b].append(a)
    best, fewest = upright(c)
    for sweep in range(sweeps):
        if fewest == (0, 0):
            break
        forward = sweep % 2 == 1
        near, far = (before, after) if forward else (after, before)
        walk = range(1, len(c.ranks)) if forward else range(len(c.ranks) - 2, -1, -1)
        for r in walk:
            _by_barycentre(c, r, near, far, -1 if forward else 1, flip=sweep % 4 < 2)
        ranks, count = upright(c)
        if count < fewest:
            best, fewest = ranks, count
    c.ranks = best


def upright(c: Chart) -> tuple[list[list[str]], tuple[int, int]]:
    """The ranks or their mirror image, by which has fewer operations out of order; crossings and that number."""
    place = {k: i for rank in c.ranks for i, k in enumerate(rank)}
    turned = out_of_order(c, {k: -i for k, i in place.items()})
    plain = out_of_order(c, place)
    ranks = [r[::-1] if turned < plain else list(r) for r in c.ranks]
    return ranks, (crossings(c), min(plain, turned))


def out_of_order(c: Chart, place: Mapping[str, int]) -> int:
    """Operations whose operands would have to be numbered."""
    count = 0
    for wires in c.ordered.values():
        comes = [place[c.paths[i][-2]] for i in wires]
        count += comes != sorted(comes)
    return count


def _by_barycentre(c: Chart, r: int, near: dict[str, list[str]], far: dict[str, list[str]], step: int,
                   flip: bool) -> None:
    """Sort rank r by its neighbours in rank r + step; equals by those on the other side.

    What is equal in both keeps its order, or on every other pair of sweeps is turned round, so that
    two leaves of one operation can change places.
    """
    here = c.ranks[r]
    there = {k: i for i, k in enumerate(c.ranks[r + step])}
    other = {k: i for i, k in enumerate(c.ranks[r - step])} if 0 <= r - step < len(c.ranks) else {}
    centre: dict[str, tuple[float, float, int]] = {}
    for i, k in enumerate(here):
        usual = i * len(there) / max(1, len(here))
        centre[k] = (_mean(c, k, near[k], there, usual), _mean(c, k, far[k], other, 0.0), -i if flip else i)
    c.ranks[r] = sorted(here, key=lambda k: centre[k])


def _mean(c: Chart, key: str, keys: list[str], place: dict[str, int], otherwise: float) -> float:
    places = [place[k] + c.attach.get((k, key), 0.0) / 1e5 for k in keys if k in place]
    return sum(places) / len(places) if places else otherwise


def crossings(c: Chart) -> int:
    """Pairs of wire pieces that cross, over all pairs of neighbouring ranks."""
    place = {k: i for rank in c.ranks for i, k in enumerate(rank)}
    if c.attach:
        return _crossings_of_ports(c, place)
    gaps: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for a, b, _ in c.links:
        gaps[c.items[a].rank].append((place[a], place[b]))
    return sum(_inversions([b for _, b in sorted(pairs)]) for pairs in gaps.values())


def _crossings_of_ports(c: Chart, place: dict[str, int]) -> int:
    """The same where wires meet clusters at ports: those of one cluster stand in their own order."""
    gaps: dict[int, list[tuple[tuple[int, float], tuple[int, float]]]] = defaultdict(list)
    for a, b, _ in c.links:
        ends = (place[a], c.attach.get((a, b), 0.0)), (place[b], c.attach.get((b, a), 0.0))
        gaps[c.items[a].rank].append(ends)
    count = 0
    for pairs in gaps.values():
        number = {spot: n for n, spot in enumerate(sorted({b for _, b in pairs}))}
        count += _inversions([number[b] for _, b in sorted(pairs)])
    return count


def _inversions(values: list[int]) -> int:
    """By a Fenwick tree: O(n log n)."""
    size = max(values, default=0) + 1
    tree = [0] * (size + 1)
    total = 0
    for seen, v in enumerate(values):
        i, less_or_equal = v + 1, 0
        while i:
            less_or_equal += tree[i]
            i -= i & -i
        total += seen - less_or_equal
        i = v + 1
        while i <= size:
            tree[i] += 1
            i += i & -i
    return total


def settle(wanted: Sequence[float], weights: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Positions nearest to `wanted` (weighted least squares) with `y[i+1] - y[i] >= gaps[i]`.

    With z[i] = y[i] - gaps[0] - ... - gaps[i-1] this is isotonic regression, done by pooling violators.

    >>> settle([0.0, 0.0], [1.0, 1.0], [10.0])
    [-5.0, 5.0]
    """
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    pools: list[list[float]] = []  # mean, weight, count
    for want, weight, offset in zip(wanted, weights, offsets):
        pools.append([want - offset, weight, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, w, n = pools.pop()
            last = pools[-1]
            last[0] = (last[0] * last[1] + mean * w) / (last[1] + w)
            last[1] += w
            last[2] += n
    level = [pool[0] for pool in pools for _ in range(int(pool[2]))]
    return [z + o for z, o in zip(level, offsets)]


def place_cross(c: Chart, rounds: int | None = None) -> None:
    """Positions across the wires: the spine at 0, everything else drawn level with its neighbours.

    Then what is nearly level is pulled level, where there is room.
    """
    gaps = [_gaps(c, rank) for rank in c.ranks]
    for rank, gap in zip(c.ranks, gaps):
        _set(c, rank, settle([0.0] * len(rank), [1.0] * len(rank), gap))
    rounds = rounds if rounds is not None else max(30, min(300, 60_000 // max(1, len(c.items))))
    _relax(c, c.links, gaps, rounds)
    _straighten(c)
    _relax(c, [_pulled_level(c, *link) for link in c.links], gaps, rounds)
    _straighten(c)


def _pulled_level(c: Chart, a: str, b: str, weight: float) -> tuple[str, str, float]:
    """Off by less than SNAP, or by more where a wire is alone at its end: 300 times the weight."""
    near = SNAP if weight < ALONE else 6 * SNAP
    return a, b, weight * (300.0 if abs(c.items[a].cross - c.items[b].cross + c.lift(a, b)) < near else 1.0)


def _straighten(c: Chart) -> None:
    """One level for all labels and bends of a long wire, where every rank that it passes has room for it.

    The level is that of an end where the wire is alone, else that of its label. A wire that moves may
    make room for another, hence the turns.
    """
    place = {k: i for rank in c.ranks for i, k in enumerate(rank)}
    spine = set(c.spine)
    alone = {(a, b) for a, b, w in c.links if w == ALONE}
    long = [(i, path) for i, path in c.paths.items() if len(path) > 3 and path[1] not in spine]
    for turn in range(4):
        for i, path in long if turn % 2 else reversed(long):
            rooms = [_room(c, k, place) for k in path[1:-1]]
            low, high = max(r[0] for r in rooms), min(r[1] for r in rooms)
            if low > high + 0.5:
                continue
            ends = [path[:2]] * ((path[0], path[1]) in alone) + [path[:-3:-1]] * ((path[-2], path[-1]) in alone)
            levels = [c.items[k].cross + c.lift(k, inner) for k, inner in ends]
            fitting = [level for level in levels if low - 0.5 <= level <= high + 0.5]
            level = fitting[0] if fitting else min(max(c.items[c.labels[i]].cross, low), max(low, high))
            for k in path[1:-1]:
                c.items[k].cross = level


def _room(c: Chart, key: str, place: dict[str, int]) -> tuple[float, float]:
    """The interval in which an item can move without pushing its neighbours."""
    rank, i = c.ranks[c.items[key].rank], place[key]
    low = c.items[rank[i - 1]].cross + _gaps(c, rank[i - 1 : i + 1])[0] if i else float("-inf")
    high = c.items[rank[i + 1]].cross - _gaps(c, rank[i : i + 2])[0] if i + 1 < len(rank) else float("inf")
    return low, high


def _relax(c: Chart, links: Sequence[tuple[str, str, float]], gaps: list[list[float]], rounds: int) -> None:
    near: dict[str, list[tuple[str, float, float]]] = defaultdict(list)
    for a, b, w in links:
        near[a].append((b, w, -c.lift(a, b)))
        near[b].append((a, w, c.lift(a, b)))
    spine = set(c.spine)
    for turn in range(rounds):
        walk = range(len(c.ranks)) if turn % 2 else range(len(c.ranks) - 1, -1, -1)
        for r in walk:
            wanted, weights = [], []
            for k in c.ranks[r]:
                pull = sum(w for _, w, _ in near[k])
                mean = sum(w * (c.items[n].cross + d) for n, w, d in near[k]) / pull if pull else c.items[k].cross
                wanted.append(0.0 if k in spine else mean)
                weights.append(_FIXED if k in spine else max(pull, 1e-3))
            _set(c, c.ranks[r], settle(wanted, weights, gaps[r]))


def _gaps(c: Chart, rank: list[str]) -> list[float]:
    items = [c.items[k] for k in rank]
    return [a.extent.high + b.extent.low + (CROSS_GAP if a.is_box and b.is_box else c.label_gap)
            for a, b in pairwise(items)]


def _set(c: Chart, rank: list[str], positions: list[float]) -> None:
    for k, y in zip(rank, positions):
        c.items[k].cross = y


def place_main(c: Chart) -> list[tuple[float, float]]:
    """Positions along the wires; returns the band (start, end) of each rank.

    A gap grows with the steepest piece of wire that crosses it, so that curves stay gentle.
    """
    steep: dict[int, float] = defaultdict(float)
    for a, b, _ in c.links:
        r = c.items[a].rank
        steep[r] = max(steep[r], abs(c.items[a].cross - c.items[b].cross + c.lift(a, b)))
    bands: list[tuple[float, float]] = []
    edge = 0.0
    for r, rank in enumerate(c.ranks):
        back = max((c.items[k].extent.back for k in rank), default=0.0)
        front = max((c.items[k].extent.front for k in rank), default=0.0)
        boxes_next = r % 2 == 1  # from a label into a box: room for the arrow's head
        start = edge
        for k in rank:
            c.items[k].main = start + back
        bands.append((start, start + back + front))
        edge = start + back + front + MAIN_GAP + ARROW_ROOM * boxes_next + min(0.3 * steep[r], 26.0 + 0.06 * steep[r])
    return bands
