"""The derivation on paper: its lines, its two languages, its documents, its limits, and that it is right."""

from __future__ import annotations

import math
import random
import re
from fractions import Fraction

import pytest

import graphc as G
from graphc.derivation import derive
from graphc.derivation.monomials import build, monomial, total
from graphc.derivation.values import evaluate, values_at
from graphc.ir import postorder, variables

POINT = {"x1": 3, "x2": -1, "w1": 2, "w3": 4, "b": -1}


def exam():
    x1, x2 = G.inputs("x1 x2")
    w1, w3, b = G.params("w1 w3 b")
    return w3 * G.relu(w1 * x1 + w1 * x2 + b), (w1, w3, b)


def lines(derivation, kind):
    return [e.text for step in derivation.steps if step.kind == kind for e in step.equations]


def value(expr, at):
    order = postorder([expr])
    return evaluate(expr, values_at({v.label: at[v.label] for v in variables(order)}, order))


# -- the home exercise -------------------------------------------------------------------------------------


def test_exam_forward_lines():
    f, _ = exam()
    assert lines(derive(f, "w1"), "forward") == [
        "m1 = w1·x1", "m2 = w1·x2", "s = m1 + m2 + b", "r = relu(s)", "f = w3·r"]


def test_exam_local_derivatives_only_on_edges_between_w1_and_f():
    f, _ = exam()
    assert lines(derive(f, "w1"), "local") == [
        "∂m1/∂w1 = x1", "∂m2/∂w1 = x2", "∂s/∂m1 = 1", "∂s/∂m2 = 1", "∂r/∂s = 1[s > 0]", "∂f/∂r = w3"]


def test_exam_chain_has_one_adjoint_a_node():
    f, _ = exam()
    assert lines(derive(f, "w1"), "chain") == [
        "f̄ = 1", "r̄ = f̄·∂f/∂r = w3", "s̄ = r̄·∂r/∂s = w3·1[s > 0]",
        "m̄1 = s̄·∂s/∂m1 = w3·1[s > 0]", "m̄2 = s̄·∂s/∂m2 = w3·1[s > 0]"]


def test_exam_sum_over_the_two_paths():
    f, _ = exam()
    step = next(s for s in derive(f, "w1").steps if s.kind == "paths")
    assert step.prose == "w1 is used by m1 and m2: 2 paths lead from w1 to f, and their contributions add."
    assert step.equations[0].text == (
        "w̄1 = m̄1·∂m1/∂w1 + m̄2·∂m2/∂w1 = m̄1·x1 + m̄2·x2 = w3·(x1 + x2)·1[s > 0]")


def test_exam_result_is_written_as_a_teacher_writes_it():
    f, (w1, _, _) = exam()
    D = derive(f, [w1])
    assert lines(D, "result") == [
        "∂f/∂w1 = w̄1 = w3·(x1 + x2)·1[s > 0] = w3·(x1 + x2)·1[w1·x1 + w1·x2 + b > 0]"]
    assert str(D.results[w1]) == "w3*(x1 + x2)*1[w1*x1 + w1*x2 + b > 0]"


def test_several_wrt_share_their_steps():
    f, wrt = exam()
    D = derive(f, wrt)
    assert [s.kind for s in D.steps] == ["forward", "local", "chain", "paths", "result"]
    assert [s.number for s in D.steps] == [1, 2, 3, 4, 5]
    assert [line.split(" = ")[0] for line in lines(D, "result")] == ["∂f/∂w1", "∂f/∂w3", "∂f/∂b"]
    assert len(lines(D, "chain")) == len(set(lines(D, "chain"))) == 7


def test_default_wrt_is_every_parameter():
    f, wrt = exam()
    assert derive(f).wrt == wrt


def test_numbers_follow_each_line():
    f, wrt = exam()
    D = derive(f, wrt, at=POINT)
    assert lines(D, "forward") == [
        "m1 = w1·x1 = 6", "m2 = w1·x2 = −2", "s = m1 + m2 + b = 3", "r = relu(s) = 3", "f = w3·r = 12"]
    assert lines(D, "local")[2] == "∂s/∂m1 = 1"
    assert lines(D, "paths")[0].endswith("= 12 + (−4) = 8")
    assert [line.rsplit(" = ", 1)[1] for line in lines(D, "result")] == ["8", "3", "4"]


