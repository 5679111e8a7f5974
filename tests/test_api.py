"""compile, value_and_grad, evaluate and Function: what users type, and every error with its text."""

import concurrent.futures
import multiprocessing
import os
import pickle
import re
import subprocess
import sys
import threading
import traceback

import numpy as np
import pytest

import graphc as G

x1, x2 = G.inputs("x1 x2")
w1, w3, b = G.params("w1 w3 b")
f = w3 * G.relu((w1 * x1 + w1 * x2 + b).named("z"))
AT = {"x1": 1.0, "x2": 2.0, "w1": 0.5, "w3": -1.0, "b": 0.1}
# z = 1.6: f = -1.6, and by hand df/dw1 = w3 (x1 + x2), df/dw3 = z, df/db = w3.
BY_HAND = [-1.6, -3.0, 1.6, -1.0]


def exam(**options):
    return G.compile([f, *G.gradients(f, [w1, w3, b])], **options)


def batch():
    """x[N,3] with labels y[N] of int64, and s[N,N] that repeats the size."""
    return G.input("x", "N", 3), G.input("y", "N", dtype="int64"), G.input("s", "N", "N")


@pytest.mark.parametrize("style", ["fast", "readable"])
@pytest.mark.parametrize("simplify", [True, False])
def test_the_exam_by_hand(style, simplify):
    assert exam(style=style, simplify=simplify)(**AT) == pytest.approx(BY_HAND)


def test_four_ways_to_call():
    fn = exam()
    mixed = {x1: 1.0, "x2": 2.0, w1: 0.5, w3: -1.0, b: 0.1}
    results = [fn(**AT), fn(*AT.values()), fn(AT), fn(mixed), fn(1, 2, 0.5, b=0.1, w3=-1)]
    assert all(r == results[0] for r in results)
    assert fn.raw(*AT.values()) == pytest.approx(BY_HAND)


def test_one_expr_gives_one_value_and_a_list_a_tuple():
    assert float(G.compile(f)(**AT)) == pytest.approx(-1.6)
    assert G.compile([f])(**AT) == pytest.approx((-1.6,))


def test_a_mapping_for_a_function_of_one_input():
    v = G.input("v", 2)
    fn = G.compile(v * 2)
    results = [fn({v: [1, 2]}), fn({"v": [1, 2]}), fn([1, 2]), fn(v=[1, 2])]
    assert [r.tolist() for r in results] == [[2.0, 4.0]] * 4


def test_inputs_in_order_of_declaration():
    q, p = G.input("q"), G.input("p")
    assert G.compile(p - q).inputs == ("q", "p")
    assert G.compile(p - q, inputs=["p", q]).inputs == ("p", "q")
    assert G.compile(p * 2, inputs=[q, p])(q=1.0, p=2.0) == 4.0


def test_the_text_names_the_gradients():
    source = exam(style="readable", simplify="sympy").source
    assert "# forward" in source and "# backward" in source
    assert re.search(r"dw1 = .*# ∂f/∂w1", source)
    assert "∂f/∂w1 = w3·(x1 + x2)·1[z > 0]" in source
    assert "z = w1·x1 + w1·x2 + b\n" in source


def test_value_and_grad():
    value, (dw1, dw3, db) = G.value_and_grad(f, [w1, w3, b])(**AT)
    assert [value, dw1, dw3, db] == pytest.approx(BY_HAND)
    value, slope = G.value_and_grad(f, "w1")(**AT)
    assert (value, slope) == pytest.approx((-1.6, -3.0))
    value, slopes = G.value_and_grad(f, [w3])(**AT)
    assert isinstance(slopes, tuple) and slopes == pytest.approx((1.6,))


def test_evaluate():
    assert G.evaluate([f, *G.gradients(f, [w1, w3, b])], AT) == pytest.approx(BY_HAND)
    x, _, s = batch()
    got = G.evaluate(G.sum(x) / G.mean(s), {x: [[1, 2, 3]], "s": [[2.0]], w1: 1.0})
    assert got == 3.0


