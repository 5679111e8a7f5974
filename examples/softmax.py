"""Softmax with cross-entropy, and why its gradient is so simple: ∂L/∂z = p − y.

    python examples/softmax.py [DIRECTORY]

draws a batch in matrices and one example with three classes in numbers.
"""

import sys
from pathlib import Path

import numpy as np

import graphc as G

# A batch of N examples, D features, K classes; y has a 1 in the place of the true class.
X, Y = G.input("X", "N", "D"), G.input("Y", "N", "K")
W, b = G.param("W", "D", "K"), G.param("b", "K")
Z = (X @ W + b).named("Z")
P = G.softmax(Z, axis=-1).named("P")
L = (-G.mean(G.sum(Y * G.log(P), axis=-1))).named("L")

# One example with three classes, spelled out; the exponentials are 1, 2 and 5.
z1, z2, z3 = G.params("z1 z2 z3")
e1, e2, e3 = G.exp(z1).named("e1"), G.exp(z2).named("e2"), G.exp(z3).named("e3")
p2 = (e2 / (e1 + e2 + e3).named("s")).named("p2")
loss = (-G.log(p2)).named("L")
POINT = {"z1": 0.0, "z2": float(np.log(2)), "z3": float(np.log(5))}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)

    print("dL/dZ =", G.simplify(G.gradients(L, Z)), "and each row of Y has the sum 1")
    p = [1 / 8, 2 / 8, 5 / 8]
    for z, p_k, y_k in zip((z1, z2, z3), p, (0, 1, 0)):
        print(f"dL/d{z.name} = {G.evaluate(G.gradients(loss, z), POINT):g} = {p_k:g} - {y_k}")

    G.draw(G.backward(L, [W, b]), rankdir="TB").save(folder / "backward.svg")
    for lang in ("en", "fr"):
        G.draw(L, lang=lang, rankdir="TB").save(folder / f"forward.{lang}.svg")
        G.draw(loss, wrt=[z1, z2, z3], at=POINT, lang=lang, rankdir="TB").save(folder / f"circuit.{lang}.svg")
        G.derive(L, [W, b], lang=lang).save(folder / f"matrices.{lang}.tex")
        derivation = G.derive(loss, wrt=z2, lang=lang)
        (folder / f"derivation.{lang}.tex").write_text(derivation.to_latex(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "softmax-out"))
