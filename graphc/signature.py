"""What a compiled function takes: names, types and sizes, checked before any arithmetic."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NoReturn

import numpy as np

from .dims import Dim, Size, size_names, value_of
from .errors import DTypeError, InputError, ShapeError
from .ir import VARIABLES, Expr
from .types import TensorType

Array = np.ndarray[Any, Any]
_SCALARS: dict[str, type[np.generic]] = {
    "float64": np.float64, "float32": np.float32, "int64": np.int64, "int32": np.int32, "bool": np.bool_}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slot:
    """One argument."""

    name: str
    type: TensorType
    place: str

    def __str__(self) -> str:
        return f"{self.name} {self.type} (declared at {self.place})"


def slot_of(variable: Expr) -> Slot:
    return Slot(variable.label or "", variable.type, variable.place)


class Signature:
    """The arguments of a function, in order, and how they are bound and checked.

    >>> import graphc as G
    >>> s = Signature("f", [slot_of(G.input("x", "N")), slot_of(G.input("k"))])
    >>> s.check(s.bind((), {"k": 2, "x": [1, 2]}))
    [array([1., 2.]), np.float64(2.0)]
    """

    def __init__(self, who: str, slots: Sequence[Slot]) -> None:
        self.who, self.slots = who, tuple(slots)
        self.names = tuple(s.name for s in slots)
        self.takers = tuple(_taker(s, who) for s in slots)
        self.sizes = _Sizes(self.slots)
        pick: Any = itemgetter(*self.names) if len(slots) > 1 else lambda given: tuple(given[n] for n in self.names)
        self.pick: Callable[[Mapping[str, Any]], tuple[Any, ...]] = pick

    def bind(self, args: tuple[Any, ...], given: Mapping[str, Any]) -> tuple[Any, ...]:
        """One value for each argument, from positions, keywords, or one mapping of names or Exprs."""
        if len(args) == 1 and isinstance(args[0], Mapping):
            given = {**self._named(args[0]), **given}
            args = ()
        if not args and len(given) == len(self.names):
            try:
                return self.pick(given)
            except KeyError:
                pass
        return self._bind(args, given)

    def _named(self, values: Mapping[Any, Any]) -> dict[str, Any]:
        return {key_name(key, self.who): value for key, value in values.items()}

    def _bind(self, args: tuple[Any, ...], given: Mapping[str, Any]) -> tuple[Any, ...]:
        if len(args) > len(self.names):
            raise InputError(f"{self.who}: takes {self._list()}, got {len(args)} positions")
        bound = dict(zip(self.names, args))
        for name, value in given.items():
            if name not in self.names:
                meant = suggestion(name, self.names)
                raise InputError(f"{self.who}: no input {name!r}{meant}; it takes {self._list()}")
            if name in bound:
                raise InputError(f"{self.who}: input {name} is given twice, by position and by name")
            bound[name] = value
        missing = [s for s in self.slots if s.name not in bound]
        if missing:
            raise InputError(f"{self.who}: missing {'input' if len(missing) == 1 else 'inputs'} "
                             f"{', '.join(map(str, missing[:5]))}{', ...' if len(missing) > 5 else ''}")
        return tuple(bound[name] for name in self.names)

    def _list(self) -> str:
        shown = ", ".join(self.names[:20]) + (", ..." if len(self.names) > 20 else "")
        return f"{len(self.names)} input{'s' * (len(self.names) != 1)}: {shown}" if self.names else "no inputs"

    def check(self, values: Iterable[Any]) -> list[Any]:
        """The values as arrays (or NumPy scalars) of the declared types; sizes must agree."""
        arrays = [take(v) for take, v in zip(self.takers, values)]
        if self.sizes.first:
            self.sizes.check(arrays, self.who)
        return arrays


def ready_source(slots: Sequence[Slot]) -> str:
    """The text of `ready(a0, a1, ...)`: whether each argument is an array of exactly its slot's type, and all named
    sizes agree, so that nothing has to be cast or refused. Without a size that is more than a name; "" otherwise.

    >>> import graphc as G
    >>> print(ready_source([slot_of(G.input("x", "N", 3)), slot_of(G.input("k"))]).split("    return ")[1])
    (type(a0) is ndarray and a0.dtype is d0 and len(s0 := a0.shape) == 2 and s0[1] == 3
            and type(a1) is np.float64)
    <BLANKLINE>
    """
    first: dict[str, str] = {}
    tests: list[str] = []
    for i, slot in enumerate(slots):
        shape = slot.type.shape
        if not shape:
            tests.append(f"type(a{i}) is np.{_SCALARS[slot.type.dtype].__name__}")
            continue
        if any(isinstance(size, Dim) and not size.name for size in shape):
            return ""
        parts = [f"type(a{i}) is ndarray", f"a{i}.dtype is d{i}"]
        sizes = [str(size) if isinstance(size, int) else first.get(size.name or "", "") for size in shape]
        if all(sizes):  # one comparison is quicker than one for each axis
            parts.append(f"a{i}.shape == ({', '.join(sizes)}{',' * (len(sizes) == 1)})")
        else:
            parts.append(f"len(s{i} := a{i}.shape) == {len(shape)}")
            parts += _axis_tests(shape, f"s{i}", first)
        tests.append(" and ".join(parts))
    dtypes = [f"d{i} = np.dtype(np.{_SCALARS[slot.type.dtype].__name__})\n" for i, slot in enumerate(slots)]
    arguments = ", ".join(f"a{i}" for i in range(len(slots)))
    joined = "\n            and ".join(tests)
    return (f"import numpy as np\nfrom numpy import ndarray\n\n{''.join(dtypes)}\n\n"
            f"def ready({arguments}):\n    return ({joined})\n")


def _axis_tests(shape: Sequence[Size], found: str, first: dict[str, str]) -> Iterator[str]:
    """A comparison for each axis whose size is known; `first` gathers where each named size is read."""
    for axis, size in enumerate(shape):
        here = f"{found}[{axis}]"
        if isinstance(size, int):
            yield f"{here} == {size}"
        elif first.setdefault(size.name or "", here) != here:
            yield f"{here} == {first[size.name or '']}"


def key_name(key: Any, who: str) -> str:
    """The name that a key of a mapping of values stands for."""
    if isinstance(key, str):
        return key
    if isinstance(key, Expr) and key.op.name in VARIABLES and key.label is not None:
        return key.label
    what = f"{key!r}, which is computed" if isinstance(key, Expr) else f"{type(key).__name__} {str(key)[:40]!r}"
    raise InputError(f"{who}: a mapping of values has inputs or their names as keys, got {what}")


def suggestion(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1, 0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""


class _Sizes:
    """Where each named size is read, and every other axis that must agree with it."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        self.slots = slots
        self.first: dict[str, tuple[int, int]] = {}
        axes = [(i, axis, d) for i, s in enumerate(slots) for axis, d in enumerate(s.type.shape) if isinstance(d, Dim)]
        for i, axis, d in axes:
            if d.name:
                self.first.setdefault(d.name, (i, axis))
        self.others = [(i, axis, d) for i, axis, d in axes
                       if self.first.get(d.name or "") != (i, axis) and all(n in self.first for n in size_names(d))]

        # Most are the very size again, which needs no arithmetic to compare.
        self.same = tuple((i, axis, *self.first[d.name]) for i, axis, d in self.others if d.name)

    def check(self, arrays: Sequence[Any], who: str) -> None:
        for i, axis, j, other in self.same:
            if arrays[i].shape[axis] != arrays[j].shape[other]:
                break
        else:
            if len(self.same) == len(self.others):
                return
        sizes = self.of(arrays)
        for i, axis, d in self.others:
            if arrays[i].shape[axis] != value_of(d, sizes):
                self._disagree(arrays, i, axis, d, sizes, who)

    def of(self, arrays: Sequence[Any]) -> dict[str, int]:
        return {name: arrays[i].shape[axis] for name, (i, axis) in self.first.items()}

    def _disagree(self, arrays: Sequence[Any], i: int, axis: int, d: Dim, sizes: Mapping[str, int],
                  who: str) -> NoReturn:
        name = size_names(d)[0]
        j, other = self.first[name]
        needs = f"{d} is {value_of(d, sizes)}" if d.name is None else f"{name} is {sizes[name]}"
        raise ShapeError(
            f"{who}: {needs} by input {self.slots[j].name} {self.slots[j].type} (its axis {other} has {sizes[name]}), "
            f"but axis {axis} of input {self.slots[i].name} {self.slots[i].type} has {arrays[i].shape[axis]}"
        )


