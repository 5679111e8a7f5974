"""TeX, or plain words, as measured outlines in STIX Two Math (ziamath), cached.

The outlines are what every format draws, so that a figure looks the same in each and needs no font.
"""

from __future__ import annotations

import re
import threading
import warnings
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from .plain import unicode_text

Command = tuple[str, tuple[float, ...]]  # M x y | L x y | Q x1 y1 x y | C ... | Z, absolute, y downwards

_TOKEN = re.compile(r"[MLQCZ]|-?\d*\.?\d+(?:e-?\d+)?")
_OPERATOR = re.compile(r"\\operatorname\{([^{}]*(?:\\_|\d)[^{}]*)\}")
_BOLD_WORD = re.compile(r"\\mathbf\{([A-Za-z]{2,})\}")
_NONE = re.compile(r"(?<![A-Za-z{])None(?![A-Za-z])")  # of an index
_UPRIGHT = re.compile(r"\\(phi|epsilon)(?![A-Za-z])")  # these two the font has upright only
_ARITY = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Outline:
    """Glyphs around a baseline at y = 0, starting at x = 0; the box of their ink; what they say."""

    tex: str
    size: float
    commands: tuple[Command, ...]
    width: float
    height: float  # above the baseline
    depth: float  # below it
    words: bool = False


@lru_cache(maxsize=8192)
def outline(tex: str, size: float, words: bool = False) -> Outline:
    r"""The outline of a TeX formula, or of plain `words`, at `size` points.

    Raises nothing for TeX that cannot be typeset: its plain reading is drawn instead.

    >>> a, b = outline("w_{1}", 12.0), outline("w_{1}", 24.0)
    >>> 1.9 < b.width / a.width < 2.1 and a.height > a.depth > 0
    True
    """
    if not tex.strip():
        return Outline(tex, size, (), 0.0, 0.0, 0.0, words)
    # A minus that opens a formula is a sign, not an operation between two operands.
    source = "{-}" + tex[1:] if tex.startswith("-") and not words else tex
    return _measured(tex, size, _commands(source, size, words), words)


def _measured(tex: str, size: float, commands: list[Command], words: bool) -> Outline:
    xs = [v for _, values in commands for v in values[0::2]]
    ys = [v for _, values in commands for v in values[1::2]]
    if not xs:
        return Outline(tex, size, (), 0.0, 0.0, 0.0, words)
    left = min(xs)
    moved = tuple((c, tuple(v - left if i % 2 == 0 else v for i, v in enumerate(vs))) for c, vs in commands)
    return Outline(tex, size, moved, max(xs) - left, max(0.0, -min(ys)), max(0.0, *ys), words)


def _commands(source: str, size: float, words: bool) -> list[Command]:
    if words:
        return _draw(_sentence(source), size)
    try:
        return _draw(as_typeset(source), size)
    except Exception:  # a bad formula costs its beauty, not the figure
        return _draw(_sentence(unicode_text(source)), size)


def as_typeset(source: str) -> str:
    """The formula with what latex2mathml or the font would set in italics, or upright, by mistake spelled otherwise."""
    source = _OPERATOR.sub(r"\\mathrm{\1}", source)
    source = _BOLD_WORD.sub(r"\\textbf{\1}", source)
    source = _NONE.sub(r"\\mathrm{None}", source)
    return _UPRIGHT.sub(r"\\var\1", source)


def _sentence(words: str) -> ET.Element:
    root = ET.Element("math")
    # ziamath takes a run of "-" for a rule to draw: a hyphen is spelled as the character that is one.
    ET.SubElement(root, "mtext").text = words.replace("-", "\u2010") or "\u00a0"
    return root


def _draw(source: str | ET.Element, size: float) -> list[Command]:
    group = ET.Element("g")
    with _LOCK:  # ziamath's settings are the process's: borrowed, and put back
        ziamath = _ziamath()
        config = ziamath.config
        saved = config.svg2, config.precision
        try:
            config.svg2, config.precision = False, 3
            maker = ziamath.Latex(source, size=size, inline=True) if isinstance(source, str) else ziamath.Math(
                source, size=size)
            maker.drawon(group, 0, 0)
        finally:
            config.svg2, config.precision = saved
    return [command for element in group.iter() for command in _of_element(element)]


@cache
def _ziamath() -> Any:
    with warnings.catch_warnings():  # it opens its font by a call that Python 3.11 deprecates
        warnings.simplefilter("ignore", DeprecationWarning)
        import ziamath
    return ziamath


def _of_element(element: ET.Element) -> list[Command]:
    if element.tag == "path":
        return parse_path(element.get("d", ""))
    if element.tag == "rect":  # bars of fractions and roots
        x, y, w, h = (float(element.get(k, "0")) for k in ("x", "y", "width", "height"))
        # ziamath draws bars a little heavy for small type: keep the middle two thirds.
        y, h = y + h / 6, h * 2 / 3
        return [("M", (x, y)), ("L", (x + w, y)), ("L", (x + w, y + h)), ("L", (x, y + h)), ("Z", ())]
    return []


def parse_path(d: str) -> list[Command]:
    """The commands of an SVG path that uses absolute M, L, Q, C and Z alone.

    >>> parse_path("M 1 2 L 3 4 Z")
    [('M', (1.0, 2.0)), ('L', (3.0, 4.0)), ('Z', ())]
    """
    commands: list[Command] = []
    tokens = _TOKEN.findall(d)
    i = 0
    while i < len(tokens):
        name, n = tokens[i], _ARITY[tokens[i]]
        commands.append((name, tuple(float(t) for t in tokens[i + 1 : i + 1 + n])))
        i += 1 + n
    return commands


def shifted(commands: tuple[Command, ...], x: float, y: float) -> list[Command]:
    """The commands moved by (x, y)."""
    return [(c, tuple(v + (y if i % 2 else x) for i, v in enumerate(vs))) for c, vs in commands]
