"""Deciding arrays: shapes, layouts, sizes, exact counterexamples, and what is said to be established."""

from __future__ import annotations

import html
import json
import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import graphc as G
from graphc.checking import Verdict, check
from graphc.checking.deciding.arrays import decide_arrays, truth_of
from graphc.checking.deciding.assume import Assumptions
from graphc.checking.deciding.from_graph import NoScalarForm
from graphc.checking.deciding.sizes import Smaller, literals, small
from graphc.errors import InputError
from graphc.ir import size_node

W, A = G.param("W", "h", "d"), G.param("A", 3, 3)
x, v, y = G.input("x", "d"), G.input("v", 3), G.input("y", "h")
LOSS = G.sum((W @ x - y) ** 2)
R = W @ x - y


def of_quadratic(answer: Any, **options: Any) -> Verdict:
    return check(answer, of=v @ A @ v, wrt=v, **options)


# -- right and wrong ------------------------------------------------------------------------------------------------


def classifier() -> tuple[dict[str, Any], Any]:
    data, labels = G.input("X", "N", "d"), G.input("labels", "N", dtype="int64")
    V, b = G.param("V", "d", "k"), G.param("b", "k")
    p = G.softmax(data @ V + b, axis=-1)
    hot = G.one_hot(labels, V.shape[1])
    loss = -G.mean(G.sum(hot * G.log(p), axis=1))
    return {"X": data, "V": V, "b": b, "g": p - hot, "N": size_node(data.shape[0])}, loss


RIGHT = [
    (2 * W.T @ R, LOSS, x), (2 * G.outer(R, x), LOSS, W), (-2 * R, LOSS, y), (2 * R @ W, LOSS, x),
    ((A + A.T) @ v, v @ A @ v, v), (G.outer(v, v), v @ A @ v, A),
    (G.linalg.det(A) * G.linalg.inv(A).T, G.linalg.det(A), A),
    (A / G.linalg.norm(A), G.linalg.norm(A), A), (v / G.sqrt(G.sum(v * v)), G.linalg.norm(v), v),
    (2 * A.T @ (G.relu(A @ v) * (A @ v > 0)), G.sum(G.relu(A @ v) ** 2), v),
    (1 / v, G.sum(G.log(v)), v), (G.prod(v) / v, G.prod(v), v), (G.tanh(v), G.sum(G.log(G.cosh(v))), v),
    (G.sigmoid(x) - y[0], G.sum(G.softplus(x)) - y[0] * G.sum(x), x),
]


@pytest.mark.parametrize(("answer", "of", "wrt"), RIGHT)
def test_right(answer: Any, of: Any, wrt: Any) -> None:
    verdict = check(answer, of=of, wrt=wrt)
    assert verdict.status == "correct" and verdict.certainty.startswith("proved"), verdict
    assert not verdict.flags


@pytest.mark.parametrize(("answer", "of", "wrt"), RIGHT)
@pytest.mark.parametrize("change", [lambda a: 2 * a, lambda a: -a, lambda a: a + 1e-30, lambda a: a * a])
def test_changed_is_wrong(answer: Any, of: Any, wrt: Any, change: Any) -> None:
    verdict = check(change(answer), of=of, wrt=wrt)
    assert verdict.status == "wrong" and verdict.counterexample is not None, verdict


def test_one_entry_is_enough() -> None:
    hole = G.const(np.array([[0, 0, 0], [0, 0, 1e-40], [0, 0, 0]]))
    found = decide_arrays(A + A.T + hole, A + A.T)
    assert found.status == "wrong" and found.witness is not None and found.witness.entry == (1, 2)


def test_the_classifier() -> None:
    names, loss = classifier()
    for answer, wrt in ((names["X"].T @ names["g"] / names["N"], "V"), (G.mean(names["g"], axis=0), "b"),
                        (names["g"] @ names["V"].T / names["N"], "X")):
        verdict = check(answer, of=loss, wrt=wrt)
        assert verdict.status == "correct" and "labels drawn" in verdict.certainty
    for answer, wrt in ((names["X"].T @ names["g"], "V"), (G.sum(names["g"], axis=0), "b")):
        assert check(answer, of=loss, wrt=wrt).status == "wrong"


def test_the_jacobian_of_softmax() -> None:
    s = G.softmax(x, axis=-1)
    right = G.diag(s) - G.outer(s, s)
    assert check(right, of=s, wrt=x).certainty == "proved entry by entry for d = 2 and d = 3"
    assert check(G.diag(s * (1 - s)), of=s, wrt=x).status == "wrong"


