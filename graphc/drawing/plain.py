r"""TeX read back as plain Unicode, or as Graphviz's HTML-like labels.

Only the TeX that graphc itself writes is understood (names, scripts, accents, fractions, operators);
anything else passes through without its backslash.
"""

from __future__ import annotations

import re
import unicodedata
from html import escape

_TOKEN = re.compile(r"\\[A-Za-z]+\*?\s*|\\.|[{}^_&]|\s+|.", re.DOTALL)
_SYMBOLS = {
    r"\times": " × ", r"\cdot": " · ", r"\partial": "∂", r"\ldots": "…", r"\dots": "…", r"\infty": "∞",
    r"\leq": " ≤ ", r"\le": " ≤ ", r"\geq": " ≥ ", r"\ge": " ≥ ", r"\neq": " ≠ ", r"\ne": " ≠ ", r"\odot": " ⊙ ",
    r"\top": "⊤", r"\sum": "∑", r"\prod": "∏", r"\int": "∫", r"\sqrt": "√", r"\pm": "±", r"\in": " ∈ ",
    r"\land": " ∧ ", r"\wedge": " ∧ ", r"\lor": " ∨ ", r"\vee": " ∨ ", r"\lnot": "¬", r"\neg": "¬", r"\ell": "ℓ",
    r"\lVert": "‖", r"\rVert": "‖", r"\lvert": "|", r"\rvert": "|", r"\lfloor": "⌊", r"\rfloor": "⌋",
    r"\lceil": "⌈", r"\rceil": "⌉", r"\to": " → ", r"\prime": "′", r"\nabla": "∇", r"\ast": "∗", r"\circ": "∘",
    r"\bullet": "•", r"\mid": " | ", r"\|": "‖", r"\div": " ÷ ", r"\,": " ", r"\;": " ", r"\:": " ", r"\ ": " ",
    r"\quad": "  ", r"\qquad": "    ", r"\!": "", r"\left": "", r"\right": "", r"\displaystyle": "",
    r"\textstyle": "", r"\big": "", r"\bigl": "", r"\bigr": "", r"\Big": "", r"\limits": "", r"\\": "; ",
}
_GREEK_NAMES = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi "
    "varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
_GREEK = dict(zip(_GREEK_NAMES.split(), "αβγδεεζηθικλμνξπρστυφφχψωΓΔΘΛΞΠΣΥΦΨΩ"))
GREEK_LETTERS = {letter: name for name, letter in reversed(_GREEK.items())}
_ACCENTS = {r"\bar": "\u0304", r"\overline": "\u0305", r"\hat": "\u0302", r"\widehat": "\u0302", r"\tilde": "\u0303",
            r"\dot": "\u0307", r"\vec": "\u20d7"}
_FONTS = {r"\mathrm", r"\mathbf", r"\boldsymbol", r"\operatorname", r"\text", r"\mathit", r"\mathsf", r"\mathbb",
          r"\mathcal", r"\mathtt"}
_BOLD = {r"\mathbf", r"\boldsymbol"}
_UPRIGHT = _FONTS - {r"\boldsymbol", r"\mathit"}
_BRACKETS = {"bmatrix": ("[", "]"), "pmatrix": ("(", ")"), "vmatrix": ("|", "|"), "cases": ("{", "")}
_DEPTH = 40  # braces nested deeper than this are shown as an ellipsis


