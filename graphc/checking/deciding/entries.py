"""Graphs of arrays as arrays of core nodes, one scalar an entry, at concrete sizes of the named dimensions.

So an answer in matrices is decided by the cells, balls and proofs that decide scalars. Leaves become symbols
`W[0,1]`, counted from 0. Integers that pick elements (labels, indices) are drawn, as are bools.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from ...dims import Size, size_names, value_of
from ...errors import GraphcError
from ...interpret import numpy_function
from ...ir import INPUT, Expr, postorder, variable
from ...types import TupleType
from ..reading.tree import number_like
from .algebra import Algebra, number
from .core import Core, Pool
from .core import postorder as core_postorder
from .entry_rows import COMPUTED, MOVES, ROWS
from .entry_tools import array_of
from .from_graph import NoScalarForm, exact, trees

Value: TypeAlias = "np.ndarray[Any, Any] | tuple[np.ndarray[Any, Any], ...]"
MAX_ENTRIES = 60_000  # core nodes of one comparison
DRAWN_BELOW = 3  # labels that index nothing are drawn from 0, 1, 2


class Entries:
    """The entries of graphs at one choice of sizes. Equal entries of several graphs are one node.

    `sizes` gives every named size a number; `integers` the values of integer and bool inputs, which are drawn
    from `seed` where they are not given. `forms` has names of arrays that are "symmetric", which have one symbol for
    both places of an entry, or a "distribution", whose last entry along the last axis is 1 less the others.

    >>> import graphc as G
    >>> x, y = G.input("x", "N"), G.input("y", "N")
    >>> found = Entries({"N": 2})
    >>> found.of(x * y)[1] is found.of(y * x)[1], found.of(x @ y).shape, list(found.symbols)
    (True, (), ['x[0]', 'x[1]', 'y[0]', 'y[1]'])
    """

    def __init__(self, sizes: Mapping[str, int], integers: Mapping[str, Any] | None = None, seed: int = 1,
                 forms: Mapping[str, str] | None = None) -> None:
        self.sizes, self.forms = dict(sizes), dict(forms or {})
        self.pool = Pool()
        self.algebra: Algebra = Algebra(self.pool)
        self.memo: dict[Expr, Value] = {}
        self.symbols: dict[str, tuple[Expr, tuple[int, ...]]] = {}  # whose entry each symbol is
        self.leaves: dict[str, np.ndarray[Any, Any]] = {}  # the entries of each variable
        self.drawn: dict[str, np.ndarray[Any, Any]] = {k: np.asarray(v) for k, v in (integers or {}).items()}
        self.below: dict[Expr, int] = {}  # what an index that is drawn must stay below
        self.extrema: dict[int, tuple[str, tuple[Core, ...]]] = {}  # a maximum or minimum: of which entries
        self.random = random.Random(seed)
        self.templates: dict[Any, tuple[Core, list[Core]]] = {}
        self.holes = Pool()

    def of(self, root: Expr) -> np.ndarray[Any, Any]:
        """The entries of a node. Raises NoScalarForm where an op has no exact meaning entry by entry."""
        self.prepare([root])
        self.walk(postorder([root]), self.memo)
        found = self.memo[root]
        assert isinstance(found, np.ndarray)
        return found

    def prepare(self, roots: Sequence[Expr]) -> None:
        """Look at all graphs before the first is taken apart: which integers index what."""
        for node in reversed(postorder(roots)):
            for operand, limit in self._limits(node):
                self.below[operand] = min(limit, self.below.get(operand, limit))

    def walk(self, order: Iterable[Expr], memo: dict[Expr, Value]) -> None:
        for node in order:
            if node not in memo:
                if not isinstance(node.type, TupleType) and math.prod(self.shape(node.shape)) > MAX_ENTRIES:
                    raise NoScalarForm("too_many_operations", limit=MAX_ENTRIES)
                memo[node] = self.node(node, [memo[a] for a in node.args])
                if len(self.pool.table) > MAX_ENTRIES:
                    raise NoScalarForm("too_many_operations", limit=MAX_ENTRIES)

    def shape(self, shape: Sequence[Size]) -> tuple[int, ...]:
        """A shape in numbers."""
        return tuple(value_of(s, self.sizes) for s in shape)

    # -- one node -------------------------------------------------------------------------------------------

    def node(self, node: Expr, args: list[Value]) -> Value:
        name = node.op.name
        if name in ("input", "param"):
            return self.leaf(node)
        if name == "const":
            return self.constant(node.attrs[0].value)
        if name == "size":
            return array_of((), [self.algebra.num(value_of(node.attrs[0], self.sizes))])
        if name in ROWS:
            return ROWS[name](self, node, *args)
        arrays = [a for a in args if isinstance(a, np.ndarray)]
        if name in MOVES:
            return self.moved(node, arrays)
        if name in COMPUTED:
            return self.computed(node, arrays)
        if node.op.elementwise:
            return self.elementwise(node, arrays)
        raise NoScalarForm("no_entries_op", name=node.label or name, op=name, place=node.place)

    def leaf(self, node: Expr) -> np.ndarray[Any, Any]:
        shape, label = self.shape(node.shape), str(node.label)
        if not node.type.is_float and (node.ndim or node in self.below or node.type.dtype == "bool"):
            return self.constant(self._draw(node, label, shape))
        entries: list[Core] = []
        form = self.forms.get(label)
        for place in np.ndindex(*shape):
            index = tuple(sorted(place)) if form == "symmetric" and len(set(shape)) == 1 else place
            if form == "distribution" and shape and place[-1] == shape[-1] - 1:
                others = entries[len(entries) - shape[-1] + 1:]
                entries.append(self.algebra.minus(self.algebra.one, self.algebra.sum(others)))
                continue
            name = f"{label}[{','.join(map(str, index))}]" if index else label
            self.symbols.setdefault(name, (node, index))
            entries.append(self.pool.node("sym", value=name))
        self.leaves[label] = array_of(shape, entries)
        return self.leaves[label]

    def _draw(self, node: Expr, label: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        if label not in self.drawn:
            limit = 2 if node.type.dtype == "bool" else self.below.get(node, DRAWN_BELOW)
            count = int(np.prod(shape))
            # A permutation first, so that not all labels are the same one.
            values = [(i + self.random.randrange(limit)) % limit if i % 2 else i % limit for i in range(count)]
            self.random.shuffle(values)
            self.drawn[label] = np.array(values, dtype=node.type.dtype).reshape(shape)
        return self.drawn[label]

    def constant(self, value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        known: dict[Any, Core] = {}
        entries = []
        for v in value.ravel().tolist():
            if v not in known:
                known[v] = self.algebra.num(int(v)) if isinstance(v, bool) else self.pool.lower(exact(v))
            entries.append(known[v])
        return array_of(value.shape, entries)

    # -- families of rows ---------------------------------------------------------------------------------------

    def elementwise(self, node: Expr, args: Sequence[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
        """By the scalar form of the row, worked out once over placeholders."""
        template, order = self._template(node)
        wide = np.broadcast_arrays(*args) if len(args) > 1 else args
        entries = [self.algebra.instantiate(template, order, operands) for operands in zip(*(a.ravel() for a in wide))]
        return array_of(wide[0].shape, entries)

    def _template(self, node: Expr) -> tuple[Core, list[Core]]:
        dtypes = tuple(a.type.dtype for a in node.args)
        key = (node.op.name, node.attrs, dtypes)
        if key not in self.templates:
            holes = [variable(INPUT, f"hole_{i}", (), dtype, declare=False) for i, dtype in enumerate(dtypes)]
            scalar = node.op.make(tuple(holes), node.attrs)
            stop = {hole: str(i) for i, hole in enumerate(holes)}
            template = self.holes.lower(number_like(trees([scalar], stop=stop)[scalar]))
            self.templates[key] = template, core_postorder(template)
        return self.templates[key]

    def moved(self, node: Expr, args: Sequence[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
        """A row that only moves elements, by its own spelling over their numbers; number 0 is the entry 0."""
        count = MOVES[node.op.name]
        values = args if count is None else args[:count]
        table: list[Core] = [self.algebra.zero]
        number_of: dict[int, int] = {self.algebra.zero.serial: 0}
        numbered = []
        for a in values:
            ids = []
            for entry in a.ravel():
                if entry.serial not in number_of:
                    number_of[entry.serial] = len(table)
                    table.append(entry)
                ids.append(number_of[entry.serial])
            numbered.append(np.array(ids, dtype=np.int64).reshape(a.shape))
        places = [] if count is None else [self.integers(a) for a in args[count:]]
        result = np.asarray(self._run(node, [*numbered, *places]))
        return array_of(result.shape, [table[i] for i in result.ravel().tolist()])

    def computed(self, node: Expr, args: Sequence[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
        """A row of sums and products, by its own spelling over numbers that write down what is done with them."""
        wrapped = [array_of(a.shape, [Written(self.algebra, e) for e in a.ravel()]) for a in args]
        result = np.asarray(self._run(node, wrapped), dtype=object)
        entries = [e.core if isinstance(e, Written) else self.algebra.num(int(e)) for e in result.ravel()]
        return array_of(result.shape, entries)

    def _run(self, node: Expr, operands: Sequence[np.ndarray[Any, Any]]) -> Any:
        try:
            return numpy_function(node, self.sizes)(*operands)
        except (ArithmeticError, LookupError, TypeError, ValueError, GraphcError):
            raise NoScalarForm("no_entries_op", name=node.label or node.op.name, op=node.op.name,
                               place=node.place) from None

    def integers(self, entries: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Entries that index: whole numbers known as such. Raises NoScalarForm for any other."""
        if any(e.head != "num" for e in entries.ravel()):
            raise NoScalarForm("index_not_known")
        return np.array([int(number(e)) for e in entries.ravel()], dtype=np.int64).reshape(entries.shape)

    # -- which integers index what --------------------------------------------------------------------------------

    def _limits(self, node: Expr) -> list[tuple[Expr, int]]:
        """Operands of a node that are indices, with what they must stay below."""
        name, args = node.op.name, node.args
        if node in self.below and (name in MOVES or name == "astype"):
            return [(a, self.below[node]) for a in args if not a.type.is_float]
        if name == "one_hot":
            return [(args[0], self._length(node.attrs[0]))]
        if name == "take_along_axis":
            return [(args[1], self._length(args[0].shape[node.attrs[0]]))]
        if name == "add_along_axis":
            return [(args[1], self._length(node.attrs[1]))]
        if name in ("gather", "scatter_add"):
            return self._gathered(node)
        return []

    def _gathered(self, node: Expr) -> list[tuple[Expr, int]]:
        shape = node.args[0].shape if node.op.name == "gather" else node.attrs[1]
        axes = [e for e in node.attrs[0] if not isinstance(e, str)]
        return [(node.args[e[1]], self._length(shape[axis])) for axis, e in enumerate(axes)
                if isinstance(e, tuple) and len(e) == 2]

    def _length(self, size: Size) -> int:
        return value_of(size, self.sizes)


