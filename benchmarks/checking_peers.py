"""What others say of the same pairs: SymPy's simplify, Math-Verify, and sampling as quizzes do it.

Each gets the answer and a right one as the formulas that we read, written as SymPy expressions by walking our trees:
none has to read the text, and each runs on trusted text alone, our own traps and the corpus.
"""

from __future__ import annotations

import importlib.util
import math
import random
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

SECONDS = 10  # for one answer; simplify may take minutes
POINTS, TOLERANCE = 5, 1e-3  # the defaults of Numbas: five points between 0 and 1, an absolute difference below 0.001


class TooSlow(Exception):
    """An answer took longer than its seconds."""


@dataclass
class Score:
    """How often a peer was right, took a wrong answer, refused a right one, or had nothing to say."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def note(self, right: bool, said: bool | None, seconds: float) -> None:
        self.counts["none" if said is None else "right" if said == right else "accepted" if said else "refused"] += 1
        self.seconds.append(seconds)


# -- the peers --------------------------------------------------------------------------------------------------


def simplify(answer: Any, truth: Any, chance: random.Random) -> bool:
    import sympy

    return bool(sympy.simplify(answer - truth) == 0)


def math_verify(answer: Any, truth: Any, chance: random.Random) -> bool:
    from math_verify import verify

    return bool(verify([truth], [answer], timeout_seconds=None))


def sampling(answer: Any, truth: Any, chance: random.Random) -> bool | None:
    import sympy

    names = sorted(answer.free_symbols | truth.free_symbols, key=str)
    both = [sympy.lambdify(names, side, modules=["scipy", "math"] if importlib.util.find_spec("scipy") else "math")
            for side in (answer, truth)]
    for _ in range(POINTS):
        point = [chance.random() for _ in names]
        got, need = (float(side(*point)) for side in both)
        if not math.isfinite(got) or abs(got - need) > TOLERANCE:
            return False
    return True


PEERS: dict[str, tuple[str | None, Callable[[Any, Any, random.Random], bool | None]]] = {
    "SymPy simplify(a - b) == 0": ("sympy", simplify), "Math-Verify": ("math-verify", math_verify),
    "sampling, 5 points in [0, 1]": (None, sampling)}


# -- our trees as SymPy -----------------------------------------------------------------------------------------


def to_sympy(root: Any) -> Any:
    """A tree of ours as a SymPy expression over real symbols. Iterative, each node once."""
    import sympy

    from graphc.checking.reading.tree import nodes

    done: dict[int, Any] = {}
    for node in nodes(root):
        done[id(node)] = _node(sympy, node, [done[id(a)] for a in node.args])
    return done[id(root)]


def _node(sp: Any, node: Any, args: list[Any]) -> Any:
    from graphc.checking.reading import functions

    head, value = node.head, node.value
    if head in ("call", "prime") and (head == "prime" or value in functions.DEFINED):
        table = functions.PRIMES if head == "prime" else functions.DEFINED
        return to_sympy(table[str(value)](*node.args))
    simple: dict[str, Callable[..., Any]] = {
        "add": sp.Add, "mul": sp.Mul, "pow": sp.Pow, "neg": lambda a: -a, "div": lambda a, b: a / b, "and": sp.And,
        "or": sp.Or, "not": sp.Not, "ind": lambda c: sp.Piecewise((1, c), (0, True)),
        "where": lambda c, a, b: sp.Piecewise((a, c), (b, True))}
    if head in simple:
        return simple[head](*args)
    if head == "num":
        return sp.Rational(value.numerator, value.denominator)
    if head == "sym":
        return sp.Symbol(str(value), real=True)
    if head == "const":
        return sp.pi if value == "pi" else sp.E
    if head == "rel":
        relations = {"<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge, "==": sp.Eq, "!=": sp.Ne}
        return relations[value](*args)
    named = {"abs": sp.Abs, "max": sp.Max, "min": sp.Min, "cbrt": sp.real_root, "lgamma": sp.loggamma}
    return named[value](*args, 3) if value == "cbrt" else named.get(value, getattr(sp, str(value), None))(*args)


# -- the comparison ---------------------------------------------------------------------------------------------


def pairs(rows: Sequence[Any]) -> Iterator[tuple[Any, Any, Any]]:
    """Row, answer and a right answer as SymPy expressions; rows of arrays and of what SymPy has not are left out."""
    from checking import leaves_of

    import graphc as G
    from graphc.checking.deciding.from_graph import NoScalarForm, trees
    from graphc.checking.reading.parse import parse
    from graphc.checking.reading.tree import number_like

    for row in rows:
        if row.shapes or row.part not in ("traps", "STACK"):
            continue
        leaves = leaves_of(row)
        try:
            answer = parse(row.answer, list(leaves)).links[0]
            if row.reference:
                truth = parse(row.reference, list(leaves)).links[0]
            else:
                gradient = G.gradients(G.parse(row.function, defines=leaves), [leaves[row.variable]])[0]
                truth = number_like(trees([gradient])[gradient])
            yield row, to_sympy(number_like(answer)), to_sympy(truth)
        except (G.GraphcError, NoScalarForm, TypeError):
            continue


@contextmanager
def hurried() -> Iterator[None]:
    """TooSlow after the seconds of one answer, where the system has alarms."""
    def ring(*_: Any) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def report(rows: Sequence[Any], ours: Mapping[int, Any]) -> str:
    """A table: each peer on our traps and on the STACK rows, with graphc on the same pairs."""
    present = {name: (package, run) for name, (package, run) in PEERS.items()
               if package is None or importlib.util.find_spec(package.replace("-", "_"))}
    scores: dict[tuple[str, str], Score] = {}
    for row, answer, truth in pairs(rows):
        outcome = ours[id(row)]
        said = {"correct": True, "wrong": False}.get(outcome.status)
        scores.setdefault((row.part, "graphc"), Score()).note(row.right, said, outcome.seconds)
        for name, (_, run) in present.items():
            verdict, seconds = _asked(run, answer, truth)
            scores.setdefault((row.part, name), Score()).note(row.right, verdict, seconds)
    versions = ", ".join(f"{package} {version(package)}" for package, _ in present.values() if package)
    absent = [name for name in PEERS if name not in present]
    lines = [f"peers: {versions}" + (f"; not installed: {', '.join(absent)}" if absent else ""),
             f"{'':38}  pairs  right  wrong accepted  right refused  no verdict  median ms   max ms"]
    for (part, name), score in sorted(scores.items(), key=lambda item: item[0][0]):
        c, times = score.counts, score.seconds
        lines.append(f"{part + ': ' + name:38}  {c.total():5}  {c['right']:5}  {c['accepted']:14}  {c['refused']:13}  "
                     f"{c['none']:10}  {1e3 * statistics.median(times):9.1f}  {1e3 * max(times):7.0f}")
    return "\n".join(lines)


def _asked(run: Callable[[Any, Any, random.Random], bool | None], answer: Any, truth: Any) -> tuple[bool | None, float]:
    start = time.process_time()
    try:
        with hurried():
            said = run(answer, truth, random.Random(1))
    except Exception:  # a peer that raises, or takes too long, has no verdict
        said = None
    return said, time.process_time() - start
