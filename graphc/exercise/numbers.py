"""Numbers for each student: drawn by a seed, off every kink, and pleasant to compute with by hand."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from ..drawing.values import Point
from ..errors import InputError
from ..ir import Expr, postorder
from ..reverse import declared_gradients
from .kinks import kink_of
from .parts import Draw, Symbol

ATTEMPTS = 400
LIVELY = 200  # of these attempts ask, too, that not every gradient is zero
TELLING, PLAIN = 40, 120  # of them, that nothing hides a slip; that no drawn number is 0 or 1, where others can be
LARGEST, DENOMINATOR = 1000, 12  # of a number that is pleasant by hand


def drawn(f: Expr, targets: list[Expr], symbols: Mapping[str, Symbol], point: Mapping[str, Any],
          random: Mapping[str, Draw], seed: int, student: str) -> dict[str, Any]:
    """A number for each symbol: those of `point`, the others drawn until all is pleasant.

    `targets` are the values whose adjoints are looked at, too. Raises InputError where no draw is pleasant.
    """
    nodes = _asked(f, targets)
    why = ""
    for attempt in range(ATTEMPTS):
        draw = _stream(seed, student, attempt)
        found = dict(point)
        for name, choices in random.items():
            found[name] = _value(choices, symbols[name].shape, draw)
        if attempt < PLAIN and any(_hides(found[n]) and not all(map(_hides, random[n].values)) for n in random):
            continue
        fault = fault_at(f, nodes, found, lively=attempt < LIVELY, telling=attempt < TELLING)
        if fault is None:
            return {name: found[name] for name in symbols}
        why = fault
    raise InputError(f"in {ATTEMPTS} draws of {', '.join(random)} no numbers are pleasant (the last: {why}); "
                     "widen the ranges, or give more of them in [point]")


def _hides(value: Any) -> bool:
    """Whether a number hides the factor that it is."""
    return not np.ndim(value) and value in (0, 1)


def _hidden(order: list[Expr], values: Point, gradients: list[Expr]) -> str | None:
    """A product in which one factor cannot be told from the other, or is 0 or 1; two gradients that are equal by
    chance. A slip that leaves a factor out, or takes another one, then changes the result."""
    for node in order:
        if node.op.name == "multiply" and not node.ndim:
            factors = [values[a] for a in node.args if a.op.name != "const"]
            if any(map(_hides, factors)) or (len(factors) == 2 and node.args[0] is not node.args[1] \
                    and factors[0] == factors[1]):
                return f"the factors of {node!s:.60} hide a slip"
    slopes = [values[g] for g in dict.fromkeys(gradients) if not g.ndim]
    return "two gradients are equal" if len(set(slopes)) < len(slopes) else None


def _asked(f: Expr, targets: list[Expr]) -> list[Expr]:
    return [] if f.ndim or not targets else list(declared_gradients(f, targets))


def fault_at(f: Expr, gradients: list[Expr], numbers: Mapping[str, Any], lively: bool = False,
             telling: bool = False) -> str | None:
    """Why these numbers make a poor exercise: a kink, a value that is not finite, long numbers, no gradient at all;
    with `telling` also numbers that hide a slip."""
    values = Point([f], numbers)
    order = postorder([f])
    with np.errstate(all="ignore"):
        _ = values[f]
        kink = kink_of(order, values.found)
        if kink is not None:
            return f"{kink!s:.60} is on a kink"
        slopes = [values[g] for g in gradients]
    shown = [values.found[n] for n in order if n.op.name != "const"]
    for value in (*shown, *slopes):
        if not pleasant(value):
            return "a value is not finite, or a long number"
    if lively and slopes and not any(np.any(np.asarray(s, dtype="float64") != 0) for s in slopes):
        return "every gradient is 0"
    return _hidden(order, values, gradients) if telling else None


def pleasant(value: Any) -> bool:
    """A whole number or short fraction; where the graph leaves the rationals, a finite number of ordinary size."""
    if isinstance(value, Fraction):
        decimal = not 100 % value.denominator
        return abs(value) < LARGEST and (value.denominator <= DENOMINATOR or decimal)
    array = np.asarray(value, dtype="float64")
    return bool(np.all(np.isfinite(array)) and np.all(np.abs(array) < 10 * LARGEST))


def _value(choices: Draw, shape: tuple[int | str, ...], draw: Callable[[int], int]) -> Any:
    def one() -> Fraction | float:
        return choices.values[draw(len(choices.values))]

    if not shape:
        return one()
    count = math.prod(int(s) for s in shape)
    return np.array([float(one()) for _ in range(count)]).reshape([int(s) for s in shape])


def _stream(seed: int, student: str, attempt: int) -> Callable[[int], int]:
    """Whole numbers below a bound; the same on every machine and in every version of Python."""
    numbers: Iterator[int] = _hashed(f"graphc exercise {seed} {attempt} {student}")
    return lambda bound: next(numbers) % bound


def _hashed(key: str) -> Iterator[int]:
    count = 0
    while True:
        yield int.from_bytes(hashlib.sha256(f"{count} {key}".encode("utf-8", "surrogatepass")).digest()[:16], "big")
        count += 1
