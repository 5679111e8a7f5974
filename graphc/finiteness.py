"""Where a computation stops being finite: the first value that is inf or nan and has a part in a result that is.

The search goes back from the results, element by element where an op is elementwise or moves data, and only through
what can have made the value there: a nan comes from a nan operand if there is one, and of a `where` only the branch
taken counts. So a branch that overflows and is not taken is never blamed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .formula import format_node
from .interpret import numpy_function
from .ir import LEAVES, VARIABLES, Expr, postorder
from .types import TupleType

Array = np.ndarray[Any, Any]
Masks = dict[Expr, Array]

GIVEN, CONSTANT, OVERFLOW, BORN, PASSED = "given", "constant", "overflow", "born", "passed on"
SHOWN = 12  # rows of a printed report


class Finding:
    """One value that is not finite and has a part in a result that is not.

    `kind` is "given" (an input), "constant", "overflow" (inf of finite operands), "born" (nan of operands that have
    none) or "passed on"; `index` the first such element, `why` what happened there, `operands` the operands' elements
    there, or a summary of each; `adjoint_of` is the value whose adjoint this is, if it is one.
    """

    def __init__(self, node: Expr, kind: str, index: tuple[int, ...], here: Any, values: Mapping[Expr, Any],
                 adjoint_of: Expr | None = None) -> None:
        self.node, self.kind, self.index, self.value, self.adjoint_of = node, kind, index, here, adjoint_of
        # Texts are made when they are looked at: thousands of values may pass a nan on.
        self._values = {n: values[n] for n in (node, *node.args)}

    @property
    def name(self) -> str:
        """The name or the formula of the value."""
        return _name(self.node, self.adjoint_of)

    @property
    def why(self) -> str:
        """What happened there."""
        return _why(self.node, self.kind, [_operand_at(self.node, a, self.index, self._values) for a in self.node.args])

    @property
    def summary(self) -> str:
        """The whole value: a number, or what is in the array."""
        return _summary(self._values[self.node])

    @property
    def operands(self) -> tuple[tuple[str, str], ...]:
        """Name and text of each operand."""
        return tuple((_name(a, None), _operand_text(self.node, a, self.index, self._values)) for a in self.node.args)

    def __str__(self) -> str:
        at = f" at {list(self.index)}" if self.index else ""
        where = f" (declared at {self.node.place})" if self.node.where is not None else ""
        lines = [f"{self.name} is {_number(self.value)}{at}: {self.why}{where}", f"    {self.summary}"]
        return "\n".join([*lines, *(f"    {name}: {text}" for name, text in self.operands)])


class Explanation:
    """What `explain` found: `first` is the value where things went wrong, None when every result is finite.

    `rows` are all values that are not finite and lead to a result, in the order of computation.
    """

    def __init__(self, rows: Sequence[Finding], outputs: Sequence[tuple[str, str]]) -> None:
        self.rows, self.outputs = tuple(rows), tuple(outputs)
        causes = [r for r in rows if r.kind in (GIVEN, OVERFLOW, BORN)]
        self.first: Finding | None = next(iter(causes or rows), None)

    @property
    def finite(self) -> bool:
        """Whether every result is finite."""
        return self.first is None

    def __bool__(self) -> bool:
        return self.first is not None

    def __str__(self) -> str:
        if self.first is None:
            return "every result is finite"
        lines = [*(f"{name} is not finite: {text}" for name, text in self.outputs), f"first: {self.first}"]
        later = [r for r in self.rows if r is not self.first]
        if later:
            lines.append("then:")
            lines += [f"    {r.name} is {_number(r.value)}: {r.why}" for r in later[:SHOWN]]
        if len(later) > SHOWN:
            lines.append(f"    and {len(later) - SHOWN} more")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Explanation: {'finite' if self.first is None else f'{self.first.name}, {self.first.kind}'}>"


def trace(outputs: Sequence[Expr], values: Mapping[Expr, Any], sizes: Mapping[str, int],
          adjoints: Mapping[Expr, Expr] | None = None) -> Explanation:
    """The explanation, from the value of every node of the graph.

    `adjoints` says of which value a node is the adjoint, for the names in the report.
    """
    order = postorder(outputs)
    masks: Masks = {}
    for top in outputs:
        if not isinstance(top.type, TupleType):
            _add(masks, top, _bad(values[top]))
    for node in reversed(order):
        if node in masks and node.args and masks[node].any():
            for operand, mask in _sources(node, masks[node], values, sizes):
                _add(masks, operand, mask)
    names = adjoints or {}
    rows = [_finding(n, masks[n], values, names.get(n)) for n in order if n in masks and masks[n].any()]
    wrong = [(_name(t, names.get(t)), _summary(values[t])) for t in outputs if t in masks and masks[t].any()]
    return Explanation(rows, wrong)


# -- going back ----------------------------------------------------------------------------------------------------


def _bad(value: Any) -> Array:
    """Which elements are inf or nan; of several results, one flag for them all."""
    if isinstance(value, tuple):
        return np.array(any(bool(_bad(v).any()) for v in value))
    array = np.asarray(value)
    return ~np.isfinite(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)


def _has_nan(value: Any) -> bool:
    return any(map(_has_nan, value)) if isinstance(value, tuple) else bool(_nan(value).any())


def _nan(value: Any) -> Array:
    if isinstance(value, tuple):
        return np.array(_has_nan(value))
    array = np.asarray(value)
    return np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)


def _add(masks: Masks, node: Expr, mask: Array) -> None:
    masks[node] = masks[node] | mask if node in masks else mask


def _sources(node: Expr, mask: Array, values: Mapping[Expr, Any], sizes: Mapping[str, int]) -> list[tuple[Expr, Array]]:
    """The elements of the operands that can have made the elements of the node that the mask marks."""
    if node.op.name == "where":
        return _branches(node, mask, values)
    looked = _looked_at(node, mask, values, sizes)
    nan = bool((_nan(values[node]) & mask).any())
    carriers = [(a, m & _nan(values[a])) for a, m in looked] if nan else []
    if any(m.any() for _, m in carriers) and not _mixed(node, mask, values, looked):
        return carriers
    return [(a, m & _bad(values[a])) for a, m in looked]


def _mixed(node: Expr, mask: Array, values: Mapping[Expr, Any], looked: Sequence[tuple[Expr, Array]]) -> bool:
    """Whether infinities of the operands have a part of their own: the node has some, or a nan of no nan operand."""
    value = values[node]
    if isinstance(value, tuple):
        return False
    if bool((np.isinf(np.asarray(value)) & mask).any()):
        return True
    if not node.op.elementwise:
        return False
    explained = np.zeros(np.shape(value), bool)
    for a in node.args:
        explained = explained | np.broadcast_to(_nan(values[a]), np.shape(value))
    return bool((mask & ~explained).any())


def _branches(node: Expr, mask: Array, values: Mapping[Expr, Any]) -> list[tuple[Expr, Array]]:
    condition, a, b = node.args
    taken = np.broadcast_to(np.asarray(values[condition]), mask.shape)
    return [(branch, _unbroadcast(mask & chosen, np.shape(values[branch])) & _bad(values[branch]))
            for branch, chosen in ((a, taken), (b, ~taken))]


def _looked_at(node: Expr, mask: Array, values: Mapping[Expr, Any],
               sizes: Mapping[str, int]) -> list[tuple[Expr, Array]]:
    """Which elements of the operands the marked elements were computed from; all of them where that is not known."""
    shapes = [(a, np.shape(values[a])) for a in node.args if not isinstance(a.type, TupleType)]
    if node.op.elementwise:
        return [(a, _unbroadcast(mask, shape)) for a, shape in shapes]
    if node.op.cost == 0 and len(shapes) == len(node.args) == 1 and not isinstance(node.type, TupleType):
        return [(node.args[0], _moved(node, mask, shapes[0][1], sizes))]
    return [(a, np.ones(np.shape(_bad(values[a])), bool)) for a in node.args]


def _moved(node: Expr, mask: Array, shape: tuple[int, ...], sizes: Mapping[str, int]) -> Array:
    """An op that moves data moves the elements' numbers (from 1; 0 is none) as it moves the elements."""
    count = int(np.prod(shape))
    numbers = np.arange(1, count + 1, dtype="float64").reshape(shape)
    came = np.asarray(numpy_function(node, sizes)(numbers))[mask].astype("int64")
    marked = np.zeros(count + 1, bool)
    marked[came] = True
    return marked[1:].reshape(shape)


