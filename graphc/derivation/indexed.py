"""Equations by indices: W̄[j,k] = Σ_i x[i,j]·ū[i,k], which can be read off and evaluated alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..dims import Size
from ..formula import tex_name
from ..ir import Expr
from .notation import Math, Notation
from .written import LETTERS, size_math


@dataclass(frozen=True, slots=True, eq=False)  # a comparison of nodes would build a node
class Indexed:
    """The element `out` of the adjoint `target` as a sum of products of elements, over `count`.

    An index that is not in `out` is summed over; one of `out` that is in no factor takes every value alike.
    """

    target: Expr
    out: str
    factors: tuple[tuple[Expr, str], ...]
    count: Size = 1

    def sides(self, n: Notation) -> tuple[Math, Math]:
        """Both sides of the equation, as mathematics."""
        over = [c for c in dict.fromkeys("".join(at for _, at in self.factors)) if c not in self.out]
        size = size_math(self.count)
        low = size.text if size.text.isalnum() else f"({size.text})"
        share = Math("", "") if self.count == 1 else Math(f"1/{low}·", rf"\frac{{1}}{{{size.tex}}} ")
        sign = Math(f"Σ_{''.join(over)} ", rf"\sum_{{{','.join(over)}}} ") if over else Math("", "")
        parts = [_element(n, e, at) for e, at in self.factors]
        product = Math("·".join(p.text for p in parts), r" \, ".join(p.tex for p in parts))
        return _element(n, self.target, self.out), share + sign + product


def _element(n: Notation, e: Expr, at: str) -> Math:
    name = n.names[e] if e in n.names else str(e.label)
    tex = tex_name(n.tex_names.get(e, name), e.ndim)
    if not at:
        return Math(name, tex)
    return Math(f"{name}[{','.join(at)}]", (rf"({tex})" if "_" in tex else tex) + rf"_{{{at}}}")


def product_by_indices(bar: Expr, a: Expr, b: Expr, a_bar: Expr | None, b_bar: Expr | None) -> list[Indexed]:
    """The adjoints of the operands of a matrix product, of matrices and vectors: u[i,k] = Σ_j a[i,j]·b[j,k]."""
    if a.ndim > 2 or b.ndim > 2:
        return []
    left, right = ("ij" if a.ndim == 2 else "j"), ("jk" if b.ndim == 2 else "j")
    out = "".join(c for c in left + right if c != "j")
    found = [] if a_bar is None else [Indexed(a_bar, left, ((bar, out), (b, right)))]
    return found + ([] if b_bar is None else [Indexed(b_bar, right, ((a, left), (bar, out)))])


def broadcast_by_indices(bar: Expr, x_bar: Expr) -> Indexed | None:
    """The adjoint of an operand that was repeated along axes: a sum over these."""
    if bar.ndim > len(LETTERS):
        return None
    letters = LETTERS[: bar.ndim]
    kept = letters[bar.ndim - x_bar.ndim :]
    if any(s == 1 and t != 1 for s, t in zip(x_bar.shape, bar.shape[bar.ndim - x_bar.ndim :])):
        return None
    return Indexed(x_bar, kept, ((bar, letters),))


def reduction_by_indices(bar: Expr, x_bar: Expr, axes: Sequence[int], keepdims: bool, count: Size) -> Indexed | None:
    """The adjoint of what was summed: each element gets that of its sum, over `count`."""
    if keepdims or x_bar.ndim > len(LETTERS):
        return None
    letters = LETTERS[: x_bar.ndim]
    return Indexed(x_bar, letters, ((bar, "".join(c for i, c in enumerate(letters) if i not in axes)),), count)
