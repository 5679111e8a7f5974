"""`out=`: results straight into the caller's arrays where that is safe, and the same numbers where it is not."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import graphc as G
from graphc import into
from graphc.into import apart, large


@pytest.fixture(autouse=True)
def _nothing_is_too_small(monkeypatch):
    """Arrays of a few elements would be copied, being quicker to copy than to compare."""
    monkeypatch.setattr(into, "COPIED", 0)


def network(dtype="float64"):
    """A layer, its activation and a loss: results are products, sums, an elementwise array, and one number."""
    x, W, b = G.param("x", "N", 5, dtype=dtype), G.param("W", 5, 3, dtype=dtype), G.param("b", 3, dtype=dtype)
    h = G.tanh(x @ W + b)
    return G.value_and_grad(G.mean(h * h), [x, W, b], inputs=[x, W, b])


def expected(x, W, b):
    x, W, b = (np.asarray(a, "float64") for a in (x, W, b))
    h = np.tanh(x @ W + b)
    g = 2 * h / h.size * (1 - h * h)
    return np.mean(h * h), (g @ W.T, x.T @ g, g.sum(axis=0))


def flat(results):
    return [results[0], *results[1]]


def drawn(n, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=s).astype(dtype) for s in ((n, 5), (5, 3), (3,))]


def room(n, dtype="float64"):
    return np.empty((), dtype), tuple(np.empty(s, dtype) for s in ((n, 5), (5, 3), (3,)))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n", [1, 2, 33, 400])
def test_straight_into_given_arrays(n, dtype):
    fn, given, out = network(dtype), drawn(n, dtype), room(n, dtype)
    arrays = flat(out)
    assert fn(*given, out=out) is out
    assert all(a is b for a, b in zip(arrays, flat(out)))
    assert fn._direct[1], "no result is written straight into its array"
    for got, want in zip(flat(out), flat(expected(*given)), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-4 if dtype == "float32" else 1e-11, atol=1e-7)
    for got, same in zip(flat(out), flat(fn(*given)), strict=True):
        np.testing.assert_array_equal(got, same)  # to the bit
    before = [a.copy() for a in flat(out)]
    fn(*drawn(n, dtype, seed=1))
    fn(*drawn(n, dtype, seed=2), out=room(n, dtype))
    assert all((a == b).all() for a, b in zip(before, flat(out)))  # nobody else writes there


def test_the_results_of_a_call_are_the_very_arrays():
    fn, given, out = network(), drawn(7), room(7)
    steps, which = (fn(*given, out=out), fn._direct)[1]
    results = steps(*given, *[flat(out)[i] for i in which])
    assert which and all(flat(results)[i] is flat(out)[i] for i in which)


def test_no_rows():
    x = G.input("x", "N", 64)
    fn = G.compile([G.exp(x) * x, G.sum(G.exp(x), axis=0)])
    out = np.empty((0, 64)), np.full(64, np.nan)
    assert fn(np.ones((0, 64)), out=out) is out and out[1].tolist() == [0.0] * 64


def test_out_may_be_an_input_or_twice_the_same():
    x = G.input("x", "N", 8)
    fn = G.compile([G.exp(x) - x, G.sin(G.exp(x)) + x[::-1]])
    a = np.random.default_rng(0).normal(size=(20, 8))
    want = np.exp(a) - a, np.sin(np.exp(a)) + a[::-1]
    mine, other = a.copy(), np.empty((20, 8))
    fn(mine, out=(other, mine))  # an output is the input itself
    np.testing.assert_allclose([other, mine], want, rtol=1e-12)
    large = np.empty((60, 8))
    large[10:30] = a
    fn(large[10:30], out=(large[40:], large[:20]))  # one begins before the input and ends in it
    np.testing.assert_allclose([large[40:], large[:20]], want, rtol=1e-12)
    fn(a, out=(other, other))  # the last one wins, as ever
    np.testing.assert_allclose(other, want[1], rtol=1e-12)
    both = np.empty((40, 8))
    fn(a, out=(both[:20], both[10:30]))
    np.testing.assert_allclose(both[10:30], want[1], rtol=1e-12)
    np.testing.assert_allclose(both[:10], want[0][:10], rtol=1e-12)


@pytest.mark.parametrize("make", [
    lambda: np.empty((6, 20)).T, lambda: np.empty((20, 12))[:, ::2], lambda: np.empty((40, 6))[::2],
    lambda: np.empty((20, 6))[::-1], lambda: np.empty((20, 6)).view(np.matrix),
    lambda: np.frombuffer(bytearray(20 * 6 * 8 + 1), offset=1).reshape(20, 6),
])  # fmt: skip
def test_memory_of_another_order(make):
    x, W = G.input("x", "N", 5), G.input("W", 5, 6)
    fn, out = G.compile(G.exp(x) @ W), make()
    a, w = np.random.default_rng(1).normal(size=(20, 5)), np.random.default_rng(2).normal(size=(5, 6))
    assert fn(a, w, out=out) is out
    np.testing.assert_allclose(np.asarray(out), np.exp(a) @ w, rtol=1e-12)


class Guarded(np.ndarray):
    """An array that has ideas of its own about arithmetic."""

    def __array_ufunc__(self, *args, **named):
        raise AssertionError("a ufunc was called with it")


def test_an_array_of_another_kind_only_receives_a_copy():
    out = np.empty((20, 64)).view(Guarded)
    x = np.random.default_rng(3).normal(size=(20, 64))
    G.compile(G.exp(G.input("x", "N", 64)) * 2)(x, out=out)
    np.testing.assert_array_equal(out.view(np.ndarray), np.exp(x) * 2)


def test_nothing_is_written_when_an_error_is_raised():
    a, x = G.input("a", 8, 8), G.input("x", "N", 64)
    fn = G.compile([G.exp(x) * 2, G.linalg.inv(a), G.sin(x)])
    out = np.full((3, 64), 7.0), np.full((8, 8), 7.0), np.full((3, 64), 7.0)
    with pytest.raises(np.linalg.LinAlgError):
        fn(np.zeros((8, 8)), np.ones((3, 64)), out=out)
    assert all((o == 7.0).all() for o in out)
    fn(np.eye(8), np.ones((3, 64)), out=out)
    assert out[0][0, 0] == np.exp(1.0) * 2 and (out[1] == np.eye(8)).all() and out[2][0, 0] == np.sin(1.0)
    with pytest.raises(G.ShapeError, match=r"f: out 2 needs an array float64\[3, 64\], got float64\[4, 64\]"):
        fn(np.eye(8), np.zeros((3, 64)), out=(*out[:2], np.empty((4, 64))))
    assert out[0][0, 0] == np.exp(1.0) * 2
    debug = G.compile(G.log(x) + x, debug=True)
    with pytest.raises(G.GraphcError, match="logarithm of 0"):
        debug(np.zeros((3, 64)), out=out[0])
    assert out[0][0, 0] == np.exp(1.0) * 2


@pytest.mark.parametrize(("out", "text"), [
    (0.0, r"f: out 0 needs an array float64\[2, 64\], got float"),
    (np.empty((2, 64), ">f8"), r"f: out 0 needs an array float64\[2, 64\], got >f8\[2, 64\]"),
    (np.broadcast_to(0.0, (2, 64)), "f: out 0 cannot be written to"),
    ((np.empty((2, 64)),) * 2, "f: out needs 1 arrays, got 2"),
    (np.empty((2, 65)), r"f: out 0 needs an array float64\[2, 64\], got float64\[2, 65\]"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_before_any_arithmetic(out, text):
    fn = G.compile(G.exp(G.input("x", "N", 64)) * 2)
    fn._steps = fn.raw = None  # so a call of them would be a TypeError
    with pytest.raises(G.GraphcError, match=text):
        fn(np.ones((2, 64)), out=out)


@pytest.mark.parametrize("options", [{"style": "readable"}, {"target": "scalar"}, {"simplify": False},
                                     {"debug": True}])
def test_every_style_and_target(options):
    x, w = G.input("x"), G.param("w")
    fn = G.value_and_grad(w * G.tanh(x), [w], **options)
    out = np.empty(()), (np.empty(()),)
    assert fn(0.5, 2.0, out=out) is out
    assert (out[0], out[1][0]) == pytest.approx((2 * np.tanh(0.5), np.tanh(0.5)), rel=1e-14)
    with pytest.raises(G.ShapeError, match=r"f: out 1 needs an array float64\[\], got float64\[1\]"):
        fn(0.5, 2.0, out=(np.empty(()), (np.empty(1),)))


def test_one_input_a_mapping_and_a_cast():
    x = G.input("x", "N")
    fn = G.compile([G.exp(x), G.sum(x)], style="fast")
    out = np.empty(70), np.empty(())
    fn({"x": list(range(70))}, out=out)
    assert out[0][2] == np.exp(2.0) and out[1] == sum(range(70))
    fn(x=np.ones(70, "float32"), out=out)
    assert out[1] == 70


def test_many_threads_with_room_of_their_own():
    fn = network()
    jobs = [(drawn(n, seed=n), room(n)) for n in (3, 50, 9, 200, 64, 1) * 30]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda job: fn(*job[0], out=job[1]), jobs))
    for given, out in jobs:
        for got, want in zip(flat(out), flat(expected(*given)), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-15)


def test_constants_outputs_that_are_inputs_and_doubles():
    x = G.input("x", 100)
    c = G.const(np.arange(100.0), "c")
    y = G.exp(x) * c
    fn = G.compile([y, x, y, c, y.T])
    out = [np.empty(100) for _ in range(5)]
    fn(np.ones(100), out=out)
    want = np.exp(1.0) * np.arange(100.0)
    for got, value in zip(out, (want, np.ones(100), want, np.arange(100.0), want)):
        np.testing.assert_allclose(got, value, rtol=1e-13)
    assert G.compile(c * 1.0)().tolist() == list(range(100))


@pytest.mark.parametrize("seed", range(30))
def test_apart_is_what_bytes_say(seed):
    rng = np.random.default_rng(seed)
    memory = np.arange(40.0)
    cuts = [slice(a, a + n) for a, n in zip(rng.integers(0, 36, 5), rng.integers(0, 5, 5))]
    targets, values = [memory[c] for c in cuts[:2]], [memory[c] for c in cuts[2:]]
    sets = [set(range(c.start, c.stop)) for c in cuts]
    free = not sets[0] & sets[1] and not any(t & v for t in sets[:2] for v in sets[2:])
    assert apart(targets, [*values, 3.0]) is free


def test_what_is_small_is_copied(monkeypatch):
    monkeypatch.undo()
    assert not large([np.empty(100)], [np.empty(9)])
    assert large([np.empty(100_000)], [np.empty(100_000)])
    fn = network()
    fn(*drawn(4), out=room(4))
    which = fn._direct[1]
    assert which

    def unused(*args):
        raise AssertionError("compared and written straight")

    fn._direct = unused, which
    fn(*drawn(4), out=room(4))
    with pytest.raises(AssertionError, match="written straight"):
        fn(*drawn(40_000), out=room(40_000))
