"""Graphs of scalars as trees, shared nodes kept shared."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from ...ir import Expr, postorder
from ..phrases import say
from ..reading import functions
from ..reading.tree import (
    BOOLEAN,
    Tree,
    add,
    call,
    const,
    div,
    indicator,
    make,
    mul,
    neg,
    nodes,
    num,
    number_like,
    power,
    rel,
    sym,
    where,
)

# Rows whose meaning is a call of the function of another name.
RENAMED = {"absolute": "abs", "maximum": "max", "minimum": "min", "expit": "sigmoid", "gammaln": "lgamma"}
RELATIONS = {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!="}
LOGIC = {"logical_and": "and", "logical_or": "or", "logical_not": "not"}
# Rows that leave a scalar as it is.
SAME = frozenset({"reshape", "broadcast_to", "transpose", "stop_gradient", "sum", "mean", "prod", "max", "min",
                  "logsumexp"})

Row = Callable[..., Tree]

ARITHMETIC: dict[str, Row] = {
    "add": add,
    "subtract": lambda a, b: add(a, neg(b)),
    "gap": lambda a, b: add(a, neg(b)),
    "multiply": mul,
    "divide": div,
    # 0 where the cotangent is exactly 0, whatever the divisor
    "safe_divide": lambda a, b: where(rel("==", a, num(0)), num(0), div(a, b)),
    "negative": neg,
    "power": power,
    "square": lambda a: power(a, 2),
    "reciprocal": lambda a: div(num(1), a),
}


class NoScalarForm(Exception):
    """A node that a tree cannot express; `phrase` and `parts` say which and why, in any language."""

    def __init__(self, phrase: str, **parts: object) -> None:
        self.phrase, self.parts = phrase, parts
        super().__init__(say("en", phrase, **parts))


def exact(value: Any) -> Tree:
    """A number of the graph as the exact one its author meant: 0.1 is 1/10, and 1/3 in floats is 1/3.

    >>> from ..reading.tree import show
    >>> show(exact(1/3)), show(exact(0.1)), show(exact(math.pi)), show(exact(-2*math.pi**2))
    ('1/3', '0.1', 'π', '-2·π^2')
    >>> show(exact(2/math.sqrt(math.pi))), show(exact(6**(1/3))), show(exact(0.123456789))
    ('2·π^(-0.5)', '6^(1/3)', '0.123456789')
    """
    if isinstance(value, bool):
        return make("bool", value=str(value))
    if isinstance(value, int):
        return num(value)
    if not math.isfinite(value):
        raise NoScalarForm("not_finite", value=value)
    near = _simple(value, 1000)
    if near is not None:
        return num(near)
    for irrational, tree in IRRATIONAL:
        near = _simple(value / irrational, 100)
        if near is not None and abs(near.numerator) < 10**4:
            return tree if near == 1 else mul(num(near), tree)
    if (root := _root(value)) is not None:
        return root
    return num(Fraction(repr(value)))


def _simple(value: float, denominator: int) -> Fraction | None:
    """The fraction of small denominator that a float stands for to its last bits, if any."""
    near = Fraction(value).limit_denominator(denominator)
    return near if near and abs(near - Fraction(value)) <= abs(Fraction(value)) * Fraction(1, 2**50) else None


def _root(value: float) -> Tree | None:
    """The root of a small fraction that a float stands for: 6^(1/3) arrives as 1.817120592832139."""
    for k in (2, 3, 4, 5):
        near = _simple(abs(value) ** k, 100)
        if near is not None and near.numerator < 10**4:
            found = power(num(near), Fraction(1, k))
            return found if value > 0 else neg(found)
    return None


# What Python folds before graphc sees it: -2·π² arrives as -19.739208802178716, and is read back as it was meant.
IRRATIONAL: tuple[tuple[float, Tree], ...] = (
    *((math.pi**k, power(const("pi"), k) if k != 1 else const("pi")) for k in (1, 2, 3, 4, -1, -2)),
    *((math.e**k, power(const("e"), k) if k != 1 else const("e")) for k in (1, 2, -1, -2)),
    *((math.sqrt(n), call("sqrt", num(n))) for n in (2, 3, 5, 6, 7, 10)),
    *((math.log(n), call("log", num(n))) for n in (2, 3, 5, 10)),
    (math.sqrt(math.pi), call("sqrt", const("pi"))),
    (1 / math.sqrt(math.pi), power(const("pi"), Fraction(-1, 2))),
    (math.sqrt(2 * math.pi), call("sqrt", mul(num(2), const("pi")))),
    (1 / math.sqrt(math.pi), div(num(1), call("sqrt", const("pi")))),  # 2/√π in the derivative of erf
    (1 / math.sqrt(2 * math.pi), div(num(1), call("sqrt", mul(num(2), const("pi"))))),
    (math.sqrt(2 / math.pi), call("sqrt", div(num(2), const("pi")))),
)


def trees(outputs: Iterable[Expr], *, stop: Mapping[Expr, str] | None = None) -> dict[Expr, Tree]:
    """The tree of every node that the outputs need. Nodes in `stop` become symbols of that name.

    Raises NoScalarForm for a node that is not a scalar or whose op has no scalar form.

    >>> import graphc as G
    >>> from ..reading.tree import show
    >>> f = G.input("x") * 2 + 1
    >>> show(trees([f])[f])
    'x·2 + 1'
    """
    found: dict[Expr, Tree] = {}
    for node in postorder(outputs):
        if stop and node in stop:
            found[node] = sym(stop[node])
        else:
            found[node] = _tree(node, [found[a] for a in node.args])
    return found


def _tree(node: Expr, args: list[Tree]) -> Tree:
    if node.ndim:
        raise NoScalarForm("not_scalar", name=node.label or node.op.name, type=node.type)
    name = node.op.name
    if name in ("input", "param"):
        return sym(str(node.label))
    if name == "const":
        return exact(node.attrs[0].value.item())
    if name in RELATIONS:
        return rel(RELATIONS[name], *(_as_number(a) for a in args))
    if name in LOGIC:
        return make(LOGIC[name], *(_as_condition(a) for a in args))
    if name in ("isfinite", "isinf", "isnan"):  # of a real number
        return make("bool", value=str(name == "isfinite"))
    if name == "where":
        return where(_as_condition(args[0]), _as_number(args[1]), _as_number(args[2]))
    if name == "astype":
        return _cast(node, args[0])
    return _number_op(node, name, [_as_number(a) for a in args])


def _number_op(node: Expr, name: str, args: list[Tree]) -> Tree:
    if name in ARITHMETIC:
        return ARITHMETIC[name](*args)
    if name in SAME and len(args) == 1 and node.args[0].ndim == 0:
        return args[0]
    known = RENAMED.get(name) or functions.function_named(name)
    fewest, most = functions.ARITY.get(known or "", (1, 1))
    attributes = [exact(a) for a in node.attrs if isinstance(a, (int, float)) and not isinstance(a, bool)]
    if known and known not in ("where", "indicator") and len(attributes) == len(node.attrs):
        operands = [*args, *attributes]
        if fewest <= len(operands) and (most is None or len(operands) <= most):
            return call(known, *operands)
    raise NoScalarForm("no_scalar_op", name=name, place=node.place)


def _cast(node: Expr, a: Tree) -> Tree:
    if node.type.is_float or node.type.dtype == node.args[0].type.dtype:
        return _as_number(a)
    if node.type.dtype == "bool":
        return _as_condition(a)
    if a.head in BOOLEAN:
        return indicator(a)
    raise NoScalarForm("rounds", type=node.type.dtype, place=node.place)


def _as_number(a: Tree) -> Tree:
    return num(int(a.value == "True")) if a.head == "bool" else number_like(a)


def _as_condition(a: Tree) -> Tree:
    if a.head == "ind":
        return a.args[0]
    return a if a.head in BOOLEAN else rel("!=", a, num(0))


def substitute(tree: Tree, values: Mapping[str, Tree]) -> Tree:
    """The tree with symbols replaced by the trees they name. Iterative; sharing is kept."""
    done: dict[int, Tree] = {}
    for node in nodes(tree):
        args = tuple(done[id(a)] for a in node.args)
        if node.head == "sym" and node.value in values:
            done[id(node)] = values[str(node.value)]
        elif all(a is b for a, b in zip(args, node.args)):
            done[id(node)] = node
        else:
            done[id(node)] = make(node.head, *args, value=node.value)
    return done[id(tree)]
