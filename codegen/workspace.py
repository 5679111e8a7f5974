"""The memory that every call of a fast function uses again: which step writes into which buffer.

A *slot* is memory of one dtype, as long as the longest array that is ever put there. A *buffer* is a view of
a slot in the shape of one type, `u0`, `u1`, ... A step that may write into given memory writes into a buffer,
and a slot is free again after the last use of any name that shares it. Results of the function never lie in a slot.

Slots, buffers, views of buffers, numbers as arrays without axes and whatever depends on sizes alone are made
once for each thread and each combination of sizes, by a function of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from .loop import FILLED, LOOP, Loop, Placed, place
from .program import Program, Step, dtype_of, is_literal, is_scalar, sizes_of, words
from .schedule import SMALL, buffers, last_uses, worth

KEPT = 4  # how many combinations of sizes a thread keeps the memory of
_CONTRACTIONS = frozenset({"np.matmul", "np.dot", "np.vecdot", "np.matvec", "np.vecmat"})
_NUMBER = re.compile(r"-?(\d+\.?\d*(e[+-]?\d+)?|np\.inf)")
_CALLED = re.compile(r"np\.\w+(\.reduce)?")
_RESHAPES = ("np.reshape(", "{0}.reshape(")
_VIEWS = (*_RESHAPES, "np.transpose(", "{0}.T", "{0}.mT", "np.swapaxes(", "np.broadcast_to(", "{0}[")
_PLAIN = frozenset({"np", "float", "int", "bool"})
_WORDS = {"0": "zero", "1": "one", "2": "two", "3": "three", "0.5": "half", "-1": "minus_one"}


@dataclass
class Workspace:
    """`lines` make what `names` list, from the sizes `sizes`; `steps` are what is left of a call.

    `outs` says where each of these steps writes: a name of the workspace, of a dead array of the call, or "".
    """

    sizes: list[str]
    lines: list[str]
    names: list[str]
    steps: list[Step]
    outs: list[str]
    buffers: int = 0
    loops: dict[str, Placed] = field(default_factory=dict)  # by the step that stands for each
    dot: str = ""


@dataclass
class _Slot:
    dtype: str
    factors: tuple[str, ...]  # named factors of the number of elements
    coefficient: int


@dataclass
class _Plan:
    program: Program
    fresh: Callable[[str], str]
    slots: list[_Slot] = field(default_factory=list)
    free: dict[tuple[str, tuple[str, ...]], list[int]] = field(default_factory=dict)
    views: dict[tuple[int, str], str] = field(default_factory=dict)  # of slots: slot, type -> name
    inside: dict[str, str] = field(default_factory=dict)  # values of the workspace: name -> its text there
    slot_of: dict[str, int] = field(default_factory=dict)  # root -> slot
    known: set[str] = field(default_factory=set)  # numbers that depend on sizes alone
    whole: set[str] = field(default_factory=set)  # views of a whole buffer in its order
    hoisted: list[str] = field(default_factory=list)
    numbers: dict[tuple[str, str], str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)  # bound once: "np.add" -> "add"
    heads: list[str] = field(default_factory=list)  # lines before the slots: lengths of blocks
    lengths: dict[tuple[str, ...], str] = field(default_factory=dict)  # of blocks: shape, elements -> name
    fulls: dict[tuple[str, str], str] = field(default_factory=dict)  # numbers as arrays of a block
    dot: str = ""  # the name of the helper that adds products
    loops: dict[str, Placed] = field(default_factory=dict)

    def take(self, type_: str) -> int:
        """A free slot for an array of this type: the shortest that is long enough, else the longest made longer."""
        factors, coefficient = extent(type_)
        key = dtype_of(type_), factors
        pool = self.free.setdefault(key, [])
        if not pool:
            self.slots.append(_Slot(*key, coefficient))
            return len(self.slots) - 1
        enough = [s for s in reversed(pool) if self.slots[s].coefficient >= coefficient]
        chosen = (min(enough, key=lambda s: self.slots[s].coefficient) if enough
                  else max(reversed(pool), key=lambda s: self.slots[s].coefficient))
        pool.remove(chosen)
        self.slots[chosen].coefficient = max(self.slots[chosen].coefficient, coefficient)
        return chosen

    def release(self, slot: int) -> None:
        self.free.setdefault((self.slots[slot].dtype, self.slots[slot].factors), []).append(slot)

    def view(self, slot: int, type_: str) -> str:
        """The name of the buffer."""
        name = self.views.get((slot, type_))
        if name is None:
            name = self.views[slot, type_] = self.fresh("u")
        return name


def extent(type_: str) -> tuple[tuple[str, ...], int]:
    """The number of elements of a type, as named factors and a coefficient.

    >>> extent("float64[N,3*T,4]"), extent("bool[N + 1,2]")
    ((('N', 'T'), 12), (('(N + 1)',), 2))
    """
    factors, coefficient = [], 1
    for size in sizes_of(type_):
        parts = [f"({size})"] if " " in size or "/" in size else size.split("*")
        for part in parts:
            if part.isdigit():
                coefficient *= int(part)
            else:
                factors.append(part)
    return tuple(sorted(f for f in factors if f)), coefficient


def plan(program: Program, steps: Sequence[Step], fresh: Callable[[str], str], small: int = SMALL,
         loops: Mapping[str, Loop] | None = None) -> Workspace | None:
    """The workspace of a program; None where no array is (or may be) of `small` elements,
    or all are results.

    `loops` are those that steps stand for. `fresh` gives an unused name that begins with a letter.
    """
    if not loops and not any(takes_out(s) and worth(s.type, small) for s in steps):
        return None
    p = _Plan(program, fresh)
    root = buffers(program, steps)
    last = last_uses(program, steps, root)
    types = types_of(program, steps)
    results = {root[name] for name in program.outputs}
    kept: list[Step] = []
    outs: list[str] = []
    made: set[str] = set()  # arrays that a call makes, which a later step may write over
    for i, step in enumerate(steps):
        if _hoist(p, step, root, results):
            continue
        if step.ufunc == LOOP:
            p.loops[step.target] = place(p, step, (loops or {})[step.target], types,
                                           partial(_bound, p), partial(_operands, p))
            for name in dict.fromkeys(root.get(a, "") for a in step.args):
                if last.get(name) == i and name in p.slot_of:
                    p.release(p.slot_of[name])
            kept.append(step)
            outs.append("")
            continue
        dying = [b for b in dict.fromkeys(root.get(a, "") for a in step.args) if last.get(b) == i]
        out, slot = "", -1
        if takes_out(step) and root[step.target] not in results:
            slot, out = _in_place(p, step, dying, root, types, made)
            if not out:
                slot = p.take(step.type)
            if slot >= 0:
                out = p.view(slot, step.type)
                p.slot_of[step.target] = slot
                p.inside[step.target] = out
        for name in dying:
            if name in p.slot_of and p.slot_of[name] != slot:
                p.release(p.slot_of[name])
        if slot < 0 and not step.alias and not is_scalar(step.type) and step.target not in results:
            made.add(step.target)
        if out and step.ufunc == FILLED:
            step, out = step._replace(spelling="{0}", args=(out,), ufunc=""), ""
        kept.append(_bound(p, step._replace(args=_operands(p, step, types)), out))
        outs.append(out)
    return _made(p, kept, outs) if p.views or p.loops else None


def types_of(program: Program, steps: Sequence[Step]) -> dict[str, str]:
    """The type of every name."""
    types = {i.name: i.type for i in program.inputs}
    types.update((name, f"{v.dtype.name}[{','.join(map(str, v.shape))}]") for name, v in program.constants)
    types.update((s.target, s.type) for s in steps)
    return types


def takes_out(step: Step) -> bool:
    """Whether an array's result can be written into given memory."""
    return not is_scalar(step.type) and (bool(step.ufunc) or step.spelling.startswith(REDUCTIONS))


