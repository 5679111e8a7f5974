"""What a call has in memory beside its workspace: when each array is made, and when it can go."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .order import nominal_bytes
from .program import Program, Step, is_scalar

LARGE = 1 << 15  # bytes, where every named size is 1000, from which an array is deleted as soon as it is dead
_RESHAPE = re.compile(r"(np\.|\{0\}\.)?reshape\d*\(")


class Footprint(NamedTuple):
    """The memory of a call. `buffers` are (name, type, types of a block) of what the workspace holds; `events` tell in
    order which arrays a call makes (True, type) and which of them go before it returns (False, type); `passes` are the
    passes that made the text what it is, and how often each did something."""

    buffers: tuple[tuple[str, str, tuple[str, ...]], ...]
    events: tuple[tuple[bool, str], ...]
    passes: tuple[tuple[str, int], ...]


@dataclass
class Lives:
    """For each step, the type of the array that it makes ("" for none), what is deleted after it, and their types."""

    made: list[str]
    dropped: list[list[str]] = field(default_factory=list)
    gone: list[list[str]] = field(default_factory=list)

    def events(self) -> list[tuple[bool, str]]:
        """Arrays as they come and go."""
        return [e for made, gone in zip(self.made, self.gone)
                for e in (*([(True, made)] if made else ()), *((False, type_) for type_ in gone))]


def lives(program: Program, steps: Sequence[Step], outs: Sequence[str], held: Collection[str], delete: bool) -> Lives:
    """The arrays that steps make anew: those that neither write into given memory nor show other memory.

    `held` are names of the workspace, of which a reshape that is made at each call is a copy. With `delete`, a large
    array is deleted after its last use if another one is made after that.

    >>> from .program import Input
    >>> x = Input("x", "float64[N,99]", ("N", 99))
    >>> steps = [Step("a", "np.sort({0})", ("x",), "float64[N,99]"),
    ...          Step("t", "{0}.T", ("a",), "float64[99,N]", alias=True),
    ...          Step("b", "np.sort({0})", ("t",), "float64[99,N]"),
    ...          Step("c", "np.sort({0})", ("b",), "float64[99,N]")]
    >>> found = lives(Program("f", (x,), tuple(steps), ("c",)), steps, [""] * 4, (), True)
    >>> found.made, found.dropped
    (['float64[N,99]', '', 'float64[99,N]', 'float64[99,N]'], [[], [], ['a', 't'], []])
    """
    group: dict[str, int] = {}  # name -> the step that made its memory
    names: dict[int, list[str]] = {}
    last: dict[int, int] = {}
    shown = set(held)  # names whose memory is the workspace's
    made = []
    for i, (step, out) in enumerate(zip(steps, outs)):
        for a in step.args:
            if a in group:
                last[group[a]] = i
        source = out or (step.args[0] if step.args and (step.alias or step.spelling == "{0}") else "")
        copies = bool(step.alias and source in shown and _RESHAPE.match(step.spelling))
        fresh = not is_scalar(step.type) and (not source or copies)
        made.append(step.type if fresh else "")
        if fresh:
            group[step.target] = i
        elif source in group:
            group[step.target] = group[source]
        elif source in shown:
            shown.add(step.target)
        if step.target in group:
            names.setdefault(group[step.target], []).append(step.target)
            last[group[step.target]] = i
    last.update((group[name], len(steps)) for name in program.outputs if name in group)
    found = Lives(made, [[] for _ in steps], [[] for _ in steps])
    latest = max((i for i, type_ in enumerate(made) if type_), default=-1)
    for maker, i in last.items():
        if delete and i < latest and nominal_bytes(made[maker], 1000) >= LARGE:
            found.dropped[i] += names[maker]
            found.gone[i].append(made[maker])
    return found