def test_truth_is_numpys_jacobian() -> None:
    J = truth_of(G.tanh(A @ v), v)
    a, at = np.arange(9.0).reshape(3, 3) / 10, np.array([0.1, -0.2, 0.3])
    need = (1 - np.tanh(a @ at) ** 2)[:, None] * a
    np.testing.assert_allclose(G.evaluate(J, {"A": a, "v": at}), need)


# -- shapes and layouts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "of", "wrt", "told"), [
    (W, LOSS, x, "your answer is h×d, the derivative is a vector of d"),
    (G.sum(x), LOSS, x, "your answer is a number, the derivative is a vector of d"),
    (x, LOSS, W, "your answer is a vector of d, the derivative is h×d"),
])
def test_wrong_shapes(answer: Any, of: Any, wrt: Any, told: str) -> None:
    verdict = check(answer, of=of, wrt=wrt)
    assert (verdict.status, verdict.certainty, verdict.flags) == ("wrong", told, {"shape"})
    assert str(verdict).endswith(f"{told[0].upper()}{told[1:]}.")


def test_wrong_shapes_in_french() -> None:
    assert "Votre réponse est un nombre, la dérivée est un vecteur de taille 3" in str(of_quadratic(3, lang="fr"))


@pytest.mark.parametrize(("layout", "straight", "turned"), [
    ("any", "correct", "correct"), ("denominator", "correct", "wrong"), ("numerator", "wrong", "correct")])
def test_layouts(layout: str, straight: str, turned: str) -> None:
    right = 2 * G.outer(R, x)
    for answer, status in ((right, straight), (right.T, turned)):
        verdict = check(answer, of=LOSS, wrt=W, layout=layout)
        assert verdict.status == status
        flagged = status == "wrong" or (layout == "any" and answer is not right)
        assert ("transposed_layout" in verdict.flags) == flagged


def test_a_layout_that_is_fixed_is_told() -> None:
    verdict = check(2 * G.outer(x, R), of=LOSS, wrt=W, layout="denominator")
    assert "Each entry is right, but in the transposed place" in str(verdict)


def test_layouts_of_a_jacobian() -> None:
    f = W @ x
    assert check(W.T, of=f, wrt=x).flags == {"transposed_layout"}
    assert check(W.T, of=f, wrt=x, layout="denominator").status == "correct"
    assert check(W, of=f, wrt=x, layout="numerator").flags == set()


def test_a_transpose_does_not_pass_by_luck() -> None:
    square, g = G.param("S", "n", "n"), G.input("g", "n")
    f = g @ square @ G.tanh(g)
    assert check(G.outer(G.tanh(g), g), of=f, wrt=square, layout="denominator").status == "wrong"
    assert check(square @ G.tanh(g), of=f, wrt=g).status == "wrong"


def test_a_convention_at_many_kinks_is_not_a_mistake() -> None:
    """Thirty-six switches, some of them exactly zero at points of small whole numbers."""
    X, V = G.input("X", 6, 2), G.param("V", 2, 6)
    f = G.sum(G.relu(X @ V))
    for answer in (X.T @ (X @ V >= 0).astype("float64"), X.T @ (X @ V > 0).astype("float64")):
        assert check(answer, of=f, wrt=V).status == "correct"
    assert check(X.T @ (X @ V < 0).astype("float64"), of=f, wrt=V).status == "wrong"


def test_zero_is_the_matrix_of_zeros() -> None:
    assert check(0, of=G.sum(v), wrt=A).status == "correct"


# -- text and its readings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "of", "wrt"), [
    ("2 W^T (W x - y)", LOSS, x), (r"2 W^\top (W x - y)", LOSS, x), ("2*W.T@(W@x - y)", LOSS, x),
    ("2 (W x - y) x^T", LOSS, W), (r"\nabla_W L = 2 (Wx - y) x^\top", LOSS, W), ("2 y - 2 W x", LOSS, y),
    (r"\frac{\partial L}{\partial W_{ij}} = 2 \left(\sum_k W_{ik} x_k - y_i\right) x_j", LOSS, W),
    ("dL/dx_j = 2 Σ_i W_ij (Σ_k W_ik x_k - y_i)", LOSS, x), ("(A + A^T) v", v @ A @ v, v),
    ("v v^T", v @ A @ v, A), ("outer(v, v)", v @ A @ v, A), ("v/||v||", G.linalg.norm(v), v),
    (r"\frac{v}{\lVert v \rVert_2}", G.linalg.norm(v), v), ("1_d", G.sum(x), x), ("det(A) A^-T", G.linalg.det(A), A),
])
def test_text(answer: str, of: Any, wrt: Any) -> None:
    verdict = check(answer, of=of, wrt=wrt)
    assert verdict.status == "correct", verdict


