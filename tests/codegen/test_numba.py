"""Kernels for numba: regions, text, results, and the error of our own elementary functions in ulp.

Where numba is not installed the kernels run as the plain Python that they are, so that every test asserts the same.
"""

import math
import sys
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace

import mpmath
import numpy as np
import pytest

from codegen import Input, Program, Step, check, load, numpy_source
from codegen import numba_math as own
from codegen.fuse import regions
from codegen.numba_source import numba_program

HERE = find_spec("numba") is not None


def plain(*args, **options):
    """njit of a machine without numba: the function as it stands, its floating-point warnings off."""

    def quiet(function):
        def call(*values):
            with np.errstate(all="ignore"):
                return function(*values)

        return call

    return quiet(args[0]) if args else quiet


@pytest.fixture(autouse=True)
def numba_or_plain(monkeypatch):
    if not HERE:
        stand_in = ModuleType("numba")
        stand_in.njit, stand_in.config = plain, SimpleNamespace(NUMBA_NUM_THREADS=2)
        monkeypatch.setitem(sys.modules, "numba", stand_in)


def f64(target, spelling, *args, shape="N", dtype="float64", **more):
    return Step(target, spelling, args, f"{dtype}[{shape}]", **more)


def program(steps, outputs, **inputs):
    given = tuple(Input(name, type_) for name, type_ in inputs.items())
    return Program("f", given, tuple(steps), tuple(outputs), len(outputs) == 1)


def kernels(p):
    return [name for name, _ in p.helpers if name.startswith("fused") and not name.endswith("_loop")]


def run(p, *args, fused=True):
    p = numba_program(p) if fused else p
    check(p)
    with np.errstate(all="ignore"):
        return load(numpy_source(p, "readable"), "f")(*args)


# -- regions -------------------------------------------------------------------------------------------


def test_a_path_that_leaves_the_loop_parts_it():
    steps = [f64("a", "-{0}", "x"), f64("s", "np.sort({0})", "a"), f64("b", "{0} + {1}", "a", "s"),
             f64("c", "{0} * {1}", "b", "a")]
    assert regions(steps, ["N", "", "N", "N"], [False] * 4, 9) == [[0], [1], [2, 3]]


def test_steps_go_to_the_loop_of_their_reader():
    # 1 - y*y is for the gradient, which comes after the sort.
    steps = [f64("y", "np.tanh({0})", "x"), f64("q", "{0} * {0}", "y"), f64("d", "{1} - {0}", "q", "1.0"),
             f64("s", "np.sort({0})", "y"), f64("g", "{0} * {1}", "s", "d")]
    assert regions(steps, ["N", "N", "N", "", "N"], [False] * 5, 9) == [[0], [3], [1, 2, 4]]


def test_a_sum_ends_the_loop_of_its_operand():
    steps = [f64("y", "np.tanh({0})", "x"), f64("s", "np.sum({0})", "y", shape=""), f64("z", "{0} * {1}", "y", "s")]
    assert regions(steps, ["N", "N", "N"], [False, True, False], 9) == [[0, 1], [2]]


def test_steps_that_share_nothing_share_no_loop():
    steps = [f64("a", "-{0}", "x"), f64("b", "-{0}", "y"), f64("c", "-{0}", "a"), f64("d", "-{0}", "b")]
    assert regions(steps, ["N"] * 4, [False] * 4, 9) == [[0, 2], [1, 3]]


def test_a_long_run_is_cut_and_any_order_can_run():
    steps = [f64(f"t{i}", "-{0}", f"t{i - 1}" if i else "x") for i in range(10)]
    assert regions(steps, ["N"] * 10, [False] * 10, 4) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


@pytest.mark.parametrize("seed", range(20))
def test_random_programs_keep_every_step_and_read_what_is_there(seed):
    rng = np.random.default_rng(seed)
    steps, keys, tails = [], [], []
    for i in range(60):
        args = [f"t{j}" for j in rng.integers(0, i, min(i, 2))] or ["x"]
        steps.append(f64(f"t{i}", "", *args))
        keys.append(("", "N", "N", "M")[rng.integers(4)])
        tails.append(bool(keys[-1]) and rng.random() < 0.2)
    parts = regions(steps, keys, tails, 7)
    assert sorted(i for part in parts for i in part) == list(range(60))
    done = {"x"}
    for part in parts:
        made = {steps[i].target for i in part}
        for i in part:
            assert set(steps[i].args) <= done | {steps[j].target for j in part if j < i}
        assert len({keys[i] for i in part}) == 1 and (len(part) == 1 or keys[part[0]])
        assert sum(not tails[i] for i in part) <= 7
        done |= made


