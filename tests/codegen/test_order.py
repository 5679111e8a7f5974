"""The order of steps: always a right one, the same one, and never one that needs more memory."""

import random
from itertools import permutations

import numpy as np
import pytest

from codegen import Input, Program, Step, load, numpy_source
from codegen.order import _graph, evaluated, nominal_bytes, ordered
from codegen.schedule import buffers

X = Input("x", "float64[N,3]", ("N", 3))
DIMS = (("N", "x.shape[0]"),)


def program(steps, outputs):
    return Program("f", (X,), tuple(steps), tuple(outputs), len(outputs) == 1, DIMS)


def drawn(seed, count=9):
    """A program of sums, transposed views, and columns' sums that free what they read."""
    rng = random.Random(seed)
    names, steps = ["x"], []
    flat = {"x": "float64[N,3]"}
    for i in range(count):
        name, a, b = f"v{i}", rng.choice(names), rng.choice(names)
        if rng.random() < 0.2:
            steps.append(Step(name, "{0}[:]", (a,), flat[a], alias=True))
        elif rng.random() < 0.3:
            steps.append(Step(name, "np.tile({0}, (1, 2))[:, :3]", (a,), "float64[N,3]"))
        else:
            steps.append(Step(name, "{0} - {1}", (a, b), "float64[N,3]", ufunc="np.subtract"))
        flat[name] = "float64[N,3]"
        names.append(name)
    for i in range(4):
        steps.append(Step(f"s{i}", "np.sum({0}, axis=0)", (rng.choice(names),), "float64[3]"))
    rng.shuffle(outputs := [f"s{i}" for i in range(4)] + [names[-1]])
    return program(steps, outputs)


def needed(prog, steps):
    """The most bytes alive at once with N = 1000, told naively: results count as none, views as their array."""
    root, peak = buffers(prog, steps), 0
    kept = {root[o] for o in prog.outputs}
    size = {s.target: 0 if s.alias or s.target in kept else nominal_bytes(s.type, 1000) for s in steps}
    work = [i for i, s in enumerate(steps) if not s.alias]
    for i in work:
        made = {s.target for s in steps[: i + 1]}
        late = {root[a] for s in steps[i:] if not s.alias for a in s.args if a in root}
        later = {root[a] for s in steps[i + 1 :] if not s.alias for a in s.args if a in root}
        alive = sum(size[n] for n in made & late - {steps[i].target})
        dying = [root[a] for a in steps[i].args if root.get(a) in size and root[a] not in later and size[root[a]]]
        over = bool(steps[i].ufunc) and any(size[d] == size[steps[i].target] for d in dying)
        peak = max(peak, alive + (0 if over else size[steps[i].target]))
    return peak


@pytest.mark.parametrize("seed", range(40))
def test_an_order_is_right_and_needs_no_more(seed):
    prog = drawn(seed)
    steps = ordered(prog, prog.steps)
    assert sorted(s.target for s in steps) == sorted(s.target for s in prog.steps)
    known = {"x"}
    for s in steps:
        assert {a for a in s.args if a != "x"} <= known
        known.add(s.target)
    assert needed(prog, steps) <= needed(prog, prog.steps)
    assert ordered(prog, prog.steps) == steps
    x = np.random.default_rng(seed).integers(-9, 9, size=(5, 3)).astype(float)  # sums of these are exact
    for style in ("readable", "fast"):
        for got, want in zip(load(numpy_source(prog, style), "f")(x), reference(prog, x), strict=True):
            np.testing.assert_array_equal(got, want)


def reference(prog, x):
    known = {"x": x}
    for s in prog.steps:
        args = [known[a] for a in s.args]
        known[s.target] = (args[0] - args[1] if s.ufunc else args[0].sum(axis=0) if "sum" in s.spelling
                           else np.tile(args[0], (1, 2))[:, :3] if "tile" in s.spelling else args[0])
    return [known[o] for o in prog.outputs]


@pytest.mark.parametrize("seed", range(60))
def test_the_estimate_is_what_a_naive_count_says(seed):
    prog = drawn(seed)
    steps = [s for s in prog.steps if s.target in prog.outputs or any(s.target in t.args for t in prog.steps)]
    graph = _graph(prog, steps, 1000)
    assert graph.peak(graph.units) <= needed(prog, steps)
    whole = [s for s in steps if not s.alias]
    if len(whole) == len(steps):
        assert graph.peak(graph.units) == needed(prog, steps)


def chain(k):
    """k activations, and behind them k gradients that read one each: declared all forward, all sums at the end."""
    steps = [Step(f"h{i}", "np.sin({0})", (f"h{i - 1}" if i else "x",), "float64[N,3]", ufunc="np.sin")
             for i in range(k)]
    steps += [Step(f"g{i}", "np.cos({0})", (f"h{i}",), "float64[N,3]", ufunc="np.cos") for i in range(k)]
    steps += [Step(f"s{i}", "np.sum({0}, axis=0)", (f"g{i}",), "float64[3]") for i in range(k)]
    return program(steps, [f"s{i}" for i in range(k)])