@pytest.mark.parametrize(("answer", "flag", "note"), [
    ("2*W^T*(W*x - y)", "matrix_product", "I read * as the product of matrices"),
    ("2 W_ji (W_jk x_k)", None, ""),
])
def test_readings_that_are_told(answer: str, flag: str | None, note: str) -> None:
    verdict = check(answer, of=LOSS, wrt=x)
    assert verdict.status == ("correct" if flag else "invalid") and note in str(verdict)
    assert flag is None or flag in verdict.flags


def test_columns_side_by_side_are_read_entry_by_entry() -> None:
    f = G.sum(G.sigmoid(x))
    verdict = check("σ(x)(1-σ(x))", of=f, wrt=x)
    assert verdict.flags == {"entrywise"} and "write ⊙" in str(verdict)
    assert check("σ(x)σ(x)", of=f, wrt=x).flags == {"shape"}


@pytest.mark.parametrize("answer", [
    "2 ((σ(z)-y)σ(z)(1-σ(z))) x^T", "2 (σ(z)-y)σ(z)(1-σ(z)) x^T", "2*(σ(z)-y)*σ(z)*(1-σ(z)) x^T",
    "2(σ(z)-y) ⊙ σ'(z) x^T", "(2(σ(z)-y) ⊙ σ'(z)) x^T",
])
def test_a_layer_as_students_write_it(answer: str) -> None:
    z = (W @ x).named("z")
    verdict = check(answer, of=G.sum((G.sigmoid(z) - y) ** 2), wrt=W)
    assert verdict.status == "correct", verdict


def test_entries_without_a_left_side() -> None:
    s = G.softmax(x, axis=-1).named("s")
    verdict = check("s_i (δ_{ij} - s_j)", of=s, wrt=x)
    assert verdict.flags == {"indices_in_order"} and verdict.status == "correct"
    assert check("s_i (δ_{ij} + s_j)", of=s, wrt=x).status in ("wrong", "invalid")


def test_a_shape_fault_is_told_as_it_is() -> None:
    verdict = check("2 W (W x - y)", of=LOSS, wrt=x)
    assert verdict.status == "wrong" and "(2 W)ᵀ (W x - y) would fit" in str(verdict)


def test_a_symbol_of_a_given_shape() -> None:
    assert check("v + 0 c", of=v @ v / 2, wrt=v, shapes={"c": (3,)}).status == "correct"
    assert check("v + c", of=v @ v / 2, wrt=v, shapes={"c": 3}).status == "wrong"


def test_a_mistake_is_named() -> None:
    verdict = check("W^T (W x - y)", of=LOSS, wrt=x)
    assert [f.kind for f in verdict.diagnosis] == ["missing_inner_factor"] or verdict.diagnosis
    assert "2" in str(verdict.diagnosis[0].message)


# -- what is said ---------------------------------------------------------------------------------------------------


def test_certainty_says_the_sizes() -> None:
    assert check(2 * W.T @ R, of=LOSS, wrt=x).certainty == "proved entry by entry for h = 2, d = 3 and h = 3, d = 2"
    french = check(2 * W.T @ R, of=LOSS, wrt=x, lang="fr")
    assert french.told == "prouvé coefficient par coefficient pour h = 2, d = 3 et h = 3, d = 2"


def test_certainty_states_the_chance() -> None:
    f = G.sum((A @ A @ A @ v) ** 2)
    verdict = check(2 * (A @ A @ A).T @ (A @ (A @ (A @ v))), of=f, wrt=v)
    form = r"proved up to a chance below 2\^-(\d+) \(degree (\d+), .*\), entry by entry"
    found = re.fullmatch(form, verdict.certainty)
    assert found is not None and int(found[1]) >= 100 and int(found[2]) == 7


def test_a_counterexample_is_exact() -> None:
    verdict = of_quadratic(2 * A @ v)
    c = verdict.counterexample
    assert c is not None and c.entry
    a, at = (np.array([[float(e) for e in np.atleast_1d(row)] for row in c.point[name]]) for name in ("A", "v"))
    at = at.ravel()
    (i,) = c.entry
    assert Fraction(c.at_entry[0]) == Fraction((2 * a @ at)[i]) and Fraction(c.at_entry[1]) == Fraction(
        ((a + a.T) @ at)[i])
    assert f"at position ({i + 1})" in str(verdict)


