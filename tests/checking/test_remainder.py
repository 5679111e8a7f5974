"""Bumps and windows that samples miss: the remainder of the failed proof leads to a point where the two differ."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

import graphc as G
from graphc.checking.deciding.core import Pool
from graphc.checking.deciding.evaluate import Evaluator, flint
from graphc.checking.deciding.normal import Failed, prove_equal
from graphc.checking.deciding.remainder import climbs
from graphc.checking.reading.parse import parse

BUMPS = {
    "e^(-1000(x-3)^2)": lambda x, y: mpmath.exp(-1000 * (x - 3) ** 2),
    "e^(-10^6*(x-sqrt(2))^2)": lambda x, y: mpmath.exp(-(10**6) * (x - mpmath.sqrt(2)) ** 2),
    "e^(-10^6*((x-7.1)^2 + (y-3.3)^2))": lambda x, y: mpmath.exp(-(10**6) * ((x - 7.1) ** 2 + (y - 3.3) ** 2)),
    "1[(x-7.1)^2 + (y-3.3)^2 < 1/1000]": lambda x, y: mpmath.mpf((x - 7.1) ** 2 + (y - 3.3) ** 2 < 0.001),
    "1[|x-91.23| < 1/1000]*1[|y+4.51| < 1/1000]":
        lambda x, y: mpmath.mpf(abs(x - 91.23) < 0.001 and abs(y + 4.51) < 0.001),
    "max(0, sin(x) - 0.9999999)": lambda x, y: max(mpmath.mpf(0), mpmath.sin(x) - 0.9999999),
}


@pytest.mark.parametrize("bump", BUMPS)
def test_a_bump_is_found(bump: str) -> None:
    x, y = G.inputs("x y")
    found = G.check(f"2xy + {bump}", of=x * x * y, wrt=x)
    assert found.status == "wrong" and found.counterexample is not None
    point = [mpmath.mpf(v.numerator) / v.denominator for v in (found.counterexample.point[n] for n in "xy")]
    assert BUMPS[bump](*point) > 1e-9


def test_the_counterexample_has_few_digits() -> None:
    x = G.input("x")
    found = G.check("2x + e^(-1000(x-3)^2)", of=x * x, wrt=x)
    assert found.counterexample is not None
    assert (found.counterexample.point, found.counterexample.answer) == ({"x": Fraction(3)}, "7")


@pytest.mark.parametrize("pair", [
    ("sin(x)*cos(y)*pi", "1/3"), ("ln(x)*sqrt(y) + atan(x+y)", "x"), ("erf(x/2) + cbrt(y)", "e^(x/3)"),
    ("|x - y|*tanh(x)", "x"), ("asin(x/9)/(1 + y^2)", "y"), ("max(x, y)^3", "min(x, y)")])
def test_a_remainder_is_the_difference(pair: tuple[str, str]) -> None:
    """The polynomial in generators, written as a function again, against both sides by ball arithmetic."""
    pool, failed = Pool(), Failed()
    answer, truth = (pool.lower(parse(text, ["x", "y"]).links[0]) for text in pair)
    assert prove_equal(answer, truth, (), failed=failed) == 0
    [climb] = climbs(failed, pool)
    for x, y in ((Fraction(3, 2), Fraction(1, 3)), (Fraction(1, 7), Fraction(5, 4)), (Fraction(2), Fraction(9, 5))):
        at = {n: flint().fmpq(v.numerator, v.denominator) for n, v in (("x", x), ("y", y))}
        if climb.score({"x": x, "y": y})[0] == 1:  # on the cell
            with flint().ctx.workprec(200):
                values = [Evaluator(at, 200).ball(Evaluator(at, 200).value(c)) for c in (answer, truth, climb.rest)]
                assert abs(values[0] - values[1] - values[2]) < 1e-40
            return
    raise AssertionError("no point on the cell")