def _unbroadcast(mask: Array, shape: tuple[int, ...]) -> Array:
    extra = mask.ndim - len(shape)
    if extra > 0:
        mask = np.asarray(mask.any(axis=tuple(range(extra))))
    axes = tuple(i for i, s in enumerate(shape) if s == 1 and mask.shape[i] != 1)
    return np.asarray(mask.any(axis=axes, keepdims=True) if axes else mask)


# -- saying what happened ----------------------------------------------------------------------------------------------


def _finding(node: Expr, mask: Array, values: Mapping[Expr, Any], adjoint_of: Expr | None) -> Finding:
    value = values[node]
    index = tuple(int(i[0]) for i in np.nonzero(mask)) if mask.ndim else ()
    here = _element(value, index) if not isinstance(value, tuple) else np.nan if _has_nan(value) else np.inf
    kind = _kind(node, here, mask, values)
    return Finding(node, kind, index, here, values, adjoint_of)


def _kind(node: Expr, here: Any, mask: Array, values: Mapping[Expr, Any]) -> str:
    if node.op.name in VARIABLES:
        return GIVEN
    if node.op.name in LEAVES:
        return CONSTANT
    index = tuple(int(i[0]) for i in np.nonzero(mask)) if mask.ndim else ()
    one = [_operand_at(node, a, index, values) for a in node.args]
    # Of an op that is not elementwise an element's operands are all elements of each operand.
    parts = [values[a] if element is None else element for a, element in zip(node.args, one)]
    if node.op.name == "where":
        parts = [parts[1] if one[0] else parts[2]]
    if np.isnan(here):
        return PASSED if any(map(_has_nan, parts)) else BORN
    return PASSED if any(bool(_bad(p).any()) for p in parts) else OVERFLOW


