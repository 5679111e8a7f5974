"""`target="scalar"`: plain Python computes what NumPy does, on every elementwise row, wherever IEEE 754 has a value."""

from __future__ import annotations

import ast
import copy
import itertools
import math
import pickle
import re
import runpy
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from op_cases import CASES

import graphc as G
from graphc.ir import LEAVES, OPS
from graphc.scalar_spellings import HELPERS

SPECIAL = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.5, 3.0, 1e308, -1e308, 5e-324,
           -5e-324, 1e-160, 709.9, -746.0, 1e22, 0.999999999999]  # fmt: skip
# Rows that are one operation of the processor, or one function of the same C library, in both targets.
EXACT = frozenset({
    "add", "subtract", "multiply", "divide", "negative", "reciprocal", "square", "absolute", "sign", "sqrt", "relu",
    "leaky_relu", "safe_divide", "gap", "where", "fmax", "fmin", "floor", "ceil", "trunc", "rint", "fmod", "clip",
    "floor_divide", "remainder", "heaviside", "deg2rad", "rad2deg", "softsign", "stop_gradient", "astype",
})  # fmt: skip
ROWS = sorted(name for name, op in OPS.complete().items() if op.elementwise and name not in LEAVES)


def row_of(name: str, dtype: str = "float64") -> tuple[Any, list[Any]]:
    case = CASES[name][0]
    arity = len(case.shapes[0])
    kinds = case.kinds or ("number",) * arity
    xs = [G.input(f"x{i}", dtype="bool" if k == "bool" else dtype) for i, k in enumerate(kinds)]
    return case.build(*xs), xs


def points(xs: list[Any], seed: int = 0, more: int = 60) -> list[tuple[Any, ...]]:
    """Every pair of special values (of triples, many), and random ones."""
    rng = np.random.default_rng(seed)
    ranges: list[list[Any]] = [[False, True] if x.dtype == bool else SPECIAL for x in xs]
    found = list(itertools.product(*ranges))
    if len(found) > 600:
        found = [found[i] for i in rng.permutation(len(found))[:600]]
    for k in range(more):
        scale = (1.0, 3.0, 30.0)[k % 3]
        found.append(tuple(bool(rng.integers(2)) if x.dtype == bool else float(rng.normal() * scale) for x in xs))
    return found


def ulps(a: float, b: float) -> float:
    if a != a or b != b:
        return 0.0 if a != a and b != b else math.inf
    if a == b:
        return 0.0
    return math.inf if math.isinf(a) or math.isinf(b) else abs(a - b) / math.ulp(max(abs(a), abs(b)))


@pytest.mark.parametrize("name", ROWS)
def test_every_elementwise_row_is_what_numpy_gives(name: str) -> None:
    expr, xs = row_of(name)
    wanted = G.compile(expr, xs, simplify=False)
    for style in ("fast", "readable"):
        found = G.compile(expr, xs, simplify=False, target="scalar", style=style)
        for point in points(xs):
            a, b = found(*point), wanted(*point).item()
            assert type(a) is type(b), point
            if type(b) is not float:
                assert a == b, point
                continue
            assert ulps(a, b) <= (0 if name in EXACT else 4 if name in HELPERS else 2), (point, a, b)
            if a == 0.0 and name not in ("maximum", "minimum", "fmax", "fmin", "clip", "elu"):
                assert math.copysign(1.0, a) == math.copysign(1.0, b), point


@pytest.mark.parametrize("name", [n for n in ROWS if CASES[n][0].exact and not CASES[n][0].kinds])
def test_every_elementwise_row_against_mpmath(name: str) -> None:
    case = CASES[name][0]
    assert case.exact is not None
    expr, xs = row_of(name)
    if not expr.type.is_float:
        return
    fn = G.compile(expr, xs, target="scalar")
    rng = np.random.default_rng(1)
    for _ in range(60):
        point = [float(v) for v in rng.uniform(case.low, case.high, len(xs))]
        with mpmath.workdps(40):
            exact = float(case.exact(*[mpmath.mpf(v) for v in point]))
        assert abs(fn(*point) - exact) <= max(case.close, 6e-16) * abs(exact) + 1e-300, (point, exact)


WHOLE = ["add", "subtract", "multiply", "negative", "square", "absolute", "sign", "floor", "ceil", "trunc", "relu",
         "floor_divide", "remainder", "fmod", "maximum", "minimum", "fmax", "fmin", "clip", "greater", "equal",
         "divide", "exp", "sigmoid", "isnan", "signbit", "rint", "leaky_relu", "logaddexp"]  # fmt: skip


