"""What was changed in an exported file by hand: the exercise is exported again in memory and the two are compared."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ..errors import InputError
from ..exercise import Exercise
from ..exercise.locate import Path, lines_of_keys
from .phrases import said
from .toml_text import toml_text

MOST_NOTES = 100
_DECIMAL = re.compile(r"[+-]?\d{1,30}(?:\.\d{0,30})?(?:[eE][+-]?\d{1,2})?")
_RATIO = re.compile(r"[+-]?\d{1,30}/[1-9]\d{0,29}")


@dataclass
class Edits:
    """Values to take over into the exercise file, by their path, and notes for the teacher."""

    lang: str
    taken: dict[Path, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    alike: bool = True  # whether exporting again gives the words that the file was written with

    def only_points(self) -> None:
        """Words that differ may be those of another graphc: of all edits points alone are sure."""
        self.note("other words")
        self.alike = False

    def note(self, key: str, **slots: object) -> None:
        text = said(key, self.lang, **slots)
        if self.alike and text not in self.notes and len(self.notes) < MOST_NOTES:
            self.notes.append(text)

    def propose(self, number: int, name: str, values: set[Any]) -> None:
        """A value of a question that was edited; with two of them, neither is taken."""
        if not self.alike and name != "points":
            return
        if len(values) == 1:
            self.taken["question", number - 1, name] = next(iter(values))
        elif values:
            self.note("at odds", number=number, field=name)


def applied(text: str, edits: Edits, exercise: Exercise, folder: str, trusted: bool) -> str:
    """The exercise file with the edits in it, each only where the file then still is one."""
    edits.alike, kept = True, edits.taken if edits.alike else {k: v for k, v in edits.taken.items() if len(k) > 1}
    for path, value in kept.items():
        number = path[1] + 1 if len(path) > 1 and isinstance(path[1], int) else 0
        name = str(path[-1])
        try:
            changed = patched(text, path, value, exercise.language, edits.lang)
            Exercise.loads(changed, name=exercise.name, folder=folder, trusted=trusted)
        except InputError as error:
            where = said("question", edits.lang, number=number) if number else exercise.name
            edits.note("not taken", where=f"{where} ({str(error)[:200]})", field=name)
            continue
        text = changed
        told = value if isinstance(value, str) else plain_number(value)
        if number:
            edits.note("taken", number=number, field=name, value=told)
        else:
            edits.note("taken top", field=name, value=told)
    return text


def plain_number(value: Any) -> Any:
    """A number as an exercise file has it: whole, a short decimal, or a fraction as text."""
    if not isinstance(value, Fraction):
        return value
    if value.denominator == 1:
        return int(value)
    return float(value) if 10**6 % value.denominator == 0 else str(value)


def patched(text: str, path: Path, value: Any, own: str, lang: str) -> str:
    """One value changed: on its own line where it has one, comments kept; else the file is written anew."""
    values = tomllib.loads(text)
    table: Any = values
    for key in path[:-1]:
        table = table[key]
    old, new = table.get(path[-1]), plain_number(value)
    if isinstance(old, Mapping):
        new = {**old, lang: new}
    elif isinstance(new, str) and lang != own:
        new = {**({own: old} if old else {}), lang: new}
    table[path[-1]] = new
    in_place = replaced(text, path, new)
    return in_place if in_place is not None and same(in_place, values) else toml_text(values)


def same(text: str, values: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == values
    except tomllib.TOMLDecodeError:
        return False


_SIMPLE = re.compile(r"(\s*[A-Za-z0-9_-]+\s*=\s*)(\"(?:[^\"\\]|\\.)*\"|'[^']*'|[0-9.eE+-]+)(\s*(?:#.*)?)")


def replaced(text: str, path: Path, value: Any) -> str | None:
    """The text with the value on the line of `path` replaced, or a line put in after the first of its table."""
    lines, places = text.split("\n"), lines_of_keys(text)
    told = toml_text({"k": value}).strip("\n").partition(" = ")[2]
    if "\n" in told:
        return None
    if path in places:
        found = _SIMPLE.fullmatch(lines[places[path] - 1])
        if found is None:
            return None
        lines[places[path] - 1] = f"{found[1]}{told}{found[3]}"
    elif path[:-1] in places:
        lines.insert(places[path[:-1]], f"{path[-1]} = {told}")
    else:
        return None
    return "\n".join(lines)


def close(a: Fraction, b: Fraction) -> bool:
    """Equal up to the seven decimals that Moodle keeps."""
    return abs(a - b) <= Fraction(1, 10**6)


def squeezed(text: str) -> str:
    return " ".join(text.split())


def number_of(text: str) -> Fraction | None:
    """A plain decimal or fraction; None for anything else.

    >>> number_of(" 3.0000000 "), number_of("1/2"), number_of("1e999999")
    (Fraction(3, 1), Fraction(1, 2), None)
    """
    word = text.strip()
    return Fraction(word) if _DECIMAL.fullmatch(word) or _RATIO.fullmatch(word) else None


