"""The gradient check that a saved module carries with it: its functions are copied there as they stand.

Central differences are compared with the gradient; where they disagree and the slopes to the left and to
the right differ by as much, the point sits on a kink (max, abs, ...) and other inputs are drawn.
"""

# Bare of type hints, so that the copy needs no import but NumPy.
# mypy: disallow-untyped-defs=False

import numpy as np


def check_gradients(function, gradient, pairs, inputs, step, tolerance, seed=0):
    """Print the largest error of each gradient; 0 when all are within tolerance, else 1.

    `pairs` are (value, index of it, input, position of it, index of the gradient); `inputs(scale)` gives the
    dtype and shape of each input. A value that is an array counts as its sum.
    """
    worst = 0.0
    for value, v, name, position, g in pairs:
        error, count = largest_error(function, gradient, v, position, g, inputs, step, tolerance, seed)
        if count == 0:
            print(f"gradient of {value} by {name}: no random inputs found where both are finite")
            error = np.inf
        else:
            entries = "1 entry" if count == 1 else f"{count} entries"
            print(f"gradient of {value} by {name}: largest error {error:.1e} in {entries}")
        worst = max(worst, error)
    verdict = "ok" if worst <= tolerance else "WRONG"
    print(f"largest error {worst:.1e}, tolerance {tolerance:.0e}: {verdict}")
    return 0 if worst <= tolerance else 1


def largest_error(function, gradient, v, position, g, inputs, step, tolerance, seed):
    """Largest error over up to 20 entries of one input at three draws, and how many were compared."""
    rng = np.random.default_rng(seed)
    worst, count, good = 0.0, 0, 0
    for attempt in range(30):
        args = draw(rng, inputs(1 if attempt < 15 else 4), attempt)
        values, gradients = outputs(function, args), outputs(gradient, args)
        if values is None or gradients is None:
            continue
        if not (np.all(np.isfinite(values[v])) and np.all(np.isfinite(gradients[g]))):
            continue
        x, slope = args[position], np.asarray(gradients[g], np.float64)
        entries = rng.permutation(x.size)[:20] if x.size else []
        errors = [entry_error(function, v, args, position, int(i), slope, step, tolerance) for i in entries]
        # The last draws stand as they are: a kink that is always there has any slope between its two.
        if not any(kink for _, kink in errors) or attempt in (14, 29):
            worst = max([worst, *(error for error, _ in errors)])
            count += max(len(errors), int(x.size == 0))
            good += bool(np.any(slope)) or x.size == 0  # where all is zero, nothing much was compared
        if good == 3 or worst > tolerance:
            break
    return worst, count


def entry_error(function, v, args, position, i, slope, step, tolerance):
    """Relative error of one entry of the gradient, and whether a kink is near."""
    x = args[position]
    if np.shape(slope) != np.shape(x):
        return np.inf, False
    # Between two kinks the slopes to both sides meet as the step shrinks; at a kink they never do.
    for h in (step, step / 8):
        high, low, right, left, central = slopes(function, v, args, position, i, h * max(1.0, abs(float(x.flat[i]))))
        # What rounding alone can do to a difference quotient is no error of the gradient.
        noise = 50 * np.finfo(x.dtype).eps * max(abs(high), abs(low)) / h
        scale = max(abs(central), float(np.max(np.abs(slope))), noise / tolerance, 1e-300)
        difference = abs(central - slope.flat[i])
        kink = not abs(right - left) < 0.5 * difference
        if difference <= tolerance * scale or not kink:
            return difference / scale, False
    outside = max(min(left, right) - slope.flat[i], slope.flat[i] - max(left, right), 0.0)
    return outside / scale, True


def slopes(function, v, args, position, i, h):
    """The values at +h and -h, and the slopes to the right, to the left and through both."""
    x = args[position]
    up, down = moved(x, i, h), moved(x, i, -h)
    middle, high, low = (total(function, v, (*args[:position], a, *args[position + 1 :])) for a in (x, up, down))
    ahead, behind = float(up.flat[i]) - float(x.flat[i]), float(x.flat[i]) - float(down.flat[i])
    return high, low, (high - middle) / ahead, (middle - low) / behind, (high - low) / (ahead + behind)


def draw(rng, types, attempt):
    """Random inputs: small integers, and numbers from one range after another until the function is defined."""
    args = []
    for dtype, shape in types:
        if dtype == "bool":
            x = rng.integers(0, 2, shape) > 0
        elif dtype.startswith("int"):
            x = rng.integers(0, (2, 1, 3)[attempt % 3], shape)
        else:
            x = real(rng, shape, attempt % 5)
        args.append(np.array(x, dtype))
    return tuple(args)


def real(rng, shape, kind):
    if kind == 0:
        return rng.normal(size=shape)
    if kind in (1, 2):
        return rng.uniform(0.2, 0.9, shape) + (kind == 2)
    if kind == 3 and len(shape) >= 2 and shape[-1] == shape[-2]:
        a = rng.normal(size=shape)
        return a @ np.swapaxes(a, -1, -2) + shape[-1] * np.eye(shape[-1])  # positive definite
    return 0.1 * rng.normal(size=shape)


def moved(x, i, h):
    """x with h added to its entry i."""
    x = np.array(x)
    x.flat[i] += h
    return x


def total(function, v, args):
    values = outputs(function, args)
    return np.nan if values is None else float(np.sum(np.asarray(values[v], np.float64)))


def outputs(function, args):
    """The outputs as a list; None where the function refuses the arguments."""
    try:
        with np.errstate(all="ignore"):
            result = function(*args)
    except (IndexError, ValueError, ZeroDivisionError, np.linalg.LinAlgError):
        return None
    result = result if isinstance(result, tuple) else (result,)
    return [r for group in result for r in (group if isinstance(group, tuple) else (group,))]
