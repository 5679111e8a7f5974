"""The home exercise, end to end: f = w3·ReLU(w1·x1 + w1·x2 + b), whose weight w1 is shared.

    python examples/exam.py [DIRECTORY]

draws, derives, compiles and checks; what it writes goes to DIRECTORY (by default exam-out).
The graph can also be named on the command line: graphc draw examples/exam.py:f -o exam.svg
"""

import sys
from pathlib import Path

import graphc as G

x1, x2 = G.inputs("x1 x2")
w1, w3, b = G.params("w1 w3 b")
f = w3 * G.relu(w1 * x1 + w1 * x2 + b)

# Pleasant by hand: s = 3, f = 12, and the two paths bring 12 and -4 to the gradient of w1.
POINT = {"x1": 3, "x2": -1, "w1": 2, "w3": 4, "b": -1}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    wrt = [w1, w3, b]

    backward = G.backward(f, wrt)
    print(backward, end="\n\n")
    for w, gradient in zip(wrt, G.simplify(list(backward.gradients))):
        print(f"df/d{w.name} = {gradient}")

    value_and_grad = G.value_and_grad(f, wrt)
    value, gradients = value_and_grad(**POINT)
    print(f"at {POINT}: f = {value:g}, gradients {', '.join(f'{g:g}' for g in gradients)}\n")

    G.draw(f).save(folder / "forward.svg")
    G.draw(f, wrt=wrt, at=POINT).save(folder / "circuit.svg")
    G.draw(backward).save(folder / "backward.svg")
    G.compile([f, *backward.gradients], style="readable").save(folder / "exam_gradients.py")
    for lang in ("en", "fr"):
        derivation = G.derive(f, wrt, at=POINT, lang=lang)
        (folder / f"derivation.{lang}.tex").write_text(derivation.to_latex(), encoding="utf-8")

    for answer in ("w3*(x1 + x2)*1[w1*x1 + w1*x2 + b > 0]", "w3*x1*1[w1*x1 + w1*x2 + b > 0]"):
        print(f"df/dw1 = {answer}", G.check(answer, of=f, wrt=w1), sep="\n", end="\n\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "exam-out"))
