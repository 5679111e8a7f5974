"""What must agree on a graph: values by several ways, derivatives by three; and a smaller graph where it does not.

`check` compares the interpreters, the compiled functions and the simplified graphs. How far rounding may part them is
measured, not guessed: the graph runs again with every value a few ulp off, at random.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from conftest import run_graph
from op_cases import SIZES

import graphc as G
from graphc.constant import Constant
from graphc.dims import Dim, size_names, value_of
from graphc.interpret import numpy_function
from graphc.ir import VARIABLES, Expr, postorder
from graphc.types import TupleType

ULPS = 4.0


class Disagreement(AssertionError):
    """Two ways to compute one graph differ, or one fails. The text ends with the graph as Python source."""

    def __init__(self, kind: str, text: str, source: str) -> None:
        super().__init__(f"{kind}: {text}\n\n{source}")
        self.kind = kind


@dataclass
class Graph:
    """Outputs, the values of the inputs, and what was drawn."""

    outputs: list[Expr]
    values: dict[str, Any]
    ops: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def source(self) -> str:
        return python_source(self.outputs, self.values)


def dims_in(value: Any) -> list[Any]:
    if isinstance(value, tuple):
        return [d for v in value for d in dims_in(v)]
    return [value] if isinstance(value, Dim) else []


# -- running ----------------------------------------------------------------------------------------------------------


def value_at(node: Expr, operands: Sequence[Any]) -> Any:
    if node.op.name == "const":
        value = node.attrs[0].value
        return value.item() if node.type.weak else value[()]
    if node.op.name == "size":
        return value_of(node.attrs[0], SIZES)
    result = numpy_function(node, SIZES)(*operands)
    return np.asarray(result).item() if node.type.weak else result


class Runner:
    """Runs a graph again and again, at other inputs, or with every value a few ulp off."""

    def __init__(self, outputs: Sequence[Expr]) -> None:
        self.outputs, self.order = list(outputs), postorder(outputs)

    def __call__(self, values: dict[str, Any], noise: np.random.Generator | None = None) -> list[Any]:
        done: dict[Expr, Any] = {}
        with np.errstate(all="ignore"):
            for node in self.order:
                if node.op.name in VARIABLES:
                    done[node] = np.asarray(values[str(node.label)], node.dtype)[()]
                    continue
                value = value_at(node, [done[a] for a in node.args])
                done[node] = value if noise is None or not node.op.cost else _moved(value, noise)
        return [done[top] for top in self.outputs]


def _moved(value: Any, noise: np.random.Generator) -> Any:
    if isinstance(value, tuple):
        return tuple(_moved(v, noise) for v in value)
    array = np.asarray(value)
    if array.dtype.kind != "f" or type(value) is float:
        return value
    off = noise.uniform(-ULPS, ULPS, array.shape) * np.finfo(array.dtype).eps
    return (array * (1 + off).astype(array.dtype))[()]


class Rounding:
    """How far each output moves when every value of the graph is a few ulp off."""

    def __init__(self, outputs: Sequence[Expr], values: dict[str, Any], reference: Sequence[Any]) -> None:
        self.run, self.values, self.reference = Runner(outputs), values, reference
        self.spread = [np.zeros(np.shape(r)) for r in reference]
        self.noise = np.random.default_rng(1)
        self.runs(3)

    def runs(self, count: int) -> None:
        for _ in range(count):
            for spread, r, moved in zip(self.spread, self.reference, self.run(self.values, self.noise)):
                with np.errstate(all="ignore"):
                    off = np.abs(np.asarray(moved, "float64") - np.asarray(r, "float64"))
                np.copyto(spread, np.maximum(spread, np.where(np.isnan(off), np.inf, off)))

    def tolerance(self, i: int) -> Any:
        r, spread = np.asarray(self.reference[i]), self.spread[i]
        if not spread.size:
            return spread
        eps = np.finfo(r.dtype).eps if r.dtype.kind == "f" else 0.0
        with np.errstate(all="ignore"):
            return 10 * spread + 4 * np.mean(spread) + 20 * eps * np.abs(r.astype("float64")) + eps * 1e-3

    def differs(self, i: int, got: Any) -> str:
        """What is wrong with another value of output i; empty when nothing is."""
        r = np.asarray(self.reference[i])
        got = np.asarray(got)
        if got.shape != r.shape or got.dtype != r.dtype:
            return f"{got.dtype}{list(got.shape)} instead of {r.dtype}{list(r.shape)}"
        if self._close(i, got, r):
            return ""
        self.runs(60)  # near a kink or a tie three runs may not have seen it
        return "" if self._close(i, got, r) else f"{got} instead of {r}, tolerance {self.tolerance(i)}"

    def _close(self, i: int, got: Any, r: Any) -> bool:
        with np.errstate(all="ignore"):
            off = np.abs(got.astype("float64") - r.astype("float64"))
            # Where the graph as it stands overflows, a better form of it may not.
            return bool(np.all((off <= self.tolerance(i)) | ~np.isfinite(r.astype("float64")) | (got == r)))


# -- checking ---------------------------------------------------------------------------------------------------------


def check(graph: Graph, sympy: bool = True) -> str:
    """Everything that must agree on a graph. Says what could not be compared, or "agrees". Raises Disagreement."""
    try:
        return _check(graph, sympy)
    except np.linalg.LinAlgError:  # a matrix is singular, or one nearby
        return "singular"


def _check(graph: Graph, sympy: bool) -> str:
    loss, wrt, slopes, tangents, forward = derivatives(graph)
    outputs = [*graph.outputs, *([loss, *slopes, forward] if loss is not None else [])]
    values = graph.values | {f"t_{x.label}": tangents[str(x.label)] for x in wrt}
    taken = {n.label: values[str(n.label)] for n in postorder(outputs) if n.op.name in VARIABLES}
    try:
        reference = _attempt("interpreter of the tests", graph, lambda: run_graph(outputs, values | SIZES))
    except Disagreement as failure:
        if isinstance(failure.__cause__, np.linalg.LinAlgError):
            return "singular"
        raise
    rounding = Rounding(outputs, values, reference)
    for way, compute in ways(outputs, taken, sympy):
        for i, got in enumerate(_attempt(way, graph, compute)):
            wrong = rounding.differs(i, got)
            if wrong:
                what = f"output {i}" if i < len(graph.outputs) else "a derivative"
                raise Disagreement(way, f"{what} is {wrong}", graph.source)
    if loss is None:
        return "no derivative"
    return _check_slopes(graph, loss, wrt, slopes, rounding, values)


def _attempt(way: str, graph: Graph, compute: Callable[[], Any]) -> Any:
    try:
        with np.errstate(all="ignore"):
            return compute()
    except Exception as error:
        raise Disagreement(way, repr(error), graph.source) from error


def ways(outputs: list[Expr], values: dict[str, Any], sympy: bool) -> list[tuple[str, Callable[[], Any]]]:
    """The ways to compute the outputs, each compared with the tests' own interpreter."""
    found: list[tuple[str, Callable[[], Any]]] = [
        ("evaluate", lambda: G.evaluate(outputs, values)),
        ("compile", lambda: G.compile(outputs)(values)),
        ("compile, readable", lambda: G.compile(outputs, style="readable")(values)),
        ("compile, not simplified", lambda: G.compile(outputs, simplify=False)(values)),
    ]
    return [*found, ("simplify", lambda: G.compile(outputs, simplify="sympy")(values))] if sympy else found


