"""Program -> NumPy text: one operation a line, names and shapes kept.

Two styles from one plan. "readable" is the program as it stands; "fast" leaves out what no output
needs and lets results take the place of arrays that are dead.
"""

from __future__ import annotations

import base64
import keyword
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from textwrap import wrap
from typing import Any

import numpy as np

from .bound_names import bound_names
from .loop import DOT, PAIRWISE, Loop, Placed, loop_text
from .memory import Footprint, lives
from .order import arrays, ordered
from .passes import optimised
from .program import Program, Step, check, is_literal, is_scalar, words
from .schedule import LONG, PART, SMALL, Part, copied, cut, live_steps, worth, writes
from .workspace import KEPT, Workspace, plan, types_of, written

STYLES = ("readable", "fast")
LITERAL = 64  # constants of more elements are embedded as base64, not printed
LONGEST = 20_000  # steps up to which a long program has a workspace: one function makes all of that
RUN = 8  # values that a part of a long program reads or stores in one line
_BUILTINS = ("iter", "len", "max", "min", "next", "range", "slice")  # that the text of a workspace calls
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


def into_source(program: Program, style: str = "fast", *, long: int = LONG,
                small: int = SMALL) -> tuple[str, str, tuple[int, ...]]:
    """The text of a function that writes results straight into arrays it is given after the inputs; its name; and
    which results these are, in order. ("", "", ()) where no result can be written so. Large constants are left out.

    The arrays must lie in C order and share no memory with an input or with one another.

    >>> from .program import Input
    >>> x = Input("x", "float64[N,3]", ("N", 3))
    >>> y = Step("y", "np.exp({0})", ("x",), "float64[N,3]", ufunc="np.exp")
    >>> source, name, which = into_source(Program("f", (x,), (y,), ("y",), True, (("N", "x.shape[0]"),)))
    >>> print(name, which, source[source.index("    y = "):])
    f_into (0,)     y = exp(x, out_y)  # float64[N,3]
        return y
    <BLANKLINE>
    """
    if style != "fast" or len(program.steps) > long:
        return "", "", ()
    check(program)
    name = _Fresh(program)(f"{program.name}_into")
    targets: dict[str, str] = {}
    made = _fast(replace(program, name=name), small, targets)
    if made is None or not targets:
        return "", "", ()
    pieces = [*_before(program, style, made[1], embed=False), *made[0]]
    which = tuple(program.outputs.index(output) for output in targets)
    return "\n\n\n".join([imports(pieces), *pieces]) + "\n", name, which


def imports(pieces: Iterable[str]) -> str:
    """The imports that these pieces of a module need."""
    needed = {"base64": "base64.b64decode", "concurrent.futures": "concurrent.futures.Thread",
              "contextvars": "contextvars.Context()", "os": "os.getpid()", "threading": "threading.local()"}
    standard = [f"import {name}\n" for name, use in needed.items() if any(use in p for p in pieces)]
    return "".join([*standard, "\n" if standard else "", "import numpy as np"])


def blocks(program: Program, style: str, embed: bool = True, long: int = LONG, part: int = PART,
           small: int = SMALL) -> list[str]:
    """The top-level pieces of the module after its import: helpers, constants, functions."""
    if style not in STYLES:
        raise ValueError(f"no style {style!r}; choose from {', '.join(STYLES)}")
    check(program)
    made, steps = functions(program, style, long, part, small)
    return _before(program, style, steps, embed) + made


def _before(program: Program, style: str, steps: Iterable[Step], embed: bool) -> list[str]:
    """What stands before the functions: the helpers that the steps call, and the constants."""
    pieces = _called(program.helpers, steps)
    if style == "fast":
        pieces = [bound_names(p) for p in pieces]
    constants = [constant_source(name, value, embed) for name, value in program.constants]
    return [*pieces, "\n".join(constants)] if constants else pieces


