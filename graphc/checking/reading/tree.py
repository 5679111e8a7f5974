"""The expression tree of an answer: immutable, exact, bounded.

Numbers are rationals from the start. Every node carries a bound on the bits that its exact value can
need, so a tower of powers is refused while it is read and never computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...errors import LimitExceeded
from ..phrases import say

MAX_NODES, MAX_DEPTH, MAX_EXPONENT, MAX_BITS = 500, 64, 9999, 1 << 20
SYMBOL_BITS = 16  # of a coordinate of a sample point
BOOLEAN = frozenset({"rel", "and", "or", "not", "bool"})
RELATIONS = ("<", "<=", ">", ">=", "==", "!=")
ARRAY_HEADS = frozenset({"matmul", "T", "index", "sum", "prod", "norm", "delta", "eye", "ones", "array"})
# Functions of arrays alone; max and min are functions of numbers too and show by their operands.
ARRAY_CALLS = frozenset({
    "tr", "det", "inv", "diag", "outer", "dot", "sum", "prod", "mean", "norm", "softmax", "log_softmax", "logsumexp",
    "vec", "kron", "solve", "eye", "ones", "zeros", "one_hot", "cumsum", "adj", "amax", "amin",
})
NORMS = ("1", "2", "inf", "F")


class TooLarge(LimitExceeded):
    """An exact value past the bounds; `phrase` and `parts` say it in any language."""

    def __init__(self, phrase: str, **parts: object) -> None:
        self.phrase, self.parts = phrase, parts
        super().__init__(say("en", phrase, **parts))


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A node: `head`, operands, and for a leaf or a call its `value`.

    Heads: num sym const | add mul neg div pow | call prime | rel and or not bool | ind where, and of arrays
    matmul T index sum prod norm delta eye ones array. A term that was subtracted is a `neg` of value "-",
    so that a - b and a + (-b) can be told apart. `number` is the exact value where the subtree is a rational
    constant; `shaped` says that an array occurs in it. Compared by identity: a graph that shares nodes stays
    shared.

    Values of array heads: of `mul` one character for each operator that was written (`*` star, `.` dot,
    `o` elementwise, `j` none; None where no array is involved); of `pow` "**" where two stars were written;
    of `index` "1" for subscripts, which count from 1, and "0" for brackets, which count from 0; of `sum` and
    `prod` the name of the index; of `norm` "1", "2", "inf" or "F".
    """

    head: str
    args: tuple[Tree, ...] = ()
    value: Fraction | str | None = None
    bits: int = SYMBOL_BITS
    size: int = 1
    depth: int = 1
    number: Fraction | None = None
    shaped: bool = False


def num(value: int | Fraction) -> Tree:
    """An exact number.

    >>> show(num(Fraction(1, 2))), show(num(-3))
    ('0.5', '-3')
    """
    exact = Fraction(value)
    return Tree("num", (), exact, bits_of(exact), number=exact)


def sym(name: str, shaped: bool = False) -> Tree:
    """A symbol; `shaped` where it names an array."""
    return Tree("sym", (), name, shaped=shaped)


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
    graphc.checking.reading.tree.TooLarge: an exponent of 100000000 is past the limit of 9999
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
    shaped = head in ARRAY_HEADS or any(a.shaped for a in args) or (head == "call" and value in ARRAY_CALLS)
    return Tree(head, args, value, bits, size, depth, _number(head, args), shaped)


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


def product(factors: Sequence[Tree], signs: str) -> Tree:
    """A product with what was written between its factors, kept where an array occurs in it.

    >>> show(product([sym("W", True), sym("x", True)], "j")), show(product([sym("a"), sym("b")], "j"))
    ('W x', 'a·b')
    """
    if len(factors) == 1:
        return factors[0]
    return make("mul", *factors, value=signs if any(f.shaped for f in factors) else None)


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


def matmul(a: Tree, b: Tree) -> Tree:
    """The product that NumPy writes a @ b."""
    return make("matmul", a, b)


def transpose(a: Tree) -> Tree:
    """aᵀ."""
    return make("T", a)


def index(a: Tree, *at: Tree, start: int = 1) -> Tree:
    """An element: x_i and W_{i,j} count from 1, x[i] and W[i, j] from `start` 0; `sym(":")` is a full slice.

    >>> show(index(sym("W"), sym("i"), num(2))), show(index(sym("W"), num(0), sym(":"), start=0))
    ('W_{i,2}', 'W[0, :]')
    """
    assert start in (0, 1)
    return make("index", a, *at, value=str(start))


def total(name: str, body: Tree, low: Tree | None = None, high: Tree | None = None, head: str = "sum") -> Tree:
    """The sum (or `head` "prod") over an index, over its whole range or from `low` to `high`.

    >>> show(total("i", index(sym("x"), sym("i")))), show(total("k", sym("k"), num(1), sym("N"), "prod"))
    ('∑_i x_i', '∏_{k=1}^{N} k')
    """
    assert head in ("sum", "prod")
    return make(head, body, value=name) if low is None or high is None else make(head, body, low, high, value=name)