# -- programs ------------------------------------------------------------------------------------------


def layers(count):
    steps = []
    for i in range(count):
        steps += [f64(f"z{i}", "{0} @ {1}", f"h{i - 1}" if i else "x", "W", shape="N,3"),
                  f64(f"a{i}", "{0} + {1}", f"z{i}", "b", shape="N,3"),
                  f64(f"h{i}", "np.tanh({0})", f"a{i}", shape="N,3")]
    return program(steps, [f"h{count - 1}"], x="float64[N,3]", W="float64[3,3]", b="float64[3]")


def test_equal_layers_share_one_kernel():
    p = numba_program(layers(50))
    assert kernels(p) == ["fused0"] and sum("fused0(" in s.spelling for s in p.steps) == 50
    assert numpy_source(p) == numpy_source(numba_program(layers(50)))
    x, W, b = np.linspace(-1, 1, 12).reshape(4, 3), np.eye(3) * 1.5, np.array([0.1, -0.2, 0.3])
    np.testing.assert_allclose(run(layers(5), x, W, b), run(layers(5), x, W, b, fused=False), rtol=1e-14)


def test_a_single_cheap_step_and_what_has_no_spelling_stay():
    p = program([f64("y", "{0} + {0}", "x"), f64("z", "np.sort({0})", "y"), f64("w", "np.sin({0})", "z")], ["w"],
                x="float64[N]")
    assert numba_program(p).steps == p.steps and not numba_program(p).helpers


def test_the_budget_bounds_what_is_compiled():
    steps = []
    for i in range(6):  # runs of different length, so of different structure
        steps.append(f64(f"s{i}", "np.sort({0})", "x"))
        steps += [f64(f"t{i}_{j}", "-{0}", f"t{i}_{j - 1}" if j else f"s{i}") for j in range(i + 2)]
    p = program(steps, [f"t{i}_{i + 1}" for i in range(6)], x="float64[N]")
    assert len(kernels(numba_program(p))) == 6
    assert len(kernels(numba_program(p, budget=9))) == 3


def test_a_name_that_kernels_call_is_left_to_the_user():
    steps = [f64("y", "np.exp({0})", "exp64"), f64("z", "{0} + {1}", "y", "exp64")]
    p = program(steps, ["z"], exp64="float64[N]")
    assert not kernels(numba_program(p)) and run(p, np.zeros(2)).tolist() == [1.0, 1.0]
    for name in ("njit", "abs", "pair_sum"):
        steps = [f64("y", "np.absolute({0})", name), f64("z", "{0} + {1}", "y", name)]
        p = program(steps, ["z"], **{name: "float64[N]"})
        assert not kernels(numba_program(p))


def test_names_inside_a_kernel_do_not_collide():
    steps = [f64("i", "{0} * {1}", "x", "x_all"), f64("size", "{0} + {1}", "i", "lanes"),
             f64("sums", "np.sum({0})", "size", shape="")]
    p = program(steps, ["size", "sums"], x="float64[N]", x_all="float64[N]", lanes="float64[]")
    y, total = run(p, np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.float64(0.5))
    assert y.tolist() == [3.5, 8.5] and total == 12.0 and isinstance(total, np.float64)


