"""Files from outside, damaged or made to harm: an error of ours or an exercise, nothing else, and nothing run."""

from __future__ import annotations

import pytest
from exchange_exercises import NEURON
from hypothesis import given, settings
from hypothesis import strategies as st

import graphc as G
from graphc.errors import GraphcError, InputError

PIECES = [b"<question type=\"stack\">", b"</question>", b"<text>", b"]]>", b"<![CDATA[", b"&amp;", b"&#0;", b"\xff",
          b"<quiz>", b"graphc exercise 1 sha256:", b"{1:NUMERICAL:=",
          b"999999999999999999999999999999e99", b"\\question[",
          b"%% ", b"-->", b"<!DOCTYPE x>", b"(((((((((", b"\x00", b"title = ", b"]", b"\n"]


HEAD = "%% graphc exercise 1 sha256:" + "0" * 64 + " {}"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    e = G.Exercise.loads(NEURON)
    for ending in (".xml", ".tex"):
        G.export_exercise(e, folder / f"quiz{ending}", variants=1, figure=False)
    return folder


@settings(max_examples=40)
@given(st.sampled_from([".xml", ".tex"]),
       st.lists(st.tuples(st.floats(0, 1), st.sampled_from(PIECES), st.integers(0, 40)), min_size=1, max_size=4))
def test_a_damaged_file_is_an_error_or_an_exercise(written, ending, edits):
    data = (written / f"quiz{ending}").read_bytes()
    for place, piece, cut in edits:
        at = int(place * len(data))
        data = data[:at] + piece + data[at + cut :]
    path = written / f"damaged{ending}"
    path.write_bytes(data)
    try:
        found = G.import_exercise(path)
    except GraphcError as error:
        assert str(error)
    else:
        assert isinstance(found.exercise, G.Exercise)


@settings(max_examples=60)
@given(st.binary(max_size=300), st.sampled_from([".xml", ".tex"]))
def test_any_bytes_are_an_error_of_ours(tmp_path_factory, data, ending):
    path = tmp_path_factory.mktemp("any") / f"quiz{ending}"
    path.write_bytes(data)
    with pytest.raises(GraphcError):
        G.import_exercise(path)


@pytest.mark.parametrize("lines", [
    ["function = \"__import__('os').system('touch owned')\""], ["model = \"owned.py:f\""], ["x = [" * 2000]])
def test_a_carried_source_is_read_as_any_exercise_file(tmp_path, lines, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "owned.py").write_text("open('owned', 'w')")
    text = "\n".join([HEAD, "%% title = \"t\"", *(f"%% {x}" for x in lines), "%% [[question]]", "%% ask = \"formula\"",
                      "%% graphc end of exercise"])
    (tmp_path / "quiz.tex").write_text(text)
    with pytest.raises(InputError):
        G.import_exercise(tmp_path / "quiz.tex")
    assert not (tmp_path / "owned").exists()


def test_a_carried_source_larger_than_an_exercise_file_is_refused(tmp_path):
    lines = [HEAD, *(["%% # " + "x" * 90] * 4000), "%% graphc end of exercise"]
    (tmp_path / "quiz.tex").write_text("\n".join(lines))
    with pytest.raises(GraphcError, match="256,000"):
        G.import_exercise(tmp_path / "quiz.tex")


@pytest.mark.parametrize("text", ["<span class=\"graphc-ask\">" * 3000, "{1:NUMERICAL:=1:" * 5000, "<" * 50000,
                                  "<pre" + " " * 50000, "\\(" * 20000])
def test_hostile_question_texts_take_no_time_worth_speaking_of(tmp_path, text, written):
    data = (written / "quiz.xml").read_text(encoding="utf-8")
    where = data.index("graphc end of exercise")
    at = data.index("<![CDATA[", where) + len("<![CDATA[")
    path = tmp_path / "quiz.xml"
    path.write_text(data[:at] + text + data[at:], encoding="utf-8")
    assert G.import_exercise(path).text


@pytest.mark.parametrize("options", ["[]", '{"lang": "xx"}', '{"variants": 1e9}', '{"numbers": []}', '{"student": 3}',
                                     '{"figure": "yes", "lang": null}', "{" * 3000])
def test_hostile_options_are_no_options(tmp_path, written, options):
    data = (written / "quiz.tex").read_text(encoding="utf-8")
    start = data.index(" {", data.index("sha256:"))
    path = tmp_path / "quiz.tex"
    path.write_text(data[:start] + " " + options + data[data.index("\n", start) :], encoding="utf-8")
    try:
        assert G.import_exercise(path).text == NEURON
    except InputError as error:
        assert "carries no exercise" in str(error) or "choose from" in str(error) or "whole number" in str(
            error) or "a student is a name" in str(error)
