"""Functions in an answer: their primes, powers and arguments."""

from __future__ import annotations

from ..phrases import safe, say
from . import branches
from .functions import ARITY, ARRAY_ARITY, PRIMES, log_base
from .names import cut
from .naming import function_of, is_function, symbol
from .operands import NORM_NAMES
from .stream import BARE, CLOSING, Stream
from .tokens import Token
from .tree import (
    BOOLEAN,
    NORMS,
    Tree,
    call,
    indicator,
    norm,
    num,
    number_like,
    power,
    prime,
    product,
    sym,
    transpose,
    where,
)

# Functions that hands write without brackets: sin x, ln 2x.
BARE_FUNCTIONS = frozenset({"sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh", "log", "exp", "log10",
                            "log2", "asin", "acos", "atan", "sign", "sqrt"})
# Functions that may be given an axis; of max and min, axis=0 and a second operand 0 are not the same.
ALONG = {**{name: name for name in ("sum", "mean", "prod", "softmax", "log_softmax", "logsumexp", "cumsum")},
         "max": "amax", "min": "amin"}


def function(p: Stream, token: Token) -> Tree:
    name = function_of(token.text) or ""
    p.at += 1
    if name == "piecewise":
        return branches.piecewise(p)
    primes = 0
    while p.take("'"):
        primes += 1
    if primes > 1 or (primes and name not in PRIMES):
        p.fail("no_prime", name=safe(token.text), place=token.start)
    raised = _function_power(p, token)
    if name == "indicator" and p.take("_") and p.here.text not in CLOSING:
        p.unexpected("condition")
    arguments, axis = _arguments(p, token, name)
    value = _along(p, token, name, arguments) if axis else _apply(p, token, name, primes == 1, arguments)
    return value if raised is None else power(value, raised)


def logarithm(p: Stream) -> Tree | None:
    """log_b(x), to a base that is a number or a declared name."""
    token = p.here
    parts = cut(token.text)
    if not parts or function_of(parts[0]) != "log" or function_of(token.text):
        return None
    found = p.names.find(parts[1])
    if len(found) != 1 and not parts[1].isdigit():
        return None
    base = num(int(parts[1])) if parts[1].isdigit() else symbol(p, found[0])
    p.at += 1
    arguments, _ = _arguments(p, token, "log")
    if len(arguments) != 1:
        _arity(p, token, 1, 1, len(arguments))
    return log_base(number_like(arguments[0]), base)


def _function_power(p: Stream, token: Token) -> Tree | None:
    """sin²(x), sin^2(x); sin^-1 can mean two things and is refused."""
    if p.here.kind == "sup":
        raised = num(p.here.value or 0)
        p.at += 1
    elif p.take("^") or p.take("**"):
        raised = number_like(p.operand())
    else:
        return None
    if raised.number is not None and raised.number < 0:
        p.fail("inverse_function", name=safe(token.text), place=token.start)
    return raised


# -- arguments ----------------------------------------------------------------------------------------------


def _arguments(p: Stream, token: Token, name: str) -> tuple[list[Tree], bool]:
    """The arguments, and whether the last was given as axis=."""
    opening = p.here
    if p.opens() and opening.text in "([{":
        return argument_list(p, opening, name)
    if opening.text == "⟦" and opening.kind == "op":
        return [p.operand()], False
    if p.is_op("|") and not p.bars:
        return [p.operand()], False  # ln|x|
    starts = opening.kind in ("num", "name") or (opening.kind == "op" and opening.text in "√∛∑∏")
    if name not in BARE_FUNCTIONS or not starts:
        p.fail("needs_argument", name=safe(token.text))
    factors = [number_like(p.tightly(BARE))]
    while p.here.kind == "name" and not p.ends_here() and not is_function(p, p.here.text):
        factors.append(number_like(p.tightly(BARE)))
        if p.names.arrays and factors[-2].head != "num":
            p.fail("bare_function", name=safe(token.text), place=token.start)
    return [product(factors, "j" * (len(factors) - 1))], False


def argument_list(p: Stream, opening: Token, name: str) -> tuple[list[Tree], bool]:
    p.at += 1
    decimal = _decimal_in_arguments(p, opening, name)
    axis = False
    with p.inside(decimal=decimal, listing=True):
        found = [p.value()]
        while p.take(",") or p.take(";"):
            axis = p.here.text in ("axis", "axe") and p.is_op("=", 1)
            p.at += 2 * axis
            found.append(_kind(p) if name == "norm" else p.value())
            if axis:
                break
    p.close(opening, CLOSING[opening.text])
    return found, axis


