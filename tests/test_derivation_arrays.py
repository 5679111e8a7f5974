"""The derivation of graphs with arrays: every written equation holds in numbers, and what is said beside it."""

from __future__ import annotations

import unicodedata
from fractions import Fraction

import numpy as np
import pytest
from lecture_graphs import GRAPHS
from random_graphs import NAMES, Seeded, grow

import graphc as G
from graphc.derivation import derive
from graphc.derivation.indexed import Indexed
from graphc.derivation.tidy import tidied
from graphc.ir import postorder, variables
from graphc.values import evaluate

SIZES = {"N": 5, "T": 4}


def lines(D, kind):
    return [composed(e.text) for step in D.steps if step.kind == kind for e in step.equations if e.sides]


def composed(text):
    """ū as one character, as this file spells it, where the derivation puts a bar over u."""
    return unicodedata.normalize("NFC", text)


def point(f, seed=0):
    rng = np.random.default_rng(seed)
    at = {}
    for v in variables(postorder([f])):
        shape = tuple(SIZES.get(str(s), s) if not isinstance(s, int) else s for s in v.shape)
        whole = v.dtype.kind == "i"
        at[v.label] = rng.integers(0, 5, shape) if whole else rng.uniform(0.2, 1.5, shape) * rng.choice([-1, 1], shape)
    return at


def by_indices(claim, values, sizes):
    """Both sides of an equation by indices, in numbers."""
    count = claim.count if isinstance(claim.count, int) else eval(str(claim.count), {}, dict(sizes))
    shape = np.shape(values[claim.target])
    factors = [np.asarray(evaluate(e, values, sizes), dtype=float) for e, _ in claim.factors]
    inside = "".join(c for c in claim.out if any(c in at for _, at in claim.factors))
    total = np.einsum(",".join(at for _, at in claim.factors) + "->" + inside, *factors) / count
    spread = total.reshape([n if c in inside else 1 for c, n in zip(claim.out, shape)])
    return np.broadcast_to(spread, shape), values[claim.target]


def sides_in_numbers(D, at, sizes):
    """For each equation with claims, the values of its sides; also of each as it is tidied for print."""
    known = {v.label: v for v in variables(postorder([D.output]))}
    values = {known[k]: np.asarray(a) if np.ndim(a) else float(a) for k, a in at.items() if k in known}
    for symbol, stands_for in D.symbols.items():
        values[symbol] = evaluate(stands_for, values, sizes)
    for step in D.steps:
        for e in step.equations:
            if len(e.claims) == 1 and isinstance(e.claims[0], Indexed):
                yield e.text, list(by_indices(e.claims[0], values, sizes))
            elif e.claims:
                nodes = [c for c in e.claims if c is not None]
                nodes += [tidied(c, D.symbols) for c in nodes]
                yield e.text, [evaluate(c, values, sizes) for c in nodes]


def assert_true(D, at, sizes):
    count = 0
    for text, sides in sides_in_numbers(D, at, sizes):
        count += 1
        for side in sides[1:]:
            np.testing.assert_allclose(np.asarray(side, float), np.asarray(sides[0], float), rtol=1e-7, atol=1e-9,
                                       err_msg=text)
    return count


@pytest.mark.parametrize("detail", ["long", "short"])
@pytest.mark.parametrize("name", GRAPHS)
def test_every_equation_holds_in_numbers(name, detail):
    f = GRAPHS[name]()
    for wrt in (None, [v for v in variables(postorder([f])) if v.type.is_float]):
        D = derive(f, wrt, detail=detail)
        assert assert_true(D, point(f), SIZES) >= 2
        for w, gradient in zip(D.wrt, G.gradients(f, list(D.wrt))):
            a, b = G.evaluate([D.results[w], gradient], point(f))
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def tied(f, at, sizes):
    """Whether a selection between equal values takes place, of which the derivation says the convention in words."""
    values = {v: np.asarray(at[v.label]) if v.ndim else float(at[v.label]) for v in variables(postorder([f]))}
    for node in postorder([f]):
        if node.op.name in ("maximum", "minimum", "fmax", "fmin", "clip"):
            a, *others = (evaluate(x, values, sizes) for x in node.args)
            if any(np.any(np.asarray(a, float) == np.asarray(b, float)) for b in others):
                return True
    return False


