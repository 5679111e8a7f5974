"""Program: a straight line of typed, single-assignment steps, and `check`, which proves that it is one.

Nothing here knows what an operation means: a step carries the Python spelling of its own.
"""

from __future__ import annotations

import keyword
import re
import string
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

_IDENTIFIER = re.compile(r"(?<![\w.])[^\W\d]\w*(?!\w|\s*=[^=])")  # no attribute, no keyword of a call
_RESERVED = frozenset({"np", *keyword.kwlist})
_LITERAL_START = tuple("0123456789-(")
_LITERAL_WORDS = frozenset({"True", "False"})
FLOATS = ("float64", "float32")
CONTRACTIONS = frozenset({"np.matmul", "np.dot", "np.vecdot", "np.matvec", "np.vecmat"})  # which read while they write
NUMBER = re.compile(r"-?\d+\.?\d*(e[+-]?\d+)?")  # an operand that is a finite number
OVER_SIZE = re.compile(r"\{0\} / (\w+|\([\w *+/-]+\))")  # a spelling that divides by a size


class Step(NamedTuple):
    """`target = spelling(args)`, with the type of the result.

    `spelling` is a template over the operands and the names of sizes: `"np.tanh({0})"`,
    `"{0} * {1}"`, `"np.reshape({0}, (N, 784))"` or `"np.reshape({0}, ({N}, 784))"`.
    `args` are earlier targets, inputs, constants, or literals: a literal starts with a digit, `-`, `(`
    or `np.`, or is True or False. `type` is `"float64[N,3]"`, or `"float64[]"` for a scalar, which must
    come out as a NumPy scalar, no array without axes (`np.where(...)[()]`).
    A tuple, because a frozen dataclass takes four times as long to make, and programs have 100,000s of steps.
    """

    target: str
    spelling: str
    args: tuple[str, ...]
    type: str
    note: str = ""  # trailing comment
    ufunc: str = ""  # "np.multiply" when `ufunc(*args, out=...)` computes the same
    alias: bool = False  # the result may share memory with args[0]
    section: str = ""  # heading above the first step of a run: "forward", "backward"
    # The same value in simple steps, for the fast style: (spelling, args, type, ufunc, alias) each, where "%0" is
    # the result of the first; an empty type is that of the step.
    parts: tuple[tuple[str, tuple[str, ...], str, str, bool], ...] = ()
    overflows: bool = False  # a part may overflow where the value does not
    order: tuple[int, ...] = ()  # the axes in the order in which its memory should lie, outermost first; () as they are


