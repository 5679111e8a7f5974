"""Mistakes in derivatives of arrays: what a student would write, worked out by hand, named with its node."""

from __future__ import annotations

import pytest

import graphc as G
from graphc.checking.deciding.arrays import decide_arrays
from graphc.checking.diagnosing.array_chain import ArrayChain, ArraySlip
from graphc.checking.diagnosing.diagnose_arrays import MISTAKES, diagnose_arrays
from graphc.errors import ShapeError
from graphc.ir import Expr, size_node

Case = tuple[Expr, Expr, Expr, str, str]

# -- a network of two layers with cross-entropy, examples in rows ------------------------------------------------
X, Y = G.input("X", "N", "d"), G.input("Y", "N", "k")
W1, b1, W2, b2 = G.param("W1", "d", "h"), G.param("b1", "h"), G.param("W2", "h", "k"), G.param("b2", "k")
Z1 = (X @ W1 + b1).named("Z1")
H = G.relu(Z1).named("H")
Z2 = (H @ W2 + b2).named("Z2")
P = G.softmax(Z2)
CE = "softmax_cross_entropy(Z2, Y)"
LOSS = G.cross_entropy(Z2, Y).named("L")
n = size_node(X.shape[0])
D2 = (P - Y) / n
MASK = G.where(Z1 > 0, 1.0, 0.0)
D1 = (D2 @ W2.T) * MASK

NETWORK: list[Case] = [
    (H.T @ (P - Y), LOSS, W2, "wrong_scale(N)", "L"),
    (H.T @ D2 / n, LOSS, W2, "wrong_scale(1/N)", "L"),
    (X.T @ (D2 @ W2.T), LOSS, W1, "missing_relu_mask", "H"),
    (X.T @ ((D2 @ W2.T) * (1 - MASK)), LOSS, W1, "wrong_relu_mask", "H"),
    (-(H.T @ D2), LOSS, W2, "sign_global", "L"),
    (Z1.T @ D2, LOSS, W2, "input_instead_of_output", "H"),
    (D2.T @ H, LOSS, W2, "layout_only", "W2"),
    (D2, LOSS, b2, "missing_batch_sum", "b2"),
    (D1, LOSS, b1, "missing_batch_sum", "b1"),
    (G.mean(D2, axis=0), LOSS, b2, "wrong_scale(1/N)", "b2"),
    (H.T @ (P / n), LOSS, W2, "constant_kept", CE),
    (H.T @ (D2 * P * (1 - P)), LOSS, W2, "extra_activation_derivative", CE),
    (H.T @ (-Y * (1 - P) / n), LOSS, W2, "softmax_diagonal_only", CE),
    (H.T @ ((Z2 - Y) / n), LOSS, W2, "input_instead_of_output", CE),
    (D2, LOSS, W2, "missing_outer_product", "H @ W2"),
    (H.T @ D2, LOSS + G.sum(W2**2), W2, "missing_regularisation_term", "sum(W2^2)"),
    (H.T @ D2 + W2, LOSS + G.sum(W2**2), W2, "wrong_scale(1/2)", "W2^2"),
]

# -- one example, vectors -----------------------------------------------------------------------------------------
x, t = G.input("x", "d"), G.input("t", "d")
V, U = G.param("V", "d", "d"), G.param("U", "d", "d")
z = (V @ x).named("z")
a = G.sigmoid(z).named("a")
o = (U @ a).named("o")
SQ = G.sum((o - t) ** 2) / 2
r = o - t
s = a * (1 - a)

VECTORS: list[Case] = [
    (G.outer(a, r), SQ, U, "layout_only", "U"),
    (G.outer((U @ r) * s, x), SQ, V, "transpose_or_order", "o"),
    (G.outer((G.linalg.inv(U) @ r) * s, x), SQ, V, "inverse_for_transpose", "o"),
    (G.outer(U.T @ r, x), SQ, V, "missing_activation_derivative", "a"),
    (G.outer((U.T @ r) * s * s, x), SQ, V, "extra_activation_derivative", "a"),
    (G.outer((U.T @ r) * G.sigmoid(a) * (1 - G.sigmoid(a)), x), SQ, V, "derivative_at_wrong_point", "a"),
    (G.outer((U.T @ r) * z * (1 - z), x), SQ, V, "input_instead_of_output", "a"),
    ((U.T @ r) * s, SQ, V, "missing_outer_product", "z"),
    (G.outer(r * s, x), SQ, V, "missing_outer_product", "o"),
    (G.outer(s, x), SQ, V, "missing_upstream_factor", "a"),
    (G.outer(r, z), SQ, U, "input_instead_of_output", "a"),
    (2 * G.outer(r, a), SQ, U, "wrong_scale(2)", "(o − t)^2"),
    ((V.T @ ((U @ r) * s)), SQ, x, "transpose_or_order", "o"),
    ((V @ ((U.T @ r) * s)), SQ, x, "transpose_or_order", "z"),
]

