"""The nine workloads: value and gradients of a loss, declared in graphc and written by hand.

Each module offers

    TITLE, WRT                  what it is, and the inputs by which the loss is differentiated, in order
    data(dtype, small, ...)     the inputs by name, in order; `small` for tests
    declare(arrays)             the loss in graphc, as a user writes it
    plain(**arrays)             clear NumPy: a call without arguments that gives (value, gradients)
    optimised(**arrays)         the same with everything known about fast NumPy, and no loss of accuracy
    model(xp, **arrays)         the loss over a NumPy-like namespace, for autograd, JAX and PyTensor
    torch_model(torch, **arrays)

and where a peer needs its own spelling `jax_model` or `pytensor_model`; more hand-written versions stand in `VARIANTS`
(name -> function like `plain`). The optimised versions own buffers that the next call overwrites, as someone who
writes them by hand does; graphc's results are fresh.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from . import w1, w2, w3, w4, w5, w5a, w6, w7, w8, w9

Array = np.ndarray[Any, Any]
WORKLOADS: dict[str, tuple[ModuleType, dict[str, Any]]] = {
    "W1": (w1, {}),
    "W2": (w2, {}),
    "W3": (w3, {}),
    "W3b16": (w3, {"batch": 16}),
    "W4": (w4, {}),
    "W5": (w5, {}),
    "W5a": (w5a, {}),
    "W6": (w6, {}),
    "W7": (w7, {}),
    "W8": (w8, {}),
    "W9": (w9, {}),
}
