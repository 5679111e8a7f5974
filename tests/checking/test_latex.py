"""LaTeX is another token layer over the same grammar."""

from __future__ import annotations

import pytest

from graphc.checking.reading.parse import parse
from graphc.checking.reading.tree import show
from graphc.errors import ParseError

NAMES = ["x", "x1", "x2", "w1", "w3", "y", "z", "y_hat"]


@pytest.mark.parametrize(("text", "echo"), [
    (r"\frac{1}{2}x", "1/2·x"),
    (r"\frac12 x^{2}", "1/2·x^2"),
    (r"\frac{\partial f}{\partial w_1} = w_3(x_1+x_2)\mathbb{1}_{z>0}", "w3·(x1 + x2)·1[z > 0]"),
    (r"w_3 (x_1+x_2) \mathbf 1[z>0]", "w3·(x1 + x2)·1[z > 0]"),
    (r"\mathbb{1}\{z \geq 0\}", "1[z ≥ 0]"),
    (r"\sqrt[3]{x}+\sqrt{x}+\sqrt[4]{x}", "cbrt(x) + √(x) + x^(1/4)"),
    (r"\left|x\right| \cdot \lvert y \rvert", "|x|·|y|"),
    (r"\sigma'(z)\left(1-\sigma(z)\right)", "σ'(z)·(1 - σ(z))"),
    (r"\mathrm{ReLU}'(z)", "ReLU'(z)"),
    (r"\operatorname{ReLU}(z)", "ReLU(z)"),
    (r"\hat{y}-\hat y", "y_hat - y_hat"),
    (r"\begin{cases} w_3 x_1 & \text{if } z > 0 \\ 0 & \text{otherwise} \end{cases}", "where(z > 0, w3·x1, 0)"),
    (r"e^{-x}\cdot\ln(x)", "e^(-x)·ln(x)"),
    (r"\sin^2 x", "sin(x)^2"),
    (r"$x^2$", "x^2"),
    (r"0{,}5\,x", "0.5·x"),
    (r"z > 0 \land x > 0", "1[z > 0 and x > 0]"),
])
def test_reading(text: str, echo: str) -> None:
    assert show(parse(text, NAMES).links[0]) == echo


@pytest.mark.parametrize(("text", "reason"), [
    (r"\binom{10^9}{5}", r"no command \\binom"),
    (r"\frac{1}{", r"this '\{' is never closed"),
    (r"\frac", "would fit here, not the end"),
    (r"x\\y", "would fit here"),
    (r"\begin{cases} 1", "is never closed"),
    (r"\begin{cases} 1 \end{cases}", "a condition such as z > 0 would fit"),
    ("\\", "no command"),
    (r"\hat{}", "no name"),
])
def test_refusals(text: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parse(text, NAMES)


def test_cases_without_an_otherwise_are_undefined_elsewhere() -> None:
    from graphc.checking.deciding.decide import decide

    branches = parse(r"\begin{cases} x & x > 0 \\ 0 & x < 0 \end{cases}", NAMES).links[0]
    whole = parse("relu(x)", NAMES).links[0]
    assert decide(branches, whole).certainty == "proved"
