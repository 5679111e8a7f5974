"""What a case of the op table is, and the shapes that cases share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphc.ir import Expr

SIZES = {"N": 2, "M": 3}
UNARY = [((),), ((3,),), ((2, 3),), ((2, 1, 3),), ((2, 3, 1, 2),), ((0,),), ((2, 0),), (("N",),), (("N", 3),)]
BINARY = [
    ((), ()), ((3,), ()), ((), (2, 3)), ((2, 3), (3,)), ((2, 1), (3,)), ((2, 3), (1,)), ((4, 2, 3), (2, 1)),
    ((2, 1, 3, 1), (4, 1, 2)), ((0,), (1,)), ((2, 0), ()), (("N", 3), (3,)), (("N", 1), ("M",)), ((1,), ("N",)),
]  # fmt: skip
TERNARY = [((), (), ()), ((2, 3), (3,), (2, 1)), ((3,), (), ("N", 3)), ((0,), (1,), ()),
((2, 1, 3, 1), (3, 2), (4, 1, 1))]


@dataclass(frozen=True)
class Case:
    """How to build a node of the row, what NumPy computes, and where the operands are drawn from."""

    build: Callable[..., Expr]
    numpy: Callable[..., Any]
    shapes: list[tuple[tuple[Any, ...], ...]]
    low: float = -2.0
    high: float = 2.0
    exact: Callable[..., Any] | None = None  # the scalar function by mpmath
    close: float = 4e-16  # relative error allowed against `exact`
    kinds: tuple[str, ...] = ()  # kinds of the operands where they are not all numbers: "bool", "number"
    inside: bool = False  # the row's node is not the result itself but below it, as a result of several is
    second: bool = True  # derivatives of second order are checked
    refuses: frozenset[str] = frozenset()  # dtypes that NumPy takes and the row does not


def elementwise(build: Any, numpy: Any, shapes: Any = None, **options: Any) -> list[Case]:
    arity = options.pop("arity", 1)
    return [Case(build, numpy, shapes or (UNARY, BINARY, TERNARY)[arity - 1], **options)]


def reduction(build: Any, numpy: Any, more: list[Case] | None = None, **options: Any) -> list[Case]:
    """Over all axes, one, several, with and without keepdims."""
    def case(axis: Any, keepdims: bool, shapes: Any) -> Case:
        return Case(lambda x: build(x, axis=axis, keepdims=keepdims), lambda x: numpy(x, axis=axis, keepdims=keepdims),
                    shapes, **options)

    some = [((2, 3),), ((3, 1, 2),), ((2, 1, 3, 2),), (("N", 3),)]
    return [
        case(None, False, [((),), ((4,),), *some]), case(None, True, some), case(0, False, [((4,),), *some]),
        case(-1, True, some), case((0, -1), False, some), case((), False, some), *(more or []),
    ]  # fmt: skip
