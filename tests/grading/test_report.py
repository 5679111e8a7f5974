"""What is written: pages, table and JSON; everything from outside escaped; the counts by hand."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pytest

import graphc as G
from graphc import cli
from graphc.grading import grade_folder, report
from graphc.grading.asked import question_html
from graphc.grading.pages import safe
from graphc.grading.phrases import PHRASES, say
from graphc.grading.progress import Progress
from graphc.grading.report import guarded
from graphc.grading.statistics import PartTally, Tally

EXAM = """title = "Products & sums $w_1$"
function = "w*z"
[define]
z = "w*x + 1"
[random]
w = { choose = [2] }
x = { choose = [3] }
[[question]]
ask = "value"
of = ["z", "f"]
points = 3
[[question]]
ask = "formula"
wrt = "w"
points = 2
"""
# z = 7, f = 14, ∂f/∂w = 2wx + 1
ANSWERS = """student,q1.z,q1.f,q2.w
ada,7,14,2*w*x+1
ben,6,12,x*w
cleo,7,13,
dora,,14,2x)
=cmd()|<script>alert(1)</script>,7,"<img src=x onerror=alert(2)>",9^9^9^9
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("graded")
    (folder / "exam.toml").write_text(EXAM, "utf-8")
    (folder / "class.csv").write_text(ANSWERS, "utf-8")
    for lang in ("en", "fr"):
        grade_folder(folder / "exam.toml", folder / "class.csv", folder / lang, workers=1, lang=lang, version="9")
    return folder


@pytest.fixture(scope="module")
def facts(folder):
    return json.loads((folder / "en" / "report.json").read_text("utf-8"))


# -- JSON -----------------------------------------------------------------------------------------------------


def test_the_json_keeps_to_its_schema(facts):
    documented = re.findall(r"^    ([a-z][a-z_, ]*?)  +\S", report.__doc__.split("as text:")[1], re.MULTILINE)
    assert sorted(facts) == sorted(name for names in documented for name in names.split(", "))
    assert (facts["schema"], facts["version"], facts["graphc"]) == ("graphc.grades", 1, "9")
    row = report.__doc__.split("    students  ")[1].split("\n")[0]
    assert all(key in row for key in facts["students"][0])
    part = facts["students"][0]["parts"]["q1.z"]
    told = " ".join(report.__doc__.split())
    assert all(key in told for key in part)


def test_statuses_and_points(facts):
    rows = {s["student"]: ([p["status"] for p in s["parts"].values()], s["points"]) for s in facts["students"]}
    assert rows["ada"] == (["correct", "correct", "correct"], "5")
    assert rows["ben"] == (["wrong", "follows", "wrong"], "3/2")
    assert rows["cleo"] == (["correct", "wrong", "missing"], "3/2")
    assert rows["dora"] == (["missing", "correct", "invalid"], "3/2")
    assert rows["=cmd()|<script>alert(1)</script>"] == (["correct", "invalid", "undecided"], "3/2")


def test_summary_parts_and_slips(facts):
    assert facts["summary"] == {"students": 5, "mean": "11/5", "median": "3/2", "undecided": 1, "unread": 0}
    f = next(p for p in facts["parts"] if p["key"] == "q1.f")
    assert f["counts"] == {"correct": 2, "follows": 1, "wrong": 1, "undecided": 0, "invalid": 1, "missing": 0}
    assert (f["mean"], f["max_points"]) == ("9/10", "3/2")
    assert [(s["part"], s["count"], s["example"]) for s in facts["slips"]] == [("q2.w", 1, "x*w")]
    assert [(x["part"], x["given"]) for x in facts["look_at"]] == [("q2.w", "9^9^9^9")]


# -- the table ------------------------------------------------------------------------------------------------


def test_the_table(folder):
    rows = list(csv.reader(io.StringIO((folder / "en" / "grades.csv").read_bytes().decode("utf-8-sig"))))
    assert rows[0] == ["student", "page", "q1.z", "q1.f", "q2.w", "total", "max", "undecided", "note"]
    assert rows[1] == ["'=cmd()|<script>alert(1)</script>", "students/001.html", "1.5", "0", "0", "1.5", "5", "1", ""]
    assert rows[2] == ["ada", "students/002.html", "1.5", "1.5", "2", "5", "5", "0", ""]