def norm(a: Tree, kind: str = "2") -> Tree:
    """‖a‖: Euclidean unless the kind says 1, inf or F.

    >>> show(norm(sym("x"))), show(norm(sym("W"), "F"))
    ('‖x‖', '‖W‖_F')
    """
    assert kind in NORMS
    return make("norm", a, value=kind)


def delta(i: Tree, j: Tree) -> Tree:
    """Kronecker's δ: 1 where the indices are equal, else 0."""
    return make("delta", i, j)


def eye(*size: Tree) -> Tree:
    """The identity matrix; its size, where none is given, is that of its partner."""
    return make("eye", *size)


def ones(*size: Tree) -> Tree:
    """The vector of ones."""
    return make("ones", *size)


def array(*elements: Tree) -> Tree:
    """A vector of its elements, or a matrix of rows that are arrays.

    >>> show(array(array(num(1), num(2)), array(num(3), sym("x"))))
    '[[1, 2], [3, x]]'
    """
    return make("array", *elements)


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

# How strongly a text holds together. OPEN is a sum or what ends in one: it would swallow a factor after it.
ADD, OPEN, NEG, MUL, ATOM = 40, 45, 50, 60, 90
_LEVEL = {"or": 0, "and": 10, "not": 20, "rel": 30, "add": ADD, "neg": NEG, "mul": MUL, "div": MUL, "matmul": MUL,
          "pow": 80, "T": 85}
_PRETTY = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "="}
_WORDS = {"en": {"and": "and", "or": "or", "not": "not"}, "fr": {"and": "et", "or": "ou", "not": "non"}}
_FUNCTION_NAME = {"sigmoid": "σ", "relu": "ReLU", "sqrt": "√", "log": "ln"}
_TIMES = {"*": " * ", ".": "·", "o": " ⊙ ", "j": " "}
_NORM_INDEX = {"2": "", "1": "_1", "inf": "_∞", "F": "_F"}

Spelled = tuple[str, int]


def show(tree: Tree, lang: str = "en", limit: int = 2000) -> str:
    """The tree as a person would write it, in plain text; past `limit` characters an ellipsis.

    Reads back as the same tree, where the names in it are declared as they were.

    >>> show(mul(sym("w3"), add(sym("x1"), sym("x2")), indicator(rel(">", sym("z"), num(0)))))
    'w3·(x1 + x2)·1[z > 0]'
    """
    text: dict[int, Spelled] = {}
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


def _spell(node: Tree, args: list[Spelled], lang: str) -> Spelled:
    head = node.head
    if head == "num":
        assert isinstance(node.value, Fraction)
        text = show_number(node.value, lang)
        return text, NEG if text.startswith("-") else MUL if "/" in text else ATOM
    if head in ("sym", "bool"):
        return str(node.value), ATOM
    if head == "const":
        return ("π" if node.value == "pi" else "e"), ATOM
    if head in ("call", "prime"):
        return _spell_call(node, args, lang), ATOM
    if head == "ind":
        return f"1[{args[0][0]}]", ATOM
    if head == "where":
        return f"where({_list(args, lang)})", ATOM
    if head in ("sum", "prod"):
        return _spell_total(node, args), OPEN
    if head in ARRAY_HEADS and head not in _LEVEL:
        return _spell_array(node, args, lang), ATOM
    return _spell_operator(node, args, lang)


def _list(args: list[Spelled], lang: str) -> str:
    return ("; " if lang == "fr" else ", ").join(a for a, _ in args)


def _spell_call(node: Tree, args: list[Spelled], lang: str) -> str:
    if node.value == "abs" and node.head == "call" and not set("|‖") & set(args[0][0]):
        return f"|{args[0][0]}|"
    name = _FUNCTION_NAME.get(str(node.value), str(node.value))
    return f"{name}{chr(39) if node.head == 'prime' else ''}({_list(args, lang)})"


def _spell_total(node: Tree, args: list[Spelled]) -> str:
    sign, name = ("∑" if node.head == "sum" else "∏"), str(node.value)
    # of a product it would not be clear where it ends: ∏_i (x_i·y)
    body = _wrap_last(args[0], MUL) if node.head == "sum" else _wrap(args[0], MUL + 1)
    if len(args) == 1:
        return f"{sign}_{name} {body}" if len(name) == 1 else f"{sign}_{{{name}}} {body}"
    return f"{sign}_{{{name}={args[1][0]}}}^{{{args[2][0]}}} {body}"


