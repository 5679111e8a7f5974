"""Loops and branches: `scan`, `cond`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..dims import Size, as_size
from ..errors import InputError, ShapeError
from ..ir import Expr, item, lift
from ..ops.body import Trace, element
from ..ops.elementwise import WHERE
from ..ops.loop_rules import scan_of
from ..types import TensorType

__all__ = ["cond", "scan"]


def cond(pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any) -> Any:
    """`true_fun(*operands)` where the scalar condition holds, else `false_fun(*operands)`.

    Both are computed and one is selected, as by `where`: the branch not taken contributes a gradient of exactly 0,
    even where it is inf or nan. Each function gives an Expr, or tuples, lists or dicts of them, in the same structure.
    Raises ShapeError when `pred` has axes, InputError when the structures differ, DTypeError when it is not bool.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> f = G.cond(x > 0, G.log, lambda v: v * v, x)
    >>> G.evaluate([f, G.gradients(f, x)], {x: -3.0})
    (np.float64(9.0), np.float64(-6.0))
    """
    condition = lift(pred, "cond")
    if condition.ndim:
        raise ShapeError(f"cond: one condition is needed, got {condition!r}; G.where selects element by element")
    yes, no = _Tree(true_fun(*operands)), _Tree(false_fun(*operands))
    if yes.structure != no.structure:
        raise InputError(f"cond: the two branches must give the same structure, got {yes} and {no}")
    return yes.filled([WHERE(condition, a, b) for a, b in zip(yes.values, no.values)])


def scan(step: Callable[[Any, Any], tuple[Any, Any]], init: Any, xs: Any, *, length: Any = None,
         reverse: bool = False) -> tuple[Any, Any]:
    """A loop that is not unrolled: `step(carry, x)` gives `(next carry, y)`; `scan` gives `(last carry, all ys)`.

    `init` is the first carry and `xs` the sequences, whose leading axis is walked along: each an Expr (or a number or
    an array), None, or a tuple, list or dict of such; `carry`, `x` and `y` have the same structure. The ys are
    stacked along a new leading axis. With `xs=None`, `length` is the number of steps: an int or a named size. With
    `reverse=True` the last element comes first, and the ys stand in the order of the xs.

    The graph does not grow with the length, which may be a named size. The step is called once, on values that
    stand for those of any step, and what it takes from outside is differentiated like everything else, in every
    order. A carry keeps its shape and dtype; a Python number at the start takes the dtype that the step gives it, for
    which the step is called once more.

    Raises ShapeError when the sequences differ in length or a carry changes its type, InputError when the step does
    not return a pair or a carry changes its structure, or no length is known.

    >>> import graphc as G
    >>> x = G.input("x", "T")
    >>> total, sums = G.scan(lambda s, v: (s + v, s + v), 0.0, x)
    >>> total.type, sums.type
    (float64[], float64[T])
    >>> G.evaluate(sums, {x: [1.0, 2.0, 3.0]})
    array([1., 3., 6.])
    """
    carries, sequences = _Tree(init), _Tree(xs)
    inits = [lift(value, "scan") for value in carries.values]
    stacks = [lift(value, "scan") for value in sequences.values]
    steps = _length(stacks, sequences, length)
    starts = [value.type for value in inits]
    names = _parameters(step)
    while True:
        trace = Trace()
        outputs, found = _traced(trace, step, carries, starts, sequences, stacks, names)
        ends = outputs[: len(inits)]
        if not any(start.weak for start in starts):
            break
        # A Python number takes the dtype of its company, which is known after a trace; then it is traced again.
        starts = [TensorType(s.shape, e.type.dtype if _may_become(s, e.type) else s.dtype) if s.weak else s
                  for s, e in zip(starts, ends)]
    _check_carries(carries, names[0], ends, starts, inits)
    closed, frees = trace.close(outputs)
    first = [_typed(v, t) for v, t in zip(inits, starts)]
    node = scan_of(first, stacks, frees, closed, steps, bool(reverse))
    results = [item(node, i) for i in range(len(closed))]
    return carries.filled(results[: len(inits)]), found.filled(results[len(inits) :])


def _traced(trace: Trace, step: Callable[..., Any], carries: _Tree, starts: list[TensorType], sequences: _Tree,
            stacks: list[Expr], names: tuple[str, str]) -> tuple[list[Expr], _Tree]:
    """One step on placeholders: the next carries and what is stacked, flat, and the structure of the latter."""
    leaves = [trace.leaf(t, "carry", i, name) for i, (t, name) in enumerate(zip(starts, carries.labels(names[0])))]
    elements = [trace.leaf(element(v.type), "x", i, name)
                for i, (v, name) in enumerate(zip(stacks, sequences.labels(names[1])))]
    result = step(carries.filled(leaves), sequences.filled(elements))
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise InputError(f"scan: the step returns a pair (next carry, y), got {_described(result)}; "
                         "without anything to stack, return (carry, None)")
    after, stacked = _Tree(result[0]), _Tree(result[1])
    if after.structure != carries.structure:
        raise InputError(f"scan: the step takes the carry {carries} and returns {after}; it must keep its structure")
    return [_strong(lift(v, "scan")) for v in (*after.values, *stacked.values)], stacked


def _typed(value: Expr, type_: TensorType) -> Expr:
    """The start of a carry in the dtype that it has turned out to have."""
    if value.type.weak and value.op.name == "const":
        return lift(np.dtype(type_.dtype).type(value.attrs[0].value))
    return value if value.type is type_ else value.astype(type_.dtype)


def _strong(value: Expr) -> Expr:
    return value.astype(value.type.dtype) if value.type.weak else value


def _may_become(number: TensorType, after: TensorType) -> bool:
    """Whether a Python number may start a carry of this type: no float becomes an integer."""
    kinds = [("bool", "int", "float").index(t.dtype.rstrip("3264")) for t in (number, after)]
    return kinds[1] >= kinds[0] and not after.shape


def _check_carries(carries: _Tree, name: str, ends: list[Expr], starts: list[TensorType], inits: list[Expr]) -> None:
    for label, end, start, init in zip(carries.paths(name), ends, starts, inits):
        if end.shape != start.shape or end.type.dtype != start.dtype:
            came = TensorType(end.shape, end.type.dtype)
            raise ShapeError(f"scan: the carry {label} is {start} before a step and {came} after it; it must keep its "
                             f"shape and dtype (it starts as {init!r}; the new value was declared at {end.place})")


def _length(stacks: list[Expr], sequences: _Tree, length: Any) -> Size:
    """The number of steps, on which the sequences and `length` agree."""
    if length is None and not stacks:
        raise InputError("scan: without xs, give length=, the number of steps")
    steps: Size | None = None if length is None else as_size(length, "scan: length")
    who = "length="
    for stack, path in zip(stacks, sequences.paths("xs")):
        if not stack.ndim:
            raise ShapeError(f"scan: {path} {stack.type} has no leading axis to walk along")
        if steps is not None and stack.shape[0] != steps:
            raise ShapeError(f"scan: {path} {stack.type} has {stack.shape[0]} elements, but {who} {steps}")
        if steps is None:
            steps, who = stack.shape[0], f"{path} has"
    assert steps is not None
    return steps


def _parameters(step: Callable[..., Any]) -> tuple[str, str]:
    """The names of the step's two parameters: of the carry and of the element."""
    try:
        first, second, *_ = inspect.signature(step).parameters
    except (TypeError, ValueError):
        return "carry", "x"
    return first, second


