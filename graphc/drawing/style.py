"""Colours and measures. One theme is one row; sizes are in points and the same in every theme."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import choose
from .figure import Kind, Tone

NODE_SIZE = 14.5  # mathematics in a box
OPERATOR_SIZE = 15.5  # the sign in a circle
LABEL_SIZE = 11.8  # beside a wire
LEGEND_SIZE = 10.5
HEADING_SIZE = 14.0
MARK_SIZE = 8.2  # the number of an operand
RADIUS = 15.0  # of an operation circle
BOX_HEIGHT = 28.0
BOX_MIN_WIDTH = 34.0
BOX_PADDING = 9.5
WIRE_WIDTH = 1.25
BORDER_WIDTH = 1.3
HEAD_LENGTH, HEAD_HALF_WIDTH = 6.5, 2.7
LABEL_GAP = 4.0  # from a wire to its label
MARGIN = 14.0


@dataclass(frozen=True)
class Theme:
    """Colours as #RRGGBB. `fill` and `border` are by kind of box.

    On white: value 7.2, gradient 6.0, ink 15 to 1 (WCAG 2.2 contrast); blue and orange stay apart for
    colour-blind eyes. Shape and position carry the meaning alone in `print`.
    """

    name: str
    background: str
    tones: dict[Tone, str]
    fill: dict[Kind, str]
    border: dict[Kind, str]


_LIGHT = Theme(
    "light", "#FFFFFF",
    {"ink": "#1B2430", "value": "#0B57A4", "gradient": "#B23A00", "wire": "#5B6675", "muted": "#5B6675"},
    {"data": "#E6F0FA", "parameter": "#FFF4D9", "constant": "#FFFFFF", "operation": "#F4F6F9",
     "function": "#F4F6F9", "output": "#EAF5EC", "adjoint": "#FDEFE7"},
    {"data": "#2F6DA8", "parameter": "#8A5A00", "constant": "#5B6675", "operation": "#3B4757",
     "function": "#3B4757", "output": "#2C6E3A", "adjoint": "#B23A00"},
)
_DARK = Theme(
    "dark", "#12161C",
    {"ink": "#E8EDF3", "value": "#7CC0FF", "gradient": "#FFA36B", "wire": "#8E9AAA", "muted": "#9BA7B6"},
    {"data": "#14283C", "parameter": "#33290F", "constant": "#12161C", "operation": "#1D2530",
     "function": "#1D2530", "output": "#15301C", "adjoint": "#33200F"},
    {"data": "#6FB1EE", "parameter": "#E0B04C", "constant": "#8E9AAA", "operation": "#9BA7B6",
     "function": "#9BA7B6", "output": "#74C687", "adjoint": "#FFA36B"},
)
_PRINT = Theme(
    "print", "#FFFFFF",
    {"ink": "#000000", "value": "#000000", "gradient": "#000000", "wire": "#444444", "muted": "#444444"},
    {"data": "#FFFFFF", "parameter": "#EEEEEE", "constant": "#FFFFFF", "operation": "#FFFFFF",
     "function": "#FFFFFF", "output": "#FFFFFF", "adjoint": "#F4F4F4"},
    {"data": "#000000", "parameter": "#000000", "constant": "#444444", "operation": "#000000",
     "function": "#000000", "output": "#000000", "adjoint": "#000000"},
)
THEMES = {theme.name: theme for theme in (_LIGHT, _DARK, _PRINT)}


def theme_named(name: object) -> Theme:
    """The theme of that name. Raises InputError listing the known ones."""
    if not isinstance(name, str) or name not in THEMES:
        raise choose("theme", name, THEMES)
    return THEMES[name]