# -- linear regression ----------------------------------------------------------------------------------------------
y, w = G.input("y", "N"), G.param("w", "d")
lam = G.input("lam")
e = (X @ w - y).named("e")
MSE = G.mean(e**2)
RIDGE = MSE + lam * G.sum(w**2)

REGRESSION: list[Case] = [
    (2 * X.T @ e, MSE, w, "wrong_scale(N)", "mean(e^2)"),
    (X.T @ e / n, MSE, w, "wrong_scale(1/2)", "e^2"),
    (-2 * X.T @ e / n, MSE, w, "sign_global", "mean(e^2)"),
    (2 * X.T @ e / n, RIDGE, w, "missing_regularisation_term", "lam·sum(w^2)"),
    (2 * X.T @ e / n + 2 * w, RIDGE, w, "missing_upstream_factor", "lam·sum(w^2)"),
    (2 * X.T @ e / n + lam * w, RIDGE, w, "wrong_scale(1/2)", "w^2"),
]

# -- batch normalisation, written out -------------------------------------------------------------------------------
B, g, q = G.input("B", "N", "c"), G.param("g", "c"), G.input("q", "N", "c")
mu = G.mean(B, axis=0).named("mu")
var = G.mean((B - mu) ** 2, axis=0).named("var")
hat = ((B - mu) / G.sqrt(var + 0.5)).named("hat")
NORM = G.sum(hat * g * q)

BATCH: list[Case] = [
    (hat * q, NORM, g, "missing_batch_sum", "g"),
    (q * g / G.sqrt(var + 0.5), NORM, B, "one_path_of_fanout", "B"),
    (G.sum(q, axis=0), NORM, g, "missing_upstream_factor", "hat·g"),
]

# -- three steps of a recurrence --------------------------------------------------------------------------------------
h0, W = G.input("h0", "m"), G.param("W", "m", "m")
u1, u2, u3 = (G.input(f"u{i}", "m") for i in (1, 2, 3))
h1 = G.tanh(W @ h0 + u1).named("h1")
h2 = G.tanh(W @ h1 + u2).named("h2")
h3 = G.tanh(W @ h2 + u3).named("h3")
RNN = G.sum(h3 * h3) / 2
d3 = h3 * (1 - h3 * h3)
d2 = (W.T @ d3) * (1 - h2 * h2)
d1 = (W.T @ d2) * (1 - h1 * h1)

RECURRENT: list[Case] = [
    (G.outer(d3, h2), RNN, W, "one_path_of_fanout", "W"),
    (G.outer(d3, h2) + G.outer(d2, h1), RNN, W, "one_path_of_fanout", "W"),
    (W.T @ (W.T @ d3 * (1 - h2 * h2)), RNN, h0, "missing_inner_factor", "h1"),
    (W @ d1, RNN, h0, "transpose_or_order", "W @ h0"),
]

# -- attention -----------------------------------------------------------------------------------------------------
Q, K, Va = G.param("Q", "T", "e"), G.param("K", "T", "e"), G.param("Va", "T", "e")
C = G.input("C", "T", "e")
S = (Q @ K.T / 2).named("S")
A = G.softmax(S).named("A")
ATT = G.sum((A @ Va) * C)
dA = C @ Va.T
dS = A * (dA - G.sum(dA * A, axis=1, keepdims=True))

ATTENTION: list[Case] = [
    (A @ C, ATT, Va, "transpose_or_order", "A @ Va"),
    (S.T @ C, ATT, Va, "input_instead_of_output", "A"),
    ((dA * A * (1 - A)) @ K / 2, ATT, Q, "softmax_diagonal_only", "A"),
    (dS @ K, ATT, Q, "missing_upstream_factor", "S"),
    (dA @ K / 2, ATT, Q, "missing_activation_derivative", "A"),
    (dS @ Q / 2, ATT, K, "transpose_or_order", "Q @ Kᵀ"),
]

