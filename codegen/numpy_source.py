"""Program -> NumPy text: one operation a line, names and shapes kept.

Two styles from one plan. "readable" is the program as it stands; "fast" leaves out what no output
needs and lets results take the place of arrays that are dead.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .program import Program, Step, check, is_literal, is_scalar, words
from .schedule import LONG, PART, SMALL, Part, copied, cut, live_steps, writes

STYLES = ("readable", "fast")
LITERAL = 64  # constants of more elements are embedded as base64, not printed
_COMMENT_AT = 64  # comments line up, but no further right than this for one long line


def numpy_source(program: Program, style: str = "readable", *, embed: bool = True,
                 long: int = LONG, part: int = PART, small: int = SMALL) -> str:
    """The text of a module that defines `program.name`, a function of the inputs in order.

    A program of more than `long` steps becomes functions of `part` steps each. With `embed=False`
    constants of more than 64 elements are left out: give them to `load` instead.
    Raises ValueError for an unknown style, or a program that `check` refuses.

    >>> from .program import Input
    >>> steps = (Step("z", "{0} * {1}", ("w", "x"), "float64[]"), Step("r", "np.maximum({0}, 0)", ("z",), "float64[]"))
    >>> print(numpy_source(Program("f", (Input("w", "float64[]"), Input("x", "float64[]")), steps, ("r",), True)))
    import numpy as np
    <BLANKLINE>
    <BLANKLINE>
    def f(w, x):
        z = w * x
        r = np.maximum(z, 0)
        return r
    <BLANKLINE>
    """
    pieces = blocks(program, style, embed, long, part, small)
    return "\n\n\n".join([imports(pieces), *pieces]) + "\n"


def imports(pieces: Iterable[str]) -> str:
    """The imports that these pieces of a module need."""
    return ("import base64\n\n" if any("base64.b64decode" in p for p in pieces) else "") + "import numpy as np"


def blocks(program: Program, style: str, embed: bool = True, long: int = LONG, part: int = PART,
           small: int = SMALL) -> list[str]:
    """The top-level pieces of the module after its import: helpers, constants, functions."""
    if style not in STYLES:
        raise ValueError(f"no style {style!r}; choose from {', '.join(STYLES)}")
    check(program)
    pieces = [source.strip("\n") for _, source in program.helpers]
    constants = [constant_source(name, value, embed) for name, value in program.constants]
    if constants:
        pieces.append("\n".join(constants))
    return pieces + functions(program, style, long, part, small)


def functions(program: Program, style: str, long: int, part: int, small: int) -> list[str]:
    """The functions alone; the one that is called is the last."""
    steps = live_steps(program) if style == "fast" else list(program.steps)
    split = len(steps) > long
    outs = writes(program, steps, part if split else 0, small) if style == "fast" else [""] * len(steps)
    lines = _Lines(steps, outs, {name: name for name, _ in program.dims})
    copies = copied(program, steps)
    return _parts(program, lines, copies, part) if split else [_whole(program, lines, copies)]


def _whole(program: Program, lines: _Lines, copies: Sequence[bool]) -> str:
    body = _sizes(program, lines.steps)
    body += lines.text(0, len(lines.steps), first=not body)
    body.append(_return(program, copies, lambda name: name))
    return "\n".join([*_head(program), *body])


def _head(program: Program) -> list[str]:
    head = [f"def {program.name}({', '.join(i.name for i in program.inputs)}):"]
    return head + (docstring(program.doc, "    ") if program.doc else [])


def _sizes(program: Program, steps: Iterable[Step]) -> list[str]:
    """`N = x.shape[0]` for the sizes that some step mentions."""
    if not program.dims:
        return []
    texts = {s.spelling for s in steps} | {a for s in steps for a in s.args if is_literal(a)}
    used: set[str] = set().union(*map(words, texts))
    return [f"    {name} = {expression}" for name, expression in program.dims if name in used]


def _return(program: Program, copies: Sequence[bool], where: Callable[[str], str]) -> str:
    wanted = set(program.outputs)
    scalars = {i.name for i in program.inputs if is_scalar(i.type)}
    scalars |= {s.target for s in program.steps if s.target in wanted and is_scalar(s.type)}
    scalars |= {name for name, value in program.constants if value.ndim == 0}
    values = []
    for name, copy in zip(program.outputs, copies):
        fresh = f"np.array({where(name)}){'[()]' if name in scalars else ''}"
        values.append(fresh if copy else where(name))
    if program.grouped:
        return f"    return {values[0]}, ({_listed(values[1:])})"
    return f"    return {values[0] if program.single else _listed(values) or '()'}"


def _listed(values: Sequence[str]) -> str:
    return f"{values[0]}," if len(values) == 1 else ", ".join(values)


# -- long programs -------------------------------------------------------------------------------------


def _parts(program: Program, lines: _Lines, copies: Sequence[bool], size: int) -> list[str]:
    """Functions `f_part0(v)`, ... over a list `v` of the values that pass between them, and `f` itself."""
    plan = cut(program, lines.steps, size)
    heads = {i.name for i in program.inputs}.union(n for n, _ in (*program.dims, *program.constants, *program.helpers))
    v = _fresh("v", heads.union(s.target for s in lines.steps if s.target[0] == "v"))
    prefix = _fresh(f"{program.name}_part", heads, len(plan.parts))
    pieces = [_part(f"def {prefix}{i}({v}):", v, part, lines) for i, part in enumerate(plan.parts)]
    body = _sizes(program, lines.steps)
    body.append(f"    {v} = [None] * {plan.slots}  # values that pass from part to part")
    body += [f"    {v}[{slot}] = {name}" for name, slot in plan.entry]
    body += [f"    {prefix}{i}({v})" for i in range(len(plan.parts))]
    body.append(_return(program, copies, lambda name: f"{v}[{plan.exit[name]}]" if name in plan.exit else name))
    return [*pieces, "\n".join([*_head(program), *body])]


def _part(head: str, v: str, part: Part, lines: _Lines) -> str:
    reads = [f"    {name} = {v}[{slot}]" for name, slot in part.reads]
    stores = [f"    {v}[{slot}] = {name}" for name, slot in part.stores]
    return "\n".join([head, *reads, *lines.text(part.start, part.stop, first=not reads), *stores])


def _fresh(name: str, taken: set[str], count: int = 0) -> str:
    """`name`, with underscores until neither it nor its numbered forms are taken."""
    while name in taken or any(f"{name}{i}" in taken for i in range(count)):
        name += "_"
    return name


# -- lines ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Lines:
    """The statements of a schedule: `outs[i]` is the buffer that step i writes into, or ""."""

    steps: Sequence[Step]
    outs: Sequence[str]
    dims: dict[str, str]

    def text(self, start: int, stop: int, first: bool = True) -> list[str]:
        """Lines for the steps `start:stop`, indented, with headings and aligned comments."""
        code = [_statement(s, out, self.dims) for s, out in zip(self.steps[start:stop], self.outs[start:stop])]
        comments = [_comment(s) for s in self.steps[start:stop]]
        column = max((len(c) for c, note in zip(code, comments) if note and len(c) <= _COMMENT_AT), default=0)
        lines: list[str] = []
        section = ""
        for step, statement, comment in zip(self.steps[start:stop], code, comments):
            if step.section != section:
                section = step.section
                lines += _heading(section, first and not lines)
            lines.append(f"{statement:<{column}}  # {comment}" if comment else statement)
        return lines


def _statement(step: Step, out: str, dims: dict[str, str]) -> str:
    args = step.args
    if out:
        return f"    {step.target} = {step.ufunc}({', '.join(args)}, out={out})"
    if "**" in step.spelling:
        # -2.0 ** x is -(2.0 ** x)
        args = tuple(f"({a})" if a[0] == "-" else a for a in args)
    return f"    {step.target} = {step.spelling.format(*args, **dims)}"


def _comment(step: Step) -> str:
    shape = "" if is_scalar(step.type) else step.type
    note = plain(step.note) if step.note else ""
    return f"{shape}  {note}" if shape and note else shape or note


def _heading(section: str, first: bool) -> list[str]:
    return ([] if first else [""]) + ([f"    # {plain(section)}"] if section else [])


def plain(text: str) -> str:
    """Text on one line that cannot end a comment: line breaks and control characters become spaces.

    >>> plain("∂f/∂w1\\nimport os")
    '∂f/∂w1 import os'
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def docstring(text: str, indent: str = "") -> list[str]:
    """The lines of a docstring that holds `text`, whatever it contains.

    >>> docstring("f = a*b")
    ['\"\"\"f = a*b\"\"\"']
    """
    safe = [plain(line).rstrip().replace("\\", "\\\\").replace('"""', r"\"\"\"") for line in text.strip().split("\n")]
    lines = [f"{indent}{line}" if line else "" for line in safe]
    lines[0] = f'{indent}"""{safe[0]}'
    if len(lines) > 1:
        return [*lines, f'{indent}"""']
    return [lines[0] + (' """' if safe[0].endswith(('"', "\\")) else '"""')]


