"""Models in Python files: they are run, so only where the caller says that the file is trusted."""

from __future__ import annotations

import os
import re
import runpy
from typing import Any

from .errors import GraphcError, InputError
from .ir import Expr

PLACE = re.compile(r"(.+\.py):(\w+)")


def load_model(path: str, name: str) -> Expr:
    """The Expr called `name` that the Python file declares. The file is run.

    Raises InputError when there is no such file or graph, or the file fails.
    """
    if not os.path.isfile(path):
        raise InputError(f"no file {path!r}")
    try:
        found = runpy.run_path(path, run_name="graphc_model")
    except GraphcError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(f"{path} could not be run: {type(error).__name__}: {error}") from None
    value: Any = found.get(name)
    if isinstance(value, Expr):
        return value
    graphs = sorted(k for k, v in found.items() if isinstance(v, Expr))
    raise InputError(f"{path} has no graph called {name!r}; it has {', '.join(graphs) or 'none'}")
