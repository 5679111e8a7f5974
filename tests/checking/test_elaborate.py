"""Trees of formulas as graphs: products, orientation, indices, sums, faults of shape."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shaped_formulas import LENGTHS, SHAPES, anything, formulas, indexed, values, worth

import graphc as G
from graphc.checking import parse_graph
from graphc.checking.reading.tree import Tree, show
from graphc.checking.shapes.elaborate import Built, ShapeFault, build
from graphc.errors import InputError, LimitExceeded, ParseError

SYMBOLS = {n: G.input(n, *s) for n, s in SHAPES.items()}


def built(tree: Tree, **options: Any) -> Built:
    return build(tree, SYMBOLS.__getitem__, **options)


def evaluated(expr: G.Expr, numbers: dict[str, Any]) -> Any:
    """By graphc's interpreter, which knows nothing of formulas."""
    return np.asarray(G.evaluate(expr, {v: numbers[n] for n, v in SYMBOLS.items() if n in numbers}))


# -- against another evaluator ------------------------------------------------------------------------------------


@given(st.data(), st.sampled_from([None, (3, 1), (1, 4), (3, 4), (3, 3)]), st.integers(0, 10**6))
def test_formulas_of_matrices_are_worth_what_matrices_are(data, shape, seed):
    tree = data.draw(formulas(shape))
    found = built(tree)
    numbers = values(seed)
    expected = worth(tree, numbers)
    assert found.row == (shape is not None and shape[0] == 1)
    assert found.expr.shape == tuple(s for s in shape or () if s != 1)
    np.testing.assert_allclose(evaluated(found.expr, numbers), np.squeeze(expected), rtol=1e-9, atol=1e-9)


@settings(max_examples=300)
@given(st.data(), st.sampled_from([(), ("i",), ("j",), ("i", "j"), ("j", "i"), ("q", "i", "p")]), st.integers(0, 10**6))
def test_formulas_with_indices_are_worth_their_values_one_by_one(data, free, seed):
    tree = data.draw(indexed(free))
    numbers = values(seed)
    found = built(tree, free=free, sizes=LENGTHS).expr
    lengths = [LENGTHS[n] for n in free]
    expected = np.zeros(lengths)
    for at in itertools.product(*(range(n) for n in lengths)):
        expected[at] = worth(tree, numbers, {n: v + 1 for n, v in zip(free, at)})
    assert found.shape == tuple(lengths)
    np.testing.assert_allclose(evaluated(found, numbers), expected, rtol=1e-9, atol=1e-9)



@settings(max_examples=400)
@given(anything(), st.sampled_from([(), ("i",)]), st.sampled_from(["en", "fr"]),
       st.sampled_from(["elementwise", "matrix"]))
def test_any_tree_at_all_is_a_graph_or_one_of_four_errors(tree, free, lang, star):
    try:
        found = built(tree, free=free, lang=lang, star=star, shape=(3, 3))
    except (ShapeFault, ParseError, LimitExceeded, InputError) as error:
        assert "?" not in str(error).replace(" ?", "")  # sizes that are not known have no name of their own
    else:
        assert "?" not in str(found.expr)


@given(st.data(), st.sampled_from([None, (3, 1), (3, 4), (3, 3)]), st.sampled_from(["en", "fr"]))
def test_what_is_written_is_read_as_the_same_node(data, shape, lang):
    tree = data.draw(formulas(shape))
    text = show(tree, lang)
    assert parse_graph(text, defines=SYMBOLS, lang=lang) is built(tree).expr


@given(st.data(), st.sampled_from(["en", "fr"]))
def test_what_is_written_with_indices_is_read_as_the_same_node(data, lang):
    tree = data.draw(indexed(("i", "j")))
    try:
        expected = built(tree, free=("i", "j")).expr
    except ParseError:
        return  # an index that does not occur has no size here
    assert parse_graph(f"out_{{i,j}} = {show(tree, lang)}", defines=SYMBOLS, lang=lang) is expected


