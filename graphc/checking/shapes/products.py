"""Products of values as they are written: x y with nothing between, x·y, x*y, x ⊙ y, x @ y; transposes and powers.

A vector is a column until it is transposed: xᵀy is a number, xyᵀ a matrix, yᵀA a row. The orientation is
remembered beside the array, which has one axis either way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from ... import lang
from ...dims import Size
from ...errors import LimitExceeded
from ...ir import OPS
from ..phrases import say
from ..reading.tree import Tree, make
from . import rows
from .elementwise import broadcast, elementwise, turned
from .labelled import Building, ShapeFault, Value, contracted, multiplied

MAX_GROUPED = 8  # factors between which every grouping is tried
MAX_MATRIX_POWER = 64


def product(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    """A product of any number of factors with the operators that the tree keeps.

    Nothing written binds tightest, then a dot, then * and ⊙, from left to right. Numbers alone multiply from left
    to right whatever is written. Raises ShapeFault where no grouping fits.
    """
    if all(not v.rank for v in values):
        return multiplied(building, values, tree)
    operators = str(tree.value or "*" * (len(values) - 1))
    if building.star == "entrywise":
        return _in_order(building, tree, values, operators)
    tight, loose = _runs(list(values), operators, "j", lambda run, _: chain(building, run))
    dots, loose = _runs(tight, loose, ".", lambda run, _: chain(building, run, dotted))
    result = dots[0]
    for operator, factor in zip(loose, dots[1:]):
        joined = make("mul", result.tree, factor.tree, value=operator)
        join = star if operator == "*" else hadamard
        result = join(building, joined, result, factor)
    return Value(result.data, tree, result.names, result.row, result.factors)


def _in_order(building: Building, tree: Tree, values: Sequence[Value], operators: str) -> Value:
    """From left to right whatever is written; two columns, or two rows, of one size entry by entry."""
    result = values[0]
    for operator, factor in zip(operators, values[1:]):
        joined = make("mul", result.tree, factor.tree, value=operator)
        alike = result.rank == factor.rank == 1 and result.row == factor.row
        join = hadamard if operator == "o" or alike else star if operator == "*" else matrix_product
        result = join(building, joined, result, factor)
    return Value(result.data, tree, result.names, result.row, result.factors)


def _runs(values: list[Value], operators: str, tight: str,
          join: Callable[[list[Value], str], Value]) -> tuple[list[Value], str]:
    """Runs of factors joined by the operator `tight` as one factor each, and the operators that are left."""
    runs, left = [[values[0]]], ""
    for operator, value in zip(operators, values[1:]):
        if operator == tight:
            runs[-1].append(value)
        else:
            runs.append([value])
            left += operator
    return [run[0] if len(run) == 1 else join(run, tight) for run in runs], left


Pair = Callable[[Building, Tree, Value, Value], Value]


def chain(building: Building, values: Sequence[Value], pair: Pair | None = None) -> Value:
    """Factors without a sign between them: from left to right, or grouped in another way where only that fits.

    Every grouping that fits gives the same value: matrix products associate, and a number goes anywhere.
    """
    pair = pair or matrix_product
    operator = "." if pair is dotted else "j"
    try:
        result = values[0]
        for value in values[1:]:
            result = pair(building, make("mul", result.tree, value.tree, value=operator), result, value)
        return result
    except ShapeFault as fault:
        if len(values) < 3 or len(values) > MAX_GROUPED:
            raise
        grouped = _grouped(building, values, pair, operator)
        if grouped is None:
            raise fault from None
        return grouped


def _grouped(building: Building, values: Sequence[Value], pair: Pair, operator: str) -> Value | None:
    """The product under the first grouping that fits, by spans of growing length."""
    best: dict[tuple[int, int], Value | None] = {(i, i + 1): v for i, v in enumerate(values)}
    for length in range(2, len(values) + 1):
        for start in range(len(values) - length + 1):
            end = start + length
            best[start, end] = None
            for cut in range(end - 1, start, -1):
                a, b = best[start, cut], best[cut, end]
                if a is None or b is None or best[start, end] is not None:
                    continue
                flags = set(building.flags)
                try:
                    best[start, end] = pair(building, make("mul", a.tree, b.tree, value=operator), a, b)
                except ShapeFault:
                    building.flags = flags
    return best[0, len(values)]


# -- two factors ---------------------------------------------------------------------------------------------


def scaled(building: Building, tree: Tree, a: Value, b: Value) -> Value:
    """A number times an array."""
    return elementwise(building, tree, [a, b], rows.product)


def hadamard(building: Building, tree: Tree, a: Value, b: Value) -> Value:
    """a ⊙ b."""
    return elementwise(building, tree, [a, b], rows.product)


def star(building: Building, tree: Tree, a: Value, b: Value) -> Value:
    """a * b: NumPy's elementwise product where it fits, else the matrix product; the choice is flagged.

    Of a vector that was transposed and anything, the matrix product: xᵀ*y is a number on paper; so with I.
    """
    if not a.rank or not b.rank:
        return scaled(building, tree, a, b)
    crossed = (a.rank == 1 and a.row) != (b.rank == 1 and b.row)
    matrices_first = building.star == "matrix" or crossed or _is_identity(a) or _is_identity(b)
    as_matrices, as_entries = product_fits(building, a, b), broadcast(building, a.shape, b.shape) is not None
    if as_matrices and as_entries and not (a.rank == b.rank == 1 and not crossed):
        building.flags |= {"ambiguous_product"} if a.rank == b.rank else {"ambiguous_product", "matrix_star_vector"}
    if as_matrices and (matrices_first or not as_entries):
        return matrix_product(building, tree, a, b)
    if as_entries:
        return hadamard(building, tree, a, b)
    raise no_product(building, a, b)


def _is_identity(v: Value) -> bool:
    """The letter I, which nobody multiplies entry by entry."""
    return v.tree.head == "eye"


def dotted(building: Building, tree: Tree, a: Value, b: Value) -> Value:
    """a·b: of two vectors the number aᵀb, else the matrix product."""
    if a.rank == b.rank == 1 and a.row == b.row:
        if not building.fits(a.shape[0], b.shape[0]):
            raise no_product(building, a, b)
        return _inner(building, tree, a, b)
    return matrix_product(building, tree, a, b)


def matmul(building: Building, tree: Tree, a: Value, b: Value) -> Value:
    """a @ b as NumPy has it: vectors lie as they have to. A vector that was transposed keeps its orientation."""
    for v in (a, b):
        if not v.rank:
            raise building.fault("matmul_number", value=v, product=tree)
    if a.rank == b.rank == 1 and not (b.row and not a.row):
        return dotted(building, tree, Value(a.data, a.tree, a.names), Value(b.data, b.tree, b.names))
    if a.rank == 1 and b.rank == 2 and building.fits(a.shape[0], b.shape[0]):
        return _times(building, tree, a, b, row=True)
    return matrix_product(building, tree, a, b)


def product_fits(building: Building, a: Value, b: Value) -> bool:
    """Whether a b is a matrix product, vectors being columns unless they were transposed."""
    if not a.rank or not b.rank:
        return True
    return building.fits(_flat(a)[1], _flat(b)[0])


def _flat(v: Value) -> tuple[Size, Size]:
    """Rows and columns."""
    if v.rank == 1:
        return (1, v.shape[0]) if v.row else (v.shape[0], 1)
    return v.shape[-2], v.shape[-1]


def matrix_product(building: Building, tree: Tree, a: Value, b: Value) -> Value:
    """a b, vectors being columns unless they were transposed. Raises ShapeFault.

    A column before a matrix that it fits only as a row is read as one, and flagged.
    """
    if not a.rank or not b.rank:
        return scaled(building, tree, a, b)
    if not product_fits(building, a, b):
        if a.rank == 1 and b.rank == 2 and not a.row and building.fits(a.shape[0], b.shape[0]):
            building.flags.add("vector_as_row")
            return _times(building, tree, a, b, row=True)
        if _single(a) or _single(b):
            return scaled(building, tree, a, b)
        raise no_product(building, a, b)
    if a.rank == b.rank == 1:
        if a.row == b.row:  # one of them has one entry
            return scaled(building, tree, a, b)
        return _inner(building, tree, a, b) if a.row else _outer(building, tree, a, b)
    if a.rank == 1 and not a.row:  # a column before a matrix of one row
        return _times(building, tree, _matrix(a), b)
    if b.rank == 1 and b.row:  # a matrix of one column before a row
        return _times(building, tree, a, _matrix(b))
    return _times(building, tree, a, b, row=a.rank == 1)


def _single(v: Value) -> bool:
    """A matrix of one entry: xᵀx of a declared column."""
    return all(s == 1 for s in v.shape)


def _matrix(v: Value) -> Value:
    """A vector as the matrix of one row or one column that it is."""
    shape = (*v.data.shape[:-1], *_flat(v))
    return Value(OPS["reshape"](v.expr, shape=shape), v.tree, v.names)


def _inner(building: Building, tree: Tree, a: Value, b: Value) -> Value:
    return _times(building, tree, a, b)


def _outer(building: Building, tree: Tree, a: Value, b: Value) -> Value:
    if a.names or b.names:
        return contracted([a, b], ["A", "B"], "AB", tree, building)
    return building.made(lang.outer(a.expr, b.expr), tree)


def _times(building: Building, tree: Tree, a: Value, b: Value, row: bool = False) -> Value:
    """The sum over the last axis of a and the first of the last two of b."""
    if not a.names and not b.names:
        return building.made(OPS["matmul"](a.expr, b.expr), tree, row=row)
    s = "A" if a.rank == 1 else "BA"
    t = "A" if b.rank == 1 else "AC"
    if a.rank > 2 or b.rank > 2:
        raise building.unread("labelled_call", name="@")
    made = contracted([a, b], [s, t], (s + t).replace("A", ""), tree, building)
    return Value(made.data, tree, made.names, row)


# -- faults --------------------------------------------------------------------------------------------------


def no_product(building: Building, a: Value, b: Value) -> ShapeFault:
    """The words of a product that does not fit: what it needs, and which products would."""
    parts: dict[str, object] = {
        "left": a, "right": b, "left_shape": building.shape_words(a), "right_shape": building.shape_words(b),
        "product": make("mul", a.tree, b.tree, value="j"), "need": _need(building, a, b)}
    fixes = [f"{building.show(t)}" for t in _that_fit(building, a, b)]
    if fixes:
        joint = f" {say(building.lang, 'joint_or')} "
        return building.fault("no_product_fix", **parts, fix=joint.join(fixes))
    return building.fault("no_product", **parts)


def _need(building: Building, a: Value, b: Value) -> str:
    """What the right factor needs for the left one."""
    columns = building.size_words(_flat(a)[1])
    kind = "need_row" if columns == "1" else "need_rows" if b.rank > 1 else "need_entries"
    return say(building.lang, kind, size=columns)


def _that_fit(building: Building, a: Value, b: Value) -> list[Tree]:
    """Products like a b that would fit, the nearest first; two at most."""
    ta, tb = (Value(v.data, turned(v.tree), v.names, not v.row) for v in (a, b))
    found = [make("mul", x.tree, y.tree, value="j") for x, y in ((ta, b), (a, tb))
             if _flipped_fits(a, b, x is ta, y is tb)]
    if not found and _flipped_fits(a, b, True, True):
        found.append(make("mul", ta.tree, tb.tree, value="j"))
    if a.shape == b.shape:
        found.append(make("mul", a.tree, b.tree, value="o"))
    return found[:2]


def _flipped_fits(a: Value, b: Value, flip_a: bool, flip_b: bool) -> bool:
    inner_a, inner_b = _flat(a)[0 if flip_a else 1], _flat(b)[1 if flip_b else 0]
    return inner_a == inner_b


# -- transposes and powers -------------------------------------------------------------------------------------


def transposed(building: Building, tree: Tree, a: Value) -> Value:
    """aᵀ: the last two axes exchanged; a vector lies the other way."""
    if a.rank < 2:
        return Value(a.data, tree, a.names, a.rank == 1 and not a.row)
    if a.rank == 2 and not a.names:
        return Value(a.expr.T, tree)
    k = a.data.ndim
    return Value(OPS["transpose"](a.expr, axes=(*range(k - 2), k - 1, k - 2)), tree, a.names)


def raised(building: Building, tree: Tree, base: Value, exponent: Value) -> Value:
    """base ^ exponent: of a square matrix the matrix power, unless it was typed ** or .^; else elementwise."""
    if base.rank == 2 and not exponent.rank and tree.value != "**":
        return _matrix_power(building, tree, base)
    return elementwise(building, tree, [base, exponent], lambda d: rows.power(tree.args[0], d[0], d[1]))


def _matrix_power(building: Building, tree: Tree, base: Value) -> Value:
    n = tree.args[1].number
    if not isinstance(n, Fraction) or n.denominator != 1:
        raise building.fault("matrix_exponent", name=base, shape=building.shape_words(base))
    square(building, base, make("pow", base.tree, tree.args[1]))
    if abs(n) > MAX_MATRIX_POWER:
        raise LimitExceeded(say(building.lang, "exponent", got=abs(n), limit=MAX_MATRIX_POWER))
    if n == -1:
        return Value(lang.linalg.inv(base.expr), tree, base.names)
    return Value(lang.linalg.matrix_power(base.expr, int(n)), tree, base.names)


def square(building: Building, a: Value, what: Tree | str) -> None:
    """Raises ShapeFault unless the value is a square matrix."""
    if a.rank != 2 or not building.fits(a.shape[0], a.shape[1]):
        raise building.fault("not_square", name=a, shape=building.shape_words(a), what=what)


def divided(building: Building, tree: Tree, a: Value, b: Value) -> Value:
    """a / b, elementwise."""
    return elementwise(building, tree, [a, b], lambda d: rows.divide(d[0], d[1]))


def added(building: Building, tree: Tree, values: Sequence[Value]) -> Value:
    """A sum, from left to right; `values` are the operands, those that were subtracted without their sign."""
    result = values[0]
    for k, (term, value) in enumerate(zip(tree.args[1:], values[1:]), 2):
        joined = tree if k == len(values) else make("add", *tree.args[:k])
        minus = term.head == "neg" and term.value == "-"
        result = elementwise(building, joined, [result, value], _minus if minus else _plus)
    return result


def _plus(data: Sequence[Any]) -> Any:
    return data[0] + data[1]


def _minus(data: Sequence[Any]) -> Any:
    return data[0] - data[1]

