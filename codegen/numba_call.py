"""The function around the loop of a kernel: memory for its results, and threads where the loop is long.

A loop that takes long is cut along the first axis, a part for each thread: numba has compiled it without the lock of
the interpreter, so that plain threads of Python run it side by side. (numba's own `prange` takes longer to compile,
may not be called from several threads at once with every threading layer, nor after a fork, and was ten times slower
than one thread where other work had the second core.) Sums are kept piece by piece and the pieces added in one order,
so that the result is the same to the last bit whatever the number of threads.
"""

from __future__ import annotations

from textwrap import wrap

from .numba_kernel import ROWS, TURNS, WIDTH, Kernel, Names

ENOUGH = 250_000  # nanoseconds of one thread: less is not worth waking another one, which takes about 30,000
LINE, CALL = 0.08, 1.5  # nanoseconds of an operation and of an elementary function, for one element

IN_THREADS = '''\
workers = {}  # the threads of this process: those of a parent do not survive a fork


def in_threads(size, unit, most, work):
    """work(low, high) for the whole of range(size), in at most `most` equal parts that begin at multiples of `unit`.

    The caller does one part; NUMBA_NUM_THREADS says how many threads there are, by default one for each processor.
    """
    units = max(-(-size // unit), 1)
    threads = min(config.NUMBA_NUM_THREADS, units, most)
    cuts = [units * k // threads * unit for k in range(threads)] + [size]
    process, others = os.getpid(), []
    if threads > 1:
        pool = workers.get(process)
        if pool is None:
            pool = concurrent.futures.ThreadPoolExecutor(config.NUMBA_NUM_THREADS - 1, "kernels")
            pool = workers.setdefault(process, pool)
        try:
            others = [pool.submit(work, low, high) for low, high in zip(cuts[1:], cuts[2:])]
        except RuntimeError:  # no thread can be started: the interpreter is about to end
            cuts[1] = size
    work(0, cuts[1])
    for other in others:
        other.result()
'''

TOTAL = '''\
def total(sums):
    """The sum of each row, pairwise."""
    if sums.shape[1] == 1:
        return sums[:, 0].tolist()
    with np.errstate(invalid="ignore", over="ignore"):
        return np.add.reduce(sums, axis=1).tolist()
'''


def imports(threads: bool) -> str:
    """What the kernels import."""
    return f"from numba import {'config, ' if threads else ''}njit"


def worth_threads(elements: int | None, lines: int, calls: int) -> bool:
    """Whether a region of so many elements (None: not known) may be shared by threads."""
    return elements is None or elements >= _enough(lines, calls)


def _enough(lines: int, calls: int) -> int:
    """How many elements one thread works on for ENOUGH nanoseconds, as a power of 2."""
    return 1 << max(int(ENOUGH / (LINE * lines + CALL * calls)), 1).bit_length() - 1


COLUMN_TOTAL = '''\
def column_total(kept):
    """The sum of the rows, one after the other."""
    if len(kept) == 1:
        return kept[0]
    with np.errstate(invalid="ignore", over="ignore"):
        return np.add.reduce(kept)
'''

HELPERS = {"in_threads": IN_THREADS, "total": TOTAL, "column_total": COLUMN_TOTAL}
NAMES = (*HELPERS, "config", "workers", "os", "concurrent")  # what the function reads besides the program


def call_source(kernel: Kernel) -> str:
    """The text of the function that a program calls for this kernel; it reads `name_loop`.

    >>> from .numba_kernel import Line, Operand
    >>> from .numba_spelling import Elementwise
    >>> line = Line("y", Elementwise("-{0}", ("x",), ("float32",), ("x",), ()), "float32", "")
    >>> x = Operand("x", "float32", (True, True), 2)
    >>> print(call_source(Kernel("fused0", 2, (False, False), (x,), (line,), (), ("y",), {})), end="")
    def fused0(x):
        \"\"\"y in one loop.\"\"\"
        n_i, n_j = x.shape[0], x.shape[1]
        y = np.empty((n_i, n_j), np.float32)
        fused0_loop(x, y)
        return y
    """
    return _Call(kernel).whole()


