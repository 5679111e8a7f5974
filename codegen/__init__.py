"""codegen: straight-line programs to Python text. It knows nothing of graphs and imports nothing of graphc.

What makes numba kernels is imported when it is first asked for: it would take a fifth of a first compile to NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .load import load
from .memory import Footprint
from .numpy_source import STYLES, footprint, into_source, numpy_source
from .order import arrays, evaluated, itemsize
from .program import Input, Program, Step, check
from .saved import module_source
from .scalar_source import RESERVED as SCALAR_NAMES
from .scalar_source import caller_source, literal, scalar_source
from .statements import STATEMENTS
from .timeline import Lane, Moment, Timeline, timeline

if TYPE_CHECKING:
    from .numba_source import numba_program

GRAPHC_CODEGEN = True  # how graphc knows this package from another of the same name

__all__ = ["GRAPHC_CODEGEN", "SCALAR_NAMES", "STATEMENTS", "STYLES", "Footprint", "Input", "Lane", "Moment", "Program",
           "Step", "Timeline", "arrays", "caller_source", "check", "evaluated", "footprint", "into_source", "itemsize",
           "literal", "load", "module_source", "numba_program", "numpy_source", "scalar_source", "timeline"]


def __getattr__(name: str) -> Any:
    if name != "numba_program":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(".numba_source", __name__).numba_program
