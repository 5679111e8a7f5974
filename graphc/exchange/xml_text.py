"""XML: written by a handful of functions, read by expat with every door shut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from ..errors import InputError, LimitExceeded

LARGEST = 50_000_000  # bytes
DEEPEST, MOST = 60, 400_000
_LINE = "\x00"  # stands for the end of a line inside CDATA; XML has no such character
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# -- writing ----------------------------------------------------------------------------------------------------


def element(tag: str, *inside: str, **attributes: str) -> str:
    """An element; `inside` are pieces of XML. One piece without an element in it stays on the line.

    >>> element("name", element("text", plain("a < b")), format="html")
    '<name format="html">\\n  <text>a &lt; b</text>\\n</name>'
    """
    head = tag + "".join(f" {k}={quoteattr(v)}" for k, v in attributes.items())
    if not inside:
        return f"<{head}/>"
    if len(inside) == 1 and (not inside[0].startswith("<") or inside[0].startswith("<![CDATA[")):
        return f"<{head}>{inside[0]}</{tag}>"
    body = "\n".join(i for i in inside if i).replace("\n", "\n  ")
    return f"<{head}>\n  {body}\n</{tag}>"


def plain(text: object) -> str:
    """Text with its signs escaped. What XML cannot hold becomes the sign for an unknown character."""
    safe = escape(_ILLEGAL.sub("\ufffd", str(text)))
    return safe.replace("\n", "&#10;").replace("\r", "&#13;")


def cdata(text: str) -> str:
    """HTML as it is, in CDATA sections. Its lines are put back by `finished`, so that none is indented.

    >>> cdata("<p>]]></p>")
    '<![CDATA[<p>]]]]><![CDATA[></p>]]>'
    """
    return "<![CDATA[" + _ILLEGAL.sub("\ufffd", text).replace("]]>", "]]]]><![CDATA[>").replace("\n", _LINE) + "]]>"


def finished(xml: str) -> str:
    """The document, its lines as they are to be."""
    return xml.replace(_LINE, "\n")


def texts(tag: str, html: str, *more: str) -> str:
    """Moodle's form of a text in HTML, with its files after it."""
    return element(tag, element("text", cdata(html) if html else ""), *more, format="html")


# -- reading ----------------------------------------------------------------------------------------------------


@dataclass
class Node:
    """An element as it was read. `text` is what stands directly inside it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Node] = field(default_factory=list)
    line: int = 0

    def all(self, tag: str) -> Iterator[Node]:
        return (c for c in self.children if c.tag == tag)

    def first(self, tag: str) -> Node | None:
        return next(self.all(tag), None)

    def said(self, *path: str) -> str:
        """The text at the end of a path of tags, or "" where there is none."""
        node: Node | None = self
        for tag in path:
            node = node.first(tag) if node else None
        return node.text if node else ""


def parse_xml(data: bytes, name: str) -> Node:
    """The root element. A DOCTYPE, an entity of the file's own, or anything outside it, is refused.

    Raises InputError with the line of what is wrong, LimitExceeded for a file past the limits.
    """
    if len(data) > LARGEST:
        raise LimitExceeded(f"{name} has {len(data):,} bytes; the limit of a quiz is {LARGEST:,}")
    reader = _Reader(name)
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise InputError(f"{name}:{error.lineno}: not XML: {reason}") from None
    except (ValueError, LookupError, UnicodeError) as error:  # an encoding that Python does not know
        raise InputError(f"{name}:1: not XML: {str(error)[:80]}") from None
    assert reader.root is not None
    return reader.root


class _Reader:
    def __init__(self, name: str) -> None:
        self.name, self.root = name, None  # type: str, Node | None
        self.open: list[Node] = []
        self.pieces: list[list[str]] = []
        self.count = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.said
        self.parser.StartDoctypeDeclHandler = self.refuse
        self.parser.EntityDeclHandler = self.refuse
        self.parser.ExternalEntityRefHandler = self.refuse

    def refuse(self, *_: object) -> int:
        raise InputError(f"{self.name}:{self.parser.CurrentLineNumber}: a DOCTYPE is refused: a quiz has none, and "
                         "its entities could name other files or grow without bound")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.open) >= DEEPEST or self.count > MOST:
            raise LimitExceeded(f"{self.name}:{self.parser.CurrentLineNumber}: more than {DEEPEST} levels or "
                                f"{MOST:,} elements, the limits of a quiz")
        node = Node(tag, attributes, line=self.parser.CurrentLineNumber)
        if self.open:
            self.open[-1].children.append(node)
        else:
            self.root = node
        self.open.append(node)
        self.pieces.append([])

    def end(self, _: str) -> None:
        self.open.pop().text = "".join(self.pieces.pop())

    def said(self, text: str) -> None:
        self.pieces[-1].append(text)
