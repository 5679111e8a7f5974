"""Graph and SymPy: bounded elementwise regions go over, are simplified by directed tools, and come back.

SymPy never sees the whole graph. A region is a tree of elementwise operations, cut at whatever else
there is and at a fixed size; every other value is an opaque symbol. Named functions stay named: sigmoid,
relu and the like are `sympy.Function` classes of ours, never expanded into exponentials.
What comes back is written as a teacher writes it: numbers, then letters, sums, functions, indicators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache, lru_cache
from math import prod
from typing import Any

from .ir import OPS, Expr, lift
from .ops import elementwise as ew
from .ops.named_functions import named_functions

# Rows that may stand inside a region. Conditions, selections and casts are opaque symbols.
# Those of `ops.stable` have no elementary form to trust in numbers, and safe_divide none that keeps its zeros.
OUTSIDE = frozenset({"where", "astype", "stop_gradient", "safe_divide", "log_cosh", "log1mexp", "reciprocal_expm1",
                     "x_over_expm1", "expm1_over_x", "sigmoid_cross_entropy"})  # fmt: skip
MAX_TERMS = 64  # of an expanded numerator, beyond which no polynomial tool is tried


def in_region(node: Expr) -> bool:
    """Whether SymPy may look into this node: an elementwise operation on real numbers."""
    op = node.op
    return op.elementwise and op.sympy is not None and op.name not in OUTSIDE and node.type.is_float and bool(node.args)


# -- our function classes -------------------------------------------------------------------------------


@cache
def namespace() -> Any:
    """What a row's `sympy` form is given: SymPy's own names, and our named functions.

    >>> sp = namespace()
    >>> z = sp.Symbol("z", real=True)
    >>> sp.diff(sp.sigmoid(z), z)
    (1 - sigmoid(z))*sigmoid(z)
    """
    import sympy

    return _Namespace(sympy, {name: _function_class(sympy, name, *spec) for name, spec in _functions(sympy).items()})


class _Namespace:
    """SymPy with our functions added."""

    def __init__(self, sympy: Any, ours: dict[str, Any]) -> None:
        self._sympy = sympy
        self.ours = ours

    def __getattr__(self, name: str) -> Any:
        return self.ours[name] if name in self.ours else getattr(self._sympy, name)


def _functions(sp: Any) -> dict[str, tuple[Callable[..., Any], Callable[..., Any], int]]:
    """name -> (partial derivative i of f(*args), the elementary form for evaluation, number of arguments)."""

    def step(x: Any) -> Any:
        return sp.Heaviside(x, 0)

    def share(a: Any, b: Any) -> Any:
        return sp.Heaviside(a - b, sp.Rational(1, 2))

    return {
        "sigmoid": (lambda f, i, x: f * (1 - f), lambda x: 1 / (1 + sp.exp(-x)), 1),
        "softplus": (lambda f, i, x: namespace().sigmoid(x), lambda x: sp.log(1 + sp.exp(x)), 1),
        "relu": (lambda f, i, x: step(x), lambda x: sp.Max(x, 0), 1),
        "maximum": (lambda f, i, a, b: share(a, b) if i == 1 else share(b, a), sp.Max, 2),
        "minimum": (lambda f, i, a, b: share(b, a) if i == 1 else share(a, b), sp.Min, 2),
        **named_functions(sp, namespace),
    }


def _function_class(sp: Any, name: str, slope: Callable[..., Any], elementary: Callable[..., Any], arity: int) -> Any:
    def fdiff(self: Any, argindex: int = 1) -> Any:
        return slope(self, argindex, *self.args)

    def evaluate(self: Any, prec: int) -> Any:
        return elementary(*self.args).evalf(max(15, int(prec / 3.3) + 5))._eval_evalf(prec)

    return type(name, (sp.Function,), {"nargs": arity, "fdiff": fdiff, "_eval_evalf": evaluate, "is_real": True,
                                       "is_commutative": True, "__module__": __name__})


# -- there -------------------------------------------------------------------------------------------------


def exact_number(node: Expr) -> Fraction | None:
    """The constant as an exact rational when it is one number that has a short one, else None."""
    if node.op.name != "const" or node.label is not None or node.ndim or node.type.dtype == "bool":
        return None
    value = node.attrs[0].value.item()
    if value != value or abs(value) in (float("inf"),):
        return None
    exact = Fraction(value)
    return exact if exact.denominator <= 2**20 and abs(exact.numerator) < 2**53 else None


def to_sympy(root: Expr, inside: set[Expr]) -> tuple[dict[Expr, Any], list[Expr]]:
    """Every node of the region as a SymPy expression over symbols s0, s1, ..., and the leaves these stand for."""
    sp = namespace()
    leaves: list[Expr] = []
    done: dict[Expr, Any] = {}
    for node in region_order(root, inside.__contains__):
        if node in inside:
            assert node.op.sympy is not None
            done[node] = node.op.sympy(sp, *[done[a] for a in node.args])
            continue
        exact = exact_number(node)
        if exact is not None:
            done[node] = sp.Rational(exact.numerator, exact.denominator)
        else:
            done[node] = symbol(len(leaves))
            leaves.append(node)
    return done, leaves


@lru_cache(maxsize=256)
def symbol(i: int) -> Any:
    return namespace().Symbol(f"s{i}", real=True)


def region_order(root: Expr, descends: Callable[[Expr], bool]) -> list[Expr]:
    """The nodes from the leaves of a region to its root, each once; the walk goes below those it descends."""
    seen: set[Expr] = set()
    order: list[Expr] = []
    stack = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            if descends(node):
                stack.extend((a, False) for a in reversed(node.args))
    return order


# -- values that the graph has already --------------------------------------------------------------------------

MAX_DEFINITION = 8  # operations between a leaf and the other leaves that it is made of


def definitions(leaves: Sequence[Expr]) -> dict[Expr, list[Expr]]:
    """For each leaf that is made of others by elementwise operations, these operations in order.

    So x̂ = (x - μ)/s is known to a region that has x, μ, s and x̂ among its leaves.
    """
    given = set(leaves)
    found: dict[Expr, list[Expr]] = {}
    for leaf in leaves:
        if not in_region(leaf):
            continue
        order = _bounded_order(leaf, given)
        if order is not None:
            found[leaf] = order
    return found


def _bounded_order(leaf: Expr, given: set[Expr]) -> list[Expr] | None:
    """The operations from the given values up to `leaf`; None when there are too many or other values take part."""
    made: dict[Expr, None] = {}
    stack = [(leaf, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            made[node] = None
        elif node in made or (node in given and node is not leaf) or exact_number(node) is not None:
            continue
        elif not in_region(node) or len(stack) > 2 * MAX_DEFINITION:
            return None
        else:
            stack.append((node, True))
            stack.extend([(a, False) for a in node.args])
    return list(made) if len(made) <= MAX_DEFINITION else None


def meanings_of(leaves: Sequence[Expr]) -> dict[int, Any]:
    """The definitions as SymPy expressions: number of the leaf -> its meaning in the symbols of the others."""
    sp = namespace()
    place = {leaf: i for i, leaf in enumerate(leaves)}
    meanings: dict[int, Any] = {}
    for leaf, steps in definitions(leaves).items():
        done: dict[Expr, Any] = {}
        for node in steps:
            done[node] = node.op.sympy(sp, *[_form(a, done, place) for a in node.args])  # type: ignore[misc]
        meanings[place[leaf]] = done[leaf]
    return meanings


def _form(node: Expr, done: Mapping[Expr, Any], place: Mapping[Expr, int]) -> Any:
    if node in done:
        return done[node]
    if node in place:
        return symbol(place[node])
    exact = exact_number(node)
    assert exact is not None
    return namespace().Rational(exact.numerator, exact.denominator)


def reused(expr: Any, meanings: Mapping[int, Any]) -> Iterator[tuple[str, Any]]:
    """The expression with a value that the graph has already in the place of the letters that it is made of:
    each letter in which a meaning is linear is solved for, and its candidates follow."""
    sp = namespace()
    for i, meaning in meanings.items():
        top, bottom = sp.fraction(sp.together(meaning))
        equation = top - symbol(i) * bottom
        for letter in sorted(meaning.free_symbols & expr.free_symbols, key=lambda s: int(s.name[1:])):
            slope = sp.diff(equation, letter)
            if slope.is_zero or letter in slope.free_symbols:
                continue
            solved = expr.subs(letter, sp.expand(letter - equation / slope))
            if _expanded_terms(solved) <= MAX_TERMS:
                yield from (("known value", form) for _, form in candidates(sp.cancel(sp.together(solved))))


# -- simplification there ------------------------------------------------------------------------------------


def candidates(expr: Any) -> Iterator[tuple[str, Any]]:
    """Other forms of the expression, each with the tool that made it; all within a budget of terms."""
    sp = namespace()
    yield "order of terms", expr
    yield "common terms", sp.factor_terms(expr)
    if _expanded_terms(expr) > MAX_TERMS or len(expr.free_symbols) > 12:
        return
    try:
        yield "factors", sp.factor(expr)
        cancelled = sp.cancel(sp.together(expr))
        yield "cancelled fraction", cancelled
        yield "factors", sp.factor_terms(cancelled)
    except sp.PolynomialError:  # a form that has no polynomial reading, such as a symbolic exponent
        return


def _expanded_terms(expr: Any) -> int:
    """An upper bound on the number of terms that expanding would give."""
    sp = namespace()
    counts: dict[Any, int] = {}
    for e in sp.postorder_traversal(expr):
        parts = [counts.get(a, 1) for a in e.args]
        if e.is_Add:
            n = sum(parts)
        elif e.is_Mul:
            n = prod(min(p, 10**6) for p in parts)
        elif e.is_Pow and e.exp.is_Integer:
            n = parts[0] ** min(abs(int(e.exp)), 20) if parts[0] > 1 else 1
        else:
            n = max([1, *parts])
        counts[e] = min(n, 10**6)
    return counts[expr]


# -- and back ------------------------------------------------------------------------------------------------


@cache
def _back() -> dict[Any, str]:
    """SymPy function class -> op, by asking each row for its form: the tables cannot disagree."""
    sp = namespace()
    probes = sp.symbols("probe0:3", real=True)
    table = {}
    for op in OPS.complete().values():
        if op.elementwise and op.sympy is not None and op.name not in OUTSIDE:
            form = op.sympy(sp, *probes[: len(op.form.needs)])
            if getattr(form, "is_Function", False):
                table[form.func] = op.name
    return table


class NotWritable(Exception):
    """The expression has a part that no row of ours stands for."""


class Writer:
    """SymPy -> graph, in a teacher's order. `sums` are the sums of the original, whose signs are kept."""

    def __init__(self, leaves: Sequence[Expr], original: Any, known: Mapping[Any, Expr], dtype: str) -> None:
        self.leaves, self.known, self.dtype = leaves, known, dtype
        self.sums = {a for a in namespace().preorder_traversal(original) if a.is_Add}

    def write(self, e: Any) -> Expr:
        """The node of `e`; a part that the region had already is that part, in the order it was written."""
        if e in self.known:
            return self.known[e]
        if e.is_Rational:
            return _number(Fraction(int(e.p), int(e.q)))
        if e.is_Symbol:
            leaf = self.leaves[int(e.name[1:])]
            return ew.ASTYPE(leaf, dtype=self.dtype) if leaf.type.dtype == "bool" else leaf
        if e.is_Add:
            return self._sum(e)
        if e.is_Mul:
            return self._product(e)
        if e.is_Pow:
            return self._power(e.base, e.exp)
        if e.func in _back():
            return OPS[_back()[e.func]](*[self.write(a) for a in e.args])
        raise NotWritable(str(e))

    # A sum: terms in the order in which their letters were declared in the region, positive ones first.

    def _sum(self, e: Any) -> Expr:
        positive = sorted((t for t in e.args if not t.could_extract_minus_sign()), key=self._term_rank)
        negative = sorted((t for t in e.args if t.could_extract_minus_sign()), key=self._term_rank)
        if negative and positive and positive[-1].is_number:  # 1 - a, but a + 1
            positive.insert(0, positive.pop())
        terms = positive + negative
        total = self.write(terms[0])
        for t in terms[1:]:
            total = total - self.write(-t) if t.could_extract_minus_sign() else total + self.write(t)
        return total

    def _term_rank(self, t: Any) -> tuple[bool, tuple[int, ...]]:
        return t.is_number, self._place(t)

    def _product(self, e: Any) -> Expr:
        coefficient, rest = e.as_coeff_Mul()
        coefficient, factors = self._signs(coefficient, list(namespace().Mul.make_args(rest)))
        above = [f for f in factors if not _is_below(f)]
        below = [1 / f for f in factors if _is_below(f)]
        scale = Fraction(int(coefficient.p), int(coefficient.q)) if coefficient.is_Rational else None
        if scale is None:
            raise NotWritable(str(coefficient))
        negative, scale = scale < 0, abs(scale)
        exact = scale.denominator & (scale.denominator - 1) == 0 and above  # 0.5*x, but x/3 and 1/(2*x)
        bottom = self._chain(1 if exact else scale.denominator, below)
        few, many = self._by_size(above) if bottom is not None else ([], above)
        result = self._chain(scale if exact else scale.numerator, few or many)
        result = lift(1) if result is None else result
        if bottom is not None:
            result = result / bottom
        for factor in many if few else ():  # γ/(N·s)·(…): small values first, and the large one is passed over once
            result = result * self.write(factor)
        return -result if negative else result

    def _by_size(self, factors: list[Any]) -> tuple[list[Any], list[Any]]:
        """The factors that have fewer axes than the largest of them, and those that do not."""
        axes = {f: sum(s != 1 for s in self.write(f).shape) for f in factors}
        largest = max(axes.values(), default=0)
        ranked = sorted(factors, key=self._rank)
        return [f for f in ranked if axes[f] < largest], [f for f in ranked if axes[f] == largest]

    def _chain(self, scale: int | Fraction, factors: list[Any]) -> Expr | None:
        ranked = sorted(factors, key=self._rank)
        bare = any(not (f.is_Symbol and self._leaf(f).type.dtype == "bool") for f in ranked)
        written = [_number(Fraction(scale))] if scale != 1 else []
        written += [self._leaf(f) if bare and f.is_Symbol else self.write(f) for f in ranked]
        result = written[0] if written else None
        for w in written[1:]:
            assert result is not None
            result = result * w
        return result

    def _leaf(self, s: Any) -> Expr:
        return self.leaves[int(s.name[1:])]

    def _signs(self, coefficient: Any, factors: list[Any]) -> tuple[Any, list[Any]]:
        """Each sum with the sign it had in the original, and 1 - a rather than a - 1."""
        flipped = []
        for f in factors:
            base, power = f.as_base_exp() if f.is_Pow else (f, namespace().Integer(1))
            turn = base.is_Add and power.is_Integer and self._prefers_turned(base)
            if turn:
                coefficient = coefficient * (-1) ** int(power)
            flipped.append((-base) ** power if turn else f)
        return coefficient, flipped

    def _prefers_turned(self, e: Any) -> bool:
        if e in self.sums:
            return False
        if -e in self.sums:
            return True
        constant = e.as_coeff_Add()[0]
        return bool(constant < 0) and any(not t.could_extract_minus_sign() for t in e.args)

    def _power(self, base: Any, exponent: Any) -> Expr:
        sp = namespace()
        if exponent.is_Integer and exponent < 0:
            return lift(1) / self.write(base**-exponent)
        if exponent == 2:
            return ew.SQUARE(self.write(base))
        if exponent == sp.Rational(1, 2):
            return ew.SQRT(self.write(base))
        if exponent == sp.Rational(-1, 2):
            return lift(1) / ew.SQRT(self.write(base))
        return ew.POWER_ROW(self.write(base), self.write(exponent))

    def _place(self, e: Any) -> tuple[int, ...]:
        return tuple(sorted(int(s.name[1:]) for s in e.free_symbols))

    def _rank(self, f: Any) -> tuple[int, tuple[int, ...]]:
        """Sizes, letters, their powers, functions, sums, exponentials; indicators last."""
        base = f.base if f.is_Pow else f
        if base.is_Symbol and self._leaf(base).op.name == "size":
            kind = -1
        elif base.is_Symbol:
            kind = 5 if is_indicator(self._leaf(base)) else int(f.is_Pow)
        else:
            kind = 3 if base.is_Add else 4 if base.func is namespace().exp else 2
        return kind, self._place(f)


