"""Formulas as Maxima text, the language of STACK: every function in terms of what Maxima knows.

relu is max(0, z), an indicator charfun(z > 0), a choice (if … then … else …); numbers are exact.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from fractions import Fraction

from ..checking.reading import functions
from ..checking.reading.tree import Tree, call, div, mul, nodes, power
from ..checking.reading.tree import indicator as one_where
from ..errors import InputError

LONGEST = 20_000  # characters of a formula

# Words that Maxima reads otherwise, and constants that STACK puts in place of a name.
_WORDS = """
and or not if then else elseif do for from in next step thru unless while true false nil e i j pi inf minf und ind
infinity lambda diff integrate limit sum product at block catch throw return go eval noeval map append first last
rest length max min abs exp log ln sqrt sin cos tan kill quit rand equal notequal charfun pos relu sigmoid t all any
every some garg gref gdef gone gpts gfull gsame gd gdraws gscale gnear nounadd nounmul noundiv nounpow nounand
nounor nounnot nounint noundiff del gamma beta zeta psi erf random float dim adim grid font fb border columns
contour context delay frame gfun
"""
RESERVED = frozenset(_WORDS.split())
_OURS = re.compile(r"(?:ans|ta|gdef|gpts|prt|g)\d+|slip\d+n\d+")

_LETTERS = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi psi
omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega sigma
"""
GREEK = dict(zip("αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΦΨΩς", _LETTERS.split()))

# Functions of ours under Maxima's names; the others are written out by their definitions.
KNOWN = {**{f: f for f in ("exp", "log", "sqrt", "abs", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh",
                           "tanh", "asinh", "acosh", "atanh", "erf", "gamma", "max", "min", "atan2", "floor", "sec",
                           "csc", "cot", "sech", "csch", "coth")},
         "sign": "signum", "lgamma": "log_gamma", "ceil": "ceiling"}

_LEVEL = {"or": 0, "and": 1, "not": 2, "rel": 3, "add": 4, "neg": 5, "mul": 6, "div": 6, "pow": 8}
_RELATION = {"==": "equal", "!=": "notequal"}


def maxima_names(names: Iterable[str]) -> dict[str, str]:
    """A name in Maxima for each name: ASCII letters, digits and _, none of them reserved, all different.

    >>> maxima_names(["w1", "λ", "e", "é"])
    {'w1': 'w1', 'λ': 'lambda0', 'e': 'e0', 'é': 'e1'}
    """
    given = list(dict.fromkeys(names))
    plain = {n: n for n in given if _ascii(n) == n and not reserved(n)}
    taken = set(plain.values())
    for name in given:
        if name not in plain:
            stem = _ascii(name) or "v"
            tries = [stem, *(f"{stem}{cut}{i}" for cut in ("", "_") for i in range(len(given) + 1))]
            plain[name] = next(t for t in tries if t not in taken and not reserved(t))
            taken.add(plain[name])
    return {n: plain[n] for n in given}


def reserved(name: str) -> bool:
    """A word of Maxima or STACK, or a name that an exported question gives to something of its own."""
    return name in RESERVED or _OURS.fullmatch(name) is not None


def _ascii(name: str) -> str:
    spelled = unicodedata.normalize("NFKD", "".join(GREEK.get(c, c) for c in name))
    text = "".join(c for c in spelled if c.isascii() and (c.isalnum() or c == "_")).strip("_")
    return text if text[:1].isalpha() else ""


def maxima(tree: Tree, names: Mapping[str, str]) -> str:
    """The formula as Maxima reads it. Raises InputError for one that would be too long, or has no form there.

    >>> from ..checking.reading.parse import parse
    >>> said = lambda text: maxima(parse(text, ["x", "w"]).links[0], {"x": "x", "w": "w"})
    >>> said("w*relu(x)/2"), said("1[x>0]^2 - 0.5"), said("sigmoid(-x)")
    ('w*max(0,x)/2', 'charfun(x > 0)^2-1/2', '1/(1+exp(-(-x)))')
    """
    whole = written_out(tree)
    text: dict[int, tuple[str, int]] = {}
    for node in nodes(whole):
        spelled, level = _spell(node, [text[id(a)] for a in node.args], names)
        if len(spelled) > LONGEST:
            raise InputError(f"the formula is longer than {LONGEST:,} characters in Maxima")
        text[id(node)] = (spelled, level)
    return text[id(whole)][0]


