"""What a function to emit takes, computes and is called: the outputs as they were asked for, to a Program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import Any

from .errors import GraphcError, InputError
from .formula import format_node
from .ir import LEAVES, Expr, postorder, variables
from .lower import Program, lower
from .reverse import gradients
from .signature import key_name, slot_of, suggestion
from .simplifier import origins

Pair = tuple[int, str, int]  # output, input, output that is the gradient of the one by the other


def choose_inputs(needed: list[Expr], inputs: Iterable[Any] | None, who: str) -> list[Expr]:
    if inputs is None:
        return needed
    by_name = {v.label or "": v for v in needed}
    chosen: dict[str, Expr] = {}
    listed: Iterable[Any] = [inputs] if isinstance(inputs, (str, Expr)) else inputs
    for item in listed:
        name = key_name(item, who)
        node: Expr | None = item if isinstance(item, Expr) else by_name.get(name)
        if node is None:
            raise InputError(f"{who}: no input {name!r} in this graph{suggestion(name, by_name)}; "
                             f"it has {', '.join(by_name) or 'none'}")
        node = by_name[name] if name in by_name and by_name[name].type is node.type else node
        if by_name.get(name, node) is not node:
            raise InputError(f"{who}: the input {slot_of(node)} is not {slot_of(by_name[name])}, which the outputs use")
        if name in chosen:
            raise InputError(f"{who}: the input {name} is listed twice")
        chosen[name] = node
    missing = [v for v in needed if v.label not in chosen]
    if missing:
        raise InputError(f"{who}: the outputs need {', '.join(str(slot_of(v)) for v in missing)}, "
                         f"which {'is' if len(missing) == 1 else 'are'} not among the inputs listed")
    return list(chosen.values())


def find_gradients(tops: Sequence[Expr]) -> list[Pair]:
    """Which outputs are gradients of which: nodes are interned, so the derivative of an output is that very node,
    or what `simplify` made of it."""
    if len(tops) < 2:
        return []
    for v, f in enumerate(tops):
        if f.ndim == 0 and f.type.is_float and f.op.name not in LEAVES:
            floats = [x for x in variables(postorder([f])) if x.type.is_float]
            try:
                slopes = gradients(f, floats)
            except GraphcError:
                continue
            pairs = [(v, x.label or "", i) for x, slope in zip(floats, slopes) for i, top in enumerate(tops)
                     if i != v and any(node is slope for node in origins(top))]
            if pairs:
                return pairs
    return []


def lowered(tops: list[Expr], inputs: list[Expr], name: str, single: bool, grouped: bool, pairs: Sequence[Pair],
             small: bool, order: Sequence[Expr] | None, scalar: bool = False,
             shown: Sequence[Expr] | None = None) -> Program:
    """The program of these outputs; its docstring has the formulas of those that are `shown`."""
    value = pairs[0][0] if pairs else 0
    known = tops[value].label or name
    wishes = {tops[value]: name} if single or pairs else {}
    notes: dict[Expr, str] = {}
    titles = {value: known} if single or pairs else {}
    for _, x, i in pairs:
        titles[i] = f"∂{known}/∂{x}"
        wishes.setdefault(tops[i], f"d{x}")
        notes[tops[i]] = f"{notes[tops[i]]}, {titles[i]}" if tops[i] in notes else titles[i]
    doc = _formulas(shown or tops, titles, name) if small else f"{len(tops)} outputs of {len(inputs)} inputs."
    return lower(tops, inputs, name=name, single=single, grouped=grouped, wishes=wishes, notes=notes,
                 forward=tops[value] if pairs else None, doc=doc, order=order, scalar=scalar)


def _formulas(tops: Sequence[Expr], titles: Mapping[int, str], name: str) -> str:
    """A line for each named value and each output, in which the names stand for the values.

    A formula too long to read is left to the code below it.
    """
    shown = set(tops)
    named = [n for n in postorder(tops) if n.label is not None and n.op.name not in LEAVES and n not in shown]
    titled = [(node.label, node) for node in named]
    titled += [(titles.get(i) or top.label or f"{name}[{i}]", top) for i, top in enumerate(tops)]
    formulas = [(title, format_node(node, "unicode", limit=180)) for title, node in titled]
    lines = [f"{title} = {text}" for title, text in formulas if "…" not in text]
    return "\n".join(wrapped for line in lines for wrapped in wrap(line, 96, subsequent_indent="    "))
