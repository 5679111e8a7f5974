"""The rewrite rules, as a table: what is matched, what it becomes, why that is valid, and under which assumption.

A right side is a pattern, or a function of the matched node that gives a node, or None to decline.
The engine restores the type of the node that is replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .dims import product
from .ir import LEAVES, OPS, Expr, lift, size_node
from .ops.elementwise import ASTYPE, MULTIPLY, SQUARE, WHERE
from .ops.linalg import MATMUL
from .ops.reduction import SUM
from .ops.shaping import BROADCAST_TO, RESHAPE, TRANSPOSE
from .ops.softmax import SOFTMAX
from .patterns import Pattern, call, is_number, operand_ops, variables
from .signs import sign_of
from .sums import NORMALISED, mean_of_terms, sum_of_terms
from .types import reduced

Action = Callable[[Expr], "Expr | None"]


@dataclass(frozen=True)
class Rule:
    """One rewrite. `left` is a pattern, or the name of the op whose nodes `right` is tried on.

    `among` has ops of which one must be among the operands for `right` to be tried at all; a pattern knows its own.
    """

    name: str
    left: Pattern | str
    right: Pattern | Action
    why: str
    assumes: str = ""
    among: tuple[str, ...] = ()

    @property
    def op(self) -> str:
        return self.left if isinstance(self.left, str) else self.left.op

    @property
    def operand_ops(self) -> frozenset[str]:
        return frozenset(self.among) if isinstance(self.left, str) else operand_ops(self.left)


x, y, z = variables("x y z")


# -- rules that need more than a pattern: shapes, axes, constants -----------------------------------------------

_FOLD = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.true_divide, "negative": np.negative,
    "square": np.square,
}  # fmt: skip


def fold_constants(node: Expr) -> Expr | None:
    """Arithmetic on constants of at most 16 elements, where the result is finite."""
    if not all(a.op.name == "const" and a.label is None for a in node.args) or node.type.dtype == "bool":
        return None
    values = [a.attrs[0].value for a in node.args]
    if max(v.size for v in values) > 16:
        return None
    with np.errstate(all="ignore"):
        result = np.asarray(_FOLD[node.op.name](*[v.astype(node.type.dtype) for v in values]), node.type.dtype)
    if not np.all(np.isfinite(result)):
        return None
    return lift(result.item() if node.type.weak else result)


def _weak(value: float, node: Expr) -> Expr:
    return lift(value) if node.type.weak or node.type.ndim else lift(node.dtype.type(value))


def to_zero(node: Expr) -> Expr | None:
    """x * 0, 0 * x or 0 / x."""
    at = [is_number(a, 0) for a in node.args]
    return _weak(0, node) if at[0] or (at[1] and node.op.name == "multiply") else None


def flatten_transposes(node: Expr) -> Expr | None:
    """(xᵀ)ᵀ = x, and any two permutations are one; a permutation that moves nothing goes."""
    inner, order = node.args[0], node.attrs[0]
    if order == tuple(range(node.ndim)):
        return inner
    if inner.op.name != "transpose":
        return None
    return TRANSPOSE(inner.args[0], axes=tuple(inner.attrs[0][i] for i in order))


def flatten_reshapes(node: Expr) -> Expr | None:
    """A reshape of a reshape is one; a reshape to the same shape goes; a repeated scalar has any shape."""
    inner = node.args[0]
    if inner.shape == node.shape:
        return inner
    if inner.op.name == "broadcast_to" and inner.args[0].ndim == 0:
        return BROADCAST_TO(inner.args[0], shape=node.shape)
    return RESHAPE(inner.args[0], shape=node.shape) if inner.op.name == "reshape" else None


def flatten_broadcasts(node: Expr) -> Expr | None:
    """A broadcast of a broadcast is one; a broadcast to the same shape goes; so does a reshape under it
    that only adds leading axes of size 1."""
    inner = node.args[0]
    if inner.shape == node.shape:
        return inner
    if inner.op.name == "broadcast_to" or _adds_leading_ones(inner):
        return BROADCAST_TO(inner.args[0], shape=node.shape)
    return None


def _adds_leading_ones(node: Expr) -> bool:
    if node.op.name != "reshape":
        return False
    extra = node.ndim - node.args[0].ndim
    return extra >= 0 and node.shape == (1,) * extra + node.args[0].shape


def same_dtype(node: Expr) -> Expr | None:
    """A cast to the dtype that the value has; a number is cast here and now."""
    inner = node.args[0]
    if inner.op.name == "const" and inner.label is None and not inner.ndim:
        return lift(inner.attrs[0].value.astype(node.dtype)[()])
    return inner if inner.type is node.type else None


def absorb_broadcast(node: Expr) -> Expr | None:
    """An operand need not be broadcast beforehand when the other operands broadcast it as well."""
    for i, arg in enumerate(node.args):
        if arg.op.name == "broadcast_to" or _adds_leading_ones(arg):
            args = (*node.args[:i], arg.args[0], *node.args[i + 1 :])
            if args[i].type.dtype == arg.type.dtype and _same_type(node, args):
                return node.op.make(args, node.attrs)
    return None


def _same_type(node: Expr, args: tuple[Expr, ...]) -> bool:
    return node.op.type_of(*[a.type for a in args], **node.op.named_attrs(node)) is node.type


def sum_of_broadcast(node: Expr) -> Expr | None:
    """A sum over an axis along which the value was repeated n times is n times the value."""
    inner, (axis, keepdims) = node.args[0], node.attrs
    if inner.op.name != "broadcast_to" or not axis:
        return None
    source, extra = inner.args[0], inner.ndim - inner.args[0].ndim
    repeated = [i for i in axis if i < extra or (source.shape[i - extra] == 1 and inner.shape[i] != 1)]
    if not repeated:
        return None
    kept = tuple(i - extra for i in axis if i not in repeated)
    total = SUM(source, axis=kept, keepdims=True) if kept else source
    total = RESHAPE(total, shape=(1,) * extra + total.shape)
    total = BROADCAST_TO(total, shape=tuple(1 if i in axis else s for i, s in enumerate(inner.shape)))
    count = size_node(product(inner.shape[i] for i in repeated))
    return RESHAPE(total, shape=reduced(inner.shape, axis, keepdims)) * count


def sum_over_nothing(node: Expr) -> Expr | None:
    """A sum over no axis, or over axes of size 1 only."""
    inner, (axis, _) = node.args[0], node.attrs
    if any(inner.shape[i] != 1 for i in axis):
        return None
    return RESHAPE(inner, shape=node.shape)


def sum_of_sum(node: Expr) -> Expr | None:
    """Two sums over different axes are one sum."""
    inner, (axis, keepdims) = node.args[0], node.attrs
    if inner.op.name != "sum" or keepdims or inner.attrs[1]:
        return None
    left = [i for i in range(inner.args[0].ndim) if i not in inner.attrs[0]]
    return SUM(inner.args[0], axis=(*inner.attrs[0], *(left[i] for i in axis)))


def scalars_first(node: Expr) -> Expr | None:
    """s·(t·X) = (s·t)·X for scalars s and t and a tensor X: one pass over X instead of two.

    Two numbers are left to `numbers_first`, which looks at their product.
    """
    for s, rest in (node.args, node.args[::-1]):
        if s.ndim == 0 and rest.op.name == "multiply" and rest.ndim and rest.label is None:
            for t, tensor in (rest.args, rest.args[::-1]):
                numbers = s.op.name == t.op.name == "const"
                if t.ndim == 0 and tensor.ndim and s.type.is_float >= t.type.is_float and not numbers:
                    return MULTIPLY(MULTIPLY(s, t), tensor)
    return None


def numbers_first(node: Expr) -> Expr | None:
    """a·(b·x) = (a·b)·x for numbers a and b whose product is exact enough to stand for both."""
    for a, rest in (node.args, node.args[::-1]):
        if _plain(a) and rest.op.name == "multiply" and rest.label is None:
            for b, other in (rest.args, rest.args[::-1]):
                if _plain(b):
                    merged = float(a.attrs[0].value) * float(b.attrs[0].value)
                    if 1e-100 < abs(merged) < 1e100:
                        return lift(int(merged) if merged == int(merged) else merged) * other
    return None


def _plain(node: Expr) -> bool:
    return node.op.name == "const" and node.label is None and node.type.weak and node.type.dtype != "bool"


def factor_out(node: Expr) -> Expr | None:
    """a·b ± a·c = a·(b ± c), for a computed factor that is the same node in both products.

    A factor that is an input stays: w·x + w·y is how the model was written. Where b and c share a
    factor again nothing is done, so that a long sum costs one try a term.
    """
    common = _common(*node.args)
    if common is None:
        return None
    a, b, c = common
    if a.op.name in LEAVES or (b.op.name == c.op.name == "const") or _common(b, c) is not None:
        return None
    return a * node.op(*[ASTYPE(r, dtype=node.type.dtype) if r.type.dtype == "bool" else r for r in (b, c)])


def _common(left: Expr, right: Expr) -> tuple[Expr, Expr, Expr] | None:
    """A factor of both products, and what is left of each."""
    p, q = _factors(left), _factors(right)
    if len(p) == len(q) == 2:
        for i, a in enumerate(p):
            for j, b in enumerate(q):
                if a is b and a.op.name != "const":
                    return a, p[1 - i], q[1 - j]
    return None


def _factors(node: Expr) -> tuple[Expr, ...]:
    return node.args if node.op.name == "multiply" and node.label is None else (node,)


def count_terms(node: Expr) -> Expr | None:
    """m·x + n·x = (m + n)·x for numbers m and n, which are 1 when not written."""
    (m, a), (n, b) = (_multiple(arg) for arg in node.args)
    if a is not b or a.op.name == "const":
        return None
    total = m + n if node.op.name == "add" else m - n
    return lift(int(total) if total == int(total) else total) * a


def _multiple(node: Expr) -> tuple[float, Expr]:
    if node.op.name == "multiply" and node.label is None:
        for c, other in (node.args, node.args[::-1]):
            if _plain(c):
                return float(c.attrs[0].value), other
    return 1.0, node


def whole_slice(node: Expr) -> Expr | None:
    """A slice that takes everything."""
    inner = node.args[0]
    whole = all(e == (0, s, 1) for e, s in zip(node.attrs[0], inner.shape))
    return inner if whole and node.shape == inner.shape else None


def single_piece(node: Expr) -> Expr | None:
    """A concatenation of one value."""
    return node.args[0] if len(node.args) == 1 else None


def transpose_of_product(node: Expr) -> Expr | None:
    """(A B)ᵀ = Bᵀ Aᵀ, where one of the two is a transpose already: fewer of them are left."""
    inner = node.args[0]
    matrices = inner.op.name == "matmul" and inner.ndim == 2 and inner.label is None
    if not matrices or node.attrs[0] != (1, 0) or not any(a.op.name == "transpose" and a.ndim == 2 for a in inner.args):
        return None
    a, b = inner.args
    return MATMUL(TRANSPOSE(b, axes=None), TRANSPOSE(a, axes=None)) if a.ndim == b.ndim == 2 else None


def before_broadcast(node: Expr) -> Expr | None:
    """f(broadcast(x)) = broadcast(f(x)): an elementwise operation on the fewer elements."""
    inner = node.args[0]
    if inner.op.name != "broadcast_to" or inner.label is not None:
        return None
    return BROADCAST_TO(node.op.make((inner.args[0],), node.attrs), shape=node.shape)


def both_before_broadcast(node: Expr) -> Expr | None:
    """f(broadcast(x), broadcast(y)) = broadcast(f(x, y)), where x and y together have fewer axes that are not 1."""
    if not all(a.ndim == 0 or (a.op.name == "broadcast_to" and a.label is None) for a in node.args):
        return None
    inner = [a if a.ndim == 0 else a.args[0] for a in node.args]
    result = node.op.make(tuple(inner), node.attrs)
    return BROADCAST_TO(result, shape=node.shape) if result.shape != node.shape else None


def exp_of_log_softmax(node: Expr) -> Expr | None:
    """exp(log_softmax(x)) = softmax(x)."""
    inner = node.args[0]
    return SOFTMAX(inner.args[0], axis=inner.attrs[0]) if inner.op.name == "log_softmax" else None


def scalar_reciprocal(node: Expr) -> Expr | None:
    """(1/s)·x = x/s for a scalar s: one operation fewer, and one rounding."""
    for r, rest in (node.args, node.args[::-1]):
        if r.op.name == "divide" and r.label is None and r.ndim == 0 and is_number(r.args[0], 1) and rest.type.is_float:
            return rest / r.args[1]
    return None


def unguarded(node: Expr) -> Expr | None:
    """A guarded division by what cannot be 0 is a division."""
    a, b = node.args
    return a / b if sign_of(b) == "positive" else None


def negative_numerator(node: Expr) -> Expr | None:
    """(-c)/x = -(c/x) for a number -c."""
    c, x = node.args
    if c.op.name != "const" or c.label is not None or c.ndim or not c.type.is_float | c.type.weak:
        return None
    value = c.attrs[0].value
    return -(lift(-value.item() if c.type.weak else -value[()]) / x) if value < 0 else None


def item_of_tuple(node: Expr) -> Expr | None:
    """One of several values that were put together as one."""
    inner = node.args[0]
    return inner.args[node.attrs[0]] if inner.op.name == "tuple" else None


def known_condition(node: Expr) -> Expr | None:
    """A condition that is a constant."""
    condition = node.args[0]
    if condition.op.name != "const" or condition.attrs[0].value.size != 1:
        return None
    return node.args[1] if condition.attrs[0].value.item() else node.args[2]


def known_branch(node: Expr) -> Expr | None:
    """Where c holds, where(c, a, b) is a; where it does not, b. The inner selection may stand in an elementwise op."""
    condition, *branches = node.args
    chosen = [_take(branch, condition, i) for i, branch in enumerate(branches, 1)]
    if all(new is old for new, old in zip(chosen, branches)):
        return None
    return WHERE(condition, *chosen)


def _take(branch: Expr, condition: Expr, i: int) -> Expr:
    """`branch` with each where on `condition` that it is, or has as an operand, replaced by that one's operand `i`."""
    if branch.label is not None or not branch.op.elementwise:
        return branch
    if branch.op is WHERE:
        return branch.args[i] if branch.args[0] is condition and branch.args[i].shape == branch.shape else branch
    args = [a.args[i] if _selects(a, condition) and a.args[i].shape == a.shape else a for a in branch.args]
    if all(new is old for new, old in zip(args, branch.args)):
        return branch
    return branch.op.make(tuple(args), branch.attrs)


