"""Lowering: names, literals, sizes and types of the steps; every program agrees with the interpreter."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import graphc as G
from codegen import check, load, numpy_source
from graphc.api import evaluate
from graphc.ir import lift, postorder, size_node, variables
from graphc.lower import lower
from graphc.spelling import operand


def program_of(*outputs, **options):
    found = variables(postorder(outputs))
    program = lower(list(outputs), found, single=len(outputs) == 1, **options)
    check(program)
    return program


def run(program, *args, style="fast"):
    return load(numpy_source(program, style, small=1), program.name)(*args)


def lines(*outputs, **options):
    return [line.strip() for line in numpy_source(program_of(*outputs, **options)).split("def f(")[1].splitlines()[1:]]


def test_names_of_the_user_are_kept():
    x, w = G.input("x"), G.param("w")
    assert lines((w * x).named("z") + 1.0) == ["z = w * x", "n0 = z + 1.0", "return n0"]


@pytest.mark.parametrize("name", ["lambda", "np", "float", "sigmoid"])
def test_names_that_mean_something_else_get_a_tail(name):
    program = program_of(G.sigmoid(G.input(name)))
    assert program.inputs[0].name == f"{name}_"
    assert float(run(program, 0.0)) == 0.5


def test_two_values_of_one_name_are_told_apart():
    x = G.input("x")
    assert lines((x * x).named("h") + (x + x).named("h")) == ["h = x * x", "h_ = x + x", "n0 = h + h_", "return n0"]


def test_a_number_is_weak_and_a_scalar_of_another_dtype_is_not():
    x = G.input("x", 3, dtype="float32")
    assert lines(x * 2.0)[0].startswith("n0 = x * 2.0")
    assert lines(x * np.float64(2.0))[0].startswith("n0 = x * np.float64(2.0)")
    assert lines(x * np.float32(0.1))[0].startswith("n0 = x * 0.1 ")
    assert lines(G.input("y", 3) * np.float32(0.1))[0].startswith("n0 = y * np.float32(0.1)")


@pytest.mark.parametrize("c", [2.0, np.float64(2.0), np.float32(0.1), 3, np.int32(3), True])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int32"])
def test_dtypes_come_out_as_declared(c, dtype):
    x = G.input("x", 2, dtype=dtype)
    for y in (x * c, c + x, G.maximum(x, c), (x * c).sum(), G.where(x > 1, x, c), x / c, x * lift(c)):
        result = run(program_of(y), np.array([1, 2], dtype))
        assert np.asarray(result).dtype == y.dtype, (y, y.type)


def test_weak_values_stay_weak():
    x = G.input("x", "N", dtype="float32")
    n = size_node(x.shape[0])
    one = lift(1.0)
    for c in (G.exp(one), one / 3, n, G.relu(one), 1 / n, n * n, -n, n**2, 2.0**n, G.where(n > 1, 1.0, n)):
        y = x * c
        assert run(program_of(y), np.ones(2, np.float32)).dtype == y.dtype, y


def test_constant_division_is_numpys():
    n = size_node(G.input("x", "N").shape[0])
    with np.errstate(all="ignore"):
        assert run(program_of(G.divide(1.0, 0.0))) == np.inf
        assert run(program_of(G.input("x", "N").sum() + 1 / n), np.zeros(0)) == np.inf


def test_a_size_is_written_into_the_text():
    x = G.input("x", "N", 3)
    assert lines(x.sum() / size_node(x.size))[-2:] == ["n1 = n0 / (3*N)", "return n1"]


def test_a_size_that_no_input_has():
    with pytest.raises(G.ShapeError, match="f: size N is not known: no input has an axis of just N"):
        program_of(G.zeros(("N",)))
    with pytest.raises(G.ShapeError, match="size M is not known"):
        program_of(G.input("x", G.input("y", "M").shape[0] * 2))


@pytest.mark.parametrize("name", ["np", "lambda", "softmax"])
def test_a_size_with_another_meaning(name):
    with pytest.raises(G.InputError, match=f"a size cannot be called '{name}'"):
        program_of(G.softmax(G.input("x", name)))


def test_a_function_with_another_meaning():
    with pytest.raises(G.InputError, match="cannot be called 'sigmoid'"):
        program_of(G.sigmoid(G.input("x")), name="sigmoid")


def test_constants_of_the_module():
    x = G.input("x", 2)
    program = program_of(x + np.array([1.0, 2.0]) + G.const([3.0, 4.0], "f") + G.const(2.0, "k"))
    assert [name for name, _ in program.constants] == ["c0", "f_", "k"]
    assert run(program, np.zeros(2)).tolist() == [6.0, 8.0]


def test_outputs_that_are_leaves():
    x = G.input("x", "N")
    program = program_of(x, lift(2.5), size_node(x.shape[0]), G.const([1.0]))
    argument = np.ones(3)
    a, b, c, d = run(program, argument)
    assert (a.tolist(), b, c, d.tolist()) == ([1.0] * 3, 2.5, 3, [1.0])
    assert not np.shares_memory(a, argument)


def test_scalars_come_out_as_numpy_scalars():
    x, v = G.input("x"), G.input("v", 3)
    outputs = [G.where(x > 0, x, 0.0), v[0], G.reshape(v[:1], ()), G.logsumexp(v), x.astype("float32"), v.sum(), x + 1]
    for result in run(program_of(*outputs), np.float64(2.0), np.arange(3.0)):
        assert isinstance(result, np.generic)


def test_powers_stay_operators():
    assert lines(G.input("x", 3) ** 2)[0].startswith("n0 = x ** 2")


def test_the_same_bytes_every_time():
    def build():
        x, w = G.input("x", "N", 3), G.param("w", 3)
        f = G.mean(G.softplus(x @ w))
        return numpy_source(program_of(f, *G.gradients(f, [w])), "fast")
    assert build() == build()


def graphs():
    x, W, b = G.input("x", "N", 3), G.param("W", 3, 2), G.param("b", 2)
    h = G.tanh(x @ W + b)
    yield "network", G.mean(G.square(h)), [W, b]
    yield "softmax", -G.sum(G.log_softmax(x @ W + b)[:, 0]), [W, b]
    yield "extrema", G.sum(G.max(x @ W, axis=1)) + G.min(x * x), [W]
    yield "shaping", G.sum(G.concatenate([h, h * 2], axis=1).T.reshape(-1) ** 3), [W, b]
    yield "batched", G.sum(G.reshape(x, ("N", 1, 3)) @ W), [W]
    yield "where", G.sum(G.where(h > 0.2, G.log(h), h * h)), [W, b]
    yield "powers", G.sum(G.sqrt(x * x + 1) ** 1.5 / (1 + G.exp(-x))) + G.logsumexp(x @ W), [W]


@pytest.mark.parametrize("style", ["fast", "readable"])
@pytest.mark.parametrize(("name", "f", "wrt"), list(graphs()), ids=lambda v: v if isinstance(v, str) else "")
def test_programs_agree_with_the_interpreter(name, f, wrt, style):
    outputs = [f, *G.gradients(f, wrt)]
    found = variables(postorder(outputs))
    rng = np.random.default_rng(0)
    args = [rng.normal(size=[d if isinstance(d, int) else 4 for d in v.shape]) for v in found]
    expected = evaluate(outputs, dict(zip(found, args)))
    program = lower(outputs, found)
    with np.errstate(all="ignore"):
        results = load(numpy_source(program, style, small=1, long=10, part=4), "f")(*args)
    for got, want in zip(results, expected):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


def test_a_chain_of_100_000_nodes():
    v = x = G.input("x")
    for _ in range(50_000):
        v = v * 1.0 + 0.0
    assert float(load(numpy_source(lower([v], [x], single=True)), "f")(0.5)) == 0.5


def test_operand_is_plain_where_numpy_would_do_the_same():
    x = G.input("x", 2)
    user = x + np.float64(1.0)
    assert operand(user.args[1], user) == "1.0"


def test_another_package_called_codegen_is_named(tmp_path):
    stranger = tmp_path / "codegen"
    stranger.mkdir()
    (stranger / "__init__.py").write_text("", encoding="utf-8")
    root = str(Path(G.__file__).parent.parent)
    program = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {root!r}]; import graphc.lower"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "ImportError: graphc emits code with its own package 'codegen', but Python found another one" in done.stderr
    assert str(stranger / "__init__.py") in done.stderr
