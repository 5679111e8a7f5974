"""graphc: declare a computation graph; differentiate, compile, draw, explain and check it.

    import graphc as G

    x1, x2 = G.inputs("x1 x2")
    w1, w3, b = G.params("w1 w3 b")
    f = w3 * G.relu(w1*x1 + w1*x2 + b)
    dw1, dw3, db = G.gradients(f, [w1, w3, b])

The language and the derivatives are here at once; what simplifies, draws, derives, checks and compiles is imported
when it is first asked for, so that `import graphc` stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .backward import Backward, backward, gradients, vjp
from .errors import (
    DTypeError,
    GraphcError,
    InputError,
    LimitExceeded,
    NoDerivative,
    ParseError,
    ShapeError,
)
from .forward import jvp
from .ir import to_networkx
from .lang import *  # noqa: F403
from .lang import Expr, linalg, special
from .orders import hessian, hvp, jacobian

if TYPE_CHECKING:
    from .api import Function, compile, evaluate, explain, value_and_grad
    from .checking import Verdict, check
    from .checking import parse_graph as parse
    from .costing import cost
    from .derivation import Derivation, derive
    from .drawing import Drawing, draw
    from .simplifier import simplify

__version__ = "0.1.0"

# name -> (module, name there). No module bears the name of a function here: importing it would hide the function.
_LATER = {
    "Function": ("api", "Function"),
    "compile": ("api", "compile"),
    "evaluate": ("api", "evaluate"),
    "value_and_grad": ("api", "value_and_grad"),
    "cost": ("costing", "cost"),
    "explain": ("api", "explain"),
    "Verdict": ("checking", "Verdict"),
    "check": ("checking", "check"),
    "parse": ("checking", "parse_graph"),
    "Derivation": ("derivation", "Derivation"),
    "derive": ("derivation", "derive"),
    "Drawing": ("drawing", "Drawing"),
    "draw": ("drawing", "draw"),
    "simplify": ("simplifier", "simplify"),
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'graphc' has no attribute {name!r}")
    module, there = _LATER[name]
    found = getattr(import_module(f".{module}", __name__), there)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