def _selects(node: Expr, condition: Expr) -> bool:
    return node.op is WHERE and node.args[0] is condition and node.label is None


def square_of_power(node: Expr) -> Expr | None:
    """x**2 = x·x and x**1 = x."""
    return SQUARE(node.args[0]) if is_number(node.args[1], 2) else None


_LINEAR = ("add", "subtract", "negative", "multiply", "divide", "safe_divide", *sorted(NORMALISED))
_ELEMENTWISE = sorted(op.name for op in OPS.complete().values()
                      if op.elementwise and op.name not in ("astype", "stop_gradient"))

RULES: tuple[Rule, ...] = (
    *[Rule("constant folding", op, fold_constants, "arithmetic on numbers", among=("const",)) for op in _FOLD],
    Rule("zero", "multiply", to_zero, "0·x = 0", "x is finite"),
    Rule("zero", "divide", to_zero, "0/x = 0", "x is finite and not 0"),
    Rule("zero", "safe_divide", to_zero, "0/x = 0 by its definition"),
    Rule("guard", "safe_divide", unguarded, "the denominator is positive as it is made"),
    Rule("one", x * 1, x, "1 is the unit of multiplication"),
    Rule("one", x / 1, x, "1 is the unit of division"),
    Rule("one", call("safe_divide", x, 1), x, "1 is the unit of division"),
    Rule("zero", x + 0, x, "0 is the unit of addition"),
    Rule("zero", x - 0, x, "0 is the unit of subtraction"),
    Rule("zero", 0 - x, -x, "0 - x = -x"),
    Rule("minus one", x * -1, -x, "(-1)·x = -x"),
    Rule("double negation", -(-x), x, "-(-x) = x"),  # noqa: B002
    Rule("difference of equals", x - x, call("multiply", 0, x), "x - x = 0·x"),
    Rule("sign", x + -y, x - y, "adding -y is subtracting y"),
    Rule("sign", x - -y, x + y, "subtracting -y is adding y"),
    Rule("sign", -x * y, -(x * y), "a sign moves out of a product"),
    Rule("sign", -x / y, -(x / y), "a sign moves out of a quotient"),
    Rule("sign", "divide", negative_numerator, "a sign moves out of a quotient", among=("const",)),
    Rule("sign", x / -y, -(x / y), "a sign moves out of a quotient"),
    Rule("sign", -(x - y), y - x, "-(x - y) = y - x"),
    Rule("sign", call("square", -x), call("square", x), "(-x)² = x²"),
    Rule("cancel", x / y * y, x, "y/y = 1", "y is finite and not 0"),
    Rule("cancel", x * y / y, x, "y/y = 1", "y is finite and not 0, and x·y in range"),
    Rule("cancel", x / x, Pattern(number=1.0), "x/x = 1", "x is finite and not 0"),
    Rule("square", x * x, call("square", x), "x·x = x²"),
    Rule("power", x**1, x, "x¹ = x"),
    Rule("power", "power", square_of_power, "x² by one multiplication"),
    Rule("count terms", "add", count_terms, "m·x + n·x = (m + n)·x"),
    Rule("count terms", "subtract", count_terms, "m·x - n·x = (m - n)·x", "x is finite"),
    Rule("common factor", "add", factor_out, "a·b + a·c = a·(b + c)", "b + c does not overflow", ("multiply",)),
    Rule("common factor", "subtract", factor_out, "a·b - a·c = a·(b - c)", "b - c does not overflow", ("multiply",)),
    Rule("numbers first", "multiply", numbers_first, "multiplication is associative", among=("multiply",)),
    Rule("scalars first", "multiply", scalars_first, "multiplication is associative", "s·t is in range", ("multiply",)),
    Rule("idempotent", call("relu", call("relu", x)), call("relu", x), "relu is idempotent"),
    Rule("idempotent", call("absolute", call("absolute", x)), call("absolute", x), "||x|| = |x|"),
    Rule("idempotent", call("maximum", x, x), x, "max(x, x) = x"),
    Rule("idempotent", call("minimum", x, x), x, "min(x, x) = x"),
    Rule("inverse", call("log", call("exp", x)), x, "log(exp(x)) = x", "no overflow on the way, which this avoids"),
    Rule("same branches", call("where", z, x, x), x, "both branches are x"),
    Rule("known condition", "where", known_condition, "the condition is a constant"),
    Rule("known branch", "where", known_branch, "under a condition, the same condition selects the same branch"),
    Rule("transpose of a product", "transpose", transpose_of_product, "(A B)ᵀ = Bᵀ Aᵀ", among=("matmul",)),
    Rule("exp of log_softmax", "exp", exp_of_log_softmax, "exp(log(p)) = p", among=("log_softmax",)),
    Rule("reciprocal", "multiply", scalar_reciprocal, "(1/s)·x = x/s", among=("divide",)),
    Rule("transposes", "transpose", flatten_transposes, "permutations compose"),
    Rule("reshapes", "reshape", flatten_reshapes, "the elements stay in order"),
    Rule("broadcasts", "broadcast_to", flatten_broadcasts, "broadcasting composes"),
    Rule("cast", "astype", same_dtype, "the dtype is that already"),
    Rule("slice", "getitem", whole_slice, "it takes every element"),
    Rule("item", "item", item_of_tuple, "the value is known by itself", among=("tuple",)),
    Rule("concatenation", "concatenate", single_piece, "there is one piece"),
    Rule("sum of a broadcast", "sum", sum_of_broadcast, "n equal terms add to n times one of them"),
    Rule("sum over nothing", "sum", sum_over_nothing, "there is one term"),
    Rule("sum of terms", "sum", sum_of_terms, "a sum is linear; equal and opposite terms go", "terms are finite",
         _LINEAR),
    Rule("mean of terms", "mean", mean_of_terms, "a mean is linear; equal and opposite terms go", "terms are finite",
         _LINEAR),
    Rule("sums", "sum", sum_of_sum, "addition is associative and commutative"),
    *[Rule("before a broadcast", op, before_broadcast, "the same operation on every element", among=("broadcast_to",))
      for op in _ELEMENTWISE if len(OPS[op].form.needs) == 1],
    *[Rule("before a broadcast", op, both_before_broadcast, "the same operation on every element",
           among=("broadcast_to",)) for op in ("add", "subtract", "multiply", "divide")],
    *[Rule("implicit broadcast", op, absorb_broadcast, "the op broadcasts by itself", among=("broadcast_to", "reshape"))
      for op in _ELEMENTWISE],
)
