"""Real answers: rows of public questions, where the folder beside the project is present; a sample of ours always.

The harness in benchmarks/checking.py runs them all; here a part of them, and the harness itself.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

import graphc as G

ROOT = Path(G.__file__).parents[1]


def loaded(name: str) -> ModuleType:
    """A file of benchmarks/ as a module of another name: `checking` is also a package of ours."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


harness = loaded("checking")

SAMPLE = [
    ("-12/x^4", "4/x^3", "right"),
    ("4/x^3", "4/x^3", "wrong"),
    ("3cos(3x)e^(2x) + 2sin(3x)e^(2x)", "exp(2*x)*sin(3*x)", "right"),
    ("6cos(3x)e^(2x)", "exp(2*x)*sin(3*x)", "wrong"),
    ("(cos(x)*x - sin(x))/x^2", "sin(x)/x", "right"),
    ("cos(x)", "sin(x)/x", "wrong"),
    ("5/(2*sqrt(5x+1))", "sqrt(5*x + 1)", "right"),
    ("1/(2*sqrt(5x+1))", "sqrt(5*x + 1)", "wrong"),
    ("3sec(3x)^2", "tan(3*x)", "right"),
    ("sec(3x)^2", "tan(3*x)", "wrong"),
]


def row(answer: str, function: str | None, expected: str, **more: object) -> object:
    return harness.Row("sample", f"{function}: {answer}", function, "x", answer, expected == "right", **more)


@pytest.mark.parametrize(("answer", "function", "expected"), SAMPLE)
def test_sample(answer: str, function: str, expected: str) -> None:
    found = harness.judge(row(answer, function, expected))
    assert (found.route, found.status) == ("graph", "correct" if expected == "right" else "wrong")
    assert not found.mistaken


@pytest.mark.parametrize("part", ["STACK", "derivatives", "arrays"])
def test_no_wrong_verdict_on_public_questions(part: str) -> None:
    rows = [r for r in harness.rows_of(harness.CORPUS) if r.part == part]
    if not rows:
        print(f"not run: {harness.CORPUS.name} is not beside the project")
        return
    outcomes = [harness.judge(r) for r in rows[:: 2 if part == "arrays" else 7]]
    assert [o.row.name for o in outcomes if o.mistaken] == []
    assert sum(o.status == "undecided" for o in outcomes) <= 0.01 * len(outcomes) + 1


# -- the harness ------------------------------------------------------------------------------------------------


def test_a_question_without_a_graph_is_decided_by_its_reference() -> None:
    found = harness.judge(row("1/(2x)", None, "right", reference="x^(-1)/2"))
    assert (found.route, found.status) == ("formula", "correct")


def test_a_question_with_neither_is_outside() -> None:
    found = harness.judge(row("besselj(0, x)", "besselj(1, x)", "right"))
    assert (found.route, found.reason) == ("outside", "no function besselj")
    assert harness.summary([found])["outside"] == 1


def test_second_derivatives_and_assumptions() -> None:
    assert harness.judge(row("-sin(x)", "sin(x)", "right", order=2)).status == "correct"
    answer = "1/(x^2*sqrt(1 - 1/x^2))"
    assert harness.judge(row(answer, "asin(sqrt(1 - 1/x^2))", "right")).status == "wrong"
    assert harness.judge(row(answer, "asin(sqrt(1 - 1/x^2))", "right", assume={"x": ("positive",)})).status == "correct"


def test_a_transposed_answer_is_judged_with_the_layout_fixed() -> None:
    shapes = {"X": (3, 3), "a": (3,), "b": (3,)}
    given = harness.Row("arrays", "turned", "a@X@b", "X", "outer(b, a)", False, shapes=shapes)
    assert harness.judge(given).mistaken
    found = harness.judge(dataclasses.replace(given, mutation="transposed"))
    assert (found.status, found.flags, found.mistaken) == ("wrong", ("transposed_layout",), False)


def test_mistakes_are_counted_and_listed() -> None:
    outcomes = [harness.judge(row(answer, function, expected)) for answer, function, expected in SAMPLE]
    lying = harness.judge(row("4/x^3", "x^2", "right"))
    assert lying.mistaken
    told = harness.report([*outcomes, lying])
    assert "WRONG VERDICT: x^2: 4/x^3: d/dx of x^2 = 4/x^3 (right): counterexample" in told
    assert "wrong verdicts 1; undecided 0 of 11 (0.0%); diagnosed" in told
    assert harness.facts([*outcomes, lying])["all"]["wrong verdicts"] == 1


def test_agreement_with_the_author() -> None:
    said = harness.judge(row("cos(3x)", "sin(3x)", "wrong", feedback="You need to use the chain rule"))
    assert "missing_inner_factor" in said.kinds
    assert harness.agreement([said]) == {"with feedback": 1, "diagnosed": 1, "agree": 1}
    other = harness.judge(row("cos(3x)", "sin(3x)", "wrong", feedback="It appears that you lost a quotient"))
    assert harness.agreement([other])["agree"] == 0


def test_without_the_corpus_our_own_traps_run(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    few = harness.rows_of(tmp_path)[::40]
    assert {r.part for r in few} == {"traps"}
    monkeypatch.setattr(harness, "rows_of", lambda folder: few)
    assert harness.main(["--corpus", str(tmp_path), "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["all"]["answers"] == len(few)
    assert err.startswith(f"no stack_questions.jsonl or derivatives.jsonl in {tmp_path}")
