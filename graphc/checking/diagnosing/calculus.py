"""Mistakes in the rules of calculus: products, quotients, powers, functions mixed up, integrals for derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from ...ir import Expr
from ..reading.tree import Tree, add, call, const, div, mul, neg, num, power, show, sym
from .chain import Chain, Edge, EdgeEdit, NodeEdit, Slip, Terms
from .words import function_name, name_of, words

Slips = Iterator[Slip]
U = sym("u")  # the operand, in a sentence


# -- products and quotients ---------------------------------------------------------------------------------


def products(chain: Chain, lang: str) -> Slips:
    """(ab)' taken as a'b', a' + b', aa' + bb' or a'b - ab'."""
    for node in chain.inner():
        if node.op.name != "multiply" or len(chain.edges[node]) != 2:
            continue
        a, b = (chain.trees[x] for x in node.args)
        for phrase, formula in PRODUCTS.items():
            if node.args[0] is node.args[1] and phrase.startswith("product_minus"):
                continue  # a'a - aa' is 0, whoever forgot what
            yield Slip(words("product_rule", node, phrase), (NodeEdit(node, _of_two(a, b, formula)),))


def quotients(chain: Chain, lang: str) -> Slips:
    """(a/b)' with the order, the square or a part of the rule wrong; or 1/b differentiated as b is."""
    for node in chain.inner():
        if node.op.name != "divide" or chain.edges[node][-1].operand == 0:
            continue
        a, b = (chain.trees[x] for x in node.args)
        both = len(chain.edges[node]) == 2
        for phrase, (needs_both, formula) in QUOTIENTS.items():
            if both or not needs_both:
                yield Slip(words("quotient_rule", node, phrase), (NodeEdit(node, _of_two(a, b, formula)),))


Formula = Callable[[Tree, Tree, Tree, Tree], Tree]

PRODUCTS: dict[str, Formula] = {
    "product_rule": lambda a, b, da, db: mul(da, db),
    "product_as_sum": lambda a, b, da, db: add(da, db),
    "product_own_factors": lambda a, b, da, db: add(mul(a, da), mul(b, db)),
    "product_minus": lambda a, b, da, db: add(mul(da, b), neg(mul(a, db))),
    "product_minus_reversed": lambda a, b, da, db: add(mul(a, db), neg(mul(da, b))),
}

# Whether both operands must vary, and what is computed instead of (a'b - ab')/b².
QUOTIENTS: dict[str, tuple[bool, Formula]] = {
    "quotient_rule": (True, lambda a, b, da, db: div(da, db)),
    "quotient_order": (True, lambda a, b, da, db: div(add(mul(a, db), neg(mul(da, b))), mul(b, b))),
    "quotient_no_square": (False, lambda a, b, da, db: div(add(mul(da, b), neg(mul(a, db))), b)),
    "quotient_no_divisor": (True, lambda a, b, da, db: add(mul(da, b), neg(mul(a, db)))),
    "quotient_inner_square": (True, lambda a, b, da, db: div(add(mul(da, b), neg(mul(a, db))), mul(db, db))),
    "quotient_as_product": (True, lambda a, b, da, db: neg(mul(da, div(db, mul(b, b))))),
    "quotient_own_factors": (True, lambda a, b, da, db: add(mul(a, da), neg(div(db, mul(b, b, b))))),
    "quotient_numerator_only": (True, lambda a, b, da, db: div(da, b)),
    "quotient_reversed": (False, lambda a, b, da, db: div(add(mul(db, a), neg(mul(b, da))), mul(a, a))),
    "quotient_constant": (False, lambda a, b, da, db: div(a, db)),
}


def _of_two(a: Tree, b: Tree, formula: Formula) -> Callable[[Terms], Tree]:
    def rule(terms: Terms) -> Tree:
        slopes = {e.operand: t or num(0) for e, t in terms}
        return formula(a, b, slopes.get(0, num(0)), slopes.get(1, num(0)))

    return rule


# -- powers -------------------------------------------------------------------------------------------------


