"""PNG bytes of a scene, rasterised from its SVG by resvg."""

from __future__ import annotations

from .shapes import Scene
from .svg import svg_text

LARGEST = 16_000  # pixels on a side


def png_bytes(scene: Scene, scale: float = 2.5) -> bytes:
    """The picture at `scale` pixels a point, less where a side would pass 16,000 pixels."""
    import resvg_py

    scale = min(scale, LARGEST / max(scene.width, scene.height))
    return bytes(resvg_py.svg_to_bytes(svg_string=svg_text(scene), width=max(1, round(scene.width * scale)), dpi=96))
