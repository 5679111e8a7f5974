"""Indexing: NumPy's rules, adjoints that add up, writing at an index, slices of named sizes, unrolled reads."""

import itertools

import numpy as np
import pytest

import graphc as G
from graphc.ir import postorder
from graphc.ops.gather import join_terms
from graphc.ops.indexing import PLACE, PLACES, join_places

M = np.array([[1.0, 0, 3, -2], [0, 0, 5, 2], [2, 2, -1, 4]])


def slope_of(build, at):
    """The value and the gradient for the cotangent 1, 2, 3, ..., as the PyTorch figures were made."""
    x = G.input("x", *np.shape(at))
    y = build(x)
    c = np.arange(1.0, 1 + np.prod(y.shape)).reshape(y.shape)
    return G.compile([y, G.vjp(y, x, c)])(at)


# PyTorch 2.13.0, float64
@pytest.mark.parametrize(("build", "value", "slope"), [
    (lambda x: x[[[0, 2], [2, -1]], :][:, :, [3, 3]], [-2, -2, 4, 4, 4, 4, 4, 4],
     [0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 33]),
    (lambda x: G.take_along_axis(x, [[0, 0], [3, 1], [2, 2]], 1), [1, 1, 2, 0, -1, -1],
     [3, 0, 0, 0, 0, 4, 0, 3, 0, 0, 11, 0]),
    (lambda x: G.embedding(x, [1, 0, 1, 1]), [0, 0, 5, 2, 1, 0, 3, -2, 0, 0, 5, 2, 0, 0, 5, 2],
     [5, 6, 7, 8, 23, 26, 29, 32, 0, 0, 0, 0]),
], ids=["index", "take_along_axis", "embedding"])
def test_values_and_gradients_are_pytorchs(build, value, slope):
    y, found = slope_of(build, M)
    np.testing.assert_array_equal(y.ravel(), value)
    np.testing.assert_array_equal(found.ravel(), slope)


# -- NumPy's rules ---------------------------------------------------------------------------------------------------

ENTRIES = [0, slice(None), slice(None, None, 2), None, ..., np.array([0, 1, 1]), np.array([[0], [1]])]
MIXED = [index for n in (1, 2, 3, 4) for index in itertools.product(ENTRIES, repeat=n)
         if sum(e is ... for e in index) <= 1 and sum(e is not None and e is not ... for e in index) <= 3]


def test_every_mix_of_entries_has_numpys_shape_and_value(run):
    """The arrays as constants, and as inputs: placement of the axes, new axes, the dots."""
    at = np.arange(2 * 3 * 4.0).reshape(2, 3, 4)
    x = G.input("x", 2, 3, 4)
    assert len(MIXED) > 1000
    for index in MIXED[::3]:
        expected = at[index]
        found = x[index]
        assert found.shape == expected.shape, index
        names = {f"i{k}": e for k, e in enumerate(index) if isinstance(e, np.ndarray)}
        as_inputs = x[tuple(G.input(f"i{k}", *e.shape, dtype="int64") if isinstance(e, np.ndarray) else e
                            for k, e in enumerate(index))]
        np.testing.assert_array_equal(run(as_inputs, x=at, **names), expected)
        slope = run(G.gradients(G.sum(found * found), x), x=at)
        counts = np.zeros(at.shape)
        np.add.at(counts, index, 1.0)
        np.testing.assert_array_equal(slope, 2 * at * counts)


@pytest.mark.parametrize("mask", [[True, False, True], [False] * 3, M > 0, (slice(None), [True, False, True, True])])
def test_a_constant_mask_picks_a_known_number(mask):
    x = G.input("x", 3, 4)
    y, slope = slope_of(lambda x: x[mask], M)
    np.testing.assert_array_equal(y, M[mask])
    assert y.shape == x[mask].shape
    assert slope.shape == M.shape


