"""Simplification: structural rules, then SymPy on bounded elementwise regions, then the rules again.

A region's new form is kept only if it is no dearer by the cost model and no less accurate in float64;
a region met again, layer after layer, is worked out once. A value that a condition looks at stays as
the model declares it, so that 1[z > 0] shows the z of the forward graph.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from .dims import value_of
from .formula import format_node
from .interpret import numpy_function
from .ir import Expr, building, consumers, postorder
from .loops import map_bodies
from .rewrite import Log, Rewrite, as_type, rewrite
from .stable import stabilise
from .symbolic import (
    NotWritable,
    Writer,
    candidates,
    definitions,
    exact_number,
    in_region,
    is_indicator,
    meanings_of,
    no_less_accurate,
    region_order,
    reused,
    to_sympy,
)

MAX_REGION = 40  # operations that SymPy sees at once
MAX_MADE, MAX_USERS = 3, 8  # values from elsewhere that a region may use, and where they are looked for
PASSES = 3  # what one region becomes can complete another
SMALL = 5000  # nodes of a graph that is worth several passes
_CHEAP = frozenset({"add", "subtract", "multiply", "negative", "square"})
_CONDITIONS = frozenset({"greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "sign", "relu",
                         "absolute", "maximum", "minimum"})  # fmt: skip


def simplify(expr: Any, log: bool = False) -> Any:
    """An Expr, or a list of Exprs together, in simpler form and of the same types and names.

    With `log=True` also the list of rewrites: rule, before, after, why it is valid, under which assumption.
    The work is bounded and linear in the graph; the result is never slower or less accurate.

    >>> import graphc as G
    >>> x1, x2 = G.inputs("x1 x2"); w1, w3, b = G.params("w1 w3 b")
    >>> z = (w1*x1 + w1*x2 + b).named("z")
    >>> print(simplify(G.gradients(w3 * G.relu(z), w1)))
    w3*(x1 + x2)*1[z > 0]
    """
    steps: list[Rewrite] = []
    given = [expr] if isinstance(expr, Expr) else list(expr)
    tops = rewrite(stabilise(given, log=steps.append), log=steps.append)
    for _ in range(PASSES if len(postorder(tops)) < SMALL else 1):
        before, tops = tops, rewrite(simplify_regions(tops, steps.append), log=steps.append)
        if all(a is b for a, b in zip(before, tops)):
            break
    tops = map_bodies(tops, lambda outputs: list(simplify(list(outputs))))  # a loop's step is a graph of its own
    for before, after in zip(given, tops):
        _remember(after, before)
    result = tops[0] if isinstance(expr, Expr) else tops
    return (result, steps) if log else result


# What simplified values were before, so that emitted code can still say which is the gradient of which.
# By identity: a comparison of nodes would build a node. An entry goes with the simplified value.
_ORIGINS: dict[int, tuple[weakref.ref[Expr], Expr]] = {}


def _remember(after: Expr, before: Expr) -> None:
    if after is not before:
        key = id(after)
        forget = _ORIGINS.pop  # bound now: at exit the module may be gone before the node
        _ORIGINS[key] = weakref.ref(after, lambda _: forget(key, None)), before


def origins(expr: Expr) -> Iterator[Expr]:
    """The node, what it was before it was simplified, and so on."""
    for _ in range(8):
        yield expr
        found = _ORIGINS.get(id(expr))
        if found is None:
            return
        expr = found[1]


def simplify_regions(outputs: Sequence[Expr], log: Log) -> list[Expr]:
    """The outputs with every elementwise region in the best form that SymPy finds for it."""
    order = postorder(outputs)
    regions = find_regions(order, outputs)
    new: dict[Expr, Expr] = {}
    with building() as at:
        for node in order:
            at(node)
            args = tuple([new[a] for a in node.args])
            same = all(p is q for p, q in zip(args, node.args))
            new[node] = node if same else node.op.make(args, node.attrs, node.label)
            if node in regions:
                new[node] = _improved(node, regions[node], new, log)
    return [new[top] for top in outputs]


# -- regions -------------------------------------------------------------------------------------------------


class Region(NamedTuple):
    """`inside` are the operations that SymPy sees; `made` are values that the graph has anyway, made of the same
    leaves: a form may use them."""

    inside: set[Expr]
    order: tuple[Expr, ...]  # leaves and operations, operands first
    made: tuple[Expr, ...]


def find_regions(order: Sequence[Expr], outputs: Sequence[Expr]) -> dict[Expr, Region]:
    """root -> its region. Roots are what the rest of the graph sees of a region."""
    edges = consumers(order)
    place = {node: i for i, node in enumerate(order)}
    tops = set(outputs)
    taken: set[Expr] = set()
    regions: dict[Expr, Region] = {}
    for root in reversed(order):
        if not in_region(root) or (root in taken and root not in tops):
            continue
        inside = _grow(root, edges, tops)
        taken |= inside
        if len(inside) > 1 and (root in tops or not _seen_by_condition(root, edges)):
            around = tuple(region_order(root, inside.__contains__))
            regions[root] = Region(inside, around, _made_elsewhere(root, around, edges, place))
    return regions


def _made_elsewhere(root: Expr, around: Sequence[Expr], edges: dict[Expr, list[tuple[Expr, int]]],
                    place: dict[Expr, int]) -> tuple[Expr, ...]:
    """At most `MAX_MADE` operations on values of the region that are computed before its root."""
    within = set(around)
    found: dict[Expr, None] = {}
    for value in around:
        for user, _ in edges[value][:MAX_USERS]:
            if user in within or place[user] > place[root] or not within.issuperset(user.args):
                continue
            if user.type.dtype == root.type.dtype and in_region(user) and not _cheap(user):
                found[user] = None
        if len(found) >= MAX_MADE:
            break
    return tuple(found)[:MAX_MADE]


def _grow(root: Expr, edges: dict[Expr, list[tuple[Expr, int]]], tops: set[Expr]) -> set[Expr]:
    inside = {root}
    queue = list(root.args)
    while queue and len(inside) < MAX_REGION:
        node = queue.pop(0)
        if node in inside or not in_region(node) or node.label is not None or node.type.dtype != root.type.dtype:
            continue
        private = all(user in inside for user, _ in edges[node]) and node not in tops
        if private or _cheap(node):
            inside.add(node)
            queue.extend(node.args)
    return inside


def _cheap(node: Expr) -> bool:
    """Little enough to be computed twice: at most two multiplications or additions of leaves, which for a
    scalar are also conditions, so that each of several gradients reads as a whole."""
    if node.op.name not in _CHEAP:
        return False
    inner = [a for a in node.args if not _leaf_like(a, node)]
    return len(inner) <= 1 and all(a.op.name in _CHEAP and all(_leaf_like(b, a) for b in a.args) for a in inner)


def _leaf_like(arg: Expr, node: Expr) -> bool:
    return not arg.args or arg.label is not None or (node.ndim == 0 and arg.type.dtype == "bool")


def _seen_by_condition(node: Expr, edges: dict[Expr, list[tuple[Expr, int]]]) -> bool:
    return any(user.op.name in _CONDITIONS for user, _ in edges[node])


# -- one region ----------------------------------------------------------------------------------------------


def _improved(root: Expr, region: Region, new: dict[Expr, Expr], log: Log) -> Expr:
    """The root of a region over its new leaves, in the best form that was found."""
    choice = _best_form(root, region)
    current = new[root]
    if choice is None:
        return current
    inside, order, made = region
    leaves = [new[n] for n in (*order, *made) if n not in inside and exact_number(n) is None]
    known = {form: new[order[i]] for form, i in choice.known}
    try:
        after = as_type(Writer(leaves, choice.original, known, root.type.dtype).write(choice.form), current)
    except NotWritable:
        return current
    if current.label is not None and after.label is None and after.args:
        after = after.named(current.label)
    if after is not current:
        log(Rewrite(f"sympy: {choice.tool}", current, after, "an identity of the real numbers, found by SymPy",
                    "no denominator is 0" if choice.cancels else ""))
    return after


@dataclass(frozen=True, slots=True)
class _Choice:
    tool: str
    form: Any
    original: Any
    known: tuple[tuple[Any, int], ...]  # parts the region had, and their places in its order
    cancels: bool


_KNOWN: OrderedDict[Any, _Choice | None] = OrderedDict()
_KEEP = 1024


def _best_form(root: Expr, region: Region) -> _Choice | None:
    """The cheapest accurate form; worked out once for all regions of the same structure."""
    key = _structure(root, region)
    if key not in _KNOWN:
        _KNOWN[key] = _search(root, region)
        while len(_KNOWN) > _KEEP:
            _KNOWN.popitem(last=False)
    return _KNOWN[key]


def _structure(root: Expr, region: Region) -> tuple[Any, ...]:
    """The region, its leaves as opaque values, and what is known of them: nothing of its names."""
    index: dict[Expr, int] = {}
    rows: list[Any] = []
    for node in (*region.order, *region.made):
        index[node] = len(index)
        if node in region.inside:
            rows.append((node.op.name, tuple(index[a] for a in node.args), node.shape))
        else:
            rows.append((exact_number(node), node.type.dtype, node.shape, is_indicator(node)))
    for leaf, steps in definitions([n for n in index if n not in region.inside]).items():
        places = dict(index)
        for node in steps:
            rows.append((index[leaf], node.op.name, tuple(places.get(a, exact_number(a)) for a in node.args)))
            places.setdefault(node, len(places))
    return tuple(rows)


def _search(root: Expr, region: Region) -> _Choice | None:
    forms, leaves = to_sympy(root, region.inside)
    leaves += region.made
    original, cut = forms[root], set(leaves)
    meanings = meanings_of(leaves)
    known = _parts_worth_keeping(forms, region.inside, root, leaves)
    before_cost, names = _cost(root, cut), dict.fromkeys(leaves, "s")
    best: tuple[tuple[int, bool, int], str, Any, Expr] | None = None
    for tool, form in chain(candidates(original), reused(original, meanings)):
        try:
            written = Writer(leaves, original, known, root.type.dtype).write(form)
        except NotWritable:
            continue
        length = len(format_node(written, names=names))
        rank = (_cost(written, cut), written.op.name in ("add", "subtract"), length)
        if rank[0] <= before_cost and (best is None or rank < best[0]):
            best = rank, tool, form, written
    if best is None or best[3] is root:
        return None
    before, after = _evaluator(root, leaves), _evaluator(best[3], leaves)
    if not no_less_accurate(before, after, original, leaves, meanings):
        return None
    place = {node: i for i, node in enumerate(forms)}
    parts = tuple((form, place[node]) for form, node in known.items())
    return _Choice(best[1], best[2], original, parts, "fraction" in best[1])


def _parts_worth_keeping(forms: dict[Expr, Any], inside: set[Expr], root: Expr, leaves: list[Expr]) -> dict[Any, Expr]:
    """Sums and products of the region as the model wrote them: the order of w·x is the author's."""
    known: dict[Any, Expr] = {}
    for node, form in forms.items():
        plain = all(a.op.name != "const" for a in node.args)
        if plain and node in inside and node is not root and form != forms[root] and (form.is_Add or form.is_Mul):
            try:
                fresh = Writer(leaves, form, {}, root.type.dtype).write(form)
            except NotWritable:
                continue
            if _cost(node, set(leaves)) <= _cost(fresh, set(leaves)):
                known.setdefault(form, node)
    return known


