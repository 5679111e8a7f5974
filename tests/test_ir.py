"""The graph: interning, immutability, declaration, errors, pickling, freeing, and very long chains."""

import copy
import gc
import inspect
import multiprocessing
import pickle
import threading
import weakref

import networkx
import numpy as np
import pytest

import graphc as G
from graphc import ir
from graphc.ir import lift, postorder, variables
from graphc.rewrite import rewrite

LONG = 50_000  # multiply-adds: 100,000 nodes


def here():
    """The caller's line as an error writes it."""
    return f"test_ir.py:{inspect.currentframe().f_back.f_lineno}"


@pytest.fixture(scope="module")
def chain():
    """100,000 nodes, one after another."""
    a, b = G.inputs("a b")
    h = x = G.input("x")
    for _ in range(LONG):
        h = h * a + b
    return h, x, a, b


# -- nodes ---------------------------------------------------------------------------------------------------


def test_equal_nodes_are_one_node():
    x, y = G.inputs("x y")
    assert x * y + 1 is x * y + 1
    assert x * y is not y * x
    assert G.input("x") is not x  # each declaration is an input of its own
    assert x[0:2] is x[:2] if x.ndim else x + 0.0 is not x + -0.0


def test_constants_differ_by_bytes_and_weakness():
    x = G.input("x", 2)
    assert x * 1 is not x * 1.0
    assert x * 1.0 is not x * np.float64(1.0)
    assert x + 0.0 is not x + (-0.0)
    assert x + np.array([1.0, 2.0]) is x + [1.0, 2.0]  # noqa: RUF005
    assert G.const([0.1]) is not G.const([np.nextafter(0.1, 1)])


def test_a_constant_is_a_copy_that_cannot_be_written():
    array = np.ones(2)
    c = G.const(array)
    array[0] = 5.0
    assert c is G.const(np.ones(2))
    assert not c.attrs[0].value.flags.writeable


def test_nodes_are_immutable():
    x = G.input("x")
    with pytest.raises(AttributeError,
    match=r"an Expr is immutable; \.named\(\) gives a copy with a name \(tried to set label\)"):
        x.label = "y"
    with pytest.raises(AttributeError, match=r"an Expr is immutable \(tried to delete args\)"):
        del x.args
    with pytest.raises(G.InputError, match=r"an Expr is made by G\.input, G\.param, G\.const"):
        G.Expr()


def test_nodes_are_hashable_and_copies_are_themselves():
    x = G.input("x", 2)
    f = G.exp(x)
    assert {f: 1}[G.exp(x)] == 1
    assert copy.copy(f) is copy.deepcopy(f) is f


def test_description():
    x = G.input("x", "N", 3, dtype="float32")
    assert (x.ndim, x.dtype, x.name, str(x.shape), str(x.size)) == (2, np.float32, "x", "(N, 3)", "3*N")
    assert repr(x) == "<input x: float32[N,3]>"
    assert repr((x * 2 + G.exp(x)).named("h")) == "<h = add(multiply(…), exp(…)): float32[N,3]>"
    assert f"{x.sum()}" == "sum(x)"


def test_repr_is_one_short_line():
    f = sum((G.input(f"a_rather_long_name_{i}") for i in range(50)), start=G.input("x"))
    assert len(repr(f)) < 120
    assert "\n" not in repr(G.const(np.ones((9, 9))) @ np.ones(9))


def test_names_of_values():
    x = G.input("x")
    h = (x * x).named("h")
    assert h.name == "h"
    assert h is not x * x
    assert str(h + 1) == "h + 1"
    assert h.named("k").name == "k"


@pytest.mark.parametrize("name", ["2x", "a b", "", "x-1", "é!", None, 3, "__import__", "x" * 201, "import os;"])
def test_bad_names(name):
    with pytest.raises(G.InputError, match=r"a name must be an identifier|a name cannot begin with two underscores"):
        G.input(name)


