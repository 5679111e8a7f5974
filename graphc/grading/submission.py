"""What a student handed in: answers by the name of their part, as text; and what could not be read, with the reason."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .phrases import say

MOST_ANSWERS = 1000  # of one student
MOST_CHARACTERS = 20_000  # of one answer that are kept; the reader of answers refuses far shorter ones, and says so
LONGEST_NAME = 200
STUDENT_KEYS = ("student", "étudiant", "étudiante", "etudiant", "etudiante", "élève", "eleve")

_QUESTION = re.compile(r"[qQ]?(\d{1,4})(?:\s*\.\s*(.*))?", re.DOTALL)


@dataclass(frozen=True)
class Submission:
    """The answers of one student, in the order given; `place` is the file, and the line where there is one."""

    student: str
    answers: Mapping[str, str]
    place: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Unread:
    """A file, or a row of one, that could not be read; `student` is who it seems to be of, or ""."""

    student: str
    place: str
    why: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


Record = Submission | Unread


class Fault(Exception):
    """Why something cannot be read: a phrase with its parts, and the line (0 where there is none)."""

    def __init__(self, key: str, line: int = 0, **parts: Any) -> None:
        super().__init__(key)
        self.key, self.line, self.parts = key, line, parts

    def told(self, lang: str) -> str:
        return printable(say(lang, self.key, **self.parts))


def printable(text: str) -> str:
    """What a terminal can be sent: control and format characters, and halves of pairs, are shown as code.

    >>> printable("q1\\x1b[2J\\ud800")
    'q1\\\\x1b[2J\\\\ud800'
    """
    return "".join(c if c.isprintable() or c == "\u202f" or c == "\u00a0" else ascii(c)[1:-1] for c in text)


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which JSON can spell and no file can hold."""
    return text.encode("utf-8", "backslashreplace").decode()


def clean_name(text: str) -> str:
    """A student's name on one line, composed: what differs only in spaces or accents' spelling is one name.

    >>> clean_name(" Ada \\n Lovelace")
    'Ada Lovelace'
    """
    plain = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", text[: 4 * LONGEST_NAME]))
    return " ".join(plain.split())[:LONGEST_NAME]


def part_key(text: str) -> str:
    """The name of a part as the exercise has it.

    >>> part_key(" Q1.z "), part_key("4"), part_key("q2. w1"), part_key("remarks")
    ('q1.z', 'q4', 'q2.w1', 'remarks')
    """
    name = _whole(text.strip()[:LONGEST_NAME])
    found = _QUESTION.fullmatch(name)
    if not found:
        return name
    return f"q{int(found[1])}.{found[2].strip()}" if found[2] else f"q{int(found[1])}"


def is_student_key(text: str) -> bool:
    return unicodedata.normalize("NFC", text.strip()).lower() in STUDENT_KEYS


def submissions(value: Any, stem: str, place: str) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """The students of a JSON or TOML value: (name, table of answers, place). One table, a list, or a table by name.

    >>> [name for name, _, _ in submissions({"ada": {"q1": "3"}, "ben": {"q1": "4"}}, "all", "all.json")]
    ['ada', 'ben']
    >>> [name for name, _, _ in submissions({"q1": {"z": "3"}}, "ada", "ada.json")]
    ['ada']
    """
    if isinstance(value, list):
        for i, item in enumerate(value):
            if not isinstance(item, dict):
                raise Fault("item", number=i + 1)
            yield _named(item, f"{stem}-{i + 1}"), item, f"{place}#{i + 1}"
    elif not isinstance(value, dict):
        raise Fault("top")
    elif _many(value):
        for name, item in value.items():
            yield _named(item, clean_name(name)), item, place
    else:
        yield _named(value, stem), value, place


def _many(value: Mapping[str, Any]) -> bool:
    """Whether the keys are names of students: all hold tables, and none is that of a question."""
    return bool(value) and all(isinstance(v, dict) for v in value.values()) and not any(
        k == "answers" or _QUESTION.fullmatch(k.strip()) for k in value)


def _named(table: Mapping[str, Any], otherwise: str) -> str:
    for key, value in table.items():
        if is_student_key(key):
            name = clean_name(str(value)) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
            if not name:
                raise Fault("student_text")
            return name
    return otherwise


def answers_of(table: Mapping[str, Any]) -> dict[str, str]:
    """Answers by part: `q1.z`, a table of parts, or all of them in a table `answers`. Raises Fault.

    >>> answers_of({"student": "ada", "q1": {"z": 3}, "q4.w1": "w3*x1", "q5": [[1, 2], [3, 4]]})
    {'q1.z': '3', 'q4.w1': 'w3*x1', 'q5': '[[1, 2], [3, 4]]'}
    """
    found: dict[str, str] = {}
    for key, value in _flat(table):
        if value is None:
            continue
        if key in found:
            raise Fault("twice", name=key[:60])
        if len(found) == MOST_ANSWERS:
            raise Fault("many_answers", limit=MOST_ANSWERS)
        found[key] = answer_text(value, key)
    return found


def _flat(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    inner = table.get("answers")
    rows: Iterable[tuple[str, Any]] = table.items()
    if isinstance(inner, dict):
        rows = [*((k, v) for k, v in table.items() if k != "answers"), *inner.items()]
    for key, value in rows:
        if is_student_key(key):
            continue
        if isinstance(value, dict):
            yield from ((part_key(f"{key.strip()}.{part.strip()}"), v) for part, v in value.items())
        else:
            yield part_key(key), value


def answer_text(value: Any, name: str) -> str:
    if isinstance(value, str):
        return _whole(value[:MOST_CHARACTERS])
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list):
        return _listed(value, name, 1)[:MOST_CHARACTERS]
    raise Fault("not_text", name=name[:60])


def _listed(value: list[Any], name: str, depth: int) -> str:
    """A list of numbers, or rows of them, as it is written."""
    if depth > 3 or len(value) > MOST_ANSWERS:
        raise Fault("not_text", name=name[:60])
    inside = [_listed(v, name, depth + 1) if isinstance(v, list) else answer_text(v, name) for v in value]
    return f"[{', '.join(inside)}]"
