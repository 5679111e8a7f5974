"""One Pratt parser from tokens to the tree of an answer. The declared names drive the reading.

Nothing typed here is ever evaluated as Python; a text is either read whole or refused with a caret
under the character where reading stopped and a word on what would fit. Rooms of the parser: `stream`
(its state), `naming`, `calls`, `operands`, `totals`, `branches`, `left`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from ...errors import LimitExceeded
from ..phrases import say
from . import branches, calls, naming, operands, totals
from .latex import is_latex, tokenize_latex, unwrapped
from .left import LeftSide, left_side, looks_like_one
from .names import Names
from .stream import CLOSERS, CLOSING, NOT, OPENERS, POWER, PRODUCT, RELATION, SIGN, STRENGTH, SUM, Stream
from .tokens import Token, normal, tokenize
from .tree import (
    BOOLEAN,
    MAX_NODES,
    Tree,
    add,
    call,
    div,
    make,
    matmul,
    neg,
    norm,
    num,
    number_like,
    ones,
    power,
    product,
    rel,
    transpose,
)

__all__ = ["LeftSide", "Names", "Parser", "Reading", "parse"]

TIMES = {"*": "*", "·": ".", "⊙": "o", "j": "j"}


@dataclass(frozen=True)
class Reading:
    """What was read: the links of `a = b = c`, the left side, and what to warn about."""

    links: tuple[Tree, ...]
    left: LeftSide | None = None
    flags: frozenset[str] = frozenset()
    text: str = ""


def parse(text: str, names: Iterable[str] = (), *, arrays: Collection[str] = (), lang: str = "en",
          syntax: str = "auto", declare: bool = False, adjoints: Mapping[str, str] | None = None) -> Reading:
    r"""Read an answer in calculator text or, where it has a backslash or `syntax` says so, in LaTeX.

    `names` are the symbols that may occur; with `declare` any other name becomes a symbol too. `arrays`
    are those that name arrays, best as a mapping from the name to its number of axes, which settles x_12.
    `adjoints` maps other names on a left side to the value whose adjoint they are: {"delta2": "z2"}.
    Raises ParseError (with a caret) or LimitExceeded; never evaluates anything.

    >>> from .tree import show
    >>> show(parse("w3(x1+x2)1[z>0]", ["w3", "x1", "x2", "z"]).links[0])
    'w3·(x1 + x2)·1[z > 0]'
    >>> show(parse(r"2W^\top (W x - y)", arrays={"W": 2, "x": 1, "y": 1}).links[0])
    '2 Wᵀ (W x - y)'
    >>> reading = parse(r"\frac{\partial p_i}{\partial z_j} = p_i(\delta_{ij} - p_j)", arrays={"p": 1, "z": 1})
    >>> show(reading.links[0]), reading.left.indices
    ('p_i (δ_{i,j} - p_j)', ('i', 'j'))
    >>> parse("2*y", ["x"])
    Traceback (most recent call last):
    graphc.errors.ParseError: no name y in this question; the names are x
      2*y
        ^
    """
    latex = syntax == "latex" or (syntax == "auto" and is_latex(text))
    clean = unwrapped(normal(text, lang, "$~" if latex else ""), latex)
    tokens = tokenize_latex(clean, lang) if latex else tokenize(clean, lang)
    parser = Parser(clean, tokens, Names.of(names, arrays), lang, declare)
    if not latex:
        parser.check_lines()
    return parser.read(adjoints or {})


class Parser(Stream):
    """The grammar of expressions; operands are read by the rooms."""

    # -- reading the whole ------------------------------------------------------------------------------

    def read(self, adjoints: Mapping[str, str]) -> Reading:
        self.check_colons()
        self.tokens = naming.joined(self)
        if self.here.kind == "end":
            self.fail("empty", place=0)
        left = self.left_side(adjoints)
        with self.binding(list(left.indices) if left else []):
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
        return number_like(self.value())

    def left_side(self, adjoints: Mapping[str, str]) -> LeftSide | None:
        found = left_side(self.tokens, self.names, adjoints, lambda text: bool(naming.runs(self, text)))
        if found is None and looks_like_one(self.tokens):
            self.fail("left_side")
        if found is None:
            return None
        side, self.at = found
        if any(i.isdigit() for i in side.indices):  # ∂L/∂W_{12} is one entry of what is asked
            self.fail("left_entry", place=side.start, got=", ".join(side.indices))
        if self.here.kind == "end":
            self.fail("nothing_after_equals")
        return side

    def check_lines(self) -> None:
        """Two lines are one formula only where an operator joins them; the source of LaTeX may be broken anywhere."""
        level = 0
        for before, after in zip(self.tokens, self.tokens[1:]):
            if before.kind == "op":
                level += (before.text in OPENERS) - (before.text in CLOSERS)
            ends = before.kind in ("num", "name", "sup") or before.text in CLOSERS
            begins = after.kind in ("num", "name") or after.text in OPENERS
            if level <= 0 and ends and begins and "\n" in self.text[before.end : after.start]:
                self.fail("rows_apart", place=after.start)

    def check_colons(self) -> None:
        """A colon stands between the brackets of an index only; before a formula it ends words."""
        indexing: list[bool] = []
        for place, token in enumerate(self.tokens):
            if token.kind != "op":
                continue
            if token.text in ("[", "{"):
                indexing.append(token.text == "[" or (place > 0 and self.tokens[place - 1].text == "_"))
            elif token.text in ("]", "}") and indexing:
                indexing.pop()
            elif token.text == ":" and not (indexing and indexing[-1]):
                words = place > 0 and all(t.kind == "name" for t in self.tokens[:place])
                self.fail("preamble" if words and self.tokens[place + 1].text != "=" else "colon", place=token.start)

    # -- expressions --------------------------------------------------------------------------------------

    def value(self) -> Tree:
        found = self.expression(0)
        return branches.by_cases(self, found) if branches.starts_condition(self) else found

    def expression(self, strength: int) -> Tree:
        self.deeper()
        found = self.climb(self.postfix(self.prefix()), strength)
        self.depth -= 1
        return found

    def climb(self, left: Tree, strength: int) -> Tree:
        while (operator := self.operator()) and STRENGTH[operator] >= strength:
            left = self.infix(operator, left)
        return left

    def operand(self) -> Tree:
        self.deeper()
        found = self.postfix(self.prefix())
        self.depth -= 1
        return found

    def operator(self) -> str | None:
        token = self.here
        if token.kind == "sup":
            return "^"
        if token.kind == "op" and token.text in STRENGTH:
            return None if token.text == "=" and not self.brackets else token.text
        return "j" if self.starts_factor() else None

    def starts_factor(self) -> bool:
        token = self.here
        if token.kind == "num":
            if token.value == 1 and any(self.is_op(opening, 1) for opening in "[({_"):
                return True  # w·1[z > 0] with the dot left out
            raised = [t.text for t in self.tokens[self.at + 1 : self.at + 4] if t.text != "{"]
            if token.value == 1 and self.names.arrays and raised[:2] in (["^", "T"], ["^", "ᵀ"]):
                return True  # x 1ᵀ
            self.fail("missing_operator", got=token.text)
        if token.kind in ("name", "tree"):
            return not self.ends_here()
        if token.kind != "op":
            return False
        if token.text == "|":
            return not self.bars and not (self.norm == "||" and self.double_bar())
        if token.text == "‖":
            return self.norm != "‖"
        return token.text in CLOSING or token.text in ("√", "∛", "∑", "∏", "𝟏", "{}^t")

    def infix(self, operator: str, left: Tree) -> Tree:
        strength = STRENGTH[operator]
        if strength == RELATION:
            return self.relation(left)
        if operator in ("or", "&"):
            self.at += 1
            right = self.expression(strength + 1)
            return make("or" if operator == "or" else "and", self.condition(left), self.condition(right))
        if strength == SUM:
            return self.sum(left)
        if strength == POWER:
            return self.postfix(self.power(number_like(left)))
        if operator == "/":
            return self.quotient(left)
        return self.matrix_product(left) if operator == "@" else self.product(left)

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
            if not self.brackets and self.text.startswith("=>", self.here.start):
                self.fail("arrow")
            self.at += 1
            right = self.expression(RELATION + 1)
            found.append(rel("==" if operator == "=" else operator, number_like(left), number_like(right)))
            left = right
        whole = found[0]
        for part in found[1:]:
            whole = make("and", whole, part)
        return whole

    def sum(self, left: Tree) -> Tree:
        terms = [number_like(left)]
        while self.is_op("+") or self.is_op("-"):
            minus = self.here.text == "-"
            self.at += 1
            term = number_like(self.expression(SUM + 1))
            terms.append(make("neg", term, value="-") if minus else term)
        return add(*terms)

    def product(self, left: Tree) -> Tree:
        factors, signs = [number_like(left)], ""
        while (operator := self.operator()) in TIMES:
            self.at += operator != "j"
            factors.append(number_like(self.expression(PRODUCT + 1)))
            signs += TIMES[operator]
        return product(factors, signs)

    def matrix_product(self, left: Tree) -> Tree:
        self.at += 1
        return matmul(number_like(left), number_like(self.expression(PRODUCT + 1)))

    def quotient(self, left: Tree) -> Tree:
        self.at += 1
        right = self.tightly(PRODUCT + 1)
        if self.here.kind != "num" and self.operator() == "j":
            self.flags.add("ambiguous_division")
        return div(number_like(left), number_like(right))

    # -- powers and what stands behind an operand -----------------------------------------------------------

    def power(self, left: Tree) -> Tree:
        token = self.here
        self.at += 1
        if token.kind == "sup":
            return power(left, num(token.value or 0))
        if token.text in ("ᵀ", ".T"):
            return transpose(left)
        if token.text == "^" and (turned := self.turned(left)) is not None:
            return turned
        if token.text == "^" and self.is_op("{") and self.is_op("⊙", 1):
            return self.elementwise_power(left)
        exponent = number_like(self.expression(POWER - 1))
        return make("pow", left, exponent, value="**" if left.shaped and token.text != "^" else None)

    def elementwise_power(self, left: Tree) -> Tree:
        r"""x^{\odot 2}."""
        opening = self.here
        self.at += 2
        with self.inside():
            exponent = number_like(self.expression(0))
        self.close(opening, "}")
        return make("pow", left, exponent, value="**" if left.shaped else None)

    def turned(self, left: Tree) -> Tree | None:
        """The exponents T, {T}, -T, where T is no declared name: a transpose, and of the inverse."""
        start = self.at
        closing = CLOSING[self.here.text] if self.here.kind == "op" and self.here.text in ("{", "(") else ""
        self.at += bool(closing)
        inverse = self.take("-")
        if inverse and self.here.text == "1":
            self.at += 1
        if self.takes_turn(left) and (not closing or self.take(closing)):
            left = ones() if self.is_ones(left) else left
            return transpose(power(left, -1) if inverse else left)
        self.at = start
        return None

    def is_ones(self, left: Tree) -> bool:
        """1ᵀ x among arrays is the vector of ones, typed as a plain 1."""
        return left.head == "num" and left.value == 1 and bool(self.names.arrays)

    def takes_turn(self, left: Tree) -> bool:
        if self.take("ᵀ"):
            return True
        token = self.here
        if not (left.shaped or self.is_ones(left)) or token.kind != "name" or token.text[0] != "T":
            return False
        if self.names.find(token.text) or self.names.find("T"):
            return False
        if token.text != "T":
            naming.head_of(self, token, "T")  # x^Ty, W^T_{ij}
        self.at += 1
        return True

    def postfix(self, left: Tree) -> Tree:
        """Indices and primes behind an operand: (W x)_i, x[0], W'."""
        while left.shaped and self.here.kind == "op" and self.here.text in "_'[":
            left = number_like(left)
            if self.here.text == "_":
                left = self.below(left)
            elif self.here.text == "'":
                self.at += 1
                left = transpose(left)
            elif self.here.text == "[" and (left.head == "sym" or self.adjacent()):
                indexed = naming.bracket_index(self, left)
                if indexed is None:
                    return left
                left = indexed
            else:
                return left
        return left

    def below(self, left: Tree) -> Tree:
        if left.head == "pow" and left.args[0].head == "norm" and left.args[0].value == "2":  # ‖x‖^2_2
            kind = operands.norm_kind(self, left.args[0].args[0])
            return make("pow", norm(kind.args[0], str(kind.value)), left.args[1], value=left.value)
        return naming.subscript(self, left)

    # -- operands -------------------------------------------------------------------------------------------

    def prefix(self) -> Tree:
        token = self.here
        if token.kind == "num":
            return operands.number(self)
        if token.kind == "name":
            return self.name()
        if token.kind == "tree":
            self.at += 1
            return self.ready[token.start]
        if token.kind != "op":
            return self.unexpected("expected_value")
        if token.text in ("+", "-"):
            self.at += 1
            operand = number_like(self.expression(SIGN))
            return operand if token.text == "+" else self.negated(operand)
        if self.take("not"):
            return make("not", self.condition(self.expression(NOT)))
        return self.sign(token)

    def sign(self, token: Token) -> Tree:
        """An operand that begins with a sign."""
        if token.text in "([{|":
            return operands.group(self)
        if token.text in totals.SIGNS:
            return totals.sum_over(self, totals.SIGNS[token.text])
        rooms = {"‖": operands.norm_of, "⟨": operands.angle, "⟦": operands.matrix, "𝟏": operands.one}
        if token.text in rooms:
            return rooms[token.text](self)
        if token.text in "√∛":
            self.at += 1
            return call("sqrt" if token.text == "√" else "cbrt", number_like(self.expression(POWER + 1)))
        if token.text in ("ᵗ", "{}^t"):  # of xᵗx it is not clear which x is turned; {}^t stands before its own
            self.at += 1
            return transpose(number_like(self.expression(POWER)))
        if token.text == "^" and (turned := self.turned_before()) is not None:
            return turned
        return self.unexpected("expected_value")

    def turned_before(self) -> Tree | None:
        """ᵗA, as French books write a transpose: ^tA, ^{t}A."""
        braces = self.is_op("{", 1)
        token = self.ahead(1 + braces)
        if token.kind != "name" or token.text[0] not in "tT" or self.names.find(token.text) or not self.names.arrays:
            return None
        self.at += 1 + braces
        if len(token.text) > 1:
            naming.head_of(self, token, token.text[0])
        self.at += 1
        if braces:
            self.expect("}")
        return transpose(number_like(self.expression(POWER)))

    def negated(self, operand: Tree) -> Tree:
        return num(-operand.value) if operand.head == "num" and isinstance(operand.value, Fraction) else neg(operand)

    def name(self) -> Tree:
        token = self.here
        primed = self.is_op("'", 1) and naming.function_of(token.text) is not None and self.ahead(2).text == "("
        if not primed and (found := naming.known_symbol(self)) is not None:
            return found
        alone = len(token.text) == 1 and token.text.isalpha()
        if alone and (self.letters or token.text in self.index_letters()):
            return naming.letter(self)
        if (kind := totals.named_total(self)) is not None:
            return totals.sum_over(self, kind)
        if token.text in ("Σ", "Sigma"):
            self.fail("total_index", name=token.text)  # and no spelling of σ
        if (found := naming.special(self)) is not None:
            return found
        if (name := naming.array_function(self)) is not None:
            return calls.array_call(self, name)
        if naming.is_function(self, token.text):
            return calls.function(self, token)
        if (found := calls.logarithm(self) or naming.constant(self)) is not None:
            return found
        if self.declare:
            return naming.declare(self)
        naming.split(self)
        return self.name()

