"""Batch grading: files of answers, a process for each submission, a report for the class and for each student."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .batch import Outcome as Outcome
    from .batch import grade_folder as grade_folder
    from .marked import MACROS as MACROS
    from .phrases import say as say

_LATER = {"Outcome": ".batch", "grade_folder": ".batch", "MACROS": ".marked", "say": ".phrases"}
__all__ = ["MACROS", "Outcome", "grade_folder", "say"]


def __getattr__(name: str) -> Any:
    """Late, so that a process that grades does not load what writes reports, nor the command what grades."""
    if name not in _LATER:
        raise AttributeError(f"module 'graphc.grading' has no attribute {name!r}")
    return getattr(import_module(_LATER[name], __name__), name)
