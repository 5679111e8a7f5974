"""The exercise's own source, carried inside an exported file, with what it was exported with and a checksum.

Moodle keeps it in a description question of the category, LaTeX in comment lines: both survive an import and an
export there. The checksum says whether somebody edited it by hand.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from ..errors import InputError

VERSION = 1
MARK = "graphc exercise"
END = "graphc end of exercise"
_HEAD = re.compile(rf"{MARK} (\d{{1,3}}) sha256:([0-9a-f]{{64}}) (\{{[^\n]{{0,4000}}\}})")
_LEGAL = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 cannot hold


@dataclass(frozen=True)
class Carried:
    """The text of an exercise file, and the options of the export. `intact` is whether the checksum agrees."""

    text: str
    options: dict[str, Any] = field(default_factory=dict)
    intact: bool = True


def packed(text: str, options: dict[str, Any]) -> list[str]:
    """The lines that carry an exercise. Raises InputError for a character that XML has no room for.

    >>> unpacked(packed('title = "a"\\n', {"lang": "en"}))
    Carried(text='title = "a"\\n', options={'lang': 'en'}, intact=True)
    """
    text = text.replace("\r\n", "\n")
    bad = _LEGAL.search(text)
    if bad:
        raise InputError(f"the exercise has the character U+{ord(bad[0]):04X}, which no exported file can hold")
    told = json.dumps(options, sort_keys=True)
    return [f"{MARK} {VERSION} sha256:{_digest(text, told)} {told}", *text.split("\n"), END]


def unpacked(lines: list[str]) -> Carried | None:
    """The first exercise that the lines carry, or None. Raises InputError for one of a later version of graphc."""
    for start, line in enumerate(lines):
        head = _HEAD.fullmatch(line.strip())
        if head is None:
            continue
        if int(head[1]) > VERSION:
            raise InputError(f"the file was written by a later graphc (form {head[1]}; this one reads {VERSION})")
        stop = next((i for i in range(start + 1, len(lines)) if lines[i].strip() == END), None)
        if stop is None:
            raise InputError(f"the exercise in the file has no end: the line {END!r} is missing")
        text = "\n".join(lines[start + 1 : stop])
        return Carried(text, _options(head[3]), _digest(text, head[3]) == head[2])
    return None


def _options(told: str) -> dict[str, Any]:
    try:
        found = json.loads(told)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _digest(text: str, told: str) -> str:
    return hashlib.sha256(f"{told}\n{text}".encode()).hexdigest()


def digest(shown: str) -> str:
    """A short digest of what an export shows: another graphc may put the same exercise in other words."""
    return hashlib.sha256(shown.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def written_alike(ours: Carried | None, theirs: Carried) -> bool:
    """Whether exporting again gives what the file showed when it was written."""
    return ours is not None and ours.options.get("seen") == theirs.options.get("seen")


COMMENT = "%% "


def as_comments(lines: list[str]) -> str:
    """The lines as comments of TeX, to which nothing in them is a command."""
    return "".join(f"{COMMENT}{line}".rstrip(" ") + "\n" if not line else f"{COMMENT}{line}\n" for line in lines)


def from_comments(tex: str) -> Carried | None:
    """What `as_comments` wrote; every other line of the document is passed over."""
    lines = [line.removesuffix("\r") for line in tex.split("\n")]
    return unpacked([line[2:].removeprefix(" ") for line in lines if line.startswith("%%")])