def test_the_table_in_french(folder):
    assert (folder / "fr" / "grades.csv").read_bytes().decode("utf-8-sig").split("\r\n")[2] == (
        "ada;students/002.html;1,5;1,5;2;5;5;0;")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "＝1", "\u00a0=1"])
def test_no_cell_is_a_formula(cell):
    assert guarded(cell).startswith("'") and not set(guarded(cell)) & set("\t\r\n")


# -- pages ----------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Elements, attributes and text; an element that is closed out of turn fails."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], set(), set(), ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_pages_are_whole_and_escaped(folder, lang):
    files = [folder / lang / "report.html", *sorted((folder / lang / "students").glob("*.html"))]
    assert len(files) == 6
    for file in files:
        text = file.read_text("utf-8")
        page = Page(text)
        assert not page.tags & {"script", "img", "link", "iframe"}
        assert not [a for a in page.attributes if a.startswith("on")] and "src" not in page.attributes
        assert f'<html lang="{lang}">' in text and "http" not in re.sub(r"<svg[^>]*>", "", text)
        ET.fromstring(re.sub(r"<!DOCTYPE html>|<meta[^>]*>", "", text))


def test_a_page_has_reading_counterexample_slip_and_points(folder):
    text = Page((folder / "en" / "students" / "003.html").read_text("utf-8")).text
    for said in ("ben", "1.5 of 5", "Your numbers: w\u00a0=\u00a02, x\u00a0=\u00a03", "Not correct", "I read: x·w",
                 "your answer gives", "Right, given your answer", "0 of 2"):
        assert said in text, said


def test_a_page_in_french(folder):
    text = Page((folder / "fr" / "students" / "003.html").read_text("utf-8")).text
    for said in ("1,5 sur 5", "Vos nombres\u00a0: w\u00a0=\u00a02\u202f; x\u00a0=\u00a03", "J'ai lu", "faux"):
        assert said in text, said


def test_the_page_of_the_class(folder):
    text = Page((folder / "en" / "report.html").read_text("utf-8")).text
    for said in ("Products & sums", "2.2 of 5", "<script>alert(1)</script>", "9^9^9^9",
                 "right 2, follows from an earlier"):
        assert said in text, said
    links = re.findall(r'href="([^"]+)"', (folder / "en" / "report.html").read_text("utf-8"))
    assert links and all((folder / "en" / link).exists() for link in links)


def test_text_that_cannot_be_seen_is_shown_as_code():
    assert safe("a\u202eb\x00<") == "a\\u202eb\\x00&lt;"
    assert len(safe("x" * 5000)) == 2000


def test_every_phrase_is_in_both_languages():
    for key, (en, fr) in PHRASES.items():
        assert sorted(re.findall(r"{\w+}", en)) == sorted(re.findall(r"{\w+}", fr)), key
        assert not re.search(r"[^\u202f][;?!](?!\w)|[^\u00a0]:( |$)|« | »", spaced_of(key)), key


def spaced_of(key):
    holes = dict.fromkeys(re.findall(r"{(\w+)}", PHRASES[key][1]), "x")
    return say("fr", key, **holes)


# -- counts ---------------------------------------------------------------------------------------------------


def marks(*points):
    return {f"q{i}": {"status": "correct" if p else "wrong", "points": str(p), "max_points": "1", "findings": [],
                      "given": "", "message": ""} for i, p in enumerate(points)}


def test_discrimination_is_the_correlation_with_the_rest():

    table = [(1, 1, 0), (0, 0, 1), (1, 1, 1), (0, 1, 0), (1, 0, 0)]
    tally = Tally(["q0", "q1", "q2"])
    for i, points in enumerate(table):
        tally.add(i, str(i), marks(*points))
    columns = np.array(table, float)
    for i, part in enumerate(tally.parts.values()):
        expected = np.corrcoef(columns[:, i], columns.sum(1) - columns[:, i])[0, 1]
        assert part.discrimination == pytest.approx(expected)
    assert (tally.mean, tally.median, tally.spread(3)) == (Fraction(8, 5), Fraction(1), [0, 3, 2])


