"""A TOML file read strictly: every mistake is told with its line and what would be right."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from fractions import Fraction
from os import PathLike
from typing import Any

from ..errors import InputError
from .locate import Path, line_of, lines_of_keys
from .texts import LANGUAGES, Words, fault_of

LARGEST = 256_000  # bytes of an exercise file
_FRACTION = re.compile(r"[+-]?\d{1,40}(?:\s*/\s*\d{1,40})?")
_KINDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number", list: "a list", dict: "a table"}


class Source:
    """The text of an exercise file, its values, and the line of each."""

    def __init__(self, text: str, name: str) -> None:
        self.name, self.text_read = name, text
        try:
            self.values: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            said = str(error)
            place = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)", said)
            line = place[1] if place and place[1] else str(len(text.splitlines()) or 1)
            reason = said[: place.start()] if place else said
            raise InputError(f"{name}:{line}: not TOML: {reason}") from None
        except RecursionError:
            raise InputError(f"{name}:1: lists or tables are nested too deeply") from None
        self.lines = lines_of_keys(text)

    @classmethod
    def open(cls, path: str | PathLike[str]) -> Source:
        """Raises InputError for a file that cannot be read, is too large, or is not UTF-8."""
        name = os.fspath(path)
        try:
            with open(name, "rb") as file:
                data = file.read(LARGEST + 1)
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read {name!r}: {getattr(error, 'strerror', None) or error}") from None
        if len(data) > LARGEST:
            raise InputError(f"{name} has more than {LARGEST:,} bytes, the limit of an exercise file")
        try:
            return cls(data.decode("utf-8-sig").replace("\r\n", "\n"), os.path.basename(name))
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise InputError(f"{os.path.basename(name)}:{line}: not UTF-8, which TOML files are written in") from None

    def error(self, path: Path, message: str) -> InputError:
        return InputError(f"{self.name}:{line_of(path, self.lines)}: {message}")

    # -- reading, with the path of the key for the message ------------------------------------------------

    def known(self, table: Mapping[str, Any], allowed: Collection[str], at: Path = ()) -> None:
        """Refuses a key that is not one of `allowed`, naming the nearest."""
        for key in table:
            if key not in allowed:
                raise self.unknown("key", key, allowed, (*at, key))

    def unknown(self, what: str, got: object, known: Collection[str], at: Path) -> InputError:
        close = get_close_matches(str(got), list(known), 1)
        hint = f"did you mean {close[0]}? known are" if close else "known are"
        hint += f" {', '.join(known) or 'none'}"
        return self.error(at, f"no {what} {str(got)[:60]!r}; {hint}")

    def typed(self, value: Any, kind: type, at: Path) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.error(at, f"{_dotted(at)} must be {_KINDS[kind]}, got {_shown(value)}")
        return value

    def text(self, table: Mapping[str, Any], key: str, default: str = "", at: Path = ()) -> str:
        return str(self.typed(table[key], str, (*at, key))) if key in table else default

    def choice(self, table: Mapping[str, Any], key: str, options: Collection[str], default: str, at: Path = ()) -> str:
        value = self.text(table, key, default, at)
        if value not in options:
            raise self.error((*at, key), f"{_dotted((*at, key))} {value[:60]!r} is none of {', '.join(options)}")
        return value

    def number(self, value: Any, at: Path) -> Fraction | float:
        """A number as it was meant: 3, 0.5, or "1/2"."""
        if isinstance(value, str) and _FRACTION.fullmatch(value.strip()) and not re.search(r"/\s*0+$", value.strip()):
            return Fraction(value.replace(" ", ""))
        if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1e12 or value != value:
            raise self.error(at, f'{_dotted(at)} must be a number such as 3, 0.5 or "1/2", got {_shown(value)}')
        return Fraction(value) if isinstance(value, int) else value

    def whole(self, table: Mapping[str, Any], key: str, default: int, low: int, high: int, at: Path = ()) -> int:
        value = self.typed(table.get(key, default), int, (*at, key))
        if not low <= value <= high:
            raise self.error((*at, key), f"{_dotted((*at, key))} must lie between {low} and {high}, got {value}")
        return int(value)

    def words(self, table: Mapping[str, Any], key: str, at: Path = ()) -> Words:
        """Plain text, or a table of texts by language; mathematics between dollar signs."""
        value, here = table.get(key, {}), (*at, key)
        if isinstance(value, str):
            value = {"": value}
        elif not isinstance(value, dict):
            raise self.error(here, f"{_dotted(here)} must be text, or texts by language as in "
                                   f'{{ en = "...", fr = "..." }}; got {_shown(value)}')
        else:
            self.known(value, LANGUAGES, here)
        for lang, text in value.items():
            fault = fault_of(self.typed(text, str, (*here, lang)))
            if fault:
                raise self.error((*here, lang), f"{_dotted(here)}: {fault}")
        return Words(value)

    def names(self, table: Mapping[str, Any], key: str, at: Path = ()) -> tuple[str, ...]:
        value, here = table.get(key, []), (*at, key)
        listed = [value] if isinstance(value, str) else self.typed(value, list, here)
        return tuple(str(self.typed(name, str, here)) for name in listed)


def _dotted(path: Path) -> str:
    return ".".join(str(p) for p in path if not isinstance(p, int))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
