"""A class of submissions, right, wrong, hostile and empty, graded by `graphc grade`: time, memory, verdicts.

    python benchmarks/grading.py [--students 1000] [--workers 2] [--timeout S] [--memory MB] [--keep DIR]

Each student has numbers of their own and gives four answers. What an answer is meant to be is known here, so a right
answer marked wrong, or a wrong one marked right, is counted; both counts must be 0. Memory is that of the
command and of the largest of the processes that it starts, in the four quarters of the run (Linux).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import graphc as G

EXAM = """title = "Back-propagation by hand"
function = "w3*relu(z)"
output = "f"
[define]
z = "w1*x1 + w1*x2 + b"
[point]
b = -1
[random]
x1 = [1, 4]
x2 = { from = -3, to = 3, except = [0] }
w1 = { choose = [1, 2, 3] }
w3 = [-4, 4]
[[question]]
ask = "value"
of = ["z", "f"]
[[question]]
ask = "gradient"
wrt = "w1"
[[question]]
ask = "formula"
wrt = "w1"
"""
KEYS = ("q1.z", "q1.f", "q2.w1", "q3.w1")
RIGHT = ("w3*(x1+x2)*1[z>0]", r"\frac{\partial f}{\partial w_1} = w_3 (x_1+x_2) \mathbb{1}_{z>0}",
         "w3*x1*H(z) + w3*x2*H(z)", "relu'(z)*(x1+x2)*w3", "w3*(x1+x2)*max(0,z)/z")
WRONG = ("w3*x1*1[z>0]", "w3*(x1+x2)", "(x1+x2)*1[z>0]", "-w3*(x1+x2)*1[z>0]", "w3*(x1+x2)*1[z<0]", "w3*relu(z)",
         "2*w3*(x1+x2)*1[z>0]", "w3*w1*1[z>0]", "x1 + x2")
HOSTILE = ("__import__('os').system('touch x')", "9^9^9^9", "((9**9)**9999)**9999", "(10**8)!", "1e999999999",
           "(" * 3000, "\\binom{10^9}{5}", "x" * 5000, "{x:1}", "lambda: 0", "=cmd()|' /C calc'!A0",
           "<script>alert(1)</script>", "\u202ew3", "exp(exp(exp(exp(9))))", "e^{" * 60, "+".join(["w1"] * 4000),
           "1" * 6000, "(" + "x1*" * 900 + "x1)")


def submission(e: G.Exercise, name: str, draw: random.Random) -> tuple[dict[str, str], dict[str, str]]:
    """Answers of one student, and what each is meant to be."""
    numbers = e.numbers(name)
    right = [str(a.value) for q in e.questions[:2] for a in e.answers(q, numbers)]
    texts, meant = {}, {}
    for i, key in enumerate(KEYS):
        kind = draw.choices(("right", "wrong", "hostile", "empty"), (60, 30, 5, 5))[0]
        formula = key == "q3.w1"
        texts[key] = {"right": draw.choice(RIGHT) if formula else right[min(i, 2)],
                      "wrong": draw.choice(WRONG) if formula else str(Fraction(right[min(i, 2)]) + draw.randint(1, 5)),
                      "hostile": draw.choice(HOSTILE), "empty": ""}[kind]
        meant[key] = kind
    return texts, meant


def memory_of(pid: int) -> int:
    """Resident bytes of a process, 0 where it is gone."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def below(pid: int) -> list[int]:
    """All processes that a process has started, and theirs."""
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
        found = [int(c) for t in tasks for c in Path(f"/proc/{pid}/task/{t}/children").read_text().split()]
    except OSError:
        return []
    return found + [inner for child in found for inner in below(child)]


class Memory(threading.Thread):
    """Looks at a process and those below it, twenty times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.seen, self.ended = pid, [], threading.Event()  # type: tuple[int, list[tuple[int, int]], Any]

    def run(self) -> None:
        while not self.ended.wait(0.05):
            self.seen.append((memory_of(self.pid), max([0, *map(memory_of, below(self.pid))])))

    def quarters(self) -> list[tuple[float, float]]:
        """The largest of each quarter, in MB."""
        n = len(self.seen)
        parts = [self.seen[i * n // 4 : (i + 1) * n // 4] or [(0, 0)] for i in range(4)]
        return [(max(a for a, _ in p) / 2**20, max(b for _, b in p) / 2**20) for p in parts]


def run(folder: Path, options: argparse.Namespace) -> tuple[float, Memory, dict[str, Any]]:
    command = [sys.executable, "-m", "graphc", "grade", "exam.toml", "answers", "-o", "report", "--json", "--workers",
               str(options.workers), "--timeout", str(options.timeout), "--memory", str(options.memory)]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    memory = Memory(process.pid)
    memory.start()
    out, _ = process.communicate()
    memory.ended.set()
    memory.join()
    if process.returncode not in (0, 2):
        raise SystemExit(f"graphc grade ended with {process.returncode}: {out}")
    return time.perf_counter() - start, memory, json.loads((folder / "report" / "report.json").read_text("utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=10.0)
    parser.add_argument("--memory", type=int, default=512)
    parser.add_argument("--keep", metavar="DIR", help="leave everything there to be looked at")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.keep or temporary).absolute()
        print_all(folder, options)


def print_all(folder: Path, options: argparse.Namespace) -> None:
    meant = hand_in(folder, options.students)
    seconds, memory, report = run(folder, options)
    print(f"{options.students} submissions of {len(KEYS)} answers by {options.workers} workers: {seconds:.1f} s, "
          f"{1000 * seconds * options.workers / options.students / len(KEYS):.1f} ms of a worker an answer")
    for i, (command, largest) in enumerate(memory.quarters(), 1):
        print(f"  quarter {i}: the command {command:.0f} MB, the largest process below it {largest:.0f} MB")
    table = Counter((meant[s["student"]][key], part["status"]) for s in report["students"]
                    for key, part in s["parts"].items())
    for kind in ("right", "wrong", "hostile", "empty"):
        print(f"  {kind:8}", ", ".join(f"{n} {status}" for (k, status), n in sorted(table.items()) if k == kind))
    print(f"  right answers marked wrong: {table['right', 'wrong']}, wrong answers marked right: "
          f"{table['wrong', 'correct']} (both must be 0)")
    again, _, _ = run(folder, options)
    print(f"  a second run, with nothing to grade: {again:.1f} s")


def hand_in(folder: Path, students: int) -> dict[str, dict[str, str]]:
    """Write the exercise and a file a student; what is meant, by student."""
    (folder / "answers").mkdir(parents=True, exist_ok=True)
    (folder / "exam.toml").write_text(EXAM, "utf-8")
    e, draw, meant = G.Exercise.loads(EXAM), random.Random(1), {}
    for i in range(students):
        name = f"student-{i:04d}"
        texts, meant[name] = submission(e, name, draw)
        (folder / "answers" / f"{name}.json").write_text(json.dumps(texts), "utf-8")
    return meant


if __name__ == "__main__":
    main()
