"""What `+`, `<` and `~` of nodes mean: each is the row of that name, looked up when it is first used.

The table of rows stands here, below the nodes, because their operators need it. The rows themselves live in `ops/`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self


class _Table(dict[str, Any]):
    """The rows by name. The package `ops` says how to import them all, when one is looked up that is not here yet."""

    load: Callable[[], None] | None = None

    def __missing__(self, name: str) -> Any:
        self.complete()
        if name not in self:
            raise KeyError(name)
        return self[name]

    def complete(self) -> _Table:
        """The table with every row in it."""
        load, self.load = self.load, None
        if load is not None:
            load()
        return self


OPS = _Table()


class Operators:
    """Python's operators on a node, and NumPy's methods."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __add__(self, other: Any) -> Self:
        return OPS["add"](self, other)

    def __radd__(self, other: Any) -> Self:
        return OPS["add"](other, self)

    def __sub__(self, other: Any) -> Self:
        return OPS["subtract"](self, other)

    def __rsub__(self, other: Any) -> Self:
        return OPS["subtract"](other, self)

    def __mul__(self, other: Any) -> Self:
        return OPS["multiply"](self, other)

    def __rmul__(self, other: Any) -> Self:
        return OPS["multiply"](other, self)

    def __truediv__(self, other: Any) -> Self:
        return OPS["divide"](self, other)

    def __rtruediv__(self, other: Any) -> Self:
        return OPS["divide"](other, self)

    def __floordiv__(self, other: Any) -> Self:
        return OPS["floor_divide"](self, other)

    def __rfloordiv__(self, other: Any) -> Self:
        return OPS["floor_divide"](other, self)

    def __mod__(self, other: Any) -> Self:
        return OPS["remainder"](self, other)

    def __rmod__(self, other: Any) -> Self:
        return OPS["remainder"](other, self)

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __pow__(self, other: Any) -> Self:
        return OPS["power"](self, other)

    def __rpow__(self, other: Any) -> Self:
        return OPS["power"](other, self)

    def __matmul__(self, other: Any) -> Self:
        return OPS["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Self:
        return OPS["matmul"](other, self)

    def __neg__(self) -> Self:
        return OPS["negative"](self)

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Self:
        return OPS["absolute"](self)

    def __round__(self, ndigits: int = 0) -> Self:
        return self.round(ndigits)

    def __floor__(self) -> Self:
        return OPS["floor"](self)

    def __ceil__(self) -> Self:
        return OPS["ceil"](self)

    def __trunc__(self) -> Self:
        return OPS["trunc"](self)

    def __lt__(self, other: Any) -> Self:
        return OPS["less"](self, other)

    def __le__(self, other: Any) -> Self:
        return OPS["less_equal"](self, other)

    def __gt__(self, other: Any) -> Self:
        return OPS["greater"](self, other)

    def __ge__(self, other: Any) -> Self:
        return OPS["greater_equal"](self, other)

    def __eq__(self, other: Any) -> Self:  # type: ignore[override]
        return OPS["equal"](self, other)

    def __ne__(self, other: Any) -> Self:  # type: ignore[override]
        return OPS["not_equal"](self, other)

    def __and__(self, other: Any) -> Self:
        return OPS["logical_and"](self, other)

    def __or__(self, other: Any) -> Self:
        return OPS["logical_or"](self, other)

    def __xor__(self, other: Any) -> Self:
        return OPS["logical_xor"](self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> Self:
        return OPS["logical_not"](self)

    def __getitem__(self, index: Any) -> Self:
        return OPS["getitem"](self, index=index)

    # The other methods that NumPy's arrays have are the functions of these names, the node first: `lang` sets them.
    all: ClassVar[Callable[..., Any]]
    any: ClassVar[Callable[..., Any]]
    argmax: ClassVar[Callable[..., Any]]
    argmin: ClassVar[Callable[..., Any]]
    argsort: ClassVar[Callable[..., Any]]
    clip: ClassVar[Callable[..., Any]]
    cumprod: ClassVar[Callable[..., Any]]
    cumsum: ClassVar[Callable[..., Any]]
    diagonal: ClassVar[Callable[..., Any]]
    dot: ClassVar[Callable[..., Any]]
    flatten: ClassVar[Callable[..., Any]]
    prod: ClassVar[Callable[..., Any]]
    ptp: ClassVar[Callable[..., Any]]
    repeat: ClassVar[Callable[..., Any]]
    round: ClassVar[Callable[..., Any]]
    sort: ClassVar[Callable[..., Any]]
    squeeze: ClassVar[Callable[..., Any]]
    std: ClassVar[Callable[..., Any]]
    swapaxes: ClassVar[Callable[..., Any]]
    take: ClassVar[Callable[..., Any]]
    trace: ClassVar[Callable[..., Any]]
    var: ClassVar[Callable[..., Any]]
