"""What a formula says, whatever its spelling: linear forms, sums of exponentials, products of powers.

`exp(x)/(1 + exp(x))` and `1/(1 + exp(-x))` are one function in many spellings; read here, they become the same data.
Every look takes in a bounded number of nodes, so that a pass over a graph stays linear.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from .dims import product as size_of
from .ir import Expr, lift, size_node
from .ops.activation import LOG_SIGMOID
from .ops.elementwise import ABSOLUTE, ASTYPE, LESS, LOG, NEGATIVE, SIGN, SOFTPLUS, WHERE
from .ops.reduction import PROD, SUM
from .ops.shaping import BROADCAST_TO
from .ops.softmax import LOG_SOFTMAX, LOGSUMEXP
from .ops.stable import LOG1MEXP, LOG_COSH
from .ops.transcendental import LOGADDEXP

LOOK = 24  # nodes that one look takes in
DEEP = 4  # reductions and rearrangements within one another that it goes through

Linear = dict["Expr | None", float]  # the coefficient of each value, and under None the constant
Terms = list[tuple[float, Linear]]  # Σ c·exp(e)

# Ops that hand on elements of their first operand, so that a function of the result is one of the operand.
MOVERS = frozenset({"getitem", "reshape", "broadcast_to", "transpose", "take_along_axis", "gather"})
_WRAPPERS = ("broadcast_to", "reshape", "astype")


def number_of(node: Expr) -> float | None:
    """The number that a constant is at every place, broadcast or cast perhaps; else None."""
    while node.op.name in _WRAPPERS and node.type.dtype != "bool":
        node = node.args[0]
    if node.op.name != "const" or node.type.dtype == "bool":
        return None
    value = node.attrs[0].value
    if not value.size:
        return None
    first = float(value.flat[0])
    same = math.isfinite(first) and (value.size == 1 or (value.flat[-1] == first and bool(np.all(value == first))))
    return first if same else None


def added(a: Linear, b: Linear, times: float = 1.0) -> Linear:
    """a + times·b, without the terms that vanish."""
    total = dict(a)
    for key, k in b.items():
        total[key] = total.get(key, 0.0) + times * k
    return {key: k for key, k in total.items() if k != 0}


def constant_only(form: Linear) -> bool:
    return all(key is None for key in form)


def ratio(a: Linear, b: Linear) -> float | None:
    """k with a = k·b; None when there is none."""
    if not b or a.keys() != b.keys():
        return None
    first = next(iter(b))
    k = a[first] / b[first]
    return k if all(a[key] == k * b[key] for key in b) else None


def linear(node: Expr) -> Linear:
    """The value as a combination of others with numbers for coefficients."""
    total: Linear = {}
    stack = [(1.0, node)]
    looked = 0
    while stack:
        k, n = stack.pop()
        looked += 1
        name = n.op.name if n.type.dtype != "bool" and looked <= LOOK else ""
        if name in ("add", "subtract") and not any(a.type.dtype == "bool" for a in n.args):
            stack += [(k if name == "add" else -k, n.args[1]), (k, n.args[0])]
        elif name == "negative":
            stack.append((-k, n.args[0]))
        elif (scale := scaled_operand(n, name)) is not None:
            stack.append((k * scale[0], scale[1]))
        else:
            c = number_of(n) if name else None
            key = None if c is not None else n
            total[key] = total.get(key, 0.0) + k * (1.0 if c is None else c)
    return {key: k for key, k in total.items() if k != 0}


def scaled_operand(node: Expr, name: str) -> tuple[float, Expr] | None:
    """(c, x) for c*x, x*c or x/c with a number c."""
    if name == "multiply":
        a, b = node.args
        for c, x in ((number_of(a), b), (number_of(b), a)):
            if c is not None and x.type.dtype != "bool":
                return c, x
    elif name == "divide":
        c = number_of(node.args[1])
        if c and node.args[0].type.dtype != "bool":
            return 1 / c, node.args[0]
    return None


def scaled(node: Expr, k: float) -> Expr:
    if k == 1:
        return node
    if k == -1:
        return node.args[0] if node.op is NEGATIVE else -node
    if node.op.name == "multiply" and node.label is None and (inner := scaled_operand(node, "multiply")) is not None:
        return scaled(inner[1], k * inner[0])
    return lift(int(k) if k == int(k) and abs(k) < 2**53 else k) * node


def opposite(terms: Terms) -> Terms:
    return [(-c, e) for c, e in terms]


def is_sum(terms: Terms) -> bool:
    """Whether all coefficients are positive."""
    return all(c > 0 for c, _ in terms)


def is_difference(terms: Terms) -> bool:
    """Whether there are two terms, of opposite signs."""
    return len(terms) == 2 and terms[0][0] * terms[1][0] < 0


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """A sum of exponentials to a power; `node` is how it is written, None when it is what a sigmoid stands for."""

    terms: Terms
    power: float
    node: Expr | None


@dataclass(slots=True, eq=False)
class Product:
    """coefficient · exp(exponent) · Π of the sums of exponentials · Π of other values, each to a power."""

    coefficient: float = 1.0
    exponent: Linear = field(default_factory=dict)
    sums: list[Factor] = field(default_factory=list)
    others: list[tuple[Expr, float]] = field(default_factory=list)
    above: int = 0  # exponentials in the numerator
    below: int = 0  # exponentials and sums of them in the denominator


class Reader:
    """One look at a node: reads it, and writes what was read in other words, in the node's dtype."""

    def __init__(self, node: Expr) -> None:
        self.dtype = node.type.dtype
        self.sources: list[Expr] = []  # values met as exponents: written again as they are

    # -- reading ----------------------------------------------------------------------------------------------

    def exponent(self, node: Expr) -> Linear:
        self.sources.append(node)
        if node.op is NEGATIVE:
            self.sources.append(node.args[0])
        elif (inner := scaled_operand(node, node.op.name)) is not None:
            self.sources.append(inner[1])
        return linear(node)

    def monomial(self, node: Expr, depth: int = 0, logs: bool = False) -> tuple[float, Linear] | None:
        """(c, e) with node = c·exp(e); None when it is no such thing."""
        found = self.product(node, depth, logs, plain=True)
        return None if found.sums or found.others else (found.coefficient, found.exponent)

    def terms(self, node: Expr, depth: int = 0, logs: bool = False) -> Terms | None:
        """The node as Σ c·exp(e), equal exponents joined; None when it is no such thing, or a mere number."""
        found: dict[frozenset[tuple[Expr | None, float]], tuple[float, Linear]] = {}
        stack = [(1.0, node)]
        looked = 0
        while stack:
            k, n = stack.pop()
            looked += 1
            name = n.op.name
            if looked > LOOK or n.type.dtype == "bool":
                return None
            if name in ("add", "subtract"):
                stack += [(k if name == "add" else -k, n.args[1]), (k, n.args[0])]
                continue
            if name == "negative":
                stack.append((-k, n.args[0]))
                continue
            if (scale := scaled_operand(n, name)) is not None:
                stack.append((k * scale[0], scale[1]))
                continue
            parts = self._hyperbolic(n)
            if parts is None:
                one = self.monomial(n, depth, logs)
                if one is None:
                    return None
                parts = [one]
            for c, e in parts:
                key = frozenset(e.items())
                found[key] = (found[key][0] + k * c if key in found else k * c, e)
        terms = [(c, e) for c, e in found.values() if c != 0]
        return terms if terms and not all(constant_only(e) for _, e in terms) else None

    def _hyperbolic(self, n: Expr) -> Terms | None:
        """What stands for two exponentials: e^x - 1, cosh and sinh."""
        if n.op.name not in ("expm1", "cosh", "sinh"):
            return None
        e = self.exponent(n.args[0])
        if n.op.name == "expm1":
            return [(1.0, e), (-1.0, {})]
        return [(0.5, e), (0.5 if n.op.name == "cosh" else -0.5, added({}, e, -1.0))]

    def product(self, node: Expr, depth: int = 0, logs: bool = False, plain: bool = False) -> Product:
        """The node as a product of powers. With `logs`, probabilities count as exponentials of their logarithms;
        `plain` looks for no sums."""
        found = Product()
        stack = [(1.0, node)]
        looked = 0
        while stack:
            p, n = stack.pop()
            looked += 1
            inner = _powers(n, p) if looked <= LOOK and n.type.dtype != "bool" else None
            if inner is not None:
                stack += inner
                found.coefficient *= (-1) ** int(p) if n.op is NEGATIVE else 1
            elif looked > LOOK or not self._take(found, n, p, depth, logs, plain):
                found.others.append((n, p))
            if plain and found.others:
                break
        return found

    def _take(self, found: Product, n: Expr, p: float, depth: int, logs: bool, plain: bool) -> bool:
        """Whether `n` to the power `p` is a number, an exponential or a sum of them, and joins those found."""
        name = n.op.name
        c = number_of(n)
        if c is not None:
            if c == 0 or (c < 0 and p != int(p)) or abs(p * math.log(abs(c))) > 600:
                return False
            found.coefficient *= c**p
            return True
        if name == "exp":
            c, e = 1.0, self.exponent(n.args[0])
        elif name == "sigmoid" and not plain:
            e = self.exponent(n.args[0])
            found.sums.append(Factor([(1.0, {}), (1.0, added({}, e, -1.0))], -p, None))
            return True
        elif name == "reciprocal_expm1" and not plain:
            found.sums.append(Factor([(1.0, self.exponent(n.args[0])), (-1.0, {})], -p, n))
            found.below += p > 0
            return True
        elif name in ("add", "subtract", "expm1", "cosh", "sinh"):
            terms = None if plain else self.terms(n, depth)
            logarithm = self._complement(n) if logs and terms is None else None
            if logs and not plain and terms is None and logarithm is None:
                terms = self.terms(n, depth, logs)
                terms = terms if terms and is_difference(terms) else None
            if logarithm is not None:
                c, e = 1.0, logarithm
            elif terms is None:
                return False
            elif len(terms) > 1:
                if p != int(p) and not is_sum(terms):
                    return False
                found.sums.append(Factor(terms, p, n))
                found.below += p < 0
                return True
            else:
                c, e = terms[0]
        else:
            one = self.logarithm(n, depth, logs)
            if one is None:
                return False
            c, e = one
        if c < 0 and p != int(p):
            return False
        found.coefficient *= c**p
        found.exponent = added(found.exponent, e, p)
        found.above += p > 0
        found.below += p < 0
        return True

    def logarithm(self, n: Expr, depth: int, logs: bool) -> tuple[float, Linear] | None:
        """(c, e) with n = c·exp(e), for a sum of exponentials along axes, a rearrangement of exponentials and,
        with `logs`, a probability."""
        name = n.op.name
        if depth > DEEP or not n.args or not n.args[-1 if name == "where" else 0].type.is_float:
            return None
        if name in ("sum", "mean"):
            one = self.monomial(n.args[0], depth + 1, logs)
            if one is None or one[0] <= 0 or constant_only(one[1]):
                return None
            axis, keepdims = n.attrs
            whole = LOGSUMEXP(self.shaped(self.write(one[1]), n.args[0]), axis=axis, keepdims=keepdims)
            return one[0], added({whole: 1.0}, self._log_count(n) if name == "mean" else {}, -1.0)
        if name in MOVERS:
            one = self.monomial(n.args[0], depth + 1, logs)
            if one is None or constant_only(one[1]):
                return None
            moved = self.shaped(self.write(one[1]), n.args[0])
            return one[0], {n.op.make((moved, *n.args[1:]), n.attrs): 1.0}
        return self._probability(n, depth) if logs else None

    def _probability(self, n: Expr, depth: int) -> tuple[float, Linear] | None:
        name = n.op.name
        if name == "sigmoid":
            return 1.0, {LOG_SIGMOID(n.args[0]): 1.0}
        if name == "softmax":
            return 1.0, {LOG_SOFTMAX(n.args[0], axis=n.attrs[0]): 1.0}
        if name == "prod":
            v, (axis, keepdims) = n.args[0], n.attrs
            known = self.log(v, depth + 1)
            total = SUM(LOG(ABSOLUTE(v)) if known is None else known, axis=axis, keepdims=keepdims)
            if known is None:  # the sign of the product decides whether it has a logarithm
                sign = PROD(SIGN(v), axis=axis, keepdims=keepdims)
                total = total + WHERE(LESS(sign, 0), math.nan, 0.0)
            return 1.0, {total: 1.0}
        if name == "where":
            branches = [self.log(b, depth + 1) for b in n.args[1:]]
            if all(b is None for b in branches):
                return None
            a, b = (LOG(arg) if known is None else known for known, arg in zip(branches, n.args[1:]))
            return 1.0, {WHERE(n.args[0], a, b): 1.0}
        if name == "power" and n.args[1].type.is_float:
            base = self.log(n.args[0], depth + 1)
            return None if base is None else (1.0, {n.args[1] * base: 1.0})
        return None

    def _complement(self, n: Expr) -> Linear | None:
        """log(1 - σ(u)) = log σ(-u), log(1 ± tanh u) = log 2 + log σ(±2u), log(1 - tanh² u) = -2 log cosh u."""
        form = linear(n)
        c = form.pop(None, 0.0)
        if c <= 0 or len(form) != 1:
            return None
        [(f, k)] = form.items()
        assert f is not None
        name = f.op.name
        if name == "sigmoid" and k == -c:
            found: Linear = {LOG_SIGMOID(scaled(f.args[0], -1)): 1.0}
        elif name == "tanh" and abs(k) == c:
            found = {None: math.log(2), LOG_SIGMOID(scaled(f.args[0], 2 * k / c)): 1.0}
        else:
            base = square_root(f)
            if base is None or base.op.name != "tanh" or k != -c:
                return None
            found = {LOG_COSH(base.args[0]): -2.0}
        return added(found, {None: math.log(c)})

    def count(self, n: Expr) -> Expr:
        """The number of elements that a mean is taken over, as a number of its dtype."""
        count = size_of(n.args[0].shape[i] for i in n.attrs[0])
        return lift(float(count)) if isinstance(count, int) else ASTYPE(size_node(count), dtype=n.type.dtype)

    def _log_count(self, n: Expr) -> Linear:
        """The logarithm of the number of elements that a mean is taken over."""
        count = size_of(n.args[0].shape[i] for i in n.attrs[0])
        if isinstance(count, int):
            return {None: math.log(count)} if count > 0 else {None: -math.inf}
        return {LOG(ASTYPE(size_node(count), dtype=n.type.dtype)): 1.0}

    def log(self, node: Expr, depth: int = 0) -> Expr | None:
        """log(node), when that is better not written as the log of it; None otherwise."""
        if not node.type.is_float or depth > DEEP:
            return None
        found = self.product(node, depth, logs=True)
        mixed = [f for f in found.sums if not is_sum(f.terms)]
        if constant_only(found.exponent) and not found.sums:
            return None
        if mixed and (found.others or len(mixed) > 1 or mixed[0].power != 1 or not is_difference(mixed[0].terms)):
            return None
        if found.coefficient < 0 and not mixed:
            return None
        total = added(found.exponent, {None: math.log(abs(found.coefficient))})
        for f in found.sums:
            terms = opposite(f.terms) if mixed and f is mixed[0] and found.coefficient < 0 else f.terms
            total = added(total, self.log_of_terms(terms, f.power))
        if not found.others:
            return self.shaped(self.write(total), node)
        return self.write(total) + LOG(powers(found.others))

    def log_of_terms(self, terms: Terms, power: float = 1.0) -> Linear:
        """power · log Σ c·exp(e), for terms that are all positive, or two of opposite signs."""
        if len(terms) == 1:
            [(c, e)] = terms
            return added({None: power * math.log(c)} if c > 0 else {None: math.nan}, e, power)
        if is_difference(terms):
            (c, a), (d, b) = terms if terms[0][0] > 0 else terms[::-1]
            a, b = added(a, {None: math.log(c)}), added(b, {None: math.log(-d)})
            return added({LOG1MEXP(self.write(added(a, b, -1.0))): power}, a, power)
        (c, a), (d, b) = terms[:2]
        if len(terms) == 2 and c == d and not constant_only(a) and added(a, b) == {}:
            return added({LOG_COSH(self.write(a)): power}, {None: power * math.log(2 * c)})
        scale = c if all(k == c for k, _ in terms) else 1.0
        forms = [added(e, {None: math.log(k / scale)}) for k, e in terms]
        forms.sort(key=lambda e: e != {})  # the 1 of 1 + exp(x) first
        total = forms[0]
        for e in forms[1:]:
            if total == {} and power < 0 and len(forms) == 2:
                return added({LOG_SIGMOID(self.write(added({}, e, -1.0))): -power}, {None: power * math.log(scale)})
            total = {SOFTPLUS(self.write(e)) if total == {} else LOGADDEXP(self.write(total), self.write(e)): 1.0}
        return added({None: power * math.log(scale)}, total, power)

    # -- writing ----------------------------------------------------------------------------------------------

    def write(self, form: Linear) -> Expr:
        """The node of a linear form: a value met already, times a number, where it is that."""
        form = {key: k for key, k in form.items() if k != 0}
        atoms = {key: k for key, k in form.items() if key is not None}
        if not atoms:
            return lift(form.get(None, 0.0))
        if len(atoms) == len(form) == 1:
            [(atom, k)] = atoms.items()
            return scaled(self.cast(atom), k)
        for source in self.sources:
            times = ratio(form, linear(source))
            if times is not None:
                return scaled(self.cast(source), times)
        total: Expr | None = None
        for atom, k in sorted(atoms.items(), key=lambda item: item[1] < 0):
            term = scaled(self.cast(atom), k if total is None else abs(k))
            total = term if total is None else total + term if k > 0 else total - term
        assert total is not None
        c = form.get(None, 0.0)
        return total if c == 0 else total + lift(c) if c > 0 else total - lift(-c)

    def shift(self, form: Linear, scale: float) -> Linear:
        """form + log(scale)."""
        return form if scale == 1 else added(form, {None: math.log(scale)})

    def cast(self, node: Expr) -> Expr:
        return node if node.type.weak or node.type.dtype == self.dtype else ASTYPE(node, dtype=self.dtype)

    def shaped(self, node: Expr, like: Expr) -> Expr:
        """`node` in the shape of the value that it is computed from, which a constant operand may have widened."""
        return node if node.shape == like.shape else BROADCAST_TO(node, shape=like.shape)


