"""Shared by all tests: a deterministic hypothesis profile, and `run`, a small interpreter of graphs.

`run` executes the NumPy spelling of each row by itself and checks every value on the way against the
type that the row declared, so a test that runs a graph also tests the type rules of all its nodes.
It knows nothing of the lowering or the emitted code, which are tested against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from graphc.dims import value_of
from graphc.ir import VARIABLES, Expr, postorder
from graphc.types import TupleType

settings.register_profile("deterministic", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("deterministic")


def _sizes(order: Sequence[Expr], values: Mapping[str, Any]) -> dict[str, int]:
    """Each named size: given outright, or read off the first input that has an axis of just that name."""
    sizes = {name: value for name, value in values.items() if isinstance(value, int)}  # given outright
    for node in order:
        if node.op.name in VARIABLES:
            for axis, size in enumerate(node.shape):
                if getattr(size, "name", None):
                    sizes.setdefault(size.name, np.shape(values[node.label])[axis])
    return sizes


def _leaf(node: Expr, values: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
    if node.op.name in VARIABLES:
        return np.asarray(values[node.label], node.dtype)[()]
    if node.op.name == "size":
        return value_of(node.attrs[0], sizes)
    return node.attrs[0].value.item() if node.type.weak else node.attrs[0].value[()]


def _spelling(node: Expr) -> str:
    numpy = node.op.numpy
    template = numpy if isinstance(numpy, str) else numpy(node)
    return template.format(*[f"a{i}" for i in range(len(node.args))], **node.op.named_attrs(node))


def _check(node: Expr, value: Any, sizes: Mapping[str, int]) -> None:
    if isinstance(node.type, TupleType):
        assert isinstance(value, tuple)
        assert len(value) == len(node.type.items)
        return  # each result that is used is checked as an item
    shape = tuple(value_of(s, sizes) for s in node.shape)
    assert np.shape(value) == shape, f"{node!r} declared shape {shape}, NumPy gave {np.shape(value)}"
    dtype = np.asarray(value).dtype
    assert node.type.weak or dtype == node.dtype, f"{node!r} declared {node.dtype}, NumPy gave {dtype}"


def run_graph(outputs: Any, values: Mapping[str, Any]) -> Any:
    """The values of one Expr or of a list, at the given inputs by name."""
    tops = [outputs] if isinstance(outputs, Expr) else list(outputs)
    order = postorder(tops)
    sizes = _sizes(order, values)
    space: dict[str, Any] = {"np": np}
    done: dict[Expr, Any] = {}
    for node in order:
        if not node.args:
            done[node] = _leaf(node, values, sizes)
            continue
        for source in node.op.helpers(node):
            exec(source, space)
        operands = {f"a{i}": done[a] for i, a in enumerate(node.args)}
        done[node] = eval(_spelling(node), space, {**sizes, **operands})
        _check(node, done[node], sizes)
    found = [done[top] for top in tops]
    return found[0] if isinstance(outputs, Expr) else found


@pytest.fixture(scope="session")
def run() -> Callable[..., Any]:
    """`run(expr_or_list, x=..., N=...)`: values of a graph by the rows' own NumPy spelling.

    A named size that no input has an axis of is given as an int.
    """
    return lambda outputs, **values: run_graph(outputs, values)


def central_difference(of: Callable[[Any], float], at: Any, step: float = 1e-6) -> Any:
    """The gradient of a scalar function of one array, by central differences."""
    point = np.array(at, dtype="float64")
    slope = np.zeros_like(point)
    for i in np.ndindex(point.shape):
        ahead, behind = point.copy(), point.copy()
        ahead[i] += step
        behind[i] -= step
        slope[i] = (of(ahead) - of(behind)) / (2 * step)
    return slope


@pytest.fixture(scope="session")
def differences() -> Callable[..., Any]:
    """`differences(function, array)`: central differences of a scalar function."""
    return central_difference
