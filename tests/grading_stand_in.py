"""A grader that does as it is told, for tests of the processes around it: an answer may hang, die or eat memory.

`prepare` is given to `grade_folder` in place of the real one. Files are read by the real reader.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from typing import Any

from graphc.grading.folders import read_item


def prepare(settings: Mapping[str, Any]) -> Any:
    def work(job: Mapping[str, Any], begin: Any) -> Iterator[tuple[str, Any]]:
        if job["job"] == "read":
            for name in job["items"]:
                yield name, [record.to_json() for record in read_item(job, name, settings["lang"])]
            return
        marks = []
        for item in dict.fromkeys([*job["items"], *job["answers"]]):  # all that is handed in, as the real one
            begin(item)
            text = "" if item in job["skip"] else job["answers"].get(item, "")
            marks.append((item, mark(text, settings)))
        yield from marks
        yield "notes", [str(os.getpid())] if job["student"] == "who" else []

    return work


def mark(text: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    do(text)
    status = {"": "missing", "yes": "correct"}.get(text, "wrong")
    return {"status": status, "given": text, "points": "1" if status == "correct" else "0", "max_points": "1",
            "message": settings["lang"], "read_as": text, "certainty": "", "findings": [], "flags": [],
            "follows_from": []}


def do(text: str) -> None:
    if text == "HANG":
        time.sleep(600)
    if text == "SPIN":
        while True:
            pass
    if text == "EAT":
        len(bytearray(600 * 2**20))  # which this machine has; the limit stops it
    if text == "DIE":
        os.kill(os.getpid(), signal.SIGKILL)
    if text == "ABORT":
        os.abort()
    if text == "RAISE":
        raise ZeroDivisionError("of the checker")
    if text == "LONG":
        os.write(1, b"noise")
        raise ValueError("x" * 10**7)
    if text == "WRITE":
        with open(os.environ["GRAPHC_TEST_FILE"], "w", encoding="ascii") as file:
            file.write("a file")
    if text == "SERVER":
        time.sleep(0.2)  # so that what has begun is told
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(600)
