"""The reader: what it reads, echoed back, and what it refuses, with a caret."""

from __future__ import annotations

import pytest

from graphc.checking.reading.parse import parse
from graphc.checking.reading.tree import show
from graphc.errors import ParseError

NAMES = ["x", "x1", "x2", "w1", "w3", "b", "y", "z", "y_hat"]


def read(text: str, lang: str = "en", names: list[str] | None = None) -> str:
    reading = parse(text, NAMES if names is None else names, lang=lang)
    return " = ".join(show(link, lang) for link in reading.links)


READ = [
    ("2x", "2·x"),
    ("w1x1", "w1·x1"),
    ("w_1·x₁", "w1·x1"),
    ("w_{1}x_{1}", "w1·x1"),
    ("x(1-x)", "x·(1 - x)"),
    ("w3(x1+x2)1[z>0]", "w3·(x1 + x2)·1[z > 0]"),
    ("w3*(x1+x2)*1{z>0}", "w3·(x1 + x2)·1[z > 0]"),
    ("w3 (x1+x2) [z>0]", "w3·(x1 + x2)·1[z > 0]"),
    ("w3(x1+x2)1(z>0)", "w3·(x1 + x2)·1[z > 0]"),
    ("w3*(z>0)", "w3·1[z > 0]"),
    ("1_{z>0}", "1[z > 0]"),
    ("x/1[z>0]", "x/1[z > 0]"),
    ("x/1{z>0}y", "x/1[z > 0]·y"),
    ("x^1(z>0)", "x^1[z > 0]"),
    ("1(x+y)", "1·(x + y)"),
    ("𝟙[z≥0]", "1[z ≥ 0]"),
    ("1[z=0]", "1[z = 0]"),
    ("0<z<1", "1[0 < z and z < 1]"),
    ("1[z>0 and not x>1]", "1[z > 0 and not x > 1]"),
    ("H(z)", "step(z)"),
    ("max(0,z)", "max(0, z)"),
    ("where(z>0, x, 0)", "where(z > 0, x, 0)"),
    ("if(z>0; x; 0)", "where(z > 0, x, 0)"),
    ("Piecewise((x, z > 0), (y, True))", "where(z > 0, x, y)"),
    ("Piecewise((x, (z > 0) & (x < 1)), (y, True))", "where(z > 0 and x < 1, x, y)"),
    ("relu'(z)", "ReLU'(z)"),
    ("ReLU'(z)", "ReLU'(z)"),
    ("σ'(z)", "σ'(z)"),
    ("sigmoid'(z)²", "σ'(z)^2"),
    ("|x| + |x-1|", "|x| + |x - 1|"),
    ("√x y", "√(x)·y"),
    ("√(x+1)", "√(x + 1)"),
    ("e^x", "e^x"),
    ("ln 2x + 1", "ln(2·x) + 1"),
    ("sin x cos x", "sin(x)·cos(x)"),
    ("sin²(x)", "sin(x)^2"),
    ("x**2", "x^2"),
    ("x²", "x^2"),
    ("x⁻¹", "x^(-1)"),
    ("x^2^3", "x^2^3"),
    ("-x^2", "-x^2"),
    ("2^-x", "2^(-x)"),
    ("2*-x*y", "2·(-x)·y"),
    ("x − 1", "x - 1"),
    ("2×x ÷ y", "2·x/y"),
    ("x-(y-z)", "x - (y - z)"),
    ("x/(y*z)", "x/(y·z)"),
    ("ŷ - y", "y_hat - y"),
    ("[x+1]*2", "(x + 1)·2"),
    ("xsin(x)", "x·sin(x)"),
    ("½x", "0.5·x"),
    (".5x", "0.5·x"),
    ("1e-3", "0.001"),
    ("2e-3x", "2·e - 3·x"),
    ("w3x1 = x1w3", "w3·x1 = x1·w3"),
]


@pytest.mark.parametrize(("text", "echo"), READ)
def test_reading_is_echoed(text: str, echo: str) -> None:
    assert read(text) == echo


@pytest.mark.parametrize(("text", "echo"), READ)
def test_an_echo_reads_as_itself(text: str, echo: str) -> None:
    assert read(echo) == echo


