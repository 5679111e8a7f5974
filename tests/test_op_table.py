"""One walk over the op table that proves each row whole.

Every row has cases in CASES; a row without one fails `test_every_row_has_a_case`. The reference of a case is
plain NumPy or mpmath written here, never the row's own spelling.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import mpmath
import numpy as np
import pytest
from op_cases import CASES, SIZES, Case

import graphc as G
from graphc.dims import value_of
from graphc.formula import format_node
from graphc.ir import LEAVES, OPS, Expr, postorder
from graphc.symbolic import namespace
from graphc.types import DTYPES

ALL = [pytest.param(name, i, id=f"{name}-{i}") for name, cases in CASES.items() for i in range(len(cases))]
each_case = pytest.mark.parametrize(("name", "i"), ALL)


# -- making operands --------------------------------------------------------------------------------------------


def numbers(shape: tuple[Any, ...], dtype: str, case: Case, seed: int) -> Any:
    """An operand of the case: reals in its range, integers from 1 or bools."""
    rng = np.random.default_rng(seed)
    size = tuple(SIZES.get(str(s), s) if not isinstance(s, int) else s for s in shape)
    if dtype == "bool":
        return rng.random(size) < 0.5
    if dtype.startswith("int"):
        return rng.integers(1, 4, size).astype(dtype)
    return rng.uniform(case.low, case.high, size).astype(dtype)


def dtypes_of(case: Case, arity: int, dtype: str) -> tuple[str, ...]:
    return tuple("bool" if k == "bool" else dtype for k in case.kinds or ("number",) * arity)


def operands(case: Case, shapes: Any, dtypes: Any) -> tuple[list[Expr], dict[str, Any]]:
    names = [f"x{i}" for i in range(len(shapes))]
    values = {n: numbers(s, d, case, i) for i, (n, s, d) in enumerate(zip(names, shapes, dtypes))}
    return [G.input(n, *s, dtype=d) for n, s, d in zip(names, shapes, dtypes)], values


def built(case: Case, shapes: Any, dtype: str = "float64") -> tuple[Expr, list[Expr], dict[str, Any]]:
    xs, values = operands(case, shapes, dtypes_of(case, len(shapes), dtype))
    return case.build(*xs), xs, values | SIZES


def inputs_of(values: dict[str, Any]) -> list[Any]:
    return [v for name, v in values.items() if name not in SIZES]


# -- the walk ------------------------------------------------------------------------------------------------


def test_every_row_has_a_case():
    assert set(CASES) == set(OPS) - LEAVES - {"item", "tuple"}  # proved by the rows that have several results


def test_every_row_is_written_whole():
    for name in CASES:
        row = OPS[name]
        assert row.pullback and row.pushforward and row.numpy, name
        assert row.form.text and row.form.unicode and row.form.latex, name
        assert row.sympy is not None or not row.elementwise, name


@each_case
def test_case_is_of_its_row(name, i):
    case = CASES[name][i]
    y = built(case, case.shapes[0])[0]
    assert OPS[name] in {n.op for n in (postorder([y]) if case.inside else [y])}


@each_case
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_values_and_types_are_numpys(name, i, dtype, run):
    case = CASES[name][i]
    for shapes in case.shapes:
        y, _, values = built(case, shapes, dtype)
        expected = np.asarray(case.numpy(*inputs_of(values)))
        assert y.type.dtype == expected.dtype
        assert tuple(value_of(s, SIZES) for s in y.shape) == expected.shape
        tight = 1e-14 if y.type.dtype == "float64" else 2e-6
        np.testing.assert_allclose(run(y, **values), expected, rtol=tight, atol=tight)


def numpys_dtype(case: Case, values: Any) -> str | None:
    """The dtype that NumPy computes; None where it refuses or leaves graphc's five."""
    try:
        with np.errstate(all="ignore"):
            name = np.asarray(case.numpy(*values)).dtype.name
    except TypeError:
        return None
    return name if name in DTYPES else None


def dtype_grid(case: Case, arity: int) -> list[tuple[str, ...]]:
    choices = [("bool",) if k == "bool" else DTYPES for k in case.kinds or ("number",) * arity]
    return list(itertools.product(*choices))


