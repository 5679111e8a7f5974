import gc
import linecache
import threading
import traceback

import pytest

from codegen import Input, Program, Step, load, numpy_source

X = (Input("x", "float64[]"),)


def chain(count, spelling="{0} + 1.0"):
    steps = [Step(f"n{i}", spelling, (f"n{i - 1}" if i else "x",), "float64[]") for i in range(count)]
    return Program("f", X, tuple(steps), (f"n{count - 1}",), True)


def failing(count):
    steps = (*chain(count).steps, Step("bad", "{0}.nope", (f"n{count - 1}",), "float64[]"))
    return Program("f", X, steps, ("bad",), True)


@pytest.mark.parametrize("count", [3, 2500])
def test_a_traceback_shows_the_emitted_line(count):
    function = load(numpy_source(failing(count)), "f")
    linecache.checkcache()
    with pytest.raises(AttributeError, match="nope") as caught:
        function(1.0)
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert last.line == f"bad = n{count - 1}.nope"
    assert last.filename.startswith("<graphc f ")


def test_the_name_depends_on_the_text_alone():
    one, same, other = (load(numpy_source(chain(n)), "f") for n in (2, 2, 3))
    assert one.__code__.co_filename == same.__code__.co_filename != other.__code__.co_filename


def test_the_text_goes_with_the_last_function():
    one, same = (load(numpy_source(chain(4)), "f") for _ in range(2))
    name = one.__code__.co_filename
    del one
    gc.collect()
    assert name in linecache.cache
    del same
    gc.collect()
    assert name not in linecache.cache


def test_long_programs_are_cut_and_agree():
    program = chain(5000)
    source = numpy_source(program, "fast")
    assert source.count("\ndef f_part") == 10
    assert load(source, "f")(0.5) == load(numpy_source(program, long=10**9), "f")(0.5) == 5000.5


def test_part_names_give_way_to_the_users():
    sums = [Step(f"a{i}", "{0} + {1}", ("v", "f_part1"), "float64[]") for i in range(9)]
    steps = (Step("v", "-{0}", ("f_part1",), "float64[]"), *sums)
    program = Program("f", (Input("f_part1", "float64[]"),), steps, ("a8", "v"))
    assert load(numpy_source(program, long=4, part=3), "f")(2.0) == (0.0, -2.0)


def test_loading_from_many_threads():
    results = []
    texts = [numpy_source(chain(n % 5 + 1)) for n in range(40)]
    threads = [threading.Thread(target=lambda t=t: results.append(load(t, "f")(0.0))) for t in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted(float(n % 5 + 1) for n in range(40))