def test_evaluate_gives_arrays_of_its_own():
    v = G.input("v", 2)
    argument = np.ones(2)
    assert not np.shares_memory(G.evaluate(v.reshape(2, 1), {v: argument}), argument)


CALLS = [
    (lambda fn: fn(**AT, w2=1.0), G.InputError,
     r"f: no input 'w2' \(did you mean '[wx]\d'\?\); it takes 5 inputs: x1, x2, w1, w3, b"),
    (lambda fn: fn(1.0, 2.0), G.InputError, r"f: missing inputs w1 float64\[\] \(declared at \w+\.py:\d+\), w3"),
    (lambda fn: fn(*range(6)), G.InputError, "f: takes 5 inputs: x1, x2, w1, w3, b, got 6 positions"),
    (lambda fn: fn(1.0, **AT), G.InputError, "f: input x1 is given twice, by position and by name"),
    (lambda fn: fn(**AT | {"b": [0.1, 0.2]}), G.ShapeError, r"f: input b float64\[\] .* is a scalar, got shape \(2,\)"),
    (lambda fn: fn(**AT | {"b": 1j}), G.DTypeError, "f: input b .* needs float64, got complex '1j' of dtype compl"),
    (lambda fn: fn(**AT | {"b": "1"}), G.DTypeError, "f: input b .* needs float64, got str '1'"),
    (lambda fn: fn(**AT | {"b": object()}), G.DTypeError, "f: input b .* needs float64, got object"),
    (lambda fn: fn(**AT | {"b": None}), G.InputError, "f: input b .* takes numbers and arrays, got NoneType"),
    (lambda fn: fn(**AT | {"b": x1}), G.InputError, "f: input b .* takes numbers and arrays, got Expr"),
    (lambda fn: fn({f: 1.0}), G.InputError, "f: a mapping of values has .* as keys, got <.*, which is computed"),
    (lambda fn: fn({3: 1.0}), G.InputError, "f: a mapping of values has inputs or their names as keys, got int '3'"),
]


@pytest.mark.parametrize(("call", "error", "text"), CALLS, ids=[t[:40] for _, _, t in CALLS])
def test_wrong_calls(call, error, text):
    with pytest.raises(error, match=text):
        call(exam())


ARRAYS = [
    ({"x": np.zeros((2, 4))}, G.ShapeError, r"input x float64\[N,3\] .* has size 3 on axis 1, got shape \(2, 4\)"),
    ({"x": np.zeros(3)}, G.ShapeError, r"input x .* has rank 2, got shape \(3,\)"),
    ({"y": np.zeros(2)}, G.DTypeError, r"input y int64\[N\] .* needs int64, got ndarray of shape \(2,\) of dtype f"),
    ({"y": np.zeros(5, int)}, G.ShapeError, r"N is 2 by input x float64\[N,3\] .*, but axis 0 of input y .* has 5"),
    ({"s": np.zeros((2, 3))}, G.ShapeError, r"N is 2 by input x .*, but axis 1 of input s float64\[N,N\] has 3"),
    ({"x": [[1, 2], [3]]}, G.InputError, "input x .* takes an array, got list"),
    ({"x": np.ma.zeros((2, 3))}, G.InputError, "input x .* takes numbers and arrays, got MaskedArray"),
]


@pytest.mark.parametrize(("wrong", "error", "text"), ARRAYS, ids=[t[:40] for _, _, t in ARRAYS])
def test_wrong_arrays(wrong, error, text):
    fn = G.compile([v * 1 for v in batch()])
    right = {"x": np.zeros((2, 3)), "y": np.zeros(2, int), "s": np.zeros((2, 2))}
    fn(**right)
    with pytest.raises(error, match=text):
        fn(**right | wrong)


def test_sizes_made_of_others_agree():
    N = G.input("x", "N").shape[0]
    fn = G.compile(G.input("x", "N").sum() + G.input("d", 2 * N + 1).sum())
    assert fn([1, 2], np.ones(5)) == 8.0
    with pytest.raises(G.ShapeError, match=r"2\*N \+ 1 is 5 by input x .*, but axis 0 of input d .* has 4"):
        fn([1, 2], np.ones(4))


