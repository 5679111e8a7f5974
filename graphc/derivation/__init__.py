"""The derivation on paper: numbered steps as a teacher writes them, in English and French.

`derive` walks the graph of `teaching_view` the way `backward` does, and writes down every line: the
forward values, the local derivatives, the chain rule one adjoint at a time, the sum where paths meet,
and the result, substituted and simplified.
"""

from __future__ import annotations

from .answers import answer_math
from .document import Derivation
from .entry import derive
from .notation import Math
from .steps import Equation, Step

__all__ = ["Derivation", "Equation", "Math", "Step", "answer_math", "derive"]
