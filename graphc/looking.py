"""The value of every node of a graph as it stands, at given inputs: for a single look, and to explain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .errors import GraphcError, InputError
from .finiteness import Explanation, trace
from .ir import LEAVES, Expr, postorder, variables
from .lower import check_sizes, interpreter
from .reverse import backward
from .signature import Signature, key_name, slot_of, suggestion


def explained(tops: list[Expr], values: Mapping[Any, Any] | None, wrt: Any = None,
               declared: Sequence[Expr] = ()) -> Explanation:
    """Of the graph as it stands."""
    slopes, adjoints = _adjoints(tops, wrt)
    known, sizes = all_values(tops, values or {}, "explain", declared)
    found = trace(tops, known, sizes, adjoints)
    if found.finite and slopes:
        known, sizes = all_values([*tops, *slopes], values or {}, "explain", declared)
        found = trace([*tops, *slopes], known, sizes, adjoints)
    return found


def _adjoints(tops: Sequence[Expr], wrt: Any) -> tuple[list[Expr], dict[Expr, Expr]]:
    """The gradients of every scalar among the outputs, and of which value each adjoint is the adjoint."""
    slopes: list[Expr] = []
    adjoint_of: dict[Expr, Expr] = {}
    for f in tops:
        if f.ndim or not f.type.is_float or f.op.name in LEAVES:
            continue
        try:
            found = backward(f, [v for v in variables(postorder([f])) if v.type.is_float] if wrt is None else wrt)
        except GraphcError:
            if wrt is not None:
                raise
            continue  # without a derivative it has values all the same
        slopes += found.gradients
        for node, adjoint in found.adjoint.items():
            if adjoint.args:
                adjoint_of.setdefault(adjoint, node)
    return slopes, adjoint_of


def all_values(tops: Sequence[Expr], values: Mapping[Any, Any], who: str,
                declared: Sequence[Expr] = ()) -> tuple[dict[Expr, Any], dict[str, int]]:
    """The value of every node as it stands, and the named sizes. Inputs are those of the `declared` outputs as well:
    one that cancels out may be all that tells a size."""
    order = postorder(tops)
    found = variables(postorder([*declared, *tops]) if declared else order)
    check_sizes(order, found, who)
    arrays, sizes = _arguments(found, values, who)
    known = dict(zip(found, arrays))
    with np.errstate(all="ignore"):
        for node in order:
            if node not in known:
                known[node] = _value(node, known, sizes)
    return known, sizes


def _arguments(found: Sequence[Expr], values: Mapping[Any, Any], who: str) -> tuple[list[Any], dict[str, int]]:
    given = {key_name(key, who): value for key, value in values.items()}
    for v in found:
        if v.label not in given:
            raise InputError(f"{who}: missing input {slot_of(v)}{_near(v.label or '', given)}")
    signature = Signature(who, [slot_of(v) for v in found])
    arrays = signature.check([given[v.label or ""] for v in found])
    return arrays, signature.sizes.of(arrays)


def _near(name: str, given: Mapping[str, Any]) -> str:
    close = suggestion(name, given).removeprefix(" (did you mean ").removesuffix("?)")
    return f"; a value is given for {close}, which is no input of it" if close else ""


def _value(node: Expr, known: Mapping[Expr, Any], sizes: Mapping[str, int]) -> Any:
    if node.op.name == "const":
        value = node.attrs[0].value
        return value.item() if node.type.weak else value[()]
    step, names = interpreter(node)
    result = step(*[known[a] for a in node.args], *[sizes[n] for n in names])
    return np.asarray(result).item() if node.type.weak else result