def _spell_array(node: Tree, args: list[Spelled], lang: str) -> str:
    """An array head that binds as tightly as a name."""
    head = node.head
    if head == "index":
        return _spell_index(node, args)
    if head == "norm":
        inner, kind = args[0][0], str(node.value)
        if not set("|‖") & set(inner):
            return f"‖{inner}‖{_NORM_INDEX[kind]}"
        return f"norm({_list([args[0], *([] if kind == '2' else [(kind, ATOM)])], lang)})"
    if head == "delta":
        return f"δ_{{{args[0][0]},{args[1][0]}}}"
    if head in ("eye", "ones"):
        letter = "I" if head == "eye" else "𝟏"
        return letter + _subscript(node.args, args) if args else letter
    if lang == "fr":  # in [0,5; 2,5] the commas could part two elements
        args = [(f"({a})", level) if "," in a and n.head != "array" else (a, level)
                for n, (a, level) in zip(node.args, args)]
    alone = len(args) == 1 and node.args[0].head != "array"
    return f"[{_list(args, lang)},]" if alone else f"[{_list(args, lang)}]"


def _spell_index(node: Tree, args: list[Spelled]) -> str:
    of = node.args[0]
    # (x_i)_j, (‖x‖)_i, (√(x))_i: without brackets the index would be of what stands before it
    alone = (of.head, of.value) in (("index", "1"), ("call", "sqrt")) or of.head == "norm"
    base = f"({args[0][0]})" if alone else _wrap(args[0], ATOM)
    if node.value == "0":
        return f"{base}[{', '.join(a for a, _ in args[1:])}]"
    return base + _subscript(node.args[1:], args[1:])


def _subscript(indices: tuple[Tree, ...], args: list[Spelled]) -> str:
    texts = [a for a, _ in args]
    if len(texts) == 1 and len(texts[0]) == 1 and texts[0].isalnum():
        return f"_{texts[0]}"
    if len(texts) == 1 and indices[0].head == "num":
        return f"_{{({texts[0]})}}"  # x_{12} could be two indices
    return f"_{{{','.join(texts)}}}"


def _wrap(arg: Spelled, level: int) -> str:
    return arg[0] if arg[1] >= level else f"({arg[0]})"


def _wrap_last(arg: Spelled, level: int) -> str:
    """The same where nothing follows that a sum could swallow."""
    return arg[0] if arg[1] == OPEN else _wrap(arg, level)


def _spell_operator(node: Tree, args: list[Spelled], lang: str) -> Spelled:
    head = node.head
    level = OPEN if head in ("mul", "neg") and args[-1][1] == OPEN else _LEVEL[head]
    if head == "add":
        return _spell_sum(node, args), level
    if head == "neg":
        return f"-{_wrap_last(args[0], MUL)}", level
    if head == "mul":
        return _spell_product(node, args), level
    if head in ("div", "matmul"):
        return f"{_wrap(args[0], NEG)}{'/' if head == 'div' else ' @ '}{_wrap(args[1], MUL + 1)}", level
    if head == "pow":
        return f"{_wrap(args[0], ATOM)}{node.value or '^'}{_wrap(args[1], _LEVEL[head])}", level
    if head == "T":
        return f"{_wrap(args[0], ATOM)}ᵀ", level
    if head == "rel":
        sign = _PRETTY.get(str(node.value), node.value)
        return f"{_wrap(args[0], ADD)} {sign} {_wrap(args[1], ADD)}", level
    word = _WORDS[lang][head]
    if head == "not":
        return f"{word} {_wrap(args[0], _LEVEL['rel'])}", level
    first = _wrap(args[0], level if node.args[0].head == head else level + 1)  # a and b and c
    return f" {word} ".join([first, *(_wrap(a, level + 1) for a in args[1:])]), level


def _spell_sum(node: Tree, args: list[Spelled]) -> str:
    text = _wrap(args[0], ADD)
    for operand, arg in zip(node.args[1:], args[1:]):
        if operand.head == "neg":
            text += f" - {arg[0][1:]}"
        else:
            text += f" + {_wrap_last(arg, MUL)}"
    return text


def _spell_product(node: Tree, args: list[Spelled]) -> str:
    first = node.args[0]
    # (A ⊙ B) x keeps its brackets; scalar products run on.
    kept = first.head == "mul" and (first.value is not None or node.value is not None)
    text = f"({args[0][0]})" if kept else _wrap(args[0], NEG)
    signs = str(node.value) if node.value is not None else "." * (len(args) - 1)
    for place, (sign, arg) in enumerate(zip(signs, args[1:]), 1):
        runs_on = place == len(args) - 1 and node.args[place].head in ("sum", "prod")
        factor = arg[0] if runs_on else _wrap(arg, MUL + 1)
        # 2 after a name would want an operator, [1, 2] after an array would be its index
        bare = sign == "j" and (factor[0].isdigit() or factor[0] == "[") and not factor.startswith("1[")
        text += _TIMES[sign] + (f"({factor})" if bare else factor)
    return text
