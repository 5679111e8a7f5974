"""Contractions and linear algebra beyond the walk over the op table: lowering, kinks, extremes, errors, figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as G
from graphc.dims import Dim
from graphc.ir import Expr, postorder
from graphc.ops.contraction import multiply_adds, pairs

L = G.linalg
rng = np.random.default_rng(5)


def rows(y: Expr) -> list[str]:
    return [n.op.name for n in postorder([y]) if n.op.name != "input"]


# -- how a sum is worked out ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("subscripts", "shapes", "formula"), [
    ("ij,jk->ik", ((2, 3), (3, 4)), "x0 @ x1"),
    ("ij,jk", ((2, 3), (3, 4)), "x0 @ x1"),
    ("ij,kj->ik", ((2, 3), (4, 3)), "x0 @ x1.T"),
    ("ji,jk->ik", ((3, 2), (3, 4)), "x0.T @ x1"),
    ("ij,jk->ki", ((2, 3), (3, 4)), "x1.T @ x0.T"),
    ("jk,ij->ik", ((3, 4), (2, 3)), "x1 @ x0"),
    ("bij,bjk->bik", ((5, 2, 3), (5, 3, 4)), "x0 @ x1"),
    ("ij,bjk->bik", ((2, 3), (5, 3, 4)), "x0 @ x1"),
    ("i,i", ((3,), (3,)), "x0 @ x1"),
    ("ij,j", ((2, 3), (3,)), "x0 @ x1"),
    ("i,ij", ((2,), (2, 3)), "x0 @ x1"),
    ("i,i->i", ((3,), (3,)), "x0*x1"),
    ("ij,j->ij", ((2, 3), (3,)), "x0*x1"),
    ("i,j->ij", ((2,), (3,)), "reshape(x0, (2, 1))*x1"),
    ("ij->ji", ((2, 3),), "x0.T"),
    ("ij->", ((2, 3),), "sum(x0)"),
    ("ij->i", ((2, 3),), "sum(x0, axis=1)"),
    ("ii", ((3, 3),), 'sum(einsum("ii->i", x0))'),
    ("ij,k->i", ((2, 3), (4,)), "sum(x0, axis=1)*sum(x1)"),
    ("ij,ij->", ((2, 3), (2, 3)), 'einsum("ij,ij->", x0, x1)'),
    ("i->i", ((3,),), "x0"),
    ("ij,jk,kl->il", ((2, 3), (3, 4), (4, 5)), "x0 @ x1 @ x2"),
    ("ij,jk,k->i", ((20, 30), (30, 40), (40,)), "x0 @ (x1 @ x2)"),
])  # fmt: skip
def test_a_sum_becomes_the_simplest_nodes(subscripts, shapes, formula):
    y = G.einsum(subscripts, *[G.input(f"x{i}", *s) for i, s in enumerate(shapes)])
    assert str(y) == formula


@pytest.mark.parametrize(("subscripts", "shapes", "source"), [
    ("ij,ij->", ((2, 3), (2, 3)), "np.vdot({0}, {1})"),
    ("ij,ij->i", ((2, 3), (2, 3)), "np.vecdot({0}, {1})"),
    ("ijk,jkl->il", ((2, 3, 4), (3, 4, 5)), "np.reshape({0}, (2, 12)) @ np.reshape({1}, (12, 5))"),
    ("jki,jkl->il", ((3, 4, 2), (3, 4, 5)), "np.reshape({0}, (12, 2)).mT @ np.reshape({1}, (12, 5))"),
    ("bihd,bjhd->bhij", ((2, 3, 4, 5), (2, 6, 4, 5)), "{0}.transpose(0, 2, 1, 3) @ {1}.transpose(0, 2, 3, 1)"),
    ("bi,bij->jb", ((2, 3), (2, 3, 4)),
     "np.reshape(np.reshape({0}, (2, 1, 3)) @ {1}, (2, 4)).transpose(1, 0)"),
])  # fmt: skip
def test_a_pair_is_spelled_for_blas(subscripts, shapes, source):
    y = G.einsum(subscripts, *[G.input(f"x{i}", *s) for i, s in enumerate(shapes)])
    assert y.op.numpy(y) == source


def test_of_seven_operands_the_pair_that_shrinks_most_comes_first(run):
    shapes = ((2, 3), (4, 3), (2, 3), (2, 3), (4, 3), (2, 3), (3,))
    values = {f"x{i}": rng.normal(size=s) for i, s in enumerate(shapes)}
    y = G.einsum("ai,bi,ci,ai,bi,ci,i->abc", *[G.input(n, *v.shape) for n, v in values.items()])
    np.testing.assert_allclose(run(y, **values), np.einsum("ai,bi,ci,ai,bi,ci,i->abc", *values.values()), rtol=1e-13)
    chain = ["ab", "bc", "cd", "de", "ef", "fg", "g"]
    assert pairs(chain, "a", dict.fromkeys("abcdefg", 10)) == [(5, 6), (4, 5), (3, 4), (2, 3), (1, 2), (0, 1)]


def test_the_order_of_products_is_that_of_least_work():
    sizes = {"a": 10, "b": 1000, "c": 10, "d": 1000, "e": 10}
    found = pairs(["ab", "bc", "cd", "de"], "ae", sizes)
    assert found == [(2, 3), (0, 1), (0, 1)]  # ab·bc and cd·de are 10 by 10, where bc·cd would be 1000 by 1000


def test_a_gradient_of_a_sum_is_a_sum():
    a, b, c = G.input("a", 2, 3, 4), G.input("b", 3, 4, 5), G.input("c", 2, 5)
    da, db = G.vjp(G.einsum("ijk,jkl->il", a, b), [a, b], c)
    assert str(da) == 'einsum("il,jkl->ijk", c, b)'
    assert str(db) == 'einsum("il,ijk->jkl", c, a)'


@pytest.mark.parametrize(("build", "numpy", "shapes"), [
    (G.outer, np.outer, ((2, 3), (4,))), (G.outer, np.outer, ((2,), (3,))), (G.outer, np.outer, ((), (2, 2))),
    (G.kron, np.kron, ((2, 3), (4, 2))), (G.kron, np.kron, ((2,), (3, 4))), (G.kron, np.kron, ((2, 1, 3), (2, 2))),
    (G.kron, np.kron, ((), (3,))), (G.inner, np.inner, ((2, 3), (4, 3))), (G.inner, np.inner, ((3,), (3,))),
    (G.inner, np.inner, ((), (2, 3))), (G.inner, np.inner, ((2, 2, 3), (3,))),
    (G.dot, np.dot, ((2, 3), (4, 3, 5))), (G.dot, np.dot, ((3,), (4, 3, 5))), (G.dot, np.dot, ((2, 2, 3), (4, 3, 5))),
    (G.dot, np.dot, ((), (2, 3))), (G.vecdot, np.vecdot, ((4, 2, 3), (2, 3))), (G.vecdot, np.vecdot, ((3,), (3,))),
    (lambda a, b: G.vecdot(a, b, axis=0), lambda a, b: np.vecdot(a, b, axis=0), ((3, 2), (3, 4, 2))),
    (G.matvec, lambda a, b: np.einsum("...ij,...j->...i", a, b), ((4, 2, 3), (1, 3))),
    (G.matvec, lambda a, b: a @ b, ((4, 2, 3), (3,))),
    (G.vecmat, lambda a, b: np.einsum("...i,...ij->...j", a, b), ((4, 2), (2, 3))),
    (G.tensordot, np.tensordot, ((2, 3, 4), (3, 4, 5))),
    (lambda a, b: G.tensordot(a, b, 0), lambda a, b: np.tensordot(a, b, 0), ((2, 3), (4,))),
    (lambda a, b: G.tensordot(a, b, 1), lambda a, b: np.tensordot(a, b, 1), ((2, 3), (3, 4))),
    (lambda a, b: G.tensordot(a, b, ((1, 0), (0, -1))), lambda a, b: np.tensordot(a, b, ((1, 0), (0, -1))),
     ((2, 3, 4), (3, 5, 2))),
    (lambda a, b: G.tensordot(a, b, (1, 2)), lambda a, b: np.tensordot(a, b, (1, 2)), ((2, 3, 4), (5, 2, 3))),
    (lambda a, b: G.cross(a, b, axisa=0, axisb=1, axisc=0), lambda a, b: np.cross(a, b, axisa=0, axisb=1, axisc=0),
     ((3, 2), (2, 3))),
    (G.cross, lambda a, b: np.cross(np.append(a, 0), b), ((2,), (3,))),
    (G.cross, lambda a, b: a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0], ((4, 2), (2,))),
])  # fmt: skip
def test_products_are_numpys_and_their_gradients_right(build, numpy, shapes, run, differences):
    values = {n: np.random.default_rng(i).normal(size=s) for i, (n, s) in enumerate(zip("ab", shapes))}
    a, b = (G.input(n, *s) for n, s in zip("ab", shapes))
    y = build(a, b)
    expected = numpy(*values.values())
    assert y.shape == np.shape(expected)
    np.testing.assert_allclose(run(y, **values), expected, rtol=1e-13, atol=1e-15)
    weights = rng.normal(size=y.shape)
    for name, slope in zip("ab", G.vjp(y, [a, b], weights)):
        def total(v, name=name):
            return float(np.sum(weights * numpy(*{**values, name: v}.values())))

        np.testing.assert_allclose(run(slope, **values), differences(total, values[name]), rtol=1e-6, atol=1e-8)


def test_named_sizes_multiply(run):
    a, b = G.input("a", "N", 2), G.input("b", 3, "M")
    assert [str(s) for s in G.kron(a, b).shape] == ["3*N", "2*M"]
    assert [str(s) for s in G.outer(a, b).shape] == ["2*N", "3*M"]
    x, y = rng.normal(size=(4, 2)), rng.normal(size=(3, 5))
    np.testing.assert_allclose(run(G.kron(a, b), a=x, b=y), np.kron(x, y))
    t = G.einsum("ni,nim->m", a, G.input("c", "N", 2, "M"))
    np.testing.assert_allclose(run(t, a=x, c=np.ones((4, 2, 5))), np.full(5, x.sum()), rtol=1e-13)


@pytest.mark.parametrize(("call", "error", "text"), [
    (lambda x, v: G.einsum("ij,jk->ik", x, x), G.ShapeError,
     r"einsum: x float64\[2,3\] and x float64\[2,3\]: index j has sizes 3 and 2 \(x declared at test_linalg.py:\d+\)"),
    (lambda x, v: G.einsum("ii->i", x), G.ShapeError, r"index i of 'ii' has sizes 2 and 3 in one operand"),
    (lambda x, v: G.einsum("ij", x, x), G.InputError, r"'ij' names 1 operands, got 2"),
    (lambda x, v: G.einsum("i->i", x), G.ShapeError, r"'i' does not describe 2 axes; add '...' for the others"),
    (lambda x, v: G.einsum("ijk->i", x), G.ShapeError, r"'ijk' does not describe 2 axes \(x declared"),
    (lambda x, v: G.einsum("ij->ii", x), G.InputError, r"index 'i' of the result 'ii' must be there once"),
    (lambda x, v: G.einsum("ij->k", x), G.InputError, r"index 'k' of the result 'k' must be"),
    (lambda x, v: G.einsum("i1->i", x), G.InputError, r"'i1' is more than letters"),
    (lambda x, v: G.einsum("...j->j", x), G.ShapeError, r"the result 'j' of '...j->j' lacks the axes of '...'"),
    (lambda x, v: G.einsum(x, x), G.InputError, r"the subscripts are a string such as 'ij,jk->ik', got Expr"),
    (lambda x, v: G.einsum("i"), G.InputError, r"at least one operand"),
    (lambda x, v: G.einsum("ij,i", x > 0, v > 0), G.DTypeError, r"needs numbers, got bool"),
    (G.tensordot, G.ShapeError, r"axis 1 is out of range for 1 dimension"),
    (lambda x, v: G.tensordot(x, x, 1), G.ShapeError, r"sizes 3 and 2 to sum over differ"),
    (lambda x, v: G.tensordot(x, x, ((0, 1), 0)), G.ShapeError, r"2 axes of the first operand meet 1 of the second"),
    (lambda x, v: G.cross(x, G.input("u", 4)), G.ShapeError, r"2 or 3 components, got float64\[2,3\] and float64\[4\]"),
    (lambda x, v: L.inv(x), G.ShapeError, r"inv: x float64\[2,3\]: needs square matrices, got 2 rows and 3 columns"),
    (lambda x, v: L.det(v), G.ShapeError, r"det: v float64\[2\]: needs matrices, with two dimensions or more, got 1"),
    (lambda x, v: L.solve(G.input("A", 3, 3), x), G.ShapeError, r"3 unknowns but 2 rows on the right"),
    (lambda x, v: L.matrix_power(x, 2), G.ShapeError, r"matrix_power: needs square matrices, got float64\[2,3\]"),
    (lambda x, v: L.matrix_power(x, 0.5), G.InputError, r"matrix_power: the exponent is an integer, got '0.5'"),
    (lambda x, v: L.svd(G.input("t", "N", 3)), G.ShapeError, r"which of the sizes N and 3 is smaller is not known"),
    (lambda x, v: L.qr(x, mode="raw"), G.InputError, r"qr: no mode 'raw' here; choose from reduced, r"),
    (lambda x, v: L.eigh(x, UPLO="X"), G.InputError, r"eigh: UPLO is 'L' or 'U', got 'X'"),
    (lambda x, v: L.norm(x, "max"), G.InputError, r"no norm 'max' of matrices; choose from None, 'fro', 'nuc'"),
    (lambda x, v: L.norm(v, "fro"), G.InputError, r"no norm 'fro' of vectors; choose a number"),
    (lambda x, v: L.norm(G.input("c", 2, 2, 2), 2), G.ShapeError, r"ord=2 needs one axis or two, got 3"),
    (lambda x, v: L.multi_dot([x]), G.ShapeError, r"needs two arrays or more, got 1"),
    (lambda x, v: L.lstsq(x, G.input("b", 3)), G.ShapeError, r"2 equations but 3 rows on the right"),
])  # fmt: skip
def test_errors_say_what_is_wrong(call, error, text):
    x, v = G.input("x", 2, 3), G.input("v", 2)
    with pytest.raises(error, match=text):
        call(x, v)


# -- determinants -----------------------------------------------------------------------------------------------------


def gradient_at(build: Any, value: Any, run: Any) -> Any:
    x = G.input("x", *np.shape(value), dtype=np.asarray(value).dtype)
    return run(G.gradients(build(x), x), x=value)


def test_the_gradient_of_a_determinant_is_its_cofactors_at_any_rank(run):
    """PyTorch 2.13.0 gives zeros for the first, whose rank is 2."""
    rank_2 = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]])
    cofactors = np.array([[4.0, 4.0, -4.0], [-2.0, -2.0, 2.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(gradient_at(L.det, rank_2, run), cofactors, atol=2e-14)
    np.testing.assert_allclose(gradient_at(L.det, rank_2.astype("float32"), run), cofactors, atol=2e-5)
    np.testing.assert_allclose(gradient_at(L.det, np.ones((3, 3)), run), np.zeros((3, 3)), atol=1e-15)
    np.testing.assert_array_equal(gradient_at(L.det, np.zeros((2, 2)), run), np.zeros((2, 2)))
    np.testing.assert_array_equal(gradient_at(L.det, np.zeros((1, 1)), run), [[1.0]])


@pytest.mark.parametrize("small", [1e-3, 1e-9, 1e-15, 0.0])
def test_cofactors_near_singular_matrices_lose_nothing(small, run):
    """Of H D H with the reflection H = 1 - 2/3 and D = diag(1, 2, small), which is singular at small = 0."""
    turn = np.eye(3) - 2 / 3
    value = turn @ np.diag([1.0, 2.0, small]) @ turn
    exact = turn @ np.diag([2 * small, small, 2.0]) @ turn
    np.testing.assert_allclose(gradient_at(L.det, value, run), exact, atol=4e-15)


def test_cofactors_of_a_stack_in_which_one_matrix_is_singular(run):
    value = np.array([[[1.0, 2.0], [2.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]], [[1e200, 0.0], [0.0, 1e200]]])
    exact = np.array([[[4.0, -2.0], [-2.0, 1.0]], [[4.0, -3.0], [-2.0, 1.0]], [[1e200, 0.0], [0.0, 1e200]]])
    found = gradient_at(lambda x: G.sum(L.det(x)), value, run)
    np.testing.assert_allclose(found, exact, rtol=4e-15, atol=4e-15)


def test_the_hessian_of_a_determinant_at_zero(run):
    """det of 2 by 2 is ad - bc, whose Hessian is constant; at 0 no inverse exists."""
    x, h = G.input("x", 2, 2), G.input("h", 2, 2)
    along = G.gradients(G.sum(G.gradients(L.det(x), x) * h), x)
    step = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(run(along, x=np.zeros((2, 2)), h=step), [[4.0, -3.0], [-2.0, 1.0]], rtol=1e-15)


def test_a_logarithm_of_a_negative_determinant(run):
    x = G.input("x", 2, 2)
    at = np.array([[0.0, 2.0], [3.0, 0.0]])
    sign, log = L.slogdet(x)
    assert run(sign, x=at) == -1.0
    np.testing.assert_allclose(run(G.gradients(log, x), x=at), np.linalg.inv(at).T, rtol=1e-15)
    np.testing.assert_array_equal(run(G.gradients(sign, x), x=at), np.zeros((2, 2)))


def test_determinants_that_overflow_have_a_logarithm(run):
    x = G.input("x", 20, 20)
    assert run(L.slogdet(x)[1], x=1e200 * np.eye(20)) == pytest.approx(4000 * np.log(10.0), rel=1e-15)


# -- values that are equal --------------------------------------------------------------------------------------------


def test_equal_eigenvalues_have_gradients(run):
    """PyTorch 2.13.0 gives nan for both at the identity."""
    whole = gradient_at(lambda x: G.sum(L.eigh(x)[0] ** 3), 2 * np.eye(3), run)
    np.testing.assert_allclose(whole, 12 * np.eye(3), rtol=1e-14)

    def projected(x):
        w, v = L.eigh(x)
        first = v[:, :2]  # eigenvalue 1, twice
        return G.sum(first @ first.T * np.arange(9.0).reshape(3, 3)) + G.sum(0 * w)

    at = np.diag([1.0, 1.0, 3.0])
    found = gradient_at(projected, at, run)
    # dP = P dX (X - 1)⁺ and its transpose, both negative: between the two spaces alone, over 1 - 3.
    sym = (np.arange(9.0).reshape(3, 3) + np.arange(9.0).reshape(3, 3).T) / 2
    expected = np.zeros((3, 3))
    expected[:2, 2] = sym[:2, 2] / (1 - 3)
    expected[2, :2] = sym[2, :2] / (1 - 3)
    np.testing.assert_allclose(found, expected, atol=1e-15)


def test_equal_singular_values_have_gradients(run):
    found = gradient_at(lambda x: G.sum(L.svdvals(x) ** 2), np.eye(3), run)
    np.testing.assert_allclose(found, 2 * np.eye(3), rtol=1e-14)
    u, s, vh = L.svd(G.input("x", 3, 3))
    x = next(n for n in postorder([s]) if n.op.name == "input")
    for part in (u, s, vh):
        assert np.all(np.isfinite(run(G.gradients(G.sum(part), x), x=np.eye(3))))
        assert np.all(np.isfinite(run(G.gradients(G.sum(part), x), x=np.zeros((3, 3)))))


@pytest.mark.parametrize("ord", [None, "fro", "nuc", 1, 2, np.inf])
def test_a_norm_of_zeros_has_gradient_zero(ord, run):
    """PyTorch 2.13.0 gives the identity for nuc, a third of it for 2."""
    for dtype in ("float64", "float32"):
        found = gradient_at(lambda x: L.norm(x, ord), np.zeros((3, 3), dtype), run)
        np.testing.assert_array_equal(found, np.zeros((3, 3), dtype))
        assert found.dtype == dtype


@pytest.mark.parametrize("ord", [None, 1, 1.5, 2, 3, np.inf])
def test_a_norm_of_a_vector_of_zeros_has_gradient_zero(ord, run):
    np.testing.assert_array_equal(gradient_at(lambda x: L.norm(x, ord), np.zeros(4), run), np.zeros(4))


def test_the_nuclear_norm_of_deficient_rank_has_the_least_subgradient(run):
    u, v = np.array([3.0, 4.0]) / 5, np.array([2.0, 1.0, 2.0]) / 3
    found = gradient_at(lambda x: L.norm(x, "nuc"), 7 * np.outer(u, v), run)
    np.testing.assert_allclose(found, np.outer(u, v), atol=1e-15)


# -- norms are NumPy's ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(("ord", "axis"), [
    *[(o, 1) for o in (None, 0, 1, 2, 3, 0.5, -1, -2, np.inf, -np.inf)], (None, None), (None, (0, 2)),
    *[(o, (0, 2)) for o in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)], (1, (2, 0)), (np.inf, (-1, 0)), (2, (2, 0)),
])  # fmt: skip
def test_norms_are_numpys(ord, axis, keepdims, run):
    value = rng.uniform(0.5, 2, (3, 4, 2)) * rng.choice([-1, 1], (3, 4, 2))
    y = L.norm(G.input("x", 3, 4, 2), ord, axis=axis, keepdims=keepdims)
    expected = np.linalg.norm(value, ord, axis=axis, keepdims=keepdims)
    assert y.shape == np.shape(expected)
    np.testing.assert_allclose(run(y, x=value), expected, rtol=1e-14)


@pytest.mark.parametrize("ord", [1.5, 2, 3, 10])
@pytest.mark.parametrize("size", [1e-200, 1e-320, 1e200, 1e307])
def test_norms_neither_overflow_nor_vanish(ord, size, run):
    value = size * np.array([3.0, -4.0, 0.0])
    exact = size * (3.0**ord + 4.0**ord) ** (1 / ord)
    y = G.input("x", 3)
    rough = 1e-14 if size > 1e-300 else 1e-2  # of a subnormal, few digits are there
    assert run(L.norm(y, ord), x=value) == pytest.approx(exact, rel=rough)
    slope = run(G.gradients(L.norm(y, ord), y), x=value)
    np.testing.assert_allclose(slope, [3 ** (ord - 1) / (3**ord + 4**ord) ** (1 - 1 / ord),
                                       -(4 ** (ord - 1)) / (3**ord + 4**ord) ** (1 - 1 / ord), 0.0], rtol=3 * rough)


def test_vector_and_matrix_norms(run):
    value = rng.normal(size=(2, 3, 4))
    x = G.input("x", 2, 3, 4)
    for axis, ord, keepdims in ((None, 2, False), ((0, 2), 3, True), (1, 1, False), ((0, 1), np.inf, False)):
        np.testing.assert_allclose(run(L.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord), x=value),
                                   np.linalg.vector_norm(value, axis=axis, keepdims=keepdims, ord=ord), rtol=1e-14)
    for ord in ("fro", "nuc", 2, 1):
        np.testing.assert_allclose(run(L.matrix_norm(x, ord=ord), x=value), np.linalg.matrix_norm(value, ord=ord),
                                   rtol=1e-14)
    square = G.input("s", 3, 3)
    at = value[0, :, :3]
    for p in (None, 1, np.inf, "fro", -2):
        np.testing.assert_allclose(run(L.cond(square, p), s=at), np.linalg.cond(at, p), rtol=1e-12)


# -- powers, parts, chains --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 8, -1, -2, -5])
def test_powers_of_matrices(n, run, differences):
    value = np.array([[2.0, -1.0], [0.5, 1.5]])
    x = G.input("x", 2, 2)
    y = L.matrix_power(x, n)
    np.testing.assert_allclose(run(y, x=value), np.linalg.matrix_power(value, n), rtol=1e-13)
    weights = np.array([[1.0, 2.0], [3.0, 4.0]])
    slope = run(G.vjp(y, x, weights), x=value)
    expected = differences(lambda a: float(np.sum(weights * np.linalg.matrix_power(a, n))), value)
    np.testing.assert_allclose(slope, expected, rtol=1e-7, atol=1e-7)


def test_powers_keep_integers_and_named_sizes(run):
    whole = np.array([[1, 2], [3, 4]], "int32")
    y = L.matrix_power(G.input("x", 2, 2, dtype="int32"), 3)
    assert y.type.dtype == "int32"
    np.testing.assert_array_equal(run(y, x=whole), np.linalg.matrix_power(whole, 3))
    one = L.matrix_power(G.input("z", 5, "N", "N"), 0)
    np.testing.assert_array_equal(run(one, z=np.zeros((5, 2, 2)), N=2), np.broadcast_to(np.eye(2), (5, 2, 2)))
    assert rows(L.matrix_power(G.input("a", 2, 2), 8)).count("matmul") == 3


@pytest.mark.parametrize("offset", [0, 1, 2, 3, 7, -1, -2, -5])
def test_traces_and_diagonals(offset, run):
    value = rng.normal(size=(2, 3, 4))
    x = G.input("x", 2, 3, 4)
    np.testing.assert_array_equal(run(L.diagonal(x, offset), x=value), np.linalg.diagonal(value, offset=offset))
    np.testing.assert_allclose(run(L.trace(x, offset), x=value), np.linalg.trace(value, offset=offset), rtol=1e-14)


def test_chains_are_multiplied_in_the_order_of_least_work(run):
    shapes = [(3,), (3, 50), (50, 2), (2, 40), (40,)]
    xs = [G.input(f"x{i}", *s) for i, s in enumerate(shapes)]
    values = {f"x{i}": rng.normal(size=s) for i, s in enumerate(shapes)}
    y = L.multi_dot(xs)
    np.testing.assert_allclose(run(y, **values), np.linalg.multi_dot(list(values.values())), rtol=1e-12)
    assert str(L.multi_dot([G.input("A", "N", 3), G.input("B", 3, "N"), G.input("v", "N")])) == "A @ (B @ v)"


# -- decompositions beyond their cases --------------------------------------------------------------------------------


def test_the_gradient_of_a_symmetric_input_is_symmetric(run):
    value = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -0.25], [0.5, -0.25, 2.0]])
    for build in (lambda x: G.sum(L.cholesky(x)), lambda x: G.sum(L.eigh(x)[1] ** 3), lambda x: L.eigvalsh(x)[1]):
        slope = gradient_at(build, value, run)
        np.testing.assert_allclose(slope, slope.T, rtol=1e-13, atol=1e-16)


def test_one_triangle_is_read(run):
    value = np.array([[4.0, 99.0], [1.0, 3.0]])
    x = G.input("x", 2, 2)
    np.testing.assert_array_equal(run(L.eigvalsh(x), x=value), np.linalg.eigvalsh(value, UPLO="L"))
    np.testing.assert_array_equal(run(L.eigh(x, "u")[0], x=value), np.linalg.eigh(value, UPLO="U")[0])
    np.testing.assert_array_equal(run(L.cholesky(x), x=value), np.linalg.cholesky(value))


def test_values_may_have_the_names_of_indices_and_triangles():
    """The emitted text holds no letters of subscripts, which a value could be called."""
    z, U, i = G.input("z", 2, 2), G.input("U", 2, 2), G.input("i", 2)
    f = G.sum(G.einsum("ii->i", z) * i) + L.trace(z @ z) + L.eigvalsh(U, "U")[0]
    value, (slope, _) = G.value_and_grad(f, [z, U])(z=np.eye(2), U=np.diag([1.0, 2.0]), i=np.array([3.0, 4.0]))
    assert value == 10.0
    np.testing.assert_array_equal(slope, np.diag([5.0, 6.0]))


def test_a_square_svd_and_modes_of_qr(run):
    value = rng.normal(size=(3, 3))
    x = G.input("x", 3, 3)
    u, s, vh = run(list(L.svd(x)), x=value)
    np.testing.assert_allclose((u * s) @ vh, value, rtol=1e-13)
    np.testing.assert_allclose(run(L.svd(x, compute_uv=False), x=value), s, rtol=1e-14)
    np.testing.assert_array_equal(run(L.qr(x, mode="r"), x=value), np.linalg.qr(value, mode="r"))


def test_least_squares_give_what_numpys_give(run):
    a, b = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    for shape, value in (((6, 2), b), ((6,), b[:, 0])):
        found = run(list(L.lstsq(G.input("a", 6, 3), G.input("b", *shape))), a=a, b=value)
        for ours, theirs in zip(found, np.linalg.lstsq(a, value)):
            np.testing.assert_allclose(ours, theirs, rtol=1e-13)
    wide = run(list(L.lstsq(G.input("a", 3, 6), G.input("b", 3))), a=a.T, b=b[:3, 0])
    assert wide[1].shape == (0,)
    np.testing.assert_allclose(wide[0], np.linalg.lstsq(a.T, b[:3, 0])[0], rtol=1e-13)


def test_a_cut_of_the_pseudo_inverse(run):
    value = np.diag([1.0, 1e-6])
    x = G.input("x", 2, 2)
    np.testing.assert_allclose(run(L.pinv(x, rcond=1e-3), x=value), np.diag([1.0, 0.0]), atol=1e-15)
    np.testing.assert_allclose(run(L.pinv(x), x=value), np.diag([1.0, 1e6]), rtol=1e-10)


# -- PyTorch's figures ------------------------------------------------------------------------------------------------

A = np.array([[2.0, -1.0, 0.5], [0.25, 1.5, -0.75], [1.0, 0.5, 3.0]])
S = A @ A.T + np.eye(3)
T = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 2.5], [-2.0, 1.0]])
W = np.arange(1.0, 10.0).reshape(3, 3)


def with_factors(x):
    u, s, vh = L.svd(x, full_matrices=False)
    return G.sum((u * G.sqrt(s)) @ vh * np.arange(1.0, 9.0).reshape(4, 2))


def with_vectors(x):
    w, v = L.eigh(x)
    return G.sum((v * G.exp(w / 10)) @ v.T * W)


def with_triangle(x):
    q, r = L.qr(x)
    return G.sum(r[0] ** 2) + G.sum(abs(q[:, :1] @ r[:1]))


# Value and gradient by PyTorch 2.13.0 (CPU, float64).
FIGURES = {
    "inv": (4.378698224852071, [
        0.7246244879380974, 0.38514057631035337, -0.09271384055180149, -1.015930814747383, -1.0966002590945692,
        -0.25965477399250725, -2.272189349112426, -1.8570778334091946, -0.1638598088302229]),
    "det": (10.5625, [
        4.875, -1.5, -1.375, 3.25, 5.5, -2.0, 0.0, 1.625, 3.25]),
    "slogdet": (2.3573099926832923, [
        -0.46153846153846156, 0.14201183431952663, 0.1301775147928994, -0.3076923076923077, -0.5207100591715976,
        0.18934911242603553, -0.0, -0.15384615384615385, -0.3076923076923077]),
    "cholesky": (43.701798492454984, [
        -0.3778021647618305, 0.04626478981442394, 1.2249592052520912, 0.04626478981442386, 1.711565144846553,
        2.3547490459412868, 1.224959205252091, 2.3547490459412868, 1.4439283017812328]),
    "qr": (21.763157894736842, [
        1.5771006463527235, -0.7017543859649122, 7.397968605724838, -2.105263157894737, 0.2973222530009232,
        -0.3508771929824562, -5.54016620498615, 1.4035087719298247]),
    "eigh": (39.99081810854156, [
        0.4755542994789367, 0.5732178127152209, 1.5084130027766738, 0.5732178127152209, 0.497751362843207,
        1.354478237408395, 1.5084130027766742, 1.354478237408395, 3.025776148532012]),
    "svd": (11.896463126840287, [
        0.07047879070716644, -0.2366817479637917, 1.8332295773042635, 2.031483124721836, 2.0899800515604756,
        1.8234824457271053, 3.530150292611965, 4.3395151065755355]),
    "pinv": (2.7113702623906706, [
        -0.2880942464449334, -0.6474513170532684, 0.2577497471291723, 0.4128551878893999, -0.19497828285833263,
        -0.5914287414257662, 0.27036353900160637, 0.6280206376594786]),
    "nuc": (7.258898105595476, [
        0.30344489708541167, 0.5937403543864884, 0.7814701813697515, -0.23243792225000245, 0.1793362720898095,
        0.7283685312095588, -0.514843715680478, 0.2508471379480715]),
    "norm2": (3.4612805604666144, [
        0.21181436247960597, -0.0336178061133089, 0.3744272565705074, -0.09146659005184178,
        0.014516985789877137, -0.1616867901687631, 0.43328073108877474, -0.06876751623383237, 0.7659165014461841]),
    "matrix_power": (0.5358355799866947, [
        1.2274510965733263, 0.6586148322836061, -0.18036926673502107, -0.6821135868438133, -0.5675534291910035,
        0.12729237887805372, -2.475543573404293, -1.4096468287848143, 0.5066403083279245]),
    "solve": (100.71005917159763, [
        5.8261265361857095, 8.621546864605582, 3.122019537131053, -13.56759217114247, -18.831273414796406,
        -6.398095304786247, -24.56804733727811, -34.90213928083752, -12.147473827947202]),
    "einsum": (293.75, [
        13.5, 29.5, 69.0, 15.5, 24.0, 87.5, 38.0, 57.5, 171.5]),
}  # fmt: skip
FUNCTIONS = {
    "inv": lambda x: G.sum(L.inv(x) * W), "det": L.det, "slogdet": lambda x: L.slogdet(x)[1],
    "cholesky": lambda x: G.sum(L.cholesky(x) * W), "qr": with_triangle, "eigh": with_vectors, "svd": with_factors,
    "pinv": lambda x: G.sum(L.pinv(x) * np.arange(1.0, 9.0).reshape(2, 4)), "nuc": lambda x: L.norm(x, "nuc"),
    "norm2": lambda x: L.norm(x, 2), "matrix_power": lambda x: G.sum(L.matrix_power(x, -2) * W),
    "solve": lambda x: G.sum(L.solve(x, W) * W), "einsum": lambda x: G.einsum("ij,jk,ki,i->", x, x, W, W[0]),
}  # fmt: skip
POINTS = {"slogdet": -A, "cholesky": S, "eigh": S, "qr": T, "svd": T, "pinv": T, "nuc": T}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_pytorchs(name, run):
    value, slope = FIGURES[name]
    at = POINTS.get(name, A)
    x = G.input("x", *at.shape)
    y = FUNCTIONS[name](x)
    np.testing.assert_allclose(run(y, x=at), value, rtol=1e-13)
    np.testing.assert_allclose(run(G.gradients(y, x), x=at).ravel(), slope, rtol=2e-12, atol=1e-14)


# -- what they cost ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("build", "count"), [
    (lambda x, b: x @ b, "9*N"), (lambda x, b: b @ b, 27), (lambda x, b: G.einsum("ij,ik->jk", x, x), "9*N"),
    (lambda x, b: G.einsum("ni,njk->ijk", x, G.input("y", "N", 2, 4)), "24*N"),
    (lambda x, b: G.einsum("ij,ij->", b, b), 9),
    (lambda x, b: L.inv(b), 27), (lambda x, b: L.det(b), 9), (lambda x, b: L.cholesky(b), 4),
    (lambda x, b: L.solve(b, b), 36), (lambda x, b: L.solve(b, b[0]), 18), (lambda x, b: L.svdvals(b), 54),
    (lambda x, b: L.inv(G.input("z", "K", "M", "M")), "K*M*M*M"), (lambda x, b: L.pinv(x), "(216*N + 891)//6"),
    (lambda x, b: G.cross(x, x), "6*N"), (lambda x, b: G.exp(x), None),
])  # fmt: skip
def test_multiply_adds(build, count):
    x, b = G.input("x", "N", 3), G.input("b", 3, 3)
    found = multiply_adds(build(x, b))
    assert (str(found) if isinstance(found, Dim) else found) == count
