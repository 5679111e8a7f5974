"""Graph -> Program: each node becomes one step in the spelling of its op's row. The only importer of `codegen`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np

import codegen

from .dims import Dim, Size, size_names
from .errors import GraphcError, InputError, ShapeError
from .ir import LEAVES, OPS, Expr, Op, postorder
from .scalar_spellings import RESERVED as SCALAR_RESERVED
from .scalar_spellings import conversion, refusal, scalar_helpers, scalar_spelling
from .spelling import RESERVED, Spelling, number_text, numpy_name, size_names_of, special, spelling
from .written_out import OVERFLOWS, WRITTEN_OUT, parts_of

if not getattr(codegen, "GRAPHC_CODEGEN", False):
    raise ImportError(
        f"graphc emits code with its own package 'codegen', but Python found another one at "
        f"{getattr(codegen, '__file__', None) or list(getattr(codegen, '__path__', []))}; "
        "rename or move that one, or put graphc before it on the path"
    )

# What the facade needs of codegen comes through here: one importer.
Program: TypeAlias = codegen.Program
Footprint: TypeAlias = codegen.Footprint
Timeline: TypeAlias = codegen.Timeline
Moment: TypeAlias = codegen.Moment
timeline = codegen.timeline
STATEMENTS, footprint = codegen.STATEMENTS, codegen.footprint
arrays, evaluated, itemsize = codegen.arrays, codegen.evaluated, codegen.itemsize
load, module_source, numpy_source = codegen.load, codegen.module_source, codegen.numpy_source
caller_source, scalar_source, into_source = codegen.caller_source, codegen.scalar_source, codegen.into_source


def numba_program(program: Program) -> Program:
    """The program with its elementwise regions as numba kernels. Raises GraphcError where numba is not installed."""
    if find_spec("numba") is None:
        raise GraphcError(f"{program.name}: target 'numba' needs the package numba, which is not installed; "
                          "pip install graphc[numba]")
    return codegen.numba_program(program)


def lower(
    outputs: Sequence[Expr],
    inputs: Sequence[Expr],
    *,
    name: str = "f",
    single: bool = False,
    grouped: bool = False,
    wishes: Mapping[Expr, str] | None = None,
    notes: Mapping[Expr, str] | None = None,
    forward: Expr | None = None,
    doc: str = "",
    constants: str = "c",
    order: Sequence[Expr] | None = None,
    avoid: Iterable[str] = (),
    scalar: bool = False,
) -> codegen.Program:
    """The program that computes `outputs` from `inputs`, in the order of the graph.

    `wishes` are names for nodes that have none, `notes` trailing comments; what `forward` needs is
    headed "forward" and the rest "backward". `constants` begins the names of array constants;
    `order` is the postorder of the outputs, where the caller has it; `avoid` are names not to give.
    `scalar` writes plain Python instead of NumPy, and raises a GraphcError for what has no such form.
    Raises ShapeError for a named size that no input has, InputError for a name that cannot stand in Python text.

    >>> import graphc as G
    >>> x, w = G.input("x"), G.param("w")
    >>> program = lower([G.relu(w * x).named("r")], [x, w], single=True)
    >>> [(s.target, s.spelling, s.args) for s in program.steps]
    [('n0', '{0} * {1}', ('w', 'x')), ('r', 'np.maximum({0}, {1})', ('n0', '0'))]
    """
    order = postorder(outputs) if order is None else order
    if scalar:
        check_scalar([*order, *inputs], name)
    helpers = scalar_helpers(order) if scalar else _helpers(order)
    sizes = check_sizes(order, inputs, name)
    _check_name(name)
    reserved = RESERVED | SCALAR_RESERVED | codegen.SCALAR_NAMES if scalar else RESERVED
    names = _Names(reserved.union([h for h, _ in helpers], sizes, avoid))
    for v in inputs:
        names.give(v, v.label or "x")
    for node in order:
        if node.label is not None and node not in names.of and node.op.name != "const":
            names.give(node, node.label)
    for node, wish in (wishes or {}).items():
        if node not in names.of and node.args:
            names.give(node, wish)
    build = _Builder(names, notes or {}, set(postorder([forward])) if forward is not None else None, constants, name)
    for node in order:
        if scalar:
            build.scalar(node)
        else:
            build.add(node)
    results = tuple(build.scalar_value(node) if scalar else build.value(node) for node in outputs)
    return codegen.Program(name, tuple(_input(v, names.of[v]) for v in inputs), tuple(build.steps), results, single,
                           _dims(inputs, names, sizes), tuple(build.constants), helpers, doc, grouped)


# -- names and sizes ------------------------------------------------------------------------------------


class _Names:
    """A name of its own for each value: the user's where that is free."""

    def __init__(self, reserved: Iterable[str]) -> None:
        self.of: dict[Expr, str] = {}
        self.taken = set(reserved)
        self.count = 0

    def give(self, node: Expr, wish: str) -> str:
        name, i = wish, 1
        while name in self.taken:
            name, i = f"{wish}_{i if i > 1 else ''}", i + 1
        self.taken.add(name)
        self.of[node] = name
        return name

    def number(self, prefix: str = "n") -> str:
        """n0, n1, ...: the next that is free."""
        while True:
            name = f"{prefix}{self.count}"
            self.count += 1
            if name not in self.taken:
                self.taken.add(name)
                return name


