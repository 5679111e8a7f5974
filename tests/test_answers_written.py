"""Derivatives of arrays as a course writes them: read back by the checker, in both languages, as text and as LaTeX."""

from __future__ import annotations

import lecture_graphs
import pytest

import graphc as G
from graphc.derivation import answer_math, derive

X, Y, W, b = G.input("X", "N", 4), G.input("Y", "N", 3), G.param("W", 4, 3), G.param("b", 3)
V, v, t, u = G.param("V", 3, 2), G.param("v", 2), G.input("t", 3), G.param("u", 3)
A, B = G.param("A", 3, 3), G.param("B", 3, 3)
s = G.sigmoid(V @ v).named("s")
P = G.softmax(X @ W, axis=-1).named("P")

EXERCISES = {
    "one layer": G.sum((V @ v - t) ** 2) / 2,
    "least squares": G.mean((X @ W + b - Y) ** 2),
    "ridge": G.sum((X @ W - Y) ** 2) + 3 * G.sum(W**2),
    "classes": -G.sum(Y * G.log(P)) / 2,
    "sigmoid": G.sum(s * t),
    "quadratic form": u @ A @ u,
    "inverse": t @ G.linalg.inv(A) @ u,
    "determinant": G.log(G.linalg.det(A)),
    "square matrix": G.sum(A * A * B),
    "sum": G.sum(V @ v),
    "sum of a batch": G.sum(X @ W + b),
    "norm": G.linalg.norm(V @ v - t),
    "cube": G.sum((X @ W) ** 3),
    "two layers": G.sum((G.relu(A @ G.relu(V @ v + u)) - t) ** 2),
    "tanh": G.sum(G.tanh(X @ W + b) * Y),
    "logsumexp": G.logsumexp(A @ u) - u @ t,
    "sums of rows": G.sum(G.sum(X @ W, axis=1) ** 2),
}
# What a student types has no convolution, concatenation or scatter.
READ = [name for name in lecture_graphs.GRAPHS if name not in ("convolution", "many_operations")]


def answers(f):
    return derive(f, None, detail="short").results


def assert_read_back(f):
    for w, formula in answers(f).items():
        for lang in ("en", "fr"):
            found = answer_math(formula, lang)
            for text, syntax in ((found.text, "text"), (found.tex, "latex")):
                verdict = G.check(text, of=f, wrt=w, syntax=syntax, lang=lang)
                assert verdict.status == "correct", f"{w.label} {lang} {text}\n{verdict}"


@pytest.mark.parametrize("name", EXERCISES)
def test_the_checker_reads_a_model_answer_of_matrices_back(name):
    assert_read_back(EXERCISES[name])


@pytest.mark.parametrize("name", READ)
def test_the_checker_reads_the_answers_of_the_lecture_back(name):
    assert_read_back(lecture_graphs.GRAPHS[name]())


@pytest.mark.parametrize(("name", "w", "text"), [
    ("one layer", V, "(V v − t) vᵀ"), ("one layer", v, "Vᵀ (V v − t)"),
    ("least squares", W, "2/(3·N)·Xᵀ (X W + b − Y)"), ("least squares", b, "2/(3·N)·Σ_i (X W + b − Y)[i,:]"),
    ("quadratic form", u, "A u + Aᵀ u"), ("quadratic form", A, "u uᵀ"),
    ("sum", V, "𝟏_3 vᵀ"), ("sum", v, "Vᵀ 𝟏_3"), ("sum of a batch", W, "Xᵀ (𝟏_N 𝟏_3ᵀ)"),
    ("square matrix", B, "A ⊙ A"), ("cube", W, "3·Xᵀ (X W)^{∘2}"), ("inverse", A, "−(inv(A))ᵀ (t uᵀ) (inv(A))ᵀ"),
    ("logsumexp", A, "softmax(A u) uᵀ"), ("determinant", A, "1/det(A)·adj(A)ᵀ"),
])
def test_a_derivative_reads_as_in_a_course(name, w, text):
    assert answer_math(answers(EXERCISES[name])[w]).text == text


def test_a_square_of_a_square_matrix_is_not_its_square_as_a_matrix():
    """The one place where the plain spelling is read, and is wrong."""
    f = EXERCISES["square matrix"]
    assert G.check("A^2", of=f, wrt=B).status == "wrong"
    assert answer_math(G.sum(A**2, axis=0)).text == "Σ_i (A ⊙ A)[i,:]"


def test_the_tex_of_a_name_is_no_entry_of_an_array():
    h, h1 = G.input("h", "N", 3), G.input("h1", "N", 3)
    assert answer_math(h * h1).tex == r"\mathbf{h} \odot {\mathbf{h}^{[1]}}"
    assert answer_math(2 * h1).tex == r"2 \, \mathbf{h}_{1}"


def test_names_are_written_unless_the_formula_itself_is_asked():
    assert answer_math(s).text == "s"
    assert answer_math(s, expand=True).text == "sigmoid(V v)"
    assert answer_math(t * s * (1 - s), names={u: "q"}).text == "t ⊙ s ⊙ (1 − s)"


def test_french_writes_a_decimal_comma():
    assert answer_math(0.25 * t, "fr").text == "0,25·t"
    assert answer_math(0.25 * t, "fr").tex == r"0{,}25 \, \mathbf{t}"


def test_a_formula_of_scalars_is_written_as_it_always_was():
    x, w = G.input("x"), G.param("w")
    found = answer_math(G.relu(w * x) ** 2)
    assert (found.text, found.tex) == ("relu(w·x)^2", r"\operatorname{ReLU}\left(w \cdot x\right)^{2}")
