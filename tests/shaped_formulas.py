"""Random formulas of numbers, vectors and matrices as trees, and what they are worth, worked out another way.

`worth` knows nothing of graphs, of broadcasting or of named axes: every array is a NumPy matrix of two axes, a
vector a matrix of one column, and an index takes its values one after the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from graphc.checking.reading.tree import Tree, call, const, make, num, prime, sym

SHAPES: dict[str, tuple[int, ...]] = {"a": (), "k": (), "x": (3,), "y": (3,), "u": (4,), "A": (3, 3), "B": (4, 4),
                                      "W": (3, 4), "V": (3, 4)}
LENGTHS = {"i": 3, "j": 4, "p": 3, "q": 4}  # of the indices: what a name ranges over
Shape = tuple[int, int] | None  # rows and columns; None is a number


def values(seed: int) -> dict[str, Any]:
    """Numbers for the symbols, away from 0."""
    rng = np.random.default_rng(seed)
    return {n: rng.uniform(0.3, 1.5, s) * rng.choice([-1, 1], s) for n, s in SHAPES.items()}


# -- what a tree is worth -------------------------------------------------------------------------------------


def worth(tree: Tree, symbols: Mapping[str, Any], at: Mapping[str, int] | None = None) -> Any:
    """A float, or a matrix of two axes. `at` are the values of the indices."""
    at = at or {}
    rule = WORTH.get(tree.head)
    if tree.number is not None:
        return float(tree.number)
    if rule is not None:
        return rule(tree, symbols, at)
    if tree.head == "sym":
        return float(at[str(tree.value)]) if tree.value in at else _two_axes(symbols[str(tree.value)])
    parts = [worth(a, symbols, at) for a in tree.args]
    return OPERATIONS[tree.head if tree.head not in ("call", "prime") else str(tree.value) + "'" * (
        tree.head == "prime")](tree, *parts)


def _two_axes(value: Any) -> Any:
    array = np.asarray(value, float)
    return float(array) if array.ndim == 0 else array.reshape(-1, 1) if array.ndim == 1 else array


def _number(value: Any) -> Any:
    return float(value[0, 0]) if isinstance(value, np.ndarray) and value.shape == (1, 1) else value


def _times(tree: Tree, *parts: Any) -> Any:
    result, operators = parts[0], str(tree.value)
    for operator, part in zip(operators, parts[1:]):
        arrays = isinstance(result, np.ndarray) and isinstance(part, np.ndarray)
        result = _number(result @ part) if operator == "j" and arrays else result * part
    return result


def _index(tree: Tree, symbols: Mapping[str, Any], at: Mapping[str, int]) -> float:
    base = worth(tree.args[0], symbols, at)
    places = [int(worth(t, symbols, at)) - 1 for t in tree.args[1:]]
    return float(base[places[0], places[1] if len(places) > 1 else 0])


def _total(tree: Tree, symbols: Mapping[str, Any], at: Mapping[str, int]) -> Any:
    name = str(tree.value)
    bounds = [int(worth(t, symbols, at)) for t in tree.args[1:]] or [1, LENGTHS[name]]
    terms = [worth(tree.args[0], symbols, {**at, name: v}) for v in range(bounds[0], bounds[1] + 1)]
    return sum(terms) if tree.head == "sum" else math.prod(terms)


WORTH: dict[str, Callable[..., Any]] = {
    "index": _index, "sum": _total, "prod": _total,
    "delta": lambda t, s, at: float(worth(t.args[0], s, at) == worth(t.args[1], s, at)),
    "eye": lambda t, s, at: np.eye(int(worth(t.args[0], s, at))),
}
OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": lambda t, *parts: sum(parts[1:], parts[0]), "neg": lambda t, a: -a, "mul": _times,
    "div": lambda t, a, b: a / b, "T": lambda t, a: a.T,
    "pow": lambda t, a, n: np.linalg.matrix_power(a, int(n)) if np.ndim(a) and t.value is None else a**n,
    "norm": lambda t, a: float(np.sqrt((a * a).sum())), "sum": lambda t, a: float(a.sum()),
    "tanh": lambda t, a: np.tanh(a), "sin": lambda t, a: np.sin(a),
    "sigmoid'": lambda t, a: np.exp(-a) / (1 + np.exp(-a)) ** 2,
    "tr": lambda t, a: float(np.trace(a)), "det": lambda t, a: float(np.linalg.det(a)),
    "max": lambda t, *parts: float(np.max(parts[0])) if len(parts) == 1 else np.maximum(*parts),
    "diag": lambda t, a: np.diag(a[:, 0]), "where": lambda t, c, a, b: np.where(c, a, b),
}


# -- formulas ------------------------------------------------------------------------------------------------------


def symbols_of(shape: Shape) -> list[Tree]:
    """Symbols of a shape, transposed where that gives it."""
    found = []
    for name, declared in SHAPES.items():
        here = None if not declared else (declared[0], 1) if len(declared) == 1 else (declared[0], declared[1])
        if here == shape:
            found.append(sym(name))
        elif here and shape and here == shape[::-1]:
            found.append(make("T", sym(name)))
    return found


@st.composite
def formulas(draw: Any, shape: Shape = None, depth: int = 3) -> Tree:
    """A formula of matrices that fits, of this shape."""
    ways = [leaf, plus, scaled, product, entrywise]
    if shape is None:
        ways += [full_sum, trace, product]
    elif 1 in shape:
        ways += [turned, product]
    elif shape[0] == shape[1]:
        ways += [squared, plus_identity, diagonal]
    way = leaf if depth == 0 else draw(st.sampled_from(ways))
    return way(draw, shape, depth - 1)


def leaf(draw: Any, shape: Shape, depth: int) -> Tree:
    if shape is None and draw(st.booleans()):
        return num(draw(st.sampled_from([2, 3])))
    found = symbols_of(shape)
    return draw(st.sampled_from(found))


def plus(draw: Any, shape: Shape, depth: int) -> Tree:
    a, b = (draw(formulas(shape, depth)) for _ in range(2))
    return make("add", a, make("neg", b, value="-") if draw(st.booleans()) else b)


def scaled(draw: Any, shape: Shape, depth: int) -> Tree:
    a, b = draw(formulas(None, depth)), draw(formulas(shape, depth))
    return make("mul", a, b, value=draw(st.sampled_from("j*." if shape else "*")))


def entrywise(draw: Any, shape: Shape, depth: int) -> Tree:
    a, b = (draw(formulas(shape, depth)) for _ in range(2))
    way = draw(st.integers(0, 4))
    if way == 0:
        return call("tanh", a)
    if way == 1:
        return prime("sigmoid", a)
    if way == 2:
        return make("pow", a, num(2), value="**") if shape else make("pow", a, num(2))
    return make("mul", a, b, value="o") if shape else call("max", a, b)


def product(draw: Any, shape: Shape, depth: int) -> Tree:
    """A matrix product over an inner size; of more than two factors where a factor is one itself."""
    rows, columns = shape or (1, 1)
    inner = draw(st.sampled_from([3, 4] if shape is None or 1 in shape else [1, 3, 4]))
    a, b = draw(formulas((rows, inner), depth)), draw(formulas((inner, columns), depth))
    return make("mul", a, b, value="j")


def turned(draw: Any, shape: Shape, depth: int) -> Tree:
    assert shape is not None
    return make("T", draw(formulas(shape[::-1], depth)))


def squared(draw: Any, shape: Shape, depth: int) -> Tree:
    return make("pow", draw(formulas(shape, depth)), num(draw(st.sampled_from([2, 3]))))


def plus_identity(draw: Any, shape: Shape, depth: int) -> Tree:
    assert shape is not None
    return make("add", draw(formulas(shape, depth)), make("eye", num(shape[0])))


def diagonal(draw: Any, shape: Shape, depth: int) -> Tree:
    assert shape is not None
    return call("diag", draw(formulas((shape[0], 1), depth)))


def full_sum(draw: Any, shape: Shape, depth: int) -> Tree:
    return call("sum", draw(formulas(draw(st.sampled_from([(3, 1), (3, 4)])), depth)))


def trace(draw: Any, shape: Shape, depth: int) -> Tree:
    return call("tr", draw(formulas((3, 3), depth)))


# -- formulas with indices -------------------------------------------------------------------------------------------


@st.composite
def indexed(draw: Any, free: tuple[str, ...] = (), depth: int = 3) -> Tree:
    """A number for each value of the free indices."""
    ways = [entry, entry, index_sum, index_product]
    ways += [total, total] if len(free) < 4 else []
    way = entry if depth == 0 else draw(st.sampled_from(ways))
    return way(draw, free, depth - 1)


def entry(draw: Any, free: tuple[str, ...], depth: int) -> Tree:
    """An entry at indices that are free here, a δ, the index itself, or a number."""
    by_length = {n: [i for i in free if LENGTHS[i] == n] for n in (3, 4)}
    choices: list[Tree] = [sym("a"), num(2)]
    for name in ("x", "y", "u", "A", "B", "W", "V"):
        places = [draw(st.sampled_from(by_length[n])) if by_length[n] else None for n in SHAPES[name]]
        if None not in places:
            choices.append(make("index", sym(name), *(sym(str(p)) for p in places), value="1"))
    if len(free) > 1:
        pair = draw(st.permutations(free))[:2]
        choices.append(make("delta", *(sym(n) for n in pair)))
    if free:
        choices.append(sym(draw(st.sampled_from(free))))
    return draw(st.sampled_from(choices[::-1]))


def index_sum(draw: Any, free: tuple[str, ...], depth: int) -> Tree:
    return make("add", *(draw(indexed(free, depth)) for _ in range(2)))


def index_product(draw: Any, free: tuple[str, ...], depth: int) -> Tree:
    count = draw(st.integers(2, 3))
    return make("mul", *(draw(indexed(free, depth)) for _ in range(count)), value="j" * (count - 1))


def total(draw: Any, free: tuple[str, ...], depth: int) -> Tree:
    name = draw(st.sampled_from([n for n in LENGTHS if n not in free]))
    low, high = draw(st.sampled_from([(1, 0), (2, 0), (2, -1)]))
    return make("sum", draw(indexed((*free, name), depth)), num(low), num(LENGTHS[name] + high), value=name)


# -- anything ---------------------------------------------------------------------------------------------------------

FUNCTIONS = ("tr", "det", "inv", "diag", "outer", "dot", "sum", "prod", "mean", "norm", "softmax", "log_softmax", "max",
             "min", "logsumexp", "vec", "kron", "solve", "eye", "ones", "zeros", "one_hot", "cumsum", "adj", "exp",
             "relu", "log", "hypot", "clip", "abs", "amax")  # fmt: skip


LEAVES = [*map(sym, [*SHAPES, "i", "j", ":"]), *map(num, [-1, 0, 1, 2, 5, 10**9]), make("eye"), make("ones"),
          const("e"), const("pi"), make("ones", num(3)), make("eye", num(3))]  # fmt: skip
HEADS = ["mul", "mul", "add", "matmul", "div", "T", "pow", "index", "sum", "prod", "range", "delta", "array", "norm",
         "call", "call", "prime", "ind"]  # fmt: skip
COUNTS = {"matmul": 2, "div": 2, "T": 1, "pow": 1, "sum": 1, "prod": 1, "range": 3, "delta": 2, "norm": 1, "prime": 1,
          "ind": 2}  # fmt: skip


@st.composite
def anything(draw: Any, depth: int = 4) -> Tree:
    """Trees of every head over symbols of every shape, whether they mean something or not."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from(LEAVES))
    head = draw(st.sampled_from(HEADS))
    args = [draw(anything(depth - 1)) for _ in range(COUNTS.get(head) or draw(st.integers(1, 3)))]
    options = {
        "mul": draw(st.text("j.*o", min_size=2, max_size=2))[: len(args) - 1], "index": draw(st.sampled_from("01")),
        "norm": draw(st.sampled_from(["1", "2", "inf", "F"])), "prime": "sigmoid",
        **dict.fromkeys(("sum", "prod", "range"), draw(st.sampled_from("ija")))}
    if head == "mul" and len(args) == 1:
        return make("neg", *args)
    if head == "pow":
        return make("pow", *args, num(draw(st.sampled_from([-1, 2, 3]))), value=draw(st.sampled_from([None, "**"])))
    if head == "ind":
        return make("ind", make("rel", *args, value="<"))
    if head == "call":
        return call(draw(st.sampled_from([f for f in FUNCTIONS if _takes(f, len(args))])), *args)
    return make({"range": "sum"}.get(head, head), *args, value=options.get(head))


ALONG = {"sum", "prod", "mean", "softmax", "log_softmax", "logsumexp", "amax"}
TWO = {"outer", "dot", "kron", "solve", "one_hot", "hypot"}


def _takes(name: str, count: int) -> bool:
    """Whether the function takes that many arguments: the parser sees to it."""
    if name in TWO:
        return count == 2
    if name == "clip":
        return count == 3
    if name in ("max", "min", "eye", "ones", "zeros"):
        return True
    return count == 1 or (count == 2 and name in ALONG)
