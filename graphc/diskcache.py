"""Compiled code kept on disk: a text that was emitted before need not be compiled by Python again.

Off by default. `cache=True` keeps it in the user's own cache folder, `cache=path` in another; the environment variable
GRAPHC_CACHE does the same for every function (1, or a path). What is kept is what Python's own .pyc files hold, under
a hash of the emitted text and of the versions of Python, NumPy and graphc, so an entry never goes stale; the folder may
be deleted at any time. Such code runs when it is loaded, so the folder `graphc-code` must be the user's own and closed
to everybody else (0700), as it is made. An entry is written whole or not at all, and one that is damaged, or was not
written for this very text by this very Python, is made again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from types import CodeType

import numpy as np

from .errors import InputError
from .files import write_whole

Where = bool | str | os.PathLike[str] | None
Compiled = Callable[[str, str], list[CodeType]]

VARIABLE = "GRAPHC_CACHE"
_HEAD = b"graphc code 1\n"
_OFF = frozenset({"", "0", "no", "off", "false"})
_ON = frozenset({"1", "yes", "on", "true"})
_WHERE: ContextVar[Where] = ContextVar("graphc cache", default=None)


@contextmanager
def caching(where: Where) -> Iterator[None]:
    """Functions built inside keep their code: True, in the user's cache folder; a path, there; False, nowhere;
    None, as the environment says. Raises InputError for anything else, or a folder that is not safe to load from."""
    _folder(where)
    token = _WHERE.set(where)
    try:
        yield
    finally:
        _WHERE.reset(token)


def kept(source: str, filename: str, compiled: Compiled) -> list[CodeType]:
    """The code of an emitted text, from the disk where it is there, otherwise `compiled`, and then kept."""
    folder = _folder(_WHERE.get())
    if folder is None:
        return compiled(source, filename)
    key = hashlib.sha256("\0".join((_stamp(), filename, source)).encode()).digest()
    path = os.path.join(folder, f"{key.hex()[:40]}.code")
    codes = _read(path, key)
    if codes is None:
        codes = compiled(source, filename)
        data = marshal.dumps(codes)
        with suppress(InputError):  # a full disk is no reason to fail
            write_whole(path, b"".join((_HEAD, key, hashlib.sha256(data).digest(), data)))
    return codes


def _stamp() -> str:
    """What must be the same for code to be taken: the whole version of Python and how it compiles, NumPy and graphc."""
    graphc = sys.modules[__package__ or "graphc"]
    return "\n".join((sys.version, str(sys.implementation.cache_tag), importlib.util.MAGIC_NUMBER.hex(),
                      str(sys.flags.optimize), np.__version__, str(getattr(graphc, "__version__", ""))))


def _read(path: str, key: bytes) -> list[CodeType] | None:
    """The code at `path`; None where there is none, or none that was written whole for this key."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    start = len(_HEAD) + len(key)
    if data[:start] != _HEAD + key or hashlib.sha256(data[start + 32 :]).digest() != data[start : start + 32]:
        return None
    try:
        codes = marshal.loads(data[start + 32 :])
    except (ValueError, EOFError, TypeError):
        return None
    return codes if isinstance(codes, list) and all(isinstance(c, CodeType) for c in codes) else None


def _folder(where: Where) -> str | None:
    """The folder that is asked for, made where it is missing; None for no cache."""
    if where is None:
        asked = os.environ.get(VARIABLE, "").strip()
        where = False if asked.lower() in _OFF else True if asked.lower() in _ON else asked
    if where is False:
        return None
    if where is not True and not isinstance(where, (str, os.PathLike)):
        raise InputError(f"cache takes True, False or the path of a folder, got {type(where).__name__} {where!r:.60}")
    base = _home() if where is True else os.fspath(where)
    folder = os.path.join(base, "graphc-code")
    try:
        os.makedirs(base, exist_ok=True)
        with suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        found = os.lstat(folder)
    except (OSError, ValueError) as error:
        raise InputError(f"cache: cannot make the folder {folder!r}: "
                         f"{getattr(error, 'strerror', None) or error}") from None
    if not stat.S_ISDIR(found.st_mode):
        raise InputError(f"cache: {folder!r} is no folder; remove it, or give another path")
    if os.name == "posix" and (found.st_uid != os.geteuid() or found.st_mode & 0o077):
        raise InputError(f"cache: the folder {folder!r} belongs to user {found.st_uid} with permissions "
                         f"{stat.S_IMODE(found.st_mode):04o}; code is only loaded from a folder of one's own (user "
                         f"{os.geteuid()}) with 0700: chmod 700 it, or give another path")
    return folder


def _home() -> str:
    """Where programs of this system keep what they can make again."""
    if sys.platform == "win32":
        return os.environ.get("LOCALAPPDATA") or os.path.expanduser("~")
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Caches")
    return os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