@pytest.mark.parametrize("part", range(8))
def test_every_equation_of_random_graphs_holds(part):
    """A graph of each row of the op table: what is written of it, in numbers. Those that paper has no notation for
    say so."""
    checked = 0
    for i in range(part, len(NAMES), 8):
        graph = grow(Seeded(i), NAMES[i], most=4)
        floats = [y for y in graph.outputs if y.type.is_float]
        if not floats:
            continue
        f = sum((G.sum(G.sin(y)) for y in floats[1:]), G.sum(G.sin(floats[0])))
        inputs = [v for v in variables(postorder([f])) if v.type.dtype == "float64"]
        if not inputs or f.type.dtype != "float64":
            continue
        try:
            D = derive(f, inputs)
        except (G.InputError, G.NoDerivative) as error:
            assert any(why in str(error) for why in ("has several results", "is part of a longer sum", "pullback"))
            continue
        known = {str(v.label) for v in variables(postorder([f]))}
        at = {k: v for k, v in graph.values.items() if k in known}
        sizes = {str(s): n for v in variables(postorder([f])) for s, n in zip(v.shape, np.shape(at[v.label]))}
        if tied(f, at, sizes):
            continue
        with np.errstate(all="ignore"):
            for text, sides in sides_in_numbers(D, at, sizes):
                first = np.asarray(sides[0], float)
                for side in sides[1:]:
                    good = np.isfinite(first) & (np.abs(first) < 1e6)
                    other = np.broadcast_to(np.asarray(side, float), first.shape)
                    np.testing.assert_allclose(other[good], first[good], rtol=2e-4, atol=1e-6,
                                               err_msg=f"{NAMES[i]}: {text}")
                    checked += 1
    assert checked > 50


def test_the_check_of_equations_can_fail():
    f = GRAPHS["network"]()
    D = derive(f)
    wrong = dict(D.symbols)
    bar = next(s for s, v in D.symbols.items() if s.label.startswith("adjoint") and s.ndim == 2)
    wrong[bar] = 2 * D.symbols[bar]
    object.__setattr__(D, "symbols", wrong)
    with pytest.raises(AssertionError):
        assert_true(D, point(f), SIZES)


# -- what is written ------------------------------------------------------------------------------------------


def test_shapes_stand_with_the_forward_equations():
    D = derive(GRAPHS["network"]())
    assert D.preface[0].text() == (
        "Shapes: x ∈ ℝ^(N×3), y ∈ ℝ^(N×1), W1 ∈ ℝ^(3×4), b1 ∈ ℝ^4, W2 ∈ ℝ^(4×1), b2 ∈ ℝ^1.")
    assert lines(D, "forward")[0] == "u1 = x W1 ∈ ℝ^(N×4)"
    assert r"\mathbf{u}_{1}  &= \mathbf{x} \, \mathbf{W}_{1}".replace("  ", " ") in D.to_markdown()


def test_the_chain_of_a_network():
    assert lines(derive(GRAPHS["network"](), "W1", detail="short"), "chain") == [
        "f̄ = 1",
        "h̄1 = f̄/N·𝟏_{N×1} = 1/N·𝟏_{N×1}",
        "d̄ = 2·h̄1 ⊙ d = 2/N·d",
        "ō = d̄ = 2/N·d",
        "ū2 = ō = 2/N·d",
        "h̄ = ū2 W2ᵀ = 2/N·d W2ᵀ",
        "s̄ = h̄ ⊙ h ⊙ (1 − h) = 2/N·(d W2ᵀ) ⊙ h ⊙ (1 − h)",
        "ū1 = s̄ = 2/N·(d W2ᵀ) ⊙ h ⊙ (1 − h)",
        "W̄1 = xᵀ ū1",
    ]


def test_the_rule_of_a_product_by_indices():
    D = derive(GRAPHS["network"]())
    assert lines(D, "local")[:2] == ["W̄1[j,k] = Σ_i x[i,j]·ū1[i,k]", "W̄1 = xᵀ ū1"]
    assert "b̄1[j] = Σ_i s̄[i,j]" in lines(D, "local")


def test_transposes_are_forced_only_where_the_sizes_differ():
    en, fr = (str(derive(GRAPHS["network"](), lang=lang)) for lang in ("en", "fr"))
    assert "the transposes are forced" in " ".join(en.split())
    assert "les transposées sont imposées" in " ".join(fr.split())
    assert "forced" not in str(derive(GRAPHS["residual"]()))


