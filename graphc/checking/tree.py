"""The expression tree of an answer: immutable, exact, bounded.

Numbers are rationals from the start. Every node carries a bound on the bits that its exact value can
need, so a tower of powers is refused while it is read and never computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..errors import LimitExceeded
from .phrases import say

MAX_NODES, MAX_DEPTH, MAX_EXPONENT, MAX_BITS = 500, 64, 9999, 1 << 20
SYMBOL_BITS = 16  # of a coordinate of a sample point
BOOLEAN = frozenset({"rel", "and", "or", "not", "bool"})
RELATIONS = ("<", "<=", ">", ">=", "==", "!=")


class TooLarge(LimitExceeded):
    """An exact value past the bounds; `phrase` and `parts` say it in any language."""

    def __init__(self, phrase: str, **parts: object) -> None:
        self.phrase, self.parts = phrase, parts
        super().__init__(say("en", phrase, **parts))


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A node: `head`, operands, and for a leaf or a call its `value`.

    Heads: num sym const | add mul neg div pow | call prime | rel and or not bool | ind where.
    A term that was subtracted is a `neg` of value "-", so that a - b and a + (-b) can be told apart.
    `number` is the exact value where the subtree is a rational constant. Compared by identity: a graph
    that shares nodes stays shared.
    """

    head: str
    args: tuple[Tree, ...] = ()
    value: Fraction | str | None = None
    bits: int = SYMBOL_BITS
    size: int = 1
    depth: int = 1
    number: Fraction | None = None


def num(value: int | Fraction) -> Tree:
    """An exact number.

    >>> show(num(Fraction(1, 2))), show(num(-3))
    ('0.5', '-3')
    """
    exact = Fraction(value)
    return Tree("num", (), exact, bits_of(exact), number=exact)


def sym(name: str) -> Tree:
    """A symbol."""
    return Tree("sym", (), name)


def const(name: str) -> Tree:
    """π or Euler's number: `const("pi")`, `const("e")`."""
    return Tree("const", (), name, bits=64)


