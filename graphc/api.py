"""The facade: compile, value_and_grad, evaluate, explain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .compiled import Function, build
from .diskcache import Where, caching
from .errors import InputError
from .finiteness import Explanation
from .ir import VARIABLES, Expr, lift
from .looking import all_values, explained
from .loops import map_bodies
from .reverse import backward
from .stable import stabilise


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
        return build(tops, inputs, style, target, name, simplify, single=single, debug=debug)


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
        return build([f, *found.gradients], inputs, style, target, name, simplify, grouped=grouped, pairs=pairs,
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
    known, _ = all_values(tops, values or {}, "evaluate", declared)
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
    return explained(tops, values, wrt, declared)


def _listed(outputs: Any) -> list[Any]:
    if isinstance(outputs, (str, Mapping)) or not isinstance(outputs, Iterable):
        got = f"{type(outputs).__name__} {str(outputs)[:40]!r}"
        raise InputError(f"an output must be an Expr or a list of them, got {got}")
    listed = list(outputs)
    if not listed:
        raise InputError("there is no output; give an Expr or a list of them")
    return listed