@pytest.mark.parametrize(("text", "echo"), [
    ("0,5x", "0,5·x"),
    ("max(0,5;z)", "max(0,5; z)"),
    ("max(0,z)", "max(0; z)"),
    ("max(0,5)", "max(0; 5)"),
    ("exp(0,5x)", "exp(0,5·x)"),
    ("max(0,(0,5))", "max(0; 0,5)"),
    ("1[z>0 et x>0]", "1[z > 0 et x > 0]"),
])
def test_french(text: str, echo: str) -> None:
    assert read(text, "fr") == echo


def test_declared_names_settle_the_reading() -> None:
    assert read("ab", names=["a", "b"]) == "a·b"
    assert read("ab", names=["a", "b", "ab"]) == "ab"
    assert read("e", names=["e"]) == "e" and parse("e", ["e"]).links[0].head == "sym"
    assert parse("e", []).links[0].head == "const"
    assert parse("sigma(x)", ["sigma", "x"]).links[0].head == "mul"
    assert parse("sigma'(x)", ["sigma", "x"]).links[0].head == "prime"
    assert parse("H", ["H"]).links[0].head == "sym"


REFUSED = [
    ("y2", "no name y2 in this question; the names are x, x1"),
    ("foo(x)", "no function foo; the functions are abs"),
    ("x 2", "an operator is missing before the number 2"),
    ("x,y", "',' separates the arguments of a function"),
    ("(x", r"this '\(' is never closed; '\)' would fit before the end"),
    ("x)", r"an operator .* or the end would fit here, not '\)'"),
    ("x+*y", r"a number, a name or a bracket would fit here, not '\*'"),
    ("x**", "would fit here, not the end"),
    ("x!", "'!' is not read here"),
    ("{x:1}", "':' has no meaning here"),
    ("x.y", "'.' stands inside a decimal number only"),
    ("max(1)", "max takes 2 arguments or more, got 1"),
    ("sin^-1(x)", r"sin\^-1 can mean 1/sin or its inverse function"),
    ("relu", r"relu is a function; give its argument in brackets: relu\(z\)"),
    ("x'", "a prime ' stands after the name of a function"),
    ("where(x, 1, 2)", "a condition such as z > 0 would fit here"),
    ("Piecewise(x, y)", r"would fit here, not 'x'"),
    ("Piecewise((x, y))", "a condition such as"),
    ("hypot'(x)", "the derivative hypot' is not known here"),
    ("2 + ∂x", "∂ is read on the left of an equals sign"),
    ("", "nothing to read"),
    ("x=", "nothing stands after the equals sign"),
    ("x;y", "';' separates the arguments of a function only"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_refusals_say_what_would_fit(text: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        read(text)


def test_caret_stands_under_the_character() -> None:
    with pytest.raises(ParseError) as caught:
        read("w1 + * x")
    assert caught.value.position == 5
    assert str(caught.value).endswith("  w1 + * x\n       ^")


def test_runs_that_can_be_cut_in_two_ways_are_refused() -> None:
    with pytest.raises(ParseError, match=r"abc can be read as .*; write the product with"):
        read("abc", names=["ab", "c", "a", "bc"])


def test_a_name_with_two_owners_is_refused() -> None:
    assert read("w1 + w_1", names=["w1", "w_1"]) == "w1 + w_1"
    with pytest.raises(ParseError, match="w₁ can stand for w1 or w_1"):
        read("w₁", names=["w1", "w_1"])


@pytest.mark.parametrize(("text", "function", "variable"), [
    ("df/dw1 = x", "f", "w1"),
    ("∂f/∂w1 = x", "f", "w1"),
    ("d/dw1 f = x", "f", "w1"),
    ("(df)/(dx) = x", "f", "x"),
    ("f'(x) = x", "f", "x"),
    ("dw1 = x", None, "w1"),
    ("∇f = x", "f", None),
    ("g = x", None, None),
])
def test_left_sides(text: str, function: str | None, variable: str | None) -> None:
    reading = parse(text, NAMES)
    assert reading.left is not None and len(reading.links) == 1
    assert (reading.left.function, reading.left.variable) == (function, variable)


def test_a_declared_name_on_the_left_is_a_link() -> None:
    reading = parse("x = y", NAMES)
    assert reading.left is None and len(reading.links) == 2


def test_division_by_an_unwritten_product_is_flagged() -> None:
    assert parse("1/2x", NAMES).flags == {"ambiguous_division"}
    assert parse("1/2*x", NAMES).flags == parse("(1/2)x", NAMES).flags == frozenset()


def test_numbers_are_exact() -> None:
    number = parse("0.1 + 0.2", []).links[0].number
    assert number is not None and (number.numerator, number.denominator) == (3, 10)
