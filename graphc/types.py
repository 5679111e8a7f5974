"""TensorType: shape and dtype of a value, known when the graph is declared.

Promotion follows NumPy 2 (NEP 50): a Python number is weak and never widens an array.
Functions here raise ShapeError or DTypeError with the reason alone; `ir` adds who and where.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, NoReturn

import numpy as np

from .dims import Size, as_size, product
from .errors import DTypeError, GraphcError, ShapeError

DTYPES = ("float64", "float32", "int64", "int32", "bool")
FLOATS = ("float64", "float32")
_KIND = {"bool": 0, "int32": 1, "int64": 1, "float32": 2, "float64": 2}


class TensorType:
    """Shape and element type. `weak` marks a Python number, which takes the dtype of its company.

    Interned: equal types are one object, so that comparing and hashing them is free.

    >>> from graphc.dims import Dim
    >>> print(TensorType((Dim.named("N"), 3)), TensorType(()))
    float64[N,3] float64[]
    """

    __slots__ = ("dtype", "shape", "weak")
    shape: tuple[Size, ...]
    dtype: str
    weak: bool
    _known: ClassVar[dict[tuple[tuple[Size, ...], str, bool], TensorType]] = {}

    def __new__(cls, shape: tuple[Size, ...], dtype: str = "float64", weak: bool = False) -> TensorType:
        key = (shape, dtype, weak)
        known = cls._known.get(key)
        if known is None:
            known = object.__new__(cls)
            for slot, value in zip(("shape", "dtype", "weak"), key):
                object.__setattr__(known, slot, value)
            known = cls._known.setdefault(key, known)
        return known

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a TensorType is immutable")

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return TensorType, (self.shape, self.dtype, self.weak)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> Size:
        return product(self.shape)

    @property
    def is_float(self) -> bool:
        return self.dtype in FLOATS

    def with_shape(self, shape: Sequence[Size]) -> TensorType:
        return TensorType(tuple(shape), self.dtype, self.weak)

    def __str__(self) -> str:
        return f"{self.dtype}[{','.join(map(str, self.shape))}]"

    __repr__ = __str__


class TupleType(TensorType):
    """The type of an operation with several results, such as a QR factorisation or a scan: `items` are their types.

    Such a node is never an output nor an operand of arithmetic: `ir.item(node, i)` is its i-th result.
    To what asks any type for a shape and a dtype, it is a scalar of dtype "tuple".
    """

    __slots__ = ("items",)
    items: tuple[TensorType, ...]
    _tuples: ClassVar[dict[tuple[TensorType, ...], TupleType]] = {}

    def __new__(cls, items: tuple[TensorType, ...]) -> TupleType:
        known = cls._tuples.get(items)
        if known is None:
            known = object.__new__(cls)
            for slot, value in zip(("dtype", "items", "shape", "weak"), ("tuple", items, (), False)):
                object.__setattr__(known, slot, value)
            known = cls._tuples.setdefault(items, known)
        return known

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return TupleType, (self.items,)

    @property
    def size(self) -> Size:
        total: Size = 0
        for item in self.items:
            total = total + item.size
        return total

    @property
    def is_float(self) -> bool:
        return any(item.is_float for item in self.items)

    def __str__(self) -> str:
        return f"tuple[{'; '.join(map(str, self.items))}]"

    __repr__ = __str__


def as_dtype(dtype: object) -> str:
    """The name of one of the five dtypes. Raises DTypeError listing them otherwise."""
    try:
        name = np.dtype(dtype).name  # type: ignore[call-overload]
    except TypeError:
        name = str(dtype)
    if name not in DTYPES:
        raise DTypeError(f"no dtype {name!r}; choose from {', '.join(DTYPES)}")
    return str(name)


def as_shape(shape: Sequence[object], who: str = "shape") -> tuple[Size, ...]:
    return tuple(as_size(s, who) for s in shape)


def shape_text(shape: Sequence[Size]) -> str:
    """A shape as Python source: `()`, `(N,)`, `(2, 3)`."""
    inner = ", ".join(map(str, shape))
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


@lru_cache(maxsize=4096)
def promote(types: tuple[TensorType, ...]) -> tuple[str, bool]:
    """dtype and weakness of an arithmetic result.

    >>> promote((TensorType((), "float32"), TensorType((), "float64", weak=True)))
    ('float32', False)
    """
    strong = [t.dtype for t in types if not t.weak]
    weak = [t.dtype for t in types if t.weak]
    if not strong:
        return max(weak, key=_KIND.__getitem__), True
    dtype = np.result_type(*strong).name
    if weak and max(_KIND[w] for w in weak) > _KIND[dtype]:
        return ("float64" if any(_KIND[w] == 2 for w in weak) else "int64"), False
    return str(dtype), False


@lru_cache(maxsize=4096)
def broadcast_shapes(shapes: tuple[tuple[Size, ...], ...]) -> tuple[Size, ...]:
    """NumPy broadcasting with named sizes: N meets N or 1, never 3 and never M."""
    rank = max(map(len, shapes))
    result: list[Size] = []
    for axis in range(-rank, 0):
        size: Size = 1
        for shape in shapes:
            s = shape[axis] if -axis <= len(shape) else 1
            if s == 1 or s == size:
                continue
            if size != 1:
                raise ShapeError(f"sizes {size} and {s} differ on axis {axis}")
            size = s
        result.append(size)
    return tuple(result)


@lru_cache(maxsize=4096)
def broadcast(*types: TensorType) -> TensorType:
    """The type of an elementwise arithmetic result.

    >>> print(broadcast(TensorType((2, 3)), TensorType((3,), "float32")))
    float64[2,3]
    """
    dtype, weak = promote(types)
    try:
        return TensorType(broadcast_shapes(tuple(t.shape for t in types)), dtype, weak)
    except ShapeError as error:
        raise ShapeError(f"the shapes do not broadcast: {error}") from None


@lru_cache(maxsize=4096)
def broadcast_number(*types: TensorType) -> TensorType:
    """As `broadcast`, refusing a result of bool (NumPy has no - of bools)."""
    result = broadcast(*types)
    if result.dtype == "bool":
        raise DTypeError("needs numbers, got bool; use astype, or & | ~ for logic")
    return result


@lru_cache(maxsize=4096)
def broadcast_strong(*types: TensorType) -> TensorType:
    """As `broadcast`, for NumPy functions: they return arrays, which are never weak."""
    result = broadcast(*types)
    return TensorType(result.shape, result.dtype) if result.weak else result


@lru_cache(maxsize=4096)
def broadcast_strong_number(*types: TensorType) -> TensorType:
    """As `broadcast_strong`, refusing a result of bool."""
    result = broadcast_number(*types)
    return TensorType(result.shape, result.dtype) if result.weak else result


@lru_cache(maxsize=4096)
def broadcast_float(*types: TensorType) -> TensorType:
    """As `broadcast_strong`, for functions whose values are real: integers become float64, bools are refused."""
    result = broadcast_number(*types)
    return TensorType(result.shape, result.dtype if result.is_float else "float64")


@lru_cache(maxsize=4096)
def broadcast_quotient(*types: TensorType) -> TensorType:
    """The type of a / b: real, and weak when both are Python numbers."""
    result = broadcast(*types)
    return TensorType(result.shape, result.dtype if result.is_float else "float64", result.weak)


@lru_cache(maxsize=4096)
def broadcast_bool(*types: TensorType) -> TensorType:
    """The type of a comparison."""
    return TensorType(broadcast(*types).shape, "bool")


def reduced(shape: tuple[Size, ...], axis: tuple[int, ...], keepdims: bool) -> tuple[Size, ...]:
    """The shape after a reduction over `axis` (non-negative)."""
    if keepdims:
        return tuple(1 if i in axis else s for i, s in enumerate(shape))
    return tuple(s for i, s in enumerate(shape) if i not in axis)


def as_axis(axis: object, ndim: int) -> int:
    """One axis, counted from 0. Raises ShapeError when it is out of range."""
    try:
        i = operator.index(axis)  # type: ignore[arg-type]
    except (TypeError, GraphcError):
        raise ShapeError(f"an axis is an integer, got {str(axis)[:60]!r}") from None
    if not -ndim <= i < ndim:
        raise ShapeError(f"axis {i} is out of range for {ndim} dimension{'s' * (ndim != 1)}")
    return i % ndim


def as_axes(axis: object, ndim: int) -> tuple[int, ...]:
    """Reduction axes, sorted, from None, an int or a tuple. Raises ShapeError for a repeated axis."""
    if axis is None:
        return tuple(range(ndim))
    axes = [as_axis(a, ndim) for a in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    if len(set(axes)) < len(axes):
        raise ShapeError(f"axis {axis} names one axis twice")
    return tuple(sorted(axes))
