"""The text of a page that an editor wrote, in lines as Markdown has them; nothing of it is more than text.

A scanner of our own, since that of Python takes time that grows as the square of some texts.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from .submission import Fault

_BEGINS = {**{f"h{i}": "\n# " for i in range(1, 7)}, "li": "\n- ", "strong": "**", "b": "**", "br": "\n"}
_ENDS = {"strong": "**", "b": "**", "br": ""}
_LINES = frozenset({"p", "div", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "li", "pre"})
_UNSEEN = ("script", "style")
_TAG = re.compile(r"/?[a-z][a-z0-9]{0,15}|!--|[!?]")


def plain_text(markup: str) -> str:
    r"""What a reader sees, a line for each paragraph, with the marks of headings, items and bold text.

    Raises Fault for what is no HTML.

    >>> plain_text("<h3>Question 1</h3><p><b>z:</b> \\(3\\)<br>f: 4 &lt; 5</p><script>x</script>").split("\n")
    ['', '# Question 1', '', '**z:** \\(3\\)', 'f: 4 < 5', '']
    """
    try:
        return "".join(_pieces(markup)).replace("\u00a0", " ")
    except ValueError:  # a number of thousands of digits, which stands for no character
        raise Fault("html") from None


def _pieces(markup: str) -> Iterator[str]:
    lower, position = markup.lower(), 0
    if len(lower) != len(markup):  # letters such as İ become two
        lower = markup
    while (start := lower.find("<", position)) >= 0:
        yield html.unescape(markup[position:start])
        found = _TAG.match(lower, start + 1)
        if found is None:
            yield "<"
            position = start + 1
            continue
        end = lower.find("-->" if found[0] == "!--" else ">", found.end())
        if end < 0:
            return
        position = end + (3 if found[0] == "!--" else 1)
        if found[0] in _UNSEEN:
            position = lower.find(f"</{found[0]}", position)
            if position < 0:
                return
        yield _line(found[0])
    yield html.unescape(markup[position:])


def _line(tag: str) -> str:
    """What stands for a tag: the end of a line, or a mark."""
    name = tag.removeprefix("/")
    return (_ENDS if tag != name else _BEGINS).get(name, "\n" if name in _LINES else "")
