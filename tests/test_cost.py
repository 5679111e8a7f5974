"""Counts of operations and bytes against hand counts, and the report of a compiled function."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from op_cases import CASES

import graphc as G
from graphc.costing import COUNTERS, Count, count_of, register
from graphc.dims import Dim
from graphc.ir import OPS

N = Dim.named("N")


def network():
    x, W1, b1 = G.input("x", "N", 784), G.param("W1", 784, 128), G.param("b1", 128)
    W2, b2 = G.param("W2", 128, 10), G.param("b2", 10)
    return G.relu(x @ W1 + b1) @ W2 + b2


def test_a_network_of_two_layers_is_counted_as_on_paper():
    c = G.cost(network())
    assert c.multiply_adds == N * (784 * 128 + 128 * 10)
    assert c.flops == N * (2 * 784 * 128 + 128 + 128 + 2 * 128 * 10 + 10)
    assert c.parameters == 784 * 128 + 128 + 128 * 10 + 10
    assert c.transcendental == 0
    assert [row.name for row in c.nodes] == ["matmul", "add", "relu", "matmul", "add"]
    assert c.nodes[1].bytes_read == 8 * (128 * N + 128)
    assert c.nodes[1].bytes_written == 8 * 128 * N


def test_at_gives_numbers():
    c = G.cost(network())
    assert c.peak_bytes is None
    small = c.at(N=32)
    assert small.flops == 32 * (2 * 784 * 128 + 128 + 128 + 2 * 128 * 10 + 10)
    assert small.sizes == ()
    leaves = 8 * (32 * 784 + 784 * 128 + 128 + 128 * 10 + 10)
    assert small.peak_bytes == leaves + 2 * 8 * 32 * 128  # x @ W1 and its sum with b1 are alive together


@pytest.mark.parametrize(("sizes", "message"), [
    ({}, r"cost\.at: no value for size N; the counts depend on N"),
    ({"N": 1, "M": 2}, r"cost\.at: no size M; the counts depend on N"),
])
def test_a_size_that_is_missing_or_unknown_is_named(sizes, message):
    with pytest.raises(G.InputError, match=message):
        G.cost(network()).at(**sizes)


def x(*shape, dtype="float64"):
    return G.input("x", *shape, dtype=dtype)


@pytest.mark.parametrize(("node", "count"), [
    (lambda: x(2, 3) + x(3), Count(flops=6)),
    (lambda: G.exp(x(2, 3)), Count(transcendental=6)),
    (lambda: x(4) ** 2, Count(flops=4)),
    (lambda: x(4) ** 0.5, Count(flops=4)),
    (lambda: x(4) ** 3.5, Count(transcendental=4)),
    (lambda: G.sqrt(x(4)), Count(flops=4)),
    (lambda: G.sum(x(4, 5)), Count(flops=19)),
    (lambda: G.sum(x(4, 5), axis=1), Count(flops=16)),
    (lambda: G.mean(x("N", 5), axis=1), Count(flops=5 * N)),
    (lambda: G.max(x("N")), Count(flops=N - 1)),
    (lambda: G.softmax(x("N", 5)), Count(flops=18 * N, transcendental=5 * N)),
    (lambda: G.logsumexp(x(4)), Count(flops=11, transcendental=5)),
    (lambda: x(4, 3) @ x(3, 5), Count(flops=120, multiply_adds=60)),
    (lambda: x(3) @ x(3), Count(flops=6, multiply_adds=3)),
    (lambda: x(7, "N", 3) @ x(3, 5), Count(flops=210 * N, multiply_adds=105 * N)),
    (lambda: x(4, 3).T, Count()),
    (lambda: x(4)[1:], Count()),
    (lambda: G.where(x(4) > 0, x(4), 0), Count()),
    (lambda: x(4, dtype="float32").astype("float64"), Count()),
    (lambda: x("N"), Count()),
])
def test_counts_of_one_node(node, count):
    assert count_of(node()) == count


@pytest.mark.parametrize(("node", "multiply_adds"), [
    (lambda: G.einsum("bij,bjk->bik", x("N", 2, 3), x("N", 3, 5)), 30 * N),
    (lambda: G.conv2d(x("N", 3, 32, 32), G.param("w", 16, 3, 5, 5)), N * 28 * 28 * 16 * 3 * 5 * 5),
    (lambda: G.conv2d(x(1, 4, 8, 8), G.param("w", 4, 1, 3, 3), padding=1, groups=4), 8 * 8 * 4 * 3 * 3),
])
def test_contractions_and_convolutions_are_counted_as_in_a_course(node, multiply_adds):
    c = G.cost(node())
    assert c.multiply_adds == multiply_adds
    assert c.flops == 2 * multiply_adds


def test_a_transposed_convolution_and_the_gradients_cost_as_much_as_the_convolution():
    image, w = x(2, 3, 8, 8), G.param("w", 4, 3, 3, 3)
    y = G.conv2d(image, w)
    dx, dw = G.vjp(y, [image, w], G.input("c", *y.shape))
    assert G.cost(dx).multiply_adds == G.cost(dw).multiply_adds == G.cost(y).multiply_adds


def test_a_loop_costs_its_step_as_often_as_it_is_taken():
    xs, W = G.input("xs", "T", 4), G.param("W", 4, 4)
    last, _ = G.scan(lambda h, v: (G.tanh(W @ h + v), h), np.zeros(4), xs)
    T = Dim.named("T")
    c = G.cost(last)
    assert c.multiply_adds == 16 * T
    assert c.transcendental == 4 * T
    assert c.flops == (32 + 4) * T
    step = 8 * ((16 + 4 + 4) + (4 + 4) + (4 + 4) + 4)  # W@h, + v, tanh read and write at least this
    assert c.at(T=10).bytes_read + c.at(T=10).bytes_written >= 10 * step


@pytest.mark.parametrize(("node", "flops"), [
    (lambda: G.linalg.inv(x("N", 6, 6)), 2 * 216 * N),
    (lambda: G.linalg.cholesky(x(6, 6)), 72),
    (lambda: G.linalg.solve(x(6, 6), x(6, 2)), 2 * 216 // 3 + 2 * 36 * 2),
    (lambda: G.var(x(5)), 20),
    (lambda: G.cumsum(x(4, 5), axis=1), 16),
    (lambda: G.prod(x(4, 5)), 19),
    (lambda: G.max_pool2d(x(1, 2, 4, 4), 2), 8 * 4),
    (lambda: G.sort(x(9)), 0),
])
def test_flops_of_the_other_families(node, flops):
    assert G.cost(node()).flops == flops


def test_bytes_follow_the_dtype_and_a_view_costs_none():
    a = x(10, 10, dtype="float32")
    c = G.cost(a.T + 1)
    assert [(r.bytes_read, r.bytes_written) for r in c.nodes] == [(0, 0), (408, 400)]


def test_a_value_that_is_used_twice_is_counted_once():
    e = G.exp(x(5))
    c = G.cost([e * e, e + 1])
    assert c.transcendental == 5
    assert c.flops == 10
    assert c.nodes[1].bytes_read == 40  # e*e reads e once


def test_peak_memory_frees_a_value_after_its_last_use_but_not_under_a_view():
    a = x(100)
    chain = G.exp(G.exp(G.exp(a)))
    assert G.cost(chain).peak_bytes == 3 * 800  # the input, one value, and the next
    e = G.exp(a)
    view = e[:50]
    tail = G.exp(G.exp(G.exp(view)))
    assert G.cost([tail, view]).peak_bytes == 800 + 800 + 3 * 400 - 400  # e is kept, the first exp is free


def test_an_operation_can_be_registered(monkeypatch):
    monkeypatch.setitem(COUNTERS, "tanh", COUNTERS["sum"])
    register("tanh", lambda node: Count(flops=7))
    assert G.cost(G.tanh(x(3))).flops == 7


def test_every_counter_belongs_to_an_op_and_every_case_is_counted():
    for name, cases in CASES.items():
        for case in cases:
            shapes = case.shapes[0]
            kinds = case.kinds or ("number",) * len(shapes)
            dtypes = ["bool" if k == "bool" else "float64" if k == "number" else "int64" for k in kinds]
            try:
                node = case.build(*[G.input(f"x{i}", *s, dtype=d) for i, (s, d) in enumerate(zip(shapes, dtypes))])
            except G.GraphcError:
                continue
            total = G.cost(node).at(**dict.fromkeys(G.cost(node).sizes, 3))
            for count in (total.flops, total.multiply_adds, total.transcendental, total.peak_bytes):
                assert isinstance(count, (int, np.integer)), name
                assert count >= 0, name


def test_the_table_shows_every_node_and_the_totals():
    c = G.cost(network())
    lines = str(c).splitlines()
    assert lines[0].split() == ["node", "type", "flops", "multiply", "adds", "transcendental", "bytes", "read",
                                "bytes", "written"]
    assert lines[1].split()[:4] == ["matmul", "float64[N,128]", "200704*N", "100352*N"]
    assert lines[-2].split()[:2] == ["total", "203530*N"]
    assert lines[-1] == "parameters: 101,770"
    assert str(c.at(N=1)).splitlines()[-2].split()[1] == "203,530"
    assert repr(c) == "<Cost of 5 operations: 203530*N flops, 101632*N multiply-adds, 0 transcendental calls>"
    html = c._repr_html_()
    assert html.count("<tr>") == 7
    assert "<td>float64[N,128]</td>" in html


def test_a_long_table_is_cut_and_the_totals_are_whole():
    y = x(2)
    for _ in range(100):
        y = G.tanh(y)
    text = str(G.cost(y))
    assert "… 60 more" in text
    assert G.cost(y).transcendental == 200


def test_what_is_no_graph_is_refused():
    with pytest.raises(G.InputError, match=r"cost takes an Expr or a list of them, got Function; of a compiled"):
        G.cost(G.compile(x(3) * 2))


def test_a_large_graph_is_counted():
    y = G.input("x")
    for _ in range(20_000):
        y = y * 0.5
    c = G.cost(y)
    assert c.flops == 20_000
    assert c.peak_bytes == 8 + 8 + 2 * 8


# -- the report of a function ---------------------------------------------------------------------------------------


def test_the_report_counts_before_and_after_and_names_the_rules():
    a = x("N")
    fn = G.compile(G.exp(G.log(a * 1 + 0)) * 1, simplify=True)
    report = fn.report
    assert report.before.transcendental == 2 * N
    assert report.before.flops == 3 * N
    assert len(report.before.nodes) == 5
    assert len(report.after.nodes) < 5
    assert sum(report.rules.values()) >= 3
    assert list(report.rules.values()) == sorted(report.rules.values(), reverse=True)
    text = str(report)
    assert text.splitlines()[0].split() == ["f", "declared", "computed"]
    assert "transcendental" in text
    assert all(rule in text for rule in report.rules)
    assert "<td>declared</td>" in report._repr_html_() or "<th>declared</th>" in report._repr_html_()


def test_what_is_not_simplified_reports_no_rewrite():
    report = G.compile(x(3) * 1, simplify=False).report
    assert report.rules == {}
    assert report.before.flops == report.after.flops == 3
    assert str(report).endswith("no rewrite applied")


def test_the_report_sees_what_is_simplified_inside_a_loop():
    xs = G.input("xs", 10)
    last, _ = G.scan(lambda s, v: (s * 1 + v * 1 + 0, s), 0.0, xs)
    report = G.compile(last).report
    assert report.before.flops == 40
    assert report.after.flops == 10


def test_the_report_of_a_function_simplified_by_sympy_and_of_a_pickled_one():
    w, z = G.param("w"), G.input("z")
    p = G.sigmoid(w * z)
    fn = G.value_and_grad(G.square(p - 1) / 2, [w], simplify="sympy")
    again = pickle.loads(pickle.dumps(fn))
    assert any(rule.startswith("sympy") for rule in fn.report.rules)
    assert again.report.rules == fn.report.rules
    assert repr(again.report) == repr(fn.report)
    assert repr(fn.report).startswith("<Report of f: ")


def test_names_of_counters_are_names_of_ops():
    assert set(COUNTERS) <= set(OPS)


# -- tables for a page ---------------------------------------------------------------------------------------------


def small():
    x, W = G.input("x", "N", 1200), G.param("W", 1200, 10)
    return G.cost(G.exp((x @ W).named("u_1")).named("y"))


def test_markdown_in_both_languages():
    """N·1200·10 multiply-adds, twice as many flops; N·10 exponentials; 8 bytes a number."""
    assert small().to_markdown() == (
        "| value | shape | multiply-adds | flops | exp, log, … | bytes written |\n"
        "| --- | --- | ---: | ---: | ---: | ---: |\n"
        "| `u_1` | N × 10 | 12,000·N | 24,000·N | 0 | 80·N |\n"
        "| `y` | N × 10 | 0 | 0 | 10·N | 80·N |\n"
        "| **total** |  | 12,000·N | 24,000·N | 10·N | 160·N |\n")
    assert "| `u_1` | N × 10 | 12\u202f000·N | 24\u202f000·N | 0 | 80·N |" in small().to_markdown("fr")
    assert small().to_markdown("fr").startswith("| valeur | forme | multiplications-additions | opérations |")


def test_latex_in_both_languages():
    english, french = small().to_latex().splitlines(), small().to_latex("fr").splitlines()
    assert english[1] == r"\begin{tabular}{llrrrr}"
    assert english[5] == r"\texttt{u\_1} & $N \times 10$ & $12{,}000\,N$ & $24{,}000\,N$ & $0$ & $80\,N$ \\"
    assert english[8] == r"total &  & $12{,}000\,N$ & $24{,}000\,N$ & $10\,N$ & $160\,N$ \\"
    assert french[5] == r"\texttt{u\_1} & $N \times 10$ & $12\,000\,N$ & $24\,000\,N$ & $0$ & $80\,N$ \\"
    with pytest.raises(G.InputError, match="no language 'de'; choose from en, fr"):
        small().to_latex("de")


def test_a_sum_of_sizes_is_bracketed_in_a_shape():
    x, y = G.input("x", "N", "d"), G.input("y", "N", "m")
    table = G.cost(G.concatenate([x, y], axis=1)).to_markdown()
    assert "| N × (d + m) |" in table


def test_a_long_table_says_how_much_is_left_and_still_adds_up():
    v = x = G.input("x")
    for _ in range(50):
        v = v * x + 1
    table = G.cost(v).to_markdown("fr").splitlines()
    assert table[-2].startswith("| **… encore 60** |  | 0 | 60 |")
    assert table[-1].startswith("| **total** |  | 0 | 100 |")
