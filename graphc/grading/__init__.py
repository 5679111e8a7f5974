"""Batch grading: files of answers, a process for each submission, a report for the class and for each student."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .batch import Outcome as Outcome
    from .batch import grade_folder as grade_folder

__all__ = ["Outcome", "grade_folder"]


def __getattr__(name: str) -> Any:
    """Late, so that a process that grades does not load what writes reports, nor the command what grades."""
    if name not in __all__:
        raise AttributeError(f"module 'graphc.grading' has no attribute {name!r}")
    return getattr(import_module(".batch", __name__), name)
