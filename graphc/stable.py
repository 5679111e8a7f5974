"""Stable whatever the spelling: what overflows or cancels as it is written becomes what does not.

`stabilise` is a pass over declared graphs. Its rules know formulas by their mathematics, not their spelling: see
`reading`. Each is an identity on all of the reals; it changes a value only where the spelling has lost it. A graph in
which nothing is recognised is given back as it is.

The gradients that `backward` and `forward` give are those of the stable graph, and values are computed from it too,
so that neither depends on how a formula was written, nor on which outputs are asked for together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product as choices
from operator import is_
from typing import NamedTuple

from .ir import INPUT, LEAVES, Expr, Op, building, postorder, variable
from .ops.elementwise import ABSOLUTE, ASTYPE, EXP, LOG, SIGMOID, SQRT, SQUARE, TANH
from .ops.reduction import NORM2
from .ops.softmax import LOG_SOFTMAX, SOFTMAX
from .ops.stable import EXPM1_OVER_X, RECIPROCAL_EXPM1, SIGMOID_CROSS_ENTROPY, X_OVER_EXPM1
from .ops.transcendental import EXPM1, HYPOT, LOG1P, SIN, SINH
from .reading import (
    Factor,
    Linear,
    Product,
    Reader,
    added,
    constant_only,
    is_difference,
    is_sum,
    linear,
    number_of,
    powers,
    ratio,
    scaled,
    square_root,
)
from .rewrite import Log, Rewrite, as_type
from .types import TupleType

# A graph that has none of these is stable as it is.
UNSTABLE = frozenset({"exp", "expm1", "sigmoid", "log", "log1p", "sqrt", "cos", "cosh", "power"})
UNITS = 3  # sums of exponentials in a denominator that are tried as sigmoids


# -- quotients of exponentials ------------------------------------------------------------------------------------


def quotient(node: Expr) -> Expr | None:
    """Exponentials over sums of them: sigmoid, tanh, softmax, x/(e^x - 1), or one exponential of a logarithm."""
    if node.op.name == "multiply" and not _worth_a_look(node):
        return None
    read = Reader(node)
    found = read.product(node)
    written = any(f.node is not None for f in found.sums)
    over = any(p < 0 for _, p in found.others)
    if not (found.below or found.above > 1 or (found.above and found.sums) or (over and written)):
        return None
    for f in [f for f in found.sums if not is_sum(f.terms)]:
        result = _difference_quotient(read, found, f) if is_difference(f.terms) else None
        if result is node or (result is not None and node.op.name == "multiply" and RECIPROCAL_EXPM1 in _ops(result)):
            return None
        if result is not None:
            return result
        assert f.node is not None
        found.sums.remove(f)
        found.others.append((f.node, -f.power if f.node.op is RECIPROCAL_EXPM1 else f.power))
    if not found.sums and constant_only(found.exponent):
        return None
    core = _as_sigmoids(read, found)
    if core is None and (node.op.name != "multiply" or not found.sums):
        core = _as_exponential(read, found)
    return None if core is None else _times_others(found, core)


def _worth_a_look(product: Expr) -> bool:
    names = {a.op.name for a in product.args}
    if names == {"exp"}:
        a, b = (linear(arg.args[0]) for arg in product.args)
        return any(k == -b.get(key, 0.0) for key, k in a.items()) or any(_is_logsumexp(n) for n in (*a, *b))
    return "reciprocal_expm1" in names or ("exp" in names and not names.isdisjoint(("sigmoid", "multiply", "divide")))


def _is_logsumexp(n: Expr | None) -> bool:
    return n is not None and (n.op.name == "logsumexp" or (_only_adds_axes(n) and n.args[0].op.name == "logsumexp"))


def normalised(node: Expr) -> Expr | None:
    """exp(v - logsumexp(v)) along one axis is the softmax."""
    return _as_softmax(linear(node.args[0])) if node.args[0].op.name == "subtract" else None


def _ops(node: Expr) -> set[Op]:
    return {node.op, *[a.op for a in node.args]}


def _times_others(found: Product, core: Expr, coefficient: float = 1.0) -> Expr:
    """coefficient · core · the other values, in the order of the numerator and then the denominator."""
    core = scaled(core, coefficient * found.coefficient)
    above = [(n, p) for n, p in found.others if p > 0]
    below = [(n, -p) for n, p in found.others if p < 0]
    core = powers(above) * core if above else core
    return core / powers(below) if below else core


def _as_sigmoids(read: Reader, found: Product) -> Expr | None:
    """Π of 1/(d₁e^a + d₂e^b) = e^-a/d₁ · σ(a - b + log d₁/d₂), where what is taken out leaves no exponential."""
    units: list[Factor] = []
    for f in found.sums:
        if len(f.terms) != 2 or f.power not in (-1, -2, -3):
            return None
        units += [f] * int(-f.power)
    if not 0 < len(units) <= UNITS:
        return None
    for chosen in choices((0, 1), repeat=len(units)):
        left = found.exponent
        for f, i in zip(units, chosen):
            left = added(left, f.terms[i][1], -1.0)
        if left == {}:
            core: Expr | None = None
            scale = 1.0
            for f, i in zip(units, chosen):
                (d, a), (c, b) = f.terms[i], f.terms[1 - i]
                s = SIGMOID(read.write(read.shift(added(a, b, -1.0), d / c)))
                core = s if core is None else core * s
                scale /= d
            assert core is not None
            return scaled(core, scale)
    return None


def _as_exponential(read: Reader, found: Product) -> Expr:
    """e^(a - log of the denominator), a softmax where it is one."""
    total = found.exponent
    for f in found.sums:
        total = added(total, read.log_of_terms(f.terms, f.power))
    found_softmax = _as_softmax(total)
    return EXP(read.write(total)) if found_softmax is None else found_softmax


def _as_softmax(form: Linear) -> Expr | None:
    """exp(v - logsumexp(v)) along one axis; a shift of v that is constant along it makes no difference."""
    for atom, k in form.items():
        base = atom.args[0] if atom is not None and _only_adds_axes(atom) else atom
        if k != -1 or atom is None or base is None or base.op.name != "logsumexp":
            continue
        v, (axis, _) = base.args[0], base.attrs
        form_of_v = linear(v)
        if len(axis) != 1 or {key: c for key, c in form.items() if key is not atom} != form_of_v:
            continue
        kept = tuple(1 if i in axis else s for i, s in enumerate(v.shape))
        if atom.shape == kept or (axis == (0,) and atom.shape == kept[1:]):
            return SOFTMAX(_unshifted(v, axis[0]), axis=axis[0])
    return None


def _only_adds_axes(n: Expr) -> bool:
    if n.op.name == "getitem":
        sizes = iter(n.args[0].shape)
        return all(entry == "new" or entry == (0, next(sizes, None), 1) for entry in n.attrs[0])
    return n.op.name in ("reshape", "broadcast_to")


def _unshifted(v: Expr, axis: int) -> Expr:
    """v of v - m, where m is the same along the axis, as a maximum is."""
    if v.op.name not in ("subtract", "add"):
        return v
    left, m = v.args
    if left.shape != v.shape or left.type.dtype != v.type.dtype:
        return v
    place = axis - (v.ndim - m.ndim)
    return left if place < 0 or m.shape[place] == 1 else v


def _difference_quotient(read: Reader, found: Product, f: Factor) -> Expr | None:
    """A quotient with e^a - e^b above or below: tanh, (e^x - 1)/x, x/(e^x - 1), 1/(e^x - 1)."""
    sums = [other for other in found.sums if other is not f]
    if f.power == 1 and len(sums) == 1:
        return _as_tanh(read, found, f, sums[0])
    if sums or f.power not in (1, -1):
        return None
    if f.power == -1:  # e^c/(e^a - e^b) = 1/(e^(a-c) - e^(b-c))
        terms = [(c, added(e, found.exponent, -1.0)) for c, e in f.terms]
    elif found.exponent == {}:
        terms = f.terms
    else:
        return None
    (d, u), (c, one) = terms if terms[1][1] == {} else terms[::-1]
    if one != {} or c != -d:
        return None
    for i, (n, p) in enumerate(found.others):
        k = ratio(linear(n), u) if p == -f.power else None
        if k is not None:
            del found.others[i]
            row = EXPM1_OVER_X if f.power == 1 else X_OVER_EXPM1
            return _times_others(found, row(read.write(u)), d / k if f.power == 1 else k / d)
    return _times_others(found, RECIPROCAL_EXPM1(read.write(u)), 1 / d) if f.power == -1 else None


def _as_tanh(read: Reader, found: Product, above: Factor, below: Factor) -> Expr | None:
    """(e^a - e^b)/(e^c + e^d) = tanh((a - b)/2) when a - b = c - d and the exponentials taken out leave none."""
    if len(below.terms) != 2 or below.power != -1:
        return None
    (p, a), (m, b) = above.terms
    (q, c), (r, d) = below.terms
    if p != -m or q != r:
        return None
    difference, other = added(a, b, -1.0), added(c, d, -1.0)
    middle = added(added(added(a, b), added(c, d), -1.0), found.exponent, 2.0)
    if middle != {} or (difference != other and difference != added({}, other, -1.0)):
        return None
    found.sums, found.exponent = [], {}
    if next(iter(difference.values())) < 0:  # tanh is odd
        difference, p = added({}, difference, -1.0), -p
    return _times_others(found, TANH(read.write({key: k / 2 for key, k in difference.items()})), p / q)


# -- logarithms ---------------------------------------------------------------------------------------------------


def logarithm(node: Expr) -> Expr | None:
    """log of exponentials, of sums of them and of probabilities; log(1 + x)."""
    read = Reader(node)
    found = read.log(node.args[0])
    return _log1p(node.args[0]) if found is None else found


def _log1p(u: Expr) -> Expr | None:
    """log(1 + x) = log1p(x)."""
    if u.op.name not in ("add", "subtract"):
        return None
    a, b = u.args
    if number_of(a) == 1 and b.type.is_float:
        return LOG1P(b if u.op.name == "add" else scaled(b, -1))
    if number_of(b) == 1 and a.type.is_float and u.op.name == "add":
        return LOG1P(a)
    return None


def logarithm_of_one_and(node: Expr) -> Expr | None:
    """log1p of exponentials and of minus a probability."""
    (x,) = node.args
    if not x.type.is_float or x.op.name not in ("exp", "negative", "multiply", "divide", "expm1", "add", "subtract"):
        return None
    if x.op.name == "negative" and x.args[0].op.name == "sigmoid":
        return Reader(node).log(1 - x.args[0])
    read = Reader(node)
    terms = read.terms(x)
    if terms is None:
        return None
    total = _with_one(terms)
    if not total or not (is_sum(total) or is_difference(total)):
        return None
    return read.write(read.log_of_terms(total))


def _with_one(terms: list[tuple[float, Linear]]) -> list[tuple[float, Linear]]:
    constant = 1.0 + sum(c for c, e in terms if e == {})
    rest = [(c, e) for c, e in terms if e != {}]
    return [(constant, {}), *rest] if constant else rest


# -- differences that cancel --------------------------------------------------------------------------------------


def difference(node: Expr) -> Expr | None:
    """e^x - 1, 1 - cos x, 1 - σ(x), 2σ(x) - 1, cosh x - 1, e^x - e^-x, times a number or in a longer sum perhaps."""
    a, b = node.args
    numbers = number_of(a) is not None or number_of(b) is not None
    if not numbers and {"exp", "softplus"}.isdisjoint((a.op.name, b.op.name)):
        return None
    read = Reader(node)
    form = linear(node)
    c = form.get(None, 0.0)
    for atom, k in form.items():
        if atom is None:
            continue
        found = _cancelling(atom, k, c) if c else None
        found = found or _cancelling_pair(atom, k, form, read)
        if found is not None:
            rest = added(form, found[1], -1.0)
            return found[0] if rest == {} else read.write({found[0]: 1.0, **rest})
    return None


def _cancelling(f: Expr, k: float, c: float) -> tuple[Expr, Linear] | None:
    """k·f + c without the cancellation, and what of the form it stands for."""
    name = f.op.name
    x = f.args[0] if f.args else f
    if name == "sigmoid" and k == -2 * c:
        return scaled(TANH(scaled(x, 0.5)), k / 2), {f: k, None: c}
    if k != -c:
        return None
    if name == "exp":
        return scaled(EXPM1(x), k), {f: k, None: c}
    if name == "cos":
        return scaled(SQUARE(SIN(scaled(x, 0.5))), 2 * c), {f: k, None: c}
    if name == "cosh":
        return scaled(SQUARE(SINH(scaled(x, 0.5))), 2 * k), {f: k, None: c}
    return (scaled(SIGMOID(scaled(x, -1)), c), {f: k, None: c}) if name == "sigmoid" else None


def _cancelling_pair(f: Expr, k: float, form: Linear, read: Reader) -> tuple[Expr, Linear] | None:
    """k·e^x - k·e^-x = 2k·sinh x, and what softplus(b - a) hides of log(e^a + e^b)."""
    if f.op.name == "softplus":
        return _with_softplus(f, k, form, read)
    if f.op.name != "exp" or k <= 0:
        return None
    for other, m in form.items():
        if other is None or m != -k or other.op.name != "exp":
            continue
        if added(linear(f.args[0]), linear(other.args[0])) == {}:
            return scaled(SINH(f.args[0]), 2 * k), {f: k, other: m}
    return None


def _with_softplus(f: Expr, k: float, form: Linear, read: Reader) -> tuple[Expr, Linear] | None:
    """a + softplus(b - a) = log(e^a + e^b) and softplus(b - a) - b = log(e^-a + e^-b), of which one is 0 perhaps."""
    x = linear(f.args[0])
    a: Linear = {key: -c for key, c in x.items() if c < 0}
    b: Linear = {key: c for key, c in x.items() if c > 0}
    for shift in (a, added({}, b, -1.0)):
        if shift and all(form.get(key) == k * c for key, c in shift.items()):
            terms = [(1.0, shift), (1.0, added(x, shift))]
            return read.write(read.log_of_terms(terms, k)), added({f: k}, shift, k)
    return None


def cross_entropy(node: Expr) -> Expr | None:
    """y·log σ(z) + (1 - y)·log σ(-z) = -sigmoid_cross_entropy(z, y)."""
    if not any(_weighted_log(a) for a in node.args):
        return None
    form = linear(node)
    logs = [(atom, k, found) for atom, k in form.items() if atom is not None and (found := _weighted_log(atom))]
    for i, (first, k, (sign, z, weight)) in enumerate(logs):
        for second, m, (other_sign, other_z, other) in logs[i + 1 :]:
            if added(linear(z), linear(other_z)) != {} or k * sign != m * other_sign:
                continue
            if added(linear(weight), linear(other)) != {None: 1.0}:
                continue
            swap = None in linear(weight) and None not in linear(other)
            loss = SIGMOID_CROSS_ENTROPY(other_z if swap else z, _real(other if swap else weight, node))
            rest = added(form, {first: k, second: m}, -1.0)
            loss = scaled(loss, -k * sign)
            return loss if rest == {} else loss + Reader(node).write(rest)
    return None


def weighted_logarithm(node: Expr) -> Expr | None:
    """x·log y, where a stable form of log y is known: it is finite, and 0 times it is 0."""
    x, y = node.args
    found = logarithm(LOG(y)) if node.op.name == "xlogy" else logarithm_of_one_and(LOG1P(y))
    return None if found is None else _real(x, node) * found


def _real(y: Expr, node: Expr) -> Expr:
    return y.astype(node.type.dtype) if y.type.dtype == "bool" else y


def _weighted_log(node: Expr) -> tuple[float, Expr, Expr] | None:
    """(sign, z, weight) of weight·log σ(z), however that is spelled."""
    sign, rest, z = 1.0, [], None
    stack = [node]
    for _ in range(12):
        if not stack:
            break
        n = stack.pop()
        if n.op.name == "negative":
            sign = -sign
            stack.append(n.args[0])
        elif n.op.name == "multiply":
            stack += n.args[::-1]
        elif z is None and n.op.name in ("log_sigmoid", "softplus"):
            z = n.args[0] if n.op.name == "log_sigmoid" else scaled(n.args[0], -1)
            sign = sign if n.op.name == "log_sigmoid" else -sign
        else:
            rest.append((n, 1.0))
    return None if z is None or stack or not rest else (sign, z, powers(rest))


# -- roots of sums of squares -------------------------------------------------------------------------------------


def root(node: Expr) -> Expr | None:
    """√(x² + y²) = hypot(x, y), √Σx² = the norm of x, √x² = |x|: their gradient at 0 is 0."""
    if node.op.name == "power" and number_of(node.args[1]) != 0.5:
        return None
    read = Reader(node)
    total: Expr | None = None
    form = linear(node.args[0])
    if not 0 < len(form) <= 6:
        return None
    for atom, k in form.items():
        length = None if atom is None or k <= 0 else _length(atom, read)
        if length is None:
            return None
        length = scaled(length, k**0.5)
        total = length if total is None else HYPOT(total, length)
    assert atom is not None
    return total if total is None or len(form) > 1 or square_root(atom) is None else ABSOLUTE(total)


def _length(n: Expr, read: Reader) -> Expr | None:
    """x of x², or the Euclidean norm that is the root of a sum or a mean of squares."""
    x = square_root(n)
    if x is not None:
        return x
    if n.op.name not in ("sum", "mean"):
        return None
    x = square_root(n.args[0])
    if x is None or not x.type.is_float:
        return None
    axis, keepdims = n.attrs
    norm = NORM2(x, axis=axis, keepdims=keepdims)
    return norm if n.op.name == "sum" else norm / SQRT(read.count(n))


# -- the pass -----------------------------------------------------------------------------------------------------


class Stable(NamedTuple):
    """One rule: the ops that it is tried at, and of which one must be among the operands (none: any)."""

    name: str
    ops: tuple[str, ...]
    action: Callable[[Expr], Expr | None]
    why: str


RULES: tuple[Stable, ...] = (
    Stable("stable quotient", ("divide", "reciprocal", "power", "multiply"), quotient,
           "exponentials over sums of exponentials, shifted so that none overflows"),
    Stable("softmax", ("exp",), normalised, "what is divided by its sum is a softmax"),
    Stable("stable logarithm", ("log",), logarithm, "the logarithm of exponentials needs none of them"),
    Stable("stable logarithm", ("log1p",), logarithm_of_one_and, "the logarithm of exponentials needs none of them"),
    Stable("stable logarithm", ("xlogy", "xlog1py"), weighted_logarithm, "the logarithm of exponentials needs none"),
    Stable("stable difference", ("add", "subtract"), difference, "a function that is what remains of the difference"),
    Stable("cross-entropy", ("add", "subtract"), cross_entropy, "log p and log(1 - p) of one p = σ(z)"),
    Stable("norm", ("sqrt", "power"), root, "a norm, scaled so that no square overflows or vanishes"),
)
_TABLE: dict[str, list[Stable]] = {}
for _rule in RULES:
    for _op in _rule.ops:
        _TABLE.setdefault(_op, []).append(_rule)


def stabilise(outputs: Iterable[Expr], log: Log | None = None) -> list[Expr]:
    """The outputs in a form that neither overflows nor cancels where the mathematics does not.

    Types and names are kept; where nothing is recognised the very same nodes come back.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> print(*stabilise([G.log(1 + G.exp(x)), G.exp(x) / (G.exp(x) + 1)]))
    softplus(x) sigmoid(x)
    """
    tops = list(outputs)
    order = postorder(tops)
    found = images(tops, order, (), log)
    return tops if found is None else [found[top] for top in tops]


def images(outputs: Sequence[Expr], order: Sequence[Expr], wrt: Iterable[Expr] = (),
           log: Log | None = None) -> dict[Expr, Expr] | None:
    """What each node becomes, `order` being a postorder of the outputs; None when none changes.

    The nodes of `wrt` survive as values of their own: nothing looks through them.
    """
    if not any(node.op.name in UNSTABLE for node in order):
        return None
    barriers = {w for w in wrt if w.op.name not in LEAVES and not isinstance(w.type, TupleType)}
    kept = _kept(order)
    new: dict[Expr, Expr] = {}
    held: dict[Expr, Expr] = {}  # what stands in for a barrier -> what it becomes
    changed = False
    with building() as at:
        for node in order:
            args = node.args
            become = tuple([new[a] for a in args])
            if all(map(is_, become, args)):
                after = node
            else:
                at(node)
                after = node.op.make(become, node.attrs, node.label)
            if node.op.name in _TABLE and node not in kept:
                at(node)
                after = _improved(after, log)
            changed = changed or after is not node
            if node in barriers:
                stand_in = variable(INPUT, f"barrier_{len(held)}_", node.shape, node.type.dtype)
                held[stand_in] = after
                after = stand_in
            new[node] = after
        if not changed:
            return None
        return _released(new, held, order) if held else new


def _improved(node: Expr, log: Log | None) -> Expr:
    """The node after the rules, at most a few in a row, in its type and under its name."""
    for _ in range(3):
        for rule in _TABLE.get(node.op.name, ()):
            found = rule.action(node) if node.type.is_float else None
            if found is None or found is node:
                continue
            after = as_type(found, node)
            if node.label is not None and after.label is None and after.op.name not in LEAVES:
                after = after.named(node.label)
            if log is not None:
                log(Rewrite(rule.name, node, after, rule.why))
            node = after
            break
        else:
            break
    return node


def _kept(order: Sequence[Expr]) -> set[Expr]:
    """The 1 - p of p·(1 - p), as the derivative of p = σ(z) has it: it is as accurate as the product can be
    that uses p again, where σ(-z) would be one more exponential."""
    complements = {n: s for n in order if n.op.name == "subtract" and (s := _sigmoid_of_complement(n)) is not None}
    if not complements:
        return set()
    kept: set[Expr] = set()
    for node in order:
        if node.op.name == "multiply":
            factors = _factors(node)
            kept |= {f for f in factors if f in complements and complements[f] in factors}
    return kept


def _sigmoid_of_complement(n: Expr) -> Expr | None:
    a, b = n.args
    return b if b.op.name == "sigmoid" and number_of(a) == 1 else None


def _factors(node: Expr) -> set[Expr]:
    found: set[Expr] = set()
    stack = [node]
    while stack and len(found) < 8:
        n = stack.pop()
        if n.op.name in ("multiply", "negative"):
            stack += n.args
        else:
            found.add(n)
    return found


def _released(new: dict[Expr, Expr], held: dict[Expr, Expr], order: Sequence[Expr]) -> dict[Expr, Expr]:
    """The images with the barriers in the place of what stood in for them, each under a name that tells it apart
    from whatever has the same value."""
    back: dict[Expr, Expr] = {}
    for stand_in, after in held.items():
        [inner] = replaced([after], back)
        value = inner if inner.args else ASTYPE(inner, dtype=inner.type.dtype)
        back[stand_in] = value.op.make(value.args, value.attrs, stand_in.label)
    nodes = list(dict.fromkeys(new[node] for node in order))
    final = dict(zip(nodes, replaced(nodes, back)))
    return {node: final[new[node]] for node in order}


def replaced(values: Sequence[Expr], by: Mapping[Expr, Expr]) -> list[Expr]:
    """The values with nodes in the place of others."""
    order = postorder(values)
    if not any(node in by for node in order):
        return list(values)
    new: dict[Expr, Expr] = {}
    with building() as at:
        for node in order:
            at(node)
            args = tuple([new[a] for a in node.args])
            same = node if all(map(is_, args, node.args)) else node.op.make(args, node.attrs, node.label)
            new[node] = by[node] if node in by else by.get(same, same)
    return [new[v] for v in values]


def reusing(values: Sequence[Expr], found: Mapping[Expr, Expr], wrt: Iterable[Expr]) -> list[Expr]:
    """Derivatives of a stable graph, in the nodes that were declared: each of `wrt` itself, and a value that the
    graph has under a name, or as a softmax, rather than its twin without one. `found` has the images."""
    by: dict[Expr, Expr] = {found[w]: w for w in wrt if w in found and w.args}
    for node in found.values():
        if node.label is not None and node.args and node not in by:
            by.setdefault(node.op.make(node.args, node.attrs), node)
        if node.op is SOFTMAX:
            by.setdefault(EXP(LOG_SOFTMAX(node.args[0], axis=node.attrs[0])), node)
    return replaced(values, by)
