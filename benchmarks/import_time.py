"""Import time of graphc beside NumPy's, and of what is first asked for, each in fresh processes, rounds interleaved.

    python benchmarks/import_time.py [--rounds N]

Prints the median seconds of each import and the median of the ratios of neighbouring rounds; which heavy packages
`import graphc` has loaded: there should be none; and the median seconds of the first declaration, gradients and compile
in a new process. Bytecode is kept in a directory of its own: compiling the sources again takes three times as long.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

CODE = "import time; t = time.perf_counter(); import {0}; print(time.perf_counter() - t)"
HEAVY = ("sympy", "networkx", "graphviz", "pygraphviz", "flint", "ziamath", "reportlab")
FIRST = """
import time
import graphc as G
marks = [time.perf_counter()]
x1, x2 = G.inputs("x1 x2")
w1, w3, b = G.params("w1 w3 b")
f = w3 * G.relu(w1*x1 + w1*x2 + b)
marks.append(time.perf_counter())
slopes = G.gradients(f, [w1, w3, b])
marks.append(time.perf_counter())
G.compile([f, *slopes])
marks.append(time.perf_counter())
print(*(b - a for a, b in zip(marks, marks[1:])))
"""


def run(code: str, cache: str) -> list[float]:
    """The numbers that a new process prints."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={**environment, "PYTHONPYCACHEPREFIX": cache})
    return [float(x) for x in done.stdout.split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as cache:
        run(FIRST, cache)  # bytecode is written once
        rows = [run(CODE.format("numpy"), cache) + run(CODE.format("graphc"), cache) + run(FIRST, cache)
                for _ in range(rounds)]
    numpy, graphc, declared, differentiated, compiled = (statistics.median(column) for column in zip(*rows))
    ratio = statistics.median(row[1] / row[0] for row in rows)
    code = f"import sys, graphc; print([m for m in {HEAVY} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    print(f"numpy {numpy:.3f} s, graphc (numpy included) {graphc:.3f} s, ratio {ratio:.2f} over {rounds} rounds")
    print(f"heavy packages loaded: {loaded}")
    print(f"first declaration {declared:.4f} s, first gradients {differentiated:.4f} s, first compile {compiled:.4f} s")


if __name__ == "__main__":
    main()
