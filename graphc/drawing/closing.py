"""A closed cluster: one box in its place, with its title and formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from .figure import Box, Cluster, Figure, Wire

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
