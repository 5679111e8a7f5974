"""`derive`: the graph is looked at, and handed to the writer for scalars or to that for arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InputError, LimitExceeded, choose
from ..ir import Expr, postorder
from ..reverse import backward
from ..types import TupleType
from .arrays import ArrayWriter
from .document import Derivation
from .notation import Notation
from .paper import Writer

NODES = 300  # of a graph that is still worth deriving on paper
DETAILS = ("long", "short")


def derive(f: Expr, wrt: Any = None, *, at: Mapping[Any, Any] | None = None, lang: str = "en",
           detail: str = "long") -> Derivation:
    """The derivation of ∂f/∂w for each w of `wrt` (Exprs or names), as a teacher writes it on paper.

    f is a scalar; what it is made of may be arrays, whose shapes are then stated and whose adjoints are
    arrays of the same shape. `wrt` is by default every parameter of f, or every floating input when it has
    none. `at` gives a number (an array) for each input, whose values then follow each line. `lang` is "en" or
    "fr". `detail="short"` keeps the forward pass, the adjoints and the result; "long" also writes the rule of each
    operation, by indices where the operands are matrices, and says where paths meet.
    Raises ShapeError when f is not a scalar or an array of `at` does not fit, LimitExceeded above 300 nodes,
    InputError for an unknown name, language or detail, a missing value or an operation with
    several results, NoDerivative as `gradients`.

    >>> import graphc as G
    >>> from graphc.derivation import derive
    >>> x1, x2 = G.inputs("x1 x2"); w1, w3, b = G.params("w1 w3 b")
    >>> D = derive(w3 * G.relu(w1*x1 + w1*x2 + b), wrt="w1")
    >>> print(D.results[w1])
    w3*(x1 + x2)*1[w1*x1 + w1*x2 + b > 0]
    >>> [step.kind for step in D.steps]
    ['forward', 'local', 'chain', 'paths', 'result']
    >>> from unicodedata import normalize
    >>> x, W = G.input("x", "N", 3), G.param("W", 3, 4)
    >>> for line in derive(G.sum(x @ W), detail="short").steps[1].equations: print(normalize("NFC", line.text))
    f̄ = 1
    ū = f̄·𝟏_{N×4} = 𝟏_{N×4}
    W̄ = xᵀ ū
    """
    notation = Notation(lang)
    if detail not in DETAILS:
        raise choose("detail", detail, DETAILS)
    order = _checked(f)
    found = backward(f, wrt)
    writer = ArrayWriter if any(node.ndim for node in order) else Writer
    return writer(found, at, notation, detail).derivation()


def _checked(f: Any) -> Sequence[Expr]:
    """The nodes of f. Raises InputError and LimitExceeded where there is nothing to write on paper."""
    if not isinstance(f, Expr):
        raise InputError(f"derive: the output must be an Expr, got {type(f).__name__}")
    order = postorder([f])
    if len(order) > NODES:
        raise LimitExceeded(
            f"derive: a graph of {len(order)} nodes is too long for paper; the limit is {NODES} nodes. Derive one "
            "layer of it (a value h against a given adjoint, as in G.sum(h_bar * h)), or fewer steps of a loop")
    for node in order:
        if isinstance(node.type, TupleType):
            raise InputError(f"derive: {node.op.name} has several results, which a derivation on paper has no notation "
                             f"for (declared at {node.place}); B = G.backward(f) has its table")
    return order
