"""The text of a page that an editor wrote, in lines as Markdown has them; nothing of it is more than text."""

from __future__ import annotations

from html.parser import HTMLParser

from .submission import Fault

_BEGINS = {**{f"h{i}": "\n# " for i in range(1, 7)}, "li": "\n- ", "strong": "**", "b": "**", "br": "\n"}
_ENDS = {"strong": "**", "b": "**"}
_LINES = frozenset({"p", "div", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "li", "pre"})
_UNSEEN = frozenset({"script", "style"})


def plain_text(markup: str) -> str:
    r"""What a reader sees, a line for each paragraph, with the marks of headings, items and bold text.

    Raises Fault for what is no HTML.

    >>> plain_text("<h3>Question 1</h3><p><b>z:</b> \\(3\\)<br>f: 4 &lt; 5</p><script>x</script>").split("\n")
    ['', '# Question 1', '', '**z:** \\(3\\)', 'f: 4 < 5', '']
    """
    page = _Page()
    try:
        page.feed(markup)
        page.close()
    except (AssertionError, ValueError):
        raise Fault("html") from None
    return "".join(page.pieces)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.unseen += tag in _UNSEEN
        self.pieces.append(_BEGINS.get(tag, "\n" if tag in _LINES else ""))

    def handle_endtag(self, tag: str) -> None:
        self.unseen -= tag in _UNSEEN and self.unseen > 0
        self.pieces.append(_ENDS.get(tag, "\n" if tag in _LINES else ""))

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.pieces.append(data.replace("\u00a0", " "))