@pytest.mark.parametrize("dtype", ["int64", "int32"])
@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_go_round_as_those_of_numpy(name: str, dtype: str) -> None:
    expr, xs = row_of(name, dtype)
    limit = 2 ** (63 if dtype == "int64" else 31)
    values = [0, 1, -1, 2, -3, 7, limit - 1, -limit, 2**20 + 1]
    found = G.compile(expr, xs, simplify=False, target="scalar")
    wanted = G.compile(expr, xs, simplify=False)
    for point in itertools.product(*[values] * len(xs)):
        a, b = found(*point), wanted(*point).item()
        assert type(a) is type(b), point
        assert a == b or ulps(a, b) <= 2, (point, a, b)


def test_whole_powers_and_casts() -> None:
    k, p, x = G.input("k", dtype="int64"), G.input("p", dtype="int64"), G.input("x")
    power = G.compile(k**p, target="scalar")
    assert [power(3, 4), power(-3, 41), power(7, 0)] == [81, int(np.int64(-3) ** np.int64(41)), 1]
    with pytest.raises(ValueError, match="negative integer powers"):
        power(2, -1)
    for dtype in ("int64", "int32", "bool"):
        cast = G.compile(x.astype(dtype), target="scalar")
        assert [cast(2.9), cast(-2.9)] == ([True, True] if dtype == "bool" else [2, -2])
    assert G.compile(k.astype("int32"), target="scalar")(2**31 + 5) == -(2**31) + 5


@pytest.mark.parametrize("style", ["fast", "readable"])
def test_powers_are_never_complex(style: str) -> None:
    x, p = G.inputs("x p")
    wanted, found = G.compile(x**p, simplify=False), G.compile(x**p, target="scalar", style=style, simplify=False)
    values = [*SPECIAL, 3.5, -3.0, -2.0, 5.0, 1 / 3]
    for point in itertools.product(values, values):
        a, b = found(*point), float(wanted(*point))
        assert type(a) is float
        assert ulps(a, b) <= 1, (point, a, b)
    for exponent in (-1, 0, 1, 2, 3, 0.5, -2.5):
        one, many = G.compile(x**exponent, simplify=False, target="scalar"), G.compile(x**exponent, simplify=False)
        for value in values:
            assert ulps(one(value), float(many(value))) <= 2, (value, exponent)


def chain() -> tuple[Any, list[Any]]:
    """A graph with kinks, divisions and exponentials, and its gradient."""
    x, y, w, b = G.inputs("x y w b")
    z = (w * x + b).named("z")
    f = G.relu(z) * G.exp(y / x) + G.where(z > 0, G.log(y), abs(w)) + G.maximum(z, y) * G.tanh(w) + G.sqrt(b)
    return [f, *G.gradients(f, [x, y, w, b])], [x, y, w, b]


@pytest.mark.parametrize("style", ["fast", "readable"])
@pytest.mark.parametrize("simplify", [True, False])
def test_a_graph_and_its_gradient_are_what_numpy_gives(style: str, simplify: bool) -> None:
    tops, xs = chain()
    found = G.compile(tops, xs, target="scalar", style=style, simplify=simplify)
    wanted = G.compile(tops, xs, simplify=simplify)
    for point in points(xs, more=300):
        for a, b in zip(found(*point), wanted(*point)):
            assert type(a) is float
            same_nan = a != a and b != b
            assert same_nan or a == b or abs(a - b) <= 1e-13 * (1 + abs(b)), (point, a, b)


def relu_of_a_sum(**options: Any) -> G.Function:
    x1, x2 = G.inputs("x1 x2")
    w1, w3, b = G.params("w1 w3 b")
    return G.value_and_grad(w3 * G.relu(w1 * x1 + w1 * x2 + b), [w1, w3, b], **options)


def test_several_selections_by_one_condition_are_one_branch() -> None:
    fn, wanted = relu_of_a_sum(target="scalar"), relu_of_a_sum()
    assert len(re.findall(r"\bif\b", fn.source)) == 2  # the branch, and nan
    assert "try" not in fn.source
    assert "import" not in fn.source
    for point in points([G.input(f"q{i}") for i in range(5)], more=200):
        found, other = fn.raw(*point), wanted(*point)
        for a, b in zip((found[0], *found[1]), (other[0], *other[1])):
            assert ulps(a, float(b)) == 0, (point, found, other)
            assert a != 0 or math.copysign(1.0, a) == math.copysign(1.0, b), (point, found, other)
    assert fn(2, -1, 1.5, 2, 0.5) == (4.0, (2.0, 2.0, 2.0))


