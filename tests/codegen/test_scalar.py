"""The plain-Python text: what each style writes, what raises and what does not, and that the styles agree."""

from __future__ import annotations

import itertools
import math
import random
import re
from typing import Any

import pytest

from codegen import Input, Program, Step, caller_source, load, scalar_source
from codegen.scalar_source import GUARDS, TOTAL, fast_body, literal

X, Y, C = Input("x", "float64[]"), Input("y", "float64[]"), Input("c", "bool[]")
F = "float64[]"


def program(steps: list[Step], outputs: tuple[str, ...], inputs: tuple[Input, ...] = (X, Y), **more: Any) -> Program:
    return Program("f", inputs, tuple(steps), outputs, **more)


def body(steps: list[Step], *outputs: str, inputs: tuple[Input, ...] = (X, Y)) -> list[str]:
    return [line.strip() for line in fast_body(program(steps, outputs, inputs), steps)]


# -- expressions ----------------------------------------------------------------------------------------------


def test_a_value_that_is_read_once_is_written_there_in_the_brackets_it_needs() -> None:
    steps = [Step("n0", "{0} + {1}", ("x", "y"), F), Step("n1", "{0} * {1}", ("n0", "x"), F),
             Step("n2", "{0} - {1}", ("y", "n1"), F), Step("n3", "-{0}", ("n2",), F),
             Step("f", "math.exp({0})", ("n3",), F)]  # fmt: skip
    assert body(steps, "f") == ["n3 = -(y - (x + y) * x)", "f = math.exp(n3)", "return f,"]  # four operations a line


def test_values_that_are_named_noted_or_read_twice_keep_a_line() -> None:
    steps = [Step("z", "{0} + {1}", ("x", "y"), F), Step("n1", "{0} * {0}", ("z",), F, "∂f/∂x"),
             Step("n2", "{0} * {1}", ("n1", "z"), F), Step("n3", "{0} + {0}", ("n2",), F)]  # fmt: skip
    assert body(steps, "n3") == ["z = x + y", "n1 = z * z  # ∂f/∂x", "n2 = n1 * z", "n3 = n2 + n2", "return n3,"]


def test_a_value_of_two_readers_is_computed_once() -> None:
    steps = [Step("n0", "math.exp({0})", ("x",), F), Step("n1", "{0} * {1}", ("n0", "y"), F),
             Step("n2", "{0} - {1}", ("n0", "n1"), F)]  # fmt: skip
    assert body(steps, "n2") == ["n0 = math.exp(x)", "n2 = n0 - n0 * y", "return n2,"]


def test_subtraction_and_division_keep_their_order() -> None:
    steps = [Step("n0", "{0} - {1}", ("x", "y"), F), Step("n1", "{0} - {1}", ("y", "n0"), F),
             Step("n2", "{0} / {1}", ("x", "n1"), F)]  # fmt: skip
    assert body(steps, "n2") == ["n2 = x / (y - (x - y))", "return n2,"]


def random_program(seed: int) -> Program:
    rng = random.Random(seed)
    spellings = [("{0} + {1}", 2), ("{0} - {1}", 2), ("{0} * {1}", 2), ("-{0}", 1), ("{0} / {1}", 2),
                 ("math.exp({0})", 1),
                 ("{0} if {0} > 0.0 else 0.0 if {0} == {0} else {0}", 1), ("math.log({0})", 1), ("math.sin({0})", 1),
                 ("math.pow({0}, {1})", 2), ("{0} if {1} > 0.0 else {0} * 0.0", 2), ("{0} * {0}", 1),
                 ("{0} / {1} if {0} else {0}", 2), ("math.fabs({0})", 1)]  # fmt: skip
    names, steps = ["x", "y", "1.5", "-2.0"], []
    for k in range(rng.randrange(3, 25)):
        spelling, count = rng.choice(spellings)
        args = tuple(rng.choice(names[-8:]) for _ in range(count))
        steps.append(Step(f"n{k}", spelling, args, F, "note" if rng.random() < 0.1 else ""))
        names.append(f"n{k}")
        if rng.random() < 0.2:  # two selections by a test that has a step of its own
            test = f"n{k + 100}"
            steps.append(Step(test, "{0} > {1}", (names[-1], "0.0"), "bool[]"))
            for more in (200, 300):
                steps.append(Step(f"n{k + more}", "{1} if {0} else {2}", (test, names[-2], names[-1]), F))
            names += [f"n{k + 200}", f"n{k + 300}"]
    outputs = tuple(rng.choice(names[4:]) for _ in range(3))
    return program(steps, outputs)


@pytest.mark.parametrize("seed", range(150))
def test_the_styles_agree_on_every_point(seed: int) -> None:
    given = random_program(seed)
    fast, readable = (load(scalar_source(given, style), "f") for style in ("fast", "readable"))
    cut = load(scalar_source(given, "fast", long=3, part=2), "f")
    for x, y in itertools.product((0.7, -1.3, 0.0, -0.0, 1e200, math.inf, -math.inf, math.nan, 800.0), repeat=2):
        wanted = readable(x, y)
        assert repr(fast(x, y)) == repr(wanted), scalar_source(given, "fast")
        assert repr(cut(x, y)) == repr(wanted)


# -- branches -------------------------------------------------------------------------------------------------