SHAPES = [
    ("N,3", {"x": ("N,3", (4, 3)), "y": ("3", (3,))}),
    ("N,3", {"x": ("N,3", (4, 3)), "y": ("N,1", (4, 1))}),
    ("N,3", {"x": ("N,1", (4, 1)), "y": ("3", (3,))}),
    ("N,3", {"x": ("N,3", (4, 3)), "y": ("1,1", (1, 1))}),
    ("M,N,3", {"x": ("M,N,3", (2, 4, 3)), "y": ("N,1", (4, 1))}),
    ("M,N,3", {"x": ("M,1,3", (2, 1, 3)), "y": ("N,3", (4, 3))}),
    ("M,1,3", {"x": ("M,1,3", (2, 1, 3)), "y": ("1,3", (1, 3))}),
    ("N,3", {"x": ("N,3", (0, 3)), "y": ("3", (3,))}),
    ("M,N,3,5", {"x": ("M,1,3,1", (2, 1, 3, 1)), "y": ("N,1,5", (4, 1, 5))}),
]


LAYOUTS = [("C", *case) for case in SHAPES] + [(layout, *SHAPES[i]) for layout in ("F", "strided") for i in (0, 1, 5)]


@pytest.mark.parametrize("layout, shape, inputs", LAYOUTS, ids=str)
def test_broadcasting_and_layouts(layout, shape, inputs):
    steps = [f64("u", "{0} * {1}", "x", "y", shape=shape), f64("v", "{0} + {1}", "u", "x", shape=shape),
             f64("w", "{0} - {1}", "2", "v", shape=shape), f64("total", "np.sum({0})", "v", shape="")]
    p = program(steps, ["v", "w", "total"], **{name: f"float64[{text}]" for name, (text, _) in inputs.items()})
    rng = np.random.default_rng(1)
    arrays = [rng.integers(-9, 9, size).astype(float) for _, size in inputs.values()]
    if layout == "F":
        arrays = [np.asfortranarray(a) for a in arrays]
    if layout == "strided":
        arrays = [np.repeat(a, 2, axis=-1)[..., ::2] for a in arrays]
    kept = [a.copy() for a in arrays]
    for got, expected in zip(run(p, *arrays), run(p, *arrays, fused=False)):
        np.testing.assert_array_equal(got, expected)
        assert got.dtype == expected.dtype and got.shape == expected.shape
    assert all(np.array_equal(a, b) for a, b in zip(arrays, kept))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape, size", [("N", (100_003,)), ("N,M", (70, 1000)), ("N,M", (9000, 7)), ("N", (0,))])
def test_sums_are_as_accurate_as_pairwise(dtype, shape, size):
    if not HERE:
        size = tuple(min(n, 40) for n in size)
    row = ("M", (size[-1],)) if len(size) == 2 else (shape, size)
    steps = [f64("u", "{0} * {1}", "x", "y", shape=shape, dtype=dtype),
             f64("v", "{0} - {1}", "u", "0.25", shape=shape, dtype=dtype),
             f64("s", "np.sum({0})", "v", shape="", dtype=dtype)]
    p = program(steps, ["v", "s"], x=f"{dtype}[{shape}]", y=f"{dtype}[{row[0]}]")
    rng = np.random.default_rng(2)
    v, s = run(p, rng.random(size).astype(dtype), rng.random(row[1]).astype(dtype))
    exact = math.fsum(v.ravel().tolist())
    assert s.dtype == dtype and abs(float(s) - exact) <= 8 * np.finfo(dtype).eps * math.fsum(abs(v.ravel()).tolist())


def test_sums_over_the_first_axis_and_means():
    steps = [f64("u", "{0} * {1}", "x", "x", shape="N,3"), f64("v", "{0} + {1}", "u", "1.0", shape="N,3"),
             f64("c", "np.sum({0}, axis=0)", "v", shape="3"), f64("m", "np.mean({0})", "v", shape="")]
    p = program(steps, ["c", "m"], x="float64[N,3]")
    assert len(kernels(numba_program(p))) == 1 and len(numba_program(p).steps) == 3
    c, m = run(p, np.arange(6.0).reshape(2, 3))
    assert c.tolist() == [11.0, 19.0, 31.0] and m == 61.0 / 6


