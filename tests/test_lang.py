"""The language: NumPy's names and signatures, operators, methods, and what can be declared."""

import inspect
from importlib import import_module

import numpy as np
import pytest

import graphc as G
from graphc import lang

MODULES = {family: import_module(f"graphc.lang.{family}") for family in lang.FAMILIES}
SAME_AS_NUMPY = [n for n in lang.__all__ if hasattr(np, n) and callable(getattr(lang, n))]
# The field's own functions, which NumPy does not have.
OURS = {name for family in (lang.activation, lang.control, lang.declare, lang.loss, lang.network)
        for name in family.__all__} | {
    "embedding", "logsumexp", "one_hot", "scatter", "scatter_add", "step", "stop_gradient"}  # fmt: skip


def arguments(function):
    """Positional parameter names and defaults, as far as the function writes them down."""
    found = inspect.signature(function).parameters.values()
    return [(p.name, p.default) for p in found if p.kind is not p.KEYWORD_ONLY]


@pytest.mark.parametrize("name", [n for n in SAME_AS_NUMPY if n not in ("zeros", "ones", "concatenate", "einsum")])
def test_signatures_begin_as_numpys(name):
    ours, numpys = arguments(getattr(lang, name)), getattr(np, name)
    if isinstance(numpys, np.ufunc):
        wanted = ["x"] if numpys.nin == 1 else ["x1", "x2"]
        assert [n for n, _ in ours if n != "axis"] == wanted  # of a ufunc over vectors
        return
    known = dict(arguments(numpys))
    assert all(n in known for n, _ in ours), (ours, known)
    order = [n for n in known if n in dict(ours)]
    assert order == [n for n, _ in ours] or name in ("sum", "max", "min", "mean")  # dtype and out stand between


def test_a_name_that_numpy_has_too_means_the_same():
    assert {"relu", "softmax", "param"} <= OURS
    assert set(lang.__all__) - OURS <= set(SAME_AS_NUMPY)


@pytest.mark.parametrize("name", [n for n in lang.__all__ if n != "Expr"])
def test_every_function_is_documented(name):
    function = getattr(G, name)
    assert function is getattr(lang, name)
    assert len(inspect.getdoc(function)) > 4


@pytest.mark.parametrize("family", lang.FAMILIES)
def test_the_table_of_names_is_what_each_family_offers(family):
    assert sorted(lang.FAMILIES[family].split()) == sorted(MODULES[family].__all__)


def test_methods_are_the_functions_of_their_names():
    x = G.input("x", 2, 3)
    for name in lang.METHODS:
        given = {"take": ([0],), "repeat": (2,), "clip": (0.0, 1.0), "dot": (np.ones(3),), "swapaxes": (0, 1)}
        args = given.get(name, ())
        assert getattr(x, name)(*args) is getattr(G, name)(x, *args)


def test_declarations():
    x = G.input("x", "N", 784)
    y = G.input("y", "N", dtype=np.int64)
    W = G.param("W", 784, 10, init=np.zeros((784, 10)))
    assert [str(v.type) for v in (x, y, W)] == ["float64[N,784]", "int64[N]", "float64[784,10]"]
    assert [v.op.name for v in (x, y, W)] == ["input", "input", "param"]
    assert str((x @ W).type) == "float64[N,10]"


def test_several_at_once():
    assert [v.name for v in G.inputs("a, b c")] == ["a", "b", "c"]
    assert [str(v.type) for v in G.params(["u", "v"], 2, dtype="float32")] == ["float32[2]"] * 2
    assert G.inputs("") == ()


@pytest.mark.parametrize(
    ("declare", "error", "text"),
    [
        (lambda: G.inputs("a b a"), G.InputError, "the name 'a' stands twice in 'a b a'; one name is one value"),
        (lambda: G.input("x", -1), G.ShapeError, "input x: a size cannot be negative, got -1"),
        (lambda: G.input("x", 2.5), G.ShapeError, "input x: a size is an integer or a name such as 'N', got '2.5'"),
        (lambda: G.input("x", (2, 3)), G.ShapeError, "input x: a size is an integer or a name"),
        (lambda: G.param("w", "a b"), G.ShapeError,
        "param w: a named size must be an identifier such as 'N', got 'a b'"),
        (lambda: G.input("x", dtype="float16"), G.DTypeError,
        "input x: no dtype 'float16'; choose from float64, float32"),
        (lambda: G.const("text"), G.DTypeError, "a constant is made of float64, .*; got text of dtype"),
        (lambda: G.const(1j), G.DTypeError, "dtype complex128"),
        (lambda: G.const(np.array([1, 2**63], "uint64")), G.DTypeError,
        "the integer 9223372036854775808 does not fit int64"),
        (lambda: G.zeros((2, -3)), G.ShapeError, "a size cannot be negative, got -3"),
        (lambda: G.exp("text"), G.DTypeError, "exp takes graph nodes, numbers and arrays, got str 'text'"),
        (lambda: G.sum(None), G.DTypeError, "sum takes graph nodes, numbers and arrays, got NoneType 'None'"),
    ],
)  # fmt: skip
def test_bad_declarations(declare, error, text):
    with pytest.raises(error, match=text):
        declare()


@pytest.mark.parametrize(("value", "dtype"), [
    (np.uint8([1]), "int64"), (np.int16(3), "int64"), (np.float16(0.5), "float32"), (np.int32(2), "int32"),
    (True, "bool"), ([1, 2], "int64"),
    ([[0.5]], "float64"),
])  # fmt: skip
def test_constants_take_the_nearest_dtype(value, dtype):
    assert G.const(value).type.dtype == dtype


