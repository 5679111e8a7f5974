"""Descent in pictures: steps and tangents on one weight, paths of optimisers over two, activation functions.

    python examples/training.py [DIRECTORY]

needs matplotlib: pip install 'graphc[plot]'
"""

import sys
from pathlib import Path

import graphc as G

w = G.param("w")
bowl = ((w - 3) ** 2 / 2 + 1).named("L")

w1, w2 = G.params("w1 w2")
valley = (w1**2 / 20 + w2**2).named("L")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)

    small = G.descend(bowl, at={w: -1}, rate=0.4, steps=5)
    print("w =", *small.values["w"].round(3))
    large = G.descend(bowl, at={w: 1.5}, rate=1.9, steps=4)
    paths = [G.descend(valley, at={w1: -7, w2: 2}, optimiser=name, rate=rate, steps=40)
             for name, rate in (("sgd", 0.9), ("momentum", 0.1), ("adam", 0.4))]
    for path in paths:
        print(path)

    for lang in ("en", "fr"):
        G.draw(small, kind="weight", lang=lang).save(folder / f"small_rate.{lang}.svg")
        G.draw(large, kind="weight", lang=lang).save(folder / f"large_rate.{lang}.svg")
        G.draw(paths, kind="contour", lang=lang).save(folder / f"paths.{lang}.svg")
        G.draw(paths, log=True, lang=lang).save(folder / f"losses.{lang}.svg")
        G.draw([G.relu, G.sigmoid, G.tanh], lang=lang).save(folder / f"activations.{lang}.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "training-out"))