def exponent_of(edge: Edge, chain: Chain) -> Fraction | None:
    """n where the edge goes into xⁿ with a constant n."""
    name = edge.user.op.name
    if name == "power" and not edge.operand:
        return chain.trees[edge.user.args[1]].number
    return {"square": Fraction(2), "sqrt": Fraction(1, 2), "reciprocal": Fraction(-1)}.get(name)


# What n·x^(n-1) turns into: phrase, coefficient and exponent.
POWERS: tuple[tuple[str, Callable[[Fraction], tuple[Fraction, Fraction]]], ...] = (
    ("power_no_coefficient", lambda n: (Fraction(1), n - 1)),
    ("power_not_lowered", lambda n: (n, n)),
    ("power_raised", lambda n: (n, n + 1)),
    ("power_wrong_coefficient", lambda n: (n - 1, n - 1)),
    ("power_wrong_coefficient", lambda n: (n + 1, n - 1)),
    ("power_divided", lambda n: (1 / n, n - 1)),
    ("power_without_variable", lambda n: (n, Fraction(0))),
    ("power_lowered_twice", lambda n: (n, n - 2)),
    ("power_sign", lambda n: (-n, n - 1)),
)


def powers(chain: Chain, lang: str) -> Slips:
    """(xⁿ)' = n·xⁿ⁻¹ with its coefficient or its exponent wrong."""
    found = [(e, n) for e in chain.all_edges() if (n := exponent_of(e, chain)) not in (None, 0, 1)]
    for phrase, wrong in POWERS:
        edits = [EdgeEdit(e, local=_power(chain, e, *wrong(n))) for e, n in found if n is not None]
        for edit, (edge, n) in zip(edits, found):
            got = show(_monomial(*wrong(n or Fraction(1))), lang)
            need = show(_monomial(n or Fraction(1), (n or Fraction(1)) - 1), lang)
            yield Slip(words("power_rule", edge.user, phrase, got=got, need=need), (edit,))
        if len(edits) > 1:
            yield Slip(words("power_rule", chain.f, f"{phrase}_everywhere"), tuple(edits))


def _power(chain: Chain, edge: Edge, coefficient: Fraction, exponent: Fraction) -> Tree:
    return mul(num(coefficient), power(chain.trees[edge.source], exponent)) if exponent else num(coefficient)


def _monomial(coefficient: Fraction, exponent: Fraction) -> Tree:
    raised = U if exponent == 1 else power(U, exponent)
    if not exponent:
        return num(coefficient)
    return raised if coefficient == 1 else mul(num(coefficient), raised)


def exponentials(chain: Chain, lang: str) -> Slips:
    """x^p differentiated as p^x would be, x^p·ln x; the other way round; the ln of the base forgotten."""
    for edge in chain.all_edges():
        if edge.user.op.name == "power":
            base, exponent, y = (chain.trees[n] for n in (*edge.user.args, edge.user))
            other = div(mul(exponent, y), base) if edge.operand else mul(y, call("log", base))
            yield Slip(words("exponential_power", edge.user), (EdgeEdit(edge, local=other),))
            if edge.operand:
                yield Slip(words("exponential_power", edge.user, "exponential_no_log"), (EdgeEdit(edge, local=y),))
        elif edge.user.op.name == "exp":
            y, u = chain.trees[edge.user], chain.trees[edge.source]
            lowered = mul(u, call("exp", add(u, num(-1))))
            yield Slip(words("exponential_power", edge.user), (EdgeEdit(edge, local=lowered),))


# -- functions mixed up ---------------------------------------------------------------------------------------

One = Callable[[Tree], Tree]


def _f(name: str) -> One:
    return lambda u: call(name, u)


def _minus(build: One) -> One:
    return lambda u: neg(build(u))


def _one_over(build: One) -> One:
    return lambda u: div(num(1), build(u))


def _squared(build: One) -> One:
    return lambda u: power(build(u), 2)


def _one_and(sign: int, build: One) -> One:
    return lambda u: add(num(1), build(u) if sign > 0 else neg(build(u)))


