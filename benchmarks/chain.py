"""Declare, differentiate, emit and call a chain of N scalar multiply-adds: time, peak memory, growth.

    python benchmarks/chain.py [N ...]

Each size runs in a process of its own, so that its peak memory is its own. The chain is
v = v*a + b, with one a and b throughout ("shared") or with new ones at every step ("distinct");
"by nodes" is a chain of N nodes, v = tanh(v)*a + v*b with four a step, v used twice. The result is v
and its gradient by every input. The slope is that of log time against log N between
neighbouring sizes: 1 is linear.
"""

from __future__ import annotations

import argparse
import math
import resource
import subprocess
import sys
import time
from itertools import pairwise

KINDS = ("by nodes", "shared", "distinct")


def once(kind: str, n: int) -> tuple[list[float], float]:
    """Seconds of each phase, and peak memory in MiB."""
    import graphc as G
    from graphc.rewrite import rewrite

    marks = [time.perf_counter()]
    v = G.param("v0")
    wrt, values = [v], [0.5]
    shared = G.params("a b")
    for i in range(n // 4 if kind == "by nodes" else n):
        a, b = G.params((f"a{i}", f"b{i}")) if kind == "distinct" else shared
        if kind == "distinct" or i == 0:
            wrt += [a, b]
            values += [0.999, 0.001]
        v = G.tanh(v) * a + v * b if kind == "by nodes" else v * a + b
    marks.append(time.perf_counter())
    slopes = G.gradients(v, wrt)
    marks.append(time.perf_counter())
    outputs = rewrite([v, *slopes])
    marks.append(time.perf_counter())
    f = G.compile(outputs, simplify=False)
    marks.append(time.perf_counter())
    result = f(dict(zip([w.name for w in wrt], values)))
    marks.append(time.perf_counter())
    assert math.isfinite(result[0]) and len(result) == len(wrt) + 1
    seconds = [b - a for a, b in pairwise(marks)]
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(kind: str, n: int) -> list[float]:
    """The figures of `once`, from a new process."""
    done = subprocess.run([sys.executable, __file__, "--one", kind, str(n)], capture_output=True, text=True, check=True)
    return [float(x) for x in done.stdout.split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000, 100_000])
    parser.add_argument("--one", nargs=2, metavar=("KIND", "N"), help="one run in this process, as plain numbers")
    options = parser.parse_args()
    if options.one:
        seconds, memory = once(options.one[0], int(options.one[1]))
        print(*seconds, memory)
        return
    heads = ("declare", "gradient", "rewrite", "emit", "call", "total s", "MiB", "slope")
    print(f"{'chain':10}{'N':>9}{''.join(f'{head:>9}' for head in heads)}")
    for kind in KINDS:
        before: tuple[int, float] | None = None
        for n in options.sizes:
            *seconds, memory = measured(kind, n)
            total = sum(seconds)
            slope = "" if before is None else f"{math.log(total / before[1]) / math.log(n / before[0]):.2f}"
            phases = "".join(f"{s:9.3f}" for s in (*seconds, total))
            print(f"{kind:10}{n:9,}{phases}{memory:9.0f}{slope:>9}", flush=True)
            before = n, total


if __name__ == "__main__":
    main()
