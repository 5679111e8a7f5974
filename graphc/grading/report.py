"""The report of a batch: pages for people, a table for spreadsheets, and JSON for programs.

    report.html          the class: what a person looks at first, each part, the most common slips, every student
    students/001.html    feedback for one student, numbered in the order of report.html
    grades.csv           a row a student: its page, a column of points for each part, total, undecided, note
    report.json          everything, for programs

The schema of report.json is `graphc.grades`, version 1. Keys may be added within a version; what is there keeps its
meaning. Points are exact, as text: "3", "4/3".

    schema, version      "graphc.grades", 1
    graphc, exercise     the version that graded; title, file, sha256 of the exercise, max_points
    lang                 "en" or "fr": of the report and of reading
    limits               timeout in seconds and memory in megabytes, for one answer
    summary              students, mean, median, undecided, unread
    parts                key, max_points, mean, counts (by status), discrimination (a number or null)
    slips                part, kind, message, example, count: the most common first
    students             student, place, page, points, parts, numbers (drawn for this student), notes; a part has
                         status, given, points, max_points, message, read_as, certainty, flags, follows_from,
                         findings (kind, where, message)
    look_at              student, part, given, why: the undecided answers
    unread               student, place, why: files and rows that could not be read
    replaced             student, place, kept: left out, as the same student handed in a later one

A status is correct, follows (right given an earlier wrong answer), wrong, undecided, invalid or missing. The table
is UTF-8 with a mark, as spreadsheets like it; in French its separator is a semicolon, its decimals have a comma. A
cell that a spreadsheet would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..files import write_whole
from .numbers import shown
from .pages import Pages, student_file
from .phrases import say
from .statistics import Tally
from .submission import Submission, Unread

if TYPE_CHECKING:
    from .batch import Batch, Exam

SCHEMA, VERSION = "graphc.grades", 1
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_report(batch: Batch, folder: str) -> tuple[Tally, list[str]]:
    """Write all files, each whole, the page of the class last; the counts, and the paths of the main files."""
    exam, pages, tally = batch.exam, Pages(batch.exam), Tally(batch.exam.parts, batch.exam.exercise.rounding)
    rows: list[list[str]] = []
    students: list[str] = []
    left_out = _left_out(batch.unread, exam)
    for number, (submission, record) in enumerate(batch.records(), 1):
        total = tally.add(number, submission.student, record["parts"])
        file = student_file(number, len(batch.graded))
        page = pages.student(number, submission, record, total, total_of(record["parts"]), len(batch.graded))
        _write_changed(os.path.join(folder, "students", file), page.encode())
        rows.append(_row(submission, file, record, total, exam, left_out.get(submission.student, ())))
        students.append(_student_json(submission, file, record, total))
    graded = {submission.student for submission, _ in batch.graded}
    rows += [_unread_row(unread, exam) for unread in batch.unread if unread.student not in graded]
    _remove_older(os.path.join(folder, "students"), len(batch.graded))
    files = {"grades.csv": table_text(_heads(exam), rows, exam.lang).encode("utf-8-sig"),
             "report.json": _json(batch, tally, students).encode(),
             "report.html": pages.report(batch, tally).encode()}
    paths = [os.path.join(folder, name) for name in files]
    for path, data in zip(paths, files.values()):
        write_whole(path, data)
    return tally, paths[::-1]


def _write_changed(path: str, data: bytes) -> None:
    """Of a thousand pages few change from one run to the next."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        if file.read() == data:
            return
    write_whole(path, data)


def total_of(parts: Mapping[str, Mapping[str, Any]]) -> Fraction:
    return sum((Fraction(p["max_points"]) for p in parts.values()), Fraction(0))


def _remove_older(folder: str, count: int) -> None:
    """Pages of an earlier run that had more students."""
    kept = {student_file(n, count) for n in range(1, count + 1)}
    for name in sorted(os.listdir(folder)):
        if re.fullmatch(r"\d{3,6}\.html", name) and name not in kept:
            with contextlib.suppress(OSError):
                os.remove(os.path.join(folder, name))