CASTS = [("float64", np.arange(3, dtype="int32")), ("float64", np.ones(3, "float32")), ("float32", [0.5, 1.5, 2.5]),
         ("float32", np.ones(3, "int16")), ("int64", [1, 2, 3]), ("int64", np.ones(3, bool)), ("int32", [1, 2, 3]),
         ("float64", (1, True, 2.5)), ("float64", np.ones(3, ">f8")), ("bool", [True, False, True]),
         ("float64", np.full(3, np.nan))]  # fmt: skip


@pytest.mark.parametrize(("dtype", "value"), CASTS)
def test_safe_casts(dtype, value):
    got = G.compile(G.input("v", 3, dtype=dtype).reshape(3, 1))(value)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got.ravel(), value)


LOSSES = [("float32", np.ones(3)), ("int64", [0.5, 1, 2]), ("bool", [0, 1, 1]), ("int32", np.ones(3, "int64")),
          ("int32", [2**40, 0, 0]), ("int64", np.ones(3, "uint64"))]  # fmt: skip


@pytest.mark.parametrize(("dtype", "value"), LOSSES)
def test_casts_that_lose_are_refused(dtype, value):
    with pytest.raises(G.DTypeError, match=f"f: input v {dtype}"):
        G.compile(G.input("v", 3, dtype=dtype).reshape(3, 1))(value)


def test_a_python_float_is_weak():
    h = G.input("h", dtype="float32")
    assert G.compile(h * 2)(0.1) == np.float32(0.1) * 2
    with pytest.raises(G.DTypeError, match=r"input h float32.* needs float32, got float64 '0\.1'"):
        G.compile(h * 2)(np.float64(0.1))


def test_inputs_are_never_written_and_results_are_fresh():
    x, _, s = batch()
    h = G.tanh(x)
    fn = G.compile([h, h.T, x, x, h * 2 + 1, s.T])
    a, c = np.random.default_rng(0).normal(size=(200, 3)), np.ones((200, 200))
    kept = a.copy()
    first = [r.copy() for r in fn(a, c)]
    results = fn(a, c)
    assert np.array_equal(a, kept)
    for i, r in enumerate(results):
        assert not any(np.shares_memory(r, other) for other in (a, c, *results[:i]))
        r[...] = 5.0
    assert all(np.array_equal(p, q) for p, q in zip(first, fn(a, c)))


def test_infinities_are_results_not_warnings():
    x = G.input("x", 3)
    y = G.where(x > 0, G.log(x), x)
    assert G.compile(y)([0.0, 1.0, -1.0]).tolist() == [0.0, 0.0, -1.0]
    assert G.compile(1 / G.input("q"))(0.0) == np.inf


def test_out():
    x = G.input("x", "N")
    fn = G.compile([x * 2, x.sum()])
    out = np.empty(2), np.empty(())
    assert fn([1, 2], out=out) is out
    assert (out[0].tolist(), out[1].item()) == ([2.0, 4.0], 3.0)
    one = np.empty(2)
    assert G.compile(x * 2)([1, 2], out=one) is one and one.tolist() == [2.0, 4.0]


@pytest.mark.parametrize(("out", "text"), [
    ((np.empty(3), np.empty(())), r"out 0 needs an array float64\[2\], got float64\[3\]"),
    ((np.empty(2, "float32"), np.empty(())), r"out 0 needs an array float64\[2\], got float32\[2\]"),
    (np.empty(2), "out needs 2 arrays, got 1"),
])  # fmt: skip
def test_wrong_out(out, text):
    x = G.input("x", "N")
    with pytest.raises(G.GraphcError, match=text):
        G.compile([x * 2, x.sum()])([1, 2], out=out)


def test_an_input_called_out():
    assert G.compile(G.input("out") * 2)(out=3.0) == 6.0


