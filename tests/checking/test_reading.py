"""The table of readings: every row, and what the rows cannot show."""

from __future__ import annotations

import re

import pytest

from graphc.checking.reading.parse import Reading, parse
from graphc.checking.reading.tree import show
from graphc.errors import LimitExceeded, ParseError

from .reading_table import ARRAYS, FRENCH, LATEX, LEFT, NAMES, REFUSED, TEXT


def reading(text: str, lang: str = "en") -> Reading:
    return parse(text, NAMES, arrays=ARRAYS, lang=lang)


def echo(text: str, lang: str = "en") -> str:
    return " = ".join(show(link, lang) for link in reading(text, lang).links)


@pytest.mark.parametrize(("text", "expected"), [*TEXT, *LATEX])
def test_read_in_english(text: str, expected: str) -> None:
    assert echo(text) == expected


@pytest.mark.parametrize(("text", "expected"), FRENCH)
def test_read_in_french(text: str, expected: str) -> None:
    assert echo(text, "fr") == expected


@pytest.mark.parametrize(("text", "expected", "function", "variable", "indices", "adjoint"), LEFT)
def test_left_sides(text: str, expected: str, function: str, variable: str, indices: tuple[str, ...],
                    adjoint: bool) -> None:
    left = reading(text).left
    assert left is not None
    assert (left.function, left.variable, left.indices, left.adjoint) == (function, variable, indices, adjoint)
    assert echo(text) == expected


@pytest.mark.parametrize(("lang", "text", "reason", "caret"), REFUSED)
def test_refused_with_a_caret(lang: str, text: str, reason: str, caret: int) -> None:
    with pytest.raises(ParseError) as caught:
        reading(text, lang)
    assert caught.value.reason.replace("\u00a0", " ").startswith(reason)
    assert caught.value.position == caret


def test_every_refusal_has_a_french_sentence() -> None:
    for lang, text, reason, _ in REFUSED:
        if lang == "en" and not re.search("[0-9],[0-9]", text):  # where a comma is decimal
            with pytest.raises(ParseError) as caught:
                reading(text, "fr")
            assert not caught.value.reason.startswith(reason), text


# -- names settle the reading -----------------------------------------------------------------------------


def heads(text: str, names: list[str], arrays: dict[str, int] | None = None) -> tuple[str, ...]:
    tree = parse(text, names, arrays=arrays or {}).links[0]
    return (tree.head, *(a.head for a in tree.args))


def test_what_is_declared_comes_first() -> None:
    assert heads("x^T", [], {"x": 1}) == ("T", "sym")
    assert heads("x^T", ["T"], {"x": 1}) == ("pow", "sym", "sym")
    assert heads("I x", [], {"x": 1}) == ("mul", "eye", "sym")
    assert heads("I x", ["I"], {"x": 1}) == ("mul", "sym", "sym")
    assert heads("e_1", [], {"e": 1}) == ("index", "sym", "num")
    assert heads("w_1", ["w1"], {"x": 1}) == ("sym",)
    assert heads("w_1", [], {"w": 1}) == ("index", "sym", "num")
    assert heads("Σ_i", [], {"Sigma": 2}) == ("index", "sym", "sym")
    assert heads("δ_i", [], {"delta": 1}) == ("index", "sym", "sym")
    assert heads("δ_{ij}", [], {"delta": 1}) == ("delta", "sym", "sym")
    assert heads("δ_{ij}", [], {"delta": 2}) == ("index", "sym", "sym", "sym")


