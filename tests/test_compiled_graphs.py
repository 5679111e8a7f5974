"""Random graphs: both styles, with and without simplification, whole and by parts, against the interpreter."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import graphc as G

SMOOTH = [G.tanh, G.sigmoid, G.softplus, G.relu, abs, G.square, lambda v: -v, lambda v: 0.5 * v + 1, lambda v: v.T.T]
PAIRS = [lambda p, q: p + q, lambda p, q: p * q, lambda p, q: p - q, G.maximum, G.minimum,
         lambda p, q: G.where(p > q, p, 2 * q), lambda p, q: p / (1 + G.square(q))]
ROWS = [
    G.softmax,
    lambda v: v - G.mean(v, axis=1, keepdims=True),
    lambda v: G.max(v, axis=0, keepdims=True) + v,
    lambda v: G.concatenate([v[:, 1:], v[:, :1]], axis=1),
    lambda v: G.reshape(G.reshape(v, (-1,)), v.shape),
    lambda v: v[::-1],
]


@st.composite
def losses(draw):
    """A scalar over x[4,3], W[3,3], b[3] and s, built of up to 12 operations, and what to differentiate by."""
    x, W, b, s = G.input("x", 4, 3), G.param("W", 3, 3), G.param("b", 3), G.param("s")
    values = [x, x @ W, x + b, x * s]
    for _ in range(draw(st.integers(1, 12))):
        kind = draw(st.integers(0, 3))
        p, q = draw(st.sampled_from(values)), draw(st.sampled_from(values))
        if kind == 0:
            values.append(draw(st.sampled_from(PAIRS))(p, q))
        elif kind == 1:
            values.append(draw(st.sampled_from(ROWS))(p))
        else:
            values.append(draw(st.sampled_from(SMOOTH))(p))
    return G.mean(values[-1]) + s * draw(st.sampled_from(values)).sum(), [W, b, s]


@settings(max_examples=60, deadline=None)
@given(losses(), st.sampled_from(["fast", "readable"]), st.booleans())
def test_compiled_agrees_with_the_interpreter(drawn, style, simplify):
    f, wrt = drawn
    outputs = [f, *G.gradients(f, wrt)]
    rng = np.random.default_rng(0)
    values = {"x": rng.normal(size=(4, 3)), "W": rng.normal(size=(3, 3)), "b": rng.normal(size=3), "s": 0.7}
    fn = G.compile(outputs, [*wrt, G.input("x", 4, 3)], style=style, simplify=simplify)
    got = fn(values)
    for one, other in zip(got, G.evaluate(outputs, values)):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-10 * (1 + np.max(np.abs(other))))
