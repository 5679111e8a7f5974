"""graphc beside hand-written NumPy and its peers, on nine workloads: value and gradients of a loss.

    python benchmarks/run.py [W1 W3 ...] [--dtype float32] [--threads 1 2] [--rounds N] [--memory] [--small]
                             [--markdown] [--profile]

Everything runs in one process, the versions taking turns, and agreement of the value and of every gradient with plain
NumPy in float64 is asserted before anything is timed. Figures are times over that of the hand-optimised NumPy in the
same round (median over rounds; below 1 is faster); with one thread a time is that of the processor. "graphc" is the
checked call, "raw" the emitted function itself; "-" is a version that is absent, with the reason below the table.
"first" is the time from the declaration to the first result; "peak" the memory of a call, buffers included; with
--memory that of every version whose arrays NumPy makes. For several numbers of threads there is a table for each. With
--profile: where the time goes, line by line. Exit status 1: a version of ours fails, or one gives wrong values.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
COLUMNS = {"plain": "plain", "graphc": "graphc", "raw": "graphc raw", "scalar": "scalar", "scalar raw": "scalar raw",
           "numba": "numba", "autograd": "autograd", "PyTorch": "PyTorch", "JAX": "JAX", "PyTensor": "PyTensor"}
PEAKS = ("hand", "graphc", "plain", "numba", "autograd")
PACKAGES = ("numpy", "numba", "autograd", "torch", "jax", "pytensor")


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    import harness

    if len(options.threads) > 1:  # libraries read their number of threads once in a process
        raise SystemExit(max(_with_threads(t, sys.argv[1:] if arguments is None else arguments)
                             for t in options.threads))
    [threads] = options.threads
    if arguments is None:  # a program of its own; a caller in Python has NumPy already
        harness.pin(threads)
    from workloads import WORKLOADS

    names = options.workloads or list(WORKLOADS)
    unknown = [n for n in names if n not in WORKLOADS]
    if unknown:
        raise SystemExit(f"no workload {unknown[0]!r}; choose from {', '.join(WORKLOADS)}")
    # On one core processor time is the time of a call, whatever else the machine does; threads need the wall clock.
    clock, pause = (time.process_time, 0.0) if threads == 1 else (time.perf_counter, 0.06)
    if options.profile:
        for name in names:
            module, sizes = WORKLOADS[name]
            found = harness.profiles(module, module.data(options.dtype, options.small, **sizes), clock)
            print("\n".join(_profile(name, found, options.lines)), flush=True)
        return
    _warm_up()
    lines = _head(options.markdown)
    print("\n".join([*_about(options), "", *lines]), flush=True)
    notes: list[str] = []
    for name in names:
        module, sizes = WORKLOADS[name]
        arrays = module.data(options.dtype, options.small, **sizes)
        result = harness.measure(name, module, arrays, rounds=options.rounds, budget=options.budget,
                                 without=tuple(options.without), clock=clock, pause=pause,
                                 peaks=PEAKS if options.memory else PEAKS[:2])
        print(_row(result, options.markdown), flush=True)
        notes += _notes(result) + ([_peaks(result)] if options.memory else [])
    print("\n".join(["", *_titles(names, WORKLOADS), "", *dict.fromkeys(notes)]))
    if any("WRONG: " in note or "FAILED: " in note for note in notes):
        raise SystemExit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", metavar="W", help="W1 ... W9, W3b16, W5a; all by default")
    parser.add_argument("--dtype", choices=("float64", "float32"), default="float64")
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--budget", type=float, default=12.0, help="seconds of timing for a workload, about")
    parser.add_argument("--without", nargs="*", default=(), metavar="VERSION", help="leave out, e.g. PyTensor")
    parser.add_argument("--memory", action="store_true", help="peak memory of more versions, below the table")
    parser.add_argument("--small", action="store_true", help="tiny sizes, to try the versions themselves")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--profile", action="store_true", help="lines and their times instead of the table")
    parser.add_argument("--lines", type=int, default=15, help="lines of a profile")
    return parser


def _with_threads(count: int, arguments: list[str]) -> int:
    """The table for this number of threads, from a process of its own: its exit status."""
    command = [sys.executable, __file__, *arguments, "--threads", str(count)]  # the last --threads counts
    status = subprocess.run(command, check=False).returncode
    print(flush=True)
    return status


def _warm_up() -> None:
    """What is imported at first use is no part of the first workload's first call."""
    import graphc as G

    x = G.param("x", 2)
    G.value_and_grad(G.sum(G.tanh(x)), [x])([1.0, 2.0])


# -- the table -------------------------------------------------------------------------------------------


def _about(options: argparse.Namespace) -> list[str]:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    threads = f"{options.threads[0]} thread{'s' if options.threads[0] > 1 else ''}"
    return [f"{options.dtype}, {threads}{', small sizes' if options.small else ''}; {_processor()}, "
            f"Python {platform.python_version()}, {', '.join(found)}"]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _head(markdown: bool) -> list[str]:
    cells = ["", "hand", *COLUMNS, "first", "peak (hand)"]
    if markdown:
        return [f"| {' | '.join(cells)} |", "|---" * len(cells) + "|"]
    return [_padded(cells)]


def _row(result: Any, markdown: bool) -> str:
    cells = [result.name, seconds(result.time())]
    cells += [f"{result.ratio(v):.2f}" if v in result.samples else "-" for v in COLUMNS.values()]
    cells.append(seconds(result.first["graphc"]) if "graphc" in result.first else "-")
    peaks = [memory(result.peak[k]) if k in result.peak else "-" for k in ("graphc", "hand")]
    cells.append(f"{peaks[0]} ({peaks[1]})")
    return f"| {' | '.join(cells)} |" if markdown else _padded(cells)


def _profile(name: str, found: dict[str, list[tuple[float, str]]], count: int) -> list[str]:
    rows = []
    for whose, lines in found.items():
        total = sum(t for t, _ in lines)
        rows.append(f"{name} {whose}: {seconds(total)}, {len(lines)} lines")
        rows += [f"{100 * t / total:5.1f}% {seconds(t):>9}  {line[:150]}" for t, line in lines[:count]]
    return [*rows, ""]


def _padded(cells: list[str]) -> str:
    return f"{cells[0]:6}" + "".join(f"{cell:>11}" for cell in cells[1:-1]) + f"{cells[-1]:>22}"


def _notes(result: Any) -> list[str]:
    rows = [f"{result.name} {k}: {result.ratio(k):.2f}" for k in result.samples
            if k not in COLUMNS.values() and k != "hand"]
    common = ("not installed", "arrays")
    rows += [f"{k}: {why}" if why == "not installed" else f"{result.name} {k}: {why}"
             for k, why in result.absent.items() if why not in common[1:]]
    return rows


def _peaks(result: Any) -> str:
    """Peak memory of the versions of which it was measured."""
    return f"{result.name} peak: " + ", ".join(f"{k} {memory(v)}" for k, v in result.peak.items())


def _titles(names: list[str], workloads: dict[str, Any]) -> list[str]:
    sizes = {n: ", ".join(f"{k} {v}" for k, v in workloads[n][1].items()) for n in names}
    return [f"{n}: {workloads[n][0].TITLE}{', ' + sizes[n] if sizes[n] else ''}" for n in names]


def seconds(s: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if s >= size:
            return f"{s / size:.3g} {unit}"
    return f"{s / 1e-9:.0f} ns"


def memory(n: float) -> str:
    return f"{n / 2**20:.1f} MiB" if n >= 2**20 else f"{n / 2**10:.1f} KiB"


if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parent)]
    main()
