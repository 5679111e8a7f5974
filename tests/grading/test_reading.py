"""Files of answers: each kind, each way they are written, and what cannot be read."""

from __future__ import annotations

import json
import os

import pytest

from graphc.errors import InputError
from graphc.grading.files import LARGEST, listed, read_file
from graphc.grading.marked import MACROS, markdown_answers, tex_answers
from graphc.grading.submission import Fault, Submission, Unread, answers_of
from graphc.grading.table import rows_of

WANTED = {"q1.z": "3", "q1.f": "1/2", "q4.w1": "w3*x1"}


def reads(tmp_path, name, data, lang="en"):
    (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_file(str(tmp_path), name, lang)


def one(tmp_path, name, data):
    (record,) = reads(tmp_path, name, data)
    assert isinstance(record, Submission), record
    return record.student, dict(record.answers)


# -- TOML and JSON ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [
    'q1.z = 3\nq1.f = "1/2"\nq4.w1 = "w3*x1"',
    '"q1.z" = "3"\n"q1.f" = "1/2"\n"q4.w1" = "w3*x1"',
    'q1 = { z = "3", f = "1/2" }\n[q4]\nw1 = "w3*x1"',
    'student = "ada"\n[answers]\nq1 = { z = 3, f = "1/2" }\nq4.w1 = "w3*x1"',
    '[q1]\r\nz = 3\r\nf = "1/2"\r\n[q4]\r\nw1 = "w3*x1"\r\n',
    '\ufeffQ1.z = "3"\nQ1.f = "1/2"\nQ4.w1 = "w3*x1"'])
def test_toml_of_one_student(tmp_path, text):
    assert one(tmp_path, "ada.toml", text) == ("ada", WANTED)


@pytest.mark.parametrize("value", [
    {"q1": {"z": 3, "f": "1/2"}, "q4.w1": "w3*x1"},
    {"student": "ada", "answers": {"q1.z": "3", "q1.f": "1/2", "q4": {"w1": "w3*x1"}}},
    {"élève": "ada", "q1.z": "3", "q1.f": "1/2", "q4.w1": "w3*x1", "q5": None}])
def test_json_of_one_student(tmp_path, value):
    assert one(tmp_path, "ada.json", json.dumps(value)) == ("ada", WANTED)


def test_numbers_stay_as_they_were_typed(tmp_path):
    assert one(tmp_path, "ada.json", '{"q1": 0.10, "q2": 1e400, "q3": [[1.50, -2], [3, 4]]}')[1] == {
        "q1": "0.10", "q2": "1e400", "q3": "[[1.50, -2], [3, 4]]"}
    assert one(tmp_path, "ada.toml", "q1 = 0.10\nq3 = [1.50, -2]")[1] == {"q1": "0.10", "q3": "[1.50, -2]"}


@pytest.mark.parametrize("text", ['{"ada": {"q1.z": "3"}, "ben": {"q1.z": "4"}}',
                                  '[{"student": "ada", "q1.z": "3"}, {"student": "ben", "q1.z": 4}]'])
def test_json_of_many_students(tmp_path, text):
    assert [(r.student, r.answers["q1.z"]) for r in reads(tmp_path, "all.json", text)] == [("ada", "3"), ("ben", "4")]


def test_one_bad_student_of_many_costs_only_that_one(tmp_path):
    ada, ben, cleo = reads(tmp_path, "all.json", '{"ada": {"q1": "3"}, "ben": {"q1": true}, "cleo": {"q1": "4"}}')
    assert (ada.student, cleo.student) == ("ada", "cleo")
    assert ben == Unread("ben", "all.json", "the answer to q1 is no text, number or list of numbers")


def test_a_list_without_names_counts(tmp_path):
    assert [r.student for r in reads(tmp_path, "day.json", '[{"q1": 1}, {"q1": 2}]')] == ["day-1", "day-2"]


# -- CSV -------------------------------------------------------------------------------------------------------

TABLE = 'student,q1.z,q1.f,q4.w1\nada,3,1/2,w3*x1\n"Béa, dite ""B""",,"0\n5",\n'


@pytest.mark.parametrize("data", [
    TABLE.encode(), TABLE.encode("utf-8-sig"), TABLE.encode("utf-16"), TABLE.encode("latin-1"),
    TABLE.replace("\n", "\r\n").encode(), TABLE.replace(",", "\t").replace("\t dite", ", dite").encode()])
def test_csv_as_spreadsheets_write_it(tmp_path, data):
    ada, bea = reads(tmp_path, "class.csv", data)
    assert (ada.student, ada.answers, ada.place) == ("ada", WANTED, "class.csv:2")
    assert bea.student == 'Béa, dite "B"' and bea.place == "class.csv:3"
    assert bea.answers["q1.f"].replace("\r", "") == "0\n5"


def test_csv_with_semicolons_keeps_decimal_commas(tmp_path):
    (record,) = reads(tmp_path, "classe.csv", "sep=;\nÉlève;Q1.z;remarks\nada;0,5;late\n")
    assert (record.student, record.answers, record.place) == ("ada", {"q1.z": "0,5", "remarks": "late"}, "classe.csv:3")


