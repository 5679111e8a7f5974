"""Program -> the same program with its elementwise regions as numba kernels: small functions that its steps call.

What comes out is a program like any other: a kernel is one of its helpers, so the NumPy emitter prints it. The
kernels are small, because numba's compile time grows faster than the length of a function, and regions of one
structure share one. Steps without a kernel spelling stay NumPy calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from math import prod

from . import numba_call, numba_math
from .fuse import regions
from .numba_kernel import Kernel, Line, Operand, Total, kernel_source
from .numba_spelling import Elementwise, elementwise, reduction
from .passes import expanded, shared
from .program import Program, Step, dtype_of, is_literal, is_scalar, sizes_of
from .schedule import live_steps
from .workspace import types_of

LIMIT = 48  # steps of one kernel: compile time is then about a second at most
BUDGET = 1500  # steps of all kernels together, those of one structure counted once; what is beyond stays NumPy


def numba_program(program: Program, limit: int = LIMIT, budget: int = BUDGET) -> Program:
    """The program with runs of elementwise steps (and the sums that end them) as calls of numba kernels.

    >>> from .program import Input
    >>> steps = (Step("z", "{0} * {1}", ("w", "x"), "float64[N]"), Step("y", "np.tanh({0})", ("z",), "float64[N]"))
    >>> program = Program("f", (Input("w", "float64[]"), Input("x", "float64[N]")), steps, ("y",), True)
    >>> better = numba_program(program)
    >>> [name for name, _ in better.helpers], [(s.target, s.spelling, s.args) for s in better.steps]
    (['njit', 'tanh64', 'in_threads', 'fused0_loop', 'fused0'], [('y', 'fused0({0}, {1})', ('x', 'w'))])
    """
    types = types_of(program, program.steps)
    steps = _written_out(program, live_steps(program), types)
    views: dict[str, str] = {}  # broadcast views, by what they show
    forms: list[Elementwise | None] = []
    keys: list[str] = []
    tails: list[bool] = []
    for step in steps:
        types[step.target] = step.type
        if step.spelling.startswith("np.broadcast_to({0}") and _fits(types.get(step.args[0], ""), sizes_of(step.type)):
            views[step.target] = views.get(step.args[0], step.args[0])
        form = elementwise(step, types)
        forms.append(form)
        total = form is None and bool(reduction(step, types))
        tails.append(total)
        key = _shape(step.type) if form else _shape(types[step.args[0]]) if total else ""
        sizes = key.split(",") if key else []
        fits = total or form is None or all(_fits(types[a], sizes) for a in form.names)
        keys.append(key if fits and any(s != "1" for s in sizes) else "")
    wanted = set(program.outputs)
    readers: dict[str, list[int]] = {}
    for i, step in enumerate(steps):
        for a in step.args:
            readers.setdefault(a, []).append(i)
    build = _Build(program, types, views, budget)
    for part in regions(steps, keys, tails, limit):
        inside = set(part)
        made = [steps[i] for i in part]
        outs = [s.target for i, s in zip(part, made)
                if s.target in wanted or tails[i] or any(r not in inside for r in readers.get(s.target, ()))]
        if not build.fuse(made, [forms[i] for i in part], outs):
            build.steps += made
    return build.program()


def _written_out(program: Program, steps: list[Step], types: dict[str, str]) -> list[Step]:
    """The steps, those without a kernel spelling of their own as their parts: of softmax, exp(x - max) has one."""
    taken = {*types, program.name, *(name for name, _ in (*program.helpers, *program.dims))}

    def fresh(wish: str) -> str:
        name = next(n for n in (f"{wish}{i}" for i in count()) if n not in taken)
        taken.add(name)
        return name

    log: Counter[str] = Counter()
    made = [part for step in steps
            for part in ([step] if not step.parts or elementwise(step, types) else expanded([step], fresh, log))]
    return live_steps(program, shared(program, made, log)) if log else steps


def _shape(type_: str) -> str:
    return ",".join(sizes_of(type_))


def _fits(type_: str, sizes: Sequence[str]) -> bool:
    """Whether an operand of this type has, on each axis, that size or 1."""
    own = sizes_of(type_) if type_ else ["?"]
    return len(own) <= len(sizes) and all(a in (b, "1") for a, b in zip(reversed(own), reversed(sizes)))


@dataclass
class _Build:
    """The program that is being made."""

    source: Program
    types: dict[str, str]
    views: dict[str, str]
    budget: int

    def __post_init__(self) -> None:
        self.steps: list[Step] = []
        self.kernels: dict[str, tuple[str, Kernel]] = {}  # by text: name, and the kernel with the names of its user
        self.uses: dict[str, int] = {}
        self.math: dict[str, None] = {}
        ours = {"njit", "range", "abs", "min", "pair_sum", *numba_math.every(), *numba_call.NAMES}
        self.taken = {*self.given(), *ours, "np"}
        self.clear = ours.isdisjoint(self.given())  # else a kernel would call what the user has of that name

    def given(self) -> Iterable[str]:
        p = self.source
        return [p.name, *(n for n, _ in (*p.helpers, *p.dims, *p.constants)), *(i.name for i in p.inputs),
                *(s.target for s in p.steps)]

    def fresh(self, wish: str) -> str:
        i = 0
        while not self.taken.isdisjoint((f"{wish}{i}", f"{wish}{i}_loop")):
            i += 1
        self.taken |= {f"{wish}{i}", f"{wish}{i}_loop"}
        return f"{wish}{i}"

    def fuse(self, steps: Sequence[Step], forms: Sequence[Elementwise | None], outs: Sequence[str]) -> bool:
        """Adds the call of a kernel for these steps, unless NumPy does as well without."""
        passes = sum(f.passes for f in forms if f) + sum(f is None for f in forms)
        if not any(forms) or passes < 2 or not self.clear:
            return False
        kernel = self.kernel(steps, forms, outs)
        if not kernel.sized():
            return False
        text = kernel_source(kernel.canonical())
        if text not in self.kernels:
            if self.budget < len(steps):
                return False
            self.budget -= len(steps)
            self.kernels[text] = self.fresh("fused"), kernel
            for form in forms:
                self.math.update(dict.fromkeys(form.calls if form else ()))
        self.uses[text] = self.uses.get(text, 0) + 1
        self.call(self.kernels[text][0], kernel, steps, outs)
        return True

    def kernel(self, steps: Sequence[Step], forms: Sequence[Elementwise | None], outs: Sequence[str]) -> Kernel:
        first = next(s for s, f in zip(steps, forms) if f)
        sizes = sizes_of(first.type)
        operands: dict[str, Operand] = {}
        lines: list[Line] = []
        totals: list[Total] = []
        inside = {s.target for s, f in zip(steps, forms) if f}
        seen: dict[str, str] = {}
        for step, form in zip(steps, forms):
            if form is None:
                _, axis, mean = reduction(step, self.types) or ("", None, False)
                totals.append(Total(step.target, step.args[0], dtype_of(step.type), axis, mean))
                continue
            for a in form.names:
                if a not in inside and a not in seen:
                    seen[a] = self.views.get(a, a)
                    type_ = self.types[seen[a]]
                    varies = _varies(type_, sizes)
                    operands.setdefault(seen[a], Operand(seen[a], dtype_of(type_), varies, len(sizes_of(type_))))
            for text in form.sizes:
                operands.setdefault(text, Operand(f"size{len(operands)}", "int64", (False,) * len(sizes), 0, text))
            lines.append(Line(step.target, form, dtype_of(step.type), _shown(step)))
        order = sorted(operands.values(), key=lambda o: o.ndim == 0)  # arrays first
        elements = prod(map(int, sizes)) if all(s.isdigit() for s in sizes) else None
        threads = numba_call.worth_threads(elements, len(lines), sum(len(line.form.calls) for line in lines))
        return Kernel("", len(sizes), tuple(s == "1" for s in sizes), tuple(order), tuple(lines), tuple(totals),
                      tuple(outs), seen, threads)

    def call(self, name: str, kernel: Kernel, steps: Sequence[Step], outs: Sequence[str]) -> None:
        by_name = {s.target: s for s in steps}
        args = tuple(o.name for o in kernel.operands if not o.text)
        numbers = iter(range(len(args)))
        fields = ", ".join(o.text or f"{{{next(numbers)}}}" for o in kernel.operands)
        call = f"{name}({fields})"
        if len(outs) == 1:
            step = by_name[outs[0]]
            self.steps.append(step._replace(spelling=_scalar(step.type, call), args=args, ufunc="", alias=False,
                                            parts=(), overflows=False))
            return
        packed = self.fresh("t")
        last = steps[-1]
        self.steps.append(Step(packed, call, args, f"tuple[{len(outs)}]", section=last.section))
        for i, out in enumerate(outs):
            step = by_name[out]
            self.steps.append(step._replace(spelling=_scalar(step.type, f"{{0}}[{i}]"), args=(packed,), ufunc="",
                                            alias=False, section=last.section, parts=(), overflows=False))

    def program(self) -> Program:
        helpers = list(self.source.helpers)
        if self.kernels:
            shown = {name: kernel if self.uses[text] == 1 else kernel.canonical()
                     for text, (name, kernel) in self.kernels.items()}
            called = {h for kernel in shown.values() for h in numba_call.helpers(kernel)}
            helpers = [("njit", numba_call.imports("in_threads" in called)), *helpers]
            helpers += [(name, numba_math.source(name)) for name in numba_math.needed(self.math)]
            if "total" in called:
                helpers.append(("pair_sum", numba_math.PAIR_SUM))
            helpers += [(name, text) for name, text in numba_call.HELPERS.items() if name in called]
            for name, kernel in shown.items():
                helpers.append((f"{name}_loop", kernel_source(kernel.called(name))))
                helpers.append((name, numba_call.call_source(kernel.called(name))))
        program = self.source
        steps = tuple(live_steps(program, self.steps))
        return Program(program.name, program.inputs, steps, program.outputs, program.single, program.dims,
                       program.constants, tuple(helpers), program.doc, program.grouped)


def _varies(type_: str, sizes: Sequence[str]) -> tuple[bool, ...]:
    """On which axes of the region an operand varies; of axes of size 1 it does not matter."""
    own = sizes_of(type_)
    own = ["1"] * (len(sizes) - len(own)) + own
    return tuple(a != "1" for a in own)


def _scalar(type_: str, call: str) -> str:
    """numba gives Python numbers, where a scalar of this program is NumPy's."""
    if not is_scalar(type_):
        return call
    dtype = dtype_of(type_)
    return f"np.{dtype + '_' if dtype == 'bool' else dtype}({call})"


def _shown(step: Step) -> str:
    args = [f"({a})" if is_literal(a) and a[0] == "-" and "**" in step.spelling else a for a in step.args]
    return step.spelling.format(*args) if "{" in step.spelling else step.spelling
