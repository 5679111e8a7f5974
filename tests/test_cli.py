"""The command line: what each command prints and writes, its exit status, its errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import graphc as G
from graphc import cli

ROOT = Path(__file__).resolve().parent.parent
F = "w3*relu(w1*x1+w1*x2+b)"
AT = "x1=3,x2=-1,w1=2,w3=4,b=-1"
RIGHT = "w3*(x1+x2)*1[w1*x1+w1*x2+b>0]"


def run(capsys, *argv):
    try:
        status = cli.main(argv)
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


# -- draw ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ending", "magic"), [
    ("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("dot", b"digraph"), ("json", b"{"), ("tex", b"% Comp")])
def test_draw_writes_each_format(here, capsys, ending, magic):
    status, out, err = run(capsys, "draw", F, "--wrt", "w1,w3,b", "--at", AT, "--rankdir", "TB", "-o", f"exam.{ending}")
    assert (status, out, err) == (0, f"exam.{ending}\n", "")
    assert magic in (here / f"exam.{ending}").read_bytes()[:200]


def test_draw_prints_svg_without_a_file(capsys):
    status, out, _ = run(capsys, "draw", F)
    assert status == 0 and out.startswith("<svg")


def test_draw_folded(here, capsys):
    (here / "net.py").write_text(
        "import graphc as G\nh = G.input('x')\nfor i in range(4):\n    with G.scope(f'Layer {i}'):\n"
        "        h = G.tanh(G.param(f'w{i}') * h)\n")
    for fold, shows in {"yes": "Drawn once for Layer", "no": 'aria-label="Layer 0"', "auto": 'aria-label="Layer 3"',
                        "0": "4 boxes stand for 8 operations", "Layer 1,Layer 2": "2 boxes stand for"}.items():
        status, out, err = run(capsys, "draw", "net.py:h", "--fold", fold)
        assert status == 0 and shows in out, err
    status, _, err = run(capsys, "draw", "net.py:h", "--fold", "Layer 9")
    assert status == 3 and "no scope is called 'Layer 9'" in err


def test_draw_backward_and_blank(here, capsys):
    assert run(capsys, "draw", F, "--wrt", "w1", "--backward", "-o", "b.svg")[0] == 0
    assert run(capsys, "draw", F, "--wrt", "w1", "--at", AT, "--blank", "all", "--lang", "fr", "-o", "s.svg")[0] == 0
    assert sorted(os.listdir(here)) == ["b.svg", "s.svg"]


def test_wrt_become_parameters():
    f = cli.model_of("a*b + c", ["c"])
    assert {v.name: v.op.name for v in G.backward(f, ["a", "b", "c"]).wrt} == {"a": "input", "b": "input", "c": "param"}


# -- derive -------------------------------------------------------------------------------------------------


def test_derive_prints_the_steps(capsys):
    status, out, _ = run(capsys, "derive", F, "--wrt", "w1")
    assert status == 0
    assert "∂f/∂w1 = w̄1 = w3·(x1 + x2)·1[s > 0] = w3·(x1 + x2)·1[w1·x1 + w1·x2 + b > 0]" in out


def test_derive_in_french_with_numbers(capsys):
    _, out, _ = run(capsys, "derive", F, "--wrt", "w1", "--lang", "fr", "--at", "x1=0,5;x2=1;w1=2;w3=4;b=-1")
    assert "Règle de la chaîne" in out and "m1 = w1·x1 = 1\n" in out and "x1 = 0,5" in out


@pytest.mark.parametrize(("ending", "start"), [("md", "## Derivation"), ("tex", r"\documentclass"),
                                                ("txt", "Derivation of"), ("html", "<!DOCTYPE html>")])
def test_derive_writes_documents(here, capsys, ending, start):
    assert run(capsys, "derive", F, "--wrt", "w1", "-o", f"d.{ending}")[0] == 0
    assert (here / f"d.{ending}").read_text(encoding="utf-8").startswith(start)


def test_derive_in_short(capsys):
    _, out, _ = run(capsys, "derive", F, "--wrt", "w1", "--detail", "short")
    assert "Local derivatives" not in out and "Chain rule, backwards" in out


def test_derive_json(capsys):
    _, out, _ = run(capsys, "derive", F, "--wrt", "w1", "--json")
    found = json.loads(out)
    assert [s["kind"] for s in found["steps"]] == ["forward", "local", "chain", "paths", "result"]
    assert found["results"] == {"w1": "w3*(x1 + x2)*1[w1*x1 + w1*x2 + b > 0]"}


# -- compile ------------------------------------------------------------------------------------------------


def test_compile_writes_a_module_that_runs(here, capsys):
    assert run(capsys, "compile", F, "--wrt", "w1,w3,b", "-o", "exam.py")[:2] == (0, "exam.py\n")
    done = subprocess.run([sys.executable, "exam.py"], cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_compile_prints_source(capsys):
    status, out, _ = run(capsys, "compile", F, "--style", "readable")
    assert status == 0 and "def f(" in out and "np.maximum" in out


# -- check --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "status", "word"), [
    (RIGHT, 0, "correct"), ("w3*x1*1[w1*x1+w1*x2+b>0]", 1, "wrong"), ("w3*(", 3, "invalid"), ("w3*q", 3, "invalid")])
def test_check_status(capsys, answer, status, word):
    found, out, _ = run(capsys, "check", F, "--wrt", "w1", answer, "--json")
    assert (found, json.loads(out)["status"]) == (status, word)


def test_check_shows_an_exact_counterexample(capsys):
    _, out, _ = run(capsys, "check", F, "--wrt", "w1", "w3*x1*1[w1*x1+w1*x2+b>0]", "--json")
    found = json.loads(out)["counterexample"]
    assert all(Fraction(v) is not None for v in found["point"].values())
    assert found["answer"] != found["derivative"]


def test_check_reads_an_answer_that_begins_with_a_minus(capsys):
    assert run(capsys, "check", "-w*x", "--wrt", "w", "-x")[0] == 0
    assert run(capsys, "check", "-w*h", "--wrt", "w", "-h*1")[0] == 0


def test_check_speaks_french(capsys):
    _, english, _ = run(capsys, "check", F, "--wrt", "w1", RIGHT)
    _, french, _ = run(capsys, "check", F, "--wrt", "w1", RIGHT, "--lang", "fr")
    assert english != french


# -- models in a file ---------------------------------------------------------------------------------------

MODEL = """
import graphc as G
x, w = G.input("x"), G.param("w")
loss = G.tanh(w * x)
"""


def test_model_in_a_python_file(here, capsys):
    (here / "model.py").write_text(MODEL)
    status, out, _ = run(capsys, "derive", "model.py:loss", "--wrt", "w")
    assert status == 0 and "∂f/∂w = w̄ = (1 − f²)·x" in out


@pytest.mark.parametrize(("text", "model", "message"), [
    (MODEL, "model.py:los", "model.py has no graph called 'los'; it has loss, w, x"),
    (MODEL, "none.py:loss", "no file 'none.py'"),
    ("1/0", "model.py:f", "model.py could not be run: ZeroDivisionError: division by zero"),
    ("raise SystemExit(0)", "model.py:f", "model.py could not be run: SystemExit"),
    ("def f(:", "model.py:f", "model.py could not be run: SyntaxError"),
])
def test_model_errors(here, capsys, text, model, message):
    (here / "model.py").write_text(text)
    status, out, err = run(capsys, "derive", model)
    assert (status, out) == (3, "") and message in err and "Traceback" not in err


# -- points -------------------------------------------------------------------------------------------------


def test_points_are_exact():
    assert cli.point_of("a=1/3, b=-2,c=0.1") == {"a": Fraction(1, 3), "b": Fraction(-2), "c": 0.1}
    assert cli.point_of("a=0.1234567890123456789") == {"a": Fraction("0.1234567890123456789")}
    assert cli.point_of("a=−1e2") == {"a": Fraction(-100)}


@pytest.mark.parametrize(("text", "message"), [
    ("x1", r"'x1' is not name=value; write it as x1=3,x2=-1/2"),
    ("x1=", r"x1 must be a number such as 3, 0\.5 or 1/2, got ''"),
    ("x1=1/0", r"x1 must be a number"),
    ("x1=inf", r"got 'inf'"),
    ("x1=9e999999", r"got '9e999999'"),
    ("x1=" + "9" * 50, r"x1 must be a number"),
    ("x1=1,x1=2", r"'x1' is given twice"),
    ("x1=__import__('os')", r"x1 must be a number"),
])
def test_bad_points(text, message):
    with pytest.raises(G.InputError, match=message):
        cli.point_of(text)


# -- errors and usage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("argv", [
    [], ["paint"], ["draw"], ["derive", F, "--lang", "de"], ["check", F], ["derive", F, "--wrt", "w1,,b"],
    ["draw", F, "--colour", "red"]])
def test_wrong_usage_is_status_3(capsys, argv):
    status, out, err = run(capsys, *argv)
    assert (status, out) == (3, "") and "usage: graphc" in err


@pytest.mark.parametrize(("argv", "message"), [
    (["draw", "w3*(", "-o", "x.svg"], "graphc draw: "),
    (["draw", F, "-o", "exam.gif"], "graphc draw: no figure format '.gif'; choose from .svg, .png, .pdf, .dot, .html"),
    (["draw", F, "-o", "no/such/dir/exam.svg"], "graphc draw: cannot write 'no/such/dir/exam.svg'"),
    (["draw", F, "--theme", "pink"], "graphc draw: no theme 'pink'; choose from"),
    (["draw", F, "--at", "x1=1"], "graphc draw: "),
    (["derive", F, "--wrt", "zz"], "graphc derive: wrt: no value named 'zz' in this graph"),
    (["derive", F, "--wrt", "w1", "-o", "d.doc"],
     "graphc derive: no document format '.doc'; choose from .md, .tex, .html, .txt"),
    (["compile", F, "--style", "fsat"], "graphc compile: no style 'fsat'; choose from"),
    (["compile", F, "-o", "no/such/dir/exam.py"], "graphc compile: cannot write"),
    (["check", F, "--wrt", "w1,b", "0"], "graphc check: one --wrt is needed"),
    (["demo", "-o", "file/in"], "graphc demo: cannot make the directory 'file/in'"),
])
def test_errors_are_clear_and_nothing_is_written(here, capsys, argv, message):
    (here / "file").write_text("")
    status, out, err = run(capsys, *argv)
    assert (status, out) == (3, "") and err.startswith(message)
    assert "Traceback" not in err and os.listdir(here) == ["file"]


def test_errors_as_json(capsys):
    status, out, err = run(capsys, "derive", F, "--wrt", "zz", "--json")
    assert status == 3 and err
    assert json.loads(out)["error"] == "InputError" and "'zz'" in json.loads(out)["message"]


@pytest.mark.parametrize("command", cli.EXAMPLES)
def test_help_shows_an_example(capsys, command):
    status, out, _ = run(capsys, command, "--help")
    assert status == 0 and cli.EXAMPLES[command] in out
    assert cli.EXAMPLES[command] in run(capsys, "--help")[1]


def test_version(capsys):
    assert run(capsys, "--version")[:2] == (0, f"graphc {G.__version__}\n")


@pytest.mark.parametrize("text", [
    "__import__('os').system('echo hacked')", "9^9^9^9", "(" * 3000, "x.__class__", "lambda: 0", "x" * 100_000,
    "\x00", ""])
def test_hostile_formulas_are_invalid_at_once(here, capsys, text):
    status, out, err = run(capsys, "draw", text, "-o", "x.svg")
    assert (status, out) == (3, "") and "Traceback" not in err and os.listdir(here) == []


def test_a_terminal_that_knows_only_ascii(here):
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "graphc.cli", "derive", "w*x", "--wrt", "w"]
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "∂f/∂w = w̄ = x" in done.stdout.decode("utf-8")


# -- the demonstration --------------------------------------------------------------------------------------


def test_demo(here, capsys):
    status, out, err = run(capsys, "demo", "-o", "out")
    assert (status, err) == (0, "")
    figures = {f"{name}.{e}" for name in ("forward", "circuit", "backward") for e in cli.FORMATS}
    derivations = {f"derivation.{lang}.{e}" for lang in ("en", "fr") for e in ("md", "tex", "html")}
    assert set(os.listdir("out")) == figures | derivations | {"exam.py"}
    assert "w3·(x1 + x2)·1[s > 0]" in out and str(here / "out") in out
    assert "= 12 + \\left({-}4\\right) = 8" in (here / "out" / "derivation.fr.tex").read_text(encoding="utf-8")


def test_demo_twice_writes_the_same_bytes(here, capsys):
    run(capsys, "demo", "-o", "one")
    run(capsys, "demo", "-o", "two")
    for name in os.listdir("one"):
        assert (here / "one" / name).read_bytes() == (here / "two" / name).read_bytes(), name


def test_demo_json(here, capsys):
    _, out, _ = run(capsys, "demo", "-o", "out", "--json")
    found = json.loads(out)
    assert [c["status"] for c in found["checks"]] == ["correct", "wrong"]
    assert found["checks"][1]["diagnosis"][0]["kind"] == "one_path_of_fanout"
    assert all(os.path.isfile(path) for path in found["files"])


@pytest.mark.parametrize(("answer", "status"), [("2(W x - y)x^T", 0), ("(Wx - y)x^T", 1), ("2(Wx - y)x^T +", 3)])
def test_shapes_declare_vectors_and_matrices(answer, status, capsys):
    assert cli.main(["check", "sum((W x - y)^2)", "--shapes", "W=4x3,x=3,y=4", "--wrt", "W", answer]) == status
    assert capsys.readouterr().out


@pytest.mark.parametrize("shapes", ["W=4x", "W", "W=0x3", "W=4x3,W=2", "W=4y3x-1", "=3", "W=4x3;x=3"])
def test_shapes_that_are_none_are_refused(shapes, capsys):
    with pytest.raises(SystemExit):
        cli.main(["draw", "sum(W x)", "--shapes", shapes])
    assert "shapes are written as in W=4x3,x=3; got" in capsys.readouterr().err


def test_shapes_are_for_formulas_alone(tmp_path, capsys):
    (tmp_path / "net.py").write_text("import graphc as G\nf = G.input('x') ** 2\n", encoding="utf-8")
    assert cli.main(["derive", f"{tmp_path / 'net.py'}:f", "--shapes", "x=3"]) == 3
    assert "--shapes is for a formula" in capsys.readouterr().err
