"""`parse_graph`: the same nodes as those declared by hand."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as G
from graphc.checking import parse_graph
from graphc.checking.deciding.from_graph import trees
from graphc.checking.reading.tree import show
from graphc.errors import InputError, LimitExceeded, ParseError

PARAMS, INPUTS = "w1 w3 b W_hh beta theta", "x x1 x2 y t"
w1, w3, b, W_hh, beta, theta = G.params(PARAMS)
x, x1, x2, y, t = G.inputs(INPUTS)


def declare() -> None:
    """The names of this module anew, so that no other module has declared them since."""
    globals().update(zip(PARAMS.split(), G.params(PARAMS)), **dict(zip(INPUTS.split(), G.inputs(INPUTS))))


SAME = [
    ("w3*relu(w1*x1 + w1*x2 + b)", lambda: w3 * G.relu(w1 * x1 + w1 * x2 + b)),
    ("w3·ReLU(w1 x1 + w1 x2 + b)", lambda: w3 * G.relu(w1 * x1 + w1 * x2 + b)),
    ("f = w1*x - 2", lambda: w1 * x - 2),
    ("-w1*x - (-2)*x", lambda: -w1 * x - (-2) * x),
    ("x - y - 1", lambda: x - y - 1),
    ("x - (y - 1)", lambda: x - (y - 1)),
    ("x + -y", lambda: x + -y),
    ("0.5*(y - sigmoid(W_hh*t))**2", lambda: 0.5 * (y - G.sigmoid(W_hh * t)) ** 2),
    ("max(0, x)", lambda: G.maximum(0, x)),
    ("max(x, y, t)", lambda: G.maximum(G.maximum(x, y), t)),
    ("where(x > 0, x, y)", lambda: G.where(x > 0, x, y)),
    ("e^x + exp(x)", lambda: G.exp(x) + G.exp(x)),
    ("|x|/sqrt(y)", lambda: G.absolute(x) / G.sqrt(y)),
    ("beta*x + theta", lambda: beta * x + theta),
    ("x^2", lambda: x**2),
]


@pytest.mark.parametrize(("text", "by_hand"), SAME)
def test_the_very_same_node(text: str, by_hand: object) -> None:
    declare()  # a name in a text is what was declared last under it
    expected = by_hand()  # type: ignore[operator]
    assert parse_graph(text) is expected


def test_names_that_nobody_declared_are_declared_by_the_text() -> None:
    f = parse_graph("unheard*w_of")
    assert [a.op.name for a in f.args] == ["input", "param"]
    assert parse_graph("unheard + 1").args[0] is f.args[0]


def test_parameters_and_inputs() -> None:
    f = parse_graph("weight*x + bias + w + W2*alpha + by")
    from graphc.ir import postorder, variables

    kinds = {str(v.label): v.op.name for v in variables(postorder([f]))}
    assert kinds == {"weight": "param", "x": "input", "bias": "param", "w": "param", "W2": "param",
                     "alpha": "input", "by": "input"}


def test_params_and_shapes_override() -> None:
    f = parse_graph("a*x + w", params=["a"], shapes={"x": (3,), "w": 3})
    from graphc.ir import postorder, variables

    assert {str(v.label): (v.op.name, v.shape) for v in variables(postorder([f]))} == {
        "a": ("param", ()), "x": ("input", (3,)), "w": ("input", (3,))}


def test_defines_name_nodes_that_exist() -> None:
    z = w1 * x + b
    assert parse_graph("relu(z)", defines={"z": z}) is G.relu(z)


def test_a_tree_goes_to_a_graph_and_back() -> None:
    text = "w3·ReLU(w1·x1 + w1·x2 + b) - x1/(x2 + 1)^2"
    f = parse_graph(text)
    assert show(trees([f])[f]) == text


@pytest.mark.parametrize(("text", "expected"), [
    ("hypot(3*x, 4*x)", 10.0), ("relu'(x) + 1[x > 5]", 1.0), ("log_sigmoid(x)*0 + x^2", 4.0),
    ("H(x) + tanh'(0*x)", 2.0), ("pi*x/π", 2.0), ("sqrt(8x)", 4.0),
])
def test_values(text: str, expected: float) -> None:
    assert np.isclose(float(_value(parse_graph(text), 2.0)), expected)


def _value(f: G.Expr, at: float) -> float:
    """An evaluator of three lines, independent of graphc's own: NumPy templates of the rows."""
    from graphc.ir import postorder

    values: dict[G.Expr, object] = {}
    for node in postorder([f]):
        if node.op.name == "const":
            values[node] = node.attrs[0].value
        elif node.op.name == "input":
            values[node] = np.float64(at)
        else:
            spelling = node.op.numpy if isinstance(node.op.numpy, str) else node.op.numpy(node)
            names = [f"a{i}" for i in range(len(node.args))]
            helpers: dict[str, object] = {"np": np}
            for source in node.op.helpers(node):
                exec(source, helpers)
            values[node] = eval(spelling.format(*names), helpers | {n: values[a] for n, a in zip(names, node.args)})
    return values[f]  # type: ignore[return-value]


@pytest.mark.parametrize(("text", "error", "reason"), [
    ("w1 + * x", ParseError, "would fit here"),
    ("foo(x)", ParseError, "no function foo"),
    ("x = y = 2", ParseError, "one formula is needed, not a chain"),
    ("x + 1/0", InputError, "divides by zero"),
    ("(0-8)^(1/3)*x", InputError, "is not a real number"),
    ("10^400*x", InputError, "too large for float64"),
    ("9^9^9^9", LimitExceeded, "past the limit"),
    ("x.y", ParseError, "'.' stands inside"),
    ("__import__", ParseError, "would fit here"),
])
def test_refusals(text: str, error: type[Exception], reason: str) -> None:
    with pytest.raises(error, match=reason):
        parse_graph(text)


def test_options() -> None:
    with pytest.raises(InputError, match="no lang 'de'; choose from en, fr"):
        parse_graph("x", lang="de")
    with pytest.raises(InputError, match="parse takes text, got int"):
        parse_graph(3)  # type: ignore[arg-type]


def test_nested_definitions_stay_small() -> None:
    from graphc.ir import postorder

    deep = parse_graph("hypot(" * 30 + "x" + ", x)" * 30)
    assert len(postorder([deep])) < 30 * 6
