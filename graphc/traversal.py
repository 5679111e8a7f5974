"""Walking a graph without recursion: any nodes that have `args`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    for output in outputs:
        stack: list[tuple[N, int]] = [(output, 0)]
        while stack:
            node, i = stack.pop()
            if i == 0 and node in seen:
                continue
            seen.add(node)
            args = node.args
            while i < len(args) and args[i] in seen:
                i += 1
            if i < len(args):
                stack.append((node, i + 1))
                stack.append((args[i], 0))
            else:
                order.append(node)
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
