"""Timing side by side, agreement, peak memory; and the peers, each in its own arrays.

`pin` must run before NumPy or any peer is imported: they read their number of threads then.
"""

from __future__ import annotations

import ast
import gc
import inspect
import os
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import repeat
from textwrap import dedent
from types import ModuleType
from typing import Any

Call = Callable[[], Any]
Clock = Callable[[], float]
TOLERANCE = {"float64": 1e-9, "float32": 2e-3}  # largest error over largest magnitude, against float64
PEERS = {"autograd": "autograd", "PyTorch": "torch", "JAX": "jax", "PyTensor": "pytensor"}  # name -> package
HAND, PLAIN = "hand", "plain"
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def pin(threads: int) -> None:
    """Give every library this many threads, and the process as many cores: JAX has a thread for each that it sees."""
    if "numpy" in sys.modules:
        raise RuntimeError("threads must be pinned before NumPy is imported")
    os.environ.update(dict.fromkeys(_THREADS, str(threads)))
    os.environ.update(JAX_ENABLE_X64="1", JAX_PLATFORMS="cpu")
    if threads == 1:
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


# -- one workload ----------------------------------------------------------------------------------------


@dataclass
class Result:
    """What was measured of one workload; `absent` says why a version has no time."""

    name: str
    title: str
    samples: dict[str, list[float]] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)
    peak: dict[str, float] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    error: dict[str, float] = field(default_factory=dict)

    def ratio(self, version: str) -> float:
        """Median over the rounds of its time over that of the hand-optimised version in the same round."""
        return statistics.median(a / b for a, b in zip(self.samples[version], self.samples[HAND]))

    def time(self, version: str = HAND) -> float:
        return statistics.median(self.samples[version])


def measure(name: str, module: ModuleType, arrays: Mapping[str, Any], *, rounds: int = 15, sample: float = 0.01,
            budget: float = 12.0, pause: float = 0.0, without: tuple[str, ...] = (),
            clock: Clock = time.perf_counter, peaks: tuple[str, ...] = (HAND, "graphc")) -> Result:
    """Build every version, assert that all agree with plain NumPy in float64, and time them side by side.

    `peaks` are the versions whose peak memory is measured; their arrays must be NumPy's.
    """
    import numpy as np

    result = Result(name, module.TITLE)
    dtype = np.asarray(arrays[module.WRT[0]]).dtype.name
    wide = {k: np.asarray(v, "float64")[()] for k, v in arrays.items()}
    expected = [np.array(v) for v in flat(module.plain(**wide)())]
    calls: dict[str, Call] = {}
    for version, build in versions(module, arrays).items():
        if version in without or version.partition(" ")[0] in without:
            continue
        try:
            start = time.perf_counter()
            call = build()
            got = numbers(call())
            result.first[version] = time.perf_counter() - start
        except Absent as reason:
            result.absent[version] = str(reason)
            continue
        except Exception as problem:  # a peer that cannot do it is reported
            if version in (HAND, PLAIN):
                raise
            failed = "" if version in PEERS else "FAILED: "
            result.absent[version] = f"{failed}{type(problem).__name__}: {str(problem)[:200]}"
            continue
        try:
            result.error[version] = agreement(f"{name} {version}", got, expected, TOLERANCE[dtype])
            calls[version] = call
        except AssertionError as wrong:  # never timed; the others still are
            if version == HAND:
                raise
            result.absent[version] = f"WRONG: {wrong}"
    result.samples = interleaved(calls, rounds, sample, budget, pause, clock)
    builders = versions(module, arrays)
    result.peak = {k: (warm_peak_bytes if k == "numba" else peak_bytes)(builders[k]) for k in peaks if k in calls}
    return result


def versions(module: ModuleType, arrays: Mapping[str, Any]) -> dict[str, Callable[[], Call]]:
    """name -> a function that builds a call without arguments, the hand-optimised version first."""
    found: dict[str, Callable[[], Call]] = {
        HAND: lambda: module.optimised(**arrays),
        PLAIN: lambda: module.plain(**arrays),
        **{k: lambda f=f: f(**arrays) for k, f in getattr(module, "VARIANTS", {}).items()},
        "graphc": lambda: ours(module, arrays, "numpy"),
        "graphc raw": lambda: ours(module, arrays, "numpy", raw=True),
        "scalar": lambda: ours(module, arrays, "scalar"),
        "scalar raw": lambda: ours(module, arrays, "scalar", raw=True),
        "numba": lambda: ours(module, arrays, "numba"),
    }
    builders = {"autograd": _autograd, "PyTorch": _torch, "JAX": _jax, "PyTensor": _pytensor}
    for peer, package in PEERS.items():
        found[peer] = lambda peer=peer, package=package: _peer(package, builders[peer], module, arrays)
    return found


