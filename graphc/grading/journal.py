"""What is graded already, a line of JSON a submission: a run that was stopped goes on from there.

A line is keyed by everything that its result depends on: the exercise, the version of graphc, the language, and what
the student handed in. So whatever has changed is graded again. A line that was cut off, by a crash or a full
disk, is passed over.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Mapping
from typing import Any

from ..errors import InputError

FORMAT = "graphc.journal 1"
KEYS = {"key", "limited", "parts", "numbers", "notes"}  # of a whole line
OFTEN = 1.0  # seconds between two times that lines are forced to the disk


def key_of(*facts: Any) -> str:
    """A hash of values that JSON can hold.

    >>> key_of("exam", {"q1": "3"})[:8] == key_of("exam", {"q1": "4"})[:8]
    False
    """
    text = json.dumps([FORMAT, *facts], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Journal:
    """The file, open and locked. `find` gives where a line stands, `read` the line, `add` writes one."""

    def __init__(self, path: str, fresh: bool = False) -> None:
        try:
            self.file = open(path, "a+b")  # noqa: SIM115  open as long as the journal
        except OSError as error:
            raise InputError(f"cannot write {path!r}: {error.strerror}") from None
        self._lock(path)
        if fresh:
            self.file.truncate(0)
        self.forced = 0.0
        self.places: dict[str, tuple[int, Any]] = {}
        self._scan()

    def _lock(self, path: str) -> None:
        try:
            import fcntl
        except ImportError:  # Windows
            return
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.file.close()
            raise InputError(f"{path!r} is in use: another `graphc grade` writes this report") from None

    def _scan(self) -> None:
        self.file.seek(0)
        place, line = 0, b"\n"
        for line in self.file:
            with contextlib.suppress(ValueError, AttributeError, RecursionError):
                record = json.loads(line)
                if record.keys() >= KEYS:
                    self.places[str(record["key"])] = (place, record["limited"])
            place += len(line)
        if not line.endswith(b"\n"):
            self.file.write(b"\n")
            place += 1
        self.end = place

    def find(self, key: str, limits: list[float]) -> int | None:
        """The place of a line; None too where limits stopped a part of it and these are others."""
        place, limited = self.places.get(key, (None, None))
        return None if limited and limited != limits else place

    def add(self, record: Mapping[str, Any]) -> None:
        line = json.dumps(record, ensure_ascii=True).encode("ascii") + b"\n"
        self.file.write(line)
        self.file.flush()
        self.places[record["key"]] = (self.end, record["limited"])
        self.end += len(line)
        if time.monotonic() - self.forced > OFTEN:
            self.force()

    def force(self) -> None:
        with contextlib.suppress(OSError):  # a pipe or some network disks
            os.fsync(self.file.fileno())
        self.forced = time.monotonic()

    def read(self, place: int) -> dict[str, Any]:
        self.file.seek(place)
        record: dict[str, Any] = json.loads(self.file.readline())
        return record

    def close(self) -> None:
        self.file.flush()
        self.force()
        self.file.close()
