"""Names and values inside the graph: what may name a value, the array of a constant, a parameter's initial value."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import DTypeError, InputError
from .types import DTYPES


class Constant:
    """An array or number as a node attribute: compared by dtype, shape and bytes, so that
    0.0 and -0.0, or 1 and True, are different constants."""

    __slots__ = ("key", "value")

    def __init__(self, value: np.ndarray[Any, Any]) -> None:
        self.value = value
        self.key = (value.dtype.str, value.shape, value.tobytes())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __reduce__(self) -> tuple[Any, ...]:
        return _constant, (self.value,)


def _constant(value: np.ndarray[Any, Any]) -> Constant:
    copy = np.array(value)
    copy.flags.writeable = False
    return Constant(copy)


class Init:
    """A parameter's initial value or initialiser: compared by identity."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def constant_of(value: Any) -> Constant:
    """An array, a NumPy scalar or nested lists as a constant: copied, in its own dtype or the nearest of the five.

    Raises DTypeError for what holds anything but real numbers and bools.
    """
    array = np.array(value)
    if array.dtype.name not in DTYPES:
        array = array.astype(_nearest(array.dtype, value))
    return _constant(np.array(array, order="C"))


def _nearest(dtype: np.dtype[Any], value: Any) -> str:
    if dtype.kind == "u" and np.any(np.asarray(value) > np.iinfo("int64").max):
        raise DTypeError(f"the integer {np.max(value)} does not fit int64; write it as a float")
    if dtype.kind == "u" or (dtype.kind == "i" and dtype.itemsize < 8):
        return "int64"
    if dtype.name == "float16":
        return "float32"
    raise DTypeError(f"a constant is made of {', '.join(DTYPES)}; got {str(value)[:60]} of dtype {dtype}")


def weak_constant(value: float) -> Constant:
    """A Python number as a constant. Raises DTypeError for an integer beyond int64."""
    try:
        array = np.array(value, dtype="bool" if value is True or value is False else None)
    except OverflowError:
        array = np.array(None)
    if array.dtype.name not in DTYPES:
        raise DTypeError(f"the integer {str(value)[:40]} does not fit int64; write it as a float")
    return _constant(array)


def check_name(name: object) -> str:
    """`name` when it may name a value: an identifier. Raises InputError otherwise."""
    if not isinstance(name, str) or not name.isidentifier() or len(name) > 200:
        raise InputError(f"a name must be an identifier such as 'w1' or 'y_hat', got {str(name)[:80]!r}")
    if name.startswith("__"):
        raise InputError(f"a name cannot begin with two underscores, got {name[:80]!r}")
    return name
