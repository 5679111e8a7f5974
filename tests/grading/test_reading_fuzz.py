"""Whatever a file holds, reading it gives records: submissions, or what could not be read and why."""

from __future__ import annotations

import tempfile

from hypothesis import given
from hypothesis import strategies as st

from graphc.grading.files import READERS, read_file
from graphc.grading.submission import Submission

PIECES = st.sampled_from([
    "q1", "q1.z", "Question 2", "student", "answers", "**", "## ", "- ", "$", "$$", "\\(", "\\)", "\\[", "\\]", "{",
    "}",
    "\\answer", "\\student", "\\begin{answers}", "\\end{answers}", "\\item[", "]", "[", "=", ":", ",", ";", "\t", "\n",
    "\r\n", '"', "'", '"""', "%", "\\", "<!--", "-->", "---", "w1", "3", "1/2", "é", "\ufeff", "\x00", "\u202e", "#"])
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=40).map("".join)
ENDINGS = st.sampled_from(sorted(READERS))
CODECS = st.sampled_from(["utf-8", "utf-16", "latin-1", "utf-8-sig"])


def read(ending, data):
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/ada{ending}", "wb") as file:
            file.write(data)
        return read_file(folder, f"ada{ending}", "en", ["q1.z", "q4.w1"])


def look(records):
    assert records
    for record in records:
        if isinstance(record, Submission):
            assert record.student and record.student.isprintable()
            assert all(isinstance(v, str) and v.encode() is not None for v in record.answers.values())
        else:
            assert record.why.replace("\u202f", "").replace("\u00a0", "").isprintable() and record.place


@given(ENDINGS, TEXTS, CODECS)
def test_any_text(ending, text, codec):
    look(read(ending, text.encode(codec, "replace")))


@given(ENDINGS, st.binary(max_size=200))
def test_any_bytes(ending, data):
    look(read(ending, data))


PLAIN = st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="$\\{}%")
FORMULAS = st.text(PLAIN, min_size=1).filter(lambda t: t.strip() == t and "-->" not in t and "<!--" not in t)


@given(st.dictionaries(st.sampled_from(["q1.z", "q2", "q3.w1"]), FORMULAS, min_size=1))
def test_what_is_marked_is_what_is_read(answers):
    """The same answers, written as LaTeX and as Markdown."""
    latex = "\n".join(f"\\answer{{{k}}}{{${v}$}}" for k, v in answers.items())
    markdown = "\n\n".join(f"**{k}:** ${v}$" for k, v in answers.items())
    for ending, text in ((".tex", latex), (".md", markdown)):
        (record,) = read(ending, text.encode())
        assert record.answers == answers, ending