def test_results_are_python_numbers_and_arguments_are_checked() -> None:
    fn = relu_of_a_sum(target="scalar")
    value = {"x1": 2.0, "x2": -1.0, "w1": 1.5, "w3": 2.0, "b": 0.5}
    wanted = (4.0, (2.0, 2.0, 2.0))
    for found in (fn(**value), fn(value), fn(*value.values()), fn(2, -1, w1=np.float32(1.5), w3=np.int8(2), b=0.5),
                  fn(np.float64(2), np.array(-1.0), 1.5, True + 1, 0.5), fn(dict(value, b=0), b=0.5)):  # fmt: skip
        assert found == wanted
        assert all(type(v) is float for v in (found[0], *found[1]))
    out = (np.zeros(()), (np.zeros(()), np.zeros(()), np.zeros(())))
    assert fn(**value, out=out) is out
    assert out[0] == 4.0
    for arguments, named, error, text in [
        ((), {}, G.InputError, "missing inputs x1 float64"), ((1.0,) * 6, {}, G.InputError, "takes 5 inputs: x1, x2"),
        ((1.0,) * 4, {"c": 1.0}, G.InputError, "no input 'c'"), ((1.0,) * 4, {"b": "1"}, G.DTypeError, "input b"),
        ((1.0,) * 4, {"b": [1.0]}, G.ShapeError, r"input b float64\[\].* is a scalar, got shape \(1,\)"),
        ((1.0,) * 4, {"b": 1j}, G.DTypeError, "complex128"), ((1.0,) * 4, {"b": None}, G.InputError, "NoneType"),
        ((), {"x1": 1.0}, G.InputError, "missing inputs x2"),
    ]:  # fmt: skip
        with pytest.raises(error, match=text):
            fn(*arguments, **named)
    with pytest.raises(TypeError, match=r"f\(\) got multiple values for argument 'x1'"):
        fn(*value.values(), x1=1.0)


def test_whole_and_bool_arguments_are_checked() -> None:
    k, c, x = G.input("k", dtype="int32"), G.input("c", dtype="bool"), G.input("x")
    fn = G.compile(G.where(c, x * k, x), target="scalar")
    assert fn(k=3, c=True, x=0.5) == 1.5
    assert fn(np.int32(3), np.bool_(False), 2) == 2.0
    for bad in ({"k": 2**31}, {"k": 1.0}, {"c": 1}):
        with pytest.raises(G.DTypeError):
            fn(**{"k": 1, "c": True, "x": 1.0} | bad)


def test_one_input_and_none() -> None:
    x = G.input("x")
    one = G.compile(G.exp(x), target="scalar")
    assert one(0.0) == one(x=0) == one({x: 0.0}) == one({"x": 0}) == 1.0
    assert one(1e4) == math.inf
    none = G.compile([G.const(2.0), G.const(math.inf), G.const(3)], target="scalar")
    assert none() == (2.0, math.inf, 3)
    assert G.compile([x, x, G.const(0.1, name="c") * x], target="scalar")(2.0) == (2.0, 2.0, 0.2)


def test_names_of_the_user_stay_clear_of_those_the_text_means() -> None:
    names = ["math", "self", "more", "named", "absent", "f", "f_guarded", "ieee_exp", "sigmoid", "v", "float", "type",
             "n0", "exp", "random", "abs", "lambda"]  # fmt: skip
    xs = [G.input(name) for name in names]
    total = sum((G.exp(x) * G.sigmoid(x) for x in xs[1:]), G.exp(xs[0]) / xs[-1])
    fn, wanted = G.compile(total, xs, target="scalar"), G.compile(total, xs)
    values = [0.1 * i + 0.1 for i in range(len(xs))]
    assert fn(*values) == pytest.approx(float(wanted(*values)), rel=1e-15)
    assert fn(dict(zip(names, [1e4, *values[1:]]))) == math.inf
    assert fn(**dict(zip(names, values))) == fn(*values)
    with pytest.raises(G.InputError, match="cannot be called 'ieee_exp'"):
        G.compile(xs[0] + 1, target="scalar", name="ieee_exp")


