"""Loops against the same loops unrolled: values, first and second derivatives, emitted code; and their errors."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any, NamedTuple

import numpy as np
import pytest

import graphc as G
from graphc.ir import postorder, variables
from graphc.loops import map_bodies, merge_scans
from graphc.rewrite import rewrite

T, N = 5, 3


def unrolled(step: Any, init: Any, xs: Any, length: int | None = None, reverse: bool = False) -> Any:
    """`G.scan` as a Python loop over single arrays or dicts of them."""
    def each(f: Any, *trees: Any) -> Any:
        if trees[0] is None:
            return None
        return {k: f(*(t[k] for t in trees)) for k in trees[0]} if isinstance(trees[0], dict) else f(*trees)

    first = xs if not isinstance(xs, dict) else next(iter(xs.values()))
    steps = range(length if first is None else first.shape[0])
    carry, ys = init, []
    for t in reversed(steps) if reverse else steps:
        carry, y = step(carry, each(lambda x, t=t: x[t], xs))
        ys.append(y)
    if reverse:
        ys.reverse()
    return carry, each(lambda *rows: G.concatenate([G.reshape(r, (1, *r.shape)) for r in rows], axis=0), *ys)


def rnn(loop: Any, x: Any, h0: Any, w: Any, u: Any, b: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        h = G.tanh(x @ w + h @ u + b)
        return h, h

    last, hs = loop(step, h0, x)
    return G.sum(last * last) + G.sum(G.exp(hs) * 0.1)


def lstm(loop: Any, x: Any, h0: Any, w: Any, u: Any, b: Any) -> Any:
    def gate(x: Any, h: Any, k: int) -> Any:
        return x @ (w * (k + 0.5)) + h @ (u + 0.1 * k) + b

    def step(carry: Any, x: Any) -> Any:
        h, c = carry["h"], carry["c"]
        forget, put, out = (G.sigmoid(gate(x, h, k)) for k in range(3))
        c = forget * c + put * G.tanh(gate(x, h, 3))
        h = out * G.tanh(c)
        return {"h": h, "c": c}, h

    last, hs = loop(step, {"h": h0, "c": h0 * 0.5}, x)
    return G.sum(last["h"] * last["c"]) + G.sum(G.exp(hs) * 0.1)


def backwards(loop: Any, x: Any, h0: Any, w: Any, u: Any, b: Any) -> Any:
    """Unbatched, from the last step to the first, with a sequence of its own for each of two things."""
    def step(h: Any, row: Any) -> Any:
        h = G.sin(u @ h + row["x"] @ w) * row["scale"]
        return h, {"h": h, "sum": G.sum(h)}

    last, ys = loop(step, h0[0], {"x": x[:, 0], "scale": G.exp(x[:, 1, 0])}, reverse=True)
    return G.sum(last) * G.sum(ys["h"] @ b) + G.sum(ys["sum"] ** 2)


def product(loop: Any, x: Any, h0: Any, w: Any, u: Any, b: Any) -> Any:
    """A cumulative product, of which only the stacked values are used; a step takes the carry before it."""
    _, before = loop(lambda p, v: (p * v, p), h0[0, 0] + 2.0, x[:, 0, 0])
    return G.sum(before * before)


def counted(loop: Any, x: Any, h0: Any, w: Any, u: Any, b: Any) -> Any:
    """Integers in the carry, no sequence, nothing stacked but the counter."""
    def step(carry: Any, _: Any) -> Any:
        h, i = carry["h"], carry["i"]
        return {"h": G.where(i > 1, G.tanh(h @ u), h * 1.5), "i": i + 1}, i

    last, counts = loop(step, {"h": h0, "i": G.const(np.int64(0))}, None, length=4)
    return G.sum(last["h"] ** 2) * last["i"] + G.sum(counts)


def nested(loop: Any, x: Any, h0: Any, w: Any, u: Any, b: Any) -> Any:
    """Each step of the outer loop relaxes its state by an inner loop that uses values of both."""
    def outer(h: Any, x: Any) -> Any:
        z = G.tanh(x @ w)
        h, path = loop(lambda s, _: (s + 0.3 * G.sin(z - s @ u), G.sum(s * z)), h, None, length=3)
        return h, path

    last, paths = loop(outer, h0, x)
    return G.sum(last * last) + G.sum(paths**2)


def shared(loop: Any, x: Any, h0: Any, w: Any, u: Any, b: Any) -> Any:
    """A weight that enters through a product of its own, a carry that nothing changes, and one that swaps."""
    def step(carry: Any, x: Any) -> Any:
        a, b_, fixed = carry["a"], carry["b"], carry["fixed"]
        return {"a": b_, "b": a * G.sum(w * w) + x @ w * fixed, "fixed": fixed}, x

    last, same = loop(step, {"a": h0, "b": h0 * b, "fixed": b}, x)
    return G.sum(last["a"] * last["b"]) + G.sum(same * same) + G.sum(last["fixed"])


MODELS = [rnn, lstm, backwards, product, counted, nested, shared]
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)


def inputs(named: bool, dtype: str = "float64") -> list[Any]:
    t, n = ("T", "N") if named else (T, N)
    shapes = {"x": (t, n, 2), "h0": (n, 4), "w": (2, 4), "u": (4, 4), "b": (4,)}
    return [G.input(name, *shape, dtype=dtype) for name, shape in shapes.items()]


def values(seed: int = 0, dtype: str = "float64") -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    shapes = {"x": (T, N, 2), "h0": (N, 4), "w": (2, 4), "u": (4, 4), "b": (4,)}
    return {k: (0.5 * rng.normal(size=s)).astype(dtype) for k, s in shapes.items()}


def both(model: Any) -> tuple[Any, list[Any], Any, list[Any]]:
    named, fixed = inputs(True), inputs(False)
    return model(G.scan, *named), named, model(unrolled, *fixed), fixed


@each_model
def test_values_and_gradients_are_those_of_the_unrolled_loop(model, run):
    f, xs, plain, ys = both(model)
    np.testing.assert_allclose(run(f, **values()), run(plain, **values()), rtol=1e-14)
    for mine, other in zip(G.gradients(f, xs), G.gradients(plain, ys)):
        np.testing.assert_allclose(run(mine, T=T, N=N, **values()), run(other, **values()), rtol=1e-12, atol=1e-14)


@each_model
def test_tangents_are_those_of_the_unrolled_loop(model, run):
    f, xs, plain, ys = both(model)
    along = [np.ones_like(v) for v in values().values()]
    named = [G.ones(x.shape) for x in xs]
    expected = run(G.jvp(plain, ys, along), **values())
    np.testing.assert_allclose(run(G.jvp(f, xs, named), T=T, N=N, **values()), expected, rtol=1e-12)


@each_model
def test_second_gradients_are_those_of_the_unrolled_loop(model, run):
    """Reverse over reverse, and forward over reverse, along one direction."""
    f, xs, plain, ys = both(model)

    def slopes(f: Any, xs: Any) -> list[Any]:
        total = sum(G.sum(g * G.sin(x)) for g, x in zip(G.gradients(f, xs), xs))
        return [*G.gradients(total, xs), *G.jvp(G.gradients(f, xs), xs, [G.ones(x.shape) for x in xs])]

    for mine, other in zip(slopes(f, xs), slopes(plain, ys)):
        found = run(mine, T=T, N=N, **values())
        np.testing.assert_allclose(found, run(other, **values()), rtol=1e-10, atol=1e-12)


@each_model
@pytest.mark.parametrize("style", ["fast", "readable"])
@pytest.mark.parametrize("simplify", [True, False])
def test_emitted_code_agrees_with_the_interpreter(model, style, simplify, run):
    xs = inputs(True)
    f = model(G.scan, *xs)
    outputs = [f, *G.gradients(f, variables(postorder([f])))]
    fn = G.compile(outputs, xs, style=style, simplify=simplify)
    for seed in range(2):
        expected = run(outputs, T=T, N=N, **values(seed))
        for got, interpreted, want in zip(fn(values(seed)), G.evaluate(outputs, values(seed)), expected):
            # Of sums that all but cancel, an element keeps the accuracy of the largest.
            np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14 + 1e-15 * np.abs(want).max(initial=0))
            np.testing.assert_allclose(interpreted, want, rtol=1e-12, atol=1e-14)


@each_model
def test_float32_stays_float32(model, run):
    xs = inputs(True, "float32")
    f = model(G.scan, *xs)
    assert f.type.dtype == ("float64" if model is counted else "float32")  # int64 times float32
    for g, x in zip(G.gradients(f, xs), xs):
        assert g.type is x.type
        run(g, T=T, N=N, **values(0, "float32"))


@each_model
def test_no_steps_at_all(model):
    if model in (counted, backwards):
        return  # the number of steps is fixed there, or a sequence is indexed
    xs = inputs(True)
    f = model(G.scan, *xs)
    given = values() | {"x": np.zeros((0, N, 2))}
    found = G.compile([f, *G.gradients(f, xs)], xs)(given)
    assert all(np.isfinite(v).all() for v in found)
    assert found[1].shape == (0, N, 2)


def test_the_graph_does_not_grow_with_the_length():
    def nodes(length: int) -> int:
        x, h = G.input("x", length, 2), G.input("h", 2)
        f = G.sum(G.scan(lambda h, x: (G.tanh(h + x), h), h, x)[1])
        return len(postorder([f, *G.gradients(f, [x, h])]))

    assert nodes(3) == nodes(3000) < 40


def test_equal_steps_are_one_node():
    x = G.input("x", "T")
    assert G.scan(lambda s, v: (s + v, s), 0.0, x)[1] is G.scan(lambda s, v: (s + v, s), 0.0, x)[1]


# -- structures ---------------------------------------------------------------------------------------------------


class Pair(NamedTuple):
    low: Any
    high: Any


def test_structures_come_back_as_they_went_in(run):
    x, y = G.input("x", "T"), G.input("y", "T")

    def step(carry: Any, row: Any) -> Any:
        assert isinstance(carry, Pair)
        a, b = row
        return Pair(G.minimum(carry.low, a), G.maximum(carry.high, b)), [carry.low, {"b": b}]

    last, (lows, more) = G.scan(step, Pair(x[0], y[0]), (x, y))
    found = run([last.low, last.high, lows, more["b"]], x=np.array([2.0, 1.0, 3.0]), y=np.array([5.0, 7.0, 6.0]))
    for got, want in zip(found, (1.0, 7.0, [2.0, 2.0, 1.0], [5.0, 7.0, 6.0])):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(("init", "dtype", "result"), [
    (0, "float32", "float32"), (0.0, "float32", "float32"), (0, "int32", "int32"), (0.0, "int32", "float64"),
    (True, "int64", "int64"), (0, "float64", "float64"),
])  # fmt: skip
def test_a_python_number_at_the_start_takes_the_dtype_of_its_company(init, dtype, result, run):
    x = G.input("x", 3, dtype=dtype)
    last, sums = G.scan(lambda s, v: (s + v, s + v), init, x)
    assert (last.type.dtype, sums.type.dtype) == (result, result)
    run([last, sums], x=np.arange(3).astype(dtype))


def test_a_counter_is_int64(run):
    last, counts = G.scan(lambda i, _: (i + 1, i), 0, None, length="T")
    assert (str(last.type), str(counts.type)) == ("int64[]", "int64[T]")
    np.testing.assert_array_equal(run(counts, T=4), [0, 1, 2, 3])


def test_nothing_stacked_and_nothing_carried(run):
    x = G.input("x", 3, 2)
    last, nothing = G.scan(lambda s, v: (s + v, None), G.zeros(2), x)
    none, rows = G.scan(lambda _, v: (None, v * v), None, x)
    assert nothing is None
    assert none is None
    given = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(run(last, x=given), given.sum(axis=0))
    np.testing.assert_array_equal(run(G.gradients(G.sum(rows), x), x=given), 2 * given)


# -- stability ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [-1000.0, 0.0, 1000.0])
def test_a_streaming_logsumexp_is_finite_with_its_gradients(shift, run):
    x = G.input("x", "T")

    def step(carry: Any, v: Any) -> Any:
        top, total = carry
        new = G.maximum(top, v)
        return (new, total * G.exp(top - new) + G.exp(v - new)), None

    (top, total), _ = G.scan(step, (x[0], G.exp(x[0] - x[0])), x[1:])
    f = top + G.log(total)
    at = np.array([1.0, -3.0, 2.0, 2.0, 0.5]) + shift
    p = np.exp(at - at.max()) / np.exp(at - at.max()).sum()
    value, slope = G.compile([f, G.gradients(f, x)])(x=at)
    assert value == pytest.approx(at.max() + np.log(np.exp(at - at.max()).sum()), rel=1e-14)
    np.testing.assert_allclose(slope, p, rtol=1e-13)


@pytest.mark.parametrize("shift", [-1000.0, 0.0, 1000.0])
def test_a_logsumexp_spelled_as_such_is_finite_with_its_gradients_and_hessian(shift):
    x = G.input("x", "T")
    f, _ = G.scan(lambda c, v: (G.log(G.exp(c) + G.exp(v)), None), x[0], x[1:])
    at = np.array([1.0, -3.0, 2.0, 2.0, 0.5]) + shift
    p = np.exp(at - at.max()) / np.exp(at - at.max()).sum()
    value, slope, curvature = G.compile([f, G.gradients(f, x), G.hessian(f, x)])(x=at)
    assert value == pytest.approx(at.max() + np.log(np.exp(at - at.max()).sum()), rel=1e-14)
    np.testing.assert_allclose(slope, p, rtol=1e-13)
    np.testing.assert_allclose(curvature, np.diag(p) - np.outer(p, p), rtol=1e-12, atol=1e-15)


# -- emitted text -------------------------------------------------------------------------------------------------


def source(**options: Any) -> str:
    x, h0, w, u, b = inputs(True)

    def step(h: Any, x: Any) -> Any:
        z = (x @ w + h @ u + b).named("z")
        h = G.tanh(z).named("h_next")
        return h, h

    f = G.sum(G.scan(step, h0, x)[0])
    return G.compile([f, *G.gradients(f, [w, u, b])], [x, h0, w, u, b], **options).source


def test_the_loop_reads_as_the_step_was_written():
    text = source(style="readable")
    for line in ("x_w = x_ws[t]", "z = np.add(n1, b, out=u0)", "h_next = np.tanh(z, out=hs[t + 1])", "h = h_next"):
        assert f"        {line}" in text, text


def test_forward_runs_once_with_gradients():
    text = source()
    assert text.count("\ndef scan_") == 2, text
    assert text.count("= tanh(") == 1, text


def test_value_gradient_and_hessian_product_take_two_loops():
    x, h0, w, u, b = inputs(True)
    f = rnn(G.scan, x, h0, w, u, b)
    text = G.compile([f, G.gradients(f, u), G.hvp(f, u, G.input("v", 4, 4))]).source
    assert text.count("\ndef scan_") == 2, text
    assert text.count("= tanh(") == 1, text


def test_gradients_of_weights_are_one_product_after_the_loop():
    x, h0, w, u, b = inputs(True)
    text = G.compile(G.gradients(rnn(G.scan, x, h0, w, u, b), [w, u, b])).source
    loop = text[text.index("in reversed(range(T))") : text.index("f_memory")]
    assert loop.count(" dot(") == 1 and "matmul" not in loop and " @ " not in loop, text  # the cotangent of the carry


def test_a_gradient_that_must_be_summed_is_added_to_in_place():
    x, w = G.input("x", "T", 3), G.input("w", 3)
    f = G.scan(lambda s, v: (s * G.sum(G.sin(w * v)), None), 1.0, x)[0]
    text = G.compile(G.gradients(f, w)).source
    assert "dw = np.array(dw)" in text, text
    assert "dw += " in text, text


def test_what_is_not_used_is_not_computed():
    x, h = G.input("x", "T", 2), G.input("h", 2)
    (a, _), ys = G.scan(lambda c, v: ((c[0] + v, G.tanh(c[1])), (G.exp(v), G.square(v))), (h, h), x)
    text = G.compile([a, ys[0]]).source
    assert "np.tanh" not in text, text
    assert "np.square" not in text, text


def test_the_text_is_the_same_each_time():
    assert source() == source()


def test_an_old_carry_outlives_the_new_one(run):
    """The same value under a second name is read after the carry has moved on."""
    x = G.input("x", "T")

    def step(h: Any, v: Any) -> Any:
        old = G.stop_gradient(h)
        return G.tanh(old), old + v

    ys = G.scan(step, 1.0, x)[1]
    np.testing.assert_array_equal(G.compile(ys)(x=[0.0, 0.0]), run(ys, x=np.zeros(2)))
    np.testing.assert_array_equal(run(ys, x=np.zeros(2)), [1.0, np.tanh(1.0)])


def test_products_with_a_matrix_from_outside_are_taken_of_all_steps_at_once(run):
    x, w, h0 = G.input("x", "T", "N", 2), G.input("w", 2, 4), G.input("h0", 4)
    m = G.input("m", 4, 2)

    def step(h: Any, x: Any) -> Any:
        h = G.tanh(h + (m @ x[0]) * G.sum(x @ w, axis=0))
        return h, (h @ w.T, w @ h[:, None], w @ h)

    last, ys = G.scan(step, h0, x)
    outputs = [last, *ys]
    outputs += G.gradients(sum(G.sum(o * o) for o in outputs), [x, w, h0, m])
    fn = G.compile(outputs)
    loops = fn.source[: fn.source.index("def f(")]
    assert "@ w\n" not in loops, loops
    rng = np.random.default_rng(0)
    given = {"x": rng.normal(size=(5, 3, 2)), "w": rng.normal(size=(2, 4)), "h0": rng.normal(size=4),
             "m": rng.normal(size=(4, 2))}
    for got, want in zip(fn(given), run(outputs, **given)):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


def test_helpers_of_the_step_come_once(run):
    x = G.input("x", "T", 4)
    f = G.sum(G.scan(lambda s, v: (s + G.sigmoid(v), G.sigmoid(s)), G.zeros(4), x)[0] * G.sigmoid(x[0]))
    fn = G.compile([f, G.gradients(f, x)])
    given = np.random.default_rng(0).normal(size=(3, 4))
    np.testing.assert_allclose(fn(x=given)[1], run(G.gradients(f, x), x=given), rtol=1e-13)


def test_a_saved_module_checks_its_own_gradients(tmp_path):
    x, h0, w, u, b = inputs(True)
    G.value_and_grad(lstm(G.scan, x, h0, w, u, b), [w, u, b]).save(tmp_path / "cell.py")
    done = subprocess.run([sys.executable, "-W", "error", "cell.py"], cwd=tmp_path, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith("ok")


def test_graphs_and_functions_pickle():
    x, h0, w, u, b = inputs(True)
    f = lstm(G.scan, x, h0, w, u, b)
    fn = pickle.loads(pickle.dumps(G.compile(f)))
    assert fn(values()) == G.compile(f)(values())
    assert pickle.loads(pickle.dumps(f)) is f


def test_results_are_the_callers_own():
    x = G.input("x", "T", 2)
    fn = G.compile(list(G.scan(lambda s, v: (v, s), x[0], x)))
    given = np.arange(6.0).reshape(3, 2)
    last, before = fn(x=given)
    last += 1
    before += 1
    np.testing.assert_array_equal(given, np.arange(6.0).reshape(3, 2))


# -- passes -------------------------------------------------------------------------------------------------------


def test_a_pass_goes_into_bodies(run):
    x = G.input("x", "T")
    y = G.scan(lambda s, v: (G.scan(lambda p, _: (p * 1 + 0, None), s + v * 1, None, length=2)[0] + 0, s), 0.0, x)[1]
    (better,) = map_bodies([y], rewrite)
    inner = next(n for n in better.args[0].attrs[0].order if n.op.name == "scan").attrs[0]
    assert len(inner.order) == 1, inner.order  # p
    np.testing.assert_array_equal(run(better, x=np.arange(4.0)), run(y, x=np.arange(4.0)))


def test_merging_keeps_values(run):
    xs = inputs(True)
    f = nested(G.scan, *xs)
    tops = [f, *G.gradients(f, xs), *G.jvp(G.gradients(f, xs), xs, [G.ones(x.shape) for x in xs])]
    merged = merge_scans(tops)
    count = sum(n.op.name == "scan" for n in postorder(tops))
    assert sum(n.op.name == "scan" for n in postorder(merged)) < count
    for mine, other in zip(run(merged, T=T, N=N, **values()), run(tops, T=T, N=N, **values())):
        np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-14)


# -- errors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "error", "text"),
    [
        (lambda x: G.scan(lambda c, v: (c + v, None), G.zeros(()), x), G.ShapeError,
         r"scan: the carry c is float64\[\] before a step and float64\[3\] after it; it must keep its shape and dtype"),
        (lambda x: G.scan(lambda c, v: ({"h": c["h"], "n": c["n"] + 0.5}, v), {"h": x[0], "n": G.const(1)}, x),
         G.ShapeError, r"scan: the carry c\['n'\] is int64\[\] before a step and float64\[\] after it"),
        (lambda x: G.scan(lambda c, v: (c, v), (x[0], 1.0), {"a": x, "b": G.input("z", "M")}), G.ShapeError,
         r"scan: xs\['b'\] float64\[M\] has M elements, but xs\['a'\] has T"),
        (lambda x: G.scan(lambda c, v: (c, v), 0.0, x, length=5), G.ShapeError,
         r"scan: xs float64\[T,3\] has T elements, but length= 5"),
        (lambda x: G.scan(lambda c, v: (c, v), 0.0, G.sum(x)), G.ShapeError,
         r"scan: xs float64\[\] has no leading axis to walk along"),
        (lambda x: G.scan(lambda c, v: (c, v), 0.0, None), G.InputError, "without xs, give length="),
        (lambda x: G.scan(lambda c, v: c, x[0], x), G.InputError,
         r"the step returns a pair \(next carry, y\), got Expr; without anything to stack, return \(carry, None\)"),
        (lambda x: G.scan(lambda c, v: ((c, c), v), x[0], x), G.InputError,
         r"scan: the step takes the carry a value and returns \(a value, a value\); it must keep its structure"),
        (lambda x: G.scan(lambda c, v: (c @ v[:2], v), x[0], x), G.ShapeError,
         r"matmul: c float64\[3\] @ v\[:2\] float64\[2\]: inner sizes 3 and 2 differ"),
        (lambda x: G.scan(lambda c, v: (c, "y"), x[0], x), G.DTypeError, "scan takes graph nodes"),
    ],
)  # fmt: skip
def test_bad_requests(ask, error, text):
    with pytest.raises(error, match=text):
        ask(G.input("x", "T", 3))


def test_a_value_of_the_step_must_be_returned():
    x, kept = G.input("x", "T"), []

    def step(s: Any, v: Any) -> Any:
        kept.append(s + v)
        return s + v, s

    G.scan(step, x[0], x)
    with pytest.raises(G.InputError, match=r"s of the step of a scan is used outside that step; return it .*test_scan"):
        G.compile(kept[0])


def test_names_of_the_step_may_be_those_of_inputs(run):
    x, h = G.input("x", "T"), G.input("h")
    y = G.scan(lambda h, x: (G.gradients(h * x * x, x), h), h, x)[0]
    assert run(y, x=np.array([3.0, 5.0]), h=1.0) == 2 * 5 * (2 * 3)


# -- memory of the steps ------------------------------------------------------------------------------------------

# Each step in operators alone, so that the same text runs on arrays: of carries (a, b) and an element x, all 8 by 16.
TWISTED = {
    "its own product": lambda a, b, x, w: ((a @ w, b + x), b * x),
    "its own reverse": lambda a, b, x, w: ((a * a[:, ::-1], b + x), b * x),
    "the reverse of a value": lambda a, b, x, w: (((a + x) * (a + x)[:, ::-1], b + x), b * x),
    "exchanged": lambda a, b, x, w: ((b * 2.0 + x, a - 1.0), x * b),
    "passed on": lambda a, b, x, w: ((b, a * x), a + b),
    "a view of what was computed": lambda a, b, x, w: (((a * x)[:, ::-1], (b + x)[::-1]), a * b),
    "a view of the carry, read late": lambda a, b, x, w: ((a * a[:, ::-1] * 0.3, b + x), a[:, ::-1] * 3.0),
    "one value for both": lambda a, b, x, w: ((a * x, a * x), b),
    "one value twice": lambda a, b, x, w: ((a + x @ w, b), a + x @ w),
    "columns of the carry": lambda a, b, x, w: ((a * 0.5 + b[:, :1] * x, b * a[:, 3:4]), (a @ w)[:, :3] + b[:, 3:6]),
    "untouched": lambda a, b, x, w: ((a, b), (a @ w + x) * (b @ w)),
}  # fmt: skip


@pytest.mark.parametrize("sized", [False, True])
@pytest.mark.parametrize("name", TWISTED)
def test_steps_that_use_memory_again_compute_what_the_loop_does(name: str, sized: bool) -> None:
    n = "N" if sized else 8
    step = TWISTED[name]
    xs, w = G.input("xs", 5, n, 16), G.input("w", 16, 16)
    a, b = G.inputs("a b", n, 16)
    last, ys = G.scan(lambda s, x: step(*s, x, w), (a, b), xs)
    fn = G.compile([*last, ys], [xs, w, a, b])
    rng = np.random.default_rng(0)
    values = [rng.standard_normal(s) for s in ((5, 8, 16), (16, 16), (8, 16), (8, 16))]
    before = [v.copy() for v in values]
    got = fn(*values)
    kept = [v.copy() for v in got]
    fn(*[2.0 * v for v in values])
    state, stacked = tuple(values[2:]), []
    for x in values[0]:
        state, y = step(*state, x, values[1])
        stacked.append(y)
    for result, copy, want in zip(got, kept, (*state, np.array(stacked))):
        np.testing.assert_allclose(result, want, rtol=1e-12)
        np.testing.assert_array_equal(result, copy)  # the next call does not touch it
    for v, copy in zip(values, before):
        np.testing.assert_array_equal(v, copy)
    arrays = [*got, *values]
    assert not any(np.shares_memory(p, q) for i, p in enumerate(got) for q in arrays[i + 1 :])


def gated(n: Any, dtype: str) -> tuple[list[G.Expr], G.Expr]:
    """A cell whose gates are columns of one matrix, and its loss."""
    x, w, u, b = (G.param(k, *shape, dtype=dtype) for k, shape in
                  (("x", (4, n, 6)), ("w", (6, 64)), ("u", (16, 64)), ("b", (64,))))
    h, c = (G.param(k, n, 16, dtype=dtype) for k in ("h", "c"))

    def step(s: Any, v: Any) -> Any:
        z = v @ w + s[0] @ u + b
        i, f, o = (G.sigmoid(z[:, k : k + 16]).named(name) for k, name in ((0, "i"), (16, "f"), (48, "o")))
        c = f * s[1] + i * G.tanh(z[:, 32:48])
        return (o * G.tanh(c), c), None

    last, _ = G.scan(step, (h, c), x)
    return [x, w, u, b, h, c], G.sum(last[0] * last[0]) + G.sum(G.sin(last[1]))


def test_gates_are_computed_together_and_written_into_their_stacks():
    leaves, f = gated(8, "float64")
    text = G.value_and_grad(f, leaves, inputs=leaves, style="readable").source
    forward, backward = text[text.index("def scan_") :].split("def scan_")[1:]
    for line in ("gates = np.empty((4, 8, 32))", "is1 = gates[:, :, :16]", "fs = gates[:, :, 16:]",
                 "np.exp(np.minimum(n2[:, :32], large, out=u2), out=u2)", "out=s1s[t + 1])"):
        assert line in forward, forward
    assert backward.count("out=n0[:, ") == 4, backward  # the parts of the cotangent of z, in their places
    assert "np.concatenate(" not in backward[: backward.index("return")], backward


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gates_are_exact_where_the_logistic_function_is_0_or_1(dtype: str) -> None:
    leaves, f = gated(8, dtype)
    fn = G.value_and_grad(f, leaves, inputs=leaves)
    rng = np.random.default_rng(1)
    for scale in (0.3, 30.0, 3000.0):
        values = [(scale * rng.standard_normal(v.shape)).astype(dtype) for v in leaves]
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            value, slopes = fn(*values)
        want, wants = by_hand(*[v.astype("float64") for v in values])
        tolerance = 1e-11 if dtype == "float64" else 2e-3
        np.testing.assert_allclose(value, want, rtol=tolerance)
        for got, slope in zip(slopes, wants):
            assert got.dtype == dtype
            np.testing.assert_allclose(got, slope, rtol=tolerance, atol=tolerance * (np.abs(slope).max() + 1e-30))


def by_hand(x: Any, w: Any, u: Any, b: Any, h: Any, c: Any) -> Any:
    """The same cell forwards and backwards, step by step."""
    tape = []
    for v in x:
        z = v @ w + h @ u + b
        with np.errstate(over="ignore"):
            i, f, o = (1 / (1 + np.exp(-z[:, k : k + 16])) for k in (0, 16, 48))
        g = np.tanh(z[:, 32:48])
        new = f * c + i * g
        tape.append((v, h, c, i, f, o, g, np.tanh(new)))
        h, c = o * np.tanh(new), new
    value, dh, dc = (h * h).sum() + np.sin(c).sum(), 2 * h, np.cos(c)
    dx, dw, du, db = [], 0 * w, 0 * u, 0 * b
    for v, h, c, i, f, o, g, t in reversed(tape):
        dc = dc + dh * o * (1 - t * t)
        dz = np.concatenate([dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh * t * o * (1 - o)], 1)
        dx.append(dz @ w.T)
        dw, du, db = dw + v.T @ dz, du + h.T @ dz, db + dz.sum(axis=0)
        dh, dc = dz @ u.T, dc * f
    return value, [np.array(dx[::-1]), dw, du, db, dh, dc]