def _taker(slot: Slot, who: str) -> Callable[[Any], Any]:
    """A function that gives an argument in the declared type, quick for what is in it already."""
    shape, dtype = slot.type.shape, np.dtype(slot.type.dtype)
    rank = len(shape)
    if rank == 0:
        return _scalar_taker(slot, who)
    fixed = tuple((axis, d) for axis, d in enumerate(shape) if isinstance(d, int))

    def take(value: Any) -> Any:
        if type(value) is not np.ndarray or value.dtype is not dtype:
            value = _cast(value, slot, who)
        found = value.shape
        if len(found) != rank:
            raise ShapeError(f"{who}: input {slot} has rank {rank}, got shape {found}")
        for axis, size in fixed:
            if found[axis] != size:
                raise ShapeError(f"{who}: input {slot} has size {size} on axis {axis}, got shape {found}")
        return value

    return take


def _scalar_taker(slot: Slot, who: str) -> Callable[[Any], Any]:
    make = _SCALARS[slot.type.dtype]
    quick = float if slot.type.is_float else None

    def take(value: Any) -> Any:
        if type(value) is quick:
            return make(value)
        if type(value) is make:
            return value
        array = _cast(value, slot, who)
        if array.ndim:
            raise ShapeError(f"{who}: input {slot} is a scalar, got shape {array.shape}")
        return array[()]

    return take