CASES = [*NETWORK, *VECTORS, *REGRESSION, *BATCH, *RECURRENT, *ATTENTION]


IDS = [f"{kind} at {where} {i}" for i, (_, _, _, kind, where) in enumerate(CASES)]


@pytest.mark.parametrize(("answer", "f", "wrt", "kind", "where"), CASES, ids=IDS)
def test_the_mistake_is_named(answer: Expr, f: Expr, wrt: Expr, kind: str, where: str) -> None:
    found = diagnose_arrays(answer, f, wrt, None)
    assert (kind, where) in [(d.kind, d.where) for d in found]
    assert len(found) <= 2


@pytest.mark.parametrize(("answer", "f", "wrt", "kind", "where"), CASES, ids=IDS)
def test_said_in_french(answer: Expr, f: Expr, wrt: Expr, kind: str, where: str) -> None:
    english, french = (diagnose_arrays(answer, f, wrt, None, lang) for lang in ("en", "fr"))
    assert [(d.kind, d.where) for d in english] == [(d.kind, d.where) for d in french]
    assert all(e.message != f.message and "{" not in e.message + f.message for e, f in zip(english, french))


@pytest.mark.parametrize(("answer", "f", "wrt", "kind", "where"), [*NETWORK[2:7], *VECTORS[1:6], *ATTENTION[:3]])
def test_what_is_named_is_the_answer_by_the_full_decision(answer: Expr, f: Expr, wrt: Expr, kind: str,
                                                          where: str) -> None:
    """The derivative with the mistake of this name is decided, by the road of verdicts, to be the answer."""
    chain = ArrayChain(f, wrt)
    slips = [s for row in MISTAKES for s in row(chain, "en") if (s.words.kind, s.words.where) == (kind, where)]
    named = [v for s in slips if (v := _value(chain, s)) is not None and v.shape == answer.shape]
    assert "correct" in [decide_arrays(answer, value, [f], layout="fixed").status for value in named]
    assert decide_arrays(answer, G.gradients(f, wrt), [f], layout="fixed").status == "wrong"


def _value(chain: ArrayChain, slip: ArraySlip) -> Expr | None:
    try:
        return chain.value(slip)
    except ShapeError:
        return None


def test_a_right_answer_has_no_finding() -> None:
    for answer, f, wrt in ((H.T @ D2, LOSS, W2), (X.T @ D1, LOSS, W1), (G.outer(r, a), SQ, U), (dS @ K / 2, ATT, Q)):
        assert decide_arrays(answer, G.gradients(f, wrt)).status == "correct"
        assert diagnose_arrays(answer, f, wrt, None) == []


def test_an_answer_of_no_single_mistake_has_no_finding() -> None:
    assert diagnose_arrays(X.T @ G.exp(Z1), LOSS, W1, None) == []
    assert diagnose_arrays(G.exp(W2), LOSS, W2, None) == []


def test_a_step_of_the_recurrence_is_named_in_words() -> None:
    (finding,) = diagnose_arrays(G.outer(d3, h2), RNN, W, None)
    assert finding.message == ("You kept one of the three paths from W: through W @ h2, not W @ h0, W @ h1. "
                               "Gradients add at a fan-out.")


def test_batch_sum_in_words() -> None:
    (finding,) = diagnose_arrays(D2, LOSS, b2, None, "fr")
    assert finding.message == ("b2 sert une fois par exemple dans Z2\u00a0: son gradient en est la somme, "
                               "et cette somme manque.")


def test_statistics_taken_for_constants() -> None:
    (finding,) = diagnose_arrays(q * g / G.sqrt(var + 0.5), NORM, B, None)
    assert finding.message.startswith("mu, var were treated as constants; they depend on B too")


def test_a_jacobian() -> None:
    """∂σ(Vx)/∂x is diag(σ')V; without σ' it is V, transposed it is another mistake."""
    (finding,) = diagnose_arrays(V, a, x, None)
    assert (finding.kind, finding.where) == ("missing_activation_derivative", "a")
    right = G.reshape(s, ("d", 1)) * V
    assert diagnose_arrays(right, a, x, None) == []
    assert diagnose_arrays(-right, a, x, None)[0].kind == "sign_global"



