"""Passes about products of matrices and what stands around them: scales, sums of rows, the order in memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .program import FLOATS, NUMBER, Program, Step, dtype_of, is_literal, is_scalar, sizes_of
from .workspace import extent, types_of

Fresh = Callable[[str], str]
_PRODUCTS = frozenset({"np.matmul", "np.dot"})
_ROW_SUM = re.compile(r"np\.(sum|mean)\(\{0\}, axis=\(?(\d+),?\)?(?:, keepdims=True)?\)")
_TRANSPOSE = re.compile(r"np\.transpose\(\{0\}, \((\d+(?:, \d+)*)\)\)")
_RESHAPES = ("np.reshape(", "{0}.reshape(")
_TURNS = ("np.transpose(", "{0}.T", "{0}.mT", "np.swapaxes(")
_MODEST = 1024.0  # a scale between 1/1024 and 1024 moves the ends of the range of floats by so little
# Elements of a row: below the first a call of BLAS for each costs more than it saves; up to the second BLAS adds as
# accurately as NumPy's pairwise sum.
_SHORT_ROW, _LONG_ROW = 32, 4096


# -- sums of rows ----------------------------------------------------------------------------------------


def row_products(program: Program, steps: Sequence[Step], fresh: Fresh, log: Counter[str]) -> list[Step]:
    """Σ a·b along the last axis, where nothing else needs the array a·b, as scalar products of rows.

    BLAS keeps 8 to 32 partial sums, so up to 4,096 elements it is as accurate as NumPy's pairwise sum.
    """
    types = types_of(program, steps)
    uses = _uses(program, steps)
    made = {s.target: s for s in steps}
    result: list[Step] = []
    for step in steps:
        match = _ROW_SUM.fullmatch(step.spelling)
        product = made.get(step.args[0]) if match else None
        if match is None or product is None or not _is_row_product(product, step, int(match[2]), types, uses):
            result.append(step)
            continue
        sizes, dtype = sizes_of(product.type), dtype_of(product.type)
        operands = product.args * 2 if product.ufunc == "np.square" else product.args
        flat = f"{dtype}[{','.join(sizes[:-1])}]"
        mean, plain = match[1] == "mean", step.type == flat
        total = step.target if plain and not mean else fresh(f"{step.target}_rows")
        result.append(Step(total, "np.vecdot({0}, {1})", operands, flat, step.note if total == step.target else "",
                           "np.vecdot", False, step.section))
        if not plain:
            shaped = fresh(f"{step.target}_") if mean else step.target
            text = ", ".join(sizes_of(step.type))
            result.append(Step(shaped, f"np.reshape({{0}}, ({text},))", (total,), step.type, "" if mean else step.note,
                               "", True, step.section))
            total = shaped
        if mean:
            count = fresh(f"{step.target}_count")
            result.append(Step(count, f"np.{dtype}({sizes[-1]})", (), f"{dtype}[]", "", "", False, step.section))
            result.append(step._replace(spelling="{0} / {1}", args=(total, count), ufunc="np.divide"))
        log["sums of rows of products as scalar products"] += 1
    return result


def _is_row_product(product: Step, step: Step, axis: int, types: dict[str, str], uses: Counter[str]) -> bool:
    sizes = sizes_of(product.type)
    if product.ufunc not in ("np.multiply", "np.square") or uses[product.target] != 1 or len(sizes) < 2:
        return False
    if axis != len(sizes) - 1 or not sizes[-1].isdigit() or not _SHORT_ROW <= int(sizes[-1]) <= _LONG_ROW:
        return False
    same = all(types.get(a) == product.type for a in product.args)  # nothing is spread over the other
    return same and dtype_of(product.type) in FLOATS and dtype_of(step.type) == dtype_of(product.type)


# -- scales ----------------------------------------------------------------------------------------------


@dataclass
class _Scales:
    """What the two halves of `scales` know of the program."""

    fresh: Fresh
    types: dict[str, str]
    made: dict[str, Step]
    readers: dict[str, list[Step]]
    outputs: frozenset[str]
    moved: dict[str, tuple[str, str]] = field(default_factory=dict)  # root -> (spelling, number) of its new scale

    def root(self, name: str) -> str:
        """The array that this is a view of, every element of it."""
        step = self.made.get(name)
        while step is not None and step.alias and step.spelling.startswith(_RESHAPES + _TURNS):
            name = step.args[0]
            step = self.made.get(name)
        return name

    def last_uses(self, root: str) -> list[tuple[Step, str]]:
        """Who reads it, and as which of its views."""
        found, pending = [], [root]
        while pending:
            name = pending.pop()
            for reader in self.readers.get(name, ()):
                if self.root(reader.target) != reader.target and reader.args[0] == name:
                    pending.append(reader.target)
                else:
                    found.append((reader, name))
        return found


def scales(program: Program, steps: Sequence[Step], fresh: Fresh, log: Counter[str]) -> list[Step]:
    """c·(A @ B) as (c·A) @ B where A has at most half the elements of the product, and A' @ (c·G) likewise.

    In attention c is 1/√d: the queries take it instead of the scores, and in the gradient, where the keys' gradient
    finds it in the queries already, only the queries' own gradient takes it. Each element is still scaled once, with
    one rounding that the sum of the product then averages; c is between 1/1024 and 1024.
    """
    factors = {s.target: f for s in steps if (f := _scale(s)) is not None}
    if not factors:
        return list(steps)
    readers: dict[str, list[Step]] = {}
    for s in steps:
        for name in dict.fromkeys(s.args):
            readers.setdefault(name, []).append(s)
    known = _Scales(fresh, types_of(program, steps), {s.target: s for s in steps}, readers, frozenset(program.outputs))
    forward: dict[str, tuple[str, str]] = {}  # scaled product -> (the product, its operand's root)
    for step in steps:
        root = _movable(step, factors, known)
        if root:
            forward[step.args[0] if _value(step) == 0 else step.args[1]] = step.target, root
            known.moved[root] = factors[step.target]
    backward = {s.target for s in steps if s.target in factors and _drops(s, factors[s.target], known)}
    for root in list(known.moved):
        if not _all_scaled(root, factors, forward, backward, known):
            known.moved.pop(root)
            forward = {m: (y, r) for m, (y, r) in forward.items() if r != root}
    # Without the scaled operand, a gradient that counted on it may not be worth the change.
    backward = {name for name in backward if _drops(known.made[name], factors[name], known)}
    if not forward and not backward:
        return list(steps)
    log["scales moved to the smaller array"] += len(forward) + len(backward)
    return _rescaled(steps, factors, forward, backward, known)


def _scale(step: Step) -> tuple[str, str] | None:
    """(spelling, number) of a step that multiplies an array by a number of modest size."""
    if step.ufunc not in ("np.multiply", "np.divide") or len(step.args) != 2 or is_scalar(step.type):
        return None
    value = _value(step)
    number = step.args[1 - value]
    if not NUMBER.fullmatch(number) or is_literal(step.args[value]) or dtype_of(step.type) not in FLOATS:
        return None
    if step.ufunc == "np.divide" and value == 1:
        return None
    size = abs(float(number))
    return (step.spelling, number) if 1 / _MODEST <= size <= _MODEST else None


def _value(step: Step) -> int:
    """Which operand of a scaling is the array."""
    return 1 if is_literal(step.args[0]) else 0


def _elements(known: _Scales, name: str) -> tuple[tuple[str, ...], int]:
    return extent(known.types[name])


def _half(known: _Scales, small: str, large: str) -> bool:
    """Whether the one has at most half the elements of the other, whatever the sizes are."""
    (names, count), (more, limit) = _elements(known, small), _elements(known, large)
    return names == more and 2 * count <= limit


def _movable(step: Step, factors: dict[str, tuple[str, str]], known: _Scales) -> str:
    """The array that can take the scale of c·(A @ B) instead, or ""."""
    if step.target not in factors:
        return ""
    product = known.made.get(step.args[_value(step)])
    if product is None or product.ufunc not in _PRODUCTS or product.target in known.outputs:
        return ""
    if len(known.readers[product.target]) != 1 or product.type != step.type:
        return ""
    for operand in product.args:
        if operand not in known.types or len(sizes_of(known.types[operand])) < 2:
            return ""
    for operand in product.args:
        root = known.root(operand)
        maker = known.made.get(root)
        if maker is None or not maker.ufunc or root in known.outputs or root in known.moved:
            continue
        if _half(known, root, step.target) and product.args[0] != product.args[1]:
            return root
    return ""


def _drops(step: Step, factor: tuple[str, str], known: _Scales) -> bool:
    """Whether c·G is read by products alone, which can do with G: their other operand or their result takes c."""
    if step.target in known.outputs or known.made.get(step.args[_value(step)], step).ufunc in _PRODUCTS:
        return False
    rest = 0
    for reader in known.readers.get(step.target, ()):
        if reader.ufunc not in _PRODUCTS or reader.args[0] == reader.args[1]:
            return False
        other = reader.args[1] if reader.args[0] == step.target else reader.args[0]
        if known.moved.get(known.root(other)) == factor:
            continue
        if not _half(known, reader.target, step.target) or reader.target in known.outputs:
            return False
        rest += _elements(known, reader.target)[1]
    return bool(known.readers.get(step.target)) and 2 * rest <= _elements(known, step.target)[1]


def _all_scaled(root: str, factors: dict[str, tuple[str, str]], forward: dict[str, tuple[str, str]],
                backward: set[str], known: _Scales) -> bool:
    """Whether every product that reads this array wants it scaled, so that it need not be kept as it was."""
    for reader, name in known.last_uses(root):
        if forward.get(reader.target, ("", ""))[1] == root:
            continue
        if reader.ufunc not in _PRODUCTS:
            return False
        other = reader.args[1] if reader.args[0] == name else reader.args[0]
        if other not in backward or factors[other] != known.moved[root]:
            return False
    return not any(known.root(name) == root for name in known.outputs)


def _rescaled(steps: Sequence[Step], factors: dict[str, tuple[str, str]], forward: dict[str, tuple[str, str]],
              backward: set[str], known: _Scales) -> list[Step]:
    result: list[Step] = []
    renamed: dict[str, str] = {}
    scaled_from = {y: m for m, (y, _) in forward.items()}
    unscaled = {name: known.made[name].args[_value(known.made[name])] for name in backward}
    for step in steps:
        if step.target in scaled_from:
            product = known.made[scaled_from[step.target]]
            step = product._replace(target=step.target, note=step.note)
        elif step.target in forward or step.target in backward:
            continue
        dropped = [a for a in step.args if a in backward]
        if step.args:
            step = step._replace(args=tuple(renamed.get(a, unscaled.get(a, a)) for a in step.args))
        factor = _owed(step, dropped, factors, known) if dropped else None
        if factor is not None:
            bare = known.fresh(f"{step.target}_")
            result.append(step._replace(target=bare, note=""))
            result.append(_times(step, bare, factor))
        else:
            result.append(step)
        if step.target in known.moved:
            scaled = known.fresh(f"{step.target}_scaled")
            result.append(_times(step._replace(target=scaled, note=""), step.target, known.moved[step.target]))
            renamed[step.target] = scaled
    return result


def _owed(step: Step, dropped: Sequence[str], factors: dict[str, tuple[str, str]],
          known: _Scales) -> tuple[str, str] | None:
    """The scale that this product must take, now that its operand has none: none where the other one has it."""
    original = known.made[step.target]
    other = original.args[1] if original.args[0] == dropped[0] else original.args[0]
    return None if known.moved.get(known.root(other)) == factors[dropped[0]] else factors[dropped[0]]


def _times(step: Step, value: str, factor: tuple[str, str]) -> Step:
    spelling, number = factor
    ufunc = "np.divide" if " / " in spelling else "np.multiply"
    return Step(step.target, f"{{0}} {'/' if ufunc == 'np.divide' else '*'} {{1}}", (value, number), step.type,
                step.note, ufunc, False, step.section)


# -- order in memory -------------------------------------------------------------------------------------


def layouts(program: Program, steps: Sequence[Step], log: Counter[str]) -> list[Step]:
    """A product that is read only after a transposition, as another shape, lies in memory in the order of that.

    Heads of attention are joined so: the product writes into a transposed view, and the reshape after it is a view
    where it was a copy. BLAS writes whole rows or columns as before; the numbers are the same.
    """
    readers: dict[str, list[Step]] = {}
    for s in steps:
        for name in dict.fromkeys(s.args):
            readers.setdefault(name, []).append(s)
    outputs = set(program.outputs)
    made = {s.target: s for s in steps}
    orders: dict[str, tuple[int, ...]] = {}
    for step in steps:
        match = _TRANSPOSE.fullmatch(step.spelling)
        value = made.get(step.args[0]) if match else None
        if match is None or value is None or value.alias or step.target in outputs or value.target in outputs:
            continue
        if len(readers[value.target]) != 1 or not readers.get(step.target):
            continue
        if not all(r.spelling.startswith(_RESHAPES) and r.args[0] == step.target and r.target not in outputs
                   for r in readers[step.target]):
            continue
        order = tuple(int(a) for a in match[1].split(", "))
        scaling = None
        if _scale(value) is not None:  # in place, in the same order
            scaling, value = value, made.get(value.args[_value(value)], value)
        if value.ufunc != "np.matmul" or len(sizes_of(value.type)) < 3 or not _rows_stay_whole(order):
            continue
        if scaling is not None and (len(readers[value.target]) != 1 or value.target in outputs):
            continue
        orders[value.target] = order
        if scaling is not None:
            orders[scaling.target] = order
        log["products in the order of their reader"] += 1
    return [s._replace(order=orders[s.target]) if s.target in orders else s for s in steps]


def _rows_stay_whole(order: tuple[int, ...]) -> bool:
    """Whether BLAS can write there: one axis of each matrix is innermost."""
    return order[-1] >= len(order) - 2


def _uses(program: Program, steps: Sequence[Step]) -> Counter[str]:
    """By how many steps (and outputs) each value is read."""
    uses = Counter(a for s in steps for a in dict.fromkeys(s.args))
    uses.update(program.outputs)
    return uses
