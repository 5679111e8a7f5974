"""The teaching view: names, sums of several terms, long chains."""

import pytest

import graphc as G
from graphc.view import teaching_view


def names(f):
    return [n.name for n in teaching_view(f).nodes if not n.is_leaf]


@pytest.fixture
def exam():
    x1, x2 = G.inputs("x1 x2")
    w1, w3, b = G.params("w1 w3 b")
    return w3 * G.relu(w1 * x1 + w1 * x2 + b)


def test_the_exercise(exam):
    view = teaching_view(exam)
    assert [n.name for n in view.nodes] == ["w3", "w1", "x1", "m1", "x2", "m2", "b", "s", "r", "f"]
    total = next(n for n in view.nodes if n.name == "s")
    assert [view.names[a] for a in total.operands] == ["m1", "m2", "b"]


def test_users_are_wires(exam):
    view = teaching_view(exam)
    w1 = next(n.expr for n in view.nodes if n.name == "w1")
    assert [(n.name, i) for n, i in view.users(w1)] == [("m1", 0), ("m2", 0)]
    x = G.input("x")
    assert [(n.name, i) for n, i in teaching_view(x * x).users(x)] == [("f", 0), ("f", 1)]


def test_the_users_names_come_first():
    x = G.input("s")
    f = ((x * x).named("m") + G.exp(x * x + 1) * (x * 3)).named("loss")
    assert names(f)[0] == "m"
    assert names(f)[-1] == "loss"
    assert len(set(teaching_view(f).names.values())) == len(teaching_view(f).nodes)


def test_a_sum_that_is_used_twice_or_named_stays_apart():
    a, b, c = G.inputs("a b c")
    once, shared = a + b + c, a + b
    assert names(once) == ["f"]
    assert names((shared + c) * shared) == ["s1", "s2", "f"]
    assert names((a + b).named("k") + c) == ["k", "f"]


def test_several_outputs():
    x = G.input("x")
    view = teaching_view([x * x, G.exp(x * x)])
    assert [view.names[o] for o in view.outputs] == ["f1", "f2"]


def test_constants_are_written_as_they_are():
    x = G.input("x")
    assert teaching_view(2 * x + 0.5).nodes[0].name == "2"


def test_one_name_for_two_inputs():
    with pytest.raises(G.InputError, match="the name 'x' is used for two different values"):
        teaching_view(G.sum(G.input("x", 2)) * G.input("x"))


def test_a_long_chain():
    a, h = G.inputs("a h")
    for _ in range(20_000):
        h = h * a + a
    assert len(teaching_view(h).nodes) == 40_002
