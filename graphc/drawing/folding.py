"""What a figure of a large graph shows: one copy of a repeated block, in a plate, with indexed names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..formula import tex_name
from ..ir import Expr
from ..scopes import Instance
from ..view import View, ViewNode
from .repeats import Chain, chains

LAYER, TIME = r"\ell", "t"


@dataclass(frozen=True)
class Folded:
    """One thing that a figure does not show in full: a block drawn once for `count` copies, or a closed scope.

    `title` is the scope's, "" for a block without one; `operations` counts those of one copy.
    """

    kind: str  # "repeat" or "scope"
    title: str
    count: int
    operations: int
    tex: str = ""


class Plates:
    """The chains of a view that are drawn once. Empty when there are none.

    `names` has TeX for what stands for all copies, `hidden` what is not drawn, `stands_for` the drawn value for that
    of the last copy, `ends` the chain's name of an output, `carried` the name of what a copy is handed on a wire.
    """

    def __init__(self, view: View | None = None, least: int = 3, hidden: int = 1) -> None:
        self.names: dict[Expr, str] = {}
        self.hidden: set[Expr] = set()
        self.stands_for: dict[Expr, Expr] = {}
        self.carried: dict[tuple[Expr, int], str] = {}
        self.ends: dict[Expr, str] = {}
        self.firsts: dict[Expr, str] = {}  # leaf that only begins a chain -> the chain's name of it
        self.lines: dict[Expr, tuple[Instance, ...]] = {}
        self.titles: dict[Instance, str] = {}
        self.marks: dict[Expr, str] = {}  # what stands in the box of an operation that differs from copy to copy
        self.inside: set[Expr] = set()
        self.folded: list[Folded] = []
        for chain in chains(view, least, hidden) if view is not None else ():
            self._add(chain, view)

    def _add(self, chain: Chain, view: View | None) -> None:
        assert view is not None
        blocks = chain.blocks
        position = {n.expr: i for i, n in enumerate(view.nodes)}
        letter = TIME if chain.shared and all(c[0].op.name != "param" for c in chain.leaves) else LAYER
        start = _first_number(chain.leaves, blocks)
        last = start + len(blocks) - 1
        bases = _bases(blocks, position)
        for j, base in enumerate(bases):
            first, final = blocks[0][j], blocks[-1][j].expr
            name = tex_name(base, first.expr.ndim)
            self.names[first.expr] = f"{name}^{{({letter})}}"
            # The output keeps its name; its box tells both.
            (self.ends if any(final is top for top in view.outputs) else self.names)[final] = f"{name}^{{({last})}}"
            self.stands_for[final] = first.expr
            self.inside.add(first.expr)
            if j in chain.varied:
                self.marks[first.expr] = f"[{letter}]"
        for (j, n), source in chain.carried.items():
            name = tex_name(bases[source], blocks[0][source].expr.ndim)
            self.carried[blocks[0][j].expr, n] = f"{name}^{{({letter}-1)}}"
            self._begins(blocks[0][j].operands[n], f"{name}^{{({start - 1})}}", view, chain)
        for copies in chain.leaves:
            base = _common_stem([str(leaf.label) for leaf in copies])
            self.names[copies[0]] = f"{tex_name(base, copies[0].ndim)}^{{({letter})}}"
            self.inside.add(copies[0])
            self.hidden.update(copies[1:])
        self.hidden.update(n.expr for block in blocks[1:] for n in block)
        self._plate(chain, letter, start, last)

    def _begins(self, value: Expr, name: str, view: View, chain: Chain) -> None:
        """A leaf that serves nothing but the beginning of a chain: h⁽⁰⁾ = x."""
        if value.args or value.op.name == "const":
            return
        first = {n.expr for n in chain.blocks[0]}
        used = [(n.expr, i) for n in view.nodes for i, a in enumerate(n.operands) if a is value]
        if all(expr in first for expr, _ in used):
            self.firsts[value] = name

    def _plate(self, chain: Chain, letter: str, start: int, last: int) -> None:
        lines = [tuple(n.expr.within.line) if n.expr.within else () for block in chain.blocks for n in block]
        shared = _common(lines)
        own = [_common([n.expr.within.line if n.expr.within else () for n in block]) for block in chain.blocks]
        scoped = all(len(line) > len(shared) for line in own)
        title = _common_stem([line[len(shared)].title for line in own], "") if scoped else ""
        plate = Instance(title, shared[-1] if shared else None, False)
        dots = rf"{start}, \ldots, {last}" if last > start + 1 else f"{start}, {last}"
        tex = rf"{letter} = {dots} \quad (\times {len(chain.blocks)})"
        self.titles[plate] = tex
        for n in chain.blocks[0]:
            line = n.expr.within.line if n.expr.within else ()
            self.lines[n.expr] = (*shared, plate, *line[len(shared) + scoped :])
        self.folded.append(Folded("repeat", title, len(chain.blocks), len(chain.blocks[0]), rf"{letter} = {dots}"))


def _common(lines: Sequence[tuple[Instance, ...]]) -> tuple[Instance, ...]:
    """The scopes that all of them begin with."""
    first = min(lines, key=len)
    for n, run in enumerate(first):
        if any(line[n] is not run for line in lines):
            return first[:n]
    return first


def _stem(name: str) -> str:
    return re.sub(r"[\s_]*\d+$", "", name)


def _common_stem(names: Sequence[str], otherwise: str | None = None) -> str:
    """W of W1, ..., W12; else the first name, or `otherwise`."""
    stems = {_stem(name) for name in names}
    found = stems.pop() if len(stems) == 1 else ""
    return found or (names[0] if otherwise is None else otherwise)


def _bases(blocks: Sequence[Sequence[ViewNode]], position: dict[Expr, int]) -> list[str]:
    """A name for each value of a block, numbered in order of computation where two of them would be the same."""
    stems = []
    for copies in zip(*blocks):
        given = Counter(_stem(n.name) or n.name for n in copies)
        stems.append(min(given, key=lambda s: (-given[s], s)))
    count = Counter(stems)
    order = sorted(range(len(stems)), key=lambda j: position[blocks[0][j].expr])
    used: Counter[str] = Counter()
    names = list(stems)
    for j in order:
        if count[stems[j]] > 1:
            used[stems[j]] += 1
            names[j] = f"{stems[j]}{used[stems[j]]}"
    return names


def _first_number(leaves: Iterable[Sequence[Expr]], blocks: Sequence[Sequence[ViewNode]]) -> int:
    """The number of the first copy: that in the names of its leaves, or of its named values, if they count up."""
    names = [[str(leaf.label) for leaf in copies] for copies in leaves]
    names += [[str(n.expr.label) for n in copies] for copies in zip(*blocks)]
    starts = set()
    for group in names:
        numbers = [int(m[0]) if (m := re.search(r"\d{1,6}$", name)) else -1 for name in group]
        if numbers[0] >= 0 and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
            starts.add(numbers[0])
    return starts.pop() if len(starts) == 1 else 1
