"""The text itself: golden files for a scalar and an array program, and constants exact to the bit."""

from pathlib import Path

import numpy as np
import pytest

from codegen import Input, Program, Step, load, numpy_source

GOLDEN = Path(__file__).parent / "golden"

EXAM = Program(
    "f",
    tuple(Input(name, "float64[]") for name in ("x1", "x2", "w1", "w3", "b")),
    (
        Step("n0", "{0} * {1}", ("w1", "x1"), "float64[]", section="forward"),
        Step("n1", "{0} * {1}", ("w1", "x2"), "float64[]", section="forward"),
        Step("n2", "{0} + {1}", ("n0", "n1"), "float64[]", section="forward"),
        Step("z", "{0} + {1}", ("n2", "b"), "float64[]", section="forward"),
        Step("r", "np.maximum({0}, 0)", ("z",), "float64[]", section="forward", note="∂f/∂w3"),
        Step("y", "{0} * {1}", ("w3", "r"), "float64[]", section="forward"),
        Step("g", "{0} * ({1} > 0)", ("w3", "z"), "float64[]", section="backward", note="∂f/∂b"),
        Step("unused", "{0} ** {1}", ("-2.0", "g"), "float64[]", section="backward"),
        Step("dw1", "{0} * {1} + {0} * {2}", ("g", "x1", "x2"), "float64[]", section="backward", note="∂f/∂w1"),
    ),
    ("y", "dw1", "r", "g", "g"),
    doc="f = w3·ReLU(w1·x1 + w1·x2 + b)",
)

LAYER = Program(
    "layer",
    (Input("x", "float64[N,100]", ("N", 100)), Input("W", "float64[100,3]", (100, 3))),
    (
        Step("z", "{0} @ {1}", ("x", "W"), "float64[N,3]", ufunc="np.matmul", section="forward"),
        Step("shifted", "{0} + {1}", ("z", "c0"), "float64[N,3]", ufunc="np.add", section="forward"),
        Step("p", "softmax({0}, axis=-1)", ("shifted",), "float64[N,3]", section="forward"),
        Step("q", "{0} * {1}", ("p", "2.0"), "float64[N,3]", ufunc="np.multiply", section="forward"),
        Step("flat", "np.reshape({0}, ({N} * 3,))", ("q",), "float64[3*N]", alias=True, section="forward"),
    ),
    ("flat", "x"),
    dims=(("N", "x.shape[0]"), ("M", "W.shape[1]")),
    constants=(("c0", np.array([0.1, 0.0, -np.inf])),),
    helpers=(("softmax", "def softmax(x, axis):\n    e = np.exp(x - np.max(x, axis, keepdims=True))\n"
              "    return e / np.sum(e, axis, keepdims=True)\n"),),
    doc='p = softmax(x @ W)\n"""\\',
)


def long_program():
    steps = [Step("t0", "{0} * {1}", ("x", "a"), "float64[]")]
    steps += [Step(f"t{i}", "{0} * {1}", (f"t{i - 1}", "a"), "float64[]") for i in range(1, 8)]
    steps += [Step("last", "{0} + {1} + {2}", ("t7", "t1", "x"), "float64[]", note="three parts back")]
    return Program("f", (Input("x", "float64[]"), Input("a", "float64[]")), tuple(steps), ("last", "t3"))


