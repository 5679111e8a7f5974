"""The scan row: a loop whose step is a graph of its own, of a size that does not depend on the number of steps.

Operands are the carries at the start, the sequences, and what the step takes from outside ("free"); results are the
final carries and the stacked values of all steps. The derivative rules are in `loop_rules`.
"""

from __future__ import annotations

from ..dims import Size
from ..errors import ShapeError
from ..formula import ATOM, RELATION, Form
from ..ir import Expr, Op
from ..types import TensorType, TupleType
from .body import Body
from .loop_rules import pullback, pushforward
from .loop_text import loop_source


def _type(*types: TensorType, body: Body, carries: int, sequences: int, length: Size, reverse: bool) -> TensorType:
    for t in types[carries : carries + sequences]:
        if not t.shape or t.shape[0] != length:
            raise ShapeError(f"a sequence of {length} elements is needed, got {t}")
    ends, stacked = body.outputs[:carries], body.outputs[carries:]
    return TupleType((*[TensorType(e.shape, e.type.dtype) for e in ends],
                      *[TensorType((length, *y.shape), y.type.dtype) for y in stacked]))


def _source(node: Expr) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    body, carries, sequences, length, reverse = node.attrs
    return loop_source(body, carries, sequences, len(node.args) - carries - sequences, length, reverse)


def _numpy(node: Expr) -> str:
    name, sizes, _ = _source(node)
    return f"{name}({', '.join([*[f'{{{i}}}' for i in range(len(node.args))], *sizes])})"


def _form(node: Expr) -> dict[str, str]:
    slots = ", ".join(f"{{{i}}}" for i in range(len(node.args)))
    return {"text": f"scan({slots})", "unicode": f"scan({slots})",
            "latex": rf"\operatorname{{{{scan}}}}\left({slots}\right)"}


SCAN: Op = Op(
    "scan",
    type_of=_type,
    pullback=pullback,
    pushforward=pushforward,
    numpy=_numpy,
    helper=lambda node: _source(node)[2],
    form=Form("scan()", "scan()", r"\operatorname{{scan}}", ATOM, (RELATION,)),
    form_attrs=_form,
    attrs=("body", "carries", "sequences", "length", "reverse"),
    cost=0,
)
