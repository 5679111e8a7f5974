"""The facade: compile, value_and_grad, evaluate, and the Function that they give."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import Context
from textwrap import wrap
from types import FunctionType
from typing import Any

import numpy as np

from .costing import Report, cost
from .diskcache import Where, caching, kept
from .errors import GraphcError, InputError, ShapeError, choose
from .files import write_whole
from .finiteness import Explanation, trace
from .formula import format_node
from .ir import LEAVES, OPS, VARIABLES, Expr, Init, building, check_name, lift, postorder, variables
from .loop_layout import arranged
from .loops import map_bodies, through_loops
from .lower import (
    Program,
    caller_source,
    check_sizes,
    interpreter,
    load,
    lower,
    module_source,
    numba_program,
    numpy_source,
    scalar_source,
)
from .ops.shaping import BROADCAST_TO
from .reverse import backward, gradients, vjp
from .rewrite import Rewrite, rewrite
from .scalar_spellings import refusal
from .signature import Signature, Slot, key_name, ready_source, slot_of, suggestion
from .simplifier import origins
from .simplifier import simplify as simplified
from .spread import points, spread
from .stable import stabilise

STYLES, TARGETS = ("fast", "readable"), ("numpy", "scalar", "numba", "auto")
SMALL = 2_000  # nodes: up to here formulas and gradients are written beside the code
SIMPLIFIERS: dict[Any, Callable[[Any], Any]] = {
    True: through_loops(lambda tops: rewrite(stabilise(tops))), False: list, "sympy": through_loops(simplified),
}  # fmt: skip

Graph = tuple[tuple[Expr, ...], tuple[Expr, ...]]  # outputs, inputs
Pair = tuple[int, str, int]  # output, input, output that is the gradient of the one by the other


def compile(outputs: Any, inputs: Iterable[Any] | None = None, *, style: str = "fast", target: str = "numpy",
            name: str = "f", simplify: bool | str = True, debug: bool = False, cache: Where = None) -> Function:
    """A function that computes the outputs: one Expr gives one value, a list gives a tuple.

    `inputs` (Exprs or names) sets the order of the arguments, by default that of their declaration; it may
    list inputs that the outputs do not use. `style` is "fast" (results take the place of dead arrays)
    or "readable". `target="scalar"` writes a graph without axes in plain Python, for exercises and inner loops: it
    takes and gives Python numbers, and its text needs the standard library alone; "auto" chooses that wherever it can,
    and "numpy" elsewhere (`fn.target` tells). `target="numba"` makes each run of
    elementwise steps one loop that numba compiles at the first call, which takes seconds. `simplify=True` applies the
    rewrite rules, which takes milliseconds; "sympy" also what `simplify` does, False nothing. With `debug=True` a call
    that gives inf or nan raises GraphcError with what `explain` finds: the value where things went wrong, and the line
    that declares it. With `cache=True`, or the path of a folder, what Python compiles is kept on disk for the next
    run (see `graphc.diskcache`). Raises InputError for an unknown style, target or input, or an input that is needed
    but not listed; ShapeError for a named size that no input has; for "scalar" the GraphcError that says what has no
    such form; for "numba" GraphcError where that is not installed.

    >>> import graphc as G
    >>> x, w = G.input("x"), G.param("w")
    >>> f = w * G.tanh(x)
    >>> fn = G.compile([f, G.gradients(f, w)])
    >>> fn(x=0.0, w=2.0)
    (np.float64(0.0), np.float64(0.0))
    """
    single = isinstance(outputs, Expr)
    tops = [outputs] if single else [lift(o, "compile") for o in _listed(outputs)]
    with caching(cache):
        return _build(tops, inputs, style, target, name, simplify, single=single, debug=debug)


def value_and_grad(f: Expr, wrt: Any = None, *, inputs: Iterable[Any] | None = None, style: str = "fast",
                   target: str = "numpy", name: str = "f", simplify: bool | str = True,
                   debug: bool = False, cache: Where = None) -> Function:
    """A function that gives `(value, (gradients in the order of wrt))`; one Expr or name gives one gradient.

    `wrt` is by default every parameter of `f`. Raises as `gradients` and `compile`.

    >>> import graphc as G
    >>> x, w = G.input("x"), G.param("w")
    >>> G.value_and_grad(G.square(w * x), [w])(3.0, 2.0)
    (np.float64(36.0), (np.float64(36.0),))
    """
    found = backward(f, wrt)
    pairs = [(0, w.label, 1 + i) for i, w in enumerate(found.wrt) if w.op.name in VARIABLES and w.label]
    grouped = not isinstance(wrt, (Expr, str))
    with caching(cache):
        return _build([f, *found.gradients], inputs, style, target, name, simplify, grouped=grouped, pairs=pairs,
                      debug=debug)


def evaluate(expr: Any, values: Mapping[Any, Any] | None = None) -> Any:
    """The value of an Expr, or of each of a list, at `values` (keys are inputs or their names).

    An interpreter for a single look: each node is computed as it stands. Values of inputs that are
    not needed are ignored. Raises InputError for a missing input, and as a compiled function does.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> G.evaluate(x * x + 1, {x: 3.0})
    np.float64(10.0)
    """
    declared = [expr] if isinstance(expr, Expr) else [lift(e, "evaluate") for e in _listed(expr)]
    tops = map_bodies(stabilise(declared), stabilise)
    known, _ = _all_values(tops, values or {}, "evaluate", declared)
    results = [np.array(known[top])[()] for top in tops]
    return results[0] if isinstance(expr, Expr) else tuple(results)


def explain(what: Any, values: Mapping[Any, Any] | None = None, *, wrt: Any = None) -> Explanation:
    """Where a graph stops being finite at `values`: an Expr, a list of them, or a compiled Function.

    When all values are finite, the adjoints of each scalar are looked at as well, up to its gradients by `wrt` (by
    default every floating input and parameter). `.first` is the value where things went wrong, `.rows` all that
    follows from it, and the text shows names, operands and the declaring line. A branch of `where` that is not
    taken is never blamed, and a formula that `evaluate` computes in a stabler form is looked at in that form.
    Raises as `evaluate` does.

    >>> import graphc as G
    >>> x = G.input("x", 3)
    >>> found = G.explain(G.sum(G.log(x - 1)), {x: [2.0, 1.0, 3.0]})
    >>> found.first.name, found.first.index, found.first.why
    ('log(x − 1)', (1,), 'the logarithm of 0')
    """
    if isinstance(what, Function):
        tops = list(what._graph()[0])
    else:
        tops = [what] if isinstance(what, Expr) else [lift(e, "explain") for e in _listed(what)]
    declared = tops
    if not isinstance(what, Function) or what.simplify:
        tops = map_bodies(stabilise(tops), stabilise)
    return _explained(tops, values, wrt, declared)


def _explained(tops: list[Expr], values: Mapping[Any, Any] | None, wrt: Any = None,
               declared: Sequence[Expr] = ()) -> Explanation:
    """Of the graph as it stands."""
    slopes, adjoints = _adjoints(tops, wrt)
    known, sizes = _all_values(tops, values or {}, "explain", declared)
    found = trace(tops, known, sizes, adjoints)
    if found.finite and slopes:
        known, sizes = _all_values([*tops, *slopes], values or {}, "explain", declared)
        found = trace([*tops, *slopes], known, sizes, adjoints)
    return found


def _adjoints(tops: Sequence[Expr], wrt: Any) -> tuple[list[Expr], dict[Expr, Expr]]:
    """The gradients of every scalar among the outputs, and of which value each adjoint is the adjoint."""
    slopes: list[Expr] = []
    adjoint_of: dict[Expr, Expr] = {}
    for f in tops:
        if f.ndim or not f.type.is_float or f.op.name in LEAVES:
            continue
        try:
            found = backward(f, [v for v in variables(postorder([f])) if v.type.is_float] if wrt is None else wrt)
        except GraphcError:
            if wrt is not None:
                raise
            continue  # without a derivative it has values all the same
        slopes += found.gradients
        for node, adjoint in found.adjoint.items():
            if adjoint.args:
                adjoint_of.setdefault(adjoint, node)
    return slopes, adjoint_of


def _all_values(tops: Sequence[Expr], values: Mapping[Any, Any], who: str,
                declared: Sequence[Expr] = ()) -> tuple[dict[Expr, Any], dict[str, int]]:
    """The value of every node as it stands, and the named sizes. Inputs are those of the `declared` outputs as well:
    one that cancels out may be all that tells a size."""
    order = postorder(tops)
    found = variables(postorder([*declared, *tops]) if declared else order)
    check_sizes(order, found, who)
    arrays, sizes = _arguments(found, values, who)
    known = dict(zip(found, arrays))
    with np.errstate(all="ignore"):
        for node in order:
            if node not in known:
                known[node] = _value(node, known, sizes)
    return known, sizes


def _arguments(found: Sequence[Expr], values: Mapping[Any, Any], who: str) -> tuple[list[Any], dict[str, int]]:
    given = {key_name(key, who): value for key, value in values.items()}
    for v in found:
        if v.label not in given:
            raise InputError(f"{who}: missing input {slot_of(v)}{_near(v.label or '', given)}")
    signature = Signature(who, [slot_of(v) for v in found])
    arrays = signature.check([given[v.label or ""] for v in found])
    return arrays, signature.sizes.of(arrays)


def _near(name: str, given: Mapping[str, Any]) -> str:
    close = suggestion(name, given).removeprefix(" (did you mean ").removesuffix("?)")
    return f"; a value is given for {close}, which is no input of it" if close else ""


def _value(node: Expr, known: Mapping[Expr, Any], sizes: Mapping[str, int]) -> Any:
    if node.op.name == "const":
        value = node.attrs[0].value
        return value.item() if node.type.weak else value[()]
    step, names = interpreter(node)
    result = step(*[known[a] for a in node.args], *[sizes[n] for n in names])
    return np.asarray(result).item() if node.type.weak else result


def _listed(outputs: Any) -> list[Any]:
    if isinstance(outputs, (str, Mapping)) or not isinstance(outputs, Iterable):
        got = f"{type(outputs).__name__} {str(outputs)[:40]!r}"
        raise InputError(f"an output must be an Expr or a list of them, got {got}")
    listed = list(outputs)
    if not listed:
        raise InputError("there is no output; give an Expr or a list of them")
    return listed


# -- building --------------------------------------------------------------------------------------------


def _build(tops: list[Expr], inputs: Iterable[Any] | None, style: str, target: str, name: str, simplify: bool | str, *,
           single: bool = False, grouped: bool = False, pairs: list[Pair] | None = None,
           debug: bool = False) -> Function:
    if style not in STYLES:
        raise choose("style", style, STYLES)
    if target not in TARGETS:
        raise choose("target", target, TARGETS)
    if simplify not in SIMPLIFIERS:
        raise choose("simplify", simplify, SIMPLIFIERS)
    order = postorder(tops)
    arguments = _choose_inputs(variables(order), inputs, check_name(name))
    small = len(order) <= SMALL
    if pairs is None:
        pairs = _find_gradients(tops) if small else []
    better = shown = SIMPLIFIERS[simplify](tops)
    if simplify and style == "fast":
        better = arranged(better)
    if target == "auto":
        target = "numpy" if refusal([*postorder(better), *arguments], name) else "scalar"
    graph = tuple(tops), tuple(arguments)
    with building():
        program = _lowered(better, arguments, name, single, grouped, pairs, small, order if simplify is False else None,
                           target == "scalar", shown)
        return _KINDS[target](program, style, tuple(slot_of(v) for v in arguments), tuple(pairs), lambda: graph,
                              simplify, debug)


def _choose_inputs(needed: list[Expr], inputs: Iterable[Any] | None, who: str) -> list[Expr]:
    if inputs is None:
        return needed
    by_name = {v.label or "": v for v in needed}
    chosen: dict[str, Expr] = {}
    listed: Iterable[Any] = [inputs] if isinstance(inputs, (str, Expr)) else inputs
    for item in listed:
        name = key_name(item, who)
        node: Expr | None = item if isinstance(item, Expr) else by_name.get(name)
        if node is None:
            raise InputError(f"{who}: no input {name!r} in this graph{suggestion(name, by_name)}; "
                             f"it has {', '.join(by_name) or 'none'}")
        node = by_name[name] if name in by_name and by_name[name].type is node.type else node
        if by_name.get(name, node) is not node:
            raise InputError(f"{who}: the input {slot_of(node)} is not {slot_of(by_name[name])}, which the outputs use")
        if name in chosen:
            raise InputError(f"{who}: the input {name} is listed twice")
        chosen[name] = node
    missing = [v for v in needed if v.label not in chosen]
    if missing:
        raise InputError(f"{who}: the outputs need {', '.join(str(slot_of(v)) for v in missing)}, "
                         f"which {'is' if len(missing) == 1 else 'are'} not among the inputs listed")
    return list(chosen.values())


def _find_gradients(tops: Sequence[Expr]) -> list[Pair]:
    """Which outputs are gradients of which: nodes are interned, so the derivative of an output is that very node,
    or what `simplify` made of it."""
    if len(tops) < 2:
        return []
    for v, f in enumerate(tops):
        if f.ndim == 0 and f.type.is_float and f.op.name not in LEAVES:
            floats = [x for x in variables(postorder([f])) if x.type.is_float]
            try:
                slopes = gradients(f, floats)
            except GraphcError:
                continue
            pairs = [(v, x.label or "", i) for x, slope in zip(floats, slopes) for i, top in enumerate(tops)
                     if i != v and any(node is slope for node in origins(top))]
            if pairs:
                return pairs
    return []


def _lowered(tops: list[Expr], inputs: list[Expr], name: str, single: bool, grouped: bool, pairs: Sequence[Pair],
             small: bool, order: Sequence[Expr] | None, scalar: bool = False,
             shown: Sequence[Expr] | None = None) -> Program:
    """The program of these outputs; its docstring has the formulas of those that are `shown`."""
    value = pairs[0][0] if pairs else 0
    known = tops[value].label or name
    wishes = {tops[value]: name} if single or pairs else {}
    notes: dict[Expr, str] = {}
    titles = {value: known} if single or pairs else {}
    for _, x, i in pairs:
        titles[i] = f"∂{known}/∂{x}"
        wishes.setdefault(tops[i], f"d{x}")
        notes[tops[i]] = f"{notes[tops[i]]}, {titles[i]}" if tops[i] in notes else titles[i]
    doc = _formulas(shown or tops, titles, name) if small else f"{len(tops)} outputs of {len(inputs)} inputs."
    return lower(tops, inputs, name=name, single=single, grouped=grouped, wishes=wishes, notes=notes,
                 forward=tops[value] if pairs else None, doc=doc, order=order, scalar=scalar)


def _formulas(tops: Sequence[Expr], titles: Mapping[int, str], name: str) -> str:
    """A line for each named value and each output, in which the names stand for the values.

    A formula too long to read is left to the code below it.
    """
    shown = set(tops)
    named = [n for n in postorder(tops) if n.label is not None and n.op.name not in LEAVES and n not in shown]
    titled = [(node.label, node) for node in named]
    titled += [(titles.get(i) or top.label or f"{name}[{i}]", top) for i, top in enumerate(tops)]
    formulas = [(title, format_node(node, "unicode", limit=180)) for title, node in titled]
    lines = [f"{title} = {text}" for title, text in formulas if "…" not in text]
    return "\n".join(wrapped for line in lines for wrapped in wrap(line, 96, subsequent_indent="    "))


# -- the function ----------------------------------------------------------------------------------------

_QUIET: list[Context] = []  # in which NumPy warns of nothing; np.errstate takes four times as long to enter


QUICK = 32  # arguments, up to which a function of their own says whether they are just right


def _never(*args: Any) -> bool:
    return False


def _quiet() -> Context:
    context = Context()
    context.run(np.seterr, all="ignore")
    return context



class Function:
    """A compiled function: call it with keywords, positions, or one mapping of inputs to values.

    Arguments are checked before any arithmetic and never written to; results are fresh arrays.
    `source` is the emitted text, `raw` the emitted function itself, `inputs` and `outputs` the
    names, `program` the steps. It can be pickled and called from many threads.
    """

    target = "numpy"

    def __init__(self, program: Program, style: str, slots: tuple[Slot, ...], pairs: tuple[Pair, ...],
                 graph: Callable[[], Graph], simplify: bool | str = True, debug: bool = False) -> None:
        self.program, self.style, self.simplify, self.debug = program, style, simplify, debug
        self._slots, self._pairs, self._graph = slots, pairs, graph
        self.source = self._text(program, style)
        large = {name: value for name, value in program.constants if f"# {name}: " in self.source}
        self.raw: Callable[..., Any] = load(self.source, program.name, constants=large, keep=kept)
        # Where the emitted function only calls its steps where nothing warns, a call from here need not do so twice.
        # A constant of the user's may have that name, too.
        steps = self.raw.__globals__.get(f"{program.name}_steps")
        self._steps = steps if isinstance(steps, FunctionType) else self.raw
        self._signature = Signature(program.name, slots)
        self._takers, self._sizes = self._signature.takers, self._signature.sizes
        # -1: one argument alone may be the mapping of all of them, so it is always looked at.
        self._count = len(slots) if len(slots) != 1 else -1
        self._same_sizes = bool(self._sizes.others)
        self._spread: dict[tuple[bool, ...], Function] = {}
        self._ready: Callable[..., bool] | None = None  # made at the first call
        self.__name__ = program.name
        self.__doc__ = program.doc

    def _text(self, program: Program, style: str) -> str:
        return numpy_source(program, style, embed=False)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the arguments, in order."""
        return self._signature.names

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the results in the emitted text, in order."""
        return self.program.outputs

    def __call__(self, /, *args: Any, **given: Any) -> Any:
        """The results at these arguments; `out=` takes arrays to put them in (unless an input has that name).

        Raises InputError for a wrong, missing or doubled name, ShapeError for a wrong rank, shape or
        disagreeing size, DTypeError for a value that cannot be cast without loss.
        """
        if given or len(args) != self._count:
            out = given.pop("out", None) if "out" in given and "out" not in self.inputs else None
            args = self._signature.bind(args, given)
            if out is not None:
                return self._into(out, self(*args) if self._count >= 0 else self({self.inputs[0]: args[0]}))
        if self._ready is None:
            source = ready_source(self._slots) if 0 < len(self._slots) <= QUICK else ""
            self._ready = load(source, "ready") if source else _never
        values: Sequence[Any] = args
        if not self._ready(*args):
            values = [take(value) for take, value in zip(self._takers, args)]
            if self._same_sizes:
                self._sizes.check(values, self.program.name)
        # Inf and NaN are results, not warnings: the branch of a `where` that is not taken may well overflow.
        # Each call has a context of its own from the pool, which many threads may share.
        try:
            context = _QUIET.pop()
        except IndexError:
            context = _quiet()
        results = context.run(self._steps, *values)
        _QUIET.append(context)
        if self.debug:
            self._check_finite(results, values)
        return results

    def over(self, /, *args: Any, **given: Any) -> Any:
        """The results at many points: each input, declared without axes, takes a number or an array of any shape.

        The arrays broadcast together, and every result is a fresh array of that shape, computed by NumPy element by
        element (whatever the target). The first call for each choice of arrays compiles. Raises ShapeError for inputs
        that have axes, or arrays that do not broadcast; InputError for an operation that is not elementwise.

        >>> import graphc as G
        >>> x, w = G.input("x"), G.param("w")
        >>> G.value_and_grad(w * G.relu(x), [w]).over(x=[-1.0, 2.0, 3.0], w=2.0)
        (array([0., 4., 6.]), (array([0., 2., 3.]),))
        """
        bound = self._signature.bind(args, given)
        shape, many, values = points(bound, self._slots, self.program.name)
        results = self._over(many)(dict(zip(self.inputs, values)))
        return _mapped(results, lambda r: r.reshape(shape) if r.ndim else np.full(shape, r))

    def _over(self, many: tuple[bool, ...]) -> Function:
        """The function whose inputs that are `many` have an axis."""
        found = self._spread.get(many)
        if found is None:
            tops, inputs = self._graph()
            name = self.program.name
            wide, takes = spread(tops, inputs, [v for v, wide in zip(inputs, many) if wide], name)
            found = self._spread[many] = _build(wide, takes, self.style, "numpy", name, self.simplify,
                                                single=self.program.single, grouped=self.program.grouped,
                                                pairs=[], debug=self.debug)
        return found

    def _check_finite(self, results: Any, values: Sequence[Any]) -> None:
        """Raises GraphcError that says where the first value that is not finite comes from."""
        if all(np.isfinite(result).all() for result in _flat(results)):
            return
        given = dict(zip(self.inputs, values))
        found = explain(self, given)
        if found.finite:  # as it was declared the graph is finite: what is computed is not quite that
            found = _explained(list(SIMPLIFIERS[self.simplify](self._graph()[0])), given)
        raise GraphcError(f"{self.program.name}: {found}")

    @property
    def report(self) -> Report:
        """Operations, bytes and calls of the graph as it was declared and as it is computed, and the rewrites between.

        Worked out when it is asked for. `print(fn.report)`; `fn.report.before` and `.after` are `G.cost` of each.
        """
        tops = list(self._graph()[0])
        steps: list[Rewrite] = []
        if self.simplify == "sympy":
            steps = simplified(tops, log=True)[1]
        elif self.simplify:
            rewrite(stabilise(tops, log=steps.append), log=steps.append)
        better = SIMPLIFIERS[self.simplify](tops)  # which also goes into loops
        return Report(self.program.name, cost(tops), cost(better), Counter(step.rule for step in steps))

    def _into(self, out: Any, results: Any) -> Any:
        """Copy the results into the arrays of `out`, which has the structure of the result."""
        pairs = list(zip(_flat(out), _flat(results)))
        if len(_flat(out)) != len(_flat(results)):
            raise InputError(f"{self.program.name}: out needs {len(_flat(results))} arrays, got {len(_flat(out))}")
        for i, (target, result) in enumerate(pairs):
            result = np.asarray(result)
            if not isinstance(target, np.ndarray) or target.shape != result.shape or target.dtype != result.dtype:
                got = f"{target.dtype}{list(target.shape)}" if isinstance(target, np.ndarray) else type(target).__name__
                needs = f"{result.dtype}{list(result.shape)}"
                raise ShapeError(f"{self.program.name}: out {i} needs an array {needs}, got {got}")
            if not target.flags.writeable:
                raise InputError(f"{self.program.name}: out {i} cannot be written to")
        for target, result in pairs:
            np.copyto(target, result)
        return out

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a module that needs NumPy alone (and numba, for that target); `python path` checks its own gradients.

        Raises InputError when the path cannot be written.
        """
        write_whole(path, self._module().encode("utf-8"))

    def _module(self) -> str:
        pairs, extra = list(self._pairs), None
        if not pairs:
            pairs, extra = self._gradient_program()
        emitted = dict(zip(self.inputs, (i.name for i in self.program.inputs)))  # lambda is lambda_ there
        gradients = [(value, emitted[x], slope) for value, x, slope in pairs]
        program = numba_program(self.program) if self.target == "numba" else self.program
        return module_source(program, style=self.style, gradients=gradients, extra=extra,
                             scalar=self.target == "scalar")

    def _gradient_program(self) -> tuple[list[Pair], Program | None]:
        """The gradients of the first floating output, for a module whose outputs have none."""
        tops, inputs = self._graph()
        floats = [x for x in inputs if x.type.is_float]
        for v, f in enumerate(tops):
            if not f.type.is_float or not floats or f.op.name in LEAVES:
                continue
            try:
                slopes = vjp(f, floats, BROADCAST_TO(lift(f.dtype.type(1)), shape=f.shape))
            except GraphcError:
                continue
            better = rewrite(stabilise(slopes))
            value = self.program.outputs[v]
            notes: dict[Expr, str] = {}
            for g, x in zip(better, floats):
                notes[g] = f"{notes[g]}, ∂{value}/∂{x.label}" if g in notes else f"∂{value}/∂{x.label}"
            program = lower(better, inputs, name=f"{self.program.name}_gradient", constants="k", notes=notes,
                            avoid=[self.program.name], scalar=self.target == "scalar",
                            doc=f"Gradient of {value} by {', '.join(x.label or '' for x in floats)}.")
            return [(v, x.label or "", i) for i, x in enumerate(floats)], program
        return [], None

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.program, self.style, self._slots, self._pairs, _rows(*self._graph()), self.simplify,
                           self.debug, self.target)

    def __repr__(self) -> str:
        takes = ", ".join(f"{s.name}: {s.type}" for s in self._slots[:8]) + (", ..." if len(self._slots) > 8 else "")
        gives = ", ".join(self.outputs[:8]) + (", ..." if len(self.outputs) > 8 else "")
        return f"<Function {self.program.name}({takes}) -> {gives}>"


