"""Values inside the graph: the array of a constant, the initial value of a parameter."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import DTypeError
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
