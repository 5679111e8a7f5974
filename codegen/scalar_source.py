"""An all-scalar Program -> plain-Python text with `math`: the numbers are Python's own, results are those of NumPy.

Python raises where IEEE 754 gives inf or nan: 1.0 / 0.0, math.exp(1e3), math.log(0.0). Two styles. "readable" calls a
small function that does not (`ieee_exp`) wherever that may happen. "fast" writes the plain operation, and where one
raises all the same computes the values again by the readable text: a `try` costs nothing as long as nothing is raised.
It also writes values that are used once where they are used, and a condition of several selections as one branch.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .numpy_source import STYLES, docstring, plain
from .program import Program, Step, check, is_literal, words
from .schedule import LONG, PART, Part, cut, live_steps

RAISED = "(ArithmeticError, ValueError)"  # what plain operations raise where IEEE 754 has a value
TAIL = 30  # steps: a branch doubles those after its condition, so there may not be many
WEIGHT = 4  # operations on one line at most
_TEMPORARY = re.compile(r"n\d+")  # a value that nobody named
_SELECT = re.compile(r"(.+?) if (.+?) else (.+)")
_FIELD = re.compile(r"\{(\d+)\}")
_MEANT = re.compile(r"\b(?:ieee_\w+|math|random)\b")
_LINE = 72

# -- what raises, and what does not ---------------------------------------------------------------------


def _guard(name: str, doc: str, body: str, parameters: str = "x") -> tuple[str, str]:
    return f"ieee_{name}", f'def ieee_{name}({parameters}):\n    """{doc}"""\n    {body}'


def _overflowing(name: str, overflow: str) -> tuple[str, str]:
    body = f"try:\n        return math.{name}(x)\n    except OverflowError:\n        return {overflow}"
    return _guard(name, f"{name}(x), infinite where it overflows.", body)


def _within(name: str, inside: str, edge: str = "") -> tuple[str, str]:
    outside = f"{edge} else math.nan" if edge else "math.nan"
    return _guard(name, f"{name}(x), nan outside its domain.",
                  f"return math.{name}(x) if {inside} else {outside}")


GUARDS = dict([
    _guard("divide", "a / b, infinite or nan where b is 0.", (
        "if b:\n        return a / b\n"
        "    return math.copysign(math.inf, a) * math.copysign(1.0, b) if a < 0.0 or a > 0.0 else math.nan"), "a, b"),
    _guard("pow", "a ** b as IEEE 754 has it: never complex, infinite where it overflows.", (
        "try:\n        return math.pow(a, b)\n    except ArithmeticError:\n        pole = True\n"
        "    except ValueError:\n        pole = a == 0.0\n"
        "    odd = math.fabs(math.fmod(b, 2.0)) == 1.0\n"
        "    return (math.copysign(math.inf, a) if odd else math.inf) if pole else math.nan"), "a, b"),
    _guard("fmod", "fmod(a, b), nan outside its domain.", (
        "try:\n        return math.fmod(a, b)\n    except ValueError:\n        return math.nan"), "a, b"),
    *[_overflowing(name, "math.inf") for name in ("exp", "exp2", "expm1", "cosh")],
    _overflowing("sinh", "math.copysign(math.inf, x)"),
    *[_within(name, "x > 0.0", "-math.inf if x == 0.0") for name in ("log", "log2", "log10")],
    _within("log1p", "x > -1.0", "-math.inf if x == -1.0"),
    _within("sqrt", "x >= 0.0"),
    *[_within(name, "x - x == 0.0") for name in ("sin", "cos", "tan")],
    *[_within(name, "-1.0 <= x <= 1.0") for name in ("asin", "acos")],
    _within("acosh", "x >= 1.0"),
    _within("atanh", "-1.0 < x < 1.0", "math.copysign(math.inf, x) if x == 1.0 or x == -1.0"),
])  # fmt: skip

# Spellings that may raise, and what to write instead.
TOTAL = {"{0} / {1}": "ieee_divide({0}, {1})", "1.0 / {0}": "ieee_divide(1.0, {0})",
         "{0} / {1} if {0} else {0}": "ieee_divide({0}, {1}) if {0} else {0}"}  # fmt: skip
TOTAL |= {source.replace("ieee_", "math."): source for source in (
    *[f"{name}({{0}})" for name in GUARDS if name not in ("ieee_divide", "ieee_pow", "ieee_fmod")],
    "ieee_pow({0}, {1})", "ieee_fmod({0}, {1})")}  # fmt: skip
RESERVED = frozenset({"math", "type", "not_given", *GUARDS})  # names that the text means in their usual sense


def _guarded(step: Step) -> Step:
    total = TOTAL.get(step.spelling)
    return step._replace(spelling=total) if total else step


# -- the module -----------------------------------------------------------------------------------------


def scalar_source(program: Program, style: str = "readable", *, long: int = LONG, part: int = PART) -> str:
    """The text of a module that defines `program.name`, a function of Python numbers in order.

    A program of more than `long` steps becomes functions of `part` steps each. Raises ValueError for an
    unknown style, or a program that `check` refuses.

    >>> from .program import Input
    >>> steps = (Step("z", "{0} * {1}", ("w", "x"), "float64[]"), Step("r", "math.exp({0})", ("z",), "float64[]"))
    >>> program = Program("f", (Input("w", "float64[]"), Input("x", "float64[]")), steps, ("r",), True)
    >>> print(scalar_source(program, "fast").split("def ieee")[0])
    import math
    <BLANKLINE>
    <BLANKLINE>
    def f(w, x):
        try:
            z = w * x
            r = math.exp(z)
            return r
        except (ArithmeticError, ValueError):
            return f_guarded(w, x)
    <BLANKLINE>
    <BLANKLINE>
    def f_guarded(w, x):
        z = w * x
        r = ieee_exp(z)
        return r
    <BLANKLINE>
    <BLANKLINE>
    <BLANKLINE>
    """
    pieces = scalar_blocks(program, style, long, part)
    return "\n\n\n".join([head for head in (scalar_imports(pieces),) if head] + pieces) + "\n"


def scalar_imports(pieces: Iterable[str]) -> str:
    """The imports that these pieces of a module need, all of the standard library."""
    used = _called(pieces)
    return "\n".join(f"import {name}" for name in ("math", "random") if name in used)


def _called(pieces: Iterable[str]) -> set[str]:
    return {name for piece in pieces for name in _MEANT.findall(piece)}


def scalar_blocks(program: Program, style: str, long: int = LONG, part: int = PART) -> list[str]:
    """The top-level pieces of the module after its imports: constants, functions, what they call."""
    if style not in STYLES:
        raise ValueError(f"no style {style!r}; choose from {', '.join(STYLES)}")
    check(program)
    constants = [f"{name} = {literal(value.item())}" for name, value in program.constants]
    pieces = ["\n".join(constants)] if constants else []
    pieces += [source.strip("\n") for _, source in program.helpers]
    pieces += functions(program, style, long, part)
    used = _called(pieces)
    return pieces + [source for name, source in GUARDS.items() if name in used]


def literal(value: float | bool) -> str:
    """A number as source.

    >>> literal(0.1), literal(-2), literal(True), literal(float("-inf"))
    ('0.1', '-2', 'True', '-math.inf')
    """
    if isinstance(value, (bool, int)) or value - value == 0.0:
        return repr(value)
    return "(math.nan)" if value != value else "(math.inf)" if value > 0.0 else "-math.inf"


def functions(program: Program, style: str, long: int = LONG, part: int = PART) -> list[str]:
    steps = live_steps(program) if style == "fast" else list(program.steps)
    if len(steps) > long:
        return _parts(program, steps, part, style)
    head = _head(program, program.name)
    if style == "readable":
        return ["\n".join([*head, *_plain(map(_guarded, steps)), f"    {_return(program, {})}"])]
    body = fast_body(program, steps)
    if not _may_raise(steps):
        return ["\n".join([*head, *body])]
    twin = guarded_name(program)
    whole = [*head, "    try:", *[f"    {line}" if line else "" for line in body], f"    except {RAISED}:",
             f"        return {twin}({', '.join(i.name for i in program.inputs)})"]
    again = [*_head(program, twin, doc=False), *_plain(map(_guarded, steps)), f"    {_return(program, {})}"]
    return ["\n".join(whole), "\n".join(again)]


def guarded_name(program: Program) -> str:
    """The name of the function that computes the values again where a plain operation raises."""
    taken = {program.name, *(i.name for i in program.inputs), *(n for n, _ in (*program.constants, *program.helpers)),
             *(s.target for s in program.steps if s.target.startswith(program.name))}
    return _fresh(f"{program.name}_guarded", taken)


def _fresh(name: str, taken: set[str], count: int = 0) -> str:
    while name in taken or any(f"{name}{i}" in taken for i in range(count)):
        name += "_"
    return name


def _may_raise(steps: Iterable[Step]) -> bool:
    return any(step.spelling in TOTAL for step in steps)


def _head(program: Program, name: str, doc: bool = True) -> list[str]:
    head = [f"def {name}({', '.join(i.name for i in program.inputs)}):"]
    return head + (docstring(program.doc, "    ") if program.doc and doc else [])


def _return(program: Program, known: Mapping[str, str]) -> str:
    values = [known.get(name, name) for name in program.outputs]
    if program.grouped:
        return f"return {values[0]}, ({_listed(values[1:])})"
    return f"return {values[0] if program.single else _listed(values) or '()'}"


def _listed(values: Sequence[str]) -> str:
    return f"{values[0]}," if len(values) == 1 else ", ".join(values)


# -- one operation a line ---------------------------------------------------------------------------------


def _plain(steps: Iterable[Step]) -> list[str]:
    lines = _Lines()
    for step in steps:
        lines.heading(step.section)
        lines.add(f"{step.target} = {step.spelling.format(*step.args)}", step.note)
    return lines.text()


@dataclass
class _Lines:
    """Statements with headings and aligned comments."""

    rows: list[tuple[str, str]] = field(default_factory=list)
    section: str = ""
    indent: str = "    "

    def add(self, statement: str, note: str = "") -> None:
        self.rows.append((f"{self.indent}{statement}", plain(note) if note else ""))

    def heading(self, section: str) -> None:
        if section != self.section:
            self.section = section
            if self.rows:
                self.rows.append(("", ""))
            if section:
                self.add(f"# {plain(section)}")

    def text(self) -> list[str]:
        column = max((len(code) for code, note in self.rows if note and len(code) <= 64), default=0)
        return [f"{code:<{column}}  # {note}" if note else code for code, note in self.rows]


# -- the fast style -----------------------------------------------------------------------------------------


def fast_body(program: Program, steps: Sequence[Step]) -> list[str]:
    """The lines of a function whose steps may raise, values used once written where they are used."""
    found = _branch(program, steps)
    if found is None:
        writer = _Writer(program, steps)
        for step in steps:
            writer.step(step)
        return [*writer.lines.text(), f"    {writer.result()}"]
    condition, before, taken, other = found
    writer = _Writer(program, [*before, condition])
    writer.kept |= {arg for step in (*taken, *other) for arg in step.args}
    for step in before:
        writer.step(step)
    test = writer.expression(condition)
    lines = [*writer.lines.text(), f"    if {test.text}:"]
    arm = _Writer(program, taken, _Lines(section=condition.section, indent="        "), brief=True)
    for step in taken:
        arm.step(step._replace(section=condition.section))
    names = _return(program, {}).removeprefix("return ")
    brief = arm.result()
    told = f"  # {names}" if brief != f"return {names}" and len(names) < _LINE else ""
    lines += [*arm.lines.text(), f"        {brief}{told}"]
    arm = _Writer(program, other, _Lines(section=condition.section))
    for step in other:
        arm.step(step)
    return [*lines, *arm.lines.text(), f"    {arm.result()}"]


Branch = tuple[Step, list[Step], list[Step], list[Step]]


def _branch(program: Program, steps: Sequence[Step]) -> Branch | None:
    """The condition that most values are selected by, if there are two at least: the steps that come before it, and
    those that wait for it, once where it holds and once where it does not."""
    defined = {s.target: s for s in steps}
    tests = [_test(step, defined) for step in steps]
    counts = Counter(test for test in tests if test is not None)
    if not counts or max(counts.values()) < 2:
        return None
    best = max(counts, key=lambda test: counts[test])  # the first of those that are met most often
    needed = {arg for arg in best[1] if arg in defined}
    before: list[Step] = []
    for step in reversed(steps):
        if step.target in needed:
            before.append(step)
            needed.update(step.args)
    if len(steps) - len(before) > TAIL:
        return None
    taken: list[Step] = []
    other: list[Step] = []
    for step, test in zip(steps, tests):
        if step.target not in needed:
            taken.append(_half(step, 1) if test == best else step)
            other.append(_half(step, 3) if test == best else step)
    condition = Step("if", best[0], best[1], "bool[]", section=before[0].section if before else "")
    return condition, before[::-1], _read(program, taken), _read(program, other)


def _read(program: Program, steps: Sequence[Step]) -> list[Step]:
    """Those of the steps that an output needs, in order."""
    needed, kept = set(program.outputs), []
    for step in reversed(steps):
        if step.target in needed:
            kept.append(step)
            needed.update(step.args)
    return kept[::-1]


def _test(step: Step, defined: Mapping[str, Step]) -> tuple[str, tuple[str, ...]] | None:
    """The condition of a selection: a template and its operands."""
    found = _SELECT.fullmatch(step.spelling)
    if found is None:
        return None
    spelling, args = _narrowed(found[2], step.args)
    if spelling == "{0}" and args[0] in defined:
        inner = defined[args[0]]
        spelling, args = inner.spelling, inner.args
    for k, arg in enumerate(args):  # literals become text: `x > 0.0` is one condition however it is written
        if is_literal(arg):
            spelling = spelling.replace(f"{{{k}}}", arg)
    spelling, args = _narrowed(spelling, args)
    # Of numbers alone there is nothing to wait for; a truth value decides as it is.
    return (spelling, args) if args and (" > " in spelling or " < " in spelling) else None


def _half(step: Step, group: int) -> Step:
    """What a selection is where its condition holds (1) or does not (3)."""
    found = _SELECT.fullmatch(step.spelling)
    assert found is not None
    spelling, args = _narrowed(found[group], step.args)
    return step._replace(spelling=spelling, args=args)


def _narrowed(template: str, args: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """A part of a template with the operands that it has."""
    used = list(dict.fromkeys(int(k) for k in _FIELD.findall(template)))
    place = {old: new for new, old in enumerate(used)}
    return _FIELD.sub(lambda m: f"{{{place[int(m[1])]}}}", template), tuple(args[k] for k in used)


@dataclass(frozen=True)
class _Expression:
    text: str
    level: int  # how tightly it binds
    weight: int = 0  # operations


_ATOM = 5
_SUM, _PRODUCT, _PREFIX = 2, 3, 4
# The level of an operation, and the least level at which each operand goes without brackets.
_LEVELS = {"{0} + {1}": (_SUM, (_SUM, _PRODUCT)), "{0} - {1}": (_SUM, (_SUM, _PRODUCT)),
           "{0} * {1}": (_PRODUCT, (_PRODUCT, _PREFIX)), "{0} / {1}": (_PRODUCT, (_PRODUCT, _PREFIX)),
           "-{0}": (_PREFIX, (_PREFIX,)), "{0}": (0, (0,))}  # fmt: skip
_CALL = re.compile(r"[\w.]+\((?:[^(){}]|\{\d+\})*\)")


class _Writer:
    """Statements of steps: a value without a name that one step reads is written there."""

    def __init__(self, program: Program, steps: Sequence[Step], lines: _Lines | None = None, *,
                 brief: bool = False) -> None:
        self.program, self.lines, self.brief = program, lines or _Lines(), brief
        self.uses = Counter(arg for step in steps for arg in step.args)
        self.kept = set() if brief else set(program.outputs)
        if brief:  # values that have names are inlined as well, even into the `return`
            self.uses.update(program.outputs)
        self.known: dict[str, _Expression] = {}  # values that have no statement

    def step(self, step: Step) -> None:
        self.lines.heading(step.section)
        made = self.expression(step)
        if step.spelling == "{0}" or self._inline(step, made):  # what a branch selects has a name already
            self.known[step.target] = made
        else:
            self.lines.add(f"{step.target} = {made.text}", step.note)

    def _inline(self, step: Step, made: _Expression) -> bool:
        unnamed = not step.note and _TEMPORARY.fullmatch(step.target) is not None
        return (self.uses[step.target] == 1 and step.target not in self.kept and (unnamed or self.brief)
                and made.weight < WEIGHT and len(made.text) < _LINE)

    def expression(self, step: Step) -> _Expression:
        level, least = _LEVELS.get(step.spelling, (0, ()))
        call = not least and _CALL.fullmatch(step.spelling)
        texts, weight = [], 1
        for k, arg in enumerate(step.args):
            made = self.known.get(arg)
            if made is None:
                texts.append(arg)
                continue
            need = least[k] if least else 0 if call else _ATOM
            once = step.spelling.count(f"{{{k}}}") == 1 and weight + made.weight <= WEIGHT
            if made.weight and not (once and len(made.text) < _LINE):
                self.lines.add(f"{arg} = {made.text}")
                del self.known[arg]
                texts.append(arg)
                continue
            weight += made.weight
            texts.append(made.text if made.level >= need else f"({made.text})")
        if step.spelling == "{0}":
            made = self.known.get(step.args[0])
            return made or _Expression(texts[0], _ATOM)
        return _Expression(step.spelling.format(*texts), _ATOM if call else level, weight)

    def result(self) -> str:
        return _return(self.program, {name: made.text for name, made in self.known.items()})


# -- long programs --------------------------------------------------------------------------------------------


def _parts(program: Program, steps: Sequence[Step], size: int, style: str) -> list[str]:
    """Functions `f_part0(v)`, ... over a list `v` of the values that pass between them, and `f` itself.

    A part reads before it computes and stores when all is done, so one that raises is simply run again, guarded.
    """
    plan = cut(program, steps, size)
    taken = {program.name, *(i.name for i in program.inputs), *(n for n, _ in (*program.constants, *program.helpers))}
    v = _fresh("v", taken.union(s.target for s in steps if s.target[0] == "v"))
    prefix = _fresh(f"{program.name}_part", taken, len(plan.parts))
    pieces = [piece for i, part in enumerate(plan.parts)
              for piece in _part(f"{prefix}{i}", v, part, steps[part.start : part.stop], style)]
    body = [f"    {v} = [None] * {plan.slots}  # values that pass from part to part"]
    body += [f"    {v}[{slot}] = {name}" for name, slot in plan.entry]
    body += [f"    {prefix}{i}({v})" for i in range(len(plan.parts))]
    found = {name: f"{v}[{slot}]" for name, slot in plan.exit.items()}
    return [*pieces, "\n".join([*_head(program, program.name), *body, f"    {_return(program, found)}"])]


def _part(name: str, v: str, part: Part, steps: Sequence[Step], style: str) -> list[str]:
    reads = [f"    {name} = {v}[{slot}]" for name, slot in part.reads]
    stores = [f"    {v}[{slot}] = {name}" for name, slot in part.stores]
    guarded = [*reads, *_plain(map(_guarded, steps)), *stores]
    if style == "readable" or not _may_raise(steps):
        return ["\n".join([f"def {name}({v}):", *guarded])]
    body = [f"    {line}" if line else "" for line in (*_plain(steps), *stores)]
    whole = [f"def {name}({v}):", *reads, "    try:", *body, f"    except {RAISED}:", f"        {name}_guarded({v})"]
    return ["\n".join(whole), "\n".join([f"def {name}_guarded({v}):", *guarded])]


# -- the checked call ---------------------------------------------------------------------------------------------

_PYTHON = {"float64": "float", "int64": "int", "int32": "int", "bool": "bool"}
_LIMITS = {"int64": 2**63, "int32": 2**31}


def caller_source(program: Program, style: str) -> str:
    """The text of `call(self, ...)`: at once when every argument has the very type, else `self.slowly(...)`.

    The parameters are those of the function, by position or by name; what is missing is `not_given`, which is
    given to `load` with the names of the module of the function itself. A short function is written out.
    """
    names = [i.name for i in program.inputs]
    taken = {*names, *(s.target for s in program.steps), *words(" ".join({s.spelling: 0 for s in program.steps}))}
    this, more, named = (_fresh(n, taken) for n in ("self", "more", "named"))
    head = f"def call({', '.join([this, '/', *[f'{n}=not_given' for n in names], f'*{more}', f'**{named}'])}):"
    floats = [i.name for i in program.inputs if i.type == "float64[]"]
    tests = ["".join(f"type({n}) is " for n in floats) + "float"] if floats else []
    for i in program.inputs:
        dtype = i.type.partition("[")[0]
        if dtype != "float64":
            tests.append(f"type({i.name}) is {_PYTHON[dtype]}")
        if dtype in _LIMITS:
            tests.append(f"{-_LIMITS[dtype]} <= {i.name} < {_LIMITS[dtype]}")
    tests.append(f"not ({more} or {named})")
    steps = live_steps(program) if style == "fast" else list(program.steps)
    if style == "fast" and len(steps) <= TAIL and not _may_raise(steps):
        body = [f"    {line}" if line else "" for line in fast_body(program, steps)]
    else:
        body = [f"        return {program.name}({', '.join(names)})"]
    slow = f"    return {this}.slowly(({_listed(names)}), {more}, {named})"
    return "\n".join([head, f"    if {' and '.join(tests)}:", *body, slow]) + "\n"