def _identity(u: Tree) -> Tree:
    return u


# Derivatives that are taken for the one of the function, by the names of rows.
MIXED_UP: dict[str, tuple[One, ...]] = {
    "sin": (_minus(_f("cos")), _minus(_f("sin"))),
    "cos": (_f("sin"), _minus(_f("cos")), _f("tan")),
    "tan": (_minus(_one_and(1, _squared(_f("tan")))), _f("sec"), lambda u: mul(call("sec", u), call("tan", u)),
            _f("cot"), _one_and(-1, _squared(_f("tan"))), _f("cos"), _minus(_one_over(_squared(_f("sin")))),
            _one_over(_squared(_f("sin")))),
    "exp": (_minus(_f("exp")), _f("log"), _identity),
    "log": (_minus(_one_over(_identity)), _one_over(_squared(_identity)), _identity, _one_over(_f("log")), _f("exp"),
            _minus(_one_over(_squared(_identity)))),
    "log10": (_one_over(_identity), lambda u: div(call("log", num(10)), u)),
    "log2": (_one_over(_identity), lambda u: div(call("log", num(2)), u)),
    "sqrt": (_one_over(_f("sqrt")), lambda u: div(num(2), call("sqrt", u)), lambda u: mul(num(2), call("sqrt", u)),
             lambda u: div(call("sqrt", u), num(2)), lambda u: neg(div(num(Fraction(1, 2)), call("sqrt", u)))),
    "sinh": (_minus(_f("cosh")), _f("cos")),
    "cosh": (_minus(_f("sinh")), _f("sin")),
    "tanh": (_one_and(1, _squared(_f("tanh"))), _one_and(-1, _f("tanh")), _f("sech")),
    "sigmoid": (lambda u: mul(call("sigmoid", u), add(num(1), call("sigmoid", u))), _one_and(-1, _f("sigmoid")),
                _squared(_f("sigmoid")), _one_and(-1, _squared(_f("sigmoid")))),
    "arcsin": (_minus(_one_over(lambda u: call("sqrt", _one_and(-1, _squared(_identity))(u)))),
               _one_over(lambda u: call("sqrt", _one_and(1, _squared(_identity))(u))),
               _one_over(_one_and(-1, _squared(_identity))), _one_over(_squared(_f("sin"))), _one_over(_f("cos"))),
    "arccos": (_one_over(lambda u: call("sqrt", _one_and(-1, _squared(_identity))(u))),),
    "arctan": (_one_over(_one_and(-1, _squared(_identity))), _minus(_one_over(_one_and(1, _squared(_identity)))),
               _one_over(lambda u: call("sqrt", _one_and(1, _squared(_identity))(u)))),
    "reciprocal": (_one_over(_squared(_identity)), _f("log"), _minus(_one_over(_identity))),
    "absolute": (lambda u: num(1),),
}
TRIGONOMETRIC = frozenset({"sin", "cos", "tan"})


def mixed_up(chain: Chain, lang: str) -> Slips:
    """The derivative of another function taken for this one's: +sin for cos', 1/√u for √'."""
    found: dict[str, list[EdgeEdit]] = {}
    for edge in chain.all_edges():
        for i, build in enumerate(MIXED_UP.get(edge.user.op.name, ())):
            edit = EdgeEdit(edge, local=build(chain.trees[edge.source]))
            found.setdefault(f"{edge.user.op.name} {i}", []).append(edit)
            said = words("wrong_derivative", edge.user, function=function_name(edge.user), got=show(build(U), lang))
            yield Slip(said, (edit,))
            if edge.source is not chain.wrt:
                said = words("wrong_derivative", edge.user, "wrong_derivative_at_variable", got=show(build(U), lang),
                             function=function_name(edge.user), at=name_of(chain.wrt), need=name_of(edge.source))
                yield Slip(said, (EdgeEdit(edge, local=build(chain.trees[chain.wrt])),))
    for name, edits in found.items():
        if len(edits) > 1:
            node, build = edits[0].edge.user, MIXED_UP[name.split()[0]][int(name.split()[1])]
            said = words("wrong_derivative", chain.f, "wrong_derivative_everywhere", function=function_name(node),
                         got=show(build(U), lang))
            yield Slip(said, tuple(edits))