# -- constants -----------------------------------------------------------------------------------------


def constant_source(name: str, value: np.ndarray[Any, Any], embed: bool = True) -> str:
    """`name = np.array(...)`, exact to the bit; large arrays as base64 of their bytes.

    >>> print(constant_source("c", np.array([0.1, -0.0, np.inf])))
    c = np.array([0.1, -0.0, np.inf])
    >>> print(constant_source("k", np.array(2, "float32")))
    k = np.array(2.0, dtype=np.float32)
    """
    dtype = value.dtype.name + ("_" if value.dtype == bool else "")
    if value.size <= LITERAL:
        text = _literal(value)
        if text is not None:
            natural = dtype in ("float64", "bool_") and value.size
            return f"{name} = np.array({text}{'' if natural else f', dtype=np.{dtype}'})"
    if not embed:
        return f"# {name}: {value.dtype.name}[{','.join(map(str, value.shape))}], given when this text is loaded"
    little = value.dtype.newbyteorder("<")
    data = base64.b64encode(value.astype(little).tobytes()).decode("ascii")
    shape = "" if value.ndim == 1 else f".reshape({value.shape})"
    lines = "\n".join(f'    "{data[i : i + 100]}"' for i in range(0, len(data), 100)) or '    ""'
    return f'{name} = np.frombuffer(base64.b64decode(\n{lines}\n), dtype="{little.str}"){shape}'