class _Call(Names):
    def __init__(self, kernel: Kernel) -> None:
        self.kernel = k = kernel
        self.flat, self.rows, self.deep = k.flat(), k.rows(), len(k.groups())
        self.taken = {o.name for o in k.operands} | {t.target for t in k.totals} | {"np", *NAMES}
        self.taken |= {line.target for line in k.lines}
        self.dtypes = {line.target: line.dtype for line in k.lines if line.target in k.outs}
        axes = ["size"] if k.ndim == 1 else [f"n_{c}" for c in "ijklmnopq"[: k.ndim]]
        self.axes = ["1" if one else self.fresh(axis) for one, axis in zip(k.ones, axes)]
        self.sums, self.turns, self.unit = self.fresh("sums"), self.fresh("turns"), self.fresh("unit")
        self.low, self.high = self.fresh("low"), self.fresh("high")
        self.kept = {t.target: self.fresh(f"{t.target}_kept") for t in self.rows}
        self.threads = k.threads and not k.ones[0]

    def whole(self) -> str:
        k = self.kernel
        listed = ", ".join(k.outs)
        head = [f"def {k.name}({', '.join(o.name for o in k.operands)}):", f'    """{listed} in one loop."""']
        body = [*self.memory(), *self.loop(), *self.totals()]
        return "\n".join([*head, *(f"    {line}" for line in body)]) + "\n"

    def memory(self) -> list[str]:
        """The sizes, and arrays for what the loop makes."""
        k = self.kernel
        named = [(name, k.axis_size(axis, {})) for axis, name in enumerate(self.axes) if name != "1"]
        lines = [f"{', '.join(n for n, _ in named)} = {', '.join(size for _, size in named)}"]
        shape = self.axes[0] if k.ndim == 1 else f"({', '.join(self.axes)})"
        for name, dtype in self.dtypes.items():
            more = "" if dtype == "float64" else f", np.{dtype}{'_' if dtype == 'bool' else ''}"
            lines.append(f"{name} = np.empty({shape}{more})")
        for t in self.rows:
            count = "1" if k.ones[0] else f"{self.axes[0]} // {ROWS} + 1"
            lines.append(f"{self.kept[t.target]} = np.zeros(({count}, {self.axes[1]}), np.{t.dtype})")
        if self.flat:
            if self.deep > 1:
                lines.append(f"{self.turns} = {self.turns_of(list(range(1, k.ndim)))}")
                most = self.turns if k.ones[0] else f"{self.axes[0]} * {self.turns}"
                least = TURNS
            else:
                most, least = self.product(self.axes), WIDTH * TURNS
            lines.append(f"{self.sums} = np.zeros(({len(self.flat)}, {most} // {least} + 1))")
        return lines

    def turns_of(self, axes: list[int]) -> str:
        """How many times the inner loop over at most WIDTH elements runs for these axes."""
        last = [a for a in self.kernel.groups()[-1] if a in axes]
        inner = self.product([self.axes[a] for a in last])
        outer = [self.axes[a] for a in axes if a not in last and self.axes[a] != "1"]
        blocks = f"({inner} + {WIDTH - 1}) // {WIDTH}"
        return " * ".join([*outer, f"({blocks})"]) if outer else blocks

    @staticmethod
    def product(sizes: list[str]) -> str:
        return " * ".join(s for s in sizes if s != "1") or "1"

    def loop(self) -> list[str]:
        whole = f"{self.kernel.name}_loop({', '.join(self.arguments(False))})"
        if not self.threads:
            return [whole]
        enough = _enough(len(self.kernel.lines), sum(len(line.form.calls) for line in self.kernel.lines))
        part = f"{self.kernel.name}_loop({', '.join(self.arguments(True))})"
        unit, lines = self.units()
        call = [f"    in_threads({self.axes[0]}, {unit}, {self.product(self.axes)} // {max(enough // 2, 1)}, "
                f"lambda {self.low}, {self.high}:",
                *wrap(f"{part})", 100, initial_indent=" " * 15, subsequent_indent=" " * 19, break_long_words=False,
                      break_on_hyphens=False)]
        return [f"if {self.product(self.axes)} < {enough}:", f"    {whole}", "else:", *lines, *call]

    def units(self) -> tuple[str, list[str]]:
        """The number of rows after which a kept sum may end; at any row where there is none."""
        if self.rows:
            return str(ROWS), []
        if not self.flat:
            return "1", []
        if self.deep > 1:
            return self.unit, [f"    {self.unit} = {TURNS} // np.gcd({TURNS}, {self.turns})"]
        least, row = WIDTH * TURNS, self.product(self.axes[1:])
        if row == "1":
            return str(least), []
        return self.unit, [f"    {self.unit} = {least} // np.gcd({least}, {row})"]

    def arguments(self, part: bool) -> list[str]:
        """Those of the loop: over the whole of the region, or over the rows low, ..., high - 1."""
        k = self.kernel
        cut = f"[{self.low}:{self.high}]" if part else ""
        moving = {o.name for o in k.arrays() if o.varies[0] and not k.ones[0]}
        given = [o.name + (cut if o.name in moving else "") for o in k.operands]
        given += [name + cut for name in self.dtypes]
        given += self.kept.values()
        given += [self.low if part else "0"] * bool(self.rows)
        if self.flat:
            row = self.product(self.axes[1:])
            turn = (f"{self.low} * {self.turns}" if self.deep > 1 else
                    f"{self.low} // {WIDTH}" if row == "1" else f"{self.low} * {row} // {WIDTH}")
            given += [self.sums, turn if part else "0"]
        return given

    def totals(self) -> list[str]:
        k = self.kernel
        lines = [f"{t.target} = column_total({self.kept[t.target]})" for t in self.rows]
        if self.flat:
            names = ", ".join(t.target for t in self.flat)
            lines.append(f"{names if len(self.flat) > 1 else f'[{names}]'} = total({self.sums})")
        count = self.product(self.axes)
        means = {t.target for t in self.flat if t.mean}
        divided = f"({count})" if "*" in count else count
        values = [f"{name} / {divided} if {count} else np.nan" if name in means else name for name in k.outs]
        values = [f"({v})" if " if " in v and len(values) > 1 else v for v in values]
        return [*lines, f"return {', '.join(values)}"]

    def helpers(self) -> list[str]:
        """The names of the helpers that it calls."""
        return (["in_threads"] * self.threads + ["total"] * bool(self.flat) + ["column_total"] * bool(self.rows))


def helpers(kernel: Kernel) -> list[str]:
    """The names of the helpers that the function around this kernel calls."""
    return _Call(kernel).helpers()
