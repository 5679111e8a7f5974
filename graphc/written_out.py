"""The functions that emitted code calls, written out in simple steps: for the fast style, which then shares and reuses.

`softmax(z)` and `log_softmax(z)` have their exponentials in common, and each step can write into given memory. A part
is (spelling, operands, type, ufunc, alias): "%0" is the result of the first part, and an empty type is the node's own.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, nan
from typing import Any, TypeAlias

from .ir import Expr
from .types import TensorType, reduced

Part: TypeAlias = "tuple[str, tuple[str, ...], str, str, bool]"


def _ufunc(name: str, *args: str, type_: str = "") -> Part:
    fields = ", ".join(f"{{{i}}}" for i in range(len(args)))
    infix = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}.get(name)
    return f"{{0}} {infix} {{1}}" if infix else f"np.{name}({fields})", args, type_, f"np.{name}", False


def _sigmoid(node: Expr, x: str) -> list[Part]:
    """1/(1 + exp(-x)): exp overflows on its way to 1/inf, which is 0, so that is done where nothing warns."""
    return [_ufunc("negative", x), _ufunc("exp", "%0"), _ufunc("add", "%1", "1.0"), _ufunc("divide", "1.0", "%2")]


def _softplus(node: Expr, x: str) -> list[Part]:
    """log(1 + e) with e = exp(min(x, 40)), and x where that is more: beyond 40 they are equal.

    Nothing overflows, and the slope of softplus is e/(1 + e), with the same e.
    """
    return [_ufunc("minimum", x, "40.0"), _ufunc("exp", "%0"), _ufunc("log1p", "%1"), _ufunc("maximum", "%2", x)]


def _exponentials_at(x: str) -> list[Part]:
    """m = exp(min(x, 0)) and q = exp(-max(x, 0)), so that e^x is m/q, and neither overflows."""
    return [_ufunc("minimum", x, "0.0"), _ufunc("exp", "%0"), _ufunc("maximum", x, "0.0"), _ufunc("negative", "%2"),
            _ufunc("exp", "%3")]


def _silu(node: Expr, x: str) -> list[Part]:
    """x·m/(m + q)."""
    return [*_exponentials_at(x), _ufunc("add", "%1", "%4"), _ufunc("divide", "%1", "%5"), _ufunc("multiply", x, "%6")]


def _mish(node: Expr, x: str) -> list[Part]:
    """x·t/(t + 2q²) for t = m(m + 2q)."""
    return [*_exponentials_at(x), _ufunc("multiply", "%4", "2.0"), _ufunc("add", "%1", "%5"),
            _ufunc("multiply", "%1", "%6"), _ufunc("multiply", "%5", "%4"), _ufunc("add", "%7", "%8"),
            _ufunc("divide", "%7", "%9"), _ufunc("multiply", x, "%10")]


def _elu(node: Expr, x: str, a: str) -> list[Part]:
    """max(x, 0) + α·expm1(min(x, 0)), of which one is 0; for a number α."""
    alpha = _number(node.args[1])
    if not isfinite(alpha):
        return []
    left = [_ufunc("minimum", x, "0.0"), _ufunc("expm1", "%0")] + ([_ufunc("multiply", "%1", a)] if alpha != 1 else [])
    return [*left, _ufunc("maximum", x, "0.0"), _ufunc("add", f"%{len(left)}", f"%{len(left) - 1}")]


def _leaky_relu(node: Expr, x: str, a: str) -> list[Part]:
    """max(x, ax), where a is a number above 0 and at most 1."""
    slope = _number(node.args[1])
    return [_ufunc("multiply", x, a), _ufunc("maximum", x, "%0")] if 0 < slope <= 1 else []


def _number(node: Expr) -> float:
    return float(node.attrs[0].value) if node.op.name == "const" and not node.shape else nan


def _gelu(node: Expr, x: str) -> list[Part]:
    """x·Φ(x): the derivative needs Φ(x) as well, which is long."""
    return [("ndtr({0})", (x,), "", "", False), _ufunc("multiply", x, "%0")]


_A, _B = 1.5957691216057308, 1.5957691216057308 * 0.044715  # u = Ax + Bx³


def _gelu_start(node: Expr, x: str) -> list[Part]:
    """x between -40 and 10 (beyond, the logistic function of u is 0 or 1), its square, u, e^u, 1 + e^u."""
    return [_ufunc("maximum", x, "-40.0"), _ufunc("minimum", "%0", "10.0"), _ufunc("multiply", "%1", "%1"),
            _ufunc("multiply", "%2", repr(_B)), _ufunc("add", "%3", repr(_A)), _ufunc("multiply", "%4", "%1"),
            _ufunc("exp", "%5"), _ufunc("add", "%6", "1.0"), _ufunc("divide", "%6", "%7")]


def _gelu_tanh(node: Expr, x: str) -> list[Part]:
    return [*_gelu_start(node, x), _ufunc("multiply", x, "%8")]


def _gelu_tanh_slope(node: Expr, x: str) -> list[Part]:
    """s + x·u'·s·(1 - s), where 1 - s is 1/(1 + e^u)."""
    return [*_gelu_start(node, x), _ufunc("divide", "1.0", "%7"), _ufunc("multiply", "%2", repr(3 * _B)),
            _ufunc("add", "%10", repr(_A)), _ufunc("multiply", "%11", "%1"), _ufunc("multiply", "%12", "%9"),
            _ufunc("multiply", "%13", "%8"), _ufunc("add", "%14", "%8")]


