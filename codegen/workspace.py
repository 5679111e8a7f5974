"""The memory that every call of a fast function uses again: which step writes into which buffer.

A *buffer* is a view of a slot (see slots.py) in the shape of one type, `u0`, `u1`, ... A step that may write into
given memory writes into a buffer, and a slot is free again after the last use of any name that shares it. Results of
the function never lie in a slot.

Slots, buffers, views of buffers, numbers as arrays without axes and whatever depends on sizes alone are made
once for each thread and each combination of sizes, by a function of its own.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from .loop import FILLED, LOOP, PAIRWISE, ROW, Loop, Placed, place
from .program import (
    CONTRACTIONS,
    FLOATS,
    Program,
    Step,
    dtype_of,
    element_count,
    is_literal,
    is_scalar,
    sizes_of,
    words,
)
from .schedule import SMALL, buffers, last_uses, worth
from .slots import ARRANGED, Pool, Slot, extent

KEPT = 4  # how many combinations of sizes a thread keeps the memory of
_NUMBER = re.compile(r"-?(\d+\.?\d*(e[+-]?\d+)?|np\.inf)")
_CALLED = re.compile(r"np\.\w+(\.reduce)?")
_RESHAPES = ("np.reshape(", "{0}.reshape(")
_VIEWS = (*_RESHAPES, "np.transpose(", "{0}.T", "{0}.mT", "np.swapaxes(", "np.broadcast_to(", "{0}[")
_BY_SIZE = re.compile(r"-\{0\}|\{0\} [-+*/] (\w+|\([\w *+-]+\))")  # of a number of NumPy's: it warns at most
_SURE = ("np.add.reduce(", "np.concatenate(", "np.dot(", "np.ones(", "np.float64(", "np.float32(")
_OF_INTEGERS = frozenset({"np.add", "np.subtract", "np.multiply", "np.maximum", "np.minimum"})  # no power, no quotient
Order: TypeAlias = "tuple[int, ...]"
_PLAIN = frozenset({"np", "float", "int", "bool"})
_WORDS = {"0": "zero", "1": "one", "2": "two", "3": "three", "0.5": "half", "-1": "minus_one"}


# What the workspace holds: name, type. A buffer of one block of that has the types of such a block and of one row of
# it as well: it is as long as the longer of these two, and no longer than the whole.
Held: TypeAlias = "tuple[str, str, tuple[str, ...]]"


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
    memory: list[Held]
    arena: int = 0  # arrays that share an arena
    loops: dict[str, Placed] = field(default_factory=dict)  # by the step that stands for each
    dot: str = ""
    homes: dict[str, tuple[int, str]] = field(default_factory=dict)  # of each view: its slot, and what holds that


@dataclass
class _Plan:
    program: Program
    fresh: Callable[[str], str]
    into: Mapping[str, str] = field(default_factory=dict)  # results that are written into arrays of the caller
    pool: Pool = field(default_factory=Pool)
    views: dict[tuple[int, str, Order], str] = field(default_factory=dict)  # of slots: slot, type, order -> name
    orders: dict[str, Order] = field(default_factory=dict)  # of arrays that do not lie in the order of their axes
    inside: dict[str, str] = field(default_factory=dict)  # values of the workspace: name -> its text there
    slot_of: dict[str, int] = field(default_factory=dict)  # root -> slot
    known: set[str] = field(default_factory=set)  # numbers that depend on sizes alone
    whole: set[str] = field(default_factory=set)  # views of a whole buffer in its order
    hoisted: list[str] = field(default_factory=list)
    vectors: list[tuple[str, str]] = field(default_factory=list)  # of one number: name, type
    numbers: dict[tuple[str, str], str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)  # bound once: "np.add" -> "add"
    heads: list[str] = field(default_factory=list)  # lines before the slots: lengths of blocks
    lengths: dict[tuple[str, ...], str] = field(default_factory=dict)  # of blocks: shape, elements -> name
    fulls: dict[tuple[str, str], str] = field(default_factory=dict)  # numbers as arrays of a block
    dot: str = ""  # the name of the helper that adds products
    dots: dict[str, str] = field(default_factory=dict)  # number of elements -> what adds their products
    loops: dict[str, Placed] = field(default_factory=dict)

    def view(self, slot: int, type_: str, order: Order = ()) -> str:
        """The name of the buffer."""
        name = self.views.get((slot, type_, order))
        if name is None:
            name = self.views[slot, type_, order] = self.fresh("u")
        return name


def plan(program: Program, steps: Sequence[Step], fresh: Callable[[str], str], small: int = SMALL,
         into: Mapping[str, str] | None = None, loops: Mapping[str, Loop] | None = None) -> Workspace | None:
    """The workspace of a program; None where no array is (or may be) of `small` elements, or none needs memory beside
    the results.

    `fresh` gives an unused name that begins with a letter; `into` are the arrays that results are written into,
    `loops` those that steps stand for.
    """
    if not loops and not any(takes_out(s) and worth(s.type, small) for s in steps):
        return None
    places: list[int | None] = []
    if len(steps) <= 4 * ARRANGED:
        count = itertools.count()
        draft = _Plan(program, lambda wish: f"{wish}_{next(count)}", into=into or {})
        _walk(draft, steps, loops or {})
        places = draft.pool.better()
    p = _Plan(program, fresh, into=into or {}, pool=Pool(places))
    kept, outs = _walk(p, steps, loops or {})
    held = p.views or p.loops or into or (any(outs) and any(s.overflows for s in steps))
    return _made(p, kept, outs) if held else None


def _walk(p: _Plan, steps: Sequence[Step], loops: Mapping[str, Loop]) -> tuple[list[Step], list[str]]:
    """What is left of a call, and where each step of it writes; `p` gathers what the workspace holds."""
    program = p.program
    root = buffers(program, steps)
    last = last_uses(program, steps, root)
    types = types_of(program, steps)
    results = {root[name] for name in program.outputs}
    kept: list[Step] = []
    outs: list[str] = []
    made: set[str] = set()  # arrays that a call makes, which a later step may write over
    begun = set() if p.into else _begun(steps, root, last, types, results)
    for i, step in enumerate(steps):
        p.pool.now = i
        if _hoist(p, step, root, results):
            continue
        if step.ufunc == LOOP:
            p.loops[step.target] = place(p, step, loops[step.target], types,
                                           partial(_bound, p), partial(_operands, p))
            for name in dict.fromkeys(root.get(a, "") for a in step.args):
                if last.get(name) == i and name in p.slot_of:
                    p.pool.release(p.slot_of[name])
            kept.append(step)
            outs.append("")
            continue
        dying = [b for b in dict.fromkeys(root.get(a, "") for a in step.args) if last.get(b) == i]
        out, slot = p.into.get(step.target, ""), -1
        if step.target in begun or (takes_out(step) and step.target in results and not out):
            out = next((b for b in dying if b in begun and _over(step, b, root, types)), "")
        elif takes_out(step) and root[step.target] not in results:
            slot, out = _in_place(p, step, dying, root, types, made)
            if not out:
                slot = p.pool.take(step.type)
            if slot >= 0:
                out = p.view(slot, step.type, step.order)
                p.slot_of[step.target] = slot
                if step.order:
                    p.orders[step.target] = step.order
                p.inside[step.target] = out
        for name in dying:
            if name in p.slot_of and p.slot_of[name] != slot:
                p.pool.release(p.slot_of[name])
        if slot < 0 and not step.alias and not is_scalar(step.type) and step.target not in results:
            made.add(step.target)
        if step.spelling.startswith(PAIRWISE):
            step = _dotted(p, step, types)
        if out and step.ufunc == FILLED:
            step, out = step._replace(spelling="{0}", args=(out,), ufunc=""), ""
        kept.append(_bound(p, step._replace(args=_operands(p, step, types)), out))
        outs.append(out)
    return kept, outs


def _dotted(p: _Plan, step: Step, types: dict[str, str]) -> Step:
    """A sum of products of many elements: BLAS alone where they are few, which the workspace knows."""
    count = element_count(sizes_of(types[step.args[0]]), " * ")
    name = p.dots.get(count)
    if name is None:
        p.dot = p.dot or p.fresh(PAIRWISE)
        name = p.dots[count] = p.fresh("dot_of")
        p.hoisted.append(f"    {name} = np.dot if {count} <= {ROW} else {p.dot}")
    return step._replace(spelling=f"{name}{step.spelling.removeprefix(PAIRWISE)}")


def types_of(program: Program, steps: Sequence[Step]) -> dict[str, str]:
    """The type of every name."""
    types = {i.name: i.type for i in program.inputs}
    types.update((name, f"{v.dtype.name}[{','.join(map(str, v.shape))}]") for name, v in program.constants)
    types.update((s.target, s.type) for s in steps)
    return types


def takes_out(step: Step) -> bool:
    """Whether an array's result can be written into given memory."""
    return not is_scalar(step.type) and (bool(step.ufunc) or step.spelling.startswith(REDUCTIONS))


