"""What a call makes, and when it goes: against the text that runs and the memory it takes."""

import tracemalloc

import numpy as np

from codegen import Input, Program, Step, footprint, load, numpy_source

X = Input("x", "float64[N,64]", ("N", 64))
DIMS = (("N", "x.shape[0]"),)


def sorted_again(count, sizes="N,64"):
    """Sorts that cannot write into given memory, each of the one before, a sum of the last, and what fills a buffer."""
    steps = [Step("e", "np.exp({0})", ("x",), f"float64[{sizes}]", ufunc="np.exp")]
    for i in range(count):
        steps.append(Step(f"t{i}", "{0}[::-1]", (f"v{i - 1}" if i else "e",), f"float64[{sizes}]", alias=True))
        steps.append(Step(f"v{i}", "np.sort({0}, axis=1)", (f"t{i}",), f"float64[{sizes}]"))
    steps.append(Step("y", "{0} - {1}", (f"v{count - 1}", f"v{count - 1}"), f"float64[{sizes}]", ufunc="np.subtract"))
    return Program("f", (X,), tuple(steps), ("y",), True, DIMS if "N" in sizes else ())


def test_a_dead_array_is_deleted_with_all_its_views():
    source = numpy_source(sorted_again(4), "fast")
    deleted = [line.strip() for line in source.split("\n") if line.startswith("    del ")]
    assert deleted == ["del v0, t1", "del v1, t2", "del v2, t3"]  # v3 goes with the call
    f = load(source, "f")
    x = np.random.default_rng(0).normal(size=(4000, 64))
    f(x)
    tracemalloc.start()
    y = f(x)
    seen = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not y.any() and 2 * x.nbytes <= seen < 2.3 * x.nbytes


def test_what_is_small_or_a_result_stays():
    assert "del " not in numpy_source(sorted_again(4, "4,64"), "fast")
    p = sorted_again(4)
    both = Program("f", p.inputs, p.steps, ("v0", "t2", "y"), False, DIMS)
    source = numpy_source(both, "fast")
    assert [line for line in source.split("\n") if "del " in line] == ["    del v2, t3"]
    x = np.random.default_rng(1).normal(size=(300, 64))
    v0, t2, y = load(source, "f")(x)
    np.testing.assert_array_equal(v0, np.sort(np.exp(x)[::-1], axis=1))
    np.testing.assert_array_equal(t2, v0)
    assert not y.any()


def test_the_footprint_is_what_the_text_does():
    found = footprint(sorted_again(4), "fast")
    assert found.buffers == (("u0", "float64[64,N]", ()),)
    big = "float64[N,64]"
    assert found.events == ((True, big), *((True, big), (False, big)) * 3, (True, big))
    assert dict(found.passes) == {"arrays in a workspace": 1, "arrays deleted when dead": 3}
    plain = footprint(sorted_again(4), "readable")
    assert plain.buffers == () and plain.events == ((True, big),) * 6


def test_a_result_that_is_copied_counts():
    steps = (Step("e", "np.exp({0})", ("x",), "float64[N,64]", ufunc="np.exp"),
             Step("part", "{0}[:, 0]", ("e",), "float64[N]", alias=True))
    p = Program("f", (X,), steps, ("part",), True, DIMS)
    assert footprint(p, "readable").events == ((True, "float64[N,64]"), (True, "float64[N]"))
    assert "np.array(part)" in numpy_source(p, "readable")


def test_a_reshape_of_what_is_turned_is_a_copy():
    steps = (Step("e", "np.exp({0})", ("x",), "float64[N,64]", ufunc="np.exp"),
             Step("t", "{0}.T", ("e",), "float64[64,N]", alias=True),
             Step("flat", "np.reshape({0}, -1)", ("t",), "float64[64*N]", alias=True),
             Step("y", "{0} - {1}", ("flat", "flat"), "float64[64*N]",
                  ufunc="np.subtract"))
    found = footprint(Program("f", (X,), steps, ("y",), True, DIMS), "fast")
    assert found.events == ((True, "float64[64*N]"), (True, "float64[64*N]"))