def test_csv_rows_that_cannot_be_read(tmp_path):
    text = "student,q1\n,3\nada,3,4,5\nben,1,\n\ncleo,2\n"
    nobody, ada, ben, cleo = reads(tmp_path, "c.csv", text, "fr")
    assert nobody == Unread("", "c.csv:2", "la ligne ne nomme pas d'élève")
    assert ada == Unread("ada", "c.csv:3", "la ligne a 4 cellules, la première 2")
    assert (ben.student, cleo.student, cleo.place) == ("ben", "cleo", "c.csv:6")


def test_a_huge_cell_costs_its_row(tmp_path):
    bad, ben = reads(tmp_path, "c.csv", f"student,q1\nada,{'x' * 2**21}\nben,1\n")
    assert bad.place == "c.csv:2" and "field larger than field limit" in bad.why
    assert ben.student == "ben"


def test_the_limit_of_cells_is_put_back():
    import csv
    before = csv.field_size_limit()
    assert len(list(rows_of("student,q1\nada,3\n"))) == 1
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(("text", "why"), [("name,q1\nada,3", "names no column `student`"),
                                           ("student,q1,Q1\nada,3,4", "q1 is given twice")])
def test_csv_without_a_head(tmp_path, text, why):
    (record,) = reads(tmp_path, "c.csv", text)
    assert why in record.why and record.place == "c.csv:1"


# -- Markdown --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [
    "## q1.z\n$3$\n## q1.f\n$1/2$\n## q4.w1\n$w3*x1$",
    "# Exam\n**q1.z:** $3$\n\n**q1.f**: $$\n1/2\n$$\n- q4.w1: we see that $w3*x1$ and $0$",
    "## Question 1\nFirst, $ $ for\n- **z:** $3$\n- **f** = \\(1/2\\)\n\n**Question 4.** (3 points)\n\n* w1: $w3*x1$",
    "---\nstudent: ada\n---\nq1.z: 3\nq1.f = 1/2\nq4.w1: `w3*x1`\n<!-- q2: $9$\n-->",
    "q1.z: $3$\r\nq1.f: \\[1/2\\]\r\nq4.w1: w3*x1\r\n"])
def test_markdown(tmp_path, text):
    assert one(tmp_path, "ada.md", text) == ("ada", WANTED)


def test_markdown_parts_are_those_of_the_exercise():
    text = "## Question 4\nAs $z$ is known,\n- z = $w_1 x$\n1. **$w_1$** = $3 x$\n## Question 5\n2) b: 7"
    assert markdown_answers(text, WANTED)[1] == {"q4.w_1": "3 x"}
    assert markdown_answers(text)[1] == {"q4.z": "w_1 x", "q4.w_1": "3 x", "q5.b": "7"}


def test_markdown_prose_is_no_mark():
    assert markdown_answers("Question 1 is hard.\nq1 too\nthe z: $3$\n- z: $3$")[1] == {}


def test_a_price_is_no_mathematics():
    assert markdown_answers(r"q1: it costs \$2, so $x$ is 5 \$")[1] == {"q1": "x"}


def test_markdown_twice(tmp_path):
    (record,) = reads(tmp_path, "ada.md", "q1: $1$\n\nq1: $2$")
    assert record == Unread("ada", "ada.md:3", "q1 is given twice")


# -- LaTeX -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [
    r"\answer{q1.z}{$3$}\answer{q1.f}{1/2}\answer {q4.w1} {$$w3*x1$$}",
    "\\newcommand{\\answer}[2]{#2}\\student{ada}\\begin{document}\n\\answer{q1.z}{\\(3\\)} % \\answer{q1.z}{9}\n"
    "%\\answer{q2}{1}\n\\answer{q1.f}{$1/2$ \\% sure}\n\\answer{q4.w1}{so $w3*x1$}\\end{document}",
    "\\begin{answers}\n\\item[q1.z] $3$\n\\item [Q1.f] 1/2\n\\item[q4.w1] \\[w3*x1\\]\n\\end{answers}"])
def test_latex(tmp_path, text):
    assert one(tmp_path, "ada.tex", text) == ("ada", WANTED)


def test_latex_keeps_braces_and_escapes():
    assert tex_answers(r"\answer{q4.w1}{$\frac{\partial f}{\partial w_1} = w_{3}\{x\}$}")[1] == {
        "q4.w1": r"\frac{\partial f}{\partial w_1} = w_{3}\{x\}"}


@pytest.mark.parametrize(("text", "place", "why"), [
    ("\n\\answer{q1}{$3$", "ada.tex:2", "a brace is never closed"),
    (r"\answer{q1} 3", "ada.tex:1", "two pairs of braces"),
    ("\n\n\\begin{answers}\\item[q1] 3", "ada.tex:3", r"\begin{answers} has no \end{answers}"),
    ("\\begin{answers}\n\\item 3\\end{answers}", "ada.tex:2", r"as in \item[q1.z]")])
def test_latex_that_cannot_be_read(tmp_path, text, place, why):
    (record,) = reads(tmp_path, "ada.tex", text)
    assert record.place == place and why in record.why


