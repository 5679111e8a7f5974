"""Arrays of the caller for results: whether they fit, and whether results can be written straight into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from .dims import size_names, value_of
from .errors import InputError, ShapeError
from .types import TensorType

COPIED = 1 << 14  # bytes for each array: less is quicker to copy than to compare where everything lies
Form = tuple[np.dtype[Any], tuple[int, ...]]  # dtype, shape


def form_of(type_: TensorType, sizes: Mapping[str, int]) -> Form | None:
    """The dtype and shape of a value, or None where a size is not known before it is there.

    >>> import graphc as G
    >>> form_of(G.input("x", "N", 3).type, {"N": 2})
    (dtype('float64'), (2, 3))
    """
    if not all(name in sizes for size in type_.shape for name in size_names(size)):
        return None
    return np.dtype(type_.dtype), tuple(value_of(size, sizes) for size in type_.shape)


def check_out(targets: Sequence[Any], forms: Sequence[Form | None], who: str) -> None:
    """Raises InputError or ShapeError for the first target that cannot take a result of this form; None is any."""
    if len(targets) != len(forms):
        raise InputError(f"{who}: out needs {len(forms)} arrays, got {len(targets)}")
    for i, (target, form) in enumerate(zip(targets, forms)):
        array = isinstance(target, np.ndarray)
        if form is not None and not (array and target.shape == form[1] and target.dtype == form[0]):
            got = f"{target.dtype}{list(target.shape)}" if array else type(target).__name__
            raise ShapeError(f"{who}: out {i} needs an array {form[0]}{list(form[1])}, got {got}")
        if not array:
            raise ShapeError(f"{who}: out {i} needs an array, got {type(target).__name__}")
        if not target.flags.writeable:
            raise InputError(f"{who}: out {i} cannot be written to")


def large(targets: Sequence[Any], values: Sequence[Any]) -> bool:
    """Whether writing straight into the targets is worth looking where they and the values lie."""
    return sum(t.nbytes for t in targets) >= COPIED * (len(targets) + len(values))


def apart(targets: Sequence[Any], values: Sequence[Any]) -> bool:
    """Whether each target is plain memory in C order that neither another one nor a value may share.

    >>> a = np.zeros((2, 3))
    >>> apart([a], [np.ones(2)]), apart([a], [a[0]]), apart([a[0], a[1]], []), apart([a.T], [])
    (True, False, True, False)
    """
    for target in targets:
        flags = target.flags
        if type(target) is not np.ndarray or not (flags.c_contiguous and flags.aligned):
            return False
    spans = [(*_span(v), False) for v in values if isinstance(v, np.ndarray) and v.size]
    spans += [(*_span(t), True) for t in targets if t.size]
    read = written = 0  # how far what began already reaches
    for low, high, ours in sorted(spans):
        if low < written or (ours and low < read):
            return False
        read, written = (read, high) if ours else (max(read, high), written)
    return True


def _span(array: np.ndarray[Any, Any]) -> tuple[int, int]:
    """Where the memory of an array begins and ends; `byte_bounds` takes four times as long."""
    if not array.flags.c_contiguous:
        return byte_bounds(array)
    start: int = array.__array_interface__["data"][0]
    return start, start + array.nbytes
