"""The benchmarks at small sizes: hand-written versions and graphc agree, and plain NumPy with finite differences."""

from __future__ import annotations

import runpy
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent.parent / "benchmarks"
sys.path.insert(0, str(HERE))  # the benchmarks are programs, not a package

import harness  # noqa: E402
import run  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

CASES = [(name, dtype) for name in WORKLOADS for dtype in ("float64", "float32")]
HAND_WRITTEN = [(name, version) for name, (module, _) in WORKLOADS.items()
                for version in ("hand", *getattr(module, "VARIANTS", {}))]


def arrays_of(name: str, dtype: str = "float64") -> dict[str, Any]:
    module, sizes = WORKLOADS[name]
    return module.data(dtype, small=True, **sizes)


def expected_of(name: str, arrays: dict[str, Any]) -> list[Any]:
    wide = {k: np.asarray(v, np.float64)[()] for k, v in arrays.items()}
    return harness.numbers(WORKLOADS[name][0].plain(**wide)())


@pytest.mark.parametrize("name", WORKLOADS)
def test_plain_numpy_agrees_with_finite_differences(name: str) -> None:
    module, arrays = WORKLOADS[name][0], arrays_of(name)
    _, slopes = module.plain(**arrays)()
    rng = np.random.default_rng(0)
    # One random direction over all that is differentiated: a wrong entry anywhere shows.
    direction = {w: rng.normal(size=np.shape(arrays[w])) for w in module.WRT}
    expected = sum(float(np.sum(direction[w] * slope)) for w, slope in zip(module.WRT, slopes))

    def along(h: float) -> float:
        return float(module.plain(**{k: v + h * direction[k] if k in direction else v for k, v in arrays.items()})()[0])

    h = 1e-5
    assert (along(h) - along(-h)) / (2 * h) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("name", "version"), HAND_WRITTEN)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_hand_written_versions_agree(name: str, version: str, dtype: str) -> None:
    arrays = arrays_of(name, dtype)
    before = {k: np.array(v) for k, v in arrays.items()}
    call = harness.versions(WORKLOADS[name][0], arrays)[version]()
    expected = expected_of(name, arrays)
    for _ in range(2):  # buffers that a call leaves behind are no matter to the next one
        harness.agreement(version, harness.numbers(call()), expected, harness.TOLERANCE[dtype])
    for k, v in arrays.items():
        np.testing.assert_array_equal(v, before[k])


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_graphc_agrees(name: str, dtype: str) -> None:
    module, arrays = WORKLOADS[name][0], arrays_of(name, dtype)
    expected = expected_of(name, arrays)
    for raw in (False, True):
        with np.errstate(all="ignore"):
            got = harness.numbers(harness.ours(module, arrays, "numpy", raw=raw)())
        harness.agreement(name, got, expected, harness.TOLERANCE[dtype])
        assert {a.dtype.name for a in got} == {dtype}