def test_an_input_keeps_its_name():
    with pytest.raises(G.InputError, match="input x has its name already; cannot rename it 'y'"):
        G.input("x").named("y")


# -- what is not an operation ---------------------------------------------------------------------------------


def test_truth_is_not_known():
    x, y = G.inputs("x y")
    for ask in (lambda: bool(x > 0), lambda: 0 < x < 1, lambda: x in [y], lambda: [y].index(x), lambda: x and y):
        with pytest.raises(G.GraphcError, match=r"is not known while the graph is declared; use G\.where\(cond"):
            ask()


@pytest.mark.parametrize("convert", [float, int, np.asarray])
def test_a_node_is_not_a_number(convert):
    with pytest.raises(G.GraphcError, match=r"x float64\[\]"):
        convert(G.input("x"))


def test_iteration_unrolls_a_known_length_only():
    x = G.input("x", 3, "N")
    assert [r is x[i] for i, r in enumerate(x)] == [True] * 3
    assert len(x) == 3
    with pytest.raises(G.ShapeError, match="its length N is not a number"):
        list(G.input("y", "N"))
    with pytest.raises(G.ShapeError, match=r"x float64\[\] is a scalar and cannot be iterated over"):
        list(G.input("x"))
    with pytest.raises(G.ShapeError, match="has no length"):
        len(G.input("x"))


@pytest.mark.parametrize("value", [object(), {1: 2}, "text", None, 1j, [1, [2]], np.array(["a"]), 2**70])
def test_what_cannot_be_lifted(value):
    with pytest.raises(G.DTypeError, match=r"graph nodes, numbers and arrays|dtype|does not fit int64|inhomogeneous"):
        G.input("x") + value


def test_numpy_on_the_left_gives_way():
    x = G.input("x", 2)
    f = np.array([1.0, 2.0]) * x + np.float64(3.0)
    assert isinstance(f, G.Expr)
    assert f.args[0].op.name == "multiply"


def test_a_named_size_is_a_number():
    x = G.input("x", "N", 3)
    assert str(x.sum() / x.shape[0]) == "sum(x)/N"
    assert str(x.shape[0] * x.sum()) == "N*sum(x)"
    assert lift(x.shape[0] + 1).type.weak


# -- errors at declaration ---------------------------------------------------------------------------------------


def test_a_shape_error_names_both_operands_types_and_places():
    x = G.input("x", 2, 3); at_x = here()  # noqa: E702
    y = G.param("y", 4); at_y = here()  # noqa: E702
    with pytest.raises(G.ShapeError) as caught:
        x + y
    assert str(caught.value) == (
        "add: x float64[2,3] + y float64[4]: the shapes do not broadcast: sizes 3 and 4 differ on axis -1 "
        f"(x declared at {at_x}; y declared at {at_y})"
    )


def test_a_computed_operand_is_named_by_its_formula():
    x, w = G.input("x", "N", 3), G.param("w", 2, 5)
    with pytest.raises(G.ShapeError,
    match=r"matmul: exp\(x\) float64\[N,3\] @ w float64\[2,5\]: inner sizes 3 and 2 differ"):
        G.exp(x) @ w
    with pytest.raises(G.ShapeError, match=r"matmul: h float64\[N,3\] @"):
        G.exp(x).named("h") @ w


def test_the_place_is_the_users_line_not_ours():
    f = G.softmax(G.input("x", 3) * 2); at = here()  # noqa: E702
    assert f.place == at
    assert all(node.place == at for node in postorder([f]) if node.args)
    assert G.gradients(f.sum(), "x").place.startswith("test_ir.py")


