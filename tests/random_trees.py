"""Random small formulas of x and y as trees, for Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from graphc.checking.reading.tree import Tree, add, call, div, mul, neg, num, power, sym

LEAVES = st.sampled_from([sym("x"), sym("y"), num(1), num(2), num(-3)])
FUNCTIONS = ("exp", "sin", "cos", "tanh", "relu", "abs", "sigmoid", "atan")


def grown(children: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    pair = st.tuples(children, children)
    return st.one_of(pair.map(lambda p: add(*p)), pair.map(lambda p: mul(*p)), children.map(neg),
                     children.map(lambda a: power(a, 2)), children.map(lambda a: div(a, add(num(1), power(a, 2)))),
                     st.tuples(st.sampled_from(FUNCTIONS), children).map(lambda p: call(p[0], p[1])))


TREES = st.recursive(LEAVES, grown, max_leaves=6)
