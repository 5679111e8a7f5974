"""The gradient check that a saved plain-Python module carries with it: its functions are copied there as they stand.

As `gradient_check`, of numbers alone and by the standard library: central differences at random points, others
being drawn where the slopes to the left and to the right differ as much as difference and gradient do.
"""

# Bare of type hints, so that the copy needs no import but these two.
# mypy: disallow-untyped-defs=False

from __future__ import annotations

import inspect
import math
import random
import re
from collections.abc import Sequence

from .program import Program

STEP, TOLERANCE = 2.0**-17, 1e-6
_FUNCTIONS = ("check_gradients", "largest_error", "point_error", "draw", "outputs")


def check_gradients(function, gradient, pairs, kinds, step, tolerance, seed=0):
    """Print the largest error of each gradient; 0 when all are within tolerance, else 1.

    `pairs` are (value, index of it, input, position of it, index of the gradient), `kinds` the kind of each input.
    """
    worst = 0.0
    for value, v, name, position, g in pairs:
        error, count = largest_error(function, gradient, v, position, g, kinds, step, tolerance, seed)
        if count == 0:
            print(f"gradient of {value} by {name}: no random inputs found where both are finite")
            error = math.inf
        else:
            points = "1 point" if count == 1 else f"{count} points"
            print(f"gradient of {value} by {name}: largest error {error:.1e} at {points}")
        worst = max(worst, error)
    verdict = "ok" if worst <= tolerance else "WRONG"
    print(f"largest error {worst:.1e}, tolerance {tolerance:.0e}: {verdict}")
    return 0 if worst <= tolerance else 1


def largest_error(function, gradient, v, position, g, kinds, step, tolerance, seed):
    """Largest error over up to 20 points, and how many were compared."""
    rng = random.Random(seed)
    worst, count, kinks = 0.0, 0, []
    for attempt in range(60):
        args = draw(rng, kinds, attempt)
        error, kink = point_error(function, gradient, v, args, position, g, step, tolerance)
        if kink:
            kinks.append(error)
        elif error is not None:
            worst, count = max(worst, error), count + 1
        if count == 20 or worst > tolerance:
            break
    # A kink that is always there has any slope between its two.
    return (worst, count) if count else (max(kinks, default=0.0), len(kinks))


def point_error(function, gradient, v, args, position, g, step, tolerance):
    """Relative error of the gradient at one point, None where a value is not finite, and whether a kink is near."""
    slope, x = outputs(gradient, args)[g], args[position]
    error, kink = None, False
    for h in (step, step / 8):
        h *= max(1.0, abs(x))
        up, down = x + h, x - h
        middle, high, low = (float(outputs(function, (*args[:position], a, *args[position + 1 :]))[v])
                             for a in (x, up, down))  # fmt: skip
        right, left = (high - middle) / (up - x), (middle - low) / (x - down)
        central = (high - low) / (up - down)
        difference = abs(central - slope)
        if not math.isfinite(difference) or not math.isfinite(right - left):
            return None, False
        # What rounding alone can do to a difference quotient is no error of the gradient.
        noise = 1e-14 * max(abs(high), abs(low)) / h
        scale = max(abs(central), abs(slope), noise / tolerance, 1e-300)
        kink = difference > tolerance * scale and abs(right - left) >= 0.5 * difference
        if not kink:
            return difference / scale, False
        error = max(min(left, right) - slope, slope - max(left, right), 0.0) / scale
    return error, kink


def draw(rng, kinds, attempt):
    """Random inputs: small integers, and numbers from one range after another until the function is defined."""
    low, high = ((-2.0, 2.0), (0.2, 0.9), (1.2, 1.9), (-0.2, 0.2))[attempt % 4]
    return tuple(rng.uniform(low, high) if k == "float" else rng.randrange(3) if k == "int" else rng.random() < 0.5
                 for k in kinds)  # fmt: skip


def outputs(function, args):
    """The outputs as a list."""
    result = function(*args)
    result = result if isinstance(result, tuple) else (result,)
    return [r for group in result for r in (group if isinstance(group, tuple) else (group,))]


def scalar_check(program: Program, extra: Program | None, gradients: Sequence[tuple[int, str, int]]) -> list[str]:
    """The functions of the check, what it is to check, and the call: all clear of the names of the programs."""
    taken = {name for p in (program, extra) if p
             for name in (p.name, *(n for n, _ in (*p.helpers, *p.constants)), *(i.name for i in p.inputs))}
    names = {}
    for name in (*_FUNCTIONS, "KINDS", "PAIRS"):
        names[name] = name
        while names[name] in taken:
            names[name] += "_"
    section = "# -- the gradient check -------------------------------------------------------------------"
    functions = [re.sub(r"\w+", lambda m: names.get(m[0], m[0]), inspect.getsource(globals()[name]).strip("\n"))
                 for name in _FUNCTIONS]
    order = [i.name for i in program.inputs]
    kinds = [re.sub(r"\d*\[\]", "", i.type) for i in program.inputs]
    rows = [f"    {(program.outputs[v], v, x, order.index(x), g)!r}," for v, x, g in gradients]
    heads = "\n".join([f"{names['KINDS']} = {kinds!r}", f"{names['PAIRS']} = [", *rows, "]"])
    gradient = extra.name if extra else program.name
    call = (f"{names['check_gradients']}({program.name}, {gradient}, {names['PAIRS']}, {names['KINDS']}, "
            f"step={STEP!r}, tolerance={TOLERANCE!r})")
    return [section, *functions, heads, f'if __name__ == "__main__":\n    raise SystemExit({call})']
