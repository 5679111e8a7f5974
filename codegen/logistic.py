"""Logistic functions written out: one exponential for softplus and its slope, and no negation of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from .program import Program, Step, dtype_of, is_literal, is_scalar
from .workspace import types_of

LARGE = "40.0"  # exp(40) + 1 is exp(40), and log(exp(40) + 1) is 40, in float64 and so in float32

Fresh = Callable[[str], str]


def one_exponential(steps: Sequence[Step], fresh: Fresh, log: Counter[str]) -> list[Step]:
    """1/(1 + exp(-x)) is e/(1 + e), where softplus(x) needs e = exp(min(x, 40)) anyway.

    As accurate: one rounding each for e, 1 + e and the quotient, as before; beyond 40 the quotient is 1, which is
    what it rounds to, and far below 0 it keeps its digits where exp(-x) was infinite.
    """
    made = {s.target: s for s in steps}
    exponentials: dict[str, tuple[Step, Step]] = {}
    for e in steps:
        low = made.get(e.args[0]) if e.ufunc == "np.exp" else None
        if low is not None and low.ufunc == "np.minimum" and low.args[1] == LARGE:
            exponentials.setdefault(low.args[0], (low, e))
    if not exponentials:
        return list(steps)
    result: list[Step] = []
    there: set[str] = set()
    for step in steps:
        x = _argument(step, made)
        if x in exponentials:
            low, e = exponentials[x]
            if e.target not in there:  # it comes later, and then is the same as this
                low = low._replace(target=fresh(f"{e.target}_"), note="")
                e = e._replace(target=fresh(f"{e.target}_"), args=(low.target,), note="")
                result += [low, e]
            above = fresh(f"{step.target}_")
            result.append(Step(above, "{0} + {1}", (e.target, "1.0"), step.type, "", "np.add", False, step.section))
            step = step._replace(args=(e.target, above), overflows=False)
            log["exponentials shared"] += 1
        there.add(step.target)
        result.append(step)
    return result


def _argument(step: Step, made: dict[str, Step]) -> str:
    """x, where this is the last step of 1/(1 + exp(-x))."""
    for ufunc, one in (("np.divide", 0), ("np.add", 1), ("np.exp", None), ("np.negative", None)):
        if step.ufunc != ufunc or (one is not None and step.args[one] != "1.0"):
            return ""
        name = step.args[1 if one == 0 else 0]
        if ufunc == "np.negative":
            return name
        if name not in made:
            return ""
        step = made[name]
    return ""


def negations(program: Program, steps: Sequence[Step], fresh: Fresh, log: Counter[str]) -> list[Step]:
    """exp(-(v + d)) is exp(-d - v) where d is a number: the same but for the sign of a zero, which exp does not see."""
    types = types_of(program, steps)
    made = {s.target: s for s in steps}
    uses = Counter(a for s in steps for a in s.args)
    uses.update(program.outputs)
    numbers: dict[str, str] = {}
    result: list[Step] = []
    for step in steps:
        minus = made.get(step.args[0]) if step.ufunc == "np.exp" else None
        inner = made.get(minus.args[0]) if minus is not None and minus.ufunc == "np.negative" else None
        if inner is None or uses[inner.target] > 1 or uses[step.args[0]] > 1 or inner.type != step.type:
            result.append(step)
            continue
        number = [not is_literal(a) and is_scalar(types.get(a, "?")) for a in inner.args]
        if inner.ufunc == "np.subtract":
            form = "{0} - {1}", inner.args[::-1], "np.subtract"
        elif inner.ufunc == "np.add" and any(number) and not is_scalar(step.type):
            name = inner.args[number.index(True)]
            if dtype_of(types[name]) != dtype_of(step.type):
                result.append(step)
                continue
            if name not in numbers:
                numbers[name] = fresh(f"minus_{name}")
                result.append(Step(numbers[name], "-{0}", (name,), types[name], "", "np.negative", False,
                                   step.section))
            form = "{0} - {1}", (numbers[name], inner.args[number.index(False)]), "np.subtract"
        else:
            result.append(step)
            continue
        log["negations moved"] += 1
        turned = fresh(f"{inner.target}_")
        result.append(Step(turned, form[0], form[1], inner.type, "", form[2], False, step.section,
                           overflows=step.overflows))
        result.append(step._replace(args=(turned,)))
    return result