def test_sums_of_what_is_not_finite():
    steps = [f64("u", "{0} * {1}", "x", "2.0"), f64("v", "{0} + {1}", "u", "1.0"),
             f64("s", "np.sum({0})", "v", shape="")]
    p = program(steps, ["s"], x="float64[N]")
    assert run(p, np.array([1.0, np.inf, 2.0])) == np.inf and run(p, np.array([-np.inf, 1e307])) == -np.inf
    assert np.isnan(run(p, np.array([np.inf, -np.inf]))) and np.isnan(run(p, np.array([np.nan, 1.0])))


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 3.0, -2.0, np.inf, -np.inf, np.nan, 5e-324, 1e308, -1e308, 1e-30, 700.0, -800.0]
UNARY = ["-{0}", "np.square({0})", "np.absolute({0})", "np.sign({0})", "np.sqrt({0})", "np.floor({0})", "np.ceil({0})",
         "np.trunc({0})", "np.reciprocal({0})", "np.positive({0})"]
BINARY = ["{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / {1}", "np.maximum({0}, {1})", "np.minimum({0}, {1})",
          "np.fmax({0}, {1})", "np.fmin({0}, {1})"]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_arithmetic_at_special_values_is_numpys(dtype):
    with np.errstate(all="ignore"):
        x, y = (a.ravel() for a in np.meshgrid(*[np.array(SPECIAL).astype(dtype)] * 2))
    steps = [f64(f"u{i}", s, "x", dtype=dtype) for i, s in enumerate(UNARY)]
    steps += [f64(f"b{i}", s, "x", "y", dtype=dtype) for i, s in enumerate(BINARY)]
    p = program(steps, [s.target for s in steps], x=f"{dtype}[N]", y=f"{dtype}[N]")
    assert len(kernels(numba_program(p))) == 1
    for step, got, expected in zip(steps, run(p, x, y), run(p, x, y, fused=False)):
        np.testing.assert_array_equal(got, expected, err_msg=step.spelling)
        assert got.dtype == dtype


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int32"])
def test_comparisons_choices_and_dtypes(dtype):
    x = np.array([-3, 0, 2, 5, -1], dtype)
    y = np.array([2, 0, -2, 5, 7], dtype)
    signs = [">", ">=", "<", "<=", "==", "!="]
    steps = [f64(f"c{i}", f"{{0}} {s} {{1}}", "x", "y", dtype="bool") for i, s in enumerate(signs)]
    steps += [f64("both", "np.logical_and({0}, {1})", "c0", "c5", dtype="bool"),
              f64("either", "np.logical_or({0}, {1})", "both", "c4", dtype="bool"),
              f64("other", "np.logical_not({0})", "either", dtype="bool"),
              f64("w", "np.where({0}, {1}, {2})", "other", "x", "y", dtype=dtype),
              f64("r", "np.maximum({0}, {1})", "x", "0", dtype=dtype),
              f64("m", "{0} * {1}", "r", "c0", dtype=dtype), f64("k", "{0} * {1}", "m", "3", dtype=dtype),
              f64("p", "{0} ** {1}", "x", "2", dtype=dtype),
              f64("t", "np.asarray({0}).astype(np.float64)", "k")]
    p = program(steps, [s.target for s in steps], x=f"{dtype}[N]", y=f"{dtype}[N]")
    assert len(kernels(numba_program(p))) == 1
    for step, got, expected in zip(steps, run(p, x, y), run(p, x, y, fused=False)):
        np.testing.assert_array_equal(got, expected, err_msg=step.target)
        assert got.dtype == expected.dtype, step


def test_dtypes_that_do_not_agree_stay_numpys():
    steps = [f64("c", "{0} > {1}", "x", "k", dtype="bool"),
             f64("n", "np.asarray({0}).astype(np.int64)", "x", dtype="int64"),
             f64("b", "{0} + {1}", "c", "c", dtype="bool"), f64("y", "{0} ** {1}", "x", "0.3", dtype="float32")]
    p = program(steps, [s.target for s in steps], x="float32[N]", k="float64[]")
    assert not kernels(numba_program(p))


def test_a_size_in_a_spelling_is_an_argument():
    steps = [f64("u", "{0} / N", "x"), f64("v", "(2*N) * {0}", "u")]
    p = Program("f", (Input("x", "float64[N]", ("N",)),), tuple(steps), ("v",), True, (("N", "x.shape[0]"),))
    assert len(kernels(numba_program(p))) == 1
    assert run(p, np.arange(3.0)).tolist() == [0.0, 2.0, 4.0]