@pytest.mark.parametrize(
    ("build", "error", "text"),
    [
        (lambda x, y: x @ G.input("s"), G.ShapeError,
        r"matmul: x float64\[2,3\] @ s float64\[\]: a scalar has no inner size"),
        (lambda x, y: G.concatenate([x, y]), G.ShapeError,
        r"concatenate: x float64\[2,3\] and y float64\[4\]: .* differ on an axis"),
        (lambda x, y: G.concatenate([]), G.ShapeError, r"concatenate: needs at least one value"),
        (lambda x, y: G.concatenate([G.input("s")]), G.ShapeError, r"concatenate: s float64\[\]: scalars have no axis"),
        (lambda x, y: G.reshape(x, (4, -1)), G.ShapeError,
        r"reshape: x float64\[2,3\]: to \(4, -1\): 6 elements do not divide by 4"),
        (lambda x, y: G.reshape(x, (-1, -1)), G.ShapeError, r"to \(-1, -1\): only one size may be -1"),
        (lambda x, y: G.reshape(x, (7,)), G.ShapeError,
        r"reshape: x float64\[2,3\]: 6 elements do not fill shape \(7,\)"),
        (lambda x, y: G.reshape(x, ("N", 3)), G.ShapeError, r"6 elements do not fill shape \(N, 3\), which has 3\*N"),
        (lambda x, y: G.broadcast_to(x, (3, 2)), G.ShapeError,
        r"broadcast_to: x float64\[2,3\]: cannot be broadcast to shape \(3, 2\)"),
        (lambda x, y: G.broadcast_to(y, ()), G.ShapeError, r"cannot be broadcast to shape \(\)"),
        (lambda x, y: G.transpose(x, (0, 0)), G.ShapeError,
        r"transpose: x float64\[2,3\]: needs each of its 2 axes once, got \(0, 0\)"),
        (lambda x, y: G.sum(x, axis=2), G.ShapeError,
        r"sum: x float64\[2,3\]: axis 2 is out of range for 2 dimensions"),
        (lambda x, y: G.sum(x, axis=(0, -2)), G.ShapeError, r"sum: .*names one axis twice"),
        (lambda x, y: G.softmax(G.input("s")), G.ShapeError, r"softmax: s float64\[\]: a scalar has no axis"),
        (lambda x, y: G.max(G.input("e", 0)), G.ShapeError, r"max: e float64\[0\]: .* has no element along axis 0"),
        (lambda x, y: G.where(x, x, x), G.DTypeError, r"where: .* the condition must be bool, got float64\[2,3\]"),
        (lambda x, y: (x > 0) - (x > 0), G.DTypeError, r"subtract: .*needs numbers, got bool; use astype"),
        (lambda x, y: x & x, G.DTypeError, r"logical_and: .*& \| ~ take bool, got float64\[2,3\]"),
        (lambda x, y: G.exp(x > 0), G.DTypeError, r"exp: x > 0 bool\[2,3\]: needs numbers, got bool"),
        (lambda x, y: G.input("k", dtype="int64") ** -1, G.DTypeError,
        r"power: k int64\[\] \*\* -1 int64\[\]: an integer to a negative"),
        (lambda x, y: G.softmax(x > 0), G.DTypeError, r"softmax: .*needs float64 or float32, got bool"),
        (lambda x, y: x.mT.mT + y.mT, G.ShapeError, r"mT: y float64\[4\] needs two dimensions or more"),
        (lambda x, y: G.expand_dims(x, 4), G.ShapeError, r"axis 4 is out of range for 3 dimensions"),
    ],
)  # fmt: skip
def test_declaration_errors(build, error, text):
    with pytest.raises(error, match=text):
        build(G.input("x", 2, 3), G.input("y", 4))


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (2, "index 2 is out of range for axis 0 of size 2"), ((0, -4), "index -4 is out of range for axis 1 of size 3"),
        ((0, 0, 0), "3 indices for 2 axes"), ((..., ...), "only one ... may stand in an index"),
        (slice(None, None, 0), "a slice cannot have step 0"),
        (1.0, "an index is an integer, a slice, None, ... or an array of integers, got '1.0'"),
        ("a", "an index is an integer, a slice, None, ... or an array of integers, got 'a'"),
        (True, "an index is an integer.*got 'True'"),
        (slice(0.5, None), "a bound is an integer.*got '0.5'"),
        (slice(None, None, "x"), "a step is an integer.*got 'x'"),
        ({}, "an index is an integer"),
    ],
)  # fmt: skip
def test_bad_indices(index, text):
    with pytest.raises(G.ShapeError,
    match=r"getitem: x float64\[2,3\]: " + text + r".* \(x declared at test_ir\.py:\d+\)"):
        G.input("x", 2, 3)[index]


