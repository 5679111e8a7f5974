"""Trees of formulas as graphs: products, orientation, indices, sums, faults of shape."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from shaped_formulas import LENGTHS, SHAPES, anything, formulas, indexed, values, worth

import graphc as G
from graphc.checking.elaborate import Built, ShapeFault, build
from graphc.checking.tree import Tree
from graphc.errors import InputError, LimitExceeded, ParseError

SYMBOLS = {n: G.input(n, *s) for n, s in SHAPES.items()}


def built(tree: Tree, **options: Any) -> Built:
    return build(tree, SYMBOLS.__getitem__, **options)


def evaluated(expr: G.Expr, numbers: dict[str, Any]) -> Any:
    """By graphc's interpreter, which knows nothing of formulas."""
    return np.asarray(G.evaluate(expr, {v: numbers[n] for n, v in SYMBOLS.items() if n in numbers}))


# -- against another evaluator ------------------------------------------------------------------------------------


@given(st.data(), st.sampled_from([None, (3, 1), (1, 4), (3, 4), (3, 3)]), st.integers(0, 10**6))
def test_formulas_of_matrices_are_worth_what_matrices_are(data, shape, seed):
    tree = data.draw(formulas(shape))
    found = built(tree)
    numbers = values(seed)
    expected = worth(tree, numbers)
    assert found.row == (shape is not None and shape[0] == 1)
    assert found.expr.shape == tuple(s for s in shape or () if s != 1)
    np.testing.assert_allclose(evaluated(found.expr, numbers), np.squeeze(expected), rtol=1e-9, atol=1e-9)


@settings(max_examples=300)
@given(st.data(), st.sampled_from([(), ("i",), ("j",), ("i", "j"), ("j", "i"), ("q", "i", "p")]), st.integers(0, 10**6))
def test_formulas_with_indices_are_worth_their_values_one_by_one(data, free, seed):
    tree = data.draw(indexed(free))
    numbers = values(seed)
    found = built(tree, free=free, sizes=LENGTHS).expr
    lengths = [LENGTHS[n] for n in free]
    expected = np.zeros(lengths)
    for at in itertools.product(*(range(n) for n in lengths)):
        expected[at] = worth(tree, numbers, {n: v + 1 for n, v in zip(free, at)})
    assert found.shape == tuple(lengths)
    np.testing.assert_allclose(evaluated(found, numbers), expected, rtol=1e-9, atol=1e-9)



@settings(max_examples=400)
@given(anything(), st.sampled_from([(), ("i",)]), st.sampled_from(["en", "fr"]),
       st.sampled_from(["elementwise", "matrix"]))
def test_any_tree_at_all_is_a_graph_or_one_of_four_errors(tree, free, lang, star):
    try:
        found = built(tree, free=free, lang=lang, star=star, shape=(3, 3))
    except (ShapeFault, ParseError, LimitExceeded, InputError) as error:
        assert "?" not in str(error).replace(" ?", "")  # sizes that are not known have no name of their own
    else:
        assert "?" not in str(found.expr)
