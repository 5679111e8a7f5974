"""Scalars in front: xᵀ ((1/N)·2·d) is written 2/N·xᵀ d, with one fraction for all of them."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import reduce
from math import gcd

from ..ir import Expr, lift, postorder
from ..ops.elementwise import DIVIDE, MULTIPLY, NEGATIVE

BILINEAR = frozenset(("matmul", "einsum"))
LINEAR = frozenset(("sum", "transpose", "reshape", "broadcast_to", "place", "getitem", "stack", "concatenate"))

MULTIPLE = re.compile(r"(\d+)\*[^+-]*$")  # of a size: 4*N

# A value as (factors, divisors, what is left): scalars, scalars, and an array or None.
Parts = tuple[list[Expr], list[Expr], "Expr | None"]


def tidied(root: Expr, names: Collection[Expr]) -> Expr:
    """The same value with scalar factors gathered in front; nodes in `names`, and named ones, are left whole."""
    if root in names or root.label is not None:
        return root
    done: dict[Expr, Parts] = {}
    for node in below(root, names):
        whole = node in names or node.label is not None or not node.args or not node.type.is_float
        done[node] = _whole(node) if whole else _parts(node, done)
    return _joined(done[root])


def below(root: Expr, names: Collection[Expr]) -> list[Expr]:
    """The nodes from which `root` is written, operands first; nothing below a name."""
    seen: set[Expr] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            if node not in names and node.label is None and node.type.is_float:
                stack.extend(node.args)
    return [n for n in postorder([root]) if n in seen]


def _whole(node: Expr) -> Parts:
    return ([], [], node) if node.ndim else ([node], [], None)


def _parts(node: Expr, done: dict[Expr, Parts]) -> Parts:
    name, parts = node.op.name, [done[a] for a in node.args]
    if name == "multiply":
        cores = [p[2] for p in parts if p[2] is not None]
        return _flat(parts, reduce(MULTIPLY, cores) if cores else None)
    if name == "divide":
        (up, down, core), (below, above, under) = parts
        if under is not None:
            core = DIVIDE(lift(node.dtype.type(1)) if core is None else core, under)
        return up + above, down + below, core
    if name in ("add", "subtract") and _same_scalars(*parts):
        (up, down, a), (_, _, b) = parts
        assert a is not None and b is not None
        return up, down, node.op.make((a, b), ())
    if name == "negative":
        return [lift(node.dtype.type(-1)), *parts[0][0]], parts[0][1], parts[0][2]
    if name in BILINEAR or (name in LINEAR and len(parts) == 1):
        cores = [lift(node.dtype.type(1)) if p[2] is None else p[2] for p in parts]
        core = node.op.make(tuple(cores), node.attrs)
        up, down, _ = _flat(parts, None)
        return (up, down, core) if node.ndim else ([*up, core], down, None)
    operands = tuple(_joined(p) for p in parts)
    same = all(a is b for a, b in zip(operands, node.args))
    return _whole(node if same else node.op.make(operands, node.attrs))


def _same_scalars(a: Parts, b: Parts) -> bool:
    """Whether two terms have the same scalars in front, so that these can be taken out."""
    if a[2] is None or b[2] is None or not (a[0] or a[1]):
        return False
    for left, right in zip(a[:2], b[:2]):
        (c, rest), (d, others) = _constants(left), _constants(right)
        if c != d or len(rest) != len(others) or any(x is not y for x, y in zip(rest, others)):
            return False
    return True


def _flat(parts: list[Parts], core: Expr | None) -> Parts:
    return [n for p in parts for n in p[0]], [d for p in parts for d in p[1]], core


def _joined(parts: Parts) -> Expr:
    up, down, core = parts
    number, up = _constants(up)
    divisor, down = _constants(down)
    if number == int(number) and divisor == int(divisor):
        common = gcd(int(number), int(divisor)) or 1
        number, divisor = number / common, divisor / common
    elif number % divisor == 0:
        number, divisor = number / divisor, 1.0
    if divisor != 1:
        down = [lift(divisor), *down]
    sign = number < 0
    front = up if abs(number) == 1 and (up or core is not None or down) else [lift(abs(number)), *up]
    scalar = reduce(MULTIPLY, front) if front else None
    if down:
        scalar = DIVIDE(lift(1.0) if scalar is None else scalar, reduce(MULTIPLY, down))
    if core is None:
        whole = lift(1.0) if scalar is None else scalar
    else:
        whole = core if scalar is None else MULTIPLY(scalar, core)
    return NEGATIVE(whole) if sign else whole


def _constants(nodes: list[Expr]) -> tuple[float, list[Expr]]:
    """The product of the numbers among the nodes, and the others."""
    number, others = 1.0, []
    for n in nodes:
        if n.op.name == "const" and n.label is None:
            number *= float(n.attrs[0].value)
        elif n.op.name == "size" and n.label is None and (found := MULTIPLE.match(str(n.attrs[0]))):
            number *= int(found[1])
            others.append(lift(n.attrs[0] // int(found[1])))
        else:
            others.append(n)
    return number, others
