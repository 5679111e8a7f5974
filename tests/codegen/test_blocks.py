"""Loops over blocks: the same values at every size, sums as accurate as pairwise ones, nothing shared, nothing kept."""

import itertools
import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings

import codegen.blocks
from codegen import Input, Program, Step, load, numpy_source
from codegen.loop import BLOCK
from codegen.scales import fewer

from .test_agree import arguments, interpret, programs

DIMS = (("N", "x.shape[0]"),)
FUNCTIONS = {"tanh": np.tanh, "multiply": np.multiply, "add": np.add, "subtract": np.subtract, "divide": np.divide,
             "maximum": np.maximum, "minimum": np.minimum, "square": np.square, "exp": np.exp}
INFIX = {"multiply": "{0} * {1}", "add": "{0} + {1}", "subtract": "{0} - {1}", "divide": "{0} / {1}"}


@pytest.fixture
def small(monkeypatch):
    """Blocks of five elements, and loops of any length."""
    monkeypatch.setattr(codegen.blocks, "BLOCK", 5)
    monkeypatch.setattr(codegen.blocks, "FEW", 1)
    monkeypatch.setattr(codegen.blocks, "MANY", 1)


def step(target, name, *args, type_="float64[N]"):
    spelling = INFIX.get(name) or f"np.{name}({', '.join(f'{{{i}}}' for i in range(len(args)))})"
    return Step(target, spelling, args, type_, ufunc=f"np.{name}")


def total(target, source, kind="sum", dtype="float64"):
    return Step(target, f"np.{kind}({{0}})", (source,), f"{dtype}[]")


def program(steps, outputs, *inputs, dims=DIMS):
    heads = inputs or (Input("x", "float64[N]", ("N",)),)
    return Program("f", heads, tuple(steps), outputs, len(outputs) == 1, dims)


def compiled(*args, **kwargs):
    source = numpy_source(program(*args, **kwargs), "fast")
    return load(source, "f"), source


CHAIN = [step("a", "multiply", "x", "x"), step("b", "tanh", "a"), step("c", "add", "b", "x"),
         step("d", "maximum", "c", "0.5"), total("s", "d"), total("m", "a", "mean"), step("y", "multiply", "d", "b"),
         total("p", "y")]


def by_hand(x):
    a = x * x
    b = np.tanh(a)
    d = np.maximum(b + x, 0.5)
    return d.sum(), a.sum() / np.float64(x.size), d * b, (d * b).sum()


@pytest.mark.parametrize("n", [1, 4, 5, 6, 10, 23])
@pytest.mark.usefixtures("small")
def test_every_size_against_plain_numpy(n):
    f, source = compiled(CHAIN, ("s", "m", "y", "p"))
    assert source.count(" in blocks:") == 1
    x = np.random.default_rng(n).normal(size=2 * n)
    for array in (x[:n], x[::2], x[::-2]):
        for got, want in zip(f(array), by_hand(array)):
            assert np.shape(got) == np.shape(want) and type(got) is type(want)
            np.testing.assert_allclose(got, want, rtol=1e-14)


@pytest.mark.usefixtures("small")
def test_nothing_comes_of_nothing():
    f, _ = compiled(CHAIN, ("s", "y", "p"))
    s, y, p = f(np.empty(0))
    assert (s, p, y.shape) == (0.0, 0.0, (0,))


@pytest.mark.usefixtures("small")
def test_nan_and_infinity_are_what_they_were():
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, 1e300])
    f, _ = compiled([step("a", "minimum", "x", "40.0"), step("b", "maximum", "a", "x"), step("c", "add", "b", "x"),
                     step("d", "maximum", "0.0", "x")], ("b", "c", "d"))
    with np.errstate(all="ignore"):
        for got, want in zip(f(x), (x, x + x, np.maximum(0.0, x))):
            np.testing.assert_array_equal(got, want)


