"""`target="numba"`: the same results as NumPy's, and one clear error where numba is not installed.

Without numba its place is taken by a module whose njit leaves functions as they are, so that the kernels still run.
"""

import pickle
import re
import subprocess
import sys
import threading
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from random_graphs import NAMES, Seeded, grow

import graphc as G
from graphc import lower

HERE = find_spec("numba") is not None


@pytest.fixture
def numba(monkeypatch):
    """numba, or a stand-in for it."""
    if not HERE:
        plain_python(monkeypatch)


def plain_python(monkeypatch):
    stand_in = ModuleType("numba")
    stand_in.njit = lambda *args, **options: args[0] if args else lambda function: function
    stand_in.config = SimpleNamespace(NUMBA_NUM_THREADS=2)
    monkeypatch.setitem(sys.modules, "numba", stand_in)
    monkeypatch.setattr(lower, "find_spec", lambda name: stand_in)


def network(dtype="float64"):
    x, W = G.input("x", "N", 4, dtype=dtype), G.param("W", 4, 3, dtype=dtype)
    b, s = G.param("b", 3, dtype=dtype), G.param("s", dtype=dtype)
    h = G.tanh(x @ W + b).named("h")
    y = G.sigmoid(s * h) * G.relu(h - 0.1) + G.where(h > 0, G.log1p(G.exp(h)), h * h)
    return G.mean(G.square(y)), [W, b, s, x]


def arguments(dtype="float64"):
    rng = np.random.default_rng(0)
    return {"x": rng.normal(size=(5, 4)).astype(dtype), "W": rng.normal(size=(4, 3)).astype(dtype),
            "b": rng.normal(size=3).astype(dtype), "s": np.dtype(dtype).type(0.7)}


def flat(results):
    return [r for group in results for r in (group if isinstance(group, tuple) else (group,))]


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-13), ("float32", 1e-5)])
def test_a_network_agrees_with_numpy(numba, dtype, tolerance):
    f, wrt = network(dtype)
    fused, plain = G.value_and_grad(f, wrt, target="numba"), G.value_and_grad(f, wrt)
    assert "@njit" in fused.source and "def fused0(" in fused.source and "njit" not in plain.source
    with np.errstate(all="ignore"):
        pairs = list(zip(flat(fused(arguments(dtype))), flat(plain(arguments(dtype)))))
    for got, expected in pairs:
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)
        assert type(got) is type(expected) and got.dtype == expected.dtype


def test_without_numba_one_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(lower, "find_spec", lambda name: None)
    f, wrt = network()
    with pytest.raises(G.GraphcError, match=r"^net: target 'numba' needs the package numba, which is not installed; "
                                            r"pip install graphc\[numba\]$"):
        G.value_and_grad(f, wrt, target="numba", name="net")
    G.value_and_grad(f, wrt)


def test_this_machine():
    f, wrt = network()
    if HERE:
        assert G.value_and_grad(f, wrt, target="numba").target == "numba"
    else:
        with pytest.raises(G.GraphcError, match="not installed"):
            G.value_and_grad(f, wrt, target="numba")


def test_random_graphs_agree(monkeypatch):
    """The kernels as plain Python, since to compile hundreds takes minutes."""
    plain_python(monkeypatch)
    kernels = 0
    for seed in range(120):
        graph = grow(Seeded(seed), NAMES[seed % len(NAMES)], most=20)
        numpys = G.compile(graph.outputs, style="readable")
        fused = G.compile(graph.outputs, style="readable", target="numba")
        kernels += fused.source.count("@njit")
        single = "float32" in str(fused.program.steps) + str(fused.program.inputs)
        for got, expected in zip(fused(graph.values), numpys(graph.values)):
            assert got.dtype == expected.dtype and np.shape(got) == np.shape(expected), seed
            size = np.abs(np.asarray(expected, "float64"))
            scale = max(1.0, float(np.max(size[np.isfinite(size)], initial=0.0)))
            tolerance = 1e-3 if single else 1e-9
            np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance * scale, err_msg=str(seed))
    assert kernels > 20


def test_results_are_fresh_and_threads_do_not_meet(numba):
    f, wrt = network()
    fn, given = G.value_and_grad(f, wrt, target="numba"), arguments()
    first = flat(fn(given))
    kept = [np.copy(r) for r in first]
    fn({**given, "s": 0.1})
    assert all(np.array_equal(a, b) for a, b in zip(first, kept))
    wrong = []

    def work(s):
        expected = flat(G.value_and_grad(f, wrt)({**given, "s": s}))
        for _ in range(20):
            wrong.extend(s for a, b in zip(flat(fn({**given, "s": s})), expected) if not np.allclose(a, b))

    threads = [threading.Thread(target=work, args=(0.1 * k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_pickled_and_saved(numba, tmp_path):
    f, wrt = network()
    fn = G.value_and_grad(f, wrt, target="numba")
    again = pickle.loads(pickle.dumps(fn))
    assert again.target == "numba" and again.source == fn.source
    assert float(again(arguments())[0]) == float(fn(arguments())[0])
    fn.save(tmp_path / "net.py")
    text = (tmp_path / "net.py").read_text(encoding="utf-8")
    assert "from numba import config, njit" in text and "graphc" not in text
    if HERE:
        done = subprocess.run([sys.executable, tmp_path / "net.py"], capture_output=True, text=True, cwd=tmp_path,
                              check=False)
        assert done.returncode == 0 and done.stdout.endswith("ok\n"), done.stdout + done.stderr


def test_fifty_layers_have_a_handful_of_kernels(numba):
    h = G.input("x", 8, 4)
    params = [G.param(f"W{i}", 4, 4) for i in range(50)]
    for W in params:
        h = G.tanh(h @ W + 0.5)
    fn = G.value_and_grad(G.mean(h * h), params, target="numba")
    assert len(re.findall(r"^def fused\d+\(", fn.source, re.M)) <= 5
    assert fn.source == G.value_and_grad(G.mean(h * h), params, target="numba").source


def test_out_and_debug(numba):
    x = G.input("x", "N")
    fn = G.compile(G.exp(x * 2.0) + 1.0, target="numba")
    out = np.empty(2)
    assert fn(np.zeros(2), out=out) is out and out.tolist() == [2.0, 2.0]
    checked = G.compile(G.log(x * 2.0) + 1.0, target="numba", debug=True)
    with pytest.raises(G.GraphcError, match="the logarithm of 0"):
        checked(np.zeros(1))


def test_a_column_is_summed_to_one_number(numba):
    x = G.input("x", "N", 1)
    f = G.compile([G.sum(G.exp(x), axis=0), G.sum(G.exp(x))], target="numba")
    at = np.linspace(-1, 1, 7).reshape(7, 1)
    column, whole = f(at)
    assert column.shape == (1,)
    np.testing.assert_allclose([column[0], whole], [np.exp(at).sum()] * 2, rtol=1e-14)
