"""Rows of public derivative questions, where the folder beside the project is present; a sample of ours always."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import graphc
from graphc.checking.decide import decide
from graphc.checking.parse import parse
from graphc.errors import GraphcError

CORPUS = Path(graphc.__file__).parents[2] / "shared" / "corpus" / "stack_questions.jsonl"

SAMPLE = [
    ("-12/x^4", "-12*x**(-4)", "right"),
    ("4/x^3", "-12*x**(-4)", "wrong"),
    ("3cos(3x)e^(2x) + 2sin(3x)e^(2x)", "exp(2*x)*(3*cos(3*x) + 2*sin(3*x))", "right"),
    ("6cos(3x)e^(2x)", "exp(2*x)*(3*cos(3*x) + 2*sin(3*x))", "wrong"),
    ("(cos(x)*x - sin(x))/x^2", "cos(x)/x - sin(x)/x**2", "right"),
    ("cos(x)", "cos(x)/x - sin(x)/x**2", "wrong"),
    ("5/(2*sqrt(5x+1))", "5*(5*x + 1)**(-1/2)/2", "right"),
    ("1/(2*sqrt(5x+1))", "5*(5*x + 1)**(-1/2)/2", "wrong"),
    ("3sec(3x)^2", "3*tan(3*x)**2 + 3", "right"),
    ("sec(3x)^2", "3*tan(3*x)**2 + 3", "wrong"),
]


@pytest.mark.parametrize(("answer", "reference", "expected"), SAMPLE)
def test_sample(answer: str, reference: str, expected: str) -> None:
    status = decide(parse(answer, ["x"]).links[0], parse(reference, ["x"]).links[0]).status
    assert status == ("correct" if expected == "right" else "wrong")


def test_no_wrong_verdict_on_public_questions(capsys: pytest.CaptureFixture[str]) -> None:
    if not CORPUS.is_file():
        print(f"deselected: {CORPUS.name} is not beside the project")
        return
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    mistaken = [row["source"] for row in rows[::3] if not _as_expected(row)]
    assert mistaken == []


def _as_expected(row: dict[str, str]) -> bool:
    texts = [row["answer"], row["reference"], row["function"] or "0"]
    names = sorted(set(re.findall(r"\b([A-Za-z]\w*)\b(?!\()", " ".join(texts))) - {"pi"})
    try:
        answer, truth, f = (parse(text, names).links[0] for text in texts)
    except GraphcError:
        return False
    return decide(answer, truth, [f]).status == ("correct" if row["expected_verdict"] == "right" else "wrong")
