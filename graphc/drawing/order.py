"""Which item stands before which in its rank: decided by Graphviz where there is one, else by our own sweeps.

Graphviz is given fixed-size boxes without text, so no font matters, and is asked for the order alone; its
order is drawn where it crosses fewer wires than our own. Every engine's figure then gets its coordinates in
the same way, so the engines differ in crossings only.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

from ..errors import InputError, choose
from .layout import Chart, crossings, order, out_of_order

CLOCK = 15.0  # seconds that Graphviz may take before our own layout draws
IN_PROCESS = 300  # items; above this Graphviz runs in a process that can be stopped
FOR_GRAPHVIZ = 3000  # items; above this it would only run out its clock

# Reads DOT on standard input, writes one line "name x y" a node.
_WORKER = """
import sys, pygraphviz
g = pygraphviz.AGraph(string=sys.stdin.read())
g.layout(prog="dot")
for n in g.nodes():
    print(n, *n.attr["pos"].split(","))
"""


class Unavailable(Exception):
    """This engine cannot run here, or took too long; the text says why."""


def order_by(c: Chart, engine: str | None = None) -> str:
    """Order the ranks of a chart in place; returns the name of the engine that did.

    `engine` forces one of "pygraphviz", "dot" and "own". Raises InputError for another name, or when the
    forced engine cannot run here. Without it they are tried in that order.
    """
    if engine is not None and engine not in ENGINES:
        raise choose("layout engine", engine, ENGINES)
    for name in [engine] if engine else list(ENGINES):
        if not engine and name != "own" and len(c.items) > FOR_GRAPHVIZ:
            continue
        try:
            ENGINES[name](c)
        except Unavailable as error:
            if engine:
                raise InputError(f"layout engine {engine!r} cannot run here: {error}") from None
            continue
        return name
    raise AssertionError("our own layout is always available")


def _by_pygraphviz(c: Chart) -> None:
    text, names = layered_dot(c)
    if len(names) > IN_PROCESS:
        if getattr(sys, "frozen", False) or not sys.executable:
            raise Unavailable("no Python to run it in a process of its own")
        lines = _run([sys.executable, "-c", _WORKER], text).splitlines()
        _adopt(c, names, {n: float(x) for n, x, _ in (line.split() for line in lines)})
        return
    try:
        import pygraphviz
    except (ImportError, OSError) as error:  # a missing wheel, or system libraries that it needs
        raise Unavailable(str(error)) from None
    try:
        graph = pygraphviz.AGraph(string=text)
        graph.layout(prog="dot")
        places = {str(n): float(n.attr["pos"].split(",")[0]) for n in graph.nodes()}
    except (OSError, ValueError, RuntimeError) as error:
        raise Unavailable(str(error)) from None
    _adopt(c, names, places)


def _by_dot(c: Chart) -> None:
    text, names = layered_dot(c)
    try:
        from graphviz.backend import DOT_BINARY
    except ImportError as error:
        raise Unavailable(str(error)) from None
    rows = [line.split() for line in _run([str(DOT_BINARY), "-Tplain"], text).splitlines()]
    _adopt(c, names, {row[1]: float(row[2]) for row in rows if row and row[0] == "node"})


def _run(command: list[str], text: str) -> str:
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=CLOCK, check=True)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"no layout within {CLOCK:g} s") from None
    except FileNotFoundError:
        raise Unavailable(f"there is no program {command[0]!r} on the PATH; install Graphviz, or leave the engine "
                          "out: another will draw") from None
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable(str(error)) from None
    return done.stdout


def layered_dot(c: Chart) -> tuple[str, dict[str, str]]:
    """The chart for dot, ranks downwards and text nowhere; and the item of each of its node names."""
    keys = [k for rank in c.ranks for k in rank]
    name = {k: f"n{i}" for i, k in enumerate(keys)}
    lines = ["digraph {", 'graph [nodesep=0.15, ranksep=0.3, nslimit=4, splines=false]',
             'node [shape=box, label="", fixedsize=true, height=0.1]', "edge [arrowhead=none]"]
    for rank in c.ranks:
        boxes = "".join(f"{name[k]} [width={_inches(c, k):.3f}]; " for k in rank)
        lines.append(f"{{ rank=same; {boxes}}}")
    lines += [f"{name[a]} -> {name[b]} [weight={max(1, round(w))}]" for a, b, w in c.links]
    return "\n".join([*lines, "}"]), {n: k for k, n in name.items()}


def _inches(c: Chart, key: str) -> float:
    extent = c.items[key].extent
    return (extent.low + extent.high) / 72


def _adopt(c: Chart, names: dict[str, str], places: dict[str, float]) -> None:
    """Take over Graphviz's order where it crosses fewer wires than our own, which keeps operands in order.

    Graphviz does not know up from down: its order is turned round if that agrees better with ours.
    """
    at = {names[n]: x for n, x in places.items() if n in names}
    if len(at) < len(names):
        raise Unavailable("it returned no positions")
    drawn = replace(c, ranks=[sorted(rank, key=lambda k: at[k]) for rank in c.ranks])
    order(c)
    if crossings(drawn) < crossings(c):
        turned = [rank[::-1] for rank in drawn.ranks]
        c.ranks = min(drawn.ranks, turned, key=lambda ranks: (_numbered(c, ranks), _disagreements(c.ranks, ranks)))


def _numbered(c: Chart, ranks: list[list[str]]) -> int:
    return out_of_order(c, {k: i for rank in ranks for i, k in enumerate(rank)})


def _disagreements(before: list[list[str]], after: list[list[str]]) -> int:
    count = 0
    for old, new in zip(before, after):
        place = {k: i for i, k in enumerate(new)}
        if len(old) <= 60:  # enough to decide which way up
            count += sum(place[a] > place[b] for a, b in combinations(old, 2))
    return count


ENGINES: dict[str, Callable[[Chart], None]] = {"pygraphviz": _by_pygraphviz, "dot": _by_dot, "own": order}
