"""Functions of arrays: tr det inv diag outer dot sum mean max norm softmax vec kron solve …; matrices, I, ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import lang
from ...dims import Size
from ...errors import LimitExceeded
from ...ir import OPS, Expr, const, lift
from ..phrases import say
from ..reading.tree import Tree
from . import rows
from .elementwise import elementwise
from .indexed import identity
from .labelled import MAX_LITERAL, Building, Value
from .products import dotted, matrix_product, no_product, square, transposed

Function = Callable[[Building, Tree, Sequence[Value]], Value]


# -- sizes, I, ones -----------------------------------------------------------------------------------------


def size_of(building: Building, tree: Tree, value: Value) -> Size:
    """A size that was typed: a whole number or the name of a size. Raises ParseError, LimitExceeded."""
    data = value.data
    if isinstance(data, Expr) and data.op.name == "size":
        return data.attrs[0]
    if isinstance(data, Expr) and data.op.name == "const" and data.ndim == 0:
        data = data.attrs[0].value.item()
    if isinstance(data, Expr):
        found = _size_graph(data)
        if found is not None:
            return found
    if not isinstance(data, int) or isinstance(data, bool) or data < 1:
        raise building.unread("size_form", text=value)
    if data > MAX_LITERAL and data not in building.declared:
        raise LimitExceeded(say(building.lang, "size_limit", got=data, limit=MAX_LITERAL))
    return data


def _size_graph(node: Expr) -> Size | None:
    """A sum, difference or product of sizes as one size: N - 1."""
    parts: list[Any] = []
    for a in node.args:
        if a.op.name == "size":
            parts.append(a.attrs[0])
        elif a.op.name == "const" and a.ndim == 0 and isinstance(a.attrs[0].value.item(), int):
            parts.append(a.attrs[0].value.item())
    if len(parts) != 2 or node.op.name not in ("add", "subtract", "multiply"):
        return None
    return {"add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b}[node.op.name](
        *parts)


def eye(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    """I, whose size comes from what stands around it, or I_n."""
    sizes = [size_of(building, tree, v) for v in values] or [building.unknowns.size(id(tree), "I")]
    return building.made(identity(sizes[0], sizes[-1]), tree)


def ones(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    """The vector of ones, or an array of ones of sizes that are given."""
    sizes = [size_of(building, tree, v) for v in values] or [building.unknowns.size(id(tree), "1")]
    return building.made(lang.ones(tuple(sizes)), tree)


def zeros(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    sizes = [size_of(building, tree, v) for v in values] or [building.unknowns.size(id(tree), "0")]
    return building.made(lang.zeros(tuple(sizes)), tree)


# -- matrices written out ----------------------------------------------------------------------------------------


def literal(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    """[1, 2; 3, 4]: rows are arrays themselves. One row is a row, one column a vector."""
    nested = [a.head == "array" for a in tree.args]
    if not values or any(v.names for v in values):
        raise building.unread("labelled_call", name="[ ]")
    if any(nested):
        return _matrix(building, tree, values)
    for v in values:
        if v.rank:
            raise building.unread("array_of_arrays", text=v)
    return Value(_stacked([v.data for v in values]), tree)


def _matrix(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    lengths = [v.shape[0] if v.rank == 1 else None for v in values]
    if any(n != lengths[0] or n is None for n in lengths):
        raise building.unread("ragged")
    if len(values) == 1:
        return Value(values[0].data, tree, row=True)
    if lengths[0] == 1:
        return Value(_joined([v.data for v in values]), tree)
    return Value(_stacked([v.data for v in values]), tree)


def _stacked(items: Sequence[Any]) -> Expr:
    nodes = [lift(a, "parse") for a in items]
    if all(n.op.name == "const" for n in nodes):
        return const(np.array([n.attrs[0].value for n in nodes], dtype="float64"))
    return lang.stack([n.astype("float64") if not n.type.is_float else n for n in nodes])


def _joined(items: Sequence[Expr]) -> Expr:
    if all(n.op.name == "const" for n in items):
        return const(np.concatenate([n.attrs[0].value for n in items]))
    return lang.concatenate(items)


# -- reductions --------------------------------------------------------------------------------------------------


def _own_axes(value: Value) -> tuple[int, ...]:
    return tuple(range(len(value.names), value.data.ndim))


def _axis(building: Building, tree: Tree, values: Sequence[Value]) -> Any:
    """The axis argument as an axis of the data: None for everything."""
    value = values[0]
    if len(values) == 1:
        return _own_axes(value) if value.names else None
    axis = values[1].data
    if not isinstance(axis, int) or isinstance(axis, bool) or not -value.rank <= axis < value.rank:
        raise building.fault("no_axis", name=value, shape=building.shape_words(value), axis=values[1])
    return len(value.names) + axis % value.rank


def _reduction(function: Callable[..., Expr]) -> Function:
    def reduce(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
        value = values[0]
        if not value.rank and len(values) == 1:
            return Value(function(value.expr) if function is lang.logsumexp else value.data, tree, value.names)
        return Value(function(value.expr, axis=_axis(building, tree, values)), tree, value.names)

    return reduce


def _along(function: Callable[..., Expr], everything: bool = False) -> Function:
    """Functions along the last axis, or the one that is given."""

    def apply(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
        value = values[0]
        if not value.rank:
            raise building.fault("needs_array", name=value, function=str(tree.value))
        last = None if everything else value.data.ndim - 1
        axis = _axis(building, tree, values) if len(values) > 1 else last
        return building.made(function(value.expr, axis=axis), tree, value.names, row=value.row)

    return apply


def extremum(name: str) -> Function:
    """max and min: over the entries of one array, elementwise of two values or more."""
    over = {"max": lang.max, "min": lang.min}[name]

    def apply(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
        if len(values) == 1:
            return _reduction(over)(building, tree, values)
        return elementwise(building, tree, values, lambda d: rows.function(name, d))

    return apply


def axis_extremum(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    """max(x, axis=0)."""
    return _reduction({"amax": lang.max, "amin": lang.min}[str(tree.value)])(building, tree, values)


def norm(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    """‖x‖ of a vector; of a matrix Frobenius' norm, and for the index 1 or ∞ those that vectors induce."""
    value, order = values[0], str(tree.value) if tree.head == "norm" else "2"
    if value.names and value.rank > 1:
        raise building.unread("labelled_call", name="‖ ‖")
    if not value.rank:
        return elementwise(building, tree, values, lambda d: OPS["absolute"](d[0]))
    if value.rank == 2 and order == "2":
        building.flags.add("norm_as_frobenius")
    orders = {"1": 1, "inf": np.inf}
    if order in ("2", "F"):
        return Value(lang.linalg.norm(value.expr, axis=_own_axes(value) if value.names else None), tree, value.names)
    axis = value.data.ndim - 1 if value.rank == 1 else None
    return Value(lang.linalg.norm(value.expr, orders[order], axis=axis), tree, value.names)