def bits_of(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


def make(head: str, *args: Tree, value: Fraction | str | None = None) -> Tree:
    """An inner node. Raises LimitExceeded when its exact value could outgrow MAX_BITS.

    >>> show(make("add", sym("x"), make("mul", num(2), sym("y"))))
    'x + 2·y'
    >>> make("pow", num(9), num(10**8))
    Traceback (most recent call last):
    graphc.checking.tree.TooLarge: an exponent of 100000000 is past the limit of 9999
    """
    if head == "pow":
        bits = _power_bits(*args)
    elif head in ("add", "mul", "div"):
        bits = sum(a.bits for a in args) + 1
    else:
        bits = max([64, *(a.bits for a in args)])
    if bits > MAX_BITS:
        raise TooLarge("bits", got=bits, limit=MAX_BITS)
    size = 1 + sum(a.size for a in args)
    depth = 1 + max((a.depth for a in args), default=0)
    return Tree(head, args, value, bits, size, depth, _number(head, args))


def _power_bits(base: Tree, exponent: Tree) -> int:
    if exponent.number is None:
        return 64 + base.bits + exponent.bits
    p, q = exponent.number.numerator, exponent.number.denominator
    if abs(p) > MAX_EXPONENT or q > MAX_EXPONENT:
        shown = abs(p) if abs(p) > MAX_EXPONENT else q
        size = str(shown) if shown < 10**40 else f"about 2^{shown.bit_length()}"
        raise TooLarge("exponent", got=size, limit=MAX_EXPONENT)
    return base.bits * max(abs(p), 1) if base.head != "const" else 64


def _number(head: str, args: tuple[Tree, ...]) -> Fraction | None:
    """The exact value of a rational constant, small by the bound on bits."""
    if head not in ("add", "mul", "neg", "div", "pow") or any(a.number is None for a in args):
        return None
    values = [a.number for a in args if a.number is not None]
    if head == "add":
        return sum(values, Fraction(0))
    if head == "neg":
        return -values[0]
    if head == "mul":
        product = Fraction(1)
        for v in values:
            product *= v
        return product
    if head == "div":
        return values[0] / values[1] if values[1] else None
    return _number_power(values[0], values[1])


def _number_power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if exponent.denominator != 1 or (not base and exponent <= 0):
        return None
    return base ** int(exponent)


def add(*terms: Tree) -> Tree:
    return terms[0] if len(terms) == 1 else make("add", *terms) if terms else num(0)


def mul(*factors: Tree) -> Tree:
    return factors[0] if len(factors) == 1 else make("mul", *factors) if factors else num(1)


def neg(a: Tree) -> Tree:
    return make("neg", a)


def div(a: Tree, b: Tree) -> Tree:
    return make("div", a, b)


def power(a: Tree, b: Tree | int | Fraction) -> Tree:
    return make("pow", a, b if isinstance(b, Tree) else num(b))


def call(name: str, *args: Tree) -> Tree:
    return make("call", *args, value=name)


def prime(name: str, arg: Tree) -> Tree:
    """The derivative of a named function: σ'(z)."""
    return make("prime", arg, value=name)


def rel(op: str, a: Tree, b: Tree) -> Tree:
    assert op in RELATIONS
    return make("rel", a, b, value=op)


def indicator(condition: Tree) -> Tree:
    """1 where the condition holds, else 0."""
    return make("ind", condition)


def where(condition: Tree, a: Tree, b: Tree) -> Tree:
    return make("where", condition, a, b)


def number_like(a: Tree) -> Tree:
    """A condition among numbers stands for its indicator: `(z > 0)·w`."""
    return indicator(a) if a.head in BOOLEAN else a


def symbols(*trees: Tree) -> list[str]:
    """Names of the symbols, in order of first appearance."""
    found: dict[str, None] = {}
    for node in nodes(*trees):
        if node.head == "sym":
            found[str(node.value)] = None
    return list(found)


def nodes(*roots: Tree) -> list[Tree]:
    """Every node once, operands before users. Iterative: a chain of 100,000 nodes is fine."""
    order: list[Tree] = []
    seen: set[int] = set()
    stack: list[tuple[Tree, bool]] = [(r, False) for r in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((a, False) for a in reversed(node.args))
    return order


# -- writing a tree -----------------------------------------------------------------------------------

_LEVEL = {"or": 0, "and": 1, "not": 2, "rel": 3, "add": 4, "neg": 5, "mul": 6, "div": 6, "pow": 8}
_PRETTY = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "="}
_WORDS = {"en": {"and": "and", "or": "or", "not": "not"}, "fr": {"and": "et", "or": "ou", "not": "non"}}
_FUNCTION_NAME = {"sigmoid": "σ", "relu": "ReLU", "sqrt": "√", "log": "ln"}


def show(tree: Tree, lang: str = "en", limit: int = 2000) -> str:
    """The tree as a person would write it, in plain text; past `limit` characters an ellipsis.

    >>> show(mul(sym("w3"), add(sym("x1"), sym("x2")), indicator(rel(">", sym("z"), num(0)))))
    'w3·(x1 + x2)·1[z > 0]'
    """
    text: dict[int, tuple[str, int]] = {}
    for node in nodes(tree):
        spelled, level = _spell(node, [text[id(a)] for a in node.args], lang)
        text[id(node)] = (spelled if len(spelled) <= limit else spelled[:limit] + "…", level)
    return text[id(tree)][0]


def show_number(value: Fraction, lang: str = "en") -> str:
    """A decimal where it comes out even and short, else a fraction."""
    if value.denominator == 1 or 10**12 % value.denominator:
        return str(value) if bits_of(value) < 4000 else "a very long number"
    digits = f"{value.numerator * 10**12 // value.denominator:+014d}"
    text = f"{digits[:-12]}.{digits[-12:].rstrip('0')}".lstrip("+")
    return text.replace(".", ",") if lang == "fr" else text


def _spell(node: Tree, args: list[tuple[str, int]], lang: str) -> tuple[str, int]:
    head = node.head
    if head == "num":
        assert isinstance(node.value, Fraction)
        text = show_number(node.value, lang)
        return text, 5 if text.startswith("-") else 6 if "/" in text else 9
    if head == "sym":
        return str(node.value), 9
    if head == "const":
        return ("π" if node.value == "pi" else "e"), 9
    if head == "bool":
        return str(node.value), 9
    if head in ("call", "prime"):
        return _spell_call(node, args, lang), 9
    if head == "ind":
        return f"1[{args[0][0]}]", 9
    if head == "where":
        return f"where({_list(args, lang)})", 9
    return _spell_operator(node, args, lang), _LEVEL[head]


def _list(args: list[tuple[str, int]], lang: str) -> str:
    return ("; " if lang == "fr" else ", ").join(a for a, _ in args)


def _spell_call(node: Tree, args: list[tuple[str, int]], lang: str) -> str:
    if node.value == "abs":
        return f"|{args[0][0]}|"
    name = _FUNCTION_NAME.get(str(node.value), str(node.value))
    return f"{name}{chr(39) if node.head == 'prime' else ''}({_list(args, lang)})"


def _wrap(arg: tuple[str, int], level: int) -> str:
    return arg[0] if arg[1] >= level else f"({arg[0]})"


def _spell_operator(node: Tree, args: list[tuple[str, int]], lang: str) -> str:
    head = node.head
    if head == "add":
        text = _wrap(args[0], 4)
        for operand, arg in zip(node.args[1:], args[1:]):
            shown = _wrap(arg, 5)
            text += f" - {shown[1:]}" if operand.head == "neg" else f" + {_wrap(arg, 6)}"
        return text
    if head == "neg":
        return f"-{_wrap(args[0], 6)}"
    if head == "mul":
        return "·".join([_wrap(args[0], 5), *(_wrap(a, 7) for a in args[1:])])
    if head == "div":
        return f"{_wrap(args[0], 5)}/{_wrap(args[1], 7)}"
    if head == "pow":
        return f"{_wrap(args[0], 9)}^{_wrap(args[1], 8)}"
    if head == "rel":
        return f"{_wrap(args[0], 4)} {_PRETTY.get(str(node.value), node.value)} {_wrap(args[1], 4)}"
    word = _WORDS[lang][head]
    if head == "not":
        return f"{word} {_wrap(args[0], 3)}"
    return f" {word} ".join(_wrap(a, _LEVEL[head] + 1) for a in args)
