"""`parse_graph` of vectors, matrices and indices: the nodes declared by hand, or their numbers by NumPy."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as G
from graphc.checking import parse_graph
from graphc.errors import InputError, LimitExceeded, ParseError, ShapeError
from graphc.ir import postorder, variables

SHAPES: dict[str, Any] = {"W": (3, 4), "A": (3, 3), "x": 4, "g": 3, "b": 3, "X": ("N", 4), "z": "K", "y": "K"}
NAMES = "W A x g b X z y k t"


def declare() -> dict[str, G.Expr]:
    """The symbols anew, so that no other module has declared them since."""
    shapes = {n: s if isinstance(s, tuple) else (s,) for n, s in SHAPES.items()}
    return {n: (G.param if n in "Wb" else G.input)(n, *shapes.get(n, ())) for n in NAMES.split()}


class By:
    """The symbols as attributes."""

    def __init__(self) -> None:
        self.__dict__.update(declare())

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


# What is typed in calculator text, in LaTeX, and the node that it is.
SAME: list[tuple[str, str, Callable[[Any], G.Expr]]] = [
    ("W x + b", r"W x + b", lambda s: s.W @ s.x + s.b),
    ("W@x + b", r"\left(Wx + b\right)", lambda s: s.W @ s.x + s.b),
    ("g x^T", r"g x^\top", lambda s: G.outer(s.g, s.x)),
    ("g*x^T", r"g\cdot x^{T}", lambda s: G.outer(s.g, s.x)),
    ("W^T g", r"W^{\top} g", lambda s: s.W.T @ s.g),
    ("g^T W", r"g^\top W", lambda s: s.g @ s.W),
    ("x^T x", r"x^\intercal x", lambda s: s.x @ s.x),
    ("g^T A b", r"g^\top A b", lambda s: s.g @ s.A @ s.b),
    ("2 W x", r"2\,Wx", lambda s: 2 * s.W @ s.x),
    ("g ⊙ b", r"g \odot b", lambda s: s.g * s.b),
    ("g*b", r"g * b", lambda s: s.g * s.b),
    ("W^T (g ⊙ b)", r"W^\top (g \odot b)", lambda s: s.W.T @ (s.g * s.b)),
    ("k (A + A^T)", r"k\left(A + A^\top\right)", lambda s: s.k * (s.A + s.A.T)),
    ("A^-1", r"A^{-1}", lambda s: G.linalg.inv(s.A)),
    ("A^2", r"A^2", lambda s: s.A @ s.A),
    ("inv(A) b", r"A^{-1} b", lambda s: G.linalg.inv(s.A) @ s.b),
    ("tr(A)", r"\operatorname{tr}(A)", lambda s: G.trace(s.A)),
    ("det(A)", r"\det(A)", lambda s: G.linalg.det(s.A)),
    ("softmax(W x)", r"\operatorname{softmax}(W x)", lambda s: G.softmax(s.W @ s.x)),
    ("relu(W x)", r"\mathrm{ReLU}(W x)", lambda s: G.relu(s.W @ s.x)),
    ("||x||^2", r"\lVert x\rVert^2", lambda s: G.linalg.norm(s.x) ** 2),
    ("diag(g)", r"\operatorname{diag}(g)", lambda s: G.diag(s.g)),
    ("A + I", r"A + I", lambda s: s.A + G.eye(3)),
    ("Σ_i x_i", r"\sum_i x_i", lambda s: s.x.sum()),
    ("Σ_{i=1}^4 x_i^2", r"\sum_{i=1}^{4} x_i^2", lambda s: (s.x**2).sum()),
    ("a_i = Σ_j W_{ij} x_j", r"a_i = \sum_{j=1}^{4} W_{ij} x_j", lambda s: s.W @ s.x),
    ("Σ_i Σ_j g_i W_{ij} x_j", r"\sum_{i} \sum_{j} g_i W_{ij} x_j", lambda s: s.g @ (s.W @ s.x)),
    ("a_{j,i} = W_{ij}", r"a_{j,i} = W_{i,j}", lambda s: s.W.T),
    ("x_2", r"x_2", lambda s: s.x[1]),
    ("W_{2,3}", r"W_{2, 3}", lambda s: s.W[1, 2]),
    ("sum(z)/K", r"\frac{\sum_{i=1}^{K} z_i}{K}", lambda s: s.z.sum() / s.z.shape[0]),
]


@pytest.mark.parametrize(("text", "latex", "by_hand"), SAME, ids=[t for t, _, _ in SAME])
def test_text_and_latex_are_the_node_declared_by_hand(text, latex, by_hand):
    expected = by_hand(By())
    assert parse_graph(text, shapes=SHAPES) is expected
    assert parse_graph(latex, shapes=SHAPES) is expected


def evaluated(expr: G.Expr, numbers: dict[str, Any]) -> Any:
    """By graphc's interpreter; the inputs are those of the graph, by name."""
    return np.asarray(G.evaluate(expr, {v: numbers[str(v.label)] for v in variables(postorder([expr]))}))


