"""TikZ: what it defines it uses, everything balances, and nothing but known commands reaches the document."""

import re

import pytest

import graphc as G
from graphc.drawing import draw
from graphc.drawing.figure import Box, Entry, Figure, Label, Wire
from graphc.drawing.kernel_tex import kernel_tex, words_tex
from graphc.drawing.scene import build, place
from graphc.drawing.style import THEMES
from graphc.drawing.tikz import tikz_text


def drawings(exam):
    for theme in THEMES:
        yield draw(exam.f, wrt=exam.all, at=exam.at, theme=theme, lang="fr")
    yield draw(exam.f, wrt=exam.wrt, at=exam.at, blank="all", rankdir="TB")
    yield draw(exam.f, wrt=exam.wrt)
    yield draw(G.backward(exam.f, exam.all), at=exam.at)


def balanced(text):
    depth = 0
    for c in re.sub(r"\\[{}]", "", text):
        depth += (c == "{") - (c == "}")
        if depth < 0:
            return False
    return depth == 0


def test_the_picture_is_whole(exam):
    for d in drawings(exam):
        body = "\n".join(line for line in d.tikz.splitlines() if not line.startswith("%"))
        assert body.startswith(r"\begin{tikzpicture}[") and body.endswith(r"\end{tikzpicture}")
        assert balanced(body) and body.count("$") % 2 == 0
        lines = body.splitlines()[1:-1]
        drawn = [line for line in lines if re.match(r"  \\(node|draw|path)", line)]
        assert all(line.endswith(";") for line in drawn)
        assert sum(r"\draw[graphc wire=" in line for line in drawn) == len(d.figure.wires)
        assert sum(bool(re.match(r"  \\node\[graphc \w+, minimum", line)) for line in drawn) == len(d.figure.boxes)


def test_every_colour_and_style_is_defined(exam):
    for d in drawings(exam):
        defined = dict(re.findall(r"\\definecolor{([^}]*)}{HTML}{([0-9A-F]{6})}", d.tikz))
        used = set(re.findall(r"(?:draw|fill|text|graphc wire)=(graphc [a-z ]+)[,\]}]", d.tikz))
        assert used and used <= defined.keys()
        styles = set(re.findall(r"(graphc \w+)/\.style", d.tikz))
        assert set(re.findall(r"\\node\[(graphc \w+)[,=]", d.tikz)) <= styles


def test_boxes_stand_where_they_stand_in_the_svg(exam):
    d = draw(exam.f, wrt=exam.all, at=exam.at)
    (w1,) = [g.shapes[0] for g in d.scene.groups if g.key == "w1"]
    x, y = re.search(r"\(w1\) at \(([\d.]+),([\d.]+)\) " + re.escape("{$w_{1}$}"), d.tikz).groups()
    assert (float(x), float(y)) == (round(w1.x + w1.width / 2, 2), round(w1.y + w1.height / 2, 2))
    assert r"{$\bar{w}_{1} = 12 + ({-}4) = 8$}" in d.tikz


def test_a_wire_ends_at_the_tip_of_its_head(exam):
    d = draw(exam.f, wrt=exam.all, at=exam.at)
    tips = [g.shapes[1].commands[0][1] for g in d.scene.groups if g.cls == "edge"]
    ends = re.findall(r"\\draw\[graphc wire.* -- \(([\d.]+),([\d.]+)\);", d.tikz)
    assert [(float(x), float(y)) for x, y in ends] == [tuple(round(v, 2) for v in tip) for tip in tips]


@pytest.mark.parametrize(("tex", "expected"), [
    (r"\operatorname{ReLU}", r"\mathop{\mathrm{ReLU}}\nolimits"),
    (r"\boldsymbol{\theta}_{0}", r"\mbox{\boldmath$\theta $}_{0}"),
    (r"\lVert x\rVert", r"\Vert x\Vert"),
    (r"\tfrac{1}{2}", r"\frac{1}{2}"),
    (r"\begin{cases}1 & \text{if } x\\0 & \text{else}\end{cases}",
     r"\left\{\begin{array}{@{}ll@{}}1 & \mbox{if } x\\0 & \mbox{else}\end{array}\right."),
    (r"\left(x\right)^{2}", r"\left(x\right)^{2}"),
    (r"2{,}5 \leq x'", r"2{,}5 \leq x'"),
    ("α₁ × é", r"\alpha _{1} \times \mbox{é}"),
])  # fmt: skip
def test_formulas_by_the_kernel_alone(tex, expected):
    assert kernel_tex(tex) == expected


@pytest.mark.parametrize(("tex", "expected"), [
    (r"\input{/etc/passwd}", r"\mathrm{input}{/etc/passwd}"),
    (r"\write18{rm}", r"\mathrm{write}18{rm}"),
    ("a}b{", r"ab{}"),
    ("x^2^3", r"x^{2}{}^{3}"),
    ("^", r"{}^{}"),
    (r"\left(x", r"(x"),
    (r"{\left(x}\right)", r"{(x})"),
    (r"\frac", r"\frac{}{}"),
    (r"50% of $x$ # & ~", r"50\% of \$x\$ \# \& \sim"),
    (r"\begin{bmatrix}1 & 2", r"\left[\begin{array}{@{}cc@{}}1 & 2\end{array}\right]"),
    ("x''^{2}", r"x'{}'^{2}"),
    (r"\limits x\bigl(", "x("),
    ("}", "{}"),
])  # fmt: skip
def test_hostile_formulas_compile(tex, expected):
    assert kernel_tex(tex) == expected


@pytest.mark.parametrize("tex", [t * 3000 for t in ("{", r"\bar", "^", r"\frac", r"\begin{bmatrix}", r"\left(")])
def test_deep_formulas_are_cut_short(tex):
    assert balanced(kernel_tex(tex))


def test_words():
    assert words_tex(r"100 % \input{x} — «é» 1 < 2_a") == (
        r"100 \% \textbackslash{}input\{x\} --- $\langle\!\langle$é$\rangle\!\rangle$ 1 $<$ 2\_a")


OUTSIDE = re.compile(r"\\(?:operatorname|boldsymbol|text\b|[td]frac|[lr]Vert|[lr]vert|mathbb|begin\{(?!array))")


def test_nothing_of_amsmath_is_left(every_formula):
    assert len(every_formula) > 150
    for tex in every_formula:
        made = kernel_tex(tex)
        assert not OUTSIDE.search(made), (tex, made)
        assert balanced(made), (tex, made)
        unknown = set(re.findall(r"\\([A-Za-z]+)", tex)) & set(re.findall(r"\\mathrm\{([A-Za-z]+)\}", made))
        assert not unknown - set(re.findall(r"(?:mathrm|operatorname)\{([A-Za-z]+)\}", tex)), (tex, made)


def test_hostile_text_stays_text():
    bad = "\\input{x}\n\\end{tikzpicture} % $ # ^^M {\u2028"
    boxes = [Box(bad, "data", bad, Label(bad, "gradient")), Box("f", "output", "f")]
    figure = Figure(boxes, [Wire(bad, "f", Label(bad))], [Entry("data", bad)], title=bad, desc=bad, heading=bad)
    text = tikz_text(build(figure, THEMES["light"], place(figure, "own")), THEMES["light"])
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    assert r"\input" not in body and body.count(r"\end{tikzpicture}") == 1 and balanced(body)
    assert len(text.splitlines()) == len(text.split("\n")) - 1
