"""Arrays over sizes: the very quotients, written into given memory."""

from collections import Counter

import numpy as np
import pytest

from codegen import Input, Program, Step, load, numpy_source
from codegen.quotients import quotients

DIMS = (("N", "x.shape[0]"),)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n", [0, 1, 3, 1001])
def test_the_same_to_the_bit(n, dtype):
    x = Input("x", f"{dtype}[N,40]", ("N", 40))
    steps = (Step("e", "np.exp({0})", ("x",), x.type, ufunc="np.exp"),
             Step("a", "{0} / N", ("e",), x.type), Step("b", "{0} / (40*N + 3)", ("a",), x.type),
             Step("y", "{0} - {1}", ("b", "x"), x.type, ufunc="np.subtract"))
    program = Program("f", (x,), steps, ("y",), True, DIMS)
    source = numpy_source(program, "fast")
    assert "a = np.divide(e, a_size, out=e)" in source and "b = np.divide(a, b_size, out=a)" in source
    value = np.random.default_rng(n).normal(size=(n, 40)).astype(dtype)
    with np.errstate(all="ignore"):
        want = np.exp(value) / n / (40 * n + 3) - value
    got = load(source, "f")(value)
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


def test_what_is_no_array_over_a_size_stays():
    x = Input("x", "float64[N,3]", ("N", 3))
    steps = [Step("i", "{0} / N", ("k",), "float64[N,3]"), Step("s", "{0} / N", ("m",), "float64[]"),
             Step("o", "{0} / M", ("x",), "float64[N,3]"), Step("c", "{0} / 2.5", ("x",), "float64[N,3]"),
             Step("one", "np.ones({N})", (), "float64[N]")]
    program = Program("f", (x, Input("k", "int64[N,3]", ("N", 3)), Input("m", "float64[]")), tuple(steps), ("i",),
                      dims=DIMS)
    log = Counter()
    assert quotients(program, steps, lambda wish: wish, log) == steps and not log


def test_one_number_for_all_quotients_by_a_size():
    x = Input("x", "float64[N,3]", ("N", 3))
    steps = [Step(f"y{i}", "{0} / (3*N)", ("x",), "float64[N,3]") for i in range(4)]
    log = Counter()
    found = quotients(Program("f", (x,), tuple(steps), ("y3",), dims=DIMS), steps, lambda wish: wish, log)
    assert [s.target for s in found] == ["y0_size", "y0", "y1", "y2", "y3"] and log["quotients by sizes"] == 4
