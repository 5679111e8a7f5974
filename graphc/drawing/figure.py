"""A figure before it has coordinates: boxes, wires, their labels in TeX, a legend, words for a screen reader.

Nothing here knows a graph, a layout engine or a file format. `graphc.drawing` builds a Figure from a graph,
`layout` places it, `scene` turns it into shapes, and one module a format writes the shapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["data", "parameter", "constant", "operation", "function", "output", "adjoint"]
Tone = Literal["ink", "value", "gradient", "wire", "muted"]
Direction = Literal["LR", "RL", "TB", "BT"]

LEAF_KINDS = ("data", "parameter", "constant")


@dataclass(frozen=True, slots=True)
class Label:
    """A piece of mathematics in the colour of what it means. `blank` draws an empty box to fill in.

    `room` is the least width and height that it takes, blank or not; a blank box is of that size.
    """

    tex: str
    tone: Tone = "ink"
    blank: bool = False
    room: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Box:
    """One node of the picture. `kind` decides the shape; `note` stands beside it.

    The wires into an `ordered` box cannot change places: they come in order, or are numbered.
    """

    key: str
    kind: Kind
    tex: str
    note: Label | None = None
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Wire:
    """An arrow from `tail` to `head`.

    `first` is written above a horizontal wire and left of a vertical one, `second` below and right.
    """

    tail: str
    head: str
    first: Label | None = None
    second: Label | None = None
    tone: Tone = "wire"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A frame around boxes that belong together: `boxes` of its own, and nested `clusters`.

    `title` is words, `tex` the formula beside it. A plate stands for several copies of what it holds.
    """

    key: str
    title: str
    boxes: tuple[str, ...]
    clusters: tuple[Cluster, ...] = ()
    tex: str = ""
    plate: bool = False

    def walk(self) -> Iterator[Cluster]:
        """This cluster and all those inside, outer ones first."""
        stack = [self]
        while stack:
            cluster = stack.pop()
            yield cluster
            stack.extend(reversed(cluster.clusters))


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the legend: a small picture of `sample` and its words; `tex` stands beside a sample wire."""

    sample: Kind | Literal["first", "second"]
    text: str
    tone: Tone = "ink"
    tex: str = "3"


@dataclass(frozen=True)
class Figure:
    """Everything a picture says. Wires are in drawing order, which for an operation is that of its operands.

    With `note_width` every note takes that room and no less.

    >>> f = Figure([Box("a", "data", "a"), Box("f", "output", "f")], [Wire("a", "f")], title="f = a")
    >>> [box.key for box in f.boxes], f.direction
    (['a', 'f'], 'LR')
    """

    boxes: Sequence[Box]
    wires: Sequence[Wire]
    legend: Sequence[Entry] = ()
    title: str = ""
    desc: str = ""
    heading: str = ""
    direction: Direction = "LR"
    lang: str = "en"
    note_width: float = 0.0
    clusters: Sequence[Cluster] = ()
    remarks: Sequence[str] = ()  # lines under the legend, such as what is folded
    kinds: dict[str, Kind] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.kinds.update((box.key, box.kind) for box in self.boxes)
        assert len(self.kinds) == len(self.boxes), "two boxes with one key"
        assert all(w.tail in self.kinds and w.head in self.kinds for w in self.wires), "a wire to nowhere"
        framed = [key for top in self.clusters for c in top.walk() for key in c.boxes]
        assert len(set(framed)) == len(framed) and self.kinds.keys() >= set(framed), "a box in two clusters"
