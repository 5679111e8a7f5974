"""The exercise in matrices of the examples, from its file to the marks."""

from __future__ import annotations

import html
from pathlib import Path

import numpy as np
import pytest

import graphc as G
from graphc.exchange.exam_class import exam_document
from graphc.exchange.moodle import moodle_quiz, options_of
from graphc.exercise.posed import posed
from graphc.sheets import sheet

FILE = Path(__file__).resolve().parents[2] / "examples" / "network.toml"
STUDENTS = [f"student-{i:02d}" for i in range(1, 6)]


@pytest.fixture(scope="module")
def network():
    return G.Exercise.load(FILE)


def model_answers(exercise, student, lang):
    """Numbers in full, sizes, formulas as they are written."""
    found = {}
    for q in exercise.questions:
        for part, answer in zip(q.parts, exercise.answers(q, exercise.numbers(student))):
            value = answer.value.tolist() if isinstance(answer.value, np.ndarray) else answer.value
            text = answer.written(lang).text if q.ask == "formula" else str(value)
            found[f"{q.name}.{part}"] = text.replace("(3, 2)", "3 x 2").replace("(2, 3)", "2 x 3")
    return found


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_exercise_is_well_posed_for_twenty_students(network, lang):
    report = posed(network, 20, lang)
    assert (report.ok, report.students, report.remarks) == (True, 20, ())


@pytest.mark.parametrize("student", STUDENTS)
def test_the_model_answers_have_all_the_points(network, student):
    grade = network.grade(model_answers(network, student, "en"), student)
    assert [p.key for p in grade.parts if p.status != "correct"] == []
    assert grade.points == grade.max_points == 20


def test_the_formulas_read_as_in_a_course(network):
    question = next(q for q in network.questions if q.ask == "formula")
    assert [a.written("fr").text for a in network.answers(question, None)] == ["e hᵀ", "((W2ᵀ e) ⊙ 1[z > 0]) xᵀ"]


def test_the_numbers_are_those_of_numpy(network):
    """An oracle that knows nothing of graphs."""
    n = network.numbers("student-03")
    z = n["W1"] @ n["x"] + n["b"]
    h = np.maximum(z, 0)
    e = n["W2"] @ h - n["t"]
    dz = (n["W2"].T @ e) * (z > 0)
    question = next(q for q in network.questions if q.ask == "gradient")
    found = {a.wrt: a.value for a in network.answers(question, n)}
    for name, wanted in {"W2": np.outer(e, h), "W1": np.outer(dz, n["x"]), "b": dz}.items():
        np.testing.assert_array_equal(found[name], wanted)


def test_the_adjoints_are_written_without_the_seed(network):
    question = next(q for q in network.questions if q.ask == "adjoint")
    found = [a.written().text for a in network.answers(question, None)]
    assert found == ["y − t", "W2ᵀ e", "(W2ᵀ e) ⊙ 1[z > 0]"]


def test_the_file_has_its_words_in_both_languages(network):
    for words in (network.title, network.course, network.statement):
        assert set(words.by_language) == {"en", "fr"}
    assert not [q for q in network.questions if q.text and set(q.text.by_language) != {"en", "fr"}]


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_moodle_keeps_the_columns_of_a_matrix_and_has_every_model_answer(network, lang):
    exported = moodle_quiz(network, options(network, lang), network.source)
    text, notes = " ".join(html.unescape(exported[0].decode()).split()), exported[1]
    assert r"\mathbf{e} \, \mathbf{h}^{\top} = \begin{bmatrix}{-}135 & 0 & {-}45" in text
    assert r"\frac{\partial L}{\partial \mathbf{W}_{1}} \colon 3 \times 2" in text
    assert "reshape" not in text
    why = {"en": "since sizes or counts are asked", "fr": "car des tailles ou des nombres d’opérations sont demandés"}
    assert len([n for n in notes if why[lang] in n.replace("'", "’")]) == 1


def options(network, lang):
    return options_of(network, {"lang": lang, "student": "ada", "figure": False})


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_sheet_and_its_solution_write_no_reshape(network, lang):
    page = sheet(network, lang=lang, student="ada").tex()
    assert "reshape" not in page
    assert {"en": "= 130.5", "fr": "= 130{,}5"}[lang] in page and r"\approx 130" not in page
    assert r"\frac{\partial L}{\partial \mathbf{W}_{2}} &= \mathbf{e} \, \mathbf{h}^{\top}" in page


def test_the_exam_asks_a_shape_with_a_colon(network):
    text = exam_document(network, options(network, "en"), network.source)[0].decode()
    assert r"\part $\frac{\partial L}{\partial \mathbf{W}_{1}} \colon {}$" in text
    assert r"\part $\mathbf{z} = {}$" in text