def test_the_macros_define_what_is_read():
    assert all(rf"\newcommand{{\{name}}}" in MACROS for name in ("student", "answer"))
    assert tex_answers(MACROS.replace("%", ""))[1].keys() >= {"q1.z", "q4.w1"}
    assert tex_answers(MACROS) == ("", {})


# -- what cannot be read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "data", "place", "why"), [
    ("a.toml", "q1 = [", "a.toml:1", "not TOML: "), ("a.toml", b"q1 = 1\nq2 = '\xff'", "a.toml:2", "not UTF-8"),
    ("a.toml", "q1 = " + "[" * 20_000, "a.toml", "nested too deeply"), ("a.toml", "q1 = " + "9" * 5000, "a.toml", ""),
    ("a.json", "\n{]", "a.json:2", "not JSON: "), ("a.json", "[" * 200_000, "a.json", "nested too deeply"),
    ("a.json", '{"q1": 1, "q1": 2}', "a.json", "q1 is given twice"), ("a.json", "3", "a.json", "answers stand in"),
    ("a.json", "[3]", "a.json", "item 1 of the list"),
    ("a.json", '{"student": true, "q1": 1}', "a.json", "must be text"),
    ("a.json", '{"q1": {"z": {"y": 1}}}', "a.json", "the answer to q1.z"),
    ("a.json", "{}", "a.json", "no answer in it"),
    ("a.json", json.dumps({f"k{i}": 1 for i in range(1001)}), "a.json", "more than 1000 answers"),
    ("a.json", "[]", "a.json", "no answer in it"), ("a.md", "I do not know", "a.md", "no answer in it"),
    ("a.md", "q1: $1$\n" + "x" * LARGEST, "a.md", "more than 1 MB"), ("a.md", b"", "a.md", "the file is empty"),
    ("a.tex", b"\xfe", "a.tex:1", "not UTF-8"), ("a.pdf", "x", "a.pdf", "ending in .pdf"),
    ("a", "x", "a", "known are .toml, .json, .csv, .md, .tex")])
def test_bad_files_cost_a_row(tmp_path, name, data, place, why):
    (record,) = reads(tmp_path, name, data)
    assert isinstance(record, Unread)
    assert (record.student, record.place) == ("a", place) and why in record.why


def test_a_thousand_short_answers_are_read(tmp_path):
    assert len(one(tmp_path, "a.json", json.dumps({f"k{i}": 1 for i in range(1000)}))[1]) == 1000


def test_an_answer_is_cut_at_a_length_that_no_reader_takes():
    assert len(answers_of({"q1": "x" * 10**6})["q1"]) == 20_000


def test_links_folders_and_pipes(tmp_path):
    inside = tmp_path / "answers"
    inside.mkdir()
    (tmp_path / "secret.toml").write_text("q1 = 1")
    (inside / "ada.toml").write_text("q1 = 1")
    os.symlink(tmp_path / "secret.toml", inside / "out.toml")
    os.symlink("ada.toml", inside / "in.toml")
    os.symlink("gone.toml", inside / "gone.toml")
    (inside / "ben.toml").mkdir()
    whys = {n: r.why for n in listed(str(inside)) for r in read_file(str(inside), n, "en") if isinstance(r, Unread)}
    assert whys["out.toml"] == "it is a link that leads out of the folder"
    assert whys["ben.toml"].startswith("it is a folder") and whys["gone.toml"].startswith("the system refuses")
    assert sorted(whys) == ["ben.toml", "gone.toml", "out.toml"]
    os.mkfifo(inside / "pipe.toml")
    assert read_file(str(inside), "pipe.toml", "en")[0].why == "it is no plain file"


def test_hidden_files_are_passed_over(tmp_path):
    for name in (".DS_Store", "~$class.csv", "ada.md"):
        (tmp_path / name).write_text("x")
    assert listed(str(tmp_path)) == ["ada.md"]


def test_no_files_at_all(tmp_path):
    with pytest.raises(InputError, match=r"has no files of answers; they end in \.toml, \.json"):
        listed(str(tmp_path))
    with pytest.raises(InputError, match=r"cannot read .*gone.*: No such file"):
        listed(str(tmp_path / "gone"))


def test_a_fault_is_told_in_both_languages():
    fault = Fault("cells", got=3, need=2)
    assert fault.told("en") == "the row has 3 cells, the first row 2"
    assert fault.told("fr") == "la ligne a 3 cellules, la première 2"


def test_what_a_terminal_obeys_is_shown_as_code(tmp_path):
    (record,) = reads(tmp_path, "a\x1b[2J.json", '{"q1\\u001b[2J": 1, "q1\\u001b[2J": 1}')
    assert record == Unread("a [2J", "a [2J.json", "q1\\x1b[2J is given twice")


def test_half_a_pair_and_names_that_are_no_text(tmp_path):
    name = os.fsdecode(b"caf\xe9.json")
    assert one(tmp_path, name, '{"student": "a\\ud800", "q1": "\\ud800x", "\\udfff": 2}') == (
        "a", {"q1": "\\ud800x", "\\udfff": "2"})