def _described(value: Any) -> str:
    return f"a {type(value).__name__} of {len(value)}" if isinstance(value, (tuple, list)) else type(value).__name__


# -- structures --------------------------------------------------------------------------------------------------


class _Tree:
    """Values in tuples, lists and dicts: flat, with their paths, and put back into the same structure."""

    def __init__(self, value: Any) -> None:
        self.values: list[Any] = []
        self.keys: list[tuple[Any, ...]] = []
        self.structure = self._read(value, ())

    def _read(self, value: Any, path: tuple[Any, ...]) -> Any:
        if value is None:
            return None
        if isinstance(value, Mapping):
            return dict, tuple((k, self._read(value[k], (*path, k))) for k in sorted(value, key=str))
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value), tuple((k, self._read(v, (*path, k))) for k, v in zip(value._fields, value))
        if isinstance(value, (tuple, list)):
            return type(value), tuple((i, self._read(v, (*path, i))) for i, v in enumerate(value))
        self.values.append(value)
        self.keys.append(path)
        return "value"

    def filled(self, values: list[Expr]) -> Any:
        """The structure with these values in it."""
        rest = iter(values)

        def build(structure: Any) -> Any:
            if structure is None or structure == "value":
                return None if structure is None else next(rest)
            kind, parts = structure
            built = [(key, build(part)) for key, part in parts]
            if kind is dict:
                return dict(built)
            return kind(*[v for _, v in built]) if hasattr(kind, "_fields") else kind(v for _, v in built)

        return build(self.structure)

    def labels(self, name: str) -> list[str | None]:
        """A name for each value inside the loop: its key, or that of the parameter, numbered in a tuple."""
        texts = ["_".join(map(str, path if path and isinstance(path[-1], str) else (name, *path)))
                 for path in self.keys]
        texts = [t if len(path) != 1 or isinstance(path[0], str) else f"{name}{path[0]}"
                 for t, path in zip(texts, self.keys)]
        return [t if t.isidentifier() and not t.startswith("_") else None for t in texts]

    def paths(self, name: str) -> list[str]:
        """How the user would write each value: `carry["h"]`, `xs[0]`."""
        return [name + "".join(f"[{key!r}]" for key in path) for path in self.keys]

    def __str__(self) -> str:
        def text(structure: Any) -> str:
            if structure is None or structure == "value":
                return "None" if structure is None else "a value"
            kind, parts = structure
            inner = ", ".join(f"{key!r}: {text(part)}" if kind is dict else text(part) for key, part in parts)
            return f"{{{inner}}}" if kind is dict else f"[{inner}]" if kind is list else f"({inner})"

        return text(self.structure)
