"""Random numbers: never on a kink, pleasant, the same for the same student."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import graphc as G
from graphc.drawing.values import Point
from graphc.exercise.kinks import kink_of
from graphc.ir import postorder

# Each has kinks on a good part of the small whole numbers.
FORMULAS = {
    "w3*relu(w1*x1 + w1*x2 + b)": ("w3", "w1", "x1", "x2", "b"),
    "abs(w*x - 2)*relu(x - 1)": ("w", "x"),
    "max(w*x, x + 1) + min(w, x)": ("w", "x"),
    "relu(w)*1[x > 1] + leaky_relu(x - w)": ("w", "x"),
    "clip(w*x, -1, 1) + w": ("w", "x"),
    "sqrt(x + 1)*w": ("w", "x"),
}


def exercise(formula, low=-2, high=2, seed=0):
    ranges = "\n".join(f"{name} = [{low}, {high}]" for name in FORMULAS[formula])
    return G.Exercise.loads(f'title = "t"\nfunction = "{formula}"\nseed = {seed}\n[random]\n{ranges}\n'
                            '[[question]]\nask = "gradient"\n')


def one_sided(f, numbers, name, step=1e-6):
    """The slopes on both sides, which agree wherever there is no kink."""
    at = {k: float(v) for k, v in numbers.items()}
    here, after, before = (float(G.evaluate(f, at | {name: at[name] + s})) for s in (0.0, step, -step))
    return (after - here) / step, (here - before) / step


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(FORMULAS)), st.text(max_size=8), st.integers(0, 50))
def test_no_draw_is_on_a_kink_and_all_numbers_are_pleasant(formula, student, seed):
    e = exercise(formula, seed=seed)
    numbers = e.numbers(student)
    for name in numbers:
        right, left = one_sided(e.f, numbers, name)
        assert right == pytest.approx(left, abs=1e-3)
    values = [a.value for a in e.answers(e.questions[0], numbers)]
    assert all(v.denominator <= 12 or 100 % v.denominator == 0 for v in values if isinstance(v, Fraction))
    assert any(v != 0 for v in values)
    assert all(-2 <= v <= 2 and v.denominator == 1 for v in numbers.values())


@pytest.mark.parametrize("formula, at", [("abs(w*x - 2)*relu(x - 1)", (1, 2)), ("max(w*x, x + 1) + min(w, x)", (2, 1)),
                                         ("relu(w)*1[x > 1] + leaky_relu(x - w)", (2, 1)),
                                         ("clip(w*x, -1, 1) + w", (1, 1)), ("sqrt(x + 1)*w", (1, -1))])
def test_a_kink_is_seen(formula, at):
    e = exercise(formula)
    point = Point([e.f], dict(zip(FORMULAS[formula], at)))
    point[e.f]
    assert kink_of(postorder([e.f]), point.found) is not None


def test_students_differ_and_a_student_is_always_the_same():
    e = exercise("w3*relu(w1*x1 + w1*x2 + b)", -4, 4)
    assert e.numbers("ada") == e.numbers("ada")
    assert len({tuple(e.numbers(f"s{i}").values()) for i in range(20)}) > 15
    assert exercise("w3*relu(w1*x1 + w1*x2 + b)", -4, 4, seed=1).numbers("ada") != e.numbers("ada")
    # The stream is part of the file format: a sheet printed last year is graded with the same numbers.
    assert [int(v) for v in e.numbers("ada").values()] == [-1, -4, -3, -3, -4]


def test_where_nothing_is_pleasant_the_reason_is_told():
    e = G.Exercise.loads('title = "t"\nfunction = "relu(x)*w"\nrandom = { x = [0, 0], w = [1, 3] }\n'
                         'question = [{ ask = "value" }]', name="exam.toml")
    with pytest.raises(G.InputError, match=r"exam\.toml: in 400 draws of x, w no numbers are pleasant \(.*kink\)"):
        e.numbers("ada")


def test_assumptions_hold_for_what_is_drawn():
    e = G.Exercise.loads('title = "t"\nfunction = "w*x"\n[symbols]\nx = { assume = ["positive"] }\n'
                         'w = { kind = "parameter", assume = ["nonzero"] }\n[random]\nx = [-9, 2]\nw = [-2, 1]\n'
                         '[[question]]\nask = "value"\n')
    drawn = [e.numbers(str(i)) for i in range(30)]
    assert {int(d["x"]) for d in drawn} == {2} and {int(d["w"]) for d in drawn} == {-2, -1}  # 1 would hide a factor


def test_a_drawn_number_is_0_or_1_only_where_it_must_be():
    e = exercise("w3*relu(w1*x1 + w1*x2 + b)", -3, 4)
    assert not {0, 1} & {int(v) for i in range(40) for v in e.numbers(str(i)).values()}
    must = G.Exercise.loads('title = "t"\nfunction = "w*x"\nrandom = { w = [1, 1], x = [0, 3] }\n'
                            'question = [{ ask = "gradient" }]')
    assert {(int(n["w"]), int(n["x"])) for n in (must.numbers(str(i)) for i in range(20))} == {(1, 2), (1, 3)}


def test_factors_and_gradients_can_be_told_apart():
    e = exercise("w3*relu(w1*x1 + w1*x2 + b)", -4, 4)
    for i in range(20):
        n = e.numbers(str(i))
        gradients = [a.value for a in e.answers(e.questions[0], n)]
        assert n["w1"] not in (n["x1"], n["x2"]) and len(set(gradients)) == 3