def test_an_index_that_is_a_number_among_the_inputs(run):
    x, i = G.input("x", "N", 3), G.input("i", dtype="int64")
    assert x[i].shape == (3,)
    for k in (0, -1):
        np.testing.assert_array_equal(G.compile(x[i])(M[:, :3], k), M[k, :3])
        np.testing.assert_array_equal(G.compile(x[1, i] + x[i, 1])(M[:, :3], k), M[1, :3][k] + M[k, 1])


def test_a_result_does_not_share_memory_with_an_input():
    x, i = G.input("x", 3, 4), G.input("i", dtype="int64")
    fn = G.compile([x[i], x[i, :2], G.take(x, i, axis=1)])
    at = M.copy()
    for found in fn(at, 1):
        found[...] = 99.0
    np.testing.assert_array_equal(at, M)


def test_an_index_of_an_input_out_of_range_is_numpys_error():
    x, i = G.input("x", 3), G.input("i", 2, dtype="int64")
    for f in (x[i], G.gradients(G.sum(x[i] ** 2), x), G.one_hot(i, 3)):
        with pytest.raises(IndexError, match=r"index 3 is out of bounds|out of bounds for axis"):
            G.compile(f)(**({"x": [1.0, 2, 3]} if any(n is x for n in postorder([f])) else {}), i=[0, 3])


@pytest.mark.parametrize(("index", "error", "text"), [
    (lambda i, b, r: [0, 2], G.ShapeError, r"gather: x float64\[2,3\] and .*index 2 is out of range for axis 0 of"),
    (lambda i, b, r: (0, np.array([1, -4])), G.ShapeError, r"index -4 is out of range for axis 1 of size 3"),
    (lambda i, b, r: [0.0, 1.0], G.DTypeError, r"an index array holds integers, got float64\[2\]; use astype"),
    (lambda i, b, r: r, G.DTypeError, r"an index array holds integers, got float64\[2\]"),
    (lambda i, b, r: b, G.DTypeError, r"bool\[2,3\] picks is not known while the graph is declared; use G\.where"),
    (lambda i, b, r: np.array([True, False, True]), G.ShapeError, r"a mask of 3 elements for axis 0 of size 2"),
    (lambda i, b, r: (i, i, i), G.ShapeError, r"3 indices for 2 axes"),
    (lambda i, b, r: (i, [0, 1, 1]), G.ShapeError, r"sizes 2 and 3 differ"),
    (lambda i, b, r: "a", G.ShapeError, r"an index is an integer, a slice, None, \.\.\. or an array of integers, got"),
])
def test_a_bad_index_says_why(index, error, text):
    x, b = G.input("x", 2, 3), G.input("b", 2, 3, dtype="bool")
    i, r = G.input("i", 2, dtype="int64"), G.input("r", 2)
    with pytest.raises(error, match=text):
        x[index(i, b, r)]


# -- slices of named sizes ---------------------------------------------------------------------------------------------

CUT_SHORT = [
    (slice(None, 5), 4), (slice(-5, None), 4), (slice(1, None), 0), (slice(None, -1), 0), (slice(2, -2), 3),
    (slice(7, 9), 8), (slice(4, None, -1), 4), (slice(None, None, 2), None), (slice(-2, 1, -1), 2), (slice(3, 1), None),
]  # fmt: skip


@pytest.mark.parametrize(("cut", "too_short"), CUT_SHORT)
def test_a_slice_of_a_named_axis_is_whole_or_an_error(cut, too_short):
    x = G.input("x", "N", 2)
    f = G.compile([x[cut], G.gradients(G.sum(x[cut] ** 2), x)])
    for n in range(12):
        at = np.arange(2.0 * n).reshape(n, 2)
        if too_short is not None and n <= too_short:
            with pytest.raises(IndexError, match=rf"does not lie within axis 0, which has {n} elements"):
                f(at)
        else:
            value, slope = f(at)
            np.testing.assert_array_equal(value, at[cut])
            expected = np.zeros(at.shape)
            expected[cut] = 2 * at[cut]
            np.testing.assert_array_equal(slope, expected)


