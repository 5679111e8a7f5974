"""The language: inputs, parameters, constants, and functions with NumPy's names and signatures.

One file a family; each function is one typed line over its row in `ops`, or composed of others. Python and NumPy
numbers and arrays are accepted wherever an Expr is. `special` and `linalg` are namespaces of their own.
"""

from . import (
    activation,
    contraction,
    control,
    cumulative,
    declare,
    elementwise,
    indexing,
    joining,
    linalg,
    loss,
    network,
    reduction,
    rounding,
    shaping,
    special,
    transcendental,
)
from .activation import *
from .contraction import *
from .control import *
from .cumulative import *
from .declare import *
from .elementwise import *
from .indexing import *
from .joining import *
from .loss import *
from .network import *
from .reduction import *
from .rounding import *
from .shaping import *
from .transcendental import *

__all__: list[str] = []
__all__ += activation.__all__
__all__ += contraction.__all__
__all__ += control.__all__
__all__ += cumulative.__all__
__all__ += declare.__all__
__all__ += elementwise.__all__
__all__ += indexing.__all__
__all__ += joining.__all__
__all__ += loss.__all__
__all__ += network.__all__
__all__ += reduction.__all__
__all__ += rounding.__all__
__all__ += shaping.__all__
__all__ += transcendental.__all__

# NumPy's methods are its functions of the same name, with the array first.
_METHODS = ("all", "any", "argmax", "argmin", "argsort", "clip", "cumprod", "cumsum", "diagonal", "dot", "flatten", "prod",
            "ptp", "repeat", "round", "sort", "squeeze", "std", "swapaxes", "take", "trace", "var")  # fmt: skip
for _name in _METHODS:
    setattr(Expr, _name, globals()[_name])
