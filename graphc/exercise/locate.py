"""Where the keys of a TOML text stand: `tomllib` reads values and forgets lines."""

from __future__ import annotations

import re
from collections import defaultdict

Path = tuple[str | int, ...]

_BARE = r"[A-Za-z0-9_-]+"
_PART = rf"(?:{_BARE}|\"(?:[^\"\\]|\\.)*\"|'[^']*')"
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
# What can open a value that goes on over lines, or hide such an opening; in this order.
_PIECE = re.compile(r"'''|\"\"\"|\"(?:[^\"\\]|\\.)*\"|'[^']*'|#.*|[\[\]{}]")


def lines_of_keys(text: str) -> dict[Path, int]:
    """The line, from 1, of every table and key; an array of tables counts its tables from 0.

    The text is one that `tomllib` accepts. Keys of an inline table stand where the table begins.

    >>> lines_of_keys('a = 1\\n[point]\\nx = "3"\\n[[question]]\\nask = "value"')[("question", 0, "ask")]
    5
    """
    found: dict[Path, int] = {}
    counts: dict[Path, int] = defaultdict(int)
    table: Path = ()
    inside, depth = "", 0  # the quotes of a long string, or the brackets of an array, that are still open
    for number, line in enumerate(text.splitlines(), 1):
        rest = line
        if not inside and not depth:
            header, key = _HEADER.match(line), _KEY.match(line)
            if header:
                table = _table(header[2], header[1] == "[[", counts)
                found.setdefault(table, number)
                continue
            if key:
                found.setdefault((*table, *_parts(key[1])), number)
                rest = line[key.end():]
        inside, depth = _left_open(rest, inside, depth)
    return found


def _table(dotted: str, is_array: bool, counts: dict[Path, int]) -> Path:
    path: Path = ()
    parts = _parts(dotted)
    for i, part in enumerate(parts):
        path = (*path, part)
        if is_array and i == len(parts) - 1:
            counts[path] += 1
        if path in counts:  # a table inside the last one of an array
            path = (*path, counts[path] - 1)
    return path


def _parts(dotted: str) -> list[str]:
    return [p[1:-1] if p[0] in "\"'" else p for p in re.findall(_PART, dotted)]


def _left_open(line: str, inside: str, depth: int) -> tuple[str, int]:
    at = 0
    while True:
        if inside:
            end = _end_of_string(line, at, inside)
            if end < 0:
                return inside, depth
            at, inside = end, ""
        piece = _PIECE.search(line, at)
        if piece is None:
            return "", depth
        at = piece.end()
        if piece[0] in ("'''", '"""'):
            inside = piece[0]
        elif piece[0] in "[{":
            depth += 1
        elif piece[0] in "]}":
            depth -= 1


def _end_of_string(line: str, at: int, quotes: str) -> int:
    """Just after the closing quotes, -1 when they are not on this line."""
    while at < len(line):
        if quotes == '"""' and line[at] == "\\":
            at += 2
        elif line.startswith(quotes, at):
            return at + 3
        else:
            at += 1
    return -1


def line_of(path: Path, lines: dict[Path, int]) -> int:
    """The line of a key, or of the nearest table around it; 1 where there is none."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)
