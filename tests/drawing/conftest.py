"""The home exercise, with values that are pleasant by hand."""

from types import SimpleNamespace

import pytest
from op_cases import CASES

import graphc as G
from graphc.drawing import place
from graphc.formula import format_node


@pytest.fixture
def exam():
    x1, x2 = G.inputs("x1 x2")
    w1, w3, b = G.params("w1 w3 b")
    f = w3 * G.relu(w1 * x1 + w1 * x2 + b)
    at = {x1: 3, x2: -1, w1: 2, w3: 4, b: -1}
    return SimpleNamespace(f=f, at=at, all=[w1, w3, b, x1, x2], wrt=[w1, w3, b], x1=x1, w1=w1)


@pytest.fixture(scope="session")
def every_formula():
    """The LaTeX of one node of every row of the op table."""
    found = set()
    for cases in CASES.values():
        for case in cases:
            kinds = case.kinds or ("number",) * len(case.shapes[0])
            dtype = {"bool": "bool", "number": "float64"}
            leaves = [G.input(f"x_{i}", *s, dtype=dtype.get(k, "int64")) for i, (s, k) in enumerate(
                zip(case.shapes[0], kinds))]
            found.add(format_node(case.build(*leaves), "latex"))
    return sorted(found)


@pytest.fixture
def structure():
    return describe


def describe(drawing):
    """A figure as plain lines: boxes, wires, labels, and which box stands before which."""
    figure = drawing.figure
    lines = [f"title {figure.title}", f"desc {figure.desc}", f"direction {figure.direction}"]
    lines += [f"box {b.key} | {b.kind} | {b.tex}" + (f" | {_label(b.note)}" if b.note else "") for b in figure.boxes]
    lines += [f"wire {w.tail} -> {w.head} | {_label(w.first)} | {_label(w.second)}" for w in figure.wires]
    lines += [f"legend {e.sample} | {e.text}" for e in figure.legend]
    for n, column in enumerate(_columns(drawing)):
        lines.append(f"rank {n}: {' '.join(column)}")
    return "\n".join(lines) + "\n"


def _label(label):
    return "-" if label is None else f"{label.tone} {label.tex}{' (blank)' if label.blank else ''}"


def _columns(drawing):
    """Boxes by rank, in order across the wires; those that come in from the side with their operation."""
    chart = place(drawing.figure, "own").chart
    for rank in chart.ranks:
        column = []
        for key in rank:
            if chart.items[key].is_box:
                sides = chart.sides.get(key, [])
                column += [s.leaf for s in sides if s.sign < 0] + [key] + [s.leaf for s in sides if s.sign > 0]
        if column:
            yield column
