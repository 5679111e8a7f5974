"""When each value of a function is made and last read, and in which memory it lies: for a picture of the program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .loop import LOOP
from .numpy_source import keeps_memory, plain, planned_steps
from .program import Program, Step, is_literal, is_scalar
from .schedule import LONG, SMALL, buffers, last_uses, live_steps, writes


class Lane(NamedTuple):
    """A place for values, one after the other. `kind` is "buffer" for memory of the workspace, which is called
    `name`, "array" for one that a call makes, "number" for a value without axes."""

    kind: str
    name: str


class Moment(NamedTuple):
    """A statement: `target = text`, the text being "" for a loop over blocks of arrays. Its value lies in lane `lane`
    (-1: it is a view of another) until statement `last` reads it; where that is the number of statements, it is a
    result."""

    target: str
    text: str
    type: str
    note: str
    section: str
    lane: int
    last: int


class Timeline(NamedTuple):
    """The statements of a function in order, and the lanes that their values lie in."""

    name: str
    inputs: tuple[tuple[str, str], ...]
    moments: tuple[Moment, ...]
    lanes: tuple[Lane, ...]
    operands: tuple[tuple[str, ...], ...]  # of each statement: the names that it reads
    outputs: tuple[str, ...]


def timeline(program: Program, style: str = "fast", scalar: bool = False, small: int = SMALL) -> Timeline:
    """The timeline of the emitted function.

    >>> from .program import Input
    >>> steps = (Step("y", "-{0}", ("x",), "float64[]"), Step("z", "{0} * {1}", ("x", "y"), "float64[]"))
    >>> found = timeline(Program("f", (Input("x", "float64[]"),), steps, ("z",)))
    >>> [(m.target, m.text, m.lane, m.last) for m in found.moments], found.lanes
    ([('y', '-x', 0, 1), ('z', 'x * y', 0, 2)], (Lane(kind='number', name=''),))
    """
    steps: list[Step] = live_steps(program) if style == "fast" else list(program.steps)
    kept = {s.target: i for i, s in enumerate(steps)}
    homes: dict[str, tuple[int, str]] = {}
    outs = [""] * len(steps)
    arrays = style == "fast" and not scalar
    found = planned_steps(program, small) if arrays and keeps_memory(program, LONG, small) else None
    if found is not None:
        _, steps, space, _ = found
        kept = {s.target: i for i, s in enumerate(space.steps)}
        # The arrays that a loop fills are buffers under names of their own.
        outs = [s.args[0] if s.spelling == "{0}" and s.args[0] in space.homes else out
                for s, out in zip(space.steps, space.outs)]
        homes = {name: home for name, home in space.homes.items() if name in outs}
    elif arrays:
        outs = writes(program, steps, 0, small)
    last = _last(program, steps, kept)
    rows = [s for s in steps if s.target in kept]
    lanes, placed = _placed(program, rows, outs, homes, last)
    sizes = {name: name for name, _ in program.dims}
    moments = tuple(Moment(s.target, _text(s, sizes), s.type, plain(s.note) if s.note else "", plain(s.section),
                           placed[i], last.get(s.target, i)) for i, s in enumerate(rows))
    root = buffers(program, steps)
    operands = tuple(tuple(dict.fromkeys(a if a in kept else root.get(a, a) for a in s.args if not is_literal(a)))
                     for s in rows)
    return Timeline(program.name, tuple((i.name, i.type) for i in program.inputs), moments, lanes, operands,
                    tuple(program.outputs))


def _last(program: Program, steps: Sequence[Step], kept: dict[str, int]) -> dict[str, int]:
    """The statement that reads the memory of a value last; a step that is done once, ahead, stands at the next one."""
    ahead, row = [], 0
    for step in steps:
        ahead.append(row)
        row += step.target in kept
    root = buffers(program, steps)
    found = {name: ahead[min(i, len(ahead) - 1)] for name, i in last_uses(program, steps, root).items() if ahead}
    return found | {root[name]: len(kept) for name in program.outputs}


def _placed(program: Program, rows: Sequence[Step], outs: Sequence[str], homes: dict[str, tuple[int, str]],
            last: dict[str, int]) -> tuple[tuple[Lane, ...], list[int]]:
    """The lanes, those of the workspace first, and that of each statement."""
    lanes: list[Lane] = []
    slots: dict[int, int] = {}
    for slot, name in sorted(set(homes.values())):
        if slot not in slots:
            slots[slot] = len(lanes)
            lanes.append(Lane("buffer", name))
    until = {i: len(rows) for i in slots.values()}  # when each lane is free
    types: dict[int, str] = {}  # of what lies in a lane that is not the workspace's
    lane_of: dict[str, int] = {}
    for i, (step, out) in enumerate(zip(rows, outs)):
        if step.alias or step.ufunc == LOOP:
            lane_of[step.target] = -1
            continue
        if out in homes:
            lane_of[step.target] = slots[homes[out][0]]
            continue
        kind = "number" if is_scalar(step.type) else "array"
        lane = lane_of.get(out, -1)
        if lane < 0:
            free = [n for n, type_ in types.items() if type_ == step.type and until[n] <= i]
            lane = free[0] if free else len(lanes)
        if lane == len(lanes):
            lanes.append(Lane(kind, ""))
        lane_of[step.target] = lane
        types[lane] = step.type
        until[lane] = max(last.get(step.target, i), i + 1)
    return tuple(lanes), [lane_of[s.target] for s in rows]


def _text(step: Step, sizes: dict[str, str]) -> str:
    if step.ufunc == LOOP:
        return ""
    args = tuple(f"({a})" if a[:1] == "-" and "**" in step.spelling else a for a in step.args)
    return step.spelling.format(*args, **sizes)
