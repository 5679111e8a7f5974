"""One Pratt parser from tokens to the tree of an answer. The declared names drive the reading.

Nothing typed here is ever evaluated as Python; a text is either read whole or refused with a caret
under the character where reading stopped and a word on what would fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NoReturn

from ..errors import LimitExceeded, ParseError
from .functions import ARITY, NAMES, PRIMES, SHORT, function_named, log_base
from .latex import is_latex, tokenize_latex
from .phrases import safe, say
from .tokens import WORDS, Token, key, normal, tokenize
from .tree import (
    BOOLEAN,
    MAX_DEPTH,
    MAX_NODES,
    Tree,
    add,
    call,
    const,
    div,
    indicator,
    make,
    mul,
    neg,
    num,
    number_like,
    power,
    prime,
    rel,
    sym,
    where,
)

# Binding strengths, weakest first.
OR, AND, NOT, RELATION, SUM, PRODUCT, SIGN, BARE, POWER = 10, 20, 25, 30, 40, 50, 55, 60, 70
STRENGTH = {"or": OR, "&": AND, "<": RELATION, "<=": RELATION, ">": RELATION, ">=": RELATION, "!=": RELATION,
            "=": RELATION, "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "^": POWER}
CLOSING = {"(": ")", "[": "]", "{": "}", "|": "|"}
# Functions that hands write without brackets: sin x, ln 2x.
BARE_FUNCTIONS = frozenset({"sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh", "log", "exp", "log10",
                            "log2", "asin", "acos", "atan", "sign", "sqrt"})


_N = r"[^\W\d]\w*"
# df/dw, ∂f/∂w, d/dw f; ∇_w f; f'(x); a name that is not declared. Tokens are parted by a blank.
LEFT_SIDES = (rf"[∂d] ?(?P<f>{_N})? / [∂d] ?(?P<x>{_N})(?: (?P<g>{_N}))?", rf"∇(?: (?P<x>{_N}))?(?: (?P<f>{_N}))?",
              rf"(?P<f>{_N}) ' (?P<x>{_N})", rf"(?P<name>{_N})(?: ')?")


@dataclass(frozen=True)
class LeftSide:
    """`df/dw1` on the left of an equals sign: function and variable as typed, where they are given."""

    function: str | None
    variable: str | None
    start: int = 0


@dataclass(frozen=True)
class Reading:
    """What was read: the links of `a = b = c`, the left side, and what to warn about."""

    links: tuple[Tree, ...]
    left: LeftSide | None = None
    flags: frozenset[str] = frozenset()
    text: str = ""


@dataclass
class Names:
    """The declared names and their looser spellings (w_1 for w1, ŷ for y_hat)."""

    exact: dict[str, str] = field(default_factory=dict)
    loose: dict[str, list[str]] = field(default_factory=dict)

    @staticmethod
    def of(names: Iterable[str]) -> Names:
        table = Names()
        for name in names:
            table.exact[name] = name
            table.loose.setdefault(key(name), [])
            if name not in table.loose[key(name)]:
                table.loose[key(name)].append(name)
        return table

    def find(self, text: str) -> list[str]:
        """The declared names that `text` can stand for."""
        return [self.exact[text]] if text in self.exact else self.loose.get(key(text), [])


def parse(text: str, names: Iterable[str] = (), *, lang: str = "en", syntax: str = "auto",
          declare: bool = False) -> Reading:
    """Read an answer in calculator text or, where it has a backslash or `syntax` says so, in LaTeX.

    `names` are the symbols that may occur; with `declare` any other name becomes a symbol too.
    Raises ParseError (with a caret) or LimitExceeded; never evaluates anything.

    >>> from .tree import show
    >>> show(parse("w3(x1+x2)1[z>0]", ["w3", "x1", "x2", "z"]).links[0])
    'w3·(x1 + x2)·1[z > 0]'
    >>> parse("2*y", ["x"])
    Traceback (most recent call last):
    graphc.errors.ParseError: no name y in this question; the names are x
      2*y
        ^
    """
    latex = syntax == "latex" or (syntax == "auto" and is_latex(text))
    clean = normal(text.strip().strip("$") if latex else text, lang)
    tokens = tokenize_latex(clean, lang) if latex else tokenize(clean, lang)
    parser = Parser(clean, tokens, Names.of(names), lang, declare)
    return parser.read()


class Parser:
    """State of one reading: the tokens, the place, and the brackets that are open."""

    def __init__(self, text: str, tokens: list[Token], names: Names, lang: str, declare: bool) -> None:
        self.text, self.names, self.lang, self.declare = text, names, lang, declare
        self.tokens = [self._word(t) for t in tokens]
        self.at = self.depth = self.bars = self.brackets = 0
        self.decimal_comma = [lang == "fr"]
        self.flags: set[str] = set()

    def _word(self, token: Token) -> Token:
        if token.kind == "name" and token.text in WORDS and not self.names.find(token.text):
            return Token("op", WORDS[token.text], token.start, end=token.end)
        return token

    # -- reading the whole ------------------------------------------------------------------------------

    def read(self) -> Reading:
        if self.here.kind == "end":
            self.fail("empty", place=0)
        left = self.left_side()
        links = [self.link()]
        while self.take("="):
            if self.here.kind == "end":
                self.fail("nothing_after_equals")
            links.append(self.link())
        if self.here.kind != "end":
            self.unexpected("expected_operator")
        size = sum(link.size for link in links)
        if size > MAX_NODES:
            raise LimitExceeded(say(self.lang, "too_many", got=size, limit=MAX_NODES))
        return Reading(tuple(links), left, frozenset(self.flags), self.text)

    def link(self) -> Tree:
        return number_like(self.expression(0))

    def left_side(self) -> LeftSide | None:
        """`df/dw =`, `∂f/∂w =`, `f'(x) =`, `g =` with an unknown g; else nothing is taken."""
        stop = next((i for i, t in enumerate(self.tokens) if t.text == "=" and t.kind == "op"), None)
        if stop is None or stop > 12:
            return None
        head = " ".join(t.text for t in self.tokens[:stop] if t.text not in "(){}*_" or t.kind == "sup")
        found = next((m for pattern in LEFT_SIDES if (m := re.fullmatch(pattern, head))), None)
        parts = found.groupdict() if found else {}
        name = parts.get("name")
        if not found or (name and (self.names.find(name) or self.segmentations(name))):
            return None
        variable = parts.get("x")
        if name and name.startswith("d") and self.names.find(name[1:]):
            variable = name[1:]  # dw1 = ... stands for ∂f/∂w1
        function = parts.get("f") or parts.get("g")
        if head.startswith("∇") and function is None and variable and not self.names.find(variable):
            function, variable = variable, None  # ∇f
        side = LeftSide(function, variable, self.here.start)
        self.at = stop + 1
        if self.here.kind == "end":
            self.fail("nothing_after_equals")
        return side

    # -- tokens -----------------------------------------------------------------------------------------

    @property
    def here(self) -> Token:
        return self.tokens[self.at]

    def take(self, text: str) -> bool:
        if self.here.kind == "op" and self.here.text == text:
            self.at += 1
            return True
        return False

    def is_op(self, text: str, ahead: int = 0) -> bool:
        token = self.tokens[min(self.at + ahead, len(self.tokens) - 1)]
        return token.kind == "op" and token.text == text

    def fail(self, phrase: str, *, place: int | None = None, **parts: object) -> NoReturn:
        start = self.here.start if place is None else place
        raise ParseError(say(self.lang, phrase, **parts), self.text, start)

    def unexpected(self, phrase: str) -> NoReturn:
        token = self.here
        if token.kind == "op" and token.text in (",", ";"):
            self.fail("comma" if token.text == "," else "semicolon")
        got = say(self.lang, "end") if token.kind == "end" else repr(safe(token.text))
        self.fail({"'": "prime", "∂": "partial"}.get(token.text, phrase), got=got)

    # -- expressions --------------------------------------------------------------------------------------

    def expression(self, strength: int) -> Tree:
        """Everything from here that binds at least as strongly as `strength`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise LimitExceeded(say(self.lang, "too_deep", limit=MAX_DEPTH))
        left = self.prefix()
        while strength <= POWER and (operator := self.operator()) and STRENGTH[operator] >= strength:
            left = self.infix(operator, left)
        self.depth -= 1
        return left

    def operator(self) -> str | None:
        """The operator that stands here, an unwritten product included."""
        token = self.here
        if token.kind == "sup":
            return "^"
        if token.kind == "op" and token.text in STRENGTH:
            return None if token.text == "=" and not self.brackets else token.text
        return "*" if self.starts_factor() else None

    def starts_factor(self) -> bool:
        token = self.here
        if token.kind == "num":
            if token.value == 1 and any(self.is_op(opening, 1) for opening in "[({_"):
                return True  # w·1[z > 0] with the dot left out
            self.fail("missing_operator", got=safe(token.text))
        if token.kind == "name":
            return True
        return token.kind == "op" and (token.text in "([{√∛" or (token.text == "|" and not self.bars))

    def infix(self, operator: str, left: Tree) -> Tree:
        if STRENGTH[operator] == RELATION:
            return self.relation(left)
        if operator in ("or", "&"):
            self.at += 1
            right = self.expression(STRENGTH[operator] + 1)
            return make("or" if operator == "or" else "and", self.condition(left), self.condition(right))
        if STRENGTH[operator] == SUM:
            return self.sum(left)
        if operator == "^":
            return self.power(left)
        return self.quotient(left) if operator == "/" else self.product(left)

    def condition(self, a: Tree) -> Tree:
        if a.head == "ind":
            return a.args[0]
        if a.head not in BOOLEAN:
            self.fail("condition")
        return a

    def relation(self, left: Tree) -> Tree:
        """a < b, and a < b <= c as both."""
        found: list[Tree] = []
        while (operator := self.operator()) and STRENGTH[operator] == RELATION:
            self.at += 1
            right = self.expression(RELATION + 1)
            found.append(rel("==" if operator == "=" else operator, number_like(left), number_like(right)))
            left = right
        return found[0] if len(found) == 1 else make("and", *found)

    def sum(self, left: Tree) -> Tree:
        terms = [number_like(left)]
        while self.is_op("+") or self.is_op("-"):
            minus = self.here.text == "-"
            self.at += 1
            term = number_like(self.expression(SUM + 1))
            terms.append(make("neg", term, value="-") if minus else term)
        return add(*terms)

    def product(self, left: Tree) -> Tree:
        factors = [left]
        while self.operator() == "*":
            written = self.take("*")
            factor = self.expression(PRODUCT + 1)
            one = factors[-1].head == "num" and factors[-1].value == 1
            if one and not written and (factor.head == "ind" or factor.head in BOOLEAN):
                factors.pop()  # 1[z > 0] is the indicator, not a product with it
            factors.append(factor)
        return mul(*(number_like(f) for f in factors))

    def quotient(self, left: Tree) -> Tree:
        self.at += 1
        right = self.expression(PRODUCT + 1)
        if self.here.kind != "num" and not self.is_op("*") and self.operator() == "*":
            self.flags.add("ambiguous_division")
        return div(number_like(left), number_like(right))

    def power(self, left: Tree) -> Tree:
        if self.here.kind == "sup":
            raised = num(self.here.value or 0)
            self.at += 1
            return power(number_like(left), raised)
        self.at += 1
        return power(number_like(left), number_like(self.expression(POWER - 1)))

    # -- operands -------------------------------------------------------------------------------------------

    def prefix(self) -> Tree:
        token = self.here
        if token.kind == "num":
            return self.number()
        if token.kind == "name":
            return self.name()
        if token.kind == "op" and token.text in ("+", "-"):
            self.at += 1
            operand = number_like(self.expression(SIGN))
            return operand if token.text == "+" else self.negated(operand)
        if self.take("not"):
            return make("not", self.condition(self.expression(NOT)))
        if token.kind == "op" and token.text in CLOSING:
            return self.group()
        if token.kind == "op" and token.text in "√∛":
            self.at += 1
            return call("sqrt" if token.text == "√" else "cbrt", number_like(self.expression(POWER + 1)))
        return self.unexpected("expected_value")

    def negated(self, operand: Tree) -> Tree:
        return num(-operand.value) if operand.head == "num" and isinstance(operand.value, Fraction) else neg(operand)

    def number(self) -> Tree:
        token = self.here
        self.at += 1
        if self.is_op(",") and self._decimals_follow(token):
            fraction = self.tokens[self.at + 1]
            self.at += 2
            joined = Token("num", f"{token.text}.{fraction.text}", token.start, end=fraction.end)
            if len(joined.text) > 41:
                raise LimitExceeded(say(self.lang, "digits", got=len(joined.text) - 1, limit=40))
            return num(Fraction(joined.text))
        if token.value == 1 and self.is_op("_") and self.tokens[self.at + 1].text in CLOSING:
            self.at += 1  # 1_{z > 0}
        if token.value == 1 and token.text == "1" and self._condition_follows():
            return number_like(self.group())  # 1[z > 0] is one operand: a/1[z > 0] divides by it
        return num(token.value if token.value is not None else 0)

    def _condition_follows(self) -> bool:
        """Whether the brackets that open here hold a comparison of their own, as in `[z > 0]`."""
        depth = 0
        for token in self.tokens[self.at :]:
            if token.kind != "op" or token.text == "|":
                if depth == 0:
                    return False
                continue
            if token.text in CLOSING:
                depth += 1
            elif token.text in CLOSING.values():
                depth -= 1
            elif depth == 1 and STRENGTH.get(token.text) == RELATION:
                return True
            if depth == 0:
                return False
        return False

    def _decimals_follow(self, token: Token) -> bool:
        comma, following = self.tokens[self.at], self.tokens[self.at + 1]
        digits = token.text.isdigit() and following.kind == "num" and following.text.isdigit()
        meant = self.decimal_comma[-1] or comma.end - comma.start == 3  # {,} in LaTeX is always a decimal comma
        return digits and meant and comma.start == token.end and following.start == comma.end

    def group(self) -> Tree:
        opening = self.here
        close = CLOSING[opening.text]
        bars, self.bars = self.bars, int(opening.text == "|")
        self.at += 1
        self.brackets += 1
        self.decimal_comma.append(self.lang == "fr")
        inner = self.expression(0)
        self.decimal_comma.pop()
        self.brackets -= 1
        self.close(opening, close)
        self.bars = bars
        if opening.text == "|":
            return call("abs", number_like(inner))
        # [z > 0] and {z > 0} are indicators; (z > 0) may still be part of a larger condition.
        return number_like(inner) if opening.text in "[{" else inner

    def close(self, opening: Token, close: str) -> None:
        if self.take(close):
            return
        if self.here.kind == "op" and self.here.text in (",", ";"):
            self.unexpected("comma")
        got = say(self.lang, "end") if self.here.kind == "end" else repr(safe(self.here.text))
        self.fail("unclosed", open=repr(opening.text), close=repr(close), got=got,
                  place=opening.start if self.here.kind == "end" else None)

    # -- names ------------------------------------------------------------------------------------------------

    def name(self) -> Tree:
        token = self.here
        found = self.names.find(token.text)
        if len(found) > 1:
            self.fail("twin_names", name=safe(token.text), one=found[0], two=found[1])
        if found and not self.primed(token.text):
            self.at += 1
            return sym(found[0])
        if self.is_function(token.text):
            return self.function(token)
        if constant := self.constant(token.text):
            self.at += 1
            return const(constant)
        if self.declare:
            return self.declared(token)
        self.split(token)
        return self.name()

    def primed(self, text: str) -> bool:
        """A declared name that is also a function is the function where a prime follows: sigma'(z)."""
        return self.is_op("'", 1) and function_named(text) is not None

    def is_function(self, text: str) -> bool:
        name = function_named(text) or function_named(key(text))
        if name is None:
            return False
        follows = self.is_op("(", 1) or self.is_op("'", 1) or self.is_op("[", 1) or self.is_op("_", 1)
        return follows or (key(text) not in SHORT and text.lower() not in SHORT)

    @staticmethod
    def constant(text: str) -> str | None:
        return {"e": "e", "pi": "pi", "π": "pi", "Pi": "pi"}.get(text)

    def declared(self, token: Token) -> Tree:
        if not re.fullmatch(r"[^\W\d]\w*", token.text):
            self.fail("unknown_name", name=safe(token.text), known="")
        if self.is_op("(", 1) and self.tokens[self.at + 1].start == token.end and len(token.text) > 2:
            self.fail("unknown_function", name=safe(token.text), known=", ".join(sorted(NAMES)))
        self.at += 1
        return sym(token.text)

    def split(self, token: Token) -> None:
        """Replace a run such as `w1x1` by the names it is made of; refuse it when that is none or many."""
        ways = self.segmentations(token.text)
        if not ways:
            self.unknown(token)
        if len(ways) > 1:
            one, two = ("·".join(w) for w in ways[:2])
            self.fail("ambiguous_name", name=safe(token.text), one=one, two=two)
        place, parts = token.start, []
        for piece in ways[0]:
            parts.append(Token("name", piece, place, end=place + len(piece)))
            place += len(piece)
        self.tokens[self.at : self.at + 1] = parts

    def unknown(self, token: Token) -> NoReturn:
        called = self.is_op("(", 1) and self.tokens[self.at + 1].start == token.end
        if called and len(token.text) > 2:
            self.fail("unknown_function", name=safe(token.text), known=", ".join(sorted(NAMES)))
        self.fail("unknown_name", name=safe(token.text), known=", ".join(self.names.exact) or "—")

    def segmentations(self, text: str) -> list[list[str]]:
        """At most two ways to cut a run into declared names, constants, and a last function name."""
        if len(text) > 40:
            return []
        ways: list[list[list[str]]] = [[] for _ in range(len(text) + 1)]
        ways[0] = [[]]
        for end in range(1, len(text) + 1):
            for start in range(end):
                if ways[start] and self._piece(text[start:end], end == len(text), start == 0 and end == len(text)):
                    ways[end] = (ways[end] + [[*w, text[start:end]] for w in ways[start]])[:8]
        # Longer names first: w1·x1 before w·1…; a way that uses e or π only wins when alone.
        declared = [w for w in ways[-1] if all(self.names.find(p) for p in w)]
        return (declared or ways[-1])[:2]

    def _piece(self, piece: str, last: bool, whole: bool) -> bool:
        if len(self.names.find(piece)) == 1 or self.constant(piece):
            return True
        return last and not whole and self.is_function(piece)

    # -- calls ------------------------------------------------------------------------------------------------

    def function(self, token: Token) -> Tree:
        name = function_named(token.text) or function_named(key(token.text)) or ""
        self.at += 1
        if name == "piecewise":
            return self.piecewise()
        primes = 0
        while self.take("'"):
            primes += 1
        if primes > 1 or (primes and name not in PRIMES):
            self.fail("no_prime", name=safe(token.text), place=token.start)
        raised = self.function_power(token)
        if name == "indicator" and self.take("_") and self.here.text not in CLOSING:
            self.unexpected("condition")
        arguments = self.arguments(token, name)
        value = self.apply(token, name, primes == 1, arguments)
        return value if raised is None else power(value, raised)

    def piecewise(self) -> Tree:
        """Piecewise((a, x > 0), (b, True)): the first pair whose condition holds; undefined where none does."""
        self.brackets += 1
        self.decimal_comma.append(False)
        opening = self.here
        self.expect("(")
        pairs = [self.pair()]
        while self.take(",") or self.take(";"):
            pairs.append(self.pair())
        self.close(opening, ")")
        self.decimal_comma.pop()
        self.brackets -= 1
        value = div(num(0), num(0))
        for branch, condition in reversed(pairs):
            value = branch if condition is None else where(condition, branch, value)
        return value

    def pair(self) -> tuple[Tree, Tree | None]:
        opening = self.here
        self.expect("(")
        branch = number_like(self.expression(0))
        if not self.take(";"):
            self.expect(",")
        always = self.here.kind == "name" and self.here.text == "True"
        self.at += always
        condition = None if always else self.condition(self.expression(0))
        self.close(opening, ")")
        return branch, condition

    def expect(self, text: str) -> None:
        if not self.take(text):
            self.unexpected("expected_value")

    def function_power(self, token: Token) -> Tree | None:
        """sin²(x), sin^2(x); sin^-1 can mean two things and is refused."""
        if self.here.kind == "sup":
            raised = num(self.here.value or 0)
            self.at += 1
        elif self.take("^"):
            raised = self.number() if self.here.kind == "num" else number_like(self.expression(POWER + 1))
        else:
            return None
        if raised.number is not None and raised.number < 0:
            self.fail("inverse_function", name=safe(token.text), place=token.start)
        return raised

    def arguments(self, token: Token, name: str) -> list[Tree]:
        opening = self.here
        if opening.kind == "op" and opening.text in "([{" and opening.text != "":
            return self.argument_list(opening, name)
        if opening.kind == "op" and opening.text == "|" and not self.bars:
            return [self.group()]  # ln|x|
        if name not in BARE_FUNCTIONS or opening.kind not in ("num", "name"):
            self.fail("needs_argument", name=safe(token.text))
        factors = [self.expression(BARE)]
        while self.here.kind == "name" and not self.is_function(self.here.text):
            factors.append(self.expression(BARE))
        return [mul(*factors)]

    def argument_list(self, opening: Token, name: str) -> list[Tree]:
        self.at += 1
        bars, self.bars = self.bars, 0
        self.brackets += 1
        most = ARITY.get(name, (1, 1))[1]
        self.decimal_comma.append(self.lang == "fr" and (most == 1 or self.has_semicolon()))
        found = [self.expression(0)]
        while self.take(",") or self.take(";"):
            found.append(self.expression(0))
        self.decimal_comma.pop()
        self.brackets -= 1
        self.close(opening, CLOSING[opening.text])
        self.bars = bars
        return found

    def has_semicolon(self) -> bool:
        depth = 0
        for token in self.tokens[self.at :]:
            if token.kind == "op" and token.text in "([{":
                depth += 1
            elif token.kind == "op" and token.text in ")]}":
                depth -= 1
            if depth < 0:
                return False
            if depth == 0 and token.text == ";":
                return True
        return False

    def apply(self, token: Token, name: str, primed: bool, args: list[Tree]) -> Tree:
        fewest, most = ARITY.get(name, (1, 1))
        if primed:
            fewest = most = 1
        if len(args) < fewest or (most is not None and len(args) > most):
            need = say(self.lang, "arguments" if most is not None else "arguments_more", n=fewest)
            self.fail("arity", name=safe(token.text), need=need, got=len(args), place=token.start)
        if name == "indicator":
            return indicator(self.condition(args[0]))
        if name == "where":
            return where(self.condition(args[0]), number_like(args[1]), number_like(args[2]))
        if name == "step" and len(args) == 1 and args[0].head in BOOLEAN:
            return indicator(args[0])
        values = [number_like(a) for a in args]
        if name == "log" and len(values) == 2:
            return log_base(*values)
        return prime(name, values[0]) if primed else call(name, *values)
