"""Functions that move, join, copy and cut values, against NumPy's of the same name: values, derivatives, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as G

A, B, C = (2, 3), (3, 3), (2, 3, 4)

# (expression of `np`, which is G or NumPy, and operands x, y; their shapes)
SAME = [
    ("np.ravel(x)", C), ("np.transpose(x, (2, 0, 1))", C), ("np.permute_dims(x, (1, 0))", A),
    ("np.matrix_transpose(x)", C), ("np.swapaxes(x, 0, -1)", C), ("np.moveaxis(x, 0, -1)", C),
    ("np.moveaxis(x, (0, 1), (-1, 0))", C), ("np.moveaxis(x, [2, 0], [0, 1])", C), ("np.squeeze(x)", (1, 2, 1)),
    ("np.squeeze(x, 0)", (1, 2, 1)), ("np.squeeze(x, (0, -1))", (1, 2, 1)), ("np.squeeze(x)", A),
    ("np.expand_dims(x, 0)", A), ("np.expand_dims(x, -1)", A), ("np.expand_dims(x, (0, 2, -1))", A),
    ("np.atleast_1d(x)", ()), ("np.atleast_2d(x)", (3,)), ("np.atleast_2d(x)", ()), ("np.atleast_3d(x)", (3,)),
    ("np.atleast_3d(x)", A), ("np.atleast_3d(x)", ()), ("np.atleast_1d(x)", C), ("np.atleast_2d(x, y)[1]", (), (3,)),
    ("np.broadcast_to(x, (2, 2, 3))", A),
    ("np.broadcast_arrays(x, y)[0]", (2, 1), (3,)), ("np.broadcast_arrays(x, y)[1]", (2, 1), (3,)),
    ("np.meshgrid(x, y)[0]", (2,), (3,)), ("np.meshgrid(x, y)[1]", (2,), (3,)),
    ("np.meshgrid(x, y, x, indexing='ij')[1]", (2,), (3,)), ("np.meshgrid(x, y, sparse=True)[0]", (2,), (3,)),
    ("np.meshgrid(x, y, x)[2]", (2,), (3,)), ("np.astype(x, 'float64')", A),
    ("np.stack([x, y])", A, A), ("np.stack((x, y), axis=1)", A, A), ("np.stack((x, y, x), axis=-1)", (), ()),
    ("np.hstack([x, y])", A, A), ("np.hstack([x, y])", (2,), (3,)), ("np.hstack([x, y])", (), (2,)),
    ("np.vstack([x, y])", A, (3,)), ("np.column_stack([x, y])", (2,), A), ("np.dstack([x, y])", A, A),
    ("np.dstack([x, y])", (3,), (3,)), ("np.concatenate([x, y], axis=1)", A, A), ("np.concatenate([x, y, x])", A, B),
    ("np.split(x, 2)[1]", (4, 2)), ("np.split(x, 3, axis=1)[2]", A), ("np.split(x, [1, 3])[1]", (4,)),
    ("np.split(x, [1, 3])[2]", (4,)), ("np.split(x, [1, -1])[1]", (5,)), ("np.array_split(x, 3)[0]", (7,)),
    ("np.array_split(x, 3)[2]", (7,)), ("np.array_split(x, 4)[3]", (2,)), ("np.array_split(x, [2])[1]", (3,)),
    ("np.hsplit(x, 3)[0]", A), ("np.hsplit(x, 2)[1]", (4,)), ("np.vsplit(x, 2)[1]", A), ("np.dsplit(x, 2)[0]", C),
    ("np.tile(x, 2)", A), ("np.tile(x, (2, 1, 3))", A), ("np.tile(x, (2, 1))", (3,)), ("np.tile(x, 3)", ()),
    ("np.tile(x, ())", A), ("np.repeat(x, 2)", A), ("np.repeat(x, 2, axis=1)", A), ("np.repeat(x, 3, axis=-2)", C),
    ("np.repeat(x, 0, axis=0)", A), ("np.flip(x)", A), ("np.flip(x, 0)", A), ("np.flip(x, (0, 2))", C),
    ("np.fliplr(x)", A), ("np.flipud(x)", A), ("np.flipud(x)", (3,)), ("np.roll(x, 1)", A), ("np.roll(x, -2)", (5,)),
    ("np.roll(x, 4, axis=1)", A), ("np.roll(x, (1, -1), axis=(0, 2))", C), ("np.roll(x, 1, axis=(0, 1))", A),
    ("np.roll(x, (1, 2), axis=0)", B), ("np.rot90(x)", A), ("np.rot90(x, 2)", A), ("np.rot90(x, -1)", A),
    ("np.rot90(x, 5, axes=(2, 1))", C), ("np.rot90(x, 4)", A), ("np.pad(x, 1)", A), ("np.pad(x, (1, 2))", A),
    ("np.pad(x, ((1, 0), (0, 2)), constant_values=-1.5)", A), ("np.pad(x, ((1, 2),))", A), ("np.pad(x, [2])", A),
    *[(f"np.pad(x, ((1, 2), (2, 0)), mode='{mode}')", B) for mode in ("edge", "reflect", "symmetric", "wrap")],
    *[(f"np.pad(x, {n}, mode='{mode}')", (4,)) for mode, n in
      (("edge", 6), ("reflect", 3), ("symmetric", 4), ("wrap", 4), ("edge", 0), ("reflect", (0, 1)))],
    ("np.diag(x)", (3,)), ("np.diag(x, 1)", (3,)), ("np.diag(x, -2)", (2,)), ("np.diag(x)", A), ("np.diag(x, 1)", A),
    ("np.diag(x, -1)", B), ("np.diag(x, 7)", A), ("np.diagflat(x, 1)", A), ("np.diagonal(x)", C),
    ("np.diagonal(x, 1, 0, 2)", C), ("np.diagonal(x, -1, -1, 0)", C), ("np.tril(x)", C), ("np.triu(x, 1)", A),
    ("np.tril(x, -1)", B), ("np.triu(x, -1)", B), ("np.zeros_like(x) + x", A), ("np.ones_like(x) * x", A),
    ("np.full_like(x, 2.5) * x", A), ("np.zeros_like(x, shape=(3,)) * x", A), ("np.full((2, 3), 7) * x", A),
    ("x * np.eye(3)", B), ("x * np.eye(2, 3, 1)", A), ("x * np.identity(3)", B), ("x * np.tri(2, 3, -1)", A),
    ("x * np.arange(3)", A), ("x * np.arange(1, 7, 2)", A), ("x + np.arange(0.5, 2)", (2,)),
    ("x + np.linspace(0, 1, 3)", A), ("x + np.linspace(1, 0, 3, endpoint=False)", A), ("np.linspace(x, y, 5)", A, (3,)),
    ("np.linspace(x, 1.0, 1)", A), ("np.linspace(x, 2, 4, endpoint=False)", ()),
]  # fmt: skip


def operands(shapes: Any, dtype: str = "float64") -> dict[str, Any]:
    rng = np.random.default_rng(3)
    return {n: rng.normal(size=s).astype(dtype) for n, s in zip("xy", shapes)}


def build(text: str, values: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    inputs = {n: G.input(n, *v.shape, dtype=v.dtype) for n, v in values.items()}
    return eval(text, {"np": G, **inputs}), inputs


@pytest.mark.parametrize(("text", "shapes"), [(t, s) for t, *s in SAME])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_values_are_numpys(text, shapes, dtype, run):
    values = operands(shapes, dtype)
    y, inputs = build(text, values)
    expected = np.asarray(eval(text, {"np": np, **values}))
    found = np.asarray(run(y, **values))
    weak = dtype == "float32" and ("arange" in text or "linspace" in text or "eye" in text or "full(" in text)
    assert found.dtype == expected.dtype or (weak and found.dtype == "float32")
    close = 1e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(found, expected, rtol=close, atol=close if "linspace" in text else 0)
    np.testing.assert_array_equal(G.compile(y, list(inputs.values()))(**values), found)


@pytest.mark.parametrize(("text", "shapes"), [(t, s) for t, *s in SAME])
def test_derivatives_against_central_differences(text, shapes, run, differences):
    values = operands(shapes)
    y, inputs = build(text, values)
    weights = np.random.default_rng(5).normal(size=y.shape)
    slopes = G.vjp(y, list(inputs.values()), weights)
    for x, slope in zip(inputs.values(), slopes):
        def total(a, x=x):
            return float(np.sum(weights * run(y, **{**values, x.name: a})))

        np.testing.assert_allclose(run(slope, **values), differences(total, values[x.name]), rtol=1e-6, atol=1e-8)


NAMED = [
    ("np.ravel(x)", ("N", 3)), ("np.moveaxis(x, 0, -1)", ("N", 3)), ("np.tile(x, (3, 2))", ("N", 3)),
    ("np.repeat(x, 2, axis=0)", ("N", 3)), ("np.flip(x)", ("N", 3)), ("np.roll(x, 1)", ("N", 3)),
    ("np.rot90(x)", ("N", 3)), ("np.pad(x, 1)", ("N", 3)), ("np.diag(x, 1)", ("N",)),
    ("np.diag(x)", ("N", "N")), ("np.tril(x)", ("N", "M")), ("np.squeeze(x)", ("N", 1)),
    ("np.hsplit(x, 3)[1]", ("N", 3)), ("np.split(x, [1], axis=1)[0]", ("M", "N")),
    *[(f"np.pad(x, ((2, 1), (0, 1)), mode='{mode}')", ("N", 3))
      for mode in ("edge", "reflect", "symmetric", "wrap")],
    ("np.meshgrid(x, x)[1]", ("N",)), ("np.stack([x, x], axis=1)", ("N",)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "shape"), NAMED)
def test_named_sizes(text, shape, run):
    x = G.input("x", *shape)
    y = eval(text, {"np": G, "x": x})
    value = np.random.default_rng(0).normal(size=tuple({"N": 4, "M": 3}.get(s, s) for s in shape))
    np.testing.assert_array_equal(run(y, x=value), eval(text, {"np": np, "x": value}))
    np.testing.assert_array_equal(G.compile(y)(value), eval(text, {"np": np, "x": value}))
    assert run(G.gradients(G.sum(y * y), x), x=value).shape == value.shape


def test_constants_of_named_sizes():
    x = G.input("x", "N", "M")
    for text in ("np.eye(*s)", "np.eye(s[0], s[1], 1)", "np.tri(*s, k=-1)", "np.eye(s[1])", "np.arange(s[0])",
                 "np.arange(2, s[1] + 2)", "np.arange(0, 2 * s[0], 2)", "np.arange(s[0], s[0] + s[1], 1)",
                 "np.full(s, 3)", "np.identity(s[0])"):
        y = eval(text, {"np": G, "s": x.shape})
        found = G.compile([y, x])(np.zeros((3, 4)))[0]
        expected = eval(text, {"np": np, "s": (3, 4)})
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype, text


def test_how_they_are_emitted():
    """A row where NumPy has a function for it; a slice where that is what it does."""
    x, y = G.input("x", "N", 3), G.input("y", "N", 3)
    for expr, line in [
        (G.stack([x, y], axis=1), "np.stack((x, y), axis=1)"), (G.flip(x, 0), "x[::-1]"),
        (G.roll(x, 1, axis=0), "np.roll(x, 1, axis=0)"),
        (G.pad(x, ((1, 1), (0, 0))), "np.pad(x, ((1, 1), (0, 0)))"),
        (G.tile(x, (2, 1)), "np.tile(x, (2, 1))"), (G.repeat(x, 2, 0), "np.repeat(x, 2, axis=0)"),
        (G.diag(G.input("v", 3)), "np.diag(v)"), (G.tril(x, -1), "np.tril(x, -1)"),
        (G.arange("N") + x[:, 0], "np.arange(N)"),
        (G.gradients(G.sum(G.roll(x, 1, axis=0) * y), x), "np.roll(y, -1, axis=0)"),
        (G.gradients(G.sum(G.stack([x, y]) * G.input("w", 2, "N", 3)), x), "w[0]"),
        (G.gradients(G.sum(G.exp(G.pad(x, 1))), x), "[1:N + 1, 1:4]"),
        (G.gradients(G.sum(G.diagonal(G.input("A", 3, 3)) * G.input("v", 3)), "A"), "np.diag(v)"),
    ]:  # fmt: skip
        assert line in G.compile(expr).source, G.compile(expr).source


def test_python_numbers_stay_weak_in_a_stack(run):
    x = G.input("x", dtype="float32")
    y = G.stack([x, 1, 2.5])
    assert y.type.dtype == "float32"
    assert run(y, x=np.float32(3)).dtype == G.compile(y)(np.float32(3)).dtype == np.float32
    n = G.input("n", dtype="int32")
    assert G.compile(G.stack([n, 4]))(np.int32(3)).dtype == np.int32


def test_outputs_are_fresh_arrays():
    """np.diagonal gives a view that cannot be written to; a result can."""
    value = np.ones((3, 3))
    found = G.compile(G.diagonal(G.input("A", 3, 3)))(value)
    found[:] = 5
    assert value.sum() == 9


def test_triangles_leave_nan_out():
    x = G.input("x", 2, 2)
    value = np.array([[1.0, np.nan], [2.0, 3.0]])
    np.testing.assert_array_equal(G.evaluate(G.tril(x), {x: value}), [[1, 0], [2, 3]])


def test_linspace_ends_exactly():
    a, b = G.inputs("a b")
    found = G.evaluate(G.linspace(a, b, 7), {a: 0.1, b: 0.7})
    assert (found[0], found[-1]) == (0.1, 0.7)


X, N = G.input("x", 2, 3), G.input("n", "N", "M")


@pytest.mark.parametrize(("build", "error", "text"), [
    (lambda: G.stack([X, X[0]]), G.ShapeError, r"float64\[2,3\] and float64\[3\] differ in shape"),
    (lambda: G.stack([]), G.ShapeError, "stack: needs at least one value"),
    (lambda: G.stack(X), G.InputError, "stack takes a list of values, got Expr"),
    (lambda: G.split(X, 2, axis=1), G.ShapeError, r"axis 1 of float64\[2,3\] does not divide into 2 equal parts"),
    (lambda: G.split(N, 2), G.ShapeError, r"axis 0 of float64\[N,M\] does not divide into 2"),
    (lambda: G.array_split(N, 2), G.ShapeError, "its size must be known"),
    (lambda: G.split(X, 0), G.ShapeError, "a number of parts is 1 or more, got 0"),
    (lambda: G.vsplit(X[0], 1), G.ShapeError, r"vsplit: needs 2 axes or more, got float64\[3\]"),
    (lambda: G.squeeze(X, 0), G.ShapeError, r"axis 0 of float64\[2,3\] has size 2, not 1"),
    (lambda: G.squeeze(N, 0), G.ShapeError, r"axis 0 of float64\[N,M\] has size N, not 1"),
    (lambda: G.expand_dims(X, 5), G.ShapeError, "axis 5 is out of range for 3 dimensions"),
    (lambda: G.expand_dims(X, (0, 0)), G.ShapeError, "names one axis twice"),
    (lambda: G.moveaxis(X, (0, 1), 0), G.ShapeError, "must name as many axes, each once"),
    (lambda: G.swapaxes(X, 0, 2), G.ShapeError, "axis 2 is out of range for 2 dimensions"),
    (lambda: G.roll(X, 1.5, axis=0), G.ShapeError, "a shift is an integer, got '1.5'"),
    (lambda: G.roll(X, (1, 2, 3), axis=(0, 1)), G.ShapeError, "3 shifts for 2 axes"),
    (lambda: G.tile(X, -1), G.ShapeError, "a size cannot be negative, got -1"),
    (lambda: G.repeat(X, [1, 2], axis=0), G.ShapeError, r"a size is an integer or a name such as 'N', got '\[1, 2\]'"),
    (lambda: G.rot90(X, axes=(0, -2)), G.ShapeError, "needs two different axes"),
    (lambda: G.pad(X, ((1, 1), (1, 1), (1, 1))), G.ShapeError, r"needs one pair for each axis of float64\[2,3\]"),
    (lambda: G.pad(X, (1, 2, 3)), G.ShapeError, r"a number, a pair, or a pair for each axis, got \(1, 2, 3\)"),
    (lambda: G.pad(X, -1), G.ShapeError, "a size cannot be negative"),
    (lambda: G.pad(X, -1, mode="edge"), G.ShapeError, "a width is 0 or more, got -1"),
    (lambda: G.pad(X, 2, mode="reflect"), G.ShapeError, r"reflect padding of 2 is longer than axis 0 of"),
    (lambda: G.pad(X, 1, mode="mirror"), G.InputError, "no mode 'mirror'; choose from constant, edge, reflect, sym"),
    (lambda: G.pad(X, 1, constant_values=X), G.InputError, "constant_values is one number"),
    (lambda: G.pad(X > 0, 1, constant_values=2), G.DTypeError, "cannot pad bool with 2"),
    (lambda: G.pad(G.input("i", 2, dtype="int64"), 1, constant_values=0.5), G.DTypeError, "cannot pad int64 with 0.5"),
    (lambda: G.diag(G.input("t", 2, 2, 2)), G.ShapeError, "needs a vector or a matrix"),
    (lambda: G.diag(N), G.ShapeError, "which of the sizes N and M ends the diagonal is not known"),
    (lambda: G.diagonal(X, 0, 1, -1), G.ShapeError, "axis1 and axis2 are both axis 1"),
    (lambda: G.diagonal(X[0]), G.ShapeError, "a diagonal needs two axes"),
    (lambda: G.tril(X[0]), G.ShapeError, "a triangle needs two axes"),
    (lambda: G.triu(X, 0.5), G.ShapeError, "a diagonal k is an integer, got '0.5'"),
    (lambda: G.broadcast_arrays(X, N), G.ShapeError, r"float64\[2,3\], float64\[N,M\] do not broadcast"),
    (lambda: G.meshgrid(X), G.ShapeError, r"needs vectors, got float64\[2,3\]"),
    (lambda: G.meshgrid(X[0], indexing="yx"), G.InputError, "no indexing 'yx'; choose from xy, ij"),
    (lambda: G.arange(0, "N", 0), G.ShapeError, "the step cannot be 0"),
    (lambda: G.arange("N", 0, -1), G.ShapeError, "a step between named sizes is 1 or more, got -1"),
    (lambda: G.linspace(0, 1, -2), G.ShapeError, "num is 0 or more, got -2"),
    (lambda: G.astype(X, "complex128"), G.DTypeError, "no dtype 'complex128'; choose from"),
])  # fmt: skip
def test_errors_say_what_is_needed(build, error, text):
    with pytest.raises(error, match=text):
        build()