def _powers(n: Expr, p: float) -> list[tuple[float, Expr]] | None:
    """The factors of n to the power p, last first; None when it is one factor."""
    name = n.op.name
    if name == "power":
        k = number_of(n.args[1])
        return None if k is None or k == 0 or not _whole_or_positive(n.args[0], k * p) else [(k * p, n.args[0])]
    if name == "sqrt":
        return [(p / 2, n.args[0])] if _whole_or_positive(n.args[0], p / 2) else None
    if p != int(p):
        return None
    if name == "multiply":
        return [(p, n.args[1]), (p, n.args[0])]
    if name == "negative":
        return [(p, n.args[0])]
    if name == "divide":
        return [(-p, n.args[1]), (p, n.args[0])]
    if name == "reciprocal":
        return [(-p, n.args[0])]
    return [(2 * p, n.args[0])] if name == "square" else None


def _whole_or_positive(base: Expr, power: float) -> bool:
    """Whether the power is whole, or the base an op whose values are positive, or a sum that turns out so."""
    return power == int(power) or base.op.name in ("exp", "sigmoid", "softmax", "add", "cosh")


def square_root(n: Expr) -> Expr | None:
    """x of x*x, x**2 or square(x)."""
    name = n.op.name
    if name == "square" or (name == "power" and number_of(n.args[1]) == 2):
        return n.args[0]
    return n.args[0] if name == "multiply" and n.args[0] is n.args[1] else None


def powers(factors: Iterable[tuple[Expr, float]]) -> Expr:
    """Π of values to powers, as one quotient."""
    above: Expr | None = None
    below: Expr | None = None
    for n, p in factors:
        raised = n if abs(p) == 1 else n ** lift(int(abs(p)) if p == int(p) else abs(p))
        if p > 0:
            above = raised if above is None else above * raised
        else:
            below = raised if below is None else below * raised
    top = lift(1) if above is None else above
    return top if below is None else top / below

