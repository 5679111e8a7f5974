"""What a graph is compiled to: Function and its kinds, one for each target."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import Context
from types import FunctionType
from typing import Any

import numpy as np

from .costing import cost
from .diskcache import kept
from .errors import GraphcError, choose
from .files import write_whole
from .into import Form, apart, check_out, form_of, large
from .ir import LEAVES, OPS, Expr, Init, building, check_name, lift, postorder, variables
from .looking import explained
from .loop_layout import arranged
from .loops import map_bodies, through_loops
from .lower import (
    Footprint,
    Program,
    Timeline,
    caller_source,
    footprint,
    into_source,
    load,
    lower,
    module_source,
    numba_program,
    numpy_source,
    scalar_source,
    timeline,
)
from .ops.shaping import BROADCAST_TO
from .outline import Pair, choose_inputs, find_gradients, lowered
from .reporting import Report
from .reverse import vjp
from .rewrite import Rewrite, rewrite
from .scalar_spellings import refusal
from .signature import Signature, Slot, ready_source, slot_of
from .simplifier import simplify as simplified
from .spread import points, spread
from .stable import stabilise

STYLES, TARGETS = ("fast", "readable"), ("numpy", "scalar", "numba", "auto")
SMALL = 2_000  # nodes: up to here formulas and gradients are written beside the code
SIMPLIFIERS: dict[Any, Callable[[Any], Any]] = {
    True: through_loops(lambda tops: rewrite(stabilise(tops))), False: list, "sympy": through_loops(simplified),
}  # fmt: skip

Graph = tuple[tuple[Expr, ...], tuple[Expr, ...]]  # outputs, inputs


def build(tops: list[Expr], inputs: Iterable[Any] | None, style: str, target: str, name: str, simplify: bool | str, *,
          single: bool = False, grouped: bool = False, pairs: list[Pair] | None = None,
          debug: bool = False) -> Function:
    """The function of these outputs; see `graphc.compile`. `pairs` say which outputs are gradients, where known."""
    if style not in STYLES:
        raise choose("style", style, STYLES)
    if target not in TARGETS:
        raise choose("target", target, TARGETS)
    if simplify not in SIMPLIFIERS:
        raise choose("simplify", simplify, SIMPLIFIERS)
    order = postorder(tops)
    arguments = choose_inputs(variables(order), inputs, check_name(name))
    small = len(order) <= SMALL
    if pairs is None:
        pairs = find_gradients(tops) if small else []
    better = shown = SIMPLIFIERS[simplify](tops)
    if simplify and style == "fast":
        better = arranged(better)
    if target == "auto":
        target = "numpy" if refusal([*postorder(better), *arguments], name) else "scalar"
    graph = tuple(tops), tuple(arguments)
    with building():
        program = lowered(better, arguments, name, single, grouped, pairs, small, order if simplify is False else None,
                          target == "scalar", shown)
        return _KINDS[target](program, style, tuple(slot_of(v) for v in arguments), tuple(pairs), lambda: graph,
                              simplify, debug)


# -- the function ----------------------------------------------------------------------------------------

_QUIET: list[Context] = []  # in which NumPy warns of nothing; np.errstate takes four times as long to enter
QUICK = 32  # arguments, up to which a function of their own says whether they are just right


def _never(*args: Any) -> bool:
    return False


def _quiet() -> Context:
    context = Context()
    context.run(np.seterr, all="ignore")
    return context


def _quietly(function: Callable[..., Any], *args: Any) -> Any:
    """The result of a call in which nothing warns, in a context of its own from the pool, which threads may share."""
    try:
        context = _QUIET.pop()
    except IndexError:
        context = _quiet()
    results = context.run(function, *args)
    _QUIET.append(context)
    return results


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
        self._forms: tuple[dict[str, int] | None, list[Form | None]] = None, []  # of results, for the last sizes
        self._direct: tuple[Callable[..., Any], tuple[int, ...]] | None = None  # made when first used
        # Compiled here: in the first call it would take more memory than the arrays of a small graph.
        checked = ready_source(slots) if 0 < len(slots) <= QUICK and self.target != "scalar" else ""
        self._ready: Callable[..., bool] = load(checked, "ready") if checked else _never
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

        They are written straight into these where that is safe, else copied; none is written to when an error is
        raised. Raises InputError for a wrong, missing or doubled name, ShapeError for a wrong rank, shape or
        disagreeing size, DTypeError for a value that cannot be cast without loss.
        """
        if given or len(args) != self._count:
            out = given.pop("out", None) if "out" in given and "out" not in self.inputs else None
            args = self._signature.bind(args, given)
            if out is not None:
                return self._into(out, args)
        values: Sequence[Any] = args
        if not self._ready(*args):
            values = [take(value) for take, value in zip(self._takers, args)]
            if self._same_sizes:
                self._sizes.check(values, self.program.name)
        # Inf and NaN are results, not warnings: the branch of a `where` that is not taken may well overflow. As in
        # `_quietly`, whose call would cost a small function a tenth of its time.
        try:
            context = _QUIET.pop()
        except IndexError:
            context = _quiet()
        results = context.run(self._steps, *values)
        _QUIET.append(context)
        if self.debug:
            self._check_finite(results, values)
        return results

    def _into(self, out: Any, args: Sequence[Any]) -> Any:
        """The results at these arguments in the arrays of `out`, which has the structure of the result."""
        values = self._signature.check(args)
        sizes = self._sizes.of(values)
        targets, who = _flat(out), self.program.name
        known, forms = self._forms
        if known != sizes:
            forms = [form_of(top.type, sizes) for top in self._graph()[0]]
            self._forms = sizes, forms
        check_out(targets, forms, who)
        if self._direct is None:
            self._direct = self._made_direct()
        steps, which = self._direct
        if which and not self.debug and large(targets, values) and apart(targets, values):
            results = _quietly(steps, *values, *[targets[i] for i in which])
        else:
            results = self(dict(zip(self.inputs, values)))
        return _copied(out, targets, results, forms, who)

    def _made_direct(self) -> tuple[Callable[..., Any], tuple[int, ...]]:
        """The function that writes results straight into arrays that it is given after the inputs, and which these
        are; none of them where it would be no other than the usual one."""
        source, name, which = into_source(self._emitted(), self.style)
        if not which:
            return self.raw, ()
        large = {name: value for name, value in self.program.constants if f"# {name}: " in source}
        return load(source, name, constants=large, keep=kept), which

    def _emitted(self) -> Program:
        """The program whose text is `source`."""
        return self.program

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
            found = self._spread[many] = build(wide, takes, self.style, "numpy", name, self.simplify,
                                                single=self.program.single, grouped=self.program.grouped,
                                                pairs=[], debug=self.debug)
        return found

    def _check_finite(self, results: Any, values: Sequence[Any]) -> None:
        """Raises GraphcError that says where the first value that is not finite comes from."""
        if all(np.isfinite(result).all() for result in _flat(results)):
            return
        given = dict(zip(self.inputs, values))
        tops = list(self._graph()[0])
        stable = map_bodies(stabilise(tops), stabilise) if self.simplify else tops
        found = explained(stable, given, declared=tops)
        if found.finite:  # as it was declared the graph is finite: what is computed is not quite that
            found = explained(list(SIMPLIFIERS[self.simplify](self._graph()[0])), given)
        raise GraphcError(f"{self.program.name}: {found}")

    @property
    def report(self) -> Report:
        """Operations, bytes and calls of the graph as it was declared and as it is computed, the rewrites between, the
        memory of a call (`peak_bytes`, `peak(N=512)`, `buffers`), and the passes over the emitted steps (`passes`).

        Worked out when it is asked for. `print(fn.report)`; `fn.report.before` and `.after` are `G.cost` of each.
        """
        tops = list(self._graph()[0])
        steps: list[Rewrite] = []
        if self.simplify == "sympy":
            steps = simplified(tops, log=True)[1]
        elif self.simplify:
            rewrite(stabilise(tops, log=steps.append), log=steps.append)
        better = SIMPLIFIERS[self.simplify](tops)  # which also goes into loops
        rules = Counter(step.rule for step in steps)
        return Report(self.program.name, cost(tops), cost(better), rules, self._footprint())

    def _footprint(self) -> Footprint:
        return footprint(self._emitted(), self.style)

    @property
    def timeline(self) -> Timeline:
        """The statements of the emitted function in order, the memory that each value lies in, and until when:
        `moments` and `lanes`. `G.draw(fn)` is its picture."""
        return timeline(self._emitted(), self.style, self.target == "scalar")

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

    def _footprint(self) -> Footprint:
        return Footprint((), (), ())  # Python numbers

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
        if out is not None:
            forms = [form_of(top.type, {}) for top in self._graph()[0]]
            check_out(_flat(out), forms, self.program.name)
        results = self.raw(*values)
        if self.debug:
            self._check_finite(results, values)
        return results if out is None else _copied(out, _flat(out), results, forms, self.program.name)


class NumbaFunction(Function):
    """A compiled function whose elementwise regions are numba kernels, `target="numba"`: the first call compiles them.

    `program` has the steps as they were lowered; `source` shows the kernels.
    """

    target = "numba"

    def _text(self, program: Program, style: str) -> str:
        return numpy_source(numba_program(program), style, embed=False)

    def _emitted(self) -> Program:
        return numba_program(self.program)


_NOT_GIVEN: Any = object()  # what a parameter is that was not given
_KINDS: dict[str, type[Function]] = {"numpy": Function, "scalar": ScalarFunction, "numba": NumbaFunction}


def _flat(results: Any) -> list[Any]:
    return [x for r in results for x in _flat(r)] if isinstance(results, (tuple, list)) else [results]


def _copied(out: Any, targets: Sequence[Any], results: Any, forms: Sequence[Form | None], who: str) -> Any:
    """What was not written straight into its target is copied there, once all are known to fit."""
    found = _flat(results)
    if None in forms:
        late = [(np.asarray(r).dtype, np.shape(r)) if form is None else form for r, form in zip(found, forms)]
        check_out(targets, late, who)
    for target, result in zip(targets, found):
        if target is not result:
            np.copyto(target, result)
    return out


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
