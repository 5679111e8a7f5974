"""Exercise files: what a mistake says, and on which line; what a right one holds."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import graphc as G

ROOT = Path(__file__).resolve().parents[2]

GOOD = """title = "t"
function = "w*relu(z)"
[define]
z = "x - 1"
[symbols]
x = { kind = "input", assume = ["positive"] }
w = "parameter"
[point]
x = 3
w = "1/2"
[[question]]
ask = "gradient"
"""


def refused(text, match, **options):
    with pytest.raises(G.InputError, match=match) as error:
        G.Exercise.loads(text, name="exam.toml", **options)
    return str(error.value)


MISTAKES = [
    ("ask = \"gradient\"", "ask = \"gradeint\"", r"exam\.toml:12: question\.ask 'gradeint' is none of value, gradient"),
    ("[define]", "[defne]", r"exam\.toml:3: no key 'defne'; did you mean define\?"),
    ("w = \"parameter\"", "v = \"parameter\"", r"exam\.toml:2: no symbol 'w'; known are x, v, z"),
    ("\"positive\"", "\"postive\"", r"exam\.toml:6: no assumption 'postive'; did you mean positive\?"),
    ("x = 3", "x = -3", r"exam\.toml:9: x = -3 is not positive"),
    ("x = 3", "x = true", r"exam\.toml:9: point\.x must be a number such as 3, 0\.5 or \"1/2\", got True"),
    ("w = \"1/2\"", "w = \"1/0\"", r"exam\.toml:10: point\.w must be a number"),
    ("w = \"1/2\"", "", r"exam\.toml:8: no number for w"),
    ("w = \"1/2\"", "[random]\nw = [5, 1]", r"exam\.toml:11: the range from 5 to 1 must rise"),
    ("w = \"1/2\"", "w = 1\n[random]\nw = [1, 5]", r"exam\.toml:12: w has a number in \[point\] already"),
    ("x - 1", "x - ", r"exam\.toml:4: "),
    ("title = \"t\"", "title = \"a $x\"", r"exam\.toml:1: title: a \$ has no other \$"),
    ("title = \"t\"", "title = '$\\input{/etc/passwd}$'", r"exam\.toml:1: title: the mathematics has \\input"),
    ("title = \"t\"", "title = { de = \"t\" }", r"exam\.toml:1: no key 'de'; .*en, fr"),
    ("title = \"t\"", "", r"exam\.toml:1: a title is needed"),
    ("title = \"t\"", "title = t", r"exam\.toml:1: not TOML: "),
    ("ask = \"gradient\"", "ask = \"gradient\"\nwrt = \"ww\"", r"exam\.toml:13: no value 'ww'; did you mean w\?"),
    ("ask = \"gradient\"", "ask = \"local\"\nwrt = \"x\"", r"f is by one of its own operands: w, r"),
    ("ask = \"gradient\"", "ask = \"value\"\npoints = -1", r"exam\.toml:13: points must lie between 0 and 1000"),
    ("function = \"w*relu(z)\"", "model = \"m.py:f\"", r"exam\.toml:2: this exercise takes its model .* --trust"),
    ("function = \"w*relu(z)\"", "function = 3", r"exam\.toml:2: function must be text, got 3"),
    ("title = \"t\"", "title = \"t\"\noutput = \"w\"", r"exam\.toml:2: output 'w' is a symbol of the function"),
    ("z = \"x - 1\"", "z = \"x\"", r"exam\.toml:4: z is x itself"),
    ("[[question]]\nask = \"gradient\"", "", r"an exercise needs a question"),
]  # fmt: skip


@pytest.mark.parametrize("old, new, message", MISTAKES, ids=[m[1][:30] for m in MISTAKES])
def test_a_mistake_is_told_with_its_line(old, new, message):
    assert old in GOOD
    refused(GOOD.replace(old, new, 1), message)


def test_the_text_without_a_mistake_is_an_exercise():
    e = G.Exercise.loads(GOOD)
    assert e.numbers() == {"x": Fraction(3), "w": Fraction(1, 2)}
    assert [s.name for s in e.symbols] == ["x", "w"] and e.parameters == ("w",)
    assert [(a.wrt, str(a.value)) for a in e.answers(e.questions[0], e.numbers())] == [("w", "2")]


def test_numbers_are_needed_for_questions_that_ask_for_them():
    bare = re.sub(r"\[point\].*?\[\[", "[[", GOOD, flags=re.DOTALL)
    refused(bare, r'ask = "gradient" asks for numbers, and there is neither \[point\] nor \[random\]')
    assert G.Exercise.loads(bare.replace("gradient", "formula")).numbers() is None


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(G.InputError, match=r"cannot read '.*nope\.toml': No such file"):
        G.Exercise.load(tmp_path / "nope.toml")
    (tmp_path / "latin.toml").write_bytes(b'language = "en"\ntitle = "caf\xe9"')
    with pytest.raises(G.InputError, match=r"latin\.toml:2: not UTF-8"):
        G.Exercise.load(tmp_path / "latin.toml")
    (tmp_path / "long.toml").write_bytes(b"#" * 300_000)
    with pytest.raises(G.InputError, match="256,000 bytes"):
        G.Exercise.load(tmp_path / "long.toml")


def test_a_model_runs_only_when_trusted_and_takes_arrays(tmp_path):
    (tmp_path / "net.py").write_text("import graphc as G\nx = G.input('x', 3)\nW = G.param('W', 3)\n"
                                     "L = G.sum((W * x)**2).named('L')\n")
    text = ('title = "t"\nmodel = "net.py:L"\n[point]\nx = [1, 2, 3]\nW = [1, "1/2", 0]\n[[question]]\n'
            'ask = "gradient"\n')
    (tmp_path / "e.toml").write_text(text)
    with pytest.raises(G.InputError, match="say that you trust it"):
        G.Exercise.load(tmp_path / "e.toml")
    e = G.Exercise.load(tmp_path / "e.toml", trusted=True)
    value = e.answers(e.questions[0], e.numbers())[0].value
    assert np.array_equal(value, [2.0, 4.0, 0.0])
    refused(text.replace("[1, 2, 3]", "[1, 2]"), r"exam\.toml:4: x has the shape \[3\], got \[2\]",
            folder=str(tmp_path), trusted=True)
    refused(text.replace("net.py:L", "net.py:M"), r"exam\.toml:2: .*no graph called 'M'; it has L, W, x",
            folder=str(tmp_path), trusted=True)


def test_local_derivatives_and_adjoints():
    e = G.Exercise.loads('title = "t"\nfunction = "y*y + 3*y"\n[define]\ny = "2*x"\n[point]\nx = 5\n'
                         '[[question]]\nask = "adjoint"\nof = "y"\n[[question]]\nask = "local"\nof = "y"\nwrt = "x"\n')
    found = [e.answers(q, e.numbers())[0].value for q in e.questions]
    assert found == [23, 2]


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_template_and_the_examples_load(lang):
    assert G.Exercise.loads(G.Exercise.template(lang)).language == lang
    example = G.Exercise.load(ROOT / "examples" / {"en": "exam.toml", "fr": "exam_fr.toml"}[lang])
    assert example.language == lang and example.points == 10


QUADRATIC = """title = "t"
function = "x^T A x"
[symbols]
A = {{ kind = "parameter", shape = [2, 2]{assume} }}
x = {{ shape = [2] }}
{numbers}
[[question]]
ask = "formula"
wrt = "x"
"""
SYMMETRIC = ', assume = ["symmetric"]'


@pytest.mark.parametrize(("assume", "status"), [(SYMMETRIC, "correct"), ("", "wrong")])
def test_what_is_right_of_symmetric_matrices_is_right_where_the_file_says_so(assume, status):
    exercise = G.Exercise.loads(QUADRATIC.format(assume=assume, numbers=""))
    assert exercise.grade({"q1": "2 A x"})["q1.x"].status == status


@pytest.mark.parametrize(("assume", "numbers", "said"), [
    (SYMMETRIC, "point = { A = [[1, 2], [3, 4]], x = [1, 2] }", "A is not symmetric"),
    (SYMMETRIC, "point = { x = [1, 2] }\nrandom = { A = [1, 4] }", "A is symmetric as a whole, and numbers are"),
    (', assume = ["distribution"]', "point = { A = [[1, 0], [1, 1]], x = [1, 2] }", "A is not distribution"),
])
def test_numbers_keep_what_is_assumed_of_an_array(assume, numbers, said):
    text = QUADRATIC.format(assume=assume, numbers="").replace('function =', numbers + '\nfunction =')
    with pytest.raises(G.InputError, match=said):
        G.Exercise.loads(text)


def test_symmetric_is_said_of_a_square_matrix():
    text = QUADRATIC.format(assume="", numbers="").replace("shape = [2] }", 'shape = [2], assume = ["symmetric"] }')
    with pytest.raises(G.InputError, match=r"symmetric is said of a square matrix.*x has the shape \[2\]"):
        G.Exercise.loads(text)