def test_slices_that_are_known_to_fit_are_spelled_plainly():
    x, y = G.input("x", "N", 2), G.input("y", "M", 2)
    for f in (x[::-1], x[:, 1:], G.concatenate([x, y])[: x.shape[0]], x[:0], x[::3]):
        assert "within" not in G.compile(f, simplify=False, inputs=[x, y]).source
    assert "within(x, 0, 1, N)[1:]" in G.compile(x[1:]).source


# -- unrolled reads ----------------------------------------------------------------------------------------------------


def places_of(parts):
    return [PLACE.make((part * (k + 1.0),), (part.attrs[0], part.args[0].shape)) for k, part in enumerate(parts)]


@pytest.mark.parametrize(("cut", "spelled"), [
    (lambda x: [x[k] for k in (2, 0, 1, 3)], "np.stack"), (lambda x: [x[:, k] for k in range(6)], "np.stack"),
    (lambda x: [x[:, 2:], x[:, :2]], "np.concatenate"), (lambda x: [x[:3], x[3:]], "np.concatenate"),
    (lambda x: [x[k : k + 2] for k in range(3)], "place_all"), (lambda x: [x[0], x[1]], "place_all"),
    (lambda x: [x[0], x[1:]], "place_all"), (lambda x: [x[::2], x[1::2]], "place_all"),
    (lambda x: [x[None, 0], x[1:2]], "place_all"),
])
def test_places_join_into_one(cut, spelled, run):
    x = G.input("x", 4, 6)
    at = np.random.default_rng(0).normal(size=(4, 6))
    terms = places_of(cut(x))
    joined = join_places(terms)
    assert len(joined) == 1
    assert joined[0].op is PLACES
    np.testing.assert_allclose(run(joined[0], x=at), run(sum(terms[1:], start=terms[0]), x=at), rtol=1e-15)
    assert spelled in G.compile(joined[0], simplify=False).source


def test_only_places_of_one_type_join():
    x, y = G.input("x", 4), G.input("y", 5)
    one, two = places_of([x[0], x[1]])
    other = places_of([y[0]])[0]
    assert join_places([one]) == [one]
    assert [t.op.name for t in join_places([x, one, None, two])] == ["places", "input"]
    assert join_places([one, other]) == [one, other]


def test_a_thousand_reads_are_one_stack(run):
    x = G.input("x", 1000, 2)
    terms = places_of(list(x))
    joined = join_places(terms)[0]
    at = np.ones((1000, 2))
    np.testing.assert_array_equal(run(joined, x=at), np.arange(1.0, 1001)[:, None] * at)
    assert len(postorder([joined])) == 3002  # the reads, the products, their numbers, x and the one stack


@pytest.mark.parametrize("shapes", [[(3,), (2, 2)], [(), (1,), (4,)]])
def test_gathered_rows_join_into_one_scatter(shapes, run):
    E = G.input("E", 5, 2)
    taken = [E[G.input(f"i{k}", *s, dtype="int32" if k else "int64")] for k, s in enumerate(shapes)]
    other = G.vjp(E[:, [0, 0]], E, np.ones((5, 2)))
    terms = [G.vjp(y * (k + 1.0), E, np.arange(1.0, 1 + y.size).reshape(y.shape)) for k, y in enumerate(taken)]
    joined = join_terms([*terms, other, None])
    assert [t.op.name for t in joined] == ["scatter_add", "scatter_add"]
    at = {f"i{k}": np.random.default_rng(k).integers(-5, 5, s).astype("int32" if k else "int64")
          for k, s in enumerate(shapes)}
    np.testing.assert_array_equal(run(joined[0], **at), run(sum(terms[1:], start=terms[0]), **at))
    assert join_terms([terms[0], other]) == [terms[0], other]