def derivatives(graph: Graph) -> tuple[Expr | None, list[Expr], list[Expr], dict[str, Any], Any]:
    """A random projection of the outputs to a scalar, its gradients, and its derivative along random tangents."""
    rng = np.random.default_rng(5)
    terms = []
    for y in graph.outputs:
        if y.type.is_float:
            weights = np.round(rng.normal(size=tuple(value_of(s, SIZES) for s in y.shape)), 2).astype(y.dtype)
            static = all(isinstance(s, int) for s in y.shape)
            terms.append(G.sum(y * (weights if static else weights.dtype.type(0.7))))
    if not terms:
        return None, [], [], {}, None
    loss = terms[0]
    for term in terms[1:]:
        loss = loss + term
    wrt = [x for x in postorder([loss]) if x.op.name == "input" and x.type.is_float]
    if not wrt:
        return None, [], [], {}, None
    tangents = {str(x.label): np.round(rng.normal(size=np.shape(graph.values[str(x.label)])), 2).astype(x.dtype)
                for x in wrt}

    def both() -> Any:
        inputs = [G.input(f"t_{x.label}", *x.shape, dtype=x.dtype) for x in wrt]
        return G.gradients(loss, wrt), G.jvp(loss, wrt, inputs)

    slopes, forward = _attempt("derivative", graph, both)
    return loss, wrt, slopes, tangents, forward


