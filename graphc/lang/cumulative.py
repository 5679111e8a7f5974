"""Running sums and products, and statistics over axes."""

from __future__ import annotations

__all__: list[str] = []