# -- for spreadsheets -------------------------------------------------------------------------------------------


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula.

    >>> guarded("=1+1"), guarded("ada")
    ("'=1+1", 'ada')
    """
    plain = "".join(c if c.isprintable() else " " for c in cell)
    return f"'{plain}" if plain.lstrip().startswith(FORMULA) else plain


def table_text(heads: Sequence[str], rows: Sequence[Sequence[str]], lang: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if lang == "fr" else ",", lineterminator="\r\n")
    writer.writerows([[guarded(c) for c in row] for row in [heads, *rows]])
    return out.getvalue()


def _heads(exam: Exam) -> list[str]:
    return ["student", "page", *exam.parts, "total", "max", "undecided", "note"]


def _row(submission: Submission, file: str, record: Mapping[str, Any], total: Fraction, exam: Exam,
         left_out: Sequence[str]) -> list[str]:
    parts = record["parts"]
    points = [shown(Fraction(parts[key]["points"]), exam.lang, 4) for key in exam.parts]
    opened = sum(p["status"] == "undecided" for p in parts.values())
    return [submission.student, f"students/{file}", *points, shown(total, exam.lang, 4),
            shown(total_of(parts), exam.lang, 4), str(opened), " ".join([*left_out, *record["notes"]])[:500]]


def _unread_row(unread: Unread, exam: Exam) -> list[str]:
    return [unread.student or unread.place, "", *("" for _ in exam.parts), "", "", "", _why(unread, exam)]


def _why(unread: Unread, exam: Exam) -> str:
    return f"{unread.place} {say(exam.lang, 'not_graded', why=unread.why)}"


def _left_out(unread: Sequence[Unread], exam: Exam) -> dict[str, list[str]]:
    """What could not be read, by student: of one who is graded it is a note, so that each has one row."""
    found: dict[str, list[str]] = {}
    for one in unread:
        found.setdefault(one.student, []).append(_why(one, exam))
    return found


# -- for programs -----------------------------------------------------------------------------------------------


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _student_json(submission: Submission, file: str, record: Mapping[str, Any], total: Fraction) -> str:
    parts = {key: {**p, "findings": [dict(zip(("kind", "where", "message"), f)) for f in p["findings"]]}
             for key, p in record["parts"].items()}
    return _dumped({"student": submission.student, "place": submission.place, "page": f"students/{file}",
                    "points": str(total), "parts": parts, "numbers": dict(record["numbers"]), "notes": record["notes"]})


def _json(batch: Batch, tally: Tally, students: Sequence[str]) -> str:
    """A line for each key, and one for each student."""
    lines = [f' "{key}": {_dumped(value)}' for key, value in report_facts(batch, tally).items()]
    rows = "[\n  " + ",\n  ".join(students) + "\n ]" if students else "[]"
    return "{\n" + ",\n".join([*lines, f' "students": {rows}']) + "\n}\n"


def report_facts(batch: Batch, tally: Tally) -> dict[str, Any]:
    """All of report.json but the students."""
    exam = batch.exam
    return {
        "schema": SCHEMA, "version": VERSION, "graphc": exam.settings["version"], "exercise": _exercise(exam),
        "lang": exam.lang, "limits": {k: exam.settings[k] for k in ("timeout", "memory")},
        "summary": {"students": len(batch.graded), "mean": str(tally.mean), "median": str(tally.median),
                    "undecided": tally.undecided, "unread": len(batch.unread)},
        "parts": [_part(p) for p in tally.parts.values()],
        "slips": [{"part": s.part, "kind": s.kind, "message": s.message, "example": s.given, "count": s.count}
                  for s in tally.slips],
        "look_at": [{"student": x.student, "part": x.part, "given": x.given, "why": x.why} for x in tally.looks],
        "unread": [u.to_json() for u in batch.unread],
        "replaced": [{"student": old.student, "place": old.place, "kept": new.place} for old, new in batch.replaced],
    }  # fmt: skip


def _exercise(exam: Exam) -> dict[str, Any]:
    text = str(exam.settings["text"])
    return {"title": exam.exercise.title.in_(exam.lang), "file": exam.settings["name"],
            "sha256": hashlib.sha256(text.encode()).hexdigest(), "max_points": str(Fraction(exam.exercise.points))}


def _part(part: Any) -> dict[str, Any]:
    rate = part.discrimination
    return {"key": part.key, "max_points": str(part.most), "mean": str(part.mean),
            "counts": {s: part.counts[s] for s in ("correct", "follows", "wrong", "undecided", "invalid", "missing")},
            "discrimination": None if rate is None else round(rate, 4)}