@pytest.mark.usefixtures("small")
def test_rows_and_columns_and_flat_arrays():
    matrix = "float64[N,3]"
    steps = [step("a", "multiply", "x", "r", type_=matrix), step("b", "add", "a", "k", type_=matrix),
             step("c", "tanh", "b", type_=matrix), step("d", "multiply", "c", "c", type_=matrix), total("s", "d"),
             step("e", "multiply", "x", "2.0", type_=matrix)]
    inputs = Input("x", matrix, ("N", 3)), Input("r", "float64[3]", (3,)), Input("k", "float64[N,1]", ("N", 1))
    f, source = compiled(steps, ("c", "s"), *inputs)
    assert "-1)" not in source.split("for i0")[1]  # in rows
    g, flat = compiled([step("a", "multiply", "x", "x", type_=matrix), step("b", "tanh", "a", type_=matrix)], ("b",),
                       inputs[0])
    assert "x_flat" in flat
    rng = np.random.default_rng(0)
    for n in (1, 2, 7):
        x, r, k = rng.normal(size=(2 * n, 3)), rng.normal(size=3), rng.normal(size=(n, 1))
        for array in (x[:n], x[::2], np.asfortranarray(x[:n])):
            c = np.tanh(array * r + k)
            got = f(array, r, k)
            np.testing.assert_allclose(got[0], c, rtol=1e-14)
            np.testing.assert_allclose(got[1], (c * c).sum(), rtol=1e-14)
            np.testing.assert_allclose(g(array), np.tanh(array * array), rtol=1e-14)


