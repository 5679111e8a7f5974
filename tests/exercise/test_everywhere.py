"""Every kind of question goes through sheets, exports, the check and the grading of many."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

import graphc as G
from graphc.cli import main
from graphc.exercise.parts import ASKS

ALL = """title = "Every question"
language = "{lang}"
function = "sum(r^2)"
carried = 0.5
rounding = 0.5
[define]
r = "W x - y"
[symbols]
W = {{ kind = "parameter", shape = [2, 3] }}
x = {{ shape = [3] }}
y = {{ shape = [2] }}
c = {{ kind = "parameter" }}
[point]
W = [[1, 2, 0], [0, 1, 3]]
x = [1, 2, 3]
y = [4, 8]
c = 2
[[question]]
ask = "value"
of = ["r", "f"]
points = 3
shares = [2, 1]
[[question]]
ask = "gradient"
wrt = "W"
[[question]]
ask = "adjoint"
of = "r"
[[question]]
ask = "formula"
wrt = "W"
answer = "2 c (W x - y) x^T"
[[question]]
ask = "jacobian"
of = "r"
wrt = "x"
[[question]]
ask = "shape"
wrt = ["W", "c"]
[[question]]
ask = "shape"
of = "r"
[[question]]
ask = "cost"
of = ["parameters", "multiply_adds"]
[[question]]
ask = "local"
of = "f"
wrt = "c"
""".replace('"sum(r^2)"', '"c*sum(r^2)"')


@pytest.fixture(params=["en", "fr"])
def path(request, tmp_path):
    file = tmp_path / "all.toml"
    file.write_text(ALL.format(lang=request.param), encoding="utf-8")
    return file


def test_the_file_has_every_kind_of_question(path):
    assert {q.ask for q in G.Exercise.load(path).questions} == set(ASKS)


def test_check_sheet_and_exports(path, tmp_path, capsys):
    assert main(["exercise", "check", str(path)]) == 0, capsys.readouterr().out
    for ending in ("html", "tex"):
        assert main(["sheet", str(path), "-o", str(tmp_path / f"sheet.{ending}")]) == 0
    for ending in ("xml", "tex"):
        there, back = tmp_path / f"quiz.{ending}", tmp_path / f"back_{ending}.toml"
        assert main(["exercise", "export", str(path), "-o", str(there)]) == 0
        assert main(["exercise", "import", str(there), "-o", str(back)]) == 0
        one, two = G.Exercise.load(path), G.Exercise.load(back)
        assert (one.questions, one.carried, one.rounding) == (two.questions, two.carried, two.rounding)


def test_grading_of_many(path, tmp_path, capsys):
    # r = (1, 3), f = 20; with r = (1, 2): f = 10, ∂f/∂W = 2·2·(1, 2)ᵀ(1, 2, 3), and c's share of 3 points is 1.
    answers = tmp_path / "answers"
    answers.mkdir()
    right = {"q1": {"r": "[1; 2]", "f": "10"}, "q2": "[[4; 8; 12]; [8; 16; 24]]", "q6": {"W": "2×3", "c": "()"},
             "q7": "2", "q8": {"parameters": "7", "multiply_adds": "6"}, "q9": "5"}
    (answers / "ada.json").write_text(json.dumps(right))
    exercise = G.Exercise.load(path)
    grade = exercise.grade(right)
    assert {p.key: p.status for p in grade.parts if p.status not in ("correct", "missing")} == {
        "q1.r": "wrong", "q1.f": "follows", "q2.W": "follows", "q9.c": "follows"}
    assert main(["grade", str(path), str(answers), "-o", str(tmp_path / "report")]) == 0, capsys.readouterr().err
    facts = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert Fraction(facts["students"][0]["points"]) == grade.points == Fraction(9, 2)
