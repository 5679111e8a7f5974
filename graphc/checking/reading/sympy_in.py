"""A SymPy expression as a tree, by walking it: it is never written as text and read again."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from ...errors import InputError
from .functions import ARITY, function_named
from .tree import Tree, add, call, const, make, mul, num, number_like, power, rel, sym, where

_RELATIONS = {"StrictLessThan": "<", "LessThan": "<=", "StrictGreaterThan": ">", "GreaterThan": ">=",
              "Equality": "==", "Unequality": "!="}
_LOGIC = {"And": "and", "Or": "or", "Not": "not"}
_RENAMED = {"Heaviside": "step", "Abs": "abs", "Max": "max", "Min": "min", "factorial": "factorial"}


def is_sympy(value: object) -> bool:
    """Whether this is a SymPy expression, told without importing SymPy."""
    return any(c.__module__.startswith("sympy.core.basic") for c in type(value).__mro__)


def from_sympy(root: Any) -> Tree:
    """The tree of a SymPy expression. Iterative. Raises InputError for a node that has no counterpart here."""
    done: dict[Any, Tree] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        waiting = [a for a in node.args if a not in done]
        if node in done or not waiting:
            stack.pop()
            if node not in done:
                done[node] = _tree(node, [done[a] for a in node.args])
        else:
            stack.extend(reversed(waiting))
    return done[root]


def _tree(node: Any, args: list[Tree]) -> Tree:
    kind = type(node).__name__
    if getattr(node, "is_Rational", False):
        return num(Fraction(int(node.p), int(node.q)))
    if getattr(node, "is_Float", False):
        return num(Fraction(repr(float(node))))
    if getattr(node, "is_Symbol", False):
        return sym(str(node.name))
    if kind in ("Pi", "Exp1"):
        return const("pi" if kind == "Pi" else "e")
    if kind in ("BooleanTrue", "BooleanFalse"):
        return make("bool", value=str(kind == "BooleanTrue"))
    if kind in _RELATIONS:
        return rel(_RELATIONS[kind], *args)
    if kind in _LOGIC:
        return make(_LOGIC[kind], *args)
    if kind == "ExprCondPair":
        return make("pair", *args)
    if kind == "Piecewise":
        return _piecewise(args)
    return _number_node(node, kind, [number_like(a) for a in args])


def _number_node(node: Any, kind: str, args: list[Tree]) -> Tree:
    build: dict[str, Callable[..., Tree]] = {"Add": add, "Mul": mul, "Pow": power}
    if kind in build:
        return build[kind](*args)
    name = _RENAMED.get(kind) or function_named(kind)
    fewest, most = ARITY.get(name or "", (1, 1))
    if name == "step":
        args = args[:1]
    if name is None or name in ("where", "indicator") or not fewest <= len(args) <= (most or len(args)):
        raise InputError(f"check: SymPy's {kind} has no counterpart here")
    return call(name, *args)


def _piecewise(pairs: list[Tree]) -> Tree:
    """The first branch whose condition holds; none gives 0/0, which is undefined."""
    value = make("div", num(0), num(0))
    for pair in reversed(pairs):
        branch, condition = pair.args
        value = where(condition, number_like(branch), value)
    return value