def _called(helpers: Sequence[tuple[str, str]], steps: Iterable[Step]) -> list[str]:
    """The helpers that the steps call, or that those call: a helper stands after what it calls."""
    called: set[str] = set().union(*map(words, {s.spelling for s in steps})) if helpers else set()
    kept = []
    for name, source in reversed(helpers):
        if name in called:
            called |= words(source)
            kept.append(source.strip("\n"))
    return kept[::-1]


def functions(program: Program, style: str, long: int, part: int, small: int) -> tuple[list[str], list[Step]]:
    """The functions alone, of which the one that is called is the last, and the steps in them."""
    if style == "fast" and keeps_memory(program, long, small):
        fast = _fast(program, small, part=part if len(program.steps) > long else 0)
        if fast is not None:
            return fast
    steps, helpers = _plain(program, long, small) if style == "fast" else (list(program.steps), [])
    split = len(steps) > long
    outs = writes(program, steps, part if split else 0, small) if style == "fast" else [""] * len(steps)
    lines = _Lines(steps, outs, {name: name for name, _ in program.dims})
    copies = copied(program, steps)
    return helpers + (_parts(program, lines, copies, part) if split else [_whole(program, lines, copies)]), steps


def _plain(program: Program, long: int, small: int) -> tuple[list[Step], list[str]]:
    """The steps of a fast function that needs no workspace, and the helpers that they call.

    Without one there is no place where nothing warns, so functions whose parts may overflow stay whole.
    """
    if len(program.steps) > long or not _known(program) or not any(worth(s.type, small) for s in program.steps):
        return live_steps(program), []
    fresh = _Fresh(program)
    steps = optimised(program, fresh)[0]
    if any(s.overflows for s in steps):
        return live_steps(program), []
    dot = fresh(PAIRWISE) if any(s.spelling.startswith(PAIRWISE) for s in steps) else ""
    steps = [s._replace(spelling=f"{dot}{s.spelling.removeprefix(PAIRWISE)}") if s.spelling.startswith(PAIRWISE) else s
             for s in steps]
    return steps, [DOT.format(name=dot)] * bool(dot)


def _known(program: Program) -> bool:
    """Whether the sizes of all values can be told from the inputs."""
    sizes = {name for name, _ in program.dims}
    return all(words(s) <= sizes for t in {s.type for s in program.steps} for _, shape in arrays(t) for s in shape)


def keeps_memory(program: Program, long: int, small: int) -> bool:
    """Whether a workspace is looked for: in a long program where it is mostly arrays that are computed."""
    count = len(program.steps)
    return count <= long or (count <= LONGEST and count < 4 * sum(worth(s.type, small) for s in program.steps))


def _fast(program: Program, small: int, into: dict[str, str] | None = None,
          part: int = 0) -> tuple[list[str], list[Step]] | None:
    """The function with its workspace, and the function that makes this; None where none is worth it.

    A `part` is the number of steps in a function of their own. With `into`, the function takes arrays for results,
    too; `into` is told which: result -> name of the argument.
    """
    planned = planned_steps(program, small, into, whole=not part)
    if planned is None:
        return None
    fresh, steps, space, _ = planned
    memory, maker, kept = (fresh(f"{program.name}_{word}") for word in ("memory", "workspace", "space"))
    given = ", ".join(space.sizes)
    key = space.sizes[0] if len(space.sizes) == 1 else f"({given})"
    make = [
        f"{memory} = threading.local()  # each thread has workspaces of its own",
        "", "",
        f"def {maker}({given}):",
        *docstring(f"What every call of {program.name} {'with these sizes ' if given else ''}uses: "
                   "buffers, views of them, numbers.", "    "),
        *space.lines,
        *_assigned(f"{kept} = ({_listed(space.names)})"),
        f'    spaces = {memory}.__dict__.setdefault("spaces", {{}})',
        f"    if len(spaces) >= {KEPT}:",
        "        spaces.pop(next(iter(spaces)))",
        f"    spaces[{key}] = {kept}",
        f"    return {kept}",
    ]
    start = [
        "    try:",
        f"        {kept} = {memory}.spaces[{key}]",
        "    except (AttributeError, KeyError):",
        f"        {kept} = {maker}({given})  # the first call",
    ]
    loud = any(s.overflows for s in steps)
    inner = fresh(f"{program.name}_steps") if loud else program.name
    dims = {name: name for name, _ in program.dims}
    copies = copied(program, steps)
    body = [*_sizes(program, space.steps, space.sizes), *start]
    parts: list[str] = []
    if part:
        parts, more = _cut_up(program, _Lines(space.steps, space.outs, dims), copies, part, kept, space.names)
        body += more
    else:
        body += wrap(_listed(space.names), 100, initial_indent="    (", subsequent_indent="     ")
        body[-1] += f") = {kept}"
        drops = lives(program, space.steps, space.outs, space.names, True).dropped
        lines = _Lines(space.steps, space.outs, dims, drops, space.loops)
        body += lines.text(0, len(lines.steps), first=False)
        body.append(_return(program, copies, lambda name: name))
    arguments = ", ".join([*(i.name for i in program.inputs), *(into or {}).values()])
    head = [f"def {inner}({arguments}):"] if loud else _head(program, arguments)
    pieces = ["\n".join(make), *parts, "\n".join([*head, *body])]
    if space.dot:
        pieces.insert(0, DOT.format(name=space.dot))
    return pieces + ([_quiet(program, inner, arguments, fresh)] if loud else []), steps