def written_out(tree: Tree) -> Tree:
    """Every function by its definition, as far as Maxima does not know it."""
    done: dict[int, Tree] = {}
    for node in nodes(tree):
        args = tuple(done[id(a)] for a in node.args)
        kept = all(a is b for a, b in zip(args, node.args))
        done[id(node)] = _defined(node if kept else _again(node, args))
    return done[id(tree)]


def _again(node: Tree, args: tuple[Tree, ...]) -> Tree:
    if node.head == "num":
        return node
    return Tree(node.head, args, node.value, node.bits, node.size, node.depth, node.number)


def _defined(node: Tree) -> Tree:
    name, args = str(node.value), node.args
    if node.head == "prime":
        if name not in functions.PRIMES:
            raise InputError(f"{name}' has no form in Maxima")
        return written_out(functions.PRIMES[name](*args))
    if node.head == "where":
        return _choice(node)
    if node.head == "mul":
        return _without_ones(node)
    if node.head != "call" or (name in ("relu", *KNOWN) and (name != "log" or len(args) == 1)):
        return node
    if name == "log":
        return div(call("log", args[0]), call("log", args[1]))
    if name == "cbrt":
        return mul(call("sign", args[0]), power(call("abs", args[0]), Fraction(1, 3)))
    if name in functions.DEFINED:
        return written_out(functions.DEFINED[name](*args))
    raise InputError(f"{name} has no form in Maxima")


def _without_ones(node: Tree) -> Tree:
    kept = [a for a in node.args if a.number != 1]
    return node if len(kept) == len(node.args) else mul(*kept)


def _choice(node: Tree) -> Tree:
    """where(z > 0, z, 0) and where(c, 1, 0) have shorter names."""
    condition, a, b = node.args
    if b.number == 0 and a.number == 1:
        return one_where(condition)
    above_zero = condition.head == "rel" and condition.value == ">" and condition.args[1].number == 0
    return call("relu", a) if b.number == 0 and above_zero and condition.args[0] is a else node


def _spell(node: Tree, args: list[tuple[str, int]], names: Mapping[str, str]) -> tuple[str, int]:
    head, value = node.head, node.value
    if head == "num":
        assert isinstance(value, Fraction)
        return str(value), 5 if value < 0 else 9 if value.denominator == 1 else 6
    if head == "sym":
        if value not in names:
            raise InputError(f"no name in Maxima for {value}")
        return names[str(value)], 9
    if head == "const":
        return {"pi": "%pi", "e": "%e"}[str(value)], 9
    if head == "bool":
        return str(value).lower(), 9
    if head == "call":
        inside = [a for a, _ in args]
        return (f"max(0,{inside[0]})" if value == "relu" else f"{KNOWN[str(value)]}({','.join(inside)})"), 9
    if head == "ind":
        return f"charfun({args[0][0]})", 9
    if head == "where":
        return f"(if {args[0][0]} then {args[1][0]} else {args[2][0]})", 9
    if head == "rel" and value in _RELATION:
        return f"{_RELATION[str(value)]}({args[0][0]},{args[1][0]})", 9
    if head not in _LEVEL:
        raise InputError(f"a formula with {head} has no form in Maxima")
    return _operator(node, args), _LEVEL[head]


def _wrap(arg: tuple[str, int], level: int) -> str:
    return arg[0] if arg[1] >= level else f"({arg[0]})"


def _operator(node: Tree, args: list[tuple[str, int]]) -> str:
    head = node.head
    if head == "add":
        return _sum(node, args)
    if head == "neg":
        return f"-{_wrap(args[0], 6)}"
    if head == "mul":
        return "*".join([_wrap(args[0], 6), *(_wrap(a, 7) for a in args[1:])])
    if head == "div":
        return f"{_wrap(args[0], 6)}/{_wrap(args[1], 7)}"
    if head == "pow":
        return f"{_wrap(args[0], 9)}^{_wrap(args[1], 9)}"
    if head == "rel":
        return f"{_wrap(args[0], 4)} {node.value} {_wrap(args[1], 4)}"
    if head == "not":
        return f"not {_wrap(args[0], 9)}"
    return f" {head} ".join(_wrap(a, _LEVEL[head] + 1) for a in args)


def _sum(node: Tree, args: list[tuple[str, int]]) -> str:
    text = _wrap(args[0], 6)
    for operand, arg in zip(node.args[1:], args[1:]):
        negative = arg[1] == 5 and arg[0].startswith("-") and operand.head in ("neg", "num")
        text += arg[0] if negative else f"+{_wrap(arg, 6)}"
    return text