# -- writing at an index -----------------------------------------------------------------------------------------------

WRITES = [0, slice(1, None), (slice(None), -1), [0, 2, 0], ([0, 1, 0], [3, 3, 3]), (slice(None), [1, 1]),
          (..., None, 2)]  # fmt: skip


@pytest.mark.parametrize("index", WRITES)
@pytest.mark.parametrize("name", ["scatter", "scatter_add"])
def test_writing_at_an_index(name, index, differences):
    rng = np.random.default_rng(0)
    values, c = rng.normal(size=M[index].shape), rng.normal(size=M.shape)
    x, v = G.input("x", 3, 4), G.input("v", *values.shape)
    y = getattr(G, name)(x, index, v)
    run = G.compile(y)
    expected = M.copy()
    if name == "scatter":
        expected[index] = values
    else:
        np.add.at(expected, index, values)
    np.testing.assert_allclose(run(M, values), expected, rtol=1e-15)
    for w, slope in zip("xv", G.compile(G.vjp(y, [x, v], c), inputs=[x, v])(M, values)):
        point = {"x": M, "v": values}
        found = differences(lambda a, w=w, point=point: np.sum(c * run(**(point | {w: a}))), point[w])
        np.testing.assert_allclose(slope, found, rtol=1e-7, atol=1e-8)


def test_what_is_written_broadcasts_and_keeps_the_dtype():
    x = G.input("x", 3, 2, dtype="float32")
    assert G.scatter(x, 0, 1.5).type is x.type
    assert G.scatter_add(x, [0, 0], 1.5).type is x.type
    for write in (G.scatter, G.scatter_add):
        for index in (1, (1, 0), [1], slice(1, 2)):
            y = write(x, index, 2)
            for style in ("fast", "readable"):
                found = G.compile(y, style=style)(np.zeros((3, 2), "float32"))
                assert (found[1, 0], found.sum()) == (2.0, 2.0 * np.size(np.zeros((3, 2))[index]))
    k = G.input("k", 3, dtype="int64")
    np.testing.assert_array_equal(G.evaluate(G.scatter_add(k, [0, 0, 2], 1), {k: [10, 20, 30]}), [12, 20, 31])
    with pytest.raises(G.ShapeError, match=r"scatter: values float64\[3\] do not broadcast to the float32\[2\] at"):
        G.scatter(x, 0, np.ones(3))


# -- taking, one_hot, interpolation -----------------------------------------------------------------------------------


def test_take_is_numpys():
    x = G.input("x", 3, 4)
    for indices, axis in ((1, None), ([0, -1], 0), ([[1], [2]], 1), (2, -1), ([5, 5], None)):
        np.testing.assert_array_equal(G.evaluate(G.take(x, indices, axis), {x: M}), np.take(M, indices, axis))
    along = G.take_along_axis(x, [3, 0], axis=None)
    np.testing.assert_array_equal(G.evaluate(along, {x: M}), np.take_along_axis(M, np.array([3, 0]), None))


def test_an_embedding_of_named_sizes_adds_up_at_repeated_words():
    E, words = G.param("E", "V", 3), G.input("words", "N", "T", dtype="int64")
    y = G.embedding(E, words)
    assert str(y.type) == "float64[N,T,3]"
    at = np.random.default_rng(0).integers(0, 5, (4, 7))
    slope = G.compile(G.gradients(G.sum(y), E), inputs=[E, words])(E=np.zeros((6, 3)), words=at)
    np.testing.assert_array_equal(slope, np.bincount(at.ravel(), minlength=6)[:, None] * np.ones(3))


