"""A folder for each student, as learning platforms hand submissions out."""

from __future__ import annotations

import csv
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphc.errors import InputError
from graphc.grading import grade_folder
from graphc.grading.files import listed
from graphc.grading.folders import MOST_INSIDE, read_item, together
from graphc.grading.submission import Fault, Submission, Unread
from graphc.grading.webpage import plain_text

ADA, BEN = "Ada Lovelace_12345_assignsubmission_file_", "Ben_7_assignsubmission_file_"
ONLINE = "Ada Lovelace_12345_assignsubmission_onlinetext_"
EXAM = """title = "t"
function = "w*x"
point = { w = 2, x = 3 }
[[question]]
ask = "value"
[[question]]
ask = "formula"
wrt = "w"
"""


def put(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def read(root, lang="en"):
    items, folders = together(str(root), listed(str(root)))
    return [r for name in items for r in read_item({"folder": str(root), "folders": folders}, name, lang)]


def answers(root):
    return {r.student: dict(r.answers) for r in read(root) if isinstance(r, Submission)}


def whys(root, lang="en"):
    return {r.place: r.why for r in read(root, lang) if isinstance(r, Unread)}


def test_the_student_is_what_the_folder_is_called(tmp_path):
    put(tmp_path, {f"{ADA}/answers.md": "q1: 3", "student-01/a.toml": 'q1 = "4"', "_x_/a.json": '{"q1": "5"}',
                   "cleo.md": "q1: 6", "Ada Lovelace_2_other/b.md": "q1: 7"})
    assert answers(tmp_path) == {"Ada Lovelace": {"q1": "3"}, "Ada Lovelace_2_other": {"q1": "7"},
                                 "_x_": {"q1": "5"}, "cleo": {"q1": "6"}, "student-01": {"q1": "4"}}


def test_a_name_inside_a_file_is_not_another_student(tmp_path):
    put(tmp_path, {"ada/a.md": "student: ben\n\nq1: 3", "ada/b.csv": "student,q2\nben,4\n"})
    assert answers(tmp_path) == {"ada": {"q1": "3", "q2": "4"}}


def test_several_files_of_one_student_are_put_together(tmp_path):
    put(tmp_path, {f"{ADA}/a.md": "q1: 3", f"{ADA}/b.tex": r"\answer{q2}{$w$}"})
    (record,) = read(tmp_path)
    assert (record.student, dict(record.answers)) == ("Ada Lovelace", {"q1": "3", "q2": "w"})
    assert record.place == f"{ADA}/a.md, {ADA}/b.tex"


def test_of_two_answers_to_one_part_the_first_file_counts(tmp_path):
    put(tmp_path, {"ada/a.md": "q1: 3", "ada/b.md": "q1: 4\n\nq2: 5"})
    assert answers(tmp_path) == {"ada": {"q1": "3"}}
    assert whys(tmp_path)["ada/b.md"].startswith("q1 is answered in an earlier file of this student")


def test_two_students_of_one_name_are_told_apart(tmp_path):
    put(tmp_path, {f"Ada_{i}_assignsubmission_file_/a.md": f"q1: {i}" for i in (1, 2)} | {f"{BEN}/a.md": "q1: 3"})
    assert answers(tmp_path) == {"Ada (1)": {"q1": "1"}, "Ada (2)": {"q1": "2"}, "Ben": {"q1": "3"}}


@pytest.mark.parametrize("folder", [ADA, ONLINE])
def test_what_was_typed_online_is_left_out_beside_a_file(tmp_path, folder):
    put(tmp_path, {f"{ADA}/answers.md": "q1: 3", f"{folder}/onlinetext.html": "<p>q1: 4</p>"})
    assert answers(tmp_path) == {"Ada Lovelace": {"q1": "3"}}
    assert whys(tmp_path) == {f"{folder}/onlinetext.html": "it is left out, as there are other files of this student"}


def test_what_was_typed_online_alone_is_read(tmp_path):
    put(tmp_path, {f"{ONLINE}/onlinetext.html":
                   "<h3>Question 1</h3><p><b>z:</b>&nbsp;3 &lt; 4</p><script>q9: 1</script><ul><li>q2: w</li></ul>"})
    assert answers(tmp_path) == {"Ada Lovelace": {"q1.z": "3 < 4", "q2": "w"}}


@pytest.mark.parametrize(("markup", "why"), [("<p>hello</p>", "there is no answer in it"), ("<![x", "")])
def test_what_was_typed_online_without_answers(tmp_path, markup, why):
    put(tmp_path, {f"{ONLINE}/onlinetext.html": markup})
    assert why in whys(tmp_path)[f"{ONLINE}/onlinetext.html"] and not answers(tmp_path)


@given(st.lists(st.sampled_from([*"<>/!-[]&;#x \n=\"'", "<p>", "</p>", "<b", "<script>", "</script>", "<![", "<!--",
                                 "-->", "<?", "&lt;", "&#1114112;", "q1: 3", "CDATA["]), max_size=30).map("".join))
def test_any_page_is_text_or_a_fault(markup):
    try:
        assert isinstance(plain_text(markup), str)
    except Fault as fault:
        assert fault.told("fr") == "ce n'est pas du HTML"


def test_links_and_deeper_folders_are_told_and_not_followed(tmp_path):
    inside = tmp_path / "answers"
    put(tmp_path, {"secret.md": "q3: 9", "answers/ada/a.md": "q1: 3", "answers/ada/more/b.md": "q2: 4"})
    os.symlink(tmp_path / "secret.md", inside / "ada" / "c.md")
    os.symlink("a.md", inside / "ada" / "d.md")
    os.symlink("ada", inside / "ben")
    os.symlink(tmp_path, inside / "cleo")
    assert answers(inside) == {"ada": {"q1": "3"}}
    link, folder = "it is a link, which is not followed", "it is a folder in a student's folder, or a link"
    assert {p: w[: len(folder)] for p, w in whys(inside).items()} == {
        "ada/c.md": link, "ada/d.md": link, "ada/more": folder, "ben": folder,
        "cleo": "it is a link that leads out of the folder"}


def test_what_in_a_folder_is_not_read(tmp_path):
    put(tmp_path, {"ada/scan.pdf": "%PDF", "ada/a.md": "q1: 3", "ada/.hidden": "x", "ada/t.toml": "q1 = \n",
                   "ben/all.csv": "student,q1\nada,3\nben,4\n", "__MACOSX/x": "x"})
    (tmp_path / "empty").mkdir()
    found = whys(tmp_path, "fr")
    assert found["ben/all.csv"].startswith("il contient les réponses de 2 élèves")
    assert found["ada/scan.pdf"].startswith("un fichier en .pdf ne se lit pas")
    assert found["ada/t.toml:1"].startswith("ce n'est pas du TOML")
    assert len(found) == 4 and found["empty"] == "il ne contient aucune réponse"
    assert answers(tmp_path) == {"ada": {"q1": "3"}}


def test_a_folder_of_very_many_files_and_an_old_report(tmp_path):
    put(tmp_path, {f"ada/{i}.md": "q1: 3" for i in range(MOST_INSIDE + 1)})
    put(tmp_path, {f"old/{name}": "student,q1\nada,3" for name in ("journal.jsonl", "report.json", "grades.csv")})
    assert whys(tmp_path) == {"ada": "more than 100 files", "old": "it is the report of an earlier run"}


def test_a_class_of_folders_is_graded(tmp_path):
    put(tmp_path, {"exam.toml": EXAM, f"answers/{ADA}/a.md": "q1: 6\n\nq2: x", f"answers/{ADA}/scan.jpg": "x",
                   f"answers/{BEN}/a.md": "q1: 5", "answers/cleo_9_assignsubmission_file_/x.pdf": "x"})
    outcome = grade_folder(tmp_path / "exam.toml", tmp_path / "answers", tmp_path / "report", workers=1)
    report = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    assert {s["student"]: s["points"] for s in report["students"]} == {"Ada Lovelace": "2", "Ben": "0"}
    assert (outcome.students, outcome.status, len(outcome.unread)) == (2, 2, 2)
    rows = list(csv.reader((tmp_path / "report" / "grades.csv").read_text("utf-8-sig").splitlines()))
    assert [row[0] for row in rows] == ["student", "Ada Lovelace", "Ben", "cleo"]
    assert "scan.jpg could not be read: a file ending in .jpg" in rows[1][-1]


def test_no_folder_at_all(tmp_path):
    put(tmp_path, {"__MACOSX/x": "x", ".git/x": "x"})
    with pytest.raises(InputError, match="has no files of answers"):
        listed(str(tmp_path))