def test_a_named_constant():
    assert repr(G.const([1.0, 2.0], name="weights")).startswith("<const weights: float64[2]")


x, y = G.input("x", 2, 3), G.input("y", 2, 3)
v = np.arange(6.0).reshape(2, 3) - 2.0
u = np.cos(v) + 2.0


@pytest.mark.parametrize(
    "program",
    [
        lambda a, b: a + b - a * b / b, lambda a, b: a @ b.T, lambda a, b: -a**2, lambda a, b: +a,
        lambda a, b: 2.0 - a, lambda a, b: 1 / b,
        lambda a, b: 2.0**a, lambda a, b: abs(a), lambda a, b: (a > 0) & (b > 2), lambda a, b: (a < 0) | ~(b <= 2),
        lambda a, b: (a >= 1) == (b != 2),
        lambda a, b: a[1], lambda a, b: a[:, ::-1], lambda a, b: a[..., None], lambda a, b: a.sum(axis=0),
        lambda a, b: a.mean(keepdims=True),
        lambda a, b: a.max(axis=1), lambda a, b: a.min(), lambda a, b: a.T, lambda a, b: a.mT,
        lambda a, b: a.transpose(1, 0),
        lambda a, b: a.transpose(), lambda a, b: a.transpose((1, 0)), lambda a, b: a.reshape(3, 2),
        lambda a, b: a.reshape((6,)),
        lambda a, b: a.reshape(-1), lambda a, b: a.ravel(), lambda a, b: a.astype("float32"),
        lambda a, b: np.ones((4, 2)) @ a,
        lambda a, b: a @ [1.0, 2.0, 3.0], lambda a, b: True & (a > 0), lambda a, b: np.float64(2.0) * a,
        lambda a, b: [1.0, 2.0, 3.0] + a,  # noqa: RUF005
    ],
)  # fmt: skip
def test_operators_and_methods_are_numpys(program, run):
    expected = program(v, u)
    found = run(program(x, y), x=v, y=u)
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    assert np.asarray(found).dtype == np.asarray(expected).dtype


@pytest.mark.parametrize(
    "program",
    [
        lambda np, a, b: np.add(a, b) * np.subtract(a, b), lambda np, a, b: np.divide(np.multiply(a, b), 3),
        lambda np, a, b: np.power(b, 1.5),
        lambda np, a, b: np.negative(np.exp(a)), lambda np, a, b: np.log(b) + np.sqrt(b) + np.square(a),
        lambda np, a, b: np.abs(a) + np.absolute(a),
        lambda np, a, b: np.sign(a) * np.tanh(b), lambda np, a, b: np.maximum(a, b) - np.minimum(a, 0.5),
        lambda np, a, b: np.where(np.greater(a, 0), a, b),
        lambda np, a, b: np.logical_and(np.less(a, b), np.logical_not(np.less_equal(a, 1))),
        lambda np, a, b: np.logical_or(np.equal(a, 0), np.not_equal(b, 1)) | np.greater_equal(a, b),
        lambda np, a, b: np.sum(a, 1), lambda np, a, b: np.mean(a, (0, 1)),
        lambda np, a, b: np.max(a, axis=0, keepdims=True), lambda np, a, b: np.min(a, -1),
        lambda np, a, b: np.matmul(a, np.transpose(b)),
        lambda np, a, b: np.reshape(a, (3, -1)), lambda np, a, b: np.ravel(a), lambda np, a, b: np.expand_dims(a, -1),
        lambda np, a, b: np.expand_dims(a, 0),
        lambda np, a, b: np.broadcast_to(a, (4, 2, 3)), lambda np, a, b: np.concatenate((a, b), axis=1),
        lambda np, a, b: np.concatenate([a, b]),
        lambda np, a, b: np.zeros((2, 3)) + np.ones((3,), dtype="float32") * a,
        lambda np, a, b: np.transpose(np.concatenate([a, b], -1), (1, 0)),
    ],
)  # fmt: skip
def test_functions_stand_where_numpys_do(program, run):
    expected = program(np, v, u)
    found = run(program(G, x, y), x=v, y=u)
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    assert np.asarray(found).dtype == np.asarray(expected).dtype


def test_macros_and_loops_unroll(run):
    def cell(h, w):
        return G.tanh(w * h)

    h, w = G.inputs("h w")
    f = h
    for _ in range(3):
        f = cell(f, w)
    assert run(f, h=0.5, w=2.0) == np.tanh(2.0 * np.tanh(2.0 * np.tanh(1.0)))


def test_sizes_flow_through():
    a, b = G.input("a", "N", 3), G.input("b", "M", 3)
    joined = G.concatenate([a, b, a])
    assert str(joined.shape) == "(M + 2*N, 3)"
    assert str(joined[1:-1].shape) == "(M + 2*N - 2, 3)"
    assert str(joined[::2].shape) == "((M + 2*N + 1)//2, 3)"
    assert str(joined.ravel().reshape(-1, 3).type) == str(joined.type)
    assert str((a @ b.T).type) == "float64[N,M]"


def test_zeros_of_a_named_shape(run):
    assert run(G.zeros(("N", 2), dtype="float32"), N=3).dtype == np.float32
    np.testing.assert_array_equal(run(G.ones("N"), N=3), np.ones(3))


def test_integers_become_real_where_values_are(run):
    k = G.input("k", 3, dtype="int32")
    for function in (G.exp, G.sqrt, G.softmax, G.log_softmax, G.logsumexp, G.mean):
        value = run(function(k), k=np.array([1, 2, 3]))
        assert np.asarray(value).dtype == np.float64
