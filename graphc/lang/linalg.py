"""Linear algebra under NumPy's names: `G.linalg`."""

from __future__ import annotations

__all__: list[str] = []
