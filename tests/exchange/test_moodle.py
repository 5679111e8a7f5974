"""The quiz for Moodle: its parts as Moodle's importer looks for them, its numbers against the graph's own."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from fractions import Fraction

import numpy as np
import pytest
from exchange_exercises import NEURON

import graphc as G
from graphc.errors import InputError
from graphc.exchange.moodle import moodle_quiz, options_of

BOX = re.compile(r"\{(\d+):NUMERICAL:=([-0-9.e]+):([-0-9.e]+)((?:~%0%[-0-9.e]+:[-0-9.e]+#[^~}]*)*)\}")


def quiz(text=NEURON, **options):
    exercise = G.Exercise.loads(text)
    data, notes = moodle_quiz(exercise, options_of(exercise, {"figure": False, **options}), text)
    return exercise, ET.fromstring(data), notes


def of_type(root, kind):
    return [q for q in root.findall("question") if q.get("type") == kind]


@pytest.fixture(scope="module")
def neuron():
    return quiz(variants=4)


def test_a_quiz_is_categories_and_questions(neuron):
    _, root, _ = neuron
    assert root.tag == "quiz"
    assert [q.get("type") for q in root.findall("question")] == [
        "category", "description", "stack", "category", "cloze", "cloze", "cloze", "cloze"]
    assert [q.findtext("category/text") for q in of_type(root, "category")] == [
        "$course$/top/A neuron", "$course$/top/A neuron/Numbers"]
    numbers = [q.findtext("idnumber") for q in root.findall("question") if q.get("type") != "category"]
    assert len(set(numbers)) == len(numbers)


def test_a_formula_is_a_stack_question_with_an_input_and_a_tree_for_each_derivative(neuron):
    _, root, _ = neuron
    [q] = of_type(root, "stack")
    text = q.findtext("questiontext/text")
    assert [i.findtext("name") for i in q.findall("input")] == ["ans1", "ans2"]
    assert [text.count(f"[[input:ans{k}]] [[validation:ans{k}]]") for k in (1, 2)] == [1, 1]
    assert [p.findtext("name") for p in q.findall("prt")] == ["prt1", "prt2"]
    assert q.findtext("specificfeedback/text") == "<p>[[feedback:prt1]]</p><p>[[feedback:prt2]]</p>"
    assert q.findtext("defaultgrade") == "4.0000000"
    assert [p.findtext("value") for p in q.findall("prt")] == ["2.0000000", "2.0000000"]
    assert {i.findtext("type") for i in q.findall("input")} == {"algebraic"}


def test_a_tree_ends_wherever_it_goes(neuron):
    _, root, _ = neuron
    for tree in of_type(root, "stack")[0].findall("prt"):
        nodes = {n.findtext("name"): n for n in tree.findall("node")}
        assert list(nodes) == [str(i) for i in range(len(nodes))] and len(nodes) > 6
        assert [n.findtext("answertest") for n in nodes.values()] == ["AlgEquiv"] * len(nodes)
        assert [n.findtext("truescore")[:3] for n in nodes.values()][:3] == ["1.0", "1.0", "0.0"]
        steps = [n.findtext("falsenextnode") for n in nodes.values()]
        assert steps == [str(i + 1) for i in range(len(nodes) - 1)] + ["-1"]


def test_every_slip_has_its_sentence_and_its_question_test(neuron):
    _, root, _ = neuron
    [q] = of_type(root, "stack")
    said = [n.findtext("truefeedback/text") for n in q.find("prt").findall("node")]
    assert said[:2] == ["", ""] and all(said[2:])
    assert any("You kept one of the two paths from w1" in s for s in said)
    first, *others = q.findall("qtest")
    assert [e.findtext("expectedscore") for e in first.findall("expected")] == ["1.0000000", "1.0000000"]
    known = {n.findtext("trueanswernote") for p in q.findall("prt") for n in p.findall("node")}
    for case in others:
        scores = sorted(e.findtext("expectedscore") for e in case.findall("expected"))
        assert scores == ["0.0000000", "1.0000000"]
        assert {e.findtext("expectedanswernote") for e in case.findall("expected")} <= known


def test_points_lie_in_every_cell_of_two_switches():
    text = 'title = "t"\nfunction = "v*relu(x - 6)*relu(y - 6)"\nquestion = [{ ask = "formula", wrt = "v" }]'
    [q] = of_type(quiz(text)[1], "stack")
    points = re.search(r"^gpts1:(.*);$", q.findtext("questionvariables/text"), re.MULTILINE)[1]
    sides = [[Fraction(c) > 6 for c in re.findall(rf"{n}=(-?\d+(?:/\d+)?)", points)] for n in "xy"]
    assert len(sides[0]) >= 6 and len(set(zip(*sides))) == 4


def test_names_in_a_question_test_are_question_variables(neuron):
    _, root, _ = neuron
    [q] = of_type(root, "stack")
    declared = set(re.findall(r"^(\w+):", q.findtext("questionvariables/text"), re.MULTILINE))
    used = {i.findtext("value") for i in q.iter("testinput")} | {i.findtext("tans") for i in q.findall("input")}
    assert used <= declared


def test_boxes_hold_the_right_numbers_of_their_draw(neuron):
    e, root, notes = neuron
    for number, q in enumerate(of_type(root, "cloze"), 1):
        draws = [e.numbers(f"variant-{number:02d}{again}") for again in ("", "-1", "-2")]  # again where two are alike
        rights = [[a.value for question in e.questions[:2] for a in e.answers(question, n)] for n in draws]
        found = BOX.findall(q.findtext("questiontext/text"))
        want = [Fraction(value) for _, value, _, _ in found]
        assert want in rights
        assert all(float(reach) == pytest.approx(0.001 * abs(v)) for (_, _, reach, _), v in zip(found, want) if v)
        assert [int(w) for w, _, _, _ in found] == [1, 1, 1, 1, 1]
    assert notes == []


def test_a_number_that_a_slip_gives_is_recognised_and_is_not_right(neuron):
    _, root, _ = neuron
    remarks = 0
    for q in of_type(root, "cloze"):
        for _, value, reach, others in BOX.findall(q.findtext("questiontext/text")):
            for wrong in re.findall(r"~%0%([-0-9.e]+):", others):
                assert abs(float(wrong) - float(value)) > 2 * float(reach)
                remarks += 1
    assert remarks > 8


def test_a_number_of_several_slips_is_said_to_be_compatible():
    """At w = x = 2 the two factors of w·x are the same number, and so are the slips that lose either."""
    text = '''title = "t"
function = "v*w*x"
point = { v = 3, w = 2, x = 2 }
question = [{ ask = "gradient", wrt = "v" }]'''
    [q] = of_type(quiz(text)[1], "cloze")
    remarks = dict(re.findall(r"~%0%([-0-9.e]+):[0-9.e-]+#([^~}]*)", q.findtext("questiontext/text")))
    assert remarks["2"].startswith("This is compatible with: ")
    assert remarks["-4"] == "Your answer is the derivative with the opposite sign."


def test_draws_differ_and_are_those_of_a_student():
    e, root, _ = quiz(student="ada")
    [q] = of_type(root, "cloze")
    z = Fraction(BOX.search(q.findtext("questiontext/text"))[2])
    n = e.numbers("ada")
    assert z == n["w1"] * (n["x1"] + n["x2"]) + n["b"]
    texts = [q.findtext("questiontext/text") for q in of_type(quiz(variants=6)[1], "cloze")]
    assert len(set(texts)) == 6


def test_points_that_do_not_divide_are_scaled_and_told():
    text = NEURON.replace("points = 3 ", "points = 4 ")
    _, root, notes = quiz(text, variants=1)
    weights = [int(w) for w, *_ in BOX.findall(of_type(root, "cloze")[0].findtext("questiontext/text"))]
    assert weights == [3, 3, 4, 4, 4]
    assert "3 times the points" in notes[0]


def test_numerical_questions_have_the_points_themselves():
    e, root, _ = quiz(numbers="numerical", student="ada")
    found = of_type(root, "numerical")
    assert [q.findtext("defaultgrade") for q in found] == ["1.0000000"] * 5
    right = [q.find("answer[@fraction='100']/text").text for q in found]
    n = e.numbers("ada")
    assert [Fraction(v) for v in right] == [a.value for q in e.questions[:2] for a in e.answers(q, n)]
    assert len({q.findtext("idnumber") for q in found}) == 5


def test_numbers_of_a_stack_question_are_drawn_from_pleasant_ones():
    e, root, _ = quiz(numbers="stack", variants=3)
    q = of_type(root, "stack")[1]
    text = q.findtext("questionvariables/text")
    draws = re.findall(r"\[([^][]+)\]", re.search(r"^gdraws:\[(.*)\];$", text, re.MULTILINE)[1])
    found = [{n: Fraction(v) for n, v in (pair.split("=") for pair in draw.split(","))} for draw in draws]
    for i, draw in enumerate(found, 1):  # drawn again where two are alike
        assert draw in [e.numbers(f"variant-{i:02d}{again}") for again in ("", "-1", "-2")]
    assert found[0] != found[1] != found[2] != found[0]
    assert "gd:rand(gdraws);" in text and q.findtext("questionnote/text") == "{@gd@}"
    assert [s.text for s in q.findall("deployedseed")] == ["1", "2", "3"]
    assert r"\({@gd@}\)" in q.findtext("questiontext/text")


def test_right_numbers_of_a_stack_question_are_formulas_of_the_draw():
    e, root, _ = quiz(numbers="stack", variants=2)
    q = of_type(root, "stack")[1]
    formulas = re.findall(r"^ta\d+:ev\((.*),gd\);$", q.findtext("questionvariables/text"), re.MULTILINE)
    numbers = e.numbers("variant-01")
    want = [a.value for question in e.questions[:2] for a in e.answers(question, numbers)]
    for formula, value in zip(formulas, want, strict=True):
        python = formula.replace("^", "**").replace("charfun", "float")
        assert eval(python, {"max": max, "float": float}, dict(numbers)) == value
    assert [t.findtext("type") for t in q.findall("input")] == ["numerical"] * 5
    assert q.findtext("defaultgrade") == "5.0000000"


def test_the_figure_is_a_file_of_the_question():
    exercise = G.Exercise.loads(NEURON)
    root = ET.fromstring(moodle_quiz(exercise, options_of(exercise, {"variants": 1}), NEURON)[0])
    for q in [*of_type(root, "stack"), *of_type(root, "cloze")]:
        assert '<img src="@@PLUGINFILE@@/graph.png" alt="Computation graph">' in q.findtext("questiontext/text")
        file = q.find("questiontext/file")
        assert file.get("name") == "graph.png" and file.get("encoding") == "base64"
        assert base64.b64decode(file.text, validate=True).startswith(b"\x89PNG")


MATRICES = """
import graphc as G
x, W = G.input("x", 2, 3), G.param("W", 3, 2)
loss = G.sum((x @ W)**2)
"""
POINT = "point = { x = [[1, 0, 2], [0, 1, 1]], W = [[1, 2], [3, -4], [0, 1]] }"


def of_matrices(folder, question, point=POINT):
    (folder / "net.py").write_text(MATRICES)
    text = f'title = "t"\nmodel = "net.py:loss"\n{point}\nquestion = [{{ {question} }}]'
    exercise = G.Exercise.loads(text, folder=str(folder), trusted=True)
    data, notes = moodle_quiz(exercise, options_of(exercise, {"figure": False}), text)
    return ET.fromstring(data), notes


def test_an_array_is_an_essay_with_its_model_answer(tmp_path):
    root, notes = of_matrices(tmp_path, 'ask = "formula", wrt = "W", points = 2')
    [q] = of_type(root, "essay")
    assert q.findtext("defaultgrade") == "2.0000000" and r"\(" in q.findtext("graderinfo/text")
    assert notes == ["question 1, W: no STACK question, since the derivative is an array; "
                     "it is an essay with the model answer"]


def test_numbers_of_an_array_are_a_table_of_boxes(tmp_path):
    root, notes = of_matrices(tmp_path, 'ask = "gradient", wrt = "W", points = 2')
    html = of_type(root, "cloze")[0].findtext("questiontext/text")
    x, w = np.array([[1, 0, 2], [0, 1, 1]]), np.array([[1, 2], [3, -4], [0, 1]])
    assert [float(v) for _, v, _, _ in BOX.findall(html)] == (2 * x.T @ x @ w).ravel().tolist()
    assert html.count("<tr>") == 3 and html.count("<td>") == 6
    assert "3 times the points" in notes[0]


def test_numbers_of_an_array_are_cloze_where_stack_was_asked(tmp_path):
    (tmp_path / "net.py").write_text(MATRICES)
    text = f'title = "t"\nmodel = "net.py:loss"\n{POINT}\nquestion = [{{ ask = "gradient", wrt = "W" }}]'
    exercise = G.Exercise.loads(text, folder=str(tmp_path), trusted=True)
    data, notes = moodle_quiz(exercise, options_of(exercise, {"figure": False, "numbers": "stack"}), text)
    assert of_type(ET.fromstring(data), "stack") == [] and of_type(ET.fromstring(data), "cloze")
    assert notes[0] == "the numbers are asked in Cloze questions, not STACK: the derivative is an array"


HOSTILE = '''title = "]]></text><script>alert(1)</script> {1:NUMERICAL:=9:9} [[input:ans9]] {@rand(9)@} & <b>"
statement = 'Words {1:SHORTANSWER:=x} [[feedback:prt1]] @@PLUGINFILE@@ $\\{1\\} < x$'
function = "w*x"
point = { w = 2, x = 3 }
[[question]]
ask = "gradient"
wrt = "w"
text = "<img src=x onerror=alert(1)> {2:NM:=1} {#1#} ]]> \\\\$ 5"
[[question]]
ask = "formula"
wrt = "w"
text = "[[if test='true']] {@1+1@} ]]>"
'''


def test_hostile_words_are_words():
    _, root, _ = quiz(HOSTILE)
    for q in root.findall("question"):
        html = q.findtext("questiontext/text") or ""
        assert "<script" not in html and "<img" not in html and "{@" not in html and "[[if" not in html
        assert "[[input:ans9" not in html and "[[feedback:prt1" not in html and "@@" not in html
    [cloze] = of_type(root, "cloze")
    assert re.findall(r"\{\d*:[A-Z_]+:", cloze.findtext("questiontext/text")) == ["{1:NUMERICAL:"]
    assert "<script>" in of_type(root, "description")[0].findtext("questiontext/text").replace("&lt;", "<").replace(
        "&gt;", ">")


def test_french_is_french_throughout():
    _, root, _ = quiz(NEURON, lang="fr", variants=2)
    names = [q.findtext("name/text") for q in root.findall("question")]
    assert names[2] == "Un neurone, Question 3" and names[4] == "Un neurone, nombres 1"
    said = [n.findtext("truefeedback/text") for n in root.iter("node")]
    assert any("Vous avez gardé un seul des deux chemins partant de w1" in s for s in said)
    assert not any("You " in s for s in said)


def test_the_same_bytes_every_time():
    exercise = G.Exercise.loads(NEURON)
    options = options_of(exercise, {"variants": 2})
    assert moodle_quiz(exercise, options, NEURON) == moodle_quiz(G.Exercise.loads(NEURON), options, NEURON)


@pytest.mark.parametrize("given, told", [
    ({"lang": "de"}, "no language 'de'; choose from en, fr"), ({"variants": 0}, "from 1 to 200, got 0"),
    ({"numbers": "essay"}, "no form of numeric questions 'essay'; choose from cloze, numerical, stack")])  # fmt: skip
def test_options_are_checked(given, told):
    with pytest.raises(InputError, match=told):
        options_of(G.Exercise.loads(NEURON), given)
