"""Places in memory: what is alive together never overlaps, and a large array that is dead makes room for small ones."""

import random

import numpy as np
import pytest

from codegen import Input, Program, Step, load, numpy_source
from codegen.slots import LINE, Demand, Pool, arranged

KEY = ("float64", ("N",))


@pytest.mark.parametrize("seed", range(60))
def test_what_is_alive_together_lies_apart(seed):
    rng = random.Random(seed)
    demands = []
    for _ in range(rng.randrange(1, 40)):
        birth = rng.randrange(30)
        demands.append(Demand(KEY, rng.choice([1, 3, 8, 16, 64, 64, 1000]), birth, birth + rng.randrange(8)))
    places, length = arranged(demands)
    assert all(place % LINE == 0 for place in places)
    assert length == max(p + d.coefficient for p, d in zip(places, demands))
    for i, (p, a) in enumerate(zip(places, demands)):
        for q, b in list(zip(places, demands))[:i]:
            together = a.birth <= b.death and b.birth <= a.death
            assert not together or p + a.coefficient <= q or q + b.coefficient <= p
    alive = max(sum(d.coefficient for d in demands if d.birth <= t <= d.death) for t in range(40))
    assert alive <= length <= 2 * alive + 8 * LINE


def test_one_after_the_other_in_one_place():
    assert arranged([Demand(KEY, 16, 2 * i, 2 * i + 1) for i in range(9)]) == ([0] * 9, 16)
    assert arranged([Demand(KEY, 16, i, i + 1) for i in range(3)]) == ([0, 16, 0], 32)
    assert arranged([]) == ([], 0)


def test_a_pool_with_places_gives_these_places():
    pool = Pool()
    lives = [(64, 0, 1), (8, 2, 9), (8, 2, 9), (8, 2, 9), (8, 2, 9)]
    for n, birth, _ in lives:
        pool.now = birth
        pool.take(f"float64[N,{n}]")
        if birth == 0:
            pool.now = 1
            pool.release(0)
    assert sum(s.coefficient for s in pool.slots) == 64 + 3 * 8
    places = pool.better()
    assert sorted(places) == [0, 0, 8, 16, 24]
    again = Pool(places)
    for n, *_ in lives:
        again.take(f"float64[N,{n}]")
    assert again.arenas() == {KEY: 64}
    assert Pool().better() == []


def steps_of_many(count):
    """A large array that is summed up, and then many small ones that are alive at once."""
    steps = [
        Step("e", "np.exp({0})", ("x",), "float64[N,64]", ufunc="np.exp"),
        Step("g", "np.sin({0})", ("e",), "float64[N,64]", ufunc="np.sin"),
        Step("m", "np.max({0}, axis=1)", ("g",), "float64[N]"),
    ]
    steps += [Step(f"p{i}", "{0} @ {1}", ("x", "w"), "float64[N,8]", ufunc="np.matmul") if i == 0 else
              Step(f"p{i}", "np.cos({0})", (f"p{i - 1}",), "float64[N,8]", ufunc="np.cos") for i in range(count)]
    steps += [Step(f"q{i}", "{0} * {1}", (f"p{i}", f"q{i - 1}" if i else f"p{count - 1}"), "float64[N,8]",
                   ufunc="np.multiply") for i in range(count)]
    return steps


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n", [0, 1, 7, 300])
def test_the_same_values_in_an_arena(n, dtype):
    steps = [s._replace(type=s.type.replace("float64", dtype)) for s in steps_of_many(5)]
    inputs = (Input("x", f"{dtype}[N,64]", ("N", 64)), Input("w", f"{dtype}[64,8]", (64, 8)))
    program = Program("f", inputs, tuple(steps), ("m", "q4"), False, (("N", "x.shape[0]"),))
    source = numpy_source(program, "fast")
    assert "arena = np.empty(64 * N" in source
    f = load(source, "f")
    rng = np.random.default_rng(n)
    for _ in range(2):
        x, w = rng.normal(size=(n, 64)).astype(dtype), rng.normal(size=(64, 8)).astype(dtype)
        p = [x @ w]
        for _ in range(4):
            p.append(np.cos(p[-1]))
        q = p[4]
        for value in p:
            q = value * q
        m, got = f(x[:, ::-1][:, ::-1], w)
        np.testing.assert_allclose(m, np.sin(np.exp(x)).max(axis=1), rtol=1e-6 if dtype == "float32" else 1e-13)
        np.testing.assert_allclose(got, q, rtol=2e-5 if dtype == "float32" else 1e-12, atol=1e-6)


def test_slots_stay_where_an_arena_is_no_shorter():
    steps = [Step("a", "np.exp({0})", ("x",), "float64[N,64]", ufunc="np.exp"),
             Step("b", "np.sin({0})", ("a",), "float64[N,64]", ufunc="np.sin"),
             Step("y", "{0} + {1}", ("a", "b"), "float64[N,64]", ufunc="np.add")]
    x = Input("x", "float64[N,64]", ("N", 64))
    source = numpy_source(Program("f", (x,), tuple(steps), ("y",), True, (("N", "x.shape[0]"),)), "fast")
    assert "arena" not in source and "u0 = np.empty((N, 64))" in source
