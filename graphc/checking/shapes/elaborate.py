"""From the tree of a formula to a graph with shapes: what an answer means, once the declared symbols are known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...dims import Size, as_size
from ...errors import DTypeError, InputError, LimitExceeded, ShapeError
from ...ir import Expr
from ..phrases import LANGUAGES, say
from ..reading.tree import Tree, nodes
from . import array_calls, rows
from .elementwise import elementwise
from .indexed import counted, delta, ordered, product_over, total
from .labelled import MAX_AGAIN, MAX_ENTRIES, Again, Building, ShapeFault, Unknowns, Value
from .positions import Range, Scope, bounds, loose_indices
from .products import added, divided, matmul, product, raised, transposed
from .subscripts import index

__all__ = ["NOTED", "Built", "ShapeFault", "build", "loose_indices"]

# Flags that the reader is told of, in words of `phrases`.
NOTED = frozenset({"vector_as_row", "broadcast_as_column", "mixed_orientation", "norm_as_frobenius", "abs_elementwise",
                   "rows_of_matrix"})
# Heads whose operands the traversal goes into: the rest are positions and bounds, read where they are used.
FIRST_ONLY = frozenset({"index", "sum", "prod"})


@dataclass(frozen=True)
class Built:
    """A formula as a graph: `row` says that a vector lies as a row (yᵀA), `flags` what could be read otherwise.

    Flags: ambiguous_product (`*` was read entry by entry, the matrix product fits too: `star="matrix"` reads that),
    matrix_star_vector (besides, where that was a matrix and a vector),
    ambiguous_broadcast, broadcast_as_column (b in W X + b was a column), vector_as_row (x W was xᵀW),
    rows_of_matrix (X_i is a row of X), mixed_orientation (a row and a column were added), norm_as_frobenius,
    abs_elementwise.
    """

    expr: Expr
    flags: frozenset[str] = frozenset()
    row: bool = False


def axes_of(named: Mapping[str, Expr]) -> dict[str, int]:
    """The names of arrays with their number of axes, which the parser asks for."""
    return {name: node.ndim for name, node in named.items() if node.ndim}


def build(tree: Tree, leaf: Callable[[str], Expr], *, free: Sequence[str] = (), lang: str = "en",
          sizes: Mapping[str, Size] | None = None, shape: Sequence[Size] | None = None,
          star: str = "elementwise", entries: int = MAX_ENTRIES) -> Built:
    """The graph of a tree. `leaf` gives the node of a name (the number of a named size for the size's name).

    `free` lists the free indices: the result has one axis for each, in their order, then its own axes. `sizes`
    gives their sizes, where an index of the left side does not stand on the right (∂L/∂b_i = 1). `shape` is the
    shape the result should have; it settles the size of I or of the vector of ones only where nothing else does.
    `star` is "elementwise" (as NumPy) or "matrix", for `*` between arrays where both fit; "entrywise" takes products
    from left to right and those of two columns entry by entry, whatever is written between them;
    "rows" takes X_i of a matrix X as a row, where it is else a column like any vector.
    `entries` bounds the values of the graph; a declared size past 6 counts as 6.
    Raises ShapeFault where shapes do not fit (with `phrase` and `parts`, in `lang`), ParseError for what cannot be
    read so, whatever the shapes (an index that no Σ binds, an I of no size), LimitExceeded, InputError.

    >>> import graphc as G
    >>> from ..reading.tree import sym, make
    >>> W, x = G.param("W", 3, 4), G.input("x", 4)
    >>> product = make("mul", sym("W"), sym("x"), value="j")
    >>> build(product, {"W": W, "x": x}.__getitem__).expr is W @ x
    True
    >>> entry = make("index", sym("W"), sym("i"), sym("j"), value="1")
    >>> row_sums = make("sum", make("mul", entry, make("index", sym("x"), sym("j"), value="1")), value="j")
    >>> build(row_sums, {"W": W, "x": x}.__getitem__, free=["i"]).expr is W @ x
    True
    """
    if lang not in LANGUAGES:
        raise InputError(f"no lang {lang!r}; choose from {', '.join(LANGUAGES)}")
    unknowns = Unknowns()
    for name, size in (sizes or {}).items():
        unknowns.set(("free", name), name, as_size(size))
    wanted = None if shape is None else tuple(as_size(s) for s in shape)
    find = _leaf(leaf, {})
    declared = _sizes(tree, find).union(wanted or ())
    for _ in range(MAX_AGAIN):
        try:
            return _once(tree, Building(find, lang, star, unknowns, entries=entries, declared=declared), free, wanted)
        except Again:
            continue
    raise LimitExceeded(say(lang, "too_many_unknowns", limit=MAX_AGAIN))


def _leaf(leaf: Callable[[str], Expr], known: dict[str, Expr]) -> Callable[[str], Expr]:
    """`leaf`, asked once for each name."""

    def find(name: str) -> Expr:
        if name not in known:
            known[name] = leaf(name)
        return known[name]

    return find


def _sizes(tree: Tree, leaf: Callable[[str], Expr]) -> frozenset[Size]:
    """The sizes of the arrays that a formula names."""
    found: set[Size] = set()
    for node in nodes(tree):
        if node.head == "sym" and node.shaped:
            try:
                found.update(leaf(str(node.value)).shape)
            except KeyError:
                continue  # told of where it is used
    return frozenset(found)


def _once(tree: Tree, building: Building, free: Sequence[str], wanted: tuple[Size, ...] | None) -> Built:
    """One elaboration. Raises Again when it settled a size that it had worked without."""
    scope = {name: Range(name, ("free", name)) for name in free}
    try:
        value = _value(tree, building, scope)
        expr = ordered(building, value, free, scope)
    except (ShapeFault, LimitExceeded, InputError):
        raise
    except ShapeError as error:
        raise building.fault("no_fit", reason=_reason(error)) from None
    except DTypeError as error:
        raise building.unread("no_fit", reason=_reason(error)) from None
    if wanted is not None and len(wanted) == expr.ndim:
        for size, other in zip(expr.shape, wanted):
            building.fits(size, other)
    if building.unknowns.wanted:
        name = next(iter(building.unknowns.wanted.values()))
        raise building.unread("unsized" if name in ("I", "1", "0") else "index_absent", name=name)
    return Built(building.bounded(expr), frozenset(building.flags), value.row and value.rank == 1 and not value.names)


def _reason(error: Exception) -> str:
    return str(error).split(" (declared")[0]


def _value(tree: Tree, building: Building, scope: Scope) -> Value:
    """The value of a tree. Iterative; a node that two scopes share is worked out in each."""
    done: dict[tuple[int, int], Value] = {}
    inner: dict[tuple[int, int], tuple[Scope, Range]] = {}
    stack: list[tuple[Tree, Scope, bool]] = [(tree, scope, False)]
    while stack:
        node, here, ready = stack.pop()
        key = (id(node), id(here))
        if key in done:
            continue
        if ready:
            below = inner[key][0] if key in inner else here
            values = [done[id(a), id(below)] for a in _operands(node)]
            done[key] = _finite(_node(node, values, building, here, inner.get(key)))
            continue
        stack.append((node, here, True))
        if node.head in ("sum", "prod"):
            run = bounds(building, node, here)
            inner[key] = ({**here, run.name: run}, run)
        below = inner[key][0] if key in inner else here
        stack.extend((a, below, False) for a in reversed(_operands(node)))
    return done[id(tree), id(scope)]


def _finite(value: Value) -> Value:
    """The value, a Python number among them being one that float64 holds. Raises InputError."""
    data = value.data
    if isinstance(data, Expr) or (isinstance(data, int) and abs(data) < 2**63):
        return value
    try:
        data = float(data)
    except OverflowError:
        data = math.inf
    if not math.isfinite(data):
        raise InputError("parse: a number here is too large for float64")
    return Value(data, value.tree)


def _operands(node: Tree) -> Sequence[Tree]:
    """The operands that are values of their own."""
    if node.head == "delta" or node.number is not None:
        return ()
    if node.head in FIRST_ONLY:
        return node.args[:1]
    if node.head == "add":  # what is subtracted, without its sign
        return [t.args[0] if k and t.head == "neg" and t.value == "-" else t for k, t in enumerate(node.args)]
    return node.args


def _node(node: Tree, values: Sequence[Value], building: Building, scope: Scope,
          inner: tuple[Scope, Range] | None) -> Value:
    if node.number is not None:
        return Value(rows.number(node.number), node)
    if node.head == "sym":
        return _symbol(node, building, scope)
    if inner is not None:
        return (total if node.head == "sum" else product_over)(building, node, values[0], inner[1])
    if node.head == "index":
        return index(building, node, values[0], scope)
    if node.head == "delta":
        return delta(building, node, scope)
    if not values and node.head in ("const", "bool"):
        return Value(rows.operation(node, ()), node)
    if node.head in STRUCTURE:
        return STRUCTURE[node.head](building, node, values)
    return elementwise(building, node, values, lambda d: rows.operation(node, d))


def _symbol(node: Tree, building: Building, scope: Scope) -> Value:
    name = str(node.value)
    if name in scope:
        return counted(building, node, scope[name])
    try:
        found = building.leaf(name)
    except KeyError:
        raise building.unread("unknown_symbol", name=name) from None
    return Value(found, node)


def _two(function: Callable[[Building, Tree, Value, Value], Value]) -> array_calls.Function:
    return lambda building, node, values: function(building, node, values[0], values[1])


STRUCTURE: dict[str, array_calls.Function] = {
    "mul": product, "add": added, "div": _two(divided), "matmul": _two(matmul), "pow": _two(raised),
    "T": lambda building, node, values: transposed(building, node, values[0]),
    "norm": array_calls.norm, "eye": array_calls.eye, "ones": array_calls.ones, "array": array_calls.literal,
    "call": array_calls.call, "prime": array_calls.call,
}
