"""Trigonometric and hyperbolic functions, exponentials and logarithms of other bases."""

from __future__ import annotations

__all__: list[str] = []
