"""Elementwise rows: special functions, in NumPy alone. Their sources are in `special_sources`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import DTypeError
from ..formula import ATOM, RELATION, Form, call
from ..ir import Expr, Op
from ..types import broadcast_float
from . import special_sources as source
from .elementwise import EQUAL, EXP, LOG, LOGICAL_AND, SAFE_DIVIDE, SQUARE, WHERE, plus, times
from .transcendental import LOG1P, factor, guarded_divisor

_TAIL = (source.POLYNOMIAL, source.GAUSSIAN, source.ERFCX_POSITIVE)
_NORMAL = (*_TAIL, source.ERF_NEAR)

# -- the error function and the normal distribution ------------------------------------------------------------


def _bell(x: Expr) -> Expr:
    """2/sqrt(π)·exp(-x²)."""
    return EXP(-SQUARE(x)) * (2 / math.sqrt(math.pi))


ERF = factor("erf", lambda y, x: _bell(x), numpy="erf({0})", helper=(*_NORMAL, source.ERF),
             sympy=lambda sp, x: sp.erf(x), form=call("erf", r"\operatorname{erf}"), cost=90)
ERFC = factor("erfc", lambda y, x: -_bell(x), numpy="erfc({0})", helper=(*_NORMAL, source.ERFC),
              sympy=lambda sp, x: sp.erfc_(x), form=call("erfc", r"\operatorname{erfc}"), cost=90)
ERFCX: Op = factor("erfcx", lambda y, x: ERFCX_SLOPE(x), numpy="erfcx({0})", helper=(*_TAIL, source.ERFCX),
                   sympy=lambda sp, x: sp.erfcx(x), form=call("erfcx", r"\operatorname{erfcx}"), singular=True, cost=80)
ERFCX_SLOPE: Op = factor(
    # s = 2x·erfcx(x) - 2/sqrt(π), so s' = 2 erfcx(x) + 2x s.
    "erfcx_slope",
    lambda s, x: 2 * (ERFCX(x) + x * s),
    numpy="erfcx_slope({0})",
    helper=(*_TAIL, source.ERFCX, source.ERFCX_SLOPE),
    sympy=lambda sp, x: sp.erfcx_slope(x),
    form=call("erfcx_slope", r"\operatorname{erfcx}'"),
    singular=True,
    cost=160,
)
NORM_PDF = factor("norm_pdf", lambda y, x: -(x * y), numpy="norm_pdf({0})", helper=(source.GAUSSIAN, source.NORM_PDF),
                  sympy=lambda sp, x: sp.norm_pdf(x), form=Form("norm_pdf({0})", "φ({0})", r"\varphi\left({0}\right)",
                                                                ATOM, (RELATION,)), cost=45)
NDTR = factor("ndtr", lambda y, x: NORM_PDF(x), numpy="ndtr({0})", helper=(*_NORMAL, source.NDTR),
              sympy=lambda sp, x: sp.ndtr(x), form=Form("ndtr({0})", "Φ({0})", r"\Phi\left({0}\right)", ATOM,
                                                        (RELATION,)), cost=90)
LOG_NDTR = factor(
    # φ(x)/Φ(x), by erfcx since both are tiny to the left.
    "log_ndtr",
    lambda y, x: math.sqrt(2 / math.pi) / ERFCX(x * -math.sqrt(0.5)),
    numpy="log_ndtr({0})",
    helper=(*_NORMAL, source.NDTR, source.LOG_NDTR),
    sympy=lambda sp, x: sp.log_ndtr(x),
    form=call("log_ndtr", r"\log\Phi"),
    cost=160,
)

# -- the gamma function ----------------------------------------------------------------------

GAMMALN: Op = factor("gammaln", lambda y, x: DIGAMMA(x), numpy="gammaln({0})",
                     helper=(source.POLYNOMIAL, source.GAMMALN), sympy=lambda sp, x: sp.gammaln(x),
                     form=call("gammaln", r"\log\Gamma"), singular=True, cost=200)
DIGAMMA: Op = factor("digamma", lambda y, x: POLYGAMMA(1, x), numpy="digamma({0})",
                     helper=(source.POLYNOMIAL, source.DIGAMMA), sympy=lambda sp, x: sp.digamma_(x),
                     form=call("digamma", r"\psi"), singular=True, cost=200)


def _order(n: Expr) -> Any:
    return n.attrs[0].value.item() if n.op.name == "const" and n.ndim == 0 else None


def _whole_order(args: tuple[Expr, ...]) -> tuple[Any, ...]:
    n = _order(args[0])
    if isinstance(n, bool) or n is None or n != int(n) or n < 1:
        raise DTypeError(f"the order n must be a constant whole number, 1 or more, got {args[0]} {args[0].type}")
    return ()


POLYGAMMA: Op = Op(
    "polygamma",
    type_of=lambda n, x: broadcast_float(x),
    prepare=_whole_order,
    pullback=lambda g, y, n, x: (None, g * POLYGAMMA(int(_order(n)) + 1, x)),
    pushforward=lambda t, y, n, x: times(t[1], POLYGAMMA(int(_order(n)) + 1, x)),
    numpy="polygamma({0}, {1})",
    helper=(source.POLYNOMIAL, source.POLYGAMMA),
    sympy=lambda sp, n, x: sp.polygamma_(n, x),
    form=Form("polygamma({0}, {1})", "ψ⁽{0}⁾({1})", r"\psi^{{({0})}}\left({1}\right)", ATOM, (RELATION, RELATION)),
    elementwise=True,
    singular=True,
    cost=400,
)

# -- logarithms and entropies: 0·log 0 = 0 ----------------------------------------------------------------------


def _log_beside(x: Expr, y: Expr, log: Op, zero: float) -> Expr:
    """log(y), but 0 where x·log(y) is 0·log(0)."""
    if y.op.name == "const" and not np.any(y.attrs[0].value == zero):
        return log(y)
    return log(WHERE(LOGICAL_AND(EQUAL(x, 0), EQUAL(y, zero)), 1.0 + zero, y))


XLOGY = Op(
    # By x the derivative is log y; at (0, 0) it is 0.
    "xlogy",
    type_of=broadcast_float,
    pullback=lambda g, z, x, y: (g * _log_beside(x, y, LOG, 0.0), g * SAFE_DIVIDE(x, y)),
    pushforward=lambda t, z, x, y: plus(times(t[0], _log_beside(x, y, LOG, 0.0)), times(t[1], SAFE_DIVIDE(x, y))),
    numpy="xlogy({0}, {1})",
    helper=source.XLOGY,
    sympy=lambda sp, x, y: sp.xlogy(x, y),
    form=Form("xlogy({0}, {1})", "xlogy({0}, {1})", r"\left({0}\right) \log\left({1}\right)", ATOM,
              (RELATION, RELATION)),
    elementwise=True,
    singular=True,
    cost=25,
)

XLOG1PY = Op(
    "xlog1py",
    type_of=broadcast_float,
    pullback=lambda g, z, x, y: (g * _log_beside(x, y, LOG1P, -1.0), g * SAFE_DIVIDE(x, 1 + y)),
    pushforward=lambda t, z, x, y: plus(times(t[0], _log_beside(x, y, LOG1P, -1.0)),
                                        times(t[1], SAFE_DIVIDE(x, 1 + y))),
    numpy="xlog1py({0}, {1})",
    helper=source.XLOG1PY,
    sympy=lambda sp, x, y: sp.xlog1py(x, y),
    form=Form("xlog1py({0}, {1})", "xlog1py({0}, {1})", r"\left({0}\right) \log\left(1 + {1}\right)", ATOM,
              (RELATION, RELATION)),
    elementwise=True,
    singular=True,
    cost=25,
)

ENTR = factor("entr", lambda y, x: -(1 + LOG(x)), numpy="entr({0})", helper=source.ENTR,
              sympy=lambda sp, x: sp.entr(x), form=call("entr", r"\operatorname{entr}"), singular=True, cost=25)

def _log_ratio(p: Expr, q: Expr) -> Expr:
    """log(p/q), the ratio itself being free to overflow; -inf at p = 0, for q = 0 as well."""
    sure = q.op.name == "const" and not np.any(q.attrs[0].value == 0)
    return LOG(p) - LOG(q if sure else WHERE(EQUAL(q, 0), 1.0, q))


REL_ENTR = Op(
    # p·log(p/q): the derivatives are log(p/q) + 1, which is -inf at p = 0, and -p/q.
    "rel_entr",
    type_of=broadcast_float,
    pullback=lambda g, y, p, q: (g * (_log_ratio(p, q) + 1), -(g * SAFE_DIVIDE(p, q))),
    pushforward=lambda t, y, p, q: plus(times(t[0], _log_ratio(p, q) + 1),
                                        None if t[1] is None else -(t[1] * SAFE_DIVIDE(p, q))),
    numpy="rel_entr({0}, {1})",
    helper=source.REL_ENTR,
    sympy=lambda sp, p, q: sp.rel_entr(p, q),
    form=Form("rel_entr({0}, {1})", "rel_entr({0}, {1})",
              r"\left({0}\right) \log\frac{{{0}}}{{{1}}}", ATOM, (RELATION, RELATION)),
    elementwise=True,
    singular=True,
    cost=40,
)

LOGIT = guarded_divisor("logit", lambda y, x: x * (1 - x), numpy="logit({0})", helper=source.LOGIT,
                        sympy=lambda sp, x: sp.logit(x), form=call("logit", r"\operatorname{logit}"), cost=45)