def _check_slopes(graph: Graph, loss: Expr, wrt: list[Expr], slopes: list[Expr], rounding: Rounding,
                  values: dict[str, Any]) -> str:
    first = len(graph.outputs)
    names = [str(x.label) for x in wrt]
    tangents = [np.asarray(values[f"t_{name}"], "float64") for name in names]
    found, along = rounding.reference[first + 1 : -1], float(rounding.reference[-1])
    back, terms, tol = 0.0, 1e-12, float(rounding.tolerance(len(rounding.reference) - 1))
    for k, (g, t) in enumerate(zip(found, tangents)):
        with np.errstate(all="ignore"):
            back += float(np.sum(np.asarray(g, "float64") * t))
            terms += float(np.sum(np.abs(np.asarray(g, "float64") * t)))
            tol += float(np.sum(np.abs(t) * rounding.tolerance(first + 1 + k)))
    if not np.isfinite([back, along, float(rounding.reference[first])]).all():
        return "not finite"
    tol += (1e-12 if _differences_apply(loss) else 1e-5) * terms
    if abs(back - along) > tol:
        raise Disagreement("jvp and gradient", f"{along} and {back}, tolerance {tol}", graph.source)
    if not _differences_apply(loss):
        return "no differences"
    return _check_differences(graph, loss, wrt, slopes, values, float(rounding.spread[first]))


def _differences_apply(loss: Expr) -> bool:
    """Not to what is rounded to float32, nor to a derivative that is cut on purpose."""
    return not any(n.type.dtype == "float32" or n.op.name == "stop_gradient" for n in postorder([loss]))


def _check_differences(graph: Graph, loss: Expr, wrt: list[Expr], slopes: list[Expr], values: dict[str, Any],
                       noise: float, kind: str = "gradient") -> str:
    """The mean value theorem along the tangents: a central difference is the slope somewhere between its points.

    At a kink the slopes on both sides are among those compared, so there no choice of one of them fails.
    """
    run = Runner([loss, *slopes])
    seen: list[str] = []
    for h in (1e-5, 1e-4, 1e-3, 1e-6):
        points = [run({**values, **{str(x.label): values[str(x.label)] + s * h * values[f"t_{x.label}"] for x in wrt}})
                  for s in (-1.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, 1.0)]
        along = [sum(float(np.sum(g * values[f"t_{x.label}"])) for g, x in zip(p[1:], wrt)) for p in points]
        size = max(sum(float(np.sum(np.abs(g * values[f"t_{x.label}"]))) for g, x in zip(p[1:], wrt)) for p in points)
        low, high = float(points[0][0]), float(points[-1][0])
        if not np.isfinite([low, high, *along]).all():
            continue
        slope = (high - low) / (2 * h)
        tol = 20 * (noise + 1e-15 * abs(high)) / h + 1e-6 * size + 1e-9 + 0.1 * (max(along) - min(along))
        if min(along) - tol <= slope <= max(along) + tol:
            return "agrees"
        if abs(high - low) > 1e3 * h * (size + 1) and abs(high - low) > 1e-2 * (abs(low) + 1e-9):
            return "jump"
        seen.append(f"{slope} against {min(along)} to {max(along)} at step {h}")
    if not seen:
        return "not finite nearby"
    raise Disagreement(kind, "; ".join(seen), graph.source)


# -- making a failing graph smaller ------------------------------------------------------------------------------------


def verify(graph: Graph, sympy: bool = True, second: bool = False) -> str:
    """As `check`, and `check_second`; of a graph that fails, a smaller one that fails likewise is told of."""
    def checks(candidate: Graph) -> str:
        outcome = check(candidate, sympy)
        if second:
            check_second(candidate)
        return outcome

    try:
        return checks(graph)
    except Disagreement as failure:
        checks(shrink(graph, failure.kind, checks))
        raise  # the smaller one did not fail this time


def shrink(graph: Graph, kind: str, checks: Callable[[Graph], str] = check, tries: int = 150) -> Graph:
    """A smaller graph that fails in the same way: fewer outputs, and values in the place of what makes them."""
    def fails(candidate: Graph) -> bool:
        try:
            checks(candidate)
        except Disagreement as failure:
            return failure.kind == kind
        except Exception:
            return False
        return False

    for node in postorder(graph.outputs):
        if node.args and not isinstance(node.type, TupleType) and tries > 0:
            tries -= 1
            if fails(Graph([node], graph.values)):
                graph = Graph([node], graph.values)
                break
    changed = True
    while changed and tries > 0:
        changed = False
        for node in reversed(postorder(graph.outputs)[:-1]):
            candidate = _cut(graph, node) if node.op.name not in VARIABLES and not node.type.weak else None
            if candidate is None or tries <= 0:
                continue
            tries -= 1
            if fails(candidate):
                graph, changed = candidate, True
                break
    return graph


