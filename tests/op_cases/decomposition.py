"""Cases of the linear algebra rows. What NumPy chooses freely, signs of vectors, is left out of the results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import graphc as G
from graphc.ops.decomposition import CUT_RECIPROCAL, INVERSE_GAPS, LOWER_HALF
from graphc.ops.linalg import COFACTOR, COFACTOR_SLOPE

from .case import Case

L = G.linalg
# The last is that of the walk over dtypes: integers of one element are regular.
SQUARE: list[tuple[tuple[Any, ...], ...]] = [
    ((3, 3),), ((2, 4, 4),), ((1, 1),), ((0, 0),), ((0, 2, 2),), (("N", "N"),), ((2, 1, 3, 3),), (("N", 1, 1),)]
RECTANGULAR: list[tuple[tuple[Any, ...], ...]] = [
    ((4, 2),), ((2, 4),), ((3, 3),), ((2, 3, 2),), ((2, 2, 1, 3),), ((0, 4, 2),), ((1, 1),)]


def eye(x: Any) -> Any:
    return np.eye(x.shape[-1], dtype=x.dtype)


def regular(build: Callable[..., Any], numpy: Callable[..., Any], shapes: Any = None, **options: Any) -> Case:
    """The function of x + 3 I, which is far from singular."""
    def of(x: Any, *others: Any) -> Any:
        return build(floats(x) + 3.0 * eye_node(x), *others)

    return Case(of, lambda x, *others: numpy(floats(x) + 3 * eye(floats(x)), *others), shapes or SQUARE,
                low=-0.9, high=0.9, **options)


def floats(x: Any) -> Any:
    """A node or an array in float64, unless it is floating already."""
    return x if x.dtype.kind == "f" else x.astype("float64")


def eye_node(x: Any) -> Any:
    return L.matrix_power(floats(x), 0)


def definite(build: Callable[..., Any], numpy: Callable[..., Any], **options: Any) -> Case:
    """The function of the symmetric x xᵀ + I."""
    def own(x: Any) -> Any:
        return numpy(floats(x) @ floats(x).mT + eye(floats(x)))

    return Case(lambda x: build(floats(x) @ floats(x).mT + eye_node(x)), own, SQUARE, **options)


def of_floats(row: Any, numpy: Callable[..., Any], shapes: Any, **options: Any) -> Case:
    """A row that no function of the language calls with integers."""
    return Case(lambda *xs: row(*map(floats, xs)), lambda *xs: numpy(*map(floats, xs)), shapes, **options)


def cofactors(x: Any) -> Any:
    """By minors, one at a time."""
    n = x.shape[-1]
    y = np.zeros_like(x)
    for i in range(n):
        for j in range(n):
            minor = np.delete(np.delete(x, i, -2), j, -1)
            y[..., i, j] = (-1) ** (i + j) * np.linalg.det(minor)
    return y


def cofactor_slope(x: Any, h: Any) -> Any:
    """Of a polynomial of low degree, exact from the roots of unity: an imaginary step through them."""
    n, steps = x.shape[-1], 16
    total = np.zeros(x.shape, complex)
    for k in range(steps):
        z = np.exp(2j * np.pi * k / steps)
        y = np.zeros(x.shape, complex)
        for i in range(n):
            for j in range(n):
                y[..., i, j] = (-1) ** (i + j) * np.linalg.det(np.delete(np.delete(x + z * h, i, -2), j, -1))
        total += y / z
    return (total / steps).real.astype(np.result_type(x, h))


def vectors_times(values: Any, vectors: Any) -> Any:
    return (vectors * (values + values**2)[..., None, :]) @ vectors.mT


def eigen(x: Any) -> Any:
    w, v = L.eigh(x)
    return (v * G.expand_dims(w + w * w, w.ndim - 1)) @ v.mT


def joined(*parts: Any) -> Any:
    return G.concatenate([G.ravel(p) for p in parts])


def numpy_joined(*parts: Any) -> Any:
    return np.concatenate([np.ravel(p) for p in parts])


def signs_out(x: Any, y: Any) -> Any:
    """Products of the entries of vectors in the columns of x with those of the same in the rows of y."""
    return x[..., :, :, None] * y[..., None, :, :]


def qr_products(x: Any) -> Any:
    q, r = L.qr(x)
    return joined(signs_out(q, r), signs_out(q, q.mT))


def numpy_qr_products(x: Any) -> Any:
    """By Gram and Schmidt, twice for accuracy."""
    k = min(x.shape[-2:])
    q = np.zeros((*x.shape[:-1], k), x.dtype)
    for j in range(k):
        v = x[..., j]
        for _ in range(2):
            v = v - np.einsum("...mi,...i->...m", q, np.einsum("...mi,...m->...i", q, v))
        q[..., j] = v / np.sqrt(np.sum(v * v, axis=-1))[..., None]
    return numpy_joined(signs_out(q, q.mT @ x), signs_out(q, q.mT))


def svd_products(x: Any, full: bool) -> Any:
    u, s, vh = L.svd(x, full_matrices=full)
    k = s.shape[-1]
    rest = [u[..., k:] @ u[..., k:].mT, vh[..., k:, :].mT @ vh[..., k:, :]] if full else []
    return joined(s * s, signs_out(u[..., :k], vh[..., :k, :]), *rest)


def numpy_svd_products(x: Any, full: bool) -> Any:
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    rest = [np.eye(x.shape[-2], dtype=u.dtype) - u @ u.mT, np.eye(x.shape[-1], dtype=u.dtype) - vh.mT @ vh]
    return numpy_joined(s * s, signs_out(u, vh), *rest[: 2 * full])


def own_gaps(w: Any) -> Any:
    gap = w[..., None, :] - w[..., :, None]
    with np.errstate(divide="ignore"):
        return np.where(gap == 0, 0, 1 / gap)


def own_pinv(x: Any) -> Any:
    """By the normal equations."""
    return np.linalg.solve(x.mT @ x, x.mT) if x.shape[-2] >= x.shape[-1] else np.linalg.solve(x @ x.mT, x).mT


def spread(of: Any) -> Any:
    """The function of x plus a fixed matrix of full rank, so that no singular values are near each other or 0."""
    def moved(x: Any, *others: Any) -> Any:
        x = floats(x)
        fixed = np.zeros(x.shape[-2:], x.dtype)
        np.fill_diagonal(fixed, np.arange(min(fixed.shape)) * 3.0 + 4)
        return of(x + fixed, *others)

    return moved


def stretched(build: Any, numpy: Any, shapes: Any = None, **options: Any) -> Case:
    return Case(spread(build), spread(numpy), shapes or RECTANGULAR, low=-0.9, high=0.9, **options)


CASES: dict[str, list[Case]] = {
    "inv": [regular(L.inv, np.linalg.inv, inside=False),
            regular(lambda x: L.matrix_power(x, -3), lambda x: np.linalg.matrix_power(x, -3), [((3, 3),), ((1, 1),)],
                    inside=True)],
    "det": [regular(L.det, np.linalg.det)],
    "cofactor": [of_floats(COFACTOR, cofactors, [((3, 3),), ((2, 4, 4),), ((1, 1),), ((0, 2, 2),), (("N", "N"),)])],
    "cofactor_slope": [of_floats(COFACTOR_SLOPE, cofactor_slope, [
        ((3, 3), (3, 3)), ((2, 4, 4), (2, 4, 4)), ((1, 1), (1, 1)), (("N", "N"), ("N", "N"))])],
    "slogdet": [regular(lambda x: joined(*L.slogdet(x)), lambda x: numpy_joined(*np.linalg.slogdet(x)), inside=True)],
    "solve": [regular(L.solve, np.linalg.solve, [
        ((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (3,)), ((2, 3, 3), (3, 2)), ((3, 3), (2, 3, 1)),
        ((2, 1, 3, 3), (4, 3, 2)), (("N", "N"), ("N",)), ((0, 0), (0, 2)), ((0, 2, 2), (2,)), ((1, 1), (1,))])],
    "vector_norm": [
        Case(lambda x, k=k: L.norm(x, 3, axis=-1, keepdims=k), lambda x, k=k: np.linalg.norm(x, 3, axis=-1, keepdims=k),
             [((4,),), ((2, 3),), ((2, 1, 3),), (("N", 3),), ((0, 2),)], low=0.5) for k in (False, True)],
    "cholesky": [definite(L.cholesky, np.linalg.cholesky)],
    "qr": [stretched(qr_products, numpy_qr_products, inside=True)],
    "eigh": [definite(eigen, lambda x: x + x @ x, inside=True)],
    "eigvalsh": [definite(L.eigvalsh, lambda x: np.linalg.eigh(x)[0])],
    "svd": [stretched(lambda x, full=full: svd_products(x, full), lambda x, full=full: numpy_svd_products(x, full),
                      inside=True) for full in (False, True)],
    "svdvals": [stretched(L.svdvals, lambda x: np.linalg.svd(x, full_matrices=False)[1])],
    "pinv": [stretched(L.pinv, own_pinv)],
    "lstsq": [stretched(lambda a, b: L.lstsq(a, b)[0], lambda a, b: own_pinv(a) @ floats(b), [
        ((4, 2), (4,)), ((4, 2), (4, 3)), ((2, 4), (2,)), ((3, 3), (3, 1)), ((1, 1), (1,))])],
    "lower_half": [of_floats(LOWER_HALF, lambda x: np.tril(x, -1) + x * eye(x) / 2, [
        ((3, 3),), ((2, 2, 2),), (("N", "N"),), ((0, 0),)])],
    "inverse_gaps": [of_floats(INVERSE_GAPS, own_gaps, [((3,),), ((2, 3),), (("N", 3),), ((0,),)])],
    "cut_reciprocal": [of_floats(CUT_RECIPROCAL, lambda s: 1 / s, [((3,),), ((2, 3),), (("N",),), ((0,),)], low=0.5)],
}  # fmt: skip
