"""Limits of a process that checks an answer: memory, computing time, no files; where the platform has them."""

from __future__ import annotations

import contextlib
import math
import os
import signal
from typing import Any

MOST_WORKERS = 64
TIMEOUT, MEMORY = 10.0, 512  # by default: seconds of computing and megabytes, for one answer


def wall_clock(timeout: float) -> float:
    """Seconds after which the clock on the wall stops an answer that may compute for `timeout`: others compute, too.

    >>> wall_clock(10.0)
    33.0
    """
    return 3 * timeout + 3


def _resource() -> Any:
    """The module of limits; None on Windows, which has none."""
    try:
        import resource
    except ImportError:
        return None
    return resource


def address_space() -> int:
    """Bytes that this process maps already; 0 where that is not told."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[0])
    except OSError:
        return 0
    resource = _resource()
    return pages * int(resource.getpagesize()) if resource else 0


def limit_memory(megabytes: int) -> None:
    """Room for so much more than what is mapped now, where that is told; what asks for more gets a MemoryError."""
    resource, mapped = _resource(), address_space()
    if resource is not None and mapped:
        _lower(resource, "RLIMIT_AS", mapped + megabytes * 2**20)


def limit_rest(cpu_seconds: float) -> None:
    """No file is written, no core dumped, and computing ends for good after so many seconds."""
    resource = _resource()
    if resource is None:
        return
    _lower(resource, "RLIMIT_CORE", 0)
    _lower(resource, "RLIMIT_FSIZE", 0)
    _lower(resource, "RLIMIT_CPU", math.ceil(cpu_seconds) + 1)


def _lower(resource: Any, name: str, value: int) -> None:
    kind = getattr(resource, name, None)
    if kind is None:
        return
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses some that Linux takes
        resource.setrlimit(kind, (value, value))


def start_clock(seconds: float) -> None:
    """From now on so many seconds of computing, then the system ends the process; each call starts anew."""
    if hasattr(signal, "setitimer") and hasattr(signal, "ITIMER_PROF"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)


def processors() -> int:
    """How many this process may use."""
    usable = getattr(os, "sched_getaffinity", None)
    return min(MOST_WORKERS, len(usable(0)) if usable else os.cpu_count() or 1)


def reason_of(code: int) -> str:
    """Why a process ended, from its status: "time", "signal SIGKILL", or "exit 3".

    >>> reason_of(-9), reason_of(3)
    ('signal SIGKILL', 'exit 3')
    """
    if code >= 0:
        return f"exit {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    return "time" if name in ("SIGPROF", "SIGXCPU", "SIGALRM") else f"signal {name}"
