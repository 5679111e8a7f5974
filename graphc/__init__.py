"""graphc: declare a computation graph; differentiate, compile, draw, explain and check it.

    import graphc as G

    x1, x2 = G.inputs("x1 x2")
    w1, w3, b = G.params("w1 w3 b")
    f = w3 * G.relu(w1*x1 + w1*x2 + b)
    dw1, dw3, db = G.gradients(f, [w1, w3, b])

Everything is imported when it is first asked for: `import graphc` takes hardly longer than `import numpy`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import lang, ops
from .errors import (
    DTypeError,
    GraphcError,
    InputError,
    LimitExceeded,
    NoDerivative,
    ParseError,
    ShapeError,
)
from .ir import Expr, to_networkx
from .scopes import scope as scope

if TYPE_CHECKING:
    from .api import compile, evaluate, explain, value_and_grad
    from .checking import Verdict, check
    from .checking import parse_graph as parse
    from .compiled import Function
    from .costing import cost
    from .derivation import Derivation, derive
    from .descent import descend
    from .drawing import Drawing, Plot, Theme, draw
    from .exchange import export_exercise, import_exercise, import_exercises
    from .exercise import Exercise, Grade, Marks, check_all
    from .exercise.posed import posed
    from .forward import jvp
    from .grading import Outcome, grade_folder
    from .history import History
    from .lang import *  # noqa: F403
    from .lang import linalg, special
    from .orders import hessian, hvp, jacobian
    from .reverse import Backward, backward, gradients, vjp
    from .sheets import Sheet, sheet
    from .simplifier import simplify

assert ops

__version__ = "0.1.0"

# name -> (module, name there). No module bears the name of a function here: importing it would hide the function.
_LATER = {
    "Backward": ("reverse", "Backward"),
    "backward": ("reverse", "backward"),
    "gradients": ("reverse", "gradients"),
    "vjp": ("reverse", "vjp"),
    "jvp": ("forward", "jvp"),
    "jacobian": ("orders", "jacobian"),
    "hessian": ("orders", "hessian"),
    "hvp": ("orders", "hvp"),
    "Function": ("compiled", "Function"),
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
    "Theme": ("drawing", "Theme"),
    "draw": ("drawing", "draw"),
    "Plot": ("drawing", "Plot"),
    "History": ("history", "History"),
    "descend": ("descent", "descend"),
    "Exercise": ("exercise", "Exercise"),
    "Outcome": ("grading", "Outcome"),
    "grade_folder": ("grading", "grade_folder"),
    "Grade": ("exercise", "Grade"),
    "Marks": ("exercise", "Marks"),
    "check_all": ("exercise", "check_all"),
    "posed": ("exercise.posed", "posed"),
    "export_exercise": ("exchange", "export_exercise"),
    "import_exercise": ("exchange", "import_exercise"),
    "import_exercises": ("exchange", "import_exercises"),
    "Sheet": ("sheets", "Sheet"),
    "sheet": ("sheets", "sheet"),
    "simplify": ("simplifier", "simplify"),
    **{name: ("lang", name) for name in (*lang.__all__, *lang.NAMESPACES)},
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