def _cost(root: Expr, leaves: set[Expr]) -> int:
    """Additions' worth of work: of an element for scalars, of many for tensors."""
    total, seen, stack = 0, set(leaves), [root]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            total += node.op.cost * (_elements(node) if node.args else 0)
            stack.extend(node.args)
    return total


def _elements(node: Expr) -> int:
    size = node.type.size
    return size if isinstance(size, int) else value_of(size, _Hundred())


class _Hundred(dict[str, int]):
    """Every named size counts as a hundred."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> int:
        return 100


# -- float64 evaluation of a region, one number for each leaf ----------------------------------------------------


def _evaluator(root: Expr, leaves: Sequence[Expr]) -> Callable[..., float]:
    cut = set(leaves)
    steps = [(n, _function(n)) for n in region_order(root, lambda n: n not in cut) if n not in cut]

    def evaluate(*point: float) -> float:
        values: dict[Expr, Any] = {leaf: np.float64(v) for leaf, v in zip(leaves, point)}
        with np.errstate(all="ignore"):
            for n, function in steps:
                values[n] = function(*[values[a] for a in n.args])
        return float(values[root])

    return evaluate


def _function(node: Expr) -> Callable[..., Any]:
    if node.op.name == "const":
        constant = node.attrs[0].value
        value = np.float64(constant) if constant.dtype.kind == "f" else constant.item()
        return lambda: value
    return np.float64 if node.op.name == "astype" else numpy_function(node)
