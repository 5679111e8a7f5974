"""Texts that broke other graders: each is refused quickly, with memory bounded, and echoed safely."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hostile_texts import ARRAYS, TEXTS, WRAPPED

import graphc as G
from graphc.checking import check
from graphc.checking import verdict as verdict_module
from graphc.checking.reading.parse import parse
from graphc.errors import LimitExceeded, ParseError

NAMES = ["x", "y"]
ROOT = Path(G.__file__).parents[1]

LIMITS = {
    "tower": ("9^9^9^9", "an exponent of 387420489 is past the limit of 9999"),
    "powers": ("((9**9)**9999)**9999", "an exact value here could need .* bits"),
    "literal": ("1e999999999", "a power of ten past e300"),
    "root of a power": ("(2**(10**7)+1)**(1/2)", "an exponent of 10000000"),
    "open brackets": ("(" * 3000 + ")" * 3000, "6000 bytes long; the limit is 4096"),
    "brackets": ("(" * 200 + "x" + ")" * 200, "nested more than 64 deep"),
    "signs": ("-" * 200 + "x", "nested more than 64 deep"),
    "exponents": ("e^{" * 66 + "x" + "}" * 66, "nested more than 64 deep"),
    "terms": ("+".join(["x"] * 20_000), "39999 bytes long"),
    "nodes": ("+".join(["x"] * 600), "the answer has 601 nodes; the limit is 500"),
    "digits": ("9" * 60, "a number of 60 digits; the limit is 40"),
    "many digits": ("9" * 6000, "6000 bytes long"),
    "line": ("x" * 1_000_000, "1000000 bytes long"),
    "symbol to a power": ("((x^9999)^99)^99", "an exact value here could need"),
    "fractions": (r"\frac{" * 300 + "x" + "}" * 300, "nested more than 64 deep"),
}


@pytest.mark.parametrize("case", LIMITS)
def test_limits(case: str) -> None:
    text, reason = LIMITS[case]
    with pytest.raises(LimitExceeded, match=reason):
        parse(text, NAMES)


REFUSED = {
    "import": ("__import__('os').system('ls')", "'.' stands inside a decimal number only"),
    "dunder": ("__class__", "a number, a name or a bracket would fit here, not '_'"),
    "attribute": ("x.__class__", "'.' stands inside"),
    "lambda": ("lambda x: x", "':' has no meaning here"),
    "f-string": ("f'{x}'", "no name f in this question"),
    "dict": ("{x:1}", "':' has no meaning here"),
    "factorial": ("(10**8)!", "'!' is not read here"),
    "binomial": (r"\binom{10^9}{5}", r"no command \\binom is read here"),
    "input": (r"\input{/etc/passwd}", "no command|'/'|would fit|stands"),
    "nul": ("x\x00y", r"U\+0000 \(CONTROL CHARACTER"),
    "bidi": ("x\u202ey", "RIGHT-TO-LEFT OVERRIDE, U\\+202E"),
    "zero width": ("x\u200by", "ZERO WIDTH SPACE"),
    "escape": ("x\x1b[31m", r"U\+001B"),
    "cyrillic": ("х+1", "CYRILLIC SMALL LETTER HA, U\\+0445, not the Latin letter x; type x"),
    "full width": ("ｘ+1", "FULLWIDTH LATIN SMALL LETTER X"),
    "quote": ('"x"', "QUOTATION MARK"),
    "semicolon": ("x; import os", "';' separates"),
    "backtick": ("`x`", "GRAVE ACCENT"),
    "surrogate": ("x\ud800", r"U\+D800"),
    "assignment": ("x := 1", "':' has no meaning"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case: str) -> None:
    text, reason = REFUSED[case]
    with pytest.raises(ParseError, match=reason):
        parse(text, NAMES)


@pytest.mark.parametrize("case", [*LIMITS, *REFUSED])
def test_no_hostile_text_is_wrong_or_raises(case: str) -> None:
    text = (LIMITS | REFUSED)[case][0]
    x, y = G.inputs("x y")
    verdict = check(text, of=x * x * y, wrt=x)
    assert verdict.status == ("undecided" if case in LIMITS else "invalid")
    assert all(c.isprintable() or c in "\n\u00a0\u202f" for c in str(verdict))


@pytest.mark.parametrize("text", ["e^{" * 55 + "x" + "}" * 55, "sinh(" * 20 + "x" + ")" * 20, "1/(x-x)", "ln(-1)",
                                  "gamma(" * 8 + "x" + ")" * 8, "(x+y+1)^999*(x-y)^999", "x^(y^(x^(y^x)))"])
def test_heavy_values_end_in_a_verdict(text: str) -> None:
    x, y = G.inputs("x y")
    assert check(text, of=x * x * y, wrt=x).status in ("wrong", "undecided")


@pytest.mark.parametrize("text", [
    "1[x^9999 > 1]", "x^9998 + x^77 + 3x + 1", "sqrt(x^9998+x^2+1)", "(x+y+1)^60*(x-y+2)^60",
    "sin(sin(sin(x)))*cos(12x+7y)^9", "*".join(f"|x-{i}|" for i in range(40)), "max(x," * 50 + "y" + ")" * 50,
    "tan(" * 40 + "x" + ")" * 40, "cos(1e300 x^99)",
])
def test_a_proof_has_a_budget(text: str) -> None:
    x, y = G.inputs("x y")
    for answer in (f"2xy + 0*({text})", f"2xy*1[({text})^2 > -1]"):
        assert check(answer, of=x * x * y, wrt=x).status == "correct"


def test_no_student_text_can_reach_an_evaluator() -> None:
    forbidden = {"eval", "exec", "compile", "sympify", "parse_expr", "lambdify", "__import__", "literal_eval"}
    folder = Path(verdict_module.__file__).parent
    files = sorted(folder.rglob("*.py"))
    assert len(files) > 10
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        names |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and not _is_re(n)}
        names |= {a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom | ast.Import) for a in n.names}
        assert not names & forbidden, f"{file.name}: {names & forbidden}"


def _is_re(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "re"


def test_sympy_is_never_imported_for_text(tmp_path: Path) -> None:
    code = ("import sys, graphc as G\nfrom graphc.checking import check\nx = G.input('x')\n"
            "print(check('2x', of=x*x, wrt=x).certainty, 'sympy' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=Path(G.__file__).parents[1])
    assert re.fullmatch(r"proved False\s*", done.stdout)


# -- every text by every road, in one process under limits -----------------------------------------------------

CHILD = Path(__file__).with_name("hostile_child.py")
PARTS = ("texts", "wrapped", "arrays")


@pytest.fixture(scope="module", params=PARTS)
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What became of each text; the process ran in an empty folder, with 300 MB and 5 s a text."""
    folder = tmp_path_factory.mktemp("empty")
    done = subprocess.run([sys.executable, "-B", str(CHILD), request.param], capture_output=True, text=True, cwd=folder,
                          check=False, encoding="utf-8", env={**os.environ, "PYTHONPATH": str(ROOT)})
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    after = rows[-1]["name"] if rows else "the start"
    assert done.returncode == 0, f"status {done.returncode} at the text after {after!r}: {done.stderr[-2000:]}"
    assert list(folder.iterdir()) == []
    return rows


