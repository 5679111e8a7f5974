"""graphc: declare a computation graph; differentiate, compile, draw, explain and check it.

    import graphc as G

    x1, x2 = G.inputs("x1 x2")
    w1, w3, b = G.params("w1 w3 b")
    f = w3 * G.relu(w1*x1 + w1*x2 + b)
    dw1, dw3, db = G.gradients(f, [w1, w3, b])
"""

__version__ = "0.1.0"

from .api import Function, compile, evaluate, value_and_grad
from .backward import Backward, backward, gradients, vjp
from .check import Verdict, check
from .check import parse_graph as parse
from .derivation import Derivation, derive
from .draw import Drawing, draw
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
from .lang import Expr
from .simplify import simplify
