"""Grades, against numbers computed by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

import graphc as G

# x1 = 4, x2 = 2, w1 = 1, w3 = 4, b = -1: z = 4 + 2 - 1 = 5, r = 5, f = 20;
# ∂f/∂r = 4, ∂f/∂z = 4, ∂f/∂w1 = 4·(4 + 2) = 24, ∂f/∂w3 = 5, ∂f/∂b = 4.
HOME = """title = "t"
language = "{lang}"
function = "w3*relu(z)"
carried = "{carried}"
[define]
z = "w1*x1 + w1*x2 + b"
[point]
x1 = 4
x2 = 2
w1 = 1
w3 = 4
b = -1
[[question]]
ask = "value"
of = ["z", "f"]
points = 2
[[question]]
ask = "adjoint"
of = "z"
points = 2
[[question]]
ask = "gradient"
wrt = ["w1", "w3", "b"]
points = 4
[[question]]
ask = "formula"
wrt = "w1"
points = 2
[[question]]
ask = "local"
of = "r"
wrt = "z"
"""
RIGHT = {"q1": {"z": "5", "f": "20"}, "q2": "4", "q3": {"w1": "24", "w3": "5", "b": "4"},
         "q4": "w3*(x1 + x2)*1[z > 0]", "q5": "1"}  # fmt: skip


def home(lang="en", carried="1"):
    return G.Exercise.loads(HOME.format(lang=lang, carried=carried))


def graded(changes, **options):
    answers = {f"q{q}.{p}": text for q, parts in (
        (1, {"z": "5", "f": "20"}), (2, {"z": "4"}), (3, {"w1": "24", "w3": "5", "b": "4"}),
        (4, {"w1": "w3*(x1 + x2)*1[z > 0]"}), (5, {"z": "1"})) for p, text in parts.items()}
    return home(**options).grade({**answers, **changes})


def statuses(grade):
    return {p.key: p.status for p in grade.parts if p.status != "correct"}


def test_right_answers_have_all_points():
    grade = home().grade(RIGHT)
    assert (grade.points, grade.max_points, grade.notes) == (11, 11, ())
    assert {p.status for p in grade.parts} == {"correct"}


def test_points_are_shared_exactly():
    grade = graded({"q3.w1": "23"})
    assert statuses(grade) == {"q3.w1": "wrong"}
    assert grade.points == 11 - Fraction(4, 3) and grade["q3.w1"].max_points == Fraction(4, 3)
    assert grade.to_json()["points"] == 9.6667 and grade.to_json()["points_exact"] == "29/3"


def test_what_follows_from_a_wrong_value_has_its_points():
    # With z = 7: f = 28, ∂f/∂w3 = 7; the others do not change.
    grade = graded({"q1.z": "7", "q1.f": "28", "q3.w3": "7"})
    assert statuses(grade) == {"q1.z": "wrong", "q1.f": "follows", "q3.w3": "follows"}
    assert grade.points == 10
    assert grade["q1.f"].follows_from == ("the value of z",)
    assert "given your answer for the value of z" in grade["q1.f"].message


def test_what_follows_from_a_wrong_adjoint():
    # With ∂f/∂z = 3: ∂f/∂w1 = 3·6 = 18, ∂f/∂b = 3; ∂f/∂w3 = 5 is not touched by it.
    grade = graded({"q2.z": "3", "q3.w1": "18", "q3.b": "3", "q3.w3": "3"})
    assert statuses(grade) == {"q2.z": "wrong", "q3.w1": "follows", "q3.b": "follows", "q3.w3": "wrong"}
    assert grade["q3.w1"].follows_from == ("∂f/∂z",)


def test_what_follows_from_a_wrong_local_derivative_and_a_wrong_adjoint_of_its_own():
    # ∂r/∂z = 2: ∂f/∂z = 4·2 = 8, ∂f/∂w1 = 8·6 = 48.
    grade = graded({"q5.z": "2", "q2.z": "8", "q3.w1": "48", "q3.b": "8"})
    assert statuses(grade) == {"q5.z": "wrong", "q2.z": "follows", "q3.w1": "follows", "q3.b": "follows"}
    assert grade["q2.z"].follows_from == ("the local derivative ∂r/∂z",)


def test_a_number_follows_from_a_wrong_formula_for_it():
    # Without one of the paths: ∂f/∂w1 = w3·x1 = 16.
    grade = graded({"q4.w1": "w3*x1*1[z > 0]", "q3.w1": "16"})
    assert statuses(grade) == {"q4.w1": "wrong", "q3.w1": "follows"}
    assert grade["q3.w1"].follows_from == ("the formula of ∂f/∂w1",)


def test_nothing_follows_from_what_is_unreadable_or_from_itself():
    assert statuses(graded({"q1.z": "7+", "q1.f": "28"})) == {"q1.z": "invalid", "q1.f": "wrong"}
    assert statuses(graded({"q1.f": "28"})) == {"q1.f": "wrong"}
    assert statuses(graded({"q1.z": "7", "q1.f": "29"})) == {"q1.z": "wrong", "q1.f": "wrong"}


def test_nothing_follows_where_the_rules_give_no_value():
    e = G.Exercise.loads('title = "t"\nfunction = "w/z"\n[define]\nz = "x - 1"\n[point]\nx = 3\nw = 2\n'
                         '[[question]]\nask = "value"\nof = ["z", "f"]\n')
    for f in ("0", "1/0", "2"):
        assert [p.status for p in e.grade({"q1": {"z": "0", "f": f}}).parts] == ["wrong", "wrong"]


def test_the_share_of_what_follows_is_the_authors():
    grade = graded({"q1.z": "7", "q1.f": "28"}, carried="1/2")
    assert grade["q1.f"].points == Fraction(1, 2) and "counts for 0.5 of the points" in grade["q1.f"].message


def test_what_is_missing_and_what_is_not_known():
    grade = home().grade({"q1.z": "5", "q7": "3", "q3.v": "1", "q3": {"dw1": "24", "∂f/∂b": "∂f/∂b = 4"}, "q1": "5"})
    assert grade.points == 1 + Fraction(8, 3)
    assert {p.key for p in grade.parts if p.status == "missing"} == {"q1.f", "q2.z", "q3.w3", "q4.w1", "q5.z"}
    assert grade.notes == (
        "'q7' is no question of this exercise; the questions are q1, q2, q3, q4, q5",
        "question 3 has no part 'v'; its parts are w1, w3 and b",
        "question 1 has 2 parts; answer each by its name: z and f")


def test_answers_must_be_a_mapping():
    with pytest.raises(G.InputError, match=r'answers are a mapping from "q1" and so on to texts, got list'):
        home().grade(["5"])


def test_a_left_side_is_held_against_the_question():
    assert statuses(graded({"q3.b": "∂f/∂b = 4", "q1.z": "z = 4+2-1 = 5"})) == {}
    grade = graded({"q3.b": "df/dw1 = 4"})
    assert statuses(grade) == {"q3.b": "invalid"}
    assert "speaks of ∂f/∂w1, the question of ∂f/∂b" in grade["q3.b"].message


def test_a_formula_where_a_number_is_asked():
    assert "a number is asked" in graded({"q3.b": "w3"})["q3.b"].message


def test_every_link_of_a_chain_counts():
    assert statuses(graded({"q1.f": "4·6 = 20"})) == {"q1.f": "wrong"}


def test_in_french():
    grade = graded({"q1.z": "7", "q1.f": "28", "q2.z": "4,5"}, lang="fr")
    assert grade["q1.z"].message == "Incorrect\u00a0: vous donnez 7\u202f; la valeur de z vaut 5."
    assert grade["q1.f"].message.startswith("Juste, compte tenu de votre réponse pour la valeur de z\u00a0: ")
    assert "vous donnez 4,5" in grade["q2.z"].message
