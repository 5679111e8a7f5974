"""The examples run, as a user runs them, and say what they promise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def run(*command, cwd):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, *map(str, command)], capture_output=True, cwd=cwd, env=environment,
                          encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.name)
def test_example_runs(example, tmp_path):
    assert run(example, cwd=tmp_path).strip()


def test_exam_says_the_gradient_and_both_verdicts(tmp_path):
    text = run(ROOT / "examples" / "exam.py", "here", cwd=tmp_path)
    assert "df/dw1 = w3*(x1 + x2)*1[w1*x1 + w1*x2 + b > 0]" in text
    assert "f = 12, gradients 8, 3, 4" in text
    assert "9 edge visits; a sum over paths would walk 4 paths" in text
    assert {p.name for p in (tmp_path / "here").iterdir()} == {
        "forward.svg", "circuit.svg", "backward.svg", "exam_gradients.py", "derivation.en.tex", "derivation.fr.tex"}


def test_the_emitted_module_stands_alone(tmp_path):
    run(ROOT / "examples" / "exam.py", "here", cwd=tmp_path)
    module = tmp_path / "here" / "exam_gradients.py"
    assert "graphc" not in {line.split()[1].split(".")[0] for line in module.read_text(encoding="utf-8").splitlines()
                            if line.startswith(("import ", "from "))}
    run(module, cwd=tmp_path)
