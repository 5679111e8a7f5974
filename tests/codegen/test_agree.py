"""Random straight-line programs: the emitted text, in both styles and cut in parts, against an interpreter
that copies every result; inputs keep their bytes and results share no memory."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen import Input, Program, Step, load, numpy_source

# spelling, ufunc, alias: what it means, and the shape it gives.
MATRIX, TURNED, ROW, COLUMN, SCALAR = "float64[N,3]", "float64[3,N]", "float64[3]", "float64[N,1]", "float64[]"
# No sums: their last digit depends on the order in memory.
UNARY = {
    ("np.tanh({0})", "np.tanh", False): (np.tanh, lambda t: t),
    ("-{0}", "np.negative", False): (np.negative, lambda t: t),
    ("{0}.T", "", True): (np.transpose, {MATRIX: TURNED, TURNED: MATRIX, ROW: ROW}.get),
    ("np.reshape({0}, {0}.shape)", "", True): (lambda a: a, lambda t: t),
    ("{0}[::1]", "", True): (lambda a: a, {MATRIX: MATRIX, ROW: ROW, TURNED: TURNED}.get),
    ("np.broadcast_to({0}, ({N}, 3))", "", True): (
        lambda a: np.broadcast_to(a, (4, 3)), {ROW: MATRIX, COLUMN: MATRIX}.get),
    ("np.max({0}, axis=1, keepdims=True)", "", False): (
        lambda a: np.max(a, axis=1, keepdims=True), {MATRIX: COLUMN}.get),
    ("np.max({0})", "", False): (np.max, lambda t: SCALAR),
}
BINARY = {
    ("{0} * {1}", "np.multiply", False): np.multiply,
    ("{0} + {1}", "np.add", False): np.add,
    ("np.maximum({0}, {1})", "np.maximum", False): np.maximum,
}
MEANING = {spelling: f for (spelling, _, _), (f, _) in UNARY.items()} | {s: f for (s, _, _), f in BINARY.items()}
SIZES = {"N": 4, "1": 1, "3": 3}
INPUTS = (Input("x", MATRIX, ("N", 3)), Input("b", ROW, (3,)), Input("s", SCALAR))
CONSTANT = np.array([1.5, -0.25, 2.0])


def shape_of(type_):
    return tuple(SIZES[s] for s in type_[8:-1].split(",") if s)


@st.composite
def programs(draw):
    """A program over x[N,3], b[3], s[] and a constant, with up to 30 steps, views and repeated outputs among them."""
    types = {"x": MATRIX, "b": ROW, "s": SCALAR, "c": ROW}
    steps = []
    for i in range(draw(st.integers(1, 30))):
        step = draw(st.sampled_from([draw(unary(types)), draw(binary(types))]))
        spelling, args, type_, ufunc, alias = step
        steps.append(Step(f"n{i}", spelling, args, type_, "", ufunc, alias))
        types[f"n{i}"] = type_
    outputs = draw(st.lists(st.sampled_from(sorted(types)), min_size=1, max_size=4))
    return Program("f", INPUTS, tuple(steps), tuple(outputs), dims=(("N", "x.shape[0]"),), constants=(("c", CONSTANT),))


@st.composite
def unary(draw, types):
    # Late values are likelier, so that chains grow and buffers die.
    arg = draw(st.sampled_from(list(types)[-6:]))
    choices = [(key, rule(types[arg])) for key, (_, rule) in UNARY.items() if rule(types[arg])]
    if types[arg] == SCALAR:
        choices = [(key, t) for key, t in choices if key[0] in ("np.tanh({0})", "-{0}")]
    (spelling, ufunc, alias), type_ = draw(st.sampled_from(choices))
    return spelling, (arg,), type_, ufunc, alias


@st.composite
def binary(draw, types):
    a = draw(st.sampled_from(list(types)[-6:]))
    fits = [n for n, t in types.items() if broadcast(types[a], t)]
    b = draw(st.sampled_from([*fits, a, "2.0", "-0.5"]))
    spelling, ufunc, _ = draw(st.sampled_from(list(BINARY)))
    return spelling, (a, b), broadcast(types[a], types.get(b, SCALAR)), ufunc, False


def broadcast(s, t):
    if s == t or t == SCALAR:
        return s
    if s == SCALAR:
        return t
    return MATRIX if {s, t} <= {MATRIX, ROW, COLUMN} else None


def interpret(program, values):
    """Each result a copy, so that nothing can be shared."""
    known = {i.name: np.array(v) for i, v in zip(program.inputs, values)}
    known.update((name, np.array(c)) for name, c in program.constants)
    for step in program.steps:
        operands = [known[a] if a in known else float(a) for a in step.args]
        known[step.target] = np.array(MEANING[step.spelling](*operands))
    return [known[name] for name in program.outputs]


def arguments():
    rng = np.random.default_rng(0)
    return rng.normal(size=(4, 3)), rng.normal(size=3), np.array(0.75)


CALLS = [("readable", 10**9), ("fast", 10**9), ("readable", 0), ("fast", 0)]


@settings(max_examples=150, deadline=None)
@given(programs())
def test_every_style_agrees_with_the_interpreter(program):
    args = arguments()
    expected = interpret(program, args)
    for style, long in CALLS:
        function = load(numpy_source(program, style, long=long, part=7, small=1), "f")
        results = function(*args)
        for got, want in zip(results, expected):
            assert np.shape(got) == want.shape
            assert np.array_equal(got, want, equal_nan=True), (style, long)


@settings(max_examples=150, deadline=None)
@given(programs())
def test_nothing_is_written_and_nothing_is_shared(program):
    args, constant = arguments(), CONSTANT.copy()
    kept = [a.copy() for a in args]
    for style, long in CALLS:
        function = load(numpy_source(program, style, long=long, part=7, small=1), "f")
        results = function(*args)
        assert all(a.tobytes() == b.tobytes() for a, b in zip(args, kept))
        arrays = [r for r in results if isinstance(r, np.ndarray)]
        given_to_it = [*args, function.__globals__["c"]]
        for a, b in [*itertools.combinations(arrays, 2), *itertools.product(arrays, given_to_it)]:
            assert not np.shares_memory(a, b)
        for a in arrays:
            a[...] = 7.0  # every result can be written to
        assert function.__globals__["c"].tobytes() == constant.tobytes()


@pytest.mark.parametrize("long", [10**9, 0])
def test_a_chain_is_computed_in_one_buffer(long):
    steps = [Step("n0", "{0} * {1}", ("x", "x"), "float64[N]", ufunc="np.multiply")]
    steps += [Step(f"n{i}", "{0} + {1}", (f"n{i - 1}", "x"), "float64[N]", ufunc="np.add") for i in range(1, 20)]
    program = Program("f", (Input("x", "float64[N]", ("N",)),), tuple(steps), ("n19",), True)
    source = numpy_source(program, "fast", long=long, part=5)
    assert source.count("out=") == 19
    assert load(source, "f")(np.array([2.0, 3.0])).tolist() == [42.0, 66.0]