def _element(value: Any, index: tuple[int, ...]) -> Any:
    return np.asarray(value)[index][()]


def _place_at(node: Expr, value: Any, index: tuple[int, ...]) -> tuple[int, ...] | None:
    """Where the operand's element stands that an elementwise node has at `index`; None where there is no such one."""
    shape = np.shape(value) if not isinstance(value, tuple) else ()
    if isinstance(value, tuple) or (shape and not node.op.elementwise):
        return None
    tail = index[len(index) - len(shape):] if shape else ()
    return tuple(0 if s == 1 else i for i, s in zip(tail, shape))


def _operand_at(node: Expr, a: Expr, index: tuple[int, ...], values: Mapping[Expr, Any]) -> Any:
    place = _place_at(node, values[a], index)
    return None if place is None else _element(values[a], place)


def _operand_text(node: Expr, a: Expr, index: tuple[int, ...], values: Mapping[Expr, Any]) -> str:
    place = _place_at(node, values[a], index)
    whole = _summary(values[a])
    return f"{_number(_element(values[a], place))} at {list(place)}; {whole}" if place else whole


def _why(node: Expr, kind: str, at: Sequence[Any]) -> str:
    if kind == GIVEN:
        return f"the {'input' if node.op.name == 'input' else 'parameter'} was not finite when it was given"
    if kind == CONSTANT:
        return "a constant of the graph"
    if kind == PASSED:
        return "passed on from an operand"
    say = _REASONS.get(node.op.name)
    found = say(*at) if say and all(x is not None for x in at) else ""
    if found:
        return found
    return f"{node.op.name} overflows" if kind == OVERFLOW else f"{node.op.name} has no value at these operands"


