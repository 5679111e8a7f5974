"""The text of one kernel: a loop over the elements of a region, one operation a line.

Axes along which every operand does the same are one loop. Operands are brought to that form before it (a view
where they are contiguous), and rows of them are taken outside the inner loop, so that it indexes from 0 by 1 and
LLVM can vectorise it. Sums go by 256 lanes, which are added pairwise after at most 32 turns; what these give is kept,
and added pairwise at the end: that is as accurate as NumPy's pairwise sums. Sums over the first axis are kept for
every 128 rows. So a kernel may be given any part of the region that begins where such a sum does, and the result
does not depend on the parts. It writes into memory that it is given; `numba_call` has the function around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .numba_spelling import Elementwise, constants, literal
from .program import is_literal

WIDTH, TURNS, ROWS = 256, 32, 128


@dataclass(frozen=True, slots=True)
class Operand:
    """A value that a kernel reads: on which axes of the region it varies, its rank, its text if it is a size."""

    name: str
    dtype: str
    varies: tuple[bool, ...]
    ndim: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One step inside the loop; `shown` is what NumPy calls it."""

    target: str
    form: Elementwise
    dtype: str
    shown: str


@dataclass(frozen=True, slots=True)
class Total:
    """A sum of `source` over all elements, or over the first axis (0), or a mean over all."""

    target: str
    source: str
    dtype: str
    axis: int | None
    mean: bool


@dataclass(frozen=True, slots=True)
class Kernel:
    """Everything that the text of a kernel is made from. `seen` says which operand a name in a line stands for."""

    name: str
    ndim: int
    ones: tuple[bool, ...]  # axes of size 1
    operands: tuple[Operand, ...]
    lines: tuple[Line, ...]
    totals: tuple[Total, ...]
    outs: tuple[str, ...]
    seen: Mapping[str, str]
    threads: bool = False  # whether the region may be long enough for several

    def sized(self) -> bool:
        """Whether the operands tell the size of every axis."""
        arrays = [o for o in self.operands if o.ndim]
        return all(one or any(o.varies[axis] for o in arrays) for axis, one in enumerate(self.ones))

    def called(self, name: str) -> Kernel:
        return replace(self, name=name)

    def canonical(self) -> Kernel:
        """The same kernel in names that do not depend on the program: equal regions give equal text."""
        new = {o.name: f"x{i}" for i, o in enumerate(self.operands)}
        texts = {o.text: new[o.name] for o in self.operands if o.text}
        new |= {line.target: f"v{i}" for i, line in enumerate(self.lines)}
        new |= {total.target: f"s{i}" for i, total in enumerate(self.totals)}
        seen = {name: new[operand] for name, operand in self.seen.items()}

        def renamed(form: Elementwise) -> Elementwise:
            given = tuple(texts.get(a) or seen.get(a) or new.get(a, a) for a in form.operands)
            return replace(form, operands=given, sizes=())

        return Kernel(
            self.name or "fused", self.ndim, self.ones,
            tuple(replace(o, name=new[o.name], text="") for o in self.operands),
            tuple(Line(new[line.target], renamed(line.form), line.dtype, "") for line in self.lines),
            tuple(replace(t, target=new[t.target], source=new[t.source]) for t in self.totals),
            tuple(new[name] for name in self.outs), {}, self.threads)

    def arrays(self) -> list[Operand]:
        """The operands that have axes."""
        return [o for o in self.operands if o.ndim]

    def groups(self) -> list[list[int]]:
        """The axes in runs along which every operand (and every sum) does the same: each is one loop."""
        return _groups(self, self.arrays())

    def flat(self) -> list[Total]:
        """The sums over all elements."""
        return [t for t in self.totals if t.axis is None]

    def rows(self) -> list[Total]:
        """The sums over the first axis."""
        return [t for t in self.totals if t.axis == 0]

    def axis_size(self, axis: int, names: Mapping[str, str]) -> str:
        """The size of an axis, as an operand tells it; `names` are what operands are called."""
        if self.ones[axis]:
            return "1"
        o = next(o for o in self.arrays() if o.varies[axis])
        return f"{names.get(o.name, o.name)}.shape[{axis - self.ndim + o.ndim}]"


def kernel_source(kernel: Kernel) -> str:
    """The text of the loop, `name_loop(operands, results, ...)`."""
    return _Text(kernel).whole()


