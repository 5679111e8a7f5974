"""Names of quantities as students write them: z, ∂f/∂w1, df/dw_1, dw1, \\frac{∂f}{∂w_1}, ∇_W L, w̄1."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..checking.reading.tokens import key
from .rules import Quantity

LONGEST = 200
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
_MARKED = re.compile(r"\\(hat|bar|tilde|overline)\s*\{?\s*\\?([A-Za-z]+)\s*\}?")
_FACE = re.compile(r"\\(?:mathbf|boldsymbol|mathrm|vec|bm)\b")
_DERIVATIVE = re.compile(r"[∂d](?P<of>[^/]*)/[∂d](?P<wrt>[^/\s]+)(?:\s+(?P<after>.+))?")
_NABLA = re.compile(r"∇_?(?P<wrt>\S+)(?:\s+(?P<of>.+))?")
_CALLED = re.compile(r"([^()]+)\(([^()]*)\)")
_LOCAL = re.compile(r"(?:local|locale)\s+")


class Keys:
    """What the names of one graph can stand for.

    >>> keys = Keys(["w1", "z", "f"], "f")
    >>> [keys.quantity(k).shown() for k in ("z", "dz/dw_1", "dw1", "∇_{w1} f", "w1_bar")]
    ['the value of z', '∂z/∂w1', '∂f/∂w1', '∂f/∂w1', '∂f/∂w1']
    >>> keys.quantity(r"\\frac{\\partial f}{\\partial w_{1}}").shown()
    '∂f/∂w1'
    """

    def __init__(self, names: Iterable[str], output: str) -> None:
        self.names, self.output = list(names), output
        self.loose: dict[str, str | None] = {}
        for name in self.names:  # two names of one spelling stand for neither
            self.loose[key(name)] = None if key(name) in self.loose else name

    def name(self, text: str) -> str | None:
        """The declared name that a text stands for."""
        plain = text.strip()
        return plain if plain in self.names else self.loose.get(key(_bare(plain)))

    def quantity(self, text: str) -> Quantity | None:
        """The quantity that a text names, None where it names none."""
        if len(text) > LONGEST:
            return None
        plain = _spelled(text)
        local = _LOCAL.match(plain)
        plain = plain[local.end():] if local else plain
        if not local and (name := self.name(text) or self.name(plain)):
            return Quantity("value", name)
        if not local and (called := _CALLED.fullmatch(plain)) and (name := self.name(called[1])):
            return Quantity("value", name)  # f(x, w) = ...
        found = _DERIVATIVE.fullmatch(plain) or _NABLA.fullmatch(plain)
        if found is None:
            return self._short(plain)
        parts = found.groupdict()
        of = parts["of"] or parts.get("after") or self.output
        top, wrt = self.name(of.strip("() ")), self.name(parts["wrt"].strip("()"))
        return Quantity("local" if local else "total", top, wrt) if top and wrt else None

    def _short(self, plain: str) -> Quantity | None:
        """dw1, and the bar of an adjoint: w1_bar, w̄1."""
        bare = key(_bare(plain))
        for name in self.names:
            letter = key(name)
            barred = {f"d{letter}", f"∂{letter}", f"{letter}bar", f"{letter[:1]}bar{letter[1:]}", f"bar{letter}"}
            if bare in barred and self.loose.get(letter) == name:
                return Quantity("total", self.output, name)
        return None


def _spelled(text: str) -> str:
    plain = text.strip().strip("$").strip()
    plain = plain.replace("\\partial", "∂").replace("\\nabla", "∇").replace("\\mathrm{d}", "d")
    plain = _FACE.sub("", plain)
    plain = _FRACTION.sub(r"\1/\2", plain)
    plain = _MARKED.sub(lambda m: f"{m[2]}_{'bar' if m[1] == 'overline' else m[1]}", plain)
    plain = re.sub(r"\\[,;:! ]", " ", plain)
    plain = re.sub(r"([∂∇])\s+", r"\1", re.sub(r"\s*/\s*", "/", plain))
    return _bare(plain, blanks=True)


def _bare(text: str, blanks: bool = False) -> str:
    """Without the signs of LaTeX; W^{[2]} is W2."""
    return "".join(c for c in text if c not in "{}\\^[]" and (blanks or not c.isspace())).strip()