def test_what_waited_for_the_end_is_done_at_once():
    prog = chain(6)
    steps = ordered(prog, prog.steps)
    one = 1000 * 3 * 8
    assert needed(prog, prog.steps) == 6 * one and needed(prog, steps) == 2 * one
    targets = [s.target for s in steps]
    assert all(targets.index(f"s{i}") < targets.index(f"h{i + 2}") for i in range(4))
    assert load(numpy_source(prog, "fast"), "f").__code__  # and it is a program


def test_the_best_of_all_orders_of_a_small_program():
    prog = chain(3)
    best = min(needed(prog, list(p)) for p in permutations(prog.steps)
               if all(a == "x" or a in {s.target for s in p[: p.index(s)]} for s in p for a in s.args))
    assert needed(prog, ordered(prog, prog.steps)) == best


def test_no_gain_no_other_order():
    steps = [Step("a", "np.exp({0})", ("x",), "float64[N,3]", ufunc="np.exp"),
             Step("s", "np.sum({0}, axis=0)", ("x",), "float64[3]"),
             Step("b", "np.sin({0})", ("a",), "float64[N,3]", ufunc="np.sin"),
             Step("t", "np.sum({0}, axis=0)", ("b",), "float64[3]")]
    assert ordered(program(steps, ["s", "t"]), steps) == steps
    scalars = [Step("n", "np.float64({N})", (), "float64[]"), Step("m", "{0} * 2", ("n",), "float64[]")]
    assert ordered(program(scalars, ["m"]), scalars) == scalars
    assert ordered(program([], ["x"]), []) == []


def test_views_and_sizes_stand_before_their_first_reader():
    prog = chain(5)
    turned = [s for i in range(5) for s in (Step(f"t{i}", "{0}.T", (f"g{i}",), "float64[3,N]", alias=True),
                                            Step(f"m{i}", "np.float64({N})", (), "float64[]"),
                                            Step(f"y{i}", "np.sum({0}, axis=1) * {1}", (f"t{i}", f"m{i}"),
                                                 "float64[3]"))]
    steps = [*prog.steps[:10], *turned]
    prog = program(steps, [f"y{i}" for i in range(5)])
    targets = [s.target for s in ordered(prog, steps)]
    assert all(targets.index(f"y{i}") - targets.index(f"t{i}") <= 2 for i in range(5))
    assert targets.index("y0") < targets.index("h4")
    x = np.random.default_rng(0).normal(size=(7, 3))
    h = x
    for got in load(numpy_source(prog, "fast"), "f")(x):
        h = np.sin(h)
        np.testing.assert_allclose(got, 7 * np.cos(h).sum(axis=0), rtol=1e-13)


def test_a_view_waits_for_all_its_operands():
    """An array that one step makes, another fills, and a view that may be read after both shows."""
    steps = [Step("place", "np.empty(({N}, 3))", (), "float64[N,3]", ufunc="filled"),
             Step("e", "np.exp({0})", ("x",), "float64[N,3]", ufunc="np.exp"),
             Step("fill", "np.copyto({0}, {1})", ("place", "e"), "float64[]", ufunc="loop"),
             Step("v", "{0}", ("place", "fill"), "float64[N,3]", alias=True),
             Step("g", "np.sin({0})", ("e",), "float64[N,3]", ufunc="np.sin"),
             Step("h", "np.sin({0})", ("g",), "float64[N,3]", ufunc="np.sin"),
             Step("t", "np.sum({0} * {1}, axis=0)", ("g", "h"), "float64[3]"),
             Step("s", "np.sum({0}, axis=0)", ("v",), "float64[3]")]
    found = ordered(program(steps, ["s", "t"]), steps)
    targets = [s.target for s in found]
    assert targets.index("fill") < targets.index("v") < targets.index("s") < targets.index("h")


def test_twenty_thousand_steps():
    """No recursion, and as many visits as there are uses: `_scheduled` pushes a step when it may first run and when
    it may first free something, so at most twice and once for each operand."""
    prog = chain(7000)
    steps = ordered(prog, prog.steps)
    assert [s.target for s in steps[:6]] == ["h0", "h1", "g0", "s0", "h2", "g1"]
    assert len(steps) == 21000


def test_sizes_as_written():
    assert nominal_bytes("float32[N,(N + 1)//2]", 5) == 4 * 5 * 3
    assert nominal_bytes("float64[N - 9]", 5) == 0
    assert nominal_bytes("int64[]", 5) == 8 and nominal_bytes("uint8[4]", 5) == 4
    assert evaluated("2*N + T", {"N": 3, "T": 1}) == 7
