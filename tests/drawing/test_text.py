"""Mathematics as outlines, as Unicode and as Graphviz labels."""

import pytest

from graphc.drawing.mathtext import outline
from graphc.drawing.plain import html_text, unicode_text


@pytest.mark.parametrize(("tex", "expected"), [
    (r"\bar{w}_{1} = 12 + ({-}4) = 8", "w̄₁ = 12 + (−4) = 8"),
    (r"\frac{\partial m_{1}}{\partial w_{1}} = x_{1}", "∂m₁/∂w₁ = x₁"),
    (r"\frac{a + b}{2}", "(a + b)/2"),
    (r"\mathbf{1}_{s > 0}", "1[s > 0]"),
    (r"\operatorname{ReLU}", "ReLU"),
    (r"\hat{y}^{2}", "ŷ²"),
    (r"\boldsymbol{\theta}_{0}", "θ₀"),
    (r"N \times 784", "N × 784"),
    ("2{,}5", "2,5"),
    (r"\begin{bmatrix}1 & 0\\0 & {-}2\end{bmatrix}", "[1 0; 0 −2]"),
])  # fmt: skip
def test_unicode(tex, expected):
    assert unicode_text(tex) == expected


@pytest.mark.parametrize(("tex", "expected"), [
    (r"w_{1}", "<I>w</I>₁"),
    (r"\mathbf{W}_{hh}", "<B>W</B><SUB><I>h</I><I>h</I></SUB>"),
    (r"a < b & \% \{", "<I>a</I> &lt; <I>b</I> % {"),
])  # fmt: skip
def test_html(tex, expected):
    assert html_text(tex) == expected


DEEP = [token * 3000 for token in ("{", r"\bar", "^", r"\frac")]


@pytest.mark.parametrize("tex", [*DEEP, "}{", r"\frac", "_", "^{", r"\bar", "a}b", "\\"])
def test_broken_tex_is_read_without_an_error(tex):
    assert isinstance(unicode_text(tex), str)
    assert isinstance(html_text(tex), str)


@pytest.mark.parametrize("tex", ["}{", r"\frac", "^{", r"\begin{cases}"])
def test_broken_tex_is_drawn_plainly(tex):
    assert outline(tex, 12.0).width >= 0


def test_a_leading_minus_is_a_sign():
    assert outline("-4", 12.0).width == outline("{-}4", 12.0).width


def test_words_keep_their_accents():
    plain, accented = outline("euvre", 12.0, True), outline("éuvre", 12.0, True)
    assert accented.height > plain.height and abs(accented.width - plain.width) < 1.0


def test_outlines_do_not_depend_on_the_settings_of_others():
    import ziamath

    before = outline("x_{7}", 12.0)
    ziamath.config.svg2, saved = True, ziamath.config.svg2
    try:
        outline.cache_clear()
        assert outline("x_{7}", 12.0) == before
        assert ziamath.config.svg2 is True
    finally:
        ziamath.config.svg2 = saved
