"""Scopes: which layer or module of a model a node was made in. A mark for figures, no part of a node's identity."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from .errors import InputError

P = ParamSpec("P")
R = TypeVar("R")
LONGEST_TITLE = 80


class Instance:
    """One run of a scope: its title, and the run that it happened in. Two runs are never equal."""

    __slots__ = ("library", "parent", "title")

    def __init__(self, title: str, parent: Instance | None, library: bool) -> None:
        self.title, self.parent, self.library = title, parent, library

    @property
    def line(self) -> tuple[Instance, ...]:
        """From the outermost run to this one."""
        runs: list[Instance] = []
        run: Instance | None = self
        while run is not None:
            runs.append(run)
            run = run.parent
        return tuple(reversed(runs))

    @property
    def path(self) -> tuple[str, ...]:
        """Titles from the outermost scope to this one."""
        return tuple(run.title for run in self.line)

    def __repr__(self) -> str:
        return f"<scope {'/'.join(self.path)}>"


# Of one thread or task, as every context variable.
CURRENT: ContextVar[Instance | None] = ContextVar("graphc_scope", default=None)


class scope:
    """Marks the nodes made inside as one part of the model, which figures frame, fold or close.

    `with G.scope("layer 1"):` marks a block, `@G.scope("dense")` every call of a function, each as an
    instance of its own. Scopes nest. A node that exists already keeps the scope it was made in; neither
    values nor formulas nor code depend on it.

    Raises InputError for a title that is not a line of 1 to 80 printable characters.

    >>> import graphc as G
    >>> x, w = G.input("x"), G.param("w")
    >>> with G.scope("layer 1"):
    ...     h = G.tanh(w * x)
    >>> h.scope, (h + 1).scope
    (('layer 1',), ())
    """

    def __init__(self, title: str, *, _library: bool = False) -> None:
        if not isinstance(title, str) or not title.strip() or not title.isprintable() or len(title) > LONGEST_TITLE:
            raise InputError(f"scope: the title must be a line of 1 to {LONGEST_TITLE} printable characters, "
                             f"got {str(title)[:60]!r}")
        self.title, self._library = title.strip(), _library

    def __enter__(self) -> scope:
        CURRENT.set(Instance(self.title, CURRENT.get(), self._library))
        return self

    def __exit__(self, *_: object) -> None:
        run = CURRENT.get()
        CURRENT.set(None if run is None else run.parent)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def marked(*args: P.args, **kwargs: P.kwargs) -> R:
            with scope(self.title, _library=self._library):
                return function(*args, **kwargs)

        return marked


def module(title: str) -> Any:
    """A scope of the library's own: figures translate its title, and frame it only around several operations."""
    return scope(title, _library=True)
