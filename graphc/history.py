"""What a descent went through: the weights, the loss and the gradients at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import InputError

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Step:
    """One step: the weights as they stand before it, the loss and the gradients there, each by name."""

    values: Mapping[str, Any]
    loss: float
    gradients: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class History:
    """A descent of `steps` steps, and so of steps + 1 points: `history[0]` is the start, `history[-1]` the end.

    `losses` is an array of steps + 1 numbers; `values[name]` and `gradients[name]` have an axis of that length before
    those of the weight. `diverged` tells that it ended early because loss or gradients were no longer finite.
    `loss_at(values)` is the loss at other weights, with the data of the descent. `G.draw(history)` draws it.

    >>> import graphc as G
    >>> w = G.param("w")
    >>> history = G.descend((w * w).named("L"), at={w: 4}, rate=0.25, steps=2)
    >>> history, history.final
    (<History of L by sgd: 2 steps, 16 to 1>, {'w': np.float64(1.0)})
    >>> history[1]
    Step(values={'w': np.float64(2.0)}, loss=4.0, gradients={'w': np.float64(4.0)})
    """

    name: str  # of the loss
    optimiser: str
    title: str  # of the optimiser, as it is written
    settings: Mapping[str, float]
    losses: Array
    values: Mapping[str, Array]
    gradients: Mapping[str, Array]
    loss_at: Callable[[Mapping[str, Any]], float]
    label: str | None = None
    diverged: bool = False

    @property
    def steps(self) -> int:
        """The number of steps taken."""
        return len(self.losses) - 1

    @property
    def final(self) -> dict[str, Any]:
        """The weights at the end, by name."""
        return dict(self[-1].values)

    def __len__(self) -> int:
        return len(self.losses)

    def __getitem__(self, i: int) -> Step:
        if not -len(self) <= i < len(self):
            raise IndexError(f"step {i} of a descent of {self.steps} steps")
        return Step({n: v[i] for n, v in self.values.items()}, float(self.losses[i]),
                    {n: g[i] for n, g in self.gradients.items()})

    def __iter__(self) -> Iterator[Step]:
        return (self[i] for i in range(len(self)))

    def numbers(self) -> dict[str, Array]:
        """The path of each single number that was moved: `w`, or `W[0,1]` of an array, to steps + 1 values."""
        found: dict[str, Array] = {}
        for name, path in self.values.items():
            for index in np.ndindex(path.shape[1:]):
                found[name + (f"[{','.join(map(str, index))}]" if index else "")] = path[(slice(None), *index)]
        return found

    def loss_of(self, numbers: Mapping[str, float]) -> float:
        """The loss where the numbers of `numbers()` stand as given. Raises InputError for a missing one."""
        values: dict[str, Any] = {}
        for name, path in self.values.items():
            array = np.empty(path.shape[1:])
            for index in np.ndindex(array.shape):
                key = name + (f"[{','.join(map(str, index))}]" if index else "")
                if key not in numbers:
                    raise InputError(f"the loss needs a value of {key}")
                array[index] = numbers[key]
            values[name] = array[()]
        return self.loss_at(values)

    def __repr__(self) -> str:
        end = ", diverged" if self.diverged else ""
        return (f"<History of {self.name} by {self.optimiser}: {self.steps} steps, "
                f"{self.losses[0]:.6g} to {self.losses[-1]:.6g}{end}>")
