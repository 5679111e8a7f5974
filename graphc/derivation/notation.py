"""From nodes to written mathematics, in two spellings at once: Unicode text and TeX."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..formula import format_node, indicator, tex_name
from ..ir import Expr
from .phrases import PHRASES, column, phrase

LIMIT = 400  # characters of one written formula
MACRON = "\u0304"


@dataclass(frozen=True, slots=True)
class Math:
    """One piece of mathematics as Unicode text and as TeX."""

    text: str
    tex: str

    def __add__(self, other: Math) -> Math:
        return Math(self.text + other.text, self.tex + other.tex)


def joined(parts: Sequence[Math], text: str, tex: str) -> Math:
    return Math(text.join(p.text for p in parts), tex.join(p.tex for p in parts))


@dataclass(frozen=True, slots=True)
class Several:
    """Pieces of mathematics with a separator, between which a line may break."""

    items: tuple[Math, ...]
    separator: str

    @property
    def text(self) -> str:
        return self.separator.join(m.text for m in self.items)


@dataclass(frozen=True)
class Prose:
    """A sentence whose slots are mathematics; it can be written as text, Markdown or LaTeX."""

    template: str
    slots: Mapping[str, Math | Several] = field(default_factory=dict)

    def filled(self, template: str, write: Callable[[Math], str]) -> str:
        """The template with its mathematics written by `write`."""
        return template.format_map({
            k: m.separator.join(map(write, m.items)) if isinstance(m, Several) else write(m)
            for k, m in self.slots.items()})

    def text(self) -> str:
        return self.filled(self.template, lambda m: m.text)

    def markdown(self) -> str:
        return self.filled(self.template, lambda m: f"${m.tex}$")

    def latex(self) -> str:
        plain = self.template.replace("\u00a0", "~").replace("\u202f", r"\,").replace("’", "'")
        plain = plain.replace("«~", r"\og{}").replace("~»", r"\fg{}")
        return self.filled(_brace_tex(plain), lambda m: f"${m.tex}$")


def _brace_tex(template: str) -> str:
    """The empty braces of a TeX command are not a slot."""
    return template.replace("{}", "{{}}")


class Notation:
    """Names, language and number style of one derivation.

    `names` gives each symbol its Unicode name and `tex_names` the name that `tex_name` turns into TeX.
    """

    def __init__(self, lang: str) -> None:
        column(lang)
        self.lang = lang
        self.names: dict[Expr, str] = {}
        self.tex_names: dict[Expr, str] = {}

    def say(self, key: str, **slots: Math | Several) -> Prose:
        return Prose(phrase(key, self.lang), slots)

    def formula(self, expr: Expr, limit: int = LIMIT) -> Math | None:
        """The node written out; None when that would be longer than `limit` characters."""
        text = format_node(expr, "unicode", names=self.names, limit=limit, lang=self.lang, expand_root=False)
        tex = format_node(expr, "latex", names=self.tex_names, limit=4 * limit, lang=self.lang, expand_root=False)
        if "…" in text or r"\ldots" in tex or len(text) > limit:
            return None
        if expr.type.dtype == "bool" and expr.label is None and expr not in self.names:
            text, tex = indicator(text, "unicode"), indicator(tex, "latex")
        return Math(self.local(text), latex_safe(unbracketed(self.local(tex))))

    def local(self, text: str) -> str:
        """The words and separators of the language: `;` parts arguments where the comma is decimal."""
        if self.lang == "en":
            return text
        i = column(self.lang)
        for word in ("if", "otherwise"):
            text = text.replace(rf"\text{{{PHRASES[word][0]}", rf"\text{{{PHRASES[word][i]}")
        return text.replace(", ", "\u202f; ") if "\\" not in text else re.sub(r"(?<!\\), ", r"\\,; ", text)

    def name(self, name: str) -> Math:
        return Math(name, latex_safe(tex_name(name)))

    def bar(self, name: str) -> Math:
        return Math(barred(name), latex_safe(tex_name(f"{name}_bar")))

    def partial(self, of: str, by: str) -> Math:
        u, v = self.name(of), self.name(by)
        return Math(f"∂{u.text}/∂{v.text}", rf"\frac{{\partial {u.tex}}}{{\partial {v.tex}}}")

    def inline_partial(self, of: str, by: str) -> Math:
        u, v = self.name(of), self.name(by)
        return Math(f"∂{u.text}/∂{v.text}", rf"\partial {u.tex} / \partial {v.tex}")

    def listed(self, items: Sequence[Math]) -> Math:
        """a, b and c."""
        if len(items) == 1:
            return items[0]
        head, last = joined(items[:-1], ", ", r",\ "), items[-1]
        word = phrase("and", self.lang)
        return Math(f"{head.text} {word} {last.text}", rf"{head.tex} \text{{ {word} }} {last.tex}")


def barred(name: str) -> str:
    """A name with a bar over the letters of its stem: w̄1, l̄ōs̄s̄, W̄_hh.

    >>> barred("w1") == "w\\u03041", barred("ab_2") == "a\\u0304b\\u0304_2"
    (True, True)
    """
    head, underscore, rest = name.partition("_") if not name.startswith("_") else (name, "", "")
    stem = head.rstrip("0123456789₀₁₂₃₄₅₆₇₈₉") or head
    return "".join(c + MACRON for c in stem) + head[len(stem):] + underscore + rest


def unbracketed(tex: str) -> str:
    r"""TeX without the brackets that a fraction bar, a root or a superscript makes needless.

    >>> unbracketed(r"\frac{1}{(2 \cdot s)} + {x}^{(p - 1)} + \frac{(a)(b)}{c}")
    '\\frac{1}{2 \\cdot s} + {x}^{p - 1} + \\frac{(a)(b)}{c}'
    """
    opened: list[int] = []
    pairs: dict[int, int] = {}
    for i, c in enumerate(tex):
        if c == "(":
            opened.append(i)
        elif c == ")" and opened:
            pairs[opened.pop()] = i
    needless = {k for i, j in pairs.items() if tex[i - 1 : i] == "{" and tex[j + 1 : j + 2] == "}" for k in (i, j)}
    return "".join(c for i, c in enumerate(tex) if i not in needless)


def latex_safe(tex: str) -> str:
    """TeX that a plain LaTeX document compiles: letters beyond its fonts become text or their number.

    >>> latex_safe("x_{é}"), latex_safe("ж")
    ('x_{\\\\text{é}}', '\\\\text{U+0436}')
    """
    return "".join(c if c.isascii() else _outside_ascii(c) for c in tex)


def _outside_ascii(c: str) -> str:
    known = {"\u202f": r"\,", "\u00a0": "~", "−": "-", "·": r"\cdot "}
    if c in known:
        return known[c]
    plain = unicodedata.decomposition(c)
    latin = ord(c) < 0x180 and c.isalpha() and len(plain.split()) == 2 and not plain.startswith("<")
    return rf"\text{{{c}}}" if latin else rf"\text{{U+{ord(c):04X}}}"
