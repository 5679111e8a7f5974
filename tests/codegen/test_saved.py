"""Saved modules run alone, check themselves, catch a wrong gradient and raise no false alarm at kinks."""

import os
import subprocess
import sys

import numpy as np
import pytest

from codegen import Input, Program, Step, module_source
from codegen.gradient_check import check_gradients


def run(tmp_path, source):
    path = tmp_path / "exam.py"
    path.write_text(source, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": "", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-W", "error", str(path)], capture_output=True, text=True, cwd=tmp_path,
                          env=environment, check=False)
    return done.returncode, done.stdout + done.stderr


def squares(slope="2.0", dtype="float64"):
    steps = (
        Step("y", "np.sum({0} * {0})", ("x",), f"{dtype}[]"),
        Step("dx", "{0} * {1}", ("x", slope), f"{dtype}[N,2]", note="∂y/∂x"),
    )
    inputs = (Input("x", f"{dtype}[N,2]", ("N", 2)), Input("k", "int64[N]", ("N",)))
    return Program("f", inputs, steps, ("y", "dx"), dims=(("N", "x.shape[0]"),), doc="y = Σ x²")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_right_gradient_passes(tmp_path, dtype):
    status, text = run(tmp_path, module_source(squares(dtype=dtype), gradients=((0, "x", 1),)))
    assert status == 0, text
    assert "gradient of y by x: largest error" in text and text.endswith(": ok\n")


def test_it_prints_the_same_twice(tmp_path):
    source = module_source(squares(), gradients=((0, "x", 1),))
    assert run(tmp_path, source) == run(tmp_path, source)


@pytest.mark.parametrize(("dtype", "slope"), [("float64", "2.00001"), ("float32", "2.1"), ("float64", "-2.0")])
def test_a_wrong_gradient_is_caught(tmp_path, dtype, slope):
    status, text = run(tmp_path, module_source(squares(slope, dtype), gradients=((0, "x", 1),)))
    assert status == 1 and text.endswith(": WRONG\n"), text


def test_gradients_from_a_second_program(tmp_path):
    whole = squares()
    value = Program("f", whole.inputs, whole.steps[:1], ("y",), True, dims=whole.dims)
    extra = Program("f_gradient", whole.inputs, whole.steps[1:], ("dx",), dims=whole.dims)
    status, text = run(tmp_path, module_source(value, gradients=((0, "x", 0),), extra=extra))
    assert status == 0, text


def test_without_gradients_there_is_only_the_function(tmp_path):
    source = module_source(squares(), style="fast")
    assert "__main__" not in source and run(tmp_path, source) == (0, "")


def relus(shift, slope):
    """Σ max(x - shift·x, 0) with its gradient: at shift 1 every point is a kink."""
    def f(x):
        z = x - shift * x
        return np.sum(np.maximum(z, 0)), slope * (1 - shift) * (z > 0)
    return f


def status(f, shape=(50,)):
    return check_gradients(f, f, [("y", 0, "x", 0, 1)], lambda scale: [("float64", shape)], 2.0**-17, 1e-6)


def test_kinks_raise_no_false_alarm():
    assert status(relus(0.5, 1.0)) == 0


def test_a_kink_that_is_always_there_has_any_slope_between():
    def at(slope):
        # |x - x0| at x = x0: x0 is what the inputs are on the first call of each check.
        seen = {}
        def f(x):
            centre = seen.setdefault(x.size, np.array(x))
            if np.max(np.abs(x - centre)) > 1e-4:
                centre = seen[x.size] = np.array(x)
            return np.sum(np.abs(x - centre)), np.full(3, slope)
        return f
    assert status(at(0.0), (3,)) == 0
    assert status(at(1.5), (3,)) == 1


def test_wrong_beside_a_kink_is_wrong():
    assert status(relus(0.5, 1.1)) == 1


def test_domains_are_searched():
    assert status(lambda x: (np.sum(np.sqrt(x - 1.1)), 0.5 / np.sqrt(x - 1.1)), (2,)) == 0


def test_where_nothing_is_finite_it_says_so(capsys):
    assert status(lambda x: (np.sum(x) * np.nan, x)) == 1
    assert "no random inputs found where both are finite" in capsys.readouterr().out


def test_a_gradient_of_another_shape_is_wrong():
    assert status(lambda x: (np.sum(x), np.ones(1)), (3,)) == 1