def test_a_broadcast_view_is_read_without_being_made():
    steps = [f64("g", "np.broadcast_to({0}, (N, 3))", "s", shape="N,3", alias=True),
             f64("u", "{0} * {1}", "g", "x", shape="N,3"), f64("v", "{0} + {1}", "u", "1.0", shape="N,3")]
    given = (Input("x", "float64[N,3]", ("N", 3)), Input("s", "float64[]"))
    p = Program("f", given, tuple(steps), ("v",), True, (("N", "x.shape[0]"),))
    assert [s.target for s in numba_program(p).steps] == ["v"]
    assert run(p, np.ones((2, 3)), np.float64(2.0)).tolist() == [[3.0] * 3] * 2


# -- elementary functions ---------------------------------------------------------------------------------


mpmath.mp.dps = 50
EXACT = {
    "exp": mpmath.exp, "log": mpmath.log, "log1p": mpmath.log1p, "expm1": mpmath.expm1, "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)), "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
}  # fmt: skip
LIMITS = {"exp": 1.0, "log": 1.0, "log1p": 1.0, "expm1": 1.5, "tanh": 1.5, "sigmoid": 2.0, "softplus": 2.0}
EDGES = [0.0, 0.29, 0.3466, 0.41, 0.5493, 0.625, 0.6931, 1.0, 1.0397, 1.4142, 2.0, 9.9, 20.0, 40.0, 88.7, 103.9,
         709.7, 745.1]


def own_function(name):
    space = {"np": np}
    exec("from numba import njit", space)
    for needed in own.needed([name]):
        exec(own.source(needed), space)
    space["f"] = space[name]
    exec("@njit(error_model='numpy')\ndef loop(x):\n    y = np.empty_like(x)\n    for i in range(x.size):\n"
         "        y[i] = f(x[i])\n    return y\n", space)
    return space["loop"]


def points(name, dtype):
    rng = np.random.default_rng(3)
    edges = np.array(EDGES)
    steps = np.concatenate([edges * (1 + k * 2.0**-20) for k in range(-3, 4)])
    wide = rng.normal(size=300) * 10.0 ** rng.uniform(-14, 2.9, 300)
    x = np.concatenate([steps, -steps, wide, rng.normal(size=300), rng.uniform(-0.8, 0.8, 300)])
    if name == "log":
        x = np.concatenate([np.abs(x), 1 + rng.normal(size=300) * 1e-3, 10.0 ** rng.uniform(-320, 300, 300)])
    if name == "log1p":
        x = np.concatenate([x, 10.0 ** rng.uniform(-30, 30, 300)])
    x = x[np.abs(x) < float(np.finfo(dtype).max)].astype(dtype)
    return x[x > {"log": 0, "log1p": -1}.get(name, -np.inf)]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", [n for n in own.FUNCTIONS if n not in own.ACTIVATIONS])
def test_the_error_in_ulp(name, dtype):
    x = points(name, dtype)
    y = own_function(f"{name}{dtype[-2:]}")(x)
    assert y.dtype == dtype
    worst = 0.0
    for a, b in zip(x.tolist(), y.tolist()):
        exact = EXACT[name](mpmath.mpf(a))
        with np.errstate(over="ignore"):
            near = np.array(float(exact)).astype(dtype)[()]
        if not np.isfinite(near):
            assert b == near, (a, b)
            continue
        worst = max(worst, float(abs(mpmath.mpf(b) - exact) / mpmath.mpf(float(np.spacing(abs(near))))))
    assert worst <= LIMITS[name], worst


def exact_activation(name, x):
    """The value, how much its inner argument counts, and the size of the terms that are added."""
    x = mpmath.mpf(x)
    if name == "mish":
        y = x * mpmath.tanh(mpmath.log1p(mpmath.exp(x)))
        return y, 0, abs(y)
    c = mpmath.mpf("1.5957691216057308")
    u = c * (x + mpmath.mpf("0.044715") * x**3)
    s = 1 / (1 + mpmath.exp(-u))
    if name == "gelu_tanh":
        return x * s, abs(u), abs(x * s)
    rest = x * s / (1 + mpmath.exp(u)) * c * (1 + mpmath.mpf("0.134145") * x * x)
    return s + rest, abs(u), s + abs(rest)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", own.ACTIVATIONS)
