"""What was exported comes back: the same exercise, and the edits that were made to the file since."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET

import pytest
from exchange_exercises import NEURON, exercise_texts
from hypothesis import given, settings
from hypothesis import strategies as st

import graphc as G
import graphc.sheets.phrases as sheet_phrases
from graphc.errors import InputError
from graphc.exchange.carried import packed, unpacked


@pytest.fixture
def exported(tmp_path):
    def write(ending, text=NEURON, **options):
        path = tmp_path / f"quiz{ending}"
        G.export_exercise(G.Exercise.loads(text), path, **{"figure": False, "variants": 2, **options})
        return path

    return write


def fields(e):
    shown = {k: v for k, v in vars(e).items() if k not in ("f", "defined", "nodes", "name")}
    return shown | {"f": e.f, "defined": dict(e.defined)}


def same(a, b):
    one, other = fields(a), fields(b)
    return all(one[k] is other[k] if k == "f" else repr(one[k]) == repr(other[k]) for k in one)


@settings(max_examples=25)
@given(exercise_texts(), st.sampled_from([".xml", ".tex"]), st.sampled_from(["en", "fr"]))
def test_every_exercise_comes_back(tmp_path_factory, text, ending, lang):
    e = G.Exercise.loads(text)
    path = tmp_path_factory.mktemp("out") / f"quiz{ending}"
    G.export_exercise(e, path, lang=lang, variants=1, figure=False)
    back = G.import_exercise(path)
    assert back.text == text and back.notes == ()
    assert same(G.Exercise.loads(back.text), e)


@pytest.mark.parametrize("ending", [".xml", ".tex"])
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_template_comes_back_comments_and_all(exported, ending, lang):
    text = G.Exercise.template(lang)
    back = G.import_exercise(exported(ending, text))
    assert (back.text, back.notes) == (text, ())


def test_a_student_has_the_same_numbers_as_before(exported):
    back = G.import_exercise(exported(".xml")).exercise
    assert back.numbers("ada") == G.Exercise.loads(NEURON).numbers("ada")


def edited(path, old, new, count=-1):
    """The file with words replaced after the source that it carries."""
    before, end, after = path.read_text(encoding="utf-8").partition("graphc end of exercise")
    assert old in after
    path.write_text(before + end + after.replace(old, new, count), encoding="utf-8")
    return G.import_exercise(path)


def test_points_edited_in_moodle_are_taken(exported):
    back = edited(exported(".xml"), "<defaultgrade>4.0000000</defaultgrade>", "<defaultgrade>2.5</defaultgrade>")
    assert back.text == NEURON.replace("points = 4", "points = 2.5")
    assert back.notes == ("question 3: points was edited in the file; taken: 2.5",)
    assert back.exercise.questions[2].points == 2.5


def test_a_sentence_edited_in_moodle_is_taken_with_its_mathematics(exported):
    old = r"Give a formula for \(\partial f / \partial w_{1}\) and \(\partial f / \partial w_{3}\)."
    back = edited(exported(".xml"), old, r"Write \(\frac{1}{2}\) &amp; <em>both</em> for 5 &#36;")
    assert back.exercise.questions[2].text.in_("en") == r"Write $\frac{1}{2}$ & both for 5 \$"
    assert "# by hand" in back.text  # the comments of the author stay


def test_a_sentence_of_every_variant_is_taken(exported):
    back = edited(exported(".xml"), "Why is the one by", "Say why the one by")
    assert back.exercise.questions[1].text.in_("en") == "Compute the gradient. Say why the one by $w_1$ a sum?"
    assert back.notes == ("question 2: text was edited in the file; taken: Compute the gradient. Say why the one by "
                          "$w_1$ a sum?",)


def test_weights_and_tolerance_of_every_variant_are_taken(exported):
    path = exported(".xml")
    text = path.read_text(encoding="utf-8")
    wide = re.sub(r"\{1:NUMERICAL:=(-?\d+):[0-9.e-]+", lambda m: f"{{2:NUMERICAL:={m[1]}:{abs(int(m[1])) / 50}", text)
    path.write_text(wide, encoding="utf-8")
    back = G.import_exercise(path)
    assert back.exercise.tolerance == 0.02
    assert [q.points for q in back.exercise.questions] == [4, 6, 4]


def test_variants_edited_apart_are_not_taken(exported):
    path = exported(".xml", variants=3)
    edited(path, "Why is the one by", "How is the one by", 1)
    back = edited(path, "Why is the one by", "Where is the one by", 1)
    assert back.text == NEURON
    assert back.notes == ("question 2: text was edited, but not the same way everywhere; not taken",)


def test_one_variant_edited_alone_is_not_taken(exported):
    back = edited(exported(".xml", variants=3), "Why is the one by", "How is the one by", 1)
    assert back.text == NEURON
    assert back.notes == ("question 2: text was edited, but not the same way everywhere; not taken",)


def test_what_cannot_be_taken_is_told(exported):
    back = edited(exported(".xml"), "<tans>ta1</tans>", "<tans>ta1+1</tans>")
    assert back.text == NEURON
    assert any("node/tans was edited in the file; not taken" in n for n in back.notes)
    assert any("input/tans was edited" in n for n in back.notes)


def test_a_sentence_that_no_sheet_can_set_is_not_taken(exported):
    old = r"Give a formula for \(\partial f / \partial w_{1}\) and \(\partial f / \partial w_{3}\)."
    back = edited(exported(".xml"), old, r"\(\input{/etc/passwd}\)")
    assert back.text == NEURON
    assert "input, which is not known" in back.notes[0] and "not taken" in back.notes[0]


def test_questions_removed_or_added_are_told(exported):
    path = exported(".xml")
    tree = ET.parse(path)
    root = tree.getroot()
    root.remove(next(q for q in root if q.get("type") == "stack"))
    extra = ET.SubElement(root, "question", type="shortanswer")
    ET.SubElement(ET.SubElement(extra, "name"), "text").text = "Mine"
    tree.write(path, encoding="utf-8")
    back = G.import_exercise(path)
    assert back.text == NEURON
    assert back.notes == ("'Mine' was added to the file; not taken",
                          "'A neuron, Question 3' is missing from the file; the exercise still has it")


def test_moodle_may_write_the_file_anew(exported):
    """Other indentation, no CDATA, other numbers of zeros: the same quiz."""
    path = exported(".xml")
    tree = ET.parse(path)
    for grade in tree.getroot().iter("defaultgrade"):
        grade.text = str(float(grade.text))
    ET.indent(tree, "      ")
    tree.write(path, encoding="utf-8", xml_declaration=True)
    back = G.import_exercise(path)
    assert (back.text, back.notes) == (NEURON, ())


def test_points_sentence_and_title_edited_in_latex(exported):
    path = exported(".tex")
    edited(path, "\\question[4]\nGive a formula for", "\\question[2\\half]\nWrite 100 \\% of", 1)
    back = edited(path, r"\title{A neuron}", r"\title{Two \& more}")
    assert back.exercise.title.in_("en") == "Two & more" and back.exercise.title.in_("fr") == "Un neurone"
    assert back.exercise.questions[2].points == 2.5
    assert back.exercise.questions[2].text.in_("en").startswith(r"Write 100 % of $\partial f / \partial w_{1}$ and")


def test_a_source_edited_by_hand_is_taken_and_told(exported):
    path = exported(".tex")
    path.write_text(path.read_text(encoding="utf-8").replace("%% seed = 4", "%% seed = 5"), encoding="utf-8")
    back = G.import_exercise(path)
    assert back.exercise.seed == 5
    assert back.notes[0].startswith("the source inside the file was edited by hand")


@pytest.mark.parametrize("ending", [".xml", ".tex"])
def test_words_of_another_version_are_no_edits(exported, ending, monkeypatch):
    """Exported by a graphc with other sentences; only the points that were edited since are taken."""
    with monkeypatch.context() as other:
        other.setitem(sheet_phrases.PHRASES, "ask formula", ("Find {what}.", "Trouver {what}."))
        path = exported(ending)
    assert "Find " in path.read_text(encoding="utf-8")
    old, new = {".xml": ("<defaultgrade>4.0000000<", "<defaultgrade>5<"),
                ".tex": (r"\question[4]", r"\question[5]")}[ending]
    back = edited(path, old, new)
    assert back.text == NEURON.replace("points = 4", "points = 5")
    assert back.notes == ("another version of graphc wrote the file, in other words: of its edits, points alone are "
                          "taken over", "question 3: points was edited in the file; taken: 5")


def test_a_file_of_a_later_graphc_is_refused():
    lines = packed("title = 1", {})
    with pytest.raises(InputError, match=r"later graphc \(form 2; this one reads 1\)"):
        unpacked([lines[0].replace("exercise 1", "exercise 2"), *lines[1:]])


@pytest.mark.parametrize("name, data, told", [
    ("a.tex", "\\documentclass{article}", "a.tex carries no exercise"), ("a.pdf", "x", "choose from .xml, .tex"),
    ("a.tex", "%% graphc exercise 1 sha256:" + "0" * 64 + " {}\n%% title", "has no end"),
])  # fmt: skip
def test_files_without_an_exercise(tmp_path, name, data, told):
    (tmp_path / name).write_text(data)
    with pytest.raises(InputError, match=told):
        G.import_exercise(tmp_path / name)


def test_a_model_in_python_is_run_only_when_trusted(tmp_path, exported):
    (tmp_path / "net.py").write_text("import graphc as G\nw, x = G.param('w'), G.input('x')\nloss = w*x\n")
    text = 'title = "t"\nmodel = "net.py:loss"\npoint = { w = 1, x = 2 }\nquestion = [{ ask = "value" }]\n'
    (tmp_path / "e.toml").write_text(text)
    e = G.Exercise.load(tmp_path / "e.toml", trusted=True)
    path = tmp_path / "quiz.xml"
    G.export_exercise(e, path, figure=False)
    with pytest.raises(InputError, match="--trust"):
        G.import_exercise(path)
    assert G.import_exercise(path, trusted=True).text == text


def test_nothing_is_left_where_a_file_cannot_be_written(tmp_path):
    e = G.Exercise.loads(NEURON)
    with pytest.raises(InputError, match="cannot write"):
        G.export_exercise(e, tmp_path / "no" / "quiz.tex")
    assert os.listdir(tmp_path) == []
