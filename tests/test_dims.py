"""Sizes: polynomials of named sizes against integer arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphc.dims import Dim, as_size, divides, floor_divide, product, size_names, value_of
from graphc.errors import ShapeError

N, M = Dim.named("N"), Dim.named("M")
AT = {"N": 7, "M": 3}


def trees(depth=3):
    """Random arithmetic of sizes as pairs (size, its value at AT)."""
    leaf = st.one_of(st.integers(-4, 9).map(lambda n: (n, n)), st.sampled_from([(N, 7), (M, 3)]))
    if not depth:
        return leaf
    below = trees(depth - 1)
    combine = st.sampled_from([lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b])
    return st.one_of(leaf, st.builds(lambda f, a, b: (f(a[0], b[0]), f(a[1], b[1])), combine, below, below))


@given(trees())
def test_arithmetic_agrees_with_integers(pair):
    size, number = pair
    assert value_of(size, AT) == number


@given(trees(), st.integers(1, 5))
def test_floor_division_agrees_with_integers(pair, divisor):
    size, number = pair
    assert value_of(floor_divide(size, divisor), AT) == number // divisor


@given(trees(), trees())
def test_equal_polynomials_are_equal_and_hash_alike(a, b):
    left, right = (a[0] + b[0]) * 2, b[0] * 2 + a[0] * 2
    assert left == right
    assert hash(left) == hash(right)
    assert str(left) == str(right)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        ((N + 1) * 2 - 2, "2*N"), (N * M + N * N, "M*N + N*N"), (3 - N, "-N + 3"), ((N - 3) // 2 + 1, "(N - 3)//2 + 1"),
        (N // 2 * 3, "3*(N//2)"), (-1 * N, "-N"), (N * 784 // 784, "N"), (5 // N, "5//N"),
    ],
)  # fmt: skip
def test_text(size, text):
    assert str(size) == repr(size) == text


@pytest.mark.parametrize("size", [N - N, N * 0, (N + 2) - N - 2])
def test_what_is_constant_is_an_int(size):
    assert size == 0
    assert type(size) is int


def test_a_size_that_comes_out_even_is_not_a_floor():
    assert (6 * N + 4) // 2 == 3 * N + 2
    assert (N * M) // M == N
    assert (N + 1) // (N + 1) == 1
    assert str((N + 1) // 2) == "(N + 1)//2"


def test_one_polynomial_has_one_spelling():
    assert N * N * M + N * M * M == N * M * M + N * N * M
    assert str(N * M * M + N * N * M) == "M*M*N + M*N*N"


@pytest.mark.parametrize("other", [0.5, "M", None])
def test_only_sizes_combine(other):
    for combine in (lambda a, b: a + b, lambda a, b: a * b, lambda a, b: b - a, lambda a, b: a // b):
        with pytest.raises(TypeError, match=r"unsupported operand|can't multiply"):
            combine(N, other)


def test_divides_only_where_known():
    assert divides(12, 4) == 3
    assert divides(12, 5) is None
    assert divides(12, 0) is None
    assert divides(N * 6, 3) == 2 * N
    assert divides(N + 1, 2) is None


def test_convolution_and_concatenation_sizes():
    width = (N + 2 * 1 - 3) // 2 + 1
    assert value_of(width, {"N": 28}) == (28 + 2 - 3) // 2 + 1
    assert product([N, M, 2]) == 2 * N * M
    assert size_names(width * M) == ["N", "M"] or size_names(width * M) == ["M", "N"]


def test_name_of_a_bare_size_only():
    assert N.name == "N"
    assert [s.name for s in (2 * N, N + 1, N * N, N // 2)] == [None] * 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-1, "cannot be negative, got -1"), (1.5, "an integer or a name such as 'N', got '1.5'"),
        ("2N", "must be an identifier"),
        (None, "an integer or a name such as 'N', got 'None'"), ("", "must be an identifier such as 'N', got ''"),
        ([1], "an integer or a name"),
    ],
)  # fmt: skip
def test_what_is_not_a_size(value, text):
    with pytest.raises(ShapeError, match=text):
        as_size(value)


def test_an_unknown_size_is_named():
    with pytest.raises(ShapeError, match="size M is not known: no input has an axis of just M"):
        value_of(N + M, {"N": 2})