@pytest.mark.parametrize(("text", "names", "arrays", "reason"), [
    ("x_1", ["x1"], {"x": 1}, r"x_1 can stand for x1 or x\[1\]"),
    ("W_12", [], {"W": None}, r"W_12 can be read with the indices 1,2 or with the one index 12"),
    ("abx", ["ab", "a"], {"bx": 1, "x": 1}, "abx can be read as ab·x or as a·bx|a·bx or as ab·x"),
    ("x[b]", ["b"], {"x": 1}, "these brackets can hold an index or a factor"),
    ("W^{(2)}", [], {"W": 2}, r"W\^\{\(2\)\} can be read as the value numbered 2"),
])
def test_what_cannot_be_settled_is_refused(text: str, names: list[str], arrays: dict[str, int], reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parse(text, names, arrays=arrays)


def test_the_number_of_axes_settles_two_digits() -> None:
    assert show(parse("W_12", arrays={"W": 2}).links[0]) == "W_{1,2}"
    assert show(parse("x_{12}", arrays={"x": 1}).links[0]) == "x_{(12)}"


def test_the_operators_of_a_product_are_kept() -> None:
    tree = reading("A x * y · z ⊙ g").links[0]
    assert (tree.head, tree.value) == ("mul", "j*.o")
    assert reading("2*b·c").links[0].value is None


def test_powers_keep_their_stars() -> None:
    assert [reading(f"x{stars}2").links[0].value for stars in ("^", "**", ".^")] == [None, "**", "**"]
    assert reading("b**2").links[0].value is None


def test_indices_count_from_one_below_and_from_zero_in_brackets() -> None:
    assert [reading(text).links[0].value for text in ("x_1", "x[1]", "x_{i+1}", "x[i+1]")] == ["1", "0", "1", "0"]


def test_an_adjoint_has_its_own_name() -> None:
    left = parse(r"\delta^{[2]} = W^\top g", ["z2"], arrays={"W": 2, "g": 1}, adjoints={"delta2": "z2"}).left
    assert left is not None and (left.variable, left.adjoint) == ("z2", True)


def test_a_text_may_declare_its_names_around_arrays() -> None:
    tree = parse("sum((W x - k y)^2) + x_1", arrays={"W": 2, "x": 1, "y": 1}, declare=True).links[0]
    assert show(tree) == "sum((W x - k y)^2) + x_1"


def test_scalars_know_nothing_of_arrays() -> None:
    names = ["x", "y"]
    assert show(parse("||x| - 1|", names).links[0]) == "abs(|x| - 1)"
    assert parse("x⊙y", names).links[0].value is None
    for text, reason in (("x'", "a prime ' stands after"), ("I", "no name I"), ("x_i", "no name x_i"),
                         ("x^T", "no name T"), ("[x,y]", "',' separates")):
        with pytest.raises(ParseError, match=reason):
            parse(text, names)


@pytest.mark.parametrize(("text", "lang", "expected"), [
    ("ln(0,5)", "fr", "ln(0,5)"), ("max(0,5; x)", "fr", "max(0,5; x)"), ("max(0, x)", "fr", "max(0; x)"),
    ("hypot(3,4)", "fr", "hypot(3; 4)"), ("hypot(0,5, b)", "fr", "hypot(0,5; b)"),
    ("1[x > 0,5]", "fr", "1[x > 0,5]"), ("(0,5; 2)", "fr", "[(0,5); 2]"), ("max(0,5)", "en", "max(0, 5)"),
])
def test_commas_of_arguments_and_numbers(text: str, lang: str, expected: str) -> None:
    assert echo(text, lang) == expected


def test_a_comma_that_may_be_either_is_refused() -> None:
    for text in ("max(0,5, x)", "[1,2; 3,4]", "max(0,5)"):
        with pytest.raises(ParseError, match="les virgules peuvent être ici décimales"):
            reading(text, "fr")


@pytest.mark.parametrize(("text", "expected"), [
    ("W x\n+ b", "W x + b"), ("W x +\nb", "W x + b"), ("b = c\n= k", "b = c = k"), ("(W\nx)", "W x"),
    ("2 x\n", "2 x"), ("\\mathbf{W}\n\\mathbf{x}", "W x"),
])
def test_a_formula_may_go_on_in_the_next_line(text: str, expected: str) -> None:
    assert echo(text) == expected


def test_two_lines_are_no_product() -> None:
    for text in ("W x\ny", "b = c\n(k)"):
        with pytest.raises(ParseError, match="one chain of equalities is read; begin each further line") as caught:
            reading(text)
        assert caught.value.position == text.index("\n") + 1


def test_words_with_accents_are_words() -> None:
    for text in ("Réponse : 2x", "la dérivée est 2x"):
        with pytest.raises(ParseError, match="la lettre 'é' n'entre dans aucun nom\u00a0; donnez la formule seule"):
            reading(text, "fr")


HOSTILE = ["x[1-b+" * 40 + "1" + "]" * 40, "1(" * 2000, "W[" * 2000, "‖" * 1300, "[1,2]+" * 600, "∑_i " * 900,
           "xyzabpguv" * 400, r"\frac12" * 580, r"\begin{cases}" * 50 + "x" + r"\end{cases}" * 50, "if " * 1300,
           "x'" * 2000, "softmax(" * 500, "∏_i x_i " * 400, "(1,2)" * 800, "[" * 70 + "1,2" + "]" * 70, "δ_{ij}" * 500,
           r"{a\over " * 400, r"\left\{\begin{array}{" * 150, "x_{" + "i," * 1500 + "}", "0,5;" * 900, "a=" * 1500]


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("text", HOSTILE)
def test_long_texts_end_in_a_refusal(text: str, lang: str) -> None:
    with pytest.raises((ParseError, LimitExceeded)):
        reading(text, lang)
