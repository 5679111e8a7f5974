r"""Grading answers in matrices: L = ‖e‖²/2 with e = y − t, y = W2·h, h = ReLU(z), z = W1·x + b.

    python examples/checking.py [DIRECTORY]

loads network.toml, grades three submissions and draws the network. Each student has numbers of their own. From the
command line: graphc sheet examples/network.toml --student ada; graphc exercise check examples/network.toml
"""

import sys
from pathlib import Path

import graphc as G

EXERCISE = G.Exercise.load(Path(__file__).with_name("network.toml"))

# All right. z = (9, -1, 3), so that the second unit is off: its row of the gradient by W1 is zero.
ADA = {
    "q1": {"z": "[9, -1, 3]", "h": "[9, 0, 3]", "y": "[-12, -3]", "L": "261/2"},
    "q2": {"W1": "3 x 2", "W2": "2 x 3"},
    "q3": {"e": "[-15, -6]", "h": "[21, -42, 3]", "z": "[21, 0, 3]"},
    "q4": {"W2": "[-135, 0, -45; -54, 0, -18]", "W1": "[42, 63; 0, 0; 6, 9]", "b": "[21, 0, 3]"},
    "q5": {"W2": "e h^T", "W1": "((W2^T e) ⊙ 1[z > 0]) x^T"},
    "q6": {"h": "[-1, 2, -1; -1, 2, 2]"},
}

# One slip: y = W2·h is (1, 2), not (1, 3). What follows is right with it, and keeps its points.
STUDENT_02 = {
    "q1": {"z": "[1, -1, -2]", "h": "[1, 0, 0]", "y": "[1, 3]", "L": "6.5"},
    "q2": {"W1": "3 x 2", "W2": "2 x 3"},
    "q3": {"e": "[-2, 3]", "h": "[4, 1, 8]", "z": "[4, 0, 0]"},
    "q4": {"W2": "[[-2, 0, 0], [3, 0, 0]]", "W1": "[[12, 8], [0, 0], [0, 0]]", "b": "[4, 0, 0]"},
    "q5": {"W2": "(y - t) h^T", "W1": "((W2^T (y - t)) ⊙ 1[z > 0]) x^T"},
    "q6": {"h": "[[1, 1, -1], [2, 1, 2]]"},
}

# In LaTeX, with a transpose too few in one formula and the mask left out in the other.
STUDENT_01 = {
    "q1": {"z": r"\begin{pmatrix} -5 \\ -3 \\ 11 \end{pmatrix}", "h": r"(0, 0, 11)^\top", "y": r"(22, -11)^\top",
           "L": r"\frac{557}{2}"},
    "q2": {"W1": r"3 \times 2", "W2": r"2 \times 3"},
    "q3": {"e": r"(19, -14)^\top", "h": r"(33, 33, 52)^\top", "z": r"(0, 0, 52)^\top"},
    "q4": {"W2": r"\begin{pmatrix} 0 & 0 & 209 \\ 0 & 0 & -154 \end{pmatrix}",
           "W1": r"\begin{pmatrix} 0 & 0 \\ 0 & 0 \\ 156 & 104 \end{pmatrix}", "b": r"(0, 0, 52)^\top"},
    "q5": {"W2": r"\frac{\partial L}{\partial W_2} = h \, e^\top", "W1": r"W_2^\top e \, x^\top"},
    "q6": {"h": r"\begin{pmatrix} 1 & 1 & 2 \\ -1 & -1 & -1 \end{pmatrix}"},
}

SUBMISSIONS = {"ada": ADA, "student-01": STUDENT_01, "student-02": STUDENT_02}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for student, answers in SUBMISSIONS.items():
        grade = EXERCISE.grade(answers, student)
        print(f"{student}: {float(grade.points):g} of {float(grade.max_points):g} points")
        for part in grade.parts:
            if part.status != "correct":
                print(f"  {part.key} ({float(part.points):g}/{float(part.max_points):g}): {part.message}")
        print()

    for question in EXERCISE.questions:
        for answer in EXERCISE.answers(question, EXERCISE.numbers("ada")) if question.ask == "formula" else ():
            print(f"dL/d{answer.wrt} = {answer.written().text}")

    G.draw(G.backward(EXERCISE.f, list(EXERCISE.wrt)), rankdir="TB").save(folder / "backward.svg")
    for lang in ("en", "fr"):
        G.draw(EXERCISE.f, lang=lang).save(folder / f"forward.{lang}.svg")
        G.draw(EXERCISE.f, wrt=list(EXERCISE.wrt), at=EXERCISE.numbers("ada"), lang=lang,
               rankdir="TB").save(folder / f"circuit.{lang}.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "checking-out"))