@each_case
def test_every_combination_of_dtypes_is_numpys(name, i):
    case = CASES[name][i]
    shapes = case.shapes[-1]
    for dtypes in dtype_grid(case, len(shapes)):
        xs, values = operands(case, shapes, dtypes)
        expected = numpys_dtype(case, values.values())
        if expected is None or set(dtypes) <= case.refuses:
            with pytest.raises(G.DTypeError, match="bool"):
                case.build(*xs)
        else:
            assert case.build(*xs).type.dtype == expected, dtypes


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "greater",
 "where"])
@pytest.mark.parametrize("number", [2, 0.5])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int32"])
def test_python_numbers_are_weak_as_numpys(name, number, dtype, run):
    case = CASES[name][0]
    first = [True] if name == "where" else []
    x, value = G.input("x", 3, dtype=dtype), np.array([1, 2, 3], dtype)
    for args, given in (((x, number), (value, number)), ((number, x), (number, value))):
        y, expected = case.build(*first, *args), case.numpy(*first, *given)
        assert y.type.dtype == expected.dtype
        np.testing.assert_array_equal(run(y, x=value), expected)


EXACT = [pytest.param(n, i, id=f"{n}-{i}") for n, cases in CASES.items() for i, c in enumerate(cases) if c.exact]


@pytest.mark.parametrize(("name", "i"), EXACT)
def test_values_against_mpmath(name, i, run):
    case = CASES[name][i]
    shapes = tuple((40,) for _ in case.shapes[0])
    y, _, values = built(case, shapes)
    with mpmath.workdps(40):
        exact = [float(case.exact(*(bool(v) if v.dtype == bool else mpmath.mpf(float(v)) for v in point)))
                 for point in zip(*inputs_of(values))]
    np.testing.assert_allclose(run(y, **values), exact, rtol=case.close, atol=0)


def floating(xs: list[Expr]) -> list[Expr]:
    return [x for x in xs if x.type.is_float]


@each_case
def test_pullback_against_central_differences(name, i, run, differences):
    case = CASES[name][i]
    for shapes in case.shapes:
        y, xs, values = built(case, shapes)
        if not y.type.is_float or y.type.dtype == "float32":
            continue
        weights = np.random.default_rng(7).normal(size=np.shape(run(y, **values)))
        for x, slope in zip(floating(xs), G.vjp(y, floating(xs), G.input("c", *y.shape))):
            def total(a, x=x, y=y, values=values, weights=weights):
                return float(np.sum(weights * run(y, **{**values, x.name: a})))

            expected = differences(total, values[x.name]) if name != "stop_gradient" else 0 * values[x.name]
            np.testing.assert_allclose(run(slope, c=weights, **values), expected, rtol=1e-5, atol=1e-7)


@each_case
def test_second_derivatives_against_central_differences(name, i, run, differences):
    """The pullback of the pullback, along one cotangent: at the smallest shapes of the case that have elements."""
    case = CASES[name][i]
    if not case.second or name == "stop_gradient":
        return
    for shapes in case.shapes[:3]:
        y, xs, values = built(case, shapes)
        if not y.type.is_float or y.type.dtype == "float32" or not np.size(run(y, **values)):
            continue
        floats, rng = floating(xs), np.random.default_rng(7)
        values["c"] = rng.normal(size=np.shape(run(y, **values)))
        values |= {f"t{x.name}": rng.normal(size=np.shape(values[x.name])) for x in floats}
        slopes = G.vjp(y, floats, G.input("c", *y.shape))
        along = G.sum(sum(G.sum(s * G.input(f"t{x.name}", *x.shape)) for s, x in zip(slopes, floats)))
        for x, slope in zip(floats, G.gradients(along, floats)):
            def total(a, x=x, along=along, values=values):
                return float(run(along, **{**values, x.name: a}))

            expected = differences(total, values[x.name])
            np.testing.assert_allclose(run(slope, **values), expected, rtol=1e-4, atol=1e-6)


