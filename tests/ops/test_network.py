"""Layers and losses against PyTorch's figures, at kinks and extremes, with named sizes, and what their errors say."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import graphc as G
from graphc.dims import Dim
from graphc.ir import postorder
from graphc.ops import convolution as rows

# PyTorch 2.13.0, float64: (name, ours, shapes of the operands, shape of y, checksums of y and of the gradient of
# sum(y·c) by each operand). Operand i is `fractions(shape, i)`, c is `fractions(shape of y, 9)`.
FIGURES: list[tuple[str, Any, Any, Any, list[float]]] = [
    ("conv2d stride 2, padding 1", lambda x, w, b: G.conv2d(x, w, b, stride=2, padding=1),
     ((2, 3, 5, 6), (4, 3, 3, 3), (4,)), (2, 4, 3, 3),
     [10.252214154408728, 58.559275977162095, 21.433465129144437, 2.888545220323722]),
    ("conv2d same, dilation 2", lambda x, w: G.conv2d(x, w, padding="same", dilation=2),
     ((1, 2, 5, 4), (3, 2, 2, 3)), (1, 3, 5, 4),
     [0.92279755083721, 2.905245776620479, 32.99818953712196]),
    ("conv2d groups 2, pairs", lambda x, w: G.conv2d(x, w, stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2),
     ((2, 4, 5, 6), (6, 2, 3, 2)), (2, 6, 3, 8),
     [-8.892286174984765, 5.142441416909012, 32.85373773856807]),
    ("conv2d depthwise", lambda x, w: G.conv2d(x, w, padding=((1, 1), (1, 1)), groups=3),
     ((2, 3, 4, 4), (3, 1, 3, 3)), (2, 3, 4, 4),
     [0.06097870942385164, 11.241971862983721, -3.540957074411158]),
    ("conv2d unbatched", lambda x, w: G.conv2d(x, w, padding="valid"),
     ((2, 4, 4), (3, 2, 2, 2)), (3, 3, 3),
     [3.8495233210439674, -12.238464485141314, 10.202082538695281]),
    ("conv1d", lambda x, w, b: G.conv1d(x, w, b, stride=2, padding=2, dilation=2),
     ((2, 3, 9), (4, 3, 3), (4,)), (2, 4, 5),
     [-2.943342951347204, -0.72241353262287, -0.2597792162943249, 0.47150637563437625]),
    ("conv_transpose2d", lambda x, w, b: G.conv_transpose2d(x, w, b, stride=2, padding=1, output_padding=1),
     ((2, 3, 4, 3), (3, 2, 3, 3), (2,)), (2, 2, 8, 6),
     [-62.11311887355556, 0.687223068909347, 6.637314945114651, 0.4828400941016573]),
    ("conv_transpose2d groups", lambda x, w: G.conv_transpose2d(
        x, w, stride=(2, 3), padding=(0, 1), output_padding=(1, 2), groups=2, dilation=(2, 1)),
     ((1, 4, 3, 3), (4, 3, 2, 3)), (1, 6, 8, 9),
     [1.8263242972079845, 16.75065832842607, -29.76989133462156]),
    ("conv_transpose1d", lambda x, w: G.conv_transpose1d(x, w, stride=3, padding=1),
     ((2, 2, 4), (2, 3, 4)), (2, 3, 11),
     [-3.847946919446406, -4.617337863261233, 1.3980848058791089]),
    ("max_pool2d", lambda x: G.max_pool2d(x, 3, stride=2, padding=1),
     ((2, 2, 5, 6),), (2, 2, 3, 3),
     [-1.949371722872478, 9.32484355135854]),
    ("max_pool2d dilation", lambda x: G.max_pool2d(x, (2, 3), stride=1, dilation=(2, 1)),
     ((1, 2, 5, 5),), (1, 2, 3, 3),
     [0.9989381809300788, -1.64855167147539]),
    ("max_pool1d", lambda x: G.max_pool1d(x, 2),
     ((2, 2, 7),), (2, 2, 3),
     [-1.4000792442832681, -0.516595972130333]),
    ("avg_pool2d", lambda x: G.avg_pool2d(x, (2, 3), stride=(2, 1), padding=(1, 1)),
     ((2, 2, 5, 6),), (2, 2, 3, 6),
     [-0.8060887736536787, 0.30334035504346457]),
    ("avg_pool2d no pad", lambda x: G.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False),
     ((2, 2, 5, 6),), (2, 2, 3, 3),
     [-1.0520110972104775, 8.440520572080473]),
    ("avg_pool1d", lambda x: G.avg_pool1d(x, 3),
     ((2, 2, 8),), (2, 2, 2),
     [-0.3764071147883677, 2.8185243633658335]),
    ("adaptive_avg_pool2d", lambda x: G.adaptive_avg_pool2d(x, (2, 1)),
     ((2, 2, 4, 6),), (2, 2, 2, 1),
     [-0.06724954415427792, -0.012229441100160998]),
    ("layer_norm", lambda x, w, b: G.layer_norm(x, (3, 4), w, b),
     ((2, 3, 4), (3, 4), (3, 4)), (2, 3, 4),
     [4.823966433331055, -0.503910636529435, -3.869206620840711, 1.858846029151651]),
    ("rms_norm", lambda x, w: G.rms_norm(x, 4, w, eps=1e-6),
     ((2, 3, 4), (4,)), (2, 3, 4),
     [1.6893267702998773, -0.42113374784319424, 1.632898303098881]),
    ("batch_norm", G.batch_norm,
     ((4, 3, 2, 2), (3,), (3,)), (4, 3, 2, 2),
     [3.141394815039372, 0.280891519865726, -11.566735672327978, 3.726889992780061]),
    ("batch_norm 2-D", G.batch_norm,
     ((5, 3), (3,), (3,)), (5, 3),
     [2.082600809388382, 4.02580374087691, -3.348883821019615, 3.409352204546544]),
    ("batch_norm eval", lambda x: G.batch_norm(
        x, running_mean=[0.5, -1.0, 2.0], running_var=[0.25, 1.0, 3.0], training=False),
     ((4, 3, 2),), (4, 3, 2),
     [-12.390694695699572, 3.914270806779468]),
    ("group_norm", lambda x, w, b: G.group_norm(x, 2, w, b),
     ((2, 4, 3, 2), (4,), (4,)), (2, 4, 3, 2),
     [-3.2104974105774495, -0.38393185246335626, 1.429562145164166, -2.022920099043829]),
    ("instance_norm", G.instance_norm,
     ((2, 3, 4, 2), (3,), (3,)), (2, 3, 4, 2),
     [2.922114202850635, 5.29997273533916, -3.352973184046675, 0.4580572218986421]),
    ("attention", G.scaled_dot_product_attention,
     ((2, 3, 4), (2, 5, 4), (2, 5, 3)), (2, 3, 3),
     [1.4419993873513535, 0.11670244725586901, -0.015471673637298317, 0.957285564893215]),
    ("attention causal", lambda q, k, v: G.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.3),
     ((1, 2, 4, 3), (1, 2, 4, 3), (1, 2, 4, 2)), (1, 2, 4, 2),
     [1.4484602423676893, -0.015674912692552445, 0.1478377270087302, 1.3976621807721226]),
    ("attention bool mask", lambda q, k, v: G.scaled_dot_product_attention(
        q, k, v, [[True, False, True], [False, False, False]]),
     ((2, 2, 4), (2, 3, 4), (2, 3, 3)), (2, 2, 3),
     [0.6940112142993092, 0.07858584050362738, 0.08301962480356578, 1.3249609642594555]),
    ("attention added mask", G.scaled_dot_product_attention,
     ((2, 2, 4), (2, 3, 4), (2, 3, 3), (2, 3)), (2, 2, 3),
     [-0.4253374790644458, -0.056547188312796065, 0.014712561359319712, 2.203995979354988, -0.0015670254091671096]),
    ("cross_entropy", lambda z: G.cross_entropy(z, [0, 3, 1]),
     ((3, 4),), (),
     [1.5599931226376953, -0.5968598066484452]),
    ("cross_entropy smoothed", lambda z: G.cross_entropy(z, [0, 3, 1], label_smoothing=0.1, reduction="sum"),
     ((3, 4),), (),
     [4.708104367913086, -1.6605006380661922]),
    ("cross_entropy images", lambda z: G.cross_entropy(z, [[0, 2, 1], [2, 2, 0]], reduction="none", axis=1),
     ((2, 3, 3),), (2, 3),
     [-0.8607095855483229, -0.7234956195315076]),
    ("cross_entropy probabilities", lambda z, a: G.cross_entropy(z, G.softmax(a)),
     ((3, 4), (3, 4)), (),
     [1.5370664054024357, -0.3362313063000603, -0.029817887261596284]),
    ("nll_loss", lambda z: G.nll_loss(G.log_softmax(z), [0, 3, 1]),
     ((3, 4),), (),
     [1.5599931226376953, -0.5968598066484452]),
    ("binary_cross_entropy", lambda z, t: G.binary_cross_entropy(G.sigmoid(z), G.sigmoid(t)),
     ((3, 4), (3, 4)), (),
     [0.7563179195078532, -0.09017600971521425, 0.04996282497922678]),
    ("binary_cross_entropy_with_logits", lambda z, t: G.binary_cross_entropy_with_logits(z, G.sigmoid(t)),
     ((3, 4), (3, 4)), (),
     [0.7563179195078532, -0.09017600971521425, 0.04996282497922678]),
    ("mse_loss", G.mse_loss,
     ((3, 4), (3, 4)), (),
     [1.1692708333333333, -0.815325242806037, 0.815325242806037]),
    ("l1_loss", lambda a, b: G.l1_loss(a, b, reduction="sum"),
     ((3, 4), (3, 4)), (),
     [10.75, -3.0821067040442025, 3.0821067040442025]),
    ("huber_loss", lambda a, b: G.huber_loss(a, b, delta=0.7),
     ((3, 4), (3, 4)), (),
     [0.38442708333333336, -0.171932678400284, 0.171932678400284]),
    ("smooth_l1_loss", lambda a, b: G.smooth_l1_loss(a, b, beta=0.6, reduction="none"),
     ((3, 4), (3, 4)), (3, 4),
     [-2.291057450703759, -2.348895267848383, 2.348895267848383]),
    ("kl_div", lambda a, b: G.kl_div(G.log_softmax(a), G.softmax(b), reduction="batchmean"),
     ((3, 4), (3, 4)), (),
     [0.36958368433302136, -0.3362313063000603, 0.12231870339827293]),
    ("kl_div log", lambda a, b: G.kl_div(G.log_softmax(a), G.log_softmax(b), log_target=True),
     ((3, 4), (3, 4)), (),
     [0.09239592108325533, -0.0840578265750151, 0.030579675849568246]),
    ("cosine_similarity", G.cosine_similarity,
     ((3, 4), (3, 4)), (3,),
     [0.14957969506330565, 0.562784686883714, 0.32148398421351554]),
]  # fmt: skip


def fractions(shape: Any, seed: int) -> Any:
    return (((np.arange(int(np.prod(shape))) * 7 + seed * 5) % 23 - 11) / 8.0).reshape(shape)


def checksum(a: Any) -> float:
    return float(np.sum(np.ravel(a) * np.cos(np.arange(np.size(a)))))


@pytest.mark.parametrize(("build", "shapes", "shape", "figures"), [f[1:] for f in FIGURES], ids=[f[0] for f in FIGURES])
def test_pytorchs_figures(build, shapes, shape, figures, run):
    values = {f"x{i}": fractions(s, i) for i, s in enumerate(shapes, 1)}
    xs = [G.input(name, *v.shape) for name, v in values.items()]
    y = build(*xs)
    assert y.shape == shape
    found = [y, *G.vjp(y, xs, fractions(shape, 9))]
    np.testing.assert_allclose([checksum(a) for a in run(found, **values)], figures, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose([checksum(a) for a in G.compile(found)(**values)], figures, rtol=1e-11, atol=1e-12)


# Lists of running statistics are float64, as NumPy's are.
NARROW = [pytest.param(build, shapes, id=name) for name, build, shapes, *_ in FIGURES if name != "batch_norm eval"]


@pytest.mark.parametrize(("build", "shapes"), NARROW)
def test_float32_stays_float32(build, shapes, run):
    values = {f"x{i}": fractions(s, i).astype("float32") for i, s in enumerate(shapes, 1)}
    xs = [G.input(name, *v.shape, dtype="float32") for name, v in values.items()]
    y = build(*xs)
    for part in [y, *G.vjp(y, xs, np.ones(y.shape, "float32"))]:
        assert run(part, **values).dtype == np.float32


# -- convolution ------------------------------------------------------------------------------------------


def test_named_sizes():
    """One graph serves any batch, any image."""
    x, w = G.input("x", "N", 2, "H", "W"), G.input("w", 3, 2, 3, 3)
    y = G.max_pool2d(G.relu(G.conv2d(x, w, stride=2, padding=1)), 2)
    assert str(y.type) == "float64[N,3,((H - 1)//2 - 1)//2 + 1,((W - 1)//2 - 1)//2 + 1]"
    loss = G.mean(y * y)
    fn = G.value_and_grad(loss, [x, w])
    for shape in ((2, 2, 7, 8), (1, 2, 10, 9)):
        a, b = fractions(shape, 1), fractions((3, 2, 3, 3), 2)
        image = G.input("x", *shape)
        still = G.max_pool2d(G.relu(G.conv2d(image, w, stride=2, padding=1)), 2)
        expected = G.value_and_grad(G.mean(still * still), [image, w])(x=a, w=b)
        found = fn(a, b)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-15)
        for f, e in zip(found[1], expected[1]):
            np.testing.assert_allclose(f, e, rtol=1e-12, atol=1e-15)


def test_same_padding():
    w = G.input("w", 1, 1, 3, 4)
    assert G.conv2d(G.input("x", "N", 1, "H", "W"), w, padding="same").shape[2:] == (Dim.named("H"), Dim.named("W"))
    assert G.conv2d(G.input("x", 1, 1, 5, 6), w, stride=2, padding="same").shape == (1, 1, 3, 3)
    assert G.conv2d(G.input("x", 1, 1, 2, 1), w, stride=3, padding="same").shape == (1, 1, 1, 1)


def test_a_transposed_convolution_is_the_adjoint(run):
    """<g, conv(x)> = <conv_transpose(g), x>, of a named image too."""
    x, w = fractions((2, 3, 5, 6), 1), fractions((4, 3, 2, 3), 2)
    image, kernel = G.input("x", "N", 3, "H", "W"), G.input("w", 4, 3, 2, 3)
    y = G.conv2d(image, kernel, stride=1, padding=1)
    back = G.conv_transpose2d(G.input("g", *y.shape), kernel, padding=1)
    assert back.type is image.type
    g = fractions((2, 4, 6, 6), 3)
    left = np.sum(g * run(y, x=x, w=w))
    right = np.sum(run(back, g=g, w=w, N=2, H=5, W=6) * x)
    assert np.isclose(left, right, rtol=1e-13)


def test_derivatives_of_a_strided_transposed_convolution_of_a_named_size(run, differences):
    x, w = G.input("x", "N", 2, "H"), G.input("w", 2, 1, 3)
    y = G.sum(G.conv_transpose1d(x, w, stride=2, padding=1, output_padding=1) ** 3)
    slope = G.gradients(y, x)
    values = {"x": fractions((2, 2, 4), 1), "w": fractions((2, 1, 3), 2)}
    expected = differences(lambda a: float(run(y, x=a, w=values["w"])), values["x"])
    np.testing.assert_allclose(run(slope, **values), expected, rtol=1e-7)


def test_third_derivatives_are_the_same_three_rows():
    x, w = G.input("x", 1, 1, 4), G.input("w", 1, 1, 2)
    f = G.sum(G.conv1d(x, w) ** 3)
    second = G.sum(G.gradients(G.sum(G.gradients(f, w) ** 2), x) ** 2)
    d = G.gradients(second, w)
    names = {n.op.name for n in postorder([d])}
    assert {n for n in names if n.startswith("conv")} == {"conv", "conv_transpose", "conv_weight"}
    at = {x: fractions((1, 1, 4), 1), w: fractions((1, 1, 2), 4)}
    h = 1e-5
    up, down = (G.evaluate(second, {x: at[x], w: at[w] + s}) for s in (h, -h))
    np.testing.assert_allclose(np.sum(G.evaluate(d, at)), (up - down) / (2 * h), rtol=1e-6)


def test_multiply_adds_as_courses_count():
    x = G.input("x", "N", 3, 32, 32)
    y = G.conv2d(x, G.input("w", 64, 3, 5, 5), stride=1, padding=2)
    n = Dim.named("N")
    assert rows.multiply_adds(y) == n * 32 * 32 * 64 * 5 * 5 * 3
    z = G.conv2d(x, G.input("w", 6, 1, 3, 3), groups=3)
    assert rows.multiply_adds(z) == n * 30 * 30 * 6 * 3 * 3
    back = G.gradients(G.sum(y), [x, "w"])
    counted = [rows.multiply_adds(m) for m in postorder(back) if m.op.name in ("conv_transpose", "conv_weight")]
    assert counted == [rows.multiply_adds(y)] * 2
    with pytest.raises(TypeError, match="input is no convolution"):
        rows.multiply_adds(x)


def test_what_is_emitted_runs_without_us():
    x, w = G.input("x", "N", 1, 8, 8), G.input("w", 2, 1, 3, 3)
    source = G.compile(G.conv2d(x, w, padding=1)).source
    assert "conv(x, w, stride=(1, 1), padding=((1, 1), (1, 1)), dilation=(1, 1), groups=1)" in source
    assert "as_strided" in source
    assert "graphc" not in source


# -- pooling ----------------------------------------------------------------------------------------------


def test_ties_in_a_max_pool_share_equally():
    x = G.input("x", 1, 1, 2, 4)
    slope = G.gradients(G.sum(G.max_pool2d(x, 2) * G.const([[[[6.0, 12.0]]]])), x)
    found = G.evaluate(slope, {x: [[[[1.0, 1, 5, 5], [1, 0, 5, 5]]]]})
    np.testing.assert_array_equal(found, [[[[2, 2, 3, 3], [2, 0, 3, 3]]]])


def test_padding_of_a_max_pool_never_counts():
    x = G.input("x", 1, 1, 2)
    value = np.array([[[-3.0, -np.inf]]])
    y = G.max_pool1d(x, 2, stride=2, padding=1)
    np.testing.assert_array_equal(G.evaluate(y, {x: value}), [[[-3, -np.inf]]])
    for at in (value, np.zeros((1, 1, 2))):
        np.testing.assert_array_equal(G.evaluate(G.gradients(G.sum(y), x), {x: at}), [[[1, 1]]])


def test_a_max_pool_lets_nan_through_and_takes_integers():
    x = G.input("x", 1, 4)
    np.testing.assert_array_equal(G.evaluate(G.max_pool1d(x, 2), {x: [[1, np.nan, 2, 3]]}), [[np.nan, 3]])
    n = G.input("n", 1, 4, dtype="int32")
    found = G.evaluate(G.max_pool1d(n, 3, stride=2, padding=1), {n: np.array([[-5, -7, -9, -8]], "int32")})
    np.testing.assert_array_equal(found, [[-5, -7]])
    assert found.dtype == np.int32


def test_global_and_adaptive_pools():
    x = G.input("x", "N", 3, "H", "W")
    value = fractions((2, 3, 4, 6), 1)
    for y, expected in [
        (G.global_avg_pool2d(x), value.mean((2, 3))),
        (G.global_max_pool2d(x, keepdims=True), value.max((2, 3), keepdims=True)),
        (G.adaptive_avg_pool2d(x, 1), value.mean((2, 3), keepdims=True)),
        (G.adaptive_max_pool1d(G.input("x", 2, 3, 4, 6), 2), value.reshape(2, 3, 4, 2, 3).max(-1)),
    ]:  # fmt: skip
        np.testing.assert_allclose(G.evaluate(y, {"x": value}), expected, rtol=1e-15, atol=1e-16)


# -- normalisation and attention --------------------------------------------------------------------------


def test_normalising_a_constant_gives_0_and_a_finite_gradient():
    x = G.input("x", 2, 4)
    for norm in (G.layer_norm(x), G.rms_norm(x, eps=1e-6), G.batch_norm(x)):
        slope = G.gradients(G.sum(norm * fractions((2, 4), 3)), x)
        value, gradient = G.evaluate([norm, slope], {x: np.zeros((2, 4))})
        np.testing.assert_array_equal(value, 0)
        assert np.isfinite(gradient).all()


def test_layer_norm_of_a_large_offset_keeps_its_digits():
    value = 1e8 + np.array([[1.0, 2.0, 4.0]])
    with mpmath.workdps(40):
        mean = mpmath.mpf(7) / 3
        scale = mpmath.sqrt(sum((v - mean) ** 2 for v in (1, 2, 4)) / 3 + mpmath.mpf(1e-5))
        exact = [float((v - mean) / scale) for v in (1, 2, 4)]
    x = G.input("x", 1, 3)
    np.testing.assert_allclose(G.evaluate(G.layer_norm(x), {x: value})[0], exact, rtol=1e-7)
    np.testing.assert_allclose(G.evaluate(G.layer_norm(x), {x: value - 1e8})[0], exact, rtol=1e-15)


def test_layer_norm_over_other_axes():
    x = G.input("x", 2, 3, 4)
    value = fractions((2, 3, 4), 1)
    found = G.evaluate(G.layer_norm(x, axis=(0, 2), eps=0.0), {x: value})
    np.testing.assert_allclose(found, (value - value.mean((0, 2), keepdims=True)) / value.std((0, 2), keepdims=True))


def test_a_query_that_sees_no_key_gives_0():
    q, k, v = (G.input(n, 2, 3) for n in "qkv")
    y = G.scaled_dot_product_attention(q, k, v, mask=G.input("m", 2, 2, dtype="bool"))
    values = {n: 1e3 * fractions((2, 3), i) for i, n in enumerate("qkv")}
    values["m"] = np.array([[True, True], [False, False]])
    found, *slopes = G.evaluate([y, *G.gradients(G.sum(y * y), [q, k, v])], values)
    np.testing.assert_array_equal(found[1], 0)
    assert all(np.isfinite(s).all() for s in slopes)


def test_attention_of_named_sizes_and_in_heads():
    q, k, v = (G.input(n, "N", length, 6) for n, length in zip("qkv", "LSS"))
    values = {n: fractions((2, size, 6), i) for i, (n, size) in enumerate(zip("qkv", (3, 4, 4)))}
    y = G.multi_head_attention(q, k, v, 2, is_causal=True)
    assert str(y.type) == "float64[N,L,6]"
    heads = []
    for h in range(2):
        a, b, c = (values[n][..., 3 * h : 3 * h + 3] for n in "qkv")
        scores = np.where(np.tri(3, 4, dtype=bool), a @ b.mT / np.sqrt(3), -np.inf)
        p = np.exp(scores - scores.max(-1, keepdims=True))
        heads.append(p / p.sum(-1, keepdims=True) @ c)
    np.testing.assert_allclose(G.evaluate(y, values), np.concatenate(heads, -1), rtol=1e-13)


def test_dropout():
    x = G.input("x", 4)
    value, keep = np.array([1.0, np.inf, 3.0, 4.0]), np.array([True, False, True, False])
    y = G.dropout(x, G.input("m", 4, dtype="bool"), 0.75)
    np.testing.assert_array_equal(G.evaluate(y, {x: value, "m": keep}), [4, 0, 12, 0])
    np.testing.assert_array_equal(G.evaluate(G.gradients(G.sum(y), x), {x: value, "m": keep}), [4, 0, 4, 0])
    numbers = G.dropout(x, G.input("m", 4), 0.5)
    np.testing.assert_array_equal(G.evaluate(numbers, {x: np.ones(4), "m": keep * 1.0}), [2, 0, 2, 0])


def test_named_widths_and_classes():
    q, k, v = (G.input(n, "L", "E", dtype="float32") for n in "qkv")
    y = G.scaled_dot_product_attention(q, k, v)
    values = {n: fractions((3, 4), i).astype("float32") for i, n in enumerate("qkv")}
    fixed = G.scaled_dot_product_attention(*(G.input(n, 3, 4, dtype="float32") for n in "qkv"))
    np.testing.assert_allclose(G.evaluate(y, values), G.evaluate(fixed, values), rtol=1e-6)
    assert y.type.dtype == "float32"
    z = G.input("z", "N", "C", dtype="float32")
    loss = G.cross_entropy(z, G.input("t", "N", dtype="int64"), label_smoothing=0.1, reduction="sum")
    found = G.compile(loss)(fractions((3, 4), 1).astype("float32"), np.array([0, 3, 1]))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, 4.708104367913086, rtol=1e-6)


# -- losses -----------------------------------------------------------------------------------------------


def test_the_gradient_of_cross_entropy_is_the_textbooks():
    z, labels = G.input("z", "N", 10), G.input("y", "N", dtype="int64")
    assert str(G.simplify(G.gradients(G.cross_entropy(z, labels), z))) == "(softmax(z) - one_hot(y, 10))/N"
    p = G.input("p", "N", 10)
    assert str(G.simplify(G.gradients(G.cross_entropy(z, p), z))) == "(softmax(z) - p)/N"
    assert str(G.simplify(G.gradients(G.cross_entropy(z, p, reduction="sum"), z))) == "softmax(z) - p"
    t = G.input("t", "N")
    s = G.input("s", "N")
    loss = G.binary_cross_entropy_with_logits(s, t)
    assert str(G.simplify(G.gradients(loss, s))) == "(sigmoid(s) - t)/N"


def exact_cross_entropy(z: Any, label: int) -> float:
    with mpmath.workdps(40):
        return float(mpmath.log(sum(mpmath.exp(mpmath.mpf(float(v))) for v in z)) - mpmath.mpf(float(z[label])))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("row", [[-1000.0, 0, 1000], [1000, 1000.5, 999], [1e-8, 0, -1e-8], [745, -745, 0], [8, 7, 9]])
def test_cross_entropy_at_extremes(row, dtype):
    z = G.input("z", 1, 3, dtype=dtype)
    value = np.array([row], dtype)
    for label in range(3):
        loss = G.cross_entropy(z, [label])
        found, slope = G.evaluate([loss, G.gradients(loss, z)], {z: value})
        close = 1e-15 if dtype == "float64" else 3e-7
        np.testing.assert_allclose(found, exact_cross_entropy(value[0], label), rtol=close)
        assert found.dtype == slope.dtype == dtype
        assert np.isfinite(slope).all()


def test_a_class_ruled_out_by_an_infinite_logit():
    z = G.input("z", 2, 3)
    loss = G.cross_entropy(z, [0, 2])
    found, slope = G.evaluate([loss, G.gradients(loss, z)], {z: [[1.0, -np.inf, 1.0], [0.0, -np.inf, 0.0]]})
    np.testing.assert_allclose(found, np.log(2), rtol=1e-15)
    np.testing.assert_allclose(slope, [[-0.25, 0, 0.25], [0.25, 0, -0.25]], rtol=1e-15)
    log_p = G.input("l", 1, 2)
    nll = G.nll_loss(log_p, [0])
    found, slope = G.evaluate([nll, G.gradients(nll, log_p)], {log_p: [[-0.5, -np.inf]]})
    np.testing.assert_array_equal(slope, [[-1, 0]])
    assert found == 0.5


def test_labels_one_hot_and_probabilities_agree():
    z, value = G.input("z", 3, 4), fractions((3, 4), 1)
    labels = [0, 3, 1]
    for kind in (labels, np.eye(4)[labels], np.eye(4, dtype="int64")[labels]):
        np.testing.assert_allclose(G.evaluate(G.cross_entropy(z, kind), {z: value}), 1.5599931226376953, rtol=1e-14)


def test_binary_cross_entropy_of_certain_labels_is_finite():
    p, y = G.input("p", 2), G.input("y", 2)
    loss = G.binary_cross_entropy(p, y)
    found, slope = G.evaluate([loss, G.gradients(loss, p)], {p: [0.0, 1.0], y: [0.0, 1.0]})
    assert found == 0
    np.testing.assert_array_equal(slope, [0.5, -0.5])


def test_losses_at_their_kinks():
    x = G.input("x", 3)
    for loss, at, expected in [
        (G.l1_loss(x, 0.0, "sum"), [-1.0, 0, 2], [-1, 0, 1]),
        (G.hinge_loss(x, [1.0, 1, -1], "sum"), [1.0, 0, 0], [0, -1, 1]),
        (G.huber_loss(x, 0.0, 1.5, "sum"), [-1.5, 1, 9], [-1.5, 1, 1.5]),
        (G.smooth_l1_loss(x, 0.0, 2.0, "sum"), [-2.0, 1, 9], [-1, 0.5, 1]),
        (G.kl_div(G.const([0.0, 0, 0]), x, "sum"), [0.0, 1, 1], [0, 1, 1]),
        (G.sum(G.cosine_similarity(x, [1.0, 2, 3])), [0.0, 0, 0], [1e8 / 14**0.5 * i for i in (1, 2, 3)]),
    ]:  # fmt: skip
        np.testing.assert_allclose(G.evaluate(G.gradients(loss, x), {x: at}), expected, rtol=1e-14)


# -- errors -----------------------------------------------------------------------------------------------

X, W = G.input("x", "N", 3, 8, 8), G.input("w", 4, 3, 3, 3)
V, Z = G.input("v", 2, 6), G.input("z", "N", 5)


@pytest.mark.parametrize(("build", "error", "text"), [
    (lambda: G.conv2d(X, G.input("k", 4, 2, 3, 3)), G.ShapeError, "the input has channels 3, where 2 are needed"),
    (lambda: G.conv2d(X, G.input("k", 4, 3, 3)), G.ShapeError, r"the weights need 4 axes, got float64\[4,3,3\]"),
    (lambda: G.conv2d(V, W), G.ShapeError, r"needs 4 axes \(or 3, without a batch\), got float64\[2,6\]"),
    (lambda: G.conv2d(X, G.input("k", 4, 3, 9, 9)), G.ShapeError, "a window of 9 does not fit an axis of 8"),
    (lambda: G.conv2d(X, G.input("k", 4, 3, 6, 6), padding=1, dilation=2), G.ShapeError,
     "a window of 11 does not fit an axis of 10 with its padding"),
    (lambda: G.conv2d(X, W, stride=0), G.ShapeError, "stride is 1 or more, got 0"),
    (lambda: G.conv2d(X, W, stride=(1, 1, 1)), G.ShapeError, r"stride is a number or 2 of them, got \(1, 1, 1\)"),
    (lambda: G.conv2d(X, W, padding="full"), G.InputError, "no padding 'full'; choose from valid, same"),
    (lambda: G.conv2d(X, W, padding=(1, 2, 3)), G.ShapeError, "one or a pair for each of 2 axes"),
    (lambda: G.conv2d(G.input("i", 1, 3, "H", "H"), W, stride=2, padding="same"), G.ShapeError, "needs known sizes"),
    (lambda: G.conv2d(X, G.input("k", 4, 1, 3, 3), groups=3), G.ShapeError, "4 output channels do not divide into 3"),
    (lambda: G.conv2d(X, W, G.input("b", 3)), G.ShapeError, r"the bias must have shape \(4,\), got float64\[3\]"),
    (lambda: G.conv2d(X > 0, W > 0), G.DTypeError, "needs numbers, got bool"),
    (lambda: G.conv_transpose2d(X, W), G.ShapeError, "the value has channels 3, where 4 are needed"),
    (lambda: G.conv_transpose1d(G.input("i", 1, 4, 2), G.input("k", 4, 1, 3), output_padding=1), G.ShapeError,
     "output_padding 1 must be less than the stride 1"),
    (lambda: G.conv_transpose1d(G.input("i", 1, 4, 2), G.input("k", 4, 1, 3), padding=2), G.ShapeError, "would have 0"),
    (lambda: G.max_pool2d(X, 2, padding=2), G.ShapeError, "padding 2 is more than half of a window of 2"),
    (lambda: G.max_pool2d(V, 3), G.ShapeError, "a window of 3 does not fit an axis of 2"),
    (lambda: G.adaptive_avg_pool2d(X, 3), G.ShapeError, "an axis of 8 is not known to divide into 3 windows"),
    (lambda: G.layer_norm(V, 5), G.ShapeError, r"float64\[2,6\] does not end in the shape \(5\)"),
    (lambda: G.layer_norm(V, 6, axis=1), G.InputError, "give normalized_shape or axis, not both"),
    (lambda: G.batch_norm(X, G.input("gamma", 8)), G.ShapeError, r"shape \(3,\), got float64\[8\]"),
    (lambda: G.batch_norm(X, training=False), G.InputError, "running_mean and running_var are needed"),
    (lambda: G.group_norm(X, 2), G.ShapeError, "3 channels do not divide into 2 groups"),
    (lambda: G.instance_norm(V), G.ShapeError, "needs spatial axes after the channels"),
    (lambda: G.layer_norm(G.input("i", 3, dtype="int64")), G.DTypeError, "needs float64 or float32, got int64"),
    (lambda: G.dropout(V, V, 1.0), G.InputError, r"a rate from 0 to 1 \(excluded\), got '1.0'"),
    (lambda: G.multi_head_attention(V, V, V, 4), G.ShapeError, r"of float64\[2,6\] does not divide into 4 heads"),
    (lambda: G.cross_entropy(Z, G.input("y", "M", dtype="int64")), G.ShapeError,
     r"shape \[N\] of labels or \[N,5\] of distributions for logits float64\[N,5\], got int64\[M\]"),
    (lambda: G.cross_entropy(Z, G.input("y", "N")), G.DTypeError, "labels are integers, got float64"),
    (lambda: G.cross_entropy(Z, Z, reduction="avg"), G.InputError, "no reduction 'avg'; choose from mean, sum, none"),
    (lambda: G.cross_entropy(Z, Z, label_smoothing=2), G.InputError, "a share from 0 to 1, got 2"),
    (lambda: G.mse_loss(G.input("p", "N", 1), G.input("y", "N")), G.ShapeError, "need one shape"),
    (lambda: G.huber_loss(V, V, delta=0), G.InputError, "delta is positive, got 0"),
    (G.l2_penalty, G.InputError, "needs at least one parameter"),
    (lambda: G.flatten(X, 2, 1), G.ShapeError, "start_dim 2 comes after end_dim 1"),
])  # fmt: skip
def test_errors_say_what_is_needed(build, error, text):
    with pytest.raises(error, match=text):
        build()


# -- convolutions large enough to be taken in blocks -----------------------------------------------------------------

GEOMETRIES = {
    "plain": ((6, 3, 5, 5), 1, 0, 1, 1),
    "one place": ((8, 3, 1, 1), 1, 0, 1, 1),
    "one place, strided": ((8, 3, 1, 1), 2, 0, 1, 1),
    "padded and strided": ((4, 3, 3, 4), 2, (1, 2), 1, 1),
    "dilated": ((4, 3, 3, 3), 1, 2, 2, 1),
    "depthwise": ((6, 1, 5, 5), 1, 2, 1, 3),
}


def correlation(x: Any, w: Any, stride: int, padding: Any, dilation: int, groups: int) -> Any:
    """Place by place in the kernel, one channel of the output at a time."""
    rows, columns = (padding, padding) if isinstance(padding, int) else padding
    x = np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)))
    n, sizes, (count, inner, *kernel) = len(x), x.shape[2:], w.shape
    out = [(m - (k - 1) * dilation - 1) // stride + 1 for m, k in zip(sizes, kernel)]
    y = np.zeros((n, count, *out))
    for o in range(count):
        first = o // (count // groups) * inner
        for c, i, j in np.ndindex(inner, *kernel):
            part = x[:, first + c, i * dilation :: stride, j * dilation :: stride][:, : out[0], : out[1]]
            y[:, o] += w[o, c, i, j] * part
    return y


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_blocks_of_windows_make_one_convolution(name: str, dtype: str) -> None:
    shape, stride, padding, dilation, groups = GEOMETRIES[name]
    x, w = G.param("x", "N", 3, 21, 19, dtype=dtype), G.param("w", *shape, dtype=dtype)
    y = G.conv2d(x, w, stride=stride, padding=padding, dilation=dilation, groups=groups)
    g = G.input("g", "N", *y.shape[1:], dtype=dtype)
    fn = G.compile([y, *G.gradients(G.sum(g * y), [x, w])], [x, w, g])
    rng = np.random.default_rng(0)
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    how = (stride, padding, dilation, groups)
    for n in (16, 1, 0):
        # The batch may come last in memory, as what a convolution gives does.
        xs = np.moveaxis(rng.standard_normal((3, 21, 19, n)), -1, 0).astype(dtype)
        ws, gs = rng.standard_normal(shape).astype(dtype), rng.standard_normal((n, *y.shape[1:])).astype(dtype)
        before = [xs.copy(), ws.copy(), gs.copy()]
        value, dx, dw = fn(xs, ws, gs)
        np.testing.assert_allclose(value, correlation(xs, ws, *how), atol=tolerance * 10)
        # Both adjoints, by what they are: <g, conv(x', w)> = <dx, x'> and <g, conv(x, w')> = <dw, w'>.
        x1, w1 = rng.standard_normal(xs.shape), rng.standard_normal(shape)
        scale = 1000 * tolerance
        np.testing.assert_allclose((dx * x1).sum(), (gs * correlation(x1, ws, *how)).sum(), rtol=scale, atol=scale)
        np.testing.assert_allclose((dw * w1).sum(), (gs * correlation(xs, w1, *how)).sum(), rtol=scale, atol=scale)
        assert value.dtype == dx.dtype == dw.dtype == dtype
        for given, copy in zip((xs, ws, gs), before):
            np.testing.assert_array_equal(given, copy)
            assert not any(np.shares_memory(given, result) for result in (value, dx, dw))


def test_a_pool_shares_an_infinite_cotangent_without_a_warning() -> None:
    x, g = G.param("x", 1, 1, 4, 6), G.input("g", 1, 1, 2, 3)
    dx = G.gradients(G.sum(g * G.max_pool2d(x, 2)), x)
    xs = np.array([[1.0, 2, 5, 5, 0, 0], [0, 2, 5, 1, 0, 0], [3, 1, 7, 8, -1, -2], [3, 3, 9, 6, -3, -1]])
    gs = np.array([[np.inf, 6, 8], [9, -np.inf, np.nan]])
    with np.errstate(all="raise"):
        found = G.compile(dx)(x=xs[None, None], g=gs[None, None])[0, 0]
    want = np.array([[0, np.inf, 2, 2, 2, 2], [0, np.inf, 2, 0, 2, 2],
                     [3, 0, 0, 0, np.nan, 0], [3, 3, -np.inf, 0, 0, np.nan]])
    np.testing.assert_array_equal(found, want)


def test_pools_keep_the_layout_of_a_convolution() -> None:
    x, w = G.input("x", 8, 3, 12, 12), G.param("w", 4, 3, 3, 3)
    c = G.conv2d(x, w, padding=1)
    rng = np.random.default_rng(0)
    values = {"x": rng.standard_normal((8, 3, 12, 12)), "w": rng.standard_normal((4, 3, 3, 3))}
    for y in (c, G.max_pool2d(c, 2), G.avg_pool2d(c, 3, 2, padding=1), G.max_pool2d(c, 3, 2, padding=1)):
        last = np.moveaxis(G.compile(y, style="readable")(**values), 0, -1)
        assert last.strides[-1] == last.itemsize, y  # the batch comes last in memory
        for f in (y, G.gradients(G.sum(y * y), w)):
            plain, fast = (G.compile(f, [x, w], style=s, simplify=s == "fast")(**values) for s in ("readable", "fast"))
            np.testing.assert_allclose(plain, fast, rtol=1e-12, atol=1e-12)
