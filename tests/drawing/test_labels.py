"""Names and formulas as they are typeset: what the TeX is, and that the font has every glyph of it."""

import re

import pytest
import test_op_table as table
from op_cases import CASES

from graphc.drawing import mathtext
from graphc.drawing.facts import barred
from graphc.drawing.plain import unicode_text
from graphc.formula import format_node, tex_name

NAMES = {
    "w1": "w_{1}", "w_1": "w_{1}", "W_hh": "W_{hh}", "W_xh": "W_{xh}", "x_t": "x_{t}", "h_prev": r"h_{\mathrm{prev}}",
    "h_t_minus_1": "h_{t-1}", "s_t_plus_1": "s_{t+1}", "y_hat": r"\hat{y}", "x_bar": r"\bar{x}",
    "v_tilde": r"\tilde{v}",
    "x_dot": r"\dot{x}", "u_vec": r"\vec{u}", "alpha": r"\alpha", "alpha_t": r"\alpha_{t}", "sigma2": r"\sigma_{2}",
    "theta_0": r"\theta_{0}", "mu_B": r"\mu_{B}", "Delta_t": r"\Delta_{t}", "lambda_": r"\lambda", "π": r"\pi",
    "alpha_bar_t": r"\bar{\alpha}_{t}", "x_prime": r"x^{\prime}", "x_1_prime": r"x_{1}^{\prime}", "dW": r"\mathrm{d}W",
    "dw1": r"\mathrm{d}w_{1}", "dx": r"\mathrm{d}x", "loss": r"\mathrm{loss}", "L": "L", "A_ij": "A_{ij}",
    "z_1_2": "z_{1,2}", "learning_rate": r"\mathrm{learning}_{\mathrm{rate}}", "x_max": r"x_{\mathrm{max}}",
    "log_p": r"\mathrm{log}_{p}", "w_ih_l0": "w_{ih,l0}", "été": r"\mathrm{été}", "dropout": r"\mathrm{dropout}",
}  # fmt: skip
BOLD = {
    "W_hh": r"\mathbf{W}_{hh}", "x": r"\mathbf{x}", "xs": r"\mathbf{xs}", "theta": r"\boldsymbol{\theta}",
    "y_hat": r"\hat{\mathbf{y}}", "dW1": r"\mathrm{d}\mathbf{W}_{1}", "h_prime": r"\mathbf{h}^{\prime}",
}  # fmt: skip


@pytest.mark.parametrize(("name", "tex"), NAMES.items())
def test_names_of_numbers(name, tex):
    assert tex_name(name) == tex


@pytest.mark.parametrize(("name", "tex"), BOLD.items())
def test_names_of_arrays_are_bold(name, tex):
    assert tex_name(name, 2) == tex


@pytest.mark.parametrize(("tex", "bar", "plain"), [
    (r"x^{\prime}", r"\bar{x}^{\prime}", "x̄′"), (r"\mathbf{W}_{hh}", r"\bar{\mathbf{W}}_{hh}", "W̄ₕₕ"),
    (r"\mathrm{loss}", r"\overline{\mathrm{loss}}", "l̅oss"),
    (r"\mathrm{d}\mathbf{W}_{1}", r"\overline{\mathrm{d}\mathbf{W}}_{1}", "d̅W₁"),
])  # fmt: skip
def test_bars(tex, bar, plain):
    assert barred(tex) == bar
    assert unicode_text(bar) == plain


def formulas():
    """One formula for each case of each row of the op table."""
    found = {}
    for name, cases in CASES.items():
        for case in cases:
            found.setdefault(format_node(table.built(case, case.shapes[0])[0], "latex"), name)
    return [pytest.param(tex, id=f"{name}-{i}") for i, (tex, name) in enumerate(found.items())]


@pytest.fixture(scope="module")
def missing():
    """The characters of a formula that the font has no glyph for, and those that were not set at all."""
    ziamath = mathtext._ziamath()
    font = ziamath.Latex("x").font
    import latex2mathml.converter

    def find(tex):
        mathml = latex2mathml.converter.convert(mathtext.as_typeset(tex))
        letters = set("".join(re.findall(r">([^<]+)<", mathml)))
        letters -= set("&#x;0123456789ABCDEF")
        letters |= {chr(int(h, 16)) for h in re.findall(r"&#x([0-9A-F]+);", mathml)}
        return [c for c in letters if not c.isspace() and c not in "\u2061\u2062" and not font.glyphindex(c)]
    return find


@pytest.mark.parametrize("tex", [*formulas(), *NAMES.values(), *BOLD.values()])
def test_every_formula_is_typeset_with_glyphs_that_exist(tex, missing):
    assert mathtext._draw(mathtext.as_typeset(tex), 12.0), "nothing drawn"
    assert missing(tex) == []


def test_a_missing_glyph_is_found(missing):
    assert missing("x_{\U0001F600}") == ["\U0001F600"]


def width(tex):
    return mathtext.outline(tex, 12.0).width


def test_names_with_underscores_and_words_stand_upright():
    assert width(r"\operatorname{max\_pool}(x)") == width(r"\mathrm{max\_pool}(x)")
    assert width(r"\operatorname{arctan2}(x)") == width(r"\mathrm{arctan2}(x)")
    assert width(r"\mathbf{xs}") == width(r"\textbf{xs}")
    assert width(r"\phi + \epsilon") == width(r"\varphi + \varepsilon")


