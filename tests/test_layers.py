"""The direction of imports, drawn from the imports that are really in the files, those inside functions included."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A module may import what stands on an earlier row; within a row, only what stands before it.
ROWS = [
    ["errors", "files", "diskcache"],
    ["dims"],
    ["types"],
    ["formula", "constant", "traversal", "scopes", "building"],
    ["operators"],
    ["ir"],
    ["spelling", "written_out"],
    ["ops"],
    ["lang"],
    ["interpret", "values"],
    ["patterns", "signs", "sums", "rules", "rewrite", "reading", "stable"],
    ["reverse", "forward", "orders", "loops", "loop_layout", "symbolic", "simplifier"],
    ["view", "cost_tables", "costing", "history", "optimisers"],
    ["derivation", "signature", "scalar_spellings", "lower", "finiteness", "spread",
     "looking", "outline", "into", "reporting", "drawing"],
    ["checking", "nn"],
    ["trusted", "exercise", "sheets", "grading", "exchange"],
    ["compiled", "descent"],
    ["api"],
    ["__init__"],
    ["arguments", "exercise_command", "grade_command", "cli", "__main__"],
]
RANK = {name: (i, j) for i, row in enumerate(ROWS) for j, name in enumerate(row)}
HEAVY = ("sympy", "networkx", "graphviz", "pygraphviz", "flint", "ziamath", "ziafont", "latex2mathml", "resvg_py",
         "svglib", "reportlab", "pandas", "matplotlib")


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def layer(path: Path) -> str:
    parts = path.relative_to(ROOT / "graphc").parts
    return parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Absolute names of what a file imports, anywhere in it; `from a import b` gives a.b."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = absolute(path, node.level, node.module)
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


def absolute(path: Path, level: int, module: str | None) -> str:
    package = path.relative_to(ROOT).parent.parts
    head = package[: len(package) - level + 1] if level else ()
    return ".".join([*head, *([module] if module else [])])


def layers_of(path: Path) -> set[str]:
    """The layers of graphc that a file imports; the package itself is the facade, `__init__`."""
    inside = [name.split(".")[1:] for name in imported(path) if name.split(".")[0] == "graphc"]
    modules = {p.name.removesuffix(".py") for p in (ROOT / "graphc").iterdir()}
    return {parts[0] if parts and parts[0] in modules else "__init__" for parts in inside}


@pytest.mark.parametrize("path", sources("graphc"), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path):
    here = layer(path)
    back = [there for there in layers_of(path) if there != here and RANK[there] > RANK[here]]
    assert not back, f"{path.relative_to(ROOT)} imports {', '.join(back)}, which stands above {here}"


def test_every_module_has_a_row():
    assert {layer(p) for p in sources("graphc")} <= RANK.keys()


def test_only_lower_imports_codegen():
    importers = {layer(p) for p in sources("graphc") if any(n.split(".")[0] == "codegen" for n in imported(p))}
    assert importers <= {"lower"}


@pytest.mark.parametrize("path", sources("codegen"), ids=lambda p: str(p.relative_to(ROOT)))
def test_codegen_knows_nothing_of_graphc(path):
    assert not [name for name in imported(path) if name.split(".")[0] == "graphc"]


@pytest.mark.parametrize("path", sources("codegen"), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_inside_codegen_are_relative(path):
    """Another package called codegen may stand elsewhere on a user's machine."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level == 0 and n.module]
    assert not [n.module for n in named if str(n.module).split(".")[0] == "codegen"]


def test_import_graphc_loads_nothing_heavy():
    probe = f"import sys, graphc; print(*sorted({set(HEAVY)!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


def test_the_command_line_help_loads_nothing_heavy():
    probe = ("import sys, graphc.cli\ntry: graphc.cli.main(['--help'])\nexcept SystemExit: pass\n"
             f"print('loaded:', *sorted({set(HEAVY)!r} & sys.modules.keys()))")
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1].split() == ["loaded:"]


COMMAND = {"arguments", "cli", "exercise_command", "files", "grade_command", "grading", "grading.limits", "trusted"}


def loaded(code: str) -> set[str]:
    """The modules of graphc that this code leaves loaded."""
    probe = f"import sys\n{code}\nprint('loaded:', *(m for m in sys.modules if m.startswith('graphc.')))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    return {name.removeprefix("graphc.") for name in done.stdout.splitlines()[-1].split()[1:]}


def test_the_command_starts_with_little_more_than_the_package():
    extra = loaded("import graphc.cli") - loaded("import graphc")
    assert extra == COMMAND
    assert loaded("import graphc.cli\ntry: graphc.cli.main(['grade', '--help'])\nexcept SystemExit: pass") >= extra


def test_a_check_loads_no_exercises():
    tops = {m.split(".")[0] for m in loaded("import graphc.cli; graphc.cli.main(['check', 'w*x', '--wrt', 'w', 'x'])")}
    assert "checking" in tops and not tops & {"exercise", "exchange", "sheets", "nn"}


def test_the_arrow_sees_lazy_and_relative_imports(tmp_path, monkeypatch):
    """The test itself can fail: an import that runs back is found, even inside a function."""
    package = tmp_path / "graphc"
    package.mkdir()
    (package / "cli.py").write_text("")
    (package / "ir.py").write_text("def f():\n    from .cli import main\n    from . import cli\n")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert layers_of(package / "ir.py") == {"cli"}
    with pytest.raises(AssertionError, match=r"ir\.py imports cli, which stands above ir"):
        test_imports_run_one_way(package / "ir.py")


def test_a_compile_to_numpy_loads_no_emitter_of_kernels():
    probe = ("import sys, graphc as G; x = G.input('x', 'N'); G.compile(G.tanh(x)); "
             "print(*(m for m in sys.modules if m.startswith('codegen.')))")
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "codegen.numpy_source" in done.stdout.split() and "numba" not in done.stdout
