"""Batch normalisation, step by step: the mean and the variance of the batch are part of the graph.

    python examples/batch_norm.py [DIRECTORY]

draws forward and backward graphs, and shows that the gradient by x has mean 0 over the batch.
"""

import sys
from pathlib import Path

import numpy as np

import graphc as G

x = G.input("x", "N", "d")
gamma, beta = G.param("gamma", "d"), G.param("beta", "d")

mu = G.mean(x, axis=0).named("mu")
centred = (x - mu).named("c")
v = G.mean(centred**2, axis=0).named("v")
x_hat = (centred / G.sqrt(v + 1e-5)).named("x_hat")
y = (gamma * x_hat + beta).named("y")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)

    g = G.input("g", "N", "d")  # what comes back to y
    (slope,) = G.vjp([y], [x], [g])
    rows = np.array([[1.0, 4.0], [2.0, 0.0], [6.0, 2.0]])
    found = G.evaluate(slope, {x: rows, gamma: [1.0, 2.0], beta: [0.0, 0.0], g: [[1.0, 0.0], [0.0, 0.0], [0.0, 3.0]]})
    print("gradient by x:", *found.round(4), "its mean over the batch:", np.abs(found.mean(axis=0)).round(12), sep="\n")

    G.draw(G.backward(G.sum(g * y).named("f"), [x, gamma, beta]), rankdir="TB").save(folder / "backward.svg")
    for lang in ("en", "fr"):
        G.draw(y, lang=lang, rankdir="TB").save(folder / f"forward.{lang}.svg")
        G.derive(G.sum(g * y).named("f"), [x, gamma, beta], lang=lang).save(folder / f"derivation.{lang}.tex")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "batch_norm-out"))
