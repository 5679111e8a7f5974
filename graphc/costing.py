"""What a graph costs: operations and bytes, counted before anything runs.

Sizes stay as they were declared: with a batch of N images every count is a polynomial in N, and `.at(N=32)` gives
numbers. A floating-point operation (flop) is an addition, a multiplication, a division, a square root or a
comparison of numbers; one multiply-add of a contraction is two. Calls of transcendental functions are counted apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from .cost_tables import Row, headings, latex_table, markdown_table
from .dims import Size, floor_divide, product, size_names, value_of
from .errors import InputError
from .ir import LEAVES, Expr, lift, postorder
from .ops import convolution
from .types import TensorType, TupleType

TRANSCENDENTAL = 20  # the cost of an element in its row from which an op is a transcendental function
SHOWN = 40  # rows of a printed table


@dataclass(frozen=True, slots=True)
class Count:
    """Operations of one node. `multiply_adds` are those of contractions, which `flops` has already, as two each."""

    flops: Size = 0
    multiply_adds: Size = 0
    transcendental: Size = 0

    def times(self, n: Size) -> Count:
        return Count(self.flops * n, self.multiply_adds * n, self.transcendental * n)

    def __add__(self, other: Count) -> Count:
        return Count(self.flops + other.flops, self.multiply_adds + other.multiply_adds,
                     self.transcendental + other.transcendental)


def contraction(multiply_adds: Size) -> Count:
    return Count(2 * multiply_adds, multiply_adds)


# -- how many operations an op takes ---------------------------------------------------------------------------

Counter = Callable[[Expr], Count]
NOTHING = Count()
# Elementwise, but no arithmetic: they choose, cast and look at values.
FREE = frozenset({"where", "astype", "stop_gradient", "logical_and", "logical_or", "logical_not", "logical_xor", "sign",
                  "isnan", "isinf", "isfinite", "signbit", "floor", "ceil", "trunc", "rint"})  # fmt: skip
# Powers that NumPy and the simplifier take without a logarithm.
PLAIN_POWERS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)


def _elementwise(node: Expr) -> Count:
    n = node.type.size
    if node.op.name in FREE:
        return NOTHING
    if node.op.cost >= TRANSCENDENTAL and not _plain_power(node):
        return Count(transcendental=n)
    return Count(flops=n)


def _plain_power(node: Expr) -> bool:
    if node.op.name != "power" or node.args[1].op.name != "const":
        return False
    exponent = node.args[1].attrs[0].value
    return bool(exponent.size and np.all(np.isin(exponent, PLAIN_POWERS)))


def _in_and_out(node: Expr) -> tuple[Size, Size]:
    return node.args[0].type.size, node.type.size


def _folded(node: Expr) -> Count:
    """n - 1 operations for each result made of n elements."""
    n, r = _in_and_out(node)
    return Count(flops=_positive(n - r))


def _running(node: Expr) -> Count:
    """A cumulative operation: the first element along the axis is free."""
    x = node.args[0]
    axis = node.op.named_attrs(node).get("axis")
    first = x.type.size if not isinstance(axis, int) else product(s for i, s in enumerate(x.shape) if i != axis)
    return Count(flops=_positive(x.type.size - (1 if axis is None else first)))


def _softmax(node: Expr) -> Count:
    """max, subtract, exp, sum, divide; log_softmax has a logarithm a row, and a subtraction for the division."""
    x = node.args[0]
    n, rows = x.type.size, product(s for i, s in enumerate(x.shape) if i != node.attrs[0])
    logs = rows if node.op.name == "log_softmax" else 0
    return Count(flops=_positive(4 * n - 2 * rows), transcendental=n + logs)


def _logsumexp(node: Expr) -> Count:
    n, r = _in_and_out(node)
    return Count(flops=_positive(3 * n - r), transcendental=n + r)


def _cross_entropy(node: Expr) -> Count:
    n, r = _in_and_out(node)
    return Count(flops=6 * n, transcendental=n + r)  # logsumexp, and the sums of y and of y·z


def _matmul(node: Expr) -> Count:
    # The shape of the result has every index but the one that is summed over.
    return contraction(node.type.size * node.args[0].shape[-1])


def _einsum(node: Expr) -> Count:
    """Each combination of all indices is a product of k operands: k - 1 multiplications and an addition."""
    spec = str(node.attrs[0])
    sizes: dict[str, Size] = {}
    for letters, a in zip(spec.split("->")[0].split(","), node.args):
        sizes |= dict(zip(letters, a.shape))
    return contraction(product(sizes.values()) * max(1, len(node.args) - 1))


def _square(node: Expr) -> tuple[Size, Size, Size]:
    """(m, n, number of matrices) of the first operand."""
    *batch, m, n = node.args[0].shape
    return m, n, product(batch)


def _cubic(numerator: int, denominator: int = 1) -> Counter:
    """A multiple of n³ for each matrix, the leading term of the usual algorithm (Golub and Van Loan 2013)."""
    def count(node: Expr) -> Count:
        _, n, matrices = _square(node)
        return Count(flops=matrices * floor_divide(numerator * n * n * n, denominator))

    return count


def _solve(node: Expr) -> Count:
    """LU factors of a, and two triangular systems for each column of b."""
    _, n, matrices = _square(node)
    return Count(flops=matrices * floor_divide(2 * n * n * n, 3) + 2 * n * node.type.size)


def _tall(per_mnn: int, per_nnn: int = 0) -> Counter:
    """A multiple of m·n², and one of n³, for each matrix of m rows and n columns (m >= n in that formula)."""
    def count(node: Expr) -> Count:
        m, n, matrices = _square(node)
        if isinstance(m, int) and isinstance(n, int):
            m, n = max(m, n), min(m, n)
        return Count(flops=matrices * (per_mnn * m * n * n + per_nnn * n * n * n))

    return count


def _positive(n: Size) -> Size:
    return max(n, 0) if isinstance(n, int) else n


def _scaled(per_element: int) -> Counter:
    """So many operations for each element of the operand."""
    return lambda node: Count(flops=per_element * node.args[0].type.size)


def _deviation(node: Expr) -> Count:
    n, r = _in_and_out(node)
    return Count(flops=4 * n + r)  # mean, difference, square, sum; a root


def _norm(node: Expr) -> Count:
    return Count(flops=2 * node.args[0].type.size)


def _cross(node: Expr) -> Count:
    return Count(flops=3 * node.type.size)  # two products and a difference each


def _convolution(node: Expr) -> Count:
    return contraction(convolution.multiply_adds(node))


def _pooled(node: Expr) -> Count:
    """One operation for each element of each window."""
    return Count(flops=node.type.size * product(node.op.named_attrs(node)["kernel"]))


def _spread(node: Expr) -> Count:
    return Count(flops=node.args[0].type.size * product(node.op.named_attrs(node)["kernel"]))


def _added(node: Expr) -> Count:
    return Count(flops=node.args[0].type.size)  # each element is added to its place


def _scan(node: Expr) -> Count:
    """The step, as often as it is taken."""
    how = node.op.named_attrs(node)
    total = NOTHING
    for inner in how["body"].order:
        total = total + count_of(inner)
    return total.times(how["length"])


# Ops that are neither elementwise nor the mere moving of data (cost 0). `register` adds to it.
COUNTERS: dict[str, Counter] = {
    **dict.fromkeys(("sum", "prod", "max", "min", "argmax", "argmin"), _folded),
    **dict.fromkeys(("cumsum", "cumprod"), _running),
    "mean": _scaled(1), "centre": _scaled(2), "linear_recurrence": _scaled(2),  # n - 1 additions and a division
    "var": _scaled(4), "std": _deviation, "norm2": _norm, "vector_norm": _norm, "cross": _cross,
    **dict.fromkeys(("softmax", "log_softmax"), _softmax),
    "logsumexp": _logsumexp, "softmax_cross_entropy": _cross_entropy,
    "matmul": _matmul, "einsum": _einsum,
    **dict.fromkeys(("conv", "conv_transpose", "conv_weight"), _convolution),
    **dict.fromkeys(("max_pool", "sum_pool"), _pooled),
    **dict.fromkeys(("spread_pool", "max_pool_mean"), _spread),
    **dict.fromkeys(("scatter_add", "add_along_axis"), _added),
    "cholesky": _cubic(1, 3), "det": _cubic(2, 3), "slogdet": _cubic(2, 3), "inv": _cubic(2), "cofactor": _cubic(22),
    "cofactor_slope": _cubic(24), "eigh": _cubic(9), "eigvalsh": _cubic(4, 3), "solve": _solve,
    "qr": _tall(4), "svd": _tall(14, 8), "svdvals": _tall(4), "pinv": _tall(16, 8), "lstsq": _tall(16, 8),
    "scan": _scan,
    # What chooses, sorts, makes or moves elements does no arithmetic.
    **dict.fromkeys(("tuple", "any", "all", "sort", "argsort", "searchsorted", "gather", "take_along_axis",
                     "last_written", "one_hot", "tile", "repeat", "roll", "pad", "diag", "place_diagonal",
                     "put_diagonal", "tril", "triu", "arange", "lower_half"), lambda node: NOTHING),
}  # fmt: skip


def register(op: str, counter: Counter) -> None:
    """Say how many operations a node of `op` takes."""
    COUNTERS[op] = counter


def count_of(node: Expr) -> Count:
    """The operations of one node, its operands being there.

    >>> import graphc as G
    >>> count_of(G.input("x", "N", 784) @ G.param("W", 784, 10))
    Count(flops=15680*N, multiply_adds=7840*N, transcendental=0)
    """
    op = node.op
    if op.name in LEAVES:
        return NOTHING
    counter = COUNTERS.get(op.name)
    if counter is not None:
        return counter(node)
    if op.elementwise:
        return _elementwise(node)
    return NOTHING if op.cost == 0 else _by_row(node)


def _by_row(node: Expr) -> Count:
    """An op that nobody counts: the cost of an element that its row gives, for the largest operand or the result."""
    sizes = [a.type.size for a in (*node.args, node)]
    n = next((s for s in sizes if not isinstance(s, int)), None) or max(s for s in sizes if isinstance(s, int))
    return Count(flops=node.op.cost * n)


# -- the graph ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)  # a comparison of nodes would build a node
class NodeCost:
    """One node: its operations, the bytes of its operands that it reads and those of its result that it writes."""

    node: Expr
    flops: Size
    multiply_adds: Size
    transcendental: Size
    bytes_read: Size
    bytes_written: Size
    held: Size  # bytes of the value; 0 for a view of another one

    @property
    def name(self) -> str:
        """The name of the value, or its op."""
        return self.node.label or self.node.op.name


COLUMNS = ("flops", "multiply_adds", "transcendental", "bytes_read", "bytes_written")


class Cost:
    """Counts of a graph: each is an int, or a polynomial in its named sizes.

    `flops`, `multiply_adds` (of contractions and convolutions; each is two flops), `transcendental` (calls of exp, log,
    tanh, ...), `bytes_read`, `bytes_written`, `parameters` (their elements), `peak_bytes` (None while a size is not
    known), and `nodes` with one row for each operation, in the order of computation.
    """

    def __init__(self, rows: Iterable[NodeCost], outputs: Sequence[Expr], parameters: Size) -> None:
        self._rows, self.outputs, self.parameters = tuple(rows), tuple(outputs), parameters
        self.nodes = tuple(r for r in self._rows if r.node.op.name not in LEAVES)

    def _total(self, column: str) -> Size:
        return _total(getattr(row, column) for row in self.nodes)

    @property
    def flops(self) -> Size:
        """Additions, multiplications, divisions, square roots and comparisons of floating-point numbers."""
        return self._total("flops")

    @property
    def multiply_adds(self) -> Size:
        """Multiply-adds of contractions and convolutions, as courses count them."""
        return self._total("multiply_adds")

    @property
    def transcendental(self) -> Size:
        """Calls of transcendental functions."""
        return self._total("transcendental")

    @property
    def bytes_read(self) -> Size:
        """Bytes of the operands, each time one is read."""
        return self._total("bytes_read")

    @property
    def bytes_written(self) -> Size:
        """Bytes of the results; a view of an operand writes none."""
        return self._total("bytes_written")

    @property
    def sizes(self) -> tuple[str, ...]:
        """The names that the counts depend on."""
        return tuple(dict.fromkeys(n for row in self._rows for n in (*size_names(row.held), *size_names(row.flops))))

    @property
    def peak_bytes(self) -> int | None:
        """The bytes of all values that are alive at once, at most: each is freed after its last use.

        Inputs, parameters and constants count from beginning to end. None while a size is not known.
        """
        held = [row.held for row in self._rows]
        return None if any(not isinstance(h, int) for h in held) else _peak(self._rows, self.outputs)

    def at(self, **sizes: int) -> Cost:
        """The same counts with numbers for the named sizes. Raises InputError for a name that is missing or unknown.

        >>> import graphc as G
        >>> G.cost(G.exp(G.input("x", "N", 3))).at(N=2).transcendental
        6
        """
        known = self.sizes
        for name in (*sizes, *known):
            if name not in known or name not in sizes:
                raise InputError(f"cost.at: {'no' if name in sizes else 'no value for'} size {name}; "
                                 f"the counts depend on {', '.join(known) or 'none'}")
        rows = [NodeCost(row.node, *[value_of(getattr(row, c), sizes) for c in (*COLUMNS, "held")])
                for row in self._rows]
        return Cost(rows, self.outputs, value_of(self.parameters, sizes))

    def table(self) -> list[list[str]]:
        """Rows of text: a heading, each operation, and the totals."""
        shown = self.nodes if len(self.nodes) <= SHOWN else self.nodes[:SHOWN]
        rows = [["node", "type", *(c.replace("_", " ") for c in COLUMNS)]]
        rows += [[r.name, str(r.node.type), *(number_text(getattr(r, c)) for c in COLUMNS)] for r in shown]
        if len(shown) < len(self.nodes):
            rows.append([f"… {len(self.nodes) - len(shown)} more", *[""] * (len(COLUMNS) + 1)])
        return [*rows, ["total", "", *(number_text(self._total(c)) for c in COLUMNS)]]

    def to_markdown(self, lang: str = "en") -> str:
        """The table in Markdown: each operation with its shape and counts, and the totals. `lang` is "en" or "fr".

        What computes and moves nothing, such as a reshape, has no row. Raises InputError for another language.

        >>> import graphc as G
        >>> print(G.cost((G.input("x", "N", 3) @ G.param("W", 3, 2)).named("y")).to_markdown().splitlines()[-1])
        | **total** |  | 6·N | 12·N | 0 | 16·N |
        """
        return markdown_table(*self._columns(lang), lang)

    def to_latex(self, lang: str = "en") -> str:
        r"""The table as a LaTeX `tabular`, which needs no package. `lang` is "en" or "fr".

        >>> import graphc as G
        >>> print(G.cost(G.exp(G.input("x", "N", 3)).named("y")).to_latex("fr").splitlines()[5])
        \texttt{y} & $N \times 3$ & $0$ & $0$ & $3\,N$ & $24\,N$ \\
        """
        return latex_table(*self._columns(lang), lang)

    def _columns(self, lang: str) -> tuple[list[str], list[Row]]:
        words = headings(lang)
        counted = ("multiply_adds", "flops", "transcendental", "bytes_written")
        shown = [r for r in self.nodes if any(getattr(r, c) for c in counted)]
        rows: list[Row] = [(r.name, getattr(r.node.type, "shape", ()), [getattr(r, c) for c in counted])
                           for r in shown[:SHOWN]]
        if len(shown) > SHOWN:
            rest = shown[SHOWN:]
            more = words["more"].format(n=len(rest))
            rows.append((more, None, [_total(getattr(r, c) for r in rest) for c in counted]))
        rows.append((words["total"], None, [self._total(c) for c in counted]))
        return [words["node"], words["shape"], *(words[c] for c in counted)], rows

    def __str__(self) -> str:
        tail = f"parameters: {number_text(self.parameters)}"
        peak = self.peak_bytes
        return f"{aligned(self.table())}\n{tail}" + ("" if peak is None else f"; peak memory: {peak:,} bytes")

    def __repr__(self) -> str:
        return (f"<Cost of {len(self.nodes)} operations: {self.flops} flops, {self.multiply_adds} multiply-adds, "
                f"{self.transcendental} transcendental calls>")

    def _repr_html_(self) -> str:
        return html_table(self.table())


def cost(what: Any) -> Cost:
    """The operations, bytes and parameters of an Expr, or of a list of them together, each node once.

    Counts are of the graph as it stands; `Function.report` shows what is left of it when it runs. Raises InputError
    for anything but Exprs.

    >>> import graphc as G
    >>> x, W, b = G.input("x", "N", 784), G.param("W", 784, 128), G.param("b", 128)
    >>> c = G.cost(G.relu(x @ W + b))
    >>> c.flops, c.multiply_adds, c.parameters
    (200960*N, 100352*N, 100480)
    >>> c.at(N=32).flops
    6430720
    """
    if not isinstance(what, (Expr, list, tuple)):
        raise InputError(f"cost takes an Expr or a list of them, got {type(what).__name__}; "
                         "of a compiled function, fn.report has the cost before and after simplification")
    tops = [what] if isinstance(what, Expr) else [lift(e, "cost") for e in what]
    rows = [_node_cost(node) for node in postorder(tops)]
    return Cost(rows, tops, _total(row.node.type.size for row in rows if row.node.op.name == "param"))


def _node_cost(node: Expr) -> NodeCost:
    count, held = count_of(node), bytes_of(node.type)
    if node.op.name in LEAVES:
        return NodeCost(node, 0, 0, 0, 0, 0, 0 if node.op.name == "size" else held)
    if node.op.view or node.op.name == "tuple":
        return NodeCost(node, count.flops, count.multiply_adds, count.transcendental, 0, 0, 0)
    read, written = _traffic(node)
    return NodeCost(node, count.flops, count.multiply_adds, count.transcendental, read, written, held)


def _traffic(node: Expr) -> tuple[Size, Size]:
    """Bytes of the operands, each once, and of the result; of a loop, also those of its step, as often as it runs."""
    read, written = _total(bytes_of(a.type) for a in dict.fromkeys(node.args)), bytes_of(node.type)
    if node.op.name == "scan":
        how = node.op.named_attrs(node)
        inner = [_node_cost(n) for n in how["body"].order]
        read = read + how["length"] * _total(r.bytes_read for r in inner)
        written = written + how["length"] * _total(r.bytes_written for r in inner)
    return read, written


def _total(sizes: Iterable[Size]) -> Size:
    total: Size = 0
    for size in sizes:
        total = total + size
    return total


def bytes_of(type_: TensorType) -> Size:
    """The bytes of a value of this type.

    >>> bytes_of(TensorType((2, 3), "float32"))
    24
    """
    if isinstance(type_, TupleType):
        return _total(bytes_of(item) for item in type_.items)
    return type_.size * np.dtype(type_.dtype).itemsize


def _peak(rows: Sequence[NodeCost], outputs: Sequence[Expr]) -> int:
    # A view keeps alive what it looks at.
    owners: dict[Expr, list[Expr]] = {}
    last: dict[Expr, int] = {}
    for i, row in enumerate(rows):
        shares = row.node.args if row.node.op.name == "tuple" else row.node.args[:1] if row.node.op.view else ()
        owners[row.node] = [o for a in shares for o in owners[a]] or [row.node]
        for a in row.node.args:
            last.update(dict.fromkeys(owners[a], i))
    kept = {o for top in outputs for o in owners[top]} | {r.node for r in rows if not r.node.args}
    free: dict[int, int] = {}
    held = {row.node: value_of(row.held, {}) for row in rows}
    for node, i in last.items():
        if node not in kept:
            free[i] = free.get(i, 0) + held[node]
    alive = peak = sum(held[r.node] for r in rows if not r.node.args)
    for i, row in enumerate(rows):
        if row.node.args:
            alive += held[row.node]
            peak = max(peak, alive)
            alive -= free.get(i, 0)
    return peak


# -- text ---------------------------------------------------------------------------------------------------------


def number_text(n: Size) -> str:
    """A count as text: thousands are parted in a number, a polynomial is as it is."""
    return f"{n:,}" if isinstance(n, int) else str(n)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns of text, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    cells = [[c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths))] for row in rows]
    return "\n".join("  ".join(row).rstrip() for row in cells)


def html_table(rows: Sequence[Sequence[str]]) -> str:
    """The rows as an HTML table, the first being its heading."""
    head, *body = [[escape(c) for c in row] for row in rows]
    lines = [f"<tr>{''.join(f'<th>{c}</th>' for c in head)}</tr>",
             *(f"<tr>{''.join(f'<td>{c}</td>' for c in row)}</tr>" for row in body)]
    return f"<table>{''.join(lines)}</table>"