@each_case
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_pullback_is_the_adjoint_of_the_pushforward(name, i, dtype, run):
    """<ȳ, J t> = <Jᵀ ȳ, t>, and both derivatives keep shape and dtype."""
    case = CASES[name][i]
    for shapes in case.shapes:
        y, xs, values = built(case, shapes, dtype)
        if not y.type.is_float:
            continue
        rng = np.random.default_rng(11)
        seeds = {f"t{x.name}": rng.normal(size=np.shape(values[x.name])).astype(x.type.dtype) for x in floating(xs)}
        tangents = [G.input(f"t{x.name}", *x.shape, dtype=x.type.dtype) for x in floating(xs)]
        cotangent = G.input("c", *y.shape, dtype=y.type.dtype)
        values |= seeds | {"c": rng.normal(size=np.shape(run(y, **values))).astype(y.type.dtype)}
        forward = G.jvp(y, floating(xs), tangents)
        back = G.vjp(y, floating(xs), cotangent)
        assert forward.type is y.type
        assert [g.type for g in back] == [x.type for x in floating(xs)]
        left = np.sum(values["c"] * run(forward, **values), dtype="float64")
        right = sum(np.sum(g * t, dtype="float64") for g, t in zip(run(back, **values), seeds.values()))
        close = 1e-10 if dtype == "float64" and y.type.dtype == "float64" else 1e-4
        assert math.isclose(left, right, rel_tol=close, abs_tol=close)


@each_case
def test_the_tangent_of_one_operand_has_the_type_of_the_result(name, i, run):
    case = CASES[name][i]
    for shapes in case.shapes:
        y, xs, values = built(case, shapes)
        for x in floating(xs) if y.type.is_float else ():
            tangent = G.jvp(y, x, G.input("t", *x.shape))
            assert (tangent.shape, tangent.type.dtype) == (y.shape, y.type.dtype)
            run(tangent, t=values[x.name], **values)


BOOL = [n for n, cases in CASES.items() if not built(cases[0], cases[0].shapes[0])[0].type.is_float]


@pytest.mark.parametrize("name", BOOL)
def test_bool_results_carry_no_derivative(name):
    case = CASES[name][0]
    y, xs, _ = built(case, case.shapes[0])
    assert y.op.pullback(None, y, *xs) == (None,) * len(xs)
    assert y.op.pushforward([None] * len(xs), y, *xs) is None


SYMPY = [pytest.param(n, i, id=f"{n}-{i}") for n, cases in CASES.items() for i, c in enumerate(cases) if OPS[n].sympy]


@pytest.mark.parametrize(("name", "i"), SYMPY)
def test_sympy_form_against_numbers(name, i, run):
    case = CASES[name][i]
    y, _, _ = built(case, tuple(() for _ in case.shapes[0]))
    sp, attrs = namespace(), y.op.named_attrs(y)
    symbols = [sp.Symbol(f"x{k}", real=True) for k in range(len(y.args))]
    for seed in range(5):
        kinds = dtypes_of(case, len(y.args), "float64")
        point = {f"x{k}": numbers((), d, case, 10 * seed + k) for k, d in enumerate(kinds)}
        held = [point[a.name].item() if a.op.name == "input" else a.attrs[0].value.item() for a in y.args]
        given = [sp.true if v is True else sp.false if v is False else s for s, v in zip(symbols, held)]
        numbers_ = {s: sp.Float(v, 30) for s, v in zip(given, held) if s.is_Symbol}
        form = y.op.sympy(sp, *given, **attrs).subs(numbers_)
        found = bool(form) if y.type.dtype == "bool" else float(form.evalf(20))
        rough = 1e-6 if y.type.dtype == "float32" else 1e-14
        assert math.isclose(found, run(y, **point), rel_tol=rough, abs_tol=rough)


@pytest.mark.filterwarnings("ignore:path is deprecated:DeprecationWarning")  # ziamath, as it loads its font
@each_case
def test_latex_compiles(name, i):
    import ziamath

    case = CASES[name][i]
    for shapes in case.shapes:
        y = built(case, shapes)[0]
        latex = format_node(y, "latex")
        depth = list(itertools.accumulate((c == "{") - (c == "}") for c in latex.replace(r"\{", "").replace(r"\}", "")))
        assert min(depth) >= 0 and depth[-1] == 0, latex
        assert ziamath.Math.fromlatex(latex).svg().startswith("<svg")


@each_case
def test_written_forms_name_their_operands(name, i):
    case = CASES[name][i]
    for shapes in case.shapes:
        y, xs, _ = built(case, shapes)
        for surface in ("text", "unicode"):
            text = format_node(y, surface)
            assert all(x.name in text for x in xs), text
            assert "{" not in text, text