def degrees(chain: Chain, lang: str) -> Slips:
    """A factor π/180: the rule of an angle in degrees where it is in radians."""
    edges = [e for e in chain.all_edges() if e.user.op.name in TRIGONOMETRIC]
    for edge in edges:
        local = mul(edge.local, div(const("pi"), num(180)))
        yield Slip(words("wrong_scale(π/180)", edge.user, "degrees"), (EdgeEdit(edge, local=local),))


# -- integrals ----------------------------------------------------------------------------------------------


def integrated(chain: Chain, lang: str) -> Slips:
    """f integrated, or one function of it: sin u turned into -cos u."""
    whole = antiderivative(chain)
    if whole is not None:
        yield Slip(words("integrated", chain.f), whole=lambda: whole)
    for edge in chain.all_edges():
        build = _primitive(edge, chain)
        if build is not None:
            local = build(chain.trees[edge.source])
            yield Slip(words("integrated", edge.user), (EdgeEdit(edge, local=local),))
            slope = chain.tangent.get(edge.source)
            if slope is not None and chain.is_constant(slope) and edge.source is not chain.wrt:
                yield Slip(words("integrated", edge.user), (EdgeEdit(edge, local, div(num(1), slope)),))


PRIMITIVES: dict[str, One] = {
    "sin": _minus(_f("cos")), "cos": _f("sin"), "exp": _f("exp"), "sinh": _f("cosh"), "cosh": _f("sinh"),
    "tan": lambda u: neg(call("log", call("abs", call("cos", u)))),
    "log": lambda u: add(mul(u, call("log", u)), neg(u)),
    "reciprocal": lambda u: call("log", call("abs", u)),
    "tanh": lambda u: call("log", call("cosh", u)), "sigmoid": _f("softplus"),
}


def _primitive(edge: Edge, chain: Chain) -> One | None:
    """The antiderivative of the function of an edge, by its operand."""
    n = exponent_of(edge, chain)
    if n == -1:
        return PRIMITIVES["reciprocal"]
    if n is not None:
        return lambda u: div(power(u, n + 1), num(n + 1))
    return PRIMITIVES.get(edge.user.op.name)


def antiderivative(chain: Chain) -> Tree | None:
    """∫f by the variable where f is a sum of constants times functions of a·x + b; else None."""
    x = chain.trees[chain.wrt]
    known: dict[Expr, Tree | None] = {chain.wrt: div(power(x, 2), num(2))}
    for node in chain.active:
        if node is not chain.wrt:
            known[node] = _integral(chain, node, known, x)
    return known.get(chain.f)


def _integral(chain: Chain, node: Expr, known: dict[Expr, Tree | None], x: Tree) -> Tree | None:
    edges = chain.edges[node]
    parts = [known[a] if a in known else mul(chain.trees[a], x) for a in node.args]
    name = node.op.name
    if name in ("add", "subtract", "negative"):
        present = [p for p in parts if p is not None]
        if len(present) < len(parts):
            return None
        return neg(present[0]) if name == "negative" else add(present[0], neg(present[1]) if name == "subtract"
                                                              else present[1])
    if len(edges) != 1:
        return None
    edge = edges[0]
    if name in ("multiply", "divide") and chain.is_constant(edge.local):
        inner = known[edge.source]
        return None if inner is None else mul(edge.local, inner)
    slope, build = chain.tangent.get(edge.source), _primitive(edge, chain)
    if name == "divide" and edge.operand == 1:
        build = PRIMITIVES["reciprocal"]
        return div(mul(chain.trees[node.args[0]], build(chain.trees[edge.source])), slope) \
            if slope is not None and chain.is_constant(slope) else None
    if build is None or slope is None or not chain.is_constant(slope):
        return None
    return div(build(chain.trees[edge.source]), slope)
