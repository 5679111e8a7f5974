"""Descents: each optimiser against PyTorch's figures, the history, and what is refused."""

import pickle

import numpy as np
import pytest

import graphc as G
from graphc.optimisers import OPTIMISERS

# Eight steps from (-0.5, 2) at rate 0.05, in float64, by torch.optim of PyTorch 2.13.0: SGD (with momentum=0.9, and
# nesterov=True), Adagrad, RMSprop(alpha=0.9), Adadelta(rho=0.9), Adam. No torch is needed to compare with them.
PYTORCH = {
    "sgd": (-1.0106206713495764, 2.268563893490597),
    "momentum": (-1.0917299723217413, 2.003695951285272),
    "nesterov": (-1.025953452631589, 2.781965617439514),
    "adagrad": (-0.6909060797203759, 1.8651744320610895),
    "rmsprop": (-0.9669887016149117, 2.203580703204819),
    "adadelta": (-0.5013359961147231, 1.9986658533191364),
    "adam": (-0.8725669478618442, 1.7321255874821837),
}


def valley():
    w1, w2 = G.params("w1 w2")
    return (w1 - 1) ** 2 / 2 + 4 * (w2 + w1 * w2) ** 2 / 2 + w1 * w2


@pytest.mark.parametrize("name", OPTIMISERS)
def test_each_optimiser_goes_where_pytorch_goes(name):
    history = G.descend(valley(), at={"w1": -0.5, "w2": 2}, optimiser=name, rate=0.05, steps=8)
    assert [float(history.final[w]) for w in ("w1", "w2")] == pytest.approx(PYTORCH[name], rel=1e-12)


def test_a_history_by_hand():
    """w ← w − ¼·2(w − 3) halves the distance to 3."""
    w = G.param("w")
    history = G.descend(((w - 3) ** 2).named("L"), at={w: -1}, rate=0.25, steps=3)
    assert history.values["w"].tolist() == [-1, 1, 2, 2.5]
    assert history.losses.tolist() == [16, 4, 1, 0.25]
    assert history.gradients["w"].tolist() == [-8, -4, -2, -1]
    assert history[1].values == {"w": 1}
    assert (history[1].loss, history[-1].loss, history.steps, len(history)) == (4, 0.25, 3, 4)
    assert repr(history) == "<History of L by sgd: 3 steps, 16 to 0.25>"
    assert [step.loss for step in history] == [16, 4, 1, 0.25]
    with pytest.raises(IndexError, match="step 4 of a descent of 3 steps"):
        history[4]


def test_momentum_by_hand():
    """v: 2, then 0.5·2 + 1.6 = 2.6; w: 1, 0.8, 0.54."""
    w = G.param("w")
    history = G.descend(w * w, at={w: 1}, rate=0.1, steps=2, optimiser="momentum", beta=0.5)
    assert history.values["w"] == pytest.approx([1, 0.8, 0.54])


def test_arrays_move_and_data_stay():
    x, y = G.input("x", "N", 2), G.input("y", "N")
    w = G.param("w", 2)
    data = {x: [[1, 0], [0, 1], [1, 1]], y: [1.0, 2.0, 3.0]}
    f = G.mean((x @ w - y) ** 2)
    history = G.descend(f, at={w: [0, 0]}, data=data, rate=0.5, steps=60)
    assert history.values["w"].shape == (61, 2)
    assert history.final["w"] == pytest.approx([1, 2], abs=1e-6)
    assert list(history.numbers()) == ["w[0]", "w[1]"]
    assert history.loss_of({"w[0]": 0, "w[1]": 0}) == history.losses[0] == pytest.approx(14 / 3)
    again = G.descend(f, at={w: [0, 0]}, data=data, rate=0.5, steps=60)
    assert np.array_equal(again.values["w"], history.values["w"])
    assert pickle.loads(pickle.dumps(history)).loss_of({"w[0]": 0, "w[1]": 0}) == history.losses[0]


def test_the_starting_values_are_not_written_to():
    w = G.param("w", 2)
    start = np.ones(2)
    G.descend(G.sum(w * w), at={w: start}, steps=2)
    assert start.tolist() == [1, 1]


def test_only_wrt_moves():
    w, b = G.params("w b")
    history = G.descend((w * b - 1) ** 2, at={"w": 3, "b": 0.5}, wrt="w", steps=2)
    assert list(history.values) == ["w"]


def test_float32_stays_float32():
    w = G.param("w", dtype="float32")
    assert G.descend(w * w, at={w: 1}, optimiser="adam", steps=3).values["w"].dtype == np.float32


def test_a_descent_that_diverges_ends_where_it_is_still_finite():
    w = G.param("w")
    history = G.descend(w**4, at={w: 3}, rate=1, steps=100)
    assert history.diverged
    assert history.steps < 10
    assert np.isfinite(history.losses).all()
    assert np.isfinite(history.values["w"]).all()


@pytest.mark.parametrize(("error", "text", "options"), [
    (G.InputError, "no optimiser 'adm'; choose from sgd, momentum, nesterov, adagrad, rmsprop, adadelta, adam",
     {"optimiser": "adm"}),
    (G.InputError, "adam has no setting 'beta'; it has rate, beta1, beta2, eps", {"optimiser": "adam", "beta": 0.5}),
    (G.InputError, "the beta of momentum is a number from 0 to below 1, got 1.5",
     {"optimiser": "momentum", "beta": 1.5}),
    (G.InputError, "the rate of sgd is a positive number, got -1", {"rate": -1}),
    (G.InputError, "the rate of sgd is a positive number, got fast", {"rate": "fast"}),
    (G.InputError, r"steps is a number of steps from 0, got '2\.5'", {"steps": 2.5}),
    (G.InputError, "no value of w to start from; give it in at=", {"at": {"b": 1}}),
    (G.InputError, r"at: no input 'wb' in this graph \(did you mean 'w'\?\); it has w, b", {"at": {"wb": 1}}),
    (G.InputError, "b has a value in at and one in data; give one", {"data": {"b": 1}}),
    (G.InputError, "data maps names to values, got list", {"data": [1]}),
    (G.LimitExceeded, "40,000,004 numbers; the bound is 20,000,000", {"steps": 10_000_000}),
])  # fmt: skip
def test_what_is_refused(error, text, options):
    w, b = G.params("w b")
    with pytest.raises(error, match=text):
        G.descend((w * b - 1) ** 2, **({"at": {"w": 3, "b": 0.5}} | options))


def test_nothing_to_move():
    w = G.param("w")
    with pytest.raises(G.InputError, match="is no input or parameter of numbers"):
        G.descend(w * w, at={w: 1}, wrt=[w * w])
    with pytest.raises(G.InputError, match="there is no weight to move"):
        G.descend(w * w, at={w: 1}, wrt=[])