def test_at_takes_nodes_as_keys():
    f, (w1, w3, b) = exam()
    x1, x2 = G.inputs("x1 x2")
    D = derive(f, w1, at={x1: 3, x2: -1, w1: 2, w3: 4, b: -1})
    assert lines(D, "result")[0].endswith(" = 8")


def test_the_kink_is_zero_by_convention():
    f, _ = exam()
    D = derive(f, "w1", at=POINT | {"b": -4})
    assert lines(D, "local")[4] == "∂r/∂s = 1[s > 0] = 0"
    assert lines(D, "result")[0].endswith(" = 0")


# -- languages and documents -------------------------------------------------------------------------------


def test_convention_is_said_in_both_languages():
    f, _ = exam()
    assert "By convention ReLU′(0) = 0." in str(derive(f, "w1"))
    assert "Par convention, ReLU′(0) = 0." in str(derive(f, "w1", lang="fr"))


def test_tie_and_abs_conventions():
    x, y = G.inputs("x y")
    text = str(derive(G.maximum(x, y) + G.abs(x) + G.sign(y), [x, y]))
    assert "at a tie each of the two operands of max receives one half" in " ".join(text.split())
    assert "|·|′(0) = 0" in text
    assert "sign is constant between its jumps" in " ".join(text.split())


def test_no_convention_is_said_without_a_kink():
    x = G.input("x")
    assert "convention" not in str(derive(x * G.exp(x), x))


def test_french_titles_and_words():
    f, _ = exam()
    D = derive(f, "w1", lang="fr")
    assert [s.title for s in D.steps] == ["Propagation avant", "Dérivées locales", "Règle de la chaîne, à rebours",
                                         "Somme sur les chemins", "Résultat"]
    assert "w1 intervient dans m1 et m2\u00a0: 2 chemins mènent de w1 à f" in D.steps[3].prose


def test_french_spaces_do_not_break():
    f, wrt = exam()
    text = str(derive(f, wrt, at=POINT, lang="fr"))
    assert "«\u00a0adjoint\u00a0»" in text
    assert not re.search(r" [:;?!»](?!\S)", text.replace(" ; ", ""))


def test_french_decimal_comma_in_text_and_tex():
    x = G.input("x")
    D = derive(0.25 * x * x, x, at={"x": 1.5}, lang="fr")
    assert lines(D, "forward")[0] == "m = 0,25·x = 0,375"
    assert "0{,}375" in D.to_latex()
    assert "0.375" not in D.to_latex() + D.to_markdown() + str(D)


def test_french_arguments_are_parted_by_semicolons():
    x, y = G.inputs("x y")
    assert lines(derive(G.maximum(x, 0.5 * y), x, lang="fr"), "forward")[1] == "f = max(x\u202f; m)"


def test_a_line_too_long_for_paper_is_cut_short():
    xs = G.inputs(" ".join(f"input_number_{i}" for i in range(90)))
    D = derive(sum(xs[1:], xs[0]), xs[0], at=dict.fromkeys([x.name for x in xs], 1))
    assert lines(D, "forward") == ["f = … = 90"]


def test_fractions_stay_fractions_and_decimals_decimals():
    x = G.input("x")
    assert lines(derive(x / 3, x, at={"x": 1}), "forward") == ["f = x/3 = 1/3"]
    assert lines(derive(x / 3, x, at={"x": 0.5}), "forward") == ["f = x/3 ≈ 0.16667"]
    assert lines(derive(x / 4, x, at={"x": Fraction(1, 3)}), "forward") == ["f = x/4 = 1/12"]


def test_markdown():
    f, _ = exam()
    D = derive(f, "w1")
    text = D.to_markdown()
    assert text.startswith("## Derivation of $\\partial f / \\partial w_{1}$\n\n**1. Forward pass.**")
    assert r"\frac{\partial r}{\partial s} &= \mathbf{1}_{s > 0}" in text
    assert text.count("$$\n\\begin{aligned}") == text.count("\\end{aligned}\n$$") == 5
    assert D._repr_markdown_() == text


