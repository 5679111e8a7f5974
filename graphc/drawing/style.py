"""Colours and measures. One theme is one row; sizes are in points and the same in every theme."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from ..errors import InputError, choose
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
READABLE = 4.5  # the least contrast, WCAG 2.2 success criterion 1.4.3
MARGIN = 14.0


@dataclass(frozen=True)
class Theme:
    """Colours as #RRGGBB: `tones` of what is written and of wires, `fill` and `border` by kind of box.

    On white: value 7.2, gradient 6.0, ink 15 to 1 (WCAG 2.2 contrast); blue and orange stay apart for
    colour-blind eyes. Shape and position carry the meaning alone in `print`. A theme of your own is most
    easily made `like` one of these.

    Raises InputError for a colour that is missing or is not #RRGGBB.
    """

    name: str
    background: str
    tones: dict[Tone, str]
    fill: dict[Kind, str]
    border: dict[Kind, str]

    def __post_init__(self) -> None:
        _check(self.name, {"background": self.background}, ("background",))
        _check(self.name, self.tones, get_args(Tone))
        _check(self.name, self.fill, get_args(Kind))
        _check(self.name, self.border, get_args(Kind))

    @staticmethod
    def like(base: str | Theme, name: str = "", *, background: str | None = None,
             tones: Mapping[str, str] | None = None, fill: Mapping[str, str] | None = None,
             border: Mapping[str, str] | None = None) -> Theme:
        """The theme `base` with other colours for what is named.

        >>> mine = Theme.like("light", "house", tones={"gradient": "#8A1C1C"}, fill={"data": "#FFFFFF"})
        >>> mine.tones["gradient"], mine.tones["value"]
        ('#8A1C1C', '#0B57A4')
        """
        start = theme_named(base)
        _known("tone", tones, get_args(Tone))
        _known("kind of box", fill, get_args(Kind))
        _known("kind of box", border, get_args(Kind))
        changed: dict[str, Any] = {"tones": {**start.tones, **(tones or {})}, "fill": {**start.fill, **(fill or {})},
                                   "border": {**start.border, **(border or {})}}
        return replace(start, name=name or f"like {start.name}", background=background or start.background, **changed)

    def faint(self) -> Iterator[tuple[str, str, str, float]]:
        """What is hard to read: its name, its colour, the colour it stands on, and their contrast under 4.5."""
        pairs: list[tuple[str, str, str]] = [(tone, colour, self.background) for tone, colour in self.tones.items()]
        pairs += [("ink", self.tones["ink"], fill) for fill in dict.fromkeys(self.fill.values())]
        for kind, colour in self.border.items():
            pairs += [(f"border of {kind}", colour, ground) for ground in (self.background, self.fill[kind])]
        for name, colour, ground in dict.fromkeys(pairs):
            if (found := contrast(colour, ground)) < READABLE:
                yield name, colour, ground, found


class StyledTheme(Theme):
    """Colours that a style sheet gives, as `var(--name)`: for pages of HTML alone."""

    def __post_init__(self) -> None:
        pass


_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


def _check(name: object, colours: object, wanted: tuple[str, ...]) -> None:
    if not isinstance(name, str) or not isinstance(colours, Mapping):
        raise InputError("a theme has a name and maps of colours; make yours with Theme.like(\"light\", tones={...})")
    for key in wanted:
        colour = colours.get(key)
        if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
            raise InputError(f"theme {name!r}: {key} needs a colour such as #1B2430, got {str(colour)[:40]!r}")


def _known(what: str, given: Mapping[str, str] | None, known: tuple[str, ...]) -> None:
    for key in given or {}:
        if key not in known:
            raise choose(what, key, known)


def contrast(one: str, other: str) -> float:
    """Between two colours #RRGGBB, from 1 to 21 (WCAG 2.2, "contrast ratio" and "relative luminance").

    >>> contrast("#000000", "#FFFFFF"), round(contrast("#777777", "#FFFFFF"), 2)
    (21.0, 4.48)
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4) for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


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
    """The theme of that name, or a Theme itself. Raises InputError listing the known ones."""
    if isinstance(name, Theme):
        return name
    if not isinstance(name, str) or name not in THEMES:
        raise choose("theme", name, THEMES)
    return THEMES[name]