def _assigned(text: str) -> list[str]:
    """A statement on lines of its own; a very long one is not laid out, which takes time with the square."""
    if len(text) > 20_000:
        return [f"    {text}"]
    return wrap(text, 116, initial_indent="    ", subsequent_indent="        ", break_on_hyphens=False)


def planned_steps(program: Program, small: int, into: dict[str, str] | None = None, *, whole: bool = True,
             ) -> tuple[_Fresh, list[Step], Workspace, Counter[str]] | None:
    """Names that are free, the steps as they are computed, their workspace, and what each pass did."""
    sizes = {name for name, _ in program.dims}
    if not _known(program):
        return None  # an axis of unknown length: no memory can be set aside for it
    fresh = _Fresh(program)
    heads = {program.name, *sizes, *(name for name, _ in (*program.constants, *program.helpers))}
    loops: dict[str, Loop] | None = {} if whole and heads.isdisjoint(_BUILTINS) else None
    steps, log = optimised(program, fresh, loops)
    better = ordered(program, steps)
    log["steps in another order"] = sum(a.target != b.target for a, b in zip(steps, better))
    if into is not None:
        into.update((name, fresh(f"out_{name}")) for name in written(program, better))
    space = plan(program, better, fresh, small, into, loops)
    if space is None:
        return None
    held = set(space.names)
    log["arrays in a workspace"] = sum(out in held for out in space.outs)
    log["arrays in an arena"] = space.arena
    return fresh, better, space, +log


def footprint(program: Program, style: str = "readable", *, long: int = LONG, part: int = PART,
              small: int = SMALL) -> Footprint:
    """The memory that a call of the function needs; what a function it calls makes for itself is not known here."""
    whole = len(program.steps) <= long
    kept = style == "fast" and keeps_memory(program, long, small)
    planned = planned_steps(program, small, whole=whole) if kept else None
    if planned is not None:
        _, steps, space, log = planned
        found = lives(program, space.steps, space.outs, space.names, whole)
        log["arrays deleted when dead"] = sum(map(len, found.gone))
        buffers = tuple(space.memory)
    else:
        log, buffers = Counter(), ()
        steps, outs = list(program.steps), [""] * len(program.steps)
        if style == "fast":
            steps, _ = _plain(program, long, small)
            outs = writes(program, steps, part if len(steps) > long else 0, small)
        found = lives(program, steps, outs, (), False)
    copies = [types_of(program, steps)[name] for name, copy in zip(program.outputs, copied(program, steps)) if copy]
    events = [*found.events(), *((True, type_) for type_ in copies if not is_scalar(type_))]
    return Footprint(buffers, tuple(events), tuple((+log).items()))