def _decimal_in_arguments(p: Stream, opening: Token, name: str) -> bool:
    """Whether a tight comma is a decimal one: in French, where a function takes one argument, or ; separates, or
    the number of arguments comes out right in no other way. Refused where it does in both."""
    if p.lang != "fr":
        return False
    places = p.separators()
    tight = sum(p.is_decimal_comma(place) for place in places)
    fewest, most = ARITY.get(name, (1, 1))
    if not tight or (fewest == 1 and name not in ("max", "min")) or any(p.tokens[i].text == ";" for i in places):
        return True
    fewest = 1 if p.names.arrays and name in ("max", "min") else fewest
    listed, decimal = len(places) + 1, len(places) + 1 - tight
    fits = fewest <= decimal and (most is None or decimal <= most)
    if fits and (most is None or listed <= most):
        p.fail("comma_in_array", place=opening.start)
    return fits


def _arity(p: Stream, token: Token, fewest: int, most: int | None, got: int) -> None:
    if got < fewest or (most is not None and got > most):
        need = say(p.lang, "arguments" if most is not None else "arguments_more", n=fewest)
        p.fail("arity", name=safe(token.text), need=need, got=got, place=token.start)


def _apply(p: Stream, token: Token, name: str, primed: bool, args: list[Tree]) -> Tree:
    fewest, most = (1, 1) if primed else ARITY.get(name, (1, 1))
    if name in ("max", "min") and p.names.arrays:
        fewest = 1  # over the entries of an array
    _arity(p, token, fewest, most, len(args))
    if name == "indicator":
        return indicator(p.condition(args[0]))
    if name == "where":
        return where(p.condition(args[0]), number_like(args[1]), number_like(args[2]))
    if name == "step" and len(args) == 1 and args[0].head in BOOLEAN:
        return indicator(args[0])
    values = [number_like(a) for a in args]
    if name == "log" and len(values) == 2:
        return log_base(*values)
    return prime(name, values[0]) if primed else call(name, *values)


# -- functions of arrays ------------------------------------------------------------------------------------


def array_call(p: Stream, name: str) -> Tree:
    """tr(A), sum(x, axis=0), norm(x, 1), det A."""
    token = p.here
    p.at += 1
    if p.is_op("("):
        args, axis = argument_list(p, p.here, name)
    elif p.is_op("⟦"):
        args, axis = [p.operand()], False
    else:
        args, axis = [_bare(p, token)], False
    values = [number_like(a) for a in args]
    if axis:
        return _along(p, token, name, args)
    fewest, most = ARRAY_ARITY.get(name, (1, 1))
    _arity(p, token, fewest, most, len(values))
    if name == "transpose":
        return transpose(values[0])
    if name == "norm":
        return _norm(p, token, values)
    if name in ALONG and len(values) == 2 and not _is_axis(values[1]):
        p.fail("axis", name=safe(token.text), place=token.start)
    return call(name, *values)


def _bare(p: Stream, token: Token) -> Tree:
    """det A; of det A B it would not be clear where the argument ends."""
    operand = number_like(p.tightly(BARE))
    if p.operator() == "j" and p.here.kind == "name" and not p.ends_here():
        p.fail("bare_function", name=safe(token.text), place=token.start)
    return operand


def _is_axis(a: Tree) -> bool:
    return a.number is not None and a.number.denominator == 1 and abs(a.number) < 8


def _along(p: Stream, token: Token, name: str, args: list[Tree]) -> Tree:
    if name not in ALONG or len(args) != 2 or not _is_axis(args[1]):
        p.fail("axis", name=safe(token.text), place=token.start)
    return call(ALONG[name], *(number_like(a) for a in args))


def _kind(p: Stream) -> Tree:
    """The second argument of norm: 1, 2, inf or F."""
    if p.here.text in NORM_NAMES and p.is_op(")", 1):
        p.at += 1
        return sym(NORM_NAMES[p.tokens[p.at - 1].text])
    return p.value()


def _norm(p: Stream, token: Token, values: list[Tree]) -> Tree:
    if len(values) == 1:
        return norm(values[0])
    if values[1].head != "sym" or values[1].value not in NORMS:
        p.fail("norm_kind", got=safe(token.text), place=token.start)
    return norm(values[0], str(values[1].value))