def test_prediction_minus_label():
    D = derive(GRAPHS["classifier"](), lang="fr")
    assert "z̄ = 1/N·(p − y)." in composed(" ".join(str(D).split()))
    assert lines(derive(GRAPHS["cross_entropy"]()), "result")[0].startswith("∂f/∂W = W̄ = 1/N·xᵀ (softmax(z) − y)")


def test_attention_keeps_the_root():
    assert "ū1 = 1/√3·q̄" in lines(derive(GRAPHS["attention"]()), "local")


def test_paths_meet_in_the_residual_block():
    D = derive(GRAPHS["residual"]())
    assert lines(D, "paths") == ["h̄ = ū2 W2ᵀ + k̄ = (t ⊙ 1[u2 > 0]) W2ᵀ + t"]


def test_short_leaves_out_rules_and_paths():
    D = derive(GRAPHS["residual"](), detail="short")
    assert [s.kind for s in D.steps] == ["forward", "chain", "result"]
    assert "h̄ = ū2 W2ᵀ + k̄ = (t ⊙ 1[u2 > 0]) W2ᵀ + t" in lines(D, "chain")


def test_short_of_scalars():
    x1, x2 = G.inputs("x1 x2")
    w1, w3, b = G.params("w1 w3 b")
    D = derive(w3 * G.relu(w1 * x1 + w1 * x2 + b), w1, detail="short")
    assert [s.kind for s in D.steps] == ["forward", "chain", "result"]
    assert lines(D, "chain") == ["f̄ = 1", "r̄ = f̄·w3 = w3", "s̄ = r̄·1[s > 0] = w3·1[s > 0]",
                                 "m̄1 = s̄ = w3·1[s > 0]", "m̄2 = s̄ = w3·1[s > 0]",
                                 "w̄1 = m̄1·x1 + m̄2·x2 = w3·(x1 + x2)·1[s > 0]"]


def test_an_unknown_detail_lists_the_known():
    with pytest.raises(G.InputError, match=r"no detail 'tiny'; choose from long, short"):
        derive(G.input("x") * 2, detail="tiny")


# -- numbers at a point ---------------------------------------------------------------------------------------


def at_a_point(lang, **at):
    x, W, v = G.input("x", "N", 2), G.param("W", 2, 2), G.param("v", 2)
    given = {"x": [[1, 2], [3, -1]], "W": [[1, 0], [-1, 2]], "v": [1, -2]} | at
    return derive(G.sum(G.relu(x @ W) @ v), at=given, lang=lang)


def test_matrices_are_written_out():
    D = at_a_point("en")
    assert lines(D, "forward") == ["u1 = x W = [[−1, 4], [4, −2]]", "r = relu(u1) = [[0, 4], [4, 0]]",
                                   "u2 = r v = [−8, 4]", "f = Σ_i u2[i] = −4"]
    assert lines(D, "result")[0].endswith("= [[3, −2], [−1, −4]]")
    assert r"\begin{bmatrix} 3 & {-}2 \\ {-}1 & {-}4 \end{bmatrix}" in D.to_latex()


def test_french_matrices_have_decimal_commas():
    D = at_a_point("fr", v=[0.5, 1 / 3])
    assert "v = [0,5 ; 0,3333]" in D.preface[1].text()
    assert any(line.endswith("≈ [[0 ; 0,3333] ; [0,5 ; 0]]") for line in lines(D, "chain"))


def test_scalars_beside_matrices_stay_exact():
    x, a = G.input("x", 2), G.param("a")
    D = derive(a * G.sum(x) / 3, at={"x": [1, 2], "a": Fraction(1, 2)})
    assert lines(D, "forward")[0] == "s = Σ_i x[i] = 3"
    assert lines(D, "result")[0].endswith("= 1")


def test_an_array_that_does_not_fit_is_named():
    with pytest.raises(G.ShapeError, match=r"derive: at= W has shape \(3,\), it needs float64\[2,2\] \(declared at"):
        at_a_point("en", W=[1, 2, 3])
    with pytest.raises(G.ShapeError, match=r"at= x has shape \(1, 3\)"):
        at_a_point("en", x=[[1, 2, 3]])
    with pytest.raises(G.InputError, match=r"at= W must be an array of numbers"):
        at_a_point("en", W="a")
    with pytest.raises(G.InputError, match=r"at= v must hold finite numbers"):
        at_a_point("en", v=[1, float("inf")])


def test_several_results_have_no_notation():
    x = G.param("x", 3, 3)
    with pytest.raises(G.InputError, match="has several results"):
        derive(G.sum(G.linalg.svd(x)[0]))