class Names:
    """Names that a text has taken, and free ones."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def fresh(self, wish: str) -> str:
        """The wish, with underscores until it is free; it is taken then."""
        while wish in self.taken:
            wish += "_"
        self.taken.add(wish)
        return wish


class _Text(Names):
    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.arrays, self.groups = kernel.arrays(), kernel.groups()
        self.deep = len(self.groups)
        self.flat, self.rows = kernel.flat(), kernel.rows()
        self.taken = {o.name for o in kernel.operands} | {line.target for line in kernel.lines}
        self.taken |= {t.target for t in kernel.totals} | set(kernel.seen) | {"np", "range", "abs", "njit", "pair_sum"}
        self.whole_of = {o.name: self.fresh(f"{o.name}_all") for o in self.arrays}
        self.outs = {line.target: self.fresh(f"{line.target}_out") for line in kernel.lines
                     if line.target in kernel.outs}
        self.kept = {t.target: self.fresh(f"{t.target}_kept") for t in self.rows}
        self.i = [self.fresh(c) for c in ("i", "j", "k", "l")[: self.deep]] + [
            self.fresh(f"i{n}") for n in range(4, self.deep)]
        self.sizes = [self.fresh("size")] if self.deep == 1 else [self.fresh(f"n_{i}") for i in self.i]
        self.lanes, self.sums = self.fresh("lanes"), self.fresh("sums")
        self.turn, self.low, self.first = self.fresh("turn"), self.fresh("low"), self.fresh("first")
        self.dtypes = {o.name: o.dtype for o in kernel.operands} | {line.target: line.dtype for line in kernel.lines}

    def whole(self) -> str:
        k = self.kernel
        parameters = [self.whole_of.get(o.name, o.name) for o in k.operands]
        parameters += [*self.outs.values(), *self.kept.values()]
        parameters += [self.first] * bool(self.rows) + [self.sums, self.turn] * bool(self.flat)
        head = ['@njit(error_model="numpy", nogil=True)', f"def {k.name}_loop({', '.join(parameters)}):",
                f'    """The loop of {k.name}, or a part of it."""']
        return "\n".join([*head, *(f"    {line}" for line in [*self.before(), *self.loops(), *self.after()])]) + "\n"

    # -- around the loop ----------------------------------------------------------------------------------

    def before(self) -> list[str]:
        lines = [f"{size} = {self.extent(group)}" for size, group in zip(self.sizes, self.groups)]
        self.current: dict[str, str] = {}
        for o in self.arrays:
            name, varying = self.whole_of[o.name], self.varying(o)
            if not varying:
                lines.append(f"{o.name} = {name}.item()")
                continue
            self.current[o.name] = name
            if len(varying) == 1 and o.ndim > 1:
                self.current[o.name] = self.fresh(f"{o.name}_flat")
                lines.append(f"{self.current[o.name]} = {name}.ravel()")
            elif len(varying) > 1 and o.ndim > len(varying):
                self.current[o.name] = self.fresh(f"{o.name}_rows")
                shape = ", ".join(self.sizes[g] for g in varying)
                lines.append(f"{self.current[o.name]} = np.ascontiguousarray({name}).reshape(({shape}))")
        if self.deep < self.kernel.ndim:
            shape = self.sizes[0] if self.deep == 1 else f"({', '.join(self.sizes)})"
            for name, out in self.outs.items():
                self.outs[name] = self.fresh(f"{name}_flat" if self.deep == 1 else f"{name}_rows")
                lines.append(f"{self.outs[name]} = {out}.reshape({shape})")
        if self.deep == 1:
            lines += [f"{t.target} = {self.kept[t.target]}[{self.first}]" for t in self.rows]
        if self.flat:
            dtype = "float64" if any(t.dtype == "float64" for t in self.flat) else "float32"
            lines.append(f"{self.lanes} = np.zeros(({len(self.flat)}, {WIDTH}), np.{dtype})")
        return lines

    def after(self) -> list[str]:
        if not self.flat:
            return []
        return [f"if {self.turn} % {TURNS}:", f"    pair_sum({self.lanes}, {self.sums}, {self.turn} // {TURNS})"]

    def extent(self, group: Sequence[int]) -> str:
        return " * ".join(self.kernel.axis_size(axis, self.whole_of) for axis in group)

    def varying(self, o: Operand) -> list[int]:
        """The loops along which an operand moves."""
        return [g for g, group in enumerate(self.groups) if o.varies[group[0]]]

    # -- the loop ------------------------------------------------------------------------------------------

    def loops(self) -> list[str]:
        lines: list[str] = []
        indent = ""
        outs = dict(self.outs)
        for g in range(self.deep - 1):
            i = self.i[g]
            lines.append(f"{indent}for {i} in range({self.sizes[g]}):")
            indent += "    "
            for o in self.arrays:
                varying = self.varying(o)
                if g in varying:
                    name = o.name if varying[-1] == g else self.fresh(f"{o.name}_row")
                    lines.append(f"{indent}{name} = {self.current[o.name]}[{i}]")
                    self.current[o.name] = name
            for name, out in outs.items():
                row = self.fresh(f"{name}_row")
                lines.append(f"{indent}{row} = {out}[{i}]")
                outs[name] = row
            if g == 0:
                lines += [f"{indent}{t.target} = {self.kept[t.target]}[({self.first} + {i}) // {ROWS}]"
                          for t in self.rows]
        return [*lines, *(indent + line for line in self.inner(outs))]

    def inner(self, outs: dict[str, str]) -> list[str]:
        i, size = self.i[-1], self.sizes[-1]
        moving = [o for o in self.arrays if self.deep - 1 in self.varying(o)]
        if not self.flat:
            body = self.body(moving, outs)
            return [f"for {i} in range({size}):", *(f"    {line}" for line in body)]
        lines = [f"for {self.low} in range(0, {size}, {WIDTH}):"]
        block = f"[{self.low}:{self.low} + {WIDTH}]"
        for o in moving:
            name = self.fresh(f"{o.name}_block")
            lines.append(f"    {name} = {self.current[o.name]}{block}")
            self.current[o.name] = name
        rows = {t.target: self.fresh(f"{t.target}_block") for t in self.rows}
        lines += [f"    {name} = {target}{block}" for target, name in rows.items()]
        for name, out in outs.items():
            outs[name] = self.fresh(f"{name}_block")
            lines.append(f"    {outs[name]} = {out}{block}")
        body = self.body(moving, outs, rows)
        body += [f"{self.lanes}[{n}, {i}] += {t.source}" for n, t in enumerate(self.flat)]
        lines += [f"    for {i} in range(min({WIDTH}, {size} - {self.low})):", *(f"        {line}" for line in body)]
        lines += [f"    {self.turn} += 1", f"    if {self.turn} % {TURNS} == 0:",
                  f"        pair_sum({self.lanes}, {self.sums}, {self.turn} // {TURNS} - 1)"]
        return lines

    def body(self, moving: Sequence[Operand], outs: Mapping[str, str],
             rows: Mapping[str, str] | None = None) -> list[str]:
        i = self.i[-1]
        lines = [f"{o.name} = {self.current[o.name]}[{i}]" for o in moving]
        for line in self.kernel.lines:
            lines.append(f"{line.target} = {self.expression(line)}")
            if line.target in outs:
                lines.append(f"{outs[line.target]}[{i}] = {line.target}")
        lines += [f"{(rows or {}).get(t.target, t.target)}[{i}] += {t.source}" for t in self.rows]
        return lines

    def expression(self, line: Line) -> str:
        form = line.form
        sizes = {o.text: o.name for o in self.kernel.operands if o.text}
        given = []
        for a, dtype in zip(form.operands, form.dtypes):
            name = sizes.get(a) if a in form.sizes else self.kernel.seen.get(a, a)
            if name is None or is_literal(name):
                text = literal(a, dtype)
                given.append(f"({text})" if text.startswith("-") else text)
            else:
                given.append(name if self.dtypes[name] == dtype else f"np.{_bool(dtype)}({name})")
        text = form.text.format(*given, **constants(form.dtypes[-1]))
        return f"np.int32({text})" if line.dtype == "int32" and text != given[0] else text


def _bool(dtype: str) -> str:
    return "bool_" if dtype == "bool" else dtype


def _groups(kernel: Kernel, arrays: Sequence[Operand]) -> list[list[int]]:
    """The axes of the region in runs along which every operand (and every sum) does the same."""
    by_row = any(t.axis == 0 for t in kernel.totals)
    groups: list[list[int]] = []
    last: object = None
    for axis in range(kernel.ndim):
        if kernel.ones[axis]:
            continue
        pattern = (tuple(o.varies[axis] for o in arrays), by_row and axis == 0)
        if pattern == last:
            groups[-1].append(axis)
        else:
            groups.append([axis])
        last = pattern
    return groups
