"""A folder for each student, as learning platforms hand submissions out: one level deep, links not followed.

The student is called what the folder is called; of `Ada Lovelace_12345_assignsubmission_file_`, as Moodle names them,
Ada Lovelace, with the number in brackets where two students share a name. All files of a student are put together.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .files import LARGEST, decoded, read_bytes, read_file
from .marked import markdown_answers
from .phrases import say
from .submission import MOST_ANSWERS, Fault, Record, Submission, Unread, clean_name
from .webpage import plain_text

MOST_INSIDE = 100  # files of one student
ONLINE = "onlinetext.html"  # what was typed into the platform's own editor
_PLATFORM = re.compile(r"([^_]+)_(\d{1,20})_assignsubmission_(?:file|onlinetext)_?")


def together(source: str, names: Sequence[str]) -> tuple[list[str], dict[str, tuple[str, list[str]]]]:
    """What is read one by one, and for folders among it the student and all folders of that student.

    A student's folders are read where the first of them stands.
    """
    items, found = [], {}  # type: list[str], dict[tuple[str, str], str]
    folders: dict[str, tuple[str, list[str]]] = {}
    for name in names:
        path = os.path.join(source, name)
        if os.path.islink(path) or not os.path.isdir(path):
            items.append(name)
            continue
        who = named(name)
        first = found.setdefault(who, name)
        if first == name:
            items.append(name)
            folders[name] = who[0], []
        folders[first][1].append(name)
    return items, _told_apart(folders, found)


def named(folder: str) -> tuple[str, str]:
    """The student of a folder, and the platform's number of the student, or the folder itself.

    >>> named("Ada Lovelace_12345_assignsubmission_file_"), named("student-01")
    (('Ada Lovelace', '12345'), ('student-01', 'student-01'))
    """
    platform = _PLATFORM.fullmatch(folder)
    return (clean_name(platform[1]), platform[2]) if platform else (clean_name(folder) or "?", folder)


def _told_apart(folders: Mapping[str, tuple[str, list[str]]],
                found: Mapping[tuple[str, str], str]) -> dict[str, tuple[str, list[str]]]:
    numbers = {first: number for (_, number), first in found.items()}
    students = Counter(student for student, _ in folders.values())
    return {first: (f"{student} ({numbers[first]})" if students[student] > 1 else student, inside)
            for first, (student, inside) in folders.items()}


def read_item(job: Mapping[str, Any], name: str, lang: str, parts: Collection[str] = ()) -> list[Record]:
    """What one item of a job holds, a file or the folders of a student; nothing is raised."""
    if name not in job["folders"]:
        return read_file(job["folder"], name, lang, parts)
    student, folders = job["folders"][name]
    try:
        return _read_folders(job["folder"], student, folders, lang, parts)
    except OSError as error:
        return [Unread(student, clean_name(name), say(lang, "system", reason=error.strerror or type(error).__name__))]
    except Fault as fault:
        return [Unread(student, clean_name(name), fault.told(lang))]


def _read_folders(root: str, student: str, folders: Sequence[str], lang: str,
                  parts: Collection[str]) -> list[Record]:
    paths = [(folder, name) for folder in folders for name in _inside(os.path.join(root, folder))]
    if not paths:
        raise Fault("nothing")
    if len(paths) > MOST_INSIDE:
        raise Fault("many_inside", limit=MOST_INSIDE)
    answers: dict[str, str] = {}
    read, told = [], []  # type: list[str], list[Record]
    for folder, name in paths:
        place = f"{clean_name(folder)}/{clean_name(name)}"
        try:
            _add(answers, _answers_in(os.path.join(root, folder), name, lang, parts, alone=len(paths) == 1))
            read.append(place)
        except Fault as fault:
            line = f":{fault.line}" if fault.line else ""
            told.append(Unread(student, place + line, fault.told(lang)))
    return [*([Submission(student, answers, ", ".join(read))] if read else []), *told]


def _inside(folder: str) -> list[str]:
    names = sorted(name for name in os.listdir(folder) if not name.startswith((".", "~$")))
    if "journal.jsonl" in names and "report.json" in names:
        raise Fault("a_report")
    return names


def _add(answers: dict[str, str], more: Mapping[str, str]) -> None:
    for key in more:
        if key in answers:
            raise Fault("elsewhere", name=key[:60])
    if len(answers) + len(more) > MOST_ANSWERS:
        raise Fault("many_answers", limit=MOST_ANSWERS)
    answers.update(more)


def _answers_in(folder: str, name: str, lang: str, parts: Collection[str], alone: bool) -> Mapping[str, str]:
    """The answers in one file of a student. Raises Fault."""
    if os.path.islink(os.path.join(folder, name)):
        raise Fault("link_inside")
    if name == ONLINE:
        return _online(folder, parts, alone)
    records = read_file(folder, name, lang, parts)
    submissions = [r for r in records if isinstance(r, Submission)]
    unread = [r for r in records if isinstance(r, Unread)]
    if len(records) > 1:
        raise Fault("several_students", count=len(records))
    if unread:
        line = unread[0].place.rpartition(":")[2]
        raise Told(unread[0].why, int(line) if line.isdecimal() and ":" in unread[0].place else 0)
    return submissions[0].answers


class Told(Fault):
    """A reason that is in the reader's words already."""

    def __init__(self, why: str, line: int) -> None:
        super().__init__("told", line)
        self.why = why

    def told(self, lang: str) -> str:
        return self.why


def _online(folder: str, parts: Collection[str], alone: bool) -> Mapping[str, str]:
    if not alone:
        raise Fault("online_left")
    _, answers = markdown_answers(plain_text(decoded(read_bytes(folder, ONLINE, LARGEST))), parts)
    if not answers:
        raise Fault("no_answers")
    return answers
