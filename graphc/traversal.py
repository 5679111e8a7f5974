"""Walking a graph without recursion: any nodes that have `args`."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar


class Node(Protocol):
    """What a walk needs of a node: its operands. Nodes are hashable and compared by identity."""

    @property
    def args(self) -> tuple[Any, ...]: ...


N = TypeVar("N", bound=Node)


def postorder(outputs: Iterable[N]) -> list[N]:
    """Every node that the outputs need, operands before their users, left to right, each once."""
    seen: set[N] = set()
    order: list[N] = []
    collecting = gc.isenabled()
    gc.disable()  # a walk makes no cycles, and would be interrupted by many looks at the whole graph
    try:
        for output in outputs:
            if output in seen:
                continue
            stack: list[tuple[N, Iterator[N]]] = []
            node, rest = output, iter(output.args)  # the operands that are not looked at yet
            while True:
                for arg in rest:
                    if arg not in seen:
                        stack.append((node, rest))
                        node, rest = arg, iter(arg.args)
                        break
                else:
                    seen.add(node)
                    order.append(node)
                    if not stack:
                        break
                    node, rest = stack.pop()
    finally:
        if collecting:
            gc.enable()
    return order


def consumers(order: Sequence[N]) -> dict[N, list[tuple[N, int]]]:
    """For each node, the edges that leave it: (user, operand position), in postorder of the users.

    `x*x` is two edges.
    """
    edges: dict[N, list[tuple[N, int]]] = {node: [] for node in order}
    for node in order:
        for i, arg in enumerate(node.args):
            edges[arg].append((node, i))
    return edges


def to_networkx(outputs: Any) -> Any:
    """The graph of one Expr or several as a `networkx.MultiDiGraph`: an edge for each operand, so x*x keeps its two.

    Nodes are numbered n0, n1, ... in postorder and carry `expr`, `op`, `name` and `type`; an edge
    carries `operand`, its position.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> g = G.to_networkx(x * x)
    >>> list(g.edges(data="operand"))
    [('n0', 'n1', 0), ('n0', 'n1', 1)]
    """
    import networkx

    order = postorder([outputs] if hasattr(outputs, "args") else outputs)
    ids = {node: f"n{i}" for i, node in enumerate(order)}
    graph = networkx.MultiDiGraph()
    for node in order:
        graph.add_node(ids[node], expr=node, op=node.op.name, name=node.label, type=str(node.type))
    for node in order:
        for i, arg in enumerate(node.args):
            graph.add_edge(ids[arg], ids[node], operand=i)
    return graph