def numbers(seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    sizes = {"W": (3, 4), "A": (3, 3), "x": (4,), "g": (3,), "b": (3,), "X": (5, 4), "z": (6,), "y": (6,),
             "k": (), "T": ()}
    return {n: rng.uniform(0.2, 1.7, s) for n, s in sizes.items()}


def softmax(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum()


VALUES: list[tuple[str, Callable[..., Any]]] = [
    ("(I + A)^-1 b", lambda A, b, **_: np.linalg.solve(np.eye(3) + A, b)),
    ("1_4^T x", lambda x, **_: x.sum()),
    ("1^T x + x^T \\mathbf 1", lambda x, **_: 2 * x.sum()),
    ("W - b 1^T", lambda W, b, **_: W - b[:, None]),
    ("where(W x > 2, g, b)", lambda W, x, g, b, **_: np.where(W @ x > 2, g, b)),
    (r"\begin{cases} g & W x > 2 \\ 0 & \text{otherwise} \end{cases}",
     lambda W, x, g, **_: np.where(W @ x > 2, g, 0)),
    ("softmax(z/T)", lambda z, T, **_: softmax(z / T)),
    ("[[1, 2], [3, k]] [x_1, x_2]", lambda x, k, **_: np.array([[1, 2], [3, k]]) @ x[:2]),
    ("maximum(x, 1) - min(x)", lambda x, **_: np.maximum(x, 1) - x.min()),
    ("W ⊙ (g x^T) ./ 2", lambda W, g, x, **_: W * np.outer(g, x) / 2),
    ("x^T W^T W x - ‖W x‖^2", lambda **_: 0.0),
    ("adj(A) A - det(A) I", lambda **_: np.zeros((3, 3))),
    ("log_softmax(z) + logsumexp(z)", lambda z, **_: z),
    ("cumsum(x)_3", lambda x, **_: x[:3].sum()),
    ("one_hot(1, 4)^T x", lambda x, **_: x[1]),
    ("g_{1}x_{4} + (W x)_2 + (g x^T)_{2,3}", lambda g, x, W, **_: g[0] * x[3] + (W @ x)[1] + g[1] * x[2]),
    ("Σ_{i=1}^3 Σ_{j=1}^2 x_j x_{i+j-1}", lambda x, **_: np.correlate(x, x[:2], "valid").sum()),
    ("Σ_{i=1}^2 x_{2*i}", lambda x, **_: x[1] + x[3]),
    ("Σ_{i=1}^4 x_i x_{5-i}", lambda x, **_: x @ x[::-1]),
    ("Σ_{i=1}^N (X_i x)^2", lambda X, x, **_: ((X @ x) ** 2).sum()),
    ("Σ_{i=1}^N (X_i^T x)^2", lambda X, x, **_: ((X @ x) ** 2).sum()),
    ("X + 1_N x^T", lambda X, x, **_: X + x),
    ("-Σ_i y_i ln(softmax(z)_i)", lambda y, z, **_: -(y * np.log(softmax(z))).sum()),
    ("p_{i,j} = softmax(z)_i (δ_{ij} - softmax(z)_j)",
     lambda z, **_: np.diag(softmax(z)) - np.outer(softmax(z), softmax(z))),
    ("Σ_{i=1}^3 (x_{i+1} - x_i)^2", lambda x, **_: (np.diff(x) ** 2).sum()),
    ("Σ_{i=1}^3 i^2", lambda **_: 14.0),
    ("Σ_i i x_i", lambda x, **_: (np.arange(1, 5) * x).sum()),
    ("Π_{i=1}^4 x_i", lambda x, **_: x.prod()),
    ("Σ_i A_{ii}", lambda A, **_: np.trace(A)),
    ("a_i = A_{ii}", lambda A, **_: np.diag(A)),
    ("d_{i,k} = Σ_j A_{ij} A_{jk}", lambda A, **_: A @ A),
    ("Σ_i Σ_j δ_{ij} A_{ij}", lambda A, **_: np.trace(A)),
    ("Σ_{i=1}^3 Σ_{j=1}^4 W_{ij}/12", lambda W, **_: W.mean()),
    ("mean((X x - X x)^2) + mean(X)", lambda X, **_: X.mean()),
    ("W[0,1] + x[3]", lambda W, x, **_: W[0, 1] + x[3]),
    ("sum(W[:,1])", lambda W, **_: W[:, 1].sum()),
    ("max(x) - max(x, 1/2)^T x", lambda x, **_: x.max() - np.maximum(x, 0.5) @ x),
    ("σ'(W x) ⊙ g", lambda W, x, g, **_: np.exp(-(W @ x)) / (1 + np.exp(-(W @ x))) ** 2 * g),
    ("1[W x > 1] ⊙ g", lambda W, x, g, **_: (W @ x > 1) * g),
    ("[1, 2; 3, 4]^T [5; 6]", lambda **_: np.array([23.0, 34.0])),
    ("kron(g, b)", lambda g, b, **_: np.kron(g, b)),
    ("vec(W)", lambda W, **_: W.T.ravel()),
    ("solve(A + 5 I, b)", lambda A, b, **_: np.linalg.solve(A + 5 * np.eye(3), b)),
    ("logsumexp(z) - ln(Σ_k exp(z_k))", lambda **_: 0.0),
    ("sum(X, axis=0)", lambda X, **_: X.sum(0)),
    ("W X^T + b", lambda W, X, b, **_: W @ X.T + b[:, None]),
    ("‖x‖_1 + ‖x‖_∞", lambda x, **_: np.abs(x).sum() + np.abs(x).max()),
    ("g g^T b", lambda g, b, **_: g * (g @ b)),
    ("W x x^T", lambda W, x, **_: np.outer(W @ x, x)),
    ("A b^T b", lambda A, b, **_: A * (b @ b)),
    ("x/4 + x*k", lambda x, k, **_: x / 4 + x * k),
    ("2^x", lambda x, **_: 2**x),
    ("A.^2", lambda A, **_: A**2),
    ("A**2", lambda A, **_: A**2),
]


@pytest.mark.parametrize(("text", "by_numpy"), VALUES, ids=[t for t, _ in VALUES])
def test_values_are_those_of_numpy(text, by_numpy):
    at = numbers()
    found = evaluated(parse_graph(text, shapes=SHAPES), at)
    np.testing.assert_allclose(found, by_numpy(**at), rtol=1e-12, atol=1e-12)


FAULTS = [
    ("W g", "W is 3×4 and g is a vector of 3: W g needs 4 entries; Wᵀ g would fit",
     "W est 3×4 et g est un vecteur de 3 : W g demande 4 composantes ; Wᵀ g conviendrait"),
    ("g b", "g is a vector of 3 and b is a vector of 3: g b needs a row; gᵀ b or g bᵀ would fit",
     "g est un vecteur de 3 et b est un vecteur de 3 : g b demande une ligne ; gᵀ b ou g bᵀ conviendrait"),
    ("A W^T", "A is 3×3 and Wᵀ is 4×3: A Wᵀ needs 3 rows; A W would fit",
     "A est 3×3 et Wᵀ est 4×3 : A Wᵀ demande 3 lignes ; A W conviendrait"),
    ("W + W^T", "W is 3×4 and Wᵀ is 4×3: they cannot be added; W would fit",
     "W est 3×4 et Wᵀ est 4×3 : on ne peut pas les additionner ; W conviendrait"),
    ("g + x", "g is a vector of 3 and x is a vector of 4: they cannot be added",
     "g est un vecteur de 3 et x est un vecteur de 4 : on ne peut pas les additionner"),
    ("g ⊙ x", "g is a vector of 3 and x is a vector of 4: entry by entry they need one shape",
     "g est un vecteur de 3 et x est un vecteur de 4 : terme à terme, il leur faut la même forme"),
    ("W^2", "W is 3×4: W^2 needs a square matrix", "W est 3×4 : W^2 demande une matrice carrée"),
    ("det(W)", "W is 3×4: det needs a square matrix", "W est 3×4 : det demande une matrice carrée"),
    ("x_5", "x has 4 entries there, counted from 1: 5 is none of them",
     "x a 4 composantes à cet endroit, comptées à partir de 1 : 5 n'en est pas une"),
    ("Σ_i x_i g_i", "i runs over 3 entries of g, and over 4 elsewhere", "i parcourt 3 composantes de g, et 4 ailleurs"),
    ("Σ_{i=1}^5 x_i", "i takes x from 1 to 5; it has 4 entries there",
     "i parcourt x de 1 à 5 ; il n'y a que 4 composantes"),
    ("A^k", "A is 3×3: a power of a matrix has a whole number as exponent; entry by entry, write .^",
     "A est 3×3 : une puissance de matrice a un exposant entier ; terme à terme, écrivez .^"),
    ("tr(k)", "k is a number: tr takes a vector or a matrix", "k est un nombre : tr prend un vecteur ou une matrice"),
]


@pytest.mark.parametrize(("text", "english", "french"), FAULTS, ids=[t for t, _, _ in FAULTS])
def test_shapes_that_do_not_fit_are_told_as_a_teacher_would(text, english, french):
    for lang, expected in (("en", english), ("fr", french)):
        with pytest.raises(ShapeError) as caught:
            parse_graph(text, shapes=SHAPES, lang=lang)
        assert str(caught.value).replace("\u00a0", " ") == expected


@pytest.mark.parametrize(("text", "error", "reason"), [
    ("x_i + 1", ParseError, "i is an index that no Σ runs over"),
    ("a_i = x_j", ParseError, "j is an index that no Σ runs over"),
    ("a_i = k", ParseError, "how many values i takes is not said"),
    ("I", ParseError, "the size of I does not follow"),
    ("tr(I)", ParseError, "the size of I does not follow"),
    ("Σ_i k", ParseError, "how many values i takes is not said"),
    ("Σ_i x_{i+1}", ParseError, "from where to where i runs is not said"),
    ("Σ_{i=1}^4 x_{i^2}", ParseError, "cannot be read as a position"),
    ("Σ_{i=1}^k x_i", ParseError, "k is an index that no Σ runs over"),
    ("Σ_{i=3}^1 x_i", ParseError, "i runs from 3 to 1, which is nothing"),
    ("W*x", ParseError, "write W x or W ⊙ x"),
    ("Σ_{i=1}^{1000000000} i", LimitExceeded, "a sum of 1000000000 terms; the limit is 10000"),
    ("tr(I_{100000})", LimitExceeded, "a size of 100000 is past the limit of 100"),
    ("Ax + b", ParseError, "Ax is no declared name; write the product with a blank or a sign (A x), or declare Ax"),
    ("2^T x", ParseError, "no name T in this question"),
    ("A^9999", LimitExceeded, "an exponent of 9999 is past the limit of 64"),
    ("Π_{i=1}^{9999} (9)", InputError, "too large for float64"),
])
def test_refusals(text, error, reason):
    with pytest.raises(error, match=re.escape(reason)):
        parse_graph(text, shapes=SHAPES)


def test_named_sizes_are_numbers():
    """N in a formula is the length of the axis of that name."""
    f = parse_graph("Σ_{i=1}^{N} t_i/N", shapes={"t": ("N",)})
    assert f is parse_graph("sum(t/N)", shapes={"t": ("N",)})
    assert float(G.evaluate(f, {"t": np.array([1.0, 2.0, 6.0])})) == 3.0


def test_a_new_name_of_declared_letters_is_declared_where_params_or_shapes_say_so():
    shapes = {"A": (3, 3), "x": 3, "Ax": ()}
    assert parse_graph("Ax*x", shapes=shapes).args[0].label == "Ax"
    assert parse_graph("Ax x", shapes={"A": (3, 3), "x": 3}, params=["Ax"]).args[0].label == "Ax"


def test_a_range_of_one_value_keeps_its_axis():
    f = parse_graph("a_j = Σ_{i=2}^2 g_i Σ_{k=3}^3 W_{ij} A_{ik}", shapes=SHAPES)
    at = numbers()
    expected = at["g"][1] * at["W"][1] * at["A"][1, 2]
    np.testing.assert_allclose(evaluated(f, at), expected, rtol=1e-12)


def test_sums_over_large_declared_sizes_are_contractions():
    f = parse_graph("a_{n,j} = Σ_i X_{ni} W_{ij}", shapes={"X": (60000, 784), "W": (784, 10)})
    X, W = f.args
    assert f is X @ W


def test_an_index_is_a_position_of_a_basis_where_e_is_declared_so():
    f = parse_graph("x^T e_2", shapes={"x": 3}, defines={"e": G.eye(3)})
    assert float(G.evaluate(f, {"x": [5.0, 7.0, 11.0]})) == 7.0
