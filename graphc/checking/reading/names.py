"""The declared names: their looser spellings, their subscripts, and runs such as `w1x1` cut into them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from .tokens import SUBSCRIPT, key

MAX_RUN = 40
_SUBSCRIPT = re.compile(r"_(?:\{([^{}]*)\}|([^_{}]+))$")
_DIGITS = re.compile(r"[0-9]{1,4}$|[₀-₉]{1,4}$")


@dataclass
class Names:
    """The declared names, their looser spellings (w_1 for w1, ŷ for y_hat), and which of them are arrays.

    `arrays` gives the number of axes, or None where it is not known.
    """

    exact: dict[str, str] = field(default_factory=dict)
    loose: dict[str, list[str]] = field(default_factory=dict)
    arrays: dict[str, int | None] = field(default_factory=dict)

    @staticmethod
    def of(names: Iterable[str], arrays: Collection[str] = ()) -> Names:
        """Every array is a name, whether it is listed among the names or not.

        >>> table = Names.of(["w1", "y_hat"], arrays={"W": 2})
        >>> table.find("w_1"), table.find("ŷ"), table.find("W"), table.arrays
        (['w1'], ['y_hat'], ['W'], {'W': 2})
        """
        table = Names()
        for name in [*names, *arrays]:
            if name not in table.exact:
                table.exact[name] = name
                table.loose.setdefault(key(name), []).append(name)
        axes = arrays if isinstance(arrays, Mapping) else dict.fromkeys(arrays)
        table.arrays = {name: axes[name] if isinstance(axes[name], int) else None for name in axes}
        return table

    def find(self, text: str) -> list[str]:
        """The declared names that `text` can stand for."""
        return [self.exact[text]] if text in self.exact else self.loose.get(key(text), [])

    def array(self, text: str) -> str | None:
        """The one declared array that `text` names."""
        found = self.find(text)
        return found[0] if len(found) == 1 and found[0] in self.arrays else None


def cut(text: str) -> tuple[str, str] | None:
    """A name and its last subscript.

    >>> cut("W_{ij}"), cut("y_hat_i"), cut("w1")
    (('W', 'ij'), ('y_hat', 'i'), None)
    """
    found = _SUBSCRIPT.search(text)
    if not found:
        return None
    below = found[1] if found[1] is not None else found[2]
    return text[: found.start()], below if below.isascii() else "".join(SUBSCRIPT.get(c, c) for c in below)


def numbered(text: str) -> tuple[str, str] | None:
    """A name and the digits that it ends in, without an underscore.

    >>> numbered("x₁"), numbered("W12"), numbered("x_1")
    (('x', '1'), ('W', '12'), None)
    """
    found = _DIGITS.search(text)
    if not found or not found.start() or "_" in text:
        return None
    return text[: found.start()], "".join(SUBSCRIPT.get(c, c) for c in found[0])


def segmentations(text: str, piece: Callable[[str, int], bool], known: Callable[[str], bool]) -> list[list[str]]:
    """At most two ways to cut a run into pieces; `piece(text, start)` says what one is.

    Ways of declared names alone come first: a way that uses e or π only wins when there is no other.
    """
    if len(text) > MAX_RUN:
        return []
    ways: list[list[list[str]]] = [[] for _ in range(len(text) + 1)]
    ways[0] = [[]]
    for end in range(1, len(text) + 1):
        for start in range(end):
            if ways[start] and piece(text[start:end], start):
                ways[end] = (ways[end] + [[*w, text[start:end]] for w in ways[start]])[:8]
    declared = [w for w in ways[-1] if all(known(p) for p in w)]
    return (declared or ways[-1])[:2]
