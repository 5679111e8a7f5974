"""Files of answers: which there are in a folder, and what stands in one. Their text is never more than text.

A file may be .toml, .json, .csv (one row a student), .md or .tex with marked answers. Whatever cannot be read, a file
or one row, is an `Unread` with its reason and line: nothing a student hands in stops the others.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import stat
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from ..errors import InputError
from .marked import markdown_answers, tex_answers
from .phrases import say
from .submission import Fault, Record, Submission, Unread, answers_of, clean_name, submissions
from .table import rows_of

LARGEST_TABLE = 32 * 2**20  # bytes of a file of many students
LARGEST = 2**20  # and of one student
MOST_FILES = 100_000


def listed(path: str) -> list[str]:
    """The names in a folder of answers, or the one file, sorted; hidden ones are left out. Raises InputError."""
    try:
        if not os.path.isdir(path):
            os.stat(path)
            return [os.path.basename(path)]
        names = sorted(entry for entry in os.listdir(path) if not entry.startswith((".", "~$", "__MACOSX")))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path!r}: {getattr(error, 'strerror', None) or error}") from None
    if not names:
        raise InputError(f"{path!r} has no files of answers; they end in {', '.join(READERS)}")
    if len(names) > MOST_FILES:
        raise InputError(f"{path!r} has {len(names):,} files; the limit is {MOST_FILES:,}")
    return names


def read_file(folder: str, name: str, lang: str, parts: Collection[str] = ()) -> list[Record]:
    """All that one file holds, whatever it may be: nothing is raised. `parts` are the keys of the exercise."""
    stem, shown = clean_name(os.path.splitext(name)[0]), clean_name(name)
    records: list[Record] = []
    try:
        for record in _records(folder, name, stem, shown, parts):
            records.append(_told(record, shown, lang) if isinstance(record, Fault) else record)
    except Fault as fault:
        records.append(_told(fault, shown, lang, stem))
    return records or [Unread(stem, shown, say(lang, "nothing"))]


def _told(fault: Fault, shown: str, lang: str, student: str = "") -> Unread:
    place = f"{shown}:{fault.line}" if fault.line else shown
    return Unread(str(fault.parts.get("student", student)), place, fault.told(lang))


def _records(folder: str, name: str, stem: str, shown: str, parts: Collection[str]) -> Iterator[Record | Fault]:
    ending = os.path.splitext(name)[1].lower()
    if ending not in READERS and not os.path.isdir(os.path.join(folder, name)):
        raise Fault("ending", ending=clean_name(ending)[:20] or "?", known=", ".join(READERS))
    data = read_bytes(folder, name, LARGEST_TABLE if ending in (".csv", ".json") else LARGEST)
    yield from READERS[ending](data, stem, shown, parts)


def read_bytes(folder: str, name: str, largest: int) -> bytes:
    """A plain file inside the folder; no folder, pipe or device, nor a link that leads out. Raises Fault."""
    path, root = os.path.join(folder, name), os.path.realpath(folder)
    try:
        if os.path.commonpath([root, os.path.realpath(path)]) != root:
            raise Fault("link")
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            raise Fault("folder" if stat.S_ISDIR(mode) else "no_file")
        with open(path, "rb") as file:
            data = file.read(largest + 1)
    except (OSError, ValueError) as error:
        raise Fault("system", reason=getattr(error, "strerror", None) or type(error).__name__) from None
    if len(data) > largest:
        raise Fault("large", limit=largest // 2**20)
    if not data.strip():
        raise Fault("empty")
    return data


def decoded(data: bytes, fallback: str = "") -> str:
    """UTF-8, or UTF-16 with its mark; else `fallback`. Raises Fault with the line of the first byte that is neither."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        if fallback and not wide:
            return data.decode(fallback, "replace")
        raise Fault("encoding", data[: error.start].count(b"\n") + 1) from None


# -- one reader a kind of file ----------------------------------------------------------------------------------


def _toml(data: bytes, stem: str, shown: str, parts: Collection[str]) -> Iterator[Record | Fault]:
    text = decoded(data).replace("\r\n", "\n")
    try:
        value = tomllib.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+)", str(error))
        reason = str(error).split(" (at ")[0]
        raise Fault("toml", int(place[1]) if place else text.count("\n") + 1, reason=reason[:200]) from None
    except (RecursionError, ValueError):
        raise Fault("deep") from None
    yield from _tables(value, stem, shown)


def _json(data: bytes, stem: str, shown: str, parts: Collection[str]) -> Iterator[Record | Fault]:
    try:
        value = json.loads(decoded(data), parse_float=_Number, parse_int=_Number, parse_constant=_Number,
                           object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise Fault("json", error.lineno, reason=error.msg[:200]) from None
    except RecursionError:
        raise Fault("deep") from None
    yield from _tables(value, stem, shown)


class _Number(str):
    """A number of JSON, kept as it was typed."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise Fault("twice", name=next(key for key, n in counts.items() if n > 1)[:60])
    return table


def _tables(value: Any, stem: str, shown: str) -> Iterator[Record | Fault]:
    for student, table, place in submissions(value, stem, shown):
        try:
            yield Submission(student, _some(answers_of(table)), place)
        except Fault as fault:
            fault.parts["student"] = student
            yield fault


def _some(answers: dict[str, str]) -> Mapping[str, str]:
    if not answers:
        raise Fault("no_answers")
    return answers


def _csv(data: bytes, stem: str, shown: str, parts: Collection[str]) -> Iterator[Record | Fault]:
    for row in rows_of(decoded(data, "cp1252")):
        if isinstance(row, Fault):
            yield row
        else:
            yield Submission(row.student, row.answers, f"{shown}:{row.line}")


def _markdown(data: bytes, stem: str, shown: str, parts: Collection[str]) -> Iterator[Record | Fault]:
    student, answers = markdown_answers(decoded(data), parts)
    yield Submission(student or stem, _some(answers), shown)


def _tex(data: bytes, stem: str, shown: str, parts: Collection[str]) -> Iterator[Record | Fault]:
    student, answers = tex_answers(decoded(data))
    yield Submission(student or stem, _some(answers), shown)


READERS: Mapping[str, Callable[[bytes, str, str, Collection[str]], Iterator[Record | Fault]]] = {
    ".toml": _toml, ".json": _json, ".csv": _csv, ".md": _markdown, ".tex": _tex}