def _check_name(name: str) -> None:
    # Helpers of every op: the gradient in a saved module may need one that the function does not.
    helpers = {_called(source) for op in OPS.complete().values() for source in op.helpers()}
    if not name.isidentifier() or name in RESERVED or name in helpers:
        raise InputError(f"an emitted function cannot be called {name!r}; choose an identifier that "
                         "is no keyword and no function that emitted code calls")


def _helpers(order: Iterable[Expr]) -> tuple[tuple[str, str], ...]:
    """The small functions that the ops call, each once, in order of first use."""
    sources = dict.fromkeys(source for node in order if node.op.helper for source in node.op.helpers(node))
    return tuple((_called(source), source) for source in sources)


def check_scalar(order: Iterable[Expr], who: str) -> None:
    """Raises the GraphcError that says which of these nodes has no plain-Python form."""
    found = refusal(order, who)
    if found is not None:
        raise found
    if who in SCALAR_RESERVED or who in codegen.SCALAR_NAMES:
        raise InputError(f"an emitted function cannot be called {who!r}, which emitted code calls")


def _called(source: str) -> str:
    """The name of the function that a source defines."""
    return source[4 : source.index("(")]


def check_sizes(order: Sequence[Expr], inputs: Iterable[Expr], who: str) -> dict[str, None]:
    """The names of all sizes. Raises when one cannot be read off an input, or cannot stand in the text."""
    helpers = {name for name, _ in _helpers(order)}
    known = {d.name for v in inputs for d in v.shape if isinstance(d, Dim) and d.name}
    named: dict[str, None] = {}
    seen: set[int] = set()
    for node in order:
        sizes: tuple[Size, ...] = node.attrs if node.op.name == "size" else node.type.shape
        if node.op.name == "bound":
            raise InputError(f"{who}: {node.label or 'a value'} of the step of a scan is used outside that step; "
                             f"return it from the step (traced at {node.place})")
        if node.op.name == "scan":
            sizes = (*node.attrs[0].sizes, node.attrs[3])
        elif id(node.type) in seen and node.op.name != "size":
            continue
        seen.add(id(node.type))
        for n in [n for size in sizes if isinstance(size, Dim) for n in size_names(size)]:
            if n not in known:
                raise ShapeError(f"{who}: size {n} is not known: no input has an axis of just {n}; give one that has")
            named[n] = None
    named.update(dict.fromkeys(sorted(n for n in known if n)))
    for n in named:
        if n in RESERVED or n in helpers:
            raise InputError(f"{who}: a size cannot be called {n!r}, which means something else in emitted code")
    return named