def test_a_counterexample_in_french_uses_spaces() -> None:
    text = str(of_quadratic(2 * A @ v, lang="fr"))
    assert re.search(r"A = \[-?\d+ -?\d+ -?\d+ ; -?\d+", text) and "Le premier coefficient qui diffère" in text


def test_json_holds_what_was_found() -> None:
    facts = json.loads(json.dumps(of_quadratic(2 * A @ v).to_json()))
    assert facts["status"] == "wrong" and len(facts["counterexample"]["point"]["A"]) == 3
    assert all(Fraction(e) for e in facts["counterexample"]["point"]["v"])


def test_html_is_escaped() -> None:
    z = G.input("z")
    page = check("z<b>alert(1)</b>", of=z * z, wrt=z)._repr_html_()
    assert "<b>alert" not in page and html.escape("<b>") in page
    assert page.startswith('<div class="graphc-verdict" data-status="invalid">')


# -- sizes ----------------------------------------------------------------------------------------------------------


def test_large_sizes_are_replaced_by_different_small_ones() -> None:
    image, V = G.input("image", "N", 784), G.param("V", 784, 10)
    f, named = small(G.sum(image @ V), {"V": V, "image": image})
    assert str(named["V"].type) == "float64[4,5]" and str(named["image"].type) == "float64[N,4]"
    assert f.op.name == "sum" and f.args[0].args[1] is named["V"]


def test_a_flattened_image_stays_one() -> None:
    image = G.input("image", "N", 28, 28)
    smaller = Smaller([image])
    flat, part = smaller.rebuild([G.reshape(image, (-1, 784)), image[:, 1:28]])
    assert str(flat.type) == "float64[N,16]" and str(part.type) == "float64[N,3,4]"


def test_places_near_the_ends_are_there_at_small_sizes() -> None:
    u = G.input("u", 784)
    steps = G.sum((u[1:] - u[:-1]) ** 2)
    d = u[1:] - u[:-1]
    right = 2 * (G.pad(d, (1, 0)) - G.pad(d, (0, 1)))
    assert check(right, of=steps, wrt=u).status == "correct"
    assert check(-right, of=steps, wrt=u).status == "wrong"


def test_identities_are_made_small() -> None:
    A, v = G.param("A", 784, 784), G.input("v", 784)
    assert check("A + I", of=A @ v + v, wrt=v).certainty == "proved entry by entry for 4 and 5 in place of 784"
    assert check("A + 2I", of=A @ v + v, wrt=v).status == "wrong"


def test_what_small_sizes_would_hide_is_decided_at_the_declared_ones() -> None:
    u = G.input("u", 40)
    numbers = np.arange(40.0)
    other = np.where(numbers == 30, 0, numbers)
    assert check(numbers, of=G.sum(numbers * u), wrt=u).certainty == "proved entry by entry"
    assert check(other, of=G.sum(numbers * u), wrt=u).status == "wrong"
    for f, right in ((u[20] ** 2, 2 * u * G.const(np.eye(40)[20])), (G.sum(G.roll(u, 3) * u), G.roll(u, 3) + G.roll(
            u, -3)), (G.sum(G.where(G.arange(40) < 30, u, 0.0)), (numbers < 30) * 1.0)):
        assert check(right, of=f, wrt=u).status == "correct"
        assert check(G.const(np.ones(40)) * u, of=f, wrt=u).status == "wrong"


def test_small_sizes_stay() -> None:
    assert not Smaller([A, v]) and small(v @ A @ v, {"v": v}) == (v @ A @ v, {"v": v})


@pytest.mark.parametrize(("answer", "status"), [
    (lambda u: 2 * u / 784, "correct"), (lambda u: u / 392, "correct"), (lambda u: 2 * u / size_node(784), "correct"),
    (lambda u: u * (2 / 784), "correct"), (lambda u: 2 * u, "wrong"), (lambda u: u / 784, "wrong"),
    (lambda u: u / 391, "undecided"), (lambda u: 3 * u / 784, "wrong"), (lambda u: u / 2, "wrong"),
    (lambda u: 8 * u / 784 / 784, "wrong"), (lambda u: 2 * u / 5, "wrong"), (lambda u: 10 * u / 784 / 5, "correct"),
])
def test_numbers_that_are_sizes(answer: Any, status: str) -> None:
    u = G.input("u", 784)
    verdict = check(answer(u), of=G.mean(u * u), wrt=u)
    assert verdict.status == status or (status == "undecided" and verdict.status == "wrong"), verdict


