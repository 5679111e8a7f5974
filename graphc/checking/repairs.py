"""Answers whose shapes do not fit: the one transpose that makes the derivative of them, if there is one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from .reading.tree import Tree, make, nodes, transpose

MAX_TRIES = 24
PRODUCTS = frozenset({"mul", "matmul"})


def transposed_once(root: Tree) -> Iterator[tuple[Tree, Tree, Tree]]:
    """The tree with one factor of a product transposed (or no longer so): the whole, the factor, what stands for it.

    >>> from .reading.parse import parse
    >>> from .reading.tree import show
    >>> answer = parse("2W g", arrays={"W": 2, "g": 1}).links[0]
    >>> [show(whole) for whole, _, _ in transposed_once(answer)]
    ['2 Wᵀ g', '2 W gᵀ']
    """
    return islice(_all(root), MAX_TRIES)


def _all(root: Tree) -> Iterator[tuple[Tree, Tree, Tree]]:
    for node in nodes(root):
        if node.head in PRODUCTS:
            for place, factor in enumerate(node.args):
                if factor.number is None:
                    fixed = factor.args[0] if factor.head == "T" else transpose(factor)
                    args = (*node.args[:place], fixed, *node.args[place + 1 :])
                    yield _with(root, node, make(node.head, *args, value=node.value)), factor, fixed


def _with(root: Tree, old: Tree, new: Tree) -> Tree:
    """The tree with one node replaced. Iterative."""
    done: dict[int, Tree] = {}
    for node in nodes(root):
        args = tuple(done[id(a)] for a in node.args)
        if node is old:
            done[id(node)] = new
        elif all(a is b for a, b in zip(args, node.args)):
            done[id(node)] = node
        else:
            done[id(node)] = make(node.head, *args, value=node.value)
    return done[id(root)]
