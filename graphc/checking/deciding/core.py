"""Trees in a handful of basic operations, shared where they are equal.

Sugar (max, relu, σ', where, …) becomes sums, products, powers, a few functions, and `case`: a value
chosen by the sign of a switch. Evaluation and proof know these alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

from ..reading import functions
from ..reading.tree import Tree

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, eq=False)
class Core:
    """Heads: num sym const add mul powi powr fn case. `case` has operands (switch, below, at, above)."""

    head: str
    args: tuple[Core, ...] = ()
    value: Fraction | str | int | None = None
    serial: int = 0


@dataclass
class Pool:
    """Makes core nodes; equal ones are one object."""

    table: dict[tuple[object, ...], Core] = field(default_factory=dict)
    lowered: dict[int, Core] = field(default_factory=dict)
    keep: list[Tree] = field(default_factory=list)  # the ids in `lowered` stay theirs

    def node(self, head: str, *args: Core, value: Fraction | str | int | None = None) -> Core:
        key = (head, value, *(a.serial for a in args))
        if key not in self.table:
            self.table[key] = Core(head, args, value, len(self.table))
        return self.table[key]

    def num(self, value: int | Fraction) -> Core:
        return self.node("num", value=Fraction(value))

    def add(self, *terms: Core) -> Core:
        kept = [t for t in terms if not _is(t, 0)]
        return kept[0] if len(kept) == 1 else self.node("add", *kept) if kept else self.num(0)

    def mul(self, *factors: Core) -> Core:
        kept = [f for f in factors if not _is(f, 1)]
        return kept[0] if len(kept) == 1 else self.node("mul", *kept) if kept else self.num(1)

    def neg(self, a: Core) -> Core:
        number = a.head == "num" and isinstance(a.value, Fraction)  # a root has a value too: its exponent
        return self.num(-Fraction(a.value or 0)) if number else self.mul(self.num(-1), a)

    def sub(self, a: Core, b: Core) -> Core:
        return self.add(a, self.neg(b))

    def fn(self, name: str, *args: Core) -> Core:
        return self.node("fn", *args, value=name)

    def case(self, switch: Core, below: Core, at: Core, above: Core) -> Core:
        if switch.head == "num":
            assert isinstance(switch.value, Fraction)
            return above if switch.value > 0 else below if switch.value < 0 else at
        return above if below is at is above else self.node("case", switch, below, at, above)

    def root(self, base: Core, exponent: Fraction) -> Core:
        if exponent.denominator == 1:
            return self.node("powi", base, value=int(exponent)) if exponent != 1 else base
        return self.node("powr", base, value=exponent)

    def power(self, base: Core, exponent: Core, constant: Fraction | None) -> Core:
        if base.head == "const" and base.value == "e":
            return self.fn("exp", exponent)
        if constant is not None:
            return self.root(base, constant)
        # a^b = e^(b ln a), for a > 0
        return self.fn("exp", self.mul(exponent, self.fn("log", base)))

    def lower(self, tree: Tree) -> Core:
        """The core of a tree. Iterative, each shared node once."""
        stack = [tree]
        while stack:
            node = stack[-1]
            missing = [] if id(node) in self.lowered else [a for a in node.args if id(a) not in self.lowered]
            if missing:
                stack.extend(reversed(missing))
                continue
            stack.pop()
            if id(node) not in self.lowered:
                self.keep.append(node)
                self.lowered[id(node)] = self._lower(node, [self.lowered[id(a)] for a in node.args])
        return self.lowered[id(tree)]

    def _lower(self, node: Tree, args: list[Core]) -> Core:
        head = node.head
        if head in ("num", "sym"):
            return self.node(head, value=node.value)
        if head == "const":
            return self.fn("exp", self.num(1)) if node.value == "e" else self.node("const", value=node.value)
        if head in ("call", "prime"):
            return self._call(node, args)
        if head == "ind":
            return self.choose(args[0], self.num(1), self.num(0))
        if head == "where":
            return self.choose(args[0], args[1], args[2])
        if head in ("rel", "and", "or", "not", "bool"):
            return self._condition(node, args)
        return self._arithmetic(node, args)

    def _arithmetic(self, node: Tree, args: list[Core]) -> Core:
        head = node.head
        if head == "add":
            return self.add(*args)
        if head == "mul":
            return self.mul(*args)
        if head == "neg":
            return self.neg(args[0])
        if head == "div":
            return self.mul(args[0], self.node("powi", args[1], value=-1))
        base = self.node("const", value="e") if _is_e(node.args[0]) else args[0]
        return self.power(base, args[1], node.args[1].number)

    def _condition(self, node: Tree, args: list[Core]) -> Core:
        """A condition is 1 where it holds, else 0."""
        one, zero = self.num(1), self.num(0)
        if node.head == "rel":
            below, at, above = {"<": (1, 0, 0), "<=": (1, 1, 0), ">": (0, 0, 1), ">=": (0, 1, 1),
                                "==": (0, 1, 0), "!=": (1, 0, 1)}[str(node.value)]
            return self.case(self.sub(args[0], args[1]), self.num(below), self.num(at), self.num(above))
        if node.head == "and":
            result = one
            for a in reversed(args):
                result = self.choose(a, result, zero)
            return result
        if node.head == "or":
            result = zero
            for a in reversed(args):
                result = self.choose(a, one, result)
            return result
        return self.choose(args[0], zero, one) if node.head == "not" else self.num(int(node.value == "True"))

    def choose(self, condition: Core, a: Core, b: Core) -> Core:
        """`a` where the condition (a 0/1 value) holds, else `b`; the other is not looked at."""
        if condition.head == "case" and all(_is(c, 0) or _is(c, 1) for c in condition.args[1:]):
            below, at, above = (a if _is(c, 1) else b for c in condition.args[1:])
            return self.case(condition.args[0], below, at, above)
        if condition.head == "case":
            return self.case(condition.args[0], *(self.choose(c, a, b) for c in condition.args[1:]))
        return self.case(condition, b, b, a)

    def _call(self, node: Tree, args: list[Core]) -> Core:
        name = str(node.value)
        if node.head == "prime" or name in functions.DEFINED:
            build = (functions.PRIMES if node.head == "prime" else functions.DEFINED)[name]
            return self.lower(build(*node.args))
        return self._basic(name, args)

    def _basic(self, name: str, args: list[Core]) -> Core:
        u = args[0]
        if name == "abs":
            return self.case(u, self.neg(u), self.num(0), u)
        if name == "sign":
            return self.case(u, self.num(-1), self.num(0), self.num(1))
        if name in ("max", "min"):
            for v in args[1:]:
                low, high = (u, v) if name == "max" else (v, u)
                u = self.case(self.sub(v, u), low, u, high)
            return u
        if name == "sqrt":
            return self.node("powr", u, value=Fraction(1, 2))
        if name == "cbrt":
            third = Fraction(1, 3)
            return self.case(u, self.neg(self.root(self.neg(u), third)), self.num(0), self.root(u, third))
        return self.fn(name, *args)


def _is(node: Core, value: int) -> bool:
    return node.head == "num" and node.value == value


def _is_e(tree: Tree) -> bool:
    return tree.head == "const" and tree.value == "e"


def valued(root: Core, memo: dict[int, Value], needs: Callable[[Core], Sequence[Core]],
           compute: Callable[[Core, list[Value]], Value]) -> Value:
    """The value of a node, by those it needs, which may become more as they get theirs: a case, by its switch.

    Iterative; `memo` has the values by the serial of their node.
    """
    stack = [root]
    while stack:
        node = stack[-1]
        if node.serial in memo:
            stack.pop()
            continue
        wanted = needs(node)
        missing = [a for a in wanted if a.serial not in memo]
        if missing:
            stack.extend(reversed(missing))
            continue
        memo[node.serial] = compute(node, [memo[a.serial] for a in wanted])
        stack.pop()
    return memo[root.serial]


def postorder(*roots: Core) -> list[Core]:
    """Every node once, operands before users."""
    order: list[Core] = []
    seen: set[int] = set()
    stack: list[tuple[Core, bool]] = [(r, False) for r in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node.serial not in seen:
            seen.add(node.serial)
            stack.append((node, True))
            stack.extend((a, False) for a in reversed(node.args))
    return order


def switches(*roots: Core) -> list[Core]:
    """What changes sign between cells: operands of case, of log, of even roots; in order of appearance."""
    found: dict[int, Core] = {}
    for node in postorder(*roots):
        if node.head in ("case", "powr") or (node.head == "fn" and node.value == "log"):
            if node.args[0].head != "num":
                found[node.args[0].serial] = node.args[0]
        elif node.head == "powi" and isinstance(node.value, int) and node.value < 0 and node.args[0].head != "num":
            found[node.args[0].serial] = node.args[0]
    return list(found.values())


def flat_switch(order: Sequence[Core]) -> bool:
    """Whether a switch depends on floor, so that it may be zero on whole intervals and not at kinks alone."""
    stepped: set[int] = set()
    for node in order:
        if (node.head == "fn" and node.value == "floor") or any(a.serial in stepped for a in node.args):
            stepped.add(node.serial)
    return any(n.head == "case" and n.args[0].serial in stepped for n in order)
