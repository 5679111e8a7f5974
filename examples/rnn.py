"""A recurrent network unrolled over three steps: h_t = tanh(w·x_t + u·h_(t-1)). Both weights are shared by all steps.

    python examples/rnn.py [DIRECTORY]

draws the unrolled graph and its backward graph, and derives ∂L/∂u, a sum over the steps: back-propagation through time.
"""

import sys
from pathlib import Path

import graphc as G

x1, x2, x3, y = G.inputs("x1 x2 x3 y")
w, u = G.params("w u")

h1 = G.tanh((w * x1).named("z1")).named("h1")
h2 = G.tanh((w * x2 + u * h1).named("z2")).named("h2")
h3 = G.tanh((w * x3 + u * h2).named("z3")).named("h3")
e = (h3 - y).named("e")
L = ((e**2).named("q") / 2).named("L")
POINT = {"x1": 1.0, "x2": 0.0, "x3": 0.0, "y": 1.0, "w": 0.5, "u": 0.8}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)

    backward = G.backward(L, [w, u])
    print(backward)
    print("dL/du =", G.simplify(G.gradients(L, u)))

    G.draw(backward, rankdir="TB").save(folder / "backward.svg")
    for lang in ("en", "fr"):
        G.draw(L, lang=lang, rankdir="TB").save(folder / f"forward.{lang}.svg")
        G.draw(L, wrt=[w, u], at=POINT, lang=lang, rankdir="TB").save(folder / f"circuit.{lang}.svg")
        derivation = G.derive(L, wrt=u, lang=lang)
        (folder / f"derivation.{lang}.tex").write_text(derivation.to_latex(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "rnn-out"))
