"""A bar on the terminal, while many are graded; quiet where the output is no terminal."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from .phrases import say

WIDTH = 30
OFTEN = 0.1  # seconds between two looks of the bar


class Progress:
    """`step()` after each of `total`; `close()` leaves the line clean."""

    def __init__(self, total: int, lang: str, label: str = "grading", stream: TextIO | None = None) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.total, self.lang, self.label = total, lang, say(lang, label)
        self.done, self.start, self.shown = 0, time.monotonic(), -OFTEN
        self.visible = bool(total) and self.stream.isatty()

    def step(self, n: int = 1) -> None:
        self.done += n
        now = time.monotonic()
        if self.visible and (now - self.shown > OFTEN or self.done >= self.total):
            self.shown = now
            self.stream.write(f"\r\x1b[K{bar(self.done, self.total)} {self.label}{self._left(now)}")
            self.stream.flush()

    def _left(self, now: float) -> str:
        seconds = (now - self.start) * (self.total - self.done) / self.done
        if now - self.start < 2 or seconds < 1:
            return ""
        return ", " + say(self.lang, "left", time=f"{int(seconds) // 60}:{int(seconds) % 60:02d}")

    def close(self) -> None:
        if self.visible and self.done:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


def bar(done: int, total: int) -> str:
    """
    >>> bar(5, 20)
    '███████▌                       5/20'
    """
    eighths = WIDTH * 8 * done // total
    full, part = divmod(eighths, 8)
    return f"{'█' * full}{' ▏▎▍▌▋▊▉'[part] if part else ''}".ljust(WIDTH) + f" {done}/{total}"
