"""The process that reads and grades: it is warmed once, and forks a child for each job.

A job is a line of JSON on the standard input, with items: the parts of a submission, or files to read. The answer
is a line `{"begin": item}` when work on an item begins, from when it has the whole time for itself; a line
`{"item": ..., "value": ...}` for each that is done; and a last line `{"end": reason}`,
where the reason is "done", "time", "memory", "size", "signal NAME", "exit N" or "error TYPE". Each child has limits of
its own and a group of its own, which is killed when the job ends; so a child that hangs, dies or outgrows its
memory leaves what it has done, and nothing else. Where there is no fork (Windows, and macOS, where it is not safe)
the process grades by itself, under the same limits as far as the platform has them, and its parent replaces it
when it ends.

A job's work is a generator, `work(job, begin)`, of pairs of an item and its value. What makes it from the settings
is `prepare`, named in the settings as "module:function" by the program, never by a submission.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import math
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, NoReturn

from .limits import limit_memory, limit_rest, reason_of, start_clock, wall_clock

Begin = Callable[[str], None]
Work = Callable[[Mapping[str, Any], Begin], Iterator[tuple[str, Any]]]

LONGEST = 64 * 2**20  # bytes of a line of a job that reads files
LONGEST_PART = 2**20  # and of the result for one part


def forks() -> bool:
    return hasattr(os, "fork") and sys.platform not in ("darwin", "win32")


def serve(settings: Mapping[str, Any]) -> None:
    """Answer jobs until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    signal.signal(signal.SIGTERM, _end)
    module, name = settings["prepare"].split(":")
    work: Work = getattr(importlib.import_module(module), name)(settings)
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):  # nothing that is printed by chance comes between the results
        os.dup2(null, stream)
    gc.collect()
    gc.freeze()  # children share these pages
    run = _forked if settings["fork"] else _here
    if not settings["fork"]:
        limit_memory(settings["memory"])
    _line(out, {"ready": True})
    with contextlib.suppress(BrokenPipeError):
        for line in sys.stdin.buffer:
            run(json.loads(line), work, settings, out)


CHILDREN: list[int] = []  # the one at work, to be ended with this process


def _end(*_: object) -> NoReturn:
    for pid in CHILDREN:
        _kill(pid)
    os._exit(128 + signal.SIGTERM)


def _line(out: BinaryIO, message: Mapping[str, Any]) -> None:
    data = json.dumps(message).encode("ascii") + b"\n"
    while data:
        data = data[out.write(data):]


def _here(job: Mapping[str, Any], work: Work, settings: Mapping[str, Any], out: BinaryIO) -> None:
    end = _items(job, work, settings, out)
    start_clock(0)
    _line(out, {"end": end})


def _items(job: Mapping[str, Any], work: Work, settings: Mapping[str, Any], out: BinaryIO) -> str:
    """Do the items of a job; the reason for ending."""
    def begin(item: str) -> None:
        _line(out, {"begin": item})
        start_clock(settings["timeout"])

    try:
        start_clock(settings["timeout"])
        for item, value in work(job, begin):
            _line(out, {"item": item, "value": value})
    except MemoryError:
        return "memory"
    except Exception as error:
        return f"error {type(error).__name__}"
    return "done"


# -- a child for each job -----------------------------------------------------------------------------------------


def _forked(job: Mapping[str, Any], work: Work, settings: Mapping[str, Any], out: BinaryIO) -> None:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        out.close()  # or it would hold the server's output open after the server's end
        _child(job, work, settings, writing)
    CHILDREN.append(pid)
    os.close(writing)
    try:
        told = _relay(reading, out, wall_clock(settings["timeout"]), LONGEST if job["job"] == "read" else LONGEST_PART)
    finally:
        os.close(reading)
        code = _reaped(pid)
    _line(out, {"end": told or reason_of(code)})


def _child(job: Mapping[str, Any], work: Work, settings: Mapping[str, Any], writing: int) -> NoReturn:
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        whole = settings["timeout"] * (len(job["items"]) + 1)
        signal.alarm(math.ceil(wall_clock(whole)))  # should nobody be left to end it
        limit_rest(whole)
        limit_memory(settings["memory"])
        out = os.fdopen(writing, "wb", buffering=0)
        _line(out, {"end": _items(job, work, settings, out)})
        code = 0
    finally:
        os._exit(code)


def _kill(pid: int) -> None:
    """A child and its group; before its setsid it has no group of its own."""
    for kill in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _reaped(pid: int) -> int:
    _kill(pid)
    CHILDREN.remove(pid)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _relay(reading: int, out: BinaryIO, patience: float, longest: int) -> str:
    """Hand on whole lines until the child is done; the reason for ending, or "" where its status tells."""
    pending, deadline = bytearray(), time.monotonic() + patience
    ready = select.poll()
    ready.register(reading, select.POLLIN | select.POLLHUP)
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not ready.poll(1000 * left):
            return "time"
        data = os.read(reading, 1 << 16)
        if not data:
            return ""
        pending += data
        if b"\n" not in data:
            if len(pending) > longest:
                return "size"
            continue
        whole = pending.rfind(b"\n") + 1
        for line in bytes(pending[:whole]).splitlines():
            message = json.loads(line)
            if "end" in message:
                return str(message["end"])
            _line(out, message)
            deadline = time.monotonic() + patience
        del pending[:whole]
