"""Text -> function. Tracebacks through it show the emitted lines, which `linecache` holds while it lives."""

from __future__ import annotations

import hashlib
import linecache
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import CodeType
from typing import Any

_LOCK = threading.RLock()  # re-entrant: the collector may call _forget anywhere
_USERS: dict[str, set[object]] = {}  # a token for each function alive, by file name
_BREAK = "\n\n\ndef "


Compiled = Callable[[str, str], list[CodeType]]


def load(source: str, name: str, filename: str = "", constants: Mapping[str, Any] | None = None,
         keep: Callable[[str, str, Compiled], list[CodeType]] | None = None) -> Callable[..., Any]:
    """The function `name` that `source` (text emitted here, never a user's) defines.

    `constants` are arrays that the text leaves out. The file name is made from a hash of
    the text unless it is given. `keep(source, filename, compiled)` may have the code already, and
    otherwise gets it from `compiled(source, filename)`.

    >>> load("def double(x):\\n    return x + x\\n", "double")(21)
    42
    """
    filename = filename or f"<graphc {name} {hashlib.sha256(source.encode()).hexdigest()[:12]}>"
    namespace: dict[str, Any] = {"__name__": f"graphc.{name}", **(constants or {})}
    for code in _compiled(source, filename) if keep is None else keep(source, filename, _compiled):
        exec(code, namespace)
    function: Callable[..., Any] = namespace[name]
    _remember(function, source, filename)
    return function


def _compiled(source: str, filename: str) -> list[CodeType]:
    """One code object for each function: compiled at once, a text of 100,000 lines takes 20 times the memory.

    The text is cut before each top-level `def`; docstrings are indented, so they hold none.
    """
    codes, line = [], 0
    head, *rest = source.split(_BREAK)
    for piece in (head, *("def " + r for r in rest)):
        code = compile(piece, filename, "exec", dont_inherit=True)
        codes.append(_moved(code, line))
        line += piece.count("\n") + 3
    return codes


def _moved(code: CodeType, by: int) -> CodeType:
    """The same code, `by` lines further down."""
    consts = tuple(_moved(c, by) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_firstlineno=code.co_firstlineno + by, co_consts=consts)


class _Lines(Sequence[str]):
    """The lines of a text, cut when somebody first asks for one: as a list they take its memory twice again."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: list[str] | None = None

    def _cut(self) -> list[str]:
        if self.lines is None:
            self.lines = self.text.splitlines(True)
        return self.lines

    def __len__(self) -> int:
        return len(self._cut())

    def __getitem__(self, i: Any) -> Any:
        return self._cut()[i]


def _remember(function: Callable[..., Any], source: str, filename: str) -> None:
    token = object()
    with _LOCK:
        users = _USERS.setdefault(filename, set())
        users.add(token)
        _USERS[filename] = users
        # No modification time: checkcache then leaves the entry alone.
        linecache.cache[filename] = (len(source), None, _Lines(source), filename)  # type: ignore[assignment]
    weakref.finalize(function, _forget, filename, token).atexit = False


def _forget(filename: str, token: object) -> None:
    with _LOCK:
        users = _USERS.get(filename, set())
        users.discard(token)
        if not users:
            _USERS.pop(filename, None)
            linecache.cache.pop(filename, None)