def _dims(inputs: Iterable[Expr], names: _Names, sizes: Iterable[str]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for v in inputs:
        for axis, d in enumerate(v.shape):
            if isinstance(d, Dim) and d.name:
                found.setdefault(d.name, f"{names.of[v]}.shape[{axis}]")
    return tuple((n, found[n]) for n in found if n in set(sizes))


def _input(v: Expr, name: str) -> codegen.Input:
    return codegen.Input(name, str(v.type), tuple(d if isinstance(d, int) else str(d) for d in v.shape))


# -- steps -----------------------------------------------------------------------------------------------


class _Builder:
    def __init__(self, names: _Names, notes: Mapping[Expr, str], forward: set[Expr] | None, prefix: str,
                 function: str) -> None:
        self.names, self.notes, self.forward, self.prefix = names, notes, forward, prefix
        self.steps: list[codegen.Step] = []
        self.constants: list[tuple[str, np.ndarray[Any, Any]]] = []
        self.types: dict[int, str] = {}
        self.function = function
        self.converted: dict[tuple[str, str], str] = {}  # of plain Python: (name, kind) -> name
        self.forms: dict[Op, Spelling] = {}  # of ops that have no attributes

    def add(self, node: Expr) -> None:
        op = node.op
        if op.name == "const":
            if node.type.shape or node.label is not None:
                self.constant(node)
        elif op.name not in LEAVES:
            form = self.forms.get(op)
            if form is None:
                form = spelling(node)
                if not op.attrs and not callable(op.numpy):
                    self.forms[op] = form
            self.step(node, form)

    def constant(self, node: Expr) -> None:
        """An array constant, or a number that has a name, is a constant of the module."""
        wish = node.label or f"{self.prefix}{len(self.constants)}"
        # The function is a name of the module as well.
        name = self.names.give(node, f"{wish}_" if wish == self.function else wish)
        self.constants.append((name, node.attrs[0].value))

    def step(self, node: Expr, form: Spelling) -> None:
        names = self.names.of
        template, ufunc, alias = form.template, form.ufunc, node.op.view
        operands = node.args
        if len(operands) == 2:
            args: tuple[str, ...] = (names.get(operands[0], ""), names.get(operands[1], ""))
        else:
            args = tuple([names.get(a, "") for a in operands])
        if "" in args or node.type.weak or not form.regular:
            if form.bare and node.label is None and node not in names and args[0]:
                names[node] = args[0]
                return
            template, args, ufunc, alias = special(node, form, args)
        target = names.get(node) or self.number(node)
        type_ = self.types.get(id(node.type)) or self.type(node)
        args = args + form.literals if form.literals else args
        self.steps.append(codegen.Step(target, template, args, type_, self.notes.get(node, ""), ufunc, alias,
                                       "" if self.forward is None else self.section(node),
                                       parts_of(node, args[: len(node.args)]) if node.op.name in WRITTEN_OUT else (),
                                       node.op.name in OVERFLOWS))

    def number(self, node: Expr) -> str:
        name = self.names.of[node] = self.names.number()
        return name

    def type(self, node: Expr) -> str:
        # Types are shared by many nodes, all of which are alive here.
        key = id(node.type)
        text = self.types.get(key)
        if text is None:
            text = self.types[key] = str(node.type)
        return text

    def section(self, node: Expr) -> str:
        return "" if self.forward is None else "forward" if node in self.forward else "backward"

    def value(self, node: Expr) -> str:
        """The name of an output: a constant or a size gets a step of its own."""
        found = self.names.of.get(node)
        if found is None:
            found = self.names.give(node, node.label) if node.label else self.number(node)
            text = str(node.attrs[0]) if node.op.name == "size" else number_text(node)
            scalar = f"np.{numpy_name(node.type.dtype)}({text})"
            self.steps.append(codegen.Step(found, scalar, (), self.type(node), self.notes.get(node, "")))
        return found


    def scalar(self, node: Expr) -> None:
        """A step in plain Python; operands of another kind are converted first, each once."""
        if node.op.name in LEAVES:
            if node.op.name == "const" and node.label is not None:
                self.constant(node)
            return
        template, kinds = scalar_spelling(node)
        args = tuple([self.number_as(a, kind) for a, kind in zip(node.args, kinds)])
        if template == "{0}" and node not in self.names.of and args[0].isidentifier():
            self.names.of[node] = args[0]
            return
        target = self.names.of.get(node) or self.number(node)
        self.steps.append(codegen.Step(target, template, args, self.type(node), self.notes.get(node, ""),
                                       section=self.section(node)))

    def number_as(self, node: Expr, kind: str) -> str:
        """The name of a value as a float, a whole number or a truth value; a constant is written out."""
        name = self.names.of.get(node)
        if name is None:
            return codegen.literal({"float64": float, "bool": bool}.get(kind, int)(node.attrs[0].value.item()))
        template = conversion(node.type.dtype, kind)
        if not template:
            return name
        found = self.converted.get((name, kind))
        if found is None:
            found = self.converted[name, kind] = self.names.number()
            self.steps.append(codegen.Step(found, template, (name,), f"{kind}[]", section=self.section(node)))
        return found

    def scalar_value(self, node: Expr) -> str:
        if node in self.names.of:
            return self.names.of[node]
        found = self.number(node)
        self.steps.append(codegen.Step(found, "{0}", (self.number_as_literal(node),), self.type(node)))
        return found

    def number_as_literal(self, node: Expr) -> str:
        value = node.attrs[0].value
        return codegen.literal(float(value) if node.type.is_float else value.item())


# -- single nodes, for the interpreter ---------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _loaded(source: str) -> Callable[..., Any]:
    return codegen.load(source, "step")


def interpreter(node: Expr) -> tuple[Callable[..., Any], tuple[str, ...]]:
    """A function of a node's operands, and of the named sizes that its spelling reads, which are listed."""
    form = spelling(node)
    sizes = tuple(sorted(size_names_of(node)))
    prefix = "a" if not any(s.startswith("a") for s in sizes) else "_" + max(sizes, key=len)
    operands = [f"{prefix}{i}" for i in range(len(node.args))]
    head = "".join(f"{source}\n\n" for source in node.op.helpers(node))
    parameters, fields = ", ".join([*operands, *sizes]), [*operands, *form.literals]
    body = f"def step({parameters}):\n    return {form.template.format(*fields)}\n"
    return _loaded(f"import numpy as np\n\n\n{head}{body}"), sizes