def written(program: Program, steps: Sequence[Step]) -> list[str]:
    """The results that may be written into arrays of the caller: none after which a step may raise."""
    found: list[str] = []
    wanted = set(program.outputs)
    for step in reversed(steps):
        if not _sure(step):
            break
        if step.target in wanted and takes_out(step):
            found.append(step.target)
    return found[::-1]


def _sure(step: Step) -> bool:
    """Whether a step never raises once its operands are there: arithmetic, products, sums and views."""
    if step.alias:
        return "//" not in step.spelling  # a reshape whose sizes come out even
    if step.ufunc:
        return dtype_of(step.type) in (*FLOATS, "bool") or step.ufunc in _OF_INTEGERS
    by_size = _BY_SIZE.fullmatch(step.spelling) and not is_literal(step.args[0])
    return bool(by_size) or step.spelling.startswith(_SURE)


REDUCTIONS = ("np.add.reduce(", "np.maximum.reduce(", "np.minimum.reduce(")


def _begun(steps: Sequence[Step], root: dict[str, str], last: dict[str, int], types: dict[str, str],
           results: set[str]) -> set[str]:
    """The arrays over which a result is written in the end: they are fresh as it is, and need no slot.

    A call uses a buffer fewer for it; and as all slots and results exist when it ends, it never takes more memory.
    """
    viewed = {root.get(s.args[0]) for s in steps if s.alias}
    maker = {s.target: s for s in steps if takes_out(s) and s.target not in viewed and not s.order}
    found: set[str] = set()
    for i in range(len(steps) - 1, -1, -1):
        step = steps[i]
        if (step.target not in found and step.target not in results) or step.order or not step.ufunc or step.alias:
            continue
        for name in dict.fromkeys(step.args):
            if name in maker and last.get(name) == i and _over(step, name, root, types):
                found.add(name)
                break
    return found