class _Reader:
    """One pass over the tokens; `html` decides how scripts and letters are written."""

    def __init__(self, tex: str, html: bool) -> None:
        self.tokens: list[str] = [t.rstrip() or " " for t in _TOKEN.findall(tex)]
        self.at = 0
        self.html = html

    def run(self, depth: int = 0, upright: bool = False) -> str:
        parts: list[str] = []
        while self.at < len(self.tokens) and self.tokens[self.at] != "}":
            parts.append(self.one(depth, upright))
        return "".join(parts)

    def one(self, depth: int, upright: bool) -> str:
        token = self.tokens[self.at]
        self.at += 1
        if token == "{":
            if depth >= _DEPTH:
                return self.skip()
            inner = self.run(depth + 1, upright)
            self.at += 1
            return inner
        if token in "_^":
            return self.script(token, self.argument(depth, upright))
        if token in (r"\frac", r"\tfrac", r"\dfrac"):
            top, bottom = self.argument(depth, upright), self.argument(depth, upright)
            return f"{_grouped(top)}/{_grouped(bottom)}"
        if token in (r"\begin", r"\end"):  # a matrix is written [a b; c d], and cases {a; b
            return _BRACKETS.get(self.name(), ("", ""))[token == r"\end"]
        if token in _ACCENTS:
            return self.accented(self.argument(depth, upright), _ACCENTS[token])
        if token in _FONTS:
            inner = self.argument(depth, token in _UPRIGHT)
            if token == r"\mathbf" and inner == "1" and self.tokens[self.at : self.at + 1] == ["_"]:
                self.at += 1
                return f"1[{self.argument(depth, upright)}]"  # the indicator, as the other surfaces write it
            return f"<B>{inner}</B>" if self.html and token in _BOLD and inner else inner
        return self.atom(token, upright)

    def name(self) -> str:
        """The letters of a braced name."""
        start = self.at
        self.argument(0, True)
        return "".join(self.tokens[start : self.at]).strip("{}")

    def skip(self) -> str:
        """Past the brace that closes the one just read."""
        level = 1
        while self.at < len(self.tokens) and level:
            level += {"{": 1, "}": -1}.get(self.tokens[self.at], 0)
            self.at += 1
        return "…"

    def argument(self, depth: int, upright: bool) -> str:
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        if self.at >= len(self.tokens) or self.tokens[self.at] == "}" or depth > _DEPTH:
            return ""
        return self.one(depth + 1, upright)

    def accented(self, inner: str, mark: str) -> str:
        """The mark goes after the first letter, which in HTML is not the `I` of a tag."""
        at = re.search(r"(?:<[^>]*>)*(?:&[^;]+;|[^<])", inner)
        return inner[: at.end()] + mark + inner[at.end():] if at else inner

    def script(self, kind: str, inner: str) -> str:
        table = _SUB if kind == "_" else _SUP
        if inner.isdigit() and all(c in table for c in inner):  # where HTML labels fail, these still read well
            return "".join(table[c] for c in inner)
        if kind == "^" and set(inner) == {"′"}:  # a prime is raised as it is
            return inner
        if self.html and inner:
            tag = "SUB" if kind == "_" else "SUP"
            return f"<{tag}>{inner}</{tag}>"
        if inner and all(c in table for c in inner):
            return "".join(table[c] for c in inner)
        return kind + (inner if len(inner) == 1 else f"({inner})")

    def atom(self, token: str, upright: bool) -> str:
        if token in _SYMBOLS:
            return self.safe(_SYMBOLS[token])
        name = token[1:] if token.startswith("\\") else token
        text = _GREEK.get(name, name) if token.startswith("\\") else token
        if token.isspace():
            return " "
        if token == "&":
            return " "
        if token in "=<>":
            return self.safe(f" {token} ")
        if token == "-":
            return "−"
        if self.html and not upright and len(text) == 1 and text.isalpha():
            return f"<I>{escape(text)}</I>"
        return self.safe(text)

    def safe(self, text: str) -> str:
        return escape(text) if self.html else text


_SUB = dict(zip("0123456789+−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ"))
_SUP = dict(zip("0123456789+−=()in⊤", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁱⁿᵀ"))


def _grouped(text: str) -> str:
    return f"({text})" if re.search(r" |[+−·/]", re.sub(r"<[^>]*>", "", text)) else text


def unicode_text(tex: str) -> str:
    r"""The formula as one line of Unicode.

    >>> unicode_text(r"\frac{\partial m_{1}}{\partial w_{1}} = x_{1}"), unicode_text(r"\bar{w}_{1} = {-}4")
    ('∂m₁/∂w₁ = x₁', 'w̄₁ = −4')
    """
    return _spaced(_whole(_Reader(tex, html=False)))


def html_text(tex: str) -> str:
    r"""The formula for a Graphviz label between < and >, everything escaped.

    >>> html_text(r"\bar{w}_{1} < 2")
    '<I>w̄</I>₁ &lt; 2'
    """
    return _spaced(_whole(_Reader(tex, html=True)))


def _whole(reader: _Reader) -> str:
    parts = []
    while reader.at < len(reader.tokens):
        parts.append(reader.run())
        reader.at += 1  # a stray closing brace
    return "".join(parts)


def _spaced(text: str) -> str:
    return unicodedata.normalize("NFC", re.sub(r" {2,}", " ", text).strip())
