"""PNG bytes of a scene, rasterised from its SVG by resvg."""

from __future__ import annotations

from .shapes import Scene
from .svg import svg_text

LARGEST = 16_000  # pixels on a side
MOST = 60_000_000  # pixels in all


def png_bytes(scene: Scene, scale: float = 2.5) -> bytes:
    """The picture at `scale` pixels a point, less where it would pass 16,000 pixels a side or 60 million."""
    import resvg_py

    scale = min(scale, LARGEST / max(scene.width, scene.height), (MOST / (scene.width * scene.height)) ** 0.5)
    outlines, width = svg_text(scene, words=False), max(1, round(scene.width * scale))
    return bytes(resvg_py.svg_to_bytes(svg_string=outlines, width=width, dpi=96))