def test_a_mistake_and_a_factor_are_said_as_two() -> None:
    one, two = diagnose_arrays(X.T @ ((P - Y) @ W2.T), LOSS, W1, None)
    assert (one.kind, two.kind) == ("missing_relu_mask", "wrong_scale(N)")
    assert two.message == "The second: All of it is multiplied by N besides."
    one, two = diagnose_arrays(-(Z1.T @ D2), LOSS, W2, None, "fr")
    assert (one.kind, two.kind) == ("input_instead_of_output", "sign_global")
    assert two.message == "La seconde\u00a0: Le tout a de plus le signe opposé."


def test_a_factor_is_written_as_the_language_writes_numbers_and_its_code_is_not() -> None:
    (finding,) = diagnose_arrays(H.T @ D2 * 2.5, LOSS, W2, None, "fr")
    assert (finding.kind, finding.message) == ("wrong_scale(2.5)", "Votre réponse vaut 2,5 fois la dérivée.")


# -- from text, through `check` --------------------------------------------------------------------------------------

TEXTS = [
    ("H^T (P-Y)", LOSS, W2, "wrong_scale(N)", "L"),
    (r"H^\top (Y-P)/N", LOSS, W2, "sign_global", "L"),
    (r"\frac{1}{N} Z1^\top (P-Y)", LOSS, W2, "input_instead_of_output", "H"),
    ("(P-Y)/N", LOSS, b2, "missing_batch_sum", "b2"),
    ("2 A^T (A x - c)", G.sum((G.param("A", 3, 4) @ G.input("x", 4) - G.input("c", 3)) ** 2) / 2, "x",
     "missing_upstream_factor", "sum((A @ x − c)^2)/2"),
]


@pytest.mark.parametrize(("answer", "f", "wrt", "kind", "where"), TEXTS)
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_texts(answer: str, f: Expr, wrt: Expr | str, kind: str, where: str, lang: str) -> None:
    verdict = G.check(answer, of=f, wrt=wrt, lang=lang, defines={"P": P} if f is LOSS else None)
    assert verdict.status == "wrong"
    assert (kind, where) in [(d.kind, d.where) for d in verdict.diagnosis]
    assert verdict.diagnosis[0].message in str(verdict)


def test_a_layout_that_is_asked_for() -> None:
    verdict = G.check("(P-Y)^T H/N", of=LOSS, wrt=W2, layout="denominator", defines={"P": P})
    assert (verdict.status, [d.kind for d in verdict.diagnosis]) == ("wrong", ["layout_only"])


def test_large_declared_sizes_keep_their_names() -> None:
    """Decided at small sizes, told at the declared ones; 1/784 is the mean's."""
    data, weights = G.input("D", 784, 3), G.param("v", 3)
    loss = G.mean((data @ weights) ** 2).named("M")
    (finding,) = G.check("2 D^T (D v)", of=loss, wrt=weights).diagnosis
    assert (finding.kind, finding.where) == ("wrong_scale(784)", "M")
    assert finding.message == "The factor 1/784 of the mean M is missing."


def test_what_is_assumed_holds_for_the_mistakes_too() -> None:
    """√(x²) is x where x is positive: there alone it is the derivative of x² without its 2."""
    v = G.input("v")
    known = G.check("sqrt(v^2)", of=v**2, wrt=v, assume={"v": ("positive",)}).diagnosis
    assert [d.kind for d in known] == ["power_rule"]
    assert G.check("sqrt(v^2)", of=v**2, wrt=v).diagnosis == []


def test_softmax_jacobians() -> None:
    v = G.input("v", 4)
    p = G.softmax(v).named("p")
    kinds = {text: [(d.kind, d.where) for d in G.check(text, of=p, wrt=v).diagnosis]
             for text in ("diag(p⊙(1-p))", "diag(p)", "p p^T - diag(p)", "diag(p) + p p^T", "diag(p) - p p^T")}
    assert kinds == {"diag(p⊙(1-p))": [("softmax_diagonal_only", "p")], "diag(p)": [("softmax_diagonal_only", "p")],
                     "p p^T - diag(p)": [("sign_global", "p")], "diag(p) + p p^T": [("sign_term", "p")],
                     "diag(p) - p p^T": []}
