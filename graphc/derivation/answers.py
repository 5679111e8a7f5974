"""A derivative of arrays as an answer: as on paper, in spellings that a checker of answers reads back.

A derivation may say c·𝟏_{N×K}, a ⊗ b and h² of a matrix, and explain them. An answer stands alone, where h² is a
matrix product: so it says h ⊙ h, a bᵀ and 𝟏_N 𝟏_Kᵀ.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..formula import ATOM, POWER, PRODUCT, format_node
from ..ir import Expr, postorder
from ..ops.linalg import MATMUL
from ..ops.shaping import BROADCAST_TO, RESHAPE, TRANSPOSE
from .notation import Math, Notation
from .tidy import below
from .written import ArrayWriting, Piece, bracketed, factor, ones

LIMIT = 400  # characters of an answer, and four times as many of its TeX


def answer_math(formula: Expr, lang: str = "en", names: Mapping[Expr, str] | None = None,
                limit: int = LIMIT, expand: bool = False) -> Math:
    """The formula as an answer, as text and as TeX; nodes in `names`, and named ones, are written by name: the formula
    itself too, unless `expand`.

    Whatever has no such spelling, and a formula of scalars, is written as its operations say.

    >>> import graphc as G
    >>> W, x, b = G.param("W", 3, 2), G.input("x", 2), G.param("b", 3)
    >>> answer_math(G.simplify(G.gradients(G.sum((W @ x + b)**2)/2, W)))
    Math(text='(W x + b) xᵀ', tex='(\\\\mathbf{W} \\\\, \\\\mathbf{x} + \\\\mathbf{b}) \\\\, \\\\mathbf{x}^{\\\\top}')
    """
    known = names or {}
    if any(node.ndim for node in postorder([formula])):
        whole = formula if expand else columns(formula, known)
        found = AnswerWriting(Notation(lang), known, known, whole if expand else None).formula(whole, limit)
        if found is not None:
            return found
    text = format_node(formula, "unicode", names=known, limit=limit, lang=lang)
    return Math(text, format_node(formula, "latex", names=known, limit=limit, lang=lang))


def columns(root: Expr, names: Collection[Expr]) -> Expr:
    """The same value with vectors as columns: Aᵀ u for u A, and u vᵀ for a product of reshaped vectors."""
    done: dict[Expr, Expr] = {}
    for node in below(root, names):
        whole = not node.args or node in names or node.label is not None
        args = node.args if whole else tuple(done.get(a, a) for a in node.args)
        same = all(a is b for a, b in zip(args, node.args))
        done[node] = node if whole else _column(node if same else node.op.make(args, node.attrs))
    return done[root]


def _column(node: Expr) -> Expr:
    if node.op.name == "matmul" and node.args[1].ndim == 2:
        a, b = node.args
        if a.ndim == 1:
            return MATMUL(transposed(b), a)
        rows = tuple(map(_row, (a, b)))
        return node if all(x is y for x, y in zip(rows, (a, b))) else MATMUL(*rows)
    if node.op.name == "reshape" and node.ndim == 1 and node.args[0].op.name == "matmul":
        a, b = node.args[0].args
        if a.ndim == b.ndim == 2 and _is_row(a):
            return MATMUL(transposed(b), a.args[0].args[0])
    return _spread(node) if node.op.elementwise and node.ndim == 2 else node


def _spread(node: Expr) -> Expr:
    """A column beside a matrix, entry by entry, as c 𝟏ᵀ: alone it is read as a vector, which NumPy takes for a row."""
    if not any(a.shape == node.shape for a in node.args):
        return node
    args = tuple(BROADCAST_TO(a, shape=node.shape) if a.ndim == 2 and a.shape[1] == 1 != node.shape[1] else a
                 for a in node.args)
    return node if all(a is b for a, b in zip(args, node.args)) else node.op.make(args, node.attrs)


def _row(x: Expr) -> Expr:
    """A vector that is reshaped to a row, as a column transposed; such a row transposed as the column."""
    turned = x.op.name == "transpose"
    inner = x.args[0] if turned else x
    if inner.op.name != "reshape" or inner.args[0].ndim != 1 or inner.ndim != 2 or inner.shape[0] != 1:
        return x
    column = RESHAPE(inner.args[0], shape=(inner.shape[1], 1))
    return column if turned else transposed(column)


def _is_row(x: Expr) -> bool:
    """Whether this is what `_row` makes of a vector."""
    return x.op.name == "transpose" and x.args[0].op.name == "reshape" and x.args[0].args[0].ndim == 1


def transposed(x: Expr) -> Expr:
    """The transpose of a matrix; that of a transpose is the matrix."""
    return x.args[0] if x.op.name == "transpose" else TRANSPOSE(x, axes=(1, 0))


class AnswerWriting(ArrayWriting):
    """Writes as `ArrayWriting` does, except where an answer that stands alone would be read as something else.

    `expanded` is a node that is written out whatever its name.
    """

    def __init__(self, notation: Notation, names: Mapping[Expr, str], tex_names: Mapping[Expr, str],
                 expanded: Expr | None = None) -> None:
        super().__init__(notation, names, tex_names)
        self.expanded, self.arrays = expanded, set[str]()

    def _short(self, node: Expr) -> Piece | None:
        found = None if node is self.expanded and node.args else super()._short(node)
        if found is None or not self._is_entry(self.names.get(node) or str(node.label)):
            return found
        head, _, digits = found[1].rpartition("_{")  # TeX: h_1 is an entry where h is an array; h^{[1]} is a name
        return found[0], f"{{{head}^{{[{digits[:-1]}]}}}}", *found[2:]

    def _is_entry(self, name: str) -> bool:
        stem = name.rstrip("0123456789")
        return stem != name and stem in self.arrays

    def piece(self, root: Expr) -> Piece | None:
        self.arrays = {str(n.label) for n in postorder([root]) if n.ndim and n.label}
        return super().piece(root)

    def _apply(self, node: Expr, parts: list[Piece]) -> Piece | None:
        special = SPECIAL.get(node.op.name)
        found = special(node, parts) if special else None
        return found if found is not None else super()._apply(node, parts)


def _power(node: Expr, parts: list[Piece]) -> Piece | None:
    """Element by element, which h² of a matrix does not say."""
    base, exponent = node.args[0], parts[1] if len(parts) > 1 else ("2", "2", ATOM, "")
    if base.ndim < 2 or (len(node.args) > 1 and node.args[1].ndim):
        return None
    p = bracketed(parts[0], parts[0][2] == ATOM)
    if exponent[0] == "2" and not base.args:
        return f"{p[0]} ⊙ {p[0]}", rf"{p[1]} \odot {p[1]}", PRODUCT, "elements"
    return f"{p[0]}^{{∘{exponent[0]}}}", rf"{{{p[1]}}}^{{\circ {exponent[1]}}}", POWER, ""


def _outer(a: tuple[str, str], b: tuple[str, str]) -> Piece:
    return f"{a[0]} {b[0]}ᵀ", rf"{a[1]} \, {{{b[1]}}}^{{\top}}", PRODUCT, "matrix"


def _einsum(node: Expr, parts: list[Piece]) -> Piece | None:
    if node.ndim != 2 or node.attrs[0].replace(" ", "") != "a,b->ab":
        return None
    return _outer(factor(parts[0], ("matrix",)), factor(parts[1], ()))


def _multiply(node: Expr, parts: list[Piece]) -> Piece | None:
    """A column by a row, both made of vectors."""
    a, b = parts
    if {a[3], b[3]} != {"column", "row"}:
        return None
    p, q = (factor(v, ()) for v in ((a, b) if a[3] == "column" else (b, a)))
    return _outer(p, q)


def _broadcast(node: Expr, parts: list[Piece]) -> Piece | None:
    """c·𝟏_N 𝟏_Kᵀ of a scalar; of a row or a column, its product with a 𝟏 of the other size."""
    source, part = node.args[0], parts[0]
    if node.ndim != 2:
        return None
    first, second = (bracketed(_one(s), True) for s in node.shape)
    if all(s == 1 for s in source.shape):
        whole = _ones(node, first, second)
        if part[0] == "1":
            return whole
        p = factor(part, ("scale",))
        return f"{p[0]}·{whole[0]}", rf"{p[1]} \, {whole[1]}", PRODUCT, "scale"
    p = factor(part, ("matrix",))
    if source.ndim == 2 and source.shape[1] == 1:
        return _outer(p, second)
    is_row = source.ndim == 2 and part[3] != "row"
    return (f"{first[0]} {p[0]}", rf"{first[1]} \, {p[1]}", PRODUCT, "matrix") if is_row else _outer(first, p)


def _ones(node: Expr, first: tuple[str, str], second: tuple[str, str]) -> Piece:
    if node.shape[1] == 1:
        return *first, ATOM, "column"
    if node.shape[0] == 1:
        return f"{second[0]}ᵀ", rf"{{{second[1]}}}^{{\top}}", ATOM, ""
    return _outer(first, second)


def _cofactor(node: Expr, parts: list[Piece]) -> Piece | None:
    """The transpose of the adjugate."""
    text, tex = parts[0][:2]
    return f"adj({text})ᵀ", rf"\operatorname{{adj}}({tex})^{{\top}}", ATOM, ""


def _one(size: object) -> Piece:
    return ones(("1", "1", ATOM, ""), (size,))  # type: ignore[arg-type]


SPECIAL = {"power": _power, "square": _power, "einsum": _einsum, "multiply": _multiply, "broadcast_to": _broadcast,
           "cofactor": _cofactor}
