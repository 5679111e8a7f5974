"""A network of 3 inputs, 4 hidden units and 1 output, over a batch of N examples: matrices and their gradients.

    python examples/network_3_4_1.py [DIRECTORY]

draws the graph with its shapes and the backward graph, derives the gradients on paper with the reason for each
transpose, prints the gradients, and saves them as NumPy code.
"""

import sys
from pathlib import Path

import graphc as G

X, y = G.input("X", "N", 3), G.input("y", "N", 1)
W1, b1 = G.param("W1", 3, 4), G.param("b1", 4)
W2, b2 = G.param("W2", 4, 1), G.param("b2", 1)

H = G.sigmoid((X @ W1 + b1).named("Z1")).named("H")
y_hat = G.sigmoid((H @ W2 + b2).named("Z2")).named("y_hat")
L = (G.mean((y_hat - y) ** 2) / 2).named("L")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    weights = [W1, b1, W2, b2]

    backward = G.backward(L, weights)
    for w, gradient in zip(weights, G.simplify(list(backward.gradients))):
        print(f"dL/d{w.name} has shape {gradient.type}: {gradient}")
    print(G.cost(L))

    G.draw(backward, rankdir="TB").save(folder / "backward.svg")
    for lang in ("en", "fr"):
        G.draw(L, lang=lang, rankdir="TB").save(folder / f"forward.{lang}.svg")
        G.derive(L, weights, lang=lang).save(folder / f"derivation.{lang}.tex")
    G.compile([L, *backward.gradients], style="readable").save(folder / "network_gradients.py")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "network_3_4_1-out"))
