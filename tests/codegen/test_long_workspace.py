"""Programs of more than a thousand steps: cut in parts, with one workspace for all of them."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from codegen import Input, Program, Step, load, numpy_source

DIMS = (("N", "x.shape[0]"),)


def layers(count, overflows=False):
    """h = sin(h @ w) again and again, all of it kept for the sum of products that follows in the other order."""
    inputs = (Input("x", "float64[N,8]", ("N", 8)), Input("w", "float64[8,8]", (8, 8)))
    steps = []
    for i in range(count):
        h = f"h{i - 1}" if i else "x"
        steps += [Step(f"z{i}", "{0} @ {1}", (h, "w"), "float64[N,8]", ufunc="np.matmul"),
                  Step(f"h{i}", "np.sin({0})", (f"z{i}",), "float64[N,8]", ufunc="np.sin", overflows=overflows)]
    total = "x"
    for i in reversed(range(count)):
        steps.append(Step(f"g{i}", "{0} * {1}", (total, f"h{i}"), "float64[N,8]", ufunc="np.multiply"))
        steps.append(Step(f"s{i}", "{0} / N", (f"g{i}",), "float64[N,8]"))
        total = f"s{i}"
    steps.append(Step("y", "np.sum({0}, axis=0)", (total,), "float64[8]"))
    return Program("f", inputs, tuple(steps), (total, "y"), False, DIMS)


def expected(x, w, count):
    h, kept, total = x, [], x
    for _ in range(count):
        h = np.sin(h @ w)
        kept.append(h)
    for h in reversed(kept):
        total = total * h / len(x)
    return total, total.sum(axis=0)


def test_parts_share_a_workspace():
    program = layers(300)
    source = numpy_source(program, "fast")
    assert len(program.steps) > 1000 and "def f_part2(v):" in source and "def f_workspace(N):" in source
    assert "    v = [*f_space, *[None] * " in source
    f = load(source, "f")
    rng = np.random.default_rng(0)
    for n in (1, 5, 0, 40, 5):
        x, w = 2 * rng.normal(size=(n, 8)), rng.normal(size=(8, 8))
        for got, want in zip(f(x, w), expected(x, w, 300), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-300)
    assert numpy_source(program, "fast") == source


def test_a_second_call_takes_no_memory_but_for_its_results():
    f = load(numpy_source(layers(300), "fast"), "f")
    x, w = np.ones((2000, 8)), np.full((8, 8), 0.1)
    f(x, w)
    tracemalloc.start()
    f(x, w)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 3 * x.nbytes  # where 300 activations are kept for the way back


def test_what_overflows_is_quiet_and_threads_are_apart():
    f = load(numpy_source(layers(300, overflows=True), "fast"), "f")
    assert "f_steps" in f.__globals__
    rng = np.random.default_rng(1)
    given = [(rng.normal(size=(n, 8)), rng.normal(size=(8, 8))) for n in (3, 50, 9, 1) * 6]
    with ThreadPoolExecutor(4) as pool:
        for (x, w), got in zip(given, pool.map(lambda a: f(*a), given)):
            np.testing.assert_allclose(got[1], expected(x, w, 300)[1], rtol=1e-9, atol=1e-300)


def test_a_long_program_of_numbers_has_none():
    x = Input("x", "float64[N,8]", ("N", 8))
    steps = [Step("m", "np.max({0})", ("x",), "float64[]")]
    steps += [Step(f"n{i}", "{0} * 0.5", (f"n{i - 1}" if i else "m",), "float64[]", ufunc="") for i in range(1200)]
    steps.append(Step("y", "{0} + {1}", ("x", "n1199"), "float64[N,8]", ufunc="np.add"))
    source = numpy_source(Program("f", (x,), tuple(steps), ("y",), True, DIMS), "fast")
    assert "workspace" not in source and "def f_part1(v):" in source
    assert load(source, "f")(np.ones((2, 8)))[0, 0] == 1.0