def test_latex_is_balanced_and_numbered():
    f, wrt = exam()
    text = derive(f, wrt, at=POINT, lang="fr").to_latex()
    for environment in ("enumerate", "align*"):
        assert text.count(rf"\begin{{{environment}}}") == text.count(rf"\end{{{environment}}}") > 0
    assert text.count(r"\item ") == 5
    assert text.count("{") == text.count("}") and text.count("$") % 2 == 0
    assert r"\bar{w}_{1} &= \bar{m}_{1} \cdot \frac{\partial m_{1}}{\partial w_{1}}" in text


def test_latex_is_plain_even_where_names_are_not():
    a, b = G.input("ж_1"), G.input("y_hat")
    theta = G.param("θ")
    text = derive(a * theta + b, [a, theta], at={"ж_1": 1, "θ": 2, "y_hat": 3}, lang="fr").to_latex()
    assert r"\text{U+0436}" in text and r"\theta" in text and r"\hat{y}" in text
    assert set(re.sub(r"[\x00-\x7f]", "", text)) <= set("éèêàâîôùûçÉÀ")


def test_tex_has_no_needless_brackets():
    x, y = G.inputs("x y")
    step = derive(1 / (x * y), x).steps[1]
    assert step.equations[1].tex == r"\frac{\partial f}{\partial m} &= -\frac{1}{m^2}"


def test_long_lines_are_cut_at_signs():
    xs = G.inputs(" ".join(f"x{i}" for i in range(12)))
    f = G.exp(sum(x * xs[0] for x in xs))
    D = derive(f, xs[0])
    paths = str(D).split("4. Sum over the paths")[1].split("5. Result")[0]
    assert all(len(line.replace("\u0304", "")) <= 90 for line in paths.splitlines())
    rows = [line for line in D.steps[3].tex.splitlines() if line.startswith("&")]
    assert len(rows) >= 6 and max(map(len, rows)) < 300


def test_same_input_same_text():
    f, wrt = exam()
    assert str(derive(f, wrt, at=POINT)) == str(derive(f, wrt, at=POINT))
    assert derive(f, wrt).to_latex() == derive(f, wrt).to_latex()


def test_repr_is_short():
    f, wrt = exam()
    assert repr(derive(f, wrt, lang="fr")) == "<Derivation of ∂f/∂w1, ∂f/∂w3, ∂f/∂b: 5 steps, fr>"


# -- names ------------------------------------------------------------------------------------------------


def test_users_names_are_kept():
    x, w = G.input("x"), G.param("w")
    z = (w * x).named("z")
    D = derive(G.sigmoid(z).named("p"), w)
    assert lines(D, "forward") == ["z = w·x", "p = sigmoid(z)"]
    assert lines(D, "result") == ["∂p/∂w = w̄ = p·(1 − p)·x"]


def test_wrt_may_be_a_named_value():
    x, w = G.input("x"), G.param("w")
    z = (w * x).named("z")
    D = derive(z * z, "z")
    assert lines(D, "result") == ["∂f/∂z = z̄ = 2·z"]
    assert all("∂w" not in line for line in lines(D, "local"))


def test_value_used_on_many_paths_is_computed_once():
    h = x = G.input("x")
    for _ in range(20):
        h = h + h
    D = derive(h, x)
    assert str(D.results[x]) == str(2**20)


def test_paths_that_share_edges_are_counted():
    x = G.input("x")
    step = next(s for s in derive(x * x * x, x).steps if s.kind == "paths")
    assert "3 paths lead from x to f; each adjoint is computed once, so 2 terms are enough" in step.prose


def test_output_that_is_an_input():
    x = G.input("x")
    D = derive(x, x)
    assert "x is itself an input: there is nothing to compute." in str(D)
    assert lines(D, "result") == ["∂x/∂x = x̄ = 1"]


def test_independent_wrt_is_zero_and_says_so():
    x, q = G.input("x"), G.param("q")
    D = derive(x * x, [q])
    assert [s.kind for s in D.steps] == ["forward", "result"]
    assert lines(D, "result") == ["∂f/∂q = 0"]
    assert "f does not depend on q, so this derivative is zero." in str(D)


# -- right, by an independent count ------------------------------------------------------------------------

