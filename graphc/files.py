"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from os import PathLike

from .errors import InputError


def write_whole(path: str | PathLike[str], data: bytes) -> None:
    """Write `data` under `path`: a temporary file beside it, then one rename.

    Raises InputError naming the path when it cannot be written; what was there before stays.
    """
    target = os.fspath(path)
    folder = os.path.dirname(os.path.abspath(target))
    temporary = ""
    try:
        if os.path.isdir(target):
            raise IsADirectoryError(21, "it is a directory")
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".graphc-", suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except (OSError, ValueError) as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.remove(temporary)
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot write {target!r}: {reason}") from None


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
