"""What a screen reader, a search and a notebook are given."""

import base64
import re
import xml.etree.ElementTree as ET
import zlib
from dataclasses import replace

import pytest

import graphc as G
from graphc.drawing import draw
from graphc.drawing.svg import svg_text

SVG = "{http://www.w3.org/2000/svg}"


def drawings(exam):
    return {"forward": draw(exam.f), "circuit": draw(exam.f, wrt=exam.all, at=exam.at, lang="fr"),
            "blank": draw(exam.f, wrt=exam.wrt, blank="all"), "backward": draw(G.backward(exam.f, exam.wrt))}


@pytest.mark.parametrize("name", ["forward", "circuit", "blank", "backward"])
def test_svg_is_an_image_with_a_name_and_a_description(exam, name):
    d = drawings(exam)[name]
    root = ET.fromstring(d.svg)
    assert (root.get("role"), root.get("lang")) == ("img", d.figure.lang)
    title, desc = root.get("aria-labelledby").split()
    texts = {e.get("id"): e.text for e in root if e.get("id")}
    assert texts[title] == d.figure.title and texts[desc] == d.figure.desc
    assert "m1 = w1·x1" in d.figure.desc and "f = w3·r" in d.figure.desc
    formulas = [g for g in root.iter(f"{SVG}g") if g.find(f"{SVG}title") is not None]
    assert all(g.get("role") == "img" and g.get("aria-label") for g in formulas)
    wanted = [box.tex for box in d.figure.boxes] + [
        x.tex for w in d.figure.wires for x in (w.first, w.second) if x and not x.blank]
    said = [g.get("aria-label") for g in formulas]
    assert all(said.count(tex) >= wanted.count(tex) for tex in wanted)


@pytest.mark.parametrize("name", ["forward", "circuit", "blank", "backward"])
def test_svg_is_laid_over_with_its_words(exam, name):
    root = ET.fromstring(drawings(exam)[name].svg)
    texts = list(root.iter(f"{SVG}text"))
    assert all((t.get("fill"), t.get("aria-hidden")) == ("none", "true") for t in texts), "read by eyes alone, unseen"
    said = [t.text for t in texts]
    assert {"x₁", "ReLU"} <= set(said) or {"w̄₁", "r̄"} <= set(said)
    legend = [g.get("aria-label") for g in root.iter(f"{SVG}g") if g.get("class") == "legend"]
    assert set(legend) <= set(said)


def test_ids_differ_in_one_page_and_repeat_in_the_next(exam):
    def idents(d):
        return {e.get("id") for e in ET.fromstring(d.svg).iter() if e.get("id")}

    figures = [draw(exam.f), draw(exam.f, theme="dark"), draw(exam.f, lang="fr"), draw(exam.f, rankdir="TB"),
               draw(exam.f, wrt=exam.wrt, at=exam.at), draw(exam.f, wrt=exam.wrt, at=exam.at, blank="all")]
    assert len(set().union(*map(idents, figures))) == 2 * len(figures)
    assert idents(draw(exam.f)) == idents(figures[0])


def test_ids_differ_where_only_the_description_does(exam):
    scene = draw(exam.f).scene
    texts = [svg_text(s) for s in (scene, replace(scene, desc="other"), replace(scene, lang="fr"))]
    assert len({re.search('id="(.*?)-desc"', text)[1] for text in texts}) == 3


def test_a_notebook_gets_svg_that_is_not_clipped(exam):
    d = draw(exam.f, wrt=exam.wrt, at=exam.at)
    bundle = d._repr_mimebundle_()
    assert bundle.keys() == {"image/svg+xml", "text/plain"} and bundle["text/plain"] == repr(d)
    root = ET.fromstring(bundle["image/svg+xml"])
    _, _, w, h = map(float, root.get("viewBox").split())
    assert (root.get("width"), root.get("height")) == (f"{w:g}pt", f"{h:g}pt")
    assert "max-width:100%" in root.get("style") and "height:auto" in root.get("style")


def test_a_notebook_gets_what_it_asks_for(exam):
    d = draw(exam.f)
    asked = d._repr_mimebundle_(include=["image/png", "application/pdf", "text/latex", "text/html"])
    assert asked.keys() == {"image/png", "application/pdf", "text/latex"}
    assert asked["image/png"].startswith(b"\x89PNG") and asked["application/pdf"].startswith(b"%PDF")
    assert d._repr_mimebundle_(exclude={"image/svg+xml"}).keys() == {"text/plain"}


def pdf_of(d, tmp_path):
    d.save(tmp_path / "a.pdf")
    return (tmp_path / "a.pdf").read_bytes()


def test_pdf_is_a_tagged_figure_with_alternative_text(exam, tmp_path):
    d = draw(exam.f, wrt=exam.all, at=exam.at, lang="fr")
    data = pdf_of(d, tmp_path)
    assert re.search(rb"/Lang \(fr\)", data) and b"/Marked true" in data
    figure = re.search(rb"/Alt \((.*?)\)\s*/K 0.*?/S /Figure", data, re.DOTALL)
    assert figure and unescaped(figure[1]) == f"{d.figure.title}. {d.figure.desc}"
    page = content(data)
    assert page.count(b"/Figure <</MCID 0>> BDC") == page.count(b"EMC") == 1


def unescaped(raw):
    """The text of a PDF string in UTF-16."""
    special = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}

    def byte(m):
        return bytes([int(m[1], 8)]) if len(m[1]) == 3 else special.get(m[1], m[1])

    return re.sub(rb"\\([0-7]{3}|.)", byte, raw, flags=re.DOTALL).decode("utf-16")


def content(data):
    stream = re.search(rb"stream\r?\n(.*?)endstream", data, re.DOTALL)[1]
    return zlib.decompress(base64.a85decode(stream.strip().removesuffix(b"~>")))


def test_pdf_has_its_words_unseen(exam, tmp_path):
    page = content(pdf_of(draw(exam.f, wrt=exam.all, at=exam.at, lang="fr"), tmp_path))
    words = re.findall(rb"\((.*?)\) Tj", page)
    assert {b"x1", b"w3", b"ReLU", b"-4"} <= set(words), "searched for as they are typed"
    assert rb"\\bar{w}_{1} = 12 + \(-4\) = 8" in words, "what has no such letters is TeX"
    assert page.count(b"3 Tr") == len(words)