def is_indicator(leaf: Expr) -> bool:
    return leaf.type.dtype == "bool" or (leaf.op.name == "astype" and leaf.args[0].type.dtype == "bool")


def _is_below(f: Any) -> bool:
    """Whether a factor stands in the denominator."""
    return bool(f.is_Pow and f.exp.is_Rational and f.exp < 0)


def _number(value: Fraction) -> Expr:
    if value.denominator == 1:
        return lift(int(value))
    if value.denominator & (value.denominator - 1) == 0:
        return lift(float(value))
    return lift(int(value.numerator)) / lift(int(value.denominator))


# -- accuracy --------------------------------------------------------------------------------------------------

_MODERATE = (0.5, -1.25, 3.0, -2.0, 1.75, -0.375, 2.5, 0.0625)
_EXTREME = (1e-8, -1e-8, 40.0, -40.0, 745.0, -745.0, 1e150, 1e-300)


def sample_points(leaves: Sequence[Expr]) -> list[tuple[float, ...]]:
    """Twenty-four points, the same on every run: moderate ones, then mixed with extremes, then with all
    values nearly equal in size, where differences cancel."""
    return [tuple(_coordinate(i, k, is_indicator(leaf)) for k, leaf in enumerate(leaves)) for i in range(24)]


def _coordinate(i: int, k: int, condition: bool) -> float:
    """Coordinate k of sample point i; the strides only have to differ from leaf to leaf."""
    if condition:
        return float((i >> (k % 3)) & 1)
    if i >= 16:
        return (1.0, -1.0, 0.5, 3.0)[i % 4] * (1 + (k + 1) * 2.0**-28) * (-1.0) ** ((i // 20) * k)
    if i >= 8 and (i + k) % 4 != 3:
        return _EXTREME[(i + 3 * k) % 8]
    return _MODERATE[(i * (2 * k + 1) + 5 * k) % 8]


def _consistent(point: tuple[float, ...], meanings: Mapping[int, Any], leaves: Sequence[Expr]) -> tuple[float, ...]:
    """The point with each leaf that is made of others at the value that these give it."""
    values = list(point)
    for i in sorted(meanings, key=lambda i: leaves[i].serial):
        found = _evaluated(meanings[i], values, 20)
        values[i] = float("nan") if found is None else float(found)
    return tuple(values)


def _evaluated(expr: Any, point: Sequence[float], digits: int) -> Any:
    """The value of an expression at a point as a SymPy number, or None where it has none that SymPy can tell."""
    sp = namespace()
    if any(v != v or abs(v) == float("inf") for v in point):
        return None
    try:
        found = expr.evalf(digits, subs={symbol(i): sp.Float(v, digits) for i, v in enumerate(point)})
    except (ArithmeticError, TypeError, ValueError, NotImplementedError):  # a pole, too many digits, nan compared
        return None
    if found.is_Float and abs(found._mpf_[2] + found._mpf_[3]) > 10**4:  # e^(-1e150) as a fraction would not fit
        return None
    return found if (found.is_Float or found.is_Rational) and found.is_finite else None


def no_less_accurate(before: Callable[..., float], after: Callable[..., float], exact: Any, leaves: Sequence[Expr],
                     meanings: Mapping[int, Any]) -> bool:
    """Whether `after` in float64 is as near to the exact value as `before`, within four units of rounding,
    at every sample point where the mathematics is defined."""
    for i in sorted(meanings, key=lambda i: leaves[i].serial, reverse=True):
        exact = exact.subs(symbol(i), meanings[i])
    for point in sample_points(leaves):
        point = _consistent(point, meanings, leaves) if meanings else point
        old, new = before(*point), after(*point)
        if new == old or (old != old) or abs(old) == float("inf"):
            continue
        truth = _evaluated(exact, point, 40)
        if truth is None:
            continue
        true = Fraction(str(truth))
        if new != new or abs(new) == float("inf"):
            return False
        ulp = max(abs(true) * Fraction(1, 2**52), Fraction(1, 2**1074))
        if abs(Fraction(new) - true) > 4 * abs(Fraction(old) - true) + 4 * ulp:
            return False
    return True