def test_a_mask_of_another_length_is_no_index():
    with pytest.raises(G.ShapeError, match=r"a mask of 1 elements for axis 0 of size 2"):
        G.input("x", 2, 3)[np.array([True])]


# -- one name, one value ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [lambda: G.input("w", 3), lambda: G.param("w"), lambda: G.input("w", dtype="float32"),
    lambda: (G.input("z") * 2).named("w")],
)
def test_one_name_for_two_values(other):
    w = G.input("w"); at = here()  # noqa: E702
    f = G.sum(w * other())
    with pytest.raises(G.InputError,
    match=rf"the name 'w' is used for two different values: .* declared at {at}.* rename one"):
        G.gradients(f, w)


def test_inputs_come_in_order_of_declaration():
    a, b, c = G.inputs("a b c")
    assert [v.name for v in variables(postorder([c * (b + a)]))] == ["a", "b", "c"]


def test_a_name_declared_again_is_another_input():
    a, b = G.inputs("a b")
    older = a * b + 1.25
    again = G.input("a")
    assert [v.name for v in variables(postorder([older]))] == ["a", "b"]
    assert [v.name for v in variables(postorder([b * again]))] == ["b", "a"]
    with pytest.raises(G.InputError, match=r"the name 'a' is used for .*_ir.py:\d+, and .*_ir.py:\d+; declare it once"):
        G.compile(older + again)


def test_a_later_declaration_stands_for_the_earlier_one_where_it_is_asked_for():
    x = G.input("x")
    f = x * x
    again = G.input("x")  # a cell of a notebook, run again
    assert G.gradients(f, again) is G.gradients(f, x)
    assert G.compile(f, inputs=[again])(3.0) == G.evaluate(f, {again: 3.0}) == 9.0
    with pytest.raises(G.InputError, match="the name 'x' is used for two different values"):
        G.gradients(f, G.input("x", 3))


# -- walking -------------------------------------------------------------------------------------------------------


def test_postorder_has_operands_first_and_each_node_once():
    x, y = G.inputs("x y")
    f = (x * y + x) * (x * y)
    assert [str(n) for n in postorder([f, x])] == ["x", "y", "x*y", "x*y + x", "(x*y + x)*x*y"]


def test_networkx_keeps_parallel_edges():
    x = G.input("x", 2)
    graph = G.to_networkx([x * x, G.sum(x)])
    assert isinstance(graph, networkx.MultiDiGraph)
    assert sorted(graph.edges(data="operand")) == [("n0", "n1", 0), ("n0", "n1", 1), ("n0", "n2", 0)]
    assert graph.nodes["n0"] == {"expr": x, "op": "input", "name": "x", "type": "float64[2]"}


# -- memory, threads, processes --------------------------------------------------------------------------------


def test_a_graph_that_nobody_keeps_is_freed():
    ref = weakref.ref(G.exp(G.input("freed_soon")) * 3.25)
    gc.collect()
    assert ref() is None
    assert not any("freed_soon" in key for key in ir._TABLE)


