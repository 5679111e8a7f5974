"""Where nodes are declared: the user's line, or the line of the node that a pass works on."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from .scopes import CURRENT

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_OURS: set[str] = set()  # files of the package that were met
_PLACES: dict[tuple[str, int], tuple[str, int]] = {}  # nodes declared on one line share it


class Place(threading.local):
    where: tuple[str, int] | None = None


PLACE = Place()


@contextmanager
def building() -> Iterator[Callable[[Any], None]]:
    """A pass that builds many nodes, each declared where its origin was: `at(origin)` says which.

    The cycle collector pauses meanwhile: a pass over 100,000 nodes makes no cycles, and
    scanning the growing graph again and again would take half of its time.
    """
    before, within, collecting = PLACE.where, CURRENT.get(), gc.isenabled()
    gc.disable()
    try:
        yield _at
    finally:
        PLACE.where = before
        CURRENT.set(within)
        if collecting:
            gc.enable()


def _at(origin: Any) -> None:
    PLACE.where = origin.where
    CURRENT.set(origin.within)


def caller() -> tuple[str, int] | None:
    """File and line outside this package that the node being made comes from, or what the pass says."""
    if PLACE.where is not None:
        return PLACE.where
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file not in _OURS:
            if not file.startswith(_PACKAGE):
                place = file, frame.f_lineno
                return _PLACES.setdefault(place, place)
            _OURS.add(file)
        frame = frame.f_back
    return None
