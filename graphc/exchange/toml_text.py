"""Values as TOML text: the tables, texts and numbers of an exercise file, and nothing more."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ..errors import InputError

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}
WIDTH = 100  # a longer list goes over lines


def toml_text(values: Mapping[str, Any]) -> str:
    """TOML whose reading gives `values` again: plain keys first, then tables, then arrays of tables.

    Raises InputError for a value that TOML has no word for.

    >>> print(toml_text({"title": "Ça", "point": {"x": 3}, "question": [{"ask": "value", "points": 0.5}]}), end="")
    title = "Ça"
    <BLANKLINE>
    [point]
    x = 3
    <BLANKLINE>
    [[question]]
    ask = "value"
    points = 0.5
    """
    lines = [f"{_key(k)} = {_value(v)}" for k, v in values.items() if not _is_table(v) and not _is_tables(v)]
    for name, value in values.items():
        if _is_table(value):
            lines += ["", f"[{_key(name)}]", *_rows(value)]
        elif _is_tables(value):
            for table in value:
                lines += ["", f"[[{_key(name)}]]", *_rows(table)]
    return "\n".join(lines).lstrip("\n") + "\n"


def _rows(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(k)} = {_value(v)}" for k, v in table.items()]


def _is_table(value: Any) -> bool:
    """A table of its own; texts by language are short enough to stay on one line."""
    return isinstance(value, Mapping) and not (value.keys() <= {"en", "fr"} and len(value) > 0)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, Mapping) for v in value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else quoted(name)


def quoted(text: str) -> str:
    r"""A text between double quotes, on one line.

    >>> quoted('a "b"\n\\c')
    '"a \\"b\\"\\n\\\\c"'
    """
    return '"' + "".join(_ESCAPES.get(c) or _printable(c) for c in text) + '"'


def _printable(char: str) -> str:
    code = ord(char)
    if code < 32 or 127 <= code < 160 or code in (0x2028, 0x2029, 0xFFFE, 0xFFFF):
        return f"\\u{code:04x}"
    return char


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else {math.inf: "inf", -math.inf: "-inf"}.get(value, "nan")
    if isinstance(value, (list, tuple)):
        return _list([_value(v) for v in value])
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    raise InputError(f"an exercise file cannot hold a value of type {type(value).__name__}")


def _text(text: str) -> str:
    """Between double quotes; a long text over lines, its backslashes as they are, where that is safe."""
    plain = "'''" not in text and not text.endswith("'") and all(c == "\n" or c == _printable(c) for c in text)
    return f"'''\n{text}'''" if "\n" in text and plain else quoted(text)


def _list(items: list[str]) -> str:
    line = f"[{', '.join(items)}]"
    if len(line) <= WIDTH:
        return line
    return "[\n" + "".join(f"    {item},\n" for item in items) + "]"
