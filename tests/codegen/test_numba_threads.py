"""Long kernels in several threads: one result to the last bit, whatever the number of threads, and after a fork."""

import math
import os
import subprocess
import sys
import threading
from importlib.util import find_spec
from itertools import pairwise
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from codegen import Input, Program, Step, check, load, numba_call, numpy_source
from codegen.numba_source import numba_program

HERE = find_spec("numba") is not None
LONG = 40_000 if HERE else 17_000  # the loop as plain Python is slow


@pytest.fixture(autouse=True)
def every_size_is_long(monkeypatch):
    monkeypatch.setattr(numba_call, "ENOUGH", 1)
    if not HERE:
        stand_in = ModuleType("numba")
        stand_in.njit = lambda *args, **options: args[0] if args else lambda function: function
        stand_in.config = SimpleNamespace(NUMBA_NUM_THREADS=2)
        monkeypatch.setitem(sys.modules, "numba", stand_in)


def made(steps, outputs, **inputs):
    given = tuple(Input(name, type_) for name, type_ in inputs.items())
    p = numba_program(Program("f", given, tuple(steps), tuple(outputs)))
    check(p)
    source = numpy_source(p, "readable")
    assert source.count("in_threads(") == 2  # defined, and called by the one kernel
    return load(source, "f")


def with_threads(f, count, *args):
    """The results, and in how many parts the region was computed."""
    space, parts = f.__globals__, []
    whole = space["in_threads"]
    space["config"] = SimpleNamespace(NUMBA_NUM_THREADS=count)
    space["in_threads"] = lambda size, unit, most, work: whole(
        size, unit, most, lambda low, high: (parts.append((low, high)), work(low, high)))
    try:
        results = f(*args)
    finally:
        space["in_threads"] = whole
    covered = sorted(parts)
    assert all(a[1] == b[0] for a, b in pairwise(covered)) and (not parts or covered[0][0] == 0)
    return results, len(parts)


def chain(shape, dtype="float64", row="", mean=True):
    """u = x*y, v = u - 0.25 and sums of v: over all, a mean, and over the first axis where `row` has the others."""
    def step(target, spelling, *args, shape=shape):
        return Step(target, spelling, args, f"{dtype}[{shape}]")

    steps = [step("u", "{0} * {1}", "x", "y"), step("v", "{0} - {1}", "u", "0.25")]
    steps += [step("s", "np.sum({0})", "v", shape=""), step("m", "np.mean({0})", "u", shape="")] if mean else []
    steps += [step("c", "np.sum({0}, axis=0)", "v", shape=row)] if row else []
    return steps, [s.target for s in steps[1:]]


CASES = {
    "a vector": ("N", (LONG,), "N", ""),
    "rows that share a row": ("N,M", (300, 70), "M", ""),
    "long rows": ("N,M", (67, 600), "M", ""),
    "a matrix in one loop": ("N,7", (20_000, 7), "N,7", ""),
    "sums of columns": ("N,M", (700, 33), "N,M", "M"),
    "sums of columns, a shared row": ("N,M", (513, 40), "M", "M"),
    "three axes": ("B,N,M", (40, 9, 70), "N,1", ""),
    "one row": ("N,M", (1, 3000), "M", "M"),
    "two axes in one loop before a shared row": ("B,N,M", (70, 5, 60), "M", ""),
}


@pytest.mark.parametrize("case, dtype", [*((case, "float64") for case in CASES), ("a vector", "float32"),
                                         ("sums of columns", "float32")])
def test_the_number_of_threads_changes_no_bit(case, dtype):
    shape, size, row, columns = CASES[case]
    steps, outputs = chain(shape, dtype, columns)
    f = made(steps, outputs, x=f"{dtype}[{shape}]", y=f"{dtype}[{row}]")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=size).astype(dtype), None
    sizes = dict(zip(shape.split(","), size))
    y = rng.normal(size=[int(sizes.get(n, n)) for n in row.split(",")]).astype(dtype)
    one, parts = with_threads(f, 1, x, y)
    assert parts == 1
    most = 1
    for count in (2, 3, 7):
        many, parts = with_threads(f, count, x, y)
        most = max(most, parts)
        for a, b in zip(one, many):
            np.testing.assert_array_equal(a, b)
    assert most > 1 or case == "one row"
    found = dict(zip(outputs, one))
    np.testing.assert_array_equal(found["v"], x * y - np.asarray(0.25, dtype))
    exact = math.fsum(found["v"].ravel().tolist())
    bound = 8 * np.finfo(dtype).eps * math.fsum(abs(found["v"]).ravel().tolist())
    assert abs(float(found["s"]) - exact) <= bound
    products = (x.astype("float64") * y).ravel()
    assert abs(float(found["m"]) - math.fsum(products) / x.size) <= 8 * np.finfo(dtype).eps * np.mean(abs(products))
    if columns:
        wide = found["v"].astype("float64")
        assert np.all(abs(found["c"] - wide.sum(axis=0)) <= 140 * np.finfo(dtype).eps * abs(wide).sum(axis=0))


