"""Values inside the graph: the array of a constant, the initial value of a parameter."""

from __future__ import annotations

from typing import Any

import numpy as np


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