def _cut(graph: Graph, node: Expr) -> Graph | None:
    """The graph in which an input has the place and the value of `node`."""
    if isinstance(node.type, TupleType) or any(node is top for top in graph.outputs):
        return None
    name = next(f"c{i}" for i in range(10_000) if f"c{i}" not in graph.values)
    new: dict[Expr, Expr] = {node: G.input(name, *node.shape, dtype=node.dtype)}
    for n in postorder(graph.outputs):
        if n not in new:
            new[n] = n.op.make(tuple(new[a] for a in n.args), n.attrs, n.label) if n.args else n
    value = Runner([node])(graph.values)[0]
    return Graph([new[top] for top in graph.outputs], {**graph.values, name: value})


def check_second(graph: Graph) -> str:
    """The gradient of the slope along t is the slope of the gradient along t, and what differences say."""
    loss, wrt, slopes, tangents, _ = derivatives(graph)
    if loss is None:
        return "no derivative"
    values = graph.values | {f"t_{x.label}": tangents[str(x.label)] for x in wrt}

    def both() -> Any:
        along = [G.input(f"t_{x.label}", *x.shape, dtype=x.dtype) for x in wrt]
        slope = G.sum(slopes[0] * along[0])
        for g, t in zip(slopes[1:], along[1:]):
            slope = slope + G.sum(g * t)
        return slope, G.gradients(slope, wrt), G.jvp(slopes, wrt, along)

    slope, back, forward = _attempt("second derivative", graph, both)
    try:
        reference = _attempt("second derivative", graph, lambda: Runner([slope, *back, *forward])(values))
        rounding = Rounding([slope, *back, *forward], values, reference)
        for i in range(1, 1 + len(wrt)):
            _check_symmetry(graph, rounding, i, i + len(wrt))
        if _differences_apply(loss):
            return _check_differences(graph, slope, wrt, back, values, float(rounding.spread[0]), "second derivative")
    except np.linalg.LinAlgError:
        return "singular"
    except Disagreement as failure:
        if isinstance(failure.__cause__, np.linalg.LinAlgError):
            return "singular"
        raise
    return "no differences"


def _check_symmetry(graph: Graph, rounding: Rounding, i: int, j: int) -> None:
    one, two = (np.asarray(rounding.reference[k], "float64") for k in (i, j))
    if not (np.isfinite(one).all() and np.isfinite(two).all()):
        return
    for _ in range(2):
        # A sum over tangents and one over cotangents round differently.
        close = rounding.tolerance(i) + rounding.tolerance(j) + 1e-9 * np.max(np.abs(one), initial=0.0)
        if (np.abs(one - two) <= close).all():
            return
        rounding.runs(60)
    raise Disagreement("second derivative", f"{one} by reverse mode and {two} by forward mode", graph.source)


# -- a graph as Python ------------------------------------------------------------------------------------------------


def python_source(outputs: Sequence[Expr], values: dict[str, Any]) -> str:
    """A script that builds the graph node by node and evaluates it."""
    order = postorder(outputs)
    index = {node: f"n{i}" for i, node in enumerate(order)}
    sizes = dict.fromkeys(name for n in order for s in (*n.shape, *dims_in(n.attrs)) for name in size_names(s))
    lines = ["import numpy as np", "import graphc as G", "from graphc.constant import Constant, constant_of",
             "from graphc.dims import Dim", "from graphc.ir import OPS"]
    lines += [f'{name} = Dim.named("{name}")' for name in sizes]
    labels = set()
    for node in order:
        if node.op.name in VARIABLES:
            labels.add(str(node.label))
            shape = "".join(f", {s}" for s in node.shape)
            lines.append(f'{index[node]} = G.input("{node.label}"{shape}, dtype="{node.type.dtype}")')
            continue
        args = "".join(f"{index[a]}, " for a in node.args)
        attrs = "".join(f"{_attribute(a)}, " for a in node.attrs)
        name = "" if node.label is None else f', "{node.label}"'
        lines.append(f'{index[node]} = OPS["{node.op.name}"].make(({args}), ({attrs}){name})  # {node.type}')
    given = ", ".join(f"{name!r}: {_array(value)}" for name, value in values.items() if name in labels)
    lines += [f"values = {{{given}}}", f"print(G.evaluate([{', '.join(index[top] for top in outputs)}], values))"]
    return "\n".join(lines)


def _attribute(value: Any) -> str:
    if isinstance(value, Constant):
        return f"constant_of({_array(value.value)})"
    if isinstance(value, tuple):
        return f"({''.join(f'{_attribute(v)}, ' for v in value)})"
    return repr(value)


def _array(value: Any) -> str:
    array = np.asarray(value)
    name = "bool" if array.dtype == bool else array.dtype.name
    if not array.size:
        return f'np.zeros({array.shape}, "{name}")'
    return f'np.array({array.tolist()}, "{name}")'
