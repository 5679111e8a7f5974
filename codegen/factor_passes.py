"""Passes about numbers that arrays are multiplied by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import frexp

from .program import FLOATS, NUMBER, Program, Step, dtype_of, is_literal, is_scalar

_RANGE = 100  # binary places: beyond 2^±100 a float32 number would be near the ends of its range


def factors(program: Program, steps: Sequence[Step], log: Counter[str]) -> list[Step]:
    """c·(d·x) as (c·d)·x, (x/c)·d as (d/c)·x, -(c·x) as (-c)·x, and -x - x as -2·x.

    Two roundings of each element become one, and one of the number; a sign or a power of 2 rounds nothing. Where the
    first product has no other reader, so that a pass over the array is saved.
    """
    uses = Counter(a for s in steps for a in dict.fromkeys(s.args))
    uses.update(program.outputs)
    made: dict[str, Step] = {}
    result: list[Step] = []
    for step in steps:
        changed = _folded(step, made, uses)
        if changed is not step:
            log["factors joined"] += 1
        made[step.target] = changed
        result.append(changed)
    return result


def _folded(step: Step, made: dict[str, Step], uses: Counter[str]) -> Step:
    """The step with what its operand was multiplied by, or itself."""
    if is_scalar(step.type) or dtype_of(step.type) not in FLOATS:
        return step
    if step.ufunc == "np.subtract":
        negative = made.get(step.args[0])
        if negative is not None and negative.ufunc == "np.negative" and negative.args[0] == step.args[1]:
            return _times(step, step.args[1], -2.0) if negative.type == step.type else step
        return step
    outer = _factor(step)
    inner_step = made.get(outer[0]) if outer else None
    if outer is None or inner_step is None or inner_step.type != step.type or uses[outer[0]] != 1:
        return step
    inner = _factor(inner_step)
    if inner is None or not all(_modest(n) for n in (*outer[1:], *inner[1:])):
        return step
    over, under = outer[1] * inner[1], outer[2] * inner[2]
    if under != 1.0 and abs(frexp(over)[0]) == 0.5:  # over a power of 2: a division, which rounds once
        return _over(step, inner[0], under / over) if _modest(under / over) else step
    return _times(step, inner[0], over / under) if _modest(over / under) else step


def _factor(step: Step) -> tuple[str, float, float] | None:
    """(x, c, d) of a step that is x·c/d, where one of the numbers is 1."""
    if step.ufunc == "np.negative":
        return step.args[0], -1.0, 1.0
    if step.ufunc not in ("np.multiply", "np.divide") or len(step.args) != 2:
        return None
    number = [bool(NUMBER.fullmatch(a)) for a in step.args]
    if number.count(True) != 1 or (step.ufunc == "np.divide" and number[0]):
        return None
    value, text = (step.args[1], step.args[0]) if number[0] else step.args
    if is_literal(value):
        return None
    c = float(text)
    return (value, 1.0, c) if step.ufunc == "np.divide" else (value, c, 1.0)


def _modest(number: float) -> bool:
    return number != 0 and abs(frexp(number)[1]) < _RANGE


def _times(step: Step, value: str, number: float) -> Step:
    return step._replace(spelling="{0} * {1}", args=(value, repr(number)), ufunc="np.multiply", alias=False)


def _over(step: Step, value: str, number: float) -> Step:
    return step._replace(spelling="{0} / {1}", args=(value, repr(number)), ufunc="np.divide", alias=False)
