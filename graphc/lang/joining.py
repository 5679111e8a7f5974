"""Padding, repeating, rolling, splitting, stacking."""

from __future__ import annotations

__all__: list[str] = []
