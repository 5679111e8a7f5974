"""Simplification against the size of the graph: rules alone, and rules with SymPy on bounded regions.

    python benchmarks/simplify.py [N ...]

Three graphs of about N nodes, gradients included: a chain v = tanh(v)·a + v·b, a network of tanh layers, and a
binary tree of products and sums over N/12 inputs. Each runs in a process of its own after a warm-up of SymPy's
import. The slope is that of log time against log N between neighbouring sizes: 1 is linear.
"""

from __future__ import annotations

import time
from typing import Any

import scaling

KINDS = ("chain", "layers", "tree")
COLUMNS = {"nodes": ",.0f", "rules s": ".2f", "SymPy s": ".2f", "after": ",.0f"}


def graph(kind: str, n: int) -> list[Any]:
    """The gradients of a graph of the kind; about n nodes in all."""
    import graphc as G

    if kind == "chain":
        x, a, b = G.params("x a b")
        v = x
        for _ in range(max(1, n // 14)):
            v = G.tanh(v) * a + v * b
        return list(G.gradients(v, [x, a, b]))
    if kind == "layers":
        h = G.input("h", "N", 8)
        layers = [(G.param(f"W{i}", 8, 8), G.param(f"b{i}", 8)) for i in range(max(1, n // 13))]
        for W, b in layers:
            h = G.tanh(h @ W + b)
        return list(G.gradients(G.sum(h), [w for pair in layers for w in pair]))
    xs = [G.input(f"x{i}") for i in range(max(2, n // 12))]
    row = [x * x + G.exp(x) for x in xs]
    while len(row) > 1:
        pairs = zip(row[::2], row[1::2])
        row = [p * q + p if i % 2 else p + q for i, (p, q) in enumerate(pairs)] + row[len(row) - len(row) % 2 :]
    return list(G.gradients(row[0], xs))


def once(kind: str, n: int) -> tuple[int, float, float, int]:
    """Nodes, seconds of the rules, seconds of the whole simplification, nodes after it."""
    import graphc as G
    from graphc.ir import postorder
    from graphc.rewrite import rewrite

    G.simplify(G.tanh(G.input("x")) * 2 + 1)
    outputs = graph(kind, n)
    start = time.perf_counter()
    rewrite(outputs)
    middle = time.perf_counter()
    simple = G.simplify(outputs)
    return len(postorder(outputs)), middle - start, time.perf_counter() - middle, len(postorder(simple))


if __name__ == "__main__":
    scaling.main(__file__, __doc__, KINDS, once, COLUMNS, ("nodes", "SymPy s"))
