"""Random typed graphs over every row of the op table.

A graph grows in steps. A step takes a case of `op_cases`, which knows how to build a node of its row, the shapes that
fit together and the range of its operands, and gives it values that are there already: cast, reshaped and
brought into the range where need be. So a new row is drawn as soon as it has cases. Other steps write algebra that the
rewrite rules look for. All choices come from one source of small integers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from graph_checks import Disagreement, Graph, dims_in, python_source, value_at
from op_cases import CASES, SIZES, Case

import graphc as G
from graphc.dims import Dim, as_size, size_names
from graphc.ir import VARIABLES, Expr, item, postorder
from graphc.types import TupleType

NAMES = tuple(CASES)
STEPS = 10
LARGEST = 1e4  # of a value that goes on


class Choices(Protocol):
    """Where the choices of a graph come from. 0 is the simplest one."""

    def integer(self, high: int) -> int:
        """One of 0, ..., high."""
        ...


class Seeded:
    """Choices of a seeded generator."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def integer(self, high: int) -> int:
        return int(self.rng.integers(0, high + 1))


# -- algebra that the rules look for ----------------------------------------------------------------------------------

ONE: list[Callable[[Any], Any]] = [
    lambda x: x + 0, lambda x: 1 * x, lambda x: x * 2, lambda x: -1 * -x, lambda x: x + x, lambda x: x * x,
    lambda x: x - x, lambda x: x * 0, lambda x: x / 1, lambda x: x**2, lambda x: x**1, lambda x: 2 * x + 3 * x,
    lambda x: x * -1 + 1, lambda x: G.log(G.exp(x)), lambda x: G.exp(G.log(1 + x * x)), lambda x: G.sqrt(1 + x * x),
    lambda x: 1 / (1 + G.exp(-x)), lambda x: G.log(1 + G.exp(x)), lambda x: G.log(G.sigmoid(x)),
    lambda x: G.sigmoid(x) * (1 - G.sigmoid(x)), lambda x: 1 - G.tanh(x) ** 2, lambda x: G.exp(x) - 1,
    lambda x: G.relu(G.relu(x)), lambda x: G.relu(x) - G.relu(-x), lambda x: abs(x) * G.sign(x), lambda x: x.T.T,
    lambda x: G.reshape(G.reshape(x, (-1,)), x.shape), lambda x: G.sum(x) + x, lambda x: G.mean(x) * x,
    lambda x: G.where(x > 0, x, 0.5 * x), lambda x: G.maximum(x, 0.25), lambda x: G.sum(x * x), G.max,
    lambda x: (x > 0) * x, lambda x: G.exp(x) / (1 + G.exp(x)), lambda x: x / (2 + x * x) * (2 + x * x),
]  # fmt: skip
TWO: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x + y, lambda x, y: x * y, lambda x, y: x - y, lambda x, y: (x + y) - y, lambda x, y: x * y + x * y,
    lambda x, y: x / (1 + y * y), G.maximum, G.minimum, lambda x, y: G.where(x > y, x, 2 * y),
    lambda x, y: x * (y + 1) + x * (y - 1), lambda x, y: (x * 2) * (y * 3), lambda x, y: -(x - y),
    lambda x, y: G.log(G.exp(x) + G.exp(y)), lambda x, y: G.sqrt(1 + x * x + y * y), lambda x, y: x * y / (2 + y * y),
    lambda x, y: G.exp(x) * G.exp(y), lambda x, y: (x > y) * x + (x <= y) * y,
]  # fmt: skip
SHAPES: list[tuple[Any, ...]] = [(3,), (), (2, 3), ("N", 3), (2, 1, 3)]
NUMBERS = (0.0, 1.0, -1.0, 2.0, 0.5)


# -- growing a graph --------------------------------------------------------------------------------------------------


