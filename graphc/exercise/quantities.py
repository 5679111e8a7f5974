"""`G.check_all`: several answers about one graph at once: values, gradients, adjoints, local derivatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..checking.phrases import LANGUAGES, safe
from ..drawing.values import Point
from ..errors import GraphcError, InputError, choose
from ..ir import VARIABLES, Expr
from ..loops import replaced
from ..orders import jacobian
from ..reverse import declared_gradients
from .marking import Mark, Marker, Part
from .numeric import Tolerance
from .parts import LAYOUTS
from .read import names_of
from .rules import InNumbers, Quantity
from .submission import text_of

# From what needs a person's eye to what needs none.
WORST = ("invalid", "wrong", "undecided", "missing", "follows", "correct")


@dataclass(frozen=True)
class Marks:
    """A mark for each answer, in order; `marks["df/dw1"]` is one of them, by its key as it was given."""

    marks: tuple[Mark, ...]
    lang: str = "en"

    @property
    def status(self) -> str:
        """That of the worst mark: invalid, wrong, undecided, missing, follows or correct."""
        found = {m.status for m in self.marks}
        return next((s for s in WORST if s in found), "correct")

    def __getitem__(self, key: str) -> Mark:
        found = [m for m in self.marks if m.key == key]
        if not found:
            raise KeyError(f"no answer {key!r}; there are {', '.join(m.key for m in self.marks)}")
        return found[0]

    def __iter__(self) -> Iterator[Mark]:
        return iter(self.marks)

    def __len__(self) -> int:
        return len(self.marks)

    def __str__(self) -> str:
        return "\n".join(map(str, self.marks))

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {"status": self.status, "marks": [m.to_json() for m in self.marks]}


def check_all(answers: Mapping[str, Any], *, of: Expr, at: Mapping[Any, Any] | None = None, tolerance: float = 1e-3,
              lang: str = "en", defines: Mapping[str, Expr] | None = None, layout: str = "any") -> Marks:
    """Marks of answers about the graph of `of`, keyed by quantity as a student would write it.

    A key is a value's name ("z", "f"), a derivative ("df/dw1", "∂f/∂z", "dw1", "∇_W L", "\\frac{\\partial f}{...}": of
    everything that lies between; of an array, the Jacobian), or "local dz/dw1" across one edge. Names are those of the
    graph, of `defines`, and those that figures give to what has none. An answer is text (untrusted), a number or an
    array, or a trusted Expr. At a point `at` numbers are compared with the exact values there; `tolerance` is relative,
    and absolute for a right value of 0 (times the largest right number of all, at most 1). An answer in symbols, or
    without a point any answer, is checked as a formula, as `G.check` does. An answer that is right given a wrong one
    before it "follows" from that. `layout` of matrix gradients is "any", "denominator" (the parameter's shape) or
    "numerator".
    Raises InputError for a key that names nothing, a wrong option, or a point that lacks an input.

    >>> import graphc as G
    >>> x, w, b = G.input("x"), G.param("w"), G.param("b")
    >>> z = (w*x + b).named("z")
    >>> f = (z * z).named("f")
    >>> print(check_all({"z": "6", "f": "36", "df/dz": "12", "dw": "36", "db": "2z"}, of=f, at={x: 3, w: 2, b: 1}))
    z: Not correct: you gave 6; the value of z is 7.
    f: Right, given your answer for the value of z: the mistake is there, not here.
    df/dz: Right, given your answer for the value of z: the mistake is there, not here.
    dw: Right, given your answer for ∂f/∂z; the mistake is farther back.
    db: Correct.
    I read: 2·z
    How sure: proved.
    """
    _options(answers, of, tolerance, lang, layout)
    f, names = _graph(of, defines or {})
    point = None if at is None else Point([f], at)
    marker = Marker(f, names, point, lang)
    asked = [(str(key), _quantity(marker, str(key)), text_of(answer)) for key, answer in answers.items()]
    needs = [_need(marker, q, text) for _, q, text in asked]
    common = Tolerance.of(tolerance, [n for n in needs if n is not None])
    pairs = []
    for (key, quantity, text), need in zip(asked, needs):
        if text is None:
            raise InputError(f"check_all: the answer to {key!r} is neither text, a number, nor an Expr")
        pairs.append((Part(key, quantity._replace(formula=need is None), need, common, layout), text))
    return Marks(tuple(marker.marks(pairs)), lang)


def _options(answers: Any, of: Any, tolerance: Any, lang: str, layout: str) -> None:
    if not isinstance(answers, Mapping):
        raise InputError(f"check_all: answers are a mapping from quantities to texts, got {type(answers).__name__}")
    if not isinstance(of, Expr):
        raise InputError(f"check_all: `of` must be an Expr, got {type(of).__name__}")
    if of.op.name in VARIABLES or not of.args:
        raise InputError("check_all: `of` is a single input; a graph of at least one operation is needed")
    for what, got, known in (("lang", lang, LANGUAGES), ("layout", layout, LAYOUTS)):
        if got not in known:
            raise choose(what, got, known)
    if not isinstance(tolerance, (int, float)) or not 0 <= tolerance < 1:
        raise InputError(f"check_all: tolerance is relative, from 0 to below 1, got {tolerance!r}")


def _graph(of: Expr, defines: Mapping[str, Expr]) -> tuple[Expr, dict[str, Expr]]:
    """The graph with `defines` as names in it, and everything that a key may name."""
    for name, e in defines.items():
        if not isinstance(e, Expr):
            raise InputError(f"check_all: defines[{name!r}] must be an Expr, got {type(e).__name__}")
    table = {e: e.named(name) for name, e in defines.items() if e.args and e.label is None}
    f = replaced([of], table)[0]
    if f.label is None:
        leaves = names_of(f.named("f_output"), {})
        f = f.named("f" if "f" not in leaves else "f_output")
    inside = {name: replaced([e], table)[0] for name, e in defines.items()}
    return f, names_of(f, inside)


def _quantity(marker: Marker, name: str) -> Quantity:
    """What a key asks for. Raises InputError."""
    found = marker.keys.quantity(name)
    if found is None:
        raise InputError(f"check_all: {safe(repr(name))} names nothing here; the values are {', '.join(marker.nodes)}, "
                         f"and a derivative is written as in d{marker.output}/d{next(iter(marker.nodes))}")
    known = marker.rules.canonical
    found = found._replace(of=known.get(found.of, found.of), wrt=known.get(found.wrt, found.wrt))
    if found.kind == "local" and found.wrt not in marker.rules.operands(found.of):
        operands = ", ".join(marker.rules.operands(found.of)) or "it has none"
        raise InputError(f"check_all: a local derivative of {found.of} is by one of its own operands: {operands}")
    return found


def _need(marker: Marker, q: Quantity, text: Any) -> Any:
    """The right number, or None where the answer is a formula."""
    if marker.point is None or isinstance(text, Expr) or _in_symbols(marker, q, text):
        return None
    nodes = marker.rules.node
    if q.kind == "value":
        return marker.point[nodes[q.of]]
    if q.kind == "total":
        top, by = nodes[q.of], nodes[q.wrt]
        return marker.point[jacobian(top, by) if top.ndim else declared_gradients(top, [by])[0]]
    return marker.rules.quantity(q, InNumbers(marker.leaves(), marker.point.sizes), {})


def _in_symbols(marker: Marker, q: Quantity, text: str | None) -> bool:
    try:
        return marker.in_symbols(marker.without_left(q, text or ""))
    except GraphcError:  # the left side of another quantity, which its mark will say
        return False
