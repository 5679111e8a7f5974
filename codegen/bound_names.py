"""Loops with the functions of NumPy bound to names before them: a step then looks none of them up.

A step of a loop calls forty functions of a few microseconds each, so that what a call costs beside its arithmetic
counts: a name of the function is found sooner than an attribute of a module, and an operand by its place is taken
sooner than one by its name.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

import numpy as np

_LOOP = re.compile(r"^    for \w+ in .*:$", re.MULTILINE)
_CALL = re.compile(r"\bnp\.(\w+)\(")
_OUT = re.compile(r", out=")
_BY_NAME = {"maximum", "minimum"}  # NumPy wants to be told that their third operand is one
_OTHERS = frozenset({"dot"})  # beside the ufuncs


def bound_names(source: str) -> str:
    """The source of a function, its one loop calling ufuncs by names that are bound before it.

    >>> print(bound_names("def g(x):\\n    for t in range(9):\\n        x = np.add(x, 1.0, out=x)\\n    return x\\n"))
    def g(x):
        add = np.add
        for t in range(9):
            x = add(x, 1.0, x)
        return x
    <BLANKLINE>
    """
    found = list(_LOOP.finditer(source))
    if len(found) != 1:
        return source
    start, stop = found[0].start(), _end(source, found[0].end())
    head, loop, tail = source[:start], source[start:stop], source[stop:]
    names = [f for f in dict.fromkeys(_CALL.findall(loop)) if _known(f) and not re.search(rf"(?<!\.)\b{f}\b", source)]
    text = "\n".join(_aligned([_line(line, names) for line in loop.split("\n")]))
    lines = "".join(f"    {f} = np.{f}\n" for f in names)
    return f"{head}{lines}{text}{tail}"


def _end(source: str, start: int) -> int:
    """Where the lines that stand in the loop end."""
    for line in re.finditer(r"^(?!        )(?=.*\S)", source[start:], re.MULTILINE):
        if line.start():
            return start + line.start()
    return len(source)


def _line(line: str, names: Collection[str]) -> str:
    code, mark, comment = line.partition("  # ")
    calls = _CALL.findall(code)
    if not calls or not all(f in names for f in calls):
        return line
    if not _BY_NAME.intersection(calls):
        code = _OUT.sub(", ", code)  # the last operand of each of these is where it writes
    short = _CALL.sub(r"\1(", code)
    return f"{short.rstrip()}{mark}{comment}"


def _aligned(lines: list[str]) -> list[str]:
    """The lines with their comments below one another again."""
    parts = [line.partition("  # ") for line in lines]
    width = max([len(code.rstrip()) for code, mark, _ in parts if mark], default=0)
    return [f"{code.rstrip():<{width}}{mark}{comment}" if mark else line
            for line, (code, mark, comment) in zip(lines, parts)]


@cache
def _known(function: str) -> bool:
    """Whether the last operand of a function of NumPy, with all others there, is the array that it writes to."""
    found = getattr(np, function, None)
    return function in _OTHERS or (isinstance(found, np.ufunc) and found.nout == 1)
