"""Values at a point: exact where the algebra is, the row's own NumPy elsewhere, and one evaluator for all readers."""

from __future__ import annotations

import ast
import math
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import graphc as G
from graphc.derivation.values import values_at
from graphc.drawing.values import Point
from graphc.interpret import numpy_function
from graphc.ir import OPS, Op, postorder, variables
from graphc.ops.elementwise import SAFE_DIVIDE
from graphc.types import TensorType
from graphc.values import CHOICE, EXACT, as_number, by_name, evaluate, scalar_at

ROOT = Path(__file__).resolve().parent.parent


def at(expr, **given):
    known = variables(postorder([expr]))
    return evaluate(expr, {v: scalar_at(v, value) for v, value in zip(known, by_name(given, known).values())})


@pytest.fixture
def sine():
    """A new row of which no table knows anything."""
    op = Op("sine_of_a_test", type_of=lambda x: TensorType(x.shape, "float64"), numpy="np.sin({0})",
            pullback=lambda g, y, x: (g * G.exp(x),), elementwise=True)
    yield op
    del OPS["sine_of_a_test"]


# -- exactness -------------------------------------------------------------------------------------------------


def test_decimals_are_read_as_written():
    x, y = G.inputs("x y")
    assert at(x + y, x=0.1, y=0.2) == Fraction(3, 10) != 0.1 + 0.2


@pytest.mark.parametrize(("graph", "point", "value"), [
    (lambda x: x / 3 + x / 6, 1, Fraction(1, 2)),
    (lambda x: x**-3, Fraction(2, 3), Fraction(27, 8)),
    (G.sqrt, Fraction(9, 4), Fraction(3, 2)),
    (G.exp, 0, Fraction(1)),
    (G.log, 1, Fraction(0)),
    (lambda x: G.sigmoid(x) / 3, 0, Fraction(1, 6)),
    (lambda x: G.where(x > 0, x / 3, G.log(x)), 1, Fraction(1, 3)),
    (lambda x: G.relu(x) * (x > 0), Fraction(1, 7), Fraction(1, 7)),
    (lambda x: SAFE_DIVIDE(x, x), 0, Fraction(0)),
])
def test_exact(graph, point, value):
    found = at(graph(G.input("x")), x=point)
    assert isinstance(found, Fraction)
    assert found == value


def test_a_branch_not_taken_does_not_make_a_fraction_a_float():
    x = G.input("x")
    assert at(G.where(x > 5, G.exp(x), x / 3), x=1) == Fraction(1, 3)


@pytest.mark.parametrize(("graph", "point", "value"), [
    (G.exp, 1, math.e), (G.sqrt, 2, math.sqrt(2)), (G.softplus, 0, math.log(2)), (G.log, 0, -math.inf),
    (lambda x: 1 / x, 0, math.inf), (lambda x: -1 / x, 0, -math.inf), (lambda x: x**0.5, 9, 3.0),
    (lambda x: G.exp(x) ** 3, 700, math.inf), (lambda x: (-G.exp(x)) ** 3, 700, -math.inf),
])
def test_floats_where_there_is_no_fraction(graph, point, value):
    found = at(graph(G.input("x")), x=point)
    assert type(found) is float
    assert found == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("graph", [G.log, lambda x: G.minimum(1, G.log(x)), lambda x: G.relu(G.sqrt(x)),
                                   lambda x: G.sign(G.log(x))])
def test_what_is_no_number_stays_none(graph):
    assert math.isnan(at(graph(G.input("x")), x=-1))


def test_a_condition_is_a_bool():
    x = G.input("x")
    assert at(x > 0, x=1) is True
    assert at(G.exp(x) > 3, x=1) is False


def test_long_fractions_go_on_as_floats():
    h = G.input("x")
    for _ in range(10):
        h = h * h
    found = at(h, x=1.5)
    assert type(found) is float
    assert found == pytest.approx(1.5**1024, rel=1e-12)


POINTS = [Fraction(0), Fraction(1), Fraction(-1), Fraction(9, 4), Fraction(-7, 2), Fraction(2, 3)]


@pytest.mark.parametrize("name", [n for n in (*EXACT, *CHOICE) if OPS[n].elementwise and n != "astype"])
def test_an_exact_form_agrees_with_the_spelling_of_its_row(name):
    """The table may be more exact than the row, but never another function."""
    op, table = OPS[name], EXACT if name in EXACT else CHOICE
    kinds = ["bool" if name.startswith("logical") or (name == "where" and not i) else "float64"
             for i in range(len(op.form.needs))]
    leaves = [G.input(f"v{i}", dtype=kind) for i, kind in enumerate(kinds)]
    step = numpy_function(op(*leaves))
    for point in product(*([True, False] if kind == "bool" else POINTS for kind in kinds)):
        found = table[name](*point)
        if found is not None:
            operands = [p if isinstance(p, bool) else np.float64(float(p)) for p in point]
            assert float(found) == pytest.approx(float(step(*operands)), rel=1e-14)


