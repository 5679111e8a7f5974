"""Tables of how time grows with the size of a graph: each row is measured in a process of its own."""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence


def main(program: str, text: str, kinds: Sequence[str], once: Callable[[str, int], Sequence[float]],
         columns: Mapping[str, str], slope: tuple[str, str]) -> None:
    """Print the table of the program `program`, a path, whose help is `text`.

    `once(kind, n)` gives the figures of one row, `columns` their heads and formats. The last column is the slope of log
    `slope[1]` against log `slope[0]` between neighbouring sizes.
    """
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000, 100_000])
    parser.add_argument("--one", nargs=2, metavar=("KIND", "N"), help="one row in this process, as plain numbers")
    options = parser.parse_args()
    if options.one:
        print(*once(options.one[0], int(options.one[1])))
        return
    heads = list(columns)
    x, y = map(heads.index, slope)
    print(f"{'':10}{''.join(f'{head:>10}' for head in heads)}{'slope':>8}")
    for kind in kinds:
        before: list[float] = []
        for n in options.sizes:
            row = _measured(program, kind, n)
            cells = "".join(f"{format(v, form):>10}" for v, form in zip(row, columns.values()))
            grown = f"{math.log(row[y] / before[y]) / math.log(row[x] / before[x]):.2f}" if before else ""
            print(f"{kind:10}{cells}{grown:>8}", flush=True)
            before = row


def _measured(program: str, kind: str, n: int) -> list[float]:
    """The figures of a row, from a new process."""
    done = subprocess.run([sys.executable, program, "--one", kind, str(n)], capture_output=True, text=True, check=True)
    return [float(x) for x in done.stdout.split()]
