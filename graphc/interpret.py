"""A node as a Python function: the NumPy spelling of its op's row, which is the one meaning an op has in numbers.

The text is the row's own and the attributes have been checked by the row; nobody else's text gets here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from .ir import Expr


def numpy_function(node: Expr, sizes: Mapping[str, int] | None = None) -> Callable[..., Any]:
    """The node's operation as a function of its operands; `sizes` are the named sizes that its spelling may read.

    >>> import graphc as G
    >>> x, y = G.inputs("x y")
    >>> numpy_function(G.maximum(x, y))(2.0, 3.0)
    np.float64(3.0)
    """
    row = node.op.numpy
    template = row if isinstance(row, str) else row(node)
    names = _operands(len(node.args))
    text = template.format(*names, **node.op.named_attrs(node))
    return _function(text, len(names), node.op.helpers(node), tuple((sizes or {}).items()))


def _operands(count: int) -> list[str]:
    return [f"_operand{i}_" for i in range(count)]  # no size can have such a name by chance


@lru_cache(maxsize=4096)
def _function(text: str, count: int, sources: tuple[str, ...],
              sizes: tuple[tuple[str, int], ...]) -> Callable[..., Any]:
    helpers: dict[str, Any] = {"np": np}
    for source in sources:
        exec(source, helpers)  # in a scope of its own: a size may be called as one of Python's functions
    scope = dict(sizes) | helpers
    exec(f"def step({', '.join(_operands(count))}):\n    return {text}\n", scope)
    step: Callable[..., Any] = scope["step"]
    return step