REDUCTIONS = ("np.add.reduce(", "np.maximum.reduce(", "np.minimum.reduce(")


def _in_place(p: _Plan, step: Step, dying: Sequence[str], root: dict[str, str], types: dict[str, str],
              made: set[str]) -> tuple[int, str]:
    """A dying operand that an elementwise step may write over: its slot, or the name of an array of this call."""
    if step.ufunc in _CONTRACTIONS or not step.ufunc:
        return -1, ""
    for name in dying:
        # Another view of the same memory among the operands would be read while it is written.
        sharing = {a for a in step.args if root.get(a) == name}
        if types.get(name) == step.type and sharing == {name}:
            if name in p.slot_of:
                return p.slot_of[name], "slot"
            if name in made:
                made.discard(name)
                made.add(step.target)
                return -1, name
    return -1, ""


def _hoist(p: _Plan, step: Step, root: dict[str, str], results: set[str]) -> bool:
    """Move a step into the workspace: a view of a buffer, a number that depends on sizes alone, a vector of ones."""
    if root[step.target] in results or step.target in p.program.outputs:
        return False
    view = (bool(step.alias) and step.args[0] in p.inside and all(is_literal(a) for a in step.args[1:])
            and step.spelling.startswith(_VIEWS))
    # A reshape of what does not lie in order is a copy, which would be out of date at the next call.
    whole = step.args[0] in p.slot_of or step.args[0] in p.whole if view else False
    if step.spelling.startswith(_RESHAPES):
        view = view and whole
        if view:
            p.whole.add(step.target)
    known = all(is_literal(a) or (a in p.inside and root[a] not in p.slot_of) for a in step.args)
    sizes = {name for name, _ in p.program.dims}
    number = is_scalar(step.type) and known and words(step.spelling) <= _PLAIN | sizes
    ones = step.spelling.startswith("np.ones(") and not step.args
    if not (view or number or ones):
        return False
    args = [p.inside.get(a, a) for a in step.args]
    spelling = step.spelling.format(*[f"({a})" if a[0] == "-" else a for a in args], **{n: n for n in sizes})
    p.inside[step.target] = step.target
    if number and not view:
        p.known.add(step.target)
    p.hoisted.append(f"    {step.target} = {spelling}")
    return True


