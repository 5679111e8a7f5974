"""SymPy's partners of the rows: functions that stay named there, so that log1p(x) does not come back as log(1 + x).

Each is (partial derivative i of f(*args), the elementary form for evaluation, number of arguments).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Named = tuple[Callable[..., Any], Callable[..., Any], int]


def named_functions(sp: Any, ours: Callable[[], Any]) -> dict[str, Named]:
    """name -> its partner. `sp` is SymPy, `ours()` SymPy with these functions added."""
    return {**_transcendental(sp, ours), **_rounding(sp, ours), **_special(sp, ours), **_activations(sp, ours)}


def _transcendental(sp: Any, ours: Callable[[], Any]) -> dict[str, Named]:
    def share(a: Any, b: Any, base: Any) -> Any:
        return base**a / (base**a + base**b)

    def cardinal(x: Any) -> Any:
        return sp.sinc(sp.pi * x)

    def cardinal_slope(x: Any) -> Any:
        return sp.Piecewise((0, sp.Eq(x, 0)), ((sp.cos(sp.pi * x) - cardinal(x)) / x, True))

    return {
        "cbrt_": (lambda f, i, x: 1 / (3 * f**2), lambda x: sp.sign(x) * sp.Abs(x) ** sp.Rational(1, 3), 1),
        "exp2": (lambda f, i, x: f * sp.log(2), lambda x: 2**x, 1),
        "expm1": (lambda f, i, x: sp.exp(x), lambda x: 2 * sp.exp(x / 2) * sp.sinh(x / 2), 1),
        "log2": (lambda f, i, x: 1 / (x * sp.log(2)), lambda x: sp.log(x) / sp.log(2), 1),
        "log10": (lambda f, i, x: 1 / (x * sp.log(10)), lambda x: sp.log(x) / sp.log(10), 1),
        "log1p": (lambda f, i, x: 1 / (1 + x), lambda x: 2 * sp.atanh(x / (2 + x)), 1),
        "hypot": (lambda f, i, a, b: (a, b)[i - 1] / f, lambda a, b: sp.sqrt(a**2 + b**2), 2),
        "logaddexp": (lambda f, i, a, b: share(*((a, b), (b, a))[i - 1], sp.E),
                      lambda a, b: sp.log(sp.exp(a) + sp.exp(b)), 2),
        "logaddexp2": (lambda f, i, a, b: share(*((a, b), (b, a))[i - 1], sp.Integer(2)),
                       lambda a, b: sp.log(2**a + 2**b) / sp.log(2), 2),
        "gap": (lambda f, i, a, b: (1, -1)[i - 1], lambda a, b: a - b, 2),
        "deg2rad": (lambda f, i, x: sp.pi / 180, lambda x: x * sp.pi / 180, 1),
        "rad2deg": (lambda f, i, x: 180 / sp.pi, lambda x: x * 180 / sp.pi, 1),
        "sinc_": (lambda f, i, x: ours().sinc_slope(x), cardinal, 1),
        "sinc_slope": (lambda f, i, x: -(sp.pi**2) * cardinal(x) - 2 * f / x, cardinal_slope, 1),
    }


def _rounding(sp: Any, ours: Callable[[], Any]) -> dict[str, Named]:
    def whole(x: Any) -> Any:  # towards 0
        return sp.sign(x) * sp.floor(sp.Abs(x))

    def even(x: Any) -> Any:  # the nearest, a half to the even one
        up = sp.floor(x + sp.Rational(1, 2))
        return up - sp.Piecewise((1, sp.Eq(up - x, sp.Rational(1, 2)) & sp.Eq(sp.Mod(up, 2), 1)), (0, True))

    def zero(f: Any, i: int, *xs: Any) -> Any:
        return sp.Integer(0)

    def chosen(f: Any, i: int, x: Any, low: Any, high: Any) -> Any:
        within = sp.And(x > low, x < high)
        taken = (within, sp.And(x <= low, low < high), sp.Max(x, low) >= high)[i - 1]
        return sp.Piecewise((1, taken), (0, True))

    return {
        "floor_divide": (zero, lambda a, b: sp.floor(a / b), 2),
        "trunc": (zero, whole, 1),
        "rint": (zero, even, 1),
        "ceil": (zero, sp.ceiling, 1),
        "remainder": (lambda f, i, a, b: 1 if i == 1 else -sp.floor(a / b), lambda a, b: a - b * sp.floor(a / b), 2),
        "fmod": (lambda f, i, a, b: 1 if i == 1 else -whole(a / b), lambda a, b: a - b * whole(a / b), 2),
        "clip": (chosen, lambda x, low, high: sp.Min(sp.Max(x, low), high), 3),
        "fmax": (lambda f, i, a, b: ours().maximum(a, b).fdiff(i), sp.Max, 2),
        "fmin": (lambda f, i, a, b: ours().minimum(a, b).fdiff(i), sp.Min, 2),
        "heaviside": (lambda f, i, x, middle: 0 if i == 1 else sp.Piecewise((1, sp.Eq(x, 0)), (0, True)),
                      lambda x, middle: sp.Piecewise((0, x < 0), (middle, sp.Eq(x, 0)), (1, True)), 2),
    }


def _special(sp: Any, ours: Callable[[], Any]) -> dict[str, Named]:
    bell = 2 / sp.sqrt(sp.pi)

    def either(when: Any, then: Any, other: Any) -> Any:
        return sp.Piecewise((then, when), (other, True))

    def entropy(p: Any, q: Any) -> Any:
        return either(sp.And(p > 0, q > 0), p * sp.log(p / q), either(sp.And(sp.Eq(p, 0), q >= 0), 0, sp.oo))

    def normal(x: Any) -> Any:
        return sp.erfc(-x / sp.sqrt(2)) / 2

    def density(x: Any) -> Any:
        return sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)

    return {
        "erfc_": (lambda f, i, x: -bell * sp.exp(-(x**2)), sp.erfc, 1),
        "erfcx": (lambda f, i, x: ours().erfcx_slope(x), lambda x: sp.exp(x**2) * sp.erfc(x), 1),
        "erfcx_slope": (lambda f, i, x: 2 * (ours().erfcx(x) + x * f),
                        lambda x: 2 * x * sp.exp(x**2) * sp.erfc(x) - bell, 1),
        "norm_pdf": (lambda f, i, x: -x * f, density, 1),
        "ndtr": (lambda f, i, x: ours().norm_pdf(x), normal, 1),
        "log_ndtr": (lambda f, i, x: density(x) / normal(x), lambda x: sp.log(normal(x)), 1),
        "gammaln": (lambda f, i, x: ours().digamma_(x), lambda x: sp.re(sp.loggamma(x)), 1),
        "digamma_": (lambda f, i, x: ours().polygamma_(1, x), lambda x: sp.polygamma(0, x), 1),
        "polygamma_": (lambda f, i, n, x: ours().polygamma_(n + 1, x) if i == 2 else sp.Integer(0),
                       lambda n, x: sp.polygamma(int(n), x), 2),
        "xlogy": (lambda f, i, x, y: (sp.log(y), x / y)[i - 1], lambda x, y: either(sp.Eq(x, 0), 0, x * sp.log(y)), 2),
        "xlog1py": (lambda f, i, x, y: (ours().log1p(y), x / (1 + y))[i - 1],
                    lambda x, y: either(sp.Eq(x, 0), 0, x * sp.log(1 + y)), 2),
        "entr": (lambda f, i, x: -1 - sp.log(x), lambda x: either(x > 0, -x * sp.log(x), either(x < 0, -sp.oo, 0)), 1),
        "rel_entr": (lambda f, i, p, q: (sp.log(p / q) + 1, -p / q)[i - 1], entropy, 2),
        "logit": (lambda f, i, x: 1 / (x * (1 - x)), lambda x: sp.log(x / (1 - x)), 1),
    }


def _activations(sp: Any, ours: Callable[[], Any]) -> dict[str, Named]:
    def either(x: Any, right: Any, left: Any) -> Any:
        return sp.Piecewise((right, x > 0), (left, True))

    def sigma(x: Any) -> Any:
        return 1 / (1 + sp.exp(-x))

    def mish_slope(f: Any, i: int, x: Any) -> Any:
        t = sp.tanh(ours().softplus(x))
        return t + x * (1 - t**2) * ours().sigmoid(x)

    def bent(x: Any) -> Any:  # of gelu by tanh, the argument of σ
        return 2 * sp.sqrt(2 / sp.pi) * (x + sp.Rational(44715, 10**6) * x**3)

    def bent_slope(x: Any) -> Any:
        z = sp.Dummy("z")
        return sp.diff(z * sigma(bent(z)), z).subs(z, x)

    return {
        "leaky_relu": (lambda f, i, x, a: either(x, 1, a) if i == 1 else either(x, 0, x),
                       lambda x, a: either(x, x, a * x), 2),
        "elu": (lambda f, i, x, a: either(x, 1, a * sp.exp(x)) if i == 1 else either(x, 0, sp.exp(x) - 1),
                lambda x, a: either(x, x, a * (sp.exp(x) - 1)), 2),
        "silu": (lambda f, i, x: ours().sigmoid(x) + f * (1 - ours().sigmoid(x)), lambda x: x * sigma(x), 1),
        "gelu": (lambda f, i, x: ours().ndtr(x) + x * ours().norm_pdf(x),
                 lambda x: x * sp.erfc(-x / sp.sqrt(2)) / 2, 1),
        "gelu_tanh": (lambda f, i, x: ours().gelu_tanh_slope(x), lambda x: x * sigma(bent(x)), 1),
        "gelu_tanh_slope": (lambda f, i, x: bent_slope(x).diff(x), bent_slope, 1),
        "mish": (mish_slope, lambda x: x * sp.tanh(sp.log(1 + sp.exp(x))), 1),
        "softsign": (lambda f, i, x: 1 / (1 + sp.Abs(x)) ** 2, lambda x: x / (1 + sp.Abs(x)), 1),
        "log_sigmoid": (lambda f, i, x: ours().sigmoid(-x), lambda x: -sp.log(1 + sp.exp(-x)), 1),
        "tanhshrink": (lambda f, i, x: sp.tanh(x) ** 2, lambda x: x - sp.tanh(x), 1),
    }