def test_a_number_of_the_graph_that_equals_a_size() -> None:
    u = G.input("u", 10)
    f = 10 * G.mean(u)
    assert check(np.ones(10), of=f, wrt=u).status == "correct"
    assert check(np.full(10, 2.0), of=f, wrt=u).status == "wrong"  # 10/5, were 10 the number and 5 the size


def test_what_stood_in_is_said() -> None:
    u = G.input("u", 784)
    certainty = check(2 * u / 784, of=G.mean(u * u), wrt=u).certainty
    assert certainty == "proved entry by entry for 4 and 5 in place of 784"


def test_literals() -> None:
    assert literals([2 * v / 784 + 1]) == [784.0]


# -- what cannot be decided --------------------------------------------------------------------------------------------


def test_an_op_without_entries() -> None:
    verdict = check(A, of=G.sum(G.linalg.eigvalsh(A)), wrt=A)
    assert verdict.status == "undecided" and "has no exact form entry by entry" in verdict.told


def test_large_matrices_are_not_taken_apart() -> None:
    B = G.input("B", 6, 6)
    verdict = check(B, of=G.linalg.det(B), wrt=B)
    assert verdict.status == "undecided" and "more than 5 rows" in verdict.told


def test_no_derivative() -> None:
    labels = G.input("labels", 3, dtype="int64")
    with pytest.raises(NoScalarForm):
        truth_of(G.sum(v), labels)


# -- assumptions ----------------------------------------------------------------------------------------------------


def test_symmetric_by_assumption() -> None:
    assert of_quadratic(2 * A @ v).status == "wrong"
    assert of_quadratic(2 * A @ v, assume={"A": ("symmetric",)}).status == "correct"


def test_positive_by_assumption() -> None:
    f = G.sum(G.sqrt(v * v))
    assert check(np.ones(3), of=f, wrt=v).status == "wrong"
    assert check(np.ones(3), of=f, wrt=v, assume={"v": ("positive",)}).status == "correct"


def test_a_bound_by_assumption() -> None:
    t = G.input("t")
    f = G.arcsin(G.sqrt(1 - 1 / t**2))
    answer = "1/(t^2 sqrt(1 - 1/t^2))"
    assert check(answer, of=f, wrt=t).status == "wrong"
    assert check(answer, of=f, wrt=t, assume={"t": ("> 1",)}).status == "correct"


def test_assumptions_are_kept_by_counterexamples() -> None:
    t, n = G.inputs("t n")
    verdict = check("t", of=t**n, wrt=t, assume={"t": ("negative",), "n": ("integer", "> 1")})
    assert verdict.counterexample is None or verdict.counterexample.point["t"] < 0


def test_labels_that_add_up_to_one() -> None:
    logits, Y = G.input("logits", "N", 3), G.input("Y", "N", 3)
    p = G.softmax(logits, axis=-1).named("p")
    loss = -G.sum(Y * G.log(p))
    assert check("p - Y", of=loss, wrt=logits, assume={"Y": ("real",)}).status == "wrong"
    assert check("p - Y", of=loss, wrt=logits, assume={"Y": ("distribution",)}).status == "correct"
    verdict = check("p + Y", of=loss, wrt=logits, assume={"Y": ("distribution",)})
    assert verdict.counterexample is not None
    assert all(sum(row) == 1 and min(row) > 0 for row in verdict.counterexample.point["Y"])


def test_an_unknown_assumption() -> None:
    with pytest.raises(InputError, match=r"no assumption 'nice' for x; choose from positive"):
        Assumptions({"x": ("nice",)})


@pytest.mark.parametrize(("words", "value", "need"), [
    (("positive",), -2, 2), (("negative",), 3, -3), (("nonzero",), 0, Fraction(1, 8)), (("> 1",), Fraction(1, 2),
     Fraction(3, 2)), (("< -1",), 4, -6), (("integer",), Fraction(7, 3), 2), (("integer", "positive"), 0, 1)])
def test_points_keep_what_is_assumed(words: Any, value: Any, need: Any) -> None:
    assert Assumptions({"x": words}).adjust("x", Fraction(value)) == need
