"""What is echoed reads again as the same tree, whatever the tree."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.checking.reading.parse import parse
from graphc.checking.reading.tree import (
    NORMS,
    Tree,
    add,
    array,
    call,
    const,
    delta,
    div,
    eye,
    index,
    indicator,
    make,
    matmul,
    mul,
    neg,
    norm,
    num,
    ones,
    power,
    prime,
    product,
    rel,
    show,
    sym,
    total,
    transpose,
    where,
)

SCALARS = ("a", "b", "w1", "N")
ARRAYS = {"x": 1, "y_hat": 1, "W": 2, "A": 2, "theta": 1}


def alike(a: Tree, b: Tree) -> bool:
    stack = [(a, b)]
    while stack:
        one, other = stack.pop()
        if (one.head, one.value, len(one.args)) != (other.head, other.value, len(other.args)):
            return False
        stack += zip(one.args, other.args)
    return True


def negated(a: Tree) -> Tree:
    """The negation as it is read: of a product its first factor is negated, of a number the number is."""
    return a if a.head in ("num", "mul", "div", "matmul") else neg(a)


def summed(terms: list[Tree], minus: list[bool]) -> Tree:
    """A sum as it is read: its first term is no sum, and what follows a minus is a term subtracted."""
    first = terms[0] if terms[0].head != "add" else terms[0].args[0]
    rest = [make("neg", t.args[0] if t.head == "neg" else t, value="-") if m or t.head == "neg" else t
            for t, m in zip(terms[1:], minus)]
    return add(first, *rest)


def multiplied(factors: list[Tree], signs: str) -> Tree:
    first = factors[0]
    if first.head == "mul" and first.value is None and not any(f.shaped for f in factors):
        factors = [first.args[0], *factors[1:]]
    return product(factors, signs[: len(factors) - 1])


def raised(base: Tree, exponent: Tree, stars: bool) -> Tree:
    return make("pow", base, exponent, value="**" if stars and base.shaped else None)


def turned(a: Tree) -> Tree:
    """1ᵀ is read as the vector of ones, turned."""
    return transpose(ones() if a.number == 1 and a.head == "num" else a)


def rows(elements: list[Tree], width: int) -> Tree:
    flat = [e for e in elements if e.head != "array"] or [num(1)]
    if len(flat) % width or width == len(flat):
        return array(*flat)
    return array(*(array(*flat[i : i + width]) for i in range(0, len(flat), width)))


class Maker:
    """Random trees of every head, of the form in which the reader makes them."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def one_of(self, *makers: Callable[[], Tree]) -> Tree:
        return self.random.choice(makers)()

    def letter(self) -> str:
        return self.random.choice("ijk")

    def position(self) -> Tree:
        """An index."""
        return self.one_of(lambda: sym(self.letter()), lambda: num(self.random.randint(1, 9)), lambda: sym("N"),
                           lambda: add(sym(self.letter()), num(1)))

    def counted(self) -> Tree:
        return self.one_of(lambda: sym(self.letter()), lambda: num(self.random.randint(0, 30)), lambda: sym(":"),
                           lambda: add(sym(self.letter()), num(1)))

    def leaf(self) -> Tree:
        return self.one_of(
            lambda: num(self.random.randint(0, 20)), lambda: num(Fraction(self.random.randint(1, 400), 8)),
            lambda: num(-self.random.randint(1, 9)), lambda: sym(self.random.choice(SCALARS)), self.array,
            self.array, lambda: const(self.random.choice(("pi", "e"))),
            lambda: delta(self.position(), self.position()), eye, lambda: eye(self.position()),
            ones, lambda: ones(self.position()))

    def array(self) -> Tree:
        return sym(self.random.choice(sorted(ARRAYS)), True)

    def tree(self, depth: int) -> Tree:
        if depth == 0 or self.random.random() < 0.15:
            return self.leaf()
        return self.one_of(*[lambda f=f: f(depth - 1) for f in (self.scalar, self.product, self.shaped, self.called)])

    def several(self, depth: int) -> list[Tree]:
        return [self.tree(depth) for _ in range(self.random.randint(2, 3))]

    def scalar(self, depth: int) -> Tree:
        return self.one_of(
            lambda: negated(self.tree(depth)),
            lambda: summed(self.several(depth), [self.random.random() < 0.5 for _ in range(3)]),
            lambda: div(self.tree(depth), self.tree(depth)),
            lambda: raised(self.tree(depth), self.tree(depth), self.random.random() < 0.3),
            lambda: indicator(self.condition(depth)),
            lambda: where(self.condition(depth), self.tree(depth), self.tree(depth)))

    def product(self, depth: int) -> Tree:
        signs = "".join(self.random.choice("*.oj") for _ in range(2))
        return self.one_of(lambda: multiplied(self.several(depth), signs),
                           lambda: matmul(self.tree(depth), self.tree(depth)))

    def condition(self, depth: int) -> Tree:
        if depth == 0 or self.random.random() < 0.6:
            sign = self.random.choice(("<", "<=", ">", ">=", "==", "!="))
            return rel(sign, self.tree(depth), self.tree(depth))
        return self.one_of(lambda: make("and", self.condition(depth - 1), self.condition(depth - 1)),
                           lambda: make("or", self.condition(depth - 1), self.condition(depth - 1)),
                           lambda: make("not", self.condition(depth - 1)))

    def shaped(self, depth: int) -> Tree:
        span = self.random.choice(((), (num(1), sym("N")), (num(0), add(sym("N"), make("neg", num(1), value="-")))))
        return self.one_of(
            lambda: turned(self.tree(depth)), lambda: index(self.indexed(depth), self.position()),
            lambda: index(self.indexed(depth), self.one_of(self.position, lambda: sym(":")), self.position()),
            lambda: index(self.indexed(depth), *[self.counted() for _ in range(self.random.randint(1, 2))], start=0),
            lambda: total(self.letter(), self.tree(depth), *span, head=self.random.choice(("sum", "prod"))),
            lambda: norm(self.tree(depth), self.random.choice(NORMS)),
            lambda: rows([self.tree(depth) for _ in range(self.random.randint(1, 4))], self.random.randint(1, 2)))

    def indexed(self, depth: int) -> Tree:
        return self.one_of(self.array, lambda: matmul(self.tree(depth), self.tree(depth)), self.array,
                           lambda: call("softmax", self.tree(depth)), lambda: turned(self.tree(depth)),
                           lambda: summed([self.array(), *self.several(depth)], [True, False, True]))

    def called(self, depth: int) -> Tree:
        one = ("exp", "log", "tanh", "abs", "sigmoid", "tr", "det", "inv", "sum")
        two = ("max", "outer", "dot", "kron", "solve")
        return self.one_of(lambda: call(self.random.choice(one), self.tree(depth)),
                           lambda: call(self.random.choice(two), self.tree(depth), self.tree(depth)),
                           lambda: call("sum", self.tree(depth), num(0)),
                           lambda: prime("sigmoid", self.tree(depth)))


@pytest.mark.parametrize("lang", ["en", "fr"])
@settings(max_examples=400)
@given(random=st.randoms(use_true_random=False), depth=st.integers(1, 4))
def test_an_echo_reads_as_the_same_tree(lang: str, random: Random, depth: int) -> None:
    tree = Maker(random).tree(depth)
    echo = show(tree, lang)
    again = parse(echo, SCALARS, arrays=ARRAYS, lang=lang).links[0]
    assert alike(again, tree), f"{echo} read as {show(again, lang)}"


def test_trees_that_differ_are_told_apart() -> None:
    x = sym("x", True)
    assert not alike(mul(x, x), product([x, x], "o"))
    assert not alike(power(x, 2), make("pow", x, num(2), value="**"))
    assert alike(norm(x), norm(sym("x", True)))