OPTIONS = [
    (lambda: G.compile(f, style="fsat"), "no style 'fsat'; choose from fast, readable"),
    (lambda: G.compile(f, target="nump"), "no target 'nump'; choose from numpy"),
    (lambda: G.compile([]), "there is no output"),
    (lambda: G.compile("f"), "an output must be an Expr or a list of them, got str 'f'"),
    (lambda: G.compile(f, name="a b"), "a name must be an identifier"),
    (lambda: G.compile(f, name="lambda"), "an emitted function cannot be called 'lambda'"),
    (lambda: G.compile(f, inputs=[x1, x2, w1, w3]), r"f: the outputs need b float64\[\] .*, which is not among"),
    (lambda: G.compile(f, inputs=["x1", "x3"]), r"f: no input 'x3' in this graph \(did .* 'x\d'\?\); it has x1, x2"),
    (lambda: G.compile(f, inputs=[x1, x1, x2, w1, w3, b]), "f: the input x1 is listed twice"),
    (lambda: G.compile(f, inputs=[f]), "which is computed"),
    (lambda: G.evaluate(b * 2, {"b2": 1.0}), "evaluate: missing input b .*; a value is given for 'b2'"),
]


@pytest.mark.parametrize(("call", "text"), OPTIONS, ids=[t[:40] for _, t in OPTIONS])
def test_wrong_options(call, text):
    with pytest.raises(G.InputError, match=text):
        call()


# -- saving and sending ----------------------------------------------------------------------------------


def run_file(path):
    environment = {**os.environ, "PYTHONPATH": "", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-W", "error", path.name], capture_output=True, text=True, cwd=path.parent,
                          env=environment, check=False)
    return done.returncode, done.stdout + done.stderr


def saved_functions():
    x, y, _ = batch()
    W = G.param("W", 3, 2, dtype="float32")
    loss = G.mean(G.square(x @ W)) + 0 * y.sum()
    yield "gradients", exam(), "gradient of f by w1"
    yield "value alone", G.compile(f, style="readable"), "gradient of f by x2"
    yield "value_and_grad", G.value_and_grad(f, [w1]), "gradient of f by w1"
    yield "array", G.compile(G.softmax(x @ G.param("V", 3, 2))), "gradient of f by V"
    yield "single precision", G.value_and_grad(loss, W), "gradient of f by W"
    yield "constants", G.compile(G.sum(x @ np.arange(300.0).reshape(3, 100))), "gradient of f by x"
    draw = (G.input("inputs") * G.param("total")).named("draw")
    yield "names of the check", G.compile(draw, name="outputs"), "gradient of draw by total"
    rate = G.input("lambda") * G.input("np") * G.input("f")
    yield "words of Python", G.compile([rate, G.gradients(rate, "lambda")]), "gradient of f_ by lambda_"
    yield "words of Python alone", G.compile(rate), "gradient of f_ by np_"
    yield "a constant", G.compile(G.input("q", 2) * G.const([1.0, 2.0], "f") * G.const(2.0, "moved")), "gradient of"
    yield "unpickled", pickle.loads(pickle.dumps(G.compile(f))), "gradient of f by w3"


@pytest.mark.parametrize(("name", "fn", "text"), list(saved_functions()), ids=lambda v: v if isinstance(v, str) else "")
def test_a_saved_module_checks_itself(tmp_path, name, fn, text):
    fn.save(tmp_path / "exam.py")
    status, printed = run_file(tmp_path / "exam.py")
    assert status == 0, printed
    assert text in printed and printed.endswith(": ok\n")
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".pyc" and p.name != "__pycache__"] == ["exam.py"]


def test_a_saved_module_of_an_integer_has_nothing_to_check(tmp_path):
    G.compile(G.input("k", 3, dtype="int64").sum()).save(tmp_path / "k.py")
    assert run_file(tmp_path / "k.py") == (0, "")


def test_a_path_that_cannot_be_written(tmp_path):
    for path in (tmp_path / "no" / "exam.py", tmp_path):
        with pytest.raises(G.InputError, match="cannot write .*" + re.escape(path.name)):
            exam().save(path)


