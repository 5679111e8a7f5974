"""Entry by entry: every row of the op table against NumPy on random numbers, or on the list of those that cannot."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from op_cases import CASES, SIZES, Case
from test_op_table import built

import graphc as G
from graphc.checking.deciding.algebra import Algebra
from graphc.checking.deciding.core import Core, Pool
from graphc.checking.deciding.decide import as_fmpq
from graphc.checking.deciding.entries import Entries, named_sizes
from graphc.checking.deciding.evaluate import Evaluator, Undefined, Unsure
from graphc.checking.deciding.from_graph import NoScalarForm
from graphc.ir import Expr

# Rows with no exact meaning entry by entry: decompositions by iteration, orders of elements, rounding to even.
WITHOUT = {
    "qr", "eigh", "eigvalsh", "svd", "svdvals", "pinv", "lstsq", "inverse_gaps", "cut_reciprocal",
    "sort", "argsort", "argmax", "argmin", "searchsorted", "quantile", "quantile_weights",
    "max_pool", "max_pool_mean", "max_pool_share", "rint", "signbit", "last_written",
}
# Rows whose cases make indices of floats by rounding; `test_indices_that_are_drawn` takes whole numbers.
ROUNDING = {"gather", "scatter_add", "take_along_axis", "add_along_axis", "one_hot"}
ALL = [pytest.param(name, i, id=f"{name}-{i}") for name, cases in CASES.items() for i in range(len(cases))
       if name not in WITHOUT | ROUNDING]


def number_at(evaluator: Evaluator, entry: Core) -> float:
    try:
        value = evaluator.value(entry)
    except (Undefined, Unsure):
        return float("nan")
    return float(value.mid()) if hasattr(value, "rad") else int(value.p) / int(value.q)


def values_of(entries: Entries, found: Any, values: dict[str, Any]) -> Any:
    """The entries in numbers, where the symbols have the values of these arrays."""
    point = {}
    for name, (node, index) in entries.symbols.items():
        point[name] = Fraction(float(np.asarray(values[str(node.label)])[index]))
    evaluator = Evaluator(as_fmpq(point), 128)
    return np.array([number_at(evaluator, e) for e in found.ravel()]).reshape(found.shape)


def taken_apart(y: Expr, xs: list[Expr], values: dict[str, Any]) -> Any:
    entries = Entries(SIZES, {str(x.label): values[str(x.label)] for x in xs if not x.type.is_float})
    return values_of(entries, entries.of(y), values)


def expected(case: Case, xs: list[Expr], values: dict[str, Any]) -> Any:
    with np.errstate(all="ignore"):
        return np.asarray(case.numpy(*[values[str(x.label)] for x in xs]))


@pytest.mark.parametrize(("name", "i"), ALL)
def test_entries_are_numpys_numbers(name: str, i: int) -> None:
    case = CASES[name][i]
    for shapes in case.shapes:
        y, xs, values = built(case, shapes)
        found, need = taken_apart(y, xs, values), expected(case, xs, values)
        assert found.shape == need.shape
        tight = 1e-7 if need.dtype == "float32" else 1e-9  # NumPy's float32 is rounded, ours is not
        kept = np.isfinite(need)
        np.testing.assert_allclose(found[kept], need[kept], rtol=tight, atol=tight)


@pytest.mark.parametrize("name", sorted(WITHOUT))
def test_a_row_without_entries_says_so(name: str) -> None:
    case = CASES[name][0]
    y, xs, values = built(case, case.shapes[0] if name not in ("pinv", "lstsq") else case.shapes[-1])
    with pytest.raises(NoScalarForm, match=r"form|rounds"):
        taken_apart(y, xs, values)


def test_indices_that_are_drawn() -> None:
    x, k = G.input("x", "N", 4), G.input("k", "N", dtype="int64")
    for y in (G.take_along_axis(x, k[:, None], axis=1), G.one_hot(k, 4) * x, x[:, k], x[G.arange(x.shape[0]), k]):
        entries = Entries({"N": 3}, seed=2)
        values = {"x": np.arange(12.0).reshape(3, 4) + 1}
        found = values_of(entries, entries.of(y), values)
        drawn = entries.drawn["k"]
        assert ((drawn >= 0) & (drawn < 4)).all() or y.op.name == "gather"
        np.testing.assert_array_equal(found, G.evaluate(y, {"x": values["x"], "k": drawn}))


def test_scattered_values_add_up() -> None:
    x = G.input("x", 5)
    picked = x[np.array([1, 1, 3])]
    slope = G.gradients(G.sum(picked * picked), x)
    entries = Entries({})
    found = values_of(entries, entries.of(slope), {"x": np.array([1.0, 2, 3, 4, 5])})
    assert found.tolist() == [0, 8, 0, 8, 0]  # twice 2·x1, once 2·x3


def test_a_loop_is_taken_step_by_step() -> None:
    a, xs = G.input("a"), G.input("xs", "T")
    last, _ = G.scan(lambda h, x: (a * h + x, h), G.const(0.0), xs)
    entries = Entries({"T": 3})
    assert values_of(entries, entries.of(last), {"a": 2.0, "xs": np.array([1.0, 10, 100])}) == 124


def test_equal_entries_are_one_node() -> None:
    A = G.input("A", 2, 3)
    x = G.input("x", 3)
    entries = Entries({})
    left, right = entries.of(A @ x), entries.of(G.einsum("j,ij->i", x, A))
    assert all(a is b for a, b in zip(left, right))


def test_a_symmetric_matrix_has_one_symbol_for_two_places() -> None:
    A = G.input("A", 2, 2)
    entries = Entries({}, forms={"A": "symmetric"})
    found = entries.of(A - A.T)
    assert all(e.head == "num" and e.value == 0 for e in found.ravel())
    assert list(entries.symbols) == ["A[0,0]", "A[0,1]", "A[1,1]"]


def test_a_distribution_adds_up_to_one() -> None:
    Y = G.input("Y", 2, 3)
    entries = Entries({}, forms={"Y": "distribution"})
    given = {"Y": np.array([[0.25, 0.5, 9], [-3, 7, 9]])}
    assert values_of(entries, entries.of(G.sum(Y, axis=1)), given).tolist() == [1, 1]
    assert list(entries.symbols) == ["Y[0,0]", "Y[0,1]", "Y[1,0]", "Y[1,1]"]


def test_a_graph_that_is_too_large_is_refused() -> None:
    x = G.input("x", 60, 60)
    with pytest.raises(NoScalarForm, match="too many entries"):
        Entries({}).of(x @ x @ x)


def test_named_sizes_in_order() -> None:
    x, W = G.input("x", "N", "d"), G.param("W", "d", "k")
    assert named_sizes([x @ W]) == ["N", "d", "k"]


def test_numbers_fold() -> None:
    k = Algebra(Pool())
    x = k.pool.node("sym", value="x")
    assert k.sum((k.num(2), x, k.num(-2))) is x
    assert k.product((k.num(0), k.fn("log", x))) is k.zero
    assert k.root(k.num(4), Fraction(-1)).value == Fraction(1, 4)
    assert k.sum((x, k.one)) is k.sum((k.one, x))
    assert k.root(k.root(x, Fraction(2)), Fraction(3)).value == 6
