"""The smallest network that has everything: one input, one hidden unit, one output, sigmoids and a squared loss.

    python examples/one_one_one.py [DIRECTORY]

draws the graph, the circuit in both languages and the backward graph, derives ∂L/∂w1 on paper, and takes a few steps.

Needs matplotlib: pip install 'graphc[plot]'
"""

import sys
from pathlib import Path

import graphc as G

x, y = G.inputs("x y")
w1, b1, w2, b2 = G.params("w1 b1 w2 b2")

a = G.sigmoid((w1 * x + b1).named("z1")).named("a")
y_hat = G.sigmoid((w2 * a + b2).named("z2")).named("y_hat")
L = ((y_hat - y) ** 2 / 2).named("L")

# Pleasant by hand: both sigmoids are taken at 0, where they are 1/2 with slope 1/4; L = 1/8.
POINT = {"x": 1, "y": 1, "w1": 2, "b1": -2, "w2": 2, "b2": -1}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    weights = [w1, b1, w2, b2]

    for w, gradient in zip(weights, G.simplify(G.gradients(L, weights))):
        print(f"dL/d{w.name} = {gradient} = {G.evaluate(gradient, POINT):g}")

    G.draw(L, rankdir="TB").save(folder / "forward.svg")
    G.draw(G.backward(L, weights), at=POINT, rankdir="TB").save(folder / "backward.svg")
    for lang in ("en", "fr"):
        G.draw(L, wrt=weights, at=POINT, lang=lang, rankdir="TB").save(folder / f"circuit.{lang}.svg")
        derivation = G.derive(L, wrt=w1, at=POINT, lang=lang)
        (folder / f"derivation.{lang}.tex").write_text(derivation.to_latex(), encoding="utf-8")

    history = G.descend(L, at=POINT, wrt=w2, rate=40, steps=5)
    G.draw(history, kind="weight", span=(-4, 9)).save(folder / "descent.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "one_one_one-out"))
