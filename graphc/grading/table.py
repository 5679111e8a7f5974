"""Tables of answers: one row a student, a column a part, as spreadsheets write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .submission import LONGEST_NAME, MOST_ANSWERS, MOST_CHARACTERS, Fault, clean_name, is_student_key, part_key

DELIMITERS = ";\t,"
LARGEST_CELL = 2**20


@dataclass(frozen=True)
class Row:
    student: str
    answers: Mapping[str, str]
    line: int


def rows_of(text: str) -> Iterator[Row | Fault]:
    """The rows of a table whose first row names its columns: `student`, and a part each.

    Quoted cells may hold line breaks; the delimiter is a comma, a semicolon or a tab, whichever the first row has most
    of. A row that cannot be read is a Fault in its place; a table without names of columns raises one.

    >>> [(r.student, dict(r.answers)) for r in rows_of("student;q1.z\\nada;0,5\\n")]
    [('ada', {'q1.z': '0,5'})]
    """
    before = csv.field_size_limit(LARGEST_CELL)
    try:
        yield from _rows(text)
    finally:
        csv.field_size_limit(before)


def _rows(text: str) -> Iterator[Row | Fault]:
    first = text.split("\n", 1)[0].strip().lower()
    declared = first[4:5] if first.startswith("sep=") else ""
    skipped = 1 if declared else 0
    body = text.split("\n", 1)[1] if declared and "\n" in text else text
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=declared or delimiter_of(body))
    columns: list[str] | None = None
    end = 0
    while True:
        start, cells = end + 1 + skipped, _next(reader)
        end = reader.line_num
        if cells is None:
            return
        if isinstance(cells, Fault):
            cells.line = start
            yield cells
        elif columns is None:
            columns = _columns(cells, start) if any(c.strip() for c in cells) else None
        elif any(c.strip() for c in cells):
            yield _row(columns, cells, start)


def delimiter_of(text: str) -> str:
    """The one that the first row that is not empty has most of, outside quotes.

    >>> delimiter_of('"a;b;c",d\\n'), delimiter_of("student\\tq1")
    (',', '\\t')
    """
    first = next((line for line in text.split("\n") if line.strip()), "")
    outside = "".join(first.split('"')[::2])
    return max(DELIMITERS[::-1], key=outside.count)


def _next(reader: Iterator[list[str]]) -> list[str] | Fault | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        return Fault("csv", reason=str(error)[:200])


def _columns(cells: Sequence[str], line: int) -> list[str]:
    """Names of parts; "" for the student's column and None-like blanks keep their place."""
    if len(cells) > MOST_ANSWERS:
        raise Fault("many_answers", line, limit=MOST_ANSWERS)
    names = ["student" if is_student_key(c) else part_key(c[:LONGEST_NAME]) for c in cells]
    if "student" not in names:
        raise Fault("no_student_column", line)
    for i, name in enumerate(names):
        if name and name in names[:i]:
            raise Fault("twice", line, name=name[:60])
    return names


def _row(columns: Sequence[str], cells: Sequence[str], line: int) -> Row | Fault:
    student = clean_name(next((c for n, c in zip(columns, cells) if n == "student"), ""))
    if not student:
        return Fault("no_student", line)
    if any(c.strip() for c in cells[len(columns):]):
        return Fault("cells", line, got=len(cells), need=len(columns), student=student)
    answers = {n: c[:MOST_CHARACTERS] for n, c in zip(columns, cells) if n not in ("", "student") and c.strip()}
    return Row(student, answers, line)