def test_the_tables_name_rows():
    assert EXACT.keys() | CHOICE.keys() <= OPS.keys()
    assert not EXACT.keys() & CHOICE.keys()


# -- an op without an exact form ---------------------------------------------------------------------------------


def test_a_new_row_is_evaluated_by_its_own_spelling(sine):
    x = G.input("x")
    assert at(sine(x) + 1, x=Fraction(1, 2)) == math.sin(0.5) + 1


def test_a_new_row_is_shown_at_a_point(sine):
    x = G.input("x")
    assert "0.47943" in str(G.derive((sine(x)).named("s") + x, x, at={x: 0.5}))
    assert Point([sine(x)], {x: 0.5})[sine(x)] == math.sin(0.5)


def test_what_numpy_refuses_is_one_error():
    x = G.input("x", "N")
    with pytest.raises(G.GraphcError, match=r"matmul has no value here: .*declared at test_values\.py:\d+"):
        evaluate(x @ x, {x: np.ones((2, 3))})


def test_tensors_and_named_sizes():
    x = G.input("x", "N")
    point = Point([G.mean(x)], {x: [1.0, 2.0, 6.0]})
    assert point[G.mean(x)] == 3.0
    assert point[G.sum(x) / G.sum(G.const(1.0) + 0 * x)] == 3.0
    np.testing.assert_array_equal(point[x * x], [1.0, 4.0, 36.0])


def test_a_size_may_be_called_as_a_function_of_python():
    x = G.input("x", "len")
    assert Point([x], {x: [1.0, 5.0]})[G.mean(x)] == 3.0


# -- a point -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "number"), [
    (3, Fraction(3)), (0.1, Fraction(1, 10)), (np.float32(0.1), Fraction(1, 10)), (np.int8(3), Fraction(3)),
    (Decimal("0.3"), Fraction(3, 10)), (Fraction(1, 3), Fraction(1, 3)), (np.array(0.5), Fraction(1, 2)),
    (True, True), (np.bool_(False), False), (math.inf, math.inf), ("3", None), ([1], None), (np.ones(1), None),
    (None, None), (1j, None), (10**400, None), (Decimal("sNaN"), None),
])
def test_numbers_as_users_give_them(value, number):
    assert as_number(value) == number
    assert type(as_number(value)) is type(number)


def test_an_expression_is_no_number():
    assert as_number(G.input("x")) is None


def test_numpy_integers_do_not_wrap_around():
    x = G.input("x")
    assert at(x * x * x, x=np.int64(10**12)) == 10**36


def test_keys_are_names_or_inputs():
    x, y = G.inputs("x y")
    assert by_name({x: 1, "y": 2}, [x, y]) == {"x": 1, "y": 2}
    assert values_at({"y": 2, x: 0.5}, [x, y]) == {x: Fraction(1, 2), y: Fraction(2)}


@pytest.mark.parametrize(("given", "message"), [
    ({"x": 1}, "at: no value for y; every input and parameter of the graph needs one"),
    ({"x": 1, "z": 2}, "at: no input named 'z'; this graph has x, y"),
    (3, r"at maps inputs to values, as in at=\{x: 3\}, got int"),
])
def test_a_bad_point(given, message):
    with pytest.raises(G.InputError, match=message):
        by_name(given, G.inputs("x y"))


def test_a_bad_number():
    with pytest.raises(G.InputError, match="at: x needs one number, got 'soon'"):
        scalar_at(G.input("x"), "soon")


def test_an_input_without_a_value():
    x, w = G.input("x"), G.param("w")
    with pytest.raises(G.InputError, match=r"no value for param w float64.* \(declared at test_values\.py:\d+\)"):
        evaluate(w * x, {x: Fraction(1)})


# -- one evaluator -------------------------------------------------------------------------------------------------


def test_a_long_chain_does_not_recurse():
    h = G.input("x")
    for _ in range(100_000):
        h = h + 1
    assert at(h, x=Fraction(1, 3)) == 100_000 + Fraction(1, 3)


def test_figures_and_derivations_hold_the_same_values():
    x, y = G.inputs("x y")
    f = G.exp(x) / 3 + G.sqrt(y) * G.sigmoid(x - y) + G.tanh(x)
    point = {"x": 0, "y": 4}
    assert Point([f], point)[f] == evaluate(f, values_at(point, postorder([f])))


def test_only_one_module_of_graphc_turns_a_spelling_into_a_function():
    """`codegen.load` runs whole emitted texts; everything else goes through `interpret`."""
    callers = {path.name for path in (ROOT / "graphc").rglob("*.py")
               for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
               if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("exec", "eval")}
    assert callers == {"interpret.py"}
