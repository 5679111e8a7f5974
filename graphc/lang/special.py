"""Special functions under SciPy's names: `G.special`."""

from __future__ import annotations

__all__: list[str] = []
