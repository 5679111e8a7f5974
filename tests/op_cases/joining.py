"""Cases of the joining rows."""

from __future__ import annotations

from .case import Case

CASES: dict[str, list[Case]] = {}
