"""codegen: straight-line programs to Python text. It knows nothing of graphs and imports nothing of graphc."""

from .load import load
from .numpy_source import STYLES, numpy_source
from .program import Input, Program, Step, check
from .saved import module_source

GRAPHC_CODEGEN = True  # how graphc knows this package from another of the same name

__all__ = ["GRAPHC_CODEGEN", "STYLES", "Input", "Program", "Step", "check", "load", "module_source", "numpy_source"]
