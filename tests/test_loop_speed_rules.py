"""Loops laid out for speed against the same loops unrolled, with each pass on and off; and the emitted text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as G
from graphc import loop_layout

D, H, N = 3, 16, 5
Step = Callable[..., Any]


def lstm(p: dict[str, Any]) -> Step:
    """Gates as columns of one matrix, in the order o, i, f and the candidate."""
    def step(s: Any, x: Any) -> Any:
        h, c = s
        z = x @ p["W"] + h @ p["U"] + p["b"]
        o, i, f = (G.sigmoid(z[:, k * H : (k + 1) * H]) for k in range(3))
        c = f * c + i * G.tanh(z[:, 3 * H :])
        h = o * G.tanh(c)
        return (h, c), h
    return step


def gru(p: dict[str, Any]) -> Step:
    """Two products whose columns are taken apart, and one gate within the other."""
    def step(s: Any, x: Any) -> Any:
        h, count = s
        a, g = x @ p["W"] + p["b"], h @ p["U"] + p["b"] * 0.5
        r, u = (G.sigmoid(a[:, k : k + H] + g[:, k : k + H]) for k in (0, H))
        n = G.tanh(a[:, 2 * H : 3 * H] + r * g[:, 2 * H : 3 * H] + a[:, 3 * H :] * g[:, 3 * H :])
        h = (1 - u) * n + u * h
        return (h, count + 1), h[:, 1:]
    return step


def mixed(p: dict[str, Any]) -> Step:
    """What must stay as it was: a matrix of gates that is read as a whole as well, columns of different widths, and a
    carry that is a part of what was computed together."""
    def step(s: Any, x: Any) -> Any:
        h, c = s
        z = x @ p["W"] + (h @ p["U"] + p["b"])
        y = h @ p["U"]
        a, b = G.sin(z[:, :H]), G.sin(z[:, H : 2 * H])
        u, v = G.exp(-y[:, :7] * y[:, :7]), y[:, 7 : 7 + H]
        return (a * 0.5, b + v), G.sum(z, axis=1) + u[:, 0] + c[:, 1]
    return step


CELLS = {"lstm": lstm, "gru": gru, "mixed": mixed}


def leaves(steps: int | str, n: int | str, dtype: str = "float64") -> dict[str, G.Expr]:
    shapes = {"x": (steps, n, D), "W": (D, 4 * H), "U": (H, 4 * H), "b": (4 * H,), "h": (n, H), "c": (n, H)}
    return {k: G.param(k, *shape, dtype=dtype) for k, shape in shapes.items()}


def numbers(steps: int, n: int = N, dtype: str = "float64", seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    shapes = {"x": (steps, n, D), "W": (D, 4 * H), "U": (H, 4 * H), "b": (4 * H,), "h": (n, H), "c": (n, H)}
    return {k: (0.4 * rng.standard_normal(s)).astype(dtype) for k, s in shapes.items()}


def start(name: str, p: dict[str, Any]) -> tuple[Any, Any]:
    return (p["h"], 0) if name == "gru" else (p["h"], p["c"])


def looped(name: str, p: dict[str, Any], reverse: bool) -> Any:
    last, ys = G.scan(CELLS[name](p), start(name, p), p["x"], reverse=reverse)
    return G.sum(last[0] * last[0]) + G.sum(G.sin(ys)) + G.sum(last[1])


def unrolled(name: str, p: dict[str, Any], steps: int, reverse: bool) -> Any:
    step, state, total = CELLS[name](p), start(name, p), 0.0
    for t in reversed(range(steps)) if reverse else range(steps):
        state, y = step(state, p["x"][t])
        total = total + G.sum(G.sin(y))
    return G.sum(state[0] * state[0]) + total + (state[1] if isinstance(state[1], int) else G.sum(state[1]))


def agree(got: Any, want: Any, tolerance: float = 1e-12) -> None:
    assert len(got) == len(want)
    for g, w in zip(got, want):
        np.testing.assert_allclose(g, w, rtol=tolerance, atol=tolerance * (1 + np.max(np.abs(w), initial=0.0)))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 6])
@pytest.mark.parametrize("name", CELLS)
def test_value_and_gradients_are_those_of_the_unrolled_loop(name: str, steps: int, reverse: bool) -> None:
    named, fixed = leaves("T", "N"), leaves(steps, N)
    fn = G.compile([f := looped(name, named, reverse), *G.gradients(f, list(named.values()))], list(named.values()))
    whole = unrolled(name, fixed, steps, reverse)
    values = numbers(steps)
    agree(fn(**values), G.evaluate([whole, *G.gradients(whole, list(fixed.values()))], values))


@pytest.mark.parametrize("name", CELLS)
def test_no_steps_no_rows_and_one_row(name: str) -> None:
    p = leaves("T", "N")
    f = looped(name, p, False)
    outputs = [f, *G.gradients(f, list(p.values()))]
    fn, plain = (G.compile(outputs, list(p.values()), simplify=simplify) for simplify in (True, False))
    for steps, n in ((0, N), (3, 0), (3, 1), (0, 0)):
        agree(fn(**numbers(steps, n)), plain(**numbers(steps, n)))


@pytest.mark.parametrize("left_out", range(len(loop_layout.PASSES)))
@pytest.mark.parametrize("name", CELLS)
def test_each_pass_leaves_the_numbers_as_they_are(name: str, left_out: int, monkeypatch: pytest.MonkeyPatch) -> None:
    p = leaves("T", "N")
    f = looped(name, p, False)
    outputs = [f, *G.gradients(f, list(p.values()))]
    values = numbers(4)
    want = G.compile(outputs, list(p.values()), style="readable")(**values)
    one = loop_layout.PASSES[left_out]
    monkeypatch.setattr(loop_layout, "PASSES", tuple(c for i, c in enumerate(loop_layout.PASSES) if i != left_out))
    agree(G.compile(outputs, list(p.values()))(**values), want)
    monkeypatch.setattr(loop_layout, "PASSES", (one,))
    agree(G.compile(outputs, list(p.values()))(**values), want)


@pytest.mark.parametrize("name", CELLS)
def test_second_order_is_that_of_the_unrolled_loop(name: str) -> None:
    named, fixed, v = leaves("T", "N"), leaves(3, N), G.input("v", H, 4 * H)
    f, whole = looped(name, named, False), unrolled(name, fixed, 3, False)
    values = numbers(3) | {"v": np.random.default_rng(1).standard_normal((H, 4 * H))}
    fn = G.compile([G.hvp(f, named["U"], v), *G.gradients(f, [named["W"]])], [*named.values(), v])
    want = G.evaluate([G.hvp(whole, fixed["U"], v), *G.gradients(whole, [fixed["W"]])], values)
    agree(fn(**values), want, 1e-11)


@pytest.mark.parametrize("name", CELLS)
def test_float32_stays_float32(name: str) -> None:
    p, wide = leaves("T", "N", "float32"), leaves("T", "N")
    f, g = looped(name, p, False), looped(name, wide, False)
    got = G.compile(G.gradients(f, list(p.values())), list(p.values()))(**numbers(6, dtype="float32"))
    values = {k: a.astype("float64") for k, a in numbers(6, dtype="float32").items()}
    assert {a.dtype for a in got} == {np.dtype("float32")}
    agree(got, G.compile(G.gradients(g, list(wide.values())), list(wide.values()))(**values), 3e-6)


def test_results_are_the_callers_own_and_inputs_stay_as_they_are() -> None:
    p = leaves("T", "N")
    last, hs = G.scan(lstm(p), (p["h"], p["c"]), p["x"])
    f = G.sum(hs * hs)
    fn = G.compile([*last, hs, f, *G.gradients(f, list(p.values()))], list(p.values()))
    values = numbers(4)
    before = {k: a.copy() for k, a in values.items()}
    got = fn(**values)
    kept = [a.copy() for a in got]
    fn(**numbers(4, seed=1))
    for a, b in zip(got, kept):
        np.testing.assert_array_equal(a, b)
    arrays = [*[a for a in got if a.ndim], *values.values()]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[i + 1 :])
    for k, a in values.items():
        np.testing.assert_array_equal(a, before[k])


def test_operands_of_any_layout() -> None:
    p = leaves("T", "N")
    f = looped("lstm", p, False)
    fn = G.compile([f, *G.gradients(f, list(p.values()))], list(p.values()))
    values = numbers(4)
    agree(fn(**{k: np.asfortranarray(a) for k, a in values.items()}), fn(**values))
    agree(fn(**{k: np.repeat(a, 2, axis=-1)[..., ::2] for k, a in values.items()}), fn(**values))


def test_nan_and_infinity_go_where_they_go_in_the_unrolled_loop() -> None:
    named, fixed = leaves("T", "N"), leaves(3, N)
    values = numbers(3)
    values["x"][1, 2, 0], values["x"][0, 3, 1], values["b"][5] = np.nan, np.inf, 1e6
    f, whole = looped("lstm", named, False), unrolled("lstm", fixed, 3, False)
    got = G.compile(f, list(named.values()))(**values)
    np.testing.assert_array_equal(got, G.evaluate(whole, values))
    (last, _), _ = G.scan(lstm(named), (named["h"], named["c"]), named["x"])
    state = (fixed["h"], fixed["c"])
    for t in range(3):
        state, _ = lstm(fixed)(state, fixed["x"][t])
    got, want = G.compile(last)(**{k: values[k] for k in values}), G.evaluate(state[0], values)
    np.testing.assert_allclose(got, want, rtol=1e-12)
    assert np.isnan(got[2]).all() and np.isfinite(got[[0, 1, 4]]).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_loop_of_numbers_gives_what_numpy_gives(dtype: str) -> None:
    xs, w, rate = G.input("xs", "T", dtype=dtype), G.param("w", dtype=dtype), G.param("rate", dtype=dtype)

    def step(s: Any, x: Any) -> Any:
        w, m = s
        m = 0.9 * m + (w - x) * G.square(w)
        return (w - rate * m, m), -m

    (last, m), ms = G.scan(step, (w, w * 0.0), xs)
    fn = G.compile([last, m, ms, *G.gradients(last + G.sum(ms), [w, rate])], [xs, w, rate])
    rng = np.random.default_rng(0)
    for scale, steps in ((1.0, 7), (1.0, 0), (1e200 if dtype == "float64" else 1e30, 3)):
        x = (scale * rng.standard_normal(steps)).astype(dtype)
        a, b, r = np.dtype(dtype).type(0.3), np.dtype(dtype).type(0), np.dtype(dtype).type(0.05)
        stack = []
        got = fn(x, a, r)
        with np.errstate(all="ignore"):
            for v in x:
                b = 0.9 * b + (a - v) * a * a
                a = a - r * b
                stack.append(-b)
        agree(got[:2], [a, b], 1e-14 if dtype == "float64" else 1e-6)
        agree(got[2], np.array(stack, dtype), 1e-14 if dtype == "float64" else 1e-6)
        assert all(g.dtype == dtype for g in got)
    assert ("= xs.tolist()" in fn.source) == (dtype == "float64"), fn.source


def test_a_division_by_zero_in_a_loop_of_numbers_is_infinite() -> None:
    xs = G.input("xs", "T")
    fn = G.compile(G.scan(lambda s, x: (s / x, None), 1.0, xs)[0])
    assert fn(xs=np.array([2.0, 0.0])) == np.inf


# -- the text -----------------------------------------------------------------------------------------------------


def text_of(name: str) -> tuple[str, str]:
    p = leaves("T", "N")
    last, _ = G.scan(CELLS[name](p), start(name, p), p["x"])
    text = G.value_and_grad(G.sum(last[0] * last[0]), [p[k] for k in "WUb"]).source
    forward, backward = text[: text.index("_memory = ")].split("def scan_")[1:]
    return forward, backward


def test_gates_lie_one_behind_the_other() -> None:
    forward, backward = text_of("lstm")
    assert "matmul(s0, U, u0)" in forward, forward
    assert forward.count(" exp(") == 1 and forward.count("add(") == 3, forward  # x with its bias, 1 + e, the cell
    assert ":16]" not in forward and "16:" not in forward, forward
    assert backward.count("subtract(one, ") == 3, backward  # of the three gates together, and of either tanh


def test_the_formula_is_that_of_the_gates_as_they_were_written() -> None:
    p = leaves("T", "N")
    last, _ = G.scan(lstm(p), (p["h"], p["c"]), p["x"])
    fn = G.compile(G.sum(last[0]))
    assert "reshape(b" not in (fn.__doc__ or "") and "U, b)" in (fn.__doc__ or ""), fn.__doc__


def test_every_array_of_a_step_is_written_into_memory_that_is_there() -> None:
    for loop in text_of("lstm"):
        steps = loop[loop.index("    for t in") : loop.index("    return")]
        assert " * " not in steps and " + n" not in steps, steps


def test_a_product_that_two_loops_read_is_taken_once() -> None:
    p = leaves("T", "N")
    (h, _), _ = G.scan(lstm(p), (p["h"], p["c"]), p["x"])
    total, _ = G.scan(lambda s, x: (s + G.sum(x @ p["W"]), None), 0.0, p["x"])
    text = G.compile([h, total]).source
    assert text.count("matmul(n") + text.count("dot(n") == 1, text


def test_rows_at_places_of_a_sequence_are_taken_and_their_gradient_added_at_once() -> None:
    table, u, w = G.param("E", 7, H), G.param("U", H, H), G.param("W", H, H)
    places, few = G.input("places", "T", "N", dtype="int64"), G.input("few", 4, N, dtype="int64")

    def step(h: G.Expr, at: G.Expr) -> tuple[G.Expr, G.Expr]:
        h = G.tanh(table[at] @ w + h @ u)
        return h, h

    def slopes(hs: G.Expr) -> list[G.Expr]:
        return G.gradients(G.sum(G.sin(hs)), [table, u, w])

    fn = G.compile(slopes(G.scan(step, G.zeros((places.shape[1], H)), places)[1]), [table, u, w, places])
    h, rows = G.zeros((N, H)), []
    for t in range(4):
        h, y = step(h, few[t])
        rows.append(y)
    rng = np.random.default_rng(3)
    values = {k: 0.5 * rng.standard_normal(s) for k, s in (("E", (7, H)), ("U", (H, H)), ("W", (H, H)))}
    at = rng.integers(0, 7, (4, N))
    agree(fn(**values, places=at), G.evaluate(slopes(G.stack(rows)), values | {"few": at}))
    agree(fn(**values, places=at[:0]), [np.zeros((n, H)) for n in (7, H, H)])
    loops = fn.source[: fn.source.index("_memory = ")]
    assert "take(" not in loops and "scatter_add(n" not in loops, fn.source


def test_a_part_of_two_matrices_is_computed_in_the_first_and_copied_to_the_second() -> None:
    a, w = G.input("a", "N", H), G.input("w", 2 * H, H)
    xs = G.input("xs", "T", "N", H)

    def step(h: Any, x: Any) -> Any:
        u, v = G.sin(h), G.exp(-x * x)
        return (G.concatenate([u, v], axis=1) @ w) * 0.1, G.concatenate([v, u, u], axis=1)

    last, ys = G.scan(step, a, xs)
    fn = G.compile([last, ys])
    rng = np.random.default_rng(0)
    x, h, m = rng.standard_normal((4, N, H)), rng.standard_normal((N, H)), rng.standard_normal((2 * H, H))
    got, rows = fn(a=h, w=m, xs=x), []
    for t in range(4):
        u, v = np.sin(h), np.exp(-x[t] * x[t])
        h = (np.concatenate([u, v], axis=1) @ m) * 0.1
        rows.append(np.concatenate([v, u, u], axis=1))
    agree(got, [h, np.array(rows)])
    assert fn.source.count("[:, 16:32] = ") == 1 and "np.concatenate(" not in fn.source, fn.source


def test_what_is_cheap_to_compute_of_a_carry_is_computed_in_the_loop_back() -> None:
    p = leaves("T", "N")
    last, _ = G.scan(lambda h, x: (G.tanh(x @ p["W"][:, :H] + h @ p["U"][:, :H]), None), p["h"], p["x"])
    forward, backward = G.compile(G.gradients(G.sum(last), [p["U"]])).source.split("def scan_")[1:]
    assert "square(" not in forward and "square(" in backward, forward  # 1 - h², of the stack that there is


def test_a_part_that_the_loop_back_reads_is_kept_rather_than_the_whole() -> None:
    p = leaves("T", "N")
    last, _ = G.scan(gru(p), start("gru", p), p["x"])
    text = G.compile(G.gradients(G.sum(last[0]), [p["U"]])).source
    assert "np.empty((T, N, 64))" not in text.split("def scan_")[1], text


def test_gates_that_are_read_as_one_matrix_as_well_stay_one() -> None:
    p = leaves("T", "N")

    def step(h: G.Expr, x: G.Expr) -> tuple[G.Expr, G.Expr]:
        z = x @ p["W"] + h @ p["U"]
        return G.tanh(z[:, :H]) * z[:, H : 2 * H], z

    text = G.compile(list(G.scan(step, p["h"], p["x"]))).source
    assert "dot(h, U, " in text and "matmul(h" not in text, text


def test_only_neighbours_are_computed_together() -> None:
    p = leaves("T", "N")

    def step(h: G.Expr, x: G.Expr) -> tuple[G.Expr, None]:
        z = x @ p["W"] + h @ p["U"]
        return G.tanh(z[:, :H]) * z[:, H : 2 * H] - G.tanh(z[:, 3 * H :]), None

    text = G.compile(G.scan(step, p["h"], p["x"])[0]).source
    assert text.count(" tanh(") == 2 and "float64[4,N,16]" in text, text


def test_a_carry_before_each_step_and_after_it_is_one_stack() -> None:
    text = G.compile(G.gradients(looped("lstm", p := leaves("T", "N"), False), [p["U"]])).source
    assert "np.empty((T + 1, N, 16))" in text and "[:-1]" in text and "concatenate(" not in text, text


def test_a_bias_is_summed_up_after_the_loop_by_one_product() -> None:
    p = leaves("T", "N")
    last, _ = G.scan(lstm(p), (p["h"], p["c"]), p["x"])
    text = G.compile(G.gradients(G.sum(last[0]), [p["b"]])).source
    assert "_ones, " in text and "+= " not in text, text


def test_a_step_looks_up_no_function_of_numpy() -> None:
    for loop in text_of("lstm"):
        steps = loop[loop.index("    for t in") : loop.index("    return")]
        assert "np." not in steps and "out=u0" not in steps, steps


def test_the_text_is_the_same_each_time() -> None:
    assert text_of("gru") == text_of("gru")
