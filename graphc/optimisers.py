"""Optimisers as they were published, one row each: what a step takes from a weight, and what it remembers.

A row's rule is `update(gradient, memory, t, settings)`: it gives what is subtracted from the weight and the new
memory, which starts as zeros; t counts from 1. A weight is a number or an array, and each has a memory of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import InputError, choose

Memory = tuple[Any, ...]
Update = Callable[[Any, Memory, int, Mapping[str, float]], tuple[Any, Memory]]


@dataclass(frozen=True)
class Optimiser:
    """One row: `slots` numbers are remembered for each weight, `settings` are those besides the rate, with defaults."""

    name: str
    title: str
    update: Update
    slots: int
    settings: Mapping[str, float]
    source: str


def _sgd(g: Any, memory: Memory, t: int, s: Mapping[str, float]) -> tuple[Any, Memory]:
    return s["rate"] * g, ()


def _momentum(g: Any, memory: Memory, t: int, s: Mapping[str, float]) -> tuple[Any, Memory]:
    v = s["beta"] * memory[0] + g
    return s["rate"] * v, (v,)


def _nesterov(g: Any, memory: Memory, t: int, s: Mapping[str, float]) -> tuple[Any, Memory]:
    v = s["beta"] * memory[0] + g
    return s["rate"] * (g + s["beta"] * v), (v,)


def _adagrad(g: Any, memory: Memory, t: int, s: Mapping[str, float]) -> tuple[Any, Memory]:
    total = memory[0] + g * g
    return s["rate"] * g / (np.sqrt(total) + s["eps"]), (total,)


def _rmsprop(g: Any, memory: Memory, t: int, s: Mapping[str, float]) -> tuple[Any, Memory]:
    mean = s["rho"] * memory[0] + (1 - s["rho"]) * g * g
    return s["rate"] * g / (np.sqrt(mean) + s["eps"]), (mean,)


def _adadelta(g: Any, memory: Memory, t: int, s: Mapping[str, float]) -> tuple[Any, Memory]:
    gradients = s["rho"] * memory[0] + (1 - s["rho"]) * g * g
    move = np.sqrt(memory[1] + s["eps"]) / np.sqrt(gradients + s["eps"]) * g
    return s["rate"] * move, (gradients, s["rho"] * memory[1] + (1 - s["rho"]) * move * move)


def _adam(g: Any, memory: Memory, t: int, s: Mapping[str, float]) -> tuple[Any, Memory]:
    m = s["beta1"] * memory[0] + (1 - s["beta1"]) * g
    v = s["beta2"] * memory[1] + (1 - s["beta2"]) * g * g
    unbiased_m, unbiased_v = m / (1 - s["beta1"] ** t), v / (1 - s["beta2"] ** t)
    return s["rate"] * unbiased_m / (np.sqrt(unbiased_v) + s["eps"]), (m, v)


_ADAM = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
OPTIMISERS = {row.name: row for row in (
    Optimiser("sgd", "SGD", _sgd, 0, {}, "Robbins and Monro 1951; Cauchy 1847, where the whole data is used"),
    Optimiser("momentum", "momentum", _momentum, 1, {"beta": 0.9}, "Polyak 1964, v ← βv + g, w ← w − ηv"),
    Optimiser("nesterov", "Nesterov", _nesterov, 1, {"beta": 0.9},
              "Nesterov 1983, as in Sutskever, Martens, Dahl and Hinton 2013, at the point looked ahead to"),
    Optimiser("adagrad", "AdaGrad", _adagrad, 1, {"eps": 1e-10}, "Duchi, Hazan and Singer 2011, the diagonal form"),
    Optimiser("rmsprop", "RMSProp", _rmsprop, 1, {"rho": 0.9, "eps": 1e-8}, "Tieleman and Hinton 2012, lecture 6e"),
    Optimiser("adadelta", "AdaDelta", _adadelta, 2, {"rho": 0.9, "eps": 1e-6}, "Zeiler 2012, algorithm 1"),
    Optimiser("adam", "Adam", _adam, 2, _ADAM, "Kingma and Ba 2015, algorithm 1"),
)}  # fmt: skip


def optimiser_named(name: object) -> Optimiser:
    """The row of that name. Raises InputError listing the known ones."""
    if not isinstance(name, str) or name not in OPTIMISERS:
        raise choose("optimiser", name, OPTIMISERS)
    return OPTIMISERS[name]


def settings_of(row: Optimiser, rate: float, given: Mapping[str, Any]) -> dict[str, float]:
    """The settings of a run: the rate, and the row's own with those that were given.

    Raises InputError for one that the optimiser does not have, or a number out of its range: the rate and eps are
    positive, the others in [0, 1).

    >>> settings_of(OPTIMISERS["momentum"], 0.1, {"beta": 0.5})
    {'rate': 0.1, 'beta': 0.5}
    """
    for name in given:
        if name not in row.settings:
            known = ", ".join(("rate", *row.settings))
            raise InputError(f"descend: {row.name} has no setting {name!r}; it has {known}")
    settings = {"rate": rate, **row.settings, **given}
    return {name: _checked(row, name, value) for name, value in settings.items()}


def _checked(row: Optimiser, name: str, value: Any) -> float:
    positive = name in ("rate", "eps")
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not (0 < number < float("inf") if positive else 0 <= number < 1):
        need = "a positive number" if positive else "a number from 0 to below 1"
        raise InputError(f"descend: the {name} of {row.name} is {need}, got {str(value)[:40]}")
    return number
