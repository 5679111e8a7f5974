r"""TeX of ours, or anybody's, as mathematics and words that plain LaTeX sets: no package but the kernel.

What is not on the lists below never reaches a document as a command: an unknown `\name` is spelled in letters,
special characters are escaped, braces, scripts, `\left` and `\right` always close.
"""

from __future__ import annotations

import re
import unicodedata

from .plain import GREEK_LETTERS

_TOKEN = re.compile(r"\\[A-Za-z]+\*?\s*|\\.|\s+|.", re.DOTALL)
_DEPTH = 40  # groups nested deeper than this are left out

_KNOWN = (
    "times cdot partial ldots cdots vdots ddots dots infty leq le geq ge neq ne odot oplus otimes top bot sum prod int "
    "pm mp in notin land wedge lor vee lnot neg ell Vert vert lfloor rfloor lceil rceil langle rangle to prime nabla "
    "ast circ bullet mid div quad qquad forall exists bmod sim approx equiv cup cap subset star colon Re Im "
    "arccos arcsin arctan cos cosh cot det dim exp inf ker lim ln log max min sec sin sinh sup tan tanh arg deg gcd "
    "textstyle displaystyle scriptstyle alpha beta gamma delta epsilon varepsilon zeta eta theta "
    "vartheta iota kappa lambda mu nu xi pi rho varrho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta "
    "Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
_PLAIN = frozenset(rf"\{name}" for name in _KNOWN.split())
_LONELY = "left right limits nolimits big bigl bigr Big Bigl Bigr"
_ESCAPES = frozenset(rf"\{c}" for c in "{}%#&_$|,;:! ")
_DROPPED = frozenset(rf"\{name}" for name in _LONELY.split())
# What amsmath and amssymb would add, spelled by the kernel.
_SAME = {r"\lVert": r"\Vert", r"\rVert": r"\Vert", r"\lvert": r"\vert", r"\rvert": r"\vert",
         r"\veebar": r"\mathbin{\underline{\vee}}", r"\implies": r"\Rightarrow"}
_ONE = {r"\bar", r"\overline", r"\hat", r"\widehat", r"\tilde", r"\widetilde", r"\dot", r"\ddot", r"\vec", r"\sqrt",
        r"\mathrm", r"\mathbf", r"\mathit", r"\mathsf", r"\mathtt", r"\mathcal", r"\underline", r"\mathbin"}
_FRACTIONS = {r"\frac": r"\frac", r"\tfrac": r"\frac", r"\dfrac": r"\frac"}
_DELIMITERS = frozenset(["(", ")", "[", "]", ".", "|", "/", r"\{", r"\}", r"\|", r"\Vert", r"\vert", r"\lfloor",
                         r"\rfloor", r"\lceil", r"\rceil", r"\langle", r"\rangle"])
# What encloses an array, and the sort of its columns.
_ARRAYS = {"bmatrix": (r"\left[", r"\right]", "c"), "pmatrix": (r"\left(", r"\right)", "c"), "matrix": ("", "", "c"),
           "vmatrix": (r"\left|", r"\right|", "c"), "cases": (r"\left\{", r"\right.", "l"), "array": ("", "", "l")}
_CHARACTERS = {"−": "-", "·": r"\cdot ", "×": r"\times ", "÷": r"\div ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ",
               "∂": r"\partial ", "∞": r"\infty ", "∑": r"\sum ", "∏": r"\prod ", "√": r"\surd ", "ℓ": r"\ell ",
               "⊤": r"\top ", "∇": r"\nabla ", "∈": r"\in ", "→": r"\to ", "′": r"\prime ", "…": r"\ldots ",
               "⊙": r"\odot ", "‖": r"\Vert ", "∧": r"\wedge ", "∨": r"\vee ", "¬": r"\neg ", "°": r"^{\circ}",
               "\u00a0": r"\ ", "\u202f": r"\,"}
_WORDS = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
          "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "\u00a0": "~", "\u202f": r"\,",
          "—": "---", "–": "--", "’": "'", "‘": "`", "“": "``", "”": "''", "«": r"$\langle\!\langle$",
          "»": r"$\rangle\!\rangle$", "<": "$<$", ">": "$>$", "|": "$|$"}