@pytest.mark.parametrize("name", WORKLOADS)
def test_blocks_that_do_not_divide_the_size(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, arrays = WORKLOADS[name][0], arrays_of(name)
    for place, smaller in (("BLOCK", {"float64": 3}), ("ROWS", 2)):
        if hasattr(module, place):
            monkeypatch.setattr(module, place, smaller)
    got = harness.numbers(module.optimised(**arrays)())
    harness.agreement(name, got, expected_of(name, arrays), 1e-9)


def test_disagreement_is_seen() -> None:
    right = [np.array(2.0), np.array([1.0, -4.0])]
    assert harness.agreement("f", right, right, 1e-9) == 0.0
    with pytest.raises(AssertionError, match=r"f: result 1 is off by 2.5e-01, the tolerance is 1e-09"):
        harness.agreement("f", [right[0], np.array([2.0, -4.0])], right, 1e-9)
    with pytest.raises(AssertionError, match=r"f: result 1 is off by nan"):
        harness.agreement("f", [right[0], np.array([np.nan, -4.0])], right, 1e-9)
    with pytest.raises(AssertionError, match=r"f: result 1 has shape \(2, 1\), needs \(2,\)"):
        harness.agreement("f", [right[0], right[1][:, None]], right, 1e-9)
    with pytest.raises(AssertionError, match=r"f: 1 results, needs 2"):
        harness.agreement("f", right[:1], right, 1e-9)


def test_every_version_has_its_turn_and_the_order_rotates() -> None:
    turns: list[str] = []
    calls = {name: lambda name=name: turns.append(name) for name in "abc"}
    times = harness.interleaved(calls, rounds=3, sample=0.0, budget=60.0)
    assert {name: len(samples) for name, samples in times.items()} == {"a": 3, "b": 3, "c": 3}
    # A turn is a call to warm the caches and one that is timed.
    assert "".join(turns[-18:]) == "aabbcc" + "bbccaa" + "ccaabb"


def test_ratios_are_of_the_same_round() -> None:
    result = harness.Result("W", "", samples={"hand": [1.0, 2.0, 10.0], "graphc": [2.0, 4.0, 10.0]})
    assert result.ratio("graphc") == 2.0
    assert result.ratio("hand") == 1.0


def test_peak_memory_counts_buffers_and_results() -> None:
    def build(kept: int, temporary: int) -> harness.Call:
        buffer = np.empty(kept)
        return lambda: (buffer[0], np.empty(temporary))

    n = 1 << 17
    for kept, temporary in ((n, 8), (8, n), (n, n)):
        peak = harness.peak_bytes(lambda k=kept, t=temporary: build(k, t))
        assert peak == pytest.approx(8 * (kept + temporary), rel=0.02)


def test_peak_memory_of_a_compiled_version_leaves_out_its_first_call() -> None:
    n = 1 << 17
    own = threading.local()

    def build() -> harness.Call:
        kept: list[Any] = []

        def call() -> Any:
            if not kept:
                kept.append(np.empty(5 * n))  # what compiling takes, and keeps
            own.buffer = getattr(own, "buffer", None) or [np.empty(n)]
            return np.empty(2 * n)

        return call

    assert harness.warm_peak_bytes(build) == pytest.approx(8 * 3 * n, rel=0.02)


def test_several_numbers_of_threads_are_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def process(command: list[str], check: bool) -> SimpleNamespace:
        asked.append(command[2:])
        return SimpleNamespace(returncode=len(asked) - 1)

    monkeypatch.setattr(run.subprocess, "run", process)
    with pytest.raises(SystemExit) as exit:
        run.main(["W1", "--threads", "1", "2", "--small"])
    assert exit.value.code == 1  # the worst of them
    assert asked == [["W1", "--threads", "1", "2", "--small", "--threads", t] for t in ("1", "2")]
    assert run._parser().parse_args(asked[1]).threads == [2]


def test_a_row_of_growth_comes_from_a_process_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program.py"
    text = f"""import sys
sys.path.insert(0, {str(HERE)!r})
import scaling
scaling.main(__file__, "", ["squares"], lambda kind, n: [n, n * n, len(kind)], {{"N": ",.0f", "s": ".1f", "k": ".0f"}},
             ("N", "s"))
"""
    program.write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["program.py", "10", "1000"])
    runpy.run_path(str(program))
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows == [["N", "s", "k", "slope"], ["squares", "10", "100.0", "7"],
                    ["squares", "1,000", "1000000.0", "7", "2.00"]]


def test_a_wrong_version_is_not_timed_and_the_table_fails(monkeypatch: pytest.MonkeyPatch,
                                                          capsys: pytest.CaptureFixture[str]) -> None:
    module = WORKLOADS["W2"][0]
    plain = module.plain

    def wrong(**arrays: Any) -> harness.Call:
        return lambda: (plain(**arrays)()[0] + 1e-6, plain(**arrays)()[1])

    monkeypatch.setitem(module.__dict__, "VARIANTS", {"by a student": wrong})
    with pytest.raises(SystemExit) as exit:
        run.main(["W2", "--small", "--rounds", "1", "--without", *harness.PEERS, "numba"])
    assert exit.value.code == 1
    assert "W2 by a student: WRONG: W2 by a student: result 0 is off by" in capsys.readouterr().out


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    run.main(["W1", "W2", "--small", "--rounds", "1", "--markdown", "--memory", "--without", *harness.PEERS, "numba"])
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert [line.partition(" hand ")[0] for line in lines if " peak: " in line] == ["W1 peak:", "W2 peak:"]
    assert [row.split("|")[1].strip() for row in rows] == ["", "---", "W1", "W2"]
    head = [cell.strip() for cell in rows[0].split("|")]
    for row in rows[2:]:
        cells = dict(zip(head, (cell.strip() for cell in row.split("|"))))
        assert float(cells["plain"]) > 0
        assert float(cells["graphc"]) > 0
        assert cells["JAX"] == "-"
    with pytest.raises(SystemExit, match=r"no workload 'W0'; choose from W1, W2, W3, W3b16, W4, "):
        run.main(["W0"])
    with pytest.raises(RuntimeError, match="before NumPy is imported"):
        harness.pin(1)


def test_the_time_of_a_line_is_its_own() -> None:
    source = ("def inner(n):\n    for _ in range(n):\n        wait(1)\n    return n\n\n"
              "def f():\n    wait(3)\n    return inner(4)\n")
    now = [0.0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    found = harness.line_times(source, lambda names: names["f"], {"wait": wait}, seconds=0.0, clock=lambda: now[0])
    assert found[:2] == [(4.0, "wait(1)"), (3.0, "wait(3)")]
    assert sum(t for t, _ in found) == 7.0


@pytest.mark.parametrize("name", WORKLOADS)
def test_profiles_name_lines_of_both(name: str) -> None:
    module = WORKLOADS[name][0]
    found = harness.profiles(module, arrays_of(name))
    assert set(found) == {"hand", "graphc"}
    for lines in found.values():
        assert len(lines) > 2
        assert all(t >= 0 and text for t, text in lines)