def test_the_error_of_activations(name, dtype):
    x = points(name, dtype)
    x = x[abs(x) < (39 if dtype == "float64" else 9)]
    y = own_function(f"{name}{dtype[-2:]}")(x)
    assert y.dtype == dtype
    info = np.finfo(dtype)
    for a, b in zip(x.tolist(), y.tolist()):
        exact, inner, size = exact_activation(name, a)
        # exp multiplies what its argument was rounded by; a result that is subnormal has fewer digits.
        bound = (6 + 4 * inner) * float(info.eps) * size + 2 * float(info.tiny)
        assert abs(b - exact) <= bound, (a, b)


ACTIVATION = {
    "gelu_tanh": lambda x: x * NUMPYS["sigmoid"](1.5957691216057308 * (c := x.clip(-40, 40)) * (1 + 0.044715 * c * c)),
    "gelu_tanh_slope": lambda x: np.where(x > 9, 1, np.where(x < -9, 0, x + 0.5)),
    "mish": lambda x: x * np.tanh(np.logaddexp(x, 0)),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", own.ACTIVATIONS)
def test_activations_at_special_values(name, dtype):
    with np.errstate(all="ignore"):
        x = np.array([0.0, np.inf, -np.inf, np.nan, 60.0, -60.0, 1e30, 3e38, -3e38]).astype(dtype)
        wide = x.astype("float64")
        expected = ACTIVATION[name](wide)
        got = own_function(f"{name}{dtype[-2:]}")(x)
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-20)


NUMPYS = {"exp": np.exp, "log": np.log, "log1p": np.log1p, "expm1": np.expm1, "tanh": np.tanh,
          "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "softplus": lambda x: np.logaddexp(x, 0 * x[0])}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", list(NUMPYS))
def test_special_values_are_numpys(name, dtype):
    with np.errstate(all="ignore"):
        x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -1.0, 1.0, -2.0, 1e-310, -1e-310, 5e-324, 1e-40, -1e-40,
                      1e-45, 1e300, -1e300, 3e38, -3e38, 900.0]).astype(dtype)
        expected = NUMPYS[name](x)
        got = own_function(f"{name}{dtype[-2:]}")(x)
    np.testing.assert_array_almost_equal_nulp(got[np.isfinite(expected)], expected[np.isfinite(expected)], 2)
    np.testing.assert_array_equal(got[~np.isfinite(expected)], expected[~np.isfinite(expected)])
    numbers = ~np.isnan(expected)
    assert np.array_equal(np.signbit(got)[numbers], np.signbit(expected)[numbers])


def test_a_function_of_rows_is_written_out_and_its_exponentials_are_fused():
    parts = (("np.max({0}, axis=1, keepdims=True, initial=-np.inf)", ("x",), "float64[N,1]", "", False),
             ("{0} - {1}", ("x", "%0"), "", "np.subtract", False), ("np.exp({0})", ("%1",), "", "np.exp", False),
             ("np.sum({0}, axis=1, keepdims=True)", ("%2",), "float64[N,1]", "", False),
             ("{0} / {1}", ("%2", "%3"), "", "np.divide", False))
    steps = [f64("p", "softmax({0}, 1)", "x", shape="N,3", parts=parts),
             f64("q", "softmax({0}, 1)", "x", shape="N,3", parts=parts)]  # the same again is made once
    p = program([*steps, f64("s", "{0} + {1}", "p", "q", shape="N,3")], ["s"], x="float64[N,3]")
    made = numba_program(p)
    assert len(kernels(made)) == 2 and "np.exp" not in str(made.steps) and str(made.steps).count("np.max(") == 1
    x = np.array([[0.0, 1.0, -2.0], [1000.0, 999.0, -np.inf], [np.nan, 0.0, 1.0]])
    e = np.exp(x[:2] - x[:2].max(axis=1, keepdims=True))
    got = run(p, x)
    np.testing.assert_allclose(got[:2], 2 * e / e.sum(axis=1, keepdims=True), rtol=4e-16)
    assert np.isnan(got[2]).all()
