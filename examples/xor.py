"""XOR, which no single layer can learn: two hidden units, trained by gradient descent.

    python examples/xor.py [DIRECTORY]

trains by three optimisers from the same start, draws their losses, and prints what the network has learned.

Needs matplotlib: pip install 'graphc[plot]'
"""

import sys
from pathlib import Path

import graphc as G

X, y = G.input("X", 4, 2), G.input("y", 4)
W, b = G.param("W", 2, 2), G.param("b", 2)
v, c = G.param("v", 2), G.param("c")

H = G.tanh(X @ W + b).named("H")
z = (H @ v + c).named("z")
L = G.mean(G.softplus(z) - y * z).named("L")  # cross-entropy of y_hat = sigmoid(z)
y_hat = G.sigmoid(z).named("y_hat")

DATA = {X: [[0, 0], [0, 1], [1, 0], [1, 1]], y: [0, 1, 1, 0]}
START = {W: [[0.9, -0.5], [0.4, -0.8]], b: [0.1, 0.6], v: [0.5, 0.7], c: 0.0}  # not symmetric, or units stay alike


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)

    histories = [G.descend(L, at=START, data=DATA, optimiser=name, rate=rate, steps=400)
                 for name, rate in (("sgd", 0.5), ("momentum", 0.2), ("adam", 0.05))]
    for history in histories:
        learned = G.evaluate(y_hat, {X: DATA[X], **history.final})
        print(f"{history.optimiser}: L = {history.losses[-1]:.4f}, y_hat = {learned.round(3)}")

    for lang in ("en", "fr"):
        G.draw(L, lang=lang, rankdir="TB").save(folder / f"forward.{lang}.svg")
        G.derive(L, detail="short", lang=lang).save(folder / f"derivation.{lang}.tex")
        G.draw(histories, log=True, lang=lang).save(folder / f"loss.{lang}.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "xor-out"))
