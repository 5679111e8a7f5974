"""Inputs, parameters, constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from ..ir import INPUT, PARAM, Expr, const, lift, variable
from ..ops import shaping

__all__ = [
    "Expr", "const", "input", "inputs", "ones", "param", "params", "zeros",
]  # fmt: skip


def input(name: str, *shape: Any, dtype: Any = "float64") -> Expr:
    """Data that is given at each call.

    `shape` is a list of sizes: integers, or names such as "N" that any call may fill (the same
    name means the same size everywhere). `dtype` is one of float64, float32, int64, int32, bool.
    Each call declares a new input: one name for two of them in a graph is an error when the graph is used.
    Raises InputError for a bad name, ShapeError for a bad size, DTypeError for an unknown dtype.

    >>> import graphc as G
    >>> x = G.input("x", "N", 784)
    >>> x
    <input x: float64[N,784]>
    """
    return variable(INPUT, name, shape, dtype)


def param(name: str, *shape: Any, dtype: Any = "float64", init: Any = None) -> Expr:
    """A parameter: as `input`, but it is learned. `init` is its initial value, or a function that gives one.

    Raises as `input`.

    >>> import graphc as G
    >>> G.param("W", 784, 10)
    <param W: float64[784,10]>
    """
    return variable(PARAM, name, shape, dtype, init)


def inputs(names: str | Sequence[str], *shape: Any, dtype: Any = "float64") -> tuple[Expr, ...]:
    """Several inputs of one type, from names parted by spaces or commas.

    Raises InputError when a name stands twice.

    >>> import graphc as G
    >>> x1, x2 = G.inputs("x1 x2")
    """
    return tuple(input(name, *shape, dtype=dtype) for name in _names(names))


def params(names: str | Sequence[str], *shape: Any, dtype: Any = "float64") -> tuple[Expr, ...]:
    """Several parameters of one type, from names parted by spaces or commas.

    Raises InputError when a name stands twice.

    >>> import graphc as G
    >>> w1, w3, b = G.params("w1 w3 b")
    """
    return tuple(param(name, *shape, dtype=dtype) for name in _names(names))


def _names(names: str | Sequence[str]) -> list[str]:
    listed = names.replace(",", " ").split() if isinstance(names, str) else list(names)
    for name in listed:
        if listed.count(name) > 1:
            raise InputError(f"the name {name!r} stands twice in {' '.join(map(str, listed))!r}; one name is one value")
    return listed


def zeros(shape: Any, dtype: Any = "float64") -> Expr:
    """Zeros of a shape, which may have named sizes; `dtype` is one of the five.

    >>> import graphc as G
    >>> G.zeros(("N", 3), dtype="float32").type
    float32[N,3]
    """
    return shaping.BROADCAST_TO(lift(0.0).astype(dtype), shape=shape)


def ones(shape: Any, dtype: Any = "float64") -> Expr:
    """Ones of a shape, which may have named sizes; `dtype` is one of the five.

    >>> import graphc as G
    >>> G.ones(("N", 3)).type
    float64[N,3]
    """
    return shaping.BROADCAST_TO(lift(1.0).astype(dtype), shape=shape)