class Absent(Exception):
    """A version that cannot be measured here, and why."""


def ours(module: ModuleType, arrays: Mapping[str, Any], target: str, raw: bool = False) -> Call:
    """graphc's own: the checked call with positional arguments, or the emitted function itself."""
    import graphc as G

    if target == "scalar" and any(getattr(v, "ndim", 0) for v in arrays.values()):
        raise Absent("arrays")
    try:
        loss = module.declare(arrays)
        f = G.value_and_grad(loss, list(module.WRT), inputs=list(arrays), target=target)
    except G.GraphcError as error:
        raise Absent(str(error)) from None
    function, values = f.raw if raw else f, tuple(arrays.values())
    return lambda: function(*values)


def _peer(package: str, build: Callable[[ModuleType, Mapping[str, Any]], Call], module: ModuleType,
          arrays: Mapping[str, Any]) -> Call:
    if find_spec(package) is None:
        raise Absent("not installed")
    return build(module, arrays)


def _autograd(module: ModuleType, arrays: Mapping[str, Any]) -> Call:
    import autograd
    import autograd.numpy as xp

    rest = {k: v for k, v in arrays.items() if k not in module.WRT}
    f = autograd.value_and_grad(lambda p: module.model(xp, **rest, **dict(zip(module.WRT, p))))
    given = tuple(arrays[w] for w in module.WRT)
    return lambda: f(given)


def _torch(module: ModuleType, arrays: Mapping[str, Any]) -> Call:
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    tensors = {k: torch.tensor(v, requires_grad=k in module.WRT) for k, v in arrays.items()}
    wrt = [tensors[w] for w in module.WRT]

    def call() -> Any:
        loss = module.torch_model(torch, **tensors)
        return loss, torch.autograd.grad(loss, wrt)

    return call


def _jax(module: ModuleType, arrays: Mapping[str, Any]) -> Call:
    import jax
    import jax.numpy as xp

    model = getattr(module, "jax_model", module.model)
    places = tuple(list(arrays).index(w) for w in module.WRT)
    f = jax.jit(jax.value_and_grad(lambda *values: model(xp, **dict(zip(arrays, values))), argnums=places))
    given = [xp.asarray(v) for v in arrays.values()]
    return lambda: jax.block_until_ready(f(*given))


def _pytensor(module: ModuleType, arrays: Mapping[str, Any]) -> Call:
    import numpy as np
    import pytensor
    import pytensor.tensor as xp

    model = getattr(module, "pytensor_model", module.model)
    if model is None:
        raise Absent("no convolution")
    given = [np.asarray(v) for v in arrays.values()]
    symbols = {k: xp.TensorType(v.dtype.name, v.shape)() for k, v in zip(arrays, given)}
    loss = model(xp, **symbols)
    outputs = [loss, *pytensor.grad(loss, [symbols[w] for w in module.WRT])]
    f = pytensor.function(list(symbols.values()), [pytensor.Out(o, borrow=True) for o in outputs])
    f.trust_input = True
    return lambda: f(*given)


# -- agreement -------------------------------------------------------------------------------------------


def flat(results: Any) -> list[Any]:
    """The value and the gradients in one list."""
    return [x for r in results for x in flat(r)] if isinstance(results, (tuple, list)) else [results]


def numbers(results: Any) -> list[Any]:
    """The results as NumPy arrays of their own."""
    import numpy as np

    return [np.array(r.detach() if hasattr(r, "detach") else r) for r in flat(results)]


def agreement(who: str, got: list[Any], expected: list[Any], tolerance: float) -> float:
    """Largest error over largest magnitude among value and gradients; AssertionError above the tolerance."""
    import numpy as np

    if len(got) != len(expected):
        raise AssertionError(f"{who}: {len(got)} results, needs {len(expected)}")
    worst = 0.0
    for i, (g, e) in enumerate(zip(got, expected)):
        if g.shape != e.shape:
            raise AssertionError(f"{who}: result {i} has shape {g.shape}, needs {e.shape}")
        error = float(np.max(np.abs(g - e), initial=0.0) / (np.max(np.abs(e), initial=0.0) or 1.0))
        if not error <= tolerance:
            raise AssertionError(f"{who}: result {i} is off by {error:.1e}, the tolerance is {tolerance:.0e}")
        worst = max(worst, error)
    return worst


# -- time and memory -------------------------------------------------------------------------------------


