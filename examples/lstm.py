"""One LSTM cell (Hochreiter and Schmidhuber 1997; the forget gate is of Gers, Schmidhuber and Cummins 2000).

    python examples/lstm.py [DIRECTORY]

draws the layer in matrices, and the cell behind its gates in numbers; and shows why it remembers: ∂c/∂c_prev is the
forget gate, and nothing else.
"""

import sys
from pathlib import Path

import graphc as G

# The layer: N examples, d inputs, m cells. One matrix for each gate takes what comes in beside what was last said.
X, H_prev, C_prev = G.input("X", "N", "d"), G.input("H_prev", "N", "m"), G.input("C_prev", "N", "m")
Wf, Wi, Wo, Wg = (G.param(f"W_{gate}", X.shape[1] + H_prev.shape[1], "m") for gate in "fiog")
V = G.concatenate([X, H_prev], axis=1).named("V")
F, I, O = (G.sigmoid(V @ W).named(name) for W, name in ((Wf, "F"), (Wi, "I"), (Wo, "O")))  # forget, let in, let out
C = (F * C_prev + I * G.tanh(V @ Wg).named("G")).named("C")
H = (O * G.tanh(C)).named("H")

# One cell, from what arrives at its gates.
z_f, z_i, z_o, z_g, c_prev = G.inputs("z_f z_i z_o z_g c_prev")
f, i, o = (G.sigmoid(z).named(name) for z, name in ((z_f, "f"), (z_i, "i"), (z_o, "o")))
c = (f * c_prev + i * G.tanh(z_g).named("g")).named("c")
h = (o * G.tanh(c)).named("h")
POINT = {"z_f": 0, "z_i": 0, "z_o": 0, "z_g": 0, "c_prev": 2}  # every gate stands half open, and c is 1


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)

    print("dc/dc_prev =", G.simplify(G.gradients(c, c_prev)))
    slope = G.gradients(h, c_prev)
    print("dh/dc_prev =", G.simplify(slope), "=", f"{G.evaluate(slope, POINT):.4g}")

    for lang in ("en", "fr"):
        G.draw(H, lang=lang, rankdir="TB").save(folder / f"layer.{lang}.svg")
        G.draw(h, wrt=[z_f, z_i, z_o, z_g, c_prev], at=POINT, lang=lang, rankdir="TB").save(
            folder / f"circuit.{lang}.svg")
        derivation = G.derive(h, wrt=c_prev, at=POINT, lang=lang)
        (folder / f"derivation.{lang}.tex").write_text(derivation.to_latex(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "lstm-out"))