HAND = {
    "product": (lambda x, y: x * y * x, lambda x, y: 2 * x * y),
    "quotient": (lambda x, y: x / (x + y), lambda x, y: y / (x + y) ** 2),
    "power": (lambda x, y: x**y, lambda x, y: y * x ** (y - 1)),
    "exponent": (lambda x, y: y**x, lambda x, y: y**x * math.log(y)),
    "sigmoid": (lambda x, y: G.sigmoid(x * y), lambda x, y: y / (2 + math.exp(x * y) + math.exp(-x * y))),
    "tanh": (lambda x, y: G.tanh(x * y), lambda x, y: y / math.cosh(x * y) ** 2),
    "softplus": (lambda x, y: G.softplus(x) * y, lambda x, y: y / (1 + math.exp(-x))),
    "log": (lambda x, y: G.log(1 + x * x) * y, lambda x, y: 2 * x * y / (1 + x * x)),
    "sqrt": (lambda x, y: G.sqrt(x + y), lambda x, y: 0.5 / math.sqrt(x + y)),
    "where": (lambda x, y: G.where(x > y, x * x, y * x), lambda x, y: 2 * x if x > y else y),
    "minimum": (lambda x, y: G.minimum(x * x, y), lambda x, y: 2 * x if x * x < y else 0.0),
    "same twice": (lambda x, y: G.maximum(x, x) + y, lambda x, y: 1.0),
    "same least": (lambda x, y: G.minimum(x, x) * y, lambda x, y: y),
    "reductions": (lambda x, y: G.sum(x) * G.mean(x) * y, lambda x, y: 2 * x * y),
    "stopped": (lambda x, y: G.stop_gradient(x) * x + y, lambda x, y: x),
    "mask": (lambda x, y: x * (x > y), lambda x, y: float(x > y)),
    "square": (lambda x, y: G.square(x - y), lambda x, y: 2 * (x - y)),
}


@pytest.mark.parametrize("case", HAND)
@pytest.mark.parametrize("point", [(0.75, 2.0), (1.5, 0.5)])
def test_result_equals_the_hand_derivative(case, point):
    graph, by_hand = HAND[case]
    x, y = G.inputs("x y")
    at = dict(zip("xy", point))
    D = derive(graph(x, y), x, at=at)
    assert float(value(D.results[x], at)) == pytest.approx(by_hand(*point), rel=1e-12, abs=1e-15)
    shown = re.search(r"([\d.−]+)$", lines(D, "result")[0]).group(1).replace("−", "-")
    assert float(shown) == pytest.approx(by_hand(*point), rel=1e-4)


def random_graph(seed):
    rng = random.Random(seed)
    leaves = list(G.inputs("a b c"))
    pool = list(leaves)
    for _ in range(rng.randint(3, 14)):
        u, v = rng.choice(pool), rng.choice(pool)
        pool.append(rng.choice([
            lambda u, v: u + v, lambda u, v: u - v, lambda u, v: u * v, lambda u, v: u / (2 + v * v),
            lambda u, v: G.tanh(u), lambda u, v: G.relu(u), lambda u, v: -u, lambda u, v: 0.5 * u,
            G.maximum, lambda u, v: G.exp(-u * u), lambda u, v: G.where(u > v, u, v * v)])(u, v))
    return pool[-1] + 0 * sum(leaves[1:], leaves[0]), leaves


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs_agree_with_finite_differences(seed):
    f, leaves = random_graph(seed)
    at = {"a": 0.37, "b": -0.82, "c": 1.29}
    D = derive(f, leaves, at=at)
    for leaf in leaves:
        up, down = (float(value(f, at | {leaf.label: at[leaf.label] + h})) for h in (1e-6, -1e-6))
        slope = (up - down) / 2e-6
        assert float(value(D.results[leaf], at)) == pytest.approx(slope, rel=1e-5, abs=1e-6)


def test_singular_branch_not_taken_counts_nothing():
    x = G.input("x")
    D = derive(G.where(x > 0, G.sqrt(x), 2 * x), x, at={"x": 0})
    assert lines(D, "result")[0].endswith("= 2")