def _over(step: Step, name: str, root: dict[str, str], types: dict[str, str]) -> bool:
    """Whether an elementwise step may be written over this operand, which dies."""
    if step.ufunc in CONTRACTIONS or not step.ufunc:
        return False
    # Another view of the same memory among the operands would be read while it is written.
    return types.get(name) == step.type and {a for a in step.args if root.get(a) == name} == {name}


def _in_place(p: _Plan, step: Step, dying: Sequence[str], root: dict[str, str], types: dict[str, str],
              made: set[str]) -> tuple[int, str]:
    """A dying operand that an elementwise step may write over: its slot, or the name of an array of this call."""
    for name in dying:
        if _over(step, name, root, types) and p.orders.get(name, ()) == step.order:
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
    whole = view and (step.args[0] in p.whole or (step.args[0] in p.slot_of and step.args[0] not in p.orders))
    if step.spelling.startswith(_RESHAPES):
        view = view and whole
        if view:
            p.whole.add(step.target)
    elif view and step.args[0] in p.orders and step.spelling == f"np.transpose({{0}}, {p.orders[step.args[0]]})":
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
    if ones:
        p.vectors.append((step.target, step.type))
    p.hoisted.append(f"    {step.target} = {spelling}")
    return True


def _operands(p: _Plan, step: Step, types: dict[str, str]) -> tuple[str, ...]:
    """The operands of an array's step, numbers among them as arrays without axes: quicker for NumPy to take."""
    if not step.ufunc or is_scalar(step.type):
        return step.args
    number = [bool(_NUMBER.fullmatch(a)) or a in p.known for a in step.args]
    dtypes = {dtype_of(types[a]) for a in step.args if a in types}
    if not any(number) or all(number) or len(dtypes) != 1 or min(dtypes) not in FLOATS:
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
    functions = [*p.functions.values(), *p.dots.values()]
    used = {a for s in steps for a in s.args}.union(outs, functions, *(w.reads() for w in p.loops.values()))
    lines = list(p.heads)
    memory: list[Held] = []
    by_slot: dict[int, list[tuple[str, str, Order]]] = {}
    for (number, type_, order), name in p.views.items():
        by_slot.setdefault(number, []).append((type_, name, order))
    arenas = {}
    for (dtype, factors), end in p.pool.arenas().items():
        name = arenas[dtype, factors] = p.fresh("arena")
        lines.append(f"    {name} = np.empty({_length(factors, end)}{_dtype(dtype)})")
        memory.append((name, _as_type(dtype, factors, end), ()))
    homes: dict[str, tuple[int, str]] = {}
    for i, slot in enumerate(p.pool.slots):
        made = _slot_lines(slot, by_slot[i], p.fresh, arenas.get((slot.dtype, slot.factors), ""))
        lines += made
        home = arenas.get((slot.dtype, slot.factors), "") if slot.place >= 0 else made[0].split()[0]
        homes.update((name, (i, home)) for _, name, _ in by_slot[i])
        if slot.place < 0:
            memory.append((made[0].split()[0], *_held(p, slot.dtype, slot.factors, slot.coefficient)))
    for name, type_ in p.vectors:
        whole, block = _held(p, dtype_of(type_), *extent(type_))
        memory.append((name, whole if block else type_, block))
    lines += p.hoisted
    lines += [line for w in p.loops.values() for line in w.lines]
    sizes = [name for name, _ in p.program.dims]
    texts: set[str] = set().union(*(words(line) for line in lines)) if lines else set()
    names = dict.fromkeys([*p.views.values(), *(n for n, text in p.inside.items() if n == text), *p.numbers.values(),
                           *functions, *(n for w in p.loops.values() for n in w.exported())])
    names_used = [n for n in names if n in used]
    return Workspace([s for s in sizes if s in texts], lines, names_used, steps, outs, memory,
                     sum(place is not None for place in p.pool.places), p.loops, p.dot, homes)


