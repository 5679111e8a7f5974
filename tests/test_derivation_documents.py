"""Documents of derivations: HTML with MathML, LaTeX, files; what a hostile name can do in them (nothing)."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from lecture_graphs import GRAPHS

import graphc as G
from graphc.derivation import derive
from graphc.derivation.pages import mathml

GOLDEN = Path(__file__).parent / "derivation_golden"


def parsed(html):
    """The page as XML: every tag closed, every entity known."""
    body = re.sub(r"^<!DOCTYPE html>|<meta[^>]*>", "", html)
    return ET.fromstring(body)


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("name", GRAPHS)
def test_every_page_is_well_formed_and_every_formula_is_set(name, lang):
    D = derive(GRAPHS[name](), lang=lang)
    page = D.to_html(document=True)
    tree = parsed(page)
    assert tree.get("lang") == lang
    assert tree.find(".//article").get("lang") == lang
    assert len(tree.findall(".//li")) == len(D.steps)
    assert tree.findall(".//math") and all(m.get("alttext") for m in tree.findall(".//math"))
    assert "<span>" not in page  # a formula that could not be set
    assert "mathvariant" not in page and "<merror" not in page
    assert "http" not in page and "<script" not in page


@pytest.mark.parametrize("name", GRAPHS)
def test_latex_is_balanced_and_plain(name):
    for lang in ("en", "fr"):
        tex = derive(GRAPHS[name](), lang=lang).to_latex(document=True)
        assert tex.count(r"\begin{") == tex.count(r"\end{")
        assert tex.count(r"\left") - tex.count(r"\leftarrow") == tex.count(r"\right")
        bare = tex.replace(r"\{", "").replace(r"\}", "")
        assert bare.count("{") == bare.count("}")
        assert r"\\,;" not in tex
        assert not re.search(r"[^\x00-\x7fàâçèéêëîïôùûÀÉ’–]", tex), re.findall(r"[^\x00-\x7fàâçèéêëîïôùû]", tex)[:5]


def test_a_fragment_is_no_page():
    D = derive(GRAPHS["network"]())
    assert D.to_html().startswith('<article class="graphc-derivation" lang="en">')
    assert D._repr_html_() == D.to_html()
    assert D.to_latex().startswith("% needs") and r"\begin{document}" not in D.to_latex()


def test_save_by_the_ending(tmp_path):
    D = derive(GRAPHS["least_squares"](), lang="fr")
    for ending, begins in (("html", "<!DOCTYPE html>"), ("tex", r"\documentclass"), ("md", "## Calcul"),
                           ("txt", "Calcul")):
        D.save(tmp_path / f"d.{ending}")
        assert (tmp_path / f"d.{ending}").read_text(encoding="utf-8").startswith(begins)
    with pytest.raises(G.InputError, match=r"no document format '.doc'; choose from .md, .tex, .html, .txt"):
        D.save(tmp_path / "d.doc")


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("name", ["network", "classifier", "least_squares"])
def test_the_words_are_those_that_were_read(name, lang):
    """The golden texts were read by a person; a change here is read again."""
    kept = (GOLDEN / f"{name}.{lang}.txt").read_text(encoding="utf-8")
    assert str(derive(GRAPHS[name](), lang=lang)) == kept


@pytest.mark.parametrize("name", GRAPHS)
def test_no_line_of_a_result_is_wider_than_the_page(name):
    for equation in derive(GRAPHS[name]()).steps[-1].equations:
        assert max(len(line) for line in equation.wrapped("")) <= 115, equation.text


def test_the_same_bytes_on_every_run():
    one, other = (derive(GRAPHS["attention"](), lang="fr") for _ in range(2))
    assert one.to_html(document=True) == other.to_html(document=True)
    assert one.to_latex(document=True) == other.to_latex(document=True)


def test_text_is_escaped():
    assert mathml("x < y", "<script>&\"") == (
        '<math alttext="&lt;script&gt;&amp;&quot;"><mrow><mi>x</mi><mo>&#x0003C;</mo><mi>y</mi></mrow></math>')
    assert mathml(r"\left( 1", "1/<b>") == "<span>1/&lt;b&gt;</span>"


def test_bold_letters_are_characters():
    assert "𝟏" in mathml(r"\mathbf{1}_{N}", "1")
    assert "𝜸" in mathml(r"\boldsymbol{\gamma}", "gamma")


def test_french_keeps_its_thin_spaces_in_tex():
    tex = derive(GRAPHS["network"](), lang="fr").to_latex()
    assert r"\mathbf{x}^{\top} \, \bar{\mathbf{u}}_{1}" in tex