class ScalarFunction(Function):
    """A compiled function of Python numbers, `target="scalar"`: results are floats, ints and bools.

    Arguments of the very types (float for float64) go in at once; any other is checked and cast as ever.
    """

    target = "scalar"

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        if not self.debug and self.inputs == tuple(i.name for i in self.program.inputs):
            # Parameters by name are quickest, so each function has a call of its own, and with it a class.
            names = {**self.raw.__globals__, "not_given": _NOT_GIVEN}
            call = load(caller_source(self.program, self.style), "call", constants=names)
            call.__qualname__ = self.program.name
            self.__class__ = type("ScalarFunction", (ScalarFunction,), {"__call__": call, "__doc__": self.__doc__})

    def _text(self, program: Program, style: str) -> str:
        return scalar_source(program, style)

    def __call__(self, /, *args: Any, **given: Any) -> Any:
        return self.slowly((), args, given)

    def slowly(self, bound: tuple[Any, ...], more: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """The results at arguments that may have to be cast, or refused: `bound` are the parameters in order."""
        out = named.pop("out", None) if "out" not in self.inputs else None
        if more:
            args = self._signature.bind((*bound, *more), named)
        else:
            named |= {name: v for name, v in zip(self.inputs, bound) if v is not _NOT_GIVEN}
            first = named.pop(self.inputs[0]) if bound and isinstance(bound[0], Mapping) else None
            args = self._signature.bind(() if first is None else (first,), named)
        values = [value.item() for value in self._signature.check(args)]
        results = self.raw(*values)
        if self.debug:
            self._check_finite(results, values)
        return results if out is None else self._into(out, results)


class NumbaFunction(Function):
    """A compiled function whose elementwise regions are numba kernels, `target="numba"`: the first call compiles them.

    `program` has the steps as they were lowered; `source` shows the kernels.
    """

    target = "numba"

    def _text(self, program: Program, style: str) -> str:
        return numpy_source(numba_program(program), style, embed=False)


_NOT_GIVEN: Any = object()  # what a parameter is that was not given
_KINDS: dict[str, type[Function]] = {"numpy": Function, "scalar": ScalarFunction, "numba": NumbaFunction}


def _flat(results: Any) -> list[Any]:
    return [x for r in results for x in _flat(r)] if isinstance(results, (tuple, list)) else [results]


def _mapped(results: Any, change: Callable[[Any], Any]) -> Any:
    return tuple(_mapped(r, change) for r in results) if isinstance(results, tuple) else change(results)


def _rows(tops: Sequence[Expr], inputs: Sequence[Expr]) -> tuple[Any, ...]:
    """A graph as data. Initial values stay behind: they are no part of the function, and may not pickle."""
    order = postorder([*tops, *inputs])
    index = {node: i for i, node in enumerate(order)}
    rows = [(n.op.name, tuple(index[a] for a in n.args),
             tuple(None if isinstance(a, Init) else a for a in n.attrs), n.label) for n in order]
    return tuple(rows), tuple(index[n] for n in tops), tuple(index[n] for n in inputs)


def _graph_of(rows: tuple[Any, ...]) -> Graph:
    nodes: list[Expr] = []
    for op, args, attrs, label in rows[0]:
        nodes.append(OPS[op].make(tuple(nodes[i] for i in args), attrs, label))
    return tuple(nodes[i] for i in rows[1]), tuple(nodes[i] for i in rows[2])


def _restored(program: Program, style: str, slots: tuple[Slot, ...], pairs: tuple[Pair, ...],
              rows: tuple[Any, ...], simplify: bool | str = True, debug: bool = False,
              target: str = "numpy") -> Function:
    # The graph is built again only if someone saves the function.
    return _KINDS[target](program, style, slots, pairs, lambda: _graph_of(rows), simplify, debug)
