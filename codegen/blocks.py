"""Runs of elementwise steps over large arrays -> loops over blocks, whose intermediate values stay in the cache.

A loop is one step of the program, "loop", with what it reads and the arrays that it fills as operands; its own
steps stand in a `Loop`. Sums of all elements that end such a run are taken block by block, and the partial sums
are added pairwise at the end. The workspace then gives the loop its buffers, each as long as one block.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

import numpy as np

from .fuse import regions
from .loop import BLOCK, FILLED, LOOP, Loop
from .program import FLOATS, OVER_SIZE, Program, Step, dtype_of, element_count, is_literal, is_scalar, sizes_of
from .scales import fewer
from .slots import extent
from .workspace import types_of

LIMIT = 256  # steps of one loop
FEW, MANY = 3, 12  # steps that a loop must have over arrays known to be large, and over those that may be small

_TOTAL = re.compile(r"np\.(sum|mean)\(\{0\}\)")
_VIEWS = ("np.reshape(", "{0}.reshape(", "{0}[")

Fresh = Callable[[str], str]


def blocked(program: Program, steps: Sequence[Step], fresh: Fresh, log: Counter[str],
            loops: dict[str, Loop]) -> list[Step]:
    """The steps with long elementwise runs as loops, which go to `loops`.

    Every element has the value that it had; a sum of partial sums is as accurate as NumPy's pairwise one (`_total`).
    """
    types = types_of(program, steps)
    total = [_is_total(s, types) for s in steps]
    keys = [_key(s, types, t) for s, t in zip(steps, total)]
    if max(Counter(k for k in keys if k).values(), default=0) < FEW:
        return list(steps)
    readers: dict[str, set[int]] = {}
    for i, step in enumerate(steps):
        for a in step.args:
            readers.setdefault(a, set()).add(i)
    wanted = set(program.outputs)
    result: list[Step] = []
    found = False
    parts = _earlier([sorted(p) for p in regions(steps, keys, total, LIMIT)], steps, keys, total, wanted)
    for part in _in_order(parts, steps):
        inside = set(part)
        group = [steps[i] for i in part]
        out = [s.target for s in group if s.target in wanted or not readers.get(s.target, inside) <= inside]
        made = _Region(program, group, out, types, fresh).steps(loops) if len(part) >= FEW and keys[part[0]] else []
        result += made or group
        if made:
            found = True
            log["loops over blocks"] += 1
    return result if found else list(steps)


def _in_order(parts: Sequence[Sequence[int]], steps: Sequence[Step]) -> Iterator[Sequence[int]]:
    """The parts, each after what it reads, and otherwise in the order of their last steps."""
    part_of = {steps[i].target: p for p, part in enumerate(parts) for i in part}
    before = [{part_of[a] for i in part for a in steps[i].args if a in part_of} - {p} for p, part in enumerate(parts)]
    after: list[list[int]] = [[] for _ in parts]
    for p, sources in enumerate(before):
        for q in sorted(sources):
            after[q].append(p)
    missing = [len(sources) for sources in before]
    ready = [(parts[p][-1], p) for p, count in enumerate(missing) if not count]
    heapify(ready)
    while ready:
        _, p = heappop(ready)
        yield parts[p]
        for q in after[p]:
            missing[q] -= 1
            if not missing[q]:
                heappush(ready, (parts[q][-1], q))


def _earlier(parts: list[list[int]], steps: Sequence[Step], keys: Sequence[str], total: Sequence[bool],
             wanted: set[str]) -> list[list[int]]:
    """What a run computes from the values of an earlier one alone goes there, if fewer arrays pass between them then.

    The slope of an activation is one array, and needs several of those that the activation is made of.
    """
    part_of = {steps[i].target: p for p, part in enumerate(parts) for i in part}
    readers: dict[str, list[int]] = {}
    for i, step in enumerate(steps):
        for name in step.args:
            readers.setdefault(name, []).append(i)
    for late, part in enumerate(parts):
        key = keys[part[0]]
        sources = {part_of[x] for i in part for x in steps[i].args if x in part_of} - {late}
        for early in sorted(p for p in sources if key and len(parts[p]) >= FEW and keys[parts[p][0]] == key):
            own = set(parts[early])
            # A total is known only after the loop.
            known = {steps[i].target for i in own if not total[i]}.union(x for i in own for x in steps[i].args)
            moved: set[int] = set()
            for i in parts[late]:
                operands = [x for x in steps[i].args if x in part_of]
                if operands and known.issuperset(operands):
                    moved.add(i)
                    if not total[i]:
                        known.add(steps[i].target)
            saved = [x for x in {x for i in moved for x in steps[i].args} if part_of.get(x) == early
                     and x not in wanted and (own | moved).issuperset(readers[x]) and not own.issuperset(readers[x])]
            new = [i for i in moved if not total[i] and not moved.issuperset(readers.get(steps[i].target, ()))]
            if len(new) < len(saved):
                parts[early] = sorted(own | moved)
                parts[late] = [i for i in parts[late] if i not in moved]
                part_of.update((steps[i].target, early) for i in moved)
    return [p for p in parts if p]


def _key(step: Step, types: dict[str, str], total: bool) -> str:
    """The shape that a step can loop over, "" where it stands alone."""
    type_ = types[step.args[0]] if total else step.type
    if is_scalar(type_) or not (total or _elementwise(step, types)):
        return ""
    factors, count = extent(type_)
    return "" if not factors and count <= BLOCK else ",".join(sizes_of(type_))


def _elementwise(step: Step, types: dict[str, str]) -> bool:
    sizes = sizes_of(step.type)
    if step.alias or not all(_fits(types.get(a, ""), sizes) for a in step.args if not is_literal(a)):
        return False
    if OVER_SIZE.fullmatch(step.spelling):
        return step.type in types[step.args[0]] and dtype_of(step.type) in FLOATS
    function = getattr(np, step.ufunc.removeprefix("np."), None) if step.ufunc else None
    return isinstance(function, np.ufunc) and function.signature is None


def _fits(type_: str, sizes: Sequence[str]) -> bool:
    own = sizes_of(type_) if type_ else ["?"]
    return len(own) <= len(sizes) and all(a in (b, "1") for a, b in zip(reversed(own), reversed(sizes)))


def _is_total(step: Step, types: dict[str, str]) -> bool:
    """A sum or mean of all elements, of floats."""
    source = types.get(step.args[0], "[]") if step.args else "[]"
    return (bool(_TOTAL.fullmatch(step.spelling)) and is_scalar(step.type) and not is_scalar(source)
            and dtype_of(source) == dtype_of(step.type) and dtype_of(source) in FLOATS)


@dataclass
class _Region:
    """One run, on its way to a loop: `out` are its values that are read elsewhere."""

    program: Program
    group: list[Step]
    out: list[str]
    types: dict[str, str]
    fresh: Fresh
    before: list[Step] = field(default_factory=list)

    def steps(self, loops: dict[str, Loop]) -> list[Step]:
        """What stands for the run in the program; nothing where a loop is not worth it."""
        steps = [_spelled(s, self.types) for s in self.group]
        totals = [s for s in steps if is_scalar(s.type)]
        dtypes = {dtype_of(s.type) for s in totals}
        shape = next((sizes_of(s.type) for s in steps if not is_scalar(s.type)), [])
        if not shape:
            return []  # sums alone
        steps, numbers = fewer(steps, set(self.out), shape, self.types, self.fresh)
        steps = _early(steps)
        self.before += numbers
        factors, _ = extent(f"[{','.join(shape)}]")
        if len(dtypes) > 1 or len(steps) < (MANY if factors else FEW):
            return []
        local = {s.target for s in steps}
        operands = list(dict.fromkeys(a for s in steps for a in s.args if a not in local and not is_literal(a)))
        flat = len(shape) > 1 and all(self.lies_flat(a, shape) for a in operands)
        if not flat and shape[0] == "1":
            return []
        sizes = [element_count(shape)] if flat else shape
        loop = Loop(sizes, BLOCK)
        arrays = {}
        for name in operands:
            own = sizes_of(self.types[name])
            if not own or len(own) < len(shape) or own[0] != shape[0]:
                continue  # a number, or a row for every block
            arrays[name] = self.flat(name, sizes) if flat else name
            loop.inputs.append((arrays[name], self.fresh(f"{name}_block"), self.types[name] if not flat else
                                f"{dtype_of(self.types[name])}[{sizes[0]}]"))
        inner = dict(zip(arrays, (n for _, n, _ in loop.inputs)))
        return self.made(loop, steps, inner, loops, operands, flat)

    def made(self, loop: Loop, steps: list[Step], inner: dict[str, str], loops: dict[str, Loop],
             operands: Sequence[str], flat: bool) -> list[Step]:
        """The loop, the arrays that it fills before it, its results after it."""
        after: list[Step] = []
        name = self.fresh("totals")
        sections = Counter(s.section for s in steps)
        section = next(s.section for s in steps)
        places: list[str] = []
        k = 0
        for step in steps:
            step = step._replace(args=tuple(inner.get(a, a) for a in step.args))
            if is_scalar(step.type):
                end = step.spelling.index(")") + 1
                call, rest = step.spelling[:end], step.spelling[end:]
                loop.steps.append(step._replace(spelling=call))
                after.append(step._replace(spelling=f"{{0}}[{k}]{rest}", args=(name,), ufunc=""))
                k += 1
                continue
            if flat:
                step = step._replace(type=f"{dtype_of(step.type)}[{loop.sizes[0]}]")
            if step.target in self.out:
                place, value = self.fresh(f"{step.target}_array"), self.fresh(f"{step.target}_block")
                places.append(place)
                type_ = step.type
                shape = ", ".join(f"np.maximum({s}, 0)" if "-" in s else s for s in sizes_of(type_))
                dtype = {"float64": "", "bool": ", np.bool_"}.get(dtype_of(type_), f", np.{dtype_of(type_)}")
                self.before.append(Step(place, f"np.empty(({shape},){dtype})", (), type_, "", FILLED, False, section))
                own = self.types[step.target]
                spelling = f"np.reshape({{0}}, ({', '.join(sizes_of(own))},))" if flat else "{0}"
                after.append(Step(step.target, spelling, (place, name), own, step.note, "", True, step.section))
                inner[step.target] = value
                loop.results.append((place, value, type_))
                step = step._replace(target=value, note="")
            loop.steps.append(step)
        reads = [n for n, _, _ in loop.inputs] + [a for a in operands if a not in inner]
        loop.operands = reads + places
        loops[name] = loop
        dtype = next((dtype_of(s.type) for s in steps if is_scalar(s.type)), "float64")
        last = steps[-1].section if len(sections) == 1 else section
        return [*self.before, Step(name, "loop", tuple(loop.operands), f"{dtype}[]", "", LOOP, False, last), *after]

    def lies_flat(self, name: str, shape: Sequence[str]) -> bool:
        """Whether a value is a number, or an array of the whole shape in its own order: flat, it is no copy."""
        own = sizes_of(self.types[name])
        return not own or (own == list(shape) and name not in self.turned())

    def turned(self) -> set[str]:
        return {s.target for s in self.program.steps if s.alias and not s.spelling.startswith(_VIEWS)}

    def flat(self, name: str, sizes: Sequence[str]) -> str:
        target = self.fresh(f"{name}_flat")
        type_ = f"{dtype_of(self.types[name])}[{sizes[0]}]"
        self.before.append(Step(target, "np.reshape({0}, -1)", (name,), type_, "", "", True, self.group[0].section))
        return target


def _early(steps: Sequence[Step]) -> list[Step]:
    """Each total right after the last of its operands, whose buffers are free the sooner."""
    made = {s.target for s in steps}
    waiting: dict[str, list[Step]] = {}
    for step in steps:
        if is_scalar(step.type):
            last = [s.target for s in steps if s.target in step.args and s.target in made]
            waiting.setdefault(last[-1] if last else "", []).append(step)
    result = waiting.get("", [])
    for step in steps:
        if not is_scalar(step.type):
            result += [step, *waiting.get(step.target, ())]
    return result


def _spelled(step: Step, types: dict[str, str]) -> Step:
    """A sum of all elements by its ufunc, a mean as a sum over a count."""
    match = _TOTAL.fullmatch(step.spelling)
    if not match or not is_scalar(step.type):
        return step
    count = element_count(sizes_of(types[step.args[0]]), " * ")
    return step._replace(spelling=f"np.add.reduce({{0}}, axis=None){f' / ({count})' if match[1] == 'mean' else ''}",
                         ufunc="")