def _operands(p: _Plan, step: Step, types: dict[str, str]) -> tuple[str, ...]:
    """The operands of an array's step, numbers among them as arrays without axes: quicker for NumPy to take."""
    if not step.ufunc or is_scalar(step.type):
        return step.args
    number = [bool(_NUMBER.fullmatch(a)) or a in p.known for a in step.args]
    dtypes = {dtype_of(types[a]) for a in step.args if a in types}
    if not any(number) or all(number) or len(dtypes) != 1 or min(dtypes) not in ("float64", "float32"):
        return step.args
    dtype = min(dtypes)
    return tuple(_number(p, a, dtype) if n else a for a, n in zip(step.args, number))


def _bound(p: _Plan, step: Step, out: str) -> Step:
    """A function of NumPy that is given an `out`, or called by name, is looked up once, with the workspace."""
    called = step.ufunc if out and step.ufunc else step.spelling.partition("(")[0]
    if not _CALLED.fullmatch(called):
        return step
    name = p.functions.get(called)
    if name is None:
        wish = called.removeprefix("np.").replace(".", "_")
        name = p.functions[called] = p.fresh(wish)
        p.hoisted.append(f"    {name} = {called}")
    if step.spelling.startswith(f"{called}("):
        step = step._replace(spelling=f"{name}{step.spelling[len(called):]}")
    return step._replace(ufunc=name) if step.ufunc == called else step


def _number(p: _Plan, text: str, dtype: str) -> str:
    text = text.removesuffix(".0")
    name = p.numbers.get((text, dtype))
    if name is None:
        single = dtype == "float32"
        word = _WORDS.get(text)
        name = p.numbers[text, dtype] = p.fresh(word if word else "k")
        value = text if text in p.inside else f"{text}.0" if text.lstrip("-").isdigit() else text
        p.hoisted.append(f"    {name} = np.array({value}{', dtype=np.float32' if single else ''})")
    return name


def _made(p: _Plan, steps: list[Step], outs: list[str]) -> Workspace:
    used = {a for s in steps for a in s.args}.union(outs, p.functions.values(), *(w.reads() for w in p.loops.values()))
    lines = list(p.heads)
    by_slot: dict[int, list[tuple[str, str]]] = {}
    for (slot, type_), name in p.views.items():
        by_slot.setdefault(slot, []).append((type_, name))
    for i, memory in enumerate(p.slots):
        lines += _slot_lines(memory, by_slot[i], p.fresh)
    lines += p.hoisted
    lines += [line for w in p.loops.values() for line in w.lines]
    sizes = [name for name, _ in p.program.dims]
    texts: set[str] = set().union(*(words(line) for line in lines)) if lines else set()
    names = dict.fromkeys([*p.views.values(), *(n for n, text in p.inside.items() if n == text), *p.numbers.values(),
                           *p.functions.values(), *(n for w in p.loops.values() for n in w.exported())])
    return Workspace([s for s in sizes if s in texts], lines, [n for n in names if n in used], steps, outs,
                     len(p.slots), p.loops, p.dot)


def _slot_lines(slot: _Slot, views: Sequence[tuple[str, str]], fresh: Callable[[str], str]) -> list[str]:
    """The memory of a slot, and its views: the slot itself where they all have one shape."""
    dtype = {"float64": "", "bool": ", np.bool_"}.get(slot.dtype, f", np.{slot.dtype}")
    whole = [(t, n) for t, n in views if extent(t)[1] == slot.coefficient]
    if len(views) == 1 and whole:
        type_, name = views[0]
        return [f"    {name} = np.empty({_shape(type_)}{dtype})"]
    base = fresh("slot")
    length = _length(slot.factors, slot.coefficient)
    lines = [f"    {base} = np.empty({length}{dtype})"]
    for type_, name in views:
        factors, coefficient = extent(type_)
        part = "" if coefficient == slot.coefficient else f"[: {_length(factors, coefficient)}]"
        lines.append(f"    {name} = {base}{part}.reshape({_shape(type_)})")
    return lines


def _length(factors: Sequence[str], coefficient: int) -> str:
    texts = [*([str(coefficient)] if coefficient != 1 or not factors else []), *map(_never_negative, factors)]
    return " * ".join(texts)


def _never_negative(size: str) -> str:
    """N - 1 for N = 0: the step that makes such a value says what is wrong, not its memory."""
    return f"np.maximum({size}, 0)" if "-" in size else size


def _shape(type_: str) -> str:
    sizes = [_never_negative(size) for size in sizes_of(type_)]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
