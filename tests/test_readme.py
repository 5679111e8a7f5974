"""The README is run: each Python block, and its output against the text block under it; its commands are real."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
from pathlib import Path

import pytest

from graphc import cli

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", README, re.DOTALL)
SHELL = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


def test_blocks_run_and_print_what_the_page_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    assert len(BLOCKS) >= 6
    for i, (code, shown) in enumerate(BLOCKS):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"README block {i}", "exec"), names)
        assert printed.getvalue() == shown
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "circuit.html", "circuit.svg", "descent.svg", "exam.py", "sheet.pdf"]


@pytest.mark.parametrize("line", [line for line in SHELL if line.startswith("graphc ")])
def test_shell_lines_succeed(line, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    assert cli.main(shlex.split(line)[1:]) == 0
    assert capsys.readouterr().out


def test_first_screen_has_the_two_commands():
    first, second = SHELL[:2]
    assert first.startswith("python3 -m venv .venv && ") and first.endswith("/graphc demo -o out")
    assert second.startswith("python3 -m venv .venv && ") and second.endswith("-m pytest -n auto")
    assert README.index(second) < 600


def test_linked_files_exist():
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        assert (ROOT / target).exists(), target
