"""codegen stands alone: no file of it imports anything but itself, NumPy and the standard library."""

import ast
import sys
from pathlib import Path

import pytest

import codegen

FILES = sorted(Path(codegen.__file__).parent.glob("**/*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_imports(path):
    for name in imported(path):
        inside = name.startswith(".") and not name.startswith("..")
        assert inside or name.split(".")[0] in {"numpy", *sys.stdlib_module_names}, name


def test_the_files_are_there():
    assert {"program.py", "schedule.py", "numpy_source.py", "load.py"} <= {p.name for p in FILES}
