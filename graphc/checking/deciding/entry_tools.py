"""Arrays of core nodes: made, mapped over, and taken apart along axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from .core import Core

if TYPE_CHECKING:
    from .entries import Entries

Array: TypeAlias = "np.ndarray[Any, Any]"


def array_of(shape: Sequence[int], entries: Iterable[Any]) -> Array:
    """An object array of this shape; NumPy would look into objects that are sequences."""
    flat = list(entries)
    result = np.empty(len(flat), dtype=object)
    result[:] = flat
    return result.reshape(tuple(shape))


def mapped(f: Callable[..., Core], *arrays: Array) -> Array:
    wide = np.broadcast_arrays(*arrays)
    return array_of(wide[0].shape, [f(*xs) for xs in zip(*(a.ravel() for a in wide))])


def groups(a: Array, axis: Sequence[int]) -> tuple[tuple[int, ...], list[list[Core]]]:
    """The shape that remains and, for each place of it, the elements along `axis`."""
    rest = [i for i in range(a.ndim) if i not in axis]
    shape = tuple(a.shape[i] for i in rest)
    moved = np.transpose(a, (*rest, *axis)).reshape(*shape, math.prod(a.shape[i] for i in axis))
    return shape, [list(moved[index]) for index in np.ndindex(*shape)]


def reduced(at: Entries, a: Array, axis: Sequence[int], keepdims: bool, f: Callable[[list[Core]], Core]) -> Array:
    shape, found = groups(a, axis)
    kept = tuple(1 if i in axis else s for i, s in enumerate(a.shape)) if keepdims else shape
    return array_of(kept, [f(group) for group in found])


def along(at: Entries, a: Array, axis: Sequence[int], f: Callable[[list[Core]], list[Core]]) -> Array:
    """The groups along `axis`, each replaced by a list of the same length."""
    rest = [i for i in range(a.ndim) if i not in axis]
    order = (*rest, *axis)
    moved = np.transpose(a, order)
    flat = moved.reshape(*[a.shape[i] for i in rest], math.prod(a.shape[i] for i in axis))
    result = np.empty_like(flat)
    for index in np.ndindex(*flat.shape[:-1]):
        result[index] = array_of((flat.shape[-1],), f(list(flat[index])))
    return np.transpose(result.reshape(moved.shape), np.argsort(order))


def dot(at: Entries, xs: Iterable[Core], ys: Iterable[Core]) -> Core:
    return at.algebra.sum([at.algebra.product((x, y)) for x, y in zip(xs, ys)])


def matrix_product(at: Entries, a: Array, b: Array) -> Array:
    """A vector is a row on the left and a column on the right."""
    rows = a[None, :] if a.ndim == 1 else a
    columns = b[:, None] if b.ndim == 1 else b
    batch = np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2])
    rows = np.broadcast_to(rows, (*batch, *rows.shape[-2:]))
    columns = np.broadcast_to(columns, (*batch, *columns.shape[-2:]))
    shape = (*batch, rows.shape[-2], columns.shape[-1])
    found = array_of(shape, [dot(at, rows[(*i, j)], columns[(*i, slice(None), k)])
                             for *i, j, k in np.ndindex(*shape)])
    found = found[..., 0] if b.ndim == 1 else found
    return (found[..., 0] if b.ndim == 1 else found[..., 0, :]) if a.ndim == 1 else found
