"""Declare, differentiate, emit and call a chain of N scalar multiply-adds: time, peak memory, growth.

    python benchmarks/chain.py [N ...]

Each size runs in a process of its own, so that its peak memory is its own. The chain is
v = v*a + b, with one a and b throughout ("shared") or with new ones at every step ("distinct");
"by nodes" is a chain of N nodes, v = tanh(v)*a + v*b with four a step, v used twice. The result is v
and its gradient by every input. The slope is that of log time against log N between
neighbouring sizes: 1 is linear.
"""

from __future__ import annotations

import math
import resource
import time
from itertools import pairwise

import scaling

KINDS = ("by nodes", "shared", "distinct")
COLUMNS = {"N": ",.0f", **dict.fromkeys(("declare", "gradient", "rewrite", "emit", "call", "total s"), ".3f"),
           "MiB": ".0f"}


def once(kind: str, n: int) -> list[float]:
    """N, seconds of each phase and of all, peak memory in MiB."""
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
    return [n, *seconds, sum(seconds), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]


if __name__ == "__main__":
    scaling.main(__file__, __doc__, KINDS, once, COLUMNS, ("N", "total s"))
