"""What runs, where each result is written, and how a long program is cut: all in linear time.

A *buffer* is the memory of one array. A step that is no alias makes a fresh one; an alias (a view)
shares that of its first operand. A buffer is dead after the last use of any name that shares it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from .program import CONTRACTIONS, Program, Step, is_literal, is_scalar, words

SMALL = 64  # elements: below it `a * b` is as quick as `np.multiply(a, b, out=a)`, and reads better
LONG, PART = 1000, 500  # a program of more than LONG steps is cut in parts of PART steps
_WHOLE_VIEWS = ("np.reshape(", "np.transpose(", "{0}.T", "{0}.reshape(")


def live_steps(program: Program, steps: Sequence[Step] | None = None) -> list[Step]:
    """The steps (by default those of the program) that the outputs need, in order.

    >>> from .program import Input
    >>> steps = (Step("y", "-{0}", ("x",), "float64[]"), Step("z", "{0} * {0}", ("x",), "float64[]"))
    >>> [s.target for s in live_steps(Program("f", (Input("x", "float64[]"),), steps, ("y",)))]
    ['y']
    """
    needed = set(program.outputs)
    kept = []
    for step in reversed(program.steps if steps is None else steps):
        if step.target in needed:
            kept.append(step)
            needed.update(step.args)
    kept.reverse()
    return kept


def buffers(program: Program, steps: Iterable[Step]) -> dict[str, str]:
    """For each name, the name that made its buffer: itself unless it is an alias.

    Inputs and constants are their own; an alias of a literal is its own as well.
    """
    root = {i.name: i.name for i in program.inputs}
    root.update((name, name) for name, _ in program.constants)
    for step in steps:
        root[step.target] = root.get(step.args[0], step.target) if step.alias else step.target
    return root


def writes(program: Program, steps: Sequence[Step], part: int = 0, small: int = SMALL) -> list[str]:
    """For each step, the name of the dead buffer that it writes into, or "" for a fresh array.

    A buffer may be written when a step of this program made it, its type is the step's own,
    every name that shares it is dead, and it is no output. `part` is the number of
    steps in a part when the program is cut: a dead name of another part is out of reach.
    """
    result = [""] * len(steps)
    if all(is_scalar(s.type) for s in steps):
        return result
    root = buffers(program, steps)
    last = last_uses(program, steps, root)
    made: dict[str, tuple[str, int]] = {}  # buffer: type, part that made it
    free: dict[str, list[str]] = {}
    for i, step in enumerate(steps):
        here = i // part if part else 0
        if part and i % part == 0:
            free.clear()
        dying = [b for b in dict.fromkeys(root.get(a, "") for a in step.args) if b in made and last[b] == i]
        out = _choose(step, dying, root, made, free) if step.ufunc and worth(step.type, small) else ""
        result[i] = out
        for name in dying:
            if name != out and (made[name][1] == here or name in step.args):
                free.setdefault(made[name][0], []).append(name)
        if not step.alias and not is_scalar(step.type):
            made[step.target] = step.type, here
    return result


def last_uses(program: Program, steps: Sequence[Step], root: dict[str, str]) -> dict[str, int]:
    """For each buffer, the last step that reads it under any name; past the end for outputs."""
    last = {}
    for i, step in enumerate(steps):
        for arg in step.args:
            if arg in root:
                last[root[arg]] = i
    last.update((root[name], len(steps)) for name in program.outputs)
    return last


def _choose(step: Step, dying: list[str], root: dict[str, str], made: dict[str, tuple[str, int]],
            free: dict[str, list[str]]) -> str:
    """A dying operand in place if there is one, else a dead buffer of the same type."""
    if step.ufunc not in CONTRACTIONS:
        for name in dying:
            # Another view of the same buffer among the operands would be read while it is written.
            sharing = {a for a in step.args if root.get(a) == name}
            if made[name][0] == step.type and sharing == {name}:
                return name
    pool = free.get(step.type)
    return pool.pop() if pool else ""


@lru_cache(maxsize=4096)
def worth(type_: str, small: int) -> bool:
    """Whether an array of this type is large enough, or may be, for its memory to be used again."""
    if is_scalar(type_):
        return False
    sizes = type_[type_.index("[") + 1 : -1].split(",")
    return not all(s.isdigit() for s in sizes) or prod(map(int, sizes)) >= small


def copied(program: Program, steps: Sequence[Step]) -> list[bool]:
    """For each output, whether it must be copied to be the caller's own fresh array.

    That is an output that is (a view of) an input, a constant or another output, and every view but
    a reshape or transpose, which alone are writable and show their whole buffer.
    """
    given = {i.name for i in program.inputs}.union(name for name, _ in program.constants)
    root: dict[str, str] = {}  # of views alone: any other value is its own
    partial: set[str] = set()
    for step in steps:
        if step.alias:
            source = step.args[0]
            root[step.target] = step.target if is_literal(source) else root.get(source, source)
            whole = step.spelling == "{0}" or step.spelling.startswith(_WHOLE_VIEWS)
            if source in partial or is_literal(source) or not whole:
                partial.add(step.target)
    wanted = set(program.outputs)
    # NumPy scalars do not change, so the same one may be returned twice.
    scalars = {s.target for s in steps if s.target in wanted and is_scalar(s.type) and not s.alias}
    taken: set[str] = set()
    result = []
    for name in program.outputs:
        buffer = root.get(name, name)
        result.append(name in partial or buffer in given or buffer in taken)
        if name not in scalars:
            taken.add(buffer)
    return result


@dataclass(frozen=True, slots=True)
class Part:
    """Steps `start:stop` of a long program, the values they read from earlier parts, and those of
    their own that later parts (or the caller) read: `(name, slot)` in the list of live values."""

    start: int
    stop: int
    reads: tuple[tuple[str, int], ...]
    stores: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """A long program in parts: `slots` is the length of the list of live values."""

    slots: int
    entry: tuple[tuple[str, int], ...]  # inputs and sizes, stored before the first part
    parts: tuple[Part, ...]
    exit: dict[str, int]  # where each output is found; an output that is a constant has no slot


def cut(program: Program, steps: Sequence[Step], part: int = PART) -> Cut:
    """Cut the steps in parts of `part`; a slot is used again once its value has had its last reader.

    CPython compiles one long function with memory that grows past reason; separate functions of a
    few hundred steps compile in time and memory linear in their number (measured: 100,000 steps
    1.0 s and 23 MiB by parts with a list of live values, 84 MiB when live values are arguments and
    results, 230 MiB as one function).
    """
    sizes = {name for name, _ in program.dims}
    first = dict.fromkeys([i.name for i in program.inputs] + sorted(sizes), -1)
    reads = _part_reads(steps, part, sizes, first)
    final = {name: p for p, names in enumerate(reads) for name in names}
    final.update((name, len(reads)) for name in program.outputs if name in first)
    slots: dict[str, int] = {}
    free: list[int] = []
    used, dies = 0, _by_part(final, len(reads))
    stores: list[list[str]] = [[] for _ in range(len(reads) + 1)]
    for name, p in first.items():
        if final.get(name, -1) > p:
            stores[p + 1].append(name)
    for p, names in enumerate(stores):
        free += sorted([slots[name] for name in (dies[p - 1] if p else ())], reverse=True)  # taken in rising order
        for name in names:
            if not free:
                free.append(used)
                used += 1
            slots[name] = free.pop()
    parts = tuple(
        Part(p * part, min((p + 1) * part, len(steps)), tuple((n, slots[n]) for n in names),
             tuple((n, slots[n]) for n in stores[p + 1]))
        for p, names in enumerate(reads))
    return Cut(used, tuple((n, slots[n]) for n in stores[0]), parts,
               {n: slots[n] for n in program.outputs if n in slots})


def _part_reads(steps: Sequence[Step], part: int, sizes: set[str], first: dict[str, int]) -> list[list[str]]:
    """For each part, the names it reads from before it; `first` gathers the part that defines each name."""
    reads: list[dict[str, None]] = []
    for i, step in enumerate(steps):
        if i % part == 0:
            reads.append({})
        here, wanted = len(reads) - 1, reads[-1]
        for arg in step.args:
            if first.get(arg, here) < here:
                wanted[arg] = None
        if sizes:
            for text in (step.spelling, *filter(is_literal, step.args)):
                wanted.update(dict.fromkeys(sorted(words(text) & sizes)))
        first[step.target] = here
    return [list(names) for names in reads]


def _by_part(final: dict[str, int], count: int) -> list[list[str]]:
    lists: list[list[str]] = [[] for _ in range(count + 1)]
    for name, p in final.items():
        lists[p].append(name)
    return lists
