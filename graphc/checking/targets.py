"""Targets of a cross-entropy: its gradient p - y is the textbook's because their entries add up to 1."""

from __future__ import annotations

from ..ir import INPUT, Expr, postorder

LOGARITHMS = frozenset({"log", "log_softmax", "log2", "log10"})
REST = frozenset({"subtract", "gap"})


def targets(f: Expr) -> list[str]:
    """The inputs that weigh a logarithm, as y in -Σ y·log p; not those of the binary form, where 1 - y weighs another.

    >>> import graphc as G
    >>> y, z, t = G.input("y", "K"), G.input("z", "K"), G.input("t", "K")
    >>> targets(-G.sum(y * G.log(G.softmax(z))))
    ['y']
    >>> targets(-G.sum(t * G.log(G.sigmoid(z)) + (1 - t) * G.log(1 - G.sigmoid(z))))
    []
    """
    order = postorder([f])
    weights = {a for n in order if n.op.name == "multiply" and any(b.op.name in LOGARITHMS for b in n.args)
               for a in n.args if a.op is INPUT and a.ndim and a.type.is_float}
    binary = {n.args[1] for n in order if n.op.name in REST}
    return [str(n.label) for n in order if n in weights and n not in binary]
