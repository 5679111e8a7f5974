"""Exercises under examination: each fault is found, with its line; none where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import graphc as G
from graphc.cli import main
from graphc.exercise.posed import posed

ROOT = Path(__file__).resolve().parents[2]

GOOD = """title = "t"
function = "w*relu(x - b)"
[point]
w = 3
x = 7
b = 2
[[question]]
ask = "gradient"
wrt = ["w", "x"]
[[question]]
ask = "formula"
wrt = "w"
answer = "relu(x - b)"
"""


def report(text, **options):
    return posed(G.Exercise.loads(text, name="exam.toml"), **options)


def faults(text, **options):
    return {(r.code, r.line) for r in report(text, **options).remarks if r.level == "fault"}


def test_a_good_exercise_has_no_fault():
    assert report(GOOD).ok and str(report(GOOD)).splitlines()[-1] == "Well-posed; students tried: 1."


@pytest.mark.parametrize("name", ["exam.toml", "exam_fr.toml"])
def test_the_examples_are_well_posed(name):
    assert posed(G.Exercise.load(ROOT / "examples" / name)).ok


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_templates_are_well_posed(lang):
    found = posed(G.Exercise.loads(G.Exercise.template(lang)))
    assert found.ok and found.students == 20


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_matrices_of_the_templates_are_well_posed(lang):
    marked = [line[2:].removeprefix(" ") for line in G.Exercise.template(lang).splitlines() if line.startswith("#|")]
    exercise = G.Exercise.loads("\n".join(marked))
    assert exercise.nodes["W"].shape == (2, 3) and exercise.language == lang
    assert posed(exercise, 5).ok, str(posed(exercise, 5))


FAULTS = [
    ('answer = "relu(x - b)"', 'answer = "x - b"', ("answer", 13)),
    ('answer = "relu(x - b)"', 'answer = "relu(x - c)"', ("answer", 13)),
    ('wrt = ["w", "x"]', 'wrt = ["w", "x"]\nanswer = { w = "5", x = "4" }', ("answer", 10)),
    ('wrt = ["w", "x"]', 'wrt = ["w", "x"]\nanswer = { w = "x - 1" }', ("answer", 10)),
    ("x = 7", "x = 2", ("kink", 3)),
    ("x = 7", "x = 1", ("all_zero", 7)),
    ("w*relu(x - b)", "w/relu(x - b)", ("not_finite", 7)),
    ("x = 7", "x = 2.000000000001", ("kink", 3)),
    ("w*relu(x - b)", "w*exp(x - b)", ("never_exact", 7)),
    ("w = 3", "w = 1", ("slip", 7)),
]


@pytest.mark.parametrize("old, new, fault", FAULTS, ids=[f[2][0] + f[1][:12] for f in FAULTS])
def test_a_fault_is_found_with_its_line(old, new, fault):
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if fault[0] == "not_finite":
        text = text.replace("x = 7", "x = 1")
    if fault[0] == "never_exact":
        text = text.replace('title = "t"', 'title = "t"; tolerance = 0'.replace("; ", "\n")).replace("relu(x - b)", "1")
        fault = ("never_exact", 8)
    assert fault in faults(text)


def test_the_authors_answers_part_by_part_as_numbers_or_formulas():
    for answer in ('{ w = "5", x = "3" }', '{ x = "w*1[x > b]" }', '{ w = "5", x = "w*1[x > b]" }'):
        assert report(GOOD.replace('wrt = ["w", "x"]', f'wrt = ["w", "x"]\nanswer = {answer}', 1)).ok
    for answer, match in (('"5"', r'exam.toml:10: the question has 2 parts; .* answer = \{ w = "..." \}'),
                          ('{ b = "1" }', r"exam.toml:10: no key 'b'; known are w, x")):
        with pytest.raises(G.InputError, match=match):
            report(GOOD.replace('wrt = ["w", "x"]', f'wrt = ["w", "x"]\nanswer = {answer}', 1))


def test_numbers_that_cannot_be_drawn():
    text = GOOD.replace("x = 7\n", "").replace("[[question]]", "[random]\nx = [2, 2]\n[[question]]", 1)
    assert faults(text) == {("no_numbers", 6)}


def test_a_factor_of_one_is_told():
    remarks = report(GOOD.replace("w = 3", "w = 1")).remarks
    assert ("hides", 4, "w is 1, which hides what is done with it; draw it from other values.") in {
        (r.code, r.line, r.message) for r in remarks}


def test_what_no_numbers_can_show_is_advice():
    # The mask of an active ReLU is 1 at any numbers nearby.
    found = [r for r in report(GOOD).remarks if r.code == "mask"]
    assert found and all(r.level == "advice" for r in found)


def test_the_command(tmp_path, capsys):
    path = tmp_path / "exam.toml"
    path.write_text(GOOD)
    assert main(["exercise", "check", str(path)]) == 0
    assert capsys.readouterr().out.endswith("Well-posed; students tried: 1.\n")
    path.write_text(GOOD.replace('"relu(x - b)"', '"x - b"'))
    assert main(["exercise", "check", str(path), "--json", "--lang", "fr"]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert facts["status"] == "wrong" and facts["remarks"][0]["line"] == 13
    assert facts["remarks"][0]["message"].startswith("votre réponse x - b n’est pas acceptée. Incorrect.")
    assert main(["exercise", "check", str(tmp_path / "nope.toml")]) == 3
    assert "cannot read" in capsys.readouterr().err