@pytest.mark.usefixtures("small")
def test_threads_and_sizes_have_blocks_of_their_own():
    f, _ = compiled(CHAIN, ("s", "m", "y", "p"))
    rng = np.random.default_rng(1)
    arrays = [rng.normal(size=n) for n in (1, 3, 5, 11, 40, 700) * 20]
    with ThreadPoolExecutor(4) as pool:
        for x, results in zip(arrays, pool.map(f, arrays)):
            for got, want in zip(results, by_hand(x)):
                np.testing.assert_allclose(got, want, rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(programs())
def test_random_programs_in_tiny_blocks(program):
    kept = codegen.blocks.BLOCK, codegen.blocks.FEW, codegen.blocks.MANY
    codegen.blocks.BLOCK, codegen.blocks.FEW, codegen.blocks.MANY = 5, 1, 1
    try:
        function = load(numpy_source(program, "fast", small=1), "f")
    finally:
        codegen.blocks.BLOCK, codegen.blocks.FEW, codegen.blocks.MANY = kept
    args = arguments()
    before, expected = [a.copy() for a in args], interpret(program, args)
    for _ in range(2):
        results = function(*args)
        for got, want in zip(results, expected):
            np.testing.assert_allclose(got, want, rtol=1e-15)
        arrays = [r for r in results if isinstance(r, np.ndarray)]
        assert not any(np.shares_memory(a, b) for a, b in itertools.combinations([*arrays, *args], 2))
        for a in arrays:
            a[...] = 7.0
    assert all(a.tobytes() == b.tobytes() for a, b in zip(args, before))


# -- what becomes a loop -----------------------------------------------------------------------------------


def test_small_arrays_and_short_runs_are_no_loops():
    assert "blocks" not in compiled(CHAIN, ("s", "m", "y", "p"))[1]  # of unknown size, and short

    def chain(size):
        steps = [step("a0", "tanh", "x", type_=f"float64[{size}]")]
        steps += [step(f"a{i}", "add", f"a{i - 1}", "x", type_=f"float64[{size}]") for i in range(1, 4)]
        return compiled(steps, ("a3",), Input("x", f"float64[{size}]", (size,)), dims=())[1]

    assert "blocks" not in chain(BLOCK)
    assert "blocks" in chain(BLOCK + 1)


def test_a_long_run_of_unknown_size_is_one_loop_in_few_buffers():
    steps = [step("a0", "tanh", "x")]
    steps += [step(f"a{i}", "add", f"a{i - 1}", "x") for i in range(1, 30)]
    f, source = compiled(steps, ("a29",))
    assert source.count(" in blocks:") == 1 and source.count("np.empty((block,))") == 1
    assert "a29_array[part])" in source  # straight into the result
    x = np.random.default_rng(0).normal(size=2 * BLOCK + 12345)
    want = np.tanh(x)
    for _ in range(29):
        want = want + x
    np.testing.assert_array_equal(f(x), want)


def test_a_size_may_have_the_name_of_what_a_loop_calls():
    for size in ("n", "start", "rows", "part", "block", "range", "min"):
        type_ = f"float64[{size}]"
        steps = [step("a0", "tanh", "x", type_=type_)]
        steps += [step(f"a{i}", "add", f"a{i - 1}", "x", type_=type_) for i in range(1, 15)]
        f, source = compiled(steps, ("a14",), Input("x", type_, (size,)), dims=((size, "x.shape[0]"),))
        assert ("blocks" in source) is (size not in ("range", "min"))
        np.testing.assert_allclose(f(np.ones(BLOCK + 3)), np.tanh(1) + 14)


def test_products_want_whole_arrays():
    matrix = "float64[N,500]"
    steps = [step("a0", "tanh", "x", type_=matrix)]
    steps += [step(f"a{i}", "add", f"a{i - 1}", "x", type_=matrix) for i in range(1, 15)]
    steps += [Step("w", "{0}.T", ("a14",), "float64[500,N]", alias=True),
              Step("p", "{0} @ {1}", ("w", "a14"), "float64[500,500]", ufunc="np.matmul"), total("s", "a14")]
    f, source = compiled(steps, ("p", "s"), Input("x", matrix, ("N", 500)))
    lines = source.splitlines()
    assert any(line.startswith("    p = dot(") for line in lines) and source.count(" in blocks:") == 1
    x = np.random.default_rng(0).normal(size=(300, 500))
    a = np.tanh(x) + 14 * x
    for _ in range(2):
        p, s = f(x)
        np.testing.assert_allclose(p, a.T @ a, rtol=1e-12, atol=1e-9)
        np.testing.assert_allclose(s, a.sum(), rtol=1e-9)


@pytest.mark.usefixtures("small")
def test_a_slope_is_made_where_its_activation_is():
    """tanh is needed for y and for its slope; only the slope passes to the second loop, past the sort."""
    steps = [step("a", "multiply", "x", "x"), step("t", "tanh", "a"), step("u", "add", "t", "a"),
             Step("z", "np.sort({0})", ("u",), "float64[N]"), step("q", "square", "t"), step("v", "multiply", "q", "a"),
             step("w", "subtract", "v", "t"), step("g", "multiply", "z", "w"), step("h", "add", "g", "z"),
             step("y", "multiply", "h", "h")]
    f, source = compiled(steps, ("y",))
    first, second = source.split(" in blocks:")[1].split(" in blocks0:")
    assert "w_block = subtract(" in first and "t_array" not in source and "w_block" in second
    x = np.random.default_rng(3).normal(size=13)
    a = x * x
    z = np.sort(np.tanh(a) + a)
    np.testing.assert_allclose(f(x), (z * (np.tanh(a) ** 2 * a - np.tanh(a)) + z) ** 2, rtol=1e-13)


@pytest.mark.usefixtures("small")
def test_what_reads_a_total_comes_after_the_loop():
    steps = [step("a", "multiply", "x", "x"), total("m", "a", "mean"), step("y", "multiply", "m", "a"), total("n", "x"),
             step("z", "add", "n", "x"), step("w", "add", "z", "y")]
    f, _ = compiled(steps, ("w",))
    x = np.random.default_rng(4).normal(size=13)
    np.testing.assert_allclose(f(x), np.mean(x * x) * x * x + x.sum() + x, rtol=1e-13)


# -- sums --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n", [4095, 4097, 300_000])
def test_sums_and_dots_are_as_accurate_as_pairwise_sums(dtype, n):
    """Against exact sums: of products that BLAS alone adds 30 times less accurately, and of terms that cancel."""
    type_ = f"{dtype}[N]"
    steps = [step(f"a{i}", "maximum", "x" if i == 0 else f"a{i - 1}", "x", type_=type_) for i in range(14)]
    steps += [step("q", "multiply", "a13", "w", type_=type_), total("p", "q", dtype=dtype),
              total("s", "a13", dtype=dtype)]
    f, source = compiled(steps, ("p", "s"), Input("x", type_, ("N",)), Input("w", type_, ("N",)))
    assert "pairwise_dot(a13, w_block)" in source
    eps, rng = float(np.finfo(dtype).eps), np.random.default_rng(n)
    big = rng.normal(size=n // 2) * 10.0 ** rng.integers(-6, 7, size=n // 2)
    cases = [np.full(n, 0.17), rng.random(n), np.concatenate([big, -big[::-1], np.full(n % 2, 1e-3)])]
    for values in cases:
        x, w = values.astype(dtype), (np.full(n, 1.1) if values is cases[0] else rng.random(n)).astype(dtype)
        p, s = f(x, w)
        wide = x.astype(float), w.astype(float)
        magnitude = math.fsum(np.abs(wide[0]))
        assert abs(float(s) - math.fsum(wide[0])) <= 4 * eps * magnitude
        # A row of 4096 in 32 partial sums or more, and pairs of these.
        assert abs(float(p) - math.fsum(wide[0] * wide[1])) <= 24 * eps * math.fsum(np.abs(wide[0] * wide[1]))


# -- fewer steps ---------------------------------------------------------------------------------------------


def names():
    count = itertools.count()
    return lambda wish: f"{wish}{next(count)}"


def reduced(steps, outs, types=None):
    """What `fewer` leaves, by ufunc or spelling."""
    known = {"x": "float64[N]", "w": "float64[N]", **(types or {}), **{s.target: s.type for s in steps}}
    left, numbers = fewer(steps, set(outs), ["N"], known, names())
    return Counter(s.ufunc or s.spelling for s in left), left, numbers


def over(target, source, size="N"):
    return Step(target, f"{{0}} / {size}", (source,), "float64[N]")


def test_numbers_are_multiplied_in_once():
    steps = [over("a", "x"), over("b", "w"), step("c", "multiply", "2.0", "a"), step("d", "multiply", "b", "2.0"),
             step("e", "add", "c", "d"), step("y", "multiply", "e", "x")]
    count, left, numbers = reduced(steps, ["y"])
    assert count == {"np.add": 1, "np.multiply": 2} and left[-1].target == "y"
    assert [n.spelling for n in numbers] == ["np.float64(1.0) * 2.0 / np.maximum(N, 1)"]


def test_numbers_stay_where_moving_them_gains_nothing():
    unequal = [over("a", "x"), step("y", "add", "a", "w")]
    assert reduced(unequal, ["y"])[0] == {"np.divide": 1, "np.add": 1}
    # A size that the loop does not run over may be 0 where the arrays are not empty.
    other = [over("a", "x", "M"), over("b", "w", "M"), step("y", "add", "a", "b")]
    assert reduced(other, ["y"])[0] == {"np.divide": 2, "np.add": 1}
    huge = [step("a", "multiply", "x", "1e300"), step("b", "multiply", "w", "1e300"), step("y", "add", "a", "b")]
    assert reduced(huge, ["y"])[0] == {"np.multiply": 2, "np.add": 1}


def test_equal_products_of_bounded_factors_are_computed_once():
    bounded = [step("s", "tanh", "x"), step("t", "tanh", "w")]
    steps = [step("u", "square", "t"), step("v", "subtract", "1.0", "u"), step("st", "multiply", "s", "t"),
             step("tv", "multiply", "t", "v"), step("a", "multiply", "s", "tv"), step("b", "multiply", "st", "v"),
             step("y", "add", "a", "b")]
    assert reduced([*bounded, *steps], ["y"])[0]["np.multiply"] == 2
    # Without a bound another order may overflow.
    free = [step("s", "exp", "x"), step("t", "exp", "w")]
    assert reduced([*free, *steps], ["y"])[0]["np.multiply"] == 4


def test_the_sum_of_a_product_is_a_scalar_product_if_nobody_else_reads_it():
    p, s = step("p", "multiply", "x", "w"), Step("s", "np.add.reduce({0}, axis=None)", ("p",), "float64[]")
    assert reduced([p, s], [])[0] == {"np.dot({0}, {1})": 1}
    assert reduced([p, s], ["p"])[0] == {"np.multiply": 1, "np.add.reduce({0}, axis=None)": 1}
    row = step("p", "multiply", "x", "r")
    assert reduced([row, s], [], {"r": "float64[]"})[0] == {"np.multiply": 1, "np.add.reduce({0}, axis=None)": 1}