def test_what_has_no_plain_form_is_refused_where_it_was_declared() -> None:
    x = G.input("x")
    place = Path(__file__).name
    with pytest.raises(G.DTypeError, match=rf"floats, which are float64; s float32\[\] \(declared at .*{place}:"):
        G.compile(G.input("s", dtype="float32") + 1, target="scalar")
    with pytest.raises(G.ShapeError, match=rf"numbers without axes, got v float64\[3\] \(declared at .*{place}:"):
        G.compile(G.sum(G.input("v", 3)) * x, target="scalar")
    with pytest.raises(G.InputError, match=rf'target="scalar" has no stack \(declared at .*{place}:'):
        G.compile(G.linalg.det(G.stack([G.stack([x, x]), G.stack([x, x])])), target="scalar")
    with pytest.raises(G.InputError, match=r"no target 'scaler'.*numpy, scalar"):
        G.compile(x, target="scaler")


def test_reductions_and_reshapes_of_a_number_are_the_number() -> None:
    x, c = G.input("x"), G.input("c", dtype="bool")
    tops = [G.sum(x), G.mean(x), G.prod(x), G.max(x), G.min(x), G.reshape(x, ()), G.sum(c), G.any(c), G.all(x)]
    found = G.compile(tops, target="scalar", simplify=False)(x=2.5, c=True)
    assert found == (2.5,) * 6 + (1, True, True)
    assert [type(v) for v in found] == [float] * 6 + [int, bool, bool]