def kernel_tex(tex: str) -> str:
    r"""The formula, between dollars, for any LaTeX document.

    >>> print(kernel_tex(r"\operatorname{ReLU}"), kernel_tex(r"\begin{bmatrix}1 & 2\\3 & 4\end{bmatrix}"))
    \mathop{\mathrm{ReLU}}\nolimits \left[\begin{array}{@{}cc@{}}1 & 2\\3 & 4\end{array}\right]
    >>> print(kernel_tex(r"\input{secret} % x"))
    \mathrm{input}{secret} \% x
    """
    return re.sub(" {2,}", " ", _Reader(tex).whole()).strip() or "{}"


def words_tex(words: str) -> str:
    r"""Words for any LaTeX document, everything special escaped.

    >>> print(words_tex("Exercice — à 100 % de w₁"))
    Exercice --- à 100 \% de w$_{1}$
    """
    return "".join(_word(c) for c in unicodedata.normalize("NFC", words) if c.isprintable() or c == "\u00a0")


def _word(c: str) -> str:
    if c in _WORDS:
        return _WORDS[c]
    if c.isascii() or (c.isalpha() and "LATIN" in unicodedata.name(c, "") and unicodedata.decomposition(c)[:1] != "<"):
        return c
    math = _character(c)
    return f"${math.strip()}$" if math.isascii() else c


def _character(c: str) -> str:
    """A character beyond ASCII as mathematics; what has no spelling stands as it is, for a document that has it."""
    if c in _CHARACTERS:
        return _CHARACTERS[c]
    if c in GREEK_LETTERS:
        return rf"\{GREEK_LETTERS[c]} "
    if unicodedata.combining(c):
        return ""
    kind, _, plain = unicodedata.decomposition(c).partition(" ")
    if kind in ("<sub>", "<super>") and plain:
        inner = "".join(_atom(chr(int(code, 16))) for code in plain.split())
        return f"{'_' if kind == '<sub>' else '^'}{{{inner}}}"
    return rf"\mbox{{{c}}}" if c.isprintable() else ""


def _atom(c: str) -> str:
    if c in "%#$&":
        return "\\" + c
    if c == "~":
        return r"\sim "
    return c if c.isascii() else _character(c)


