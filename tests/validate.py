"""Random graphs by the thousand: `python tests/validate.py --graphs 10000 --seed 0`.

Each graph is checked by `graph_checks`; graph i of a seed is always the same one. Exit status 1 when any fails.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from graph_checks import Disagreement, Graph, verify  # noqa: E402
from random_graphs import NAMES, Seeded, grow  # noqa: E402

Failure = tuple[int, str, str]


def one(seed: int, i: int, sympy_every: int, second_every: int) -> tuple[str, Graph]:
    """Graph i and its outcome. Raises Disagreement, with the graph made as small as it still fails."""
    graph = grow(Seeded(seed * 1_000_003 + i), NAMES[i % len(NAMES)])
    sympy, second = (bool(every) and i % every == 0 for every in (sympy_every, second_every))
    return verify(graph, sympy, second), graph


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=1000, help="how many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0, help="number of the first graph")
    parser.add_argument("--sympy", type=int, default=4, help="simplify by SymPy every so many graphs; 0 for none")
    parser.add_argument("--second", type=int, default=3, help="second derivatives every so many graphs; 0 for none")
    parser.add_argument("--show", type=int, default=20, help="how many failures are printed in full")
    options = parser.parse_args()
    warnings.simplefilter("error")
    outcomes: Counter[str] = Counter()
    ops: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    failures: list[Failure] = []
    begun = time.monotonic()
    for i in range(options.start, options.start + options.graphs):
        try:
            outcome, graph = one(options.seed, i, options.sympy, options.second)
        except Disagreement as failure:
            failures.append((i, failure.kind, str(failure)))
            outcome, graph = f"FAILED: {failure.kind}", None
        except Exception as error:
            failures.append((i, "crash", "".join(traceback.format_exception(error))))
            outcome, graph = "FAILED: crash", None
        outcomes[outcome] += 1
        if graph is not None:  # of a graph that fails nothing is counted
            ops += graph.ops
            refused += graph.refused
    for i, kind, text in failures[: options.show]:
        print(f"--- graph {i} of seed {options.seed}, {kind}\n{text}\n")
    print(summary(options.graphs, time.monotonic() - begun, outcomes, ops, refused, failures))
    return 1 if failures else 0


def summary(graphs: int, seconds: float, outcomes: Counter[str], ops: Counter[str], refused: Counter[str],
            failures: list[Failure]) -> str:
    """The run in a few lines: outcomes, how often each op was drawn, what was refused while it was declared."""
    lines = [f"{graphs} graphs in {seconds:.1f} s, {len(failures)} failed"]
    lines += [f"  {n:6d}  {outcome}" for outcome, n in outcomes.most_common()]
    lines.append(f"ops: {', '.join(f'{name} {n}' for name, n in ops.most_common())}")
    missing = [name for name in NAMES if name not in ops]
    lines.append(f"never drawn: {', '.join(missing) or 'none'}")
    lines += [f"refused {n} times: {text}" for text, n in refused.most_common(10)]
    lines.append(f"failing graphs: {', '.join(f'{i} ({kind})' for i, kind, _ in failures) or 'none'}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