def test_a_saved_module_needs_the_standard_library_alone(tmp_path: Path) -> None:
    x, w = G.input("x"), G.param("w")
    f = G.exp(w * x) * G.sigmoid(w) / G.relu(x)
    for k, fn in enumerate((G.compile(f, target="scalar"), G.value_and_grad(f, target="scalar", style="readable"),
                            G.compile(abs(x) * w, target="scalar"))):  # fmt: skip
        path = tmp_path / f"saved{k}.py"
        fn.save(path)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert modules <= {"math", "random"}
        run = subprocess.run([sys.executable, "-I", "-S", str(path)], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        assert re.search(r"largest error \d.*: ok\n\Z", run.stdout)
        assert runpy.run_path(str(path))["f"](0.7, 0.3) == fn(0.7, 0.3)
    text = (tmp_path / "saved1.py").read_text(encoding="utf-8")
    assert "return f, (dw,)" in text
    (tmp_path / "wrong.py").write_text(text.replace("return f, (dw,)", "return f, (1.001 * dw,)"), encoding="utf-8")
    wrong = [sys.executable, "-I", str(tmp_path / "wrong.py")]
    run = subprocess.run(wrong, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "WRONG" in run.stdout


def test_pickling_and_copies() -> None:
    fn = relu_of_a_sum(target="scalar", style="readable")
    for other in (pickle.loads(pickle.dumps(fn)), copy.copy(fn), copy.deepcopy(fn)):
        assert other.source == fn.source
        assert other.target == "scalar"
        assert isinstance(other, G.Function)
        assert other(2.0, -1.0, 1.5, 2.0, 0.5) == fn(2.0, -1.0, 1.5, 2.0, 0.5)
        assert repr(other) == repr(fn)


def test_the_text_is_the_same_bytes_each_time() -> None:
    tops, xs = chain()
    assert G.compile(tops, xs, target="scalar").source == G.compile(tops, xs, target="scalar").source


def test_long_programs_are_cut_in_parts_that_are_guarded_one_by_one() -> None:
    x, w = G.inputs("x w")
    y = x
    for k in range(3000):
        y = G.sin(y * w + 0.1) if k % 2 else y / w + x
    for style in ("fast", "readable"):
        found, wanted = G.compile([y, x], target="scalar", style=style), G.compile([y, x])
        assert "f_part0" in found.source
        for point in [(0.3, 1.2), (0.3, 0.0), (math.inf, 1.0), (math.nan, 1.0)]:
            a, b = found(*point), wanted(*point)
            assert a[0] == pytest.approx(float(b[0]), nan_ok=True, abs=1e-9)
            assert a[1] == point[0] or point[0] != point[0]
    plain = x
    for _ in range(1500):
        plain = plain * w + x
    fn = G.compile(plain, target="scalar", simplify=False)
    assert "guarded" not in fn.source
    assert fn(0.5, 0.3) == float(G.compile(plain, simplify=False)(0.5, 0.3))


def test_a_chain_of_100_000_steps() -> None:
    x, w = G.inputs("x w")
    y = x
    for _ in range(50_000):
        y = y * w + x
    assert G.compile(y, target="scalar", simplify=False)(0.5, 0.3) == pytest.approx(5 / 7, rel=1e-15)


def test_debug_explains_what_is_not_finite() -> None:
    x = G.input("x")
    fn = G.compile(G.log(x - 1), target="scalar", debug=True)
    assert fn(2.0) == 0.0
    with pytest.raises(G.GraphcError, match="the logarithm of 0"):
        fn(1.0)


def test_several_threads_at_once_and_no_warnings() -> None:
    fn = G.compile(G.exp(G.input("x")) / G.input("y") + G.special.gammaln(G.input("z")), target="scalar")
    wrong: list[Any] = []

    def work(seed: int) -> None:
        for k in range(300):
            x = 0.01 * seed + k
            expected = math.exp(x) if x < 709 else math.inf
            if fn(x, 1.0, 1.0) != expected or fn(x, 0.0, -1.0) != math.inf:
                wrong.append(x)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


# -- many points, and the target that is chosen by itself -----------------------------------------------------------


@pytest.mark.parametrize("target", ["numpy", "scalar"])
def test_over_is_the_function_at_each_point(target: str) -> None:
    fn = relu_of_a_sum(target=target)
    rng = np.random.default_rng(0)
    x1, x2, w1 = rng.normal(size=(4, 1)), rng.normal(size=3), rng.normal(size=(4, 3))
    kept = [a.copy() for a in (x1, x2, w1)]
    value, slopes = fn.over(x1, x2, w1=w1, w3=2.0, b=0.5)
    for i, j in np.ndindex(4, 3):
        expected = fn(x1[i, 0], x2[j], w1[i, j], 2.0, 0.5)
        assert value[i, j] == expected[0]
        assert tuple(s[i, j] for s in slopes) == expected[1]
    assert all(s.shape == (4, 3) and s.flags.writeable and s.dtype == np.float64 for s in (value, *slopes))
    value[:] = slopes[2][:] = 7.0  # fresh, so that nothing else sees it
    again = fn.over({"x1": x1, "x2": x2, "w1": w1, "w3": 2.0, "b": 0.5})
    assert not np.any(again[0] == 7.0)
    for before, after in zip(kept, (x1, x2, w1)):
        np.testing.assert_array_equal(before, after)
    assert fn.over(2, -1, 1.5, 2, 0.5)[0].shape == ()
    assert fn.over(np.zeros((0, 2)), -1, 1.5, 2, 0.5)[1][0].shape == (0, 2)
    assert fn.over([1, 2], -1, 1.5, 2, 0.5)[1][1].tolist() == [0.5, 2.0]


def test_over_a_million_points_and_what_it_refuses() -> None:
    x, w = G.input("x"), G.param("w")
    fn = G.compile([w * G.tanh(x), G.sum(w), w * 2], target="scalar")
    at = np.linspace(-3, 3, 1_000_000)
    y, same, twice = fn.over(x=at, w=0.5)
    np.testing.assert_array_max_ulp(y, 0.5 * np.tanh(at), 1)
    assert np.all(same == 0.5) and np.all(twice == 1.0) and twice.shape == at.shape
    assert pickle.loads(pickle.dumps(fn)).over(x=at[:3], w=0.5)[0].tolist() == y[:3].tolist()
    with pytest.raises(G.ShapeError, match=r"broadcast together are needed, got x \(2,\), w \(3,\)"):
        fn.over(x=[1.0, 2.0], w=[1.0, 2.0, 3.0])
    with pytest.raises(G.DTypeError, match="input x"):
        fn.over(x=["a", "b"], w=1.0)
    with pytest.raises(G.InputError, match="missing input w"):
        fn.over(x=at)
    with pytest.raises(G.ShapeError, match="is a scalar, got shape"):
        fn(x=at, w=0.5)  # many points are asked for, never guessed
    with pytest.raises(G.ShapeError, match=r"declared without axes, not v float64\[3\]"):
        G.compile(G.sum(G.input("v", 3))).over([1.0, 2.0, 3.0])
    with pytest.raises(G.InputError, match=rf"stack is not \(declared at .*{Path(__file__).name}:"):
        G.compile(G.stack([x, w])).over([1.0, 2.0], 3.0)


def test_auto_is_scalar_where_that_is_possible() -> None:
    x, s, v = G.input("x"), G.input("s", dtype="float32"), G.input("v", "N")
    assert G.compile(G.exp(x), target="auto").target == "scalar"
    assert G.compile(G.exp(x), target="auto")(0.0) == 1.0
    for other in (s * 2, G.sum(v), G.linalg.det(G.const(np.eye(2)) * x)):
        assert G.compile(other, target="auto").target == "numpy"
    assert G.compile(x * 2, ["x", v], target="auto").target == "numpy"