def _slot_lines(slot: Slot, views: Sequence[tuple[str, str, Order]], fresh: Callable[[str], str],
                arena: str) -> list[str]:
    """The memory of a slot, and its views: the slot itself where they all have one shape."""
    whole = [t for t, _, _ in views if extent(t)[1] == slot.coefficient]
    if slot.place < 0 and len(views) == 1 and whole:
        type_, name, order = views[0]
        return [f"    {name} = np.empty({_shape(type_, order)}{_dtype(slot.dtype)}){_turned(order)}"]
    lines = []
    if slot.place < 0:
        arena = fresh("slot")
        lines = [f"    {arena} = np.empty({_length(slot.factors, slot.coefficient)}{_dtype(slot.dtype)})"]
    start = _length(slot.factors, slot.place) if slot.place > 0 else ""
    for type_, name, order in views:
        factors, coefficient = extent(type_)
        end = _length(factors, max(slot.place, 0) + coefficient)
        part = f"[{start}{' ' * bool(start)}: {end}]"
        if not start and slot.place < 0 and coefficient == slot.coefficient:
            part = ""
        lines.append(f"    {name} = {arena}{part}.reshape({_shape(type_, order)}){_turned(order)}")
    return lines


def _held(p: _Plan, dtype: str, factors: Sequence[str], coefficient: int) -> tuple[str, tuple[str, ...]]:
    """The type of memory; for that of a block the type of the whole, and those of a block and of a row."""
    for (first, *_, elements), name in p.lengths.items():
        if name in factors:
            rest = [f for f in factors if f != name]
            row = _as_type(dtype, rest, coefficient)
            return _as_type(dtype, [*rest, first], coefficient), (f"{dtype}[{elements}]", row)
    return _as_type(dtype, factors, coefficient), ()


def _as_type(dtype: str, factors: Sequence[str], coefficient: int) -> str:
    return f"{dtype}[{','.join([str(coefficient), *factors])}]"


def _dtype(dtype: str) -> str:
    return {"float64": "", "bool": ", np.bool_"}.get(dtype, f", np.{dtype}")


def _turned(order: Order) -> str:
    """From the order in memory back to that of the axes."""
    return f".transpose({', '.join(str(order.index(axis)) for axis in range(len(order)))})" if order else ""


def _length(factors: Sequence[str], coefficient: int) -> str:
    texts = [*([str(coefficient)] if coefficient != 1 or not factors else []), *map(_never_negative, factors)]
    return " * ".join(texts)


def _never_negative(size: str) -> str:
    """N - 1 for N = 0: the step that makes such a value says what is wrong, not its memory."""
    return f"np.maximum({size}, 0)" if "-" in size else size


def _shape(type_: str, order: Order = ()) -> str:
    sizes = [_never_negative(size) for size in sizes_of(type_)]
    sizes = [sizes[axis] for axis in order] or sizes
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