def test_two_selections_by_one_condition_are_a_branch() -> None:
    steps = [Step("n0", "{0} * {1}", ("x", "y"), F), Step("n1", "{0} > {1}", ("n0", "0.0"), "bool[]"),
             Step("a", "{0} if {0} > 0.0 else 0.0", ("n0",), F), Step("b", "{1} if {0} else {2}", ("n1", "x", "y"), F),
             Step("f", "{0} + {1}", ("a", "b"), F)]  # fmt: skip
    assert body(steps, "f") == ["n0 = x * y", "if n0 > 0.0:", "return n0 + x,  # f,", "a = 0.0", "f = a + y",
                                "return f,"]  # fmt: skip


def test_one_selection_or_two_conditions_are_none() -> None:
    steps = [Step("a", "{0} if {0} > 0.0 else 0.0", ("x",), F), Step("b", "{0} if {0} > 0.0 else 0.0", ("y",), F)]
    assert body(steps, "a", "b")[:2] == ["a = x if x > 0.0 else 0.0", "b = y if y > 0.0 else 0.0"]


def test_a_long_tail_is_not_doubled() -> None:
    steps = [Step("a", "{0} if {0} > 0.0 else 0.0", ("x",), F), Step("b", "{1} if {0} > 0.0 else 0.0", ("x", "y"), F)]
    for k in range(40):
        steps.append(Step(f"n{k}", "{0} * {1}", (f"n{k - 1}" if k else "a", "b"), F))
    assert not any(line.startswith("if ") for line in body(steps, "n39"))


# -- what raises ----------------------------------------------------------------------------------------------------


def test_every_guard_is_used_and_every_guarded_spelling_is_total() -> None:
    assert {re.sub(r"\(.*", "", total) for total in TOTAL.values()} == set(GUARDS)
    values = (0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e308, -1e308, 5e-324, 800.0, math.inf, -math.inf, math.nan)
    raised = set()
    for plain, total in TOTAL.items():
        steps = [Step("r", plain, ("x", "y")[: 1 + ("{1}" in plain)], F)]
        fast = load(scalar_source(program(steps, ("r",), single=True), "fast"), "f")
        bare = eval(f"lambda x, y: {plain.format('x', 'y')}", {"math": math})
        for x, y in itertools.product(values, repeat=2):
            found = fast(x, y)
            assert type(found) is float
            try:
                wanted = bare(x, y)
            except (ArithmeticError, ValueError):
                raised.add(total)
                assert not math.isfinite(found), (plain, x, y)  # IEEE 754 has inf or nan wherever Python raises
            else:
                assert repr(found) == repr(wanted), (plain, x, y)
    assert raised == set(TOTAL.values())


def test_what_cannot_raise_has_no_guard() -> None:
    steps = [Step("r", "{0} * {1}", ("x", "y"), F)]
    assert scalar_source(program(steps, ("r",)), "fast") == scalar_source(program(steps, ("r",)), "readable")
    assert "try" not in scalar_source(program(steps, ("r",)), "fast")


def test_literals_read_back() -> None:
    for value in (0.1, -0.0, 5e-324, 1e308, 3, -7, True):
        assert repr(eval(literal(value))) == repr(value)
    assert [literal(v) for v in (math.inf, -math.inf, math.nan)] == ["(math.inf)", "-math.inf", "(math.nan)"]


# -- programs ---------------------------------------------------------------------------------------------------------


def test_an_unknown_style_and_a_program_that_is_none() -> None:
    with pytest.raises(ValueError, match="no style 'quick'; choose from readable, fast"):
        scalar_source(program([], ("x",)), "quick")
    with pytest.raises(ValueError, match="operand 'z' is not defined before it"):
        scalar_source(program([Step("r", "-{0}", ("z",), F)], ("r",)))


def test_shapes_of_the_result() -> None:
    steps = [Step("r", "-{0}", ("x",), F)]
    results = [load(scalar_source(program(steps, outputs, **more), style), "f")(1.0, 2.0)
               for style in ("fast", "readable")
               for outputs, more in ((("r",), {"single": True}), (("r",), {}), (("r", "x", "r"), {"grouped": True}),
                                     ((), {}))]  # fmt: skip
    assert results == 2 * [-1.0, (-1.0,), (-1.0, (1.0, -1.0)), ()]


def test_the_call_takes_the_very_types_and_hands_on_all_else() -> None:
    class Taker:
        def slowly(self, *given: Any) -> Any:
            return given

    given = program([Step("r", "{0} if {2} else {1}", ("x", "k", "c"), F)], ("r",),
                    (X, Input("k", "int32[]"), C), single=True)  # fmt: skip
    absent = object()
    call = load(caller_source(given, "fast"), "call", constants={"not_given": absent})
    Taker.__call__ = call  # type: ignore[attr-defined]
    fn: Any = Taker()
    assert fn(2.0, 3, True) == fn(x=2.0, k=3, c=True) == fn(2.0, c=True, k=3) == 2.0
    assert fn(2, 3, True) == ((2, 3, True), (), {})
    assert fn(2.0, True, True) == ((2.0, True, True), (), {})
    assert fn(2.0, 2**31, True) == ((2.0, 2**31, True), (), {})
    assert fn(2.0, 3, 1) == ((2.0, 3, 1), (), {})
    assert fn(2.0, 3) == ((2.0, 3, absent), (), {})
    assert fn(2.0, 3, True, 4, z=5) == ((2.0, 3, True), (4,), {"z": 5})


def test_the_same_bytes_each_time() -> None:
    assert len({scalar_source(random_program(5), "fast") for _ in range(3)}) == 1