def test_cross_entropy_of_a_sigmoid_ends_in_p_minus_y():
    x, y, w = *G.inputs("x y"), G.param("w")
    p = G.sigmoid(w * x)
    D = derive(-(y * G.log(p) + (1 - y) * G.log(1 - p)), w)
    assert re.search(r"= x·\(sigmoid\((w·x|x·w)\) − y\)$", lines(D, "result")[0])


def test_like_terms_join_and_common_factors_come_out():
    x, y = G.inputs("x y")
    assert str(build(total([monomial(x + 2), monomial(x + 1)]))) == "2*x + 3"
    assert str(build(total([monomial(x * y), monomial(-x * y)]))) == "0"
    assert str(build(total([monomial(x * y / 2), monomial(3 * x / 2)]))) == "x*(y + 3)/2"
    assert str(build(total([monomial(-x), monomial(y)]))) == "y - x"
    assert str(build(total([monomial(-x * y), monomial(-x)]))) == "-x*(y + 1)"
    assert str(build(monomial((-x) * (-x) * -y))) == "-x**2*y"


def test_conditions_multiply_as_one_and_add_as_numbers():
    x, y = G.inputs("x y")
    assert str(build(monomial(y * (x > 0) * (x > 0)))) == "y*1[x > 0]"
    both = build(total([monomial(x > 0), monomial(y > 0)]))
    assert G.evaluate(both, {"x": 1, "y": 1}) == 2
    assert str(build(total([monomial(y * (x > 0) * (x > 0)), monomial(-y * (x > 0))]))) == "0"


# -- errors -----------------------------------------------------------------------------------------------


def test_unknown_language_lists_the_known_ones():
    f, _ = exam()
    with pytest.raises(G.InputError, match=r"no language 'de'; choose from en, fr"):
        derive(f, "w1", lang="de")


def test_an_output_that_is_no_scalar_is_refused():
    x, w = G.input("x", "N", 3), G.param("w", 3)
    with pytest.raises(G.ShapeError, match=r"is not a scalar .*test_derivation\.py.*G\.sum"):
        derive(x @ w, w)


def test_large_graphs_are_refused_with_the_limit():
    h = x = G.input("x")
    for _ in range(400):
        h = G.tanh(h)
    with pytest.raises(G.LimitExceeded, match=r"401 nodes is too long for paper; the limit is 300 nodes"):
        derive(h, x)


def test_graph_at_the_limit_stays_bounded():
    h, x = G.input("h"), G.input("x")
    for _ in range(70):
        h = G.tanh(h * x + h)
    text = str(derive(h, x, at={"h": 0.5, "x": 1}))
    assert len(text) < 80_000


def test_unknown_wrt_lists_the_names():
    f, _ = exam()
    with pytest.raises(G.InputError, match=r"no value named 'w2' in this graph; it has x1, x2, w1, w3, b"):
        derive(f, "w2")


def test_part_of_a_longer_sum_needs_a_name():
    x, y, z = G.inputs("x y z")
    inner = x + y
    with pytest.raises(G.InputError, match=r"is part of a longer sum; give it a name of its own with \.named"):
        derive(inner + z, inner)


@pytest.mark.parametrize(("at", "message"), [
    ({"x": 1}, r"at= needs a value for y"),
    ({"x": 1, "y": 2, "z": 3}, r"no input 'z'; choose from x, y"),
    ({"x": 1, "y": float("nan")}, r"at= y must be a finite number, got 'nan'"),
    ({"x": "1", "y": 2}, r"at= x must be a finite number, got '1'"),
    ({"x": [1, 2], "y": 2}, r"at= x must be a finite number, got '\[1, 2\]'"),
])
def test_bad_points(at, message):
    x, y = G.inputs("x y")
    with pytest.raises(G.InputError, match=message):
        derive(x * y, x, at=at)


def test_not_an_expr():
    with pytest.raises(G.InputError, match=r"derive: the output must be an Expr, got int"):
        derive(3)


def test_integers_do_not_explode():
    h = x = G.input("x")
    for _ in range(40):
        h = h * h
    D = derive(h, x, at={"x": 3})
    assert "∞" in lines(D, "forward")[-1]


def test_values_outside_the_domain_are_shown_not_raised():
    x = G.input("x")
    assert lines(derive(G.log(x), x, at={"x": -1}), "forward") == ["f = log(x) = nan"]
