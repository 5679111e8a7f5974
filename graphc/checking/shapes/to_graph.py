"""`G.parse`: a graph from text, by the same safe grammar as the answers of students."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ...dims import Size, as_size, size_names
from ...errors import InputError, ParseError
from ...ir import INPUT, PARAM, Expr, size_node, variable
from ..phrases import LANGUAGES, safe, say
from ..reading.latex import is_latex
from ..reading.parse import Reading, parse
from ..reading.tree import Tree, nodes
from .elaborate import Built, ShapeFault, axes_of, build

MAX_ENTRIES = 10**8  # of a value whose sizes are typed, not declared
MAX_CUT = 40  # letters of a name that is tried as a product
# Names that courses give to what is learned: weights, biases, and the Greek letters of statistics.

_PARAMETER = re.compile(r"[wWbBθβγ]|theta|beta|gamma|Theta|bias|weight")
_PARAMETER_NAME = re.compile(rf"(?:{_PARAMETER.pattern})[0-9_]\w*|(?:{_PARAMETER.pattern})s?|[wW]\w?")


def parse_graph(text: str, *, shapes: Mapping[str, Any] | None = None, defines: Mapping[str, Expr] | None = None,
                params: Sequence[str] | None = None, lang: str = "en") -> Expr:
    """The graph of a formula, in calculator text or LaTeX; the same node as the one declared by hand.

    A name is letters followed by digits or underscores (`w1`, `W_hh`). Names that begin with w, W, b, θ, β
    or γ are parameters, others inputs, float64 scalars unless `shapes` gives sizes, as in {"W": (3, "d")}; a
    named size may stand in the formula as a number. `params` lists the parameters instead. `defines` gives names
    to nodes that exist already. Vectors are columns: W x, xᵀ y, x yᵀ; `*` and ⊙ multiply entry by entry, @ as in
    NumPy. In `z_i = Σ_j W_{ij} x_j` the left side says which axis comes first. Nothing is evaluated.
    Raises ParseError with a caret, LimitExceeded for a text past the limits, InputError for an unknown option,
    ShapeError (a ShapeFault) for shapes that do not fit.

    >>> import graphc as G
    >>> w3, w1, b = G.params("w3 w1 b")
    >>> x1, x2 = G.inputs("x1 x2")
    >>> parse_graph("w3*relu(w1*x1 + w1*x2 + b)") is w3*G.relu(w1*x1 + w1*x2 + b)
    True
    >>> parse_graph("W x + b", shapes={"W": (3, 4), "x": 4, "b": 3}).type
    float64[3]
    >>> parse_graph("W x", shapes={"W": (3, 4), "x": 3})
    Traceback (most recent call last):
    graphc.checking.shapes.labelled.ShapeFault: W is 3×4 and x is a vector of 3: W x needs 4 entries; Wᵀ x would fit
    """
    if not isinstance(text, str):
        raise InputError(f"parse takes text, got {type(text).__name__}")
    if lang not in LANGUAGES:
        raise InputError(f"no lang {lang!r}; choose from {', '.join(LANGUAGES)}")
    names = _Declared({k: _sizes(k, v) for k, v in (shapes or {}).items()}, dict(defines or {}), params)
    reading = _read(text, names, lang)
    if len(reading.links) > 1:
        raise ParseError("one formula is needed, not a chain of equalities", reading.text, reading.text.index("="))
    free = reading.left.indices if reading.left else ()
    built = _built(reading.links[0], names, free, lang)
    if "matrix_star_vector" in built.flags:  # an answer is tried both ways; of a definition there is one
        raise ParseError(say(lang, "star_ambiguous"), reading.text)
    for name in names.declared:
        if name == "T" and names.arrays() and _raises_to(reading.links[0], "T"):  # 2^T x: a number has no transpose
            raise ParseError(say(lang, "unknown_symbol", name=name), reading.text)
        if pieces := names.cut(name):
            raise ParseError(say(lang, "glued", name=safe(name), product=" ".join(pieces)), reading.text)
    return built.expr


def _built(tree: Tree, names: _Declared, free: Sequence[str], lang: str) -> Built:
    """The graph; where nothing else fits, X_i is a row of the matrix X."""
    try:
        return build(tree, names, free=free, lang=lang, entries=MAX_ENTRIES)
    except ShapeFault as fault:
        try:
            return build(tree, names, free=free, lang=lang, entries=MAX_ENTRIES, star="rows")
        except ShapeFault:
            raise fault from None


def _raises_to(tree: Tree, name: str) -> bool:
    """Whether the name is an exponent somewhere."""
    return any(n.head == "pow" and n.args[1].head == "sym" and n.args[1].value == name for n in nodes(tree))


def _read(text: str, names: _Declared, lang: str) -> Reading:
    """The reading. In LaTeX, where Xw is how one writes X w, the names that are known are tried alone first."""
    if is_latex(text) and names.known():
        try:
            return parse(text, names.known(), arrays=names.arrays(), lang=lang)
        except ParseError:
            pass
    return parse(text, names.known(), arrays=names.arrays(), lang=lang, declare=True)


def _sizes(name: str, shape: Any) -> tuple[Size, ...]:
    sizes = shape if isinstance(shape, (tuple, list)) else (shape,)
    return tuple(as_size(s, name) for s in sizes)


class _Declared:
    """The names of a formula: those that exist, the sizes of shapes, and new ones, which are declared as they come."""

    def __init__(self, shapes: dict[str, tuple[Size, ...]], defines: dict[str, Expr],
                 params: Sequence[str] | None) -> None:
        self.shapes, self.defines, self.params = shapes, defines, params
        self.declared: dict[str, Expr] = {}
        every = [*shapes.values(), *(e.shape for e in defines.values())]
        self.sizes = dict.fromkeys(n for shape in every for s in shape for n in size_names(s))

    def known(self) -> list[str]:
        return [*dict.fromkeys([*self.defines, *self.shapes, *(self.params or ()), *self.sizes])]

    def arrays(self) -> dict[str, int]:
        """The names of arrays, with their number of axes."""
        return {**{k: len(s) for k, s in self.shapes.items() if s}, **axes_of(self.defines)}

    def cut(self, name: str) -> list[str]:
        """The known names that a new one is made of, such as X and w of Xw."""
        if name in self.shapes or name in (self.params or ()) or len(name) > MAX_CUT:
            return []
        known = {*self.shapes, *self.defines}
        ways: dict[int, list[str]] = {0: []}
        for end in range(1, len(name) + 1):
            starts = [s for s in range(end) if s in ways and name[s:end] in known]
            if starts:
                ways[end] = [*ways[starts[0]], name[starts[0] : end]]
        return ways.get(len(name), [])

    def __call__(self, name: str) -> Expr:
        if name in self.defines:
            return self.defines[name]
        if name not in self.shapes and name in self.sizes:
            return size_node(as_size(name))
        if name not in self.declared:
            learned = name in self.params if self.params is not None else _PARAMETER_NAME.fullmatch(name) is not None
            shape = self.shapes.get(name, ())
            self.declared[name] = variable(PARAM if learned else INPUT, name, shape, "float64", declare=False)
        return self.declared[name]