class _Reader:
    """One pass over the tokens, which always ends in a formula that compiles."""

    def __init__(self, tex: str) -> None:
        self.tokens: list[str] = [t.rstrip() or " " for t in _TOKEN.findall(unicodedata.normalize("NFC", tex))]
        self.at = 0

    def whole(self) -> str:
        parts = []
        while self.at < len(self.tokens):
            parts.append(self.run(0))
            self.at += 1  # a stray closing brace
        return "".join(parts)

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def run(self, depth: int, array: bool = False) -> str:
        r"""Up to a closing brace or, in an array, its \end."""
        parts: list[str] = []
        fences: list[tuple[int, int]] = []  # where \left (+1) and \right (-1) stand in `parts`
        scripts: set[str] = set()  # that the last atom has already
        while (token := self.peek()) and token != "}" and not (array and token == r"\end"):
            if token in ("^", "_", "'"):
                self.at += 1
                if token in scripts or (token == "'" and "^" in scripts) or not parts:
                    parts.append("{}")
                    scripts = set()
                scripts.add(token)
                parts.append("'" if token == "'" else f"{token}{{{self.argument(depth)}}}")
                continue
            if token in (r"\left", r"\right"):
                self.at += 1
                fence = _SAME.get(self.peek(), self.peek())
                if fence in _DELIMITERS:
                    self.at += 1
                    fences.append((len(parts), 1 if token == r"\left" else -1))
                    parts.append(f"{token}{fence}" + (" " if fence[-1:].isalpha() else ""))
            elif array and token in (r"\\", "&"):
                self.at += 1
                fences.append((len(parts), 0))
                parts.append(token if token == r"\\" else " & ")
            else:
                parts.append(self.one(depth))
            if not (parts and parts[-1].isspace()):
                scripts = set()
        return "".join(_closed(parts, fences))

    def argument(self, depth: int) -> str:
        while self.peek().isspace():
            self.at += 1
        if not self.peek() or self.peek() in ("}", "^", "_", "'", "&", r"\left", r"\right", r"\end") or depth > _DEPTH:
            return ""
        part = self.one(depth + 1, bare=True)
        return part if part.strip() else ""

    def one(self, depth: int, bare: bool = False) -> str:
        token = self.tokens[self.at]
        self.at += 1
        if token == "{":
            inner = self.run(depth + 1) if depth < _DEPTH else self.skip()
            self.at += 1
            return inner if bare else f"{{{inner}}}"
        if not token.startswith("\\"):
            return "".join(map(_atom, token))
        if token in _PLAIN:
            return token + " "
        if token in _ESCAPES:
            return token
        if token in _SAME:
            return _SAME[token] + " "
        if token in _FRACTIONS:
            return rf"\frac{{{self.argument(depth)}}}{{{self.argument(depth)}}}"
        if token in _ONE:
            return f"{token}{{{self.argument(depth)}}}"
        return self.rare(token, depth)

    def rare(self, token: str, depth: int) -> str:
        if token in (r"\operatorname", r"\operatorname*"):
            inner = self.argument(depth)
            return rf"\mathop{{\mathrm{{{inner}}}}}\nolimits " if len(inner) > 1 else rf"\mathrm{{{inner}}}"
        if token == r"\boldsymbol":
            return rf"\mbox{{\boldmath${self.argument(depth)}$}}"
        if token == r"\text":
            return rf"\mbox{{{words_tex(self.raw())}}}"
        if token == r"\begin":
            return self.array(self.raw(), depth)
        if token == r"\end":
            self.raw()
            return ""
        if token in _DROPPED:  # these need what stands before or after them
            return ""
        if token == r"\\":
            return "; "
        name = token[1:].rstrip("*")
        return rf"\mathrm{{{name}}}" if name.isalpha() and name.isascii() else "".join(map(_atom, name.strip("\\")))

    def array(self, name: str, depth: int) -> str:
        before, after, sort = _ARRAYS.get(name, ("", "", "l"))
        if name == "array":
            self.raw()
        if depth >= _DEPTH:
            return ""
        begin = self.at
        body = self.run(depth + 1, array=True)
        columns = _columns(self.tokens[begin : self.at])
        if self.peek() == r"\end":
            self.at += 1
            self.raw()
        return rf"{before}\begin{{array}}{{@{{}}{sort * columns}@{{}}}}{body}\end{{array}}{after}"

    def raw(self) -> str:
        """The text of a braced argument, as it is written."""
        if self.peek() != "{":
            return ""
        begin = self.at + 1
        self.at += 1
        self.skip()
        self.at += 1
        return "".join(self.tokens[begin : self.at - 1]).replace(r"\_", "_")

    def skip(self) -> str:
        """To the brace that closes the group just opened."""
        level = 1
        while self.at < len(self.tokens):
            level += {"{": 1, "}": -1}.get(self.tokens[self.at], 0)
            if not level:
                break
            self.at += 1
        return ""


def _columns(tokens: list[str]) -> int:
    widest = columns = 1
    level = 0
    for token in tokens:
        level += {"{": 1, "}": -1, r"\begin": 1, r"\end": -1}.get(token, 0)
        if not level:
            columns = columns + 1 if token == "&" else 1 if token == r"\\" else columns
        widest = max(widest, columns)
    return widest


def _closed(parts: list[str], fences: list[tuple[int, int]]) -> list[str]:
    r"""Without its \left and \right where they do not pair up within one cell."""
    level, paired = 0, True
    for _, step in [*fences, (0, 0)]:
        level += step
        paired = paired and level >= 0 and (step != 0 or level == 0)
    if paired:
        return parts
    loose = {i for i, step in fences if step}
    return [p.removeprefix(r"\left").removeprefix(r"\right").removeprefix(".") if i in loose else p
            for i, p in enumerate(parts)]
