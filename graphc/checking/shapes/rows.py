"""Trees as rows of the op table, one operation at a time, elementwise; Python numbers stay numbers as long as they can.

Operators come out as Python would build them, so that a formula gives the node declared by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from ... import lang
from ...errors import InputError
from ...ir import OPS, Expr, lift
from ..deciding.from_graph import LOGIC, RELATIONS, RENAMED
from ..reading import functions
from ..reading.tree import Tree, nodes, sym

TO_ROW = {**{v: k for k, v in RENAMED.items() if k in ("absolute", "maximum", "minimum", "gammaln")},
          **{f"a{f}": f"arc{f}" for f in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "tan2")},
          **{v: k for k, v in RELATIONS.items()}, **{v: k for k, v in LOGIC.items()}}
# Functions of the language that have optional operands, three of them, or no row of their own.
LANGUAGE = {f.__name__: f for f in (
    lang.celu, lang.clip, lang.elu, lang.hardshrink, lang.hardsigmoid, lang.hardswish, lang.hardtanh, lang.leaky_relu,
    lang.rbf, lang.relu6, lang.selu, lang.softshrink, lang.step, lang.special.kl_div)}
CONSTANTS = {"pi": math.pi, "e": math.e}


def graph(tree: Tree, leaf: Callable[[str], Expr]) -> Expr:
    """The graph of a tree without array heads; `leaf` gives the node of a name.

    Raises InputError for a function that has no row, ShapeError or DTypeError from the ops.
    """
    built: dict[int, Any] = {}
    for node in nodes(tree):
        if node.head == "sym":
            built[id(node)] = leaf(str(node.value))
        else:
            built[id(node)] = operation(node, [built[id(a)] for a in node.args])
    return lift(built[id(tree)], "parse")


def operation(node: Tree, args: Sequence[Any]) -> Any:
    """The value of any node but a symbol, from those of its operands. Raises InputError for what floats cannot hold."""
    value = _operation(node, args)
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError("parse: a number here is too large for float64")
    return value


def _operation(node: Tree, args: Sequence[Any]) -> Any:
    head = node.head
    if node.number is not None:
        return number(node.number)
    if head == "const":
        return CONSTANTS[str(node.value)]
    if head == "bool":
        return node.value == "True"
    if head in ("call", "prime"):
        return function(str(node.value), args, primed=head == "prime")
    if head == "add":
        return _sum(node, args)
    if head == "mul":
        return product(args)
    if head == "neg":
        return -args[0]
    if head == "div":
        return divide(*args)
    if head == "pow":
        return power(node.args[0], *args)
    return condition(node, args)


def number(value: Fraction) -> int | float:
    """An int where it is one that fits, else the nearest float. Raises InputError past float64."""
    if value.denominator == 1 and abs(value) < 2**63:
        return int(value)
    try:
        return float(value)
    except OverflowError:
        raise InputError("parse: a number here is too large for float64") from None


def power(tree: Tree, base: Any, exponent: Any) -> Any:
    """base ** exponent, elementwise; e to a power is exp; of two plain numbers, a real one."""
    if tree.head == "const" and tree.value == "e":
        return OPS["exp"](exponent)
    if isinstance(base, Expr) or isinstance(exponent, Expr):
        return base**exponent
    try:
        value = base**exponent
    except (OverflowError, ZeroDivisionError):
        value = 0j
    if isinstance(value, complex):
        raise InputError(f"parse: {base}^{exponent} is not a real number that fits float64")
    return value


def divide(a: Any, b: Any) -> Any:
    """a / b. Raises InputError for a plain number by plain zero."""
    if not isinstance(a, Expr) and not isinstance(b, Expr) and b == 0:
        raise InputError(f"parse: {a}/{b} divides by zero")
    return a / b


def product(args: Sequence[Any]) -> Any:
    """Left to right, elementwise."""
    result = args[0]
    for a in args[1:]:
        result = result * a
    return result


def condition(node: Tree, args: Sequence[Any]) -> Any:
    """Comparisons, logic, indicators and choices."""
    head = node.head
    if head == "ind":
        return lift(args[0], "parse").astype("float64")
    if head == "where":
        return OPS["where"](*args)
    if head == "rel":
        return OPS[TO_ROW[str(node.value)]](*args)
    result = args[0]
    for a in args[1:]:
        result = OPS[TO_ROW[head]](result, a)
    return OPS["logical_not"](result) if head == "not" else result


def _sum(node: Tree, args: Sequence[Any]) -> Any:
    result = args[0]
    for term, a in zip(node.args[1:], args[1:]):
        if term.head == "neg" and term.value == "-":
            result = result - _negated(a)
        else:
            result = result + a
    return result


def _negated(a: Any) -> Any:
    """What was subtracted: the operand of the negation that stands for it."""
    return a.args[0] if isinstance(a, Expr) else -a


def function(name: str, args: Sequence[Any], primed: bool = False) -> Any:
    """A named function of its arguments, or with `primed` its derivative, elementwise."""
    row = TO_ROW.get(name, name)
    if not primed and name in LANGUAGE:
        return LANGUAGE[name](*args)
    if not primed and row in OPS and not OPS[row].attrs:
        result = args[0]
        if len(args) == 1:
            return OPS[row](result)
        for a in args[1:]:
            result = OPS[row](result, a)
        return result
    table = functions.PRIMES if primed else functions.DEFINED
    if name not in table:
        raise InputError(f"parse: {name} has no op in the graph yet; ops are {', '.join(sorted(OPS.complete()))}")
    # The definition over placeholders, so that an argument is built once however often it is used.
    holes = {f"argument {i}": a for i, a in enumerate(args)}
    return graph(table[name](*(sym(hole) for hole in holes)), lambda hole: lift(holes[hole], "parse"))
