r"""Texts of an exercise as HTML for Moodle, and back: mathematics goes between \( and \)."""

from __future__ import annotations

import html
import re

from ..exercise.texts import parts

# Signs that Moodle, its filters, Cloze or STACK read as something else than themselves.
_WORDS = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "$": "&#36;", "\\": "&#92;",
          "@": "&#64;", "{": "&#123;", "}": "&#125;", "[": "&#91;", "]": "&#93;"}
_TABLE = str.maketrans(_WORDS)
_BLOCK = re.compile(r"[{\[@]")


def words(text: str) -> str:
    """Plain words: nothing of them is HTML, mathematics, a Cloze answer or a STACK block.

    >>> words("1 < 2 {1:NUMERICAL:=3} [[input:ans1]]")
    '1 &lt; 2 &#123;1:NUMERICAL:=3&#125; &#91;&#91;input:ans1&#93;&#93;'
    """
    return text.translate(_TABLE)


def tex(formula: str) -> str:
    r"""Mathematics inside a line. A brace that something could take for its own is written as an entity.

    >>> tex(r"\frac{1}{x} < 2")
    '\\(\\frac{1}{x} &lt; 2\\)'
    """
    safe = html.escape(formula, quote=False)
    return rf"\({_guarded(safe)}\)"


def shown(formula: str) -> str:
    """Mathematics on a line of its own."""
    return rf"\[{_guarded(html.escape(formula, quote=False))}\]"


def _guarded(text: str) -> str:
    """`{1:`, `{@`, `{#`, `[[`, `@@` become entities, which a browser undoes before the mathematics is set."""

    def entity(found: re.Match[str]) -> str:
        after = text[found.end() :]
        risky = {"{": re.match(r"\d*:|[@#]", after), "[": after.startswith("["), "@": True}[found[0]]
        return f"&#{ord(found[0])};" if risky else found[0]

    return _BLOCK.sub(entity, text)


def inline(text: str) -> str:
    r"""A text of the exercise as HTML.

    >>> inline("Let $x > 0$ & go.")
    'Let \\(x &gt; 0\\) &amp; go.'
    """
    return "".join(tex(piece) if is_tex else words(piece) for piece, is_tex in parts(text))


def author_text(fragment: str) -> str:
    r"""What `inline` wrote, as the author wrote it; markup that an editor put in is dropped.

    >>> author_text(inline(r"5 \$ for $\\frac{1}{x}$ & {a}"))
    '5 \\$ for $\\\\frac{1}{x}$ & {a}'
    """
    bare = re.sub(r"<br\s*/?>", "\n", fragment)
    bare = re.sub(r"<[^<>]{0,2000}>", "", bare)
    out = []
    for i, piece in enumerate(re.split(r"\\\(|\\\)", bare)):
        plain = html.unescape(piece)
        out.append(f"${plain}$" if i % 2 else plain.replace("$", r"\$"))
    return "".join(out)
