"""The rewrite rules, each validated by numbers, and the engine that applies them."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from op_cases import CASES

import graphc as G
from graphc.ir import ITEM, OPS, TUPLE, postorder
from graphc.patterns import Pattern, build, call, is_number, match, matcher, operand_ops, variables
from graphc.rewrite import FUEL, Rewrite, rewrite
from graphc.rules import RULES, Rule

INF, NAN = math.inf, math.nan
X, Y, Z = variables("x y z")
a, b, c = G.input("a", 3), G.input("b", 3), G.input("c", 3)
s, t = G.inputs("s t")
M, B = G.input("M", 2, 3), G.input("B", 2, 3)
GIVEN = {
    "a": np.array([0.5, -1.25, 2.0]), "b": np.array([1.5, 0.75, -3.0]), "c": np.array([-0.5, 4.0, 0.25]), "s": 1.5,
    "t": -0.75,
    "M": np.arange(6.0).reshape(2, 3) - 2.5, "B": np.cos(np.arange(6.0)).reshape(2, 3), "N": 4,
    "k": np.array([3, -2, 5]),
}  # fmt: skip
SPECIAL = [0.0, -0.0, 1.0, -2.5, INF, -INF, NAN]

# One node or more for each rule that is a function: the rule must fire on each.
EXAMPLES = {
    ("constant folding", "add"): [G.const(2.0) + 3.5, G.const([1, 2]) + 0.5],
    ("constant folding", "subtract"): [G.const(2.0) - 3],
    ("constant folding", "multiply"): [G.const(np.float32(2)) * 3], ("constant folding", "divide"): [G.const(1) / 4],
    ("constant folding", "negative"): [-G.const([1.0, -2.0])], ("constant folding", "square"): [G.square(G.const(3.0))],
    ("zero", "multiply"): [a * 0, 0.0 * M, G.zeros(3) * a], ("zero", "divide"): [0.0 / a],
    ("zero", "safe_divide"): [OPS["safe_divide"](0.0, a)],
    ("guard", "safe_divide"): [OPS["safe_divide"](a, G.sqrt(G.square(b) + 0.5))],
    ("power", "power"): [a**2, M**2.0],
    ("count terms", "add"): [a + a, 2 * a + a, a * 3 + 0.5 * a, s + s],
    ("count terms", "subtract"): [3 * a - a, a - 2.5 * a],
    ("common factor", "add"): [G.exp(a) * b + G.exp(a) * c, b * G.exp(a) + G.exp(a) * c],
    ("common factor", "subtract"): [G.exp(a) * b - c * G.exp(a)],
    ("numbers first", "multiply"): [2 * (3 * a), (a * 0.5) * 4, 2 * (s * 0.25)],
    ("scalars first", "multiply"): [s * (t * M), (M * t) * s],
    ("known condition", "where"): [G.where(True, a, b), G.where(np.array(False), a, b)],
    ("known branch", "where"): [
        G.where(a > 0, G.where(a > 0, b, c), a), G.where(a > 0, G.where(a > 0, b, 0.0 * c) * c, a),
        G.where(a > 0, a, -G.where(a > 0, b, c)),
    ],
    ("transposes", "transpose"): [
        M.T.T, G.transpose(M, (0, 1)), G.transpose(G.transpose(G.input("T", 2, 3, 4), (1, 2, 0)), (1, 2, 0)),
    ],
    ("reshapes", "reshape"): [M.reshape(6).reshape(3, 2), M.reshape(2, 3), G.broadcast_to(s, (2, 3)).reshape(6)],
    ("broadcasts", "broadcast_to"): [
        G.broadcast_to(G.broadcast_to(s, (3,)), (2, 3)), G.broadcast_to(M, (2, 3)),
        G.broadcast_to(a.reshape(1, 3), (2, 3)),
    ],
    ("sign", "divide"): [-2.0 / a, -1 / s],
    ("cast", "astype"): [a.astype("float64"), G.const(1.5).astype("float32")],
    ("slice", "getitem"): [M[:], M[:, 0:3], a[...]],
    ("concatenation", "concatenate"): [G.concatenate([a])],
    ("sum of a broadcast", "sum"): [
        G.broadcast_to(s, (2, 3)).sum(), G.broadcast_to(a, ("N", 3)).sum(axis=0),
        G.broadcast_to(a, (2, 3)).sum(axis=(0, 1)),
        G.broadcast_to(M.reshape(2, 1, 3), (2, 4, 3)).sum(axis=(1, 2)),
        G.broadcast_to(a, (2, 3)).sum(axis=0, keepdims=True),
    ],
    ("sum over nothing", "sum"): [G.sum(a, axis=()), M.reshape(1, 6).sum(axis=0)],
    ("sum of terms", "sum"): [
        G.sum(a * M, axis=0), G.sum(M / c, axis=0), G.sum(M - M.mean(axis=0), axis=0),
        G.sum(M + b * (B - G.mean(B, axis=0)), axis=0), G.sum(G.softmax(M) * s, axis=-1, keepdims=True),
        G.sum(-G.reshape(M.sum(axis=1), (2, 1)) * B, axis=1),
    ],
    ("mean of terms", "mean"): [G.mean(a * M, axis=0), G.mean(M - M.mean(axis=0), axis=0)],
    ("transpose of a product", "transpose"): [(M.T @ B).T, (M @ B.T).T],
    ("exp of log_softmax", "exp"): [G.exp(G.log_softmax(M, axis=0))],
    ("reciprocal", "multiply"): [1 / s * M, M * (1 / s)],
    ("item", "item"): [ITEM.make((TUPLE(M, a),), (1,))],
    ("sums", "sum"): [M.sum(axis=0).sum(), M.sum(axis=1).sum(axis=0), G.input("T", 2, 3, 4).sum(axis=1).sum(axis=1)],
}  # fmt: skip
GIVEN["T"] = np.sin(np.arange(24.0)).reshape(2, 3, 4)


def broadcast_example(op):
    """The op on operands of which one is broadcast beforehand without need; nothing where it has one operand only."""
    case = CASES[op][0]
    kinds = case.kinds or ("number",) * len(case.shapes[0])
    if len(kinds) < 2:
        return []
    plain = [M > 0 if kind == "bool" else M for kind in kinds]
    wide = [G.broadcast_to(a > 0 if kind == "bool" else a, (2, 3)) for kind in kinds]
    attrs = case.build(*plain).attrs
    return [OPS[op].make((*plain[:i], wide[i], *plain[i + 1 :]), attrs) for i in range(len(kinds))]


def before_broadcast_examples(op):
    """The op on operands all of which are broadcast."""
    case = CASES[op][0]
    kinds = case.kinds or ("number",) * len(case.shapes[0])
    wide = [G.broadcast_to(a > 0.5 if kind == "bool" else a, (2, 3)) for kind in kinds]
    return [OPS[op].make(tuple(wide), case.build(*wide).attrs)]


def instance(pattern):
    """A node that fits a pattern: its variables are inputs, a condition where one is needed."""
    found = {"x": a, "y": b, "z": a > b if pattern.op == "where" else c}
    return OPS[pattern.op](*[build(p, found) for p in pattern.args])


def examples(rule):
    if isinstance(rule.left, Pattern):
        return [instance(rule.left)]
    if rule.name == "implicit broadcast":
        return broadcast_example(rule.op)
    if rule.name == "before a broadcast":
        return before_broadcast_examples(rule.op)
    return EXAMPLES[rule.name, rule.op]


EACH = [pytest.param(rule, id=f"{i}-{rule.name}-{rule.op}") for i, rule in enumerate(RULES)]


def values(run, outputs, given):
    with np.errstate(all="ignore"):
        return run(outputs, **given)


@pytest.mark.parametrize("rule", EACH)
def test_each_rule_fires_and_keeps_value_and_type(rule, run):
    for before in examples(rule):
        log = []
        after = rewrite(before, [rule], log=log.append)
        assert [line.rule for line in log][-1:] == [rule.name], f"{rule} did not fire on {before}"
        assert after.type.shape == before.type.shape
        assert after.type.dtype == before.type.dtype
        np.testing.assert_allclose(values(run, after, GIVEN), values(run, before, GIVEN), rtol=1e-14)


UNCONDITIONAL = [p for p in EACH if not p.values[0].assumes and isinstance(p.values[0].left, Pattern)]


@pytest.mark.parametrize("rule", UNCONDITIONAL)
def test_a_rule_without_an_assumption_holds_at_every_special_value(rule, run):
    before = instance(rule.left)
    points = np.array(list(itertools.product(SPECIAL, repeat=3)))
    for chunk in points.reshape(-1, 7, 3).transpose(0, 2, 1):
        given = {k: v[:3] for k, v in zip("abc", chunk)}
        np.testing.assert_array_equal(values(run, rewrite(before, [rule]), given), values(run, before, given))


def test_the_assumptions_that_are_stated_are_needed(run):
    at = {"a": np.array([INF, NAN, 0.0]), "b": np.array([0.0, 1.0, 0.0]), "c": np.ones(3)}
    needed = [r for r in RULES if r.assumes and isinstance(r.left, Pattern) and r.left.op not in ("log",)]
    for rule in needed:
        before = instance(rule.left)
        same = np.array_equal(values(run, rewrite(before, [rule]), at), values(run, before, at), equal_nan=True)
        assert not same, f"{rule.name}: {before} assumes nothing"


def test_every_rule_says_why():
    assert all(rule.why and rule.name for rule in RULES)


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
@pytest.mark.parametrize("rule", [p for p in EACH if isinstance(p.values[0].left, Pattern)])
def test_pattern_rules_keep_other_dtypes(rule, dtype, run):
    x, y = G.input("x", 2, dtype=dtype), G.input("y", 2, dtype=dtype)
    found = {"x": x, "y": y, "z": G.input("z", 2, dtype="bool")}
    try:
        before = OPS[rule.left.op](*[build(p, found) for p in rule.left.args])
    except G.DTypeError:
        return  # the rule's left side does not exist in this dtype
    after = rewrite(before, [rule])
    assert after.type.dtype == before.type.dtype
    given = {"x": np.array([1, 2], dtype), "y": np.array([1, 3], dtype), "z": np.array([True, False])}
    np.testing.assert_allclose(values(run, after, given), values(run, before, given), rtol=1e-6)


# -- what must not be rewritten -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [
    a * 2, a + b, a - b, G.where(a > 0, b, c), a**3, a / b, G.exp(a) * b + G.tanh(a) * c, s * b + s * c, M.sum(axis=0),
    a[1:],
    G.concatenate([a, b]), 1e-200 * (1e-200 * a), M.T, G.const(1.0) / 0.0, G.relu(G.sigmoid(a)), (a > 0) * -1.0,
    G.where(a > 0, G.where(b > 0, b, c), a), G.max(G.broadcast_to(a, (2, 3)), axis=0), G.broadcast_to(a, (2, 3)),
], ids=str)  # fmt: skip
def test_left_alone(kept):
    assert rewrite(kept) is kept


def test_sizes_that_do_not_divide_out_stay_named():
    x = G.input("x", "N")
    assert str(rewrite(G.gradients(G.mean(x), x))) == "broadcast_to(1/N, (N,))"
    assert str(rewrite(G.broadcast_to(s, ("N",)).sum())) == "s*N"


# -- patterns -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "node", "found"),
    [
        (X * 1, 1.0 * a, {"x": a}), (X * 1, a * 1, {"x": a}), (X * 1, a * 2, None), (X * X, a * a, {"x": a}),
        (X * X, a * b, None),
        (X - 0, a - 0, {"x": a}), (X - 0, 0 - a, None), (X + -Y, (-a) + b, {"x": b, "y": a}),
        (call("maximum", X, X), G.maximum(a, b), None),
        ((X + Y) * (Y + X), (a + b) * (a + b), {"x": a, "y": b}), ((X + Y) * Y, b * (b + a), {"x": a, "y": b}),
        (X / Y * Y, b * (a / b), {"x": a, "y": b}),
        ((X * 2) * (Y * 3), (b * 3) * (2 * a), {"x": a, "y": b}), (X**2, a * a, None),
        (-(X - Y), -(a - b), {"x": a, "y": b}),
    ],
)  # fmt: skip
def test_matching(pattern, node, found):
    assert identities(match(pattern, node)) == identities(found)


def identities(found):
    """Nodes compare by building a node, so their identities are compared."""
    return None if found is None else {name: id(node) for name, node in found.items()}


def test_a_matcher_is_made_once_and_used_often():
    find = matcher(X * 1)
    assert find(a * 1)["x"] is a
    assert find(b * 1)["x"] is b
    assert find(b * 2) is None


def test_operand_ops_are_a_necessary_condition():
    assert operand_ops(X + -Y) == {"negative"}
    assert "const" in operand_ops(X * 1)
    assert operand_ops(X * X) == frozenset()


@pytest.mark.parametrize(
    ("node", "number", "answer"),
    [
        (G.const(1.0), 1, True), (G.const([1.0, 1.0]), 1, True), (G.const([1.0, 2.0]), 1, False),
        (G.broadcast_to(G.const(2.0), (3,)), 2, True),
        (G.const(2).astype("float32"), 2, True), (a, 1, False), (G.const(True), 1, False),
        (G.const(np.ones(0)), 1, False), (G.const(NAN), 1, False),
    ],
)  # fmt: skip
def test_is_number(node, number, answer):
    assert is_number(node, number) is answer


# -- the engine ------------------------------------------------------------------------------------------------------


def test_the_log_reads_as_sentences():
    log = []
    x = G.input("x")
    assert rewrite(-(-x) * 1, log=log.append) is x  # noqa: B002
    assert [str(line) for line in log] == [
        "double negation: -(-x)  →  x   because -(-x) = x",
        "one: x*1  →  x   because 1 is the unit of multiplication",
    ]


def test_the_log_states_the_assumption():
    log = []
    rewrite(a - a, log=log.append)
    assert isinstance(log[0], Rewrite)
    assert str(log[0]) == "difference of equals: a - a  →  0*a   because x - x = 0·x"
    assert str(log[1]).endswith("because 0·x = 0 (if x is finite)")


def test_several_outputs_are_rewritten_together():
    f, g = rewrite([a * 1 + b, G.exp(a * 1 + b)])
    assert g.args[0] is f
    assert rewrite([]) == []


def test_equal_factors_cancel():
    assert str(rewrite(G.where(s > 0, s / s, 0.0))) == "where(s > 0, 1, 0)"
    assert rewrite(a * b / b) is a


def test_names_survive():
    x = G.input("x")
    h = (G.exp(x) * 1).named("h")
    assert [n.name for n in postorder([rewrite(h + x)])] == ["x", "h", None]
    assert rewrite((x * 1).named("k")) is x


def test_rules_that_never_end_are_stopped():
    swap = Rule("swap", X + Y, Y + X, "addition commutes")
    log = []
    rewrite(a + b, [swap], log=log.append)
    assert 0 < len(log) <= FUEL
    grow = Rule("grow", X * Y, (X * Y) * 1, "for ever")
    rewrite(a * b, [grow], log=log.append)


def test_an_own_rule_is_one_line():
    rule = Rule("Pythagoras", call("square", call("tanh", X)), 1 - call("square", X), "not true, but a rule")
    assert str(rewrite(G.square(G.tanh(s)) * 2, [rule])) == "(1 - s**2)*2"


def test_the_same_graph_gives_the_same_nodes():
    g = G.gradients((G.softmax(M @ a[:, None]) * 2.5).sum(), "a")
    assert rewrite(g) is rewrite(g)


def test_cost_is_linear():
    def count(n):
        h, log = s, []
        for _ in range(n):
            h = (h * 1 + 0) * t + t
        rewrite(h, log=log.append)
        return len(log)

    assert count(400) == 2 * count(200)


# -- translation validation -------------------------------------------------------------------------------------

UNARY_F = [
    G.exp, G.tanh, G.sigmoid, G.relu, G.square, lambda v: -v, lambda v: v * 1, lambda v: v + 0, lambda v: 2 * v,
    lambda v: v**2, abs,
    lambda v: 0 * v, lambda v: v.reshape(1, 3).T.reshape(3), lambda v: v[::-1], lambda v: v[0:2].sum() * v,
    lambda v: v.max() + v, lambda v: 0.5 * (4 * v),
]  # fmt: skip
BINARY_F = [
    G.add, G.subtract, G.multiply, G.maximum, lambda v, w: v / (1 + w * w), lambda v, w: G.where(v > w, v, w * 2),
    lambda v, w: v * w + v * v,
    lambda v, w: (v > w) * v - w, lambda v, w: G.where(v > 0, G.where(v > 0, v, w) * w, G.where(v > 0, v, w)),
    lambda v, w: (v @ w) * w,
    lambda v, w: G.concatenate([v, w]).reshape(2, 3).sum(axis=0),
    lambda v, w: G.broadcast_to(v, (2, 3)).sum(axis=0) - w, lambda v, w: -v * -w,
]  # fmt: skip


@st.composite
def graphs(draw):
    found = [a, b]
    for _ in range(draw(st.integers(1, 7))):
        pick = st.sampled_from(found)
        one = st.builds(lambda f, v: f(G.tanh(v)), st.sampled_from(UNARY_F), pick)
        two = st.builds(lambda f, v, w: f(G.tanh(v), w), st.sampled_from(BINARY_F), pick, pick)
        found.append(draw(st.one_of(one, two)))
    return found[-1]


@settings(max_examples=300)
@given(graphs())
def test_rewriting_keeps_values_and_gradients(run, f):
    outputs = [f, *G.gradients(f.sum(), [a, b])]
    log = []
    after = rewrite(outputs, log=log.append)
    with np.errstate(all="ignore"):
        assert [o.type for o in after] == [o.type for o in outputs]
        for new, old in zip(run(after, **GIVEN), run(outputs, **GIVEN)):
            np.testing.assert_allclose(new, old, rtol=1e-9, atol=1e-9)


@settings(max_examples=100)
@given(graphs())
def test_every_line_of_the_log_is_true(run, f):
    log = []
    rewrite(G.gradients(f.sum(), [a, b]), log=log.append)
    pairs = [node for line in log for node in (line.before, line.after)]
    found = values(run, pairs, GIVEN)
    for line, old, new in zip(log, found[::2], found[1::2]):
        assert line.before.type.shape == line.after.type.shape
        np.testing.assert_allclose(new, old, rtol=1e-9, atol=1e-9, err_msg=str(line))


@pytest.mark.parametrize(("x", "both"), [(2.0, 2.0), (0.5, 1.0), (-1.0, 0.0)])
def test_conditions_are_numbers_before_they_are_added(x, both):
    # As bools, True + True is True and True - True is refused.
    v, w = G.inputs("v w")
    g = G.exp(w)
    added, taken = rewrite([g * (v > 0) + g * (v > 1), g * (v > 0) - g * (v > 1)])
    assert added.op.name == taken.op.name == "multiply"
    assert G.evaluate([added, taken], {"v": x, "w": 0.0}) == (both, float(x > 0) - float(x > 1))