def test_threads_get_one_node():
    barrier, found = threading.Barrier(4), []

    x = G.input("threaded")

    def declare():
        barrier.wait()
        nodes = [x * float(i) for i in range(200)]
        found.append(nodes)

    threads = [threading.Thread(target=declare) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert all(a is b for nodes in found[1:] for a, b in zip(found[0], nodes))


def test_pickling_gives_the_same_node():
    x = G.input("x", "N", 3)
    f = G.softmax((x[1:, ::-1] @ np.ones((3, 2))).named("h") + G.param("b", 2, init=0.5), axis=0).sum()
    assert pickle.loads(pickle.dumps(f)).args[0].args[0].args[0] is f.args[0].args[0].args[0]
    g = G.gradients(x.sum() * 2, x)
    assert pickle.loads(pickle.dumps(g)) is g


def test_a_parameter_is_pickled_with_its_start():
    w = G.param("w", 2, init=np.ones(2))
    assert pickle.loads(pickle.dumps(w)) is w


def order_and_place(f):
    return [v.name for v in variables(postorder([f]))], f.place


def test_another_process_sees_the_same_order_of_declaration_and_places():
    a, b = G.inputs("first second")
    f = b * a
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(order_and_place, (f,)) == (["first", "second"], f.place)


# -- nothing recurses ------------------------------------------------------------------------------------------


def test_a_long_chain_prints_briefly(chain):
    h = chain[0]
    assert repr(h) == "<add(multiply(…), b): float64[]>"
    assert len(str(h)) < 2100
    assert "…" in str(h)
    assert len(h._repr_latex_()) < 4100


def test_a_long_chain_has_gradients_and_rewrites(chain):
    h, x, a, b = chain
    found = G.backward(h, [x, a, b])
    assert found.edge_visits == 4 * LONG
    assert len(postorder(found.gradients)) > 2 * LONG
    assert len(postorder(rewrite(found.gradients))) < 8 * LONG


def test_a_long_chain_has_tangents(chain):
    h, x, *_ = chain
    assert len(postorder([G.jvp(h, x, 1.0)])) > LONG


def test_a_long_chain_pickles(chain):
    h = chain[0]
    assert pickle.loads(pickle.dumps(h)) is h


def test_a_long_chain_goes_to_networkx(chain):
    graph = G.to_networkx(chain[0])
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (2 * LONG + 3, 4 * LONG)


def test_a_long_chain_errs_briefly(chain):
    with pytest.raises(G.ShapeError,
    match=r"matmul: add\(…\) float64\[\] @ \[1\.0, 1\.0\] float64\[2\]: a scalar has no inner size"):
        chain[0] @ np.ones(2)


def test_a_long_chain_is_freed():
    h = x = G.input("x")
    for _ in range(2 * LONG):
        h = G.tanh(h)
    ref = weakref.ref(h)
    del h, x
    gc.collect()
    assert ref() is None


# -- NumPy's own functions ---------------------------------------------------------------------------------------------


def test_numpys_ufuncs_are_the_rows_of_their_names():
    x, a = G.input("x", 3), np.array([1.0, 2.0, 3.0])
    assert np.exp(x) is G.exp(x)
    assert (a * x) is G.multiply(a, x) and (a > x) is G.greater(a, x) and (a @ x) is G.matmul(a, x)
    assert np.float32(2) * G.input("y", dtype="float32") + 1 is not None
    assert (np.float64(2) * x).args[0].type.weak is False


@pytest.mark.parametrize(("call", "text"), [
    (np.spacing, r"np.spacing cannot take the graph node x float64\[3\] so; use the G. function"),
    (np.add.reduce, "np.add cannot take the graph node x"),
    (np.sum, "np.sum cannot take a graph node; use G.sum"),
    (lambda x: np.where(x > 0, x, 0), "np.where cannot take a graph node; use G.where"),
    (np.asarray, r"x float64\[3\] is a graph node, not an array"),
])
def test_numpys_other_functions_say_what_to_use(call, text):
    with pytest.raises(G.GraphcError, match=text):
        call(G.input("x", 3))


def test_a_node_gives_its_own_graph():
    x = G.input("x")
    assert (x * x).to_networkx().number_of_edges("n0", "n1") == 2
