"""A function of one number, sampled: its curve is cut where it jumps, and each jump is found to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dims import value_of
from ..errors import GraphcError, InputError
from ..formula import format_node
from ..interpret import numpy_function
from ..ir import Expr, lift, postorder
from ..lang.declare import input as declared
from ..lang.reduction import sum as total
from ..reverse import gradients
from .chart import Array

Numeric = Callable[[Array], Array]
SMALL = 1e-3  # of the height of the curve: a jump that can be seen
HALVINGS = 200
POLE = 1e6  # a limit, taken a billionth off, beyond which there is none


@dataclass(frozen=True)
class Jump:
    """Where a function jumps: its limits to both sides, and its value there."""

    x: float
    left: float
    value: float
    right: float


@dataclass(frozen=True)
class Sampled:
    """Points of a curve, nan between the sides of a jump."""

    x: Array
    y: Array
    jumps: tuple[Jump, ...]


def sampled(function: Callable[..., Any], span: tuple[float, float], count: int,
            derivative: bool, lang: str = "en") -> tuple[str, str, Sampled, Sampled | None]:
    """Its label, its name, its curve, and that of its derivative.

    Raises InputError for what is not an elementwise function of one number.
    """
    x = declared("x", "n")
    name = str(getattr(function, "__name__", f"a {type(function).__name__}"))
    try:
        y = lift(function(x), "draw")
    except GraphcError:
        raise
    except Exception as error:
        why = f"{type(error).__name__}: {str(error)[:80]}"
        raise InputError(f"draw: {name} is no function of one Expr: {why}") from None
    if y.shape != x.shape or not y.type.is_float:
        raise InputError(f"draw: {name} is not elementwise: it makes {y.type} of {x.type}")
    label, spoken = _NAMES.get(name, name), name
    if not name.isidentifier():  # a lambda or a partial is called by its formula
        formula = lift(function(declared("x")))
        tex, spoken = format_node(formula, "latex", lang=lang), format_node(formula, "unicode", limit=60, lang=lang)
        label = f"${tex}$" if len(tex) < 90 and r"\begin" not in tex else spoken
    value = _numeric(y, x)
    slope = _numeric(gradients(total(y), x), x) if derivative else None
    return label, spoken, _cut(value, span, count), None if slope is None else _cut(slope, span, count)


_NAMES = {"relu": "ReLU", "relu6": "ReLU6", "leaky_relu": "leaky ReLU", "prelu": "PReLU", "elu": "ELU", "selu": "SELU",
          "celu": "CELU", "gelu": "GELU", "silu": "SiLU", "swish": "Swish", "mish": "Mish", "hardtanh": "hard tanh"}


def _numeric(y: Expr, x: Expr) -> Numeric:
    """y as a function of an array, by the NumPy spelling of each row."""
    order = postorder([y])

    def at(points: Array) -> Array:
        sizes = {"n": len(points)}
        known: dict[Expr, Any] = {x: points}
        with np.errstate(all="ignore"):
            for node in order:
                if node in known:
                    continue
                if node.args:
                    known[node] = numpy_function(node, sizes)(*[known[a] for a in node.args])
                else:
                    known[node] = _leaf(node, sizes)
        return np.broadcast_to(np.asarray(known[y], dtype=float), points.shape)

    return at


def _leaf(node: Expr, sizes: dict[str, int]) -> Any:
    if node.op.name == "const":
        value = node.attrs[0].value
        return value.item() if node.type.weak else value
    if node.op.name == "size":
        return value_of(node.attrs[0], sizes)
    raise InputError(f"draw: the function also depends on {node!r}; give it a value")


def _cut(f: Numeric, span: tuple[float, float], count: int) -> Sampled:
    xs = np.linspace(*span, count + 1)
    ys = f(xs)
    finite = ys[np.isfinite(ys)]
    seen = SMALL * max(float(np.ptp(finite)) if finite.size else 0.0, 1e-9)
    jumps: list[Jump] = []
    poles: list[float] = []
    for i in np.flatnonzero(np.abs(np.diff(ys)) > seen):
        jump = _jump(f, float(xs[i]), float(xs[i + 1]), seen)
        if jump is not None and not max(abs(jump.left), abs(jump.right)) < POLE:
            poles.append(jump.x)
        elif jump is not None and all(abs(jump.x - j.x) > 1e-9 for j in jumps):
            jumps.append(jump)
    if poles:  # cut there, and drawn as far as the rest is clear
        high = 3 * float(np.percentile(np.abs(finite), 80))
        ys = np.where(np.abs(ys) <= high, ys, np.nan)
        places = np.searchsorted(xs, poles)
        xs, ys = np.insert(xs, places, poles), np.insert(ys, places, np.nan)
    for jump in jumps:
        keep = np.abs(xs - jump.x) > 1e-9  # the point itself is drawn by itself
        xs, ys = xs[keep], ys[keep]
        here = np.searchsorted(xs, jump.x)
        xs = np.insert(xs, here, [jump.x] * 3)
        ys = np.insert(ys, here, [jump.left, np.nan, jump.right])
    return Sampled(xs, ys, tuple(jumps))


def _jump(f: Numeric, low: float, high: float, seen: float) -> Jump | None:
    """The jump between two points, if the difference stays as they close in on each other."""
    at_low, at_high = f(np.array([low, high]))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        value = f(np.array([middle]))[0]
        if abs(value - at_low) >= abs(at_high - value):
            high, at_high = middle, value
        else:
            low, at_low = middle, value
        if abs(at_high - at_low) <= seen:
            return None
    # The limits are taken a little way off; x is the short decimal number among the two ends, if there is one.
    x = round(low, 12) if abs(round(low, 12) - low) < 1e-12 else low
    step = 1e-9 * max(1.0, abs(x))
    left, value, right = (float(v) for v in f(np.array([x - step, x, x + step])))
    return Jump(x + 0.0, _short(left), _short(value), _short(right))


def _short(value: float) -> float:
    """A limit taken a little way off, as the number it is near."""
    near = round(value, 6)
    return near + 0.0 if abs(near - value) < 1e-7 else value