def _quiet(program: Program, inner: str, arguments: str, fresh: _Fresh) -> str:
    """The function that runs the steps where nothing warns; np.errstate would take four times as long."""
    contexts, context, results = (fresh(f"{program.name}_{word}") for word in ("contexts", "context", "results"))
    body = [
        "    try:",
        f"        {context} = {contexts}.pop()",
        "    except IndexError:",
        f"        {context} = contextvars.Context()",
        f'        {context}.run(np.seterr, all="ignore")',
        f"    {results} = {context}.run({inner}{', ' if arguments else ''}{arguments})",
        f"    {contexts}.append({context})",
        f"    return {results}",
    ]
    made = f"{contexts} = []  # where exp may overflow without a warning, on its way to a 0"
    return "\n".join([made, "", "", *_head(program, arguments), *body])


class _Fresh:
    """Names that nothing in a program has: the wish itself where it ends in no letter that counts, else numbered."""

    def __init__(self, program: Program) -> None:
        self.taken = {program.name, "np", "threading", "base64", "contextvars", "spaces", *_BUILTINS, *keyword.kwlist}
        self.taken.update(name for name, _ in (*program.dims, *program.constants, *program.helpers))
        self.taken.update(i.name for i in program.inputs)
        self.taken.update(s.target for s in program.steps)
        for text in {s.spelling for s in program.steps}:
            self.taken |= words(text)
        self.count: dict[str, int] = {}

    def __call__(self, wish: str) -> str:
        name, i = wish, self.count.get(wish, 0)
        if len(wish) == 1 or wish.endswith(("_", "slot")):
            name, i = f"{wish}{i}", i + 1
        while name in self.taken:
            name, i = f"{wish}{i}", i + 1
        self.count[wish] = i
        self.taken.add(name)
        return name


def _whole(program: Program, lines: _Lines, copies: Sequence[bool]) -> str:
    body = _sizes(program, lines.steps)
    body += lines.text(0, len(lines.steps), first=not body)
    body.append(_return(program, copies, lambda name: name))
    return "\n".join([*_head(program), *body])


def _head(program: Program, arguments: str = "") -> list[str]:
    head = [f"def {program.name}({arguments or ', '.join(i.name for i in program.inputs)}):"]
    return head + (docstring(program.doc, "    ") if program.doc else [])


def _sizes(program: Program, steps: Iterable[Step], more: Iterable[str] = ()) -> list[str]:
    """`N = x.shape[0]` for the sizes that some step mentions."""
    if not program.dims:
        return []
    texts = {s.spelling for s in steps} | {a for s in steps for a in s.args if is_literal(a)}
    used: set[str] = set(more).union(*map(words, texts))
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
    parts, body = _cut_up(program, lines, copies, size)
    return [*parts, "\n".join([*_head(program), *_sizes(program, lines.steps), *body])]


