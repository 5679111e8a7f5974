"""What a compiled function costs: operations before and after simplification, memory, and what each pass did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

from .costing import COLUMNS, Cost, aligned, html_table, number_text
from .dims import Dim, Size, size_names, value_of
from .errors import InputError
from .lower import STATEMENTS, Footprint, arrays, evaluated, itemsize

NOMINAL = 1000  # what named sizes are taken for where the largest of polynomials is wanted


@dataclass(frozen=True, slots=True)
class Buffer:
    """Memory that a function keeps from call to call, for each thread and set of sizes.

    `bytes` is what it takes at most. The memory of one block of an array is as long as the longest of `block`, and
    where the array is shorter than that, as long as the array.
    """

    name: str
    type: str
    bytes: Size
    block: tuple[Size, ...] = ()

    def at(self, sizes: Mapping[str, int]) -> int:
        """Its bytes for these sizes."""
        whole = value_of(bytes_of_text(self.type), sizes)
        return min([whole, max(value_of(b, sizes) for b in self.block)]) if self.block else whole


class Report:
    """A compiled function's graph as it was declared (`before`), as it is computed (`after`), how often each rewrite
    rule was applied (`rules`, the most frequent first), and how often each pass over the emitted steps did something
    (`passes`). Counts of bytes and operations are ints, or polynomials in the named sizes.

    >>> import graphc as G
    >>> x, w = G.input("x", "N", 100), G.param("w", 100)
    >>> report = G.value_and_grad(G.sum(G.square(G.tanh(x * w))), [w]).report
    >>> report.peak_bytes, report.peak(N=1000)
    (1608*N + 800, 1608800)
    >>> [(b.name, b.bytes) for b in report.buffers]
    [('u0', 800*N), ('u1', 800*N), ('n6_ones', 8*N)]
    """

    def __init__(self, name: str, before: Cost, after: Cost, rules: Mapping[str, int], memory: Footprint) -> None:
        self.name, self.before, self.after, self.memory = name, before, after, memory
        self.rules = dict(sorted(rules.items(), key=lambda item: (-item[1], item[0])))
        self.passes = dict(memory.passes)

    @property
    def flops(self) -> Size:
        """Floating-point operations of a call."""
        return self.after.flops

    @property
    def bytes_moved(self) -> Size:
        """Bytes that are read and written, each operand and each result of an operation once."""
        return self.after.bytes_read + self.after.bytes_written

    @cached_property
    def buffers(self) -> tuple[Buffer, ...]:
        """What is kept from call to call, the largest first."""
        found = []
        for name, type_, block in self.memory.buffers:
            parts = tuple(map(bytes_of_text, block))
            found.append(Buffer(name, type_, max(parts, key=nominal) if parts else bytes_of_text(type_), parts))
        return tuple(sorted(found, key=lambda b: -nominal(b.bytes)))

    @cached_property
    def _events(self) -> list[Size]:
        """Bytes that a call takes, and gives back as negative numbers, in order."""
        known: dict[str, Size] = {}
        for _, type_ in self.memory.events:
            if type_ not in known:
                known[type_] = bytes_of_text(type_)
        return [known[type_] if made else -1 * known[type_] for made, type_ in self.memory.events]

    @cached_property
    def peak_bytes(self) -> Size:
        """Bytes of buffers, results and other arrays that are there at once, at most: a number where all sizes are
        known, else a polynomial, which is that of the moment where most is there when every named size is large.

        Inputs are the caller's, and do not count; nor does what NumPy, a loop or a convolution needs on its way.
        """
        kept: Size = sum((b.bytes for b in self.buffers), start=0)
        return kept + _most(self._events, [nominal(e) for e in self._events])

    def peak(self, **sizes: int) -> int:
        """`peak_bytes` for these sizes, exactly: the moment where most is there may depend on them.

        Raises InputError for a name that is missing or unknown, or a value that is no size.
        """
        known = self.sizes
        for name in (*sizes, *known):
            if name not in known or name not in sizes:
                raise InputError(f"report.peak: {'no' if name in sizes else 'no value for'} size {name}; "
                                 f"the memory depends on {', '.join(known) or 'none'}")
            if isinstance(sizes[name], bool) or not isinstance(sizes[name], int) or sizes[name] < 0:
                raise InputError(f"report.peak: size {name} is a whole number, got {sizes[name]!r}")
        events = [value_of(e, sizes) for e in self._events]
        most = _most(events, events)
        assert isinstance(most, int)
        return sum(b.at(sizes) for b in self.buffers) + most

    @cached_property
    def sizes(self) -> tuple[str, ...]:
        """The names that the memory depends on."""
        parts = [*(bytes_of_text(b.type) for b in self.buffers), *self._events]
        return tuple(dict.fromkeys(n for part in parts for n in size_names(part)))

    def table(self) -> list[list[str]]:
        """Rows of text: each count before and after."""
        rows = [[self.name, "declared", "computed"],
                ["operations", f"{len(self.before.nodes):,}", f"{len(self.after.nodes):,}"]]
        return rows + [[c.replace("_", " "), number_text(getattr(self.before, c)), number_text(getattr(self.after, c))]
                       for c in COLUMNS]

    def memory_table(self) -> list[list[str]]:
        """Rows of text: the peak, and each buffer."""
        kept = "buffers kept from call to call"
        return [["memory", "bytes"], ["peak", number_text(self.peak_bytes)],
                *([f"{kept}: {b.name}" if i == 0 else b.name, number_text(b.bytes)]
                  for i, b in enumerate(self.buffers))]

    def rule_table(self) -> list[list[str]]:
        """Rows of text: rewrite rules and how often each was applied."""
        return [["rewrite", "times"], *([rule, f"{n:,}"] for rule, n in self.rules.items())]

    def pass_table(self) -> list[list[str]]:
        """Rows of text: passes over the emitted steps, how often each did something, and what that is."""
        return [["pass", "times", "what it does"],
                *([name, f"{n:,}", STATEMENTS.get(name, "")] for name, n in self.passes.items())]

    def __str__(self) -> str:
        rules = aligned(self.rule_table()) if self.rules else "no rewrite applied"
        passes = [f"{name} ({n:,}): {STATEMENTS.get(name, '')}".rstrip(": ") for name, n in self.passes.items()]
        tail = "\n".join(["passes", *passes]) if passes else "no pass applied"
        return f"{aligned(self.table())}\n\n{aligned(self.memory_table())}\n\n{tail}\n\n{rules}"

    def __repr__(self) -> str:
        return (f"<Report of {self.name}: {len(self.before.nodes)} operations -> {len(self.after.nodes)}, "
                f"{sum(self.rules.values())} rewrites>")

    def _repr_html_(self) -> str:
        tables = [self.table(), self.memory_table(), *([self.pass_table()] if self.passes else ()),
                  *([self.rule_table()] if self.rules else ())]
        return "".join(map(html_table, tables))


def bytes_of_text(type_: str) -> Size:
    """The bytes of a type as it stands in emitted text.

    >>> bytes_of_text("float32[N*T,2*N + 1]"), bytes_of_text("tuple[bool[3]; float64[]]")
    (8*N*N*T + 4*N*T, 11)
    """
    total: Size = 0
    for dtype, sizes in arrays(type_):
        total = total + itemsize(dtype) * prod([evaluated(size, _Names()) for size in sizes])
    return total


class _Names(dict[str, Dim]):
    """Every name as the size that is called so."""

    def __missing__(self, name: str) -> Dim:
        return Dim.named(name)


def nominal(size: Size) -> int:
    """The size where all that is named is large."""
    return value_of(size, dict.fromkeys(size_names(size), NOMINAL))


def _most(events: list[Size] | list[int], weights: list[int]) -> Size:
    """The sum of the events up to the moment where that of their weights is greatest."""
    best, alive, stop = 0, 0, 0
    for i, weight in enumerate(weights, 1):
        alive += weight
        if alive > best:
            best, stop = alive, i
    total: Size = 0
    for event in events[:stop]:
        total = total + event
    return total
