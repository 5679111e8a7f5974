"""What each op of arrays means entry by entry: one function a row, over arrays of core nodes.

Rows that only move elements and rows made of sums and products go by their own NumPy spelling; see `entries`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ir import OPS, Expr
from ...types import TupleType
from .algebra import number
from .core import Core
from .entry_matrices import MATRIX_ROWS
from .entry_stable import STABLE_ROWS
from .entry_tools import Array, along, array_of, groups, mapped, matrix_product, reduced
from .from_graph import NoScalarForm, exact

if TYPE_CHECKING:
    from .entries import Entries


# Rows whose elements are elements of their operands, or 0; the number of operands that are values, the others index.
MOVES: dict[str, int | None] = {
    **dict.fromkeys(("getitem", "place", "reshape", "broadcast_to", "transpose", "concatenate", "stack", "tile",
                     "repeat", "roll", "diagonal", "diag", "place_diagonal", "tril", "triu", "take_diagonal",
                     "put_diagonal", "stop_gradient")),
    "gather": 1, "take_along_axis": 1,
}
# Rows whose NumPy spelling is sums, products and moves alone.
COMPUTED = frozenset({"cross", "conv", "conv_transpose", "conv_weight", "sum_pool", "spread_pool"})


# -- logic and choice ------------------------------------------------------------------------------------------


def _where(at: Entries, node: Expr, c: Array, a: Array, b: Array) -> Array:
    if node.args[0].type.dtype != "bool":
        c = mapped(at.algebra.nonzero, c)
    return mapped(at.algebra.choose, c, a, b)


def _logic(f: Callable[..., Core]) -> Any:
    def row(at: Entries, node: Expr, *args: Array) -> Array:
        truths = [a if x.type.dtype == "bool" else mapped(at.algebra.nonzero, a) for a, x in zip(args, node.args)]
        return mapped(lambda *xs: f(at, *xs), *truths)

    return row


def _not(at: Entries, a: Core) -> Core:
    return at.algebra.choose(a, at.algebra.zero, at.algebra.one)


def _cast(at: Entries, node: Expr, a: Array) -> Array:
    here, there = node.args[0].type, node.type
    if there.dtype == here.dtype or there.is_float or here.dtype == "bool" or (
            here.dtype.startswith("int") and there.dtype.startswith("int")):
        return a
    if there.dtype == "bool":
        return mapped(at.algebra.nonzero, a)
    if all(e.head == "num" for e in a.ravel()):
        return mapped(lambda e: at.algebra.num(int(number(e))), a)
    raise NoScalarForm("rounds", type=there.dtype, place=node.place)


def _power(at: Entries, node: Expr, a: Array, b: Array) -> Array:
    return mapped(at.algebra.power, a, b)


def _unit(at: Entries, node: Expr, x: Array, norm: Array) -> Array:
    def one(a: Core, r: Core) -> Core:
        ratio = at.algebra.quotient(a, r)
        return at.algebra.case(r, ratio, a, ratio)

    return mapped(one, x, norm)


def _equal(at: Entries, node: Expr, a: Array, b: Array) -> Array:
    """Whether an entry is the largest of its row is asked of the others, not of a difference that is always 0."""
    def one(x: Core, y: Core) -> Core:
        for e, m in ((x, y), (y, x)):
            kind, others = at.extrema.get(m.serial, ("", ()))
            if kind and any(e is o for o in others):
                return _attained(at, e, others, kind)
        return at.algebra.case(at.algebra.minus(x, y), at.algebra.zero, at.algebra.one, at.algebra.zero)

    return mapped(one, a, b)


def _attained(at: Entries, e: Core, others: Iterable[Core], kind: str) -> Core:
    one, zero = at.algebra.one, at.algebra.zero
    result = one
    for o in others:
        if o is not e:
            gap = at.algebra.minus(e, o) if kind == "max" else at.algebra.minus(o, e)
            result = at.algebra.case(gap, zero, result, result)
    return result


# -- reductions ------------------------------------------------------------------------------------------------


def _reduction(f: Callable[[Entries, list[Core]], Core]) -> Any:
    def row(at: Entries, node: Expr, a: Array) -> Array:
        axis, keepdims = node.attrs
        return reduced(at, a, axis, keepdims, lambda group: f(at, group))

    return row


def _mean(at: Entries, xs: list[Core]) -> Core:
    return at.algebra.quotient(at.algebra.sum(xs), at.algebra.num(len(xs)))


def _extremum(kind: str) -> Any:
    def fold(at: Entries, xs: list[Core]) -> Core:
        different = list({x.serial: x for x in xs}.values())
        result = different[0]
        for x in different[1:]:
            result = at.algebra.larger(result, x) if kind == "max" else at.algebra.smaller(result, x)
        if len(different) > 1 and result.head != "num":
            at.extrema[result.serial] = kind, tuple(different)
        return result

    return _reduction(fold)


def _any_all(every: bool) -> Any:
    def fold(at: Entries, xs: list[Core]) -> Core:
        result = at.algebra.one if every else at.algebra.zero
        for x in reversed(xs):
            c = at.algebra.nonzero(x)
            result = at.algebra.choose(c, result, at.algebra.zero) if every else at.algebra.choose(c, at.algebra.one,
                                                                                                  result)
        return result

    return _reduction(fold)


def _centred(at: Entries, xs: list[Core]) -> list[Core]:
    mean = _mean(at, xs)
    return [at.algebra.minus(x, mean) for x in xs]


def _centre(at: Entries, node: Expr, a: Array) -> Array:
    return along(at, a, node.attrs[0], lambda xs: _centred(at, xs))


def _variance(at: Entries, xs: list[Core], ddof: float) -> Core:
    squares = at.algebra.sum(at.algebra.product((d, d)) for d in _centred(at, xs))
    return at.algebra.quotient(squares, at.algebra.num(len(xs) - Fraction(ddof)))


def _moment(root: bool) -> Any:
    def row(at: Entries, node: Expr, a: Array) -> Array:
        axis, ddof, keepdims = node.attrs

        def fold(xs: list[Core]) -> Core:
            v = _variance(at, xs, ddof)
            return at.algebra.root(v, Fraction(1, 2)) if root else v

        return reduced(at, a, axis, keepdims, fold)

    return row


def _norm2(at: Entries, xs: list[Core]) -> Core:
    if len(xs) == 1:
        return at.algebra.absolute(xs[0])
    return at.algebra.root(at.algebra.sum(at.algebra.product((x, x)) for x in xs), Fraction(1, 2))


def _vector_norm(at: Entries, node: Expr, a: Array) -> Array:
    order, axis, keepdims = node.attrs
    p = exact(order).number
    if p is None:
        raise NoScalarForm("no_entries_op", name="norm", op="vector_norm", place=node.place)

    def fold(xs: list[Core]) -> Core:
        return at.algebra.root(at.algebra.sum(at.algebra.root(at.algebra.absolute(x), p) for x in xs), 1 / p)

    return reduced(at, a, axis, keepdims, fold)


# -- softmax and its relatives ------------------------------------------------------------------------------------


def _exps(at: Entries, xs: list[Core]) -> tuple[list[Core], Core]:
    powers = [at.algebra.fn("exp", x) for x in xs]
    return powers, at.algebra.sum(powers)


def _softmax(at: Entries, node: Expr, a: Array) -> Array:
    def fold(xs: list[Core]) -> list[Core]:
        powers, total = _exps(at, xs)
        return [at.algebra.quotient(p, total) for p in powers]

    return along(at, a, _axes(node.attrs[0]), fold)


def _axes(axis: Any) -> tuple[int, ...]:
    return axis if isinstance(axis, tuple) else (axis,)


def _log_sum_exp(at: Entries, xs: list[Core]) -> Core:
    return at.algebra.fn("log", _exps(at, xs)[1])


def _log_softmax(at: Entries, node: Expr, a: Array) -> Array:
    def fold(xs: list[Core]) -> list[Core]:
        total = _log_sum_exp(at, xs)
        return [at.algebra.minus(x, total) for x in xs]

    return along(at, a, _axes(node.attrs[0]), fold)


def _cross_entropy(at: Entries, node: Expr, z: Array, y: Array) -> Array:
    shape, logits = groups(z, (node.attrs[0],))
    _, labels = groups(y, (node.attrs[0],))
    return array_of(shape, [
        at.algebra.minus(_log_sum_exp(at, zs), at.algebra.sum(map(lambda p, q: at.algebra.product((p, q)), zs, ys)))
        for zs, ys in zip(logits, labels)])


# -- products ------------------------------------------------------------------------------------------------


def _einsum(at: Entries, node: Expr, a: Array, b: Array) -> Array:
    inputs, _, out = node.attrs[0].partition("->")
    s, _, t = inputs.partition(",")
    sizes = dict(zip(s + t, a.shape + b.shape))
    inner = "".join(c for c in dict.fromkeys(s + t) if c not in out)
    entries = []
    for index in np.ndindex(*[sizes[c] for c in out]):
        terms = []
        for summed in np.ndindex(*[sizes[c] for c in inner]):
            where = dict(zip(out + inner, index + summed))
            terms.append(at.algebra.product((a[tuple(where[c] for c in s)], b[tuple(where[c] for c in t)])))
        entries.append(at.algebra.sum(terms))
    return array_of([sizes[c] for c in out], entries)


# -- running sums and products ------------------------------------------------------------------------------------


def _running(at: Entries, xs: list[Core], reverse: bool, step: Callable[[Core, Core], Core]) -> list[Core]:
    found = list(itertools.accumulate(reversed(xs) if reverse else xs, step))
    return found[::-1] if reverse else found


def _cumsum(at: Entries, node: Expr, a: Array) -> Array:
    axis, reverse = node.attrs
    return along(at, a, (axis,), lambda xs: _running(at, xs, reverse, lambda p, q: at.algebra.sum((p, q))))


def _cumprod(at: Entries, node: Expr, a: Array) -> Array:
    axis, reverse, exclusive = node.attrs

    def fold(xs: list[Core]) -> list[Core]:
        found = _running(at, xs, reverse, lambda p, q: at.algebra.product((p, q)))
        if exclusive:
            return [*found[1:], at.algebra.one][:len(xs)] if reverse else [at.algebra.one, *found[:-1]][:len(xs)]
        return found

    return along(at, a, (axis,), fold)


def _recurrence(at: Entries, node: Expr, a: Array, b: Array) -> Array:
    axis, reverse = node.attrs
    factors, h = (np.moveaxis(v, axis, 0) for v in (a, b))
    result = np.array(h[::-1] if reverse else h)
    factors = factors[::-1] if reverse else factors
    for i in range(1, len(result)):
        result[i, ...] = mapped(lambda f, last, start: at.algebra.sum((at.algebra.product((f, last)), start)),
                            factors[i, ...], result[i - 1, ...], result[i, ...])
    return np.moveaxis(result[::-1] if reverse else result, 0, axis)


def _product_of_others(at: Entries, node: Expr, a: Array) -> Array:
    return along(at, a, (node.attrs[0],), lambda xs: [
        at.algebra.product(x for j, x in enumerate(xs) if j != i) for i in range(len(xs))])


# -- what is moved and added ----------------------------------------------------------------------------------------


def _added(at: Entries, shape: Sequence[int], values: Array, targets: Array) -> Array:
    """Zeros of `shape` to which each value is added at the flat place of its target."""
    terms: list[list[Core]] = [[] for _ in range(int(np.prod(shape)))]
    for value, target in zip(values.ravel(), targets.ravel().tolist()):
        terms[target].append(value)
    return array_of(shape, [at.algebra.sum(t) for t in terms])


def _numbered(at: Entries, node: Expr) -> tuple[tuple[int, ...], Array]:
    shape = at.shape(node.shape)
    count = int(np.prod(shape))
    return shape, array_of(shape, [at.algebra.num(i) for i in range(count)])


def _scatter_add(at: Entries, node: Expr, values: Array, *places: Array) -> Array:
    shape, flat = _numbered(at, node)
    taken = at.moved(OPS["gather"].make((node, *node.args[1:]), (node.attrs[0],)), [flat, *places])
    return _added(at, shape, values, at.integers(taken))


def _add_along_axis(at: Entries, node: Expr, values: Array, places: Array) -> Array:
    shape, flat = _numbered(at, node)
    taken = at.moved(OPS["take_along_axis"].make((node, node.args[1]), (node.attrs[0],)), [flat, places])
    return _added(at, shape, values, at.integers(taken))


def _places(at: Entries, node: Expr, *blocks: Array) -> Array:
    shape, flat = _numbered(at, node)
    targets = [at.integers(at.moved(OPS["getitem"].make((node,), (index,)), [flat])) for index in node.attrs[0]]
    return _added(at, shape, np.concatenate([b.ravel() for b in blocks]),
                  np.concatenate([t.ravel() for t in targets]))


def _one_hot(at: Entries, node: Expr, labels: Array) -> Array:
    size = at.shape(node.shape)[-1]
    return at.constant(np.eye(size, dtype=np.int64)[at.integers(labels)])


def _arange(at: Entries, node: Expr, size: Array) -> Array:
    return at.constant(np.arange(at.shape(node.shape)[0]))


def _pad(at: Entries, node: Expr, a: Array) -> Array:
    widths, value = node.attrs
    result = np.empty(at.shape(node.shape), dtype=object)
    result[...] = at.pool.lower(exact(value)) if not isinstance(value, bool) else at.algebra.num(int(value))
    result[tuple(slice(at._length(w[0]), at._length(w[0]) + n) for w, n in zip(widths, a.shape))] = a
    return result


def _item(at: Entries, node: Expr, results: tuple[Array, ...]) -> Array:
    return results[node.attrs[0]]


def _tuple(at: Entries, node: Expr, *values: Array) -> tuple[Array, ...]:
    return values


# -- loops ---------------------------------------------------------------------------------------------------------


def _scan(at: Entries, node: Expr, *args: Array) -> tuple[Array, ...]:
    """The steps one after the other, each through the body with its leaves bound."""
    body, carries, sequences, length, reverse = node.attrs
    state, read, free = list(args[:carries]), args[carries:carries + sequences], args[carries + sequences:]
    stacked: list[list[Array]] = [[] for _ in body.outputs[carries:]]
    steps = range(at._length(length))
    for k in reversed(steps) if reverse else steps:
        given = {"carry": state, "x": [s[k] for s in read], "free": free}
        memo: dict[Expr, Any] = {leaf: np.asarray(given[kind][i], dtype=object) if not isinstance(given[kind][i], Core)
                                 else array_of((), [given[kind][i]])
                                 for (kind, i), leaf in body.leaves().items()}
        at.walk(body.order, memo)
        found = [memo[y] for y in body.outputs]
        state = found[:carries]
        for column, y in zip(stacked, found[carries:]):
            column.append(y)
    assert isinstance(node.type, TupleType)
    shapes = [at.shape(t.shape) for t in node.type.items[carries:]]
    joined = [array_of(shape, [e for y in (reversed(c) if reverse else c) for e in y.ravel()])
              for c, shape in zip(stacked, shapes)]
    return (*state, *joined)


ROWS: dict[str, Any] = {
    **STABLE_ROWS, **MATRIX_ROWS,
    "where": _where,
    "logical_and": _logic(lambda at, a, b: at.algebra.choose(a, b, at.algebra.zero)),
    "logical_or": _logic(lambda at, a, b: at.algebra.choose(a, at.algebra.one, b)),
    "logical_xor": _logic(lambda at, a, b: at.algebra.choose(a, _not(at, b), b)),
    "logical_not": _logic(_not),
    "astype": _cast, "power": _power, "unit": _unit, "equal": _equal,
    "sum": _reduction(lambda at, xs: at.algebra.sum(xs)),
    "prod": _reduction(lambda at, xs: at.algebra.product(xs)),
    "mean": _reduction(_mean), "max": _extremum("max"), "min": _extremum("min"),
    "any": _any_all(every=False), "all": _any_all(every=True),
    "centre": _centre, "var": _moment(root=False), "std": _moment(root=True),
    "norm2": _reduction(_norm2), "vector_norm": _vector_norm,
    "softmax": _softmax, "log_softmax": _log_softmax, "logsumexp": _reduction(_log_sum_exp),
    "softmax_cross_entropy": _cross_entropy,
    "matmul": lambda at, node, a, b: matrix_product(at, a, b), "einsum": _einsum,
    "cumsum": _cumsum, "cumprod": _cumprod, "linear_recurrence": _recurrence, "product_of_others": _product_of_others,
    "scatter_add": _scatter_add, "add_along_axis": _add_along_axis, "places": _places,
    "one_hot": _one_hot, "arange": _arange, "pad": _pad, "item": _item, "tuple": _tuple,
    "scan": _scan,
}