def test_no_discrimination_where_all_are_alike():
    part = PartTally("q1")
    for _ in range(5):
        part.add({"status": "correct", "points": "1", "max_points": "1"}, Fraction(2))
    assert part.discrimination is None and part.mean == 1


# -- progress -------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_on_a_terminal_and_elsewhere():
    for stream, quiet in ((Terminal(), False), (io.StringIO(), True)):
        progress = Progress(4, "en", "grading", stream)
        for _ in range(4):
            progress.step()
        progress.close()
        assert (stream.getvalue() == "") is quiet
        assert quiet or ("4/4 grading" in stream.getvalue() and stream.getvalue().endswith("\r\x1b[K"))


# -- the command ----------------------------------------------------------------------------------------------


def run(capsys, *argv):
    try:
        status = cli.main(["grade", *map(str, argv)])
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    return status, out, err


def test_the_command(folder, tmp_path, capsys):
    (tmp_path / "ada.toml").write_text('q1.z = 7\nq1.f = 14\nq2 = "2*w*x + 1"')
    here = tmp_path / "out"
    status, out, err = run(capsys, folder / "exam.toml", tmp_path / "ada.toml", "-o", here, "--workers", 1)
    assert (status, err) == (0, "")
    assert out.splitlines() == ["1 student graded, 5 of 5 points.", *(f"{here}/{n}" for n in (
        "report.html", "report.json", "grades.csv"))]
    status, out, _ = run(capsys, folder / "exam.toml", tmp_path / "ada.toml", "-o", here, "--json")
    assert status == 0 and json.loads(out) == {
        "students": 1, "reused": 1, "undecided": 0, "unread": [], "mean": "5", "max_points": "5",
        "files": [f"{here}/{n}" for n in ("report.html", "report.json", "grades.csv")]}


def test_the_command_where_a_person_is_needed(folder, tmp_path, capsys):
    (tmp_path / "a.toml").write_text('q2 = "9^9^9^9"')
    (tmp_path / "b.toml").write_text("q2 = [")
    status, out, _ = run(capsys, folder / "exam.toml", tmp_path, "-o", tmp_path / "out", "--workers", 1, "--lang", "fr")
    assert status == 2
    assert "1 réponse reste indécise" in out and "1 fichier ou ligne n'a pas pu être lu\u00a0: b.toml:1\u00a0: " in out


@pytest.mark.parametrize(("argv", "why"), [
    (("gone.toml", "answers"), "cannot read 'gone.toml'"), (("exam.toml", "gone"), "cannot read 'gone'"),
    (("exam.toml", "class.csv", "--workers", "x"), "invalid int value"),
    (("exam.toml", "class.csv", "-o", "exam.toml"), "cannot make the directory 'exam.toml'"),
    (("exam.toml", "."), "")])
def test_the_command_used_wrongly(folder, tmp_path, monkeypatch, capsys, argv, why):
    (tmp_path / "exam.toml").write_text(EXAM)
    monkeypatch.chdir(folder if argv[1] == "class.csv" else tmp_path)
    status, _, err = run(capsys, *argv)
    assert status == 3 and why in err


def test_the_macros_are_written(tmp_path, capsys):
    assert run(capsys, "--macros", tmp_path / "answers.sty")[0] == 0
    assert r"\newcommand{\answer}" in (tmp_path / "answers.sty").read_text()


def test_a_stop_keeps_what_is_graded(monkeypatch, capsys):
    def stop(*_, **__):
        raise KeyboardInterrupt
    monkeypatch.setattr(G, "grade_folder", stop)
    status, _, err = run(capsys, "exam.toml", "answers", "--lang", "fr")
    assert status == 130 and "la même commande reprend à cet endroit" in err


def test_a_full_stop_stays_with_its_formula():
    e = G.Exercise.loads(EXAM)
    first, second = (question_html(e, q) for q in e.questions)
    kept = re.findall(r'<span class="kept">(.*?)</span>', first)
    assert first.startswith("Compute <svg") and len(kept) == 1 and kept[0].count("<svg") == 1 and kept[0][-1] == "."
    assert second.startswith("Give a formula for ")
