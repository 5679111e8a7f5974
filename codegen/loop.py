"""A loop over blocks: what it computes, and where its values lie.

The arrays of a loop have one shape (or broadcast to it) and are cut along their first axis. Each buffer of a loop is
as long as a block; its part for every block (the last one is shorter) is made once, with the workspace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .program import Step, dtype_of, is_literal, is_scalar, sizes_of, words
from .slots import Pool

LOOP = "loop"  # in the place of a ufunc: this step stands for a loop
FILLED = "filled"  # likewise: an array that a loop fills
# Elements of a block. Time over the best on W5 and W5a (10 to 35 passes over a million elements) for 8, 16, 32, 64, 128
# and 256 Ki: float64 1.18, 1.07, 1.04, 1.02, 1.00, 1.05; float32 1.42, 1.15, 1.05, 1.00, 1.00, 1.02.
BLOCK = 1 << 16
_FULL = frozenset({"np.maximum", "np.minimum"})  # three times as fast with an array as with a number

ROW = 4096  # elements of a row up to which BLAS adds them as accurately as NumPy's pairwise sum
PAIRWISE = "pairwise_dot"  # calls DOT, which has a free name of its own in the text
DOT = '''\
def {name}(a, b):
    """sum(a*b), by BLAS in rows of 4096: a longer one it adds less accurately than NumPy, which adds in pairs."""
    a, b, rest = a.ravel(), b.ravel(), 0.0
    whole = a.size & -4096
    if whole < a.size:
        rest = np.dot(a[whole:], b[whole:])
        if not whole:
            return rest
        a, b = a[:whole], b[:whole]
    return np.add.reduce(np.vecdot(a.reshape(-1, 4096), b.reshape(-1, 4096))) + rest'''


@dataclass
class Loop:
    """`steps` in order; the scalars among them are totals of a block, whose sums over the blocks are results.

    `inputs` are arrays to be cut: (name, name of a block of it, type); `results` are arrays to be filled:
    (name, name of its value in the loop, type). `operands` are all that the step of the loop reads.
    """

    sizes: list[str]
    block: int
    steps: list[Step] = field(default_factory=list)
    inputs: list[tuple[str, str, str]] = field(default_factory=list)
    results: list[tuple[str, str, str]] = field(default_factory=list)
    operands: list[str] = field(default_factory=list)


@dataclass
class Placed:
    """A loop with its memory: `lines` make the list of blocks, of which each call reads `names`."""

    blocks: str  # names: the list, where a block lies, how long it is, its number, the totals of each
    part: str
    rows: str
    number: str
    totals: str
    shape: str
    names: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    cut: list[tuple[str, str]] = field(default_factory=list)  # blocks of arrays of this call: name, array
    steps: list[Step] = field(default_factory=list)
    outs: list[str] = field(default_factory=list)
    add: str = ""  # the function that adds the totals

    def exported(self) -> list[str]:
        return [self.blocks, *([self.totals] if self.add else [])]

    def reads(self) -> set[str]:
        """The names of the workspace that the loop reads besides its blocks."""
        found = {a for s in self.steps for a in s.args}.union(self.outs, self.exported())
        return found - set(self.names)


class Memory(Protocol):
    """What a plan of a workspace offers."""

    inside: dict[str, str]
    hoisted: list[str]
    heads: list[str]
    lengths: dict[tuple[str, ...], str]
    fulls: dict[tuple[str, str], str]
    vectors: list[tuple[str, str]]
    dot: str

    @property
    def fresh(self) -> Callable[[str], str]: ...

    pool: Pool

    def view(self, slot: int, type_: str, order: tuple[int, ...] = ()) -> str: ...


Bound = Callable[[Step, str], Step]
Operands = Callable[[Step, dict[str, str]], tuple[str, ...]]


def place(p: Memory, outer: Step, loop: Loop, known: dict[str, str], bound: Bound, operands: Operands) -> Placed:
    """Where each step of a loop writes: into a buffer of one block, or its part of an array that the loop fills."""
    length = _length(p, loop)
    given = dict(zip(loop.operands, outer.args))  # a pass may have renamed what the loop reads
    types = dict(known)
    shape = f"{dtype_of(loop.steps[0].type)}[{','.join(loop.sizes)}]"
    placed = Placed(p.fresh("blocks"), p.fresh("part"), p.fresh("rows"), p.fresh("i"), p.fresh("sums"), shape)
    parts: dict[str, str] = {}  # of buffers: name -> its text in the workspace
    outs: dict[str, str] = {}
    for name, inner, type_ in loop.inputs:
        types[inner] = type_
        if given[name] in p.inside:
            parts[inner] = f"{p.inside[given[name]]}[{placed.part}]"
        else:
            placed.cut.append((inner, f"{given[name]}[{placed.part}]"))
    for name, value, _ in loop.results:
        outs[value] = f"{given[name]}[{placed.part}]"
        if given[name] in p.inside:
            outs[value] = p.fresh("u")
            parts[outs[value]] = f"{p.inside[given[name]]}[{placed.part}]"
    last = {a: i for i, s in enumerate(loop.steps) for a in s.args}
    slots: dict[str, int] = {}
    count = 0
    for i, step in enumerate(loop.steps):
        dying = [a for a in dict.fromkeys(step.args) if a in slots and last[a] == i]
        args, out = step.args, outs.get(step.target, "")
        if is_scalar(step.type):
            out = f"{placed.totals}[{count}, {placed.number}]"
            count += 1
            if step.spelling.startswith("np.dot("):
                p.dot = p.dot or p.fresh(PAIRWISE)
                step = step._replace(spelling=f"{p.dot}({{0}}, {{1}})")
        else:
            types[step.target] = step.type
            block = f"{dtype_of(step.type)}[{','.join([length, *sizes_of(step.type)[1:]])}]"
            if step.ufunc in _FULL:
                args = tuple(_full(p, a, block, placed, parts) for a in args)
            if not out:
                # An operand that is not read again may be written over.
                over = next((a for a in dying if types[a] == step.type), "")
                slot = slots.pop(over) if over else p.pool.take(block)
                dying = [a for a in dying if a != over]
                slots[step.target] = slot
                out = p.view(slot, block)
                parts[out] = f"{out}[:{placed.rows}]"
        for name in dying:
            p.pool.release(slots.pop(name))
        step = step._replace(args=tuple(given.get(a, a) for a in args))
        step = step._replace(args=operands(step, types))
        placed.steps.append(bound(step, "" if is_scalar(step.type) else out))
        placed.outs.append(out)
    for slot in slots.values():
        p.pool.release(slot)
    _lines(p, placed, loop, parts, length, count, bound)
    return placed


def _lines(p: Memory, placed: Placed, loop: Loop, parts: dict[str, str], length: str, count: int,
           bound: Bound) -> None:
    """The list of blocks, and memory for the totals of each."""
    runtime = {w for _, text in placed.cut for w in words(text)}.union(*(words(o) for o in placed.outs if "[" in o))
    sliced = placed.part in runtime
    placed.names = [placed.number, *([placed.part] if sliced else []), *parts]
    texts = [f"len({placed.blocks})", *([placed.part] if sliced else []), *parts.values()]
    start, size = p.fresh("start"), loop.sizes[0]
    placed.lines = [
        f"    {placed.blocks} = []  # for each block: its number, {'where it lies, ' if sliced else ''}"
        "its part of every buffer",
        f"    for {start} in range(0, {size}, {length} or 1):",
        f"        {placed.part}, {placed.rows} = slice({start}, {start} + {length}), min({size} - {start}, {length})",
        f"        {placed.blocks}.append(({', '.join(texts)},))",
    ]
    if count:
        dtype = next(dtype_of(s.type) for s in loop.steps if is_scalar(s.type))
        single = ", np.float32" if dtype == "float32" else ""
        placed.lines.append(f"    {placed.totals} = np.empty(({count}, len({placed.blocks})){single})")
        placed.add = bound(Step("", "np.add.reduce({0}, axis=1)", (placed.totals,), f"{dtype}[]"), "").spelling


def _length(p: Memory, loop: Loop) -> str:
    """The name of the number of rows in a block."""
    key = (*loop.sizes, str(loop.block))
    if key not in p.lengths:
        name = p.lengths[key] = p.fresh("block")
        first, rest = loop.sizes[0], " * ".join(f"({s})" for s in loop.sizes[1:])
        rows = f"max(1, {loop.block} // max(1, {rest}))" if rest else str(loop.block)
        p.heads.append(f"    {name} = max(0, min({first}, {rows}))  # of {first}: it stays in the cache")
    return p.lengths[key]


def _full(p: Memory, arg: str, type_: str, placed: Placed, parts: dict[str, str]) -> str:
    """A number as an array of one block."""
    if not is_literal(arg):
        return arg
    name = p.fulls.get((arg, type_))
    if name is None:
        name = p.fulls[arg, type_] = p.fresh("full")
        dtype = {"float64": ", np.float64"}.get(dtype_of(type_), f", np.{dtype_of(type_)}")
        p.vectors.append((name, type_))
        p.hoisted.append(f"    {name} = np.full(({', '.join(sizes_of(type_))},), {arg}{dtype})")
    parts[name] = f"{name}[:{placed.rows}]"
    return name


def loop_text(placed: Placed, target: str, body: Sequence[str]) -> list[str]:
    """The loop around these lines, which stand in it already as they would outside."""
    shape = placed.shape
    lines = ["", f"    # block by block, each in buffers that stay in the cache: parts of {shape}",
             f"    for {', '.join(placed.names)}{',' if len(placed.names) == 1 else ''} in {placed.blocks}:"]
    lines += [f"        {name} = {text}" for name, text in placed.cut]
    lines += [f"    {line}" if line else "" for line in body]
    if placed.add:
        lines.append(f"    {target} = {placed.add.format(placed.totals)} if {placed.totals}.shape[1] != 1 "
                     f"else {placed.totals}[:, 0]")
    return lines
