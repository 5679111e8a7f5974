"""The README and the guide are run: each Python block, and its output against the text block under it; their commands
are real."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
from pathlib import Path

import pytest

from graphc import cli
from graphc.checking.diagnosing.ties import KINDS
from graphc.exchange.moodle import MOST_VARIANTS
from graphc.exercise.grading import STATUSES
from graphc.exercise.numeric import MOST_ENTRIES
from graphc.exercise.parts import ASKS, ASSUMPTIONS, COUNTS
from graphc.exercise.read import MOST_QUESTIONS, MOST_VALUES, QUESTION, TOP
from graphc.exercise.source import LARGEST
from graphc.grading.files import MOST_FILES
from graphc.grading.folders import MOST_INSIDE
from graphc.grading.limits import MEMORY, TIMEOUT
from graphc.grading.submission import MOST_ANSWERS

ROOT = Path(__file__).resolve().parent.parent
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/exercises.md")}
README = PAGES["README.md"]
LEAST = {"README.md": 6, "docs/exercises.md": 2}
WRITTEN = {"README.md": ["circuit.html", "circuit.svg", "descent.svg", "exam.py", "sheet.pdf"], "docs/exercises.md": []}


def blocks(page: str) -> list[tuple[str, str]]:
    return re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", PAGES[page], re.DOTALL)


def shell(page: str) -> list[str]:
    found = re.findall(r"```sh\n(.*?)```", PAGES[page], re.DOTALL)
    return [line for block in found for line in block.splitlines()]


@pytest.mark.parametrize("page", PAGES)
def test_blocks_run_and_print_what_the_page_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    assert len(blocks(page)) >= LEAST[page]
    for i, (code, shown) in enumerate(blocks(page)):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"{page} block {i}", "exec"), names)
        assert printed.getvalue() == shown
    assert sorted(p.name for p in tmp_path.iterdir()) == WRITTEN[page]


@pytest.mark.parametrize("page", PAGES)
def test_every_text_block_stands_under_a_python_block(page):
    assert PAGES[page].count("```text") == sum(bool(shown) for _, shown in blocks(page))


@pytest.mark.parametrize("page", PAGES)
def test_shell_lines_succeed(page, tmp_path, monkeypatch, capsys):
    """One after another in one folder: a later one may use what an earlier one wrote."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    lines = [line for line in shell(page) if line.startswith("graphc ")]
    assert len(lines) > 5
    for line in lines:
        assert cli.main(shlex.split(line, comments=True)[1:]) == 0, line
        assert capsys.readouterr().out, line


def test_first_screen_has_the_two_commands():
    first, second = shell("README.md")[:2]
    assert first.startswith("python3 -m venv .venv && ") and first.endswith("/graphc demo -o out")
    assert second.startswith("python3 -m venv .venv && ") and second.endswith("-m pytest -n auto")
    assert README.index(second) < 600


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md"])
def test_linked_files_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!http)([^)]+)\)", text):
        assert ((ROOT / page).parent / target).exists(), target


def test_the_guide_names_every_key_and_kind_of_question():
    """Against what the program knows, so that neither runs ahead of the other."""
    guide = PAGES["docs/exercises.md"]
    named = set(re.findall(r"`\"?([a-z_]+)(?:\(k\))?\"?`", guide))
    for known in (QUESTION, ASKS, COUNTS, ASSUMPTIONS, STATUSES):
        assert set(known) <= named, set(known) - named
    assert {key for key in TOP if f"`{key}`" not in guide and f"`[{key}]`" not in guide} == {"question"}


def test_the_guide_tells_the_limits_that_hold():
    guide = PAGES["docs/exercises.md"].replace(",", "")
    for limit in (LARGEST, MOST_QUESTIONS, MOST_VALUES, MOST_ENTRIES, MOST_ANSWERS, MOST_INSIDE, MOST_FILES,
                  MOST_VARIANTS):
        assert re.search(rf"\b{limit}\b", guide), limit
    assert f"{TIMEOUT:g} s of computing and {MEMORY} MB" in guide


def test_the_guide_lists_the_kinds_of_slips():
    table = (ROOT / "docs" / "exercises.md").read_text(encoding="utf-8").split("| kinds | |")[1].split("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert {k.split("(")[0] for row in rows for k in re.findall(r"`(\w+(?:\(k\))?)`", row)} == set(KINDS)