class Written:
    """A number that writes down what is done with it: NumPy adds and multiplies objects by their operators."""

    __slots__ = ("algebra", "core")

    def __init__(self, algebra: Algebra, core: Core) -> None:
        self.algebra, self.core = algebra, core

    def _of(self, other: Any) -> Core:
        return other.core if isinstance(other, Written) else self.algebra.num(int(other))

    def __add__(self, other: Any) -> Written:
        return Written(self.algebra, self.algebra.sum((self.core, self._of(other))))

    def __sub__(self, other: Any) -> Written:
        return Written(self.algebra, self.algebra.minus(self.core, self._of(other)))

    def __mul__(self, other: Any) -> Written:
        return Written(self.algebra, self.algebra.product((self.core, self._of(other))))

    def __truediv__(self, other: Any) -> Written:
        return Written(self.algebra, self.algebra.quotient(self.core, self._of(other)))

    def __neg__(self) -> Written:
        return Written(self.algebra, self.algebra.neg(self.core))

    def conjugate(self) -> Written:
        return self

    def __bool__(self) -> bool:
        raise TypeError("the truth of an entry is not known")

    __radd__, __rmul__ = __add__, __mul__
    __hash__ = None  # type: ignore[assignment]


def named_sizes(roots: Iterable[Expr]) -> list[str]:
    """The named sizes that the graphs mention, in order of appearance."""
    found: dict[str, None] = {}
    for node in postorder(list(roots)):
        types = node.type.items if isinstance(node.type, TupleType) else (node.type,)
        for size in (s for t in types for s in t.shape):
            found.update(dict.fromkeys(size_names(size)))
        if node.op.name == "size":
            found.update(dict.fromkeys(size_names(node.attrs[0])))
    return list(found)
