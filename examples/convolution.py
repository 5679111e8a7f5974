"""A small convolutional network, and what it costs: multiply-adds, operations and bytes as polynomials in the batch N.

    python examples/convolution.py [DIRECTORY]

draws it with all its shapes and writes its table of costs in Markdown and LaTeX, in both languages.
"""

import sys
from pathlib import Path

import graphc as G

x = G.input("x", "N", 1, 28, 28)
K1, b1 = G.param("K1", 6, 1, 5, 5), G.param("b1", 6)
K2, b2 = G.param("K2", 16, 6, 5, 5), G.param("b2", 16)
W, c = G.param("W", 256, 10), G.param("c", 10)

c1 = G.conv2d(x, K1, b1).named("c1")  # 24 × 24
p1 = G.max_pool2d(G.relu(c1).named("r1"), 2).named("p1")  # 12 × 12
c2 = G.conv2d(p1, K2, b2).named("c2")  # 8 × 8
p2 = G.max_pool2d(G.relu(c2).named("r2"), 2).named("p2")  # 4 × 4
z = (p2.reshape(-1, 256) @ W + c).named("z")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)

    cost = G.cost(z)
    print(cost)
    print("multiply-adds:", cost.multiply_adds, "and with N = 32:", cost.at(N=32).multiply_adds)

    for lang in ("en", "fr"):
        G.draw(z, lang=lang, rankdir="TB").save(folder / f"forward.{lang}.svg")
        (folder / f"cost.{lang}.md").write_text(cost.to_markdown(lang), encoding="utf-8")
        (folder / f"cost.{lang}.tex").write_text(cost.to_latex(lang), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "convolution-out"))
