"""Layers of networks as functions: convolutions, pooling, normalisation, attention."""

from __future__ import annotations

__all__: list[str] = []
