"""Numbers as students write them, against values worked out by hand and by mpmath."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphc.errors import LimitExceeded, ParseError
from graphc.exercise.numeric import NoValue, Tolerance, compare, read_numbers, show_numbers

EXACT = [
    ("3", "en", 3), ("-0.5", "en", Fraction(-1, 2)), ("−1/2", "en", Fraction(-1, 2)),
    ("0,333", "fr", Fraction(333, 1000)),
    ("1.2e-3", "en", Fraction(12, 10_000)), ("2·3+1", "en", 7), ("2 \\cdot 3", "en", 6),
    ("\\frac{-7}{4}", "en", Fraction(-7, 4)),
    ("1,5·10^{-3}", "fr", Fraction(15, 10_000)), ("2^10", "en", 1024), ("√9/2", "en", Fraction(3, 2)),
    ("max(2, 3)", "en", 3), ("1[2 > 1]", "en", 1), ("+4", "en", 4), (".5", "en", Fraction(1, 2)),
    ("½", "en", Fraction(1, 2)),
]  # fmt: skip


@pytest.mark.parametrize("text, lang, value", EXACT, ids=[e[0] for e in EXACT])
def test_numbers_that_are_rational(text, lang, value):
    assert abs(read_numbers(text, lang)[0].value - value) < Fraction(1, 10**35)


IRRATIONAL = [("√2", mpmath.sqrt(2)), ("e^{-2}", mpmath.exp(-2)), ("ln 3", mpmath.log(3)),
              ("σ(1)", 1 / (1 + mpmath.exp(-1))),
              ("2π", 2 * mpmath.pi), ("tanh(0.5)", mpmath.tanh(mpmath.mpf("0.5")))]  # fmt: skip


@pytest.mark.parametrize("text, value", IRRATIONAL, ids=[e[0] for e in IRRATIONAL])
def test_numbers_that_are_not(text, value):
    got = read_numbers(text)[0].value
    assert abs(mpmath.mpf(got.numerator) / got.denominator - value) < 1e-14


@pytest.mark.parametrize("text", ["1/0", "ln(-1)", "√(-2)", "0^(-1)"])
def test_what_has_no_value(text):
    with pytest.raises(NoValue):
        read_numbers(text)


@pytest.mark.parametrize("text", ["x", "3 m", "__import__('os')", "2**", "nan", "3;4"])
def test_what_is_no_number(text):
    with pytest.raises(ParseError):
        read_numbers(text)


def test_limits():
    for text in ("9^9^9^9", "1e999999999", "(" * 3000 + "1" + ")" * 3000, "1" * 5000, "[" + "1, " * 1300 + "1]"):
        with pytest.raises(LimitExceeded):
            read_numbers(text, shape=(2,) if text.startswith("[") else ())
    with pytest.raises((ParseError, LimitExceeded)):
        read_numbers("[" * 2000, shape=(2, 2))


ROWS = [
    ("[1, 2; 3, 1/2]", "en"), ("[[1, 2], [3, 0.5]]", "en"), ("((1, 2), (3, 1/2))", "en"), ("[1 2; 3 0.5]", "en"),
    (r"\begin{pmatrix} 1 & 2 \\ 3 & \frac12 \end{pmatrix}", "en"), (r"\begin{bmatrix}1&3\\2&0.5\end{bmatrix}^T", "en"),
    ("[[1; 2]; [3; 0,5]]", "fr"), ("[1, 2; 3, 0,5]", "fr"), ("[1,0, 2; 3, 1/2]", "fr"),
]  # fmt: skip


@pytest.mark.parametrize("text, lang", ROWS, ids=[r[0] for r in ROWS])
def test_matrices(text, lang):
    assert read_numbers(text, lang, (2, 2))[0].value.tolist() == [[1, 2], [3, 0.5]]


VECTORS = [("(1, 2.5, -3)", "en"), ("[1, 5/2, -3]^T", "en"), ("[1; 2.5; -3]", "en"), ("(1; 2,5; -3)", "fr"),
           ("[1 2,5 -3]", "fr"), ("(1, 2,5, -3)", "fr")]  # fmt: skip


@pytest.mark.parametrize("text, lang", VECTORS, ids=[v[0] for v in VECTORS])
def test_vectors(text, lang):
    assert read_numbers(text, lang, (3,))[0].value.ravel().tolist() == [1, 2.5, -3]


def test_rows_of_different_lengths():
    with pytest.raises(ParseError, match="the rows have different lengths"):
        read_numbers("[1, 2; 3]", shape=(2, 2))
    with pytest.raises(ParseError, match="entry 2: "):
        read_numbers("[1, 2*]", shape=(2,))


@given(st.fractions(-1000, 1000, max_denominator=999), st.sampled_from(["en", "fr"]))
def test_what_is_shown_reads_back(value, lang):
    shown = show_numbers(value, lang)
    back = read_numbers(shown, lang)[0].value
    assert abs(back - value) <= abs(value) * Fraction(1, 10**5)


@given(st.lists(st.integers(-50, 50), min_size=6, max_size=6), st.sampled_from(["en", "fr"]))
def test_shown_matrices_read_back(entries, lang):
    array = np.array(entries, dtype=float).reshape(2, 3) / 4
    assert read_numbers(show_numbers(array, lang), lang, (2, 3))[0].value.tolist() == array.tolist()


# -- tolerance ----------------------------------------------------------------------------------------------------


def same(text, need, tolerance=Fraction(1, 1000), **options):
    return compare(read_numbers(text, shape=np.shape(need))[0], need, Tolerance(tolerance), **options)


@pytest.mark.parametrize("text, need, outcome", [
    ("0.333", Fraction(1, 3), "same"), ("0.3334", Fraction(1, 3), "same"), ("0.33", Fraction(1, 3), "rounded"),
    ("0.34", Fraction(1, 3), "rounded"), ("0.35", Fraction(1, 3), "differ"), ("1/3", Fraction(1, 3), "same"),
    ("0", Fraction(1, 3), "differ"), ("-0.333", Fraction(1, 3), "differ"), ("0.0009", Fraction(0), "same"),
    ("0.01", Fraction(0), "differ"), ("1.414", 2**0.5, "same"), ("1.41", 2**0.5, "rounded"), ("√2", 2**0.5, "same"),
])  # fmt: skip
def test_near_enough_or_rounded_too_early(text, need, outcome):
    assert same(text, need).outcome == outcome


def test_a_tolerance_of_zero_asks_for_the_exact_number():
    assert same("1/3", Fraction(1, 3), Fraction(0)).outcome == "same"
    assert same("0.333333333333", Fraction(1, 3), Fraction(0)).outcome == "rounded"
    assert Tolerance(Fraction(0)).digits is None


def test_the_scale_where_the_right_number_is_zero():
    small = Tolerance.of(0.01, [Fraction(0), Fraction(1, 1000)])
    assert small.scale == Fraction(1, 1000)
    assert small.allows(Fraction(1, 10**5), Fraction(0), True)
    assert not small.allows(Fraction(1, 10**4), Fraction(0), True)
    assert Tolerance.of(0.01, [Fraction(900), Fraction(0)]).scale == 1


@given(st.fractions(Fraction(1, 900), 1000, max_denominator=997), st.sampled_from([1e-1, 1e-2, 1e-3, 1e-5]))
def test_rounding_to_the_digits_that_are_asked_for_is_always_enough(value, relative):
    tolerance = Tolerance.of(relative)
    rounded = Fraction(f"{float(value):.{tolerance.digits}g}")
    assert tolerance.allows(rounded, value, True)


# -- layout ---------------------------------------------------------------------------------------------------------

NEED = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
DIRECT, TURNED = "[1, 2, 3; 4, 5, 6]", "[1, 4; 2, 5; 3, 6]"


@pytest.mark.parametrize("text, layout, outcome, flags", [
    (DIRECT, "any", "same", ()), (TURNED, "any", "same", ("transposed_layout",)), (DIRECT, "denominator", "same", ()),
    (TURNED, "denominator", "layout", ("transposed_layout",)), (TURNED, "numerator", "same", ()),
    (DIRECT, "numerator", "layout", ("transposed_layout",)), ("[1, 2; 3, 4]", "any", "shape", ()),
    ("[1, 4; 2, 5; 3, 7]", "any", "differ", ()),
])  # fmt: skip
def test_layouts(text, layout, outcome, flags):
    found = same(text, NEED, layout=layout)
    assert (found.outcome, found.flags) == (outcome, flags)


def test_a_column_a_row_and_a_plain_vector_are_the_same():
    for text in ("[1, 2, 3]", "[[1], [2], [3]]", "[[1, 2, 3]]"):
        assert same(text, np.array([1.0, 2.0, 3.0])).outcome == "same"


def test_the_first_entry_that_differs():
    assert same("[1, 2, 3; 4, 5, 7]", NEED).place == (1, 2)