def _literal(value: np.ndarray[Any, Any]) -> str | None:
    """Nested lists of numbers that read back to the same bytes, or None where that fails (NaN payloads, ...)."""
    if value.size == 0 and value.ndim != 1:
        return None
    texts = [_number(v) for v in value.ravel()]
    read = np.array([_READ[value.dtype.kind](t) for t in texts], dtype=value.dtype)
    return _nested(iter(texts), value.shape) if read.tobytes() == value.tobytes() else None


_READ: dict[str, Callable[[str], Any]] = {
    "f": lambda t: float(t.replace("np.", "")), "i": int, "u": int, "b": lambda t: t == "True"}


def _number(v: Any) -> str:
    if v.dtype.kind != "f":
        return str(v.item())
    if np.isnan(v):
        return "np.nan"
    if np.isinf(v):
        return "np.inf" if v > 0 else "-np.inf"
    short = str(float(str(v)))  # the shortest decimal of float32 1.1 is 1.1, where its double is 1.10000002...
    return short if v.dtype.type(float(short)) == v else repr(float(v))


def _nested(texts: Any, shape: tuple[int, ...]) -> str:
    if not shape:
        return str(next(texts))
    return f"[{', '.join(_nested(texts, shape[1:]) for _ in range(shape[0]))}]"