def _cast(value: Any, slot: Slot, who: str) -> Array:
    """The value as a plain array of the declared dtype, where that loses nothing.

    Python numbers (and lists of them) are weak: a float goes into float32, an int into any number.
    """
    if isinstance(value, (Expr, np.ma.MaskedArray)) or value is None:
        raise InputError(f"{who}: input {slot} takes numbers and arrays, got {_shown(value)}")
    want = np.dtype(slot.type.dtype)
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{who}: input {slot} takes an array, got {_shown(value)}: {error}") from None
    weak = isinstance(value, (bool, int, float, list, tuple)) and not isinstance(value, np.generic)
    if array.dtype == want or np.can_cast(array.dtype, want, "safe") or (array.size == 0 and weak):
        return array.astype(want, copy=False)
    if weak and want.kind in "fi" and array.dtype.kind in ("biuf" if want.kind == "f" else "biu"):
        return _weak_cast(array, want, slot, who)
    raise DTypeError(f"{who}: input {slot} needs {want.name}, got {_shown(value)} of dtype {array.dtype}; "
                     f"convert it with np.asarray(value, {want.name!r}) if that is meant")


def _weak_cast(array: Array, want: np.dtype[Any], slot: Slot, who: str) -> Array:
    if want.kind == "i" and array.size:
        limits = np.iinfo(want)
        if array.min() < limits.min or array.max() > limits.max:
            raise DTypeError(f"{who}: input {slot}: {array.ravel()[np.argmax(np.abs(array))]} does not fit {want.name}")
    with np.errstate(over="ignore"):
        return array.astype(want)


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{type(value).__name__} of shape {value.shape}"
    return f"{type(value).__name__} {str(value)[:40]!r}"
