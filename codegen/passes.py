"""Passes over the steps of a program, for the fast style: value in, value out, each linear in the number of steps.

Each says in its docstring why the result is as accurate as before. `optimised` runs them all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from .blocks import blocked
from .factor_passes import factors
from .logistic import negations, one_exponential
from .loop import FILLED, PAIRWISE, ROW, Loop
from .matrix_passes import layouts, row_products, scales
from .program import FLOATS, OVER_SIZE, Program, Step, dtype_of, element_count, is_scalar, sizes_of
from .quotients import quotients
from .schedule import live_steps
from .workspace import types_of

_REDUCE = re.compile(r"np\.(sum|mean|max|min)\(\{0\}(?:, axis=(\d+|\([\d, ]+\)))?"
                     r"(, keepdims=True)?(, initial=-np\.inf)?\)")
_ONE = re.compile(r"\w+\[1(,1)*\]")
_RESHAPE = ("np.reshape(", "{0}.reshape(")
_BROADCASTING = frozenset({"np.add", "np.subtract", "np.multiply", "np.divide"})

Fresh = Callable[[str], str]


def optimised(program: Program, fresh: Fresh,
              loops: dict[str, Loop] | None = None) -> tuple[list[Step], Counter[str]]:
    """The steps that the outputs need, in faster spellings; and how often each pass did something.

    With `loops`, long elementwise runs become loops over blocks, which go there.
    """
    log: Counter[str] = Counter()
    steps = live_steps(program)
    log["dead code"] = len(program.steps) - len(steps)
    steps = list(expanded(steps, fresh, log))
    steps = shared(program, steps, log)
    steps = negations(program, live_steps(program, one_exponential(steps, fresh, log)), fresh, log)
    steps = masks(steps, log)
    steps = live_steps(program, steps)
    steps = batches(program, steps, fresh, log)
    steps = products(program, live_steps(program, steps), fresh, log)
    steps = live_steps(program, factors(program, scaled(program, steps, log), log))
    steps = row_products(program, scales(program, steps, fresh, log), fresh, log)
    if loops is not None:
        steps = blocked(program, live_steps(program, shared(program, steps, log)), fresh, log, loops)
    steps = sums(program, steps, fresh, log)
    steps = single(program, quotients(program, steps, fresh, log), fresh, log)
    steps = live_steps(program, shared(program, steps, Counter()))
    return layouts(program, steps, log), +log


def expanded(steps: Sequence[Step], fresh: Fresh, log: Counter[str]) -> Iterator[Step]:
    """A call of a small function becomes its parts, of which every one can write into given memory."""
    for step in steps:
        if not step.parts or is_scalar(step.type):
            yield step
            continue
        log["functions written out"] += 1
        names = [*(fresh(f"{step.target}_") for _ in step.parts[1:]), step.target]
        for name, (spelling, args, type_, ufunc, alias) in zip(names, step.parts):
            operands = tuple(names[int(a[1:])] if a[0] == "%" else a for a in args)
            last = name == step.target
            yield Step(name, spelling, operands, type_ or step.type, step.note if last else "", ufunc, alias,
                       step.section, overflows=step.overflows)


def shared(program: Program, steps: Sequence[Step], log: Counter[str]) -> list[Step]:
    """One step for each value: parts of different functions are often the same."""
    outputs = set(program.outputs)
    known: dict[tuple[str, tuple[str, ...], str], str] = {}
    renamed: dict[str, str] = {}
    kept = []
    for step in steps:
        if renamed:
            step = step._replace(args=tuple(renamed.get(a, a) for a in step.args))
        key = step.spelling, step.args, step.type
        if key in known and step.target not in outputs and step.ufunc != FILLED:
            renamed[step.target] = known[key]
            log["common subexpressions"] += 1
            continue
        known.setdefault(key, step.target)
        kept.append(step)
    return kept


def masks(steps: Sequence[Step], log: Counter[str]) -> list[Step]:
    """max(z, 0) > 0 wherever z > 0, so z need not be kept for its mask."""
    positive = {s.args[0]: s.target for s in steps if s.ufunc == "np.maximum" and s.args[1] in ("0", "0.0")}
    if not positive:
        return list(steps)
    result = []
    known: set[str] = set()
    for step in steps:
        if step.ufunc == "np.greater" and step.args[1] in ("0", "0.0") and positive.get(step.args[0]) in known:
            step = step._replace(args=(positive[step.args[0]], step.args[1]))
            log["masks read off the activation"] += 1
        known.add(step.target)
        result.append(step)
    return result


def products(program: Program, steps: Sequence[Step], fresh: Fresh, log: Counter[str]) -> list[Step]:
    """Products of two matrices by np.dot, whose `out` BLAS writes into; powers 2 and 3 by multiplication.

    The same numbers, but for one more rounding in a third power.
    """
    types = types_of(program, steps)
    result = []
    for step in steps:
        a, b = (types.get(x, "") for x in (*step.args, "", "")[:2])
        if step.ufunc == "np.matmul" and a and b and len({dtype_of(t) for t in (a, b, step.type)}) == 1:
            if dtype_of(a) in FLOATS and len(sizes_of(a)) <= 2 and len(sizes_of(b)) <= 2:
                step = step._replace(spelling="np.dot({0}, {1})", ufunc="np.dot")
                log["products by np.dot"] += 1
        elif step.spelling == "{0} ** {1}" and dtype_of(a or "?[") in FLOATS and not is_scalar(step.type):
            if step.args[1] in ("3", "3.0"):
                square = fresh(f"{step.target}_")
                result.append(Step(square, "np.square({0})", step.args[:1], step.type, "", "np.square", False,
                                   step.section))
                step = step._replace(spelling="{0} * {1}", args=(square, step.args[0]), ufunc="np.multiply")
                log["powers by multiplication"] += 1
            elif step.args[1] in ("2", "2.0"):
                step = step._replace(spelling="np.square({0})", args=step.args[:1], ufunc="np.square")
                log["powers by multiplication"] += 1
        result.append(step)
    return result


def batches(program: Program, steps: Sequence[Step], fresh: Fresh, log: Counter[str]) -> list[Step]:
    """One large product for many small ones: of a stack with a matrix, and the sum over a stack of aᵀ @ b."""
    types = types_of(program, steps)
    uses = Counter(a for s in steps for a in dict.fromkeys(s.args))
    uses.update(program.outputs)
    by_name = {s.target: s for s in steps}
    flats: dict[str, str] = {}
    result: list[Step] = []

    def flat(name: str, section: str) -> str:
        """The stack as one matrix."""
        if name not in flats:
            sizes, dtype = sizes_of(types[name]), dtype_of(types[name])
            rows = element_count(sizes[:-1])
            flats[name] = fresh(f"{name}_flat")
            types[flats[name]] = f"{dtype}[{rows},{sizes[-1]}]"
            result.append(Step(flats[name], f"np.reshape({{0}}, ({rows}, {sizes[-1]}))", (name,), types[flats[name]],
                               "", "", True, section))
        return flats[name]

    for step in steps:
        product = by_name.get(step.args[0]) if step.spelling == "np.sum({0}, axis=0)" else step
        if product is None or product.ufunc != "np.matmul" or any(a not in types for a in product.args):
            result.append(step)
            continue
        a, b = product.args
        ranks = [len(sizes_of(types[x])) for x in (a, b)]
        same = len({dtype_of(t) for t in (types[a], types[b], step.type)}) == 1 and dtype_of(types[a]) in FLOATS
        left = by_name.get(a)
        if product is step and same and ranks[0] > 2 and ranks[1] == 2:
            first = flat(a, step.section)
            rows, columns = sizes_of(types[first])[0], sizes_of(step.type)[-1]
            matrix = fresh(f"{step.target}_flat")
            types[matrix] = f"{dtype_of(step.type)}[{rows},{columns}]"
            flats.setdefault(step.target, matrix)
            shape = ", ".join(sizes_of(step.type))
            result.append(Step(matrix, "{0} @ {1}", (first, b), types[matrix], "", "np.matmul", False, step.section))
            result.append(Step(step.target, f"np.reshape({{0}}, ({shape}))", (matrix,), step.type, step.note, "", True,
                               step.section))
            log["stacks of products as one"] += 1
        elif (product is not step and same and ranks == [3, 3] and left is not None and left.spelling == "{0}.mT"
              and uses[product.target] == 1 and left.args[0] in types
              and sizes_of(types[left.args[0]])[0] == sizes_of(types[b])[0]):
            first, second = flat(left.args[0], step.section), flat(b, step.section)
            turned = fresh(f"{first}T")
            rows, columns = sizes_of(types[first])
            result.append(Step(turned, "{0}.T", (first,), f"{dtype_of(step.type)}[{columns},{rows}]", "", "", True,
                               step.section))
            types[turned] = result[-1].type
            result.append(step._replace(spelling="{0} @ {1}", args=(turned, second), ufunc="np.matmul"))
            log["stacks of products as one"] += 1
        else:
            result.append(step)
    return result


def scaled(program: Program, steps: Sequence[Step], log: Counter[str]) -> list[Step]:
    """c·sum(v) is sum(c·v) where the program has c·v anyway, in whatever order its factors were multiplied.

    The simplifier takes factors out of sums, which is right where a sum stands alone; beside W's gradient a bias's
    is the sum of the same array. The factors are rounded in another order: a few ulp.
    """
    types = types_of(program, steps)
    factors: dict[str, tuple[str, ...]] = {}
    arrays: dict[tuple[tuple[str, ...], str], str] = {}
    totals: dict[str, Step] = {}
    result = []
    for step in steps:
        product: list[str] = []
        if step.ufunc == "np.multiply" or step.spelling == "{0} * {1}":
            product = [f for a in step.args for f in factors.get(a, (a,))]
        elif OVER_SIZE.fullmatch(step.spelling):
            product = [*factors.get(step.args[0], step.args), step.spelling[4:]]
        if 1 < len(product) <= 8:
            factors[step.target] = tuple(sorted(product))
            total = totals.get(step.args[0]) or totals.get(step.args[-1])
            if total is not None and len(step.args) == (1 if step.spelling[4] == "/" else 2):
                # Numbers alone may go into the sum.
                summed = factors.get(total.args[0], total.args)
                rest = [f for f in product if f != total.target]
                known = arrays.get((tuple(sorted([*summed, *rest])), types[total.args[0]]))
                number = all(f[0] == "/" or is_scalar(types.get(f, "[]")) for f in rest)
                if known and number and len(rest) == len(product) - 1 and step.type == total.type:
                    log["sums of scaled arrays"] += 1
                    result.append(step._replace(spelling=total.spelling, args=(known,), ufunc=""))
                    continue
            arrays.setdefault((factors[step.target], step.type), step.target)
        elif step.spelling.startswith("np.sum("):
            totals[step.target] = step
        result.append(step)
    return live_steps(program, result)


def single(program: Program, steps: Sequence[Step], fresh: Fresh, log: Counter[str]) -> list[Step]:
    """An array of one element beside a larger one is taken without its axes, which NumPy adds three times as fast."""
    types = types_of(program, steps)
    bare: dict[str, str] = {}
    result = []
    for step in steps:
        ones = [a for a in step.args if _ONE.fullmatch(types.get(a, ""))] if step.ufunc in _BROADCASTING else []
        if ones and not _ONE.fullmatch(step.type) and not is_scalar(step.type) and len(ones) < len(step.args):
            for name in ones:
                if name not in bare:
                    bare[name] = fresh(f"{name}_")
                    result.append(Step(bare[name], "{0}.reshape(())", (name,), f"{dtype_of(types[name])}[]", "", "",
                                       True, step.section))
                    log["single elements without axes"] += 1
            step = step._replace(args=tuple(bare.get(a, a) for a in step.args))
        result.append(step)
    return result


# -- sums ------------------------------------------------------------------------------------------------


def sums(program: Program, steps: Sequence[Step], fresh: Fresh, log: Counter[str]) -> list[Step]:
    """Sums of floats by BLAS: rows and columns as products with a vector of ones, all squares as a scalar product.

    BLAS keeps 8 to 32 partial sums, so its error grows with n/8 at most where a column of NumPy's grows with n;
    a longer row, or all elements, are added pairwise by NumPy.
    """
    types = types_of(program, steps)
    made = {s.target: s for s in steps if not s.alias or s.spelling == "{0}"}
    # An argument that lies in another order is copied, once, on the way into BLAS; so may be a reshape of an array.
    whole = {i.name for i in program.inputs}.union(made, (s.target for s in steps if s.spelling.startswith(_RESHAPE)))
    uses = Counter(a for s in steps for a in dict.fromkeys(s.args))
    uses.update(program.outputs)
    result: list[Step] = []
    for step in steps:
        match = _REDUCE.fullmatch(step.spelling)
        if not match or step.alias or dtype_of(step.type) not in FLOATS or types.get(step.args[0], "") == "":
            result.append(step)
            continue
        source = types[step.args[0]]
        kind, over, keep = match[1], match[2], bool(match[3])
        if dtype_of(source) != dtype_of(step.type) or is_scalar(source):
            result.append(step)
        elif over is None and kind in ("sum", "mean") and is_scalar(step.type):
            result += _total(step, kind, source, made, whole, types, uses, fresh, log)
        elif over is not None and not is_scalar(step.type):
            axes = tuple(int(a) for a in re.findall(r"\d+", over))
            flat = step.args[0] in whole or len(sizes_of(source)) == 2  # whose rows need no joining
            result += _along(step, kind, source, axes, keep, bool(match[4]), flat, fresh, log)
        else:
            result.append(step)
    return result


def _total(step: Step, kind: str, source: str, made: dict[str, Step], whole: set[str], types: dict[str, str],
           uses: Counter[str], fresh: Fresh, log: Counter[str]) -> Iterator[Step]:
    """A sum of all elements."""
    value = made.get(step.args[0])
    count = element_count(sizes_of(source), " * ")
    over = f" / ({count})" if kind == "mean" else ""
    factors = () if value is None else value.args * 2 if value.ufunc == "np.square" else value.args
    elements = element_count(sizes_of(source))
    squares = value is not None and value.ufunc in ("np.square", "np.multiply") and uses[value.target] == 1
    if squares and len(factors) == 2 and all(f in whole and types[f] == source for f in factors):
        flat: dict[str, str] = {}
        for name in dict.fromkeys(factors):
            flat[name] = name
            if len(sizes_of(source)) > 1:
                flat[name] = fresh(f"{name}_flat")
                yield Step(flat[name], "np.reshape({0}, -1)", (name,), f"{dtype_of(source)}[{elements}]", "", "", True,
                           step.section)
        log["sums of products as scalar products"] += 1
        dot = "np.dot" if elements.isdigit() and int(elements) <= ROW else PAIRWISE
        yield step._replace(spelling=f"{dot}({{0}}, {{1}}){over}", args=tuple(flat[f] for f in factors), ufunc="")
    else:
        yield step._replace(spelling=f"np.add.reduce({{0}}, axis=None){over}", ufunc="")


def _along(step: Step, kind: str, source: str, axes: tuple[int, ...], keep: bool, initial: bool, whole: bool,
           fresh: Fresh, log: Counter[str]) -> Iterator[Step]:
    """A sum, mean or extremum along some axes."""
    sizes, dtype = sizes_of(source), dtype_of(source)
    first, last = axes == tuple(range(len(axes))), axes == tuple(range(len(sizes) - len(axes), len(sizes)))
    inner = element_count(sizes[i] for i in axes)
    outer = element_count(s for i, s in enumerate(sizes) if i not in axes)
    section, note = step.section, step.note
    if kind in ("sum", "mean") and whole and (first or (last and inner.isdigit() and int(inner) <= ROW)):
        shape = (inner, outer) if first else (outer, inner)
        flat, total = step.args[0], step.target
        if len(sizes) != 2:
            flat = fresh(f"{step.target}_flat")
            text = ", ".join(shape)
            yield Step(flat, f"np.reshape({{0}}, ({text}))", step.args, f"{dtype}[{','.join(shape)}]", "", "", True,
                       section)
        ones = fresh(f"{step.target}_ones")
        single = ", np.float32" if dtype == "float32" else ""
        yield Step(ones, f"np.ones({inner}{single})", (), f"{dtype}[{inner}]", "", "", False, section)
        plain = sizes_of(step.type) == [outer]
        tail = kind == "mean"
        total = step.target if plain and not tail else fresh(f"{step.target}_sum")
        operands = (ones, flat) if first else (flat, ones)
        yield Step(total, "np.dot({0}, {1})", operands, f"{dtype}[{outer}]", note if plain and not tail else "",
                   "np.dot", False, section)
        log["sums as products with ones"] += 1
        if not plain:
            shaped = fresh(f"{step.target}_") if tail else step.target
            text = ", ".join(sizes_of(step.type))
            yield Step(shaped, f"np.reshape({{0}}, ({text},))", (total,), step.type, "" if tail else note, "", True,
                       section)
            total = shaped
        if tail:
            count = fresh(f"{step.target}_count")
            yield Step(count, f"np.{dtype}({inner})", (), f"{dtype}[]", "", "", False, section)
            yield Step(step.target, "{0} / {1}", (total, count), step.type, note, "np.divide", False, section)
        return
    if kind == "mean":
        yield step
        return
    reduce = {"sum": "np.add", "max": "np.maximum", "min": "np.minimum"}[kind]
    axis = str(axes[0]) if len(axes) == 1 else str(axes)
    extra = ", initial=-np.inf" if initial else ""
    keeps = ", keepdims=True" if keep else ""
    yield step._replace(spelling=f"{reduce}.reduce({{0}}, axis={axis}{keeps}{extra})", ufunc="")
