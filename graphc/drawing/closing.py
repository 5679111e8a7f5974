"""A closed cluster: one box in its place, with its title and formula."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from .figure import Box, Cluster, Figure, Wire

STRETCHES = 12
_PLAIN = {"_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$"}


def close(figure: Figure, chosen: Callable[[Cluster, int], bool]) -> tuple[Figure, list[tuple[Cluster, int]]]:
    """The figure with the outermost of the chosen clusters (asked with their depth, from 1) closed; and which, with
    the boxes that each held. Wires inside are gone; of those that would run side by side with one label, one stays."""
    closed: list[tuple[Cluster, int]] = []
    home: dict[str, str] = {}
    boxes_of = {b.key: b for b in figure.boxes}
    boxes: dict[str, Box] = {}

    def visit(clusters: Sequence[Cluster], depth: int, outer: list[str]) -> tuple[Cluster, ...]:
        left = []
        for c in clusters:
            if chosen(c, depth):
                held = [key for inner in c.walk() for key in inner.boxes]
                home.update(dict.fromkeys(held, c.key))
                closed.append((c, sum(boxes_of[key].kind in ("operation", "function") for key in held)))
                boxes[held[0]] = Box(c.key, "function", _tex(c))
                outer.append(c.key)
            else:
                own = list(c.boxes)
                inner_clusters = visit(c.clusters, depth + 1, own)
                left.append(replace(c, boxes=tuple(own), clusters=inner_clusters))
        return tuple(left)

    clusters = visit(figure.clusters, 1, [])
    if not closed:
        return figure, []
    shown = [b if b.key not in home else boxes[b.key] for b in figure.boxes if b.key not in home or b.key in boxes]
    return replace(figure, boxes=shown, wires=_wires(figure, home), clusters=clusters), closed


def stretched(figure: Figure, title: str) -> tuple[Figure, list[tuple[Cluster, int]]]:
    """The figure as stretches of its computation, in order, each one box: what is left where nothing else folds.

    Boxes come in the order of computation, so wires go from a stretch to later ones. An input that one stretch alone
    reads is inside it. `title` has slots for the numbers of the first and the last operation.
    """
    working = [b for b in figure.boxes if b.kind in ("operation", "function", "adjoint")]
    size = -(-len(working) // STRETCHES)
    stretch = {b.key: i // size for i, b in enumerate(working)}
    ends: dict[str, set[int]] = defaultdict(set)  # of the other boxes: the stretches that they touch
    for w in figure.wires:
        for key, other in ((w.tail, w.head), (w.head, w.tail)):
            if key not in stretch and other in stretch:
                ends[key].add(stretch[other])
    few = sum(len(found) > 1 for found in ends.values()) <= STRETCHES
    outputs = {b.key for b in figure.boxes if b.kind == "output"}
    inside = {key: min(found) for key, found in ends.items() if key not in outputs and not (few and len(found) > 1)}
    members: list[list[str]] = [[] for _ in range(-(-len(working) // size))]
    for b in figure.boxes:
        home = stretch.get(b.key, inside.get(b.key))
        if home is not None:
            members[home].append(b.key)
    clusters = [Cluster(f"stretch {i}", title.format(first=i * size + 1, last=min((i + 1) * size, len(working))),
                        tuple(keys)) for i, keys in enumerate(members)]
    plain = [replace(w, first=None, second=None) for w in figure.wires]
    return close(replace(figure, wires=plain, clusters=clusters), lambda cluster, depth: True)


def _wires(figure: Figure, home: dict[str, str]) -> list[Wire]:
    """x*x has two equal wires, which are both drawn: only those at a closed box are one."""
    result: list[Wire] = []
    seen: set[Wire] = set()
    for w in figure.wires:
        tail, head = home.get(w.tail, w.tail), home.get(w.head, w.head)
        if tail == head and w.tail in home:
            continue
        moved = replace(w, tail=tail, head=head)
        touched = (tail, head) != (w.tail, w.head)
        if not touched or moved not in seen:
            result.append(moved)
        if touched:
            seen.add(moved)
    return result


def _tex(cluster: Cluster) -> str:
    title = "".join(_PLAIN.get(c, c) for c in cluster.title if c not in "\\{}~^")
    words = rf"\text{{{title}}}" if title else ""
    if not words or not cluster.tex:
        return words or cluster.tex or r"\ldots"
    return rf"\begin{{matrix}}{words}\\{cluster.tex}\end{{matrix}}"
