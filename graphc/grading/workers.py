"""The processes that grade, from the side of the command: jobs out, results in, and what is lost is done again.

A job that ends early has one culprit, the item begun last: it gets the reason, and the job is sent again without it,
until the rest is done. So an item that hangs, dies or eats memory costs itself alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from ..errors import GraphcError
from .limits import reason_of, wall_clock
from .server import LONGEST

START = 120.0  # seconds that a process may take to be ready, on a busy machine
SLACK = 10.0
# A worker begins apart from the surroundings of the command: a module that lies beside the answers is never imported.
PROGRAM = ("import json, sys; settings = json.loads(sys.stdin.buffer.readline()); sys.path[:] = settings['path']; "
           "from graphc.grading.server import serve; serve(settings)")


class Stopped(Exception):
    """The work was broken off."""


@dataclass(frozen=True)
class Failure:
    """Why an item has no value: "time", "memory", "size", "signal SIGKILL", "error TypeError"."""

    reason: str


class Worker:
    """One process, started when it is first needed and again whenever it ends."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self.late = False

    def ask(self, job: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The messages about a job; the last one has the key `end`."""
        process = self.process or self._start()
        try:
            assert process.stdin
            process.stdin.write(_line(job))
            process.stdin.flush()
        except OSError:  # it died since its last job: the next one begins anew
            self.stop()
            process = self._start()
            assert process.stdin
            process.stdin.write(_line(job))
            process.stdin.flush()
        # A server that forks keeps the time itself; the wall clock here is for the case that it cannot.
        patience = wall_clock(self.settings["timeout"]) + (SLACK if self.settings["fork"] else 0.0)
        while True:
            message = self._next(process, patience)
            yield message
            if "end" in message:
                if not self.settings["fork"] and message["end"] != "done":
                    self.stop()  # what is left of it may have no memory
                return

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        process = subprocess.Popen([sys.executable, "-I", "-c", PROGRAM], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, env=environment, start_new_session=True)
        self.process = process
        with contextlib.suppress(OSError):
            assert process.stdin
            process.stdin.write(_line(self.settings))
            process.stdin.flush()
        first = self._next(process, START)
        if "ready" not in first:
            self.stop()
            raise GraphcError(f"a process to grade in could not be started ({first['end']})")
        return process

    def _next(self, process: subprocess.Popen[bytes], patience: float) -> dict[str, Any]:
        """Its next message; `end` where it has ended or is not heard of any more."""
        assert process.stdout
        self.late = False
        clock = threading.Timer(patience, self._give_up, [process])
        clock.daemon = True
        clock.start()
        try:
            line = process.stdout.readline(LONGEST + 1)
        finally:
            clock.cancel()
        if line.endswith(b"\n"):
            message: dict[str, Any] = json.loads(line)
            return message
        late = self.late
        code = self.stop()
        return {"end": "size" if line else "time" if late else reason_of(code)}

    def _give_up(self, process: subprocess.Popen[bytes]) -> None:
        self.late = True
        process.kill()

    def stop(self) -> int:
        """End the process; its exit status."""
        process, self.process = self.process, None
        if process is None:
            return 0
        with contextlib.suppress(OSError):
            assert process.stdin
            process.stdin.close()  # an idle one ends by itself
        for end in (process.terminate, process.kill):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
                break
            end()  # a busy one ends its child before itself
        code = process.wait()
        if process.stdout:
            process.stdout.close()
        return code


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode("ascii") + b"\n"


def done_by(worker: Worker, job: Mapping[str, Any], stopping: threading.Event) -> dict[str, Any]:
    """A value or a Failure for each of the items of a job. Raises Stopped.

    A job with `most_lost` is given up when so many of its items are lost: what comes after them is not begun.
    """
    failed: dict[str, Any] = {}
    found: dict[str, Any] = {}
    while True:
        left = [i for i in job["items"] if i not in failed]
        found, begun, end = {}, "", "done"
        for message in worker.ask({**job, "items": left, "skip": list(failed)}):
            if stopping.is_set():
                raise Stopped
            if "item" in message:
                found[message["item"]] = message["value"]
            begun = message.get("begin", begun)
            end = message.get("end", end)
        lost = [i for i in left if i not in found]
        if end == "done" or not lost:
            return {**found, **{i: Failure("error missing") for i in lost}, **failed}
        culprit = begun if begun in lost else lost[0]
        failed[culprit] = Failure(end)
        if len(failed) == job.get("most_lost"):
            failed.update({i: Failure("given_up") for i in left[left.index(culprit) + 1 :]})


class Pool:
    """`workers` processes. `each(jobs)` gives (job, its items' values) as they are done; close it when all is done."""

    def __init__(self, settings: Mapping[str, Any], workers: int) -> None:
        self.workers = [Worker({**settings, "path": sys.path}) for _ in range(workers)]
        self.idle: queue.LifoQueue[Worker] = queue.LifoQueue()  # one that has started is taken first
        for worker in self.workers:
            self.idle.put(worker)
        self.stopping = threading.Event()
        self.threads = ThreadPoolExecutor(workers)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for worker in self.workers:
            if worker.process:
                worker.process.terminate()
        self.threads.shutdown(cancel_futures=True)
        for worker in self.workers:
            worker.stop()

    def each(self, jobs: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], dict[str, Any]]]:
        """In the order in which they end; only as many as are at work are taken from `jobs` ahead of time."""
        waiting: set[Future[tuple[Mapping[str, Any], dict[str, Any]]]] = set()
        for job in jobs:
            waiting.add(self.threads.submit(self._one, job))
            while len(waiting) >= 2 * len(self.workers):
                ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (f.result() for f in ended)
        while waiting:
            ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (f.result() for f in ended)

    def _one(self, job: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Any]]:
        worker = self.idle.get()
        try:
            if self.stopping.is_set():
                raise Stopped
            return job, done_by(worker, job, self.stopping)
        finally:
            self.idle.put(worker)
