"""`G.parse`: a graph from text, by the same safe grammar as the answers of students."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InputError, ParseError
from ..ir import INPUT, PARAM, Expr, variable
from .from_graph import graph
from .parse import parse
from .phrases import LANGUAGES

# Names that courses give to what is learned: weights, biases, and the Greek letters of statistics.
_PARAMETER = re.compile(r"[wWbBθβγ]|theta|beta|gamma|Theta|bias|weight")
_PARAMETER_NAME = re.compile(rf"(?:{_PARAMETER.pattern})[0-9_]\w*|(?:{_PARAMETER.pattern})s?|[wW]\w?")


def parse_graph(text: str, *, shapes: Mapping[str, Any] | None = None, defines: Mapping[str, Expr] | None = None,
                params: Sequence[str] | None = None, lang: str = "en") -> Expr:
    """The graph of a formula; the same node as the one declared by hand.

    A name is letters followed by digits or underscores (`w1`, `W_hh`). Names that begin with w, W, b, θ, β
    or γ are parameters, others inputs, float64 scalars unless `shapes` says otherwise; `params` lists
    the parameters instead. `defines` gives names to nodes that exist already. Nothing is evaluated.
    Raises ParseError with a caret, LimitExceeded for a text past the limits, InputError for an unknown option.

    >>> import graphc as G
    >>> w3, w1, b = G.params("w3 w1 b")
    >>> x1, x2 = G.inputs("x1 x2")
    >>> parse_graph("w3*relu(w1*x1 + w1*x2 + b)") is w3*G.relu(w1*x1 + w1*x2 + b)
    True
    """
    if not isinstance(text, str):
        raise InputError(f"parse takes text, got {type(text).__name__}")
    if lang not in LANGUAGES:
        raise InputError(f"no lang {lang!r}; choose from {', '.join(LANGUAGES)}")
    shapes, defines = dict(shapes or {}), dict(defines or {})
    declared: dict[str, Expr] = {}
    reading = parse(text, [*defines, *shapes, *(params or ())], lang=lang, declare=True)
    if len(reading.links) > 1:
        raise ParseError("one formula is needed, not a chain of equalities", reading.text, reading.text.index("="))

    def leaf(name: str) -> Expr:
        if name in defines:
            return defines[name]
        if name not in declared:
            learned = name in params if params is not None else _PARAMETER_NAME.fullmatch(name) is not None
            shape = shapes.get(name, ())
            sizes = shape if isinstance(shape, (tuple, list)) else (shape,)
            declared[name] = variable(PARAM if learned else INPUT, name, sizes, "float64", declare=False)
        return declared[name]

    return graph(reading.links[0], leaf)


