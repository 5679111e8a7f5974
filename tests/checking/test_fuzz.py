"""Texts that nobody wrote: characters, tokens, bruised answers, deep grammars, soups; `tests/fuzz.py` runs longer."""

from __future__ import annotations

import random
import string
import subprocess
import sys
from pathlib import Path

import fuzz
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traps import SCALARS

import graphc as G

ASKED = fuzz.questions()
ANSWERS = [trap.answer for trap in SCALARS]
CHARACTERS = st.one_of(st.characters(), st.sampled_from(string.printable + "²₁⁻·×≤√∂∇Σσπŷ‖⊤⊙𝟙"))
SEEDS = st.integers(0, 10**9)


def attempt(text: str) -> None:
    """Raises where a promise is broken: see `fuzz.attempt`."""
    assert fuzz.attempt(text, ASKED)


@settings(max_examples=300)
@given(st.text(CHARACTERS, max_size=60))
def test_characters(text: str) -> None:
    attempt(text)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(fuzz.TOKENS), max_size=24), st.sampled_from(["", " "]))
def test_tokens(tokens: list[str], between: str) -> None:
    attempt(between.join(tokens))


@settings(max_examples=300)
@given(st.lists(st.sampled_from([*fuzz.LATEX, *fuzz.TOKENS[:30]]), max_size=24))
def test_latex_soup(tokens: list[str]) -> None:
    attempt("\\" + " ".join(tokens))


@settings(max_examples=300)
@given(st.sampled_from(ANSWERS), st.sampled_from(ANSWERS), SEEDS)
def test_bruised_answers(answer: str, other: str, seed: int) -> None:
    attempt(fuzz.mutated(answer, other, random.Random(seed)))


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """What a formula is made of, one level up."""
    name = st.sampled_from(["sin", "ln", "sigma", "abs", "sqrt", "H", "exp", "tanh", "cbrt", "gamma", "relu'"])
    sign = st.sampled_from(["+", "-", "*", "/", "^", " ", "·"])
    return st.one_of(
        st.builds("({}){}({})".format, inner, sign, inner), st.builds("{}({})".format, name, inner),
        st.builds("max({}, {})".format, inner, inner), st.builds("1[{} > {}]".format, inner, inner),
        st.builds(r"\frac{{{}}}{{{}}}".format, inner, inner), st.builds("|{}|".format, inner),
        st.builds("where({} <= {}; {}; 1)".format, inner, inner, inner), st.builds("({})^(2/3)".format, inner),
        st.builds(r"\begin{{cases}} {} & {} > 0 \\ {} & \text{{otherwise}} \end{{cases}}".format, inner, inner, inner))


LEAVES = st.sampled_from(["x", "y", "w", "2", "0", "1/3", "pi", "e", "-1", "0.5", "1e20", "99"])


@settings(max_examples=50)
@given(st.recursive(LEAVES, grown, max_leaves=12))
def test_deep_grammars(text: str) -> None:
    attempt(text)


@settings(max_examples=30)
@given(st.recursive(LEAVES, grown, max_leaves=5))
def test_a_right_answer_in_any_dress_is_never_wrong(text: str) -> None:
    """A formula, less itself, added to the derivative: where it is undefined the answer is narrower, no more."""
    x, y, w = *G.inputs("x y"), G.param("w")
    verdict = G.check(f"2*x*y + ({text}) - ({text})", of=x * x * y + 0 * w, wrt=x)
    assert verdict.status != "wrong" or "domain_narrower" in verdict.flags


@settings(max_examples=30)
@given(st.recursive(LEAVES, grown, max_leaves=5))
def test_a_wrong_answer_in_any_dress_is_never_correct(text: str) -> None:
    x, y, w = *G.inputs("x y"), G.param("w")
    verdict = G.check(f"2*x*y + 1 + ({text}) - ({text})", of=x * x * y + 0 * w, wrt=x)
    assert verdict.status != "correct"


# -- the long run's own parts ---------------------------------------------------------------------------------


def test_mutations_differ_and_repeat_with_their_seed() -> None:
    found = {fuzz.mutated("w3*(x1+x2)*1[z>0]", "sin(x)", random.Random(seed)) for seed in range(200)}
    assert len(found) > 150
    assert fuzz.mutated("ab", "c", random.Random(7)) == fuzz.mutated("ab", "c", random.Random(7))


def test_a_failing_text_is_cut_to_what_fails() -> None:
    assert fuzz.minimised("sin(x) + {{x}} - max(x, 1)", lambda text: "{{" in text) == "{{"


def test_a_broken_promise_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(G, "check", lambda text, **options: G.Verdict("perhaps", "", text))
    with pytest.raises(AssertionError, match="perhaps"):
        fuzz.attempt("x", ASKED)
    monkeypatch.setattr(G, "check", lambda text, **options: G.Verdict("wrong", "", text))
    with pytest.raises(AssertionError, match="prints"):
        fuzz.attempt("x\x1b", ASKED)


def test_the_long_run_saves_what_is_new(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-B", fuzz.__file__, "--minutes", "0.05", "--corpus", "found"], cwd=tmp_path,
                          capture_output=True, text=True, check=True)
    assert "0 failures" in done.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["found"]
