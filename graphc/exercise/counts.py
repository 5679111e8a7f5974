"""Answers that are shapes, or counts of operations and parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..checking.deciding.decide import decide
from ..checking.reading.parse import parse
from ..checking.reading.tokens import key
from ..checking.reading.tree import number_like, show
from ..dims import size_names
from ..errors import ParseError
from .phrases import say

LONGEST = 200
_SCALARS = frozenset({"()", "[]", "", "scalar", "scalaire", "a scalar", "un scalaire", "1"})
_NAME = re.compile(r"[^\W\d]\w{0,40}|\d{1,12}")


def read_shape(text: str, lang: str) -> tuple[str, ...]:
    """The sizes of a shape: (3, 4), 3×4, 3x4, [N, 4], "scalar". Raises ParseError.

    >>> read_shape("3 × 4", "en"), read_shape("(N, 10)", "en"), read_shape("scalar", "en"), read_shape("(3,)", "en")
    (('3', '4'), ('N', '10'), (), ('3',))
    """
    plain = " ".join(text.replace("\\times", "×").strip("$ ").split())[:LONGEST]
    if plain.lower() in _SCALARS:
        return ()
    inner = plain[1:-1] if plain[:1] + plain[-1:] in ("()", "[]") else plain
    pieces = re.split(r"\s*[×,;*]\s*|(?<=\d)\s*x\s*(?=\d)|(?<=\w)\s+x\s+(?=\w)|(?<=\w)\s+(?:by|par)\s+(?=\w)", inner)
    sizes = [p.strip() for p in pieces if p.strip()]
    if not sizes or not all(_NAME.fullmatch(s) for s in sizes):
        raise ParseError(say(lang, "shape_form"))
    return tuple(sizes)


def same_shape(got: Sequence[str], need: Sequence[Any], layout: str) -> tuple[bool, bool]:
    """Whether it is the shape that is asked for, and whether it is the transposed one. Sizes of 1 do not count."""
    one, other = _sizes(got), _sizes([str(s) for s in need])
    turned = one == other[::-1] != other
    if layout == "numerator":
        return one == other[::-1], one == other != other[::-1]
    return one == other or (turned and layout == "any"), turned


def _sizes(sizes: Sequence[str]) -> list[str]:
    return [key(s) for s in sizes if s != "1"]


def shape_text(shape: Sequence[Any]) -> str:
    """As it is written: (3, 4), (3,), ()."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def same_count(text: str, need: Any, lang: str) -> tuple[bool, str]:
    """Whether a count is right, in named sizes if need be; and how it was read. Raises ParseError, LimitExceeded.

    >>> import graphc as G
    >>> same_count("10·N·784", G.cost(G.input("x", "N", 784) @ G.param("W", 784, 10)).multiply_adds, "en")
    (True, '10·N·784')
    """
    names = list(size_names(need))
    links = [number_like(link) for link in parse(text, names, lang=lang).links]
    right = number_like(parse(str(need).replace("**", "^"), names).links[0])
    good = all(decide(link, right).status == "correct" for link in links)
    return good, " = ".join(show(link, lang, 100) for link in links)