@pytest.mark.parametrize(("rows", "width", "taken"), [(5, 3, 40000), (50, 40000, 3), (3, 0, 5), (4, 2, 0)])
def test_many_rows_and_wide_ones_add_up(rows, width, taken):
    rng = np.random.default_rng(0)
    i, block = rng.integers(-rows, rows, taken), rng.normal(size=(taken, width))
    expected = np.zeros((rows, width))
    np.add.at(expected, i, block)
    x, at = G.input("x", rows, width), G.input("i", taken, dtype="int64")
    found = G.compile(G.vjp(x[at], x, block), inputs=[x, at])(np.zeros((rows, width)), i)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    along = G.vjp(G.take_along_axis(x.T, at[None], axis=1), x, block[:, :1].T * np.ones((width, 1)))
    found = G.compile(along, inputs=[x, at])(np.zeros((rows, width)), i)
    np.testing.assert_allclose(found, np.repeat(expected[:, :1], width, axis=1), rtol=1e-12, atol=1e-12)


def test_one_hot():
    y = G.input("y", "N", dtype="int32")
    assert str(G.one_hot(y, "C").type) == "float64[N,C]"
    np.testing.assert_array_equal(G.evaluate(G.one_hot([[1], [0]], 2, "int64"), {}), [[[0, 1]], [[1, 0]]])
    with pytest.raises(G.DTypeError, match=r"one_hot: .* labels are integers, got float64\[2\]"):
        G.one_hot([0.0, 1.0], 2)
    with pytest.raises(G.ShapeError, match="label 2 is out of range for 2 classes"):
        G.one_hot([0, 2], 2)


def test_interpolation_is_numpys_and_its_slopes_are_those_of_the_pieces(differences):
    xp, fp = np.array([0.0, 1.0, 3.0, 3.5]), np.array([1.0, -1.0, 4.0, 4.0])
    at = np.array([-1.0, 0.0, 0.4, 1.0, 2.9, 3.2, 3.5, 9.0])
    x, knots, heights = G.input("x", 8), G.input("xp", "K"), G.input("fp", "K")
    y = G.interp(x, knots, heights)
    np.testing.assert_allclose(G.evaluate(y, {x: at, knots: xp, heights: fp}), np.interp(at, xp, fp), rtol=1e-15)
    slope = G.compile(G.gradients(G.sum(y), x), inputs=[x, knots, heights])(at, xp, fp)
    np.testing.assert_allclose(slope, [0, -2, -2, 2.5, 2.5, 0, 0, 0], rtol=1e-15)
    inside = np.array([0.2, 0.4, 1.5, 2.9, 3.2, 3.4, -1.0, 9.0])
    run, point = G.compile(G.sum(y * y), inputs=[x, knots, heights]), {"x": inside, "xp": xp, "fp": fp}
    for v, slope in zip((knots, heights), G.evaluate(G.gradients(G.sum(y * y), [knots, heights]), point)):
        found = differences(lambda a, v=v: run(**(point | {v.name: a})), point[v.name])
        np.testing.assert_allclose(slope, found, rtol=1e-6, atol=1e-7)
    with pytest.raises(G.ShapeError, match=r"interp: xp float64\[1\] and fp float64\[1\] need one axis of the same"):
        G.interp(x, [1.0], [2.0])


def test_select_and_choose():
    x, k = G.input("x", 4), G.input("k", 4, dtype="int64")
    at, which = np.array([-2.0, -0.5, 0.5, 2.0]), np.array([0, 1, 2, 1])
    chosen = G.select([x < -1, x < 0, x > 1], [x, x * 2, x * 3], 7.0)
    expected = np.select([at < -1, at < 0, at > 1], [at, at * 2, at * 3], 7.0)
    np.testing.assert_array_equal(G.evaluate(chosen, {x: at}), expected)
    found = G.evaluate(G.choose(k, [x, x * 2, 0.0]), {x: at, k: which})
    np.testing.assert_array_equal(found, np.choose(which, [at, at * 2, np.zeros(4)]))
    with pytest.raises(G.ShapeError, match="select: 1 conditions and 2 choices"):
        G.select([x > 0], [x, x])
    with pytest.raises(G.ShapeError, match="choose: needs one choice or more"):
        G.choose(k, [])
