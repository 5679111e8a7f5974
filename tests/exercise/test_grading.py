"""Grades, against numbers computed by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_an_exact_number_and_its_rounding():
    e = G.Exercise.loads('title = "t"\nfunction = "x/3"\npoint = { x = 8 }\n[[question]]\nask = "value"\n')
    found = {t: e.grade({"q1": t})["q1.f"].status for t in (
        "8/3 ≈ 2.67", "8/3 = 2.667", "2.67", r"\frac83 \approx 2.67", "8/3 ≈ 2.5", "7/3 ≈ 2.667", "f ≈ 2.667",
        "≈ 2.6667")}
    assert [k for k, v in found.items() if v != "correct"] == ["2.67", "8/3 ≈ 2.5", "7/3 ≈ 2.667"]
    assert "give 4 significant digits or more" in e.grade({"q1": "2.67"})["q1.f"].message


def test_in_french():
    grade = graded({"q1.z": "7", "q1.f": "28", "q2.z": "4,5"}, lang="fr")
    assert grade["q1.z"].message == "Incorrect\u00a0: vous donnez 7\u202f; la valeur de z vaut 5."
    assert grade["q1.f"].message.startswith("Juste, compte tenu de votre réponse pour la valeur de z\u00a0: ")
    assert "vous donnez 4,5" in grade["q2.z"].message


@pytest.mark.parametrize(("text", "why"), [
    ("2^(10^8)", "un exposant de 100000000 dépasse la limite de 9999"),
    ("1e999", "une puissance de dix au-delà de e300"),
    ("((9^9)^9999)^9999", "bits ; la limite est de 1048576")])
def test_limits_are_told_in_the_language(text, why):
    part = graded({"q1.z": text}, lang="fr")["q1.z"]
    assert part.status == "undecided" and why in part.message.replace("\u202f", " ").replace("\u00a0", " ")
    assert "limit" in graded({"q1.z": text})["q1.z"].message or text == "1e999"


def test_keys_are_quoted_as_the_language_does():
    keys = {"q9": "3", "q1.k": "3"}
    assert graded(keys, lang="fr").notes[0].startswith("«\u00a0q9\u00a0» n’est pas une question")
    assert "de partie «\u00a0k\u00a0»" in graded(keys, lang="fr").notes[1]
    assert graded(keys).notes[0].startswith("'q9' is no question")


def test_points_of_an_exercise_are_exact():
    e = G.Exercise.loads(HOME.format(lang="en", carried="1").replace("points = 2", "points = 0.1"))
    assert e.points == sum(e.questions[i].worth(p) for i in range(5) for p in e.questions[i].parts)
    assert isinstance(e.points, Fraction) and e.points.denominator in (5, 10)


def test_shares_of_the_parts_and_rounding():
    text = HOME.format(lang="en", carried="1").replace("points = 4\n", "points = 4\nshares = [2, 1, 1]\n")
    e = G.Exercise.loads(text.replace("carried", "rounding = 0.5\ncarried"))
    assert [e.questions[2].worth(p) for p in ("w1", "w3", "b")] == [2, 1, 1]
    grade = e.grade({"q3": {"w1": "24", "b": "4"}, "q1.z": "5"})
    assert grade.points == 4
    e = G.Exercise.loads(HOME.format(lang="en", carried="1").replace("carried", 'rounding = "1/2"\ncarried'))
    assert e.grade({"q3.w1": "24"}).points == Fraction(3, 2)  # 4/3, to halves
    assert e.grade({"q3.w1": "24"})["q3.w1"].points == Fraction(4, 3)
    with pytest.raises(G.InputError, match=r"exam:16: shares are numbers from 0 up, one for each of z, f; got 3"):
        G.Exercise.loads(HOME.replace("points = 2", "shares = [1, 1, 1]", 1).format(lang="en", carried=1), name="exam")


def test_the_parts_of_a_question_in_one_text():
    for text in ("z = 5; f = 20", "z=5, f=20", "f = 20\nz = 5"):
        grade = home().grade({"q1": text, "q3": "dw1 = 24, ∂f/∂b = 4, w_3 = 5"})
        assert grade.points == 6 and grade.notes == ()
    assert home().grade({"q1": "5, 20"}).notes == ("question 1 has 2 parts; answer each by its name: z and f",)


@pytest.mark.parametrize("text", ["z̄·x1 + z̄·x2", r"\bar{z}(x_1 + x_2)", "z_bar*(x1+x2)", "r̄·1[z>0]·(x1+x2)"])
def test_adjoints_of_what_lies_between_have_names(text):
    assert statuses(graded({"q4.w1": text})) == {}
    assert statuses(graded({"q4.w1": f"2*({text})"})) == {"q4.w1": "wrong"}


@pytest.mark.parametrize("text", ["w1_bar", "w̄1", "b_bar*(x1 + x2)"])
def test_the_adjoint_that_is_asked_for_has_none(text):
    assert statuses(graded({"q4.w1": text})) == {"q4.w1": "invalid"}


HOSTILE = ["__import__('os').system('id')", "9^9^9^9", "(" * 3000 + ")" * 3000, "e^{" * 60, "x" * 100_000, "\u202e5",
           "\x00", "[" * 900, "=" * 900, "1,2,3", "((9**9)**9999)**9999", "{x:1}", "lambda: 0",
           "+".join("1" * 1500), "∂" * 50]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_answers_cost_nothing_but_their_own_points(text):
    grade = graded(dict.fromkeys(("q1.z", "q3.w1", "q4.w1"), text))
    assert {grade[k].status for k in ("q1.z", "q3.w1", "q4.w1")} <= {"invalid", "undecided", "wrong"}
    assert all(grade[k].status == "correct" for k in ("q1.f", "q2.z", "q3.w3", "q3.b", "q5.z"))


def test_keys_that_are_hostile_become_notes():
    strange = {"q1.__class__": "1", "../../etc/passwd": "2", "q3": {"\x00": "1"}, "q2": ["a", {}], "x" * 9999: "1"}
    grade = home().grade(strange)
    assert len(grade.notes) == 5 and all(len(n) < 200 and n.isprintable() for n in grade.notes)


# -- properties ------------------------------------------------------------------------------------------------------

RANDOM = """title = "t"
function = "{f}"
[random]
{draws}
[[question]]
ask = "value"
points = 2
[[question]]
ask = "gradient"
points = 3
[[question]]
ask = "formula"
points = "5/3"
"""
FORMULAS = ["w*relu(v*x + b)", "w*v*x + w^2", "(w*x + b)^2/2", "w*sigmoid(v*x)", "w*tanh(v) + abs(b)*x",
            "max(w*x, v)*b", "-log(sigmoid(w*x))*v", "(w - v)/(x^2 + 1)"]


def drawn(formula, seed):
    draws = "\n".join(f"{n} = [-4, 5]" for n in "wvxb" if n in formula.replace("max", "").replace("exp", ""))
    text = RANDOM.format(f=formula, draws=draws)
    return G.Exercise.loads(text.replace("[random]", f"seed = {seed}\n[random]"))


def model_answers(e, student):
    numbers = e.numbers(student)
    found = {}
    for q in e.questions:
        for part, answer in zip(q.parts, e.answers(q, numbers)):
            found[f"{q.name}.{part}"] = answer.formula if q.ask == "formula" else str(answer.value)
    return found


@settings(max_examples=30)
@given(st.sampled_from(FORMULAS), st.integers(0, 30), st.text("ab1é", max_size=3))
def test_the_model_answers_have_full_points_at_any_draw(formula, seed, student):
    e = drawn(formula, seed)
    grade = e.grade(model_answers(e, student), student)
    assert grade.points == grade.max_points == Fraction(20, 3), str(grade)


@settings(max_examples=30)
@given(st.sampled_from(FORMULAS), st.integers(0, 30), st.data())
def test_a_changed_answer_takes_nothing_from_right_ones(formula, seed, data):
    e = drawn(formula, seed)
    answers = model_answers(e, "ada")
    changed = data.draw(st.sampled_from(sorted(answers)))
    answers[changed] = data.draw(st.sampled_from(["17/3", "w", "", "1/0", "((", "-w*x"]))
    lost = {p.key for p in e.grade(answers, "ada").parts if p.points < p.max_points}
    assert lost <= {changed}


# -- matrices --------------------------------------------------------------------------------------------------------

# r = W x - y = (1 + 4, 2 + 9)ᵀ - (4, 8)ᵀ = (1, 3); f = 10; ∂f/∂r = (2, 6); ∂f/∂W = (2, 6)ᵀ(1, 2, 3);
# ∂f/∂x = Wᵀ(2, 6) = (2, 4 + 6, 18).
LAYER = """title = "t"
function = "sum(r^2)"
layout = "{layout}"
define = {{ r = "W x - y" }}
[symbols]
W = {{ kind = "parameter", shape = [2, 3] }}
x = {{ shape = [3] }}
y = {{ shape = [2] }}
[point]
W = [[1, 2, 0], [0, 1, 3]]
x = [1, 2, 3]
y = [4, 8]
[[question]]
ask = "value"
of = ["r", "f"]
[[question]]
ask = "gradient"
wrt = ["W", "x"]
[[question]]
ask = "formula"
wrt = ["r", "W", "x"]
[[question]]
ask = "jacobian"
of = "r"
wrt = "x"
[[question]]
ask = "shape"
wrt = "W"
[[question]]
ask = "cost"
of = ["parameters", "multiply_adds"]
"""
LAYER_RIGHT = {
    "q1.r": "(1, 3)", "q1.f": "10", "q2.W": "[2, 4, 6; 6, 12, 18]", "q2.x": "[2, 10, 18]", "q3.r": "2 r",
    "q3.W": "2 (W x - y) x^T", "q3.x": r"2 W^\top r", "q4.x": "[1, 2, 0; 0, 1, 3]", "q5.W": "2×3",
    "q6.parameters": "6", "q6.multiply_adds": "2·3",
}  # fmt: skip


def layer(changes, layout="any"):
    return statuses(G.Exercise.loads(LAYER.format(layout=layout)).grade({**LAYER_RIGHT, **changes}))


def test_matrices_in_numbers_and_formulas():
    assert layer({}) == {} and layer({}, "denominator") == {}


def test_what_follows_in_matrices():
    # r = (1, 2): f = 5, ∂f/∂W = (2, 4)ᵀ(1, 2, 3), ∂f/∂x = Wᵀ(2, 4) = (2, 8, 12).
    assert layer({"q1.r": "[1, 2]", "q1.f": "5", "q2.W": "[2, 4, 6; 4, 8, 12]", "q2.x": "[2, 8, 12]"}) == {
        "q1.r": "wrong", "q1.f": "follows", "q2.W": "follows", "q2.x": "follows"}
    # Without the factor 2 in ∂f/∂r, and then on; W r does not fit and follows from nothing.
    assert layer({"q3.r": "r", "q3.W": "r x^T", "q3.x": "W^T r"}) == {
        "q3.r": "wrong", "q3.W": "follows", "q3.x": "follows"}
    assert layer({"q3.r": "r", "q3.x": "W r"}) == {"q3.r": "wrong", "q3.x": "wrong"}


def test_layouts_that_the_exercise_fixes():
    turned = {"q2.W": "[2, 6; 4, 12; 6, 18]", "q3.W": "2 x (W x - y)^T", "q5.W": "(3, 2)"}
    assert layer(turned) == {}
    assert layer(turned, "denominator") == dict.fromkeys(turned, "wrong")
    assert layer({**turned, "q4.x": "[1, 2, 0; 0, 1, 3]"}, "numerator").keys() & turned.keys() == set()
    # What follows has to have the layout, too.
    changes = {"q3.r": "r", "q3.W": "x r^T"}
    assert layer(changes)["q3.W"] == "follows" and layer(changes, "denominator")["q3.W"] == "wrong"
    assert layer(changes, "numerator")["q3.W"] == "follows"


def test_shapes_and_counts_that_are_wrong():
    assert layer({"q5.W": "3×3", "q6.parameters": "8", "q6.multiply_adds": "2^2"}) == {
        "q5.W": "wrong", "q6.parameters": "wrong", "q6.multiply_adds": "wrong"}
    assert layer({"q5.W": "two by three!", "q6.parameters": "x"}) == {"q5.W": "invalid", "q6.parameters": "invalid"}


PIECES = [*"12-+/*^()[]{},;= zfd∂.e&T'|≈√σŷ∇>0$", "w1", "\\frac", "\\begin{pmatrix}", "\\end{pmatrix}", "\\\\", "x_",
          "\n", "1[", "\\top", "inf", "nan", "_bar", "\u0302"]
texts = st.one_of(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.text(max_size=30))


@settings(max_examples=50)
@given(texts, texts, st.sampled_from(["q1", "q2.r", "q2", "q5.W", "q1.r", "q4.x", "q6.parameters"]),
       st.sampled_from(["en", "fr"]))
def test_any_text_is_marked(text, key, known, lang):
    e = G.Exercise.loads(LAYER.format(layout="any"))
    grade = e.grade({known: text, key: text, "q1": {key: text, "f": "10"}}, lang=lang)
    assert len(grade.parts) == 11 and all(p.status for p in grade.parts)
    other = "f" in (e.questions[0].part(key), e.questions[0].part(key.partition(".")[2]))
    assert grade["q1.f"].status == "correct" or other


@settings(max_examples=50)
@given(texts)
def test_any_text_is_marked_where_scalars_are_asked(text):
    grade = graded(dict.fromkeys(("q1.z", "q3.w1", "q4.w1", "q5.z"), text))
    assert grade["q1.f"].status == "correct" and grade["q3.b"].status == "correct"