def test_functions_pickle():
    x = G.input("x", "N", 3)
    fn = G.compile([x @ G.param("W", 3, 2, init=lambda rng: None), x @ np.arange(300.0).reshape(3, 100)])
    again = pickle.loads(pickle.dumps(fn))
    arguments = np.ones((100, 3)), np.ones((3, 2))
    assert all(np.array_equal(p, q) for p, q in zip(fn(*arguments), again(*arguments)))
    assert again.source == fn.source and repr(again) == repr(fn)


def test_a_process_pool_runs_them():
    fn = exam()
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(fn, *[[v, v + 1] for v in AT.values()]))
    assert results[0] == pytest.approx(BY_HAND) and results[1] == fn(*[v + 1 for v in AT.values()])


def test_many_threads_at_once():
    x = G.input("x", "N")
    fn = G.compile([G.tanh(x) * 2 + 1, x.sum()])
    wrong = []

    def work(k):
        argument = np.full(500, k / 100)
        for _ in range(20):
            result, total = fn(argument)
            if not np.array_equal(result, np.tanh(argument) * 2 + 1) or total != argument.sum():
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_repr_is_one_short_line():
    assert repr(G.compile(w1 * x1)) == "<Function f(x1: float64[], w1: float64[]) -> f>"


def test_a_traceback_shows_the_emitted_line():
    fn = G.compile(G.input("x", "N") @ G.input("y", "N"))
    with pytest.raises(ValueError, match="matmul") as caught:
        fn.raw(np.ones(3), np.ones(2))
    assert traceback.extract_tb(caught.value.__traceback__)[-1].line == "f = x @ y"


def test_a_long_chain():
    v = x = G.input("x")
    for _ in range(20_000):
        v = v * x + 1e-9
    value, (slope,) = G.value_and_grad(v, [x], simplify=False)(0.5)
    assert value == pytest.approx(2e-9) and slope == pytest.approx(4e-9)


def test_a_size_is_known_from_an_input_that_cancels_out():
    x = G.input("x", "N", 3)
    np.testing.assert_allclose(G.evaluate(G.log(G.sigmoid(x - x)), {x: np.ones((2, 3))}), np.full((2, 3), -np.log(2)))


@pytest.mark.parametrize(("given", "ready"), [
    ({"x": np.ones((2, 3)), "y": np.ones(2), "k": np.float64(1)}, True),
    ({"x": np.ones((2, 3)), "y": np.ones(2), "k": 1.0}, False),
    ({"x": np.ones((2, 3)), "y": [1.0, 1.0], "k": np.float64(1)}, False),
    ({"x": np.ones((2, 3)), "y": np.ones(3), "k": np.float64(1)}, False),
    ({"x": np.ones((2, 4)), "y": np.ones(2), "k": np.float64(1)}, False),
    ({"x": np.ones(3), "y": np.ones(2), "k": np.float64(1)}, False),
    ({"x": np.ones((2, 3), "float32"), "y": np.ones(2), "k": np.float64(1)}, False),
    ({"x": np.ma.ones((2, 3)), "y": np.ones(2), "k": np.float64(1)}, False),
    ({"x": np.ones((2, 3), ">f8"), "y": np.ones(2), "k": np.float64(1)}, False),
])  # fmt: skip
def test_only_arguments_that_are_just_right_pass_unlooked_at(given, ready):
    x, y, k = G.input("x", "N", 3), G.input("y", "N"), G.input("k")
    fn = G.compile(G.sum(x * k, axis=1) + y)
    fn(np.ones((2, 3)), np.ones(2), 1.0)
    assert fn._ready(*given.values()) is ready


def test_a_constant_called_as_an_emitted_function_might_be():
    x, c = G.input("x", 100), G.const(np.arange(100.0), "f_steps")
    assert G.compile(G.sum(x * c))(np.ones(100)) == 4950.0
    assert G.compile(G.sum(G.sigmoid(x * c)))(np.zeros(100)) == 50.0
