"""A residual block y = x + w2·ReLU(w1·x): the gradient has a path on which nothing is lost.

    python examples/residual.py [DIRECTORY]

draws the block in numbers, where ReLU is closed so that only the shortcut carries, and the same with matrices.
"""

import sys
from pathlib import Path

import graphc as G

x = G.input("x")
w1, w2 = G.params("w1 w2")
y = (x + w2 * G.relu((w1 * x).named("z")).named("h")).named("y")
OPEN = {"x": 2, "w1": 3, "w2": 0.5}
CLOSED = {"x": 2, "w1": -3, "w2": 0.5}

# The same over a batch of N examples of d features.
X = G.input("X", "N", "d")
W1, W2 = G.param("W1", "d", "m"), G.param("W2", "m", "d")
Y = (X + G.relu((X @ W1).named("Z")).named("H") @ W2).named("Y")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)

    slope = G.gradients(y, x)
    print("dy/dx =", G.simplify(slope))
    for name, point in (("open", OPEN), ("closed", CLOSED)):
        print(f"with ReLU {name}: dy/dx = {G.evaluate(slope, point):g}")
        for lang in ("en", "fr"):
            G.draw(y, wrt=[w1, w2, x], at=point, lang=lang, rankdir="TB").save(folder / f"{name}.{lang}.svg")

    G.draw(Y, rankdir="TB").save(folder / "matrices.svg")
    for lang in ("en", "fr"):
        derivation = G.derive(y, wrt=x, at=OPEN, lang=lang)
        (folder / f"derivation.{lang}.tex").write_text(derivation.to_latex(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "residual-out"))
