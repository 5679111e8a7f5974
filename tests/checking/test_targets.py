"""Cross-entropies, whose textbook gradient takes it that targets add up to 1; and the transpose that shapes ask for."""

from __future__ import annotations

import pytest

import graphc as G

Z, Y, T = G.input("z", "K"), G.input("y", "K"), G.input("t", "K")
P = G.softmax(Z).named("p")
LOSS = (-G.sum(Y * G.log(P))).named("L")
NOTE = "targets_sum_to_one"


def test_the_textbook_gradient_is_right_and_says_what_it_takes_for_granted():
    verdict = G.check("p - y", of=LOSS, wrt=Z)
    assert (verdict.status, verdict.flags) == ("correct", {NOTE})
    assert "the entries of the targets add up to 1" in str(verdict)
    assert "ont pour somme 1" in str(G.check("p - y", of=LOSS, wrt=Z, lang="fr"))


def test_the_gradient_of_any_target_takes_nothing_for_granted():
    assert not G.check("p sum(y) - y", of=LOSS, wrt=Z).flags


@pytest.mark.parametrize(("answer", "kind"), [("y - p", "sign_global"), ("2(p - y)", "wrong_scale(2)")])
def test_a_slip_is_named_as_the_textbook_would(answer, kind):
    verdict = G.check(answer, of=LOSS, wrt=Z)
    assert verdict.status == "wrong"
    assert kind in [f.kind for f in verdict.diagnosis]


def test_what_is_assumed_of_a_target_by_the_caller_holds():
    assert G.check("p - y", of=LOSS, wrt=Z, assume={"y": ("positive",)}).status == "wrong"


def test_targets_of_the_binary_form_need_not_add_up():
    q = G.sigmoid(Z).named("q")
    loss = -G.sum(T * G.log(q) + (1 - T) * G.log(1 - q))
    assert not G.check("q - t", of=loss, wrt=Z).flags
    assert G.check("q - t/sum(t)", of=loss, wrt=Z).status == "wrong"


W, X, B = G.param("W", 4, 3), G.input("x", 3), G.input("b", 4)
SQUARE = G.sum((W @ X - B) ** 2)


@pytest.mark.parametrize(("answer", "got", "fix"), [("2W(Wx - b)", "W", "Wᵀ"), ("2W^T(W^T x - b)", "Wᵀ", "W")])
def test_the_transpose_that_is_missing_or_too_many_is_named(answer, got, fix):
    verdict = G.check(answer, of=SQUARE, wrt=X)
    assert verdict.status == "wrong"
    assert [(f.kind, f.where) for f in verdict.diagnosis] == [("transpose_or_order", got)]
    assert verdict.diagnosis[0].message.startswith(f"With {fix} in place of {got} it is the derivative")


def test_a_transpose_that_does_not_mend_the_answer_is_not_named():
    assert G.check("3W(Wx - b)", of=SQUARE, wrt=X).diagnosis == []