class Grower:
    """Grows one graph, and knows the value of every node on the way."""

    def __init__(self, choices: Choices, first: str | None = None, most: int = STEPS) -> None:
        self.choices, self.first, self.most = choices, first, most
        self.rng = np.random.default_rng(choices.integer(9_999))
        self.values: dict[str, Any] = {}
        self.known: dict[Expr, Any] = {}
        self.pool: list[Expr] = []
        self.ops: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def pick(self, options: Sequence[Any]) -> Any:
        return options[self.choices.integer(len(options) - 1)]

    def grow(self) -> Graph:
        self.pool.append(self.fresh(CASES["add"][0], "number", self.pick(SHAPES), "float64"))
        for k in range(1 + self.choices.integer(self.most - 1)):
            node = self.step(k)
            if node is not None and self.usable(node):
                self.pool.append(self.named(node, k))
        outputs = [self.pool[-1]]
        floats = [x for x in self.pool if x.type.is_float]
        if floats and (not outputs[0].type.is_float or self.choices.integer(1)):
            outputs.append(self.pick(floats))
        return Graph(self.anchored(outputs), self.needed(outputs), self.ops, self.refused)

    def step(self, k: int) -> Expr | None:
        kind = self.choices.integer(3) if k or not self.first else 0
        if kind <= 1:
            return self.case_step(k)
        x = self.pick(self.pool)
        if not x.type.is_float or not np.size(self.known[x]):
            return None
        if kind == 2:
            return self.built("algebra", self.pick(ONE), [x])
        fitting = [x, *(y for y in self.pool if y.type.is_float and (y.shape == x.shape or not y.ndim))]
        return self.built("algebra", self.pick(TWO), [x, self.pick(fitting)])

    def case_step(self, k: int) -> Expr | None:
        name = self.first if self.first and k == 0 else self.pick(NAMES)
        case: Case = self.pick(CASES[name])
        shapes = self.pick(case.shapes)
        kinds = case.kinds or ("number",) * len(shapes)
        dtype = self.pick(("float64",) * 12 + ("float32", "int64", "int32"))
        dtypes = [("bool" if kind == "bool" else dtype) for kind in kinds]
        operands = [self.operand(case, kind, shape, d) for kind, shape, d in zip(kinds, shapes, dtypes)]
        return self.built(name, case.build, operands)

    def built(self, name: str, build: Callable[..., Any], operands: Sequence[Expr]) -> Expr | None:
        try:
            node = build(*operands)
        except G.GraphcError as error:
            if all(x.type.dtype == "float64" for x in operands):
                self.refused[f"{name}: {type(error).__name__} {str(error)[:200]}"] += 1
            return None
        except Exception as error:
            types = ", ".join(str(x.type) for x in operands)
            raise Disagreement("declaring", f"{name} of {types}: {error!r}", self.written(operands)) from error
        if isinstance(node.type, TupleType):
            node = item(node, self.choices.integer(len(node.type.items) - 1))
        try:
            self.evaluate(node)
        except np.linalg.LinAlgError:  # a matrix that happens to be singular
            return None
        self.ops[name] += 1
        return node

    def evaluate(self, node: Expr) -> None:
        for n in postorder([node]):
            if n not in self.known:
                try:
                    with np.errstate(all="ignore"):
                        self.known[n] = value_at(n, [self.known[a] for a in n.args])
                except np.linalg.LinAlgError:
                    raise
                except Exception as error:
                    raise Disagreement("running", f"{n.op.name}: {error!r}", self.written([n])) from error

    def written(self, nodes: Sequence[Expr]) -> str:
        return python_source(nodes, self.needed(nodes))

    def usable(self, node: Expr) -> bool:
        """Finite and of moderate size: what is not may be right, but says little about the rest."""
        value = np.asarray(self.known[node])
        return value.dtype.kind != "f" or bool(np.isfinite(value).all() and (np.abs(value) < LARGEST).all())

    def named(self, node: Expr, k: int) -> Expr:
        if node.label is not None or not node.args or self.choices.integer(5):
            return node
        named = node.named(f"v{k}")
        self.known[named] = self.known[node]
        return named

    # -- operands

    def operand(self, case: Case, kind: str, shape: tuple[Any, ...], dtype: str) -> Expr:
        sizes = tuple(as_size(s) for s in shape)
        if kind not in ("number", "bool"):
            return self.fresh(case, kind, shape, dtype)
        how = self.choices.integer(7) if 0 not in sizes else 0  # a scalar would lose its value in an empty array
        if how == 7 and kind == "number" and dtype.startswith("float"):
            return self.constant(case, sizes, dtype)
        same = [x for x in self.pool if x.shape == sizes and self.fits(case, x, dtype)]
        if how and same:
            return self.ranged(case, self.pick(same), dtype)
        if how and dtype.startswith("float"):
            other = [x for x in self.pool if x.type.is_float]
            if other:
                return self.ranged(case, self.shaped(self.pick(other), sizes), dtype)
        if how and dtype == "bool":
            number = [x for x in self.pool if x.type.is_float and x.shape == sizes]
            if number:
                return self.kept(self.pick(number) > 0.1)
        return self.fresh(case, kind, shape, dtype)

    def fits(self, case: Case, x: Expr, dtype: str) -> bool:
        if dtype.startswith("float"):
            return x.type.is_float
        value = np.asarray(self.known[x])
        return x.type.dtype == dtype and (dtype == "bool" or bool(((value >= 1) & (value <= 3)).all()))

    def kept(self, node: Expr) -> Expr:
        self.evaluate(node)
        return node

    def shaped(self, x: Expr, shape: tuple[Any, ...]) -> Expr:
        """`x`, or what becomes of it in that shape: the same elements, or their mean everywhere."""
        count = x.type.size
        if x.shape == shape:
            return x
        if count == _product(shape):
            return self.kept(G.reshape(x, shape))
        whole = x if not x.ndim else G.mean(x) if np.size(self.known[x]) else G.sum(x)
        return self.kept(G.broadcast_to(whole, shape))

    def ranged(self, case: Case, x: Expr, dtype: str) -> Expr:
        """`x` in the range of the case, by a tanh where it is outside."""
        if not dtype.startswith("float"):
            return x
        value = np.asarray(self.known[x])
        if not (((value >= case.low) & (value <= case.high)).all()):
            x = (case.low + case.high) / 2 + 0.49 * (case.high - case.low) * G.tanh(x)
        return self.kept(x.astype(dtype) if x.type.dtype != dtype else x)

    def constant(self, case: Case, shape: tuple[Any, ...], dtype: str) -> Expr:
        allowed = [c for c in NUMBERS if case.low <= c <= case.high] or [(case.low + case.high) / 2]
        number = np.dtype(dtype).type(self.pick(allowed))
        if not shape:
            return self.kept(G.const(number))
        if all(isinstance(s, int) for s in shape) and self.choices.integer(1):
            values = self.rng.uniform(case.low, case.high, shape)
            return self.kept(G.const(np.round(np.clip(values, case.low, case.high), 3).astype(dtype)))
        return self.kept(G.broadcast_to(number, shape))

    def fresh(self, case: Case, kind: str, shape: tuple[Any, ...], dtype: str) -> Expr:
        name = f"x{len(self.values)}"
        self.values[name] = numbers(self.rng, tuple(SIZES.get(str(s), s) for s in shape), dtype, case, kind)
        node = G.input(name, *shape, dtype=dtype)
        self.known[node] = self.values[name]
        return node

    def anchored(self, outputs: list[Expr]) -> list[Expr]:
        """The outputs, and an input for each named size that no other input tells."""
        order = postorder(outputs)
        told = {s.name for n in order if n.op.name in VARIABLES for s in n.shape if isinstance(s, Dim)}
        sizes = [s for n in order for s in (*n.shape, *dims_in(n.attrs)) if isinstance(s, Dim)]
        for name in dict.fromkeys(n for s in sizes for n in size_names(s)):
            if name not in told:
                anchor = f"anchor_{name}"
                self.values[anchor] = np.arange(1.0, SIZES[name] + 1)
                outputs = [*outputs, G.sum(G.input(anchor, name))]
        return outputs

    def needed(self, outputs: Sequence[Expr]) -> dict[str, Any]:
        labels = {n.label for n in postorder(outputs) if n.op.name in VARIABLES}
        return {name: value for name, value in self.values.items() if name in labels or name.startswith("anchor_")}


def grow(choices: Choices, first: str | None = None, most: int = STEPS) -> Graph:
    """A random graph of at most that many steps; `first` is the op of the first one."""
    return Grower(choices, first, most).grow()


def numbers(rng: np.random.Generator, shape: tuple[int, ...], dtype: str, case: Case, kind: str) -> Any:
    """The value of an input: in the range of the case and of few digits, so that a failing graph can be read."""
    if dtype == "bool":
        return np.asarray(rng.random(shape) < 0.5)
    if dtype.startswith("int"):
        return np.asarray(rng.integers(1, 4, shape)).astype(dtype)
    values = np.round(rng.uniform(case.low, case.high, shape), 3)
    return np.asarray(np.clip(values, case.low, case.high)).astype(dtype)


def _product(shape: Iterable[Any]) -> Any:
    total: Any = 1
    for s in shape:
        total = total * s
    return total
