"""Import time of graphc beside NumPy's, each in fresh processes, rounds interleaved.

    python benchmarks/import_time.py [--rounds N]

Prints the median seconds of each and the median of the ratios of neighbouring rounds, and which heavy
packages `import graphc` has loaded: there should be none.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

CODE = "import time; t = time.perf_counter(); import {0}; print(time.perf_counter() - t)"
HEAVY = ("sympy", "networkx", "graphviz", "pygraphviz", "flint", "ziamath", "reportlab")


def seconds(package: str) -> float:
    """Seconds that `import package` takes in a new process."""
    done = subprocess.run([sys.executable, "-c", CODE.format(package)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    seconds("graphc")  # bytecode is written once
    pairs = [(seconds("numpy"), seconds("graphc")) for _ in range(rounds)]
    numpy, graphc = (statistics.median(column) for column in zip(*pairs))
    ratio = statistics.median(g / n for n, g in pairs)
    code = f"import sys, graphc; print([m for m in {HEAVY} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    print(f"numpy {numpy:.3f} s, graphc (numpy included) {graphc:.3f} s, ratio {ratio:.2f} over {rounds} rounds")
    print(f"heavy packages loaded: {loaded}")


if __name__ == "__main__":
    main()
