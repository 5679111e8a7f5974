"""Types: promotion and broadcasting against NumPy's own."""

import copy
import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphc.dims import Dim
from graphc.errors import DTypeError, ShapeError
from graphc.types import (
    DTYPES,
    TensorType,
    as_axes,
    as_axis,
    as_dtype,
    broadcast,
    broadcast_shapes,
    promote,
    reduced,
    shape_text,
)

N = Dim.named("N")
WEAK = {True: "bool", 3: "int64", 0.5: "float64"}


@pytest.mark.parametrize(("a", "b"), [*itertools.product(DTYPES, DTYPES)])
def test_promotion_is_numpys(a, b):
    assert promote((TensorType((), a), TensorType((), b))) == (np.result_type(a, b).name, False)


@pytest.mark.parametrize(("dtype", "number"), [*itertools.product(DTYPES, WEAK)])
def test_a_python_number_promotes_as_numpys(dtype, number):
    expected = (np.ones(2, dtype) + number).dtype.name
    assert promote((TensorType((2,), dtype), TensorType((), WEAK[number], weak=True))) == (expected, False)


def test_numbers_among_themselves_stay_weak():
    weak = [TensorType((), d, weak=True) for d in ("int64", "float64")]
    assert promote(tuple(weak)) == ("float64", True)


SHAPES = st.lists(st.sampled_from([0, 1, 2, 3]), max_size=4).map(tuple)


@given(st.lists(SHAPES, min_size=1, max_size=3))
def test_broadcasting_is_numpys(shapes):
    try:
        expected = np.broadcast_shapes(*shapes)
    except ValueError:
        with pytest.raises(ShapeError, match=r"sizes \d and \d differ on axis -\d"):
            broadcast_shapes(tuple(shapes))
    else:
        assert broadcast_shapes(tuple(shapes)) == expected


def test_named_sizes_meet_themselves_and_one():
    assert broadcast_shapes(((N, 1), (1, 3), (N, 3))) == (N, 3)
    for other in (2, Dim.named("M"), N + 1):
        with pytest.raises(ShapeError, match=r"sizes N and .* differ on axis -1"):
            broadcast_shapes(((N,), (other,)))


def test_types_are_interned_immutable_and_survive_pickling():
    t = TensorType((N, 3), "float32")
    assert TensorType((N, 3), "float32") is t
    assert pickle.loads(pickle.dumps(t)) is t
    assert copy.deepcopy(t) is t
    with pytest.raises(AttributeError, match="a TensorType is immutable"):
        t.dtype = "float64"


def test_text():
    assert str(broadcast(TensorType((N, 1)), TensorType((3,), "float32"))) == "float64[N,3]"
    assert [shape_text(s) for s in ((), (N,), (2, N))] == ["()", "(N,)", "(2, N)"]


@pytest.mark.parametrize("dtype", ["float64", np.float32, np.dtype("int64"), bool, "int32"])
def test_dtypes_in_any_spelling(dtype):
    assert as_dtype(dtype) == np.dtype(dtype).name


@pytest.mark.parametrize("dtype", ["float16", "complex128", "nonsense", np.uint8, object])
def test_other_dtypes_list_the_five(dtype):
    with pytest.raises(DTypeError, match=r"no dtype .*; choose from float64, float32, int64, int32, bool"):
        as_dtype(dtype)


@given(st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=4), st.data(), st.booleans())
def test_reduction_shapes_are_numpys(shape, data, keepdims):
    axis = data.draw(st.one_of(st.none(), st.integers(-len(shape), len(shape) - 1)))
    expected = np.sum(np.ones(shape), axis=axis, keepdims=keepdims).shape
    assert reduced(tuple(shape), as_axes(axis, len(shape)), keepdims) == expected


def test_axes_are_sorted_from_zero():
    assert as_axes((-1, 0), 3) == (0, 2)
    assert as_axes(np.int64(-2), 3) == (1,)


@pytest.mark.parametrize(
    ("axis", "text"),
    [(2, "axis 2 is out of range for 2 dimensions"), (-3, "axis -3 is out of range"),
    ("x", "an axis is an integer, got 'x'"),
     (1.0, "an axis is an integer"), (np.ones(2), "an axis is an integer")],
)  # fmt: skip
def test_bad_axis(axis, text):
    with pytest.raises(ShapeError, match=text):
        as_axis(axis, 2)


def test_one_axis_twice():
    with pytest.raises(ShapeError, match=r"axis \(0, -2\) names one axis twice"):
        as_axes((0, -2), 2)