@pytest.mark.parametrize("size", [0, 1, 8191, 8192, 8193, 16384])
def test_sizes_around_a_piece(size):
    f = made(*chain("N"), x="float64[N]", y="float64[]")
    x = np.arange(float(size))
    (v, s, m), _ = with_threads(f, 4, x, np.float64(2.0))
    assert v.tolist() == (2 * x - 0.25).tolist() and s == math.fsum(2 * x - 0.25)
    assert m == math.fsum(2 * x) / size if size else np.isnan(m)


@pytest.mark.parametrize("layout", ["reversed", "strided", "F"])
def test_parts_of_what_does_not_lie_in_order(layout):
    f = made(*chain("N,M", mean=False), x="float64[N,M]", y="float64[M]")
    x = np.arange(400.0).reshape(50, 8)
    x = {"reversed": x[::-1], "strided": np.repeat(x, 2, axis=0)[::2], "F": np.asfortranarray(x)}[layout]
    (v,), parts = with_threads(f, 3, x, np.arange(8.0))
    assert parts == 3
    np.testing.assert_array_equal(v, x * np.arange(8.0) - 0.25)


def test_sums_of_what_is_not_finite_in_any_part():
    f = made(*chain("N"), x="float64[N]", y="float64[]")
    x = np.zeros(LONG)
    x[-1] = np.inf
    assert with_threads(f, 2, x, np.float64(1.0))[0][1] == np.inf
    x[0] = -np.inf
    assert np.isnan(with_threads(f, 2, x, np.float64(1.0))[0][1])
    x[5] = np.nan
    assert np.isnan(with_threads(f, 2, x, np.float64(1.0))[0][1])


def test_many_callers_at_once_share_the_threads():
    f = made(*chain("N"), x="float64[N]", y="float64[]")
    f.__globals__["config"] = SimpleNamespace(NUMBA_NUM_THREADS=3)
    wrong = []

    def work(k):
        x = np.full(LONG, float(k))
        for _ in range(20 if HERE else 2):
            v, s, m = f(x, np.float64(1.0))
            wrong.extend([k] * (not (np.all(v == k - 0.25) and s == LONG * (k - 0.25) and m == k)))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong and len(f.__globals__["workers"]) == 1


FORK = """
import os
from types import SimpleNamespace
import numpy as np
from codegen import Input, Program, Step, load, numba_call, numpy_source
from codegen.numba_source import numba_program

numba_call.ENOUGH = 1
steps = (Step("u", "np.square({0})", ("x",), "float64[N]"), Step("v", "{0} + {1}", ("u", "1.0"), "float64[N]"))
f = load(numpy_source(numba_program(Program("f", (Input("x", "float64[N]"),), steps, ("v",), True))), "f")
f.__globals__["config"] = SimpleNamespace(NUMBA_NUM_THREADS=2)
x = np.arange(1000.0)
assert np.array_equal(f(x), x * x + 1)
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(f(x), x * x + 1) and len(f.__globals__["workers"]) == 2 else 3)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_process_has_threads_of_its_own():
    if HERE and hasattr(os, "fork"):
        code = f"import sys; sys.path = {sys.path!r}\n{FORK}"
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60,
                              check=False)
        assert done.returncode == 0, done.stderr


def test_an_error_in_one_part_is_raised():
    f = made(*chain("N"), x="float64[N]", y="float64[]")

    def fails(low, high):
        if low:
            raise ZeroDivisionError(low)

    f.__globals__["config"] = SimpleNamespace(NUMBA_NUM_THREADS=2)
    with pytest.raises(ZeroDivisionError, match="50"):
        f.__globals__["in_threads"](100, 1, 9, fails)


def test_threads_are_as_many_as_there_is_work_for():
    f = made(*chain("N"), x="float64[N]", y="float64[]")
    f.__globals__["config"] = SimpleNamespace(NUMBA_NUM_THREADS=8)

    def parts(size, unit, most):
        found = []
        f.__globals__["in_threads"](size, unit, most, lambda low, high: found.append((low, high)))
        return sorted(found)

    assert parts(90, 1, 1) == [(0, 90)]
    assert parts(90, 1, 3) == [(0, 30), (30, 60), (60, 90)]
    assert parts(90, 40, 50) == [(0, 40), (40, 80), (80, 90)]


def test_where_no_thread_can_be_started_the_caller_does_all():
    class Ending:
        def submit(self, *work):
            raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    f = made(*chain("N"), x="float64[N]", y="float64[]")
    f.__globals__["config"] = SimpleNamespace(NUMBA_NUM_THREADS=2)
    f.__globals__["workers"][os.getpid()] = Ending()
    v, s, _ = f(np.ones(LONG), np.float64(1.0))
    assert np.all(v == 0.75) and s == 0.75 * LONG


def test_a_region_known_to_be_short_has_no_threads(monkeypatch):
    monkeypatch.setattr(numba_call, "ENOUGH", 250_000)
    for size, expected in (("8", False), ("9999999", True), ("N", True)):
        steps, outputs = chain(size)
        p = numba_program(Program("f", (Input("x", f"float64[{size}]"), Input("y", "float64[]")), tuple(steps),
                                  tuple(outputs)))
        assert ("in_threads" in numpy_source(p)) == expected
