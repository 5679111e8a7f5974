"""Special functions under SciPy's names: `G.special`. Emitted code computes them with NumPy alone.

float32 stays float32 and integers give float64; DTypeError for bools, ShapeError when two shapes do not broadcast.
Errors are a few units of rounding, besides zeros on the negative axis of gammaln, digamma and polygamma.
Formulas: NIST Handbook of Mathematical Functions (2010), chapters 5 (gamma) and 7 (error functions).
"""

from __future__ import annotations

from ..errors import DTypeError
from ..ir import Expr, lift
from ..ops import special as rows
from ..ops import stable
from .activation import log_sigmoid as log_expit
from .activation import log_softmax, softmax
from .activation import sigmoid as expit
from .reduction import logsumexp
from .transcendental import cbrt, exp2, expm1, log1p, sinc
from .value import Value

__all__ = [
    "cbrt", "digamma", "entr", "erf", "erfc", "erfcx", "exp2", "expit", "expm1", "exprel", "gammaln", "kl_div", "log1p",
    "log_expit", "log_ndtr", "log_softmax", "loggamma", "logit", "logsumexp", "ndtr", "norm_pdf", "polygamma", "psi",
    "rel_entr", "sinc", "softmax", "xlog1py", "xlogy",
]  # fmt: skip


def erf(x: Value) -> Expr:
    """The error function, 2/√π·∫₀ˣ e^(-t²) dt; derivative 2/√π·e^(-x²).

    >>> import graphc as G
    >>> print(f"{G.evaluate(G.special.erf(G.input('x')), {'x': 1.0}):.14f}")
    0.84270079294971
    """
    return rows.ERF(x)


def erfc(x: Value) -> Expr:
    """1 - erf(x), with all its digits until it underflows at x = 27.2; derivative -2/√π·e^(-x²)."""
    return rows.ERFC(x)


def erfcx(x: Value) -> Expr:
    """e^(x²)·erfc(x), about 1/(x√π) for large x; derivative 2x·erfcx(x) - 2/√π."""
    return rows.ERFCX(x)


def ndtr(x: Value) -> Expr:
    """Φ(x), the normal distribution function, with all its digits to the left; derivative the normal density."""
    return rows.NDTR(x)


def log_ndtr(x: Value) -> Expr:
    """log Φ(x), about -x²/2 far to the left; derivative φ(x)/Φ(x), about -x there.

    >>> import graphc as G
    >>> x = G.input("x")
    >>> print(f"{G.evaluate(G.gradients(G.special.log_ndtr(x), x), {x: -1000.0}):.9f}")
    1000.000999998
    """
    return rows.LOG_NDTR(x)


def norm_pdf(x: Value) -> Expr:
    """φ(x) = e^(-x²/2)/√(2π), the normal density; derivative -x·φ(x)."""
    return rows.NORM_PDF(x)


def gammaln(x: Value) -> Expr:
    """log|Γ(x)|, inf at 0, -1, -2, ...; derivative digamma(x). Both zeros, at 1 and 2, are exact."""
    return rows.GAMMALN(x)


def digamma(x: Value) -> Expr:
    """ψ(x) = Γ'(x)/Γ(x); derivative polygamma(1, x). nan at -1, -2, ..., -inf at 0."""
    return rows.DIGAMMA(x)


def polygamma(n: int, x: Value) -> Expr:
    """Derivative n of digamma, ψ⁽ⁿ⁾(x), n a whole number; derivative polygamma(n + 1, x).

    Raises DTypeError for another n.

    >>> import graphc as G
    >>> print(f"{G.evaluate(G.special.polygamma(1, G.input('x')), {'x': 1.0}):.14f}")  # π²/6
    1.64493406684823
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise DTypeError(f"polygamma: the order n must be a whole number, 0 or more, got {str(n)[:60]}")
    return rows.POLYGAMMA(n, x) if n else rows.DIGAMMA(x)


def logit(p: Value) -> Expr:
    """log(p/(1 - p)), the inverse of `expit`; derivative 1/(p(1 - p)). -inf at 0, inf at 1, nan outside."""
    return rows.LOGIT(p)


def xlogy(x: Value, y: Value) -> Expr:
    """x·log(y), and 0 where x = 0; derivatives log(y) and x/y.

    At (0, 0), where there is none, both are 0.
    """
    return rows.XLOGY(x, y)


def xlog1py(x: Value, y: Value) -> Expr:
    """x·log(1 + y), and 0 where x = 0; derivatives log(1 + y) and x/(1 + y), both 0 at (0, -1)."""
    return rows.XLOG1PY(x, y)


def entr(x: Value) -> Expr:
    """-x·log(x), 0 at 0 and -inf below; derivative -(1 + log(x)), inf at 0, where a cotangent of 0 gives 0."""
    return rows.ENTR(x)


def rel_entr(x: Value, y: Value) -> Expr:
    """x·log(x/y), 0 where x = 0 <= y, inf outside of the quadrant; derivatives 1 + log(x/y) and -x/y.

    At x = 0 the first is -inf, as calculus says; a cotangent of 0 gives 0.
    """
    return rows.REL_ENTR(x, y)


def kl_div(x: Value, y: Value) -> Expr:
    """rel_entr(x, y) - x + y, which is never negative; derivatives log(x/y) and 1 - x/y."""
    x, y = lift(x, "kl_div"), lift(y, "kl_div")
    return rows.REL_ENTR(x, y) - x + y


def exprel(x: Value) -> Expr:
    """(e^x - 1)/x, 1 at x = 0; it has derivatives to order 3."""
    return stable.EXPM1_OVER_X(x, order=0)


loggamma = gammaln
psi = digamma