def _narrow(node: Expr, axis: int, keepdims: bool = True) -> str:
    return str(TensorType(reduced(node.args[0].shape, (axis,), keepdims), node.type.dtype))


def _exponentials(node: Expr, x: str, axis: int) -> list[Part]:
    """The maximum, what is left of x below it, its exponential, and the sum of these."""
    narrow, wide = _narrow(node, axis), str(node.args[0].type)
    return [(f"np.max({{0}}, axis={axis}, keepdims=True, initial=-np.inf)", (x,), narrow, "", False),
            _ufunc("subtract", x, "%0", type_=wide), _ufunc("exp", "%1", type_=wide),
            (f"np.sum({{0}}, axis={axis}, keepdims=True)", ("%2",), narrow, "", False)]


def _softmax(node: Expr, x: str) -> list[Part]:
    return [*_exponentials(node, x, node.attrs[0]), _ufunc("divide", "%2", "%3")]


def _log_softmax(node: Expr, x: str) -> list[Part]:
    return [*_exponentials(node, x, node.attrs[0]), _ufunc("log", "%3", type_=_narrow(node, node.attrs[0])),
            _ufunc("subtract", "%1", "%4")]


def _cross_entropy(node: Expr, z: str, y: str) -> list[Part]:
    axis = node.attrs[0]
    narrow, wide, flat = _narrow(node, axis), str(node.args[0].type), _narrow(node, axis, False)
    shape = ", ".join(str(d) for d in node.type.shape)
    shape = f"({shape},)" if shape else "()"
    return [*_exponentials(node, z, axis), _ufunc("log", "%3", type_=narrow),
            ("np.where(np.equal({0}, 0), 0, {1})", (y, "%1"), wide, "", False),
            _ufunc("multiply", y, "%5", type_=wide), (f"np.sum({{0}}, axis={axis})", ("%6",), flat, "", False),
            (f"np.sum({{0}}, axis={axis})", (y,), flat, "", False), _ufunc("subtract", "1.0", "%8", type_=flat),
            (f"np.reshape({{0}}, {shape})", ("%0",), flat, "", True), _ufunc("multiply", "%9", "%10", type_=flat),
            (f"np.reshape({{0}}, {shape})", ("%4",), flat, "", True), _ufunc("subtract", "%12", "%7", type_=flat),
            _ufunc("add", "%13", "%11")]


_WRITTEN: dict[str, Callable[..., list[Part]]] = {
    "sigmoid": _sigmoid, "softplus": _softplus, "silu": _silu, "mish": _mish, "elu": _elu, "leaky_relu": _leaky_relu,
    "gelu": _gelu, "gelu_tanh": _gelu_tanh,
    "gelu_tanh_slope": _gelu_tanh_slope, "softmax": _softmax, "log_softmax": _log_softmax,
    "softmax_cross_entropy": _cross_entropy,
}  # fmt: skip
WRITTEN_OUT = frozenset(_WRITTEN)
_PARAMETER = frozenset({"elu", "leaky_relu"})  # whose second operand is a number, or they are not written out
OVERFLOWS = frozenset({"sigmoid"})


def parts_of(node: Expr, args: tuple[Any, ...]) -> tuple[Part, ...]:
    """The parts of a node whose operands have these names; none where it is not written out."""
    arrays = node.args[:1] if node.op.name in _PARAMETER else node.args
    if not node.args[0].shape or any(a.type.dtype != node.type.dtype for a in arrays):
        return ()
    if not node.type.is_float or any(a.op.name == "const" and not a.shape for a in arrays):
        return ()
    return tuple(_WRITTEN[node.op.name](node, *args[: len(node.args)]))
