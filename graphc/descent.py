"""Descent: a compiled loss walked down step by step, for lectures and small experiments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .compiled import Function, build
from .errors import InputError, LimitExceeded
from .history import History
from .ir import VARIABLES, Expr, postorder, variables
from .optimisers import Optimiser, optimiser_named, settings_of
from .reverse import backward
from .signature import key_name, suggestion

MOST = 20_000_000  # numbers that a history may hold


def descend(f: Expr, *, at: Mapping[Any, Any], wrt: Any = None, data: Mapping[Any, Any] | None = None,
            optimiser: str = "sgd", rate: float = 0.1, steps: int = 100, label: str | None = None,
            **settings: float) -> History:
    """The history of a descent of the scalar `f` from `at`.

    `wrt` (Exprs or names, by default every parameter of `f`) are moved from their values in `at`; everything else keeps
    its value, in `data` or in `at` (keys are Exprs or names). `optimiser`, with its settings (η is `rate`, g the
    gradient):

    | optimiser | a step | settings |
    |---|---|---|
    | sgd | w ← w − ηg | |
    | momentum | v ← βv + g, w ← w − ηv (Polyak 1964) | beta=0.9 |
    | nesterov | v ← βv + g, w ← w − η(g + βv) (Nesterov 1983; Sutskever et al. 2013) | beta=0.9 |
    | adagrad | s ← s + g², w ← w − ηg/(√s + ε) (Duchi et al. 2011) | eps=1e-10 |
    | rmsprop | s ← ρs + (1 − ρ)g², w ← w − ηg/(√s + ε) (Tieleman and Hinton 2012, lecture 6e) | rho=0.9, eps=1e-8 |
    | adadelta | s as rmsprop, d = g√(u + ε)/√(s + ε), u ← ρu + (1 − ρ)d², w ← w − ηd (Zeiler 2012) | rho, eps=1e-6 |
    | adam | m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − ηm̂/(√v̂ + ε) (Kingma and Ba 2015) | beta1, beta2, eps |

    The whole of `data` is used at each step, so a run is the same every time. It ends early, and says so in `diverged`,
    where loss or gradients are no longer finite. `label` is its name in a figure.

    Raises InputError for an unknown optimiser, setting or name, or a missing value; ShapeError and DTypeError as a
    compiled function; LimitExceeded where the history would hold more than 20 million numbers.

    >>> import graphc as G
    >>> w = G.param("w")
    >>> history = G.descend((w - 3)**2, at={w: 0}, rate=0.25, steps=3)
    >>> history.values["w"], history.losses
    (array([0.   , 1.5  , 2.25 , 2.625]), array([9.      , 2.25    , 0.5625  , 0.140625]))
    """
    row = optimiser_named(optimiser)
    chosen = settings_of(row, rate, settings)
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 0:
        raise InputError(f"descend: steps is a number of steps from 0, got {str(steps)[:40]!r}")
    found = backward(f, [wrt] if isinstance(wrt, (Expr, str)) else wrt)
    weights = _weights(found.wrt)
    given = _given(f, at, data or {})
    for name in weights:
        if name not in given:
            raise InputError(f"descend: no value of {name} to start from; give it in at=")
    held = (int(steps) + 1) * 2 * sum(np.size(given[name]) for name in weights)
    if held > MOST:
        raise LimitExceeded(f"descend: {steps} steps would hold {held:,} numbers; the bound is {MOST:,}")
    build_of = build([f, *found.gradients], None, "fast", "numpy", "f", True, grouped=True, pairs=[])
    fixed = {name: value for name, value in given.items() if name not in weights}
    starts = {name: np.asarray(given[name], dtype=w.dtype) for name, w in weights.items()}
    losses, values, gradients, diverged = _walked(build_of, fixed, starts, row, chosen, int(steps))
    loss = build([f], None, "fast", "numpy", "f", True, single=True)
    shown = f.label or "f"
    return History(shown, row.name, row.title, chosen, losses, values, gradients, _LossAt(loss, fixed), label, diverged)


class _LossAt:
    """The loss at other weights: a class, so that a history can be pickled."""

    def __init__(self, loss: Function, fixed: Mapping[str, Any]) -> None:
        self.loss, self.fixed = loss, dict(fixed)

    def __call__(self, values: Mapping[str, Any]) -> float:
        return float(self.loss({**self.fixed, **values}))


def _weights(wrt: Any) -> dict[str, Expr]:
    for w in wrt:
        if w.op.name not in VARIABLES or not w.label or not w.type.is_float:
            raise InputError(f"descend: {w!r} is no input or parameter of numbers, so nothing can move it")
    if not wrt:
        raise InputError("descend: there is no weight to move; declare one with G.param, or list it in wrt=")
    return {w.label: w for w in wrt}


def _given(f: Expr, at: Mapping[Any, Any], data: Mapping[Any, Any]) -> dict[str, Any]:
    """The values of all inputs by name, those of `at` and of `data` together."""
    known = [v.label or "" for v in variables(postorder([f]))]
    given: dict[str, Any] = {}
    for mapping, who in ((at, "at"), (data, "data")):
        if not isinstance(mapping, Mapping):
            raise InputError(f"descend: {who} maps names to values, got {type(mapping).__name__}")
        for key, value in mapping.items():
            name = key_name(key, f"descend: {who}")
            if name not in known:
                raise InputError(f"descend: {who}: no input {name!r} in this graph{suggestion(name, known)}; "
                                 f"it has {', '.join(known) or 'none'}")
            if name in given:
                raise InputError(f"descend: {name} has a value in at and one in data; give one")
            given[name] = value
    return given


def _walked(function: Function, fixed: Mapping[str, Any], weights: dict[str, Any], row: Optimiser,
            settings: Mapping[str, float], steps: int) -> tuple[Any, dict[str, Any], dict[str, Any], bool]:
    memory = {name: (np.zeros_like(w),) * row.slots for name, w in weights.items()}
    losses: list[float] = []
    values: dict[str, list[Any]] = {name: [] for name in weights}
    gradients: dict[str, list[Any]] = {name: [] for name in weights}
    diverged = False
    with np.errstate(all="ignore"):
        for t in range(1, steps + 2):
            loss, slopes = function({**fixed, **weights})
            finite = np.isfinite(loss) and all(np.isfinite(g).all() for g in slopes)
            if not finite and losses:
                diverged = True
                break
            losses.append(float(loss))
            for (name, w), g in zip(weights.items(), slopes):
                values[name].append(w)
                gradients[name].append(g)
            if not finite:
                diverged = True
                break
            for (name, w), g in zip(list(weights.items()), slopes):
                move, memory[name] = row.update(g, memory[name], t, settings)
                weights = {**weights, name: np.asarray(w - move, dtype=w.dtype)}
    stacked = [{name: np.stack(path) for name, path in paths.items()} for paths in (values, gradients)]
    return np.array(losses), stacked[0], stacked[1], diverged
