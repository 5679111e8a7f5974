"""Formulas as a reader expects them, on three surfaces."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphc as G
from graphc.formula import format_node, number_text, tex_name

a, b, c = G.inputs("a b c")
M = G.input("M", 2, 2)


@pytest.mark.parametrize(
    ("build", "text", "uni", "latex"),
    [
        (lambda: a + b - c, "a + b - c", "a + b − c", "a + b - c"),
        (lambda: a - (b - c), "a - (b - c)", "a − (b − c)", "a - (b - c)"),
        (lambda: a - (b + c), "a - (b + c)", "a − (b + c)", "a - (b + c)"),
        (lambda: a * (b + c), "a*(b + c)", "a·(b + c)", r"a \cdot (b + c)"),
        (lambda: a / (b * c), "a/(b*c)", "a/(b·c)", r"\frac{a}{b \cdot c}"),
        (lambda: a / b / c, "a/b/c", "a/b/c", r"\frac{\frac{a}{b}}{c}"),
        (lambda: a / (b / c), "a/(b/c)", "a/(b/c)", r"\frac{a}{\frac{b}{c}}"),
        (lambda: -(a + b), "-(a + b)", "−(a + b)", "-(a + b)"),
        (lambda: -(a * b), "-a*b", "−a·b", r"-a \cdot b"),
        (lambda: (-a) * b, "-a*b", "−a·b", r"-a \cdot b"),
        (lambda: a * -b, "a*(-b)", "a·(−b)", r"a \cdot (-b)"),
        (lambda: (a + b) ** 2, "(a + b)**2", "(a + b)^2", "(a + b)^{2}"),
        (lambda: a ** (b + c), "a**(b + c)", "a^(b + c)", "a^{b + c}"),
        (lambda: (a**b) ** c, "(a**b)**c", "(a^b)^c", "(a^{b})^{c}"),
        (lambda: (-a) ** 2, "(-a)**2", "(−a)^2", "(-a)^{2}"),
        (lambda: -(a**2), "-a**2", "−a^2", "-a^{2}"),
        (lambda: a**-2.0, "a**-2", "a^−2", "a^{{-}2}"),
        (lambda: G.exp(a) ** 2, "exp(a)**2", "exp(a)^2", "(e^{a})^{2}"),
        (lambda: G.square(G.exp(a)), "exp(a)**2", "exp(a)²", "(e^{a})^2"),
        (lambda: M.T.T.mT, "M.T.T.T", "Mᵀᵀᵀ", r"((\mathbf{M}^{\top})^{\top})^{\top}"),
        (lambda: a * (b > c), "a*1[b > c]", "a·1[b > c]", r"a \cdot \mathbf{1}_{b > c}"),
        (lambda: G.where(a > 0, b, c), "where(a > 0, b, c)", "where(a > 0, b, c)",
         r"\begin{cases}b & \text{if } a > 0\\c & \text{otherwise}\end{cases}"),
        (lambda: G.relu(a + b), "relu(a + b)", "relu(a + b)", r"\operatorname{ReLU}\left(a + b\right)"),
        (lambda: a - -2.5, "a - (-2.5)", "a − (−2.5)", "a - ({-}2.5)"),
        (lambda: G.sum(M, axis=0)[1], "sum(M, axis=0)[1]", "sum(M, axis=0)[1]", None),
        (lambda: M @ (M @ M), "M @ (M @ M)", "M @ (M @ M)", r"\mathbf{M} \, (\mathbf{M} \, \mathbf{M})"),
        (lambda: G.logsumexp(M, axis=0), "logsumexp(M, axis=0)", "logsumexp(M, axis=0)", None),
        (lambda: G.logsumexp(M), "logsumexp(M)", "logsumexp(M)", None),
        (lambda: G.concatenate([M, M]), "concatenate((M, M), axis=0)", "concatenate((M, M), axis=0)", None),
        (lambda: a.astype("float32") + 1, "a + 1", "a + 1", "a + 1"),
    ],
)  # fmt: skip
def test_surfaces(build, text, uni, latex):
    f = build()
    assert format_node(f) == text
    assert format_node(f, "unicode") == uni
    assert latex is None or format_node(f, "latex") == latex


def test_a_named_size_is_bracketed_where_it_must_be():
    x = G.input("x", "N", 5)
    assert str(1 / G.const(2.0) * x.sum()) == "1/2*sum(x)"
    assert str(x.sum() / (x.shape[0] * 5)) == "sum(x)/(5*N)"
    assert format_node(x.sum() / (x.shape[0] * 5), "unicode") == "sum(x)/(5·N)"
    assert format_node(x.sum() * (x.shape[0] * 5), "latex").endswith(r" \cdot (5 \cdot N)")
    assert str(x.sum() / (x.shape[0] + 1)) == "sum(x)/(N + 1)"
    assert str((x.shape[0] + 1) * x.sum()) == "(N + 1)*sum(x)"
    assert str(x.sum() ** x.shape[0]) == "sum(x)**N"


OPERATIONS = [
    lambda p, q: p + q, lambda p, q: p - q, lambda p, q: p * q, lambda p, q: p / (q * q + 1), lambda p, q: -p,
    lambda p, q: p**2,
    lambda p, q: abs(p), lambda p, q: -p * -q, lambda p, q: (-p) ** 2 - (q - p),
]  # fmt: skip
TREES = st.recursive(
    st.sampled_from([a, b, c, G.const(2.0), G.const(-0.5)]),
    lambda below: st.builds(lambda f, p, q: f(p, q), st.sampled_from(OPERATIONS), below, below), max_leaves=8,
)


@given(TREES)
def test_text_read_as_python_has_the_same_value(run, f):
    values = {"a": 1.25, "b": -0.5, "c": 3.0}
    assert eval(format_node(f), {"abs": abs}, values) == pytest.approx(float(run(f, **values)), rel=1e-12, abs=1e-12)


def test_named_values_are_written_by_name_below_the_root():
    h = (a * b).named("h")
    assert str(h) == "a*b"
    assert str(h + 1) == "h + 1"
    assert format_node(h, expand_root=False) == "h"
    assert format_node(h + c, names={c: "gamma"}, surface="latex") == r"h + \gamma"


def test_long_formulas_end_in_an_ellipsis():
    f = a
    for _ in range(60):
        f = f + f
    assert "…" in format_node(f)
    assert len(format_node(f)) <= 4000
    assert r"\ldots" in format_node(f, "latex", limit=50)


@pytest.mark.parametrize(
    ("value", "text", "uni", "latex"),
    [
        (2.0, "2", "2", "2"), (-2, "-2", "−2", "{-}2"), (0.1, "0.1", "0.1", "0.1"), (-0.5, "-0.5", "−0.5", "{-}0.5"),
        (1e-8, "1e-08", "10^−8", "10^{-8}"), (1.5e300, "1.5e+300", "1.5·10^300", r"1.5 \cdot 10^{300}"),
        (float("inf"), "inf", "∞", r"\infty"), (-float("inf"), "-inf", "−∞", r"{-}\infty"),
        (float("nan"), "nan", "nan", r"\mathrm{nan}"),
        (Fraction(1, 3), "1/3", "1/3", "1/3"), (True, "1", "1", "1"), (np.float32(0.5), "0.5", "0.5", "0.5"),
        (-0.0, "0", "0", "0"),
    ],
)  # fmt: skip
def test_numbers(value, text, uni, latex):
    assert [number_text(value, s) for s in ("text", "unicode", "latex")] == [text, uni, latex]


def test_french_numbers():
    assert number_text(2.5, "unicode", "fr") == "2,5"
    assert number_text(2.5, "latex", "fr") == "2{,}5"
    assert number_text(2.5, "text", "fr") == "2.5"


def test_constants():
    assert str(G.const([1.0, 2.0])) == "[1.0, 2.0]"
    assert str(G.const(np.ones(7))) == "…"
    assert str(G.const([[1, 2]])) == "[[1, 2]]"


@pytest.mark.parametrize(
    ("name", "ndim", "latex"),
    [
        ("x", 0, "x"), ("x1", 0, "x_{1}"), ("w_hh", 0, "w_{hh}"), ("W", 2, r"\mathbf{W}"), ("theta", 0, r"\theta"),
        ("θ_1", 0, r"\theta_{1}"),
        ("Omega", 2, r"\boldsymbol{\Omega}"), ("y_hat", 0, r"\hat{y}"), ("y_hat_2", 0, r"\hat{y}_{2}"),
        ("loss", 0, r"\mathrm{loss}"),
        ("x_1_2", 0, "x_{1,2}"), ("_", 0, r"\_"), ("h_t", 1, r"\mathbf{h}_{t}"),
        ("lr_decay", 0, r"\mathrm{lr}_{\mathrm{decay}}"),
    ],
)  # fmt: skip
def test_names_in_tex(name, ndim, latex):
    assert tex_name(name, ndim) == latex