def _divide(a: Any, b: Any) -> str:
    if b == 0:
        return "0/0 is no number" if a == 0 else "division by zero"
    return "inf/inf is no number" if np.isinf(a) and np.isinf(b) else ""


def _logarithm(x: Any) -> str:
    return "the logarithm of 0" if x == 0 else "the logarithm of a negative number" if x < 0 else ""


def _power(x: Any, p: Any) -> str:
    if x == 0 and p < 0:
        return "0 to a negative power"
    return "a fractional power of a negative number" if x < 0 and np.isfinite(p) and p != np.floor(p) else ""


def _difference(a: Any, b: Any) -> str:
    return "inf - inf is no number" if np.isinf(a) and np.isinf(b) else ""


def _product(a: Any, b: Any) -> str:
    return "0·inf is no number" if (a == 0 and np.isinf(b)) or (b == 0 and np.isinf(a)) else ""


def _outside(name: str) -> Callable[[Any], str]:
    return lambda x: f"{name} is not defined beyond ±1" if abs(x) > 1 else f"{name} is infinite at ±1"


# What is said of the operands where an op overflows, or has no value. Empty: nothing particular.
_REASONS: Mapping[str, Callable[..., str]] = {
    "divide": _divide, "safe_divide": _divide, "log": _logarithm, "log2": _logarithm, "log10": _logarithm,
    "sqrt": lambda x: "the square root of a negative number" if x < 0 else "",
    "power": _power, "subtract": _difference, "add": _difference, "multiply": _product,
    "log1p": lambda x: _logarithm(1 + x),
    "exp": lambda x: "exp overflows" if np.isfinite(x) else "",
    "arcsin": lambda x: "the inverse sine beyond ±1", "arccos": lambda x: "the inverse cosine beyond ±1",
    "arccosh": lambda x: "the inverse hyperbolic cosine below 1", "arctanh": _outside("arctanh"),
}  # fmt: skip


def _name(node: Expr, adjoint_of: Expr | None) -> str:
    formula = format_node(node, "unicode", limit=60)
    if node.label is None or node.op.name in LEAVES:
        text = node.label or formula
    else:
        text = f"{node.label} = {node.op.name}(…)" if "…" in formula or formula == node.label else \
            f"{node.label} = {formula}"
    if adjoint_of is None:
        return text
    return f"the adjoint of {adjoint_of.label or format_node(adjoint_of, 'unicode', limit=60)}, {text}"


def _number(value: Any) -> str:
    value = np.asarray(value)[()]
    return f"{value:.6g}" if isinstance(value, (float, np.floating)) else str(value)


def _summary(value: Any) -> str:
    """A scalar as a number; an array as its type, how many elements are nan and inf, and the range of the others."""
    if isinstance(value, tuple):
        return f"({'; '.join(map(_summary, value))})"
    array = np.asarray(value)
    if not array.ndim:
        return _number(value)
    head = f"{array.dtype}[{','.join(map(str, array.shape))}]"
    if array.dtype.kind != "f":
        return f"{head} from {array.min()} to {array.max()}" if array.size else f"{head}, empty"
    nan, inf = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    parts = [f"{n} {what}" for n, what in ((nan, "nan"), (inf, "inf")) if n]
    rest = array[np.isfinite(array)]
    if rest.size:
        parts.append(f"{'the others ' if parts else ''}from {_number(rest.min())} to {_number(rest.max())}")
    return f"{head}, {', '.join(parts) or 'empty'}"