def _cut_up(program: Program, lines: _Lines, copies: Sequence[bool], size: int, kept: str = "",
            names: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """The parts, and the lines that call them. The list begins with what the workspace `kept` holds, its `names`."""
    plan = cut(program, lines.steps, size)
    place = {name: i for i, name in enumerate(names)}
    heads = {i.name for i in program.inputs}.union(n for n, _ in (*program.dims, *program.constants, *program.helpers))
    heads |= place.keys() | {kept}
    v = _fresh("v", heads.union(s.target for s in lines.steps if s.target[0] == "v"))
    prefix = _fresh(f"{program.name}_part", heads, len(plan.parts))
    pieces = [_part(f"def {prefix}{i}({v}):", v, part, lines, place) for i, part in enumerate(plan.parts)]
    values = f"[*{kept}, *[None] * {plan.slots}]" if kept else f"[None] * {plan.slots}"
    body = [f"    {v} = {values}  # {'the workspace, and ' * bool(kept)}values that pass from part to part"]
    body += [f"    {place_} = {names_}" for names_, place_ in _runs(v, _moved(plan.entry, len(place)))]
    body += [f"    {prefix}{i}({v})" for i in range(len(plan.parts))]
    exits = {name: slot + len(place) for name, slot in plan.exit.items()}
    body.append(_return(program, copies, lambda name: f"{v}[{exits[name]}]" if name in exits else name))
    return pieces, body


def _part(head: str, v: str, part: Part, lines: _Lines, place: Mapping[str, int]) -> str:
    used: dict[str, int] = {}
    if place:
        for step, out in zip(lines.steps[part.start : part.stop], lines.outs[part.start : part.stop]):
            named = (*step.args, out, step.ufunc, step.spelling.partition("(")[0])
            used.update((name, place[name]) for name in named if name in place)
    reads = [f"    {names} = {place_}"
             for names, place_ in _runs(v, [*used.items(), *_moved(part.reads, len(place))])]
    stores = [f"    {place_} = {names}" for names, place_ in _runs(v, _moved(part.stores, len(place)))]
    return "\n".join([head, *reads, *lines.text(part.start, part.stop, first=not reads), *stores])


def _moved(slots: Iterable[tuple[str, int]], by: int) -> list[tuple[str, int]]:
    return [(name, slot + by) for name, slot in slots]


def _runs(v: str, slots: Iterable[tuple[str, int]]) -> list[tuple[str, str]]:
    """Names and their places in the list `v`, neighbours on one line: CPython compiles it in half the time.

    >>> _runs("v", [("a", 3), ("c", 7), ("b", 4)])
    [('a, b', 'v[3:5]'), ('c', 'v[7]')]
    """
    runs: list[list[tuple[str, int]]] = []
    for name, slot in sorted(slots, key=lambda pair: pair[1]):
        if runs and runs[-1][-1][1] == slot - 1 and len(runs[-1]) < RUN:
            runs[-1].append((name, slot))
        else:
            runs.append([(name, slot)])
    return [(", ".join([name for name, _ in run]), _place(v, run[0][1], len(run))) for run in runs]


def _place(v: str, slot: int, count: int) -> str:
    return f"{v}[{slot}:{slot + count}]" if count > 1 else f"{v}[{slot}]"


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
    drops: Sequence[Sequence[str]] = ()  # names to delete after each step
    loops: Mapping[str, Placed] = field(default_factory=dict)

    def text(self, start: int, stop: int, first: bool = True) -> list[str]:
        """Lines for the steps `start:stop`, indented, with headings and aligned comments."""
        code = [_statement(s, out, self.dims) for s, out in zip(self.steps[start:stop], self.outs[start:stop])]
        comments = [_comment(s) for s in self.steps[start:stop]]
        column = max((len(c) for c, note in zip(code, comments) if note and len(c) <= _COMMENT_AT), default=0)
        lines: list[str] = []
        section = ""
        for i, (step, statement, comment) in enumerate(zip(self.steps[start:stop], code, comments), start):
            if step.section != section:
                section = step.section
                lines += _heading(section, first and not lines)
            if step.target in self.loops:
                lines += self.loop(self.loops[step.target], step.target)
            else:
                lines.append(f"{statement:<{column}}  # {comment}" if comment else statement)
            if self.drops and self.drops[i]:
                lines.append(f"    del {', '.join(self.drops[i])}")
        return lines

    def loop(self, placed: Placed, target: str) -> list[str]:
        """A loop over blocks; shapes are those of its heading, so only notes stand beside its lines."""
        body = []
        for step, out in zip(placed.steps, placed.outs):
            total = is_scalar(step.type)
            line = _statement(step._replace(target=out if total else step.target), "" if total else out, self.dims)
            body.append(f"{line}  # {plain(step.note)}" if step.note else line)
        return loop_text(placed, target, body)


def _statement(step: Step, out: str, dims: dict[str, str]) -> str:
    args = step.args
    if out:
        if not step.ufunc:
            return f"    {step.target} = {step.spelling.format(*args, **dims)[:-1]}, out={out})"
        # By position it is quicker; NumPy wants it by name for these two.
        place = "out=" if step.ufunc.startswith(("np.", "maximum", "minimum")) else ""
        return f"    {step.target} = {step.ufunc}({', '.join(args)}, {place}{out})"
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