def interleaved(calls: Mapping[str, Call], rounds: int, sample: float, budget: float,
                pause: float = 0.0, clock: Clock = time.perf_counter) -> dict[str, list[float]]:
    """Seconds a call, one figure a round; in every round each version has its turn, and the order rotates.

    A figure is the mean over calls that take `sample` seconds together. Rounds are fewer, but at least 5, where they
    would take more than `budget` seconds. `pause` lets the threads of another library fall asleep before a turn. With
    `time.process_time` as the clock, what else the machine does in the meantime does not count.
    """
    counts = {}
    for name, call in calls.items():
        call()
        once = min(_mean(call, 1, clock) for _ in range(3))
        counts[name] = max(1, int(sample / max(once, 1e-8)))
        if counts[name] > 100:
            counts[name] = max(1, int(sample / _mean(call, 100, clock)))
    one_round = len(calls) * pause
    for name, call in calls.items():
        one_round += _mean(call, counts[name], clock) * (counts[name] + 1)
    rounds = max(min(5, rounds), min(rounds, int(budget / one_round)))
    gc.collect()
    times: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    for r in range(rounds):
        turn = r % len(names)
        for name in names[turn:] + names[:turn]:
            time.sleep(pause)
            calls[name]()  # the caches are its own again
            times[name].append(_mean(calls[name], counts[name], clock))
    return times


def _mean(call: Call, count: int, clock: Clock) -> float:
    turns = repeat(None, count)
    start = clock()
    for _ in turns:
        call()
    return (clock() - start) / count


def peak_bytes(build: Callable[[], Call]) -> float:
    """Peak memory of a first call, with the arrays that building it left: buffers count, whenever they are made."""
    import numpy as np

    build()()  # what is imported and cached on the way is no part of it
    numpy_data = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
    gc.collect()
    tracemalloc.start()
    try:
        call = build()
        gc.collect()
        kept = sum(t.size for t in tracemalloc.take_snapshot().filter_traces([numpy_data]).traces)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        call()
        return kept + tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def warm_peak_bytes(build: Callable[[], Call]) -> float:
    """Peak memory of a call once it is compiled, which takes memory too, with the buffers that a new thread gets."""
    call = build()
    call()
    thread = threading.Thread(target=call)
    gc.collect()
    tracemalloc.start()
    try:
        thread.start()
        thread.join()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# -- where the time goes ---------------------------------------------------------------------------------


def line_times(source: str, build: Callable[[dict[str, Any]], Call], namespace: Mapping[str, Any],
               seconds: float = 0.5, clock: Clock = time.perf_counter) -> list[tuple[float, str]]:
    """Seconds a call for each line of the functions in `source`, which runs with a clock after every statement.

    `build` takes the namespace in which the source was executed and gives the call. A line that calls another function
    of the source does not count that one's lines. What reading the clock takes is left out.
    """
    totals: dict[int, float] = {}
    last, reading = [0.0], min(-clock() + clock() for _ in range(100))

    def tick(line: int) -> None:
        totals[line] = totals.get(line, 0.0) + max(clock() - last[0] - reading, 0.0)
        last[0] = clock()

    tree = ast.parse(source)
    for function in [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]:
        for block in [b for n in ast.walk(function) for b in (getattr(n, "body", None), getattr(n, "orelse", None))]:
            if isinstance(block, list):
                block[:] = [made for statement in block for made in _clocked(statement)]
    found = {**namespace, "_tick": tick}
    exec(compile(ast.fix_missing_locations(tree), "<clocked>", "exec"), found)
    call = build(found)
    call()
    totals.clear()
    count, start = 0, clock()
    while count < 3 or clock() - start < seconds:
        last[0] = clock()
        call()
        count += 1
    lines = source.splitlines()
    return sorted(((t / count, lines[line - 1].strip()) for line, t in totals.items()), reverse=True)


def _clocked(statement: ast.stmt) -> list[ast.stmt]:
    """The statement and a tick after it, or the statement itself where it is made of others or clocked already."""
    if hasattr(statement, "clocked") or hasattr(statement, "body") or isinstance(statement, (ast.Pass, ast.Raise)):
        return [statement]
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return [statement]  # a docstring
    tick = ast.parse(f"_tick({statement.lineno})").body[0]
    made = [statement, tick]
    if isinstance(statement, ast.Return) and statement.value is not None:
        keep = ast.Assign([ast.Name("_results", ast.Store())], statement.value)
        made = [ast.copy_location(keep, statement), tick, ast.Return(ast.Name("_results", ast.Load()))]
    for m in made:
        m.clocked = True
    return made


def profiles(module: ModuleType, arrays: Mapping[str, Any],
             clock: Clock = time.perf_counter) -> dict[str, list[tuple[float, str]]]:
    """The lines of the hand-optimised version and of graphc's emitted code, the slowest first."""
    import graphc as G

    f = G.value_and_grad(module.declare(arrays), list(module.WRT), inputs=list(arrays))
    own = dedent(inspect.getsource(module.optimised))
    return {
        HAND: line_times(own, lambda found: found["optimised"](**arrays), module.__dict__, clock=clock),
        "graphc": line_times(f.source, lambda found: lambda: found[f.program.name](*arrays.values()),
                             f.raw.__globals__, clock=clock),
    }
