import re

import numpy as np
import pytest

from codegen import Input, Program, Step, check, numpy_source

X = (Input("x", "float64[]"),)


def program(*steps, outputs=("y",), **rest):
    return Program("f", X, tuple(steps), outputs, **rest)


def step(target="y", spelling="-{0}", args=("x",), type_="float64[]", **rest):
    return Step(target, spelling, args, type_, **rest)


REFUSED = [
    (program(step(), step()), "'y' is assigned twice"),
    (program(step("x")), "'x' is assigned twice"),
    (program(step(args=("q",))), "operand 'q' is not defined before it"),
    (program(step("y", args=("z",)), step("z")), "operand 'z' is not defined before it"),
    (program(step(spelling="{0} * {1}")), "2 fields, 1 operands"),
    (program(step(spelling="{1}")), "operands [1] are not 0, 1, ..."),
    (program(step(spelling="np.ones({M})", args=())), "no size 'M'"),
    (program(step(spelling="{0.real}")), "the field '0.real' is neither an operand nor a name"),
    (program(step("lambda")), "'lambda' cannot name a value"),
    (program(step("np")), "'np' cannot name a value"),
    (program(step("y;import os")), "cannot name a value"),
    (program(step(), outputs=("z",)), "output 'z' is not defined"),
    (program(step(), outputs=("y", "x"), single=True), "returns one value, but has 2 outputs"),
    (program(step(type_="float64")), "type 'float64' is not like float64[N,3]"),
    (program(step(alias=True, ufunc="np.negative")), "an alias has a first operand and no ufunc"),
    (program(step("abs"), step("y", "abs({0})")), "a spelling reads 'abs', which here is the name of a value"),
    (program(step(), constants=(("f", np.ones(2)),)), "'f' is assigned twice"),
]


@pytest.mark.parametrize(("refused", "text"), REFUSED, ids=[t for _, t in REFUSED])
def test_check_refuses(refused, text):
    with pytest.raises(ValueError, match=f"^(program f|spelling).*{re.escape(text)}"):
        check(refused)


def test_an_unknown_style_lists_the_known_ones():
    with pytest.raises(ValueError, match="no style 'fsat'; choose from readable, fast"):
        numpy_source(program(step()), "fsat")


def test_a_size_is_no_operand():
    sized = Program("f", (Input("x", "float64[N]", ("N",)),), (step(args=("N",)),), ("y",), dims=(("N", "x.shape[0]"),))
    with pytest.raises(ValueError, match="operand 'N' is not defined before it"):
        check(sized)