CASES = {
    "exam_readable": (EXAM, "readable", {}),
    "exam_fast": (EXAM, "fast", {}),
    "layer_readable": (LAYER, "readable", {}),
    "layer_fast": (LAYER, "fast", {"small": 1}),
    "long_parts": (long_program(), "fast", {"long": 5, "part": 3}),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_golden_text(name):
    program, style, options = CASES[name]
    assert numpy_source(program, style, **options) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_the_exam_by_hand():
    f = load(numpy_source(EXAM, "fast"), "f")
    # z = 0.5·1 + 0.5·2 + 0.1 = 1.6; f = -1.6; df/dw1 = w3 (x1 + x2) = -3
    assert [float(v) for v in f(1.0, 2.0, 0.5, -1.0, 0.1)] == [-1.6, -3.0, 1.6, -1.0, -1.0]


def test_dead_steps_and_unused_sizes_go():
    source = numpy_source(LAYER, "fast")
    assert "M = " not in source
    assert "unused" not in numpy_source(EXAM, "fast")


CONSTANTS = [
    np.array(0.1), np.array(-0.0), np.array([1.1, 3.0e-45], "float32"), np.array([[True, False]]),
    np.array([np.nan, np.inf, -np.inf]), np.array([2**62, -1]), np.array([7], "int32"),
    np.frombuffer(b"\x01\x00\x00\x00\x00\x00\xf8\x7f"),  # a NaN with a payload
    np.zeros((0, 3)), np.zeros(0), np.arange(200.0).reshape(2, 100)[:, ::2],
    np.arange(300, dtype="float32").reshape(3, 100),
    np.nextafter(np.arange(1, 60, dtype="float32"), 0).reshape(1, 59),
]


@pytest.mark.parametrize("value", CONSTANTS, ids=lambda v: f"{v.dtype}{v.shape}")
def test_constants_are_exact(value):
    source = numpy_source(Program("f", (), (), ("c",), True, constants=(("c", value),)))
    got = load(source, "f").__globals__["c"]
    assert (got.dtype, got.shape, got.tobytes()) == (value.dtype, value.shape, value.tobytes())


def test_large_constants_are_given_at_load():
    program = Program("f", (), (), ("c",), True, constants=(("c", np.arange(1000.0)),))
    source = numpy_source(program, embed=False)
    assert "# c: float64[1000], given when this text is loaded" in source and len(source) < 200
    c = program.constants[0][1]
    result = load(source, "f", constants={"c": c})()
    assert result.tolist() == c.tolist() and not np.shares_memory(result, c)


def test_hostile_notes_stay_comments():
    note = "a\nimport os\r\x0cb\u2028"
    step = Step("y", "-{0}", ("x",), "float64[]", note, section="back\nward")
    source = numpy_source(Program("f", (Input("x", "float64[]"),), (step,), ("y",), True, doc='"""\nimport os\n"'))
    assert load(source, "f")(2.0) == -2.0
    assert not any(line.lstrip().startswith("import os") and not line.startswith(" ") for line in source.splitlines())
    assert load(source, "f").__doc__.strip('" \n') == 'import os'


def test_a_fast_function_that_needs_no_memory_has_the_fast_spellings_and_no_workspace():
    a, b = (Input(name, "float64[N,64]", ("N", 64)) for name in "ab")
    steps = (Step("p", "{0} * {1}", ("a", "b"), a.type, ufunc="np.multiply"),
             Step("s", "np.sum({0}, axis=1)", ("p",), "float64[N]"), Step("t", "np.sum({0})", ("p2",), "float64[]"))
    p2 = steps[0]._replace(target="p2", args=("b", "b"))
    program = Program("f", (a, b), (steps[0], p2, *steps[1:]), ("s", "t"), dims=(("N", "a.shape[0]"),))
    source = numpy_source(program, "fast")
    assert "workspace" not in source and "s = np.vecdot(a, b)" in source
    assert "t = pairwise_dot(b_flat, b_flat)" in source
    x, y = np.random.default_rng(0).normal(size=(2, 300, 64))
    s, t = load(source, "f")(x, y)
    np.testing.assert_allclose(s, (x * y).sum(axis=1), rtol=1e-13, atol=1e-13)
    assert t == pytest.approx((y * y).sum(), rel=1e-14)


def test_a_product_is_never_written_over_its_own_operand():
    """BLAS reads its operands while it writes: without a workspace as with one."""
    A, B = (Input(name, "float64[30,30]", (30, 30)) for name in "AB")
    steps = (Step("s", "np.sort({0})", ("A",), A.type),
             Step("p", "{0} @ {1}", ("s", "B"), A.type, ufunc="np.matmul"))
    source = numpy_source(Program("f", (A, B), steps, ("p",), True), "fast")
    assert "p = np.dot(s, B)" in source