# -- matrices ------------------------------------------------------------------------------------------------------


def _of_square(function: Callable[[Expr], Expr], name: str) -> Function:
    def apply(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
        value = values[0]
        if not value.rank:
            raise building.fault("needs_array", name=value, function=name)
        square(building, value, name)
        if value.names:
            raise building.unread("labelled_call", name=name)
        return building.made(function(value.expr), tree)

    return apply


def _adjugate(a: Expr) -> Expr:
    """det(A) A⁻¹, where A has an inverse."""
    return lang.linalg.det(a) * lang.linalg.inv(a)


def _plain(building: Building, tree: Tree, values: Sequence[Value]) -> None:
    for v in values:
        if v.names:
            raise building.unread("labelled_call", name=str(tree.value))
        if not v.rank:
            raise building.fault("needs_array", name=v, function=str(tree.value))


def diag(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    _plain(building, tree, values)
    value = values[0]
    if value.rank == 2:
        square(building, value, "diag")
    return building.made(lang.diag(value.expr), tree)


def outer(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    _plain(building, tree, values)
    for v in values:
        if v.rank != 1:
            raise building.fault("needs_vector", name=v, shape=building.shape_words(v), function="outer")
    return building.made(lang.outer(values[0].expr, values[1].expr), tree)


def dot(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    a, b = (Value(v.data, v.tree, v.names) for v in values)
    if a.rank == 1 and b.rank == 2:
        if not building.fits(a.shape[0], b.shape[0]):
            raise no_product(building, a, b)
        return matrix_product(building, tree, Value(a.data, a.tree, a.names, row=True), b)
    return dotted(building, tree, a, b)


def vec(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    """The columns one below the other."""
    _plain(building, tree, values)
    x = values[0].expr
    return Value((x.T if x.ndim == 2 else x).ravel() if x.ndim > 1 else x, tree)


def kron(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    _plain(building, tree, values)
    a, b = values
    return building.made(lang.kron(a.expr, b.expr), tree)


def solve(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    """solve(A, b): A⁻¹ b."""
    _plain(building, tree, values)
    a, b = values
    square(building, a, "solve")
    if not building.fits(a.shape[0], b.shape[0]):
        raise no_product(building, a, b)
    return Value(lang.linalg.solve(a.expr, b.expr), tree)


def one_hot(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    """one_hot(y, n): 1 at the place y, counted from 0 as labels are."""
    size = size_of(building, tree, values[1])
    return building.made(lang.one_hot(values[0].expr, size), tree, values[0].names)


def _transpose(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    return transposed(building, tree, values[0])


CALLS: dict[str, Function] = {
    "tr": _of_square(lang.trace, "tr"), "trace": _of_square(lang.trace, "tr"),
    "det": _of_square(lang.linalg.det, "det"), "inv": _of_square(lang.linalg.inv, "inv"),
    "adj": _of_square(_adjugate, "adj"), "adjugate": _of_square(_adjugate, "adj"),
    "diag": diag, "outer": outer, "dot": dot, "vec": vec, "kron": kron, "solve": solve,
    "sum": _reduction(lang.sum), "prod": _reduction(lang.prod),
    "mean": _reduction(lang.mean), "logsumexp": _reduction(lang.logsumexp),
    "max": extremum("max"), "min": extremum("min"), "maximum": extremum("max"), "minimum": extremum("min"),
    "amax": axis_extremum, "amin": axis_extremum,
    "norm": norm, "softmax": _along(lang.softmax), "log_softmax": _along(lang.log_softmax),
    "cumsum": _along(lang.cumsum, everything=True), "transpose": _transpose,
    "eye": eye, "ones": ones, "zeros": zeros, "one_hot": one_hot,
}


def call(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    """A function by its name: of arrays, or of numbers and then elementwise. Raises InputError for an unknown one."""
    name = str(tree.value)
    if tree.head == "call" and name in CALLS:
        return CALLS[name](building, tree, values)
    if name == "abs" and tree.head == "call" and values[0].rank:
        building.flags.add("abs_elementwise")
    return elementwise(building, tree, values, lambda d: rows.function(name, d, primed=tree.head == "prime"))

