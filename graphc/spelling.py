"""How a node is written in NumPy: its row's template, the literals among its operands, Python numbers kept weak.

It stands below the rows, because a row whose node has a body writes that body out itself.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .dims import Dim, size_names
from .ir import Expr

# Names that emitted code means in their usual sense.
RESERVED = frozenset({"np", "float", "int", "bool", *keyword.kwlist})
_INFIX = frozenset({"add", "subtract", "multiply", "divide", "negative", "power", "matmul", "greater",
                    "greater_equal", "less", "less_equal", "equal", "not_equal"})  # fmt: skip
_OPERATORS = _INFIX - {"divide", "power"}  # of Python numbers, they give Python numbers
_CALL = re.compile(r"np\.(\w+)\(((?:\{\d\}|-?[\d.]+)(?:, (?:\{\d\}|-?[\d.]+))*)\)")
_NUMPY_SCALARS = ("np.sum(", "np.mean(", "np.max(", "np.min(")  # of which a full reduction is no 0-d array


# -- templates -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spelling:
    """A template, literal operands after the node's own, and the ufunc that does the same."""

    template: str
    literals: tuple[str, ...] = ()
    ufunc: str = ""
    regular: bool = False  # an operator or a ufunc: of scalars, it gives a scalar
    bare: bool = False  # the value of its operand as it stands


def spelling(node: Expr) -> Spelling:
    """How a node is written in NumPy, its attributes filled in and its operands still open."""
    row = node.op.numpy
    if callable(row):
        return _analysed(row(node), node.op.name, len(node.args))
    if node.op.attrs:
        row = row.format(*[f"{{{i}}}" for i in range(len(node.args))], **node.op.named_attrs(node))
    return _analysed(row, node.op.name, len(node.args))


@lru_cache(maxsize=65536)
def _analysed(template: str, op: str, count: int) -> Spelling:
    if op in _INFIX:
        # x ** 2.0 is quick as an operator, and slow as np.power.
        return Spelling(template, (), f"np.{op}" if op != "power" else "", regular=True)
    call = _CALL.fullmatch(template)
    function = getattr(np, call[1], None) if call else None
    if call and isinstance(function, np.ufunc):
        operands = call[2].split(", ")
        fields = [f"{{{i}}}" for i in range(len(operands))]
        if operands[:count] == fields[:count] and function.nin == len(operands):
            name = f"np.{call[1]}"
            return Spelling(f"{name}({', '.join(fields)})", tuple(operands[count:]), name, regular=True)
    return Spelling(template, bare=template == "{0}")


# -- operands ------------------------------------------------------------------------------------------


def special(node: Expr, form: Spelling, args: tuple[str, ...]) -> tuple[str, tuple[str, ...], str, bool]:
    """A step with literal operands, sizes, a weak result, or a spelling that may give an array without axes."""
    template, ufunc, alias = form.template, form.ufunc, node.op.view
    args = tuple([name or operand(a, node) for name, a in zip(args, node.args)])
    sized = [a.op.name == "size" for a in node.args]
    if any(sized):
        template, args = _inlined(template, args, sized)
        ufunc = ""
    scalar = not node.type.shape and node.type.dtype != "tuple"
    if scalar and not (form.regular or form.bare or template.startswith(_NUMPY_SCALARS)):
        template, alias = f"{template}[()]", False
    if node.type.weak:
        ufunc = ""
        if node.op.name in ("divide", "power"):  # of Python numbers, they would raise ZeroDivisionError
            template = f"np.{node.op.name}({template.replace(' ** ', ', ').replace(' / ', ', ')})"
        if node.op.name not in _OPERATORS or any(arg.startswith("np.") for arg in args):
            template = f"{_PYTHON[node.type.dtype]}({template})"  # which alone is weak
    return template, args, ufunc, alias


_PYTHON = {"float64": "float", "float32": "float", "int64": "int", "int32": "int", "bool": "bool"}


def numpy_name(dtype: str) -> str:
    return "bool_" if dtype == "bool" else dtype


def operand(leaf: Expr, user: Expr) -> str:
    """A scalar constant (or a size) as source: a plain number where that has the same effect in this company.

    A Python number takes the dtype of the other operands; a NumPy scalar of another dtype than theirs must stay one.
    """
    if leaf.op.name == "size":
        text = str(leaf.attrs[0])
        return text if text.isidentifier() else f"({text})"
    plain = number_text(leaf)
    others = [a for a in user.args if a is not leaf and (a.op.name != "const" or a.ndim or a.label is not None)]
    weak = leaf.type.weak
    if leaf is user.args[0] and user.op.name != "where" and not spelling(user).regular:
        # np.clip and its like turn their first operand into an array of its own dtype.
        return f"np.{numpy_name(user.type.dtype if weak and leaf.type.is_float else leaf.type.dtype)}({plain})"
    company = all(a.type.dtype == leaf.type.dtype and not a.type.weak for a in others)
    if others and (weak or company) and not user.op.helper:
        return plain
    if weak and (others or user.args[0] is not leaf):
        return plain
    return f"np.{numpy_name(leaf.type.dtype)}({plain})"


def number_text(leaf: Expr) -> str:
    value = leaf.attrs[0].value
    if value.dtype.kind != "f":
        return str(value.item())
    if not np.isfinite(value):
        return "np.nan" if np.isnan(value) else "np.inf" if value > 0 else "-np.inf"
    short = repr(float(str(value)))
    return short if value.dtype.type(float(short)) == value else repr(float(value))


def _inlined(template: str, args: tuple[str, ...], sized: Sequence[bool]) -> tuple[str, tuple[str, ...]]:
    """The template with sizes written into it: they are no operands but Python ints of the function."""
    fields: list[str] = []
    kept: list[str] = []
    for arg, size in zip(args, sized):
        fields.append(arg if size else f"{{{len(kept)}}}")
        if not size:
            kept.append(arg)
    return template.format(*fields), tuple(kept)


# -- sizes ---------------------------------------------------------------------------------------------


def size_names_of(node: Expr) -> set[str]:
    dims = [d for a in (*node.args, node) for d in a.type.shape] + list(_dims_in(node.attrs))
    return {n for d in dims if isinstance(d, Dim) for n in size_names(d)}


def _dims_in(value: Any) -> Iterator[Dim]:
    if isinstance(value, Dim):
        yield value
    elif isinstance(value, tuple):
        for v in value:
            yield from _dims_in(v)
    else:
        yield from getattr(value, "sizes", ())  # of the body of a scan
