"""Losses. `reduction` is "mean" (over all examples), "sum", or "none" for the loss of each."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, InputError, ShapeError
from ..ir import Expr, lift
from ..ops.elementwise import ABSOLUTE, EQUAL, EXP, LOG, MAXIMUM, RELU, SQRT, SQUARE, WHERE
from ..ops.gather import ONE_HOT
from ..ops.reduction import MEAN, SUM
from ..ops.softmax import SOFTMAX_CROSS_ENTROPY
from ..ops.special import XLOG1PY, XLOGY
from ..ops.stable import SIGMOID_CROSS_ENTROPY
from ..types import as_axis, broadcast_shapes
from .shaping import moveaxis
from .value import Value, real

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_similarity", "cross_entropy", "hinge_loss",
    "huber_loss", "kl_div", "l1_loss", "l2_penalty", "mae_loss", "mse_loss", "nll_loss", "smooth_l1_loss",
]  # fmt: skip


def _reduced(who: str, loss: Expr, reduction: str) -> Expr:
    if reduction == "mean":
        return MEAN(loss)
    if reduction == "sum":
        return SUM(loss)
    if reduction == "none":
        return loss
    raise InputError(f"{who}: no reduction {str(reduction)[:60]!r}; choose from mean, sum, none")


def _pair(who: str, prediction: Value, target: Value) -> tuple[Expr, Expr]:
    """The two as reals of shapes that broadcast to one of theirs, so that no pair of them is counted twice."""
    p, t = real(prediction), real(target)
    try:
        if broadcast_shapes((p.shape, t.shape)) in (p.shape, t.shape):
            return p, t
    except ShapeError:
        pass
    raise ShapeError(f"{who}: prediction {p.type} and target {t.type} need one shape")


# -- regression -------------------------------------------------------------------------------------------


def mse_loss(prediction: Value, target: Value, reduction: str = "mean") -> Expr:
    """(prediction - target)², elementwise, reduced; derivative 2(prediction - target), over their number for the mean.

    Raises ShapeError unless one shape broadcasts to the other.

    >>> import graphc as G
    >>> y, t = G.inputs("y t", 3)
    >>> print(G.mse_loss(y, t))
    mean((y - t)**2)
    """
    p, t = _pair("mse_loss", prediction, target)
    return _reduced("mse_loss", SQUARE(p - t), reduction)


def l1_loss(prediction: Value, target: Value, reduction: str = "mean") -> Expr:
    """|prediction - target|, elementwise, reduced; its derivative at 0 is 0. Raises ShapeError as `mse_loss`."""
    p, t = _pair("l1_loss", prediction, target)
    return _reduced("l1_loss", ABSOLUTE(p - t), reduction)


mae_loss = l1_loss


def huber_loss(prediction: Value, target: Value, delta: float = 1.0, reduction: str = "mean") -> Expr:
    """½d² where |d| <= delta and delta·(|d| - ½·delta) beyond, for d = prediction - target, reduced.

    Its derivative is d, cut to ±delta. (Huber, Robust estimation of a location parameter, 1964.)
    Raises InputError for a delta that is not positive, ShapeError as `mse_loss`.
    """
    p, t = _pair("huber_loss", prediction, target)
    if not delta > 0:
        raise InputError(f"huber_loss: delta is positive, got {delta}")
    d = p - t
    size = ABSOLUTE(d)
    return _reduced("huber_loss", WHERE(size <= delta, 0.5 * SQUARE(d), delta * (size - 0.5 * delta)), reduction)


def smooth_l1_loss(prediction: Value, target: Value, beta: float = 1.0, reduction: str = "mean") -> Expr:
    """½d²/beta where |d| < beta and |d| - ½·beta beyond: `huber_loss` over beta, and `l1_loss` for beta = 0."""
    if beta == 0:
        return l1_loss(prediction, target, reduction)
    p, t = _pair("smooth_l1_loss", prediction, target)
    if not beta > 0:
        raise InputError(f"smooth_l1_loss: beta is 0 or more, got {beta}")
    d = p - t
    size = ABSOLUTE(d)
    return _reduced("smooth_l1_loss", WHERE(size < beta, SQUARE(d) * (0.5 / beta), size - 0.5 * beta), reduction)


# -- two classes ------------------------------------------------------------------------------------------


def hinge_loss(score: Value, target: Value, reduction: str = "mean") -> Expr:
    """max(0, 1 - target·score) for targets -1 and 1, elementwise, reduced; its derivative at the kink is 0."""
    s, t = _pair("hinge_loss", score, target)
    return _reduced("hinge_loss", RELU(1 - t * s), reduction)


def binary_cross_entropy(p: Value, target: Value, reduction: str = "mean") -> Expr:
    """-(y·log p + (1 - y)·log(1 - p)) for probabilities p and labels y from 0 to 1, elementwise, reduced.

    A term whose label is 0 counts 0, also where its logarithm is infinite. From logits, use
    `binary_cross_entropy_with_logits`, which loses no digits where p is near 0 or 1. Raises ShapeError as `mse_loss`.
    """
    q, y = _pair("binary_cross_entropy", p, target)
    loss = -(XLOGY(y, q) + XLOG1PY(1 - y, -q))
    return _reduced("binary_cross_entropy", loss, reduction)


def binary_cross_entropy_with_logits(logits: Value, target: Value, reduction: str = "mean") -> Expr:
    """`binary_cross_entropy` of p = σ(logits), finite and accurate for any finite logits, reduced.

    Its derivative is p - y, over their number for the mean. Raises ShapeError as `mse_loss`.

    >>> import graphc as G
    >>> z, y = G.inputs("z y")
    >>> print(G.simplify(G.gradients(G.binary_cross_entropy_with_logits(z, y), z)))
    sigmoid(z) - y
    """
    z, y = _pair("binary_cross_entropy_with_logits", logits, target)
    return _reduced("binary_cross_entropy_with_logits", SIGMOID_CROSS_ENTROPY(z, y), reduction)


# -- several classes --------------------------------------------------------------------------------------


def cross_entropy(logits: Value, target: Value, label_smoothing: float = 0.0, reduction: str = "mean",
                  axis: int = -1) -> Expr:
    """-Σ y·log softmax(logits) along the axis of classes, reduced over the rest; finite for any finite logits.

    `target` holds integer labels, of the shape of `logits` without its axis of classes, or distributions y over the
    classes, of its whole shape (one-hot or probabilities, each adding up to 1; for others it is
    logsumexp(logits) - Σ y·logits). With `label_smoothing` ε they become (1 - ε)·y + ε/C.
    The derivative by the logits is softmax(logits) - y, over the number of examples for the mean.
    A logit may be -inf where its label is 0.
    Raises ShapeError for a target of another shape, DTypeError for logits that are no floats or labels that are no
    integers, InputError for an ε outside [0, 1].

    >>> import graphc as G
    >>> z, y = G.input("z", "N", 3), G.input("y", "N", 3)
    >>> print(G.simplify(G.gradients(G.cross_entropy(z, y), z)))
    (softmax(z) - y)/N
    """
    who, z = "cross_entropy", _floating("cross_entropy", logits)
    where_ = as_axis(axis, z.ndim)
    y = _distribution(who, z, target, where_)
    if not 0 <= label_smoothing <= 1:
        raise InputError(f"{who}: label_smoothing is a share from 0 to 1, got {label_smoothing}")
    if label_smoothing:
        y = y * (1 - label_smoothing) + _share(label_smoothing, z, where_)
    return _reduced(who, SOFTMAX_CROSS_ENTROPY(z, y, axis=where_), reduction)


def _share(label_smoothing: float, z: Expr, axis: int) -> Any:
    classes = z.shape[axis]
    return label_smoothing / classes if isinstance(classes, int) else label_smoothing / lift(classes).astype(z.dtype)


def _floating(who: str, x: Value) -> Expr:
    node = lift(x, who)
    if not node.type.is_float:
        raise DTypeError(f"{who}: needs float64 or float32, got {node.type}; use astype")
    return node


def _distribution(who: str, z: Expr, target: Value, axis: int) -> Expr:
    """The target as one distribution over the classes for each example."""
    y = lift(target, who)
    if y.shape == z.shape:
        return y if y.type.is_float else y.astype(z.type.dtype)
    return _hot(who, z, y, axis, z.type.dtype)


def _hot(who: str, z: Expr, labels: Expr, axis: int, dtype: Any) -> Expr:
    """Integer labels as one-hot vectors along `axis`."""
    shape = z.shape[:axis] + z.shape[axis + 1 :]
    if labels.shape != shape:
        raise ShapeError(f"{who}: the target needs shape {_text(shape)} of labels or {_text(z.shape)} of "
                         f"distributions for logits {z.type}, got {labels.type}")
    hot = ONE_HOT(labels, size=z.shape[axis], dtype=dtype)
    return hot if axis == z.ndim - 1 else moveaxis(hot, -1, axis)


def _text(shape: tuple[Any, ...]) -> str:
    return f"[{','.join(map(str, shape))}]"


def nll_loss(log_p: Value, target: Value, reduction: str = "mean", axis: int = -1) -> Expr:
    """-log_p at each integer label along the axis of classes, reduced: `cross_entropy` of a log_softmax taken before.

    Raises ShapeError for labels of another shape, DTypeError for labels that are no integers.
    """
    x = _floating("nll_loss", log_p)
    where_ = as_axis(axis, x.ndim)
    hot = _hot("nll_loss", x, lift(target, "nll_loss"), where_, "bool")
    return _reduced("nll_loss", -SUM(WHERE(hot, x, 0.0), axis=where_), reduction)


def kl_div(log_q: Value, target: Value, reduction: str = "mean", log_target: bool = False) -> Expr:
    """p·(log p - log q), elementwise, reduced: the divergence of q from p, where p is the target and log q is given.

    With `log_target` the target is log p. `reduction` may also be "batchmean": the sum over the size of axis 0, which
    is the mean divergence of the examples. A term whose p is 0 counts 0. Raises ShapeError as `mse_loss`.
    """
    q, p = _pair("kl_div", log_q, target)
    loss = EXP(p) * (p - q) if log_target else WHERE(EQUAL(p, 0), 0.0, p * (LOG(p) - q))
    if reduction == "batchmean":
        if not loss.ndim:
            raise ShapeError("kl_div: batchmean needs an axis of examples, got scalars")
        return SUM(loss) / lift(loss.shape[0])
    return _reduced("kl_div", loss, reduction)


# -- similarity and penalties -----------------------------------------------------------------------------


def cosine_similarity(x1: Value, x2: Value, axis: int = -1, eps: float = 1e-8) -> Expr:
    """Σ x1·x2 / (|x1|·|x2|) along an axis; a length below eps counts as eps: at 0 it is 0, with a finite gradient.

    Raises ShapeError where the shapes do not broadcast or the axis is not there.
    """
    a, b = real(x1), real(x2)
    ndim = max(a.ndim, b.ndim)
    where_ = as_axis(axis, ndim) - ndim  # from the end, where broadcasting aligns
    lengths = [SQRT(MAXIMUM(SUM(SQUARE(x), axis=where_), eps * eps)) for x in (a, b)]
    return SUM(a * b, axis=where_) / (lengths[0] * lengths[1])


def l2_penalty(*parameters: Value, strength: float = 1.0) -> Expr:
    """½·strength·Σ w² over all elements of all parameters: weight decay, whose derivative is strength·w.

    Raises InputError without a parameter.

    >>> import graphc as G
    >>> w = G.param("w", 3)
    >>> print(G.simplify(G.gradients(G.l2_penalty(w, strength=0.1), w)))
    0.1*w
    """
    if not parameters:
        raise InputError("l2_penalty: needs at least one parameter")
    total = SUM(SQUARE(real(parameters[0])))
    for w in parameters[1:]:
        total = total + SUM(SQUARE(real(w)))
    return (0.5 * strength) * total
