"""Fewer steps for a run of elementwise ones: numbers are multiplied in once, equal products are computed once.

Why the values are as accurate as before: a factor 1/N or 2 that moves past products, sums of equally scaled terms
and totals costs one rounding more at most, and moving it from before a sum of all elements to behind it is what a
mean does. The factors of a product are put in another order only where all lie in [-1, 1]: then no partial product
is smaller than the product, so nothing underflows that did not, and each factor costs its one rounding as before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .program import OVER_SIZE, Step, dtype_of, is_scalar, sizes_of, words

_LITERAL = re.compile(r"-?\d+(\.\d*)?(e[+-]?\d+)?")
_SYMMETRIC = frozenset({"np.tanh", "np.sin", "np.cos"})
_LONG = 6  # factors of a product
_RANGE = 1024.0  # numbers within this, and its inverse, may move

Fresh = Callable[[str], str]
Scale = tuple[str, ...]  # of "* 2.0" and "/ N", sorted


def fewer(steps: Sequence[Step], outs: set[str], shape: Sequence[str], types: dict[str, str],
          fresh: Fresh) -> tuple[list[Step], list[Step]]:
    """The steps, or fewer that make the same `outs` and totals; and the numbers that they need, made once.

    `types` learns the new names.
    """
    plain = _Run(outs, shape, types, fresh, False).rewritten(steps)
    moved = _Run(outs, shape, types, fresh, True).rewritten(steps)
    run = moved if len(moved[0]) < len(plain[0]) else plain
    for step in (*run[0], *run[1]):
        types[step.target] = step.type
    return run


@dataclass
class _Run:
    outs: set[str]
    shape: Sequence[str]
    types: dict[str, str]
    fresh: Fresh
    moves: bool
    made: dict[str, Step] = field(default_factory=dict)
    values: dict[str, tuple[str, Scale]] = field(default_factory=dict)  # a value is base * scale
    known: dict[tuple[str, tuple[str, ...], str], str] = field(default_factory=dict)
    factors: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of products of bounded values
    products: dict[tuple[str, ...], str] = field(default_factory=dict)
    bounded: dict[str, bool] = field(default_factory=dict)  # True: in [0, 1], False: in [-1, 1]
    numbers: dict[tuple[Scale | str, str], Step] = field(default_factory=dict)

    def rewritten(self, steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
        self.inside = {s.target for s in steps}
        for step in steps:
            if is_scalar(step.type):
                self.total(step)
            else:
                self.step(step)
        kept = _dots(self.live(), self.outs, self.shape, {**self.types, **{n: s.type for n, s in self.made.items()}})
        read = {a for s in kept for a in s.args}
        return kept, [n for n in self.numbers.values() if n.target in read]

    def live(self) -> list[Step]:
        needed = set(self.outs)
        kept = []
        for step in reversed(list(self.made.values())):
            if step.target in needed or is_scalar(step.type):
                kept.append(step)
                needed.update(step.args)
        return kept[::-1]

    # -- values ------------------------------------------------------------------------------------------

    def of(self, name: str) -> tuple[str, Scale]:
        return self.values.get(name, (name, ()))

    def number(self, key: Scale | str, dtype: str, spelling: str) -> str:
        step = self.numbers.get((key, dtype))
        if step is None:
            step = Step(self.fresh("share" if isinstance(key, tuple) else "count"), spelling, (), f"{dtype}[]")
            self.numbers[key, dtype] = step
        return step.target

    def whole(self, name: str) -> str:
        """The value itself, its scale multiplied in."""
        base, scale = self.of(name)
        return self.add(self.scaled(name, base, scale, self.types[name])) if scale else base

    def scaled(self, name: str, base: str, scale: Scale, type_: str) -> Step:
        dtype = dtype_of(type_)
        # Where a size is 0 the arrays are empty, and the number is for nothing.
        terms = [f"/ np.maximum({t[2:]}, 1)" if t[0] == "/" else t for t in scale]
        share = self.number(scale, dtype, f"np.{dtype}(1.0) {' '.join(terms)}")
        return Step(name, "{0} * {1}", (base, share), type_, "", "np.multiply")

    def add(self, step: Step) -> str:
        """The name of the value of this step: an earlier one where that is the same."""
        args = tuple(sorted(step.args)) if step.ufunc in ("np.multiply", "np.add") else step.args
        key = step.ufunc or step.spelling, args, step.type
        if key in self.known and step.target not in self.outs:
            return self.known[key]
        if step.target in self.made:
            step = step._replace(target=self.fresh(f"{step.target}_"))
        self.known.setdefault(key, step.target)
        self.made[step.target] = step
        return step.target

    def step(self, step: Step) -> None:
        scale: Scale = ()
        form = step
        over = OVER_SIZE.fullmatch(step.spelling)
        found = [self.of(a) for a in step.args]
        if over:
            moves = self.moves and words(over[1]) and words(over[1]) <= set().union(*map(words, self.shape))
            if moves:
                self.finish(step, found[0][0], (*found[0][1], f"/ {over[1]}"))
                return
            count = self.number(over[1], dtype_of(step.type), f"np.{dtype_of(step.type)}({over[1]})")
            form = step._replace(spelling="{0} / {1}", args=(self.whole(step.args[0]), count), ufunc="np.divide")
        elif self.moves and step.ufunc == "np.multiply" and any(map(_movable, step.args)):
            literal, other = step.args if _movable(step.args[0]) else step.args[::-1]
            base, scale = self.of(other)
            self.finish(step, base, (*scale, f"* {literal}"))
            return
        elif step.ufunc == "np.multiply":
            scale = (*found[0][1], *found[1][1])
            known, args = self.product((found[0][0], found[1][0]))
            if known and step.target not in self.outs:
                self.finish(step, known, scale)
                return
            form = step._replace(args=args)
        elif step.ufunc in ("np.add", "np.subtract") and found[0][1] == found[1][1]:
            scale = found[0][1]
            form = step._replace(args=tuple(b for b, _ in found))
        elif step.ufunc == "np.negative":
            scale = found[0][1]
            form = step._replace(args=(found[0][0],))
        else:
            form = step._replace(args=tuple(map(self.whole, step.args)))
        scale = tuple(sorted(scale))
        if scale:
            form = form._replace(target=self.fresh(f"{step.target}_"), note="")
        base = self.add(form)
        self.bounds(base, form)
        self.finish(step, base, scale)

    def finish(self, step: Step, base: str, scale: Scale) -> None:
        scale = tuple(sorted(scale))
        self.values[step.target] = base, scale
        if step.target not in self.outs or base == step.target:
            return
        # A result has its own name, and its scale.
        form = (self.scaled(step.target, base, scale, step.type) if scale
                else Step(step.target, "np.positive({0})", (base,), step.type, "", "np.positive"))
        self.made[step.target] = form._replace(note=step.note, section=step.section)
        self.values[step.target] = step.target, ()

    def total(self, step: Step) -> None:
        base, scale = self.of(step.args[0])
        self.made[step.target] = step._replace(spelling=" ".join([step.spelling, *scale]), args=(base,))

    # -- products ----------------------------------------------------------------------------------------

    def product(self, args: tuple[str, str]) -> tuple[str, tuple[str, str]]:
        """An earlier product of the same factors, else "" and two operands: an earlier product, if one is a part."""
        if not all(a in self.bounded for a in args):
            return "", args
        factors = tuple(sorted(f for a in args for f in self.factors.get(a, (a,))))
        if factors in self.products or len(factors) > _LONG:
            return self.products.get(factors, ""), args
        for i, one in enumerate(factors):
            rest = self.products.get(factors[:i] + factors[i + 1 :])
            if rest and len(factors) > 2 and rest not in args:
                return "", (rest, one)
        return "", args

    def bounds(self, name: str, step: Step) -> None:
        """What is known of the range of a value."""
        limits = [self.bounded.get(a) for a in step.args]
        if step.ufunc in _SYMMETRIC:
            self.bounded[name] = False
        elif ((step.ufunc == "np.square" and None not in limits)
              or (step.ufunc == "np.subtract" and step.args[0] == "1.0" and limits[1])
              or (step.ufunc == "np.divide" and self.logistic(*step.args))):
            self.bounded[name] = True
        elif step.ufunc == "np.multiply" and None not in limits:
            self.bounded[name] = all(limits)
            factors = tuple(sorted(f for a in step.args for f in self.factors.get(a, (a,))))
            self.factors[name] = factors
            self.products.setdefault(factors, name)

    def logistic(self, above: str, below: str) -> bool:
        """Whether this is 1/(1 + exp(z)) or exp(z)/(1 + exp(z))."""
        under = self.made.get(below)
        if under is None or under.ufunc != "np.add" or "1.0" not in under.args:
            return False
        e = next(a for a in under.args if a != "1.0")
        return e in self.made and self.made[e].ufunc == "np.exp" and above in ("1.0", e)


def _movable(arg: str) -> bool:
    return bool(_LITERAL.fullmatch(arg)) and 1 / _RANGE <= abs(float(arg)) <= _RANGE


def _dots(steps: list[Step], outs: set[str], shape: Sequence[str], types: dict[str, str]) -> list[Step]:
    """The sum of a product that nobody else reads as a scalar product."""
    made = {s.target: s for s in steps}
    uses = Counter(a for s in steps for a in dict.fromkeys(s.args))
    gone = set()
    result = []
    for step in steps:
        value = made.get(step.args[0]) if is_scalar(step.type) else None
        if value is not None and value.ufunc in ("np.square", "np.multiply") and value.target not in outs:
            factors = value.args * 2 if value.ufunc == "np.square" else value.args
            if uses[value.target] == 1 and all(
                    sizes_of(types.get(f, "[]")) == list(shape) and types[f] == value.type for f in factors):
                gone.add(value.target)
                step = step._replace(spelling=step.spelling.replace("np.add.reduce({0}, axis=None)",
                                                                    "np.dot({0}, {1})"), args=factors)
        result.append(step)
    return [s for s in result if s.target not in gone]
