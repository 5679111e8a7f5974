"""Contractions: Einstein sums, and what they are made of.

An Einstein sum is worked out when it is declared: operands lose their broadcast axes, repeated indices
become diagonals, an index of one operand alone is summed there, and several operands are taken two by two.
What remains of a pair is a product, a matrix product, or a node of EINSUM in normal form: every index of
an operand is in the other operand, in the result, or in both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from string import ascii_letters
from typing import Any

from ..dims import Size, floor_divide, product, size_names, value_of
from ..errors import DTypeError, InputError, ShapeError
from ..formula import ATOM, RELATION, Form
from ..ir import Expr, Op
from ..ir import _blame as blame
from ..types import TensorType, broadcast_number, promote, shape_text
from .elementwise import plus
from .linalg import MATMUL
from .reduction import SUM
from .shaping import RESHAPE, TRANSPOSE

_UNKNOWN = 100  # what a named size counts as, where an order of products has to be chosen


def estimate(size: Size) -> int:
    """A size as a number to compare costs by."""
    return size if isinstance(size, int) else value_of(size, dict.fromkeys(size_names(size), _UNKNOWN))


# -- reading the subscripts -------------------------------------------------------------------------------------------


def parse(subscripts: object, ndims: Sequence[int]) -> tuple[list[str], str]:
    """One string of letters for each operand and one for the result: "...ij,jk" becomes ["aij", "jk"], "aik".

    Raises InputError for what is no Einstein sum, ShapeError where the number of axes differs.
    """
    if not isinstance(subscripts, str):
        raise InputError(f"einsum: the subscripts are a string such as 'ij,jk->ik', got {type(subscripts).__name__}")
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ndims):
        raise InputError(f"einsum: {subscripts[:80]!r} names {len(terms)} operands, got {len(ndims)}")
    for term in (*terms, output):
        plain = term.replace("...", "", 1)
        if not all(c in ascii_letters for c in plain):
            raise InputError(f"einsum: {subscripts[:80]!r}: {term[:40]!r} is more than letters and one '...'")
    used = {c for c in inputs + output if c in ascii_letters}
    hidden = [n - len(term.replace("...", "")) for n, term in zip(ndims, terms)]
    for n, term, free in zip(ndims, terms, hidden):
        if free < 0 or (free and "..." not in term):
            hint = "" if free < 0 else "; add '...' for the others"
            raise ShapeError(f"{term!r} does not describe {n} axes{hint}")
    names = [c for c in ascii_letters if c not in used][: max(hidden)]
    if len(names) < max(hidden):
        raise InputError("einsum: no letter is left for the axes of '...'")
    whole = [t.replace("...", "".join(names[len(names) - free :])) for t, free in zip(terms, hidden)]
    if not arrow:
        letters = "".join(terms).replace(".", "")
        output = "..." * bool(names) + "".join(sorted(c for c in used if letters.count(c) == 1))
    if names and "..." not in output:
        raise ShapeError(f"the result {output!r} of {subscripts[:80]!r} lacks the axes of '...'")
    result = output.replace("...", "".join(names))
    for c in result:
        if result.count(c) > 1 or not any(c in t for t in whole):
            raise InputError(f"einsum: index {c!r} of the result {output!r} must be there once and in an operand")
    return whole, result


def _sizes(args: Sequence[Expr], terms: Sequence[str]) -> dict[str, Size]:
    """The size of each index; an axis of size 1 broadcasts. Raises ShapeError where two sizes differ."""
    sizes: dict[str, Size] = {}
    for x, term in zip(args, terms):
        own: dict[str, Size] = {}
        for c, size in zip(term, x.shape):
            if own.setdefault(c, size) != size:
                raise ShapeError(f"index {c} of {term!r} has sizes {own[c]} and {size} in one operand")
        for c, size in own.items():
            known = sizes.setdefault(c, size)
            if known == 1:
                sizes[c] = size
            elif size != 1 and size != known:
                raise ShapeError(f"index {c} has sizes {known} and {size}")
    return sizes


# -- rows -------------------------------------------------------------------------------------------------------------


def _split(subscripts: str) -> tuple[str, str, str]:
    inputs, _, out = subscripts.partition("->")
    s, _, t = inputs.partition(",")
    return s, t, out


def _einsum_type(a: TensorType, b: TensorType, subscripts: str) -> TensorType:
    s, t, out = _split(subscripts)
    sizes = dict(zip(s + t, a.shape + b.shape))
    return TensorType(tuple(sizes[c] for c in out), promote((a, b))[0])


def _einsum_pullback(g: Expr, y: Expr, a: Expr, b: Expr, subscripts: str) -> tuple[Expr, Expr]:
    """ā_s = Σ ȳ_out b_t and b̄_t = Σ ȳ_out a_s: in normal form, every index of s is in out or in t."""
    s, t, out = _split(subscripts)
    return pair(g, out, b, t, s), pair(g, out, a, s, t)


def _einsum_pushforward(t: Any, y: Expr, a: Expr, b: Expr, subscripts: str) -> Expr | None:
    return plus(None if t[0] is None else EINSUM.make((t[0], b), (subscripts,)),
                None if t[1] is None else EINSUM.make((a, t[1]), (subscripts,)))


def _order(labels: str, wanted: str) -> str:
    """Source that brings axes `labels` into the order `wanted`, after an array: '' where they have it."""
    return "" if labels == wanted else f".transpose({', '.join(str(labels.index(c)) for c in wanted)})"


def _as_matrices(slot: str, labels: str, sizes: Mapping[str, Size], groups: tuple[str, str, str]) -> str:
    """Source of an operand as matrices: its batch axes as they are, its rows in one axis, its columns in one.

    Where columns stand before rows, it is reshaped as it lies and transposed: nothing is copied.
    """
    batch, rows, columns = groups
    swapped = labels == batch + columns + rows != batch + rows + columns
    first, second = (columns, rows) if swapped else (rows, columns)
    text = slot + _order(labels, batch + first + second)
    if len(first) != 1 or len(second) != 1:
        blocks = [product(sizes[c] for c in group) for group in (first, second) if group or batch]
        text = f"np.reshape({text}, {shape_text((*[sizes[c] for c in batch], *blocks))})"
    return text + ".mT" * swapped


def _einsum_numpy(node: Expr) -> str:
    """As a matrix product, which is many times faster than np.einsum; a sum of products alone as a dot product."""
    a, b = node.args
    s, t, out = _split(node.attrs[0])
    sizes = dict(zip(s + t, a.shape + b.shape))
    batch = "".join(c for c in out if c in s and c in t)
    inner = "".join(c for c in s if c in t and c not in out)
    if t.startswith(batch) and t.endswith("".join(c for c in t if c in inner)):
        inner = "".join(c for c in t if c in inner)  # the order in which it lies in b, which then needs no copy
    rows = "".join(c for c in s if c not in t)
    columns = "".join(c for c in t if c not in s)
    if not rows and not columns:
        return _dots(s, t, sizes, batch, inner) + _order(batch, out)
    left = _as_matrices("{0}", s, sizes, (batch, rows, inner))
    right = _as_matrices("{1}", t, sizes, (batch, inner, columns))
    text, found = f"{left} @ {right}", batch + rows + columns
    if len(rows) != 1 or len(columns) != 1:
        text = f"np.reshape({text}, {shape_text(tuple(sizes[c] for c in found))})"
    elif found != out:
        text = f"({text})"
    return text + _order(found, out)


def _dots(s: str, t: str, sizes: Mapping[str, Size], batch: str, inner: str) -> str:
    first, second = "{0}" + _order(s, batch + inner), "{1}" + _order(t, batch + inner)
    if not batch:
        return f"np.vdot({first}, {second})"
    if len(inner) > 1:
        flat = shape_text((*[sizes[c] for c in batch], product(sizes[c] for c in inner)))
        first, second = f"np.reshape({first}, {flat})", f"np.reshape({second}, {flat})"
    return f"np.vecdot({first}, {second})"


def _indexed(node: Expr, i: int, labels: str) -> str:
    """Operand `i` with indices, in LaTeX: a compound one stands in brackets."""
    bare = node.args[i].label is not None
    return (f"{{{{{{{i}}}}}}}" if bare else rf"\left({{{i}}}\right)") + f"_{{{{{labels}}}}}"


def _einsum_form(node: Expr) -> dict[str, str]:
    s, t, out = _split(node.attrs[0])
    inner = "".join(c for c in s if c in t and c not in out)
    total = rf"\sum_{{{{{','.join(inner)}}}}} {_indexed(node, 0, s)} {_indexed(node, 1, t)}"
    latex = rf"\left[{total}\right]_{{{{{out}}}}}" if out else rf"\left({total}\right)"
    return dict.fromkeys(("text", "unicode"), f'einsum("{node.attrs[0]}", {{0}}, {{1}})') | {"latex": latex}


EINSUM: Op = Op(
    "einsum",
    type_of=_einsum_type,
    pullback=_einsum_pullback,
    pushforward=_einsum_pushforward,
    numpy=_einsum_numpy,
    form=Form("?", "?", "?", ATOM, (RELATION, RELATION)),
    form_attrs=_einsum_form,
    attrs=("subscripts",),
    cost=2,
)


def _diagonal_form(node: Expr) -> dict[str, str]:
    labels, _, out = node.attrs[0].partition("->")
    return dict.fromkeys(("text", "unicode"), f'einsum("{node.attrs[0]}", {{0}})') | {
        "latex": rf"\left[{_indexed(node, 0, labels)}\right]_{{{{{out}}}}}"}


def _numbered(subscripts: str) -> str:
    """Subscripts as np.einsum takes them in lists: names of axes in a string could be names of values."""
    labels, _, out = subscripts.partition("->")
    return f"{[out.index(c) for c in labels]}, {list(range(len(out)))}"


def _diagonal_type(x: TensorType, subscripts: str) -> TensorType:
    labels, _, out = subscripts.partition("->")
    sizes = dict(zip(labels, x.shape))
    return TensorType(tuple(sizes[c] for c in out), x.dtype)


TAKE_DIAGONAL: Op = Op(
    # "iij->ij": an index that is there several times runs along the diagonal.
    "take_diagonal",
    type_of=_diagonal_type,
    pullback=lambda g, y, x, subscripts: (PUT_DIAGONAL.make((g,), (subscripts, x.shape)),),
    pushforward=lambda t, y, x, subscripts: TAKE_DIAGONAL.make((t[0],), (subscripts,)),
    numpy=lambda node: f"np.einsum({{0}}, {_numbered(node.attrs[0])})",
    form=Form("?", "?", "?", ATOM, (RELATION,)),
    form_attrs=_diagonal_form,
    attrs=("subscripts",),
    view=True,
    cost=0,
)

PUT_DIAGONAL: Op = Op(
    # Its adjoint: zeros of `shape` with the operand on the diagonal that "iij->ij" takes.
    "put_diagonal",
    type_of=lambda x, subscripts, shape: TensorType(shape, x.dtype),
    pullback=lambda g, y, x, subscripts, shape: (TAKE_DIAGONAL.make((g,), (subscripts,)),),
    pushforward=lambda t, y, x, subscripts, shape: PUT_DIAGONAL.make((t[0],), (subscripts, shape)),
    numpy=lambda node: f"put_diagonal({{0}}, {_numbered(node.attrs[0])}, {shape_text(node.attrs[1])})",
    helper='''\
def put_diagonal(values, axes, kept, shape):
    """Zeros of `shape` with `values` on the diagonal that np.einsum takes by these lists."""
    whole = np.zeros(shape, values.dtype)
    np.einsum(whole, axes, kept)[...] = values
    return whole
''',
    form=Form("put_diagonal({0})", "put_diagonal({0})", r"\operatorname{{diag}}\left({0}\right)", ATOM, (RELATION,)),
    attrs=("subscripts", "shape"),
    cost=1,
)

CROSS: Op = Op(
    # Vectors of three along the last axis. From the triple product: ȳ·(a × b) = a·(b × ȳ) = b·(ȳ × a).
    "cross",
    type_of=broadcast_number,
    pullback=lambda g, y, a, b: (CROSS(b, g), CROSS(g, a)),
    pushforward=lambda t, y, a, b: plus(None if t[0] is None else CROSS(t[0], b),
                                        None if t[1] is None else CROSS(a, t[1])),
    numpy="np.cross({0}, {1})",
    form=Form("cross({0}, {1})", "cross({0}, {1})", r"\left({0} \times {1}\right)", ATOM, (RELATION, RELATION)),
    cost=3,
)


# -- from subscripts to nodes -----------------------------------------------------------------------------------------


def einsum(subscripts: object, args: tuple[Expr, ...]) -> Expr:
    """The Einstein sum of the operands as nodes."""
    try:
        terms, out = parse(subscripts, [x.ndim for x in args])
        sizes = _sizes(args, terms)
        dtype, _ = promote(tuple([x.type for x in args]))
        if dtype == "bool":
            raise DTypeError("needs numbers, got bool; use astype")
    except (ShapeError, DTypeError) as error:
        raise type(error)(blame(EINSUM, args, error)) from None
    numbers = [x.astype(dtype) if x.type.dtype == "bool" else x for x in args]
    factors = [_narrowed(x, term, sizes) for x, term in zip(numbers, terms)]
    return contract(factors, out, sizes, dtype)


def contract(factors: Sequence[tuple[Expr, str]], out: str, sizes: Mapping[str, Size], dtype: str) -> Expr:
    """The sum over every index that is not in `out` of the product of the factors, in the order of `out`."""
    ready = []
    for i, (x, term) in enumerate(factors):
        others = "".join(t for j, (_, t) in enumerate(factors) if j != i) + out
        ready.append(_summed(*_diagonal(x, term), others))
    for i, j in pairs([term for _, term in ready], out, sizes):
        (b, t), (a, s) = ready.pop(j), ready.pop(i)
        rest = "".join(term for _, term in ready) + out
        kept = out if not ready else "".join(c for c in dict.fromkeys(s + t) if c in rest)
        ready.append((pair(a, s, b, t, kept), kept))
    (x, term), = ready
    y = _moved(x, term, out)
    return y if y.type.dtype == dtype else y.astype(dtype)  # a sum of int32 is int64, a sum of products is not


def _narrowed(x: Expr, term: str, sizes: Mapping[str, Size]) -> tuple[Expr, str]:
    """The operand without the axes along which it is broadcast."""
    kept = [i for i, c in enumerate(term) if x.shape[i] != 1 or sizes[c] == 1]
    if len(kept) < len(term):
        x = RESHAPE(x, shape=tuple(x.shape[i] for i in kept))
    return x, "".join(term[i] for i in kept)


def _diagonal(x: Expr, term: str) -> tuple[Expr, str]:
    once = "".join(dict.fromkeys(term))
    return (x, term) if once == term else (TAKE_DIAGONAL.make((x,), (f"{term}->{once}",)), once)


def _summed(x: Expr, term: str, others: str) -> tuple[Expr, str]:
    axes = tuple(i for i, c in enumerate(term) if c not in others)
    return (SUM(x, axis=axes) if axes else x), "".join(c for c in term if c in others)


def _moved(x: Expr, labels: str, wanted: str) -> Expr:
    return x if labels == wanted else TRANSPOSE(x, axes=tuple(labels.index(c) for c in wanted))


def pair(a: Expr, s: str, b: Expr, t: str, out: str) -> Expr:
    """Σ a_s b_t with the indices `out`: a product, a matrix product with transposes, or else EINSUM.

    No index is twice in an operand, and each is in the other operand or in the result.
    """
    if not any(c in t and c not in out for c in s):
        return _product(a, s, b, t, out)
    tries = [(flip_a + flip_b, swap, flip_a, flip_b) for swap in (0, 1) for flip_a in (0, 1) for flip_b in (0, 1)
             if flip_a * 2 <= len(s) and flip_b * 2 <= len(t)]
    for _, swap, flip_a, flip_b in sorted(tries):
        left, right = _flipped(s, flip_a), _flipped(t, flip_b)
        if _matmul_labels(*((right, left) if swap else (left, right))) == out:
            x, y = a.mT if flip_a else a, b.mT if flip_b else b
            return MATMUL(y, x) if swap else MATMUL(x, y)
    return EINSUM.make((a, b), (f"{s},{t}->{out}",))


def _flipped(labels: str, flip: int) -> str:
    return labels[:-2] + labels[:-3:-1] if flip else labels


def _matmul_labels(s: str, t: str) -> str | None:
    """The indices of `a @ b`, None where that is no sum over one index."""
    if not s or not t or s[-1] != (t if len(t) == 1 else t[-2:])[0]:
        return None
    short, long = sorted((s[:-2], t[:-2]), key=len)
    return long + s[-2:-1] + t[-1:] * (len(t) > 1) if long.endswith(short) else None


def _product(a: Expr, s: str, b: Expr, t: str, out: str) -> Expr:
    """a_s b_t with no sum: each operand gets axes of size 1 for the indices of the other."""
    return _aligned(a, s, out) * _aligned(b, t, out)


def _aligned(x: Expr, labels: str, out: str) -> Expr:
    order = [c for c in out if c in labels]
    x = _moved(x, labels, "".join(order))
    sizes = dict(zip(order, x.shape))
    needed = out[out.index(order[0]):] if order else ""  # leading axes of size 1 come by themselves
    return x if len(needed) == x.ndim else RESHAPE(x, shape=tuple(sizes.get(c, 1) for c in needed))


# -- which two first --------------------------------------------------------------------------------------------------


def pairs(terms: Sequence[str], out: str, sizes: Mapping[str, Size]) -> list[tuple[int, int]]:
    """Positions i < j to take together, one pair after the other; each result goes to the end of the list.

    Of up to six operands, the order of fewest multiplications; of more, the pair that shrinks the most first.
    """
    length = {c: estimate(sizes[c]) for term in terms for c in term}
    return _best(terms, out, length) if len(terms) <= 6 else _greedy(terms, out, length)


def _work(labels: str, length: Mapping[str, int]) -> int:
    return prod(length[c] for c in set(labels))


def _best(terms: Sequence[str], out: str, length: Mapping[str, int]) -> list[tuple[int, int]]:
    """Dynamic programming over the subsets of the operands: least(S) = min over splits S = A + B."""
    count = len(terms)
    held = {1 << i: term for i, term in enumerate(terms)}
    least: dict[int, tuple[int, int]] = {1 << i: (0, 0) for i in range(count)}  # work, one half of the best split
    for whole in range(1, 1 << count):
        if whole in held:
            continue
        outside = "".join(t for i, t in enumerate(terms) if not whole >> i & 1) + out
        inside = "".join(t for i, t in enumerate(terms) if whole >> i & 1)
        held[whole] = "".join(c for c in dict.fromkeys(inside) if c in outside)
        splits = []
        half = (whole - 1) & whole
        while half > whole - half:
            done = least[half][0] + least[whole - half][0]
            splits.append((done + _work(held[half] + held[whole - half], length), half))
            half = (half - 1) & whole
        least[whole] = min(splits)
    return _unfolded(least, count)


def _unfolded(least: Mapping[int, tuple[int, int]], count: int) -> list[tuple[int, int]]:
    """The splits of the whole as pairs of positions, innermost first."""
    splits, stack = [], [(1 << count) - 1]
    while stack:
        whole = stack.pop()
        half = least[whole][1]
        if half:
            splits.append((half, whole - half))
            stack += [half, whole - half]
    places, found = [1 << i for i in range(count)], []
    for a, b in reversed(splits):
        i, j = sorted((places.index(a), places.index(b)))
        places = [p for p in places if p not in (a, b)] + [a + b]
        found.append((i, j))
    return found


def _greedy(terms: Sequence[str], out: str, length: Mapping[str, int]) -> list[tuple[int, int]]:
    left, found = list(terms), []
    while len(left) > 1:
        choices = []
        for j in range(len(left)):
            for i in range(j):
                rest = "".join(t for k, t in enumerate(left) if k not in (i, j)) + out
                kept = "".join(c for c in dict.fromkeys(left[i] + left[j]) if c in rest)
                apart = not set(left[i]) & set(left[j])
                growth = _work(kept, length) - _work(left[i], length) - _work(left[j], length)
                choices.append((apart, growth, _work(left[i] + left[j], length), i, j, kept))
        *_, i, j, kept = min(choices)
        found.append((i, j))
        left = [t for k, t in enumerate(left) if k not in (i, j)] + [kept]
    return found


# -- what they cost ---------------------------------------------------------------------------------------------------


def multiply_adds(node: Expr) -> Size | None:
    """The multiplications with an addition that a product, an Einstein sum or a decomposition takes; None for others.

    Decompositions are counted by their terms of third order, as in G. Golub and C. Van Loan, "Matrix
    Computations", whose flops are two to a multiply-add.

    >>> import graphc as G
    >>> multiply_adds(G.input("x", "N", 784) @ G.param("W", 784, 10))
    7840*N
    """
    if node.op.name == "matmul":
        return node.size * node.args[0].shape[-1]
    if node.op.name == "einsum":
        s, t, _ = _split(node.attrs[0])
        return product(dict(zip(s + t, node.args[0].shape + node.args[1].shape)).values())
    if node.op.name == "cross":
        return 2 * node.size
    if node.op.name in _CUBIC:
        batch, (m, n) = node.args[0].shape[:-2], node.args[0].shape[-2:]
        long, short = (n, m) if estimate(m) < estimate(n) else (m, n)
        return product(batch) * floor_divide(_CUBIC[node.op.name](long, short), 6)
    if node.op.name == "solve":
        n, columns = node.args[0].shape[-1], node.args[1].shape[-1] if node.args[1].ndim > 1 else 1
        batch = node.shape[:-1] if node.args[1].ndim == 1 else node.shape[:-2]
        return product(batch) * (floor_divide(n * n * n, 3) + n * n * columns)
    return None


# Six times the count, for m by n matrices with m >= n.
_CUBIC: dict[str, Callable[[Size, Size], Size]] = {
    "inv": lambda m, n: 6 * n * n * n,
    "det": lambda m, n: 2 * n * n * n,
    "slogdet": lambda m, n: 2 * n * n * n,
    "cholesky": lambda m, n: n * n * n,
    "qr": lambda m, n: 12 * m * n * n - 4 * n * n * n,  # Householder's reflections, then Q from them
    "eigh": lambda m, n: 27 * n * n * n,
    "eigvalsh": lambda m, n: 4 * n * n * n,
    "svd": lambda m, n: 18 * m * n * n + 33 * n * n * n,
    "svdvals": lambda m, n: 6 * m * n * n + 6 * n * n * n,
    "pinv": lambda m, n: 24 * m * n * n + 33 * n * n * n,  # singular values, then V S⁻¹ Uᵀ
    "lstsq": lambda m, n: 18 * m * n * n + 33 * n * n * n,
    "cofactor": lambda m, n: 8 * n * n * n,  # a determinant and an inverse
    "cofactor_slope": lambda m, n: 85 * n * n * n,
}
