"""The values of question variables: what a STACK question computes before it asks, with draws that are fixed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from ..checking.deciding.from_graph import substitute, trees
from ..checking.reading import functions
from ..checking.reading.tree import Tree, add, call, div, indicator, make, mul, neg, num, power, rel, where
from ..checking.shapes.elaborate import build
from ..errors import GraphcError
from ..ir import INPUT, Expr, variable
from ..reverse import declared_gradients
from ..simplifier import simplify
from .maxima_in import NotRead, Syntax, leaf, statements

MOST_STEPS, LARGEST = 4_000, 400  # evaluations; nodes of a formula

SAME = frozenset({"expand", "ratsimp", "fullratsimp", "factor", "simplify", "radcan", "trigsimp", "trigexpand", "float",
                  "trigreduce", "rat", "ratexpand", "rationalize", "unary_minus_sort", "ev_simp", "partfrac", "dispdp"})
NAMES = {"signum": "sign", "ln": "log", "log_gamma": "lgamma", "ceiling": "ceil"}
RELATIONS = {"=": "==", "#": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}


class Session:
    """Question variables as they are assigned; `drawn` says which were random."""

    def __init__(self, seed: str) -> None:
        self.seed, self.steps, self.draws = seed, 0, 0
        self.values: dict[str, Any] = {}
        self.said: dict[str, Syntax] = {}
        self.rules: dict[str, tuple[tuple[str, ...], Syntax]] = {}

    def run(self, text: str) -> list[str]:
        """Assign what can be; the reasons for what cannot, by name."""
        missed = []
        for statement in statements(text):
            if statement[0] == ":=" and statement[1][0] == "call":
                _, (_, name, args), body = statement
                self.rules[name] = (tuple(str(a[1]) for a in args), body)
            elif statement[0] == ":" and statement[1][0] == "name":
                name = str(statement[1][1])
                try:
                    self.values[name] = self.value(statement[2])
                    self.said[name] = statement[2]
                except (GraphcError, ZeroDivisionError) as error:
                    missed.append(f"{name}: {error}")
        return missed

    def value(self, syntax: Syntax, local: Mapping[str, Any] | None = None) -> Any:
        """A tree, a list, a text, or for an equation a pair."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise NotRead(f"more than {MOST_STEPS:,} steps")
        head = syntax[0]
        if head == "num":
            return num(syntax[1])
        if head == "text":
            return str(syntax[1])
        if head == "name":
            return self._name(str(syntax[1]), local or {})
        if head == "list":
            return [self.value(s, local) for s in syntax[1]]
        if head == "call":
            return self._call(str(syntax[1]), syntax[2], local)
        if head == "index":
            return _item(self.value(syntax[1], local), self.value(syntax[2], local))
        if head == ":":
            return self.value(syntax[2], local)
        return self._operator(head, [self.value(s, local) for s in syntax[1:]])

    def _name(self, name: str, local: Mapping[str, Any]) -> Any:
        if name in local:
            return local[name]
        return self.values[name] if name in self.values else leaf(name)

    def _operator(self, head: str, args: Sequence[Any]) -> Any:
        if head == "=":
            return (args[0], args[1])
        if any(isinstance(a, list) for a in args):
            raise NotRead("arithmetic of lists")
        a = [_tree(x) for x in args]
        if head in RELATIONS:
            return rel(RELATIONS[head], *a)
        if head in ("and", "or", "not"):
            return make(head, *a)
        if head == "if":
            return where(*a)
        rule: dict[str, Callable[..., Tree]] = {
            "+": add, "-": lambda x, y: add(x, neg(y)), "*": mul, "/": div, "^": power, "neg": neg, ".": mul}
        if head not in rule:
            raise NotRead(f"{head} is not read here")
        return folded(rule[head](*a))

    # -- functions ----------------------------------------------------------------------------------------------

    def _call(self, name: str, args: Sequence[Syntax], local: Mapping[str, Any] | None) -> Any:
        if name in self.rules:
            names, body = self.rules[name]
            return self.value(body, {**(local or {}), **dict(zip(names, (self.value(a, local) for a in args)))})
        if name == "ev":
            return self._ev(args, local)
        values = [self.value(a, local) for a in args]
        if name in SAME and values:
            return values[0]
        special = getattr(self, f"_of_{name}", None) if name in SPECIAL else None
        if special is not None:
            return special(values)
        if name == "charfun" and len(values) == 1:
            return indicator(_tree(values[0]))
        known = functions.function_named(NAMES.get(name, name))
        fewest, most = functions.ARITY.get(known or "", (1, 1))
        if known is None or not fewest <= len(values) <= (most or 99) or known in ("where", "indicator"):
            raise NotRead(f"the function {name} of {len(values)}")
        return folded(call(known, *(_tree(v) for v in values)))

    def _ev(self, args: Sequence[Syntax], local: Mapping[str, Any] | None) -> Any:
        """ev(e, x = 1, simp): equations are put in, flags are passed over."""
        found = self.value(args[0], local)
        for flag in args[1:]:
            if flag[0] == "=":
                found = self._of_subst([self.value(flag, local), found])
        return found

    def _of_diff(self, values: Sequence[Any]) -> Tree:
        times = int(_whole(values[2])) if len(values) > 2 else 1
        found = _tree(values[0])
        for _ in range(min(times, 4)):
            found = derivative(found, str(_tree(values[1]).value))
        return found

    def _of_subst(self, values: Sequence[Any]) -> Any:
        """subst(x = a, e), subst([x = a, …], e), subst(a, x, e)."""
        if len(values) == 3:
            pairs = [(values[1], values[0])]
        else:
            pairs = values[0] if isinstance(values[0], list) else [values[0]]
        if not all(isinstance(p, tuple) and _tree(p[0]).head == "sym" for p in pairs):
            raise NotRead("subst of what is no name")
        return folded(substitute(_tree(values[-1]), {str(p[0].value): _tree(p[1]) for p in pairs}))

    def _of_rand(self, values: Sequence[Any]) -> Any:
        [what] = values
        if isinstance(what, list):
            return what[self._draw(len(what))]
        return num(self._draw(int(_whole(what))))

    def _of_rand_with_step(self, values: Sequence[Any]) -> Any:
        low, high, step = (_whole(v) for v in values)
        if step <= 0 or high < low or (high - low) / step > 10_000:
            raise NotRead("rand_with_step of these")
        return num(low + step * self._draw(int((high - low) // step) + 1))

    def _of_rand_with_prohib(self, values: Sequence[Any]) -> Any:
        low, high = (int(_whole(v)) for v in values[:2])
        if high - low > 10_000:
            raise NotRead("rand_with_prohib of these")
        barred = {_tree(v).number for v in values[2]}
        left = [n for n in range(low, high + 1) if n not in barred]
        return num(left[self._draw(len(left))])

    def _of_first(self, values: Sequence[Any]) -> Any:
        return _item(values[0], num(1))

    def _of_second(self, values: Sequence[Any]) -> Any:
        return _item(values[0], num(2))

    def _of_third(self, values: Sequence[Any]) -> Any:
        return _item(values[0], num(3))

    def _draw(self, count: int) -> int:
        """The same on every machine; a draw of many avoids 0, which hides terms."""
        if count < 1:
            raise NotRead("a draw from nothing")
        self.draws += 1
        digest = hashlib.sha256(f"graphc import {self.draws} {self.seed}".encode("utf-8", "surrogatepass")).digest()
        found = int.from_bytes(digest[:8], "big") % count
        return found or min(1, count - 1)


SPECIAL = frozenset({"diff", "subst", "rand", "rand_with_step", "rand_with_prohib", "first", "second", "third"})


def _tree(value: Any) -> Tree:
    if not isinstance(value, Tree):
        raise NotRead("a formula would fit here")
    if value.size > LARGEST:
        raise NotRead(f"a formula of more than {LARGEST} nodes")
    return value


def _whole(value: Any) -> Fraction:
    found = _tree(value).number
    if found is None:
        raise NotRead("a number would fit here")
    return found


def _item(items: Any, index: Any) -> Any:
    at = _whole(index)
    if not isinstance(items, list) or at.denominator != 1 or not 1 <= at <= len(items):
        raise NotRead("an element of a list")
    return items[int(at) - 1]


def folded(tree: Tree) -> Tree:
    """Constants computed, as Maxima shows them: x^(3-1) is x^2."""
    return num(tree.number) if tree.number is not None and tree.head != "num" else tree


def derivative(tree: Tree, name: str) -> Tree:
    """∂tree/∂name, through a graph of ours."""
    declared: dict[str, Expr] = {}

    def declare(n: str) -> Expr:
        return declared.setdefault(n, variable(INPUT, n, (), "float64", declare=False))

    f = build(tree, declare).expr
    if name not in declared:
        return num(0)
    found = simplify(declared_gradients(f, [declared[name]])[0])
    return trees([found])[found]
