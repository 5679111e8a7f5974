"""The examples run, as a user runs them, and say what they promise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "examples" / "figures"
EXAMPLES = sorted(p for p in (ROOT / "examples").glob("*.py") if p.name != "figures.py")


def run(*command, cwd):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, *map(str, command)], capture_output=True, cwd=cwd, env=environment,
                          encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.name)
def test_example_runs_and_its_figures_say_what_they_said(example, tmp_path):
    """Words, boxes and wires are those of examples/figures; `python examples/figures.py` draws these again."""
    assert run(example, "here", cwd=tmp_path).strip()
    found = {p.name: p for p in (tmp_path / "here").glob("*.svg")}
    kept = {p.name: p for p in (FIGURES / example.stem).glob("*.svg")}
    assert found.keys() == kept.keys()
    for name, path in found.items():
        assert structure(path) == structure(kept[name]), f"{example.stem}/{name} has changed"


def structure(path):
    """What a figure says, whichever engine placed it: its title and description, and how many there are of each
    box, wire and label by class, key and text; of a plot its words, which matplotlib leaves as comments."""
    text = path.read_text(encoding="utf-8")
    root = ET.fromstring(text)
    said = [root.get("lang"), *(child.text for child in root if child.tag.endswith(("title", "desc")))]
    parts = Counter((e.tag.split("}")[1], e.get("class"), e.get("data-key"), e.get("aria-label"))
                    for e in root.iter() if e.get("class") or e.get("aria-label"))
    return said, parts, Counter(re.findall(r"<!-- (.*?) -->", text))


def test_every_kept_figure_belongs_to_an_example():
    assert {p.name for p in FIGURES.iterdir()} == {p.stem for p in EXAMPLES}


@pytest.mark.parametrize("change", [('aria-label="w_{1}"', 'aria-label="w_{2}"'), ('data-key="h"', 'data-key="k"'),
                                    ("</desc>", " </desc>"), ('class="wire"', 'class="border"')])
def test_the_comparison_sees_a_change(change, tmp_path):
    figure = FIGURES / "residual" / "closed.en.svg"
    text = figure.read_text(encoding="utf-8")
    assert change[0] in text
    changed = tmp_path / "changed.svg"
    changed.write_text(text.replace(change[0], change[1], 1), encoding="utf-8")
    assert structure(figure) == structure(figure)
    assert structure(changed) != structure(figure)


def test_two_runs_give_the_same_bytes(tmp_path):
    """Plots and drawings and derivations alike."""
    for n in "12":
        run(ROOT / "examples" / "one_one_one.py", n, cwd=tmp_path)
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in "12")
    assert first == second
    assert len(first) >= 5


def test_exam_says_the_gradient_and_both_verdicts(tmp_path):
    text = run(ROOT / "examples" / "exam.py", "here", cwd=tmp_path)
    assert "df/dw1 = w3*(x1 + x2)*1[w1*x1 + w1*x2 + b > 0]" in text
    assert "f = 12, gradients 8, 3, 4" in text
    assert "9 edge visits; a sum over paths would walk 4 paths" in text
    assert {p.name for p in (tmp_path / "here").iterdir()} == {
        "forward.svg", "circuit.svg", "backward.svg", "exam_gradients.py", "derivation.en.tex", "derivation.fr.tex"}


def test_checking_marks_what_is_right_what_follows_and_what_is_not(tmp_path):
    """One slip costs its own point alone; the transposed place and the mask are named."""
    text = run(ROOT / "examples" / "checking.py", "here", cwd=tmp_path)
    assert "ada: 20 of 20 points\n\nstudent-01: 16 of 20 points" in text
    assert "student-02: 19 of 20 points\n  q1.y (0/1): Not correct: entry 2 does not agree" in text
    assert text.count("Right, given your answer for") == 7
    assert "Each entry is right, but in the transposed place" in text
    assert "You forgot the derivative of ReLU at h" in text
    assert "dL/dW2 = e hᵀ\ndL/dW1 = ((W2ᵀ e) ⊙ 1[z > 0]) xᵀ" in text


def test_the_emitted_module_stands_alone(tmp_path):
    run(ROOT / "examples" / "exam.py", "here", cwd=tmp_path)
    module = tmp_path / "here" / "exam_gradients.py"
    assert "graphc" not in {line.split()[1].split(".")[0] for line in module.read_text(encoding="utf-8").splitlines()
                            if line.startswith(("import ", "from "))}
    run(module, cwd=tmp_path)