def test_every_hostile_text_was_tried(outcomes: list[dict[str, Any]]) -> None:
    names = {row["name"] for row in outcomes}
    assert names in (set(TEXTS), set(WRAPPED), set(ARRAYS))


def test_no_hostile_text_raises_or_prints_a_control_character(outcomes: list[dict[str, Any]]) -> None:
    assert [row for row in outcomes if row["fault"]] == []


def test_no_hostile_text_opens_starts_imports_or_executes_anything(outcomes: list[dict[str, Any]]) -> None:
    assert [(row["name"], row["events"]) for row in outcomes if row["events"]] == []


def test_a_hostile_text_is_correct_only_where_it_is(outcomes: list[dict[str, Any]]) -> None:
    right = {"many: links of products"}
    taken = {row["name"] for row in outcomes if "correct" in row["status"]}
    assert {name for name in taken if ": " in name and " in " not in name} <= right


def test_code_is_invalid(outcomes: list[dict[str, Any]]) -> None:
    code = [row for row in outcomes if row["name"].startswith(("code", "characters")) and " in " not in row["name"]]
    assert [row for row in code if not set(row["status"]) <= {"invalid", "undecided"}] == []
    assert [row["name"] for row in code if row["name"].startswith("code") and row["read"] != "ParseError"] == []


def test_the_command_ends_with_a_status_of_its_own(outcomes: list[dict[str, Any]]) -> None:
    codes = {"correct": 0, "wrong": 1, "undecided": 2, "invalid": 3}
    typed = [row for row in outcomes if "command" in row]
    assert [row for row in typed if row["command"] != codes[row["status"][0]]] == []


def test_the_audit_hears_what_a_text_would_do() -> None:
    """The hook that the other tests lean on: it hears an open file, a process, a compilation, an import."""
    code = (f"import sys; sys.path.insert(0, {str(CHILD.parent)!r}); import hostile_child as h\n"
            "sys.addaudithook(h.listen); h.listening = True\n"
            "open('x', 'w').close(); eval('1'); import wave; import os; os.system('true')\n"
            "h.listening = False; print(*(e.split()[0] for e in h.events))")
    with TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=True,
                              cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert {"open", "compile", "exec", "import", "os.system"} <= set(done.stdout.split())