@dataclass(frozen=True, slots=True)
class Input:
    """An argument of the emitted function: sizes are ints, or size expressions as source text."""

    name: str
    type: str
    shape: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A function to emit: sizes are read first, then the steps run, then the outputs are returned.

    `dims` are `("N", "x.shape[0]")`; `constants` are module-level arrays; `helpers` are
    `(name, source)` of the small functions that some spellings call. `single` returns one value
    rather than a tuple; `doc` becomes the docstring.
    """

    name: str
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    single: bool = False
    dims: tuple[tuple[str, str], ...] = ()
    constants: tuple[tuple[str, np.ndarray[Any, Any]], ...] = ()
    helpers: tuple[tuple[str, str], ...] = ()
    doc: str = ""
    grouped: bool = False  # return the first output, and the others as one tuple


def is_scalar(type_: str) -> bool:
    """Whether a type has no axes.

    >>> is_scalar("float64[]"), is_scalar("float64[N,3]")
    (True, False)
    """
    return type_.endswith("[]")


def dtype_of(type_: str) -> str:
    """The dtype of a type.

    >>> dtype_of("float32[N,3]")
    'float32'
    """
    return type_[: type_.index("[")]


def sizes_of(type_: str) -> list[str]:
    """The sizes of the axes of a type, as source.

    >>> sizes_of("float64[N,2*T + 1]"), sizes_of("float64[]")
    (['N', '2*T + 1'], [])
    """
    inner = type_[type_.index("[") + 1 : -1]
    return inner.split(",") if inner else []


def element_count(sizes: Iterable[str], times: str = "*") -> str:
    """The number of elements of an array, as source.

    >>> element_count(["N", "2*T + 1"]), element_count(["N", "3"], " * "), element_count([])
    ('N*(2*T + 1)', 'N * 3', '1')
    """
    return times.join(f"({s})" if " " in s or "/" in s else s for s in sizes) or "1"


def is_literal(arg: str) -> bool:
    """Whether an operand is written out rather than named.

    >>> [is_literal(a) for a in ("2.0", "-1", "(1, 2)", "np.inf", "True", "x", "n3")]
    [True, True, True, True, True, False, False]
    """
    return arg.startswith(_LITERAL_START) or arg in _LITERAL_WORDS or arg.startswith("np.")


def fields(spelling: str) -> tuple[int, frozenset[str]]:
    """What a template refers to: one past its highest operand, and its names of sizes.

    Raises ValueError for a template that is malformed or skips an operand.

    >>> fields("np.where({0}, {1}, 0.0)"), fields("np.reshape({0}, ({N}, 3))")
    ((2, frozenset()), (1, frozenset({'N'})))
    """
    found = {name for _, name, _, _ in string.Formatter().parse(spelling) if name is not None}
    numbers = {int(f) for f in found if f.isdigit()}
    names = {f for f in found if not f.isdigit()}
    for name in sorted(names):
        if not name.isidentifier():
            raise ValueError(f"spelling {spelling!r}: the field {name!r} is neither an operand nor a name")
    if numbers != set(range(len(numbers))):
        raise ValueError(f"spelling {spelling!r}: operands {sorted(numbers)} are not 0, 1, ...")
    return len(numbers), frozenset(names)


@lru_cache(maxsize=65536)
def words(text: str) -> frozenset[str]:
    """The names that a piece of source reads, names of sizes among them.

    >>> sorted(words("np.reshape({0}.T, (2*N + 1, 784), order=C)"))
    ['C', 'N', 'np']
    """
    return frozenset(_IDENTIFIER.findall(text))


def check(program: Program) -> None:
    """Prove that `program` is one: single assignment, definition before use, templates that match.

    Raises ValueError naming the step; such an error is a bug of whoever built the program.

    >>> check(Program("f", (Input("x", "float64[]"),), (Step("y", "{0} * {1}", ("x", "z"), "float64[]"),), ("y",)))
    Traceback (most recent call last):
    ValueError: program f: step y = {0} * {1}: operand 'z' is not defined before it
    """
    who = f"program {program.name}"
    sizes = {name for name, _ in program.dims}
    taken, values = _check_heads(program, who)
    known: dict[str, tuple[int, frozenset[str]]] = {}
    for step in program.steps:
        count, names = known.get(step.spelling) or known.setdefault(step.spelling, fields(step.spelling))
        if count != len(step.args):
            raise ValueError(f"{who}: step {step.target} = {step.spelling}: {count} fields, {len(step.args)} operands")
        if names and not names <= sizes:
            raise ValueError(f"{who}: step {step.target} = {step.spelling}: no size {min(names - sizes)!r}")
        for arg in step.args:
            if arg not in values and not is_literal(arg):
                raise ValueError(f"{who}: step {step.target} = {step.spelling}: "
                                 f"operand {arg!r} is not defined before it")
        if step.alias and (not step.args or step.ufunc):
            raise ValueError(f"{who}: step {step.target}: an alias has a first operand and no ufunc")
        if not step.type.endswith("]"):
            raise ValueError(f"{who}: step {step.target}: type {step.type!r} is not like float64[N,3]")
        if step.target in taken or step.target in _RESERVED or not step.target.isidentifier():
            _define(step.target, taken, who)
        taken.add(step.target)
        values.add(step.target)
    called = frozenset().union(*map(words, known))
    if not called.isdisjoint(values):
        raise ValueError(f"{who}: a spelling reads {min(called & values)!r}, which here is the name of a value")
    _check_outputs(program, values, who)


def _check_heads(program: Program, who: str) -> tuple[set[str], set[str]]:
    """The names taken before the first step, and those of them that are values."""
    _define(program.name, {name for name, _ in (*program.helpers, *program.constants)}, who)
    taken: set[str] = set()
    for name, _ in (*program.helpers, *program.dims):
        _define(name, taken, who)
    values = [i.name for i in program.inputs] + [name for name, _ in program.constants]
    for name in values:
        _define(name, taken, who)
    return taken, set(values)


def _define(name: str, taken: set[str], who: str) -> None:
    if name in taken:
        raise ValueError(f"{who}: {name!r} is assigned twice")
    if not name.isidentifier() or name in _RESERVED:
        raise ValueError(f"{who}: {name!r} cannot name a value")
    taken.add(name)


def _check_outputs(program: Program, values: set[str], who: str) -> None:
    for name in program.outputs:
        if name not in values:
            raise ValueError(f"{who}: output {name!r} is not defined")
    if program.single and len(program.outputs) != 1:
        raise ValueError(f"{who}: returns one value, but has {len(program.outputs)} outputs")