@pytest.mark.parametrize("answer", [
    r"\frac{2}{N}\sum_{i=1}^N (X w - t)_i X_{ij}", r"\frac{\partial M}{\partial w_j} = \frac 2N\sum_i X_{ij}(Xw - t)_i",
    "2/N Σ_{i=1}^N (X_i^T w - t_i) X_i", "2 X^T (X w - t)/N", "2/N Σ_{i=1}^N (X_i w - t_i) X_i",
    "2/N Σ_{i=1}^N X_i^T (X_i w - t_i)",
])
def test_a_gradient_is_recognised_in_any_notation(answer):
    X, w, t = G.input("X", "N", "d"), G.param("w", "d"), G.input("t", "N")
    M = ((X @ w - t) ** 2).sum() / X.shape[0]
    assert G.check(answer, of=M, wrt=w).status == "correct"
    assert G.check(answer.replace("2", "3", 1), of=M, wrt=w).status != "correct"


NOTES = [
    ("2 r W", "vector_as_row", "I read a vector before a matrix as a row",
     "J'ai lu comme une ligne un vecteur placé devant une matrice"),
    ("2 W^T r + 0 (r^T W) + 0 x", "mixed_orientation", "A row and a column stand together",
     "Une ligne et une colonne sont mises ensemble"),
    ("2 W^T r + 0 x ‖W‖", "norm_as_frobenius", "Frobenius' norm", "celle de Frobenius"),
    ("2 W^T r + 0 |x|", "abs_elementwise", "entry by entry; write ‖x‖", "terme à terme ; écrivez ‖x‖"),
]


@pytest.mark.parametrize(("answer", "flag", "english", "french"), NOTES, ids=[n[1] for n in NOTES])
def test_a_student_is_told_how_a_loose_notation_was_read(answer, flag, english, french):
    W, x, y = G.param("W", 3, 4), G.input("x", 4), G.input("y", 3)
    r = W @ x - y
    for lang, words in (("en", english), ("fr", french)):
        verdict = G.check(answer, of=(r**2).sum(), wrt=x, defines={"r": r}, lang=lang)
        assert verdict.status == "correct"
        assert flag in verdict.flags
        assert words in str(verdict).replace("\u00a0", " ")


@pytest.mark.parametrize(("answer", "status", "words"), [
    ("A + I_{785}", "undecided", "a size of 785 is past the limit of 100"),
    ("Σ_{i=1}^{3000} Σ_{k=1}^{3000} i k A", "undecided", "a value here would have .* entries; the limit is 20000"),
])
def test_sizes_that_are_typed(answer, status, words):
    A, v = G.param("A", 784, 784), G.input("v", 784)
    verdict = G.check(answer, of=A @ v + v, wrt=v)
    assert verdict.status == status
    assert re.search(words, str(verdict))


@pytest.mark.parametrize("text", ["A + I_{784}", "A + I", "I A + I A^0"])
def test_a_declared_size_may_be_typed_however_large(text):
    assert parse_graph(text, shapes={"A": (784, 784)}).shape == (784, 784)


def test_rows_of_matrices_multiply_as_rows_or_as_columns():
    X, W, Y = G.input("X", "N", 3), G.param("W", 3, 3), G.input("Y", "N", 3)
    f = ((X @ W - Y) ** 2).sum()
    for answer in ("2 Σ_i X_i^T (X_i W - Y_i)", "2 Σ_i X_i (W^T X_i - Y_i)^T"):
        assert G.check(answer, of=f, wrt=W).status == "correct"
    verdict = G.check("2 Σ_i X_i^T (X_i W - Y_i)", of=f, wrt=W, lang="fr")
    assert "J'ai lu X_i comme la ligne i de la matrice X." in str(verdict)
    assert G.check("2 Σ_i X_i^T (X_i W + Y_i)", of=f, wrt=W).status == "wrong"


@pytest.mark.parametrize("inputs", [3, 4])
def test_a_product_behind_an_elementwise_one_is_taken_from_left_to_right(inputs):
    """W2' r ⊙ relu'(z) x' is (W2' r ⊙ relu'(z)) x', square matrices too."""
    W1, x, W2, t = G.param("W1", 3, inputs), G.input("x", inputs), G.param("W2", 2, 3), G.input("t", 2)
    z = (W1 @ x).named("z")
    f = ((W2 @ G.relu(z) - t) ** 2).sum()
    answer = r"2 W_2^\top (W_2 \mathrm{ReLU}(z) - t) \odot \mathrm{ReLU}'(z) x^\top"
    assert G.check(answer, of=f, wrt=W1).status == "correct"
    assert G.check(answer.replace("- t", "+ t"), of=f, wrt=W1).status == "wrong"
