"""XML from outside: no entities, no DTD, bounded; XML of ours: escaped whatever it holds."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graphc.errors import InputError, LimitExceeded
from graphc.exchange import xml_text
from graphc.exchange.xml_text import cdata, element, finished, parse_xml, plain

BILLION = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<quiz>&b;</quiz>"""
OUTSIDE = b'<!DOCTYPE quiz SYSTEM "file:///etc/passwd"><quiz/>'
FILE = b'<!DOCTYPE quiz [<!ENTITY x SYSTEM "file:///etc/passwd">]><quiz>&x;</quiz>'


@pytest.mark.parametrize("data", [BILLION, OUTSIDE, FILE])
def test_a_doctype_is_refused(data):
    with pytest.raises(InputError, match=r"quiz\.xml:1: a DOCTYPE is refused"):
        parse_xml(data, "quiz.xml")


@pytest.mark.parametrize("data, reason", [
    (b"<quiz>\n<a></quiz>", r"q\.xml:2: not XML: mismatched tag"), (b"", r"q\.xml:1: not XML: no element found"),
    (b"<quiz>&nbsp;</quiz>", "undefined entity"), (b"<a/><b/>", "junk after document element"),
    (b'<?xml version="1.0" encoding="no-such"?><a/>', r"q\.xml:1: not XML"), (b"\xff\xfe\x00", r"not XML"),
])  # fmt: skip
def test_what_is_not_xml_is_told_with_its_line(data, reason):
    with pytest.raises(InputError, match=reason):
        parse_xml(data, "q.xml")


def test_depth_and_count_and_size_are_bounded(monkeypatch):
    with pytest.raises(LimitExceeded, match="more than 60 levels"):
        parse_xml(b"<a>" * 61 + b"</a>" * 61, "q.xml")
    monkeypatch.setattr(xml_text, "MOST", 10)
    with pytest.raises(LimitExceeded, match="10 elements"):
        parse_xml(b"<q>" + b"<a/>" * 10 + b"</q>", "q.xml")
    monkeypatch.setattr(xml_text, "LARGEST", 5)
    with pytest.raises(LimitExceeded, match="the limit of a quiz is 5"):
        parse_xml(b"<quiz/>", "q.xml")


@example("]]>]]>")
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_survives_as_text_and_as_cdata(text):
    root = ET.fromstring(finished(element("q", element("a", plain(text)), element("b", cdata(text)), c="a\"<")))
    legal = "".join(c if xml_text._ILLEGAL.search(c) is None else "\ufffd" for c in text)
    assert root.findtext("a") == legal
    assert root.findtext("b") == legal.replace("\r\n", "\n").replace("\r", "\n")  # as every reader of XML does


def test_the_reader_agrees_with_another():
    data = b"<?xml version='1.0' encoding='latin-1'?><quiz><a k='v'>x\xe9<b/>y</a><![CDATA[<z>]]></quiz>"
    root, other = parse_xml(data, "q"), ET.fromstring(data)
    assert root.children[0].attributes == other[0].attrib
    assert root.children[0].text == "xéy" and root.text == other[0].tail == "<z>"
